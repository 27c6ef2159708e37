"""One phantom person: shapes, motion, vessels, airways and tissue, seen at any point in either breathing state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from .anatomy import BLOOD_HU, LUNG_AIR_HU, MUSCLE_HU, Anatomy, covered, over
from .motion import Breathing, random_breathing
from .pathology import Pathology
from .texture import Texture
from .trees import Tree, fill, grow
from .tubes import draw_tubes

VESSEL_SPACING_MM = 11.5  # between the ends of arteries, and of veins
VESSEL_TIP_MM = 0.6  # radius there
AIRWAY_SPACING_MM = 38.0
AIRWAY_TIP_MM = 1.3
AIRWAY_WALL = (1.12, 0.25)  # outer radius = 1.12 * inner radius + 0.25 mm


@dataclass(frozen=True)
class Thorax:
    """One person who breathes."""

    anatomy: Anatomy
    motion: Breathing
    vessels: tuple[Tree, ...]
    airways: Tree
    texture: Texture
    pathology: Pathology | None = None  # of the lungs

    @classmethod
    def random(cls, seed: int, motion_mm: float, voxel_mm: float, ill: bool = False) -> Thorax:
        """A person by number, the same one healthy or ill. Detail that voxels of `voxel_mm` cannot show is left out."""
        rngs = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5)]
        anatomy = Anatomy.random(rngs[0])
        motion = random_breathing(rngs[1], anatomy.chest, lung_points(anatomy, 9.0, rngs[1]), motion_mm)
        spacing = max(VESSEL_SPACING_MM, 2.0 * voxel_mm)
        tip = VESSEL_TIP_MM * spacing / VESSEL_SPACING_MM  # coarser trees with the same trunks
        vessels = tuple(_tree(anatomy, spacing, tip, rng) for rng in rngs[2].spawn(2))
        airways = _tree(anatomy, AIRWAY_SPACING_MM, AIRWAY_TIP_MM, rngs[3])
        texture = Texture.random(rngs[4], max(1.6, 0.5 * voxel_mm))
        if not ill:
            return cls(anatomy, motion, vessels, airways, texture)
        rng = np.random.default_rng([seed, 6])
        return cls(anatomy, motion, vessels, airways, texture, Pathology.random(rng, anatomy, lung_points(anatomy, 6.0, rng)))

    def tubes(
        self, shape: tuple[int, int, int], origin: np.ndarray, spacing: np.ndarray, expiration: bool
    ) -> tuple[np.ndarray, ...]:
        """Share of each voxel that is blood, air of an airway, airway with its wall, and nodule where the person is ill.

        Returns:
            float32 arrays of `shape`, z, y, x.
        """

        def draw(lines: list[tuple[np.ndarray, np.ndarray]], factor: float = 1.0, more_mm: float = 0.0) -> np.ndarray:
            share = np.zeros(shape, np.float32)
            for points, radii in lines:
                moved = self.motion.inner(points.reshape(-1, 3)).reshape(points.shape) if expiration else points
                draw_tubes(share, moved, radii * factor + more_mm, origin, spacing)
            return share

        trunk = [(line[None, :, :3], line[None, :, 3]) for line in self.anatomy.trachea()]
        airways = [self.airways.segments(), *trunk]
        shares = draw([tree.segments() for tree in self.vessels]), draw(airways), draw(airways, *AIRWAY_WALL)
        return shares if self.pathology is None else (*shares, draw([self.pathology.nodules()]))

    def chest_content(
        self,
        points: np.ndarray,
        compression: np.ndarray | float,
        tubes: list[np.ndarray],
        voxel_mm: float,
        blood_hu: float = BLOOD_HU,
    ) -> tuple[np.ndarray, np.ndarray]:
        """HU and lobe labels of what lies in the chest cavity.

        Args:
            points: where the tissue lies at inspiration, (N, 3).
            compression: its volume now / its volume at inspiration; the density of lung tissue is divided by it.
            tubes: what `tubes` gave at these voxels.
            blood_hu: brighter with a contrast agent.
        """
        anatomy = self.anatomy
        blood, lumen, airway, *nodule = tubes
        distance = anatomy.lung_distance(points)
        near = np.flatnonzero(distance < voxel_mm)
        lung = self.parenchyma(points[near], np.broadcast_to(compression, len(points))[near]) - 1000.0
        fissure = np.exp(-((anatomy.fissure_distance(points[near]) * (1 / (0.6 * voxel_mm))) ** 2))
        lung = over(lung, MUSCLE_HU, fissure * min(1.0, anatomy.fissure_mm / voxel_mm))
        lung = over(lung, blood_hu, blood[near])
        for share in nodule:
            lung = over(lung, MUSCLE_HU, share[near])
        hu = anatomy.inner_hu(points, voxel_mm, blood_hu)
        hu[near] = over(hu[near], lung, covered(distance[near], voxel_mm))
        beside_heart = 1.0 - covered(anatomy.heart_distance(points), voxel_mm)
        hu = over(over(hu, MUSCLE_HU - 20.0, airway * beside_heart), LUNG_AIR_HU, lumen * beside_heart)
        return hu, np.where(distance < 0, anatomy.lobe(points), np.uint8(0))

    def parenchyma(self, points: np.ndarray, compression: np.ndarray | float) -> np.ndarray:
        """Density (HU + 1000) of lung tissue without vessels; density * compression, the mass, is the same in all states."""
        density = self.anatomy.density(points) * np.maximum(1.0 + self.texture(points), 0.1)
        if self.pathology is not None:
            density = self.pathology.density(density, points, self.anatomy, self.motion.inner_jacobian)
        return np.minimum(density / compression, 1000.0)

    def landmarks(self, visible: Callable[[np.ndarray], np.ndarray], count: int, rng: np.random.Generator):
        """Points on vessels, spread evenly over the lungs' volume: at inspiration and at expiration, (N, 3) mm.

        Args:
            visible: tells of points (N, 3) whether a scan shows them.
        """
        found = [tree.landmarks() for tree in self.vessels]
        points, radii = np.concatenate([p for p, _ in found]), np.concatenate([r for _, r in found])
        moved = self.motion.inner(points)
        seen = (self.anatomy.lung_distance(points) < -1.0) & (radii < 4.0) & visible(points) & visible(moved)
        points, moved = points[seen], moved[seen]
        spots = lung_points(self.anatomy, 8.0, rng)
        spots = rng.permutation(spots[visible(spots)])[: 2 * count]
        if len(points) == 0 or len(spots) == 0:
            return np.empty((0, 3)), np.empty((0, 3))
        chosen = rng.permutation(np.unique(cKDTree(points).query(spots)[1]))[:count]
        return points[chosen], moved[chosen]


def lung_points(anatomy: Anatomy, spacing_mm: float, rng: np.random.Generator, depth_mm: float = 0.0) -> np.ndarray:
    """Points (N, 3) that fill the lungs at inspiration, at least `depth_mm` below their surface."""
    chest = anatomy.chest
    box = np.array([chest.half_width, chest.half_depth, 0.0])
    points = fill(-box - [0, 0, 190], box + [0, 0, chest.apex_z + 5], spacing_mm, rng)
    return points[anatomy.lung_distance(points) < -depth_mm]


def _tree(anatomy: Anatomy, spacing_mm: float, tip_radius: float, rng: np.random.Generator) -> Tree:
    tips = lung_points(anatomy, spacing_mm, rng, depth_mm=3.0)
    tips = tips[anatomy.fissure_distance(tips) > 2.5]
    wobble = rng.uniform(-5, 5, (2, 3))
    roots = {label: anatomy.hilum(left=label > 3) + wobble[int(label > 3)] for label in range(1, 6)}
    return grow(tips, anatomy.lobe(tips), roots, tip_radius, rng)
