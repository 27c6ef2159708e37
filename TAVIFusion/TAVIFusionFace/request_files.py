"""Files that hand scene nodes to the child process, with the arguments that name them."""

import numpy as np

from CorrespondCoreLib.files import write_csv, write_json
from TAVIFusionLib.formats.writing import write_xa
from TAVIFusionLib.mask_files import write_drawn_masks, write_frames
from TAVIFusionLib.meshes import check_mesh, write_mesh
from TAVIFusionLib.pose_files import pose_entry
from TAVIFusionLib.run_input import write_geometry

from .model_nodes import meshOf, pointsOf, poseNode, poseOf
from .run_nodes import runOf


def writeRun(node, folder, name):
    """Write a run as Enhanced XA with its geometry beside it. Returns the arguments that name it."""
    run = runOf(node)
    if run.frames.dtype.kind == "f":
        run.frames = in16Bits(run.frames)
    write_xa(run, folder / f"{name}.dcm", enhanced=True)
    write_geometry(folder / f"{name}_geometry.json", run)
    return [folder / f"{name}.dcm", "--geometry", folder / f"{name}_geometry.json"]


def in16Bits(frames):
    """Real gray values stretched to uint16."""
    low, high = float(np.nanmin(frames)), float(np.nanmax(frames))
    return np.nan_to_num((frames - low) / max(high - low, 1e-9) * 65535).astype(np.uint16)


def writeModel(model, folder):
    """Write the surface of a model without its pose. Returns the arguments that name it."""
    mesh = meshOf(model)
    check_mesh(mesh)
    write_mesh(mesh, folder / "model.vtp")
    return [folder / "model.vtp", "--mesh-frame", "LPS"]


def writePose(model, folder):
    """Write the pose that a model has now. Returns the path."""
    write_json(folder / "start.json", pose_entry(poseOf(poseNode(model))))
    return folder / "start.json"


def writeMasks(run, masks, path):
    """Write {frame: mask} of frames in a row. Returns the path."""
    chosen = sorted(masks)
    write_frames(path, np.stack([masks[frame] for frame in chosen]), runOf(run), chosen[0])
    return path


def writeDrawing(node, masks, folder):
    """Write a run and the masks {frame: mask} that were drawn on it into an empty folder, as a training reads them."""
    writeRun(node, folder, "run")
    write_drawn_masks(folder / "masks.nrrd", masks, runOf(node))


def writeLandmarks(markups, folder):
    """Write landmarks as CSV. Returns the arguments that name them; none where there are none."""
    points, labels = pointsOf(markups) if markups is not None else ((), ())
    if not len(points):
        return []
    rows = [(label, *point) for label, point in zip(labels, points, strict=True)]
    write_csv(folder / "landmarks.csv", ("name", "x", "y", "z"), rows)
    return ["--landmarks", folder / "landmarks.csv"]
