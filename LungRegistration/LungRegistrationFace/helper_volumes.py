"""Volumes that exist only to be looked at: checkerboard, difference, the moving image before and half-way. Never saved."""

import numpy as np
import SimpleITK as sitk
import slicer

from CorrespondCoreLib import mrml
from CorrespondCoreLib.mrml_transforms import field_from_grid_transform

from .world import worldImage

HELPER = "LungRegistration.helper"
TILE_MM = 30.0
DIFFERENCE_WINDOW = 1000.0


def beforeRegistration(result):
    """The moving image as it was, on the grid of the fixed image."""
    reference, moving = worldImage(result.fixed), worldImage(result.moving)
    darkest = float(sitk.GetArrayViewFromImage(moving).min())
    node = _helper("Before registration", sitk.Resample(moving, reference, sitk.Transform(), sitk.sitkLinear, darkest))
    _sameWindow(node, result.moving)
    return node


def throughLevel(result, level):
    """The moving image as a level of a network takes it onto the fixed image (a transform of `result.levels`)."""
    reference, moving = worldImage(result.fixed), worldImage(result.moving)
    darkest = float(sitk.GetArrayViewFromImage(moving).min())
    there = sitk.DisplacementFieldTransform(sitk.Cast(field_from_grid_transform(level), sitk.sitkVectorFloat64))
    node = _helper("Through a level", sitk.Resample(moving, reference, there, sitk.sitkLinear, darkest))
    _sameWindow(node, result.moving)
    return node


def checkerboard(result, other):
    """Fixed image and another image on its grid, in alternating cubes of 30 mm."""
    image = worldImage(result.fixed)
    a, b = sitk.GetArrayViewFromImage(image), slicer.util.arrayFromVolume(other)
    k, j, i = (np.arange(n) * mm // TILE_MM for n, mm in zip(a.shape, image.GetSpacing()[::-1], strict=True))
    odd = (k[:, None, None] + j[:, None] + i) % 2 > 0
    node = _helper("Checkerboard", _like(image, np.where(odd, b, a)))
    _sameWindow(node, result.fixed)
    return node


def difference(result, other):
    """Another image on the grid of the fixed image, minus the fixed image. Gray: equal."""
    image = worldImage(result.fixed)
    values = slicer.util.arrayFromVolume(other).astype(np.float32) - sitk.GetArrayViewFromImage(image)
    node = _helper("Difference", _like(image, values))
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(DIFFERENCE_WINDOW, 0)
    return node


def removeHelpers():
    """Take all helper volumes out of the scene."""
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        if node.GetAttribute(HELPER):
            slicer.mrmlScene.RemoveNode(node)


def _helper(kind, image):
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    node = next((n for n in nodes if n.GetAttribute(HELPER) == kind), None)
    if node is None:
        node = slicer.vtkMRMLScalarVolumeNode()
        node.SetName(kind)
        node.SetAttribute(HELPER, kind)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        node = slicer.mrmlScene.AddNode(node)
    mrml.volume_from_image(image, node=node)
    node.GetDisplayNode().SetSaveWithScene(False)
    return node


def _like(image, values):
    out = sitk.GetImageFromArray(values)
    out.CopyInformation(image)
    return out


def _sameWindow(node, like):
    if like.GetDisplayNode() is None:
        like.CreateDefaultDisplayNodes()
    source, target = like.GetDisplayNode(), node.GetDisplayNode()
    target.AutoWindowLevelOff()
    target.SetWindowLevel(source.GetWindow(), source.GetLevel())
