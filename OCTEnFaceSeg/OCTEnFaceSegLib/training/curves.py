"""Where the figures of a training or fine-tuning go while it runs: to who watches, and into the tables of its folder."""

from __future__ import annotations

from collections.abc import Mapping

from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.log import Log


class Curves:
    """Points {"step", "loss"} of every step and {"step", figure} of every validation; trainings that follow each other in one
    command (oct compare) each begin anew.

    Args:
        progress: gets the points.
        log: gets all figures; None where no tables are kept.
    """

    def __init__(self, progress: Progress, log: Log | None = None):
        self._progress, self._log = progress, log

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """values: "loss" and whatever else the tables hold."""
        self._progress.point(step=step, loss=values["loss"])
        if self._log:
            self._log.step(step, values)

    def validation(self, step: int, figure: str, score: float) -> None:
        """figure: "dice" or "ssim"."""
        self._progress.point(step=step, **{figure: score})
        if self._log:
            self._log.validation(step, {figure: score})

    def close(self) -> None:
        if self._log:
            self._log.close()
