"""The paper's mode in the scene: an affine map that lays the flat picture of the model over one frame."""

import json

import numpy as np
import slicer

from TAVIFusionLib.alignment.affine import AffineAlignment, projected_region
from TAVIFusionLib.alignment.pictures import warped

from .run_nodes import rasToPixels

ATTRIBUTE = "TAVIFusion.affine"
"""Attribute of a run's sequence node: index of the frame, and the (2, 3) matrix from the model's picture to the frame."""


def setAffine(run, frame, matrix):
    """Keep the map of a frame with the run."""
    run.SetAttribute(ATTRIBUTE, json.dumps({"frame": frame, "matrix": np.asarray(matrix).tolist()}))


def forgetAffine(run):
    """The model is laid over the frames by its pose."""
    run.RemoveAttribute(ATTRIBUTE)


def affineOf(run, frame):
    """The map (AffineAlignment) of a frame, or None; there is at most one frame that has one."""
    kept = json.loads(run.GetAttribute(ATTRIBUTE) or "{}")
    if kept.get("frame") != frame:
        return None
    return AffineAlignment(np.array(kept["matrix"]), "kept", *[np.nan] * 3)


def affineShadow(affine, mesh, arm, pose):
    """(rows, columns) bool: the model's picture under parallel rays, moved by the map."""
    return warped(projected_region(mesh, arm, pose), affine.matrix) >= 0.5


def regionOf(roi, run):
    """Left, top, right, bottom in pixels of a markups ROI in the plane of the frames; None without one."""
    if roi is None:
        return None
    bounds = np.zeros(6)
    roi.GetRASBounds(bounds)
    corners = rasToPixels(run, np.array([[bounds[x], bounds[y], 0.0] for x in (0, 1) for y in (2, 3)]))
    low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    columns, rows = slicer.util.arrayFromVolume(run.GetNthDataNode(0)).shape[:0:-1]
    return tuple(int(v) for v in (*np.clip(low, 0, None), *np.minimum(high + 1, (columns, rows))))
