"""index.html of a cohort: all rows on one page, each with its figures and its report. Needs no other file and no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from CorrespondCoreLib import __version__
from CorrespondCoreLib.provenance import STATEMENT
from CorrespondCoreLib.report_page import document, tiles

from .kind import CohortKind, Tile

if TYPE_CHECKING:
    from .summary import Status

INDEX = "index.html"
SECONDS = Tile("seconds", "each, mean", ".0f", " s")
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


def index_page(kind: CohortKind, rows: Sequence[Status]) -> str:
    """The page as HTML text. Ids, states, reasons and figures; no names of files."""
    done = [row for row in rows if row.state == "done"]
    chart = kind.chart([row.figures for row in done]) if kind.chart else ""
    body = _header(kind) + _banner(kind, rows) + _tiles(kind, rows, done) + _table(kind, rows, done) + chart
    return document(kind.title, body, _STYLE)


def _header(kind: CohortKind) -> str:
    return (
        f"<header><h1>{escape(kind.title)}</h1><p>Correspond {escape(__version__)}</p>"
        f'<p class="notice">{escape(STATEMENT)}</p></header>'
    )


def _banner(kind: CohortKind, rows: Sequence[Status]) -> str:
    states = Counter(row.state for row in rows)
    checks = sum(bool(row.figures.get("check")) for row in rows)
    parts = [f"{states['failed']} failed"] if states["failed"] else []
    parts += [f"{checks} to be checked"] if checks else []
    left = states["waiting"] + states["cancelled"]
    parts += [f"{left} not done yet"] if left else []
    if parts:
        return f'<section class="banner bad"><b>{kind.counted(len(rows))}: {", ".join(parts)}.</b></section>'
    return f'<section class="banner good"><b>{kind.counted(len(rows))}: all done, none with a sign of failure.</b></section>'


def _tiles(kind: CohortKind, rows: Sequence[Status], done: Sequence[Status]) -> str:
    entries = [(f"{len(done)} of {len(rows)}", f"{kind.item}s done", f"{sum(row.kept for row in done)} of them before this run")]
    for tile in (*kind.tiles, SECONDS):
        values = _values(done, tile.figure)
        if values.size:
            mean, least, most = (format(value, tile.form) for value in (values.mean(), values.min(), values.max()))
            entries.append((f"{mean}{tile.unit}", tile.what, f"{least} to {most}{tile.unit}"))
    return tiles(entries)


def _table(kind: CohortKind, rows: Sequence[Status], done: Sequence[Status]) -> str:
    names = [name for name in kind.columns if any(row.figures.get(name) is not None for row in rows)]
    head = "".join(f"<th>{escape(text)}</th>" for text in (kind.item, "state", *(kind.columns[name][0] for name in names)))
    body = "".join(_line(kind, row, names) for row in rows)
    note = f"<p class='note'>{kind.note}</p>" if kind.note else ""
    return (
        f'<section><h2>{kind.item.capitalize()}s</h2><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody>{_foot(kind, done, names)}</table></div>{note}</section>"
    )


def _line(kind: CohortKind, status: Status, names: Sequence[str]) -> str:
    title = escape(status.row.id)
    if status.state != "done":
        state = (
            '<td class="failed">failed</td>'
            if status.state == "failed"
            else f"<td>{'not done' if status.state == 'waiting' else status.state}</td>"
        )
        return f'<tr><td>{title}</td>{state}<td class="reason" colspan="{max(len(names), 1)}">{escape(status.reason)}</td></tr>'
    reasons = escape(" ".join(status.figures["check_reasons"]), quote=True)
    state = f'<td class="check" title="{reasons}">check</td>' if status.figures["check"] else '<td class="good">done</td>'
    numbers = "".join(f"<td>{_number(status.figures.get(name), kind.columns[name][1])}</td>" for name in names)
    return f'<tr><td><a href="{quote(status.row.id)}/report.html">{title}</a></td>{state}{numbers}</tr>'


def _foot(kind: CohortKind, done: Sequence[Status], names: Sequence[str]) -> str:
    if len(done) < 2:
        return ""
    lines = ""
    for title, measure in (("mean", np.mean), ("standard deviation", np.std)):
        form = {name: kind.columns[name][1] if measure is np.mean else kind.columns[name][1].lstrip("+") for name in names}
        cells = (_number(_measured(measure, _values(done, name)), form[name]) for name in names)
        lines += f"<tr><td>{title}</td><td></td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    return f"<tfoot>{lines}</tfoot>"


def _measured(measure: Any, values: np.ndarray) -> float | None:
    return float(measure(values)) if values.size else None


def _values(rows: Sequence[Status], name: str) -> np.ndarray:
    return np.array([value for row in rows if (value := row.figures.get(name)) is not None], float)


def _number(value: Any, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"
