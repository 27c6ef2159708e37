"""The aorta out of a CTA: from a seed in the lumen to a surface model, in a child process."""

from dataclasses import dataclass

import SimpleITK as sitk
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError

from .model_nodes import openModel


@dataclass
class AortaRequest:
    """Which CTA, and from where: scene nodes. threshold: HU that contrast has at least; None: from what is around the seed."""

    cta: object
    seed: object
    threshold: float | None = None

    def write(self, folder):
        """Write the CTA into a folder, and return the command that grows the aorta."""
        points = mrml.points_from_markups(self.seed)[0] if self.seed is not None else ()
        if self.cta is None or not len(points):
            raise InputError(_("Choose a CTA, and place a seed in the lumen of the aorta."))
        sitk.WriteImage(mrml.image_from_volume(self.cta), str(folder / "cta.nrrd"))
        seeds = [text for point in points for text in ("--seed", *(f"{value:.3f}" for value in point))]
        lower = [] if self.threshold is None else ["--lower", f"{self.threshold:g}"]
        return ["tavi", "aorta", str(folder / "cta.nrrd"), *seeds, *lower, "--output", str(folder / "aorta.vtp")]

    def load(self, folder):
        """The model node of what was grown."""
        node = openModel(folder / "aorta.vtp", "LPS")
        node.SetName(_("Aorta of {name}").format(name=self.cta.GetName()))
        return node
