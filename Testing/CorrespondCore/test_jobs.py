"""Long work in a child process that a launcher starts: progress, cancel, and a true answer whatever happens to the child."""

import json
import logging
import shutil
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import pytest

from CorrespondCoreLib import jobs
from CorrespondCoreLib.errors import Cancelled, CorrespondError, InputError, OutOfMemory, OutputError
from CorrespondCoreLib.jobs import Job, new_job_folder
from CorrespondCoreLib.launchers import launch_in_slicer, launch_in_thread
from CorrespondCoreLib.processes import ProcessWatch, kill

HERE = Path(__file__).resolve().parent
STANDIN = HERE / "standin"


def launch(args, on_line, on_exit):
    """As PythonSlicer does: a launcher whose child is the interpreter."""
    return launch_in_thread([sys.executable, str(HERE / "launcher.py"), *args[1:]], on_line, on_exit)


def start(command, output, paths=(STANDIN,), seconds=0.3, **options):
    job = Job(
        ["tavi", command, "--output", output, "--seconds", str(seconds)],
        paths=paths,
        launch=launch,
        python=sys.executable,
        **options,
    )
    job.start()
    return job


def finish(job, within=30):
    assert job.wait(within), "the job did not finish"
    return job


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_work_is_done_with_progress_and_files(tmp_path):
    seen, ended = [], []
    job = start(
        "work",
        tmp_path,
        on_progress=lambda j: seen.append((j.percent, j.stage, list(j.warnings))),
        on_finished=lambda j: ended.append((j.state, j.folder.is_dir())),
    )
    assert job.state == "running"
    finish(job)
    assert ended == [("done", True)], "finished is said once, while the job folder is there"
    assert job.error is None and not job.folder.exists()
    assert job.results["nan"] is None
    assert (tmp_path / "result.txt").read_text().split() == [str(i) for i in range(10)]
    percents = [percent for percent, _, _ in seen]
    assert percents == sorted(percents) and percents[0] == 0 and percents[-1] == 100
    assert list(dict.fromkeys(stage for _, stage, _ in seen)) == ["First half", "Second half"]
    assert job.warnings == ["The lungs were not found, größer"]


def test_all_points_of_a_curve_arrive_in_order_and_few_lines_carry_them(tmp_path):
    seen = []
    job = finish(start("draw", tmp_path, on_progress=lambda j: seen.append(len(j.points))))
    assert job.error is None
    assert job.points == [{"step": i, "loss": 1 / (i + 1)} for i in range(200)]
    assert seen[-1] == 200 and len(set(seen)) < 50


def test_remaining_time_falls(tmp_path):
    left = []
    finish(start("work", tmp_path, seconds=3.0, on_progress=lambda j: left.append(j.remaining_s)))
    known = [seconds for seconds in left if seconds is not None]
    assert known and all(0 <= seconds < 4 for seconds in known)
    assert known[-1] == 0 and known[0] > known[-1]


def test_paths_with_spaces_and_letters_of_other_alphabets(tmp_path):
    library = tmp_path / "Ünïcode bibliothèque 肺"
    shutil.copytree(STANDIN, library)
    job = finish(
        start(
            "work", tmp_path / "résultats d'été 🫁", paths=[library], folder=new_job_folder(tmp_path / "Ünïcode bibliothèque 肺")
        )
    )
    assert job.state == "done", job.error
    assert (tmp_path / "résultats d'été 🫁" / "result.txt").is_file()


def test_explained_errors_arrive_as_they_were_raised(tmp_path):
    job = finish(start("refuse", tmp_path))
    assert job.state == "failed"
    assert type(job.error) is InputError and str(job.error) == "The image is flat, größer. Choose another."


def test_a_bug_is_reported_with_the_last_lines(tmp_path):
    job = finish(start("stumble", tmp_path))
    assert job.state == "failed" and "KeyError" in str(job.error)
    assert "about to stumble" in job.log_tail() and "no such key" in job.log_tail(2)


def test_a_wrong_command_line_is_an_input_error(tmp_path):
    job = finish(start("no-such-command", tmp_path))
    assert type(job.error) is InputError and "no-such-command" in str(job.error)


def test_an_interpreter_that_is_not_there(tmp_path):
    job = Job(["devices"], python=str(tmp_path / "no python"), launch=launch_in_thread)
    with pytest.raises(CorrespondError, match="cannot be started"):
        job.start()
    assert job.state == "failed" and not job.folder.exists()


@pytest.mark.parametrize("command", ["vanish", "forget"])
def test_a_child_that_is_gone_without_a_word_is_a_failure(command, tmp_path):
    """Whatever its exit code says: forget leaves with 0, and the launcher hides the signal of vanish."""
    job = finish(start(command, tmp_path))
    assert job.state == "failed" and "memory" in str(job.error)
    assert command == "forget" or "about to vanish" in job.log_tail()


def test_rubbish_on_the_output_disturbs_nothing(tmp_path):
    job = finish(start("babble", tmp_path))
    assert job.state == "done", job.error
    assert job.percent == 100 and job.warnings == ["The lungs were not found, größer"]


def test_results_that_lost_bytes_are_not_results(tmp_path):
    job = finish(start("truncate", tmp_path))
    assert job.state == "failed" and isinstance(job.error, OutputError) and "result.txt" in str(job.error)


def test_cancel_stops_the_work_and_leaves_no_half_files(tmp_path):
    """At any moment: before the child is up, in the first stage, while the file is being written."""
    for when in (lambda job: True, lambda job: job.stage == "First half", lambda job: job.stage == "Second half"):
        output = tmp_path / "out"
        output.mkdir(exist_ok=True)
        job = start("work", output, seconds=4.0)
        wait_for(lambda job=job, when=when: when(job))
        began = time.monotonic()
        job.cancel()
        finish(job)
        assert job.state == "cancelled" and isinstance(job.error, Cancelled)
        assert time.monotonic() - began < 3, "it stopped by itself, without being killed"
        assert list(output.iterdir()) == [] and not job.folder.exists()


def test_cancel_of_a_child_that_does_not_listen(tmp_path, monkeypatch):
    """A hanging child, and one that lets none of its threads run: both are killed by their own id, not the launcher's."""
    monkeypatch.setattr(jobs, "GRACE_S", 0.5)
    for command, stage in (("hang", "Hanging"), ("grip", "Gripping")):
        job = start(command, tmp_path)
        wait_for(lambda job=job, stage=stage: job.stage == stage)
        watch = ProcessWatch(job._pid)
        job.cancel()
        finish(job, within=5)
        assert job.state == "cancelled" and not watch.alive()


def test_cancel_before_the_child_has_told_its_id(tmp_path, monkeypatch):
    """The launcher is killed, its child lives on, says its id, and is killed then."""
    monkeypatch.setattr(jobs, "GRACE_S", 0.0)
    slow = "import runpy, sys, time; time.sleep(1.5); sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"

    def launch_slowly(args, on_line, on_exit):
        return launch_in_thread([sys.executable, str(HERE / "launcher.py"), "-c", slow, *args[1:]], on_line, on_exit)

    job = Job(["tavi", "hang"], paths=[STANDIN], launch=launch_slowly, python=sys.executable)
    job.start()
    time.sleep(0.7)
    job.cancel()
    finish(job, within=10)
    assert job.state == "cancelled"
    assert job._pid is not None
    wait_for(lambda: not ProcessWatch(job._pid).alive())  # its output ends a moment before the process does


class Spoken:
    """A launcher of a child that says what the test says."""

    def __call__(self, args, on_line, on_exit):
        self.say, self.end = on_line, on_exit
        return self

    def kill(self):
        raise AssertionError("the child is gone")


@pytest.mark.parametrize("said", [lambda own: own, lambda own: 0], ids=["its id", "that of its group"])
def test_a_child_that_ends_while_it_is_cancelled_is_not_killed_afterwards(said, monkeypatch):
    """Its id may be another process's by then, and 0 is every process of the group."""
    monkeypatch.setattr(jobs, "GRACE_S", 0.05)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    child = Spoken()
    job = Job(["tavi", "work"], launch=child)
    job.start()
    child.say(json.dumps({"event": "started", "pid": said(other.pid)}))
    monkeypatch.setattr(job, "_kill_later", lambda later=job._kill_later: (child.end(0), later()))
    job.cancel()
    assert job.wait(5)
    job._timer.join(5)
    assert other.poll() is None
    other.kill()
    other.wait()


def test_several_jobs_at_once_do_not_disturb_each_other(tmp_path):
    many = [start("work", tmp_path / str(i), seconds=1.5) for i in range(3)]
    assert len({job.folder for job in many}) == 3
    wait_for(lambda: many[1].percent > 0)
    many[1].cancel()
    assert [finish(job).state for job in many] == ["done", "cancelled", "done"]
    assert len({job.results["pid"] for job in (many[0], many[2])}) == 2
    assert (tmp_path / "2" / "result.txt").is_file() and not (tmp_path / "1" / "result.txt").exists()


def test_a_display_that_raises_does_not_stop_the_job(tmp_path, caplog):
    def show(job):
        raise ValueError("no such label")

    with caplog.at_level(logging.ERROR):
        assert finish(start("work", tmp_path, on_progress=show)).state == "done"
    assert "no such label" in caplog.text


def test_a_job_starts_once_and_a_finished_one_cannot_be_cancelled(tmp_path):
    job = finish(start("work", tmp_path))
    with pytest.raises(RuntimeError):
        job.start()
    job.cancel()
    assert job.state == "done"


PARENT = """
import sys, time
from pathlib import Path
sys.path[:0] = [{core!r}, {root!r}]
from Testing.CorrespondCore.test_jobs import start
job = start({command!r}, Path({output!r}), seconds=20)
while job.percent == 0 and job.stage != "Hanging":
    time.sleep(0.02)
print(job._pid, job.folder, flush=True)
time.sleep(60)
"""


def orphan(command, output):
    """Start a parent with a job, kill the parent; the child's watch and the job folder."""
    root = HERE.parents[1]
    text = PARENT.format(core=str(root / "CorrespondCore"), root=str(root), command=command, output=str(output))
    parent = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, encoding="utf-8")
    with parent:
        pid, folder = parent.stdout.readline().strip().split(" ", 1)
        watch = ProcessWatch(int(pid))
        assert watch.alive() and Path(folder).is_dir()
        kill(parent.pid)
    return watch, Path(folder)


def test_the_child_stops_and_tidies_up_when_its_parent_dies(tmp_path):
    watch, folder = orphan("work", tmp_path)
    wait_for(lambda: not watch.alive(), seconds=4)
    assert not folder.exists() and list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_hanging_child_stops_too_when_its_parent_dies(tmp_path):
    watch, folder = orphan("hang", tmp_path)
    wait_for(lambda: not watch.alive(), seconds=10)
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit on Windows")
def test_memory_that_the_system_refuses_is_explained(tmp_path):
    job = finish(start("swallow-memory", tmp_path))
    assert type(job.error) is OutOfMemory and "Memory does not suffice" in str(job.error)


@pytest.mark.slow
def test_the_real_grace_of_five_seconds(tmp_path):
    job = start("grip", tmp_path)
    wait_for(lambda: job.stage == "Gripping")
    began = time.monotonic()
    job.cancel()
    finish(job)
    assert 4.5 < time.monotonic() - began < 8


def test_in_slicer_the_callbacks_come_on_the_main_thread_by_its_timer(tmp_path, monkeypatch):
    """With slicer.util.launchConsoleProcess itself; only Qt's timer is imitated."""
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    due = []
    qt = types.ModuleType("qt")
    qt.QTimer = types.SimpleNamespace(singleShot=lambda milliseconds, function: due.append(function))
    monkeypatch.setitem(sys.modules, "qt", qt)
    threads, ended = set(), []

    def launch_launcher(args, on_line, on_exit):
        return launch_in_slicer([sys.executable, str(HERE / "launcher.py"), *args[1:]], on_line, on_exit)

    job = Job(
        ["tavi", "babble", "--output", tmp_path],
        paths=[STANDIN],
        launch=launch_launcher,
        python=sys.executable,
        on_progress=lambda j: threads.add(threading.current_thread()),
        on_finished=lambda j: ended.append(threading.current_thread()),
    )
    job.start()

    def pump():
        for function in [due.pop() for _ in range(len(due))]:
            function()
        return ended

    wait_for(pump)
    assert job.state == "done", job.error
    assert threads == set(ended) == {threading.main_thread()}
    assert not due, "the timer stops with the process"
