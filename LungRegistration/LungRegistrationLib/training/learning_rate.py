"""The learning rate at a step: constant, or falling along half a cosine to a last one, so that a short training settles."""

from __future__ import annotations

import math

from .config import TrainingConfig


def rate_at(config: TrainingConfig, step: int, steps: int) -> float:
    """The rate at a step (0, 1, ...) of a level of so many steps; it follows from the place alone, also after --resume."""
    if config.last_learning_rate is None:
        return config.learning_rate
    fall = (1 + math.cos(math.pi * step / max(steps - 1, 1))) / 2
    return config.last_learning_rate + fall * (config.learning_rate - config.last_learning_rate)
