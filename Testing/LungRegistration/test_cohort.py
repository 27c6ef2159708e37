"""`correspond lung batch` on this computer: what is done, what is kept, what is said of failures, how it stops."""

import contextlib
import json
import os
import shutil
import time

import pytest

from CorrespondCoreLib import cli
from CorrespondCoreLib.cohorts.batch import Orders, run_cohort
from CorrespondCoreLib.cohorts.table import read_rows
from CorrespondCoreLib.cohorts.work import Outcome, without_names
from CorrespondCoreLib.errors import Cancelled, InputError, MissingPackage, OutputError, PartlyFailed
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.cohorts.kind import PAIRS
from LungRegistrationLib.settings import RegistrationSettings
from Testing.LungRegistration.cohort_examples import batch, table_rows, write_cohort, write_table


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Two pairs, of which one, of "Meier", has a moving image that is none; registered once: (table, output, error)."""
    folder = tmp_path_factory.mktemp("Kohorte ü")
    table = write_cohort(folder, 1, (32, 32, 32))
    bad = folder / "Meier_exp.nrrd"
    bad.write_text("no image")
    rows = table_rows(table)
    rows.insert(0, {**rows[0], "id": "bad", "moving": bad.name})
    write_table(table, rows)
    output = folder / "out"
    with pytest.raises(PartlyFailed) as error:
        cli.run(batch(table, output, "--workers", "2"), Progress())
    return table, output, str(error.value)


class Recorder:
    """A place that notes what it is asked to do, and does nothing."""

    def __init__(self, state="failed"):
        self.running, self.tasks, self.state = {}, [], state

    def start(self, tasks):
        self.tasks = self.left = list(tasks)

    def busy(self):
        return bool(self.left)

    def poll(self):
        self.left, ended = [], self.left
        return [Outcome(task.id, self.state, "only noted") for task in ended]


def copied(output, folder):
    return shutil.copytree(output, folder / "out")


def to_do(table, output, **options):
    """Ids of the pairs that a further call would register."""
    place = Recorder("cancelled")
    settings = RegistrationSettings.from_json(table.parent / "settings.json")
    with contextlib.suppress(PartlyFailed):  # what is only noted is not done
        rows = read_rows(PAIRS, table, {"fixed_is": "inspiration"})
        run_cohort(PAIRS, rows, output, lambda: place, Orders(settings.to_dict(), **options))
    return [task.id for task in place.tasks]


def test_a_failed_pair_stops_no_other_and_its_reason_is_told(cohort):
    table, output, error = cohort
    rows = {row["id"]: row for row in table_rows(output / "summary.csv")}
    assert [rows[name]["state"] for name in ("bad", "p1")] == ["failed", "done"]
    assert "Cannot read the moving volume" in rows["bad"]["reason"]
    assert "1 of 2 pairs failed" in error and "bad: Cannot read" in error
    assert "Cannot read the moving volume" in (output / "bad" / "failure.txt").read_text(encoding="utf-8")
    assert not list(output.glob(".partial*"))


def test_the_summary_has_the_figures_of_the_reports(cohort):
    _, output, _ = cohort
    _, row = table_rows(output / "summary.csv")
    report = json.loads((output / "p1" / "report.json").read_text(encoding="utf-8"))
    assert float(row["tre_before_mm"]) == pytest.approx(report["tre_mm"]["before"]["mean"], rel=1e-4)
    assert float(row["tre_mm"]) == pytest.approx(report["tre_mm"]["after"]["mean"], rel=1e-4)
    assert float(row["tre_mm"]) < 0.75 * float(row["tre_before_mm"])
    assert float(row["dice"]) == pytest.approx(report["overlap"]["lung"]["after"]["dice"], rel=1e-4)
    assert float(row["volume_change_percent"]) == pytest.approx(100 * (report["jacobian"]["lung"]["mean"] - 1), rel=1e-4)
    assert float(row["ventilation_median"]) > 0
    assert float(row["seconds"]) == pytest.approx(report["seconds"]["total"], rel=1e-4)
    assert 0.1 < float(row["memory_gb"]) < 100
    assert row["check"] == ("yes" if report["check_result"]["needed"] else "no")
    assert (output / row["report"]).is_file()


def test_the_page_links_the_reports_and_names_no_file(cohort):
    table, output, _ = cohort
    page = (output / "index.html").read_text(encoding="utf-8")
    assert 'href="p1/report.html"' in page
    assert 'href="bad/report.html"' not in page
    assert "2 pairs: 1 failed" in page and "Cannot read the moving volume" in page
    assert "1 of 2" in page
    for file in ("index.html", "summary.csv", "bad/failure.txt", "p1/report.json", "p1/finished.json"):
        text = (output / file).read_text(encoding="utf-8")
        assert "Meier" not in text and str(table.parent) not in text


def test_finished_pairs_are_kept_as_they_are_and_others_are_done(cohort, tmp_path):
    table, output = cohort[0], copied(cohort[1], tmp_path)
    times = {path: path.stat().st_mtime_ns for path in (output / "p1").iterdir()}
    assert to_do(table, output) == ["bad"]
    assert {path: path.stat().st_mtime_ns for path in (output / "p1").iterdir()} == times
    assert to_do(table, output, options=("--maps",)) == ["bad", "p1"]
    warped = output / "p1" / "warped.nrrd"
    content = warped.read_bytes()
    warped.write_bytes(content[:-1])
    assert to_do(table, output) == ["bad", "p1"]
    warped.write_bytes(content)
    assert to_do(table, output) == ["bad"]
    moving = table.parent / "scan1" / "moving.nrrd"
    facts = moving.stat()
    os.utime(moving, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1_000_000_000))
    assert to_do(table, output) == ["bad", "p1"]
    os.utime(moving, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_names_stand_in_the_summary_on_request_only(cohort, tmp_path):
    table, _, _ = cohort
    assert to_do(table, tmp_path, names=True) == ["bad", "p1"]
    rows = {row["id"]: row for row in table_rows(tmp_path / "summary.csv")}
    assert rows["bad"]["moving"] == "Meier_exp.nrrd"


def test_a_cancel_stops_what_runs_and_the_next_call_goes_on(cohort, tmp_path):
    table, _, _ = cohort
    output = tmp_path / "out"
    seen = []
    progress = Progress(show=lambda fraction, name: seen.append(name), cancelled=lambda: any("p1:" in name for name in seen))
    began = time.monotonic()
    with pytest.raises(Cancelled, match="0 of 2 pairs are done"):
        cli.run(batch(table, output), progress)
    assert time.monotonic() - began < 60
    assert [row["state"] for row in table_rows(output / "summary.csv")] == ["failed", "cancelled"]
    assert [path.name for path in output.glob("*/*")] == ["failure.txt"]
    assert not list(output.glob(".partial*"))
    assert to_do(table, output) == ["bad", "p1"]


def test_a_finished_cohort_needs_neither_torch_nor_a_cluster(cohort, tmp_path):
    table, output = cohort[0], copied(cohort[1], tmp_path)
    settings = RegistrationSettings.from_json(table.parent / "settings.json")
    finished = [row for row in read_rows(PAIRS, table, {"fixed_is": "inspiration"}) if row.id == "p1"]
    results = run_cohort(PAIRS, finished, output, lambda: pytest.fail("nothing is to be done"), Orders(settings.to_dict()))
    assert (results["done"], results["done_before"]) == (1, 1)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (["--workers", "0"], InputError, "1 or more"),
        (["--workers", "2", "--scheduler", "tcp://x:1"], InputError, "not allowed with"),
        (["--method", "nothing"], InputError, "'nothing' is unknown"),
        (["--method", "voxelmorph", "--model", "absent"], InputError, "absent"),
    ],
)
def test_what_cannot_work_is_said_before_the_work(cohort, tmp_path, options, kind, message):
    with pytest.raises(kind, match=message):
        cli.run(batch(cohort[0], tmp_path / "out", *options), Progress())


def test_an_output_that_is_a_file_is_refused(cohort, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="is a file"):
        cli.run(batch(cohort[0], tmp_path / "out"), Progress())


def test_without_distributed_the_message_says_what_to_install(cohort, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(MissingPackage, match="python -m pip install distributed"):
        cli.run(batch(cohort[0], tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1"), Progress())


def test_names_of_files_become_their_roles(cohort):
    files = read_rows(PAIRS, cohort[0])[0].files
    text = f"Cannot read {files['moving']} ({files['moving'].name}); see {files['moving'].parent}/notes"
    assert without_names(text, files) == "Cannot read <moving> (<moving>); see <folder>/notes"
