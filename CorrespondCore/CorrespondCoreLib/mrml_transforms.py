"""The border between Slicer's transform nodes (RAS) and the libraries' transforms (LPS, mm, fixed points to moving points).

A volume, point list or segmentation that is placed under a node made here moves from the moving image to the fixed image: the
node's transform from parent maps points of the fixed image to points of the moving image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from .errors import InputError
from .mrml_geometry import RAS_TO_LPS, array_of_matrix, set_geometry, voxel_to_lps, vtk_matrix


def grid_transform_from_field(fixed_to_moving_mm: sitk.Image, name: str = "", node: Any = None) -> Any:
    """Put a displacement field into the scene.

    Args:
        fixed_to_moving_mm: 3D vector image, LPS mm, warped(x) = moving(x + u(x)). Outside of its grid Slicer continues the
            displacement of the nearest grid point.
        name: of a new node.
        node: vtkMRMLGridTransformNode to fill; a new one is added to slicer.mrmlScene by default.

    Returns:
        The node; displacements are kept as float32.

    Raises:
        InputError: it is not a 3D image of 3D vectors.
    """
    import slicer
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    if fixed_to_moving_mm.GetDimension() != 3 or fixed_to_moving_mm.GetNumberOfComponentsPerPixel() != 3:
        raise InputError("A displacement field must be a 3D image with three values per voxel.")
    displacement = sitk.GetArrayViewFromImage(fixed_to_moving_mm)
    grid = vtk.vtkImageData()
    grid.SetDimensions(fixed_to_moving_mm.GetSize())
    grid.AllocateScalars(vtk.VTK_FLOAT, 3)
    np.multiply(displacement, (-1.0, -1.0, 1.0), out=_vectors(grid, vtk_to_numpy), casting="same_kind")
    to_ras = RAS_TO_LPS @ voxel_to_lps(fixed_to_moving_mm)
    grid.SetSpacing(fixed_to_moving_mm.GetSpacing())
    grid.SetOrigin(to_ras[:3, 3])
    directions = np.eye(4)
    directions[:3, :3] = to_ras[:3, :3] / fixed_to_moving_mm.GetSpacing()
    transform = slicer.vtkOrientedGridTransform()
    transform.SetDisplacementGridData(grid)
    transform.SetGridDirectionMatrix(vtk_matrix(directions))
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode", name)
    node.SetAndObserveTransformFromParent(transform)
    return node


def field_from_grid_transform(node: Any) -> sitk.Image:
    """The displacement field that a grid transform node holds, without resampling.

    Args:
        node: vtkMRMLGridTransformNode whose grid is stored as transform from parent (files that Slicer reads are).

    Returns:
        3D vector image, float32 or float64 as stored, LPS mm, fixed points to moving points.

    Raises:
        InputError: the node's grid is stored in the other direction, or it holds something else (use field_on_grid then).
    """
    from vtk.util.numpy_support import vtk_to_numpy

    transform = node.GetTransformFromParentAs("vtkOrientedGridTransform", False, True)
    if transform is None or transform.GetDisplacementGrid() is None:
        raise InputError(f'The transform "{node.GetName()}" does not hold a displacement grid from parent.')
    grid = transform.GetDisplacementGrid()
    stored = _vectors(grid, vtk_to_numpy)
    displacement_ras = stored * transform.GetDisplacementScale() + transform.GetDisplacementShift()
    field = sitk.GetImageFromArray(displacement_ras * np.array((-1, -1, 1), stored.dtype), isVector=True)
    to_ras = np.eye(4)
    directions = transform.GetGridDirectionMatrix()
    to_ras[:3, :3] = (np.eye(3) if directions is None else array_of_matrix(directions)[:3, :3]) * grid.GetSpacing()
    to_ras[:3, 3] = grid.GetOrigin()
    set_geometry(field, RAS_TO_LPS @ to_ras)
    return field


def field_on_grid(node: Any, reference: sitk.Image) -> sitk.Image:
    """Any transform node, and its parents, sampled as a displacement field.

    Args:
        node: vtkMRMLTransformNode under which the moving image is placed.
        reference: its grid is the field's.

    Returns:
        3D vector image, float64, LPS mm: points of the world to points of what is placed under the node.
    """
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

    size = reference.GetSize()
    index = np.stack(np.meshgrid(*(np.arange(n) for n in size), indexing="ij"), axis=-1).transpose(2, 1, 0, 3).reshape(-1, 3)
    to_ras = RAS_TO_LPS @ voxel_to_lps(reference)
    points_ras = np.ascontiguousarray(index @ to_ras[:3, :3].T + to_ras[:3, 3])
    points, moved = vtk.vtkPoints(), vtk.vtkPoints()
    points.SetDataTypeToDouble()
    moved.SetDataTypeToDouble()
    points.SetData(numpy_to_vtk(points_ras))
    _world_to_node(node).TransformPoints(points, moved)
    displacement = (vtk_to_numpy(moved.GetData()) - points_ras) * (-1.0, -1.0, 1.0)
    field = sitk.GetImageFromArray(displacement.reshape(*size[::-1], 3), isVector=True)
    field.CopyInformation(reference)
    return field


def transform_from_node(node: Any, reference: sitk.Image) -> sitk.Transform:
    """A transform node under which the moving image is placed, as an initial transform for a registration.

    Args:
        node: any vtkMRMLTransformNode; its parents count.
        reference: grid on which a non-linear transform is sampled (the fixed image; a coarser grid is faster).

    Returns:
        sitk.AffineTransform if it is linear, else sitk.DisplacementFieldTransform; both map fixed points to moving points.
    """
    import slicer
    import vtk

    linear = vtk.vtkTransform()
    if slicer.vtkMRMLTransformNode.IsGeneralTransformLinear(_world_to_node(node), linear):
        lps = RAS_TO_LPS @ array_of_matrix(linear.GetMatrix()) @ RAS_TO_LPS
        return sitk.AffineTransform(lps[:3, :3].ravel().tolist(), lps[:3, 3].tolist())
    return sitk.DisplacementFieldTransform(sitk.Cast(field_on_grid(node, reference), sitk.sitkVectorFloat64))


def linear_transform_from_affine(fixed_to_moving: sitk.Transform, name: str = "", node: Any = None) -> Any:
    """Put a linear transform (fixed points to moving points, LPS mm) into the scene.

    Args:
        fixed_to_moving: affine, Euler, translation, ...
        name: of a new node.
        node: vtkMRMLLinearTransformNode to fill; a new one is added to slicer.mrmlScene by default.

    Returns:
        The node.

    Raises:
        InputError: the transform is not linear.
    """
    import slicer

    if not fixed_to_moving.IsLinear():
        raise InputError("The transform is not linear.")
    origin = np.array(fixed_to_moving.TransformPoint((0.0, 0.0, 0.0)))
    lps = np.eye(4)
    for axis, unit in enumerate(np.eye(3)):
        lps[:3, axis] = np.array(fixed_to_moving.TransformPoint(unit.tolist())) - origin
    lps[:3, 3] = origin
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
    node.SetMatrixTransformFromParent(vtk_matrix(RAS_TO_LPS @ lps @ RAS_TO_LPS))
    return node


def _world_to_node(node: Any) -> Any:
    import slicer
    import vtk

    transform = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(None, node, transform)
    return transform


def _vectors(grid: Any, vtk_to_numpy: Any) -> np.ndarray:
    """(K, J, I, 3) view of a displacement grid."""
    return vtk_to_numpy(grid.GetPointData().GetScalars()).reshape(*grid.GetDimensions()[::-1], 3)
