"""Writes a scan whole: volume, layers, fundus images and what is known of it, as a folder that `reading.read_scan` takes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import whole_folder, write_json
from CorrespondCoreLib.image_files import write_image_file
from CorrespondCoreLib.provenance import without_identifiers

from ..scan import OctScan
from .scan_folder import DESCRIPTION, LAYERS, VERSION, VOLUME
from .signatures import FORMAT


def write_scan(scan: OctScan, folder: str | Path) -> Path:
    """Write the files that `scan_folder` describes; all of them or none. Returns the folder.

    Raises:
        OutputError: the folder cannot be written.
        InputError: two kinds of fundus image whose names differ in signs alone.
    """
    folder = Path(folder)
    fundus = {kind: f"fundus_{re.sub('[^0-9a-z]+', '_', kind.lower())}.nrrd" for kind in scan.fundus}
    if len(set(fundus.values())) < len(fundus):
        raise InputError(f"The fundus images {', '.join(fundus)} would have the same file name: rename one.")
    described = {
        "format": FORMAT,
        "version": VERSION,
        "metric": scan.metric,
        "eye": scan.eye,
        "visit_date": scan.visit_date,
        "pattern": scan.pattern,
        "source": scan.source,
        "device": scan.device,
        "notes": scan.notes,
        "layers": list(scan.layers),
        "fundus": fundus,
    }
    with whole_folder(folder) as stage:
        write_image_file(without_identifiers(scan.volume), stage / VOLUME)
        for kind, image in scan.fundus.items():
            write_image_file(without_identifiers(image), stage / fundus[kind])
        if scan.layers:
            write_image_file(without_identifiers(_layers_image(scan)), stage / LAYERS)
        write_json(stage / DESCRIPTION, described)
    return folder


def _layers_image(scan: OctScan) -> sitk.Image:
    """Axes (A-scan, layer, B-scan), along the volume's."""
    image = sitk.GetImageFromArray(np.stack([np.asarray(depths, np.float32) for depths in scan.layers.values()], axis=1))
    image.SetSpacing((scan.spacing_mm[0], 1.0, scan.spacing_mm[2]))
    image.SetOrigin(scan.volume.GetOrigin())
    image.SetDirection(scan.volume.GetDirection())
    return image
