"""Heidelberg .vol: geometry, layers, intensities, and files that are not what they claim."""

import struct

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.formats.heidelberg import displayed
from OCTEnFaceSegLib.formats.reading import read_scan
from OCTEnFaceSegLib.scan import check_raster
from Testing.data import real_data
from Testing.OCTEnFaceSeg.oct_files import INVALID, bscans, horizontal, write_vol

DX, STEP = 0.01, 0.1
RAW = bscans()
COUNT, DEPTH, ASCANS = RAW.shape
ROWS, COLUMNS = np.mgrid[:450, :400]
SLO = (20 + ROWS / 4 + COLUMNS / 8).astype(np.uint8)  # known at every place; 0.01 mm pixels


def raster(tmp_path, step=STEP, **kwargs):
    starts, ends = horizontal(COUNT, ASCANS, DX, step)
    return write_vol(tmp_path / "scan.vol", RAW, starts, ends, slo=SLO, **kwargs)


def slo_under(scan, ascan, bscan):
    """Value of the SLO at an A-scan, read at another depth than the middle."""
    point = scan.volume.TransformContinuousIndexToPhysicalPoint((float(ascan), 2.0, float(bscan)))
    return scan.fundus["SLO"].EvaluateAtContinuousIndex(scan.fundus["SLO"].TransformPhysicalPointToContinuousIndex(point))


def slo_at_mm(x, y):
    return 20 + y / 0.01 / 4 + x / 0.01 / 8


@pytest.mark.parametrize("step", [STEP, -STEP], ids=["bottom-up", "top-down"])
def test_a_raster_has_its_place_on_the_fundus(tmp_path, step):
    scan = read_scan(raster(tmp_path, step))
    assert scan.volume.GetSize() == (ASCANS, DEPTH, COUNT)
    assert scan.spacing_mm == pytest.approx((DX, 0.004, STEP))
    assert scan.volume.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1 if step > 0 else -1)
    assert scan.volume.GetOrigin() == pytest.approx((1.0, 0.0, -4.0))
    assert (scan.eye, scan.visit_date, scan.pattern, scan.metric) == ("L", "2017-09-22", "raster", True)
    assert np.array_equal(sitk.GetArrayFromImage(scan.volume), displayed(RAW))
    for ascan, bscan in [(0, 0), (ASCANS - 1, 0), (7, COUNT - 1)]:
        assert slo_under(scan, ascan, bscan) == pytest.approx(slo_at_mm(1 + ascan * DX, 4 - bscan * step), abs=1.0)


def test_up_on_the_fundus_image_is_up_in_the_patient(tmp_path):
    scan = read_scan(raster(tmp_path))
    image = scan.fundus["SLO"]
    assert image.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    assert image[5, 0, image.GetSize()[2] - 1] == SLO[0, 5]  # the first row is the superior one


def test_a_scan_that_runs_to_the_right_of_the_patient_is_turned(tmp_path):
    starts, ends = horizontal(COUNT, ASCANS, DX, STEP)
    layer = np.tile(np.arange(ASCANS, dtype=np.float32) + 1, (COUNT, 1, 1))
    scan = read_scan(write_vol(tmp_path / "m.vol", RAW[..., ::-1], ends, starts, slo=SLO, layers=layer[..., ::-1]))
    assert np.array_equal(sitk.GetArrayFromImage(scan.volume), displayed(RAW))
    assert np.array_equal(scan.layers["ILM"], layer[:, 0])
    assert scan.volume.GetOrigin() == pytest.approx((1.0, 0.0, -4.0))


@pytest.mark.parametrize("angle", [7, -30, 90])
def test_a_turned_raster_keeps_its_angle(tmp_path, angle):
    starts, ends = horizontal(COUNT, ASCANS, DX, STEP)
    middle = (starts.mean(axis=0) + ends.mean(axis=0)) / 2
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([[c, -s], [s, c]])  # anticlockwise as seen on the fundus, where y points down
    starts, ends = (middle + (p - middle) @ turn for p in (starts, ends))
    scan = read_scan(write_vol(tmp_path / "t.vol", RAW, starts, ends, slo=SLO))
    assert scan.spacing_mm == pytest.approx((DX, 0.004, STEP))
    for ascan, bscan in [(0, 0), (ASCANS - 1, 0), (0, COUNT - 1), (ASCANS - 1, COUNT - 1)]:
        x, y = starts[bscan] + (ends[bscan] - starts[bscan]) * ascan / (ASCANS - 1)
        assert scan.volume.TransformIndexToPhysicalPoint((ascan, 0, bscan)) == pytest.approx((x, 0, -y), abs=1e-6)
        assert slo_under(scan, ascan, bscan) == pytest.approx(slo_at_mm(x, y), abs=1.0)


def test_lines_from_edge_to_edge_are_centered(tmp_path):
    starts, ends = horizontal(COUNT, ASCANS + 1, DX, STEP)  # as long as all pixels together
    scan = read_scan(write_vol(tmp_path / "e.vol", RAW, starts, ends))
    assert scan.volume.GetOrigin()[0] == pytest.approx(1 + DX / 2)
    assert scan.notes == []


def test_layers_are_named_and_invalid_values_are_nan(tmp_path):
    layers = np.random.default_rng(1).uniform(3, 20, (COUNT, 3, ASCANS)).astype(np.float32)
    layers[1, 1, 4:9] = INVALID
    layers[2, 1, 0] = 0
    layers[:, 2] = INVALID
    scan = read_scan(raster(tmp_path, layers=layers))
    assert list(scan.layers) == ["ILM", "BM"]  # nerve fiber layer: no value at all
    assert np.array_equal(scan.layers["ILM"], layers[:, 0])
    assert np.isnan(scan.layers["BM"][1, 4:9]).all() and np.isnan(scan.layers["BM"]).sum() == 6


def test_gray_values_are_those_of_heyex():
    shown = displayed(np.array([0, 1e-4, 1e-3, 0.01, 0.1, 1, 1.5, INVALID, np.nan, -1], np.float32))
    assert shown.tolist() == [0, 10, 50, 114, 185, 255, 255, 0, 0, 0]


def test_nothing_of_the_patient_is_kept(tmp_path):
    scan = read_scan(raster(tmp_path))
    content = repr(vars(scan)) + "".join(scan.volume.GetMetaData(k) for k in scan.volume.GetMetaDataKeys())
    assert all(word not in content for word in ("DOE", "SECRET", "9131"))


@pytest.mark.parametrize("bytes_left", [10, 2047, 2048, 5000, -1])
def test_a_truncated_file_is_refused(tmp_path, bytes_left):
    whole = raster(tmp_path).read_bytes()
    path = tmp_path / "short.vol"
    path.write_bytes(whole[:bytes_left])
    with pytest.raises(InputError, match="truncated|shorter than the header"):
        read_scan(path)


@pytest.mark.parametrize(
    ("offset", "value"),
    [(12, 2**31 - 1), (16, 0), (20, -5), (48, 2**30), (100, 8), (100, 2**30)],
    ids=["A-scans", "no B-scans", "depth", "SLO", "short B-scan header", "huge B-scan header"],
)
def test_a_wild_header_is_refused_before_memory_is_taken(tmp_path, offset, value):
    content = bytearray(raster(tmp_path).read_bytes())
    struct.pack_into("<i", content, offset, value)
    path = tmp_path / "wild.vol"
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged|truncated"):
        read_scan(path)


def test_any_damage_to_the_headers_ends_in_a_scan_or_a_message(tmp_path):
    whole = raster(tmp_path, layers=np.full((COUNT, 2, ASCANS), 9, np.float32)).read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.vol"
    refused = 0
    for _ in range(80):
        content = bytearray(whole)
        start = int(rng.choice([12, 40, 96, 2048 + SLO.size]))
        for offset in rng.integers(start, start + 56, 3):
            content[offset] = rng.integers(256)
        path.write_bytes(content)
        try:
            assert np.isfinite(read_scan(path).spacing_mm).all()
        except InputError as refusal:
            refused += 1
            assert len(str(refusal)) > 40
    assert 15 < refused < 80


def test_a_missing_bscan_is_named(tmp_path):
    starts, ends = horizontal(COUNT + 1, ASCANS, DX, STEP)
    keep = [0, 1, 2, 4, 5]
    with pytest.raises(InputError, match="200 um between B-scans 3 and 4, 100 um elsewhere"):
        read_scan(write_vol(tmp_path / "gap.vol", RAW, starts[keep], ends[keep]))


def test_repeated_bscans_are_refused(tmp_path):
    starts, ends = horizontal(COUNT, ASCANS, DX, STEP)
    starts[3], ends[3] = starts[2], ends[2]
    with pytest.raises(InputError, match="B-scans 3 and 4 lie at the same place"):
        read_scan(write_vol(tmp_path / "twice.vol", RAW, starts, ends))


def test_a_sheared_raster_is_refused(tmp_path):
    starts, ends = horizontal(COUNT, ASCANS, DX, STEP)
    shift = np.column_stack([np.arange(COUNT) * 0.02, np.zeros(COUNT)])
    with pytest.raises(InputError, match="sheared"):
        read_scan(write_vol(tmp_path / "shear.vol", RAW, starts + shift, ends + shift))


def test_bscans_in_another_order_are_sorted(tmp_path):
    starts, ends = horizontal(COUNT, ASCANS, DX, STEP)
    order = [0, 2, 4, 1, 3]
    scan = read_scan(write_vol(tmp_path / "o.vol", RAW[order], starts[order], ends[order]))
    assert np.array_equal(sitk.GetArrayFromImage(scan.volume), displayed(RAW))
    assert "sorted" in scan.notes[0]


def test_a_radial_scan_is_read_and_has_no_area(tmp_path):
    angles = np.arange(COUNT) * np.pi / COUNT
    ends = 2 + np.column_stack([np.cos(angles), np.sin(angles)])
    scan = read_scan(write_vol(tmp_path / "r.vol", RAW, 4 - ends, ends, slo=SLO, pattern=5))
    assert (scan.pattern, scan.fundus) == ("radial", {})
    with pytest.raises(InputError, match="radial scan cross"):
        check_raster(scan)


def test_a_single_bscan_has_no_area(tmp_path):
    starts, ends = horizontal(1, ASCANS, DX, STEP)
    scan = read_scan(write_vol(tmp_path / "one.vol", RAW[:1], starts, ends, slo=SLO, pattern=1))
    assert scan.pattern == "line"
    with pytest.raises(InputError, match="single B-scan covers no area"):
        check_raster(scan)


def test_a_contradiction_between_spacing_and_positions_is_told(tmp_path):
    starts, ends = horizontal(COUNT, ASCANS, 2 * DX, STEP)
    scan = read_scan(write_vol(tmp_path / "c.vol", RAW, starts, ends))
    assert scan.spacing_mm[0] == DX
    assert "contradicts itself" in scan.notes[0]


def test_the_axes_of_a_vol_file_are_not_the_users_choice(tmp_path):
    with pytest.raises(InputError, match="states itself how the scan lies"):
        read_scan(raster(tmp_path), top_down=True)


@pytest.mark.parametrize(
    ("name", "date", "valid_ilm"), [("retimat_onh", "2015-02-11", 768), ("heyeximport_valid", "2011-11-09", 581)]
)
def test_a_real_circular_scan(name, date, valid_ilm):
    scan = read_scan(real_data(f"oct/heidelberg_vol/{name}.vol"))
    assert scan.volume.GetSize() == (768, 496, 1)
    assert (scan.pattern, scan.eye, scan.visit_date) == ("circle", "R", date)
    assert list(scan.layers) == ["ILM", "BM", "RNFL"]
    ilm, bm = scan.layers["ILM"][0], scan.layers["BM"][0]
    assert np.isfinite(ilm).sum() == valid_ilm
    assert (ilm < bm)[np.isfinite(ilm)].all() and np.nanmax(bm) < 496
    with pytest.raises(InputError, match="circle, so it covers no area"):
        check_raster(scan)


def test_the_retina_of_a_real_scan_is_bright_between_its_layers():
    scan = read_scan(real_data("oct/heidelberg_vol/retimat_onh.vol"))
    bscan = sitk.GetArrayFromImage(scan.volume)[0].astype(float)
    depth = np.arange(496)[:, None]
    ilm, bm = scan.layers["ILM"], scan.layers["BM"]
    retina, vitreous = (depth > ilm) & (depth < bm), depth < ilm - 10
    assert bscan[retina].mean() > 2.5 * bscan[vitreous].mean()


def test_a_real_short_file_is_refused():
    with pytest.raises(InputError, match="698948 bytes, it holds 121108"):
        read_scan(real_data("oct/heidelberg_vol/eyepy_dummy_test_volume.vol"))
