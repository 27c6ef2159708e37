"""The method for GA that needs no network."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.metrics import dice
from OCTEnFaceSegLib.hypertransmission import clean_mask, hypertransmission_score
from OCTEnFaceSegLib.measures.lesion import area_mm2
from OCTEnFaceSegLib.settings import HypertransmissionSettings
from Testing.OCTEnFaceSeg.enface_examples import SPACING, disc, layered

SETTINGS = HypertransmissionSettings(slab_mm=(0.02, 0.1))
GA = disc((24, 128), (12, 64), 0.5)


def found(volume, bruch):
    score = hypertransmission_score(volume, bruch, SPACING, SETTINGS)
    assert np.isfinite(score).all()
    assert score.min() >= 0
    assert score.max() <= 1
    return clean_mask(score >= 0.5, SPACING, SETTINGS.smallest_mm2, SETTINGS.largest_hole_mm2)


def test_atrophy_is_found_where_it_is():
    assert dice(found(*layered(lesion=GA)), GA) > 0.88


def test_a_healthy_eye_has_none():
    assert area_mm2(found(*layered()), SPACING) == 0


@pytest.mark.parametrize("scale", [lambda v: 255 * v, lambda v: np.sqrt(v), lambda v: 4 * v - 1000])
def test_the_intensity_scale_does_not_matter(scale):
    volume, bruch = layered(lesion=GA)
    assert dice(found(scale(volume).astype(np.float32), bruch), GA) > 0.85


def test_brightness_that_changes_from_b_scan_to_b_scan_does_not_matter():
    volume, bruch = layered(lesion=GA)
    gain = np.random.default_rng(1).uniform(0.8, 1.25, (len(volume), 1, 1)).astype(np.float32)
    assert dice(found(volume * gain, bruch), GA) > 0.85


def test_a_vessel_that_shades_the_lesion_does_not_cut_it():
    volume, bruch = layered(lesion=GA)
    volume[:, :, 60:66] *= 0.4
    mask = found(volume, bruch)
    assert mask[12, 60:66].all()
    assert dice(mask, GA) > 0.85


def test_a_constant_or_empty_scan_gives_no_lesion():
    _, bruch = layered()
    for volume in (np.zeros((24, 100, 128)), np.full((24, 100, 128), 7.0)):
        assert not found(volume, bruch).any()
    assert not found(layered()[0], np.full(bruch.shape, np.nan)).any()


def test_small_lesions_and_small_holes_go():
    mask = disc((40, 400), (20, 200), 1.0) & ~disc((40, 400), (20, 200), 0.07)
    mask |= disc((40, 400), (20, 40), 0.1)
    clean = clean_mask(mask, SPACING, 0.049, 0.02)
    assert np.array_equal(clean, disc((40, 400), (20, 200), 1.0))
    assert np.array_equal(clean_mask(mask, SPACING, 0.0), mask)


def test_negative_settings_are_refused():
    with pytest.raises(InputError, match="smallest_mm2"):
        HypertransmissionSettings(smallest_mm2=-1)
