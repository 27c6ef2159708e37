"""Heidelberg XML export: an XML file beside one picture per B-scan and one of the fundus."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.picture_files import read_picture
from CorrespondCoreLib.progress import Progress

from ..scan import CIRCLE, LINE, RADIAL, RASTER, OctScan
from .fundus import gray
from .heidelberg import layer_depths, place, scan_from
from .options import ReadOptions
from .pictures import without_color

_PATTERNS = {"volume": RASTER, "line": LINE, "circle": CIRCLE, "radial": RADIAL, "star": RADIAL}


@dataclass
class _Bscan:
    """What the XML says of one B-scan."""

    picture: Path
    size: tuple[int, int]
    scale_mm: tuple[float, float]
    line: tuple[float, float, float, float]
    layers: dict[str, np.ndarray]


def read_xml(path: str | Path, options: ReadOptions | None = None, progress: Progress | None = None) -> OctScan:
    """Read an XML export; the pictures that it names must lie in its folder. Name, identifiers and birth date are dropped.

    Raises:
        InputError: damaged XML, no OCT in it, a picture is missing or has another size than stated.
    """
    path = Path(path)
    (options or ReadOptions()).refuse_axes("A Heidelberg XML export")
    root = _root(path)
    series = _series(root, path)
    images = series.findall("Image")
    kinds = [(_text(image, "ImageType/Type") or "").upper() for image in images]
    bscans = [_bscan(image, path) for image, kind in zip(images, kinds, strict=True) if kind == "OCT"]
    if not bscans:
        raise InputError(f"{path.name} names no OCT B-scans. Export the OCT scan, not the fundus image alone.")
    if len({b.size for b in bscans}) > 1:
        raise InputError(f"{path.name} names B-scans of different sizes, so several scans. Export one scan at a time.")
    with (progress or Progress()).stage("Reading", 1.0) as step:
        pictures = []
        for n, bscan in enumerate(bscans):
            pictures.append(_pixels(bscan.picture, bscan.size))
            step((n + 1) / len(bscans))
    width, height = bscans[0].size
    lines = np.array([b.line for b in bscans])
    pattern = _pattern(_text(series, "Type") or "", len(bscans))
    scale_x, scale_y = bscans[0].scale_mm
    placement = place(pattern, lines[:, :2], lines[:, 2:], width, scale_x, 0.0)
    slo = dict(_fundus(image, path) for image, kind in zip(images, kinds, strict=True) if kind in ("LOCALIZER", "FUNDUS"))
    scan = scan_from(placement, np.stack(pictures), scale_y, _layers(bscans, width), slo, "Heidelberg XML")
    eye = (_text(series, "Laterality") or _text(images[0], "Laterality") or "").upper()
    scan.eye = eye if eye in ("R", "L") else ""
    scan.visit_date = _date(root, series)
    return scan


def _root(path: Path) -> ET.Element:
    text = path.read_bytes()
    if b"<!ENTITY" in text or b"<!DOCTYPE" in text:
        raise InputError(f"{path.name} defines entities, which no Heidelberg export does: it is not opened.")
    try:
        return ET.fromstring(text)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise InputError(f"{path.name} is damaged: it is no complete XML file ({error}). Copy or export it again.") from error


def _series(root: ET.Element, path: Path) -> ET.Element:
    found = [series for series in root.iter("Series") if series.find("Image") is not None]
    if not found:
        raise InputError(f"{path.name} is no Heidelberg XML export with images. Choose the XML file of an OCT export.")
    if len(found) > 1:
        raise InputError(f"{path.name} holds {len(found)} series. Export one scan at a time.")
    return found[0]


def _bscan(image: ET.Element, path: Path) -> _Bscan:
    context = "OphthalmicAcquisitionContext/"
    names = ("Start/Coord/X", "Start/Coord/Y", "End/Coord/X", "End/Coord/Y")
    x1, y1, x2, y2 = (_number(image, context + name, path) for name in names)
    layers = {}
    for line in image.iterfind("Segmentation/SegLine"):
        name, values = _text(line, "Name"), _text(line, "Array")
        if name and values:
            layers[name] = _values(values, path)
    return _Bscan(
        _picture_path(image, path),
        (_count(image, context + "Width", path), _count(image, context + "Height", path)),
        (_length(image, context + "ScaleX", path), _length(image, context + "ScaleY", path)),
        (x1, y1, x2, y2),
        layers,
    )


def _fundus(image: ET.Element, path: Path) -> tuple[str, tuple[np.ndarray, float, float]]:
    """Kind, and picture with its scale."""
    context = "OphthalmicAcquisitionContext/"
    size = (_count(image, context + "Width", path), _count(image, context + "Height", path))
    kind = "FAF" if "AF" in (_text(image, "ImageType/LightSource") or "").upper() else "SLO"
    pixels = gray(_pixels(_picture_path(image, path), size, color=True))
    return kind, (pixels, _length(image, context + "ScaleX", path), _length(image, context + "ScaleY", path))


def _layers(bscans: list[_Bscan], width: int) -> dict[str, np.ndarray]:
    """Name -> (B, W) depths; B-scans without the layer, or with one of another length, have nan there."""
    names = dict.fromkeys(name for bscan in bscans for name in bscan.layers)
    missing = np.full(width, np.nan, np.float32)
    rows = {name: [bscan.layers.get(name, missing) for bscan in bscans] for name in names}
    return {name: np.stack([row if len(row) == width else missing for row in rows[name]]) for name in rows}


def _picture_path(image: ET.Element, path: Path) -> Path:
    """The named picture, looked for by its name in the XML's folder alone, whatever folder the export was made in."""
    url = _text(image, "ImageData/ExamURL")
    if not url:
        raise InputError(f"{path.name} does not name its pictures. Export it again with images.")
    name = re.split(r"[\\/]", url.strip())[-1]
    beside = {p.name.lower(): p for p in path.parent.iterdir() if p.is_file()}
    if name.lower() not in beside:
        raise InputError(f"The picture {name}, which {path.name} names, is not in its folder. Copy the whole export.")
    return beside[name.lower()]


def _pixels(path: Path, size: tuple[int, int], color: bool = False) -> np.ndarray:
    picture = read_picture(path)
    picture = picture if color else without_color(picture, path.name)
    if picture.shape[1::-1] != size or picture.ndim > 3:
        found = f"{picture.shape[1]} x {picture.shape[0]}" if picture.ndim >= 2 else "other"
        raise InputError(f"{path.name} has {found} pixels, its XML says {size[0]} x {size[1]}. Copy the whole export again.")
    return picture


def _pattern(kind: str, bscans: int) -> str:
    for word, pattern in _PATTERNS.items():
        if word in kind.lower():
            return pattern
    return LINE if bscans == 1 else RASTER


def _text(element: ET.Element, name: str) -> str | None:
    found = element.find(name)
    return found.text.strip() if found is not None and found.text else None


def _number(element: ET.Element, name: str, path: Path) -> float:
    text = _text(element, name)
    try:
        value = float(text or "")
    except ValueError as error:
        raise InputError(f"{path.name}: {name.rsplit('Context/')[-1]} of an image is missing or no number.") from error
    if not np.isfinite(value):
        raise InputError(f"{path.name}: {name.rsplit('Context/')[-1]} of an image is not finite.")
    return value


def _length(element: ET.Element, name: str, path: Path) -> float:
    value = _number(element, name, path)
    if not 0 < value < 1:
        raise InputError(f"{path.name}: {name.rsplit('Context/')[-1]} of an image is {value:g} mm, which cannot be.")
    return value


def _count(element: ET.Element, name: str, path: Path) -> int:
    value = _number(element, name, path)
    if not (1 <= value <= 1 << 15 and value == int(value)):
        raise InputError(f"{path.name}: {name.rsplit('Context/')[-1]} of an image is {value:g}, which cannot be.")
    return int(value)


def _values(text: str, path: Path) -> np.ndarray:
    try:
        return layer_depths(np.array(text.split(), np.float64))
    except ValueError as error:
        raise InputError(f"{path.name}: a layer holds something that is no number. Export it again.") from error


def _date(root: ET.Element, series: ET.Element) -> str:
    """ISO date of the study, or of the series it refers to."""
    for found in (root.find(".//StudyDate/Date"), series.find(".//ExamDate/Date")):
        if found is not None:
            try:
                return date(*(int(_text(found, name) or "") for name in ("Year", "Month", "Day"))).isoformat()
            except ValueError:
                continue
    return ""
