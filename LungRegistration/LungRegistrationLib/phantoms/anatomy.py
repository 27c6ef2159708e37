"""Shapes and densities of the phantom's thorax at inspiration, as functions of the point (LPS mm)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .chest import Chest, logistic, smooth_max, smooth_min, superellipse_distance

LOBES = {1: "right upper lobe", 2: "right middle lobe", 3: "right lower lobe", 4: "left upper lobe", 5: "left lower lobe"}

AIR_HU, LUNG_AIR_HU, FAT_HU, MUSCLE_HU, BLOOD_HU, LIVER_HU = -1000.0, -960.0, -95.0, 50.0, 42.0, 58.0


def ellipsoid_distance(points: np.ndarray, center: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Approximate signed distance (mm) to an ellipsoid with the given half-axes; negative inside."""
    q = (points - center.astype(points.dtype)) / axes.astype(points.dtype)
    radius = np.maximum(np.sqrt((q * q).sum(axis=1)), 1e-3)
    return (radius - 1.0) * axes.min() * np.sqrt(np.minimum(radius, 1.0))


def covered(distance: np.ndarray, voxel_mm: float) -> np.ndarray:
    """Share of a voxel that lies inside a shape, from the signed distance of its center."""
    return np.clip(0.5 - distance * (1.0 / voxel_mm), 0.0, 1.0)


def over(below: np.ndarray, hu: np.ndarray | float, share: np.ndarray) -> np.ndarray:
    """HU after a share of each voxel is filled with a tissue."""
    return below + (hu - below) * share


@dataclass(frozen=True)
class Anatomy:
    """One person. Functions take points (N, 3) and return arrays (N,)."""

    chest: Chest
    dome: np.ndarray  # (2, 3) top of the right and left diaphragm
    dome_drop: float  # mm that the diaphragm falls from its top to the side
    recess_drop: float  # further fall to the back
    heart: np.ndarray  # center
    heart_axes: np.ndarray
    carina: np.ndarray
    mediastinum: np.ndarray  # half width and half depth of the middle column
    aorta: np.ndarray  # x, y, radius of the descending aorta
    oblique: np.ndarray  # (2, 3) fissures right and left: height at the center, slope by y, bow
    horizontal: np.ndarray  # height at the center, slope by y, slope by x
    rib_spacing: float
    rib_tilt: float
    rib_phase: float
    muscle_mm: float  # thickness of the chest wall without fat, at the side
    fat_mm: float
    base_density: float  # HU + 1000 of the lung at inspiration in the middle
    gravity: float  # relative density change per 100 mm towards the back
    fissure_mm: float  # thickness that a fissure seems to have

    @classmethod
    def random(cls, rng: np.random.Generator) -> Anatomy:
        u = rng.uniform
        chest = Chest.random(rng)
        heart = np.array([u(20, 30), u(-34, -24), u(-58, -44)])
        return cls(
            chest=chest,
            dome=np.array([[u(-72, -62), u(-8, 8), u(-88, -72)], [u(62, 72), u(-4, 10), u(-100, -84)]]),
            dome_drop=u(26, 38),
            recess_drop=u(24, 36),
            heart=heart,
            heart_axes=np.array([u(52, 60), u(42, 50), u(46, 54)]),
            carina=np.array([u(-3, 3), u(8, 16), u(30, 42)]),
            mediastinum=np.array([u(24, 31), u(44, 54)]),
            aorta=np.array([u(20, 26), u(36, 44), u(11, 14)]),
            oblique=np.array([[u(-26, -12), u(0.95, 1.25), u(-0.002, 0.002)], [u(-20, -6), u(1.0, 1.3), u(-0.002, 0.002)]]),
            horizontal=np.array([u(0, 14), u(-0.15, 0.15), u(-0.1, 0.15)]),
            rib_spacing=u(24, 28),
            rib_tilt=u(55, 80),
            rib_phase=u(0, 1),
            muscle_mm=u(20, 26),
            fat_mm=u(6, 16),
            base_density=u(115, 165),
            gravity=u(0.15, 0.35),
            fissure_mm=u(0.2, 0.4),
        )

    def hilum(self, left: bool) -> np.ndarray:
        """Where vessels and airways enter a lung."""
        return self.carina + np.array([42.0 if left else -38.0, -6.0, -26.0])

    def heart_distance(self, p: np.ndarray) -> np.ndarray:
        """Approximate signed distance (mm) to the heart with its fat; negative inside."""
        return ellipsoid_distance(p, self.heart, self.heart_axes)

    def _diaphragm_height(self, p: np.ndarray) -> np.ndarray:
        heights = []
        for x, y, z in self.dome:
            across, along = (p[:, 0] - x) * (1 / 62.0), (p[:, 1] - y) * (1 / 78.0)
            back = np.maximum(p[:, 1] - y, 0.0) * (1 / 78.0)
            heights.append(z - self.dome_drop * (across * across + along * along) - self.recess_drop * back * back)
        side = logistic(p[:, 0] * (1 / 12.0))
        return heights[0] + (heights[1] - heights[0]) * side

    def _mediastinum_distance(self, p: np.ndarray) -> np.ndarray:
        half_width, half_depth = self.mediastinum
        column = superellipse_distance(p[:, 0] - 3.0, p[:, 1] + 4.0, half_width, half_depth)
        front = np.maximum(np.abs(p[:, 0] - 4.0) - 7.0, p[:, 1])
        x, y, radius = self.aorta
        aorta = np.hypot(p[:, 0] - x, p[:, 1] - y) - radius - 2.0
        aorta = np.maximum(aorta, p[:, 2] - self.carina[2] - 25.0)
        roots = np.minimum(*(ellipsoid_distance(p, self.hilum(left), np.array([22.0, 20.0, 28.0])) for left in (False, True)))
        heart = self.heart_distance(p)
        return smooth_min(smooth_min(smooth_min(smooth_min(column, heart, 16.0), roots, 12.0), aorta, 8.0), front, 8.0)

    def lung_distance(self, p: np.ndarray) -> np.ndarray:
        """Signed distance (mm) to the lungs' surface; negative in the lungs."""
        right, left = (((p[:, 0] - x) ** 2 + (p[:, 1] - 8.0) ** 2) * 0.011 for x in (-52.0, 52.0))
        apex = (p[:, 2] - self.chest.apex_z + np.minimum(right, left)) * 0.75
        inside = smooth_max(-self._mediastinum_distance(p), self.chest.wall_distance(p), 10.0)
        inside = smooth_max(inside, apex, 10.0)
        return smooth_max(inside, (self._diaphragm_height(p) - p[:, 2]) * 0.8, 6.0)

    def _oblique_distance(self, p: np.ndarray, left: np.ndarray) -> np.ndarray:
        height, slope, bow = (np.where(left, self.oblique[1, i], self.oblique[0, i]).astype(p.dtype) for i in range(3))
        away = np.abs(p[:, 0]) - 65.0
        ripple = 4.0 * np.sin(p[:, 0] * 0.045 + 1.0) + 3.0 * np.sin(p[:, 1] * 0.05 + p[:, 0] * 0.02)
        return (p[:, 2] - height - slope * p[:, 1] - bow * away * away - ripple) * 0.7

    def _horizontal_distance(self, p: np.ndarray) -> np.ndarray:
        height, by_y, by_x = self.horizontal
        return p[:, 2] - height - by_y * p[:, 1] - by_x * (p[:, 0] + 65.0) - 3.0 * np.sin(p[:, 0] * 0.05)

    def lobe(self, p: np.ndarray) -> np.ndarray:
        """Label of the lobe (see LOBES) that a point would belong to if it lay in a lung."""
        left = p[:, 0] > 4.0
        lower = self._oblique_distance(p, left) < 0
        right_label = np.where(lower, 3, np.where(self._horizontal_distance(p) < 0, 2, 1))
        return np.where(left, np.where(lower, 5, 4), right_label).astype(np.uint8)

    def fissure_distance(self, p: np.ndarray) -> np.ndarray:
        """Distance (mm) to the nearest fissure."""
        left = p[:, 0] > 4.0
        oblique = self._oblique_distance(p, left)
        horizontal = np.maximum(np.abs(self._horizontal_distance(p)), -oblique)
        return np.where(left, np.abs(oblique), np.minimum(np.abs(oblique), horizontal))

    def density(self, p: np.ndarray) -> np.ndarray:
        """HU + 1000 of the lung tissue at inspiration, without texture."""
        return self.base_density * (1.0 + self.gravity * 0.01 * p[:, 1])

    def inner_hu(self, p: np.ndarray, voxel_mm: float, blood_hu: float = BLOOD_HU) -> np.ndarray:
        """HU of what lies in the chest cavity around the lungs: heart, vessels, fat, liver, stomach with its gas."""
        heart = ellipsoid_distance(p, self.heart, self.heart_axes - 7.0)
        x, y, radius = self.aorta
        aorta = np.hypot(p[:, 0] - x, p[:, 1] - y) - radius
        trunk = np.hypot(p[:, 0] - 4.0, p[:, 1] + 20.0) - 17.0
        oesophagus = np.hypot(p[:, 0] - 8.0, p[:, 1] - 30.0) - 8.0
        blood = np.minimum(np.minimum(heart, np.minimum(aorta, oesophagus)), trunk)
        hu = over(np.full(len(p), FAT_HU + 55.0, p.dtype), blood_hu, covered(blood, voxel_mm))
        below = p[:, 2] - self._diaphragm_height(p)
        liver = np.maximum(below + 3.0, p[:, 0] - 30.0 + 0.4 * (p[:, 2] + 100.0))
        hu = over(hu, MUSCLE_HU, covered(below, voxel_mm))
        hu = over(hu, LIVER_HU, covered(liver, voxel_mm))
        stomach = ellipsoid_distance(p, self.dome[1] + np.array([0.0, -18.0, -34.0]), np.array([34.0, 36.0, 24.0]))
        gas = np.maximum(stomach, p[:, 1] - self.dome[1, 1] + 26.0)
        return over(over(hu, 30.0, covered(stomach, voxel_mm)), -900.0, covered(gas, voxel_mm))

    def trachea(self) -> list[np.ndarray]:
        """Centerlines (N, 3) of trachea and main bronchi, with the inner radius as a fourth column."""
        top = self.carina + np.array([0.0, -14.0, 120.0])
        lines = [np.array([[*top, 9.0], [*((top + self.carina) / 2 + np.array([1.5, -1.0, 0])), 9.0], [*self.carina, 9.5]])]
        for left in (False, True):
            end = self.hilum(left)
            middle = self.carina + 0.5 * (end - self.carina) + np.array([0.0, 1.5, -3.0])
            lines.append(np.array([[*self.carina, 7.0], [*middle, 6.3], [*end, 5.8]]))
        return lines

    def outer_hu(self, p: np.ndarray, wall: np.ndarray, voxel_mm: float) -> np.ndarray:
        """HU of the body outside the chest cavity, and of the air; `wall` is the distance to the inner chest wall."""
        chest = self.chest
        skin = superellipse_distance(
            p[:, 0],
            p[:, 1] - 8.0,
            chest.half_width + self.muscle_mm + self.fat_mm,
            chest.half_depth + self.muscle_mm + self.fat_mm + 12.0,
        )
        muscle = superellipse_distance(
            p[:, 0], p[:, 1] - 10.0, chest.half_width + self.muscle_mm, chest.half_depth + self.muscle_mm + 8.0
        )
        layers = np.abs(np.sin(0.11 * wall + 0.03 * p[:, 2])) * 60.0  # fat between the muscles
        hu = over(np.full(len(p), AIR_HU, p.dtype), FAT_HU, covered(skin, voxel_mm))
        hu = over(hu, MUSCLE_HU - layers * (wall > 14.0), covered(muscle, voxel_mm))
        return self._bones(hu, p, wall, voxel_mm)

    def on_table(self, hu: np.ndarray, p: np.ndarray, voxel_mm: float) -> np.ndarray:
        """HU with the scanner's table, which does not move, where there is air."""
        table_y = self.chest.half_depth + self.muscle_mm + self.fat_mm + 28.0
        board = np.abs(p[:, 1] - table_y + p[:, 0] ** 2 * 4e-4) - 2.0
        return over(hu, -250.0, covered(board, voxel_mm) * (hu < -900.0))

    def _bones(self, hu: np.ndarray, p: np.ndarray, wall: np.ndarray, voxel_mm: float) -> np.ndarray:
        chest = self.chest
        angle = np.arctan2(p[:, 0], p[:, 1] - 5.0)  # 0 at the back
        turn = p[:, 2] + self.rib_tilt * 0.5 * (1.0 - np.cos(angle)) + self.rib_spacing * self.rib_phase
        z = np.remainder(turn, self.rib_spacing) - 0.5 * self.rib_spacing
        rib = np.hypot((wall - 7.0) * (6.5 / 4.0), z) - 6.5
        spread = np.abs(angle)
        rib = np.maximum(rib, np.maximum((0.28 - spread) * 60.0, (spread - 2.65) * 60.0))
        hard = 260.0 - 170.0 * logistic((spread - 2.15) * 12.0)  # cartilage in front
        hu = over(hu, hard, covered(rib, voxel_mm))
        hu = over(hu, 620.0, covered(np.abs(rib + 0.8) - 0.7, voxel_mm) * (spread < 2.1) * 0.8)
        scapula = np.maximum(np.abs(wall - 19.0 - 3.0 * np.sin(p[:, 2] * 0.04)) - 2.2, np.abs(spread - 0.95) * 100.0 - 32.0)
        scapula = np.maximum(scapula, np.abs(p[:, 2] - chest.apex_z + 65.0) - 52.0)
        hu = over(hu, 480.0, covered(scapula, voxel_mm))
        sternum = np.maximum(np.abs(p[:, 0]) - 17.0, np.abs(wall - 8.0) - 5.0)
        sternum = np.maximum(np.maximum(sternum, p[:, 1] + 20.0), np.abs(p[:, 2] - 10.0) - 85.0)
        hu = over(hu, 260.0, covered(sternum, voxel_mm))
        return self._spine(hu, p, voxel_mm)

    def _spine(self, hu: np.ndarray, p: np.ndarray, voxel_mm: float) -> np.ndarray:
        _, shift = self.chest.scale_and_shift(p[:, 2])
        x, y = p[:, 0], p[:, 1] - self.chest.spine_y - shift
        level = np.remainder(p[:, 2], 25.0) - 12.5
        waist = 1.2 * np.cos(level * (2 * np.pi / 25.0))
        body = superellipse_distance(x, y - 1.0, 17.5, 14.5) + waist
        disc = np.abs(np.abs(level) - 12.5) - 2.5
        hu = over(hu, 190.0, covered(body, voxel_mm))
        hu = over(hu, 520.0, covered(np.abs(body + 0.9) - 0.9, voxel_mm) * 0.8)
        hu = over(hu, 95.0, covered(np.maximum(body + 0.5, disc), voxel_mm))
        arch = np.abs(np.hypot(x, y - 25.0) - 11.0) - 2.5
        process = np.maximum(np.abs(x) - 3.0, np.abs(y - 42.0) - 10.0)
        wings = np.maximum(np.maximum(np.abs(y - 24.0 - 0.1 * np.abs(x)) - 4.0, np.abs(x) - 32.0), 10.0 - np.abs(x))
        process = np.maximum(np.minimum(process, wings), np.abs(level - 3.0) - 7.5)
        hu = over(hu, 420.0, covered(np.minimum(arch, process), voxel_mm))
        return over(hu, 30.0, covered(np.hypot(x, y - 25.0) - 8.5, voxel_mm))
