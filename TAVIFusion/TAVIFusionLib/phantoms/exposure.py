"""What the rays of one frame lose in the patient, in the devices and in the contrast medium."""

from __future__ import annotations

import numpy as np

from ..carm import CArm
from ..pose import Pose
from .body import WATER, Body
from .cloud import Cloud, joined, line_integrals
from .patient import Arteries, Patient

VISIBLE = 0.045
"""Attenuation by contrast, as line integral, from which a vessel is called opacified."""
VISIBLE_SHARE = 0.1
"""The same, as a share of the frame's highest."""


def contrast_integrals(arteries: Arteries, attenuation: np.ndarray, carm: CArm, pose: Pose) -> np.ndarray:
    """(rows, columns) line integrals of contrast.

    Args:
        attenuation: (N,) per mm, at all points of all centerlines (`Bolus.attenuation`).
        pose: of the arteries.
    """
    share = attenuation[arteries.place]
    filled = share > 1e-5
    lumen = arteries.lumen
    cloud = Cloud(pose.apply(lumen.points_mm[filled]), (share * lumen.absorption)[filled], lumen.pitch_mm)
    return line_integrals(cloud, carm)


def opacified(contrast: np.ndarray) -> np.ndarray:
    """(rows, columns) bool mask of what contrast shows."""
    return contrast > max(VISIBLE, VISIBLE_SHARE * float(contrast.max()))


def background_integrals(
    patient: Patient, body: Body, carm: CArm, markings: np.ndarray, folds: np.ndarray, devices: list[Cloud]
) -> np.ndarray:
    """(rows, columns) line integrals of all but contrast.

    Args:
        body: the patient's, at this depth of breath. markings, folds: (rows, columns) textures of lung and of soft tissue.
    """
    soft, air = body.line_integrals(carm)
    total = soft * (1 + 0.015 * folds) + 0.03 * WATER * air * markings
    total += line_integrals(patient.bones, carm)
    fine = [one for one in devices if one.pitch_mm < 1]
    coarse = [patient.calcium, *(one for one in devices if one.pitch_mm >= 1)]
    return total + line_integrals(joined(fine), carm) + line_integrals(joined(coarse), carm)
