"""The models that are shipped: whole, small, honest about themselves, and able to segment an eye that they never saw."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.metrics import dice
from CorrespondCoreLib.models import ModelStore
from OCTEnFaceSegLib.lesion_models import NOT_SHIPPED, SHIPPED
from OCTEnFaceSegLib.phantom import phantom_eye
from OCTEnFaceSegLib.pipeline import segment
from OCTEnFaceSegLib.settings import SegmentationSettings
from OCTEnFaceSegLib.training.config import CONFIGS, TrainingConfig

MODELS = {"oct-ga-fpn": ("ga", 0.9)}  # lesion, least mean Dice on held-out phantoms
ACCURACY = Path(__file__).parents[2] / "OCTEnFaceSeg" / "Documentation" / "Accuracy.md"
PART = (slice(8, 40), slice(None), slice(128, 384))


@pytest.fixture(params=MODELS)
def model(request):
    return ModelStore([SHIPPED]).get(request.param)


def test_a_model_is_whole_and_small_and_its_card_tells_what_it_is(model):
    assert not model.own and model.weights().stat().st_size < 9e6
    card, (lesion, least) = model.card, MODELS[model.id]
    assert card["lesion"] == lesion and "never saw a patient" in card["trained_on"] and "research" in card["description"]
    assert TrainingConfig.from_json(card["training"]["config"]) == TrainingConfig.from_json(CONFIGS / f"{lesion}_default.json")
    seeds = card["training"]["first_seeds"]
    assert len(set(seeds.values())) == 3 and card["held_out"]["eyes"] >= 20
    assert card["held_out"]["figures"]["dice"]["mean"] >= least


def test_it_segments_a_part_of_an_eye_that_it_never_saw(model):
    lesion, least = MODELS[model.id]
    eye = phantom_eye((49, 248, 512), seed=10**8 + 2, style="cirrus", lesion=lesion, population="unseen")
    truth, bruch = (eye.ga if lesion == "ga" else eye.rpd), eye.layers["BM"]
    volume = sitk.GetImageFromArray(sitk.GetArrayFromImage(eye.scan.volume)[PART])
    volume.SetSpacing(eye.scan.volume.GetSpacing())
    enface = (PART[0], PART[2])
    settings = SegmentationSettings(lesion=lesion, models=(model.id,))
    found = segment(replace(eye.scan, volume=volume), settings, "cpu", 1, bruch_depth=bruch[enface])
    assert dice(found.mask, truth[enface]) > least
    assert np.isfinite(found.uncertainty).all()


def test_the_documentation_states_the_figures_of_the_card(model):
    figures = model.card["held_out"]["figures"]
    text = ACCURACY.read_text(encoding="utf-8")
    for name, title, digits in (("dice", "Dice", 3), ("area_error_mm2", "area error, mm2", 2)):
        mean, low, high = (f"{figures[name][key]:.{digits}f}" for key in ("mean", "low", "high"))
        assert f"| {title} | {mean} ({low} to {high})" in text


def test_why_a_lesion_has_no_model_is_what_the_documentation_states():
    assert not [model for model in ModelStore([SHIPPED]).available()[0] if model.card["lesion"] in NOT_SHIPPED]
    reached, marked = NOT_SHIPPED["rpd"]
    text = ACCURACY.read_text(encoding="utf-8")
    assert f"| Dice | {reached:.3f} (" in text and f"({marked} % of the scan)" in text
