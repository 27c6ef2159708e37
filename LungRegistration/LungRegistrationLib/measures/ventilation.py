"""Regional lung function from a registered pair: ventilation from the Jacobian and from HU, parametric response map.

All maps lie on the fixed image. What they state is always ventilation from expiration to inspiration: `fixed_is` says which of
the two the fixed image is. HU are smoothed over the lung before they are divided, because single voxels are mostly noise.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from CorrespondCoreLib.errors import InputError

PHASES = ("inspiration", "expiration")
EMPHYSEMA_HU = -950  # inspiration, at or below (Galban 2012)
GAS_TRAPPING_HU = -856  # expiration, at or below (Galban 2012)
PRM_CLASSES = {1: "normal", 2: "functional small airways disease", 3: "emphysema", 4: "unclassified"}


def jacobian_ventilation(jacobian: np.ndarray, fixed_is: str = "inspiration") -> np.ndarray:
    """Volume gained by inspiration over the volume at expiration, (V_in - V_ex) / V_ex, of det J (fixed to moving).

    With the inspiration as fixed image det J = V_ex / V_in, so this is 1 / det J - 1; otherwise det J - 1. nan where folded.
    Reinhardt et al., Med Image Anal 12 (2008) 752.
    """
    folded = jacobian <= 0
    safe = np.where(folded, 1, jacobian)
    ventilation = 1 / safe - 1 if _checked(fixed_is) == "inspiration" else safe - 1
    return np.where(folded, np.nan, ventilation)


def specific_gas_change(fixed_hu: np.ndarray, warped_hu: np.ndarray, fixed_is: str = "inspiration") -> np.ndarray:
    """Gas gained by inspiration over the gas at expiration, from HU at corresponding points, for conserved tissue mass.

    1000 (HU_in - HU_ex) / (HU_ex (HU_in + 1000)); HU are clamped to -990 ... -10, where both gas and tissue are present.
    Simon, J Clin Monit Comput 16 (2000) 433; Guerrero et al., Int J Radiat Oncol Biol Phys 62 (2005) 630.
    """
    inspiration, expiration = _by_phase(fixed_hu, warped_hu, fixed_is)
    hu_in, hu_ex = (np.clip(hu.astype(np.float32), -990, -10) for hu in (inspiration, expiration))
    return 1000 * (hu_in - hu_ex) / (hu_ex * (hu_in + 1000))


def parametric_response_map(fixed_hu: np.ndarray, warped_hu: np.ndarray, region: np.ndarray, fixed_is: str) -> np.ndarray:
    """Class of each voxel (uint8, `PRM_CLASSES`; 0 outside of the region) from HU at inspiration and expiration.

    normal: in > -950 and ex > -856; functional small airways disease: in > -950 and ex <= -856; emphysema: in <= -950 and
    ex <= -856; unclassified: in <= -950 and ex > -856. Galban et al., Nat Med 18 (2012) 1711.
    """
    inspiration, expiration = _by_phase(fixed_hu, warped_hu, fixed_is)
    low, trapped = inspiration <= EMPHYSEMA_HU, expiration <= GAS_TRAPPING_HU
    classes = np.select([~low & ~trapped, ~low & trapped, low & trapped], [1, 2, 3], default=4)
    return np.where(region, classes, 0).astype(np.uint8)


def smooth_in_region(hu: np.ndarray, region: np.ndarray, sigma_mm: float, spacing_zyx_mm: tuple[float, ...]) -> np.ndarray:
    """Gaussian mean over the voxels of the region alone (normalized convolution), float32; outside as it was."""
    sigma = [sigma_mm / s for s in spacing_zyx_mm]
    weight = ndimage.gaussian_filter(region.astype(np.float32), sigma, truncate=3)
    total = ndimage.gaussian_filter(np.where(region, hu, 0).astype(np.float32), sigma, truncate=3)
    return np.where(region, total / np.maximum(weight, 1e-6), hu).astype(np.float32)


def function_maps(
    fixed_hu: np.ndarray,
    warped_hu: np.ndarray,
    jacobian: np.ndarray,
    region: np.ndarray,
    spacing_zyx_mm: tuple[float, ...],
    fixed_is: str = "inspiration",
) -> dict[str, np.ndarray]:
    """jacobian_ventilation and specific_gas_change (HU smoothed by 3 mm), prm (HU smoothed by 1 mm); 0 outside of the region.

    Args:
        fixed_hu, warped_hu: HU of the fixed image, and of the moving image warped onto it.
        jacobian: det J (fixed to moving) on the same grid.
        region: lung mask.
        fixed_is: "inspiration" or "expiration".
    """
    fixed_3, warped_3, fixed_1, warped_1 = (
        smooth_in_region(hu, region, sigma_mm, spacing_zyx_mm) for sigma_mm in (3.0, 1.0) for hu in (fixed_hu, warped_hu)
    )
    gas = specific_gas_change(fixed_3, warped_3, fixed_is)
    return {
        "jacobian_ventilation": np.where(region, jacobian_ventilation(jacobian, fixed_is), 0).astype(np.float32),
        "specific_gas_change": np.where(region, gas, 0).astype(np.float32),
        "prm": parametric_response_map(fixed_1, warped_1, region, fixed_is),
    }


def regional_function(maps: Mapping[str, np.ndarray], regions: Mapping[str, np.ndarray]) -> dict[str, dict]:
    """Per region: mean and median of both ventilations, and percent of each PRM class."""
    return {name: _summary(maps, region) for name, region in regions.items()}


def _summary(maps: Mapping[str, np.ndarray], region: np.ndarray) -> dict:
    jacobian, gas, prm = (maps[name][region] for name in ("jacobian_ventilation", "specific_gas_change", "prm"))
    classified = max(int(np.count_nonzero(prm)), 1)
    return {
        "jacobian_ventilation": _mean_median(jacobian[np.isfinite(jacobian)]),
        "specific_gas_change": _mean_median(gas[np.isfinite(gas)]),
        "prm_percent": {label: 100.0 * np.count_nonzero(prm == value) / classified for value, label in PRM_CLASSES.items()},
    }


def _mean_median(values: np.ndarray) -> dict:
    if values.size == 0:
        return {"mean": np.nan, "median": np.nan}
    return {"mean": float(values.mean(dtype=np.float64)), "median": float(np.median(values))}


def _by_phase(fixed: np.ndarray, warped: np.ndarray, fixed_is: str) -> tuple[np.ndarray, np.ndarray]:
    return (fixed, warped) if _checked(fixed_is) == "inspiration" else (warped, fixed)


def _checked(fixed_is: str) -> str:
    if fixed_is not in PHASES:
        raise InputError(f"The fixed image must be inspiration or expiration, not {fixed_is!r}.")
    return fixed_is
