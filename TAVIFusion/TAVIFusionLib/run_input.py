"""What a command is given: a run as a file with its geometry, and one frame of it as a view."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.json_objects import read_json_object
from CorrespondCoreLib.progress import Progress

from .carm import CArm
from .fluoroscopy import FluoroscopyRun

_TUPLES = {"pixel_spacing_mm": 2, "size": 2, "isocenter_mm": 3, "table_mm": 3}


@dataclass(frozen=True)
class RunInput:
    """A run on disk.

    Attributes:
        path: of the file (see `formats.reading.read_run`).
        plane: of a biplane run, "A" or "B".
        geometry: JSON with what the user says about the C-arm (see `with_geometry`).
    """

    path: Path
    plane: str = ""
    geometry: Path | None = None

    def read(self, progress: Progress | None = None) -> FluoroscopyRun:
        """The run, its notes told as warnings.

        Raises:
            InputError: it cannot be read, or the geometry does not fit.
        """
        from .formats.reading import read_run

        run = read_run(self.path, plane=self.plane, progress=progress)
        if self.geometry is not None:
            run = with_geometry(run, read_json_object(self.geometry, "geometry file"))
        if progress is not None:
            for note in run.notes:
                progress.warning(note)
        return run


@dataclass(frozen=True)
class ViewInput:
    """One frame, on which the model is aligned.

    Attributes:
        run: that it is of.
        frame: index from 0; None: that of the same phase of heart and breath as the other view's.
        mask: masks.nrrd of a segmentation of the run; segmented on the way if None.
    """

    run: RunInput
    frame: int | None = 0
    mask: Path | None = None


def with_geometry(run: FluoroscopyRun, values: dict[str, Any]) -> FluoroscopyRun:
    """A run with other geometry.

    Args:
        values: values of CArm that hold in all frames, and besides or instead "frames": [values of frame 0, ...] and
            "times_s": [...], as `write_geometry` writes them.

    Raises:
        InputError: a name is unknown, a value is no number, or there are more or fewer frames than in the run.
    """
    common = {name: value for name, value in values.items() if name not in ("frames", "times_s")}
    each = values.get("frames") or [{}] * len(run)
    times = values.get("times_s")
    if len(each) != len(run) or (times is not None and len(times) != len(run)):
        raise InputError(f"The geometry file is of another run: it has {len(each)} frames, the run has {len(run)}.")
    geometry = [carm.at(**_values_of_arm({**common, **of_frame})) for carm, of_frame in zip(run.geometry, each, strict=True)]
    if times is None:
        return replace(run, geometry=geometry)
    return replace(run, geometry=geometry, times_s=np.asarray(times, float), timed=True)


def write_geometry(path: Path, run: FluoroscopyRun) -> None:
    """The geometry of every frame and its times as JSON that `with_geometry` takes."""
    write_json(path, {"times_s": run.times_s, "frames": [asdict(carm) for carm in run.geometry]})


def frame_of(run: FluoroscopyRun, frame: int) -> int:
    """The frame's index, checked."""
    if not 0 <= frame < len(run):
        raise InputError(f"There is no frame {frame}: the run has the frames 0 to {len(run) - 1}.")
    return frame


def _values_of_arm(values: dict[str, Any]) -> dict[str, Any]:
    known = {entry.name for entry in fields(CArm)}
    if unknown := sorted(set(values) - known):
        raise InputError(f"Unknown values of the geometry: {', '.join(unknown)}. Known are: {', '.join(sorted(known))}.")
    try:
        return {name: _number(name, value) for name, value in values.items()}
    except (TypeError, ValueError) as error:
        raise InputError(f"A value of the geometry is no number: {error}.") from error


def _number(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name not in _TUPLES:
        return float(value)
    numbers = tuple(int(v) if name == "size" else float(v) for v in value)
    if len(numbers) != _TUPLES[name]:
        raise InputError(f"The geometry's {name} has {_TUPLES[name]} numbers, not {len(numbers)}.")
    return numbers
