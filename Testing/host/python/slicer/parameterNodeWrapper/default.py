"""Default value of a parameter, given as an annotation."""

import copy


class Default:
    """Annotation with the default value, or with a function that makes it."""

    def __init__(self, value=None, *, generator=None):
        if (value is None) == (generator is None):
            raise ValueError("Default needs either a value or a generator")
        self._value, self._generator = value, generator

    @property
    def value(self):
        return self._generator() if self._generator else copy.deepcopy(self._value)
