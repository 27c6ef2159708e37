"""The fields of a network's levels, coarse to fine, as transforms of a result."""

import re

from slicer.i18n import tr as _

from CorrespondCoreLib import mrml

LEVELS_REFERENCE = "LungRegistration.levels"


def addLevels(result, folder, read):
    """Bring level_1.nrrd, level_2.nrrd, ... into the scene, in the folder of the result, where they were written.

    Args:
        result: RegistrationResult.
        folder: of the output files.
        read: function file -> SimpleITK image.
    """
    files = sorted(folder.glob("level_*.nrrd"), key=lambda file: int(re.sub(r"\D", "", file.stem)))
    for n, file in enumerate(files, start=1):
        name = _("Level {n} of {count} ({name})").format(n=n, count=len(files), name=result.name)
        node = mrml.grid_transform_from_field(read(file), name)
        result.transform.AddNodeReferenceID(LEVELS_REFERENCE, node.GetID())
        result.addToFolder(node)


def levelsOf(transformNode):
    """The transforms of a result's levels, coarse to fine."""
    count = transformNode.GetNumberOfNodeReferences(LEVELS_REFERENCE)
    nodes = (transformNode.GetNthNodeReference(LEVELS_REFERENCE, n) for n in range(count))
    return [node for node in nodes if node is not None]


def levelTitles(result):
    """A line for each level: number, and the landmark error that the report states for it."""
    levels, facts = result.levels, (result.report.get("network") or {}).get("levels") or []
    titles = []
    for n in range(len(levels)):
        error = facts[n]["tre_mm"] if n < len(facts) else None
        text = _("Level {n} of {count}").format(n=n + 1, count=len(levels))
        titles.append(text if error is None else _("{level}: landmark error {mm:.2f} mm").format(level=text, mm=error))
    return titles
