"""How good a model is, on phantom eyes that no training sees: the same figures every time, with intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.devices import pick_device
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.metrics import mean_with_interval
from CorrespondCoreLib.models import model_at
from CorrespondCoreLib.progress import Progress

from ..lesion_models import SHIPPED
from ..phantoms.styles import STYLES
from ..pipeline import segment
from ..settings import SegmentationSettings
from .config import RECONSTRUCTION, SEGMENTATION, TrainingConfig
from .eyes import HELD_OUT, PhantomEyes
from .judgement import Calibration, lesionwise_f1
from .validation import score

WEIGHT_FREE = "weight_free_"
SMALL_MM2 = 0.5  # lesions below are in a row of their own: a percentage says little of them


def evaluate_model(
    model: str | Path,
    eyes: int = 20,
    style: str | None = None,
    population: str | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Segment held-out phantoms with a model that was trained here; the same call gives the same figures on the same device.

    The phantoms go the way of a user's scans: Bruch's membrane is found, not known.

    Args:
        model: its folder, or the id of one in the user's model folder.
        eyes: number of phantoms, drawn as for its training, from the seeds that are kept for this.
        style: of the device; those of the training if None. population: "usual" or "unseen"; that of the training if None.

    Returns:
        {"model", "eyes", "style", "population", "first_seed", "figures", "calibration": see judgement.Calibration, "rows"}, a row
        for each eye. Figures have {"mean", "low", "high"}, a 95 % interval by bootstrap over eyes: dice and lesionwise_f1 (of
        eyes with a lesion), area_error_mm2, area_error_percent (of lesions of at least 0.5 mm2), false_area_mm2 (of eyes without
        a lesion), and for GA the same of the weight-free method, "weight_free_" before the name; those without eyes are left out.

    Raises:
        InputError: it is no model, it was not trained here, or not to segment.
    """
    progress = progress or Progress()
    if eyes < 1:
        raise InputError(f"At least one eye is needed to judge a model, not {eyes}.")
    if style is not None and style not in STYLES:
        raise InputError(f"There is no style {style!r}; give {', '.join(STYLES)}.")
    found = model_at(model, [SHIPPED])
    values = (found.card.get("training") or {}).get("config")
    if values is None:
        raise InputError(f'The model "{found.id}" was not trained here: its card does not say how scans must be prepared for it.')
    config = TrainingConfig.from_json(values)
    if config.task == RECONSTRUCTION:
        raise InputError(f'The model "{found.id}" makes fundus images and segments nothing.')
    styles = (style,) if style else config.data.styles
    config = replace(config, data=replace(config.data, styles=styles, population=population or config.data.population))
    source, place, calibration = PhantomEyes(config, HELD_OUT, eyes), pick_device(device, progress), Calibration()
    settings = SegmentationSettings(lesion=config.lesion, models=(str(found.folder),))
    rows = []
    for k in range(eyes):
        eye = source.phantom(k)
        truth, pixel = source.mask_of(eye), eye.scan.pixel_area_mm2
        result = segment(eye.scan, settings, place, threads, progress.part(until=(k + 1) / eyes))
        calibration.add(result.probability, result.uncertainty, truth)
        row = {"seed": HELD_OUT + k, "true_area_mm2": float(truth.sum()) * pixel, **_row(result.mask, truth, pixel)}
        row["lesionwise_f1"] = lesionwise_f1(result.mask, truth)
        if config.lesion == "ga":
            free = segment(eye.scan, SegmentationSettings(method="hypertransmission"), bruch_depth=result.bruch.depth)
            row |= {f"{WEIGHT_FREE}{name}": value for name, value in _row(free.mask, truth, pixel).items()}
        rows.append(row)
    figures = figures_of(rows) | {WEIGHT_FREE + name: value for name, value in figures_of(rows, WEIGHT_FREE).items()}
    return {
        "model": found.id,
        "eyes": eyes,
        "style": list(config.data.styles),
        "population": config.data.population,
        "first_seed": HELD_OUT,
        "figures": figures,
        "calibration": calibration.figures(),
        "rows": rows,
    }


def _row(mask: np.ndarray, truth: np.ndarray, pixel_area_mm2: float) -> dict[str, float]:
    return {"dice": score(mask, truth, SEGMENTATION), "area_mm2": float(mask.sum()) * pixel_area_mm2}


def figures_of(rows: list[dict[str, Any]], prefix: str = "") -> dict[str, dict[str, float]]:
    """Means with intervals, see `evaluate_model`; of the entries of rows with this prefix."""
    ill = [row for row in rows if row["true_area_mm2"] > 0]
    large = [row for row in ill if row["true_area_mm2"] >= SMALL_MM2]
    dice, area, f1 = prefix + "dice", prefix + "area_mm2", prefix + "lesionwise_f1"
    values = {
        "dice": [row[dice] for row in ill if dice in row],
        "lesionwise_f1": [row[f1] for row in ill if f1 in row],
        "area_error_mm2": [abs(row[area] - row["true_area_mm2"]) for row in ill if area in row],
        "area_error_percent": [100 * abs(row[area] / row["true_area_mm2"] - 1) for row in large if area in row],
        "false_area_mm2": [row[area] for row in rows if not row["true_area_mm2"] and area in row],
    }
    return {name: mean_with_interval(np.array(numbers)) for name, numbers in values.items() if numbers}
