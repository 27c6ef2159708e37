"""The aorta of a CTA on fluoroscopy frames: module, panel, logic, self test.

For research use only. Not for clinical use.
"""

from pathlib import Path

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

# Everything else is imported where it is used: the core module's folder need not be on the path yet when Slicer reads this file.


class TAVIFusion(ScriptedLoadableModule):
    """What Slicer shows of the module."""

    def __init__(self, parent):
        super().__init__(parent)
        self.parent.title = _("TAVI Fusion")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Cardiac")]
        self.parent.dependencies = ["CorrespondCore"]
        self.parent.contributors = ["Correspond developers"]
        self.parent.helpText = _(
            "Lays the aorta of a planning CTA over fluoroscopy frames: open an angiography run, choose the aorta, find the vessel "
            "in the frames, and align the model to it. For research use only."
        )
        self.parent.helpText += self.getDefaultModuleDocumentationLink()
        self.parent.acknowledgementText = _(
            "Networks and fusion after Li et al., on CTA and fluoroscopy fusion in transcatheter aortic valve implantation."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Add the phantom to the Sample Data module."""
    import SampleData

    from TAVIFusionFace.sample_data import CATEGORY, SAMPLE_NAME

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE_NAME,
        uris="",
        fileNames=SAMPLE_NAME,
        nodeNames=SAMPLE_NAME,
        thumbnailFileName=slicer.modules.TAVIFusionInstance.resourcePath("Icons/TAVIPhantom.png"),
        customDownloader=downloadSampleData,
    )


def downloadSampleData(source):
    """What the button in the Sample Data module does."""
    TAVIFusionLogic().loadSampleData()


class TAVIFusionWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: its sections, and the parameter node that they share."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._guiTag = None
        self._refreshing = False

    def setup(self):
        from TAVIFusionFace.run_nodes import MARK
        from TAVIFusionFace.section_geometry import GeometrySection
        from TAVIFusionFace.section_inspect import InspectSection
        from TAVIFusionFace.section_model import ModelSection
        from TAVIFusionFace.section_run import RunSection

        super().setup()
        panel = slicer.util.loadUI(self.resourcePath("UI/TAVIFusion.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        for selector in (self.ui.runSelector, self.ui.secondRunSelector):
            selector.addAttribute("vtkMRMLSequenceNode", MARK)
        self.logic = TAVIFusionLogic()
        parameters = lambda: self._parameterNode  # noqa: E731
        self.run = RunSection(self.ui, parameters, self.showError, self.onFrame)
        self.geometry = GeometrySection(self.ui, parameters, self.showError, self.onParametersModified)
        self.model = ModelSection(self.ui, parameters, self.showError, lambda: None)
        self.inspect = InspectSection(self.ui, parameters, self.showError)
        self.sections = (self.run, self.geometry, self.model, self.inspect)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.EndCloseEvent, self.onSceneEndClose)
        self.initializeParameterNode()

    def cleanup(self):
        """The module is unloaded: nothing may go on."""
        self.rest()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self):
        self.initializeParameterNode()
        self.run.adoptImported()
        self.inspect.show()

    def exit(self):
        self.inspect.leave()

    def rest(self):
        """Let go of what belongs to the scene."""
        for section in self.sections:
            section.rest()

    def onSceneStartClose(self, caller, event):
        self.rest()
        self.ui.statusLabel.text = ""
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        """Connect the panel to the scene's parameter node."""
        self.setParameterNode(self.logic.getParameterNode())

    def setParameterNode(self, parameterNode):
        """Bind the widgets to a parameter node, or to none."""
        if self._parameterNode is not None:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._parameterNode = parameterNode
        if parameterNode is not None:
            self._guiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
            self.onParametersModified()

    def onParametersModified(self, caller=None, event=None):
        """Something was chosen: show it, and what can be done with it."""
        if self._parameterNode is None or self._refreshing:
            return
        self._refreshing = True
        try:
            for section in self.sections:
                section.refresh()
        finally:
            self._refreshing = False

    def onFrame(self):
        """Another frame is shown."""
        self.geometry.refresh()
        self.inspect.update()

    def showError(self, message):
        """Tell the user; in testing mode the message is only logged."""
        self.ui.statusLabel.text = message
        slicer.util.errorDisplay(message, windowTitle=_("TAVI Fusion"))


class TAVIFusionLogic(ScriptedLoadableModuleLogic):
    """Fusion from the Python console."""

    def getParameterNode(self):
        from TAVIFusionFace.parameters import TAVIFusionParameterNode

        return TAVIFusionParameterNode(super().getParameterNode())

    def loadRun(self, path, plane=""):
        """Read a fluoroscopy run into the scene, without the DICOM database; returns its sequence node.

        Args:
            path: DICOM XA, XRF or Enhanced XA, or pictures.
            plane: "A" or "B" of a biplane run.

        Raises:
            CorrespondCoreLib.errors.CorrespondError: the message says what is wrong; the scene is as it was.
        """
        from TAVIFusionFace.section_run import openRun

        return openRun(path, plane)


class TAVIFusionTest(ScriptedLoadableModuleTest):
    """Self test."""
