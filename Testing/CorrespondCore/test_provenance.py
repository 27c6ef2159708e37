"""Results say where they come from, and not from whom."""

import json

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import __version__
from CorrespondCoreLib.models import Model
from CorrespondCoreLib.provenance import attributes, caption, record, versions, without_identifiers

MODEL = Model(Path("."), {"id": "breath", "sha256": "ab" * 32}, own=False)


def test_a_record_names_what_made_the_result():
    made = record("network", {"iterations": np.int64(5), "preset": "fast"}, MODEL, "cuda")
    assert made["method"] == "network" and made["model"] == "breath" and made["weights_sha256"] == "ab" * 32
    assert made["settings"] == {"iterations": 5, "preset": "fast"} and made["device"] == "cuda"
    assert made["statement"] == "For research use only. Not for clinical use."
    assert {"correspond", "python", "numpy", "SimpleITK"} <= set(made["versions"])
    json.dumps(made, allow_nan=False)
    with pytest.raises(ValueError):
        record("magic", {})


def test_attributes_and_caption():
    named = attributes(record("network", {"preset": "fast"}, MODEL))
    assert named["Correspond.Method"] == "network" and named["Correspond.WeightsSha256"] == "ab" * 32
    assert json.loads(named["Correspond.Settings"]) == {"preset": "fast"}
    searched = attributes(record("search", {}))
    assert "Correspond.Model" not in searched and searched["Correspond.Statement"].startswith("For research use only")
    assert caption(record("network", {}, MODEL)).endswith(
        "network breath (abababababab). For research use only. Not for clinical use."
    )
    assert caption(record("search", {})) == f"Correspond {__version__}, search. For research use only. Not for clinical use."


def test_one_version_everywhere():
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"].get("version", __version__) == __version__ == versions()["correspond"]


def test_images_lose_the_patients_data_and_the_original_keeps_it():
    image = sitk.Image(3, 3, 3, sitk.sitkInt16)
    image.SetMetaData("0010|0010", "a name")
    image.SetSpacing((1, 2, 3))
    clean = without_identifiers(image)
    assert clean.GetMetaDataKeys() == () and clean.GetSpacing() == (1, 2, 3)
    assert image.GetMetaData("0010|0010") == "a name"
