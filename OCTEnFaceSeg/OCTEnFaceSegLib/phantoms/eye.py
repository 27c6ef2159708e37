"""One eye with all that it has, and its sampling along the A-scans of a visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .choroid import Choroid
from .confounders import Confounders
from .lesions import GA, HEALTHY, LESIONS, RPD, Atrophy, Spots, no_atrophy, no_spots, random_atrophy, random_drusen, random_spots
from .plane import PIXELS, random_field, sample, soft_step
from .population import Population
from .surfaces import Anatomy
from .vessels import vessel_map

STREAMS = {
    "anatomy": 0,
    "vessels": 1,
    "choroid": 2,
    "lesion": 3,
    "drusen": 4,
    "confounders": 5,
    "fundus": 6,
    "visit": 7,
    "speckle": 8,
}
RIM_MM = 0.05  # photoreceptors are lost this far beyond the pigment epithelium
CHANCE_OF_RPD_WITH_GA = 0.3


def stream(seed: int, name: str, *more: int) -> np.random.Generator:
    """Random numbers for one part of the phantom: other parts do not change them."""
    return np.random.default_rng([seed, STREAMS[name], *more])


@dataclass
class Eye:
    """Maps of one eye on the plane; the same for all visits but for the atrophy's edge."""

    anatomy: Anatomy
    choroid: Choroid
    confounders: Confounders
    atrophy: Atrophy
    spots: Spots
    drusen_um: np.ndarray
    vessels: np.ndarray
    lipofuscin: np.ndarray

    @classmethod
    def random(cls, seed: int, lesion: str, population: Population) -> Eye:
        anatomy = Anatomy.random(stream(seed, "anatomy"), population)
        rng = stream(seed, "lesion", LESIONS.index(lesion))
        atrophy = random_atrophy(rng, anatomy, population) if lesion == GA else no_atrophy()
        reticular = lesion == RPD or (lesion == GA and rng.random() < CHANCE_OF_RPD_WITH_GA)
        confounders = Confounders.random(stream(seed, "confounders"), population)
        if lesion == HEALTHY:
            confounders.calcified_um = np.zeros((PIXELS, PIXELS), np.float32)
        return cls(
            anatomy=anatomy,
            choroid=Choroid.random(stream(seed, "choroid"), population),
            confounders=confounders,
            atrophy=atrophy,
            spots=random_spots(rng, anatomy, population) if reticular else no_spots(),
            drusen_um=random_drusen(stream(seed, "drusen"), anatomy, healthy=lesion == HEALTHY),
            vessels=vessel_map(stream(seed, "vessels"), anatomy),
            lipofuscin=1 + 0.08 * random_field(stream(seed, "fundus"), 0.4),
        )

    def columns(self, x_mm: np.ndarray, z_mm: np.ndarray, years: float) -> Columns:
        """The eye at points of the plane after some years."""
        names = ("NFL", "GCIPL", "INL", "OPL", "ONL", "IS", "OS", "RPE")
        conf = self.confounders
        maps = [self.anatomy.bruch_um, self.anatomy.choroid_um, *(self.anatomy.thickness_um[n] for n in names)]
        maps += [self.drusen_um, self.vessels, conf.thin, conf.pale, conf.dull, conf.window]
        maps += [conf.calcified_um, conf.remnant_um, conf.plaque, conf.scar, conf.media]
        maps += [self.spots.height_um, np.maximum(self.spots.distance_mm, -1), np.clip(self.atrophy.distance_mm(years), -5, 5)]
        values = list(sample(np.stack(maps), x_mm, z_mm))
        thickness = dict(zip(names, values[2:10], strict=True))
        drusen, vessels, thin, pale, dull, window, calcified, remnant, plaque, scar, media, deposit, spot, atrophy = values[10:]
        return Columns(
            x_mm=x_mm,
            z_mm=z_mm,
            bruch_um=values[0],
            choroid_um=values[1],
            thickness_um=thickness,
            drusen_um=drusen,
            vessels=vessels,
            thin=thin,
            pale=pale,
            dull=dull,
            window=window,
            calcified_um=calcified,
            remnant_um=remnant,
            plaque=plaque,
            scar=scar,
            media=media,
            deposit_um=deposit,
            spot_mm=np.maximum(spot, -atrophy),  # none where there is atrophy
            atrophy_mm=atrophy,
            pigment=self.anatomy.pigment,
            epithelium=self.anatomy.epithelium,
        )


@dataclass
class Columns:
    """The eye's properties along A-scans: arrays of one shape, float32; names as in the maps that they come from."""

    x_mm: np.ndarray
    z_mm: np.ndarray
    bruch_um: np.ndarray
    choroid_um: np.ndarray
    thickness_um: dict[str, np.ndarray]
    drusen_um: np.ndarray
    vessels: np.ndarray
    thin: np.ndarray
    pale: np.ndarray
    dull: np.ndarray
    window: np.ndarray
    calcified_um: np.ndarray
    remnant_um: np.ndarray
    plaque: np.ndarray
    scar: np.ndarray
    media: np.ndarray
    deposit_um: np.ndarray
    spot_mm: np.ndarray
    atrophy_mm: np.ndarray
    pigment: float
    epithelium: float

    @property
    def epithelium_lost(self) -> np.ndarray:
        """0..1, soft over the lateral blur."""
        return soft_step(-self.atrophy_mm, 0.012)

    @property
    def photoreceptors_lost(self) -> np.ndarray:
        return soft_step(RIM_MM - self.atrophy_mm, 0.02)

    @property
    def spared(self) -> np.ndarray:
        """Share of the light that the pigment epithelium lets through, there and back."""
        whole = np.log(self.pigment) * (1 - self.epithelium_lost) * (1 - self.thin)
        return np.exp(whole * (1 - 0.35 * (self.calcified_um > 20)))
