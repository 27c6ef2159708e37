"""Endless fluoroscopy frames with their vessel masks, to train on: another view, contrast, device and noise in every frame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..carm import CArm
from ..pose import Pose
from .annotation import annotated
from .bolus import Bolus
from .cloud import Cloud
from .detector import Detector, displayed, opening_of, random_detector, signal_of, toned, window_of, without_noise
from .devices import (
    echo_probe,
    leads_on_the_skin,
    pacing_lead,
    pigtail,
    sheath,
    sternal_wires,
    stiff_wire,
    valve_frame,
)
from .exposure import background_integrals, contrast_integrals, opacified
from .patient import Arteries, Patient, random_patient
from .texture import lung_markings, power_noise

PATIENTS, FRAMES_OF_ONE = 6, 24
"""How many patients are taken in turn, and how many frames each gives before another one takes its place."""
WITHOUT_CONTRAST = 0.15
LEAST_SHARE, TRIES = 0.006, 8
"""A frame with contrast shows it, to be seen, on at least this share of the picture, if one of so many injections does."""


def frame_pairs(
    seed: int,
    size: int = 256,
    field_of_view: str = "upper",
    family: str = "train",
    detector: str = "train",
    contrast: bool | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless pairs of a frame (size, size) float32 0..1 and the mask (size, size) bool of the vessels that contrast shows,
    as a physician would draw them: what cannot be seen in the noise is left out (see `annotation`).

    The same arguments give the same pairs. About one frame in seven has no contrast; its mask is empty.

    Args:
        field_of_view: "upper" (aortic root and arch) or "lower" (abdominal aorta and iliac arteries).
        family: of the patients, "train" or "held out". detector: of the system's settings, "train" or "held out".
        contrast: True or False: all frames have, or lack, contrast.

    Raises:
        InputError: an unknown name.
    """
    rng = np.random.default_rng([seed, field_of_view == "upper", family == "train", detector == "train"])
    patients: list[Patient] = []
    number = 0
    while True:
        if number % FRAMES_OF_ONE == 0 or len(patients) < PATIENTS:
            new = random_patient(int(rng.integers(2**31)), family, field_of_view)
            patients = [*patients[-PATIENTS + 1 :], new]
        with_contrast = rng.random() >= WITHOUT_CONTRAST if contrast is None else contrast
        yield one_frame(rng, patients[int(rng.integers(len(patients)))], size, field_of_view, detector, with_contrast)
        number += 1


def one_frame(
    rng: np.random.Generator, patient: Patient, size: int, field_of_view: str, detector: str, contrast: bool
) -> tuple[np.ndarray, np.ndarray]:
    """A frame and its mask, both (size, size), of a patient from a random angle."""
    carm = random_view(rng, patient, size, field_of_view)
    markings, folds = lung_markings(rng, (size, size)), power_noise(rng, (size, size), 1.4)
    absorbed = background_integrals(patient, patient.body, carm, markings, folds, random_devices(rng, patient, field_of_view))
    system = random_detector(rng, detector)
    opening = opening_of(system, carm.size, rng)
    if not contrast:
        return displayed(signal_of(absorbed, system, rng), opening, system), np.zeros((size, size), bool)
    for _ in range(TRIES):
        iodine = random_contrast(rng, patient, carm, field_of_view)
        filled = opacified(iodine) & (opening > 0.5)
        if filled.mean() < LEAST_SHARE:
            continue
        gray, mask = _seen(absorbed + iodine, iodine, filled, opening, system, rng)
        if mask.mean() >= LEAST_SHARE:
            return gray, mask
    return _seen(absorbed + iodine, iodine, filled, opening, system, rng)


def _seen(
    absorbed: np.ndarray,
    contrast: np.ndarray,
    filled: np.ndarray,
    opening: np.ndarray,
    system: Detector,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """The frame, and of what is filled with contrast that which can be seen in it."""
    signal = signal_of(absorbed, system, rng)
    window = window_of(toned(signal, system), opening, system)
    gray = displayed(signal, opening, system, window)
    return gray, annotated(filled, gray, *without_noise(absorbed, contrast, opening, system, window))


def random_view(rng: np.random.Generator, arteries: Arteries, size: int, field_of_view: str) -> CArm:
    """A C-arm as it is turned and driven in such procedures."""
    marks = arteries.anatomy.landmarks_mm
    if field_of_view == "upper":
        angles = rng.uniform(-40, 50), rng.uniform(-32, 32)
        share = rng.uniform(0, 0.85)
        center = share * marks["arch apex"] + (1 - share) * marks["junction"] + rng.normal(0, 14, 3)
        field_mm = rng.uniform(170, 320)
    else:
        angles = rng.uniform(-35, 35), rng.uniform(-15, 15)
        side, share = rng.choice(["L", "R"]), rng.uniform(0, 1)
        ends = (marks["bifurcation"] + [0, 0, 25], marks[f"iliac bifurcation {side}"], marks[f"femoral {side}"] + [0, 0, 30])
        center = ends[0] + 2 * share * (ends[1] - ends[0]) if share < 0.5 else ends[1] + (2 * share - 1) * (ends[2] - ends[1])
        center = center + rng.normal(0, 14, 3)
        field_mm = rng.uniform(200, 360)
    return CArm(
        float(angles[0]),
        float(angles[1]),
        float(rng.uniform(950, 1200)),
        float(rng.uniform(720, 810)),
        (field_mm / size, field_mm / size),
        (size, size),
        tuple(np.asarray(center, float).tolist()),
    )


def random_devices(rng: np.random.Generator, patient: Patient, field_of_view: str) -> list[Cloud]:
    """What is in the picture besides the patient."""
    anatomy = patient.anatomy
    sides = ["L", "R"] if rng.random() < 0.5 else ["R", "L"]
    found = leads_on_the_skin(rng, 40.0 if field_of_view == "upper" else -300.0)
    if field_of_view == "upper":
        if rng.random() < 0.8:
            found.append(pigtail(rng, anatomy, sides[0], rng.uniform(8, 30) if rng.random() < 0.8 else rng.uniform(40, 150)))
        if rng.random() < 0.7:
            found.append(stiff_wire(rng, anatomy, sides[1], rng.random() < 0.8))
        if rng.random() < 0.4:
            found += valve_frame(rng, anatomy, sides[1])
        if rng.random() < 0.6:
            found.append(pacing_lead(rng))
        if rng.random() < 0.35:
            found.append(echo_probe(rng))
        if rng.random() < 0.25:
            found += sternal_wires(rng)
        return found
    end = anatomy["aorta"].path_mm[-1]
    if rng.random() < 0.6:
        found.append(pigtail(rng, anatomy, sides[0], end - rng.uniform(10, 160)))
    for side in sides:
        if rng.random() < 0.6:
            found.append(stiff_wire(rng, anatomy, side, False))
        if rng.random() < 0.4:
            found.append(sheath(rng, anatomy, side))
    if rng.random() < 0.3:
        found.append(pacing_lead(rng))
    return found


def random_bolus(rng: np.random.Generator, arteries: Arteries, field_of_view: str) -> Bolus:
    """An injection into the root or arch, into the abdominal aorta, or backwards through a sheath in the groin."""
    anatomy, branch = arteries.anatomy, 0
    path = rng.uniform(10, 45) if rng.random() < 0.8 else rng.uniform(60, 170)
    backwards = rng.uniform(15, 60)
    if field_of_view == "lower":
        if rng.random() < 0.65:
            path = anatomy["aorta"].path_mm[-1] - rng.uniform(5, 140)
        else:
            name = "external iliac " + str(rng.choice(["L", "R"]))
            branch, path = anatomy.index(name), anatomy[name].path_mm[-1] - rng.uniform(0, 70)
            backwards = rng.uniform(50, 200)
    strength = np.exp(rng.uniform(*np.log((0.014, 0.06) if field_of_view == "upper" else (0.03, 0.13))))
    return Bolus(
        branch, float(path), float(strength), rng.uniform(120, 450), rng.uniform(0.6, 1.5), rng.uniform(1.2, 3.0), backwards
    )


def random_contrast(
    rng: np.random.Generator, arteries: Arteries, carm: CArm, field_of_view: str, pose: Pose | None = None
) -> np.ndarray:
    """(rows, columns) line integrals of the contrast of some injection at some moment.

    Args:
        pose: of the arteries; by default some moment of heart and breath.
    """
    bolus = random_bolus(rng, arteries, field_of_view)
    attenuation = bolus.attenuation(arteries.anatomy.branches, float(rng.uniform(0.25, 2.2)) * bolus.rise_s)
    waves = rng.standard_normal((3, 3)) / rng.uniform(5, 14, (3, 1))
    points = np.concatenate([one.points_mm for one in arteries.anatomy.branches])
    streaks = 1 + 0.15 * np.sin(points @ waves.T + rng.uniform(0, 6, 3)).sum(axis=1)
    pose = pose or Pose(translation_mm=tuple(rng.normal(0, 4, 3).tolist()))
    return contrast_integrals(arteries, attenuation * np.maximum(streaks, 0.2), carm, pose)
