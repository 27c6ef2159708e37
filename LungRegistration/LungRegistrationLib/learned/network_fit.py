"""The methods rrn, virnet and voxelmorph: prepare, predict, fit to the pair where that is wanted, hand over as a B-spline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import SimpleITK as sitk
import torch
from torch import nn

from CorrespondCoreLib.models import Model
from CorrespondCoreLib.progress import Progress, about_text

from ..geometry.bspline import SplineField
from ..network_settings import NetworkSettings
from ..networks.checkpoints import NETWORKS, load_network
from ..networks.rrn import RecursiveRefinementNetwork
from ..search.frame import Frame, Pair
from ..search.prealignment import prealigned
from ..settings import RegistrationSettings
from .cost import estimated_seconds
from .fit_curve import FitCurve
from .instance_optimization import FIELD_RATE_MM, WEIGHT_RATES, Fitted, fit_field_to_pair, fit_weights_to_pair
from .level_fields import level_fields
from .models import EXPERIMENTAL, cautions, plan
from .network_memory import check_network_memory, needed_network_gb, network_memory_errors
from .pair_objective import Objective, pair_objective
from .prediction import finest_mm, predicted
from .preprocessing import NetworkInput, network_input
from .run_time import FIT, PREDICTION
from .spline_fit import fitted_spline

SEED = 0  # of untrained weights


@dataclass(frozen=True)
class NetworkRun:
    """What a network did, for the report.

    Attributes:
        model: whose weights were used; None for untrained ones.
        facts: name, experimental, size_xyz, spacing_mm, window_hu, estimated {memory_gb, seconds}, fitting_error_mm of the
            B-spline {mean, p95, max}, instance_optimization (None or {of, steps, learning_rate, loss: [per step], tre_mm: [per
            step] or None, terms}).
        levels: the network's fields, coarse to fine, if they were asked for; see level_fields.py.
    """

    model: Model | None
    facts: dict[str, Any]
    levels: list[sitk.Image]


@dataclass(frozen=True)
class _Work:
    """What prediction and fit are made of."""

    network: nn.Module | None
    trained: bool
    seen: NetworkInput
    objective: Objective
    rate: float
    curve: FitCurve
    note: str  # what the work will take


def fit_network(
    pair: Pair,
    has_lungs: bool,
    settings: RegistrationSettings,
    device: str,
    progress: Progress,
    levels: bool = False,
    swapped: bool = False,
) -> tuple[Frame, SplineField, NetworkRun]:
    """The frame with its linear part, the field s in it, and what the network did.

    Args:
        levels: also give the network's fields from coarse to fine.
        swapped: the pair's fixed image is the user's moving one, for the direction of `levels` and of landmark errors.

    Raises:
        InputError: no such model, a size that the network cannot take, landmarks that cannot guide it. OutOfMemory: too large.
    """
    method, wanted = settings.method, settings.network
    chosen = plan(settings, guided=pair.landmarks is not None)
    model, kind, multiple = chosen.model, chosen.kind, chosen.multiple
    in_hu = kind.window_hu is None
    limits = (method, kind.size_xyz, multiple, wanted.instance_optimization, device)
    with progress.stage("Preparation for the network", until=0.12) as step, network_memory_errors(*limits):
        network = _network(method, model, wanted, device)
        check_network_memory(method, kind.size_xyz, wanted.instance_optimization, device)
        for text in cautions(method, model, pair.fixed, pair.moving):
            progress.warning(text)
        linear, bent = prealigned(pair, has_lungs, kind.prealignment)
        if bent is not None:
            progress.warning("A network starts from a linear transform: of the initial transform only the affine part was used.")
        frame = Frame(pair.fixed, pair.moving, pair.fixed_mask, pair.moving_mask, linear, settings.hu_range, torch.device(device))
        step(0.2)
        images = (pair.fixed, pair.moving, pair.fixed_mask, pair.moving_mask)
        seen = network_input(*images, linear, kind.size_xyz, kind.window_hu, device)
        step(0.6)
        seconds = estimated_seconds(in_hu, network, seen, frame, pair, wanted)
        objective = pair_objective(in_hu, seen, frame, pair)
    memory_gb = needed_network_gb(method, kind.size_xyz, wanted.instance_optimization)
    note = f"about {memory_gb:.1f} GB, {about_text(seconds)}"
    curve = FitCurve(progress, seen.lattice, frame, pair.watched, swapped)
    work = _Work(network, model is not None, seen, objective, _rate(method, wanted), curve, note)
    with network_memory_errors(*limits):
        field, fields, fitted = _field_of_pair(work, wanted, progress)
        with progress.stage("B-spline of the field", until=0.9):
            spline, error = fitted_spline(field, seen.lattice)
            images_of_levels = level_fields(method, fields, seen.lattice, frame, swapped) if levels else []
    if levels and not fields:
        progress.warning("There are no fields per level: the field was fitted without any network.")
    if isinstance(network, RecursiveRefinementNetwork) and network.parts.shrunk:
        progress.warning("Graphics memory was short: the cost volume was computed in smaller parts, with the same result.")
    facts = _facts(method, seen, kind.window_hu) | {
        "estimated": {"memory_gb": memory_gb, "seconds": seconds},
        "fitting_error_mm": error,
        "instance_optimization": _fit_facts(wanted, work.rate, fitted, curve),
    }
    return frame, spline, NetworkRun(model, facts, images_of_levels)


def _field_of_pair(
    work: _Work, wanted: NetworkSettings, progress: Progress
) -> tuple[torch.Tensor, list[torch.Tensor], Fitted | None]:
    """The field in mm, the network's fields that it comes from (none without a network), and the fit."""
    seen, network = work.seen, work.network
    fields: list[torch.Tensor] = []
    field = torch.zeros((1, 3, *seen.lattice.shape), device=seen.fixed.device)
    if network is not None and work.trained:
        with progress.stage(PREDICTION, until=0.5, note=work.note if wanted.instance_optimization == "none" else ""):
            fields = predicted(network, seen)
            field = finest_mm(fields, seen)
    if wanted.instance_optimization == "none":
        return field, fields, None
    with progress.stage(FIT, until=0.85, note=work.note) as step:
        if network is not None and wanted.instance_optimization == "weights":
            fitted = fit_weights_to_pair(network, seen, work.objective, wanted.steps, work.rate, step, work.curve)
            fields = fitted.levels
        else:
            spacing = wanted.control_spacing_mm
            fitted = fit_field_to_pair(field, seen, work.objective, spacing, wanted.steps, work.rate, step, work.curve)
    return fitted.field_mm, fields, fitted


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


def _fit_facts(wanted: NetworkSettings, rate: float, fitted: Fitted | None, curve: FitCurve) -> dict[str, Any] | None:
    if fitted is None:
        return None
    return {
        "of": wanted.instance_optimization,
        "steps": wanted.steps,
        "learning_rate": rate,
        "loss": curve.losses,
        "tre_mm": curve.tre_mm or None,
        "terms": {"before": fitted.terms_before, "after": fitted.terms_after},
    }
