"""A random patient's arteries, from the aortic root to the groins. LPS mm; the annulus lies at the origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .families import Family, draw, family_of
from .root import Root, random_root
from .tree import Branch, branch, nearest_index

BIFURCATION_MM = (0.0, 34.0, -235.0)
CORE_START_MM = 7.0
"""Height above the annulus where the closed leaflets end the lumen between the sinuses."""


@dataclass(frozen=True)
class Anatomy:
    """Arteries of one patient.

    Attributes:
        root: sinuses and annulus. branches: the aorta first, then what leaves it.
        landmarks_mm: name -> (3,) LPS: nadir L/R/N, ostium L/R, annulus center, junction, arch apex, bifurcation,
            iliac bifurcation L/R, femoral L/R.
        size: of the body, 1 is usual. scoliosis_mm: sideways bend of the spine.
    """

    root: Root
    branches: list[Branch]
    landmarks_mm: dict[str, np.ndarray]
    size: float
    scoliosis_mm: float

    def index(self, name: str) -> int:
        """Index of the branch of that name."""
        return [one.name for one in self.branches].index(name)

    def __getitem__(self, name: str) -> Branch:
        return self.branches[self.index(name)]


def random_anatomy(seed: int, family: str = "train") -> Anatomy:
    """Draw a patient of a family; the same seed is the same patient."""
    kind, rng = family_of(family), np.random.default_rng([seed, 1])
    root = random_root(rng, kind)
    size, scoliosis = draw(rng, kind.size), draw(rng, kind.scoliosis_mm)
    aorta, apex = _aorta(rng, kind, root, size)
    branches = [aorta]
    marks = {f"nadir {cusp}": sinus.nadir_mm for cusp, sinus in root.sinuses.items()}
    for side in ("L", "R"):
        branches.append(_coronary(rng, root, side))
        marks[f"ostium {side}"] = branches[-1].points_mm[_leaving(root, branches[-1])]
    marks |= {"annulus center": np.zeros(3), "junction": root.at(0, root.height_mm, 0), "arch apex": apex}
    branches += _arch_vessels(rng, kind, aorta, apex)
    branches += _visceral(rng, aorta)
    marks["bifurcation"] = aorta.points_mm[-1]
    for side, sign in (("L", 1.0), ("R", -1.0)):
        _leg(rng, kind, branches, side, sign, size)
        marks[f"iliac bifurcation {side}"] = branches[-2].points_mm[0]
        marks[f"femoral {side}"] = branches[-1].points_mm[-12]
    return Anatomy(root, branches, {name: np.asarray(point, float) for name, point in marks.items()}, size, scoliosis)


def _aorta(rng: np.random.Generator, kind: Family, root: Root, size: float) -> tuple[Branch, np.ndarray]:
    height, span, point = draw(rng, kind.arch_height_mm) * size, draw(rng, kind.arch_span_mm), draw(rng, kind.arch_point)
    turn = np.deg2rad(rng.uniform(48, 66))
    towards = np.array([np.cos(turn), np.sin(turn), 0])
    foot = 0.5 * height * root.normal + rng.uniform(-2, 2, 3)
    start = np.array([min(foot[0], -14), foot[1] - 6, 0.62 * height])
    apex = start * [1, 1, 0] + 0.45 * span * towards + [0, 0, height]
    down = start * [1, 1, 0] + span * towards
    shoulder = 0.8 - 0.14 * point
    wander = rng.uniform(-5, 5, (3, 3)) * [1, 1, 0]
    low = np.array([BIFURCATION_MM[0] + rng.uniform(-5, 8), BIFURCATION_MM[1], BIFURCATION_MM[2] * size])
    control = np.array(
        [
            root.at(0, CORE_START_MM, 0),
            root.at(0, root.height_mm + 4, 0),
            start,
            start * [1, 1, 0] + 0.13 * span * towards + [0, 0, (0.5 + shoulder / 2) * height],
            apex,
            start * [1, 1, 0] + 0.85 * span * towards + [0, 0, shoulder * height],
            down + [0, 0, 0.4 * height],
            down + [-2, 0, -20] + wander[0],
            (0.5 * down + 0.5 * low) * [1, 1, 0] + [6, 2, 0.5 * low[2]] + wander[1],
            low * [1, 1, 0] + [3, 0, 0.8 * low[2]] + wander[2],
            low,
        ]
    )
    way = np.cumsum(np.r_[0, np.linalg.norm(np.diff(control, axis=0), axis=1)])
    shares = (way / way[-1]).tolist()
    wide, junction = draw(rng, kind.ascending_mm), draw(rng, kind.junction_mm)
    arch, descending, abdominal = (draw(rng, limits) for limits in (kind.arch_mm, kind.descending_mm, kind.abdominal_mm))
    diameters = [0.8 * junction, junction, wide, (wide + arch) / 2, arch, arch, descending, descending, abdominal + 2, abdominal]
    diameters.append(0.9 * abdominal)
    swollen = 2 if rng.random() < 0.5 else 9
    diameters[swollen] += draw(rng, kind.aneurysm_mm)
    aorta = branch("aorta", control, shares, diameters, start_mm=CORE_START_MM)
    return aorta, aorta.points_mm[int(np.argmax(aorta.points_mm[:, 2]))]


def _coronary(rng: np.random.Generator, root: Root, side: str) -> Branch:
    sinus = root.sinuses[side]
    outward, around, normal = sinus.axes
    begin = sinus.center_mm + rng.uniform(0.2, 0.45) * sinus.half_mm[2] * normal
    bend = around * (1 if side == "L" else -1) * rng.uniform(6, 14)
    control = [
        begin,
        begin + 9 * outward,
        begin + 18 * outward + 0.5 * bend - 2 * normal,
        begin + 27 * outward + bend - 14 * normal,
    ]
    if side == "L":
        control[-1] = begin + 30 * outward + bend + rng.uniform(-4, 4) * normal
    length = rng.uniform(0.7, 1.1)
    control = [begin + length * (point - begin) for point in control]
    wide = rng.uniform(3.4, 4.6)
    return branch(f"coronary {side}", np.array(control), [0, 0.3, 1], [wide, wide, 0.7 * wide], start_mm=12.0, parent=0)


def _leaving(root: Root, coronary: Branch) -> int:
    """Index where a coronary artery leaves its sinus."""
    outside = root.sinuses[coronary.name[-1]].distance_mm(coronary.points_mm) > 0
    return int(np.argmax(outside))


def _arch_vessels(rng: np.random.Generator, kind: Family, aorta: Branch, apex: np.ndarray) -> list[Branch]:
    top = nearest_index(aorta.points_mm, apex)
    bovine = rng.random() < kind.common_trunk
    plan = (
        ("brachiocephalic", -16, (-24, -6, 46), (10.5, 13)),
        ("left carotid", -1, (2, -3, 60), (6.5, 8)),
        ("left subclavian", 13, (24, 4, 48), (8.5, 10.5)),
    )
    found: list[Branch] = []
    for name, offset, reach, diameters in plan:
        parent, source, at = 0, aorta, top + offset + int(rng.integers(-3, 4))
        if name == "left carotid" and bovine:
            parent, source, at = 3, found[0], 16
        begin = source.points_mm[at]
        end = begin + np.array(reach) * rng.uniform(0.85, 1.15) + rng.uniform(-6, 6, 3)
        middle = 0.45 * begin + 0.55 * end + [0.25 * reach[0] * -1, rng.uniform(-3, 3), 8]
        wide = draw(rng, diameters)
        way = float(source.path_mm[at])
        found.append(branch(name, np.array([begin, middle, end]), [0, 1], [wide, 0.85 * wide], way, parent))
    return found


def _visceral(rng: np.random.Generator, aorta: Branch) -> list[Branch]:
    found = []
    for name, above, reach, wide in (
        ("mesenteric", 105, (2, -32, -38), 7.0),
        ("renal L", 88, (48, 14, -10), 5.6),
        ("renal R", 84, (-52, 16, -12), 5.6),
    ):
        at = len(aorta.points_mm) - 1 - above - int(rng.integers(-6, 7))
        begin = aorta.points_mm[at]
        end = begin + np.array(reach) * rng.uniform(0.8, 1.2) + rng.uniform(-6, 6, 3)
        middle = 0.5 * begin + 0.5 * end + rng.uniform(-4, 4, 3) + [0, -5, 2]
        width = wide * rng.uniform(0.85, 1.2)
        found.append(branch(name, np.array([begin, middle, end]), [0, 1], [width, 0.8 * width], float(aorta.path_mm[at]), 0))
    return found


def _leg(rng: np.random.Generator, kind: Family, branches: list[Branch], side: str, sign: float, size: float) -> None:
    """Append the common, internal and external iliac artery (with the femoral artery) of one side."""
    aorta, low = branches[0], branches[0].points_mm[-1]
    wide, sway = draw(rng, kind.iliac_mm), draw(rng, kind.tortuosity_mm)
    split = low + np.array([sign * rng.uniform(32, 42), rng.uniform(8, 18), -rng.uniform(48, 62) * size])
    winding = [sway * rng.uniform(-1, 1, 3) * [1, 1, 0.5] for _ in range(5)]
    common = [low, 0.65 * low + 0.35 * split + 0.5 * winding[0], 0.3 * low + 0.7 * split + 0.7 * winding[1], split]
    start = float(aorta.path_mm[-1])
    branches.append(branch(f"common iliac {side}", np.array(common), [0, 0.1, 1], [1.1 * wide, wide, 0.95 * wide], start, 0))
    parent, start = len(branches) - 1, float(branches[-1].path_mm[-1])
    inner = [split, split + [sign * 3, 16, -22] + 0.3 * winding[4], split + [-sign * 10, 26, -58]]
    branches.append(branch(f"internal iliac {side}", np.array(inner), [0, 1], [0.62 * wide, 0.4 * wide], start, parent))
    groin = split + np.array([sign * rng.uniform(40, 52), -rng.uniform(48, 60), -rng.uniform(85, 100) * size])
    outer = [
        split,
        0.72 * split + 0.28 * groin + [0, 14, 0] + winding[2],
        0.35 * split + 0.65 * groin + [0, 14, 0] + winding[3],
        groin,
        groin + [sign * 6, 8, -34],
        groin + [sign * 4, 14, -66],
    ]
    shares, widths = [0, 0.5, 0.75, 1], [0.78 * wide, 0.74 * wide, 0.8 * wide, 0.66 * wide]
    branches.append(branch(f"external iliac {side}", np.array(outer), shares, widths, start, parent))
