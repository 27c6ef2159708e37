"""report.html of a benchmark: this run beside the papers, one page that needs no other file and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from CorrespondCoreLib.provenance import STATEMENT, versions
from CorrespondCoreLib.report_page import document, number, plain_table, tile

from ..measures.tre import cumulative_curve
from ..reports.charts import AFTER, BEFORE, cumulative_chart
from .comparison import THIS
from .protocols import Protocol
from .published import EMPIRE10, EMPIRE10_HEAD
from .results import CaseResult

_STYLE = """
main { max-width: 1400px; }
.charts figure { max-width: 560px; }
td:last-child { white-space: normal; min-width: 170px; }
ul.note { padding-left: 18px; }
"""
OTHER_COLORS = ("#c2703d", "#6a5aa8", "#4d8a3a", "#a03a5c")
CASE_HEAD = (
    ("landmarks", "Landmarks", ".0f"),
    ("initial_tre_mm", "Before", ".2f"),
    ("tre_mm", "TRE", ".2f"),
    ("tre_std_mm", "Std", ".2f"),
    ("tre_median_mm", "Median", ".2f"),
    ("tre_p75_mm", "p75", ".2f"),
    ("tre_max_mm", "Max", ".2f"),
    ("snapped_tre_mm", "TRE snapped", ".2f"),
    ("dice_before", "Dice before", ".3f"),
    ("dice", "Dice", ".3f"),
    ("folding_lung_percent", "Folding %", ".3g"),
    ("seconds", "Seconds", ".0f"),
    ("memory_gb", "GB", ".1f"),
)


def benchmark_page(
    protocol: Protocol,
    record: Mapping[str, Any],
    results: Sequence[CaseResult],
    others: Mapping[str, Mapping[str, CaseResult]],
) -> str:
    """The page as HTML text.

    Args:
        record: contents of results.json.
        results: of the cases. others: of the runs that this one is compared with, by name and case.
    """
    sections = (
        _header(protocol, record),
        _banner(record),
        _tiles(record["summary"]),
        _published(protocol, record, results),
        _cases(record),
        _curves(results, others),
        _comparisons(record["comparisons"]),
        _notes(record),
    )
    return document(f"{protocol.title}: benchmark", "".join(sections), _STYLE)


def _header(protocol: Protocol, record: Mapping[str, Any]) -> str:
    facts = " · ".join([_this(record), f"Correspond {versions()['correspond']}", f"{record['summary']['cases']} cases"])
    return f'<header><h1>{escape(protocol.title)}</h1><p>{escape(facts)}</p><p class="notice">{escape(STATEMENT)}</p></header>'


def _this(record: Mapping[str, Any]) -> str:
    """Method and settings of this run in a few words."""
    settings = record["settings"]
    if record["method"] == "search":
        return f"search, preset {settings['preset']}"
    if record["fitted_together"]:
        return f"{record['method']}, fitted to all pairs together"
    fit = settings["network"]["instance_optimization"]
    return record["method"] + ("" if fit == "none" else f", {fit} fitted to each pair")


def _banner(record: Mapping[str, Any]) -> str:
    if not record["warnings"]:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in record["warnings"])
    return f'<section class="banner bad"><b>Read this before the numbers.</b><ul>{items}</ul></section>'


def _tiles(means: Mapping[str, Any]) -> str:
    mean, landmarks = means["mean"], means["landmarks"]
    tiles = []
    if mean["tre_mm"] is not None:
        tiles.append(tile(f"{mean['tre_mm']:.2f} mm", "mean TRE, continuous", f"before: {mean['initial_tre_mm']:.2f} mm"))
        tiles.append(tile(f"{mean['snapped_tre_mm']:.2f} mm", "mean TRE, snapped to voxels", ""))
        hint = f"three quarters below {landmarks['after']['p75']:.2f} mm"
        tiles.append(tile(f"{landmarks['after']['median']:.2f} mm", "median over all landmarks", hint))
    if mean["dice"] is not None:
        tiles.append(tile(f"{mean['dice']:.3f}", "mean Dice of the lungs", f"Dice30: {number(means['dice30'], '.3f')}"))
    tiles.append(tile(number(mean["folding_lung_percent"], ".3g", " %"), "folding in the lungs", ""))
    tiles.append(tile(number(mean["seconds"], ".0f", " s"), "mean time of a case", number(mean["memory_gb"], ".1f", " GB")))
    return f'<section class="tiles">{"".join(tiles)}</section>'


def _published(protocol: Protocol, record: Mapping[str, Any], results: Sequence[CaseResult]) -> str:
    """The papers' table with this run's rows at its end."""
    means = record["summary"]
    if not protocol.landmarks:
        rows = [(name, *(number(value, ".2f") for value in values)) for name, *values in EMPIRE10]
        text = "Hering 2021, table 3: means over the 30 pairs, as the organizers measured them; they hold the landmarks."
        return f"<section><h2>Published scores</h2>{plain_table(EMPIRE10_HEAD, rows)}<p class='note'>{text}</p></section>"
    by_case = {result.case: result.measures for result in results}
    timed = any(row.folding or row.time for row in protocol.published)
    with_stds = any(row.stds_mm for row in protocol.published)
    rows = []
    for row in protocol.published:
        cases = [_with_std(*pair) for pair in zip(row.cases_mm, row.stds_mm or [None] * len(row.cases_mm), strict=True)]
        ends = [f"{row.mean_mm:.2f}", number(row.std_mm, ".2f"), *([row.folding or "–", row.time or "–"] if timed else [])]
        rows.append((row.method, *ends, *(cases or ["–"] * len(protocol.cases)), row.source))
    for label, name, std, spread in (
        ("no registration: these landmarks", "initial_tre_mm", "", (means["landmarks"]["before"] or {}).get("std")),
        (f"{_this(record)}: continuous", "tre_mm", "tre_std_mm", (means["landmarks"]["after"] or {}).get("std")),
        (f"{_this(record)}: snapped", "snapped_tre_mm", "snapped_tre_std_mm", means["snapped_std_mm"]),
    ):
        measures = [by_case.get(case, {}) for case in protocol.cases]
        cells = [_with_std(m.get(name), m.get(std) if with_stds else None) for m in measures]
        ends = [number(means["mean"][name], ".2f"), number(spread if with_stds else means["std"][name], ".2f")]
        if timed:
            took = ("folding_lung_percent", ".3g", " %"), ("seconds", ".0f", " s")
            ends += [number(means["mean"][key], form, unit) if std else "–" for key, form, unit in took]
        rows.append((label, *ends, *cells, THIS))
    head = ["TRE in mm", "Mean", "Std", *(["Folding", "Time"] if timed else [])]
    head += [f"#{k + 1}" for k in range(len(protocol.cases))]
    return f"<section><h2>Beside the papers</h2>{plain_table([*head, 'Source'], rows)}</section>"


def _with_std(mean: float | None, std: float | None) -> str:
    return number(mean, ".2f") + ("" if mean is None or std is None else f" ± {std:.2f}")


def _cases(record: Mapping[str, Any]) -> str:
    rows = []
    for row in record["rows"]:
        values = (number(row.get(name), form) for name, _, form in CASE_HEAD)
        rows.append((row["case"], *values, row["reason"] or row["state"]))
    for name in ("mean", "std"):
        values = (number(record["summary"][name][key], form) for key, _, form in CASE_HEAD)
        rows.append((f"{name} over cases", *values, ""))
    head = ("", *(label for _, label, _ in CASE_HEAD), "State")
    return f"<section><h2>Case by case</h2>{plain_table(head, rows)}</section>"


def _curves(results: Sequence[CaseResult], others: Mapping[str, Mapping[str, CaseResult]]) -> str:
    runs = {THIS: {result.case: result for result in results if result.state == "done"}, **others}
    errors = {name: np.concatenate([np.empty(0), *(case.after_mm for case in run.values())]) for name, run in runs.items()}
    if not len(errors[THIS]):
        return ""
    before = np.concatenate([result.before_mm for result in runs[THIS].values()])
    curves = [("before", *_curve(before, 0.5), BEFORE)]
    colors = (AFTER, *(OTHER_COLORS[k % len(OTHER_COLORS)] for k in range(len(others))))
    curves += [(name, *_curve(values, 0.05), color) for (name, values), color in zip(errors.items(), colors, strict=True)]
    largest = max(5.0, float(np.ceil(2 * max(np.percentile(values, 90) for values in errors.values()))))
    chart = cumulative_chart(curves, largest)
    return f'<section class="charts"><figure><figcaption>All landmarks</figcaption>{chart}</figure></section>'


def _curve(errors_mm: np.ndarray, step_mm: float) -> tuple[list[float], list[float]]:
    curve = cumulative_curve(errors_mm, step_mm)
    return curve["mm"], curve["percent"]


def _comparisons(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    cells = [
        (
            f"{THIS} against {row['other']}",
            row["of"],
            str(row["count"]),
            f"{row['median_difference']:+.3f}",
            f"{row['p']:.2g}",
            f"{row['p_bonferroni']:.2g}",
        )
        for row in rows
    ]
    head = ("", "Of", "Count", "Median difference", "p", "p, Bonferroni")
    note = (
        "Wilcoxon's signed-rank test, two-sided, corrected for the number of runs compared. Differences are this run minus the "
        "other. Landmarks of one case are no independent samples: look at the cases too."
    )
    return f"<section><h2>Compared with other runs</h2>{plain_table(head, cells)}<p class='note'>{note}</p></section>"


def _notes(record: Mapping[str, Any]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in record["notes"])
    return f"<section><h2>How to read this</h2><ul class='note'>{items}</ul></section>"
