"""What names exist in Slicer 5.12: questions to the lists in `api/`.

The lists hold names, signatures and types of Slicer 5.12.3 (tag v5.12.3, commit 9034c71a), CTK (commit 5056664a) and PythonQt
(commit 9992368e), taken from their public sources, as far as the host asks for them. Facts only.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

OTHER_BASES = {"QVTKOpenGLNativeWidget": "QWidget"}  # VTK's widget, of which Python sees the Qt class
API = Path(__file__).parent / "api"


class NotInHost(AttributeError, NotImplementedError):
    """Slicer has this name, the host does not: extend the host, or leave this step to a test in a real Slicer."""


@cache
def _read(name: str) -> dict:
    return json.loads((API / name).read_text(encoding="utf-8"))


def widgets() -> dict[str, dict]:
    """C++ classes of Slicer and CTK: base, python, new, properties, signals, slots, methods, enums, flags."""
    return _read("widgets.json")


def qt_classes() -> dict[str, list[str]]:
    """Qt classes that PythonQt wraps, with the methods that the wrappers add."""
    return _read("qt.json")


def python_names(module: str) -> list[str] | None:
    """Names that a Python file of Slicer defines ("slicer.util", "SampleData.SampleDataLogic"); None if there is no such file."""
    return _read("python.json").get(module)


def connectors() -> list[dict]:
    """The widget classes and data types that parameterNodeWrapper binds, in Slicer's order."""
    return _read("python.json")["connectors"]


def chain(name: str) -> list[str]:
    """The class and its bases as far as they are Slicer's or CTK's, then the Qt class below them."""
    names = [name]
    while names[-1] in widgets() and widgets()[names[-1]]["base"]:
        names.append(widgets()[names[-1]]["base"])
    return names


def qt_base(name: str) -> str:
    """The Qt class that a Slicer or CTK class is derived from ("" if none)."""
    last = chain(name)[-1]
    return OTHER_BASES.get(last, last) if last not in widgets() else ""


def collect(name: str, key: str) -> list:
    """All entries of one kind ("signals", "slots", "methods") of a class and its listed bases, its own first."""
    return [entry for part in chain(name) for entry in widgets().get(part, {}).get(key, [])]


def properties(name: str) -> dict[str, tuple[str, bool]]:
    """Properties of a class and its listed bases: name -> (C++ type, writable)."""
    found: dict[str, tuple[str, bool]] = {}
    for part in chain(name):
        for prop, (kind, writable) in widgets().get(part, {}).get("properties", {}).items():
            found.setdefault(prop, (kind, writable))
    return found


def enum_value(name: str, member: str) -> int | None:
    """Value of an enum member that PythonQt shows as an attribute of the class (ctk.ctkPathLineEdit.Dirs), else None."""
    for part in chain(name):
        for members in widgets().get(part, {}).get("enums", {}).values():
            if member in members:
                return members[member]
    return None


@cache
def listed_members(name: str) -> frozenset[str]:
    """All attribute names that the listed part of a class has in Python."""
    names = set(properties(name)) | set(collect(name, "methods"))
    names |= {signature.split("(")[0] for key in ("signals", "slots") for signature in collect(name, key)}
    for part in chain(name):
        facts = widgets().get(part, {})
        names |= set(facts.get("enums", {})) | set(facts.get("flags", {}))
        names |= {member for members in facts.get("enums", {}).values() for member in members}
    return frozenset(names)
