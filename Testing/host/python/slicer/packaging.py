"""slicer.packaging: requirements, checks and installation of Python packages, after Slicer's documentation."""

import importlib.metadata
import logging
import os
from pathlib import Path

import slicer
from packaging.requirements import Requirement

_installing = False


def load_requirements(path):
    """Requirements of a requirements.txt file (comments and options are skipped)."""
    lines = [line.split("#")[0].strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def load_pyproject_dependencies(path):
    """Dependencies of a pyproject.toml file."""
    import tomllib  # Slicer's Python has it; the oldest that the host runs on has not

    project = tomllib.loads(Path(path).read_text(encoding="utf-8"))["project"]
    return [Requirement(text) for text in project.get("dependencies", [])]


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
    key = (requirement.name.lower(), frozenset(requirement.extras))
    try:
        distribution = importlib.metadata.distribution(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    if not requirement.specifier.contains(distribution.version, prereleases=True):
        return False
    if key in seen:
        return True
    seen.add(key)
    return all(_fits(Requirement(text), seen) for text in distribution.requires or [])


def isPipInstallInProgress():
    return _installing


def pip_ensure(
    requirements,
    constraints=None,
    skip_packages=None,
    prompt_install=True,
    prompt_restart=True,
    requester=None,
    skip_in_testing=True,
    show_progress=True,
):
    """Install what is missing, after asking. In testing mode it does nothing by default."""
    if skip_in_testing and slicer.app.testingEnabled():
        logging.info("Testing mode is enabled: skipping pip_ensure for %s", requester)
        return None
    absent = [str(requirement) for requirement in _several(requirements) if not pip_check(requirement)]
    question = f"{requester or 'This module'} needs Python packages: {', '.join(absent)}. Install them?"
    if not absent or (prompt_install and not slicer.util.confirmOkCancelDisplay(question)):
        return None
    return pip_install(absent, constraints=constraints, skip_packages=skip_packages, requester=requester)


def pip_install(
    requirements,
    constraints=None,
    no_deps_requirements=None,
    skip_packages=None,
    blocking=True,
    show_progress=True,
    requester=None,
    parent=None,
    logCallback=None,
    completedCallback=None,
):
    """Install packages with pip, in a process of PythonSlicer."""
    wanted = [requirements] if isinstance(requirements, str) else list(requirements)
    skip = {name.lower() for name in skip_packages or ()}
    skipped = [text for text in wanted if Requirement(text).name.lower() in skip]
    options = ["--constraint", os.fspath(constraints)] if constraints else []
    _pip(["install", *options, *(text for text in wanted if text not in skipped)], blocking, logCallback, completedCallback)
    if no_deps_requirements:
        extra = [no_deps_requirements] if isinstance(no_deps_requirements, str) else no_deps_requirements
        _pip(["install", "--no-deps", *options, *extra], blocking, logCallback, completedCallback)
    return skipped if skip_packages else None


def pip_uninstall(requirements, blocking=True, logCallback=None, completedCallback=None):
    """Remove packages with pip, in a process of PythonSlicer."""
    names = [requirements] if isinstance(requirements, str) else list(requirements)
    _pip(["uninstall", "--yes", *names], blocking, logCallback, completedCallback)


def _pip(arguments, blocking, logCallback, completedCallback):
    global _installing
    _installing = True

    def done(code):
        global _installing
        _installing = False
        if completedCallback:
            completedCallback(code)

    try:
        slicer.util.executePythonModule("pip", arguments, blocking, logCallback, done)
    finally:
        if blocking:
            _installing = False
