"""Settings of an en-face segmentation, readable and writable as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.json_objects import JsonObject, configured

METHODS = ("network", "hypertransmission")
BRUCH_SOURCES = ("auto", "file", "find")
DEPTH_VOXELS = 128  # depth of what the networks see (paper, section 3)


@dataclass
class HypertransmissionSettings:
    """Options of the method for GA that needs no network."""

    slab_mm: tuple[float, float] = (0.064, 0.400)  # below Bruch's membrane
    retina_mm: tuple[float, float] = (-0.30, -0.12)  # where shadows of vessels are seen before they reach the slab
    smoothing_mm: float = 0.04  # Gaussian, against speckle
    vessel_mm: float = 0.30  # a dark line of the retina narrower than this is a shadow
    contrast: float = 0.55  # threshold between the choroid of this scan (0) and its brightest percentile (1)
    least_spreads: float = 2.5  # but never nearer to the choroid than so many robust standard deviations of it
    smallest_mm2: float = 0.049  # of a lesion: pi / 4 * (0.25 mm)^2, the criterion of cRORA
    largest_hole_mm2: float = 0.02  # that is filled

    def __post_init__(self) -> None:
        self.slab_mm = (float(self.slab_mm[0]), float(self.slab_mm[1]))
        self.retina_mm = (float(self.retina_mm[0]), float(self.retina_mm[1]))
        for name in ("smoothing_mm", "vessel_mm", "contrast", "least_spreads", "smallest_mm2", "largest_hole_mm2"):
            if getattr(self, name) < 0:
                raise InputError(f"Setting {name} must not be negative, not {getattr(self, name)}.")


@dataclass
class SegmentationSettings(JsonObject):
    """All options of the segmentation; change what is wanted, keep the rest.

    Example:
        settings = SegmentationSettings(lesion="ga", models=("fpn-ga",))
    """

    noun = "settings file"

    lesion: str = "ga"  # ga, rpd, or another name that a model's card has
    method: str = "network"  # network; hypertransmission: no network, GA only, never chosen by itself
    models: tuple[str, ...] = ()  # ids or folders, whose predictions are averaged; all of the lesion that are installed if empty
    threshold: float = 0.5  # of the probability
    bruch: str = "auto"  # Bruch's membrane: of the file (file), found in the volume (find), the file's if it has one (auto)
    above_mm: float | None = None  # what the network sees above Bruch's membrane; the model's card says it, else 1.28 mm
    below_mm: float | None = None  # and below it; else 0.64 mm: together a Spectralis scan's 1.92 mm
    tile: int | None = None  # A-scans that the network sees at once, to save memory; all of them if empty
    smallest_mm2: float = 0.0  # lesions of a network's mask that are smaller are left out
    hypertransmission: HypertransmissionSettings = field(default_factory=HypertransmissionSettings)

    def __post_init__(self) -> None:
        self.models = tuple(self.models)
        if isinstance(self.hypertransmission, dict):
            self.hypertransmission = configured(
                HypertransmissionSettings, self.hypertransmission, "hypertransmission.", self.noun
            )
        self.check()

    def check(self) -> None:
        """Raise InputError where a value cannot work; names the setting and what is allowed."""
        for name, value, allowed in (("method", self.method, METHODS), ("bruch", self.bruch, BRUCH_SOURCES)):
            if value not in allowed:
                raise InputError(f"Setting {name}: {value!r} is unknown; choose one of {', '.join(allowed)}.")
        if not self.lesion or not self.lesion.replace("-", "").replace("_", "").isalnum():
            raise InputError(f"Setting lesion: {self.lesion!r} is no name; use letters, digits, - and _ (ga, rpd, drusen, ...).")
        if self.method == "hypertransmission" and self.lesion != "ga":
            raise InputError(
                f"The method hypertransmission finds geographic atrophy (ga) only. Choose a network for {self.lesion}."
            )
        if self.method == "hypertransmission" and self.models:
            raise InputError("The method hypertransmission uses no model: leave the models out, or choose the method network.")
        if not 0 < self.threshold < 1:
            raise InputError(f"Setting threshold lies between 0 and 1, not at {self.threshold}.")
        for name in ("above_mm", "below_mm", "tile"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"Setting {name} must be above 0, not {value}.")
        if self.smallest_mm2 < 0:
            raise InputError(f"Setting smallest_mm2 must not be negative, not {self.smallest_mm2}.")
