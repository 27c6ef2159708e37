"""The commands `correspond tavi train | fine-tune | evaluate-model`. Nothing here imports torch before a command runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

TRAIN = """\
Train the network that segments frames, or the one that matches masks, on phantom frames or on your own. Writes config.json,
checkpoint.pt, steps.csv, validation.csv, TensorBoard's files where that package is installed, and at the end models/<id>/ with
the weights that judged best. A training that was stopped or killed goes on from its last checkpoint with --resume.

Your own frames (--data DIR): a folder for each patient, in it, at any depth, folders that hold one run, as a file or folder named
run (run.dcm, run.nrrd, ...), and masks.nrrd or masks.seg.nrrd with a slice for each frame, as `correspond tavi segment` writes
them and 3D Slicer saves them. Patients who judge are never trained on.
A training that starts from a model: --start; `correspond tavi fine-tune` does that with fitting values.

Several GPUs or machines: torchrun --nproc-per-node N -m CorrespondCoreLib.cli tavi train ...
"""
FINE_TUNE = """\
Train a segmentation model on, on frames on which you drew the vessel; the result goes with its card into your folder of models.
The data are a folder for each patient, in it folders that hold one run and its masks (see `correspond tavi train --help`). With
several patients others judge than those that are trained on. With one the last quarter of the drawn frames does, and the card
says so. A result that judges no better than the model itself is not kept.
"""
EVALUATE = """\
Judge a model on phantom frames of an anatomy family, background and detector that no training sees, beside the filter that needs
no weights: Dice, precision and recall with 95 % intervals and box-plot numbers, and what each finds on frames without contrast.
"""


def add_training_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands to the dispatcher."""
    parser = subparsers.add_parser("train", help="train a segmentation or matching network", description=TRAIN)
    parser.add_argument("task", choices=("segmentation", "matching"), help="what the network shall do")
    parser.add_argument("--config", required=True, metavar="FILE", help="JSON file, or the name of a shipped configuration")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for all that the training writes")
    parser.add_argument("--data", metavar="DIR", help="folder of runs, or the word phantom, in place of the configuration's")
    parser.add_argument("--start", metavar="MODEL", help="start from the weights of a model (its folder, or its id)")
    parser.add_argument("--steps", type=int, help="in place of the configuration's")
    parser.add_argument("--seed", type=int, help="in place of the configuration's")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that prepare frames, in place of the configuration's")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="folder in which rendered phantom frames are kept")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the output folder")
    parser.set_defaults(func=_train)
    parser = subparsers.add_parser("fine-tune", help="fit a segmentation model to masks that you drew", description=FINE_TUNE)
    parser.add_argument("model", metavar="MODEL", help="folder of a model, or its id")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of patients with runs and masks")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for what the training writes")
    parser.add_argument("--title", help="of the new model (default: the old one's, fine-tuned)")
    parser.add_argument("--steps", type=int, default=200, help="default: 200")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.set_defaults(func=_fine_tune)
    parser = subparsers.add_parser("evaluate-model", help="judge a model on held-out phantoms", description=EVALUATE)
    parser.add_argument("model", metavar="MODEL", help="folder of a model, or its id")
    parser.add_argument("--frames", type=int, default=60, metavar="N", help="frames with contrast (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="0 on: another set of frames (default: 0)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="folder in which rendered phantom frames are kept")
    parser.set_defaults(func=_evaluate_model)


def _train(args: argparse.Namespace, progress: Progress) -> dict:
    from dataclasses import replace

    from CorrespondCoreLib.errors import InputError

    from .config import TrainingConfig
    from .run import train

    config = TrainingConfig.from_json(args.config)
    if config.task != args.task:
        raise InputError(f"The configuration {args.config} is for {config.task}, not for {args.task}.")
    if args.data is not None:
        config = config.with_data(args.data)
    if args.start is not None:
        folder = Path(args.start).expanduser().absolute()
        config = replace(config, start=str(folder) if folder.is_dir() else args.start)
    given = {name: getattr(args, name) for name in ("steps", "seed") if getattr(args, name) is not None}
    of_data = {"workers": args.workers, "cache": str(args.cache.expanduser().absolute()) if args.cache else None}
    data = replace(config.data, **{name: value for name, value in of_data.items() if value is not None})
    return train(replace(config, data=data, **given), args.output, args.resume, args.device, args.threads, progress)


def _fine_tune(args: argparse.Namespace, progress: Progress) -> dict:
    from .fine_tune import fine_tune

    return fine_tune(args.model, args.data, args.output, args.title, args.steps, args.seed, args.device, args.threads, progress)


def _evaluate_model(args: argparse.Namespace, progress: Progress) -> dict:
    from .model_evaluation import evaluate_model

    return evaluate_model(args.model, args.frames, args.seed, args.cache, args.device, args.threads, progress)
