"""What a training is made of, readable and writable as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.training.config import FOLDERS, PHANTOM, BaseConfig
from CorrespondCoreLib.training.entries import one_of, whole, wrong_entry

from ..phantoms.population import USUAL, population_of

CONFIGS = Path(__file__).parents[1] / "configs"
NETWORKS = ("fpn", "resensnet", "lachinov", "ipn", "ipnv2")
SOURCES = (PHANTOM, FOLDERS)
SGD, ADAM = "sgd", "adam"
CONSTANT, COSINE = "constant", "cosine"
SEGMENTATION, RECONSTRUCTION = "segmentation", "reconstruction"


@dataclass(frozen=True)
class DataConfig:
    """Where eyes come from: a folder of scans (see `eyes.FolderEyes`), or phantoms that are made while training."""

    source: str = "phantom"
    folder: str | None = None
    split: tuple[float, float] = (0.6, 0.1)  # of the patients: trained on, judging while training; the rest is left (paper, 3.1)
    label_fraction: float = 1.0  # of the patients that are trained on; at least one
    eyes: int = 120  # phantom: so many different ones
    validation_eyes: int = 8  # phantom
    size: tuple[int, int, int] = (49, 496, 512)  # phantom: B-scans, depth, A-scans
    styles: tuple[str, ...] = ("spectralis", "topcon")  # phantom: one style stays unseen
    population: str = USUAL  # phantom: ranges of the eyes' properties; the other one stays unseen
    healthy: float = 0.25  # phantom: part of the eyes without the lesion
    bruch_error_um: float = 10.0  # phantom: deviation of Bruch's membrane from the truth, per eye
    above_mm: float = 1.28  # of the slab around Bruch's membrane
    below_mm: float = 0.64
    depth: int = 128  # voxels of the slab along the beam (paper, 2.1)

    def __post_init__(self) -> None:
        for name, kind in (("split", float), ("size", int), ("styles", str)):
            object.__setattr__(self, name, tuple(kind(v) for v in getattr(self, name)))

    def check(self) -> None:
        """Raise InputError where a value cannot work."""
        one_of("data.source", self.source, SOURCES)
        population_of(self.population)
        if len(self.split) != 2 or min(self.split) <= 0 or sum(self.split) > 1:
            raise wrong_entry("data.split", "two parts above 0 that make at most 1", list(self.split))
        if not 0 < self.label_fraction <= 1:
            raise wrong_entry("data.label_fraction", "a number above 0, at most 1", self.label_fraction)
        if not 0 <= self.healthy < 1:
            raise wrong_entry("data.healthy", "a number from 0 to below 1", self.healthy)
        for name in ("eyes", "validation_eyes", "depth"):
            whole(f"data.{name}", getattr(self, name), 1)
        for name in ("above_mm", "below_mm"):
            if not getattr(self, name) > 0:
                raise wrong_entry(f"data.{name}", "a number above 0", getattr(self, name))


@dataclass(frozen=True)
class TrainingConfig(BaseConfig):
    """All options of a training; the defaults are the paper's.

    Example:
        config = TrainingConfig(title="FPN for GA", lesion="ga", steps=2000)
    """

    shipped, parts = CONFIGS, {"data": DataConfig}

    title: str
    lesion: str = "ga"
    task: str = SEGMENTATION  # or reconstruction, of a fundus image: the self-supervised pretraining
    image: str = "SLO"  # reconstruction: SLO or FAF; FAF is inverted
    network: dict[str, Any] = field(default_factory=lambda: {"name": "fpn"})
    data: DataConfig = field(default_factory=DataConfig)
    crop: tuple[int, int] = (32, 256)  # B-scans, A-scans (original code)
    steps: int = 20_000
    batch: int = 8  # original code
    optimizer: str = SGD  # or adam, which needs fewer steps
    learning_rate: float = 0.1
    schedule: str = CONSTANT  # of the learning rate; cosine falls to 0 at the last step
    momentum: float = 0.9  # of sgd
    weight_decay: float = 0.0  # 1e-4 in the original code, not in the paper
    loss_factor: float = 1.0  # of Dice + BCE (paper); 0.5 is the original code's mean of the two
    seed: int = 0  # of the first weights, the order of the eyes, the augmentation, the split
    mixed_precision: bool = True  # float16 on a GPU
    bfloat16: bool = False  # on a CPU; twice as fast where it has AVX-512 BF16; not repeatable to the bit
    validate_every: int = 200  # steps
    checkpoint_every: int = 100
    keep_best: int = 5  # models, by validation (paper, 3.1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "crop", tuple(int(v) for v in self.crop))
        self.check()

    def check(self) -> None:
        """Raise InputError where a value cannot work; names the entry and what is allowed."""
        one_of("network.name", self.network.get("name"), NETWORKS)
        one_of("task", self.task, (SEGMENTATION, RECONSTRUCTION))
        if self.task == RECONSTRUCTION:
            one_of("image", self.image, ("SLO", "FAF"))
        for name, allowed in (("optimizer", (SGD, ADAM)), ("schedule", (CONSTANT, COSINE))):
            one_of(name, getattr(self, name), allowed)
        if len(self.crop) != 2 or min(self.crop) < 1:
            raise wrong_entry("crop", "two numbers, B-scans and A-scans, from 1 on", list(self.crop))
        for name in ("steps", "batch", "validate_every", "checkpoint_every", "keep_best"):
            whole(name, getattr(self, name), 1)
        if not 0 < self.learning_rate <= 1:
            raise wrong_entry("learning_rate", "a number above 0, at most 1", self.learning_rate)
        if not 0 <= self.momentum < 1 or self.weight_decay < 0 or not self.loss_factor > 0 or self.seed < 0:
            raise InputError("Entries momentum (0 to below 1), weight_decay, seed (0 on), loss_factor (above 0): one is outside.")
        self.data.check()
