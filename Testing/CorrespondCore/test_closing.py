"""The user closes Slicer while work runs beside it: the work stops, a call that waits for it ends, and nothing is left behind.

Not one of the panel tests that also run inside Slicer: there it would close Slicer.
"""

import time
import unittest
from pathlib import Path

from Testing import host

host.start(modules=["CorrespondCore/CorrespondCore.py"])

import slicer  # noqa: E402

from CorrespondCoreLib.errors import Cancelled  # noqa: E402
from CorrespondCoreLib.panel.background import Background  # noqa: E402

STANDIN = Path(__file__).resolve().with_name("standin")


class ClosingTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, Background, "_closing", None)

    def begin(self, **callbacks):
        """Ten seconds of work; `folder` is its job folder."""

        def prepare(folder):
            self.folder = folder
            return ["tavi", "work", "--output", str(folder), "--seconds", "10"]

        return Background(STANDIN, prepare, lambda folder: "loaded", **callbacks)

    def test_a_console_call_that_waits_ends(self):
        finished = []
        background = self.begin(onProgress=lambda *progress: slicer.app.lastWindowClosed(), onFinished=finished.append)
        with self.assertRaisesRegex(Cancelled, "Slicer was closed"):
            background.wait()
        self.assertEqual(finished, [background])
        self.assertFalse(self.folder.exists())

    def test_a_loop_over_many_does_not_start_the_next(self):
        with self.assertRaises(Cancelled):
            self.begin(onProgress=lambda *progress: slicer.app.lastWindowClosed()).wait()
        self.folder = None
        with self.assertRaisesRegex(Cancelled, "Slicer was closed"):
            self.begin()
        self.assertIsNone(self.folder)

    def test_the_child_tidies_up_when_nobody_listens_any_more(self):
        """A panel is unloaded, and Slicer's event loop has ended."""
        background = self.begin()
        host.wait(lambda: background._job.percent > 0)
        background.abandon()
        end = time.monotonic() + 20
        while self.folder.exists() and time.monotonic() < end:
            time.sleep(0.05)  # no events
        self.assertFalse(self.folder.exists())
        host.wait(lambda: background.finished)
        self.assertIsInstance(background.error, Cancelled)

    def test_closing_after_the_work_is_no_concern_of_it(self):
        background = self.begin()
        background.cancel()
        host.wait(lambda: background.finished)
        slicer.app.lastWindowClosed()
        another = self.begin()
        another.cancel()
        host.wait(lambda: another.finished)


if __name__ == "__main__":
    unittest.main()
