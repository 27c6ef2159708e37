"""The table of a cohort: what it consists of, and where the files are.

One row per item, with a header. Columns: id, those with paths (relative to the table's folder), and those with a word; empty
cells are not given. Separated by commas, semicolons or tabs; UTF-8.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .kind import CohortKind

MAXIMUM_ID = 100  # characters; some systems end paths at 260

_SHOWN_PROBLEMS = 20
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_TAKEN = ("summary.csv", "index.html")


@dataclass(frozen=True)
class CohortRow:
    """One row of the table.

    id: name of its folder. line: where it stands. files: role -> absolute path. words: column -> word, defaults included.
    """

    id: str
    line: int
    files: dict[str, Path]
    words: dict[str, str]


def read_rows(
    kind: CohortKind, table: str | Path, defaults: Mapping[str, str] | None = None, progress: Progress | None = None
) -> list[CohortRow]:
    """Read and check the table of a cohort; warns of columns that are not used.

    Args:
        table: CSV file.
        defaults: words of rows that do not say them.

    Raises:
        InputError: all that is wrong, with line numbers: columns, absent files, ids that are double or no folder names.
    """
    table = Path(table).expanduser().absolute()
    rows = _rows(kind, table, progress or Progress())
    found: list[CohortRow] = []
    problems: list[str] = []
    lines: dict[str, int] = {}
    for line, cells in rows:
        wrong = _problems(kind, cells, table.parent)
        first = lines.setdefault(cells["id"].casefold(), line)
        if cells["id"] and first != line:
            wrong.append(f'the id "{cells["id"]}" stands in line {first} already (capitals do not count)')
        problems += [f"line {line}: {problem}." for problem in wrong]
        files = {role: (table.parent / Path(cells[role]).expanduser()).absolute() for role in kind.roles if cells.get(role)}
        words = {**(defaults or {}), **{name: cells[name] for name in kind.words if cells.get(name)}}
        found.append(CohortRow(cells["id"], line, files, words))
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        listed = "\n".join(problems[:_SHOWN_PROBLEMS]) + (f"\nand {more} more." if more > 0 else "")
        raise InputError(f"The table {table.name} cannot be used:\n{listed}")
    if not found:
        raise InputError(f"The table {table.name} has no rows: each {kind.item} needs one, with {_listed(('id', *kind.needed))}.")
    return found


def _rows(kind: CohortKind, table: Path, progress: Progress) -> list[tuple[int, dict[str, str]]]:
    """Line numbers and cells of all rows that are not blank, cells by column."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"The table {table} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The table {table.name} is not UTF-8 text: save it as CSV (UTF-8).") from error
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(kind, header, table, progress)
        rows = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                raise InputError(
                    f"The table {table.name} has {len(cells)} cells in line {reader.line_num}, its header {len(header)}."
                )
            cells += [""] * (len(header) - len(cells))
            rows.append((reader.line_num, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}))
    except csv.Error as error:
        raise InputError(f"The table {table.name} cannot be read in line {reader.line_num}: {error}.") from error
    return rows


def _check_header(kind: CohortKind, header: list[str], table: Path, progress: Progress) -> None:
    needed = ("id", *kind.needed)
    missing = [name for name in needed if name not in header]
    if missing:
        raise InputError(
            f"The table {table.name} has no column {', '.join(missing)} in line 1. It needs {_listed(needed)}, and may have "
            f"{', '.join(name for name in kind.table_columns if name not in needed)}."
        )
    double = sorted({name for name in header if name and header.count(name) > 1})
    if double:
        raise InputError(f"The table {table.name} has the column {', '.join(double)} more than once in line 1.")
    unknown = [name for name in header if name not in kind.table_columns]
    if unknown:
        known = ", ".join(kind.table_columns)
        progress.warning(f"Columns of {table.name} that are not used: {', '.join(unknown)}. Known are {known}.")


def _problems(kind: CohortKind, cells: Mapping[str, str], folder: Path) -> list[str]:
    """What is wrong with one row."""
    found = [f"{name} is empty" for name in ("id", *kind.needed) if not cells[name]]
    if cells["id"]:
        found += _id_problems(cells["id"])
    for role in kind.roles:
        path = cells.get(role)
        if path and not (folder / Path(path).expanduser()).exists():
            found.append(f"{role}: {folder / path} does not exist")
    for name, words in kind.words.items():
        if cells.get(name) and cells[name] not in words:
            found.append(f'{name} is "{cells[name]}"; it must be {" or ".join(words)}')
    return found


def _id_problems(name: str) -> list[str]:
    """Why an id cannot be the name of a folder on every system."""
    if _FORBIDDEN.search(name):
        return [f'the id "{name}" has one of the characters < > : " / \\ | ? *, which folder names must not have']
    if name.startswith(".") or name.endswith("."):
        return [f'the id "{name}" begins or ends with a dot, which folder names must not']
    if _DEVICES.fullmatch(name) or name.casefold() in _TAKEN:
        return [f'the id "{name}" is a reserved name; choose another']
    return [f"the id is longer than {MAXIMUM_ID} characters"] if len(name) > MAXIMUM_ID else []


def _listed(names: tuple[str, ...]) -> str:
    """id, fixed and moving."""
    return f"{', '.join(names[:-1])} and {names[-1]}"
