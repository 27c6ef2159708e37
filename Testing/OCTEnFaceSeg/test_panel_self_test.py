"""The module's self test, as Slicer's Reload and Test button runs it; with torch, and as where it is not installed."""

from unittest import mock

from Testing.marks import slow
from Testing.OCTEnFaceSeg.panel import PanelTestCase

import slicer  # isort: skip


class SelfTest(PanelTestCase):
    @slow
    def test_self_test(self):
        slicer.selfTests["OCTEnFaceSeg"]()

    def test_without_torch_the_message_is_tested(self):
        import OCTEnFaceSeg

        with mock.patch("slicer.packaging.pip_check", return_value=False):
            test = OCTEnFaceSeg.OCTEnFaceSegTest()
            test.setUp()
            test.test_networkSegmentsPhantom()
        self.assertIsNone(slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode"))
