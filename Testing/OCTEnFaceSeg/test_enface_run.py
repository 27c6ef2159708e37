"""From files to files through the command line: a small phantom eye, segmented by brightness."""

import csv
import json
import re

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import Cancelled, InputError, OutputError
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib.formats.reading import read_scan
from OCTEnFaceSegLib.formats.writing import write_scan
from OCTEnFaceSegLib.measures.table import UNCONFIRMED
from OCTEnFaceSegLib.results import read_mask, write_segmentation
from Testing.OCTEnFaceSeg.enface_examples import disc, layered, scan_of

RESULTS = ["bruch.nrrd", "mask.seg.nrrd", "measures.csv", "probability.nrrd", "report.html", "report.json", "settings.json"]
RESULTS += ["uncertainty.nrrd"]
SIZE = ("24", "160", "128")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two visits of a phantom, in a folder whose name holds a space and an umlaut."""
    folder = tmp_path_factory.mktemp("Netz haut ü")
    cli.run(["oct", "phantom", "--output", str(folder), "--size", *SIZE, "--seed", "4", "--visits", "2"], Progress())
    return folder


def command(data, output, *more):
    visit = data / "visit_1"
    fixed = ["oct", "segment", str(visit / "scan"), "--output", str(output), "--lesion", "ga", "--method", "hypertransmission"]
    return [*fixed, "--bruch", str(visit / "true_bruch.nrrd"), *more]


@pytest.fixture(scope="module")
def output(data):
    folder = data / "result"
    results = cli.run(command(data, folder, "--reference", str(data / "visit_1" / "true_mask.seg.nrrd")), Progress())
    assert sorted(path.name for path in folder.iterdir()) == RESULTS
    assert sorted(map(str, folder.iterdir())) == sorted(results["files"])
    return folder


@pytest.fixture(scope="module")
def report(output):
    return json.loads((output / "report.json").read_text(encoding="utf-8"))


def test_the_phantom_has_its_truth(data):
    truth = json.loads((data / "visit_2" / "truth.json").read_text())
    mask, image = read_mask(data / "visit_2" / "true_mask.seg.nrrd")
    area = mask.sum() * image.GetSpacing()[0] * image.GetSpacing()[2]
    assert area == pytest.approx(truth["ga_area_mm2"], rel=0.1)
    assert truth["years"] == 1


def test_the_images_lie_over_the_scan(data, output):
    volume = sitk.ReadImage(str(data / "visit_1" / "scan" / "volume.nrrd"))
    for name in ("probability", "uncertainty", "bruch", "mask.seg"):
        image = sitk.ReadImage(str(output / f"{name}.nrrd"))
        assert image.GetSize() == (128, 1, 24)
        assert image.GetSpacing()[1] == pytest.approx(volume.GetSpacing()[1] * 160)
        assert image.TransformIndexToPhysicalPoint((5, 0, 7))[::2] == pytest.approx(
            volume.TransformIndexToPhysicalPoint((5, 0, 7))[::2]
        )


def test_the_mask_on_disk_is_the_one_that_was_measured(output, report):
    mask, image = read_mask(output / "mask.seg.nrrd")
    assert mask.sum() * image.GetSpacing()[0] * image.GetSpacing()[2] == pytest.approx(report["measures"]["area_mm2"])
    with open(output / "measures.csv", encoding="utf-8") as file:
        rows = {(row["measure"], row["part"]): row for row in csv.DictReader(file)}
    assert float(rows["area_mm2", "all"]["value"]) == pytest.approx(report["measures"]["area_mm2"])
    assert rows["area_mm2", "all"]["unit"] == "mm2"


def test_the_report_says_what_it_is(output, report):
    assert report["method"] == "hypertransmission (no network)"
    assert report["model"] is None
    assert report["statement"] == "For research use only. Not for clinical use."
    assert report["scale"] == "mm"
    assert report["bruch"]["source"] == "given"
    assert "No network was used" in report["check_result"]["reasons"][0]
    assert report["agreement"]["graders"]["true_mask"]["dice"] > 0
    assert "scan" not in report["input"].get("name", "")
    page = (output / "report.html").read_text(encoding="utf-8")
    for text in ("hypertransmission (no network)", "For research use only", "Against true_mask", "Bruch&#x27;s membrane"):
        assert text in page
    assert page.count("data:image/png;base64,") == 3 + 2 + 2 + 1 + 3  # slabs, maps, SLO and FAF, grader, B-scans
    assert "http" not in re.sub(r'"data:[^"]*"', "", page)


def test_the_name_of_the_file_stands_in_the_report_on_demand_only(data, output, tmp_path):
    assert "name" not in json.loads((output / "report.json").read_text())["input"]
    cli.run(command(data, tmp_path, "--names-in-report", "--fovea", "12", "64"), Progress())
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["input"]["name"] == "scan"
    assert report["measures"]["fovea"]["source"] == "given"


def test_without_a_scale_every_figure_is_marked_until_it_is_given(tmp_path):
    volume, bruch = layered(lesion=disc((24, 128), (12, 64), 0.5))
    write_scan(scan_of(volume, metric=False, layers={"BM": bruch}), tmp_path / "scan")
    options = ["oct", "segment", str(tmp_path / "scan"), "--lesion", "ga", "--method", "hypertransmission", "--fovea", "12", "64"]
    results = cli.run([*options, "--output", str(tmp_path / "a")], Progress())
    assert results["scale"] == UNCONFIRMED
    assert results["check_result"]["reasons"][1].startswith("The scale is not confirmed")
    with open(tmp_path / "a" / "measures.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert (UNCONFIRMED in row["unit"]) == row["measure"].endswith(("_mm", "_mm2")), row
    page = (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    for heading in ("area", "perimeter", "from the fovea", "Area, mm²"):
        assert f"{heading} ({UNCONFIRMED})" in page
    mask = str(tmp_path / "a" / "mask.seg.nrrd")
    assert cli.run(["oct", "evaluate", mask, mask], Progress())["scale"] == UNCONFIRMED
    given = cli.run([*options, "--output", str(tmp_path / "b"), "--spacing", "0.0116", "0.0039", "0.12"], Progress())
    assert given["scale"] == "mm"
    assert UNCONFIRMED not in (tmp_path / "b" / "report.html").read_text(encoding="utf-8")


def test_a_network_is_named_with_its_weights(tmp_path, monkeypatch):
    import torch

    from CorrespondCoreLib.checkpoints import save_model
    from CorrespondCoreLib.models import ModelStore
    from OCTEnFaceSegLib.networks.fpn import FeatureProjectionNetwork

    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))
    torch.manual_seed(0)
    card = {"id": "net", "title": "untrained", "method": "fpn", "network": {"name": "fpn"}, "lesion": "rpd", "version": "1"}
    model = save_model(FeatureProjectionNetwork(), {**card, "input": {"above_mm": 0.2, "below_mm": 0.1}}, ModelStore())
    volume, bruch = layered((6, 100, 24))
    write_scan(scan_of(volume, layers={"BM": bruch}), tmp_path / "scan")
    options = ["--lesion", "rpd", "--model", "net", "--output", str(tmp_path / "out"), "--device", "cpu", "--threads", "1"]
    cli.run(["oct", "segment", str(tmp_path / "scan"), *options], Progress())
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["method"] == "network"
    assert report["model"] == report["models"][0]["id"] == "net"
    assert report["weights_sha256"] == model.card["sha256"]
    assert report["lesion"] == "rpd"
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Reticular pseudodrusen on OCT" in page
    assert model.card["sha256"] in page
    assert "hypertransmission" not in page.replace("'hypertransmission'", "").split("How it was made")[0]


def test_what_goes_wrong_leaves_nothing_behind(data, tmp_path, monkeypatch):
    def broken(*_):
        raise OutputError("The disk is full.")

    monkeypatch.setattr("OCTEnFaceSegLib.run.write_csv", broken)
    with pytest.raises(OutputError, match="full"):
        cli.run(command(data, tmp_path / "out"), Progress())
    assert not list(tmp_path.rglob("*.nrrd"))


def test_a_cancel_leaves_nothing_behind(data, tmp_path):
    steps = iter(range(1000))
    with pytest.raises(Cancelled):
        cli.run(command(data, tmp_path / "out"), Progress(cancelled=lambda: next(steps) > 12))
    assert not list(tmp_path.rglob("*.nrrd"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--fovea", "99", "3"), "outside of the scan"),
        (("--reference", "absent.nrrd"), "does not exist"),
        (("--threshold", "2"), "between 0 and 1"),
        (("--model", "some"), "uses no model"),
        (("--spacing", "11", "3.9", "120"), "micrometers"),
    ],
)
def test_wrong_options_are_explained(data, tmp_path, more, message):
    with pytest.raises(InputError, match=message):
        cli.run(command(data, tmp_path / "out", *more), Progress())


def test_a_circular_scan_is_refused(tmp_path):
    write_scan(scan_of(layered()[0], pattern="circle"), tmp_path / "scan")
    options = ["--lesion", "ga", "--method", "hypertransmission", "--output", str(tmp_path / "out")]
    with pytest.raises(InputError, match="covers no area"):
        cli.run(["oct", "segment", str(tmp_path / "scan"), *options], Progress())


def test_masks_are_compared_with_graders(data, output, tmp_path):
    true = str(data / "visit_1" / "true_mask.seg.nrrd")
    results = cli.run(["oct", "evaluate", str(output / "mask.seg.nrrd"), true, true, "--output", str(tmp_path)], Progress())
    graders = results["agreement"]["graders"]
    assert set(graders) == {"true_mask", "true_mask (2)"}
    report = json.loads((output / "report.json").read_text())
    assert graders["true_mask"]["dice"] == pytest.approx(report["agreement"]["graders"]["true_mask"]["dice"])
    assert results["agreement"]["between_graders"]["true_mask and true_mask (2)"]["dice"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["agreement.csv", "agreement.json"]
    other = scan_of(layered((20, 100, 128))[0])
    write_segmentation(other, {"ga": np.ones((20, 128), bool)}, tmp_path / "other.seg.nrrd")
    with pytest.raises(InputError, match="not of this scan"):
        cli.run(["oct", "evaluate", true, str(tmp_path / "other.seg.nrrd")], Progress())


def growth(data, output, *more):
    scans = [str(data / f"visit_{n}" / "scan") for n in (1, 2)]
    return cli.run(["oct", "growth", *scans, "--output", str(output), *more], Progress())


def test_growth_of_two_visits(data, tmp_path):
    masks = [str(data / f"visit_{n}" / "true_mask.seg.nrrd") for n in (1, 2)]
    results = growth(data, tmp_path, "--years", "0", "1", "--masks", *masks)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["difference_2.nrrd", "growth.csv", "growth.html", "growth.json"]
    truth = json.loads((data / "visit_1" / "truth.json").read_text())
    assert results["growth"]["overall"]["mm_per_year"] == pytest.approx(truth["growth_mm_per_year"], abs=0.05)
    report = json.loads((tmp_path / "growth.json").read_text())
    assert report["method"] == "external"
    assert report["visits"][0]["registration"] is None
    assert report["visits"][1]["registration"]["trusted"]
    assert "Change since the first visit" in (tmp_path / "growth.html").read_text(encoding="utf-8")
    with open(tmp_path / "growth.csv", encoding="utf-8") as file:
        assert [row["row"] for row in csv.DictReader(file)] == ["visit 1", "visit 2", "interval 1", "all visits"]


def test_growth_segments_visits_without_masks_in_the_order_of_their_dates(data, tmp_path):
    for n, day in ((1, "2024-03-01"), (2, "2023-03-01")):
        scan = read_scan(data / f"visit_{n}" / "scan")
        scan.visit_date = day
        write_scan(scan, tmp_path / f"{n}")
    scans = [str(tmp_path / "1"), str(tmp_path / "2")]
    cli.run(["oct", "growth", *scans, "--output", str(tmp_path / "out"), "--method", "hypertransmission"], Progress())
    report = json.loads((tmp_path / "out" / "growth.json").read_text())
    assert [visit["visit_date"] for visit in report["visits"]] == ["2023-03-01", "2024-03-01"]
    assert report["growth"]["overall"]["to_years"] == pytest.approx(366 / 365.25)
    assert report["method"] == "hypertransmission (no network)"
    for n, visit in enumerate(report["visits"], 1):
        mask, image = read_mask(tmp_path / "out" / f"mask_{n}.seg.nrrd")
        assert mask.sum() * image.GetSpacing()[0] * image.GetSpacing()[2] == pytest.approx(visit["area_mm2"])


def test_visits_of_different_eyes_are_told_and_not_compared(data, tmp_path):
    cli.run(["oct", "phantom", "--output", str(tmp_path / "other"), "--size", *SIZE, "--seed", "77"], Progress())
    folders = (data / "visit_1", tmp_path / "other" / "visit_1")
    scans = []
    for n, folder in enumerate(folders):
        scan = read_scan(folder / "scan")
        scan.eye = ""
        scans.append(str(write_scan(scan, tmp_path / f"scan{n}")))
    masks = [str(folder / "true_mask.seg.nrrd") for folder in folders]
    progress = Progress()
    command = ["oct", "growth", *scans, "--output", str(tmp_path / "out"), "--years", "0", "1", "--masks", *masks]
    results = cli.run(command, progress)
    assert "could not be registered" in progress.warnings[-1]
    assert "Not registered to the first visit: 2" in " ".join(results["check_result"]["reasons"])
    assert results["growth"]["common_field"] is None
    assert not (tmp_path / "out" / "difference_2.nrrd").exists()


def test_growth_needs_to_know_when_and_of_whom(data, tmp_path):
    with pytest.raises(InputError, match="--years"):
        growth(data, tmp_path, "--method", "hypertransmission")
    with pytest.raises(InputError, match="2 scans and 3 years"):
        growth(data, tmp_path, "--years", "0", "1", "2", "--method", "hypertransmission")
    scan = str(data / "visit_1" / "scan")
    with pytest.raises(InputError, match="two visits or more"):
        cli.run(["oct", "growth", scan, "--output", str(tmp_path), "--method", "hypertransmission"], Progress())
    volume, bruch = layered()
    for eye in ("R", "L"):
        write_scan(scan_of(volume, eye=eye, layers={"BM": bruch}), tmp_path / eye)
    eyes = [str(tmp_path / eye) for eye in "RL"]
    with pytest.raises(InputError, match="both eyes"):
        cli.run(["oct", "growth", *eyes, "--years", "0", "1", "--output", str(tmp_path / "out"), "--masks", "a", "b"], Progress())
