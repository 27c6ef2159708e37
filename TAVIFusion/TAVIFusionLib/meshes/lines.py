"""Lines in files: the centerlines of vessels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError

from .files import FRAMES, TO_LPS, read_polydata, stated_frame


def read_lines(path: str | Path, frame: str = "LPS") -> list[np.ndarray]:
    """The polylines of a VTP or VTK file, (N, 3) LPS mm each.

    Args:
        frame: of the coordinates in the file, "LPS" or "RAS".

    Raises:
        InputError: no such file, damaged, without lines, or the file itself states another frame. MissingPackage: VTK is absent.
    """
    from vtkmodules.util.numpy_support import vtk_to_numpy

    path = Path(path)
    if frame not in FRAMES:
        raise InputError(f'The frame of a centerline is LPS or RAS, not "{frame}".')
    surface = read_polydata(path)
    if (stated := stated_frame(path)) not in (None, frame):
        raise InputError(f"{path.name} states that its coordinates are {stated}, not {frame}. Choose {stated} as its frame.")
    lines = surface.GetLines()
    if not surface.GetNumberOfPoints() or not lines.GetNumberOfCells():
        raise InputError(f"{path.name} has no lines. Choose the file of a centerline.")
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype(float) * (1 if frame == "LPS" else TO_LPS)
    ends, places = (vtk_to_numpy(array) for array in (lines.GetOffsetsArray(), lines.GetConnectivityArray()))
    if places.size and not 0 <= places.min() <= places.max() < len(points):
        raise InputError(f"{path.name} has lines of points that do not exist. Export it again.")
    return [points[places[a:b]] for a, b in zip(ends[:-1], ends[1:], strict=True) if b - a > 1]
