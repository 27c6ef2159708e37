"""The networks once more, layer by layer as the papers and the facts of the original code state them, without any economy.

References for the tests of the results, and for the benchmark of the speed: one layer after the other, in torch's default memory
format, whole cost volumes, new memory for each result.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def plain_warp(volume: torch.Tensor, field: torch.Tensor, outside: str, align_corners: bool = True) -> torch.Tensor:
    """volume(x + u(x)); u in voxels of its own grid, components (x, y, z); the volume's grid covers the same box."""
    z, y, x = field.shape[2:]
    grid = torch.stack(torch.meshgrid(*(torch.arange(n, dtype=field.dtype) for n in (z, y, x)), indexing="ij"))
    places = grid.flip(0)[None] + field
    size = torch.tensor([x, y, z], dtype=field.dtype).view(1, 3, 1, 1, 1)
    normalized = 2 * places / (size - 1) - 1
    return F.grid_sample(volume, normalized.movedim(1, -1), padding_mode=outside, align_corners=align_corners)


def plain_cost_volume(fixed: torch.Tensor, moving: torch.Tensor, radius: int = 2) -> torch.Tensor:
    """All shifted products, stored, then averaged over the channels."""
    z, y, x = fixed.shape[2:]
    padded = F.pad(moving, [radius] * 6)
    width = range(2 * radius + 1)
    costs = [(fixed * padded[:, :, i : i + z, j : j + y, k : k + x]).mean(dim=1) for i in width for j in width for k in width]
    return torch.stack(costs, dim=1)


def plain_rrn(
    weights: dict[str, torch.Tensor], fixed: torch.Tensor, moving: torch.Tensor, original_warp: bool = False
) -> list[torch.Tensor]:
    """Fields of the recursive refinement network with weights that have the original code's names."""

    def convolved(x: torch.Tensor, name: str, **options: int) -> torch.Tensor:
        return F.conv3d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], **options)

    def pyramid(image: torch.Tensor) -> list[torch.Tensor]:
        levels, x = [], 2 * image - 1
        for level in range(4):
            for i in range(3):
                x = F.leaky_relu(convolved(x, f"_pyramid._convs.{level}.{i}", stride=1 if i else 2, padding=1), 0.1)
            levels.append(x)
        return levels

    def doubled(flow: torch.Tensor) -> torch.Tensor:
        return F.interpolate(flow, scale_factor=2, mode="trilinear", align_corners=True) * 2

    of_fixed, of_moving = pyramid(fixed), pyramid(moving)
    flows: list[torch.Tensor] = []
    flow_up = context_up = None
    for level in (3, 2, 1):
        f, m = of_fixed[level], of_moving[level]
        if flow_up is not None:
            m = plain_warp(m, flow_up, "zeros", align_corners=not original_warp)
        means = [v.mean(dim=(1, 2, 3, 4), keepdim=True) for v in (f, m)]
        deviations = [v.flatten(1).std(dim=1).view(-1, 1, 1, 1, 1) for v in (f, m)]
        mean, deviation = sum(means) / 2, sum(deviations) / 2
        cost = F.leaky_relu(plain_cost_volume((f - mean) / deviation, (m - mean) / deviation), 0.05)
        x = torch.cat([cost, f] if flow_up is None else [context_up, flow_up, cost, f], dim=1)
        for i in range(5):
            context = F.leaky_relu(convolved(x, f"_flow_model._flow_layers.{level}.{i}.0", padding=1), 0.05)
            x = torch.cat([x, context], dim=1)
        flow = convolved(context, f"_flow_model._flow_layers.{level}.5", padding=1)
        if flow_up is not None:
            flow = flow + flow_up
        flow_up = doubled(flow)
        name = f"_flow_model._context_up_layers.{level}"
        context_up = F.conv_transpose3d(context, weights[f"{name}.weight"], weights[f"{name}.bias"], stride=2, padding=1)
        flows.insert(0, flow)
    x = torch.cat([context, flows[0]], dim=1)
    for i, dilation in enumerate((1, 2, 4, 8, 16, 1)):
        x = convolved(x, f"_flow_model._refine_model.{2 * i}", padding=dilation, dilation=dilation)
        x = F.leaky_relu(x, 0.05)
    flows[0] = flows[0] + convolved(x, "_flow_model._refine_model.12", padding=1)
    return [doubled(doubled(flows[0])), doubled(flows[0]), *flows]


def plain_unet(weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The U-Net of the multilevel network, with our names of the weights."""

    def block(x: torch.Tensor, name: str) -> torch.Tensor:
        for part in ("first", "second"):
            x = F.conv3d(x, weights[f"{name}.{part}.weight"], weights[f"{name}.{part}.bias"], padding=1)
            x = F.relu(F.instance_norm(x))
        return x

    x = block(x, "encoder.0")
    skipped = []
    for level in (1, 2, 3):
        skipped.append(x)
        x = block(F.avg_pool3d(x, 2), f"encoder.{level}")
    for level in range(3):
        x = F.conv_transpose3d(x, weights[f"up.{level}.weight"], weights[f"up.{level}.bias"], stride=2)
        x = block(torch.cat([skipped.pop(), x], dim=1), f"decoder.{level}")
    return F.conv3d(x, weights["head.weight"], weights["head.bias"])


def plain_virnet(weights: dict[str, torch.Tensor], fixed: torch.Tensor, moving: torch.Tensor) -> torch.Tensor:
    """The full-size field of three levels, with our names of the weights."""
    total = None
    for level in (3, 2, 1):
        warped = moving
        if total is not None:
            full = F.interpolate(total, size=fixed.shape[2:], mode="trilinear", align_corners=True) * _ratio(total, fixed)
            warped = plain_warp(moving, full, "border")
        pair = torch.cat([_smaller(v, 2 ** (level - 1)) for v in (warped, fixed)], dim=1)
        prefix = f"networks.{level - 1}."
        field = plain_unet({k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}, pair)
        total = field if total is None else field + plain_warp(total, field, "border") * _ratio(total, field)
    return total


def _ratio(coarse: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:
    """Voxels of the fine grid in one of the coarse grid, (1, 3, 1, 1, 1), components (x, y, z)."""
    ratios = [(n - 1) / (m - 1) for n, m in zip(fine.shape[:1:-1], coarse.shape[:1:-1], strict=True)]
    return torch.tensor(ratios).view(1, 3, 1, 1, 1)


def _smaller(volume: torch.Tensor, factor: int) -> torch.Tensor:
    """Smoothed by a Gaussian of half the new voxel's width, then interpolated linearly at 1/factor of the size."""
    if factor == 1:
        return volume
    offsets = torch.arange(-3 * factor // 2, 3 * factor // 2 + 1)
    kernel = torch.exp(-0.5 * (offsets / (factor / 2)) ** 2)
    kernel /= kernel.sum()
    for axis in range(3):
        shape = [1, 1, 1, 1, 1]
        shape[2 + axis] = len(kernel)
        pad = [0] * 6
        pad[2 * (2 - axis)] = pad[2 * (2 - axis) + 1] = len(kernel) // 2
        volume = F.conv3d(F.pad(volume, pad, mode="replicate"), kernel.view(shape))
    return F.interpolate(volume, size=[n // factor for n in volume.shape[2:]], mode="trilinear", align_corners=True)
