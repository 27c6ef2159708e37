"""A training set from masks of the scene, and the command that fits a model to it."""

import json

from OCTEnFaceSegLib.fine_tuning.training_set import add_to_training_set

from .scan_nodes import scanOf


def addToTrainingSet(result, folder, patient=""):
    """Add the scan of a result (SegmentationResult) with its mask as it is now; see OCTEnFaceSegLib.fine_tuning.training_set.

    Returns:
        The folder of the scan in the set (a Path).

    Raises:
        CorrespondError: what is wrong and what to do.
    """
    return add_to_training_set(folder, patient, scanOf(result.scan), result.mask(), result.bruchDepth(), result.lesion)


def tuningCommand(model, folder, title, steps, device, threads):
    """Arguments of `correspond oct fine-tune`."""
    command = ["oct", "fine-tune", model, "--data", str(folder), "--steps", str(steps), "--device", device]
    if title:
        command += ["--title", title]
    if threads:
        command += ["--threads", str(threads)]
    return command


def newCard(job):
    """The card of the new model, by what the command left in its job folder (a Path)."""
    return json.loads((job / "result.json").read_text(encoding="utf-8"))["results"]["model"]
