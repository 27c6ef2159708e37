"""The benchmark's table as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path

COLUMNS = {
    "program": "program",
    "pair": "pair",
    "wall_s": "wall s",
    "cpu_s": "CPU s",
    "peak_gb": "peak GB",
    "tre_mean": "TRE mean mm",
    "tre_standard_error": "± s.e.",
    "tre_median": "median",
    "tre_p75": "p75",
    "tre_p90": "p90",
    "tre_max": "max",
    "folding_lung_percent": "folding % lung",
    "folding_everywhere_percent": "everywhere",
    "dense_mean": "dense mm mean",
    "dense_p95": "p95",
    "jacobian_r": "det J r",
    "jacobian_slope": "slope",
    "jacobian_mae": "MAE",
    "jacobian_r_near_pleura": "r near pleura",
    "jacobian_mae_near_pleura": "MAE near pleura",
    "p_value": "p (Wilcoxon, Bonferroni)",
    "reason": "not run",
}


def markdown(rows: list[dict]) -> str:
    """A Markdown table; columns without any value are left out."""
    keys = [key for key in COLUMNS if any(row.get(key) not in (None, "") for row in rows)]
    lines = [" | ".join(COLUMNS[key] for key in keys), " | ".join("---" for _ in keys)]
    lines += [" | ".join(_text(row.get(key)) for key in keys) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def write(rows: list[dict], folder: Path) -> None:
    """Write table.md, table.csv and table.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(markdown(rows) + "\n", encoding="utf-8")
    (folder / "table.json").write_text(json.dumps(rows, indent=2), encoding="utf-8")
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(COLUMNS), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
