"""PAIRS.csv: which pairs a cohort has, and where their files are.

One row per pair, with a header. Columns: id, fixed, moving; where wanted fixed_mask, moving_mask, fixed_lobes, moving_lobes,
landmarks, initial_transform (paths, relative to the table's folder) and fixed_is (inspiration or expiration). Empty cells are
not given. Separated by commas, semicolons or tabs; UTF-8.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from dataclasses import dataclass
from pathlib import Path

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..formats.pair_files import Files

ROLES = tuple(field.name for field in dataclasses.fields(Files))
NEEDED = ("id", "fixed", "moving")
COLUMNS = ("id", *ROLES, "fixed_is")
PHASES = ("inspiration", "expiration")
MAXIMUM_ID = 100  # characters; some systems end paths at 260

_SHOWN_PROBLEMS = 20
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_TAKEN = ("summary.csv", "index.html")


@dataclass(frozen=True)
class CohortPair:
    """One row of the table.

    id: name of its folder. line: where it stands. files: absolute paths. fixed_is: inspiration or expiration.
    """

    id: str
    line: int
    files: Files
    fixed_is: str


def read_pairs(table: str | Path, fixed_is: str = "inspiration", progress: Progress | None = None) -> list[CohortPair]:
    """Read and check the table of a cohort; warns of columns that are not used.

    Args:
        table: CSV file.
        fixed_is: for rows that do not say it.

    Raises:
        InputError: all that is wrong, with line numbers: columns, absent files, ids that are double or no folder names.
    """
    table = Path(table).expanduser().absolute()
    rows = _rows(table, progress or Progress())
    pairs: list[CohortPair] = []
    problems: list[str] = []
    lines: dict[str, int] = {}
    for line, row in rows:
        found = _problems(row, table.parent)
        first = lines.setdefault(row["id"].casefold(), line)
        if row["id"] and first != line:
            found.append(f'the id "{row["id"]}" stands in line {first} already (capitals do not count)')
        problems += [f"line {line}: {problem}." for problem in found]
        files = {role: (table.parent / Path(row[role]).expanduser()).absolute() for role in ROLES if row.get(role)}
        if not found:
            pairs.append(CohortPair(row["id"], line, Files(**files), row.get("fixed_is") or fixed_is))
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        listed = "\n".join(problems[:_SHOWN_PROBLEMS]) + (f"\nand {more} more." if more > 0 else "")
        raise InputError(f"The table {table.name} cannot be used:\n{listed}")
    if not pairs:
        raise InputError(f"The table {table.name} has no rows: each pair needs one, with id, fixed and moving.")
    return pairs


def _rows(table: Path, progress: Progress) -> list[tuple[int, dict[str, str]]]:
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
        _check_header(header, table, progress)
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


def _check_header(header: list[str], table: Path, progress: Progress) -> None:
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise InputError(
            f"The table {table.name} has no column {', '.join(missing)} in line 1. It needs id, fixed and moving, and may have "
            f"{', '.join(name for name in COLUMNS if name not in NEEDED)}."
        )
    double = sorted({name for name in header if name and header.count(name) > 1})
    if double:
        raise InputError(f"The table {table.name} has the column {', '.join(double)} more than once in line 1.")
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        progress.warning(f"Columns of {table.name} that are not used: {', '.join(unknown)}. Known are {', '.join(COLUMNS)}.")


def _problems(row: dict[str, str], folder: Path) -> list[str]:
    """What is wrong with one row."""
    found = [f"{name} is empty" for name in NEEDED if not row[name]]
    if row["id"]:
        found += _id_problems(row["id"])
    for role in ROLES:
        path = row.get(role)
        if path and not (folder / Path(path).expanduser()).exists():
            found.append(f"{role}: {folder / path} does not exist")
    if row.get("fixed_is") and row["fixed_is"] not in PHASES:
        found.append(f'fixed_is is "{row["fixed_is"]}"; it must be {" or ".join(PHASES)}')
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
