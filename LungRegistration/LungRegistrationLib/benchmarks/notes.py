"""What a reader must know before two numbers of the table are compared."""

from __future__ import annotations

from collections.abc import Sequence

from ..settings import RegistrationSettings
from .protocols import Protocol
from .published import CITATIONS
from .results import CaseResult
from .submission import HOW_TO_SUBMIT

CONVENTIONS = (
    "Two conventions stand in the literature. Continuous: distance in mm from the mapped point to the landmark. Snapped: the "
    "mapped point first goes to the nearest voxel, as on DIR-Lab's site and in RRN's original code; with 2.5 mm slices this "
    "gives lower means for good registrations."
)
STANDARD_DEVIATIONS = "This run's standard deviations have n - 1. Those of papers are as printed."
RRN = (
    "RRN's published 0.83 mm was reached by a network that was fitted, without landmarks, to the ten pairs that it was then "
    "judged on, and with snapped errors: it says how well these pairs can be fitted, not how well new ones are registered."
)
FITTED = (
    "This run is of the same kind: one network was fitted to all pairs of the table together, without their landmarks, and the "
    "weights of its last step were judged on the same pairs."
)
FITTED_TO_EACH = "In this run the weights or the field were fitted to each pair by itself, without its landmarks."
FULL_SETS = (
    "He 2021 prints the initial errors of DIR-Lab's full point sets (mean 23.46 mm); those of the 300 landmarks, which all "
    "errors are of, have the mean 23.36 mm."
)
LIST = "He 2021 takes the rows NLR to pTV from DIR-Lab's list of results, and cites Rühaak et al. 2017 for NLR."
DICE = "Dice is that of the lungs, moving mask mapped to the fixed image; Dice30: mean of the lowest 30 % of the cases."
GIVEN, FOUND = "The lung masks are EMPIRE10's own.", "DIR-Lab has no lung masks: both were found here."
FOLDING = "Folding: voxels of the fixed lungs with det J <= 0."
TIME = "Seconds run from the start of a process that reads a pair to its report; papers state the registration alone."


def notes(protocol: Protocol, settings: RegistrationSettings, together: bool, results: Sequence[CaseResult]) -> list[str]:
    """Sentences for the page and the record."""
    found = []
    if protocol.landmarks:
        found += [CONVENTIONS, STANDARD_DEVIATIONS]
    if protocol.name == "dirlab-copd":
        found += [FULL_SETS, LIST, RRN]
    elif settings.method == "rrn":
        found.append(RRN)
    if together:
        found.append(FITTED)
    elif settings.method != "search" and settings.network.instance_optimization != "none":
        found.append(FITTED_TO_EACH)
    if any(result.measures.get("dice") is not None for result in results):
        found += [DICE, GIVEN if protocol.name == "empire10" else FOUND]
    found += [FOLDING, TIME]
    if protocol.name == "empire10":
        found.append(HOW_TO_SUBMIT)
    return [*found, *CITATIONS]
