"""The commands `correspond oct segment | batch | evaluate | growth | register-fundus | phantom | ...`. No torch here."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

from .cohort import add_cohort_command
from .comparison.commands import add_comparison_command
from .fine_tuning.commands import add_fine_tuning_command
from .networks.commands import add_network_commands
from .scan_options import add_reading_options, add_segmentation_options, reading_of, settings_of
from .training.commands import add_training_commands


def add_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands of this library to the dispatcher (see CorrespondCoreLib.cli)."""
    _add_segment(subparsers)
    _add_evaluate(subparsers)
    _add_growth(subparsers)
    _add_register_fundus(subparsers)
    _add_phantom(subparsers)
    add_cohort_command(subparsers)
    add_network_commands(subparsers)
    add_training_commands(subparsers)
    add_fine_tuning_command(subparsers)
    add_comparison_command(subparsers)


def _add_segment(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "segment",
        help="find a lesion in an OCT volume, as en-face mask",
        description="Segment GA, RPD or another lesion and write probability.nrrd, mask.seg.nrrd, uncertainty.nrrd, bruch.nrrd "
        "(depth in voxels), settings.json, measures.csv, report.json and report.html.",
    )
    parser.add_argument(
        "volume", type=Path, metavar="VOLUME", help="scan: .vol, XML export, .e2e, .fda, .img, DICOM, image, folder"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the results")
    add_segmentation_options(parser, lesion_required=True)
    parser.add_argument(
        "--bruch",
        type=Path,
        metavar="FILE",
        help="Bruch's membrane: bruch.nrrd of a run, or points to draw it through (CSV: b_scan,a_scan,depth in voxels from 0)",
    )
    parser.add_argument(
        "--fovea", type=float, nargs=2, metavar=("BSCAN", "ASCAN"), help="index of the fovea, from 0; found if absent"
    )
    parser.add_argument("--reference", type=Path, action="append", metavar="MASK", help="a grader's mask; again for several")
    parser.add_argument(
        "--dicom-seg",
        action="store_true",
        help="also write mask.dcm, a DICOM Segmentation, where the scan is DICOM; it names the patient as the scan does",
    )
    parser.add_argument("--names-in-report", action="store_true", help="the scan's file name stands in the report")
    add_reading_options(parser)
    parser.set_defaults(func=_segment)


def _add_evaluate(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="compare a mask with those of graders",
        description="Dice and absolute area difference of an en-face mask (A-scans x 1 x B-scans voxels) against graders' masks.",
    )
    parser.add_argument("mask", type=Path, metavar="MASK", help="mask: image or .seg.nrrd")
    parser.add_argument("reference", type=Path, nargs="+", metavar="REFERENCE", help="masks of graders, on the same grid")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for agreement.json and agreement.csv")
    parser.set_defaults(func=_evaluate)


def _add_growth(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "growth",
        help="growth of a lesion over visits",
        description="Segment two or more visits of one eye (or take their masks), register them to the first, and write "
        "growth.json, growth.csv, growth.html, and a map of what is new, stable and lost for each later visit.",
    )
    parser.add_argument(
        "scans", type=Path, nargs="+", metavar="SCAN", help="visits of one eye; two of the same day tell the error"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--years", type=float, nargs="+", metavar="T", help="when each visit was, where the files have no dates")
    parser.add_argument("--masks", type=Path, nargs="+", metavar="MASK", help="the lesion at each visit; segmented if absent")
    add_segmentation_options(parser, lesion_required=False)
    add_reading_options(parser)
    parser.set_defaults(func=_growth)


def _add_register_fundus(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "register-fundus",
        help="place a fundus image of another device over an OCT volume",
        description="Affine registration of a photograph, SLO or autofluorescence of another device to a scan, by vessels or by "
        "pairs of points. Writes fundus.nrrd (the image as it came, in mm), registration.tfm (ITK; in 3D Slicer it carries "
        "fundus.nrrd to the scan), fundus_enface.nrrd (the image on the en-face grid) and report.json with the residuals.",
    )
    parser.add_argument("scan", type=Path, metavar="SCAN", help="scan, as for oct segment")
    parser.add_argument("image", type=Path, metavar="IMAGE", help="DICOM Ophthalmic Photography, TIFF, PNG, JPEG or BMP")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--points",
        type=Path,
        metavar="CSV",
        help="three pairs or more: b_scan,a_scan,column,row, counted from 0, the first row on top",
    )
    parser.add_argument(
        "--by",
        choices=("vessels", "points"),
        help="default: points where they are given, else vessels; with both, vessels improve what the points say. Images without "
        "a scale need points",
    )
    add_reading_options(parser)
    parser.set_defaults(func=_register_fundus)


def _add_phantom(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "phantom",
        help="make an OCT scan of a random eye, with the truth",
        description="Write a scan (volume, SLO, FAF) with its true mask, layers and Bruch's membrane, for one or more visits.",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the files")
    parser.add_argument(
        "--size", type=int, nargs=3, metavar=("B", "D", "A"), help="B-scans, depth, A-scans (default: the device's)"
    )
    parser.add_argument("--seed", type=int, default=0, help="anatomy and noise follow from it (default: 0)")
    parser.add_argument("--style", default="spectralis", help="spectralis, cirrus or topcon (default: spectralis)")
    parser.add_argument("--lesion", default="ga", help="ga, rpd or healthy (default: ga)")
    parser.add_argument("--visits", type=int, default=1, help="how many, the lesion growing in between (default: 1)")
    parser.add_argument("--years", type=float, default=1.0, help="between visits (default: 1)")
    parser.set_defaults(func=_phantom)


def _segment(args: argparse.Namespace, progress: Progress) -> dict:
    from .run import Wishes, grader_names, segment_file

    wishes = Wishes(
        reading=reading_of(args),
        bruch_file=args.bruch,
        fovea=tuple(args.fovea) if args.fovea else None,
        references=grader_names(args.reference or []),
        names=args.names_in_report,
        dicom_seg=args.dicom_seg,
    )
    return segment_file(args.volume, args.output, settings_of(args), wishes, args.device, args.threads, progress)


def _evaluate(args: argparse.Namespace, progress: Progress) -> dict:
    from .run import evaluate_files

    return evaluate_files(args.mask, args.reference, args.output)


def _growth(args: argparse.Namespace, progress: Progress) -> dict:
    from .growth_run import growth_of_files

    return growth_of_files(
        args.scans, args.output, settings_of(args), args.years, args.masks, reading_of(args), args.device, args.threads, progress
    )


def _register_fundus(args: argparse.Namespace, progress: Progress) -> dict:
    from .fundus_run import register_fundus_file

    return register_fundus_file(args.scan, args.image, args.output, args.points, args.by, reading_of(args), progress)


def _phantom(args: argparse.Namespace, progress: Progress) -> dict:
    from .phantom_files import write_phantom

    return write_phantom(args.output, args.size, args.seed, args.style, args.lesion, args.visits, args.years, progress)
