"""The phantom patients of the benchmarks of the alignment: another model than what is rendered, views with masks, a start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from TAVIFusionLib.alignment.views import View, plane_mm
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.collimator import open_field
from TAVIFusionLib.gray_scale import normalized
from TAVIFusionLib.meshes import Mesh
from TAVIFusionLib.phantom import PhantomRun, tavi_phantom
from TAVIFusionLib.phantoms.bolus import Bolus
from TAVIFusionLib.phantoms.edges import rough_edge
from TAVIFusionLib.phantoms.motion import Motion, random_motion
from TAVIFusionLib.phantoms.other_mesh import fitted_mesh
from TAVIFusionLib.pose import Pose

LANDMARKS = ("nadir L", "nadir R", "nadir N", "ostium L", "ostium R", "annulus center", "junction")
FIRST_SEED = 1000
OFF_DEG, OFF_MM = 3.0, 10.0
EDGE_NOISE_MM = 0.8
CARDIAC_MM, RESPIRATORY_MM = 4.0, 4.0


@dataclass
class Case:
    """One patient.

    Attributes:
        model: another mesh than the rendered one (other triangles, 1 mm error, another phase of the heart).
        views: two at rest, and the second once more at another moment of heart and breath.
        start: pose, 3 degrees and 10 mm off. truth: pose at rest. landmarks_mm: (7, 3), of the root.
    """

    seed: int
    model: Mesh
    views: list[View]
    start: Pose
    truth: Pose
    landmarks_mm: np.ndarray

    def plane_errors(self, pixels: np.ndarray, carm: CArm) -> np.ndarray:
        """mm at the isocenter, of landmarks drawn at pixels (7, 2)."""
        true = carm.project(self.truth.apply(self.landmarks_mm))
        return np.linalg.norm(plane_mm(pixels, carm) - plane_mm(true, carm), axis=1)


def make_case(seed: int, pixels: int, network=None) -> Case:
    """A patient by seed, of the held-out family.

    Args:
        pixels: rows and columns of the frames. network: that finds the vessel; None: what contrast shows, with a noisy edge.
    """
    rng = np.random.default_rng([seed, 77])
    phantom = tavi_phantom(seed, "held out")
    model = fitted_mesh(phantom)
    first = phantom.carm(float(rng.uniform(-5, 30)), float(rng.uniform(-20, 20)), pixels=pixels)
    side = first.primary_deg - 60 if first.primary_deg > 5 else first.primary_deg + 45
    second = first.at(primary_deg=float(side), secondary_deg=float(rng.uniform(-15, 15)))
    path = float(rng.uniform(5, 30))  # injected into the root, which fills; what lies downstream fills in part
    bolus = Bolus(0, path, 0.04, float(rng.uniform(150, 450)), 1.0, 2.0, path + float(rng.uniform(5, 25)))
    moving, still = random_motion(rng, CARDIAC_MM, RESPIRATORY_MM), Motion(0.0, 0.0)
    runs = [phantom.run(carm, 1, contrast=bolus, injected_s=-1.3, motion=still, seed=seed) for carm in (first, second)]
    other = phantom.run(second, 1, contrast=bolus, injected_s=-1.3, motion=moving, seed=seed)
    views = [_view(run, carm, rng, network) for run, carm in zip((*runs, other), (first, second, second), strict=True)]
    landmarks = np.array([phantom.landmarks_mm[mark] for mark in LANDMARKS])
    return Case(seed, model, views, off_pose(rng, phantom.landmarks_mm["junction"]), runs[0].poses[0], landmarks)


def off_pose(rng: np.random.Generator, pivot: np.ndarray) -> Pose:
    """3 degrees about a random axis through the pivot (3,), and 10 mm in a random direction."""
    turn, shift = (vector / np.linalg.norm(vector) for vector in rng.standard_normal((2, 3)))
    return Pose(tuple((OFF_DEG * turn).tolist()), tuple((OFF_MM * shift).tolist()), tuple(pivot.tolist()))


def _view(run: PhantomRun, carm: CArm, rng: np.random.Generator, network) -> View:
    """What contrast shows with a noisy edge, or what the network finds in the frame, and the frame's open field."""
    field = open_field(normalized(run.run.frames)[0])[1]
    if network is not None:
        from TAVIFusionLib.segmentation import segment_frames

        return View(segment_frames(run.run.frames, "network", network, "cpu")[0] >= 0.5, carm, field)
    pixel = carm.isocenter_pixel_mm[0]
    return View(rough_edge(run.vessel_masks[0], EDGE_NOISE_MM / pixel, 2.5 / pixel, rng), carm, field)
