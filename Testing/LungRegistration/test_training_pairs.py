"""Pairs for training: reproducible, all different, in an order that one number fixes."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.stream import SampleStream, sample_at
from LungRegistrationLib.datasets import write_phantom
from LungRegistrationLib.formats.landmarks import read_landmarks, write_landmarks
from LungRegistrationLib.training.pairs import training_pairs, validation_pairs
from LungRegistrationLib.training.random_phantoms import HELD_OUT, TRAINING, VALIDATION, random_phantom, training_seed
from Testing.LungRegistration.training_examples import config


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two pairs on disk, the second without lobes, with keypoints."""
    root = tmp_path_factory.mktemp("pairs")
    for seed, name in enumerate(("first", "second")):
        write_phantom(root / name, (32, 32, 32), seed, Progress())
    for role in ("fixed", "moving"):
        (root / "second" / f"{role}_lobes.nrrd").unlink()
    write_landmarks(root / "second" / "keypoints.csv", *read_landmarks(root / "second" / "landmarks.csv"))
    return root


def test_a_seed_is_a_pair_and_other_seeds_are_other_patients_scanners_and_motions():
    data = config().data
    a, again, b = (random_phantom(seed, data, 20) for seed in (TRAINING, TRAINING, TRAINING + 1))
    assert a.fixed.GetSpacing() == again.fixed.GetSpacing() and np.array_equal(a.fixed_landmarks_mm, again.fixed_landmarks_mm)
    assert a.fixed.GetSpacing() != b.fixed.GetSpacing()
    far = [np.linalg.norm(p.moving_landmarks_mm - p.fixed_landmarks_mm, axis=1).max() for p in (a, b)]
    assert abs(far[0] - far[1]) > 1


def test_scanners_bodies_and_postures_differ_as_the_configuration_wants():
    data = config().data
    wild = replace(data, noise_hu=(80, 90), body_scale=(0.8, 0.8), tilt_deg=10.0, contrast_agent=1.0, pathology=1.0)
    usual, changed = (random_phantom(TRAINING, d, 20) for d in (data, wild))
    assert usual.fixed.GetSize() == changed.fixed.GetSize() and usual.moving.GetDirection() != changed.moving.GetDirection()
    assert np.allclose(np.array(changed.fixed.GetSpacing()) / usual.fixed.GetSpacing(), 0.8)
    air = [sitk.GetArrayViewFromImage(p.fixed)[-4:, :4, :4].std() for p in (usual, changed)]
    assert air[1] > 1.3 * air[0]
    blood = [sitk.GetArrayViewFromImage(p.fixed)[16:20, 12:16, 16:20].mean() for p in (usual, changed)]
    assert blood[1] > blood[0] + 50


def test_seeds_of_training_validation_and_judgement_never_meet():
    assert training_seed(0, 0) == TRAINING > VALIDATION + 10**6 > HELD_OUT + 10**6
    assert training_seed(1, 0) > training_seed(0, 10**6)
    assert training_pairs(config()).first_seed != validation_pairs(config()).first_seed


def test_a_phantom_fits_its_own_truth():
    pair = training_pairs(config())[0]
    fixed_mm, moving_mm = pair.landmarks
    assert pair.fixed.shape == (32, 32, 32) and pair.labels == 5
    error = np.linalg.norm(pair.keypoints[1] - moving_mm, axis=1)
    assert 0.8 < error.mean() < 2.4  # 1 mm per axis
    index = np.rint((fixed_mm - pair.lattice.lower_mm) / pair.lattice.spacing_mm).astype(int)
    assert (pair.fixed_labels[tuple(index.T[::-1])] > 0).mean() > 0.9  # landmarks lie in the lungs of the prepared image


def test_an_affine_pre_alignment_leaves_less_to_the_network():
    left = []
    for kind in ("translation", "affine"):
        pair = training_pairs(config(prealignment=kind))[0]
        moved = pair.landmarks[0] @ pair.matrix.T + pair.offset
        left.append(np.linalg.norm(moved - pair.landmarks[1], axis=1).mean())
    assert left[1] < 0.8 * left[0]


def test_each_pair_comes_once_in_a_turn_and_turns_differ():
    order = [sample_at(place, 5, seed=1) for place in range(15)]
    assert [sorted(order[k : k + 5]) for k in (0, 5, 10)] == [list(range(5))] * 3
    assert order[:5] != order[5:10] and order != [sample_at(place, 5, seed=2) for place in range(15)]
    assert [sample_at(place, None, seed=1) for place in (0, 7, 10**6)] == [0, 7, 10**6]


class Numbers:
    """Pairs that are their own numbers, and count how often they are prepared."""

    def __init__(self, count):
        self.count, self.prepared = count, 0

    def __getitem__(self, index):
        self.prepared += 1
        return index


def numbers(count=5, first=0, n=10, **options):
    return list(islice(SampleStream(Numbers(count), 3, first, **options), n))


def test_a_stream_goes_on_where_it_was_left_and_is_shared_without_gaps():
    whole = numbers()
    assert numbers(first=4, n=6) == whole[4:]
    assert [n for pair in zip(*(numbers(rank=r, processes=2, n=5) for r in (0, 1)), strict=True) for n in pair] == whole
    assert numbers(count=None, first=3, n=4) == [3, 4, 5, 6]


def test_kept_pairs_are_prepared_once():
    source = Numbers(5)
    assert list(islice(SampleStream(source, 3, 2, keep=True), 20)) == numbers(first=2, n=20)
    assert source.prepared == 5


def test_pairs_from_worker_processes_are_the_same():
    few = config()
    source = training_pairs(few)
    alone, helped = (list(islice(SampleStream(source, 0, 0, workers=n), 2)) for n in (0, 1))
    for a, b in zip(alone, helped, strict=True):
        assert np.array_equal(a.moving, b.moving) and np.array_equal(a.keypoints[1], b.keypoints[1]) and a.lattice == b.lattice


def test_folders_are_pairs(folder):
    judged = config().with_data(str(folder))
    judged = replace(judged, data=replace(judged.data, validation=("second",)))
    warned = []
    source = training_pairs(judged, Progress(warn=warned.append))
    assert [f.name for f in source.folders] == ["first"] and "1 of 1 pairs have no keypoints.csv" in warned[0]
    first, second = source[0], validation_pairs(judged)[0]
    assert (first.labels, second.labels) == (5, 1)
    assert first.keypoints is None and second.keypoints is not None and second.landmarks is not None
    assert set(np.unique(second.fixed_labels)) == {0, 1}
    both = replace(judged, data=replace(judged.data, train_on_validation=True))
    assert training_pairs(both).count == 2


def test_missing_data_is_asked_for(folder, tmp_path):
    nowhere = config()
    nowhere = replace(nowhere, data=replace(nowhere.data, source="folders"))
    with pytest.raises(InputError, match=r"needs data: Phantom pairs\. Name the folder of the pairs: --data DIR"):
        training_pairs(nowhere)
    with pytest.raises(InputError, match="There are no pairs in"):
        training_pairs(nowhere.with_data(str(tmp_path)))
    found = nowhere.with_data(str(folder))
    with pytest.raises(InputError, match="not in .*third"):
        training_pairs(replace(found, data=replace(found.data, validation=("third",))))
    with pytest.raises(InputError, match="none is left"):
        training_pairs(replace(found, data=replace(found.data, validation=("first", "second"))))
