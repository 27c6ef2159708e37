"""Maps over the frame: silhouette, depth, probability, agreement with a reference; volumes in the plane of the frames."""

import numpy as np
import SimpleITK as sitk
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.panel import helper_volumes

from .results import VESSEL_COLOR
from .run_nodes import proxyOf

MARK = "TAVIFusion.map"

AGREEMENT_COLORS = {1: (1.0, 1.0, 0.0), 2: (1.0, 0.0, 1.0), 3: (0.0, 1.0, 1.0)}
"""As in the paper's figures: true positive yellow, false positive magenta, false negative cyan."""

LIVE = "Live vessel"
VESSEL_COLORS = {1: VESSEL_COLOR}
SILHOUETTE_COLORS = {1: (1.0, 0.55, 0.1)}
DEPTH_COLORS = "vtkMRMLColorTableNodeRainbow"
PROBABILITY_COLORS = "vtkMRMLColorTableNodeIron"
LEAST_PROBABILITY = 0.05
ATTENTION_COLORS = "vtkMRMLColorTableNodeIron"
LEAST_ATTENTION = 0.1


def silhouetteMap(run, shadow):
    """The volume node that shows a silhouette (rows, columns) bool."""
    return _labels(proxyOf(run), "Silhouette", shadow.astype(np.uint8), SILHOUETTE_COLORS)


def vesselMap(volume, mask):
    """The volume node that shows a mask (rows, columns) bool over another volume node of one slice."""
    return _labels(volume, LIVE, mask.astype(np.uint8), VESSEL_COLORS)


def removeVesselMap():
    """Take that map out of the scene."""
    helper_volumes.removeHelpers(MARK, LIVE)


def agreementMap(run, mask, reference):
    """The volume node that shows a mask (rows, columns) bool against a reference in the paper's colors."""
    return _labels(proxyOf(run), "Agreement", agreement(mask, reference), AGREEMENT_COLORS)


def agreement(mask, reference):
    """(rows, columns) uint8: 1 true positive, 2 false positive, 3 false negative, 0 neither."""
    return np.where(mask & reference, 1, np.where(mask, 2, np.where(reference, 3, 0))).astype(np.uint8)


def depthMap(run, depth):
    """The volume node that shows depths (rows, columns) in mm along the beam; nan where there is no model."""
    known = depth[np.isfinite(depth)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    high = max(high, low + 1.0)
    below = low - (high - low)
    node = _map(proxyOf(run), "Depth", np.where(np.isfinite(depth), depth, below).astype(np.float32), DEPTH_COLORS, low, high)
    node.GetDisplayNode().SetThreshold(low, high)
    return node


def probabilityMap(run, probability):
    """The volume node that shows a probability (rows, columns)."""
    node = _map(proxyOf(run), "Probability", probability.astype(np.float32), PROBABILITY_COLORS, 0.0, 1.0)
    node.GetDisplayNode().SetThreshold(LEAST_PROBABILITY, 1.0)
    return node


def attentionMap(run, attention):
    """The volume node that shows where the network looked (rows, columns), with a legend of its colors in the view."""
    node = _map(proxyOf(run), "Attention", attention.astype(np.float32), ATTENTION_COLORS, 0.0, 1.0)
    node.GetDisplayNode().SetThreshold(LEAST_ATTENTION, 1.0)
    if legendOf(node) is None:
        legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(node)
        legend.SetTitleText(_("Attention"))
        legend.SetLabelFormat("%.1f")
        legend.SetNumberOfLabels(6)
        legend.SetSize(0.1, 0.4)
        for text in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
            text.SetFontFamilyToArial()
            text.SetFontSize(13)
        legend.SetSaveWithScene(False)
    return node


def showLegend(shown):
    """Show the legends of the maps, but only that of the one that lies over the frame. shown: its volume node, or None."""
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        if node.GetAttribute(MARK) and legendOf(node) is not None:
            legendOf(node).SetVisibility(node is shown)


def legendOf(node):
    """The color legend of a volume node, or None."""
    return slicer.modules.colors.logic().GetColorLegendDisplayNode(node)


def removeMaps():
    """Take all maps and their color tables out of the scene."""
    helper_volumes.removeHelpers(MARK)


def _labels(volume, name, labels, colors):
    node = _map(volume, name, labels, _colorTable(name, colors).GetID(), 0, len(colors))
    node.GetDisplayNode().SetInterpolate(False)
    node.GetDisplayNode().SetThreshold(0.5, len(colors) + 0.5)
    return node


def _map(volume, name, values, colors, low, high):
    """The helper volume of that name on the frame's grid, with its colors; what is not to be seen is cut by a threshold."""
    image = sitk.GetImageFromArray(values[None])
    mrml.set_geometry(image, mrml.voxel_to_lps(mrml.image_from_volume(volume)))
    node = helper_volumes.helperVolume(MARK, name, image)
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(colors)
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(low, high)
    display.SetApplyThreshold(True)
    return node


def _colorTable(name, colors):
    title = f"TAVIFusion {name}"
    node = slicer.mrmlScene.GetFirstNodeByName(title)
    if node is None:
        node = slicer.vtkMRMLColorTableNode()
        node.SetName(title)
        node.SetTypeToUser()
        node.SetNumberOfColors(len(colors) + 1)
        node.SetColor(0, 0, 0, 0, 0)
        for value, color in colors.items():
            node.SetColor(value, *color, 1)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        node = slicer.mrmlScene.AddNode(node)
    return node
