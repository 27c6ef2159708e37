"""The programs that are compared, each in a virtual environment of its own, and how one is run and measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path

from ..command import LIBRARIES

PEERS = Path(__file__).with_name("peers")
TORCH = "torch==2.13.0"


@dataclass(frozen=True)
class Program:
    """A program that finds a displacement field: `script` runs in an environment with `packages` (installed in this order)."""

    name: str
    script: str = ""
    packages: tuple[str, ...] = ()
    output: str = "field.nrrd"


CORRESPOND = Program("Correspond", output="fixed_to_moving.nrrd")
PROGRAMS = {
    "correspond": CORRESPOND,
    "elastix": Program("elastix", "elastix_bspline.py", ("itk-elastix==0.25.4", "itk==5.4.7", "numpy==2.4.6")),
    "ants": Program("ANTs SyN", "ants_syn.py", ("antspyx==0.6.3",), output="field.nii.gz"),
    "convexadam": Program("convexAdam", "convex_adam.py", (TORCH, "convexAdam==0.2.0")),
    "bspline": Program("SimpleITK B-spline", "bspline.py", ("SimpleITK==2.5.7", "numpy==2.4.6")),
    "demons": Program("SimpleITK demons", "demons.py", ("SimpleITK==2.5.7", "numpy==2.4.6")),
}


@dataclass
class Run:
    """One run: the field it wrote (None, with the reason, if it did not) and what it took from process start to end."""

    field: Path | None
    reason: str
    wall_s: float = float("nan")
    cpu_s: float = float("nan")
    peak_gb: float = float("nan")


def run(program: Program, pair: Path, output: Path, environments: Path, threads: int, limit_s: float) -> Run:
    """Run a program on a pair's folder; its output, log and field go to `output`."""
    pair, output, environments = (path.resolve() for path in (pair, output, environments))
    output.mkdir(parents=True, exist_ok=True)
    field = output / program.output
    field.unlink(missing_ok=True)
    try:
        command = (
            _correspond(pair, output, threads) if program is CORRESPOND else _peer(program, pair, output, environments, threads)
        )
    except subprocess.CalledProcessError as error:
        return Run(None, f"not installed: {error.stderr.strip().splitlines()[-1] if error.stderr else error}")
    with open(output / "log.txt", "wb") as log:
        start = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": LIBRARIES} if program is CORRESPOND else dict(os.environ, PYTHONPATH="")
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=output)
        usage = _wait(process, limit_s)
        wall = time.perf_counter() - start
    if usage is None:
        return Run(None, f"stopped after {limit_s:.0f} s", wall)
    gigabytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
    reason = "" if field.exists() else f"no field: see {output / 'log.txt'}"
    return Run(field if field.exists() else None, reason, wall, usage.ru_utime + usage.ru_stime, gigabytes)


def _wait(process: subprocess.Popen, limit_s: float):
    """The resource usage of a process that ended in time; None if it was stopped."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage
        time.sleep(0.1)
    process.kill()
    process.wait()
    return None


def _correspond(pair: Path, output: Path, threads: int) -> list[str]:
    command = [sys.executable, "-m", "CorrespondCoreLib.cli", "lung", "register", pair / "fixed.nrrd", pair / "moving.nrrd"]
    masks = ["--fixed-mask", pair / "fixed_mask.nrrd", "--moving-mask", pair / "moving_mask.nrrd"]
    options = ["--landmarks", pair / "landmarks.csv", "--output", output, "--threads", threads]
    return [str(part) for part in (*command, *masks, *options)]


def _peer(program: Program, pair: Path, output: Path, environments: Path, threads: int) -> list[str]:
    python = _environment(program, environments)
    return [str(part) for part in (python, PEERS / program.script, pair, output / "field.nrrd", threads)]


def _environment(program: Program, environments: Path) -> Path:
    """The interpreter of the program's environment, which is made at first use."""
    folder = environments / program.script.removesuffix(".py")
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if not complete.exists():
        venv.create(folder, with_pip=True, clear=True)
        for package in program.packages:
            subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True, capture_output=True, text=True)
        complete.touch()
    return python
