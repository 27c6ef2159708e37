"""Which DICOM files make a run: one multi-frame file, single frames of a series, one plane of a biplane pair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import first, headers_in, numbers, read_dataset
from CorrespondCoreLib.errors import InputError

from .frame_attributes import ENHANCED

_XRAY = "1.2.840.10008.5.1.4.1.1."
XA = (f"{_XRAY}12.1", f"{_XRAY}12.2", *ENHANCED)
_OTHER_XRAY = (f"{_XRAY}1", f"{_XRAY}1.1", f"{_XRAY}1.1.1")
SECONDARY = tuple(f"{_XRAY}7{part}" for part in ("", ".1", ".2", ".3", ".4"))
_READ = (*XA, *_OTHER_XRAY, *SECONDARY)
_INSTEAD = {
    f"{_XRAY}2": "Choose the CT as source of the aorta's model",
    f"{_XRAY}2.1": "Choose the CT as source of the aorta's model",
    f"{_XRAY}13.1.1": "It is a volume: choose it as source of the aorta's model",
    f"{_XRAY}12.3": "Biplane files of this retired kind cannot be read: export each plane as XA",
    "1.2.840.10008.1.3.10": "Choose one of the files that it lists, or the folder of one run",
}
_APART_DEG = 30.0


@dataclass(frozen=True)
class RunFiles:
    """Files of one run in their order, the header of the first, and its plane: "", "A" or "B"."""

    paths: list[Path]
    header: Dataset
    plane: str = ""
    guessed: bool = False

    @property
    def study(self) -> str:
        return str(self.header.get("StudyInstanceUID") or "")


def files_of(path: Path, plane: str = "") -> RunFiles:
    """The files of the run that a file or folder stands for.

    Args:
        plane: "A" or "B" for one of two; "" for the file's own, or the first of a folder.

    Raises:
        InputError: no fluoroscopy, several runs, or no such plane; the message names what there is.
    """
    runs = runs_of(path)
    wanted = [run for run in runs if run.plane == plane] if plane else runs[:1]
    if not wanted:
        there = ", ".join(run.plane for run in runs if run.plane) or "none"
        raise InputError(f"{path.name} has no plane {plane}. Planes that it has: {there}.")
    return wanted[0]


def runs_of(path: Path) -> list[RunFiles]:
    """The run of a file or folder, and after it the other plane of a biplane pair if there is one."""
    if path.is_dir():
        return _chosen(_runs(_accepted(headers_in(path))), path)
    header = read_dataset(path, pixels=False)
    check_class(header, path)
    own = RunFiles([path], header, plane_of(header))
    if not own.plane:
        return [own]
    others = [run for run in _runs(_accepted(headers_in(path.parent))) if path not in run.paths and _paired(own, run)]
    return [own, *others[:1]]


def check_class(header: Dataset, path: Path) -> None:
    """Raise InputError unless the file is fluoroscopy, or a secondary capture that may be."""
    kind = class_of(header)
    if str(kind) in _READ or (not kind and str(header.get("Modality") or "") in ("XA", "RF")):
        return
    name = getattr(kind, "name", None) or "nothing that it names"
    advice = _INSTEAD.get(str(kind), "Choose the XA or XRF file of the run")
    raise InputError(f"{path.name} is a DICOM file of {name}, not of fluoroscopy or angiography. {advice}.")


def class_of(header: Dataset) -> Any:
    """UID of what the file says that it is, or None."""
    meta = getattr(header, "file_meta", None)
    return header.get("SOPClassUID") or (meta.get("MediaStorageSOPClassUID") if meta is not None else None)


def plane_of(header: Dataset) -> str:
    """ "A", "B" or "" by Plane Identification (enhanced) or the third value of Image Type (PS3.3 C.8.7.1.1.1)."""
    words = [str(header.get("PlaneIdentification") or "")]
    for item in (header, first(header, "FrameAcquisitionSequence"), first(header, "XRayAcquisitionSequence")):
        words.append(str(item.get("PlaneIdentification") or "") if item is not None else "")
    kind = header.get("ImageType")
    words += [str(value) for value in kind] if kind and not isinstance(kind, str) else [str(kind or "")]
    for word in words:
        for letter in ("A", "B"):
            if word.strip().upper() in (f"BIPLANE {letter}", f"PLANE {letter}"):
                return letter
    return ""


def _accepted(headers: dict[Path, Dataset]) -> dict[Path, Dataset]:
    found = {}
    for path, header in headers.items():
        try:
            check_class(header, path)
        except InputError:
            continue
        found[path] = header
    return found


def _runs(headers: dict[Path, Dataset]) -> list[RunFiles]:
    """Multi-frame files each for itself, single frames by series, in the order of file names."""
    runs, singles = [], dict[tuple[str, str], list[tuple[tuple, Path, Dataset]]]()
    for path, header in headers.items():
        plane = plane_of(header)
        if _whole(header, "NumberOfFrames") > 1:
            runs.append(RunFiles([path], header, plane))
            continue
        order = (_whole(header, "AcquisitionNumber"), _whole(header, "InstanceNumber"), path.name)
        singles.setdefault((str(header.get("SeriesInstanceUID") or ""), plane), []).append((order, path, header))
    for (_, plane), entries in singles.items():
        entries.sort(key=lambda entry: entry[0])
        runs.append(RunFiles([path for _, path, _ in entries], entries[0][2], plane))
    return runs


def _chosen(runs: list[RunFiles], folder: Path) -> list[RunFiles]:
    """The only run of a folder, or its two planes, A first; secondary captures count only where there is nothing else."""
    runs = [run for run in runs if str(class_of(run.header)) not in SECONDARY] or runs
    if not runs:
        raise InputError(
            f"The folder {folder.name} holds no DICOM file of fluoroscopy or angiography (XA, XRF). Choose the file of the run."
        )
    if len(runs) == 1:
        return runs
    if len(runs) == 2:
        pair = sorted(runs, key=lambda run: run.plane)
        if _paired(*pair):
            return pair
        if guessed := _guessed_pair(*runs):
            return guessed
    names = ", ".join(run.paths[0].name for run in runs[:6]) + (", ..." if len(runs) > 6 else "")
    raise InputError(f"The folder {folder.name} holds {len(runs)} runs ({names}). Choose the file of the wanted one.")


def _paired(one: RunFiles, other: RunFiles) -> bool:
    """True for planes A and B of one study that refer to each other or share their number or moment."""
    if {one.plane, other.plane} != {"A", "B"} or one.study != other.study:
        return False
    for run, partner in ((one, other), (other, one)):
        for name in ("ReferencedOtherPlaneSequence", "ReferencedImageSequence"):
            named = {str(item.get("ReferencedSOPInstanceUID") or "") for item in run.header.get(name) or []}
            if str(partner.header.get("SOPInstanceUID") or "-") in named:
                return True
    return _same_moment(one.header, other.header)


def _same_moment(one: Dataset, other: Dataset) -> bool:
    names = ("AcquisitionDateTime", "AcquisitionTime", "ContentTime", "AcquisitionNumber", "InstanceNumber")
    return any(one.get(name) and str(one.get(name)) == str(other.get(name)) for name in names)


def _guessed_pair(one: RunFiles, other: RunFiles) -> list[RunFiles] | None:
    """Two runs of one study and moment with views far apart, none of which names its plane: the more frontal one is A."""
    angles = [numbers(run.header, "PositionerPrimaryAngle", 1) for run in (one, other)]
    if one.plane or other.plane or one.study != other.study or not one.study or angles[0] is None or angles[1] is None:
        return None
    if not _same_moment(one.header, other.header) or np.abs(angles[0] - angles[1])[0] < _APART_DEG:
        return None
    frontal, lateral = (one, other) if abs(angles[0][0]) <= abs(angles[1][0]) else (other, one)
    return [RunFiles(frontal.paths, frontal.header, "A", True), RunFiles(lateral.paths, lateral.header, "B", True)]


def _whole(header: Dataset, name: str) -> int:
    value = numbers(header, name, 1)
    return 0 if value is None else int(value[0])
