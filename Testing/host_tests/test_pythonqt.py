"""PythonQt's rules, as module code meets them."""

import unittest

from Testing import host

host.start()
import ctk  # noqa: E402
import qt  # noqa: E402
import slicer  # noqa: E402


class PythonQtTest(unittest.TestCase):
    def test_a_property_hides_its_getter(self):
        button = qt.QPushButton("Apply")
        self.assertEqual(button.text, "Apply")
        with self.assertRaises(TypeError):
            button.text()

    def test_name_is_the_object_name(self):
        button = qt.QPushButton()
        button.name = "apply"
        self.assertEqual(button.objectName, "apply")

    def test_unknown_attributes_are_errors(self):
        button = qt.QPushButton()
        for name in ("nonsense", "clickMode", "staticMetaObject"):
            with self.assertRaises(AttributeError):
                getattr(button, name)
            with self.assertRaises(AttributeError):
                setattr(button, name, 1)

    def test_setters_that_are_no_slots_of_ctk_widgets_do_not_exist(self):
        for widget, name in ((slicer.qMRMLNodeComboBox(), "setNodeTypes"), (ctk.ctkSliderWidget(), "setRange")):
            with self.assertRaises(AttributeError):
                getattr(widget, name)

    def test_what_slicer_shows_read_only_is_read_only(self):
        with self.assertRaises(AttributeError):
            slicer.modules.volumes.title = "My volumes"

    def test_names_that_only_the_host_lacks_are_told_apart(self):
        with self.assertRaises(NotImplementedError):
            slicer.qMRMLNodeComboBox().sortFilterProxyModel()
        with self.assertRaises(NotImplementedError):
            ctk.ctkSliderWidget().tracking = False
        with self.assertRaises(NotImplementedError):
            ctk.ctkDICOMDatabase  # noqa: B018

    def test_names_of_slicer_util_stay_in_slicer_util(self):
        for module, name in (
            (slicer, "arrayFromVolume"),
            (slicer.util, "LazyImport"),
            (qt, "QTest"),
            (qt, "Signal"),
            (ctk, "ctkNonsense"),
        ):
            with self.assertRaises(AttributeError):
                getattr(module, name)

    def test_isinstance_knows_the_exact_class_only(self):
        button = qt.QPushButton()
        self.assertIsInstance(button, qt.QPushButton)
        self.assertNotIsInstance(button, qt.QWidget)
        self.assertTrue(button.inherits("QWidget"))

    def test_a_slot_gets_as_many_arguments_as_it_accepts(self):
        button, got = qt.QPushButton(), []
        button.checkable = True
        button.connect("clicked()", lambda: got.append("none"))
        button.clicked.connect(lambda checked: got.append(checked))
        button.connect("toggled(bool)", lambda checked, more="default": got.append(more))
        button.click()
        self.assertCountEqual(got, ["none", True, "default"])

    def test_a_signature_must_exist(self):
        with self.assertRaises(AttributeError):
            qt.QPushButton().connect("clicked(int)", print)
        with self.assertRaises(AttributeError):
            slicer.qMRMLNodeComboBox().connect("currentNodeChanged(int)", print)

    def test_overloads_are_chosen_by_signature(self):
        combo, got = slicer.qMRMLNodeComboBox(), []
        combo.nodeTypes = ["vtkMRMLTextNode"]
        combo.setMRMLScene(slicer.mrmlScene)
        combo.connect("currentNodeChanged(vtkMRMLNode*)", got.append)
        combo.connect("currentNodeChanged(bool)", got.append)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode")
        combo.setCurrentNode(node)
        self.assertEqual(got, [node, True])
        slicer.mrmlScene.RemoveNode(node)

    def test_a_native_slot_can_be_connected(self):
        dialog, button = qt.QDialog(), qt.QPushButton()
        dialog.show()
        button.connect("clicked()", dialog.close)
        button.connect("clicked()", dialog, "hide()")
        button.click()
        self.assertFalse(dialog.visible)

    def test_signals_with_four_arguments(self):
        table, got = qt.QTableWidget(2, 2), []
        table.connect("currentCellChanged(int,int,int,int)", lambda row, column: got.append((row, column)))
        table.currentCellChanged.connect(lambda *cells: got.append(cells))
        table.setCurrentCell(1, 0)
        self.assertEqual(got, [(1, 0), (1, 0, -1, -1)])

    def test_disconnected_slots_are_not_called(self):
        button, got = qt.QPushButton(), []
        slot = lambda: got.append(1)  # noqa: E731
        button.connect("clicked()", slot)
        self.assertTrue(button.disconnect("clicked()", slot))
        button.click()
        self.assertEqual(got, [])

    def test_enum_values_are_ints_and_lists_are_tuples(self):
        self.assertEqual(qt.Qt.AlignLeft | qt.Qt.AlignTop, 0x21)
        self.assertEqual(4 | qt.Qt.AlignLeft, 5)
        item = qt.QTableWidgetItem("fixed")
        item.setFlags(item.flags() & ~qt.Qt.ItemIsEditable)
        self.assertFalse(item.flags() & qt.Qt.ItemIsEditable)
        self.assertEqual(ctk.ctkPathLineEdit.Dirs | ctk.ctkPathLineEdit.NoDotAndDotDot, 4097)
        self.assertIsInstance(qt.QWidget().children(), tuple)
        label = qt.QLabel()
        label.alignment = qt.Qt.AlignRight
        self.assertEqual(label.alignment & qt.Qt.AlignRight, qt.Qt.AlignRight)

    def test_python_subclasses_take_attributes_and_override_virtuals(self):
        class Filter(qt.QObject):
            def eventFilter(self, watched, event):
                self.seen = watched
                return False

        widget, watcher = qt.QWidget(), Filter()
        watcher.seen = None
        widget.installEventFilter(watcher)
        widget.show()
        self.assertIs(watcher.seen, widget)

    def test_a_destroyed_object_is_reported(self):
        button = qt.QPushButton()
        button.delete()
        self.assertFalse(button)
        with self.assertRaises(ValueError):
            button.text  # noqa: B018

    def test_single_shot_timer(self):
        fired = []
        qt.QTimer.singleShot(0, lambda: fired.append(True))
        host.wait(lambda: fired, seconds=5)

    def test_pathlib_stands_for_text(self):
        import pathlib

        self.assertTrue(qt.QFile(pathlib.Path(__file__)).exists())
