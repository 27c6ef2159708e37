"""The aorta of a CTA on fluoroscopy frames: module, panel, logic, self test.

For research use only. Not for clinical use.
"""

from pathlib import Path

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

TUTORIAL = "https://github.com/SlicerCorrespond/SlicerCorrespond/blob/main/TAVIFusion/Documentation/TAVIFusion.md"

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
            "Lays the aorta of a planning CTA over fluoroscopy frames: open an angiography run, choose the aorta, find the "
            "vessel in the frames, and align the model to it. For research use only."
        )
        self.parent.helpText += _('<p>More in the <a href="{url}">tutorial</a>.</p>').format(url=TUTORIAL)
        self.parent.acknowledgementText = _(
            "Networks and fusion after Li et al., on CTA and fluoroscopy fusion in transcatheter aortic valve implantation."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)
        slicer.app.connect("startupCompleted()", registerLayouts)


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


def registerLayouts():
    """Let Slicer know the module's layouts, so that a scene that was saved in one of them opens in it."""
    from CorrespondCoreLib.panel.own_layouts import OwnLayouts
    from TAVIFusionFace.frame_layout import DESCRIPTIONS

    OwnLayouts(DESCRIPTIONS).register()


def downloadSampleData(source):
    """What the button in the Sample Data module does. From the console: TAVIFusionLogic().loadSampleData(), as
    SampleData.downloadSample() asks no custom downloader: it gives what it finds on the network alone."""
    TAVIFusionLogic().loadSampleData()


class TAVIFusionWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: its sections, and the parameter node that they share."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.binding = None
        self._refreshing = False

    @property
    def _parameterNode(self):
        return self.binding.node

    def setup(self):
        from CorrespondCoreLib.panel.parameter_binding import ParameterBinding
        from TAVIFusionFace.run_nodes import MARK
        from TAVIFusionFace.section_align import AlignSection
        from TAVIFusionFace.section_angulation import AngulationSection
        from TAVIFusionFace.section_export import ExportSection
        from TAVIFusionFace.section_fine_tune import FineTuneSection
        from TAVIFusionFace.section_geometry import GeometrySection
        from TAVIFusionFace.section_inspect import InspectSection
        from TAVIFusionFace.section_live import LiveSection
        from TAVIFusionFace.section_measures import MeasuresSection
        from TAVIFusionFace.section_model import ModelSection
        from TAVIFusionFace.section_run import RunSection
        from TAVIFusionFace.section_segment import SegmentSection
        from TAVIFusionFace.section_track import TrackSection
        from TAVIFusionFace.section_work import WorkSection

        super().setup()
        panel = slicer.util.loadUI(self.resourcePath("UI/TAVIFusion.ui"))
        self.layout.addWidget(panel)
        self.ui = ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        for selector in (ui.runSelector, ui.secondRunSelector):
            selector.addAttribute("vtkMRMLSequenceNode", MARK)
        self.logic = TAVIFusionLogic()
        self.binding = ParameterBinding(self.ui, self.logic, self.onParametersModified)
        parameters = lambda: self._parameterNode  # noqa: E731
        busy = lambda: self.work.running  # noqa: E731
        self.run = RunSection(ui, parameters, self.showError, self.onFrame)
        self.geometry = GeometrySection(ui, parameters, self.showError, self.onParametersModified)
        self.model = ModelSection(ui, parameters, self.showError, busy)
        self.inspect = InspectSection(ui, parameters, self.showError, lambda: self.parent.isEntered, busy)
        self.angulation = AngulationSection(ui, parameters, self.showError, self.inspect.show)
        self.segmenting = SegmentSection(ui, parameters)
        self.finetuning = FineTuneSection(ui, parameters, busy)
        self.aligning = AlignSection(ui, parameters, busy)
        self.tracking = TrackSection(ui, parameters, busy)
        self.live = LiveSection(ui, self.logic.startLive, parameters, self.inspect, self.showError)
        self.measuring = MeasuresSection(ui, parameters, self.showError, self.inspect.show)
        self.exporting = ExportSection(ui, parameters, self.segmenting.request, self.showError)
        self.sections = (self.run, self.geometry, self.model, self.angulation, self.segmenting, self.finetuning, self.aligning)
        self.sections += (self.tracking, self.live, self.measuring, self.exporting, self.inspect)
        parts = {"segment": self.segmenting, "finetune": self.finetuning, "align": self.aligning, "track": self.tracking}
        parts["inspect"] = self.inspect
        self.work = WorkSection(ui, self.logic, parameters, parts, self.showError, self.onParametersModified)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.StartCloseEvent, self.onSceneStartClose)
        for event in (slicer.vtkMRMLScene.EndCloseEvent, slicer.vtkMRMLScene.EndImportEvent):
            self.addObserver(slicer.mrmlScene, event, self.onSceneChanged)
        self.initializeParameterNode()

    def cleanup(self):
        """The module is unloaded: nothing may go on."""
        self.work.abandon()
        self.live.abandon()
        self.rest()
        self.aligning.nudging.end()
        self.binding.release()
        self.removeObservers()

    def onReload(self):
        """Developer mode: edited files of the module's packages count, too."""
        from CorrespondCoreLib.panel.edited_files import takeEditedFiles

        takeEditedFiles(self.moduleName)
        super().onReload()

    def enter(self):
        self.finetuning.look()
        self.initializeParameterNode()
        self.run.adoptImported()
        self.inspect.show()

    def exit(self):
        self.aligning.nudging.rest()
        self.live.leave()
        self.inspect.leave()

    def rest(self):
        """Let go of what belongs to the scene."""
        for section in self.sections:
            section.rest()

    def onSceneStartClose(self, caller, event):
        self.rest()
        if not self.work.running:
            self.work.forget()
        self.binding.release()

    def onSceneChanged(self, caller, event):
        """A scene was closed or read: its parameter node counts."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        """Connect the panel to the scene's parameter node."""
        self.binding.bind()

    def onParametersModified(self):
        """Something was chosen: show it, and what can be done with it."""
        if self._parameterNode is None or self._refreshing:
            return
        self._refreshing = True
        try:
            for section in self.sections:
                section.refresh()
            self.work.ready(self.segmenting.request().missing())
        finally:
            self._refreshing = False

    def onFrame(self):
        """Another frame is shown."""
        self.geometry.refresh()
        self.finetuning.showFrame()
        self.aligning.nudging.refresh()
        self.inspect.refreshAttention()
        self.inspect.update()

    def showError(self, message):
        """Tell the user; in testing mode the message is only logged."""
        from TAVIFusionFace.labels import say

        say(self.ui.statusLabel, message)
        slicer.util.errorDisplay(message, windowTitle=_("TAVI Fusion"))


class TAVIFusionLogic(ScriptedLoadableModuleLogic):
    """Fusion from the Python console:

    logic = TAVIFusion.TAVIFusionLogic()
    sample = logic.loadSampleData()
    results = logic.segment(sample.runs[0], method="vesselness")
    fit = logic.align(sample.runs[0], sample.model, frame=sample.frame)
    print(fit["pose"].translation_mm, fit["warnings"])
    logic.track(sample.runs[0], sample.model)
    """

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

    def segment(self, run, **options):
        """Find the vessel in a run and wait for it; Slicer stays alive meanwhile. Returns RunResults.

        Args:
            run: sequence node.
            options: fields of TAVIFusionFace.requests.SegmentRequest (method, fieldOfView, threshold, frames, ...).

        Raises:
            CorrespondCoreLib.errors.CorrespondError: the message says what is wrong; the scene is as it was.
        """
        from TAVIFusionFace.requests import SegmentRequest

        return self.startSegment(SegmentRequest(run, **options)).wait()

    def align(self, run, model, **options):
        """Lay a model over a frame and wait for it. Returns the figures as a dict, with "pose" (TAVIFusionLib.pose.Pose).

        Args:
            run, model: sequence node and model node, whose pose is changed.
            options: fields of TAVIFusionFace.requests.AlignRequest (frame, secondRun, degrees, method, ...).
        """
        from TAVIFusionFace.requests import AlignRequest

        return self.startAlign(AlignRequest(run, model=model, **options)).wait()

    def track(self, run, model, **options):
        """Let a model follow a run from the pose that it has, and wait for it. Returns RunResults.

        Args:
            options: fields of TAVIFusionFace.requests.TrackRequest (method, fieldOfView, landmarks, ...).
        """
        from TAVIFusionFace.requests import TrackRequest

        return self.startTrack(TrackRequest(run, model=model, **options)).wait()

    def fineTune(self, network, **options):
        """Train a network on, on all frames of the scene that were drawn on, and wait for it. Returns the figures as a dict.

        Args:
            network: id of the model to start from.
            options: fields of TAVIFusionFace.fine_tune.FineTuneRequest (title, steps, folder, patient, ...).
        """
        from TAVIFusionFace.fine_tune import FineTuneRequest

        return self.startFineTune(FineTuneRequest(network, **options)).wait()

    def startSegment(self, request, onProgress=None, onFinished=None):
        """Start a segmentation beside Slicer and return at once a Background, with `cancel()` and `wait()`."""
        from TAVIFusionFace.result_loading import loadSegmentation

        return self._start("segment", request, loadSegmentation, (request.run,), onProgress, onFinished)

    def startAlign(self, request, onProgress=None, onFinished=None):
        """Start an alignment; see startSegment."""
        from TAVIFusionFace.result_loading import loadAlignment

        return self._start("align", request, loadAlignment, (request.run, request.model), onProgress, onFinished)

    def startTrack(self, request, onProgress=None, onFinished=None):
        """Start the tracking of a run; see startSegment."""
        from TAVIFusionFace.result_loading import loadTrack

        return self._start("track", request, loadTrack, (request.run, request.model), onProgress, onFinished)

    def startAttention(self, request, onProgress=None, onFinished=None):
        """Start to compute where the network looked in a frame; see startSegment.

        Args:
            request: TAVIFusionFace.attention.AttentionRequest.
        """
        from TAVIFusionFace.attention import loadAttention

        return self._start("attention", request, loadAttention, (request.run,), onProgress, onFinished)

    def startFineTune(self, request, onProgress=None, onFinished=None, onPoints=None):
        """Start a fine-tuning; the Background's value is a dict, in it the new Model as "made".

        Args:
            onPoints: called with the course of the training so far, [{"step": ..., "loss": ..., "dsc": ...}, ...].
        """
        from TAVIFusionFace.fine_tune import loadModel

        request.check()
        self._ensureTorch()

        def prepare(folder):
            return ["tavi", "fine-tune", *request.write(folder), "--output", str(folder / "results")]

        return self._background(prepare, loadModel, (), onProgress, onFinished, onPoints)

    def importModel(self, path, fieldOfView="auto"):
        """Bring a model (folder, card.json or zip), or weights of a deep residual U-net, into the user's folder of models.

        Args:
            fieldOfView: that weights alone are for: "upper", "lower", or "auto" where it is not known.

        Returns its card (dict) with "id" and "network".

        Raises:
            CorrespondCoreLib.errors.CorrespondError: it cannot be used; the message says why.
        """
        return self.startModelImport(path, fieldOfView).wait()

    def startModelImport(self, path, fieldOfView="auto", onProgress=None, onFinished=None):
        """The same beside Slicer; returns a Background."""
        from CorrespondCoreLib.panel.model_import import importedCard
        from TAVIFusionFace.model_import import importCommand

        self._ensureTorch()
        return self._background(lambda job: importCommand(path, fieldOfView), importedCard, (), onProgress, onFinished)

    def startLive(self, request, onResult=None, onStopped=None):
        """Segment the frames that arrive in a volume node, from now on. Returns a LiveStream, with `stop()` and `statistics`.

        Args:
            request: TAVIFusionFace.live_stream.LiveRequest.
            onResult, onStopped: see LiveStream.

        Raises:
            CorrespondCoreLib.errors.CorrespondError: it cannot be started; the scene is as it was.
        """
        from TAVIFusionFace.live_stream import LiveStream

        request.check()
        if request.needsTorch():
            self._ensureTorch()
        return LiveStream(request, Path(__file__).resolve().parent, onResult, onStopped)

    def startAorta(self, cta, seed, threshold, onProgress=None, onFinished=None):
        """Start growing the aorta in a CTA; the Background's value is the model node."""
        from TAVIFusionFace import aorta

        request = aorta.AortaRequest(cta, seed, threshold)
        return self._background(request.write, request.load, (cta, seed), onProgress, onFinished)

    def loadSampleData(self, **size):
        """Make the phantom patient on this computer. Returns TAVIFusionFace.sample_data.Sample: runs, model, frame, ...

        Args:
            size: frames of each run (30, contrast comes after the first 10), and their width in pixels (512).
        """
        return self.startSampleData(**size).wait()

    def startSampleData(self, onProgress=None, onFinished=None, **size):
        """Make the phantom patient beside Slicer; returns a Background."""
        from TAVIFusionFace import sample_data

        return self._background(lambda job: sample_data.command(job, **size), sample_data.load, (), onProgress, onFinished)

    def _start(self, command, request, load, nodes, onProgress, onFinished):
        request.check()
        if request.needsTorch():
            self._ensureTorch()

        def prepare(folder):
            return ["tavi", command, *request.write(folder), "--output", str(folder / "results")]

        return self._background(prepare, lambda folder: load(folder / "results", request), nodes, onProgress, onFinished)

    @staticmethod
    def _ensureTorch():
        from CorrespondCoreLib import packages

        packages.ensure([packages.TORCH, packages.SAFETENSORS], _("TAVI Fusion"))

    @staticmethod
    def _background(prepare, load, nodes, onProgress, onFinished, onPoints=None):
        from CorrespondCoreLib.panel.background import Background

        return Background(Path(__file__).resolve().parent, prepare, load, nodes, onProgress, onFinished, onPoints)


class TAVIFusionTest(ScriptedLoadableModuleTest):
    """Self test: a small phantom; needs nothing but the module and no model."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        for test in (self.test_projectsPhantom, self.test_messageWithoutModel):
            self.setUp()
            test()

    def test_projectsPhantom(self):
        """The model of the phantom lies where contrast is seen, and its geometry stays with the run."""
        from TAVIFusionFace.geometry_attributes import geometry
        from TAVIFusionFace.model_nodes import meshOf
        from TAVIFusionFace.results import referenceOfFrame
        from TAVIFusionLib.silhouette import silhouette

        sample = TAVIFusionLogic().loadSampleData(frames=20, pixels=256)
        run, frame = sample.runs[0], sample.frame
        arm = geometry(run)[frame]
        self.assertEqual((arm.primary_deg, arm.secondary_deg, arm.missing), (15.0, -5.0, []))
        shadow = silhouette(meshOf(sample.model), arm)
        vessel = referenceOfFrame(sample.references[0], run, frame)
        self.assertGreater(vessel.sum(), 0)
        self.assertGreater((vessel & shadow).sum() / vessel.sum(), 0.7)

    def test_messageWithoutModel(self):
        """A network that is not installed is named; the scene stays as it is."""
        from CorrespondCoreLib.errors import InputError

        run = TAVIFusionLogic().loadSampleData(frames=1, pixels=256).runs[0]
        nodes = slicer.mrmlScene.GetNumberOfNodes()
        with self.assertRaisesRegex(InputError, "nothing-of-this-name"):
            TAVIFusionLogic().segment(run, settings={"segmentation": {"model": "nothing-of-this-name"}})
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodes(), nodes)
