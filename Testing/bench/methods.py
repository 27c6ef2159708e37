"""What the benchmark compares: each method as a command that reads a pair's folder and leaves a displacement field."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..command import LIBRARIES
from .environments import Environment

PEERS = Path(__file__).resolve().parent / "peers"


@dataclass(frozen=True)
class Cost:
    """Of one child process, from its start to its end. CPU and memory are None on Windows, where the system does not tell."""

    wall_s: float
    cpu_s: float | None
    peak_gb: float | None


class Failed(Exception):
    """A method ended without a field."""


@dataclass(frozen=True)
class Method:
    """A registration program."""

    name: str
    settings: str
    preset: str | None = None  # of Correspond
    script: str | None = None  # of a peer: `python script PAIR_FOLDER OUTPUT THREADS`
    environment: Environment | None = None
    slow: bool = False  # minutes: one real and one phantom pair must do

    def run(self, pair: Path, output: Path, environments: Path, threads: int, limit_s: float) -> tuple[Path, Cost]:
        """Register a pair in a child process; returns the field's file (fixed to moving, LPS mm) and what it cost.

        Raises:
            NotInstalled, Failed.
        """
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        command = self._command(pair, output, environments, threads)
        cost = _measured(command, output.with_suffix(".log"), limit_s)
        for name in ("fixed_to_moving.nrrd", "field.nrrd", "field.nii.gz"):
            if (output / name).exists():
                return output / name, cost
        raise Failed("it ended without a field")

    def _command(self, pair: Path, output: Path, environments: Path, threads: int) -> list[str]:
        if self.environment is not None and self.script is not None:
            python = self.environment.python(environments)
            return [str(python), str(PEERS / self.script), str(pair), str(output / "field.nrrd"), str(threads)]
        register = [sys.executable, "-m", "CorrespondCoreLib.cli", "lung", "register", pair / "fixed.nrrd", pair / "moving.nrrd"]
        options = ["--fixed-mask", pair / "fixed_mask.nrrd", "--moving-mask", pair / "moving_mask.nrrd"]
        options += ["--preset", self.preset, "--output", output, "--device", "cpu", "--threads", threads]
        return [str(part) for part in (*register, *options)]


def _measured(command: list[str], log: Path, limit_s: float) -> Cost:
    start = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": LIBRARIES}
    with open(log, "w", encoding="utf-8") as text:
        child = subprocess.Popen(command, stdout=text, stderr=subprocess.STDOUT, env=environment, cwd=log.parent)
        used = None
        while child.returncode is None:
            if time.perf_counter() - start > limit_s:
                child.kill()
                child.wait()
                raise Failed(f"stopped after {limit_s:.0f} s")
            if hasattr(os, "wait4"):
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                if pid:
                    child.returncode, used = os.waitstatus_to_exitcode(status), usage
            else:
                child.poll()
            time.sleep(0.05)
    wall_s = time.perf_counter() - start
    if child.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise Failed(f"exit code {child.returncode}: {' '.join(last)}")
    if used is None:
        return Cost(wall_s, None, None)
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1024**3)


METHODS = [
    Method("Correspond", "preset default", preset="default"),
    Method("Correspond fast", "preset fast", preset="fast"),
    Method("Correspond best", "preset best", preset="best"),
    Method(
        "elastix",
        "itk-elastix 0.25.4: affine, B-spline 10 mm, correlation, 5 levels, 1000 iterations, 2000 samples, fixed mask (Par0011)",
        script="elastix_bspline.py",
        environment=Environment("elastix", ("itk-elastix==0.25.4",)),
    ),
    Method(
        "ANTs SyN",
        "antspyx 0.6.3: affine, SyN, correlation of radius 4, iterations 100, 50, 0 (full resolution left out: too slow)",
        script="ants_syn.py",
        environment=Environment("ants", ("antspyx==0.6.3",)),
        slow=True,
    ),
    Method(
        "convexAdam",
        "convexAdam 0.2.0: MIND, the package's defaults, 32 bit",
        script="convex_adam.py",
        environment=Environment("convexadam", ("torch==2.13.0", "convexAdam==0.2.0"), shares_ours=True),
    ),
    Method(
        "demons",
        "SimpleITK 2.5.7: diffeomorphic demons, histogram matching, levels 8, 4, 2, 1 with 100, 100, 80, 30 iterations",
        script="demons.py",
        environment=Environment("simpleitk", ("SimpleITK==2.5.7",), shares_ours=True),
    ),
    Method(
        "B-spline",
        "SimpleITK 2.5.7: affine, B-spline mesh 80 to 20 mm, correlation on 10 % samples, L-BFGS, fixed mask",
        script="bspline.py",
        environment=Environment("simpleitk", ("SimpleITK==2.5.7",), shares_ours=True),
    ),
]
USUAL = ("Correspond", "elastix", "ANTs SyN", "convexAdam", "demons", "B-spline")
