"""Pairs ready for a training step, from folders or from the phantom: plain arrays, which travel between processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import SimpleITK as sitk
import torch

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..formats.landmarks import read_landmarks
from ..formats.pair_files import Files, Wishes
from ..formats.pair_reading import read_pair
from ..geometry.lattice import Lattice
from ..geometry.linear import matrix_and_offset
from ..geometry.tensors import mask_to_tensor
from ..learned.preprocessing import network_input
from ..masks import lung_mask
from ..search.prealignment import aligned_lungs
from .config import DataConfig, TrainingConfig
from .random_phantoms import VALIDATION, random_phantom, training_seed

Points = tuple[np.ndarray, np.ndarray]  # fixed and moving, (N, 3) LPS mm, each in its own scan


@dataclass(frozen=True)
class TrainingPair:
    """A pair on one lattice, as a network sees it; arrays are (z, y, x).

    Attributes:
        fixed, moving: float32, 0..1 or HU; moving is resampled through the linear part x -> matrix x + offset (LPS mm).
        fixed_labels, moving_labels: int16: 1 to `labels` in what is aligned (lobes, or the lungs), more elsewhere in the lungs.
        keypoints: that the loss may know. landmarks: that judge.
    """

    lattice: Lattice
    matrix: np.ndarray
    offset: np.ndarray
    fixed: np.ndarray
    moving: np.ndarray
    fixed_labels: np.ndarray
    moving_labels: np.ndarray
    labels: int
    keypoints: Points | None
    landmarks: Points | None


@dataclass(frozen=True)
class Scans:
    """A pair before it is resampled: CTs in HU, and label maps of lungs or lobes on their grids."""

    fixed: sitk.Image
    moving: sitk.Image
    fixed_labels: sitk.Image
    moving_labels: sitk.Image
    keypoints: Points | None = None
    landmarks: Points | None = None


class PairSource(Protocol):
    """Numbered pairs; `count` is None where there is no end of them."""

    @property
    def count(self) -> int | None: ...

    def __getitem__(self, index: int) -> TrainingPair: ...


@dataclass(frozen=True)
class PhantomPairs:
    """Phantoms by seed: `first_seed`, `first_seed` + 1, and so on."""

    config: TrainingConfig
    first_seed: int
    count: int | None

    def __getitem__(self, index: int) -> TrainingPair:
        return prepared(self.scans(index), self.config)

    def scans(self, index: int) -> Scans:
        """The pair before it is resampled."""
        data, seed = self.config.data, self.first_seed + index
        pair = random_phantom(seed, data, data.keypoints)
        landmarks = (pair.fixed_landmarks_mm, pair.moving_landmarks_mm)
        noise = np.random.default_rng([seed, 4]).normal(0, data.keypoint_error_mm, landmarks[1].shape)
        keypoints = (landmarks[0], landmarks[1] + noise)
        return Scans(pair.fixed, pair.moving, pair.fixed_lobes, pair.moving_lobes, keypoints, landmarks)


@dataclass(frozen=True)
class FolderPairs:
    """Pairs in folders, one each, with the files that `correspond lung phantom` and `correspond lung import` write.

    fixed.nrrd and moving.nrrd are needed. fixed_lobes.nrrd with moving_lobes.nrrd, else fixed_mask.nrrd, moving_mask.nrrd are
    aligned by the loss; lungs are found where there is none of them. keypoints.csv guides, landmarks.csv judges.
    """

    config: TrainingConfig
    folders: tuple[Path, ...]

    @property
    def count(self) -> int:
        return len(self.folders)

    def __getitem__(self, index: int) -> TrainingPair:
        return prepared(read_scans(self.folders[index]), self.config)


def training_pairs(config: TrainingConfig, progress: Progress | None = None) -> PairSource:
    """The pairs that a configuration trains on.

    Raises:
        InputError: there are none where it says.
    """
    if config.data.source == "phantom":
        return PhantomPairs(config, training_seed(config.seed, 0), config.data.pairs)
    folders = pair_folders(config.data)
    chosen = [f for f in folders if config.data.train_on_validation or f.name not in config.data.validation]
    if not chosen:
        raise InputError(f"All pairs in {config.data.folder} are for validation: none is left to train on.")
    without = sum(not (folder / "keypoints.csv").is_file() for folder in chosen)
    if without and config.objective["name"] == "anatomical" and config.objective.get("keypoints", 1) and progress:
        progress.warning(f"{without} of {len(chosen)} pairs have no keypoints.csv: their loss has no keypoint term.")
    return FolderPairs(config, tuple(chosen))


def validation_pairs(config: TrainingConfig) -> PairSource:
    """The pairs that judge while training: phantoms of other seeds, or the named folders."""
    if config.data.source == "phantom":
        return PhantomPairs(config, VALIDATION, config.data.validation_pairs)
    return FolderPairs(config, tuple(f for f in pair_folders(config.data) if f.name in config.data.validation))


def pair_folders(data: DataConfig) -> list[Path]:
    """The folders of the pairs of a configuration, by name.

    Raises:
        InputError: no folder is named, it holds no pairs, or lacks one that is named for validation.
    """
    if data.folder is None:
        raise InputError(f"This configuration needs data: {data.needs} Name the folder of the pairs: --data DIR.")
    root = Path(data.folder)
    found = sorted(path.parent for path in root.glob("*/fixed.nrrd") if (path.parent / "moving.nrrd").is_file())
    if not found:
        raise InputError(
            f"There are no pairs in {root}: each needs a folder of its own with fixed.nrrd and moving.nrrd, as `correspond lung "
            "import` and `correspond lung phantom` write them."
        )
    lost = sorted(set(data.validation) - {folder.name for folder in found})
    if lost:
        raise InputError(f"Pairs for validation are not in {root}: {', '.join(lost)}.")
    return found


def read_scans(folder: Path) -> Scans:
    """A pair from its folder; see FolderPairs.

    Raises:
        InputError: a file cannot be used, or no lungs were found where no mask is given.
    """
    given = {
        name: path
        for name in ("fixed_mask", "moving_mask", "fixed_lobes", "moving_lobes")
        if (path := folder / f"{name}.nrrd").is_file()
    }
    landmarks = folder / "landmarks.csv"
    files = Files(folder / "fixed.nrrd", folder / "moving.nrrd", landmarks=landmarks if landmarks.is_file() else None, **given)
    pair, _ = read_pair(files, Wishes(), Progress())
    if pair.fixed_lobes is not None and pair.moving_lobes is not None:
        fixed_labels, moving_labels = pair.fixed_lobes, pair.moving_lobes
    else:
        fixed_labels = _lungs(pair.fixed, pair.fixed_mask, folder)
        moving_labels = _lungs(pair.moving, pair.moving_mask, folder)
    known = folder / "keypoints.csv"
    judged = None
    if pair.fixed_landmarks_mm is not None and pair.moving_landmarks_mm is not None:
        judged = pair.fixed_landmarks_mm, pair.moving_landmarks_mm
    keypoints = read_landmarks(known) if known.is_file() else None
    return Scans(pair.fixed, pair.moving, fixed_labels, moving_labels, keypoints, judged)


def prepared(scans: Scans, config: TrainingConfig) -> TrainingPair:
    """A pair, linearly pre-aligned and resampled for a network."""
    fixed_mask, moving_mask = (sitk.Cast(labels != 0, sitk.sitkUInt8) for labels in (scans.fixed_labels, scans.moving_labels))
    images = (scans.fixed, scans.moving, fixed_mask, moving_mask)
    linear = aligned_lungs(*images, config.prealignment)
    seen = network_input(*images, linear, config.size, config.window_hu, "cpu")
    fixed_labels = mask_to_tensor(scans.fixed_labels, seen.lattice, torch.device("cpu"))
    moving_labels = mask_to_tensor(scans.moving_labels, seen.lattice, torch.device("cpu"), linear)
    common = sorted(set(fixed_labels.unique().tolist()) & set(moving_labels.unique().tolist()) - {0.0})
    common = common if len(common) > 1 else []
    matrix, offset = matrix_and_offset(linear)
    return TrainingPair(
        lattice=seen.lattice,
        matrix=matrix,
        offset=offset,
        fixed=seen.fixed[0, 0].numpy(),
        moving=seen.moving[0, 0].numpy(),
        fixed_labels=_numbered(fixed_labels, common),
        moving_labels=_numbered(moving_labels, common),
        labels=max(len(common), 1),
        keypoints=scans.keypoints,
        landmarks=scans.landmarks,
    )


def _numbered(labels: torch.Tensor, common: list[float]) -> np.ndarray:
    """Labels that both scans have as 1, 2, ...; others as one more; without any, the lungs as 1."""
    numbers = (labels > 0).to(torch.int16) * (len(common) + 1)
    for number, value in enumerate(common, 1):
        numbers[labels == value] = number
    return numbers[0, 0].numpy()


def _lungs(image: sitk.Image, mask: sitk.Image | None, folder: Path) -> sitk.Image:
    found = lung_mask(image) if mask is None else mask
    if found is None:
        raise InputError(f"No lungs were found in a scan of {folder}: add fixed_mask.nrrd and moving_mask.nrrd.")
    return found
