"""Picture files (TIFF, PNG, JPEG, BMP) as arrays, and the pictures of a folder in order."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from .image_files import read_image_file
from .whole_pictures import check_whole

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp")


def read_picture(path: Path) -> np.ndarray:
    """One picture as (H, W) or (H, W, channels), or the pages of a TIFF as (pages, H, W) or (pages, H, W, channels).

    Raises:
        InputError: not readable, or truncated.
    """
    check_whole(path)
    image = read_image_file(path, "picture", "export it in parts")
    return sitk.GetArrayFromImage(image)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures in a folder, in the order of the numbers in their names (B2 before B10)."""
    found = (p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    return sorted(
        found, key=lambda p: [(int(t), "") if t.isdigit() else (-1, t) for t in re.split(r"(\d+)", p.name.lower()) if t]
    )
