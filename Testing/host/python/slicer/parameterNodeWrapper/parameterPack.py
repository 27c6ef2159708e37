"""parameterPack: a class of parameters that is itself the type of a parameter. FloatRange is one."""

import copy

from .parameterInfo import collectParameters, rebuild


class PackSerializer:
    """The members of a pack, kept one by one under dotted names."""

    def __init__(self, kind):
        self.kind, self.default = kind, kind()
        self.members = {name: info.serializer for name, info in kind.allParameters.items()}

    def isIn(self, parameterNode, name):
        return all(member.isIn(parameterNode, f"{name}.{key}") for key, member in self.members.items())

    def validate(self, value):
        if not isinstance(value, self.kind):
            raise TypeError(f"Value must be of type {self.kind.__name__}, is {value!r}")

    def write(self, parameterNode, name, value):
        modified = parameterNode.StartModify()
        for key, member in self.members.items():
            member.write(parameterNode, f"{name}.{key}", value.getValue(key))
        parameterNode.EndModify(modified)

    def read(self, parameterNode, name):
        value = self.kind()
        value._values = {key: member.read(parameterNode, f"{name}.{key}") for key, member in self.members.items()}
        value._observer = lambda: self.write(parameterNode, name, value)
        return value


class _Pack:
    """What every pack has."""

    _observer = None

    def __init__(self, *args, **kwargs):
        values = dict(zip(self.allParameters, args, strict=False), **kwargs)
        unknown = set(values) - set(self.allParameters)
        if unknown or len(args) > len(self.allParameters):
            raise TypeError(f"{type(self).__name__} has no parameters {sorted(unknown)}")
        self._values = {name: copy.deepcopy(info.default) for name, info in self.allParameters.items()}
        for name, value in values.items():
            self.setValue(name, value)

    def __eq__(self, other):
        return isinstance(other, type(self)) and self._values == other._values

    def getValue(self, name):
        return self._values[name]

    def setValue(self, name, value):
        self.allParameters[name].validate(value)
        self._values[name] = value
        if self._observer is not None:
            self._observer()

    @classmethod
    def dataType(cls, membername):
        return cls.allParameters[membername].unalteredType

    @classmethod
    def createPackSerializer(cls):
        return PackSerializer(cls)


def member(name):
    """A property of a pack, or of a wrapped parameter node, that goes through getValue and setValue."""
    return property(lambda self: self.getValue(name), lambda self, value: self.setValue(name, value))


def parameterPack(classtype):
    """Class decorator: the annotated members become checked properties, and arguments of the constructor."""
    infos = collectParameters(classtype, ("allParameters", "getValue", "setValue", "dataType"))
    return rebuild(classtype, _Pack, infos, member)


@parameterPack
class FloatRange:
    """Two numbers, the first not above the second."""

    minimum: float
    maximum: float

    def __init__(self, minimum=0, maximum=0):
        if minimum > maximum:
            raise ValueError(f"Minimum {minimum} is above maximum {maximum}")
        self._values = {"minimum": float(minimum), "maximum": float(maximum)}
