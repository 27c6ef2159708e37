"""The geometry of a run as an attribute of its sequence node: it survives saving the scene and reading it again."""

import json
from dataclasses import asdict

import numpy as np

from TAVIFusionLib.carm import CArm

ATTRIBUTE = "TAVIFusion.geometry"
TUPLES = ("pixel_spacing_mm", "size", "isocenter_mm", "table_mm")


def write(sequence, run):
    """Keep everything of a run (FluoroscopyRun) but its frames with the sequence node."""
    values = {
        "geometry": [asdict(carm) for carm in run.geometry],
        "times_s": np.asarray(run.times_s, float).tolist(),
        "timed": run.timed,
        "suggestions": {name: list(suggestion) for name, suggestion in run.suggestions.items()},
        "source": run.source,
        "device": run.device,
        "plane": run.plane,
        "notes": list(run.notes),
    }
    sequence.SetAttribute(ATTRIBUTE, json.dumps(values))


def read(sequence):
    """What `write` kept, as arguments of FluoroscopyRun by name."""
    values = json.loads(sequence.GetAttribute(ATTRIBUTE))
    suggestions = {name: (_value(name, value), why) for name, (value, why) in values["suggestions"].items()}
    times = np.array(values["times_s"], float)
    return {**values, "geometry": [_carm(arm) for arm in values["geometry"]], "times_s": times, "suggestions": suggestions}


def geometry(sequence):
    """CArm of every frame."""
    return [_carm(arm) for arm in json.loads(sequence.GetAttribute(ATTRIBUTE))["geometry"]]


def setGeometry(sequence, arms):
    """Replace the CArm of every frame; observers of the sequence node hear of it."""
    values = json.loads(sequence.GetAttribute(ATTRIBUTE))
    sequence.SetAttribute(ATTRIBUTE, json.dumps({**values, "geometry": [asdict(carm) for carm in arms]}))


def _carm(values):
    return CArm(**{name: _value(name, value) for name, value in values.items()})


def _value(name, value):
    return tuple(value) if name in TUPLES and value is not None else value
