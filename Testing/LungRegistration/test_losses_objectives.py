"""The papers' sums: which terms, with which weights, at which level."""

import pytest
import torch

from LungRegistrationLib.geometry.lattice import Lattice
from LungRegistrationLib.losses.curvature import curvature_loss
from LungRegistrationLib.losses.keypoint_distance import keypoint_loss
from LungRegistrationLib.losses.mask_alignment import mask_alignment_loss, one_hot
from LungRegistrationLib.losses.ngf import ngf_loss
from LungRegistrationLib.losses.objectives import AnatomicalObjective, Anatomy, CorrelationObjective
from LungRegistrationLib.losses.total_variation import diffusion_loss, total_variation_loss
from LungRegistrationLib.losses.volume_change import volume_change_loss

SHAPE = (8, 9, 10)
LATTICE = Lattice((0.0, 0.0, 0.0), (2.0, 1.5, 3.0), SHAPE[::-1])
SPACING = LATTICE.spacing_mm
GENERATOR = torch.Generator().manual_seed(0)
FIXED, WARPED = torch.rand(2, 1, 1, *SHAPE, generator=GENERATOR)
FIELD = 0.5 * torch.randn(1, 3, *SHAPE, generator=GENERATOR)
KEYPOINTS = (torch.tensor([[4.0, 5.0, 6.0], [8.0, 3.0, 9.0]]), torch.tensor([[5.0, 5.0, 6.0], [8.0, 3.0, 12.0]]))
LABELS = torch.randint(0, 6, (2, 1, 1, *SHAPE), generator=GENERATOR)


def anatomy() -> Anatomy:
    return Anatomy((LABELS[0] > 0).float(), one_hot(LABELS[0]), one_hot(LABELS[1]), *KEYPOINTS)


def test_identical_images_under_the_identity_cost_nothing():
    still = Anatomy(None, one_hot(LABELS[0]), one_hot(LABELS[0]), KEYPOINTS[0], KEYPOINTS[0])
    terms = AnatomicalObjective().terms(FIXED, FIXED, torch.zeros_like(FIELD), LATTICE, 1, 3, still)
    assert set(terms) == {"similarity", "curvature", "volume_change", "masks", "keypoints"}
    assert all(float(value) == pytest.approx(0, abs=1e-6) for value in terms.values())


def test_weights_of_the_recursive_refinement_network():
    terms = CorrelationObjective().terms(FIXED, WARPED, FIELD, SPACING)
    assert float(terms["total_variation"]) == pytest.approx(0.01 * float(total_variation_loss(FIELD, SPACING)))
    code = CorrelationObjective.of_original_code().terms(FIXED, WARPED, FIELD, SPACING)
    assert float(code["diffusion"]) == pytest.approx(1.25 * float(diffusion_loss(FIELD, SPACING)))
    assert float(code["similarity"]) != float(terms["similarity"])  # windows of 5 and of 9


@pytest.mark.parametrize(("level", "t"), [(3, 0.2), (2, 0.1), (1, 0.05)])
def test_weights_of_the_multilevel_network(level, t):
    terms = AnatomicalObjective().terms(FIXED, WARPED, FIELD, LATTICE, level, 3, anatomy())
    expected = {
        "similarity": ngf_loss(FIXED, WARPED, SPACING, 1.0, (LABELS[0] > 0).float()),
        "curvature": 10 * curvature_loss(FIELD, SPACING),
        "volume_change": 0.01 * volume_change_loss(FIELD, SPACING, t),
        "masks": mask_alignment_loss(one_hot(LABELS[0]), one_hot(LABELS[1]), FIELD, SPACING),
        "keypoints": 1e7 / (720 * 9.0) * keypoint_loss(FIELD, LATTICE, *KEYPOINTS),
    }
    if level == 3:
        del expected["keypoints"]  # the coarsest level looks at large structures
    assert {k: float(v) for k, v in terms.items()} == pytest.approx({k: float(v) for k, v in expected.items()}, rel=1e-5)


def test_what_is_not_known_adds_no_term():
    terms = AnatomicalObjective().terms(FIXED, WARPED, FIELD, LATTICE, 1, 3, Anatomy())
    assert set(terms) == {"similarity", "curvature", "volume_change"}


def test_keypoints_weigh_about_half_per_mm2_in_the_papers_field_of_view():
    """1e7 over the volume of a 192 x 160 x 192 crop around lungs: the other terms' means keep their proportion to it."""
    spacing = (1.5, 1.5, 1.5)
    lattice = Lattice((0.0, 0.0, 0.0), spacing, (192, 160, 192))
    weight = AnatomicalObjective().keypoints / (192 * 160 * 192 * lattice.voxel_volume_mm3)
    assert weight == pytest.approx(0.5, rel=0.01)
