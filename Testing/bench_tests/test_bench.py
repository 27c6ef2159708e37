"""The benchmark counts what it should, and says why a peer has no figures."""

import json
import sys

import numpy as np
import pytest
import SimpleITK as sitk

from Testing.bench import methods
from Testing.bench.__main__ import main
from Testing.bench.environments import Environment, NotInstalled
from Testing.bench.methods import Failed, Method
from Testing.bench.pairs import phantom_pair
from Testing.bench.scores import scores
from Testing.bench.table import Result, comparisons, means


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return phantom_pair(tmp_path_factory.mktemp("pair"), seed=0, size=(64, 56, 64))


def test_the_true_field_scores_best(pair):
    true = scores(pair, sitk.ReadImage(str(pair / "true_field.nrrd")))
    none = scores(pair, None)
    assert true["tre_mean"] < 0.5 < 5 < none["tre_mean"]  # trilinear in 5 mm voxels
    assert true["dense_mean"] == pytest.approx(0.0, abs=1e-4)
    assert true["jacobian_r"] > 0.85  # central differences over 10 mm
    assert true["jacobian_mae"] < none["jacobian_mae"] / 2
    assert abs(true["volume_error_percent"]) < 3 < abs(none["volume_error_percent"])


def test_the_centers_of_the_masks_meet(pair):
    centers = []
    for role in ("fixed", "moving"):
        mask = sitk.ReadImage(str(pair / f"{role}_mask.nrrd"))
        index = np.argwhere(sitk.GetArrayFromImage(mask) > 0).mean(axis=0)[::-1]
        centers.append(mask.TransformContinuousIndexToPhysicalPoint(index.tolist()))
    np.testing.assert_allclose(*centers, atol=1e-3)


def test_folding_is_counted(pair):
    field = sitk.ReadImage(str(pair / "true_field.nrrd"))
    values = sitk.GetArrayFromImage(field)
    values[32, 28, 32, 2] += 60.0  # one point thrown over its neighbors
    folded = sitk.GetImageFromArray(values, isVector=True)
    folded.CopyInformation(field)
    assert scores(pair, folded)["folding_everywhere_percent"] > scores(pair, field)["folding_everywhere_percent"]


def test_wilcoxon_sees_a_difference_and_no_difference():
    rng = np.random.default_rng(0)
    errors = rng.gamma(2.0, 0.5, 300)
    results = [
        Result("phantom 1", "ours", {"tre_mean": 1.0}, errors.tolist()),
        Result("phantom 1", "same", {"tre_mean": 1.0}, (errors + rng.normal(0, 0.1, 300)).tolist()),
        Result("phantom 1", "worse", {"tre_mean": 2.0}, (errors + 0.2).tolist()),
        Result("phantom 1", "absent", reason="no package"),
    ]
    p = {row["peer"]: row["p"] for row in comparisons(results, "ours")}
    assert p["worse"] < 1e-10 < 0.05 < p["same"] <= 1.0
    assert "absent" not in p


def test_means_are_over_the_pairs_that_were_finished():
    results = [Result(f"phantom {i}", "ours", {"tre_mean": float(i)}) for i in (1, 2)]
    results.append(Result("phantom 3", "ours", reason="stopped"))
    (row,) = means(results)
    assert row.pair == "phantom: mean of 2"
    assert row.figures["tre_mean"] == pytest.approx(1.5)


def test_a_peer_that_cannot_be_installed_or_fails_is_reported(tmp_path, pair, monkeypatch):
    environment = Environment("none", ("correspond-has-no-such-package==1.0",))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(NotInstalled, match="no-such-package"):
        environment.python(tmp_path / "envs")
    monkeypatch.setattr(methods, "PEERS", tmp_path)
    (tmp_path / "fails.py").write_text("import sys; sys.exit('cannot do it')")
    (tmp_path / "hangs.py").write_text("import time; time.sleep(60)")
    monkeypatch.setattr(Environment, "python", lambda self, root: sys.executable)
    for script, limit_s, message in (("fails.py", 60, "cannot do it"), ("hangs.py", 0.5, "stopped after")):
        with pytest.raises(Failed, match=message):
            Method("peer", "", script=script, environment=environment).run(pair, tmp_path / "run", tmp_path, 1, limit_s)


@pytest.mark.slow
def test_a_quick_run_leaves_a_table(tmp_path):
    assert main(["--quick", "--pairs", "phantom", "--methods", "Correspond fast,demons", "--output", str(tmp_path)]) == 0
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["results"]
    by_method = {r["method"]: r["figures"] for r in results}
    assert by_method["Correspond fast"]["tre_mean"] < by_method["none (pre-aligned)"]["tre_mean"] / 2
    assert "| Correspond fast |" in (tmp_path / "results.md").read_text(encoding="utf-8")
