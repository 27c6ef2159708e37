"""Masks and probabilities of frames as images: a slice for each frame, over the run as 3D Slicer loads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.image_files import read_image_file, write_image_file

from .fluoroscopy import FluoroscopyRun

FIRST_FRAME = "Correspond_FirstFrame"
"""Header field: index in the run of the first slice."""

FRAMES = "Correspond_Frames"
"""Header field of masks that are not of frames in a row: the index of each slice, "3 7 12"."""


def write_frames(path: Path, values: np.ndarray, run: FluoroscopyRun, first: int = 0) -> Path:
    """Write values (frames, rows, columns) as NRRD with a slice for each frame.

    Spacing is that at the detector, as Slicer shows XA; the third axis counts frames.

    Args:
        first: index in the run of the first of the frames.

    Raises:
        OutputError: it cannot be written completely.
    """
    image = sitk.GetImageFromArray(values.astype(np.uint8) if values.dtype == bool else values)
    across, down = run.geometry[first].pixel_spacing_mm or (1.0, 1.0)
    image.SetSpacing((across, down, 1.0))
    image.SetOrigin((0.0, 0.0, float(first)))
    image.SetMetaData(FIRST_FRAME, str(first))
    return write_image_file(image, path)


def write_drawn_masks(path: Path, masks: dict[int, np.ndarray], run: FluoroscopyRun) -> Path:
    """Write masks {frame: (rows, columns) bool} of frames that somebody chose; `read_masks` gives back these and no others.

    Raises:
        OutputError: it cannot be written completely.
    """
    image = sitk.GetImageFromArray(np.stack([masks[frame] for frame in sorted(masks)]).astype(np.uint8))
    across, down = run.geometry[0].pixel_spacing_mm or (1.0, 1.0)
    image.SetSpacing((across, down, 1.0))
    image.SetMetaData(FRAMES, " ".join(map(str, sorted(masks))))
    return write_image_file(image, path)


def read_masks(path: str | Path, run: FluoroscopyRun) -> dict[int, np.ndarray]:
    """Masks of a run's frames: masks.nrrd, or any label map with as many slices as the run has frames; every label counts.

    Returns:
        Index of the frame -> (rows, columns) bool.

    Raises:
        InputError: it cannot be read, has another size than the run, or does not say which frames its slices are.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"The masks {path} do not exist. Give masks.nrrd of a segmentation, or a label map drawn on the frames.")
    image = read_image_file(path, "masks", "segment fewer frames at once")
    array = sitk.GetArrayFromImage(image) != 0
    if image.GetNumberOfComponentsPerPixel() > 1:
        array = array.any(axis=-1)
    array = array[None] if array.ndim == 2 else array
    rows, columns = run.frames.shape[1:]
    if array.ndim != 3 or array.shape[1:] != (rows, columns):
        size = " x ".join(map(str, image.GetSize()))
        raise InputError(f"The masks {path} have {size} pixels, the run's frames {columns} x {rows}: they are of another run.")
    if image.HasMetaDataKey(FRAMES):
        return dict(zip(_chosen_frames(image.GetMetaData(FRAMES), len(array), run, path), array, strict=True))
    stated = image.GetMetaData(FIRST_FRAME) if image.HasMetaDataKey(FIRST_FRAME) else ""
    if not stated.isdigit() and len(array) != len(run):
        raise InputError(f"The masks {path} have {len(array)} slices, the run {len(run)} frames: which frames are they of?")
    first = int(stated) if stated.isdigit() else 0
    if first + len(array) > len(run):
        raise InputError(
            f"The masks {path} are of the frames {first} to {first + len(array) - 1}, the run has {len(run)} frames."
        )
    return dict(enumerate(array, first))


def mask_of(path: str | Path, run: FluoroscopyRun, frame: int) -> np.ndarray:
    """The mask (rows, columns) of one frame.

    Raises:
        InputError: see `read_masks`, or that frame has none.
    """
    masks = read_masks(path, run)
    if frame not in masks:
        raise InputError(f"The masks {path} are of the frames {min(masks)} to {max(masks)}, not of frame {frame}. Segment it.")
    return masks[frame]


def all_masks(path: str | Path, run: FluoroscopyRun) -> np.ndarray:
    """Masks (T, rows, columns) of all frames of a run.

    Raises:
        InputError: see `read_masks`, or a frame has none.
    """
    masks = read_masks(path, run)
    if len(masks) != len(run):
        raise InputError(f"The masks {path} are of {len(masks)} frames, the run has {len(run)}: segment all of them.")
    return np.stack([masks[frame] for frame in range(len(run))])


def were_chosen(path: Path) -> bool:
    """Whether masks say of each slice which frame it is of: then an empty one says that nothing is to be seen there."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    return reader.HasMetaDataKey(FRAMES)


def _chosen_frames(stated: str, slices: int, run: FluoroscopyRun, path: Path) -> list[int]:
    frames = [int(word) for word in stated.split() if word.isdigit()]
    if len(frames) != slices or len(set(frames)) != slices or max(frames) >= len(run):
        raise InputError(f"The masks {path} say that they are of the frames {stated}; the run has {len(run)} frames.")
    return frames
