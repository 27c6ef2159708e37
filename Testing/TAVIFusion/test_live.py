"""Live work: a cine played into the worker, drops instead of queues, strangers, crashes, and the end of parent and child."""

import contextlib
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.launchers import launch_in_thread
from CorrespondCoreLib.processes import ProcessWatch, kill
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.live.client import LiveClient
from TAVIFusionLib.live.frame_work import FrameWork, reduced
from TAVIFusionLib.live.protocol import ProtocolError, Unpacker, frame_message, frame_of, mask_bytes, mask_of, packed
from TAVIFusionLib.live.worker import Answer, serve
from TAVIFusionLib.meshes import write_mesh
from TAVIFusionLib.metrics import frame_scores
from TAVIFusionLib.pose_files import pose_entry, pose_of
from TAVIFusionLib.settings import FusionSettings, SegmentationSettings
from Testing.TAVIFusion.run_examples import carm, tube
from Testing.TAVIFusion.run_examples import cine as beating

LIBRARY = Path(__file__).resolve().parents[2] / "TAVIFusion"
PERIOD_S = 1 / 7.5


def cine(count, side=96):
    """Frames with a dark vertical vessel that moves to the right, a pixel per frame."""
    columns = np.arange(side)
    return np.stack([np.tile(2000 - 900 * np.exp(-(((columns - 30 - n) / 4) ** 2)), (side, 1)) for n in range(count)]).astype(
        "int16"
    )


class ThreadLaunch:
    """A launcher that runs the worker's loop in a thread, with any work; it speaks as the child of a job does."""

    def __init__(self, work):
        self.work = work
        self.served = {}

    def __call__(self, args, on_line, on_exit):
        values = dict(zip(args, args[1:], strict=False))
        folder = Path(values["--job"])

        def run():
            word = Path(values["--token"]).read_text()
            try:
                with socket.create_connection(("127.0.0.1", int(values["--port"]))) as connection:
                    connection.sendall(packed({"token": word}))
                    self.served.update(serve(connection, self.work, lambda: None))
            except ConnectionError:  # stopped before this thread had its turn: a child ends with an error then
                on_exit(1)
                return
            (folder / "result.json").write_text('{"results": {}, "files": {}}')
            on_line('{"event": "done"}')
            on_exit(0)

        threading.Thread(target=run, daemon=True).start()
        return self

    def kill(self):
        raise AssertionError("the worker did not end by itself")


def answer(frame, carm):
    return Answer(frame < 1500, None, None, False, 0.0)


def played(client, frames, period_s, longest_s=60.0):
    """Results of frames that are given at a fixed rate by a clock, polled every 10 ms as a timer does."""
    results, given, began = [], 0, time.monotonic()
    while time.monotonic() - began < longest_s:
        if given < len(frames) and time.monotonic() - began >= given * period_s:
            client.submit(frames[given], CArm(0.0, 0.0))
            given += 1
        results += client.poll()
        if given == len(frames) and results and results[-1].number == client.statistics.submitted - 1:
            return results
        time.sleep(0.01)
    raise AssertionError(f"{len(results)} results after {longest_s} s: {client.error} {client.log_tail()}")


def stopped(client):
    client.stop()
    assert client.wait_stopped(10)
    return client


def test_a_frame_and_its_geometry_survive_the_way():
    frame = np.arange(12, dtype=">u2").reshape(3, 4).astype("uint16")
    carm = CArm(12.5, -3.0, 1000.0, 700.0, (0.2, 0.3), (4, 3), table_mm=(1.0, 2.0, 3.0))
    unpacker, data = Unpacker(), frame_message(7, frame, carm)
    messages = [message for byte in data for message in unpacker.feed(bytes([byte]))]
    assert len(messages) == 1
    header, payload = messages[0]
    back, arm = frame_of(header, payload)
    assert header["id"] == 7
    np.testing.assert_array_equal(back, frame)
    assert back.dtype == np.uint16
    assert arm == carm
    mask = np.random.default_rng(0).random((5, 7)) > 0.5
    np.testing.assert_array_equal(mask_of([7, 5], mask_bytes(mask)), mask)


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", packed({"a": 1})[:4] + b"\xff" * 8, b"CrLv\x02\x00\x00\x00\x00\x00\x00\x00[]", b"\x00" * 64],
)
def test_other_bytes_are_no_message(data):
    with pytest.raises(ProtocolError):
        Unpacker().feed(data)


def test_a_broken_frame_is_no_frame():
    header, payload = Unpacker().feed(frame_message(0, np.zeros((3, 4), "uint8"), None))[0]
    for wrong in ({**header, "size": [5, 3]}, {**header, "type": "object"}, {**header, "carm": {"no": 1}}, {"id": 3}):
        with pytest.raises(ProtocolError):
            frame_of(wrong, payload)
    with pytest.raises(ValueError, match="gray values"):
        frame_message(0, np.zeros((3, 4, 3), "uint8"), None)


def test_a_cine_at_7_5_frames_per_second_is_answered_in_order():
    launch = ThreadLaunch(answer)
    client = LiveClient(launch=launch)
    client.start()
    frames = cine(12)
    results = played(client, frames, PERIOD_S)
    numbers = [result.number for result in results]
    assert numbers == sorted(set(numbers))
    for result in results:
        np.testing.assert_array_equal(result.mask, frames[result.number] < 1500)
        assert 0 <= result.beyond_s <= result.latency_s
    assert client.statistics.answered == len(results)
    assert client.statistics.answered + client.statistics.dropped == client.statistics.submitted == 12
    assert "latency" in client.statistics.text()
    assert 5 < client.statistics.answers_per_second < 9
    assert stopped(client).state == "stopped"
    assert client.error is None


def test_a_slow_network_drops_frames_and_never_queues_them():
    """While the network works on one frame, 39 others come: the next that it sees is the last of them."""
    gate, began = threading.Event(), []

    def slow(frame, carm):
        began.append(int(frame[0, 0]))
        assert gate.wait(30)
        return answer(frame, carm)

    launch = ThreadLaunch(slow)
    client = LiveClient(launch=launch)
    client.start()
    frames = [np.full((512, 512), n, "int16") for n in range(40)]
    client.submit(frames[0])
    while not began:
        assert client.poll() == []
        time.sleep(0.01)
    for frame in frames[1:]:
        client.submit(frame)
        assert client.poll() == []
        time.sleep(0.01)
    gate.set()
    results = played(client, [], 0)
    assert [result.number for result in results] == began == sorted(set(began))
    assert len(results) <= 4  # the first, the last, and what was on the way when the gate opened
    assert client.statistics.dropped == 40 - len(results)
    assert client.statistics.waiting == 0
    assert max(result.waited_s for result in results) <= max(result.beyond_s for result in results)
    stopped(client)
    assert launch.served["answered"] == len(results)


def test_a_parent_that_does_not_listen_for_a_while_gets_the_latest_frames_first():
    client = LiveClient(launch=ThreadLaunch(answer))
    client.start()
    frames = cine(30)
    played(client, frames[:1], 0)
    for frame in frames:
        client.submit(frame)
    results = played(client, frames[:1], 0)
    assert results[-1].number == 31
    assert client.statistics.answered + client.statistics.dropped == 32
    stopped(client)


def test_a_frame_that_cannot_be_used_is_answered_by_the_reason():
    def refuse(frame, carm):
        raise InputError("The frame has no geometry.")

    client = LiveClient(launch=ThreadLaunch(refuse))
    client.start()
    (result,) = played(client, cine(1), 0)
    assert result.error == "The frame has no geometry."
    assert result.mask is None
    assert client.state == "running"
    stopped(client)


def test_who_does_not_know_the_word_is_not_let_in():
    launch = ThreadLaunch(answer)
    client = LiveClient(launch=launch)
    client.start()
    port = client._listener.getsockname()[1]
    strangers = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for stranger, data in zip(
        strangers, (packed({"token": "0" * 64}), b"GET / HTTP/1.1\r\n\r\n", packed({"id": 0, "work_s": 0})), strict=True
    ):
        stranger.sendall(data)
    results = played(client, cine(2), 0.05)
    assert results[-1].number == 1
    assert not results[-1].error
    for stranger in strangers:
        stranger.settimeout(5)
        with contextlib.suppress(ConnectionError):  # where bytes are unread, a reset instead of an end
            assert stranger.recv(1) == b""
        stranger.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    stopped(client)


def test_frames_are_taken_while_the_child_starts_and_after_it_has_stopped_refused():
    client = LiveClient(launch=ThreadLaunch(answer))
    with pytest.raises(RuntimeError, match="not started"):
        client.submit(cine(1)[0])
    client.start()
    client.submit(cine(1)[0])
    client.submit(cine(2)[1])
    assert client.statistics.dropped == 1
    stopped(client)
    with pytest.raises(RuntimeError, match="has stopped"):
        client.submit(cine(1)[0])


def test_the_model_follows_arriving_frames(tmp_path):
    """The work of the child, without its process: the pose of each frame follows, a frame without contrast keeps the last."""
    mesh, arm = tube(), carm(0.0, 0.0)
    made = beating(mesh, arm, frames=4)
    write_mesh(mesh, tmp_path / "aorta.stl")
    (tmp_path / "pose.json").write_text(json.dumps(pose_entry(made.poses[0])))
    settings = FusionSettings(segmentation=SegmentationSettings(method="vesselness"))
    work = FrameWork(settings, tmp_path / "aorta.stl", "LPS", tmp_path / "pose.json", "cpu", Progress())
    for frame, mask, pose in zip(made.run.frames, made.masks, made.poses, strict=True):
        seen = work(frame, arm)
        assert seen.shown
        assert frame_scores(seen.mask, mask)["dsc"] > 0.9
        off = pose_of(seen.pose).apply(mesh.points_mm) - pose.apply(mesh.points_mm)
        assert np.abs(off[:, [0, 2]]).mean() < 1.5
    last = seen.pose
    empty = work(np.full_like(frame, 2000), arm)
    assert not empty.shown
    assert empty.quality == 0
    assert empty.pose == last
    assert work(frame, None).pose is None
    with pytest.raises(InputError, match="--pose"):
        FrameWork(settings, tmp_path / "aorta.stl", "LPS", None, "cpu", Progress())


def test_a_smaller_picture_shows_the_same_places():
    arm = CArm(20.0, 10.0, 1000.0, 700.0, (0.2, 0.3), (1024, 512))
    points = np.random.default_rng(0).uniform(-40, 40, (20, 3))
    picture = np.zeros((512, 1024))
    picture[100:104, 200:204] = 1
    small, less = reduced(picture, arm)
    assert small.shape == (128, 256)
    assert np.argwhere(small == 1).tolist() == [[25, 50]]
    np.testing.assert_allclose((arm.project(points) + 0.5) / 4, less.project(points) + 0.5)
    assert reduced(picture[:511], arm.at(size=(1024, 511)))[1].size == (1024, 511)  # cannot be divided alike


@pytest.fixture
def child():
    """A real child: `correspond tavi live-worker` with the filter that needs no network."""
    told = []
    client = LiveClient(
        ["--method", "vesselness", "--threads", "1"], paths=[LIBRARY], on_stopped=told.append, launch=launch_in_thread
    )
    client.start()
    yield client, told
    client.stop()
    assert client.wait_stopped(15)


def test_the_child_answers_and_says_why_it_is_gone(child):
    """One child for all: it segments, it is killed, the message says so, nothing is left behind."""
    client, told = child
    frames = cine(5)
    results = played(client, frames, PERIOD_S)
    assert results[-1].mask[:, 34].mean() > 0.8
    assert results[-1].mask[:, 80].mean() < 0.2
    assert results[-1].segmentation_s > 0
    assert client.state == "running"
    kill(client._job._pid)
    assert client.wait_stopped(10)
    assert client.state == "failed"
    assert told == [client]
    assert "killed or crashed" in str(client.error)
    assert client.poll() == []
    assert not client._folder.exists()


def test_the_child_stops_when_asked(child):
    client, told = child
    played(client, cine(1), 0)
    pid = client._job._pid
    stopped(client)
    assert client.state == "stopped"
    assert not ProcessWatch(pid).alive()
    assert told == [client]


def test_a_child_that_cannot_start_says_why():
    client = LiveClient(["--method", "network", "--model", "no-such-model"], paths=[LIBRARY], launch=launch_in_thread)
    client.start()
    assert client.wait_stopped(60)
    assert client.state == "failed"
    assert "no-such-model" in str(client.error)


@pytest.mark.slow
def test_the_child_ends_with_its_parent(tmp_path):
    import subprocess

    script = (
        "import sys, time\n"
        "from TAVIFusionLib.live.client import LiveClient\n"
        f"client = LiveClient(['--method', 'vesselness'], paths=[{str(LIBRARY)!r}])\n"
        "client.start()\n"
        "while client.state == 'starting':\n    client.poll(); time.sleep(0.02)\n"
        "print(client._job._pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment)
    pid = int(parent.stdout.readline())
    watch = ProcessWatch(pid)
    assert watch.alive()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while watch.alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not watch.alive()
