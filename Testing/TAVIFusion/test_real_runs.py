"""Real X-ray runs of a vessel phantom through the command line: its CT model is laid over two views from four picked pairs."""

import json
from pathlib import Path

import pytest

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.meshes.lines import read_lines
from Testing.data import real_data

PAIRS = Path(__file__).with_name("real_phantom_pairs.csv")
FIT = {"first_reach_mm": 8.0, "last_reach_mm": 5.0, "focus_mm": 1000.0}  # the model's tubes are wider than what contrast fills
STILL = {"beat_mm": 0.1, "breath_mm": 0.1, "moved_mm": 0.1}  # no heart, no breath


def test_lines_of_a_centerline():
    lines = read_lines(real_data("tavi/phantom_xa/phantom_centerlines.vtk"))
    assert (len(lines), sum(map(len, lines))) == (11, 453)
    turned = read_lines(real_data("tavi/phantom_xa/phantom_centerlines.vtk"), "RAS")
    assert turned[0][0].tolist() == (lines[0][0] * [-1, -1, 1]).tolist()
    with pytest.raises(InputError, match="no lines"):
        read_lines(real_data("tavi/phantom_xa/phantom_mesh_coarse.stl"))


@pytest.mark.slow
def test_the_real_phantom_is_found_in_two_views(tmp_path):
    """The pixel spacing that one file lacks is given, as the reader suggests it; the filter finds the vessels."""
    folder = real_data("tavi/phantom_xa")
    for name, values in (("im1", {"pixel_spacing_mm": [0.390625, 0.390625]}), ("im5", {})):
        (tmp_path / f"{name}.json").write_text(json.dumps(values))
    (tmp_path / "settings.json").write_text(json.dumps({"alignment": {"fit": {**FIT, **STILL}}}))
    views = ["--view", folder / "IM1.dcm", 5, "--view", folder / "IM5.dcm", 5]
    views += ["--geometry", tmp_path / "im1.json", "--geometry", tmp_path / "im5.json", "--method", "vesselness"]
    fit = ["--pairs", PAIRS, "--turned", "--degrees", "six", "--settings", tmp_path / "settings.json"]
    model = [folder / "phantom_mesh_coarse.stl", "--mesh-frame", "LPS", "--centerline", folder / "phantom_centerlines.vtk"]
    command = ["tavi", "align", *model, *views, *fit, "--output", tmp_path / "out"]
    results = cli.run([str(part) for part in command], Progress())
    assert all(view["residual_mm"] <= 1.5 for view in results["views"])
    assert all(view["recall"] > 0.8 for view in results["views"])
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "centerline" in page
    assert "fantom" not in page.lower()  # what the files call the patient
    with pytest.raises(InputError, match="pixel_spacing_mm"):
        cli.run([str(part) for part in command if part not in ("--geometry", *tmp_path.glob("im?.json"))], Progress())
