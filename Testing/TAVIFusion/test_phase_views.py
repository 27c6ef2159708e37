"""Two views taken in turn, through the command line: frames of the same phase are chosen, and what is left is told."""

import json

import numpy as np
import pytest

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.formats.writing import write_xa
from TAVIFusionLib.mask_files import write_frames
from TAVIFusionLib.meshes import write_mesh
from TAVIFusionLib.tracking.phases import match_phases
from Testing.TAVIFusion.run_examples import carm, cine, tube
from Testing.TAVIFusion.test_tracking import a_track

FRAMES, LATER = 12, 3  # the second run begins so many frames later in the beat


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in turn")
    mesh = tube()
    write_mesh(mesh, folder / "aorta.stl")
    for name, arm, first in (("a", carm(0.0), 0), ("b", carm(60.0), LATER)):
        made = cine(mesh, arm, frames=FRAMES + first)
        made.run.frames, made.run.geometry = made.run.frames[first:], made.run.geometry[first:]
        made.run.times_s = made.run.times_s[:FRAMES]
        write_xa(made.run, folder / f"{name}.dcm")
        write_frames(folder / f"{name}_masks.nrrd", made.masks[first:], made.run)
        np.save(folder / f"{name}_beats.npy", [pose.translation_mm[2] for pose in made.poses[first:]])
    return folder


def align(data, output, first="phase", second="phase", *more):
    views = ("--view", data / "a.dcm", first, "--view", data / "b.dcm", second)
    masks = ("--mask", data / "a_masks.nrrd", "--mask", data / "b_masks.nrrd")
    arguments = ["tavi", "align", data / "aorta.stl", "--mesh-frame", "LPS", *views, *masks, "--starts", "1", "--output", output]
    return cli.run([str(argument) for argument in (*arguments, *more)], Progress())


def test_frames_of_the_same_phase_are_chosen_and_the_rest_is_reported(data, tmp_path):
    results = align(data, tmp_path)
    phases = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["phases"]
    first, second = phases["frames"]
    assert [view["frame"] for view in results["views"]] == [first, second]
    assert abs(np.load(data / "a_beats.npy")[first] - np.load(data / "b_beats.npy")[second]) < 1.5
    assert phases["mismatch_mm"] < 1.0 and phases["next_best"][0]["mismatch_mm"] >= phases["mismatch_mm"]
    assert results["degrees"] == "six" and any("depth of breath" in text for text in results["warnings"])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "of motion between the two views" in page and "<h2>Phases</h2>" in page


def test_a_named_frame_stays_and_its_partner_is_chosen():
    first, second = a_track(0.0), a_track(0.4)
    pair = match_phases(first, second, frames=(17, None)).pairs[0]
    assert pair.frames[0] == 17 and pair.heart_mm < 0.5 and pair.breath_mm < 2.0
    true = (1.2 * first.times_s[17] - 1.2 * second.times_s[pair.frames[1]] - 0.4 + 0.5) % 1 - 0.5
    assert abs(true) < 0.1
    first.shown[17] = False
    with pytest.raises(InputError, match="does not fit in frame 17"):
        match_phases(first, second, frames=(17, None))


def test_what_cannot_be_chosen_is_explained(data, tmp_path):
    with pytest.raises(InputError, match="or phase; 'soon' is neither"):
        align(data, tmp_path, "soon")
    (tmp_path / "pairs.csv").write_text("name,x,y,z,view,column,row\np,0,0,0,1,60,60\n")
    with pytest.raises(InputError, match="name the frames"):
        align(data, tmp_path / "out", "phase", "phase", "--pairs", tmp_path / "pairs.csv")
    with pytest.raises(InputError, match="in two views"):
        view = ["--view", str(data / "a.dcm"), "phase", "--mask", str(data / "a_masks.nrrd")]
        cli.run(["tavi", "align", str(data / "aorta.stl"), "--mesh-frame", "LPS", *view, "--output", str(tmp_path)], Progress())
