"""The paper's affine map: recovered without a network, published in pixels, refused where it means nothing."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.alignment.affine import align_affine, projected_region
from TAVIFusionLib.alignment.pictures import full_matrix, resized, warped
from TAVIFusionLib.paper_projection import project_parallel
from TAVIFusionLib.pose import Pose
from Testing.TAVIFusion.tubes import ARM, aorta

KNOWN = np.array([[1.05, 0.07, -14.0], [-0.04, 0.96, 11.0]])


@pytest.fixture(scope="module")
def moving():
    return projected_region(aorta(0.6), ARM)


def test_the_region_shows_the_parallel_projection():
    mesh = aorta()
    region = (90, 40, 150, 110)
    shadow = projected_region(mesh, ARM, Pose(), region)
    rows, columns = np.nonzero(shadow)
    assert columns.min() >= 90 and columns.max() < 150 and rows.min() >= 40 and rows.max() < 110
    pixels = np.rint(project_parallel(mesh.points_mm, ARM)).astype(int)
    inside = pixels[(pixels[:, 0] > 91) & (pixels[:, 0] < 148) & (pixels[:, 1] > 41) & (pixels[:, 1] < 108)]
    assert shadow[inside[:, 1], inside[:, 0]].mean() > 0.85  # the rest lies on the edge itself


def test_direct_optimisation_recovers_a_known_map(moving):
    fixed = warped(moving, KNOWN) >= 0.5
    identity, moments, direct = (align_affine(moving, fixed, method) for method in ("identity", "moments", "direct"))
    assert identity.dsc < moments.dsc < direct.dsc
    assert direct.dsc > 0.985
    corners = np.argwhere(moving)[:, ::-1].astype(float)
    apart = np.linalg.norm(direct.apply(corners) - (corners @ KNOWN[:, :2].T + KNOWN[:, 2]), axis=1)
    assert np.mean(apart) < 1.0


def test_moments_recover_a_shift_and_a_scale_exactly_enough(moving):
    fixed = warped(moving, np.array([[1.1, 0, -20.0], [0, 1.1, -5.0]])) >= 0.5
    assert align_affine(moving, fixed, "moments").dsc > 0.97


def test_the_map_takes_moving_pixels_to_fixed_pixels():
    moving = np.zeros((64, 64), bool)
    moving[20:24, 30:34] = True
    matrix = np.array([[1.0, 0, 7.0], [0, 1.0, -5.0]])
    rows, columns = np.nonzero(warped(moving, matrix) >= 0.5)
    assert (columns.min(), rows.min()) == (37, 15)


def test_a_map_between_small_pictures_becomes_one_between_large_ones():
    """A shift of 3 small pixels is one of 6 large ones, and the middle of a picture stays its middle."""
    shift = full_matrix(np.array([[1.0, 0, 3.0], [0, 1.0, 0.0]]), (512, 512), (256, 256))
    assert np.allclose(shift, [[1, 0, 6], [0, 1, 0]])
    turn = np.array([[0.0, -1.0, 255.0], [1.0, 0.0, 0.0]])  # about (127.5, 127.5)
    middle = full_matrix(turn, (512, 512), (256, 256)) @ [255.5, 255.5, 1]
    assert np.allclose(middle, 255.5)


def test_resized_masks_keep_their_place_and_area():
    mask = np.zeros((512, 512), bool)
    mask[100:220, 300:340] = True
    small = resized(mask, (256, 256))
    assert small.shape == (256, 256)
    assert small.sum() == pytest.approx(mask.sum() / 4, rel=0.01)
    rows, columns = np.indices(small.shape)
    center = (rows * small).sum() / small.sum(), (columns * small).sum() / small.sum()
    assert center == pytest.approx(((159.5 + 0.5) / 2 - 0.5, (319.5 + 0.5) / 2 - 0.5), abs=0.05)


def test_what_means_nothing_is_refused(moving):
    empty = np.zeros_like(moving)
    with pytest.raises(InputError, match="mask is empty"):
        align_affine(moving, empty, "direct")
    with pytest.raises(InputError, match="same"):
        align_affine(moving, moving[:100], "direct")
    with pytest.raises(InputError, match="matching network"):
        align_affine(moving, moving, "network")
    with pytest.raises(InputError, match="unknown"):
        align_affine(moving, moving, "guess")
    with pytest.raises(InputError, match="nothing of the projected model"):
        projected_region(aorta(), ARM, None, (0, 0, 5, 5))
