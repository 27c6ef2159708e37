"""Overlay pictures on disk: a PNG for each frame, and all of them as one animated PNG that every browser plays."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.pictures import png_chunk, png_data, png_file

from ..fluoroscopy import FluoroscopyRun
from ..settings import OVERLAYS as CHOICES

OVERLAYS, AGREEMENTS = "overlays", "agreement"
SOME = 8
ANIMATION = "animation.png"
_UNTIMED_S = 1 / 7.5
_LEVEL = 6


def frames_to_draw(frames: Sequence[int], choice: str) -> list[int]:
    """Those of the frames that get a picture: "all", "some" (eight, spread over them) or "none"."""
    if choice not in CHOICES:
        raise InputError(f"Overlays are drawn of {', '.join(CHOICES)} frames, not of {choice!r}.")
    if choice == "none":
        return []
    if choice == "all" or len(frames) <= SOME:
        return list(frames)
    return [frames[round(n)] for n in np.linspace(0, len(frames) - 1, SOME)]


def write_sequence(
    folder: Path, pictures: Mapping[int, np.ndarray], run: FluoroscopyRun, about: str, drawn: Sequence[str] = ()
) -> list[dict]:
    """Write frame_NNNN.png for each picture (rows, columns, 3) uint8, by its frame, and animation.png of frames in a row.

    The animation runs at the run's own speed; there is none of a single picture, nor where frames are left out between them.

    Args:
        folder: inside of that of the result.
        about: where the pictures come from; stands in the files.
        drawn: what is drawn, keys of `overlay.NAMES`.

    Returns:
        What the report says of at most eight of them: file (within the result's folder), title, drawn.
    """
    if not pictures:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    numbers = sorted(pictures)
    height, width = pictures[numbers[0]].shape[:2]
    packed = [png_data(pictures[n], _LEVEL) for n in numbers]
    for n, data in zip(numbers, packed, strict=True):
        (folder / _name(n)).write_bytes(png_file(width, height, png_chunk(b"IDAT", data), about))
    if len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1:
        (folder / ANIMATION).write_bytes(animated_png(width, height, packed, _seconds_between(run, numbers), about))
    when = {n: f", {run.times_s[n]:.2f} s" if run.timed else "" for n in numbers}
    shown = frames_to_draw(numbers, "some")
    return [{"file": f"{folder.name}/{_name(n)}", "title": f"Frame {n}{when[n]}", "drawn": list(drawn)} for n in shown]


def animated_png(width: int, height: int, packed: Sequence[bytes], seconds: float, about: str) -> bytes:
    """RGB pictures of one size as animated PNG that never ends (PNG specification, third edition, 11.3.6).

    Args:
        packed: pixels of each, from `png_data`.
        seconds: each picture stays. about: see `write_sequence`.
    """
    chunks, sequence = [png_chunk(b"acTL", struct.pack(">II", len(packed), 0))], 0
    delay = struct.pack(">HHBB", min(round(1000 * seconds), 65535), 1000, 0, 0)
    for n, data in enumerate(packed):
        chunks.append(png_chunk(b"fcTL", struct.pack(">IIIII", sequence, width, height, 0, 0) + delay))
        sequence += 1
        if n == 0:
            chunks.append(png_chunk(b"IDAT", data))
        else:
            chunks.append(png_chunk(b"fdAT", struct.pack(">I", sequence) + data))
            sequence += 1
    return png_file(width, height, b"".join(chunks), about)


def _seconds_between(run: FluoroscopyRun, numbers: Sequence[int]) -> float:
    if not run.timed:
        return _UNTIMED_S
    return max(float(np.median(np.diff(run.times_s[numbers]))), 0.02)


def _name(frame: int) -> str:
    return f"frame_{frame:04d}.png"
