"""Two families of patients: one to train on, and one of other shapes to see what training is worth elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CorrespondCoreLib.errors import InputError

Range = tuple[float, float]


@dataclass(frozen=True)
class Family:
    """Ranges (mm, degrees, shares) from which a patient's anatomy is drawn.

    Attributes:
        annulus_mm: mean diameter of the annulus. annulus_ratio: shorter by longer diameter.
        junction_mm, ascending_mm, arch_mm, descending_mm, abdominal_mm: diameters.
        root_tilt: sideways parts (L, P) of the valve's normal whose upward part is 1.
        arch_height_mm: of the arch's apex above the annulus. arch_span_mm: between ascending and descending aorta.
        arch_point: 0 is a round arch, 1 a pointed (gothic) one.
        fused: how far the left and the right sinus move together, as in a bicuspid valve, in degrees.
        common_trunk: share of patients whose left carotid leaves the brachiocephalic trunk (bovine arch).
        aneurysm_mm: widening of the aorta at one place, in diameter.
        iliac_mm: diameter of the common iliac arteries. tortuosity_mm: amplitude of their windings.
        scoliosis_mm: sideways bend of the spine. size: of the whole patient.
    """

    annulus_mm: Range = (23, 27)
    annulus_ratio: Range = (0.75, 0.9)
    junction_mm: Range = (25, 30)
    ascending_mm: Range = (29, 35)
    arch_mm: Range = (25, 29)
    descending_mm: Range = (21, 26)
    abdominal_mm: Range = (17, 21)
    root_tilt: tuple[Range, Range] = ((-0.6, -0.3), (-0.3, -0.05))
    arch_height_mm: Range = (85, 110)
    arch_span_mm: Range = (58, 75)
    arch_point: Range = (0.0, 0.3)
    fused: Range = (0, 8)
    common_trunk: float = 0.0
    aneurysm_mm: Range = (0, 3)
    iliac_mm: Range = (8.5, 12)
    tortuosity_mm: Range = (2, 8)
    scoliosis_mm: Range = (-6, 6)
    size: Range = (0.92, 1.08)


FAMILIES = {
    "train": Family(),
    "held out": Family(
        annulus_mm=(21.5, 29),
        annulus_ratio=(0.82, 0.98),
        junction_mm=(28, 36),
        ascending_mm=(36, 46),
        arch_mm=(28, 34),
        descending_mm=(25, 31),
        abdominal_mm=(19, 25),
        root_tilt=((-0.95, -0.6), (-0.2, 0.15)),
        arch_height_mm=(105, 135),
        arch_span_mm=(72, 92),
        arch_point=(0.4, 1.0),
        fused=(15, 30),
        common_trunk=0.7,
        aneurysm_mm=(8, 26),
        iliac_mm=(9.5, 15),
        tortuosity_mm=(12, 22),
        scoliosis_mm=(-25, 25),
        size=(0.85, 1.12),
    ),
}


def family_of(name: str) -> Family:
    """The family of a name.

    Raises:
        InputError: there is none.
    """
    if name not in FAMILIES:
        raise InputError(f"The phantom's family is {name!r}; give {' or '.join(map(repr, FAMILIES))}.")
    return FAMILIES[name]


def draw(rng: np.random.Generator, limits: Range) -> float:
    """A number between two."""
    return float(rng.uniform(*limits))
