"""slicer.testing: run a module's unit tests, and end the application with their result."""

import sys
import unittest

import slicer


def runUnitTest(path, testname):
    """Run the tests of the file `testname` in the folders `path`, then end the application."""
    sys.path[:0] = [path] if isinstance(path, str) else list(path)
    suite = unittest.TestLoader().loadTestsFromName(testname)
    passed = unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful()
    slicer.util.exit(slicer.util.EXIT_SUCCESS if passed else slicer.util.EXIT_FAILURE)
