"""The search method: discrete search, control-grid refinement and keypoints, from coarse to fine. No trained weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk
import torch
from CorrespondCoreLib.progress import Progress
from scipy import ndimage

from .bspline import ControlGrid
from .discrete_search import CellField, inverse_consistent, search
from .frame import SURFACE_BAND_MM, Frame
from .keypoints import Matches, foerstner_points, match
from .lattice import Lattice, mask_box_mm
from .linear import fit_affine, initial_translation, matrix_and_offset, translation
from .mind import mind_ssc
from .refinement import FeatureTerm, PointTerm, Problem, refine
from .regularizers import Regularizer
from .settings import Level, RegistrationSettings
from .similarity import features
from .tensors import lattice_points
from .volume_change import VolumeChange

POINT_SCALE_MM = 3.0  # residual at which the pull of a keypoint is largest
LANDMARK_SCALE_MM = 20.0
SURFACE_LATTICE_MM = 2.0
KEYPOINT_LATTICE_MM = 1.5
KEYPOINT_RIM_MM = 3.0  # keypoints stay this far from the lung's surface


def prealign(
    fixed: sitk.Image, moving: sitk.Image, masks: tuple[sitk.Image, sitk.Image] | None, initial: sitk.Transform | None
) -> tuple[sitk.AffineTransform, sitk.Transform | None]:
    """Linear part of the map, and the user's transform where it is not linear (the search then starts from it)."""
    if initial is None:
        return translation(initial_translation(fixed, moving, *(masks or (None, None)))), None
    lower, upper = mask_box_mm(masks[0]) if masks else mask_box_mm(sitk.Cast(fixed > -500, sitk.sitkUInt8))
    points = lower + np.stack(np.meshgrid(*[np.linspace(0, 1, 8)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * (upper - lower)
    targets = np.array([initial.TransformPoint(p.tolist()) for p in points])
    linear = fit_affine(points, targets, rounds=1)
    matrix, offset = matrix_and_offset(linear)
    is_linear = np.abs(points @ matrix.T + offset - targets).max() < 0.01
    return linear, None if is_linear else initial


def fit_field(
    frame: Frame,
    start: sitk.Transform | None,
    has_masks: bool,
    landmarks: tuple[np.ndarray, np.ndarray] | None,
    settings: RegistrationSettings,
    progress: Progress,
) -> tuple[Frame, ControlGrid, torch.Tensor, dict[str, np.ndarray] | None]:
    """The frame with its final linear part, control grid and coefficients (3, z, y, x) of s, and the matched keypoints."""
    frame, field = _discrete(frame, start, settings, progress)
    grid, c = None, None
    pairs: list[tuple[np.ndarray, np.ndarray, float, float]] = []
    if landmarks:
        pairs.append((*landmarks, settings.landmark_weight, LANDMARK_SCALE_MM))
    keypoints = None
    last = len(settings.levels) - 1
    for k, level in enumerate(settings.levels):
        if k == last and settings.keypoints and grid is not None:
            with progress.stage("Keypoints", until=0.62) as step:
                keypoints = _keypoints(frame, grid, c, settings, step)
            pairs.append((keypoints["fixed_mm"], keypoints["moving_mm"], settings.keypoint_weight, POINT_SCALE_MM))
        with progress.stage(f"Refinement {k + 1}", until=0.3 + 0.6 * (k + 1) / (last + 1)) as step:
            new_grid = ControlGrid.over_box(*frame.control_box(), level.control_spacing_mm)
            c = _carried_over(new_grid, field, grid, c)
            grid = new_grid
            problem = _problem(frame, grid, level, pairs, has_masks, settings)
            step(0.2)
            c = refine(problem, c, level.iterations, lambda f, step=step: step(0.2 + 0.8 * f))
    assert grid is not None and c is not None
    return frame, grid, c, keypoints


def _discrete(
    frame: Frame, start: sitk.Transform | None, settings: RegistrationSettings, progress: Progress
) -> tuple[Frame, CellField]:
    """Discrete search at all its levels; the affine part of what the first finds moves into the frame."""
    forward, backward = _given(frame, start, settings.search_step_mm[0]), None
    count = len(settings.search_cell_mm)
    with progress.stage("Discrete search", until=0.3) as step:
        for k, (spacing, reach) in enumerate(zip(settings.search_step_mm, settings.search_range_mm, strict=True)):
            lattice = frame.lattice(spacing)
            fixed, moving = (mind_ssc(v, dilation=1) for v in frame.images(lattice))
            fixed_mask, moving_mask = frame.masks(lattice)
            u = search(fixed, moving, fixed_mask, lattice, reach, forward, lambda f, k=k: step((k + 0.5 * f) / count))
            v = search(moving, fixed, moving_mask, lattice, reach, backward, lambda f, k=k: step((k + 0.5 + 0.5 * f) / count))
            forward, backward = inverse_consistent(u, v)
    return frame, forward


def _given(frame: Frame, start: sitk.Transform | None, spacing_mm: float) -> CellField | None:
    """What the user's non-linear transform adds to its linear part, at the cells of the first search."""
    if start is None:
        return None
    cells = frame.lattice(2 * spacing_mm)
    points = lattice_points(cells, torch.device("cpu")).reshape(-1, 3).numpy().astype(float)
    targets = frame.to_frame(np.array([start.TransformPoint(p.tolist()) for p in points]))
    displacement = torch.as_tensor((targets - points).T, dtype=torch.float32, device=frame.device)
    return CellField(cells, displacement.reshape(3, *cells.shape))


def _carried_over(new_grid: ControlGrid, field: CellField, grid: ControlGrid | None, c: torch.Tensor | None) -> torch.Tensor:
    """Coefficients on a new control grid of the field so far."""
    h = new_grid.spacing_mm / 2
    box = Lattice(new_grid.lower_mm, (h, h, h), tuple(2 * (n - 3) + 1 for n in new_grid.size))  # type: ignore[arg-type]
    if grid is None or c is None:
        points = lattice_points(box, field.displacement_mm.device).reshape(-1, 3)
        return new_grid.fit(field.at(points).T.reshape(3, *box.shape), box)
    return new_grid.fit(grid.evaluate(c, box), box)


def _problem(
    frame: Frame,
    grid: ControlGrid,
    level: Level,
    pairs: list[tuple[np.ndarray, np.ndarray, float, float]],
    has_masks: bool,
    settings: RegistrationSettings,
) -> Problem:
    lattice = frame.lattice(level.feature_spacing_mm)
    fixed, moving = (features(v, lattice, level.similarity) for v in frame.images(lattice))
    mask = frame.masks(lattice)[0][0, 0] > 0
    terms: list[FeatureTerm | PointTerm] = [
        FeatureTerm(fixed, moving, mask, lattice, grid, covered=frame.moving_coverage(lattice))
    ]
    if has_masks and settings.mask_weight > 0:
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
    regularizer = Regularizer(settings.regularizer, settings.regularization_weight, grid.spacing_mm)
    return Problem(terms, regularizer, VolumeChange(grid, settings.volume_change_weight))


def _keypoints(frame: Frame, grid: ControlGrid, c: torch.Tensor, settings: RegistrationSettings, step) -> dict[str, np.ndarray]:
    """Matched keypoints in both images' LPS mm; the held-out part is never given to the fit."""
    lattice = frame.lattice(KEYPOINT_LATTICE_MM)
    fixed, moving = frame.images(lattice)
    mask = frame.masks(lattice)[0][0, 0].cpu().numpy() > 0
    inner = ndimage.distance_transform_edt(mask) * lattice.spacing_mm[0] > KEYPOINT_RIM_MM
    points = foerstner_points(fixed, torch.from_numpy(inner).to(frame.device), lattice, settings.keypoint_count)
    positions = points.flip(1) * lattice.spacing_mm[0] + c.new_tensor(lattice.origin_mm)
    index, basis = grid.point_weights(positions)
    guess = (c.reshape(3, -1)[:, index] * basis).sum(dim=-1).T
    found: Matches = match(mind_ssc(fixed, 1), mind_ssc(moving, 1), points, guess, lattice, step)
    fixed_mm = found.fixed_mm.cpu().numpy().astype(float)
    matrix, offset = matrix_and_offset(frame.linear)
    moving_mm = (fixed_mm + found.displacement_mm.cpu().numpy()) @ matrix.T + offset
    held_out = np.random.default_rng(0).random(len(fixed_mm)) < settings.keypoint_held_out
    return {
        "fixed_mm": fixed_mm[~held_out],
        "moving_mm": moving_mm[~held_out],
        "held_out_fixed_mm": fixed_mm[held_out],
        "held_out_moving_mm": moving_mm[held_out],
    }
