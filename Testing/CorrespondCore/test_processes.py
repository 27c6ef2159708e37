"""What a process uses, and whether another one lives."""

import subprocess
import sys
from pathlib import Path

import pytest

from CorrespondCoreLib import process_usage
from CorrespondCoreLib.process_usage import available_memory_gb, seconds_since_process_start
from CorrespondCoreLib.processes import ProcessWatch, kill


def test_a_process_is_alive_until_it_is_killed():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    watch = ProcessWatch(process.pid)
    assert watch.alive()
    kill(process.pid)
    process.wait(10)
    assert not watch.alive() and not ProcessWatch(process.pid).alive()
    kill(process.pid)


@pytest.mark.parametrize("group", [0, -1, -4242])
def test_a_group_of_processes_is_not_killed(group):
    with pytest.raises(ValueError, match="not the id of a process"):
        kill(group)


@pytest.mark.skipif(sys.platform != "linux", reason="zombies are looked for on Linux")
def test_a_process_that_nobody_waited_for_is_not_alive():
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    process.stdout.read()
    watch = ProcessWatch(process.pid)
    for _ in range(1000):
        if not watch.alive():
            break
    assert not watch.alive()
    process.wait()


LARGE_PARENT = """
import subprocess, sys
from CorrespondCoreLib.process_usage import peak_memory_gb
before = peak_memory_gb()
ballast = bytearray(300_000_000)
print(before, peak_memory_gb(), flush=True)
subprocess.run([sys.executable, "-c", "from CorrespondCoreLib.process_usage import peak_memory_gb; print(peak_memory_gb())"])
"""


def test_peak_memory_is_this_process_alone():
    """A child of a large parent starts small."""
    core = Path(process_usage.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", LARGE_PARENT], cwd=core, capture_output=True, text=True, check=True)
    before, after, child = map(float, done.stdout.split())
    assert after - before == pytest.approx(0.3, abs=0.05)
    assert 0.001 < child < 0.1


def test_what_is_free_and_how_long_this_process_lives():
    assert 0.1 < available_memory_gb() < 100_000
    assert 0 < seconds_since_process_start() < 86_400
