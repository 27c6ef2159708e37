"""What an annotated type says of a parameter: default value, accepted values, looks of its widget."""

import abc
import copy
import typing
from dataclasses import dataclass

import slicer


class Default:
    """The default value, or a function that makes it."""

    def __init__(self, value=None, *, generator=None):
        if (value is None) == (generator is None):
            raise ValueError("Default needs either a value or a generator")
        self._value, self._generator = value, generator

    @property
    def value(self):
        return self._generator() if self._generator else copy.deepcopy(self._value)


@dataclass
class Decimals:
    value: int


@dataclass
class SingleStep:
    value: float


class Validator(abc.ABC):
    """Says which values are accepted."""

    @abc.abstractmethod
    def validate(self, value):
        """Raise ValueError if the value is not accepted."""


def _require(fits, message):
    if not fits:
        raise ValueError(message)


@dataclass
class Minimum(Validator):
    minimum: float

    def validate(self, value):
        _require(value >= self.minimum, f"Value must be at least {self.minimum}, is {value}")


@dataclass
class Maximum(Validator):
    maximum: float

    def validate(self, value):
        _require(value <= self.maximum, f"Value must be at most {self.maximum}, is {value}")


@dataclass
class WithinRange(Validator):
    minimum: float
    maximum: float

    def __post_init__(self):
        _require(self.minimum <= self.maximum, f"Minimum {self.minimum} is above maximum {self.maximum}")

    def validate(self, value):
        fits = self.minimum <= value <= self.maximum
        _require(fits, f"Value must be within [{self.minimum}, {self.maximum}], is {value}")


@dataclass
class RangeBounds(WithinRange):
    """Both ends of a FloatRange lie within these bounds."""

    def validate(self, value):
        _require(value.minimum <= value.maximum, f"Minimum {value.minimum} is above maximum {value.maximum}")
        super().validate(value.minimum)
        super().validate(value.maximum)


@dataclass
class Choice(Validator):
    choices: list

    def validate(self, value):
        _require(value in self.choices, f"Value must be one of {self.choices}, is {value!r}")


def split(datatype):
    """(type, list of annotations)."""
    if typing.get_origin(datatype) is typing.Annotated:
        kind, *annotations = typing.get_args(datatype)
        return kind, annotations
    return datatype, []


def first(annotations, kind):
    """The first annotation of a kind, or None."""
    return next((entry for entry in annotations if isinstance(entry, kind)), None)


def nodeTypes(kind):
    """Class names of the nodes that a type allows: a node class, or a union of node classes and None; else empty.

    The real wrapper does not know unions written as A | B (types.UnionType), so they are no union here.
    """
    members = typing.get_args(kind) if typing.get_origin(kind) is typing.Union else (kind,)
    members = [member for member in members if member is not type(None)]
    nodes = all(isinstance(member, type) and issubclass(member, slicer.vtkMRMLNode) for member in members)
    return [member.__name__ for member in members] if nodes else []
