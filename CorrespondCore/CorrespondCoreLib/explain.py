"""Turns errors that users can do something about into errors with a message for them."""

from __future__ import annotations

import errno

from .devices import numpy_mismatch_message
from .errors import Cancelled, CorrespondError, MissingPackage, OutOfMemory, OutputError

_MEMORY_WORDS = (
    "out of memory",
    "bad_alloc",
    "bad alloc",
    "bad allocation",
    "failed to allocate",
    "can't allocate",
    "unable to allocate",
)
_DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_LIBRARY_NOT_LOADED = (126, 127, 182, 1114)  # Windows: a DLL, or one that it needs, is absent or fails to start
_PACKAGES = ("torch", "safetensors", "numpy", "scipy", "SimpleITK", "pydicom")


def explained(error: BaseException) -> CorrespondError | None:
    """The error as one that is explained to the user, or None where it is a bug.

    Args:
        error: whatever a command raised; torch, ITK and numpy each have their own words for "memory does not suffice".
    """
    text = str(error)
    if isinstance(error, CorrespondError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled()
    if is_memory_error(error):
        return _memory(text)
    if isinstance(error, RuntimeError) and "numpy is not available" in text.lower():
        return MissingPackage(numpy_mismatch_message())
    if isinstance(error, ImportError) and (error.name or "").split(".")[0] in _PACKAGES:
        return _package(error)
    if isinstance(error, OSError) and getattr(error, "winerror", None) in _LIBRARY_NOT_LOADED:
        return MissingPackage(
            f"A library of torch cannot be loaded ({text}). Install the Microsoft Visual C++ Redistributable (x64) and restart; "
            "if that does not help, uninstall torch in the module PyTorch Utils, restart Slicer, and try again."
        )
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return OutputError(f"The disk is full{_of(error)}. Free some space or choose another output folder.")
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return OutputError(f"The disk is read-only{_of(error)}. Choose another output folder.")
    return None


def is_memory_error(error: BaseException) -> bool:
    """Whether main or graphics memory did not suffice, in the words of torch, ITK or numpy."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _MEMORY_WORDS)
    )


def _memory(text: str) -> OutOfMemory:
    detail = text.splitlines()[0][:200] if text else "MemoryError"
    other = "choose the device cpu" if "cuda" in text.lower() or "mps" in text.lower() else "run on a computer with more memory"
    return OutOfMemory(
        "Memory does not suffice for these images. Close other programs, choose a faster preset, crop the images to the "
        f"region of interest, or {other}. ({detail})"
    )


def _package(error: ImportError) -> MissingPackage:
    package = (error.name or "").split(".")[0]
    if isinstance(error, ModuleNotFoundError) and error.name == package:
        return MissingPackage(
            f'The Python package "{package}" is not installed. In Slicer, try again and agree to the installation; '
            f"elsewhere run: python -m pip install {package}"
        )
    return MissingPackage(
        f'The Python package "{package}" is installed but cannot be loaded ({error}). '
        "Uninstall it, restart, and install it again; in Slicer use the module PyTorch Utils for torch."
    )


def _of(error: OSError) -> str:
    return f" ({error.filename})" if error.filename else ""
