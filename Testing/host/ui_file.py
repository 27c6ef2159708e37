"""Check a .ui file against the lists: every class, property, signal and slot in it must exist in Slicer 5.12."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from . import lists
from .members import has_property, normalized, qt_class, qt_part

DYNAMIC = "SlicerParameterName"  # the dynamic property that parameterNodeWrapper reads
DESIGNER_ONLY = {"Line": "QFrame", "Spacer": "QSpacerItem"}


def _known_class(name: str) -> bool:
    return name in lists.widgets() or name in DESIGNER_ONLY or (name in lists.qt_classes() and qt_class(name) is not None)


def _has_method(cls: str, kind: str, signature: str) -> bool:
    wanted = normalized(signature)
    listed = lists.collect(cls, "signals") + (lists.collect(cls, "slots") if kind == "slot" else [])
    meta = getattr(qt_class(qt_part(cls)), "staticMetaObject", None)
    return wanted in listed or (meta is not None and meta.indexOfMethod(wanted) >= 0)


def problems(path: str | Path) -> list[str]:
    """What the file names and Slicer does not have, one sentence each."""
    root = ElementTree.parse(path).getroot()
    found, classes = [], {}
    for widget in root.iter("widget"):
        cls, name = widget.get("class"), widget.get("name")
        classes[name] = cls
        if not _known_class(cls):
            found.append(f"widget class {cls} of '{name}'")
            continue
        for prop in widget.findall("property"):
            if prop.get("stdset") == "0" and prop.get("name") == DYNAMIC:
                continue
            if not has_property(DESIGNER_ONLY.get(cls, cls), prop.get("name")):
                found.append(f"property '{prop.get('name')}' of {cls} '{name}'")
    for action in root.iter("action"):
        classes[action.get("name")] = "QAction"
    for connection in root.findall("connections/connection"):
        ends = {tag: connection.findtext(tag, "") for tag in ("sender", "signal", "receiver", "slot")}
        for end, kind in (("sender", "signal"), ("receiver", "slot")):
            cls = classes.get(ends[end])
            if cls is None:
                found.append(f"{end} '{ends[end]}' of a connection")
            elif cls != "QAction" and _known_class(cls) and not _has_method(cls, kind, ends[kind]):
                found.append(f"{kind} {ends[kind]} of {cls} '{ends[end]}'")
    return found
