"""Zeiss Cirrus .img files: bare bytes, A-scan by A-scan turned by 180 degrees; everything else stands in the name or nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..scan import LEFT_EYE, RASTER, RIGHT_EYE, OctScan
from .options import ReadOptions
from .pictures import NO_SCALE

DEPTH = 1024
_SIZES = {67108864: (512, 128), 40960000: (200, 200)}
"""File size -> (A-scans, B-scans) of the cubes."""
_CUBE_MM = 6.0, 2.0, 6.0


def read_img(path: str | Path, options: ReadOptions | None = None, progress: Progress | None = None) -> OctScan:
    """Read a cube (512 x 128 or 200 x 200 A-scans, 1024 deep). Identifiers in the file's name are dropped.

    The bytes run along the A-scans' direction, then depth, then B-scans; depth and A-scan order are reversed (as published by
    retimat). The protocol's 6 x 6 x 2 mm are assumed, but not taken as known; the first B-scan is taken as the superior one.

    Raises:
        InputError: the size is not that of a cube, or does not fit the name.
    """
    path, options = Path(path), options or ReadOptions()
    found = path.stat().st_size
    ascans, bscans = _size(path.name, found)
    with (progress or Progress()).stage("Reading", 1.0):
        values = np.fromfile(path, np.uint8).reshape(bscans, DEPTH, ascans)[:, ::-1, ::-1]
        image = sitk.GetImageFromArray(np.ascontiguousarray(values if not options.depth_up else values[:, ::-1]))
    top_down = options.top_down is not False
    width, height, length = _CUBE_MM
    image.SetSpacing((width / (ascans - 1), height / (DEPTH - 1), length / (bscans - 1)))
    image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, -1 if top_down else 1))
    notes = [NO_SCALE, "The 6 x 6 x 2 mm of Cirrus cubes are assumed."]
    if options.top_down is None:
        notes.append("The file does not say whether the first B-scan is the superior one: this is assumed.")
    eye = re.search(r"_(OD|OS)(_|\.|$)", path.name)
    return OctScan(
        image,
        metric=False,
        eye={"OD": RIGHT_EYE, "OS": LEFT_EYE}[eye[1]] if eye else "",
        pattern=RASTER,
        source="Zeiss .img",
        device="Zeiss Cirrus",
        notes=notes,
    )


def _size(name: str, found: int) -> tuple[int, int]:
    """A-scans and B-scans, by the file's size, else by the name."""
    stated = re.search(r"Cube (\d{2,4})x(\d{2,4})", name)
    size = (int(stated[1]), int(stated[2])) if stated else _SIZES.get(found)
    if size is None:
        raise InputError(
            f"{name} has {found} bytes: no Cirrus cube (512 x 128 or 200 x 200 A-scans) has that size, and the file itself says "
            "nothing. Choose the file of a cube (its name ends in _cube_z.img)."
        )
    if size[0] * size[1] * DEPTH != found:
        raise InputError(
            f"{name} has {found} bytes, a cube of {size[0]} x {size[1]} A-scans needs {size[0] * size[1] * DEPTH}: copy it again."
        )
    return size
