"""Checks of the entries of a training's configuration, with errors that name the entry and what is allowed."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import InputError


def one_of(name: str, value: object, allowed: Collection[str]) -> None:
    """Raise InputError unless the value is among the allowed ones."""
    if value not in allowed:
        *others, last = allowed
        raise wrong_entry(name, f"{', '.join(others)} or {last}" if others else last, value)


def whole(name: str, value: object, least: int) -> None:
    """Raise InputError unless the value is a whole number from `least` on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise wrong_entry(name, f"a whole number from {least} on", value)


def wrong_entry(name: str, allowed: str, value: object) -> InputError:
    """The error for an entry: `allowed` says what to give."""
    return InputError(f"Entry {name}: {value!r} cannot work; give {allowed}.")
