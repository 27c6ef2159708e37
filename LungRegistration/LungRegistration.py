"""Deformable registration of inhale and exhale lung CT: module, panel, logic and self test.

For research use only. Not for clinical use.
"""

import logging
from unittest import mock

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

TUTORIAL = "https://github.com/SlicerCorrespond/SlicerCorrespond/blob/main/LungRegistration/Documentation/LungRegistration.md"

# Everything else is imported where it is used: the core module's folder need not be on the path yet when Slicer reads this file.


class LungRegistration(ScriptedLoadableModule):
    """What Slicer shows of the module."""

    def __init__(self, parent):
        super().__init__(parent)
        self.parent.title = _("Lung Registration")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Registration")]
        self.parent.dependencies = ["CorrespondCore"]
        self.parent.contributors = ["Correspond developers"]
        self.parent.helpText = _(
            "Brings two CT scans of the same lungs in different breathing states onto each other: choose the fixed "
            "(inspiration) and the moving (expiration) image and press Apply. Gives the transform, the warped image, a map of "
            "volume change, landmark errors and a report. For research use only."
        )
        self.parent.helpText += _('<p>More in the <a href="{url}">tutorial</a>.</p>').format(url=TUTORIAL)
        self.parent.acknowledgementText = _(
            "Method after Heinrich et al., MIND (Med Image Anal 2012) and coupled convex optimization (MICCAI 2014), and "
            "Ruehaak et al., keypoints and volume-change control (IEEE Trans Med Imaging 2017)."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Add the phantom pair to the Sample Data module."""
    import SampleData

    from LungRegistrationFace.sample_data import CATEGORY, SAMPLE_NAME

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE_NAME,
        uris="",
        fileNames=SAMPLE_NAME,
        nodeNames=SAMPLE_NAME,
        thumbnailFileName=slicer.modules.LungRegistrationInstance.resourcePath("Icons/BreathingLungs.png"),
        customDownloader=downloadSampleData,
    )


def downloadSampleData(source):
    """What the button in the Sample Data module does. From the console: LungRegistrationLogic().loadSampleData(), as
    SampleData.downloadSample() asks no custom downloader: it gives what it finds on the network alone."""
    LungRegistrationLogic().loadSampleData()


class LungRegistrationWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: four sections, and the parameter node that they share."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.binding = None
        self._background = None
        self._observedInputs = set()

    @property
    def _parameterNode(self):
        return self.binding.node

    def setup(self):
        from CorrespondCoreLib.panel.live_curve import LiveCurve
        from CorrespondCoreLib.panel.parameter_binding import ParameterBinding
        from CorrespondCoreLib.panel.run_section import RunSection
        from LungRegistrationFace.fit_curves import LIVE as FIT_CURVES
        from LungRegistrationFace.result import MARK
        from LungRegistrationFace.section_export import ExportSection
        from LungRegistrationFace.section_inputs import InputsSection
        from LungRegistrationFace.section_inspect import InspectSection
        from LungRegistrationFace.section_method import MethodSection
        from LungRegistrationFace.section_network import NetworkSection
        from LungRegistrationFace.section_sequence import SequenceSection

        super().setup()
        panel = slicer.util.loadUI(self.resourcePath("UI/LungRegistration.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.ui.resultSelector.addAttribute("vtkMRMLGridTransformNode", MARK)
        self.logic = LungRegistrationLogic()
        self.binding = ParameterBinding(self.ui, self.logic, self.onParametersModified)
        self.inputs = InputsSection(self.ui, lambda: self._parameterNode, self.showError)
        self.method = MethodSection(self.ui)
        self.network = NetworkSection(self.ui, lambda: self._parameterNode, self.onImportModel)
        fit = self.ui.liveFitFrame, self.ui.liveFitLabel, self.ui.liveFitComboBox
        self.liveFit = LiveCurve(*fit, "LungRegistrationFit", FIT_CURVES)
        starters = (self.ui.sampleDataButton, self.ui.sequenceApplyButton)
        tip = _("Register the moving image to the fixed image.")
        self.run = RunSection(self.ui, self.onApply, self.onCancel, tip, starters)
        self.inspect = InspectSection(self.ui, lambda: self._parameterNode, self.showError)
        self.export = ExportSection(self.ui, lambda: self.inspect.result, self.request, self.showError)
        self.sequence = SequenceSection(self.ui, lambda: self._parameterNode, self.onSequenceApply, self.inspect.views.showChart)
        self.ui.sequenceCancelButton.connect("clicked()", self.onCancel)
        self.ui.sampleDataButton.connect("clicked()", self.onSampleData)
        self.ui.placeMovingCheckBox.connect("clicked(bool)", self.onPlaceMoving)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.StartCloseEvent, self.onSceneStartClose)
        for event in (slicer.vtkMRMLScene.EndCloseEvent, slicer.vtkMRMLScene.EndImportEvent):
            self.addObserver(slicer.mrmlScene, event, self.onSceneChanged)
        self.initializeParameterNode()

    def cleanup(self):
        """The module is unloaded: nothing may go on."""
        if self._background is not None:
            self._background.abandon()
        self.method.rest()
        self.inspect.rest()
        self.liveFit.end()
        self.binding.release()
        self.removeObservers()

    def onReload(self):
        """Developer mode: edited files of the module's packages count, too."""
        from CorrespondCoreLib.panel.edited_files import takeEditedFiles

        takeEditedFiles(self.moduleName)
        super().onReload()

    def enter(self):
        self.network.look()
        self.initializeParameterNode()

    def exit(self):
        self.inspect.rest()

    def onSceneStartClose(self, caller, event):
        self.inspect.forget()
        self.liveFit.end()
        self.sequence.forget()
        self.ui.statusLabel.text = self.ui.exportStatusLabel.text = ""
        self.binding.release()
        self.removeObservers(self.onInputModified)
        self._observedInputs = set()

    def onSceneChanged(self, caller, event):
        """A scene was closed or read: its parameter node counts."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        """Connect the panel to the scene's parameter node; choose the images when there are exactly two."""
        self.binding.bind()
        parameters = self._parameterNode
        volumes = [
            v for v in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if v.GetClassName() == "vtkMRMLScalarVolumeNode"
        ]
        volumes = [v for v in volumes if not v.GetHideFromEditors()]
        if parameters.fixedVolume is None and parameters.movingVolume is None and len(volumes) == 2:
            parameters.fixedVolume, parameters.movingVolume = volumes

    def onParametersModified(self):
        """Something was chosen: show it, and whether Apply can work."""
        nodes = {*self.request().nodes(), *self.sequence.request().nodes()}
        if nodes != self._observedInputs:
            self.removeObservers(self.onInputModified)
            for observed, event in self.inputs.changes(nodes):
                self.addObserver(observed, event, self.onInputModified)
            self._observedInputs = nodes
        self.inspect.refresh()
        self.onInputModified()

    def onInputModified(self, caller=None, event=None):
        """An input has changed, for example a landmark was added."""
        self.inputs.refresh()
        self.network.refresh(self.request())
        missing = self.request().missing()
        self.run.ready(missing)
        self.sequence.refresh(self.run.running)
        self.export.refresh(missing)

    def request(self):
        """What the panel asks for."""
        from LungRegistrationFace.request import RegistrationRequest

        return RegistrationRequest.fromParameters(self._parameterNode)

    def onApply(self):
        """Start the registration; the panel stays alive."""
        from CorrespondCoreLib.errors import CorrespondError

        p = self._parameterNode
        try:
            self._background = self.logic.start(
                self.request(),
                onProgress=self.run.progress,
                onFinished=self.onRegistered,
                onPoints=self.liveFit.show,
                makeWarped=p.makeWarped,
                makeJacobian=p.makeJacobian,
                makeInverse=p.makeInverse,
                statisticsSegmentation=p.statisticsSegmentation,
            )
        except CorrespondError as error:
            self.run.ended(str(error))
            self.showError(str(error))
            return
        self.run.started(_("Starting…"))

    def onCancel(self):
        self.run.cancelling()
        self._background.cancel()

    def onRegistered(self, background):
        """Show the result, or what went wrong."""
        result = background.value
        done = [_("Done. Everything lies in the folder '{name}'.").format(name=result.name), *result.notes] if result else []
        self.ended(background, *done)
        if result is None or self._parameterNode is None:
            return
        self._parameterNode.result = result.transform
        if self._parameterNode.placeMoving:
            self.logic.placeMovingData(result, self.request())
        if result.warped is not None:
            self.inspect.showMode("blend")

    def onSequenceApply(self):
        """Start the registration of a sequence; the panel stays alive."""
        from CorrespondCoreLib.errors import CorrespondError

        try:
            request = self.sequence.request()
            self._background = self.logic.startSequence(request, self.run.progress, self.onSequenceRegistered)
        except CorrespondError as error:
            self.ui.sequenceStatusLabel.text = str(error)
            self.showError(str(error))
            return
        self.run.started(_("Starting…"), (self.ui.sequenceStatusLabel, self.ui.sequenceCancelButton))

    def onSequenceRegistered(self, background):
        """Show the registered sequence, or what went wrong."""
        result = background.value
        if result is not None:
            self.sequence.show(result)
        self.ended(background, *([_("Done. Everything lies in the folder '{name}'.").format(name=result.name)] if result else []))

    def onPlaceMoving(self, on):
        """Show the moving data through the transform of the chosen result, or where they were."""
        if not on:
            self.logic.takeOutMovingData(self.request())
        elif self.inspect.result is not None:
            self.logic.placeMovingData(self.inspect.result, self.request())

    def onImportModel(self, path):
        """Bring a model or a checkpoint into the user's folder of models and choose it."""
        from CorrespondCoreLib.errors import CorrespondError

        try:
            self._background = self.logic.startModelImport(path, self.run.progress, self.onModelImported)
        except CorrespondError as error:
            self.showError(str(error))
            return
        self.run.started(_("Importing the model…"))

    def onModelImported(self, background):
        """Choose the model that was imported, and its method."""
        from LungRegistrationFace.parameters import Method

        card = background.value
        self.network.look()
        if card is not None and self._parameterNode is not None and card["method"] in [method.value for method in Method]:
            setattr(self._parameterNode, f"{card['method']}Model", card["id"])
            self._parameterNode.method = Method(card["method"])
        self.ended(background, *([_("The model '{name}' is imported.").format(name=card["title"])] if card else []))

    def onSampleData(self):
        """Make the phantom pair and choose it."""
        self._background = self.logic.startSampleData(onProgress=self.run.progress, onFinished=self.onSampleDataLoaded)
        self.run.started(_("Making the sample pair…"))

    def onSampleDataLoaded(self, background):
        self.ended(background, _("The sample pair is loaded. Press Apply to register it."))
        if background.error is None and self._parameterNode is not None:
            self.inputs.choose(background.value)

    def ended(self, background, *messages):
        """The child process has ended: say how."""
        from CorrespondCoreLib.errors import Cancelled

        self._background = None
        self.liveFit.end()
        messages = messages if background.error is None else [str(background.error)]
        self.run.ended("\n".join([*messages, *background.warnings]))
        if self._parameterNode is not None:
            self.onParametersModified()
        if background.error is not None and not isinstance(background.error, Cancelled):
            self.showError(str(background.error))

    def showError(self, message):
        """Tell the user; in testing mode the message is only logged."""
        self.ui.statusLabel.text = message
        slicer.util.errorDisplay(message, windowTitle=_("Lung Registration"))


class LungRegistrationLogic(ScriptedLoadableModuleLogic):
    """Registration from the Python console:

    logic = LungRegistration.LungRegistrationLogic()
    pair = logic.loadSampleData()
    result = logic.register(pair.fixed, pair.moving, preset="fast",
                            fixedLandmarks=pair.fixedLandmarks, movingLandmarks=pair.movingLandmarks)
    print(result.report["tre_mm"]["after"]["mean"], result.transform.GetName())
    """

    def getParameterNode(self):
        from LungRegistrationFace.parameters import LungRegistrationParameterNode

        return LungRegistrationParameterNode(super().getParameterNode())

    def register(self, fixedNode, movingNode, **options):
        """Register two volume nodes and wait for the result; Slicer stays alive meanwhile.

        Args:
            fixedNode, movingNode: vtkMRMLScalarVolumeNode; the moving image is brought onto the fixed image.
            options: fields of LungRegistrationFace.request.RegistrationRequest (fixedMask, movingMask, initialTransform,
                fixedLandmarks, movingLandmarks, matchBy, guideByLandmarks, fixedIs, preset, settings, device, threads, maps,
                levels), and the outputs makeWarped, makeJacobian, makeInverse, statisticsSegmentation.

        Returns:
            RegistrationResult: transform, warped, jacobian, landmarkTable, volumeChangeTable, report, ...

        Raises:
            CorrespondCoreLib.errors.CorrespondError: the message says what is wrong; the scene is as it was.
        """
        from LungRegistrationFace.request import RegistrationRequest

        outputs = {
            k: options.pop(k) for k in ("makeWarped", "makeJacobian", "makeInverse", "statisticsSegmentation") if k in options
        }
        return self.start(RegistrationRequest(fixedNode, movingNode, **options), **outputs).wait()

    def start(self, request, onProgress=None, onFinished=None, onPoints=None, **outputs):
        """Start a registration beside Slicer and return at once.

        Args:
            request: RegistrationRequest.
            onProgress: called with (percent, stage, remaining seconds or None).
            onFinished: called with the Background when its `value` (RegistrationResult) or `error` is there.
            onPoints: called with the course of a fit to the pair so far, [{"step": ..., "loss": ..., "tre_mm": ...}, ...].
            outputs: makeWarped, makeJacobian, makeInverse, statisticsSegmentation.

        Returns:
            Background, with `cancel()` and `wait()`.
        """
        from CorrespondCoreLib import packages
        from LungRegistrationFace.background import Background
        from LungRegistrationFace.result_loading import loadResult
        from LungRegistrationFace.run_pace import remember

        request.check()
        packages.ensure(request.packages(), _("Lung Registration"))
        pairs = request.pairs()

        def load(folder):
            result = loadResult(folder / "results", request, pairs, **outputs)
            remember(result.report, request.device)
            return result

        return Background(
            lambda folder: ["lung", "register", *request.write(folder), "--output", str(folder / "results")],
            load,
            (request.fixed, request.moving),
            onProgress,
            onFinished,
            onPoints,
        )

    def registerSequence(self, sequenceNode, **options):
        """Register all phases of a sequence (4DCT) to one of them and wait for the result; Slicer stays alive meanwhile.

        Args:
            sequenceNode: vtkMRMLSequenceNode of volumes.
            options: fields of LungRegistrationFace.sequence_request.SequenceRequest (reference, landmarks, lungs, fixedIs,
                preset, settings, device, threads).

        Returns:
            SequenceResult: browser, transforms, warped, jacobian, landmarks, volumeTable, landmarkTable, ...

        Raises:
            CorrespondCoreLib.errors.CorrespondError: the message says what is wrong; the scene is as it was.
        """
        from LungRegistrationFace.sequence_request import SequenceRequest

        return self.startSequence(SequenceRequest(sequenceNode, **options)).wait()

    def startSequence(self, request, onProgress=None, onFinished=None):
        """The same beside Slicer; returns a Background."""
        from CorrespondCoreLib import packages
        from LungRegistrationFace.sequence_job import SequenceJob

        request.check()
        packages.ensure(request.packages(), _("Lung Registration"))
        return SequenceJob(request, onProgress, onFinished)

    def importModel(self, path):
        """Bring a model (folder, card.json or zip) or a checkpoint of RRN's original code into the user's folder of models.

        Returns its card (dict) with "id" and "method".

        Raises:
            CorrespondCoreLib.errors.CorrespondError: it cannot be used; the message says why.
        """
        return self.startModelImport(path).wait()

    def startModelImport(self, path, onProgress=None, onFinished=None):
        """The same beside Slicer; returns a Background."""
        from CorrespondCoreLib import packages
        from CorrespondCoreLib.panel.model_import import importedCard
        from LungRegistrationFace.background import Background
        from LungRegistrationFace.model_import import importCommand

        command = importCommand(path)
        if "import-checkpoint" in command:
            packages.ensure([packages.TORCH, packages.SAFETENSORS], _("Lung Registration"))
        return Background(lambda folder: command, importedCard, (), onProgress, onFinished)

    def loadSampleData(self, size=None):
        """Make the phantom pair on this computer, bring it into the scene, and return its nodes (SamplePair).

        size: voxels along x, y, z; at least 32 each.
        """
        return self.startSampleData(size).wait()

    def startSampleData(self, size=None, onProgress=None, onFinished=None):
        """Make the phantom pair beside Slicer; returns a Background."""
        from LungRegistrationFace import sample_data
        from LungRegistrationFace.background import Background

        size = size or sample_data.SAMPLE_SIZE
        return Background(lambda folder: sample_data.command(folder, size), sample_data.load, (), onProgress, onFinished)

    def placeMovingData(self, result, request):
        """Put the moving image, its landmarks and its segmentation under the transform: they appear on the fixed image."""
        from LungRegistrationFace.placement import place

        for node in request.movingNodes():
            place(node, result)

    def takeOutMovingData(self, request):
        """Undo `placeMovingData`: every node gets its own parent transform back."""
        from LungRegistrationFace.placement import takeOut

        for node in request.movingNodes():
            takeOut(node)


class LungRegistrationTest(ScriptedLoadableModuleTest):
    """Self test: a 64^3 phantom; needs nothing but the module. Without torch it checks the message about that."""

    SETTINGS = {
        "search_cell_mm": [14],
        "search_step_mm": [7],
        "search_range_mm": [35],
        "levels": [{"feature_spacing_mm": 5, "control_spacing_mm": 15, "iterations": 6}],
        "keypoints": False,
    }

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        for test in (self.test_messageWithoutTorch, self.test_registersPhantom):
            self.setUp()
            test()

    def test_registersPhantom(self):
        """The transform takes the moving landmarks at least half of the way to the fixed ones."""
        from CorrespondCoreLib import packages

        if packages.missing([packages.TORCH]):
            logging.warning("torch is not installed: the registration itself was not tested.")
            return
        pair = self.phantomPair()
        landmarks = {"fixedLandmarks": pair.fixedLandmarks, "movingLandmarks": pair.movingLandmarks}
        result = LungRegistrationLogic().register(pair.fixed, pair.moving, preset="fast", settings=self.SETTINGS, **landmarks)
        self.assertEqual(result.transform.GetName(), "Phantom expiration to Phantom inspiration")
        error = result.report["tre_mm"]
        self.assertLess(error["after"]["mean"], error["before"]["mean"] / 2)
        self.assertEqual(result.report["folding_percent"]["everywhere"], 0)

    def test_messageWithoutTorch(self):
        """Without torch there is a message that says what to do, and the scene stays as it is."""
        from CorrespondCoreLib.errors import MissingPackage

        pair = self.phantomPair()
        nodes = slicer.mrmlScene.GetNumberOfNodes()
        absent = mock.patch("slicer.packaging.pip_check", return_value=False)
        declined = mock.patch("slicer.util.confirmOkCancelDisplay", return_value=False)
        with absent, declined, self.assertRaisesRegex(MissingPackage, "PyTorch|torch.*try again"):
            LungRegistrationLogic().register(pair.fixed, pair.moving)
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodes(), nodes)

    @staticmethod
    def phantomPair():
        from LungRegistrationFace.sample_data import addPair
        from LungRegistrationLib.phantom import breathing_phantom

        p = breathing_phantom(size=(64, 64, 64))
        return addPair(p.fixed, p.moving, p.fixed_lobes, p.moving_lobes, p.fixed_landmarks_mm, p.moving_landmarks_mm)
