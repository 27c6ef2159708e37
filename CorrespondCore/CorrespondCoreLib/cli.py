"""The command `correspond`: one dispatcher that finds the modules' libraries by name.

A library takes part by a file cli.py with a function

    def add_commands(subparsers) -> None

that adds its commands by `subparsers.add_parser(...)` and sets `func` on each:
`parser.set_defaults(func=run)` with `run(args: argparse.Namespace, progress: Progress) -> dict`.
The dict are the results, as JSON can hold them; its entry "files" (list of paths), where there is one, names the files that were
written: a job counts as done only when all of them are there. Every command has the options --device, --threads and
--progress already. Importing a library's cli.py must be fast: torch is imported when a command runs.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from . import __version__
from .errors import Cancelled, CorrespondError, InputError, MissingPackage, OutOfMemory, OutputError, PartlyFailed
from .explain import explained
from .files import plain
from .models_cli import add_models_commands
from .progress import Progress
from .terminal import STYLES, display_for, terminal_progress

LIBRARIES = {"lung": "LungRegistrationLib.cli", "oct": "OCTEnFaceSegLib.cli", "tavi": "TAVIFusionLib.cli"}
TITLES = {
    "lung": "deformable registration of inhale and exhale lung CT",
    "oct": "en-face masks of atrophy and pseudodrusen from retinal OCT",
    "tavi": "fusion of CTA models and fluoroscopy",
}

EPILOG = f"""\
exit codes:
  0  done
  1  unexpected error: please report the message
  {InputError.exit_code}  the input, the settings or the command line cannot be used; the message says what to do
  {Cancelled.exit_code}  cancelled (Ctrl+C); nothing was changed
  {OutOfMemory.exit_code}  main or graphics memory does not suffice
  {MissingPackage.exit_code}  a Python package is absent, too old, or does not fit the others; the message says what to install
  {OutputError.exit_code}  results cannot be written (permission, full disk)
  {PartlyFailed.exit_code}  some pairs of a cohort failed, the others are done; the summary says why

messages:
  Progress, warnings and errors go to stderr, results as JSON to stdout. Progress is a bar on a terminal and lines in a pipe.
  Output files are written whole or not at all.

For research use only. Not for clinical use.
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are InputErrors, so that they reach the user the same way as all others."""

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False, **kwargs}
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{self.format_usage()}{self.prog}: {message}")


class _CommandParser(_Parser):
    """A command of a library: has the options that all commands share."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        common = self.add_argument_group("options of all commands")
        common.add_argument(
            "--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="where to compute (default: auto)"
        )
        common.add_argument("--threads", type=_positive, metavar="N", help="number of CPU threads (default: all cores)")
        common.add_argument("--progress", default="auto", choices=STYLES, help="how progress is shown (default: auto)")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line, with the commands of all libraries that are installed."""
    parser = _Parser(prog="correspond", description="Find correspondences between medical images.", epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"correspond {__version__}")
    libraries = parser.add_subparsers(dest="library", required=True, metavar="LIBRARY", parser_class=_Parser)
    for name, module in LIBRARIES.items():
        if _installed(module):
            library = libraries.add_parser(
                name, help=TITLES[name], description=f"correspond {name}: {TITLES[name]}.", epilog=EPILOG
            )
            commands = library.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_CommandParser)
            importlib.import_module(module).add_commands(commands)
    models = libraries.add_parser("models", help="list, import and delete your trained networks", epilog=EPILOG)
    add_models_commands(models.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_CommandParser))
    devices = libraries.add_parser("devices", help="list the devices that this computer can compute on")
    devices.set_defaults(func=_list_devices, progress="none")
    return parser


def run(argv: Sequence[str], progress: Progress) -> dict:
    """Run one command and return its results. All errors are raised.

    Args:
        argv: library, command, arguments; for example ["lung", "register", "fixed.nrrd", "moving.nrrd", "--output", "out"].
        progress: where progress goes and where a cancel comes from.

    Raises:
        InputError: the command line is wrong. SystemExit: help or version was asked for.
    """
    arguments = build_parser().parse_args(list(argv))
    return arguments.func(arguments, progress) or {}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command in a terminal.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        The exit code (see `correspond --help`).
    """
    display = display_for(sys.stderr, "none")
    try:
        arguments = build_parser().parse_args(argv)
        display = display_for(sys.stderr, arguments.progress)
        results = arguments.func(arguments, terminal_progress(display)) or {}
        display.finish()
        print(json.dumps(plain(results), indent=2))
        return 0
    except (Exception, KeyboardInterrupt) as error:
        display.finish()
        known = explained(error)
        if known is None:
            traceback.print_exc()
            print("correspond: unexpected error, please report the lines above.", file=sys.stderr)
            return CorrespondError.exit_code
        print(f"correspond: {known}", file=sys.stderr)
        return known.exit_code


def _installed(module: str) -> bool:
    """True if the library is there; its cli.py is not imported."""
    package = module.split(".")[0]
    return importlib.util.find_spec(package) is not None and importlib.util.find_spec(module) is not None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _list_devices(arguments: argparse.Namespace, progress: Progress) -> dict:
    from .devices import probe

    return {"devices": probe()}


if __name__ == "__main__":
    sys.exit(main())
