"""A closed smooth surface around a label map: of a segment, of TotalSegmentator's result, of a region that was grown."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError

from .meshes import Mesh
from .meshes.vtk_surface import mesh_of, polydata_of, vtk_module

TRIANGLES = 30_000


def mesh_of_mask(image: sitk.Image, label: int | None = None, smooth_mm: float | None = None, triangles: int = TRIANGLES) -> Mesh:
    """The surface of what is labelled, closed where the label map ends too.

    Args:
        image: label map, three-dimensional, one component.
        label: which one; all but 0 if absent.
        smooth_mm: standard deviation of the Gaussian that takes the steps of the voxels away; 0.7 of the largest voxel side by
            default. Twice that is about the thinnest vessel that stays.
        triangles: at most about so many.

    Returns the mesh in LPS mm, its triangles counter-clockwise as seen from outside.

    Raises:
        InputError: no volume, or nothing is labelled, or all of it is thinner than the smoothing. MissingPackage: no VTK.
    """
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError("A surface is made from a label map with three dimensions and one value per voxel.")
    mask = image != 0 if label is None else image == label
    values = sitk.GetArrayViewFromImage(mask)
    if not values.any():
        raise InputError("Nothing is labelled" + (f" {label}" if label is not None else "") + ": there is no surface to make.")
    smooth_mm = 0.7 * max(image.GetSpacing()) if smooth_mm is None else smooth_mm
    return _surface_of_levels(_smoothed(mask, values, smooth_mm), 0.5, triangles)


def labelled_box(values: np.ndarray) -> tuple[list[int], list[int]]:
    """First voxel (x, y, z) and the one behind the last of the smallest box around what is not 0 in (slices, rows, columns)."""
    found = [np.flatnonzero(values.any(axis=tuple(other for other in range(3) if other != axis))) for axis in (2, 1, 0)]
    return [int(index[0]) for index in found], [int(index[-1]) + 1 for index in found]


def _surface_of_levels(image: sitk.Image, level: float, triangles: int = TRIANGLES) -> Mesh:
    """The closed surface at which a real-valued image falls below a level.

    Args:
        image: below the level all along its border.

    Raises:
        InputError: nothing is above the level. MissingPackage: no VTK.
    """
    vtk = vtk_module()
    from vtkmodules.util.numpy_support import numpy_to_vtk

    values = sitk.GetArrayFromImage(image).astype(np.float32)
    grid = vtk.vtkImageData()
    grid.SetDimensions(*image.GetSize())
    grid.GetPointData().SetScalars(numpy_to_vtk(values.ravel()))
    contour = vtk.vtkFlyingEdges3D()
    contour.SetInputData(grid)
    contour.SetValue(0, level)
    contour.ComputeNormalsOff()
    contour.ComputeGradientsOff()
    contour.Update()
    mesh = mesh_of(contour.GetOutput())
    if not len(mesh.triangles):
        raise InputError("What is labelled is thinner than the smoothing: no surface is left. Choose a smaller smoothing.")
    to_lps = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    points = mesh.points_mm @ to_lps.T + np.array(image.GetOrigin())
    return _simplified(_outwards(Mesh(points, mesh.triangles)), triangles)


def _smoothed(mask: sitk.Image, values: np.ndarray, smooth_mm: float) -> sitk.Image:
    """The part of the mask around its labels, with a border, as 0..1, smooth."""
    margin = [int(np.ceil(3 * smooth_mm / side)) + 2 for side in mask.GetSpacing()]
    low, high = labelled_box(values)
    part = mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    padded = sitk.Cast(sitk.ConstantPad(part, margin, margin, 0), sitk.sitkFloat32)
    return sitk.SmoothingRecursiveGaussian(padded, smooth_mm) if smooth_mm > 0 else padded


def _outwards(mesh: Mesh) -> Mesh:
    corners = mesh.points_mm[mesh.triangles] - mesh.points_mm[0]
    volume = np.einsum("mx,mx->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    return mesh if volume >= 0 else Mesh(mesh.points_mm, mesh.triangles[:, ::-1])


def _simplified(mesh: Mesh, triangles: int) -> Mesh:
    """Fewer triangles where the surface is flat; it stays closed."""
    if len(mesh.triangles) <= triangles:
        return mesh
    vtk = vtk_module()
    decimate = vtk.vtkDecimatePro()
    decimate.SetInputData(polydata_of(mesh))
    decimate.PreserveTopologyOn()
    decimate.SplittingOff()
    decimate.BoundaryVertexDeletionOff()
    decimate.SetTargetReduction(1 - triangles / len(mesh.triangles))
    decimate.Update()
    return mesh_of(decimate.GetOutput())
