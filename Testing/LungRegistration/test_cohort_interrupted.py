"""A cohort that is interrupted by Ctrl+C, or whose process is killed, leaves no half results, and the next call goes on."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import Cancelled
from CorrespondCoreLib.progress import Progress
from Testing.command import environment
from Testing.LungRegistration.cohort_examples import batch, table_rows, write_cohort

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="sends signals")]
LIMIT_S = 600


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_cohort(tmp_path_factory.mktemp("cohort"), 3, (32, 32, 32))


def started(table, output):
    """The command in a process group of its own, as a terminal starts it, once its second pair is at work."""
    command = [sys.executable, "-m", "CorrespondCoreLib.cli", *batch(table, output, "--progress", "lines")]
    listening = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # a background job inherits deafness to it
    options = {"stderr": subprocess.PIPE, "encoding": "utf-8", "start_new_session": True, "preexec_fn": listening}
    process = subprocess.Popen(command, env=environment(), **options)
    for line in process.stderr:
        if "p2:" in line:
            return process
    raise AssertionError(f"ended with {process.wait()}")


def test_ctrl_c_stops_all_and_the_next_call_goes_on(table, tmp_path):
    output = tmp_path / "out"
    with started(table, output) as process:
        os.killpg(process.pid, signal.SIGINT)
        message = process.communicate(timeout=60)[1]
    assert process.returncode == Cancelled.exit_code, message
    assert "1 of 3 pairs are done; the same command does the rest." in message
    assert "Traceback" not in message
    assert [row["state"] for row in table_rows(output / "summary.csv")] == ["done", "cancelled", "cancelled"]
    assert sorted(path.name for path in output.iterdir()) == ["index.html", "p1", "summary.csv"]
    results = cli.run(batch(table, output), Progress())
    assert (results["done"], results["done_before"]) == (3, 1)


def test_a_killed_cohort_goes_on(table, tmp_path):
    output = tmp_path / "out"
    with started(table, output) as process:
        process.kill()
        process.wait()
        end = time.monotonic() + LIMIT_S
        while children(process.pid):
            assert time.monotonic() < end, "the pair at work outlives its cohort"
            time.sleep(0.2)
    results = cli.run(batch(table, output), Progress())
    assert (results["done"], results["done_before"]) == (3, 1)
    assert not list(output.rglob(".partial*"))


def children(group):
    """Processes of a process group that are left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
