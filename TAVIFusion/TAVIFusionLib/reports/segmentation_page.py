"""What the page of a segmentation shows besides the pictures."""

from __future__ import annotations

from typing import Any

from CorrespondCoreLib.report_page import number, table

from .charts import box_chart, charts_section, line_chart

MOST_ROWS = 60
SCORES = {"dsc": "DSC", "precision": "Precision", "recall": "Recall"}


def segmentation_tiles(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(value, what, hint) of the main figures."""
    rows = report["metrics"]
    percent = [row["percent"] for row in rows]
    field = report["field_of_view"]
    entries = [
        (str(len(rows)), "frame" if len(rows) == 1 else "frames", f"{report['frames']['first']} to {report['frames']['last']}"),
        (f"{sum(percent) / len(percent):.1f} %", "of the frame is vessel, mean", f"{min(percent):.1f} to {max(percent):.1f} %"),
    ]
    if field["is"]:
        entries.append((field["is"], "field of view", field["by"]))
    for name, title in SCORES.items() if report["scores"] else ():
        box = report["scores"][name]
        hint = f"median of {box['count']} frames, mean {box['mean']:.2f}"
        entries.append((f"{box['median']:.2f}", title, hint))
    return entries


def segmentation_parts(report: dict[str, Any]) -> list[str]:
    """Charts over the frames, box plots, and the table of scores."""
    rows = report["metrics"]
    figures = []
    if len(rows) > 1:
        figures.append(("Vessel in the frame", over_frames(report, {"vessel": "percent"}, "% of the frame")))
    judged = [row for row in rows if "dsc" in row]
    if len(judged) > 1:
        figures.append(("Scores over the frames", over_frames(report, {SCORES[k]: k for k in SCORES}, "score", 0.0, 1.0)))
    if judged:
        figures.append(("Scores", box_chart({"all frames": report["scores"]})))
    head = ("Frame", "Time, s", "Vessel, %", *SCORES.values())
    lines = [
        (str(row["frame"]), f"{row['time_s']:.2f}", f"{row['percent']:.1f}", *(number(row[k], ".3f") for k in SCORES))
        for row in judged[:MOST_ROWS]
    ]
    note = "DSC, precision and recall come from one table of one mask, at the threshold in the settings."
    note += f" {len(judged) - MOST_ROWS} more frames stand in metrics.csv." if len(judged) > MOST_ROWS else ""
    return [charts_section(figures), table("Frames with a reference", head, lines, note)]


def over_frames(
    report: dict[str, Any], names: dict[str, str], label: str, low: float | None = 0.0, high: float | None = None
) -> str:
    """A chart of entries of the metrics; over seconds, or over frames where the run has no times."""
    rows = report["metrics"]
    timed = report["input"]["timed"]
    times = [row["time_s"] if timed else row["frame"] for row in rows]
    curves = {title: [row.get(name) for row in rows] for title, name in names.items()}
    return line_chart(times, curves, "seconds" if timed else "frame", label, low=low, high=high)
