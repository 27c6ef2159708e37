"""Gray frames in which dense tissue and contrast are dark, from whatever a file stores."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import numbers
from CorrespondCoreLib.dicom_pixels import inverted
from CorrespondCoreLib.errors import InputError

_COLOR_TOLERANCE = 4  # gray that went through the color spaces of JPEG
GRAY_FROM_COLOR = "The frames are stored in color but are gray: one channel is used."
_RELATIONSHIPS = {
    "LIN": "proportional to the X-ray intensity",
    "LOG": "logarithms of the X-ray intensity",
}


def gray_frames(values: np.ndarray, frame: Dataset, name: str, notes: list[str]) -> np.ndarray:
    """(frames, rows, columns) of a DICOM file's stored pixels (`CorrespondCoreLib.dicom_pixels.stored_pixels`).

    Args:
        frame: attributes of the first frame (`frame_attributes`).
        name: of the file, for messages.
        notes: sentences for the user are added to it.

    Raises:
        InputError: the frames are colored.
    """
    kind = str(frame.get("PhotometricInterpretation") or "MONOCHROME2").upper()
    if kind == "PALETTE COLOR":
        raise InputError(f"{name} has frames in palette colors: a fluoroscopy run is gray. Export it without colors.")
    if values.ndim == 4:
        return one_channel(values, name, notes)
    relationship = str(frame.get("PixelIntensityRelationship") or "").upper()
    if relationship not in ("", "DISP"):  # of frames that were processed for display there is nothing to say
        notes.append(f"Gray values: {relationship} ({_RELATIONSHIPS.get(relationship, 'a relationship of the maker')}).")
    sign = numbers(frame, "PixelIntensityRelationshipSign", 1)
    bright = bool(sign[0] < 0) if sign is not None and abs(sign[0]) == 1 else kind == "MONOCHROME1"
    if not bright:
        return values
    notes.append("The file stores dense tissue bright: the frames were inverted, so that contrast is dark.")
    return inverted(values, frame)


def one_channel(values: np.ndarray, name: str, notes: list[str]) -> np.ndarray:
    """(..., channels) whose colors are gray as (...), RGB or YBR, an alpha channel ignored; a note is added.

    Raises:
        InputError: there are true colors.
    """
    colors = values[..., :3].astype(np.int32) if values.shape[-1] >= 3 else values[..., :1].astype(np.int32)
    spread = np.abs(colors[..., 1:] - colors[..., :1])
    chroma = np.abs(colors[..., 1:] - 128)
    if values.dtype.kind not in "ui":
        raise InputError(f"{name} has {values.shape[-1]} numbers per pixel (a field, or complex values): gray frames are needed.")
    if min(_most(spread), _most(chroma)) > _COLOR_TOLERANCE:
        share = 100 * np.mean(spread.max(axis=-1) > _COLOR_TOLERANCE) if spread.size else 0
        raise InputError(
            f"{name} has colors in {share:.1f} % of its pixels: a fluoroscopy run is gray. Export the frames without colored "
            "overlays, measurements and annotations."
        )
    notes.append(GRAY_FROM_COLOR)
    return np.ascontiguousarray(values[..., 0])


def _most(differences: np.ndarray) -> int:
    return int(differences.max()) if differences.size else 0
