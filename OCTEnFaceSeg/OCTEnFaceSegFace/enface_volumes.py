"""En-face images as volumes of one voxel's depth: fundus images, projections, and maps over them."""

import numpy as np
import SimpleITK as sitk
from slicer.i18n import tr as _

from CorrespondCoreLib.panel import helper_volumes
from OCTEnFaceSegLib.projections import SLABS, filled, projection

from .scan_nodes import fundusNodes, scanOf

HELPER = "OCTEnFaceSeg.helper"


def backgrounds(volumeNode):
    """What can lie behind a mask: keys with titles, the fundus images first."""
    slabs = {"sub_rpe": _("Sub-RPE slab"), "rpe": _("RPE slab"), "whole": _("Mean of the whole depth")}
    return {**{kind: kind for kind in fundusNodes(volumeNode)}, **slabs}


def background(volumeNode, key, bruchDepth):
    """The volume node of a background; a projection is made for it.

    Args:
        key: of `backgrounds`.
        bruchDepth: (B-scans, A-scans) in voxels, for the slabs; None shows the mean of the whole depth.
    """
    fundus = fundusNodes(volumeNode).get(key)
    if fundus is not None:
        return fundus
    scan = scanOf(volumeNode, layers=False)
    slab = SLABS[key] if bruchDepth is not None else SLABS["whole"]
    depth = bruchDepth if bruchDepth is not None else np.zeros(scan.enface_shape, np.float32)
    values = projection(sitk.GetArrayViewFromImage(scan.volume), depth, slab, scan.spacing_mm[1])
    return helperVolume(_("En face"), scan.enface_image(filled(values)))


def helperVolume(name, image):
    """A volume that exists only to be looked at; one per name."""
    node = helper_volumes.helperVolume(HELPER, name, image)
    node.GetDisplayNode().SetInterpolate(True)
    return node


def removeHelpers():
    """Take all helper volumes of this module out of the scene."""
    helper_volumes.removeHelpers(HELPER)
