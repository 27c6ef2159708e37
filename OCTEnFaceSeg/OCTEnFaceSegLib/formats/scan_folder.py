"""The library's own open format: a folder with `scan.json` and NRRD images, for phantoms and for scans kept with their layers.

scan.json       format, version, files, and what is known of the scan: metric, eye, visit_date, pattern, source, device, notes
volume.nrrd     the volume, in LPS mm
layers.nrrd     float32, axes (A-scan, layer, B-scan): depths in voxels, nan without value; scan.json names the layers in order
fundus_*.nrrd   fundus images (x, 1, z) in the volume's LPS frame; scan.json names their kinds
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.image_files import read_image_file
from CorrespondCoreLib.progress import Progress

from ..scan import CIRCLE, LINE, RADIAL, RASTER, OctScan
from .options import ReadOptions
from .signatures import FORMAT

VERSION = 1
DESCRIPTION = "scan.json"
VOLUME, LAYERS = "volume.nrrd", "layers.nrrd"
_TEXTS = ("eye", "visit_date", "source", "device")


def read_folder(path: str | Path, options: ReadOptions | None = None, progress: Progress | None = None) -> OctScan:
    """Read a folder that `writing.write_scan` wrote, or its scan.json.

    Raises:
        InputError: of a newer version, incomplete, or damaged.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    (options or ReadOptions()).refuse_axes("A scan folder")
    described = _described(folder / DESCRIPTION if path.is_dir() else path)
    with (progress or Progress()).stage("Reading", 1.0):
        volume = _image(folder, VOLUME)
        scan = OctScan(volume, metric=described["metric"] is True, pattern=described["pattern"])
        for name in _TEXTS:
            setattr(scan, name, str(described.get(name) or ""))
        scan.notes = [str(note) for note in described.get("notes") or []]
        scan.layers = _layers(folder, described.get("layers") or [], scan)
        scan.fundus = {str(kind): _image(folder, name) for kind, name in (described.get("fundus") or {}).items()}
    return scan


def _described(path: Path) -> dict[str, Any]:
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} is damaged: it is no complete JSON file. Write the scan again.") from error
    if not isinstance(described, dict) or described.get("format") != FORMAT or not isinstance(described.get("version"), int):
        raise InputError(f"{path.name} does not describe an OCT scan of this program.")
    if described["version"] > VERSION:
        raise InputError(f"{path.name} was written by a newer version of this program: update it.")
    if described.get("pattern") not in (RASTER, CIRCLE, RADIAL, LINE) or "metric" not in described:
        raise InputError(f"{path.name} is incomplete: pattern and metric are needed. Write the scan again.")
    return described


def _image(folder: Path, name: Any) -> sitk.Image:
    if not isinstance(name, str) or Path(name).name != name or not (folder / name).is_file():
        raise InputError(f"The scan folder {folder.name} lacks the file {name}. Copy the whole folder.")
    return read_image_file(folder / name, "OCT scan", "crop it")


def _layers(folder: Path, names: list[Any], scan: OctScan) -> dict[str, np.ndarray]:
    if not names:
        return {}
    values = sitk.GetArrayFromImage(_image(folder, LAYERS))
    bscans, ascans = scan.enface_shape
    if values.shape != (bscans, len(names), ascans):
        raise InputError(
            f"{LAYERS} does not fit the volume and the {len(names)} layers that {DESCRIPTION} names. Write the scan again."
        )
    return {str(name): np.ascontiguousarray(values[:, n], np.float32) for n, name in enumerate(names)}
