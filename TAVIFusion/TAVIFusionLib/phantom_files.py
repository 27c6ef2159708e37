"""Phantom patients on disk: CT, mesh and cine runs that every command reads, and the truth about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_csv, write_json
from CorrespondCoreLib.image_files import write_image_file
from CorrespondCoreLib.progress import Progress

from .formats.writing import write_xa
from .mask_files import write_frames
from .meshes import Mesh, write_mesh
from .phantom import PhantomRun, TaviPhantom, tavi_phantom
from .phantoms.other_mesh import fitted_mesh
from .phantoms.patient import FIELDS
from .point_files import HEADER
from .pose import Pose
from .pose_files import COLUMNS, pose_entry, pose_rows

MANY_VIEWS, MOST_DEG = 12, 90.0
PIXELS = (192, 1024)
"""Width of a frame; with fewer, no detector has pixels of that size."""


@dataclass(frozen=True)
class PhantomFiles:
    """What is written of a phantom.

    Attributes:
        views_deg: (primary, secondary) of each run. field_of_view: of all of them, "upper" or "lower".
        frames, pixels, dose, contrast, cardiac_mm, respiratory_mm: see `TaviPhantom.run`; pixels is the width of a frame.
        enhanced: Enhanced XA in place of XA. ct_mm: edge of a voxel of the CT.
    """

    seed: int = 0
    family: str = "train"
    views_deg: Sequence[tuple[float, float]] = ((15.0, -5.0), (-25.0, 10.0))
    field_of_view: str = "upper"
    frames: int = 30
    pixels: int = 512
    dose: float = 1.0
    contrast: bool = True
    cardiac_mm: float | None = None
    respiratory_mm: float | None = None
    enhanced: bool = False
    ct_mm: float = 1.5


def write_phantom(output: str | Path, files: PhantomFiles, progress: Progress | None = None) -> dict:
    """Write a patient with cine runs, everything or nothing. The isocenter of the runs is the origin of all files.

        ct.nrrd                 planning CT angiogram of the field of view, HU
        aorta.vtp               the lumen at the phase of the CT; aorta_segmented.vtp: as a person would have segmented it
        landmarks.csv           nadirs, ostia, ... (LPS, mm)
        view_1/run.dcm          a run; masks.nrrd: what contrast shows; model_masks.nrrd: the silhouette of all of the lumen;
                                poses.csv: where the arteries are against the CT
        truth.json              the geometry, the poses, the landmarks in each frame, phases of heart and breath, the bolus

    Raises:
        InputError: impossible arguments. OutputError: the folder cannot be written.
    """
    progress = progress or Progress()
    _check(files)
    output = check_output_folder(output)
    with progress.stage("Patient", until=0.1):
        phantom = tavi_phantom(files.seed, files.family)
        shift = -np.asarray(phantom.isocenter_mm(files.field_of_view))
    with whole_folder(output) as folder:
        with progress.stage("CT", until=0.3):
            ct = phantom.ct(files.ct_mm, files.field_of_view)
            ct.SetOrigin((np.asarray(ct.GetOrigin()) + shift).tolist())
            write_image_file(ct, folder / "ct.nrrd")
            write_mesh(_shifted(phantom.mesh, shift), folder / "aorta.vtp")
            write_mesh(_shifted(fitted_mesh(phantom), shift), folder / "aorta_segmented.vtp")
        marks = {name: point + shift for name, point in phantom.landmarks_mm.items()}
        write_csv(folder / "landmarks.csv", HEADER, [(name, *(f"{v:.4f}" for v in point)) for name, point in marks.items()])
        views = []
        for index, angles in enumerate(files.views_deg):
            part = progress.part(until=0.3 + 0.7 * (index + 1) / len(files.views_deg))
            views.append(_write_view(phantom, files, index, angles, folder / f"view_{index + 1}", part))
        write_json(folder / "truth.json", {**asdict(files), "landmarks_mm": marks, "views": views})
        names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {"landmarks_mm": marks, "files": [str(output / name) for name in names]}


def _check(files: PhantomFiles) -> None:
    if not 1 <= len(files.views_deg) <= MANY_VIEWS:
        raise InputError(f"A phantom has 1 to {MANY_VIEWS} views, not {len(files.views_deg)}.")
    if any(not abs(angle) <= MOST_DEG for view in files.views_deg for angle in view):
        raise InputError(f"The angles of a phantom's views lie between {-MOST_DEG:g} and {MOST_DEG:g} degrees.")
    if not PIXELS[0] <= files.pixels <= PIXELS[1]:
        raise InputError(f"A phantom's frames are {PIXELS[0]} to {PIXELS[1]} pixels wide, not {files.pixels}.")
    if files.field_of_view not in FIELDS:
        raise InputError(f"The phantom's field of view is {files.field_of_view!r}; give {' or '.join(map(repr, FIELDS))}.")


def _shifted(mesh: Mesh, by_mm: np.ndarray) -> Mesh:
    return Mesh(mesh.points_mm + by_mm, mesh.triangles)


def _write_view(
    phantom: TaviPhantom, files: PhantomFiles, index: int, angles: tuple[float, float], folder: Path, progress: Progress
) -> dict:
    folder.mkdir()
    carm = phantom.carm(*angles, files.field_of_view, files.pixels)
    made = phantom.run(
        carm,
        files.frames,
        files.field_of_view,
        files.cardiac_mm,
        files.respiratory_mm,
        files.contrast,
        files.dose,
        seed=index,
        progress=progress,
    )
    origin = carm.at(isocenter_mm=(0.0, 0.0, 0.0))
    run = replace(made.run, geometry=[origin] * len(made.run))
    shift = -np.asarray(carm.isocenter_mm)
    poses = [replace(pose, pivot_mm=tuple((np.asarray(pose.pivot_mm) + shift).tolist())) for pose in made.poses]
    write_xa(run, folder / "run.dcm", files.enhanced)
    write_frames(folder / "masks.nrrd", made.vessel_masks, run)
    write_frames(folder / "model_masks.nrrd", made.model_masks, run)
    ones = [1.0] * len(run)
    write_csv(folder / "poses.csv", COLUMNS, pose_rows(poses, run.times_s.tolist(), ones, [True] * len(run)))
    return _truth(phantom, made, poses, origin.isocenter_pixel_mm)


def _truth(phantom: TaviPhantom, made: PhantomRun, poses: list[Pose], pixel_mm: tuple[float, float]) -> dict:
    carm = made.run.geometry[0]
    names, points = list(phantom.landmarks_mm), np.array(list(phantom.landmarks_mm.values()))
    return {
        "primary_deg": carm.primary_deg,
        "secondary_deg": carm.secondary_deg,
        "source_to_detector_mm": carm.source_to_detector_mm,
        "source_to_isocenter_mm": carm.source_to_isocenter_mm,
        "pixel_spacing_mm": carm.pixel_spacing_mm,
        "isocenter_pixel_mm": pixel_mm,
        "times_s": made.run.times_s,
        "cardiac_phase": made.cardiac_phase,
        "breath": made.breath,
        "bolus": asdict(made.bolus) if made.bolus else None,
        "injected_s": made.injected_s,
        "poses": [pose_entry(pose) for pose in poses],
        "landmarks_px": [dict(zip(names, carm.project(pose.apply(points)), strict=True)) for pose in made.poses],
    }
