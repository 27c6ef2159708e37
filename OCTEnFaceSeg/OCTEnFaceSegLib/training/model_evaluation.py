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
from CorrespondCoreLib.threads import limited

from ..networks.checkpoints import load_network
from ..phantoms.styles import STYLES
from ..prediction import probability
from .config import RECONSTRUCTION, TrainingConfig
from .eyes import HELD_OUT, PhantomEyes
from .validation import THRESHOLD, score

SMALL_MM2 = 0.5  # lesions below are in a row of their own: a percentage says little of them


def evaluate_model(
    model: str | Path,
    eyes: int = 20,
    style: str | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Segment held-out phantoms with a model that was trained here; the same call gives the same figures on the same device.

    Args:
        model: its folder, or the id of one in the user's model folder.
        eyes: number of phantoms, drawn as for its training, from the seeds that are kept for this.
        style: of the device; those of the training if None.

    Returns:
        {"model", "eyes", "first_seed", "figures", "rows": of each eye}. Figures have {"mean", "low", "high"}, a 95 % interval
        by bootstrap over eyes: dice (of eyes with a lesion), area_error_mm2, area_error_percent (of lesions of at least
        0.5 mm2), false_area_mm2 (of eyes without a lesion); those without any eye are left out.

    Raises:
        InputError: it is no model, it was not trained here, or not to segment.
    """
    progress = progress or Progress()
    if eyes < 1:
        raise InputError(f"At least one eye is needed to judge a model, not {eyes}.")
    if style is not None and style not in STYLES:
        raise InputError(f"There is no style {style!r}; give {', '.join(STYLES)}.")
    found = model_at(model)
    values = (found.card.get("training") or {}).get("config")
    if values is None:
        raise InputError(f'The model "{found.id}" was not trained here: its card does not say how scans must be prepared for it.')
    config = TrainingConfig.from_json(values)
    if config.task == RECONSTRUCTION:
        raise InputError(f'The model "{found.id}" makes fundus images and segments nothing.')
    config = replace(config, data=replace(config.data, styles=(style,) if style else config.data.styles))
    source, place, network = PhantomEyes(config, HELD_OUT, eyes), pick_device(device, progress), load_network(found)
    rows = []
    with limited(threads):
        for k in range(eyes):
            eye = source[k]
            mean, _ = probability([network], eye.slab, place, progress.part(until=(k + 1) / eyes))
            area, truth = (float(mask.sum()) * eye.pixel_area_mm2 for mask in (mean >= THRESHOLD, eye.target >= 0.5))
            dice = score(mean, eye.target, config.task)
            rows.append({"seed": HELD_OUT + k, "dice": dice, "area_mm2": area, "true_area_mm2": truth})
    return {"model": found.id, "eyes": eyes, "first_seed": HELD_OUT, "figures": figures_of(rows), "rows": rows}


def figures_of(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Means with intervals, see `evaluate_model`."""
    ill = [row for row in rows if row["true_area_mm2"] > 0]
    large = [row for row in ill if row["true_area_mm2"] >= SMALL_MM2]
    values = {
        "dice": [row["dice"] for row in ill],
        "area_error_mm2": [abs(row["area_mm2"] - row["true_area_mm2"]) for row in ill],
        "area_error_percent": [100 * abs(row["area_mm2"] / row["true_area_mm2"] - 1) for row in large],
        "false_area_mm2": [row["area_mm2"] for row in rows if not row["true_area_mm2"]],
    }
    return {name: mean_with_interval(np.array(numbers)) for name, numbers in values.items() if numbers}
