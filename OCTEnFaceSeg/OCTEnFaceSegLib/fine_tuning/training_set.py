"""Scans with masks in a folder, patient by patient, as `correspond oct fine-tune` and `correspond oct train` read them.

training_set.json                  format, version, lesion
<patient>/eye_<content>/           scan/ (see formats.scan_folder), mask.seg.nrrd, bruch.nrrd (depth in voxels)
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_json
from CorrespondCoreLib.json_objects import read_json_object

from ..formats.writing import write_scan
from ..results import title_of, write_map, write_segmentation
from ..scan import OctScan, check_raster
from ..training.eyes import MASKS, MEMBRANES

DESCRIPTION = "training_set.json"
FORMAT, VERSION = "correspond-oct-training-set", 1


@dataclass(frozen=True)
class TrainingSet:
    """What is in such a folder.

    Attributes:
        lesion: that is masked; "" where the folder was made by hand and does not say it.
        scans: patient -> folders of their scans with masks.
    """

    folder: Path
    lesion: str
    scans: dict[str, tuple[Path, ...]]

    @property
    def count(self) -> int:
        """Of the scans."""
        return sum(map(len, self.scans.values()))

    def patient_of(self, place: str) -> str | None:
        """Whose scan a folder of this name holds; None where there is none."""
        return next((patient for patient, folders in self.scans.items() if place in {path.name for path in folders}), None)

    def next_patient(self) -> str:
        """A code that is not in use."""
        number = 1
        while f"patient_{number:03d}" in self.scans:
            number += 1
        return f"patient_{number:03d}"


def read_training_set(folder: str | Path) -> TrainingSet:
    """List the scans with masks below a folder; the folder may be empty, or absent.

    Raises:
        InputError: its description is damaged.
    """
    root = Path(folder).expanduser()
    lesion = ""
    if (root / DESCRIPTION).is_file():
        lesion = str(read_json_object(root / DESCRIPTION, "training set").get("lesion") or "")
    found: dict[str, list[Path]] = {}
    for path in sorted(p for pattern in ("*/scan*", "*/*/scan*") for p in root.glob(pattern) if p.name.split(".")[0] == "scan"):
        if path.parent.name != "scan" and any((path.parent / name).is_file() for name in MASKS):
            found.setdefault(path.parent.relative_to(root).parts[0], []).append(path.parent)
    return TrainingSet(root, lesion, {patient: tuple(folders) for patient, folders in found.items()})


def add_to_training_set(
    folder: str | Path, patient: str, scan: OctScan, mask: np.ndarray, bruch_depth: np.ndarray, lesion: str
) -> Path:
    """Add a scan with its mask; a scan that is there already gets the new mask. Returns the scan's folder.

    Args:
        patient: a code of the user's own; scans of one patient share it, so that none of them judges what another one taught.
            Empty: the code that the scan has in the set, or a new one.
        mask: (B-scans, A-scans) bool. bruch_depth: of the same shape, voxels.
        lesion: ga, rpd, or a name; one for all scans of the set.

    Raises:
        InputError: the code is no file name, the set is of another lesion, the scan covers no area, or it is there as another
            patient's. OutputError: the folder cannot be written.
    """
    check_raster(scan)
    root = check_output_folder(folder, 4 * scan.volume.GetNumberOfPixels())
    known = read_training_set(root)
    if known.lesion and known.lesion != lesion:
        raise InputError(
            f"The training set in {root} is of {title_of(known.lesion)}, the mask of {title_of(lesion)}. Choose another folder."
        )
    place = f"eye_{hashlib.sha256(sitk.GetArrayViewFromImage(scan.volume).tobytes()).hexdigest()[:12]}"
    owner = known.patient_of(place)
    patient = patient or owner or known.next_patient()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", patient):
        raise InputError(f'The patient\'s code "{patient}" cannot be used: give letters, digits, - and _; no name of a person.')
    if owner not in (None, patient):
        raise InputError(f'This scan is in the training set already, as that of "{owner}". Add it with the same code.')
    with whole_folder(root / patient / place) as stage:
        write_scan(scan, stage / "scan")
        write_segmentation(scan, {lesion: mask}, stage / MASKS[0])
        write_map(scan, bruch_depth.astype(np.float32), stage / MEMBRANES[0])
    write_json(root / DESCRIPTION, {"format": FORMAT, "version": VERSION, "lesion": lesion})
    return root / patient / place
