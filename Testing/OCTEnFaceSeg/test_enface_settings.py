"""Settings: what is allowed, and the way to a file and back."""

import json

import pytest

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model
from OCTEnFaceSegLib import lesion_models
from OCTEnFaceSegLib.lesion_models import chosen_models, seen_by
from OCTEnFaceSegLib.settings import SegmentationSettings


def test_settings_survive_json(tmp_path):
    settings = SegmentationSettings(lesion="ga", method="hypertransmission", bruch="find", threshold=0.4)
    settings.hypertransmission.contrast = 0.6
    (tmp_path / "s.json").write_text(json.dumps(settings.to_dict()))
    assert SegmentationSettings.from_json(tmp_path / "s.json") == settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"method": "magic"}, "network, hypertransmission"),
        ({"method": "hypertransmission", "lesion": "rpd"}, "geographic atrophy"),
        ({"method": "hypertransmission", "models": ["a"]}, "uses no model"),
        ({"bruch": "guess"}, "auto, file, find"),
        ({"threshold": 1.5}, "between 0 and 1"),
        ({"lesion": "../ga"}, "letters"),
        ({"tile": 0}, "above 0"),
        ({"speed": 3}, "Unknown entries of the settings file: speed"),
        ({"threshold": "high"}, "wrong kind"),
        ({"hypertransmission": {"slab": 3}}, "Unknown entries.*: hypertransmission.slab"),
    ],
)
def test_values_that_cannot_work_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        SegmentationSettings.from_json(values)


def test_a_file_that_is_no_settings_file_is_refused(tmp_path):
    (tmp_path / "s.json").write_text("[1]")
    for name in ("s.json", "absent.json"):
        with pytest.raises(InputError, match=name):
            SegmentationSettings.from_json(tmp_path / name)


def test_without_a_model_the_user_learns_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path))
    monkeypatch.setattr(lesion_models, "SHIPPED", tmp_path / "none")
    with pytest.raises(InputError, match="hypertransmission needs no model"):
        chosen_models(SegmentationSettings(lesion="ga"))
    with pytest.raises(InputError, match="No model for drusen is installed"):
        chosen_models(SegmentationSettings(lesion="drusen"))
    with pytest.raises(InputError, match='no model "absent"'):
        chosen_models(SegmentationSettings(models=("absent",)))


def model(tmp_path, name, **card):
    return Model(tmp_path / name, {"id": name, "sha256": "", **card}, own=True)


def test_the_slab_is_the_users_then_the_models_then_the_papers(tmp_path):
    plain, own = model(tmp_path, "a"), model(tmp_path, "b", input={"above_mm": 0.5, "below_mm": 0.4})
    assert seen_by([plain], SegmentationSettings()).above_mm + seen_by([plain], SegmentationSettings()).below_mm == 1.92
    assert seen_by([own], SegmentationSettings()).above_mm == 0.5
    assert seen_by([plain, own], SegmentationSettings(above_mm=0.7, below_mm=0.3)).above_mm == 0.7
    with pytest.raises(InputError, match="different depths"):
        seen_by([plain, own], SegmentationSettings())
    with pytest.raises(InputError, match="cannot be read"):
        seen_by([model(tmp_path, "c", input={"above_mm": "much"})], SegmentationSettings())
