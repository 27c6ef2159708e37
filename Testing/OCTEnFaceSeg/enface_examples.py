"""Small scans and masks with known measures."""

import numpy as np
import SimpleITK as sitk

from OCTEnFaceSegLib.scan import OctScan

SPACING = (0.01158, 0.00387, 0.123)


def disc(shape, center, radius_mm, spacing=SPACING):
    """A filled circle on the en-face grid."""
    b, a = np.indices(shape)
    return np.hypot((a - center[1]) * spacing[0], (b - center[0]) * spacing[2]) <= radius_mm


def scan_of(volume, spacing=SPACING, **facts):
    """An OctScan of an array (B-scans, depth, A-scans) somewhere in space."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume, dtype=np.float32))
    image.SetSpacing(spacing)
    image.SetOrigin((-3.0, 10.0, -2.5))
    return OctScan(image, **facts)


def layered(shape=(24, 100, 128), spacing=SPACING, bruch_mm=0.27, lesion=None, seed=0):
    """Speckled retina on Bruch's membrane that bends; where the lesion is, the RPE is lost and the choroid bright.

    Returns (volume (B-scans, depth, A-scans), Bruch's membrane (B-scans, A-scans) in voxels).
    """
    rng = np.random.default_rng(seed)
    b, a = np.indices((shape[0], shape[2]))
    bruch = bruch_mm / spacing[1] + 4 * np.sin(b / 5) + 3 * np.cos(a / 30)
    lesion = np.zeros(bruch.shape, bool) if lesion is None else lesion
    mm = (np.arange(shape[1])[None, :, None] - bruch[:, None]) * spacing[1]
    signal = np.where(mm < -0.22, 0.05, 0.35)
    signal = np.where((mm > -0.03) & (mm < 0), np.where(lesion[:, None], 0.3, 1.0), signal)
    signal = np.where(mm >= 0, np.where(lesion[:, None], 0.9, 0.35) * np.exp(-mm / 0.25), signal)
    return (signal * rng.gamma(6, 1 / 6, signal.shape)).astype(np.float32), bruch.astype(np.float32)
