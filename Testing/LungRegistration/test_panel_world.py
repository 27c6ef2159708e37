"""What is written for the child process is what the scene shows: transforms hardened on copies, masks, initial transform."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from Testing.LungRegistration.panel import PanelTestCase, phantom, request

import slicer  # isort: skip


class WorldTest(PanelTestCase):
    def write(self, asked):
        """Options and files that the child process gets: {option: path}."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        arguments = asked.write(Path(folder.name))
        options = {"fixed": arguments[0], "moving": arguments[1]}
        options.update({name: value for name, value in zip(arguments, arguments[1:], strict=False) if name.startswith("--")})
        return options

    def image(self, asked, role):
        return sitk.ReadImage(self.write(asked)[role])

    def test_images_lobes_and_landmarks_are_written_as_they_are(self):
        options = self.write(request(self.choosePhantom()))
        self.assertEqual(sitk.Hash(sitk.ReadImage(options["fixed"])), sitk.Hash(phantom().fixed))
        lobes = sitk.ReadImage(options["--moving-lobes"])
        np.testing.assert_array_equal(sitk.GetArrayFromImage(lobes), sitk.GetArrayFromImage(phantom().moving_lobes))
        points = np.loadtxt(options["--landmarks"], delimiter=",", skiprows=1)
        np.testing.assert_allclose(points[:, :3], phantom().fixed_landmarks_mm, atol=1e-3)
        np.testing.assert_allclose(points[:, 3:], phantom().moving_landmarks_mm, atol=1e-3)

    def test_one_segment_is_a_mask(self):
        pair = self.choosePhantom()
        asked = request(pair)
        asked.fixedMask = (pair.fixedLobes, "left_lower_lobe")
        options = self.write(asked)
        mask = sitk.GetArrayFromImage(sitk.ReadImage(options["--fixed-mask"]))
        np.testing.assert_array_equal(mask, sitk.GetArrayFromImage(phantom().fixed_lobes) == 5)

    def test_a_linear_transform_moves_the_written_image(self):
        pair = self.choosePhantom()
        nodes = self.nodeIDs()
        pair.moving.SetAndObserveTransformNodeID(self.shift(10, 20, 30).GetID())
        moved = self.image(request(pair), "moving")
        np.testing.assert_allclose(np.subtract(moved.GetOrigin(), phantom().moving.GetOrigin()), [-10, -20, 30])
        self.assertEqual(sitk.Hash(moved), sitk.Hash(phantom().moving))
        self.assertEqual(len(self.nodeIDs() - nodes), 1)

    def test_a_turned_image_keeps_its_points_in_space(self):
        pair = self.choosePhantom()
        angle = np.deg2rad(20)
        matrix = np.array(
            [[np.cos(angle), -np.sin(angle), 0, 0], [np.sin(angle), np.cos(angle), 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
        )
        turn = self.shift(0, 0, 0)
        slicer.util.updateTransformMatrixFromArray(turn, matrix)
        pair.moving.SetAndObserveTransformNodeID(turn.GetID())
        moved = self.image(request(pair), "moving")
        corner_ras = np.multiply(phantom().moving.TransformIndexToPhysicalPoint((60, 5, 50)), [-1, -1, 1])
        expected_ras = matrix[:3, :3] @ corner_ras
        np.testing.assert_allclose(
            np.multiply(moved.TransformIndexToPhysicalPoint((60, 5, 50)), [-1, -1, 1]), expected_ras, atol=1e-3
        )

    def test_a_grid_transform_warps_the_written_image(self):
        """What is written is the phantom's moving image as its true motion warps it: close to the fixed image."""
        from CorrespondCoreLib import mrml
        from LungRegistrationLib.geometry.displacement import warp_image

        pair = self.choosePhantom()
        motion = mrml.grid_transform_from_field(phantom().fixed_to_moving_mm, "motion")
        pair.moving.SetAndObserveTransformNodeID(motion.GetID())
        written = self.image(request(pair), "moving")
        expected = warp_image(phantom().moving, phantom().fixed_to_moving_mm, phantom().moving)
        lungs = sitk.GetArrayFromImage(phantom().fixed_mask) > 0
        a, b = (sitk.GetArrayFromImage(image)[lungs].astype(float) for image in (written, expected))
        self.assertGreater(np.corrcoef(a, b)[0, 1], 0.99)
        self.assertEqual(pair.moving.GetTransformNodeID(), motion.GetID())

    def test_the_initial_transform_maps_fixed_to_moving_points(self):
        pair = self.choosePhantom()
        asked = request(pair)
        asked.initialTransform = self.shift(1, 2, 3)  # brings the moving image this far
        initial = sitk.ReadTransform(self.write(asked)["--initial-transform"])
        np.testing.assert_allclose(initial.TransformPoint((0, 0, 0)), [1, 2, -3])

    def test_options_reach_the_command(self):
        asked = request(self.choosePhantom())
        asked.guideByLandmarks, asked.threads, asked.device = True, 2, "cpu"
        options = self.write(asked)
        self.assertIn("--use-landmarks", options)
        self.assertEqual((options["--threads"], options["--device"], options["--preset"]), ("2", "cpu", "fast"))


if __name__ == "__main__":
    unittest.main()
