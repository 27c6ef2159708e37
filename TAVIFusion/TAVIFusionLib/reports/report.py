"""report.json: what was segmented, aligned or tracked, how, with what, and how well.

    kind                "segmentation", "alignment" or "tracking"
    statement           "For research use only. Not for clinical use."
    created             date and time, UTC
    method              "network", "vesselness (no network)"; of an alignment "pose fit (no network)", "network" (paper mode), ...
    model, weights_sha256   of the network, else null; models: [{id, title, sha256, trained_on}] of all that took part
    settings            all settings as they were used
    input               of a run, or a list of the views': {frames, rows, columns, seconds, timed, source, device, plane, notes,
                        geometry}; the file's name and patient data never
    check_result        {needed, reasons}: why somebody has to look at this result
    warnings            [sentences] from the whole run
    seconds             total (from the start of the process), and per stage
    peak_memory_gb, device, versions

    segmentation        field_of_view {is, by}, frames {first, last}, metrics [per frame], scores (numbers of box plots) or null
    alignment           pose (see pose_files.pose_entry), degrees, views [{frame, residual_mm, matched, dsc, ...}], confidence,
                        phases {frames, heart_cycles, heart_mm, breath_mm, mismatch_mm, notes, next_best} where frames of two
                        runs were chosen, else null; landmarks [{name, view, right_mm, down_mm, error_mm}], affine_px (paper mode)
    tracking            frames [{frame, time_s, quality, shown, pose}], motion [{right_mm, down_mm, heart_mm, breath_mm}], rates

    pictures            [{file, title, drawn}] that the page shows; drawn: keys of overlay.NAMES

Numbers that do not exist are null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

import numpy as np

from CorrespondCoreLib import provenance
from CorrespondCoreLib.models import Model
from CorrespondCoreLib.process_usage import peak_memory_gb, seconds_since_process_start
from CorrespondCoreLib.progress import Progress

from ..fluoroscopy import FluoroscopyRun
from ..vessel_finder import NO_NETWORK

_MUCH_PERCENT = 40.0
_LITTLE_PERCENT = 0.3


def common_report(
    kind: str, method: str, settings: dict[str, Any], model: Model | None, device: str, progress: Progress
) -> dict[str, Any]:
    """What all reports begin with; seconds and memory as of now."""
    return {
        "kind": kind,
        **provenance.record(method, settings, model, device),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "warnings": progress.warnings,
        "seconds": {"total": seconds_since_process_start(), **progress.seconds},
        "peak_memory_gb": peak_memory_gb(),
    }


def describe_run(run: FluoroscopyRun, frame: int = 0) -> dict[str, Any]:
    """What is known of a run, nothing about the patient; the geometry is that of a frame."""
    count, rows, columns = run.frames.shape
    carm = run.geometry[frame]
    return {
        "frames": count,
        "rows": rows,
        "columns": columns,
        "seconds": float(run.times_s[-1] - run.times_s[0]),
        "timed": run.timed,
        "source": run.source,
        "device": run.device,
        "plane": run.plane,
        "notes": run.notes,
        "geometry": {**asdict(carm), "isocenter_pixel_mm": None if carm.missing else list(carm.isocenter_pixel_mm)},
    }


def checked(reasons: Sequence[str]) -> dict[str, Any]:
    """Why somebody has to look at a result, in sentences."""
    return {"needed": bool(reasons), "reasons": list(reasons)}


def check_of_masks(method: str, rows: Sequence[dict]) -> dict[str, Any]:
    """Why somebody has to look at masks: rows of metrics with the percentage of the frame that is vessel."""
    reasons = []
    if method == NO_NETWORK:
        reasons.append(
            "No network was used: what is long and dark counts as vessel. Catheters, wires, ribs and the edges of the spine are "
            "taken for vessels: correct the masks."
        )
    percent = np.array([row["percent"] for row in rows])
    empty, full = int((percent < _LITTLE_PERCENT).sum()), int((percent > _MUCH_PERCENT).sum())
    if empty:
        reasons.append(f"Next to no vessel was found in {empty} of {len(rows)} frames: without contrast none is seen.")
    if full:
        reasons.append(f"More than {_MUCH_PERCENT:.0f} % of the frame is called vessel in {full} of {len(rows)} frames.")
    return checked(reasons)
