"""Start the desktop: build the `slicer` package, the application, the scene and Slicer's own modules."""

from __future__ import annotations

import atexit
import importlib.util
import os
import sys
import tempfile
import types
from pathlib import Path

PYTHON = Path(__file__).with_name("python")


class SlicerPackage(types.ModuleType):
    """`slicer`: VTK and MRML classes, Qt classes of Slicer, and submodules; no other name exists."""

    def __getattr__(self, name):
        from .libraries import listed_class

        return listed_class("slicer", name)


def _prepare_environment() -> None:
    os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


def _slicer_package() -> SlicerPackage:
    """The package, without what the wheel's own `slicer/__init__.py` spreads over it (all of slicer.util, for one)."""
    if "slicer" in sys.modules:
        raise RuntimeError("slicer was imported before Testing.host.start()")
    spec = importlib.util.find_spec("slicer")
    if spec is None:
        raise ModuleNotFoundError("The host needs the package slicer-core (see Testing/requirements.txt).")
    real = os.environ.get("SLICER_PYTHON_DIR")
    folders = [Path(real)] if real else []
    if real and not (Path(real) / "slicer" / "util.py").is_file():
        raise FileNotFoundError(f"SLICER_PYTHON_DIR={real}: there is no slicer/util.py in it")
    folders.append(PYTHON)
    sys.path[:0] = [str(folder) for folder in folders]
    package = SlicerPackage("slicer")
    package.__path__ = [str(folder / "slicer") for folder in folders] + list(spec.submodule_search_locations)
    sys.modules["slicer"] = package
    core = importlib.import_module("slicer_core")
    for name in dir(core):
        if name.startswith("vtk"):
            setattr(package, name, getattr(core, name))
    sys.modules["vtkITK"] = importlib.import_module("slicer_core.vtkITK")
    return package


def start_desktop(testing: bool) -> None:
    """See `Testing.host.start`."""
    _prepare_environment()
    slicer = _slicer_package()
    from . import io_manager, libraries, lists, modules, pythonqt, scene, ui_loader  # noqa: F401 (ui_loader gives QUiLoader its load)
    from .application import qSlicerApplication
    from .main_window import qSlicerMainWindow
    from .subject_hierarchy import SubjectHierarchy

    libraries.install()
    app = qSlicerApplication(Path(tempfile.mkdtemp(prefix="slicer-host-")), testing)
    slicer.modules, slicer.moduleNames = types.ModuleType("slicer.modules"), types.ModuleType("slicer.moduleNames")
    sys.modules["slicer.modules"] = slicer.modules
    slicer.selfTests = {}
    slicer.app = pythonqt.wrap(app)
    slicer.mrmlScene, logic, module_logics = scene.create(app.temporaryPath)
    slicer.util = importlib.import_module("slicer.util")
    for name in set(vars(slicer.util)) - set(lists.python_names("slicer.util")):
        if name in getattr(slicer.util, "__all__", ()):
            delattr(slicer.util, name)  # newer than Slicer 5.12
    manager = modules.qSlicerModuleManager()
    app.attach(slicer.mrmlScene, logic, manager, io_manager.qSlicerIOManager(slicer.mrmlScene, logic))
    for name, module_logic in module_logics.items():
        kind = getattr(modules, f"qSlicer{name}Module", modules.qSlicerLoadableModule)
        manager.factoryManager().add(kind(name, logic=module_logic))
    app.subject_hierarchy = SubjectHierarchy(slicer.mrmlScene)
    app.main_window = qSlicerMainWindow(app)
    app.layoutManager().settle()
    atexit.register(_stop, app, manager)


def _stop(app, manager) -> None:
    """Let the modules clean up, close the scene, and remove the temporary folder."""
    import slicer

    for name in manager.factoryManager().loadedModuleNames():
        manager.moduleAboutToBeUnloaded.emit(name)
    slicer.mrmlScene.Clear(False)
    app.remove_folder()
