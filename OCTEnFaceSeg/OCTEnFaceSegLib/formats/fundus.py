"""Fundus images (SLO, FAF, photographs) and their place over a scan."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError

from ..scan import OctScan

ASSUMED_WIDTH_MM = 8.7
"""Of fundus images that state no scale: 30 degrees of a medium eye."""


def gray(pixels: np.ndarray) -> np.ndarray:
    """A picture (H, W) or (H, W, channels) as one channel: that which all share, or green, where the retina has most contrast."""
    if pixels.ndim == 2:
        return pixels
    return pixels[..., 1 if pixels.shape[-1] >= 3 else 0]


def upright_image(pixels: np.ndarray, spacing_xz_mm: tuple[float, float], corner_xz_mm: tuple[float, float]) -> sitk.Image:
    """A fundus image (H, W), first row superior, as 2D-in-3D image (x, 1, z) with z upwards.

    Args:
        spacing_xz_mm: of columns and rows.
        corner_xz_mm: place of the first row's first pixel in the fundus plane (`geometry`).
    """
    image = sitk.GetImageFromArray(np.ascontiguousarray(pixels[::-1, None, :]))
    image.SetSpacing((spacing_xz_mm[0], 1.0, spacing_xz_mm[1]))
    image.SetOrigin((corner_xz_mm[0], 0.0, corner_xz_mm[1] - (pixels.shape[0] - 1) * spacing_xz_mm[1]))
    return image


def free_image(pixels: np.ndarray, spacing_xz_mm: tuple[float, float] | None) -> sitk.Image:
    """A fundus image (H, W) that is in no register yet, with its middle at the origin of the fundus plane.

    Args:
        spacing_xz_mm: of columns and rows; where it is not known, the image is taken as `ASSUMED_WIDTH_MM` wide.
    """
    height, width = pixels.shape
    x, z = spacing_xz_mm or (ASSUMED_WIDTH_MM / width, ASSUMED_WIDTH_MM / width)
    return upright_image(pixels, (x, z), (-(width - 1) / 2 * x, (height - 1) / 2 * z))


def over_scan(image: sitk.Image, volume: sitk.Image) -> sitk.Image:
    """The fundus image as thick as the scan is deep, so that slices at any depth show it."""
    image = sitk.Image(image)
    x, _, z = image.GetSpacing()
    depth, step = volume.GetSize()[1], volume.GetSpacing()[1]
    image.SetSpacing((x, step * depth, z))
    ox, _, oz = image.GetOrigin()
    image.SetOrigin((ox, volume.GetOrigin()[1] + (depth - 1) / 2 * step, oz))
    return image


def placed_by_points(pixels: np.ndarray, pixel_points: np.ndarray, plane_points_mm: np.ndarray) -> sitk.Image:
    """A fundus image (H, W) in register, from points seen on it and on the scan.

    Args:
        pixel_points: (N, 2) column and row on the image, N >= 2; two points or points on one line give a similarity, others the
            best affine map.
        plane_points_mm: (N, 2) x and z in the fundus plane (`geometry`): LPS x and z of points of the scan.

    Returns the image upright; sheared or turned ones are resampled (linear, zero outside), in pixels of the same size.

    Raises:
        InputError: fewer than two different points, or a map that is no picture of the scan (mirrored, collapsed).
    """
    matrix, shift = _affine(np.asarray(pixel_points, float), np.asarray(plane_points_mm, float))
    sizes = np.linalg.norm(matrix, axis=0)
    if np.linalg.det(matrix) >= 0 or sizes.min() < 0.2 * sizes.max():
        raise InputError(
            "The points do not fit: the fundus image would lie mirrored or squeezed over the scan. Is it of the other eye, or "
            "are two points exchanged?"
        )
    sx, sz = float(sizes[0]), float(sizes[1])
    if np.abs(matrix / sizes - np.array([[1, 0], [0, -1]])).max() < 1e-4:
        return upright_image(pixels, (sx, sz), (float(shift[0]), float(shift[1])))
    return _resampled(pixels, matrix, shift, (sx, sz))


def add_fundus(
    scan: OctScan, kind: str, pixels: np.ndarray, pixel_points: np.ndarray, plane_points_mm: np.ndarray, eye: str = ""
) -> None:
    """Put a fundus image into the scan's `fundus`, in register by points (`placed_by_points`).

    Raises:
        InputError: the image is of the other eye, or the points do not fit.
    """
    check_same_eye(eye, scan.eye, kind)
    scan.fundus[kind] = over_scan(placed_by_points(gray(pixels), pixel_points, plane_points_mm), scan.volume)


def check_same_eye(of_image: str, of_scan: str, kind: str = "fundus") -> None:
    """Refuse an image of the other eye; eyes are "R", "L", or "" where unknown.

    Raises:
        InputError: both are known, and differ.
    """
    if of_image and of_scan and of_image != of_scan:
        names = {"R": "right", "L": "left"}
        raise InputError(
            f"The {kind} image shows the {names[of_image]} eye, the scan the {names[of_scan]} eye. Choose the other image."
        )


def _affine(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares map target = matrix @ source + shift; rows of images run downwards, so its determinant is negative."""
    if source.shape != target.shape or source.ndim != 2 or source.shape[1:] != (2,) or len(source) < 2:
        raise InputError("To place a fundus image, at least two points on it and the same points on the scan are needed.")
    centered = source - source.mean(axis=0)
    spread = np.linalg.svd(centered, compute_uv=False)
    if spread[0] < 1:
        raise InputError("The points on the fundus image are all the same: choose points far apart.")
    if len(source) > 2 and spread[1] > 0.05 * spread[0]:
        solution = np.linalg.lstsq(np.column_stack([source, np.ones(len(source))]), target, rcond=None)[0]
        return solution[:2].T, solution[2]
    z = centered[:, 0] - 1j * centered[:, 1]  # similarity, as complex numbers: rows point downwards
    w = target - target.mean(axis=0)
    factor = np.vdot(z, w[:, 0] + 1j * w[:, 1]) / np.vdot(z, z)
    matrix = np.array([[factor.real, factor.imag], [factor.imag, -factor.real]])
    return matrix, target.mean(axis=0) - matrix @ source.mean(axis=0)


def _resampled(pixels: np.ndarray, matrix: np.ndarray, shift: np.ndarray, spacing: tuple[float, float]) -> sitk.Image:
    height, width = pixels.shape
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], float) @ matrix.T + shift
    low, high = corners.min(axis=0), corners.max(axis=0)
    columns, rows = (int(np.ceil((high - low)[i] / spacing[i])) + 1 for i in (0, 1))
    to_pixels = np.linalg.inv(matrix)
    transform = sitk.AffineTransform(2)
    transform.SetMatrix(to_pixels.ravel().tolist())
    transform.SetTranslation((-to_pixels @ shift).tolist())
    flat = sitk.Resample(
        sitk.GetImageFromArray(np.ascontiguousarray(pixels)), (columns, rows), transform, sitk.sitkLinear, low.tolist(), spacing
    )
    image = sitk.GetImageFromArray(sitk.GetArrayViewFromImage(flat)[:, None, :])
    image.SetSpacing((spacing[0], 1.0, spacing[1]))
    image.SetOrigin((float(low[0]), 0.0, float(low[1])))
    return image
