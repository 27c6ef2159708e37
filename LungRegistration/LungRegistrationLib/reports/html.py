"""Pieces of HTML that all pages share: the frame, tiles, tables, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from CorrespondCoreLib.report_style import STYLE


def document(title: str, body: str, style: str = "") -> str:
    """A whole page that needs no other file and no network; `body` is HTML, `style` is CSS beyond that of all pages."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def tile(value: str, what: str, hint: str) -> str:
    """A large number, what it is, and a remark."""
    return f'<div class="tile"><strong>{escape(value)}</strong><span>{escape(what)}</span><small>{escape(hint)}</small></div>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts, the first column being names."""
    headings = "".join(f"<th>{escape(h)}</th>" for h in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{headings}</tr></thead><tbody>{lines}</tbody></table></div>'


def number(value: Any, form: str, unit: str = "") -> str:
    """A formatted number with its unit; a dash where there is none."""
    return "–" if value is None else f"{value:{form}}{unit}"
