"""`make bench`: one table of time, memory, landmark errors, folding and Jacobians, for all programs on all pairs.

python -m Testing.bench [--pairs real,101,...] [--programs correspond,elastix,...] [--output FOLDER] [--threads N] [--quick]
"""

from __future__ import annotations

import argparse
import os
import sys
import unittest
from pathlib import Path

import numpy as np

from CorrespondCoreLib.metrics import compare_paired

from . import figures, pairs, programs, table


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--pairs", default=",".join(["real", *map(str, pairs.REPORTING_SEEDS)]), help="real, or seeds of phantoms"
    )
    parser.add_argument("--programs", default=",".join(programs.PROGRAMS))
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limit", type=float, default=900.0, metavar="S", help="seconds after which a program is stopped")
    parser.add_argument("--quick", action="store_true", help="phantoms of a quarter of the voxels")
    args = parser.parse_args(arguments)
    size = (120, 100, 120) if args.quick else pairs.SIZE
    rows: list[dict] = []
    for name in args.pairs.split(","):
        try:
            pair = pairs.prepare(name, args.output / ("quick" if args.quick else "pairs"), size)
        except unittest.SkipTest as reason:
            print(f"pair {name}: {reason}")
            continue
        rows += compare(name, pair, args)
        table.write(rows, args.output)
    print(table.markdown(rows))
    print(f"\n{args.threads} threads; tables in {args.output}. For research use only. Not for clinical use.")
    return 0


def compare(name: str, pair: Path, args: argparse.Namespace) -> list[dict]:
    """Rows of all programs on one pair; each program's errors are compared with Correspond's."""
    rows, errors = [], {}
    for key in args.programs.split(","):
        program = programs.PROGRAMS[key]
        print(f"pair {name}: {program.name} ...", file=sys.stderr, flush=True)
        result = programs.run(program, pair, args.output / "runs" / name / key, args.output / "envs", args.threads, args.limit)
        row = {"program": program.name, "pair": name, **{k: v for k, v in vars(result).items() if k != "field"}}
        if result.field is not None:
            values, errors[program.name] = figures.figures(result.field, pair)
            row |= values
        rows.append(row)
    p_values = _p_values(errors)
    return [{**row, "p_value": p_values.get(row["program"])} for row in rows]


def _p_values(errors: dict[str, np.ndarray]) -> dict[str, float]:
    """Paired Wilcoxon test of each program's landmark errors against Correspond's, corrected after Bonferroni."""
    if programs.CORRESPOND.name not in errors or len(errors) < 2:
        return {}
    return {row["b"]: row["p_bonferroni"] for row in compare_paired(errors, reference=programs.CORRESPOND.name)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
