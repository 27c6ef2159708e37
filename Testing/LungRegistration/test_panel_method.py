"""The Method section: what there is to compute on, asked of a child process."""

import unittest
from unittest import mock

from Testing import host
from Testing.LungRegistration.panel import PanelTestCase


class MethodTest(PanelTestCase):
    def open(self):
        self.ui.advancedGroupBox.collapsed = True
        self.ui.advancedGroupBox.collapsed = False

    def test_opening_the_advanced_settings_shows_the_devices(self):
        self.open()
        host.wait(lambda: "ready" in self.ui.deviceStatusLabel.text, 60)
        self.assertIn("CPU: ready", self.ui.deviceStatusLabel.text)

    def test_without_torch_it_says_what_to_do(self):
        with mock.patch("CorrespondCoreLib.devices.installed_version", lambda package: None):
            self.open()
        self.assertIn("torch is not installed", self.ui.deviceStatusLabel.text)


if __name__ == "__main__":
    unittest.main()
