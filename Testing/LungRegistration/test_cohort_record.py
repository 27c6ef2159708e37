"""When a pair counts as finished."""

import os

import pytest

from CorrespondCoreLib.cohorts.record import RECORD, fingerprint, finished_figures, identity_of, write_record
from LungRegistrationLib.cohorts.kind import registration_identity
from LungRegistrationLib.settings import RegistrationSettings, preset


@pytest.fixture
def files(tmp_path):
    for name in ("fixed.nrrd", "moving.nrrd"):
        (tmp_path / name).write_bytes(b"voxels of " + name.encode())
    return {"fixed": tmp_path / "fixed.nrrd", "moving": tmp_path / "moving.nrrd"}


def identity(files, settings=None, options=(), fixed_is="inspiration"):
    common = registration_identity(settings or RegistrationSettings(), {"options": list(options)})
    return identity_of(common, files, {"fixed_is": fixed_is})


@pytest.fixture
def results(tmp_path, files):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "warped.nrrd").write_bytes(bytes(100))
    write_record(folder, identity(files), ["warped.nrrd"], {"tre_mm": 1.5})
    return folder


def test_a_finished_pair_is_recognized(results, files):
    assert finished_figures(results, identity(files)) == {"tre_mm": 1.5}


def test_the_record_names_no_file(results):
    text = (results / RECORD).read_text(encoding="utf-8")
    assert "fixed.nrrd" not in text
    assert str(results.parent) not in text


@pytest.mark.parametrize("size", [0, 99, 101])
def test_results_that_are_not_whole_do_not_count(results, files, size):
    (results / "warped.nrrd").write_bytes(bytes(size))
    assert finished_figures(results, identity(files)) is None


def test_results_that_are_gone_do_not_count(results, files):
    (results / "warped.nrrd").unlink()
    assert finished_figures(results, identity(files)) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": {}}', '{"files": [], "identity": {}}'])
def test_a_record_that_cannot_be_read_does_not_count(results, files, text):
    (results / RECORD).write_text(text)
    assert finished_figures(results, identity(files)) is None


def test_other_settings_options_and_phases_are_another_pair(results, files):
    assert finished_figures(results, identity(files, preset("fast"))) is None
    assert finished_figures(results, identity(files, options=["--maps"])) is None
    assert finished_figures(results, identity(files, fixed_is="expiration")) is None


def test_another_version_is_another_result(results, files, monkeypatch):
    monkeypatch.setattr("CorrespondCoreLib.cohorts.record.__version__", "99.0")
    assert finished_figures(results, identity(files)) is None


def test_changed_inputs_are_another_pair(results, files):
    moving = files["moving"]
    facts = moving.stat()
    os.utime(moving, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1_000_000_000))
    assert finished_figures(results, identity(files)) is None


def test_a_cohort_that_moved_is_still_finished(tmp_path, results, files):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    there = {role: path.rename(moved / path.name) for role, path in files.items()}
    assert finished_figures(results, identity(there)) == {"tre_mm": 1.5}


def test_voxels_beside_their_header_and_slices_of_a_series_count(tmp_path):
    header, voxels = tmp_path / "scan.mhd", tmp_path / "scan.raw"
    header.write_text("ElementDataFile = scan.raw")
    voxels.write_bytes(bytes(10))
    before = fingerprint(header)
    voxels.write_bytes(bytes(11))
    assert fingerprint(header) != before
    series = tmp_path / "series"
    series.mkdir()
    for n in range(3):
        (series / f"{n}.dcm").write_bytes(bytes(10))
    of_folder, of_slice = fingerprint(series), fingerprint(series / "0.dcm")
    (series / "2.dcm").write_bytes(bytes(12))
    assert fingerprint(series) != of_folder
    assert fingerprint(series / "0.dcm") != of_slice
