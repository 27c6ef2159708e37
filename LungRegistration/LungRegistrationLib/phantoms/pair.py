"""A pair of scans whose true motion is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk


@dataclass
class Phantom:
    """Two scans and the truth. Points and displacements are LPS mm and map fixed points to moving points."""

    fixed: sitk.Image  # int16 HU
    moving: sitk.Image
    fixed_mask: sitk.Image  # uint8, the lungs
    moving_mask: sitk.Image
    fixed_lobes: sitk.Image  # uint8; of a phantom: labels of anatomy.LOBES
    moving_lobes: sitk.Image
    fixed_landmarks_mm: np.ndarray  # (N, 3), exact in both scans
    moving_landmarks_mm: np.ndarray
    fixed_to_moving_mm: sitk.Image  # float32 vectors on the fixed grid: the exact motion of each voxel's center
    true_jacobian: sitk.Image  # float32 on the fixed grid: exact det J, volume in the moving scan / volume in the fixed scan
