"""comparison.html: a curve and a table per test set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from CorrespondCoreLib import __version__
from CorrespondCoreLib.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart, scale, ticks
from CorrespondCoreLib.provenance import STATEMENT
from CorrespondCoreLib.report_page import number, page, table

from .protocol import METHODS, ComparisonProtocol

COLORS = ("#0f6e84", "#c4572e", "#7a5195", "#3b7d3b", "#b58900", "#8a8f98", "#1f4e9c", "#a33f6b")
LEAST_MM2 = 0.01  # on the axis of areas
HEAD = ("Labels", "Method", "Seeds", "Dice", "Area difference, mm²", "Plateau", "p (Dice)", "p (area)")
NOTE = (
    "Mean and standard deviation over eyes and seeds. p: Wilcoxon's signed-rank test against {reference}, Bonferroni's "
    "correction. A method whose trainings did not all reach a plateau is not converged: its place in the table is no ranking. "
    "{phantom}"
)
BUILT_IN = (
    "On phantoms a gain by pretraining is partly built in: the fundus images are made from the same eye model as the scans and "
    "masks."
)


def comparison_page(protocol: ComparisonProtocol, rows: Sequence[dict[str, Any]], runs: tuple[int, int]) -> str:
    """The page as HTML text; `runs`: made, and all."""
    parts = []
    phantom = protocol.data.source == "phantom"
    note = NOTE.format(reference=METHODS[protocol.reference].title, phantom=BUILT_IN if phantom else "")
    for test in protocol.tests:
        of_test = [row for row in rows if row["test"] == test.name]
        figures = "".join(
            f"<figure><figcaption>{title}, {test.name}</figcaption>{_chart(of_test, key, label)}</figure>"
            for key, title, label in (("dice", "Dice", "Dice"), ("area_difference_mm2", "Area difference", "mm²"))
        )
        if of_test:
            shown = table(test.name, HEAD, [_cells(r) for r in of_test], note)
            parts += [f'<section class="charts">{figures}</section>', _legend(of_test), shown]
    facts = [f"{runs[0]} of {runs[1]} trainings", protocol.data.source, f"Correspond {__version__}"]
    return page(protocol.title, facts, STATEMENT, parts)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    settled = "yes" if _settled(row) else f"not converged ({row['converged']} of {row['runs']})"
    return (
        f"{100 * row['fraction']:g} %",
        row["method"],
        str(row["seeds"]),
        f"{row['dice']:.3f} ± {row['dice_std']:.3f}",
        f"{row['area_difference_mm2']:.2f} ± {row['area_difference_std_mm2']:.2f}",
        settled,
        number(row["p_dice"], ".2g"),
        number(row["p_area_difference"], ".2g"),
    )


def _chart(rows: Sequence[dict[str, Any]], key: str, label: str) -> str:
    """A line per method over the shares of labels, which stand at equal distances; areas on a logarithmic axis."""
    shares = sorted({row["fraction"] for row in rows})
    x = scale(0, max(len(shares) - 1, 1), LEFT + 10, WIDTH - RIGHT - 10)
    if key == "dice":
        y, ticks_y = scale(0, 1, HEIGHT - BOTTOM, TOP), ticks(0, 1)
    else:
        exponents = [math.log10(max(row[key], LEAST_MM2)) for row in rows]
        first, last = math.floor(min(exponents)), max(math.ceil(max(exponents)), math.floor(min(exponents)) + 1)
        height = scale(first, last, HEIGHT - BOTTOM, TOP)
        y, ticks_y = lambda value: height(math.log10(max(value, LEAST_MM2))), [10.0**n for n in range(first, last + 1)]
    parts = []
    for method, color in _colors(rows).items():
        of_method = [(x(shares.index(row["fraction"])), y(row[key]), row) for row in rows if row["method"] == method]
        parts.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b, _ in of_method)}" fill="none" stroke="{color}"/>')
        parts += [
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{color if _settled(row) else "#fff"}" stroke="{color}"/>'
            for a, b, row in of_method
        ]
    return chart(parts, x, y, {n: f"{100 * share:g} %" for n, share in enumerate(shares)}, ticks_y, "share of the labels", label)


def _colors(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    return dict(zip(dict.fromkeys(row["method"] for row in rows), COLORS, strict=False))


def _legend(rows: Sequence[dict[str, Any]]) -> str:
    keys = (
        f'<span class="key"><i style="background:{color}"></i>{escape(name)}</span> ' for name, color in _colors(rows).items()
    )
    return f'<p class="legend">{"".join(keys)}Hollow: not converged.</p>'


def _settled(row: dict[str, Any]) -> bool:
    return row["converged"] == row["runs"]
