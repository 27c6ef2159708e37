"""Where a result comes from: method, model, settings, versions. It goes with every node, picture and report."""

from __future__ import annotations

import json
import platform
from typing import Any

import SimpleITK as sitk

from . import __version__
from .devices import installed_version
from .files import plain
from .models import Model

STATEMENT = "For research use only. Not for clinical use."
METHODS = (
    "network",
    "fallback",
    "search",
    "hypertransmission (no network)",
    "vesselness (no network)",
    "pose fit",
    "point pairs",
    "affine map",
    "external",
)
_PACKAGES = ("numpy", "scipy", "SimpleITK", "torch")
_PREFIX = "Correspond."


def record(method: str, settings: dict[str, Any], model: Model | None = None, device: str | None = None) -> dict[str, Any]:
    """What made a result.

    Args:
        method: "network", "fallback" (what ran because a network could not), "search" (no network), "hypertransmission (no
            network)", "vesselness (no network)", "pose fit", "point pairs", "affine map" (of a model over frames) or "external"
            (a result that came from elsewhere and is judged here).
        settings: of the method; must name no files and no patient.
        model: whose weights were used.
        device: where it ran.

    Returns:
        Plain data for report.json: method, model, weights_sha256, settings, versions, device, statement.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}")
    return {
        "method": method,
        "model": model.id if model else None,
        "weights_sha256": model.card["sha256"] if model else None,
        "settings": plain(settings),
        "device": device,
        "versions": versions(),
        "statement": STATEMENT,
    }


def versions() -> dict[str, str]:
    """Versions of Correspond, Python and the packages that compute; nothing is imported."""
    found = {name: installed_version(name) for name in _PACKAGES}
    return {"correspond": __version__, "python": platform.python_version(), **{k: v for k, v in found.items() if v}}


def attributes(provenance: dict[str, Any]) -> dict[str, str]:
    """A record as attributes of a MRML node: node.SetAttribute(name, value) for each. They are saved with the scene."""
    words = ("".join(part.capitalize() for part in key.split("_")) for key in provenance)
    texts = (value if isinstance(value, str) else json.dumps(value) for value in provenance.values())
    return {_PREFIX + word: text for word, text in zip(words, texts, strict=True) if text != "null"}


def caption(provenance: dict[str, Any]) -> str:
    """A record in one line, for pictures: method, model, first digits of its checksum, version, statement."""
    model = f" {provenance['model']} ({provenance['weights_sha256'][:12]})" if provenance["model"] else ""
    return f"Correspond {provenance['versions']['correspond']}, {provenance['method']}{model}. {provenance['statement']}"


def without_identifiers(image: sitk.Image) -> sitk.Image:
    """A copy of an image without its metadata, where DICOM readers leave the patient's data."""
    clean = sitk.Image(image)
    if clean.GetMetaDataKeys():
        clean.MakeUnique()  # copies share their metadata until then
    for key in clean.GetMetaDataKeys():
        clean.EraseMetaData(key)
    return clean
