"""How values of each type are kept in a parameter node (a vtkMRMLScriptedModuleNode)."""

import enum
import pathlib
import typing

import slicer

from ._annotations import nodeTypes


class TextSerializer:
    """Values of one type that are kept as text."""

    def __init__(self, kind, accepts, default, toText=str, fromText=None):
        self.kind, self.accepts, self.default, self.toText, self.fromText = kind, accepts, default, toText, fromText or kind

    def isIn(self, parameterNode, name):
        return parameterNode.HasParameter(name)

    def validate(self, value):
        if not isinstance(value, self.accepts) or (isinstance(value, bool) and self.kind is not bool):
            raise TypeError(f"Value must be of type {self.kind.__name__}, is {value!r}")

    def write(self, parameterNode, name, value):
        parameterNode.SetParameter(name, self.toText(value))

    def read(self, parameterNode, name):
        return self.fromText(parameterNode.GetParameter(name))


class NodeSerializer:
    """A node of the scene, kept as a node reference."""

    default = None

    def isIn(self, parameterNode, name):
        return True  # no reference is the default

    def validate(self, value):
        if value is not None and not isinstance(value, slicer.vtkMRMLNode):
            raise TypeError(f"Value must be a node, is {value!r}")

    def write(self, parameterNode, name, value):
        parameterNode.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, parameterNode, name):
        return parameterNode.GetNodeReference(name)


def createSerializer(kind):
    """The serializer of a type without annotations.

    Raises:
        ValueError: the type is not supported.
    """
    if nodeTypes(kind):
        if typing.get_origin(kind) is typing.Union and type(None) not in typing.get_args(kind):
            raise ValueError(f"Nothing chosen cannot be written to {kind}: it does not name None")
        return NodeSerializer()
    if hasattr(kind, "createPackSerializer"):
        return kind.createPackSerializer()
    if kind is bool:
        return TextSerializer(bool, bool, False, lambda value: "true" if value else "false", lambda text: text == "true")
    if kind is float:
        return TextSerializer(float, (int, float), 0.0, lambda value: repr(float(value)))
    if kind in (int, str):
        return TextSerializer(kind, kind, kind())
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return TextSerializer(kind, kind, next(iter(kind)), lambda value: value.name, lambda text: kind[text])
    if isinstance(kind, type) and issubclass(kind, pathlib.PurePath):
        return TextSerializer(kind, pathlib.PurePath, kind())
    raise ValueError(f"Unable to create a serializer for {kind}")
