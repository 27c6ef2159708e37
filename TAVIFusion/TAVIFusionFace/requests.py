"""What to do and how: scene nodes and options, checked, and turned into files and arguments for the child process."""

from dataclasses import dataclass, field

import numpy as np
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import write_csv, write_json
from CorrespondCoreLib.panel.checked_request import CheckedRequest
from TAVIFusionLib.run_options import BY_PHASE
from TAVIFusionLib.settings import FusionSettings
from TAVIFusionLib.vessel_finder import chosen_models

from . import geometry_attributes
from .model_nodes import meshOf, pointsOf
from .paper_mode import regionOf
from .request_files import writeLandmarks, writeMasks, writeModel, writePose, writeRun
from .results import maskedFrames, maskOfFrame, masksOf
from .run_nodes import frameCount, isRun, rasToPixels

LEAST_TURNED = 3
"""Pairs in both views from which the rotation of a turned model follows."""


@dataclass
class Request(CheckedRequest):
    """What all of the work shares; `settings` are those of TAVIFusionLib.settings.FusionSettings that have no field here.

    Attributes:
        network: id of a model that segments; the installed one of the field of view if empty.
    """

    run: object = None
    method: str = "network"
    network: str = ""
    fieldOfView: str = "auto"
    threshold: float = 0.5
    settings: dict = field(default_factory=dict)
    device: str = "auto"
    threads: int = 0

    def check(self):
        """Raise InputError with what is missing or cannot be."""
        checkRun(self.run)
        settings = self.allSettings()
        if self.method == "network" and self.segments():
            chosen_models(settings.segmentation)

    def segments(self):
        """Whether frames are segmented on the way."""
        return True

    def needsTorch(self):
        """Whether the child needs torch: a network does."""
        return self.method == "network" and self.segments()

    def allSettings(self):
        """The options as FusionSettings; raises InputError where one cannot be."""
        own = {"method": self.method, "field_of_view": self.fieldOfView, "threshold": self.threshold}
        own |= {"model": self.network} if self.method == "network" else {}
        given = self.settings.get("segmentation", {})
        return FusionSettings.from_json({**self.settings, "segmentation": {**own, **given}})

    def _common(self, folder, settings=None):
        """Arguments that all commands take."""
        write_json(folder / "chosen_settings.json", (settings or self.allSettings()).to_dict())
        arguments = ["--settings", folder / "chosen_settings.json", "--device", self.device]
        return [*arguments, *(["--threads", self.threads] if self.threads else [])]


@dataclass
class SegmentRequest(Request):
    """Find the vessel in frames.

    Attributes:
        frames: index of the first and the last one, or None for all.
    """

    frames: tuple = None

    def write(self, folder):
        """Write the run and the settings into a folder, and return the arguments of `correspond tavi segment` that name them
        (all but --output)."""
        arguments = [*writeRun(self.run, folder, "run"), *self._common(folder)]
        if self.frames is not None:
            arguments += ["--frames", *self.frames]
        return texts(arguments)


@dataclass
class AlignRequest(Request):
    """Lay a model over one or two frames.

    Attributes:
        model: model node.
        frame, secondRun, secondFrame: the frame of the run; another view, or None.
        degrees: see TAVIFusionLib.alignment.settings.DEGREES.
        matchPhases: with a second run: frames of the same phase of heart and breath are chosen in place of these.
        modelPoints, framePoints: markups with the same points on the model and on the frame, or None.
        secondFramePoints: the same on the frame of the second run, or None.
        turned: the model's frame is turned in an unknown way, which three pairs or more in both views tell.
        landmarks: markups of points that are drawn, or None.
        by: "pose" to the vessel, "points" to the points alone, "paper" an affine map of the flat silhouette.
        affine, region: of the paper's mode: "network", "moments" or "direct"; markups ROI on the frame, or None for all.
    """

    model: object = None
    frame: int = 0
    secondRun: object = None
    secondFrame: int = 0
    degrees: str = "in-plane"
    modelPoints: object = None
    framePoints: object = None
    landmarks: object = None
    by: str = "pose"
    matchPhases: bool = False
    secondFramePoints: object = None
    turned: bool = False
    affine: str = "network"
    region: object = None

    def check(self):
        super().check()
        checkModel(self.model)
        views = self.views()
        if self.degrees == "six" and len(views) < 2:
            raise InputError(_("Six degrees of freedom need two views: choose a second run, or fit with one view."))
        pairs = self.pairs()
        if self.by == "points" and not any(pairs):
            raise InputError(_("Place up to four points on the model, and the same ones in the same order on the frame."))
        if self.turned and self.by != "paper" and (len(pairs) < 2 or min(len(of_view) for of_view in pairs) < LEAST_TURNED):
            raise InputError(
                _("A turned model needs three points or more, each placed on the model and on the frames of both runs.")
            )
        for run, frame in views:
            checkGeometry(run, frame)

    def segments(self):
        """Whether frames are segmented on the way; where frames are chosen, all of both runs are looked at."""
        if self.choosesFrames():
            return not all(len(maskedFrames(run)) == frameCount(run) for run, _frame in self.views())
        return self.by != "points" and not all(frame in maskedFrames(run) for run, frame in self.views())

    def choosesFrames(self):
        """Whether the frames are those of the same phase; points are placed on frames, which are then taken as they are."""
        views = self.views()
        cines = len(views) == 2 and all(frameCount(run) > 1 for run, _frame in views)
        return self.matchPhases and self.by == "pose" and cines and not any(self.pairs())

    def needsTorch(self):
        return super().needsTorch() or (self.by == "paper" and self.affine == "network")

    def views(self):
        """(run, frame) of each view."""
        second = [(self.secondRun, self.secondFrame)] if isRun(self.secondRun) and self.degrees == "six" else []
        return [(self.run, self.frame), *second]

    def pairs(self):
        """For each view, (point LPS mm, pixel) of each pair.

        Raises:
            InputError: there are more points on the one than on the other.
        """
        nodes = (self.framePoints, self.secondFramePoints)
        return [self._pairsOn(run, node) for (run, _frame), node in zip(self.views(), nodes, strict=False)]

    def _pairsOn(self, run, framePoints):
        if self.modelPoints is None or framePoints is None:
            return []
        points, _labels = pointsOf(self.modelPoints)
        seen = rasToPixels(run, placedPoints(framePoints))
        if len(points) != len(seen):
            raise InputError(
                _("There are {a} points on the model and {b} on the frame: place the same ones on both.").format(
                    a=len(points), b=len(seen)
                )
            )
        return list(zip(points, seen, strict=True))

    def allSettings(self):
        settings = super().allSettings().to_dict()
        own = {"degrees": self.degrees, "mode": self.by, "turned": self.turned}
        if self.by == "paper":
            own = {"mode": self.by, "affine": self.affine, "region_px": regionOf(self.region, self.run)}
        alignment = {**own, **self.settings.get("alignment", {})}
        return FusionSettings.from_json({**settings, "alignment": {**settings["alignment"], **alignment}})

    def write(self, folder):
        """Write model, runs, masks, pose and points into a folder, and return the arguments of `correspond tavi align`."""
        arguments, chosen = [*writeModel(self.model, folder)], self.choosesFrames()
        for number, (run, frame) in enumerate(self.views(), 1):
            path, *geometry = writeRun(run, folder, f"run_{number}")
            arguments += ["--view", path, BY_PHASE if chosen else frame, *geometry]
            if self.by != "points" and not self.segments():
                masks = masksOf(run) if chosen else {frame: maskOfFrame(run, frame)}
                arguments += ["--mask", writeMasks(run, masks, folder / f"masks_{number}.nrrd")]
        arguments += ["--start", writePose(self.model, folder), *self._common(folder)]
        pairs = self.pairs() if self.by != "paper" else []
        if any(pairs):
            rows = [
                (f"pair {n}", *point, view, *pixel)
                for view, of_view in enumerate(pairs, 1)
                for n, (point, pixel) in enumerate(of_view, 1)
            ]
            write_csv(folder / "pairs.csv", ("name", "x", "y", "z", "view", "column", "row"), rows)
            arguments += ["--pairs", folder / "pairs.csv"]
        return texts([*arguments, *writeLandmarks(self.landmarks, folder)])


@dataclass
class TrackRequest(Request):
    """Let a model follow the frames of a run.

    Attributes:
        model: model node, with the pose that it starts from.
        landmarks: markups of points that are drawn, or None.
    """

    model: object = None
    landmarks: object = None

    def check(self):
        super().check()
        checkModel(self.model)
        if frameCount(self.run) < 2:
            raise InputError(_("The run has one frame only: there is nothing to follow."))
        checkGeometry(self.run, 0)

    def segments(self):
        return len(maskedFrames(self.run)) < frameCount(self.run)

    def write(self, folder):
        """Write model, run, masks and pose into a folder, and return the arguments of `correspond tavi track`."""
        arguments = [*writeModel(self.model, folder), *writeRun(self.run, folder, "run"), "--pose", writePose(self.model, folder)]
        if not self.segments():
            arguments += ["--mask", writeMasks(self.run, masksOf(self.run), folder / "masks.nrrd")]
        return texts([*arguments, *self._common(folder), *writeLandmarks(self.landmarks, folder)])


def segmentationOptions(p):
    """The fields of a Request that the panel's Segment section says, by its parameter node."""
    return {
        "method": p.method.value,
        "network": p.network,
        "fieldOfView": p.field.value,
        "threshold": p.threshold,
        "device": p.device.value,
        "threads": p.threads,
    }


def checkRun(run):
    """Raise InputError where there is no run."""
    if not isRun(run):
        raise InputError(_("Choose a fluoroscopy run, or open an XA file."))


def checkModel(model):
    """Raise InputError where there is no model, or none that can be used."""
    if model is None:
        raise InputError(_("Choose a model of the aorta."))
    meshOf(model)


def checkGeometry(run, frame):
    """Raise InputError where a frame's geometry is incomplete or impossible."""
    geometry_attributes.geometry(run)[frame].check()


def placedPoints(markups):
    """(N, 3) RAS mm of the placed points of a node in the plane of the frames, transforms included."""
    points = [
        markups.GetNthControlPointPositionWorld(i)
        for i in range(markups.GetNumberOfControlPoints())
        if markups.GetNthControlPointPositionStatus(i) == markups.PositionDefined
    ]
    return np.array(points, float).reshape(-1, 3)


def texts(arguments):
    return [str(argument) for argument in arguments]
