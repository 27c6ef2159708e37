"""The border between Slicer's scene (RAS) and the libraries (SimpleITK, LPS, mm): volumes and points.

Segments are in mrml_segments.py, transforms in mrml_transforms.py. Voxels are copied once, from one memory to the other; node geometry is taken as it is,
oblique and left-handed included. slicer and vtk are imported inside functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from .errors import InputError

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Its own inverse."""


def image_from_volume(volume_node: Any) -> sitk.Image:
    """The image that a scalar or label map volume node shows in the world, parent transforms included; the node stays as it is.

    A linear parent transform changes the geometry only. One with shear, and a non-linear one, resample (linear interpolation,
    nearest neighbor for label maps) onto a grid without shear.

    Args:
        volume_node: vtkMRMLScalarVolumeNode or vtkMRMLLabelMapVolumeNode.

    Returns:
        Image with the node's scalar type; owns its voxels.

    Raises:
        InputError: the node is None, has no voxels, or has several components per voxel (color, vector, diffusion).
    """
    if volume_node is None:
        raise InputError("No volume is selected. Select one.")
    name, image_data = volume_node.GetName(), volume_node.GetImageData()
    if image_data is None or image_data.GetPointData().GetScalars() is None or 0 in image_data.GetDimensions():
        raise InputError(f'The volume "{name}" is empty. Select a volume that has voxels.')
    if image_data.GetNumberOfScalarComponents() != 1:
        raise InputError(
            f'The volume "{name}" has {image_data.GetNumberOfScalarComponents()} values per voxel (color or vector). '
            "Convert it to a scalar volume, for example in the module Vector to Scalar Volume."
        )
    label = volume_node.IsA("vtkMRMLLabelMapVolumeNode")
    data, ijk_to_ras = in_world(image_data, _ijk_to_ras(volume_node), volume_node.GetParentTransformNode(), label)
    return _without_shear(itk_image(data, ijk_to_ras), sitk.sitkNearestNeighbor if label else sitk.sitkLinear)


def volume_from_image(image: sitk.Image, name: str = "", node: Any = None, label: bool = False) -> Any:
    """Put an image into the scene.

    Args:
        image: 3D, one value per voxel.
        name: of a new node.
        node: volume node to fill; a new one is added to slicer.mrmlScene by default.
        label: add a vtkMRMLLabelMapVolumeNode instead of a vtkMRMLScalarVolumeNode.

    Returns:
        The node, with display nodes.

    Raises:
        InputError: the image is not 3D or has several values per voxel.
    """
    import slicer
    import vtk
    from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError("Only 3D images with one value per voxel can become a volume.")
    array = sitk.GetArrayViewFromImage(image)
    image_data = vtk.vtkImageData()
    image_data.SetDimensions(image.GetSize())
    image_data.AllocateScalars(get_vtk_array_type(array.dtype), 1)
    vtk_to_numpy(image_data.GetPointData().GetScalars()).reshape(array.shape)[:] = array
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode" if label else "vtkMRMLScalarVolumeNode", name)
    node.SetIJKToRASMatrix(vtk_matrix(RAS_TO_LPS @ voxel_to_lps(image)))
    node.SetAndObserveImageData(image_data)
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    return node


def points_from_markups(markups_node: Any) -> tuple[np.ndarray, list[str]]:
    """Positions and labels of the placed control points of a markups node, in the world.

    Returns:
        (N, 3) float array in LPS mm, and N labels.
    """
    defined = [
        i
        for i in range(markups_node.GetNumberOfControlPoints())
        if markups_node.GetNthControlPointPositionStatus(i) == markups_node.PositionDefined
    ]
    positions_ras = np.array([markups_node.GetNthControlPointPositionWorld(i) for i in defined], dtype=float).reshape(-1, 3)
    return positions_ras * (-1.0, -1.0, 1.0), [markups_node.GetNthControlPointLabel(i) for i in defined]


def markups_from_points(points_mm: np.ndarray, name: str = "", labels: list[str] | None = None, node: Any = None) -> Any:
    """Put points into the scene, as a point list.

    Args:
        points_mm: (N, 3), LPS mm.
        name: of a new node.
        labels: one per point; "1", "2", ... by default.
        node: vtkMRMLMarkupsFiducialNode to fill (its old points go); a new one is added to slicer.mrmlScene by default.

    Returns:
        The node.
    """
    import slicer
    import vtk

    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
        node.CreateDefaultDisplayNodes()
    node.RemoveAllControlPoints()
    for i, (left, posterior, superior) in enumerate(np.asarray(points_mm, dtype=float)):
        node.AddControlPoint(vtk.vtkVector3d(-left, -posterior, superior), labels[i] if labels else str(i + 1))
    return node


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
    return copy.GetImageData(), _ijk_to_ras(copy)


def _ijk_to_ras(volume_node: Any) -> np.ndarray:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    return array_of_matrix(matrix)


def _without_shear(image: sitk.Image, interpolator: int) -> sitk.Image:
    """The image itself, or resampled onto an orthogonal grid around it where its axes are not at right angles."""
    axes = np.array(image.GetDirection()).reshape(3, 3)
    if np.allclose(axes.T @ axes, np.eye(3), atol=1e-4):
        return image
    left, _, right = np.linalg.svd(axes)
    rotation, spacing = left @ right, np.array(image.GetSpacing())
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.array(image.GetSize()) - 1)
    corners_mm = corners @ (axes * spacing).T + image.GetOrigin()
    turned = corners_mm @ rotation
    size = np.ceil((turned.max(axis=0) - turned.min(axis=0)) / spacing - 1e-6).astype(int) + 1
    origin = rotation @ turned.min(axis=0)
    background = float(sitk.GetArrayViewFromImage(image).min())
    return sitk.Resample(
        image,
        size.tolist(),
        sitk.Transform(),
        interpolator,
        origin.tolist(),
        spacing.tolist(),
        rotation.ravel().tolist(),
        background,
    )
