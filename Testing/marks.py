"""Marks of tests that run in pytest and, as panel tests do, by unittest alone inside Slicer."""

import sys


def slow(test):
    """Mark a test that takes minutes; inside Slicer it simply runs."""
    return sys.modules["pytest"].mark.slow(test) if "pytest" in sys.modules else test
