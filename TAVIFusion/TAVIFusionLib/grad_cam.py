"""Where a segmentation network looked: Grad-CAM (Selvaraju et al., ICCV 2017; paper, figure 7)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from CorrespondCoreLib.errors import InputError

from .gray_scale import normalized
from .metrics import THRESHOLD
from .networks.dru_net import DeepResidualUNet
from .preprocessing import Letterbox

LAYER = "bridge"  # the paper does not say which; its figure is as coarse as this one, 1/16 of the frame


def attention_map(network: DeepResidualUNet, frame: np.ndarray, layer: str = LAYER, device: str = "cpu") -> np.ndarray:
    """(rows, columns) float32, 0..1: how much each place of a layer spoke for the vessel.

    The score is the sum of the logits over the predicted mask; the layer's features are weighted by the score's mean gradient,
    added, cut at 0 and divided by the maximum. Where the network finds no vessel the map is 0.

    Args:
        frame: (rows, columns), any number type.
        layer: name of a module of the network, such as "bridge", "encoder.3" or "decoder.0".

    Raises:
        InputError: the network has no such layer.
    """
    modules = dict(network.named_modules())
    if layer not in modules or not layer:
        raise InputError(f'The network has no layer "{layer}". Layers are, for example: bridge, encoder.3, decoder.0.')
    kept: list[torch.Tensor] = []
    network = network.eval().to(device)
    handle = modules[layer].register_forward_hook(lambda module, inputs, output: kept.append(output))
    box = Letterbox((frame.shape[0], frame.shape[1]), network.trained_side)
    try:
        with torch.enable_grad():
            logits = network(box.boxed(torch.from_numpy(normalized(frame[None]))[None].to(device)))
            score = logits[torch.sigmoid(logits) >= THRESHOLD].sum()
            (gradient,) = torch.autograd.grad(score, kept[0])
    finally:
        handle.remove()
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    attention = F.relu((weights * kept[0]).sum(dim=1, keepdim=True)).detach()
    attention = F.interpolate(attention, (box.side, box.side), mode="bilinear", align_corners=False)
    shown = box.unboxed(attention)[0, 0].cpu().numpy()
    peak = float(shown.max())
    return shown / peak if peak > 0 else shown
