"""What the panel tests share: the panel in an empty scene, a small phantom eye. Runs in Slicer, too."""

import functools
import unittest
from unittest import mock

from Testing import host

host.start(modules=["CorrespondCore/CorrespondCore.py", "OCTEnFaceSeg/OCTEnFaceSeg.py"])
import slicer  # noqa: E402

SIZE = (24, 160, 160)
SCREENSHOTS = host.ROOT / "build" / "screenshots"


@functools.cache
def eye(visit=0, lesion="ga"):
    """A small phantom eye (OCTEnFaceSegLib.phantom.PhantomEye), made once."""
    from OCTEnFaceSegLib.phantom import phantom_eye

    return phantom_eye(SIZE, seed=3, lesion=lesion, visit=visit, years=2.0)


class PanelTestCase(unittest.TestCase):
    """An empty scene, and the panel: `widget`, `ui`, and `errors`, the messages of error dialogs."""

    def setUp(self):
        slicer.mrmlScene.Clear()
        slicer.util.selectModule("OCTEnFaceSeg")
        self.widget = slicer.util.getModuleWidget("OCTEnFaceSeg")
        self.ui = self.widget.ui
        self.errors = []
        dialog = mock.patch("slicer.util.errorDisplay", side_effect=lambda message, **options: self.errors.append(message))
        dialog.start()
        self.addCleanup(dialog.stop)

    @property
    def parameters(self):
        return self.widget.logic.getParameterNode()

    def addEye(self, visit=0):
        """A visit of the phantom eye in the scene: its volume node."""
        from OCTEnFaceSegFace.scan_nodes import addScan, writeFacts

        node = addScan(eye(visit).scan, f"Eye, visit {visit + 1}")
        writeFacts(node, {"years": 2.0 * visit})
        return node

    def segmented(self, visit=0):
        """A segmented visit, chosen in the panel: SegmentationResult."""
        result = self.widget.logic.segment(self.addEye(visit), method="hypertransmission")
        self.parameters.result = result.segmentation
        return result

    def waitUntilDone(self, seconds=300):
        host.wait(lambda: not self.widget.run.running, seconds)

    def nodeIDs(self):
        """All nodes of the scene."""
        return {slicer.mrmlScene.GetNthNode(i).GetID() for i in range(slicer.mrmlScene.GetNumberOfNodes())}

    def screenshot(self, name):
        """A picture of the main window in build/screenshots/."""
        return host.grab(slicer.util.mainWindow(), SCREENSHOTS / f"{name}.png")
