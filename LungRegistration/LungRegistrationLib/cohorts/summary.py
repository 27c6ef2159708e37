"""summary.csv of a cohort, one line per pair, and beside it the page index.html."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from CorrespondCoreLib.files import whole_file

from .figures import FIGURES
from .index_page import INDEX, index_page
from .table import ROLES, CohortPair

SUMMARY = "summary.csv"
NUMBERS = (*FIGURES, "volume_change_percent")
_DIGITS = 5


@dataclass
class Row:
    """How a pair stands. state: waiting, done, failed or cancelled. kept: it was finished before. figures: see figures.py."""

    pair: CohortPair
    state: str
    reason: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    kept: bool = False


def write_summary(rows: list[Row], output: Path, names: bool = False) -> None:
    """Write summary.csv and index.html into the folder of the cohort, each whole.

    Args:
        names: with the names of the input files, which may name a patient.

    Raises:
        OutputError: the folder cannot be written.
    """
    files = [role for role in ROLES if any(getattr(row.pair.files, role) for row in rows)] if names else []
    with whole_file(output / SUMMARY) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "state", "reason", "check", "check_reasons", *NUMBERS, "report", *files])
        for row in rows:
            writer.writerow(_cells(row, files))
    with whole_file(output / INDEX) as temporary:
        temporary.write_text(index_page(rows), encoding="utf-8")


def _cells(row: Row, files: list[str]) -> list[Any]:
    done = row.state == "done"
    check = ("yes" if row.figures["check"] else "no") if done else ""
    numbers = [_text(row.figures.get(name)) for name in NUMBERS]
    names = [path.name if (path := getattr(row.pair.files, role)) else "" for role in files]
    report = f"{row.pair.id}/report.html" if done else ""
    return [row.pair.id, row.state, row.reason, check, " ".join(row.figures.get("check_reasons", [])), *numbers, report, *names]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)
