"""slicer.packaging: requirements, checks and installation of Python packages, after Slicer's documentation."""

import importlib.metadata
import logging
import os
from pathlib import Path

import slicer
from packaging.requirements import Requirement


def load_requirements(path):
    """Requirements of a requirements.txt file (comments and options are skipped)."""
    lines = [line.split("#")[0].strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


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


def pip_ensure(requirements, prompt_install=True, requester=None, skip_in_testing=True):
    """Install what is missing, after asking. In testing mode it does nothing by default."""
    if skip_in_testing and slicer.app.testingEnabled():
        logging.info("Testing mode is enabled: skipping pip_ensure for %s", requester)
        return
    absent = [str(requirement) for requirement in _several(requirements) if not pip_check(requirement)]
    question = f"{requester or 'This module'} needs Python packages: {', '.join(absent)}. Install them?"
    if absent and (not prompt_install or slicer.util.confirmOkCancelDisplay(question)):
        pip_install(absent, requester=requester)


def pip_install(requirements, constraints=None, requester=None):
    """Install packages with pip, in a process of PythonSlicer that is waited for."""
    wanted = [requirements] if isinstance(requirements, str) else list(requirements)
    options = ["--constraint", os.fspath(constraints)] if constraints else []
    slicer.util.executePythonModule("pip", ["install", *options, *wanted])
