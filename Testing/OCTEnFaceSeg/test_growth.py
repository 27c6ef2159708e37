"""Growth rates and their error, from areas that are known."""

import numpy as np
import pytest

from OCTEnFaceSegLib.measures.growth import LOST, NEW, STABLE, difference_map, growth, repeatability


def test_rates_of_two_visits():
    rates = growth([0.0, 2.0], [4.0, 9.0])["overall"]
    assert rates["change_mm2"] == 5
    assert rates["mm2_per_year"] == pytest.approx(2.5)
    assert rates["mm_per_year"] == pytest.approx(0.5)


def test_a_lesion_whose_radius_grows_evenly_has_one_rate_of_the_root():
    years = np.array([0.0, 0.5, 1.4, 2.0])
    values = growth(years, (1.0 + 0.3 * years) ** 2)
    assert [r["mm_per_year"] for r in values["intervals"]] == pytest.approx([0.3] * 3)
    assert values["overall"]["mm_per_year"] == pytest.approx(0.3)
    assert values["intervals"][2]["mm2_per_year"] > values["intervals"][0]["mm2_per_year"]


def test_scans_of_one_day_tell_the_error_and_no_rate():
    values = growth([0.0, 0.0, 1.0, 1.0], [4.0, 4.2, 6.0, 6.2])
    assert len(values["intervals"]) == 1
    assert values["repeatability"]["within_sd_mm2"] == pytest.approx(np.sqrt(0.02))
    assert values["repeatability"]["limit_mm2"] == pytest.approx(1.96 * np.sqrt(2) * np.sqrt(0.02))
    assert values["repeatability"]["scans"] == 4


def test_without_a_repeat_the_error_is_not_known_and_one_moment_has_no_growth():
    assert repeatability([0.0, 1.0], [4.0, 5.0]) is None
    assert growth([0.0, 0.0], [4.0, 4.1])["overall"] is None


def test_the_limit_holds_for_95_of_100_repeats():
    rng = np.random.default_rng(0)
    areas = 5 + rng.normal(0, 0.1, (4000, 2))
    limit = repeatability(np.repeat(np.arange(4000.0), 2), areas.ravel())["limit_mm2"]
    assert (np.abs(areas[:, 0] - areas[:, 1]) < limit).mean() == pytest.approx(0.95, abs=0.01)


def test_a_lesion_that_vanishes_shrinks():
    rates = growth([0.0, 1.0], [1.0, 0.0])["overall"]
    assert rates["mm_per_year"] == -1


def test_the_difference_map_tells_new_stable_and_lost_where_both_were_scanned():
    first = np.array([[1, 1, 0, 0, 1]], bool)
    later = np.array([[1, 0, 1, 0, 1]], bool)
    covered = np.array([[1, 1, 1, 1, 0]], bool)
    assert difference_map(first, later, covered).tolist() == [[STABLE, LOST, NEW, 0, 0]]
