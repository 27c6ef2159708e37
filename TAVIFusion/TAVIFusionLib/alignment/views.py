"""What an alignment sees: the vessel's mask in a frame with the frame's geometry, and the mask's outline with normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt, gaussian_filter, label

from CorrespondCoreLib.errors import InputError

from ..carm import CArm

LEAST_PIXELS = 200
"""A mask with fewer is no vessel."""
_BORDER_PX = 4
_SMALLEST_PART = 0.05
_COARSE_MM = 1.0  # of the map of distances
_CELL = 12.0  # side of the cells over which points are spread, in the points' unit
_PIXELS_OF_OUTLINE = 1.1  # length of outline per pixel of a mask's edge, on average over its directions


@dataclass
class View:
    """The vessel in one frame.

    Attributes:
        mask: (rows, columns) bool, where contrast is seen; it may show only part of the tree.
        carm: geometry of the frame.
        field: (rows, columns) bool, what the collimator leaves open; None for all. The mask's outline along its border is no
            outline of the vessel.
    """

    mask: np.ndarray
    carm: CArm
    field: np.ndarray | None = None

    def check(self) -> None:
        """Refuse a view that nothing can be aligned to.

        Raises:
            InputError: another size than the geometry's, no vessel in the mask, or an incomplete geometry.
        """
        self.carm.check()
        columns, rows = self.carm.size
        for name, picture in (("mask", self.mask), ("field", self.field)):
            if picture is not None and picture.shape != (rows, columns):
                raise InputError(f"The {name} has the shape {picture.shape}; the geometry's frames have {(rows, columns)}.")
        if (count := int(np.count_nonzero(self.mask))) < LEAST_PIXELS:
            raise InputError(
                f"The mask shows no vessel ({count} pixels): choose a frame with contrast, segment it again, or draw the vessel."
            )


@dataclass
class MaskOutline:
    """Outline of a mask in mm at the isocenter (see `plane_mm`).

    Attributes:
        points_mm: (N, 2) right and down.
        normals: (N, 2) unit, outwards.
        step_mm: length of outline that one point stands for.
        edge_distance_mm: (rows, columns) distance of every so many-th pixel to the mask's edge, negative inside, about each mm.
    """

    points_mm: np.ndarray
    normals: np.ndarray
    step_mm: float
    edge_distance_mm: np.ndarray

    @classmethod
    def of(cls, view: View, at_most: int = 600) -> MaskOutline:
        """The outline of a view's mask without specks, without what lies along the border of the image or the collimator.

        The mask is smoothed by 1.5 pixels and each point moved onto the level 0.5, which makes it finer than a pixel.

        Args:
            at_most: points; where there are more, some are taken, evenly.

        Raises:
            InputError: nothing is left of the outline.
        """
        mask = without_specks(view.mask)
        smooth = gaussian_filter(mask.astype(np.float32), 1.5)
        down, right = np.gradient(smooth)
        open_field = np.ones_like(mask) if view.field is None else view.field.astype(bool)
        inner = binary_erosion(open_field, iterations=_BORDER_PX)
        edge = mask & ~binary_erosion(mask, border_value=1) & inner
        rows, columns = np.nonzero(edge)
        gradient = np.column_stack([right[rows, columns], down[rows, columns]])
        steepness = np.linalg.norm(gradient, axis=1)
        steep = steepness > 0.03
        if np.count_nonzero(steep) < 20:
            raise InputError(
                "The vessel's mask has no outline inside of the image: it fills the frame, or the collimator hides it."
            )
        rows, columns, gradient, steepness = rows[steep], columns[steep], gradient[steep], steepness[steep]
        normals = -gradient / steepness[:, None]
        beyond = np.clip((smooth[rows, columns] - 0.5) / steepness, -1.5, 1.5)
        pixels = np.column_stack([columns, rows]) + beyond[:, None] * normals
        take = evenly(pixels, at_most)
        spacing = np.asarray(view.carm.isocenter_pixel_mm)
        outward = normals[take] / spacing
        every = _every(view.carm)
        coarse, sampling = mask[::every, ::every], (every * spacing[1], every * spacing[0])
        distance = distance_transform_edt(~coarse, sampling=sampling) - distance_transform_edt(coarse, sampling=sampling)
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        step_mm = len(pixels) / len(take) * float(spacing.mean()) * _PIXELS_OF_OUTLINE
        return cls(plane_mm(pixels[take], view.carm), outward, step_mm, distance.astype(np.float32))

    def edge_distance(self, points_mm: np.ndarray, carm: CArm) -> np.ndarray:
        """(N,) mm from points (N, 2), mm at the isocenter, to the mask's edge, negative inside; that of the nearest pixel."""
        pixels = np.rint(plane_pixels(points_mm, carm) / _every(carm)).astype(int)
        rows, columns = self.edge_distance_mm.shape
        return self.edge_distance_mm[np.clip(pixels[:, 1], 0, rows - 1), np.clip(pixels[:, 0], 0, columns - 1)]


def _every(carm: CArm) -> int:
    """So many pixels make about a millimeter at the isocenter."""
    return max(1, round(_COARSE_MM / float(np.max(carm.isocenter_pixel_mm))))


def plane_mm(pixels: np.ndarray, carm: CArm) -> np.ndarray:
    """(N, 2) pixels to (N, 2) mm right and down of the image's middle, at the depth of the isocenter."""
    return (np.asarray(pixels, dtype=float) - np.asarray(carm.center_px)) * np.asarray(carm.isocenter_pixel_mm)


def plane_pixels(points_mm: np.ndarray, carm: CArm) -> np.ndarray:
    """Inverse of `plane_mm`."""
    return np.asarray(points_mm, dtype=float) / np.asarray(carm.isocenter_pixel_mm) + np.asarray(carm.center_px)


def plane_motion(points_mm: np.ndarray, moves: np.ndarray, normals: np.ndarray, carm: CArm) -> np.ndarray:
    """How fast what is seen of points moves along normals: the derivative of `plane_mm(carm.project(points))`.

    Args:
        points_mm: (K, 3) LPS mm, moves: (D, K, 3) their motions, normals: (K, 2) in the image.

    Returns:
        (K, D) mm at the isocenter, per unit of the moves.
    """
    axes = carm.axes()
    place = carm.camera_points(points_mm)
    depth = -carm.camera_points(carm.source_mm[None])[0, 2] + place[:, 2]
    shrink = (depth - place[:, 2]) / depth
    forward = np.sum(normals * place[:, :2], axis=1) / depth
    along = shrink[:, None] * (normals @ axes[:2] - forward[:, None] * axes[2])
    return np.einsum("dki,ki->kd", moves, along)


def evenly(points: np.ndarray, at_most: int) -> np.ndarray:
    """Indices of at most so many of the points (N, 2), spread as evenly as the points are: every n-th of them, cell by cell."""
    cells = np.floor(points / _CELL).astype(int)
    order = np.lexsort((cells[:, 0], cells[:, 1]))
    return np.sort(order[np.linspace(0, len(order) - 1, min(at_most, len(order))).round().astype(int)])


def without_specks(mask: np.ndarray) -> np.ndarray:
    """The parts of a mask that have at least a twentieth of the largest part's pixels."""
    parts, count = label(np.asarray(mask, dtype=bool))
    if count <= 1:
        return parts > 0
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= _SMALLEST_PART * sizes.max())[parts]
