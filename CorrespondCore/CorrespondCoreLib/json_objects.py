"""Settings and configurations as JSON objects: read from a file, and made into dataclasses, with errors for the user."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from .errors import InputError

T = TypeVar("T", bound="JsonObject")


class JsonObject:
    """A dataclass of this kind is read from JSON, and written as it.

    Attributes:
        noun: what it is, for messages.
        shipped: folder of those that can be read by their name.
        parts: entries that are objects themselves.
    """

    noun: ClassVar[str] = "configuration"
    shipped: ClassVar[Path | None] = None
    parts: ClassVar[Mapping[str, type]] = {}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return json.loads(json.dumps(asdict(cast(Any, self))))

    @classmethod
    def from_json(cls: type[T], source: str | Path | dict[str, Any]) -> T:
        """One from a JSON file, the name of a shipped one, or a dict; what is not named keeps its default.

        Raises:
            InputError: it cannot be read, an entry is unknown or missing, or a value cannot work.
        """
        if isinstance(source, dict):
            values = dict(source)
        elif cls.shipped is None:
            values = read_json_object(Path(source), cls.noun)
        else:
            values = read_named_object(source, cls.shipped, cls.noun)
        for name, kind in cls.parts.items():
            if values.get(name) is not None:
                values[name] = configured(kind, values[name], f"{name}.")
        return configured(cls, values, "", cls.noun)


def read_json_object(path: Path, what: str, hint: str = "") -> dict[str, Any]:
    """The one JSON object in a file.

    Args:
        what: the file is, for the message: "settings file".
        hint: a sentence on what to do where it cannot be read.

    Raises:
        InputError: it cannot be read, or is something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The {what} {path} cannot be read: {error.strerror}.{hint and ' ' + hint}") from error
    except ValueError as error:
        raise InputError(f"The {what} {path} is not valid JSON: {error}.") from error
    if not isinstance(values, dict):
        raise InputError(f"The {what} {path} must hold one JSON object with names and values.")
    return values


def read_named_object(source: str | Path, shipped: Path, what: str) -> dict[str, Any]:
    """The JSON object in a file of the user, or in a shipped one by its name: <shipped>/<name>.json.

    Raises:
        InputError: see `read_json_object`; the message lists the names.
    """
    path, names = Path(source), shipped_names(shipped)
    if not path.is_file() and str(source) in names:
        path = shipped / f"{source}.json"
    return read_json_object(path, what, f"Give a JSON file, or one of these names: {', '.join(names)}.")


def shipped_names(shipped: Path) -> list[str]:
    """Names of the JSON files in a folder."""
    return sorted(path.stem for path in shipped.glob("*.json"))


def configured(kind: Any, values: Any, prefix: str, noun: str = "configuration") -> Any:
    """A dataclass from its JSON object; `prefix` ("data.") names where in the configuration it stands.

    Raises:
        InputError: no object, an unknown or missing entry, or one of the wrong kind.
    """
    if not isinstance(values, dict):
        raise InputError(f"Entry {prefix.rstrip('.')}: an object with names and values is needed, not {values!r}.")
    known = [f.name for f in fields(kind)]
    if unknown := sorted(set(values) - set(known)):
        names = ", ".join(prefix + name for name in unknown)
        raise InputError(f"Unknown entries of the {noun}: {names}. Known are: {', '.join(prefix + n for n in known)}.")
    try:
        return kind(**values)
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError(f"An entry of the {noun} is missing, or of the wrong kind: {error}.") from error
