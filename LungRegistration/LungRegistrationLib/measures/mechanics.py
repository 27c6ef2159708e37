"""Regional lung mechanics from a displacement field: how much, and in how many directions, each part is stretched.

The deformation gradient F = I + du/dx (fixed to moving) has the principal stretches l1 >= l2 >= l3 as singular values.
    volume change   l1 l2 l3 = |det F|
    ADI             sqrt(((l1 - l2) / l2)^2 + ((l2 - l3) / l3)^2): 0 = the same stretch in all directions
    SRI             atan(l3 (l1 - l2) / (l2 (l2 - l3))) 2 / pi: 0 = slab-like (two large stretches), 1 = rod-like (one)
Amelon et al., J Biomech 44 (2011) 2489.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import SimpleITK as sitk

from ..geometry.displacement import check_field, voxel_to_lps
from .volume_checks import bounding_slices


def deformation_gradient(field: sitk.Image, region: np.ndarray) -> np.ndarray:
    """F (N, 3, 3) at the voxels of a region on the field's own grid, in the order of the array; central differences.

    Args:
        field: displacement field, LPS mm; any orientation of the grid.
        region: boolean array (z, y, x).
    """
    check_field(field)
    box = bounding_slices(region, margin=1)
    u, inside = sitk.GetArrayViewFromImage(field)[box], region[box]
    along_kji = [np.gradient(u, axis=axis)[inside] for axis in range(3)]
    du_dijk = np.stack(along_kji[::-1], axis=-1)  # (N, component, i j k)
    return np.eye(3) + du_dijk.astype(np.float64) @ np.linalg.inv(voxel_to_lps(field))


def principal_stretches(gradient: np.ndarray) -> np.ndarray:
    """Singular values (N, 3) of F, largest first."""
    return np.linalg.svd(gradient, compute_uv=False)


def anisotropic_deformation_index(stretches: np.ndarray) -> np.ndarray:
    """ADI (N,) of principal stretches (N, 3)."""
    l1, l2, l3 = stretches.T
    return np.hypot((l1 - l2) / l2, (l2 - l3) / l3)


def slab_rod_index(stretches: np.ndarray) -> np.ndarray:
    """SRI (N,) in 0 ... 1 of principal stretches (N, 3); 0 where all three are equal."""
    l1, l2, l3 = stretches.T
    return np.arctan2(l3 * (l1 - l2), l2 * (l2 - l3)) * 2 / np.pi


def mechanics_maps(field: sitk.Image, mask: sitk.Image) -> dict[str, sitk.Image]:
    """Maps on the field's grid, 0 outside of the mask: volume_change (det F), stretch_1 ... stretch_3, adi, sri; float32.

    Args:
        field: displacement field, LPS mm, fixed to moving.
        mask: lung mask in the fixed image, any grid.
    """
    region = region_on_grid(mask, field)
    gradient = deformation_gradient(field, region)
    stretches = principal_stretches(gradient)
    values = {
        "volume_change": np.linalg.det(gradient),
        "stretch_1": stretches[:, 0],
        "stretch_2": stretches[:, 1],
        "stretch_3": stretches[:, 2],
        "adi": anisotropic_deformation_index(stretches),
        "sri": slab_rod_index(stretches),
    }
    return {name: _image(column, region, field) for name, column in values.items()}


def regional_mechanics(maps: Mapping[str, sitk.Image], regions: Mapping[str, sitk.Image]) -> dict[str, dict]:
    """Mean, standard deviation and median of each map per region: {region: {map: {mean, std, median}}}.

    Args:
        maps: from `mechanics_maps`.
        regions: name -> mask in the fixed image, any grid.
    """
    summary = {}
    for name, mask in regions.items():
        region = region_on_grid(mask, maps["volume_change"]) & (sitk.GetArrayViewFromImage(maps["stretch_1"]) > 0)
        values = {key: sitk.GetArrayViewFromImage(image)[region].astype(np.float64) for key, image in maps.items()}
        summary[name] = {key: _statistics(column) for key, column in values.items()}
    return summary


def region_on_grid(mask: sitk.Image, grid: sitk.Image) -> np.ndarray:
    """A mask (nonzero = inside) as boolean array on another grid, nearest voxel."""
    inside = sitk.Cast(mask != 0, sitk.sitkUInt8)
    return sitk.GetArrayFromImage(sitk.Resample(inside, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0)).astype(bool)


def _image(values: np.ndarray, region: np.ndarray, grid: sitk.Image) -> sitk.Image:
    array = np.zeros(region.shape, np.float32)
    array[region] = values
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(grid)
    return image


def _statistics(values: np.ndarray) -> dict[str, float]:
    if values.size == 0:
        return dict.fromkeys(("mean", "std", "median"), np.nan)
    return {"mean": float(values.mean()), "std": float(values.std()), "median": float(np.median(values))}
