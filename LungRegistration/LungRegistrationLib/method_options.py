"""The command-line options that say how a pair is registered: of every command that registers. No torch here."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .settings import RegistrationSettings


def add_method_options(parser: argparse.ArgumentParser) -> None:
    """Add --method, --preset, --settings and the options of networks."""
    parser.add_argument("--method", help="search (no trained weights; the default), virnet, voxelmorph, rrn (experimental)")
    parser.add_argument("--preset", help="fast, default, best or ruehaak2017; default: default")
    parser.add_argument(
        "--settings", type=Path, metavar="JSON", help="settings file, as a run writes it; --preset is then its base"
    )
    group = parser.add_argument_group("methods that are networks")
    group.add_argument(
        "--model", metavar="ID", help="trained model (id or folder), or untrained; the only one for the method if absent"
    )
    group.add_argument(
        "--size", type=int, nargs=3, metavar=("X", "Y", "Z"), help="voxels that the network sees (default: model's)"
    )
    group.add_argument(
        "--instance-optimization",
        choices=("none", "field", "weights"),
        help="fit to this pair after the network: its field, or the network's weights (default: none)",
    )
    group.add_argument("--steps", type=int, help="of the instance optimization (default: 100)")
    group.add_argument("--learning-rate", type=float, help="of it (default: 0.2 mm for the field, the papers' for weights)")


def settings_of(args: argparse.Namespace) -> RegistrationSettings:
    """The settings that a command line means: those of the settings file, with what the options say in their place.

    Raises:
        InputError: the file cannot be read, or a value cannot work.
    """
    values = _file_values(args.settings)
    overrides: dict[str, Any] = {name: value for name in ("method", "preset") if (value := getattr(args, name))}
    names = {"size": "size_xyz"} | {n: n for n in ("model", "instance_optimization", "steps", "learning_rate")}
    network = {name: value for option, name in names.items() if (value := getattr(args, option)) is not None}
    if network:
        overrides["network"] = {**(values.get("network") or {}), **network}
    return RegistrationSettings.from_json({**values, **overrides})


def _file_values(path: Path | None) -> dict:
    """What a settings file says, once it is known to be one."""
    if path is None:
        return {}
    RegistrationSettings.from_json(path)
    return json.loads(path.read_text(encoding="utf-8"))
