"""The benchmarks of the alignment on one small patient: errors fall by the fit, and the tables hold what was measured."""

import numpy as np
import pytest

from Testing.bench import tavi, tavi_matching, tavi_real
from Testing.bench.tavi_cases import LANDMARKS, make_case
from Testing.TAVIFusion.real_phantom import real_phantom

SEED = 3


@pytest.fixture(scope="module")
def case():
    return make_case(SEED, 160)


def test_the_start_is_off_and_the_fit_brings_the_landmarks_back(case):
    outcomes = tavi.outcomes_of(case)
    assert [one.setting for one in outcomes] == ["one view", "two views", "two views, moved between"]
    for one in outcomes:
        assert one.plane_mm.shape == (len(LANDMARKS),)
        assert one.plane_mm.mean() < 0.5 * one.before_mm.mean()
    row = tavi.table(outcomes, "rendered").splitlines()[4]
    assert row.startswith(f"| one view | 1 | {np.median(outcomes[0].before_mm):.2f} | {np.median(outcomes[0].plane_mm):.2f} (")


def test_affine_methods_stand_beside_each_other(case):
    rows = {method: [figures] for method, figures in tavi_matching.figures_of(case, tavi_matching.WITHOUT_NETWORK)}
    assert rows["direct"][0][0] > rows["identity"][0][0]  # DSC
    shown = tavi_matching.table(rows).splitlines()[3]
    assert shown.startswith(f"| identity | {rows['identity'][0][0]:.2f} (")


def test_real_runs_are_segmented_by_the_filter_and_nothing_is_aligned_worse_than_it_was(monkeypatch):
    monkeypatch.setattr(tavi_real, "STARTS", 3)
    phantom = real_phantom()
    found = list(tavi_real.segmented(phantom, []))
    assert [run for _method, run, _scores in found] == ["IM1.dcm", "IM5.dcm"]
    assert all(0.5 < scores["dsc"] < 0.95 for _method, _run, scores in found)
    rows = {(method, run): (dsc, error_mm) for method, run, dsc, error_mm in tavi_real.matched(phantom)}
    for run in ("IM1.dcm", "IM5.dcm"):
        before = rows["identity", run]
        assert all(dsc >= before[0] and error_mm <= before[1] for (_method, of), (dsc, error_mm) in rows.items() if of == run)
