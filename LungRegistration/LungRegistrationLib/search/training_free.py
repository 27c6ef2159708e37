"""The search method: discrete search, control-grid refinement and keypoints, from coarse to fine. No trained weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import SimpleITK as sitk
import torch
from scipy import ndimage

from CorrespondCoreLib.progress import Progress

from ..geometry.bspline import ControlGrid, SplineField
from ..geometry.lattice import Lattice
from ..geometry.linear import composed, fit_rigid, matrix_and_offset
from ..geometry.tensors import lattice_points
from ..losses.mind import mind_ssc
from ..losses.regularizers import Regularizer
from ..losses.similarity import features
from ..losses.volume_change import VolumeChange
from ..settings import Level, RegistrationSettings
from .discrete_search import CellField, inverse_consistent, search
from .frame import SURFACE_BAND_MM, Frame, Pair
from .keypoints import foerstner_points, match
from .prealignment import prealigned
from .refinement import FeatureTerm, PointTerm, Problem, refine

POINT_SCALE_MM = 3.0  # residual at which the pull of a keypoint is largest
LANDMARK_SCALE_MM = 20.0
SURFACE_LATTICE_MM = 2.0
KEYPOINT_LATTICE_MM = 1.5
KEYPOINT_RIM_MM = 3.0  # keypoints stay this far from the lung's surface


Pairs = tuple[np.ndarray, np.ndarray, float, float]  # fixed points, moving points (LPS mm), weight, scale (mm)


def fit_field(
    pair: Pair, has_lungs: bool, settings: RegistrationSettings, device: str, progress: Progress
) -> tuple[Frame, SplineField, dict[str, np.ndarray] | None]:
    """The frame with its final linear part, the field s in it, and the matched keypoints.

    Args:
        has_lungs: the pair's masks are lungs, whose surfaces can be aligned; else they are bodies.
    """
    with progress.stage("Pre-alignment", until=0.08):
        linear, start = prealigned(pair, has_lungs)
    frame = Frame(pair.fixed, pair.moving, pair.fixed_mask, pair.moving_mask, linear, settings.hu_range, torch.device(device))
    field: CellField | SplineField
    frame, field = _discrete(frame, start, settings, progress)
    pairs: list[Pairs] = [(*pair.landmarks, settings.landmark_weight, LANDMARK_SCALE_MM)] if pair.landmarks else []
    keypoints = None
    count = len(settings.levels)
    for k, level in enumerate(settings.levels):
        begin, end = 0.35 + 0.55 * k / count, 0.35 + 0.55 * (k + 1) / count
        if k == count - 1 and settings.keypoints:
            with progress.stage("Keypoints", until=begin + 0.4 * (end - begin)) as step:
                keypoints = _keypoints(frame, field, settings, step)
            if len(keypoints["fixed_mm"]):
                pairs.append((keypoints["fixed_mm"], keypoints["moving_mm"], settings.keypoint_weight, POINT_SCALE_MM))
        with progress.stage(f"Refinement {k + 1}", until=end) as step:
            grid = ControlGrid.over_box(*frame.control_box(), level.control_spacing_mm)
            spline = _carried_over(grid, field)
            problem = _problem(frame, grid, level, pairs, has_lungs, settings)
            field = SplineField(grid, refine(problem, spline.coefficients, level.iterations, step))
    assert isinstance(field, SplineField)
    return frame, field, keypoints


def _discrete(
    frame: Frame, start: sitk.Transform | None, settings: RegistrationSettings, progress: Progress
) -> tuple[Frame, CellField]:
    """Discrete search at all its levels, both ways; the rotation that the first level finds moves into the frame."""
    forward = _given(frame, start, settings.search_step_mm[0])
    backward: CellField | None = None
    count = len(settings.search_step_mm)
    with progress.stage("Discrete search", until=0.35) as step:
        for k, (spacing, reach) in enumerate(zip(settings.search_step_mm, settings.search_range_mm, strict=True)):
            lattice = frame.lattice(spacing)
            fixed, moving = (mind_ssc(v, dilation=1) for v in frame.images(lattice))
            fixed_mask, moving_mask = frame.masks(lattice)
            step(k / count)
            u = search(fixed, moving, fixed_mask, lattice, reach, forward)
            step((k + 0.5) / count)
            v = search(moving, fixed, moving_mask, lattice, reach, backward)
            forward, backward = inverse_consistent(u, v)
            if k == 0 and start is None:
                frame, forward, backward = _rotated(frame, forward, backward, fixed_mask, lattice)
    assert forward is not None
    return frame, forward


def _rotated(
    frame: Frame, forward: CellField, backward: CellField, fixed_mask: torch.Tensor, lattice: Lattice
) -> tuple[Frame, CellField, CellField]:
    """The frame with the rigid part of the field moved into its linear part, and what is left of the fields."""
    points = lattice_points(lattice, frame.device)[fixed_mask[0, 0] > 0]
    rigid = fit_rigid(_to_numpy(points), _to_numpy(points + forward.at(points)))
    turned = replace(frame, linear=composed(frame.linear, rigid))
    matrix, offset = (torch.as_tensor(v, dtype=torch.float32, device=frame.device) for v in matrix_and_offset(rigid))
    x = lattice_points(forward.cells, frame.device).reshape(-1, 3)
    left = ((x + forward.at(x) - offset) @ matrix) - x  # the inverse of a rotation is its transpose
    z = lattice_points(backward.cells, frame.device).reshape(-1, 3)
    y = z @ matrix.T + offset
    back = y + backward.at(y) - z
    return (
        turned,
        CellField(forward.cells, left.T.reshape(3, *forward.cells.shape)),
        CellField(backward.cells, back.T.reshape(3, *backward.cells.shape)),
    )


def _to_numpy(points: torch.Tensor) -> np.ndarray:
    return points.cpu().numpy().astype(float)


def _given(frame: Frame, start: sitk.Transform | None, spacing_mm: float) -> CellField | None:
    """What the user's non-linear transform adds to its linear part, at the cells of the first search."""
    if start is None:
        return None
    cells = frame.lattice(2 * spacing_mm)
    points = lattice_points(cells, torch.device("cpu")).reshape(-1, 3).numpy().astype(float)
    targets = frame.to_frame(np.array([start.TransformPoint(p.tolist()) for p in points]))
    displacement = torch.as_tensor((targets - points).T, dtype=torch.float32, device=frame.device)
    return CellField(cells, displacement.reshape(3, *cells.shape))


def _carried_over(grid: ControlGrid, field: CellField | SplineField) -> SplineField:
    """The field so far on another control grid."""
    h = grid.spacing_mm / 2
    nx, ny, nz = (2 * n - 1 for n in grid.box.size)
    dense = Lattice(grid.lower_mm, (h, h, h), (nx, ny, nz))
    return SplineField(grid, grid.fit(field.on(dense), dense))


def _problem(
    frame: Frame,
    grid: ControlGrid,
    level: Level,
    pairs: list[Pairs],
    has_lungs: bool,
    settings: RegistrationSettings,
) -> Problem:
    lattice = frame.lattice(level.feature_spacing_mm)
    fixed, moving = (features(v, lattice, level.similarity) for v in frame.images(lattice))
    mask = frame.masks(lattice)[0][0, 0] > 0
    terms: list[FeatureTerm | PointTerm] = [
        FeatureTerm(fixed, moving, mask, lattice, grid, covered=frame.moving_coverage(lattice))
    ]
    if has_lungs and settings.mask_weight > 0:
        coarse = frame.lattice(SURFACE_LATTICE_MM)
        fixed_distance, moving_distance = frame.surface_distances(coarse)
        band = (fixed_distance.abs() < SURFACE_BAND_MM).any(dim=1)[0]
        weight = settings.mask_weight * fixed_distance.shape[1]
        terms.append(FeatureTerm(fixed_distance, moving_distance, band, coarse, grid, weight, frame.moving_coverage(coarse)))
    volume_mm3 = float(mask.sum()) * lattice.voxel_volume_mm3
    for fixed_mm, moving_mm, weight, scale in pairs:
        positions = torch.as_tensor(fixed_mm, dtype=torch.float32, device=frame.device)
        wanted = torch.as_tensor(frame.to_frame(moving_mm) - fixed_mm, dtype=torch.float32, device=frame.device)
        share = torch.full((len(positions),), weight * volume_mm3 / len(positions), device=frame.device)
        terms.append(PointTerm(positions, wanted, share, grid, scale))
    share = frame.lung_share(grid.points) if has_lungs else torch.ones(())
    regularizer = Regularizer(settings.regularizer, settings.regularization_weight, grid.spacing_mm, share)
    return Problem(terms, regularizer, VolumeChange(grid, settings.volume_change_weight))


def _keypoints(
    frame: Frame, field: CellField | SplineField, settings: RegistrationSettings, step: Callable[[float], None]
) -> dict[str, np.ndarray]:
    """Matched keypoints in both images' LPS mm; the held-out part is never given to the fit."""
    lattice = frame.lattice(KEYPOINT_LATTICE_MM)
    fixed, moving = frame.images(lattice)
    mask = frame.masks(lattice)[0][0, 0].cpu().numpy() > 0
    inner = ndimage.distance_transform_edt(mask) * lattice.spacing_mm[0] > KEYPOINT_RIM_MM
    points = foerstner_points(fixed, torch.from_numpy(inner).to(frame.device), lattice, settings.keypoint_count)
    guess = field.at(points.flip(1) * lattice.spacing_mm[0] + fixed.new_tensor(lattice.origin_mm))
    found = match(mind_ssc(fixed, 1), mind_ssc(moving, 1), points, guess, lattice, step)
    fixed_mm = _to_numpy(found.fixed_mm)
    matrix, offset = matrix_and_offset(frame.linear)
    moving_mm = (fixed_mm + _to_numpy(found.displacement_mm)) @ matrix.T + offset
    held_out = np.random.default_rng(0).random(len(fixed_mm)) < settings.keypoint_held_out
    return {
        "fixed_mm": fixed_mm[~held_out],
        "moving_mm": moving_mm[~held_out],
        "held_out_fixed_mm": fixed_mm[held_out],
        "held_out_moving_mm": moving_mm[held_out],
    }
