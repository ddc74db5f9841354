"""The loader: what it gives, and what it says about every kind of fault."""

import ast
import copy
import importlib
import json
import os
import pickle
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from helpers import data
from helpers.data import DataError, Problem
from helpers.publish import notebooks

ROOT = Path(__file__).resolve().parent.parent

SOURCES = """\
source_id,title,url
inspection-2019,Inspection of London,https://example.org/a
nao-2019,Progress review,
"""
ROWS = """\
visit_id,source_id,other_source_ids,band,tier,cases,share,date,date_end,final,note
north-1,inspection-2019,nao-2019,Good,A,120,31.5,2018-11-01,2018-11-30,true,"Said ""about"", once"
north-2,nao-2019,,Requires improvement,B,,0,2019-02-28,,false,
south-1,inspection-2019,nao-2019 inspection-2019,,A,7,100,2019-03-01,2019-03-01,true,Ynys Môn
"""


def text(name, **more):
    return {"name": name, "type": "string", "description": f"The {name}.", **more}


PACKAGE = {
    "name": "small",
    "resources": [
        {
            "name": "sources",
            "path": "sources.csv",
            "title": "Sources",
            "description": "One row a document.",
            "schema": {
                "fields": [text("source_id", constraints={"required": True}), text("title"), text("url")],
                "primaryKey": "source_id",
            },
        },
        {
            "name": "visits",
            "path": "ratings/visits.csv",
            "title": "Visits",
            "description": "One row a visit.",
            "schema": {
                "fields": [
                    text("visit_id", constraints={"required": True, "pattern": "[a-z]+-[0-9]+"}),
                    text("source_id", constraints={"required": True}),
                    text("other_source_ids", listOf="sources.source_id"),
                    text("band", categories=["Requires improvement", "Good"], categoriesOrdered=True),
                    text("tier", constraints={"enum": ["B", "A"]}),
                    text("cases", type="integer", unit="people", constraints={"minimum": 0}),
                    text("share", type="number", unit="percent", constraints={"minimum": 0, "maximum": 100}),
                    text("date", type="date", constraints={"required": True, "minimum": "2014-06-01"}),
                    text("date_end", type="date"),
                    text("final", type="boolean", constraints={"required": True}),
                    text("note"),
                ],
                "primaryKey": ["visit_id"],
                "foreignKeys": [
                    {"fields": "source_id", "reference": {"resource": "sources", "fields": "source_id"}},
                ],
            },
            "rules": [
                {"name": "in-order", "expression": "date_end >= date", "message": "must end after it starts"},
            ],
        },
    ],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A small data folder without a fault."""
    folder = tmp_path / "data"
    (folder / "ratings").mkdir(parents=True)
    (folder / "sources.csv").write_text(SOURCES, encoding="utf-8", newline="")
    (folder / "ratings/visits.csv").write_text(ROWS, encoding="utf-8", newline="")
    write_package(folder, PACKAGE)
    return folder


def write_package(folder, package):
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")


def write_visits(folder, content):
    content = content if isinstance(content, bytes) else content.encode()
    (folder / "ratings/visits.csv").write_bytes(content)


def problems(folder, name="visits"):
    with pytest.raises(DataError) as caught:
        data.load(name, folder)
    assert str(caught.value)
    return caught.value.problems


def only(folder, name="visits"):
    (problem,) = problems(folder, name)
    return problem


# What a table comes as


def test_load_types_every_column(folder):
    visits = data.load("visits", folder)
    assert visits.shape == (3, 11)
    assert visits["band"].dtype == pd.CategoricalDtype(["Requires improvement", "Good"], ordered=True)
    assert visits["band"].max() == "Good"
    assert visits["tier"].dtype == pd.CategoricalDtype(["B", "A"], ordered=False)
    assert str(visits["cases"].dtype) == "Int64"
    assert visits["share"].dtype == "float64"
    assert visits["final"].dtype == bool
    assert visits["note"].dtype == "string"
    assert visits["other_source_ids"].tolist()[0::2] == ["nao-2019", "nao-2019 inspection-2019"]
    assert visits["note"].tolist()[0::2] == ['Said "about", once', "Ynys Môn"]
    assert visits["note"].iloc[1] is pd.NA
    assert visits["cases"].iloc[1] is pd.NA
    assert visits["cases"].sum() == 127
    assert visits["share"].tolist() == [31.5, 0, 100]
    assert visits["band"].isna().tolist() == [False, False, True]
    assert visits["date"].tolist() == [pd.Timestamp(d) for d in ("2018-11-01", "2019-02-28", "2019-03-01")]
    assert visits["date_end"].isna().tolist() == [False, True, False]


def test_dates_have_the_type_that_pandas_gives_by_default(folder):
    assert data.load("visits", folder)["date"].dtype == pd.to_datetime(["2019-01-01"]).dtype


def test_a_column_without_any_value_keeps_its_type(folder):
    lines = [line.split(",") for line in ROWS.splitlines()[1:3]]
    blank = [cells[:3] + [""] * 4 + [cells[7], "", "true", ""] for cells in lines]
    write_visits(folder, "\n".join([ROWS.splitlines()[0], *map(",".join, blank), ""]))
    visits = data.load("visits", folder)
    visits_before = {
        "cases": "Int64",
        "share": "float64",
        "note": "string",
        "date_end": str(visits["date"].dtype),
    }
    assert {name: str(visits[name].dtype) for name in visits_before} == visits_before
    assert visits["band"].cat.categories.tolist() == ["Requires improvement", "Good"]


def test_load_gives_a_copy_of_its_own_each_time(folder):
    first = data.load("visits", folder)
    first.loc[0, "note"] = "spoilt"
    first["share"] = 0
    first.attrs["spoilt"] = True
    again = data.load("visits", folder)
    assert again["note"].iloc[0] == 'Said "about", once'
    assert again["share"].iloc[0] == 31.5
    assert not again.attrs


def test_load_sees_every_edit(folder):
    data.load("visits", folder)
    path = folder / "ratings/visits.csv"
    stamp = path.stat()
    path.write_text(ROWS.replace("120", "121"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert data.load("visits", folder)["cases"].iloc[0] == 121
    # An edit of a table that is referred to counts as well.
    (folder / "sources.csv").write_text(SOURCES.replace("nao-2019", "nao-2020"))
    assert {problem.row for problem in problems(folder)} == {2, 3, 4}
    (folder / "sources.csv").write_text(SOURCES)
    changed = copy.deepcopy(PACKAGE)
    changed["resources"][1]["schema"]["fields"][5]["constraints"]["maximum"] = 100
    write_package(folder, changed)
    assert only(folder).rule == "must be at most 100"


def test_tables_come_from_the_descriptor_alone(folder):
    (folder / "sources.csv").unlink()
    listed = data.tables(folder)
    assert listed.index.tolist() == ["sources", "visits"]
    assert listed.loc["visits"].to_dict() == {
        "title": "Visits",
        "description": "One row a visit.",
        "columns": 11,
        "path": "ratings/visits.csv",
    }


def test_describe_explains_every_column(folder):
    columns = data.describe("visits", folder)
    assert columns.columns.tolist() == ["type", "unit", "values", "refers_to", "meaning"]
    assert columns.loc["share"].tolist() == ["number", "percent", "at least 0; at most 100", "", "The share."]
    assert columns.loc["band", "values"] == "Requires improvement < Good"
    assert columns.loc["tier", "values"] == "B, A"
    assert columns.loc["source_id", ["values", "refers_to"]].tolist() == ["never empty", "sources.source_id"]
    assert columns.loc["other_source_ids", "refers_to"] == "list of sources.source_id"


def test_sources_of_takes_single_ids_and_lists(folder):
    visits = data.load("visits", folder)
    assert data.sources_of(visits, folder=folder)["source_id"].tolist() == ["inspection-2019", "nao-2019"]
    assert data.sources_of(visits[["source_id"]].iloc[[1]], folder=folder)["title"].tolist() == ["Progress review"]
    claims = pd.DataFrame({"article_source_id": ["nao-2019"], "evidence_source_ids": [None]})
    assert len(data.sources_of(claims, folder=folder)) == 1
    assert data.sources_of(visits.iloc[:0], folder=folder).empty


def test_sources_of_refuses_what_it_cannot_trace(folder):
    with pytest.raises(ValueError, match="Table 2 has no column of source ids"):
        data.sources_of(pd.DataFrame({"source_id": ["nao-2019"]}), pd.DataFrame({"x": [1]}), folder=folder)
    with pytest.raises(ValueError, match="Not in sources: elsewhere"):
        data.sources_of(pd.DataFrame({"source_id": ["elsewhere"]}), folder=folder)


# What is refused, cell by cell

HEADER = ROWS.splitlines()[0].split(",")
LIST = "must be a list of different ids with one space between two"
CELLS = [
    # column, cell, the rule it breaks
    ("cases", "1,200", "must be a whole number"),
    ("cases", "1 200", "must be a whole number"),
    ("cases", "12.0", "must be a whole number"),
    ("cases", "1e3", "must be a whole number"),
    ("cases", "007", "must be a whole number"),
    ("cases", "nan", "must be a whole number"),
    ("cases", "١٢", "must be a whole number"),
    ("cases", "9223372036854775808", "must be a whole number of at most 64 bits"),
    ("cases", "9" * 5000, "must be a whole number of at most 64 bits"),
    ("cases", "-1", "must be at least 0"),
    ("cases", " 12", "must not begin or end with a space"),
    ("cases", "12\u00a0", "must not begin or end with a space"),
    ("share", "NaN", "must be a number"),
    ("share", "inf", "must be a number"),
    ("share", "31,5", "must be a number"),
    ("share", "31.5%", "must be a number"),
    ("share", ".5", "must be a number"),
    ("share", "1_0", "must be a number"),
    ("share", "0.12345678901234567890123", "must be a number that 64 bits hold without rounding"),
    ("share", "9" * 400, "must be a number that 64 bits hold without rounding"),
    ("share", "100.1", "must be at most 100"),
    ("share", "-0.5", "must be at least 0"),
    ("date", "2019-02-29", "must be a date of the calendar"),
    ("date", "01/03/2019", "must be a date of the calendar"),
    ("date", "2019-3-1", "must be a date of the calendar"),
    ("date", "20190301", "must be a date of the calendar"),
    ("date", "2019-W10-5", "must be a date of the calendar"),
    ("date", "2019-03", "must be a date of the calendar"),
    ("date", "9999-01-01", "must be a date between 1678 and 2261, which is what pandas can hold"),
    ("date", "2014-05-31", "must be at least 2014-06-01"),
    ("date", "", "must be filled"),
    ("final", "True", "must be true or false"),
    ("final", "1", "must be true or false"),
    ("final", "", "must be filled"),
    ("band", "good", "must be one of: Requires improvement, Good"),
    ("tier", "C", "must be one of: B, A"),
    ("visit_id", "South-1", "must match the pattern [a-z]+-[0-9]+"),
    ("visit_id", "north-1", "must not appear twice, and is in line 2 too"),
    ("source_id", "noa-2019", "must be in column source_id of data/sources.csv"),
    ("other_source_ids", "nao-2019  inspection-2019", LIST),
    ("other_source_ids", "nao-2019 nao-2019", LIST),
    ("other_source_ids", "nao-2019,inspection-2019", "must be in column source_id of data/sources.csv"),
    ("note", "   ", "must not begin or end with a space"),
    ("note", "a\tb", "must not hold a tab"),
    ("note", "a\x00b", "must not hold a NUL byte"),
    ("note", "a\u202eb", "must not hold the invisible character U+202E"),
    ("note", "a\ufeffb", "must not hold the invisible character U+FEFF"),
    ("note", "a\u2028b", "must not hold the invisible character U+2028"),
    ("note", "caf\ufffd", "must not hold U+FFFD, left where a character was lost"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "cell", "rule"), CELLS, ids=lambda value: ascii(value)[:40])
def test_a_wrong_cell_is_named_by_line_and_column(folder, column, cell, rule):
    cells = ROWS.splitlines()[3].split(",")
    cells[HEADER.index(column)] = f'"{cell}"'
    write_visits(folder, "\n".join([*ROWS.splitlines()[:3], ",".join(cells), ""]))
    problem = only(folder)
    assert (problem.file, problem.row, problem.column, problem.rule) == (
        "data/ratings/visits.csv",
        4,
        column,
        rule,
    )
    assert problem.value == cell or problem.value in cell.split(" ")
    assert problem.fix


def test_a_broken_byte_is_named_by_line_and_column(folder):
    write_visits(folder, ROWS.encode().replace("ô".encode(), b"\xf4"))
    problem = only(folder)
    assert (problem.row, problem.column, problem.rule) == (4, "note", "must be UTF-8, and has the byte 0xf4")
    assert "'Ynys M\\udcf4n'" in str(problem)


def test_a_rule_across_columns_names_the_row_and_what_it_compared(folder):
    write_visits(folder, ROWS.replace("2018-11-30", "2018-10-30"))
    problem = only(folder)
    assert (problem.row, problem.column, problem.rule) == (2, "date_end, date", "must end after it starts")
    assert problem.value == "date_end = 2018-10-30, date = 2018-11-01"


def test_a_rule_is_not_tried_on_a_row_with_another_problem(folder):
    package = copy.deepcopy(PACKAGE)
    rule = {"name": "r", "expression": "cases is not None or not final", "message": "must be counted"}
    package["resources"][1]["rules"] = [rule]
    write_package(folder, package)
    write_visits(folder, ROWS.replace("120", "many"))
    assert only(folder).rule == "must be a whole number"


def test_problems_come_in_the_order_of_the_lines(folder):
    write_visits(folder, ROWS.replace("south-1", "south").replace("120", "many").replace("false,", "no,"))
    assert [problem.row for problem in problems(folder)] == [2, 3, 4]


def with_rule(folder, expression):
    package = copy.deepcopy(PACKAGE)
    package["resources"][1]["rules"] = [{"name": "r", "expression": expression, "message": "must hold"}]
    write_package(folder, package)
    try:
        data.load("visits", folder)
    except DataError as error:
        return [problem.row for problem in error.problems]
    return []


def test_a_row_that_the_code_looks_up_must_be_there(folder):
    package = copy.deepcopy(PACKAGE)
    package["resources"][1]["needs"] = [
        {"fields": "visit_id", "values": ["north-1", "south-1"]},
        {"fields": ["tier", "band"], "values": [["A", "Good"], ["A", ""]]},
    ]
    write_package(folder, package)
    assert len(data.load("visits", folder)) == 3
    write_visits(folder, ROWS.replace("south-1", "south-2").replace(",,A,7", ",Good,A,7"))
    renamed, emptied = problems(folder)
    assert (renamed.file, renamed.column, renamed.value) == ("data/ratings/visits.csv", "visit_id", "south-1")
    assert (emptied.column, emptied.value) == ("tier, band", "A + (empty)")
    assert str(renamed) == (
        "visit_id: 'south-1' must be in a row, which helpers/ looks up by it. Did you mean 'south-2'? "
        "Restore that row, or change the code that looks it up and take it off needs in datapackage.json."
    )


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("cases <= share", [2]),  # line 3 has no cases
        ("0 <= share <= 50", [4]),
        ("date_end is not None", [3]),
        ("cases is None or cases > 7", [4]),
        ("(cases is None) == (date_end is None)", []),
        ("final or share == 0", []),
        ("tier in ('A',)", [3]),
        ("abs(share - 31.5) < 0.1 or not final", [4]),
        ("date >= '2019-01-01'", [2]),
        ("cases / share <= 4", []),
        ("share / (cases - 7) < 1", [4]),  # no sense made of a division by nothing
        ("note < 5", [2, 4]),  # nor of text compared with a number
    ],
)
def test_rules_leave_out_rows_with_an_unknown_operand(folder, expression, rows):
    assert with_rule(folder, expression) == rows


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "cases <=",
        "1 < 2",
        "case <= share",
        "open('x')",
        "note.upper() == 'A'",
        "__import__('os')",
        "[c for c in note]",
        "lambda: cases",
        "cases ** 99 > 0",
        "note[0] == 'a'",
        "f'{note}' == ''",
        "min(cases, key=abs) > 1",
        "(cases := 1) > 0",
        "(" * 300 + "cases" + ")" * 300,
    ],
)
def test_rules_can_do_nothing_but_compare(folder, expression):
    assert with_rule(folder, expression) == [None]


# What is refused, file by file


@pytest.mark.parametrize(
    ("content", "row", "column", "rule"),
    [
        (b"", None, None, "must not be empty"),
        (b"\n\n", None, None, "must not be empty"),
        (ROWS.splitlines(True)[0], None, None, "must have rows below its header"),
        (ROWS.encode("utf-16"), 1, None, "must be UTF-8, and is UTF-16"),
        (ROWS.replace(",", ";"), 1, None, "must have commas between the cells, not ';'"),
        (ROWS.replace(",", "\t"), 1, None, "must have commas between the cells, not '\\t'"),
        (ROWS.replace("false,\n", "false\n"), 3, None, "must have 11 cells like the header, and has 10"),
        (ROWS.replace("false,\n", "false,a,b\n"), 3, None, "must have 11 cells like the header, and has 12"),
        (ROWS.replace("\nsouth", "\n\nsouth"), 4, None, "must not be an empty line"),
        (ROWS.replace("false,\n", 'false,"open\n'), 3, None, "must have quotes in pairs, around whole cells"),
        (ROWS.replace("false,\n", 'false,"a"b\n'), 3, None, "must have quotes in pairs, around whole cells"),
        (ROWS.replace("false,\n", 'false,"' + "x" * 140000 + '"\n'), 3, None,
         "must not hold a cell of more than 131,072 characters"),
        (ROWS.replace("\n", "\r"), 1, None, "must end as the other lines do, in LF"),
        (ROWS.replace("false,\n", 'false,"a\rb"\n'), 3, None, "must end as the other lines do, in LF"),
        (ROWS.replace("tier,", "teir,", 1), 1, "tier", "must be there: the column is missing"),
        (ROWS.replace("tier,cases", "cases,tier", 1), 1, "cases", "must come after tier"),
        (ROWS.replace(",note\n", ",tier\n", 1), 1, "tier", "must be the only column of that name"),
    ],
)  # fmt: skip
def test_a_file_of_the_wrong_shape_is_refused(folder, content, row, column, rule):
    write_visits(folder, content)
    first = problems(folder)[0]
    assert (first.file, first.row, first.column, first.rule) == ("data/ratings/visits.csv", row, column, rule)


UNTIDY = {
    "Windows line ends": ROWS.replace("\n", "\r\n").encode(),
    "mixed line ends": ROWS.replace("\nnorth-2", "\r\nnorth-2").encode(),
    "byte order mark": b"\xef\xbb\xbf" + ROWS.encode(),
    "empty lines at the end": (ROWS + "\n\n").encode(),
    "as Excel saves it": b"\xef\xbb\xbf" + (ROWS + "\n").replace("\n", "\r\n").encode(),
    "no end of the last line": ROWS.removesuffix("\n").encode(),
}


@pytest.mark.parametrize("content", UNTIDY.values(), ids=UNTIDY)
def test_what_excel_and_git_add_changes_no_value_and_is_written_back_clean(folder, capsys, content):
    expected = data.load("visits", folder)
    write_visits(folder, content)
    pd.testing.assert_frame_equal(data.load("visits", folder), expected)
    assert data.main([str(folder)]) == 0
    assert "data/ratings/visits.csv: rewritten without " in capsys.readouterr().out
    assert (folder / "ratings" / "visits.csv").read_bytes() == ROWS.encode()
    assert data.write_clean(folder) == []


def test_a_table_with_a_fault_is_not_rewritten(folder):
    content = b"\xef\xbb\xbf" + ROWS.replace("false,\n", "false\n").encode()
    write_visits(folder, content)
    assert data.main([str(folder)]) == 1
    assert (folder / "ratings" / "visits.csv").read_bytes() == content


def test_the_tables_of_the_collection_are_clean():
    assert [path for path in data.DATA.rglob("*.csv") if data.clean(path.read_bytes()) != path.read_bytes()] == []


def test_an_extra_column_and_a_renamed_one_suggest_each_other(folder):
    write_visits(folder, ROWS.replace("date_end", "date_ends", 1))
    missing, extra = problems(folder)
    assert (missing.column, missing.fix) == ("date_end", "Did you mean 'date_ends'? Add or rename the column")
    assert (extra.column, extra.fix) == (
        "date_ends",
        "Did you mean 'date_end'? Delete, rename or describe it",
    )


def test_a_lost_quote_spoils_its_own_line_only(folder):
    write_visits(folder, ROWS.replace('once"', "once").replace("2019-03-01,true", "yesterday,true"))
    assert [(p.row, p.column) for p in problems(folder)] == [(2, None), (4, "date_end")]


def test_a_missing_file_is_named(folder):
    (folder / "ratings/visits.csv").unlink()
    assert only(folder).rule == "must exist: there is no such file"
    assert data.load("sources", folder).shape == (2, 3)


def test_a_folder_in_place_of_a_file_is_named(folder):
    (folder / "ratings/visits.csv").unlink()
    (folder / "ratings/visits.csv").mkdir()
    assert only(folder).rule.startswith("must be readable")


def test_a_key_cannot_be_checked_against_a_broken_table(folder):
    (folder / "sources.csv").write_text(SOURCES.replace("nao-2019,Progress review,", "nao-2019,Progress, review,"))
    problem = only(folder)
    assert (problem.file, problem.row) == ("data/sources.csv", 3)
    (folder / "sources.csv").unlink()
    assert only(folder).file == "data/sources.csv"


def test_keys_of_several_columns(folder):
    package = copy.deepcopy(PACKAGE)
    schema = package["resources"][1]["schema"]
    schema["primaryKey"] = ["source_id", "tier", "band"]
    schema["foreignKeys"] = [
        {
            "fields": ["source_id", "note"],
            "reference": {"resource": "sources", "fields": ["source_id", "title"]},
        }
    ]
    write_package(folder, package)
    write_visits(folder, ROWS.replace("Ynys Môn", "Inspection of London").replace(",,A,7", ",Good,A,7"))
    key, reference = sorted(problems(folder), key=lambda problem: -problem.row)
    assert (key.row, key.column, key.value) == (4, "source_id, tier, band", "inspection-2019 + A + Good")
    assert (reference.row, reference.column) == (2, "source_id, note")


def test_rows_of_two_tables_that_must_agree_are_named_where_they_differ(folder):
    package = copy.deepcopy(PACKAGE)
    fields = {"fields": ["source_id", "note"], "reference": {"resource": "sources", "fields": ["source_id", "title"]}}
    package["resources"][1]["schema"]["agreesWith"] = [fields]
    write_package(folder, package)
    write_visits(folder, ROWS.replace("Ynys Môn", "Inspection of London"))
    differs = only(folder)
    assert (differs.row, differs.column) == (2, "source_id, note"), "the rows without a note have nothing to agree with"


def test_unique_allows_several_empty_cells_and_a_primary_key_none(folder):
    package = copy.deepcopy(PACKAGE)
    package["resources"][0]["schema"]["fields"][2]["constraints"] = {"unique": True}
    package["resources"][0]["schema"]["fields"][0]["constraints"] = {}
    write_package(folder, package)
    (folder / "sources.csv").write_text(SOURCES + "third,A,\nfourth,B,https://example.org/a\n,C,\n")
    assert [(p.row, p.column, p.rule) for p in problems(folder, "sources")] == [
        (5, "url", "must not appear twice, and is in line 2 too"),
        (6, "source_id", "must be filled: it is the key of the row"),
    ]


def test_a_table_may_refer_to_itself(folder):
    package = copy.deepcopy(PACKAGE)
    schema = package["resources"][1]["schema"]
    schema["foreignKeys"] = [{"fields": "note", "reference": {"resource": "", "fields": "visit_id"}}]
    write_package(folder, package)
    write_visits(folder, ROWS.replace("Ynys Môn", "north-1").replace('"Said ""about"", once"', "north-9"))
    assert (only(folder).row, only(folder).fix[:12]) == (2, "Did you mean")


# What is wrong with datapackage.json


def test_an_unknown_table_suggests_the_nearest(folder):
    problem = only(folder, "visit")
    assert problem.fix == "Did you mean 'visits'? The tables are: sources, visits"


@pytest.mark.parametrize(
    ("content", "row", "rule"),
    [
        (None, None, "must exist: there is no such file"),
        (b'{"name":\n}', 2, "must be JSON (Expecting value"),
        (b'{"name":\n"\xff"}', 2, "must be UTF-8, and has the byte 0xff"),
        (b"", 1, "must be JSON"),
        (b"[" * 100000, None, "must be JSON"),
        (b"[]", None, "must be an object with a list of resources"),
        (b"{}", None, "must be an object with a list of resources"),
        (b'{"resources": 5}', None, "resources must be a list"),
        (b'{"resources": [5]}', None, "resources must hold objects only"),
    ],
)
def test_a_broken_descriptor_is_refused(folder, content, row, rule):
    (folder / "datapackage.json").unlink()
    if content is not None:
        (folder / "datapackage.json").write_bytes(content)
    problem = only(folder)
    assert (problem.file, problem.row) == ("data/datapackage.json", row)
    assert problem.rule.startswith(rule)
    with pytest.raises(DataError):
        data.tables(folder)


def test_a_comma_too_many_in_the_descriptor_is_placed_at_it(folder):
    (folder / "datapackage.json").write_bytes(b'{"name": "x",\n}')
    problem = only(folder)
    # Until Python 3.12 the place is that of the name missing after the comma, since 3.13 that of the comma itself.
    place = (1, "Illegal trailing comma") if sys.version_info >= (3, 13) else (2, "Expecting property name")
    assert (problem.row, problem.rule.split("(")[1][: len(place[1])]) == place


FAULTS = [
    # where in the descriptor of visits or its schema, the value put there, what the problem names, its rule
    ("name", "Visits!", "number 2 of resources", "name must be"),
    ("name", "sources", "sources", "must not share its name"),
    ("path", "../visits.csv", "visits", "path must name a .csv file"),
    ("path", "/etc/visits.csv", "visits", "path must name a .csv file"),
    ("path", ["a.csv"], "visits", "path must be text"),
    ("path", "sources.csv", "visits", "must not share its name or its path with sources"),
    ("encoding", "latin-1", "visits", "encoding must be utf-8"),
    ("dialect", {"delimiter": ";"}, "visits", "dialect must be"),
    ("schema", "json", "visits", "schema must be an object"),
    ("missingValues", ["", "-"], "visits", "missingValues must be"),
    ("fieldsMatch", ["subset"], "visits", "fieldsMatch must be exact"),
    ("fields", [], "visits", "schema must list the fields"),
    ("fields.1.name", "visit_id", "visits", "schema must list the fields of the table, each once"),
    ("fields.0.name", "Visit id", "a field of visits", "name must be"),
    ("fields.0.type", "datetime", "visit_id", "type must be one of: string"),
    ("fields.0.format", "uri", "visit_id", "format is never checked"),
    ("fields.0.constraints", {"minLength": 2}, "visit_id", "minLength is never checked"),
    ("fields.0.constraints", {"required": 1}, "visit_id", "required must be true or false"),
    ("fields.0.constraints", {"pattern": "("}, "visit_id", "pattern must be a regular"),
    ("fields.0.constraints", {"minimum": 1}, "visit_id", "minimum means nothing for type"),
    ("fields.3.categories", [], "band", "categories must list different values"),
    ("fields.3.categories", ["a", "a"], "band", "categories must list different values"),
    ("fields.3.categories", ["a", 1], "band", "categories must fit the type string"),
    ("fields.3.constraints", {"enum": ["a"]}, "band", "enum and categories must list"),
    ("fields.4.categoriesOrdered", "yes", "tier", "categoriesOrdered must be true or false"),
    ("fields.5.constraints", {"minimum": "0"}, "cases", "minimum must fit the type integer"),
    ("fields.5.constraints", {"minimum": True}, "cases", "minimum must fit the type integer"),
    ("fields.7.constraints", {"minimum": "1 June 2014"}, "date", "minimum must fit the type date"),
    ("fields.2.listOf", "sources", "other_source_ids", "listOf must be table.column"),
    ("fields.2.listOf", "source.source_id", "other_source_ids", "listOf must name a table"),
    ("fields.2.listOf", "sources.id", "other_source_ids", "listOf must name a column of sources"),
    ("primaryKey", ["visit"], "visits", "primaryKey must name a column of visits"),
    ("primaryKey", 5, "visits", "primaryKey must be a column or a list"),
    ("foreignKeys", [{"fields": "source_id"}], "visits", "reference of foreignKeys must be a column"),
    ("foreignKeys.0.reference.resource", "source", "visits", "reference of foreignKeys must name a table"),
    ("foreignKeys.0.fields", ["source_id", "note"], "visits", "foreignKeys must pair"),
    ("agreesWith", [{"fields": "source_id"}], "visits", "reference of agreesWith must be a column"),
    ("rules", [{"name": "r"}], "rules of visits", "each rule must have"),
    (
        "rules",
        [{"name": "r", "expression": "visits > 0", "message": "must hold"}],
        "rules of visits",
        "expression must name a column of visits",
    ),
    ("needs", [{"fields": "visit", "values": ["north-1"]}], "needs of visits", "fields must name a column of visits"),
    ("needs", [{"fields": "visit_id"}], "needs of visits", "values must list the cells of visit_id"),
    ("needs", [{"fields": "visit_id", "values": [1]}], "needs of visits", "values must list the cells of visit_id"),
    ("needs", [{"fields": ["band", "tier"], "values": [["A"]]}], "needs of visits", "values must list the cells of"),
    ("comparable", [{"for": "axis", "fields": ["tier"]}], "comparable of visits", "each entry must have a reason"),
    ("comparable", [{"for": "chart", "reason": "R."}], "comparable of visits", "each entry must have a reason"),
    ("comparable", [{"for": "axis", "fields": ["teir"], "reason": "R."}], "comparable of visits", "fields must name a"),
    ("comparable", [{"for": "apart", "reason": "R."}], "comparable of visits", "tables must list the other tables"),
    ("comparable", [{"for": "apart", "tables": ["v"], "reason": "R."}], "comparable of visits", "must name a table"),
    (
        "comparable",
        [{"for": "axis", "fields": ["tier", "band"], "together": [["A", "B"]], "reason": "R."}],
        "comparable of visits",
        "together must list sets of values of the one column",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("where", "value", "column", "rule"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_fault_of_the_descriptor_is_named(folder, where, value, column, rule):
    package = copy.deepcopy(PACKAGE)
    place = package["resources"][1]
    *steps, last = where.split(".")
    if where.split(".")[0] in ("missingValues", "fieldsMatch", "fields", "primaryKey", "foreignKeys", "agreesWith"):
        place = place["schema"]
    for step in steps:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    write_package(folder, package)
    found = problems(folder, "sources")
    places = (column, f"{column} of visits")
    named = [p for p in found if p.column in places and p.rule.startswith(rule)]
    assert named, found
    if rule.startswith(("path must name", "encoding", "schema must be", "listOf must be")):
        assert named[0].value == value
    assert all(p.file == "data/datapackage.json" and p.fix for p in found)


# How it is said


def test_all_problems_of_all_tables_come_at_once(folder):
    (folder / "sources.csv").write_text(SOURCES.replace("source_id,", "id,", 1))
    write_visits(folder, ROWS.replace("Good", "Goood").replace("2019-02-28", "28 February"))
    (folder / "ratings/forgotten.csv").write_text("a\n1\n")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints/sources-checkpoint.csv").write_text("a\n1\n")
    with pytest.raises(DataError) as caught:
        data.check(folder)
    assert [(p.file, p.row, p.column) for p in caught.value.problems] == [
        ("data/sources.csv", 1, "source_id"),
        ("data/sources.csv", 1, "id"),
        ("data/ratings/visits.csv", 2, "band"),
        ("data/ratings/visits.csv", 3, "date"),
        ("data/ratings/forgotten.csv", None, None),
    ]
    assert str(caught.value).splitlines()[:4] == [
        "5 problems in 3 files",
        "",
        "data/sources.csv",
        "  line 1, column source_id: must be there: the column is missing. Add or rename the column.",
    ]
    table = pd.DataFrame(caught.value.problems)
    assert table.columns.tolist() == ["file", "row", "column", "value", "rule", "fix"]


def test_check_returns_every_table(folder):
    assert {name: len(table) for name, table in data.check(folder).items()} == {"sources": 2, "visits": 3}


def test_a_message_is_a_sentence_that_says_what_to_do(folder):
    write_visits(folder, ROWS.replace(",Good", ",Goood"))
    assert str(only(folder)) == (
        "line 2, column band: 'Goood' must be one of: Requires improvement, Good. "
        "Did you mean 'Good'? Correct it, or add it to datapackage.json."
    )


def test_long_values_are_shortened_and_dangerous_characters_escaped():
    problem = Problem("data/x.csv", 2, "note", "\x1b[31m\u202eabc\u05d0" + "x" * 1000, "must hold", "Mend it")
    assert len(str(problem)) < 200
    assert "\\x1b[31m\\u202eabc\\u05d0" in str(problem)
    assert "(1,010 characters)" in str(problem)
    assert str(DataError([Problem("data/\u202ex.csv", None, None, None, "must hold", "Mend it")])).isascii()


def test_no_more_than_fifty_problems_are_printed_for_a_file(folder):
    rows = [f"id-{n},title {n}," for n in range(500)] * 2
    (folder / "sources.csv").write_text("\n".join(["source_id,title,url", *rows, ""]))
    found = problems(folder, "sources")
    assert len(found) == 500
    lines = str(DataError(found)).splitlines()
    assert len(lines) == 54
    assert lines[-1] == "  ... and 450 more (all are in the error's .problems)"


def test_many_wrong_keys_do_not_take_long(folder):
    sources = [f"source-with-a-long-name-{n},Title," for n in range(600)]
    (folder / "sources.csv").write_text("\n".join([SOURCES.rstrip(), *sources, ""]))
    rows = [f"v-{n},wrong-{n},{' '.join(f'{n}-{m}' for m in range(5))},,A,,,2019-01-01,,true," for n in range(2000)]
    write_visits(folder, "\n".join([",".join(HEADER), *rows, ""]))
    start = time.perf_counter()
    assert len(problems(folder)) == 12000
    assert time.perf_counter() - start < 2


def test_the_error_survives_pickling(folder):
    write_visits(folder, ROWS.replace(",Good", ",Goood"))
    error = DataError([only(folder)])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_jupyter_shows_the_problems_without_a_traceback(folder, capsys):
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    write_visits(folder, ROWS.replace(",Good", ",Goood"))
    shell.run_cell(f"from helpers import data; data.load('visits', {str(folder)!r})")
    shown = capsys.readouterr().out
    assert shown.startswith("DataError: 1 problem in 1 file\n\ndata/ratings/visits.csv\n  line 2, column band")
    assert "Traceback" not in shown
    assert "data.py" not in shown


def run(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "helpers.data", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


def test_the_command_prints_a_line_a_table_and_every_problem(folder):
    good = run(folder)
    assert (good.returncode, good.stderr) == (0, "")
    assert [line.split() for line in good.stdout.splitlines()] == [
        ["sources", "sources.csv", "ok,", "2", "rows"],
        ["visits", "ratings/visits.csv", "ok,", "3", "rows"],
    ]
    write_visits(folder, ROWS.replace(",Good", ",Goood").replace("120", "x"))
    bad = run(folder, cwd=folder)
    assert bad.returncode == 1
    assert "2 problems" in bad.stdout.splitlines()[1]
    assert "Traceback" not in bad.stderr
    assert "line 2, column cases: 'x' must be a whole number" in bad.stderr
    assert run(folder / "nowhere").returncode == 1


def test_importing_helpers_imports_nothing():
    code = "import sys, helpers; print([m for m in sys.modules if m.startswith('helpers.') or m == 'pandas'])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_loader_imports_no_validation_library():
    code = "import sys, helpers.data; print({'frictionless', 'pandera', 'altair', 'scipy'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


# Against the reference implementation of the standard


def reference_errors(folder):
    """What frictionless finds, as (file, line)."""
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    return sorted({
        (task.place, getattr(error, "row_number", None)) for task in report.tasks for error in task.errors
    }, key=str)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("120", "many"),
        ("31.5", "101"),
        ("2019-02-28", "2019-02-30"),
        (",Good", ",Fine"),
        ("north-2", "north-1"),
        ("north-2,nao", "north-2,noa"),
        ("false,\n", "false\n"),
        ("false,\n", ",\n"),
        ("south-1", "south"),
    ],
)
def test_frictionless_finds_the_same_lines(folder, before, after):
    write_visits(folder, ROWS.replace(before, after, 1))
    found = reference_errors(folder)
    try:
        data.check(folder)
        ours = []
    except DataError as error:
        ours = [(p.file.removeprefix("data/"), p.row) for p in error.problems]
    if after == ",Fine":
        # Categories are new in the second version of the standard, and frictionless 5 passes them by.
        found = found or [("ratings/visits.csv", 2)]
    assert ours == found
    assert bool(after) == bool(found)


# The real tables

real = pytest.mark.skipif(not (data.DATA / data.PACKAGE).exists(), reason="data/datapackage.json is not there")


@real
def test_every_table_of_the_project_is_valid():
    tables = data.check()
    assert list(tables) == data.tables().index.tolist()


# Columns whose listed values the code looks up, and where.
LOOKED_UP = [
    ("after_comparability.verdict", "after_reunification.BESIDE_BEFORE"),
    ("after_comparability.verdict", "after_reunification.VERDICTS"),
    ("case_quality.dimension", "case_quality.DIMENSIONS"),
    ("case_quality.kind", "case_quality.KINDS"),
    ("claims.verdict", "claims.VERDICTS"),
    ("delivery_unit_inspections.programme", "after_reunification.PROGRAMMES"),
    ("events.kind", "timeline.KINDS"),
    ("office_holders.office", "timeline.OFFICES"),
    ("ratings.band", "charts.BANDS"),
    ("ratings.band", "charts.BAND_INITIALS"),
    ("reoffending_by_crc.status", "reoffending.STATUSES"),
    ("reoffending_success_counts.rate", "reoffending.RATE_NAMES"),
    ("reoffending_success_counts.test", "reoffending.TESTS"),
    ("simulation_inputs.input", "risk_under_pressure.INPUT_NAMES"),
    ("simulation_inputs.preset", "risk_under_pressure.PRESETS"),
    ("staff.qualifier", "display.HEDGES"),
    ("staff.qualifier", "staffing.HEDGE"),
    *((f"after_comparability.{side}_table", "after_reunification.TABLES") for side in ("before", "after")),
    ("after_measures.linked_table", "after_reunification.TABLES"),
]
# Values that have no words of their own: the rows are left out.
LEFT_OUT = {"case_mix", "describes_cases"}


def allowed(table, column):
    """The values of a listed column that the loader lets through."""
    return set(data.load(table)[column].cat.categories)


@real
@pytest.mark.parametrize(("column", "place"), LOOKED_UP)
def test_the_code_has_a_word_for_every_value_that_passes_the_loader(column, place):
    module, name = place.split(".")
    known = set(getattr(importlib.import_module(f"helpers.{module}"), name))
    lacking = allowed(*column.split(".")) - known - LEFT_OUT
    assert not lacking, f"add {lacking} to {name} in helpers/{module}.py, or take it off the list in datapackage.json"


@real
def test_all_tables_have_the_same_qualifiers_and_bands():
    for table in data.tables().index:
        columns = data.load(table)
        for name in columns.select_dtypes("category"):
            if name.endswith("qualifier"):
                assert allowed(table, name) <= allowed("staff", "qualifier"), (table, name)
            elif name == "band" and table != "simulation_inputs":
                assert allowed(table, name) == allowed("ratings", "band"), table


@real
def test_articles_that_pass_the_loader_have_a_name():
    from helpers.claims import ARTICLE_NAMES

    assert set(data.load("claims")["article_source_id"]) == set(ARTICLE_NAMES)
    pattern = data._package(data.DATA).tables["claims"].fields
    pattern = next(field.pattern for field in pattern if field.name == "article_source_id")
    articles = data.load("sources")["source_id"]
    assert {name for name in articles if pattern.fullmatch(name)} == set(ARTICLE_NAMES)


# Their keys stand in the code by chance

# Their keys stand in the code by chance, or in another table too that lists them.
NOT_LOOKED_UP = {"glossary", "after_comparability", "divisions_and_regions", "simulation_inputs"}


@real
def test_every_key_that_the_code_names_is_listed_as_needed():
    """Then a row that is renamed or dropped is missed by the loader, and not by a KeyError in a chart."""
    sources = [path.read_text("utf-8") for path in (ROOT / "helpers").glob("*.py")]
    for path in notebooks.paths():
        sources += [cell.source for cell in notebooks.code_cells(nbformat.read(path, as_version=4))]
    texts = [n.value for source in sources for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)]
    # A whole text, or a quoted text within an expression.
    named = {part for text in texts if isinstance(text, str) for part in (text, *re.findall("'([^']*)'", text))}
    unlisted = []
    for resource in json.loads((data.DATA / data.PACKAGE).read_text("utf-8"))["resources"]:
        key = resource["schema"]["primaryKey"]
        if len(key) == 1 and resource["name"] not in NOT_LOOKED_UP:
            listed = {v for need in resource.get("needs", []) if need["fields"] == key for v in need["values"]}
            there = set(data.load(resource["name"])[key[0]])
            unlisted += [f"{resource['name']}: {name}" for name in sorted(there & named - listed)]
            stale = listed - named if listed != there else set()  # a table may be needed whole
            assert not stale, f"needs of {resource['name']}: no code names {stale}: take it off the list"
    assert unlisted == [], "add them to needs of their table in datapackage.json"


@real
def test_a_measure_linked_to_another_table_has_rows_there():
    links = data.load("after_measures").dropna(subset="linked_table")
    for link in links.astype(object).itertuples():
        there = data.load(link.linked_table).astype(str)
        found = there[there["measure"] == link.linked_measure]
        group = next((name for name in ("grade", "role") if name in there), None)
        if group and pd.notna(link.linked_group):
            found = found[found[group] == link.linked_group]
        assert len(found), link.measure


@real
def test_frictionless_accepts_the_project_too():
    assert reference_errors(data.DATA) == []


@real
def test_every_column_of_the_project_is_explained():
    for name in data.tables().index:
        columns = data.describe(name)
        assert columns["meaning"].str.len().gt(0).all(), name
        assert data.tables().loc[name, "title"] and data.tables().loc[name, "description"], name


@real
def test_every_row_names_its_source_or_says_that_it_is_assumed():
    for name in data.tables().index:
        table = data.load(name)
        if "source_id" in table and name != "sources":
            assert not data.sources_of(table).empty, name
            unsourced = table[table["source_id"].isna()]
            assert unsourced.empty or unsourced["basis"].eq("assumed").all(), name


@real
def test_checking_everything_takes_a_moment():
    code = "import time, helpers.data as d; t = time.process_time(); d.check(); print(time.process_time() - t)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(ran.stdout) < 1
