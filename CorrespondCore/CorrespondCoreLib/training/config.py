"""What the configurations of all trainings share: JSON files, the shipped ones by name, and the choice of the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

from ..json_objects import JsonObject

PHANTOM, FOLDERS = "phantom", "folders"
T = TypeVar("T", bound="BaseConfig")


class BaseConfig(JsonObject):
    """A configuration with an entry `data`, which has the entries `source` (phantom or folders) and `folder`."""

    data: Any

    def with_data(self: T, place: str) -> T:
        """The same configuration on other data: "phantom", or a folder of the user's."""
        if place == PHANTOM:
            data = replace(self.data, source=PHANTOM, folder=None)
        else:
            data = replace(self.data, source=FOLDERS, folder=str(Path(place).expanduser().absolute()))
        return cast(T, replace(cast(Any, self), data=data))
