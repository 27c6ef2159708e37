"""The aorta out of a CTA: from a seed in the lumen to a surface model, in a child process."""

from dataclasses import dataclass

import SimpleITK as sitk
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError

from .model_nodes import openModel


@dataclass
class AortaRequest:
    """Which CTA, from where, and how bright contrast is at least (HU); cta and seed are scene nodes."""

    cta: object
    seed: object
    threshold: float = 150.0

    def write(self, folder):
        """Write the CTA into a folder, and return the command that grows the aorta."""
        points = mrml.points_from_markups(self.seed)[0] if self.seed is not None else ()
        if self.cta is None or not len(points):
            raise InputError(_("Choose a CTA, and place a seed in the lumen of the aorta."))
        sitk.WriteImage(mrml.image_from_volume(self.cta), str(folder / "cta.nrrd"))
        place = [f"{value:.3f}" for value in points[0]]
        options = ["--seed", *place, "--threshold", f"{self.threshold:g}", "--output", str(folder / "aorta.vtp")]
        return ["tavi", "aorta", str(folder / "cta.nrrd"), *options]

    def load(self, folder):
        """The model node of what was grown."""
        node = openModel(folder / "aorta.vtp", "LPS")
        node.SetName(_("Aorta of {name}").format(name=self.cta.GetName()))
        return node
