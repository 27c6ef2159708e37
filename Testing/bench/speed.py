"""python -m Testing.bench.speed [--presets fast,default,best] [--seed 0]: seconds of each stage of Correspond, memory, TRE."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from ..command import run_correspond


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.speed", description=__doc__)
    parser.add_argument("--presets", type=lambda s: s.split(","), default=["fast", "default", "best"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, nargs=3, default=[192, 160, 192])
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder) / "pair"
        run_correspond(
            "lung", "phantom", "--output", pair, "--seed", args.seed, "--size", *args.size, check=True, capture_output=True
        )
        masks = ["--fixed-mask", pair / "fixed_mask.nrrd", "--moving-mask", pair / "moving_mask.nrrd"]
        files = [pair / "fixed.nrrd", pair / "moving.nrrd", *masks, "--landmarks", pair / "landmarks.csv"]
        for preset in args.presets:
            output = Path(folder) / preset
            options = ["--preset", preset, "--output", output, "--device", "cpu", "--threads", args.threads]
            run_correspond("lung", "register", *files, *options, check=True, capture_output=True)
            report = json.loads((output / "report.json").read_text(encoding="utf-8"))
            after = report["tre_mm"]["after"]
            print(f"{preset}: TRE {after['mean']:.2f} mm, p90 {after['p90']:.2f}, {report['peak_memory_gb']:.1f} GB")
            for stage, seconds in report["seconds"].items():
                print(f"  {seconds:7.1f} s  {stage}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
