"""What the cohorts of one library consist of: the columns of its table, the command for a row, the figures of a report."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Tile:
    """One large number on the page of a cohort: the mean of a figure, with its range."""

    figure: str
    what: str
    form: str
    unit: str = ""


@dataclass(frozen=True)
class CohortKind:
    """A kind of cohort. What can be called is a function at the top of a module: tasks travel to other computers.

    Attributes:
        library: Python package whose commands are run; its folder is made known to the child processes.
        item: what a row is ("pair", "scan"); its plural has an s.
        title: of the page.
        needed: columns with a path that every row must have; each is passed as an argument of the command, in this order.
        optional: columns with a path that may be empty; each is passed as an option of the same name.
        words: column -> the words that it may hold; passed as options of the same names.
        command: the first words of the command line.
        figures: report.json as a dict -> flat figures; among them "check" (bool) and "check_reasons" (list of sentences).
        numbers: figures that stand in summary.csv.
        columns: figures that stand in the table of the page -> heading, number format.
        tiles: at the head of the page.
        note: under the table of the page, HTML.
        chart: figures of the rows that are done -> HTML under the table.
    """

    library: str
    item: str
    title: str
    needed: tuple[str, ...]
    command: tuple[str, ...]
    figures: Callable[[Mapping[str, Any]], dict[str, Any]]
    numbers: tuple[str, ...]
    columns: Mapping[str, tuple[str, str]]
    optional: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tiles: tuple[Tile, ...] = ()
    note: str = ""
    chart: Callable[[Sequence[Mapping[str, Any]]], str] | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        """All columns with a path."""
        return (*self.needed, *self.optional)

    @property
    def table_columns(self) -> tuple[str, ...]:
        """All columns of the table."""
        return ("id", *self.roles, *self.words)

    @property
    def folder(self) -> Path:
        """The folder that holds the library, on the computer that asks."""
        return Path(str(importlib.import_module(self.library).__file__)).resolve().parents[1]

    def counted(self, number: int) -> str:
        """1 pair, 2 pairs."""
        return f"{number} {self.item}{'' if number == 1 else 's'}"
