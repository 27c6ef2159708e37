"""The hidden module of Correspond: it carries CorrespondCoreLib, which the extension's other modules share."""

from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule


class CorrespondCore(ScriptedLoadableModule):
    """Texts of the module; it has no panel of its own."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Correspond Core")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Registration")]
        self.parent.dependencies = []
        self.parent.contributors = ["Correspond developers"]
        self.parent.hidden = True
        self.parent.helpText = _(
            "Hidden module that the modules of the extension Correspond share: calculations in a child process, devices, "
            "models, provenance, and the border between the scene and the libraries. For research use only."
        )
        self.parent.acknowledgementText = _("Built on 3D Slicer, VTK, ITK, SimpleITK, NumPy, SciPy and PyTorch.")
