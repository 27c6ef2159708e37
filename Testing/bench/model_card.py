"""python -m Testing.bench.model_card MODEL JUDGEMENT --id ID --title TITLE --output DIR: a trained model made ready to ship.

Copies the model (a folder) under its final id; its card gets the figures that `correspond oct|tavi evaluate-model` printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from ..command import LIBRARIES

sys.path[:0] = LIBRARIES.split(os.pathsep)

from CorrespondCoreLib.models import CARD, WEIGHTS, read_card  # noqa: E402
from OCTEnFaceSegLib.training import eyes  # noqa: E402

DESCRIPTION = {
    "OCT": "For research only. Trained on simulated eyes alone, it never saw a patient: look closely at what it finds.",
    "XA": "For research only. Trained on simulated patients alone, it never saw a real one: look closely at what it gives.",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.model_card", description=__doc__)
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("judgement", type=Path, metavar="JUDGEMENT")
    parser.add_argument("--id", required=True)
    parser.add_argument("--title", required=True)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--hardware", default="one of two shared CPU cores, bfloat16", help="of OCT; cards of XA name theirs")
    args = parser.parse_args(arguments)
    card, judgement = read_card(args.model / CARD), json.loads(args.judgement.read_text(encoding="utf-8"))
    kind = card["domain"]["modality"]
    card |= {"id": args.id, "title": args.title, "version": "1.0", "description": DESCRIPTION[kind]}
    if kind == "OCT":
        seeds = {"training": eyes.TRAINING, "validation": eyes.VALIDATION, "held_out": eyes.HELD_OUT}
        card["training"] |= {"hardware": args.hardware, "first_seeds": seeds}
    card["held_out"] = _held_out(kind, judgement)
    folder = args.output / args.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).write_text(json.dumps(_rounded(card), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.copyfile(args.model / WEIGHTS, folder / WEIGHTS)
    return 0


def _held_out(kind: str, judgement: dict[str, Any]) -> dict[str, Any]:
    if kind == "OCT":
        error = judgement["calibration"]["expected_calibration_error"]
        return {name: judgement[name] for name in ("eyes", "style", "population", "figures")} | {
            "expected_calibration_error": error
        }
    figures = {
        method: {name: value for name, value in found.items() if name not in ("rows", "boxes")}
        for method, found in judgement["methods"].items()
    }
    return {"phantoms": judgement["frames"], "first_seed": judgement["first_seed"], "figures": figures}


def _rounded(value):
    if isinstance(value, dict):
        return {name: _rounded(v) for name, v in value.items()}
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    raise SystemExit(main())
