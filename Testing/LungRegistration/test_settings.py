"""Settings survive JSON; what cannot work is refused with the name of the setting."""

import json

import pytest

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.settings import PRESETS, RegistrationSettings, preset


@pytest.mark.parametrize("name", PRESETS)
def test_presets_come_back_from_json_unchanged(name, tmp_path):
    path = tmp_path / "réglages 1.json"
    path.write_text(json.dumps(preset(name).to_dict()), encoding="utf-8")
    assert RegistrationSettings.from_json(path) == preset(name)


def test_a_named_preset_fills_in_what_is_not_named():
    settings = RegistrationSettings.from_json({"preset": "best", "smoothing_mm": 4.0})
    assert settings.levels == preset("best").levels
    assert settings.smoothing_mm == 4.0


def test_similarity_sets_all_levels():
    settings = RegistrationSettings.from_json({"similarity": "ngf"})
    assert {level.similarity for level in settings.levels} == {"ngf"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"regularizer": "none"}, "regularizer"),
        ({"wieght": 1}, "Unknown settings: wieght"),
        ({"levels": []}, "levels"),
        ({"levels": [{"spacing": 3}]}, "wrong kind"),
        ({"similarity": "ssd"}, "similarity"),
        ({"preset": "perfect"}, "preset"),
        ({"field_spacing_mm": 0}, "field_spacing_mm"),
        ({"hu_range": [0, -1000]}, "hu_range"),
        ({"keypoint_held_out": 1.0}, "keypoint_held_out"),
        ({"search_step_mm": [5]}, "same number"),
    ],
)
def test_impossible_settings_are_named(values, words):
    with pytest.raises(InputError, match=words):
        RegistrationSettings.from_json(values)


def test_broken_files_are_explained(tmp_path):
    broken = tmp_path / "settings.json"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not valid JSON"):
        RegistrationSettings.from_json(broken)
    with pytest.raises(InputError, match="cannot be read"):
        RegistrationSettings.from_json(tmp_path / "absent.json")
    broken.write_text("[1]", encoding="utf-8")
    with pytest.raises(InputError, match="one JSON object"):
        RegistrationSettings.from_json(broken)
