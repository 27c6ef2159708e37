"""index.html of a cohort: every state, totals, and ids that are not HTML."""

import re
from pathlib import Path

import pytest

from CorrespondCoreLib.cohorts.index_page import index_page
from CorrespondCoreLib.cohorts.summary import Status, write_summary
from CorrespondCoreLib.cohorts.table import CohortRow
from LungRegistrationLib.cohorts.figures import FIGURES, figures_of
from LungRegistrationLib.cohorts.kind import PAIRS
from Testing.LungRegistration.cohort_examples import table_rows


def row(name, state="done", reason="", check=False, **figures):
    pair = CohortRow(name, 2, {"fixed": Path("a.nrrd"), "moving": Path("b.nrrd")}, {"fixed_is": "inspiration"})
    if state != "done":
        return Status(pair, state, reason)
    found = {"check": check, "check_reasons": ["The landmarks lie apart."] if check else [], **figures}
    return Status(pair, state, figures={**dict.fromkeys(FIGURES), "volume_change_percent": None, **found})


def test_all_states_and_the_totals():
    rows = [row("a", tre_before_mm=10.0, tre_mm=1.0), row("b", tre_before_mm=20.0, tre_mm=3.0, check=True)]
    rows += [row("c", "failed", "It <broke>."), row("d", "waiting"), row("e", "cancelled")]
    page = index_page(PAIRS, rows)
    assert "5 pairs: 1 failed, 1 to be checked, 2 not done yet." in page
    assert "It &lt;broke&gt;." in page
    assert "<strong>2.00 mm</strong><span>mean landmark error</span><small>1.00 to 3.00 mm</small>" in page
    assert 'title="The landmarks lie apart."' in page
    foot = re.sub("<[^>]+>", " ", page.partition("<tfoot>")[2].partition("</tfoot>")[0]).split()
    assert foot == ["mean", "15.00", "2.00", "standard", "deviation", "5.00", "1.00"]
    assert page.count("<circle") == 4
    assert "Dice" not in page.partition("<thead>")[2].partition("</thead>")[0]


def test_a_cohort_without_a_sign_of_failure():
    page = index_page(PAIRS, [row("a", tre_before_mm=10.0, tre_mm=1.0)])
    assert "1 pair: all done, none" in page
    assert "<tfoot>" not in page and "<circle" not in page


def test_ids_are_no_html_and_links_lead_to_them():
    page = index_page(PAIRS, [row("a & b #1")])
    assert '<a href="a%20%26%20b%20%231/report.html">a &amp; b #1</a>' in page


def test_the_table_tells_what_it_does_not_know_by_empty_cells(tmp_path):
    write_summary(PAIRS, [row("a", dice=0.9), row("b", "waiting")], tmp_path)
    first, second = table_rows(tmp_path / "summary.csv")
    assert (first["dice"], first["tre_mm"], first["check"], first["report"]) == ("0.9", "", "no", "a/report.html")
    assert (second["state"], second["dice"], second["check"], second["report"]) == ("waiting", "", "", "")


def test_figures_of_a_report_without_lungs_and_landmarks():
    report = {"tre_mm": None, "folding_percent": {"lung": None, "everywhere": 0.5}, "jacobian": {"everywhere": {"mean": 1.0}}}
    report |= {"check_result": {"needed": True, "reasons": ["no lungs"]}, "seconds": {"total": 3.0}, "device": "cpu"}
    figures = figures_of(report)
    assert figures["folding_everywhere_percent"] == 0.5
    assert figures["seconds"] == pytest.approx(3.0)
    assert figures["check_reasons"] == ["no lungs"]
    assert {figures[name] for name in ("tre_mm", "volume_change_percent", "dice", "folding_lung_percent")} == {None}
