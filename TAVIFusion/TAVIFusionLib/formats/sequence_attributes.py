"""A run's geometry as text attributes, so that a sequence node keeps it when the scene is saved, and a run made of them again.

One attribute per value of CArm, as JSON: the value itself if it is that of all frames, else {"frames": [value, ...]}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import plain

from ..carm import CArm
from ..fluoroscopy import FluoroscopyRun

PREFIX = "Correspond.Fluoroscopy."
VERSION = 1
_VALUES = tuple(entry.name for entry in fields(CArm) if entry.name != "size")
_TEXTS = ("source", "device", "plane")


def attributes_of(run: FluoroscopyRun) -> dict[str, str]:
    """Name -> text of all that is known of a run besides its frames."""
    values: dict[str, Any] = {"version": VERSION, "count": len(run), "size": run.geometry[0].size, "timed": run.timed}
    values |= {name: _shared([getattr(carm, name) for carm in run.geometry]) for name in _VALUES}
    values |= {name: getattr(run, name) for name in _TEXTS}
    values |= {"times_s": run.times_s, "notes": run.notes, "suggestions": run.suggestions}
    return {
        PREFIX + name: json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        for name, value in values.items()
    }


def has_attributes(attributes: Mapping[str, str]) -> bool:
    """True if a node's attributes hold the geometry of a run."""
    return f"{PREFIX}version" in attributes


def run_of(frames: np.ndarray, attributes: Mapping[str, str]) -> FluoroscopyRun:
    """The run of (frames, rows, columns) and of what `attributes_of` wrote; other attributes are left alone.

    Raises:
        InputError: of a newer version, damaged, or of other frames.
    """
    try:
        values = {name[len(PREFIX) :]: json.loads(text) for name, text in attributes.items() if name.startswith(PREFIX)}
        version = int(values["version"])
        if version > VERSION:
            raise InputError("The scene's fluoroscopy run was saved by a newer version of this program: update it.")
        count, size = int(values["count"]), tuple(int(value) for value in values["size"])
        if frames.ndim != 3 or (count, size) != (len(frames), (frames.shape[2], frames.shape[1])):
            raise InputError(
                f"The geometry kept in the scene is that of {count} frames of {size[0]} x {size[1]} pixels; the frames have the "
                f"shape {frames.shape}. Load the run again from its file."
            )
        columns = {name: _each(values[name], count) for name in _VALUES}
        geometry = [CArm(size=size, **{name: column[n] for name, column in columns.items()}) for n in range(count)]  # type: ignore[arg-type]
        suggestions = {name: (_tuple(value), str(why)) for name, (value, why) in values["suggestions"].items()}
        times_s = np.array(values["times_s"], float)
        texts = {name: str(values[name]) for name in _TEXTS}
        notes = [str(note) for note in values["notes"]]
        return FluoroscopyRun(frames, geometry, times_s, bool(values["timed"]), suggestions, notes=notes, **texts)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError("The geometry of the scene's fluoroscopy run is damaged. Load the run again from its file.") from error


def _shared(values: list[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values) else {"frames": values}


def _each(value: Any, count: int) -> list[Any]:
    """The value of each frame, checked to be a number, numbers, or None."""
    found = value["frames"] if isinstance(value, dict) else [value] * count
    if len(found) != count:
        raise ValueError("another number of frames")
    return [_tuple(entry) for entry in found]


def _tuple(value: Any) -> Any:
    if value is None:
        return None
    return tuple(float(entry) for entry in value) if isinstance(value, list) else float(value)
