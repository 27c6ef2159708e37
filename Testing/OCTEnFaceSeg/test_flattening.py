"""Flattening on Bruch's membrane: it makes the membrane a plane."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.flattening import flatten

DY = 0.004


def tilted(bscans=3, depth=120, ascans=40):
    """A volume whose value is the distance below a tilted surface, in voxels."""
    surface = 60 + np.linspace(-15, 18, ascans)[None, :] + np.array([0.0, 2.3, -4.6])[:bscans, None]
    return np.arange(depth)[None, :, None] - surface[:, None, :], surface


def test_a_tilted_surface_becomes_a_plane_at_any_number_of_rows():
    volume, surface = tilted()
    for rows in (None, 16, 50, 128):
        flat = flatten(volume, surface, 0.12, 0.08, DY, rows)
        count = rows or 50
        assert flat.shape == (3, count, 40) and flat.dtype == np.float32
        expected = -30 + (np.arange(count) + 0.5) * 50 / count
        np.testing.assert_allclose(flat, np.broadcast_to(expected[:, None], flat.shape), atol=1e-3)


def test_beyond_the_volume_its_last_value_goes_on():
    volume, surface = tilted()
    flat = flatten(volume, surface, 0.6, 0.6, DY)
    np.testing.assert_allclose(flat[:, 0], volume[:, 0], atol=1e-4)
    np.testing.assert_allclose(flat[:, -1], volume[:, -1], atol=1e-4)


def test_surfaces_that_do_not_fit_or_have_gaps_are_refused():
    volume, surface = tilted()
    with pytest.raises(InputError, match="shape"):
        flatten(volume, surface[:2], 0.1, 0.1, DY)
    surface[0, 0] = np.nan
    with pytest.raises(InputError, match="finite"):
        flatten(volume, surface, 0.1, 0.1, DY)
    with pytest.raises(InputError, match="extent"):
        flatten(volume, np.ones_like(surface), 0.1, -0.1, DY)
