"""What all panels' requests share: they say what is missing before they can start."""

from abc import ABC, abstractmethod

from ..errors import InputError


class CheckedRequest(ABC):
    """What a panel asks for."""

    @abstractmethod
    def check(self):
        """Raise InputError when the work cannot start, with what has to be chosen or mended."""

    def missing(self):
        """What has to be chosen or mended before the work can start; an empty string when nothing."""
        try:
            self.check()
        except InputError as error:
            return str(error)
        return ""
