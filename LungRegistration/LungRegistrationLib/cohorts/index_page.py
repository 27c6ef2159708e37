"""index.html of a cohort: all pairs on one page, each with its figures and its report. Needs no other file and no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from CorrespondCoreLib import __version__
from CorrespondCoreLib.provenance import STATEMENT
from CorrespondCoreLib.report_style import STYLE

from ..reports.charts import before_after_chart

if TYPE_CHECKING:
    from .summary import Row

INDEX = "index.html"
COLUMNS = {
    "tre_before_mm": ("error before, mm", ".2f"),
    "tre_mm": ("landmark error, mm", ".2f"),
    "tre_p90_mm": ("90 % below, mm", ".2f"),
    "keypoint_tre_median_mm": ("keypoints, mm", ".2f"),
    "expected_error_mm": ("expected error, mm", ".1f"),
    "folding_lung_percent": ("folding in lung, %", ".3g"),
    "dice_before": ("Dice before", ".3f"),
    "dice": ("Dice", ".3f"),
    "volume_change_percent": ("volume change, %", "+.1f"),
    "ventilation_median": ("ventilation", ".2f"),
    "seconds": ("time, s", ".0f"),
    "memory_gb": ("memory, GB", ".1f"),
}
"""What the table shows of the figures: heading and number format."""
_STYLE = """
main { max-width: 1400px; }
td.failed, td.check { color: #8a4b1d; font-weight: 600; text-align: left; }
td.reason { text-align: left; white-space: normal; }
td.good { color: #1d5c3a; text-align: left; }
th { white-space: normal; vertical-align: bottom; }
th:nth-child(2) { text-align: left; }
tfoot td { color: var(--soft); }
tfoot tr:first-child td { border-top: 2px solid var(--ink); }
a { color: var(--accent); }
.charts figure { max-width: 460px; }
"""


def index_page(rows: Sequence[Row]) -> str:
    """The page as HTML text. Ids, states, reasons and figures of the pairs; no names of files."""
    body = _header() + _banner(rows) + _tiles(rows) + _table(rows) + _chart(rows)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Lung registration cohort</title><style>{STYLE}{_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def _header() -> str:
    return (
        f"<header><h1>Lung registration cohort</h1><p>Correspond {escape(__version__)}</p>"
        f'<p class="notice">{escape(STATEMENT)}</p></header>'
    )


def _banner(rows: Sequence[Row]) -> str:
    states = Counter(row.state for row in rows)
    checks = sum(bool(row.figures.get("check")) for row in rows)
    pairs = f"{len(rows)} pair{'s' if len(rows) > 1 else ''}"
    parts = [f"{states['failed']} failed"] if states["failed"] else []
    parts += [f"{checks} to be checked"] if checks else []
    left = states["waiting"] + states["cancelled"]
    parts += [f"{left} not done yet"] if left else []
    if parts:
        return f'<section class="banner bad"><b>{pairs}: {", ".join(parts)}.</b></section>'
    return f'<section class="banner good"><b>{pairs}: all done, none with a sign of failure.</b></section>'


def _tiles(rows: Sequence[Row]) -> str:
    done = [row for row in rows if row.state == "done"]
    tiles = [(f"{len(done)} of {len(rows)}", "pairs done", f"{sum(row.kept for row in done)} of them before this run")]
    for name, what, form, unit in (
        ("tre_mm", "mean landmark error", ".2f", " mm"),
        ("keypoint_tre_median_mm", "median error of keypoints, mean of pairs", ".2f", " mm"),
        ("folding_lung_percent", "folding in the lung, mean", ".3g", " %"),
        ("dice", "Dice of the lungs, mean", ".3f", ""),
        ("seconds", "per pair, mean", ".0f", " s"),
    ):
        values = _values(done, name)
        if values.size:
            tiles.append((f"{values.mean():{form}}{unit}", what, f"{values.min():{form}} to {values.max():{form}}{unit}"))
    texts = (
        f'<div class="tile"><strong>{escape(value)}</strong><span>{escape(what)}</span><small>{escape(hint)}</small></div>'
        for value, what, hint in tiles
    )
    return f'<section class="tiles">{"".join(texts)}</section>'


def _chart(rows: Sequence[Row]) -> str:
    pairs = [row.figures for row in rows if row.figures.get("tre_mm") is not None]
    if len(pairs) < 2:
        return ""
    before, after = ([figures[name] for figures in pairs] for name in ("tre_before_mm", "tre_mm"))
    svg = before_after_chart(before, after, of="pairs, sorted by their landmark error before")
    return f'<section class="charts"><figure><figcaption>Mean landmark error of each pair</figcaption>{svg}</figure></section>'


def _table(rows: Sequence[Row]) -> str:
    names = [name for name in COLUMNS if any(row.figures.get(name) is not None for row in rows)]
    head = "".join(f"<th>{escape(text)}</th>" for text in ("pair", "state", *(COLUMNS[name][0] for name in names)))
    body = "".join(_line(row, names) for row in rows)
    foot = _foot([row for row in rows if row.state == "done"], names)
    return (
        f'<section><h2>Pairs</h2><div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>{foot}</table>'
        "</div><p class='note'>Landmark error: mean over the pair's landmarks. Folding: voxels with det J of 0 or below. Volume "
        "change: of the lung, fixed to moving. Ventilation: from expiration to inspiration, median, as part of the volume at "
        "expiration. Look at the overlays of the reports, of the pairs without a sign of failure too.</p></section>"
    )


def _line(row: Row, names: Sequence[str]) -> str:
    pair = escape(row.pair.id)
    if row.state != "done":
        state = (
            '<td class="failed">failed</td>'
            if row.state == "failed"
            else f"<td>{'not done' if row.state == 'waiting' else row.state}</td>"
        )
        return f'<tr><td>{pair}</td>{state}<td class="reason" colspan="{max(len(names), 1)}">{escape(row.reason)}</td></tr>'
    reasons = escape(" ".join(row.figures["check_reasons"]), quote=True)
    state = f'<td class="check" title="{reasons}">check</td>' if row.figures["check"] else '<td class="good">done</td>'
    numbers = "".join(f"<td>{_number(row.figures.get(name), COLUMNS[name][1])}</td>" for name in names)
    return f'<tr><td><a href="{quote(row.pair.id)}/report.html">{pair}</a></td>{state}{numbers}</tr>'


def _foot(done: Sequence[Row], names: Sequence[str]) -> str:
    if len(done) < 2:
        return ""
    lines = ""
    for title, measure in (("mean", np.mean), ("standard deviation", np.std)):
        form = {name: COLUMNS[name][1] if measure is np.mean else COLUMNS[name][1].lstrip("+") for name in names}
        cells = (_number(_measured(measure, _values(done, name)), form[name]) for name in names)
        lines += f"<tr><td>{title}</td><td></td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    return f"<tfoot>{lines}</tfoot>"


def _measured(measure: Any, values: np.ndarray) -> float | None:
    return float(measure(values)) if values.size else None


def _values(rows: Sequence[Row], name: str) -> np.ndarray:
    return np.array([value for row in rows if (value := row.figures.get(name)) is not None], float)


def _number(value: Any, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"
