"""A mirrored pair is as good a pair: the same errors, the same overlap, and the stream counts it as a second one."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from CorrespondCoreLib.training.stream import SampleStream
from LungRegistrationLib.training.mirrored import mirrored
from LungRegistrationLib.training.step import in_fixed_frame
from LungRegistrationLib.training.validation import judged
from Testing.LungRegistration.learned_examples import shifting_network
from Testing.LungRegistration.training_examples import blank_pair

CPU = torch.device("cpu")
SHAPE = (16, 16, 16)


def turned_pair():
    """A pair whose linear part turns and shears, with keypoints near its landmarks."""
    pair = blank_pair(SHAPE)
    rng = np.random.default_rng(1)
    matrix = np.eye(3) + rng.normal(0, 0.1, (3, 3))
    keypoints = tuple(rng.uniform(5, 25, (6, 3)) for _ in range(2))
    return replace(pair, matrix=matrix, offset=np.array([4.0, -3.0, 2.0]), keypoints=keypoints)


def test_mirrored_twice_is_the_pair_itself():
    pair = turned_pair()
    again = mirrored(mirrored(pair))
    for name in ("fixed", "moving", "fixed_labels", "moving_labels"):
        np.testing.assert_array_equal(getattr(again, name), getattr(pair, name))
        assert not np.array_equal(mirrored(pair).fixed, pair.fixed)
    np.testing.assert_allclose(again.matrix, pair.matrix)
    np.testing.assert_allclose(again.offset, pair.offset)
    for name in ("keypoints", "landmarks"):
        np.testing.assert_allclose(getattr(again, name), getattr(pair, name))


def test_a_mirrored_field_makes_the_same_errors():
    pair = turned_pair()
    shift = np.array([3.0, -2.0, 1.0])
    here = judged(shifting_network("virnet", shift, pair.lattice), pair, CPU)
    there = judged(shifting_network("virnet", shift * [-1, 1, 1], pair.lattice), mirrored(pair), CPU)
    assert here.pop("dice") == pytest.approx(there.pop("dice"), abs=0.02)  # a voxel that is half a label may be cut either way
    assert here == pytest.approx(there, rel=1e-4) and here["tre_mm"] != pytest.approx(here["tre_prealigned_mm"], rel=0.01)


def test_keypoints_move_with_what_the_network_sees():
    pair = turned_pair()
    before, after = (p.keypoints[0] - in_fixed_frame(p, p.keypoints[1]) for p in (pair, mirrored(pair)))
    np.testing.assert_allclose(after, before * [-1, 1, 1], atol=1e-9)


class Made:
    """Pairs that can be told apart by their only keypoint, and that count how often they were made."""

    def __init__(self, count):
        self.count, self.made = count, []

    def __getitem__(self, index):
        self.made.append(index)
        point = np.full((1, 3), float(index))
        return replace(blank_pair(SHAPE), landmarks=(point, point))


def seen(pair):
    """Number of the pair, and whether it is mirrored."""
    x, y, _ = pair.landmarks[0][0]
    return int(y), x != y


@pytest.mark.parametrize("keep", [False, True])
def test_every_pair_is_made_once_and_seen_twice_in_succession(keep):
    source = Made(None)
    pairs = [seen(pair) for pair in islice(SampleStream(source, 0, 0, views=(mirrored,), keep=keep), 6)]
    assert pairs == [(0, False), (0, True), (1, False), (1, True), (2, False), (2, True)] and source.made == [0, 1, 2]


def test_a_stream_goes_on_between_a_pair_and_its_mirror_image():
    whole = [seen(pair) for pair in islice(SampleStream(Made(3), 7, 0, views=(mirrored,)), 14)]
    rest = [seen(pair) for pair in islice(SampleStream(Made(3), 7, 5, views=(mirrored,)), 9)]
    assert whole[5:] == rest and sorted(set(whole)) == [(k, view) for k in range(3) for view in (False, True)]


def test_two_processes_share_the_places():
    whole = [seen(pair) for pair in islice(SampleStream(Made(None), 0, 0, views=(mirrored,)), 6)]
    shares = [[seen(p) for p in islice(SampleStream(Made(None), 0, 0, rank, 2, views=(mirrored,)), 3)] for rank in (0, 1)]
    assert whole[0::2] == shares[0] and whole[1::2] == shares[1]
