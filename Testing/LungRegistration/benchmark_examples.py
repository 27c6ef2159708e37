"""Phantoms in the layouts of DIR-Lab and EMPIRE10, small enough to be registered in seconds."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.cohorts.record import identity_of, write_record
from CorrespondCoreLib.cohorts.work import Outcome, Task
from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.benchmarks.protocols import PROTOCOLS
from LungRegistrationLib.formats import dirlab
from LungRegistrationLib.formats.landmarks import read_landmarks
from LungRegistrationLib.formats.pair_files import Files
from LungRegistrationLib.measures.tre import error_statistics, landmark_errors_mm, snapped_errors_mm
from LungRegistrationLib.phantom import Phantom, breathing_phantom
from LungRegistrationLib.run import register_files
from LungRegistrationLib.settings import RegistrationSettings
from Testing.LungRegistration.cohort_examples import QUICK

SIZE, SPACING_MM = (44, 36, 40), 8.0
LANDMARKS = 60
SHIFT_MM = np.array([0.0, 3.0, 5.0])


def small_tables(monkeypatch) -> None:
    """DIR-Lab's tables with volumes of the phantoms' size, until the test ends."""
    monkeypatch.setattr(dirlab, "SLICE_SPACING_MM", SPACING_MM)
    for name, case in list(dirlab.CASES.items()):
        monkeypatch.setitem(dirlab.CASES, name, replace(case, size=SIZE, in_plane_mm=SPACING_MM))


def set_initial_errors(monkeypatch, protocol: str, **changes) -> None:
    """What the tables say of a protocol beforehand, changed until the test ends."""
    monkeypatch.setitem(PROTOCOLS, protocol, replace(PROTOCOLS[protocol], **changes))


def phantom(seed: int) -> Phantom:
    return breathing_phantom(SIZE, (SPACING_MM,) * 3, seed, landmarks=LANDMARKS)


def write_dirlab(folder: Path, name: str, seed: int) -> float:
    """A phantom as DIR-Lab ships its cases; returns the mean distance in mm of its landmarks, which are whole voxels."""
    pair, number = phantom(seed), name[4:]
    if name.startswith("copd"):
        images = [f"{name}_{breath}BHCT.img" for breath in "ie"]
        lists = [f"{name}_300_{breath}BH_xyz_r1.txt" for breath in "ie"]
    else:
        images = [f"case{number}_T{phase}_s.img" for phase in ("00", "50")]
        lists = [f"case{number}_300_T{phase}_xyz.txt" for phase in ("00", "50")]
    place = folder / name
    place.mkdir(parents=True)
    voxels = []
    for image, points, raw, text in zip(
        (pair.fixed, pair.moving), (pair.fixed_landmarks_mm, pair.moving_landmarks_mm), images, lists, strict=True
    ):
        hu = sitk.GetArrayFromImage(image)
        (hu[::-1] + 1024).astype("<i2").tofile(place / raw)  # top slice first
        index = np.round([image.TransformPhysicalPointToContinuousIndex(p.tolist()) for p in points])
        voxels.append(index * [1, 1, -1] + [1, 1, SIZE[2]])  # counted from 1, the top slice first
        (place / text).write_text("".join(f"{x:.0f}\t{y:.0f}\t{z:.0f}\n" for x, y, z in voxels[-1]))
    return float(np.linalg.norm((voxels[0] - voxels[1]) * SPACING_MM, axis=1).mean())


def write_empire10(folder: Path, number: int, seed: int) -> Phantom:
    """A phantom as EMPIRE10 ships its pairs: origin 0, masks in a folder of their own."""
    pair = phantom(seed)
    for place, images in (("scans", (pair.fixed, pair.moving)), ("lungMasks", (pair.fixed_mask, pair.moving_mask))):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for role, image in zip(("Fixed", "Moving"), images, strict=True):
            written = sitk.Cast(image, sitk.sitkInt16 if place == "scans" else sitk.sitkUInt8)
            written.SetOrigin((0.0, 0.0, 0.0))
            sitk.WriteImage(written, str(folder / place / f"{number:02d}_{role}.mhd"))
    return pair


def quick_settings(folder: Path) -> Path:
    path = folder / "quick.json"
    path.write_text(json.dumps(QUICK), encoding="utf-8")
    return path


class OwnProcess:
    """Stands in for the child processes of cases: works in the process of the test, and counts the cases.

    Args:
        fail: by name of a case, the reason with which its work ends.
        register: False writes a report of the landmarks alone, mapped by `SHIFT_MM`, in place of a registration.
    """

    def __init__(self, fail: dict[str, str] | None = None, register: bool = False):
        self.registered: list[str] = []
        self.tasks: list[Task] = []
        self.fail, self._register = fail or {}, register

    def __call__(self, task: Task, threads: int, show=None) -> Outcome:
        self.registered.append(task.id)
        self.tasks.append(task)
        if task.id in self.fail:
            return Outcome(task.id, "failed", self.fail[task.id])
        if self._register:
            settings = RegistrationSettings.from_json(dict(task.settings))
            files, progress = Files(**task.row.files), Progress(show)
            results = register_files(files, task.folder, settings, device="cpu", threads=1, progress=progress)
            names = [Path(path).name for path in results["files"]]
        else:
            write_json(task.folder / "report.json", report_of(Files(**task.row.files)))
            names = ["report.json"]
        write_record(task.folder, identity_of(task.common, task.row.files, task.row.words), names, {})
        return Outcome(task.id, "done")


def report_of(files: Files) -> dict:
    """What a report says of a registration that found no more than `SHIFT_MM` everywhere."""
    report = {"check_result": {"needed": False, "reasons": []}, "tre_mm": None, "folding_percent": {"lung": 0.5, "everywhere": 1}}
    if files.landmarks is None:
        return {**report, "overlap": {"lung": {"before": {"dice": 0.8}, "after": {"dice": 0.9}}}}
    fixed, moving = read_landmarks(files.landmarks)
    before, after = landmark_errors_mm(None, fixed, moving), landmark_errors_mm(None, fixed + SHIFT_MM, moving)
    snapped = snapped_errors_mm(None, fixed + SHIFT_MM, moving, sitk.ReadImage(str(files.moving)))
    statistics = {"before": before, "after": after, "after_snapped_to_voxel": snapped}
    points = [{"fixed_mm": f, "before": b, "after": a} for f, b, a in zip(fixed, before, after, strict=True)]
    return {**report, "tre_mm": {**{k: error_statistics(v) for k, v in statistics.items()}, "landmarks": points}}
