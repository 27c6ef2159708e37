"""Transform nodes and fields move points alike, in memory and through files that Slicer and ITK exchange."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError

pytestmark = pytest.mark.usefixtures("scene")

ROTATION = sitk.VersorTransform((0.3, -0.5, 0.8), 0.7).GetMatrix()
LEFT_HANDED = tuple(np.array(ROTATION) * ([-1, 1, 1] * 3))
DIRECTIONS = [(1, 0, 0, 0, 1, 0, 0, 0, 1), ROTATION, LEFT_HANDED]
POINTS_MM = np.array([(3.0, 4, 5), (-2, 8, 1), (6, -3, 9)])


def smooth_field(direction):
    """A field of a few millimeters around POINTS_MM, different along each axis."""
    field = sitk.Image((9, 10, 11), sitk.sitkVectorFloat32, 3)
    field.SetSpacing((4, 3.5, 5))
    field.SetDirection(direction)
    center = np.array(direction).reshape(3, 3) @ (np.array((4, 3.5, 5)) * (4, 4.5, 5))
    field.SetOrigin((POINTS_MM.mean(axis=0) - center).tolist())
    k, j, i = np.meshgrid(np.arange(11), np.arange(10), np.arange(9), indexing="ij")
    values = np.stack([2 * np.sin(i / 3), 1.5 * np.cos(j / 4) - 1, 0.3 * k - 1 + 0.1 * i], -1)
    result = sitk.GetImageFromArray(values.astype(np.float32), isVector=True)
    result.CopyInformation(field)
    return result


def moved_by_field(field, points_mm):
    transform = sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64))
    return np.array([transform.TransformPoint(point.tolist()) for point in points_mm])


def moved_by_node(node, points_mm, inverse=False):
    """Points of the world taken from parent (or to parent), LPS."""
    transform = node.GetTransformToParent() if inverse else node.GetTransformFromParent()
    flip = np.array((-1, -1, 1))
    return np.array([transform.TransformPoint((point * flip).tolist()) for point in points_mm]) * flip


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_grid_transform_maps_fixed_to_moving_points(direction):
    field = smooth_field(direction)
    node = mrml.grid_transform_from_field(field, "moving to fixed")
    moving = moved_by_node(node, POINTS_MM)
    assert np.linalg.norm(moving - POINTS_MM, axis=1).min() > 0.5
    np.testing.assert_allclose(moving, moved_by_field(field, POINTS_MM), atol=1e-4)
    np.testing.assert_allclose(moved_by_node(node, moving, inverse=True), POINTS_MM, atol=2e-3)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_markups_under_the_node_land_on_the_fixed_image(direction):
    field = smooth_field(direction)
    node = mrml.grid_transform_from_field(field)
    landmarks = mrml.markups_from_points(moved_by_field(field, POINTS_MM))
    landmarks.SetAndObserveTransformNodeID(node.GetID())
    np.testing.assert_allclose(mrml.points_from_markups(landmarks)[0], POINTS_MM, atol=2e-3)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_field_round_trip(direction):
    field = smooth_field(direction)
    back = mrml.field_from_grid_transform(mrml.grid_transform_from_field(field))
    assert back.GetPixelID() == sitk.sitkVectorFloat32
    np.testing.assert_allclose(mrml.voxel_to_lps(back), mrml.voxel_to_lps(field), atol=1e-5)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(field))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("suffix", [".nrrd", ".h5"])
def test_files_of_itk_and_slicer_agree(direction, suffix, tmp_path, scene):
    field = smooth_field(direction)
    node = mrml.grid_transform_from_field(field)
    by_slicer, by_itk = str(tmp_path / f"slicer{suffix}"), str(tmp_path / f"itk{suffix}")
    node.AddDefaultStorageNode(by_slicer)
    assert node.GetStorageNode().WriteData(node)
    if suffix == ".nrrd":
        sitk.WriteImage(field, by_itk)
        read_by_itk = sitk.ReadImage(by_slicer)
        np.testing.assert_allclose(sitk.GetArrayFromImage(read_by_itk), sitk.GetArrayFromImage(field), atol=1e-5)
        np.testing.assert_allclose(mrml.voxel_to_lps(read_by_itk), mrml.voxel_to_lps(field), atol=1e-4)
    else:
        sitk.WriteTransform(sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64)), by_itk)
        read_by_itk = sitk.ReadTransform(by_slicer)
        moved = [read_by_itk.TransformPoint(point.tolist()) for point in POINTS_MM]
        np.testing.assert_allclose(moved, moved_by_field(field, POINTS_MM), atol=1e-4)
    for path in (by_slicer, by_itk):
        again = scene.AddNewNodeByClass("vtkMRMLGridTransformNode")
        again.AddDefaultStorageNode(path)
        assert again.GetStorageNode().ReadData(again)
        # Slicer interpolates fields that it reads by cubics, ITK linearly
        np.testing.assert_allclose(moved_by_node(again, POINTS_MM), moved_by_field(field, POINTS_MM), atol=0.05)
        read = mrml.field_from_grid_transform(again)
        np.testing.assert_allclose(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(field), atol=1e-5)


def test_any_transform_can_be_sampled(scene):
    """A grid transform under a shift: the shift is undone first."""
    field = smooth_field(ROTATION)
    node = mrml.grid_transform_from_field(field)
    shift = mrml.linear_transform_from_affine(sitk.TranslationTransform(3, (1.0, -2, 0.5)))
    node.SetAndObserveTransformNodeID(shift.GetID())
    reference = sitk.Image((5, 6, 7), sitk.sitkUInt8)
    reference.SetDirection(LEFT_HANDED)
    sampled = mrml.field_on_grid(node, reference)
    index = (2, 3, 4)
    point = np.array(reference.TransformIndexToPhysicalPoint(index))
    expected = moved_by_field(field, [point + (1.0, -2, 0.5)])[0] - point
    np.testing.assert_allclose(sampled[index], expected, atol=1e-4)
    assert isinstance(mrml.transform_from_node(node, reference), sitk.DisplacementFieldTransform)


def test_linear_transform_round_trip():
    affine = sitk.AffineTransform((1.1, 0.1, 0, -0.2, 0.9, 0.05, 0, 0, 1.2), (5, -6, 7))
    affine.SetCenter((10, 20, 30))
    node = mrml.linear_transform_from_affine(affine, "pre-alignment")
    expected = [affine.TransformPoint(point.tolist()) for point in POINTS_MM]
    np.testing.assert_allclose(moved_by_node(node, POINTS_MM), expected, atol=1e-6)
    back = mrml.transform_from_node(node, sitk.Image(3, 3, 3, sitk.sitkUInt8))
    assert isinstance(back, sitk.AffineTransform)
    np.testing.assert_allclose([back.TransformPoint(point.tolist()) for point in POINTS_MM], expected, atol=1e-6)


def test_wrong_kinds_are_explained(scene):
    with pytest.raises(InputError, match="three values per voxel"):
        mrml.grid_transform_from_field(sitk.Image(4, 4, 4, sitk.sitkFloat32))
    with pytest.raises(InputError, match="does not hold a displacement grid"):
        mrml.field_from_grid_transform(scene.AddNewNodeByClass("vtkMRMLLinearTransformNode"))
    grid = mrml.grid_transform_from_field(smooth_field(ROTATION))
    grid.Inverse()
    with pytest.raises(InputError, match="does not hold a displacement grid"):
        mrml.field_from_grid_transform(grid)
    with pytest.raises(InputError, match="not linear"):
        field = sitk.Cast(smooth_field(ROTATION), sitk.sitkVectorFloat64)
        mrml.linear_transform_from_affine(sitk.DisplacementFieldTransform(field))
