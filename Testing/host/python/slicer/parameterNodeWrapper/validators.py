"""Validators: annotations that say which values a parameter accepts."""

import abc


class Validator(abc.ABC):
    @abc.abstractmethod
    def validate(self, value):
        """Raise ValueError if the value is not accepted."""


def _require(fits, message):
    if not fits:
        raise ValueError(message)


class NotNone(Validator):
    def validate(self, value):
        _require(value is not None, "Value must not be None")


class IsInstance(Validator):
    def __init__(self, classtype):
        self.classtype = classtype

    def validate(self, value):
        _require(isinstance(value, self.classtype), f"Value must be of type {self.classtype}, is {type(value)}")


class WithinRange(Validator):
    def __init__(self, minimum, maximum):
        _require(minimum <= maximum, f"Minimum {minimum} is above maximum {maximum}")
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value):
        _require(self.minimum <= value <= self.maximum, f"Value must be within [{self.minimum}, {self.maximum}], is {value}")


class Minimum(Validator):
    def __init__(self, minimum):
        self.minimum = minimum

    def validate(self, value):
        _require(value >= self.minimum, f"Value must be at least {self.minimum}, is {value}")


class Maximum(Validator):
    def __init__(self, maximum):
        self.maximum = maximum

    def validate(self, value):
        _require(value <= self.maximum, f"Value must be at most {self.maximum}, is {value}")


class Choice(Validator):
    def __init__(self, choices):
        self.choices = choices

    def validate(self, value):
        _require(value in self.choices, f"Value must be one of {self.choices}, is {value!r}")


class Exclude(Validator):
    def __init__(self, excludedValues):
        self.excludedValues = excludedValues

    def validate(self, value):
        _require(value not in self.excludedValues, f"Value must not be one of {self.excludedValues}, is {value!r}")


class RangeBounds(Validator):
    """Both ends of a FloatRange lie within these bounds."""

    def __init__(self, minimum, maximum):
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value):
        fits = self.minimum <= value.minimum <= value.maximum <= self.maximum
        _require(fits, f"Range must lie within [{self.minimum}, {self.maximum}], is [{value.minimum}, {value.maximum}]")
