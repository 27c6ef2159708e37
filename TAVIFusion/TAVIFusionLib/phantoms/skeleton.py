"""Spine, ribs, sternum and pelvis as clouds of bone: dense walls around a lighter inside. LPS mm, the annulus at the origin."""

from __future__ import annotations

import numpy as np

from .cloud import Cloud, joined
from .tree import smooth_line

PITCH_MM = 2.0
CORTEX, SPONGE = 0.034, 0.009
"""Attenuation per mm above that of soft tissue."""


def skeleton(rng: np.random.Generator, size: float, scoliosis_mm: float) -> Cloud:
    """Bones from the shoulders to the hips, of a patient's size, density and bend."""
    density = rng.uniform(0.65, 1.3)
    parts, height = [], 185.0 * size
    side_phase = rng.uniform(0, 2 * np.pi)
    chest = rng.uniform(0.95, 1.08)
    while height > -255 * size:
        low = np.clip((height / size + 20) / -235, 0, 1)
        pitch = (23 + 12 * low) * size
        bend = scoliosis_mm * np.sin(height / 110 + side_phase)
        center = np.array([bend - 2, spine_depth_mm(height / size), height])
        parts.append(_vertebra(rng, center, (15 + 8 * low) * size, (13.5 + 3.5 * low) * size, 0.41 * pitch, low))
        if height > -110 * size:
            parts += [_rib(rng, center, sign, height / size, size * chest) for sign in (-1, 1)]
        height -= pitch
    parts += [_sternum(rng, size), *_pelvis(rng, size)]
    whole = joined(parts)
    return Cloud(whole.points_mm, density * whole.absorption, PITCH_MM)


def spine_depth_mm(height_mm: float) -> float:
    """P of the middle of the vertebral bodies: kyphosis, then lordosis, then the sacrum."""
    return float(np.interp(height_mm, [-340, -300, -235, -160, -60, 60, 200], [108, 84, 63, 68, 85, 89, 78]))


def _grid(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    axes = [np.arange(a, b + PITCH_MM, PITCH_MM) for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _filled(points: np.ndarray, depth_mm: np.ndarray, wall_mm: float = 1.8) -> Cloud:
    """Points whose depth below the surface is positive, with a wall."""
    inside = depth_mm > 0
    share = np.where(depth_mm[inside] < wall_mm, CORTEX, SPONGE)
    return Cloud(points[inside], share * PITCH_MM**3, PITCH_MM)


def _vertebra(rng: np.random.Generator, center: np.ndarray, wide: float, deep: float, half: float, low: float) -> Cloud:
    points = _grid(np.array([-2.3 * wide, -1.1 * deep, -1.9 * half]), np.array([2.3 * wide, 4.2 * deep, 1.2 * half]))
    x, y, z = points.T
    waist = 1 - 0.1 * (1 - (z / half) ** 2)
    body = (1 - (np.abs(x / (wide * waist)) ** 2.6 + np.abs(y / (deep * waist)) ** 2.6) ** (1 / 2.6)) * deep
    body = np.minimum(body, half - np.abs(z) + rng.uniform(-0.3, 0.3))
    canal = np.hypot(x / 1.15, y - 1.65 * deep)
    arch = np.minimum(3.2 - np.abs(canal - 11), 0.75 * half - np.abs(z + 1))
    spinous = np.minimum(
        3.0 - np.abs(x), np.minimum(0.5 * half - np.abs(z + 0.5 * (y - 2 * deep)), np.where(y > 2 * deep, 5, -1))
    )
    transverse = 3.6 - np.hypot(y - 1.5 * deep - 0.15 * np.abs(x), z - 1)
    transverse = np.minimum(transverse, np.where((np.abs(x) > 9) & (np.abs(x) < (1.7 + 0.5 * low) * wide), 5, -1))
    cloud = _filled(points, np.maximum.reduce([body, arch, spinous, transverse]))
    turn = np.deg2rad(rng.uniform(-4, 4))
    turned = cloud.points_mm @ np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return Cloud(turned + center, cloud.absorption, PITCH_MM)


def _tube(line: np.ndarray, high: float, wide: float, wall: float) -> Cloud:
    """A hollow rod of elliptic section along (N, 3) points: half axes along S and across it."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    across = np.cross(tangent, [0, 0, 1.0])
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    up = np.cross(across, tangent)
    around = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    points = line[:, None] + wide * np.cos(around)[:, None] * across[:, None] + high * np.sin(around)[:, None] * up[:, None]
    step = np.linalg.norm(np.diff(line, axis=0), axis=1).mean()
    volume = step * 2 * np.pi * np.hypot(high, wide) / np.sqrt(2) / 16 * wall
    points = points.reshape(-1, 3)
    return Cloud(points, np.full(len(points), CORTEX * volume), PITCH_MM)


def _rib(rng: np.random.Generator, center: np.ndarray, sign: int, height: float, size: float) -> Cloud:
    taper = float(np.interp(height, [-110, -40, 60, 140, 190], [0.95, 1.05, 1.0, 0.78, 0.55]))
    reach = np.interp(height, [-110, -60, 20], [95, 120, 142])
    angle = np.deg2rad(np.linspace(14, reach, 40))
    wide, deep, drop = 132 * size * taper, 98 * size * taper**0.5, rng.uniform(62, 80)
    x = center[0] + sign * wide * np.sin(angle) + rng.uniform(-2, 2)
    y = 28 + deep * np.cos(angle)
    z = center[2] + 6 - drop * np.sin(angle / 2) ** 2 - 8 * np.sin(angle) + rng.uniform(-2, 2)
    return _tube(
        smooth_line(np.column_stack([x, y, z]), PITCH_MM), rng.uniform(5, 7), rng.uniform(2.6, 3.6), rng.uniform(1.2, 2.2)
    )


def _sternum(rng: np.random.Generator, size: float) -> Cloud:
    points = _grid(np.array([-20.0, -6, -20]), np.array([20.0, 6, 140]))
    x, y, z = points.T
    depth = np.minimum(rng.uniform(13, 17) + 0.04 * z - np.abs(x), 5 - np.abs(y))
    cloud = _filled(points, depth, 1.5)
    return Cloud(cloud.points_mm * size + [0, -78 * size, 0], cloud.absorption * 0.8, PITCH_MM)


def _pelvis(rng: np.random.Generator, size: float) -> list[Cloud]:
    """Sacrum, iliac wings, hip joints and pubic rami."""
    points = _grid(np.array([-56.0, -16, -50]), np.array([56.0, 16, 50]))
    x, y, z = points.T
    sacrum = np.minimum(30 + 0.45 * z - np.abs(x) + 6 * np.cos(z / 5) ** 2, 12 - np.abs(y))
    holes = np.hypot(np.abs(x) - 19, (z + 100) % 24 - 12) < 5
    bone = _filled(points, np.where(holes, -1, sacrum))
    parts = [Cloud(bone.points_mm + [0, 92, -300 * size], bone.absorption, PITCH_MM)]
    wing = rng.uniform(0.94, 1.06) * size
    for sign in (-1, 1):
        a, b = np.meshgrid(np.linspace(0, 1.0, 50), np.linspace(0, 1, 60), indexing="ij")
        plate = np.stack(
            [sign * (48 + 78 * a**0.8 - 18 * b), 82 - 105 * a * (1 - 0.35 * b), -250 + 28 * np.sin(np.pi * (a + 0.1)) - 128 * b],
            -1,
        )
        plate = plate[a < 1.02 - 0.55 * b]
        sheets = np.concatenate([plate, plate + [sign * 4, 0, 0]]) * [wing, 1, wing]
        parts.append(Cloud(sheets, np.full(len(sheets), CORTEX * 5.5), PITCH_MM))
        hip = np.array([sign * 90 * wing, 20, -405 * size])
        ball = _grid(np.full(3, -33.0), np.full(3, 33.0))
        r = np.linalg.norm(ball, axis=1)
        parts.append(_shifted(_filled(ball, 23 - r), hip))
        cup = (np.abs(r - 28) < 2.5) & (ball @ np.array([sign * 0.5, 0, 0.85]) > -4)
        parts.append(_shifted(Cloud(ball[cup], np.full(cup.sum(), CORTEX * PITCH_MM**3), PITCH_MM), hip))
        shaft = [hip, hip + [sign * 28, 2, -22], hip + [sign * 42, 4, -50], hip + [sign * 38, 4, -110]]
        parts.append(_tube(smooth_line(np.array(shaft), PITCH_MM), 15, 15, 3))
        for end, bulge in (([sign * 8, -35, -425 * size], 8), ([sign * 45, 25, -465 * size], -10)):
            ramus = [hip + [-sign * 24, 0, 4], (hip + end) / 2 + [0, 0, bulge], np.array(end)]
            parts.append(_tube(smooth_line(np.array(ramus), PITCH_MM), 8, 7, 2))
        ischium = [
            np.array([sign * 45, 25, -465 * size]),
            np.array([sign * 22, -10, -455 * size]),
            np.array([sign * 8, -35, -432 * size]),
        ]
        parts.append(_tube(smooth_line(np.array(ischium), PITCH_MM), 7, 6, 2))
    return parts


def _shifted(cloud: Cloud, by: np.ndarray) -> Cloud:
    return Cloud(cloud.points_mm + by, cloud.absorption, cloud.pitch_mm)
