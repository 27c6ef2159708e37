"""Depths of all boundaries in the phantom's A-scans, as disease has moved them, and the reflectivity between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .eye import Columns
from .plane import soft_step

BANDS = ("vitreous", "NFL", "GCIPL", "INL", "OPL", "ONL", "ELM", "IS", "EZ", "OS", "deposit", "RPE", "sub-RPE", "BM", "below")
# Of the signal (linear), where the pigment epithelium has about 0.5
REFLECTIVITY = dict(
    zip(BANDS, (0.0, 0.38, 0.11, 0.036, 0.062, 0.010, 0.03, 0.014, 0.32, 0.09, 0.20, 0.48, 0.055, 0.17, 0.0), strict=True)
)
EZ_UM, ELM_UM, BM_UM = 13.0, 4.0, 4.0
OUTER_LOST, SINKING_MM = 0.70, 0.07  # the inner retina sinks into atrophy more gently than the pigment epithelium ends


@dataclass
class Layers:
    """Boundaries (len(BANDS) - 1, ...) in um along the beam, ascending; reflectivity (len(BANDS), ...) with shadows in it."""

    boundaries_um: np.ndarray
    reflectivity: np.ndarray
    below: np.ndarray  # factor of the choroid's signal

    def top_um(self, band: str) -> np.ndarray:
        """Where a band begins."""
        return self.boundaries_um[BANDS.index(band) - 1]

    @property
    def bruch_um(self) -> np.ndarray:
        """Middle of Bruch's membrane."""
        return self.top_um("BM") + BM_UM / 2


def layers_of(eye: Columns) -> Layers:
    """Layers of A-scans with the eye's properties. Bruch's membrane stays where anatomy has it; all else moves above it."""
    whole, sight = 1 - eye.epithelium_lost, 1 - eye.photoreceptors_lost
    um = eye.thickness_um
    rim = 1 + 0.5 * np.exp(-(((eye.atrophy_mm - 0.06) / 0.05) ** 2))
    lifted = whole * np.maximum(eye.drusen_um, eye.calcified_um)
    bm_top = eye.bruch_um - BM_UM / 2
    sub_top = bm_top - lifted - (1 - whole) * eye.remnant_um
    rpe_top = sub_top - um["RPE"] * whole * rim * (1 - 0.35 * eye.thin)
    deposit = eye.deposit_um * whole
    deposit_top = rpe_top - deposit
    os_top = rpe_top - np.maximum(um["OS"] * sight, 0.7 * um["OS"] * sight + deposit)
    ez_top = os_top - EZ_UM * sight
    is_top = ez_top - um["IS"] * sight
    elm_top = is_top - ELM_UM * sight
    outer = um["RPE"] + um["OS"] + EZ_UM + um["IS"] + ELM_UM + um["ONL"]
    sunk = OUTER_LOST * soft_step(-eye.atrophy_mm, SINKING_MM)
    onl_top = np.minimum(bm_top - outer * (1 - sunk) - 0.25 * lifted, elm_top - 8)
    opl_top = onl_top - um["OPL"]
    inl_top = opl_top - um["INL"]
    gcipl_top = inl_top - um["GCIPL"]
    ilm = gcipl_top - um["NFL"]
    boundaries = np.stack(
        [ilm, gcipl_top, inl_top, opl_top, onl_top, elm_top, is_top, ez_top, os_top, deposit_top, rpe_top, sub_top, bm_top]
        + [bm_top + BM_UM]
    )
    reflectivity = np.stack([np.full(ilm.shape, REFLECTIVITY[band], np.float32) for band in BANDS])
    dark = eye.calcified_um > 20
    remnant = 0.11 + 0.4 * eye.plaque
    reflectivity[BANDS.index("sub-RPE")] = np.where(dark, 0.008, np.where(whole < 0.5, remnant, REFLECTIVITY["sub-RPE"]))
    reflectivity[BANDS.index("RPE")] *= eye.epithelium * (1 - eye.pale) * np.where(dark, 1.5, 1.0)
    reflectivity[BANDS.index("ONL")] += 0.12 * eye.scar * (1 - whole)
    reflectivity[BANDS.index("OS")] *= 1 - 0.7 * eye.dull
    reflectivity[BANDS.index("EZ")] *= (1 - 0.75 * np.clip(eye.deposit_um / 45, 0, 1)) * (1 - eye.dull)
    shadow = eye.media**2 * (1 - eye.vessels)
    reflectivity[: BANDS.index("GCIPL")] *= eye.media**2
    reflectivity[BANDS.index("GCIPL") :] *= shadow
    reflectivity[BANDS.index("BM")] *= eye.spared
    return Layers(np.asarray(boundaries, np.float32), reflectivity, np.asarray(shadow * eye.spared * eye.window, np.float32))
