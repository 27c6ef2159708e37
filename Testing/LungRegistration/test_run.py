"""From files to files through the command line: a small phantom, registered with settings that take seconds."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import Cancelled, InputError, OutOfMemory, OutputError
from CorrespondCoreLib.metrics import dice
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.datasets import write_phantom
from LungRegistrationLib.formats.landmarks import read_landmarks
from LungRegistrationLib.formats.pair_files import Files, Wishes
from LungRegistrationLib.formats.pair_reading import read_pair
from LungRegistrationLib.geometry.displacement import displacement_at, jacobian_determinant, warp_image
from LungRegistrationLib.measures.tre import landmark_errors_mm
from LungRegistrationLib.settings import RegistrationSettings
from Testing.command import environment

ROUGH = {
    "preset": "fast",
    "search_cell_mm": [14.0],
    "search_step_mm": [7.0],
    "search_range_mm": [35.0],
    "levels": [{"feature_spacing_mm": 6.0, "control_spacing_mm": 20.0, "iterations": 4, "similarity": "mind"}],
    "keypoints": False,
    "field_spacing_mm": 5.0,
}
RESULTS = ["fixed_to_moving.nrrd", "jacobian.nrrd", "moving_to_fixed.nrrd", "report.html", "report.json", "settings.json"]
RESULTS += ["warped.nrrd"]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A phantom pair and rough settings, in a folder whose name holds a space and an umlaut."""
    folder = tmp_path_factory.mktemp("Atem zug ü")
    write_phantom(folder, (64, 56, 64), 6, Progress())
    (folder / "rough.json").write_text(json.dumps(ROUGH))
    return folder


def command(data: Path, output: Path, *more: str) -> list[str]:
    masks = [f"--{role}-mask={data / f'{role}_mask.nrrd'}" for role in ("fixed", "moving")]
    pair = ["lung", "register", str(data / "fixed.nrrd"), str(data / "moving.nrrd"), "--output", str(output)]
    return [*pair, "--settings", str(data / "rough.json"), "--device", "cpu", "--threads", "2", *masks, *more]


@pytest.fixture(scope="module")
def output(data) -> Path:
    """One run with landmarks and lobes."""
    folder = data / "result"
    lobes = [f"--{role}-lobes={data / f'{role}_lobes.nrrd'}" for role in ("fixed", "moving")]
    results = cli.run(command(data, folder, "--landmarks", str(data / "landmarks.csv"), *lobes), Progress())
    assert [Path(path).name for path in results["files"]] == RESULTS
    return folder


@pytest.fixture(scope="module")
def report(output) -> dict:
    return json.loads((output / "report.json").read_text(encoding="utf-8"))


def test_all_results_are_there_and_nothing_else(output):
    assert sorted(path.name for path in output.iterdir()) == RESULTS


def test_lungs_that_were_found_are_written(data, tmp_path):
    without = [option for option in command(data, tmp_path / "out") if "-mask=" not in option]
    cli.run(without, Progress())
    for role in ("fixed", "moving"):
        files = (tmp_path / f"out/{role}_lungs.nrrd", data / f"{role}_mask.nrrd")
        found, true = (sitk.GetArrayFromImage(sitk.ReadImage(str(file))) > 0 for file in files)
        assert dice(found, true) > 0.9


def test_the_field_on_disk_is_the_one_that_was_judged(data, output, report):
    field = sitk.ReadImage(str(output / "fixed_to_moving.nrrd"))
    assert field.GetMetaData("displacement field type") == "resampling"
    fixed_mm, moving_mm = read_landmarks(data / "landmarks.csv")
    errors = landmark_errors_mm(field, fixed_mm, moving_mm)
    assert errors.mean() == pytest.approx(report["tre_mm"]["after"]["mean"], abs=1e-3)
    assert report["tre_mm"]["after"]["mean"] < 0.75 * report["tre_mm"]["before"]["mean"]
    assert [p["after"] for p in report["tre_mm"]["landmarks"]] == pytest.approx(errors, abs=1e-3)
    fixed, moving = (sitk.ReadImage(str(data / f"{name}.nrrd")) for name in ("fixed", "moving"))
    warped, jacobian = (sitk.ReadImage(str(output / f"{name}.nrrd")) for name in ("warped", "jacobian"))
    assert np.array_equal(sitk.GetArrayFromImage(warped), sitk.GetArrayFromImage(warp_image(moving, field, fixed)))
    expected = sitk.GetArrayFromImage(jacobian_determinant(field, fixed))
    assert sitk.GetArrayFromImage(jacobian) == pytest.approx(expected, abs=1e-4)
    assert 100 * (expected <= 0).mean() == pytest.approx(report["folding_percent"]["everywhere"])


def test_the_inverse_field_leads_back(data, output, report):
    forward, backward = (sitk.ReadImage(str(output / f"{name}.nrrd")) for name in ("fixed_to_moving", "moving_to_fixed"))
    fixed_mm, _ = read_landmarks(data / "landmarks.csv")
    there = fixed_mm + displacement_at(forward, fixed_mm)
    assert np.linalg.norm(there + displacement_at(backward, there) - fixed_mm, axis=1).mean() < 0.2
    assert report["inverse_error_mm"]["mean"] < 0.2


def test_the_report_says_what_is_promised(report):
    for moment in ("before", "after"):
        assert {"mean", "std", "median", "p90", "max"} <= set(report["tre_mm"][moment])
    assert {"lung", "everywhere"} == set(report["folding_percent"])
    assert report["method"] == "search"
    assert report["model"] is report["weights_sha256"] is None
    assert report["statement"] == "For research use only. Not for clinical use."
    assert {"correspond", "python", "numpy", "SimpleITK", "torch"} <= set(report["versions"])
    assert report["device"] == "cpu"
    assert 0.1 < report["peak_memory_gb"] < 100
    stages = {name: seconds for name, seconds in report["seconds"].items() if name != "total"}
    assert "Reading" in stages
    assert len(stages) > 5
    assert report["seconds"]["total"] >= sum(stages.values())
    assert len([name for name in report["mechanics"] if name.startswith("lobe")]) == 5
    assert report["inputs"]["fixed_mask"] == "given"
    assert report["field"]["resampling_error_mm"] >= 0


def test_no_name_of_a_file_or_folder_is_told(data, output):
    for name in ("report.json", "report.html", "settings.json"):
        text = (output / name).read_text(encoding="utf-8")
        assert "moving.nrrd" not in text
        assert data.name not in text
        assert str(data.parent) not in text


def test_written_settings_repeat_the_run(output):
    assert RegistrationSettings.from_json(output / "settings.json") == RegistrationSettings.from_json(ROUGH)


def test_evaluating_the_written_field_gives_the_same_figures(data, output, report):
    pair = [str(data / "fixed.nrrd"), str(data / "moving.nrrd"), "--landmarks", str(data / "landmarks.csv")]
    masks = [f"--{role}-mask={data / f'{role}_mask.nrrd'}" for role in ("fixed", "moving")]
    inverse = ["--inverse", str(output / "moving_to_fixed.nrrd")]
    again = cli.run(["lung", "evaluate", str(output / "fixed_to_moving.nrrd"), *pair, *masks, *inverse], Progress())
    assert again["tre_mm"]["after"] == pytest.approx(report["tre_mm"]["after"])
    assert again["folding_percent"] == report["folding_percent"]
    assert again["jacobian"]["lung"] == pytest.approx(report["jacobian"]["lung"])
    assert again["inverse_error_mm"]["mean"] == pytest.approx(report["inverse_error_mm"]["mean"], rel=0.2)
    assert again["method"] == "external"


def test_evaluation_judges_a_transform_of_another_program_and_writes_maps(data, tmp_path):
    sitk.WriteTransform(sitk.TranslationTransform(3, (0.0, 0.0, 10.0)), str(tmp_path / "t.tfm"))
    pair = [str(data / "fixed.nrrd"), str(data / "moving.nrrd"), "--landmarks", str(data / "landmarks.csv")]
    out = tmp_path / "out"
    report = cli.run(["lung", "evaluate", str(tmp_path / "t.tfm"), *pair, "--output", str(out), "--maps"], Progress())
    fixed_mm, moving_mm = read_landmarks(data / "landmarks.csv")
    expected = np.linalg.norm(fixed_mm + [0, 0, 10] - moving_mm, axis=1)
    assert report["tre_mm"]["after"]["mean"] == pytest.approx(expected.mean(), rel=1e-5)
    assert report["jacobian"]["everywhere"]["mean"] == pytest.approx(1)
    names = {"adi", "sri", "prm", "jacobian_ventilation", "specific_gas_change", "expected_error", "stretch_1", "warped"}
    assert names <= {path.stem for path in out.iterdir()}


def test_the_native_grid_the_names_and_guiding_landmarks_on_request(data, tmp_path):
    wishes = ["--native-grid", "--names-in-report", "--use-landmarks", "--landmarks", str(data / "landmarks.csv")]
    cli.run(command(data, tmp_path / "out", *wishes), Progress())
    field, fixed = (sitk.ReadImage(str(p)) for p in (tmp_path / "out" / "fixed_to_moving.nrrd", data / "fixed.nrrd"))
    assert field.GetSize() == fixed.GetSize()
    assert field.GetSpacing() == pytest.approx(fixed.GetSpacing())
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["inputs"]["names"]["moving"] == "moving.nrrd"
    assert report["tre_mm"]["landmarks_used_in_fit"] is True


@pytest.mark.parametrize("when", [0.01, 0.2, 0.75, 0.9])
def test_a_cancelled_run_leaves_nothing(data, tmp_path, when):
    seen = [0.0]
    progress = Progress(show=lambda fraction, name: seen.append(fraction), cancelled=lambda: seen[-1] >= when)
    with pytest.raises(Cancelled):
        cli.run(command(data, tmp_path / "out"), progress)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_cancel_while_files_are_written_leaves_the_older_results(data, output, tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "report.json").write_text("the older report")
    seen = []
    pair = [str(data / "fixed.nrrd"), str(data / "moving.nrrd"), "--output", str(target)]
    progress = Progress(show=lambda fraction, name: seen.append((name, fraction)), cancelled=lambda: ("Writing", 0.95) in seen)
    with pytest.raises(Cancelled):
        cli.run(["lung", "evaluate", str(output / "fixed_to_moving.nrrd"), *pair], progress)
    assert [path.name for path in target.iterdir()] == ["report.json"]
    assert (target / "report.json").read_text() == "the older report"


def test_an_output_that_is_a_file_is_refused_before_the_work(data, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="is a file"):
        cli.run(command(data, tmp_path / "out"), Progress())
    assert (tmp_path / "out").read_text() == "a file"


def test_a_disk_without_room_is_refused_before_the_work(data, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    with pytest.raises(OutputError, match="has 0.00 GB left"):
        cli.run(command(data, tmp_path / "out"), Progress())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes to stand in for a full disk")
def test_a_disk_that_fills_up_while_writing_leaves_nothing(data, output, tmp_path):
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "from CorrespondCoreLib.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    pair = [str(data / "fixed.nrrd"), str(data / "moving.nrrd"), "--output", str(tmp_path / "out"), "--progress", "none"]
    environment_path = [p for p in sys.path if p.endswith(("CorrespondCore", "LungRegistration"))]
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {environment_path!r}\n{script}", "lung", "evaluate"]
        + [str(output / "fixed_to_moving.nrrd"), *pair],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == OutputError.exit_code, run.stderr
    assert "Cannot write" in run.stderr
    assert "Traceback" not in run.stderr
    assert not list((tmp_path / "out").glob("*"))


def test_too_little_memory_is_said_before_the_work(data, tmp_path, monkeypatch):
    monkeypatch.setattr("LungRegistrationLib.memory_need.available_memory_gb", lambda: 0.2)
    with pytest.raises(OutOfMemory, match="0.2 GB are free"):
        cli.run(command(data, tmp_path / "out"), Progress())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("moving.nrrd", "fixed.nrrd"), "are the same"),
        (("moving.nrrd", "absent.nrrd"), "does not exist"),
        (("moving.nrrd", "rough.json"), "Cannot read the moving volume"),
        (("moving_mask.nrrd", "landmarks.csv"), "Cannot read the moving mask"),
        (("rough.json", "landmarks.csv"), "not valid JSON"),
    ],
)
def test_bad_input_ends_with_a_message_and_its_exit_code(data, tmp_path, capsys, change, message):
    arguments = [part.replace(*change) if change[0] in part else part for part in command(data, tmp_path / "out")]
    assert cli.main([*arguments, "--progress", "none"]) == InputError.exit_code
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_help_imports_nothing_heavy_and_a_registration_neither_torch_nor_pydicom_before_it_needs_them():
    environment_path = [p for p in sys.path if p.endswith(("CorrespondCore", "LungRegistration"))]
    code = (
        f"import sys; sys.path[:0] = {environment_path!r}\n"
        "import LungRegistrationLib.cli\n"
        "assert not {'torch', 'pydicom', 'SimpleITK', 'scipy', 'numpy'} & set(sys.modules)\n"
        "import LungRegistrationLib.run, LungRegistrationLib.datasets\n"
        "import LungRegistrationLib.reports.page\n"
        "assert not {'torch', 'pydicom', 'scipy.stats'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_volumes_and_reference_pairs_are_imported(data, tmp_path):
    out = tmp_path / "out"
    results = cli.run(["lung", "import", "volume", str(data / "fixed.nrrd"), "--output", str(out)], Progress())
    assert [Path(path).name for path in results["files"]] == ["volume.nrrd"]
    with pytest.raises(InputError, match="Name the case"):
        cli.run(["lung", "import", "dirlab", str(data), "--output", str(out)], Progress())
    with pytest.raises(InputError, match="by its number"):
        cli.run(["lung", "import", "empire10", str(data), "--case", "one", "--output", str(out)], Progress())


def test_a_field_is_exported_for_empire10(data, output, tmp_path):
    field = str(output / "fixed_to_moving.nrrd")
    options = ["--fixed", str(data / "fixed.nrrd"), "--case", "4", "--output", str(tmp_path / "submission")]
    cli.run(["lung", "export", "empire10", field, *options], Progress())
    shift = sitk.ReadImage(str(tmp_path / "submission" / "04" / "defZ.mhd"))
    fixed = sitk.ReadImage(str(data / "fixed.nrrd"))
    point = fixed.TransformIndexToPhysicalPoint((30, 25, 28))
    expected = displacement_at(sitk.ReadImage(field), np.array([point]))[0, 2]
    assert shift.GetSize() == fixed.GetSize()
    assert shift[30, 25, 28] == pytest.approx(expected, abs=1e-3)


def test_a_phantom_on_a_real_scan_comes_from_the_command_line(data, tmp_path):
    source = ["--from", str(data / "fixed.nrrd"), "--lung-mask", str(data / "fixed_mask.nrrd")]
    results = cli.run(["lung", "phantom", "--output", str(tmp_path / "out"), "--seed", "2", *source], Progress())
    names = {Path(path).stem for path in results["files"]}
    assert {"fixed", "moving", "fixed_mask", "moving_mask", "true_fixed_to_moving", "true_jacobian", "landmarks"} <= names
    field = sitk.ReadImage(str(tmp_path / "out" / "true_fixed_to_moving.nrrd"))
    assert landmark_errors_mm(field, *read_landmarks(tmp_path / "out" / "landmarks.csv")).mean() < 0.5


def test_reading_a_pair_with_lobes_alone_makes_them_the_lungs(data):
    files = Files(data / "fixed.nrrd", data / "moving.nrrd", fixed_lobes=data / "fixed_lobes.nrrd")
    pair, initial = read_pair(files, Wishes(), Progress())
    assert initial is None
    lobes, mask = (sitk.GetArrayFromImage(image) for image in (pair.fixed_lobes, pair.fixed_mask))
    assert np.array_equal(mask != 0, lobes != 0)
    assert pair.moving_mask is None


def test_the_search_needs_no_safetensors_and_what_the_panel_asks_of_models_needs_no_torch():
    """Slicer installs both only when they are needed."""
    code = "import sys\nsys.modules['safetensors'] = None\nimport LungRegistrationLib.pipeline\nassert 'torch' in sys.modules\n"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, env=environment())
    code = (
        "import sys\n"
        "from LungRegistrationLib.learned.models import installed, plan\n"
        "from LungRegistrationLib.learned.network_memory import needed_network_gb\n"
        "from LungRegistrationLib.settings import RegistrationSettings\n"
        "network = {'model': 'untrained', 'instance_optimization': 'weights'}\n"
        "found = plan(RegistrationSettings(method='rrn', network=network), False)\n"
        "assert installed('rrn') is not None and needed_network_gb('rrn', found.kind.size_xyz, 'weights') > 1\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, env=environment())
