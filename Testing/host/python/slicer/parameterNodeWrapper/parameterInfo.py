"""One member of a parameter node wrapper or of a parameter pack."""

import typing
from dataclasses import dataclass

from .serializers import Serializer, createSerializer


@dataclass
class ParameterInfo:
    basename: str
    serializer: Serializer
    default: typing.Any
    unalteredType: typing.Any
    validators: list

    def validate(self, value):
        self.serializer.validate(value)
        for validator in self.validators:
            validator.validate(value)


def collectParameters(classtype, reserved=()):
    """The annotated members of a class, with their defaults checked.

    Raises:
        ValueError: a reserved name, an unsupported type, or a default that the validators refuse.
    """
    found = {}
    for name, datatype in typing.get_type_hints(classtype, include_extras=True).items():
        if name in reserved:
            raise ValueError(f"'{name}' cannot be the name of a parameter")
        serializer, validators, _, default = createSerializer(datatype)
        info = ParameterInfo(name, serializer, classtype.__dict__.get(name, default), datatype, validators)
        info.validate(info.default)
        found[name] = info
    return found
