"""Volumes that exist only to be looked at: checkerboard, difference, the moving image before and half-way. Never saved."""

import numpy as np
import SimpleITK as sitk
import slicer

from CorrespondCoreLib.mrml_transforms import field_from_grid_transform
from CorrespondCoreLib.panel import helper_volumes

from .world import worldImage

HELPER = "LungRegistration.helper"
TILE_MM = 30.0
DIFFERENCE_WINDOW = 1000.0


def beforeRegistration(result):
    """The moving image as it was, on the grid of the fixed image."""
    reference, moving = worldImage(result.fixed), worldImage(result.moving)
    darkest = float(sitk.GetArrayViewFromImage(moving).min())
    node = helper_volumes.helperVolume(
        HELPER, "Before registration", sitk.Resample(moving, reference, sitk.Transform(), sitk.sitkLinear, darkest)
    )
    _sameWindow(node, result.moving)
    return node


def throughLevel(result, level):
    """The moving image as a level of a network takes it onto the fixed image (a transform of `result.levels`)."""
    reference, moving = worldImage(result.fixed), worldImage(result.moving)
    darkest = float(sitk.GetArrayViewFromImage(moving).min())
    there = sitk.DisplacementFieldTransform(sitk.Cast(field_from_grid_transform(level), sitk.sitkVectorFloat64))
    node = helper_volumes.helperVolume(
        HELPER, "Through a level", sitk.Resample(moving, reference, there, sitk.sitkLinear, darkest)
    )
    _sameWindow(node, result.moving)
    return node


def checkerboard(result, other):
    """Fixed image and another image on its grid, in alternating cubes of 30 mm."""
    image = worldImage(result.fixed)
    a, b = sitk.GetArrayViewFromImage(image), slicer.util.arrayFromVolume(other)
    k, j, i = (np.arange(n) * mm // TILE_MM for n, mm in zip(a.shape, image.GetSpacing()[::-1], strict=True))
    odd = (k[:, None, None] + j[:, None] + i) % 2 > 0
    node = helper_volumes.helperVolume(HELPER, "Checkerboard", _like(image, np.where(odd, b, a)))
    _sameWindow(node, result.fixed)
    return node


def difference(result, other):
    """Another image on the grid of the fixed image, minus the fixed image. Gray: equal."""
    image = worldImage(result.fixed)
    values = slicer.util.arrayFromVolume(other).astype(np.float32) - sitk.GetArrayViewFromImage(image)
    node = helper_volumes.helperVolume(HELPER, "Difference", _like(image, values))
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(DIFFERENCE_WINDOW, 0)
    return node


def removeHelpers():
    """Take all helper volumes of this module out of the scene."""
    helper_volumes.removeHelpers(HELPER)


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
