"""slicer.packaging: checks and installation of Python packages, after Slicer's documentation."""

import importlib.metadata
import os

import slicer
from packaging.requirements import Requirement


def _several(requirements):
    items = [requirements] if isinstance(requirements, (str, Requirement)) else requirements
    return [item if isinstance(item, Requirement) else Requirement(item) for item in items]


def pip_check(req, _seen=None):
    """Whether the requirements (with their own dependencies) are installed in fitting versions."""
    seen = set() if _seen is None else _seen
    return all(_fits(requirement, seen) for requirement in _several(req))


def _fits(requirement, seen):
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return True
    try:
        distribution = importlib.metadata.distribution(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    if not requirement.specifier.contains(distribution.version, prereleases=True):
        return False
    key = (requirement.name.lower(), frozenset(requirement.extras))
    if key in seen:
        return True
    seen.add(key)
    return pip_check(distribution.requires or [], seen)


def pip_install(requirements, constraints=None, requester=None, show_progress=True):
    """Install packages with pip, in a process of PythonSlicer that is waited for."""
    wanted = [requirements] if isinstance(requirements, str) else list(requirements)
    options = ["--constraint", os.fspath(constraints)] if constraints else []
    slicer.util.executePythonModule("pip", ["install", *options, *wanted])
