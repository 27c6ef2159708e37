"""The networks once more, layer by layer from the entries of the original checkpoints: references for the tests."""

from __future__ import annotations

import torch
import torch.nn.functional as F

Weights = dict[str, torch.Tensor]


def random_weights(shapes: dict[str, list[int]], seed: int = 0) -> Weights:
    """Entries of a checkpoint that keep activations near 1; statistics of batch normalizations are not those of a new network."""
    generator = torch.Generator().manual_seed(seed)
    weights: Weights = {}
    for name, shape in shapes.items():
        values = torch.randn(shape, generator=generator)
        if name.endswith("num_batches_tracked"):
            weights[name] = torch.tensor(7)
        elif name.endswith("running_var"):
            weights[name] = values.abs() + 0.5
        elif len(shape) > 1:
            weights[name] = values * (2.0 / torch.Size(shape[1:]).numel()) ** 0.5
        else:
            weights[name] = 0.2 * values + (1.0 if name.endswith("weight") else 0.0)
    return weights


def plain_fpn(weights: Weights, volume: torch.Tensor, average: bool = True) -> torch.Tensor:
    """Logits of the feature projection network; of ReSensNet with average=False."""

    def convolved(x: torch.Tensor, name: str, stride=(1, 1, 1), padding=(0, 0, 0)) -> torch.Tensor:
        x = F.conv3d(x, weights[f"{name}.0.weight"], stride=stride, padding=padding)
        of = [weights[f"{name}.1.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *of, eps=1e-5)

    def encoded(x: torch.Tensor, level: int) -> torch.Tensor:
        name = f"resensnet.conv{level}.0"
        y = F.relu(convolved(x, f"{name}.convBlock.0", padding=(0, 1, 1)))
        x = F.relu(convolved(y, f"{name}.convBlock.1", padding=(0, 1, 1)) + convolved(x, f"{name}.downsample"))
        name = f"resensnet.conv{level}.1"
        y = F.relu(convolved(x, f"{name}.convBlock.0", padding=(0, 1, 1)))
        y = F.relu(convolved(y, f"{name}.convBlock.1", padding=(0, 1, 1)))
        return F.relu(x + convolved(y, f"{name}.convBlock.2", padding=(1, 0, 0)))

    def projected(x: torch.Tensor, level: int) -> torch.Tensor:
        name, halvings = f"resensnet.zdimRed{level}", 5 - level
        y = x
        for i in range(halvings):
            y = convolved(y, f"{name}.0.convBlock.{i}", stride=(1, 1, 2), padding=(0, 0, 1))
            y = F.relu(y) if i < halvings - 1 else y
        if halvings:
            y = F.relu(y + convolved(x, f"{name}.0.downsample", stride=(1, 1, 2**halvings)))
        y = F.relu(convolved(y, f"{name}.{1 if halvings else 0}.convBlock.0"))
        return y.mean(dim=4, keepdim=True) if average else y

    x = volume.permute(0, 1, 2, 4, 3)
    maps = []
    for level in (1, 2, 3, 4, 5):
        x = encoded(x, level)
        maps.append(projected(x, level))
        if level < 5:
            x = F.max_pool3d(x, (1, 2, 2) if level < 3 else (2, 2, 2))
    y = maps.pop()
    for level in (4, 3, 2, 1):
        y = y.repeat_interleave(2, dim=3)
        y = y.repeat_interleave(2, dim=2) if level > 2 else y
        y = torch.cat([maps.pop(), y], dim=1)
        name = f"resensnet.up_concat{level}.conv"
        z = F.relu(convolved(y, f"{name}.convBlock.0", padding=(1, 1, 0)))
        y = F.relu(convolved(z, f"{name}.convBlock.1", padding=(1, 1, 0)) + convolved(y, f"{name}.downsample"))
    y = F.conv3d(y, weights["resensnet.final1.0.weight"], weights["resensnet.final1.0.bias"])
    return y.permute(0, 1, 2, 4, 3)


def plain_lachinov(weights: Weights, volume: torch.Tensor) -> torch.Tensor:
    """Logits of the network with projective skip connections."""

    def normalized(x: torch.Tensor, name: str) -> torch.Tensor:
        mean, variance = x.mean(dim=(2, 3, 4), keepdim=True), x.var(dim=(2, 3, 4), keepdim=True, unbiased=False)
        scale, offset = (weights[f"{name}.{part}"].view(1, -1, 1, 1, 1) for part in ("weight", "bias"))
        return (x - mean) / (variance + 1e-5).sqrt() * scale + offset

    def block(x: torch.Tensor, name: str, padding: tuple[int, int, int]) -> torch.Tensor:
        y = F.relu(normalized(F.conv3d(x, weights[f"{name}.conv_pre.weight"]), f"{name}.norm1"))
        y = F.relu(normalized(F.conv3d(y, weights[f"{name}.conv1.weight"], padding=padding), f"{name}.norm2"))
        return x + normalized(F.conv3d(y, weights[f"{name}.conv_post.weight"]), f"{name}.norm_post")

    first, last = "model.conv_first", "model.conv_output"
    x = F.conv3d(volume, weights[f"{first}.0.weight"], weights[f"{first}.0.bias"], padding=(1, 0, 1))
    x = block(normalized(x, f"{first}.1"), f"{first}.2", (0, 1, 1))
    skips = []
    for level, blocks in enumerate((1, 2, 4)):
        along = (8, 4, 2)[level]
        n, c, b, d, w = x.shape
        skips.append(x[:, :, :, : d // along * along].reshape(n, c, b, d // along, along, w).mean(dim=4))
        x = F.conv3d(x, weights[f"model.encoder_convs.{level}.0.downsample.0.weight"], stride=(1, 2, 2))
        for i in range(blocks):
            x = block(x, f"model.encoder_convs.{level}.{i}", (0, 1, 1))
    for level, blocks in ((2, 2), (1, 1), (0, 1)):
        x = F.interpolate(x, scale_factor=(1, 1, 2), mode="trilinear")
        x = F.conv3d(x, weights[f"model.upsampling.{level}.1.weight"])
        name = f"model.decoder_convs.{level}"
        x = F.conv3d(torch.cat([skips[level], x], dim=1), weights[f"{name}.0.weight"], padding=1)
        x = normalized(x, f"{name}.1")
        for i in range(blocks):
            x = block(x, f"{name}.2.{i}", (1, 0, 1))
    x = x.mean(dim=3, keepdim=True)
    return F.conv3d(x, weights[f"{last}.weight"], weights[f"{last}.bias"], padding=(1, 0, 1))


def plain_ipnv2(weights: Weights, volume: torch.Tensor) -> torch.Tensor:
    """Softmax of the lesion's class of the image projection network V2, (N, B-scan, A-scan)."""

    def convolved(x: torch.Tensor, name: str, **options) -> torch.Tensor:
        convolution = F.conv3d if x.dim() == 5 else F.conv2d
        return convolution(x, weights[f"{name}.weight"], weights[f"{name}.bias"], **options)

    def double(x: torch.Tensor, name: str) -> torch.Tensor:
        x = F.relu(convolved(x, f"{name}.double_conv.0", padding=1))
        return F.relu(convolved(x, f"{name}.double_conv.2", padding=1))

    first = F.relu(convolved(volume.permute(0, 1, 3, 2, 4), "input3d.in_conv.0", padding=1))
    x = first
    for i, pool in enumerate((8, 5, 4)):
        n, c, d, b, w = x.shape
        x = x.reshape(n, c, d // pool, pool, b, w).amax(dim=3)
        x = F.relu(convolved(x, f"PLM{i + 1}.plm.1", padding=1))
        x = F.relu(convolved(x, f"PLM{i + 1}.plm.3", padding=1))
    x = torch.cat([x, convolved(first, "input2d.skip_conv")], dim=1)[:, :, 0]
    x = double(double(x, "input2d.double2dconv"), "pp.inc")
    seen = []
    for i in (1, 2, 3, 4):
        seen.append(x)
        x = double(F.max_pool2d(x, 2), f"pp.down{i}.maxpool_conv.1")
    for i in (1, 2, 3, 4):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        x = double(torch.cat([seen.pop(), x], dim=1), f"pp.up{i}.conv")
    return torch.softmax(convolved(x, "pp.outc.conv"), dim=1)[:, 1]


def plain_ipn(
    convolutions: list[tuple[torch.Tensor, torch.Tensor]], pools: tuple[int, ...], volume: torch.Tensor
) -> torch.Tensor:
    """Softmax of the lesion's class of the image projection network, (N, B-scan, A-scan), from (weight, bias) of its layers."""
    x = volume
    for i, (weight, bias) in enumerate(convolutions):
        x = F.relu(F.conv3d(x, weight, bias, padding=1))
        if i % 3 == 2 and i // 3 < len(pools):
            n, c, b, d, w = x.shape
            x = x.reshape(n, c, b, d // pools[i // 3], pools[i // 3], w).amax(dim=4)
    return torch.softmax(x, dim=1)[:, 1, :, 0]
