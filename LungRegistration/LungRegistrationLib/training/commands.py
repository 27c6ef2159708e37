"""The commands `correspond lung train | evaluate-model`. Nothing here imports torch before a command runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

TRAIN = """\
Train a registration network from images, and masks and keypoints where there are any. Writes config.json, checkpoint.pt,
steps.csv, validation.csv, TensorBoard's files where that package is installed, and at the end models/<id>/. A training
that was stopped or killed goes on from its last checkpoint with --resume. The model has the weights of the step that judged best.

Several GPUs or machines: torchrun --nproc-per-node N -m CorrespondCoreLib.cli lung train ...
"""


def add_training_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands to the dispatcher."""
    parser = subparsers.add_parser("train", help="train a registration network", description=TRAIN)
    parser.add_argument("--config", required=True, metavar="FILE", help="JSON file, or the name of a shipped configuration")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for all that the training writes")
    parser.add_argument("--data", metavar="DIR", help="folder of pairs, or the word phantom, in place of the configuration's")
    parser.add_argument("--model", metavar="MODEL", help="start from the weights of a model (its folder, or its id)")
    parser.add_argument("--seed", type=int, help="in place of the configuration's")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that prepare pairs, in place of the configuration's")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the output folder")
    parser.set_defaults(func=_train)
    parser = subparsers.add_parser(
        "evaluate-model",
        help="judge a model on held-out phantoms",
        description="Register phantoms that no training sees; prints landmark errors, folding and Dice with 95 % intervals.",
    )
    parser.add_argument("model", metavar="MODEL", help="folder of a model, or its id")
    parser.add_argument("--pairs", type=int, default=10, metavar="N", help="number of phantoms (default: 10)")
    parser.set_defaults(func=_evaluate_model)


def _train(args: argparse.Namespace, progress: Progress) -> dict:
    from dataclasses import replace

    from .config import TrainingConfig
    from .run import train

    config = TrainingConfig.from_json(args.config)
    if args.data is not None:
        config = config.with_data(args.data)
    if args.model is not None:
        folder = Path(args.model).expanduser().absolute()
        config = replace(config, model=str(folder) if folder.is_dir() else args.model)
    if args.seed is not None:
        config = replace(config, seed=args.seed)
    if args.workers is not None:
        config = replace(config, data=replace(config.data, workers=args.workers))
    return train(config, args.output, args.resume, args.device, args.threads, progress)


def _evaluate_model(args: argparse.Namespace, progress: Progress) -> dict:
    from .model_evaluation import evaluate_model

    return evaluate_model(args.model, args.pairs, args.device, args.threads, progress)
