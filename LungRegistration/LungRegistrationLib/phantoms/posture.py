"""The same phantom in a body of another size, lying otherwise in the second scan: geometry alone, no resampling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from .pair import Phantom


def random_posture(
    rng: np.random.Generator, scale: tuple[float, float], tilt_deg: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Size of the body along x, y, z (3,), and turn (3, 3) and shift in mm (3,) of the moving scan.

    Args:
        scale: bounds of the size along each axis, 1 is the phantom's own.
        tilt_deg: the largest angle. Above 0 the table also moves, by up to 30 mm.
    """
    axis = rng.normal(size=3)
    turn = Rotation.from_rotvec(axis / np.linalg.norm(axis) * np.radians(rng.uniform(0, tilt_deg)))
    shift = rng.uniform(-30, 30, 3) * (tilt_deg > 0)
    return rng.uniform(*scale, 3), turn.as_matrix(), shift


def repositioned(pair: Phantom, scale: np.ndarray, turn: np.ndarray, shift_mm: np.ndarray) -> Phantom:
    """The pair with points x of the fixed scan at scale * x, and points y of the moving scan at turn (scale * y) + shift.

    Voxels keep their values; det J stays what it is, the displacement is that between the new places.

    Args:
        pair: its grids have axes along LPS. turn: a rotation.
    """
    fixed = {name: _placed(getattr(pair, name), scale, np.eye(3), np.zeros(3)) for name in _FIXED}
    moving = {name: _placed(getattr(pair, name), scale, turn, shift_mm) for name in _MOVING}
    there = (pair.moving_landmarks_mm * scale) @ turn.T + shift_mm
    field = _placed(pair.fixed_to_moving_mm, scale, np.eye(3), np.zeros(3))
    points = _voxel_centers(field)
    moved = (points + sitk.GetArrayViewFromImage(pair.fixed_to_moving_mm) * scale) @ turn.T + shift_mm
    displacement = sitk.GetImageFromArray((moved - points).astype(np.float32), isVector=True)
    displacement.CopyInformation(field)
    return replace(
        pair,
        **fixed,
        **moving,
        fixed_landmarks_mm=pair.fixed_landmarks_mm * scale,
        moving_landmarks_mm=there,
        fixed_to_moving_mm=displacement,
    )


_FIXED = ("fixed", "fixed_mask", "fixed_lobes", "true_jacobian")
_MOVING = ("moving", "moving_mask", "moving_lobes")


def _placed(image: sitk.Image, scale: np.ndarray, turn: np.ndarray, shift_mm: np.ndarray) -> sitk.Image:
    placed = sitk.Image(image)
    placed.SetSpacing((np.array(image.GetSpacing()) * scale).tolist())
    placed.SetOrigin((turn @ (np.array(image.GetOrigin()) * scale) + shift_mm).tolist())
    placed.SetDirection(turn.ravel().tolist())
    return placed


def _voxel_centers(image: sitk.Image) -> np.ndarray:
    """Points (z, y, x, 3) of an image with axes along LPS."""
    axes = [o + s * np.arange(n) for o, s, n in zip(image.GetOrigin(), image.GetSpacing(), image.GetSize(), strict=True)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    return np.stack([x, y, z], axis=-1)
