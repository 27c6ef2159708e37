"""What a training is made of, as JSON files; `configs/` holds one for each row of the papers' tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.training.config import FOLDERS, PHANTOM, BaseConfig
from CorrespondCoreLib.training.entries import one_of, whole, wrong_entry

from ..network_settings import PREALIGNMENTS

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
NETWORKS = ("rrn", "virnet", "voxelmorph")
SOURCES = (FOLDERS, PHANTOM)
OBJECTIVES = ("correlation", "anatomical")
RANGES = {  # of the phantom: what can be asked for
    "motion_mm": (5, 60),
    "voxel_mm": (0.5, 12),
    "slice_mm": (0.5, 12),
    "noise_hu": (1, 150),
    "blur_mm": (0.2, 3),
    "body_scale": (0.6, 1.3),
}


@dataclass(frozen=True)
class DataConfig:
    """Where pairs come from.

    `source` "folders": each folder below `folder` that holds fixed.nrrd and moving.nrrd is a pair (see `folder_pairs`).
    `source` "phantom": pairs are made while training, each from a seed of its own (see `random_phantom`).
    """

    needs: str  # the data that this configuration is for, in words
    source: str = "phantom"
    folder: str | None = None  # of the pairs; None where the command line names it
    validation: tuple[str, ...] = ()  # folders: names of the pairs that judge, and are not trained on
    train_on_validation: bool = False  # RRN's published protocol: fitted to the pairs that it is judged on
    pairs: int | None = None  # phantom: so many different ones, over and over; None: no pair is seen twice
    validation_pairs: int = 4  # phantom
    motion_mm: tuple[float, float] = (8.0, 55.0)  # phantom: largest displacement in the lungs
    voxel_mm: tuple[float, float] = (1.8, 2.6)  # phantom: in plane
    slice_mm: tuple[float, float] = (1.8, 3.2)  # phantom
    noise_hu: tuple[float, float] = (25.0, 45.0)  # phantom: standard deviation, of each scan
    blur_mm: tuple[float, float] = (0.45, 0.85)  # phantom: standard deviation of the point spread, of each scan
    body_scale: tuple[float, float] = (1.0, 1.0)  # phantom: size of the body along each axis
    tilt_deg: float = 0.0  # phantom: largest turn of the patient between the scans; above 0 the table moves too
    contrast_agent: float = 0.0  # phantom: share of the scans with brighter blood
    pathology: float = 0.0  # phantom: share of the pairs with emphysema, bullae, consolidations, nodules, effusion
    keypoints: int = 500  # phantom: points whose partners the keypoint loss knows
    keypoint_error_mm: float = 1.0  # phantom: standard deviation per axis; the paper's automatic ones err by 1 to 2 mm
    mirrored: bool = False  # every pair that is trained on is seen twice: as it is, then mirrored left to right
    workers: int = 0  # processes that prepare pairs beside the training; 0: the training's own
    keep_in_memory: bool = False  # prepared pairs that will be seen again stay in memory

    def __post_init__(self) -> None:
        object.__setattr__(self, "validation", tuple(self.validation))
        for name in RANGES:
            object.__setattr__(self, name, tuple(float(v) for v in getattr(self, name)))

    def check(self) -> None:
        """Raise InputError where a value cannot work."""
        one_of("data.source", self.source, SOURCES)
        for name, (low, high) in RANGES.items():
            values = getattr(self, name)
            if len(values) != 2 or not low <= values[0] <= values[1] <= high:
                raise wrong_entry(f"data.{name}", f"two rising numbers from {low} to {high}", list(values))
        for name, least in (("validation_pairs", 0), ("keypoints", 2), ("workers", 0)):
            whole(f"data.{name}", getattr(self, name), least)
        if self.pairs is not None:
            whole("data.pairs", self.pairs, 1)
        for name, high in (("contrast_agent", 1), ("pathology", 1), ("tilt_deg", 15)):
            if not 0 <= getattr(self, name) <= high:
                raise wrong_entry(f"data.{name}", f"a number from 0 to {high}", getattr(self, name))
        if not self.keypoint_error_mm >= 0:
            raise wrong_entry("data.keypoint_error_mm", "a number from 0 on", self.keypoint_error_mm)


@dataclass(frozen=True)
class StopConfig:
    """Early stop on a stable similarity (RRN paper, section 3.1): by windows of steps, whose means hardly differ any more."""

    window: int = 1000  # steps
    change: float = 0.002  # relative to the mean of the window before

    def check(self) -> None:
        whole("stop.window", self.window, 1)
        if not self.change > 0:
            raise wrong_entry("stop.change", "a number above 0", self.change)


@dataclass(frozen=True)
class TrainingConfig(BaseConfig):
    """All options of a training.

    Example:
        config = TrainingConfig.from_json("rrn_with_cost_volume")
    """

    shipped, parts = CONFIGS, {"data": DataConfig, "stop": StopConfig}

    title: str
    network: dict[str, Any]  # {"name": "rrn", "virnet" or "voxelmorph", and the class's arguments}
    objective: dict[str, Any]  # {"name": "correlation" or "anatomical", and the class's arguments}
    data: DataConfig
    size: tuple[int, int, int]  # voxels along x, y, z
    steps: tuple[int, ...]  # at most; for VIRNet one number per level, the coarsest first
    window_hu: tuple[float, float] | None = None  # taken to 0..1; None: the network sees HU
    prealignment: str = "affine"  # of the lungs, before the network; or "translation"
    model: str | None = None  # id or folder of the one whose weights this training starts from; None: random weights
    row: str = ""  # of a paper's table, which this configuration repeats
    learning_rate: float = 1e-4
    last_learning_rate: float | None = None  # of each level, to which the rate falls along a cosine; None: it is constant
    batch: int = 1  # pairs per step, over all processes
    seed: int = 0  # of the first weights, and of the order of the pairs
    mixed_precision: bool = True  # on a GPU: layers in float16
    bfloat16_on_cpu: bool = False  # layers in bfloat16 on a CPU: three times faster on processors that have it, slower on others
    stop: StopConfig | None = None
    validate_every: int = 500  # steps; 0: never
    checkpoint_every: int = 100  # steps

    def __post_init__(self) -> None:
        _set_tuple(self, "size", int)
        _set_tuple(self, "steps", int)
        if self.window_hu is not None:
            _set_tuple(self, "window_hu", float)
        self.check()

    @property
    def levels(self) -> tuple[int, ...]:
        """Levels in the order in which they are trained; networks without levels have level 1 alone."""
        return tuple(range(len(self.steps), 0, -1))

    def check(self) -> None:
        """Raise InputError where a value cannot work; names the entry and what is allowed."""
        one_of("network.name", self.network.get("name"), NETWORKS)
        one_of("objective.name", self.objective.get("name"), OBJECTIVES)
        one_of("prealignment", self.prealignment, tuple(sorted(set(PREALIGNMENTS.values()))))
        if len(self.size) != 3 or min(self.size) < 16:
            raise wrong_entry("size", "three numbers of voxels from 16 on", list(self.size))
        levels = self.network.get("levels", 3) if self.network["name"] == "virnet" else 1
        least = 0 if self.model is not None and levels > 1 else 1  # levels of a model may stay as they are
        if len(self.steps) != levels or min(self.steps) < least or max(self.steps) < 1:
            raise wrong_entry("steps", f"{levels} number(s) from {least} on, one per level", list(self.steps))
        if (self.objective["name"] == "anatomical") != (self.window_hu is None):
            raise InputError(
                'Entry window_hu: the objective "anatomical" compares HU and takes none (null), "correlation" needs one '
                "that is taken to 0..1, such as [-1000, -100]."
            )
        if self.window_hu is not None and not (len(self.window_hu) == 2 and self.window_hu[0] < self.window_hu[1]):
            raise wrong_entry("window_hu", "two rising numbers", list(self.window_hu))
        if not 0 < self.learning_rate < 1:
            raise wrong_entry("learning_rate", "a number above 0 and below 1", self.learning_rate)
        if self.last_learning_rate is not None and not 0 <= self.last_learning_rate <= self.learning_rate:
            raise wrong_entry("last_learning_rate", "null, or a number from 0 to learning_rate", self.last_learning_rate)
        for name, least in (("batch", 1), ("seed", 0), ("validate_every", 0), ("checkpoint_every", 1)):
            whole(name, getattr(self, name), least)
        self.data.check()
        if self.stop is not None:
            self.stop.check()


def _set_tuple(config: TrainingConfig, name: str, kind: type) -> None:
    object.__setattr__(config, name, tuple(kind(v) for v in getattr(config, name)))
