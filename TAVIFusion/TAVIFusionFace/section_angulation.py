"""The Angulation section: views in which the valve plane is seen on edge, as a plot on which a click plans the angles."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError, InputError
from TAVIFusionLib.angulation import cusp_overlap_view, foreshortening_deg, s_curve, three_cusp_view, valve_normal
from TAVIFusionLib.carm import spoken_angles

from . import geometry_attributes
from .labels import say
from .model_nodes import pointsOf, poseNode, poseOf
from .plots import fillTable, seriesNode, setRanges, setTitles
from .run_nodes import frameIndex, isRun

CHART_MARK = "TAVIFusion.sCurve"
PRIMARIES_DEG = np.arange(-90.0, 90.5, 1.0)
REACHABLE_DEG = 50.0
"""Secondary angle up to which most arms turn; beyond it a view is marked."""

ORDER = "LRN"


class AngulationSection(slicer.util.VTKObservationMixin):
    """Plans the angles of a view from three nadirs."""

    def __init__(self, ui, parameters, showError, showPlot):
        """showPlot: called with the plot chart node that shall be seen."""
        super().__init__()
        self.ui, self._parameters, self._showError, self._showPlot = ui, parameters, showError, showPlot
        self._watched = None
        self._plotView = None
        self._filling = False
        ui.sCurveButton.connect("clicked()", self.show)
        ui.threeCuspButton.connect("clicked()", lambda: self._onView(three_cusp_view))
        ui.cuspOverlapButton.connect("clicked()", lambda: self._onView(cusp_overlap_view))
        ui.plannedPrimarySlider.connect("valueChanged(double)", self._onSlider)

    def rest(self):
        """The scene closes, or the module goes away."""
        self.removeObservers()
        self._watched = None
        self._connect(None)

    def refresh(self):
        """Follow the nadirs, and show what is planned."""
        p = self._parameters()
        self.ui.nadirsPlaceWidget.setCurrentNode(p.nadirs)
        if p.nadirs is not self._watched:
            self.removeObservers()
            self._watched = p.nadirs
            for event in ("PointModifiedEvent", "PointPositionDefinedEvent", "PointRemovedEvent") if p.nadirs is not None else ():
                self.addObserver(p.nadirs, getattr(slicer.vtkMRMLMarkupsNode, event), self._onNadirs)
        known = self._nadirs() is not None
        for widget in (self.ui.sCurveButton, self.ui.threeCuspButton, self.ui.cuspOverlapButton, self.ui.plannedPrimarySlider):
            widget.enabled = known
        self._filling = True
        try:
            self.ui.plannedPrimarySlider.value = p.plannedPrimaryDeg
        finally:
            self._filling = False
        say(self.ui.angulationLabel, self._about())
        if _chart() is not None:
            self._fillChart()

    def show(self):
        """Plot the S-curve; a click on one of its points plans that view."""
        try:
            self._needNadirs()
        except CorrespondError as error:
            self._showError(str(error))
            return
        chart = _chart()
        if chart is None:
            chart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", _("S-curve of the valve"))
            chart.SetAttribute(CHART_MARK, "1")
            setTitles(chart, "", _("Primary angle (°): RAO − / LAO +"), _("Secondary angle (°): CAU − / CRA +"))
            setRanges(chart, (-90, 90), (-60, 60))
        self._fillChart()
        self._showPlot(chart)
        manager = slicer.app.layoutManager()
        if manager is not None and manager.plotViewCount:
            widget = manager.plotWidget(0)
            widget.mrmlPlotViewNode().SetInteractionMode(slicer.vtkMRMLPlotViewNode.InteractionModeSelectPoints)
            self._connect(widget.plotView())

    def plan(self, primary, secondary):
        """Take angles in degrees as planned."""
        p = self._parameters()
        p.plannedPrimaryDeg, p.plannedSecondaryDeg = float(round(primary, 1)), float(round(secondary, 1))

    def _connect(self, view):
        """Listen to clicks in a plot view."""
        if view is self._plotView:
            return
        if self._plotView is not None:
            self._plotView.disconnect("dataSelected(vtkStringArray*,vtkCollection*)", self._onSelected)
        self._plotView = view
        if view is not None:
            view.connect("dataSelected(vtkStringArray*,vtkCollection*)", self._onSelected)

    def _onSelected(self, seriesIDs, selections):
        """The first selected point of any series is planned."""
        for index in range(seriesIDs.GetNumberOfValues()):
            series = slicer.mrmlScene.GetNodeByID(seriesIDs.GetValue(index))
            rows = selections.GetItemAsObject(index)
            if series is None or rows is None or rows.GetNumberOfValues() == 0 or series.GetTableNode() is None:
                continue
            if _chart() is None or not _chart().HasPlotSeriesNodeID(series.GetID()):
                continue
            table = series.GetTableNode().GetTable()
            values = (table.GetColumnByName(name) for name in (series.GetXColumnName(), series.GetYColumnName()))
            self.plan(*(column.GetValue(rows.GetValue(0)) for column in values))
            return

    def _onSlider(self, primary):
        nadirs = self._nadirs()
        if not self._filling and nadirs is not None:
            self.plan(primary, float(s_curve(valve_normal(nadirs), np.array([primary]))[0]))

    def _onView(self, view):
        try:
            self.plan(*view(self._needNadirs()))
        except CorrespondError as error:
            self._showError(str(error))

    def _onNadirs(self, caller, event):
        self.refresh()

    def _needNadirs(self):
        nadirs = self._nadirs()
        if nadirs is None:
            raise InputError(_("Place the three nadirs of the valve first, each in its own cusp: left, right, non-coronary."))
        valve_normal(nadirs)
        return nadirs

    def _nadirs(self):
        """(3, 3) LPS mm: left, right, non-coronary as the patient lies on the table; None when there are not three."""
        p = self._parameters()
        if p is None or p.nadirs is None:
            return None
        points, labels = pointsOf(p.nadirs)
        if len(points) != 3:
            return None
        letters = [label.strip()[-1:].upper() for label in labels]
        order = [letters.index(letter) for letter in ORDER] if sorted(letters) == sorted(ORDER) else [0, 1, 2]
        return poseOf(poseNode(p.nadirs)).apply(points)[order]

    def _about(self):
        nadirs, p = self._nadirs(), self._parameters()
        if nadirs is None:
            return ""
        try:
            off = foreshortening_deg((p.plannedPrimaryDeg, p.plannedSecondaryDeg), valve_normal(nadirs))
        except CorrespondError as error:
            return str(error)
        text = _("Planned: {angles}. The valve plane is {off:.0f}° off the edge.").format(
            angles=spoken_angles(p.plannedPrimaryDeg, p.plannedSecondaryDeg), off=off
        )
        if abs(p.plannedSecondaryDeg) > REACHABLE_DEG:
            text += " " + _("Few arms turn that far.")
        return text

    def _fillChart(self):
        """The curve, the frame's angles, the two named views, and what is planned."""
        chart, nadirs, p = _chart(), self._nadirs(), self._parameters()
        try:
            normal = valve_normal(nadirs) if nadirs is not None else None
        except CorrespondError:
            normal = None
        if normal is None:
            return
        points = {_("Three-cusp"): three_cusp_view(nadirs), _("Cusp overlap"): cusp_overlap_view(nadirs)}
        if isRun(p.run):
            arm = geometry_attributes.geometry(p.run)[frameIndex(p.run)]
            if arm.primary_deg is not None and arm.secondary_deg is not None:
                points[_("This frame")] = arm.primary_deg, arm.secondary_deg
        points[_("Planned")] = p.plannedPrimaryDeg, p.plannedSecondaryDeg
        self._put(chart, _("S-curve"), PRIMARIES_DEG, s_curve(normal, PRIMARIES_DEG), 0, False)
        for color, (name, (primary, secondary)) in enumerate(points.items(), 1):
            self._put(chart, name, [primary], [secondary], color, True)

    @staticmethod
    def _put(chart, name, primaries, secondaries, color, points):
        series = seriesNode(chart, name, _table(chart, name), "primary", "secondary", color, points)
        times = 2 if points else 1  # a line, even one that is not drawn, has at least two points
        fillTable(series.GetTableNode(), {"primary": list(primaries) * times, "secondary": list(secondaries) * times})


def _chart():
    nodes = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    return next((node for node in nodes if node.GetAttribute(CHART_MARK)), None)


def _table(chart, name):
    """The table of a series of the chart, made when it does not exist yet."""
    role = f"TAVIFusion.{name}"
    node = chart.GetNodeReference(role)
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
        node.SetHideFromEditors(True)
        chart.SetNodeReferenceID(role, node.GetID())
    return node
