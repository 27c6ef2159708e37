"""Names that the original code gives to the entries of a checkpoint of Lachinov's network."""

from __future__ import annotations

import re

_PLACES = (
    (r"^first\.", lambda m: "model.conv_first.0."),
    (r"^first_norm", lambda m: "model.conv_first.1"),
    (r"^encoder\.0\.(\d)", lambda m: f"model.conv_first.{int(m[1]) + 2}"),
    (r"^encoder\.(\d)", lambda m: f"model.encoder_convs.{int(m[1]) - 1}"),
    (r"^down\.(\d)", lambda m: f"model.encoder_convs.{m[1]}.0.downsample.0"),
    (r"^up\.(\d)", lambda m: f"model.upsampling.{m[1]}.1"),
    (r"^fuse\.(\d)", lambda m: f"model.decoder_convs.{m[1]}.0"),
    (r"^fuse_norm\.(\d)", lambda m: f"model.decoder_convs.{m[1]}.1"),
    (r"^decoder\.(\d)", lambda m: f"model.decoder_convs.{m[1]}.2"),
    (r"^head", lambda m: "model.conv_output"),
    (r"\.squeeze\.", lambda m: ".conv_pre."),
    (r"\.squeeze_norm", lambda m: ".norm1"),
    (r"\.convolution\.", lambda m: ".conv1."),
    (r"\.convolution_norm", lambda m: ".norm2"),
    (r"\.widen\.", lambda m: ".conv_post."),
    (r"\.widen_norm", lambda m: ".norm_post"),
)
_UNUSED, _CHANNELS, _BLOCKS = "model.decoder_convs.3", 256, 4


def original_name(name: str) -> str:
    """The original's name of an entry of our state dict: encoder.1.0.squeeze.weight is
    model.encoder_convs.0.0.conv_pre.weight."""
    for pattern, replacement in _PLACES:
        name = re.sub(pattern, replacement, name)
    return name


def unused_shapes() -> dict[str, tuple[int, ...]]:
    """The entries of the decoder's coarsest level, which the original makes and never runs (3,644,416 values)."""
    c, inner = _CHANNELS, _CHANNELS // 8
    shapes: dict[str, tuple[int, ...]] = {f"{_UNUSED}.0.weight": (c, 2 * c, 3, 3, 3)}
    shapes |= {f"{_UNUSED}.1.{kind}": (c,) for kind in ("weight", "bias")}
    for k in range(_BLOCKS):
        block = f"{_UNUSED}.2.{k}"
        shapes |= {f"{block}.conv_pre.weight": (inner, c, 1, 1, 1), f"{block}.conv1.weight": (inner, inner, 3, 1, 3)}
        shapes |= {f"{block}.{norm}.{kind}": (inner,) for norm in ("norm1", "norm2") for kind in ("weight", "bias")}
        shapes |= {f"{block}.conv_post.weight": (c, inner, 1, 1, 1)}
        shapes |= {f"{block}.norm_post.{kind}": (c,) for kind in ("weight", "bias")}
    return shapes
