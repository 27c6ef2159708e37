"""The command `correspond lung benchmark` on phantoms in the layouts of DIR-Lab and EMPIRE10."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import Cancelled, InputError, PartlyFailed
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.benchmarks import child, fit_together, run, submission
from Testing.LungRegistration import training_examples
from Testing.LungRegistration.benchmark_examples import (
    LANDMARKS,
    OwnProcess,
    quick_settings,
    set_initial_errors,
    small_tables,
    write_dirlab,
    write_empire10,
)
from Testing.LungRegistration.cohort_examples import QUICK


@pytest.fixture(autouse=True)
def small(monkeypatch):
    small_tables(monkeypatch)


@pytest.fixture
def process(monkeypatch) -> OwnProcess:
    """Cases that take no time: their reports know the landmarks alone."""
    stand_in = OwnProcess()
    monkeypatch.setattr(run, "run_task", stand_in)
    return stand_in


@pytest.fixture(scope="module")
def three_cases(tmp_path_factory) -> tuple[Path, dict[str, float]]:
    """Three cases as COPDgene's download holds them, and the initial errors of their landmarks."""
    folder = tmp_path_factory.mktemp("copd")
    return folder, {f"copd{n}": write_dirlab(folder, f"copd{n}", n) for n in (1, 2, 3)}


@pytest.fixture
def copd(tmp_path, monkeypatch, three_cases) -> Path:
    """A copy of the three cases, and tables that expect their landmarks."""
    set_initial_errors(monkeypatch, "dirlab-copd", initial_tre_mm=three_cases[1], landmarks=LANDMARKS)
    return Path(shutil.copytree(three_cases[0], tmp_path / "data ü"))


def benchmark(data: Path, output: Path, *more: str, protocol: str = "dirlab-copd", progress: Progress | None = None) -> dict:
    command = ["lung", "benchmark", protocol, str(data), "--output", str(output), "--device", "cpu", "--threads", "1", *more]
    return cli.run(command, progress or Progress())


def test_all_cases_stand_beside_the_papers(copd, tmp_path, process):
    progress = Progress()
    record = benchmark(copd, tmp_path / "out", progress=progress)
    assert process.registered == ["copd1", "copd2", "copd3"]
    (warning,) = progress.warnings
    assert warning.startswith("Left out. Nothing was found of copd4, copd5, copd6, copd7, copd8, copd9, copd10. ")
    assert record["summary"]["cases"] == 3
    assert [row["method"] for row in record["published"]][-1] == "RRN"
    assert record["summary"]["landmarks"]["after"]["count"] == 3 * LANDMARKS
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").open(encoding="utf-8")))
    assert [row["case"] for row in rows] == ["copd1", "copd2", "copd3", "mean", "std"]
    assert float(rows[3]["tre_mm"]) == pytest.approx(np.mean([float(row["tre_mm"]) for row in rows[:3]]), abs=1e-4)
    assert float(rows[0]["tre_mm"]) != float(rows[0]["snapped_tre_mm"])
    assert json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["rows"] == record["rows"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<td>RRN</td><td>0.83</td><td>0.15</td><td>0.80</td><td>1.21</td>" in page
    mean, std, first, *_ = (float(rows[k]["snapped_tre_mm"]) for k in (3, 4, 0))
    assert f"<td>search, preset default: snapped</td><td>{mean:.2f}</td><td>{std:.2f}</td><td>{first:.2f}</td>" in page
    assert "fitted, without landmarks, to the ten pairs that it was then judged on" in page
    assert "arXiv:2106.07608" in page
    assert all(Path(path).is_file() for path in record["files"])


def test_finished_cases_are_kept_until_settings_or_files_change(copd, tmp_path, process):
    benchmark(copd, tmp_path / "out", "--cases", "1", "2")
    benchmark(copd, tmp_path / "out", "--cases", "1", "2", "3")
    assert process.registered == ["copd1", "copd2", "copd3"]
    listed = copd / "copd2" / "copd2_300_eBH_xyz_r1.txt"
    lines = listed.read_text().splitlines()
    listed.write_text("\n".join([lines[1], lines[0], *lines[2:]]) + "\n")
    progress = Progress()
    benchmark(copd, tmp_path / "out", progress=progress)
    assert process.registered[3:] == ["copd2"]
    assert any(warning.startswith("copd2: the landmarks are ") for warning in progress.warnings)
    benchmark(copd, tmp_path / "out", "--preset", "fast")
    assert process.registered[4:] == ["copd1", "copd2", "copd3"]


def test_a_case_that_fails_stops_no_other_and_is_tried_again(copd, tmp_path, process):
    process.fail = {"copd2": "Memory does not suffice."}
    with pytest.raises(PartlyFailed, match="1 of 3 cases failed.*copd2: Memory does not suffice"):
        benchmark(copd, tmp_path / "out")
    rows = {row["case"]: row for row in csv.DictReader((tmp_path / "out" / "results.csv").open(encoding="utf-8"))}
    assert (rows["copd2"]["state"], rows["copd2"]["reason"], rows["copd2"]["tre_mm"]) == (
        "failed",
        "Memory does not suffice.",
        "",
    )
    assert float(rows["copd3"]["tre_mm"]) > 0
    assert "Memory does not suffice." in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    process.fail = {}
    record = benchmark(copd, tmp_path / "out")
    assert process.registered == ["copd1", "copd2", "copd3", "copd2"]
    assert record["summary"]["failed"] == []


def test_a_run_of_which_nothing_is_left_says_so_and_leaves_a_page(copd, tmp_path, process):
    process.fail = {f"copd{n}": "Broken." for n in (1, 2, 3)}
    with pytest.raises(PartlyFailed, match="3 of 3 cases failed"):
        benchmark(copd, tmp_path / "out")
    assert "Broken." in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_cancel_says_how_to_go_on(copd, tmp_path, process):
    progress = Progress(cancelled=lambda: "copd2" in process.registered)
    with pytest.raises(Cancelled, match="Finished cases are kept: start again with the same output folder"):
        benchmark(copd, tmp_path / "out", progress=progress)
    benchmark(copd, tmp_path / "out")
    assert process.registered.count("copd1") == 1


def test_wrong_folders_missing_and_truncated_files_are_explained(copd, tmp_path, process):
    with pytest.raises(InputError, match="There is no folder"):
        benchmark(tmp_path / "absent", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="No case of DIR-Lab COPDgene is complete.*in any subfolder: copd1_iBHCT.img"):
        benchmark(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(InputError, match="No case of DIR-Lab 4DCT is complete.*case1_T00_s.img"):
        benchmark(copd, tmp_path / "out", protocol="dirlab-4dct")
    with pytest.raises(InputError, match="asked for cannot be used. Nothing was found of copd4"):
        benchmark(copd, tmp_path / "out", "--cases", "1", "4")
    (copd / "copd3" / "copd3_eBHCT.img").write_bytes(b"\0" * 100)
    (copd / "copd1" / "copd1_300_eBH_xyz_r1.txt").unlink()
    progress = Progress()
    benchmark(copd, tmp_path / "out", progress=progress)
    assert process.registered == ["copd2"]
    assert "copd1: no file copd1_300_eBH_xyz[_r1].txt." in progress.warnings[0]
    assert "copd3: copd3_eBHCT.img has 100 bytes" in progress.warnings[0]
    (copd / "copd2" / "copd2_300_iBH_xyz_r1.txt").write_text("1 2\n")
    with pytest.raises(PartlyFailed, match="1 of 1 cases failed.*each line must have three voxel numbers"):
        benchmark(copd, tmp_path / "out")


def test_4dct_has_standard_deviations_over_landmarks(tmp_path, monkeypatch, process):
    errors = {f"4dct{n}": write_dirlab(tmp_path / "data", f"4dct{n}", n) for n in (1, 2)}
    set_initial_errors(monkeypatch, "dirlab-4dct", initial_tre_mm=errors, landmarks=LANDMARKS)
    record = benchmark(tmp_path / "data", tmp_path / "out", protocol="dirlab-4dct")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    row = record["rows"][0]
    means, first = record["summary"], f"{row['tre_mm']:.2f} ± {row['tre_std_mm']:.2f}"
    both = f"<td>{means['mean']['tre_mm']:.2f}</td><td>{means['landmarks']['after']['std']:.2f}</td>"
    assert f"<td>search, preset default: continuous</td>{both}<td>0.5 %</td><td>–</td><td>{first}</td>" in page
    assert "<td>VIRNet</td><td>1.14</td><td>0.76</td><td>&lt; 0.0005 %</td><td>0.75 s</td><td>0.99 ± 0.47</td>" in page


def test_runs_are_compared(copd, tmp_path, process):
    benchmark(copd, tmp_path / "first")
    record = benchmark(copd, tmp_path / "second", "--compare", str(tmp_path / "first"))
    assert {(row["other"], row["of"]) for row in record["comparisons"]} == {
        ("first", "errors of landmarks"),
        ("first", "mean errors of cases"),
    }
    assert all(row["p"] == 1 for row in record["comparisons"])
    assert "this run against first" in (tmp_path / "second" / "report.html").read_text(encoding="utf-8")
    shutil.move(tmp_path / "second", tmp_path / "again" / "first")
    both = [str(tmp_path / "first"), str(tmp_path / "again" / "first")]
    assert {row["other"] for row in benchmark(copd, tmp_path / "third", "--compare", *both)["comparisons"]} == set(both)
    with pytest.raises(InputError, match="is a run of dirlab-copd, not of dirlab-4dct"):
        benchmark(copd, tmp_path / "fourth", "--compare", str(tmp_path / "first"), protocol="dirlab-4dct")
    with pytest.raises(InputError, match="is not the output folder of a benchmark"):
        benchmark(copd, tmp_path / "third", "--compare", str(copd))


def own_process(command: list[str], title: str, progress: Progress) -> dict:
    return cli.run(command, progress)


def test_empire10_writes_the_submission(tmp_path, monkeypatch, process):
    for number in (1, 7):
        write_empire10(tmp_path / "data", number, number)

    def register(task, threads, show=None):
        outcome = process(task, threads, show)
        parts = [sitk.Image([9, 9, 9], sitk.sitkFloat64) + value for value in (1.0, -2.0, 3.0 + int(task.id))]
        field = sitk.Compose(parts)
        field.SetSpacing([50.0] * 3)
        sitk.WriteImage(field, str(task.folder / "fixed_to_moving.nrrd"))
        return outcome

    monkeypatch.setattr(run, "run_task", register)
    monkeypatch.setattr(submission, "run_in_child", own_process)
    record = benchmark(tmp_path / "data", tmp_path / "out", "--cases", "1", "7", protocol="empire10")
    assert process.registered == ["01", "07"]
    folder = tmp_path / "out" / "submission"
    assert sorted(path.name for path in folder.iterdir()) == ["01", "07"]
    fixed = sitk.ReadImage(str(tmp_path / "data" / "scans" / "07_Fixed.mhd"))
    for axis, value in zip("XYZ", (1.0, -2.0, 10.0), strict=True):
        component = sitk.ReadImage(str(folder / "07" / f"def{axis}.mhd"))
        assert component.GetSize() == fixed.GetSize()
        assert component.GetSpacing() == fixed.GetSpacing()
        assert np.unique(sitk.GetArrayFromImage(component)) == pytest.approx([value])
    assert any("https://empire10.grand-challenge.org" in note for note in record["notes"])
    assert record["summary"]["dice30"] == 0.9
    assert record["published"][1]["Landmarks mm"] == 1.01
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<td>VIRNet</td><td>0.07</td><td>0.09</td><td>1.01</td><td>0.02</td>" in page


def test_empire10_pairs_that_are_not_whole_are_told(tmp_path, process):
    write_empire10(tmp_path / "data", 2, 2)
    (tmp_path / "data" / "lungMasks" / "02_Moving.mhd").unlink()
    (tmp_path / "data" / "scans" / "02_Fixed.raw").unlink()
    with pytest.raises(InputError, match="02: no file lungMasks/02_Moving.mhd; no file 02_Fixed.raw beside 02_Fixed.mhd"):
        benchmark(tmp_path / "data", tmp_path / "out", protocol="empire10")


@pytest.fixture
def narrow_rrn(tmp_path, monkeypatch) -> None:
    """RRN with few channels in place of the paper's configuration; its training runs in this process."""
    path = tmp_path / "narrow.json"
    path.write_text(json.dumps({**training_examples.RRN, "size": [48, 48, 48]}))
    monkeypatch.setitem(fit_together.CONFIGS, "rrn", path)
    monkeypatch.setattr(fit_together, "run_in_child", own_process)


def test_one_network_is_fitted_to_all_pairs_together(copd, tmp_path, process, narrow_rrn):
    command = ["--method", "rrn", "--instance-optimization", "weights", "--fit-together", "--steps", "2", "--cases", "1", "2"]
    record = benchmark(copd, tmp_path / "out", *command)
    card = json.loads(next((tmp_path / "out").glob("fit-together/models/*/card.json")).read_text())
    config = json.loads((tmp_path / "out" / "fit-together" / "config.json").read_text())
    assert (card["training"]["steps"], config["validate_every"], config["data"]["validation"]) == ([2], 0, [])
    assert config["data"]["folder"] == str(tmp_path / "out" / "pairs")
    assert [task.settings["network"]["instance_optimization"] for task in process.tasks] == ["none", "none"]
    assert {task.common["weights_sha256"] for task in process.tasks} == {card["sha256"]}
    assert any("This run is of the same kind" in note for note in record["notes"])
    changed = next((tmp_path / "out").glob("fit-together/models/*/weights.safetensors")).stat().st_mtime_ns
    benchmark(copd, tmp_path / "out", *command)
    assert next((tmp_path / "out").glob("fit-together/models/*/weights.safetensors")).stat().st_mtime_ns == changed
    assert process.registered == ["copd1", "copd2"]
    started = next((tmp_path / "out").glob("fit-together/models/*"))
    more = ["--method", "rrn", "--model", str(started), "--fit-together", "--steps", "1", "--cases", "1", "2"]
    benchmark(copd, tmp_path / "further", *more)
    further = json.loads(next((tmp_path / "further").glob("fit-together/models/*/card.json")).read_text())
    assert further["training"]["config"]["model"] == card["id"]
    assert further["training"]["config"]["network"] == training_examples.RRN["network"]
    assert further["sha256"] != card["sha256"]


def test_what_cannot_be_fitted_together_is_refused(copd, tmp_path, process):
    with pytest.raises(InputError, match="Only networks can be fitted"):
        benchmark(copd, tmp_path / "out", "--fit-together")
    with pytest.raises(InputError, match="one of the weights, not of the field"):
        benchmark(copd, tmp_path / "out", "--fit-together", "--method", "rrn", "--instance-optimization", "field")
    with pytest.raises(InputError, match='There is no model "mine"'):
        benchmark(copd, tmp_path / "out", "--fit-together", "--method", "rrn", "--model", "mine")


def test_a_child_gives_its_results_or_its_reason(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        child.run_in_child(
            ["lung", "import", "dirlab", str(tmp_path / "x"), "--case", "copd1", "--output", str(tmp_path)], "t", Progress()
        )


@pytest.mark.slow
def test_the_whole_command_with_child_processes(copd, tmp_path, monkeypatch):
    settings = ["--settings", str(quick_settings(tmp_path)), "--cases", "1", "2"]
    search = benchmark(copd, tmp_path / "search", *settings)
    assert search["summary"]["mean"]["tre_mm"] < 0.7 * search["summary"]["mean"]["initial_tre_mm"]
    assert search["summary"]["mean"]["dice"] > search["summary"]["mean"]["dice_before"]
    narrow = tmp_path / "narrow.json"
    narrow.write_text(json.dumps(training_examples.VOXELMORPH))
    monkeypatch.setitem(fit_together.CONFIGS, "voxelmorph", narrow)
    (tmp_path / "quick.json").write_text(json.dumps({**QUICK, "smoothing_mm": 12.0}))  # a rough field takes a fine grid
    command = ["--method", "voxelmorph", "--fit-together", "--steps", "60", "--compare", str(tmp_path / "search")]
    together = benchmark(copd, tmp_path / "together", *settings, *command)
    assert together["summary"]["mean"]["tre_mm"] < 0.95 * together["summary"]["mean"]["initial_tre_mm"]
    assert {row["other"] for row in together["comparisons"]} == {"search"}
    report = json.loads((tmp_path / "together" / "cases" / "copd1" / "report.json").read_text(encoding="utf-8"))
    assert report["model"] == report["settings"]["network"]["model"]
    assert str(tmp_path) not in json.dumps(report)
