"""DICOM Ophthalmic Tomography: frames and their places from the functional groups.

ITK reads these files too, but gives unevenly spaced frames a spacing of 1 mm without a word; here the plane positions, pixel
measures and the lines on the fundus image (Ophthalmic Frame Location, PS3.3 C.8.17.10) are read one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import device_of, first, headers_in, read_dataset
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..scan import LINE, RADIAL, RASTER, OctScan
from .dicom_files import PHOTOGRAPHY, TOMOGRAPHY, date_of, eye_of, refuse_zeiss
from .dicom_frames import Frames, frames_of
from .dicom_photo import Photo, read_photo
from .fundus import add_fundus
from .geometry import Placement, place_lines
from .options import ASSUMED_SPACING_MM, LARGEST_SPACING_MM, ReadOptions

_SOURCE = "DICOM"
_Ends = tuple[np.ndarray, np.ndarray]  # (B, 2) of the first, (B, 2) of the last A-scan of each B-scan


def read_opt(
    path: str | Path,
    options: ReadOptions | None = None,
    progress: Progress | None = None,
    find_photo: Callable[[str], str | None] | None = None,
) -> OctScan:
    """Read an OPT file, a scan of one file per B-scan (give any of them), or a folder with one such scan.

    Fundus photographs in the same folder are taken along if the scan refers to them and says where it lies on them.

    Args:
        find_photo: file of a photograph by its instance UID, where it may lie elsewhere; None where it is not there.

    Raises:
        InputError: no OCT, obfuscated, several scans, damaged, no voxel size, or B-scans that no regular grid can hold.
    """
    path, options = Path(path), options or ReadOptions()
    with (progress or Progress()).stage("Reading", 1.0) as step:
        files = files_of(path)
        datasets = []
        for n, file in enumerate(files):
            datasets.append(read_dataset(file))
            refuse_zeiss(datasets[-1], file)
            step(0.5 * (n + 1) / len(files))
        frames = frames_of(datasets, files)
        step(0.8)
        photos = _photos(files[0].parent, list(frames.lines), find_photo)
    scan, ends = _placed(frames, photos, options)
    group = first(datasets[0], "PerFrameFunctionalGroupsSequence")
    scan.eye, scan.visit_date, scan.device = eye_of(datasets[0], group), date_of(datasets[0]), device_of(datasets[0])
    _add_photos(scan, frames, ends, photos)
    return scan


def files_of(path: Path) -> list[Path]:
    """The files of the scan that a file or a folder belongs to.

    Raises:
        InputError: it is of no OCT scan, or of several.
    """
    if path.is_file():
        header = read_dataset(path, pixels=False)
        refuse_zeiss(header, path)
        _check_class(header, path)
        if int(header.get("NumberOfFrames") or 1) > 1 or not header.get("SeriesInstanceUID"):
            return [path]
        return _of_series(headers_in(path.parent), header.SeriesInstanceUID) or [path]
    headers = headers_in(path)
    for file, header in headers.items():
        refuse_zeiss(header, file)
    scans = {file: header for file, header in headers.items() if str(header.get("SOPClassUID", "")) == TOMOGRAPHY}
    if not scans:
        raise InputError(f"The folder {path.name} holds no DICOM file of an OCT scan (Ophthalmic Tomography).")
    several = [file for file, header in scans.items() if int(header.get("NumberOfFrames") or 1) > 1]
    series = {str(header.get("SeriesInstanceUID", "")) for header in scans.values()}
    if len(scans) == 1:
        return list(scans)
    if several or len(series) > 1:
        names = ", ".join(sorted(file.name for file in scans)[:5])
        raise InputError(f"The folder {path.name} holds several OCT scans ({names}). Choose the file of the wanted one.")
    return _of_series(scans, series.pop())


def _of_series(headers: dict[Path, Dataset], uid: str) -> list[Path]:
    """Files with a single frame of one series, by instance number."""
    found = [
        (int(header.get("InstanceNumber") or 0), file)
        for file, header in headers.items()
        if str(header.get("SOPClassUID", "")) == TOMOGRAPHY
        and str(header.get("SeriesInstanceUID", "")) == str(uid)
        and int(header.get("NumberOfFrames") or 1) == 1
    ]
    return [file for _, file in sorted(found)]


def _check_class(header: Dataset, path: Path) -> None:
    kind = header.get("SOPClassUID")
    if str(kind) in PHOTOGRAPHY:
        raise InputError(
            f"{path.name} is a photograph of the fundus. Choose the file of the OCT scan; the photograph comes along."
        )
    if str(kind) != TOMOGRAPHY:
        name = getattr(kind, "name", None) or "nothing that it names"
        raise InputError(f"{path.name} is a DICOM file of {name}, not of an OCT scan (Ophthalmic Tomography).")


def _photos(folder: Path, uids: list[str], find: Callable[[str], str | None] | None) -> dict[str, Photo]:
    if not uids:
        return {}
    found = {str(header.get("SOPInstanceUID", "")): path for path, header in headers_in(folder).items()}
    for uid in uids:
        elsewhere = find(uid) if find is not None else None
        if elsewhere and Path(elsewhere).is_file():
            found.setdefault(uid, Path(elsewhere))
    return {uid: read_photo(found[uid]) for uid in uids if uid in found}


def _placed(frames: Frames, photos: dict[str, Photo], options: ReadOptions) -> tuple[OctScan, _Ends | None]:
    """The scan, and the ends of its B-scans in the fundus plane.

    It lies where plane positions put it; else where the lines on a photograph of known scale do; else it has the stated distance
    of B-scans, and no ends are known.
    """
    scaled = next((uid for uid, photo in photos.items() if photo.spacing_mm), None)
    pixels = frames.pixels
    notes: list[str] = []
    if frames.planes is not None:
        pixels, ends, notes = _plane_ends(frames, *frames.planes)
    elif scaled is not None:
        scale = np.array(photos[scaled].spacing_mm) * (1, -1)
        start_pixels, end_pixels = _pixel_ends(frames.lines[scaled])
        ends = start_pixels * scale, end_pixels * scale
    else:
        return _by_distance(frames, options), None
    options.refuse_axes("This DICOM file")
    placement = place_lines(*ends, pixels.shape[2], frames.spacing_mm[0])
    volume = placement.volume(pixels, frames.spacing_mm[1])
    return OctScan(volume, pattern=placement.pattern, source=_SOURCE, notes=[*placement.notes, *notes]), ends


def _plane_ends(frames: Frames, positions: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, _Ends, list[str]]:
    """Pixels with the vitreous up, ends of the B-scans in the fundus plane, and notes."""
    along, down = axes[:, 0], axes[:, 1]
    left, up = fundus_axes(axes)
    if np.abs(np.linalg.norm(axes, axis=2) - 1).max() > 0.01 or np.abs((along * down).sum(axis=1)).max() > 0.02:
        raise InputError("The file's image orientation is no pair of perpendicular unit vectors. Export it again.")
    notes, pixels = [], frames.pixels
    if not _of_patient(axes):
        notes.append("The file's orientation is not that of a patient; the first B-scan is taken as horizontal.")
    elif down[0, 1] < 0:
        pixels = pixels[:, ::-1]
        notes.append("The file's B-scans stood on their head; they were turned.")
    starts = np.column_stack([positions @ left, positions @ up])
    length = (pixels.shape[2] - 1) * frames.spacing_mm[0]
    ends = starts + length * np.column_stack([along @ left, along @ up])
    apart = np.ptp((positions * down).sum(axis=1))
    if apart > frames.spacing_mm[1]:
        notes.append(f"The file places B-scans up to {apart * 1000:.0f} um apart in depth; they are shown side by side.")
    return pixels, (starts, ends), notes


def fundus_axes(axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors in the file's coordinates to the right and upwards on a fundus image: where this library's x and z run.

    Args:
        axes: (B, 2, 3) row and column direction of the B-scans.
    """
    if _of_patient(axes):
        return np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
    return axes[0, 0], np.cross(axes[0, 0], axes[0, 1])


def _of_patient(axes: np.ndarray) -> bool:
    """The beam runs from front to back."""
    return bool(np.abs(axes[:, 1, 1]).min() >= 0.9)


def _pixel_ends(lines: np.ndarray) -> _Ends:
    """Ends of the B-scans on a fundus image as (column, row) of pixel centers; files count from the corner of the first pixel."""
    return lines[:, [1, 0]] - 0.5, lines[:, [3, 2]] - 0.5


def _by_distance(frames: Frames, options: ReadOptions) -> OctScan:
    """For files that place their B-scans nowhere."""
    count = len(frames.pixels)
    x_mm, y_mm = frames.spacing_mm
    known = count == 1 or (frames.step_mm is not None and frames.step_mm <= LARGEST_SPACING_MM[2])
    step_mm = (frames.step_mm or x_mm) if known else ASSUMED_SPACING_MM[2]
    pattern, up = LINE if count == 1 else RASTER, not options.top_down
    placement = Placement(pattern, np.arange(count), False, (x_mm, step_mm), (0.0, 0.0), bottom_up=up)
    pixels = frames.pixels[:, ::-1] if options.depth_up else frames.pixels
    notes = [
        "The file does not say where its B-scans lie: they are taken as parallel and evenly spaced, the first as the "
        f"{'inferior' if up else 'superior'} one."
    ]
    if not known:
        notes.append("The file does not state the distance of B-scans: give the voxel size (spacing_mm).")
    return OctScan(placement.volume(pixels, y_mm), metric=known, pattern=pattern, source=_SOURCE, notes=notes)


def _add_photos(scan: OctScan, frames: Frames, ends: _Ends | None, photos: dict[str, Photo]) -> None:
    """Put photographs under the scan, by its lines on them."""
    for uid, photo in photos.items():
        if photo.eye and scan.eye and photo.eye != scan.eye:
            scan.notes.append(f"The {photo.kind} image that the file refers to is of the other eye; it is left out.")
        elif scan.pattern == RADIAL or ends is None:
            scan.notes.append(f"The {photo.kind} image is left out: the file does not say where the scan lies in mm.")
        else:
            add_fundus(scan, photo.kind, photo.pixels, np.vstack(_pixel_ends(frames.lines[uid])), np.vstack(ends))
