"""A training from its configuration to model folders, as the command line starts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from CorrespondCoreLib.devices import check_torch, pick_device
from CorrespondCoreLib.errors import Cancelled
from CorrespondCoreLib.files import check_output_folder, write_json
from CorrespondCoreLib.models import model_at
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.threads import limited

from ..networks.checkpoints import load_network
from .config import TrainingConfig
from .trainer import Trainer


def train(
    config: TrainingConfig,
    output: str | Path,
    start: str | Path | None = None,
    resume: bool = False,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a network and keep its best models.

    Args:
        config: see TrainingConfig.
        output: folder for config.json, checkpoint.pt, steps.csv, validation.csv and models/.
        start: a model (its id or folder), whose weights are transferred, all of them.
        resume: go on where a training in `output` was stopped or killed; if it never wrote a checkpoint, begin.

    Returns:
        What was done, and the paths of the files.

    Raises:
        InputError, OutputError, MissingPackage, Cancelled: each with a message for the user.
    """
    check_torch()
    progress = progress or Progress()
    with limited(threads):
        place = pick_device(device, progress)
        folder = check_output_folder(output)
        weights = load_network(model_at(start)).state_dict() if start is not None else None
        trainer = Trainer(config, folder, place, weights, resume, progress)
        write_json(folder / "config.json", config.to_dict())
        try:
            facts = trainer.train()
        except (Cancelled, KeyboardInterrupt) as error:
            raise Cancelled("The training was stopped. Go on from its last checkpoint with --resume.") from error
    files = [folder / name for name in ("config.json", "checkpoint.pt", "steps.csv", "validation.csv")] + trainer.best.files()
    return {**facts, "device": place, "files": [str(file) for file in files]}
