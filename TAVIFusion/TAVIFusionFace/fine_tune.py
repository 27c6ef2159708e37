"""A network fitted to masks that were drawn in this scene: what is asked for, and the model that comes out of it."""

import json
from dataclasses import dataclass
from pathlib import Path

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder
from CorrespondCoreLib.models import ModelStore
from TAVIFusionLib.vessel_finder import installed_models

from .annotation import drawnRuns
from .request_files import writeDrawing
from .requests import texts
from .results import maskOfFrame

LEAST_FRAMES = 2


@dataclass
class FineTuneRequest:
    """Train a model on, on all frames of the scene that a person has drawn on.

    Attributes:
        network: id of the model to start from.
        title: of the new model; from the old one's if empty.
        steps: of the training.
        folder: in which the drawn frames are kept for later trainings, and those of other patients lie; none if empty.
        patient: name of this scene's patient in there.
    """

    network: str = ""
    title: str = ""
    steps: int = 200
    folder: str = ""
    patient: str = "patient"
    device: str = "auto"
    threads: int = 0

    def check(self, drawn=None):
        """Raise InputError with what is missing. drawn: number of drawn frames, where it is known."""
        models = [model.id for model in installed_models("dru_net")]
        if not models:
            raise InputError(_("No network is installed that could be trained on. Import one in the Segment section."))
        if self.network not in models:
            raise InputError(_("Choose a network to start from."))
        if drawn is None:
            drawn = sum(len(frames) for _run, frames in drawnRuns())
        if drawn < LEAST_FRAMES and not self.folder:
            raise InputError(_("Draw the vessel on at least two frames: press Edit the frame."))

    def write(self, folder):
        """Write the drawn frames, and return the arguments of `correspond tavi fine-tune` (all but --output).

        Args:
            folder: of the job (a Path); the frames go there unless the request names a folder to keep them in.
        """
        place = check_output_folder(Path(self.folder) if self.folder else folder / "data")
        valid = slicer.app.coreIOManager().forceFileNameValidCharacters
        for run, frames in drawnRuns():
            target = place / (valid(self.patient) or "patient") / valid(run.GetName())
            target.mkdir(parents=True, exist_ok=True)
            writeDrawing(run, {frame: maskOfFrame(run, frame) for frame in frames}, target)
        arguments = [self.network, "--data", place, "--steps", self.steps, "--device", self.device]
        arguments += ["--threads", self.threads] if self.threads else []
        return texts([*arguments, *(["--title", self.title] if self.title else [])])


def loadModel(folder):
    """What `correspond tavi fine-tune` has made, by what it left in its job folder: its results, with the Model as "made"."""
    results = json.loads((folder / "result.json").read_text(encoding="utf-8"))["results"]
    return {**results, "made": ModelStore().get(results["model"])}
