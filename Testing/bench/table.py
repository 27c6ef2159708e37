"""The benchmark's results as one table: Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.stats import wilcoxon

COLUMNS = {  # name in the results: (heading, digits)
    "wall_s": ("wall s", 0),
    "cpu_s": ("CPU s", 0),
    "peak_gb": ("peak GB", 2),
    "tre_mean": ("TRE mean", 2),
    "tre_standard_error": ("s.e.", 2),
    "tre_median": ("median", 2),
    "tre_p75": ("p75", 2),
    "tre_p90": ("p90", 2),
    "tre_max": ("max", 2),
    "folding_lung_percent": ("folding lung %", 4),
    "folding_everywhere_percent": ("folding all %", 4),
    "jacobian_p1": ("det J p1", 2),
    "jacobian_p99": ("p99", 2),
    "volume_error_percent": ("volume error %", 1),
    "dense_mean": ("dense mean", 2),
    "dense_p95": ("dense p95", 2),
    "jacobian_mae": ("det J error", 3),
    "jacobian_r": ("r", 3),
    "jacobian_slope": ("slope", 2),
    "jacobian_mae_near_pleura": ("near pleura: error", 3),
    "jacobian_r_near_pleura": ("r", 3),
    "jacobian_slope_near_pleura": ("slope", 2),
}


@dataclass
class Result:
    """One method on one pair; `reason` says why it has no figures."""

    pair: str
    method: str
    figures: dict[str, float] = field(default_factory=dict)
    errors_mm: list[float] = field(default_factory=list)
    reason: str = ""


def group_of(pair: str) -> str:
    """Pairs of one group are averaged: "phantom 101" belongs to "phantom"."""
    return pair.split()[0]


def means(results: list[Result]) -> list[Result]:
    """Per group of several pairs and method, the mean of each figure over the pairs that the method finished."""
    rows = []
    for group, method in dict.fromkeys((group_of(r.pair), r.method) for r in results):
        members = [r for r in results if group_of(r.pair) == group and r.method == method]
        done = [r for r in members if r.figures]
        if len(members) > 1 and done:
            figures = {name: float(np.mean([r.figures.get(name, np.nan) for r in done])) for name in COLUMNS}
            rows.append(Result(f"{group}: mean of {len(done)}", method, figures))
    return rows


def comparisons(results: list[Result], ours: str) -> list[dict]:
    """Wilcoxon's signed rank test of our landmark errors against each peer's, per group of pairs; p after Bonferroni.

    Only pairs that both finished count.
    """
    errors = {(r.method, r.pair): np.array(r.errors_mm) for r in results if r.errors_mm}
    peers = [name for name in dict.fromkeys(r.method for r in results) if not name.startswith(("none", ours.split()[0]))]
    rows = []
    for group in dict.fromkeys(group_of(r.pair) for r in results):
        pairs = [pair for pair in dict.fromkeys(r.pair for r in results) if group_of(pair) == group and (ours, pair) in errors]
        for peer in peers:
            common = [pair for pair in pairs if (peer, pair) in errors]
            if common:
                difference = np.concatenate([errors[ours, pair] - errors[peer, pair] for pair in common])
                p = min(1.0, float(wilcoxon(difference).pvalue) * len(peers)) if difference.any() else 1.0
                mean = float(difference.mean())
                rows.append({"pairs": group, "peer": peer, "landmarks": len(difference), "mean_difference_mm": mean, "p": p})
    return rows


def write(results: list[Result], ours: str, settings: dict[str, str], machine: str, output: Path) -> str:
    """Write results.json, results.csv and results.md; returns the Markdown."""
    everything = [*results, *means(results)]
    tests = comparisons(results, ours)
    document = {"machine": machine, "settings": settings, "results": [vars(r) for r in everything], "comparisons": tests}
    (output / "results.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    with open(output / "results.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["pair", "method", *COLUMNS, "not run"])
        writer.writerows([r.pair, r.method, *(r.figures.get(name, "") for name in COLUMNS), r.reason] for r in everything)
    text = "\n".join(_markdown(everything, tests, ours, settings, machine)) + "\n"
    (output / "results.md").write_text(text, encoding="utf-8")
    return text


def _markdown(results: list[Result], tests: list[dict], ours: str, settings: dict[str, str], machine: str) -> list[str]:
    lines = [
        "# Benchmark",
        "",
        machine,
        "",
        "TRE and dense errors in mm; det J against the truth in the lungs, 3 mm below their surface.",
        "",
    ]
    for pair in dict.fromkeys(r.pair for r in results):
        rows = [r for r in results if r.pair == pair]
        shown = [name for name in COLUMNS if any(name in r.figures and np.isfinite(r.figures[name]) for r in rows)]
        lines += [
            f"## {pair}",
            "",
            "| method | " + " | ".join(COLUMNS[n][0] for n in shown) + " |",
            "|---" * (len(shown) + 1) + "|",
        ]
        for r in rows:
            cells = [_cell(r.figures.get(n), COLUMNS[n][1]) for n in shown] if r.figures else [f"not run: {r.reason}"]
            lines.append(f"| {r.method} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += [f"## {ours} against each peer (Wilcoxon, paired landmarks, Bonferroni)", ""]
    lines += ["| pairs | peer | landmarks | mean difference mm | p |", "|---|---|---|---|---|"]
    lines += [f"| {t['pairs']} | {t['peer']} | {t['landmarks']} | {t['mean_difference_mm']:+.2f} | {t['p']:.2g} |" for t in tests]
    lines += ["", "## Settings", ""] + [f"- {name}: {text}" for name, text in settings.items()]
    return lines


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"
