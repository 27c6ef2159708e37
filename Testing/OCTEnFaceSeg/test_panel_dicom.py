"""The DICOM browser's plugin: scans and fundus images are offered first, and load as the panel reads them."""

import tempfile
from pathlib import Path

import numpy as np
from pydicom.uid import generate_uid

from Testing import host
from Testing.OCTEnFaceSeg import dicom_browser
from Testing.OCTEnFaceSeg.oct_files import opt, save, write_opt, write_photo
from Testing.OCTEnFaceSeg.panel import PanelTestCase

dicom_browser.provide()
host.start(modules=["OCTEnFaceSeg/DICOMOphthalmicTomographyPlugin.py"])
import slicer  # noqa: E402

VALUES = np.random.default_rng(5).integers(0, 255, (5, 24, 30)).astype(np.uint8)
POSITIONS = np.arange(5)[:, None] * np.array([0, 0, 0.12])


class PluginTest(PanelTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="dicom é ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.plugin = slicer.modules.dicomPlugins["DICOMOphthalmicTomographyPlugin"]()

    def test_a_scan_loads_with_its_photograph_from_another_folder_into_its_study(self):
        from OCTEnFaceSegFace.export import dicomFileOf
        from OCTEnFaceSegFace.scan_nodes import folderOf, fundusNodes, layerNodes, scanOf

        uid, lines = generate_uid(), np.array([(30 - 6 * n, 5, 30 - 6 * n, 19.5) for n in range(5)])
        (self.folder / "photo").mkdir()
        write_photo(self.folder / "photo" / "slo.dcm", np.full((40, 40), 60, np.uint8), uid, (0.02, 0.02))
        write_opt(self.folder / "scan.dcm", VALUES, POSITIONS, lines=(uid, lines))
        with dicom_browser.imported(self.folder) as series:
            loadables = self.plugin.examineForImport(series)
            self.assertEqual(sorted(loadable.name for loadable in loadables), ["R OCT scan", "SLO R Fundus image"])
            self.assertTrue(all(loadable.selected and loadable.confidence > 0.7 for loadable in loadables))
            scans = [loadable for loadable in loadables if "OCT" in loadable.name]
            node = self.plugin.load(scans[0])
            self.assertEqual(self.errors, [])
            np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), VALUES)
            folder = folderOf(node)
            self.assertNotEqual(folderOf(self.plugin.load(scans[0])), folder)
            self.assertEqual(Path(dicomFileOf(node)).read_bytes()[:200], (self.folder / "scan.dcm").read_bytes()[:200])
        self.assertEqual((set(fundusNodes(node)), layerNodes(node)), ({"SLO"}, {}))
        np.testing.assert_allclose(scanOf(node).spacing_mm, (0.01, 0.004, 0.12), rtol=1e-6)
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        self.assertEqual(hierarchy.GetItemParent(hierarchy.GetItemByDataNode(fundusNodes(node)["SLO"])), folder)
        self.assertNotEqual(hierarchy.GetItemParent(folder), hierarchy.GetSceneItemID())
        self.assertEqual(folderOf(node), folder, "the second scan of the series took the first one out of its folder")
        self.parameters.volume = node
        self.assertIn("5 B-scans of 30 A-scans", self.ui.scanLabel.text)
        self.assertEqual(self.errors, [])

    def test_files_of_single_b_scans_are_one_scan_and_a_photograph_is_an_image_of_its_own(self):
        from OCTEnFaceSegFace.fundus_nodes import fundusFacts

        one = generate_uid()
        for n in range(5):
            dataset = opt(self.folder / f"b{n}.dcm", VALUES[n : n + 1], POSITIONS[n : n + 1], series=one)
            dataset.InstanceNumber = n + 1
            save(dataset, self.folder / f"b{n}.dcm")
        write_photo(self.folder / "faf.dcm", np.full((40, 60), 60, np.uint8), kind="FAF")
        with dicom_browser.imported(self.folder) as series:
            loadables = {loadable.name.rsplit(" ", 2)[-2]: loadable for loadable in self.plugin.examineForImport(series)}
            self.assertEqual(len(loadables["OCT"].files), 5)
            node = self.plugin.load(loadables["OCT"])
            image = self.plugin.load(loadables["Fundus"])
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), VALUES)
        self.assertEqual(fundusFacts(image), {"kind": "FAF", "metric": False, "eye": "R"})
        self.assertEqual(image.GetImageData().GetDimensions(), (60, 1, 40))

    def test_a_scan_that_cannot_be_used_is_explained_and_leaves_the_scene_alone(self):
        write_opt(self.folder / "uneven.dcm", VALUES, POSITIONS * np.array([0, 0, 1]) + (np.arange(5)[:, None] == 3) * 0.1)
        with dicom_browser.imported(self.folder) as series:
            (loadable,) = self.plugin.examineForImport(series)
            before = self.nodeIDs()
            self.assertFalse(self.plugin.load(loadable))
        self.assertIn("unevenly spaced", self.errors[0])
        self.assertEqual(self.nodeIDs(), before)
