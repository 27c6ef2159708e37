"""Slabs along Bruch's membrane, and maps on square pixels."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.measures.lesion import area_mm2
from OCTEnFaceSegLib.projections import SLABS, Slab, filled, projection, signed_distance_mm, square_pixels
from Testing.OCTEnFaceSeg.enface_examples import SPACING, disc, layered


def test_a_slab_holds_the_voxels_between_its_surfaces():
    volume = np.broadcast_to(np.arange(20, dtype=np.float32)[None, :, None], (3, 20, 4)).copy()
    bruch = np.full((3, 4), 9.5)  # the rim between voxels 9 and 10
    assert projection(volume, bruch, Slab(0.0, 0.03), 0.01) == pytest.approx(np.full((3, 4), 11.0))  # voxels 10, 11, 12
    assert projection(volume, bruch, Slab(-0.02, 0.0), 0.01) == pytest.approx(np.full((3, 4), 8.5))  # 8, 9
    assert projection(volume, bruch, Slab(0.005, 0.025), 0.01) == pytest.approx(
        np.full((3, 4), 11.0)
    )  # half of 10, 11, half of 12
    assert projection(volume, bruch, SLABS["whole"], 0.01) == pytest.approx(np.full((3, 4), 9.5))


def test_a_slab_follows_the_membrane():
    volume, bruch = layered()
    rpe = projection(volume, bruch, Slab(-0.02, -0.005), SPACING[1])
    assert rpe.mean() == pytest.approx(1.0, abs=0.05)
    assert projection(volume, bruch + 20, Slab(-0.02, -0.005), SPACING[1]).mean() < 0.5


def test_a_slab_outside_of_the_scan_has_no_value():
    volume, bruch = layered()
    bruch[3, 5] = np.nan
    bruch[:, 7] = 98
    values = projection(volume, bruch, SLABS["sub_rpe"], SPACING[1])
    assert np.isnan(values[3, 5])
    assert np.isnan(values[:, 7]).all()
    assert np.isfinite(values).sum() == values.size - 1 - len(values)


def test_missing_values_are_those_of_the_nearest_pixel():
    values = np.array([[1.0, np.nan, np.nan, 5.0]])
    assert filled(values).tolist() == [[1, 1, 5, 5]]
    assert filled(np.full((2, 2), np.nan)).tolist() == [[0, 0], [0, 0]]


def test_an_empty_slab_is_refused():
    with pytest.raises(InputError, match="empty"):
        Slab(0.4, 0.064)


def test_square_pixels_keep_a_plane_and_the_size():
    b, a = np.indices((9, 64))
    square = square_pixels(b * SPACING[2] + 2 * a * SPACING[0], SPACING)
    rows, columns = np.indices(square.shape)
    assert square.shape == (round(8 * SPACING[2] / SPACING[0]) + 1, 64)
    inside = slice(0, square.shape[0] - 1)
    assert square[inside] == pytest.approx(((rows + 2 * columns) * SPACING[0])[inside], abs=1e-4)


def test_a_disc_has_its_area():
    mask = disc((40, 400), (20, 200), 1.0)
    assert area_mm2(mask, SPACING) == pytest.approx(np.pi, rel=0.01)


def test_signed_distance_is_positive_inside_and_has_no_border_in_an_empty_mask():
    mask = disc((40, 400), (20, 200), 1.0)
    assert signed_distance_mm(mask, SPACING).max() == pytest.approx(1.0, abs=0.07)
    assert signed_distance_mm(mask, SPACING)[0, 0] == pytest.approx(1 - np.hypot(200 * SPACING[0], 20 * SPACING[2]), abs=0.07)
    assert (signed_distance_mm(np.zeros((3, 4), bool), SPACING) < 0).all()
    assert (signed_distance_mm(np.ones((3, 4), bool), SPACING) > 0).all()
