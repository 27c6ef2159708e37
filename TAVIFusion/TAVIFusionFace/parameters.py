"""What the panel remembers: one parameter node, bound to the widgets by their SlicerParameterName."""

import enum
from typing import Annotated, Union

from slicer import (
    vtkMRMLMarkupsCurveNode,
    vtkMRMLMarkupsFiducialNode,
    vtkMRMLMarkupsROINode,
    vtkMRMLModelNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLSequenceNode,
)
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Decimals, Default, Maximum, Minimum, SingleStep, WithinRange, parameterNodeWrapper

from CorrespondCoreLib.panel.device import Device

AUTOMATIC_HU = -1.0
"""Threshold of the aorta that means: from what is around the seed."""


class MeshFrame(enum.Enum):
    """How the points of a surface file are meant."""

    LPS = "LPS"
    RAS = "RAS"

    def label(self):
        return {"LPS": _("LPS"), "RAS": _("RAS")}[self.value]


class Frames(enum.Enum):
    """What is segmented."""

    CURRENT = "current"
    ALL = "all"

    def label(self):
        return {"current": _("The frame that is shown"), "all": _("All frames")}[self.value]


class Method(enum.Enum):
    """How vessels are found; the filter is never chosen by itself."""

    NETWORK = "network"
    VESSELNESS = "vesselness"

    def label(self):
        return {"network": _("Trained network"), "vesselness": _("Vesselness filter (no network)")}[self.value]


class FieldOfView(enum.Enum):
    """What a run shows."""

    AUTO = "auto"
    LOWER = "lower"
    UPPER = "upper"

    def label(self):
        return {
            "auto": _("Guess it"),
            "lower": _("Lower: iliac and femoral arteries"),
            "upper": _("Upper: root and arch"),
        }[self.value]


class Degrees(enum.Enum):
    """What of the pose is fitted."""

    IN_PLANE = "in-plane"
    DEPTH = "in-plane and depth"
    SIX = "six"
    PAPER = "paper"

    def label(self):
        return {
            "in-plane": _("One view: shift and turn in the frame"),
            "in-plane and depth": _("One view: also along the beam (uncertain)"),
            "six": _("Two views: all six degrees of freedom"),
            "paper": _("Paper: affine map of the flat silhouette"),
        }[self.value]


class Affine(enum.Enum):
    """How the paper's mode finds its map."""

    NETWORK = "network"
    MOMENTS = "moments"
    DIRECT = "direct"

    def label(self):
        return {"network": _("Matching network"), "moments": _("Moments"), "direct": _("Direct optimization")}[self.value]


class Overlay(enum.Enum):
    """What lies over the frame."""

    NOTHING = "nothing"
    SILHOUETTE = "silhouette"
    DEPTH = "depth"
    PROBABILITY = "probability"
    AGREEMENT = "agreement"
    ATTENTION = "attention"

    def label(self):
        return {
            "nothing": _("Nothing"),
            "silhouette": _("Silhouette of the model"),
            "depth": _("Model, colored by depth"),
            "probability": _("Probability of vessel"),
            "agreement": _("Mask against the reference"),
            "attention": _("Where the network looked (Grad-CAM)"),
        }[self.value]


class Layer(enum.Enum):
    """Of the segmentation network, whose attention is shown."""

    BRIDGE = "bridge"
    ENCODER = "encoder.3"
    DECODER = "decoder.0"
    LAST = "decoder.3"

    def label(self):
        return {
            "bridge": _("Bridge: the coarsest layer"),
            "encoder.3": _("Last of the encoder"),
            "decoder.0": _("First of the decoder"),
            "decoder.3": _("Last of the decoder: the finest"),
        }[self.value]


class ViewAngles(enum.Enum):
    """From where the 3D view looks."""

    FRAME = "frame"
    PLANNED = "planned"

    def label(self):
        return {"frame": _("The frame's angles"), "planned": _("The planned angles")}[self.value]


@parameterNodeWrapper
class TAVIFusionParameterNode:
    """The run, the model, how they are brought together, and what is shown."""

    run: vtkMRMLSequenceNode
    secondRun: vtkMRMLSequenceNode

    model: vtkMRMLModelNode
    meshFrame: Annotated[MeshFrame, Default(MeshFrame.LPS)]
    landmarks: vtkMRMLMarkupsFiducialNode
    centerline: Union[vtkMRMLModelNode, vtkMRMLMarkupsCurveNode, None]  # noqa: UP007 - the wrapper knows Union only
    cta: vtkMRMLScalarVolumeNode
    seed: vtkMRMLMarkupsFiducialNode
    aortaThreshold: Annotated[float, WithinRange(AUTOMATIC_HU, 3000), SingleStep(10), Decimals(0)] = AUTOMATIC_HU

    nadirs: vtkMRMLMarkupsFiducialNode
    plannedPrimaryDeg: float = 0.0
    plannedSecondaryDeg: float = 0.0

    frames: Annotated[Frames, Default(Frames.ALL)]
    method: Annotated[Method, Default(Method.NETWORK)]
    network: str = ""
    field: Annotated[FieldOfView, Default(FieldOfView.AUTO)]
    threshold: Annotated[float, WithinRange(0.01, 0.99), SingleStep(0.01), Decimals(2)] = 0.5
    device: Device
    threads: Annotated[int, Minimum(0), Maximum(256)] = 0
    fineTuneSteps: Annotated[int, Minimum(10), Maximum(100_000)] = 200

    degrees: Annotated[Degrees, Default(Degrees.IN_PLANE)]
    affine: Annotated[Affine, Default(Affine.NETWORK)]
    region: vtkMRMLMarkupsROINode
    modelPoints: vtkMRMLMarkupsFiducialNode
    framePoints: vtkMRMLMarkupsFiducialNode
    secondFramePoints: vtkMRMLMarkupsFiducialNode
    matchPhases: bool = True
    turned: bool = False

    liveNode: vtkMRMLScalarVolumeNode
    liveFollows: bool = False

    reference: Union[vtkMRMLSegmentationNode, vtkMRMLSequenceNode, None]  # noqa: UP007
    overlay: Annotated[Overlay, Default(Overlay.NOTHING)]
    layer: Annotated[Layer, Default(Layer.BRIDGE)]
    opacity: Annotated[float, WithinRange(0, 1), SingleStep(0.05), Decimals(2)] = 0.5
    showOutline: bool = True
    showLandmarks: bool = True
    showCenterline: bool = True
    showMasks: bool = True
    showArm: bool = False
    carmView: bool = False
    viewAngles: Annotated[ViewAngles, Default(ViewAngles.FRAME)]
