"""The C-arm of each frame from the header: angles, distances, pixel spacing, table; what is missing stays None, with suggestions.

A value that cannot be true (a distance of 0, an isocenter behind the detector) counts as missing, and a note says so.
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import numbers

from ..carm import CArm
from .positioner import positioner_angles
from .table_motion import table_shifts_mm

Suggestions = dict[str, tuple[object, str]]
_DETECTOR_MM, _ISOCENTER_MM = (400.0, 2500.0), (250.0, 1800.0)
_SPACING_MM = (0.02, 2.0)
_USUAL = {"source_to_detector_mm": 1050.0, "source_to_isocenter_mm": 750.0}
_CENTER_PX = 2.0


def geometry_of(header: Dataset, frames: list[Dataset], size: tuple[int, int], notes: list[str]) -> list[CArm]:
    """CArm of each frame of one file.

    Args:
        header: of the file. frames: attributes of each frame (`frame_attributes`). size: columns, rows.
        notes: sentences for the user are added to it.
    """
    angles = positioner_angles(header, frames, notes)
    tables = table_shifts_mm(header, frames, notes)
    values = [_distances(frame, notes) for frame in frames]
    _note_display(header, frames[0], size, notes)
    return [
        CArm(
            *angle,
            source_to_detector_mm=detector,
            source_to_isocenter_mm=isocenter,
            pixel_spacing_mm=spacing,
            size=size,
            table_mm=(float(table[0]), float(table[1]), float(table[2])),
        )
        for angle, (detector, isocenter, spacing), table in zip(angles, values, tables, strict=True)
    ]


def suggestions_for(carm: CArm, frame: Dataset) -> Suggestions:
    """Values that follow from other attributes of a frame for what is missing in its CArm, each with the reason."""
    found: Suggestions = {}
    if carm.source_to_detector_mm is None:
        found["source_to_detector_mm"] = _distance(carm, frame, "source_to_detector_mm", "DistanceSourceToDetector")
    if carm.source_to_isocenter_mm is None:
        found["source_to_isocenter_mm"] = _distance(carm, frame, "source_to_isocenter_mm", "DistanceSourceToPatient")
    if carm.pixel_spacing_mm is None and (spacing := _spacing_suggestion(carm, frame)):
        found["pixel_spacing_mm"] = spacing
    return found


def _distances(frame: Dataset, notes: list[str]) -> tuple[float | None, float | None, tuple[float, float] | None]:
    """Source to detector, source to isocenter, spacing between columns and between rows."""
    detector = _plausible(frame, "DistanceSourceToDetector", _DETECTOR_MM, "source to detector", notes)
    name = "DistanceSourceToIsocenter" if "DistanceSourceToIsocenter" in frame else "DistanceSourceToPatient"
    isocenter = _plausible(frame, name, _ISOCENTER_MM, "source to isocenter", notes)
    if detector is not None and isocenter is not None and isocenter >= detector:
        _note(
            notes,
            f"Source to isocenter {isocenter:g} mm is not below source to detector {detector:g} mm: it is taken as missing.",
        )
        isocenter = None
    return detector, isocenter, _spacing(frame, notes)


def _plausible(frame: Dataset, name: str, limits: tuple[float, float], what: str, notes: list[str]) -> float | None:
    value = numbers(frame, name, 1)
    if value is None:
        return None
    if not limits[0] <= value[0] <= limits[1]:
        _note(notes, f"The file's distance {what}, {value[0]:g} mm, cannot be that of a C-arm: it is taken as missing.")
        return None
    return float(value[0])


def _spacing(frame: Dataset, notes: list[str]) -> tuple[float, float] | None:
    """Imager Pixel Spacing, which DICOM orders as between rows, between columns."""
    value = numbers(frame, "ImagerPixelSpacing", 2)
    if value is None:
        return None
    if not _SPACING_MM[0] <= value.min() <= value.max() <= _SPACING_MM[1]:
        shown = f"{value[1]:g} x {value[0]:g} mm"
        _note(notes, f"The file's pixel spacing, {shown}, cannot be that of a detector: it is taken as missing.")
        return None
    return float(value[1]), float(value[0])


def _distance(carm: CArm, frame: Dataset, name: str, tag: str) -> tuple[object, str]:
    """Suggested distance: from the magnification, from another unit, or a usual one."""
    magnification = numbers(frame, "EstimatedRadiographicMagnificationFactor", 1)
    other = carm.source_to_isocenter_mm if name == "source_to_detector_mm" else carm.source_to_detector_mm
    if magnification is not None and 1.02 < magnification[0] < 3 and other is not None:
        value = other * magnification[0] if name == "source_to_detector_mm" else other / magnification[0]
        return round(float(value), 1), "follows from the file's magnification factor and the other distance"
    limits = _DETECTOR_MM if name == "source_to_detector_mm" else _ISOCENTER_MM
    stated = numbers(frame, tag, 1)
    for factor, unit in ((10.0, "centimeters"), (1000.0, "meters")):
        if stated is not None and limits[0] <= stated[0] * factor <= limits[1]:
            return float(stated[0] * factor), f"the file's {stated[0]:g}, if it is in {unit}"
    return _USUAL[name], "a usual value for C-arms; the true one may differ by 20 %"


def _spacing_suggestion(carm: CArm, frame: Dataset) -> tuple[object, str] | None:
    """Suggested (between columns, between rows) from the field of view, or from a spacing in the patient."""
    columns, rows = carm.size
    for name, what in (
        ("FieldOfViewDimensionsInFloat", "field of view"),
        ("FieldOfViewDimensions", "field of view"),
        ("IntensifierSize", "image intensifier's size"),
    ):
        extent, diameter = numbers(frame, name, 2), numbers(frame, name, 1)
        if extent is None and diameter is not None:
            extent = diameter / max(carm.size) * np.array(carm.size)
        if extent is None:
            continue
        spacing = float(extent[0] / columns), float(extent[1] / rows)
        if _SPACING_MM[0] <= min(spacing) <= max(spacing) <= _SPACING_MM[1]:
            return spacing, f"follows from the {what}, {extent[0]:g} x {extent[1]:g} mm, over {columns} x {rows} pixels"
    patient = numbers(frame, "PixelSpacing", 2)
    sid, sod = carm.source_to_detector_mm, carm.source_to_isocenter_mm
    if patient is not None and patient.min() > 0 and sid is not None and sod is not None:
        return (float(patient[1] * sid / sod), float(patient[0] * sid / sod)), (
            f"follows from the file's Pixel Spacing, {patient[1]:g} x {patient[0]:g} mm, if that holds in the patient"
        )
    return None


def _note_display(header: Dataset, frame: Dataset, size: tuple[int, int], notes: list[str]) -> None:
    """Notes on what breaks the assumption that the image shows the patient heads up with the isocenter at its middle."""
    if str(frame.get("FieldOfViewHorizontalFlip") or "").upper() == "YES":
        _note(notes, "The file says that its image was mirrored: check that the left of the patient is on the right side.")
    rotation = numbers(frame, "FieldOfViewRotation", 1)
    if rotation is None:
        rotation = numbers(frame, "PositionerIsocenterDetectorRotationAngle", 1)
    if rotation is not None and abs(rotation[0]) > 0.5:
        _note(notes, f"The file says that its image was rotated by {rotation[0]:g} degrees: check that the head is up.")
    stated, extent = _spacing(frame, []), numbers(frame, "FieldOfViewDimensions", 2)
    if stated and extent is not None and not np.allclose(np.array(stated) * size, extent, rtol=0.25):
        _note(
            notes,
            f"Pixel spacing {stated[0]:g} x {stated[1]:g} mm and field of view {extent[0]:g} x {extent[1]:g} mm do not agree: "
            "the spacing is used.",
        )
    shift = _off_center_px(header, frame, size)
    if shift is not None and max(map(abs, shift)) > _CENTER_PX:
        _note(
            notes,
            f"The isocenter lies {shift[0]:+.0f} columns and {shift[1]:+.0f} rows off the image's middle; the middle is assumed. "
            "Alignment corrects for it.",
        )


def _off_center_px(header: Dataset, frame: Dataset, size: tuple[int, int]) -> tuple[float, float] | None:
    """Columns and rows from the image's middle to the projected isocenter, of enhanced files with a digital detector."""
    at, origin = numbers(header, "PositionOfIsocenterProjection", 2), numbers(frame, "FieldOfViewOrigin", 2)
    elements, extent = numbers(header, "DetectorElementSpacing", 2), numbers(frame, "FieldOfViewDimensionsInFloat", 2)
    if at is None or origin is None or elements is None or extent is None or elements.min() <= 0 or extent.min() <= 0:
        return None
    from_middle = (at - origin) * elements - extent[::-1] / 2  # along columns, along rows
    return float(from_middle[1] / extent[0] * size[0]), float(from_middle[0] / extent[1] * size[1])


def _note(notes: list[str], sentence: str) -> None:
    if sentence not in notes:
        notes.append(sentence)
