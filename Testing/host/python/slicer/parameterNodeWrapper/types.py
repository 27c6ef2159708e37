"""Types of parameters that have widgets of their own."""

from .parameterPack import parameterPack


@parameterPack
class FloatRange:
    """Two numbers, the first not above the second."""

    minimum: float
    maximum: float

    def __init__(self, minimum=0, maximum=0):
        self.checkRange(minimum, maximum)
        self._setUpPack(float(minimum), float(maximum))

    @staticmethod
    def checkRange(minimum, maximum):
        if minimum > maximum:
            raise ValueError(f"Minimum {minimum} is above maximum {maximum}")

    def setRange(self, minimum, maximum):
        self.checkRange(minimum, maximum)
        self._values["minimum"] = float(minimum)
        self.maximum = float(maximum)

    def __repr__(self):
        return f"FloatRange({self.minimum}, {self.maximum})"
