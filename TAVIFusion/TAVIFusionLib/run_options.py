"""The command-line options that say how a run is read and what is done with it: of every command that does so. No torch here."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import InputError

from .run_input import RunInput, ViewInput
from .settings import AFFINE_METHODS, DEGREES, FIELDS_OF_VIEW, MODES, OVERLAYS, SEGMENTATION_METHODS, FusionSettings

BY_PHASE = "phase"
"""In place of a frame's index."""
_OPTIONS = {
    "method": ("segmentation", "method"),
    "model": ("segmentation", "model"),
    "field_of_view": ("segmentation", "field_of_view"),
    "threshold": ("segmentation", "threshold"),
    "mode": ("alignment", "mode"),
    "degrees": ("alignment", "degrees"),
    "starts": ("alignment", "starts"),
    "turned": ("alignment", "turned"),
    "affine_by": ("alignment", "affine"),
    "matching_model": ("alignment", "model"),
    "region": ("alignment", "region_px"),
    "smoothing": ("tracking", "smoothing_s"),
    "least_quality": ("tracking", "least_quality"),
}


def add_run_argument(parser: argparse.ArgumentParser) -> None:
    """Add the run, its plane, and the file with its geometry."""
    parser.add_argument("run", type=Path, metavar="RUN", help="fluoroscopy run: XA, XRF or Enhanced XA DICOM, or an image")
    parser.add_argument("--plane", default="", choices=("", "A", "B"), help="of a biplane run")
    parser.add_argument(
        "--geometry", type=Path, metavar="JSON", help="values of the C-arm that replace the file's, for all frames or for each"
    )


def run_input_of(args: argparse.Namespace) -> RunInput:
    """The run that a command line names."""
    return RunInput(args.run, args.plane, args.geometry)


def add_view_options(parser: argparse.ArgumentParser) -> None:
    """Add --view and what belongs to each of them, in the same order."""
    parser.add_argument(
        "--view",
        nargs=2,
        action="append",
        required=True,
        metavar=("RUN", "FRAME"),
        help="run and index of its frame, from 0; again for a second view, at least 30 degrees apart. The word phase in place "
        "of an index: of two runs that were taken in turn, the frame that shows the same phase of heart and breath is chosen",
    )
    parser.add_argument(
        "--mask",
        type=Path,
        action="append",
        metavar="FILE",
        help="masks.nrrd of a view's run, once for each; segmented if absent",
    )
    parser.add_argument("--plane", action="append", choices=("A", "B"), help="of a view's biplane run, once for each")
    parser.add_argument("--geometry", type=Path, action="append", metavar="JSON", help="of a view's C-arm, once for each")


def views_of(args: argparse.Namespace) -> list[ViewInput]:
    """The views that a command line names.

    Raises:
        InputError: a frame is no number, or an option is given for some of the views only.
    """
    count = len(args.view)
    masks, planes, files = (_for_each(args, name, count) for name in ("mask", "plane", "geometry"))
    views = []
    for (path, frame), mask, plane, file in zip(args.view, masks, planes, files, strict=True):
        if not frame.isdigit() and frame != BY_PHASE:
            raise InputError(f"--view takes a run and the index of a frame, from 0, or {BY_PHASE}; {frame!r} is neither.")
        views.append(ViewInput(RunInput(Path(path), plane or "", file), None if frame == BY_PHASE else int(frame), mask))
    return views


def add_overlays_option(parser: argparse.ArgumentParser) -> None:
    """Add --overlays."""
    parser.add_argument(
        "--overlays",
        choices=OVERLAYS,
        default="some",
        help="frames that get a picture; all: with an animation (default: some, eight)",
    )


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """Add the aorta's surface model and the frame that its file is in."""
    parser.add_argument("mesh", type=Path, metavar="MODEL", help="surface model of the aorta: STL, VTP, VTK or OBJ")
    parser.add_argument(
        "--mesh-frame", required=True, choices=("LPS", "RAS"), help="patient axes of the model's file; 3D Slicer writes LPS"
    )


def add_output_option(parser: argparse.ArgumentParser) -> None:
    """Add --output."""
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the results")


def add_drawing_options(parser: argparse.ArgumentParser, judged: bool = False) -> None:
    """Add what is drawn with the model: --landmarks and --centerline.

    Args:
        judged: landmarks are also compared with where they are seen.
    """
    seen = "; with view,column,row where they are seen, an error table in mm follows" if judged else ""
    parser.add_argument("--landmarks", type=Path, metavar="CSV", help=f"points to draw: name,x,y,z (LPS mm){seen}")
    parser.add_argument("--centerline", type=Path, metavar="FILE", help="lines to draw, VTP or VTK, in the axes of --mesh-frame")


def drawing_of(args: argparse.Namespace) -> dict[str, Any]:
    """What `add_model_argument` and `add_drawing_options` were given, by the names of the functions' arguments."""
    return {"mesh_frame": args.mesh_frame, "landmarks": args.landmarks, "centerline": args.centerline}


def add_segmentation_options(parser: argparse.ArgumentParser) -> None:
    """Add --method, --model, --field-of-view, --threshold, and --settings."""
    parser.add_argument("--method", choices=SEGMENTATION_METHODS, help="network (default), or vesselness: a filter, no network")
    parser.add_argument("--model", metavar="ID", help="segmentation network, id or folder (default: that of the field of view)")
    parser.add_argument(
        "--field-of-view",
        choices=FIELDS_OF_VIEW,
        help="lower: iliac and femoral arteries; upper: root and arch (default: guessed)",
    )
    parser.add_argument("--threshold", type=float, help="of the probability (default: 0.5)")
    parser.add_argument(
        "--settings", type=Path, metavar="JSON", help="settings file, as a run writes it; options replace its values"
    )


def add_alignment_options(parser: argparse.ArgumentParser) -> None:
    """Add --mode, --degrees, --starts, and what the paper's mode needs."""
    parser.add_argument(
        "--mode",
        choices=MODES,
        help="pose (default): to the vessel; points: to picked pairs alone; paper: affine map of the projection",
    )
    parser.add_argument("--degrees", choices=DEGREES, help="of freedom (default: six with two views 30 degrees apart)")
    parser.add_argument("--starts", type=int, metavar="N", help="from which the fit is tried (default: 4)")
    parser.add_argument(
        "--turned",
        action="store_const",
        const=True,
        help="the model's frame is turned in an unknown way: three --pairs in two views tell the rotation",
    )
    parser.add_argument("--affine-by", choices=AFFINE_METHODS, help="paper's mode (default: network)")
    parser.add_argument("--matching-model", metavar="ID", help="paper's mode: matching network, id or folder")
    parser.add_argument(
        "--region",
        type=int,
        nargs=4,
        metavar=("LEFT", "TOP", "RIGHT", "BOTTOM"),
        help="paper's mode: part of the projected model, in pixels",
    )


def add_tracking_options(parser: argparse.ArgumentParser) -> None:
    """Add --smoothing and --least-quality."""
    parser.add_argument("--smoothing", type=float, metavar="S", help="seconds, temporal (default: 0.1)")
    parser.add_argument("--least-quality", type=float, metavar="Q", help="0 to 1; below it the overlay is hidden (default: 0.5)")


def settings_of(args: argparse.Namespace) -> FusionSettings:
    """The settings that a command line means: those of the settings file, with what the options say in their place.

    Raises:
        InputError: the file cannot be read, or a value cannot work.
    """
    values: dict[str, Any] = {}
    if args.settings:
        FusionSettings.from_json(args.settings)
        values = json.loads(args.settings.read_text(encoding="utf-8"))
    for option, (part, name) in _OPTIONS.items():
        value = getattr(args, option, None)
        if value is not None:
            values[part] = {**values.get(part, {}), name: value}
    return FusionSettings.from_json(values)


def _for_each(args: argparse.Namespace, name: str, count: int) -> list[Any]:
    given = getattr(args, name) or [None] * count
    if len(given) != count:
        raise InputError(f"--{name} is given {len(given)} times for {count} views: give it once for each, in their order.")
    return given
