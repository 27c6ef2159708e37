"""Small runs and DICOM files for tests of reading."""

from pathlib import Path

import numpy as np
import pydicom

from TAVIFusionLib.carm import CArm
from TAVIFusionLib.fluoroscopy import FluoroscopyRun
from TAVIFusionLib.formats.writing import write_xa

ROWS, COLUMNS = 20, 26
CARM = CArm(30.0, -10.0, 1100.0, 750.0, (0.3, 0.2), (COLUMNS, ROWS))


def small_run(count=5, dtype=np.uint8, geometry=None, times_s=None, **values) -> FluoroscopyRun:
    """Random frames of 26 x 20 pixels with a complete geometry."""
    top = min(np.iinfo(dtype).max, 4095)
    frames = np.random.default_rng(count).integers(0, top, (count, ROWS, COLUMNS), endpoint=True).astype(dtype)
    times_s = np.arange(count) / 15 if times_s is None else np.asarray(times_s, float)
    return FluoroscopyRun(frames, geometry or [CARM] * count, times_s, **values)


def edited(path: Path, target: Path | None = None, remove=(), **tags) -> Path:
    """A DICOM file with other tags; None as value leaves the tag empty."""
    dataset = pydicom.dcmread(path, force=True)
    for name in remove:
        if name in dataset:
            delattr(dataset, name)
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.save_as(str(target or path))
    return target or path


def xa_file(folder: Path, name="a.dcm", remove=(), run=None, enhanced=False, study="", **tags) -> Path:
    """A written XA file with some tags changed."""
    return edited(write_xa(run or small_run(), folder / name, enhanced, study), remove=remove, **tags)
