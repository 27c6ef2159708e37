"""The vessel on every frame, by a network or by lines alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .gray_scale import normalized
from .networks.dru_net import DeepResidualUNet
from .preprocessing import Letterbox
from .vesselness import SIDE, vessel_probability

METHODS = ("network", "vesselness")
BATCH = 4


def segment_frames(
    frames: np.ndarray,
    method: str = "network",
    network: DeepResidualUNet | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    batch: int = BATCH,
) -> np.ndarray:
    """The probability of the opacified vessel at every pixel; the mask is where it is at least 0.5.

    Frames are brought to their own gray scale, scaled alike in both directions into the square that the network was trained on,
    padded, and the maps are brought back to the frames' pixels.

    Args:
        frames: (T, rows, columns), any number type, vessels dark.
        method: "network", or "vesselness": the filter of `vesselness`, which needs no weights.
        network: for the first, in evaluation mode (see `networks.checkpoints.load_segmentation_network`).
        device: "cpu", "cuda" or "mps", of the network; half precision on cuda.
        batch: frames that the network takes at once.

    Returns:
        (T, rows, columns) float32, 0..1.

    Raises:
        InputError: no network, or no frames. Cancelled.
    """
    if frames.ndim != 3 or 0 in frames.shape:
        raise InputError(f"Frames are (T, rows, columns), not {frames.shape}.")
    if method not in METHODS:
        raise InputError(f'The method is one of {", ".join(METHODS)}, not "{method}".')
    if method == "network" and network is None:
        raise InputError('No network was given. Choose a model, or the method "vesselness", which needs none.')
    if not np.isfinite(frames).all():
        raise InputError("The frames hold values that are no numbers. Export them again.")
    progress = progress or Progress()
    result = np.empty(frames.shape, np.float32)
    with progress.stage("Segmentation", until=1.0) as step:
        if network is None or method == "vesselness":
            _by_lines(frames, result, step)
        else:
            _by_network(frames, result, network.eval().to(device), device, batch, step)
    return result


def _by_lines(frames: np.ndarray, result: np.ndarray, step: Callable[[float], None]) -> None:
    box = Letterbox(frames.shape[1:], min(SIDE, max(frames.shape[1:])))
    (top, left), (rows, columns) = box.before, box.inner
    for k, frame in enumerate(frames):
        small = box.boxed(torch.from_numpy(normalized(frame[None]))[None])[0, 0, top : top + rows, left : left + columns]
        answer = np.zeros((box.side, box.side), np.float32)
        answer[top : top + rows, left : left + columns] = vessel_probability(small.numpy())
        result[k] = box.unboxed(torch.from_numpy(answer)[None, None])[0, 0].numpy()
        step((k + 1) / len(frames))


@torch.inference_mode()
def _by_network(
    frames: np.ndarray,
    result: np.ndarray,
    network: DeepResidualUNet,
    device: str,
    batch: int,
    step: Callable[[float], None],
) -> None:
    box = Letterbox(frames.shape[1:], network.trained_side)
    for first in range(0, len(frames), batch):
        some = torch.from_numpy(normalized(frames[first : first + batch]))[:, None].to(device)
        with torch.autocast("cuda", torch.float16, enabled=torch.device(device).type == "cuda"):
            logits = network(box.boxed(some))
        result[first : first + batch] = box.unboxed(torch.sigmoid(logits.float()))[:, 0].cpu().numpy()
        step(min(1.0, (first + batch) / len(frames)))
