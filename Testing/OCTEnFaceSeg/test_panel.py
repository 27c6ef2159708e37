"""The OCT panel, clicked: opening, segmenting, correcting, measuring, comparing visits, exporting."""

import tempfile
import textwrap
from pathlib import Path
from unittest import mock

import numpy as np

from Testing import host
from Testing.data import real_data
from Testing.OCTEnFaceSeg.panel import SIZE, PanelTestCase, eye

import slicer  # isort: skip


def paint(result, mask):
    """Change the mask of a result as the Segment Editor does."""
    segmentID = result.segmentation.GetSegmentation().GetNthSegmentID(0)
    values = mask[:, None, :].astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(values, result.segmentation, segmentID, result.probability)


class ScanTest(PanelTestCase):
    def test_a_scan_lies_as_a_fundus_camera_shows_it(self):
        node = self.addEye()
        matrix = slicer.util.vtkMatrixFromArray(np.eye(4))
        node.GetIJKToRASDirectionMatrix(matrix)
        np.testing.assert_allclose(slicer.util.arrayFromVTKMatrix(matrix)[:3, :3], np.diag([-1, -1, 1]), atol=1e-9)
        from OCTEnFaceSegFace.scan_nodes import fundusNodes, scanOf

        self.assertEqual(set(fundusNodes(node)), {"SLO", "FAF"})
        back = scanOf(node)
        self.assertEqual((back.eye, back.pattern, back.metric), (eye().scan.eye, "raster", True))
        self.assertEqual(back.volume.GetSize(), eye().scan.volume.GetSize())

    def test_layers_become_models_and_come_back(self):
        from OCTEnFaceSegFace.scan_nodes import layerNodes, scanOf, setLayer

        node = self.addEye()
        depth = eye().layers["EZ"]
        self.assertTrue(np.isnan(depth).any())
        model = setLayer(node, "EZ", depth)
        np.testing.assert_allclose(scanOf(node).layers["EZ"], depth, rtol=1e-5)
        setLayer(node, "EZ", depth + 1)
        self.assertEqual(layerNodes(node), {"EZ": model})
        inside = np.array(model.GetPolyData().GetBounds()).reshape(3, 2)
        bounds = np.zeros(6)
        node.GetRASBounds(bounds)
        self.assertTrue((inside[:, 0] >= bounds[::2]).all() and (inside[:, 1] <= bounds[1::2]).all())

    def test_the_panel_says_what_is_known_and_apply_what_is_missing(self):
        self.assertFalse(self.ui.applyButton.enabled)
        self.assertIn("OCT", self.ui.applyButton.toolTip)
        self.parameters.volume = self.addEye()
        self.assertIn(f"{SIZE[0]} B-scans of {SIZE[2]} A-scans", self.ui.scanLabel.text)
        self.assertTrue(self.ui.applyButton.enabled)  # by the network that is shipped for GA
        self.assertIn("it never saw a patient", self.ui.modelLabel.text)
        self.assertNotIn("The model is for", self.ui.modelLabel.text)
        self.ui.methodComboBox.currentIndex = 1
        self.assertTrue(self.ui.applyButton.enabled)
        self.ui.lesionComboBox.currentIndex = 1
        self.assertFalse(self.ui.applyButton.enabled)

    def test_a_scan_without_scale_is_marked_until_it_is_confirmed(self):
        from OCTEnFaceSegFace.scan_nodes import facts, scanOf, writeFacts

        node = self.addEye()
        writeFacts(node, {"metric": False})
        self.parameters.volume = node
        self.assertTrue(self.ui.scaleFrame.isVisibleTo(self.ui.scaleFrame.parent()))
        self.ui.spacingXSpinBox.value, self.ui.spacingYSpinBox.value, self.ui.spacingZSpinBox.value = 10, 4, 120
        self.ui.confirmScaleButton.click()
        self.assertTrue(facts(node)["metric"])
        np.testing.assert_allclose(scanOf(node).spacing_mm, (0.010, 0.004, 0.120), rtol=1e-6)
        self.assertFalse(self.ui.scaleFrame.isVisibleTo(self.ui.scaleFrame.parent()))

    def test_a_bad_file_is_explained_and_leaves_the_scene_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "broken.vol"
            path.write_bytes(b"HSF-OCT-103\0" + bytes(40))
            before = self.nodeIDs()
            self.assertIsNone(self.widget.scan.open(str(path)))
            manager = slicer.app.coreIOManager()
            self.assertEqual(manager.fileType(str(path)), "OCTScan")
            with self.assertRaises(RuntimeError):
                slicer.util.loadNodeFromFile(str(path), "OCTScan")
        self.assertEqual(self.nodeIDs(), before)
        self.assertIn("broken.vol", self.errors[0])

    def test_a_real_vol_opens_by_drag_and_drop_and_its_circle_is_refused_for_area(self):
        path = real_data("oct/heidelberg_vol/retimat_onh.vol")
        node = slicer.util.loadNodeFromFile(str(path), slicer.app.coreIOManager().fileType(str(path)))
        self.parameters.volume = node
        self.ui.methodComboBox.currentIndex = 1
        self.assertIn("circle", self.ui.applyButton.toolTip)

    def test_the_sample_eye_in_the_sample_data_module(self):
        import SampleData

        from OCTEnFaceSeg import registerSampleData
        from OCTEnFaceSegFace.sample_data import SAMPLE_NAME

        registerSampleData()
        sources = SampleData.SampleDataLogic.sampleDataSourcesByCategory("Correspond")
        (source,) = (found for found in sources if found.sampleName == SAMPLE_NAME)
        with mock.patch("OCTEnFaceSegFace.sample_data.SIZE", SIZE):
            source.customDownloader(source)
        self.assertIsNotNone(slicer.util.getNode("Phantom eye, visit 2"))
        with mock.patch("OCTEnFaceSegFace.sample_data.SIZE", SIZE):
            self.ui.sampleDataButton.click()
        self.waitUntilDone()
        self.assertEqual(self.parameters.volume.GetName(), "Phantom eye, visit 1")


class SegmentTest(PanelTestCase):
    def test_apply_makes_a_mask_that_is_measured_live(self):
        self.parameters.volume = self.addEye()
        self.ui.methodComboBox.currentIndex = 1
        self.ui.applyButton.click()
        self.assertTrue(self.widget.run.running)
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        result = self.widget.inspect.result
        self.assertEqual(result.mask().shape, (SIZE[0], SIZE[2]))
        self.assertIn("hypertransmission (no network)", self.ui.summaryLabel.text)
        self.assertEqual(result.segmentation.GetAttribute("Correspond.Statement"), "For research use only. Not for clinical use.")
        self.assertCountEqual(slicer.app.layoutManager().sliceViewNames(), ["Green", "Red"])
        self.screenshot("oct_segmented")
        pixel = result.scan.GetSpacing()[0] * result.scan.GetSpacing()[2]
        mask = np.zeros(result.mask().shape, bool)
        mask[4:8, 10:30] = True
        paint(result, mask)
        np.testing.assert_array_equal(result.mask(), mask)
        host.wait(lambda: f"<b>{80 * pixel:.2f}" in self.ui.summaryLabel.text, 20)
        for index in range(self.ui.overlayComboBox.count - 1):
            self.ui.overlayComboBox.currentIndex = index
        for index in reversed(range(self.ui.backgroundComboBox.count)):
            self.ui.backgroundComboBox.currentIndex = index
        self.assertEqual(self.errors, [])
        self.screenshot("oct_measures")

    def test_a_result_is_saved_with_the_scene_and_comes_back(self):
        result = self.segmented()
        area = self.widget.logic.measure(result)["area_mm2"]
        mask, bruch = result.mask(), result.bruchDepth()
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "eye é.mrb")
            self.assertTrue(slicer.util.saveScene(path))
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(path)
        again = self.widget.inspect.result
        host.wait(lambda: f"<b>{area:.2f}" in self.ui.summaryLabel.text, 20)
        np.testing.assert_array_equal(again.mask(), mask)
        self.assertAlmostEqual(self.widget.logic.measure(again)["area_mm2"], area, places=6)
        np.testing.assert_allclose(again.bruchDepth(), bruch, atol=1e-3)
        self.assertEqual(again.report["method"], "hypertransmission (no network)")

    def test_cancel_and_a_closed_scene_leave_nothing_behind(self):
        self.parameters.volume = self.addEye()
        self.ui.methodComboBox.currentIndex = 1
        before = self.nodeIDs()
        self.ui.applyButton.click()
        self.ui.cancelButton.click()
        self.waitUntilDone()
        self.assertEqual(self.nodeIDs(), before)
        self.assertEqual(self.errors, [])
        self.ui.applyButton.click()
        slicer.mrmlScene.Clear()
        self.waitUntilDone()
        self.assertFalse(any(node.IsA("vtkMRMLSegmentationNode") for node in slicer.util.getNodesByClass("vtkMRMLNode")))

    def test_the_membrane_is_corrected_on_a_b_scan_and_used_by_the_next_run(self):
        from OCTEnFaceSegFace.bruch_editing import keptPoints

        result = self.segmented()
        self.widget.inspect.show()
        before = result.bruchDepth()
        self.ui.editBruchButton.click()
        curve = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLMarkupsCurveNode")
        self.assertLessEqual(curve.GetNumberOfControlPoints(), 15)
        self.screenshot("oct_bruch")
        points = slicer.util.arrayFromMarkupsControlPoints(curve)
        step = result.scan.GetSpacing()[1]
        points[:, 1] -= 5 * step
        slicer.util.updateMarkupsControlPointsFromArray(curve, points)
        self.ui.takeBruchButton.click()
        (bScan,) = keptPoints(result.scan)
        moved = result.bruchDepth()[bScan] - before[bScan]
        self.assertAlmostEqual(float(np.median(moved)), 5, delta=0.5)
        self.assertIsNone(slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLMarkupsCurveNode"))
        again = self.widget.logic.segment(result.scan, method="hypertransmission")
        self.assertIn("corrected", again.report["bruch"]["source"])
        self.assertAlmostEqual(float(np.median(again.bruchDepth()[bScan] - before[bScan])), 5, delta=0.5)

    def test_fovea_and_reference_enter_the_measures(self):
        result = self.segmented()
        self.ui.foveaButton.click()
        from OCTEnFaceSegFace.fovea import foveaNode

        bounds = np.zeros(6)
        result.scan.GetRASBounds(bounds)
        foveaNode(result.scan).AddControlPointWorld(*bounds.reshape(3, 2).mean(axis=1))
        host.wait(lambda: "(given)" in self.ui.summaryLabel.text, 20)
        reference = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "grader")
        reference.SetReferenceImageGeometryParameterFromVolumeNode(result.probability)
        segmentID = reference.GetSegmentation().AddEmptySegment("ga")
        truth = eye().ga[:, None, :].astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(truth, reference, segmentID, result.probability)
        self.parameters.reference = reference
        expected = 2 * (result.mask() & eye().ga).sum() / (result.mask().sum() + eye().ga.sum())
        host.wait(lambda: f"Dice with the reference {expected:.3f}" in self.ui.summaryLabel.text, 20)
        self.widget.inspect.show()
        self.ui.overlayComboBox.currentIndex = 3
        self.assertEqual(self.errors, [])
        self.screenshot("oct_agreement")

    def test_the_views_go_along_to_the_segment_editor(self):
        from OCTEnFaceSegFace.enface_layout import LAYOUT

        before = slicer.app.layoutManager().layout
        red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
        red.SetLinkedControl(True)
        self.addCleanup(red.SetLinkedControl, False)
        result = self.segmented()
        module = mock.Mock()
        module.editor.autoShowSourceVolumeNode = True  # then it would take the views for the source volume
        module.editor.setSourceVolumeNode.side_effect = lambda node: self.assertFalse(module.editor.autoShowSourceVolumeNode)
        leaving = mock.patch("slicer.util.selectModule", side_effect=lambda name: self.widget.exit())
        with leaving, mock.patch("slicer.util.getModuleWidget", return_value=module):
            self.ui.editButton.click()
        self.assertEqual(slicer.app.layoutManager().layout, LAYOUT)
        module.editor.setSegmentationNode.assert_called_once_with(result.segmentation)
        module.editor.setSourceVolumeNode.assert_called_once_with(result.probability)
        self.assertTrue(module.editor.autoShowSourceVolumeNode)
        paint(result, eye().ga)
        area = eye().ga.sum() * np.prod(np.array(eye().scan.spacing_mm)[[0, 2]])
        host.wait(lambda: f"<b>{area:.2f}" in self.ui.summaryLabel.text, 20)
        self.widget.exit()
        self.assertEqual(slicer.app.layoutManager().layout, before)
        self.assertTrue(red.GetLinkedControl())

    def test_the_documented_example_runs(self):
        import OCTEnFaceSeg

        code = OCTEnFaceSeg.OCTEnFaceSegLogic.__doc__.split("\n\n")[1]
        scope = {"OCTEnFaceSeg": OCTEnFaceSeg}
        with mock.patch("OCTEnFaceSegFace.sample_data.SIZE", SIZE):
            exec(textwrap.dedent(code), scope)
        self.assertEqual(len(scope["visits"]), 2)
        self.assertEqual(scope["result"].report["lesion"], "ga")

    def test_growth_between_visits(self):
        for visit in (0, 1):
            paint(self.segmented(visit), eye(visit).ga)
        self.widget.onParametersModified()
        self.widget.inspect.show()
        for button in (self.ui.scanCollapsibleButton, self.ui.methodCollapsibleButton, self.ui.inspectCollapsibleButton):
            button.collapsed = True
        self.addCleanup(lambda: setattr(self.ui.growthCollapsibleButton, "collapsed", True))
        self.ui.growthCollapsibleButton.collapsed = self.ui.measuresCollapsibleButton.collapsed = False
        self.assertTrue(self.ui.growthButton.enabled)
        self.ui.growthButton.click()
        self.assertEqual(self.errors, [])
        pixel = np.prod(np.array(eye().scan.spacing_mm)[[0, 2]])
        grown = (np.sqrt(eye(1).ga.sum() * pixel) - np.sqrt(eye(0).ga.sum() * pixel)) / 2
        self.assertIn(f"square root {grown:.3f} mm per year", self.ui.growthLabel.text)
        self.assertEqual(self.ui.growthTable.mrmlTableNode().GetNumberOfRows(), 2)
        shown = [n.GetName() for n in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if n.GetDisplayVisibility()]
        self.assertEqual(shown, ["Geographic atrophy (Eye, visit 2)", "New and lost at Eye, visit 2"])
        self.screenshot("oct_growth")

    def test_export_writes_files_that_say_the_same(self):
        from OCTEnFaceSegLib.results import read_mask

        result = self.segmented()
        with tempfile.TemporaryDirectory(prefix="oct é ") as folder:
            self.ui.exportFolderPathLineEdit.currentPath = folder
            for button in (self.ui.exportMaskButton, self.ui.exportTablesButton, self.ui.exportReportButton):
                button.click()
            self.assertEqual(self.errors, [])
            mask, _image = read_mask(next(Path(folder).glob("*.seg.nrrd")))
            self.assertEqual(mask.sum(), result.mask().sum())
            self.assertIn("square root area", next(Path(folder).glob("*.csv")).read_text(encoding="utf-8"))
            self.assertIn("research use only", next(Path(folder).glob("*.html")).read_text(encoding="utf-8"))
            self.parameters.volume = result.scan
            self.ui.methodComboBox.currentIndex = 1
            with mock.patch("OCTEnFaceSegFace.section_export.asCommandLine", return_value="correspond oct segment") as command:
                self.ui.copyCommandButton.click()
            command.assert_called_once()
        self.ui.copyPythonButton.click()
        import qt

        code = qt.QApplication.clipboard().text()
        scope = {"slicer": slicer}
        exec(code, scope)
        np.testing.assert_array_equal(scope["result"].mask(), result.mask())

    def test_a_dicom_segmentation_needs_a_dicom_scan_and_a_package_that_is_asked_for(self):
        from OCTEnFaceSegFace.scan_nodes import writeFacts
        from Testing.OCTEnFaceSeg.oct_files import write_phantom_opt

        with tempfile.TemporaryDirectory() as folder:
            self.ui.exportFolderPathLineEdit.currentPath = folder
            file = str(write_phantom_opt(Path(folder) / "scan.dcm"))
            volume = self.widget.scan.open(file)
            self.parameters.result = self.widget.logic.segment(volume, method="hypertransmission").segmentation
            questions = []
            choose = mock.patch("qt.QFileDialog.getOpenFileName", return_value=file, create=True)
            ask = mock.patch("slicer.util.confirmOkCancelDisplay", side_effect=lambda text, **options: questions.append(text))
            with choose, ask, mock.patch("slicer.packaging.pip_check", return_value=False):
                self.ui.exportSegButton.click()
            self.assertIn("highdicom", questions[0])
            self.assertIn("highdicom is not installed, as you chose", self.errors[-1])
            writeFacts(volume, {"source": "Heidelberg .vol"})
            self.ui.exportSegButton.click()
            self.assertIn("this scan is not from DICOM", self.errors[-1])
            self.assertEqual([path.name for path in Path(folder).iterdir()], ["scan.dcm"])
