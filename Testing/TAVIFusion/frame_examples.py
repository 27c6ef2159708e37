"""Frames for trainings in seconds: a dark band on a slope of gray, and where it lies."""

import csv
from pathlib import Path

import numpy as np

from CorrespondCoreLib.models import CARD, Model, read_card
from TAVIFusionLib.training.config import TrainingConfig

SMALL = {
    "title": "Small net",
    "field_of_view": "upper",
    "network": {"name": "dru_net", "base": 2},
    "data": {"frames": 6, "validation_frames": 2},
    "size": 32,
    "loss": "dice+bce",
    "learning_rate": 0.01,
    "schedule": "cosine",
    "steps": 8,
    "batch": 2,
    "validate_every": 3,
    "checkpoint_every": 2,
}
MATCHING = {
    **SMALL,
    "title": "Small matcher",
    "task": "matching",
    "network": {"name": "matching", "filters": [2] * 9, "pooling": "global", "hidden": 4},
    "loss": "dice",
}


def config(values=SMALL, **changes):
    return TrainingConfig.from_json({**values, **changes})


def band(seed, size=256, contrast=True):
    """(gray float32, mask bool) of one frame, by seed."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((size, size)) / size
    mask = np.abs(columns - rng.uniform(0.35, 0.65) - rng.uniform(-0.2, 0.2) * (rows - 0.5)) < 0.08
    mask &= contrast
    gray = 0.7 - 0.4 * mask + 0.1 * rows + 0.02 * rng.standard_normal((size, size))
    return gray.astype(np.float32), mask


def bands(seed, size, field_of_view, family, detector, contrast):
    """In the place of the phantom's stream."""
    while True:
        yield band([seed, family == "train"], size, contrast is not False)
        seed += 1000


def fill_cache(folder, seeds, contrast="mixed"):
    """Frames as a training keeps rendered ones, for trainings in other processes."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        gray, mask = band(seed)
        np.savez_compressed(folder / f"upper-train-{contrast}-{seed}.npz", gray=gray.astype(np.float16), mask=mask)


def small_model(title, store, field_of_view="upper", size=32, steps=0):
    """A model that was trained on so many bands, among the user's."""
    import torch

    from CorrespondCoreLib.checkpoints import save_model
    from TAVIFusionLib.gray_scale import normalized
    from TAVIFusionLib.networks.dru_net import DeepResidualUNet
    from TAVIFusionLib.training.model_card import model_id

    torch.manual_seed(0)
    card = {"id": model_id(title), "title": title, "method": "dru_net", "network": {"name": "dru_net", "base": 2}}
    card |= {"field_of_view": field_of_view, "version": "1", "input": {"size": size}, "trained_on": "nothing"}
    network = DeepResidualUNet(2)
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for step in range(steps):
        gray, mask = (np.stack(part) for part in zip(*(band(4 * step + k, size) for k in range(4)), strict=True))
        logits = network(torch.from_numpy(normalized(gray))[:, None])
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0], torch.from_numpy(mask).float()).backward()
        optimizer.step()
    return save_model(network, card, store)


def rows(file):
    """Of a table that a training wrote."""
    with open(file, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def model_in(result):
    """The model that a training's result names."""
    folder = Path(result["files"][4]).parent
    return Model(folder, read_card(folder / CARD), own=False)
