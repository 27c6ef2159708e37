"""A fluoroscopy or cine run as all of the library takes it: frames, the C-arm's geometry for each, what the file says."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from CorrespondCoreLib.errors import InputError

from .carm import CArm


@dataclass
class FluoroscopyRun:
    """Frames of one plane of one run.

    Attributes:
        frames: (frames, rows, columns), any integer or float type; dense tissue and contrast are dark (MONOCHROME2), whatever the
            file's polarity was.
        geometry: CArm of every frame; what the file does not tell is None in it.
        times_s: (frames,) from the first frame; steps of 1 where the file has no time, then `timed` is False.
        timed: the file tells when each frame was taken.
        suggestions: value of CArm -> (suggested value, why), for what is missing.
        source: format that it was read from, device: what the file says of the maker, plane: "", "A" or "B" of a biplane run.
        notes: sentences for the user.
    """

    frames: np.ndarray
    geometry: list[CArm]
    times_s: np.ndarray
    timed: bool = True
    suggestions: dict[str, tuple[object, str]] = field(default_factory=dict)
    source: str = ""
    device: str = ""
    plane: str = ""
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.frames.ndim != 3 or 0 in self.frames.shape:
            raise InputError(f"A run has frames of rows and columns of gray values; this has the shape {self.frames.shape}.")
        count, rows, columns = self.frames.shape
        if len(self.geometry) != count or len(self.times_s) != count:
            given = f"{len(self.geometry)} and {len(self.times_s)}"
            raise InputError(f"{count} frames need as many geometries and times; given {given}.")
        if any(carm.size != (columns, rows) for carm in self.geometry):
            raise InputError("The geometry's size is not that of the frames.")

    def __len__(self) -> int:
        return len(self.frames)
