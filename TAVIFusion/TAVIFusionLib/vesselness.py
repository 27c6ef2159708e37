"""Vessels without a network: dark lines of many widths by the Hessian (Frangi et al., MICCAI 1998, for two dimensions).

It needs no weights and knows no anatomy: catheters, ribs and the edges of the spine are lines as well.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from .collimator import continued, open_field

SIDE = 256  # pixels of the longer side at which the widths below are meant
SIGMAS = (1.5, 2.5, 4.0, 6.0, 9.0, 13.0)  # pixels at SIDE; a line answers most where sigma is about half of its width
BLOBNESS = 0.5  # beta of the paper
STRUCTURE = 0.25  # c of the paper, in normalized gray values (see `gray_scale.normalized`); there half of the largest norm
FLOOR = 0.02  # lowest answer that can be a vessel: noise stays below


def vesselness(frame: np.ndarray) -> np.ndarray:
    """Likeness 0..1 to a dark line, float32, the largest over the widths.

    Args:
        frame: (rows, columns) float32, normalized.
    """
    image = sitk.GetImageFromArray(np.ascontiguousarray(frame, np.float32))
    scale = max(frame.shape) / SIDE
    answer = np.zeros(frame.shape, np.float32)
    for sigma in SIGMAS:
        smooth = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(image, sigma * scale))
        np.maximum(answer, _line_answer(smooth, sigma * scale), out=answer)
    return answer


def vessel_probability(frame: np.ndarray) -> np.ndarray:
    """The vesselness V as V / (V + t), float32: above 0.5 where V exceeds t, which is Otsu's threshold of the frame.

    The collimator's shutters are left out. It is called a probability because it is used as one; nothing was learned, and
    nothing is calibrated.

    Args:
        frame: (rows, columns) float32, normalized.
    """
    field, unshadowed = open_field(frame)
    answer = np.where(field, vesselness(continued(frame, unshadowed)), 0).astype(np.float32)
    otsu = sitk.OtsuThresholdImageFilter()
    otsu.Execute(sitk.GetImageFromArray(answer))
    threshold = max(float(otsu.GetThreshold()), FLOOR)
    return answer / (answer + np.float32(threshold))


def _line_answer(smooth: np.ndarray, sigma: float) -> np.ndarray:
    """Frangi's measure at one width, with derivatives normalized by sigma^2."""
    down, right = np.gradient(smooth)
    down_down, down_right = np.gradient(down)
    right_right = np.gradient(right, axis=1)
    mean, half = (down_down + right_right) / 2, (down_down - right_right) / 2
    root = np.sqrt(half**2 + down_right**2)
    across = (mean + root) * sigma**2  # the larger curvature: positive across a dark line
    along = (mean - root) * sigma**2
    norm = across**2 + along**2
    blob = (along / np.where(across > 0, across, 1)) ** 2
    answer = np.exp(-blob / (2 * BLOBNESS**2)) * (1 - np.exp(-norm / (2 * STRUCTURE**2)))
    return np.where((across > 0) & (np.abs(along) <= across), answer, 0).astype(np.float32)
