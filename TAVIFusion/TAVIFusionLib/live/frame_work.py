"""The work on one arriving frame: find the vessel, then let the model follow it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..alignment.rim import Rim
from ..carm import CArm
from ..collimator import open_field
from ..gray_scale import normalized
from ..meshes import check_mesh, read_mesh
from ..pose_files import pose_entry, read_pose
from ..root_focus import focused
from ..settings import FusionSettings
from ..tracking.follower import Follower
from ..vessel_finder import VesselFinder
from .worker import Answer

_WARM_UP_SIDE = 256
_ALIGNED_SIDE = 256  # pixels that the model's outline is compared on: a pixel is half a millimeter or less
_LIVE_STEPS = 3  # of the fit: the last frame's pose is a near start


class FrameWork:
    """Network and model, held while frames come.

    Args:
        mesh: file of the model, None for masks alone; mesh_frame: its patient axes, "LPS" or "RAS".
        pose: pose.json of an alignment to start from; needed with a model.

    Raises:
        InputError: network, model or pose cannot be used.
    """

    def __init__(
        self, settings: FusionSettings, mesh: Path | None, mesh_frame: str, pose: Path | None, device: str, progress: Progress
    ):
        self._settings = settings
        self._finder = VesselFinder(settings.segmentation, device, progress)
        noise = np.random.default_rng(0).random((1, _WARM_UP_SIDE, _WARM_UP_SIDE), np.float32)
        self._finder.probability(noise)  # the first use of a network takes longer than all others
        self._field = ""
        self._follower = None if mesh is None else _follower(mesh, mesh_frame, pose, settings, progress)

    def __call__(self, frame: np.ndarray, carm: CArm | None) -> Answer:
        """Mask of a frame (rows, columns), and where the model is in it if the frame has its geometry.

        Raises:
            InputError: the frame cannot be used.
        """
        began = time.monotonic()
        probability, self._field = self._finder.probability(frame[None], field=self._field)
        mask = probability[0] >= self._settings.segmentation.threshold
        segmentation_s = time.monotonic() - began
        if self._follower is None or carm is None or carm.missing:
            return Answer(mask, None, None, False, segmentation_s)
        carm.check()
        small, arm = reduced(mask, carm)
        field = open_field(normalized(reduced(frame, carm)[0][None])[0])[1]
        fit, quality = self._follower.follow(small >= 0.5, arm, field)
        shown = fit is not None and quality >= self._settings.tracking.least_quality
        return Answer(mask, pose_entry(self._follower.last), quality, shown, segmentation_s)


def reduced(picture: np.ndarray, carm: CArm) -> tuple[np.ndarray, CArm]:
    """Means of square blocks of a picture (rows, columns), so that about 256 pixels are left, and the geometry of those.

    Where rows or columns cannot be divided alike, the picture is given back.
    """
    rows, columns = picture.shape
    block = max(rows, columns) // _ALIGNED_SIDE
    if block < 2 or rows % block or columns % block or carm.pixel_spacing_mm is None:
        return picture.astype(np.float32), carm
    means = picture.reshape(rows // block, block, columns // block, block).mean(axis=(1, 3), dtype=np.float32)
    across, down = carm.pixel_spacing_mm
    return means, carm.at(size=(columns // block, rows // block), pixel_spacing_mm=(across * block, down * block))


def _follower(mesh: Path, mesh_frame: str, pose: Path | None, settings: FusionSettings, progress: Progress) -> Follower:
    if pose is None:
        raise InputError("A model follows arriving frames from a pose: align it to a frame first (--pose FILE).")
    model = read_mesh(mesh, mesh_frame)
    for warning in check_mesh(model):
        progress.warning(warning)
    start, fit = focused(read_pose(pose), model, [], settings.alignment.fit)
    fit = replace(fit, steps=min(fit.steps, _LIVE_STEPS))
    return Follower(Rim(model), start, settings.tracking.least_quality, fit, searching=False)
