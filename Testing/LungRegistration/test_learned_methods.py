"""Registration with a network: its field arrives in physical space, whatever the grids are; what cannot work is said."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from CorrespondCoreLib.errors import InputError, OutOfMemory
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.geometry.bspline import SplineField
from LungRegistrationLib.geometry.displacement import jacobian_determinant, transform_points
from LungRegistrationLib.geometry.lattice import Lattice
from LungRegistrationLib.geometry.linear import translation
from LungRegistrationLib.geometry.tensors import field_to_image
from LungRegistrationLib.learned import network_memory
from LungRegistrationLib.learned.models import cautions
from LungRegistrationLib.learned.network_fit import fit_network
from LungRegistrationLib.network_settings import NetworkSettings
from LungRegistrationLib.pipeline import Registration, register
from LungRegistrationLib.search.compact_field import field_lattice, unfolded
from LungRegistrationLib.search.frame import Pair
from LungRegistrationLib.settings import RegistrationSettings
from Testing.LungRegistration.learned_examples import (
    POINTS,
    SIZES,
    install,
    lattice_of,
    shifted_pair,
    shifting_network,
    small_network,
)
from Testing.LungRegistration.registration_examples import grid_image

OBLIQUE = np.array(sitk.VersorTransform((0.3, -0.5, 0.8), 0.6).GetMatrix()).reshape(3, 3) @ np.diag([1, -1, 1])
START_MM = np.array([4.0, -6.0, 3.0])  # what the pre-alignment knows
SHIFT_MM = START_MM + [-3.0, 5.0, 9.0]  # the rest is what the network says


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))


@pytest.fixture(scope="module")
def pair() -> tuple[sitk.Image, ...]:
    """Fixed on an oblique left-handed grid, moving on an anisotropic one of permuted axes."""
    moving = sitk.Image((60, 40, 56), sitk.sitkFloat32)
    moving.SetSpacing((2.5, 3.8, 2.6))
    moving.SetDirection(np.eye(3)[[2, 0, 1]].ravel().tolist())
    moving.SetOrigin((np.array([-70.0, -72.0, -74.0]) + SHIFT_MM).tolist())
    return shifted_pair(grid_image(OBLIQUE, 54), moving, SHIFT_MM)


def settings(method: str, **network: object) -> RegistrationSettings:
    return RegistrationSettings(method=method, network=NetworkSettings(**network), field_spacing_mm=4.0)  # type: ignore[arg-type]


def run(pair, chosen: RegistrationSettings, progress: Progress | None = None, **options) -> Registration:
    fixed, moving, fixed_mask, moving_mask = pair
    options = {"initial_transform": translation(START_MM)} | options
    return register(
        fixed, moving, fixed_mask=fixed_mask, moving_mask=moving_mask, settings=chosen, device="cpu", progress=progress, **options
    )


@pytest.mark.parametrize("method", ["rrn", "virnet", "voxelmorph"])
def test_a_network_that_knows_the_translation_registers_the_pair(pair, method):
    model = install(method, shifting_network(method, SHIFT_MM - START_MM, lattice_of(pair, method, START_MM)))
    progress = Progress()
    result = run(pair, settings(method), progress)
    there = transform_points(result.fixed_to_moving_mm, POINTS)
    assert np.linalg.norm(there - POINTS - SHIFT_MM, axis=1).max() < 0.05
    assert np.linalg.norm(transform_points(result.moving_to_fixed_mm, there) - POINTS, axis=1).max() < 0.05
    assert result.resampling_error_mm < 0.05 and result.inverse_error_mm["max"] < 0.1
    assert result.keypoints is None and result.linear.TransformPoint((0.0, 0.0, 0.0)) == pytest.approx(START_MM)
    assert result.network is not None and result.network.model is not None
    assert result.network.model.id == model.id
    facts = result.network.facts
    assert facts["size_xyz"] == SIZES[method] and facts["fitting_error_mm"]["max"] < 0.01
    assert facts["instance_optimization"] is None and facts["estimated"]["memory_gb"] > 0 < facts["estimated"]["seconds"]
    assert facts["experimental"] == (method == "rrn") == any("experimental" in text for text in progress.warnings)


def test_exchanged_roles_give_the_inverse(pair):
    """The network still sees the larger lungs as the fixed ones: what it says is turned round."""
    install("voxelmorph", shifting_network("voxelmorph", SHIFT_MM - START_MM, lattice_of(pair, "voxelmorph", START_MM)))
    turned = (pair[1], pair[0], pair[3], pair[2])
    result = run(turned, settings("voxelmorph"), initial_transform=translation(-START_MM))
    moved = transform_points(result.fixed_to_moving_mm, POINTS + SHIFT_MM)
    assert np.linalg.norm(moved - POINTS, axis=1).max() < 0.05


def test_a_folding_network_is_mended_and_said(pair):
    network = small_network("voxelmorph")
    torch.nn.init.normal_(network.head.weight, std=0.7)
    install("voxelmorph", network)
    progress = Progress()
    chosen = settings("voxelmorph", size_xyz=(16, 16, 16))
    frame, spline, _ = fit_network(Pair(*pair, None, translation(START_MM)), True, chosen, "cpu", progress)
    lattice = field_lattice(frame, spline, chosen.field_spacing_mm)
    assert folding(spline, lattice) > 0
    mended = unfolded(spline, lattice, progress)
    assert folding(mended, lattice) == 0
    assert any("folded" in text for text in progress.warnings)


def folding(spline: SplineField, lattice: Lattice) -> int:
    return int((sitk.GetArrayFromImage(jacobian_determinant(field_to_image(spline.on(lattice), lattice))) <= 0).sum())


def test_missing_ambiguous_and_wrong_models_are_explained(pair):
    for method in ("rrn", "virnet", "voxelmorph"):
        with pytest.raises(InputError, match=f'No model is installed for the method "{method}".*correspond lung train.*search'):
            run(pair, settings(method))
    with pytest.raises(InputError, match="import-checkpoint FILE --network rrn"):
        run(pair, settings("rrn"))
    install("voxelmorph", small_network("voxelmorph"), "a")
    install("voxelmorph", small_network("voxelmorph"), "b")
    with pytest.raises(InputError, match=r"Several models.*a, b\. Name one"):
        run(pair, settings("voxelmorph"))
    with pytest.raises(InputError, match='"a" is for voxelmorph, not for virnet'):
        run(pair, settings("virnet", model="a"))
    with pytest.raises(InputError, match='no model "c". Models here: a, b'):
        run(pair, settings("voxelmorph", model="c"))


def test_cards_and_weights_that_are_broken_are_explained(pair):
    install("voxelmorph", small_network("voxelmorph"), input={"size_xyz": "large"})
    with pytest.raises(InputError, match='entry "input" that cannot be read'):
        run(pair, settings("voxelmorph"))
    model = install("voxelmorph", small_network("voxelmorph"))
    weights = model.folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(InputError, match="corrupt"):
        run(pair, settings("voxelmorph"))


def test_sizes_that_a_network_cannot_take_are_refused(pair):
    install("virnet", small_network("virnet"))
    with pytest.raises(InputError, match="multiples of 8 voxels, not 40 x 30 x 48. Take 40 x 32 x 48"):
        run(pair, settings("virnet", size_xyz=(40, 30, 48)))
    install("rrn", small_network("rrn"))
    with pytest.raises(InputError, match="at least 48 voxels along z, not 32"):
        run(pair, settings("rrn", model="small", size_xyz=(48, 48, 32)))


def test_too_little_memory_is_said_with_what_would_fit(pair, monkeypatch):
    install("virnet", small_network("virnet"))
    monkeypatch.setattr(network_memory, "available_memory_gb", lambda: 2.0)
    with pytest.raises(OutOfMemory, match=r"virnet needs about 8.6 GB.*192 x 160 x 192.*size below about 102 x 85 x 102.*search"):
        run(pair, settings("virnet", size_xyz=(192, 160, 192), instance_optimization="weights"))


def test_images_unlike_those_of_the_training_are_said(pair):
    domain = {"modality": "CT", "spacing_mm": [0.4, 1.0], "intensity": {"unit": "HU", "p1": [-1100, -700], "p99": [500, 2500]}}
    model = install("voxelmorph", small_network("voxelmorph"), domain=domain)
    said = cautions("voxelmorph", model, pair[0], pair[1])
    assert any(text.startswith("Fixed volume: The model is for 0.4 to 1") for text in said)
    assert any(text.startswith("Moving volume: The model expects bright voxels") for text in said)
    assert cautions("voxelmorph", install("voxelmorph", small_network("voxelmorph")), pair[0], pair[1]) == []


def test_landmarks_are_refused_where_they_cannot_guide(pair):
    install("voxelmorph", small_network("voxelmorph"))
    with pytest.raises(InputError, match="Landmarks cannot guide"):
        run(pair, settings("voxelmorph"), fixed_landmarks_mm=POINTS[:3], moving_landmarks_mm=POINTS[:3])


def test_a_bent_initial_transform_is_used_as_far_as_it_is_affine(pair):
    install("voxelmorph", shifting_network("voxelmorph", np.zeros(3), lattice_of(pair, "voxelmorph", START_MM)))
    bent = sitk.BSplineTransformInitializer(pair[0], [2, 2, 2], 3)
    bent.SetParameters((np.random.default_rng(0).normal(size=len(bent.GetParameters())) + 5).tolist())
    progress = Progress()
    frame, spline, _ = fit_network(Pair(*pair, None, bent), True, settings("voxelmorph"), "cpu", progress)
    assert any("only the affine part" in text for text in progress.warnings)
    bent_mm, linear_mm = (np.array([t.TransformPoint(p) for p in POINTS.tolist()]) for t in (bent, frame.linear))
    left, given = (np.linalg.norm(bent_mm - p, axis=1).mean() for p in (linear_mm, POINTS))
    assert 0.01 < left < given / 2
    assert float(spline.coefficients.abs().max()) < 1e-3


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"instance_optimization": "both"}, "instance_optimization: 'both' is unknown"),
        ({"steps": 0}, "steps"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"control_spacing_mm": 0}, "control_spacing_mm"),
        ({"size_xyz": [32, 32]}, "three numbers"),
        ({"model": "untrained"}, "say nothing about a pair"),
        ({"modle": "a"}, "modle"),
    ],
)
def test_impossible_settings_are_named(values, words):
    with pytest.raises(InputError, match=words):
        RegistrationSettings.from_json({"method": "virnet", "network": values})


def test_settings_come_back_from_json():
    chosen = settings("virnet", model="a", size_xyz=(64, 32, 96), instance_optimization="weights", steps=7, learning_rate=1e-3)
    assert RegistrationSettings.from_json(chosen.to_dict()) == chosen
    assert replace(chosen, method="search").network == chosen.network
