"""Heidelberg Spectralis raw export (.vol): header, SLO, and for each B-scan its header, layers and float32 reflectance.

The layout is that of "HSF-OCT-1xx" files: 2048 bytes of header, the SLO as uint8 rows, then for each B-scan `BScanHdrSize` bytes
of header with the layers inside, and depth x A-scans float32, all little-endian.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..scan import CIRCLE, LEFT_EYE, LINE, RADIAL, RASTER, RIGHT_EYE, OctScan
from .heidelberg import displayed, layer_depths, place, scan_from
from .options import ReadOptions

HEADER_BYTES = 2048
_HEADER = struct.Struct("<12s3i3d2i2did4sQ2i")  # up to BScanHdrSize; identifiers of the patient follow and are not read
_VISIT_DATE = 200, struct.Struct("<d")
_BSCAN = struct.Struct("<12si4d2if")
_LARGEST = 1 << 15  # pixels or B-scans along one axis: more is no scan
_PATTERNS = {1: LINE, 2: CIRCLE, 3: RASTER, 4: RASTER, 5: RADIAL}
_LAYERS = {
    0: "ILM", 1: "BM", 2: "RNFL", 3: "GCL", 4: "IPL", 5: "INL", 6: "OPL", 8: "ELM", 14: "PR1", 15: "PR2", 16: "RPE",
}  # fmt: skip


@dataclass(frozen=True)
class _Header:
    ascans: int
    bscans: int
    depth: int
    ascan_mm: float
    bscan_mm: float
    depth_mm: float
    slo_size: tuple[int, int]
    slo_mm: tuple[float, float]
    eye: str
    visit_date: str
    pattern: str
    bscan_header_bytes: int

    @property
    def bscan_bytes(self) -> int:
        return self.bscan_header_bytes + 4 * self.ascans * self.depth

    @property
    def file_bytes(self) -> int:
        return HEADER_BYTES + self.slo_size[0] * self.slo_size[1] + self.bscans * self.bscan_bytes


def read_vol(path: str | Path, options: ReadOptions | None = None, progress: Progress | None = None) -> OctScan:
    """Read a .vol file. Name, identifiers and birth date in it are never read.

    Args:
        options: only spacing and eye concern this format, and are applied by `reading.read_scan`.

    Raises:
        InputError: another format, a header that cannot be, or a file shorter than its header says.
    """
    path = Path(path)
    (options or ReadOptions()).refuse_axes("A .vol file")
    with open(path, "rb") as file:
        header = _header(path, file.read(HEADER_BYTES))
    found = path.stat().st_size
    if found < header.file_bytes:
        raise InputError(
            f"{path.name} is truncated: its header announces {header.bscans} B-scans of {header.ascans} x {header.depth} and "
            f"{header.file_bytes} bytes, it holds {found}. Copy or export it again."
        )
    content = np.memmap(path, np.uint8, "r")
    columns, rows = header.slo_size
    slo = np.array(content[HEADER_BYTES : HEADER_BYTES + rows * columns]).reshape(rows, columns)
    bscans = np.empty((header.bscans, header.depth, header.ascans), np.uint8)
    lines = np.empty((header.bscans, 4))
    layers: dict[str, np.ndarray] = {}
    with (progress or Progress()).stage("Reading", 1.0) as step:
        for n in range(header.bscans):
            at = HEADER_BYTES + rows * columns + n * header.bscan_bytes
            block = content[at : at + header.bscan_bytes]
            lines[n], depths = _bscan_header(block, header)
            for name, depth in depths.items():
                layers.setdefault(name, np.full((header.bscans, header.ascans), np.nan, np.float32))[n] = depth
            raw = np.frombuffer(block[header.bscan_header_bytes :].tobytes(), "<f4")
            bscans[n] = displayed(raw.reshape(header.depth, header.ascans))
            step((n + 1) / header.bscans)
    placement = place(header.pattern, lines[:, :2], lines[:, 2:], header.ascans, header.ascan_mm, header.bscan_mm)
    pictures = {"SLO": (slo, *header.slo_mm)} if slo.any() else {}
    scan = scan_from(placement, bscans, header.depth_mm, layers, pictures, "Heidelberg .vol")
    scan.eye, scan.visit_date = header.eye, header.visit_date
    return scan


def _header(path: Path, head: bytes) -> _Header:
    if len(head) < HEADER_BYTES:
        raise InputError(f"{path.name} is no Heidelberg .vol file: it is shorter than the header of one. Copy it again.")
    values = _HEADER.unpack_from(head)
    _, ascans, bscans, depth, ascan_mm, bscan_mm, depth_mm, columns, rows, slo_x, slo_y, _, _, eye, ticks, pattern, size = values
    sizes = {"A-scans": ascans, "B-scans": bscans, "voxels along the beam": depth}
    for name, value in sizes.items():
        if not 0 < value <= _LARGEST:
            raise InputError(f"{path.name} is no Heidelberg .vol file, or damaged: its header announces {value} {name}.")
    lengths = (ascan_mm, depth_mm, slo_x, slo_y)
    if not (0 <= columns <= _LARGEST and 0 <= rows <= _LARGEST and _BSCAN.size <= size < 1 << 24):
        raise InputError(f"{path.name} is no Heidelberg .vol file, or damaged: sizes in its header cannot be. Export it again.")
    if not all(math.isfinite(value) and 0 < value < 1 for value in lengths):
        raise InputError(
            f"{path.name}: the voxel sizes in its header cannot be ({ascan_mm:g}, {depth_mm:g} mm). Export it again."
        )
    letter = {b"OD": RIGHT_EYE, b"OS": LEFT_EYE}.get(eye[:2], "")
    day = _VISIT_DATE[1].unpack_from(head, _VISIT_DATE[0])[0]
    nominal_mm = bscan_mm if math.isfinite(bscan_mm) and 0 < bscan_mm < 10 else 0.0
    return _Header(
        ascans, bscans, depth, ascan_mm, nominal_mm, depth_mm, (columns, rows), (slo_x, slo_y), letter, _date(day, ticks),
        _PATTERNS.get(pattern, LINE if bscans == 1 else RASTER), size,
    )  # fmt: skip


def _date(day: float, ticks: int) -> str:
    """ISO date from days since 1899-12-30, or else from 100 ns steps since 1601; "" where neither can be."""
    for known, moment in (
        (1 <= day < 80000, lambda: datetime(1899, 12, 30) + timedelta(days=day)),
        (0 < ticks < 1 << 58, lambda: datetime(1601, 1, 1) + timedelta(microseconds=ticks / 10)),
    ):
        if known and date(1990, 1, 1) <= (found := moment().date()) <= date(2100, 1, 1):
            return found.isoformat()
    return ""


def _bscan_header(block: np.ndarray, header: _Header) -> tuple[tuple[float, ...], dict[str, np.ndarray]]:
    """(start x, start y, end x, end y) in mm on the SLO, and the layers' depths; none that lie outside of the block."""
    _, _, *line, count, offset, _ = _BSCAN.unpack(block[: _BSCAN.size].tobytes())
    end = offset + 4 * header.ascans * count
    if not (0 < count <= 64 and _BSCAN.size <= offset and end <= header.bscan_header_bytes):
        return tuple(line), {}
    depths = np.frombuffer(block[offset:end].tobytes(), "<f4").reshape(count, header.ascans)
    return tuple(line), {_LAYERS[i]: layer_depths(values) for i, values in enumerate(depths) if i in _LAYERS}
