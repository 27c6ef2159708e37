"""What can be wrong with a mesh, by itself and before a C-arm."""

from __future__ import annotations

import numpy as np

from CorrespondCoreLib.errors import InputError

from ..carm import CArm
from ..pose import Pose
from .mesh import Mesh
from .self_intersection import TOO_MANY, intersecting_pairs

METRES_BELOW_MM, SMALL_MM, LARGE_MM = 2.0, 25.0, 2000.0
FEW_IN_FRAME = 0.05


def check_mesh(mesh: Mesh, carm: CArm | None = None, pose: Pose | None = None) -> list[str]:
    """Refuse a mesh that cannot be used, and tell what may be wrong with one that can.

    Args:
        carm: whose beam the mesh should lie in; not looked at if absent.
        pose: of the mesh before the C-arm.

    Returns sentences for the user: holes, self-intersections (see `intersecting_pairs` for which are found), an unusual size,
    little of the mesh in the beam.

    Raises:
        InputError: no triangles, no extent, coordinates in meters, behind the source, beyond the detector, outside the beam.
    """
    if not len(mesh.triangles):
        raise InputError("The mesh is empty: it has no triangles. Choose a model of the aorta.")
    warnings = _check_size(mesh) + _check_surface(mesh)
    if carm is not None:
        carm.check()
        warnings += _check_beam(mesh, carm, pose or Pose())
    return warnings


def _check_size(mesh: Mesh) -> list[str]:
    corners = mesh.points_mm[np.unique(mesh.triangles)]
    extent = float(np.ptp(corners, axis=0).max())
    if extent == 0:
        raise InputError("The mesh is a single point. Choose a model of the aorta.")
    if extent < METRES_BELOW_MM:
        raise InputError(
            f"The mesh is {extent:.3g} mm large: its coordinates seem to be in meters. Scale it by 1000, or export it in mm."
        )
    if extent > LARGE_MM:
        return [f"The mesh is {extent / 1000:.1f} m large: are its coordinates in mm?"]
    if extent < SMALL_MM:
        return [f"The mesh is only {extent:.1f} mm large: are its coordinates in cm? Then scale it by 10."]
    return []


def _check_surface(mesh: Mesh) -> list[str]:
    warnings = []
    if not mesh.closed:
        warnings.append(
            f"The mesh is open: its surface ends at {mesh.open_edges} edges. Its silhouette can still be drawn; what needs an "
            "inside (volume, thickness) cannot be had."
        )
    if len(mesh.triangles) > TOO_MANY:
        warnings.append(f"The mesh has more than {TOO_MANY} triangles: whether it intersects itself was not checked.")
    elif count := len(intersecting_pairs(mesh)):
        warnings.append(
            f"The mesh intersects itself: {count} pairs of triangles cross. The silhouette is right all the same; repair the "
            "mesh before measuring in it."
        )
    return warnings


def _check_beam(mesh: Mesh, carm: CArm, pose: Pose) -> list[str]:
    points = pose.apply(mesh.points_mm)
    depth = (carm.camera_points(points) + [0, 0, carm.source_to_isocenter_mm])[:, 2]
    center = ", ".join(f"{value:.0f}" for value in (points.min(axis=0) + points.max(axis=0)) / 2)
    advice = (
        f"The middle of the mesh is at ({center}) mm LPS, the isocenter at "
        f"({', '.join(f'{value:.0f}' for value in carm.isocenter_mm)}). Place the isocenter in the aortic root, or check "
        "whether the mesh is LPS or RAS."
    )
    if (depth <= 0).all():
        raise InputError(f"The mesh lies behind the X-ray source. {advice}")
    if (depth >= carm.source_to_detector_mm).all():
        raise InputError(f"The mesh lies beyond the detector. {advice}")
    inside = _in_frame(mesh, carm, points, depth)
    if not inside.any():
        raise InputError(f"The mesh lies outside the beam: nothing of it is on the frame. {advice}")
    warnings = []
    if (depth <= 0).any():
        warnings.append(
            f"{100 * (depth <= 0).mean():.0f} % of the mesh lies behind the X-ray source and cannot be seen. {advice}"
        )
    if (depth >= carm.source_to_detector_mm).any():
        warnings.append(
            f"{100 * (depth >= carm.source_to_detector_mm).mean():.0f} % of the mesh lies beyond the detector. {advice}"
        )
    if inside.mean() < FEW_IN_FRAME:
        warnings.append(f"Only {100 * inside.mean():.1f} % of the mesh is on the frame. {advice}")
    return warnings


def _in_frame(mesh: Mesh, carm: CArm, points: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """(M,) whether the box around each projected triangle meets the frame; False for those that reach behind the source."""
    in_front = (depth > 0)[mesh.triangles].all(axis=1)
    corners = carm.project(points)[mesh.triangles[in_front]]
    meets = (corners.max(axis=1) >= -0.5).all(axis=1) & (corners.min(axis=1) <= np.array(carm.size) - 0.5).all(axis=1)
    inside = np.zeros(len(mesh.triangles), bool)
    inside[in_front] = meets
    return inside
