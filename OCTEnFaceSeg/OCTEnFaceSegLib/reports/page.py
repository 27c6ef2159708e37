"""report.html: the report of a segmentation on one page."""

from __future__ import annotations

from collections.abc import Sequence

from CorrespondCoreLib.pictures import Picture
from CorrespondCoreLib.report_page import banner, made, number, page, picture_row, table, tiles

from ..measures.table import UNCONFIRMED
from ..results import title_of

MANY_FOCI = 30


def report_page(report: dict, enface: Sequence[Picture], b_scans: Sequence[Picture]) -> str:
    """The page as HTML text, from the contents of report.json and the pictures."""
    mark = f" ({UNCONFIRMED})" if report["scale"] == UNCONFIRMED else ""
    source = report["input"]
    facts = [
        f"method {report['method']}",
        ", ".join(f"model {model['id']}" for model in report["models"]) or "no trained model",
        {"R": "right eye", "L": "left eye", "": "eye not known"}[source["eye"]],
        f"visit {source['visit_date']}" if source["visit_date"] else "",
        f"Correspond {report['versions']['correspond']}",
        report["created"].replace("T", " ").replace("+00:00", " UTC"),
    ]
    parts = [
        banner(report["check_result"], report["warnings"]),
        tiles(_tiles(report, mark)),
        picture_row("En face", enface),
        picture_row("B-scans", b_scans),
        _agreement(report, mark),
        _etdrs(report["measures"], mark),
        _foci(report["measures"], mark),
        made(_made(report)),
    ]
    return page(f"{title_of(report['lesion'])} on OCT", facts, report["statement"], parts)


def _tiles(report: dict, mark: str) -> list[tuple[str, str, str]]:
    measures = report["measures"]
    foci, uncertainty = measures["foci_count"], measures["mean_uncertainty"]
    share = (
        f"± {measures['sampling_sd_mm2']:.2f} mm² by B-scan distance · {measures['percent_of_scan']:.1f} % of the scan · "
        f"square root {measures['square_root_area_mm']:.2f} mm{mark}"
    )
    largest = f"largest {measures['largest_focus_mm2']:.2f} mm²{mark}" if foci else ""
    entries = [
        (f"{measures['area_mm2']:.2f} mm²", f"area{mark}", share),
        (str(foci), "focus" if foci == 1 else "foci", largest),
        (
            number(measures["perimeter_mm"], ".2f", " mm"),
            f"perimeter{mark}",
            f"circularity {number(measures['circularity'], '.2f')}",
        ),
    ]
    if measures["fovea"]:
        hint = "the fovea is involved" if measures["fovea_involved"] else f"fovea {measures['fovea']['source']}"
        entries.append((number(measures["distance_to_fovea_mm"], ".2f", " mm"), f"from the fovea{mark}", hint))
    if uncertainty and uncertainty["lesion"] is not None:
        entries.append((f"{uncertainty['lesion']:.3f}", "mean uncertainty in the lesion", report["uncertainty_is"]))
    for name, values in (report.get("agreement") or {}).get("graders", {}).items():
        entries.append(
            (f"{values['dice']:.3f}", f"Dice with {name}", f"area differs by {values['difference_mm2']:.2f} mm²{mark}")
        )
    memory = f"{report['peak_memory_gb']:.1f} GB on {report['device']}"
    entries.append((f"{report['seconds']['total']:.0f} s", "from start to result", memory))
    return entries


def _agreement(report: dict, mark: str) -> str:
    agreement = report.get("agreement")
    if not agreement:
        return ""
    pairs = {f"this mask and {name}": values for name, values in agreement["graders"].items()} | agreement["between_graders"]
    rows = [
        (
            name,
            f"{values['dice']:.3f}",
            *(f"{values[key]:.2f}" for key in ("area_mm2", "reference_mm2", "difference_mm2")),
            number(values["difference_percent"], ".1f", " %"),
        )
        for name, values in pairs.items()
    ]
    head = ("", "Dice", f"Area, first, mm²{mark}", f"second, mm²{mark}", f"difference, mm²{mark}", "of the second")
    return table("Agreement", head, rows)


def _etdrs(measures: dict, mark: str) -> str:
    rows = [
        (f"{field['ring']}, {field['quadrant']}", f"{field['area_mm2']:.3f}", f"{field['scanned_percent']:.0f} %")
        for field in measures["etdrs"]
    ]
    note = "Circles of 1, 3 and 6 mm diameter around the fovea. Scanned: part of the field that lies in the scan."
    return table("ETDRS grid", ("Field", f"Area, mm²{mark}", "Scanned"), rows, note)


def _foci(measures: dict, mark: str) -> str:
    rows = [
        (
            str(n),
            f"{focus['area_mm2']:.3f}",
            f"{focus['perimeter_mm']:.2f}",
            number(focus["circularity"], ".2f"),
            number(focus["distance_mm"], ".2f"),
            f"{focus['b_scan'] + 1:.0f} / {focus['a_scan'] + 1:.0f}",
        )
        for n, focus in enumerate(measures["foci"][:MANY_FOCI], 1)
    ]
    head = ("Focus", f"Area, mm²{mark}", f"Perimeter, mm{mark}", "Circularity", f"From the fovea, mm{mark}", "B-scan / A-scan")
    left = measures["foci_count"] - MANY_FOCI
    return table("Foci", head, rows, f"{left} smaller ones stand in measures.csv." if left > 0 else "")


def _made(report: dict) -> list[tuple[str, str]]:
    source, bruch = report["input"], report["bruch"]
    spacing = " x ".join(f"{1000 * mm:.2f}" for mm in source["spacing_mm"])
    mark = "" if report["scale"] == "mm" else f", {UNCONFIRMED}"
    lateral = "Lateral millimeters depend on the eye's length, which the device assumes."
    models = "; ".join(f"{m['id']}: SHA-256 {m['sha256']}, trained on {m['trained_on'] or 'unknown'}" for m in report["models"])
    return [
        (
            "Scan",
            f"{source.get('name', '')} {source['source']} {source['device']} {source['a_scans']} x {source['depth']} x "
            f"{source['b_scans']} voxels (A-scan, depth, B-scan) of {spacing} µm{mark}. {lateral}",
        ),
        ("Notes", " ".join(source["notes"]) or "none"),
        (
            "Bruch's membrane",
            f"{bruch['source']}, mean confidence {bruch['mean_confidence']:.2f}, not seen at {bruch['percent_bridged']:.0f} %",
        ),
        ("Settings", ", ".join(f"{key} {value}" for key, value in report["settings"].items())),
        ("Weights", models or "none"),
        ("Time", " · ".join(f"{key} {value:.1f} s" for key, value in report["seconds"].items() if key != "total")),
        ("Versions", " · ".join(f"{key} {value}" for key, value in report["versions"].items())),
    ]
