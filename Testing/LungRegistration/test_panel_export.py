"""The Export section: files that other programs read, and the registration as a command or as Python."""

import csv
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import SimpleITK as sitk

from Testing.LungRegistration.panel import PanelTestCase, phantom, request, resultFolder

import qt  # isort: skip
import slicer  # isort: skip


class ExportTest(PanelTestCase):
    def setUp(self):
        super().setUp()
        self.pair, self.result = self.showResult()
        self.ui.exportCollapsibleButton.collapsed = False
        folder = tempfile.TemporaryDirectory(prefix="export é ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.ui.exportFolderPathLineEdit.currentPath = folder.name

    def written(self, pattern):
        self.assertEqual(self.errors, [])
        (path,) = self.folder.glob(pattern)
        self.assertIn(path.name, self.ui.exportStatusLabel.text)
        return path

    def assertTakesFixedToMoving(self, transform):
        """The exported transform takes the phantom's fixed landmarks where the registration's field takes them."""
        from LungRegistrationLib.geometry.displacement import transform_points

        field = sitk.ReadImage(str(resultFolder() / "fixed_to_moving.nrrd"))
        points = phantom().fixed_landmarks_mm[:50]
        mapped = [transform.TransformPoint(point) for point in points.tolist()]
        np.testing.assert_allclose(mapped, transform_points(field, points), atol=0.05)

    def test_itk_transform(self):
        self.ui.exportH5Button.click()
        self.assertTakesFixedToMoving(sitk.ReadTransform(str(self.written("*.h5"))))

    def test_displacement_field(self):
        self.ui.exportNrrdButton.click()
        field = sitk.ReadImage(str(self.written("*.nrrd")), sitk.sitkVectorFloat64)
        self.assertTakesFixedToMoving(sitk.DisplacementFieldTransform(field))

    def test_tables(self):
        self.ui.exportTablesButton.click()
        self.assertEqual(self.errors, [])
        files = {path.name.split(" (")[0]: path for path in self.folder.glob("*.csv")}
        self.assertEqual(
            set(files), {"Landmark errors", "Cumulative landmark error", "Volume change by segment", "Jacobian histogram"}
        )
        with open(files["Landmark errors"], newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        after = np.array([float(row["After (mm)"]) for row in rows])
        self.assertAlmostEqual(after.mean(), self.result.report["tre_mm"]["after"]["mean"], delta=0.02)
        with open(files["Volume change by segment"], newline="", encoding="utf-8") as file:
            self.assertEqual([row["Segment"] for row in csv.DictReader(file)][0], "right upper lobe")

    def test_report(self):
        self.ui.exportReportButton.click()
        text = self.written("*.html").read_text(encoding="utf-8")
        self.assertIn("research use only", text)
        self.assertIn("data:image/png", text)

    def test_without_a_folder_nothing_is_written(self):
        self.ui.exportFolderPathLineEdit.currentPath = " "
        self.ui.exportH5Button.click()
        self.assertEqual(self.errors, ["Choose a folder first."])

    def test_a_file_in_place_of_the_folder(self):
        file = self.folder / "file"
        file.write_text("")
        self.ui.exportFolderPathLineEdit.currentPath = str(file)
        self.ui.exportTablesButton.click()
        self.assertRegex(self.errors[0], "is a file")

    def test_command_line(self):
        """The copied command names existing inputs; it was run to make the result that all these tests look at."""
        import shlex

        self.ui.copyCommandButton.click()
        self.assertEqual(self.errors, [])
        command = qt.QApplication.clipboard().text()
        self.assertIn("lung register", command)
        parts = shlex.split(command)
        inputs = [part for part in parts if part.endswith((".nrrd", ".csv"))]
        self.assertEqual(len(inputs), 5)
        for name in inputs:
            self.assertTrue(Path(name).is_file(), name)
        self.assertEqual(parts[-1], str(self.folder / "Phantom expiration to Phantom inspiration" / "results"))

    def test_python(self):
        """The copied Python asks for the same registration."""
        import LungRegistration

        self.parameters.guideByLandmarks = True
        self.parameters.fieldSmoothingMm = 2
        expected = self.widget.request()
        self.ui.copyPythonButton.click()
        asked = []
        with mock.patch.object(
            LungRegistration.LungRegistrationLogic, "start", lambda self, request, **outputs: asked.append(request) or mock.Mock()
        ):
            exec(qt.QApplication.clipboard().text(), {"slicer": slicer})
        self.assertEqual(asked, [expected])
        self.assertEqual(expected.settings, {"smoothing_mm": 2})

    def test_names_that_are_not_unique(self):
        from LungRegistrationFace.repeat import asPython

        self.pair.moving.SetName(self.pair.fixed.GetName())
        self.assertIn(f"slicer.util.getNode('{self.pair.fixed.GetID()}')", asPython(request(self.pair)))


if __name__ == "__main__":
    unittest.main()
