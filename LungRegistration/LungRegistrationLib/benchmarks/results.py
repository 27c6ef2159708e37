"""The figures of a benchmark: a row per case from its report.json, means over cases and landmarks, results.csv."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.files import whole_file
from CorrespondCoreLib.metrics import mean_of_worst

from ..cohorts.figures import figures_of

FROM_FIGURES = {
    "landmarks": "landmarks",
    "initial_tre_mm": "tre_before_mm",
    "tre_mm": "tre_mm",
    "dice_before": "dice_before",
    "dice": "dice",
    "folding_lung_percent": "folding_lung_percent",
    "folding_everywhere_percent": "folding_everywhere_percent",
    "seconds": "seconds",
    "memory_gb": "memory_gb",
}
FROM_ERRORS = {
    "tre_std_mm": ("after", "std"),
    "tre_median_mm": ("after", "median"),
    "tre_p75_mm": ("after", "p75"),
    "tre_max_mm": ("after", "max"),
    "snapped_tre_mm": ("after_snapped_to_voxel", "mean"),
    "snapped_tre_std_mm": ("after_snapped_to_voxel", "std"),
}
MEASURES = (*FROM_FIGURES, *FROM_ERRORS)
COLUMNS = ("case", "state", *MEASURES, "reason")


@dataclass
class CaseResult:
    """How one case went.

    Attributes:
        state: done or failed.
        reason: why it failed.
        measures: the MEASURES; None where a case has none.
        fixed_mm: landmarks (N, 3), LPS mm. before_mm, after_mm: their errors (N,).
    """

    case: str
    state: str
    reason: str = ""
    measures: dict[str, Any] = field(default_factory=dict)
    fixed_mm: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    before_mm: np.ndarray = field(default_factory=lambda: np.empty(0))
    after_mm: np.ndarray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of(cls, case: str, report: dict[str, Any]) -> CaseResult:
        """From the contents of a report.json."""
        figures, errors = figures_of(report), report.get("tre_mm") or {}
        measures = {name: figures[key] for name, key in FROM_FIGURES.items()}
        measures |= {name: errors.get(when, {}).get(key) for name, (when, key) in FROM_ERRORS.items()}
        points = errors.get("landmarks", [])
        lists = (np.array([point[key] for point in points], float) for key in ("fixed_mm", "before", "after"))
        fixed, before, after = lists
        return cls(case, "done", "", measures, fixed.reshape(-1, 3), before, after)


def summary(results: Sequence[CaseResult]) -> dict[str, Any]:
    """Means over the cases that are done, and what is only known of all of them together.

    Returns {cases, failed, mean, std: {measure: over the cases}, landmarks: {before, after: {count, mean, std, median, p75}} over
    all landmarks, snapped_std_mm: over all landmarks, dice30: mean of the lowest 30 % of the cases (Hering 2021, section 4.5)}.
    Standard deviations are with n - 1; None where there is nothing to take them of.
    """
    done = [result for result in results if result.state == "done"]
    columns = {name: [r.measures[name] for r in done if r.measures.get(name) is not None] for name in MEASURES}
    before, after = (np.concatenate([getattr(r, name) for r in done] or [[]]) for name in ("before_mm", "after_mm"))
    parts = [tuple(r.measures[name] for name in ("landmarks", "snapped_tre_mm", "snapped_tre_std_mm")) for r in done]
    return {
        "cases": len(done),
        "failed": [result.case for result in results if result.state != "done"],
        "mean": {name: float(np.mean(values)) if values else None for name, values in columns.items()},
        "std": {name: float(np.std(values, ddof=1)) if len(values) > 1 else None for name, values in columns.items()},
        "landmarks": {"before": _over_landmarks(before), "after": _over_landmarks(after)},
        "snapped_std_mm": pooled_std([part for part in parts if None not in part]),
        "dice30": mean_of_worst(columns["dice"]) if columns["dice"] else None,
    }


def pooled_std(parts: Sequence[tuple[int, float, float]]) -> float | None:
    """Standard deviation (n - 1) of all values together, from count, mean and standard deviation (n - 1) of each part."""
    if not parts or sum(n for n, _, _ in parts) < 2:
        return None
    counts, means, stds = np.array(parts, float).T
    mean = np.average(means, weights=counts)
    squares = ((counts - 1) * stds**2 + counts * (means - mean) ** 2).sum()
    return float(np.sqrt(squares / (counts.sum() - 1)))


def write_csv(path: Path, results: Sequence[CaseResult]) -> None:
    """One line per case, then mean and standard deviation over the cases that are done."""
    means = summary(results)
    with whole_file(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for result in results:
            writer.writerow({"case": result.case, "state": result.state, "reason": result.reason, **_texts(result.measures)})
        for name in ("mean", "std"):
            writer.writerow({"case": name, **_texts(means[name])})


def _texts(measures: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else f"{value:.6g}" for name, value in measures.items()}


def _over_landmarks(errors_mm: np.ndarray) -> dict[str, float] | None:
    if len(errors_mm) < 2:
        return None
    median, p75 = np.percentile(errors_mm, (50, 75))
    values = {"mean": errors_mm.mean(), "std": errors_mm.std(ddof=1), "median": median, "p75": p75}
    return {"count": len(errors_mm), **{name: float(value) for name, value in values.items()}}
