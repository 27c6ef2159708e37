"""Make the name lists of this folder from the full ones: `python -m Testing.host.api.trim FOLDER`.

FOLDER holds qt_widgets.json, pythonqt_wrapped_qt.json, slicer_python.json and slicer_util.json: names, signatures and types
of Slicer 5.12.3 (tag v5.12.3, commit 9034c71a), CTK (commit 5056664a) and PythonQt (commit 9992368e), taken from their
public sources. Facts only: no code and no documentation text. Here they are cut to what the host asks for.
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent


def normalized(declaration: str) -> list[str]:
    """Signatures as Qt normalises them, one per default-argument form: 'void f(const QString& a, int b = 0)' -> two."""
    head, arguments = re.fullmatch(r"(.*?)\((.*)\)[^)]*", declaration).groups()
    name = head.split()[-1].lstrip("*&")
    types, required = [], 0
    for argument in re.split(r",(?![^<(]*[>)])", arguments) if arguments.strip() else []:
        text, _, default = argument.partition("=")
        required += not default
        text = re.sub(r"\bconst\b|&", " ", text).replace("*", "* ").strip()
        words = text.split()
        if len(words) > 1 and not words[-1].endswith("*") and words[-1] not in ("int", "long", "char", "short"):
            words = words[:-1]
        types.append(" ".join(words).replace(" *", "*"))
    return [f"{name}({','.join(types[:count])})" for count in range(len(types), required - 1, -1)]


def trim_class(facts: dict) -> dict:
    """One C++ class: what Python can reach, and what a .ui file can name."""
    short = {"base": facts.get("base", ""), "python": facts["python"], "new": facts["python_new"]}
    short["properties"] = {p["name"]: [p["type"], "write" in p] for p in facts.get("properties", [])}
    short["signals"] = facts.get("signals_qt", [])
    short["slots"] = [form for slot in facts.get("slots", []) for form in normalized(slot)]
    decorated = facts.get("invokables", []) + facts.get("decorator_methods", []) + facts.get("decorator_static", [])
    short["methods"] = sorted({normalized(method)[0].split("(")[0] for method in decorated})
    hidden = facts.get("enums_not_registered", [])
    short["enums"] = {name: members for name, members in facts.get("enums", {}).items() if name not in hidden}
    short["flags"] = facts.get("flags", {})
    return {key: value for key, value in short.items() if value or key in ("base", "python", "new")}


def write(name: str, content: dict) -> None:
    """One entry per line, so that a difference between two versions can be read."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in content.items()]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main(folder: Path) -> None:
    widgets = json.loads((folder / "qt_widgets.json").read_text())
    write("widgets.json", {name: trim_class(facts) for name, facts in widgets.items() if name != "_source"})
    wrapped = json.loads((folder / "pythonqt_wrapped_qt.json").read_text())
    off = {name for part in wrapped["by_module"].values() if not part["enabled_in_slicer"] for name in part["classes"]}
    members = {
        name: sorted({*found.get("methods", []), *found.get("static", [])})
        for name, found in wrapped["wrapper_members"].items()
        if name not in off and "::" not in name
    }
    write("qt.json", members)
    python = json.loads((folder / "slicer_python.json").read_text())
    modules = {name: part for name, part in python.items() if isinstance(part, dict) and "file" in part}
    for name, part in python["slicer.parameterNodeWrapper"]["submodules"].items():
        modules[f"slicer.parameterNodeWrapper.{name}"] = part
    names = {
        name: sorted({*part.get("functions", {}), *part.get("classes", {}), *part.get("constants", {})})
        for name, part in modules.items()
    }
    names["slicer.parameterNodeWrapper"] = python["slicer.parameterNodeWrapper"]["public_names"]
    util = json.loads((folder / "slicer_util.json").read_text())
    names["slicer.util"] = sorted({*util["functions"], *util["classes"], *util["constants"]})
    members = {
        f"{module}.{name}": sorted({*part.get("methods", {}), *part.get("instance_attributes", []), *part.get("properties", [])})
        for module, submodule in modules.items()
        for name, part in submodule.get("classes", {}).items()
    }
    write(
        "python.json", {**names, **members, "connectors": python["slicer.parameterNodeWrapper"]["gui_connectors"]["connectors"]}
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
