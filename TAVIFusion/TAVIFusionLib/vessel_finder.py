"""The segmentation that the settings mean, with its network loaded: for whole runs, and for frames as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from CorrespondCoreLib.devices import pick_device
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model, ModelStore, model_at, shipped_models_folder
from CorrespondCoreLib.progress import Progress

from .settings import SegmentationSettings

if TYPE_CHECKING:
    from .networks.dru_net import DeepResidualUNet

SHIPPED = shipped_models_folder(__file__)
NO_NETWORK = "vesselness (no network)"
"""What stands in reports where no network was used."""
_MOST_LOOKED_AT = 4


class VesselFinder:
    """Finds vessels in frames.

    Args:
        settings: method, model, field of view.
        device: "auto", "cpu", "cuda" or "mps".

    Attributes:
        method: "network", or what `NO_NETWORK` says.
        models: of them each run is given to one: that of its field of view.
        used: those that runs were given to, by field of view.
        device: where the network runs, "cpu" without one.

    Raises:
        InputError: no model is installed for the field of view, or the one that is named cannot be used.
    """

    def __init__(self, settings: SegmentationSettings, device: str = "auto", progress: Progress | None = None):
        self.settings = settings
        self.method = "network" if settings.method == "network" else NO_NETWORK
        self.models = chosen_models(settings) if settings.method == "network" else {}
        self.device = pick_device(device, progress) if self.models else "cpu"
        self.used: dict[str, Model] = {}
        self._networks = {field: _loaded(model) for field, model in self.models.items()}

    def probability(self, frames: np.ndarray, progress: Progress | None = None, field: str = "") -> tuple[np.ndarray, str]:
        """Probability (T, rows, columns) float32 of the vessel, and the field of view whose network found it ("" without one).

        Args:
            frames: (T, rows, columns), vessels dark.
            field: of view that these frames are known to show; guessed if "", where there are networks for several.

        Raises:
            InputError: frames that hold no numbers. Cancelled.
        """
        from .segmentation import segment_frames

        progress = progress or Progress()
        if not self._networks:
            return segment_frames(frames, "vesselness", progress=progress), ""
        if field not in self._networks:
            field = self._guess(frames) if len(self._networks) > 1 else next(iter(self._networks))
        self.used[field] = self.models[field]
        return segment_frames(frames, "network", self._networks[field], self.device, progress), field

    def _guess(self, frames: np.ndarray) -> str:
        """The field of view whose network is surer of what it sees in some of the frames."""
        from .segmentation import segment_frames

        some = frames[np.linspace(0, len(frames) - 1, min(len(frames), _MOST_LOOKED_AT)).astype(int)]
        sure = {
            field: _sureness(segment_frames(some, "network", network, self.device)) for field, network in self._networks.items()
        }
        return max(sure, key=lambda field: sure[field])


def describe(models: dict[str, Model]) -> list[dict[str, Any]]:
    """Models for a report."""
    return [{key: model.card.get(key) for key in ("id", "title", "sha256", "trained_on")} for model in models.values()]


def installed_models(network: str) -> list[Model]:
    """Models that are shipped or the user's own, of one network: "dru_net" or "matching"."""
    return [model for model in ModelStore([SHIPPED]).available()[0] if (model.card.get("network") or {}).get("name") == network]


def _sureness(probability: np.ndarray) -> float:
    """How far the probability of what is found lies from one half; 0 where nothing is found."""
    found = probability >= 0.5
    return float((probability[found] - 0.5).sum() / np.sqrt(found.sum())) if found.any() else 0.0


def chosen_models(settings: SegmentationSettings) -> dict[str, Model]:
    """Field of view -> the model for it; one entry unless the field of view is to be guessed."""
    if settings.model:
        model = model_at(settings.model, [SHIPPED])
        return {model.card.get("field_of_view") or settings.field_of_view: model}
    installed = sorted(installed_models("dru_net"), key=lambda model: model.own)  # the user's own before those that are shipped
    wanted = ("lower", "upper") if settings.field_of_view == "auto" else (settings.field_of_view,)
    chosen = {model.card["field_of_view"]: model for model in installed if model.card.get("field_of_view") in wanted}
    if not chosen:
        raise InputError(
            f"No segmentation network for the {' or '.join(wanted)} field of view is installed. Import one (correspond models "
            "import, or correspond tavi train segmentation), or choose the method vesselness, which needs none."
        )
    return chosen


def _loaded(model: Model) -> DeepResidualUNet:
    from .networks.checkpoints import load_segmentation_network

    return load_segmentation_network(model)
