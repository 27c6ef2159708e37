"""What goes over the socket between the program that has the frames and the process that works on them.

A message is a JSON header and raw bytes behind it, both with their lengths in front. From the worker:
    {"token": word}                                   first of all, the word that stands in the file that both know
    {"id": n, "size": [columns, rows], "waited_s", "segmentation_s", "work_s", "pose": {...} or null, "quality", "shown"}
                                                      and the mask, eight pixels in a byte
    {"id": n, "error": sentence, "waited_s", "work_s"}     this frame could not be used
To the worker:
    {"id": n, "size": [columns, rows], "type": dtype, "carm": {...} or null}     and the frame, row by row
The worker ends when the connection does.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from typing import Any

import numpy as np

from CorrespondCoreLib.files import plain

from ..carm import CArm

_MAGIC = b"CrLv"
_HEAD = struct.Struct("<4sII")
MOST_HEADER_BYTES, MOST_PAYLOAD_BYTES = 1 << 16, 1 << 28
_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


class ProtocolError(Exception):
    """The other side does not speak this protocol."""


class Unpacker:
    """Takes bytes as they come and gives whole messages.

    Args:
        most_payload: bytes that a message may carry.
    """

    def __init__(self, most_payload: int = MOST_PAYLOAD_BYTES):
        self._buffer = bytearray()
        self._most_payload = most_payload

    def feed(self, data: bytes) -> list[tuple[dict[str, Any], bytes]]:
        """The messages (header, payload) that are complete now.

        Raises:
            ProtocolError: these bytes are of something else.
        """
        self._buffer += data
        messages = []
        while len(self._buffer) >= _HEAD.size:
            magic, header_bytes, payload_bytes = _HEAD.unpack_from(self._buffer)
            if magic != _MAGIC or header_bytes > MOST_HEADER_BYTES or payload_bytes > self._most_payload:
                raise ProtocolError("a message does not begin as it should")
            end = _HEAD.size + header_bytes + payload_bytes
            if len(self._buffer) < end:
                break
            try:
                header = json.loads(self._buffer[_HEAD.size : _HEAD.size + header_bytes])
            except ValueError as error:
                raise ProtocolError("a message's header is no JSON") from error
            if not isinstance(header, dict):
                raise ProtocolError("a message's header is no object")
            messages.append((header, bytes(self._buffer[_HEAD.size + header_bytes : end])))
            del self._buffer[:end]
        return messages


def packed(header: dict[str, Any], payload: bytes = b"") -> bytes:
    """One message as bytes."""
    text = json.dumps(plain(header)).encode("ascii")
    return _HEAD.pack(_MAGIC, len(text), len(payload)) + text + payload


def frame_message(number: int, frame: np.ndarray, carm: CArm | None) -> bytes:
    """A frame (rows, columns) for the worker.

    Raises:
        ValueError: not two-dimensional, or of a type that is no real number.
    """
    if frame.ndim != 2 or frame.dtype.name not in _TYPES:
        raise ValueError(f"a frame is (rows, columns) of gray values, not {frame.dtype} of shape {frame.shape}")
    header = {"id": number, "size": frame.shape[::-1], "type": frame.dtype.name, "carm": asdict(carm) if carm else None}
    return packed(header, np.ascontiguousarray(frame, frame.dtype.newbyteorder("<")).tobytes())


def frame_of(header: dict[str, Any], payload: bytes) -> tuple[np.ndarray, CArm | None]:
    """The frame (rows, columns) of such a message, and its geometry.

    Raises:
        ProtocolError: the message is no frame.
    """
    try:
        (columns, rows), kind, entry = header["size"], header["type"], header["carm"]
        if kind not in _TYPES:
            raise ValueError(kind)
        frame = np.frombuffer(payload, np.dtype(kind).newbyteorder("<")).reshape(rows, columns)
        tuples: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in (entry or {}).items()
        }
        return frame.astype(kind, copy=False), CArm(**tuples) if entry else None
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"a frame's message is broken: {error}") from error


def mask_bytes(mask: np.ndarray) -> bytes:
    """A mask (rows, columns) bool, eight pixels in a byte."""
    return np.packbits(mask).tobytes()


def mask_of(size: list[int], payload: bytes) -> np.ndarray:
    """The mask (rows, columns) of such bytes; size is columns, rows.

    Raises:
        ProtocolError: too few bytes.
    """
    columns, rows = size
    if len(payload) != -(-columns * rows // 8):
        raise ProtocolError("a mask's message is broken")
    return np.unpackbits(np.frombuffer(payload, np.uint8), count=columns * rows).reshape(rows, columns).astype(bool)
