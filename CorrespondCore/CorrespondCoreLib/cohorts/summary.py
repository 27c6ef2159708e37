"""summary.csv of a cohort, one line per row of its table, and beside it the page index.html."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from CorrespondCoreLib.files import whole_file

from .index_page import INDEX, index_page
from .kind import CohortKind
from .table import CohortRow

SUMMARY = "summary.csv"
_DIGITS = 5


@dataclass
class Status:
    """How a row stands. state: waiting, done, failed or cancelled. kept: it was finished before. figures: see CohortKind."""

    row: CohortRow
    state: str
    reason: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    kept: bool = False


def write_summary(kind: CohortKind, rows: list[Status], output: Path, names: bool = False) -> None:
    """Write summary.csv and index.html into the folder of the cohort, each whole.

    Args:
        names: with the names of the input files, which may name a patient.

    Raises:
        OutputError: the folder cannot be written.
    """
    files = [role for role in kind.roles if any(role in status.row.files for status in rows)] if names else []
    with whole_file(output / SUMMARY) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "state", "reason", "check", "check_reasons", *kind.numbers, "report", *files])
        for status in rows:
            writer.writerow(_cells(kind, status, files))
    with whole_file(output / INDEX) as temporary:
        temporary.write_text(index_page(kind, rows), encoding="utf-8")


def _cells(kind: CohortKind, status: Status, files: list[str]) -> list[Any]:
    row, done = status.row, status.state == "done"
    check = ("yes" if status.figures["check"] else "no") if done else ""
    reasons = " ".join(status.figures.get("check_reasons", []))
    numbers = [_text(status.figures.get(name)) for name in kind.numbers]
    names = [row.files[role].name if role in row.files else "" for role in files]
    return [row.id, status.state, status.reason, check, reasons, *numbers, f"{row.id}/report.html" if done else "", *names]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)
