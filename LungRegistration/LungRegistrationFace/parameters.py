"""What the panel remembers: one parameter node, bound to the widgets by their SlicerParameterName."""

import enum
from typing import Annotated, Union

from slicer import (
    vtkMRMLGridTransformNode,
    vtkMRMLMarkupsFiducialNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLSequenceNode,
    vtkMRMLTransformNode,
)
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Decimals, Default, Maximum, Minimum, SingleStep, WithinRange, parameterNodeWrapper

from CorrespondCoreLib.panel.device import Device


class Preset(enum.Enum):
    """Quality presets of the registration."""

    FAST = "fast"
    DEFAULT = "default"
    BEST = "best"
    RUEHAAK2017 = "ruehaak2017"

    def label(self):
        return {"fast": _("Fast"), "default": _("Default"), "best": _("Best"), "ruehaak2017": _("Keypoints (Ruehaak 2017)")}[
            self.value
        ]


class Method(enum.Enum):
    """How the displacement is found: by the search, or by a network."""

    SEARCH = "search"
    VIRNET = "virnet"
    VOXELMORPH = "voxelmorph"
    RRN = "rrn"

    def label(self):
        return {
            "search": _("Search (needs no model)"),
            "virnet": _("VIRNet"),
            "voxelmorph": _("VoxelMorph"),
            "rrn": _("RRN (experimental)"),
        }[self.value]


class InstanceOptimization(enum.Enum):
    """What of a network's result is fitted to the pair at hand."""

    NONE = "none"
    FIELD = "field"
    WEIGHTS = "weights"

    def label(self):
        return {"none": _("No"), "field": _("Field"), "weights": _("Weights of the network")}[self.value]


class Similarity(enum.Enum):
    """How image agreement is measured; PRESET leaves it to the preset."""

    PRESET = ""
    MIND = "mind"
    LNCC = "lncc"
    NGF = "ngf"

    def label(self):
        return {
            "": _("As the preset says"),
            "mind": _("MIND (self-similarity)"),
            "lncc": _("LNCC (local cross-correlation)"),
            "ngf": _("NGF (gradient directions)"),
        }[self.value]


class Regularizer(enum.Enum):
    """What keeps the displacement plausible; PRESET leaves it to the preset."""

    PRESET = ""
    TOTAL_VARIATION = "total_variation"
    CURVATURE = "curvature"
    DIFFUSION = "diffusion"

    def label(self):
        return {
            "": _("As the preset says"),
            "total_variation": _("Total variation (lets lobes slide)"),
            "curvature": _("Curvature"),
            "diffusion": _("Diffusion"),
        }[self.value]


class BreathingState(enum.Enum):
    """Breathing state of the fixed image."""

    INSPIRATION = "inspiration"
    EXPIRATION = "expiration"

    def label(self):
        return {"inspiration": _("Inspiration"), "expiration": _("Expiration")}[self.value]


class LandmarkMatching(enum.Enum):
    """How points of the two lists belong together."""

    LABEL = "label"
    ORDER = "order"

    def label(self):
        return {"label": _("Label"), "order": _("Order in the list")}[self.value]


class DisplacementDisplay(enum.Enum):
    """How the displacement is drawn in the views."""

    OFF = "off"
    GRID = "grid"
    GLYPHS = "glyphs"

    def label(self):
        return {"off": _("Off"), "grid": _("Grid"), "glyphs": _("Arrows")}[self.value]


@parameterNodeWrapper
class LungRegistrationParameterNode:
    """Inputs, method, outputs and the result that is looked at."""

    fixedVolume: vtkMRMLScalarVolumeNode
    movingVolume: vtkMRMLScalarVolumeNode
    fixedIs: BreathingState
    fixedMaskSegmentation: vtkMRMLSegmentationNode
    fixedMaskSegmentID: str
    movingMaskSegmentation: vtkMRMLSegmentationNode
    movingMaskSegmentID: str
    initialTransform: vtkMRMLTransformNode
    fixedLandmarks: vtkMRMLMarkupsFiducialNode
    movingLandmarks: vtkMRMLMarkupsFiducialNode
    landmarkMatching: LandmarkMatching
    guideByLandmarks: bool

    method: Method
    virnetModel: str
    voxelmorphModel: str
    rrnModel: str
    instanceOptimization: InstanceOptimization
    fitSteps: Annotated[int, Minimum(1), Maximum(10000)] = 100
    sizeX: Annotated[int, Minimum(0), Maximum(512)] = 0
    sizeY: Annotated[int, Minimum(0), Maximum(512)] = 0
    sizeZ: Annotated[int, Minimum(0), Maximum(512)] = 0
    preset: Annotated[Preset, Default(Preset.DEFAULT)]
    similarity: Similarity
    regularizer: Regularizer
    fieldSmoothingMm: Annotated[float, WithinRange(0, 10), SingleStep(0.5), Decimals(1)] = 0.0
    device: Device
    threads: Annotated[int, Minimum(0), Maximum(256)] = 0

    makeWarped: bool = True
    makeJacobian: bool = True
    makeInverse: bool = False
    makeMaps: bool = False
    makeLevels: bool = False
    placeMoving: bool = False

    result: vtkMRMLGridTransformNode
    blend: Annotated[float, WithinRange(0, 1), SingleStep(0.05), Decimals(2)] = 0.5
    displacementDisplay: DisplacementDisplay
    statisticsSegmentation: vtkMRMLSegmentationNode

    sequence: vtkMRMLSequenceNode
    sequenceReference: Annotated[int, Minimum(0)] = 0
    sequenceLandmarks: Union[vtkMRMLSequenceNode, vtkMRMLMarkupsFiducialNode, None]  # noqa: UP007 - the wrapper knows Union only
    sequenceLungs: vtkMRMLSegmentationNode
