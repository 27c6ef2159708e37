"""What a process uses, and whether another one lives."""

import subprocess
import sys
from pathlib import Path

import pytest

from CorrespondCoreLib import process_usage
from CorrespondCoreLib.process_usage import available_memory_gb, peak_memory_gb, seconds_since_process_start
from CorrespondCoreLib.processes import ProcessWatch, kill


def test_a_process_is_alive_until_it_is_killed():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    watch = ProcessWatch(process.pid)
    assert watch.alive()
    kill(process.pid)
    process.wait(10)
    assert not watch.alive() and not ProcessWatch(process.pid).alive()
    kill(process.pid)


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


def test_peak_memory_is_this_process_alone():
    """A child of a large parent starts small."""
    before = peak_memory_gb()
    ballast = bytearray(300_000_000)
    assert peak_memory_gb() - before > 0.2
    text = "from CorrespondCoreLib.process_usage import peak_memory_gb; print(peak_memory_gb())"
    core = Path(process_usage.__file__).parents[1]
    child = float(subprocess.run([sys.executable, "-c", text], cwd=core, capture_output=True, text=True).stdout)
    assert 0.001 < child < 0.1
    assert len(ballast) and 0.1 < available_memory_gb() < 100_000
    assert 0 < seconds_since_process_start() < 86_400
