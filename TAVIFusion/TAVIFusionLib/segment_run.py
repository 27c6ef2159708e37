"""From a run to its masks: read, segment, score, write everything or nothing."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_csv, write_json
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.provenance import caption, record

from .fluoroscopy import FluoroscopyRun
from .mask_files import read_masks, write_frames
from .metrics import SCORES, boxes, frame_scores
from .reports.overlay import AGREEMENT, agreement_picture, overlay_picture
from .reports.overlay_files import AGREEMENTS, OVERLAYS, frames_to_draw, write_sequence
from .reports.page import write_page
from .reports.report import check_of_masks, common_report, describe_run
from .run_input import RunInput, frame_of
from .settings import FusionSettings
from .vessel_finder import VesselFinder, describe

ROOM_BYTES = 50_000_000
"""More than what is written besides the images takes on disk."""


def segment_file(
    run_input: RunInput,
    output: str | Path,
    settings: FusionSettings | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
    *,
    frames: tuple[int, int] | None = None,
    reference: Path | None = None,
    with_probability: bool = True,
    overlays: str = "some",
) -> dict:
    """Segment the vessels in a run and write the results into a folder, all of them or none.

    Writes masks.nrrd, probability.nrrd, metrics.csv, overlays/, with a reference agreement/, settings.json, report.json and
    report.html. Returns the main figures and the paths of the files.

    Args:
        frames: index of the first and the last one; all if None.
        reference: true masks of the run, see `mask_files.read_masks`.
        overlays: pictures of "all" frames, of "some", or of "none".

    Raises:
        InputError, OutputError, OutOfMemory, MissingPackage, Cancelled: each with a message for the user.
    """
    settings, progress = settings or FusionSettings(), progress or Progress()
    with progress.stage("Reading", until=0.1):
        run = run_input.read(progress)
        first, last = _range(run, frames)
        bytes_needed = 6 * run.frames[first : last + 1].size + ROOM_BYTES
        output = check_output_folder(output, bytes_needed)
        truth = read_masks(reference, run) if reference else {}
    with cpu_threads(threads):
        finder = VesselFinder(settings.segmentation, device, progress)
        probability, field = finder.probability(run.frames[first : last + 1], progress.part(until=0.8))
    masks = probability >= settings.segmentation.threshold
    rows = [_scores(run, n, mask, truth.get(n)) for n, mask in enumerate(masks, first)]
    judged = [row for row in rows if "dsc" in row]
    with whole_folder(output) as folder, progress.stage("Writing", until=1.0) as step:
        write_frames(folder / "masks.nrrd", masks, run, first)
        if with_probability:
            write_frames(folder / "probability.nrrd", probability.astype(np.float32), run, first)
        write_json(folder / "settings.json", settings.to_dict())
        names = ("frame", "time_s", "percent", *(SCORES if judged else ()))
        write_csv(folder / "metrics.csv", names, [[row.get(name, "") for name in names] for row in rows])
        about = caption(record(finder.method, settings.to_dict(), finder.used.get(field), finder.device))
        drawn = frames_to_draw(range(first, last + 1), overlays)
        found = {n: overlay_picture(run.frames[n], masks[n - first]) for n in drawn}
        pictures = write_sequence(folder / OVERLAYS, found, run, about, ["vessel found"])
        step(0.5)
        agreed = {n: agreement_picture(run.frames[n], masks[n - first], truth[n]) for n in drawn if n in truth}
        pictures += write_sequence(folder / AGREEMENTS, agreed, run, about, list(AGREEMENT))
        report = {
            **common_report("segmentation", finder.method, settings.to_dict(), finder.used.get(field), finder.device, progress),
            "models": describe(finder.used),
            "field_of_view": {"is": field or None, "by": _by(settings, finder)},
            "input": describe_run(run),
            "frames": {"first": first, "last": last},
            "metrics": rows,
            "scores": boxes(judged) if judged else None,
            "pictures": pictures,
            "check_result": check_of_masks(finder.method, rows),
        }
        write_page(folder, report)
        files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        "method": report["method"],
        "model": report["model"],
        "field_of_view": report["field_of_view"],
        "frames": report["frames"],
        "scores": report["scores"],
        "check_result": report["check_result"],
        "warnings": report["warnings"],
        "seconds": report["seconds"],
        "files": [str(output / name) for name in files],
    }


@contextlib.contextmanager
def cpu_threads(threads: int | None) -> Iterator[None]:
    """So many CPU threads within; torch is imported only where a number is given and torch is there to be told."""
    if threads is None:
        yield
    elif importlib.util.find_spec("torch") is not None:
        from CorrespondCoreLib.threads import limited

        with limited(threads):
            yield
    else:
        before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
        try:
            yield
        finally:
            sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def _range(run: FluoroscopyRun, frames: tuple[int, int] | None) -> tuple[int, int]:
    if frames is None:
        return 0, len(run) - 1
    first, last = (frame_of(run, frame) for frame in frames)
    if first > last:
        raise InputError(f"The first frame, {first}, comes after the last, {last}.")
    return first, last


def _scores(run: FluoroscopyRun, frame: int, mask: np.ndarray, truth: np.ndarray | None) -> dict:
    row = {"frame": frame, "time_s": float(run.times_s[frame]), "percent": 100 * float(mask.mean())}
    return row if truth is None else {**row, **frame_scores(mask, truth)}


def _by(settings: FusionSettings, finder: VesselFinder) -> str:
    if not finder.models:
        return "not needed"
    if settings.segmentation.field_of_view != "auto":
        return "chosen"
    return "guessed" if len(finder.models) > 1 else "the model's"
