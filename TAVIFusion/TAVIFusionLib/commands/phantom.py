"""`correspond tavi phantom`: a patient whose aorta, contrast and motion are known."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress


def add_phantom_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser(
        "phantom",
        help="make a CT, a mesh and X-ray runs of a random patient, with the truth",
        description="Write ct.nrrd, aorta.vtp, aorta_segmented.vtp (with errors of a segmentation), landmarks.csv, truth.json, "
        "and for each view run.dcm with masks.nrrd, model_masks.nrrd and poses.csv. The isocenter is the origin of all files.",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the files")
    parser.add_argument("--seed", type=int, default=0, help="patient, contrast, motion and noise follow from it (default: 0)")
    parser.add_argument("--family", default="train", help='"train" or "held out", with other shapes (default: train)')
    parser.add_argument(
        "--view",
        type=float,
        nargs=2,
        action="append",
        metavar=("PRIMARY", "SECONDARY"),
        help="positioner angles of a run in degrees, LAO and CRA positive; again for more (default: 15 -5 and -25 10)",
    )
    parser.add_argument("--field-of-view", choices=("lower", "upper"), default="upper", help="what is in the picture")
    parser.add_argument("--frames", type=int, default=30, help="of each run, at 15 per second (default: 30)")
    parser.add_argument("--pixels", type=int, default=512, help="width of a frame (default: 512)")
    parser.add_argument("--dose", type=float, default=1.0, help="multiplies the quanta of the detector (default: 1)")
    parser.add_argument("--no-contrast", action="store_true", help="nothing is injected")
    parser.add_argument("--cardiac", type=float, metavar="MM", help="motion by the heart, end to end (default: usual)")
    parser.add_argument("--respiratory", type=float, metavar="MM", help="motion by the breath, end to end (default: usual)")
    parser.add_argument("--enhanced", action="store_true", help="write Enhanced XA")
    parser.add_argument("--ct-spacing", type=float, default=1.5, metavar="MM", help="edge of a voxel of the CT (default: 1.5)")
    parser.set_defaults(func=_phantom)


def _phantom(args: argparse.Namespace, progress: Progress) -> dict:
    from ..phantom_files import PhantomFiles, write_phantom

    views = {"views_deg": [(primary, secondary) for primary, secondary in args.view]} if args.view else {}
    files = PhantomFiles(
        seed=args.seed,
        family=args.family,
        field_of_view=args.field_of_view,
        frames=args.frames,
        pixels=args.pixels,
        dose=args.dose,
        contrast=not args.no_contrast,
        cardiac_mm=args.cardiac,
        respiratory_mm=args.respiratory,
        enhanced=args.enhanced,
        ct_mm=args.ct_spacing,
        **views,
    )
    return write_phantom(args.output, files, progress)
