"""EMPIRE10's submission: displacements of every pair on the native grid of its fixed scan."""

from __future__ import annotations

from pathlib import Path

from CorrespondCoreLib.progress import Progress

from .child import run_in_child

HOW_TO_SUBMIT = (
    "The folder submission holds, for each pair NN, NN/defX.mhd, NN/defY.mhd and NN/defZ.mhd with their .raw: displacements in "
    "mm on the grid of the fixed scan, from a fixed point to its place in the moving scan. Send all 30 pairs to the organizers, "
    "as https://empire10.grand-challenge.org describes; they hold the landmarks and send back the scores of the table."
)


def write_case_submission(result: Path, fixed: Path, number: int, submission: Path, progress: Progress) -> None:
    """Write the folder of one pair from its result; nothing is done where it is newer than the result.

    Args:
        result: folder of the registration. fixed: the fixed scan. number: of the pair.

    Raises:
        OutputError: the disk is full. Also what `correspond lung export` raises.
    """
    field = result / "fixed_to_moving.nrrd"
    written = [submission / f"{number:02d}" / f"def{axis}.{end}" for axis in "XYZ" for end in ("mhd", "raw")]
    if all(path.is_file() and path.stat().st_mtime >= field.stat().st_mtime for path in written):
        return
    command = [
        "lung",
        "export",
        "empire10",
        str(field),
        "--fixed",
        str(fixed),
        "--case",
        str(number),
        "--output",
        str(submission),
    ]
    run_in_child(command, f"Submission of {number:02d}", progress)
