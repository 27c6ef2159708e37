"""Charts of a report as inline SVG: values over the frames, and box plots of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from CorrespondCoreLib.charts import (
    AFTER,
    BOTTOM,
    HEIGHT,
    INK,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    chart,
    legend,
    scale,
    ticks,
)

COLORS = (AFTER, "#c2703d", "#6a5aa8")
HIDDEN = "#f3e3dc"
_BOX = 15
_WIDEST = 560


def charts_section(figures: Sequence[tuple[str, str]]) -> str:
    """Charts (title, SVG) side by side, none wider than it is readable; nothing without charts."""
    if not figures:
        return ""
    shown = "".join(
        f'<figure style="max-width: {_WIDEST}px"><figcaption>{escape(title)}</figcaption>{svg}</figure>' for title, svg in figures
    )
    return f'<section class="charts">{shown}</section>'


def line_chart(
    times: Sequence[float],
    curves: Mapping[str, Sequence[float | None]],
    label_x: str,
    label_y: str,
    hidden: Sequence[bool] = (),
    low: float | None = None,
    high: float | None = None,
    least_span: float = 1e-6,
) -> str:
    """Curves over time, with gaps where there is no value; times at which the overlay is hidden are shaded.

    Args:
        curves: name -> a value per time, None or nan where there is none.
        low, high: of the axis; those of the values if None, at least `least_span` apart.
    """
    arrays = {name: np.array([np.nan if v is None else v for v in values], float) for name, values in curves.items()}
    every = np.concatenate(list(arrays.values()))
    finite = every[np.isfinite(every)]
    bottom = float(finite.min()) if low is None and finite.size else (low or 0.0)
    top = float(finite.max()) if high is None and finite.size else (high if high is not None else 1.0)
    short = max(least_span - (top - bottom), 0.0) / 2
    bottom, top = bottom - (low is None) * short, top + (high is None) * short
    margin = 0.08 * max(top - bottom, 1e-6)
    bottom, top = bottom - (low is None) * margin, top + margin * (2.5 if len(curves) > 1 else 1)
    x, y = scale(times[0], times[-1], LEFT + 4, WIDTH - RIGHT - 4), scale(bottom, top, HEIGHT - BOTTOM, TOP)
    half = (times[-1] - times[0]) / max(len(times) - 1, 1) / 2
    parts = [
        f'<rect x="{max(x(t - half), LEFT):.1f}" y="{TOP}" width="{max(x(t + half) - x(t - half), 2):.1f}" '
        f'height="{HEIGHT - BOTTOM - TOP}" fill="{HIDDEN}"/>'
        for t, out in zip(times, hidden, strict=False)
        if out
    ]
    for n, (name, values) in enumerate(arrays.items()):
        color = COLORS[n % len(COLORS)]
        parts += _line(times, values, x, y, color)
        if len(arrays) > 1:
            parts.append(legend(name, color, LEFT + 10 + 120 * n, TOP + 10))
    return chart(parts, x, y, ticks(times[0], times[-1]), ticks(bottom, top), label_x, label_y)


def box_chart(splits: Mapping[str, Mapping[str, Any]]) -> str:
    """Box plots of each score, side by side for the splits (paper, figures 5 and 8).

    Args:
        splits: name -> score -> numbers of a box, see `metrics.box_numbers`.
    """
    scores = list(next(iter(splits.values())))
    x, y = scale(-0.5, len(scores) - 0.5, LEFT, WIDTH - RIGHT), scale(0, 1.12, HEIGHT - BOTTOM, TOP)
    parts = []
    step = min(0.8 / len(splits), 0.3)
    for n, (name, boxes) in enumerate(splits.items()):
        color = COLORS[n % len(COLORS)]
        for k, score in enumerate(scores):
            parts.append(_box(x(k + (n - (len(splits) - 1) / 2) * step), y, boxes[score], color))
        parts.append(legend(name, color, LEFT + 10 + 120 * n, TOP + 10))
    parts += [
        f'<text x="{x(k):.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{escape(_TITLES.get(score, score))}</text>'
        for k, score in enumerate(scores)
    ]
    return chart(parts, x, y, [], [0, 0.25, 0.5, 0.75, 1], "", "score of a frame")


_TITLES = {"dsc": "DSC", "precision": "Precision", "recall": "Recall"}


def _line(times: Sequence[float], values: np.ndarray, x, y, color: str) -> list[str]:
    """Polylines between gaps; a dot where a value stands alone."""
    parts = []
    for run in np.split(np.arange(len(values)), np.flatnonzero(np.diff(np.isfinite(values))) + 1):
        if not np.isfinite(values[run[0]]):
            continue
        if len(run) == 1:
            parts.append(f'<circle cx="{x(times[run[0]]):.1f}" cy="{y(values[run[0]]):.1f}" r="2.4" fill="{color}"/>')
            continue
        points = " ".join(f"{x(times[i]):.1f},{y(values[i]):.1f}" for i in run)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2" stroke-linejoin="round"/>')
    return parts


def _box(at: float, y, box: Mapping[str, Any], color: str) -> str:
    (low, high), (least, most) = box["quartiles"], box["whiskers"]
    left = at - _BOX / 2
    lines = [(at, at, y(least), y(low)), (at, at, y(high), y(most))]
    lines += [(left + 3, left + _BOX - 3, y(end), y(end)) for end in (least, most)]
    drawn = [f'<line x1="{a:.1f}" x2="{b:.1f}" y1="{c:.1f}" y2="{d:.1f}" stroke="{INK}"/>' for a, b, c, d in lines]
    drawn.append(
        f'<rect x="{left:.1f}" y="{y(high):.1f}" width="{_BOX}" height="{max(y(low) - y(high), 0.5):.1f}" fill="{color}" '
        f'fill-opacity="0.35" stroke="{INK}"/>'
    )
    middle = y(box["median"])
    drawn.append(
        f'<line x1="{left:.1f}" x2="{left + _BOX:.1f}" y1="{middle:.1f}" y2="{middle:.1f}" stroke="{INK}" stroke-width="2"/>'
    )
    drawn += [f'<circle cx="{at:.1f}" cy="{y(value):.1f}" r="2" fill="none" stroke="{INK}"/>' for value in box["outliers"]]
    return "".join(drawn)
