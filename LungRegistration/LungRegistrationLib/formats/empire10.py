"""EMPIRE10 challenge: reading its scan pairs, and the folder layout of a submission.

Data: `scans/NN_Fixed.mhd`, `scans/NN_Moving.mhd`, `lungMasks/NN_Fixed.mhd`, `lungMasks/NN_Moving.mhd`.
Submission: per pair a folder `NN` with `defX.mhd`, `defY.mhd`, `defZ.mhd` (float32, fixed grid): the displacement in mm that
takes a fixed point to the moving image, its direction and sign those of ITK.

Murphy et al., IEEE Trans Med Imaging 30 (2011) 1901.
"""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import whole_folder

from .inputs import read_mask, read_volume
from .outputs import write_image


def read_pair(folder: str | Path, number: int) -> dict[str, sitk.Image]:
    """Volumes and lung masks of one pair: {fixed, moving, fixed_mask, moving_mask}.

    Args:
        folder: the unpacked download (searched with its subfolders).
        number: 1 ... 30.

    Raises:
        InputError: a file is missing or cannot be read.
    """
    pair = {}
    for role, (scans, masks) in pair_files(folder, number).items():
        if len(scans) != 1 or len(masks) != 1:
            raise InputError(
                f"Pair {number:02d} needs one {number:02d}_{role.capitalize()}.mhd among the scans and one in a folder of masks "
                f"(such as lungMasks); found {len(scans)} and {len(masks)}."
            )
        pair[role] = read_volume(scans[0], role)
        pair[f"{role}_mask"] = read_mask(masks[0], pair[role], role)
    return pair


def pair_files(folder: str | Path, number: int) -> dict[str, tuple[list[Path], list[Path]]]:
    """Scans and masks of one pair, by role (fixed, moving), wherever they lie in the folder; there should be one of each.

    Raises:
        InputError: there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.")
    found = {}
    for role in ("fixed", "moving"):
        files = sorted(p for p in folder.rglob("*.mhd") if p.name.lower() == f"{number:02d}_{role}.mhd")
        masks = [p for p in files if "mask" in p.parent.name.lower()]
        found[role] = ([p for p in files if p not in masks], masks)
    return found


def write_submission(folder: str | Path, number: int, field_on_fixed_grid: sitk.Image) -> Path:
    """Write `NN/defX.mhd`, `defY.mhd`, `defZ.mhd` of a field that already lies on the fixed image's native grid.

    Returns the folder of the pair.

    Raises:
        OutputError: the folder cannot be written.
    """
    target = Path(folder) / f"{number:02d}"
    with whole_folder(target) as temporary:
        for component, axis in enumerate("XYZ"):
            image = sitk.Cast(sitk.VectorIndexSelectionCast(field_on_fixed_grid, component), sitk.sitkFloat32)
            write_image(image, temporary / f"def{axis}.mhd", compress=False)
    return target
