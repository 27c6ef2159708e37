"""A real vessel phantom in two XA runs, its CT mesh and centerline: aligned from four picked points and the threshold's mask.

python -m Testing.TAVIFusion.real_phantom PICTURE.png draws the result.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter, label
from scipy.spatial import cKDTree

from Testing.command import LIBRARIES
from Testing.data import real_data

sys.path[:0] = [path for path in LIBRARIES.split(os.pathsep) if path not in sys.path]

from TAVIFusionLib.alignment.point_pairs import PointFit, fit_points  # noqa: E402
from TAVIFusionLib.alignment.pose_fit import PoseFit, fit_pose  # noqa: E402
from TAVIFusionLib.alignment.rim import Rim  # noqa: E402
from TAVIFusionLib.alignment.settings import FitSettings  # noqa: E402
from TAVIFusionLib.alignment.views import MaskOutline, View, plane_mm  # noqa: E402
from TAVIFusionLib.formats.reading import read_run  # noqa: E402
from TAVIFusionLib.meshes import Mesh, read_mesh  # noqa: E402
from TAVIFusionLib.point_files import read_points  # noqa: E402
from TAVIFusionLib.pose import Pose  # noqa: E402

FILES = ("IM1.dcm", "IM5.dcm")
PAIRS = Path(__file__).with_name("real_phantom_pairs.csv")
HALF_OF_CONTRAST = 45.0  # gray values: the filled vessels are about 90 darker than what is around them
SMALLEST_PX = 150


@dataclass
class RealPhantom:
    """Mesh and centerline (N, 3) in the frame of the CT, mean frames and masks of the two views."""

    mesh: Mesh
    centerline_mm: np.ndarray
    frames: list[np.ndarray]
    views: list[View]


def real_phantom() -> RealPhantom:
    """Read it; the pixel spacing that IM1 lacks is what the reader suggests."""
    folder = real_data("tavi/phantom_xa")
    frames, views = [], []
    for name in FILES:
        run = read_run(folder / name)
        known = {value: suggestion for value, (suggestion, _) in run.suggestions.items()}
        frames.append(run.frames.mean(axis=0))
        views.append(View(dark_vessels(frames[-1]), run.geometry[0].at(**known)))
    mesh = read_mesh(folder / "phantom_mesh_coarse.stl", "LPS")
    return RealPhantom(mesh, _points_of(folder / "phantom_centerlines.vtk"), frames, views)


def dark_vessels(frame: np.ndarray) -> np.ndarray:
    """Mask of what is darker than its surroundings by half of the contrast, inside of the collimator."""
    inside = np.zeros(frame.shape, bool)
    inside[30:-30, 30:-30] = True
    around = inside & (gaussian_filter(frame, 2) - gaussian_filter(frame, 35) > -8)
    background = gaussian_filter(np.where(around, frame, 0), 35) / np.maximum(gaussian_filter(around.astype(float), 35), 1e-3)
    parts, _ = label((gaussian_filter(background - frame, 1.0) > HALF_OF_CONTRAST) & inside)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= SMALLEST_PX)[parts]


def aligned(phantom: RealPhantom) -> tuple[PointFit, PoseFit]:
    """From the picked pairs alone, with any rotation, and from there to the outlines of both views."""
    picked = read_points(PAIRS, 2)
    points = np.array([point.point_mm for point in picked])
    pixels = np.array([[point.seen[view] for point in picked] for view in (0, 1)])
    carms = [view.carm for view in phantom.views]
    pairs = fit_points(points, pixels, carms, angle_trust_deg=None)
    everywhere = FitSettings(  # the mesh's tubes are wider than the lumen, and nothing moves
        first_reach_mm=8.0, last_reach_mm=5.0, focus_mm=1000.0, beat_mm=0.1, breath_mm=0.1, moved_mm=0.1
    )
    return pairs, fit_pose(phantom.mesh, phantom.views, pairs.pose, "six", starts=1, settings=everywhere)


def outline_distances_mm(phantom: RealPhantom, pose: Pose) -> list[np.ndarray]:
    """For each view, mm at the isocenter from every point of the mask's outline to the model's outline."""
    rim = Rim(phantom.mesh)
    outlines = [rim.seen(pose, view.carm).outline().points_mm for view in phantom.views]
    masks = [MaskOutline.of(view).points_mm for view in phantom.views]
    return [cKDTree(model).query(mask)[0] for model, mask in zip(outlines, masks, strict=True)]


def centerline_distances_mm(phantom: RealPhantom, pose: Pose) -> list[np.ndarray]:
    """For each view, mm at the isocenter from the mask's inner pixels to the projected centerline."""
    result = []
    for view in phantom.views:
        inner = np.argwhere(binary_erosion(view.mask, iterations=3))[:, ::-1]
        line = plane_mm(view.carm.project(pose.apply(phantom.centerline_mm)), view.carm)
        result.append(cKDTree(line).query(plane_mm(inner, view.carm))[0])
    return result


def _points_of(path: Path) -> np.ndarray:
    """(N, 3) points of a legacy ASCII or binary VTK grid."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOLegacy import vtkUnstructuredGridReader

    reader = vtkUnstructuredGridReader()
    reader.SetFileName(str(path))
    reader.Update()
    return vtk_to_numpy(reader.GetOutput().GetPoints().GetData()).astype(float)


def main(picture: str) -> None:
    """Draw both views side by side: mask and model's outline; print the distances."""
    from CorrespondCoreLib.pictures import png
    from TAVIFusionLib.reports.overlay import Projected, overlay_picture
    from TAVIFusionLib.silhouette import outline, silhouette

    phantom = real_phantom()
    pairs, fit = aligned(phantom)
    drawn = []
    for frame, view in zip(phantom.frames, phantom.views, strict=True):
        model = Projected(outline(silhouette(phantom.mesh, view.carm, fit.pose)))
        drawn.append(overlay_picture(frame, view.mask, model, []))
    Path(picture).write_bytes(png(np.concatenate(drawn, axis=1)))
    for name, pose in (("picked pairs", pairs.pose), ("outlines", fit.pose)):
        for what, values in (
            ("outline", outline_distances_mm(phantom, pose)),
            ("centerline", centerline_distances_mm(phantom, pose)),
        ):
            print(
                name, what, "median, mean, p95 mm:", [np.round([np.median(v), v.mean(), np.quantile(v, 0.95)], 2) for v in values]
            )


if __name__ == "__main__":
    main(sys.argv[1])
