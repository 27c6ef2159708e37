"""The table of a comparison: mean and deviation per method and share of labels, and tests against the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from CorrespondCoreLib.metrics import compare_paired

from .protocol import METHODS, ComparisonProtocol

COLUMNS = (
    "test",
    "fraction",
    "method",
    "runs",
    "seeds",
    "dice",
    "dice_std",
    "area_difference_mm2",
    "area_difference_std_mm2",
    "converged",
    "p_dice",
    "p_area_difference",
)


def table_rows(protocol: ComparisonProtocol, results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per test set, share of labels and method that has a run.

    Means and standard deviations are over eyes and seeds. p: Wilcoxon's signed-rank test against the reference over the same
    eyes and seeds, with Bonferroni's correction within the test set and share; None where the reference or pairs are missing.
    seeds: of the runs that could be judged; one that diverged at once cannot. converged: number of runs that reached a plateau;
    a method with less than all of them is not to be ranked.
    """
    rows = []
    for test in protocol.tests:
        for share in sorted(protocol.fractions):
            made = {name: _eyes(results, test.name, share, name) for name in protocol.methods}
            made = {name: eyes for name, eyes in made.items() if eyes}
            p = {figure: _p_values(made, protocol.reference, figure) for figure in ("dice", "difference")}
            for name, eyes in made.items():
                runs = [r for r in results if r["method"] == name and r["fraction"] == share]
                values = {figure: np.array([eye[figure] for eye in eyes.values()]) for figure in ("dice", "difference")}
                rows.append(
                    {
                        "test": test.name,
                        "fraction": share,
                        "method": METHODS[name].title,
                        "runs": len(runs),
                        "seeds": len({seed for seed, _ in eyes}),
                        "dice": float(values["dice"].mean()),
                        "dice_std": float(values["dice"].std()),
                        "area_difference_mm2": float(values["difference"].mean()),
                        "area_difference_std_mm2": float(values["difference"].std()),
                        "converged": sum(r["converged"] for r in runs),
                        "p_dice": p["dice"].get(name),
                        "p_area_difference": p["difference"].get(name),
                    }
                )
    return rows


def _eyes(results: Sequence[dict[str, Any]], test: str, share: float, method: str) -> dict[tuple[int, int], dict[str, float]]:
    """(seed, number of the eye) -> Dice and absolute difference of the areas."""
    found = {}
    for run in results:
        if run["method"] == method and run["fraction"] == share:
            for k, eye in enumerate(run["tests"][test]):
                difference = abs(eye["area_mm2"] - eye["true_area_mm2"])
                found[run["seed"], k] = {"dice": eye["dice"], "difference": difference}
    return found


def _p_values(made: dict[str, dict], reference: str, figure: str) -> dict[str, float]:
    """Corrected p of each method but the reference, over what all of them have."""
    if reference not in made or len(made) < 2:
        return {}
    common = sorted(set.intersection(*(set(eyes) for eyes in made.values())))
    if len(common) < 2:
        return {}
    errors = {name: np.array([eyes[at][figure] for at in common]) for name, eyes in made.items()}
    return {row["b"]: row["p_bonferroni"] for row in compare_paired(errors, reference)}
