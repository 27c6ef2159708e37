"""Maps of regional mechanics and function as volumes: stretch, ventilation, response classes, expected error."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.pictures import DIVERGING, SEQUENTIAL
from LungRegistrationLib.reports.pictures import symmetric_window

from .color_tables import classTable, continuousTable

MAPS_REFERENCE = "LungRegistration.maps"
RESPONSE_COLORS = [
    ("outside", (0.0, 0.0, 0.0, 0.0)),
    ("normal", (0.30, 0.69, 0.31, 1.0)),
    ("functional small airways disease", (0.98, 0.80, 0.18, 1.0)),
    ("emphysema", (0.80, 0.15, 0.15, 1.0)),
    ("unclassified", (0.55, 0.55, 0.55, 1.0)),
]
"""Colors of LungRegistrationLib.measures.ventilation.PRM_CLASSES, and of what is not lung."""


def titles():
    """Name of the file (as `correspond lung register --maps` writes it) -> what the user reads."""
    return {
        "stretch_1": _("Largest stretch"),
        "stretch_2": _("Middle stretch"),
        "stretch_3": _("Smallest stretch"),
        "adi": _("Anisotropic deformation index"),
        "sri": _("Slab-rod index"),
        "jacobian_ventilation": _("Ventilation from volume change"),
        "specific_gas_change": _("Specific gas change"),
        "prm": _("Parametric response map"),
        "expected_error": _("Expected local error (mm)"),
    }


def addMaps(result, folder, read):
    """Bring the maps that a registration has written into the scene, in the folder of its result.

    Args:
        result: RegistrationResult.
        folder: of the output files; maps that were not written (there were no lungs) are left out.
        read: function file -> SimpleITK image.
    """
    for name, title in titles().items():
        file = folder / f"{name}.nrrd"
        if not file.exists():
            continue
        node = mrml.volume_from_image(read(file), f"{title} ({result.name})")
        result.transform.AddNodeReferenceID(MAPS_REFERENCE, node.GetID())
        result.addToFolder(node)
        _show(node, name)


def mapsOf(transformNode):
    """The map volumes of a result, in the order in which they were added."""
    count = transformNode.GetNumberOfNodeReferences(MAPS_REFERENCE)
    nodes = (transformNode.GetNthNodeReference(MAPS_REFERENCE, n) for n in range(count))
    return [node for node in nodes if node is not None]


def _show(node, name):
    display = node.GetDisplayNode()
    display.AutoWindowLevelOff()
    if name == "prm":
        display.SetAndObserveColorNodeID(classTable(_("Parametric response"), RESPONSE_COLORS).GetID())
        display.SetInterpolate(False)
        display.SetWindowLevelMinMax(0, len(RESPONSE_COLORS) - 1)
        return
    values = slicer.util.arrayFromVolume(node)
    low, high = np.percentile(values[values != 0], (1, 99)) if values.any() else (0.0, 1.0)
    if name.startswith("stretch"):
        display.SetAndObserveColorNodeID(continuousTable(_("Stretch"), DIVERGING).GetID())
        display.SetWindowLevelMinMax(*symmetric_window(np.array([low, high])))
    else:
        display.SetAndObserveColorNodeID(continuousTable(_("Lung maps"), SEQUENTIAL).GetID())
        display.SetWindowLevelMinMax(min(0.0, float(low)), float(high))
