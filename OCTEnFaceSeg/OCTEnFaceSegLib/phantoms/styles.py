"""Three makers' ways of scanning: field, sampling, speckle, noise, and how the signal becomes grey values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Style:
    """What distinguishes a device. The figures are of the order of the makers' data sheets, not those of one model.

    Attributes:
        field_mm: extent of a volume along x, depth, z; the spacing is this divided by the number of voxels.
        size: (B-scans, depth, A-scans) of a usual protocol.
        looks: range of the number of independent images that speckle is averaged over.
        axial_um, lateral_um: standard deviation of the point spread.
        roll_off_mm: depth at which the signal has fallen to 1/e.
        noise: standard deviation of the detector's noise, where the pigment epithelium's reflectivity is about 0.5.
        motion_um: standard deviation of the axial movement from B-scan to B-scan, before slow drift.
        display: "root" (fourth root), "log" (decibels above the floor) or "square root".
    """

    device: str
    field_mm: tuple[float, float, float]
    size: tuple[int, int, int]
    looks: tuple[float, float]
    axial_um: float
    lateral_um: float
    roll_off_mm: float
    noise: float
    motion_um: float
    display: str


STYLES = {
    "spectralis": Style(
        "Spectralis-like phantom", (5.93, 1.92, 5.9), (49, 496, 512), (9, 16), 3.0, 7.0, 3.0, 0.0006, 12.0, "root"
    ),
    "cirrus": Style("Cirrus-like phantom", (6.0, 2.0, 6.0), (128, 1024, 512), (1.5, 3), 2.6, 8.0, 1.8, 0.004, 5.0, "log"),
    "topcon": Style("Topcon-like phantom", (6.0, 2.3, 6.0), (128, 885, 512), (2.5, 6), 2.8, 9.0, 2.4, 0.003, 7.0, "square root"),
}


def grey_values(signal: np.ndarray, style: Style, floor: float, gamma: float) -> np.ndarray:
    """Signal (linear, non-negative float32) as uint8 on the maker's scale.

    Args:
        floor: mean of the signal where there is no tissue.
        gamma: exponent that service or user have set.
    """
    if style.display == "root":
        grey = 300 * (np.sqrt(np.sqrt(signal)) - 0.8 * floor**0.25)
    elif style.display == "log":
        grey = 255 * (np.log10(signal + 0.3 * floor) - np.log10(0.9 * floor)) / 2.6
    else:
        grey = 290 * np.sqrt(signal)
    return (255 * np.clip(grey / 255, 0, 1) ** np.float32(gamma)).astype(np.uint8)
