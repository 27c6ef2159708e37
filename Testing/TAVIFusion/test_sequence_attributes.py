"""A run kept as text attributes comes back as it was."""

import json

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.formats.reading import read_run
from TAVIFusionLib.formats.sequence_attributes import PREFIX, attributes_of, has_attributes, run_of
from Testing.data import real_data
from Testing.TAVIFusion.xa_examples import CARM, COLUMNS, ROWS, small_run

MOVING = [CARM.at(primary_deg=-30 + 1 / 3 * n, table_mm=(0.1 * n, 0.0, 1.0), isocenter_mm=(1.0, 2.0, 3.0)) for n in range(5)]


@pytest.mark.parametrize("geometry", [[CARM] * 5, MOVING, [CArm(size=(COLUMNS, ROWS))] * 5], ids=["static", "moving", "unknown"])
def test_a_run_survives(geometry):
    run = small_run(geometry=geometry, times_s=[0, 0.1, 0.3, 1 / 3, 0.5], plane="B", device="Gerät", notes=["One.", "Two."])
    run.suggestions = {"pixel_spacing_mm": ((0.3, 0.3), "why"), "source_to_detector_mm": (1050.0, "usual")}
    attributes = attributes_of(run)
    assert all(isinstance(text, str) and name.startswith(PREFIX) for name, text in attributes.items())
    found = run_of(run.frames, attributes | {"DICOM.instanceUIDs": "1.2"})
    assert found.geometry == geometry and np.array_equal(found.times_s, run.times_s)
    for name in ("timed", "suggestions", "source", "device", "plane", "notes"):
        assert getattr(found, name) == getattr(run, name), name


def test_a_real_run_survives():
    run = read_run(real_data("tavi/phantom_xa/IM1.dcm"))
    found = run_of(run.frames, attributes_of(run))
    assert found.geometry == run.geometry and found.suggestions == run.suggestions and found.notes == run.notes


def test_values_of_all_frames_are_written_once():
    static, moving = (attributes_of(small_run(geometry=geometry)) for geometry in ([CARM] * 5, MOVING))
    assert json.loads(static[f"{PREFIX}primary_deg"]) == 30
    assert len(json.loads(moving[f"{PREFIX}primary_deg"])["frames"]) == 5
    assert moving[f"{PREFIX}pixel_spacing_mm"] == "[0.3,0.2]"


def test_other_nodes_have_no_run():
    assert has_attributes(attributes_of(small_run())) and not has_attributes({"DICOM.instanceUIDs": "1.2"})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("version", "2", "newer version"),
        ("version", None, "damaged"),
        ("count", "6", "that of 6 frames of 26 x 20 pixels"),
        ("size", "[20,26]", "of 20 x 26 pixels; .* Load the run again"),
        ("primary_deg", "thirty", "damaged"),
        ("primary_deg", '"thirty"', "damaged"),
        ("table_mm", '{"frames":[[0,0,0]]}', "damaged"),
        ("times_s", "[0]", "5 frames need as many"),
        ("suggestions", "[1]", "damaged"),
    ],
)
def test_damaged_attributes_are_refused(name, text, message):
    run = small_run()
    attributes = attributes_of(run)
    attributes[PREFIX + name] = text
    if text is None:
        del attributes[PREFIX + name]
    with pytest.raises(InputError, match=message):
        run_of(run.frames, attributes)
