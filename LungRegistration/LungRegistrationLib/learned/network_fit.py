"""The methods rrn, virnet and voxelmorph: prepare, predict, fit to the pair where that is wanted, hand over as a B-spline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model
from CorrespondCoreLib.progress import Progress, duration_text

from ..geometry.bspline import SplineField
from ..network_settings import NetworkSettings
from ..networks.checkpoints import NETWORKS, load_network
from ..search.frame import Frame, Pair
from ..search.prealignment import prealigned
from ..settings import RegistrationSettings
from .cost import check_network_memory, estimated_seconds, needed_network_gb
from .instance_optimization import FIELD_RATE_MM, WEIGHT_RATES, Fitted, fit_field_to_pair, fit_weights_to_pair
from .models import EXPERIMENTAL, cautions, check_size, chosen_model, input_kind
from .pair_objective import pair_objective
from .prediction import predicted
from .preprocessing import NetworkInput, network_input
from .spline_fit import fitted_spline

SEED = 0  # of untrained weights


@dataclass(frozen=True)
class NetworkRun:
    """What a network did, for the report.

    Attributes:
        model: whose weights were used; None for untrained ones.
        facts: name, experimental, size_xyz, spacing_mm, window_hu, estimated {memory_gb, seconds}, fitting_error_mm of the
            B-spline {mean, p95, max}, instance_optimization (None or {of, steps, learning_rate, loss: [per step], terms}).
    """

    model: Model | None
    facts: dict[str, Any]


def fit_network(
    pair: Pair, has_lungs: bool, settings: RegistrationSettings, device: str, progress: Progress
) -> tuple[Frame, SplineField, NetworkRun]:
    """The frame with its linear part, the field s in it, and what the network did.

    Raises:
        InputError: no such model, a size that the network cannot take, landmarks that cannot guide it. OutOfMemory: too large.
    """
    method, wanted = settings.method, settings.network
    model = chosen_model(method, wanted)
    kind = input_kind(method, model, wanted)
    in_hu = kind.window_hu is None
    if pair.landmarks is not None and (not in_hu or wanted.instance_optimization == "none"):
        raise InputError(
            "Landmarks cannot guide this method: choose the method search, or virnet with an instance optimization, or leave "
            "them out of the fit (they then judge it)."
        )
    with progress.stage("Preparation for the network", until=0.12) as step:
        network = _network(method, model, wanted, device)
        if network is not None:
            check_size(method, network.multiple, kind.size_xyz)  # type: ignore[arg-type]
        check_network_memory(method, kind.size_xyz, wanted.instance_optimization, device)
        for text in cautions(method, model, pair.fixed, pair.moving):
            progress.warning(text)
        linear, bent = prealigned(pair, has_lungs)
        if bent is not None:
            progress.warning("A network starts from a linear transform: of the initial transform only the affine part was used.")
        frame = Frame(pair.fixed, pair.moving, pair.fixed_mask, pair.moving_mask, linear, settings.hu_range, torch.device(device))
        step(0.2)
        images = (pair.fixed, pair.moving, pair.fixed_mask, pair.moving_mask)
        seen = network_input(*images, linear, kind.size_xyz, kind.window_hu, device)
        step(0.6)
        objective = pair_objective(in_hu, seen, frame, pair)
        seconds = estimated_seconds(in_hu, network, seen, frame, pair, wanted)
    memory_gb = needed_network_gb(method, kind.size_xyz, wanted.instance_optimization)
    note = f"about {memory_gb:.1f} GB, {duration_text(seconds)}"
    fitted: Fitted | None = None
    field = torch.zeros((1, 3, *seen.lattice.shape), device=device)
    if network is not None and model is not None:
        with progress.stage("Network", until=0.5, note=note if wanted.instance_optimization == "none" else ""):
            field = predicted(network, seen)
    rate = _rate(method, wanted)
    if wanted.instance_optimization != "none":
        with progress.stage("Fit to this pair", until=0.85, note=note) as step:
            if network is not None and wanted.instance_optimization == "weights":
                fitted = fit_weights_to_pair(network, seen, objective, wanted.steps, rate, step)
            else:
                spacing = wanted.control_spacing_mm
                fitted = fit_field_to_pair(field, seen, objective, spacing, wanted.steps, rate, step)
        field = fitted.field_mm
    with progress.stage("B-spline of the field", until=0.9):
        spline, error = fitted_spline(field, seen.lattice)
    facts = _facts(method, seen, kind.window_hu) | {
        "estimated": {"memory_gb": memory_gb, "seconds": seconds},
        "fitting_error_mm": error,
        "instance_optimization": _fit_facts(wanted, rate, fitted),
    }
    return frame, spline, NetworkRun(model, facts)


def _network(method: str, model: Model | None, wanted: NetworkSettings, device: str) -> nn.Module | None:
    """With the model's weights, or random ones; None where a field is fitted without any network."""
    if model is not None:
        return load_network(model).to(device)
    if wanted.instance_optimization == "field":
        return None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return NETWORKS[method]().eval().to(device)


def _rate(method: str, wanted: NetworkSettings) -> float:
    if wanted.learning_rate is not None:
        return wanted.learning_rate
    return FIELD_RATE_MM if wanted.instance_optimization == "field" else WEIGHT_RATES[method]


def _facts(method: str, seen: NetworkInput, window_hu: tuple[float, float] | None) -> dict[str, Any]:
    return {
        "name": method,
        "experimental": method in EXPERIMENTAL,
        "size_xyz": seen.lattice.size,
        "spacing_mm": seen.lattice.spacing_mm,
        "window_hu": window_hu,
    }


def _fit_facts(wanted: NetworkSettings, rate: float, fitted: Fitted | None) -> dict[str, Any] | None:
    if fitted is None:
        return None
    return {
        "of": wanted.instance_optimization,
        "steps": wanted.steps,
        "learning_rate": rate,
        "loss": fitted.losses,
        "terms": {"before": fitted.terms_before, "after": fitted.terms_after},
    }
