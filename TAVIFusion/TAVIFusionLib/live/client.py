"""The parent's side of live work: gives frames to a child process and takes its answers, and never waits for it. No torch.

    client = LiveClient(["--method", "vesselness"], paths=[module_folder], on_stopped=tell)
    client.start()
    timer calls:   for result in client.poll(): show(result)
    node changed:  client.submit(frame, carm)
    client.stop()

All methods return at once and belong to one thread, Slicer's main thread; on_stopped comes on the thread of the launcher (there:
the same).
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import CorrespondError
from CorrespondCoreLib.jobs import Job, new_job_folder
from CorrespondCoreLib.launchers import Launch

from ..carm import CArm
from ..pose import Pose
from ..pose_files import pose_of
from .protocol import ProtocolError, Unpacker, frame_message, mask_of
from .statistics import LiveStatistics

_BLOCK = 1 << 16
_HELLO_BYTES = 1 << 10
_MOST_STRANGERS = 8


@dataclass
class LiveResult:
    """The answer to one frame.

    Attributes:
        number: of the frame, as `LiveClient.submit` returned it; later than that of every earlier result.
        mask: (rows, columns) bool; None if there is an error.
        pose: of the model, where the worker has one and the frame has geometry.
        quality: 0 to 1, nan without a model.
        shown: the overlay is good enough to be shown.
        latency_s: from submit to here; beyond_s: of it, what was not the worker's own time on this frame; waited_s: of that,
            in the worker before its turn; segmentation_s: of the worker's own time.
        error: why this frame could not be used, a sentence; "" if it could.
    """

    number: int
    mask: np.ndarray | None
    pose: Pose | None
    quality: float
    shown: bool
    latency_s: float
    beyond_s: float
    waited_s: float
    segmentation_s: float
    error: str = ""


class LiveClient:
    """One worker process for the frames that arrive.

    Args:
        options: of `correspond tavi live-worker`, without --port and --token.
        paths: folders that hold libraries, see CorrespondCoreLib.jobs.Job.
        on_stopped: called with the client when the child is gone: `state` is then "stopped" or "failed", and `error` says why.
        launch, python, folder: see Job; files that the options name can lie in that folder, which is removed at the end.
        clock: seconds, monotonic.

    Attributes:
        state: "new", "starting" (loads the network), "running", "stopping", "stopped" or "failed".
        error: what to tell the user, when failed.
        statistics: see LiveStatistics.
    """

    def __init__(
        self,
        options: Sequence[str | Path] = (),
        *,
        paths: Iterable[str | Path] = (),
        on_stopped: Callable[[LiveClient], None] | None = None,
        launch: Launch | None = None,
        python: str | None = None,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.state = "new"
        self.error: CorrespondError | None = None
        self.statistics = LiveStatistics()
        self._on_stopped, self._clock = on_stopped, clock
        self._listener: socket.socket | None = None
        self._strangers: list[tuple[socket.socket, Unpacker]] = []
        self._worker: socket.socket | None = None
        self._unpacker = Unpacker()
        self._token = secrets.token_hex(32)
        self._sending = memoryview(b"")
        self._latest: tuple[int, bytes] | None = None  # the frame that goes next
        self._given: dict[int, float] = {}  # number of a frame that has no answer yet -> when it was given
        self._folder = folder or new_job_folder()
        self._options, self._paths, self._launch, self._python = list(options), list(paths), launch, python
        self._job: Job | None = None

    def start(self) -> None:
        """Start the child and return at once.

        Raises:
            CorrespondError: the interpreter cannot be started.
        """
        if self.state != "new":
            raise RuntimeError("a live client can be started once")
        self._listener = _listening()
        (self._folder / "token").write_text(self._token, encoding="ascii")  # the folder is this user's alone
        command: list[str | Path] = ["tavi", "live-worker", "--port", str(self._listener.getsockname()[1])]
        command += ["--token", self._folder / "token", *self._options]
        self._job = Job(
            command,
            folder=self._folder,
            paths=self._paths,
            on_finished=self._on_finished,
            launch=self._launch,
            python=self._python,
        )
        self.state = "starting"
        try:
            self._job.start()
        except CorrespondError as error:
            self.state, self.error = "failed", error
            self._close()
            raise

    def submit(self, frame: np.ndarray, carm: CArm | None = None) -> int:
        """Give a frame (rows, columns) with its geometry; a frame before it that nobody has taken yet is dropped.

        Returns its number, from 0.

        Raises:
            ValueError: not two-dimensional, or of a type that is no real number.
        """
        if self.state not in ("starting", "running"):
            raise RuntimeError("the live client is not started, or has stopped")
        number = self.statistics.submitted
        message = frame_message(number, frame, carm)
        self.statistics.submitted += 1
        if self._latest is not None:
            self._drop(self._latest[0])
        self._latest = (number, message)
        self._given[number] = self._clock()
        self._flush()
        return number

    def poll(self) -> list[LiveResult]:
        """Do what can be done without waiting, and return the answers that have come, the earliest first."""
        if self._worker is None:
            self._accept()
        self._flush()
        return self._receive()

    def stop(self) -> None:
        """Ask the child to end; on_stopped follows. It is killed if it has not ended after 5 seconds."""
        if self.state in ("starting", "running") and self._job is not None:
            self.state = "stopping"
            self._close()
            self._job.cancel()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that the child printed."""
        return self._job.log_tail(lines) if self._job else ""

    def wait_stopped(self, timeout_s: float) -> bool:
        """Block until the child is gone, for scripts and tests. Returns False if time ran out."""
        return self._job is None or self._job.wait(timeout_s)

    def _on_finished(self, job: Job) -> None:
        stopping = self.state == "stopping"
        self.state = "stopped" if stopping else "failed"
        if not stopping:
            self.error = job.error or CorrespondError("The live worker has ended by itself. Start it again.")
        self._close()
        if self._on_stopped:
            self._on_stopped(self)

    def _accept(self) -> None:
        """Let the child in: who knows the word. Others are shown out."""
        if self._listener is None:
            return
        with contextlib.suppress(BlockingIOError):
            while len(self._strangers) < _MOST_STRANGERS:
                connection, _ = self._listener.accept()
                connection.setblocking(False)
                self._strangers.append((connection, Unpacker(most_payload=0)))
        for stranger in list(self._strangers):
            self._greet(*stranger)

    def _greet(self, connection: socket.socket, unpacker: Unpacker) -> None:
        try:
            data = connection.recv(_HELLO_BYTES)
            messages = unpacker.feed(data)
        except BlockingIOError:
            return
        except (OSError, ProtocolError):
            data, messages = b"", []
        if data and not messages:
            return
        self._strangers = [entry for entry in self._strangers if entry[0] is not connection]
        word = messages[0][0].get("token") if messages else None
        if self._worker is None and isinstance(word, str) and hmac.compare_digest(word.encode(), self._token.encode()):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._worker, self.state = connection, "running"
            self._close_door()
        else:
            connection.close()

    def _flush(self) -> None:
        """Send what the socket takes: the rest of a frame that is half sent, then the latest frame."""
        while self._worker is not None:
            if not self._sending:
                if self._latest is None:
                    return
                self._sending, self._latest = memoryview(self._latest[1]), None
            try:
                sent = self._worker.send(self._sending)
            except BlockingIOError:
                return
            except OSError as error:
                self._lost(error)
                return
            self._sending = self._sending[sent:]

    def _receive(self) -> list[LiveResult]:
        results: list[LiveResult] = []
        while self._worker is not None:
            try:
                data = self._worker.recv(_BLOCK)
                if not data:
                    self._lost(None)
                    break
                results += [self._result(header, payload) for header, payload in self._unpacker.feed(data)]
            except BlockingIOError:
                break
            except (OSError, ProtocolError, KeyError, TypeError, ValueError) as error:
                self._lost(error)
        return results

    def _result(self, header: dict[str, Any], payload: bytes) -> LiveResult:
        number, work_s = int(header["id"]), float(header["work_s"])
        latency_s = self._clock() - self._given.pop(number)
        for earlier in [other for other in self._given if other < number]:
            self._drop(earlier)
        self.statistics.answered += 1
        self.statistics.answered_at_s.append(self._clock())
        beyond_s = max(latency_s - work_s, 0.0)
        for values, value in zip(
            (self.statistics.latency_s, self.statistics.beyond_s, self.statistics.work_s),
            (latency_s, beyond_s, work_s),
            strict=True,
        ):
            values.append(value)
        failed = str(header.get("error") or "")
        quality = header.get("quality")
        return LiveResult(
            number=number,
            mask=None if failed else mask_of(header["size"], payload),
            pose=pose_of(header["pose"]) if header.get("pose") else None,
            quality=float("nan") if quality is None else float(quality),
            shown=bool(header.get("shown")),
            latency_s=latency_s,
            beyond_s=beyond_s,
            waited_s=float(header["waited_s"]),
            segmentation_s=float(header.get("segmentation_s") or 0.0),
            error=failed,
        )

    def _drop(self, number: int) -> None:
        del self._given[number]
        self.statistics.dropped += 1

    def _lost(self, error: Exception | None) -> None:
        """The connection is broken: the child is gone or about to go; the job says why."""
        logging.info("The live worker has closed the connection: %s", error or "end")
        self._close()
        if error is not None and not isinstance(error, OSError) and self._job is not None:
            self._job.cancel()

    def _close(self) -> None:
        if self._worker is not None:
            self._worker.close()
        self._worker = None
        self._close_door()

    def _close_door(self) -> None:
        """Nobody else is let in."""
        for connection, _ in self._strangers:
            connection.close()
        self._strangers = []
        if self._listener is not None:
            self._listener.close()
        self._listener = None


def _listening() -> socket.socket:
    """A socket on this computer alone, on any free port, that no other program can share."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform == "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(_MOST_STRANGERS)
    listener.setblocking(False)
    return listener
