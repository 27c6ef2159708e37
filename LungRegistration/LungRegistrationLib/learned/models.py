"""Which model a registration uses, what it expects of the images, and what to tell the user about both. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import CARD, Model, ModelStore, mismatches, read_card

from ..network_settings import PREALIGNMENTS, SIZES_XYZ, UNTRAINED, WINDOWS_HU, NetworkSettings
from ..settings import RegistrationSettings

SHIPPED = Path(__file__).parents[2] / "Resources" / "Models"
TITLES = {"rrn": "The recursive refinement network", "virnet": "The multilevel registration network", "voxelmorph": "VoxelMorph"}
EXPERIMENTAL = ("rrn",)
_IMPORT = {"rrn": "Import weights of its original code (correspond lung import-checkpoint FILE --network rrn). "}


@dataclass(frozen=True)
class InputKind:
    """What a network sees: voxels along x, y, z, the window that is taken to 0..1 (None: HU), lungs that are aligned before.

    `prealignment` is "affine" or "translation".
    """

    size_xyz: tuple[int, int, int]
    window_hu: tuple[float, float] | None
    prealignment: str


@dataclass(frozen=True)
class Plan:
    """What a registration with a network will run."""

    model: Model | None  # None for untrained weights, or a field without any network
    kind: InputKind
    multiple: int  # every side of what the network sees is a multiple of so many voxels


def plan(settings: RegistrationSettings, guided: bool) -> Plan:
    """What the settings of a network's method mean.

    Args:
        guided: landmarks shall draw the field.

    Raises:
        InputError: there is no such model, the network cannot take the size, or landmarks cannot guide it.
    """
    method, wanted = settings.method, settings.network
    model = chosen_model(method, wanted)
    found = Plan(model, input_kind(method, model, wanted), size_multiple(method, model))
    check_guides(guided, method, found.kind.window_hu is None, wanted)
    if model is not None or wanted.instance_optimization == "weights":
        check_size(method, found.multiple, found.kind.size_xyz)
        _check_slices(method, model, found)
    return found


def installed(method: str) -> list[Model]:
    """The models of a network (rrn, virnet, voxelmorph), shipped and the user's own, by id."""
    return [model for model in ModelStore([SHIPPED]).available()[0] if _kind(model) == method]


def find_model(model: str | Path) -> Model:
    """A model by its folder or its id.

    Raises:
        InputError: there is none.
    """
    folder = Path(model)
    if (folder / CARD).is_file():
        return Model(folder, read_card(folder / CARD), own=False)
    return ModelStore([SHIPPED]).get(str(model))


def chosen_model(method: str, settings: NetworkSettings) -> Model | None:
    """The model that the settings mean; None for untrained weights.

    Raises:
        InputError: there is none, there are several and none is named, or the named one is of another network.
    """
    if settings.model == UNTRAINED:
        return None
    if settings.model is not None:
        model = find_model(settings.model)
        if _kind(model) != method:
            raise InputError(f'The model "{model.id}" is for {_kind(model) or "no network"}, not for {method}.')
        return model
    models = installed(method)
    if not models:
        raise InputError(
            f'No model is installed for the method "{method}". {_IMPORT.get(method, "")}Train a model (correspond lung train) '
            'and import it, fit to this pair alone (model "untrained", instance optimization "field" or "weights"), or choose '
            "the method search, which needs no model."
        )
    if len(models) > 1:
        raise InputError(
            f'Several models are installed for the method "{method}": {", ".join(m.id for m in models)}. Name one (--model).'
        )
    return models[0]


def input_kind(method: str, model: Model | None, settings: NetworkSettings) -> InputKind:
    """Size and window: the user's size, else what the model's card says, else the paper's.

    Raises:
        InputError: the card's entry cannot be read.
    """
    of_card = (model.card.get("input") if model else None) or {}
    try:
        size = settings.size_xyz or of_card.get("size_xyz") or SIZES_XYZ[method]
        window = of_card.get("window_hu", WINDOWS_HU[method])
        x, y, z = (int(n) for n in size)
        prealignment = of_card.get("prealignment", PREALIGNMENTS[method])
        if prealignment not in PREALIGNMENTS.values():
            raise ValueError(f"there is no prealignment {prealignment!r}")
        return InputKind((x, y, z), None if window is None else (float(window[0]), float(window[1])), prealignment)
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        assert model is not None
        raise InputError(f'The card of the model "{model.id}" has an entry "input" that cannot be read: {error}.') from error


def size_multiple(method: str, model: Model | None) -> int:
    """Every side of what a network sees must be a multiple of so many voxels, after the options that the model's card names."""
    options = (model.card.get("network") if model else None) or {}
    try:
        if method == "virnet":
            return int(2 ** (len(options.get("channels", (16, 32, 64, 128))) - 1 + options.get("levels", 3) - 1))
        return 2 ** len(options.get(*(("pyramid_channels", (1,) * 4) if method == "rrn" else ("encoder", (1,) * 4))))
    except (TypeError, AttributeError) as error:
        assert model is not None
        raise InputError(f'The card of the model "{model.id}" has an entry "network" that cannot be read: {error}.') from error


def check_size(method: str, multiple: int, size_xyz: tuple[int, int, int]) -> None:
    """Raise InputError where a network cannot take a size, naming the nearest one that it can take."""
    if any(n % multiple for n in size_xyz):
        near = " x ".join(str(max(multiple, multiple * round(n / multiple))) for n in size_xyz)
        given = " x ".join(map(str, size_xyz))
        raise InputError(f"{TITLES[method]} takes sides that are multiples of {multiple} voxels, not {given}. Take {near}.")


def _check_slices(method: str, model: Model | None, found: Plan) -> None:
    """RRN's coarsest features must have more slices than its cost volume reaches, as in its original code."""
    options = (model.card.get("network") if model else None) or {}
    least = found.multiple * (options.get("radius", 2) + 1)
    if method == "rrn" and options.get("cost_volume", True) and found.kind.size_xyz[2] < least:
        raise InputError(f"{TITLES[method]} takes at least {least} voxels along z, not {found.kind.size_xyz[2]}.")


def check_guides(guided: bool, method: str, in_hu: bool, settings: NetworkSettings) -> None:
    """Raise InputError where landmarks shall guide what they cannot guide.

    Args:
        guided: landmarks shall draw the field.
        in_hu: the network sees HU, see InputKind.
    """
    if guided and (not in_hu or settings.instance_optimization == "none"):
        raise InputError(
            f"Landmarks cannot guide the method {method} as it is set: choose the method search, or virnet with an instance "
            "optimization, or leave them out of the fit (they then judge it)."
        )


def cautions(method: str, model: Model | None, fixed: sitk.Image, moving: sitk.Image) -> list[str]:
    """Sentences for the user: an experimental network, images unlike those that the model was trained on."""
    found = []
    if method in EXPERIMENTAL:
        found.append(f"{TITLES[method]} is experimental here: look at its result closely.")
    if model is not None:
        for role, image in (("fixed", fixed), ("moving", moving)):
            found += [f"{role.capitalize()} volume: {text}" for text in mismatches(model.card.get("domain") or {}, image, "CT")]
    return found


def _kind(model: Model) -> str | None:
    network = model.card.get("network")
    return network.get("name") if isinstance(network, dict) else None
