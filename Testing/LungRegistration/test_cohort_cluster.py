"""`correspond lung batch --scheduler`: a real Dask cluster of two worker processes on this computer."""

import json
import os
import time

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import cli
from CorrespondCoreLib.cohorts import cluster as cluster_module
from CorrespondCoreLib.cohorts.cluster import DaskCluster
from CorrespondCoreLib.errors import Cancelled, InputError, MissingPackage, OutputError
from CorrespondCoreLib.processes import kill
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.formats.landmarks import read_landmarks
from LungRegistrationLib.measures.tre import landmark_errors_mm
from Testing.LungRegistration.cohort_examples import batch, table_rows, write_cohort

pytestmark = pytest.mark.slow
COUNT = 10


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as made:
        yield made


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_cohort(tmp_path_factory.mktemp("cohort"), COUNT, (64, 64, 64))


def kill_a_worker(cluster):
    """Kill a worker process that is at work on a pair. Returns the pair's task."""
    from distributed import Client

    with Client(cluster, set_as_default=False) as client:
        processes = client.run(os.getpid)
        worker, tasks = next((worker, tasks) for worker, tasks in client.processing().items() if tasks)
        kill(processes[worker])
        return tasks[0]


def test_ten_pairs_are_registered_although_a_worker_is_killed(cluster, table, tmp_path):
    output, killed = tmp_path / "out", []

    def show(fraction, name):
        if "(3 of" in name and not killed:
            killed.append(kill_a_worker(cluster))

    options = ("--scheduler", cluster.scheduler_address, "--threads", "1")
    results = cli.run(batch(table, output, *options), Progress(show=show))
    assert killed
    assert (results["pairs"], results["done"], results["done_before"]) == (COUNT, COUNT, 0)
    rows = table_rows(output / "summary.csv")
    assert [row["state"] for row in rows] == ["done"] * COUNT
    for n, row in enumerate(rows, start=1):
        fixed_mm, moving_mm = read_landmarks(table.parent / f"scan{n}" / "landmarks.csv")
        field = sitk.ReadImage(str(output / row["id"] / "fixed_to_moving.nrrd"))
        errors = landmark_errors_mm(field, fixed_mm, moving_mm)
        assert errors.mean() == pytest.approx(float(row["tre_mm"]), abs=1e-3)
        assert errors.mean() < 0.6 * np.linalg.norm(fixed_mm - moving_mm, axis=1).mean()
        assert json.loads((output / row["id"] / "report.json").read_text(encoding="utf-8"))["folding_percent"]["everywhere"] == 0
    again = cli.run(batch(table, output, *options), Progress())
    assert again["done_before"] == COUNT


def test_a_cancel_stops_the_workers_and_leaves_the_cluster(cluster, table, tmp_path):
    from distributed import Client

    output, began = tmp_path / "out", []

    def cancelled():
        if not began and list(output.glob(".partial-cancel*")) == [] and (output / "summary.csv").exists():
            began.append(time.monotonic())
        return bool(began) and time.monotonic() - began[0] > 3

    with pytest.raises(Cancelled, match="of 10 pairs are done"):
        cli.run(batch(table, output, "--scheduler", cluster.scheduler_address), Progress(cancelled=cancelled))
    states = [row["state"] for row in table_rows(output / "summary.csv")]
    assert states.count("cancelled") >= COUNT - 2
    assert not list(output.glob(".partial*"))
    with Client(cluster, set_as_default=False) as client:
        assert not any(client.processing().values())
        assert len(client.nthreads()) == 2


def test_a_scheduler_that_is_not_there_is_said(table, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "CONNECT_S", 2)
    with pytest.raises(InputError, match="No Dask scheduler answers at tcp://127.0.0.1:9"):
        cli.run(batch(table, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9"), Progress())


def test_a_cluster_without_workers_is_said(tmp_path, monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr(cluster_module, "CONNECT_S", 2)
    with LocalCluster(n_workers=0, dashboard_address=None) as empty, pytest.raises(InputError, match="has no workers"):
        DaskCluster(empty.scheduler_address, tmp_path)


def test_workers_that_do_not_fit_are_said(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "__version__", "99.0")
    with pytest.raises(MissingPackage, match="this computer 99.0: install the same"):
        DaskCluster(cluster.scheduler_address, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr("pathlib.Path.touch", lambda path: None)
    with pytest.raises(OutputError, match="does not see the output folder"):
        DaskCluster(cluster.scheduler_address, tmp_path)


def test_each_pair_gets_its_share_of_the_threads(cluster, tmp_path):
    place = DaskCluster(cluster.scheduler_address, tmp_path)
    assert place._threads == max(1, (os.cpu_count() or 1) // 2)
    assert DaskCluster(cluster.scheduler_address, tmp_path, threads=3)._threads == 3
