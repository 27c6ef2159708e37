"""Pairs on disk: phantoms and reference data sets as NRRD volumes, masks and a landmark CSV that every command reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder
from CorrespondCoreLib.progress import Progress

from . import phantom
from .formats import dirlab, empire10, inputs
from .formats.landmarks import write_landmarks
from .formats.outputs import write_field, write_image
from .geometry.displacement import resample_field

PHANTOM_SIZE = (192, 160, 192)


def write_phantom(output: str | Path, size: Sequence[int] | None, seed: int, progress: Progress) -> dict:
    """A breathing thorax as files: volumes, masks, lobes, landmarks.csv, true_fixed_to_moving.nrrd, true_jacobian.nrrd."""
    output = check_output_folder(output)
    return _write_phantom(phantom.breathing_phantom(size or PHANTOM_SIZE, seed=seed, progress=progress), output)


def write_moved_ct(source: str | Path, output: str | Path, seed: int, lung_mask: str | Path | None, progress: Progress) -> dict:
    """A CT and the same CT moved by a known motion, with the same files as `write_phantom`."""
    output = check_output_folder(output)
    ct = inputs.read_volume(source, "source")
    mask = inputs.read_mask(lung_mask, ct, "source", progress) if lung_mask else None
    return _write_phantom(phantom.move_ct(ct, mask, seed=seed, progress=progress), output)


def import_dirlab(source: str | Path, case: str | None, output: str | Path) -> dict:
    """A DIR-Lab pair as fixed.nrrd (inspiration), moving.nrrd, landmarks.csv."""
    if not case:
        raise InputError("Name the case: --case copd1 ... copd10, or 4dct1 ... 4dct10.")
    fixed, moving, fixed_mm, moving_mm = dirlab.read_case(source, case)
    return _write(output, {"fixed": fixed, "moving": moving}, (fixed_mm, moving_mm))


def import_empire10(source: str | Path, case: str | None, output: str | Path) -> dict:
    """An EMPIRE10 pair as fixed.nrrd, moving.nrrd, fixed_mask.nrrd, moving_mask.nrrd."""
    if not (case or "").isdigit():
        raise InputError("Name the pair by its number: --case 1 ... 30.")
    return _write(output, empire10.read_pair(source, int(case or 0)))


def import_volume(source: str | Path, output: str | Path) -> dict:
    """Any volume as volume.nrrd."""
    return _write(output, {"volume": inputs.read_volume(source, "source")})


def export_empire10(field_file: str | Path, fixed_file: str | Path, case: int, output: str | Path) -> dict:
    """A field as EMPIRE10 submission, on the native grid of the fixed scan."""
    fixed = inputs.read_volume(fixed_file, "fixed")
    field = resample_field(inputs.read_field(field_file, fixed), fixed)
    folder = empire10.write_submission(check_output_folder(output), case, field)
    return {"files": [str(path) for path in sorted(folder.iterdir())]}


def _write_phantom(pair: phantom.Phantom, output: Path) -> dict:
    names = ("fixed", "moving", "fixed_mask", "moving_mask", "fixed_lobes", "moving_lobes", "true_jacobian")
    images = {name: getattr(pair, name) for name in names}
    landmarks = (pair.fixed_landmarks_mm, pair.moving_landmarks_mm)
    return _write(output, images, landmarks, pair.fixed_to_moving_mm)


def _write(
    output: str | Path,
    images: dict[str, sitk.Image],
    landmarks: tuple[np.ndarray, np.ndarray] | None = None,
    true_field: sitk.Image | None = None,
) -> dict:
    """Write all files or none; returns {"files": paths}."""
    output = check_output_folder(output)
    with whole_folder(output) as folder:
        for name, image in images.items():
            write_image(image, folder / f"{name}.nrrd")
        if landmarks is not None:
            write_landmarks(folder / "landmarks.csv", *landmarks)
        if true_field is not None:
            write_field(true_field, folder / "true_fixed_to_moving.nrrd")
        names = sorted(path.name for path in folder.iterdir())
    return {"files": [str(output / name) for name in names]}
