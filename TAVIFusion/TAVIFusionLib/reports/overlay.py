"""Pictures of frames with what lies over them: mask, silhouette, outline, centerline, landmarks, agreement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from CorrespondCoreLib.pictures import gray, outline_of, tinted

from ..carm import CArm
from ..meshes import Mesh
from ..pose import Pose
from ..silhouette import outline, silhouette

Color = tuple[int, int, int]
MASK: Color = (255, 150, 40)
MODEL: Color = (70, 220, 120)
CENTRELINE: Color = (200, 120, 255)
LANDMARK: Color = (255, 90, 90)
SEEN: Color = (80, 150, 255)
AGREEMENT: dict[str, Color] = {"true positive": (255, 255, 0), "false positive": (255, 0, 255), "false negative": (0, 255, 255)}
"""The paper's colors (figures 6 and 9)."""

NAMES: dict[str, Color] = {
    "vessel found": MASK,
    "model": MODEL,
    "centerline": CENTRELINE,
    "landmark": LANDMARK,
    "where it is seen": SEEN,
    **AGREEMENT,
}
"""What may be drawn, for the legends of pages."""


@dataclass
class Projected:
    """A model as one frame sees it, in pixels (column, row).

    Attributes:
        outlines: closed polylines (N, 2).
        landmarks: (N, 2), nan where a point is behind the source.
        centerlines: open polylines (N, 2).
    """

    outlines: list[np.ndarray] = field(default_factory=list)
    landmarks: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    centerlines: list[np.ndarray] = field(default_factory=list)


def projected(
    mesh: Mesh, carm: CArm, pose: Pose, landmarks_mm: np.ndarray | None = None, lines_mm: Sequence[np.ndarray] = ()
) -> Projected:
    """What of a model is seen in a frame.

    Args:
        landmarks_mm: (N, 3) LPS in the model's frame. lines_mm: centerlines, likewise.
    """
    marks = np.zeros((0, 2)) if landmarks_mm is None or not len(landmarks_mm) else carm.project(pose.apply(landmarks_mm))
    lines = [carm.project(pose.apply(line)) for line in lines_mm]
    return Projected(outline(silhouette(mesh, carm, pose)), marks, lines)


def overlay_picture(
    frame: np.ndarray, mask: np.ndarray | None = None, model: Projected | None = None, seen_px: Iterable[np.ndarray] = ()
) -> np.ndarray:
    """A frame as gray RGB picture (rows, columns, 3) uint8 with the mask's rim, the model's outline and points over it.

    Args:
        frame: (rows, columns).
        mask: (rows, columns) bool.
        seen_px: (column, row) of landmarks as a person sees them.
    """
    picture = gray(frame)
    if mask is not None:
        picture[outline_of(mask)] = MASK
    if model is not None:
        for line in model.outlines:
            draw_line(picture, line, MODEL, closed=True)
        for line in model.centerlines:
            draw_line(picture, line, CENTRELINE)
    for pixel in seen_px:
        draw_cross(picture, pixel, SEEN)
    for pixel in model.landmarks if model is not None else ():
        draw_cross(picture, pixel, LANDMARK)
    return picture


def agreement_picture(frame: np.ndarray, mask: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """A frame tinted where mask and reference agree, where the mask is wrong, and what it misses, in the paper's colors."""
    parts = (mask & reference, mask & ~reference, ~mask & reference)
    return tinted(gray(frame), dict(zip(AGREEMENT.values(), parts, strict=True)))


def draw_line(picture: np.ndarray, points: np.ndarray, color: Color, closed: bool = False) -> None:
    """Draw a polyline of (N, 2) pixels (column, row) into an RGB picture, two pixels wide; what lies outside is left out."""
    points = np.asarray(points, float)
    if closed and len(points):
        points = np.vstack([points, points[:1]])
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < 2:
        return
    lengths = np.hypot(*np.diff(points, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    steps = np.arange(0.0, at[-1] + 0.5, 0.5)
    columns, rows = (np.rint(np.interp(steps, at, points[:, axis])).astype(int) for axis in (0, 1))
    _paint(picture, np.concatenate([rows, rows, rows + 1, rows + 1]), np.tile(np.concatenate([columns, columns + 1]), 2), color)


def draw_cross(picture: np.ndarray, pixel: Sequence[float] | np.ndarray, color: Color, reach: int = 5) -> None:
    """Draw a cross at a pixel (column, row) into an RGB picture; nothing where the pixel is nan or outside."""
    if not np.isfinite(pixel).all():
        return
    column, row = (int(round(float(value))) for value in pixel)
    along = np.arange(-reach, reach + 1)
    still = np.zeros_like(along)
    _paint(picture, row + np.concatenate([along, still]), column + np.concatenate([still, along]), color)


def _paint(picture: np.ndarray, rows: np.ndarray, columns: np.ndarray, color: Color) -> None:
    inside = (rows >= 0) & (rows < picture.shape[0]) & (columns >= 0) & (columns < picture.shape[1])
    picture[rows[inside], columns[inside]] = color
