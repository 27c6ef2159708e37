"""The sample eye: a phantom with geographic atrophy at two visits, made on this computer."""

import json

from slicer.i18n import tr as _

from OCTEnFaceSegLib.formats.reading import read_scan

from .scan_nodes import addScan, writeFacts

CATEGORY = "Correspond"
SAMPLE_NAME = "AtrophyEye"
VISITS, YEARS, SEED = 2, 2.0, 3
SIZE = (49, 496, 512)  # B-scans, depth, A-scans


def command(folder, size):
    """Arguments of the command that writes the phantom eye into a job folder; size: B-scans, depth, A-scans."""
    arguments = ["oct", "phantom", "--output", str(folder / "eye"), "--visits", str(VISITS), "--years", str(YEARS)]
    arguments += ["--seed", str(SEED)]
    return [*arguments, "--size", *(str(n) for n in size)]


def load(folder):
    """Bring the visits into the scene. Returns their volume nodes, the first visit first."""
    visits = [folder / "eye" / f"visit_{n + 1}" for n in range(VISITS)]
    scans = [read_scan(visit / "scan") for visit in visits]  # all of them, before the scene changes
    nodes = [addScan(scan, _("Phantom eye, visit {n}").format(n=n)) for n, scan in enumerate(scans, 1)]
    for node, visit in zip(nodes, visits, strict=True):
        writeFacts(node, {"years": json.loads((visit / "truth.json").read_text(encoding="utf-8"))["years"]})
    return nodes
