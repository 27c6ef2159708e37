"""parameterPack: a class of parameters that is itself the type of a parameter."""

import copy

from .parameterInfo import ParameterInfo, collectParameters
from .serializers import Serializer
from .util import unannotatedType


def isParameterPack(obj):
    return hasattr(obj if isinstance(obj, type) else type(obj), "_packParameters")


def _member(name):
    def get(self):
        return self._values[name]

    def put(self, value):
        self._packParameters[name].validate(value)
        self._values[name] = value
        self._changed(name)

    return property(get, put)


def parameterPack(classtype=None):
    """Class decorator: the annotated members become checked properties, and arguments of the constructor."""
    if classtype is None:
        return parameterPack
    infos = collectParameters(classtype, ("allParameters", "getValue", "setValue", "dataType"))

    def setUp(self, *args, **kwargs):
        values = dict(zip(infos, args, strict=False), **kwargs)
        unknown = set(values) - set(infos)
        if unknown or len(args) > len(infos):
            raise TypeError(f"{classtype.__name__} has no parameters {sorted(unknown)}")
        self._observer = None
        self._values = {name: copy.deepcopy(info.default) for name, info in infos.items()}
        for name, value in values.items():
            infos[name].validate(value)
            self._values[name] = value

    def changed(self, name):
        if self._observer is not None:
            self._observer(name)

    classtype._packParameters, classtype.allParameters, classtype._changed = infos, infos, changed
    classtype._setUpPack = setUp
    classtype.getValue = lambda self, name: getattr(self, name)
    classtype.setValue = lambda self, name, value: setattr(self, name, value)
    classtype.dataType = staticmethod(lambda membername: infos[membername].unalteredType)
    if "__init__" not in vars(classtype):
        classtype.__init__ = setUp
    if "__eq__" not in vars(classtype):
        classtype.__eq__ = lambda self, other: isinstance(other, classtype) and self._values == other._values
    for name in infos:
        setattr(classtype, name, _member(name))
    return classtype


def nestedParameterNames(parameterPackClassOrInstance):
    """Names of all members, dotted for packs within packs."""
    names = []
    for name, info in parameterPackClassOrInstance._packParameters.items():
        kind = unannotatedType(info.unalteredType)
        names += [f"{name}.{inner}" for inner in nestedParameterNames(kind)] if isParameterPack(kind) else [name]
    return names


class PackSerializer(Serializer):
    """Each member is kept under "<name>.<member>"; what is read writes its changes back."""

    def __init__(self, kind):
        self.kind = kind

    def _infos(self) -> dict[str, ParameterInfo]:
        return self.kind._packParameters

    def default(self):
        return self.kind()

    def isIn(self, parameterNode, name):
        return all(info.serializer.isIn(parameterNode, f"{name}.{member}") for member, info in self._infos().items())

    def validate(self, value):
        if not isinstance(value, self.kind):
            raise TypeError(f"Value must be of type {self.kind.__name__}, is {value!r}")

    def write(self, parameterNode, name, value):
        self.validate(value)
        modified = parameterNode.StartModify()
        for member, info in self._infos().items():
            info.serializer.write(parameterNode, f"{name}.{member}", value.getValue(member))
        parameterNode.EndModify(modified)

    def read(self, parameterNode, name):
        value = self.kind()
        for member, info in self._infos().items():
            value._values[member] = info.serializer.read(parameterNode, f"{name}.{member}")
        value._observer = lambda _member: self.write(parameterNode, name, value)
        return value
