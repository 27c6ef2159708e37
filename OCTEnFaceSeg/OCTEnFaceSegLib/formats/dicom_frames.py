"""The frames of DICOM Ophthalmic Tomography files, with what the functional groups say of their places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import first, numbers
from CorrespondCoreLib.errors import InputError

from .dicom_files import pixels_of

_PLAIN = {
    "PlanePositionSequence": "ImagePositionPatient",
    "PlaneOrientationSequence": "ImageOrientationPatient",
    "PixelMeasuresSequence": "PixelSpacing",
}


@dataclass(frozen=True)
class Frames:
    """All frames of a scan, in the order of the files.

    Attributes:
        pixels: (B, D, W).
        planes: position (B, 3) in mm, and row and column direction (B, 2, 3); None where not stated for all, or all at one place.
        spacing_mm: between A-scans and along the beam.
        step_mm: stated distance of B-scans, or None.
        lines: instance UID of a fundus image -> (B, 4) start row, start column, end row, end column.
    """

    pixels: np.ndarray
    planes: tuple[np.ndarray, np.ndarray] | None
    spacing_mm: tuple[float, float]
    step_mm: float | None
    lines: dict[str, np.ndarray]


def frames_of(datasets: list[Dataset], files: list[Path]) -> Frames:
    """All frames of the files of one scan.

    Raises:
        InputError: colored or incomplete frames, of different sizes, or without pixel size.
    """
    pixels: list[np.ndarray] = []
    groups: list[Dataset] = []
    for dataset, file in zip(datasets, files, strict=True):
        values = pixels_of(dataset, file)
        if values.ndim != 3:
            raise InputError(f"{file.name} has colored B-scans: gray ones are needed. Export the scan without overlays.")
        if pixels and values.shape[1:] != pixels[0].shape[1:]:
            raise InputError(f"{file.name} has B-scans of another size than {files[0].name}. Export one scan at a time.")
        pixels.append(values)
        groups += _groups(dataset, len(values), file)
    measures = [first(g, "PixelMeasuresSequence") for g in groups]
    spacings = [numbers(m, "PixelSpacing", 2) for m in measures]
    known = [s for s in spacings if s is not None and s.min() > 0]
    if len(known) < len(groups) or np.ptp(known, axis=0).max() > 0.01 * np.max(known):
        raise InputError(
            f"{files[0].name} does not state one pixel size for all B-scans. Convert it to NRRD and give the voxel size."
        )
    step = numbers(measures[0], "SpacingBetweenSlices", 1)
    return Frames(
        np.concatenate(pixels),
        _planes(groups),
        (float(known[0][1]), float(known[0][0])),
        abs(float(step[0])) if step is not None and step[0] != 0 else None,
        _lines(groups),
    )


def _planes(groups: list[Dataset]) -> tuple[np.ndarray, np.ndarray] | None:
    """Positions and directions of the frames, if all have them and they are not a mere placeholder (all at one place)."""
    positions = [numbers(first(g, "PlanePositionSequence"), "ImagePositionPatient", 3) for g in groups]
    axes = [numbers(first(g, "PlaneOrientationSequence"), "ImageOrientationPatient", 6) for g in groups]
    if any(p is None for p in positions) or any(a is None for a in axes):
        return None
    places = np.array(positions, float)
    if len(groups) > 1 and not np.ptp(places, axis=0).any():
        return None
    return places, np.array(axes, float).reshape(-1, 2, 3)


def _groups(dataset: Dataset, count: int, file: Path) -> list[Dataset]:
    """For each frame the data set with its own, the shared, or (in files of one frame) the file's attributes of geometry."""
    shared = first(dataset, "SharedFunctionalGroupsSequence") or Dataset()
    own = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])
    if own and len(own) != count:
        raise InputError(f"{file.name} describes {len(own)} frames and holds {count}. Export it again.")
    plain = Dataset()
    for sequence, name in _PLAIN.items():
        if name in dataset:
            item = Dataset()
            item[name] = dataset[name]
            setattr(plain, sequence, [item])
    merged = []
    for n in range(count):
        group = Dataset()
        group.update(plain)
        group.update(shared)
        group.update(own[n] if own else Dataset())
        merged.append(group)
    return merged


def _lines(groups: list[Dataset]) -> dict[str, np.ndarray]:
    found: dict[str, list[np.ndarray]] = {}
    for group in groups:
        for item in group.get("OphthalmicFrameLocationSequence") or []:
            ends = numbers(item, "ReferenceCoordinates", 4)
            if ends is not None and item.get("ReferencedSOPInstanceUID"):
                found.setdefault(str(item.ReferencedSOPInstanceUID), []).append(ends)
    return {uid: np.array(lines) for uid, lines in found.items() if len(lines) == len(groups)}
