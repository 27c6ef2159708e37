"""Lung masks of made-up chests: both lungs or one, no trachea, no table, no air around the body, whatever the grid."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from LungRegistrationLib.masks import body_mask, lung_mask
from Testing.data import real_data
from Testing.LungRegistration.registration_examples import from_array, grid_image, voxel_points

SPACING_MM = 4.0
SIZE = 80


def ellipsoid(points, center, half_axes) -> np.ndarray:
    return (((points - np.array(center)) / np.array(half_axes)) ** 2).sum(axis=-1) < 1


def chest(direction=None, lungs=("right", "left"), table=True, background=-1000.0) -> tuple[sitk.Image, np.ndarray]:
    """CT and true lungs (with their vessels) of a chest of simple solids: body, lungs, trachea, stomach gas, table, noise."""
    grid = grid_image(direction, SIZE, SPACING_MM)
    p = voxel_points(grid)
    hu = np.full(p.shape[:-1], background)
    hu[ellipsoid(p, (0, 0, 0), (145, 100, 400))] = 30
    truth = np.zeros(hu.shape, bool)
    for side, x in (("right", -65), ("left", 65)):
        if side in lungs:
            truth |= ellipsoid(p, (x, 0, 0), (50, 70, 110))
    hu[truth] = -850
    vessel = truth & (np.hypot(p[..., 1] - 10, p[..., 2] - 5) < 4)
    hu[vessel] = 40
    hu[(np.hypot(p[..., 0], p[..., 1] - 10) < 8) & (p[..., 2] > 20)] = -990  # trachea, leaves the image at the top
    hu[ellipsoid(p, (40, -30, -135), (20, 20, 14))] = -1000  # gas in the stomach
    if table:
        hu[(np.abs(p[..., 1] - 120) < 5) & (np.abs(p[..., 0]) < 120)] = -300
    hu += np.random.default_rng(0).normal(scale=30, size=hu.shape)
    return from_array(hu.astype(np.int16), grid), truth


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lungs": ("right",)},
        {"table": False},
        {"direction": np.diag([-1.0, 1.0, -1.0])},
        {"direction": np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])},
        {"background": -2048.0},
    ],
    ids=["both lungs", "one lung", "no table", "turned axes", "permuted axes", "padded with -2048"],
)
def test_lungs_are_found_without_trachea_gas_and_outside_air(options):
    ct, truth = chest(**options)
    found = lung_mask(ct)
    assert found is not None
    assert found.GetSize() == ct.GetSize() and found.GetDirection() == ct.GetDirection()
    inside = sitk.GetArrayFromImage(found) > 0
    assert dice(inside, truth) > 0.96
    p = voxel_points(ct)
    trachea = (np.hypot(p[..., 0], p[..., 1] - 10) < 7) & (p[..., 2] > 30)
    gas = ellipsoid(p, (40, -30, -135), (18, 18, 12))
    assert not inside[trachea].any() and not inside[gas].any()


def test_vessels_belong_to_the_lung():
    ct, truth = chest()
    inside = sitk.GetArrayFromImage(lung_mask(ct)) > 0
    core = ndimage.binary_erosion(truth, iterations=2)
    assert inside[core].mean() > 0.995


def test_a_lung_cut_by_the_edge_of_a_small_field_of_view_is_kept():
    ct, truth = chest(table=False)
    part = ct[2:40, 10:70, 8:66]
    found = lung_mask(part)
    assert found is not None
    assert dice(sitk.GetArrayFromImage(found) > 0, truth[8:66, 10:70, 2:40]) > 0.95


@pytest.mark.parametrize("value", [0, -1000])
def test_no_lungs_in_a_constant_image(value):
    ct = sitk.Image([40, 40, 40], sitk.sitkInt16) + value
    ct.SetSpacing([5.0] * 3)
    assert lung_mask(ct) is None


def test_no_lungs_in_a_solid_body_and_in_a_thin_slab():
    ct, _ = chest(lungs=())
    assert lung_mask(ct) is None
    assert lung_mask(chest()[0][:, :, 40:42]) is None


def test_body_is_the_chest_without_table_and_air():
    ct, _ = chest()
    p = voxel_points(ct)
    body = ellipsoid(p, (0, 0, 0), (145, 100, 400))
    assert dice(sitk.GetArrayFromImage(body_mask(ct)) > 0, body) > 0.97


@pytest.mark.parametrize("name", ["baseline", "followup"])
def test_the_lung_of_a_real_scan_agrees_with_its_given_mask(name):
    folder = real_data("lung/elastix")
    found = lung_mask(sitk.ReadImage(str(folder / f"3DCT_lung_{name}.mha")))
    given = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"3DCT_lung_{name}_mask.mha"))) > 0
    assert found is not None
    assert dice(sitk.GetArrayFromImage(found) > 0, given) > 0.97
