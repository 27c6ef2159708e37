"""One network fitted to all pairs together, which are then judged: what He et al. 2021 publish for RRN.

The pairs' landmarks take no part: the loss does not know them, and the weights are those of the last step.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.json_objects import read_json_object
from CorrespondCoreLib.models import CARD, Model, read_card
from CorrespondCoreLib.progress import Progress

from ..learned.models import chosen_model, input_kind
from ..network_settings import NETWORK_METHODS, UNTRAINED
from ..settings import RegistrationSettings
from ..training.config import DataConfig, TrainingConfig
from .child import run_in_child

CONFIGS = {"rrn": "rrn_with_cost_volume", "virnet": "virnet_three_levels", "voxelmorph": "rrn_baseline_voxelmorph"}


def check(settings: RegistrationSettings) -> None:
    """Raise InputError where settings leave nothing to be fitted together."""
    if settings.method not in NETWORK_METHODS:
        raise InputError(f"Only networks can be fitted to all pairs together: {', '.join(NETWORK_METHODS)}.")
    if settings.network.instance_optimization == "field":
        raise InputError("A fit to all pairs together is one of the weights, not of the field.")


def fit_config(settings: RegistrationSettings, title: str, pairs: Path, steps: int | None) -> TrainingConfig:
    """The paper's configuration of a network, on a folder of pairs, all of which are fitted and none judges.

    Args:
        settings: size and learning rate, where they are given; the model whose weights the fit starts from, random ones if none.
        steps: at each level; the paper's number, and its early stop, if None.

    Raises:
        InputError: there is no such model, or it is of another network.
    """
    paper = TrainingConfig.from_json(CONFIGS[settings.method])
    network = settings.network
    if network.model not in (None, UNTRAINED):
        paper = _started(paper, settings)
    return replace(
        paper,
        title=f"{settings.method} fitted to {title}",
        data=DataConfig(f"The pairs of {title}, on which it is judged.", "folders", str(pairs), keep_in_memory=True),
        size=network.size_xyz or paper.size,
        steps=paper.steps if steps is None else (steps,) * len(paper.steps),
        stop=paper.stop if steps is None else None,
        learning_rate=network.learning_rate or paper.learning_rate,
        validate_every=0,
    )


def _started(paper: TrainingConfig, settings: RegistrationSettings) -> TrainingConfig:
    """A configuration that starts from the model of the settings: its layers, levels and window stand in place of the paper's."""
    model = chosen_model(settings.method, settings.network)
    assert model is not None
    options = model.card["network"]
    levels = options.get("levels", len(paper.steps))
    kind = input_kind(settings.method, model, settings.network)
    steps = (*paper.steps, *paper.steps[-1:] * levels)[:levels]
    return replace(
        paper, network=options, size=kind.size_xyz, window_hu=kind.window_hu, steps=steps, model=settings.network.model
    )


def fitted_model(config: TrainingConfig, output: Path, options: list[str], progress: Progress) -> Path:
    """Folder of the model that comes out; a fit that was stopped goes on, one that is finished is not repeated.

    Args:
        config: from `fit_config`.
        output: folder of the fit.
        options: of the command, such as ["--device", "cpu"].

    Raises:
        InputError: `output` holds a fit with another configuration. Also what `correspond lung train` raises.
    """
    made = output / "config.json"  # of the training; its model is written when it ends
    models = sorted((output / "models").glob(f"*/{CARD}"))
    if models and made.is_file() and read_json_object(made, "configuration") == config.to_dict():
        Model(models[0].parent, read_card(models[0]), own=False).weights()
        return models[0].parent
    write_json(output / "wanted.json", config.to_dict())
    command = ["lung", "train", "--config", str(output / "wanted.json"), "--output", str(output), "--resume", *options]
    results = run_in_child(command, "Fit to all pairs together", progress)
    return next(Path(path).parent for path in results["files"] if Path(path).name == CARD)
