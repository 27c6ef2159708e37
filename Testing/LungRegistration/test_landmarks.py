"""Landmark files and lists."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.formats import landmarks
from Testing.data import real_data
from Testing.LungRegistration.fields import grid

HEADER = ",".join(landmarks.CSV_HEADER)


def test_written_landmarks_come_back(tmp_path):
    fixed, moving = np.random.default_rng(1).normal(0, 100, (2, 30, 3))
    landmarks.write_landmarks(tmp_path / "Lünge 1.csv", fixed, moving)
    for written, read in zip((fixed, moving), landmarks.read_landmarks(tmp_path / "Lünge 1.csv"), strict=True):
        assert read == pytest.approx(written, abs=1e-4)


def test_columns_are_found_by_name_and_a_byte_order_mark_is_no_obstacle(tmp_path):
    (tmp_path / "l.csv").write_text(
        "name,moving_z,moving_y,moving_x,fixed_x,fixed_y,fixed_z\r\na,6,5,4,1,2,3\r\nb,6,5,4,1,2,3\r\n", encoding="utf-8-sig"
    )
    fixed, moving = landmarks.read_landmarks(tmp_path / "l.csv")
    assert fixed[0].tolist() == [1, 2, 3]
    assert moving[0].tolist() == [4, 5, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3,4,5,6\n", "must start with the line fixed_x"),
        (f"{HEADER}\n1,2,3,4,5,6\n1,2,3,4,5\n", "Line 3 .* each fixed point needs"),
        (f"{HEADER}\n1,2,3,4,5,6\n1,2,three,4,5,6\n", "Line 3 .* not numeric"),
        (f"{HEADER}\n1,2,3,4,5,6\n", "At least 2 landmark pairs"),
        (f"{HEADER}\n", "there are 0"),
        (f"{HEADER}\n1,2,3,4,5,6\n1,2,nan,4,5,6\n", "not finite"),
        ("", "must start with"),
    ],
)
def test_unusable_files_are_explained(tmp_path, text, message):
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        landmarks.read_landmarks(tmp_path / "l.csv")


def test_a_binary_file_and_a_missing_file_are_explained(tmp_path):
    (tmp_path / "l.csv").write_bytes(b"\xff\xfe\x00\x81" * 50)
    for name in ("l.csv", "absent.csv"):
        with pytest.raises(InputError, match="Cannot read the landmark file"):
            landmarks.read_landmarks(tmp_path / name)


def test_lists_of_different_length_are_refused():
    with pytest.raises(InputError, match="4 fixed but 3 moving"):
        landmarks.check_landmark_pairs(np.zeros((4, 3)), np.zeros((3, 3)))


def test_ras_coordinates_are_recognized():
    reference = grid(size=(40, 40, 40), spacing=(2, 2, 2), origin=(50, 60, -300))
    points = np.random.default_rng(2).uniform([60, 70, -290], [120, 130, -230], (20, 3))
    landmarks.check_landmarks_inside(points, reference, "fixed", Progress())
    with pytest.raises(InputError, match="seem to be RAS"):
        landmarks.check_landmarks_inside(points * [-1, -1, 1], reference, "fixed", Progress())


def test_a_few_landmarks_outside_are_told():
    progress = Progress()
    points = np.array([[0.0, 10, -90]] * 9 + [[500.0, 0, 0]])
    landmarks.check_landmarks_inside(points, grid(), "moving", progress)
    assert progress.warnings == ["1 of 10 moving landmarks lie outside of the moving volume."]


def test_the_real_pair_has_25_landmarks_35_mm_apart():
    fixed, moving = landmarks.read_landmarks(real_data("lung/elastix/landmarks_lps_mm.csv"))
    assert fixed.shape == moving.shape == (25, 3)
    assert np.linalg.norm(fixed - moving, axis=1).mean() == pytest.approx(35, abs=3)
