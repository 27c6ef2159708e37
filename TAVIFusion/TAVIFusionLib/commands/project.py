"""`correspond tavi project | angles`: geometry alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from CorrespondCoreLib.progress import Progress

from ..run_options import add_model_argument


def add_project_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the two commands to the dispatcher."""
    _add_project(subparsers)
    _add_angles(subparsers)


def _add_project(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "project",
        help="show a model as a C-arm would",
        description="Project a model by the cone beam and write silhouette.png, depth.png (near is bright), outline.csv, "
        "points.csv (the model's points, or those of --landmarks, in pixels of the frame), geometry.json. The geometry is that "
        "of the options, or of a run with options in the place of some of its values.",
    )
    add_model_argument(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--run", type=Path, metavar="XA_FILE", help="run whose geometry is taken")
    parser.add_argument("--plane", default="", choices=("", "A", "B"), help="of a biplane run")
    parser.add_argument("--frame", type=int, default=0, metavar="N", help="of the run, from 0 (default: 0)")
    parser.add_argument("--primary", type=float, metavar="DEG", help="positioner's primary angle, LAO positive")
    parser.add_argument("--secondary", type=float, metavar="DEG", help="positioner's secondary angle, cranial positive")
    parser.add_argument("--sid", type=float, metavar="MM", help="source to detector")
    parser.add_argument("--sod", type=float, metavar="MM", help="source to isocenter")
    parser.add_argument("--spacing", type=float, nargs="+", metavar="MM", help="of pixels at the detector, one number or two")
    parser.add_argument("--size", type=int, nargs=2, metavar=("C", "R"), help="columns and rows (default: 512 512)")
    parser.add_argument(
        "--isocenter",
        type=float,
        nargs=3,
        metavar=("X", "Y", "Z"),
        help="LPS, mm (default: the middle of the model; with --pose the origin)",
    )
    parser.add_argument("--pose", type=Path, metavar="FILE", help="pose.json of an alignment")
    parser.add_argument("--landmarks", type=Path, metavar="CSV", help="points to project: name,x,y,z (LPS, mm)")
    parser.set_defaults(func=_project)


def _add_angles(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "angles",
        help="views of a valve: S-curve, cusp overlap, three cusps",
        description="From three nadirs write s_curve.csv (pairs of angles at which the valve plane is seen on edge) and "
        "angles.json (its normal, the cusp-overlap view and the three-cusp view).",
    )
    parser.add_argument(
        "nadirs", type=Path, metavar="NADIRS", help="CSV: name,x,y,z (LPS, mm) with the names nadir L, nadir R, nadir N"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--step", type=float, default=1.0, metavar="DEG", help="of the primary angle in the table (default: 1)")
    parser.set_defaults(func=_angles)


def _project(args: argparse.Namespace, progress: Progress) -> dict:
    from ..projection_files import project_files
    from ..run_input import RunInput

    spacing = None if args.spacing is None else (args.spacing[0], args.spacing[-1])
    values = {
        "primary_deg": args.primary,
        "secondary_deg": args.secondary,
        "source_to_detector_mm": args.sid,
        "source_to_isocenter_mm": args.sod,
        "pixel_spacing_mm": spacing,
        "size": args.size and tuple(args.size),
        "isocenter_mm": args.isocenter and tuple(args.isocenter),
    }
    return project_files(
        args.mesh,
        args.mesh_frame,
        args.output,
        _given(values),
        run=RunInput(args.run, args.plane) if args.run else None,
        frame=args.frame,
        pose=args.pose,
        landmarks=args.landmarks,
        progress=progress,
    )


def _angles(args: argparse.Namespace, progress: Progress) -> dict:
    from ..angle_files import angles_of_file

    return angles_of_file(args.nadirs, args.output, args.step)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in values.items() if value is not None}
