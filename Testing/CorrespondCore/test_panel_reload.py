"""Reload in developer mode takes the edited files of a module, and the scene's parameters stay what they were."""

import pathlib
import sys
import tempfile
import unittest

from Testing import host

MODULES = ("LungRegistration", "OCTEnFaceSeg", "TAVIFusion")
host.start(modules=[f"{name}/{name}.py" for name in ("CorrespondCore", *MODULES)])

import slicer  # noqa: E402

from CorrespondCoreLib.panel.edited_files import takeEditedFiles  # noqa: E402


def imported(module):
    """What is imported of a module's packages: {name: module}."""
    return {name: found for name, found in sys.modules.items() if name.startswith((f"{module}Face", f"{module}Lib"))}


class ReloadTestCase(unittest.TestCase):
    def setUp(self):
        slicer.mrmlScene.Clear()

    def keep(self, module):
        """Everything as it was after the test: other tests hold classes of the packages."""
        before = imported(module)

        def giveBack():
            for name in imported(module):
                del sys.modules[name]
            sys.modules.update(before)
            slicer.util.reloadScriptedModule(module)

        self.addCleanup(giveBack)

    def test_panel_of_each_module_is_made_of_new_files_and_keeps_its_parameters(self):
        chosen = {
            "LungRegistration": ("preset", "FAST"),
            "OCTEnFaceSeg": ("method", "HYPERTRANSMISSION"),
            "TAVIFusion": ("method", "VESSELNESS"),
        }
        for module, (parameter, value) in chosen.items():
            with self.subTest(module):
                slicer.util.selectModule(module)
                self.keep(module)
                old = slicer.util.getModuleWidget(module)
                kind = type(getattr(old._parameterNode, parameter))
                setattr(old._parameterNode, parameter, kind[value])
                old.onReload()
                new = slicer.util.getModuleWidget(module)
                self.assertIsNot(new, old)
                self.assertIsNone(old._parameterNode)
                again = getattr(new._parameterNode, parameter)
                self.assertIs(type(again), getattr(sys.modules[kind.__module__], kind.__name__))
                self.assertIsNot(type(again), kind)
                self.assertEqual(again.name, value)
                slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
                slicer.mrmlScene.Clear()
                self.assertIsNot(getattr(new._parameterNode, parameter), again)


class EditedFilesTestCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        sys.path.insert(0, folder.name)
        self.addCleanup(sys.path.remove, folder.name)
        for package in ("EditedLib", "EditedFace"):
            (pathlib.Path(folder.name) / package).mkdir()
        self.lib, self.face = (pathlib.Path(folder.name) / name for name in ("EditedLib/figures.py", "EditedFace/section.py"))
        self.lib.write_text("FIGURE = 1\n")
        self.face.write_text("from EditedLib.figures import FIGURE\n")
        self.assertEqual(self.figure(), 1)
        self.addCleanup(lambda: [sys.modules.pop(name) for name in imported("Edited")])

    @staticmethod
    def figure():
        from EditedFace.section import FIGURE

        return FIGURE

    def test_edited_file_counts(self):
        self.lib.write_text("FIGURE = 1 + 22\n")
        self.assertEqual(self.figure(), 1)
        takeEditedFiles("Edited")
        self.assertEqual(self.figure(), 23)

    def test_file_that_cannot_be_imported_changes_nothing(self):
        self.lib.write_text("FIGURE = 333\n")
        self.face.write_text("from EditedLib.figures import FIGURE, ERROR\n")
        before = imported("Edited")
        with self.assertRaises(ImportError):
            takeEditedFiles("Edited")
        self.assertEqual(imported("Edited"), before)
        self.assertEqual(self.figure(), 1)

    def test_removed_file_is_no_error_unless_it_is_needed(self):
        self.face.unlink()
        takeEditedFiles("Edited")
        self.assertEqual([name for name in imported("Edited") if name.endswith("section")], [])
        self.face.write_text("from EditedLib.figures import FIGURE\n")
        self.assertEqual(self.figure(), 1)
        self.lib.unlink()
        with self.assertRaises(ModuleNotFoundError):
            takeEditedFiles("Edited")


if __name__ == "__main__":
    unittest.main()
