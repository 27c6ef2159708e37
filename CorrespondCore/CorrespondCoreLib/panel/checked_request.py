"""What all panels' requests share: they say what is missing before they can start."""

from ..errors import InputError


class CheckedRequest:
    """A request whose `check` raises InputError when it cannot start, with what has to be chosen or mended."""

    def check(self):
        raise NotImplementedError

    def missing(self):
        """What has to be chosen or mended before the work can start; an empty string when nothing."""
        try:
            self.check()
        except InputError as error:
            return str(error)
        return ""
