"""The sample pair: a breathing-lung phantom, made on this computer, as volumes, lobes and landmarks in the scene."""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from LungRegistrationLib.formats.landmarks import read_landmarks
from LungRegistrationLib.phantoms.anatomy import LOBES

CATEGORY = "Correspond"
SAMPLE_NAME = "BreathingLungs"
SAMPLE_SIZE = (128, 112, 128)
LOBE_COLORS = {1: (0.69, 0.85, 0.90), 2: (0.97, 0.84, 0.65), 3: (0.73, 0.80, 0.62), 4: (0.80, 0.73, 0.86), 5: (0.93, 0.72, 0.71)}
LUNG_WINDOW, LUNG_LEVEL = 1400, -500


@dataclass
class SamplePair:
    """Nodes of a phantom pair: fixed is inspiration, moving is expiration."""

    fixed: object
    moving: object
    fixedLobes: object
    movingLobes: object
    fixedLandmarks: object
    movingLandmarks: object


def addPair(fixed, moving, fixedLobes, movingLobes, fixed_mm, moving_mm):
    """Bring a phantom pair into the scene.

    Args:
        fixed, moving: CT images; fixedLobes, movingLobes: label images; fixed_mm, moving_mm: landmarks (N, 3), LPS mm.

    Returns:
        SamplePair.
    """
    volumes = [_volume(fixed, _("Phantom inspiration")), _volume(moving, _("Phantom expiration"))]
    lobes = [_lobes(fixedLobes, volumes[0], _("Lobes inspiration")), _lobes(movingLobes, volumes[1], _("Lobes expiration"))]
    landmarks = [_landmarks(fixed_mm, _("Landmarks inspiration")), _landmarks(moving_mm, _("Landmarks expiration"))]
    if slicer.app.layoutManager() is not None:
        _show(volumes[0], lobes[0], fixed_mm)
    return SamplePair(*volumes, *lobes, *landmarks)


def _volume(image, name):
    node = mrml.volume_from_image(image, name)
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(LUNG_WINDOW, LUNG_LEVEL)
    return node


def _lobes(labels, volumeNode, name):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    values = sitk.GetArrayViewFromImage(labels)
    for label, lobe in LOBES.items():
        segmentID = node.GetSegmentation().AddEmptySegment(lobe.replace(" ", "_"), lobe, LOBE_COLORS[label])
        slicer.util.updateSegmentBinaryLabelmapFromArray((values == label).astype(np.uint8), node, segmentID, volumeNode)
    node.GetDisplayNode().SetVisibility(False)
    return node


def _show(volumeNode, segmentationNode, landmarks_mm):
    """Slices through the right lung, see-through lobes in 3D."""
    slicer.util.setSliceViewerLayers(background=volumeNode, foreground=None, label=None, fit=True)
    left, posterior, superior = landmarks_mm[landmarks_mm[:, 0] < 0].mean(axis=0)
    slicer.modules.markups.logic().JumpSlicesToLocation(-left, -posterior, superior, False)
    segmentationNode.CreateClosedSurfaceRepresentation()
    display = segmentationNode.GetDisplayNode()
    display.SetVisibility(True)
    display.SetVisibility2DFill(False)
    display.SetVisibility2DOutline(False)
    display.SetOpacity3D(0.6)
    slicer.util.resetThreeDViews()


def _landmarks(points_mm, name):
    node = mrml.markups_from_points(points_mm, name)
    node.SetLocked(True)
    display = node.GetDisplayNode()
    display.SetTextScale(0)
    display.SetGlyphScale(1.2)
    display.SetVisibility(False)
    return node


def command(folder, size):
    """Arguments of the command that writes the phantom pair into a job folder."""
    return ["lung", "phantom", "--output", str(folder / "pair"), "--size", *(str(n) for n in size)]


def load(folder):
    """Bring the files of the phantom command into the scene. Returns SamplePair."""
    names = ("fixed", "moving", "fixed_lobes", "moving_lobes")
    images = [sitk.ReadImage(str(folder / "pair" / f"{name}.nrrd")) for name in names]
    return addPair(*images, *read_landmarks(folder / "pair" / "landmarks.csv"))
