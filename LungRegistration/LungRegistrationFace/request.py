"""What to register and how: nodes and options, checked, and turned into files and arguments for the child process."""

from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.mrml_transforms import transform_from_node
from CorrespondCoreLib.packages import SAFETENSORS, TORCH
from CorrespondCoreLib.panel.checked_request import CheckedRequest
from LungRegistrationLib.formats.landmarks import write_landmarks
from LungRegistrationLib.learned.models import plan
from LungRegistrationLib.settings import RegistrationSettings

from .landmark_pairs import pairLandmarks
from .world import segmentsByName, worldImage, worldLabels, worldMask

INITIAL_GRID_MM = 4.0


@dataclass
class RegistrationRequest(CheckedRequest):
    """Inputs and options of one registration.

    Masks are (segmentation node, segment ID); an empty ID means all segments. When both segmentations have the same segment
    names, as with lobes, each segment is also aligned with its counterpart. `settings` holds only what differs from the
    preset (see LungRegistrationLib.settings), for a network {"method": "virnet", "network": {"model": ..., ...}}. `levels`: also
    the fields that a network makes from coarse to fine.
    """

    fixed: object = None
    moving: object = None
    fixedMask: tuple = (None, "")
    movingMask: tuple = (None, "")
    initialTransform: object = None
    fixedLandmarks: object = None
    movingLandmarks: object = None
    matchBy: str = "label"
    guideByLandmarks: bool = False
    fixedIs: str = "inspiration"
    preset: str = "default"
    settings: dict = field(default_factory=dict)
    device: str = "auto"
    threads: int = 0
    maps: bool = False
    levels: bool = False

    @classmethod
    def fromParameters(cls, p):
        """What the panel's parameter node asks for."""
        searching = p.method.value == "search"
        settings = {"smoothing_mm": p.fieldSmoothingMm}
        if searching:
            settings |= {"similarity": p.similarity.value, "regularizer": p.regularizer.value}
        else:
            settings |= {"method": p.method.value, "network": _networkSettings(p)}
        return cls(
            fixed=p.fixedVolume,
            moving=p.movingVolume,
            fixedMask=(p.fixedMaskSegmentation, p.fixedMaskSegmentID),
            movingMask=(p.movingMaskSegmentation, p.movingMaskSegmentID),
            initialTransform=p.initialTransform,
            fixedLandmarks=p.fixedLandmarks,
            movingLandmarks=p.movingLandmarks,
            matchBy=p.landmarkMatching.value,
            guideByLandmarks=p.guideByLandmarks,
            fixedIs=p.fixedIs.value,
            preset=p.preset.value if searching else "default",
            settings={name: value for name, value in settings.items() if value},
            device=p.device.value,
            threads=p.threads,
            maps=p.makeMaps,
            levels=p.makeLevels and not searching,
        )

    def check(self):
        """Raise InputError when the registration cannot start, with what has to be chosen or mended."""
        self._checkVolume(self.fixed, _("fixed"))
        self._checkVolume(self.moving, _("moving"))
        if self.fixed is self.moving:
            raise InputError(_("Fixed and moving image are the same volume. Choose two scans."))
        self._checkMask(self.fixedMask, _("fixed"))
        self._checkMask(self.movingMask, _("moving"))
        if (self.fixedLandmarks is None) != (self.movingLandmarks is None):
            raise InputError(_("Choose landmark lists for both images, or for none."))
        if self.guideByLandmarks and self.fixedLandmarks is None:
            raise InputError(_("Choose the landmark lists that shall guide the registration."))
        self.pairs()
        self.plan()

    def plan(self):
        """What a network will run (LungRegistrationLib.learned.models.Plan), or None for the search.

        Raises:
            InputError: the settings cannot work, or there is no such model.
        """
        settings = self.allSettings()
        if settings.method == "search":
            if self.levels:
                raise InputError(_("Fields per level come from a network: choose one, or leave them out."))
            return None
        return plan(settings, self.guideByLandmarks)

    def allSettings(self):
        """What `settings` and the preset mean (LungRegistrationLib.settings.RegistrationSettings).

        Raises:
            InputError: a value cannot work.
        """
        return RegistrationSettings.from_json({"preset": self.preset, **self.settings})

    def packages(self):
        """The Python packages that the run needs (CorrespondCoreLib.packages.Package)."""
        return [TORCH] if self.plan() is None else [TORCH, SAFETENSORS]

    def pairs(self):
        """The landmark pairs, or None without landmark lists. Raises InputError where the lists do not fit."""
        if self.fixedLandmarks is None or self.movingLandmarks is None:
            return None
        return pairLandmarks(self.fixedLandmarks, self.movingLandmarks, self.matchBy)

    def nodes(self):
        """All nodes that the request uses."""
        chosen = (self.fixed, self.moving, self.fixedMask[0], self.movingMask[0], self.initialTransform)
        return [node for node in (*chosen, self.fixedLandmarks, self.movingLandmarks) if node is not None]

    def movingNodes(self):
        """What belongs to the moving image: the image, its landmarks, its segmentation."""
        return [node for node in (self.moving, self.movingLandmarks, self.movingMask[0]) if node is not None]

    def write(self, folder):
        """Write all inputs into a folder, in world coordinates, and return the arguments of `correspond lung register` that
        name them (all but --output).

        Raises:
            InputError: a mask is empty or lies outside of its image; the landmark lists do not fit.
        """
        fixed, moving = worldImage(self.fixed), worldImage(self.moving)
        arguments = [_write(fixed, folder / "fixed.nrrd"), _write(moving, folder / "moving.nrrd")]
        arguments += ["--preset", self.preset, "--device", self.device, "--fixed-is", self.fixedIs]
        lobes = self._sharedSegments()
        for side, role, image, mask in ((0, "fixed", fixed, self.fixedMask), (1, "moving", moving, self.movingMask)):
            if lobes:
                labels = worldLabels(mask[0], [pair[side] for pair in lobes], image)
                arguments += [f"--{role}-lobes", _write(labels, folder / f"{role}_lobes.nrrd")]
            elif mask[0] is not None:
                arguments += [f"--{role}-mask", _write(worldMask(*mask, image), folder / f"{role}_mask.nrrd")]
        if self.initialTransform is not None:
            file = folder / "initial_transform.h5"
            sitk.WriteTransform(transform_from_node(self.initialTransform, _coarseGrid(fixed)), str(file))
            arguments += ["--initial-transform", file]
        pairs = self.pairs()
        if pairs is not None:
            write_landmarks(folder / "landmarks.csv", pairs.fixed_mm, pairs.moving_mm)
            arguments += ["--landmarks", folder / "landmarks.csv"]
        if self.guideByLandmarks:
            arguments.append("--use-landmarks")
        if self.settings:
            write_json(folder / "chosen_settings.json", {"preset": self.preset, **self.settings})
            arguments += ["--settings", folder / "chosen_settings.json"]
        arguments += [option for option, wanted in (("--maps", self.maps), ("--levels", self.levels)) if wanted]
        if self.threads:
            arguments += ["--threads", self.threads]
        return [str(argument) for argument in arguments]

    def _sharedSegments(self):
        """Segment IDs (fixed, moving) of lobes that both segmentations have by name, when whole segmentations were chosen."""
        (fixedNode, fixedID), (movingNode, movingID) = self.fixedMask, self.movingMask
        if fixedNode is None or movingNode is None or fixedID or movingID:
            return []
        fixed, moving = segmentsByName(fixedNode), segmentsByName(movingNode)
        return [(fixed[name], moving[name]) for name in fixed] if len(fixed) > 1 and fixed.keys() == moving.keys() else []

    @staticmethod
    def _checkVolume(node, role):
        if node is None:
            raise InputError(_("Choose the {role} image.").format(role=role))
        if node.GetImageData() is None or 0 in node.GetImageData().GetDimensions():
            raise InputError(_("The {role} image '{name}' has no voxels.").format(role=role, name=node.GetName()))
        if node.GetImageData().GetNumberOfScalarComponents() != 1:
            raise InputError(_("The {role} image '{name}' is a color image. Choose a CT.").format(role=role, name=node.GetName()))

    @staticmethod
    def _checkMask(mask, role):
        segmentationNode, segmentID = mask
        if segmentationNode is None:
            return
        segmentation = segmentationNode.GetSegmentation()
        if segmentation.GetNumberOfSegments() == 0:
            raise InputError(_("The segmentation of the {role} lungs is empty. Add a segment, or choose none.").format(role=role))
        if segmentID and segmentation.GetSegment(segmentID) is None:
            raise InputError(_("The segment of the {role} lungs does not exist any more. Choose another.").format(role=role))


def _networkSettings(p):
    """Of the panel's parameter node: only what differs from the model's own, as LungRegistrationLib.network_settings names it."""
    size = [p.sizeX, p.sizeY, p.sizeZ]
    values = {"model": getattr(p, f"{p.method.value}Model") or None, "size_xyz": size if any(size) else None}
    if p.instanceOptimization.value != "none":
        values |= {"instance_optimization": p.instanceOptimization.value, "steps": p.fitSteps}
    return {name: value for name, value in values.items() if value is not None}


def _write(image, file):
    sitk.WriteImage(image, str(file))
    return file


def _coarseGrid(image):
    """An empty image that covers another one with voxels of 4 mm."""
    size = [int(np.ceil(n * mm / INITIAL_GRID_MM)) + 1 for n, mm in zip(image.GetSize(), image.GetSpacing(), strict=True)]
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing([INITIAL_GRID_MM] * 3)
    grid.SetOrigin(image.GetOrigin())
    grid.SetDirection(image.GetDirection())
    return grid
