"""growth.json: the lesion over the visits of one eye.

statement, created, method, models, settings, versions, warnings, seconds, peak_memory_gb   as in report.json; method "external"
                    where the masks were given
lesion, scale       as in report.json
visits              [{years, visit_date, eye, device, source, a_scans, b_scans, spacing_mm, area_mm2, sampling_sd_mm2,
                    square_root_area_mm, foci_count, touches_border, registration: null for the first, or {by, correlation,
                    overlap, shift_mm, turn_deg, trusted}, change: null, or {new_mm2, stable_mm2, lost_mm2} against the first}]
growth              see `measures.growth.growth`, and common_field: the same by what all visits scanned
check_result        {needed, reasons}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib import provenance
from CorrespondCoreLib.files import plain
from CorrespondCoreLib.process_usage import peak_memory_gb, seconds_since_process_start
from CorrespondCoreLib.progress import Progress

from ..measures.lesion import area_mm2, foci, sampling_sd_mm2
from ..measures.table import UNCONFIRMED
from ..settings import SegmentationSettings
from ..visits import Visit, changed_mm2


def build_growth_report(
    visits: Sequence[Visit],
    growth: dict,
    maps: Mapping[int, sitk.Image],
    settings: SegmentationSettings,
    method: str,
    progress: Progress,
) -> dict:
    """The contents of growth.json as plain JSON values.

    Args:
        maps: number of the visit (0 is the first) -> its difference map.
        method: "network", "hypertransmission (no network)", or "external" for given masks.
    """
    entries = [_entry(visit, maps.get(n)) for n, visit in enumerate(visits)]
    scale = "mm" if all(visit.scan.metric for visit in visits) else UNCONFIRMED
    models = visits[0].models
    single = models[0] if len(models) == 1 else None
    used = {**settings.to_dict(), "models": [model.id for model in models]} if method != "external" else {}
    report = {
        **provenance.record(method, used, single, visits[0].device),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "lesion": settings.lesion,
        "scale": scale,
        "models": [{key: model.card.get(key) for key in ("id", "title", "sha256", "trained_on")} for model in models],
        "visits": entries,
        "growth": growth,
        "check_result": _check(entries, growth, scale),
        "warnings": progress.warnings,
        "seconds": {"total": seconds_since_process_start(), **progress.seconds},
        "peak_memory_gb": peak_memory_gb(),
    }
    return plain(report)


def growth_rows(report: dict) -> tuple[tuple[str, ...], list[tuple]]:
    """Head and rows of growth.csv: a row per visit, then one per interval, and over all visits."""
    mark = "" if report["scale"] == "mm" else f" ({UNCONFIRMED})"
    head = (
        "row",
        "from_years",
        "to_years",
        "area_mm2",
        "square_root_area_mm",
        "change_mm2",
        "mm2_per_year",
        "mm_per_year",
        "scale",
    )
    rows: list[tuple] = [
        (f"visit {n}", visit["years"], visit["years"], visit["area_mm2"], visit["square_root_area_mm"], "", "", "", "mm" + mark)
        for n, visit in enumerate(report["visits"], 1)
    ]
    growth = report["growth"]
    for name, rates in [*((f"interval {n}", r) for n, r in enumerate(growth["intervals"], 1)), ("all visits", growth["overall"])]:
        if rates:
            values = (rates[key] for key in ("change_mm2", "mm2_per_year", "mm_per_year"))
            rows.append((name, rates["from_years"], rates["to_years"], "", "", *values, "mm" + mark))
    return head, rows


def _entry(visit: Visit, change: sitk.Image | None) -> dict:
    scan, area = visit.scan, area_mm2(visit.mask, visit.scan.spacing_mm)
    registration = visit.registration
    border = np.concatenate([visit.mask[0], visit.mask[-1], visit.mask[:, 0], visit.mask[:, -1]])
    return {
        "years": visit.years,
        "visit_date": scan.visit_date,
        "eye": scan.eye,
        "device": scan.device,
        "source": scan.source,
        "a_scans": scan.enface_shape[1],
        "b_scans": scan.enface_shape[0],
        "spacing_mm": list(scan.spacing_mm),
        "area_mm2": area,
        "sampling_sd_mm2": sampling_sd_mm2(visit.mask, scan.spacing_mm),
        "square_root_area_mm": area**0.5,
        "foci_count": len(foci(visit.mask, scan.spacing_mm)),
        "touches_border": bool(border.any()),
        "registration": None
        if registration is None
        else {
            "by": registration.by,
            "correlation": registration.correlation,
            "overlap": registration.overlap,
            "shift_mm": list(registration.shift_mm),
            "turn_deg": registration.turn_deg,
            "trusted": registration.trusted,
        },
        "change": None if change is None else changed_mm2(change),
    }


def _check(visits: Sequence[dict], growth: dict, scale: str) -> dict:
    """Why somebody has to look at a result, in sentences."""
    reasons = []
    if scale == UNCONFIRMED:
        reasons.append("The scale is not confirmed: the files have no voxel size. Every figure in mm is wrong until you give it.")
    failed = [n for n, visit in enumerate(visits, 1) if visit["registration"] and not visit["registration"]["trusted"]]
    if failed:
        reasons.append(f"Not registered to the first visit: {', '.join(map(str, failed))}. Are they the same eye and place?")
    if any(visit["touches_border"] for visit in visits):
        reasons.append("The lesion reaches the border of a scan: rely on the growth within the common field.")
    limit, overall = growth["repeatability"], growth["overall"]
    if limit and overall and abs(overall["change_mm2"]) < limit["limit_mm2"]:
        reasons.append(
            f"The change of {overall['change_mm2']:+.2f} mm² is within the repeatability limit of {limit['limit_mm2']:.2f} mm²: "
            "it may be no growth at all."
        )
    return {"needed": bool(reasons), "reasons": reasons}
