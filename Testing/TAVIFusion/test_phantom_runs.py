"""The whole way on phantom files through the command line: a patient is made, frames are segmented, aligned, followed."""

import csv
import json

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import cli
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.formats.reading import read_run
from TAVIFusionLib.mask_files import read_masks
from TAVIFusionLib.pose_files import read_pose
from Testing.command import run_correspond

pytestmark = pytest.mark.slow


def tavi(*arguments):
    return cli.run(["tavi", *map(str, arguments)], Progress())


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    folder = tmp_path_factory.mktemp("patient")
    views = ("--view", "15", "-5", "--view", "-25", "10")
    tavi("phantom", "--output", folder, "--seed", "3", "--frames", "26", "--pixels", "256", "--ct-spacing", "4", *views)
    return folder


@pytest.fixture(scope="module")
def full(patient):
    """The frame of each view in which most of the vessel is filled."""
    frames = []
    for n in (1, 2):
        folder = patient / f"view_{n}"
        masks = read_masks(folder / "masks.nrrd", read_run(folder / "run.dcm"))
        frames.append(max(masks, key=lambda frame: masks[frame].sum()))
    return frames


def shifts(path):
    with open(path, encoding="utf-8") as file:
        return np.array([[float(row[f"shift_{axis}_mm"]) for axis in "lps"] for row in csv.DictReader(file)])


def landmarks(patient):
    with open(patient / "landmarks.csv", encoding="utf-8") as file:
        return {row["name"]: np.array([float(row[axis]) for axis in "xyz"]) for row in csv.DictReader(file)}


def test_the_filter_is_scored_against_the_truth_in_a_child(patient, tmp_path):
    view = patient / "view_1"
    options = ("--method", "vesselness", "--reference", view / "masks.nrrd", "--output", tmp_path, "--progress", "none")
    done = run_correspond("tavi", "segment", view / "run.dcm", *options, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert 0 < results["scores"]["dsc"]["median"] < 0.9
    masks = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "masks.nrrd"))) != 0
    truth = sitk.GetArrayFromImage(sitk.ReadImage(str(view / "masks.nrrd"))) != 0
    with open(tmp_path / "metrics.csv", encoding="utf-8") as file:
        recall = [float(row["recall"]) for row in csv.DictReader(file)]
    last = len(truth) - 1
    assert recall[last] == pytest.approx((masks[last] & truth[last]).sum() / truth[last].sum())


@pytest.fixture(scope="module")
def pose_file(patient, full):
    """Of an alignment of one view, from 8 mm away."""
    view = patient / "view_1"
    start = patient / "start.json"
    matrix = np.eye(4)
    matrix[:3, 3] = (6.0, 0.0, -5.0)
    start.write_text(json.dumps({"matrix_lps": matrix.tolist()}))
    options = ("--mesh-frame", "LPS", "--view", view / "run.dcm", full[0], "--mask", view / "masks.nrrd", "--start", start)
    options += ("--landmarks", patient / "landmarks.csv")
    tavi("align", patient / "aorta_segmented.vtp", *options, "--output", patient / "aligned")
    return patient / "aligned" / "pose.json"


def errors_mm(patient, full, pose_file):
    """How far each landmark lies from its place in the frame: [(in the frame, mm in the plane of the isocenter)]."""
    view = patient / "view_1"
    true = shifts(view / "poses.csv")[full[0]]
    arm = read_run(view / "run.dcm").geometry[full[0]]
    pose = read_pose(pose_file)
    found = []
    for point in landmarks(patient).values():
        there = arm.project(point[None] + true)
        off = (arm.project(pose.apply(point[None])) - there) * arm.isocenter_pixel_mm
        found.append((bool((there >= 0).all() and (there < arm.size[0]).all()), np.linalg.norm(off)))
    return found


def test_one_view_finds_the_model_where_the_frame_sees_it(patient, full, pose_file):
    seen = [error for inside, error in errors_mm(patient, full, pose_file) if inside]
    assert len(seen) >= 7 and max(seen) < 4.0


@pytest.mark.xfail(strict=True, reason="masks lack contrast that cannot be seen: the turn in the plane is 8 mm at the groin")
def test_one_view_finds_the_model_far_outside_the_frame(patient, full, pose_file):
    assert max(error for _inside, error in errors_mm(patient, full, pose_file)) < 6.0


def test_the_model_follows_the_heart(patient, pose_file, tmp_path):
    view = patient / "view_1"
    options = (
        "--mesh-frame",
        "LPS",
        "--pose",
        pose_file,
        "--mask",
        view / "masks.nrrd",
        "--landmarks",
        patient / "landmarks.csv",
    )
    tavi(
        "track", patient / "aorta_segmented.vtp", view / "run.dcm", *options, "--output", tmp_path / "track", "--overlays", "all"
    )
    with open(tmp_path / "track" / "poses.csv", encoding="utf-8") as file:
        shown = np.array([row["shown"] == "1" for row in csv.DictReader(file)])
    masks = sitk.GetArrayFromImage(sitk.ReadImage(str(view / "masks.nrrd")))
    assert not shown[masks.reshape(len(masks), -1).sum(axis=1) == 0].any()  # without contrast nothing is shown
    assert shown.sum() >= 3
    assert len(list((tmp_path / "track" / "overlays").glob("frame_*.png"))) == len(shown)
    animation = (tmp_path / "track" / "overlays" / "animation.png").read_bytes()
    assert animation.count(b"fcTL") == len(shown)
