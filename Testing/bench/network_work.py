"""python -m Testing.bench.network_work [--side 96]: what the time estimates of the panel are made of, for run_time.WORK.

Per network: CPU seconds per million voxels of a prediction, and of a step of a fit, times the speed of this processor in GFLOP/s
as the panel measures it: both on one core. Counted in CPU time, so that it may run beside other work.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

STEPS = 2


def main(arguments: list[str] | None = None) -> int:
    import torch

    from LungRegistrationLib.network_settings import NETWORK_METHODS

    parser = argparse.ArgumentParser(prog="python -m Testing.bench.network_work", description=__doc__)
    parser.add_argument("--side", type=int, default=96, help="voxels of each side, a multiple of 32 (default: 96)")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print("| network | prediction | step of a field's fit | step of the weights' fit | GFLOP/s |")
    print("|---|---|---|---|---|", flush=True)
    for method in NETWORK_METHODS:
        speed, works = work(method, args.side)
        print(f"| {method} | {' | '.join(f'{w:.0f}' for w in works)} | {speed:.1f} |", flush=True)
    return 0


def work(method: str, side: int) -> tuple[float, list[float]]:
    """GFLOP/s of one core, and GFLOP per million voxels of a prediction, a step on the field, a step on the weights."""
    import SimpleITK as sitk
    import torch

    from LungRegistrationLib.learned.instance_optimization import fit_field_to_pair, fit_weights_to_pair
    from LungRegistrationLib.learned.pair_objective import pair_objective
    from LungRegistrationLib.learned.prediction import predicted
    from LungRegistrationLib.learned.preprocessing import network_input
    from LungRegistrationLib.learned.run_time import processor_gflops
    from LungRegistrationLib.network_settings import WINDOWS_HU
    from LungRegistrationLib.networks.checkpoints import NETWORKS
    from LungRegistrationLib.phantom import breathing_phantom
    from LungRegistrationLib.search.frame import Frame, Pair

    p = breathing_phantom((64, 64, 64), seed=1)
    linear = sitk.AffineTransform(3)
    images = (p.fixed, p.moving, p.fixed_mask, p.moving_mask)
    seen = network_input(*images, linear, (side, side, side), WINDOWS_HU[method], "cpu")
    frame = Frame(*images, linear, (-1000.0, 200.0), torch.device("cpu"))
    objective = pair_objective(WINDOWS_HU[method] is None, seen, frame, Pair(*images, None, None, None))
    network = NETWORKS[method]().eval()
    field = torch.zeros((1, 3, *seen.lattice.shape))

    def silent(_fraction: float) -> None:
        """Nobody watches."""

    fits: list[Callable[[int], object]] = [
        lambda steps: fit_field_to_pair(field, seen, objective, 8.0, steps, 1e-6, silent),
        lambda steps: fit_weights_to_pair(network, seen, objective, steps, 1e-9, silent),
    ]
    speed = processor_gflops(time.process_time)
    seconds = [cpu_seconds(lambda: predicted(network, seen))]
    for fit in fits:
        one, more = (cpu_seconds(lambda steps=steps, fit=fit: fit(steps)) for steps in (1, 1 + STEPS))
        seconds.append((more - one) / STEPS)
    return speed, [s / (side**3 / 1e6) * speed for s in seconds]


def cpu_seconds(task: Callable[[], object]) -> float:
    """Of the second of two runs."""
    task()
    start = time.process_time()
    task()
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
