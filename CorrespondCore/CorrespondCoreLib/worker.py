"""The file that a child process is started with; it works by absolute path, whatever the process's search path is.

    python worker.py [--path FOLDER]... [--job FOLDER --parent PID] LIBRARY COMMAND [ARGUMENT]...

--path names further folders that hold libraries (the module folders; this file's own is known). With --job the process talks to
the program that started it (see child.py); without, it is the command line `correspond` (what "Copy as command" gives).
"""

import sys
from pathlib import Path


def main(argv: list[str]) -> int:
    """Set the search path, then run the command. Returns the exit code."""
    here = Path(__file__).resolve().parent
    options: dict[str, list[str]] = {"--path": [], "--job": [], "--parent": []}
    while len(argv) > 1 and argv[0] in options:
        options[argv[0]].append(argv[1])
        argv = argv[2:]
    # this file's folder would make its neighbors importable as top-level names (files, memory, models, ...)
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    for folder in (*reversed(options["--path"]), str(here.parent)):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    if options["--job"]:
        from CorrespondCoreLib.child import run_job

        return run_job(argv, Path(options["--job"][0]), int(options["--parent"][0]))
    from CorrespondCoreLib.cli import main as command_line

    return command_line(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
