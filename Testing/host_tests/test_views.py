"""Views show what the scene holds: images, segments, points, transform grids, color legends, models in 3D, plots, tables."""

import unittest

import numpy as np
import SimpleITK as sitk

from Testing import host

host.start()
import slicer  # noqa: E402

from Testing.host_tests import scenes  # noqa: E402


class ViewsTest(unittest.TestCase):
    def setUp(self):
        slicer.mrmlScene.Clear(0)
        self.layout = slicer.app.layoutManager()
        self.layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        self.volume = scenes.ball()
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True)

    def picture(self, widget):
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            path = host.grab(widget, Path(folder) / "view.png")
            return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[..., :3].astype(int)

    def red(self):
        return self.picture(self.layout.sliceWidget("Red").sliceView())

    def colored(self, picture):
        """Number of pixels that are not gray."""
        return int((picture.max(axis=2) - picture.min(axis=2) > 40).sum())

    def test_the_slice_shows_the_image(self):
        picture = self.red()
        height, width = picture.shape[:2]
        self.assertGreater(picture[height // 2, width // 2].min(), 200)
        self.assertLess(picture[height // 2, 2].max(), 30)

    def test_slices_know_their_size_before_anything_is_drawn(self):
        self.layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
        node, view = self.layout.sliceWidget("Red").mrmlSliceNode(), self.layout.sliceWidget("Red").sliceView()
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True)
        self.assertEqual(node.GetDimensions()[:2], (view.width, view.height))
        before = node.GetFieldOfView()
        picture = self.red().sum(axis=2)
        self.assertEqual(node.GetFieldOfView(), before)
        for axis in (0, 1):
            profile = picture.sum(axis=axis)
            self.assertAlmostEqual(np.average(np.arange(len(profile)), weights=profile) / len(profile), 0.5, delta=0.02)

    def test_slices_follow_the_scene(self):
        before = self.red()
        self.layout.sliceWidget("Red").sliceController().setSliceOffsetValue(2)
        self.assertLess(self.red().max(), before.max())

    def test_a_segment_is_drawn(self):
        before = self.colored(self.red())
        scenes.segmentation(self.volume)
        self.assertGreater(self.colored(self.red()), before + 1000)

    def test_a_point_is_drawn_and_found_by_its_position(self):
        self.assertEqual(self.colored(self.red()), 0)
        points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        offset = self.layout.sliceWidget("Red").sliceLogic().GetSliceOffset()
        points.AddControlPoint(16, 10, offset, "a")
        picture = self.red()
        view = self.layout.sliceWidget("Red").sliceView()
        x, y, _ = view.convertRASToXYZ([16, 10, offset])
        row, column = picture.shape[0] - 1 - round(y), round(x)
        self.assertGreater(self.colored(picture[row - 8 : row + 8, column - 8 : column + 8]), 20)

    def test_a_transform_grid_and_its_arrows_are_drawn(self):
        transform = scenes.grid_transform()
        transform.CreateDefaultDisplayNodes()
        display = transform.GetDisplayNode()
        display.SetVisibility(True)
        display.SetVisibility2D(True)
        display.SetAndObserveRegionNode(self.volume)
        for mode in (display.VIS_MODE_GRID, display.VIS_MODE_GLYPH):
            display.SetVisualizationMode(mode)
            self.assertGreater(self.colored(self.red()), 300)
        display.SetVisibility(False)
        self.assertEqual(self.colored(self.red()), 0)

    def test_a_color_legend_is_drawn(self):
        before = self.red()
        legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(self.volume)
        legend.SetVisibility(True)
        self.assertGreater(int((self.red() != before).any(axis=2).sum()), 500)

    def test_an_image_under_a_transform_moves(self):
        transform = scenes.grid_transform(shift_mm=(6.0, 0.0, 0.0))
        center = lambda picture: np.average(np.arange(picture.shape[1]), weights=picture.sum(axis=(0, 2)))  # noqa: E731
        before = center(self.red())
        self.volume.SetAndObserveTransformNodeID(transform.GetID())
        after = center(self.red())
        self.assertGreater(abs(after - before), 20)

    def test_the_3d_view_shows_a_surface(self):
        view = self.layout.threeDWidget(0).threeDView()
        before = self.picture(view)
        scenes.segmentation(self.volume).CreateClosedSurfaceRepresentation()
        view.resetCamera()
        orange = lambda p: int(((p[..., 0] > 120) & (p[..., 2] < 80)).sum())  # noqa: E731
        self.assertEqual(orange(before), 0)
        self.assertGreater(orange(self.picture(view)), 100)

    def test_compare_layouts_have_views_of_their_own(self):
        self.layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutThreeOverThreeView)
        self.assertEqual(self.layout.sliceViewNames(), ("Red", "Green", "Yellow", "Red+", "Green+", "Yellow+"))
        other = scenes.ball("other")
        slicer.util.arrayFromVolume(other)[:] = 0
        slicer.util.arrayFromVolumeModified(other)
        self.layout.sliceWidget("Red+").mrmlSliceCompositeNode().SetBackgroundVolumeID(other.GetID())
        self.layout.sliceWidget("Red").mrmlSliceCompositeNode().SetBackgroundVolumeID(self.volume.GetID())
        self.assertGreater(self.red().max(), self.picture(self.layout.sliceWidget("Red+").sliceView()).max() + 100)

    def test_a_layout_of_ones_own(self):
        xml = """<layout type="horizontal"><item><view class="vtkMRMLSliceNode" singletontag="Fixed">
        <property name="orientation" action="default">Coronal</property></view></item>
        <item><view class="vtkMRMLSliceNode" singletontag="Moving"></view></item></layout>"""
        node = self.layout.layoutLogic().GetLayoutNode()
        node.AddLayoutDescription(5123, xml)
        self.layout.setLayout(5123)
        self.assertEqual(self.layout.sliceViewNames(), ("Fixed", "Moving"))
        self.assertEqual(self.layout.sliceWidget("Fixed").mrmlSliceNode().GetOrientation(), "Coronal")

    def test_a_plot_shows_its_series_and_follows_the_table(self):
        table = scenes.table()
        slicer.modules.plots.logic().ShowChartInLayout(scenes.chart(table))
        view = self.layout.plotWidget(0).plotView()
        before = self.picture(view)
        self.assertGreater(self.colored(before), 100)
        slicer.util.arrayFromTableColumn(table, "y")[:] = 3
        slicer.util.arrayFromTableColumnModified(table, "y")
        self.assertGreater(int((self.picture(view) != before).any(axis=2).sum()), 100)

    def test_a_table_view_shows_the_active_table(self):
        table = scenes.table()
        self.layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpTableView)
        slicer.app.applicationLogic().GetSelectionNode().SetActiveTableID(table.GetID())
        slicer.app.applicationLogic().PropagateTableSelection()
        view = self.layout.tableWidget(0).tableView()
        self.assertIs(view.mrmlTableNode(), table)
        self.assertEqual(view.model().index(3, 1).data(), "9")

    def test_views_live_on_after_the_scene_is_closed(self):
        self.assertGreater(self.red().max(), 200)
        slicer.mrmlScene.Clear(0)
        self.assertLess(self.red().max(), 30)
        slicer.util.setSliceViewerLayers(background=scenes.ball(), fit=True)
        self.assertGreater(self.red().max(), 200)

    def test_a_click_in_place_mode_adds_a_point(self):
        points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        points.CreateDefaultDisplayNodes()
        place = slicer.qSlicerMarkupsPlaceWidget()
        place.setMRMLScene(slicer.mrmlScene)
        place.setCurrentNode(points)
        place.placeModeEnabled = True
        self.red()
        view = self.layout.sliceWidget("Red").sliceView()
        slicer.util.clickAndDrag(view, start=(80, 60), end=(80, 60), steps=1)
        self.assertEqual(points.GetNumberOfDefinedControlPoints(), 1)
        expected = view.convertXYZToRAS([80, 60, 0])
        np.testing.assert_allclose(points.GetNthControlPointPositionWorld(0), expected, atol=1.5)
