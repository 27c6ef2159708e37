"""What the panel remembers: one parameter node, bound to the widgets by their SlicerParameterName."""

import enum
from typing import Annotated

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Decimals, Default, Maximum, Minimum, SingleStep, WithinRange, parameterNodeWrapper

from CorrespondCoreLib.panel.device import Device


class Lesion(enum.Enum):
    """What is looked for."""

    GA = "ga"
    RPD = "rpd"

    def label(self):
        return {"ga": _("Geographic atrophy (GA)"), "rpd": _("Reticular pseudodrusen (RPD)")}[self.value]


class Method(enum.Enum):
    """How it is found; the weight-free method is never chosen by itself."""

    NETWORK = "network"
    HYPERTRANSMISSION = "hypertransmission"

    def label(self):
        return {"network": _("Trained network"), "hypertransmission": _("Hypertransmission (no network), GA only")}[self.value]


class Overlay(enum.Enum):
    """What is shown over the en-face image."""

    MASK = "mask"
    PROBABILITY = "probability"
    UNCERTAINTY = "uncertainty"
    AGREEMENT = "agreement"

    def label(self):
        return {
            "mask": _("Mask"),
            "probability": _("Probability"),
            "uncertainty": _("Uncertainty"),
            "agreement": _("Against the reference"),
        }[self.value]


@parameterNodeWrapper
class OCTEnFaceSegParameterNode:
    """The scan, the method, the result that is looked at."""

    volume: vtkMRMLScalarVolumeNode
    lesion: Annotated[Lesion, Default(Lesion.GA)]
    method: Annotated[Method, Default(Method.NETWORK)]
    models: str = ""
    threshold: Annotated[float, WithinRange(0.01, 0.99), SingleStep(0.01), Decimals(2)] = 0.5
    smallestFocusMm2: Annotated[float, WithinRange(0, 10), SingleStep(0.01), Decimals(3)] = 0.0
    device: Device
    threads: Annotated[int, Minimum(0), Maximum(256)] = 0

    result: vtkMRMLSegmentationNode
    reference: vtkMRMLSegmentationNode
    background: str = ""
    overlay: Annotated[Overlay, Default(Overlay.MASK)]
    fundus: vtkMRMLScalarVolumeNode
    opacity: Annotated[float, WithinRange(0, 1), SingleStep(0.05), Decimals(2)] = 0.5
