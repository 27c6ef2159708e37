"""The page of a result made anew, and one page over the results of several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from CorrespondCoreLib import provenance
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_file, whole_folder, write_csv, write_json
from CorrespondCoreLib.report_page import page, table

from ..metrics import SCORES, boxes
from .charts import box_chart, charts_section
from .page import PAGE, page_of, read_report
from .segmentation_page import SCORES as TITLES


def rebuild_page(folder: Path) -> dict[str, Any]:
    """Make report.html of a result anew from its report.json and pictures.

    Raises:
        InputError: the folder holds no result. OutputError: the page cannot be written.
    """
    folder = Path(folder).absolute()
    text = page_of(folder, read_report(folder))
    with whole_file(folder / PAGE) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return {"files": [str(folder / PAGE)]}


def scores_page(splits: Mapping[str, Sequence[Path]], output: Path) -> dict[str, Any]:
    """Box plots of DSC, precision and recall over the frames of each split (paper, figures 5 and 8).

    Writes scores.html, scores.csv (a line for each frame) and scores.json (the numbers of the boxes).

    Args:
        splits: name (lower FoV, test, ...) -> folders of segmentations or alignments that have scores.

    Raises:
        InputError: a folder has no scores. OutputError: it cannot be written.
    """
    rows = {name: [row for folder in folders for row in _scores_in(folder)] for name, folders in splits.items()}
    numbers = {name: boxes(of_split) for name, of_split in rows.items()}
    output = check_output_folder(output)
    with whole_folder(output) as folder:
        lines = [[name, row["frame"], *(row[score] for score in SCORES)] for name, some in rows.items() for row in some]
        write_csv(folder / "scores.csv", ("split", "frame", *SCORES), lines)
        write_json(folder / "scores.json", numbers)
        (folder / "scores.html").write_text(_page(numbers), encoding="utf-8")
        names = sorted(path.name for path in folder.iterdir())
    return {"splits": numbers, "files": [str(output / name) for name in names]}


def _scores_in(folder: Path) -> list[dict[str, float]]:
    report = read_report(folder)
    rows = report.get("metrics") or report.get("views") or []
    judged = [row for row in rows if row.get("dsc") is not None]
    if not judged:
        raise InputError(f"The result in {folder} has no scores: segment again with --reference FILE.")
    return judged


def _page(numbers: Mapping[str, Mapping[str, Any]]) -> str:
    chart = charts_section([("Scores of frames", box_chart(numbers))])
    head = ("Split", "Score", "Frames", "Median", "Quartiles", "Mean")
    lines = [
        (
            name,
            TITLES[score],
            str(box["count"]),
            f"{box['median']:.3f}",
            f"{box['quartiles'][0]:.3f} to {box['quartiles'][1]:.3f}",
            f"{box['mean']:.3f}",
        )
        for name, of_split in numbers.items()
        for score, box in of_split.items()
    ]
    note = "Each frame counts once. Whiskers reach to the last frame within 1.5 interquartile ranges; circles are frames beyond."
    facts = [f"{len(numbers)} splits", f"Correspond {provenance.versions()['correspond']}"]
    return page("Scores of frames", facts, provenance.STATEMENT, [chart, table("Numbers", head, lines, note)])
