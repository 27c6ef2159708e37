"""The best models of a training, kept as model folders while it runs."""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path
from typing import Any

from torch import nn

from CorrespondCoreLib.checkpoints import save_model
from CorrespondCoreLib.models import CARD, WEIGHTS, ModelStore
from CorrespondCoreLib.provenance import versions

from .config import RECONSTRUCTION, TrainingConfig
from .validation import FIGURE

LICENSE = "Apache-2.0"


class BestModels:
    """Model folders <folder>/<id>-step-<n>, the best ones of those that were offered.

    Args:
        scores: step -> validation score, of those that are kept (from the checkpoint of a training that goes on).
    """

    def __init__(self, config: TrainingConfig, folder: Path, scores: dict[int, float]):
        self._config, self._folder = config, folder
        self.scores = dict(scores)

    @property
    def id(self) -> str:
        return re.sub(r"[^A-Za-z0-9]+", "-", self._config.title).strip("-").lower()

    def offer(self, network: nn.Module, step: int, score: float) -> None:
        """Write the network as a model if it is among the best; those that it displaces are deleted by `prune`."""
        ranked = sorted({**self.scores, step: score}.items(), key=lambda item: (-item[1], item[0]))[: self._config.keep_best]
        if step in dict(ranked):
            save_model(copy.deepcopy(network).half(), self._card(step, score), ModelStore(user_folder=self._folder))
        self.scores = dict(ranked)

    def prune(self) -> None:
        """Delete what is no longer among the best; called once the checkpoint that says so is on disk."""
        for path in self._folder.glob(f"{self.id}-step-*"):
            if int(path.name.rsplit("-", 1)[1]) not in self.scores:
                shutil.rmtree(path)

    def files(self) -> list[Path]:
        """Of the kept models, the best first."""
        return [self._folder / f"{self.id}-step-{step}" / name for step in self.scores for name in (CARD, WEIGHTS)]

    def _card(self, step: int, score: float) -> dict[str, Any]:
        config, data = self._config, self._config.data
        learned = "reconstruction of " + config.image if config.task == RECONSTRUCTION else config.lesion
        phantom = data.source == "phantom"
        return {
            "id": f"{self.id}-step-{step}",
            "title": config.title,
            "method": config.network["name"],
            "network": config.network,
            "lesion": None if config.task == RECONSTRUCTION else config.lesion,
            "version": "1",
            "license": LICENSE,
            "trained_on": f"phantom eyes only; never saw a patient ({learned})" if phantom else f"scans of the user ({learned})",
            "domain": {"modality": "OCT"},
            "input": {"above_mm": data.above_mm, "below_mm": data.below_mm, "depth": data.depth},
            "training": {
                "config": config.to_dict(),
                "step": step,
                "validation": {FIGURE[config.task]: score},
                "versions": versions(),
            },
        }
