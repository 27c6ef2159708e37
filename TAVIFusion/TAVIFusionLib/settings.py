"""Settings of a fusion: segmentation, alignment, tracking; readable and writable as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.json_objects import JsonObject, configured

from .alignment.settings import FitSettings

SEGMENTATION_METHODS = ("network", "vesselness")
FIELDS_OF_VIEW = ("auto", "lower", "upper")
DEGREES = ("auto", "in-plane", "in-plane and depth", "six")
MODES = ("pose", "points", "paper")
OVERLAYS = ("all", "some", "none")
"""Frames of a run of which overlay pictures are written."""
AFFINE_METHODS = ("network", "moments", "direct")


@dataclass
class SegmentationSettings:
    """How vessels are found in the frames."""

    method: str = "network"  # network; vesselness: a Frangi filter, no network, never chosen by itself
    model: str = ""  # id or folder; the installed one of the field of view if empty
    field_of_view: str = "auto"  # lower: iliac and femoral arteries, upper: root and arch (paper, section II-B); auto: guessed
    threshold: float = 0.5  # of the probability; DSC, precision and recall come from one table of this mask

    def __post_init__(self) -> None:
        _check_choice("segmentation.method", self.method, SEGMENTATION_METHODS)
        _check_choice("segmentation.field_of_view", self.field_of_view, FIELDS_OF_VIEW)
        if self.method == "vesselness" and self.model:
            raise InputError("The method vesselness uses no model: leave the model out, or choose the method network.")
        if not 0 < self.threshold < 1:
            raise InputError(f"Setting segmentation.threshold lies between 0 and 1, not at {self.threshold}.")


@dataclass
class AlignmentSettings:
    """How the model is laid over the vessels."""

    mode: str = "pose"  # pose: rigid, cone beam, to the vessel; points: to picked pairs alone; paper: an affine map (eq. 4)
    degrees: str = "auto"  # of freedom, see alignment.degrees.FITTED; auto: six with two views 30 degrees apart, else in-plane
    starts: int = 4  # of the search, spread around the given start; picked point pairs are the only start where there are some
    turned: bool = False  # the model's frame is turned in an unknown way: three point pairs in two views tell the rotation
    affine: str = "network"  # paper mode: the map by the matching network, by moments, or by direct optimisation of soft Dice
    model: str = ""  # paper mode: matching network, id or folder; the installed one if empty
    region_px: tuple[int, int, int, int] | None = None  # paper mode: left, top, right, bottom of the projected model's part
    fit: FitSettings = field(default_factory=FitSettings)

    def __post_init__(self) -> None:
        if isinstance(self.fit, dict):
            self.fit = configured(FitSettings, self.fit, "alignment.fit.")
        _check_choice("alignment.mode", self.mode, MODES)
        _check_choice("alignment.degrees", self.degrees, DEGREES)
        _check_choice("alignment.affine", self.affine, AFFINE_METHODS)
        if self.starts < 1:
            raise InputError(f"Setting alignment.starts must be 1 or more, not {self.starts}.")
        if self.region_px is not None:
            region = [int(value) for value in self.region_px]
            if len(region) != 4 or region[0] >= region[2] or region[1] >= region[3]:
                raise InputError("Setting alignment.region_px is left, top, right, bottom in pixels, left before right.")
            self.region_px = (region[0], region[1], region[2], region[3])


@dataclass
class TrackingSettings:
    """How the pose follows the frames."""

    smoothing_s: float = 0.1  # temporal; 0 leaves every frame as it was found
    least_quality: float = 0.5  # of a frame, 0 to 1; below it the overlay is hidden

    def __post_init__(self) -> None:
        if self.smoothing_s < 0:
            raise InputError(f"Setting tracking.smoothing_s must not be negative, not {self.smoothing_s}.")
        if not 0 <= self.least_quality <= 1:
            raise InputError(f"Setting tracking.least_quality lies between 0 and 1, not at {self.least_quality}.")


@dataclass
class FusionSettings(JsonObject):
    """All options; change what is wanted, keep the rest.

    Example:
        settings = FusionSettings(segmentation=SegmentationSettings(field_of_view="upper"))
    """

    noun = "settings file"
    parts = {"segmentation": SegmentationSettings, "alignment": AlignmentSettings, "tracking": TrackingSettings}

    segmentation: SegmentationSettings = field(default_factory=SegmentationSettings)
    alignment: AlignmentSettings = field(default_factory=AlignmentSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"Setting {name}: {value!r} is unknown; choose one of {', '.join(allowed)}.")
