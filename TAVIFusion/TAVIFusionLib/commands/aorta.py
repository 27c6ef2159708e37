"""`correspond tavi aorta`: the model of the aorta out of an angiography."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from CorrespondCoreLib.progress import Progress


def add_aorta_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser(
        "aorta",
        help="make a surface model of the aorta from an angiography",
        description="Grow a region from seeds in a contrast CT or MR angiography, clean it, and write its closed surface.",
    )
    parser.add_argument("volume", type=Path, metavar="CTA", help="volume: DICOM folder, NRRD, NIfTI, MetaImage, ...")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="surface: .vtp, .stl, .vtk or .obj")
    parser.add_argument(
        "--seed",
        type=float,
        nargs=3,
        action="append",
        required=True,
        metavar=("X", "Y", "Z"),
        help="point in the lumen, LPS mm; again for more",
    )
    parser.add_argument("--lower", type=float, metavar="VALUE", help="least value of the lumen (default: from the seeds)")
    parser.add_argument("--upper", type=float, metavar="VALUE", help="largest value of the lumen (default: from the seeds)")
    parser.add_argument("--opening", type=float, metavar="MM", help="radius of the ball that must fit in (default: 2)")
    parser.add_argument("--largest", type=float, metavar="ML", help="more than this is a leak (default: 700)")
    parser.add_argument("--box", type=float, nargs=6, metavar="MM", help="two opposite corners, LPS, that limit the region")
    parser.add_argument("--triangles", type=int, metavar="N", help="at most about so many (default: 30000)")
    parser.set_defaults(func=_aorta)


def _aorta(args: argparse.Namespace, progress: Progress) -> dict:
    from ..aorta_files import aorta_of_file
    from ..aorta_from_ct import AortaSettings

    box = args.box and (tuple(args.box[:3]), tuple(args.box[3:]))
    values = {
        "lower": args.lower,
        "upper": args.upper,
        "opening_mm": args.opening,
        "largest_ml": args.largest,
        "bounds_mm": box,
        "triangles": args.triangles,
    }
    return aorta_of_file(
        args.volume,
        np.array(args.seed),
        args.output,
        AortaSettings(**{name: value for name, value in values.items() if value is not None}),
        progress,
    )
