"""From layers to grey values: signal of a B-scan, point spread, loss of sensitivity with depth, speckle, display."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .choroid import Choroid
from .eye import Columns
from .layers import Layers
from .styles import Style, grey_values

SPREAD_OF_NEIGHBOURS = 0.375  # variance that (1 2 1) / 4 leaves of independent values


def signal_of_bscan(eye: Columns, layers: Layers, choroid: Choroid, depth: int, depth_um: float) -> np.ndarray:
    """Signal (depth, A-scans), linear, without blur and speckle; a voxel that two bands share has a share of each.

    Args:
        eye, layers: of the A-scans of one B-scan; boundaries in um from the middle of the first voxel.
    """
    rows = np.arange(depth, dtype=np.float32)[:, None]
    boundaries = layers.boundaries_um * np.float32(1 / depth_um)
    signal = np.zeros((depth, len(eye.x_mm)), np.float32)
    signal += layers.reflectivity[0]
    for boundary, change in zip(boundaries, np.diff(layers.reflectivity, axis=0), strict=True):
        first, last = (int(np.clip(v, 0, depth)) for v in (boundary.min() - 0.5, np.ceil(boundary.max() + 1.5)))
        signal[first:last] += change * np.clip(rows[first:last] - boundary + np.float32(0.5), 0, 1)
        signal[last:] += change
    first = int(np.clip(boundaries[-1].min() - 1, 0, depth))
    below = rows[first:] - boundaries[-1]
    share = np.clip(below + np.float32(0.5), 0, 1)
    thickness = eye.choroid_um
    share *= layers.below
    share *= choroid.signal(below * np.float32(depth_um), thickness, eye.x_mm, eye.z_mm)
    signal[first:] += share
    return signal


def as_scanned(
    signal: np.ndarray, spacing_um: tuple[float, float], style: Style, looks: float, gamma: float, rng: np.random.Generator
) -> np.ndarray:
    """Grey values uint8 (depth, A-scans) of a signal.

    Speckle: the fields of tissue and detector noise add up, so the sum's intensity has a gamma distribution whose shape is the
    number of looks (fully developed speckle, averaged); neighbouring A-scans are correlated.

    Args:
        spacing_um: between A-scans, along the beam.
        gamma: exponent of the grey values.
    """
    across_um, depth_um = spacing_um
    signal = ndimage.gaussian_filter1d(signal, style.axial_um / depth_um, axis=0, truncate=3.0)
    signal = ndimage.gaussian_filter1d(signal, style.lateral_um / across_um, axis=1, truncate=3.0)
    depth_mm = np.arange(len(signal), dtype=np.float32)[:, None] * np.float32(depth_um / 1000)
    signal *= np.exp(-depth_mm / np.float32(style.roll_off_mm))
    signal += np.float32(style.noise)
    shape = looks * SPREAD_OF_NEIGHBOURS
    grains = rng.standard_gamma(shape, (signal.shape[0], signal.shape[1] + 2), dtype=np.float32)
    signal *= (grains[:, :-2] + 2 * grains[:, 1:-1] + grains[:, 2:]) * np.float32(0.25 / shape)
    return grey_values(signal, style, style.noise, gamma)
