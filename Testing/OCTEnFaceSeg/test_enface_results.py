"""Masks on disk: what Slicer reads, what Slicer saves, and what is not a mask of this scan."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import CorrespondError, InputError
from OCTEnFaceSegLib.bruch_source import read_membrane
from OCTEnFaceSegLib.results import read_mask, scale_is_confirmed, write_map, write_segmentation
from Testing import host
from Testing.data import real_data
from Testing.OCTEnFaceSeg.enface_examples import SPACING, disc, layered, scan_of

host.start(modules=[])
import slicer  # noqa: E402

GA, RPD = disc((24, 128), (12, 64), 0.4), disc((24, 128), (4, 20), 0.15)


@pytest.fixture(scope="module")
def scan():
    return scan_of(layered()[0])


@pytest.fixture
def file(scan, tmp_path):
    path = tmp_path / "mask.seg.nrrd"
    write_segmentation(scan, {"ga": GA, "rpd": RPD}, path)
    return path


def grid_of(scan):
    return scan.enface_image(np.zeros(scan.enface_shape, np.uint8))


def test_a_mask_comes_back_as_it_was(scan, file):
    mask, image = read_mask(file, grid_of(scan))
    assert np.array_equal(mask, GA | RPD)
    assert np.array_equal(read_mask(file)[0], GA | RPD)
    assert image.GetSize() == (128, 1, 24)


def test_slicer_reads_the_segments_with_name_color_and_place(scan, file):
    slicer.mrmlScene.Clear()
    node = slicer.util.loadSegmentation(str(file))
    segmentation = node.GetSegmentation()
    assert [segmentation.GetNthSegment(n).GetName() for n in (0, 1)] == ["Geographic atrophy", "Reticular pseudodrusen"]
    assert segmentation.GetNthSegmentID(0) == "ga"
    assert segmentation.GetSegment("ga").GetColor() == pytest.approx((0.92, 0.35, 0.23))
    box = [0.0] * 6
    segmentation.GetSegment("ga").GetBounds(box)
    low = scan.volume.TransformContinuousIndexToPhysicalPoint((-0.5, -0.5, -0.5))
    high = scan.volume.TransformContinuousIndexToPhysicalPoint((127.5, scan.depth - 0.5, 23.5))
    assert box == pytest.approx((-high[0], -low[0], -high[1], -low[1], low[2], high[2]))  # RAS: the whole scan, as deep as it is
    for n, (name, true) in enumerate((("ga", GA), ("rpd", RPD)), 1):
        labels = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, name)
        assert np.array_equal(labels[:, 0] == n, true)


def test_what_slicer_saves_is_read_though_it_keeps_a_part_of_the_grid_only(scan, file, tmp_path):
    slicer.mrmlScene.Clear()
    slicer.util.saveNode(slicer.util.loadSegmentation(str(file)), str(tmp_path / "saved.seg.nrrd"))
    assert sitk.ReadImage(str(tmp_path / "saved.seg.nrrd")).GetSize() != (128, 1, 24)
    mask, image = read_mask(tmp_path / "saved.seg.nrrd", grid_of(scan))
    assert np.array_equal(mask, GA | RPD)
    assert image.GetSize() == (128, 1, 24)


def test_the_mask_of_another_scan_is_refused(scan, file, tmp_path):
    other = scan_of(layered((20, 100, 128))[0])
    with pytest.raises(InputError, match="128 x 24 pixels, the scan 128 x 20"):
        read_mask(file, grid_of(other))
    moved = scan_of(layered()[0])
    moved.volume.SetOrigin((0.0, 10.0, -2.5))
    with pytest.raises(InputError, match="lost its geometry"):
        read_mask(file, grid_of(moved))
    upside_down = scan_of(layered()[0])
    upside_down.volume.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, -1))
    with pytest.raises(InputError, match="not of this scan"):
        read_mask(file, grid_of(upside_down))


def test_a_volume_is_no_mask_and_neither_is_nothing(scan, tmp_path):
    sitk.WriteImage(scan.volume, str(tmp_path / "volume.nrrd"))
    (tmp_path / "text.nrrd").write_text("no image")
    for name, message in (("volume", "A-scans x 1 x B-scans"), ("text", "text.nrrd"), ("absent", "does not exist")):
        with pytest.raises(InputError, match=message):
            read_mask(tmp_path / f"{name}.nrrd")


def test_maps_lie_over_the_scan_and_say_where_the_scale_is_unknown(scan, tmp_path):
    values = np.arange(24 * 128, dtype=np.float32).reshape(24, 128)
    image = sitk.ReadImage(str(write_map(scan, values, tmp_path / "map.nrrd")))
    assert np.array_equal(sitk.GetArrayFromImage(image)[:, 0], values)
    assert image.GetSpacing() == pytest.approx((SPACING[0], SPACING[1] * scan.depth, SPACING[2]))
    assert scale_is_confirmed(image)
    without = scan_of(layered()[0], metric=False)
    assert not scale_is_confirmed(sitk.ReadImage(str(write_map(without, values, tmp_path / "without.nrrd"))))
    assert not scale_is_confirmed(sitk.ReadImage(str(write_segmentation(without, {"ga": GA}, tmp_path / "m.seg.nrrd"))))


def test_segments_of_one_label_map_do_not_overlap(scan, tmp_path):
    with pytest.raises(ValueError, match="overlap"):
        write_segmentation(scan, {"ga": GA, "rpd": GA}, tmp_path / "mask.seg.nrrd")


def test_hostile_files_are_neither_masks_nor_membranes():
    for path in (p for p in sorted(real_data("hostile").rglob("*")) if p.is_file()):
        for read in (read_mask, read_membrane):
            with pytest.raises(CorrespondError):
                read(path)
