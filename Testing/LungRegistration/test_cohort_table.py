"""PAIRS.csv: what it may hold, and what is said of what it may not."""

import pytest

from CorrespondCoreLib.cohorts.table import read_rows
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.cohorts.kind import PAIRS


@pytest.fixture
def folder(tmp_path):
    for name in ("a.nrrd", "b.nrrd", "mask.nrrd", "points.csv"):
        (tmp_path / "scans" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "scans" / name).touch()
    return tmp_path


def table(folder, text, encoding="utf-8"):
    path = folder / "pairs.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_paths_are_relative_to_the_table_and_empty_cells_are_not_given(folder):
    text = "id,fixed,moving,fixed_mask,landmarks,fixed_is\np1,scans/a.nrrd,scans/b.nrrd,,scans/points.csv,\n"
    text += f"p2,{folder / 'scans' / 'a.nrrd'},scans,scans/mask.nrrd,,expiration\n"
    first, second = read_rows(PAIRS, table(folder, text))
    assert (first.id, first.line, first.words) == ("p1", 2, {})
    assert first.files["fixed"] == folder / "scans" / "a.nrrd"
    assert first.files["landmarks"] == folder / "scans" / "points.csv"
    assert "fixed_mask" not in first.files
    assert second.files["moving"] == folder / "scans"
    assert second.files["fixed_mask"] == folder / "scans" / "mask.nrrd"
    assert second.words == {"fixed_is": "expiration"}
    assert read_rows(PAIRS, table(folder, text), {"fixed_is": "inspiration"})[0].words == {"fixed_is": "inspiration"}


@pytest.mark.parametrize("separator", [";", "\t"])
def test_tables_of_spreadsheets_are_read(folder, separator):
    lines = ["id,fixed,moving", "Mäuse 1,scans/a.nrrd,scans/b.nrrd", ",,", "p2,scans/b.nrrd,scans/a.nrrd"]
    text = "\r\n".join(line.replace(",", separator) for line in lines)
    pairs = read_rows(PAIRS, table(folder, text, "utf-8-sig"))
    assert [(pair.id, pair.line) for pair in pairs] == [("Mäuse 1", 2), ("p2", 4)]


def test_columns_that_are_not_known_are_told(folder):
    progress = Progress()
    read_rows(PAIRS, table(folder, "id,fixed,moving,age,fixed_maks\np1,scans/a.nrrd,scans/b.nrrd,60,x\n"), progress=progress)
    assert "age, fixed_maks" in progress.warnings[0]
    assert "fixed_mask" in progress.warnings[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column id, fixed, moving in line 1"),
        ("id,moving\np,scans/b.nrrd\n", "no column fixed in line 1"),
        ("id,fixed,moving,fixed\np,scans/a.nrrd,scans/b.nrrd,\n", "column fixed more than once"),
        ("id,fixed,moving\n\n", "has no rows"),
        ("id,fixed,moving\np,scans/a.nrrd,scans/b.nrrd,more\n", "4 cells in line 2, its header 3"),
        ("id,fixed,moving\np,scans/a.nrrd\n", "line 2: moving is empty"),
        ("id,fixed,moving\np,scans/a.nrrd,scans/c.nrrd\n", r"line 2: moving: .*c\.nrrd does not exist"),
        ("id,fixed,moving,fixed_is\np,scans/a.nrrd,scans/b.nrrd,inhale\n", 'line 2: fixed_is is "inhale"'),
        ("id,fixed,moving\na/b,scans/a.nrrd,scans/b.nrrd\n", 'line 2: the id "a/b" has one of'),
        ("id,fixed,moving\n..,scans/a.nrrd,scans/b.nrrd\n", "begins or ends with a dot"),
        ("id,fixed,moving\nCon.1,scans/a.nrrd,scans/b.nrrd\n", "reserved name"),
        ("id,fixed,moving\nsummary.csv,scans/a.nrrd,scans/b.nrrd\n", "reserved name"),
        (f"id,fixed,moving\n{101 * 'a'},scans/a.nrrd,scans/b.nrrd\n", "longer than 100"),
        ("id,fixed,moving\np,scans/a.nrrd,scans/b.nrrd\nP,scans/a.nrrd,scans/b.nrrd\n", '"P" stands in line 2 already'),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(folder, text, message):
    with pytest.raises(InputError, match=message):
        read_rows(PAIRS, table(folder, text))


def test_all_problems_are_said_at_once(folder):
    rows = "".join(f"p{n},scans/absent{n}.nrrd,scans/b.nrrd\n" for n in range(30))
    with pytest.raises(InputError) as error:
        read_rows(PAIRS, table(folder, "id,fixed,moving\n" + rows))
    assert str(error.value).count("does not exist") == 20
    assert "line 21:" in str(error.value)
    assert "and 10 more" in str(error.value)


def test_a_table_that_is_none_is_refused(folder):
    with pytest.raises(InputError, match="cannot be read"):
        read_rows(PAIRS, folder / "absent.csv")
    with pytest.raises(InputError, match="not UTF-8"):
        read_rows(PAIRS, table(folder, "id,fixed,moving\nÄ,a,b", "latin-1"))
