"""Names that the original code of FPN and ReSensNet gives to the entries of a checkpoint."""

from __future__ import annotations

import re

_PLACES = (
    (r"^encoder\.(\d)\.(\d)", lambda m: f"resensnet.conv{int(m[1]) + 1}.{m[2]}"),
    (r"^projections\.(\d)\.(\d)", lambda m: f"resensnet.zdimRed{int(m[1]) + 1}.{m[2]}"),
    (r"^decoder\.(\d)", lambda m: f"resensnet.up_concat{4 - int(m[1])}.conv"),
    (r"^head", lambda m: "resensnet.final1.0"),
    (r"\.convolutions\.(\d)", lambda m: f".convBlock.{m[1]}"),
    (r"\.shortcut", lambda m: ".downsample"),
    (r"\.convolution\.", lambda m: ".0."),
    (r"\.normalization\.", lambda m: ".1."),
)


def original_name(name: str) -> str:
    """The original's name of an entry of our state dict: encoder.0.1.convolutions.2.normalization.bias is
    resensnet.conv1.1.convBlock.2.1.bias."""
    for pattern, replacement in _PLACES:
        name = re.sub(pattern, replacement, name)
    return name
