"""Where a panel lets its work compute."""

import enum

from slicer.i18n import tr as _


class Device(enum.Enum):
    """A choice of a parameter node, bound to a combo box."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"

    def label(self):
        return {"auto": _("Auto"), "cpu": _("Processor"), "cuda": _("NVIDIA graphics card"), "mps": _("Apple graphics")}[
            self.value
        ]
