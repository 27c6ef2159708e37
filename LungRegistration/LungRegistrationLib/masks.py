"""Lung masks of a chest CT, without a model: air inside the body, less trachea and main bronchi, with the vessels filled in.

The shape is decided on a coarse lattice along LPS (any input axes), the border then follows the image's own voxels.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from .geometry.lattice import Lattice, bounding_box_mm

COARSE_MM = 3.0
AIR_HU = -500.0
TUBE_RADIUS_MM = 11.0  # the trachea is thinner than twice this, a lung is not
RECESS_MM = 27.0  # how far lung reaches from where a ball of the tube radius fits
VESSEL_MM = 6.0  # half the width of vessels that are filled in
LEAST_LUNG_ML = 100.0
GAS_HU = -975.0  # stomach and bowel gas is emptier than any lung


def lung_mask(ct: sitk.Image) -> sitk.Image | None:
    """Both lungs, or the one in the field of view, as a uint8 mask on the image's grid; None if there are none to be found."""
    lower, upper = bounding_box_mm(ct)
    spacing = float(np.clip((np.prod(np.maximum(upper - lower, 1.0)) / 8e6) ** (1 / 3), COARSE_MM, 6.0))
    if np.min(upper - lower) < 10 * spacing:
        return None
    lattice = Lattice.over_box(lower, upper, spacing)
    hu = _coarse(ct, lattice)
    lungs = _lungs(hu, _coverage(ct, lattice), spacing)
    return None if lungs is None else _on_image(lungs, lattice, ct)


def body_mask(ct: sitk.Image) -> sitk.Image:
    """Everything that is not air around the body, as a uint8 mask on the image's grid (for pairs without lungs)."""
    lower, upper = bounding_box_mm(ct)
    lattice = Lattice.over_box(lower, upper, COARSE_MM)
    solid = ndimage.binary_opening(_coarse(ct, lattice) > AIR_HU, iterations=2)
    labels, count = ndimage.label(solid)
    if count == 0:
        return sitk.Cast(ct > AIR_HU, sitk.sitkUInt8)
    sizes = np.bincount(labels.ravel())[1:]
    body = ndimage.binary_closing(labels == 1 + int(sizes.argmax()), iterations=3)
    for k in range(body.shape[0]):
        body[k] = ndimage.binary_fill_holes(body[k])
    return sitk.Resample(_image(body, lattice), ct, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)


def _lungs(hu: np.ndarray, covered: np.ndarray, spacing: float) -> np.ndarray | None:
    """Lung voxels of a coarse CT (z, y, x); `covered` marks the voxels that the image really has."""
    air = (ndimage.gaussian_filter(hu, 0.7) < AIR_HU) & covered
    air &= ~_outside_air(air, covered)
    distance = ndimage.distance_transform_edt(np.pad(air, 1, mode="edge"))[1:-1, 1:-1, 1:-1] * spacing
    cores = distance > TUBE_RADIUS_MM
    labels, count = ndimage.label(cores)
    if count == 0:
        return None
    keep = np.zeros(count + 1, bool)
    volumes = np.bincount(labels.ravel(), minlength=count + 1) * spacing**3 / 1000
    volumes[0] = 0
    for k in range(1, count + 1):
        keep[k] = volumes[k] >= 0.02 * volumes.max() and np.mean(hu[labels == k]) > GAS_HU
    near = ndimage.distance_transform_edt(~keep[labels]) * spacing
    reachable = ndimage.binary_propagation(keep[labels], mask=air & (near <= RECESS_MM + TUBE_RADIUS_MM))
    # a second pass keeps what is connected to a core within the reach, but not the tube that leads away from it
    steps = max(1, round(RECESS_MM / spacing))
    lungs = ndimage.binary_dilation(keep[labels], iterations=steps, mask=reachable)
    lungs = _without_small(lungs, 0.08)
    if lungs.sum() * spacing**3 / 1000 < LEAST_LUNG_ML:
        return None
    return _closed(lungs, VESSEL_MM / spacing)


def _outside_air(air: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Air around the body: components that lie wide open on the lateral faces of the field of view.

    Lung cut by the edge of a small field of view touches it with little of its surface, air around a body with much.
    """
    rim = covered & ~ndimage.binary_erosion(np.pad(covered, ((0, 0), (1, 1), (1, 1))), _flat_cross())[:, 1:-1, 1:-1]
    labels, count = ndimage.label(air)
    volume = np.bincount(labels.ravel(), minlength=count + 1)
    contact = np.bincount(labels[rim], minlength=count + 1)
    outside = contact > 0.6 * volume ** (2 / 3)
    outside[0] = False
    return outside[labels]


def _flat_cross() -> np.ndarray:
    cross = np.zeros((3, 3, 3), bool)
    cross[1, 1, :] = cross[1, :, 1] = True
    return cross


def _without_small(mask: np.ndarray, part: float) -> np.ndarray:
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return (sizes >= part * sizes.max())[labels]


def _closed(mask: np.ndarray, radius: float) -> np.ndarray:
    """Closing with a ball (voxels), by distances, and holes filled."""
    width = int(np.ceil(radius)) + 1
    padded = np.pad(mask, width)
    grown = ndimage.distance_transform_edt(~padded) <= radius
    shrunk = ndimage.distance_transform_edt(grown) > radius
    return ndimage.binary_fill_holes(shrunk)[width:-width, width:-width, width:-width] | mask


def _on_image(lungs: np.ndarray, lattice: Lattice, ct: sitk.Image) -> sitk.Image:
    """Coarse lungs on the image's grid: their inside, and the image's own air in a rim of one coarse voxel at the border."""
    distance = ndimage.distance_transform_edt(lungs) - ndimage.distance_transform_edt(~lungs)
    image = _image(distance.astype(np.float32), lattice)
    distance_there = sitk.Resample(image, ct, sitk.Transform(), sitk.sitkLinear, -10.0, sitk.sitkFloat32)
    rim = sitk.And(distance_there > -1.5, ct < AIR_HU)
    mask = sitk.Or(distance_there > 1.5, rim)
    return sitk.BinaryMorphologicalClosing(sitk.Cast(mask, sitk.sitkUInt8), [1, 1, 1], sitk.sitkBall)


def _coarse(ct: sitk.Image, lattice: Lattice) -> np.ndarray:
    factors = [max(1, int(lattice.spacing_mm[0] / s)) for s in ct.GetSpacing()]
    small = sitk.BinShrink(ct, factors) if max(factors) > 1 else ct
    on_lattice = sitk.Resample(small, lattice.image_like(), sitk.Transform(), sitk.sitkLinear, -1000.0, sitk.sitkFloat32, True)
    return np.clip(sitk.GetArrayFromImage(on_lattice), -1000.0, 400.0)


def _coverage(ct: sitk.Image, lattice: Lattice) -> np.ndarray:
    """Which lattice points lie in the image: all of them, unless its axes are oblique."""
    x, y, z = (lattice.axis_mm(a) for a in range(3))
    points = np.stack(np.meshgrid(z, y, x, indexing="ij")[::-1], axis=-1) - np.asarray(ct.GetOrigin())
    to_index = np.linalg.inv(np.asarray(ct.GetDirection()).reshape(3, 3) * np.asarray(ct.GetSpacing()))
    index = points @ to_index.T
    return np.all((index > -0.5) & (index < np.asarray(ct.GetSize()) - 0.5), axis=-1)


def _image(array: np.ndarray, lattice: Lattice) -> sitk.Image:
    image = sitk.GetImageFromArray(array.astype(np.uint8) if array.dtype == bool else array)
    image.SetOrigin(lattice.origin_mm)
    image.SetSpacing(lattice.spacing_mm)
    return image
