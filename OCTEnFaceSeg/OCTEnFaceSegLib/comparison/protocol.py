"""What is compared, on which data, as a JSON file: the paper's protocol, and one for small machines."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.json_objects import JsonObject, configured

from ..phantoms.styles import STYLES
from ..training.config import RECONSTRUCTION, SEGMENTATION, DataConfig, TrainingConfig

PROTOCOLS = Path(__file__).parents[1] / "protocols"
DEPTHS = {"ipn": 160, "ipnv2": 160, "resensnet": 128}
"""Voxels of the slab along the beam that networks need which do not take every number, at their paper's size."""


@dataclass(frozen=True)
class Method:
    """A network, and the fundus image that it was pretrained to reconstruct, if any."""

    title: str
    network: str
    pretrained: str | None = None


METHODS = {
    "fpn": Method("FPN", "fpn"),
    "fpn-slo": Method("FPN + SSL (SLO)", "fpn", "SLO"),
    "fpn-faf": Method("FPN + SSL (FAF)", "fpn", "FAF"),
    "lachinov": Method("Lachinov et al.", "lachinov"),
    "lachinov-slo": Method("Lachinov et al. + SSL (SLO)", "lachinov", "SLO"),
    "resensnet": Method("ReSensNet", "resensnet"),
    "ipn": Method("IPN", "ipn"),
    "ipnv2": Method("IPNv2", "ipnv2"),
}


@dataclass(frozen=True)
class TestSet:
    """Eyes that judge. Phantoms: of these styles, all of them with the lesion. Folders: the test part of the patients, with the
    masks of one grader."""

    name: str
    styles: tuple[str, ...] = ()
    mask: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "styles", tuple(self.styles))


@dataclass(frozen=True)
class ComparisonProtocol(JsonObject):
    """All options of a comparison.

    Attributes:
        title: of the table.
        training: entries of TrainingConfig that all trainings share, "data" among them.
        pretraining: entries that are other for the pretraining.
        networks: name -> options of the network; without an entry it has its paper's size.
        methods: names in METHODS. reference: the one that the others are tested against.
        fractions: shares of the training's patients whose labels are used. seeds: of weights, order and data.
        tests: where the methods are judged. test_eyes: of each test set, on phantoms.
    """

    noun, shipped = "protocol", PROTOCOLS

    title: str
    training: dict[str, Any] = field(default_factory=dict)
    pretraining: dict[str, Any] = field(default_factory=dict)
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    methods: tuple[str, ...] = tuple(METHODS)
    reference: str = "fpn-slo"
    fractions: tuple[float, ...] = (0.05, 0.1, 0.2, 1.0)
    seeds: tuple[int, ...] = (0, 1, 2)
    tests: tuple[TestSet, ...] = (TestSet("same devices"),)
    test_eyes: int = 20

    def __post_init__(self) -> None:
        for name in ("methods", "fractions", "seeds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        tests = tuple(t if isinstance(t, TestSet) else configured(TestSet, t, "tests.") for t in self.tests)
        object.__setattr__(self, "tests", tests)
        self.check()

    def check(self) -> None:
        """Raise InputError where a value cannot work."""
        unknown = sorted({*self.methods, self.reference} - set(METHODS))
        if unknown or not self.methods:
            raise InputError(f"Entry methods: {', '.join(unknown) or 'none'} cannot work; known are {', '.join(METHODS)}.")
        if not self.seeds or not self.tests or self.test_eyes < 1:
            raise InputError("A comparison needs at least one seed, one test set and one test eye.")
        if not self.fractions or not all(0 < share <= 1 for share in self.fractions):
            raise InputError(f"Entry fractions: {list(self.fractions)} cannot work; give numbers above 0, at most 1.")
        styles = {style for test in self.tests for style in test.styles} - set(STYLES)
        if styles:
            raise InputError(f"Entry tests: there is no style {', '.join(sorted(styles))}; give {', '.join(STYLES)}.")
        for name in self.methods:
            self.config(name, self.fractions[0], self.seeds[0])

    def config(self, method: str, fraction: float, seed: int) -> TrainingConfig:
        """Of the training of one method with a share of the labels."""
        chosen = METHODS[method]
        changes = {"title": f"{chosen.title}, {100 * fraction:g} %", "task": SEGMENTATION, "seed": seed}
        return self._config(chosen.network, {**self.training, **changes}, fraction)

    def pretraining_config(self, method: str, seed: int) -> TrainingConfig:
        """Of the pretraining that a method starts from; it takes all patients, because it needs no labels."""
        chosen = METHODS[method]
        changes = {
            "title": f"{chosen.network}, {chosen.pretrained}",
            "task": RECONSTRUCTION,
            "image": chosen.pretrained,
            "seed": seed,
        }
        return self._config(chosen.network, {**self.training, **self.pretraining, **changes}, 1.0)

    def _config(self, network: str, values: dict[str, Any], fraction: float) -> TrainingConfig:
        options = self.networks.get(network, {})
        config = TrainingConfig.from_json({**values, "network": {"name": network, **options}})
        depth = math.prod(options["pools"]) if "pools" in options else DEPTHS.get(network, config.data.depth)
        return replace(config, data=replace(config.data, label_fraction=fraction, depth=depth))

    def with_folder(self, folder: str) -> ComparisonProtocol:
        """The same comparison on a folder of scans."""
        data = {**self.training.get("data", {}), "source": "folders", "folder": str(Path(folder).expanduser().absolute())}
        return replace(self, training={**self.training, "data": data})

    @property
    def data(self) -> DataConfig:
        """That all trainings share."""
        return self.config(self.methods[0], 1.0, self.seeds[0]).data
