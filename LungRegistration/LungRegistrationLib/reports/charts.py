"""Charts as inline SVG: histogram, cumulative curves, errors before and after, the course of a fit, a color bar."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from .pictures import color_of

WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 38
Scale = Callable[[float], float]
BEFORE, AFTER, INK, FAINT = "#b9b4ab", "#0f6e84", "#3d4348", "#e4e1da"


def histogram_chart(edges: Sequence[float], counts: Sequence[int], colors: np.ndarray, window: tuple[float, float]) -> str:
    """Bars in the colors of the map beside which the histogram stands; a line at 1."""
    counts_array = np.asarray(counts, float)
    share = 100 * counts_array / max(counts_array.sum(), 1)
    x, y = _scale(edges[0], edges[-1], LEFT, WIDTH - RIGHT), _scale(0, max(share.max(), 1e-9), HEIGHT - BOTTOM, TOP)
    bars = [
        f'<rect x="{x(a):.1f}" y="{y(s):.1f}" width="{x(b) - x(a):.2f}" height="{y(0) - y(s):.1f}" fill="{_rgb(color)}"/>'
        for a, b, s, color in zip(
            edges[:-1], edges[1:], share, color_of((np.add(edges[:-1], edges[1:])) / 2, colors, *window), strict=True
        )
        if s > 0
    ]
    marks = [f'<line x1="{x(1):.1f}" x2="{x(1):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="{INK}" stroke-dasharray="3 3"/>']
    return _chart(bars + marks, x, y, _ticks(edges[0], edges[-1]), _ticks(0, share.max()), "det J in the lung", "% of voxels")


def cumulative_chart(curves: Sequence[tuple[str, Sequence[float], Sequence[float], str]], largest_mm: float) -> str:
    """Curves (name, mm, percent, color) of the percentage of points with an error of at most x mm."""
    x, y = _scale(0, largest_mm, LEFT, WIDTH - RIGHT), _scale(0, 100, HEIGHT - BOTTOM, TOP)
    parts = []
    for n, (name, mm, percent, color) in enumerate(curves):
        inside = [(a, b) for a, b in zip(mm, percent, strict=True) if a <= largest_mm]
        inside.append((largest_mm, float(np.interp(largest_mm, mm, percent))))
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in inside)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2.2" stroke-linejoin="round"/>')
        parts.append(_legend(name, color, WIDTH - 150, HEIGHT - BOTTOM - 44 + 16 * n))
    return _chart(parts, x, y, _ticks(0, largest_mm), [0, 25, 50, 75, 100], "error in mm", "% of points")


def before_after_chart(
    before: Sequence[float], after: Sequence[float], of: str = "landmarks, sorted by their error before"
) -> str:
    """Each landmark (or what `of` names) as a dot after and a short line up to its error before, sorted by the error before."""
    order = np.argsort(before)
    top = 1.15 * float(max(np.max(before), np.max(after)))  # room for the legend
    x, y = _scale(-0.5, len(order) - 0.5, LEFT, WIDTH - RIGHT), _scale(0, top, HEIGHT - BOTTOM, TOP)
    radius = 2.6 if len(order) <= 60 else 1.6
    parts = []
    for n, i in enumerate(order):
        parts.append(f'<line x1="{x(n):.1f}" x2="{x(n):.1f}" y1="{y(after[i]):.1f}" y2="{y(before[i]):.1f}" stroke="{FAINT}"/>')
        parts.append(f'<circle cx="{x(n):.1f}" cy="{y(before[i]):.1f}" r="{radius}" fill="{BEFORE}"/>')
        parts.append(f'<circle cx="{x(n):.1f}" cy="{y(after[i]):.1f}" r="{radius}" fill="{AFTER}"/>')
    parts += [_legend("before", BEFORE, LEFT + 8, TOP + 10), _legend("after", AFTER, LEFT + 88, TOP + 10)]
    return _chart(parts, x, y, [], _ticks(0, top), of, "error in mm")


def course_chart(values: Sequence[float], label: str) -> str:
    """A value before the first step of a fit and after each of them; a dot at the last."""
    low, high = min(values), max(values)
    margin = 0.06 * ((high - low) or abs(high) or 1.0)
    low, high = low - margin, high + margin
    x, y = _scale(0, max(len(values) - 1, 1), LEFT, WIDTH - RIGHT), _scale(low, high, HEIGHT - BOTTOM, TOP)
    points = [(x(n), y(value)) for n, value in enumerate(values)]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    parts = [
        f'<polyline points="{line}" fill="none" stroke="{AFTER}" stroke-width="2.2" stroke-linejoin="round"/>',
        f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="3" fill="{AFTER}"/>',
    ]
    return _chart(parts, x, y, _ticks(0, max(len(values) - 1, 1)), _ticks(low, high), "step of the fit to this pair", label)


def color_bar(colors: np.ndarray, low: float, high: float, label: str) -> str:
    """A horizontal color bar with its ends and middle named."""
    stops = "".join(f'<stop offset="{n / (len(colors) - 1):.3f}" stop-color="{_rgb(c)}"/>' for n, c in enumerate(colors))
    name = f"bar-{zlib.crc32(label.encode())}"
    texts = "".join(
        f'<text x="{px}" y="30" text-anchor="{anchor}">{value:.4g}</text>'
        for px, anchor, value in ((1, "start", low), (120, "middle", (low + high) / 2), (239, "end", high))
    )
    return (
        f'<svg class="bar" viewBox="0 0 240 48" role="img" aria-label="{escape(label)}"><defs><linearGradient id="{name}">{stops}'
        f'</linearGradient></defs><rect x="0.5" y="4" width="239" height="12" rx="3" fill="url(#{name})" stroke="{FAINT}"/>'
        f'{texts}<text x="120" y="45" text-anchor="middle">{escape(label)}</text></svg>'
    )


def _chart(
    parts: list[str], x: Scale, y: Scale, ticks_x: Sequence[float], ticks_y: Sequence[float], label_x: str, label_y: str
) -> str:
    bottom = HEIGHT - BOTTOM
    grid = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(t):.1f}" y2="{y(t):.1f}" stroke="{FAINT}"/>' for t in ticks_y]
    numbers = [f'<text x="{LEFT - 6}" y="{y(t) + 4:.1f}" text-anchor="end">{t:.4g}</text>' for t in ticks_y]
    numbers += [f'<text x="{x(t):.1f}" y="{bottom + 15}" text-anchor="middle">{t:.4g}</text>' for t in ticks_x]
    axis = f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" stroke="{INK}"/>'
    middle_x, middle_y = (LEFT + WIDTH - RIGHT) / 2, (TOP + bottom) / 2
    labels = (
        f'<text x="{middle_x}" y="{HEIGHT - 5}" text-anchor="middle">{escape(label_x)}</text>'
        f'<text x="12" y="{middle_y}" text-anchor="middle" transform="rotate(-90 12 {middle_y})">{escape(label_y)}</text>'
    )
    body = "".join(grid + parts + [axis] + numbers) + labels
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label_x)}">{body}</svg>'


def _legend(name: str, color: str, x: float, y: float) -> str:
    mark = f'<rect x="{x}" y="{y - 8}" width="14" height="4" rx="2" fill="{color}"/>'
    return f'{mark}<text x="{x + 20}" y="{y - 2}">{escape(name)}</text>'


def _scale(low: float, high: float, first: float, last: float) -> Scale:
    """The function that takes values low ... high to pixels first ... last."""
    span = (high - low) or 1.0
    return lambda value: first + (value - low) / span * (last - first)


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers between low and high."""
    span = max(high - low, 1e-9)
    step = 10 ** np.floor(np.log10(span / 4))
    step *= min((1, 2, 2.5, 5, 10), key=lambda m: abs(span / (step * m) - 4))
    return [float(t) for t in np.arange(np.ceil(low / step) * step, high + 1e-9, step)]


def _rgb(color: np.ndarray) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(int(round(v)) for v in color))
