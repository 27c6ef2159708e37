"""The lungs as a registration found them, as segmentations that can be looked at, corrected, and given as masks the next time."""

import numpy as np
import SimpleITK as sitk
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml

LUNG_COLOR = (0.69, 0.48, 0.40)


def addFoundLungs(result, folder):
    """Bring fixed_lungs.nrrd and moving_lungs.nrrd (folder: a Path) into the result's folder, hidden, where they were written."""
    for role, volumeNode in (("fixed", result.fixed), ("moving", result.moving)):
        file = folder / f"{role}_lungs.nrrd"
        if file.exists():
            name = _("Lungs found in {volume}").format(volume=volumeNode.GetName())
            node = result.node(f"{role}Lungs", "vtkMRMLSegmentationNode", name)
            _fill(node, sitk.ReadImage(str(file)))


def _fill(node, mask):
    node.CreateDefaultDisplayNodes()
    volumeNode = mrml.volume_from_image(mask)
    try:
        node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
        segmentID = node.GetSegmentation().AddEmptySegment("lungs", _("lungs"), LUNG_COLOR)
        inside = (sitk.GetArrayViewFromImage(mask) > 0).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(inside, node, segmentID, volumeNode)
    finally:
        slicer.mrmlScene.RemoveNode(volumeNode)
    node.GetDisplayNode().SetVisibility(False)
