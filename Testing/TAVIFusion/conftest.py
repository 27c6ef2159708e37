"""What several files of tests share: a small cine on disk, segmented and aligned once."""

import numpy as np
import pytest

from TAVIFusionLib.formats.writing import write_xa
from TAVIFusionLib.mask_files import write_frames
from TAVIFusionLib.meshes import write_mesh
from Testing.TAVIFusion.run_examples import WRONG, carm, cine, tavi, tube


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A model, two runs, and true masks, in a folder whose name holds a space and an umlaut."""
    folder = tmp_path_factory.mktemp("Herz kathe ter ü")
    mesh = tube()
    write_mesh(mesh, folder / "aorta.stl")
    for name, arm in (("a", carm(0.0, 0.0)), ("b", carm(60.0, 0.0))):
        made = cine(mesh, arm, frames=5, base=WRONG)
        write_xa(made.run, folder / f"{name}.dcm")
        write_frames(folder / f"{name}_masks.nrrd", made.masks, made.run)
        np.save(folder / f"{name}_shifts.npy", [pose.translation_mm for pose in made.poses])
    points = ["name,x,y,z,view,column,row"]
    true = WRONG.apply(mesh.points_mm[[25, 400]])
    for name, mm, pixel in zip(("low", "middle"), mesh.points_mm[[25, 400]], carm(0.0, 0.0).project(true), strict=True):
        points.append(f"{name},{','.join(map(str, mm))},1,{pixel[0]},{pixel[1]}")
    (folder / "points.csv").write_text("\n".join(points) + "\n")
    return folder


@pytest.fixture(scope="session")
def segmented(data):
    folder = data / "segmented"
    results = tavi("segment", data / "a.dcm", "--output", folder, "--method", "vesselness", "--reference", data / "a_masks.nrrd")
    return folder, results


@pytest.fixture(scope="session")
def aligned(data):
    folder = data / "aligned"
    options = ("--mesh-frame", "LPS", "--view", data / "a.dcm", "0", "--mask", data / "a_masks.nrrd")
    results = tavi(
        "align", data / "aorta.stl", *options, "--output", folder, "--landmarks", data / "points.csv", "--threads", "1"
    )
    return folder, results
