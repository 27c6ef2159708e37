"""Which sequence (4DCT) to register to one of its phases, and how: checked, and turned into the files of a cohort."""

import csv
from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.panel.checked_request import CheckedRequest
from LungRegistrationLib.formats.landmarks import write_landmarks

from .placement import isPlaced
from .request import RegistrationRequest
from .world import segmentsByName, worldLabels, worldPoints


@dataclass
class SequenceRequest(CheckedRequest):
    """Inputs and options of the registration of all phases to the reference phase.

    sequence: vtkMRMLSequenceNode of volumes. reference: item number of the reference phase. landmarks: a sequence of point lists
    (they judge the registration), or one point list on the reference phase (it is followed through the phases), or None.
    lungs: vtkMRMLSegmentationNode on the reference phase, lungs or lobes, or None (lungs are found). The other fields are those
    of RegistrationRequest; fixedIs is the breathing state of the reference phase.
    """

    sequence: object = None
    reference: int = 0
    landmarks: object = None
    lungs: object = None
    fixedIs: str = "inspiration"
    preset: str = "default"
    settings: dict = field(default_factory=dict)
    device: str = "auto"
    threads: int = 0

    @classmethod
    def fromParameters(cls, p):
        """What the panel's parameter node asks for."""
        method = RegistrationRequest.fromParameters(p)
        names = ("fixedIs", "preset", "settings", "device", "threads")
        chosen = {"landmarks": p.sequenceLandmarks, "lungs": p.sequenceLungs}
        return cls(p.sequence, p.sequenceReference, **chosen, **{name: getattr(method, name) for name in names})

    def check(self):
        """Raise InputError when the work cannot start, with what has to be chosen or mended."""
        if self.sequence is None:
            raise InputError(_("Choose a sequence of volumes."))
        name = self.sequence.GetName()
        if len(self.phases()) < 2:
            raise InputError(_("The sequence '{name}' has fewer than two phases.").format(name=name))
        if self.sequence.GetDataNodeClassName() != "vtkMRMLScalarVolumeNode":
            raise InputError(_("The sequence '{name}' does not hold volumes. Choose a 4DCT.").format(name=name))
        if not 0 <= self.reference < len(self.phases()):
            raise InputError(_("The sequence '{name}' has no phase {number}.").format(name=name, number=self.reference))
        browser = self.browser()
        shown = browser.GetProxyNode(self.sequence) if browser else None
        if shown is not None and shown.GetParentTransformNode() is not None and not isPlaced(shown):
            raise InputError(_("The volume '{name}' is under a transform. Take it out of it.").format(name=shown.GetName()))
        if self.lungs is not None and self.lungs.GetSegmentation().GetNumberOfSegments() == 0:
            raise InputError(_("The segmentation of the lungs is empty. Add a segment, or choose none."))
        if self.landmarks is not None and len(self.landmarksOf(self.reference)[1]) == 0:
            raise InputError(_("The landmarks have no point on the reference phase. Place points, or choose others."))

    def browser(self):
        """The browser that shows the sequence, or None."""
        return slicer.modules.sequences.logic().GetFirstBrowserNodeForSequenceNode(self.sequence)

    def packages(self):
        """The Python packages that the run needs (CorrespondCoreLib.packages.Package)."""
        return RegistrationRequest(preset=self.preset, settings=self.settings).packages()

    def nodes(self):
        """All nodes that the request uses."""
        return [node for node in (self.sequence, self.landmarks, self.lungs) if node is not None]

    def phases(self):
        """Index values of the phases, in order."""
        return [self.sequence.GetNthIndexValue(i) for i in range(self.sequence.GetNumberOfDataNodes())]

    def phaseNames(self):
        """The phases as the user reads them: "30 %"."""
        unit = self.sequence.GetIndexUnit() or ""
        return [f"{value} {unit}".strip() for value in self.phases()]

    def image(self, item):
        """The image of a phase."""
        return mrml.image_from_volume(self.sequence.GetNthDataNode(item))

    def landmarksOf(self, item):
        """Points (N, 3) in LPS mm and labels on a phase; none where the landmarks say nothing about it."""
        if self.landmarks is None:
            return np.zeros((0, 3)), []
        if self.landmarks.IsA("vtkMRMLMarkupsNode"):
            return worldPoints(self.landmarks) if item == self.reference else (np.zeros((0, 3)), [])
        node = self.landmarks.GetDataNodeAtValue(self.sequence.GetNthIndexValue(item))
        if node is not None and not node.IsA("vtkMRMLMarkupsNode"):
            raise InputError(_("The sequence '{name}' does not hold point lists.").format(name=self.landmarks.GetName()))
        return (np.zeros((0, 3)), []) if node is None else mrml.points_from_markups(node)

    def landmarkPairs(self, item):
        """Points (N, 3) in LPS mm on the reference phase and on another one that have the same label."""
        (fixed_mm, fixedLabels), (moving_mm, movingLabels) = self.landmarksOf(self.reference), self.landmarksOf(item)
        places = {label: i for i, label in enumerate(movingLabels)}
        shared = [i for i, label in enumerate(fixedLabels) if label in places]
        return fixed_mm[shared], moving_mm[[places[fixedLabels[i]] for i in shared]]

    def segments(self):
        """Segment IDs by name, when there are lobes (more than one segment): label n of the files is the nth of them."""
        segments = segmentsByName(self.lungs) if self.lungs is not None else {}
        return segments if len(segments) > 1 else {}

    def write(self, folder):
        """Write all phases and their table into a folder, and return the arguments of `correspond lung batch` (all but
        --output). The pair of item n has the id of `pairID(n)`."""
        reference = self.image(self.reference)
        sitk.WriteImage(reference, str(folder / "reference.nrrd"))
        shared = {"fixed": "reference.nrrd"}
        if self.lungs is not None:
            shared["fixed_lobes" if self.segments() else "fixed_mask"] = "lungs.nrrd"
            labels = worldLabels(self.lungs, segmentsByName(self.lungs).values(), reference)
            sitk.WriteImage(labels, str(folder / "lungs.nrrd"))
        rows = [self._row(item, folder) | shared for item in range(len(self.phases())) if item != self.reference]
        with open(folder / "pairs.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["id", *shared, "moving", "landmarks"])
            writer.writeheader()
            writer.writerows(rows)
        arguments = [folder / "pairs.csv", "--device", self.device, "--fixed-is", self.fixedIs]
        write_json(folder / "chosen_settings.json", {"preset": self.preset, **self.settings})
        arguments += ["--settings", folder / "chosen_settings.json"]
        if self.threads:
            arguments += ["--threads", self.threads]
        return [str(argument) for argument in arguments]

    def _row(self, item, folder):
        """The files of one phase, written, as cells of the table."""
        name = pairID(item)
        sitk.WriteImage(self.image(item), str(folder / f"{name}.nrrd"))
        row = {"id": name, "moving": f"{name}.nrrd"}
        fixed_mm, moving_mm = self.landmarkPairs(item)
        if len(fixed_mm) > 1:
            write_landmarks(folder / f"{name}.csv", fixed_mm, moving_mm)
            row["landmarks"] = f"{name}.csv"
        return row


def pairID(item):
    """Id of the pair of a phase with the reference."""
    return f"phase_{item:03d}"
