"""The breathing phantom: its truth is exact, its tissue obeys physics, its numbers are repeatable."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.phantom import breathing_phantom
from LungRegistrationLib.phantoms.anatomy import LOBES
from LungRegistrationLib.phantoms.render import Grid, true_motion
from LungRegistrationLib.phantoms.thorax import Thorax, lung_points
from LungRegistrationLib.phantoms.tubes import draw_tubes

SIZE = (64, 64, 64)
array = sitk.GetArrayFromImage


@pytest.fixture(scope="module")
def phantom():
    return breathing_phantom(SIZE, seed=3)


@pytest.fixture(scope="module")
def thorax():
    return Thorax.random(seed=3, motion_mm=45.0, voxel_mm=5.0)


def test_the_field_takes_landmarks_of_the_fixed_scan_to_the_moving_scan(phantom, thorax):
    assert len(phantom.fixed_landmarks_mm) >= 200
    for point, moved in zip(phantom.fixed_landmarks_mm[:40], phantom.moving_landmarks_mm[:40], strict=True):
        here = Grid((1, 1, 1), np.ones(3), point)  # the true field, sampled exactly at the landmark
        displacement, _ = true_motion(thorax, here, expiration=False)
        np.testing.assert_allclose(point + displacement[0, 0, 0], moved, atol=1e-2)


def test_fixed_and_moving_change_places_with_the_breathing_state():
    forth, back = breathing_phantom(SIZE, seed=4), breathing_phantom(SIZE, seed=4, fixed_is="expiration")
    np.testing.assert_array_equal(array(forth.moving_mask), array(back.fixed_mask))
    np.testing.assert_allclose(forth.fixed_landmarks_mm, back.moving_landmarks_mm)
    inside = ndimage.binary_erosion(array(back.fixed_mask) > 0, iterations=2)
    there = sitk.DisplacementFieldTransform(sitk.Cast(back.fixed_to_moving_mm, sitk.sitkVectorFloat64))
    here = sitk.DisplacementFieldTransform(sitk.Cast(forth.fixed_to_moving_mm, sitk.sitkVectorFloat64))
    for index in np.argwhere(inside)[::97]:
        point = np.array(back.fixed.TransformIndexToPhysicalPoint(index[::-1].tolist()))
        returned = here.TransformPoint(there.TransformPoint(point))
        assert np.linalg.norm(returned - point) < 0.6  # trilinear in 5 mm voxels


def test_motion_and_its_inverse_agree_to_a_thousandth_of_a_millimeter(thorax):
    points = lung_points(thorax.anatomy, 6.0, np.random.default_rng(0))
    returned = thorax.motion.slide_inverse(thorax.motion.outer_inverse(thorax.motion.inner(points), 1e-4), 1e-4)
    assert np.abs(returned - points).max() < 1e-3
    around = np.random.default_rng(1).uniform(-150, 150, (2000, 3))
    returned = thorax.motion.outer_inverse(thorax.motion.outer(around), tolerance_mm=1e-4)
    assert np.abs(returned - around).max() < 1e-3


def test_jacobian_is_positive_and_the_derivative_of_the_motion(thorax):
    points = lung_points(thorax.anatomy, 9.0, np.random.default_rng(0))
    step = 0.01
    for motion, jacobian in (
        (thorax.motion.inner, thorax.motion.inner_jacobian),
        (thorax.motion.outer, thorax.motion.outer_jacobian),
    ):
        columns = [(motion(points + step * axis) - motion(points - step * axis)) / (2 * step) for axis in np.eye(3)]
        np.testing.assert_allclose(jacobian(points), np.linalg.det(np.stack(columns, axis=2)), atol=2e-4)
    assert thorax.motion.inner_jacobian(points).min() > 0.25


def test_field_image_carries_that_jacobian(phantom):
    from LungRegistrationLib.geometry.displacement import jacobian_determinant

    deep = ndimage.binary_erosion(array(phantom.fixed_mask) > 0, iterations=2)
    numerical, true = array(jacobian_determinant(phantom.fixed_to_moving_mm))[deep], array(phantom.true_jacobian)[deep]
    assert true.min() > 0.25
    assert np.abs(numerical - true).mean() < 0.03  # central differences over 10 mm
    assert np.corrcoef(numerical, true)[0, 1] > 0.97


def test_volume_of_the_moving_lungs_is_the_integral_of_the_jacobian(phantom):
    inside = array(phantom.fixed_mask) > 0
    assert array(phantom.true_jacobian)[inside].sum() == pytest.approx(array(phantom.moving_mask).sum(), rel=0.01)


def test_largest_motion_is_as_asked():
    phantom = breathing_phantom(SIZE, seed=1, motion_mm=20.0)
    length = np.linalg.norm(array(phantom.fixed_to_moving_mm), axis=-1)[array(phantom.fixed_mask) > 0]
    assert length.max() == pytest.approx(20.0, abs=1.5)
    assert length.mean() > 20.0 / 3 - 0.5


def test_tissue_mass_is_conserved(phantom, thorax):
    points = lung_points(thorax.anatomy, 5.0, np.random.default_rng(0))
    compression = thorax.motion.inner_jacobian(points)
    before, after = thorax.parenchyma(points, 1.0), thorax.parenchyma(points, compression)
    np.testing.assert_allclose(after * compression, before, rtol=1e-5)
    volume_ml = np.prod(phantom.fixed.GetSpacing()) / 1000

    def mass_g(image, mask):
        hu = array(image)[ndimage.binary_erosion(array(mask) > 0)].astype(float)
        return (hu + 1000)[hu < -450].sum() * volume_ml / 1000

    ratio = mass_g(phantom.moving, phantom.moving_mask) / mass_g(phantom.fixed, phantom.fixed_mask)
    assert ratio == pytest.approx(1.0, abs=0.1)  # the eroded rim and the vessels differ a little


def test_five_lobes_fill_the_lungs(phantom):
    for lobes, mask in ((phantom.fixed_lobes, phantom.fixed_mask), (phantom.moving_lobes, phantom.moving_mask)):
        np.testing.assert_array_equal(array(lobes) > 0, array(mask) > 0)
        volume_ml = np.bincount(array(lobes).ravel(), minlength=6)[1:] * np.prod(lobes.GetSpacing()) / 1000
        assert len(volume_ml) == len(LOBES)
        assert volume_ml.min() > 200
        assert 2500 < volume_ml.sum() < 8000
    right = array(phantom.fixed_lobes)[:, :, :20]  # low x is the patient's right
    assert set(np.unique(right)) <= {0, 1, 2, 3}


def test_lung_slides_along_the_wall_and_is_smooth_within(phantom, thorax):
    rng = np.random.default_rng(0)
    angle = rng.uniform(-0.5, 0.5, 400)  # the left side of the chest
    ray = np.stack([np.cos(angle), np.sin(angle), np.zeros(400)], axis=1)
    start = np.stack([np.zeros(400), np.zeros(400), rng.uniform(-90, 0, 400)], axis=1)
    low, high = np.zeros(400), np.full(400, 200.0)
    for _ in range(40):
        middle = (low + high) / 2
        inside = thorax.anatomy.chest.wall_distance(start + middle[:, None] * ray) < 0
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    wall = start + low[:, None] * ray
    jump = thorax.motion.inner(wall) - thorax.motion.outer(wall)
    assert np.linalg.norm(jump, axis=1).mean() > 8.0
    assert (
        np.abs(thorax.anatomy.chest.wall_distance(thorax.motion.outer_inverse(thorax.motion.inner(wall)))).max() < 0.05
    )  # no gap
    field = array(phantom.fixed_to_moving_mm)
    deep = ndimage.binary_erosion(array(phantom.fixed_mask) > 0, iterations=1)
    pairs = deep[1:] & deep[:-1]
    assert np.linalg.norm(np.diff(field, axis=0), axis=-1)[pairs].max() < 7.5  # over 4.9 mm; the jump at the pleura is larger


def test_vessels_keep_their_caliber(thorax):
    points, radii = thorax.vessels[0].segments()
    big = np.argsort(-radii[:, 0])[40:80]
    spacing = np.full(3, 0.7)
    for i in big[::8]:
        areas = []
        for line in (points[i], thorax.motion.inner(points[i])):
            share = np.zeros((110, 110, 110), np.float32)
            draw_tubes(share, line[None], radii[None, i], line.mean(axis=0) - 0.5 * 109 * spacing, spacing)
            inner_length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum() + 4 / 3 * radii[i].mean()
            areas.append(share.sum() * spacing.prod() / inner_length)
        assert areas[1] == pytest.approx(areas[0], rel=0.05)
        assert areas[0] == pytest.approx(np.pi * (radii[i] ** 2).mean(), rel=0.15)


def test_thin_tube_fills_the_share_of_voxels_that_it_has():
    share = np.zeros((20, 20, 40), np.float32)
    line = np.array([[[-50.0, 0.0, 0.0], [150.0, 0.0, 0.0]]])
    draw_tubes(share, line, np.array([[0.5, 0.5]]), np.array([0.0, -19.3, -19.1]), np.full(3, 2.0))
    assert share.sum(axis=(0, 1)).mean() * 4.0 == pytest.approx(np.pi * 0.25, rel=0.25)


def test_noise_follows_the_dose():
    quiet, loud = (breathing_phantom(SIZE, seed=2, dose=dose, kernel="smooth") for dose in ("standard", "low"))
    air = np.s_[-6:, :6, :6]
    assert array(loud.fixed)[air].std() > 1.5 * array(quiet.fixed)[air].std()
    assert not np.array_equal(array(quiet.fixed)[air], array(quiet.moving)[air])


def test_same_seed_gives_the_same_pair_and_another_seed_another():
    first, again, other = (breathing_phantom((40, 36, 44), seed=seed) for seed in (5, 5, 6))
    for name in ("fixed", "moving", "fixed_lobes", "moving_lobes", "fixed_to_moving_mm", "true_jacobian"):
        np.testing.assert_array_equal(array(getattr(first, name)), array(getattr(again, name)))
    np.testing.assert_array_equal(first.fixed_landmarks_mm, again.fixed_landmarks_mm)
    assert np.mean(array(first.fixed_mask) != array(other.fixed_mask)) > 0.01
    assert not np.allclose(array(first.true_jacobian), array(other.true_jacobian), atol=0.05)


@pytest.mark.parametrize(("size", "spacing"), [((96, 33, 50), None), ((64, 72, 40), (3.0, 3.0, 6.0))])
def test_any_size(size, spacing):
    phantom = breathing_phantom(size, spacing, seed=0)
    assert phantom.fixed.GetSize() == phantom.moving.GetSize() == phantom.fixed_to_moving_mm.GetSize() == size
    assert spacing is None or phantom.fixed.GetSpacing() == spacing
    assert array(phantom.fixed_mask).mean() > 0.05


@pytest.mark.parametrize(
    "options",
    [
        {"size": (64, 64)},
        {"size": (64, 64, 8)},
        {"spacing": (1.0, 1.0, 0.0)},
        {"dose": "none"},
        {"kernel": ("smooth", "soft")},
        {"motion_mm": 100.0},
        {"fixed_is": "apnea"},
    ],
)
def test_impossible_wishes_are_refused(options):
    with pytest.raises(InputError):
        breathing_phantom(**{"size": SIZE, **options})
