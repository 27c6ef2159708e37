"""A cine run: frame after frame of one patient under a still C-arm, with heart, breath and contrast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from CorrespondCoreLib.progress import Progress

from ..carm import CArm
from ..pose import Pose
from .annotation import annotated
from .bolus import Bolus
from .cloud import Cloud, moved
from .detector import Detector, displayed, opening_of, signal_of, toned, window_of, without_noise
from .exposure import background_integrals, contrast_integrals, opacified
from .motion import Motion
from .patient import Patient, body_of
from .texture import lung_markings, power_noise

CONTRAST_ROOM = 0.35
"""Share of the window of a frame without contrast, by which it is opened for what is darker."""


@dataclass(frozen=True)
class Recording:
    """What stays the same in a run.

    Attributes:
        seed: of the patient. motion: gives the depth of the breath. injected_s: when the bolus begins.
        devices: they move with the arteries. detector, dose: see `detector.signal_of`.
    """

    patient: Patient
    seed: int
    carm: CArm
    motion: Motion
    bolus: Bolus | None
    injected_s: float
    devices: list[Cloud]
    detector: Detector
    dose: float


def record(
    recording: Recording, times_s: np.ndarray, poses: list[Pose], rng: np.random.Generator, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Gray values (frames, rows, columns), uint8 or uint16, and masks (frames, rows, columns) bool of what contrast shows
    so that it can be seen (see `annotation`).

    The window of the display is that of the first frame, with room for the contrast that is to come.
    """
    columns, rows = recording.carm.size
    markings, folds = lung_markings(rng, (rows, columns)), power_noise(rng, (rows, columns), 1.4)
    detector = recording.detector
    opening = opening_of(detector, recording.carm.size, rng)
    steps = 2**detector.bits - 1
    gray = np.empty((len(times_s), rows, columns), np.uint8 if detector.bits <= 8 else np.uint16)
    masks = np.zeros(gray.shape, bool)
    window = None
    with progress.stage("Frames", until=1.0) as step:
        for index, (time, pose) in enumerate(zip(times_s, poses, strict=True)):
            absorbed, filled = (
                _still_frame(recording, float(recording.motion.breath(np.array([time]))[0]), pose, markings, folds),
                None,
            )
            if recording.bolus is not None:
                attenuation = recording.bolus.attenuation(recording.patient.anatomy.branches, time - recording.injected_s)
                contrast = contrast_integrals(recording.patient, attenuation, recording.carm, pose)
                absorbed += contrast
                filled = opacified(contrast) & (opening > 0.5)
            signal = signal_of(absorbed, detector, rng, recording.dose)
            window = window or _window(recording, signal, opening)
            shown = displayed(signal, opening, detector, window)
            gray[index] = np.round(steps * shown)
            if filled is not None and filled.any():
                masks[index] = annotated(filled, shown, *without_noise(absorbed, contrast, opening, detector, window))
            step((index + 1) / len(times_s))
    return gray, masks


def _window(recording: Recording, signal: np.ndarray, opening: np.ndarray) -> tuple[float, float]:
    low, high = window_of(toned(signal, recording.detector), opening, recording.detector)
    return (low if recording.bolus is None else low - CONTRAST_ROOM * (high - low)), high


def _still_frame(recording: Recording, breath: float, pose: Pose, markings: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """(rows, columns) line integrals without contrast; what lies in and on the arteries goes along with them."""
    patient = replace(recording.patient, calcium=moved(recording.patient.calcium, pose))
    body = body_of(recording.seed, patient.anatomy, recording.motion.respiratory_mm * breath)
    return background_integrals(patient, body, recording.carm, markings, folds, [moved(one, pose) for one in recording.devices])
