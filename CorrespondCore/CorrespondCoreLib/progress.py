"""Progress of long work: nested stages, seconds per stage, warnings, curves, and the place where a cancel takes effect."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import Cancelled


class Progress:
    """Reports how far the work is, and stops it when the user wants.

    The work opens stages one after the other; each takes the bar to a stated fraction:

        with progress.stage("Discrete search", until=0.3) as step:
            for i in range(n):
                step((i + 1) / n)

    Args:
        show: called with (fraction of the whole 0..1, stage name); silent by default.
        warn: called with each warning for the user.
        cancelled: asked at each step; True raises `Cancelled` out of the work.
        plot: called with each point of the curves that work draws, {name: value}; silent by default.
    """

    def __init__(
        self,
        show: Callable[[float, str], None] | None = None,
        warn: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        plot: Callable[[dict[str, float]], None] | None = None,
    ):
        self.fraction = 0.0
        self.seconds: dict[str, float] = {}
        self.warnings: list[str] = []
        self._show = show
        self._warn = warn
        self._cancelled = cancelled
        self._plot = plot

    @contextmanager
    def stage(self, name: str, until: float, note: str = "") -> Iterator[Callable[..., None]]:
        """Open a stage that ends at the fraction `until` of the whole; yields step(fraction of this stage 0..1, note).

        Args:
            note: shown behind the name, for what differs from run to run, such as what the stage will take; a step may
                bring another one.
        """
        start, began = self.fraction, time.perf_counter()

        def step(fraction: float, note: str = note) -> None:
            shown = f"{name} ({note})" if note else name
            self._move(start + (until - start) * min(max(fraction, 0.0), 1.0), shown)

        step(0.0)
        try:
            yield step
            step(1.0)
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    def part(self, until: float) -> Progress:
        """A Progress for work that counts itself from 0 to 1: that goes from here to the fraction `until` of this one.

        Seconds and warnings of both are the same.
        """
        start = self.fraction
        part = Progress(lambda fraction, name: self._move(start + (until - start) * fraction, name), self._warn, plot=self._plot)
        part.seconds, part.warnings = self.seconds, self.warnings
        return part

    def warning(self, message: str) -> None:
        """Tell the user something that does not stop the work; it also stands in the report."""
        if message not in self.warnings:
            self.warnings.append(message)
            if self._warn:
                self._warn(message)

    def point(self, **values: float) -> None:
        """Tell one point of a curve, such as step=3, loss=0.4; work draws at most one set of curves."""
        if self._plot:
            self._plot(values)

    def _move(self, fraction: float, name: str) -> None:
        if self._cancelled():
            raise Cancelled()
        self.fraction = fraction
        if self._show:
            self._show(fraction, name)


class RemainingTime:
    """Estimates the seconds left from the pace so far: elapsed * (1 - fraction) / fraction.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._began = clock()

    def __call__(self, fraction: float) -> float | None:
        """Seconds left at this fraction (0..1) of the whole; None while it is too early to tell."""
        elapsed = self._clock() - self._began
        if fraction >= 1.0:
            return 0.0
        if fraction < 0.02 or elapsed < 1.0:
            return None
        return elapsed * (1.0 - fraction) / fraction


def about_text(seconds: float) -> str:
    """Estimated seconds as people say them, in steps that do not pretend to be exact: "3 s", "40 s", "7 min", "2.5 h"."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 57:
        return f"{5 * round(seconds / 5)} s"
    if seconds < 90 * 60:
        minutes = seconds / 60
        return f"{round(minutes) if minutes < 10 else 5 * round(minutes / 5)} min"
    return f"{round(2 * seconds / 3600) / 2:g} h"


def duration_text(seconds: float) -> str:
    """Seconds as people read them: "45 s", "2 min 05 s", "1 h 10 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
