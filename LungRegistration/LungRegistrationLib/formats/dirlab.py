"""DIR-Lab's reference pairs: COPDgene (10 breath-hold pairs) and 4DCT (10 cases), raw images and landmark text files.

Conventions: raw `.img` = int16 little-endian, x fastest, first slice is the top one, value = HU + 1024.
Landmarks are 1-based voxel numbers x, y, z in the order of the raw file. Here volumes get z pointing up (so the slices are
flipped), spacing from the tables below, and origin 0: voxel (x, y, z) of a text file lies at
((x - 1) sx, (y - 1) sy, (n_z - z) sz) mm in LPS.

Castillo et al., Phys Med Biol 54 (2009) 1849; Castillo et al., Phys Med Biol 58 (2013) 2861.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError

from .landmarks import check_landmark_pairs

HU_OFFSET = -1024
SLICE_SPACING_MM = 2.5
PARTS = ("fixed_image", "moving_image", "fixed_landmarks", "moving_landmarks")


@dataclass(frozen=True)
class Case:
    """One reference pair; inspiration is the fixed image."""

    name: str
    size: tuple[int, int, int]
    in_plane_mm: float
    fixed_image: str
    moving_image: str
    fixed_landmarks: str
    moving_landmarks: str

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        return self.in_plane_mm, self.in_plane_mm, SLICE_SPACING_MM


def _copdgene(number: int, slices: int, in_plane_mm: float) -> Case:
    stem = f"copd{number}"
    images = [rf"{stem}_{breath}BHCT\.img" for breath in "ie"]
    landmarks = [rf"{stem}_300_{breath}BH_xyz(_r1)?\.txt" for breath in "ie"]
    return Case(stem, (512, 512, slices), in_plane_mm, *images, *landmarks)


def _four_d_ct(number: int, in_plane_size: int, slices: int, in_plane_mm: float) -> Case:
    stem = f"case{number}"
    images = [rf"{stem}_{phase}(_s|-ssm)?\.img" for phase in ("T00", "T50")]
    landmarks = [rf"{stem}_(dirLab)?300_{phase}_xyz\.txt" for phase in ("T00", "T50")]
    return Case(f"4dct{number}", (in_plane_size, in_plane_size, slices), in_plane_mm, *images, *landmarks)


_COPDGENE_SLICES = (121, 102, 126, 126, 131, 119, 112, 115, 116, 135)
_COPDGENE_MM = (0.625, 0.645, 0.652, 0.590, 0.647, 0.633, 0.625, 0.586, 0.664, 0.742)
_FOUR_D_CT_SLICES = (94, 112, 104, 99, 106, 128, 136, 128, 128, 120)
_FOUR_D_CT_MM = (0.97, 1.16, 1.15, 1.13, 1.10, 0.97, 0.97, 0.97, 0.97, 0.97)

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        *(_copdgene(i + 1, *row) for i, row in enumerate(zip(_COPDGENE_SLICES, _COPDGENE_MM, strict=True))),
        *(
            _four_d_ct(i + 1, 256 if i < 5 else 512, *row)
            for i, row in enumerate(zip(_FOUR_D_CT_SLICES, _FOUR_D_CT_MM, strict=True))
        ),
    )
}


def read_case(folder: str | Path, name: str) -> tuple[sitk.Image, sitk.Image, np.ndarray, np.ndarray]:
    """Read a pair and its 300 landmarks from the unpacked download, wherever in the folder its files lie.

    Args:
        folder: folder that holds the case (searched with its subfolders).
        name: copd1 ... copd10, 4dct1 ... 4dct10.

    Returns fixed (inspiration) and moving (expiration) volume in HU, fixed and moving landmarks, (300, 3) each in LPS mm.

    Raises:
        InputError: unknown case, missing file, a file of the wrong size.
    """
    if name not in CASES:
        raise InputError(f"Unknown DIR-Lab case {name}: use copd1 ... copd10 or 4dct1 ... 4dct10.")
    case, files = CASES[name], case_files(folder, [name])[name]
    for part in PARTS:
        if part not in files:
            raise InputError(
                f"No file {expected_name(name, part)} in {Path(folder).name} or below: unpack the whole DIR-Lab download there."
            )
    fixed, moving = (read_raw(files[part], case.size, case.spacing_mm) for part in PARTS[:2])
    fixed_voxels, moving_voxels = (read_voxel_list(files[part]) for part in PARTS[2:])
    check_landmark_pairs(fixed_voxels, moving_voxels)
    return fixed, moving, voxels_to_lps_mm(fixed_voxels, fixed), voxels_to_lps_mm(moving_voxels, moving)


def case_files(folder: str | Path, names: Sequence[str]) -> dict[str, dict[str, Path]]:
    """The files of cases in an unpacked download and its subfolders, by case and part; parts that are not there are left out.

    Raises:
        InputError: there is no such folder.
    """
    if not Path(folder).is_dir():
        raise InputError(f"There is no folder {folder}.")
    there = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    found: dict[str, dict[str, Path]] = {}
    for name in names:
        patterns = {part: re.compile(getattr(CASES[name], part), re.IGNORECASE) for part in PARTS}
        matches = {part: [path for path in there if pattern.fullmatch(path.name)] for part, pattern in patterns.items()}
        found[name] = {part: paths[0] for part, paths in matches.items() if paths}
    return found


def expected_name(name: str, part: str) -> str:
    """The name that the file of a case's part has, what varies between downloads in brackets: copd1_300_iBH_xyz[_r1].txt."""
    return re.sub(r"\(([^)]*)\)\?", r"[\1]", getattr(CASES[name], part)).replace("\\", "")


def check_raw(path: str | Path, size: tuple[int, int, int]) -> None:
    """Raise InputError where a file cannot be a raw volume of this size; its voxels are not read."""
    path = Path(path)
    expected, found = 2 * int(np.prod(size)), path.stat().st_size
    if found != expected:
        raise InputError(
            f"{path.name} has {found} bytes; a {size[0]}x{size[1]}x{size[2]} volume of 2-byte voxels has {expected}. "
            "The download is incomplete, or this is another case."
        )


def read_raw(path: str | Path, size: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> sitk.Image:
    """A raw DIR-Lab volume as int16 HU, slices ordered from bottom to top, origin 0.

    Raises:
        InputError: the file does not hold exactly size[0] x size[1] x size[2] voxels of 2 bytes.
    """
    check_raw(path, size)
    top_down = np.fromfile(path, dtype="<i2").reshape(size[::-1])
    image = sitk.GetImageFromArray((top_down[::-1].astype(np.int32) + HU_OFFSET).clip(-32768, 32767).astype(np.int16))
    image.SetSpacing(spacing_mm)
    return image


def read_voxel_list(path: str | Path) -> np.ndarray:
    """(N, 3) voxel numbers x, y, z (1-based) of a DIR-Lab landmark text file.

    Raises:
        InputError: a line without three numbers.
    """
    path = Path(path)
    rows = [line.split() for line in path.read_text(encoding="ascii", errors="replace").splitlines() if line.strip()]
    try:
        return np.array([[float(value) for value in row[:3]] for row in rows]).reshape(len(rows), 3)
    except ValueError as error:
        raise InputError(f"{path.name} is no DIR-Lab landmark file: each line must have three voxel numbers x y z.") from error


def voxels_to_lps_mm(voxels: np.ndarray, image: sitk.Image) -> np.ndarray:
    """1-based DIR-Lab voxel numbers (N, 3), top slice first, as LPS mm in a volume from `read_raw`."""
    size_z = image.GetSize()[2]
    index = np.column_stack([voxels[:, 0] - 1, voxels[:, 1] - 1, size_z - voxels[:, 2]])
    return np.array([image.TransformContinuousIndexToPhysicalPoint(point.tolist()) for point in index])
