"""Scene files, single files, subject hierarchy, processes: what the application does around the panels."""

import logging
import os
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from Testing import host

host.start()
import qt  # noqa: E402
import slicer  # noqa: E402
import vtk  # noqa: E402

from Testing.host_tests import scenes  # noqa: E402


class SceneTest(unittest.TestCase):
    def setUp(self):
        slicer.mrmlScene.Clear(0)
        self._folder = tempfile.TemporaryDirectory(prefix="host tests é ")
        self.folder = Path(self._folder.name)
        self.addCleanup(self._folder.cleanup)

    def fill(self):
        volume = scenes.ball()
        moved = scenes.ball("moving")
        moved.SetAndObserveTransformNodeID(scenes.grid_transform().GetID())
        scenes.segmentation(volume)
        points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "landmarks")
        points.AddControlPoint(1, 2, 3, "first")
        scenes.chart(scenes.table())
        slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(volume).SetTitleText("HU")
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "results")
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(volume), folder)

    def check_filled(self):
        get = slicer.util.getNode
        self.assertEqual(slicer.util.arrayFromVolume(get("CT")).shape, (32, 32, 32))
        self.assertIs(get("moving").GetParentTransformNode(), get("moving to fixed"))
        self.assertEqual(slicer.util.arrayFromGridTransform(get("moving to fixed"))[4, 4, 4].tolist(), [3.0, 0.0, 0.0])
        self.assertGreater(slicer.util.arrayFromSegmentBinaryLabelmap(get("Lungs"), "ball", get("CT")).sum(), 100)
        self.assertEqual(slicer.util.arrayFromMarkupsControlPoints(get("landmarks")).tolist(), [[1, 2, 3]])
        self.assertEqual(slicer.util.arrayFromTableColumn(get("errors"), "y").tolist(), [0, 1, 4, 9, 16])
        self.assertIs(get("curve").GetNthPlotSeriesNode(0).GetTableNode(), get("errors"))
        legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(get("CT"))
        self.assertEqual(legend.GetTitleText(), "HU")
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        parent = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(get("CT")))
        self.assertEqual(hierarchy.GetItemName(parent), "results")

    def test_a_scene_comes_back_from_a_bundle(self):
        self.fill()
        path = self.folder / "my scene.mrb"
        self.assertTrue(slicer.util.saveScene(str(path)))
        slicer.mrmlScene.Clear(0)
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode"), 0)
        slicer.util.loadScene(str(path))
        self.check_filled()

    def test_a_scene_comes_back_from_a_folder(self):
        self.fill()
        path = self.folder / "scene folder"
        self.assertTrue(slicer.util.saveScene(str(path)))
        slicer.mrmlScene.Clear(0)
        slicer.util.loadScene(str(next(path.glob("*.mrml"))))
        self.check_filled()

    def test_volumes_keep_their_geometry_in_files(self):
        volume = scenes.ball()
        matrix = np.array([[0, -1.5, 0, 10], [2, 0, 0, -20], [0, 0, 2.5, 30], [0, 0, 0, 1.0]])
        volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(matrix))
        for ending in (".nrrd", ".nii.gz", ".mha"):
            path = self.folder / f"CT{ending}"
            self.assertTrue(slicer.util.saveNode(volume, str(path)))
            again = slicer.util.loadVolume(str(path))
            found = vtk.vtkMatrix4x4()
            again.GetIJKToRASMatrix(found)
            np.testing.assert_allclose(slicer.util.arrayFromVTKMatrix(found), matrix, atol=1e-4)
        image = sitk.ReadImage(str(self.folder / "CT.nrrd"))
        np.testing.assert_allclose(image.GetOrigin(), (-10, 20, 30))

    def test_a_displacement_field_read_from_a_file_points_the_other_way_in_ras(self):
        field = sitk.Image([8, 8, 8], sitk.sitkVectorFloat64, 3)
        field = sitk.GetImageFromArray(sitk.GetArrayFromImage(field) + [3.0, 2.0, 1.0], isVector=True)
        for ending in (".nrrd", ".h5"):
            path = str(self.folder / f"field{ending}")
            if ending == ".h5":
                sitk.WriteTransform(sitk.DisplacementFieldTransform(sitk.Image(field)), path)
            else:
                sitk.WriteImage(field, path)
            node = slicer.util.loadTransform(path)
            moved = node.GetTransformFromParent().TransformPoint(-3, -3, 3)
            np.testing.assert_allclose(moved, (-6, -5, 4), atol=1e-6)

    def test_segmentations_points_tables_and_models_are_read_back(self):
        self.fill()
        get, segmentation = slicer.util.getNode, slicer.util.getNode("Lungs")
        segmentation.CreateClosedSurfaceRepresentation()
        for name, ending, load in (
            ("Lungs", ".seg.nrrd", slicer.util.loadSegmentation),
            ("landmarks", ".mrk.json", slicer.util.loadMarkups),
            ("errors", ".csv", slicer.util.loadTable),
            ("moving to fixed", ".h5", slicer.util.loadTransform),
        ):
            path = str(self.folder / f"{name}{ending}")
            self.assertTrue(slicer.util.exportNode(get(name), path))
            self.assertIsNone(get(name).GetStorageNode(), name)
            self.assertEqual(load(path).GetClassName(), get(name).GetClassName())

    def test_a_file_that_is_not_there_or_not_readable_is_an_error(self):
        broken = self.folder / "broken.nrrd"
        broken.write_bytes(b"NRRD0004\nnonsense")
        for path in (self.folder / "absent.nrrd", broken):
            with self.assertRaises(RuntimeError):
                slicer.util.loadVolume(str(path))

    def test_every_data_node_has_one_subject_hierarchy_item(self):
        def items():
            hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
            return [hierarchy.GetItemName(item) for item in slicer.util.getSubjectHierarchyItemChildren()]

        volume = scenes.ball()
        self.assertEqual(items(), ["CT"])
        volume.SetName("renamed")
        self.assertEqual(items(), ["renamed"])
        slicer.mrmlScene.RemoveNode(volume)
        self.assertEqual(items(), [])
        scenes.table()
        slicer.mrmlScene.Clear(0)
        self.assertEqual(items(), [])
        scenes.ball("again")
        self.assertEqual(items(), ["again"])

    def test_a_process_runs_beside_slicer(self):
        python = Path(slicer.app.slicerHome) / "bin" / ("PythonSlicer.bat" if os.name == "nt" else "PythonSlicer")
        lines, codes = [], []
        code = "import sys; print(sys.argv[1]); sys.exit(7)"
        arguments = [str(python), "-c", code, "a word é"]
        slicer.util.launchConsoleProcess(arguments, blocking=False, logCallback=lines.append, completedCallback=codes.append)
        host.wait(lambda: codes, seconds=30)
        self.assertEqual((lines, codes), (["a word é"], [7]))

    @unittest.skipIf(os.name == "nt", "signals are POSIX")
    def test_the_launcher_answers_1_after_a_crash(self):
        codes = []
        arguments = [str(Path(slicer.app.slicerHome) / "bin" / "PythonSlicer"), "-c", "import os; os.kill(os.getpid(), 9)"]
        slicer.util.launchConsoleProcess(arguments, blocking=False, completedCallback=codes.append)
        host.wait(lambda: codes, seconds=30)
        self.assertEqual(codes, [1])

    def test_settings_are_the_hosts_own(self):
        qt.QSettings().setValue("Correspond/test", 3)
        self.assertEqual(slicer.util.settingsValue("Correspond/test", 0, int), 3)
        self.assertTrue(qt.QSettings().fileName().startswith(str(Path(slicer.app.temporaryPath).parent)))
        self.assertEqual(slicer.app.testingEnabled(), True)

    def test_dialogs_answer_as_in_slicers_testing_mode(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.assertFalse(slicer.util.confirmOkCancelDisplay("Install?"))
        self.assertIsNone(slicer.util.errorDisplay("wrong"))

    def test_python_of_a_real_slicer_is_used_if_it_is_named(self):
        import shutil
        import subprocess

        own = Path(host.__file__).with_name("python")
        real = self.folder / "Python" / "slicer"
        real.mkdir(parents=True)
        shutil.copy(slicer.util.__file__, real / "util.py")
        shutil.copy(own / "slicer" / "i18n.py", real / "i18n.py")
        code = "from Testing import host; host.start()\nfrom slicer import i18n, testing; print(i18n.__file__, testing.__file__)"
        environment = {**os.environ, "SLICER_PYTHON_DIR": str(real.parent), "PYTHONPATH": str(host.ROOT)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout.strip(), f"{real / 'i18n.py'} {own / 'slicer' / 'testing.py'}")
