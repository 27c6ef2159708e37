"""The state of a level that judged best: what the next level starts from, and what the model is written from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Best:
    """Weights (on the CPU) at the step with the lowest figure so far, within one level.

    Attributes:
        chosen_by: name of the figure, "tre_mm" or "loss". figures: all figures of that validation.
    """

    step: int
    chosen_by: str
    figures: dict[str, float]
    network: dict[str, torch.Tensor]

    @property
    def value(self) -> float:
        return self.figures[self.chosen_by]

    @property
    def origin(self) -> dict[str, Any]:
        """Where the weights come from, for the card."""
        return {"step": self.step, "chosen_by": self.chosen_by, "value": self.value}

    def state(self) -> dict[str, Any]:
        """Tensors and plain values, for a checkpoint; Best(**state) is the same."""
        return dict(vars(self))


def better(best: Best | None, step: int, figures: Mapping[str, float], network: nn.Module, blind: bool) -> Best | None:
    """The best state after one more validation.

    Args:
        best: before; None at the first validation of a level.
        figures: of the network as it is; the landmark error decides, or the loss where there are no landmarks.
        blind: landmarks must not decide, because they belong to the pairs that are trained on.
    """
    chosen_by = "loss" if blind or math.isnan(figures["tre_mm"]) else "tre_mm"
    if not math.isfinite(figures[chosen_by]) or (best is not None and figures[chosen_by] >= best.value):
        return best
    weights = {name: value.detach().to("cpu", copy=True) for name, value in network.state_dict().items()}
    return Best(step, chosen_by, dict(figures), weights)
