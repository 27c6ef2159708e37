"""python -m Testing.bench.tavi_matching [--cases 100] [--model FOLDER]: the paper's affine mode, method beside method.

The phantom patients of `Testing.bench.tavi`, one view each: the projected model, 3 degrees and 10 mm off, is laid over the vessel
by leaving it where it is, by moments, by direct optimization of soft Dice, and by a matching network if one is given.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ..command import LIBRARIES

sys.path[:0] = LIBRARIES.split(os.pathsep)

import numpy as np  # noqa: E402

from CorrespondCoreLib.metrics import mean_with_interval  # noqa: E402
from CorrespondCoreLib.models import model_at  # noqa: E402
from TAVIFusionLib.alignment.affine import align_affine, projected_region  # noqa: E402
from TAVIFusionLib.alignment.views import View  # noqa: E402
from TAVIFusionLib.networks.checkpoints import load_matching_network  # noqa: E402

from .tavi_cases import FIRST_SEED, Case, make_case  # noqa: E402

WITHOUT_NETWORK = ("identity", "moments", "direct")
AROUND_MM = 20.0  # the region of the projected model, around what contrast shows
FIGURES = ("dsc", "precision", "recall", "landmark error, mm")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.tavi_matching", description=__doc__)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--first", type=int, default=FIRST_SEED, help=f"seed of the first patient (default: {FIRST_SEED})")
    parser.add_argument("--pixels", type=int, default=256, help="rows and columns of the frames (default: 256)")
    parser.add_argument("--model", type=Path, help="folder of a matching network")
    args = parser.parse_args(arguments)
    network = load_matching_network(model_at(args.model)) if args.model else None
    methods = (*WITHOUT_NETWORK, "network") if network else WITHOUT_NETWORK
    rows: dict[str, list[tuple[float, ...]]] = {method: [] for method in methods}
    for seed in range(args.first, args.first + args.cases):
        for method, figures in figures_of(make_case(seed, args.pixels), methods, network):
            rows[method].append(figures)
            print(f"{seed} {method:9s} " + " ".join(f"{value:.3f}" for value in figures), flush=True)
    print(table(rows))
    return 0


def figures_of(case: Case, methods: tuple[str, ...], network=None) -> Iterator[tuple[str, tuple[float, ...]]]:
    """(method, FIGURES) of the first view; the landmark error is the mean over the root's landmarks."""
    view = case.views[0]
    moving = projected_region(case.model, view.carm, case.start, region_of(view))
    for method in methods:
        found = align_affine(moving, view.mask, method, network)
        errors = case.plane_errors(found.project(case.landmarks_mm, view.carm, case.start), view.carm)
        yield method, (found.dsc, found.precision, found.recall, float(errors.mean()))


def table(rows: dict[str, list[tuple[float, ...]]]) -> str:
    """Markdown: means with 95 % intervals by bootstrap over patients."""
    lines = ["", f"| method | {' | '.join(FIGURES)} |", "|---|---|---|---|---|"]
    for method, values in rows.items():
        found = [mean_with_interval(np.array(column)) for column in zip(*values, strict=True)]
        lines.append(f"| {method} | " + " | ".join(f"{f['mean']:.2f} ({f['low']:.2f} to {f['high']:.2f})" for f in found) + " |")
    return "\n".join(lines)


def region_of(view: View) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what contrast shows, and around it."""
    rows, columns = np.nonzero(view.mask)
    around = round(AROUND_MM / view.carm.isocenter_pixel_mm[0])
    return columns.min() - around, rows.min() - around, columns.max() + around + 1, rows.max() + around + 1


if __name__ == "__main__":
    sys.exit(main())
