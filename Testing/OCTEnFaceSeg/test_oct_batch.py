"""`correspond oct batch`: scans of a table, each with its results and a line in the summary; finished ones are kept."""

import csv
import json
import shutil

import pytest

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import InputError, PartlyFailed
from CorrespondCoreLib.progress import Progress

SIZE = ("16", "128", "96")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Two visits of one eye with a grader's mask, and a scan that is none."""
    folder = tmp_path_factory.mktemp("Kohorte ü")
    cli.run(["oct", "phantom", "--output", str(folder), "--size", *SIZE, "--seed", "4", "--visits", "2"], Progress())
    (folder / "bad.vol").write_bytes(b"HSF-OCT-103" + bytes(40))
    lines = ["id,volume,bruch,reference,eye", "broken,bad.vol,,,"]
    for n in (1, 2):
        lines.append(f"v{n},visit_{n}/scan,visit_{n}/true_bruch.nrrd,visit_{n}/true_mask.seg.nrrd,{'L' if n == 2 else ''}")
    (folder / "scans.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "scans.csv"


def batch(table, output, *more):
    fixed = ["oct", "batch", str(table), "--output", str(output), "--lesion", "ga", "--method", "hypertransmission"]
    return [*fixed, "--device", "cpu", *more]


@pytest.fixture(scope="module")
def output(table):
    with pytest.raises(PartlyFailed, match="1 of 3 scans failed"):
        cli.run(batch(table, table.parent / "out", "--workers", "2"), Progress())
    return table.parent / "out"


def summary(output):
    with open(output / "summary.csv", newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_each_scan_has_its_results_and_a_line(output):
    rows = summary(output)
    assert {name: row["state"] for name, row in rows.items()} == {"broken": "failed", "v1": "done", "v2": "done"}
    assert "<volume>" in rows["broken"]["reason"] or "bad.vol" not in rows["broken"]["reason"]
    for name in ("v1", "v2"):
        report = json.loads((output / name / "report.json").read_text(encoding="utf-8"))
        assert float(rows[name]["area_mm2"]) == pytest.approx(report["measures"]["area_mm2"], rel=1e-4)
        (grader,) = report["agreement"]["graders"].values()
        assert float(rows[name]["dice"]) == pytest.approx(grader["dice"], rel=1e-4)
        assert (output / rows[name]["report"]).is_file()
    assert (rows["v1"]["eye"], rows["v2"]["eye"]) == ("R", "L")
    assert float(rows["v2"]["area_mm2"]) > float(rows["v1"]["area_mm2"])


def test_the_page_shows_the_scans(output):
    page = (output / "index.html").read_text(encoding="utf-8")
    assert "3 scans: 1 failed" in page and 'href="v1/report.html"' in page and "area, mm²" in page


def test_what_is_finished_is_kept_and_other_settings_do_it_again(table, output, tmp_path):
    copy = shutil.copytree(output, tmp_path / "out")
    rows = (table.parent / "scans.csv").read_text(encoding="utf-8").splitlines()
    good = table.parent / "good.csv"
    good.write_text("\n".join([rows[0], *rows[2:]]), encoding="utf-8")
    assert cli.run(batch(good, copy), Progress())["done_before"] == 2
    assert cli.run(batch(good, copy, "--threshold", "0.7"), Progress())["done_before"] == 0


def test_what_cannot_work_is_said_before_the_work(table, tmp_path):
    with pytest.raises(InputError, match="No model for rpd"):
        cli.run(["oct", "batch", str(table), "--output", str(tmp_path / "o"), "--lesion", "rpd"], Progress())
    (tmp_path / "t.csv").write_text("id,volume,eye\na,absent.vol,X\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"(?s)absent\.vol does not exist.*it must be R or L"):
        cli.run(batch(tmp_path / "t.csv", tmp_path / "o"), Progress())
