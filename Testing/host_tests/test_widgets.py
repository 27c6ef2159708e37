"""The host's widgets: nothing that Slicer's do not have, and the behavior that panels rely on."""

import enum
import importlib
import pathlib
import typing
import unittest

from Testing import host

host.start(modules=["Testing/host/python/SampleData.py"])
import ctk  # noqa: E402
import qt  # noqa: E402
import slicer  # noqa: E402
from slicer import parameterNodeWrapper as pnw  # noqa: E402

from Testing.host import libraries, lists  # noqa: E402
from Testing.host_tests import scenes  # noqa: E402

NUMBERS = {
    "double": "double",
    "int": "int",
    "bool": "bool",
    "QString": "QString",
    "QStringList": "QStringList",
    "QColor": "QColor",
}


class ListsTest(unittest.TestCase):
    def test_properties_of_the_hosts_widgets_are_those_of_slicer(self):
        for name, cls in libraries.WidgetModule.classes.items():
            meta, known = cls.staticMetaObject, lists.properties(name)
            for index in range(meta.propertyOffset(), meta.propertyCount()):
                found = meta.property(index)
                self.assertIn(found.name(), known, name)
                kind, _ = known[found.name()]
                self.assertEqual(found.typeName(), NUMBERS.get(kind, found.typeName()), f"{name}.{found.name()}")

    def test_signals_of_the_hosts_widgets_are_those_of_slicer(self):
        for name, cls in libraries.WidgetModule.classes.items():
            meta = cls.staticMetaObject
            known = {signature.split("(")[0] for signature in lists.collect(name, "signals")}
            for index in range(meta.methodOffset(), meta.methodCount()):
                found = meta.method(index)
                if found.methodType() == found.MethodType.Signal:
                    self.assertIn(bytes(found.name().data()).decode(), known, name)

    def test_the_hosts_python_files_define_nothing_that_slicers_do_not(self):
        for name in (
            "slicer.ScriptedLoadableModule",
            "slicer.i18n",
            "slicer.packaging",
            "slicer.testing",
            "SampleData",
        ):
            module = importlib.import_module(name)
            for key, value in vars(module).items():
                if key.startswith("_") or getattr(value, "__module__", "") != name:
                    continue
                self.assertIn(key, lists.python_names(name), name)
                members = [member for member in vars(value) if not member.startswith("_")] if isinstance(value, type) else []
                self.assertLessEqual(set(members), set(lists.python_names(f"{name}.{key}") or ()), key)

    def test_parameters_are_bound_to_exactly_the_widgets_that_slicer_binds(self):
        class Choices(enum.Enum):
            A = 1

        samples = {
            "bool": typing.Annotated[bool, pnw.Choice([False])],
            "int": typing.Annotated[int, pnw.WithinRange(0, 9), pnw.Choice([1, 2])],
            "float": typing.Annotated[float, pnw.WithinRange(0, 9), pnw.Choice([1.0])],
            "str": typing.Annotated[str, pnw.Choice(["a"])],
            "enum.Enum subclass": Choices,
            "FloatRange": typing.Annotated[pnw.FloatRange, pnw.RangeBounds(0, 9)],
            "pathlib.Path": pathlib.Path,
            "vtkMRMLNode subclass, or Union of vtkMRMLNode subclasses and None": typing.Optional[slicer.vtkMRMLVolumeNode],  # noqa: UP007, UP045
        }
        bound = {(widget, kind) for entry in lists.connectors() for widget in entry["widgets"] for kind in entry["types"]}
        for name in {
            *libraries.WidgetModule.classes,
            "QCheckBox",
            "QPushButton",
            "QSlider",
            "QSpinBox",
            "QComboBox",
            "QLabel",
            "QRadioButton",
        }:
            facts = lists.widgets().get(name, {"python": f"qt.{name}", "new": "QWidget*"})
            if facts["new"] != "QWidget*" or lists.qt_base(name) == "":
                continue
            module, _, _ = facts["python"].partition(".")
            try:
                widget = getattr({"qt": qt, "ctk": ctk, "slicer": slicer}[module], name)()
            except NotImplementedError:
                continue  # a view, which the layout manager makes
            for kind, datatype in samples.items():
                if (facts["python"], kind) in bound:
                    self.assertIs(pnw.createGuiConnector(widget, datatype).widget(), widget)
                else:
                    with self.assertRaises(RuntimeError, msg=f"{name} and {kind}"):
                        pnw.createGuiConnector(widget, datatype)


class ParameterTest(unittest.TestCase):
    def wrap(self, **members):
        defaults = {name: value[1] for name, value in members.items() if isinstance(value, tuple)}
        kinds = {name: value[0] if isinstance(value, tuple) else value for name, value in members.items()}
        cls = pnw.parameterNodeWrapper(type("Parameters", (), {"__annotations__": kinds, **defaults}))
        return cls(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))

    def test_a_union_is_written_as_the_real_wrapper_knows_it(self):
        self.wrap(node=typing.Union[slicer.vtkMRMLModelNode, slicer.vtkMRMLVolumeNode, None])  # noqa: UP007
        with self.assertRaisesRegex(ValueError, "does not name None"):
            self.wrap(node=typing.Union[slicer.vtkMRMLModelNode, slicer.vtkMRMLVolumeNode])  # noqa: UP007
        with self.assertRaisesRegex(ValueError, "serializer"):
            self.wrap(node=slicer.vtkMRMLModelNode | slicer.vtkMRMLVolumeNode | None)

    def test_values_are_kept_in_the_node(self):
        parameters = self.wrap(threshold=(float, 0.1), name=(str, "é"), on=(bool, True), folder=pathlib.Path)
        parameters.threshold = 1 / 3
        again = type(parameters)(parameters.parameterNode)
        self.assertEqual((again.threshold, again.name, again.on, again.folder), (1 / 3, "é", True, pathlib.Path()))

    def test_what_slicer_refuses_is_refused(self):
        for kind in (typing.Annotated[float, pnw.WithinRange(1, 2)], complex, typing.Annotated[str, pnw.Choice(["a"])]):
            with self.assertRaises(ValueError):
                self.wrap(value=kind)
        with self.assertRaises(ValueError):
            self.wrap(getValue=int)
        parameters = self.wrap(count=int)
        with self.assertRaises(TypeError):
            parameters.count = "three"

    def test_a_slider_needs_limits(self):
        parameters = self.wrap(value=float)
        with self.assertRaises(RuntimeError):
            parameters.connectParametersToGui({"value": ctk.ctkSliderWidget()})

    def test_a_widget_bound_to_nothing_is_an_error(self):
        widget = qt.QCheckBox()
        widget.setProperty("SlicerParameterName", "absent")
        top = qt.QWidget()
        widget.setParent(top)
        with self.assertRaises(ValueError):
            self.wrap(present=bool).connectGui(top)

    def test_a_disconnected_widget_is_left_alone(self):
        parameters, box = self.wrap(on=bool), qt.QCheckBox()
        tag = parameters.connectParametersToGui({"on": box})
        box.checked = True
        self.assertTrue(parameters.on)
        parameters.disconnectGui(tag)
        box.checked = False
        self.assertTrue(parameters.on)


class WidgetsTest(unittest.TestCase):
    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def test_node_combo_box_lists_matching_nodes_by_name(self):
        combo = slicer.qMRMLNodeComboBox()
        combo.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        combo.noneEnabled = True
        combo.addAttribute("vtkMRMLScalarVolumeNode", "Phase", "inspiration")
        combo.setMRMLScene(slicer.mrmlScene)
        other, wanted = scenes.ball("other"), scenes.ball("wanted")
        self.assertEqual(combo.nodeCount(), 0)
        wanted.SetAttribute("Phase", "inspiration")
        self.assertIs(combo.nodeFromIndex(0), wanted)
        combo.setCurrentNode(other)
        self.assertIsNone(combo.currentNode())
        combo.setCurrentNode(wanted)
        renamed = []
        combo.connect("currentNodeRenamed(QString)", renamed.append)
        wanted.SetName("new name")
        self.assertEqual(renamed, ["new name"])
        combo.removeCurrentNode()
        self.assertIsNone(combo.currentNode())

    def test_node_combo_box_creates_nodes(self):
        combo, added = slicer.qMRMLNodeComboBox(), []
        combo.nodeTypes = ["vtkMRMLMarkupsFiducialNode"]
        combo.baseName = "Landmarks"
        combo.setMRMLScene(slicer.mrmlScene)
        combo.connect("nodeAddedByUser(vtkMRMLNode*)", added.append)
        node = combo.addNode()
        self.assertEqual((added, node.GetName(), combo.currentNode()), ([node], "Landmarks", node))

    def test_segment_selector(self):
        selector, changes = slicer.qMRMLSegmentSelectorWidget(), []
        selector.connect("currentSegmentChanged(QString)", changes.append)
        selector.setMRMLScene(slicer.mrmlScene)
        node = scenes.segmentation(scenes.ball())
        selector.setCurrentNode(node)
        self.assertEqual(selector.currentSegmentID(), "ball")
        other = node.GetSegmentation().AddEmptySegment("second")
        self.assertEqual(selector.segmentIDs(), ("ball", other))
        selector.setCurrentSegmentID(other)
        node.GetSegmentation().RemoveSegment(other)
        self.assertEqual(selector.currentSegmentID(), "ball")
        slicer.mrmlScene.Clear(0)
        self.assertIsNone(selector.currentNode())
        self.assertEqual(changes[-1], "")

    def test_place_widget_turns_place_mode_on_and_off(self):
        widget, told = slicer.qSlicerMarkupsPlaceWidget(), []
        widget.setMRMLScene(slicer.mrmlScene)
        widget.connect("activeMarkupsPlaceModeChanged(bool)", told.append)
        widget.setCurrentNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode"))
        widget.placeButton().click()
        self.assertTrue(widget.placeModeEnabled)
        widget.setPlaceModeEnabled(False)
        self.assertFalse(widget.placeModeEnabled)
        self.assertEqual(told, [True, False])

    def test_collapsed_contents_are_hidden(self):
        button = ctk.ctkCollapsibleButton()
        shown, hidden = qt.QLabel("shown"), qt.QLabel("hidden")
        for label in (shown, hidden):
            qt.QVBoxLayout(button) if button.layout() is None else None
            button.layout().addWidget(label)
        hidden.hide()
        button.collapsed = True
        self.assertTrue(shown.isHidden())
        button.click()
        self.assertFalse(button.collapsed)
        self.assertEqual((shown.isHidden(), hidden.isHidden()), (False, True))

    def test_numbers_stay_within_their_limits(self):
        slider, values = ctk.ctkSliderWidget(), []
        slider.minimum, slider.maximum, slider.decimals = -1, 1, 1
        slider.valueChanged.connect(values.append)
        slider.value = 0.46
        slider.value = 7
        self.assertEqual(values, [0.5, 1.0])
        widget = ctk.ctkRangeWidget()
        widget.setRange(-5, 5)
        widget.setValues(-9, 3)
        self.assertEqual((widget.minimumValue, widget.maximumValue), (-5, 3))

    def test_path_line_edit_remembers_paths(self):
        edit, paths = ctk.ctkPathLineEdit(), []
        edit.settingKey = "Correspond/folders"
        edit.connect("currentPathChanged(QString)", paths.append)
        edit.currentPath = "a folder"
        edit.addCurrentPathToHistory()
        again = ctk.ctkPathLineEdit()
        again.settingKey = "Correspond/folders"
        self.assertEqual((paths, again.comboBox().itemText(0)), (["a folder"], "a folder"))

    def test_table_view_shows_and_edits_a_table(self):
        view, node = slicer.qMRMLTableView(), scenes.table()
        view.setMRMLTableNode(node)
        model = view.model()
        self.assertEqual((model.rowCount(), model.columnCount()), (5, 2))
        self.assertTrue(model.setData(model.index(2, 1), "8.5"))
        self.assertEqual(node.GetCellText(2, 1), "8.5")
        node.SetCellText(0, 1, "7")
        self.assertEqual(model.index(0, 1).data(), "7")

    def test_a_sample_is_made_by_its_button(self):
        import SampleData

        made = []
        logic = SampleData.SampleDataLogic
        logic.registerCustomSampleDataCategory("Testing", "For tests")
        for _ in range(2):
            logic.registerCustomSampleDataSource(
                "Testing", "Ball", uris="", fileNames="", nodeNames="", customDownloader=made.append
            )
        self.assertEqual(len(slicer.modules.sampleDataSources["Testing"]), 1)
        slicer.util.selectModule("SampleData")
        panel = slicer.util.getModuleWidget("SampleData").parent
        slicer.util.findChild(panel, "BallPushButton").click()
        self.assertEqual([source.sampleName for source in made], ["Ball"])
        self.assertEqual(slicer.util.findChild(panel, "TestingCollapsibleGroupBox").title, "For tests")

    def test_packages_are_checked_with_their_dependencies(self):
        import slicer.packaging

        self.assertTrue(slicer.packaging.pip_check(["numpy>=1.26", "SimpleITK"]))
        self.assertFalse(slicer.packaging.pip_check("numpy>=99"))
        self.assertFalse(slicer.packaging.pip_check("no-such-package-anywhere"))
