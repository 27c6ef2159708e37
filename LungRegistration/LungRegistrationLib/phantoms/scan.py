"""The scanner of the phantom: reconstruction kernel, noise and contrast agent of one scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

NOISE_HU = {"standard": 25.0, "low": 45.0}  # standard deviation
KERNELS = {"smooth": 0.85, "sharp": 0.45}  # standard deviation of the point spread in mm
SHARPENING = {"smooth": 0.0, "sharp": 0.25}
NOISE_CONTRAST = 1.2  # of the low frequencies that a sharpening kernel takes from the noise, per sharpening


@dataclass(frozen=True)
class Scanner:
    """How one scan was made."""

    noise_hu: float  # standard deviation
    blur_mm: float  # standard deviation of the point spread
    sharpening: float = 0.0  # share of the fine detail that is added once more, as lung kernels do
    contrast_hu: float = 0.0  # by which a contrast agent makes blood brighter

    @classmethod
    def named(cls, dose: str, kernel: str) -> Scanner:
        """A dose of NOISE_HU and a kernel of KERNELS, without contrast agent."""
        return cls(NOISE_HU[dose], KERNELS[kernel], SHARPENING[kernel])


def scan(hu: np.ndarray, spacing_zyx: np.ndarray, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """Image (int16 HU) of the densities `hu` (float32, overwritten): blurred by the kernel, with noise."""
    if scanner.sharpening:
        hu += scanner.sharpening * (hu - gaussian_filter(hu, 0.9 / spacing_zyx))
    hu = gaussian_filter(hu, scanner.blur_mm / spacing_zyx, output=hu)
    return add_noise(hu, spacing_zyx, scanner, rng)


def add_noise(hu: np.ndarray, spacing_zyx: np.ndarray, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """Image (int16 HU) of `hu` (float32, overwritten) with noise that has the kernel's grain."""
    noise = gaussian_filter(rng.standard_normal(hu.shape, np.float32), 0.8 * scanner.blur_mm / spacing_zyx)
    if scanner.sharpening:
        noise -= NOISE_CONTRAST * scanner.sharpening * gaussian_filter(noise, 1.2)
    noise *= scanner.noise_hu / noise.std()
    hu += noise
    np.rint(hu, out=hu)
    return np.clip(hu, -1024, 3071, out=hu).astype(np.int16)
