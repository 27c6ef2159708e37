"""The phantom's masks hold what can be seen: a vessel below the noise, or where the display is black, is not annotated."""

import numpy as np
import pytest

from TAVIFusionLib.phantom import tavi_phantom
from TAVIFusionLib.phantoms.annotation import LEAST_RATIO, annotated
from TAVIFusionLib.phantoms.bolus import Bolus
from TAVIFusionLib.phantoms.detector import Detector
from TAVIFusionLib.phantoms.motion import Motion

NOISE = 0.08


def band(strengths, size=256):
    """A vessel from left to right whose contrast is so many times the noise in each part: filled, frame, with and without."""
    filled = np.zeros((size, size), bool)
    filled[size * 7 // 16 : size * 9 // 16] = True
    strength = np.repeat(strengths, size // len(strengths))[None] * NOISE
    plain = np.full((size, size), 0.6, np.float32)
    shown = plain - strength * filled
    return filled, shown + NOISE * np.random.default_rng(0).standard_normal(filled.shape), shown, plain


def test_what_is_below_the_noise_is_not_annotated():
    filled, *frame = band([3.0, 3.0, 0.1, 0.1])
    drawn = annotated(filled, *frame)
    assert drawn[:, :116].sum() == filled[:, :116].sum() and not drawn[:, 140:].any() and not (drawn & ~filled).any()
    for times, whole in ((0.8, True), (1.3, True), (0.25, False)):
        share = annotated(*band([times])).sum() / filled.sum()
        assert share == pytest.approx(float(times > LEAST_RATIO), abs=0.02) and (share > 0.5) == whole


def test_the_ratio_is_that_of_a_pixel_of_256_at_any_size():
    filled, gray, shown, plain = band([1.0, 1.0, 0.2, 0.2])
    large = [np.kron(one, np.ones((2, 2), one.dtype)) for one in (filled, shown, plain)]
    noisy = large[1] + 2 * NOISE * np.random.default_rng(1).standard_normal(large[1].shape)  # as much in a pixel of 256
    small, big = annotated(filled, gray, shown, plain), annotated(large[0], noisy, *large[1:])
    assert (small ^ big[::2, ::2]).sum() < 0.03 * filled.sum()


def test_where_the_display_is_black_nothing_is_seen():
    filled, gray, shown, plain = band([3.0])
    for picture in (gray, shown, plain):
        picture[:, 128:] = 0.0
    drawn = annotated(filled, gray, shown, plain)
    assert drawn[:, :118].any() and not drawn[:, 140:].any()


def test_a_run_at_a_low_dose_has_less_to_draw():
    phantom = tavi_phantom(1)
    bolus = Bolus(0, 20.0, 0.02, 600.0, 0.5, 2.0, 60.0)
    options = {"contrast": bolus, "detector": Detector(), "motion": Motion(0.0, 0.0), "injected_s": -1.0, "devices": False}
    clear, dim = (phantom.run(phantom.carm(10, 0, pixels=128), 1, dose=dose, **options).vessel_masks for dose in (10.0, 0.003))
    assert not (dim & ~clear).any() and dim.sum() < 0.8 * clear.sum()
