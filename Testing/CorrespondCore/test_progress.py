"""Progress moves forward through nested work, tells the remaining time, and is where a cancel takes effect."""

import io

import pytest

from CorrespondCoreLib.errors import Cancelled
from CorrespondCoreLib.progress import Progress, RemainingTime, duration_text
from CorrespondCoreLib.terminal import Bar, Lines, display_for, terminal_progress


def test_stages_divide_the_whole():
    seen = []
    progress = Progress(show=lambda fraction, stage: seen.append((round(fraction, 3), stage)))
    with progress.stage("Read", until=0.2) as step:
        step(0.5)
    with progress.stage("Search", until=1.0) as step:
        step(0.25)
        step(7)
    assert seen == [(0, "Read"), (0.1, "Read"), (0.2, "Read"), (0.2, "Search"), (0.4, "Search"), (1, "Search"), (1, "Search")]
    assert set(progress.seconds) == {"Read", "Search"}


def test_cancel_comes_out_of_the_work_and_seconds_are_still_counted():
    stop = False
    progress = Progress(cancelled=lambda: stop)
    with pytest.raises(Cancelled), progress.stage("Search", until=1.0) as step:
        step(0.1)
        stop = True
        step(0.2)
    assert "Search" in progress.seconds


def test_a_warning_is_said_once():
    said = []
    progress = Progress(warn=said.append)
    progress.warning("No lungs were found.")
    progress.warning("No lungs were found.")
    assert said == progress.warnings == ["No lungs were found."]


def test_remaining_time_follows_the_pace():
    now = 0.0
    remaining = RemainingTime(clock=lambda: now)
    now = 0.5
    assert remaining(0.5) is None, "too early to tell"
    now = 30.0
    assert remaining(0.25) == pytest.approx(90)
    assert remaining(0.0) is None
    assert remaining(1.0) == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (4205, "1 h 10 min")]
)
def test_durations_as_people_read_them(seconds, text):
    assert duration_text(seconds) == text


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines():
    assert isinstance(display_for(Terminal()), Bar)
    assert isinstance(display_for(io.StringIO()), Lines)
    assert isinstance(display_for(Terminal(), "lines"), Lines)


def run_stages(display):
    progress = terminal_progress(display)
    with progress.stage("Search", until=0.6) as step:
        for i in range(1000):
            step(i / 1000)
    progress.warning("No lungs were found.")
    with progress.stage("Refinement", until=1.0):
        pass
    display.finish()


def test_lines_are_few_and_whole():
    stream = io.StringIO()
    run_stages(display_for(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "  0 % Search" and lines[-1] == "100 % Refinement"
    assert "Warning: No lungs were found." in lines and len(lines) < 12


def test_the_bar_shows_the_remaining_time_and_ends_with_a_line():
    now = 0.0

    def clock():
        nonlocal now
        now += 1.0
        return now

    stream = Terminal()
    run_stages(Bar(stream, RemainingTime(clock), clock))
    text = stream.getvalue()
    assert "[######--------------]  30 % Search, " in text and " left" in text
    assert "[####################] 100 % Refinement" in text.split("\r")[-1] and text.endswith("\n")
    assert "\nWarning: No lungs were found.\n" in text
