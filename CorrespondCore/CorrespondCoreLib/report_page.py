"""What the pages of reports share: frame, tiles, rows of pictures, tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from .pictures import Picture
from .report_style import STYLE


def document(title: str, body: str, style: str = "") -> str:
    """A whole page that needs no other file and no network; `body` is HTML, `style` is CSS beyond that of all pages."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def page(title: str, facts: Sequence[str], statement: str, parts: Sequence[str]) -> str:
    """A page with a header, see `document`."""
    line = " · ".join(escape(fact) for fact in facts if fact)
    header = f'<header><h1>{escape(title)}</h1><p>{line}</p><p class="notice">{escape(statement)}</p></header>'
    return document(title, header + "".join(parts))


def banner(check: dict, warnings: Sequence[str]) -> str:
    """Why somebody has to look, or that there is no such reason; and every other warning of the run."""
    others = [warning for warning in warnings if warning not in check["reasons"]]
    notes = f'<section class="banner note"><b>To know</b>{_listed(others)}</section>' if others else ""
    if not check["needed"]:
        good = '<section class="banner good"><b>No sign of failure was found.</b> Look at the pictures all the same.</section>'
        return good + notes
    return f'<section class="banner bad"><b>Check this result.</b>{_listed(check["reasons"])}</section>{notes}'


def _listed(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"


def tiles(entries: Sequence[tuple[str, str, str]]) -> str:
    """(value, what, hint) each in a box."""
    return f'<section class="tiles">{"".join(tile(*entry) for entry in entries)}</section>'


def tile(value: str, what: str, hint: str) -> str:
    """A large number, what it is, and a remark."""
    return f'<div class="tile"><strong>{escape(value)}</strong><span>{escape(what)}</span><small>{escape(hint)}</small></div>'


def picture_row(title: str, pictures: Sequence[Picture]) -> str:
    """Pictures side by side; legends are HTML already."""
    if not pictures:
        return ""
    figures = "".join(
        f'<figure><figcaption>{escape(p.title)}</figcaption><img src="{p.url}" alt="{escape(p.title)}">'
        f'<div class="legend">{p.legend}</div></figure>'
        for p in pictures
    )
    return f'<section class="pictures"><h2>{escape(title)}</h2><div class="row">{figures}</div></section>'


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> str:
    """A table under a heading; nothing without rows."""
    if not rows:
        return ""
    below = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{plain_table(head, rows)}{below}</section>"


def plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts, the first column being names."""
    headings = "".join(f"<th>{escape(h)}</th>" for h in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{headings}</tr></thead><tbody>{lines}</tbody></table></div>'


def made(facts: Sequence[tuple[str, str]]) -> str:
    """How it was made: (what, text) each in a line."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    return f"<section><h2>How it was made</h2><dl>{rows}</dl></section>"


def number(value: Any, form: str, unit: str = "") -> str:
    """A figure, or a dash where there is none."""
    return "–" if value is None or value != value else f"{value:{form}}{unit}"
