"""The vessel on every frame, by a network or by lines alone; torch is loaded for a network only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .gray_scale import normalized
from .resizing import fitted, resized
from .vesselness import SIDE, vessel_probability

if TYPE_CHECKING:
    from .networks.dru_net import DeepResidualUNet

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
            from .networks.segmenting import segment_by_network

            segment_by_network(frames, result, network, device, batch, step)
    return result


def _by_lines(frames: np.ndarray, result: np.ndarray, step: Callable[[float], None]) -> None:
    shape = frames.shape[1], frames.shape[2]
    small = fitted(shape, min(SIDE, max(shape)))
    for k, frame in enumerate(frames):
        result[k] = resized(vessel_probability(resized(normalized(frame[None])[0], small)), shape)
        step((k + 1) / len(frames))
