"""The sample patient: a phantom with CTA, aorta and two runs with contrast, made on this computer."""

import csv
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from TAVIFusionLib.formats.reading import read_run
from TAVIFusionLib.meshes import read_mesh

from .model_nodes import addModel, ensurePose
from .result_loading import allOrNothing
from .results import addReference
from .run_nodes import addRun, browserOf

CATEGORY = "Correspond"
SAMPLE_NAME = "TAVIPhantom"
VIEWS_DEG = ((15, -5), (-25, 10))
FRAMES, PIXELS, SEED = 30, 512, 4
NADIRS = ("nadir L", "nadir R", "nadir N")
DRAWN = ("nadir", "ostium", "annulus", "junction", "arch")
"""Beginnings of the names of the landmarks that the upper field of view shows."""


@dataclass
class Sample:
    """The nodes of the sample patient.

    Attributes:
        runs: sequence nodes, one for each view.
        references: sequences of segmentations with the true vessel of each run.
        model, cta, landmarks, nadirs: model, volume and markups nodes; the landmarks are all points that the phantom knows.
        frame: index of the frame of the first run that shows the most contrast.
    """

    runs: list
    references: list
    model: object
    cta: object
    landmarks: object
    nadirs: object
    frame: int

    def choose(self, parameters):
        """Let the panel's parameter node work on the sample."""
        parameters.model, parameters.cta = self.model, self.cta
        parameters.landmarks, parameters.nadirs = self.landmarks, self.nadirs
        parameters.secondRun, parameters.reference = self.runs[1], self.references[0]
        parameters.run = self.runs[0]
        browserOf(self.runs[0]).SetSelectedItemNumber(self.frame)


def command(folder, frames=FRAMES, pixels=PIXELS):
    """Arguments of the command that writes the phantom into a job folder; frames of each run, and their width."""
    arguments = ["tavi", "phantom", "--output", folder / "phantom", "--seed", SEED, "--frames", frames, "--pixels", pixels]
    for view in VIEWS_DEG:
        arguments += ["--view", *view]
    return [str(argument) for argument in arguments]


def load(folder):
    """Bring the phantom into the scene. Returns Sample."""
    folder = folder / "phantom"
    views = [folder / f"view_{n}" for n in range(1, len(VIEWS_DEG) + 1)]
    loaded = [read_run(view / "run.dcm") for view in views]  # all of them, before the scene changes
    masks = [sitk.GetArrayFromImage(sitk.ReadImage(str(view / "masks.nrrd"))) > 0 for view in views]
    mesh, ct = read_mesh(folder / "aorta_segmented.vtp"), sitk.ReadImage(str(folder / "ct.nrrd"))
    with open(folder / "landmarks.csv", newline="", encoding="utf-8") as file:
        marks = {row["name"]: [float(row[axis]) for axis in "xyz"] for row in csv.DictReader(file)}
    with allOrNothing():
        return _add(loaded, masks, mesh, ct, marks)


def _add(loaded, masks, mesh, ct, marks):
    runs = [addRun(run, _("Phantom, view {n}").format(n=n)) for n, run in enumerate(loaded, 1)]
    model = addModel(mesh, _("Phantom aorta"))
    drawn = {name: point for name, point in marks.items() if name.startswith(DRAWN)}
    landmarks = mrml.markups_from_points(np.array(list(drawn.values())), _("Phantom landmarks"), list(drawn))
    nadirs = mrml.markups_from_points(np.array([marks[name] for name in NADIRS]), _("Phantom nadirs"), list("LRN"))
    ensurePose(model, (landmarks, nadirs), pivot_mm=np.mean([marks[name] for name in NADIRS], axis=0))
    for markups in (landmarks, nadirs):
        markups.GetDisplayNode().SetGlyphScale(2)
        markups.GetDisplayNode().SetTextScale(2)
    nadirs.GetDisplayNode().SetPropertiesLabelVisibility(False)  # the landmarks have them, too
    nadirs.GetDisplayNode().SetPointLabelsVisibility(False)
    return Sample(
        runs=runs,
        references=[_reference(run, truth) for run, truth in zip(runs, masks, strict=True)],
        model=model,
        cta=mrml.volume_from_image(ct, _("Phantom CTA")),
        landmarks=landmarks,
        nadirs=nadirs,
        frame=int(masks[0].sum(axis=(1, 2)).argmax()),
    )


def _reference(run, masks):
    return addReference(run, dict(enumerate(masks)), _("True vessel of {name}").format(name=run.GetName()))
