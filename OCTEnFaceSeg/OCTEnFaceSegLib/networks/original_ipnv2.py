"""Names that the original code gives to the entries of a checkpoint of the image projection network V2."""

from __future__ import annotations

import re

_BLOCK = {"first": 0, "second": 2}
_PLACES = (
    (r"^first\.", lambda m: "input3d.in_conv.0."),
    (r"^modules3d\.(\d)\.(\d)", lambda m: f"PLM{int(m[1]) + 1}.plm.{2 * int(m[2]) + 1}"),
    (r"^skip", lambda m: "input2d.skip_conv"),
    (r"^merge\.(\w+)", lambda m: f"input2d.double2dconv.double_conv.{_BLOCK[m[1]]}"),
    (r"^encoder\.0\.(\w+)", lambda m: f"pp.inc.double_conv.{_BLOCK[m[1]]}"),
    (r"^encoder\.(\d)\.(\w+)", lambda m: f"pp.down{m[1]}.maxpool_conv.1.double_conv.{_BLOCK[m[2]]}"),
    (r"^decoder\.(\d)\.(\w+)", lambda m: f"pp.up{int(m[1]) + 1}.conv.double_conv.{_BLOCK[m[2]]}"),
    (r"^head", lambda m: "pp.outc.conv"),
)


def original_name(name: str) -> str:
    """The original's name of an entry of our state dict: modules3d.0.1.weight is PLM1.plm.3.weight."""
    for pattern, replacement in _PLACES:
        name = re.sub(pattern, replacement, name)
    return name
