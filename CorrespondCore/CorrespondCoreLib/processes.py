"""Is a process alive, and how to end it: by its id, on Windows, macOS and Linux, with the standard library alone."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

_SYNCHRONIZE = 0x00100000  # Windows access right: wait for the process
_WAIT_TIMEOUT = 0x00000102  # Windows: still running


class ProcessWatch:
    """Tells whether another process still runs.

    On Windows a handle is held, so that a reused id cannot be mistaken for the process.

    Args:
        pid: id of the process.
    """

    def __init__(self, pid: int):
        self._pid = pid
        if sys.platform == "win32":
            import ctypes

            self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            self._kernel.OpenProcess.restype = ctypes.c_void_p
            self._kernel.OpenProcess.argtypes = [ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32]
            self._kernel.WaitForSingleObject.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
            self._kernel.WaitForSingleObject.restype = ctypes.c_uint32
            self._handle = self._kernel.OpenProcess(_SYNCHRONIZE, 0, pid)

    def alive(self) -> bool:
        """True while the process runs."""
        if sys.platform == "win32":
            return bool(self._handle) and self._kernel.WaitForSingleObject(self._handle, 0) == _WAIT_TIMEOUT
        if sys.platform == "linux" and _is_zombie(self._pid):
            return False
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it runs, and belongs to somebody else
            return True
        return True


def _is_zombie(pid: int) -> bool:
    """True for a process that has ended but that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    """End a process at once. One that has ended already is no error.

    Raises:
        ValueError: the id is not that of one process (0 and negative ones name groups, this program's own among them).
    """
    if pid <= 0:
        raise ValueError(f"{pid} is not the id of a process.")
    try:
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))  # on Windows every signal number but two is TerminateProcess
    except OSError:  # on Windows, "access denied" is said of processes that have just ended
        if ProcessWatch(pid).alive():
            raise
