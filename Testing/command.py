"""The command line in a process of its own, from this checkout, as `correspond` is after `pip install .`"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = os.pathsep.join(str(ROOT / module) for module in ("CorrespondCore", "LungRegistration", "OCTEnFaceSeg", "TAVIFusion"))


def environment() -> dict[str, str]:
    """Of a child process that finds this checkout's libraries first, then what this process was given to find."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [LIBRARIES, os.environ.get("PYTHONPATH")]))}


def run_correspond(*arguments: Any, **options: Any) -> subprocess.CompletedProcess:
    """Run `correspond` with arguments; the options are those of subprocess.run."""
    command = [sys.executable, "-m", "CorrespondCoreLib.cli", *map(str, arguments)]
    return subprocess.run(command, env=environment(), **options)


def torchrun(processes: int, *arguments: str | Path) -> None:
    """Run a command of `correspond` in several processes that train together, on the CPU, a thread each.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m", "CorrespondCoreLib.cli"]
    command = [sys.executable, *launcher, *map(str, arguments), "--device", "cpu", "--threads", "1"]
    done = subprocess.run(command, env=environment(), timeout=300, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]
