"""The mask as DICOM Segmentation: it lies on the scan's A-scans in the scan's own coordinates, or says why it cannot be."""

import sys

import numpy as np
import pydicom
import pytest

from CorrespondCoreLib.cli import run
from CorrespondCoreLib.errors import InputError, MissingPackage
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib.formats.dicom_seg import Maker, seg_source, write_seg
from OCTEnFaceSegLib.results import read_mask
from Testing.OCTEnFaceSeg.oct_files import opt, save, write_opt, write_phantom_opt, write_vol

MAKER = Maker("hypertransmission (no network)", network=False, corrected=True)
COUNT, DEPTH, ASCANS = 6, 24, 30
VALUES = np.random.default_rng(2).integers(0, 255, (COUNT, DEPTH, ASCANS)).astype(np.uint8)


def scan(path, positions, orientation=(1, 0, 0, 0, 1, 0), values=VALUES):
    dataset = opt(path, values, positions, orientation)
    dataset.FrameOfReferenceUID = "1.2.3.4"
    return save(dataset, path)


@pytest.mark.parametrize(
    "orientation, step",
    [((1, 0, 0, 0, 1, 0), (0, 0, 0.12)), ((1, 0, 0, 0, 1, 0), (0, 0, -0.12)), ((-1, 0, 0, 0, 0, -1), (0, 0.12, 0))],
    ids=["bottom up", "top down", "not a patient's axes"],
)
def test_each_pixel_lies_on_its_a_scan_in_the_files_coordinates(tmp_path, orientation, step):
    pytest.importorskip("highdicom", reason="highdicom, which writes the segmentation, is not installed")
    positions = np.array([3.0, -2.0, 5.0]) + np.arange(COUNT)[:, None] * np.array(step)
    source = seg_source(scan(tmp_path / "scan.dcm", positions, orientation))
    marked = np.argwhere(np.random.default_rng(3).random((COUNT, ASCANS)) > 0.8)
    along, down = np.array(orientation[:3], float), np.array(orientation[3:], float)
    # where the marked A-scans are in the middle of their depth, by the file alone
    truth = positions[marked[:, 0]] + 0.01 * marked[:, 1:] * along + 0.004 * (DEPTH - 1) / 2 * down
    volume = source.volume
    to_volume = np.linalg.inv(source.to_patient)
    mask = np.zeros((COUNT, ASCANS), bool)
    for point in truth:
        a, _, b = volume.TransformPhysicalPointToIndex([float(v) for v in (to_volume @ [*point, 1])[:3]])
        mask[b, a] = True
    assert mask.sum() == len(marked)
    dataset = pydicom.dcmread(write_seg(mask, volume, source, tmp_path / "mask é.dcm", "ga", MAKER))
    shared, own = dataset.SharedFunctionalGroupsSequence[0], dataset.PerFrameFunctionalGroupsSequence[0]
    axes = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3)
    spacing = [float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing]
    corner = np.array(own.PlanePositionSequence[0].ImagePositionPatient, float)
    pixels = np.argwhere(dataset.pixel_array)
    found = corner + pixels[:, 1:] * spacing[1] * axes[0] + pixels[:, :1] * spacing[0] * axes[1]
    distance = np.linalg.norm(found[:, None] - truth[None], axis=2)
    assert len(pixels) == len(truth) and distance.min(axis=1).max() < 1e-6 and distance.min(axis=0).max() < 1e-6
    assert (dataset.FrameOfReferenceUID, dataset.PatientID, dataset.Modality) == ("1.2.3.4", "SECRET1", "SEG")
    assert dataset.StudyInstanceUID == source.datasets[0].StudyInstanceUID
    assert dataset.SegmentSequence[0].SegmentAlgorithmType == "SEMIAUTOMATIC"
    assert dataset.SourceImageSequence[0].ReferencedSOPInstanceUID == source.datasets[0].SOPInstanceUID
    with pytest.raises(InputError, match="mask is empty"):
        write_seg(np.zeros_like(mask), volume, source, tmp_path / "empty.dcm", "ga", MAKER)
    with pytest.raises(InputError, match="not that of the scan"):
        write_seg(mask, volume + 1, source, tmp_path / "other.dcm", "ga", MAKER)


def test_a_scan_that_a_segmentation_cannot_refer_to_is_explained(tmp_path):
    ends = np.zeros((2, 2)), np.ones((2, 2))
    with pytest.raises(InputError, match="no DICOM file.*names the images, the patient"):
        seg_source(write_vol(tmp_path / "scan.vol", np.ones((2, 8, 8), np.float32), *ends))
    with pytest.raises(InputError, match="does not say where its B-scans lie"):
        seg_source(write_opt(tmp_path / "scan.dcm", VALUES, between=0.12))


def test_without_highdicom_the_way_to_it_is_said_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    positions = np.arange(COUNT)[:, None] * np.array([0, 0, 0.12])
    file = scan(tmp_path / "scan.dcm", positions)
    command = ["oct", "segment", str(file), "--lesion", "ga", "--method", "hypertransmission", "--dicom-seg", "--output"]
    with pytest.raises(MissingPackage, match=r'slicer.util.pip_install\("highdicom"\)'):
        run([*command, str(tmp_path / "out")], Progress())
    assert not (tmp_path / "out").exists()


def test_the_command_writes_a_segmentation_beside_the_mask(tmp_path):
    pytest.importorskip("highdicom", reason="highdicom, which writes the segmentation, is not installed")
    file = write_phantom_opt(tmp_path / "scan.dcm")
    command = ["oct", "segment", str(file), "--lesion", "ga", "--method", "hypertransmission", "--dicom-seg", "--output"]
    run([*command, str(tmp_path / "out")], Progress())
    mask = read_mask(tmp_path / "out" / "mask.seg.nrrd")[0]
    assert mask.any()
    np.testing.assert_array_equal(pydicom.dcmread(tmp_path / "out" / "mask.dcm").pixel_array > 0, mask)
