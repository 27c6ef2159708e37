"""A training from its configuration to model folders, as the command line starts it."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.models import model_at
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.run import training_run

from ..lesion_models import SHIPPED
from ..networks.checkpoints import load_network
from .config import TrainingConfig
from .eyes import Eye
from .trainer import Trainer


def train(
    config: TrainingConfig,
    output: str | Path,
    start: str | Path | None = None,
    resume: bool = False,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
    kept: dict[Hashable, Eye] | None = None,
) -> dict[str, Any]:
    """Train a network and keep its best models; under `torchrun`, together with the other processes.

    Args:
        config: see TrainingConfig.
        output: folder for config.json, checkpoint.pt, steps.csv, validation.csv and models/.
        start: a model (its id or folder; also a shipped one), whose weights are transferred, all of them.
        resume: go on where a training in `output` was stopped or killed; if it never wrote a checkpoint, begin.
        kept: see Trainer.

    Returns:
        What was done, and the paths of the files; nothing in processes other than the first.

    Raises:
        InputError, OutputError, MissingPackage, Cancelled, OutOfMemory: each with a message for the user.
    """
    progress = progress or Progress()
    load = f"{config.batch} eyes of {config.crop[0]} x {config.data.depth} x {config.crop[1]} voxels"
    with training_run(output, device, threads, progress, load) as (folder, group):
        weights = load_network(model_at(start, [SHIPPED])).state_dict() if start is not None else None
        trainer = Trainer(config, folder, group, weights, resume, kept, progress if group.is_first else Progress())
        if group.is_first:
            write_json(folder / "config.json", config.to_dict())
        facts = trainer.train()
        if not group.is_first:
            return {}
    files = [folder / name for name in ("config.json", "checkpoint.pt", "steps.csv", "validation.csv")] + trainer.best.files()
    return {**facts, "device": str(group.device), "processes": group.count, "files": [str(file) for file in files]}
