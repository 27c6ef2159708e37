"""The pose of a model in each frame of a run."""

import slicer

from .model_nodes import poseNode, poseOf
from .results import resultsOf
from .run_nodes import frameCount, frameIndex


def poseOfFrame(run, model, frame):
    """The pose (Pose) of a model in a frame: tracked, or the one that holds for all frames."""
    sequence = resultsOf(run).poses
    node = sequence.GetDataNodeAtValue(run.GetNthIndexValue(frame)) if sequence is not None else None
    shown = poseNode(model)
    return poseOf(node if node is not None and frame != frameIndex(run) else shown)


def posesOf(run, model):
    """Pose of every frame."""
    return [poseOfFrame(run, model, frame) for frame in range(frameCount(run))]


def qualityOf(run):
    """Quality of every frame, 0 to 1; 1 where nothing was tracked."""
    results = resultsOf(run)
    if results.track is None:
        return [1.0] * frameCount(run)
    return slicer.util.arrayFromTableColumn(results.track, "quality").tolist()
