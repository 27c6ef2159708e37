"""How the Jacobian determinant is shown: blue-white-red, symmetric about 1, with a color legend."""

import numpy as np
import slicer

from CorrespondCoreLib.pictures import DIVERGING
from LungRegistrationLib.reports.pictures import symmetric_window

from .color_tables import continuousTable

COLOR_TABLE = "Volume change (Jacobian determinant)"


def showAsVolumeChange(volumeNode, figures):
    """Give a Jacobian volume its colors, a window symmetric about 1, and a color legend (hidden until it is looked at).

    figures: percentiles of det J in the lungs, {"p1": ..., "p99": ...}.
    """
    display = volumeNode.GetDisplayNode()
    display.SetAndObserveColorNodeID(continuousTable(COLOR_TABLE, DIVERGING).GetID())
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(*symmetric_window(np.array([figures["p1"], figures["p99"]])))
    legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(volumeNode)
    legend.SetTitleText("det J")
    legend.SetLabelFormat("%.2f")
    legend.SetMaxNumberOfColors(256)
    legend.SetNumberOfLabels(5)
    legend.SetSize(0.1, 0.4)
    for text in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        text.SetFontFamilyToArial()
        text.SetFontSize(13)
    legend.SetVisibility(False)


def legendOf(volumeNode):
    """The color legend of a volume, or None."""
    return slicer.modules.colors.logic().GetColorLegendDisplayNode(volumeNode)
