"""What the header says of each frame, as one flat data set per frame, whether the file is plain or enhanced."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import first
from CorrespondCoreLib.errors import InputError

ENHANCED = ("1.2.840.10008.5.1.4.1.1.12.1.1", "1.2.840.10008.5.1.4.1.1.12.2.1")
_MACROS = (  # PS3.3 C.8.19.6 and C.7.6.16
    "FrameContentSequence",
    "PositionerPositionSequence",
    "IsocenterReferenceSystemSequence",
    "XRayGeometrySequence",
    "FramePixelDataPropertiesSequence",
    "FieldOfViewSequence",
    "TablePositionSequence",
    "ProjectionPixelCalibrationSequence",
    "PixelMeasuresSequence",
)


def frame_attributes(header: Dataset, count: int, path: Path) -> list[Dataset]:
    """Attributes of each of the `count` frames: the file's own, then those of the shared and of the frame's functional groups.

    Files without functional groups give the header itself, count times.

    Raises:
        InputError: the file describes another number of frames than it holds.
    """
    own = list(header.get("PerFrameFunctionalGroupsSequence") or [])
    shared = first(header, "SharedFunctionalGroupsSequence")
    if not own and shared is None:
        return [header] * count
    if own and len(own) != count:
        raise InputError(f"{path.name} describes {len(own)} frames and holds {count}. Export it again.")
    common = Dataset()
    for entry in header:
        if entry.tag.group != 0x5200 and not entry.tag.is_private:
            common[entry.tag] = entry
    _add(common, shared)
    if not own:
        return [common] * count
    frames = []
    for group in own:
        frame = Dataset()
        frame.update(common)
        _add(frame, group)
        frames.append(frame)
    return frames


def _add(flat: Dataset, group: Dataset | None) -> None:
    """Add what the first item of each known macro of a functional group holds."""
    for name in _MACROS:
        flat.update(first(group, name) or Dataset())
