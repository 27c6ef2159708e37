"""A comparison from its protocol to its table, as the command line starts it; it goes on where it was stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from CorrespondCoreLib.devices import check_torch, pick_device
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_file, write_csv, write_json
from CorrespondCoreLib.json_objects import read_json_object
from CorrespondCoreLib.progress import Progress

from .page import comparison_page
from .protocol import ComparisonProtocol
from .runs import Comparison
from .table import COLUMNS, table_rows

PROTOCOL = "protocol.json"


def compare(
    protocol: ComparisonProtocol,
    output: str | Path,
    minutes: float | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make the runs of a protocol that are missing, and write protocol.json, comparison.csv and comparison.html.

    Args:
        output: folder; runs/ and trainings/ in it are kept, and gone on from.
        minutes: no further run is begun after these.

    Returns:
        runs (made, and all), rows: see `table.table_rows`, and the paths of the files.

    Raises:
        InputError: the folder holds another comparison. OutputError, MissingPackage, Cancelled.
    """
    check_torch()
    progress = progress or Progress()
    folder = check_output_folder(output)
    _same_protocol(protocol, folder)
    comparison = Comparison(protocol, folder, pick_device(device, progress), threads)
    missing, end = comparison.missing(), time.monotonic() + 60 * (minutes if minutes is not None else float("inf"))
    try:
        for n, run in enumerate(missing):
            if time.monotonic() > end:
                progress.warning(f"The time is over: {len(missing) - n} trainings are left. The same command makes them.")
                break
            comparison.make(run, progress.part(until=(n + 1) / len(missing)))
    finally:
        results = comparison.results()
        rows = table_rows(protocol, results)
        _write(protocol, folder, rows, (len(results), len(comparison.runs())))
    files = [str(folder / name) for name in (PROTOCOL, "comparison.csv", "comparison.html")]
    return {"runs": len(results), "all_runs": len(comparison.runs()), "rows": rows, "files": files}


def _same_protocol(protocol: ComparisonProtocol, folder: Path) -> None:
    """Write protocol.json, or refuse a folder that was begun with another one."""
    path = folder / PROTOCOL
    if path.is_file() and read_json_object(path, "protocol") != protocol.to_dict():
        raise InputError(f"{folder} holds a comparison with another protocol. Choose another folder.")
    write_json(path, protocol.to_dict())


def _write(protocol: ComparisonProtocol, folder: Path, rows: list[dict[str, Any]], runs: tuple[int, int]) -> None:
    with whole_file(folder / "comparison.csv") as file:
        write_csv(file, COLUMNS, [[row[name] for name in COLUMNS] for row in rows])
    with whole_file(folder / "comparison.html") as file:
        file.write_text(comparison_page(protocol, rows, runs), encoding="utf-8")
