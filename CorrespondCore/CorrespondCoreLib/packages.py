"""Python packages that Slicer does not bring: asked for once, at the moment of use, and installed without touching Slicer's own.

torch comes through the PyTorch extension, which finds the build that fits the graphics processor; everything else through
slicer.packaging. For Slicer's own process; slicer is imported inside functions.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .devices import TORCH_REQUIREMENT, check_torch, installed_version
from .errors import MissingPackage

FROZEN = ("numpy", "scipy", "SimpleITK", "pydicom", "torch")
"""Packages whose installed version no installation may change: Slicer and other extensions rely on them."""


@dataclass(frozen=True)
class Package:
    """A package that a command needs.

    Attributes:
        name: on the package index.
        requirement: version range, ">=2.2".
        size: what the user will download, in words.
    """

    name: str
    requirement: str
    size: str


TORCH = Package(
    "torch",
    TORCH_REQUIREMENT,
    "about 200 MB, for NVIDIA graphics processors about 3 GB; torchvision and light-the-torch come along",
)
SAFETENSORS = Package("safetensors", ">=0.4", "less than 1 MB")


def missing(packages: Sequence[Package]) -> list[Package]:
    """Those that are absent or too old, by package metadata alone."""
    import slicer.packaging

    return [package for package in packages if not slicer.packaging.pip_check(package.name + package.requirement)]


def ensure(packages: Sequence[Package], requester: str, confirm: Callable[[str, str], bool] | None = None) -> None:
    """Make sure that packages are installed; ask the user once, for all that is missing, and install it.

    Returns at once, without a question, if nothing is missing; otherwise when everything is installed, so that what the user
    asked for goes on by itself.

    Args:
        packages: what is needed.
        requester: the module's title, for the dialogs.
        confirm: called with (text, window title), says whether the user agrees; a dialog with OK and Cancel by default.

    Raises:
        MissingPackage: declined, offline, the PyTorch extension is absent, or the packages do not fit each other; the message
            says what to do. Nothing was changed in the scene.
    """
    import slicer.util

    absent = missing(packages)
    if absent:
        logic = _torch_logic() if TORCH in absent else None
        ask = confirm or (lambda text, title: slicer.util.confirmOkCancelDisplay(text, windowTitle=title))
        if not ask(consent_text(absent, requester), f"{requester} - Install Python packages"):
            raise MissingPackage(
                f"{_names(absent)} not installed, as you chose. {requester} needs {_it(absent)} for this: try again and agree."
            )
        _install(absent, requester, logic)
    if TORCH in packages:
        check_torch()


def consent_text(packages: Sequence[Package], requester: str) -> str:
    """The question to the user: every package and its size."""
    lines = "\n".join(f"- {package.name} {package.requirement} ({package.size})" for package in packages)
    return (
        f"{requester} needs Python packages that are not installed yet:\n\n{lines}\n\n"
        "They will be downloaded and added to this Slicer; packages that Slicer brings stay as they are. "
        "This can take some minutes; then what you have started goes on. Install them?"
    )


def _install(absent: Sequence[Package], requester: str, torch_logic: Any) -> None:
    import slicer.packaging

    others = [package.name + package.requirement for package in absent if package != TORCH]
    try:
        with _constraints(without=[package.name for package in absent]) as constraints:
            if torch_logic is not None:
                with _pip_constraint(constraints):
                    torch_logic.installTorch(askConfirmation=False, torchVersionRequirement=TORCH.requirement)
            if others:
                # Without pip's own dialogs, which would show a failure before the panel does.
                slicer.packaging.pip_install(others, constraints=constraints, requester=requester, show_progress=False)
    except (subprocess.CalledProcessError, OSError, RuntimeError, ImportError) as error:
        raise MissingPackage(
            f"{_names(absent)} not installed: the installation failed ({error}). Make sure that the computer is "
            "online and try again; the Python console has the details."
        ) from error
    importlib.invalidate_caches()
    still = missing(absent)
    if still:
        raise MissingPackage(
            f"{_names(still)} still missing after the installation. Restart Slicer and try again; the Python console has "
            "the details of the installation."
        )


def _torch_logic() -> Any:
    """The PyTorch extension's logic."""
    try:
        import PyTorchUtils
    except ModuleNotFoundError as error:
        if error.name != "PyTorchUtils":
            raise
        raise MissingPackage(
            "The extension PyTorch is not installed. Open View > Extensions Manager, install PyTorch, restart Slicer and try "
            "again."
        ) from error
    return PyTorchUtils.PyTorchUtilsLogic()


@contextmanager
def _constraints(without: Sequence[str]) -> Iterator[Path]:
    """A pip constraints file that freezes what is installed."""
    versions = {name: installed_version(name) for name in FROZEN if name not in without}
    with tempfile.TemporaryDirectory(prefix="correspond-") as folder:
        path = Path(folder) / "constraints.txt"
        path.write_text("".join(f"{name}=={version}\n" for name, version in versions.items() if version), encoding="utf-8")
        yield path


@contextmanager
def _pip_constraint(path: Path) -> Iterator[None]:
    """pip started by others obeys the constraints too. As a URI: pip splits this variable at spaces."""
    before = os.environ.get("PIP_CONSTRAINT")
    os.environ["PIP_CONSTRAINT"] = " ".join(filter(None, (before, path.as_uri())))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PIP_CONSTRAINT"]
        else:
            os.environ["PIP_CONSTRAINT"] = before


def _names(packages: Sequence[Package]) -> str:
    names = ", ".join(package.name for package in packages)
    return f"{names} {'is' if len(packages) == 1 else 'are'}"


def _it(packages: Sequence[Package]) -> str:
    return "it" if len(packages) == 1 else "them"
