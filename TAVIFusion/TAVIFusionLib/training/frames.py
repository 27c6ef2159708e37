"""Frames with masks, or pairs of masks, as a training sees them: by number, of phantoms or from folders of runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.training.split import Parts, split_patients
from CorrespondCoreLib.training.stream import SampleSource

from ..formats.reading import read_run
from ..mask_files import read_masks, were_chosen
from ..phantoms.model_pairs import MaskPair
from ..phantoms.stream import frame_pairs
from ..preprocessing import Letterbox
from .cache import Arrays, cached
from .config import TrainingConfig
from .mask_pairs import PhantomPairs

BLOCK = 10**8
HELD_OUT, VALIDATION, TRAINING = BLOCK, 2 * BLOCK, 3 * BLOCK  # first phantom seeds; each kind has a block of its own
PER_SEED = 1_000_000  # frames that one training may draw, so that trainings of other seeds share none
RENDERED = 256  # pixels; smaller ones are made from these, as a run's frames are
JUDGING_PART = 0.25  # of the drawn frames, where frames of the same patients judge
MASKS = ("masks.nrrd", "masks.seg.nrrd")


@dataclass(frozen=True)
class Frame:
    """gray (rows, columns) float32, of any scale, vessels dark; mask (rows, columns) bool: what is opacified and seen."""

    gray: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class PhantomFrames:
    """One phantom frame for each seed from `first_seed` on, rendered at 256 x 256 and shown at `size`.

    Args:
        family: of the patients, and of the detectors' settings: "train" or "held out".
        contrast: True or False: all frames have, or lack, contrast agent; None: as the stream mixes them.
        cache: folder in which rendered frames are kept and looked for.
    """

    size: int
    field_of_view: str
    family: str
    first_seed: int
    count: int | None
    contrast: bool | None = None
    cache: str | None = None

    def __getitem__(self, index: int) -> Frame:
        seed = self.first_seed + index
        contrast = {None: "mixed", True: "contrast", False: "plain"}[self.contrast]
        name = f"{self.field_of_view}-{self.family}-{contrast}-{seed}"
        arrays = cached(self.cache, name, lambda: self._rendered(seed))
        return resampled(Frame(arrays["gray"].astype(np.float32), arrays["mask"]), self.size)

    def _rendered(self, seed: int) -> Arrays:
        """The stream's first frame, in half precision, cached or not."""
        gray, mask = next(frame_pairs(seed, RENDERED, self.field_of_view, self.family, self.family, self.contrast))
        return {"gray": gray.astype(np.float16), "mask": mask}


@dataclass(frozen=True)
class FolderFrames:
    """Frames of runs on which masks were drawn, all in memory (see `folder_frames`)."""

    frames: tuple[Frame, ...]

    @property
    def count(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Frame:
        return self.frames[index]


def training_frames(config: TrainingConfig) -> SampleSource[Frame | MaskPair]:
    """What is trained on: frames, or pairs of masks where the phantom gives them.

    Raises:
        InputError: there are none where the configuration says.
    """
    data = config.data
    if data.source == "phantom":
        return _phantoms(config, TRAINING + config.seed * PER_SEED, data.frames, None)
    if data.judge == "frames":
        return _drawn_frames(config)[0]
    return folder_frames(folder_parts(config).training, config)


def validation_frames(config: TrainingConfig) -> SampleSource[Frame | MaskPair]:
    """What judges while training: phantoms of other seeds, other patients, or the last of the drawn frames."""
    data = config.data
    if data.source == "phantom":
        return _phantoms(config, VALIDATION, data.validation_frames, True)
    if data.judge == "frames":
        return _drawn_frames(config)[1]
    return folder_frames(folder_parts(config).validation, config)


def _phantoms(config: TrainingConfig, first: int, count: int | None, contrast: bool | None) -> PhantomFrames | PhantomPairs:
    if config.task == "matching":
        return PhantomPairs(config.size, config.field_of_view, "train", first, count, config.data.cache)
    return PhantomFrames(config.size, config.field_of_view, "train", first, count, contrast, config.data.cache)


def folder_parts(config: TrainingConfig) -> Parts:
    """The folders of a configuration's runs, divided patient by patient.

    Raises:
        InputError: no folder is named, or it holds runs of fewer than two patients.
    """
    found = patients_in(config.data.folder)
    if len(found) < 2:
        raise InputError(
            f"{config.data.folder} holds masks of {len(found)} patients, at least two are needed. Each patient has a folder, in "
            'it folders with one run (run.dcm, for example) and masks.nrrd or masks.seg.nrrd. With data.judge "frames" one is '
            "enough, but little is known then of how well the network does on others."
        )
    return split_patients(found, config.data.split, 1.0, config.seed)


def patients_in(place: str | Path | None) -> dict[str, list[Path]]:
    """Patient -> folders with a run and its masks.

    Raises:
        InputError: no folder is named.
    """
    if place is None:
        raise InputError("Name the folder of the runs: --data DIR.")
    root = Path(place)
    found: dict[str, list[Path]] = {}
    for folder in sorted({path.parent for name in MASKS for path in root.rglob(name)} - {root}):
        found.setdefault(folder.relative_to(root).parts[0], []).append(folder)
    return found


def _drawn_frames(config: TrainingConfig) -> tuple[FolderFrames, FolderFrames]:
    """Those that are trained on and those that judge: the last of all, which are least like the first.

    Raises:
        InputError: fewer than two are drawn.
    """
    folders = tuple(folder for of_patient in patients_in(config.data.folder).values() for folder in of_patient)
    frames = folder_frames(folders, config).frames
    if len(frames) < 2:
        raise InputError("Draw the vessel on two frames at least: one is trained on, another one judges.")
    first = len(frames) - max(1, int(JUDGING_PART * len(frames)))
    return FolderFrames(frames[:first]), FolderFrames(frames[first:])


def run_in(folder: Path) -> Path:
    """The one run of a folder.

    Raises:
        InputError: it holds none, or several.
    """
    found = sorted(path for path in folder.iterdir() if path.name.split(".")[0] == "run")
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} runs; one file or folder named run (run.dcm, for example) is needed.")
    return found[0]


def folder_frames(folders: tuple[Path, ...], config: TrainingConfig) -> FolderFrames:
    """Frames and masks of folders that each hold one run, as a file or folder named `run` (run.dcm, run.nrrd: all that
    `formats.reading.read_run` takes), and masks.nrrd or masks.seg.nrrd, with a slice for each frame (see `mask_files`).

    Raises:
        InputError: something cannot be read, or no mask is drawn.
    """
    frames = []
    for folder in folders:
        run, masks = read_run(run_in(folder)), _masks_in(folder)
        with_empty = config.data.empty_frames or were_chosen(masks)
        for number, mask in read_masks(masks, run).items():
            if with_empty or mask.any():
                frames.append(resampled(Frame(run.frames[number].astype(np.float32), mask), config.size))
    if not frames:
        raise InputError(f"No mask is drawn in {', '.join(map(str, folders))}. Draw some, or set data.empty_frames.")
    return FolderFrames(tuple(frames))


def _masks_in(folder: Path) -> Path:
    return next(folder / name for name in MASKS if (folder / name).is_file())


def resampled(frame: Frame, size: int) -> Frame:
    """A frame and its mask in a square of `size` pixels, as `segmentation` shows frames to a network."""
    box = Letterbox((frame.gray.shape[0], frame.gray.shape[1]), size)
    gray, area = (box.boxed(torch.from_numpy(a.astype(np.float32))[None, None])[0, 0].numpy() for a in (frame.gray, frame.mask))
    inside = np.zeros((size, size), bool)
    (top, left), (rows, columns) = box.before, box.inner
    inside[top : top + rows, left : left + columns] = True
    return Frame(gray, (area >= 0.5) & inside)
