"""The model follows frames as they come: each is fitted in-plane from the pose of the last good one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from CorrespondCoreLib.errors import InputError

from ..alignment.confidence import SLIDING
from ..alignment.degrees import with_pivot
from ..alignment.pose_fit import PoseFit, fit_pose
from ..alignment.rim import Rim
from ..alignment.settings import FitSettings
from ..alignment.views import View
from ..carm import CArm
from ..pose import Pose

MOTION_MM = 10.0
"""One standard deviation of heart and breath together, to which frames that tell little are held."""
TURN_DEG = 2.0


class Follower:
    """Holds the model and where it was last.

    Args:
        rim: of the model.
        pose: of an alignment; it gets the model's middle as pivot where it has none.
        least_quality: of a frame from whose pose the next one starts.
        settings: numbers of the fit.
        searching: look farther for the model in a frame that does not fit, which takes several times as long.

    Attributes:
        aligned: the given pose. last: that of the last good frame.
    """

    def __init__(
        self,
        rim: Rim,
        pose: Pose,
        least_quality: float,
        settings: FitSettings | None = None,
        searching: bool = True,
    ):
        self._rim, self._settings, self._least_quality = rim, settings or FitSettings(), least_quality
        self._held = replace(self._settings, shift_trust_mm=MOTION_MM, angle_trust_deg=TURN_DEG)
        self._searching = searching
        self.aligned = pose if np.any(pose.pivot_mm) else with_pivot(pose, rim.center_mm)
        self.last = self.aligned

    def follow(self, mask: np.ndarray, carm: CArm, field: np.ndarray | None = None) -> tuple[PoseFit | None, float]:
        """The fit of the next frame, None where it shows no vessel, and its quality.

        The model is searched for only where the last pose is no good start, if at all.

        Args:
            mask: (rows, columns) bool. field: (rows, columns) bool, what the collimator leaves open; None for all.

        Returns:
            quality: 0 to 1: what part of the mask's outline is explained, less where it is far off or the frame hardly tells
                the shift.
        """
        view = View(mask, carm, field)
        fit = self._fitted(view, self.last, 1)
        if self._searching and (fit is None or self._quality(fit) < self._least_quality):
            searched = self._fitted(view, self.aligned, 3)
            if fit is None or (searched is not None and self._quality(searched) > self._quality(fit)):
                fit = searched
        quality = 0.0 if fit is None else self._quality(fit)
        if fit is not None and quality >= self._least_quality:
            self.last = fit.pose
        return fit, quality

    def _fitted(self, view: View, start: Pose, starts: int) -> PoseFit | None:
        try:
            return fit_pose(self._rim, [view], start, starts=starts, settings=self._held, trusted=self.aligned)
        except InputError:
            return None

    def _quality(self, fit: PoseFit) -> float:
        near = min(1.0, self._settings.high_residual_mm / max(fit.residual_mm[0], 1e-9))
        told = min(1.0, self._settings.certain_mm / max(fit.confidence[SLIDING].sigma, 1e-9))
        return fit.matched[0] * near * told
