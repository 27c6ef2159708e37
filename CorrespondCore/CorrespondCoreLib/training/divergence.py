"""A training that runs away is stopped, with the remedy."""

from __future__ import annotations

import math

from ..errors import InputError


class Diverged(InputError):
    """The loss is not a number any more."""


class Divergence:
    """Counts the steps in a row whose loss is not a number.

    Args:
        forgiven: of them; in half precision some overflow until the scale of the loss has adapted.
    """

    def __init__(self, forgiven: int = 0):
        self._forgiven, self._lost = forgiven, 0

    def check(self, loss: float, step: int) -> None:
        """Look at the loss of a step.

        Raises:
            Diverged: more steps in a row were lost than are forgiven.
        """
        self._lost = 0 if math.isfinite(loss) else self._lost + 1
        if self._lost > self._forgiven:
            raise Diverged(
                f"The training diverged: the loss is not a number at step {step}. Lower learning_rate in the configuration and "
                "begin anew, in another folder."
            )
