"""The fusion panel, clicked: export, the sample patient, and the module's own test."""

import functools
import tempfile
import textwrap
from pathlib import Path
from unittest import mock

import numpy as np
from scipy.spatial import cKDTree

from Testing.marks import slow
from Testing.TAVIFusion.panel import FRAMES, PanelTestCase, WorkTestCase

import slicer  # isort: skip


class ExportTest(WorkTestCase):
    @slow
    def test_pictures_tables_and_text_to_paste(self):
        import qt

        self.addMovingRun()
        self.ui.measureButton.click()
        self.useFilter()
        with tempfile.TemporaryDirectory(prefix="tavi é ") as folder:
            self.ui.exportFolderPathLineEdit.currentPath = folder
            for button in (self.ui.exportPicturesButton, self.ui.exportPosesButton, self.ui.exportTablesButton):
                self.assertTrue(button.enabled)
                button.click()
            self.assertEqual(self.errors, [])
            pictures = sorted(path.name for path in (Path(folder) / "Run overlay").glob("frame_*.png"))
            self.assertEqual(len(pictures), FRAMES)
            self.assertTrue((Path(folder) / "Run poses.tfm").is_file())
            self.assertIn("dsc with model", next(Path(folder).glob("Measures*.csv")).read_text(encoding="utf-8"))
            self.ui.copyCommandButton.click()
            command = qt.QApplication.clipboard().text()
            self.assertIn("tavi segment", command)
            self.assertTrue((Path(folder) / "Run" / "run.dcm").is_file())
        self.ui.copyPythonButton.click()
        code = qt.QApplication.clipboard().text()
        scope = {"slicer": slicer}
        with mock.patch("TAVIFusion.TAVIFusionLogic.segment") as segment:
            exec(code, scope)
        self.assertEqual(segment.call_args.kwargs["method"], "vesselness")
        self.assertIs(segment.call_args.args[0], self.parameters.run)


class SampleTest(PanelTestCase):
    @slow
    def test_the_modules_own_self_test(self):
        import TAVIFusion

        TAVIFusion.TAVIFusionTest().runTest()

    @slow
    def test_the_documented_example_runs(self):
        import TAVIFusion
        from TAVIFusionFace.results import masksOf

        code = TAVIFusion.TAVIFusionLogic.__doc__.split("\n\n")[1]
        scope = {"TAVIFusion": TAVIFusion}
        self.assertIn("loadSampleData()", code)
        exec(textwrap.dedent(code).replace("loadSampleData()", "loadSampleData(frames=20, pixels=256)"), scope)
        self.assertEqual(len(scope["sample"].runs), 2)
        self.assertEqual(len(masksOf(scope["sample"].runs[0])), 20)
        self.assertEqual(len(scope["results"].report["frames"]), 20)  # the last work was the tracking

    @slow
    def test_the_sample_patient_in_the_sample_data_module_and_its_aorta_from_the_cta(self):
        import SampleData

        from CorrespondCoreLib import mrml
        from TAVIFusion import registerSampleData
        from TAVIFusionFace.model_nodes import meshOf
        from TAVIFusionFace.sample_data import SAMPLE_NAME

        registerSampleData()
        sources = SampleData.SampleDataLogic.sampleDataSourcesByCategory("Correspond")
        (source,) = (found for found in sources if found.sampleName == SAMPLE_NAME)
        small = functools.partial(self.widget.logic.startSampleData, frames=2, pixels=256)
        with mock.patch("TAVIFusion.TAVIFusionLogic.startSampleData", small):
            source.customDownloader(source)
        cta = slicer.util.getNode("Phantom CTA")
        points, labels = mrml.points_from_markups(slicer.util.getNode("Phantom landmarks"))
        self.parameters.cta = cta
        self.parameters.seed = mrml.markups_from_points(points[[labels.index("junction")]], "seed")
        self.ui.aortaButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        grown, true = meshOf(self.parameters.model), meshOf(slicer.util.getNode("Phantom aorta"))
        self.assertTrue(grown.closed)
        distance, _nearest = cKDTree(true.points_mm).query(grown.points_mm)
        self.assertLess(np.percentile(distance, 90), 4)
        self.assertGreater(np.ptp(grown.points_mm[:, 2]), 100)
