"""The commands `correspond tavi segment | align | track | report | ...`. No torch here."""

from __future__ import annotations

import argparse

from .commands.align import add_align_command
from .commands.live import add_live_command
from .commands.report import add_report_command
from .commands.segment import add_segment_command
from .commands.track import add_track_command


def add_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands of this library to the dispatcher (see CorrespondCoreLib.cli)."""
    add_segment_command(subparsers)
    add_align_command(subparsers)
    add_track_command(subparsers)
    add_report_command(subparsers)
    add_live_command(subparsers)
