"""Checkpoints of original code: their entries under the names of the networks here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn

from CorrespondCoreLib.checkpoints import check_entries

WRAPPER = "model."  # what the original's training wrapper puts before every name


def own_state_dict(
    state_dict: Mapping[str, torch.Tensor],
    network: nn.Module,
    original_name: Callable[[str], str],
    unused: Mapping[str, tuple[int, ...]] | None = None,
) -> dict[str, torch.Tensor]:
    """The entries for `network` from a checkpoint of its original code, float32.

    Args:
        state_dict: as the original network or its training wrapper writes it.
        original_name: of an entry of the network's state dict.
        unused: further entries of the original, on which no result depends, with their shapes.

    Raises:
        InputError: entries are missing, unknown, of another shape or type, or not finite; the message names them.
    """
    own = network.state_dict()
    names = {original_name(name): name for name in own}
    shapes = {name: tuple(own[mine].shape) for name, mine in names.items()} | dict(unused or {})
    given = _without_wrapper(state_dict, shapes)
    check_entries(given, shapes, f"the original {type(network).__name__}")
    return {mine: given[name].to(own[mine].dtype) for name, mine in names.items()}


def _without_wrapper(state_dict: Mapping[str, torch.Tensor], shapes: Mapping[str, object]) -> Mapping[str, torch.Tensor]:
    """Without the wrapper's prefix, where every entry has it and no entry is known with it."""
    wrapped = all(name.startswith(WRAPPER) for name in state_dict) and not any(name in shapes for name in state_dict)
    return {name.removeprefix(WRAPPER): value for name, value in state_dict.items()} if wrapped else state_dict
