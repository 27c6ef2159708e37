"""python -m Testing.bench.tavi_speed: CPU seconds of one core for what TAVI Fusion does again and again.

Projection with silhouette (and outline) of a mesh of 30,000 triangles, rendering of training frames, segmentation of a frame by
DRU-Net (base 16, random weights) and by the vesselness filter.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from itertools import islice

from ..command import LIBRARIES

sys.path[:0] = LIBRARIES.split(os.pathsep)

import numpy as np  # noqa: E402
import torch  # noqa: E402

from TAVIFusionLib.carm import CArm  # noqa: E402
from TAVIFusionLib.networks.dru_net import DeepResidualUNet  # noqa: E402
from TAVIFusionLib.outline import outline  # noqa: E402
from TAVIFusionLib.phantoms.stream import frame_pairs  # noqa: E402
from TAVIFusionLib.pose import Pose  # noqa: E402
from TAVIFusionLib.segmentation import segment_frames  # noqa: E402
from TAVIFusionLib.silhouette import silhouette  # noqa: E402

from ..TAVIFusion.mesh_examples import aorta  # noqa: E402

FRAME = 256


def main() -> int:
    torch.set_num_threads(1)
    mesh = aorta(110, 70)
    carm = CArm(20.0, 10.0, 1100.0, 750.0, (0.4, 0.4), isocenter_mm=tuple(mesh.points_mm.mean(axis=0)))
    poses = [Pose((0.3 * k, 0.0, 0.0), (0.2 * k, 0.0, 0.0)) for k in range(20)]
    frames = np.stack([frame for frame, _ in islice(frame_pairs(0, FRAME), 8)])
    network = DeepResidualUNet(16).eval()
    rows = {
        f"silhouette, {len(mesh.triangles)} triangles, 512 x 512": (lambda: [silhouette(mesh, carm, p) for p in poses], 20),
        "silhouette and outline": (lambda: [outline(silhouette(mesh, carm, p)) for p in poses], 20),
        "training frame, upper": (lambda: list(islice(frame_pairs(1, FRAME, "upper"), 30)), 30),
        "training frame, lower": (lambda: list(islice(frame_pairs(1, FRAME, "lower"), 30)), 30),
        "DRU-Net, base 16": (lambda: segment_frames(frames, "network", network, "cpu"), len(frames)),
        "vesselness": (lambda: segment_frames(frames, "vesselness"), len(frames)),
    }
    print("| what | ms of one core | per second |\n|---|---|---|")
    for name, (work, count) in rows.items():
        each = cpu_seconds(work) / count
        print(f"| {name} | {1000 * each:.1f} | {1 / each:.1f} |", flush=True)
    return 0


def cpu_seconds(work: Callable[[], object]) -> float:
    """Of a second call; the first one prepares what is kept."""
    work()
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
