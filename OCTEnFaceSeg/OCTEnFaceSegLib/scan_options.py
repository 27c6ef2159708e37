"""The command-line options that say how a scan is read and segmented: of every command that does so. No torch here."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .settings import BRUCH_SOURCES, METHODS, SegmentationSettings


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add what only the user can say about a file."""
    group = parser.add_argument_group("reading, where the file is silent or wrong")
    group.add_argument("--eye", choices=("R", "L"), help="right or left eye")
    group.add_argument(
        "--spacing", type=float, nargs=3, metavar=("X", "Y", "Z"), help="mm between A-scans, along the beam, between B-scans"
    )
    group.add_argument("--top-down", action="store_true", help="the first B-scan is the superior one")
    group.add_argument("--depth-axis", type=int, choices=(0, 1, 2), help="index axis of an image that runs along the beam")
    group.add_argument("--bscan-axis", type=int, choices=(0, 1, 2), help="index axis that runs from B-scan to B-scan")
    group.add_argument("--depth-up", action="store_true", help="the first voxel along the beam is the deepest")
    group.add_argument("--series", type=int, metavar="N", help="which of several scans in a file, 1 for the first")


def reading_of(args: argparse.Namespace) -> dict[str, Any]:
    """Options of `formats.reading.read_scan` that a command line states."""
    given = {
        "spacing_mm": tuple(args.spacing) if args.spacing else None,
        "eye": args.eye,
        "top_down": args.top_down or None,
        "depth_axis": args.depth_axis,
        "bscan_axis": args.bscan_axis,
        "depth_up": args.depth_up or None,
        "series": args.series,
    }
    return {name: value for name, value in given.items() if value is not None}


def reading_flags(args: argparse.Namespace) -> tuple[str, ...]:
    """The same as words of a command line."""
    flags: list[str] = []
    for name, value in reading_of(args).items():
        flags.append(f"--{name.removesuffix('_mm').replace('_', '-')}")
        if value is not True:
            flags += [str(v) for v in value] if isinstance(value, tuple) else [str(value)]
    return tuple(flags)


def add_segmentation_options(parser: argparse.ArgumentParser, lesion_required: bool) -> None:
    """Add --lesion, --method, --model and the rest of the settings."""
    default = "" if lesion_required else " (default: ga)"
    parser.add_argument("--lesion", metavar="NAME", required=lesion_required, help=f"ga, rpd, or what a model is for{default}")
    parser.add_argument(
        "--method", choices=METHODS, help="network (default), or hypertransmission: GA without a network, by brightness alone"
    )
    parser.add_argument(
        "--model", action="append", metavar="ID", help="trained model (id or folder); again for several, which are averaged"
    )
    parser.add_argument("--threshold", type=float, help="of the probability (default: 0.5)")
    parser.add_argument("--bruch-from", choices=BRUCH_SOURCES, help="Bruch's membrane of the file, or found (default: auto)")
    parser.add_argument("--tile", type=int, metavar="N", help="A-scans that the network sees at once, to save memory")
    parser.add_argument(
        "--settings", type=Path, metavar="JSON", help="settings file, as a run writes it; options replace its values"
    )


def settings_of(args: argparse.Namespace) -> SegmentationSettings:
    """The settings that a command line means: those of the settings file, with what the options say in their place.

    Raises:
        InputError: the file cannot be read, or a value cannot work.
    """
    values: dict[str, Any] = {}
    if args.settings:
        SegmentationSettings.from_json(args.settings)
        values = json.loads(args.settings.read_text(encoding="utf-8"))
    names = {
        "lesion": "lesion",
        "method": "method",
        "model": "models",
        "threshold": "threshold",
        "bruch_from": "bruch",
        "tile": "tile",
    }
    given = {name: value for option, name in names.items() if (value := getattr(args, option)) is not None}
    return SegmentationSettings.from_json({**values, **given})
