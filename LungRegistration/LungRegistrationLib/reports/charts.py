"""Charts as inline SVG: histogram, cumulative curves, errors before and after, the course of a fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from CorrespondCoreLib.charts import (
    AFTER,
    BEFORE,
    BOTTOM,
    FAINT,
    HEIGHT,
    INK,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    chart,
    legend,
    rgb,
    scale,
    ticks,
)
from CorrespondCoreLib.pictures import color_of


def histogram_chart(edges: Sequence[float], counts: Sequence[int], colors: np.ndarray, window: tuple[float, float]) -> str:
    """Bars in the colors of the map beside which the histogram stands; a line at 1."""
    counts_array = np.asarray(counts, float)
    share = 100 * counts_array / max(counts_array.sum(), 1)
    x, y = scale(edges[0], edges[-1], LEFT, WIDTH - RIGHT), scale(0, max(share.max(), 1e-9), HEIGHT - BOTTOM, TOP)
    bars = [
        f'<rect x="{x(a):.1f}" y="{y(s):.1f}" width="{x(b) - x(a):.2f}" height="{y(0) - y(s):.1f}" fill="{rgb(color)}"/>'
        for a, b, s, color in zip(
            edges[:-1], edges[1:], share, color_of((np.add(edges[:-1], edges[1:])) / 2, colors, *window), strict=True
        )
        if s > 0
    ]
    marks = [f'<line x1="{x(1):.1f}" x2="{x(1):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="{INK}" stroke-dasharray="3 3"/>']
    return chart(bars + marks, x, y, ticks(edges[0], edges[-1]), ticks(0, share.max()), "det J in the lung", "% of voxels")


def cumulative_chart(curves: Sequence[tuple[str, Sequence[float], Sequence[float], str]], largest_mm: float) -> str:
    """Curves (name, mm, percent, color) of the percentage of points with an error of at most x mm."""
    x, y = scale(0, largest_mm, LEFT, WIDTH - RIGHT), scale(0, 100, HEIGHT - BOTTOM, TOP)
    parts = []
    for n, (name, mm, percent, color) in enumerate(curves):
        inside = [(a, b) for a, b in zip(mm, percent, strict=True) if a <= largest_mm]
        inside.append((largest_mm, float(np.interp(largest_mm, mm, percent))))
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in inside)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2.2" stroke-linejoin="round"/>')
        parts.append(legend(name, color, WIDTH - 150, HEIGHT - BOTTOM - 44 + 16 * n))
    return chart(parts, x, y, ticks(0, largest_mm), [0, 25, 50, 75, 100], "error in mm", "% of points")


def before_after_chart(
    before: Sequence[float], after: Sequence[float], of: str = "landmarks, sorted by their error before"
) -> str:
    """Each landmark (or what `of` names) as a dot after and a short line up to its error before, sorted by the error before."""
    order = np.argsort(before)
    top = 1.15 * float(max(np.max(before), np.max(after)))  # room for the legend
    x, y = scale(-0.5, len(order) - 0.5, LEFT, WIDTH - RIGHT), scale(0, top, HEIGHT - BOTTOM, TOP)
    radius = 2.6 if len(order) <= 60 else 1.6
    parts = []
    for n, i in enumerate(order):
        parts.append(f'<line x1="{x(n):.1f}" x2="{x(n):.1f}" y1="{y(after[i]):.1f}" y2="{y(before[i]):.1f}" stroke="{FAINT}"/>')
        parts.append(f'<circle cx="{x(n):.1f}" cy="{y(before[i]):.1f}" r="{radius}" fill="{BEFORE}"/>')
        parts.append(f'<circle cx="{x(n):.1f}" cy="{y(after[i]):.1f}" r="{radius}" fill="{AFTER}"/>')
    parts += [legend("before", BEFORE, LEFT + 8, TOP + 10), legend("after", AFTER, LEFT + 88, TOP + 10)]
    return chart(parts, x, y, [], ticks(0, top), of, "error in mm")


def course_chart(values: Sequence[float], label: str) -> str:
    """A value before the first step of a fit and after each of them; a dot at the last."""
    low, high = min(values), max(values)
    margin = 0.06 * ((high - low) or abs(high) or 1.0)
    low, high = low - margin, high + margin
    x, y = scale(0, max(len(values) - 1, 1), LEFT, WIDTH - RIGHT), scale(low, high, HEIGHT - BOTTOM, TOP)
    points = [(x(n), y(value)) for n, value in enumerate(values)]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    parts = [
        f'<polyline points="{line}" fill="none" stroke="{AFTER}" stroke-width="2.2" stroke-linejoin="round"/>',
        f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="3" fill="{AFTER}"/>',
    ]
    return chart(parts, x, y, ticks(0, max(len(values) - 1, 1)), ticks(low, high), "step of the fit to this pair", label)
