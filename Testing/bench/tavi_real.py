"""python -m Testing.bench.tavi_real [MODEL ...]: networks on two real XA runs of a vessel phantom, which is no aorta.

Each MODEL is the folder of a network that finds vessels: its mask of a run's mean frame, beside the filter's, against what is
darker than its surroundings by half of the contrast. Then the paper's affine mode, method beside method: the phantom's mesh, 20
times 3 degrees and 10 mm off where picked points and outlines put it, laid over that mask. CORRESPOND_DATA names the data.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..command import LIBRARIES

sys.path[:0] = LIBRARIES.split(os.pathsep)

import numpy as np  # noqa: E402

from CorrespondCoreLib.models import model_at  # noqa: E402
from TAVIFusionLib.alignment.affine import align_affine, projected_region  # noqa: E402
from TAVIFusionLib.alignment.views import plane_mm  # noqa: E402
from TAVIFusionLib.metrics import SCORES, frame_scores  # noqa: E402
from TAVIFusionLib.networks.checkpoints import load_matching_network, load_segmentation_network  # noqa: E402
from TAVIFusionLib.segmentation import segment_frames  # noqa: E402
from TAVIFusionLib.vessel_finder import SHIPPED  # noqa: E402

from ..TAVIFusion.real_phantom import FILES, RealPhantom, aligned, real_phantom  # noqa: E402
from .tavi_cases import off_pose  # noqa: E402
from .tavi_matching import WITHOUT_NETWORK, region_of  # noqa: E402

STARTS = 20
MATCHING = "xa-matching-compact"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.tavi_real", description=__doc__)
    parser.add_argument("models", type=Path, nargs="*", metavar="MODEL")
    args = parser.parse_args(arguments)
    phantom = real_phantom()
    for name, run, scores in segmented(phantom, args.models):
        print(f"{name:40s} {run} " + ", ".join(f"{what} {scores[what]:.2f}" for what in SCORES), flush=True)
    for method, run, dsc, error_mm in matched(phantom):
        print(f"{method:40s} {run} dsc {dsc:.2f}, centerline {error_mm:.1f} mm off", flush=True)
    return 0


def segmented(phantom: RealPhantom, models: list[Path]) -> Iterator[tuple[str, str, dict[str, float]]]:
    """(method, run, scores) of the filter and of each network."""
    networks = ((folder.name, "network", load_segmentation_network(model_at(folder))) for folder in models)
    for name, method, network in (("filter", "vesselness", None), *networks):
        for run, frame, view in zip(FILES, phantom.frames, phantom.views, strict=True):
            probability = segment_frames(frame[None], method, network, "cpu")[0]
            yield name, run, frame_scores(probability, view.mask)


def matched(phantom: RealPhantom) -> Iterator[tuple[str, str, float, float]]:
    """(method, run, mean DSC, mean mm at the isocenter from the centerline to where the aligned pose has it)."""
    network = load_matching_network(model_at(MATCHING, [SHIPPED]))
    truth = aligned(phantom)[1].pose
    placed = replace(phantom.mesh, points_mm=truth.apply(phantom.mesh.points_mm))
    line = truth.apply(phantom.centerline_mm)
    for run, view in zip(FILES, phantom.views, strict=True):
        rng, true = np.random.default_rng(0), plane_mm(view.carm.project(line), view.carm)
        starts = [off_pose(rng, placed.points_mm.mean(axis=0)) for _ in range(STARTS)]
        for method in (*WITHOUT_NETWORK, "network"):
            figures = []
            for start in starts:
                moving = projected_region(placed, view.carm, start, region_of(view))
                found = align_affine(moving, view.mask, method, network)
                there = plane_mm(found.project(line, view.carm, start), view.carm)
                figures.append((found.dsc, np.linalg.norm(there - true, axis=1).mean()))
            dsc, error_mm = np.mean(figures, axis=0)
            yield method, run, float(dsc), float(error_mm)


if __name__ == "__main__":
    sys.exit(main())
