"""X-ray angiography and fluoroscopy of DICOM: XA, XRF, Enhanced XA and XRF, single X-ray images, secondary captures.

Names, dates and identifiers of the patient stay in the file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from CorrespondCoreLib.dicom_files import device_of, read_dataset
from CorrespondCoreLib.dicom_pixels import stored_pixels
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..carm import CArm
from ..fluoroscopy import FluoroscopyRun
from .frame_attributes import ENHANCED, frame_attributes
from .geometry import geometry_of, suggestions_for
from .gray import gray_frames
from .timing import file_times, frame_times
from .xa_files import SECONDARY, XA, class_of, files_of

SECONDARY_NOTE = "The file is a secondary capture, a copy of a screen: angles, distances and pixel spacing have to be entered."
PLANE_NOTE = "This is plane {plane} of a biplane run."
GUESSED_NOTE = "The files do not name their planes; the more frontal view of this pair is taken as plane A."


def read_xa(path: Path, plane: str = "", progress: Progress | None = None) -> FluoroscopyRun:
    """Read the run of a DICOM file, or of a folder with one run or the two planes of one.

    Args:
        plane: "A" or "B" of a biplane run; "" for the file's own, or A.

    Raises:
        InputError: no fluoroscopy, several runs, colored, damaged, truncated, or frames of several sizes.
        OutOfMemory: larger than the memory.
    """
    files = files_of(path, plane)
    parts: list[np.ndarray] = []
    geometry: list[CArm] = []
    headers, notes = [], list[str]()
    with (progress or Progress()).stage("Reading", 1.0) as step:
        for n, file in enumerate(files.paths):
            dataset = read_dataset(file)
            stored = stored_pixels(dataset, file, "export fewer frames")
            del dataset.PixelData
            frames = frame_attributes(dataset, len(stored), file)
            told: list[str] = []
            pixels = gray_frames(stored, frames[0], file.name, told)
            if parts and pixels.shape[1:] != parts[0].shape[1:]:
                sizes = [f"{p.shape[2]} x {p.shape[1]}" for p in (pixels, parts[0])]
                raise InputError(
                    f"{file.name} has frames of {sizes[0]} pixels, {files.paths[0].name} of {sizes[1]}: all frames of a run need "
                    "the same size. Choose the file of one run."
                )
            parts.append(pixels)
            geometry += geometry_of(dataset, frames, (pixels.shape[2], pixels.shape[1]), told)
            headers.append(dataset)
            notes += [note for note in told if note not in notes]
            if n == 0:
                suggestions = suggestions_for(geometry[0], frames[0])
                times, timed = frame_times(dataset, frames, notes) if len(files.paths) == 1 else (np.empty(0), False)
            step((n + 1) / len(files.paths))
    if len(files.paths) > 1:
        if sum(map(len, parts)) > len(parts):
            raise InputError(f"{path.name} mixes single frames and multi-frame files. Choose the file of one run.")
        times, timed = file_times(headers, notes)
    kind = str(class_of(headers[0]) or "")
    if kind in SECONDARY:
        notes.insert(0, SECONDARY_NOTE)
    if files.plane:
        notes.append(PLANE_NOTE.format(plane=files.plane))
    if files.guessed:
        notes.append(GUESSED_NOTE)
    return FluoroscopyRun(
        parts[0] if len(parts) == 1 else np.concatenate(parts),
        geometry,
        times,
        timed,
        suggestions,
        source=_source(kind),
        device=device_of(headers[0]),
        plane=files.plane,
        notes=notes,
    )


def _source(kind: str) -> str:
    if kind in ENHANCED:
        return "DICOM Enhanced XRF" if kind == ENHANCED[1] else "DICOM Enhanced XA"
    if kind in SECONDARY:
        return "DICOM secondary capture"
    return "DICOM XRF" if kind == XA[1] else "DICOM XA"
