"""The fingerprints of the data: today's data have those of the last refresh; any change is named."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import data, fingerprints

TODAY = fingerprints.fingerprints()


def test_the_data_are_those_of_the_last_refresh():
    changed = fingerprints.differences(fingerprints.stored(), TODAY)
    assert not changed, "\n".join([*changed, fingerprints.REMEDY])


def test_every_table_and_column_has_one():
    assert list(TODAY) == list(data.tables().index)
    for name, found in TODAY.items():
        assert list(found["columns"]) == list(data.describe(name).index)
        assert found["rows"] == len(data.load(name))


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(data.DATA, tmp_path / "data", ignore=shutil.ignore_patterns("official"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda lines: lines[:-1],
            "table glossary: {rows} rows became {fewer}; columns {all} changed",
        ),
        (lambda lines: [lines[0] + ",more", *(line + ",x" for line in lines[1:])], "table glossary: column more new"),
        (lambda lines: [lines[0], lines[1] + "x", *lines[2:]], "table glossary: column source_id changed"),
    ],
)
def test_a_change_of_a_file_is_named_by_table_and_column(folder, change, said):
    path = folder / data.tables().loc["glossary", "path"]
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    rows = TODAY["glossary"]["rows"]
    expected = said.format(rows=rows, fewer=rows - 1, all="term, meaning, source_id")
    assert fingerprints.differences(TODAY, fingerprints.fingerprints(folder)) == [expected]


def test_a_refresh_says_what_changed_once(folder, tmp_path):
    path = tmp_path / "fingerprints.json"
    assert len(fingerprints.refresh(path, folder)) == len(TODAY)
    assert fingerprints.refresh(path, folder) == []
    sources = folder / "sources.csv"
    text = sources.read_text()
    sources.write_text(text.replace(",OGL-3.0", ",OPL-3.0", 1))
    assert fingerprints.refresh(path, folder) == ["table sources: column licence changed"]
    assert fingerprints.stored(path) == fingerprints.fingerprints(folder)


def test_tables_that_come_and_go_are_named():
    less = {name: found for name, found in TODAY.items() if name != "staff"}
    assert fingerprints.differences(TODAY, less) == ["table staff is gone"]
    assert fingerprints.differences(less, TODAY) == [f"table staff is new, {TODAY['staff']['rows']} rows"]


@given(st.lists(st.text(max_size=4), min_size=1, max_size=6), st.data())
def test_cells_hash_alike_only_if_they_are_alike(cells, draw):
    other = draw.draw(st.lists(st.text(max_size=4), min_size=1, max_size=6))
    alike = fingerprints._hash(tuple(cells)) == fingerprints._hash(tuple(other))
    assert alike == (cells == other)
