"""Settings of a lung registration, with the defaults that serve every pair, readable and writable as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.json_objects import JsonObject, read_json_object

from .network_settings import NETWORK_METHODS, NetworkSettings

METHODS = ("search", *NETWORK_METHODS)
PRESETS = ("fast", "default", "best", "ruehaak2017")
SIMILARITIES = ("mind", "lncc", "ngf")
REGULARIZERS = ("curvature", "diffusion", "total_variation")


@dataclass(frozen=True)
class Level:
    """One level of the control-grid refinement."""

    feature_spacing_mm: float  # lattice on which the images are compared
    control_spacing_mm: float  # distance of the cubic B-spline control points
    iterations: int
    similarity: str = "mind"


@dataclass
class RegistrationSettings(JsonObject):
    """All options of the registration; change what is wanted, keep the rest.

    Example:
        settings = preset("fast")
        settings.regularizer = "diffusion"
    """

    method: str = "search"  # training-free search; or a network: rrn, virnet, voxelmorph
    preset: str = "default"  # where the other values come from

    hu_range: tuple[float, float] = (
        -1000.0,
        400.0,
    )  # clamp: below is outside the scanner's field of view, above is bone and metal

    search_cell_mm: tuple[float, ...] = (10.0, 6.0)  # discrete search, coarse to fine: cell size
    search_step_mm: tuple[float, ...] = (5.0, 3.0)  # displacement step, which is also the feature lattice
    search_range_mm: tuple[float, ...] = (35.0, 9.0)  # largest displacement tried around the level before

    levels: tuple[Level, ...] = field(default_factory=lambda: (Level(4.0, 12.0, 12), Level(2.5, 8.0, 10), Level(1.75, 6.0, 12)))
    regularizer: str = "curvature"  # curvature (Fischer & Modersitzki 2003), diffusion, total_variation
    regularization_weight: float = 0.5
    volume_change_weight: float = 0.02  # (det J - 1)^2 / det J, extended below 0.1 (Hering 2021 eq. 6): no folding
    mask_weight: float = 0.02  # signed distance to the lungs' surface, or to that of each lobe where masks hold several labels
    keypoints: bool = True  # match Foerstner points and draw the last level to them
    keypoint_count: int = 3000
    keypoint_weight: float = 0.3
    keypoint_held_out: float = 0.2  # part of the matches that the fit never sees, for an honest error without landmarks
    landmark_weight: float = 3.0  # for landmarks given as soft constraints
    smoothing_mm: float = 0.0  # Gaussian smoothing of the final field, for ventilation maps; 0 = none
    field_spacing_mm: float = 2.0  # grid of the resulting fields
    network: NetworkSettings = field(default_factory=NetworkSettings)  # of the methods that are networks

    def __post_init__(self) -> None:
        self.hu_range = tuple(self.hu_range)  # type: ignore[assignment]
        for name in ("search_cell_mm", "search_step_mm", "search_range_mm"):
            setattr(self, name, tuple(float(v) for v in getattr(self, name)))
        self.levels = tuple(level if isinstance(level, Level) else Level(**level) for level in self.levels)
        if not isinstance(self.network, NetworkSettings):
            self.network = NetworkSettings(**self.network)
        self.check()

    def check(self) -> None:
        """Raise InputError where a value cannot work; names the setting and what is allowed."""
        _one_of("method", self.method, METHODS)
        _one_of("preset", self.preset, PRESETS)
        _one_of("regularizer", self.regularizer, REGULARIZERS)
        if not self.hu_range[0] < self.hu_range[1]:
            raise InputError(f"Setting hu_range: the lower bound must be below the upper one, not {list(self.hu_range)}.")
        if not len(self.search_cell_mm) == len(self.search_step_mm) == len(self.search_range_mm):
            raise InputError("Settings search_cell_mm, search_step_mm and search_range_mm need the same number of values.")
        if not self.levels:
            raise InputError("Setting levels: at least one level of refinement is needed.")
        for level in self.levels:
            _one_of("similarity", level.similarity, SIMILARITIES)
            _positive("feature_spacing_mm", level.feature_spacing_mm)
            _positive("control_spacing_mm", level.control_spacing_mm)
        for name in ("regularization_weight", "field_spacing_mm", "volume_change_weight"):
            _positive(name, getattr(self, name))
        for name in ("mask_weight", "keypoint_weight", "landmark_weight", "smoothing_mm"):
            if getattr(self, name) < 0:
                raise InputError(f"Setting {name} must not be negative, not {getattr(self, name)}.")
        if not 0 <= self.keypoint_held_out < 1:
            raise InputError(f"Setting keypoint_held_out is a part of the keypoints, 0 to below 1, not {self.keypoint_held_out}.")

    def with_similarity(self, similarity: str) -> RegistrationSettings:
        """The same settings with one similarity (mind, lncc, ngf) at every level of the refinement."""
        _one_of("similarity", similarity, SIMILARITIES)
        return replace(self, levels=tuple(replace(level, similarity=similarity) for level in self.levels))

    @classmethod
    def from_json(cls, source: str | Path | dict[str, Any]) -> RegistrationSettings:
        """Settings from a JSON file or a dict; what is not named keeps the value of the preset that is named, or the default.

        Raises:
            InputError: the file cannot be read, a name is unknown, or a value cannot work.
        """
        values = dict(source) if isinstance(source, dict) else read_json_object(Path(source), "settings file")
        similarity = values.pop("similarity", None)
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise InputError(f"Unknown settings: {', '.join(unknown)}. Known are: similarity, {', '.join(sorted(known))}.")
        try:
            settings = replace(preset(values.get("preset", "default")), **values)
        except (TypeError, ValueError) as error:
            raise InputError(f"A setting has a value of the wrong kind: {error}.") from error
        return settings.with_similarity(similarity) if similarity else settings


def preset(name: str) -> RegistrationSettings:
    """The settings of a quality preset: fast, default, best, or ruehaak2017.

    ruehaak2017: keypoints, NGF, curvature, volume-change control and mask alignment
    (Ruehaak et al., IEEE Trans Med Imaging 36(8), 2017).
    """
    _one_of("preset", name, PRESETS)
    if name == "fast":
        return RegistrationSettings(preset=name, levels=(Level(4.0, 12.0, 10), Level(3.0, 8.0, 10)), keypoint_count=1500)
    if name == "best":
        return RegistrationSettings(
            preset=name,
            levels=(Level(4.0, 12.0, 15), Level(2.5, 8.0, 15), Level(1.5, 5.0, 20)),
            keypoint_count=5000,
        )
    if name == "ruehaak2017":
        return RegistrationSettings(
            preset=name,
            levels=(Level(4.0, 12.0, 15, "ngf"), Level(2.5, 8.0, 15, "ngf"), Level(1.5, 6.0, 15, "ngf")),
            keypoint_count=5000,
            keypoint_weight=1.0,
        )
    return RegistrationSettings()


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"Setting {name}: {value!r} is unknown; choose one of {', '.join(allowed)}.")


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise InputError(f"Setting {name} must be above 0, not {value}.")
