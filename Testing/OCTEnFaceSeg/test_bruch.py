"""Bruch's membrane: right outside and inside of atrophy, bridged where nothing is seen, exact where a user drew it."""

import time

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage
from scipy.io import loadmat

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib.bruch import Bruch, corrected, find_bruch
from OCTEnFaceSegLib.membrane.band_path import best_path
from OCTEnFaceSegLib.membrane.smooth_surface import SmoothSurface
from OCTEnFaceSegLib.phantom import phantom_eye
from Testing.data import real_data

SIZE = (25, 248, 256)
STYLES = ("spectralis", "cirrus", "topcon")


def volume_of(eye):
    return sitk.GetArrayFromImage(eye.scan.volume).astype(np.float32)


def error_um(found, eye):
    return np.abs(found.depth - eye.layers["BM"]) * eye.scan.spacing_mm[1] * 1000


@pytest.fixture(scope="module")
def eye():
    return phantom_eye(SIZE, seed=1)


@pytest.fixture(scope="module")
def found(eye):
    return find_bruch(volume_of(eye), eye.scan.spacing_mm)


@pytest.mark.parametrize("style", STYLES)
def test_it_is_found_outside_and_inside_of_atrophy(style):
    eye = phantom_eye(SIZE, seed=2, style=style)
    error = error_um(find_bruch(volume_of(eye), eye.scan.spacing_mm), eye)
    assert eye.ga.sum() > 100
    assert error[~eye.ga].mean() < 8 and error[eye.ga].mean() < 15


def test_a_plain_path_along_the_edge_from_bright_to_dark_falls_into_the_atrophy():
    errors, ours = [], []
    for seed in (1, 2, 3):
        eye = phantom_eye(SIZE, seed=seed)
        volume = volume_of(eye)
        smooth = ndimage.gaussian_filter(volume, (0, 2.0, 2.0))
        edge = ndimage.uniform_filter1d(smooth, 5, axis=1, origin=2)
        edge = edge - np.roll(ndimage.uniform_filter1d(smooth, 5, axis=1, origin=-2), -1, axis=1)
        below_retina = np.arange(SIZE[1])[None, :, None] > eye.layers["ILM"][:, None] + 20
        path = best_path(np.where(below_retina, edge / edge.std(), -10), 2, 0.05)
        errors.append(error_um(Bruch(path, path), eye)[eye.ga].mean())
        ours.append(error_um(find_bruch(volume, eye.scan.spacing_mm), eye)[eye.ga].mean())
    assert min(errors) > 40
    assert max(ours) < 15


def test_confidence_is_low_in_atrophy_and_high_outside(eye, found):
    assert found.confidence.min() >= 0 and found.confidence.max() <= 1
    assert found.confidence[eye.ga].mean() < 0.25 < 0.6 < found.confidence[~eye.ga].mean()


def test_intensity_s_scale_and_offset_do_not_matter(eye, found):
    other = find_bruch(volume_of(eye) * 0.003 - 40, eye.scan.spacing_mm)
    np.testing.assert_allclose(other.depth, found.depth, atol=0.05)


def test_b_scans_without_image_are_bridged_with_confidence_zero(eye, found):
    volume = volume_of(eye)
    volume[7], volume[8], volume[20] = 0, 113, np.nan
    bridged = find_bruch(volume, eye.scan.spacing_mm)
    assert np.isfinite(bridged.depth).all()
    assert (bridged.confidence[[7, 8, 20]] == 0).all() and (bridged.confidence[[6, 9]].max(axis=1) > 0.5).all()
    movement_um = 80.0  # of the eye between B-scans, which nobody can know in a missing one
    assert error_um(bridged, eye)[[7, 8, 20]].mean() < movement_um
    kept = [b for b in range(SIZE[0]) if b not in (7, 8, 20)]
    assert error_um(bridged, eye)[kept].mean() < 8


def test_the_smallest_phantom_and_a_single_b_scan_work():
    small = phantom_eye((8, 64, 64), seed=5, lesion="healthy")
    assert error_um(find_bruch(volume_of(small), small.scan.spacing_mm), small).mean() < 30  # one voxel
    one = find_bruch(volume_of(small)[:1], small.scan.spacing_mm)
    assert one.depth.shape == (1, 64) and error_um(one, small).shape == (8, 64)


def test_what_cannot_be_searched_is_refused():
    with pytest.raises(InputError, match="empty or constant"):
        find_bruch(np.full((4, 64, 64), 7.0, np.float32), (0.01, 0.004, 0.12))
    with pytest.raises(InputError, match="shape"):
        find_bruch(np.zeros((64, 64), np.float32), (0.01, 0.004, 0.12))
    with pytest.raises(InputError, match="spacing"):
        find_bruch(np.zeros((4, 64, 64), np.float32), (0.01, 0.0, 0.12))


def test_a_volume_of_noise_is_not_passed_over_in_silence():
    progress = Progress()
    noise = np.random.default_rng(0).gamma(2.0, 1.0, (6, 128, 96)).astype(np.float32)
    result = find_bruch(noise, (0.06, 0.015, 0.9), progress)
    assert np.isfinite(result.depth).all()
    assert result.confidence.mean() > 0.25 or any("few places" in warning for warning in progress.warnings)


def test_a_surface_of_splines_gives_back_a_polynomial_and_each_b_scan_s_own_movement():
    x, z = np.linspace(0, 6, 100), np.linspace(0, 6, 30)
    own = np.random.default_rng(1).normal(0, 4, (30, 2))
    depth = 200 + 3 * z[:, None] - 2 * (x - 3) ** 2 + 0.5 * (z[:, None] - 3) ** 2 + own[:, :1] + own[:, 1:] * (x - 3) / 3
    weight = np.ones_like(depth)
    weight[10:20, 40:70] = 0  # a hole of 1.8 mm
    np.testing.assert_allclose(SmoothSurface(x, z).fit(np.where(weight > 0, depth, 0), weight), depth, atol=0.6)


def test_points_are_met_exactly_and_the_rest_follows_smoothly(found):
    target = {5: [(40.0, float(found.depth[5, 40]) + 6), (100.0, float(found.depth[5, 100]) + 2)], 9: [(70.0, 91.5)]}
    moved = corrected(found, target)
    for b, points in target.items():
        for a, depth in points:
            assert moved.depth[b, int(a)] == pytest.approx(depth, abs=1e-3)
    change = moved.depth - found.depth
    assert np.abs(np.diff(change[5], n=2)).max() < 0.05  # no kink
    assert ((change[5, 41:100] <= 6) & (change[5, 41:100] >= 2)).all()
    between = change[7, 70]
    assert min(change[5, 70], change[9, 70]) < between < max(change[5, 70], change[9, 70])
    assert np.abs(change[16:]).max() == 0 and np.abs(change[5, 180:]).max() == 0
    assert (moved.confidence[5, 40:101] == 1).all() and moved.confidence[9, 70] == 1
    np.testing.assert_array_equal(corrected(found, {}).depth, found.depth)


@pytest.mark.parametrize(
    "points", [{99: [(3, 50)]}, {2: [(-1, 50)]}, {2: [(300, 50)]}, {2: [(3, np.nan)]}, {2: [(3, 50), (3, 60)]}]
)
def test_points_outside_of_the_scan_or_over_each_other_are_refused(found, points):
    with pytest.raises(InputError, match="Bruch"):
        corrected(found, points)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_accuracy_and_time_on_full_volumes(style):
    """On eyes that the method was not tuned on: those have seeds 100 to 103 and 400 to 439."""
    outside, inside, seconds = [], [], []
    for seed in (0, 1, 2, 3, 300, 301):
        eye = phantom_eye((49, 496, 512), seed=seed, style=style)
        volume = volume_of(eye)
        began = time.process_time()
        error = error_um(find_bruch(volume, eye.scan.spacing_mm), eye)
        seconds.append(time.process_time() - began)
        outside.append(error[~eye.ga].mean())
        inside.append(error[eye.ga].mean())
    for name, errors in (("outside", outside), ("inside", inside)):
        print(f"{style}, {name} of GA: mean {np.mean(errors):.1f} um, worst eye {max(errors):.1f} um")
    print(f"{style}: {np.median(seconds):.1f} s")
    assert np.mean(outside) < 8 and np.mean(inside) < 15 and np.median(seconds) < 6


@pytest.mark.slow
def test_a_real_eye_with_drusen_agrees_with_the_expert():
    folder = real_data("oct/bonn_drusen_volume")
    image = sitk.ReadImage(str(folder / "oct_volume.nrrd"))
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "rpe_bm_layers.nrrd")))
    drawn = (labels == 127) | (labels == 170)
    rows, count = np.arange(labels.shape[1])[None, :, None], drawn.sum(axis=1)
    expert = (drawn * rows).sum(axis=1) / np.maximum(count, 1)
    found = find_bruch(sitk.GetArrayFromImage(image).astype(np.float32), image.GetSpacing())
    error = ((found.depth - expert) * image.GetSpacing()[1] * 1000)[count > 0]
    size = np.abs(error)
    print(f"expert: mean absolute {size.mean():.1f} um, bias {error.mean():.1f} um, 95 % below {np.percentile(size, 95):.0f} um")
    assert size.mean() < 12


@pytest.mark.slow
def test_a_real_circular_scan_agrees_with_the_lowest_line_that_was_drawn_by_hand():
    folder = real_data("oct/rathke_circular")
    signal = loadmat(folder / "circularScan.mat")["B0"]
    drawn = loadmat(folder / "circularScan_0_coordinates.mat")["interpolation"][-1]
    signal = np.where(np.isfinite(signal) & (signal < 1e30), signal, 0).astype(np.float32) ** 0.25  # as it is displayed
    error = (find_bruch(signal[None], (0.014, 0.00387, 0.1)).depth[0] - drawn) * 3.87
    print(f"circular scan: mean absolute {np.nanmean(np.abs(error)):.1f} um, bias {np.nanmean(error):.1f} um")
    assert np.nanmean(np.abs(error)) < 12
