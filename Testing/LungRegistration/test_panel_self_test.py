"""The module's self test, as Slicer's Reload and Test button runs it."""

import unittest

from Testing.LungRegistration.panel import PanelTestCase
from Testing.marks import slow

import slicer  # isort: skip


class SelfTest(PanelTestCase):
    @slow
    def test_self_test(self):
        slicer.selfTests["LungRegistration"]()
        self.assertIsNotNone(slicer.util.getNode("Phantom expiration to Phantom inspiration"))


if __name__ == "__main__":
    unittest.main()
