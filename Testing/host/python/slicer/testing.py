"""slicer.testing: run a module's unit tests, and end the application with their result."""

import sys
import unittest

import slicer


def exitSuccess():
    slicer.util.exit(slicer.util.EXIT_SUCCESS)


def exitFailure(message=""):
    print(message, file=sys.stderr)
    slicer.util.exit(slicer.util.EXIT_FAILURE)


def runUnitTest(path, testname):
    """Run the tests of the file `testname` in the folders `path`, then end the application."""
    sys.path[:0] = [path] if isinstance(path, str) else list(path)
    suite = unittest.TestLoader().loadTestsFromName(testname)
    if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful():
        exitSuccess()
    else:
        exitFailure()
