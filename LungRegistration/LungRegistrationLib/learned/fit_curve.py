"""Loss and landmark error while a fit runs: kept for the report, told to whoever watches."""

from __future__ import annotations

import numpy as np
import torch

from CorrespondCoreLib.progress import Progress

from ..geometry.inversion import invert
from ..geometry.lattice import Lattice
from ..geometry.warp import sample
from ..search.frame import Frame, Landmarks


class FitCurve:
    """Called after each evaluation of a fit with (step, loss, field).

    Args:
        progress: gets each point as {"step": ..., "loss": ..., "tre_mm": ...}; the last only with landmarks.
        lattice: of the fields.
        frame: whose linear part completes the map.
        landmarks: fixed and moving points (N, 3) LPS mm of the fit's direction, or None.
        swapped: the fit's fixed image is the user's moving one: errors are those of the inverse map, in the user's direction.

    Attributes:
        losses: before the first step and after each of them.
        tre_mm: mean landmark error at the same moments; empty without landmarks.
    """

    def __init__(self, progress: Progress, lattice: Lattice, frame: Frame, landmarks: Landmarks | None, swapped: bool):
        self.losses: list[float] = []
        self.tre_mm: list[float] = []
        self._progress, self._lattice, self._frame = progress, lattice, frame
        self._landmarks, self._swapped = landmarks, swapped

    def __call__(self, step: int, loss: float, field_mm: torch.Tensor) -> None:
        self.losses.append(loss)
        values = {"loss": loss}
        if self._landmarks is not None:
            self.tre_mm.append(self._mean_error_mm(field_mm, *self._landmarks))
            values["tre_mm"] = self.tre_mm[-1]
        self._progress.point(step=step, **values)

    def _mean_error_mm(self, field_mm: torch.Tensor, fixed_mm: np.ndarray, moving_mm: np.ndarray) -> float:
        volume = field_mm.detach()

        def displacement(points: torch.Tensor) -> torch.Tensor:
            return sample(volume, self._lattice, points).T

        if self._swapped:
            there = torch.as_tensor(self._frame.to_frame(moving_mm), dtype=torch.float32, device=volume.device)
            errors = invert(displacement, there).cpu().numpy() - fixed_mm
        else:
            start = torch.as_tensor(fixed_mm, dtype=torch.float32, device=volume.device)
            errors = self._frame.from_frame(fixed_mm + displacement(start).cpu().numpy()) - moving_mm
        return float(np.linalg.norm(errors, axis=1).mean())
