"""The fusion panel, clicked: angles of the C-arm are planned on the S-curve."""

import numpy as np

from Testing.marks import slow
from Testing.TAVIFusion.panel import PanelTestCase

import slicer  # isort: skip


class AngulationTest(PanelTestCase):
    @slow
    def test_a_click_on_the_curve_plans_a_view_on_the_valves_edge(self):
        import qt

        from CorrespondCoreLib import mrml
        from TAVIFusionLib.angulation import cusp_overlap_view, foreshortening_deg, s_curve, valve_normal

        nadirs = np.array([(12.0, -10, 4), (-10.0, -14, 0), (0.0, 10, -6)])
        self.addRun()
        self.assertFalse(self.ui.sCurveButton.enabled)
        markups = mrml.markups_from_points(nadirs[[2, 0, 1]], "nadirs", ["N", "L", "R"])
        self.parameters.nadirs = markups
        self.ui.angulationCollapsibleButton.collapsed = False
        self.addCleanup(lambda: setattr(self.ui.angulationCollapsibleButton, "collapsed", True))
        self.ui.cuspOverlapButton.click()
        expected = cusp_overlap_view(nadirs)
        self.assertAlmostEqual(self.parameters.plannedPrimaryDeg, expected[0], delta=0.06)
        self.assertAlmostEqual(self.parameters.plannedSecondaryDeg, expected[1], delta=0.06)
        self.assertIn("0° off the edge", self.ui.angulationLabel.text)
        self.ui.sCurveButton.click()
        self.screenshot("tavi_s_curve")
        view = slicer.app.layoutManager().plotWidget(0).plotView()
        primary = 25.0
        secondary = float(s_curve(valve_normal(nadirs), np.array([primary]))[0])
        chart = view.chart()
        place = []
        for axis, value in ((chart.GetAxis(1), primary), (chart.GetAxis(0), secondary)):
            direction = 0 if axis is chart.GetAxis(1) else 1
            part = (value - axis.GetMinimum()) / (axis.GetMaximum() - axis.GetMinimum())
            start, end = axis.GetPoint1()[direction], axis.GetPoint2()[direction]
            place.append(start + part * (end - start))
        position = qt.QPointF(place[0], view.height - 1 - place[1])
        for kind in (qt.QEvent.MouseButtonPress, qt.QEvent.MouseButtonRelease):
            event = qt.QMouseEvent(kind, position, qt.Qt.LeftButton, qt.Qt.LeftButton, qt.Qt.NoModifier)
            qt.QApplication.sendEvent(view, event)
        self.assertAlmostEqual(self.parameters.plannedPrimaryDeg, primary, delta=1.01)
        planned = (self.parameters.plannedPrimaryDeg, self.parameters.plannedSecondaryDeg)
        self.assertLess(foreshortening_deg(planned, valve_normal(nadirs)), 0.2)
        self.ui.plannedPrimarySlider.value = -30
        planned = (self.parameters.plannedPrimaryDeg, self.parameters.plannedSecondaryDeg)
        self.assertEqual(planned[0], -30)
        self.assertLess(foreshortening_deg(planned, valve_normal(nadirs)), 0.2)
        markups.RemoveNthControlPoint(0)
        self.assertFalse(self.ui.sCurveButton.enabled)
        self.assertEqual(self.errors, [])
