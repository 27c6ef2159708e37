"""Whether a TIFF, JPEG or BMP file is whole: the readers of these fill what is missing, or leave pages out, without a word."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

from .errors import InputError

_STRIPS = {273: 279, 324: 325}  # TIFF tags: where strips or tiles begin -> how long they are
_TYPES = {3: "H", 4: "I", 16: "Q"}


def check_whole(path: Path) -> None:
    """Raise InputError if the file ends before its pictures do. Files of other kinds are left to their readers."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        whole = _is_whole(content)
    except (struct.error, IndexError, KeyError):
        whole = False
    if not whole:
        raise InputError(f"The picture {path.name} is truncated or damaged: not all of its pixels are there. Copy it again.")


def _is_whole(content: bytes) -> bool:
    if content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _whole_tiff(content)
    if content.startswith(b"\xff\xd8"):
        return b"\xff\xd9" in content[-1024:]
    if content.startswith(b"BM"):
        pixels, _, width, height, _, bits, packed = struct.unpack_from("<IIiiHHI", content, 10)
        return bool(packed) or pixels + abs(height) * ((width * bits + 31) // 32 * 4) <= len(content)
    return True


def _whole_tiff(content: bytes) -> bool:
    """True if the chain of pages ends as it should, and all strips or tiles of all pages lie inside of the file."""
    order = "<" if content[:2] == b"II" else ">"
    big = content[2:4] in (b"+\0", b"\0+")
    entry, number, counter = (20, "Q", "Q") if big else (12, "I", "H")
    (page,) = struct.unpack_from(order + number, content, 8 if big else 4)
    seen = set()
    while page not in seen:
        seen.add(page)
        (entries,) = struct.unpack_from(order + counter, content, page)
        first = page + struct.calcsize(counter)
        tags = [_tag(content, first + n * entry, order, number) for n in range(entries)]
        values = {tag: found for tag, found in tags if found is not None}
        for begin, length in _STRIPS.items():
            places, sizes = values.get(begin, ()), values.get(length, ())
            if any(at + size > len(content) for at, size in itertools.zip_longest(places, sizes, fillvalue=0)):
                return False
        (page,) = struct.unpack_from(order + number, content, first + entries * entry)
        if page == 0:
            return True
    return False


def _tag(content: bytes, at: int, order: str, number: str) -> tuple[int, tuple[int, ...] | None]:
    """A tag's name and values, read for strips and tiles alone."""
    tag, kind, count = struct.unpack_from(f"{order}HH{number}", content, at)
    if tag not in _STRIPS and tag not in _STRIPS.values():
        return tag, None
    place, form = at + 4 + struct.calcsize(number), f"{order}{count}{_TYPES[kind]}"
    if struct.calcsize(form) > struct.calcsize(number):
        (place,) = struct.unpack_from(order + number, content, place)
    return tag, struct.unpack_from(form, content, place)
