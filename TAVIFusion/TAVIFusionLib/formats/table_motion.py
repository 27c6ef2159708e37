"""How far the table carries the patient in each frame (PS3.3 C.8.7.4, C.8.19.6.11, C.8.19.6.13).

The standard's names deceive: Table Longitudinal is towards LAO, Table Lateral towards CRA; vertical motion is positive downwards.
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import numbers

_INCREMENTS = ("TableLongitudinalIncrement", "TableVerticalIncrement", "TableLateralIncrement")
_POSITIONS = (
    ("TableXPositionToIsocenter", "TableYPositionToIsocenter", "TableZPositionToIsocenter"),
    ("TableTopLongitudinalPosition", "TableTopVerticalPosition", "TableTopLateralPosition"),
)
_LYING = {"HFS": (1, 1, 1), "HFP": (-1, -1, 1), "FFS": (-1, 1, -1), "FFP": (1, -1, -1)}
"""Patient's left, back and head along the table's left, down and head."""


def table_shifts_mm(header: Dataset, frames: list[Dataset], notes: list[str]) -> np.ndarray:
    """(frames, 3) LPS mm from the first frame; zeros where the file tells nothing. Sentences for the user are added to notes."""
    position = str(header.get("PatientPosition") or "HFS").strip().upper() or "HFS"
    lying = np.array(_LYING.get(position, _LYING["HFS"]), float)
    plain = _increments(header, len(frames))  # its lateral and longitudinal are defined by the patient's LAO and CRA
    shifts = _positions(frames) * lying if plain is None else plain * (1.0, lying[1], 1.0)
    furthest = float(np.linalg.norm(shifts, axis=1).max())
    if furthest > 0.05:
        notes.append(f"The table moved during the run by up to {furthest:.1f} mm.")
        if position not in _LYING:
            notes.append(f"How the patient lies ({position}) is not one of {', '.join(_LYING)}: supine, head first is assumed.")
    return shifts


def _increments(header: Dataset, count: int) -> np.ndarray | None:
    """(count, 3) of plain files, along LAO, down and CRA, or None."""
    if str(header.get("TableMotion") or "").upper() == "STATIC" or count == 1:
        return None
    columns = [numbers(header, name, count) for name in _INCREMENTS]
    if all(column is None for column in columns):
        return None
    return np.column_stack([np.zeros(count) if column is None else column for column in columns])


def _positions(frames: list[Dataset]) -> np.ndarray:
    """(frames, 3) of enhanced files, along the table's left, down and head."""
    for names in _POSITIONS:
        rows = [[numbers(frame, name, 1) for name in names] for frame in frames]
        if all(value is not None for row in rows for value in row):
            places = np.array(rows, float).reshape(-1, 3)
            return places - places[0]
    return np.zeros((len(frames), 3))
