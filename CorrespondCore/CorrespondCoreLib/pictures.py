"""Colors of maps, and pictures as PNG that stand in a page themselves."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

# diverging (blue - white - red) and sequential (black - purple - orange - yellow) color maps as evenly spaced RGB stops
DIVERGING = np.array(
    [(33, 65, 140), (92, 148, 203), (189, 215, 235), (247, 247, 247), (249, 205, 180), (223, 120, 96), (150, 26, 48)]
)
SEQUENTIAL = np.array([(10, 8, 30), (74, 18, 96), (150, 44, 96), (222, 86, 60), (250, 160, 30), (252, 240, 160)])


@dataclass(frozen=True)
class Picture:
    """One picture of a page: its title, PNG as data URL, and below it a legend or color bar (HTML)."""

    title: str
    url: str
    legend: str = ""


def gray(values: np.ndarray) -> np.ndarray:
    """A map as gray RGB picture between its percentiles 0.5 and 99.5; what is missing is black."""
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, (0.5, 99.5)) if finite.size else (0.0, 1.0)
    unit = np.clip((np.nan_to_num(values, nan=low) - low) / max(float(high - low), 1e-6), 0, 1)
    return np.repeat((255 * unit)[..., None], 3, axis=-1).astype(np.uint8)


def outline_of(mask: np.ndarray) -> np.ndarray:
    """The rim of a mask, two pixels wide, half of it outside."""
    return ndimage.binary_dilation(mask) & ~ndimage.binary_erosion(mask, border_value=1)


def tinted(picture: np.ndarray, parts: Mapping[tuple[int, int, int], np.ndarray]) -> np.ndarray:
    """A copy of an RGB picture in which each color lies half over its part, a boolean mask."""
    copy = picture.copy()
    for color, part in parts.items():
        copy[part] = (0.5 * picture[part] + 0.5 * np.array(color)).astype(np.uint8)
    return copy


def color_key(colors: Mapping[str, tuple[int, int, int]]) -> str:
    """A legend of names and their RGB colors, as HTML."""
    return "".join(
        f'<span class="key"><i style="background:rgb{color}"></i>{name}</span> '.replace(", ", ",")
        for name, color in colors.items()
    )


def color_of(values: np.ndarray, colors: np.ndarray, low: float, high: float) -> np.ndarray:
    """RGB (..., 3) of values, linear between the stops of a color map from low to high."""
    position = np.clip((np.asarray(values, float) - low) / (high - low), 0, 1) * (len(colors) - 1)
    return np.stack([np.interp(position, np.arange(len(colors)), colors[:, c]) for c in range(3)], axis=-1)


def png(rgb: np.ndarray, about: str = "") -> bytes:
    """An RGB picture (height, width, 3) uint8 as PNG file; `about`: see `png_file`."""
    return png_file(rgb.shape[1], rgb.shape[0], png_chunk(b"IDAT", png_data(rgb)), about)


def png_file(width: int, height: int, chunks: bytes, about: str = "") -> bytes:
    """A PNG file of an RGB picture from the chunks between its header and its end.

    Args:
        about: where it comes from (`provenance.caption`); stands in the file as its Description (PNG specification, 11.3.3.4).
    """
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    text = png_chunk(b"iTXt", b"Description" + bytes(5) + about.encode()) if about else b""
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + text + chunks + png_chunk(b"IEND", b"")


def png_data(rgb: np.ndarray, level: int = 9) -> bytes:
    """The pixels of an RGB picture as they stand, compressed, in a PNG file; level 1 is fastest, 9 smallest."""
    height = rgb.shape[0]
    rows = np.hstack([np.zeros((height, 1), np.uint8), np.ascontiguousarray(rgb).reshape(height, -1)]).tobytes()
    return zlib.compress(rows, level)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file: length, kind, data, checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def data_url(rgb: np.ndarray) -> str:
    """The picture as a URL that stands in the page itself."""
    return "data:image/png;base64," + base64.b64encode(png(rgb)).decode("ascii")
