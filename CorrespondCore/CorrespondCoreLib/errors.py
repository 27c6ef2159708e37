"""Errors with a message for the user: what is wrong, and what to do about it.

Each class has the exit code of the command line. Anything else that is raised is a bug and ends with exit code 1.
"""


class CorrespondError(Exception):
    """Base of all errors that are explained to the user."""

    exit_code = 1


class InputError(CorrespondError):
    """The data or the settings cannot be used as they are."""

    exit_code = 2


class Cancelled(CorrespondError):
    """The user stopped the work."""

    exit_code = 3

    def __init__(self, message: str = "Cancelled. Nothing was changed."):
        super().__init__(message)


class OutOfMemory(CorrespondError):
    """Main or graphics memory does not suffice."""

    exit_code = 4


class MissingPackage(CorrespondError):
    """A Python package is absent, too old, or does not fit the others."""

    exit_code = 5


class OutputError(CorrespondError):
    """Results cannot be written."""

    exit_code = 6


class PartlyFailed(CorrespondError):
    """Some parts of a larger work failed, the others are done; the message says which and why."""

    exit_code = 7
