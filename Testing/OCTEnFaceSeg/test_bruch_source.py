"""Where Bruch's membrane comes from."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib.bruch_source import known, membrane_of, read_membrane
from OCTEnFaceSegLib.results import write_map
from Testing.OCTEnFaceSeg.enface_examples import layered, scan_of

VOLUME, BRUCH = layered()


def scan(**layers):
    return scan_of(VOLUME, layers=layers)


def test_the_files_layer_is_used_and_its_gaps_are_filled_and_told():
    gaps = BRUCH.copy()
    gaps[:, 30:60] = np.nan
    progress = Progress()
    membrane = membrane_of(scan(BM=gaps), VOLUME, progress=progress)
    assert membrane.source == "file"
    assert np.array_equal(membrane.bruch.depth[:, :30], BRUCH[:, :30])
    assert np.abs(membrane.bruch.depth - BRUCH).max() < 4
    assert (membrane.bruch.confidence[:, 30:60] == 0).all()
    assert (membrane.bruch.confidence[:, :30] == 1).all()
    assert "missing at 23 %" in progress.warnings[0]


def test_a_layer_that_is_mostly_missing_is_not_used_by_itself_and_the_user_learns_it(monkeypatch):
    mostly = np.where(np.arange(128) < 20, BRUCH, np.nan).astype(np.float32)
    found = known(BRUCH, scan())
    monkeypatch.setattr("OCTEnFaceSegLib.bruch_source.find_bruch", lambda volume, spacing_mm, progress: found)
    progress = Progress()
    assert membrane_of(scan(BM=mostly), VOLUME, progress=progress).source == "found"
    assert "found in the volume" in progress.warnings[0]
    assert membrane_of(scan(BM=mostly), VOLUME, "file").source == "file"
    assert membrane_of(scan(BM=BRUCH), VOLUME, "find").source == "found"


def test_a_layer_that_is_wanted_must_be_there():
    with pytest.raises(InputError, match="no layer of Bruch's membrane"):
        membrane_of(scan(ILM=BRUCH), VOLUME, "file")


def test_the_users_membrane_goes_before_the_files():
    membrane = membrane_of(scan(BM=BRUCH + 5), VOLUME, given=BRUCH)
    assert membrane.source == "given"
    assert np.array_equal(membrane.bruch.depth, BRUCH)


def test_points_move_the_membrane_and_stand_in_its_source():
    membrane = membrane_of(scan(BM=BRUCH), VOLUME, points={12: [(64.0, float(BRUCH[12, 64]) + 6)]})
    assert membrane.source == "file, corrected"
    assert membrane.bruch.depth[12, 64] == pytest.approx(BRUCH[12, 64] + 6, abs=0.01)


@pytest.mark.parametrize("point", [(30, (64.0, 50.0)), (3, (200.0, 50.0)), (3, (64.0, 500.0)), (-1, (64.0, 50.0))])
def test_points_outside_of_the_scan_are_refused(point):
    with pytest.raises(InputError, match="outside of the scan"):
        membrane_of(scan(BM=BRUCH), VOLUME, points={point[0]: [point[1]]})


def test_membranes_of_other_scans_or_units_are_refused():
    for depth, message in (
        (BRUCH[:20], "128 x 20 values, the scan 128 x 24"),
        (np.full_like(BRUCH, np.nan), "no value"),
        (BRUCH - 500, "in voxels"),
    ):
        with pytest.raises(InputError, match=message):
            known(depth, scan())


def test_files_of_the_membrane_are_read(tmp_path):
    write_map(scan(), BRUCH, tmp_path / "bruch.nrrd")
    depth, points = read_membrane(tmp_path / "bruch.nrrd")
    assert np.array_equal(depth, BRUCH)
    assert points is None
    (tmp_path / "points.csv").write_text("b_scan,a_scan,depth\n3,10.5,60\n3,90,62\n4,1,61\n")
    assert read_membrane(tmp_path / "points.csv") == (None, {3: [(10.5, 60.0), (90.0, 62.0)], 4: [(1.0, 61.0)]})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "b_scan,a_scan\n3,4\n", "columns b_scan"),
        ("b.csv", "b_scan,a_scan,depth\nx,1,2\n", "columns b_scan"),
        ("c.csv", "b_scan,a_scan,depth\n", "no point"),
        ("d.nrrd", "nothing", "d.nrrd"),
    ],
)
def test_files_that_hold_no_membrane_are_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_membrane(tmp_path / name)
    with pytest.raises(InputError, match="does not exist"):
        read_membrane(tmp_path / "absent.nrrd")
