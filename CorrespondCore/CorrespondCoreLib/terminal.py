"""Progress on a terminal is a bar that moves; in a pipe or a log file it is lines."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TextIO

from .progress import Progress, RemainingTime, duration_text

STYLES = ("auto", "bar", "lines", "none")


class Bar:
    """One line that is drawn over and over: [#####-----]  52 % Discrete search, 34 s left."""

    def __init__(self, stream: TextIO, remaining: RemainingTime, clock: Callable[[], float] = time.monotonic):
        self._stream, self._remaining, self._clock = stream, remaining, clock
        self._drawn, self._stage, self._length = float("-inf"), "", 0

    def show(self, fraction: float, stage: str) -> None:
        now = self._clock()
        if stage == self._stage and fraction < 1.0 and now - self._drawn < 0.1:
            return
        self._drawn, self._stage = now, stage
        filled = int(round(20 * fraction))
        left = self._remaining(fraction)
        text = f"[{'#' * filled}{'-' * (20 - filled)}] {100 * fraction:3.0f} % {stage}"
        text += f", {duration_text(left)} left" if left else ""
        text = text[: max(shutil.get_terminal_size().columns - 1, 20)]
        self._stream.write("\r" + text.ljust(self._length))
        self._stream.flush()
        self._length = len(text)

    def warn(self, message: str) -> None:
        self.finish()
        self._stream.write(f"Warning: {message}\n")

    def finish(self) -> None:
        """Leave the bar and go to a new line."""
        if self._length:
            self._stream.write("\n")
            self._stream.flush()
            self._length = 0


class Lines:
    """One line per stage, and one every ten percent."""

    def __init__(self, stream: TextIO, remaining: RemainingTime):
        self._stream, self._remaining = stream, remaining
        self._last: tuple[str, int] | None = None

    def show(self, fraction: float, stage: str) -> None:
        step = (stage, int(fraction * 10 + 1e-9))
        if step == self._last:
            return
        self._last = step
        left = self._remaining(fraction)
        self._stream.write(f"{100 * fraction:3.0f} % {stage}{f', {duration_text(left)} left' if left else ''}\n")
        self._stream.flush()

    def warn(self, message: str) -> None:
        self._stream.write(f"Warning: {message}\n")
        self._stream.flush()

    def finish(self) -> None:
        """Lines need no end."""


class Silent:
    """No progress; warnings are still said."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def show(self, fraction: float, stage: str) -> None:
        """Say nothing."""

    def warn(self, message: str) -> None:
        self._stream.write(f"Warning: {message}\n")

    def finish(self) -> None:
        """Nothing was drawn."""


def display_for(stream: TextIO, style: str = "auto") -> Bar | Lines | Silent:
    """The display that suits a stream.

    Args:
        stream: usually sys.stderr.
        style: "bar", "lines", "none", or "auto": a bar on a terminal, lines elsewhere.
    """
    if style == "none":
        return Silent(stream)
    if style == "bar" or (style == "auto" and stream.isatty()):
        return Bar(stream, RemainingTime())
    return Lines(stream, RemainingTime())


def terminal_progress(display: Bar | Lines | Silent) -> Progress:
    """A Progress that is shown on a display."""
    return Progress(show=display.show, warn=display.warn)
