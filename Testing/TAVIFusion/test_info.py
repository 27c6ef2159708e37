"""`correspond tavi info` says what a file knows and what it lacks."""

import json

import pytest

from CorrespondCoreLib.cli import main
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.commands.info import view_name
from Testing.data import real_data
from Testing.TAVIFusion.xa_examples import CARM, small_run, xa_file


def info(capsys, *arguments):
    code = main(["tavi", "info", *map(str, arguments)])
    return code, json.loads(capsys.readouterr().out or "{}")


def test_the_real_file_lacks_its_pixel_spacing(capsys):
    code, found = info(capsys, real_data("tavi/phantom_xa/IM1.dcm"))
    assert code == 0 and found["missing"] == ["pixel_spacing_mm"] and found["planes"] == [""]
    assert found["suggestions"]["pixel_spacing_mm"]["value"] == [0.390625, 0.390625]
    assert (found["frames"], found["frames_per_second"], found["geometry"]["view"]) == (14, 15.0, "LAO 31 CRA 0")
    assert found["geometry"]["pixel_size_at_isocenter_mm"] is None


def test_pixels_are_smaller_at_the_isocenter(capsys):
    _, found = info(capsys, real_data("tavi/phantom_xa/IM5.dcm"))
    at_detector, at_isocenter = (
        found["geometry"][name][0] for name in ("pixel_spacing_at_detector_mm", "pixel_size_at_isocenter_mm")
    )
    assert at_isocenter == pytest.approx(at_detector * 720 / 931, abs=1e-5) and found["geometry"]["view"] == "RAO 26 CAU 33"


def test_a_moving_arm_and_a_given_geometry(capsys, tmp_path):
    path = xa_file(tmp_path, run=small_run(geometry=[CARM.at(primary_deg=10.0 * n) for n in range(5)]))
    _, found = info(capsys, path)
    assert found["geometry"]["primary_deg"] == {"first": 0, "last": 40}
    (tmp_path / "g.json").write_text('{"source_to_detector_mm": 1000}')
    _, found = info(capsys, path, "--geometry", tmp_path / "g.json")
    assert found["geometry"]["source_to_detector_mm"] == 1000


def test_a_file_that_is_no_run(capsys, tmp_path):
    (tmp_path / "a.txt").write_text("no run")
    assert info(capsys, tmp_path / "a.txt")[0] == 2


@pytest.mark.parametrize(("angles", "name"), [((-26.5, -32.7), "RAO 26 CAU 33"), ((0, 20), "LAO 0 CRA 20"), ((None, 1), "")])
def test_views_have_the_names_of_the_field(angles, name):
    assert view_name(CArm(*angles)) == name
