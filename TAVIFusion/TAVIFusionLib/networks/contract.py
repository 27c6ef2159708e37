"""What every network on frames shares: which frames it takes."""

from __future__ import annotations

import torch
from torch import nn

from CorrespondCoreLib.errors import InputError


class FrameNetwork(nn.Module):
    """A network on stacks of frames (N, channels, rows, columns).

    Attributes:
        inputs: channels.
        multiple: rows and columns must be multiples of it.
        side: the only rows and columns that it takes; None: any multiple.
        trained_side: rows and columns of the frames that it was trained on, 256 in the paper.
    """

    inputs: int
    multiple: int
    side: int | None = None
    trained_side: int = 256

    def check(self, frames: torch.Tensor) -> None:
        """Raise InputError, in words, where the network cannot take frames."""
        name = type(self).__name__
        if frames.dim() != 4 or frames.shape[1] != self.inputs or not frames.is_floating_point():
            raise InputError(
                f"{name} takes (N, {self.inputs}, rows, columns) floating-point tensors, not {frames.dtype} of shape "
                f"{tuple(frames.shape)}."
            )
        rows, columns = frames.shape[2:]
        if self.side is not None and (rows, columns) != (self.side, self.side):
            raise InputError(f"{name} takes frames of {self.side} x {self.side} pixels, not {columns} x {rows}. Resample them.")
        if not rows or not columns or rows % self.multiple or columns % self.multiple:
            raise InputError(
                f"{name} takes multiples of {self.multiple} rows and columns, not {rows} and {columns}. Pad the frames."
            )

    def keep_channels_last(self) -> None:
        """Store the convolutions' weights with the channels last, so that features are, too: faster on a CPU."""
        for parameter in self.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
