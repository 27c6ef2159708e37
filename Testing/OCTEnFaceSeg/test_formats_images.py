"""Volumes of ITK, stacks of pictures, the XML export, and everything hostile."""

import os
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.formats.reading import read_scan
from Testing.data import DATA, real_data
from Testing.OCTEnFaceSeg.oct_files import bscans

COUNT, DEPTH, ASCANS = 12, 20, 30
VALUES = (255 * bscans(COUNT, DEPTH, ASCANS)).astype(np.uint8)
SPACING = (0.0116, 0.0039, 0.12)
HOSTILE = DATA / "hostile"
HOSTILE_FILES = [str(p.relative_to(HOSTILE)) for p in sorted(HOSTILE.rglob("*"))]
READABLE = {"nibabel/anatomical.nii": (33, 41, 25), "pynrrd/test2d_ascii.nrrd": (3, 9, 1)} | {
    f"pynrrd/BallBinary30x30x30{name}": (30, 30, 30)
    for name in (
        ".nhdr",
        ".nii.gz",
        ".nrrd",
        "_byteskip_minus_one.nhdr",
        "_byteskip_minus_one_nifti.nhdr",
        "_gz.nrrd",
        "_gz_byteskip_minus_one.nrrd",
        "_gz_lineskip.nrrd",
    )
}


def written(path, values=VALUES, spacing=SPACING, direction=None, origin=(0, 0, 0)):
    """(B, D, W) values as an image file."""
    image = sitk.GetImageFromArray(values, isVector=values.ndim == 4)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    if direction is not None:
        image.SetDirection(np.ravel(direction).tolist())
    sitk.WriteImage(image, str(path))
    return path


def stack(folder, names, values=VALUES):
    folder.mkdir()
    for name, picture in zip(names, values, strict=False):
        sitk.WriteImage(sitk.GetImageFromArray(picture, isVector=picture.ndim == 3), str(folder / name))
    return folder


def array(scan):
    return sitk.GetArrayFromImage(scan.volume)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
def test_a_volume_keeps_its_spacing(tmp_path, suffix):
    scan = read_scan(written(tmp_path / f"Größe{suffix}"))
    assert np.array_equal(array(scan), VALUES)
    assert scan.spacing_mm == pytest.approx(SPACING, rel=1e-6)
    assert scan.metric and scan.pattern == "raster"


@pytest.mark.parametrize("up", [1, -1])
def test_a_volume_that_lies_as_a_scan_keeps_its_place(tmp_path, up):
    scan = read_scan(written(tmp_path / "a.nrrd", direction=np.diag([1, 1, up]), origin=(1, 2, 3)))
    assert scan.volume.GetDirection()[8] == up
    assert scan.volume.GetOrigin() == pytest.approx((1, 2, 3))
    assert scan.notes == []


def test_directions_that_no_scan_has_are_not_believed(tmp_path):
    scan = read_scan(written(tmp_path / "a.nii", direction=np.diag([-1, -1, 1])))
    assert scan.volume.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    assert np.array_equal(array(scan), VALUES)
    assert "upside down" in scan.notes[0]


def test_axes_in_any_order_are_turned(tmp_path):
    turned = VALUES.transpose(1, 2, 0)[::-1]  # index axes: B-scan, A-scan, depth from the choroid up
    path = written(tmp_path / "a.nrrd", turned, (SPACING[2], SPACING[0], SPACING[1]))
    scan = read_scan(path, depth_axis=2, bscan_axis=0, depth_up=True, top_down=True)
    assert np.array_equal(array(scan), VALUES)
    assert scan.spacing_mm == pytest.approx(SPACING)
    assert scan.volume.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, -1)


def test_a_spacing_no_retina_has_is_not_taken_for_mm(tmp_path):
    path = written(tmp_path / "a.nrrd", spacing=(1, 1, 1))
    scan = read_scan(path)
    assert not scan.metric and "cannot be that of a retinal scan" in scan.notes[-1]
    scan = read_scan(path, spacing_mm=SPACING)
    assert scan.metric and scan.spacing_mm == pytest.approx(SPACING) and scan.notes == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spacing_mm": (11.6, 3.9, 120)}, "micrometers"),
        ({"spacing_mm": (0.01, 0.004)}, "three numbers"),
        ({"spacing_mm": (0.01, -0.004, 0.1)}, "-0.004 mm along the beam cannot be"),
        ({"spacing_mm": (0.01, float("nan"), 0.1)}, "cannot be"),
        ({"eye": "both"}, "right, OD"),
        ({"depth_axis": 3}, "0, 1 or 2"),
        ({"bscan_axis": 1}, "must differ"),
        ({"speed": 3}, "Unknown reading option speed"),
        ({"series": 2}, "holds one scan"),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        read_scan(written(tmp_path / "a.nrrd"), **options)


def test_the_users_eye_counts(tmp_path):
    assert read_scan(written(tmp_path / "a.nrrd"), eye="os").eye == "L"


def test_gray_stored_as_color_is_read_and_color_refused(tmp_path):
    color = np.repeat(VALUES[..., None], 3, axis=3)
    assert np.array_equal(array(read_scan(written(tmp_path / "gray.nrrd", color))), VALUES)
    color[0, 0, 0, 1] += 1
    with pytest.raises(InputError, match="3 different values per voxel"):
        read_scan(written(tmp_path / "color.nrrd", color))


def test_voxels_that_are_no_numbers_are_refused(tmp_path):
    values = VALUES.astype(np.float32)
    values[1, 2, 3:5] = np.nan
    with pytest.raises(InputError, match="2 voxels that are no numbers"):
        read_scan(written(tmp_path / "a.nrrd", values))


def test_the_real_volume_is_read_right():
    scan = read_scan(real_data("oct/bonn_drusen_volume/oct_volume.nrrd"))
    assert scan.volume.GetSize() == (512, 496, 145)
    assert scan.spacing_mm == pytest.approx((0.011182, 0.003872, 0.029819), abs=1e-6)
    assert scan.metric and scan.pattern == "raster" and scan.notes == []
    picture = sitk.GetArrayFromImage(sitk.ReadImage(str(real_data("oct/bonn_drusen_volume/73-Input.tif"))))
    assert np.array_equal(array(scan)[72], picture[..., 0] if picture.ndim == 3 else picture)
    profile = array(scan).mean(axis=(0, 2))
    assert profile[:60].mean() < 0.5 * profile.max() and 150 < profile.argmax() < 350  # vitreous dark and above the retina


def test_pictures_are_ordered_by_their_numbers(tmp_path):
    scan = read_scan(stack(tmp_path / "s", [f"scan_{n}.png" for n in range(COUNT)]))
    assert np.array_equal(array(scan), VALUES)
    assert not scan.metric and "voxel size" in scan.notes[0]


def test_pictures_get_their_spacing_and_direction_from_the_user(tmp_path):
    folder = stack(tmp_path / "s", [f"{n:03}.tif" for n in range(COUNT)])
    scan = read_scan(folder, spacing_mm=SPACING, eye="R", top_down=True)
    assert scan.metric and scan.spacing_mm == pytest.approx(SPACING) and scan.eye == "R"
    assert scan.volume.GetDirection()[8] == -1 and scan.notes == []


def test_a_tiff_with_pages_is_a_volume(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(VALUES), str(tmp_path / "pages.tif"))
    scan = read_scan(tmp_path / "pages.tif")
    assert np.array_equal(array(scan), VALUES) and not scan.metric


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_picture_whose_strips_lie_outside_is_truncated(tmp_path, order):
    def tiff(strip_at, next_page=0):
        tags = [(256, 3, 1, 4), (257, 3, 1, 2), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, strip_at), (279, 4, 1, 8)]
        head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 16) + bytes(range(8))
        entries = b"".join(
            struct.pack(order + "HHI", *t[:3]) + struct.pack(order + ("I" if t[1] == 4 else "HH"), *([t[3], 0][: 5 - t[1]]))
            for t in tags
        )
        return head + struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", next_page)

    path = tmp_path / "a.tif"
    path.write_bytes(tiff(8))
    assert array(read_scan(path))[0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    for damaged in (tiff(5000), tiff(8, next_page=9000), tiff(8, next_page=16)):  # the last one is a chain without end
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="truncated or damaged"):
            read_scan(path)


def test_one_picture_is_a_single_bscan(tmp_path):
    scan = read_scan(stack(tmp_path / "s", ["a.png"]) / "a.png")
    assert scan.pattern == "line" and scan.volume.GetSize() == (ASCANS, DEPTH, 1)


def test_pictures_of_other_sizes_colors_and_kinds_are_refused(tmp_path):
    folder = stack(tmp_path / "s", ["1.png", "2.png"])
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((50, 50), np.uint8)), str(folder / "3.png"))
    with pytest.raises(InputError, match="3.png has 50 x 50 pixels, 1.png 30 x 20"):
        read_scan(folder)
    (folder / "3.png").rename(folder / "3.bmp")
    with pytest.raises(InputError, match=r"several kinds \(.bmp, .png\)"):
        read_scan(folder)
    color = np.random.default_rng(0).integers(0, 255, (2, DEPTH, ASCANS, 3)).astype(np.uint8)
    with pytest.raises(InputError, match="1.png is a colored picture"):
        read_scan(stack(tmp_path / "c", ["1.png", "2.png"], color))


@pytest.mark.parametrize("part", [0, 0.01, 0.3, 0.6, 0.97])
@pytest.mark.parametrize("name", ["a.nrrd", "a.nii", "a.mha", "a.tif", "a.png", "a.jpg", "a.bmp"])
def test_truncated_images_are_refused(tmp_path, name, part):
    if name.endswith(("g", "bmp")):
        path = stack(tmp_path / "s", [name], np.random.default_rng(0).integers(0, 255, (1, 80, 90)).astype(np.uint8)) / name
    else:
        path = written(tmp_path / name)
    read_scan(path)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(InputError) as refusal:
        read_scan(path)
    assert name in str(refusal.value)


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_scan(tmp_path / "nothing.vol")
    with pytest.raises(InputError, match="holds no OCT scan"):
        read_scan(tmp_path)


@pytest.mark.parametrize("name", HOSTILE_FILES or ["pynrrd"])
def test_hostile_files_are_read_right_or_refused_with_a_reason(name):
    path = real_data("hostile") / name
    if name in READABLE:
        scan = read_scan(path)
        assert scan.volume.GetSize() == READABLE[name] and not scan.metric
        return
    with pytest.raises(InputError) as refusal:
        read_scan(path)
    assert len(str(refusal.value)) > 40 and path.name in str(refusal.value)


def export(tmp_path):
    """The real structure of an XML export (dummy content), in a folder of its own."""
    folder = tmp_path / "export"
    shutil.copytree(real_data("oct/heyex_xml_dummy"), folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


def test_an_xml_export_is_read(tmp_path):
    folder = export(tmp_path)
    for path in (folder, folder / "test_dummy.xml"):
        scan = read_scan(path)
        assert scan.volume.GetSize() == (50, 40, 10)
        assert scan.spacing_mm == pytest.approx((0.011819, 0.003872, 0.031444), abs=1e-6)
        assert scan.volume.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)  # bottom-up: Y falls from 6.807 mm
        assert (scan.eye, scan.visit_date, scan.pattern, scan.metric) == ("R", "2000-01-01", "raster", True)
        assert {"ILM", "RPE", "BM"} < set(scan.layers) and len(scan.layers) == 11
        ilm, bm = scan.layers["ILM"], scan.layers["BM"]
        assert np.isnan(bm[0, :2]).all() and bm[0, 2] == pytest.approx(30.2) and ilm[0, 2] == pytest.approx(9.6)
        assert np.nanmax(bm) < 40
        assert scan.fundus["SLO"].GetSize() == (50, 1, 50)
        assert scan.fundus["SLO"].GetSpacing()[::2] == pytest.approx((0.0118, 0.0118))
    first = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "B1.tif")))
    assert np.array_equal(array(scan)[0], first)


def test_nothing_of_the_patient_in_the_xml_is_kept(tmp_path):
    content = repr(vars(read_scan(export(tmp_path))))
    assert all(word not in content for word in ("Doe", "John", "Study-01", "LOC-"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"B3.tif", b"absent.tif", "picture absent.tif, which test_dummy.xml names, is not in its folder"),
        (b"B3.tif", b"NIR1.tif", "NIR1.tif has 50 x 50 pixels, its XML says 50 x 40"),
        (b"B3.tif", b"..\\..\\passwd", "picture passwd, which"),
        (b"</HEDX>", b"", "no complete XML file"),
        (b"<HEDX>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><HEDX>", "defines entities"),
        (b"<Type>OCT</Type>", b"<Type>OTHER</Type>", "names no OCT B-scans"),
        (b"<ScaleX>0.011819</ScaleX>", b"<ScaleX>nan</ScaleX>", "ScaleX of an image is not finite"),
        (b"<ScaleX>0.011819</ScaleX>", b"", "ScaleX of an image is missing"),
        (b"<Width>50</Width>", b"<Width>4e9</Width>", "Width of an image is 4e\\+09"),
        (b">30.2 ", b">nine ", "a layer holds something that is no number"),
    ],
)
def test_a_damaged_xml_export_is_refused(tmp_path, old, new, message):
    path = export(tmp_path) / "test_dummy.xml"
    content = path.read_bytes().replace(b'type="real">3e+038 3e+038 30.2', b'type="real">30.2 30.2 30.2')
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(InputError, match=message):
        read_scan(path)


def test_the_real_description_without_pictures_is_refused():
    with pytest.raises(InputError, match="names no OCT B-scans|does not name its pictures"):
        read_scan(real_data("oct/bonn_drusen_volume/OCT-Info.xml"))


def test_signatures_need_no_imports():
    code = "import sys; import OCTEnFaceSegLib.formats.signatures; print(any(m in sys.modules for m in ('numpy', 'SimpleITK')))"
    path = os.pathsep.join(p for p in sys.path if p)
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})
    assert found.stdout.strip() == "False", found.stderr
