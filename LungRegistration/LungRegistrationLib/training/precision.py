"""In which numbers the network's layers compute while it is trained; the loss and the weights are float32 throughout."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch

from .config import TrainingConfig

GradScaler = partial(torch.amp.GradScaler, "cuda") if hasattr(torch.amp, "GradScaler") else torch.cuda.amp.GradScaler
LOST_STEPS = 20  # in float16 so many steps in a row may overflow, until the scale of the loss has adapted


class Precision:
    """float16 on a GPU, bfloat16 on a CPU, each where the configuration asks for it; else float32.

    Attributes:
        scaler: of the loss; scales in float16 alone, whose small gradients would vanish.
        lost_steps: so many steps in a row may give a loss that is not a number.
    """

    def __init__(self, config: TrainingConfig, device: torch.device):
        on_gpu, on_cpu = config.mixed_precision and device.type == "cuda", config.bfloat16_on_cpu and device.type == "cpu"
        self._device, self._dtype = device.type, torch.float16 if on_gpu else torch.bfloat16 if on_cpu else None
        self.lost_steps = LOST_STEPS if on_gpu else 0
        self.begin()

    def begin(self) -> None:
        """Forget the scale of the loss: a level begins."""
        self.scaler: Any = GradScaler(enabled=self._dtype is torch.float16)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with the scale of a checkpoint; it has none where it was not in float16."""
        if state and self._dtype is torch.float16:
            self.scaler.load_state_dict(state)

    def layers(self) -> AbstractContextManager[Any]:
        """Within it, layers compute in half precision."""
        return nullcontext() if self._dtype is None else torch.autocast(self._device, self._dtype)
