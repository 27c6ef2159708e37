"""slicer.parameterNodeWrapper: typed parameters of a module, kept in a parameter node and bound to widgets.

After Slicer's documentation. The host's version has the types str, int, float, bool, Enum, pathlib, nodes (also optional and
unions), FloatRange and parameterPack, all validators and connectGui; not lists, tuples, dicts, QColor, Any and createGui.
"""

from .default import Default
from .guiConnectors import (
    Decimals,
    GuiConnector,
    SingleStep,
    SlicerPackParameterNamePropertyName,
    createGuiConnector,
    parameterNodeGuiConnector,
)
from .parameterPack import isParameterPack, nestedParameterNames, parameterPack
from .serializers import Serializer
from .types import FloatRange
from .util import findFirstAnnotation, getNodeTypes, isNodeOrUnionOfNodes, splitAnnotations, unannotatedType
from .validators import Choice, Exclude, IsInstance, Maximum, Minimum, NotNone, RangeBounds, Validator, WithinRange
from .wrapper import SlicerParameterNamePropertyName, findChildWidgetForParameter, isParameterNodeWrapper, parameterNodeWrapper

__all__ = [
    "Choice",
    "Decimals",
    "Default",
    "Exclude",
    "FloatRange",
    "GuiConnector",
    "IsInstance",
    "Maximum",
    "Minimum",
    "NotNone",
    "RangeBounds",
    "Serializer",
    "SingleStep",
    "SlicerPackParameterNamePropertyName",
    "SlicerParameterNamePropertyName",
    "Validator",
    "WithinRange",
    "createGuiConnector",
    "findChildWidgetForParameter",
    "findFirstAnnotation",
    "getNodeTypes",
    "isNodeOrUnionOfNodes",
    "isParameterNodeWrapper",
    "isParameterPack",
    "nestedParameterNames",
    "parameterNodeGuiConnector",
    "parameterNodeWrapper",
    "parameterPack",
    "splitAnnotations",
    "unannotatedType",
]
