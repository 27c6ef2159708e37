"""From a scan to a mask: Bruch's membrane, then networks on the flattened volume or hypertransmission, then a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.models import Model
from CorrespondCoreLib.progress import Progress

from .bruch import Bruch
from .bruch_source import Points, membrane_of
from .hypertransmission import NAME as HYPERTRANSMISSION
from .hypertransmission import clean_mask, hypertransmission_score
from .lesion_models import chosen_models
from .scan import OctScan, check_raster
from .settings import SegmentationSettings

SHIFTS_MM = (-0.02, 0.0, 0.02)
"""Of Bruch's membrane, whose effect on the score is the uncertainty of a segmentation without networks."""
SPREAD, SENSITIVITY = "spread of the networks' predictions", "spread of the score when Bruch's membrane moves by 20 µm"


@dataclass
class Segmentation:
    """A lesion of a scan as en-face maps (B-scans, A-scans).

    Attributes:
        probability: 0 to 1, float32; of hypertransmission a score. mask: bool.
        uncertainty: float32, and in words what it is the spread of.
        bruch, bruch_source: the membrane that was used, and where it is from, see `bruch_source.Membrane`.
        method: "network" or "hypertransmission (no network)".
        models, device: what was used; no models and "cpu" without a network.
    """

    scan: OctScan
    settings: SegmentationSettings
    probability: np.ndarray
    mask: np.ndarray
    uncertainty: np.ndarray
    uncertainty_is: str
    bruch: Bruch
    bruch_source: str
    method: str
    models: list[Model]
    device: str


def segment(
    scan: OctScan,
    settings: SegmentationSettings | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
    bruch_points: Points | None = None,
    bruch_depth: np.ndarray | None = None,
) -> Segmentation:
    """Segment a lesion of a raster scan.

    Args:
        device, threads: of the networks.
        bruch_points: {B-scan: [(A-scan, depth), ...]} in voxels, through which Bruch's membrane is drawn.
        bruch_depth: (B-scans, A-scans) in voxels: the membrane itself, in place of the file's or a found one.

    Raises:
        InputError: not a raster scan, no model, or a membrane that does not fit. OutOfMemory, MissingPackage, Cancelled.
    """
    settings, progress = settings or SegmentationSettings(), progress or Progress()
    check_raster(scan)
    settings.check()
    networks = settings.method == "network"
    models = chosen_models(settings) if networks else []  # before long work
    volume = sitk.GetArrayFromImage(scan.volume).astype(np.float32)
    volume[~np.isfinite(volume)] = 0
    membrane = membrane_of(scan, volume, settings.bruch, bruch_depth, bruch_points, progress.part(until=0.3 if networks else 0.7))
    if networks:
        from .network_segmentation import predicted  # imports torch

        probability, uncertainty, device = predicted(
            volume, membrane.bruch.depth, scan.spacing_mm, models, settings, device, threads, progress
        )
        mask = clean_mask(probability >= settings.threshold, scan.spacing_mm, settings.smallest_mm2)
    else:
        device = "cpu"
        with progress.stage("Hypertransmission", until=1.0) as step:
            probability, uncertainty = _hypertransmission(volume, membrane.bruch.depth, scan, settings, step)
        rules = settings.hypertransmission
        smallest = max(settings.smallest_mm2, rules.smallest_mm2)
        mask = clean_mask(probability >= settings.threshold, scan.spacing_mm, smallest, rules.largest_hole_mm2)
    return Segmentation(
        scan=scan,
        settings=settings,
        probability=probability,
        mask=mask,
        uncertainty=uncertainty,
        uncertainty_is=SPREAD if networks else SENSITIVITY,
        bruch=membrane.bruch,
        bruch_source=membrane.source,
        method="network" if networks else HYPERTRANSMISSION,
        models=models,
        device=device,
    )


def _hypertransmission(
    volume: np.ndarray, bruch_depth: np.ndarray, scan: OctScan, settings: SegmentationSettings, step
) -> tuple[np.ndarray, np.ndarray]:
    """The score, and its standard deviation when the membrane is shifted up and down."""
    scores = []
    for n, shift in enumerate(SHIFTS_MM, 1):
        moved = bruch_depth + shift / scan.spacing_mm[1]
        scores.append(hypertransmission_score(volume, moved, scan.spacing_mm, settings.hypertransmission))
        step(n / len(SHIFTS_MM))
    return scores[SHIFTS_MM.index(0.0)], np.std(scores, axis=0).astype(np.float32)
