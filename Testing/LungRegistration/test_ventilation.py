"""Ventilation from the Jacobian and from HU, parametric response map."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.measures import ventilation


def test_a_lung_that_empties_by_a_fifth_has_the_same_ventilation_in_both_directions():
    """V_ex = 0.8 V_in: (V_in - V_ex) / V_ex = 0.25, whichever of the two is the fixed image."""
    assert ventilation.jacobian_ventilation(np.array([0.8]), "inspiration") == pytest.approx([0.25])
    assert ventilation.jacobian_ventilation(np.array([1.25]), "expiration") == pytest.approx([0.25])


def test_folded_voxels_have_no_ventilation():
    assert np.isnan(ventilation.jacobian_ventilation(np.array([0.0, -0.5]))).all()


def test_gas_change_from_hu_is_that_of_a_volume_with_constant_tissue():
    """1 ml of tissue with 4 ml of gas (HU -800) takes in 1 ml of gas (HU -833.3): specific gas change 1/4."""
    expiration, inspiration = np.array([-800.0]), np.array([-1000 * 5 / 6])
    assert ventilation.specific_gas_change(inspiration, expiration, "inspiration") == pytest.approx([0.25])
    assert ventilation.specific_gas_change(expiration, inspiration, "expiration") == pytest.approx([0.25])


def test_parametric_response_map_at_its_thresholds():
    inspiration = np.array([-900.0, -900, -960, -960, -949, -950, -900])
    expiration = np.array([-700.0, -870, -870, -800, -855, -856, -700])
    region = np.array([True] * 6 + [False])
    classes = ventilation.parametric_response_map(inspiration, expiration, region, "inspiration")
    assert [ventilation.PRM_CLASSES.get(c, "outside") for c in classes] == [
        "normal",
        "functional small airways disease",
        "emphysema",
        "unclassified",
        "normal",
        "emphysema",
        "outside",
    ]
    swapped = ventilation.parametric_response_map(expiration, inspiration, region, "expiration")
    assert (swapped == classes).all()


def test_smoothing_over_the_lung_does_not_see_the_chest_wall():
    lung = np.zeros((20, 20, 20), bool)
    lung[5:15, 5:15, 5:15] = True
    hu = np.where(lung, -850.0, 50.0)
    smooth = ventilation.smooth_in_region(hu, lung, 4.0, (1.0, 1.0, 2.0))
    assert smooth[lung] == pytest.approx(-850, abs=0.1)
    assert (smooth[~lung] == 50).all()


def test_regional_summary():
    region = np.ones((12, 12, 12), bool)
    half = region.copy()
    half[6:] = False
    hu_in = np.full(region.shape, -880.0)
    hu_ex = np.where(half, -700.0, -870.0)
    jacobian = np.where(half, 0.8, 1.0)
    maps = ventilation.function_maps(hu_in, hu_ex, jacobian, region, (8.0, 8.0, 8.0))
    summary = ventilation.regional_function(maps, {"lung": region, "half": half})
    assert summary["half"]["jacobian_ventilation"]["mean"] == pytest.approx(0.25, rel=1e-5)
    assert summary["lung"]["jacobian_ventilation"]["mean"] == pytest.approx(0.125, rel=1e-5)
    assert summary["half"]["prm_percent"]["normal"] == 100
    assert summary["lung"]["prm_percent"]["functional small airways disease"] == 50


def test_an_unknown_phase_is_refused():
    with pytest.raises(InputError, match="inspiration or expiration"):
        ventilation.jacobian_ventilation(np.ones(3), "inhale")
