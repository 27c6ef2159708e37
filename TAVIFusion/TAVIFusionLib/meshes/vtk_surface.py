"""Meshes as VTK's polydata, and back. VTK is imported where it is needed: who has none can still do everything else."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError, MissingPackage

from .mesh import Mesh, merged


def vtk_module() -> ModuleType:
    """The package vtk, which Slicer brings.

    Raises:
        MissingPackage: it is not installed.
    """
    try:
        import vtk
    except ImportError as error:
        raise MissingPackage(
            f"Surfaces need the Python package vtk ({error}). Slicer brings it; elsewhere run: python -m pip install vtk"
        ) from error
    return vtk


def polydata_of(mesh: Mesh) -> Any:
    """vtkPolyData with the mesh's points as they are, in float64."""
    vtk = vtk_module()
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

    points, cells, surface = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    points.SetData(numpy_to_vtk(mesh.points_mm, deep=True))
    count = len(mesh.triangles)
    cells.SetData(
        numpy_to_vtkIdTypeArray(np.arange(0, 3 * count + 1, 3, dtype=np.int64), deep=True),
        numpy_to_vtkIdTypeArray(np.ascontiguousarray(mesh.triangles.ravel()), deep=True),
    )
    surface.SetPoints(points)
    surface.SetPolys(cells)
    return surface


def mesh_of(surface: Any) -> Mesh:
    """The triangles of a vtkPolyData (polygons and strips are split; lines and loose points are left out), points merged.

    Raises:
        InputError: cells of points that do not exist, coordinates that are not finite.
    """
    vtk = vtk_module()
    from vtkmodules.util.numpy_support import vtk_to_numpy

    for cells in (surface.GetPolys(), surface.GetStrips()):
        corners = vtk_to_numpy(cells.GetConnectivityArray())
        if corners.size and not 0 <= corners.min() <= corners.max() < surface.GetNumberOfPoints():
            raise InputError("The mesh has polygons of points that do not exist. Export it again.")
    if surface.GetNumberOfPolys() + surface.GetNumberOfStrips() == 0:
        return Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
    triangulate = vtk.vtkTriangleFilter()
    triangulate.SetInputData(surface)
    triangulate.PassLinesOff()
    triangulate.PassVertsOff()
    triangulate.Update()
    output = triangulate.GetOutput()
    triangles = vtk_to_numpy(output.GetPolys().GetConnectivityArray()).astype(np.int64).reshape(-1, 3)
    return merged(vtk_to_numpy(output.GetPoints().GetData()), triangles)
