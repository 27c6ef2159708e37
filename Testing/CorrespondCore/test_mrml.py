"""Scene nodes and images say the same thing about the same place."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError

pytestmark = pytest.mark.usefixtures("scene")

ROTATION = sitk.VersorTransform((0.3, -0.5, 0.8), 0.7).GetMatrix()
LEFT_HANDED = tuple(np.array(ROTATION) * ([-1, 1, 1] * 3))
PERMUTED = (0, 0, 1, 1, 0, 0, 0, 1, 0)


def ramp_image(direction=(1, 0, 0, 0, 1, 0, 0, 0, 1), pixel=np.float32):
    """An image whose voxels tell where they are: 2 x + 3 y + 5 z, x, y, z in LPS mm."""
    image = sitk.Image(12, 13, 14, sitk.sitkFloat64)
    image.SetSpacing((1.5, 2.0, 0.7))
    image.SetOrigin((-20, 30, 45))
    image.SetDirection(direction)
    index = np.stack(np.meshgrid(np.arange(12), np.arange(13), np.arange(14), indexing="ij"), -1).transpose(2, 1, 0, 3)
    matrix = mrml.voxel_to_lps(image)
    values = (index @ matrix[:3, :3].T + matrix[:3, 3]) @ (2, 3, 5)
    result = sitk.GetImageFromArray(values.astype(pixel))
    result.CopyInformation(image)
    return result


def assert_same_geometry(a, b):
    assert a.GetSize() == b.GetSize()
    np.testing.assert_allclose(mrml.voxel_to_lps(a), mrml.voxel_to_lps(b), atol=1e-5)


def linear_node(matrix):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(mrml.vtk_matrix(matrix))
    return node


@pytest.mark.parametrize("direction", [(1, 0, 0, 0, 1, 0, 0, 0, 1), ROTATION, LEFT_HANDED, PERMUTED])
@pytest.mark.parametrize("pixel", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_volume_round_trip(direction, pixel):
    image = ramp_image(direction, pixel)
    node = mrml.volume_from_image(image, "ramp")
    back = mrml.image_from_volume(node)
    assert node.GetName() == "ramp" and node.GetDisplayNode() is not None
    assert back.GetPixelID() == image.GetPixelID()
    assert_same_geometry(back, image)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(image))


def test_volume_is_a_copy_and_survives_its_image():
    image = ramp_image()
    before = sitk.GetArrayFromImage(image)
    node = mrml.volume_from_image(image)
    del image
    back = mrml.image_from_volume(node)
    back[0, 0, 0] = 1e6
    np.testing.assert_array_equal(sitk.GetArrayFromImage(mrml.image_from_volume(node)), before)


def test_geometry_is_slicers_ijk_to_ras():
    node = mrml.volume_from_image(ramp_image())
    assert node.GetOrigin() == (20, -30, 45)
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    assert matrix.MultiplyPoint((1, 0, 0, 1))[:3] == (18.5, -30, 45)


def test_filling_a_node_keeps_it():
    node = mrml.volume_from_image(ramp_image(), "first")
    display = node.GetDisplayNode()
    assert mrml.volume_from_image(ramp_image(ROTATION), node=node) is node
    assert node.GetDisplayNode() is display
    assert_same_geometry(mrml.image_from_volume(node), ramp_image(ROTATION))


def test_linear_parent_transform_moves_the_geometry_and_not_the_node():
    image = ramp_image(ROTATION)
    node = mrml.volume_from_image(image)
    to_parent = np.eye(4)
    to_parent[:3, :3] = np.array(sitk.VersorTransform((0, 1, 1), 0.4).GetMatrix()).reshape(3, 3)
    to_parent[:3, 3] = (1, -2, 3)
    node.SetAndObserveTransformNodeID(linear_node(to_parent).GetID())
    world = mrml.image_from_volume(node)
    np.testing.assert_allclose(
        mrml.RAS_TO_LPS @ to_parent @ mrml.RAS_TO_LPS @ mrml.voxel_to_lps(image), mrml.voxel_to_lps(world), atol=1e-5
    )
    np.testing.assert_array_equal(sitk.GetArrayFromImage(world), sitk.GetArrayFromImage(image))
    node.SetAndObserveTransformNodeID(None)
    assert_same_geometry(mrml.image_from_volume(node), image)


def test_shear_is_resampled_onto_right_angles():
    """Gantry tilt as a linear transform: each place in the world keeps its value."""
    node = mrml.volume_from_image(ramp_image())
    to_parent = np.eye(4)
    to_parent[1, 2] = 0.3
    node.SetAndObserveTransformNodeID(linear_node(to_parent).GetID())
    world = mrml.image_from_volume(node)
    axes = np.array(world.GetDirection()).reshape(3, 3)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-6)
    x, y, z = -12.0, 27.0, 49.0
    y_before = y + 0.3 * z  # the transform took away 0.3 z from LPS y
    assert world.EvaluateAtPhysicalPoint((x, y, z)) == pytest.approx(2 * x + 3 * y_before + 5 * z, abs=1e-3)


def test_non_linear_parent_transform_is_hardened_on_a_copy():
    from CorrespondCoreLib.mrml_transforms import grid_transform_from_field

    image = ramp_image()
    node = mrml.volume_from_image(image)
    field = sitk.GetImageFromArray(np.full((6, 6, 6, 3), (1.5, 2.0, -0.7), np.float32), isVector=True)
    field.SetOrigin((-50, 0, 20))
    field.SetSpacing((20, 20, 20))
    node.SetAndObserveTransformNodeID(grid_transform_from_field(field).GetID())
    world = mrml.image_from_volume(node)
    # a point of the world shows what is at x + u in the volume
    x, y, z = -10.0, 40.0, 50.0
    assert world.EvaluateAtPhysicalPoint((x, y, z)) == pytest.approx(2 * (x + 1.5) + 3 * (y + 2) + 5 * (z - 0.7), abs=1e-2)
    node.SetAndObserveTransformNodeID(None)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(mrml.image_from_volume(node)), sitk.GetArrayFromImage(image))


def test_label_maps_stay_labels():
    labels = sitk.Cast(ramp_image() > 350, sitk.sitkUInt8) * 7
    node = mrml.volume_from_image(labels, label=True)
    assert node.IsA("vtkMRMLLabelMapVolumeNode")
    to_parent = np.eye(4)
    to_parent[0, 1] = 0.2
    node.SetAndObserveTransformNodeID(linear_node(to_parent).GetID())
    assert set(np.unique(sitk.GetArrayFromImage(mrml.image_from_volume(node)))) == {0, 7}


def test_unusable_volumes_are_explained():
    import slicer
    import vtk

    with pytest.raises(InputError, match="No volume is selected"):
        mrml.image_from_volume(None)
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "nothing")
    with pytest.raises(InputError, match='"nothing" is empty'):
        mrml.image_from_volume(empty)
    color = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "photo")
    data = vtk.vtkImageData()
    data.SetDimensions(4, 4, 1)
    data.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    color.SetAndObserveImageData(data)
    with pytest.raises(InputError, match="3 values per voxel"):
        mrml.image_from_volume(color)
    with pytest.raises(InputError, match="3D"):
        mrml.volume_from_image(sitk.Image(5, 5, sitk.sitkUInt8))


@pytest.mark.parametrize("direction", [(1, 0, 0, 0, 1, 0, 0, 0, 1), ROTATION, LEFT_HANDED])
def test_segment_becomes_a_mask_where_it_is(direction):
    import slicer

    image = ramp_image(direction)
    block = np.zeros((14, 13, 12), np.uint8)
    block[5:12, 4:10, 3:8] = 1
    block[5:8, 4:6, 3:5] = 0
    truth = sitk.GetImageFromArray(block)
    truth.CopyInformation(image)
    labelmap = mrml.volume_from_image(truth, "lung", label=True)
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "lungs")
    slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(labelmap, segmentation)
    segment_id = segmentation.GetSegmentation().GetNthSegmentID(0)
    mask = mrml.mask_from_segment(segmentation, segment_id, image)
    assert mask.GetPixelID() == sitk.sitkUInt8
    assert_same_geometry(mask, image)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(mask), sitk.GetArrayFromImage(truth))

    finer = sitk.Resample(image, (24, 26, 28), sitk.Transform(), sitk.sitkLinear, image.GetOrigin(), (0.75, 1.0, 0.35), direction)
    volume = np.prod(finer.GetSpacing()) * sitk.GetArrayFromImage(mrml.mask_from_segment(segmentation, segment_id, finer)).sum()
    assert volume == pytest.approx(np.prod(image.GetSpacing()) * sitk.GetArrayFromImage(truth).sum(), rel=0.15)

    shift = np.eye(4)
    shift[:3, 3] = (np.array(direction).reshape(3, 3) @ (3.0, 0, 0)) * (-1, -1, 1)  # two voxels along the first axis
    segmentation.SetAndObserveTransformNodeID(linear_node(shift).GetID())
    moved = sitk.GetArrayFromImage(mrml.mask_from_segment(segmentation, segment_id, image))
    np.testing.assert_array_equal(moved[..., 2:], sitk.GetArrayFromImage(truth)[..., :-2])


def test_closed_surface_segment_becomes_a_mask_and_stays_a_surface():
    import slicer
    import vtk

    image = sitk.Image(40, 40, 40, sitk.sitkInt16)
    image.SetOrigin((-20, -20, -20))
    ball = vtk.vtkSphereSource()
    ball.SetRadius(10)
    ball.SetPhiResolution(40)
    ball.SetThetaResolution(40)
    ball.Update()
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "balls")
    segmentation.GetSegmentation().SetSourceRepresentationName("Closed surface")
    segment_id = segmentation.AddSegmentFromClosedSurfaceRepresentation(ball.GetOutput(), "ball", (1, 0, 0))
    mask = sitk.GetArrayFromImage(mrml.mask_from_segment(segmentation, segment_id, image))
    assert mask.sum() == pytest.approx(4 / 3 * np.pi * 1000, rel=0.03)
    assert not segmentation.GetSegmentation().ContainsRepresentation("Binary labelmap")


def test_unusable_segments_are_explained():
    import slicer

    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "lungs")
    with pytest.raises(InputError, match="no segment"):
        mrml.mask_from_segment(segmentation, "left", ramp_image())
    segmentation.GetSegmentation().AddEmptySegment("left", "left lung")
    with pytest.raises(InputError, match='"left lung" of "lungs" is empty'):
        mrml.mask_from_segment(segmentation, "left", ramp_image())
    far = ramp_image() * 0 + 1
    labelmap = mrml.volume_from_image(sitk.Cast(far, sitk.sitkUInt8), label=True)
    slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(labelmap, segmentation)
    elsewhere = ramp_image()
    elsewhere.SetOrigin((500, 500, 500))
    last = segmentation.GetSegmentation().GetNthSegmentID(segmentation.GetSegmentation().GetNumberOfSegments() - 1)
    with pytest.raises(InputError, match="outside"):
        mrml.mask_from_segment(segmentation, last, elsewhere)


def test_points_round_trip():
    points = np.array([(1.0, 2, 3), (-4, 5, -6)])
    node = mrml.markups_from_points(points, "landmarks", ["a", "b"])
    assert tuple(node.GetNthControlPointPosition(0)) == (-1, -2, 3)
    back, labels = mrml.points_from_markups(node)
    np.testing.assert_allclose(back, points)
    assert labels == ["a", "b"]
    shift = np.eye(4)
    shift[:3, 3] = (10, 0, 0)
    node.SetAndObserveTransformNodeID(linear_node(shift).GetID())
    np.testing.assert_allclose(mrml.points_from_markups(node)[0], points - (10, 0, 0))
    empty = mrml.markups_from_points(np.empty((0, 3)), node=node)
    assert mrml.points_from_markups(empty)[0].shape == (0, 3)
