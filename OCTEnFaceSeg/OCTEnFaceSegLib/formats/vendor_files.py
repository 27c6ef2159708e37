"""Heidelberg .e2e and Topcon .fda and .fds, through the Python package oct-converter: needed only when one is opened."""

from __future__ import annotations

import contextlib
import io
import warnings
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError, MissingPackage
from CorrespondCoreLib.progress import Progress

from ..scan import LINE, RASTER, OctScan
from .fundus import add_fundus
from .heidelberg import layer_depths
from .options import ASSUMED_SPACING_MM, LARGEST_SPACING_MM, ReadOptions
from .pictures import NO_SCALE
from .signatures import E2E, HEAD_BYTES, TOPCON, signature

PACKAGE, REQUIREMENT = "oct-converter", ">=0.6"
_READERS = {".e2e": "E2E", ".fda": "FDA", ".fds": "FDS"}
_E2E_LAYERS = {"contour0": "ILM", "contour1": "BM", "contour2": "RNFL"}
_MESSAGE = (
    "Files of {suffix} need the Python package oct-converter, which is not installed. In Slicer's Python console run\n"
    '    slicer.util.pip_install("oct-converter")\n'
    'elsewhere run: python -m pip install "oct-converter>=0.6"\n'
    "Or export the scan as .vol, XML or DICOM, which need nothing."
)


def read_vendor(path: str | Path, options: ReadOptions | None = None, progress: Progress | None = None) -> OctScan:
    """Read one scan of an .e2e, .fda or .fds file. Name, identifiers and birth date are dropped.

    An .e2e file has no lateral scale and no place on its fundus image: the scan is not metric. Topcon's files have a scale.

    Raises:
        MissingPackage: oct-converter is absent.
        InputError: damaged, without OCT, or with several scans and no `series` chosen.
    """
    path, options = Path(path), options or ReadOptions()
    kind = _READERS[_suffix(path)]
    readers = _readers(path)
    with (progress or Progress()).stage("Reading", 1.0):
        reader, found = _quietly(readers, kind, path)
        found = [scan for scan in (found if isinstance(found, list) else [found]) if scan is not None and len(scan.volume)]
        scan = _chosen(found, path, options)
    return _scan(scan, kind, reader, options)


def _suffix(path: Path) -> str:
    """The kind of file by its first bytes, else by its name."""
    with open(path, "rb") as file:
        found = signature(file.read(HEAD_BYTES))
    if found == E2E:
        return ".e2e"
    if found == TOPCON:
        return ".fds" if path.suffix.lower() == ".fds" else ".fda"
    raise InputError(f"{path.name} does not begin as a Heidelberg .e2e or Topcon .fda or .fds file does. Copy it again.")


def _readers(path: Path) -> ModuleType:
    try:
        import oct_converter.readers
    except ModuleNotFoundError as error:
        raise MissingPackage(_MESSAGE.format(suffix=path.suffix.lower() or "this kind")) from error
    return oct_converter.readers


def _quietly(readers: ModuleType, kind: str, path: Path) -> tuple[Any, Any]:
    """The reader and what it finds, without its prints, which would name the file's chunks on the console."""
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            reader = getattr(readers, kind)(path)
            return reader, reader.read_oct_volume()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - foreign code that parses what may be damaged
        raise InputError(
            f"oct-converter cannot read {path.name} ({type(error).__name__}: {error}). It may be damaged or of a newer device: "
            "export the scan as .vol, XML or DICOM."
        ) from error


def _chosen(found: list[Any], path: Path, options: ReadOptions) -> Any:
    if not found:
        raise InputError(f"{path.name} holds no OCT scan.")
    if options.series is not None:
        if not 1 <= options.series <= len(found):
            raise InputError(f"{path.name} holds {len(found)} scans; there is no number {options.series}.")
        return found[options.series - 1]
    if len(found) > 1:
        sizes = "; ".join(f"{n}: {len(s.volume)} B-scans, eye {s.laterality or '?'}" for n, s in enumerate(found, 1))
        raise InputError(f"{path.name} holds {len(found)} scans ({sizes}). Choose one by its number (series).")
    return found[0]


def _scan(found: Any, kind: str, reader: Any, options: ReadOptions) -> OctScan:
    bscans = [np.asarray(b) for b in found.volume]
    if len({b.shape for b in bscans}) > 1 or bscans[0].ndim != 2:
        raise InputError("The B-scans in the file have different sizes, or colors. Export one scan as .vol, XML or DICOM.")
    values = np.stack(bscans)
    if not np.isfinite(values).all():
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    spacing, metric = _spacing(found.pixel_spacing, kind)
    top_down = options.top_down if options.top_down is not None else kind != "E2E"
    image = sitk.GetImageFromArray(np.ascontiguousarray(values[:, ::-1] if options.depth_up else values))
    image.SetSpacing(spacing)
    image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, -1 if top_down else 1))
    scan = OctScan(
        image,
        metric=metric,
        pattern=LINE if len(bscans) == 1 else RASTER,
        eye=found.laterality if found.laterality in ("R", "L") else "",
        visit_date=_date(found.acquisition_date),
        source=f"{kind} through oct-converter",
        device="Heidelberg Spectralis" if kind == "E2E" else "Topcon",
        notes=[] if metric else [NO_SCALE],
    )
    if options.top_down is None:
        first = "superior" if top_down else "inferior"
        scan.notes.append(f"The file does not say whether the first B-scan is the {first} one: this is assumed.")
    scan.layers = _layers(found.contours or {}, scan)
    if kind == "FDA" and metric:
        _add_photograph(scan, reader, found.metadata or {})
    return scan


def _spacing(stated: Any, kind: str) -> tuple[tuple[float, float, float], bool]:
    """Spacing, and whether it is known. oct-converter orders Topcon's as A-scan, B-scan, depth; .e2e has only the depth's."""
    if stated is None or len(stated) != 3:
        return ASSUMED_SPACING_MM, False
    if kind == "E2E":
        depth_mm = float(stated[1])
        usable = 0 < depth_mm <= LARGEST_SPACING_MM[1]
        return (ASSUMED_SPACING_MM[0], depth_mm if usable else ASSUMED_SPACING_MM[1], ASSUMED_SPACING_MM[2]), False
    x, z, y = (float(value) for value in stated)
    if not all(0 < value <= largest for value, largest in zip((x, y, z), LARGEST_SPACING_MM, strict=True)):
        return ASSUMED_SPACING_MM, False
    return (x, y, z), True


def _layers(contours: dict[str, Any], scan: OctScan) -> dict[str, np.ndarray]:
    """Depths (B, W) by name; B-scans without contour have nan."""
    bscans, ascans = scan.enface_shape
    layers = {}
    for name, rows in contours.items():
        depths = np.full((bscans, ascans), np.nan, np.float32)
        for n, row in enumerate(rows if len(rows) == bscans else []):
            if row is not None and len(row) == ascans:
                depths[n] = layer_depths(row)
        depths[depths >= scan.depth] = np.nan
        if np.isfinite(depths).any():
            layers[_E2E_LAYERS.get(name, name)] = depths
    return layers


def _add_photograph(scan: OctScan, reader: Any, metadata: dict[str, Any]) -> None:
    """The color fundus image of an .fda file, if the file says where the scan lies on it."""
    box = (metadata.get("regist_info") or {}).get("bounding_box_in_fundus_pixels")
    if not box or len(box) != 4 or box[2] <= box[0] or box[3] <= box[1]:
        return
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            picture = reader.read_fundus_image()
    except Exception as error:  # noqa: BLE001 - foreign code; the scan itself is whole
        scan.notes.append(f"The fundus image in the file cannot be read ({type(error).__name__}); it is left out.")
        return
    if picture is None:
        return
    bscans, ascans = scan.enface_shape
    index = scan.volume.TransformIndexToPhysicalPoint
    corners = np.array([index((x, 0, z)) for z in (0, bscans - 1) for x in (0, ascans - 1)])[:, [0, 2]]
    corners = corners[np.lexsort((corners[:, 0], -corners[:, 1]))]  # upper left, upper right, lower left, lower right
    pixels = np.array([(x, y) for y in (box[1], box[3]) for x in (box[0], box[2])], float)
    add_fundus(scan, "photograph", np.asarray(picture.image), pixels, corners)


def _date(moment: Any) -> str:
    return moment.strftime("%Y-%m-%d") if isinstance(moment, date) else ""
