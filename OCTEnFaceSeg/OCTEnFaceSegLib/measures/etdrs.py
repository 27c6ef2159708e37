"""Area within the rings and quadrants of the ETDRS grid around the fovea."""

from __future__ import annotations

import numpy as np

from ..scan import LEFT_EYE, RIGHT_EYE
from .lesion import Spacing, distance_map_mm

RADII_MM = {"center": (0.0, 0.5), "inner": (0.5, 1.5), "outer": (1.5, 3.0)}  # circles of 1, 3 and 6 mm diameter
SIDES = {RIGHT_EYE: ("nasal", "temporal"), LEFT_EYE: ("temporal", "nasal"), "": ("patient left", "patient right")}


def etdrs_areas(
    mask: np.ndarray, fovea: tuple[float, float], spacing_mm: Spacing, eye: str = "", upward: bool = True
) -> list[dict]:
    """Area of a mask in the nine fields of the ETDRS grid, and how much of each field was scanned.

    Args:
        mask: (B-scans, A-scans), A-scans from the patient's right to the left.
        fovea: (B-scan, A-scan) index.
        spacing_mm: A-scan, depth, B-scan.
        eye: "R", "L" or "" (then the sides are those of the patient).
        upward: later B-scans lie higher; False for top-down scans.

    Returns:
        [{ring, quadrant, area_mm2, scanned_percent}]: center, then inner and outer superior, inferior and two sides.
    """
    dx, _, dz = spacing_mm
    distance = distance_map_mm(mask.shape, fovea, spacing_mm)
    b, a = np.indices(mask.shape)
    left, up = (a - fovea[1]) * dx, (b - fovea[0]) * dz * (1 if upward else -1)
    steep = np.abs(up) >= np.abs(left)
    quadrants = {"superior": steep & (up >= 0), "inferior": steep & (up < 0)}
    quadrants |= dict(zip(SIDES[eye], (~steep & (left > 0), ~steep & (left < 0)), strict=True))
    fields = [("center", "all", distance < RADII_MM["center"][1])]
    for ring in ("inner", "outer"):
        inside = (distance >= RADII_MM[ring][0]) & (distance < RADII_MM[ring][1])
        fields += [(ring, name, inside & quadrant) for name, quadrant in quadrants.items()]
    return [
        {
            "ring": ring,
            "quadrant": name,
            "area_mm2": float(np.count_nonzero(mask & field)) * dx * dz,
            "scanned_percent": min(100.0, 100 * float(np.count_nonzero(field)) * dx * dz / _field_mm2(ring)),
        }
        for ring, name, field in fields
    ]


def _field_mm2(ring: str) -> float:
    """Area of one field of the grid."""
    inner, outer = RADII_MM[ring]
    return float(np.pi * (outer**2 - inner**2)) / (1 if ring == "center" else 4)
