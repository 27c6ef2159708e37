"""The scanner of the phantom: reconstruction kernel and noise of one scan."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

NOISE_HU = {"standard": 25.0, "low": 45.0}  # standard deviation
KERNELS = {"smooth": 0.85, "sharp": 0.45}  # standard deviation of the point spread in mm


def scan(hu: np.ndarray, spacing_zyx: np.ndarray, dose: str, kernel: str, rng: np.random.Generator) -> np.ndarray:
    """Image (int16 HU) of the densities `hu` (float32, overwritten): blurred by the kernel, with noise.

    The sharp kernel also enhances edges a little, as lung kernels do.
    """
    if kernel == "sharp":
        hu += 0.25 * (hu - gaussian_filter(hu, 0.9 / spacing_zyx))
    hu = gaussian_filter(hu, KERNELS[kernel] / spacing_zyx, output=hu)
    return add_noise(hu, spacing_zyx, dose, kernel, rng)


def add_noise(hu: np.ndarray, spacing_zyx: np.ndarray, dose: str, kernel: str, rng: np.random.Generator) -> np.ndarray:
    """Image (int16 HU) of `hu` (float32, overwritten) with noise that has the kernel's grain."""
    noise = gaussian_filter(rng.standard_normal(hu.shape, np.float32), 0.8 * KERNELS[kernel] / spacing_zyx)
    if kernel == "sharp":
        noise -= 0.3 * gaussian_filter(noise, 1.2)
    noise *= NOISE_HU[dose] / noise.std()
    hu += noise
    np.rint(hu, out=hu)
    return np.clip(hu, -1024, 3071, out=hu).astype(np.int16)
