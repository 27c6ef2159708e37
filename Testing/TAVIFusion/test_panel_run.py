"""The fusion panel, clicked: opening runs, their geometry, the model, and what is drawn over the frames."""

import tempfile
from pathlib import Path
from unittest import mock

import numpy as np

from Testing.data import real_data
from Testing.marks import slow
from Testing.TAVIFusion.panel import FRAMES, SIZE, PanelTestCase, arm, runOfTube, tube

import slicer  # isort: skip


class RunTest(PanelTestCase):
    def test_a_run_lies_as_slicers_own_import_lays_it_and_comes_back(self):
        from TAVIFusionFace.run_nodes import browserOf, pixelsToRas, proxyOf, rasToPixels, runOf

        run = self.addRun()
        matrix = slicer.util.vtkMatrixFromArray(np.eye(4))
        proxyOf(run).GetIJKToRASMatrix(matrix)
        np.testing.assert_allclose(slicer.util.arrayFromVTKMatrix(matrix), np.diag([-1.2, -1.2, 1, 1]), atol=1e-9)
        np.testing.assert_array_equal(runOf(run).frames, runOfTube().frames)
        self.assertEqual(runOf(run).geometry, [arm()] * FRAMES)
        self.assertAlmostEqual(browserOf(run).GetPlaybackRateFps(), 15, places=3)
        pixels = np.array([(0.0, 0.0), (12.5, 99.0)])
        np.testing.assert_allclose(rasToPixels(run, pixelsToRas(run, pixels)), pixels, atol=1e-9)
        self.assertIn(f"{FRAMES} frames of {SIZE[0]} x {SIZE[1]} pixels, 15.0 per second", self.ui.runLabel.text)

    @slow
    def test_the_slider_steps_through_the_frames(self):
        from TAVIFusionFace.run_nodes import browserOf, proxyOf

        run = self.addRun()
        self.ui.frameSlider.value = 3
        self.assertEqual(browserOf(run).GetSelectedItemNumber(), 2)
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(proxyOf(run))[0], runOfTube().frames[2])
        browserOf(run).SetSelectedItemNumber(4)
        self.assertEqual(self.ui.frameSlider.value, 5)
        self.ui.playButton.click()
        self.assertTrue(browserOf(run).GetPlaybackActive())
        self.ui.playButton.click()
        self.assertFalse(browserOf(run).GetPlaybackActive())

    @slow
    def test_geometry_survives_saving_the_scene(self):
        from TAVIFusionFace.run_nodes import runOf

        run = self.addRun()
        self.widget.geometry.enter({"isocenter_mm": (1.0, 2.0, 3.0)})
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "run é.mrb")
            self.assertTrue(slicer.util.saveScene(path))
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(path)
        run = self.parameters.run
        self.assertEqual(runOf(run).geometry, [arm(isocenter_mm=(1.0, 2.0, 3.0))] * FRAMES)
        np.testing.assert_array_equal(runOf(run).frames, runOfTube().frames)
        self.assertIn("entered", self.ui.geometryTable.item(6, 1).text())

    def test_a_file_opens_without_the_dicom_database(self):
        from TAVIFusionFace.run_nodes import runOf
        from TAVIFusionLib.formats.writing import write_xa

        with tempfile.TemporaryDirectory() as folder:
            path = write_xa(runOfTube(), Path(folder) / "cine.dcm")
            with mock.patch("qt.QFileDialog.getOpenFileName", return_value=str(path), create=True):
                self.ui.openButton.click()
        self.assertEqual(self.errors, [])
        np.testing.assert_array_equal(runOf(self.parameters.run).frames, runOfTube().frames)
        self.assertEqual(runOf(self.parameters.run).geometry[0], arm(isocenter_mm=(0.0, 0.0, 0.0)))
        self.assertEqual(self.parameters.run.GetName(), "cine")

    @slow
    def test_a_run_of_slicers_own_import_gets_its_geometry_from_the_file(self):
        from TAVIFusionFace.imported_runs import INSTANCES
        from TAVIFusionFace.run_nodes import MARK, runOf

        path = real_data("tavi/phantom_xa/IM5.dcm")
        opened = self.widget.logic.loadRun(path)
        expected = runOf(opened)
        imported = slicer.vtkMRMLSequenceNode()  # as the DICOM module leaves it: volumes with their instance, no geometry
        imported.SetName("imported")
        for index in range(opened.GetNumberOfDataNodes()):
            volume = opened.GetNthDataNode(index)
            volume.SetAttribute(INSTANCES, "1.2.3")
            imported.SetDataNodeAtValue(volume, str(index))
        slicer.mrmlScene.RemoveNode(opened)
        slicer.mrmlScene.AddNode(imported)
        database = mock.Mock()
        database.fileForInstance.return_value = str(path)
        with mock.patch("slicer.dicomDatabase", database, create=True):
            self.widget.run.adoptImported()
        self.assertEqual(self.errors, [])
        self.assertTrue(imported.GetAttribute(MARK))
        self.assertEqual(runOf(imported).geometry, expected.geometry)
        self.assertAlmostEqual(runOf(imported).geometry[0].primary_deg, -26.5, places=1)

    @slow
    def test_a_bad_file_is_explained_and_leaves_the_scene_alone(self):
        before = self.nodeIDs()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "broken.dcm"
            path.write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 50)
            self.assertIsNone(self.widget.run.open(str(path)))
        self.assertEqual(self.nodeIDs(), before)
        self.assertIn("broken.dcm", self.errors[0])


class GeometryTest(PanelTestCase):
    def cell(self, row, column=0):
        return self.ui.geometryTable.item(row, column)

    def test_what_is_missing_is_marked_with_a_suggestion_and_taken_by_a_button(self):
        from TAVIFusionFace.geometry_attributes import geometry

        run = self.widget.run.open(str(real_data("tavi/phantom_xa/IM1.dcm")))
        self.assertEqual(geometry(run)[0].missing, ["pixel_spacing_mm"])
        self.assertEqual(self.cell(4).text(), "")
        self.assertIn("suggested", self.cell(4, 1).text())
        self.assertIn("Pixel size at detector. Suggested: 0.39", self.ui.geometryLabel.text)
        self.assertEqual(self.cell(5).text(), "")
        self.assertFalse(self.ui.carmViewCheckBox.enabled)
        self.screenshot("tavi_missing")
        self.ui.suggestionsButton.click()
        spacing = geometry(run)[0].pixel_spacing_mm
        self.assertAlmostEqual(spacing[0], 0.39, delta=0.02)
        self.assertEqual(self.cell(4, 1).text(), "entered")
        self.assertAlmostEqual(float(self.cell(5).text().split()[0]), spacing[0] * 720 / 860, delta=0.001)
        self.assertEqual(self.ui.geometryLabel.text, "")
        self.assertEqual(self.errors, [])

    @slow
    def test_values_are_edited_for_all_frames_and_nonsense_is_refused(self):
        from TAVIFusionFace.geometry_attributes import geometry, setGeometry

        run = self.addRun()
        setGeometry(run, [arm(primary_deg=20.0 + n) for n in range(FRAMES)])
        self.ui.frameSlider.value = 2
        self.assertEqual(self.cell(0).text(), "21")
        self.assertIn("differs", self.cell(0, 1).text())
        self.cell(0).setText("31")
        self.assertEqual([carm.primary_deg for carm in geometry(run)], [30.0, 31.0, 32.0, 33.0, 34.0])
        self.cell(2).setText("1200")
        self.assertEqual({carm.source_to_detector_mm for carm in geometry(run)}, {1200.0})
        self.assertEqual(self.errors, [])
        self.cell(6).setText("left")
        self.assertIn("3 number", self.errors[-1])
        self.cell(3).setText("2000")
        self.assertIn("Source to isocenter", self.errors[-1])
        self.assertEqual(geometry(run)[0].source_to_isocenter_mm, 750.0)
        self.assertEqual(self.cell(3).text(), "750")

    @slow
    def test_the_isocenter_is_put_at_the_landmarks_or_the_model(self):
        from CorrespondCoreLib import mrml
        from TAVIFusionFace.geometry_attributes import geometry

        run = self.addRun()
        self.assertFalse(self.ui.isocenterButton.enabled)
        self.addModel()
        self.ui.isocenterButton.click()
        np.testing.assert_allclose(geometry(run)[0].isocenter_mm, tube().points_mm.mean(axis=0), atol=0.01)
        self.parameters.landmarks = mrml.markups_from_points(np.array([(1.0, 2, 3), (3.0, 4, 5)]), "root")
        self.ui.isocenterButton.click()
        np.testing.assert_allclose(geometry(run)[0].isocenter_mm, (2, 3, 4), atol=0.01)


class ModelTest(PanelTestCase):
    def test_a_surface_file_has_the_frame_that_the_user_says(self):
        from TAVIFusionFace.model_nodes import meshOf
        from TAVIFusionLib.meshes import read_mesh

        path = real_data("tavi/vmtk_aorta/aorta-surface.stl")
        self.ui.meshFrameComboBox.currentIndex = 1
        with mock.patch("qt.QFileDialog.getOpenFileName", return_value=str(path), create=True):
            self.ui.meshButton.click()
        mesh = meshOf(self.parameters.model)
        np.testing.assert_allclose(mesh.points_mm, read_mesh(path, frame="RAS").points_mm, atol=1e-3)
        np.testing.assert_allclose(mesh.points_mm * (-1, -1, 1), read_mesh(path, frame="LPS").points_mm, atol=1e-3)
        self.assertIn("triangles", self.ui.modelLabel.text)
        self.addRun()
        self.assertIn("outside the beam", self.ui.modelLabel.text)

    @slow
    def test_the_cta_tells_that_a_surface_was_opened_in_the_wrong_frame(self):
        surface = str(real_data("tavi/vmtk_aorta/aorta-surface.stl"))
        self.parameters.cta = slicer.util.loadVolume(str(real_data("tavi/vmtk_aorta/aorta.mha")))
        self.widget.model.openFile(surface)
        self.assertIn("fits better with its x and y negated", self.ui.modelLabel.text)
        self.ui.meshFrameComboBox.currentIndex = 1
        self.widget.model.openFile(surface)
        self.assertNotIn("negated", self.ui.modelLabel.text)

    @slow
    def test_a_segment_becomes_a_model_in_its_place(self):
        from TAVIFusionFace.model_nodes import meshOf

        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
        slicer.util.updateVolumeFromArray(volume, np.zeros((20, 30, 40), np.int16))
        volume.SetOrigin(100, 50, -20)
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "segmentation")
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        segment = segmentation.GetSegmentation().AddEmptySegment("aorta", "aorta")
        labels = np.zeros((20, 30, 40), np.uint8)
        labels[5:15, 8:20, 10:30] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(labels, segmentation, segment, volume)
        self.ui.segmentSelector.setCurrentNode(segmentation)
        self.ui.segmentSelector.setCurrentSegmentID("aorta")
        self.ui.takeSegmentButton.click()
        self.assertEqual(self.errors, [])
        mesh = meshOf(self.parameters.model)
        middle = (mesh.points_mm.max(axis=0) + mesh.points_mm.min(axis=0)) / 2
        np.testing.assert_allclose(middle, (-119.5, -63.5, -10.5), atol=0.6)

    @slow
    def test_other_transforms_belong_to_the_plan_and_the_pose_does_not(self):
        from TAVIFusionFace.model_nodes import meshOf, poseNode, poseOf, setPose
        from TAVIFusionLib.pose import Pose

        model = self.addModel()
        shift = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
        matrix = np.eye(4)
        matrix[:3, 3] = (10, 20, 30)
        shift.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
        pose = poseNode(model)
        model.SetAndObserveTransformNodeID(shift.GetID())
        shift.SetAndObserveTransformNodeID(pose.GetID())
        setPose(pose, Pose((0, 0, 30), (5, 6, 7), (1, 2, 3)))
        np.testing.assert_allclose(meshOf(model).points_mm, tube().points_mm + (-10, -20, 30), atol=1e-3)
        np.testing.assert_allclose(poseOf(pose).rotation_deg, (0, 0, 30), atol=1e-6)
        np.testing.assert_allclose(poseOf(pose).translation_mm, (5, 6, 7), atol=1e-6)
        self.assertIs(poseNode(model), pose)
