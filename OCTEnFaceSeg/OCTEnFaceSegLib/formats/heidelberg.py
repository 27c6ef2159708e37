"""What Heidelberg's exports, .vol and XML, have in common: layers, intensities, SLO, lines of the scan on it."""

from __future__ import annotations

import numpy as np

from ..scan import CIRCLE, LINE, RADIAL, RASTER, OctScan
from .fundus import over_scan, upright_image
from .geometry import Placement, place_lines

DEVICE = "Heidelberg Spectralis"
INVALID = 1e30
"""Layer depths and intensities above stand for "no value": the files hold 3.4e38 or 3e38 there."""


def layer_depths(values: np.ndarray) -> np.ndarray:
    """Layer depths in voxels, float32, with nan where the file has no value (invalid, negative or zero)."""
    values = np.asarray(values, np.float32)
    with np.errstate(invalid="ignore"):
        return np.where((values > 0) & (values < INVALID), values, np.float32("nan"))


def displayed(raw: np.ndarray) -> np.ndarray:
    """Raw reflectance (0 to 1) as the gray values 0 to 255 that HEYEX shows, uint8; 0 where there is no value.

    255 (ln(v + 0.000244) + 8.3) / 8.285, a logarithm fitted to exports of the same scan by the authors of eyepy, who report
    differences of at most 3 gray values.
    """
    raw = np.asarray(raw, np.float32)
    with np.errstate(invalid="ignore"):
        valid = (raw >= 0) & (raw < INVALID)
    gray = 255 * (np.log(np.where(valid, np.minimum(raw, 1), 0) + np.float32(2.44e-4)) + np.float32(8.3)) / np.float32(8.285)
    return np.where(valid, np.clip(np.rint(gray), 0, 255), 0).astype(np.uint8)


def place(pattern: str, starts: np.ndarray, ends: np.ndarray, ascans: int, ascan_mm: float, nominal_mm: float) -> Placement:
    """Where the B-scans lie. Heidelberg states the ends of lines in mm right of and below the SLO's upper left pixel.

    Args:
        pattern: what the file calls it.
        starts, ends: (B-scans, 2) x and y in mm on the SLO.
        ascan_mm: distance of A-scans.
        nominal_mm: distance of B-scans, for patterns that have none on a plane.

    Raises:
        InputError: see `geometry.place_lines`.
    """
    if pattern in (CIRCLE, RADIAL):
        return Placement(pattern, np.arange(len(starts)), False, (ascan_mm, nominal_mm or ascan_mm), (0.0, 0.0))
    down_to_up = np.array([1.0, -1.0])
    placement = place_lines(starts * down_to_up, ends * down_to_up, ascans, ascan_mm)
    length = float(np.linalg.norm(ends - starts, axis=1).mean())
    if abs(length / (ascans * ascan_mm) - 1) > 0.05:
        placement.notes.append(
            f"The file contradicts itself: its B-scans are {length:.2f} mm long on the fundus, but {ascans * ascan_mm:.2f} mm by "
            "the distance of A-scans, which is used."
        )
    return placement


def scan_from(
    placement: Placement,
    bscans: np.ndarray,
    depth_mm: float,
    layers: dict[str, np.ndarray],
    slo: dict[str, tuple[np.ndarray, float, float]],
    source: str,
) -> OctScan:
    """Put the parts together.

    Args:
        bscans: (B, D, W) in the file's order.
        layers: name -> (B, W) depths in the file's order; those without any value are left out.
        slo: kind -> pixels (H, W), spacing of columns and rows in mm.
    """
    volume = placement.volume(bscans, depth_mm)
    scan = OctScan(volume, source=source, device=DEVICE, notes=list(placement.notes), pattern=placement.pattern)
    for name, depths in layers.items():
        if np.isfinite(depths).any():
            scan.layers[name] = np.ascontiguousarray(placement.ordered(depths))
    if layers and not scan.layers:
        scan.notes.append("The layers in the file have no values.")
    if scan.pattern in (RASTER, LINE):
        for kind, (pixels, x_mm, y_mm) in slo.items():
            scan.fundus[kind] = over_scan(upright_image(pixels, (x_mm, y_mm), (0.0, 0.0)), volume)
    elif slo:
        scan.notes.append(f"The fundus image is left out: a {scan.pattern} scan has no en-face map that could lie under it.")
    return scan
