"""Files of a run: pictures of the overlay, poses of the frames, tables."""

import numpy as np
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import whole_file, whole_folder, write_csv, write_json
from CorrespondCoreLib.panel.export import exportPath
from CorrespondCoreLib.provenance import STATEMENT
from TAVIFusionLib.pose_files import COLUMNS, pose_entry, pose_rows, write_transform
from TAVIFusionLib.reports.overlay import overlay_picture, projected
from TAVIFusionLib.reports.overlay_files import write_sequence

from .model_nodes import meshOf, pointsOf
from .poses import posesOf, qualityOf
from .results import maskOfFrame, resultsOf
from .run_nodes import frameCount, runOf


def exportPictures(run, model, landmarks, folder):
    """Write every frame with outline, landmarks and mask as PNG, and an animation of them, into a folder of the run's name.

    Args:
        model, landmarks: model and markups node, or None.

    Returns:
        The paths.
    """
    values = runOf(run)
    mesh = meshOf(model) if model is not None else None
    points = pointsOf(landmarks)[0] if landmarks is not None else np.zeros((0, 3))
    poses = posesOf(run, model) if model is not None else []
    pictures = {}
    for frame, arm in enumerate(values.geometry):
        drawn = mesh is not None and not arm.missing and resultsOf(run).trusted(frame)
        seen = projected(mesh, arm, poses[frame], points) if drawn else None
        pictures[frame] = overlay_picture(values.frames[frame], maskOfFrame(run, frame), seen)
    target = exportPath(folder, f"{run.GetName()} overlay")
    with whole_folder(target) as temporary:
        write_sequence(temporary, pictures, values, STATEMENT)
    return sorted(target.iterdir())


def exportPoses(run, model, folder):
    """Write the pose of every frame as CSV and JSON, and the pose of the shown frame as transform. Returns the paths.

    Raises:
        InputError: there is no model.
    """
    if model is None:
        raise InputError(_("Choose a model of the aorta: the poses are the model's."))
    values, poses, results = runOf(run), posesOf(run, model), resultsOf(run)
    shown = [results.trusted(frame) for frame in range(frameCount(run))]
    quality = qualityOf(run)
    paths = [exportPath(folder, f"{run.GetName()} poses.{ending}") for ending in ("csv", "json", "tfm")]
    write_csv(paths[0], COLUMNS, pose_rows(poses, values.times_s, quality, shown))
    entries = [
        {"frame": frame, "time_s": float(time), "quality": q, "shown": s, **pose_entry(pose)}
        for frame, (pose, time, q, s) in enumerate(zip(poses, values.times_s, quality, shown, strict=True))
    ]
    write_json(paths[1], {"run": run.GetName(), "model": model.GetName(), "frames": entries})
    with whole_file(paths[2]) as temporary:
        write_transform(temporary, poses[0])
    return paths
