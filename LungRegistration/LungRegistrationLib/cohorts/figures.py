"""What a cohort's summary says of a pair: some figures of its report.json, flat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIGURES = {
    "tre_before_mm": ("tre_mm", "before", "mean"),
    "tre_mm": ("tre_mm", "after", "mean"),
    "tre_p90_mm": ("tre_mm", "after", "p90"),
    "tre_max_mm": ("tre_mm", "after", "max"),
    "landmarks": ("tre_mm", "after", "count"),
    "keypoint_tre_median_mm": ("keypoint_tre_mm", "after", "median"),
    "expected_error_mm": ("expected_error_mm", "mean"),
    "folding_lung_percent": ("folding_percent", "lung"),
    "folding_everywhere_percent": ("folding_percent", "everywhere"),
    "dice_before": ("overlap", "lung", "before", "dice"),
    "dice": ("overlap", "lung", "after", "dice"),
    "dice_lobes": ("overlap", "all lobes", "after", "dice"),
    "fixed_lung_ml": ("volume_balance", "lung", "fixed_ml"),
    "moving_lung_ml": ("volume_balance", "lung", "moving_ml"),
    "volume_balance_percent": ("volume_balance", "lung", "error_percent"),
    "ventilation_median": ("function", "lung", "jacobian_ventilation", "median"),
    "specific_gas_change_median": ("function", "lung", "specific_gas_change", "median"),
    "inverse_error_mm": ("inverse_error_mm", "mean"),
    "seconds": ("seconds", "total"),
    "memory_gb": ("peak_memory_gb",),
    "device": ("device",),
}
"""Name in the summary -> where it stands in report.json."""


def figures_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a report; None where it has none. Also check (does somebody have to look?), check_reasons, and
    volume_change_percent, of the lung from fixed to moving."""
    figures = {name: _entry(report, path) for name, path in FIGURES.items()}
    jacobian = _entry(report, ("jacobian", "lung", "mean"))
    figures["volume_change_percent"] = None if jacobian is None else 100 * (jacobian - 1)
    figures["check"] = report["check_result"]["needed"]
    figures["check_reasons"] = list(report["check_result"]["reasons"])
    return figures


def _entry(report: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = report
    for key in path:
        if not isinstance(value, Mapping) or value.get(key) is None:
            return None
        value = value[key]
    return value
