"""What the page of a tracking shows besides the pictures."""

from __future__ import annotations

from typing import Any

from CorrespondCoreLib.report_page import table

from .charts import charts_section, line_chart

MOST_ROWS = 60
MOTION = {"right_mm": "right", "down_mm": "down"}


def tracking_tiles(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(value, what, hint) of the main figures."""
    frames = report["frames"]
    shown = [frame for frame in frames if frame["shown"]]
    entries = [(f"{len(shown)} of {len(frames)}", "frames with a good overlay", "in the others it is hidden")]
    for name, title in MOTION.items():
        values = [row[name] for row in report["motion"] if row[name] is not None]
        if values and shown:
            entries.append(
                (f"{max(values) - min(values):.1f} mm", f"motion {title}, from end to end", "in the plane of the isocenter")
            )
    for name, title in (("heart_hz", "heart"), ("breath_hz", "breath")):
        if report["rates"][name]:
            entries.append((f"{60 * report['rates'][name]:.0f} / min", f"rate of the {title}", "as the motion shows it"))
    return entries


def tracking_parts(report: dict[str, Any]) -> list[str]:
    """Curves of motion and quality, and the table of frames."""
    frames, motion = report["frames"], report["motion"]
    timed = report["input"]["timed"]
    times = [frame["time_s"] if timed else frame["frame"] for frame in frames]
    label = "seconds" if timed else "frame"
    hidden = [not frame["shown"] for frame in frames]
    charts = []
    if len(frames) > 1:
        shift = {title: [row[name] for row in motion] for name, title in MOTION.items()}
        quality = {"quality": [frame["quality"] for frame in frames]}
        charts = [
            ("Motion in the image", line_chart(times, shift, label, "mm at the isocenter", hidden, least_span=2.0)),
            ("Quality; shaded: overlay hidden", line_chart(times, quality, label, "quality", hidden, 0.0, 1.0)),
        ]
        parts = {title: [row[name] for row in motion] for name, title in (("heart_mm", "heart"), ("breath_mm", "breath"))}
        charts.insert(
            1, ("Motion along its main direction", line_chart(times, parts, label, "mm at the isocenter", hidden, least_span=2.0))
        )
    rows = [
        (
            str(frame["frame"]),
            f"{frame['time_s']:.2f}",
            f"{frame['quality']:.2f}",
            "yes" if frame["shown"] else "no",
            *(f"{row[name]:.2f}" for name in MOTION),
        )
        for frame, row in zip(frames, motion, strict=True)
    ]
    head = ("Frame", "Time, s", "Quality", "Shown", "Right, mm", "Down, mm")
    left = len(rows) - MOST_ROWS
    note = f"{left} more stand in poses.csv and motion.csv." if left > 0 else ""
    return [charts_section(charts), table("Frames", head, rows[:MOST_ROWS], note)]
