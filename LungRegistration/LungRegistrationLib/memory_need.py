"""How much memory a registration will take, so that a pair that cannot fit is refused before hours of swapping.

The constants follow measured peaks of the default preset on the CPU: 1.9 GB (115x157x129, one lung), 2.2 (192x160x192), 2.5
(512x512x120), 7.4 (512x512x600).
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import OutOfMemory
from CorrespondCoreLib.process_usage import available_memory_gb

from .settings import RegistrationSettings, preset

BASE_GB = 1.3  # interpreter, torch, ITK, the discrete search
BYTES_PER_VOXEL = 18  # of both images together: read, warped, Jacobian, region masks of the evaluation
BYTES_PER_LATTICE_POINT = 80  # features, gradients and optimizer on the finest lattice
LARGEST_LUNG_BOX_MM3 = 360.0 * 280 * 340


def needed_memory_gb(fixed: sitk.Image, moving: sitk.Image, settings: RegistrationSettings) -> float:
    """Estimated peak memory in GB of registering and evaluating the pair on the CPU."""
    voxels = fixed.GetNumberOfPixels() + moving.GetNumberOfPixels()
    if settings.method != "search":  # what the network takes depends on model and device: it is checked where they are known
        return BASE_GB + voxels * BYTES_PER_VOXEL / 1e9
    volume = float(np.prod(np.multiply(fixed.GetSize(), fixed.GetSpacing())))
    finest = min(level.feature_spacing_mm for level in settings.levels)
    points = min(volume, LARGEST_LUNG_BOX_MM3) / finest**3
    return BASE_GB + (voxels * BYTES_PER_VOXEL + points * BYTES_PER_LATTICE_POINT) / 1e9


def check_memory(fixed: sitk.Image, moving: sitk.Image, settings: RegistrationSettings) -> None:
    """Refuse a pair that will not fit into memory, naming the preset that would.

    Raises:
        OutOfMemory
    """
    needed, available = needed_memory_gb(fixed, moving, settings), available_memory_gb()
    if needed <= available:
        return
    short = f"This pair needs about {needed:.1f} GB of memory, {available:.1f} GB are free. Close other programs, or"
    if settings.method != "search":
        raise OutOfMemory(f"{short} crop the volumes to the lungs.")
    fast = needed_memory_gb(fixed, moving, preset("fast"))
    advice = 'choose the preset "fast", which needs about' if fast <= available else "crop the volumes to the lungs: fast needs"
    raise OutOfMemory(f"{short} {advice} {fast:.1f} GB.")
