"""The pictures of the report: en-face maps with the outline, probability, B-scans with shaded columns and Bruch's membrane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.charts import color_bar
from CorrespondCoreLib.pictures import SEQUENTIAL, Picture, color_key, color_of, data_url, gray, outline_of, tinted

from ..enface_plane import plane_image, plane_map, resampled, resampled_mask, upright_grid
from ..measures.fovea import Fovea
from ..pipeline import Segmentation
from ..projections import SLABS, filled, projection
from ..results import COLORS, OTHER_COLOR
from ..scan import OctScan

COLUMNS = 480  # of an en-face picture, at most
MEMBRANE, CROSS = (255, 214, 64), (64, 224, 255)
AGREEMENT = {"true positive": (60, 170, 90), "false positive": (220, 60, 50), "false negative": (60, 110, 230)}  # the paper's
DIFFERENCE = {"stable": (235, 190, 60), "new": (220, 60, 50), "lost": (60, 110, 230)}


@dataclass
class EnfaceView:
    """A scan as a fundus camera shows it, superior on top, on square pixels."""

    scan: OctScan
    grid: sitk.Image = field(init=False)

    def __post_init__(self) -> None:
        flat = plane_map(self.scan, np.zeros(self.scan.enface_shape))
        width = self.scan.spacing_mm[0] * self.scan.enface_shape[1]
        self.grid = upright_grid(flat, max(self.scan.spacing_mm[0], width / COLUMNS))

    def of(self, values: np.ndarray) -> np.ndarray:
        """A map (B-scans, A-scans) as seen."""
        return resampled(plane_map(self.scan, filled(values)), self.grid)

    def of_mask(self, mask: np.ndarray) -> np.ndarray:
        """A mask as seen, boolean."""
        return resampled_mask(self.scan, mask, self.grid)

    def of_fundus(self, kind: str) -> np.ndarray:
        """A fundus image as seen; 0 where it has no pixels."""
        return np.nan_to_num(resampled(plane_image(self.scan.fundus[kind]), self.grid))

    def pixel_of(self, fovea: Fovea) -> tuple[int, int]:
        """(row, column) of a point."""
        flat = plane_map(self.scan, np.zeros(self.scan.enface_shape))
        column, row = self.grid.TransformPhysicalPointToIndex(flat.TransformContinuousIndexToPhysicalPoint(fovea.index[::-1]))
        return row, column


def enface_pictures(result: Segmentation, fovea: Fovea | None, references: Mapping[str, np.ndarray]) -> list[Picture]:
    """Projections with the outline of the mask, probability, uncertainty, fundus images, and the graders' masks against it."""
    view, color = EnfaceView(result.scan), lesion_color(result.settings.lesion)
    outline = outline_of(view.of_mask(result.mask))
    volume = sitk.GetArrayViewFromImage(result.scan.volume)

    def overlaid(values: np.ndarray) -> str:
        picture = gray(values)
        picture[outline] = color
        if fovea is not None:
            _draw_cross(picture, *view.pixel_of(fovea))
        return data_url(picture)

    pictures = []
    for name, title in (("sub_rpe", "Below the RPE"), ("rpe", "RPE"), ("whole", "Whole depth")):
        values = projection(volume, result.bruch.depth, SLABS[name], result.scan.spacing_mm[1])
        pictures.append(
            Picture(title, overlaid(view.of(values)), color_key({"outline of the mask": color}) + SLABS[name].title())
        )
    what = "probability" if result.method == "network" else "score (no calibrated probability)"
    pictures.append(
        Picture(
            "Probability" if result.method == "network" else "Score", _colored(view, result.probability, 1.0), _bar(1.0, what)
        )
    )
    top = max(0.05, float(np.ceil(20 * np.percentile(result.uncertainty, 99.5)) / 20))
    pictures.append(Picture("Uncertainty", _colored(view, result.uncertainty, top), _bar(top, "standard deviation")))
    for kind in result.scan.fundus:
        pictures.append(Picture(kind, overlaid(view.of_fundus(kind)), color_key({"outline of the mask": color})))
    background = gray(view.of(projection(volume, result.bruch.depth, SLABS["sub_rpe"], result.scan.spacing_mm[1])))
    for name, reference in references.items():
        own, other = view.of_mask(result.mask), view.of_mask(reference)
        parts = (own & other, own & ~other, ~own & other)
        legend = color_key(dict(AGREEMENT))
        pictures.append(
            Picture(f"Against {name}", data_url(tinted(background, dict(zip(AGREEMENT.values(), parts, strict=True)))), legend)
        )
    return pictures


def b_scan_pictures(result: Segmentation, count: int = 3) -> list[Picture]:
    """B-scans through the lesion (through the middle of the scan without one), columns shaded, Bruch's membrane as a line."""
    color = lesion_color(result.settings.lesion)
    volume = sitk.GetArrayViewFromImage(result.scan.volume)
    pictures = []
    for b in b_scans_through(result.mask, count):
        picture = gray(np.asarray(volume[b], np.float32))
        columns = result.mask[b]
        picture[:, columns] = (0.78 * picture[:, columns] + 0.22 * np.array(color)).astype(np.uint8)
        rows = np.clip(np.round(result.bruch.depth[b]).astype(int), 0, picture.shape[0] - 1)
        picture[rows, np.arange(picture.shape[1])] = MEMBRANE
        legend = color_key({"lesion": color, f"Bruch's membrane ({result.bruch_source})": MEMBRANE})
        pictures.append(Picture(f"B-scan {b + 1} of {len(volume)}", data_url(picture), legend))
    return pictures


def difference_picture(background: np.ndarray, labels: np.ndarray) -> Picture:
    """A difference map (labels STABLE 1, NEW 2, LOST 3) over a projection, both as seen."""
    parts = {color: labels == n for n, color in enumerate(DIFFERENCE.values(), 1)}
    return Picture("Change", data_url(tinted(gray(background), parts)), color_key(dict(DIFFERENCE)))


def b_scans_through(mask: np.ndarray, count: int) -> list[int]:
    """The B-scan with most of the lesion and others spread over it; spread over the scan without one."""
    has = np.flatnonzero(mask.any(axis=1))
    if not len(has):
        has = np.arange(len(mask))
    chosen = {int(np.argmax(mask.sum(axis=1)))} if mask.any() else {int(has[len(has) // 2])}
    for part in np.linspace(0.15, 0.85, count + 1):
        if len(chosen) < count:
            chosen.add(int(has[int(part * (len(has) - 1))]))
    return sorted(chosen)


def lesion_color(lesion: str) -> tuple[int, int, int]:
    """RGB of a lesion's mask."""
    red, green, blue = COLORS.get(lesion, OTHER_COLOR)
    return round(255 * red), round(255 * green), round(255 * blue)


def _colored(view: EnfaceView, values: np.ndarray, top: float) -> str:
    return data_url(color_of(view.of(values), SEQUENTIAL, 0.0, top).astype(np.uint8))


def _bar(top: float, label: str) -> str:
    return color_bar(SEQUENTIAL, 0.0, top, label)


def _draw_cross(picture: np.ndarray, row: int, column: int) -> None:
    reach = 6
    height, width = picture.shape[:2]
    if 0 <= row < height and 0 <= column < width:
        picture[row, max(column - reach, 0) : column + reach + 1] = CROSS
        picture[max(row - reach, 0) : row + reach + 1, column] = CROSS
