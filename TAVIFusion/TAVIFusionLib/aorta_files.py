"""The aorta of an angiography file as surface file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.dicom_mark import is_dicom
from CorrespondCoreLib.dicom_series import read_series
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder
from CorrespondCoreLib.image_files import read_image_file
from CorrespondCoreLib.progress import Progress

from .aorta_from_ct import AortaSettings, aorta_mesh
from .meshes import check_mesh, kind_to_write, write_mesh


def aorta_of_file(
    volume: str | Path,
    seeds_mm: np.ndarray,
    output: str | Path,
    settings: AortaSettings | None = None,
    progress: Progress | None = None,
) -> dict:
    """Make a closed surface of the lumen around seeds and write it, whole or not at all, LPS.

    Args:
        volume: contrast CT or MR angiography: image file, DICOM folder, or a file of one.
        seeds_mm: (K, 3) LPS. output: .vtp, .stl, .vtk or .obj.

    Returns the number of triangles, the extent in mm, and the path.

    Raises:
        InputError: see `aorta_from_ct.aorta_mask`; the volume is not there or unreadable. OutputError, MissingPackage, Cancelled.
    """
    progress, volume, output = progress or Progress(), Path(volume), Path(output)
    if not volume.exists():
        raise InputError(f"There is no volume file or DICOM folder {volume}.")
    kind_to_write(output)
    check_output_folder(output.absolute().parent)
    with progress.stage("Reading", until=0.2):
        image = _read(volume)
    mesh = aorta_mesh(image, seeds_mm, settings, progress.part(until=0.95))
    for warning in check_mesh(mesh):
        progress.warning(warning)
    with progress.stage("Writing", until=1.0):
        write_mesh(mesh, output)
    return {
        "triangles": len(mesh.triangles),
        "extent_mm": np.ptp(mesh.points_mm, axis=0).tolist(),
        "closed": mesh.closed,
        "files": [str(output)],
    }


def _read(volume: Path) -> sitk.Image:
    role = "angiography"
    if volume.is_dir() or is_dicom(volume):
        return read_series(volume, role)
    return read_image_file(volume, role, "crop it to the aorta")
