"""What all panel tests share: a module's panel in an empty scene. To be imported when the host runs. Runs in Slicer, too."""

import unittest
from unittest import mock

import slicer

from Testing import host

SCREENSHOTS = host.ROOT / "build" / "screenshots"


class ModulePanelTestCase(unittest.TestCase):
    """An empty scene, and the panel of MODULE: `widget`, `ui`, and `errors`, the messages of error dialogs."""

    MODULE = ""

    def setUp(self):
        slicer.mrmlScene.Clear()
        slicer.util.selectModule(self.MODULE)
        self.widget = slicer.util.getModuleWidget(self.MODULE)
        self.ui = self.widget.ui
        self.errors = []
        dialog = mock.patch("slicer.util.errorDisplay", side_effect=lambda message, **options: self.errors.append(message))
        dialog.start()
        self.addCleanup(dialog.stop)

    @property
    def parameters(self):
        return self.widget.logic.getParameterNode()

    def running(self):
        """Whether the panel is at work."""
        return self.widget.run.running

    def waitUntilDone(self, seconds=300):
        host.wait(lambda: not self.running(), seconds)

    def nodeIDs(self):
        """All nodes of the scene."""
        return {slicer.mrmlScene.GetNthNode(i).GetID() for i in range(slicer.mrmlScene.GetNumberOfNodes())}

    def screenshot(self, name):
        """A picture of the main window in build/screenshots/."""
        return host.grab(slicer.util.mainWindow(), SCREENSHOTS / f"{name}.png")
