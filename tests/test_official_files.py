"""Readers of the Ministry's files: what they take, and what they refuse and how they say it."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from helpers import data, official_files, reoffending
from helpers.official_files import OfficialFileError
from tests.official_samples import TOOL, as_ods, large_tool_workbook, ods_cell, ods_file, tool_rows, tool_workbook

INTERIM = official_files.OFFICIAL_FILES["interim_results"].name
OVERVIEW = official_files.OFFICIAL_FILES["overview"].name

# As Excel writes them: line breaks inside the headers.
HEADERS = [
    "CRC\r\nname",
    "Number of\r\noffenders in\r\nthe eligible\r\ncohort",
    "Number of\r\noffenders in\r\nthe measurable cohort",
    "Number of\r\nreoffenders",
    "Number of reoffences",
    "Proportion of\r\noffenders who\r\nreoffend (%)",
    "Average number of reoffences per reoffender",
]
NAMES = [
    "Northumbria",
    "Cumbria & Lancashire",
    "Durham Tees Valley",
    "Humberside, Lincolnshire & North Yorkshire",
    "West Yorkshire",
    "Merseyside",
    "Cheshire & Greater Manchester",
    "Derbyshire, Leicestershire, Nottinghamshire & Rutland",
    "South Yorkshire",
    "Wales",
    "Staffordshire & West Midlands",
    "Warwickshire & West Mercia",
    "Bedfordshire, Northamptonshire, Cambridgeshire & Hertfordshire",
    "Norfolk & Suffolk",
    "Bristol, Gloucestershire, Somerset & Wiltshire",
    "Thames Valley",
    "London",
    "Essex",
    "Dorset, Devon & Cornwall",
    "Hampshire & Isle of Wight",
    "Kent, Surrey & Sussex",
]


@pytest.fixture(scope="module")
def names():
    return data.load("other_names"), data.load("providers")


def interim_rows(offset=0):
    rows = []
    for index, name in enumerate(NAMES):
        offenders, reoffenders = 900 + 40 * index, 300 + 12 * index + offset
        reoffences = 3 * reoffenders
        rows.append([name, offenders + 25, offenders, reoffenders, reoffences, 100 * reoffenders / offenders, 3.0])
    return rows


def interim_workbook(folder, change=lambda book: None, name=INTERIM):
    book = openpyxl.Workbook()
    book.active.title = "Contents"
    for title, year, offset in (
        ("Table 1a", "October to December 2015", 0),
        ("Table 1b", "October to December 2015", 0),
        ("Table 2a", "January to March 2016", 7),
    ):
        sheet = book.create_sheet(title)
        sheet.append([f"Interim results, CRCs, {year}"])
        sheet.append([])
        sheet.append(HEADERS)
        for row in interim_rows(offset):
            sheet.append(row)
        sheet.append([])
        sheet.append(["Note: follow-up is shorter than in the final results."])
    change(book)
    path = folder / name
    book.save(path)
    return path


def refused(act, *expected):
    with pytest.raises(OfficialFileError) as caught:
        act()
    message = str(caught.value)
    for words in expected:
        assert words in message
    return caught.value


# -------------------------------------------------------------------------------- interim workbook


def test_interim_workbook_gives_all_crcs_of_both_cohorts(tmp_path, names):
    table = official_files.read_interim_results(interim_workbook(tmp_path), *names)
    crcs = set(names[1].loc[names[1]["kind"] == "crc", "provider_id"])
    assert len(crcs) == 21
    assert table.groupby("cohort")["provider_id"].agg(set).to_dict() == {
        "Oct-Dec 2015": crcs,
        "Jan-Mar 2016": crcs,
    }
    assert set(table["status"]) == {"interim"}
    first = table.set_index(["cohort", "provider_id"]).loc[("Jan-Mar 2016", "crc-cumbria-and-lancashire")]
    assert (first["offenders"], first["reoffenders"], first["reoffences"], first["row"]) == (940, 319, 957, 5)
    assert first["sheet"] == "Table 2a"
    assert first["date"] == pd.Timestamp("2016-01-01")


def test_the_funnel_takes_the_interim_workbook_as_it_comes(tmp_path, names):
    table = official_files.read_interim_results(interim_workbook(tmp_path), *names)
    funnel = reoffending.funnel(table[table["cohort"] == "Oct-Dec 2015"])
    assert len(funnel) == 21
    assert "unknown" not in set(funnel["position"])


def test_line_breaks_are_allowed_inside_headers_and_nothing_else(tmp_path, names):
    def excel_escape(book):
        for sheet in book.worksheets[1:]:
            sheet["A3"] = "CRC_x000D_\nname"

    assert len(official_files.read_interim_results(interim_workbook(tmp_path, excel_escape), *names)) == 42

    def renamed(book):
        book.worksheets[1]["D3"] = "Reoffenders"

    refused(lambda: official_files.read_interim_results(interim_workbook(tmp_path, renamed), *names),
            INTERIM, "sheet 'Table 1a', cell D3", "'Reoffenders'", "'Number of reoffenders'")  # fmt: skip


def test_suppressed_values_are_unknown_and_stay_unknown_in_the_funnel(tmp_path, names):
    def suppress(book):
        for column in "DEFG":
            book.worksheets[1][f"{column}4"] = "*"

    table = official_files.read_interim_results(interim_workbook(tmp_path, suppress), *names)
    row = table.iloc[0]
    assert row["provider_id"] == "crc-northumbria"
    assert row[["reoffenders", "reoffences", "binary_rate", "frequency_rate"]].isna().all()
    funnel = reoffending.funnel(table[table["cohort"] == "Oct-Dec 2015"])
    assert funnel.loc[0, "position"] == "unknown"
    assert (funnel["position"] == "unknown").sum() == 1


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        ("D7", "many", "found 'many', expected a whole number"),
        ("D7", "1,234", "found '1,234', expected a whole number"),
        ("E9", None, "found an empty cell, expected a whole number"),
        ("C5", -1, "found -1"),
        ("C5", 12.5, "found 12.5, expected a whole number"),
        ("D6", True, "found True"),
        ("A8", "Norfolkshire", "found 'Norfolkshire', expected the name of one of the 21 CRCs"),
        ("A8", "Wales", "each CRC once"),
        ("F10", 3.5, "reoffenders over the measurable cohort"),
        ("D10", 5000, "no more than the measurable cohort"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path, names, cell, value, expected):
    def change(book):
        book.worksheets[3][cell] = value

    error = refused(lambda: official_files.read_interim_results(interim_workbook(tmp_path, change), *names),
                    INTERIM, "sheet 'Table 2a'", cell, expected)  # fmt: skip
    assert isinstance(error, data.DataError)


def test_all_problems_of_both_sheets_come_at_once(tmp_path, names):
    def change(book):
        book.worksheets[1]["D7"] = "x"
        book.worksheets[3]["E8"] = "y"

    error = refused(lambda: official_files.read_interim_results(interim_workbook(tmp_path, change), *names))
    assert [(problem.sheet, problem.cell) for problem in error.problems] == [
        ("Table 1a", "D7"),
        ("Table 2a", "E8"),
    ]


def test_a_missing_sheet_a_missing_row_and_a_wrong_year_are_named(tmp_path, names):
    def drop_sheet(book):
        del book["Table 2a"]

    def drop_row(book):
        book.worksheets[1].delete_rows(9)

    def wrong_year(book):
        book.worksheets[3]["A1"] = "Interim results, CRCs, January to March 2017"

    def read(change):
        return official_files.read_interim_results(interim_workbook(tmp_path, change), *names)

    refused(lambda: read(drop_sheet), "found 3 sheets", "at least 4 sheets")
    refused(lambda: read(drop_row), "no row for crc-merseyside", "all 21 CRCs")
    refused(lambda: read(wrong_year), "cell A1", "January to March 2017", "expected the cohort Jan-Mar 2016")


# -------------------------------------------------------------------------------- shorthand

NOT_GIVEN = {
    "*": "suppressed or too small",
    "[c]": "suppressed as confidential",
    "[C]": "suppressed as confidential",
    "[x]": "not available",
    "\u00a0[X] ": "not available",
    "[z]": "not applicable",
    "[u]": "low reliability",
    "[low]": "rounds to zero but is not zero",
    "[Low]": "rounds to zero but is not zero",
    "[w]": "no trading or none recorded",
    "[p]": "provisional",
    "[r]": "revised",
    "[e]": "estimated",
    "[note 1]": "note 1",
    "..": "not available",
    ":": "not available",
    "-": "nil or not applicable",
    "\N{EN DASH}": "nil or not applicable",
    "\N{EM DASH}": "nil or not applicable",
    "\N{MINUS SIGN}": "nil or not applicable",
    "[c] [note 2]": "suppressed as confidential; note 2",
    "[x][r]": "not available; revised",
    "* [note 3]": "suppressed or too small; note 3",
}
GIVEN = {
    "150 [p]": "provisional",
    "150[P]": "provisional",
    "150\u00a0[R]": "revised",
    "150 [r]": "revised",
    "150 [e]": "estimated",
    "150 [u]": "low reliability",
    "150 [note 1]": "note 1",
    "150 [Note 12a]": "note 12a",
    "150 [notes 1, 2]": "notes 1, 2",
    "150 [notes 1\N{EN DASH}3]": "notes 1-3",
    "150 [p] [note 1]": "provisional; note 1",
    150: "",
}
REFUSED = [
    "150",
    "1,50 [p]",
    "-150 [p]",
    "\N{MINUS SIGN}150 [p]",
    "150.5 [p]",
    "150 [c]",
    "0 [low]",
    "150 [z]",
    "150 *",
    "[c] [x]",
    "- [x]",
    "[q]",
    "150 [q]",
    "150 (1)",
    "150\u00b9",
    "(1)",
    "[p] 150",
    "[note]",
    "...",
    "--",
    "n/a",
    "",
    "150% [p]",
    "1 234 [p]",
    "\u0661\u0662 [p]",
    "[c",
    "nan [p]",
]


def marked_tool(folder, cell):
    rows = tool_rows()
    rows[1][7] = cell
    rows[1][6:9:2] = [200, 400]
    return tool_workbook(folder, rows)


@pytest.mark.parametrize(("cell", "remark"), NOT_GIVEN.items())
def test_shorthand_in_place_of_a_figure_is_unknown_and_says_why(tmp_path, cell, remark):
    table = official_files.read_data_tool(marked_tool(tmp_path, cell))
    assert pd.isna(table.loc[1, "reoffenders"])
    assert table.loc[1, "reoffenders_remark"] == remark
    assert (table.loc[1, "offenders"], table.loc[1, "offenders_remark"]) == (200, "")


@pytest.mark.parametrize(("cell", "remark"), GIVEN.items())
def test_shorthand_beside_a_figure_leaves_it_and_is_kept(tmp_path, cell, remark):
    table = official_files.read_data_tool(marked_tool(tmp_path, cell))
    assert (table.loc[1, "reoffenders"], table.loc[1, "reoffenders_remark"]) == (150, remark)
    assert str(table["reoffenders"].dtype) == "Int64"


@pytest.mark.parametrize("cell", REFUSED)
def test_what_is_no_shorthand_is_refused_by_its_cell(tmp_path, cell):
    path = marked_tool(tmp_path, cell)
    error = refused(lambda: official_files.read_data_tool(path), "sheet 'Data', cell H3", "a whole number")
    assert len(error.problems) == 1


def test_all_shorthand_is_tried():
    assert set(official_files.SHORTHAND) <= set(NOT_GIVEN)
    assert {f"150 {mark}" for mark in official_files.QUALIFIERS} <= set(GIVEN)


def test_thousands_and_decimals_beside_shorthand(tmp_path, names):
    def mark(book):
        book.worksheets[1]["B23"] = "1,725 [p]"
        book.worksheets[1]["F4"] = f"{100 * 300 / 900:.1f} [e]"
        book.worksheets[1]["G4"] = "[x]"

    table = official_files.read_interim_results(interim_workbook(tmp_path, mark), *names)
    kent, first = table.iloc[19], table.iloc[0]
    assert (kent["eligible_offenders"], kent["eligible_offenders_remark"]) == (1725, "provisional")
    assert (first["binary_rate"], first["binary_rate_remark"]) == (33.3, "estimated")
    assert pd.isna(first["frequency_rate"]) and first["frequency_rate_remark"] == "not available"
    remarks = [column for column in table if column.endswith("_remark")]
    assert len(remarks) == 7 and (table.drop(index=[0, 19])[remarks] == "").all(axis=None)


def test_known_and_unknown_shorthand_all_at_once(tmp_path):
    rows = tool_rows()
    rows[0][6], rows[1][6], rows[2][7], rows[3][8] = "[q]", "[c]", "12 (1)", "[x] [z]"
    error = refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, rows)), "or shorthand such as * or")
    assert [problem.cell for problem in error.problems] == ["G2", "H4", "I5"]


def test_shorthand_of_the_overview(tmp_path):
    path = tmp_path / OVERVIEW
    for cell, figure, remark in (("[x]", pd.NA, "not available"), ("40 [r]", 40, "revised"), (" 40 ", 40, "")):
        path.write_text(overview_text(cell=cell))
        row = official_files.read_overview(path).iloc[0]
        assert row["reoffenders"] is figure or row["reoffenders"] == figure
        assert row["reoffenders_remark"] == remark


def test_a_total_keeps_the_remarks_of_its_parts(tmp_path):
    rows = tool_rows()
    rows[0][6], rows[2][6] = "400,000 [p]", "40,000 [p] [note 4]"
    total = official_files.headline(official_files.read_data_tool(tool_workbook(tmp_path, rows)))
    first = total[total["cohort"] == "Apr 2012 to Mar 2013"].set_index("population")
    assert first.loc["all", "offenders"] == 440_000
    assert first["offenders_remark"].to_dict() == {
        "all": "provisional; note 4",
        "adult": "provisional",
        "juvenile": "provisional; note 4",
    }


# -------------------------------------------------------------------------------- notes and footnote marks


FOOTNOTES = {
    " [note 1]": "note 1",
    "[Note 2]": "note 2",
    " (1)": "note 1",
    "(12)": "note 12",
    "\u00b9\u2070": "note 10",
}


@pytest.mark.parametrize("mark", [*FOOTNOTES, "1", " [note 1](2)"])
def test_footnote_marks_in_headers_are_read_over(tmp_path, names, mark):
    def change(book):
        book.worksheets[1]["D3"] = f"Number of\nreoffenders{mark}"
        book.worksheets[1]["F3"] = f"Proportion of offenders who reoffend{mark} (%)"
        book.worksheets[3]["A3"] = f"CRC name{mark}"

    assert len(official_files.read_interim_results(interim_workbook(tmp_path, change), *names)) == 42


@pytest.mark.parametrize("mark", [" [p]", " [x]", " (a)", " *", " 1", "123", " (2016)"])
def test_other_marks_in_headers_are_refused(tmp_path, names, mark):
    def change(book):
        book.worksheets[1]["D3"] = f"Number of reoffenders{mark}"

    path = interim_workbook(tmp_path, change)
    refused(lambda: official_files.read_interim_results(path, *names), "sheet 'Table 1a', cell D3")


@pytest.mark.parametrize(("mark", "remark"), {**FOOTNOTES, "3": "note 3", " [r] (2)": "revised; note 2"}.items())
def test_marks_of_labels_go_to_their_remark(tmp_path, names, mark, remark):
    def change(book):
        book.worksheets[1]["A20"] = f"London{mark}"

    table = official_files.read_interim_results(interim_workbook(tmp_path, change), *names)
    row = table.iloc[16]
    assert (row["provider_id"], row["name"], row["name_remark"]) == ("crc-london", "London", remark)
    assert (table["name_remark"] != "").sum() == 1

    rows = tool_rows()
    rows[0][2] += mark if mark != "3" else " (3)"
    table = official_files.read_data_tool(tool_workbook(tmp_path, rows))
    assert (table.loc[0, "region"], table.loc[0, "region_remark"]) == ("England and Wales", remark)
    assert len(official_files.headline(table)) == 36


def test_a_label_of_marks_alone_and_an_unknown_mark_are_refused(tmp_path, names):
    rows = tool_rows()
    rows[0][3], rows[1][1] = "[note 1]", "Apr 2012 to Mar 2013 [q]"
    refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, rows)), "cell D2", "'[note 1]'", "a category")
    rows[0][3] = "Total"
    refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, rows)), "cell B3", "[q]", "a cohort such as")
    rows[1][1] = "Apr 2012 to Mar 2013 [p]"
    table = official_files.read_data_tool(tool_workbook(tmp_path, rows))
    assert (table.loc[1, "cohort"], table.loc[1, "cohort_remark"]) == ("Apr 2012 to Mar 2013", "provisional")

    def twice(book):
        book.worksheets[1]["A19"] = "London [note 1]"

    path = interim_workbook(tmp_path, twice)
    refused(lambda: official_files.read_interim_results(path, *names), "cell A19", "'London [note 1]'", "each CRC once")


def add_notes(sheet, *notes):
    sheet.insert_rows(3, len(notes))
    for row, note in enumerate(notes, 3):
        sheet[f"A{row}"] = note


def test_notes_may_stand_above_the_header(tmp_path, names):
    def change(book):
        add_notes(book.worksheets[1], "[c] means suppressed", "Published in January 2017", None, "CRC name: see note 1")

    table = official_files.read_interim_results(interim_workbook(tmp_path, change), *names)
    assert table["row"].tolist() == [*range(8, 29), *range(4, 25)]
    path = tool_workbook(tmp_path)
    book = openpyxl.load_workbook(path)
    book["Data"].insert_rows(1, 2)
    book["Data"]["A1"] = "Proven reoffending, data tool"
    book["Data"]["H7"] = "many"
    book.save(path)
    refused(lambda: official_files.read_data_tool(path), "1 problem;", "cell H7", "'many'")
    book["Data"]["H7"] = "[x]"
    book["Data"]["I3"] = "Reoffences"
    book.save(path)
    refused(lambda: official_files.read_data_tool(path), "1 problem;", "cell I3", "the header 'reoffences'")
    book["Data"]["I3"] = "reoffences [note 1]"
    book.save(path)
    table = official_files.read_data_tool(path)
    assert table["row"].tolist() == list(range(4, 52)) and table.loc[3, "reoffenders_remark"] == "not available"


def test_a_note_does_not_stand_in_for_the_year_of_the_title(tmp_path, names):
    def read(title, *notes, name=None):
        def change(book):
            sheet = book.worksheets[3]
            sheet["A1"] = title
            sheet["A2"] = notes[0]
            add_notes(sheet, *notes[1:])
            sheet.title = name or sheet.title

        return official_files.read_interim_results(interim_workbook(tmp_path, change), *names)

    wrong, right = "Interim results, January to March 2017", "Interim results, January to March 2016"
    for notes in (["Follow-up to 2016"], [None, "As of March 2016"], ["2016", "January to March 2016"]):
        refused(lambda notes=notes: read(wrong, *notes), "cell A1", "2017", "expected the cohort Jan-Mar 2016")
        refused(lambda notes=notes: read(wrong, *notes, name="Table 2017"), "cell A1", "the cohort Jan-Mar 2016")
    assert len(read(right, "Published in 2017", "Published in 2018")) == 42
    # As ever: where the title names no year, the next row that does so counts.
    refused(lambda: read("Interim results", "January to March 2017"), "cell A2", "the cohort Jan-Mar 2016")
    refused(lambda: read("Interim results", None, "January to March 2017"), "cell A3", "the cohort Jan-Mar 2016")


# -------------------------------------------------------------------------------- OpenDocument


def test_opendocument_gives_what_excel_gives(tmp_path, names):
    def mark(book):
        sheet = book.worksheets[1]
        sheet["A3"], sheet["A20"], sheet["D4"], sheet["C5"] = "CRC\nname [note 1]", "London (1)", "[c]", "940 [p]"
        add_notes(sheet, "Some shorthand is used", "[c] means suppressed & not shown")

    workbook = interim_workbook(tmp_path, mark)
    expected = official_files.read_interim_results(workbook, *names)
    pd.testing.assert_frame_equal(official_files.read_interim_results(as_ods(workbook), *names), expected)
    tool = tool_workbook(tmp_path)
    pd.testing.assert_frame_equal(official_files.read_data_tool(as_ods(tool)), official_files.read_data_tool(tool))


def test_a_wrong_cell_of_opendocument_is_named(tmp_path, names):
    def change(book):
        book.worksheets[1]["D7"] = "x"
        book.worksheets[3]["E8"] = 5.5

    path = as_ods(interim_workbook(tmp_path, change))
    error = refused(lambda: official_files.read_interim_results(path, *names), path.name, "'x'")
    assert [(problem.sheet, problem.cell) for problem in error.problems] == [("Table 1a", "D7"), ("Table 2a", "E8")]


def test_opendocument_is_found(tmp_path):
    path = as_ods(tool_workbook(tmp_path))
    assert official_files.find_official_file("data_tool", tmp_path).suffix == ".xlsx"
    (tmp_path / TOOL).unlink()
    assert official_files.find_official_file("data_tool", tmp_path) == path


def test_other_opendocument_files_are_refused(tmp_path):
    path = ods_file(tmp_path / "tool.ods", {"Data": ""}, "<manifest:encryption-data/>")
    refused(lambda: official_files.read_data_tool(path), "a workbook with a password", "save it without the password")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<office:text/>")
    refused(lambda: official_files.read_data_tool(path), "a zip file of another kind", "OpenDocument spreadsheet")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", official_files.ODS)
    refused(lambda: official_files.read_data_tool(path), "damaged or incomplete", "download it again")
    path.write_bytes(as_ods(tool_workbook(tmp_path)).read_bytes()[:-300])
    refused(lambda: official_files.read_data_tool(path), "damaged or incomplete")


ROW, ONE = "<table:table-row{}>{}</table:table-row>", ods_cell(1)


@pytest.mark.parametrize(
    ("rows", "cell"),
    [
        (ROW.format(' table:number-rows-repeated="1048576"', ONE), "A1048576"),
        (ROW.format("", ONE.replace(" ", ' table:number-columns-repeated="16384" ', 1)), "XFD1"),
        (ROW.format("", "<table:table-cell table:number-columns-repeated='800'/>" + ONE), "ADU1"),
        (ROW.format(' table:number-rows-repeated="1000000"', "<table:table-cell/>") + ROW.format("", ONE), "A1000001"),
        (
            ROW.format("", "<table:covered-table-cell table:number-columns-repeated='30'/>" + ONE)
            + ROW.format(" a='>' table:number-rows-repeated = '20000'", "<!-- <table:table> -->" + ONE),
            "AE20001",
        ),
    ],
)
def test_a_far_cell_of_opendocument_does_not_fill_the_memory(tmp_path, rows, cell):
    path = ods_file(tmp_path / "tool.ods", {"Data": rows})
    refused(lambda: official_files.read_data_tool(path), f"found cell {cell} in content.xml", "ordinary size")


# -------------------------------------------------------------------------------- data tool


def test_data_tool_and_its_headline(tmp_path):
    table = official_files.read_data_tool(tool_workbook(tmp_path))
    assert len(table) == 48
    assert table["reoffenders"].isna().sum() == 24
    assert table["offenders"].notna().all()
    total = official_files.headline(table).set_index(["population", "cohort"])
    assert len(total) == 36
    row = total.loc[("all", "Apr 2016 to Mar 2017")]
    assert row["offenders"] == 440_000 + 2 * 2016
    assert row["binary_rate"] == pytest.approx(100 * 140_000 / 444_032)
    assert row["date"] == pd.Timestamp("2016-04-01") and row["date_end"] == pd.Timestamp("2017-03-31")


def test_a_total_with_a_suppressed_part_is_unknown(tmp_path):
    rows = tool_rows()
    rows[0][7] = "*"
    total = official_files.headline(official_files.read_data_tool(tool_workbook(tmp_path, rows)))
    first = total[total["cohort"] == "Apr 2012 to Mar 2013"].set_index("population")
    assert pd.isna(first.loc["all", "reoffenders"]) and pd.isna(first.loc["adult", "binary_rate"])
    assert first.loc["juvenile", "reoffenders"] == 20_000


def test_data_tool_refuses_other_sheets_headers_and_numbers(tmp_path):
    refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, sheet="Data (2)")),
            TOOL, "'Data (2)'", "a sheet named 'Data'")  # fmt: skip
    header = list(official_files.DATA_TOOL_COLUMNS)
    header[0] = "adult_juvenile"
    refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, header=header)),
            "sheet 'Data', cell A1", "'adult_juvenile'", "the header 'adult_child'")  # fmt: skip
    header = [*official_files.DATA_TOOL_COLUMNS, "extra"]
    refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, header=header)), "cell J1", "only 9 columns")
    rows = tool_rows()
    rows[3][6] = "fifty"
    refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, rows)), "cell G5", "'fifty'")
    refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, [])), "no rows")


def test_data_tool_refuses_the_wrong_years(tmp_path):
    late = [[*row[:1], row[1].replace("2012", "2024").replace("2013", "2025"), *row[2:]] for row in tool_rows()[:4]]
    refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, tool_rows() + late)),
            "cell B50", "'Apr 2024 to Mar 2025'", "April 2012 to March 2024")  # fmt: skip
    refused(
        lambda: official_files.read_data_tool(tool_workbook(tmp_path, tool_rows()[4:])),
        "begins in April 2012",
    )
    renamed = tool_workbook(tmp_path, tool_rows()[4:], "PRSQ_overall_data_tool_apr13_mar24.xlsx")
    assert len(official_files.read_data_tool(renamed)) == 44
    odd = tool_rows()
    odd[0][1] = "2012/13"
    refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, odd)), "cell B2", "'2012/13'")


def test_a_large_file_is_read_whole(tmp_path):
    rows = tool_rows()
    table = official_files.read_data_tool(large_tool_workbook(tmp_path, 50 * len(rows)))
    assert len(table) == 50 * len(rows)
    assert table["row"].tolist() == list(range(2, 50 * len(rows) + 2))
    known = [row for row in rows if row[-1] != "*"]
    for position, column in enumerate(official_files.COUNTS, -3):
        assert table[column].sum() == 50 * sum(row[position] for row in (rows if column == "offenders" else known))
    assert table["reoffenders"].isna().sum() == 50 * (len(rows) - len(known))
    assert table.loc[table.index[-len(rows) :], "cohort"].tolist() == [row[1] for row in rows]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory from /proc")
def test_200_000_rows_are_read_within_500_mb(tmp_path):
    # VmHWM is the peak of this process alone; getrusage hands down that of the one that started it.
    script = (
        "import sys; from pathlib import Path; from helpers import official_files\n"
        "print(len(official_files.read_data_tool(sys.argv[1])))\n"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    root, path = Path(official_files.__file__).parents[1], large_tool_workbook(tmp_path, 200_000)
    done = subprocess.run([sys.executable, "-c", script, path], cwd=root, capture_output=True, text=True, check=True)
    length, kilobytes = map(int, done.stdout.split())
    assert length == 200_000
    assert kilobytes < 500_000


# -------------------------------------------------------------------------------- overview CSV


def overview_text(cohorts=("Jan2003-Dec2003", "Apr2012-Mar2013", "Apr2013-Mar2014"), cell="40"):
    lines = [",".join(official_files.OVERVIEW_COLUMNS)]
    for cohort in cohorts:
        lines.append(f"{cohort},Adult,a. Ethnicity and sex,a. White,a. Female,200,{cell},120")
        lines.append(f'{cohort},Juvenile,a. Ethnicity and sex,"a. Other, unknown",a. Male,9,*,*')
    return "\r\n".join(lines) + "\r\n"


def test_overview(tmp_path):
    path = tmp_path / OVERVIEW
    path.write_bytes(overview_text().encode("cp1252"))
    table = official_files.read_overview(path)
    assert table["reoffenders"].tolist()[0] == 40 and table["reoffenders"].isna().sum() == 3
    assert table["date"].iloc[0] == pd.Timestamp("2003-01-01")
    assert table["date_end"].iloc[-1] == pd.Timestamp("2014-03-31")
    assert table["subcategory1"].iloc[1] == "a. Other, unknown"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (overview_text(cell="forty"), ["G2", "'forty'"]),
        (overview_text(cell="4.5"), ["G2", "'4.5'"]),
        (overview_text(cohorts=["Apr2011-Mar2012"]), ["a cohort that ends in March 2014"]),
        (overview_text(cohorts=["Apr2013-Mar2014", "Apr2014-Mar2015"]), ["A4", "'Apr2014-Mar2015'"]),
        (overview_text().replace("adult_juvenile", "adult_child"), ["B1", "'adult_juvenile'"]),
        (overview_text().replace(",120", "", 1), ["line 2", "7 values"]),
        (overview_text().replace(",Adult,", ",,", 1), ["B2", "an empty cell", "a adult_juvenile"]),
        ("<!DOCTYPE html><html></html>", ["A1", "the header 'cohort'"]),
        ("", ["A1", "an empty cell"]),
    ],
)
def test_overview_refuses(tmp_path, text, expected):
    path = tmp_path / OVERVIEW
    path.write_text(text, newline="")
    refused(lambda: official_files.read_overview(path), OVERVIEW, *expected)


@pytest.mark.parametrize(
    ("cohort", "first", "last"),
    [
        ("Apr 2012 to Mar 2013", "2012-04-01", "2013-03-31"),
        ("Jan-Dec 2003", "2003-01-01", "2003-12-31"),
        ("Apr-Mar 2014", "2013-04-01", "2014-03-31"),
        ("Apr13-Mar2014", "2013-04-01", "2014-03-31"),
        ("April 2013 - March 2014", "2013-04-01", "2014-03-31"),
    ],
)
def test_cohort_dates(cohort, first, last):
    assert official_files._cohort_dates(cohort) == (pd.Timestamp(first), pd.Timestamp(last))


@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_is_known_by_its_first_letters(month):
    start = pd.Timestamp(2015, month, 1)
    cohort = f"{start:%b %Y} to {start + pd.DateOffset(months=2):%b %Y}"
    assert official_files._cohort_dates(cohort) == (start, start + pd.DateOffset(months=2) + pd.offsets.MonthEnd(0))


@pytest.mark.parametrize("cohort", ["2012/13", "Apr 2012", "Foo 2012 to Bar 2013", "Apr 2014 to Mar 2013", ""])
def test_no_cohort_is_guessed(cohort):
    assert official_files._cohort_dates(cohort) is None


# -------------------------------------------------------------------------------- files that are none


READERS = {INTERIM: official_files.read_interim_results, TOOL: official_files.read_data_tool}


@pytest.fixture(params=READERS)
def reader(request, names):
    if request.param == INTERIM:
        return request.param, lambda path: official_files.read_interim_results(path, *names)
    return request.param, official_files.read_data_tool


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "nothing at all"),
        (b"name,offenders\r\nLondon,1\r\n", "something else"),
        (b"\r\n<!DOCTYPE html><title>Page not found</title>", "a web page"),
        (b"PK\x03\x04 and no more", "damaged or incomplete"),
    ],
)
def test_not_a_workbook(tmp_path, reader, content, expected):
    name, read = reader
    (tmp_path / name).write_bytes(content)
    refused(
        lambda: read(tmp_path / name),
        name,
        expected,
        "an Excel workbook" if "dam" not in expected else "whole file",
    )


def test_the_wrong_kind_of_workbook(tmp_path, reader):
    _, read = reader
    other = tool_workbook(tmp_path, sheet="Tables", name="other.xlsx")
    refused(lambda: read(other), "other.xlsx", "expected")


def test_truncated_and_damaged_files(tmp_path, reader):
    name, read = reader
    whole = tool_workbook(tmp_path).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: len(whole) // 2])
    refused(lambda: read(path), "damaged or incomplete", "download it again")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        at = archive.getinfo("xl/worksheets/sheet2.xml").header_offset + 120
    path.write_bytes(whole[:at] + bytes(byte ^ 255 for byte in whole[at : at + 20]) + whole[at + 20 :])
    refused(lambda: read(path), "damaged or incomplete", "download it again")


def test_a_zip_of_another_kind_and_a_missing_file(tmp_path, reader):
    name, read = reader
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    refused(lambda: read(tmp_path / name), "a zip file of another kind")
    refused(lambda: read(tmp_path / "absent.xlsx"), "absent.xlsx", "cannot be read")


def test_a_password_and_the_old_format_are_told_apart(tmp_path, reader):
    name, read = reader
    msoffcrypto = pytest.importorskip("msoffcrypto.format.ooxml")
    path, plain = tmp_path / name, tool_workbook(tmp_path, name="plain.xlsx")
    with plain.open("rb") as source, path.open("wb") as target:
        msoffcrypto.OOXMLFile(source).encrypt("secret", target)
    refused(lambda: read(path), "a workbook with a password", "save it without the password")
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    refused(lambda: read(path), "the old .xls format")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, reader, monkeypatch):
    name, read = reader
    monkeypatch.setattr(official_files, "MOST_UNPACKED", 1_000_000)
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(5_000_000))
    assert (tmp_path / name).stat().st_size < 10_000
    refused(lambda: read(tmp_path / name), "5,000,011 bytes once unpacked", "at most 1,000,000")
    monkeypatch.setattr(official_files, "MOST_BYTES", 1000)
    refused(lambda: read(tmp_path / name), "at most 1,000 bytes")


@pytest.mark.parametrize("cells", [("XFD9",), ("A1000001",), ("AA1", "A20000")])
def test_a_far_cell_does_not_fill_the_memory(tmp_path, cells):
    book = openpyxl.load_workbook(tool_workbook(tmp_path))
    for cell in cells:
        book["Data"][cell] = 1
    book.save(tmp_path / TOOL)
    refused(
        lambda: official_files.read_data_tool(tmp_path / TOOL),
        cells[0].lstrip("A") if len(cells) == 1 else cells[0],
        "ordinary size",
    )


def test_no_part_of_a_file_is_returned_with_its_error(tmp_path):
    rows = tool_rows()
    rows[-1][6] = "x"
    error = refused(lambda: official_files.read_data_tool(tool_workbook(tmp_path, rows)), "nothing of it was used")
    assert not any(isinstance(value, pd.DataFrame) for value in vars(error).values())


# -------------------------------------------------------------------------------- finding files


def test_find_official_file(tmp_path):
    assert official_files.find_official_file("data_tool", tmp_path) is None
    assert set(official_files.official_files(tmp_path)["found"]) == {"no"}
    later = tool_workbook(tmp_path, name="PRSQ_overall_data_tool_apr13_mar25.xlsx")
    assert official_files.find_official_file("data_tool", tmp_path) == later
    tool_workbook(tmp_path, name="PRSQ_overall_data_tool_apr11_mar23.xlsx")
    refused(lambda: official_files.find_official_file("data_tool", tmp_path), "expected one file")
    published = tool_workbook(tmp_path)
    assert official_files.find_official_file("data_tool", tmp_path) == published


@pytest.mark.parametrize("kind", official_files.OFFICIAL_FILES)
def test_the_message_says_what_to_download_and_where_to_put_it(kind):
    file = official_files.OFFICIAL_FILES[kind]
    said = official_files.where_to_get(kind)
    assert file.address in said and f"data/official/ as {file.name}" in said
    assert str(data.DATA) not in said


def test_the_list_of_official_files_looks_in_the_folder_it_was_given(tmp_path):
    (tmp_path / official_files.OFFICIAL_FILES["data_tool"].name).write_bytes(b"")
    found = official_files.official_files(tmp_path).set_index("kind")["found"]
    assert found["data_tool"] == "yes"
    assert (found.drop("data_tool") == "no").all()
