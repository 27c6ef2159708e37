"""From line integrals to the gray values of a cine frame: scatter, blur, quanta, electronics, display."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from CorrespondCoreLib.errors import InputError

from .families import Range, draw


@dataclass(frozen=True)
class Detector:
    """How one system forms its frames.

    Attributes:
        quanta: detected per pixel in the middle of the frame, at 0.8 mm pixels in the isocenter plane.
        scatter: scattered by primary light. blur_px: of focal spot and detector, standard deviation.
        electronic: noise as a share of the mean signal. logarithmic: gray is the logarithm of the signal, else its root.
        flatten: share of the wide differences of brightness that the maker's processing takes away. gamma: of the display.
        low, high: quantiles of the signal that become black and white.
        sharpen: strength of the maker's edge enhancement. bits: per gray value.
        collimator: "corners", "round" or "blades". open_share: of the field that it leaves free.
    """

    quanta: float = 900.0
    scatter: float = 0.4
    blur_px: float = 0.6
    electronic: float = 0.004
    logarithmic: bool = True
    flatten: float = 0.5
    gamma: float = 1.0
    low: float = 0.01
    high: float = 0.995
    sharpen: float = 0.5
    bits: int = 8
    collimator: str = "corners"
    open_share: float = 0.97


@dataclass(frozen=True)
class DetectorRanges:
    """From which a detector's settings are drawn; see `Detector`."""

    quanta: Range = (150, 2500)
    scatter: Range = (0.1, 0.9)
    blur_px: Range = (0.35, 0.9)
    electronic: Range = (0.001, 0.012)
    logarithmic: float = 0.6
    flatten: Range = (0.3, 0.8)
    gamma: Range = (0.7, 1.4)
    sharpen: Range = (0.0, 1.0)
    collimators: tuple[str, ...] = ("corners", "blades")
    open_share: Range = (0.86, 1.05)


DETECTORS = {
    "train": DetectorRanges(),
    "held out": DetectorRanges(
        quanta=(150, 1200),
        scatter=(0.5, 1.4),
        blur_px=(0.7, 1.2),
        electronic=(0.006, 0.018),
        logarithmic=0.3,
        flatten=(0.15, 0.6),
        gamma=(0.55, 1.8),
        sharpen=(0.8, 1.6),
        collimators=("round", "blades"),
        open_share=(0.78, 1.0),
    ),
}


def random_detector(rng: np.random.Generator, name: str = "train") -> Detector:
    """Draw the settings of a system of one of the two groups.

    Raises:
        InputError: there is no group of that name.
    """
    if name not in DETECTORS:
        raise InputError(f"The phantom's detector is {name!r}; give {' or '.join(map(repr, DETECTORS))}.")
    ranges = DETECTORS[name]
    return Detector(
        quanta=float(np.exp(rng.uniform(*np.log(ranges.quanta)))),
        scatter=draw(rng, ranges.scatter),
        blur_px=draw(rng, ranges.blur_px),
        electronic=draw(rng, ranges.electronic),
        logarithmic=bool(rng.random() < ranges.logarithmic),
        flatten=draw(rng, ranges.flatten),
        gamma=draw(rng, ranges.gamma),
        low=float(rng.uniform(0.0, 0.02)),
        high=float(rng.uniform(0.93, 0.998)),
        sharpen=draw(rng, ranges.sharpen),
        collimator=str(rng.choice(ranges.collimators)),
        open_share=draw(rng, ranges.open_share),
    )


def signal_of(absorbed: np.ndarray, detector: Detector, rng: np.random.Generator, dose: float = 1.0) -> np.ndarray:
    """Signal (1 is the primary light's median in the frame's middle) of line integrals (rows, columns).

    Beer-Lambert, scatter, blur, quanta and electronic noise; `dose` multiplies the quanta.
    """
    scale = max(absorbed.shape) / 256
    light = _light(_primary(absorbed), detector)
    quanta = detector.quanta * dose / scale**2
    counted = rng.poisson(np.maximum(light, 0) * quanta).astype(np.float32) / quanta
    counted = gaussian_filter(counted, 0.35 * scale)
    return counted + (detector.electronic * rng.standard_normal(counted.shape)).astype(np.float32)


def without_noise(
    absorbed: np.ndarray, contrast: np.ndarray, opening: np.ndarray, detector: Detector, window: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Gray values (0..1) that the same rays would have without noise: with the contrast, and without it.

    Args:
        absorbed: line integrals of everything, contrast among it. contrast: those of contrast alone. window: see `displayed`.
    """
    primary = _primary(absorbed)
    light = _light(primary, detector)
    lost = gaussian_filter(primary * np.expm1(contrast), detector.blur_px * max(absorbed.shape) / 256) / (1 + detector.scatter)
    shown, plain = (_gray(toned(one, detector), opening, detector, window) for one in (light, light + lost))
    return shown, plain


def _primary(absorbed: np.ndarray) -> np.ndarray:
    """Light that was not scattered; 1 is its median in the frame's middle."""
    rows, columns = absorbed.shape
    primary = np.exp(-absorbed)
    middle = primary[rows // 6 : -(rows // 6), columns // 6 : -(columns // 6)]
    return np.minimum(primary / max(float(np.median(middle)), 1e-12), 30)


def _light(primary: np.ndarray, detector: Detector) -> np.ndarray:
    """With what is scattered, blurred."""
    scale = max(primary.shape) / 256
    return gaussian_filter((primary + detector.scatter * _wide(primary)) / (1 + detector.scatter), detector.blur_px * scale)


def displayed(
    signal: np.ndarray, opening: np.ndarray, detector: Detector, window: tuple[float, float] | None = None
) -> np.ndarray:
    """Gray values (0..1 float32, in steps of the bit depth) of a signal; black outside of the collimator's opening (0..1).

    Args:
        window: values of `toned` that become black and white; by default the detector's quantiles of this frame.
    """
    tone = toned(signal, detector)
    steps = 2**detector.bits - 1
    gray = _gray(tone, opening, detector, window or window_of(tone, opening, detector))
    return (np.round(gray * steps) / steps).astype(np.float32)


def _gray(tone: np.ndarray, opening: np.ndarray, detector: Detector, window: tuple[float, float]) -> np.ndarray:
    low, high = window
    return np.clip((tone - low) / max(high - low, 1e-6), 0, 1) ** detector.gamma * opening


def toned(signal: np.ndarray, detector: Detector) -> np.ndarray:
    """The signal on the maker's scale, flattened and with edges enhanced."""
    light = np.maximum(signal, 1e-3)
    tone = np.log(light) if detector.logarithmic else 2 * np.sqrt(light)
    if detector.flatten:
        tone = tone - detector.flatten * _wide(tone)
    if detector.sharpen:
        tone = tone + detector.sharpen * (tone - gaussian_filter(tone, 2.0 * max(signal.shape) / 256))
    return tone


def _wide(image: np.ndarray) -> np.ndarray:
    """The image without what is smaller than an eighth of it."""
    rows, columns = image.shape
    step = max(max(rows, columns) // 32, 1)
    blocks = image[: rows // step * step, : columns // step * step].reshape(rows // step, step, columns // step, step)
    small = gaussian_filter(blocks.mean(axis=(1, 3)), 3.5, mode="nearest")
    return zoom(small, (rows / small.shape[0], columns / small.shape[1]), order=1)


def window_of(tone: np.ndarray, opening: np.ndarray, detector: Detector) -> tuple[float, float]:
    """What becomes black and what white, by the middle of the frame."""
    rows, columns = tone.shape
    middle = slice(rows // 6, -(rows // 6)), slice(columns // 6, -(columns // 6))
    low, high = np.quantile(tone[middle][opening[middle] > 0.5][::3], [detector.low, detector.high])
    return float(low), float(high)


def opening_of(detector: Detector, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(rows, columns) float32, 1 where the collimator lets light through, 0 where not."""
    columns, rows = size
    x = np.linspace(-1, 1, columns)[None, :]
    y = np.linspace(-1, 1, rows)[:, None]
    share = detector.open_share
    if detector.collimator == "round":
        inside = share * 1.02 - np.hypot(x, y)
    elif detector.collimator == "corners":
        inside = np.minimum(share - np.maximum(np.abs(x), np.abs(y)), (1.85 * share - np.abs(x) - np.abs(y)) / 1.4)
    else:
        left, right, up, down = 1.08 - rng.uniform(0, 1, 4) * 2 * (1.04 - share)
        inside = np.minimum(np.minimum(x + left, right - x), np.minimum(y + up, down - y))
    return np.clip(0.5 + inside * min(rows, columns) / 3, 0, 1).astype(np.float32)
