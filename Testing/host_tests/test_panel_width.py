"""No panel needs more width than Slicer's module panel has when it starts: nothing is cut off at its right edge."""

import unittest

from Testing import host

MODULES = ("LungRegistration", "OCTEnFaceSeg", "TAVIFusion")
host.start(modules=["CorrespondCore/CorrespondCore.py", *(f"{name}/{name}.py" for name in MODULES)])
import slicer  # noqa: E402

MOST_PX = 440


class PanelWidthTest(unittest.TestCase):
    def test_panels_are_not_too_wide(self):
        for name in MODULES:
            with self.subTest(name):
                slicer.util.selectModule(name)
                ui = slicer.util.getModuleWidget(name).ui
                sections = [widget for text, widget in vars(ui).items() if text.endswith("CollapsibleButton")]
                collapsed = [section.collapsed for section in sections]
                for section in sections:
                    section.collapsed = False
                slicer.app.processEvents()
                widest = max(sections, key=lambda section: section.minimumSizeHint.width())
                self.assertLess(widest.minimumSizeHint.width(), MOST_PX, widest.text)
                for section, was in zip(sections, collapsed, strict=True):
                    section.collapsed = was
