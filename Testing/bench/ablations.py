"""python -m Testing.bench.ablations --output DIR [--minutes M]: the papers' ablations, small, on phantoms, three seeds each.

Every row is a shipped configuration with a narrower network and fewer voxels (see SIZE and WIDTHS), trained for the same number
of steps on the same phantoms, and judged on phantoms of other seeds. A seed draws the first weights, and phantoms of its own. A
run takes about two minutes of a CPU core; runs that are in the output folder are kept, and after M minutes no further one begins.
The table is in ablations.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from ..command import LIBRARIES

sys.path[:0] = LIBRARIES.split(os.pathsep)

import numpy as np  # noqa: E402
import torch  # noqa: E402

from CorrespondCoreLib.files import write_json  # noqa: E402
from CorrespondCoreLib.progress import Progress  # noqa: E402
from CorrespondCoreLib.threads import limited  # noqa: E402
from CorrespondCoreLib.training.distributed import Processes  # noqa: E402
from LungRegistrationLib.training.config import TrainingConfig  # noqa: E402
from LungRegistrationLib.training.pairs import PhantomPairs, Scans, TrainingPair, prepared  # noqa: E402
from LungRegistrationLib.training.random_phantoms import HELD_OUT, training_seed  # noqa: E402
from LungRegistrationLib.training.trainer import Trainer  # noqa: E402
from LungRegistrationLib.training.validation import judged  # noqa: E402

SIZE = (64, 64, 64)
WIDTHS = {
    "rrn": {
        "pyramid_channels": [8, 16, 24, 32],
        "estimator_channels": [32, 32, 24, 16, 16],
        "refiner_channels": [32, 32, 32, 24, 16, 16],
    },
    "virnet": {"channels": [4, 8, 16, 32]},
}
ROWS = {  # name in the table: configuration
    "RRN, with cost volume": "phantom_rrn_with_cost_volume",
    "RRN, without cost volume": "phantom_rrn_without_cost_volume",
    "VIRNet, three levels": "phantom_virnet_three_levels",
    "VIRNet, two levels": "phantom_virnet_two_levels",
    "VIRNet, one level": "phantom_virnet_one_level",
    "VIRNet, three levels, without masks": "phantom_virnet_without_masks",
    "VIRNet, three levels, without volume-change control": "phantom_virnet_without_volume_change",
    "VIRNet, three levels, without keypoints": "phantom_virnet_without_keypoints",
}
VOXEL_MM = (5.0, 7.0)
STABLE = 0.02  # a run has converged if the loss of its last turn through the pairs is less than this share below the turn before
FIGURES = ("tre_mm", "folding_percent", "dice")


@dataclass(frozen=True)
class Kept:
    """Phantoms that were made once, as the pairs of one configuration."""

    config: TrainingConfig
    scans: list[Scans]

    @property
    def count(self) -> int:
        return len(self.scans)

    def __getitem__(self, index: int) -> TrainingPair:
        return prepared(self.scans[index], self.config)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.ablations", description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--steps", type=int, default=120, help="of each run, over all levels; a multiple of 6")
    parser.add_argument("--pairs", type=int, default=20, help="phantoms of each seed to train on")
    parser.add_argument("--held-out", type=int, default=8, help="phantoms that judge")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=lambda s: s.split(","), default=list(ROWS.values()), help="configurations")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    if args.steps % 6 or args.steps < 6:
        parser.error("--steps must be a multiple of 6, so that one, two and three levels share it evenly")
    unknown = sorted(set(args.rows) - set(ROWS.values()))
    if unknown:
        parser.error(f"unknown rows: {', '.join(unknown)}; known: {', '.join(ROWS.values())}")
    with limited(args.threads):
        complete = _runs(args, time.monotonic() + 60 * args.minutes)
    text = table(args.output)
    (args.output / "ablations.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nWritten to {args.output / 'ablations.md'}" + ("" if complete else "; not all runs are done, call again"))
    return 0


def _runs(args: argparse.Namespace, end: float) -> bool:
    """Make the runs that are missing, all rows of a seed before the next seed; whether all are there now."""
    judges: list[Scans] = []
    for seed in range(args.seeds):
        scans: list[Scans] = []
        for name in args.rows:
            file = args.output / "runs" / f"{name}-{seed}.json"
            if file.is_file():
                continue
            if time.monotonic() > end:
                return False
            config = small(name, args.steps, args.pairs, seed)
            scans = scans or _phantoms(config, training_seed(seed, 0), args.pairs)
            judges = judges or _phantoms(config, HELD_OUT, args.held_out)
            result = one_run(config, scans, judges, args.output / "trainings" / f"{name}-{seed}")
            write_json(file, {"name": name, "seed": seed, "steps": args.steps, "pairs": args.pairs, **result})
            print(f"{name} {seed}: TRE {result['tre_mm']:.2f} mm, {result['seconds']:.0f} s", flush=True)
    return True


def small(name: str, steps: int, pairs: int, seed: int) -> TrainingConfig:
    """A shipped configuration, narrow and short; without validation, so that the last state is judged."""
    config = TrainingConfig.from_json(name)
    levels = len(config.steps)
    return replace(
        config,
        network={**config.network, **WIDTHS[config.network["name"]]},
        data=replace(config.data, pairs=pairs, validation_pairs=0, voxel_mm=VOXEL_MM, slice_mm=VOXEL_MM, keep_in_memory=True),
        size=SIZE,
        steps=(steps // levels,) * levels,
        seed=seed,
        validate_every=0,
        checkpoint_every=10**6,
    )


def one_run(config: TrainingConfig, scans: list[Scans], judges: list[Scans], folder: Path) -> dict[str, float | bool]:
    """Train, and judge: means over the held-out pairs, seconds, and whether the loss of the finest level has settled."""
    began = time.perf_counter()
    alone = Processes(torch.device("cpu"))
    folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(config, folder, alone, True, Progress(), Kept(config, scans))
    trainer.train()
    seconds = time.perf_counter() - began
    network = trainer.network.eval()
    rows = [judged(network, Kept(config, judges)[k], alone.device) for k in range(len(judges))]
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    return {**means, "seconds": seconds, "converged": has_converged(_finest_losses(folder), len(scans))}


def has_converged(losses: list[float], turn: int) -> bool:
    """Whether the mean of the last turn through the pairs is less than STABLE below that of the turn before."""
    if len(losses) < 2 * turn:
        return False
    before, last = np.mean(losses[-2 * turn : -turn]), np.mean(losses[-turn:])
    return bool(before - last < STABLE * abs(before))


def table(output: Path) -> str:
    """The runs so far as markdown: mean and standard deviation over the seeds."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((output / "runs").glob("*.json"))]
    lines = [
        "| | seeds | pre-aligned: TRE (mm) | TRE (mm) | folding (%) | Dice | converged |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, name in ROWS.items():
        rows = [run for run in runs if run["name"] == name]
        if rows:
            cells = [_cell([row[figure] for row in rows]) for figure in ("tre_prealigned_mm", *FIGURES)]
            settled = sum(row["converged"] for row in rows)
            said = {len(rows): "yes", 0: "not converged"}.get(settled, f"{settled} of {len(rows)}")
            lines.append(f"| {title} | {len(rows)} | {' | '.join(cells)} | {said} |")
    return "\n".join(lines) + "\n"


def _cell(values: list[float]) -> str:
    spread = f" +- {np.std(values, ddof=1):.2g}" if len(values) > 1 else ""
    return f"{np.mean(values):.3g}{spread}"


def _phantoms(config: TrainingConfig, first_seed: int, count: int) -> list[Scans]:
    source = PhantomPairs(config, first_seed, count)
    return [source.scans(k) for k in range(count)]


def _finest_losses(folder: Path) -> list[float]:
    with open(folder / "steps.csv", newline="", encoding="utf-8") as file:
        return [float(row["loss"]) for row in csv.DictReader(file) if row["level"] == "1"]


if __name__ == "__main__":
    sys.exit(main())
