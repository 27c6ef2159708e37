"""Copy as command: what a button runs, as a line for the user's shell."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Sequence

from .jobs import WORKER_FILE
from .launchers import python_executable

SHELLS = ("sh", "cmd", "powershell")


def slicer_command_line(
    command: Sequence[str | os.PathLike],
    paths: Iterable[str | os.PathLike] = (),
    python: str | None = None,
) -> str:
    """`PythonSlicer <worker file> lung register ...`, for a computer with Slicer and this extension.

    Args:
        command: library, command, arguments.
        paths: the modules' folders; those that the worker file knows by itself are left out.
        python: the interpreter; this Slicer's PythonSlicer by default.
    """
    known = WORKER_FILE.parent.parent
    options: list[str | os.PathLike] = []
    for path in paths:
        if not os.path.isdir(known) or not os.path.samefile(path, known):
            options += ["--path", path]
    return quoted([python or python_executable(), WORKER_FILE, *options, *command])


def quoted(parts: Sequence[str | os.PathLike], shell: str | None = None) -> str:
    """Program and arguments as one line that the shell takes apart into the same parts.

    Args:
        parts: program and arguments.
        shell: "sh" (Linux, macOS, Git Bash), "cmd" or "powershell"; sh, on Windows cmd, by default. The two of Windows cannot
            hold every text: cmd replaces %NAME% of variables that exist, PowerShell 5 loses double quotes. File names have none.
    """
    texts = [os.fspath(part) for part in parts]
    shell = shell or ("cmd" if sys.platform == "win32" else "sh")
    if shell == "sh":
        return shlex.join(texts)
    if shell == "powershell":
        line = " ".join(text if _harmless(text) else "'" + text.replace("'", "''") + "'" for text in texts)
        return line if _harmless(texts[0]) else f"& {line}"
    if shell == "cmd":
        return " ".join(text if _harmless(text) else _windows_quoted(text) for text in texts)
    raise ValueError(f"shell must be one of {SHELLS}")


def _harmless(text: str) -> bool:
    """No shell of Windows sees anything special in it."""
    return re.fullmatch(r"[A-Za-z0-9_./\\:+-]+", text) is not None


def _windows_quoted(text: str) -> str:
    """Quoted as Windows programs read their command line: backslashes count only before a quote."""
    return '"' + re.sub(r'(\\*)("|$)', lambda m: m.group(1) * 2 + ('\\"' if m.group(2) else ""), text) + '"'
