"""What a training is made of, as JSON files; `configs/` holds the paper's and ours for both fields of view."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.training.config import FOLDERS, PHANTOM, BaseConfig
from CorrespondCoreLib.training.entries import one_of, whole, wrong_entry

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
NETWORKS = {"segmentation": "dru_net", "matching": "matching"}
FIELDS_OF_VIEW = ("lower", "upper")
LOSSES = {"segmentation": ("dice", "bce", "dice+bce"), "matching": ("dice", "dice+place")}


@dataclass(frozen=True)
class DataConfig:
    """Where frames come from: a folder of runs with masks (see `frames.folder_frames`), or the phantom's stream."""

    source: str = "phantom"  # or folders, of runs with masks
    folder: str | None = None  # of the runs; None where the command line names it
    split: tuple[float, float] = (0.6, 0.2)  # folder: of the patients, trained on and judging while training; the rest is left
    judge: str = "patients"  # folder: who judges while training; or frames: the last quarter of those drawn, for one patient
    empty_frames: bool = False  # folder: frames without any mask pixel show no contrast agent; else they were not drawn on
    frames: int | None = None  # phantom: so many different ones, kept in memory; None: no frame is seen twice
    validation_frames: int = 24  # phantom
    cache: str | None = None  # phantom: folder of rendered frames, for all trainings; empty it after an update
    workers: int = 0  # processes that prepare frames beside the training

    def __post_init__(self) -> None:
        object.__setattr__(self, "split", tuple(float(v) for v in self.split))

    def check(self) -> None:
        """Raise InputError where a value cannot work."""
        one_of("data.source", self.source, (PHANTOM, FOLDERS))
        if len(self.split) != 2 or min(self.split) <= 0 or sum(self.split) > 1:
            raise wrong_entry("data.split", "two parts above 0 that make at most 1", list(self.split))
        one_of("data.judge", self.judge, ("patients", "frames"))
        if self.frames is not None:
            whole("data.frames", self.frames, 1)
        whole("data.validation_frames", self.validation_frames, 1)
        whole("data.workers", self.workers, 0)


@dataclass(frozen=True)
class TrainingConfig(BaseConfig):
    """All options of a training.

    Example:
        config = TrainingConfig.from_json("ours_upper")
    """

    shipped, parts = CONFIGS, {"data": DataConfig}

    title: str
    task: str = "segmentation"  # or matching
    field_of_view: str = "upper"  # or lower: iliac and femoral arteries
    network: dict[str, Any] = field(default_factory=lambda: {"name": "dru_net", "base": 16})
    data: DataConfig = field(default_factory=DataConfig)
    size: int = 256  # rows and columns that the network sees
    start: str | None = None  # model (id or folder) whose weights this training starts from; None: random weights
    loss: str = "dice"  # paper: dice for the lower field of view and for matching, bce for the upper one
    optimizer: str = "adam"  # or sgd; the paper names none
    learning_rate: float = 1e-3
    momentum: float = 0.9  # sgd
    schedule: str = "constant"  # or cosine: to 0 at the last step, after a rise over the first 2 %
    augmentation: bool = True
    other_detectors: bool = True  # the augmentation of frames changes exposure and collimator, too
    steps: int = 10_000
    batch: int = 8  # over all processes
    seed: int = 0  # of the first weights, the order of the frames, the augmentation, the split
    bfloat16: bool = False  # the network computes with 16 bits; for GPUs, and for CPUs that have instructions for it
    validate_every: int = 250  # steps
    checkpoint_every: int = 50

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise InputError where a value cannot work; names the entry and what is allowed."""
        one_of("task", self.task, tuple(NETWORKS))
        one_of("network.name", self.network.get("name"), (NETWORKS[self.task],))
        one_of("field_of_view", self.field_of_view, FIELDS_OF_VIEW)
        one_of("loss", self.loss, LOSSES[self.task])
        one_of("optimizer", self.optimizer, ("adam", "sgd"))
        one_of("schedule", self.schedule, ("constant", "cosine"))
        for name in ("steps", "batch", "validate_every", "checkpoint_every"):
            whole(name, getattr(self, name), 1)
        whole("seed", self.seed, 0)
        whole("size", self.size, 32)
        if self.size % 16:
            raise wrong_entry("size", "a multiple of 16", self.size)
        if not 0 < self.learning_rate <= 1 or not 0 <= self.momentum < 1:
            raise InputError("Entries learning_rate (above 0, at most 1) and momentum (0 to below 1): one is outside.")
        self.data.check()

    def comparable(self) -> dict[str, Any]:
        """`to_dict` without what only says how this computer prepares frames."""
        return replace(self, data=replace(self.data, workers=0, cache=None)).to_dict()
