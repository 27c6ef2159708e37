"""How the worker keeps up: frames sent, answered and dropped, and the seconds from a frame to its answer."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

RECENT = 60


@dataclass
class LiveStatistics:
    """Counts since the start, and the latest frames' seconds.

    Attributes:
        submitted: frames that were given.
        answered: of them, with a result or an error.
        dropped: of them, replaced by a later one before anybody worked on them.
        latency_s: from giving a frame to having its answer, of the latest frames.
        beyond_s: the part of it that is not the worker's own time on that frame: the way there and back, and the wait.
        work_s: the worker's own time.
        answered_at_s: when the latest answers came, by the client's clock.
    """

    submitted: int = 0
    answered: int = 0
    dropped: int = 0
    latency_s: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    beyond_s: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    work_s: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    answered_at_s: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    @property
    def waiting(self) -> int:
        """Frames that are neither answered nor dropped: on the way, waiting, or being worked on."""
        return self.submitted - self.answered - self.dropped

    @property
    def answers_per_second(self) -> float:
        """Of the latest answers; 0 before there are two."""
        took_s = self.answered_at_s[-1] - self.answered_at_s[0] if self.answered_at_s else 0.0
        return (len(self.answered_at_s) - 1) / took_s if took_s > 0 else 0.0

    def text(self) -> str:
        """In one line, for the panel."""
        if not self.latency_s:
            return f"{self.submitted} frames sent, none answered yet"
        latency, beyond = (1000 * sorted(values)[len(values) // 2] for values in (self.latency_s, self.beyond_s))
        return (
            f"latency {latency:.0f} ms ({beyond:.0f} ms beyond the calculation) · "
            f"{self.answers_per_second:.1f} frames per second · {self.answered} shown · {self.dropped} dropped"
        )
