"""From a scan to a mask."""

import numpy as np
import pytest

from CorrespondCoreLib.checkpoints import save_model
from CorrespondCoreLib.errors import Cancelled, InputError
from CorrespondCoreLib.metrics import dice
from CorrespondCoreLib.models import ModelStore
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib.measures.lesion import area_mm2
from OCTEnFaceSegLib.pipeline import segment
from OCTEnFaceSegLib.scan import CIRCLE, LINE, RADIAL
from OCTEnFaceSegLib.settings import HypertransmissionSettings, SegmentationSettings
from Testing.OCTEnFaceSeg.enface_examples import disc, layered, scan_of

GA = disc((24, 128), (12, 64), 0.5)
VOLUME, BRUCH = layered(lesion=GA)
BY_BRIGHTNESS = SegmentationSettings(method="hypertransmission", hypertransmission=HypertransmissionSettings(slab_mm=(0.02, 0.1)))


def test_atrophy_by_brightness_says_what_it_is():
    scan = scan_of(VOLUME, layers={"BM": BRUCH})
    result = segment(scan, BY_BRIGHTNESS)
    assert result.method == "hypertransmission (no network)"
    assert result.models == []
    assert result.bruch_source == "file"
    assert dice(result.mask, GA) > 0.88
    assert "Bruch's membrane moves" in result.uncertainty_is
    rim = disc((24, 128), (12, 64), 0.6) & ~disc((24, 128), (12, 64), 0.4)
    assert result.uncertainty[rim].mean() > result.uncertainty[~disc((24, 128), (12, 64), 0.7)].mean()


def test_a_membrane_that_is_given_is_used():
    result = segment(scan_of(VOLUME), BY_BRIGHTNESS, bruch_depth=BRUCH)
    assert result.bruch_source == "given"
    assert dice(result.mask, GA) > 0.88


@pytest.mark.parametrize(("pattern", "reason"), [(CIRCLE, "circle"), (RADIAL, "cross each other"), (LINE, "single B-scan")])
def test_scans_without_an_area_are_refused_with_the_reason(pattern, reason):
    with pytest.raises(InputError, match=reason):
        segment(scan_of(VOLUME, pattern=pattern), BY_BRIGHTNESS, bruch_depth=BRUCH)


def test_voxels_that_are_no_numbers_and_constant_b_scans_do_no_harm():
    volume = VOLUME.copy()
    volume[5], volume[20] = np.nan, 0.3
    result = segment(scan_of(volume), BY_BRIGHTNESS, bruch_depth=BRUCH)
    assert np.isfinite(result.probability).all()
    assert dice(result.mask, GA) > 0.7


def test_a_mirrored_eye_has_the_mirrored_mask():
    result = segment(scan_of(np.roll(VOLUME, 20, axis=2)), BY_BRIGHTNESS, bruch_depth=np.roll(BRUCH, 20, axis=1))
    mirrored = segment(
        scan_of(np.roll(VOLUME, 20, axis=2)[:, :, ::-1]), BY_BRIGHTNESS, bruch_depth=np.roll(BRUCH, 20, axis=1)[:, ::-1]
    )
    assert dice(mirrored.mask, result.mask[:, ::-1]) > 0.99


def test_work_stops_when_the_user_wants():
    with pytest.raises(Cancelled):
        segment(scan_of(VOLUME), BY_BRIGHTNESS, progress=Progress(cancelled=lambda: True), bruch_depth=BRUCH)


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Two untrained networks for GA in the user's folder; returns their ids."""
    torch = pytest.importorskip("torch")
    from OCTEnFaceSegLib.networks.fpn import FeatureProjectionNetwork

    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path))
    card = {"title": "untrained", "method": "fpn", "network": {"name": "fpn"}, "lesion": "ga", "version": "1"}
    for seed in (0, 1):
        torch.manual_seed(seed)
        save_model(FeatureProjectionNetwork(), {**card, "id": f"net-{seed}"}, ModelStore())
    return ["net-0", "net-1"]


def test_networks_see_the_flattened_volume_and_are_averaged(models):
    scan = scan_of(VOLUME[:6, :, :24], layers={"BM": BRUCH[:6, :24]})
    both = segment(scan, SegmentationSettings(models=tuple(models)), "cpu", 1)
    assert both.method == "network"
    assert [model.id for model in both.models] == models
    assert both.probability.shape == scan.enface_shape == both.uncertainty.shape
    assert both.probability.dtype == np.float32
    assert np.ptp(both.probability) > 0
    assert both.device == "cpu"
    assert np.array_equal(both.mask, both.probability >= 0.5)
    assert both.uncertainty.max() > 0
    shifted = scan_of(np.roll(VOLUME[:6, :, :24], 6, axis=1), layers={"BM": BRUCH[:6, :24] + 6})
    moved = segment(shifted, SegmentationSettings(models=tuple(models), above_mm=0.15, below_mm=0.05), "cpu", 1)
    still = segment(scan, SegmentationSettings(models=tuple(models), above_mm=0.15, below_mm=0.05), "cpu", 1)
    assert moved.probability == pytest.approx(still.probability, abs=1e-3)


def test_models_of_another_lesion_are_refused_before_the_work(models):
    with pytest.raises(InputError, match="is for ga, not for rpd"):
        segment(scan_of(VOLUME), SegmentationSettings(lesion="rpd", models=("net-0",)), bruch_depth=BRUCH)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["spectralis", "cirrus", "topcon"])
def test_brightness_alone_finds_atrophy_in_phantoms_but_is_fooled_by_their_confounders(style):
    from OCTEnFaceSegLib.phantom import phantom_eye

    scores, healthy = [], []
    for seed in range(100, 106):
        eye = phantom_eye(seed=seed, style=style, lesion="ga")
        result = segment(eye.scan, SegmentationSettings(method="hypertransmission"))
        scores.append(dice(result.mask, eye.ga))
    for seed in range(200, 203):
        eye = phantom_eye(seed=seed, style=style, lesion="healthy")
        result = segment(eye.scan, SegmentationSettings(method="hypertransmission"))
        healthy.append(area_mm2(result.mask, eye.scan.spacing_mm))
    print(f"{style}: Dice {np.round(scores, 2)}, mean {np.mean(scores):.3f}; in healthy eyes {np.round(healthy, 2)} mm2")
    assert 0.4 < np.mean(scores) <= 0.80
