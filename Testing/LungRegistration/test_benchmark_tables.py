"""What papers print, what a correct reader gives, and what the summary of a run makes of its errors."""

import csv

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.benchmarks.comparison import comparisons
from LungRegistrationLib.benchmarks.initial_errors import deviation, initial_error_mm
from LungRegistrationLib.benchmarks.protocols import PROTOCOLS
from LungRegistrationLib.benchmarks.published import COPD, FOUR_D_CT
from LungRegistrationLib.benchmarks.results import CaseResult, pooled_std, summary, write_csv
from LungRegistrationLib.formats import dirlab
from Testing.LungRegistration.benchmark_examples import set_initial_errors


def test_each_protocol_names_every_case_of_its_tables():
    assert [len(protocol.cases) for protocol in PROTOCOLS.values()] == [10, 10, 30]
    for protocol in PROTOCOLS.values():
        assert all(len(row.cases_mm) in (0, len(protocol.cases)) for row in protocol.published)
        assert set(protocol.initial_tre_mm) in (set(), set(protocol.cases))
        assert protocol.name == "empire10" or set(protocol.cases) <= set(dirlab.CASES)


@pytest.mark.parametrize("row", [row for row in (*COPD, *FOUR_D_CT) if row.cases_mm], ids=lambda row: row.method)
def test_printed_means_are_those_of_the_printed_cases(row):
    allowed = 0.06 if row.method.startswith("DLIR") else 0.01  # the paper's own mean of DLIR is 0.05 mm off
    assert np.mean(row.cases_mm) == pytest.approx(row.mean_mm, abs=allowed)


def test_initial_errors_are_those_of_the_300_landmarks():
    assert np.mean(list(PROTOCOLS["dirlab-copd"].initial_tre_mm.values())) == pytest.approx(23.36, abs=0.005)
    no_registration = FOUR_D_CT[0].cases_mm
    assert tuple(PROTOCOLS["dirlab-4dct"].initial_tre_mm.values()) == no_registration


def test_cases_are_chosen_by_name_or_number_in_the_order_of_the_table():
    assert PROTOCOLS["dirlab-copd"].chosen(["10", "copd2"]) == ("copd2", "copd10")
    assert PROTOCOLS["dirlab-4dct"].chosen(["4dct3"]) == ("4dct3",)
    assert PROTOCOLS["empire10"].chosen(["7", "21"]) == ("07", "21")
    assert len(PROTOCOLS["empire10"].chosen(None)) == 30
    with pytest.raises(InputError, match="DIR-Lab COPDgene has no case copd11: choose from copd1 to copd10"):
        PROTOCOLS["dirlab-copd"].chosen(["11"])


def points(count=300, seed=0):
    """Fixed and moving landmarks on voxel centers of a 0.6 x 0.6 x 2.5 mm volume, and that volume."""
    rng = np.random.default_rng(seed)
    volume = sitk.Image(200, 200, 60, sitk.sitkUInt8)
    volume.SetSpacing((0.6, 0.6, 2.5))
    fixed = rng.integers([20, 20, 5], [180, 150, 50], (count, 3))
    moving = fixed + rng.integers([-3, -2, -4], [9, 20, 9], (count, 3))
    return fixed * [0.6, 0.6, 2.5], moving * [0.6, 0.6, 2.5], volume


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (lambda p, h: p * [1, 1, -1] + [0, 0, h], "slices from the other end"),
        (lambda p, h: p[:, [1, 0, 2]], "x and y exchanged"),
        (lambda p, h: p + [0.6, 0.6, -2.5], "one of the lists counts from 1, the other from 0"),
        (lambda p, h: p + 0.31, "no whole voxel numbers"),
        (lambda p, h: p * [1, 1, 2], "the files were changed"),
    ],
)
def test_landmarks_that_are_not_the_papers_are_told_with_the_likely_cause(monkeypatch, wrong, cause):
    fixed, moving, volume = points()
    set_initial_errors(monkeypatch, "dirlab-copd", initial_tre_mm={"copd1": initial_error_mm(fixed, moving), "copd2": 99.0})
    protocol = PROTOCOLS["dirlab-copd"]
    assert deviation(protocol, "copd1", fixed, moving, volume) is None
    said = deviation(protocol, "copd1", fixed, wrong(moving, 59 * 2.5), volume)
    assert said.startswith("copd1: the landmarks are ")
    assert cause in said


def test_landmarks_of_another_case_of_the_full_set_and_too_few_are_recognized(monkeypatch):
    fixed, moving, volume = points()
    found = initial_error_mm(fixed, moving)
    set_initial_errors(monkeypatch, "dirlab-copd", initial_tre_mm={"copd1": 20.0, "copd2": found}, full_sets_mm={})
    assert "these are the landmarks of copd2" in deviation(PROTOCOLS["dirlab-copd"], "copd1", fixed, moving, volume)
    set_initial_errors(monkeypatch, "dirlab-copd", initial_tre_mm={"copd1": 20.0}, full_sets_mm={"copd1": found})
    assert "the full point sets, not the 300" in deviation(PROTOCOLS["dirlab-copd"], "copd1", fixed, moving, volume)
    set_initial_errors(monkeypatch, "dirlab-copd", initial_tre_mm={"copd1": found})
    few = deviation(PROTOCOLS["dirlab-copd"], "copd1", fixed[:50], moving[:50], volume)
    assert "there are 50 landmarks instead of 300" in few


def case(name, errors, **measures):
    errors = np.asarray(errors, float)
    known = {"landmarks": len(errors), "tre_mm": errors.mean(), "snapped_tre_mm": errors.mean()}
    known["snapped_tre_std_mm"] = errors.std(ddof=1)
    fixed = np.arange(3.0 * len(errors)).reshape(-1, 3)
    return CaseResult(name, "done", "", {**known, **measures}, fixed, errors + 10, errors)


def test_the_summary_pools_landmarks_and_averages_cases(tmp_path):
    a, b = case("copd1", [1, 2, 3], dice=0.9), case("copd2", [4, 5, 6, 9], dice=0.8)
    means = summary([a, b, CaseResult("copd3", "failed", "no memory")])
    assert means["cases"] == 2
    assert means["failed"] == ["copd3"]
    assert means["mean"]["tre_mm"] == pytest.approx((2 + 6) / 2)
    assert means["std"]["tre_mm"] == pytest.approx(np.std([2, 6], ddof=1))
    everything = np.array([1, 2, 3, 4, 5, 6, 9])
    assert means["landmarks"]["after"]["median"] == 4
    assert means["landmarks"]["after"]["std"] == pytest.approx(everything.std(ddof=1))
    assert means["snapped_std_mm"] == pytest.approx(everything.std(ddof=1))
    assert means["dice30"] == 0.8  # the worse one of two
    write_csv(tmp_path / "results.csv", [a, b, CaseResult("copd3", "failed", "no memory")])
    rows = list(csv.DictReader((tmp_path / "results.csv").open(encoding="utf-8")))
    assert [row["case"] for row in rows] == ["copd1", "copd2", "copd3", "mean", "std"]
    assert float(rows[3]["tre_mm"]) == 4
    assert (rows[2]["tre_mm"], rows[2]["reason"]) == ("", "no memory")


def test_a_summary_without_any_case_has_no_numbers():
    means = summary([CaseResult("01", "failed", "x")])
    assert means["landmarks"] == {"before": None, "after": None}
    assert set(means["mean"].values()) == {None}
    assert pooled_std([]) is None


def test_runs_are_compared_at_the_landmarks_that_they_share():
    rng = np.random.default_rng(0)
    errors = {name: rng.gamma(2, 1, 60) for name in ("copd1", "copd2", "copd3")}
    this = [case(name, values, dice=0.9) for name, values in errors.items()]
    worse = {name: case(name, values + rng.uniform(0.1, 0.5, 60), dice=0.8) for name, values in errors.items()}
    same = {name: case(name, values, dice=0.9) for name, values in errors.items()}
    rows = {(row["other"], row["of"]): row for row in comparisons(this, {"worse": worse, "same": same})}
    assert len(rows) == 6
    landmarks = rows["worse", "errors of landmarks"]
    assert landmarks["count"] == 180
    assert -0.5 < landmarks["median_difference"] < -0.1
    assert landmarks["p"] < 1e-20
    assert landmarks["p_bonferroni"] == pytest.approx(2 * landmarks["p"])
    assert rows["same", "errors of landmarks"]["p"] == 1
    assert rows["worse", "mean errors of cases"]["p"] == pytest.approx(0.25)  # three cases cannot tell more
    assert rows["worse", "Dice of cases"]["median_difference"] == pytest.approx(0.1)


def test_runs_with_other_landmarks_or_nothing_in_common_are_refused():
    this = [case("copd1", [1, 2, 3]), case("copd2", [1, 2, 3])]
    with pytest.raises(InputError, match="fewer than two finished cases in common"):
        comparisons(this, {"other": {"copd1": this[0]}})
    moved = case("copd2", [1, 2, 3])
    moved.fixed_mm = moved.fixed_mm + 1
    with pytest.raises(InputError, match="The run other has other landmarks in copd2"):
        comparisons(this, {"other": {"copd1": this[0], "copd2": moved}})
