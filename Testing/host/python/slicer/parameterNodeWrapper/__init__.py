"""slicer.parameterNodeWrapper: typed parameters of a module, kept in a parameter node and bound to widgets.

After Slicer's documentation. The host's version has the types str, int, float, bool, Enum, pathlib, nodes (also optional and
unions), FloatRange and parameterPack, and connectGui; not lists, tuples, dicts, QColor, Any and createGui.
"""

from ._annotations import Choice, Decimals, Default, Maximum, Minimum, RangeBounds, SingleStep, Validator, WithinRange
from .guiConnectors import GuiConnector, createGuiConnector
from .parameterPack import FloatRange, parameterPack
from .wrapper import parameterNodeWrapper

__all__ = [
    "Choice",
    "Decimals",
    "Default",
    "FloatRange",
    "GuiConnector",
    "Maximum",
    "Minimum",
    "RangeBounds",
    "SingleStep",
    "Validator",
    "WithinRange",
    "createGuiConnector",
    "parameterNodeWrapper",
    "parameterPack",
]
