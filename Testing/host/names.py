"""Check module code against Slicer 5.12 without running it: every slicer, qt and ctk name, every widget of a .ui file.

`python -m Testing.host.names` checks the modules of this repository and prints what Slicer does not have.
"""

from __future__ import annotations

import ast
import importlib
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from . import ROOT, lists, start, ui_file
from .members import has_property, is_member, qt_names
from .pythonqt import ObjectProxy

ROOTS = ("slicer", "qt", "ctk", "SampleData")
OF_THE_DICOM_MODULE = ("slicer.dicomDatabase", "slicer.modules.dicomPlugins")


def module_folders(root: Path = ROOT) -> list[Path]:
    """Folders of scripted modules: X/X.py."""
    return [path.parent for path in sorted(root.glob("*/*.py")) if path.stem == path.parent.name]


def dotted(node: ast.AST) -> list[str]:
    """["slicer", "util", "getNode"] of the expression slicer.util.getNode; empty for other expressions."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def _missing_attribute(names: list[str]) -> str:
    """The first part of a dotted name that Slicer does not have, dotted; "" if it has all."""
    if ".".join(names).startswith(OF_THE_DICOM_MODULE):
        return ""
    if names[:2] == ["slicer", "modules"] and names[2:3] and names[2] in _module_attributes():
        return ""
    found = importlib.import_module(names[0])
    for count, name in enumerate(names[1:], start=2):
        whole = ".".join(names[:count])
        if name in (lists.python_names(".".join(names[: count - 1])) or ()):
            return ""
        try:
            found = importlib.import_module(whole) if lists.python_names(whole) is not None else getattr(found, name)
        except NotImplementedError:
            return ""  # Slicer has it, the host does not
        except AttributeError:
            return whole
    return ""


@cache
def _module_attributes() -> set[str]:
    """What this repository's modules add to slicer.modules."""
    names = [folder.name for folder in module_folders()]
    return {text for name in names for text in (name.lower(), f"{name}Instance", f"{name}Widget")}


def _missing_import(module: str, name: str) -> bool:
    listed = lists.python_names(module)
    if listed is not None:
        return name not in listed
    return bool(_missing_attribute([*module.split("."), name]))


@cache
def _all_signals() -> frozenset[str]:
    """Normalised signatures of every signal that a Qt, CTK or Slicer class has."""
    found = {signature for facts in lists.widgets().values() for signature in facts.get("signals", ())}
    return frozenset(found.union(*(qt_names(name)[2] for name in lists.qt_classes())))


def _widgets(folder: Path) -> dict[str, set[str]]:
    """Object name -> classes, of all .ui files of a module."""
    found: dict[str, set[str]] = {}
    for path in folder.glob("Resources/UI/*.ui"):
        for element in ElementTree.parse(path).getroot().iter():
            if element.tag in ("widget", "layout", "action"):
                cls = "QAction" if element.tag == "action" else element.get("class", "")
                found.setdefault(element.get("name", ""), set()).add(cls)
    return found


def _has_attribute(cls: str, name: str) -> bool:
    return name == "name" or hasattr(ObjectProxy, name) or has_property(cls, name) or is_member(cls, name)


def problems(path: Path, widgets: dict[str, set[str]] | None = None) -> Iterator[str]:
    """Names in a Python file that Slicer does not have, as "line: name"."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ROOTS:
            yield from (f"{node.lineno}: {node.module}.{a.name}" for a in node.names if _missing_import(node.module, a.name))
        elif isinstance(node, ast.Attribute) and id(node) not in inner:
            names = dotted(node)
            if names and names[0] in ROOTS:
                missing = _missing_attribute(names)
                if missing:
                    yield f"{node.lineno}: {missing}"
            elif "ui" in names[:-1] and widgets:
                yield from _ui_problems(node.lineno, names[names.index("ui") + 1 :], widgets)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connect":
            signal = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            if isinstance(signal, str) and signal not in _all_signals():
                yield f"{node.lineno}: signal {signal}"


def _ui_problems(line: int, names: list[str], widgets: dict[str, set[str]]) -> Iterator[str]:
    if names[0] not in widgets:
        yield f"{line}: ui.{names[0]} is in no .ui file"
    elif len(names) > 1 and not any(_has_attribute(cls, names[1]) for cls in widgets[names[0]]):
        yield f"{line}: ui.{names[0]}.{names[1]} ({', '.join(widgets[names[0]])})"


def check(folder: Path) -> list[str]:
    """All problems of one module folder, with file names."""
    start()
    widgets = _widgets(folder)
    found = [f"{path}:{text}" for path in sorted(folder.rglob("*.py")) for text in problems(path, widgets)]
    return found + [f"{path}: {text}" for path in sorted(folder.rglob("*.ui")) for text in ui_file.problems(path)]


def main() -> int:
    found = [text for folder in module_folders() for text in check(folder)]
    print("\n".join(found) or "All names are in Slicer 5.12.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
