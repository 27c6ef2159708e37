"""Positioner angles of each frame: static arms, moving arms, and the ways in which files write increments (PS3.3 C.8.7.5.1.3)."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import numbers

_SAME_DEG = 0.5
_SLOWEST_STEP_DEG = 0.3  # between frames of a rotating arm; less is jitter
_AXES = (
    ("PositionerPrimaryAngle", "PositionerIsocenterPrimaryAngle", 180.0, "primary"),
    ("PositionerSecondaryAngle", "PositionerIsocenterSecondaryAngle", 90.0, "secondary"),
)


def positioner_angles(header: Dataset, frames: list[Dataset], notes: list[str]) -> list[tuple[float | None, float | None]]:
    """(primary, secondary) in degrees of each frame; None where the file does not tell.

    Args:
        header: of the file. frames: attributes of each frame (`frame_attributes`).
        notes: sentences for the user are added to it.
    """
    primary, secondary = (_axis(header, frames, *axis, notes) for axis in _AXES)
    angulation = numbers(frames[0], "ColumnAngulationPatient", 1)
    if angulation is None:
        angulation = numbers(frames[0], "ColumnAngulation", 1)
    if secondary[0] is None and angulation is not None:
        notes.append(
            f"The file has no positioner angles, but a column that is tilted by {angulation[0]:g} degrees towards the head: "
            "enter it as secondary angle if the beam is tilted so."
        )
    return list(zip(primary, secondary, strict=True))


def _axis(
    header: Dataset, frames: list[Dataset], name: str, isocenter_name: str, limit: float, axis: str, notes: list[str]
) -> list[float | None]:
    """Angles about one axis."""
    found = [numbers(frame, name, 1) for frame in frames]
    if all(value is None for value in found):
        found = [numbers(frame, isocenter_name, 1) for frame in frames]
        if any(value is not None for value in found):
            notes.append(
                f"The {axis} angle is that of the arm in the room: right for a patient who lies supine, head first, on a level "
                "table; correct it otherwise."
            )
    angles = [None if value is None else float(value[0]) for value in found]
    angles = _moved(header, angles, f"{name}Increment", axis, notes)
    if any(value is not None and abs(value) > limit + 1e-6 for value in angles):
        notes.append(f"The {axis} angle goes beyond {limit:g} degrees, which is impossible: it is taken as missing.")
        return [None] * len(angles)
    known = [value for value in angles if value is not None]
    if len(known) > 1 and np.ptp(known) > _SAME_DEG:
        notes.append(f"The {axis} angle goes from {known[0]:.1f} to {known[-1]:.1f} degrees during the run.")
    return angles


def _moved(header: Dataset, angles: list[float | None], name: str, axis: str, notes: list[str]) -> list[float | None]:
    """The angles with the file's increments, where it has some."""
    count, base = len(angles), angles[0]
    vector, single = numbers(header, name, count), numbers(header, name, 1)
    motion = str(header.get("PositionerMotion") or "").upper()
    if count == 1:
        return angles
    if vector is None and single is None:
        given = header.get(name)
        if given is not None and str(given):
            notes.append(f"The {axis} increments do not fit the {count} frames and are ignored: all have the first one's angle.")
        elif motion == "DYNAMIC" and len(set(angles)) == 1:
            notes.append(f"The arm moved during the run, but the file has no {axis} increments: all frames have the same angle.")
        return angles
    offsets = vector if vector is not None else np.arange(count) * float(single[0] if single is not None else 0)
    if not np.any(offsets):
        return angles
    if motion == "STATIC":
        notes.append(f"The file says that the arm stood still: its {axis} increments are ignored.")
        return angles
    if _absolute(offsets, base):
        notes.append(f"The file's {axis} increments are the angles themselves, not increments: they are taken as such.")
        return [float(value) for value in offsets]
    if base is None:
        return angles
    if _steps(offsets):
        notes.append(
            f"The file's {axis} increments are steps from frame to frame, not offsets from the first: they are summed up."
        )
        offsets = np.cumsum(offsets)
    return [float(base + value) for value in offsets]


def _absolute(offsets: np.ndarray, base: float | None) -> bool:
    """True if the vector holds angles: an offset of the first frame from itself would be zero."""
    return abs(offsets[0]) > 1e-6 and (base is None or base == 0 or abs(offsets[0] - base) <= _SAME_DEG)


def _steps(offsets: np.ndarray) -> bool:
    """True if the vector would mean a jump after the first frame and rest since then: it holds equal steps of a moving arm."""
    rest = offsets[1:]
    if len(rest) < 3 or offsets[0] != 0 or abs(rest.mean()) < _SLOWEST_STEP_DEG or not rest.all():
        return False
    return bool(np.ptp(rest) <= min(0.5 * abs(rest.mean()), 1.0))
