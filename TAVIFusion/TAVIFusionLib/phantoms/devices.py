"""What lies in and on a patient in the cath lab: wires, catheters, valve frame, pacing lead, echo probe, clips, calcium."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .anatomy import Anatomy
from .cloud import Cloud
from .tree import smooth_line

METAL, PLASTIC, CALCIUM = 0.35, 0.055, 0.09
"""Attenuation per mm above that of blood."""
STEP_MM = 0.5


def wire(line_mm: np.ndarray, diameter_mm: float, absorbs: float = METAL) -> Cloud:
    """A solid thin wire along (N, 3) control points."""
    line = smooth_line(line_mm, STEP_MM)
    return Cloud(line, np.full(len(line), absorbs * np.pi / 4 * diameter_mm**2 * STEP_MM), STEP_MM)


def tube(line_mm: np.ndarray, diameter_mm: float, wall_mm: float, absorbs: float = PLASTIC) -> Cloud:
    """A hollow catheter along (N, 3) control points."""
    line = smooth_line(line_mm, STEP_MM)
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(tangent, [0.36, 0.48, 0.8])
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    around = np.linspace(0, 2 * np.pi, 14, endpoint=False)[:, None]
    ring = diameter_mm / 2 * (np.cos(around) * side[:, None] + np.sin(around) * np.cross(tangent, side)[:, None])
    points = (line[:, None] + ring).reshape(-1, 3)
    return Cloud(points, np.full(len(points), absorbs * np.pi * diameter_mm * wall_mm * STEP_MM / 14), STEP_MM)


def rod(line_mm: np.ndarray, diameter_mm: float, absorbs: float) -> Cloud:
    """A solid thick rod along (N, 3) control points."""
    line = smooth_line(line_mm, 1.0)
    r = np.arange(-diameter_mm / 2, diameter_mm / 2 + 0.1, 1.0)
    offsets = np.stack(np.meshgrid(r, r, r, indexing="ij"), -1).reshape(-1, 3)
    offsets = offsets[np.linalg.norm(offsets, axis=1) <= diameter_mm / 2]
    points = (line[::2, None] + offsets).reshape(-1, 3)
    volume = np.pi / 4 * diameter_mm**2 * (len(line) - 1) + np.pi / 6 * diameter_mm**3
    return Cloud(points, np.full(len(points), absorbs * volume / len(points)), 1.0)


def lumen_line(rng: np.random.Generator, anatomy: Anatomy, side: str, until_mm: float, diameter_mm: float) -> np.ndarray:
    """(N, 3) control points of what is pushed up from a groin, to a way (mm) from the annulus; it leans on the walls."""
    chain = [anatomy[f"external iliac {side}"], anatomy[f"common iliac {side}"], anatomy["aorta"]]
    points = np.concatenate([one.points_mm[::-1] for one in chain])
    radius = np.concatenate([one.radius_mm[::-1] for one in chain])
    kept = np.concatenate([one.path_mm[::-1] for one in chain]) >= until_mm
    points, radius = points[kept], radius[kept]
    lean = gaussian_filter1d(rng.standard_normal(points.shape), 35, axis=0, mode="nearest")
    lean /= np.maximum(np.linalg.norm(lean, axis=1, keepdims=True).max(), 1e-6)
    room = np.maximum(radius - diameter_mm / 2 - 0.5, 0)[:, None]
    return (points + gaussian_filter1d(0.9 * room * lean, 8, axis=0, mode="nearest"))[::-9][::-1]


def pigtail(rng: np.random.Generator, anatomy: Anatomy, side: str, until_mm: float) -> Cloud:
    """A diagnostic catheter whose end is curled up."""
    line = lumen_line(rng, anatomy, side, until_mm, 2.0)
    ahead = line[-1] - line[-2]
    ahead /= np.linalg.norm(ahead)
    out = np.cross(ahead, rng.standard_normal(3))
    out /= np.linalg.norm(out)
    r, a = rng.uniform(4.5, 6.5), np.linspace(0.3, 2 * np.pi * rng.uniform(0.95, 1.3), 16)
    curl = line[-1] + r * (np.sin(a)[:, None] * ahead + (1 - np.cos(a))[:, None] * out)
    return tube(np.concatenate([line, curl]), rng.uniform(1.7, 2.1), 0.45, rng.uniform(0.6, 1.6) * PLASTIC)


def stiff_wire(rng: np.random.Generator, anatomy: Anatomy, side: str, over_the_valve: bool) -> Cloud:
    """A guide wire that ends in a loop in the left ventricle, or in the aorta."""
    line = lumen_line(rng, anatomy, side, 14 if over_the_valve else rng.uniform(30, 500), 1.0)
    if over_the_valve:
        normal = anatomy.root.normal
        out = np.cross(normal, rng.standard_normal(3))
        out /= np.linalg.norm(out)
        low, r, a = -rng.uniform(28, 45) * normal, rng.uniform(13, 22), np.linspace(0.4, 2 * np.pi * rng.uniform(0.7, 1.5), 18)
        curl = low + r * (-np.sin(a)[:, None] * normal + (1 - np.cos(a))[:, None] * out)
        line = np.concatenate([line, [-8 * normal, low], curl])
    return wire(line, rng.uniform(0.8, 1.0), rng.uniform(0.5, 1.3) * METAL)


def sheath(rng: np.random.Generator, anatomy: Anatomy, side: str) -> Cloud:
    """A large introducer in a groin."""
    end = anatomy["common iliac " + side].path_mm
    wide = rng.uniform(4.5, 7)
    return tube(
        lumen_line(rng, anatomy, side, rng.uniform(end[0] - 40, end[-1]), wide), wide, 0.5, rng.uniform(0.7, 1.8) * PLASTIC
    )


def valve_frame(rng: np.random.Generator, anatomy: Anatomy, side: str) -> list[Cloud]:
    """The stent of a valve prosthesis, crimped on its delivery catheter or open."""
    root, share = anatomy.root, float(rng.choice([0.0, 0.0, 0.5, 1.0, 1.0]))
    length, rows, crowns = rng.uniform(18, 48), int(rng.integers(2, 6)), int(rng.integers(9, 15))
    open_mm = 0.5 * float(np.mean(root.annulus_mm)) * rng.uniform(0.95, 1.05)
    low = rng.uniform(-7, -2) + (1 - share) * rng.uniform(-4, 12)
    parts = []
    for row in range(rows):
        for phase in (0, 1):
            turns = np.linspace(0, 360, 2 * crowns + 1)
            zig = (np.arange(2 * crowns + 1) + phase) % 2
            heights = low + length * (row + zig) / rows
            radius = 3.2 + (open_mm * (1 + 0.2 * ((row + 0.5) / rows - 0.4)) - 3.2) * share
            corners = np.array([root.at(t, h, radius) for t, h in zip(turns, heights, strict=True)])
            fine = np.concatenate(
                [
                    a + np.linspace(0, 1, 24, endpoint=False)[:, None] * (b - a)
                    for a, b in zip(corners[:-1], corners[1:], strict=True)
                ]
            )
            step = np.linalg.norm(np.diff(corners, axis=0), axis=1).mean() / 24
            parts.append(Cloud(fine, np.full(len(fine), 0.6 * METAL * 0.12 * step), STEP_MM))
    if share < 1 or rng.random() < 0.5:
        parts.append(tube(lumen_line(rng, anatomy, side, 8 if share < 1 else 60, 5), rng.uniform(4.5, 6), 0.6, 1.5 * PLASTIC))
    return parts


def pacing_lead(rng: np.random.Generator) -> Cloud:
    """A temporary lead from below, or a permanent one from above, into the right ventricle."""
    tip = np.array([rng.uniform(15, 40), rng.uniform(-60, -40), rng.uniform(-60, -35)])
    if rng.random() < 0.6:
        way = [(-18, 35, -400), (-20, 38, -170), (-26, 22, -50), (-8, -18, -30), tip]
    else:
        way = [(75, -60, 175), (30, -20, 140), (-28, 8, 70), (-32, 8, 0), (-10, -25, -42), tip]
    line = np.array([*way], float) + rng.uniform(-6, 6, (len(way), 1))
    lead = wire(line, rng.uniform(1.1, 1.9), rng.uniform(0.25, 0.8) * METAL)
    return _with(lead, rod(line[-2:] * [[0.12], [1]] + line[[-1, -1]] * [[0.88], [0]], 2.2, METAL))


def _with(*clouds: Cloud) -> Cloud:
    return Cloud(
        np.concatenate([one.points_mm for one in clouds]),
        np.concatenate([one.absorption for one in clouds]),
        clouds[0].pitch_mm,
    )


def echo_probe(rng: np.random.Generator) -> Cloud:
    """A transoesophageal probe behind the heart."""
    tip = np.array([rng.uniform(-8, 14), rng.uniform(52, 60), rng.uniform(-40, 40)])
    line = np.array([[5, 62, 230], [3, 60, tip[2] + 90], tip + [0, 2, 35], tip])
    head = rod(np.array([tip + [0, 0, 32], tip + [0, 0, 16], tip]), rng.uniform(10, 13), rng.uniform(0.06, 0.14))
    return _with(rod(line, rng.uniform(7, 10), rng.uniform(0.03, 0.08)), head)


def sternal_wires(rng: np.random.Generator) -> list[Cloud]:
    """Closures of an earlier operation."""
    a = np.linspace(0, 2 * np.pi, 14)
    loops = []
    for height in np.arange(-40, 90, rng.uniform(20, 28)):
        tilt, wide = rng.uniform(-3, 3), rng.uniform(9, 13)
        center = np.array([rng.uniform(-3, 3), -78, height])
        loop = np.stack([wide * np.sin(a), 5 * np.cos(a), tilt * np.sin(a) + 2 * np.sin(2 * a)], -1)
        loops.append(wire(center + loop, rng.uniform(0.7, 1.0)))
    return loops


def leads_on_the_skin(rng: np.random.Generator, height_mm: float) -> list[Cloud]:
    """Cables and electrodes in front of and behind the patient, and clips."""
    parts = []
    for _ in range(int(rng.integers(0, 4))):
        depth = float(rng.choice([-105, 150]))
        x, z = rng.uniform(-140, 140, 2), height_mm + rng.uniform(-170, 170, 2)
        ends = np.array([[x[0], depth, z[0]], [x[1], depth, z[1]]])
        line = np.array([ends[0], ends.mean(0) + rng.uniform(-50, 50, 3) * [1, 0.1, 1], ends[1]])
        parts.append(wire(line, rng.uniform(1.0, 2.0), rng.uniform(0.1, 0.5) * METAL))
        if rng.random() < 0.5:
            parts.append(rod(np.array([ends[0], ends[0] + [0, 2, 1], ends[0] + [0, 3, 2]]), rng.uniform(4, 9), 0.08))
    for _ in range(int(rng.integers(0, 5))):
        start = np.array([rng.uniform(-80, 80), rng.uniform(-60, 60), height_mm + rng.uniform(-100, 100)])
        parts.append(wire(start + np.cumsum(rng.uniform(-3, 3, (3, 3)), axis=0), 1.2, METAL))
    return parts


def calcium(rng: np.random.Generator, anatomy: Anatomy) -> Cloud:
    """Lumps on leaflets and annulus, and plaques in the walls of the aorta and the iliac arteries."""
    lumps = []
    for cusp in anatomy.root.sinuses.values():
        for _ in range(int(rng.integers(0, 6))):
            center = cusp.nadir_mm * rng.uniform(0.3, 1.0) + rng.uniform(0, 14) * anatomy.root.normal
            lumps.append(center + rng.standard_normal((90, 3)) * rng.uniform(0.6, 2.0, 3))
    for one in anatomy.branches[:1] + anatomy.branches[-6:]:
        for _ in range(int(rng.integers(0, 9))):
            middle = int(rng.integers(0, len(one.points_mm)))
            index = np.clip(middle + rng.integers(-6, 7, 160), 0, len(one.points_mm) - 1)
            facing = rng.standard_normal(3) + 0.5 * rng.standard_normal((160, 3))
            facing -= (facing @ one.tangent(middle))[:, None] * one.tangent(middle)
            facing /= np.linalg.norm(facing, axis=1, keepdims=True)
            lumps.append(one.points_mm[index] + one.radius_mm[index, None] * facing)
    points = np.concatenate(lumps) if lumps else np.zeros((0, 3))
    return Cloud(points, np.full(len(points), CALCIUM * rng.uniform(0.2, 1.0)), 1.0)
