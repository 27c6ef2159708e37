"""From a run's frame to the attention map of the network that segments it, as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder
from CorrespondCoreLib.pictures import SEQUENTIAL, color_of, gray, png
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.provenance import caption, record

from .mask_files import write_frames
from .run_input import RunInput, frame_of
from .segment_run import cpu_threads
from .settings import FusionSettings
from .vessel_finder import VesselFinder

OPACITY = 0.45


def attention_of_file(
    run_input: RunInput,
    frame: int,
    output: str | Path,
    settings: FusionSettings | None = None,
    layer: str = "bridge",
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict:
    """Write attention.nrrd (one slice, 0 to 1) and attention.png (over the frame) into a folder, both or none.

    Args:
        frame: index from 0. layer: see `grad_cam.attention_map`.

    Returns:
        Model, field of view, layer, and the paths of the files.

    Raises:
        InputError: no such frame or layer, or a method without a network. OutputError, MissingPackage, Cancelled.
    """
    settings, progress = settings or FusionSettings(), progress or Progress()
    if settings.segmentation.method != "network":
        raise InputError("An attention map is of a network: choose the method network.")
    folder = check_output_folder(output)
    with progress.stage("Reading", until=0.2):
        run = run_input.read(progress)
        shown = run.frames[frame_of(run, frame)]
    with cpu_threads(threads):
        finder = VesselFinder(settings.segmentation, device, progress)
        _, field = finder.probability(shown[None], progress.part(until=0.6))
        from .grad_cam import attention_map
        from .networks.checkpoints import load_segmentation_network

        model = finder.models[field]
        attention = attention_map(load_segmentation_network(model), shown, layer, finder.device)
    with progress.stage("Writing", until=1.0), whole_folder(folder) as stage:
        write_frames(stage / "attention.nrrd", attention[None], run, frame)
        about = caption(record("network", {}, model))
        (stage / "attention.png").write_bytes(png(_over(shown, attention), about))
    files = [str(folder / name) for name in ("attention.nrrd", "attention.png")]
    return {"model": model.id, "field_of_view": field, "layer": layer, "frame": frame, "files": files}


def _over(frame: np.ndarray, attention: np.ndarray) -> np.ndarray:
    """The attention's colors over the frame's gray, (rows, columns, 3) uint8; as strong as the attention."""
    share = OPACITY * attention[..., None]
    return (gray(frame) * (1 - share) + share * color_of(attention, SEQUENTIAL, 0, 1)).round().astype(np.uint8)
