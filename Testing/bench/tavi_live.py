"""python -m Testing.bench.tavi_live [--seconds 20] [--model FOLDER]: latency of live work, a cine of 7.5 frames per second.

A real worker process segments 512 x 512 frames of a phantom and lets the model follow. Latency counts from a frame's arrival to
its answer, polled every 10 ms as the panel's timer does; "beyond" is what is left without finding the vessels.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from ..command import LIBRARIES

sys.path[:0] = LIBRARIES.split(os.pathsep)

import numpy as np  # noqa: E402

from CorrespondCoreLib.launchers import launch_in_thread  # noqa: E402
from TAVIFusionLib.live.client import LiveClient, LiveResult  # noqa: E402
from TAVIFusionLib.meshes import write_mesh  # noqa: E402
from TAVIFusionLib.phantom import tavi_phantom  # noqa: E402
from TAVIFusionLib.phantoms.other_mesh import fitted_mesh  # noqa: E402
from TAVIFusionLib.pose_files import pose_entry  # noqa: E402

PERIOD_S = 1 / 7.5
POLL_S = 0.01
SEED = 3
INJECTED_S = -1.3  # before the first frame: the root is filled


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m Testing.bench.tavi_live", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--model", help="id or folder of a segmentation network; without one the vesselness filter")
    args = parser.parse_args(arguments)
    finder = ["--method", "network", "--model", args.model] if args.model else ["--method", "vesselness"]
    phantom = tavi_phantom(SEED)
    carm = phantom.carm(15.0, 5.0)
    cine = phantom.run(carm, 8, seed=SEED, injected_s=INJECTED_S)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_mesh(fitted_mesh(phantom), folder / "aorta.stl")
        (folder / "pose.json").write_text(json.dumps(pose_entry(cine.poses[0])), encoding="utf-8")
        model = ["--mesh", folder / "aorta.stl", "--mesh-frame", "LPS", "--pose", folder / "pose.json"]
        for what, options in (("masks", []), ("masks and model", model)):
            client = LiveClient([*finder, *options], paths=LIBRARIES.split(os.pathsep), launch=launch_in_thread)
            client.start()
            results = _played(client, cine.run.frames, carm, args.seconds)
            client.stop()
            client.wait_stopped(15)
            print(_told(what, results, client), flush=True)
    return 0


def _played(client: LiveClient, frames: np.ndarray, carm, seconds: float) -> list[LiveResult]:
    """Answers to frames that come by the clock, once the worker runs."""
    while client.state == "starting":
        client.poll()
        time.sleep(POLL_S)
    results, given, began = [], 0, time.monotonic()
    while time.monotonic() - began < seconds:
        if time.monotonic() - began >= given * PERIOD_S:
            client.submit(frames[given % len(frames)], carm)
            given += 1
        results += client.poll()
        time.sleep(POLL_S)
    return results


def _told(what: str, results: list[LiveResult], client: LiveClient) -> str:
    latency = 1000 * np.array([one.latency_s for one in results])
    beyond = latency - 1000 * np.array([one.segmentation_s for one in results])
    figures = [
        f"{name} {np.median(v):.0f} ms, p95 {np.quantile(v, 0.95):.0f}" for name, v in (("latency", latency), ("beyond", beyond))
    ]
    posed = [one for one in results if one.pose is not None]
    shown = f", shown in {100 * np.mean([one.shown for one in posed]):.0f} %" if posed else ""
    return f"{what}: {'; '.join(figures)}; {len(results)} frames, {client.statistics.dropped} dropped{shown}"


if __name__ == "__main__":
    sys.exit(main())
