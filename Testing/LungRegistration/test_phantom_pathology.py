"""Disease in the phantom: it is seen, it moves with the tissue, mass is conserved, and the true motion is that of the healthy."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.phantom import grid_over, scanned
from LungRegistrationLib.phantoms.pathology import FULLEST, Effusion, Pathology, Regions
from LungRegistrationLib.phantoms.render import render
from LungRegistrationLib.phantoms.scan import Scanner
from LungRegistrationLib.phantoms.thorax import Thorax, lung_points

SEEDS = range(6)
VOXEL_MM = 6.0
QUIET = Scanner(1.0, 0.85)
NO_NODULES = np.empty((0, 3)), np.empty(0)
NOTHING = Regions(np.empty((0, 3)), np.empty((0, 3)), np.empty(0), np.empty(0), np.empty(0))


@pytest.fixture(scope="module")
def healthy():
    return Thorax.random(7, motion_mm=40.0, voxel_mm=VOXEL_MM)


@pytest.fixture(scope="module")
def inside(healthy):
    return lung_points(healthy.anatomy, 6.0, np.random.default_rng(0))


def one_region(center, radius_mm, density):
    axes = np.full((1, 3), radius_mm)
    return Regions(center[None], axes, np.array([density]), np.ones(1), np.full(1, 2.0))


def ill(person, regions=NOTHING, nodules=NO_NODULES, effusion=None):
    return replace(person, pathology=Pathology(regions, *nodules, effusion))


def array(image):
    return sitk.GetArrayFromImage(image)


def test_mass_is_conserved_at_every_point_whatever_the_disease(healthy, inside):
    compression = healthy.motion.inner_jacobian(inside)
    lighter = denser = 0
    for seed in SEEDS:
        person = Thorax.random(7, 40.0, VOXEL_MM, ill=True)
        person = replace(person, pathology=Pathology.random(np.random.default_rng(seed), person.anatomy, inside))
        before, after = person.parenchyma(inside, 1.0), person.parenchyma(inside, compression)
        np.testing.assert_allclose(after * compression, before, rtol=1e-5)
        assert before.min() > 0 and max(before.max(), after.max()) <= 1000 * FULLEST * 1.001
        usual = healthy.parenchyma(inside, 1.0)
        lighter, denser = lighter + (before < 0.5 * usual).sum(), denser + (before > 2 * usual).sum()
    assert lighter > 20 and denser > 20


def test_an_ill_person_has_the_motion_and_truth_of_the_same_healthy_one(healthy):
    grid = grid_over((48, 40, 48), None)
    pairs = []
    for is_ill in (False, True):
        person = Thorax.random(7, 40.0, float(grid.spacing.prod() ** (1 / 3)), is_ill)
        rng = np.random.default_rng(0)
        pairs.append(scanned(person, grid, False, (QUIET, QUIET), 50, rng, Progress()))
    well, sick = pairs
    for name in ("fixed_to_moving_mm", "true_jacobian", "fixed_lobes", "moving_lobes"):
        np.testing.assert_array_equal(array(getattr(well, name)), array(getattr(sick, name)))
    np.testing.assert_array_equal(well.moving_landmarks_mm, sick.moving_landmarks_mm)
    changed = np.abs(array(well.fixed).astype(int) - array(sick.fixed)) > 50
    near_lungs = ndimage.binary_dilation(array(well.fixed_lobes) > 0, iterations=2)
    assert changed.sum() > 20 and not changed[~near_lungs].any()


def test_holes_are_darker_and_dense_regions_brighter_where_the_tissue_has_gone(healthy):
    grid = grid_over((48, 40, 48), None)
    center = healthy.anatomy.hilum(left=False) + [-35.0, 0.0, 10.0]
    there = healthy.motion.inner(center[None])[0]
    usual = [render(healthy, grid, state, lambda _: None)[0] for state in (False, True)]
    for density, sign in ((10.0, -1), (1000.0, 1)):
        person = ill(healthy, one_region(center, 20.0, density))
        for state, place in ((False, center), (True, there)):
            index = tuple(np.rint((place - grid.origin) / grid.spacing).astype(int)[::-1])
            change = render(person, grid, state, lambda _: None)[0] - usual[state]
            assert sign * change[index] > 60
            far = np.linalg.norm(grid.points(slice(None)) - place, axis=1).reshape(grid.shape) > 60
            assert np.abs(change[far]).max() == 0


def test_nodules_keep_their_size_and_sit_where_the_motion_takes_their_center(healthy, inside):
    center = healthy.anatomy.hilum(left=True) + [40.0, 0.0, -10.0]
    person = ill(healthy, nodules=(center[None], np.array([9.0])))
    spacing = np.full(3, 1.5)
    for state, place in ((False, center), (True, healthy.motion.inner(center[None])[0])):
        origin = place - 0.5 * 39 * spacing
        share = person.tubes((40, 40, 40), origin, spacing, state)[3]
        volume = share.sum() * spacing.prod()
        assert volume == pytest.approx(4 / 3 * np.pi * 9.0**3, rel=0.1)
        where = np.argwhere(share > 0.5).mean(axis=0)[::-1] * spacing + origin
        np.testing.assert_allclose(where, place, atol=0.2)


def test_fluid_lies_along_the_wall_low_at_the_back(healthy, inside):
    fluid = Effusion(left=True, thickness_mm=20.0, level_y=0.0, top_z=0.0)
    share = fluid.share(inside, healthy.anatomy)
    wet = inside[share > 0.5]
    assert len(wet) > 10 and (wet[:, 0] > 4).all() and (wet[:, 1] > 0).all() and (wet[:, 2] < 0).all()
    assert healthy.anatomy.lung_distance(wet).min() > -22
    thick = ill(healthy, effusion=fluid).parenchyma(inside, 1.0)[share > 0.99]
    shrunk = np.minimum(healthy.motion.inner_jacobian(inside), 1.0)[share > 0.99]
    np.testing.assert_allclose(thick, 1000 * FULLEST * shrunk, rtol=1e-4)


def test_a_contrast_agent_makes_blood_brighter_and_nothing_else(healthy):
    grid = grid_over((40, 36, 40), None)
    plain, bright = (render(healthy, grid, False, lambda _: None, hu)[0] for hu in (0.0, 200.0))
    heart = tuple(np.rint((healthy.anatomy.heart - grid.origin) / grid.spacing).astype(int)[::-1])
    assert bright[heart] - plain[heart] == pytest.approx(200, abs=1)
    assert (bright - plain).min() > -1e-3
    outside = healthy.anatomy.chest.wall_distance(grid.points(slice(None))).reshape(grid.shape) > 10
    np.testing.assert_array_equal(bright[outside], plain[outside])


def test_every_person_that_is_ill_has_something():
    person = Thorax.random(1, 30.0, 9.0)
    points = lung_points(person.anatomy, 9.0, np.random.default_rng(0))
    for seed in range(30):
        found = Pathology.random(np.random.default_rng(seed), person.anatomy, points)
        assert len(found.regions.centers) + len(found.nodule_radii) + (found.effusion is not None) > 0
