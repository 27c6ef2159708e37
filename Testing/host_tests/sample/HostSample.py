"""A small scripted module that uses what a panel uses; the host's tests click it."""

import pathlib
from enum import Enum
from typing import Annotated, Optional

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Choice, FloatRange, RangeBounds, WithinRange, parameterNodeWrapper, parameterPack
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class HostSample(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("Host sample")
        parent.categories = ["Testing"]
        self.started = False
        slicer.app.connect("startupCompleted()", self.onStartupCompleted)

    def onStartupCompleted(self):
        self.started = True


class HostSampleFileReader:
    """Reads one number from a file that begins with SAMPLE."""

    def __init__(self, parent):
        self.parent = parent

    def description(self):
        return "Host sample"

    def fileType(self):
        return "HostSampleFile"

    def extensions(self):
        return ["Host sample (*.sample *.csv)"]

    def canLoadFileConfidence(self, filePath):
        return 0.9 if pathlib.Path(filePath).read_text().startswith("SAMPLE") else 0.0

    def load(self, properties):
        number = pathlib.Path(properties["fileName"]).read_text().removeprefix("SAMPLE").strip()
        if not number.isdigit():
            self.parent.userMessages().AddMessage(vtk.vtkCommand.ErrorEvent, "There is no number in the file.")
            return False
        self.parent.loadedNodes = [slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", number).GetID()]
        return True


class Quality(Enum):
    FAST = "fast"
    BEST = "best"


@parameterPack
class Smoothing:
    sigma: Annotated[float, WithinRange(0, 5)] = 1.5
    enabled: bool = False


@parameterNodeWrapper
class HostSampleParameterNode:
    inputVolume: slicer.vtkMRMLScalarVolumeNode
    transform: Optional[slicer.vtkMRMLTransformNode]  # noqa: UP007, UP045 (what Slicer's wrapper knows)
    threshold: Annotated[float, WithinRange(-100, 500)] = 100
    iterations: Annotated[int, WithinRange(1, 9)] = 3
    window: Annotated[FloatRange, RangeBounds(-10, 10)] = FloatRange(-1, 1)
    similarity: Annotated[str, Choice(["mind", "lncc"])] = "mind"
    quality: Quality = Quality.FAST
    invert: bool = True
    folder: pathlib.Path
    smoothing: Smoothing


class HostSampleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.parameters, self._gui, self.calls = None, None, []

    def setup(self):
        super().setup()
        top = slicer.util.loadUI(self.resourcePath("UI/HostSample.ui"))
        self.layout.addWidget(top)
        self.ui = slicer.util.childWidgetVariables(top)
        top.setMRMLScene(slicer.mrmlScene)
        self.logic = HostSampleLogic()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.ui.applyButton.connect("clicked()", self.onApplyButton)
        self.useParameterNode(self.logic.getParameterNode())

    def cleanup(self):
        self.useParameterNode(None)
        self.removeObservers()

    def enter(self):
        self.calls.append("enter")

    def exit(self):
        self.calls.append("exit")

    def onSceneStartClose(self, caller, event):
        self.useParameterNode(None)

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.useParameterNode(self.logic.getParameterNode())

    def useParameterNode(self, node):
        if self.parameters is not None:
            self.parameters.disconnectGui(self._gui)
            self.removeObserver(self.parameters, vtk.vtkCommand.ModifiedEvent, self.checkCanApply)
        self.parameters = HostSampleParameterNode(node) if node is not None else None
        if self.parameters is not None:
            named = {widget.property("SlicerParameterName"): widget for widget in vars(self.ui).values()}
            self._gui = self.parameters.connectParametersToGui({name: widget for name, widget in named.items() if name})
            self.addObserver(self.parameters, vtk.vtkCommand.ModifiedEvent, self.checkCanApply)
            self.checkCanApply()

    def checkCanApply(self, caller=None, event=None):
        self.ui.applyButton.enabled = self.parameters is not None and self.parameters.inputVolume is not None

    def onApplyButton(self):
        self.ui.resultLabel.text = str(self.logic.count(self.parameters.inputVolume, self.parameters.threshold))


class HostSampleLogic(ScriptedLoadableModuleLogic):
    def getParameterNode(self):
        return super().getParameterNode()

    def count(self, volume, threshold):
        """Number of voxels above the threshold."""
        return int((slicer.util.arrayFromVolume(volume) > threshold).sum())


class HostSampleTest(ScriptedLoadableModuleTest):
    def test_runs(self):
        slicer.modules.HostSampleWidget.calls.append("tested")
