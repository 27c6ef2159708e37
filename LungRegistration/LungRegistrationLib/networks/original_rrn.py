"""Checkpoints of the original recursive refinement network: which entries they hold, and where these belong here."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

from CorrespondCoreLib.checkpoints import check_entries

PYRAMID = (16, 32, 64, 96)
DENSE = (128, 128, 96, 64, 32)
DILATED = (128, 128, 128, 96, 64, 32)
COSTS, CONTEXT, FIELD = 125, 32, 3


def original_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of all entries of the original's state dict, in its order (20,988,751 values)."""
    shapes: dict[str, tuple[int, ...]] = {}

    def convolution(name: str, outputs: int, inputs: int, size: int = 3) -> None:
        shapes[f"{name}.weight"] = (outputs, inputs, size, size, size)
        shapes[f"{name}.bias"] = (outputs,)

    for level, channels in enumerate(PYRAMID):
        for i in range(3):
            convolution(f"_pyramid._convs.{level}.{i}", channels, channels if i else (1, *PYRAMID)[level])
    for i, channels in enumerate((*DILATED, FIELD)):
        convolution(f"_flow_model._refine_model.{2 * i}", channels, (CONTEXT + FIELD, *DILATED)[i])
    for level, features in enumerate(PYRAMID):
        inputs = COSTS + features + (CONTEXT + FIELD if level < len(PYRAMID) - 1 else 0)
        for i, channels in enumerate(DENSE):
            convolution(f"_flow_model._flow_layers.{level}.{i}.0", channels, inputs + sum(DENSE[:i]))
        convolution(f"_flow_model._flow_layers.{level}.{len(DENSE)}", FIELD, CONTEXT)
    for level in range(len(PYRAMID)):
        convolution(f"_flow_model._context_up_layers.{level}", CONTEXT, CONTEXT, size=4)
    return shapes


def own_name(name: str) -> str | None:
    """Where an entry of the original belongs in our network; None for those that no field depends on.

    These are the estimator at 1/2 of the images' size, which is never run, and the two up-convolutions below it.
    """
    kind = name.rsplit(".", 1)[1]
    numbers = [int(n) for n in re.findall(r"\.(\d+)", name)]
    if name.startswith("_pyramid"):
        return f"pyramid.convolutions.{3 * numbers[0] + numbers[1]}.{kind}"
    if "_refine_model" in name:
        i = numbers[0] // 2
        return f"refiner.head.{kind}" if i == len(DILATED) else f"refiner.convolutions.{i}.{kind}"
    if "_flow_layers" in name:
        level, i = numbers[0] - 1, numbers[1]
        place = "head" if i == len(DENSE) else f"convolutions.{i}"
        return f"estimators.{level}.{place}.{kind}" if level >= 0 else None
    level = numbers[0] - 2
    return f"context_up.{level}.{kind}" if level >= 0 else None


def own_state_dict(state_dict: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The entries of our RecursiveRefinementNetwork from a state dict of the original, float32.

    Raises:
        InputError: entries are missing, unknown, of another shape or type, or not finite; the message names them.
    """
    check_entries(state_dict, original_shapes(), "the original recursive refinement network")
    named = ((own_name(name), tensor) for name, tensor in state_dict.items())
    return {name: tensor.float() for name, tensor in named if name is not None}
