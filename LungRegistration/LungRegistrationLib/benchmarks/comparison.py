"""Is one benchmark run better than others? Wilcoxon's signed-rank test at the same landmarks, and at the same cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.metrics import compare_paired

from .results import CaseResult

THIS = "this run"


def read_run(folder: Path, protocol: str) -> dict[str, CaseResult]:
    """The finished cases of a benchmark run, by name.

    Raises:
        InputError: it is no run of this protocol, or no case of it is finished.
    """
    try:
        record = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        reports = {
            row["case"]: folder / "cases" / row["case"] / "report.json" for row in record["rows"] if row["state"] == "done"
        }
        results = {case: CaseResult.of(case, json.loads(path.read_text(encoding="utf-8"))) for case, path in reports.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} is not the output folder of a benchmark that has ended ({error}).") from error
    if record.get("protocol") != protocol:
        raise InputError(f"{folder} is a run of {record.get('protocol')}, not of {protocol}: they cannot be compared.")
    if not results:
        raise InputError(f"No case of the run in {folder} is finished: there is nothing to compare with.")
    return results


def comparisons(results: Sequence[CaseResult], others: Mapping[str, Mapping[str, CaseResult]]) -> list[dict[str, Any]]:
    """Two-sided tests of this run against each other one, with Bonferroni's correction for the number of other runs.

    Args:
        results: of this run.
        others: further runs by name, each by case.

    Returns [{other, of, count, median_difference (this - other), p, p_bonferroni}], `of` being "errors of landmarks",
    "mean errors of cases", or "Dice of cases"; only what all runs have in common is compared. Landmarks of one case are no
    independent samples: their p is too small, that of few cases is large.

    Raises:
        InputError: the runs have fewer than two cases in common, or one has other landmarks.
    """
    common = [r for r in results if r.state == "done" and all(r.case in other for other in others.values())]
    if len(common) < 2:
        raise InputError("The runs have fewer than two finished cases in common: there is nothing to test.")
    for result in common:
        for name, other in others.items():
            fixed_mm = other[result.case].fixed_mm
            if fixed_mm.shape != result.fixed_mm.shape or not np.allclose(fixed_mm, result.fixed_mm, atol=1e-3):
                raise InputError(f"The run {name} has other landmarks in {result.case}: they cannot be compared.")
    runs = {THIS: {r.case: r for r in common}, **others}
    rows: list[dict[str, Any]] = []
    for of, measure in _MEASURES.items():
        errors = {name: np.concatenate([measure(run[r.case]) for r in common]) for name, run in runs.items()}
        count = len(errors[THIS])
        if count > 1 and all(len(e) == count and np.isfinite(e).all() for e in errors.values()):
            for row in compare_paired(errors, THIS):
                tested = {name: row[name] for name in ("median_difference", "p", "p_bonferroni")}
                rows.append({"other": row["b"], "of": of, "count": count, **tested})
    return rows


def _value(result: CaseResult, name: str) -> np.ndarray:
    value = result.measures[name]
    return np.array([np.nan if value is None else value], float)


_MEASURES = {
    "errors of landmarks": lambda result: result.after_mm,
    "mean errors of cases": lambda result: _value(result, "tre_mm"),
    "Dice of cases": lambda result: _value(result, "dice"),
}
