"""The ways to lay the model over frames: a pose fitted to the vessel, one from picked pairs alone, the paper's affine map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model, model_at
from CorrespondCoreLib.progress import Progress

from .alignment.affine import AffineAlignment, align_affine, projected_region
from .alignment.pictures import warped
from .alignment.point_errors import PointError, point_errors
from .alignment.point_pairs import fit_points
from .alignment.pose_fit import fit_pose
from .alignment.views import View
from .carm import CArm
from .collimator import open_field
from .fluoroscopy import FluoroscopyRun
from .gray_scale import normalized
from .meshes import Mesh
from .metrics import frame_scores
from .point_files import ModelPoint, as_arrays
from .pose import Pose
from .settings import AlignmentSettings
from .silhouette import silhouette
from .vessel_finder import SHIPPED, installed_models

_FAR_MM = 4.0


@dataclass
class Seen:
    """A view as it was read: its run, the frame, and the vessel in it (None where no way needs it and none was given)."""

    run: FluoroscopyRun
    frame: int
    mask: np.ndarray | None

    @property
    def carm(self) -> CArm:
        """Geometry of the frame."""
        return self.run.geometry[self.frame]

    @property
    def field(self) -> np.ndarray:
        """(rows, columns) bool, what the collimator leaves open; where it ends, the mask has no outline of the vessel."""
        return open_field(normalized(self.run.frames[self.frame : self.frame + 1])[0])[1]


@dataclass
class Overlaid:
    """A model that lies over frames.

    Attributes:
        method: for the report.
        pose: of the model; None in the paper's mode.
        affine: the paper's map; None otherwise.
        place: (points (N, 3) LPS mm of the model, number of a view) -> (N, 2) pixels.
        shadows: the model's silhouette in each view.
        degrees: of freedom that were fitted; confidence: name of a direction -> what is known of it.
        residual_mm, matched: of each view, None where no outlines were compared.
        moved_mm: of each view, how far heart and breath moved the model since the first one, None where that was not asked.
        warnings: sentences for the user.
        model: matching network that was used.
    """

    method: str
    pose: Pose | None
    affine: AffineAlignment | None
    place: Callable[[np.ndarray, int], np.ndarray]
    shadows: list[np.ndarray]
    degrees: str
    confidence: dict[str, Any] = field(default_factory=dict)
    residual_mm: list[float | None] = field(default_factory=list)
    matched: list[float | None] = field(default_factory=list)
    moved_mm: list[float | None] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    model: Model | None = None

    def rows(self, seen: Sequence[Seen]) -> list[dict[str, Any]]:
        """What is known of each view: angles, distance of the outlines, scores of silhouette against vessel."""
        rows = []
        for n, (view, shadow) in enumerate(zip(seen, self.shadows, strict=True)):
            nothing = dict.fromkeys(("dsc", "precision", "recall"))
            scores = nothing if view.mask is None else frame_scores(shadow, view.mask)
            angles = {"primary_deg": view.carm.primary_deg, "secondary_deg": view.carm.secondary_deg}
            known = {"residual_mm": self.residual_mm[n], "matched": self.matched[n], "moved_mm": self.moved_mm[n]}
            rows.append({"frame": view.frame, **angles, **known, **scores})
        return rows

    def errors(self, marks: list[ModelPoint], seen: Sequence[Seen]) -> list[PointError]:
        """How far landmarks are seen from where the model has them, mm in the plane of the isocenter."""
        points, pixels = as_arrays(marks, len(seen))
        placed = np.stack([self.place(points, n) for n in range(len(seen))])
        return point_errors([mark.name for mark in marks], placed, pixels, [view.carm for view in seen])


def overlaid(
    mesh: Mesh,
    seen: Sequence[Seen],
    start: Pose,
    picked: list[ModelPoint],
    settings: AlignmentSettings,
    device: str,
    progress: Progress,
) -> Overlaid:
    """Lay a model over views, as the settings want it.

    Args:
        start: pose to start from. picked: pairs, may be empty.
        device: of the matching network.

    Raises:
        InputError: see `fit_pose`, `fit_points`, `align_affine`; no pairs, no matching network, or two views in the paper's mode.
    """
    if settings.mode == "paper":
        return _by_affine(mesh, seen, start, settings, device)
    if settings.mode == "points":
        return _by_points(mesh, seen, start, picked, settings)
    return _by_outlines(mesh, seen, start, picked, settings, progress)


def _by_outlines(mesh, seen, start: Pose, picked, settings: AlignmentSettings, progress: Progress) -> Overlaid:
    if picked:
        start = _picked(picked, seen, start, settings).pose
    views = [View(view.mask, view.carm, view.field) for view in seen]
    fit = fit_pose(mesh, views, start, settings.degrees, 1 if picked else settings.starts, settings.fit, progress)
    return _posed(
        mesh,
        seen,
        "pose fit",
        [fit.pose.shifted(move) for move in fit.moved_mm],
        fit.degrees,
        confidence={name: asdict(direction) for name, direction in fit.confidence.items()},
        residual_mm=list(fit.residual_mm),
        matched=list(fit.matched),
        moved_mm=np.linalg.norm(fit.moved_mm, axis=1).tolist(),
        warnings=fit.warnings,
    )


def _by_points(mesh, seen, start: Pose, picked, settings: AlignmentSettings) -> Overlaid:
    if not picked:
        raise InputError("Picked pairs are needed: points of the model, and where they are seen in the frames (--pairs FILE).")
    fit = _picked(picked, seen, start, settings)
    worst = float(np.nanmax(fit.residual_mm))
    warnings = ["Points alone were used: the vessel's outline was not looked at. Check the overlay."]
    if worst > _FAR_MM:
        warnings.append(f"A picked pair is {worst:.1f} mm off after the fit: pick it again.")
    empty: list[float | None] = [None] * len(seen)
    unknown = {"residual_mm": empty, "matched": empty, "moved_mm": empty, "warnings": warnings}
    return _posed(mesh, seen, "point pairs", [fit.pose] * len(seen), fit.degrees, **unknown)


def _by_affine(mesh, seen, start: Pose, settings: AlignmentSettings, device: str) -> Overlaid:
    if len(seen) != 1:
        raise InputError("The paper's mode lays the model over one frame: give one view.")
    (view,) = seen
    moving = projected_region(mesh, view.carm, start, settings.region_px)
    model = _matching_model(settings.model) if settings.affine == "network" else None
    affine = align_affine(moving, view.mask, settings.affine, _matching_network(model, device))
    warnings = ["The paper's mode moves a picture of the model: it knows no depth, and parallax remains. Do not measure in it."]
    shadow = warped(projected_region(mesh, view.carm, start), affine.matrix) >= 0.5
    return Overlaid(
        "network" if model else "affine map",
        None,
        affine,
        lambda points, _: affine.project(points, view.carm, start),
        [shadow],
        f"affine, {settings.affine}",
        residual_mm=[None],
        matched=[None],
        moved_mm=[None],
        warnings=warnings,
        model=model,
    )


def _posed(mesh: Mesh, seen: Sequence[Seen], method: str, poses: list[Pose], degrees: str, **known: Any) -> Overlaid:
    """`poses` are those of the views, which differ by what heart and breath did between them; the first one's is the result."""
    shadows = [silhouette(mesh, view.carm, one) for view, one in zip(seen, poses, strict=True)]

    def place(points: np.ndarray, n: int) -> np.ndarray:
        return seen[n].carm.project(poses[n].apply(points))

    return Overlaid(method, poses[0], None, place, shadows, degrees, **known)


def _picked(picked: list[ModelPoint], seen: Sequence[Seen], start: Pose, settings: AlignmentSettings):
    trust = None if settings.turned else settings.fit.angle_trust_deg
    return fit_points(*as_arrays(picked, len(seen)), [view.carm for view in seen], start, settings.degrees, trust)


def _matching_model(name: str) -> Model:
    if name:
        return model_at(name, [SHIPPED])
    installed = installed_models("matching")
    if not installed:
        raise InputError(
            "The paper's mode needs a matching network, and none is installed. Train one (correspond tavi train matching), "
            "import one, or choose moments or direct (--affine-by)."
        )
    return max(installed, key=lambda model: model.own)  # the user's own before the one that is shipped


def _matching_network(model: Model | None, device: str) -> Any:
    if model is None:
        return None
    from CorrespondCoreLib.devices import pick_device

    from .networks.checkpoints import load_matching_network

    return load_matching_network(model).to(pick_device(device))
