"""Commands that cannot be obeyed, the network that is named, and what a failure leaves behind: nothing."""

import json

import pytest

from CorrespondCoreLib.errors import Cancelled, InputError, OutputError
from CorrespondCoreLib.progress import Progress
from Testing.command import run_correspond
from Testing.TAVIFusion.run_examples import report_of, tavi


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("segment", "a.dcm", "--method", "vesselness", "--frames", "3", "9"), "no frame 9"),
        (("segment", "a.dcm", "--method", "vesselness", "--frames", "3", "1"), "comes after"),
        (("segment", "a.dcm", "--method", "vesselness", "--model", "x"), "uses no model"),
        (("segment", "a.dcm", "--threshold", "2"), "between 0 and 1"),
        (("segment", "a.dcm", "--model", "no-such-model"), "no-such-model"),
        (("segment", "absent.dcm", "--method", "vesselness"), "does not exist"),
        (("segment", "a.dcm", "--method", "vesselness", "--reference", "aorta.stl"), "masks"),
        (("align", "aorta.stl", "--mesh-frame", "LPS", "--view", "a.dcm", "x"), "is neither"),
        (("align", "aorta.stl", "--mesh-frame", "LPS", "--view", "a.dcm", "9", "--mask", "a_masks.nrrd"), "no frame 9"),
        (("align", "a.dcm", "--mesh-frame", "LPS", "--view", "a.dcm", "0", "--mask", "a_masks.nrrd"), "a.dcm"),
        (("align", "aorta.stl", "--mesh-frame", "LPS", "--view", "a.dcm", "0", "--mask", "m", "--mask", "n"), "2 times for 1"),
        (("align", "aorta.stl", "--mesh-frame", "LPS", "--view", "a.dcm", "0", "--start", "points.csv"), "not valid JSON"),
        (("track", "aorta.stl", "a.dcm", "--mesh-frame", "LPS", "--pose", "settings.json"), "matrix_lps"),
    ],
)
def test_wrong_options_are_explained(data, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(data)
    (data / "settings.json").write_text("{}")
    with pytest.raises(InputError, match=message):
        tavi(*arguments, "--output", tmp_path / "out")
    assert not list(tmp_path.rglob("*.*"))


def test_the_geometry_that_the_user_gives_counts(data, tmp_path):
    (tmp_path / "geometry.json").write_text(
        json.dumps({"source_to_detector_mm": 1100, "frames": [{"primary_deg": n} for n in range(5)]})
    )
    options = ("--method", "vesselness", "--geometry", tmp_path / "geometry.json", "--no-probability")
    tavi("segment", data / "a.dcm", "--output", tmp_path / "out", *options)
    geometry = report_of(tmp_path / "out")["input"]["geometry"]
    assert geometry["source_to_detector_mm"] == 1100
    assert geometry["source_to_isocenter_mm"] == 700
    for wrong, message in (
        ({"sid": 3}, "Unknown values"),
        ({"primary_deg": "x"}, "no number"),
        ({"frames": [{}]}, "1 frames, the run has 5"),
    ):
        (tmp_path / "geometry.json").write_text(json.dumps(wrong))
        with pytest.raises(InputError, match=message):
            tavi("segment", data / "a.dcm", "--output", tmp_path / "out2", *options)


def test_what_goes_wrong_leaves_nothing_behind(data, tmp_path, monkeypatch):
    def full(*_):
        raise OutputError("The disk is full.")

    monkeypatch.setattr("TAVIFusionLib.segment_run.write_csv", full)
    with pytest.raises(OutputError, match="full"):
        tavi("segment", data / "a.dcm", "--output", tmp_path / "out", "--method", "vesselness")
    assert not list(tmp_path.rglob("*.nrrd"))


def test_a_cancel_leaves_nothing_behind(data, tmp_path):
    steps = iter(range(1000))
    with pytest.raises(Cancelled):
        progress = Progress(cancelled=lambda: next(steps) > 6)
        tavi("segment", data / "a.dcm", "--output", tmp_path / "out", "--method", "vesselness", progress=progress)
    assert not list(tmp_path.rglob("*.nrrd"))


def tiny_network(field, bias):
    """A network of base 2 that calls everything vessel, or nothing, as a model in the user's folder."""
    import torch

    from CorrespondCoreLib.checkpoints import save_model
    from CorrespondCoreLib.models import ModelStore
    from TAVIFusionLib.networks.dru_net import DeepResidualUNet

    torch.manual_seed(0)
    network = DeepResidualUNet(2)
    with torch.no_grad():
        network.head.bias.fill_(bias)
    card = {
        "id": f"tiny-{field}",
        "title": "Tiny",
        "method": "dru_net",
        "version": "1",
        "field_of_view": field,
        "trained_on": "nothing",
    }
    return save_model(network, {**card, "network": {"name": "dru_net", "base": 2}, "input": {"size": 64}}, ModelStore())


def test_a_network_is_named_with_its_weights(data, tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))
    models = {"upper": tiny_network("upper", 6.0), "lower": tiny_network("lower", -6.0)}
    frames = ("--frames", "0", "1", "--device", "cpu", "--threads", "1", "--overlays", "none")
    guessed = tavi("segment", data / "a.dcm", *frames, "--output", tmp_path / "guessed")
    assert guessed["field_of_view"] == {"is": "upper", "by": "guessed"}  # the one that finds a vessel at all
    report = report_of(tmp_path / "guessed")
    assert (report["method"], report["model"]) == ("network", "tiny-upper")
    assert report["weights_sha256"] == report["models"][0]["sha256"] == models["upper"].card["sha256"]
    assert "More than 40 % of the frame" in report["check_result"]["reasons"][0]
    page = (tmp_path / "guessed" / "report.html").read_text(encoding="utf-8")
    assert models["upper"].card["sha256"] in page and "trained on nothing" in page
    assert not (tmp_path / "guessed" / "overlays").exists()
    chosen = tavi("segment", data / "a.dcm", *frames, "--output", tmp_path / "chosen", "--field-of-view", "lower")
    assert chosen["field_of_view"] == {"is": "lower", "by": "chosen"}
    assert "Next to no vessel was found in 2 of 2 frames" in chosen["check_result"]["reasons"][0]
    named = tavi("segment", data / "a.dcm", *frames, "--output", tmp_path / "named", "--model", models["lower"].folder)
    assert named["model"] == "tiny-lower"
    assert named["field_of_view"]["is"] == "lower"


def test_without_a_model_the_way_out_is_told(data, tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("TAVIFusionLib.vessel_finder.SHIPPED", tmp_path / "none")
    with pytest.raises(InputError, match="method vesselness"):
        tavi("segment", data / "a.dcm", "--output", tmp_path / "out")


def test_in_a_process_of_its_own(data, tmp_path):
    options = ("--output", tmp_path, "--method", "vesselness", "--frames", "0", "0", "--threads", "1")
    done = run_correspond("tavi", "segment", data / "a.dcm", *options, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["method"] == "vesselness (no network)"
    assert (tmp_path / "report.html").exists()
