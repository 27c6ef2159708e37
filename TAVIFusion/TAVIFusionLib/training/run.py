"""A training from its configuration to a model folder, as the command line starts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.models import CARD, WEIGHTS
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.run import training_run

from .config import TrainingConfig
from .model_card import save_trained
from .trainer import Trainer


def train(
    config: TrainingConfig,
    output: str | Path,
    resume: bool = False,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a network and write it as a model; under `torchrun`, together with the other processes.

    Args:
        config: see TrainingConfig.
        output: folder for config.json, checkpoint.pt, steps.csv, validation.csv, and models/<id>/ at the end.
        resume: go on where a training in `output` was stopped or killed; if it never wrote a checkpoint, begin.
        device: "auto", "cpu", "cuda" or "mps".

    Returns:
        What was done, and the paths of the files; nothing in processes other than the first.

    Raises:
        InputError, OutputError, MissingPackage, Cancelled, OutOfMemory: each with a message for the user.
    """
    progress = progress or Progress()
    load = f"{config.batch} frames of {config.size} pixels"
    with training_run(output, device, threads, progress, load) as (folder, group):
        trainer = Trainer(config, folder, group, resume, progress if group.is_first else Progress())
        if group.is_first:
            write_json(folder / "config.json", config.to_dict())
        facts = trainer.train()
        if not group.is_first:
            return {}
        model = save_trained(trainer.network, config, facts, group, folder / "models")
    names = ("config.json", "checkpoint.pt", "steps.csv", "validation.csv")
    files = [folder / name for name in names] + [model.folder / name for name in (CARD, WEIGHTS)]
    return {**facts, "model": model.id, "device": str(group.device), "processes": group.count, "files": [str(f) for f in files]}
