"""Charts as inline SVG: the frame with its axes, a legend, a color bar."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 38
Scale = Callable[[float], float]
BEFORE, AFTER, INK, FAINT = "#b9b4ab", "#0f6e84", "#3d4348", "#e4e1da"


def color_bar(colors: np.ndarray, low: float, high: float, label: str) -> str:
    """A horizontal color bar with its ends and middle named."""
    stops = "".join(f'<stop offset="{n / (len(colors) - 1):.3f}" stop-color="{rgb(c)}"/>' for n, c in enumerate(colors))
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


def chart(
    parts: list[str],
    x: Scale,
    y: Scale,
    ticks_x: Sequence[float] | Mapping[float, str],
    ticks_y: Sequence[float],
    label_x: str,
    label_y: str,
) -> str:
    """What is drawn in pixels, `parts`, on a grid with axes; ticks of x may have names of their own."""
    names = ticks_x if isinstance(ticks_x, Mapping) else {t: f"{t:.4g}" for t in ticks_x}
    bottom = HEIGHT - BOTTOM
    grid = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(t):.1f}" y2="{y(t):.1f}" stroke="{FAINT}"/>' for t in ticks_y]
    numbers = [f'<text x="{LEFT - 6}" y="{y(t) + 4:.1f}" text-anchor="end">{t:.4g}</text>' for t in ticks_y]
    numbers += [f'<text x="{x(t):.1f}" y="{bottom + 15}" text-anchor="middle">{escape(name)}</text>' for t, name in names.items()]
    axis = f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" stroke="{INK}"/>'
    middle_x, middle_y = (LEFT + WIDTH - RIGHT) / 2, (TOP + bottom) / 2
    labels = (
        f'<text x="{middle_x}" y="{HEIGHT - 5}" text-anchor="middle">{escape(label_x)}</text>'
        f'<text x="12" y="{middle_y}" text-anchor="middle" transform="rotate(-90 12 {middle_y})">{escape(label_y)}</text>'
    )
    body = "".join(grid + parts + [axis] + numbers) + labels
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label_x)}">{body}</svg>'


def legend(name: str, color: str, x: float, y: float) -> str:
    mark = f'<rect x="{x}" y="{y - 8}" width="14" height="4" rx="2" fill="{color}"/>'
    return f'{mark}<text x="{x + 20}" y="{y - 2}">{escape(name)}</text>'


def scale(low: float, high: float, first: float, last: float) -> Scale:
    """The function that takes values low ... high to pixels first ... last."""
    span = (high - low) or 1.0
    return lambda value: first + (value - low) / span * (last - first)


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers between low and high."""
    span = max(high - low, 1e-9)
    step = 10 ** np.floor(np.log10(span / 4))
    step *= min((1, 2, 2.5, 5, 10), key=lambda m: abs(span / (step * m) - 4))
    return [float(t) for t in np.arange(np.ceil(low / step) * step, high + 1e-9, step)]


def rgb(color: np.ndarray) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(int(round(v)) for v in color))
