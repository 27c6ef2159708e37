"""Slicer's desktop without Slicer: the real MRML scene, logics and displayable managers, and PythonQt's rules over PySide6.

    # Testing/LungRegistration/test_panel_inputs.py runs here with pytest, and unchanged inside a real Slicer
    from Testing import host
    host.start(modules=["CorrespondCore/CorrespondCore.py", "LungRegistration/LungRegistration.py"])
    import slicer
    slicer.util.selectModule("LungRegistration")                   # setup() and enter()
    widget = slicer.util.getModuleWidget("LungRegistration")
    widget.ui.applyButton.click()
    host.wait(lambda: not widget.running, seconds=60)              # the event loop runs meanwhile
    host.grab(widget.parent, "build/panel.png")                    # or a view, or slicer.app.layoutManager().viewport()

`start` does nothing in a real Slicer but load the modules. If the environment variable SLICER_PYTHON_DIR names a real Slicer's
Python folder (the one with `slicer/util.py`), its files are used instead of those in `Testing/host/python`.

The host has what the modules here use. A name that Slicer lacks is an AttributeError; one that only the host lacks is NotInHost.
What it cannot prove, and a run inside Slicer must: PythonQt's choice of overloads and its conversions of types; the look of
CTK's widgets; differences between Qt 5 and Qt 6; the order in which the module factory loads; packaging on Windows and macOS;
the end of objects that module code does not keep (here they live until Qt deletes them); CLI modules (there are none here);
DICOM and its browser; the module panels of Slicer itself; translations; dialogs that block.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start(modules=(), testing: bool = True) -> None:
    """Make `slicer`, `qt` and `ctk` importable and load scripted modules (files, absolute or from the repository's root).

    Raises:
        RuntimeError: a module was not loaded, or `slicer` had been imported before.
    """
    if not hasattr(sys.modules.get("slicer"), "app"):
        from .desktop import start_desktop

        start_desktop(testing)
    import qt
    import slicer

    factory = slicer.app.moduleManager().factoryManager()
    paths = [ROOT / path for path in modules]
    for path in paths:
        if not factory.isLoaded(path.stem):
            factory.registerModule(qt.QFileInfo(str(path)))
    wanted = [path.stem for path in paths if not factory.isLoaded(path.stem)]
    if wanted and not factory.loadModules(wanted):
        raise RuntimeError(f"Slicer did not load {', '.join(wanted)}")


def wait(done, seconds: float = 30) -> None:
    """Run the event loop until `done()` is true.

    Raises:
        TimeoutError: it did not become true within `seconds`.
    """
    import slicer

    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"nothing happened within {seconds} s")
        slicer.app.processEvents()
        time.sleep(0.01)


def resize(window, width: int, height: int) -> None:
    """Give a window its size and all in it their places, at once as on a screen: a hidden window waits until it is drawn."""
    window.resize(width, height)
    window.grab()


def grab(widget, path: str | Path) -> Path:
    """Write a picture of a widget (a panel, a view, the layout's viewport, the main window) after everything was drawn."""
    import slicer

    slicer.app.processEvents()
    if not widget.visible:
        widget.window().grab()  # lays the whole window out
    slicer.util.forceRenderAllViews()
    slicer.app.processEvents()
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not widget.grab().save(str(path)):
        raise OSError(f"{path} cannot be written")
    return path
