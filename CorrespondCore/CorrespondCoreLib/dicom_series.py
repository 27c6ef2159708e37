"""DICOM folders: the one volume series in a folder, its slices sorted and checked by their positions."""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from .errors import InputError

_TAGS = ["SeriesInstanceUID", "SeriesNumber", "Modality", "Rows", "Columns", "NumberOfFrames"]
_TAGS += ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"]


@dataclass(frozen=True)
class _Slice:
    """What the headers of one image file say; the geometry is None where they do not."""

    path: Path
    uid: str
    number: str
    modality: str
    shape: tuple[int, int]
    frames: int
    position_mm: np.ndarray | None
    row_column: np.ndarray | None
    spacing_yx_mm: tuple[float, float] | None


def read_series(path: str | Path, role: str) -> sitk.Image:
    """Read a CT or MR series: a folder that holds exactly one volume series, or any one file of the wanted series.

    Slices are ordered along their normal by ImagePositionPatient. One multi-frame file is read as it is.

    Args:
        role: what the image is for ("fixed volume"); stands in the messages.

    Raises:
        InputError: no or several volume series, missing or doubled slices, differing orientation or size, tilted gantry.
    """
    path = Path(path)
    if path.is_dir():
        slices = _only_series(_slices_in(path), path, role)
    else:
        chosen = _slice(path)
        if chosen is None:
            raise InputError(f"The {role} {path.name} is a DICOM file without an image. Give the folder of a CT series.")
        slices = [s for s in _slices_in(path.parent) if s.uid == chosen.uid and s.uid] or [chosen]
    if len(slices) == 1:
        return _read_single(slices[0].path, role)
    return _read_slices(slices, role)


def _slices_in(folder: Path) -> list[_Slice]:
    candidates = (_slice(p) for p in sorted(folder.iterdir()) if p.is_file() and p.name.upper() != "DICOMDIR")
    return [s for s in candidates if s is not None]


def _slice(path: Path) -> _Slice | None:
    """The headers of one image file; None for files that are no DICOM images or too malformed to be one."""
    import pydicom  # a tenth of a second that only DICOM pays

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
            if not (header.get("Rows") and header.get("Columns")):
                return None
            position, orientation, spacing = (header.get(name) for name in _TAGS[-3:])
            return _Slice(
                path,
                str(header.get("SeriesInstanceUID", "")),
                str(header.get("SeriesNumber", "?")),
                str(header.get("Modality", "?")),
                (int(header.Rows), int(header.Columns)),
                int(header.get("NumberOfFrames") or 1),
                np.array(position, dtype=float).reshape(3) if position else None,
                np.array(orientation, dtype=float).reshape(2, 3) if orientation else None,
                (float(spacing[0]), float(spacing[1])) if spacing else None,
            )
    except Exception:  # noqa: BLE001 - pydicom raises almost any error on malformed files
        return None


def _only_series(slices: list[_Slice], folder: Path, role: str) -> list[_Slice]:
    series = defaultdict(list)
    for s in slices:
        series[s.uid].append(s)
    volumes = {uid: group for uid, group in series.items() if len(group) > 1 or group[0].frames > 1}
    if not volumes:
        raise InputError(f"The {role}: the folder {folder.name} holds no DICOM series of two or more slices.")
    if len(volumes) > 1:
        found = "; ".join(
            f"series {g[0].number} ({g[0].modality}, {len(g)} files, first {g[0].path.name})" for g in volumes.values()
        )
        raise InputError(
            f"The {role}: the folder {folder.name} holds {len(volumes)} series: {found}. Give one file of the wanted series."
        )
    return next(iter(volumes.values()))


def _read_slices(slices: list[_Slice], role: str) -> sitk.Image:
    orientation, spacing_yx_mm = slices[0].row_column, slices[0].spacing_yx_mm
    if orientation is None or spacing_yx_mm is None or any(s.position_mm is None for s in slices):
        raise InputError(f"The {role}: the DICOM slices lack their position, orientation or pixel size; this is no CT series.")
    normal = np.cross(*orientation)
    slices = sorted(slices, key=lambda s: float(s.position_mm @ normal))
    positions = np.array([s.position_mm for s in slices])
    _check_alike(slices, role)
    _check_positions(slices, positions, normal, role)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(s.path) for s in slices])
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise InputError(f"The {role}: a slice of the DICOM series cannot be decoded. Export the series again.") from error
    slice_mm = float((positions[-1] - positions[0]) @ normal) / (len(slices) - 1)
    image.SetSpacing((spacing_yx_mm[1], spacing_yx_mm[0], slice_mm))
    image.SetOrigin(positions[0].tolist())
    image.SetDirection(np.column_stack([*orientation, normal]).ravel().tolist())
    return image


def _check_alike(slices: list[_Slice], role: str) -> None:
    first = slices[0]
    for s in slices:
        if s.shape != first.shape or s.row_column is None or not np.allclose(s.row_column - first.row_column, 0, atol=1e-3):
            raise InputError(
                f"The {role}: {s.path.name} has another size or orientation than the other slices (a localizer?). Remove it."
            )


def _check_positions(slices: list[_Slice], positions: np.ndarray, normal: np.ndarray, role: str) -> None:
    steps = np.diff(positions @ normal)
    if steps.min() < 1e-3:
        doubled = slices[int(steps.argmin()) + 1].path.name
        raise InputError(
            f"The {role}: several slices at the same position ({doubled}): split the phases into series of their own."
        )
    step = float(np.median(steps))
    if np.abs(steps - step).max() > max(0.05 * step, 0.02):
        at = int(np.abs(steps - step).argmax())
        raise InputError(
            f"The {role}: slices are missing or unevenly spaced: {steps[at]:.2f} mm after {slices[at].path.name}, elsewhere "
            f"{step:.2f} mm. Export the series completely, or resample it to even slices."
        )
    along = positions - positions[0]
    if np.linalg.norm(along - np.outer(along @ normal, normal), axis=1).max() > 0.5:
        raise InputError(
            f"The {role}: the gantry was tilted (sheared slices): load it in a viewer that corrects this, and export it."
        )


def _read_single(path: Path, role: str) -> sitk.Image:
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO("GDCMImageIO")
    try:
        return reader.Execute()
    except RuntimeError as error:
        raise InputError(
            f"The {role} {path.name} is a DICOM file whose image cannot be decoded: export it again, or convert it to NRRD."
        ) from error
