"""How values of each type are kept in a parameter node."""

import abc
import enum
import pathlib

import slicer

from .default import Default
from .util import isNodeOrUnionOfNodes, splitAnnotations
from .validators import Validator


class Serializer(abc.ABC):
    """Reads and writes one named value of a parameter node (a vtkMRMLScriptedModuleNode)."""

    @abc.abstractmethod
    def default(self): ...

    @abc.abstractmethod
    def write(self, parameterNode, name, value): ...

    @abc.abstractmethod
    def read(self, parameterNode, name): ...

    def isIn(self, parameterNode, name):
        return parameterNode.HasParameter(name)

    @abc.abstractmethod
    def validate(self, value):
        """Raise if the value cannot be kept."""


class TextSerializer(Serializer):
    """Values of one type that are kept as text."""

    def __init__(self, kind, accepts, default, toText=str, fromText=None):
        self.kind, self.accepts, self._default, self.toText, self.fromText = kind, accepts, default, toText, fromText or kind

    def default(self):
        return self._default

    def validate(self, value):
        if not isinstance(value, self.accepts) or (isinstance(value, bool) and self.kind is not bool):
            raise TypeError(f"Value must be of type {self.kind.__name__}, is {value!r}")

    def write(self, parameterNode, name, value):
        self.validate(value)
        parameterNode.SetParameter(name, self.toText(value))

    def read(self, parameterNode, name):
        return self.fromText(parameterNode.GetParameter(name))


class NodeSerializer(Serializer):
    """A node of the scene, kept as a node reference."""

    def default(self):
        return None

    def isIn(self, parameterNode, name):
        return True  # no reference is the default

    def validate(self, value):
        if value is not None and not isinstance(value, slicer.vtkMRMLNode):
            raise TypeError(f"Value must be a node, is {value!r}")

    def write(self, parameterNode, name, value):
        self.validate(value)
        parameterNode.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, parameterNode, name):
        return parameterNode.GetNodeReference(name)


def createSerializer(datatype):
    """(serializer, validators, annotations, default value) of a member's annotation.

    Raises:
        ValueError: the type is not supported.
    """
    from .parameterPack import PackSerializer, isParameterPack

    kind, annotations = splitAnnotations(datatype)
    if isNodeOrUnionOfNodes(kind):
        serializer = NodeSerializer()
    elif isParameterPack(kind):
        serializer = PackSerializer(kind)
    elif kind is bool:
        serializer = TextSerializer(bool, bool, False, lambda value: "true" if value else "false", lambda text: text == "true")
    elif kind is int:
        serializer = TextSerializer(int, int, 0)
    elif kind is float:
        serializer = TextSerializer(float, (int, float), 0.0, lambda value: repr(float(value)))
    elif kind is str:
        serializer = TextSerializer(str, str, "")
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        serializer = TextSerializer(kind, kind, next(iter(kind)), lambda value: value.name, lambda text: kind[text])
    elif isinstance(kind, type) and issubclass(kind, pathlib.PurePath):
        serializer = TextSerializer(kind, pathlib.PurePath, kind())
    else:
        raise ValueError(f"Unable to create a serializer for {datatype}")
    validators = [entry for entry in annotations if isinstance(entry, Validator)]
    default = next((entry.value for entry in annotations if isinstance(entry, Default)), serializer.default())
    return serializer, validators, annotations, default
