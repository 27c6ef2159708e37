"""The C-arm of each frame as attributes of XA (increments) and of Enhanced XA (functional groups)."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.errors import InputError

from ..carm import CArm
from ..fluoroscopy import FluoroscopyRun

_ANGLES = (("PositionerPrimaryAngle", "primary_deg"), ("PositionerSecondaryAngle", "secondary_deg"))
_DISTANCES = ("source_to_detector_mm", "source_to_isocenter_mm", "pixel_spacing_mm")
_TABLE = ("TableLongitudinalIncrement", "TableVerticalIncrement", "TableLateralIncrement")  # along LPS


def decimal(value: float) -> str:
    """A number as decimal string of at most 16 characters."""
    return f"{value:.9g}"


def add_plain_geometry(dataset: Dataset, run: FluoroscopyRun) -> None:
    """Attributes of the XA positioner, X-ray table and acquisition modules (PS3.3 C.8.7.2, C.8.7.4, C.8.7.5).

    Raises:
        InputError: distances or spacing differ between frames.
    """
    carm, count = run.geometry[0], len(run)
    if any(getattr(other, name) != getattr(carm, name) for other in run.geometry for name in _DISTANCES):
        raise InputError("XA files have one set of distances for all frames. Write this run as Enhanced XA (enhanced=True).")
    _add_detector(dataset, carm)
    _add_spacing(dataset, carm)
    if carm.source_to_isocenter_mm is not None:
        dataset.DistanceSourceToPatient = decimal(carm.source_to_isocenter_mm)
    if carm.source_to_detector_mm is not None and carm.source_to_isocenter_mm is not None:
        dataset.EstimatedRadiographicMagnificationFactor = decimal(carm.source_to_detector_mm / carm.source_to_isocenter_mm)
    dataset.PositionerMotion = dataset.TableMotion = "STATIC"
    for tag, name in _ANGLES:
        angles = [getattr(other, name) for other in run.geometry]
        if any(value is None for value in angles):
            continue
        setattr(dataset, tag, decimal(angles[0]))
        if np.ptp(angles) > 0:
            dataset.PositionerMotion = "DYNAMIC"
            setattr(dataset, f"{tag}Increment", [decimal(value - angles[0]) for value in angles])
    tables = np.array([other.table_mm for other in run.geometry])
    if count > 1 and tables.any():
        dataset.TableMotion = "DYNAMIC"
        for tag, column in zip(_TABLE, tables.T, strict=True):
            setattr(dataset, tag, [decimal(value) for value in column])


def add_enhanced_geometry(dataset: Dataset, run: FluoroscopyRun) -> None:
    """Functional groups of each frame: positioner, isocenter reference system, geometry, pixel properties (PS3.3 C.8.19.6)."""
    dataset.PlaneIdentification = f"PLANE {run.plane}" if run.plane else "MONOPLANE"
    dataset.PositionerType, dataset.CArmPositionerTabletopRelationship = "CARM", "YES"
    dataset.SharedFunctionalGroupsSequence = [Dataset()]
    dataset.PerFrameFunctionalGroupsSequence = [_group(carm) for carm in run.geometry]


def _group(carm: CArm) -> Dataset:
    group, positioner, room, geometry, pixels = (Dataset() for _ in range(5))
    for tag, name in _ANGLES:
        value = getattr(carm, name)
        if value is not None:
            setattr(positioner, tag, decimal(value))
            setattr(room, tag.replace("Positioner", "PositionerIsocenter"), value)
    room.PositionerIsocenterDetectorRotationAngle = 0.0
    room.TableXPositionToIsocenter, room.TableYPositionToIsocenter, room.TableZPositionToIsocenter = carm.table_mm
    room.TableHorizontalRotationAngle = room.TableHeadTiltAngle = room.TableCradleTiltAngle = 0.0
    _add_detector(geometry, carm)
    if carm.source_to_isocenter_mm is not None:
        geometry.DistanceSourceToIsocenter = carm.source_to_isocenter_mm
    _add_spacing(pixels, carm)
    pixels.FrameType = ["ORIGINAL", "PRIMARY"]
    group.PositionerPositionSequence, group.IsocenterReferenceSystemSequence = [positioner], [room]
    group.XRayGeometrySequence, group.FramePixelDataPropertiesSequence = [geometry], [pixels]
    return group


def _add_detector(dataset: Dataset, carm: CArm) -> None:
    if carm.source_to_detector_mm is not None:
        dataset.DistanceSourceToDetector = decimal(carm.source_to_detector_mm)


def _add_spacing(dataset: Dataset, carm: CArm) -> None:
    """DICOM orders a spacing as between rows, between columns."""
    if carm.pixel_spacing_mm is not None:
        dataset.ImagerPixelSpacing = [decimal(value) for value in carm.pixel_spacing_mm[::-1]]
