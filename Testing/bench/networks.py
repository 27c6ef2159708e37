"""python -m Testing.bench.networks [--networks virnet,rrn] [--threads 2] [--size Z Y X]: seconds and memory of forward passes.

Seconds count only on a machine that does nothing else; seconds of all CPU cores together depend less on what else runs.

Each pass runs in a process of its own, the first and only one there, as in a registration. "plain" is the same network layer by
layer, in torch's default memory format, see Testing/LungRegistration/plain_networks.py. Weights are random: times do not depend
on them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

from ..command import LIBRARIES, ROOT

# size (z, y, x), largest seconds and GB on 2 CPU cores
GOALS = {"virnet": ((192, 160, 192), 15.0, 2.5), "rrn": ((256, 256, 256), 60.0, 2.5)}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.networks", description=__doc__)
    parser.add_argument("--networks", type=lambda s: s.split(","), default=list(GOALS), help="virnet, rrn or both")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, nargs=3, metavar=("Z", "Y", "X"), help="voxels (default: each paper's)")
    args = parser.parse_args(arguments)
    print("| network | size (z, y, x) | seconds (goal) | CPU s | GB (goal) | plain: seconds | CPU s | GB | times faster | load |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in args.networks:
        size, most_s, most_gb = GOALS[name]
        size = tuple(args.size or size)
        load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
        own, plain = (measure(name, variant, size, args.threads) for variant in ("own", "plain"))
        print(
            f"| {name} | {' x '.join(map(str, size))} | {own['seconds']:.1f} ({most_s:.0f}) | {own['cpu_s']:.1f} "
            f"| {own['gb']:.2f} ({most_gb}) | {plain['seconds']:.1f} | {plain['cpu_s']:.1f} | {plain['gb']:.2f} "
            f"| {plain['seconds'] / own['seconds']:.2f} | {load} |",
            flush=True,
        )
    return 0


def measure(name: str, variant: str, size: tuple[int, ...], threads: int) -> dict[str, float]:
    """Seconds of one forward pass, on the clock and of all cores, and peak memory (GB); variant is "own" or "plain"."""
    code = f"from Testing.bench.networks import one_pass; one_pass({name!r}, {variant!r}, {size!r}, {threads})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), LIBRARIES]), "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)


def one_pass(name: str, variant: str, size: tuple[int, ...], threads: int) -> None:
    """Run one forward pass in this process and print its figures as JSON."""
    import torch

    from CorrespondCoreLib.process_usage import peak_memory_gb
    from LungRegistrationLib.networks.original_rrn import original_shapes
    from LungRegistrationLib.networks.rrn import RecursiveRefinementNetwork
    from LungRegistrationLib.networks.virnet import MultilevelRegistrationNetwork
    from Testing.LungRegistration.plain_networks import plain_rrn, plain_virnet

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    fixed, moving = (torch.rand(1, 1, *size) for _ in range(2))
    if name == "virnet":
        network = MultilevelRegistrationNetwork()
        plain, weights = plain_virnet, network.state_dict()
        fixed, moving = 1000 * fixed - 1000, 1000 * moving - 1000
    elif variant == "own":
        network = RecursiveRefinementNetwork()
    else:
        plain, weights = plain_rrn, {n: 0.02 * torch.randn(s) for n, s in original_shapes().items()}
    with torch.no_grad():
        start, cpu_start = time.perf_counter(), time.process_time()
        if variant == "own":
            network(fixed, moving)
        else:
            plain(weights, fixed, moving)
        seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu_start
    print(json.dumps({"seconds": seconds, "cpu_s": cpu_s, "gb": peak_memory_gb()}))


if __name__ == "__main__":
    sys.exit(main())
