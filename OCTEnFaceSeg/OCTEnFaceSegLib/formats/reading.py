"""The door: any file or folder that holds an OCT scan -> OctScan. The content decides on the reader, not the name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.dicom_mark import is_dicom
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.picture_files import SUFFIXES, pictures_in
from CorrespondCoreLib.progress import Progress

from ..scan import OctScan
from .dicom_opt import read_opt
from .heidelberg_vol import read_vol
from .heidelberg_xml import read_xml
from .itk_image import read_itk
from .options import ReadOptions
from .pictures import read_stack
from .scan_folder import DESCRIPTION, read_folder
from .signatures import DICOM, E2E, HEAD_BYTES, SCAN_FOLDER, TOPCON, VOL, XML, signature
from .vendor_files import read_vendor
from .zeiss_img import read_img

_Reader = Callable[[Path, ReadOptions, Progress | None], OctScan]
_BY_SIGNATURE: dict[str, _Reader] = {
    VOL: read_vol,
    XML: read_xml,
    E2E: read_vendor,
    TOPCON: read_vendor,
    DICOM: read_opt,
    SCAN_FOLDER: read_folder,
}
_BY_SUFFIX: dict[str, _Reader] = {
    ".vol": read_vol,
    ".xml": read_xml,
    ".e2e": read_vendor,
    ".fda": read_vendor,
    ".fds": read_vendor,
}


def read_scan(path: str | Path, progress: Progress | None = None, **options: Any) -> OctScan:
    """Read an OCT scan: Heidelberg .vol, XML export, .e2e; Topcon .fda, .fds; Zeiss .img; DICOM Ophthalmic Tomography; pictures;
    any volume of ITK; a folder with one of these, or as `writing.write_scan` leaves it.

        scan = read_scan("visit1.vol")
        scan = read_scan("stack/", spacing_mm=(0.0115, 0.0039, 0.12), eye="R")

    Nothing that identifies a patient is kept.

    Args:
        path: file or folder.
        options: see `options.ReadOptions`. `spacing_mm` makes a scan metric.

    Raises:
        InputError: not there, not readable, not an OCT scan; the message says why and what to do.
        OutOfMemory: larger than the memory.
        MissingPackage: the format needs a package that is not installed.
    """
    path, chosen = Path(path).expanduser(), ReadOptions.of(options)
    if not path.exists():
        raise InputError(f"The OCT scan {path} does not exist.")
    try:
        reader = _folder_reader(path) if path.is_dir() else _file_reader(path)
        if chosen.series is not None and reader is not read_vendor:
            raise InputError(f"{path.name} holds one scan: series is for .e2e files alone.")
        scan = reader(path, chosen, progress)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if chosen.spacing_mm is not None:
        _set_spacing(scan, chosen.spacing_mm)
    if chosen.eye:
        scan.eye = chosen.eye
    return scan


def _file_reader(path: Path) -> _Reader:
    """The reader of the file's mark; of files without one, that of their name."""
    head = _head(path)
    if not head:
        raise InputError(f"{path.name} is an empty file.")
    if found := signature(head):
        return _BY_SIGNATURE[found]
    if is_dicom(path):
        return read_opt
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return read_stack
    if suffix == ".img" and not path.with_suffix(".hdr").exists():
        return read_img
    return _BY_SUFFIX.get(suffix, read_itk)


def _folder_reader(folder: Path) -> _Reader:
    """The one kind of scan in a folder."""
    if (folder / DESCRIPTION).is_file():
        return read_folder
    names = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".")]
    exports = [p for p in names if p.suffix.lower() == ".xml" and signature(_head(p)) == XML]
    if len(exports) == 1:
        return lambda _, options, progress: read_xml(exports[0], options, progress)
    if len(exports) > 1:
        raise InputError(f"The folder {folder.name} holds {len(exports)} XML exports. Choose the XML file of the wanted one.")
    if any(p.stat().st_size > 132 and is_dicom(p) for p in names):
        return read_opt
    if pictures_in(folder):
        return read_stack
    raise InputError(
        f"The folder {folder.name} holds no OCT scan: neither an XML export, nor DICOM files, nor pictures "
        f"({', '.join(SUFFIXES)}). If the scan is one file, choose that file."
    )


def _head(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(HEAD_BYTES)


def _set_spacing(scan: OctScan, spacing_mm: tuple[float, float, float]) -> None:
    """The user's voxel size; fundus images that lie along the scan's axes are scaled with it, so that they stay in register."""
    ratio = np.array(spacing_mm) / scan.spacing_mm
    scan.volume.SetSpacing(spacing_mm)
    scan.metric = True
    scan.notes = [note for note in scan.notes if "spacing_mm" not in note]
    origin, axes = np.array(scan.volume.GetOrigin()), np.array(scan.volume.GetDirection()).reshape(3, 3)
    along = np.abs(np.abs(axes) - np.eye(3)).max() < 1e-6
    for kind, image in list(scan.fundus.items()):
        if not along and not np.isclose(ratio[0], ratio[2]):
            del scan.fundus[kind]
            scan.notes.append(f"The {kind} image is left out: it does not fit the given voxel size.")
            continue
        scan.fundus[kind] = _scaled(image, ratio, origin)


def _scaled(image: sitk.Image, ratio: np.ndarray, about: np.ndarray) -> sitk.Image:
    scaled = sitk.Image(image)
    scaled.SetSpacing([float(value) for value in np.array(image.GetSpacing()) * ratio])
    scaled.SetOrigin([float(value) for value in about + (np.array(image.GetOrigin()) - about) * ratio])
    return scaled
