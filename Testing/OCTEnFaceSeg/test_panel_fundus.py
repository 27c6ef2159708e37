"""The section of a fundus image of another device, clicked: marked, registered, undone; another eye's image is refused."""

import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from Testing.OCTEnFaceSeg.fundus_examples import another_device
from Testing.OCTEnFaceSeg.oct_files import write_photo
from Testing.OCTEnFaceSeg.panel import PanelTestCase, eye

import slicer  # isort: skip

PIXEL_MM = 0.015


class FundusTest(PanelTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fundus é ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.volume = self.addEye()
        self.parameters.volume = self.volume
        self.ui.fundusCollapsibleButton.collapsed = False
        self.addCleanup(lambda: setattr(self.ui.fundusCollapsibleButton, "collapsed", True))

    def opened(self, fundus, metric=True, **options):
        """An image of another device as a DICOM file, opened by the panel: its node, and the map to what it shows."""
        image, there = another_device(fundus, pixel_mm=PIXEL_MM)
        values = np.flipud((255 * sitk.GetArrayFromImage(image)[:, 0] / sitk.GetArrayViewFromImage(image).max()).astype(np.uint8))
        spacing = (PIXEL_MM, PIXEL_MM) if metric else None
        options = {"eye": eye().scan.eye, "kind": "FAF", **options}
        path = write_photo(self.folder / "image.dcm", np.ascontiguousarray(values), spacing=spacing, **options)
        return self.widget.fundus.open(str(path)), there

    def test_vessels_bring_an_image_into_register_and_undo_takes_it_out(self):
        from OCTEnFaceSegFace.scan_nodes import fundusNodes, scanOf
        from OCTEnFaceSegLib.enface_plane import plane_image, plane_map, resampled

        node, _there = self.opened(eye().scan.fundus["FAF"])
        self.assertEqual(self.parameters.fundus.GetName(), node.GetName())
        self.assertIn("in no register", self.ui.fundusResultLabel.text)
        self.assertFalse(self.ui.registerPointsButton.enabled)
        self.ui.registerVesselsButton.click()
        self.assertEqual(self.errors, [])
        self.assertRegex(self.ui.fundusResultLabel.text, r"By vessels: correlation 0\.\d\d.* µm</b> .*Turned by")
        self.assertIsNotNone(slicer.mrmlScene.GetFirstNodeByName("Registration (image)"))
        self.assertIn("FAF of another device", fundusNodes(self.volume))
        self.assertEqual(self.ui.backgroundComboBox.currentText, "FAF of another device")
        self.screenshot("oct_fundus")
        scan = scanOf(self.volume)
        grid = plane_map(scan, np.zeros(scan.enface_shape))
        own, other = (resampled(plane_image(scan.fundus[kind]), grid) for kind in ("FAF", "FAF of another device"))
        known = np.isfinite(own) & np.isfinite(other)
        self.assertGreater(known.mean(), 0.8)
        self.assertGreater(np.corrcoef(own[known], other[known])[0, 1], 0.9)
        self.ui.undoFundusButton.click()
        self.assertIsNone(node.GetParentTransformNode())
        self.assertEqual(set(fundusNodes(self.volume)), {"SLO", "FAF"})
        self.assertIsNone(slicer.mrmlScene.GetFirstNodeByName("Registration (image)"))
        self.assertIn("in no register", self.ui.fundusResultLabel.text)

    def test_points_are_marked_in_two_views_and_tell_what_is_left(self):
        from OCTEnFaceSegFace.fundus_registration import leftUm, pointsNode

        node, there = self.opened(eye().scan.fundus["SLO"], metric=False)
        node.SetSpacing(*(np.array(node.GetSpacing()) * (PIXEL_MM / node.GetSpacing()[0], 1, PIXEL_MM / node.GetSpacing()[2])))
        self.ui.markScanButton.click()
        self.assertCountEqual(slicer.app.layoutManager().sliceViewNames(), ["Green", "Yellow", "Red"])
        self.ui.markFundusButton.click()
        bounds = np.zeros(6)
        node.GetRASBounds(bounds)
        middle = bounds.reshape(3, 2).mean(axis=1)
        places = np.array([(-1.5, -1.2), (1.4, -1.3), (0.2, 1.5), (1.5, 1.1)])
        clicks = np.random.default_rng(4).normal(0, 0.03, places.shape)
        for n, (x, z) in enumerate(places):
            pointsNode(node, "scan").AddControlPointWorld(-x, middle[1], z)
            fx, fz = np.array(there.TransformPoint((float(x), float(z)))) + clicks[n] + (-middle[0], middle[2])
            pointsNode(node, "fundus").AddControlPointWorld(-fx, middle[1], fz)
        self.assertIn("4 points on the scan, 4 on the image", self.ui.fundusPairsLabel.text)
        self.screenshot("oct_fundus_points")
        self.ui.registerPointsButton.click()
        self.assertEqual(self.errors, [])
        left = leftUm(node)
        self.assertTrue(0 < left.max() < 150)
        self.assertIn(f"4 pairs are <b>{np.sqrt((left**2).mean()):.0f} µm</b> apart", self.ui.fundusResultLabel.text)
        onScan, onFundus = (
            slicer.util.arrayFromMarkupsControlPoints(pointsNode(node, w), world=True) for w in ("scan", "fundus")
        )
        self.assertAlmostEqual(1000 * np.linalg.norm((onScan - onFundus)[:, [0, 2]], axis=1).max(), left.max(), delta=1)
        self.ui.forgetPointsButton.click()
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode"), 0)

    def test_an_image_of_another_eye_stays_where_it_was(self):
        node, _there = self.opened(eye().scan.fundus["SLO"], eye="L" if eye().scan.eye == "R" else "R")
        self.ui.registerVesselsButton.click()
        self.assertRegex(self.errors[0], "The fundus image shows the (left|right) eye, the scan the")
        self.assertIsNone(node.GetParentTransformNode())
        self.assertIn("in no register", self.ui.fundusResultLabel.text)
