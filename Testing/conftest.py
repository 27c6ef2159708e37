"""An exception in a slot or an observer fails the test in which it happened: Qt and VTK only print it."""

import sys

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    raised = []
    before = sys.excepthook
    sys.excepthook = lambda kind, error, trace: (raised.append(error), before(kind, error, trace))
    outcome = yield
    sys.excepthook = before
    if raised and outcome.excinfo is None:
        outcome.force_exception(AssertionError(f"{len(raised)} exceptions in slots or observers; the first: {raised[0]!r}"))
