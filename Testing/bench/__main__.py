"""python -m Testing.bench [--quick] [--pairs real,phantom] [--methods Correspond,elastix,...] [--output build/bench]"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import unittest
from pathlib import Path

from ..command import LIBRARIES

sys.path[:0] = LIBRARIES.split(os.pathsep)

import SimpleITK as sitk  # noqa: E402

from .environments import NotInstalled  # noqa: E402
from .methods import METHODS, USUAL, Failed, Method  # noqa: E402
from .pairs import phantom_pair, real_pair  # noqa: E402
from .scores import landmark_errors, scores  # noqa: E402
from .table import Result, write  # noqa: E402

REPORTING_SEEDS = (101, 102, 103, 104, 105)
SIZE = (192, 160, 192)
QUICK_SIZE = (96, 80, 96)


def main(arguments: list[str] | None = None) -> int:
    args = _parse(arguments)
    output = args.output.resolve()
    chosen = [next(m for m in METHODS if m.name.lower() == name.lower()) for name in args.methods]
    results: list[Result] = []
    settings = {m.name: m.settings for m in chosen}
    machine = f"{platform.machine()}, {args.threads} threads, Python {platform.python_version()}"
    kinds: set[str] = set()
    for name, pair in _pairs(args, output):
        first = name.split()[0] not in kinds
        kinds.add(name.split()[0])
        before = Result(name, "none (pre-aligned)", scores(pair, None), landmark_errors(pair, None).tolist())
        results.append(before)
        print(f"{name}: TRE {before.figures['tre_mean']:.2f} mm after pre-alignment", flush=True)
        for method in (m for m in chosen if first or not m.slow):
            results.append(_result(name, pair, method, output, args))
            print(f"  {_line(results[-1])}", flush=True)
            text = write(results, chosen[0].name, settings, machine, output)
    if not results:
        print("No pair could be made.")
        return 1
    print("\n" + text + f"\nWritten to {output / 'results.md'}, results.csv, results.json")
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small phantom pair instead of the reporting seeds at full size")
    parser.add_argument("--pairs", type=lambda s: s.split(","), default=["real", "phantom"], help="real, phantom or both")
    parser.add_argument("--seeds", type=lambda s: [int(v) for v in s.split(",")], default=list(REPORTING_SEEDS))
    parser.add_argument("--methods", type=lambda s: s.split(","), default=list(USUAL), help="the first is compared with the rest")
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=float, default=900.0, help="seconds that a method may take for a pair")
    parser.add_argument("--resume", action="store_true", help="keep results that are already in the output folder")
    args = parser.parse_args(arguments)
    known = [m.name for m in METHODS]
    unknown = [name for name in args.methods if name.lower() not in {k.lower() for k in known}]
    if unknown or not set(args.pairs) <= {"real", "phantom"}:
        parser.error(f"unknown: {', '.join(unknown) or args.pairs}; methods: {', '.join(known)}; pairs: real, phantom")
    return args


def _pairs(args: argparse.Namespace, output: Path):
    """(name, folder) of each pair, made when it is its turn."""
    if "real" in args.pairs:
        try:
            yield "real", real_pair(output / "pairs" / "real")
        except unittest.SkipTest as reason:
            print(f"real: not run: {reason}")
    if "phantom" in args.pairs:
        size = QUICK_SIZE if args.quick else SIZE
        for seed in args.seeds[:1] if args.quick else args.seeds:
            name = f"phantom {seed}" + (" small" if args.quick else "")
            yield name, phantom_pair(output / "pairs" / name.replace(" ", "-"), seed, size)


def _result(name: str, pair: Path, method: Method, output: Path, args: argparse.Namespace) -> Result:
    folder = output / "runs" / name.replace(" ", "-") / method.name.replace(" ", "-")
    kept = folder / "result.json"
    if args.resume and kept.exists():
        return Result(**json.loads(kept.read_text(encoding="utf-8")))
    try:
        file, cost = method.run(pair, folder, output / "envs", args.threads, args.limit)
    except (NotInstalled, Failed) as error:
        return Result(name, method.name, reason=str(error))
    field = sitk.ReadImage(str(file), sitk.sitkVectorFloat32)
    used = {key: value for key, value in vars(cost).items() if value is not None}
    result = Result(name, method.name, {**used, **scores(pair, field)}, landmark_errors(pair, field).tolist())
    kept.write_text(json.dumps(vars(result)), encoding="utf-8")
    return result


def _line(result: Result) -> str:
    if not result.figures:
        return f"{result.method:<16} not run: {result.reason}"
    f = result.figures
    return f"{result.method:<16} TRE {f['tre_mean']:.2f}, p90 {f['tre_p90']:.2f}, max {f['tre_max']:.2f} mm, {f['wall_s']:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
