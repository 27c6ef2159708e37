"""From which ranges the properties of phantom eyes are drawn: one set to train on, one that no training sees."""

from __future__ import annotations

from dataclasses import dataclass

from CorrespondCoreLib.errors import InputError

Range = tuple[float, float]


@dataclass(frozen=True)
class Population:
    """Ranges (least, most) of what differs between eyes; numbers of things include both ends.

    Attributes:
        pigment: transmission of whole pigment epithelium, both ways. epithelium: factor of its reflectivity.
        choroid_um, fading_um: thickness of the choroid, depth at which its light has fallen to 1/e.
        foci: number of foci of atrophy. focus_mm, more_foci_mm: radius of the first, of the others.
        thin_patches, thin_mm: number and radius of patches of thin pigment epithelium; pale: part of the reflectivity they lack.
        dull_patches, dull_mm: likewise, of patches without an ellipsoid zone to be seen.
        plaque: level of a random field (standard deviations) above which a bright plaque lies on the membrane of atrophy.
        pitch_mm, spot_mm, tall_um: of the lattice of pseudodrusen: distance, radius and height of the spots.
        gamma: exponent of the display, as service and user set it.
    """

    pigment: Range = (0.16, 0.36)
    epithelium: Range = (0.75, 1.25)
    choroid_um: Range = (150.0, 330.0)
    fading_um: Range = (85.0, 160.0)
    foci: tuple[int, int] = (1, 4)
    focus_mm: Range = (0.35, 1.7)
    more_foci_mm: Range = (0.15, 0.7)
    thin_patches: tuple[int, int] = (3, 7)
    thin_mm: Range = (0.3, 0.85)
    pale: Range = (0.45, 0.85)
    dull_patches: tuple[int, int] = (2, 6)
    dull_mm: Range = (0.25, 0.8)
    plaque: Range = (-0.8, 0.5)
    pitch_mm: Range = (0.26, 0.36)
    spot_mm: Range = (0.040, 0.115)
    tall_um: Range = (22.0, 62.0)
    gamma: Range = (0.85, 1.2)


USUAL, UNSEEN = "usual", "unseen"
POPULATIONS = {
    USUAL: Population(),
    UNSEEN: Population(
        pigment=(0.10, 0.16),
        epithelium=(0.6, 0.75),
        choroid_um=(110.0, 150.0),
        fading_um=(160.0, 200.0),
        foci=(2, 6),
        focus_mm=(0.5, 1.2),
        more_foci_mm=(0.3, 0.9),
        thin_patches=(5, 9),
        thin_mm=(0.35, 0.8),
        dull_patches=(4, 8),
        dull_mm=(0.3, 0.7),
        pitch_mm=(0.36, 0.42),
        gamma=(1.2, 1.3),
    ),
}


def population_of(name: str) -> Population:
    """A population by its name.

    Raises:
        InputError: there is no such one.
    """
    if name not in POPULATIONS:
        raise InputError(f"The phantoms' population is {name!r}; give {', '.join(POPULATIONS)}.")
    return POPULATIONS[name]
