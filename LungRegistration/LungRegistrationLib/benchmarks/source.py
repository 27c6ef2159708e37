"""The downloads of a reference data set: which cases are complete, and each of them as a folder of files that a run reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from CorrespondCoreLib.cohorts.record import fingerprint
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.progress import Progress

from ..datasets import import_dirlab, import_empire10
from ..formats import dirlab, empire10
from ..formats.pair_files import Files
from .protocols import Protocol

SOURCE = "source.json"  # in a case's folder: which files it was made from


@dataclass(frozen=True)
class CaseSource:
    """A case in the downloads: the files that were found, and what keeps it from being used (nothing if empty)."""

    name: str
    files: tuple[Path, ...]
    problems: tuple[str, ...]


def find_cases(protocol: Protocol, folder: Path, wanted: list[str] | None, progress: Progress) -> list[CaseSource]:
    """The cases that are complete; all that the protocol has are looked for, or those that are wanted.

    Raises:
        InputError: there is no such folder, no case is complete, or one that is wanted is not.
    """
    find = _empire10_case if protocol.name == "empire10" else _dirlab_case
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.")
    cases = [find(folder, name) for name in protocol.chosen(wanted)]
    complete = [case for case in cases if not case.problems]
    lacking = _lacking(cases)
    layout = f"{protocol.title} needs {protocol.layout}"
    if not complete:
        raise InputError(f"No case of {protocol.title} is complete in {folder}. {layout}. {lacking}")
    if lacking and wanted:
        raise InputError(f"Cases that were asked for cannot be used. {lacking} {layout}.")
    if lacking:
        progress.warning(f"Left out. {lacking} {layout}.")
    return complete


def _lacking(cases: Sequence[CaseSource]) -> str:
    """Sentences on what is lacking; cases of which nothing is there stand together."""
    absent = [case.name for case in cases if not case.files]
    partial = [f"{case.name}: {'; '.join(case.problems)}." for case in cases if case.problems and case.files]
    return " ".join([*partial, *([f"Nothing was found of {', '.join(absent)}."] if absent else [])])


def imported(protocol: Protocol, case: CaseSource, folder: Path, target: Path) -> Files:
    """A case as NRRD volumes, masks and landmark CSV in a folder of its own; done anew only if the download has changed.

    Raises:
        InputError: a file cannot be used. OutputError: the folder cannot be written.
    """
    state = {path.name: fingerprint(path) for path in case.files}
    record = target / SOURCE
    if not record.is_file() or json.loads(record.read_text(encoding="utf-8")) != state:
        shutil.rmtree(target, ignore_errors=True)
        convert = import_empire10 if protocol.name == "empire10" else import_dirlab
        convert(folder, case.name, target)
        write_json(record, state)
    parts = {"fixed_mask": "fixed_mask.nrrd", "moving_mask": "moving_mask.nrrd", "landmarks": "landmarks.csv"}
    given = {part: target / name for part, name in parts.items() if (target / name).is_file()}
    return Files(target / "fixed.nrrd", target / "moving.nrrd", **given)


def _dirlab_case(folder: Path, name: str) -> CaseSource:
    files = dirlab.case_files(folder, [name])[name]
    lost = [f"no file {dirlab.expected_name(name, part)}" for part in dirlab.PARTS if part not in files]
    for part in dirlab.PARTS[:2]:
        if part in files:
            try:
                dirlab.check_raw(files[part], dirlab.CASES[name].size)
            except InputError as error:
                lost.append(str(error).rstrip("."))
    return CaseSource(name, tuple(files.values()), tuple(lost))


def _empire10_case(folder: Path, name: str) -> CaseSource:
    found: list[Path] = []
    lost = []
    for role, kinds in empire10.pair_files(folder, int(name)).items():
        for paths, place in zip(kinds, ("scans", "lungMasks"), strict=True):
            expected = f"{place}/{name}_{role.capitalize()}.mhd"
            if len(paths) != 1:
                lost.append(f"{'no file' if not paths else 'several files'} {expected}")
            found += paths
    lost += [problem for path in found for problem in _voxels_problem(path)]
    return CaseSource(name, tuple(found), tuple(lost))


def _voxels_problem(header: Path) -> Sequence[str]:
    """What is wrong with the file that holds the voxels of a MetaImage."""
    lines = (line.partition("=") for line in header.read_text(encoding="ascii", errors="replace").splitlines())
    entries = {name.strip(): value.strip() for name, _, value in lines}
    name = entries.get("ElementDataFile", "")
    if not name:
        return [f"{header.name} is no MetaImage header"]
    if name not in ("LOCAL", "LIST") and not (header.parent / name).is_file():
        return [f"no file {name} beside {header.name}"]
    return []
