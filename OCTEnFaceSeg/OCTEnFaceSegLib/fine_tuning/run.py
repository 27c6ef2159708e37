"""Fine-tuning from a model and a folder of scans with masks to a new model in the user's model folder."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from CorrespondCoreLib.checkpoints import save_model
from CorrespondCoreLib.devices import check_torch, pick_device
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import CARD, WEIGHTS, Model, ModelStore, model_at
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.provenance import versions
from CorrespondCoreLib.threads import limited
from CorrespondCoreLib.training.split import Parts, split_patients

from ..lesion_models import SHIPPED, seen_by
from ..networks.checkpoints import load_network
from ..networks.contract import EnfaceNetwork
from ..results import title_of
from ..settings import DEPTH_VOXELS, SegmentationSettings
from ..training.config import DataConfig, TrainingConfig
from ..training.eyes import Eye, FolderEyes
from .training_set import TrainingSet, read_training_set
from .tuner import Tuner

STEPS, BATCH, CROP = 200, 2, (32, 128)  # B-scans, A-scans: 1.3 GB of memory on a CPU
LEARNING_RATE = 0.01  # a tenth of the training's: the weights are good already
HELD_OUT = 0.2  # of the patients, to judge on
JUDGEMENTS = 8  # on the way


def fine_tune(
    model: str | Path,
    data: str | Path,
    title: str | None = None,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Fit a trained network to the user's own scans; the result is a new model, the old one stays.

    A fifth of the patients, at least one, is kept aside and says which state is the best. With scans of a single patient there
    is nobody to keep aside: then the network is judged on what it learned, which the card says.

    Args:
        model: id or folder of the model to begin with.
        data: folder of scans with masks, see `training_set`.
        title: of the new model, for people.
        seed: of the order of the scans, their augmentation and who is kept aside.

    Returns:
        {"model": its card, "dice_before", "dice", "warnings", "seconds", "device", "files"}.

    Raises:
        InputError, OutputError, MissingPackage, Cancelled: each with a message for the user; no model is left then.
    """
    check_torch()
    progress = progress or Progress()
    store = ModelStore([SHIPPED])
    start = model_at(model, [SHIPPED])
    known = read_training_set(data)
    network = load_network(start)
    config = configuration(start, known, network, steps, learning_rate, seed)
    with limited(threads):
        place = pick_device(device, progress)
        parts = parts_of(known, seed)
        with progress.stage("Reading the scans", until=0.1) as step:
            training = _eyes(config, parts.training, lambda done: step(0.8 * done))
            judges = _eyes(config, parts.validation, lambda done: step(0.8 + 0.2 * done)) if parts.validation else training
        config = replace(config, crop=_crop(network, training))
        tuner = Tuner(network, training, judges, config, place, progress)
        tuner.tune()
    facts = {**counts_of(known, parts), "dice_before": tuner.dice_before, "dice": tuner.dice, "step": tuner.step}
    if parts.validation and tuner.dice <= tuner.dice_before:
        progress.warning(
            f"On the scans that were kept aside the new model is not better than the one it began with (Dice {tuner.dice:.3f} "
            f"after, {tuner.dice_before:.3f} before). Look at the masks, add scans, or stay with the old model."
        )
    card = card_of(start, config, facts, title, {known.id for known in store.available()[0]})
    made = save_model(copy.deepcopy(network).half(), card, store)
    return {
        "model": made.card,
        "dice_before": tuner.dice_before,
        "dice": tuner.dice,
        "warnings": progress.warnings,
        "seconds": progress.seconds,
        "device": place,
        "files": [str(made.folder / name) for name in (CARD, WEIGHTS)],
    }


def configuration(
    start: Model, known: TrainingSet, network: EnfaceNetwork, steps: int, learning_rate: float, seed: int
) -> TrainingConfig:
    """The training's configuration: what the model's card says of its input, on the scans of a set.

    Raises:
        InputError: the model segments nothing or something else, or the set is empty.
    """
    lesion = start.card.get("lesion") or known.lesion
    if not lesion:
        raise InputError(f'The card of the model "{start.id}" does not say which lesion it segments. Choose another model.')
    if known.lesion and known.lesion != lesion:
        raise InputError(f'The model "{start.id}" is for {title_of(lesion)}, the masks are of {title_of(known.lesion)}.')
    if not known.scans:
        raise InputError(
            f"{known.folder} holds no scan with a mask. Add some in the panel (Add this scan and mask), or make folders "
            "<patient>/<any name> with scan (a folder or a file, such as scan.vol) and mask.seg.nrrd."
        )
    seen = seen_by([start], SegmentationSettings(lesion=lesion))
    return TrainingConfig(
        title=start.card["title"],
        lesion=lesion,
        network=start.card["network"],
        data=DataConfig(
            source="folders",
            above_mm=seen.above_mm,
            below_mm=seen.below_mm,
            depth=network.sizes.depth if network.sizes.exact_depth else DEPTH_VOXELS,
        ),
        steps=steps,
        batch=BATCH,
        learning_rate=learning_rate,
        seed=seed,
        validate_every=max(1, steps // JUDGEMENTS),
    )


def parts_of(known: TrainingSet, seed: int) -> Parts:
    """Who is learned and who judges; nobody judges where there is one patient."""
    if len(known.scans) == 1:
        return Parts(next(iter(known.scans.values())), (), ())
    return split_patients(known.scans, (1 - HELD_OUT, HELD_OUT), 1.0, seed)


def counts_of(known: TrainingSet, parts: Parts) -> dict[str, int]:
    """How many scans and patients; nothing that says which."""
    aside = {patient for patient, folders in known.scans.items() if set(folders) & set(parts.validation)}
    return {
        "scans": len(parts.training),
        "patients": len(known.scans) - len(aside),
        "scans_kept_aside": len(parts.validation),
        "patients_kept_aside": len(aside),
    }


def card_of(start: Model, config: TrainingConfig, facts: dict[str, Any], title: str | None, taken: set[str]) -> dict[str, Any]:
    """The new model's card: what it began with, what it learned (counts alone), how it was judged."""
    base = re.sub(r"-tuned(-\d+)?$", "", start.id)
    number = next(n for n in range(1, len(taken) + 2) if _numbered(base, n) not in taken)
    own = f"{_counted(facts['scans'], 'scan')} of {_counted(facts['patients'], 'patient')} of the user"
    if facts["scans_kept_aside"]:
        judged = f"{_counted(facts['scans_kept_aside'], 'scan')} of {_counted(facts['patients_kept_aside'], 'other patient')}"
    else:
        judged = "what it learned, for want of a second patient"
    kept: dict[str, Any] = {key: start.card[key] for key in ("license", "citation", "domain") if key in start.card}
    trained = (start.card.get("training") or {}).get("config")
    return {
        "id": _numbered(base, number),
        "title": title or re.sub(r", fine-tuned( \d+)?$", "", start.card["title"]) + ", fine-tuned" + f" {number}" * (number > 1),
        "description": f"Fine-tuned on {own}. Dice on {judged}: {facts['dice_before']:.2f} before, {facts['dice']:.2f} after.",
        "method": start.card["method"],
        "network": start.card["network"],
        "lesion": config.lesion,
        "version": "1",
        **kept,
        "trained_on": f"{start.card.get('trained_on') or 'unknown'}; then fine-tuned on {own}",
        "input": {"above_mm": config.data.above_mm, "below_mm": config.data.below_mm, "depth": config.data.depth},
        **({"training": {"config": trained}} if trained else {}),
        "fine_tuning": {
            "from": start.id,
            "from_sha256": start.card["sha256"],
            **facts,
            "judged_on": judged,
            **{name: getattr(config, name) for name in ("steps", "batch", "crop", "learning_rate", "momentum", "seed")},
            "versions": versions(),
        },
    }


def _numbered(base: str, number: int) -> str:
    return f"{base}-tuned" + (f"-{number}" if number > 1 else "")


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def _eyes(config: TrainingConfig, folders: tuple[Path, ...], show: Any) -> list[Eye]:
    source, eyes = FolderEyes(config, folders), []
    for k in range(source.count):
        eyes.append(source[k])
        show((k + 1) / source.count)
    return eyes


def _crop(network: EnfaceNetwork, eyes: list[Eye]) -> tuple[int, int]:
    """Not larger than the scans, and legal."""
    b, a = (min(wanted, max(eye.target.shape[axis] for eye in eyes)) for axis, wanted in enumerate(CROP))
    return network.sizes.legal((b, a))
