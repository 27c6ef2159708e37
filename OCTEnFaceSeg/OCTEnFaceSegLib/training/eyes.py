"""Eyes as a training sees them: the flattened slab and its en-face target, from folders of scans or from phantoms."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.training.split import Parts, split_patients

from ..bruch_source import membrane_of, read_membrane
from ..enface_plane import plane_image, plane_map, resampled
from ..flattening import flatten
from ..formats.reading import read_scan
from ..phantom import PhantomEye, phantom_eye
from ..preprocessing import z_scored
from ..projections import filled
from ..results import read_mask
from ..scan import OctScan, check_raster
from .config import RECONSTRUCTION, DataConfig, TrainingConfig

BLOCK = 10**8
HELD_OUT, VALIDATION, TRAINING = BLOCK, 2 * BLOCK, 3 * BLOCK  # first phantom seeds; each kind has a block of its own
MASKS, MEMBRANES = ("mask.seg.nrrd", "true_mask.seg.nrrd"), ("bruch.nrrd", "true_bruch.nrrd")


@dataclass(frozen=True)
class Eye:
    """slab (B-scans, depth, A-scans) float32, z-scored per B-scan; target (B-scans, A-scans) float32, 0..1; mm2 of its pixels."""

    slab: np.ndarray
    target: np.ndarray
    pixel_area_mm2: float


class EyeSource(Protocol):
    """Numbered eyes."""

    @property
    def count(self) -> int: ...

    def __getitem__(self, index: int) -> Eye: ...


class NamedEyes(EyeSource, Protocol):
    """Eyes that tell which they are."""

    def key(self, index: int) -> Hashable: ...


@dataclass(frozen=True)
class KeptEyes:
    """Eyes that stay in memory once they are made; `kept` may be shared by sources whose eyes differ in their keys alone."""

    source: NamedEyes
    kept: dict[Hashable, Eye] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return self.source.count

    def __getitem__(self, index: int) -> Eye:
        key = self.source.key(index)
        if key not in self.kept:
            self.kept[key] = self.source[index]
        return self.kept[key]


@dataclass(frozen=True)
class PhantomEyes:
    """Phantoms by seed; with the configuration's lesion, or, for its part `healthy`, without."""

    config: TrainingConfig
    first_seed: int
    count: int

    def __getitem__(self, index: int) -> Eye:
        eye, rng = self._made(index)
        shift = rng.normal(0.0, self.config.data.bruch_error_um) / 1000 / eye.scan.spacing_mm[1]
        return prepared(eye.scan, filled(eye.layers["BM"]) + shift, self.mask_of(eye), self.config)

    def key(self, index: int) -> int:
        """Its seed."""
        return self.first_seed + index

    def phantom(self, index: int) -> PhantomEye:
        """The phantom itself."""
        return self._made(index)[0]

    def mask_of(self, eye: PhantomEye) -> np.ndarray:
        """The true mask of the configuration's lesion."""
        return eye.rpd if self.config.lesion == "rpd" else eye.ga

    def _made(self, index: int) -> tuple[PhantomEye, np.random.Generator]:
        """And the random numbers that go on after its making."""
        data, seed = self.config.data, self.key(index)
        rng = np.random.default_rng([seed, 3])
        style = data.styles[int(rng.integers(len(data.styles)))]
        lesion = "healthy" if rng.random() < data.healthy else self.config.lesion
        return phantom_eye(data.size, seed, style, lesion, population=data.population), rng


@dataclass(frozen=True)
class FolderEyes:
    """Scans in folders <patient>/.../ that hold `scan` (a folder or a file of any format, such as scan.vol) and, to learn
    masks, mask.seg.nrrd or true_mask.seg.nrrd; Bruch's membrane is that of bruch.nrrd or true_bruch.nrrd, else of the scan's
    file, else found. `correspond oct phantom --output DIR/<patient>` writes such folders."""

    config: TrainingConfig
    folders: tuple[Path, ...]
    masks: tuple[str, ...] = MASKS

    @property
    def count(self) -> int:
        return len(self.folders)

    def key(self, index: int) -> Path:
        """Its folder."""
        return self.folders[index]

    def __getitem__(self, index: int) -> Eye:
        folder = self.folders[index]
        scan = read_scan(scan_in(folder))
        check_raster(scan)
        volume = sitk.GetArrayFromImage(scan.volume).astype(np.float32)
        membrane = next((folder / name for name in MEMBRANES if (folder / name).is_file()), None)
        given, points = read_membrane(membrane) if membrane else (None, None)
        depth = membrane_of(scan, volume, "auto", given, points).bruch.depth
        mask = None
        if self.config.task != RECONSTRUCTION:
            file = next((folder / name for name in self.masks if (folder / name).is_file()), None)
            if file is None:
                raise InputError(f"{folder} lacks the mask {' or '.join(self.masks)}.")
            mask = read_mask(file, scan.enface_image(np.zeros(scan.enface_shape, np.uint8)))[0]
        return prepared(scan, depth, mask, self.config)


def prepared(scan: OctScan, bruch_depth: np.ndarray, mask: np.ndarray | None, config: TrainingConfig) -> Eye:
    """A scan flattened on Bruch's membrane (B-scans, A-scans; voxels), with its mask or its fundus image as target."""
    data = config.data
    volume = sitk.GetArrayViewFromImage(scan.volume)
    flat = flatten(volume, bruch_depth, data.above_mm, data.below_mm, scan.spacing_mm[1], data.depth)
    if config.task == RECONSTRUCTION:
        return Eye(z_scored(flat), fundus_target(scan, config.image), scan.pixel_area_mm2)
    assert mask is not None
    return Eye(z_scored(flat), mask.astype(np.float32), scan.pixel_area_mm2)


def fundus_target(scan: OctScan, kind: str) -> np.ndarray:
    """SLO, or FAF inverted so that atrophy is bright (paper, 2.3), on the scan's en-face grid, 0..1, (B-scans, A-scans) float32.

    Raises:
        InputError: the scan has no such image, or it does not cover half of the scan.
    """
    if kind not in scan.fundus:
        raise InputError(f"The scan has no {kind} image to reconstruct; it has {', '.join(scan.fundus) or 'none'}.")
    image = scan.fundus[kind]
    values = resampled(plane_image(image), plane_map(scan, np.zeros(scan.enface_shape)))
    if np.isnan(values).mean() > 0.5:
        raise InputError(f"The {kind} image does not cover half of the scan: it is of another eye, or not in register.")
    array = sitk.GetArrayViewFromImage(image)
    largest = np.iinfo(array.dtype).max if np.issubdtype(array.dtype, np.integer) else float(array.max()) or 1.0
    target = np.clip(filled(values) / largest, 0, 1).astype(np.float32)
    return 1 - target if kind == "FAF" else target


def training_eyes(config: TrainingConfig) -> NamedEyes:
    """The eyes that are trained on.

    Raises:
        InputError: there are none where the configuration says.
    """
    if config.data.source == "phantom":
        return PhantomEyes(config, TRAINING + config.seed * 10_000, _labelled(config.data))
    return FolderEyes(config, folder_parts(config).training)


def validation_eyes(config: TrainingConfig) -> NamedEyes:
    """The eyes that judge while training: phantoms of other seeds, or other patients."""
    if config.data.source == "phantom":
        return PhantomEyes(config, VALIDATION, config.data.validation_eyes)
    return FolderEyes(config, folder_parts(config).validation)


def folder_parts(config: TrainingConfig) -> Parts:
    """The folders of a configuration's scans, divided patient by patient.

    Raises:
        InputError: no folder is named, or it holds scans of fewer than two patients.
    """
    if config.data.folder is None:
        raise InputError("Name the folder of the scans: --data DIR.")
    root = Path(config.data.folder)
    found: dict[str, list[Path]] = {}
    for path in sorted(p for p in root.rglob("scan*") if p.name.split(".")[0] == "scan" and p.parent != root):
        folder = path.parent
        masked = any((folder / name).is_file() for name in MASKS)
        if folder.name != "scan" and (masked or config.task == RECONSTRUCTION):
            found.setdefault(folder.relative_to(root).parts[0], []).append(folder)
    if len(found) < 2:
        raise InputError(
            f"{root} holds scans of {len(found)} patients, at least two are needed. Each patient has a folder, in it folders "
            "with scan (a folder or a file, such as scan.vol) and mask.seg.nrrd; `correspond oct phantom` writes such folders."
        )
    return split_patients(found, config.data.split, config.data.label_fraction, config.seed)


def scan_in(folder: Path) -> Path:
    """The one scan of a folder.

    Raises:
        InputError: it holds several.
    """
    found = sorted(p for p in folder.iterdir() if p.name.split(".")[0] == "scan")
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} scans ({', '.join(p.name for p in found)}); leave one.")
    return found[0]


def _labelled(data: DataConfig) -> int:
    return max(1, round(data.eyes * data.label_fraction))
