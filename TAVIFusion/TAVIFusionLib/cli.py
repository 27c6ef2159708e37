"""The commands `correspond tavi segment | align | track | report | project | aorta | train | ...`. No torch here."""

from __future__ import annotations

import argparse

from .commands.align import add_align_command
from .commands.aorta import add_aorta_command
from .commands.info import add_info_command
from .commands.live import add_live_command
from .commands.phantom import add_phantom_command
from .commands.project import add_project_commands
from .commands.report import add_report_command
from .commands.segment import add_segment_command
from .commands.track import add_track_command
from .networks.commands import add_network_commands
from .training.commands import add_training_commands


def add_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands of this library to the dispatcher (see CorrespondCoreLib.cli)."""
    add_segment_command(subparsers)
    add_align_command(subparsers)
    add_track_command(subparsers)
    add_report_command(subparsers)
    add_phantom_command(subparsers)
    add_project_commands(subparsers)
    add_aorta_command(subparsers)
    add_info_command(subparsers)
    add_live_command(subparsers)
    add_network_commands(subparsers)
    add_training_commands(subparsers)
