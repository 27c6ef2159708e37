"""Volumes that exist only to be looked at: hidden, and never saved."""

import slicer

from CorrespondCoreLib import mrml


def helperVolume(mark, name, image):
    """The volume node of that name, filled with an image (SimpleITK). mark: attribute that tells a module its own."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    node = next((n for n in nodes if n.GetAttribute(mark) == name), None)
    if node is None:
        node = slicer.vtkMRMLScalarVolumeNode()
        node.SetName(name)
        node.SetAttribute(mark, name)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        node = slicer.mrmlScene.AddNode(node)
    mrml.volume_from_image(image, node=node)
    node.GetDisplayNode().SetSaveWithScene(False)
    return node


def removeHelpers(mark, name=None):
    """Take a module's helper volumes out of the scene, or only the one of that name."""
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        if node.GetAttribute(mark) and name in (None, node.GetAttribute(mark)):
            slicer.mrmlScene.RemoveNode(node)
