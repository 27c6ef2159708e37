"""From files to files through the command line: a small cine of a tube, segmented by the filter, aligned, followed."""

import csv
import json
import re

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.alignment.settings import FitSettings
from TAVIFusionLib.formats.reading import read_run
from TAVIFusionLib.mask_files import mask_of, read_masks
from TAVIFusionLib.metrics import frame_scores
from TAVIFusionLib.pose import Pose
from TAVIFusionLib.pose_files import read_pose
from TAVIFusionLib.root_focus import focused
from Testing.TAVIFusion.run_examples import SPACING_MM, listed, report_of, tavi, tube


def test_a_segmentation_writes_masks_scores_pictures_and_a_page(segmented, data):
    folder, results = segmented
    frames = [f"frame_{n:04d}.png" for n in range(5)]
    assert listed(results, folder) == [
        *(f"agreement/{name}" for name in ("animation.png", *frames)),
        "masks.nrrd",
        "metrics.csv",
        *(f"overlays/{name}" for name in ("animation.png", *frames)),
        "probability.nrrd",
        "report.html",
        "report.json",
        "settings.json",
    ]
    mask, probability = (sitk.ReadImage(str(folder / f"{name}.nrrd")) for name in ("masks", "probability"))
    assert mask.GetSize() == probability.GetSize() == (128, 128, 5)
    assert mask.GetSpacing() == pytest.approx((SPACING_MM, SPACING_MM, 1))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(mask) == 1, sitk.GetArrayFromImage(probability) >= 0.5)
    truth = sitk.GetArrayFromImage(sitk.ReadImage(str(data / "a_masks.nrrd"))) != 0
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == list(range(5))
    for row, found, true in zip(rows, sitk.GetArrayFromImage(mask) != 0, truth, strict=True):
        assert float(row["dsc"]) == pytest.approx(frame_scores(found, true)["dsc"])
        assert float(row["percent"]) == pytest.approx(100 * found.mean())
    assert results["scores"]["dsc"]["median"] == pytest.approx(np.median([float(row["dsc"]) for row in rows]))


def test_every_picture_says_where_it_comes_from(segmented, aligned):
    """In its own description, which any program reads."""
    for folder, _results in (segmented, aligned):
        report = report_of(folder)
        for path in folder.rglob("*.png"):
            about = path.read_bytes().split(b"iTXtDescription\0", 1)[1][4:].decode("utf-8", "replace")
            assert about.startswith(f"Correspond {report['versions']['correspond']}, {report['method']}")
            assert report["statement"] in about


def test_the_report_says_what_it_is(segmented, data):
    report, page = report_of(segmented[0]), (segmented[0] / "report.html").read_text(encoding="utf-8")
    assert report["method"] == "vesselness (no network)"
    assert report["model"] is None and report["models"] == []
    assert report["statement"] == "For research use only. Not for clinical use."
    assert "No network was used" in report["check_result"]["reasons"][0]
    assert report["input"]["geometry"]["isocenter_pixel_mm"] == pytest.approx([0.7 * SPACING_MM] * 2)
    assert page.count("data:image/png;base64,") == 2 * 5
    assert "http" not in re.sub(r'"data:[^"]*"', "", page)
    for text in (
        "vesselness (no network)",
        "For research use only",
        "at the detector",
        "in the plane of the isocenter",
        "RAO" if 0 else "LAO",
    ):
        assert text in page
    assert str(data) not in page + json.dumps(report)


def test_some_frames_only(data, tmp_path):
    results = tavi(
        "segment", data / "a.dcm", "--output", tmp_path, "--method", "vesselness", "--frames", 2, 3, "--no-probability"
    )
    assert not (tmp_path / "probability.nrrd").exists()
    assert results["frames"] == {"first": 2, "last": 3}
    run = read_run(data / "a.dcm")
    masks = read_masks(tmp_path / "masks.nrrd", run)
    assert sorted(masks) == [2, 3]
    np.testing.assert_array_equal(mask_of(tmp_path / "masks.nrrd", run, 3), masks[3])
    with pytest.raises(InputError, match="not of frame 0"):
        mask_of(tmp_path / "masks.nrrd", run, 0)


def test_the_model_is_found_in_one_view(aligned, data):
    folder, results = aligned
    assert listed(results, folder) == [
        "agreement/view_1.png",
        "landmarks.csv",
        "metrics.csv",
        "overlays/view_1.png",
        "pose.json",
        "pose.tfm",
        "report.html",
        "report.json",
        "settings.json",
    ]
    pose = read_pose(folder / "pose.json")
    truth = np.load(data / "a_shifts.npy")[0]
    off = pose.apply(tube().points_mm) - (tube().points_mm + truth)
    assert np.abs(off[:, [0, 2]]).mean() < 1.0  # left and head: in the image's plane at 0/0
    assert results["degrees"] == "in-plane"
    assert results["views"][0]["dsc"] > 0.95
    assert not results["confidence"]["shift along the beam"]["certain"]
    with open(folder / "landmarks.csv", encoding="utf-8") as file:
        errors = {row["name"]: float(row["error_mm"]) for row in csv.DictReader(file)}
    assert set(errors) == {"low", "middle"}
    assert max(errors.values()) < 2.0


def test_picked_pairs_alone(data, tmp_path):
    options = ("--mesh-frame", "LPS", "--view", data / "a.dcm", "0", "--mode", "points", "--pairs", data / "points.csv")
    results = tavi("align", data / "aorta.stl", *options, "--output", tmp_path, "--landmarks", data / "points.csv")
    assert results["method"] == "point pairs"
    assert max(mark["error_mm"] for mark in results["landmarks"]) < 0.5
    assert results["views"][0]["dsc"] is None  # no mask was given, and none was made
    assert "Points alone were used" in results["check_result"]["reasons"][0]
    assert listed(results, tmp_path)[:3] == ["landmarks.csv", "metrics.csv", "overlays/view_1.png"]
    with pytest.raises(InputError, match="--pairs"):
        tavi("align", data / "aorta.stl", *options[:-2], "--output", tmp_path / "out")


def test_picked_pairs_as_start(data, tmp_path):
    far = tmp_path / "far.json"
    far.write_text(json.dumps({"matrix_lps": Pose(translation_mm=(60.0, 0.0, 55.0)).matrix().tolist()}))
    options = ("--mesh-frame", "LPS", "--view", data / "a.dcm", "0", "--mask", data / "a_masks.nrrd", "--start", far)
    results = tavi("align", data / "aorta.stl", *options, "--pairs", data / "points.csv", "--output", tmp_path / "out")
    assert results["method"] == "pose fit"
    assert results["views"][0]["dsc"] > 0.95


def test_the_papers_mode_moves_a_picture(data, tmp_path):
    options = ("--mesh-frame", "LPS", "--view", data / "a.dcm", "0", "--mask", data / "a_masks.nrrd", "--mode", "paper")
    results = tavi(
        "align", data / "aorta.stl", *options, "--affine-by", "moments", "--output", tmp_path, "--landmarks", data / "points.csv"
    )
    assert results["method"] == "affine map"
    assert results["pose"] is None
    assert "pose.json" not in listed(results, tmp_path)
    affine = json.loads((tmp_path / "affine.json").read_text())
    assert np.array(affine["matrix_px"]).shape == (2, 3)
    assert affine["views"][0]["dsc"] > 0.9
    assert {mark["name"] for mark in results["landmarks"]} == {"low", "middle"}
    assert "it knows no depth" in (tmp_path / "report.html").read_text(encoding="utf-8")
    with pytest.raises(InputError, match='no model "absent"'):
        tavi("align", data / "aorta.stl", *options, "--matching-model", "absent", "--output", tmp_path / "out")
    with pytest.raises(InputError, match="one view"):
        two = ("--view", data / "b.dcm", "0", "--mask", data / "b_masks.nrrd")
        tavi("align", data / "aorta.stl", *options, *two, "--affine-by", "moments", "--output", tmp_path / "out")


def test_the_transform_carries_the_model_to_the_patient(aligned):
    """In ITK's files a transform goes from the output to the input: from the patient to the model."""
    pose, transform = read_pose(aligned[0] / "pose.json"), sitk.ReadTransform(str(aligned[0] / "pose.tfm"))
    for point in ((0.0, 0.0, 0.0), (10.0, -20.0, 30.0)):
        np.testing.assert_allclose(transform.GetInverse().TransformPoint(point), pose.apply(np.array([point]))[0], atol=1e-6)


def test_the_root_is_the_pivot_where_landmarks_name_it(aligned, data, tmp_path):
    """Else it is the model's middle, which a later fit does not take for the root."""
    mesh, fit = tube(), FitSettings()
    middle = read_pose(aligned[0] / "pose.json")
    np.testing.assert_allclose(middle.pivot_mm, mesh.points_mm.mean(axis=0), atol=0.1)
    assert focused(middle, mesh, [], fit)[1].focus_mm > 1000
    assert focused(Pose(), mesh, [], fit)[1].focus_mm > 1000
    assert focused(Pose(pivot_mm=(0.0, 0.0, 30.0)), mesh, [], fit) == (Pose(pivot_mm=(0.0, 0.0, 30.0)), fit)
    nadirs = tube().points_mm[[25, 400]]
    lines = [f"Nadir {n},{','.join(map(str, mm))}" for n, mm in enumerate(nadirs)]
    (tmp_path / "nadirs.csv").write_text("\n".join(["name,x,y,z", *lines, "ostium,0,0,0"]) + "\n")
    options = ("--mesh-frame", "LPS", "--view", data / "a.dcm", "0", "--mask", data / "a_masks.nrrd", "--starts", "1")
    tavi("align", data / "aorta.stl", *options, "--output", tmp_path / "out", "--landmarks", tmp_path / "nadirs.csv")
    np.testing.assert_allclose(read_pose(tmp_path / "out" / "pose.json").pivot_mm, nadirs.mean(axis=0), atol=1e-6)


def test_two_views_tell_six_degrees_of_freedom(data, tmp_path):
    views = ("--view", data / "a.dcm", "0", "--view", data / "b.dcm", "0")
    masks = ("--mask", data / "a_masks.nrrd", "--mask", data / "b_masks.nrrd")
    results = tavi("align", data / "aorta.stl", "--mesh-frame", "LPS", *views, *masks, "--output", tmp_path)
    assert results["degrees"] == "six"
    off = read_pose(tmp_path / "pose.json").apply(tube().points_mm) - (tube().points_mm + np.load(data / "a_shifts.npy")[0])
    assert np.linalg.norm(off, axis=1).mean() < 2.0
    assert (tmp_path / "overlays" / "view_2.png").exists()


def test_the_model_follows_the_cine(aligned, data, tmp_path):
    options = ("--mesh-frame", "LPS", "--pose", aligned[0] / "pose.json", "--mask", data / "a_masks.nrrd", "--smoothing", "0")
    results = tavi(
        "track", data / "aorta.stl", data / "a.dcm", *options, "--output", tmp_path, "--landmarks", data / "points.csv"
    )
    assert "masks.nrrd" not in listed(results, tmp_path)
    truth = np.load(data / "a_shifts.npy")
    with open(tmp_path / "poses.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    shifts = np.array([[float(row["shift_l_mm"]), float(row["shift_s_mm"])] for row in rows])
    moved = (shifts - shifts[0]) - (truth - truth[0])[:, [0, 2]]
    assert np.abs(moved).max() < 1.2
    assert all(row["shown"] == "1" for row in rows)
    frames = json.loads((tmp_path / "poses.json").read_text())["frames"]
    assert [frame["frame"] for frame in frames] == list(range(5))
    np.testing.assert_allclose(frames[2]["pose"]["translation_mm"][2], float(rows[2]["shift_s_mm"]), atol=1e-4)
    with open(tmp_path / "motion.csv", encoding="utf-8") as file:
        down = np.array([float(row["down_mm"]) for row in csv.DictReader(file)])
    assert np.abs(down - down[0] + (truth - truth[0])[:, 2]).max() < 1.2  # towards the head is up in the image
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "frames with a good overlay" in page


def test_the_page_is_made_anew(segmented, aligned, tmp_path):
    for folder, _ in (segmented, aligned):
        page = (folder / "report.html").read_text(encoding="utf-8")
        (folder / "report.html").unlink()
        assert tavi("report", folder)["files"] == [str(folder / "report.html")]
        assert (folder / "report.html").read_text(encoding="utf-8") == page
    with pytest.raises(InputError, match="report.json"):
        tavi("report", tmp_path)


def test_box_plots_of_splits(segmented, aligned, tmp_path):
    results = tavi(
        "report", "--split", "validation", segmented[0], "--split", "test", aligned[0], aligned[0], "--output", tmp_path
    )
    assert results["splits"]["validation"] == report_of(segmented[0])["scores"]
    assert results["splits"]["test"]["dsc"]["count"] == 2
    page = (tmp_path / "scores.html").read_text(encoding="utf-8")
    assert "validation" in page and "<rect" in page
    with open(tmp_path / "scores.csv", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 5 + 2


def test_the_settings_of_a_run_make_another_run(aligned, data, tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text((aligned[0] / "settings.json").read_text())
    views = ("--mesh-frame", "LPS", "--view", data / "a.dcm", "0", "--mask", data / "a_masks.nrrd")
    tavi(
        "align",
        data / "aorta.stl",
        *views,
        "--output",
        tmp_path / "out",
        "--settings",
        settings,
        "--starts",
        "1",
        "--threads",
        "1",
    )
    again = report_of(tmp_path / "out")["settings"]
    assert again["alignment"]["starts"] == 1
    assert {**again["alignment"], "starts": 4} == report_of(aligned[0])["settings"]["alignment"]
