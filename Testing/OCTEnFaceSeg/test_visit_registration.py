"""Visits of one eye over each other."""

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk

from OCTEnFaceSegLib.enface_plane import plane_image
from OCTEnFaceSegLib.phantom import phantom_eye
from OCTEnFaceSegLib.pipeline import segment
from OCTEnFaceSegLib.settings import SegmentationSettings
from OCTEnFaceSegLib.visit_registration import register_visits, rigid_transform
from OCTEnFaceSegLib.visits import Visit, change_map, changed_mm2, growth_of

SIZE = (32, 128, 192)


@pytest.fixture(scope="module")
def visits():
    return [phantom_eye(SIZE, seed=4, visit=n) for n in (0, 1)]


def errors_um(registration, later):
    """Of the registration at nine points of the first visit."""
    points = np.array([(x, z) for x in (-2, 0, 2) for z in (-2, 0, 2)], float)
    true = np.linalg.solve(later.to_first_visit, np.c_[points, np.ones(9)].T).T[:, :2]
    found = np.array([registration.transform.TransformPoint(point) for point in points.tolist()])
    return 1000 * np.linalg.norm(found - true, axis=1)


def registered(first, later, fundus=True):
    scans = [eye.scan if fundus else dataclasses.replace(eye.scan, fundus={}) for eye in (first, later)]
    return register_visits(*scans, first.layers["BM"], later.layers["BM"])


@pytest.fixture(scope="module")
def by_slo(visits):
    return registered(*visits)


def test_visits_are_registered_by_the_slo(visits, by_slo):
    registration = by_slo
    assert registration.by == "SLO"
    assert registration.trusted
    assert errors_um(registration, visits[1]).max() < 10


def test_visits_without_slo_are_registered_by_the_vessels_of_the_scan(visits):
    registration = registered(*visits, fundus=False)
    assert registration.by == "en-face vessels"
    assert registration.trusted
    assert errors_um(registration, visits[1]).mean() < 30


@pytest.mark.slow
def test_another_eye_is_not_trusted(visits):
    assert not registered(visits[0], phantom_eye(SIZE, seed=77)).trusted


def test_growth_of_true_masks_is_the_true_growth(visits, by_slo):
    first, later = (Visit(eye.scan, eye.ga, eye.layers["BM"], float(n)) for n, eye in enumerate(visits))
    later.registration = by_slo
    for rates in (growth_of([first, later])["overall"], growth_of([first, later])["common_field"]["overall"]):
        assert rates["mm_per_year"] == pytest.approx(visits[0].growth_mm_per_year, abs=0.05)
    change = changed_mm2(change_map(first, later))
    assert change["new_mm2"] - change["lost_mm2"] == pytest.approx(visits[1].ga_area_mm2 - visits[0].ga_area_mm2, abs=0.1)
    assert change["stable_mm2"] == pytest.approx(visits[0].ga_area_mm2, rel=0.05)
    assert change["lost_mm2"] < 0.05


def test_the_map_of_the_change_lies_over_the_first_visit(visits, by_slo):
    first, later = (Visit(eye.scan, eye.ga, eye.layers["BM"], float(n)) for n, eye in enumerate(visits))
    later.registration = by_slo
    image = change_map(first, later)
    labels = sitk.GetArrayFromImage(image)[:, 0]
    rows, columns = np.nonzero(labels > 0)
    b, a = np.nonzero(visits[0].ga)
    middle = image.TransformContinuousIndexToPhysicalPoint((float(columns.mean()), 0.0, float(rows.mean())))
    true = visits[0].scan.volume.TransformContinuousIndexToPhysicalPoint((float(a.mean()), 0.0, float(b.mean())))
    assert np.hypot(middle[0] - true[0], middle[2] - true[2]) < 0.2


@pytest.mark.parametrize(("turn_deg", "shift_mm"), [(8.0, (0.9, -0.6)), (-5.0, (-1.2, 0.3))])
def test_large_motions_are_found(visits, turn_deg, shift_mm):
    fixed = plane_image(visits[0].scan.fundus["SLO"])
    motion = sitk.Euler2DTransform((0.0, 0.0), np.radians(turn_deg), shift_mm)
    moving = sitk.Resample(fixed, fixed, motion.GetInverse(), sitk.sitkLinear, 0.0)  # moving(motion(p)) = fixed(p)
    found = rigid_transform(fixed, moving)
    for point in ((0.0, 0.0), (1.5, 1.5), (-1.5, 1.0)):
        assert np.hypot(*np.subtract(found.TransformPoint(point), motion.TransformPoint(point))) < 0.02


def areas_of_a_lesion_that_did_not_grow(seed, size):
    """mm2 of the default model's masks and of the true ones, twice each."""
    settings = SegmentationSettings(lesion="ga")
    eyes = [phantom_eye(size, seed=seed, visit=n, years=0.001) for n in (0, 1)]
    results = [segment(eye.scan, settings) for eye in eyes]
    visits = [Visit(eye.scan, r.mask, r.bruch.depth, 0.0) for eye, r in zip(eyes, results, strict=True)]
    visits[1].registration = register_visits(*(v.scan for v in visits), *(v.bruch_depth for v in visits))
    values = growth_of(visits)
    true = growth_of([dataclasses.replace(visit, mask=eye.ga) for visit, eye in zip(visits, eyes, strict=True)])
    areas, true_areas = (v["common_field"]["area_mm2"] for v in (values, true))
    print(f"seed {seed}: {areas[0]:.3f} and {areas[1]:.3f} mm2, truth {true_areas[0]:.3f} and {true_areas[1]:.3f}")
    assert values["overall"] is None
    return areas, true_areas


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "b_scans"), [(31, 49), (32, 97), (33, 49)])
def test_a_lesion_that_did_not_grow_has_nearly_the_same_area_twice(seed, b_scans):
    areas, _ = areas_of_a_lesion_that_did_not_grow(seed, (b_scans, 496, 512))
    assert abs(areas[0] - areas[1]) < 0.1


@pytest.mark.slow
def test_a_wide_lesion_repeats_as_well_as_49_b_scans_can_tell():
    areas, true_areas = areas_of_a_lesion_that_did_not_grow(32, (49, 496, 512))
    assert abs(true_areas[0] - true_areas[1]) > 0.1  # 4 mm wide: one B-scan more or less of it makes half a square millimeter
    assert abs((areas[0] - areas[1]) - (true_areas[0] - true_areas[1])) < 0.05
