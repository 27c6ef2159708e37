"""En-face masks of geographic atrophy and reticular pseudodrusen from retinal OCT: module, panel, logic, file reader, self test.

For research use only. Not for clinical use.
"""

from pathlib import Path
from unittest import mock

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

TUTORIAL = "https://github.com/SlicerCorrespond/SlicerCorrespond/blob/main/OCTEnFaceSeg/Documentation/OCTEnFaceSeg.md"

# Everything else is imported where it is used: the core module's folder need not be on the path yet when Slicer reads this file.


class OCTEnFaceSeg(ScriptedLoadableModule):
    """What Slicer shows of the module."""

    def __init__(self, parent):
        super().__init__(parent)
        self.parent.title = _("OCT En-face Segmentation")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = ["CorrespondCore"]
        self.parent.contributors = ["Correspond developers"]
        self.parent.helpText = _(
            "Finds geographic atrophy and reticular pseudodrusen in retinal OCT volumes, as a mask in the en-face plane that can "
            "be corrected and measured: open an OCT file, choose the lesion and press Apply. For research use only."
        )
        self.parent.helpText += _('<p>More in the <a href="{url}">tutorial</a>.</p>').format(url=TUTORIAL)
        self.parent.acknowledgementText = _(
            "Networks after Morano et al., Self-supervised learning via inter-modal reconstruction and feature projection "
            "networks for label-efficient 3D-to-2D segmentation (MICCAI 2023)."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)
        slicer.app.connect("startupCompleted()", registerLayouts)


def registerSampleData():
    """Add the phantom eye to the Sample Data module."""
    import SampleData

    from OCTEnFaceSegFace.sample_data import CATEGORY, SAMPLE_NAME

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=SAMPLE_NAME,
        uris="",
        fileNames=SAMPLE_NAME,
        nodeNames=SAMPLE_NAME,
        thumbnailFileName=slicer.modules.OCTEnFaceSegInstance.resourcePath("Icons/AtrophyEye.png"),
        customDownloader=downloadSampleData,
    )


def registerLayouts():
    """Let Slicer know the module's layouts, so that a scene that was saved in one of them opens in it."""
    from CorrespondCoreLib.panel.own_layouts import OwnLayouts
    from OCTEnFaceSegFace.enface_layout import DESCRIPTIONS

    OwnLayouts(DESCRIPTIONS).register()


def downloadSampleData(source):
    """What the button in the Sample Data module does. From the console: OCTEnFaceSegLogic().loadSampleData(), as
    SampleData.downloadSample() asks no custom downloader: it gives what it finds on the network alone."""
    OCTEnFaceSegLogic().loadSampleData()


class OCTEnFaceSegFileReader:
    """Opens OCT files by drag and drop or Add Data. Nothing is imported or installed before `load`."""

    def __init__(self, parent):
        self.parent = parent

    def description(self):
        return _("OCT scan")

    def fileType(self):
        return "OCTScan"

    def extensions(self):
        return [_("OCT scan") + " (*.vol *.xml *.e2e *.fda *.fds scan.json)"]

    def canLoadFileConfidence(self, filePath):
        """By the first bytes: files of other programs with the same ending are left to their own readers."""
        from OCTEnFaceSegLib.formats.signatures import DICOM, HEAD_BYTES, signature

        try:
            with open(filePath, "rb") as file:
                return 0.9 if signature(file.read(HEAD_BYTES)) not in ("", DICOM) else 0.0
        except OSError:
            return 0.0

    def load(self, properties):
        from CorrespondCoreLib.errors import CorrespondError
        from OCTEnFaceSegFace.section_scan import openScan

        try:
            node = openScan(properties["fileName"])
        except CorrespondError as error:
            self.parent.userMessages().AddMessage(vtk.vtkCommand.ErrorEvent, str(error))
            return False
        self.parent.loadedNodes = [node.GetID()]
        return True


class OCTEnFaceSegWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: its sections, and the parameter node that they share."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.binding = None
        self._background = None
        self._measures = None

    @property
    def _parameterNode(self):
        return self.binding.node

    def setup(self):
        from CorrespondCoreLib.panel.parameter_binding import ParameterBinding
        from CorrespondCoreLib.panel.run_section import RunSection
        from OCTEnFaceSegFace import fundus_nodes
        from OCTEnFaceSegFace.result import MARK
        from OCTEnFaceSegFace.section_bruch import BruchSection
        from OCTEnFaceSegFace.section_export import ExportSection
        from OCTEnFaceSegFace.section_fundus import FundusSection
        from OCTEnFaceSegFace.section_growth import GrowthSection
        from OCTEnFaceSegFace.section_import import ImportSection
        from OCTEnFaceSegFace.section_inspect import InspectSection
        from OCTEnFaceSegFace.section_measures import MeasuresSection
        from OCTEnFaceSegFace.section_method import MethodSection
        from OCTEnFaceSegFace.section_scan import ScanSection
        from OCTEnFaceSegFace.section_tuning import TuningSection

        super().setup()
        panel = slicer.util.loadUI(self.resourcePath("UI/OCTEnFaceSeg.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.ui.resultSelector.addAttribute("vtkMRMLSegmentationNode", MARK)
        self.ui.fundusSelector.addAttribute("vtkMRMLScalarVolumeNode", fundus_nodes.MARK)
        self.logic = OCTEnFaceSegLogic()
        self.binding = ParameterBinding(self.ui, self.logic, self.onParametersModified)
        parameters = lambda: self._parameterNode  # noqa: E731
        buttons = (self.ui.sampleDataButton, self.ui.openButton, self.ui.openFolderButton, self.ui.tuneButton)
        buttons += (self.ui.importModelGroupBox,)
        self.scan = ScanSection(self.ui, parameters, self.showError, self.onScaled)
        self.method = MethodSection(self.ui, parameters)
        self.importing = ImportSection(self.ui, self.onImportModel)
        self.run = RunSection(self.ui, self.onApply, self.onCancel, _("Segment the scan."), buttons)
        self.inspect = InspectSection(self.ui, parameters, self.showError)
        result = lambda: self.inspect.result  # noqa: E731
        self.bruch = BruchSection(self.ui, result, self.showError, self.onParametersModified)
        self.fundus = FundusSection(self.ui, parameters, self.inspect, self.showError, self.onParametersModified)
        self.measuring = MeasuresSection(self.ui, result, parameters, self.showError, self.onMeasured)
        self.growth = GrowthSection(self.ui, self.showError)
        self.tuning = TuningSection(self.ui, result, parameters, self.showError, self.onTune)
        self.export = ExportSection(self.ui, result, self.request, self.growth.tableNode, self.showError)
        self.ui.sampleDataButton.connect("clicked()", self.onSampleData)
        self.ui.tuneCancelButton.connect("clicked()", self.onCancel)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.StartCloseEvent, self.onSceneStartClose)
        for event in (slicer.vtkMRMLScene.EndCloseEvent, slicer.vtkMRMLScene.EndImportEvent):
            self.addObserver(slicer.mrmlScene, event, self.onSceneChanged)
        self.initializeParameterNode()

    def cleanup(self):
        """The module is unloaded: nothing may go on."""
        if self._background is not None:
            self._background.abandon()
        self.rest()
        self.binding.release()
        self.removeObservers()

    def onReload(self):
        """Developer mode: edited files of the module's packages count, too."""
        from CorrespondCoreLib.panel.edited_files import takeEditedFiles

        takeEditedFiles(self.moduleName)
        super().onReload()

    def enter(self):
        self.initializeParameterNode()

    def exit(self):
        self.bruch.rest()
        self.inspect.leave()

    def rest(self):
        """Let go of what belongs to the scene."""
        self.bruch.rest()
        self.measuring.rest()
        self.fundus.rest()
        self.inspect.rest()
        self.tuning.curve.end()

    def onSceneStartClose(self, caller, event):
        self.rest()
        self.ui.statusLabel.text = self.ui.exportStatusLabel.text = ""
        self.binding.release()

    def onSceneChanged(self, caller, event):
        """A scene was closed or read: its parameter node counts."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        """Connect the panel to the scene's parameter node; choose the scan when there is exactly one."""
        self.binding.bind()
        from OCTEnFaceSegFace.scan_nodes import MARK

        scans = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if node.GetAttribute(MARK)]
        if self._parameterNode.volume is None and len(scans) == 1:
            self._parameterNode.volume = scans[0]

    def onParametersModified(self):
        """Something was chosen: show it, and whether Apply can work."""
        if self._parameterNode is None:
            return
        self.scan.refresh()
        self.method.refresh()
        self.bruch.refresh()
        self.fundus.refresh()
        self.measuring.refresh()
        self.inspect.refresh(self._measures)
        self.inspect.update()
        self.growth.refresh()
        self.tuning.refresh(self.run.running)
        missing = self.request().missing()
        self.run.ready(missing)
        self.export.refresh(missing)

    def onMeasured(self, measures):
        """The mask was measured: show the main figures."""
        self._measures = measures
        self.inspect.refresh(measures)

    def onScaled(self):
        """A scale was confirmed."""
        self.measuring.measures.forget()
        self.onParametersModified()

    def request(self):
        """What the panel asks for."""
        from OCTEnFaceSegFace.request import SegmentationRequest

        return SegmentationRequest.fromParameters(self._parameterNode)

    def onApply(self):
        """Start the segmentation; the panel stays alive."""
        from CorrespondCoreLib.errors import CorrespondError

        try:
            self._background = self.logic.start(self.request(), onProgress=self.run.progress, onFinished=self.onSegmented)
        except CorrespondError as error:
            self.run.ended(str(error))
            self.showError(str(error))
            return
        self.run.started(_("Starting…"))

    def onCancel(self):
        self.run.cancelling()
        self._background.cancel()

    def onSegmented(self, background):
        """Show the result, or what went wrong."""
        result = background.value
        self.ended(background, *([_("Done: {name}").format(name=result.name)] if result is not None else []))
        if result is not None and self._parameterNode is not None:
            self._parameterNode.result = result.segmentation
            self.inspect.show()

    def onTune(self):
        """Start the fine-tuning; the panel stays alive."""
        from CorrespondCoreLib.errors import CorrespondError

        self.tuning.curve.end()
        callbacks = {"onProgress": self.run.progress, "onPoints": self.tuning.curve.show, "onFinished": self.onTuned}
        device = {"device": self._parameterNode.device.value, "threads": self._parameterNode.threads}
        try:
            self._background = self.logic.startFineTuning(**self.tuning.chosen(), **device, **callbacks)
        except CorrespondError as error:
            self.showError(str(error))
            return
        self.run.started(_("Starting…"), (self.ui.tuningStatusLabel, self.ui.tuneCancelButton))

    def onTuned(self, background):
        """Choose the new model, and say what it is."""
        card = background.value
        self.ended(background, *([card["title"], card["description"]] if card is not None else []))
        self.chooseModel(card)

    def onImportModel(self, path, network):
        """Bring a model or a checkpoint into the user's folder of models."""
        from CorrespondCoreLib.errors import CorrespondError

        lesion = self._parameterNode.lesion.value
        try:
            self._background = self.logic.startModelImport(path, network, lesion, self.run.progress, self.onModelImported)
        except CorrespondError as error:
            self.showError(str(error))
            return
        self.run.started(_("Importing the model…"))

    def onModelImported(self, background):
        """Choose the model that was imported."""
        card = background.value
        self.ended(background, *([_("The model '{name}' is imported.").format(name=card["title"])] if card is not None else []))
        self.chooseModel(card)

    def chooseModel(self, card):
        """Choose a model by its card, and its lesion, if the panel knows that one."""
        from OCTEnFaceSegFace.parameters import Lesion, Method

        if card is None or self._parameterNode is None or card.get("lesion") not in [lesion.value for lesion in Lesion]:
            return
        self._parameterNode.lesion = Lesion(card["lesion"])
        self._parameterNode.method = Method.NETWORK
        self._parameterNode.models = card["id"]

    def onSampleData(self):
        """Make the phantom eye and choose its first visit."""
        self._background = self.logic.startSampleData(onProgress=self.run.progress, onFinished=self.onSampleDataLoaded)
        self.run.started(_("Making the sample eye…"))

    def onSampleDataLoaded(self, background):
        self.ended(background, _("The sample eye is loaded, two visits two years apart. Press Apply to segment the first."))
        if background.error is None and self._parameterNode is not None:
            self._parameterNode.volume = background.value[0]
            self.inspect.show()

    def ended(self, background, *messages):
        """The child process has ended: say how."""
        from CorrespondCoreLib.errors import Cancelled

        self._background = None
        messages = messages if background.error is None else [str(background.error)]
        self.run.ended("\n".join([*messages, *background.warnings]))
        self.onParametersModified()
        if background.error is not None and not isinstance(background.error, Cancelled):
            self.showError(str(background.error))

    def showError(self, message):
        """Tell the user; in testing mode the message is only logged."""
        self.ui.statusLabel.text = message
        slicer.util.errorDisplay(message, windowTitle=_("OCT En-face Segmentation"))


class OCTEnFaceSegLogic(ScriptedLoadableModuleLogic):
    """Segmentation from the Python console:

    logic = OCTEnFaceSeg.OCTEnFaceSegLogic()
    visits = logic.loadSampleData()
    result = logic.segment(visits[0], lesion="ga", method="hypertransmission")
    print(logic.measure(result)["area_mm2"], result.segmentation.GetName())
    """

    def getParameterNode(self):
        from OCTEnFaceSegFace.parameters import OCTEnFaceSegParameterNode

        return OCTEnFaceSegParameterNode(super().getParameterNode())

    def registerFundus(self, fundusNode, volumeNode, by="vessels"):
        """Bring a fundus image of another device into register with a scan; it is then placed under a transform node.

        Args:
            fundusNode: vtkMRMLScalarVolumeNode, from loadFundus or the DICOM browser.
            by: "vessels", or "points": pairs that were marked in the panel (OCTEnFaceSegFace.fundus_registration.markPoints).

        Returns:
            OCTEnFaceSegLib.fundus_registration.FundusRegistration: left_um, correlation, ...

        Raises:
            CorrespondCoreLib.errors.CorrespondError: they do not fit; the message says why, and the image stays where it was.
        """
        from OCTEnFaceSegFace import fundus_registration
        from OCTEnFaceSegFace.section_inspect import InspectSection

        fundus_registration.placeOver(fundusNode, volumeNode)
        if by == "points":
            return fundus_registration.registerByPoints(fundusNode, volumeNode)
        return fundus_registration.registerByVessels(fundusNode, volumeNode, InspectSection.bruchDepth(volumeNode, None))

    def loadFundus(self, path):
        """Read a fundus image of another device into the scene; returns its volume node."""
        from OCTEnFaceSegFace.section_fundus import openFundus

        return openFundus(path)

    def loadScan(self, path, **options):
        """Read an OCT file or folder into the scene; returns its volume node.

        Args:
            options: see OCTEnFaceSegLib.formats.options.ReadOptions (spacing_mm, eye, ...).

        Raises:
            CorrespondCoreLib.errors.CorrespondError: the message says what is wrong; the scene is as it was.
        """
        from OCTEnFaceSegFace.section_scan import openScan

        return openScan(path, **options)

    def segment(self, volumeNode, **options):
        """Segment a scan and wait for the result; Slicer stays alive meanwhile.

        Args:
            volumeNode: vtkMRMLScalarVolumeNode.
            options: fields of OCTEnFaceSegFace.request.SegmentationRequest (lesion, method, models, threshold, ...).

        Returns:
            SegmentationResult: segmentation, probability, uncertainty, bruch, report, ...

        Raises:
            CorrespondCoreLib.errors.CorrespondError: the message says what is wrong; the scene is as it was.
        """
        from OCTEnFaceSegFace.request import SegmentationRequest

        return self.start(SegmentationRequest(volumeNode, **options)).wait()

    def start(self, request, onProgress=None, onFinished=None):
        """Start a segmentation beside Slicer and return at once a Background, with `cancel()` and `wait()`.

        Args:
            request: SegmentationRequest.
            onProgress: called with (percent, stage, remaining seconds or None).
            onFinished: called with the Background when its `value` (SegmentationResult) or `error` is there.
        """
        from CorrespondCoreLib import packages
        from CorrespondCoreLib.panel.background import Background
        from OCTEnFaceSegFace.result_loading import loadResult

        request.check()
        if request.method == "network":
            packages.ensure([packages.TORCH, packages.SAFETENSORS], _("OCT En-face Segmentation"))
        return Background(
            Path(__file__).resolve().parent,
            lambda folder: ["oct", "segment", *request.write(folder), "--output", str(folder / "results")],
            lambda folder: loadResult(folder / "results", request),
            (request.volume,),
            onProgress,
            onFinished,
        )

    def measure(self, result, reference=None):
        """Measure a result's mask as it is now, fill its table, and return the measures as a dict.

        Args:
            reference: vtkMRMLSegmentationNode of a grader, to compare with.
        """
        from OCTEnFaceSegFace.measures_table import Measures

        return Measures().update(result, reference)

    def growth(self, results, years=None):
        """Compare the masks of several visits; see OCTEnFaceSegFace.growth.compareVisits.

        Args:
            results: SegmentationResults, or their segmentation nodes.
            years: of each visit; from the dates of the scans by default.
        """
        from OCTEnFaceSegFace.growth import compareVisits
        from OCTEnFaceSegFace.result import SegmentationResult, resultOf

        found = [r if isinstance(r, SegmentationResult) else resultOf(r) for r in results]
        return compareVisits(found, years)

    def addToTrainingSet(self, result, folder, patient=""):
        """Add a result's scan with its mask, as it is now, to a folder for fine-tuning. Returns the scan's folder in there.

        Args:
            patient: a code of your own, the same for all scans of a patient; by default a new one.
        """
        from OCTEnFaceSegFace.tuning import addToTrainingSet

        return addToTrainingSet(result, folder, patient)

    def fineTune(self, model, folder, **options):
        """Fit a model to a training set and wait; returns the new model's card.

        Args:
            options: see startFineTuning.
        """
        return self.startFineTuning(model, folder, **options).wait()

    def startFineTuning(
        self, model, folder, title="", steps=200, device="auto", threads=0, onProgress=None, onPoints=None, onFinished=None
    ):
        """Fit a model to a training set beside Slicer; returns a Background, whose `value` will be the new model's card.

        Args:
            model: id of the model to begin with. folder: see addToTrainingSet.
            title: of the new model; by default the old one, fine-tuned.
            onPoints: called with the points of the curves so far: dicts with step and loss or dice.
        """
        from CorrespondCoreLib import packages
        from CorrespondCoreLib.panel.background import Background
        from OCTEnFaceSegFace.tuning import newCard, tuningCommand

        packages.ensure([packages.TORCH, packages.SAFETENSORS], _("OCT En-face Segmentation"))
        return Background(
            Path(__file__).resolve().parent,
            lambda job: tuningCommand(model, folder, title, steps, device, threads),
            newCard,
            (),
            onProgress,
            onFinished,
            onPoints,
        )

    def importModel(self, path, network="fpn", lesion="ga"):
        """Bring a model (folder, card.json or zip) or a checkpoint of a network's original code into the user's folder of models.

        Args:
            network, lesion: of a checkpoint: whose weights ("fpn", "resensnet", "lachinov" or "ipnv2"), and what they find.

        Returns:
            Its card (dict) with "id" and "lesion".

        Raises:
            CorrespondCoreLib.errors.CorrespondError: it cannot be used; the message says why.
        """
        return self.startModelImport(path, network, lesion).wait()

    def startModelImport(self, path, network, lesion, onProgress=None, onFinished=None):
        """The same beside Slicer; returns a Background."""
        from CorrespondCoreLib import packages
        from CorrespondCoreLib.panel.background import Background
        from CorrespondCoreLib.panel.model_import import importedCard
        from OCTEnFaceSegFace.model_import import importCommand, isCheckpoint

        if isCheckpoint(path):
            packages.ensure([packages.TORCH, packages.SAFETENSORS], _("OCT En-face Segmentation"))
        return Background(
            Path(__file__).resolve().parent,
            lambda job: importCommand(path, network, lesion),
            importedCard,
            (),
            onProgress,
            onFinished,
        )

    def loadSampleData(self, size=None):
        """Make a phantom eye with atrophy on this computer, two visits, and return their volume nodes.

        size: B-scans, depth, A-scans; at least 8, 64, 64.
        """
        return self.startSampleData(size).wait()

    def startSampleData(self, size=None, onProgress=None, onFinished=None):
        """Make the phantom eye beside Slicer; returns a Background."""
        from CorrespondCoreLib.panel.background import Background
        from OCTEnFaceSegFace import sample_data

        return Background(
            Path(__file__).resolve().parent,
            lambda folder: sample_data.command(folder, size or sample_data.SIZE),
            sample_data.load,
            (),
            onProgress,
            onFinished,
        )


class OCTEnFaceSegTest(ScriptedLoadableModuleTest):
    """Self test: a small phantom eye; the network takes part where torch is installed."""

    SIZE = (16, 128, 128)
    MODEL = "oct-ga-fpn"

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        for test in (self.test_segmentsPhantom, self.test_networkSegmentsPhantom, self.test_messageWithoutModel):
            self.setUp()
            test()

    def test_segmentsPhantom(self):
        """The weight-free method finds a mask that lies in the en-face plane and is measured."""
        logic = OCTEnFaceSegLogic()
        visits = logic.loadSampleData(self.SIZE)
        result = logic.segment(visits[0], method="hypertransmission")
        self.assertEqual(result.mask().shape, (self.SIZE[0], self.SIZE[2]))
        measures = logic.measure(result)
        self.assertGreater(measures["area_mm2"], 0)
        self.assertLess(measures["percent_of_scan"], 90)

    def test_networkSegmentsPhantom(self):
        """The model that comes along finds the atrophy; without torch a message says what to do, and the scene stays as it is."""
        from CorrespondCoreLib import packages
        from CorrespondCoreLib.errors import MissingPackage
        from CorrespondCoreLib.metrics import dice
        from OCTEnFaceSegFace.sample_data import SEED
        from OCTEnFaceSegLib.phantom import phantom_eye

        logic = OCTEnFaceSegLogic()
        volume = logic.loadSampleData(self.SIZE)[0]
        if packages.missing([packages.TORCH, packages.SAFETENSORS]):  # by the packages' metadata
            nodes = slicer.mrmlScene.GetNumberOfNodes()
            declined = mock.patch("slicer.util.confirmOkCancelDisplay", return_value=False)
            with declined, self.assertRaisesRegex(MissingPackage, "PyTorch|(torch|safetensors).*try again"):
                logic.segment(volume, models=(self.MODEL,))
            self.assertEqual(slicer.mrmlScene.GetNumberOfNodes(), nodes)
            return
        result = logic.segment(volume, models=(self.MODEL,))
        self.assertEqual(result.report["model"], self.MODEL)
        self.assertGreater(dice(result.mask(), phantom_eye(self.SIZE, seed=SEED).ga), 0.8)

    def test_messageWithoutModel(self):
        """A network that is not installed is named; the scene stays as it is."""
        from CorrespondCoreLib.errors import InputError

        volumes = OCTEnFaceSegLogic().loadSampleData(self.SIZE)
        nodes = slicer.mrmlScene.GetNumberOfNodes()
        with self.assertRaisesRegex(InputError, "nothing-of-this-name"):
            OCTEnFaceSegLogic().segment(volumes[0], lesion="rpd", models=("nothing-of-this-name",))
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodes(), nodes)
