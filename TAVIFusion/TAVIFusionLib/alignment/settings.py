"""Numbers of the fit of a pose to outlines."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from CorrespondCoreLib.errors import InputError

LEAST_MOTION_MM = 0.3
"""By so much the motion between two views is uncertain where it was measured."""


@dataclass
class FitSettings:
    """Lengths in mm at the isocenter."""

    search_mm: float = 24.0  # starts are sought so far around the given pose
    search_deg: float = 8.0  # and turned so far in the image
    first_reach_mm: float = 14.0  # outlines farther apart do not pull at first
    last_reach_mm: float = 9.0  # and at the end
    normal_mm: float = 8.0  # length that a difference of 1 between outward normals weighs
    focus_mm: float = 65.0  # around the start's pivot, where it has one: what lies farther counts less
    steps: int = 8  # of Gauss-Newton from the best two starts; half as many are made from each start
    angle_trust_deg: float = (
        2.0  # one standard deviation of the error that the given angles are believed to have, about each axis
    )
    shift_trust_mm: float = 100.0  # and of the start's shift: holds what the outlines do not tell
    beat_mm: float = 2.5  # by which the heart moves the model between two views, towards its apex: one standard deviation
    breath_mm: float = 2.5  # and the breath, towards the feet
    moved_mm: float = 0.7  # and both in any other direction
    width_mm: float = 1.5  # and by how much all outlines of mask and model may lie outside of each other
    noise_mm: float = 1.0  # error of outline and model that one independent piece of outline has at least
    piece_mm: float = 6.0  # length of outline over which errors go together
    least_view_angle_deg: float = 30.0  # between two views, for six degrees of freedom
    certain_mm: float = 1.5  # one standard deviation, up to which a shift is called certain
    certain_deg: float = 3.0  # and a rotation
    high_residual_mm: float = 2.0  # median distance of the outlines, above which is warned
    least_matched: float = 0.6  # part of the mask's outline that the model explains, below which is warned

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value <= 0 and name not in ("search_mm", "search_deg"):
                raise InputError(f"Setting {name} must be above 0, not {value}.")
        if self.search_mm < 0 or self.search_deg < 0:
            raise InputError("Settings search_mm and search_deg must not be negative.")

    def with_motion(self, heart_mm: float, breath_mm: float) -> FitSettings:
        """The same where it is known, by how much heart and breath differ between two views."""
        heart, breath = (max(LEAST_MOTION_MM, value) for value in (heart_mm, breath_mm))
        return replace(self, beat_mm=heart, breath_mm=breath, moved_mm=LEAST_MOTION_MM)
