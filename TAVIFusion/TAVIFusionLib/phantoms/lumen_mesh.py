"""The wall of the lumen as a closed mesh."""

from __future__ import annotations

import numpy as np

from ..meshes import Mesh
from ..meshes.self_intersection import intersecting_pairs
from ..meshes.vtk_surface import mesh_of, vtk_module
from .field import LumenField

TRIANGLES = 26_000
ROUNDS = 20  # of relaxing; one or two are needed


def lumen_mesh(field: LumenField, triangles: int = TRIANGLES) -> Mesh:
    """The zero surface of a field, its largest part, thinned to about so many triangles (or fewer) without opening it.

    No triangles cross (see `intersecting_pairs`): the few that the thinning makes cross are relaxed.

    Raises:
        MissingPackage: VTK is absent.
    """
    vtk = vtk_module()
    from vtkmodules.util.numpy_support import numpy_to_vtk

    image = vtk.vtkImageData()
    image.SetDimensions(*field.distance_mm.shape)
    image.SetSpacing(*(field.pitch_mm,) * 3)
    image.SetOrigin(*field.origin_mm.tolist())
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(field.distance_mm.ravel(order="F")), deep=True))
    contour = vtk.vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, 0.0)
    contour.ComputeNormalsOff()
    contour.ComputeScalarsOff()
    largest = vtk.vtkPolyDataConnectivityFilter()
    largest.SetInputConnection(contour.GetOutputPort())
    largest.SetExtractionModeToLargestRegion()
    largest.Update()
    surface = largest.GetOutput()
    if surface.GetNumberOfPolys() > triangles:
        thinner = vtk.vtkDecimatePro()
        thinner.SetInputData(surface)
        thinner.SetTargetReduction(1 - triangles / surface.GetNumberOfPolys())
        thinner.PreserveTopologyOn()
        thinner.SplittingOff()
        thinner.BoundaryVertexDeletionOff()
        thinner.Update()
        surface = thinner.GetOutput()
    mesh = mesh_of(surface)
    return relaxed(mesh if _volume_mm3(mesh) > 0 else Mesh(mesh.points_mm, mesh.triangles[:, ::-1]))


def relaxed(mesh: Mesh) -> Mesh:
    """The mesh with the corners of triangles that cross moved to the middle of their neighbors, until none cross."""
    for _round in range(ROUNDS):
        crossing = intersecting_pairs(mesh)
        if not len(crossing):
            break
        corners = np.unique(mesh.triangles[crossing])
        sides = np.concatenate([mesh.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
        sides = np.unique(np.concatenate([sides, sides[:, ::-1]]), axis=0)
        sides = sides[np.isin(sides[:, 0], corners)]
        total = np.zeros_like(mesh.points_mm)
        np.add.at(total, sides[:, 0], mesh.points_mm[sides[:, 1]])
        points = mesh.points_mm.copy()
        points[corners] = total[corners] / np.bincount(sides[:, 0], minlength=len(points))[corners, None]
        mesh = Mesh(points, mesh.triangles)
    return mesh


def _volume_mm3(mesh: Mesh) -> float:
    """Volume inside a closed mesh; positive if its triangles run counter-clockwise seen from outside."""
    a, b, c = mesh.points_mm[mesh.triangles.T]
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)
