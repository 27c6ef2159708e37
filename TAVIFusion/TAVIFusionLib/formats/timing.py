"""When each frame was taken, in seconds from the first: Frame Time, Frame Time Vector, frame date-times, frame rates."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import numbers

_LONGEST_STEP_S = 60.0
_VECTOR = 0x00181065
UNTIMED = "The file does not say when each frame was taken: frames are counted instead."


def frame_times(header: Dataset, frames: list[Dataset], notes: list[str]) -> tuple[np.ndarray, bool]:
    """Times (frames,) in seconds and whether the file tells them; else steps of 1. Sentences for the user are added to notes.

    Source: PS3.3 C.7.6.5 (cine), C.7.6.16.2.2 (frame content).
    """
    count = len(frames)
    if count == 1:
        return np.zeros(1), True
    moments = _moments(frames)
    if moments is not None:
        return moments, True
    steps = _steps_s(header, count)
    if steps is not None:
        return np.concatenate([[0.0], np.cumsum(steps)]), True
    for name, kind in (("CineRate", "cine rate"), ("RecommendedDisplayFrameRate", "recommended display rate")):
        rate = numbers(header, name, 1)
        if rate is not None and 1 / _LONGEST_STEP_S <= rate[0] <= 1000:
            notes.append(f"The times of the frames follow from the {kind}, {rate[0]:g} per second: the file has no frame time.")
            return np.arange(count) / float(rate[0]), True
    notes.append(UNTIMED)
    return np.arange(count, dtype=float), False


def file_times(headers: list[Dataset], notes: list[str]) -> tuple[np.ndarray, bool]:
    """The same for single-frame files in their order: from the moments of acquisition, if these rise from file to file."""
    if len(headers) == 1:
        return np.zeros(1), True
    moments = []
    for header in headers:
        date, time = (str(header.get(f"Acquisition{part}") or header.get(f"Content{part}") or "") for part in ("Date", "Time"))
        moments.append(_moment(str(header.get("AcquisitionDateTime") or "") or date + time))
    rising = _rising(moments)
    if rising is not None:
        return rising, True
    notes.append(UNTIMED)
    return np.arange(len(headers), dtype=float), False


def _steps_s(header: Dataset, count: int) -> np.ndarray | None:
    """(count - 1,) seconds between frames."""
    vector = numbers(header, "FrameTimeVector", count)
    steps = vector[1:] if vector is not None else numbers(header, "FrameTimeVector", count - 1)
    time = numbers(header, "FrameTime", 1)
    even = None if time is None else np.full(count - 1, float(time[0]))
    pointers = header.get("FrameIncrementPointer")
    pointed = pointers if isinstance(pointers, (list, tuple)) or hasattr(pointers, "append") else [pointers]
    order = (steps, even) if _VECTOR in pointed or even is None else (even, steps)
    for found in order:
        if found is not None and found.min() > 0 and found.max() <= 1000 * _LONGEST_STEP_S:
            return found / 1000
    return None


def _moments(frames: list[Dataset]) -> np.ndarray | None:
    for name in ("FrameAcquisitionDateTime", "FrameReferenceDateTime"):
        found = _rising([_moment(str(frame.get(name) or "")) for frame in frames])
        if found is not None:
            return found
    return None


def _rising(moments: list[datetime | None]) -> np.ndarray | None:
    """Seconds from the first, or None unless all are known and each is later than the one before."""
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(moments):
        return None
    seconds = np.array([(moment - known[0]).total_seconds() for moment in known])
    return seconds if (np.diff(seconds) > 0).all() and np.diff(seconds).max() <= 3600 else None


def _moment(text: str) -> datetime | None:
    """DICOM's date-time to the microsecond; the zone is dropped, for it is the same in one run."""
    found = re.match(r"(\d{14})(?:\.(\d{1,6}))?", text)
    if not found:
        return None
    try:
        return datetime.strptime(found[1] + (found[2] or "0").ljust(6, "0"), "%Y%m%d%H%M%S%f")
    except ValueError:
        return None
