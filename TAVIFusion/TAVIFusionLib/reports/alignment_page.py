"""What the page of an alignment shows besides the pictures."""

from __future__ import annotations

from typing import Any

from CorrespondCoreLib.report_page import number, table


def alignment_tiles(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(value, what, hint) of the main figures."""
    views = report["views"]
    entries = [(f"{len(views)}", "view" if len(views) == 1 else "views", report["degrees"] or "")]
    residuals = [view["residual_mm"] for view in views if view["residual_mm"] is not None]
    if residuals:
        hint = f"the model explains {100 * min(view['matched'] for view in views):.0f} % of the vessel's outline"
        entries.append((f"{max(residuals):.2f} mm", "between the outlines, median", hint))
    scores = [view["dsc"] for view in views if view["dsc"] is not None]
    if scores:
        entries.append((f"{min(scores):.2f}", "DSC of model and vessel", "the vessel found shows only what contrast fills"))
    if report.get("phases"):
        hint = "heart {heart_mm:.1f} mm, breath {breath_mm:.1f} mm".format(**report["phases"])
        entries.append((f"{report['phases']['mismatch_mm']:.1f} mm", "of motion between the two views", hint))
    errors = sorted(mark["error_mm"] for mark in report["landmarks"] if mark["error_mm"] is not None)
    if errors:
        entries.append((f"{errors[len(errors) // 2]:.2f} mm", "landmark error, median", f"largest {errors[-1]:.2f} mm"))
    return entries


def alignment_parts(report: dict[str, Any]) -> list[str]:
    """Tables: certainty of each direction, views, landmarks, the matrix."""
    confidence = [
        (
            name,
            "as given" if not entry["fitted"] else "fitted",
            number(entry["sigma"], ".2f", f" {entry['unit']}"),
            _certain(entry),
        )
        for name, entry in report["confidence"].items()
    ]
    note = (
        "One standard deviation, from the normal matrix of the fit; a dash: nothing in the views tells it. What is uncertain "
        "cannot be told from these views, depth along the beam and sliding along a tube in particular: do not rely on it."
    )
    views = [
        (
            f"{n}",
            str(view["frame"]),
            f"{view['primary_deg']:.1f}° / {view['secondary_deg']:.1f}°",
            number(view["residual_mm"], ".2f"),
            number(None if view["matched"] is None else 100 * view["matched"], ".0f", " %"),
            number(view["moved_mm"], ".1f"),
            *(number(view[name], ".3f") for name in ("dsc", "precision", "recall")),
        )
        for n, view in enumerate(report["views"], 1)
    ]
    note_on_views = (
        "Scores compare the model's silhouette with the vessel that was found. Moved: by heart and breath since the first "
        "view, as the fit has it; the pose is that of the first view."
    )
    head = ("View", "Frame", "Primary / secondary", "Outlines apart, mm", "Explained", "Moved, mm", "DSC", "Precision", "Recall")
    marks = [(mark["name"], str(mark["view"] + 1), number(mark["error_mm"], ".2f")) for mark in report["landmarks"]]
    matrix = [
        ("", *(f"{value:.4f}" for value in row))
        for row in (report["pose"]["matrix_lps"] if report["pose"] else report["affine_px"])
    ]
    title = "Pose, model to patient, LPS, mm" if report["pose"] else "Affine map, projected model to frame, pixels"
    return [
        table("Certainty", ("Direction", "", "Deviation", ""), confidence, note),
        _phases(report["phases"]) if report.get("phases") else "",
        table("Views", head, views, note_on_views),
        table(
            "Landmarks",
            ("Point", "View", "Error in the plane of the isocenter, mm"),
            marks,
            "These points took no part in the fit.",
        ),
        table(title, ("", *("xyzt" if report["pose"] else ("column", "row", "shift"))), matrix),
    ]


def _phases(phases: dict[str, Any]) -> str:
    """Table of the frames of two runs that show nearly the same phase; the first pair was used."""
    rows = [
        (
            " and ".join(map(str, pair["frames"])),
            number(None if pair["heart_cycles"] is None else 100 * pair["heart_cycles"], ".0f", " %"),
            *(number(pair[name], ".2f") for name in ("heart_mm", "breath_mm", "mismatch_mm")),
        )
        for pair in (phases, *phases["next_best"])
    ]
    head = ("Frames", "Heart apart, of a beat", "Heart, mm", "Breath, mm", "Together, mm")
    note = "The views were taken in turn; the first pair was used. What remains between the frames is an error of the pose. "
    return table("Phases", head, rows, note + " ".join(phases["notes"]))


def _certain(entry: dict[str, Any]) -> str:
    return "certain" if entry["certain"] else "uncertain" if entry["fitted"] else "not known"
