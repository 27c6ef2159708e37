"""Frames through a segmentation network: into its square, and its answer back on the frames' pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ..gray_scale import normalized
from ..preprocessing import Letterbox
from .dru_net import DeepResidualUNet


@torch.inference_mode()
def segment_by_network(
    frames: np.ndarray,
    result: np.ndarray,
    network: DeepResidualUNet,
    device: str,
    batch: int,
    step: Callable[[float], None],
) -> None:
    """Fill `result` (T, rows, columns) with the probabilities of frames; half precision on cuda.

    Args:
        batch: frames that the network takes at once. step: told how far the work is, 0 to 1.
    """
    network = network.eval().to(device)
    box = Letterbox(frames.shape[1:], network.trained_side)
    for first in range(0, len(frames), batch):
        some = torch.from_numpy(normalized(frames[first : first + batch]))[:, None].to(device)
        with torch.autocast("cuda", torch.float16, enabled=torch.device(device).type == "cuda"):
            logits = network(box.boxed(some))
        result[first : first + batch] = box.unboxed(torch.sigmoid(logits.float()))[:, 0].cpu().numpy()
        step(min(1.0, (first + batch) / len(frames)))
