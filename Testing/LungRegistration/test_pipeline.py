"""The whole registration on small pairs of known motion: any grid, any role, with what a user may add to it."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import Cancelled, InputError
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.geometry.displacement import jacobian_determinant, transform_points, warp_image
from LungRegistrationLib.pipeline import Registration, register
from LungRegistrationLib.settings import Level, RegistrationSettings, preset
from Testing.LungRegistration.registration_examples import (
    from_array,
    grid_image,
    lung_shape,
    moved_point,
    origin_of,
    scan,
    voxel_points,
)

ROTATION = np.array(sitk.VersorTransform((0.3, -0.5, 0.8), 0.6).GetMatrix()).reshape(3, 3)
SETTINGS = RegistrationSettings(levels=(Level(5.0, 14.0, 8), Level(3.5, 10.0, 8)), keypoint_count=300)
RNG = np.random.default_rng(0)
LUNG_POINTS = RNG.uniform(-50, 50, (20000, 3))
LUNG_POINTS = LUNG_POINTS[lung_shape(LUNG_POINTS * 1.08)][:2000]


def run(fixed_grid=None, moving_grid=None, turned=False, **options) -> Registration:
    fixed, fixed_mask = scan(fixed_grid or grid_image(), True)
    moving, moving_mask = scan(moving_grid or grid_image(), False)
    if turned:
        fixed, fixed_mask, moving, moving_mask = moving, moving_mask, fixed, fixed_mask
    options = {"fixed_mask": fixed_mask, "moving_mask": moving_mask, "settings": SETTINGS, "device": "cpu"} | options
    return register(fixed, moving, **options)


def errors_mm(result: Registration) -> np.ndarray:
    return np.linalg.norm(transform_points(result.fixed_to_moving_mm, LUNG_POINTS) - moved_point(LUNG_POINTS), axis=1)


@pytest.fixture(scope="module")
def result() -> Registration:
    return run()


def test_known_motion_is_recovered(result):
    before = np.linalg.norm(moved_point(LUNG_POINTS) - LUNG_POINTS, axis=1)
    error = errors_mm(result)
    assert before.mean() > 6
    assert error.mean() < 0.9
    assert np.percentile(error, 95) < 2.5


def test_nothing_folds_and_the_inverse_returns(result):
    det = sitk.GetArrayFromImage(jacobian_determinant(result.fixed_to_moving_mm))
    assert det.min() > 0
    assert result.inverse_error_mm["max"] < 0.1
    assert result.resampling_error_mm <= 0.05
    back = transform_points(result.moving_to_fixed_mm, transform_points(result.fixed_to_moving_mm, LUNG_POINTS))
    assert np.linalg.norm(back - LUNG_POINTS, axis=1).max() < 0.1


def test_fields_cover_their_images_and_warping_aligns_them(result):
    fixed, mask = scan(grid_image(), True)
    moving, _ = scan(grid_image(), False)
    region = sitk.GetArrayFromImage(mask) > 0
    warped = sitk.GetArrayFromImage(warp_image(moving, result.fixed_to_moving_mm, fixed))[region]
    target = sitk.GetArrayFromImage(fixed)[region]
    assert np.corrcoef(target, sitk.GetArrayFromImage(moving)[region])[0, 1] < 0.5
    assert np.corrcoef(target, warped)[0, 1] > 0.9
    for field, image in ((result.fixed_to_moving_mm, fixed), (result.moving_to_fixed_mm, moving)):
        first = np.array(field.TransformPhysicalPointToContinuousIndex(image.GetOrigin()))
        corner = image.TransformIndexToPhysicalPoint([n - 1 for n in image.GetSize()])
        last = np.array(field.TransformPhysicalPointToContinuousIndex(corner))
        assert np.all(first >= 0) and np.all(last <= np.array(field.GetSize()) - 1)


def test_keypoints_lie_on_the_motion_and_a_part_is_held_out(result):
    keypoints = result.keypoints
    assert keypoints is not None
    error = np.linalg.norm(moved_point(keypoints["fixed_mm"]) - keypoints["moving_mm"], axis=1)
    assert len(error) > 30 and np.median(error) < 1.2
    held_out = {tuple(p) for p in keypoints["held_out_fixed_mm"]}
    assert held_out and not held_out & {tuple(p) for p in keypoints["fixed_mm"]}


def test_oblique_left_handed_and_permuted_grids_give_the_same_physical_field(result):
    oblique = run(grid_image(ROTATION @ np.diag([1, -1, 1]), size=66), grid_image(np.eye(3)[[2, 0, 1]]))
    assert errors_mm(oblique).mean() < 1.0
    difference = transform_points(oblique.fixed_to_moving_mm, LUNG_POINTS) - transform_points(
        result.fixed_to_moving_mm, LUNG_POINTS
    )
    assert np.linalg.norm(difference, axis=1).mean() < 0.8


def test_exchanged_roles_give_the_inverse_motion(result):
    turned = run(turned=True)
    round_trip = transform_points(turned.fixed_to_moving_mm, transform_points(result.fixed_to_moving_mm, LUNG_POINTS))
    error = np.linalg.norm(round_trip - LUNG_POINTS, axis=1)
    assert error.mean() < 0.1 and error.max() < 0.5
    assert turned.keypoints is not None
    there = np.linalg.norm(origin_of(turned.keypoints["fixed_mm"]) - turned.keypoints["moving_mm"], axis=1)
    assert np.median(there) < 1.2
    point = np.array([3.0, 4.0, 5.0])
    there = turned.linear.TransformPoint(result.linear.TransformPoint(point.tolist()))
    np.testing.assert_allclose(there, point, atol=1e-6)


def test_a_table_shift_of_35_mm_is_found():
    fixed, fixed_mask = scan(grid_image(), True)
    moving, moving_mask = scan(grid_image(), False)
    shift = np.array([-12.0, 35.0, -20.0])
    for image in (moving, moving_mask):
        image.SetOrigin((np.array(image.GetOrigin()) + shift).tolist())
    found = register(fixed, moving, fixed_mask=fixed_mask, moving_mask=moving_mask, settings=SETTINGS, device="cpu")
    error = transform_points(found.fixed_to_moving_mm, LUNG_POINTS) - shift - moved_point(LUNG_POINTS)
    assert np.linalg.norm(error, axis=1).mean() < 1.0


@pytest.mark.parametrize("linear", [True, False])
def test_an_initial_transform_is_the_start(linear):
    far = np.array([0.0, 0.0, 300.0])
    moving, moving_mask = scan(grid_image(), False)
    for image in (moving, moving_mask):
        image.SetOrigin((np.array(image.GetOrigin()) + far).tolist())
    fixed, fixed_mask = scan(grid_image(), True)
    if linear:
        initial: sitk.Transform = sitk.TranslationTransform(3, far.tolist())
    else:
        field = np.broadcast_to(far + [0, 0, 8.0], (20, 20, 20, 3)) + 3 * np.sin(np.arange(20) / 3)[:, None, None, None]
        image = sitk.GetImageFromArray(field, isVector=True)
        image.SetOrigin([-95.0] * 3)
        image.SetSpacing([10.0] * 3)
        initial = sitk.DisplacementFieldTransform(image)
    found = register(
        fixed,
        moving,
        fixed_mask=fixed_mask,
        moving_mask=moving_mask,
        initial_transform=initial,
        settings=SETTINGS,
        device="cpu",
    )
    error = transform_points(found.fixed_to_moving_mm, LUNG_POINTS) - far - moved_point(LUNG_POINTS)
    assert np.linalg.norm(error, axis=1).mean() < 1.0


def test_landmarks_given_as_constraints_draw_the_field():
    points = LUNG_POINTS[:40]
    away = moved_point(points) + np.array([4.0, 0.0, 0.0])
    without = replace(SETTINGS, keypoints=False)
    free = run(settings=without)
    drawn = run(settings=replace(without, landmark_weight=30.0), fixed_landmarks_mm=points, moving_landmarks_mm=away)
    distance = [np.linalg.norm(transform_points(r.fixed_to_moving_mm, points) - away, axis=1).mean() for r in (free, drawn)]
    assert distance[1] < 0.5 * distance[0]


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS.with_similarity("lncc"),
        SETTINGS.with_similarity("ngf"),
        replace(SETTINGS, regularizer="diffusion"),
        replace(SETTINGS, regularizer="total_variation"),
    ],
    ids=["lncc", "ngf", "diffusion", "total_variation"],
)
def test_every_similarity_and_regularizer_recovers_the_motion(settings):
    found = run(settings=settings)
    assert errors_mm(found).mean() < 1.6
    assert sitk.GetArrayFromImage(jacobian_determinant(found.fixed_to_moving_mm)).min() > 0


@pytest.mark.parametrize("name", ["fast", "ruehaak2017"])
def test_presets_run(name):
    assert errors_mm(run(settings=preset(name))).mean() < 1.6


def test_smoothing_makes_the_volume_change_smoother(result):
    smooth = run(settings=replace(SETTINGS, smoothing_mm=8.0))

    def roughness(r: Registration) -> float:
        grid = grid_image(size=30)
        det = sitk.GetArrayFromImage(jacobian_determinant(r.fixed_to_moving_mm, grid))
        return float(np.abs(np.diff(det, n=2, axis=0)).mean())

    assert roughness(smooth) < 0.9 * roughness(result)


def test_lobes_in_both_masks_are_aligned_each():
    fixed, _ = scan(grid_image(), True)
    moving, _ = scan(grid_image(), False)
    masks = []
    for material in (voxel_points(fixed), origin_of(voxel_points(moving))):
        inside = lung_shape(material)
        masks.append(from_array((inside * (1 + (material[..., 2] > 0))).astype(np.uint8), fixed))
    found = register(fixed, moving, fixed_mask=masks[0], moving_mask=masks[1], settings=SETTINGS, device="cpu")
    assert errors_mm(found).mean() < 1.0


def test_without_lungs_the_body_is_registered_and_the_user_is_told():
    points = voxel_points(grid_image())
    warnings: list[str] = []

    def body(material: np.ndarray) -> sitk.Image:
        inside = ((material / np.array([55.0, 50.0, 60.0])) ** 2).sum(axis=-1) < 1
        soft = 40 + 25 * np.sin(material[..., 0] / 6) * np.cos(material[..., 1] / 7) * np.sin(material[..., 2] / 5)
        return from_array(np.where(inside, soft, -1000).astype(np.float32), grid_image())

    found = register(
        body(points), body(points - [3.0, -4.0, 5.0]), settings=SETTINGS, device="cpu", progress=Progress(warn=warnings.append)
    )
    assert found.fixed_mask is None and found.moving_mask is None
    assert any("No lungs were found" in w for w in warnings)
    moved = transform_points(found.fixed_to_moving_mm, LUNG_POINTS * 0.7) - LUNG_POINTS * 0.7
    assert np.linalg.norm(moved - [3.0, -4.0, 5.0], axis=1).mean() < 1.0


def test_bad_landmarks_and_empty_masks_are_explained():
    with pytest.raises(InputError, match="pairs"):
        run(fixed_landmarks_mm=np.zeros((2, 3)), moving_landmarks_mm=np.zeros((3, 3)))
    with pytest.raises(InputError, match="moving image is empty"):
        run(moving_mask=from_array(np.zeros((56, 56, 56), np.uint8), grid_image()))


def test_cancel_takes_effect():
    seen: list[str] = []

    def show(fraction: float, name: str) -> None:
        assert 0 <= fraction <= 1
        seen.append(name)

    with pytest.raises(Cancelled):
        run(progress=Progress(show=show, cancelled=lambda: "Refinement 1" in seen))
    assert "Refinement 2" not in seen
