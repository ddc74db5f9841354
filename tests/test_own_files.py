"""Official files of a reader: what is drawn from them, what stays unknown and why, and that a fault draws nothing."""

import pytest

from helpers import data, display, official_files, own_files
from tests.test_official_files import interim_workbook, overview_text, tool_rows, tool_workbook


@pytest.fixture(scope="module")
def national():
    return data.load("reoffending_national")


def test_without_a_file_each_cell_says_what_to_get(national):
    for shown, kind in (
        (own_files.funnel(None), "interim_results"),
        (own_files.headline(None, national), "data_tool"),
        (own_files.overview(None), "overview"),
    ):
        assert isinstance(shown, display.Html)
        assert shown.text == official_files.where_to_get(kind)


def test_the_funnel_is_drawn_from_an_interim_workbook(tmp_path):
    chart = own_files.funnel(interim_workbook(tmp_path))
    spec = chart.to_dict()
    assert len(spec["vconcat"]) == 2
    assert spec["usermeta"]["source_ids"] == ["official-interim_results"]
    points = [rows for rows in spec["datasets"].values() if "position" in rows[0]]
    assert [len(rows) for rows in points] == [21, 21]
    limits = [rows for rows in spec["datasets"].values() if "level" in rows[0]]
    assert {row["level"] for rows in limits for row in rows} == {"95%", "99.8%"}
    assert "Phi is" in spec["description"] and "Oct-Dec 2015" in spec["description"]
    assert "Ministry of Justice" in spec["title"]["subtitle"][-1]


def test_a_suppressed_crc_is_named_and_not_drawn(tmp_path):
    def hide(book):
        for column in "DEFG":
            book["Table 1a"][f"{column}9"] = "*"

    spec = own_files.funnel(interim_workbook(tmp_path, hide)).to_dict()
    points = [rows for rows in spec["datasets"].values() if "position" in rows[0]]
    assert sorted(len(rows) for rows in points) == [20, 21]
    assert "Unknown: Merseyside (suppressed or too small)." in spec["description"]


def test_the_funnel_says_why_each_crc_is_unknown_and_what_is_remarked_on_the_others(tmp_path):
    def mark(book):
        sheet = book["Table 1a"]
        for row, marker in ((4, "[x]"), (8, "*"), (9, "[z]"), (13, "[X]")):
            for column in "DEFG":
                sheet[f"{column}{row}"] = marker
        sheet["C9"] = f"{sheet['C9'].value} [p]"
        sheet["C20"] = f"{sheet['C20'].value:,} [p] [note 2]"

    said = own_files.funnel(interim_workbook(tmp_path, mark)).to_dict()["description"]
    assert (
        "Unknown: Northumbria, Wales (not available); West Yorkshire (suppressed or too small); "
        "Merseyside (not applicable). Remarks of the file: London (provisional; note 2)."
    ) in said
    assert said.count("Unknown") == 1


def test_the_data_tool_keeps_its_remarks_at_hand(tmp_path, national):
    rows = tool_rows()
    rows[0][6], rows[2][7] = f"{rows[0][6]:,} [p]", "[x]"
    spec = own_files.headline(tool_workbook(tmp_path, rows), national).to_dict()
    drawn = next(rows for rows in spec["datasets"].values() if "frequency_rate" in rows[0])
    remarks = {(row["people"], row["remark"]) for row in drawn if row["cohort"] == "2012/13"}
    assert remarks == {("all offenders", "not available"), ("adults", "provisional"), ("juveniles", "not available")}
    assert not any(row["remark"] for row in drawn if row["cohort"] != "2012/13")


def test_a_faulty_workbook_draws_nothing(tmp_path):
    def spoil(book):
        book["Table 1a"]["D9"] = "many"

    with pytest.raises(official_files.OfficialFileError, match="D9"):
        own_files.funnel(interim_workbook(tmp_path, spoil))


def test_the_data_tool_is_drawn_and_compared(tmp_path, national):
    spec = own_files.headline(tool_workbook(tmp_path), national).to_dict()
    rows = next(rows for rows in spec["datasets"].values() if "frequency_rate" in rows[0])
    assert len(rows) == 36
    assert all(row["low"] < row["binary_rate"] < row["high"] for row in rows)
    # The workbook of the tests holds made-up counts, so that every total differs from the one kept.
    assert "36 totals compared with those kept here, of which 36 are not the same" in spec["description"]


def test_the_overview_is_drawn_with_its_suppressed_values(tmp_path):
    path = tmp_path / official_files.OFFICIAL_FILES["overview"].name
    path.write_text(overview_text())
    explorer = own_files.overview(path)
    assert len(explorer.every) == 2 and explorer.every["rate"].isna().sum() == 1
    said = explorer.finding(explorer.start)
    assert "20.0% (Adult, a. White, a. Female)" in said and said.endswith(
        " Unknown: 1 value (suppressed or too small)."
    )
    assert explorer.spec()["usermeta"]["source_ids"] == ["official-overview"]


def test_the_overview_says_why_values_are_unknown(tmp_path):
    path = tmp_path / official_files.OFFICIAL_FILES["overview"].name
    row = "Apr2013-Mar2014,Adult,a. Sex,a. All,a. {},200,{},120\r\n"
    cells = {"One": "40", "Two": "50 [r]", "Three": "[x]", "Four": "[z]", "Five": "..", "Six": "*"}
    path.write_text(overview_text(cohorts=["Apr2013-Mar2014"]) + "".join(row.format(*cell) for cell in cells.items()))
    explorer = own_files.overview(path)
    assert explorer.finding({"category": "a. Sex"}) == (
        "Apr2013-Mar2014, older measure: the highest rate is 25.0% (Adult, a. All, a. Two). Unknown: "
        "2 values (not available), 1 value (not applicable), 1 value (suppressed or too small). "
        "Remarks of the file: 1 value (revised)."
    )
    path.write_text(overview_text(cohorts=["Apr2013-Mar2014"]).replace(",200,40,120", ",0,0,0"))
    explorer = own_files.overview(path)
    assert "1 value (no offenders)" in explorer.finding(explorer.start)
