"""Frames of two views taken in turn that show the same phase of heart and breath.

In a room with one plane the two views of an alignment are two runs. Frames are paired by the phase of the heart and by how far
the breath has carried the aorta; what remains between them is told, for it is an error of the alignment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from CorrespondCoreLib.errors import InputError

from .track import Track


@dataclass(frozen=True)
class PhasePair:
    """Two frames.

    Attributes:
        frames: index in the first and in the second run.
        heart_cycles: difference of the heart's phases, 0 to 0.5; nan where the rate of one run is not known.
        heart_mm, breath_mm: by how much the motion differs in the two frames, down in the image.
    """

    frames: tuple[int, int]
    heart_cycles: float
    heart_mm: float
    breath_mm: float

    @property
    def mismatch_mm(self) -> float:
        """Heart and breath together."""
        return float(np.hypot(self.heart_mm, self.breath_mm))


@dataclass
class PhaseMatch:
    """Pairs, best first, and sentences for the user on what they can tell."""

    pairs: list[PhasePair]
    notes: list[str] = field(default_factory=list)


def match_phases(first: Track, second: Track, count: int = 5, frames: tuple[int | None, int | None] = (None, None)) -> PhaseMatch:
    """The pairs of frames, both shown, whose phases differ least.

    Motion down in the image is compared, which both views see. Breath counts from the end of expiration, where the aorta is
    highest in each run.

    Args:
        count: of pairs. frames: of the first and the second run, where they are given and only the other one is chosen.

    Raises:
        InputError: a run has no frame that is shown, or the given one is not.
    """
    tracks = (first, second)
    for track, frame in zip(tracks, frames, strict=True):
        if frame is not None and not track.shown[frame]:
            raise InputError(f"The model does not fit in frame {frame}: choose another one.")
    if not all(track.shown.any() for track in tracks):
        raise InputError("A run has no frame in which the model fits: track it again, or choose frames by hand.")
    hearts, breaths = [_down(t, t.curves.heart_mm) for t in tracks], [_down(t, t.curves.breath_mm) for t in tracks]
    breaths = [breath - breath[track.shown].min() for breath, track in zip(breaths, tracks, strict=True)]
    phases = [heart_phase(track) for track in tracks]
    indices = [np.nonzero(track.shown)[0] if n is None else np.array([n]) for track, n in zip(tracks, frames, strict=True)]
    a, b = (grid.ravel() for grid in np.meshgrid(*indices, indexing="ij"))
    known = phases[0] is not None and phases[1] is not None
    cycles = _apart(phases[0][a], phases[1][b]) if phases[0] is not None and phases[1] is not None else np.full(len(a), np.nan)
    swing = 2 * np.sqrt(2) * float(np.mean([np.std(h[track.shown]) for h, track in zip(hearts, tracks, strict=True)]))
    heart_mm = swing * np.sin(np.pi * cycles) if known else np.abs(hearts[0][a] - hearts[1][b])
    breath_mm = np.abs(breaths[0][a] - breaths[1][b])
    order = np.argsort(np.hypot(heart_mm, breath_mm), kind="stable")[:count]
    pairs = [PhasePair((int(a[i]), int(b[i])), float(cycles[i]), float(heart_mm[i]), float(breath_mm[i])) for i in order]
    return PhaseMatch(pairs, _notes(tracks, known))


def heart_phase(track: Track) -> np.ndarray | None:
    """(T,) phase of the heart, 0 to 1, 0 where the aorta is lowest in the image; None where the rate is not known."""
    rate = track.curves.heart_hz
    if rate is None:
        return None
    angle = 2 * np.pi * rate * track.times_s
    design = np.column_stack([np.cos(angle), np.sin(angle)])[track.shown]
    (even, odd), *_ = np.linalg.lstsq(design, _down(track, track.curves.heart_mm)[track.shown], rcond=None)
    return (angle - np.arctan2(odd, even)) / (2 * np.pi) % 1.0


def _down(track: Track, curve_mm: np.ndarray) -> np.ndarray:
    return curve_mm * track.curves.direction[1]


def _apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.abs((first - second + 0.5) % 1.0 - 0.5)


def _notes(tracks: Sequence[Track], known: bool) -> list[str]:
    notes = []
    if not known:
        notes.append("The heart's rate is not seen in both runs: frames are paired by their motion alone.")
    if any(track.curves.breath_hz is None for track in tracks):
        notes.append("A run does not hold a whole breath: that both were taken at the same depth of breath is taken for granted.")
    return notes
