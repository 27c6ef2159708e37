"""report.json: what was segmented, how, with what, and what it measures.

    statement           "For research use only. Not for clinical use."
    created             date and time, UTC
    method              "network" or "hypertransmission (no network)"; model, weights_sha256: of a single network, else null
    models              [{id, title, sha256, trained_on}] whose predictions were averaged
    lesion              ga, rpd, or another name
    scale               "mm", or "scale not confirmed": the file has no scale, no figure in mm means anything until one is given
    settings            all settings as they were used
    input               {a_scans, depth, b_scans, spacing_mm, metric, eye, visit_date, pattern, source, device, notes, layers,
                        fundus}; the file's name stands here only if the user asked for it; patient data never
    bruch               {source, mean_confidence, percent_bridged}: percent of A-scans where it is not seen
    measures            see `measures.table.measure`
    agreement           see `measures.agreement.against_graders`; absent without references
    uncertainty_is      what the uncertainty is the spread of
    check_result        {needed, reasons}: why somebody has to look at this result
    warnings            [sentences] from the whole run
    seconds             total (from the start of the process), and per stage
    peak_memory_gb, device, versions

Numbers that do not exist are null.
"""

from __future__ import annotations

from datetime import datetime, timezone

from CorrespondCoreLib import provenance
from CorrespondCoreLib.files import plain
from CorrespondCoreLib.process_usage import peak_memory_gb, seconds_since_process_start
from CorrespondCoreLib.progress import Progress

from ..hypertransmission import NAME as HYPERTRANSMISSION
from ..measures.table import UNCONFIRMED
from ..pipeline import Segmentation
from ..scan import OctScan

SEEN = 0.1
"""Confidence from which Bruch's membrane counts as seen; below it, the surface bridges what lies around."""
MUCH_BRIDGED_PERCENT = 30


def build_report(
    result: Segmentation, measures: dict, progress: Progress, agreement: dict | None = None, name: str | None = None
) -> dict:
    """The contents of report.json as plain JSON values, seconds and memory as of now.

    Args:
        agreement: with graders. name: of the input, if the user wants it in the report.
    """
    settings = {**result.settings.to_dict(), "models": [model.id for model in result.models]}
    single = result.models[0] if len(result.models) == 1 else None
    bruch = {
        "source": result.bruch_source,
        "mean_confidence": float(result.bruch.confidence.mean()),
        "percent_bridged": 100 * float((result.bruch.confidence < SEEN).mean()),
    }
    report = {
        **provenance.record(result.method, settings, single, result.device),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "lesion": result.settings.lesion,
        "scale": measures["scale"],
        "models": [{key: model.card.get(key) for key in ("id", "title", "sha256", "trained_on")} for model in result.models],
        "input": {**describe(result.scan), **({"name": name} if name else {})},
        "bruch": bruch,
        "measures": measures,
        **({"agreement": agreement} if agreement else {}),
        "uncertainty_is": result.uncertainty_is,
        "check_result": check_result(result.method, measures, bruch),
        "warnings": progress.warnings,
        "seconds": {"total": seconds_since_process_start(), **progress.seconds},
        "peak_memory_gb": peak_memory_gb(),
    }
    return plain(report)


def describe(scan: OctScan) -> dict:
    """What is known of a scan, nothing about the patient."""
    b_scans, a_scans = scan.enface_shape
    return {
        "a_scans": a_scans,
        "depth": scan.depth,
        "b_scans": b_scans,
        "spacing_mm": list(scan.spacing_mm),
        "metric": scan.metric,
        "eye": scan.eye,
        "visit_date": scan.visit_date,
        "pattern": scan.pattern,
        "source": scan.source,
        "device": scan.device,
        "notes": scan.notes,
        "layers": sorted(scan.layers),
        "fundus": sorted(scan.fundus),
    }


def check_result(method: str, measures: dict, bruch: dict) -> dict:
    """Why somebody has to look at a result, in sentences."""
    reasons = []
    if method == HYPERTRANSMISSION:
        reasons.append(
            "No network was used: a pixel counts as atrophy if the choroid is bright there. Thin pigment epithelium and bright "
            "choroid are mistaken for atrophy, atrophy under opacities is missed: correct the mask."
        )
    if measures["scale"] == UNCONFIRMED:
        reasons.append("The scale is not confirmed: the file has no voxel size. Every figure in mm is wrong until you give it.")
    if measures["touches_border"]:
        reasons.append("The lesion reaches the border of the scan: it may be larger than what was measured.")
    if bruch["percent_bridged"] > MUCH_BRIDGED_PERCENT:
        reasons.append(
            f"Bruch's membrane is not seen at {bruch['percent_bridged']:.0f} % of the A-scans: look at it on the B-scans, and "
            "correct it if need be."
        )
    if measures["fovea"] is None:
        reasons.append("No fovea was found: distances and ETDRS areas are missing. Mark it to get them.")
    return {"needed": bool(reasons), "reasons": reasons}
