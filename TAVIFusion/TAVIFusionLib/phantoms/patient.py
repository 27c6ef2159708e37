"""One patient of the phantom, ready to be X-rayed: lumen, bones, organs and calcium of a field of view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CorrespondCoreLib.errors import InputError

from .anatomy import Anatomy, random_anatomy
from .body import Body, random_body
from .cloud import Cloud
from .devices import calcium
from .field import lumen_field
from .skeleton import skeleton

FIELDS = ("lower", "upper")
REACH_MM = {
    "upper": ((-150.0, -130.0, -130.0), (150.0, 150.0, 215.0)),
    "lower": ((-190.0, -130.0, -500.0), (190.0, 150.0, -60.0)),
}
"""Corners of the part of the body that a field of view can show, LPS about the annulus."""


@dataclass(frozen=True)
class Arteries:
    """What contrast can fill.

    Attributes:
        anatomy: arteries.
        lumen: voxels of the lumen, with their volume in mm3 in place of attenuation; place: (N,) index into all centerlines.
    """

    anatomy: Anatomy
    lumen: Cloud
    place: np.ndarray


@dataclass(frozen=True)
class Patient(Arteries):
    """What absorbs in a patient, besides.

    Attributes:
        body: organs. bones, calcium: clouds.
    """

    body: Body
    bones: Cloud
    calcium: Cloud


def random_arteries(seed: int, family: str, field_of_view: str, pitch_mm: float = 1.25) -> Arteries:
    """Those of `random_patient` alone, which takes a third of the time.

    Raises:
        InputError: an unknown family or field of view.
    """
    if field_of_view not in FIELDS:
        raise InputError(f"The phantom's field of view is {field_of_view!r}; give {' or '.join(map(repr, FIELDS))}.")
    anatomy = random_anatomy(seed, family)
    points, volume, place = lumen_field(anatomy, pitch_mm, _reach_mm(anatomy, field_of_view)).voxels()
    return Arteries(anatomy, Cloud(points, volume, pitch_mm), place)


def random_patient(seed: int, family: str, field_of_view: str, pitch_mm: float = 1.25) -> Patient:
    """Draw a patient of a family; the same seed is the same patient in both fields of view.

    Args:
        field_of_view: "upper" or "lower". pitch_mm: of the voxels of the lumen.

    Raises:
        InputError: an unknown family or field of view.
    """
    arteries = random_arteries(seed, family, field_of_view, pitch_mm)
    anatomy = arteries.anatomy
    reach = _reach_mm(anatomy, field_of_view)
    bones, marks = bones_of(seed, anatomy).between(*reach), calcium_of(seed, anatomy).between(*reach)
    return Patient(anatomy, arteries.lumen, arteries.place, body_of(seed, anatomy), bones, marks)


def _reach_mm(anatomy: Anatomy, field_of_view: str) -> tuple[np.ndarray, np.ndarray]:
    low, high = (np.array(corner) * anatomy.size for corner in REACH_MM[field_of_view])
    return low, high


def body_of(seed: int, anatomy: Anatomy, breath_mm: float = 0.0) -> Body:
    """The organs of the patient of a seed, with the diaphragm lower by the depth of a breath."""
    return random_body(np.random.default_rng([seed, 2]), anatomy.size, breath_mm)


def bones_of(seed: int, anatomy: Anatomy) -> Cloud:
    """The whole skeleton of the patient of a seed."""
    return skeleton(np.random.default_rng([seed, 3]), anatomy.size, anatomy.scoliosis_mm)


def calcium_of(seed: int, anatomy: Anatomy) -> Cloud:
    """All calcium of the patient of a seed."""
    return calcium(np.random.default_rng([seed, 4]), anatomy)
