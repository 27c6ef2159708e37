"""Which networks segment a lesion, and what they expect to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import CARD, Model, ModelStore, read_card, shipped_models_folder

from .settings import DEPTH_VOXELS, SegmentationSettings

SHIPPED = shipped_models_folder(__file__)
NOT_SHIPPED = {"rpd": (0.753, 77)}
"""Lesions without a default model: the Dice that a training reached on phantoms of an unseen device, and the part of a real scan
in percent that it marked (Documentation/Accuracy.md)."""
ABOVE_MM, BELOW_MM = 1.28, 0.64  # of Bruch's membrane: together the depth of a Spectralis scan (496 voxels of 3.87 um)


@dataclass(frozen=True)
class Seen:
    """The slab that a network sees: mm above and below Bruch's membrane, and its voxels along the beam."""

    above_mm: float
    below_mm: float
    depth: int


def chosen_models(settings: SegmentationSettings) -> list[Model]:
    """The models that the settings name, or all that are installed for the lesion.

    Raises:
        InputError: there is none, or a named one is for another lesion.
    """
    store = ModelStore([SHIPPED])
    if settings.models:
        models = [_find(store, name) for name in settings.models]
        for model in models:
            of = model.card.get("lesion")
            if of and of != settings.lesion:
                raise InputError(
                    f'The model "{model.id}" is for {of}, not for {settings.lesion}. Choose another model or lesion.'
                )
        return models
    models = [model for model in store.available()[0] if model.card.get("lesion") == settings.lesion]
    if not models:
        way_out = " For GA, the method hypertransmission needs no model." if settings.lesion == "ga" else ""
        raise InputError(
            f"No model for {settings.lesion} is installed.{why_none(settings.lesion)} Train one (correspond oct train) or "
            "import one (correspond models import, or correspond oct import-checkpoint for weights of a network's original code, "
            f"then name it by --model).{way_out}"
        )
    return models


def seen_by(models: Sequence[Model], settings: SegmentationSettings) -> Seen:
    """What the networks see: the user's slab, else what the cards say ("input": {"above_mm", "below_mm", "depth"}), else 1.92 mm
    in 128 voxels.

    Raises:
        InputError: a card's entry cannot be read, or the models expect different slabs.
    """
    slabs = {}
    for model in models:
        of_card = model.card.get("input") or {}
        try:
            above = float(settings.above_mm or of_card.get("above_mm", ABOVE_MM))
            below = float(settings.below_mm or of_card.get("below_mm", BELOW_MM))
            depth = int(of_card.get("depth", DEPTH_VOXELS))
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(f'The card of the model "{model.id}" has an entry "input" that cannot be read: {error}.') from error
        slabs[model.id] = Seen(above, below, depth)
    if len(set(slabs.values())) > 1:
        text = "; ".join(f"{n}: {s.above_mm} mm above, {s.below_mm} mm below, {s.depth} voxels" for n, s in slabs.items())
        raise InputError(f"The models expect different depths around Bruch's membrane ({text}). Choose models that agree.")
    return next(iter(slabs.values()))


def why_none(lesion: str) -> str:
    """A sentence, after a space, for lesions whose model does not come along though there is a training for it; else ""."""
    if lesion not in NOT_SHIPPED:
        return ""
    reached, marked = NOT_SHIPPED[lesion]
    return (
        f" None comes along: our own reached a Dice of {reached:.2f} on simulated eyes of a device that it had not seen, but "
        f"marked {marked} % of a real scan."
    )


def _find(store: ModelStore, name: str) -> Model:
    folder = Path(name)
    if (folder / CARD).is_file():
        return Model(folder, read_card(folder / CARD), own=False)
    return store.get(name)
