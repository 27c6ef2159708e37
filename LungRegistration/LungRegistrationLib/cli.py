"""The commands of `correspond lung` (see CorrespondCoreLib.cli); a command's work is imported when it runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from CorrespondCoreLib.progress import Progress

from .benchmarks.commands import add_benchmark_command
from .cohorts.commands import add_cohort_commands
from .method_options import add_method_options, settings_of
from .training.commands import add_training_commands

if TYPE_CHECKING:
    from .formats.pair_files import Files, Wishes


def add_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands of this library to the dispatcher (see CorrespondCoreLib.cli)."""
    _add_register(subparsers)
    _add_evaluate(subparsers)
    _add_phantom(subparsers)
    _add_import(subparsers)
    _add_export(subparsers)
    _add_import_checkpoint(subparsers)
    add_cohort_commands(subparsers)
    add_benchmark_command(subparsers)
    add_training_commands(subparsers)


def _add_register(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "register",
        help="find the displacement field between two lung CTs",
        description="Register two lung CTs and write fixed_to_moving.nrrd, moving_to_fixed.nrrd (displacements, LPS mm: "
        "warped(x) = moving(x + u(x))), warped.nrrd, jacobian.nrrd, settings.json, report.json and report.html.",
    )
    _add_pair(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the results")
    add_method_options(parser)
    parser.add_argument("--initial-transform", type=Path, metavar="FILE", help="ITK transform that maps fixed to moving points")
    parser.add_argument(
        "--use-landmarks", action="store_true", help="let the landmarks guide the registration (they then do not judge it)"
    )
    parser.add_argument("--native-grid", action="store_true", help="write the field on the fixed image's own grid (large)")
    parser.add_argument(
        "--levels", action="store_true", help="networks: also write their fields, coarse to fine, level_1.nrrd, level_2.nrrd, ..."
    )
    parser.set_defaults(func=_register)


def _add_evaluate(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "evaluate",
        help="judge a displacement field of any program",
        description="Judge a displacement field (image, LPS mm) or ITK transform that maps fixed to moving points.",
    )
    parser.add_argument("field", type=Path, metavar="FIELD", help="displacement field or transform, fixed to moving")
    _add_pair(parser)
    parser.add_argument("--inverse", type=Path, metavar="FIELD", help="the field from moving to fixed, to check that they agree")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for report.json, report.html, warped and Jacobian")
    parser.set_defaults(func=_evaluate)


def _add_phantom(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "phantom",
        help="make a pair of chest CTs with known motion",
        description="Write a breathing thorax, or a CT moved by a known motion, with masks, landmarks and the true field.",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the files")
    parser.add_argument("--seed", type=int, default=0, help="anatomy, motion and noise follow from it (default: 0)")
    parser.add_argument("--size", type=int, nargs=3, metavar=("X", "Y", "Z"), help="voxels (default: 192 160 192)")
    parser.add_argument("--from", dest="source", type=Path, metavar="CT", help="put the motion on this CT instead")
    parser.add_argument("--lung-mask", type=Path, metavar="FILE", help="lungs of that CT; found if absent")
    parser.set_defaults(func=_phantom)


def _add_import(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "import",
        help="convert DIR-Lab or EMPIRE10 pairs, or any volume",
        description="Convert a reference pair to NRRD and landmark CSV, or any volume (DICOM folder, NIfTI, MHA, ...) to NRRD.",
    )
    parser.add_argument("format", choices=("dirlab", "empire10", "volume"))
    parser.add_argument("source", type=Path, metavar="SOURCE", help="folder of the download, or the volume")
    parser.add_argument("--case", help="DIR-Lab: copd1 ... copd10, 4dct1 ... 4dct10; EMPIRE10: 1 ... 30")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the files")
    parser.set_defaults(func=_import)


def _add_export(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "export",
        help="write a field as an EMPIRE10 submission",
        description="Write DIR/NN/defX.mhd, defY.mhd, defZ.mhd of a field.",
    )
    parser.add_argument("format", choices=("empire10",))
    parser.add_argument("field", type=Path, metavar="FIELD", help="displacement field, fixed to moving")
    parser.add_argument("--fixed", type=Path, required=True, metavar="FILE", help="fixed scan of the pair")
    parser.add_argument("--case", type=int, required=True, help="number of the pair, 1 ... 30")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the submission")
    parser.set_defaults(func=_export)


def _add_import_checkpoint(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "import-checkpoint",
        help="keep weights of a network's original code as a model",
        description="Read a checkpoint of a network's original code, check it, and keep it in the user's model folder.",
    )
    parser.add_argument("checkpoint", type=Path, metavar="FILE", help="safetensors, or a torch file that holds weights only")
    parser.add_argument("--network", choices=("rrn",), required=True, help="rrn: recursive refinement network")
    parser.add_argument("--id", metavar="NAME", help="name of the model; the network's and the file's by default")
    parser.add_argument("--title", metavar="TEXT", help="title of the model")
    parser.add_argument("--license", metavar="TEXT", help="licence of the weights (default: unknown)")
    parser.add_argument("--original-warp", action="store_true", help="warp features as the original code does, half a voxel off")
    parser.set_defaults(func=_import_checkpoint)


def _add_pair(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fixed", type=Path, metavar="FIXED", help="fixed volume (inspiration): image file, or DICOM folder")
    parser.add_argument("moving", type=Path, metavar="MOVING", help="moving volume (expiration)")
    for role in ("fixed", "moving"):
        parser.add_argument(f"--{role}-mask", type=Path, metavar="FILE", help=f"lung mask of the {role} volume; found if absent")
        parser.add_argument(
            f"--{role}-lobes", type=Path, metavar="FILE", help=f"label map of lobes or segments of the {role} volume"
        )
    parser.add_argument("--landmarks", type=Path, metavar="CSV", help="landmark pairs: fixed_x,...,moving_z in LPS mm")
    parser.add_argument("--fixed-is", choices=("inspiration", "expiration"), default="inspiration", help="default: inspiration")
    parser.add_argument(
        "--maps", action="store_true", help="also write stretches, ventilation, parametric response, expected error"
    )
    parser.add_argument("--names-in-report", action="store_true", help="file names of the inputs stand in the report")


def _register(args: argparse.Namespace, progress: Progress) -> dict:
    from .run import register_files

    return register_files(_files(args), args.output, settings_of(args), _wishes(args), args.device, args.threads, progress)


def _evaluate(args: argparse.Namespace, progress: Progress) -> dict:
    from .run import evaluate_files

    return evaluate_files(args.field, _files(args), args.output, args.inverse, _wishes(args), progress)


def _phantom(args: argparse.Namespace, progress: Progress) -> dict:
    from .datasets import write_moved_ct, write_phantom

    if args.source:
        return write_moved_ct(args.source, args.output, args.seed, args.lung_mask, progress)
    return write_phantom(args.output, args.size, args.seed, progress)


def _import(args: argparse.Namespace, progress: Progress) -> dict:
    from .datasets import import_dirlab, import_empire10, import_volume

    if args.format == "volume":
        return import_volume(args.source, args.output)
    convert = import_dirlab if args.format == "dirlab" else import_empire10
    return convert(args.source, args.case, args.output)


def _export(args: argparse.Namespace, progress: Progress) -> dict:
    from .datasets import export_empire10

    return export_empire10(args.field, args.fixed, args.case, args.output)


def _import_checkpoint(args: argparse.Namespace, progress: Progress) -> dict:
    from CorrespondCoreLib.models import CARD, WEIGHTS

    from .networks.checkpoints import import_checkpoint

    model = import_checkpoint(args.checkpoint, args.network, args.id, args.title, args.license, args.original_warp)
    return {"model": model.card, "files": [str(model.folder / name) for name in (CARD, WEIGHTS)]}


def _files(args: argparse.Namespace) -> Files:
    from .formats.pair_files import Files

    names = ("fixed_mask", "moving_mask", "fixed_lobes", "moving_lobes", "landmarks", "initial_transform")
    return Files(args.fixed, args.moving, **{name: getattr(args, name, None) for name in names})


def _wishes(args: argparse.Namespace) -> Wishes:
    from .formats.pair_files import Wishes

    return Wishes(
        fixed_is=args.fixed_is,
        native_grid=getattr(args, "native_grid", False),
        maps=args.maps,
        names=args.names_in_report,
        guide=getattr(args, "use_landmarks", False),
        levels=getattr(args, "levels", False),
    )
