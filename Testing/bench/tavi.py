"""python -m Testing.bench.tavi [--cases 100] [--first 1000] [--masks rendered|network] [--output build/bench-tavi]

Accuracy of the alignment on phantom patients: root landmarks (nadirs, ostia, annulus, junction) after the fit of a mesh that is
not the one that was rendered (other triangles, 1 mm error, another phase of the heart), started 3 degrees and 10 mm away.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..command import LIBRARIES

sys.path[:0] = LIBRARIES.split(os.pathsep)

import numpy as np  # noqa: E402

from CorrespondCoreLib.models import model_at  # noqa: E402
from TAVIFusionLib.alignment.pose_fit import fit_pose  # noqa: E402
from TAVIFusionLib.alignment.views import View  # noqa: E402
from TAVIFusionLib.networks.checkpoints import load_segmentation_network  # noqa: E402

from .tavi_cases import FIRST_SEED, LANDMARKS, Case, make_case  # noqa: E402

RESAMPLES = 2000  # of the bootstrap
TARGETS = {"one view": "median <= 1.2, p95 <= 2.5", "two views": "median <= 1.0, 3D <= 1.8"}


@dataclass
class Outcome:
    """One fit: errors in mm of each root landmark (in the first view at the isocenter, and in space), and its CPU seconds."""

    setting: str
    seed: int
    before_mm: np.ndarray
    plane_mm: np.ndarray
    space_mm: np.ndarray
    seconds: float
    residual_mm: float
    warned: bool


def main(arguments: list[str] | None = None) -> int:
    args = _parse(arguments)
    network = load_segmentation_network(model_at(args.model)) if args.masks == "network" else None
    outcomes: list[Outcome] = []
    args.output.mkdir(parents=True, exist_ok=True)
    for seed in range(args.first, args.first + args.cases):
        outcomes += outcomes_of(make_case(seed, args.pixels, network))
        for one in outcomes[-3:]:
            print(
                f"{seed} {one.setting:26s} {one.plane_mm.mean():5.2f} mm, 3D {one.space_mm.mean():5.2f}, {one.seconds:.2f} s",
                flush=True,
            )
        _write(outcomes, args.output / "alignment.csv")
    text = table(outcomes, args.masks)
    (args.output / "alignment.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def outcomes_of(case: Case) -> list[Outcome]:
    """One view, two views, and two views of which the second shows another moment of heart and breath."""
    settings = (
        ("one view", case.views[:1], "in-plane"),
        ("two views", case.views[:2], "six"),
        ("two views, moved between", case.views[::2], "six"),
    )
    return [_outcome(name, case, used, degrees) for name, used, degrees in settings]


def table(outcomes: list[Outcome], masks: str) -> str:
    """Markdown; errors with 95 % intervals by bootstrap over patients."""
    lines = [
        f"Masks: {masks}. Errors of {len(LANDMARKS)} root landmarks in mm: in the first view (at the isocenter), in space.",
        "",
        "| setting | cases | before: median | plane: median | p95 | 3D: median | p95 | CPU s: median | p95 | wanted |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for setting in dict.fromkeys(one.setting for one in outcomes):
        some = [one for one in outcomes if one.setting == setting]
        plane, space = (np.array([getattr(one, f"{name}_mm") for one in some]) for name in ("plane", "space"))
        seconds = [one.seconds for one in some]
        cells = [f"{np.median([one.before_mm for one in some]):.2f}"]
        cells += [_with_interval(errors, part) for errors in (plane, space) for part in (0.5, 0.95)]
        cells += [f"{np.median(seconds):.2f}", f"{np.quantile(seconds, 0.95):.2f}"]
        wanted = TARGETS["one view" if setting == "one view" else "two views"]
        lines.append(f"| {setting} | {len(some)} | {' | '.join(cells)} | {wanted} |")
    return "\n".join(lines) + "\n"


def _with_interval(errors_mm: np.ndarray, part: float) -> str:
    """A quantile of errors (patients, landmarks), and the bounds of its 95 % interval."""
    again = np.random.default_rng(0).integers(0, len(errors_mm), (RESAMPLES, len(errors_mm)))
    low, high = np.quantile(np.quantile(errors_mm[again].reshape(RESAMPLES, -1), part, axis=1), [0.025, 0.975])
    return f"{np.quantile(errors_mm, part):.2f} ({low:.2f} to {high:.2f})"


def _outcome(name: str, case: Case, views: list[View], degrees: str) -> Outcome:
    began = time.process_time()
    fit = fit_pose(case.model, views, case.start, degrees)
    seconds = time.process_time() - began
    carm = views[0].carm
    before, after = (case.plane_errors(carm.project(p.apply(case.landmarks_mm)), carm) for p in (case.start, fit.pose))
    space = np.linalg.norm(fit.pose.apply(case.landmarks_mm) - case.truth.apply(case.landmarks_mm), axis=1)
    return Outcome(name, case.seed, before, after, space, seconds, max(fit.residual_mm), bool(fit.warnings))


def _write(outcomes: list[Outcome], path: Path) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("setting", "seed", "landmark", "before_mm", "plane_mm", "space_mm", "cpu_s", "residual_mm", "warned"))
        for one in outcomes:
            for n, mark in enumerate(LANDMARKS):
                figures = (one.before_mm[n], one.plane_mm[n], one.space_mm[n], one.seconds, one.residual_mm)
                writer.writerow((one.setting, one.seed, mark, *(f"{v:.3f}" for v in figures), int(one.warned)))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.tavi", description=__doc__)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed of the first patient; tune on others (default: 1000)")
    parser.add_argument("--pixels", type=int, default=512, help="rows and columns of the frames (default: 512)")
    parser.add_argument("--masks", choices=("rendered", "network"), default="rendered")
    parser.add_argument("--model", type=Path, help="folder of the segmentation network")
    parser.add_argument("--output", type=Path, default=Path("build/bench-tavi"))
    args = parser.parse_args(arguments)
    if args.masks == "network" and args.model is None:
        parser.error("--masks network needs --model FOLDER of a segmentation network for the upper field of view")
    return args


if __name__ == "__main__":
    sys.exit(main())
