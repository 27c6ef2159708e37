"""Cohorts of pairs: the columns of PAIRS.csv, the command for a pair, and what the summary shows.

Every command line of the library imports this file: what is heavy is imported where it is used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from CorrespondCoreLib.cohorts.kind import CohortKind, Tile
from CorrespondCoreLib.cohorts.record import common_identity

from ..formats.pair_files import Files
from ..settings import RegistrationSettings
from .figures import FIGURES, figures_of

NEEDED = ("fixed", "moving")
PHASES = ("inspiration", "expiration")
COLUMNS = {
    "tre_before_mm": ("error before, mm", ".2f"),
    "tre_mm": ("landmark error, mm", ".2f"),
    "tre_p90_mm": ("90 % below, mm", ".2f"),
    "keypoint_tre_median_mm": ("keypoints, mm", ".2f"),
    "expected_error_mm": ("expected error, mm", ".1f"),
    "folding_lung_percent": ("folding in lung, %", ".3g"),
    "dice_before": ("Dice before", ".3f"),
    "dice": ("Dice", ".3f"),
    "volume_change_percent": ("volume change, %", "+.1f"),
    "ventilation_median": ("ventilation", ".2f"),
    "seconds": ("time, s", ".0f"),
    "memory_gb": ("memory, GB", ".1f"),
}
NOTE = (
    "Landmark error: mean over the pair's landmarks. Folding: voxels with det J of 0 or below. Volume change: of the lung, fixed "
    "to moving. Ventilation: from expiration to inspiration, median, as part of the volume at expiration. Look at the overlays "
    "of the reports, of the pairs without a sign of failure too."
)


def error_chart(pairs: Sequence[Mapping[str, Any]]) -> str:
    """Mean landmark error before and after of all pairs that have landmarks; nothing for less than two."""
    from ..reports.charts import before_after_chart

    found = [figures for figures in pairs if figures.get("tre_mm") is not None]
    if len(found) < 2:
        return ""
    before, after = ([figures[name] for figures in found] for name in ("tre_before_mm", "tre_mm"))
    svg = before_after_chart(before, after, of="pairs, sorted by their landmark error before")
    return f'<section class="charts"><figure><figcaption>Mean landmark error of each pair</figcaption>{svg}</figure></section>'


PAIRS = CohortKind(
    library="LungRegistrationLib",
    item="pair",
    title="Lung registration cohort",
    needed=NEEDED,
    optional=tuple(field.name for field in dataclasses.fields(Files) if field.name not in NEEDED),
    words={"fixed_is": PHASES},
    command=("lung", "register"),
    figures=figures_of,
    numbers=(*FIGURES, "volume_change_percent"),
    columns=COLUMNS,
    tiles=(
        Tile("tre_mm", "mean landmark error", ".2f", " mm"),
        Tile("keypoint_tre_median_mm", "median error of keypoints, mean of pairs", ".2f", " mm"),
        Tile("folding_lung_percent", "folding in the lung, mean", ".3g", " %"),
        Tile("dice", "Dice of the lungs, mean", ".3f"),
    ),
    note=NOTE,
    chart=error_chart,
)


def weights_of(settings: RegistrationSettings) -> str | None:
    """SHA-256 of the weights that the settings name; None without any.

    Raises:
        InputError: the model that the settings name is not there.
    """
    from ..learned.models import chosen_model

    model = chosen_model(settings.method, settings.network) if settings.method != "search" else None
    return model.card["sha256"] if model else None


def registration_identity(settings: RegistrationSettings, options: Mapping[str, Any]) -> dict[str, Any]:
    """What all pairs that are registered with the same settings have in common; see `common_identity`."""
    return common_identity(settings.to_dict(), weights_of(settings), options)
