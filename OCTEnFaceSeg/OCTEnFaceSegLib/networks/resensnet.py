"""ReSensNet (Seeboeck et al. 2022) as the feature projection network's original code has it for comparison."""

from __future__ import annotations

from .contract import Sizes
from .fpn import FeatureProjectionNetwork


class ReSensNet(FeatureProjectionNetwork):
    """The same net with a last convolution over the whole depth in place of the mean: exactly 128 voxels; 4,718,737 parameters.

    The original ReSensNet has twice the channels, (32, 64, 128, 256, 512), other patches and dropout.
    """

    last_kernel = 8
    sizes = Sizes(b_scans=4, a_scans=16, depth=128, exact_depth=True)
