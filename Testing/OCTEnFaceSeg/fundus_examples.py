"""Fundus images as another device would take them: turned, shifted, stretched, on a frame of their own."""

import numpy as np
import SimpleITK as sitk

from OCTEnFaceSegLib.enface_plane import plane_image


def affine(matrix, shift):
    transform = sitk.AffineTransform(2)
    transform.SetMatrix(np.asarray(matrix, float).ravel().tolist())
    transform.SetTranslation(list(map(float, shift)))
    return transform


def another_device(fundus, matrix=((1.05, -0.06), (0.07, 0.97)), shift=(0.35, -0.2), pixel_mm=0.015, pixels=560):
    """What shows at m(p) the place that `fundus` (x, 1, z) shows at p: image (x, 1, z), and m."""
    there = affine(matrix, shift)
    grid = sitk.Image([pixels, pixels], sitk.sitkFloat32)
    grid.SetSpacing((pixel_mm, pixel_mm))
    grid.SetOrigin((-pixels / 2 * pixel_mm, -pixels / 2 * pixel_mm))
    flat = sitk.Resample(plane_image(fundus), grid, there.GetInverse(), sitk.sitkLinear, 0.0)
    image = sitk.GetImageFromArray(sitk.GetArrayFromImage(flat)[:, None, :])
    image.SetSpacing((pixel_mm, 1.0, pixel_mm))
    image.SetOrigin((grid.GetOrigin()[0], 0.0, grid.GetOrigin()[1]))
    return image, there
