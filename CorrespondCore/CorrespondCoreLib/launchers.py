"""Ways to start a child process and hear its lines: Slicer's own, and a thread where there is no Slicer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .errors import MissingPackage


class Started(Protocol):
    """What a launcher returns: the process that was started (PythonSlicer starts the real one in turn)."""

    def kill(self) -> None: ...


class Launch(Protocol):
    """Starts a process and returns at once. on_line gets each line it prints (stdout and stderr), on_exit comes last."""

    def __call__(self, args: list[str], on_line: Callable[[str], None], on_exit: Callable[[int], None]) -> Started: ...


def launch_in_slicer(args: list[str], on_line: Callable[[str], None], on_exit: Callable[[int], None]) -> Started:
    """Start by slicer.util.launchConsoleProcess: the callbacks come on Slicer's main thread, by a timer."""
    import slicer.util

    return slicer.util.launchConsoleProcess(
        args, useStartupEnvironment=False, blocking=False, logCallback=on_line, completedCallback=on_exit
    )


def launch_in_thread(args: list[str], on_line: Callable[[str], None], on_exit: Callable[[int], None]) -> Started:
    """Start without Slicer: the callbacks come on a thread of their own."""
    process = subprocess.Popen(
        args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    )

    def read() -> None:
        assert process.stdout is not None
        with process.stdout as stdout:
            for line in stdout:
                on_line(line.rstrip())
        on_exit(process.wait())

    threading.Thread(target=read, daemon=True).start()
    return process


def default_launcher() -> Launch:
    """Slicer's where the application runs, else the thread."""
    return launch_in_slicer if _in_slicer_application() else launch_in_thread


def python_executable() -> str:
    """Absolute path of the interpreter for children: PythonSlicer in Slicer, else this process's own.

    Raises:
        MissingPackage: Slicer's PythonSlicer is not where it should be.
    """
    name = Path(sys.executable or "").name.lower()
    found = shutil.which("PythonSlicer")
    if found and (_in_slicer_application() or not name.startswith("python")):
        return os.path.abspath(found)
    if name.startswith("python"):
        return os.path.abspath(sys.executable)
    raise MissingPackage(
        "PythonSlicer, which runs calculations beside Slicer, was not found in Slicer's folder. Install Slicer again."
    )


def _in_slicer_application() -> bool:
    slicer = sys.modules.get("slicer")
    return slicer is not None and getattr(slicer, "app", None) is not None
