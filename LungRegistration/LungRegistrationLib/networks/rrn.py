"""Recursive refinement network: a field from coarse to fine, from feature pyramids and local cost volumes.

He et al., "Recursive Refinement Network for Deformable Lung Registration between Exhale and Inhale CT Scans", 2021. Where the
paper is silent (slopes, feature normalization, mean over channels, residual last step), this is the original code's reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from ..geometry.voxel_fields import full_precision
from ..geometry.warp import warp
from .cost_volume import Parts, local_cost_volume
from .feature_pyramid import FeaturePyramid
from .field_estimators import SLOPE, DenseEstimator, DilatedEstimator, joined
from .input_check import check_pair
from .original_rrn import own_state_dict


class RecursiveRefinementNetwork(nn.Module):
    """Fields at 1/16, 1/8 and 1/4 of the images' size, each refining the one before; the last is refined again and upsampled.

    Args:
        cost_volume: compare features by the local cost volume; False gives the estimators the warped moving features instead
            (the paper's ablation).
        radius: of the cost volume in voxels; 2 gives its 125 channels.
        original_warp: warp features as the original code does, which mixes two coordinate conventions, so that a zero field is
            not the identity. For comparing with the original, and for weights that were trained with it.
        pyramid_channels: features of the pyramid, 1/2 to 1/16 of the images' size.
        estimator_channels, refiner_channels: outputs of the convolutions of the estimators and of the last refinement.

    Example:
        network = RecursiveRefinementNetwork()
        fields = network(fixed, moving)  # fields[0]: (N, 3, z, y, x), in voxels
    """

    def __init__(
        self,
        cost_volume: bool = True,
        radius: int = 2,
        original_warp: bool = False,
        pyramid_channels: Sequence[int] = (16, 32, 64, 96),
        estimator_channels: Sequence[int] = (128, 128, 96, 64, 32),
        refiner_channels: Sequence[int] = (128, 128, 128, 96, 64, 32),
    ):
        super().__init__()
        self.cost_volume, self.radius, self.original_warp = cost_volume, radius, original_warp
        self.parts = Parts()  # of the cost volume; smaller ones after memory was short
        context = estimator_channels[-1]
        self.pyramid = FeaturePyramid(pyramid_channels)
        self.refiner = DilatedEstimator(context + 3, refiner_channels)
        self.estimators = nn.ModuleList()  # 1/4, 1/8, 1/16
        for level, features in enumerate(pyramid_channels[1:], start=2):
            costs = (2 * radius + 1) ** 3 if cost_volume else features
            above = context + 3 if level < len(pyramid_channels) else 0
            self.estimators.append(DenseEstimator(above + costs + features, estimator_channels))
        self.context_up = nn.ModuleList(  # from 1/8 to 1/4, from 1/16 to 1/8
            nn.ConvTranspose3d(context, context, 4, stride=2, padding=1) for _ in self.estimators[1:]
        )

    @property
    def multiple(self) -> int:
        """Every side of the images must be a multiple of so many voxels."""
        return 2**self.pyramid.levels

    @property
    def least_slices(self) -> int:
        """Smallest first side (z): the coarsest features must have more slices than the cost volume reaches."""
        return self.multiple * (self.radius + 1) if self.cost_volume else self.multiple

    @classmethod
    def from_original_state_dict(
        cls, state_dict: Mapping[str, torch.Tensor], original_warp: bool = False
    ) -> RecursiveRefinementNetwork:
        """The network with the weights of a checkpoint of the original code.

        Args:
            state_dict: all entries of the original, and no other; those that never influence a field are dropped.
            original_warp: see the class.

        Raises:
            InputError: entries are missing, unknown, of another shape or type, or not finite; the message names them.
        """
        network = cls(original_warp=original_warp)
        network.load_state_dict(own_state_dict(state_dict))
        return network

    def forward(self, fixed: torch.Tensor, moving: torch.Tensor) -> list[torch.Tensor]:
        """Fields at 1, 1/2, 1/4, 1/8, 1/16 of the images' size.

        Args:
            fixed, moving: (N, 1, z, y, x), in 0..1. Sides are multiples of 16; with a cost volume the first is at least
                16 (radius + 1), as in the original code.

        Returns:
            Fields (N, 3, z, y, x), components (x, y, z), each in voxels of its own grid.

        Raises:
            InputError: see `check_pair`.
        """
        check_pair("The recursive refinement network", fixed, moving, self.multiple, self.least_slices)
        return self._fields(self.pyramid(2 * fixed - 1), self.pyramid(2 * moving - 1))

    def _fields(self, of_fixed: list[torch.Tensor], of_moving: list[torch.Tensor]) -> list[torch.Tensor]:
        """The recursion; the lists of features, finest first, are emptied on the way, so that memory is free for finer levels."""
        fields: list[torch.Tensor] = []
        carried: list[torch.Tensor] = []  # context and field of the level before, upsampled
        for level in reversed(range(len(self.estimators))):
            fixed, moving = of_fixed.pop(), of_moving.pop()
            if carried:
                moving = self._warped(moving, carried[1])
            context, field = self.estimators[level]([*carried, self._compared(fixed, moving), fixed])
            del fixed, moving
            field = full_precision(field)
            if carried:
                field = field + carried[1]
            if level > 0:
                carried = [self.context_up[level - 1](context), upsampled(field)]
            fields.insert(0, field)
        fields[0] = fields[0] + self.refiner(joined([context, fields[0]], context.dtype))
        for _ in range(2):
            fields.insert(0, upsampled(fields[0]))
        return fields

    def _warped(self, moving: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
        return warp(moving, field, outside="zeros", align_corners=not self.original_warp)

    def _compared(self, fixed: torch.Tensor, moving: torch.Tensor) -> torch.Tensor:
        """What tells the estimator how well the features fit: the cost volume, or without it the moving features themselves."""
        if not self.cost_volume:
            return moving
        costs = local_cost_volume(*normalized_pair(fixed, moving), self.radius, self.parts)
        return F.leaky_relu(costs, SLOPE, inplace=True)


def normalized_pair(fixed: torch.Tensor, moving: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Both feature maps minus their common mean, over their common standard deviation.

    Mean and (unbiased) standard deviation are taken over all channels and voxels of each map, then averaged over the two maps.
    """
    axes = (1, 2, 3, 4)
    mean = (fixed.mean(axes, keepdim=True) + moving.mean(axes, keepdim=True)) / 2
    deviation = (fixed.std(axes, keepdim=True) + moving.std(axes, keepdim=True)) / 2
    deviation = deviation.clamp_min(torch.finfo(deviation.dtype).tiny)  # features without any contrast stay zero
    return (fixed - mean) / deviation, (moving - mean) / deviation


def upsampled(field: torch.Tensor) -> torch.Tensor:
    """A field on twice as many voxels per axis, its values doubled (original code)."""
    return 2 * F.interpolate(field, scale_factor=2, mode="trilinear", align_corners=True)
