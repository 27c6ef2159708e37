"""Every network learns, from images alone, to move a blob back: fields, warping and losses agree on units, order and sign."""

import pytest
import torch
from torch import nn

from LungRegistrationLib.geometry.voxel_fields import in_mm, in_voxels
from LungRegistrationLib.geometry.warp import warp
from LungRegistrationLib.losses.objectives import CorrelationObjective
from LungRegistrationLib.networks.rrn import RecursiveRefinementNetwork
from LungRegistrationLib.networks.virnet import MultilevelRegistrationNetwork
from LungRegistrationLib.networks.voxelmorph import VoxelMorph

SPACING = (2.0, 1.5, 1.0)
RRN = {"pyramid_channels": (4, 8, 8, 8), "estimator_channels": (8, 8, 8, 8, 8), "refiner_channels": (8, 8, 8, 8, 8, 8)}
VOXELMORPH = {"encoder": (4, 6, 6, 6), "decoder": (6, 6, 6, 6), "last": (6, 4, 4)}


def blob(shape: tuple[int, int, int], center: tuple[float, float, float]) -> torch.Tensor:
    axes = torch.meshgrid(*(torch.arange(float(n)) for n in shape), indexing="ij")
    return torch.exp(-sum((a - c) ** 2 for a, c in zip(axes, center, strict=True)) / 40)[None, None]


@pytest.mark.parametrize(
    ("make", "shape", "scale", "rate", "steps"),
    [
        (lambda: RecursiveRefinementNetwork(**RRN), (48, 16, 32), 1.0, 5e-4, 30),
        (lambda: MultilevelRegistrationNetwork(levels=1, channels=(4, 6, 8, 8)), (24, 16, 32), 1000.0, 2e-2, 60),
        (lambda: VoxelMorph(**VOXELMORPH), (16, 16, 32), 1.0, 1e-2, 30),
    ],
    ids=["rrn", "virnet", "voxelmorph"],
)
def test_a_moved_blob_is_brought_back(make, shape, scale, rate, steps):
    torch.manual_seed(0)
    network: nn.Module = make()
    center = (shape[0] // 2, 8, 15)
    fixed, moving = blob(shape, center), blob(shape, (center[0] - 2, 8, 18))  # moving(x + 3 voxels, z - 2 voxels) = fixed(x, z)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    objective = CorrelationObjective(window=5, smoothness="diffusion", weight=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        field_mm = in_mm(network(scale * fixed, scale * moving)[0], SPACING)
        warped = warp(moving, in_voxels(field_mm, SPACING))
        terms = objective.terms(fixed, warped, field_mm, SPACING)
        loss = 10 * (warped - fixed).square().mean() + 0.05 * sum(terms.values())
        loss.backward()
        optimizer.step()
    inside = (fixed > 0.5).expand(1, 3, *shape)
    found_mm = field_mm.detach()[inside].view(3, -1).mean(dim=1)
    torch.testing.assert_close(found_mm, torch.tensor([3.0 * 2.0, 0.0, -2.0 * 1.0]), atol=1.0, rtol=0)
