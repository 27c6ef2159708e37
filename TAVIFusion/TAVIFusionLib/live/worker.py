"""The child's side of live work: takes frames from the parent, works on the latest, answers."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..carm import CArm
from ..settings import FusionSettings
from .protocol import ProtocolError, Unpacker, frame_of, mask_bytes, packed

_BLOCK = 1 << 20
_WAKE_S = 0.2
"""How often a worker without frames looks for a cancel."""


@dataclass
class Answer:
    """What the work on one frame gives.

    Attributes:
        mask: (rows, columns) bool.
        pose: entry of a pose, see `pose_files.pose_entry`; None without a model or geometry.
        quality: 0 to 1; None without a pose. shown: the overlay is good enough to be shown.
        segmentation_s: seconds that finding the vessels took.
    """

    mask: np.ndarray
    pose: dict[str, Any] | None
    quality: float | None
    shown: bool
    segmentation_s: float


Work = Callable[[np.ndarray, "CArm | None"], Answer]


@dataclass
class _Arrived:
    header: dict[str, Any]
    payload: bytes
    at_s: float


class _Slot(threading.Thread):
    """Reads messages beside the work and holds the latest frame alone.

    Attributes:
        ended: the parent has closed the connection.
        dropped: frames that a later one replaced.
    """

    def __init__(self, connection: socket.socket):
        super().__init__(daemon=True)
        self._connection = connection
        self._changed = threading.Condition()
        self._latest: _Arrived | None = None
        self.ended = False
        self.dropped = 0

    def run(self) -> None:
        unpacker = Unpacker()
        try:
            while data := self._connection.recv(_BLOCK):
                for header, payload in unpacker.feed(data):
                    self._put(_Arrived(header, payload, time.monotonic()))
        except (OSError, ProtocolError) as error:
            logging.info("The connection to the parent is broken: %s", error)
        with self._changed:
            self.ended = True
            self._changed.notify()

    def take(self, timeout_s: float) -> _Arrived | None:
        """The latest frame, which is then no longer held; None if none comes in time or the connection ends."""
        with self._changed:
            if self._latest is None and not self.ended:
                self._changed.wait(timeout_s)
            taken, self._latest = self._latest, None
            return taken

    def _put(self, arrived: _Arrived) -> None:
        with self._changed:
            self.dropped += self._latest is not None
            self._latest = arrived
            self._changed.notify()


def work(
    port: int,
    token: Path,
    settings: FusionSettings,
    mesh: Path | None,
    mesh_frame: str,
    pose: Path | None,
    device: str,
    threads: int | None,
    progress: Progress,
) -> dict[str, int]:
    """Connect to the parent, hold network and model, and answer frames until the connection ends.

    Args:
        port: of the parent, on this computer.
        token: file with the word that the parent expects; it is removed.

    Returns:
        frames that were answered and dropped.

    Raises:
        InputError: the parent cannot be reached, or network, model or pose cannot be used. Cancelled.
    """
    from ..segment_run import cpu_threads
    from .frame_work import FrameWork

    word = _word(token)
    with cpu_threads(threads):
        with progress.stage("Loading", until=0.5):
            worker = FrameWork(settings, mesh, mesh_frame, pose, device, progress)
        with _connected(port) as connection, progress.stage("Live", until=1.0) as step:
            connection.sendall(packed({"token": word}))
            return serve(connection, worker, lambda: step(0.0))


def serve(connection: socket.socket, worker: Work, keep_on: Callable[[], object]) -> dict[str, int]:
    """Answer frames until the connection ends, always the latest that has come.

    Args:
        connection: to the parent, who has let this side in.
        worker: does the work on one frame.
        keep_on: called several times a second; what it raises ends the work.

    Returns:
        answered and dropped frames.
    """
    slot = _Slot(connection)
    slot.start()
    answered = 0
    while not slot.ended:
        keep_on()
        arrived = slot.take(_WAKE_S)
        if arrived is not None:
            try:
                connection.sendall(_answer(arrived, worker))
            except OSError:
                break  # the parent is gone, or wants no more answers
            answered += 1
    return {"answered": answered, "dropped": slot.dropped}


def _answer(arrived: _Arrived, worker: Work) -> bytes:
    """The message that answers a frame; a frame that cannot be used is answered by the reason."""
    began = time.monotonic()
    frame, carm = frame_of(arrived.header, arrived.payload)
    header: dict[str, Any] = {"id": arrived.header["id"], "waited_s": began - arrived.at_s}
    try:
        answer = worker(frame, carm)
    except InputError as error:
        return packed({**header, "error": str(error), "work_s": time.monotonic() - began})
    rows, columns = answer.mask.shape
    header |= {
        "size": [columns, rows],
        "pose": answer.pose,
        "quality": answer.quality,
        "shown": answer.shown,
        "segmentation_s": answer.segmentation_s,
        "work_s": time.monotonic() - began,
    }
    return packed(header, mask_bytes(answer.mask))


def _connected(port: int) -> socket.socket:
    """A connection to the parent."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    except OSError as error:
        raise InputError(f"The program that started the live worker cannot be reached: {error}.") from error
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _word(token: Path) -> str:
    try:
        word = token.read_text(encoding="ascii")
        token.unlink()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The word that the parent expects cannot be read from {token}: {error}.") from error
    return word
