"""One member of a parameter node wrapper or of a parameter pack."""

import typing

from ._annotations import Default, Validator, first, split
from .serializers import createSerializer


class ParameterInfo:
    def __init__(self, datatype, *given):
        """`given`: the default value, if there is one besides those of the annotations and of the type."""
        self.unalteredType = datatype
        kind, annotations = split(datatype)
        self.serializer = createSerializer(kind)
        self.validators = [entry for entry in annotations if isinstance(entry, Validator)]
        annotated = first(annotations, Default)
        self.default = given[0] if given else annotated.value if annotated else self.serializer.default
        self.validate(self.default)

    def validate(self, value):
        self.serializer.validate(value)
        for validator in self.validators:
            validator.validate(value)


def collectParameters(classtype, reserved):
    """{name: ParameterInfo} of the annotated members of a class, with their defaults checked.

    Raises:
        ValueError: a reserved name, an unsupported type, or a default that the validators refuse.
    """
    hints = typing.get_type_hints(classtype, include_extras=True)
    taken = sorted(set(hints) & set(reserved))
    if taken:
        raise ValueError(f"{', '.join(taken)} cannot be the name of a parameter")
    own = vars(classtype)
    return {name: ParameterInfo(hint, *([own[name]] if name in own else [])) for name, hint in hints.items()}


def rebuild(classtype, base, infos, member, **others):
    """A class like `classtype` that is derived from `base` and has `member(name)` in place of each annotated member."""
    own = {name: value for name, value in vars(classtype).items() if name not in ("__dict__", "__weakref__")}
    own.update({name: member(name) for name in infos}, allParameters=infos, **others)
    return type(classtype.__name__, (base, *(part for part in classtype.__bases__ if part is not object)), own)
