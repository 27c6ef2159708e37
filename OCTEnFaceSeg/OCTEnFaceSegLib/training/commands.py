"""The commands `correspond oct train | pretrain | evaluate-model`. Nothing here imports torch before a command runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

TRAIN = """\
Train a network on scans with masks, or on phantom eyes. Writes config.json, checkpoint.pt, steps.csv, validation.csv,
TensorBoard's files where that package is installed, and the best models in models/. A training that was stopped or killed
goes on from its last checkpoint with --resume.
"""
PRETRAIN = """\
Train a network to make the SLO or FAF image of an eye from its OCT scan, which needs no mask. Its model is then the start of
a training on masks: correspond oct train --start MODEL.
"""


def add_training_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands to the dispatcher."""
    for name, help_text, text, func in (
        ("train", "train a segmentation network", TRAIN, _train),
        ("pretrain", "train a network to make a fundus image from OCT", PRETRAIN, _pretrain),
    ):
        parser = subparsers.add_parser(name, help=help_text, description=text)
        parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="JSON file, or the name of a shipped one")
        parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for all that the training writes")
        parser.add_argument("--data", metavar="DIR", help="folder of scans, or the word phantom, in place of the configuration's")
        parser.add_argument("--start", metavar="MODEL", help="model (id or folder), whose weights are transferred")
        parser.add_argument("--seed", type=int, help="in place of the configuration's")
        parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the output folder")
        if name == "pretrain":
            parser.add_argument("--image", choices=("SLO", "FAF"), help="in place of the configuration's")
        parser.set_defaults(func=func)
    parser = subparsers.add_parser(
        "evaluate-model",
        help="judge a model on held-out phantoms",
        description="Segment phantom eyes that no training sees; prints Dice and errors of the area with 95 % intervals.",
    )
    parser.add_argument("model", metavar="MODEL", help="folder of a model, or its id")
    parser.add_argument("--eyes", type=int, default=20, metavar="N", help="number of phantoms (default: 20)")
    parser.add_argument("--style", help="of the device: spectralis, cirrus or topcon; the training's if absent")
    parser.add_argument("--population", help="of the phantoms: usual or unseen; the training's if absent")
    parser.set_defaults(func=_evaluate_model)


def _train(args: argparse.Namespace, progress: Progress) -> dict:
    return _run(args, progress, {"task": "segmentation"})


def _pretrain(args: argparse.Namespace, progress: Progress) -> dict:
    return _run(args, progress, {"task": "reconstruction", **({"image": args.image} if args.image else {})})


def _evaluate_model(args: argparse.Namespace, progress: Progress) -> dict:
    from .model_evaluation import evaluate_model

    return evaluate_model(args.model, args.eyes, args.style, args.population, args.device, args.threads, progress)


def _run(args: argparse.Namespace, progress: Progress, changes: dict) -> dict:
    from dataclasses import replace

    from .config import TrainingConfig
    from .run import train

    config = replace(TrainingConfig.from_json(args.config), **changes)
    if args.data is not None:
        config = config.with_data(args.data)
    if args.seed is not None:
        config = replace(config, seed=args.seed)
    return train(config, args.output, args.start, args.resume, args.device, args.threads, progress)
