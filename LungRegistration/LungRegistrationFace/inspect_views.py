"""What the slice views show: blend, checkerboard, difference, flicker, Jacobian overlay; the compare and the plot layout."""

import qt
import slicer

from CorrespondCoreLib.panel.own_layouts import fitSlices

from . import helper_volumes
from .jacobian_color import legendOf

FLICKER_MS = 600
LOWER_ROW = ("Red+", "Green+", "Yellow+")


class InspectViews:
    """Sets the views for one result at a time.

    Modes: "blend", "checkerboard", "difference", "flicker", "jacobian".
    """

    def __init__(self):
        self._timer = qt.QTimer()
        self._timer.setInterval(FLICKER_MS)
        self._timer.connect("timeout()", self._flip)
        self._layoutBefore = None
        self.level = None
        """Transform of a network's level that takes the place of the result's; None for the result itself."""

    def show(self, result, mode, opacity=0.5, before=False):
        """Show fixed and warped image (or, `before`, the moving image as it was) in a mode."""
        self._leaveMode(result)
        if mode == "jacobian":
            self._layers(result.fixed, result.jacobian, opacity)
            legendOf(result.jacobian).SetVisibility(True)
            return
        other = self._other(result, before)
        if mode == "checkerboard":
            self._layers(helper_volumes.checkerboard(result, other), None, 0)
        elif mode == "difference":
            self._layers(helper_volumes.difference(result, other), None, 0)
        else:
            self._layers(result.fixed, other, opacity)
            if mode == "flicker":
                self.setOpacity(1)
                self._timer.start()

    def setOpacity(self, opacity):
        """Fade between the layers of the blend and the Jacobian mode."""
        for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
            composite.SetForegroundOpacity(opacity)

    def compareSideBySide(self, result, before=False):
        """Fixed image in the upper row of slice views, warped image (or the moving image as it was) in the lower row, linked."""
        self._leaveMode(result)
        other = self._other(result, before)
        self._switchTo(slicer.vtkMRMLLayoutNode.SlicerLayoutThreeOverThreeView)
        layoutManager = slicer.app.layoutManager()
        for name in layoutManager.sliceViewNames():
            composite = layoutManager.sliceWidget(name).mrmlSliceCompositeNode()
            composite.SetBackgroundVolumeID((other if name in LOWER_ROW else result.fixed).GetID())
            composite.SetForegroundVolumeID(None)
            composite.SetLinkedControl(True)
        fitSlices()

    def showChart(self, chart):
        """Show a plot beside the slice views."""
        self._switchTo(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView)
        slicer.modules.plots.logic().ShowChartInLayout(chart)

    def layoutBack(self):
        """Return to the layout that was there before the compare or the plot layout."""
        if self._layoutBefore is not None:
            slicer.app.layoutManager().setLayout(self._layoutBefore)
            self._layoutBefore = None

    def stopFlicker(self):
        """Let the views rest."""
        self._timer.stop()

    def _leaveMode(self, result):
        self.stopFlicker()
        if result.jacobian is not None:
            legendOf(result.jacobian).SetVisibility(False)

    def _switchTo(self, layout):
        layoutManager = slicer.app.layoutManager()
        if self._layoutBefore is None:
            self._layoutBefore = layoutManager.layout
        layoutManager.setLayout(layout)

    def _flip(self):
        composite = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
        self.setOpacity(0 if composite.GetForegroundOpacity() > 0.5 else 1)

    def _other(self, result, before):
        if not before and self.level is not None:
            return helper_volumes.throughLevel(result, self.level)
        return helper_volumes.beforeRegistration(result) if before or result.warped is None else result.warped

    @staticmethod
    def _layers(background, foreground, opacity):
        slicer.util.setSliceViewerLayers(background=background, foreground=foreground, foregroundOpacity=opacity, label=None)
