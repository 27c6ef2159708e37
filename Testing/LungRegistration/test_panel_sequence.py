"""A 4DCT of three phases, registered to one of them: sequences, curves, and a scene that stays whole."""

import atexit
import functools
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import CorrespondError, InputError
from LungRegistrationLib.formats.landmarks import write_landmarks
from Testing import host
from Testing.LungRegistration.cohort_examples import QUICK
from Testing.LungRegistration.panel import PanelTestCase
from Testing.marks import slow

import slicer  # isort: skip
import vtk  # isort: skip

REFERENCE = 1
PHASES = {"0": "half way", "50": "inspiration", "80": "expiration"}


@functools.cache
def phantoms():
    """The same lungs with half and with the whole motion; fixed is inspiration."""
    from LungRegistrationLib.phantom import breathing_phantom

    return [breathing_phantom(size=(40, 40, 40), motion_mm=motion, landmarks=20) for motion in (22, 45)]


def addSequence(name, nodes):
    """A sequence of nodes at the phases, with a browser."""
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.SetIndexName("phase")
    sequence.SetIndexUnit("%")
    for value, node in zip(PHASES, nodes, strict=True):
        sequence.SetDataNodeAtValue(node, value)
    return sequence


def addPhases():
    """The sequence of volumes, in a browser as Slicer makes it when a 4DCT is loaded."""
    half, whole = phantoms()
    images = (half.moving, whole.fixed, whole.moving)
    volumes = [mrml.volume_from_image(image, node=slicer.vtkMRMLScalarVolumeNode()) for image in images]
    sequence = addSequence("4DCT", volumes)
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "4DCT browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    return sequence, browser


def addLandmarks():
    half, whole = phantoms()
    places = (half.moving_landmarks_mm, whole.fixed_landmarks_mm, whole.moving_landmarks_mm)
    return addSequence("Points", [mrml.markups_from_points(mm, node=slicer.vtkMRMLMarkupsFiducialNode()) for mm in places])


def label_sides(lobes):
    """The right lung as 1 and the left one as 2."""
    from LungRegistrationLib.phantoms.anatomy import LOBES

    values = sitk.GetArrayFromImage(lobes)
    right = [label for label, name in LOBES.items() if name.startswith("right")]
    sides = sitk.GetImageFromArray(np.where(np.isin(values, right), 1, 2 * (values > 0)).astype(np.uint8))
    sides.CopyInformation(lobes)
    return sides


def addLungs(sequence):
    """Two segments on the reference phase: right and left lung."""
    values = sitk.GetArrayFromImage(label_sides(phantoms()[1].fixed_lobes))
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Lungs")
    volume = sequence.GetNthDataNode(REFERENCE)
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for label, name in ((1, "Right lung"), (2, "Left lung")):
        segmentID = node.GetSegmentation().AddEmptySegment(name, name)
        slicer.util.updateSegmentBinaryLabelmapFromArray((values == label).astype(np.uint8), node, segmentID, volume)
    return node


def options(**more):
    return {"reference": REFERENCE, "preset": "fast", "settings": QUICK, "device": "cpu", **more}


@functools.cache
def registered():
    """Output folder of a cohort whose registrations are perfect: the true motion, judged and written as a registration is."""
    from LungRegistrationLib.formats.outputs import write_field, write_image
    from LungRegistrationLib.formats.pair_files import Files
    from LungRegistrationLib.run import evaluate_files

    folder = Path(tempfile.mkdtemp(prefix="Correspond sequence "))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    whole = phantoms()[1]
    write_image(whole.fixed, folder / "fixed.nrrd")
    write_image(label_sides(whole.fixed_lobes), folder / "lobes.nrrd")
    for item, phantom in zip((0, 2), phantoms(), strict=True):
        pair, results = folder / f"pair{item}", folder / f"phase_{item:03d}"
        pair.mkdir()
        results.mkdir()
        write_image(phantom.moving, pair / "moving.nrrd")
        write_landmarks(pair / "landmarks.csv", phantom.fixed_landmarks_mm, phantom.moving_landmarks_mm)
        write_field(phantom.fixed_to_moving_mm, results / "fixed_to_moving.nrrd")
        files = Files(folder / "fixed.nrrd", pair / "moving.nrrd", fixed_lobes=folder / "lobes.nrrd")
        files.landmarks = pair / "landmarks.csv"
        evaluate_files(results / "fixed_to_moving.nrrd", files, results)
    return folder


class SequenceTest(PanelTestCase):
    def load(self, landmarks=True, lungs=True):
        """The registered phases in the scene: (sequence, browser, SequenceResult)."""
        from LungRegistrationFace.sequence_loading import loadSequence
        from LungRegistrationFace.sequence_request import SequenceRequest

        folder = registered()
        sequence, browser = addPhases()
        request = SequenceRequest(sequence, landmarks=addLandmarks() if landmarks else None, reference=REFERENCE)
        request.lungs = addLungs(sequence) if lungs else None
        return sequence, browser, loadSequence(folder, request)

    def columns(self, table):
        from LungRegistrationFace.tables import tableColumns

        return tableColumns(table)

    def check_phases(self, browser, result, part):
        """The browser moves all; points of the shown phase land on the reference under the transform's proxy, but for `part` of
        their distance."""
        half, whole = phantoms()
        moving = (half.moving_landmarks_mm, whole.fixed_landmarks_mm, whole.moving_landmarks_mm)
        transform = browser.GetProxyNode(result.transforms)
        warped, jacobian = (browser.GetProxyNode(node) for node in (result.warped, result.jacobian))
        for item, points_mm in enumerate(moving):
            browser.SetSelectedItemNumber(item)
            toPhase = vtk.vtkGeneralTransform()
            transform.GetTransformFromWorld(toPhase)
            lps = (-1, -1, 1)
            mapped = np.array([toPhase.TransformPoint(p) for p in whole.fixed_landmarks_mm * lps]) * lps
            errors = np.linalg.norm(mapped - points_mm, axis=1)
            before = np.linalg.norm(whole.fixed_landmarks_mm - points_mm, axis=1)
            self.assertLess(errors.mean(), part * before.mean() + 1e-3)
            followed = slicer.util.arrayFromMarkupsControlPoints(browser.GetProxyNode(result.landmarks)) * lps
            np.testing.assert_allclose(followed, mapped, atol=0.05)
            if item == REFERENCE:
                np.testing.assert_array_equal(slicer.util.arrayFromVolume(jacobian), 1)
                np.testing.assert_array_equal(slicer.util.arrayFromVolume(warped), sitk.GetArrayFromImage(whole.fixed))
            else:
                self.assertLess(slicer.util.arrayFromVolume(jacobian).mean(), 0.999)

    def test_results_go_with_the_phases(self):
        _sequence, browser, result = self.load()
        self.check_phases(browser, result, 0.1)
        for node in (result.transforms, result.warped, result.jacobian, result.landmarks):
            self.assertEqual([node.GetNthIndexValue(i) for i in range(3)], [*PHASES])
            self.assertEqual(node.GetIndexUnit(), "%")
            self.assertEqual(node.GetAttribute("Correspond.Method"), "external")

    def test_curves_of_volume_and_landmarks(self):
        _sequence, _browser, result = self.load()
        volumes = self.columns(result.volumeTable)
        self.assertEqual(volumes["Phase"], ["0 %", "50 %", "80 %"])
        self.assertEqual(volumes["phase (%)"], [0, 50, 80])
        true = [
            (sitk.GetArrayFromImage(m) > 0).sum() * np.prod(m.GetSpacing()) / 1000 for m in (p.moving_mask for p in phantoms())
        ]
        self.assertAlmostEqual(volumes["Lung (mL)"][0] / true[0], 1, delta=0.03)
        self.assertAlmostEqual(volumes["Lung (mL)"][2] / true[1], 1, delta=0.03)
        self.assertEqual(volumes["Lung change (%)"][REFERENCE], 0)
        self.assertLess(volumes["Lung change (%)"][2], volumes["Lung change (%)"][0])
        sides = np.add(volumes["Right lung (mL)"], volumes["Left lung (mL)"])
        np.testing.assert_allclose(sides, volumes["Lung (mL)"], rtol=0.01)
        self.assertGreater(volumes["Ventilation (%)"][2], volumes["Ventilation (%)"][0])
        landmarks = self.columns(result.landmarkTable)
        whole = phantoms()[1]
        before = np.linalg.norm(whole.fixed_landmarks_mm - whole.moving_landmarks_mm, axis=1).mean()
        self.assertAlmostEqual(landmarks["Error before (mm)"][2], before, places=2)
        self.assertLess(landmarks["Error after (mm)"][2], 0.1 * before)
        self.assertEqual(landmarks["Mean motion (mm)"][REFERENCE], 0)
        self.assertGreater(landmarks["Largest motion (mm)"][2], landmarks["Mean motion (mm)"][2])
        trajectories = self.columns(result.trajectoryTable)
        self.assertEqual(len(trajectories["Landmark"]), 3 * len(whole.fixed_landmarks_mm))
        for chart, count in ((result.volumeChart, 3), (result.landmarkChart, 3)):
            self.assertEqual(chart.GetNumberOfPlotSeriesNodes(), count)

    def test_one_list_on_the_reference_phase_is_followed(self):
        from LungRegistrationFace.sequence_loading import loadSequence
        from LungRegistrationFace.sequence_request import SequenceRequest

        folder = registered()
        sequence, _browser = addPhases()
        points = mrml.markups_from_points(phantoms()[1].fixed_landmarks_mm, "Reference points")
        result = loadSequence(folder, SequenceRequest(sequence, REFERENCE, points))
        self.assertGreater(self.columns(result.landmarkTable)["Mean motion (mm)"][2], 5)
        self.assertEqual(result.landmarks.GetNumberOfDataNodes(), 3)

    def test_everything_lies_in_one_folder(self):
        _sequence, browser, result = self.load(landmarks=False, lungs=False)
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        self.assertEqual(hierarchy.GetItemName(result.folder), "4DCT to 50 %")
        nodes = [result.transforms, result.warped, result.jacobian, result.volumeTable, result.volumeChart]
        nodes += [browser.GetProxyNode(node) for node in nodes[:3]]
        for node in nodes:
            self.assertEqual(hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)), result.folder, node.GetName())
        self.assertIsNone(result.landmarkTable)

    def test_results_that_cannot_be_loaded_leave_no_trace(self):
        from LungRegistrationFace.sequence_loading import loadSequence
        from LungRegistrationFace.sequence_request import SequenceRequest

        folder = registered()
        sequence, browser = addPhases()
        before = self.nodeIDs()
        broken = mock.patch("LungRegistrationFace.sequence_loading.showAsVolumeChange", side_effect=ValueError("broken"))
        with broken, self.assertRaises(ValueError):
            loadSequence(folder, SequenceRequest(sequence, REFERENCE))
        left = {i for i in self.nodeIDs() - before if "SubjectHierarchy" not in i and "ColorTable" not in i}
        self.assertEqual({slicer.mrmlScene.GetNodeByID(i).GetName() for i in left}, set())
        self.assertEqual(browser.GetNumberOfSynchronizedSequenceNodes(), 0)

    def test_a_phase_that_fails_leaves_the_scene_as_it_was(self):
        from LungRegistration import LungRegistrationLogic

        sequence, _browser = addPhases()
        sequence.RemoveDataNodeAtValue("50")
        sequence.GetNthDataNode(1).SetOrigin(9000, 0, 0)
        before = self.nodeIDs()
        with self.assertRaisesRegex(CorrespondError, "Nothing was changed.*\nphase_001: The two volumes do not overlap"):
            LungRegistrationLogic().registerSequence(sequence, **options(reference=0))
        self.assertEqual(self.nodeIDs(), before)

    def test_what_cannot_be_registered_is_said(self):
        from LungRegistrationFace.sequence_request import SequenceRequest

        sequence, browser = addPhases()
        points = addLandmarks()
        lone = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "lone")
        empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "none")
        unsegmented = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "no lungs")
        for request, message in (
            (SequenceRequest(), "Choose a sequence"),
            (SequenceRequest(lone), "fewer than two phases"),
            (SequenceRequest(points), "does not hold volumes"),
            (SequenceRequest(sequence, 3), "has no phase 3"),
            (SequenceRequest(sequence, landmarks=empty), "no point on the reference phase"),
            (SequenceRequest(sequence, landmarks=sequence), "does not hold point lists"),
            (SequenceRequest(sequence, lungs=unsegmented), "segmentation of the lungs is empty"),
        ):
            with self.assertRaisesRegex(InputError, message):
                request.check()
        SequenceRequest(sequence, landmarks=points).check()
        browser.GetProxyNode(sequence).SetAndObserveTransformNodeID(self.shift(1, 2, 3).GetID())
        self.assertRegex(SequenceRequest(sequence).missing(), "is under a transform")

    def choose(self):
        """The sequence, chosen in the panel, with quick settings."""
        sequence, browser = addPhases()
        self.ui.sequenceCollapsibleButton.collapsed = False
        self.ui.sequenceSelector.setCurrentNode(sequence)
        self.ui.sequenceLandmarksSelector.setCurrentNode(addLandmarks())
        self.ui.sequenceLungsSelector.setCurrentNode(addLungs(sequence))
        self.ui.sequenceReferenceComboBox.setCurrentIndex(REFERENCE)
        asked = self.widget.sequence.request

        def quicker():
            request = asked()
            request.settings, request.preset, request.device = QUICK, "fast", "cpu"
            return request

        quick = mock.patch.object(self.widget.sequence, "request", quicker)
        quick.start()
        self.addCleanup(quick.stop)
        return sequence, browser

    def test_the_panel_offers_the_phases_and_cancel_leaves_the_scene_as_it_was(self):
        self.assertFalse(self.ui.sequenceApplyButton.enabled)
        self.assertRegex(self.ui.sequenceApplyButton.toolTip, "Choose a sequence")
        self.choose()
        box = self.ui.sequenceReferenceComboBox
        self.assertEqual([box.itemText(i) for i in range(box.count)], ["0 %", "50 %", "80 %"])
        self.assertEqual(self.parameters.sequenceReference, REFERENCE)
        self.assertTrue(self.ui.sequenceApplyButton.enabled, self.ui.sequenceApplyButton.toolTip)
        before = self.nodeIDs()
        self.ui.sequenceApplyButton.click()
        self.assertTrue(self.widget.run.running, self.errors)
        self.assertFalse(self.ui.sequenceApplyButton.enabled)
        host.wait(lambda: "phase_000" in self.ui.statusLabel.text or not self.widget.run.running, 120)
        self.assertTrue(self.widget.run.running, self.errors)
        self.assertRegex(self.ui.sequenceStatusLabel.text, "phase_000")
        self.ui.sequenceCancelButton.click()
        self.waitUntilDone(30)
        self.assertFalse(self.ui.sequenceCancelButton.enabled)
        self.assertEqual(self.nodeIDs(), before)
        self.assertEqual(self.errors, [])
        self.assertRegex(self.ui.statusLabel.text, "Cancelled")
        self.assertTrue(self.ui.sequenceApplyButton.enabled)

    @slow
    def test_apply_registers_all_phases(self):
        _sequence, browser = self.choose()
        self.ui.sequenceApplyButton.click()
        self.waitUntilDone(600)
        self.assertEqual(self.errors, [])
        self.assertRegex(self.ui.statusLabel.text, "Done. .*4DCT to 50 %")
        result = self.widget.sequence.result
        self.assertTrue(self.ui.sequenceVolumeChartButton.enabled)
        self.assertEqual(browser.GetNumberOfSynchronizedSequenceNodes(), 4)
        self.ui.sequenceVolumeChartButton.click()
        for section in ("inputs", "method", "outputs", "inspect"):
            getattr(self.ui, f"{section}CollapsibleButton").collapsed = True
        browser.SetSelectedItemNumber(2)
        self.screenshot("sequence")
        self.ui.sequenceLandmarkChartButton.click()
        self.screenshot("sequence_landmarks")
        self.check_phases(browser, result, 0.7)
        for node in (result.transforms, browser.GetProxyNode(result.warped)):
            self.assertEqual(node.GetAttribute("Correspond.Method"), "search")
        slicer.mrmlScene.Clear()
        self.assertFalse(self.ui.sequenceVolumeChartButton.enabled)


if __name__ == "__main__":
    unittest.main()
