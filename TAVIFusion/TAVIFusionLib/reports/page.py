"""report.html: the page of a result, from what lies in its folder: report.json and the overlay pictures."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import plain, write_json
from CorrespondCoreLib.json_objects import read_json_object
from CorrespondCoreLib.pictures import Picture, color_key
from CorrespondCoreLib.report_page import banner, made, page, picture_row, tiles

from .alignment_page import alignment_parts, alignment_tiles
from .overlay import NAMES
from .segmentation_page import segmentation_parts, segmentation_tiles
from .tracking_page import tracking_parts, tracking_tiles

REPORT, PAGE = "report.json", "report.html"
_TITLES = {"segmentation": "Vessels in fluoroscopy", "alignment": "Model over fluoroscopy", "tracking": "Model following a cine"}
_TILES = {"segmentation": segmentation_tiles, "alignment": alignment_tiles, "tracking": tracking_tiles}
_PARTS = {"segmentation": segmentation_parts, "alignment": alignment_parts, "tracking": tracking_parts}
_ROWS = (("overlays", "Frames"), ("agreement", "Agreement"))


def write_page(folder: Path, report: dict[str, Any]) -> None:
    """Write report.json, and report.html from it and the pictures that lie in the folder."""
    report = plain(report)
    write_json(folder / REPORT, report)
    (folder / PAGE).write_text(page_of(folder, report), encoding="utf-8")


def read_report(folder: Path) -> dict[str, Any]:
    """What report.json in the folder of a result says.

    Raises:
        InputError: it is absent, or of something else.
    """
    report = read_json_object(folder / REPORT, "report", "Give the folder that segment, align or track has written.")
    if report.get("kind") not in _TITLES:
        raise InputError(f"{folder / REPORT} is no report of a segmentation, an alignment or a tracking.")
    return report


def page_of(folder: Path, report: dict[str, Any]) -> str:
    """The page as HTML text.

    Args:
        report: contents of report.json, with "pictures": [{file, title, drawn}] that lie in the folder.

    Raises:
        InputError: a picture is absent, or the report lacks an entry.
    """
    kind = report["kind"]
    try:
        facts = [
            f"method {report['method']}",
            f"model {report['model']}" if report["model"] else "no trained model",
            f"Correspond {report['versions']['correspond']}",
            report["created"].replace("T", " ").replace("+00:00", " UTC"),
        ]
        memory = f"{report['peak_memory_gb']:.1f} GB on {report['device'] or 'cpu'}"
        boxes = [*_TILES[kind](report), (f"{report['seconds']['total']:.0f} s", "from start to result", memory)]
        rows = [picture_row(title, _pictures(folder, report, place)) for place, title in _ROWS]
        parts = [
            banner(report["check_result"], report["warnings"]),
            tiles(boxes),
            *rows,
            *_PARTS[kind](report),
            made(_made(report)),
        ]
        return page(_TITLES[kind], facts, report["statement"], parts)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"The report in {folder} lacks an entry ({error}): it was written by another version, or changed."
        ) from error


def _pictures(folder: Path, report: dict[str, Any], place: str) -> list[Picture]:
    pictures = []
    for entry in report["pictures"]:
        if not entry["file"].startswith(f"{place}/"):
            continue
        try:
            data = (folder / entry["file"]).read_bytes()
        except OSError as error:
            raise InputError(f"The picture {entry['file']} of the report cannot be read: {error.strerror}.") from error
        url = "data:image/png;base64," + base64.b64encode(data).decode("ascii")
        pictures.append(Picture(entry["title"], url, color_key({name: NAMES[name] for name in entry["drawn"]})))
    return pictures


def _made(report: dict[str, Any]) -> list[tuple[str, str]]:
    inputs = report["input"] if isinstance(report["input"], list) else [report["input"]]
    models = "; ".join(f"{m['id']}: SHA-256 {m['sha256']}, trained on {m['trained_on'] or 'unknown'}" for m in report["models"])
    return [
        *((f"Run {n}" if len(inputs) > 1 else "Run", _run_text(run)) for n, run in enumerate(inputs, 1)),
        ("Notes", " ".join(note for run in inputs for note in run["notes"]) or "none"),
        ("Settings", "; ".join(f"{part}: {_values(values)}" for part, values in report["settings"].items())),
        ("Weights", models or "none"),
        ("Time", " · ".join(f"{key} {value:.1f} s" for key, value in report["seconds"].items() if key != "total")),
        ("Versions", " · ".join(f"{key} {value}" for key, value in report["versions"].items())),
    ]


def _values(values: Any) -> str:
    if not isinstance(values, dict):
        return str(values)
    return ", ".join(f"{key} {_values(value)}" for key, value in values.items() if value not in ("", None))


def _run_text(run: dict[str, Any]) -> str:
    carm = run["geometry"]
    angles = "angles unknown"
    if carm["primary_deg"] is not None and carm["secondary_deg"] is not None:
        angles = f"{_angle(carm['primary_deg'], 'LAO', 'RAO')}, {_angle(carm['secondary_deg'], 'CRA', 'CAU')}"
    distances = (
        f"source to detector {_mm(carm['source_to_detector_mm'])}, source to isocenter {_mm(carm['source_to_isocenter_mm'])}"
    )
    spacing = "pixel size unknown"
    if carm["pixel_spacing_mm"]:
        spacing = f"pixels of {carm['pixel_spacing_mm'][0]:.3f} mm at the detector"
    if carm["isocenter_pixel_mm"]:
        spacing += f", {carm['isocenter_pixel_mm'][0]:.3f} mm in the plane of the isocenter"
    size = f"{run['frames']} frames of {run['columns']} x {run['rows']} pixels"
    return f"{run['source']} {run['device']} {run['plane']} {size}; {angles}; {distances}; {spacing}.".strip()


def _angle(value: float, positive: str, negative: str) -> str:
    return f"{positive if value >= 0 else negative} {abs(value):.1f}°"


def _mm(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f} mm"
