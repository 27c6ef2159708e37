"""A network from the command line: the same files as the search, with model, checksum and loss in the report."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import sha256
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.formats.landmarks import write_landmarks
from LungRegistrationLib.geometry.lattice import Lattice
from LungRegistrationLib.settings import RegistrationSettings
from Testing.LungRegistration.learned_examples import POINTS, install, shifting_network
from Testing.LungRegistration.registration_examples import grid_image, moved_point, scan


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("Atem zug ü")
    for role in ("fixed", "moving"):
        image, mask = scan(grid_image(size=40, spacing_mm=3.5), role == "fixed")
        sitk.WriteImage(sitk.Cast(image, sitk.sitkInt16), str(folder / f"{role}.nrrd"))
        sitk.WriteImage(mask, str(folder / f"{role}_mask.nrrd"))
    return folder


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))


def command(data: Path, output: Path, *more: str) -> list[str]:
    masks = [f"--{role}-mask={data / f'{role}_mask.nrrd'}" for role in ("fixed", "moving")]
    pair = ["lung", "register", str(data / "fixed.nrrd"), str(data / "moving.nrrd"), "--output", str(output)]
    return [*pair, "--device", "cpu", *masks, *more]


def test_the_report_says_which_weights_and_how_they_were_fitted(data, tmp_path):
    shifting = shifting_network("virnet", np.array([1.0, 2.0, 3.0]), Lattice((0, 0, 0), (5, 5, 5), (24, 16, 24)))
    model = install("virnet", shifting, "tiny", domain={"spacing_mm": [0.5, 1.0]})
    (tmp_path / "base.json").write_text('{"field_spacing_mm": 5.0, "network": {"control_spacing_mm": 15.0}}')
    options = ("--model", "tiny", "--size", "24", "16", "24", "--instance-optimization", "field", "--steps", "2")
    out = tmp_path / "out"
    settings = ("--settings", str(tmp_path / "base.json"), "--method", "virnet")
    points: list[dict] = []
    write_landmarks(tmp_path / "landmarks.csv", POINTS[:30], moved_point(POINTS[:30]))
    more = ("--learning-rate", "0.01", "--levels", "--landmarks", str(tmp_path / "landmarks.csv"))
    results = cli.run(command(data, out, *settings, *options, *more), Progress(plot=points.append))
    names = {"fixed_to_moving.nrrd", "moving_to_fixed.nrrd", "warped.nrrd", "jacobian.nrrd", "settings.json", "report.html"}
    levels = {"level_1.nrrd", "level_2.nrrd"}
    assert {Path(path).name for path in results["files"]} == names | levels | {"report.json"}
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (report["method"], report["model"]) == ("network", "tiny")
    assert report["weights_sha256"] == model.card["sha256"] == sha256(model.weights())
    assert report["network"]["name"] == "virnet" and report["network"]["experimental"] is False
    assert report["network"]["size_xyz"] == [24, 16, 24] and report["network"]["window_hu"] is None
    assert report["network"]["fitting_error_mm"]["max"] >= report["network"]["fitting_error_mm"]["mean"] >= 0
    fit = report["network"]["instance_optimization"]
    assert len(fit["loss"]) == 3
    assert points == [{"step": k, "loss": fit["loss"][k], "tre_mm": fit["tre_mm"][k]} for k in range(3)]
    coarse, fine = report["network"]["levels"]
    assert fine["size"] == list(sitk.ReadImage(str(out / "level_2.nrrd")).GetSize())
    assert fine["tre_mm"] == pytest.approx(fit["tre_mm"][0], abs=0.02) != coarse["tre_mm"]
    assert report["keypoint_tre_mm"] is None
    assert any(text.startswith("Moving volume: The model is for 0.5 to 1 mm") for text in report["warnings"])
    assert {"Network", "Fit to this pair", "B-spline of the field", "Displacement fields"} <= set(report["seconds"])
    page = (out / "report.html").read_text(encoding="utf-8")
    assert results["estimated"] == report["network"]["estimated"] and results["estimated"]["seconds"] > 0
    assert re.search(r"before: about \d+ s, 0\.8 GB; it took \d+ s", page)
    assert "model tiny" in page and model.card["sha256"] in page
    assert "Fit: loss" in page and "Fit: landmark error" in page and "fit of the field to this pair, 2 steps" in page
    assert f"{coarse['tre_mm']:.2f} mm; " in page
    written = RegistrationSettings.from_json(out / "settings.json")
    assert (written.method, written.network.model, written.network.control_spacing_mm) == ("virnet", "tiny", 15.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--method", "virnet"), "No model is installed"),
        (("--method", "rrn"), "import-checkpoint"),
        (("--method", "transmorph"), "choose one of search, rrn, virnet, voxelmorph"),
        (("--method", "virnet", "--model", "untrained"), "say nothing about a pair"),
        (("--levels",), "come from a network"),
    ],
)
def test_what_cannot_run_ends_with_its_message_and_no_files(data, tmp_path, capsys, options, words):
    assert cli.main(command(data, tmp_path / "out", *options, "--progress", "none")) == InputError.exit_code
    assert words in capsys.readouterr().err
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
