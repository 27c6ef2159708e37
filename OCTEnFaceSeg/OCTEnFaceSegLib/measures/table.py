"""All measures of a mask together, and as rows of a table."""

from __future__ import annotations

import numpy as np

from ..scan import OctScan
from .etdrs import etdrs_areas
from .fovea import Fovea
from .lesion import area_mm2, circularity, distance_map_mm, foci, sampling_sd_mm2

UNCONFIRMED = "scale not confirmed"
"""Stands with every figure in mm of a scan whose file has no scale, until the user gives one."""


def measure(scan: OctScan, mask: np.ndarray, uncertainty: np.ndarray | None = None, fovea: Fovea | None = None) -> dict:
    """The measures of a mask (B-scans, A-scans) of a scan.

    Returns:
        scale ("mm" or UNCONFIRMED), area_mm2, sampling_sd_mm2 (of the area), square_root_area_mm, scanned_mm2, percent_of_scan,
        perimeter_mm (of all foci), circularity, touches_border, foci: [{area_mm2, perimeter_mm, circularity, b_scan, a_scan,
        distance_mm}, largest first], foci_count, largest_focus_mm2, fovea: null or {b_scan, a_scan, source, pit_mm},
        distance_to_fovea_mm, fovea_involved, etdrs: see `etdrs_areas`, mean_uncertainty: {lesion, scan}.
    """
    spacing = scan.spacing_mm
    parts = foci(mask, spacing, fovea.index if fovea else None)
    area, outline = area_mm2(mask, spacing), sum(part.perimeter_mm for part in parts)
    distance = distance_map_mm(mask.shape, fovea.index, spacing) if fovea else None
    nearest = float(distance[mask].min()) if distance is not None and mask.any() else None
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return {
        "scale": "mm" if scan.metric else UNCONFIRMED,
        "area_mm2": area,
        "sampling_sd_mm2": sampling_sd_mm2(mask, spacing),
        "square_root_area_mm": area**0.5,
        "scanned_mm2": mask.size * scan.pixel_area_mm2,
        "percent_of_scan": 100 * float(mask.mean()),
        "perimeter_mm": outline,
        "circularity": circularity(area, outline),
        "touches_border": bool(border.any()),
        "foci_count": len(parts),
        "largest_focus_mm2": parts[0].area_mm2 if parts else 0.0,
        "foci": [
            {
                "area_mm2": part.area_mm2,
                "perimeter_mm": part.perimeter_mm,
                "circularity": part.circularity,
                "b_scan": part.center[0],
                "a_scan": part.center[1],
                "distance_mm": part.distance_mm,
            }
            for part in parts
        ],
        "fovea": None if fovea is None else vars(fovea).copy(),
        "distance_to_fovea_mm": nearest,
        "fovea_involved": None if fovea is None else _contains(mask, fovea),
        "etdrs": etdrs_areas(mask, fovea.index, spacing, scan.eye, _upward(scan)) if fovea else [],
        "mean_uncertainty": _mean_uncertainty(mask, uncertainty),
    }


def measure_rows(measures: dict) -> list[tuple[str, str, float | str, str]]:
    """(measure, part, value, unit) of each figure, for measures.csv; the unit says where the scale is not confirmed."""
    mark = "" if measures["scale"] == "mm" else f" ({UNCONFIRMED})"
    units = {"mm2": "mm2", "mm": "mm", "percent": "%"}
    rows: list[tuple[str, str, float | str, str]] = []

    def add(name: str, part: str, value: float | None) -> None:
        unit = units.get(name.rsplit("_", 1)[-1], "")
        rows.append((name, part, "" if value is None or value != value else value, unit + (mark if unit[:2] == "mm" else "")))

    for name in ("area_mm2", "sampling_sd_mm2", "square_root_area_mm", "scanned_mm2", "percent_of_scan", "perimeter_mm"):
        add(name, "all", measures[name])
    for name in ("circularity", "foci_count", "largest_focus_mm2", "distance_to_fovea_mm"):
        add(name, "all", measures[name])
    for part, value in (measures["mean_uncertainty"] or {}).items():
        add("mean_uncertainty", part, value)
    for field in measures["etdrs"]:
        add("etdrs_area_mm2", f"{field['ring']} {field['quadrant']}", field["area_mm2"])
    for number, part in enumerate(measures["foci"], 1):
        for name in ("area_mm2", "perimeter_mm", "circularity", "distance_mm", "b_scan", "a_scan"):
            add(f"focus_{name}", str(number), part[name])
    return rows


def _upward(scan: OctScan) -> bool:
    return scan.volume.GetDirection()[8] > 0


def _contains(mask: np.ndarray, fovea: Fovea) -> bool:
    b, a = (int(np.clip(round(value), 0, size - 1)) for value, size in zip(fovea.index, mask.shape, strict=True))
    return bool(mask[b, a])


def _mean_uncertainty(mask: np.ndarray, uncertainty: np.ndarray | None) -> dict | None:
    if uncertainty is None:
        return None
    return {"lesion": float(uncertainty[mask].mean()) if mask.any() else None, "scan": float(uncertainty.mean())}
