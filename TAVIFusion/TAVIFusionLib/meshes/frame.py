"""Is a mesh LPS or RAS? The image that it was made from tells: its surface lies on the vessel's wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import map_coordinates

from .mesh import Mesh

MOST_POINTS = 20_000
CLEAR = 0.1
_TO_OTHER = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class FrameSuggestion:
    """Which frame a mesh's coordinates are in.

    Attributes:
        frame: "LPS" or "RAS", or None where the image does not tell.
        scores: frame -> 0..1, how far the surface parts bright inside from dark outside: mean over the points of the step
            across the surface, relative to the image's 1 to 99 % range around the mesh; 0 for points outside the image.
        inside: frame -> part of the points that lie in the image.
    """

    frame: str | None
    scores: dict[str, float]
    inside: dict[str, float]


def frame_suggestion(mesh: Mesh, image: sitk.Image, step_mm: float = 1.5) -> FrameSuggestion:
    """Try a mesh's coordinates as LPS and as RAS on the image of the vessel.

    Args:
        mesh: as read with frame="LPS", that is with the numbers of the file.
        image: contrast CT or MR angiography, one component, its geometry LPS as ITK has it.
        step_mm: how far inside and outside the wall the image is looked at.

    The frame whose wall is the clearer one is suggested, None unless it wins by 0.1.
    """
    points, normals = _walls(mesh)
    values = sitk.Cast(image, sitk.sitkFloat32)
    scores, inside = {}, {}
    for frame, factor in (("LPS", 1.0), ("RAS", _TO_OTHER)):
        lumen = _sampled(values, (points - step_mm * normals) * factor)
        tissue = _sampled(values, (points + step_mm * normals) * factor)
        both = np.isfinite(lumen) & np.isfinite(tissue)
        inside[frame] = float(both.mean()) if len(both) else 0.0
        seen = np.concatenate([lumen[both], tissue[both]])
        spread = float(np.subtract(*np.percentile(seen, [99, 1]))) if seen.size else 0.0
        scores[frame] = float((lumen - tissue)[both].sum() / len(both) / spread) if spread > 0 else 0.0
    best, other = sorted(scores, key=lambda frame: scores[frame], reverse=True)
    return FrameSuggestion(best if scores[best] - max(scores[other], 0.0) > CLEAR else None, scores, inside)


def _walls(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Middle of triangles and unit normals that point out of the volume that the surface encloses."""
    corners = mesh.points_mm[mesh.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    volume = np.einsum("mx,mx->", corners.mean(axis=1) - mesh.points_mm.mean(axis=0), normals)
    length = np.linalg.norm(normals, axis=1)
    kept = np.flatnonzero(length > 0)
    kept = kept[:: max(1, len(kept) // MOST_POINTS)]
    return corners[kept].mean(axis=1), normals[kept] / length[kept, None] * (1.0 if volume >= 0 else -1.0)


def _sampled(image: sitk.Image, points_mm: np.ndarray) -> np.ndarray:
    """Linear interpolation at (N, 3) LPS mm; nan outside the image."""
    matrix = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    index = (points_mm - np.array(image.GetOrigin())) @ np.linalg.inv(matrix).T
    return map_coordinates(sitk.GetArrayViewFromImage(image), index.T[::-1], order=1, mode="constant", cval=np.nan)
