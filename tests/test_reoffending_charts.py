"""Charts and explorers of reoffending: rows kept, sources and words present, and what an official file draws."""

import json

import pandas as pd
import pytest

from helpers import data, display, official_files, reoffending, reoffending_charts
from helpers.explorer import NOTHING
from tests.test_official_files import interim_workbook, overview_text, tool_rows, tool_workbook


@pytest.fixture(scope="module")
def tables():
    names = ["national", "adjusted", "by_crc", "success_counts", "facts"]
    read = {name: data.load(f"reoffending_{name}") for name in names}
    return read | {name: data.load(name) for name in ("events", "providers", "sources", "contract_performance")}


@pytest.fixture(scope="module")
def explorers(tables):
    national, sources = tables["national"], tables["sources"]
    return {
        "series": reoffending_charts.series_explorer(national, tables["events"], sources),
        "change": reoffending_charts.change_explorer(national, sources),
        "case_mix": reoffending_charts.case_mix_explorer(tables["adjusted"], national, sources),
        "success": reoffending_charts.success_explorer(tables["success_counts"], sources),
        "power": reoffending_charts.power_explorer(tables["by_crc"], sources),
    }


@pytest.mark.parametrize("name", ["series", "change", "case_mix", "success", "power"])
def test_explorers_have_words_sources_and_a_sentence_for_every_choice(explorers, tables, name):
    explorer = explorers[name]
    spec = explorer.spec()
    assert len(spec["description"]) > 60
    assert set(spec["usermeta"]["source_ids"]) <= set(tables["sources"]["source_id"])
    sentences = next(parameter["value"] for parameter in spec["params"] if parameter["name"] == "finding")
    for said in sentences.values():
        said = " ".join(said)
        assert said.endswith(".") and "nan" not in said and "<NA>" not in said and "-0.0" not in said


def test_the_series_explorer_keeps_every_cohort_and_joins_no_measures(explorers, tables):
    rows = explorers["series"].every
    for population in reoffending_charts.PEOPLE:
        for period, measures in (("year", reoffending_charts.MEASURES.values()),
                                 ("quarter", [reoffending.CURRENT_QUARTERLY])):  # fmt: skip
            found = rows[(rows["population"] == population) & (rows["period"] == period)]
            kept = [reoffending.national_series(tables["national"], population, measure) for measure in measures]
            assert len(found) == sum(map(len, kept))
            assert sorted(found["binary_rate"]) == sorted(pd.concat(kept)["binary_rate"])
    # A line holds one measure only, and no line crosses a gap of more than a year.
    lines = rows.assign(date=pd.to_datetime(rows["date"])).groupby(["population", "period", "line"])["date"]
    assert set(rows["line"].str.split().str[0]) == {"current", "older"}
    assert lines.apply(lambda dates: dates.sort_values().diff().max()).dropna().max() < pd.Timedelta(days=370)


def test_the_series_explorer_says_the_known_rates(explorers):
    said = explorers["series"].finding(explorers["series"].start)
    assert "28.2% in 2023/24" in said and "4.73 in 2023/24" in said
    juveniles = explorers["series"].finding({"population": "juvenile", "period": "year"})
    assert "the last with counts here" in juveniles


def test_the_change_explorer_begins_with_the_base_and_its_parts_add_up(explorers):
    rows = explorers["change"].every
    first = rows.groupby(["population", "measure", "base"]).first()
    assert (first[["due_to_binary", "due_to_frequency", "total_change"]] == 0).all(axis=None)
    assert (rows["due_to_binary"] + rows["due_to_frequency"] - rows["total_change"]).abs().max() < 2e-4
    said = explorers["change"].finding({"population": "all", "measure": "current", "base": 2011})
    assert "−3.1 points" in said and "+43%" in said and "1.03 to 1.33 (+29%)" in said
    alone = explorers["change"].finding({"population": "adult", "measure": "current", "base": 2013})
    assert "nothing to compare it with" in alone


def test_success_counts_are_all_drawn_and_follow_the_rule(explorers, tables):
    explorer = explorers["success"]
    assert len(explorer.every) == len(tables["success_counts"])
    assert (explorer.every["end"] - explorer.every["start"] == explorer.every["crcs"]).all()
    assert explorer.finding(explorer.start).startswith("2 to 21 of 21 CRCs succeeded")
    assert explorer.finding({"rate": "binary", "test": "consistent"}).startswith("6 of 21 CRCs succeeded, in 1 ")
    assert explorer.finding({"rate": "frequency", "test": "consistent"}) == NOTHING


def test_success_rules_and_counts_as_tables(tables):
    rules = reoffending_charts.rules_table(tables["success_counts"])
    assert rules["counts"].sum() == 15 and rules.notna().all(axis=None)
    assert len(reoffending_charts.counts_table(tables["success_counts"])) == len(tables["success_counts"])


def test_the_exact_chance_stays_near_the_formula(explorers):
    rows = explorers["power"].every
    assert (rows["formula"] - rows["exact"]).abs().max() < 2
    assert rows["formula"].between(0, 100).all()
    said = explorers["power"].finding(explorers["power"].start)
    assert "3.9 percentage points" in said and "about 2.1 points" in said
    assert "at most" in reoffending_charts.say_exact(rows)


def test_rates_by_crc_stand_in_the_panel_of_their_status(tables):
    spec = reoffending_charts.crc_chart(tables["by_crc"], tables["providers"], tables["sources"]).to_dict()
    assert spec["resolve"]["scale"]["x"] == "independent" and spec["facet"]["column"]["field"] == "status"
    assert set(reoffending_charts.STATUSES) == set(tables["by_crc"]["status"].dropna())
    rows = pd.DataFrame(spec["data"]["values"])
    assert (rows.groupby("status")["crc"].nunique() == 21).all() and len(rows) == 4 * 21
    assert rows.groupby("status")["binary_rate"].count().to_dict() == {
        "Baseline year": 1, "Final": 2, "Final, as inferred": 1, "Interim": 1
    }  # fmt: skip
    assert spec["title"]["text"] == ["A binary rate is public for 4 of 21 CRCs"]
    single = tables["by_crc"]["provider_id"].str.startswith("crc-")
    assert len(reoffending_charts.crc_table(tables["by_crc"], tables["providers"])) == single.sum()


def test_sentences_hold_what_the_tables_hold(tables):
    national = tables["national"]
    answer = reoffending_charts.say_answer(national)
    assert "a smaller share" in answer and "the reoffences for each offender rose" in answer
    assert "in 2019/20, 2020/21 and 2021/22" in answer
    assert "331,356 offenders" in reoffending_charts.say_interval(national)
    assert "33% after 8, 39% after 11, 42% after 14, 43% after 17" in reoffending_charts.say_build_up(tables["facts"])
    rises = reoffending_charts.say_frequency_rise(national, tables["by_crc"], tables["contract_performance"])
    assert rises.count("22%") == 2 and "12%" in rises
    assert "6 yearly cohorts" in reoffending_charts.say_revisions(national)


def test_sources_count_every_row_drawn(tables):
    names = ("national", "adjusted", "by_crc", "facts", "contract_performance")
    drawn = reoffending_charts.rows_by_source(*(tables[name] for name in names))
    yearly = reoffending.case_mix(tables["adjusted"])["cohort"].nunique()
    together = (tables["by_crc"]["provider_id"] == "all-crcs").sum()
    assert drawn["rows"].sum() == 265 + yearly + together + 4 + 1
    assert drawn["source_id"].isin(tables["sources"]["source_id"]).all() and drawn["source_id"].is_unique


@pytest.mark.parametrize(
    ("cohort", "expected"),
    [
        ("Apr 2011 to Mar 2012", "2011/12"),
        ("Jan to Dec 2002", "2002"),
        ("Oct-Dec 2015", "Oct-Dec 2015"),
        ("Apr 1999 to Mar 2000", "1999/00"),
    ],
)
def test_short_cohorts(cohort, expected):
    assert reoffending_charts.short(cohort) == expected


def test_a_title_with_quotes_stays_text_in_the_specification(tables):
    import altair as alt
    import vl_convert

    sources = pd.DataFrame({"source_id": ["a'b"], "title": ['It\'s a \\ "title"']})
    chart = reoffending_charts.with_titles(alt.Chart(pd.DataFrame({"source_id": ["a'b"]})), sources)
    assert "It\\'s" in json.loads(chart.mark_text().encode(text="source:N").to_json())["transform"][0]["calculate"]
    assert "It's a \\" in vl_convert.vegalite_to_svg(chart.mark_text().encode(text="source:N").to_dict())


# -------------------------------------------------------------------------------- official files


def test_without_a_file_each_cell_says_what_to_get(tables):
    for shown, kind in (
        (reoffending_charts.official_funnel(None), "interim_results"),
        (reoffending_charts.official_headline(None, tables["national"]), "data_tool"),
        (reoffending_charts.official_overview(None), "overview"),
    ):
        assert isinstance(shown, display.Html)
        assert shown.text == official_files.say_where_to_get(kind)


def test_the_funnel_is_drawn_from_an_interim_workbook(tmp_path):
    chart = reoffending_charts.official_funnel(interim_workbook(tmp_path))
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

    spec = reoffending_charts.official_funnel(interim_workbook(tmp_path, hide)).to_dict()
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

    said = reoffending_charts.official_funnel(interim_workbook(tmp_path, mark)).to_dict()["description"]
    assert (
        "Unknown: Northumbria, Wales (not available); West Yorkshire (suppressed or too small); "
        "Merseyside (not applicable). Remarks of the file: London (provisional; note 2)."
    ) in said
    assert said.count("Unknown") == 1


def test_the_data_tool_keeps_its_remarks_at_hand(tmp_path, tables):
    rows = tool_rows()
    rows[0][6], rows[2][7] = f"{rows[0][6]:,} [p]", "[x]"
    spec = reoffending_charts.official_headline(tool_workbook(tmp_path, rows), tables["national"]).to_dict()
    drawn = next(rows for rows in spec["datasets"].values() if "frequency_rate" in rows[0])
    remarks = {(row["people"], row["remark"]) for row in drawn if row["cohort"] == "2012/13"}
    assert remarks == {("all offenders", "not available"), ("adults", "provisional"), ("juveniles", "not available")}
    assert not any(row["remark"] for row in drawn if row["cohort"] != "2012/13")


def test_a_faulty_workbook_draws_nothing(tmp_path):
    def spoil(book):
        book["Table 1a"]["D9"] = "many"

    with pytest.raises(official_files.OfficialFileError, match="D9"):
        reoffending_charts.official_funnel(interim_workbook(tmp_path, spoil))


def test_the_data_tool_is_drawn_and_compared(tmp_path, tables):
    spec = reoffending_charts.official_headline(tool_workbook(tmp_path), tables["national"]).to_dict()
    rows = next(rows for rows in spec["datasets"].values() if "frequency_rate" in rows[0])
    assert len(rows) == 36
    assert all(row["low"] < row["binary_rate"] < row["high"] for row in rows)
    # The workbook of the tests holds made-up counts, so that every total differs from the one kept.
    assert "36 totals compared with those kept here, of which 36 are not the same" in spec["description"]


def test_the_overview_is_drawn_with_its_suppressed_values(tmp_path):
    path = tmp_path / official_files.OFFICIAL_FILES["overview"].name
    path.write_text(overview_text())
    explorer = reoffending_charts.official_overview(path)
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
    explorer = reoffending_charts.official_overview(path)
    assert explorer.finding({"category": "a. Sex"}) == (
        "Apr2013-Mar2014, older measure: the highest rate is 25.0% (Adult, a. All, a. Two). Unknown: "
        "2 values (not available), 1 value (not applicable), 1 value (suppressed or too small). "
        "Remarks of the file: 1 value (revised)."
    )
    path.write_text(overview_text(cohorts=["Apr2013-Mar2014"]).replace(",200,40,120", ",0,0,0"))
    explorer = reoffending_charts.official_overview(path)
    assert "1 value (no offenders)" in explorer.finding(explorer.start)
