"""A protocol from the downloads to its table: every case in a child process, those that are finished kept."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from CorrespondCoreLib.cohorts.record import finished_figures, identity_of
from CorrespondCoreLib.cohorts.table import CohortRow
from CorrespondCoreLib.cohorts.work import Task, run_task
from CorrespondCoreLib.devices import check_torch
from CorrespondCoreLib.errors import Cancelled, CorrespondError, InputError, PartlyFailed
from CorrespondCoreLib.files import check_output_folder, plain, whole_file, write_json
from CorrespondCoreLib.progress import Progress

from ..cohorts.kind import PAIRS, registration_identity
from ..formats.landmarks import read_landmarks
from ..formats.pair_files import Files
from ..settings import RegistrationSettings
from . import fit_together
from .comparison import comparisons, read_run
from .initial_errors import deviation
from .notes import notes
from .page import benchmark_page
from .protocols import PROTOCOLS, Protocol
from .published import EMPIRE10, EMPIRE10_HEAD
from .results import CaseResult, summary, write_csv
from .source import CaseSource, find_cases, imported
from .submission import write_case_submission


@dataclass(frozen=True)
class Request:
    """What is to be measured.

    Attributes:
        protocol: dirlab-copd, dirlab-4dct or empire10.
        folder: of the downloads. output: of all that is written.
        settings: of the registration.
        cases: names or numbers; None: all that are complete.
        compare: output folders of other runs of the same protocol.
        together: one network is fitted to all pairs together first, in so many `steps` at each level (None: the paper's).
        device, threads: as for `correspond lung register`.
    """

    protocol: str
    folder: Path
    output: Path
    settings: RegistrationSettings
    cases: list[str] | None = None
    compare: Sequence[Path] = ()
    together: bool = False
    steps: int | None = None
    device: str = "auto"
    threads: int | None = None


def run_benchmark(request: Request, progress: Progress | None = None) -> dict[str, Any]:
    """Register all cases of a protocol and write pairs/, cases/, results.csv, results.json, report.html, and submission/.

    A case that fails is told, and never stops the others. Started again, the finished cases are kept if their files, the settings
    and the weights are the same.

    Returns the rows and their means, what was compared, notes, and the paths of the summary's files.

    Raises:
        InputError: no case can be used, or one that was asked for cannot; the settings cannot work. PartlyFailed: some cases
        failed; all that can be written is. OutputError, Cancelled.
    """
    progress = progress or Progress()
    check_torch()
    protocol = PROTOCOLS[request.protocol]
    if request.together:
        fit_together.check(request.settings)
    others = {name: read_run(folder, protocol.name) for name, folder in _named(request.compare).items()}
    sources = find_cases(protocol, request.folder, request.cases, progress)
    if others and len(sources) < 2:
        raise InputError("Runs are compared over two cases at least.")
    output = check_output_folder(request.output)
    settings, until = request.settings, 0.0
    if request.together:
        until = 0.5
        settings = _fitted(request, protocol, sources, output, progress.part(until))
    identity = registration_identity(settings, {})
    results = []
    for k, source in enumerate(sources):
        part = progress.part(until + (0.98 - until) * (k + 1) / len(sources))
        results.append(_case(request, protocol, source, output, settings, identity, part))
    with progress.stage("Summary", until=1.0):
        record = _summarized(request, protocol, settings, results, others, output, progress)
    failed = [result for result in results if result.state == "failed"]
    if failed:
        reasons = " ".join(f"{result.case}: {result.reason}" for result in failed)
        raise PartlyFailed(
            f"{len(failed)} of {len(results)} cases failed; the others are done, their figures are in {output}. Start again to "
            f"try the failed ones only. {reasons}"
        )
    return record


def _case(
    request: Request,
    protocol: Protocol,
    source: CaseSource,
    output: Path,
    settings: RegistrationSettings,
    identity: dict[str, Any],
    progress: Progress,
) -> CaseResult:
    """One case, registered now or before."""
    folder = output / "cases" / source.name
    try:
        files = _prepared(request, protocol, source, output, progress)
        row = CohortRow(source.name, 0, files.given(), {"fixed_is": "inspiration"})
        if finished_figures(folder, identity_of(identity, row.files, row.words)) is None:
            _register(request, row, folder, settings, identity, output, progress)
        if protocol.name == "empire10":
            write_case_submission(folder, files.fixed, int(source.name), output / "submission", progress.part(1.0))
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (Cancelled, KeyboardInterrupt) as error:
        raise Cancelled(f"Cancelled. Finished cases are kept: start again with the same output folder {output}.") from error
    except CorrespondError as error:
        progress.warning(f"{source.name} failed: {error}")
        return CaseResult(source.name, "failed", str(error))
    return CaseResult.of(source.name, report)


def _prepared(request: Request, protocol: Protocol, source: CaseSource, output: Path, progress: Progress) -> Files:
    """The files of a case, once its landmarks are known to be those that the papers used, or a warning is given."""
    with progress.stage(f"Reading {source.name}", until=0.1):
        files = imported(protocol, source, request.folder, output / "pairs" / source.name)
    if files.landmarks is not None:
        fault = deviation(protocol, source.name, *read_landmarks(files.landmarks), sitk.ReadImage(str(files.moving)))
        if fault:
            progress.warning(fault)
    return files


def _register(
    request: Request,
    row: CohortRow,
    folder: Path,
    settings: RegistrationSettings,
    identity: dict[str, Any],
    output: Path,
    progress: Progress,
) -> None:
    cancel = output / "cancel"
    cancel.unlink(missing_ok=True)
    options = ("--device", request.device)
    task = Task(PAIRS, row, folder, settings.to_dict(), options, identity, cancel, names=True)
    with progress.stage(f"Registering {row.id}", until=0.9) as step:

        def show(fraction: float, _stage: str) -> None:
            try:
                step(fraction)
            except Cancelled:
                cancel.touch()

        outcome = run_task(task, request.threads or os.cpu_count() or 1, show)
    cancel.unlink(missing_ok=True)
    if outcome.state == "cancelled":
        raise Cancelled()
    if outcome.state != "done":
        raise CorrespondError(outcome.reason)


def _fitted(
    request: Request, protocol: Protocol, sources: list[CaseSource], output: Path, progress: Progress
) -> RegistrationSettings:
    """The settings with the model that was fitted to all pairs together."""
    for k, source in enumerate(sources):
        _prepared(request, protocol, source, output, progress.part(0.1 * (k + 1) / len(sources)))
    config = fit_together.fit_config(request.settings, protocol.title, output / "pairs", request.steps)
    options = ["--device", request.device, *(["--threads", str(request.threads)] if request.threads else [])]
    model = fit_together.fitted_model(config, output / "fit-together", options, progress.part(1.0))
    network = replace(request.settings.network, model=str(model), instance_optimization="none", size_xyz=None)
    return replace(request.settings, network=network)


def _summarized(
    request: Request,
    protocol: Protocol,
    settings: RegistrationSettings,
    results: list[CaseResult],
    others: dict[str, dict[str, CaseResult]],
    output: Path,
    progress: Progress,
) -> dict[str, Any]:
    tested: list[dict[str, Any]] = []
    if others:
        try:
            tested = comparisons(results, others)
        except InputError as error:
            progress.warning(str(error))
    record: dict[str, Any] = {
        "protocol": protocol.name,
        "method": settings.method,
        "settings": request.settings.to_dict(),
        "fitted_together": request.together,
        "rows": [{"case": r.case, "state": r.state, "reason": r.reason, **r.measures} for r in results],
        "summary": summary(results),
        "published": [asdict(row) for row in protocol.published]
        or [dict(zip(EMPIRE10_HEAD, row, strict=True)) for row in EMPIRE10],
        "comparisons": tested,
        "notes": notes(protocol, settings, request.together, results),
        "warnings": progress.warnings,
    }
    record = plain(record)
    write_csv(output / "results.csv", results)
    write_json(output / "results.json", record)
    with whole_file(output / "report.html") as temporary:
        temporary.write_text(benchmark_page(protocol, record, results, others), encoding="utf-8")
    names = ("results.csv", "results.json", "report.html")
    return {**record, "files": [str(output / name) for name in names]}


def _named(folders: Sequence[Path]) -> dict[str, Path]:
    """Runs by the name of their folder, by the whole path where two have the same."""
    names = [folder.expanduser().absolute().name for folder in folders]
    return {name if names.count(name) == 1 else str(folder): folder for name, folder in zip(names, folders, strict=True)}
