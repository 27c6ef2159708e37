"""MIND-SSC: self-similarity context descriptor (Heinrich et al., MICCAI 2013).

Twelve distances between patches around a voxel's six neighbors; unchanged by affine changes of intensity, good against noise.
"""

from __future__ import annotations

import torch

from ..geometry.filters import box, pad_border

# the six neighbors of a voxel, offsets (z, y, x); pairs of neighbors at distance sqrt(2) form the twelve channels
NEIGHBORS = ((0, 0, -1), (0, 0, 1), (0, -1, 0), (0, 1, 0), (-1, 0, 0), (1, 0, 0))
PAIRS = tuple(
    (a, b)
    for i, a in enumerate(NEIGHBORS)
    for b in NEIGHBORS[i + 1 :]
    if sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) == 2
)


def mind_ssc(volume: torch.Tensor, dilation: int = 2, radius: int = 1) -> torch.Tensor:
    """Descriptor (1, 12, z, y, x) in 0..1 of a volume (1, 1, z, y, x).

    Args:
        dilation: distance of the neighbors in voxels.
        radius: patches are cubes of 2 radius + 1 voxels.
    """
    padded = pad_border(volume, dilation)
    z, y, x = volume.shape[2:]

    def shifted(offset: tuple[int, int, int]) -> torch.Tensor:
        first = [dilation * (o + 1) for o in offset]
        return padded[:, :, first[0] : first[0] + z, first[1] : first[1] + y, first[2] : first[2] + x]

    distances = volume.new_empty((1, len(PAIRS), z, y, x))
    for channel, (a, b) in enumerate(PAIRS):
        distances[:, channel : channel + 1] = box((shifted(a) - shifted(b)).square_(), radius)
    distances -= distances.amin(dim=1, keepdim=True)
    variance = distances.mean(dim=1, keepdim=True)
    mean = variance.mean().clamp_min(1e-12)
    variance.clamp_(min=float(mean) * 1e-3, max=float(mean) * 1e3)
    return distances.div_(variance).neg_().exp_()
