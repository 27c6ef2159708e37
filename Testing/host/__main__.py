"""`python -m Testing.host MODULE`: open a scripted module of this repository in a window.

MODULE is a name (LungRegistration) or a file. With `--screenshot FILE.png` the window is drawn, without a display too, and the
program ends. `--load FILE` loads a scene, a volume or another data file first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import ROOT, grab, start


def module_file(name: str) -> Path:
    """The file of a module that is named by name or by path."""
    path = Path(name) if name.endswith(".py") else ROOT / name / f"{name}.py"
    if not path.is_file():
        raise SystemExit(f"There is no module file {path}")
    return path.resolve()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m Testing.host", description=__doc__)
    parser.add_argument("module")
    parser.add_argument("--screenshot", type=Path)
    parser.add_argument("--load", action="append", default=[])
    arguments = parser.parse_args()
    path = module_file(arguments.module)
    core = ROOT / "CorrespondCore" / "CorrespondCore.py"
    start(modules=dict.fromkeys([core, path]) if core.is_file() else [path], testing=bool(arguments.screenshot))
    import slicer

    if not arguments.screenshot and slicer.app.platformName == "offscreen":
        parser.error("there is no display here: draw the window with --screenshot FILE.png")
    window = slicer.util.mainWindow()
    slicer.util.selectModule(path.stem)
    for name in arguments.load:
        slicer.util.loadNodeFromFile(name)
    if arguments.screenshot:
        print(grab(window, arguments.screenshot))
    else:
        window.show()
        slicer.app.exec_()


if __name__ == "__main__":
    main()
