"""Matrices between voxel indices, RAS and LPS, and voxels under parent transforms: what the other mrml files share."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Its own inverse."""


def voxel_to_lps(image: sitk.Image) -> np.ndarray:
    """4x4 matrix from voxel indices (i, j, k) to LPS mm of a 3D image."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    return matrix


def vtk_matrix(matrix: np.ndarray) -> Any:
    """A 4x4 array as vtkMatrix4x4."""
    import vtk

    result = vtk.vtkMatrix4x4()
    result.DeepCopy(np.asarray(matrix, dtype=float).ravel().tolist())
    return result


def array_of_matrix(matrix: Any) -> np.ndarray:
    """A vtkMatrix4x4 as 4x4 array."""
    return np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])


def set_geometry(image: sitk.Image, matrix_lps: np.ndarray) -> None:
    """Give a 3D image the geometry of a 4x4 matrix from voxel indices to LPS mm."""
    spacing = np.linalg.norm(matrix_lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((matrix_lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(matrix_lps[:3, 3].tolist())


def itk_image(image_data: Any, ijk_to_ras: np.ndarray) -> sitk.Image:
    """vtkImageData as an image: the one copy of the voxels."""
    from vtk.util.numpy_support import vtk_to_numpy

    voxels = vtk_to_numpy(image_data.GetPointData().GetScalars()).reshape(image_data.GetDimensions()[::-1])
    image = sitk.GetImageFromArray(voxels)
    set_geometry(image, RAS_TO_LPS @ ijk_to_ras)
    return image


def in_world(image_data: Any, ijk_to_ras: np.ndarray, parent: Any, label: bool) -> tuple[Any, np.ndarray]:
    """Voxels and geometry under a parent transform, hardened on a copy where the voxels change."""
    if parent is None:
        return image_data, ijk_to_ras
    import slicer
    import vtk

    to_world, linear = vtk.vtkGeneralTransform(), vtk.vtkTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(parent, None, to_world)
    if slicer.vtkMRMLTransformNode.IsGeneralTransformLinear(to_world, linear):
        return image_data, array_of_matrix(linear.GetMatrix()) @ ijk_to_ras
    shallow = vtk.vtkImageData()
    shallow.ShallowCopy(image_data)
    shallow.SetExtent(0, shallow.GetDimensions()[0] - 1, 0, shallow.GetDimensions()[1] - 1, 0, shallow.GetDimensions()[2] - 1)
    copy = slicer.vtkMRMLLabelMapVolumeNode() if label else slicer.vtkMRMLScalarVolumeNode()
    copy.SetAndObserveImageData(shallow)
    copy.SetIJKToRASMatrix(vtk_matrix(ijk_to_ras))
    copy.ApplyTransform(to_world)
    return copy.GetImageData(), ijk_to_ras_of(copy)


def ijk_to_ras_of(volume_node: Any) -> np.ndarray:
    """4x4 matrix from voxel indices to RAS mm of a volume node, without its parent transforms."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    return array_of_matrix(matrix)
