"""The hidden module of Correspond: it carries CorrespondCoreLib, which the extension's other modules share."""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleTest, ScriptedLoadableModuleWidget


class CorrespondCore(ScriptedLoadableModule):
    """Texts of the module."""

    def __init__(self, parent):
        super().__init__(parent)
        self.parent.title = _("Correspond Core")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Registration")]
        self.parent.dependencies = []
        self.parent.contributors = ["Correspond developers"]
        self.parent.hidden = True
        self.parent.helpText = _(
            "Hidden module that the modules of the extension Correspond share: calculations in a child process, devices, "
            "models, provenance, and the border between the scene and the libraries. For research use only."
        )
        self.parent.acknowledgementText = _("Built on 3D Slicer, VTK, ITK, SimpleITK, NumPy, SciPy and PyTorch.")


class CorrespondCoreWidget(ScriptedLoadableModuleWidget):
    """Nothing but the Reload and Test button of developer mode."""


class CorrespondCoreTest(ScriptedLoadableModuleTest):
    """Self test: a volume goes through the border and back, and a child process answers."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_volumeRoundTrip()
        self.setUp()
        self.test_childProcessAnswers()

    def test_volumeRoundTrip(self):
        import SimpleITK as sitk

        from CorrespondCoreLib import mrml

        image = sitk.GaussianSource(sitk.sitkFloat32, (20, 22, 24), (5, 5, 5), (10, 11, 12), 100)
        image.SetOrigin((-30, 40, 50))
        back = mrml.image_from_volume(mrml.volume_from_image(image, "Gaussian"))
        self.assertEqual(back.GetOrigin(), image.GetOrigin())
        self.assertEqual(sitk.Hash(back), sitk.Hash(image))

    def test_childProcessAnswers(self):
        """Through PythonSlicer; without torch the answer is what to do about it."""
        import time

        from CorrespondCoreLib.errors import MissingPackage
        from CorrespondCoreLib.jobs import Job

        job = Job(["devices"])
        job.start()
        for _i in range(1200):
            slicer.app.processEvents()
            if job.state != "running":
                break
            time.sleep(0.1)
        if job.state == "done":
            self.assertTrue(job.results["devices"]["cpu"]["works"])
        else:
            self.assertIsInstance(job.error, MissingPackage)
