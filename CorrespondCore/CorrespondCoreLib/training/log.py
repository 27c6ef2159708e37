"""What a training writes down at every step: a CSV table, and TensorBoard's files where that package is installed."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import OutputError
from ..files import whole_file


class Table:
    """A CSV file with the column `step` first; every row is on disk once it is written.

    Args:
        path: the file; rows of an earlier run are kept up to `last_step`, those after it are made anew.
        columns: all but `step`.
        last_step: of the checkpoint from which the training goes on; 0 at the beginning.
    """

    def __init__(self, path: Path, columns: Sequence[str], last_step: int):
        rows = _rows_until(path, last_step) if path.is_file() else []
        with whole_file(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["step", *columns])
            writer.writerows(rows)
        self._file = open(path, "a", newline="", encoding="utf-8")  # noqa: SIM115 (closed by close)
        self._writer = csv.DictWriter(self._file, ["step", *columns])

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """Add a row.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            self._writer.writerow({"step": step, **{k: f"{v:.6g}" if isinstance(v, float) else v for k, v in values.items()}})
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"The table {self._file.name} cannot be written ({error.strerror or error}). Free some space on its disk and "
                "go on with --resume."
            ) from error

    def close(self) -> None:
        self._file.close()


class Log:
    """The tables steps.csv and validation.csv, and curves for TensorBoard.

    Args:
        steps, validation: columns of the two tables, all but `step`.
        last_step: see Table.
    """

    def __init__(self, folder: Path, steps: Sequence[str], validation: Sequence[str], last_step: int):
        self._steps = Table(folder / "steps.csv", steps, last_step)
        self._validation = Table(folder / "validation.csv", validation, last_step)
        self._board: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=last_step + 1)

    def step(self, step: int, values: Mapping[str, Any]) -> None:
        self._write(self._steps, "training", step, values)

    def validation(self, step: int, values: Mapping[str, Any]) -> None:
        self._write(self._validation, "validation", step, values)

    def close(self) -> None:
        self._steps.close()
        self._validation.close()
        if self._board is not None:
            self._board.close()

    def _write(self, table: Table, part: str, step: int, values: Mapping[str, Any]) -> None:
        table.write(step, values)
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(f"{part}/{name}", value, step)


def _rows_until(path: Path, last_step: int) -> list[list[str]]:
    """Rows of a table up to a step; a last row that a kill has cut is dropped."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    whole = [row for row in rows[1:] if len(row) == len(rows[0]) and row[0].isdigit()]
    return [row for row in whole if int(row[0]) <= last_step]
