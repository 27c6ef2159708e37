"""Names that Slicer 5.12 does not have are found without running the code; this repository's modules have none."""

import textwrap

import pytest

from Testing import host

host.start()
from Testing.host import names, ui_file  # noqa: E402


@pytest.mark.parametrize("folder", names.module_folders(), ids=lambda folder: folder.name)
def test_modules_use_names_that_slicer_has(folder):
    assert names.check(folder) == []


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("slicer.util.arrayFromVolum(node)", "slicer.util.arrayFromVolum"),
        ("slicer.util.LazyImport('torch')", "slicer.util.LazyImport"),
        ("slicer.arrayFromVolume(node)", "slicer.arrayFromVolume"),
        ("slicer.app.mainWindow()", "slicer.app.mainWindow"),
        ("slicer.vtkMRMLScalarVolumeNodes()", "slicer.vtkMRMLScalarVolumeNodes"),
        ("slicer.modules.nonsense.logic()", "slicer.modules.nonsense"),
        ("slicer.packaging.pip_instal('x')", "slicer.packaging.pip_instal"),
        ("qt.QPushButon('Apply')", "qt.QPushButon"),
        ("qt.Signal(int)", "qt.Signal"),
        ("qt.Qt.AlignMiddle", "qt.Qt.AlignMiddle"),
        ("qt.QMessageBox.Okay", "qt.QMessageBox.Okay"),
        ("ctk.ctkCollapsableButton()", "ctk.ctkCollapsableButton"),
        ("ctk.ctkPathLineEdit.Folders", "ctk.ctkPathLineEdit.Folders"),
        ("from slicer.parameterNodeWrapper import WithinRanges", "slicer.parameterNodeWrapper.WithinRanges"),
        ("from slicer.util import LazyImport", "slicer.util.LazyImport"),
        ("button.connect('clickd()', f)", "signal clickd()"),
        ("self.ui.applyButon.click()", "ui.applyButon is in no .ui file"),
        ("self.ui.applyButton.setTexts('x')", "ui.applyButton.setTexts (QPushButton)"),
    ],
)
def test_a_wrong_name_is_found(tmp_path, code, wrong):
    path = tmp_path / "code.py"
    path.write_text(code)
    assert list(names.problems(path, {"applyButton": {"QPushButton"}})) == [f"1: {wrong}"]


def test_right_names_pass(tmp_path):
    path = tmp_path / "code.py"
    path.write_text(
        textwrap.dedent("""
        import slicer.packaging
        from slicer.parameterNodeWrapper import createGui, parameterNodeWrapper
        slicer.util.arrayFromVolume(slicer.util.getNode("CT")); slicer.app.layoutManager().threeDWidget(0)
        slicer.vtkMRMLTransformDisplayNode.VIS_MODE_GRID; slicer.modules.volumes.logic(); slicer.packaging.pip_ensure([])
        qt.QMessageBox.Ok | qt.Qt.AlignLeft; ctk.ctkPathLineEdit.Dirs; ctk.ctkDICOMBrowser
        selector.connect("currentNodeChanged(vtkMRMLNode*)", f); self.ui.applyButton.text = self.ui.applyButton.toolTip
        """)
    )
    assert list(names.problems(path, {"applyButton": {"QPushButton"}})) == []


UI = """<ui version="4.0"><widget class="qMRMLWidget" name="Top"><layout class="QVBoxLayout" name="column"><item>
<widget class="{cls}" name="inner"><property name="{prop}"{dynamic}><bool>true</bool></property></widget></item></layout></widget>
<connections><connection><sender>{sender}</sender><signal>{signal}</signal><receiver>inner</receiver><slot>{slot}</slot></connection>
</connections></ui>"""
RIGHT = {
    "cls": "qMRMLNodeComboBox",
    "prop": "noneEnabled",
    "dynamic": "",
    "sender": "Top",
    "signal": "mrmlSceneChanged(vtkMRMLScene*)",
    "slot": "setMRMLScene(vtkMRMLScene*)",
}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"cls": "qMRMLNodeComboBoxes"}, ["widget class qMRMLNodeComboBoxes of 'inner'"]),
        ({"prop": "nonEnabled"}, ["property 'nonEnabled' of qMRMLNodeComboBox 'inner'"]),
        ({"prop": "invert", "dynamic": ' stdset="0"'}, ["property 'invert' of qMRMLNodeComboBox 'inner'"]),
        ({"prop": "SlicerParameterName", "dynamic": ' stdset="0"'}, []),
        ({"signal": "sceneChanged(vtkMRMLScene*)"}, ["signal sceneChanged(vtkMRMLScene*) of qMRMLWidget 'Top'"]),
        ({"slot": "setMRMLScene(vtkMRMLNode*)"}, ["slot setMRMLScene(vtkMRMLNode*) of qMRMLNodeComboBox 'inner'"]),
        ({"sender": "Nobody"}, ["sender 'Nobody' of a connection"]),
        ({}, []),
    ],
)
def test_a_ui_file_is_checked(tmp_path, change, wrong):
    path = tmp_path / "panel.ui"
    path.write_text(UI.format(**{**RIGHT, **change}))
    assert ui_file.problems(path) == wrong


def test_a_ui_file_with_an_unknown_widget_does_not_load(tmp_path):
    import slicer

    path = tmp_path / "panel.ui"
    path.write_text(UI.format(**{**RIGHT, "cls": "ctkNonsense"}))
    with pytest.raises(RuntimeError, match="not in Slicer: widget class ctkNonsense"):
        slicer.util.loadUI(str(path))


@pytest.mark.parametrize(
    ("change", "absent"),
    [
        ({"cls": "qMRMLCheckableNodeComboBox"}, "qMRMLCheckableNodeComboBox"),
        ({"prop": "editEnabled"}, "qMRMLNodeComboBox.editEnabled"),
    ],
)
def test_a_ui_file_with_what_only_slicer_has_says_so(tmp_path, change, absent):
    import slicer

    path = tmp_path / "panel.ui"
    path.write_text(UI.format(**{**RIGHT, **change}))
    with pytest.raises(RuntimeError, match=f"not in the host: {absent}"):
        slicer.util.loadUI(str(path))
