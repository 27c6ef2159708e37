"""Growth of a lesion over visits: area per year, square root of it, and what repeated scans say of their error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

NEW, STABLE, LOST = 2, 1, 3
"""Labels of a difference map."""
REPEAT_YEARS = 2.5 / 365.25
"""Scans of the same visit: less than this apart, nothing has grown between them."""


def growth(years: Sequence[float], areas_mm2: Sequence[float]) -> dict:
    """Growth rates between visits and over all of them.

    Args:
        years: of each visit since any moment, rising. areas_mm2: at each.

    Returns:
        intervals: [{from_years, to_years, change_mm2, mm2_per_year, mm_per_year}] between visits that lie apart; mm_per_year is
        that of the square root (Yehoshua et al., Ophthalmology 118(4), 2011). overall: the same by a straight line through all
        visits (null for one moment alone). repeatability: see `repeatability`.
    """
    t, area = np.asarray(years, float), np.asarray(areas_mm2, float)
    root = np.sqrt(area)
    intervals = [_rates(t[[n, n + 1]], area[[n, n + 1]]) for n in range(len(t) - 1) if t[n + 1] - t[n] >= REPEAT_YEARS]
    overall = None
    if len(t) > 1 and t[-1] - t[0] >= REPEAT_YEARS:
        overall = {
            **_rates(t[[0, -1]], area[[0, -1]]),
            "mm2_per_year": float(np.polyfit(t, area, 1)[0]),
            "mm_per_year": float(np.polyfit(t, root, 1)[0]),
        }
    return {"intervals": intervals, "overall": overall, "repeatability": repeatability(years, areas_mm2)}


def repeatability(years: Sequence[float], areas_mm2: Sequence[float]) -> dict | None:
    """What scans of the same visit say of the error of one: null where no visit was scanned twice.

    Returns:
        within_sd_mm2: within-subject standard deviation, limit_mm2: 1.96 sqrt(2) of it, the difference that two scans of the same
        lesion stay below 95 times in 100 (Bland & Altman, BMJ 313, 1996), scans, visits: how many it is from.
    """
    t, area = np.asarray(years, float), np.asarray(areas_mm2, float)
    visits = np.concatenate([[0], np.cumsum(np.diff(t) >= REPEAT_YEARS)]).astype(int)
    groups = [area[visits == v] for v in np.unique(visits)]
    repeated = [group for group in groups if len(group) > 1]
    if not repeated:
        return None
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in repeated)
    deviation = (squares / sum(len(group) - 1 for group in repeated)) ** 0.5
    return {
        "within_sd_mm2": deviation,
        "limit_mm2": 1.96 * 2**0.5 * deviation,
        "scans": sum(len(group) for group in repeated),
        "visits": len(repeated),
    }


def difference_map(first: np.ndarray, later: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Labels NEW, STABLE and LOST, 0 elsewhere, of two masks on the same grid, where both visits were scanned (covered)."""
    labels = np.zeros(first.shape, np.uint8)
    labels[covered & first & later] = STABLE
    labels[covered & ~first & later] = NEW
    labels[covered & first & ~later] = LOST
    return labels


def _rates(t: np.ndarray, area: np.ndarray) -> dict:
    span = float(t[1] - t[0])
    return {
        "from_years": float(t[0]),
        "to_years": float(t[1]),
        "change_mm2": float(area[1] - area[0]),
        "mm2_per_year": float(area[1] - area[0]) / span,
        "mm_per_year": float(np.sqrt(area[1]) - np.sqrt(area[0])) / span,
    }
