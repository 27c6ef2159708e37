"""A segmentation network fitted to masks that the user drew: from a model and a folder to a new model among the user's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model, ModelStore, model_at
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.config import FOLDERS

from ..vessel_finder import SHIPPED
from .config import TrainingConfig
from .frames import patients_in
from .model_card import model_id
from .run import train

LEARNING_RATE = 2e-4  # a tenth of what the shipped configurations train with: what the model knows shall not be lost
BATCH = 4
JUDGED = 10  # times in a fine-tuning
ENDING = ", fine-tuned"


def fine_tune(
    start: str | Path,
    data: str | Path,
    output: str | Path,
    title: str | None = None,
    steps: int = 200,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a model on, on frames with masks, and put the result into the user's folder of models.

    Frames of two patients or more: other patients judge than those trained on. Of one: the last quarter of the drawn frames does,
    and the card says so.

    Args:
        start: folder of a segmentation model, or its id.
        data: folder of runs with masks (see `frames.folder_frames`).
        output: folder for what the training writes.
        title: of the new model, whose id follows from it; by default the old one's, with ", fine-tuned".

    Returns:
        {"model": id, "title", "dsc_before", "dsc_after", "judged_on", "steps", "seconds", "files"}.

    Raises:
        InputError: no such model, no masks, a title that is taken, or no step that judged better than the model itself.
        OutputError, MissingPackage, OutOfMemory, Cancelled: each with a message for the user.
    """
    progress, store = progress or Progress(), ModelStore([SHIPPED])
    model = model_at(start, [SHIPPED])
    config = _config(model, Path(data).expanduser().absolute(), title or _free_title(model, store), steps, seed)
    if model_id(config.title) in _taken(store):
        raise InputError(f'There is a model "{model_id(config.title)}" already: choose another title.')
    if config.data.judge == "frames":
        progress.warning(
            "All masks are of one patient: other frames of the same patient judge, and little is known of how well the new model "
            "does on others."
        )
    made = train(config, output, False, device, threads, progress)
    before, after = (facts["dsc"] for facts in (made["started_from"]["validation"], made["validation"]))
    if made["weights_of_step"] == 0:
        raise InputError(
            f"Fine-tuning has not helped: on the frames that judge, no step was better than the model itself (DSC {before:.2f}). "
            "No model was made. Draw more frames, or take more steps."
        )
    new = store.import_model(Path(output) / "models" / made["model"])
    known = {"model": new.id, "title": new.card["title"], "dsc_before": before, "dsc_after": after}
    known |= {"judged_on": new.card["training"]["judged_on"], "steps": made["steps"], "seconds": made["seconds"]}
    return {**known, "files": [*made["files"], *(str(path) for path in sorted(new.folder.iterdir()))]}


def _config(model: Model, data: Path, title: str, steps: int, seed: int) -> TrainingConfig:
    """As the model was trained as far as its card tells it, with less to learn at a time."""
    network = dict(model.card.get("network") or {})
    if network.get("name") != "dru_net":
        raise InputError(f'The model "{model.id}" does not segment frames. Choose another model.')
    trained = (model.card.get("training") or {}).get("config") or {}
    size = (model.card.get("input") or {}).get("size")
    patients = patients_in(data)
    if not patients:
        raise InputError(
            f"{data} holds no masks. Each patient has a folder, in it folders with one run (run.dcm, for example) and masks.nrrd "
            "or masks.seg.nrrd."
        )
    values = {
        "title": title,
        "field_of_view": model.card.get("field_of_view") or "upper",
        "network": network,
        "data": {"source": FOLDERS, "folder": str(data), "judge": "patients" if len(patients) > 1 else "frames"},
        "start": str(model.folder.absolute()),
        "loss": trained.get("loss", "dice+bce"),
        "learning_rate": LEARNING_RATE,
        "schedule": "cosine",
        "other_detectors": False,  # it is the user's own system that the network shall know
        "batch": BATCH,
        "steps": steps,
        "seed": seed,
        "validate_every": max(1, steps // JUDGED),
        "checkpoint_every": max(1, steps // JUDGED),
        **({"size": size} if size else {}),
    }
    return TrainingConfig.from_json(values)


def _free_title(model: Model, store: ModelStore) -> str:
    title = re.sub(rf"{re.escape(ENDING)}( \d+)?$", "", model.card["title"]) + ENDING
    taken, number = _taken(store), 1
    while model_id(title if number == 1 else f"{title} {number}") in taken:
        number += 1
    return title if number == 1 else f"{title} {number}"


def _taken(store: ModelStore) -> set[str]:
    return {model.id for model in store.available()[0]}
