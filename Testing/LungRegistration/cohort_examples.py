"""Small cohorts of phantom pairs, and the settings that register them in seconds."""

import csv
import json
from pathlib import Path

from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.datasets import write_phantom

QUICK = {
    "preset": "fast",
    "search_cell_mm": [24.0],
    "search_step_mm": [12.0],
    "search_range_mm": [36.0],
    "levels": [{"feature_spacing_mm": 12.0, "control_spacing_mm": 40.0, "iterations": 3}],
    "keypoints": False,
    "field_spacing_mm": 15.0,
}


def write_cohort(folder: Path, count: int, size: tuple[int, int, int], first_seed: int = 1) -> Path:
    """Phantom pairs p1, p2, ... with lung masks and landmarks, their table pairs.csv, and settings.json. Returns the table."""
    rows = []
    for n in range(1, count + 1):
        write_phantom(folder / f"scan{n}", size, first_seed + n - 1, Progress())
        names = ("fixed", "moving", "fixed_mask", "moving_mask")
        rows.append({"id": f"p{n}", **{name: f"scan{n}/{name}.nrrd" for name in names}, "landmarks": f"scan{n}/landmarks.csv"})
    (folder / "settings.json").write_text(json.dumps(QUICK), encoding="utf-8")
    return write_table(folder / "pairs.csv", rows)


def write_table(table: Path, rows: list[dict]) -> Path:
    with open(table, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return table


def table_rows(table: Path) -> list[dict[str, str]]:
    with open(table, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def batch(table: Path, output: Path, *options: str) -> list[str]:
    """The command that registers a cohort quickly."""
    settings = str(table.parent / "settings.json")
    return ["lung", "batch", str(table), "--output", str(output), "--settings", settings, "--device", "cpu", *options]
