"""Which frames of a run a person has drawn on: those whose mask is no longer the computed one, or that were confirmed."""

import json
import zlib

import numpy as np
import slicer

from .results import maskedFrames, maskOfFrame, resultsOf, setMasks
from .run_nodes import proxyOf, runs

COMPUTED = "TAVIFusion.computed"
"""Attribute of the sequence of masks: {frame: checksum} of the masks as they were computed."""
DECIDED = "TAVIFusion.drawn"
"""Attribute of the sequence of masks: {frame: true or false} where somebody said whether a frame counts as drawn."""


def setComputed(run, masks):
    """Show computed masks, {frame: (rows, columns) bool}; the frames then count as not drawn. Returns what shows them."""
    shown = setMasks(run, masks)
    sequence = resultsOf(run).masks
    _write(sequence, COMPUTED, _read(sequence, COMPUTED) | {frame: _checksum(maskOfFrame(run, frame)) for frame in masks})
    _write(sequence, DECIDED, {frame: value for frame, value in _read(sequence, DECIDED).items() if frame not in masks})
    return shown


def ensureMask(run, frame):
    """Give a frame without a mask an empty one, to draw in."""
    if frame not in maskedFrames(run):
        setComputed(run, {frame: np.zeros(slicer.util.arrayFromVolume(proxyOf(run)).shape[1:], bool)})


def isDrawn(run, frame):
    """Whether the mask of a frame is a person's."""
    sequence = resultsOf(run).masks
    if sequence is None or frame not in maskedFrames(run):
        return False
    decided = _read(sequence, DECIDED).get(frame)
    computed = _read(sequence, COMPUTED).get(frame)
    return decided if decided is not None else computed is not None and _checksum(maskOfFrame(run, frame)) != computed


def drawnFrames(run):
    """Indices of the frames whose mask is a person's."""
    return [frame for frame in maskedFrames(run) if isDrawn(run, frame)]


def decide(run, frame, drawn):
    """Say that the mask of a frame counts as a person's, or does not."""
    sequence = resultsOf(run).masks
    _write(sequence, DECIDED, _read(sequence, DECIDED) | {frame: bool(drawn)})


def drawnRuns():
    """(run, its drawn frames) of all runs of the scene that have some."""
    found = [(run, drawnFrames(run)) for run in runs()]
    return [(run, frames) for run, frames in found if frames]


def _checksum(mask):
    return zlib.crc32(np.packbits(mask).tobytes())


def _read(sequence, name):
    return {int(frame): value for frame, value in json.loads(sequence.GetAttribute(name) or "{}").items()}


def _write(sequence, name, values):
    sequence.SetAttribute(name, json.dumps(values))
