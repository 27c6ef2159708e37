"""The border between Slicer's scene and the libraries: volume nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from .errors import InputError
from .mrml_geometry import RAS_TO_LPS, ijk_to_ras_of, in_world, itk_image, voxel_to_lps, vtk_matrix


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
    data, ijk_to_ras = in_world(image_data, ijk_to_ras_of(volume_node), volume_node.GetParentTransformNode(), label)
    return _without_shear(itk_image(data, ijk_to_ras), sitk.sitkNearestNeighbor if label else sitk.sitkLinear)


def volume_from_image(image: sitk.Image, name: str = "", node: Any = None, label: bool = False) -> Any:
    """Put an image into the scene.

    Args:
        image: 3D, one value per voxel.
        name: of a new node.
        node: volume node to fill; a new one is added to slicer.mrmlScene by default.
        label: add a vtkMRMLLabelMapVolumeNode instead of a vtkMRMLScalarVolumeNode.

    Returns:
        The node, with display nodes if it is in a scene.

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
    if node.GetDisplayNode() is None and node.GetScene() is not None:
        node.CreateDefaultDisplayNodes()
    return node


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
