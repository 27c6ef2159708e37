"""The Inputs section: Apply works only when it can, and says what is missing; masks, landmarks, swap, import."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

from Testing.LungRegistration.panel import PanelTestCase

import slicer  # isort: skip


class InputsTest(PanelTestCase):
    def volume(self, name, shape=(10, 11, 12)):
        return slicer.util.addVolumeFromArray(np.arange(np.prod(shape), dtype=np.int16).reshape(shape), name=name)

    def landmarks(self, labels, name="points"):
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
        for i, label in enumerate(labels):
            node.AddControlPoint([i, 2 * i, 3 * i], label)
        return node

    def chooseVolumes(self):
        self.parameters.fixedVolume, self.parameters.movingVolume = self.volume("inspiration"), self.volume("expiration")

    def assertMissing(self, pattern):
        self.assertFalse(self.ui.applyButton.enabled)
        self.assertRegex(self.ui.applyButton.toolTip, pattern)

    def test_apply_waits_for_two_different_images(self):
        self.assertMissing("Choose the fixed image")
        a, b = self.volume("a"), self.volume("b")
        self.ui.fixedVolumeSelector.setCurrentNode(a)
        self.assertMissing("Choose the moving image")
        self.ui.movingVolumeSelector.setCurrentNode(a)
        self.assertMissing("same volume")
        self.ui.movingVolumeSelector.setCurrentNode(b)
        self.assertTrue(self.ui.applyButton.enabled, self.ui.applyButton.toolTip)

    def test_the_only_two_volumes_are_chosen_on_entering(self):
        a, b = self.volume("a"), self.volume("b")
        slicer.util.selectModule("CorrespondCore")
        slicer.util.selectModule("LungRegistration")
        self.assertIs(self.ui.fixedVolumeSelector.currentNode(), a)
        self.assertIs(self.ui.movingVolumeSelector.currentNode(), b)

    def test_an_empty_volume_is_refused(self):
        self.chooseVolumes()
        self.parameters.movingVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "nothing")
        self.assertMissing("moving image 'nothing' has no voxels")

    def test_an_empty_segmentation_is_refused(self):
        self.chooseVolumes()
        self.parameters.fixedMaskSegmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "lungs")
        self.assertMissing("segmentation of the fixed lungs is empty")

    def test_a_segment_drawn_later_is_noticed(self):
        self.chooseVolumes()
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "lungs")
        self.parameters.fixedMaskSegmentation = segmentation
        segmentation.GetSegmentation().AddEmptySegment("lungs")
        self.assertTrue(self.ui.applyButton.enabled)

    def test_landmarks_come_in_two_lists(self):
        self.chooseVolumes()
        self.parameters.fixedLandmarks = self.landmarks("abc")
        self.assertMissing("landmark lists for both")
        self.parameters.movingLandmarks = self.parameters.fixedLandmarks
        self.assertMissing("same list")
        self.parameters.movingLandmarks = self.landmarks("cab")
        self.assertTrue(self.ui.applyButton.enabled)
        self.assertEqual(self.ui.landmarkCheckLabel.text, "3 pairs, matched by label.")

    def test_guiding_needs_landmarks(self):
        self.chooseVolumes()
        self.ui.landmarksGroupBox.collapsed = False
        self.ui.guideByLandmarksCheckBox.click()
        self.assertMissing("landmark lists that shall guide")

    def test_labels_that_match_only_in_part(self):
        self.chooseVolumes()
        self.parameters.fixedLandmarks, self.parameters.movingLandmarks = self.landmarks("abc"), self.landmarks("bcde")
        self.assertEqual(self.ui.landmarkCheckLabel.text, "2 pairs, matched by label. 3 points have no partner and are left out.")
        self.ui.landmarkMatchingComboBox.currentText = "Order in the list"
        self.assertMissing("3 and 4 points")

    def test_a_repeated_label_is_refused(self):
        self.chooseVolumes()
        self.parameters.fixedLandmarks, self.parameters.movingLandmarks = self.landmarks("aab"), self.landmarks("abc")
        self.assertMissing("'a' stands more than once")
        self.ui.landmarkMatchingComboBox.currentText = "Order in the list"
        self.assertTrue(self.ui.applyButton.enabled)

    def test_one_landmark_is_too_few_and_adding_one_is_noticed(self):
        self.chooseVolumes()
        fixed, moving = self.landmarks("a"), self.landmarks("ab")
        self.parameters.fixedLandmarks, self.parameters.movingLandmarks = fixed, moving
        self.assertMissing("only one landmark pair")
        fixed.AddControlPoint([1, 2, 3], "b")
        self.assertTrue(self.ui.applyButton.enabled)

    def test_pairs_by_label_are_the_same_points(self):
        from LungRegistrationFace.landmark_pairs import pairLandmarks

        pairs = pairLandmarks(self.landmarks("abc"), self.landmarks("cab"))
        np.testing.assert_allclose(pairs.fixed_mm, [[0, 0, 0], [-1, -2, 3], [-2, -4, 6]])
        np.testing.assert_allclose(pairs.moving_mm, [[-1, -2, 3], [-2, -4, 6], [0, 0, 0]])

    def test_segments_are_chosen_by_hand_and_by_the_parameter_node(self):
        pair = self.choosePhantom()
        segments, box = pair.fixedLobes.GetSegmentation(), self.ui.fixedMaskSegmentComboBox
        self.assertIs(self.ui.fixedMaskSelector.currentNode(), pair.fixedLobes)
        self.assertEqual([box.currentText, box.count], ["All segments", 1 + segments.GetNumberOfSegments()])
        segment = segments.GetNthSegmentID(2)
        box.setCurrentIndex(3)
        self.assertEqual(self.parameters.fixedMaskSegmentID, segment)
        segments.GetNthSegment(0).SetName("Upper lobe")
        self.assertEqual((box.itemText(1), box.currentIndex), ("Upper lobe", 3))
        segments.RemoveSegment(segment)
        self.assertEqual((self.parameters.fixedMaskSegmentID, box.currentText), ("", "All segments"))
        self.parameters.fixedMaskSegmentation = None
        self.assertIsNone(self.ui.fixedMaskSelector.currentNode())
        self.assertFalse(box.enabled)

    def test_another_segmentation_starts_with_all_of_its_segments(self):
        pair = self.choosePhantom()
        self.ui.fixedMaskSegmentComboBox.setCurrentIndex(2)
        other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        for name in ("left lung", "right lung"):
            other.GetSegmentation().AddEmptySegment(name, name)
        self.ui.fixedMaskSelector.setCurrentNode(other)
        self.assertEqual((self.parameters.fixedMaskSegmentID, self.ui.fixedMaskSegmentComboBox.count), ("", 3))
        self.assertIs(self.parameters.movingMaskSegmentation, pair.movingLobes)

    def test_coming_back_to_the_module_changes_no_choice(self):
        self.choosePhantom()
        self.ui.presetComboBox.setCurrentIndex(2)
        chosen, bound = self.parameters.preset, self.widget._parameterNode
        self.widget.exit()
        self.widget.enter()
        self.assertEqual(self.ui.presetComboBox.currentIndex, 2)
        self.ui.presetComboBox.setCurrentIndex(0)
        self.assertNotEqual(self.parameters.preset, chosen)
        self.assertIs(self.widget._parameterNode, bound, "bound twice, every widget would be heard twice")

    def test_swap_exchanges_everything(self):
        pair = self.choosePhantom()
        self.ui.swapButton.click()
        self.assertIs(self.ui.fixedVolumeSelector.currentNode(), pair.moving)
        self.assertIs(self.ui.movingLandmarksSelector.currentNode(), pair.fixedLandmarks)
        self.assertIs(self.ui.movingMaskSelector.currentNode(), pair.fixedLobes)

    def test_dirlab_text_is_imported_in_the_frame_of_the_image(self):
        self.chooseVolumes()
        volume = self.parameters.fixedVolume
        volume.SetSpacing(2, 3, 4)
        volume.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "copd1 é.txt"
            file.write_text("1\t1\t10\n3\t2\t1\n")
            self.ui.landmarkFilePathLineEdit.currentPath = str(file.with_name("absent.txt"))
            self.assertFalse(self.ui.importFixedLandmarksButton.enabled)
            self.ui.landmarkFilePathLineEdit.currentPath = str(file)
            self.ui.landmarksGroupBox.collapsed = False
            self.ui.importFixedLandmarksButton.click()
        self.assertEqual(self.errors, [])
        node = self.ui.fixedLandmarksSelector.currentNode()
        points = slicer.util.arrayFromMarkupsControlPoints(node)
        # voxel numbers count from 1, and slices from the top: slice 10 of 10 is the lowest
        np.testing.assert_allclose(points, [[0, 0, 0], [-4, -3, 36]])

    def test_a_file_without_voxel_numbers_is_refused(self):
        self.chooseVolumes()
        before = self.nodeIDs()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "notes.txt"
            file.write_text("these are not landmarks\n")
            self.ui.landmarkFilePathLineEdit.currentPath = str(file)
            self.ui.landmarksGroupBox.collapsed = False
            self.ui.importMovingLandmarksButton.click()
        self.assertRegex(self.errors[0], "notes.txt is no DIR-Lab landmark file")
        self.assertEqual(self.nodeIDs(), before)

    def test_closing_the_scene_empties_the_panel(self):
        self.choosePhantom()
        slicer.mrmlScene.Clear()
        self.assertIsNone(self.ui.fixedVolumeSelector.currentNode())
        self.assertMissing("Choose the fixed image")

    def test_deleting_an_input_is_noticed(self):
        self.chooseVolumes()
        slicer.mrmlScene.RemoveNode(self.parameters.movingVolume)
        self.assertMissing("Choose the moving image")


if __name__ == "__main__":
    unittest.main()
