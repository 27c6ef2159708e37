"""python -m Testing.bench.oct_thresholds [--eyes 20] [--style cirrus] [--population unseen]: how far brightness alone leads.

Held-out phantom eyes with atrophy (49 x 248 x 512, true Bruch's membrane). The weight-free method, and ratios of slabs with the
one threshold that is best for all these eyes together, and with the best threshold of each eye. Nobody knows these thresholds.
"""

from __future__ import annotations

import argparse

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from CorrespondCoreLib.metrics import dice
from OCTEnFaceSegLib.hypertransmission import clean_mask, hypertransmission_score
from OCTEnFaceSegLib.phantom import phantom_eye
from OCTEnFaceSegLib.projections import Slab, filled, projection
from OCTEnFaceSegLib.settings import HypertransmissionSettings
from OCTEnFaceSegLib.training.eyes import HELD_OUT

SIZE = (49, 248, 512)
EPITHELIUM, WITH_ZONE, OUTER = (-0.025, 0.003), (-0.06, 0.003), (-0.09, 0.0)  # mm below Bruch's membrane
NEAR, DEEP, INNER = (0.01, 0.1), (0.064, 0.4), (-0.3, -0.12)
RATIOS = {
    "choroid / pigment epithelium": (NEAR, EPITHELIUM),
    "choroid / pigment epithelium to ellipsoid zone": (NEAR, WITH_ZONE),
    "choroid / outer retina": (NEAR, OUTER),
    "choroid / inner retina": (NEAR, INNER),
    "deep choroid / pigment epithelium": (DEEP, EPITHELIUM),
    "deep choroid / pigment epithelium to ellipsoid zone": (DEEP, WITH_ZONE),
    "inner retina / pigment epithelium": (INNER, EPITHELIUM),
}
QUANTILES = np.arange(30, 99.5, 0.5)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.oct_thresholds", description=__doc__)
    parser.add_argument("--eyes", type=int, default=20)
    parser.add_argument("--style", default="cirrus")
    parser.add_argument("--population", default="unseen")
    args = parser.parse_args(arguments)
    eyes = [phantom_eye(SIZE, HELD_OUT + n, args.style, population=args.population) for n in range(args.eyes)]
    maps = [_maps(eye) for eye in eyes]
    print("| by | one threshold for all | the best of each eye |")
    print("|---|---|---|")
    print(f"| hypertransmission (no network) | {np.mean([weight_free(eye) for eye in eyes]):.3f} | |")
    for name in RATIOS:
        ratios = [m[name] for m in maps]
        cuts = np.percentile(np.stack(ratios)[..., ::5], QUANTILES)
        common = max(np.mean([dice(r > cut, e.ga) for r, e in zip(ratios, eyes, strict=True)]) for cut in cuts)
        each = np.mean([max(dice(r > c, e.ga) for c in np.percentile(r, QUANTILES)) for r, e in zip(ratios, eyes, strict=True)])
        print(f"| {name} | {common:.3f} | {each:.3f} |")
    return 0


def weight_free(eye) -> float:
    """Dice of the weight-free method."""
    settings, spacing = HypertransmissionSettings(), eye.scan.spacing_mm
    volume = sitk.GetArrayFromImage(eye.scan.volume).astype(np.float32)
    score = hypertransmission_score(volume, eye.layers["BM"], spacing, settings)
    return dice(clean_mask(score >= 0.5, spacing, settings.smallest_mm2, settings.largest_hole_mm2), eye.ga)


def _maps(eye) -> dict[str, np.ndarray]:
    """Smoothed ratios of slabs (B-scans, A-scans) by name."""
    volume, spacing = sitk.GetArrayFromImage(eye.scan.volume).astype(np.float32), eye.scan.spacing_mm
    slabs = {}
    for slab in {part for pair in RATIOS.values() for part in pair}:
        mean = filled(projection(volume, eye.layers["BM"], Slab(*slab), spacing[1]))
        slabs[slab] = ndimage.gaussian_filter(mean, (0.3, 0.04 / spacing[0])) + 1
    return {name: slabs[above] / slabs[below] for name, (above, below) in RATIOS.items()}


if __name__ == "__main__":
    raise SystemExit(main())
