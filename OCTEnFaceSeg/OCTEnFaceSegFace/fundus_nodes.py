"""Fundus images that are in no register with a scan yet, as volume nodes of one voxel's depth in the en-face plane."""

import json

import slicer

from CorrespondCoreLib import mrml

MARK = "OCTEnFaceSeg.fundusImage"
"""Attribute of a volume node that is such an image: what is known of it, as JSON."""


def addFundusImage(image, name, kind, metric, eye=""):
    """Bring a fundus image into the scene. Returns the volume node.

    Args:
        image: SimpleITK image (x, 1, z), see OCTEnFaceSegLib.formats.fundus.
        kind: SLO, FAF, photograph. metric: its scale is known. eye: "R", "L" or "".
    """
    node = mrml.volume_from_image(image, slicer.mrmlScene.GenerateUniqueName(name))
    node.SetAttribute(MARK, json.dumps({"kind": kind, "metric": metric, "eye": eye}))
    node.GetDisplayNode().SetInterpolate(True)
    return node


def fundusFacts(volumeNode):
    """What is known of a fundus image: kind, metric, eye; for volumes of other readers nothing."""
    return {"kind": "photograph", "metric": False, "eye": "", **json.loads(volumeNode.GetAttribute(MARK) or "{}")}


def isFundusImage(volumeNode):
    """Whether a volume node is a fundus image that came without a scan."""
    return volumeNode.GetAttribute(MARK) is not None
