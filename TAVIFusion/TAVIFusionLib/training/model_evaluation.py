"""How good a model is, on phantom frames that no training sees: the same figures every time, beside the filter's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.devices import pick_device
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.metrics import mean_with_interval
from CorrespondCoreLib.models import Model, model_at
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.threads import limited

from ..metrics import SCORES, THRESHOLD, box_numbers, frame_scores
from ..networks.checkpoints import load_segmentation_network
from ..segmentation import segment_frames
from ..vessel_finder import NO_NETWORK, SHIPPED
from .config import TrainingConfig
from .frames import HELD_OUT, RENDERED, VALIDATION, PhantomFrames
from .matching_evaluation import evaluate_matching
from .visibility import VISIBLE, contrast_to_noise

PER_SET = 1_000_000  # seeds that one set of held-out frames may take
SETS = (VALIDATION - HELD_OUT) // PER_SET
PLAIN = 3  # so many frames with contrast for each without
Finder = Callable[[np.ndarray], np.ndarray]


def evaluate_model(
    model: str | Path,
    frames: int = 60,
    seed: int = 0,
    cache: str | Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Judge a model that was trained here; the same call gives the same figures on the same device.

    Args:
        model: its folder, or its id.
        frames: with contrast; a third as many without are added.
        seed: another set of frames, 0 to 99.
        cache: folder in which rendered frames are kept.

    Returns:
        {"model", "field_of_view", "frames", "first_seed", "methods": {"network" | "vesselness (no network)": figures}}. Figures:
        dsc, precision, recall {"mean", "low", "high"} with a 95 % interval by bootstrap over frames, boxes of the same, visible:
        {"frames", "dsc"} of those whose contrast exceeds the noise of a pixel (see `visibility`),
        false_positive_percent {"mean", "low", "high"} of the pixels of frames without contrast, and rows of each frame. Of a
        matching network, see `evaluate_matching`.

    Raises:
        InputError: it is no model, or was not trained here.
    """
    progress = progress or Progress()
    if not 1 <= frames <= PER_SET or not 0 <= seed < SETS:
        raise InputError(f"At least one frame and a seed from 0 to {SETS - 1} are needed, not {frames} and {seed}.")
    found = model_at(model, [SHIPPED])
    values = (found.card.get("training") or {}).get("config")
    if values is None:
        raise InputError(f'The model "{found.id}" was not trained here: its card does not say what it is for.')
    config = TrainingConfig.from_json(values)
    first = HELD_OUT + seed * PER_SET
    folder = str(cache) if cache else None
    plain_count = max(1, frames // PLAIN)
    facts = {"model": found.id, "field_of_view": config.field_of_view, "frames": frames, "first_seed": first}
    with limited(threads):
        if config.task == "matching":
            on = pick_device(device, progress)
            return {**facts, **evaluate_matching(found, config, first, frames, folder, on, progress)}
        with_contrast, plain = (
            PhantomFrames(RENDERED, config.field_of_view, "held out", first, count, contrast, folder)
            for count, contrast in ((frames, True), (plain_count, False))
        )
        methods = _finders(found, pick_device(device, progress))
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
        false: dict[str, list[float]] = {name: [] for name in methods}
        with progress.stage("Held-out phantoms", until=1.0) as step:
            for k in range(frames):
                shown = with_contrast[k]
                facts_of_frame = {"seed": first + k, "contrast_to_noise": contrast_to_noise(shown.gray, shown.mask)}
                for name, find in methods.items():
                    rows[name].append({**facts_of_frame, **frame_scores(find(shown.gray), shown.mask)})
                step((k + 1) / (frames + plain_count))
            for k in range(plain_count):
                shown = plain[k]
                for name, find in methods.items():
                    false[name].append(100 * float((find(shown.gray) >= THRESHOLD).mean()))
                step((frames + k + 1) / (frames + plain_count))
    return {**facts, "methods": {name: _figures(rows[name], false[name]) for name in methods}}


def _finders(model: Model, device: str) -> dict[str, Finder]:
    network = load_segmentation_network(model)
    return {
        "network": lambda gray: segment_frames(gray[None], "network", network, device)[0],
        NO_NETWORK: lambda gray: segment_frames(gray[None], "vesselness")[0],
    }


def _figures(rows: list[dict[str, float]], false_percent: list[float]) -> dict[str, Any]:
    values = {name: np.array([row[name] for row in rows]) for name in SCORES}
    visible = np.array([row["dsc"] for row in rows if row["contrast_to_noise"] >= VISIBLE])
    return {
        **{name: mean_with_interval(array) for name, array in values.items()},
        "boxes": {name: box_numbers(array.tolist()) for name, array in values.items()},
        "visible": {"frames": len(visible), "dsc": mean_with_interval(visible) if len(visible) else None},
        "false_positive_percent": mean_with_interval(np.array(false_percent)),
        "rows": rows,
    }
