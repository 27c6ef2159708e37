"""The work on one arriving frame: find the vessel, then let the model follow it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from CorrespondCoreLib.progress import Progress

from ..carm import CArm
from ..settings import FusionSettings
from ..vessel_finder import VesselFinder
from .worker import Answer, FrameWork

_WARM_UP_SIDE = 256


def frame_work(
    settings: FusionSettings,
    mesh: Path | None,
    mesh_frame: str,
    pose: Path | None,
    device: str,
    threads: int | None,
    progress: Progress,
) -> FrameWork:
    """Load network and model, try the network out once, and return what works on a frame.

    Args:
        mesh: the model, None for masks alone; mesh_frame: "LPS" or "RAS".
        pose: pose.json to start from.
        threads: of the CPU; None for all.

    Raises:
        InputError: network, model or pose cannot be used.
    """
    finder = VesselFinder(settings.segmentation, device, progress)
    finder.probability(np.random.default_rng(0).random((1, _WARM_UP_SIDE, _WARM_UP_SIDE), np.float32))

    def work(frame: np.ndarray, carm: CArm | None) -> Answer:
        began = time.monotonic()
        probability, _ = finder.probability(frame[None])
        mask = probability[0] >= settings.segmentation.threshold
        return Answer(mask, None, None, False, time.monotonic() - began)

    return work
