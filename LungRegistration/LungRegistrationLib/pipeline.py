"""Registration of two lung CTs: the one function that the panel, the console, the command line, tests and benchmarks call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.devices import pick_device
from CorrespondCoreLib.errors import InputError, OutOfMemory
from CorrespondCoreLib.explain import is_memory_error
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.threads import limited

from .geometry.linear import inverted
from .masks import body_mask, lung_mask
from .search.compact_field import compact_fields, field_lattice, smoothed, unfolded
from .search.frame import Pair
from .search.training_free import fit_field
from .settings import RegistrationSettings

if TYPE_CHECKING:
    from .learned.network_fit import NetworkRun


@dataclass
class Registration:
    """A registration of a pair. Fields are ITK vector images in LPS mm; warped(x) = moving(x + u(x))."""

    fixed_to_moving_mm: sitk.Image  # on its compact grid, covers the fixed image
    moving_to_fixed_mm: sitk.Image  # its inverse, covers the moving image
    resampling_error_mm: float  # compact grid against the exact field, largest at the fixed image's voxels
    inverse_error_mm: dict[str, float]  # mean, p95, max of |x - inverse(forward(x))| in the fixed lungs
    linear: sitk.AffineTransform  # pre-alignment, fixed -> moving points
    fixed_mask: sitk.Image | None  # lung masks used, given or found; None if no lungs could be found
    moving_mask: sitk.Image | None
    keypoints: dict[str, np.ndarray] | None  # fixed_mm, moving_mm; held_out_fixed_mm, held_out_moving_mm: not used in the fit
    settings: RegistrationSettings = field(default_factory=RegistrationSettings)
    device: str = "cpu"
    network: NetworkRun | None = None  # which network made the field, and how; None without one


def register(
    fixed: sitk.Image,
    moving: sitk.Image,
    *,
    fixed_mask: sitk.Image | None = None,
    moving_mask: sitk.Image | None = None,
    fixed_landmarks_mm: np.ndarray | None = None,
    moving_landmarks_mm: np.ndarray | None = None,
    initial_transform: sitk.Transform | None = None,
    settings: RegistrationSettings | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
    watched_landmarks_mm: tuple[np.ndarray, np.ndarray] | None = None,
    levels: bool = False,
) -> Registration:
    """Find the displacement field that takes points of the fixed CT to the same anatomy in the moving CT.

    The fit is always made from the larger lungs to the smaller ones (there is more to see in inspiration) and turned round if the
    roles are the other way: A to B and B to A are the same correspondence.

    Args:
        fixed, moving: CT in HU, any 3D grids.
        fixed_mask, moving_mask: lungs (non-zero; several labels in both, as lobes, are aligned each), on any grid; found if None.
        fixed_landmarks_mm, moving_landmarks_mm: (N, 3) LPS mm; given, they draw the field (soft constraints).
        initial_transform: maps fixed points to moving points; replaces the pre-alignment.
        settings: the default preset if None.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads; torch's own choice if None.
        watched_landmarks_mm: fixed and moving points (N, 3) whose error is told while a network is fitted; they draw nothing.
        levels: a network's fields from coarse to fine are wanted, too (`Registration.network.levels`).

    Raises:
        InputError: what was given cannot be used. Cancelled: progress says so. OutOfMemory: main or graphics memory is too small.
    """
    settings = settings or RegistrationSettings()
    progress = progress or Progress()
    settings.check()
    landmarks = _landmark_pairs(fixed_landmarks_mm, moving_landmarks_mm)
    with limited(threads), _memory_errors():
        name = pick_device(device, progress)
        with progress.stage("Lung masks", until=0.06) as step:
            masks = _masks(fixed, moving, fixed_mask, moving_mask, progress, step)
        regions = masks or (body_mask(fixed), body_mask(moving))
        swapped = _volume_mm3(regions[1]) > _volume_mm3(regions[0]) and (
            initial_transform is None or initial_transform.IsLinear()
        )
        pair = Pair(fixed, moving, *regions, landmarks, initial_transform, watched_landmarks_mm)
        directed = pair.swapped() if swapped else pair
        keypoints: dict[str, np.ndarray] | None = None
        network: NetworkRun | None = None
        if settings.method == "search":
            frame, spline, keypoints = fit_field(directed, masks is not None, settings, name, progress)
        else:
            from .learned.network_fit import fit_network  # needs safetensors, which the search does not

            frame, spline, network = fit_network(directed, masks is not None, settings, name, progress, levels, swapped)
        with progress.stage("Displacement fields", until=1.0) as step:
            spline = smoothed(spline, settings.smoothing_mm)
            spacing = settings.field_spacing_mm
            flat = unfolded(spline, field_lattice(frame, spline, spacing), progress)
            fields = compact_fields(frame, flat, spacing, swapped, regions[0], step, refine=flat is spline)
            for text in fields.cautions():
                progress.warning(text)
    linear = frame.linear
    if swapped:
        linear = inverted(linear)
        keypoints = _turned(keypoints)
    fixed_used, moving_used = masks or (None, None)
    return Registration(
        fields.fixed_to_moving_mm,
        fields.moving_to_fixed_mm,
        fields.resampling_error_mm,
        fields.inverse_error_mm,
        linear,
        fixed_used,
        moving_used,
        keypoints,
        settings,
        name,
        network,
    )


def _masks(fixed, moving, fixed_mask, moving_mask, progress, step) -> tuple[sitk.Image, sitk.Image] | None:
    """The lung masks, given or found, or None (with a warning) if one of them is missing."""
    found = []
    for k, (image, given, role) in enumerate(((fixed, fixed_mask, "fixed"), (moving, moving_mask, "moving"))):
        mask = given if given is not None else lung_mask(image)
        step((k + 1) / 2)
        if mask is None:
            progress.warning(
                f"No lungs were found in the {role} image. The pair is registered without lung masks, on the whole body: "
                "give masks of the lungs for a better result."
            )
            return None
        if not np.any(sitk.GetArrayViewFromImage(mask)):
            raise InputError(f"The mask of the {role} image is empty. Give a mask that marks the lungs, or none.")
        found.append(mask)
    return found[0], found[1]


def _volume_mm3(mask: sitk.Image) -> float:
    return float(np.count_nonzero(sitk.GetArrayViewFromImage(mask)) * np.prod(mask.GetSpacing()))


def _turned(keypoints: dict[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
    """Keypoints with the roles of fixed and moving exchanged."""
    if keypoints is None:
        return None
    return {
        "fixed_mm": keypoints["moving_mm"],
        "moving_mm": keypoints["fixed_mm"],
        "held_out_fixed_mm": keypoints["held_out_moving_mm"],
        "held_out_moving_mm": keypoints["held_out_fixed_mm"],
    }


def _landmark_pairs(fixed_mm, moving_mm) -> tuple[np.ndarray, np.ndarray] | None:
    if fixed_mm is None and moving_mm is None:
        return None
    if fixed_mm is None or moving_mm is None or len(fixed_mm) != len(moving_mm):
        raise InputError("Landmarks must come in pairs: as many in the fixed image as in the moving image, in the same order.")
    if len(fixed_mm) == 0:
        return None
    return np.asarray(fixed_mm, float).reshape(-1, 3), np.asarray(moving_mm, float).reshape(-1, 3)


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Turn the ways in which memory runs out into the one error that is explained to users."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if is_memory_error(error):
            raise OutOfMemory(
                "The memory does not suffice for this pair. Close other programs, crop the images to the chest, "
                'choose the preset "fast", or use the CPU instead of the graphics card.'
            ) from error
        raise
