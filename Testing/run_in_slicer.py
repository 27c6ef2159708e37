"""Run the panel tests inside a real Slicer: `Slicer --testing --python-script Testing/run_in_slicer.py [file ...]`.

Without files: all test_panel*.py of the modules. Slicer ends with exit code 0 if every test passed.
"""

import sys
import unittest
from pathlib import Path

import slicer

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]


def main(arguments):
    paths = [Path(name).resolve() for name in arguments] or sorted((ROOT / "Testing").glob("*/test_panel*.py"))
    raised = []
    before = sys.excepthook
    sys.excepthook = lambda kind, error, trace: (raised.append(error), before(kind, error, trace))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromNames(names))
    sys.excepthook = before
    for error in raised:
        print(f"in a slot or observer: {error!r}", file=sys.stderr)
    return result.wasSuccessful() and not raised


slicer.util.exit(slicer.util.EXIT_SUCCESS if main(sys.argv[1:]) else slicer.util.EXIT_FAILURE)
