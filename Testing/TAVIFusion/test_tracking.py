"""The model follows a run; bad frames are hidden; heart and breath are told apart; views are paired by phase."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.alignment.degrees import moved
from TAVIFusionLib.pose import Pose
from TAVIFusionLib.tracking.curves import curves_of
from TAVIFusionLib.tracking.phases import heart_phase, match_phases
from TAVIFusionLib.tracking.smoothing import jumps, smoothed
from TAVIFusionLib.tracking.track import Track, track_run
from Testing.TAVIFusion.tubes import ARM, aorta, seen

PIVOT = (2.0, -10.0, 20.0)
TIMES = np.arange(24) / 7.5


def motion(times: np.ndarray) -> np.ndarray:
    """Heart at 1.1 per second and breath at 0.3, right and down, mm."""
    heart, breath = np.sin(2 * np.pi * 1.1 * times), np.sin(2 * np.pi * 0.3 * times)
    return np.column_stack([1.0 * heart + 0.5 * breath, 3.0 * heart + 5.0 * breath])


def masks_of(shifts: np.ndarray) -> np.ndarray:
    mesh, start = aorta(), Pose(pivot_mm=PIVOT)
    poses = [moved(start, ARM.axes(), np.array([right, down, 0, 0, 0, 0])) for right, down in shifts]
    return np.stack([seen(mesh, ARM, pose, noise_mm=0.5, seed=n).mask for n, pose in enumerate(poses)])


@pytest.fixture(scope="module")
def track():
    masks = masks_of(motion(TIMES))
    masks[9] = False  # before contrast
    masks[15] = False
    masks[15, 60:100, 150:240] = True  # something else
    return track_run(aorta(), masks, [ARM] * len(TIMES), TIMES, Pose(pivot_mm=PIVOT))


def test_a_known_motion_is_followed(track):
    error = np.linalg.norm(track.motion_mm - motion(TIMES), axis=1)
    assert np.median(error[track.shown]) < 0.5
    assert error[track.shown].max() < 1.2
    assert np.allclose(ARM.axes()[:2] @ track.poses[3].translation_mm, track.motion_mm[3], atol=1e-6)


def test_bad_frames_are_hidden_and_bridged(track):
    assert not track.shown[9] and not track.shown[15]
    assert track.shown.sum() == len(TIMES) - 2
    assert track.quality[9] == 0
    assert np.linalg.norm(track.motion_mm[9] - motion(TIMES)[9]) < 3.0
    assert any("hidden in 2 of 24" in warning for warning in track.warnings)


def test_heart_and_breath_are_told_apart(track):
    assert track.curves.heart_hz == pytest.approx(1.1, abs=0.12)
    along = motion(TIMES) @ track.curves.direction
    assert np.corrcoef(track.curves.heart_mm + track.curves.breath_mm, along)[0, 1] > 0.97
    assert track.curves.direction[1] > 0.9


def test_a_run_without_the_vessel_is_refused():
    with pytest.raises(InputError, match="No frame"):
        track_run(aorta(), np.zeros((2, 256, 256), bool), [ARM] * 2, [0.0, 0.1], Pose())
    with pytest.raises(InputError, match="do not fit"):
        track_run(aorta(), np.zeros((2, 256, 256), bool), [ARM], [0.0, 0.1], Pose())
    with pytest.raises(InputError, match="do not rise"):
        track_run(aorta(), np.zeros((2, 256, 256), bool), [ARM] * 2, [0.1, 0.1], Pose())


def test_smoothing_keeps_the_heart_and_removes_noise():
    times = np.arange(60) / 15
    clean = 4 * np.sin(2 * np.pi * 1.2 * times)[:, None]
    noise = np.random.default_rng(0).standard_normal(clean.shape)
    smooth = smoothed(clean + noise, times, np.ones(60), 0.1)
    assert np.std(smoothed(clean, times, np.ones(60), 0.1)[5:-5]) > 0.95 * np.std(clean[5:-5])
    assert np.std(smooth - clean) < 0.85
    assert np.allclose(smoothed(clean, times, np.ones(60), 0.0), clean)


def test_a_jump_is_found_and_its_neighbours_are_not_blamed():
    times = np.arange(30) / 7.5
    values = motion(times)
    values[12] += (0.0, 14.0)
    assert np.nonzero(jumps(values, times, np.ones(30, bool)))[0].tolist() == [12]
    assert not jumps(motion(times), times, np.ones(30, bool)).any()


def a_track(offset: float, seconds: float = 8.0, breathing: float = 4.0) -> Track:
    times = np.arange(int(seconds * 15)) / 15
    shift = 3 * np.cos(2 * np.pi * (1.2 * times + offset)) + breathing * np.cos(2 * np.pi * 0.3 * times)
    moves = np.column_stack([0.2 * shift, shift])
    shown = np.ones(len(times), bool)
    curves = curves_of(moves, times, shown)
    return Track([Pose()] * len(times), np.ones(len(times)), shown, moves, moves, curves, times)


def test_phase_zero_is_where_the_aorta_is_lowest():
    phase = heart_phase(a_track(0.25))
    assert min(phase[0] - 0.25, 1.25 - phase[0], key=abs) == pytest.approx(0.0, abs=0.06)


def test_frames_of_two_runs_are_paired_by_phase():
    first, second = a_track(0.0), a_track(0.4)
    match = match_phases(first, second)
    best = match.pairs[0]
    true = (1.2 * first.times_s[best.frames[0]] - 1.2 * second.times_s[best.frames[1]] - 0.4 + 0.5) % 1 - 0.5
    assert abs(true) < 0.08
    assert best.heart_cycles < 0.05 and best.mismatch_mm < 0.5
    assert not match.notes
    assert [pair.mismatch_mm for pair in match.pairs] == sorted(pair.mismatch_mm for pair in match.pairs)


def test_runs_too_short_for_a_breath_say_so():
    match = match_phases(a_track(0.0), a_track(0.3, seconds=2.0, breathing=0.0))
    assert any("depth of breath" in note for note in match.notes)
    hidden = a_track(0.0)
    hidden.shown[:] = False
    with pytest.raises(InputError, match="no frame"):
        match_phases(hidden, a_track(0.0))
