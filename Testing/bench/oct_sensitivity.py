"""python -m Testing.bench.oct_sensitivity [--eyes 14] [--model ID]: how much a mask depends on where Bruch's membrane is put.

Phantom eyes with atrophy (49 x 248 x 512, three styles, seeds 200 on). The true membrane is moved as a whole, deeper (+) or
towards the vitreous (-); the mask is compared with the truth, and with the mask of the membrane that was not moved. Weight-free
hypertransmission, or a model by its id.
"""

from __future__ import annotations

import argparse

import numpy as np

from CorrespondCoreLib.metrics import dice
from OCTEnFaceSegLib.phantom import phantom_eye
from OCTEnFaceSegLib.phantoms.styles import STYLES
from OCTEnFaceSegLib.pipeline import segment
from OCTEnFaceSegLib.settings import SegmentationSettings

FIRST_SEED = 200
SIZE = (49, 248, 512)
SHIFTS_UM = (-40, -20, -10, 0, 10, 20, 40)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.oct_sensitivity", description=__doc__)
    parser.add_argument("--eyes", type=int, default=14)
    parser.add_argument("--model", help="id or folder of a model for GA; without networks by default")
    args = parser.parse_args(arguments)
    method = {"method": "network", "models": (args.model,)} if args.model else {"method": "hypertransmission"}
    rows = {shift: [] for shift in SHIFTS_UM}
    for n in range(args.eyes):
        eye = phantom_eye(SIZE, FIRST_SEED + n, sorted(STYLES)[n % len(STYLES)])
        masks = {shift: mask_of(eye, shift, method) for shift in SHIFTS_UM}
        for shift, mask in masks.items():
            area = (mask.sum() - eye.ga.sum()) * eye.scan.pixel_area_mm2
            rows[shift].append((dice(mask, eye.ga), dice(mask, masks[0]), area))
    print("| membrane moved by, um | Dice | Dice to the mask of the true membrane | area minus true area, mm2 |")
    print("|---|---|---|---|")
    for shift, values in rows.items():
        to_truth, to_unmoved, area = np.nanmean(values, axis=0)
        print(f"| {shift:+d} | {to_truth:.3f} | {to_unmoved:.3f} | {area:+.2f} |")
    return 0


def mask_of(eye, shift_um: float, method: dict) -> np.ndarray:
    """The mask (B-scans, A-scans) of an eye whose membrane is the true one, moved."""
    depth = eye.layers["BM"] + shift_um / 1000 / eye.scan.spacing_mm[1]
    return segment(eye.scan, SegmentationSettings(lesion="ga", **method), bruch_depth=depth).mask


if __name__ == "__main__":
    raise SystemExit(main())
