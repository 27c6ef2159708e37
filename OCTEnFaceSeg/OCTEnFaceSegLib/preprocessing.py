"""What a network sees of a scan: B-scans of mean 0 and standard deviation 1."""

from __future__ import annotations

import numpy as np

from CorrespondCoreLib.errors import InputError

FLAT = 1e-6  # a B-scan whose deviation is smaller than this part of its largest value is constant


def z_scored(slab: np.ndarray) -> np.ndarray:
    """Every B-scan with mean 0 and standard deviation 1 over depth and A-scans (original code); constant B-scans become 0.

    Args:
        slab: (B-scans, depth, A-scans), any intensity scale.

    Returns:
        (B-scans, depth, A-scans) float32.

    Raises:
        InputError: it holds values that are not finite.
    """
    if not np.isfinite(slab).all():
        raise InputError("The volume holds values that are not finite numbers. Replace them, or read the scan from its own file.")
    values = slab.astype(np.float64) if slab.dtype == np.float64 else slab.astype(np.float32)
    mean = values.mean(axis=(1, 2), dtype=np.float64, keepdims=True)
    deviation = values.std(axis=(1, 2), dtype=np.float64, keepdims=True)
    largest = np.abs(values).max(axis=(1, 2), keepdims=True)
    constant = deviation <= FLAT * largest
    return np.where(constant, 0.0, (values - mean) / np.where(constant, 1.0, deviation)).astype(np.float32)
