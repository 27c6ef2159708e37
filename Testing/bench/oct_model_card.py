"""python -m Testing.bench.oct_model_card MODEL JUDGEMENT --id ID --title TITLE --output DIR: a trained model made ready to ship.

Copies the model (a folder) under its final id; its card gets the figures that `correspond oct evaluate-model` printed.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from CorrespondCoreLib.models import CARD, WEIGHTS, read_card
from OCTEnFaceSegLib.training.eyes import HELD_OUT, TRAINING, VALIDATION

DESCRIPTION = "For research only. Trained on simulated eyes alone, it never saw a patient: look closely at what it finds."


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.oct_model_card", description=__doc__)
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("judgement", type=Path, metavar="JUDGEMENT")
    parser.add_argument("--id", required=True)
    parser.add_argument("--title", required=True)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--hardware", default="one of two shared CPU cores, bfloat16")
    args = parser.parse_args(arguments)
    card, judgement = read_card(args.model / CARD), json.loads(args.judgement.read_text(encoding="utf-8"))
    seeds = {"training": TRAINING, "validation": VALIDATION, "held_out": HELD_OUT}
    card |= {"id": args.id, "title": args.title, "version": "1.0", "description": DESCRIPTION}
    card["training"] |= {"hardware": args.hardware, "first_seeds": seeds}
    names = ("eyes", "style", "population", "figures")
    card["held_out"] = {name: judgement[name] for name in names} | {
        "expected_calibration_error": judgement["calibration"]["expected_calibration_error"]
    }
    folder = args.output / args.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).write_text(json.dumps(_rounded(card), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.copyfile(args.model / WEIGHTS, folder / WEIGHTS)
    return 0


def _rounded(value):
    if isinstance(value, dict):
        return {name: _rounded(v) for name, v in value.items()}
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    raise SystemExit(main())
