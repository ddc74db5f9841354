"""A question of the reader's own: its code draws its chart, and what is unlike is refused with the reason."""

import csv
import json

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from helpers import charts, data, display, question
from tests.test_hostile import CONTROL, HOSTILE, code_in, markup_problems

SUPERVISED = {"what": "People supervised", "whom": "All probation"}


def pasted(code):
    """The chart that the code makes in a new notebook."""
    names = {}
    exec(code, names)
    return names["chart"].to_dict()


def choices():
    """A grid of questions: every table, its measures, each way to compare, a period and a second table."""
    for table in question.TABLES:
        ways = question.BY_BAND if table in question.RATED else question.BY
        first = question.Question(table)
        for what in first.every["what"].value_counts().index[:3]:
            for by in ways:
                yield table, {"what": what, "detail": first.choices.detail, "by": by}
        for body in first.every["whom"].value_counts().index[:2]:
            yield table, {"whom": body, "by": next(iter(ways))}
        yield table, {"first": 2015, "last": 2019, "by": next(iter(ways))}
    yield "caseload", {"other": "after_figures", "what": "People supervised", "by": "time"}
    yield "caseload", {"what": "Recalls per year", "by": "size", "first": 2018}
    yield "staff", {"detail": "all grades", "whom": ["NPS London"], "first": 2016, "last": 2016, "by": "time"}


@pytest.mark.parametrize(("table", "asked"), choices(), ids=str)
def test_the_code_draws_the_chart_shown(table, asked):
    try:
        made = question.Question(table, **asked)
    except question.Refused as problem:
        assert str(problem).endswith(".")
        return
    shown = made.chart.to_dict()
    assert pasted(made.code) == shown
    assert len(" ".join(shown["title"]["text"])) <= 90
    assert shown["description"]
    assert shown["usermeta"]["source_ids"]


def test_most_of_the_grid_is_drawn_and_every_table_has_a_first_question():
    drawn = 0
    for table, asked in choices():
        every = question.figures(table) if "other" not in asked else None
        if every is None or set(asked) != {"what", "detail", "by"}:
            continue
        given = question.Choices(table, **{**asked, "what": (asked["what"],)})
        drawn += not question.refused(question.matching(every, given), given)
    assert drawn > 60


@pytest.mark.parametrize(
    ("table", "asked", "reason"),
    [
        ("reoffending_national", {"what": question.RATES["binary_rate"][0]}, "two measures of reoffending"),
        ("reoffending_by_crc", {"what": question.RATES["binary_rate"][0]}, "Interim results count only"),
        ("staff", {"what": ["Staff in post", "Staff in post, headcount"]}, "People and full-time equivalents"),
        ("ratings", {"other": "delivery_unit_inspections"}, "Ratings from before and after June 2021"),
        ("delivery_unit_inspections", {"other": "ratings"}, "Ratings from before and after June 2021"),
        ("delivery_unit_inspections", {"what": "Overall rating of a delivery unit"}, "nine standards and on seven"),
        ("ratings", {"what": "Overall rating"}, "rated in both rounds"),
        ("workload", {"what": "Mean cases per officer", "mean": True}, "no place in one mean with exact values"),
        ("caseload", {"what": ["People supervised", "Recalls per year"]}, "People, recalls, deaths and shares"),
        ("contract_performance", {"what": ["Binary rate", "CRCs that still forecast losses"]}, "no common scale"),
        ("case_quality", {"what": "Keeping people safe"}, "good in some of these figures and bad in others"),
        ("staff", {"other": "money"}, "Nothing in data/datapackage.json says"),
        ("staff", {"what": "Staff in post", "by": "body"}, "figures match, and 60 have room"),
        ("money", {"whom": "nobody"}, "Nothing in the evidence matches"),
    ],
    ids=str,
)
def test_what_must_not_stand_together_is_refused_with_its_reason(table, asked, reason):
    if table == "case_quality":
        whats = [what for what in question.figures(table)["what"].unique() if what.startswith("Keeping people safe")]
        asked = {"what": whats}
    with pytest.raises(question.Refused, match=reason):
        question.Question(table, **asked)


def test_measures_that_the_contract_puts_together_share_an_axis():
    asked = {"what": ["Joiners, headcount", "Leavers, headcount"], "detail": "all grades", "whom": "NPS London"}
    assert set(question.Question("staff", **asked).rows["what"]) == set(asked["what"])


def test_a_mean_is_of_exact_figures_of_one_day():
    asked = {"what": "Staff in post", "detail": "all grades", "whom": ["NPS London", "NPS Wales"], "mean": True}
    with pytest.raises(question.Refused, match="A mean is of one time"):
        question.Question("staff", **asked)
    regions = ["London region", "Wales region"]
    made = question.Question("after_figures", what="Hours of unpaid work still to be done", whom=regions, mean=True)
    spec = made.chart.to_dict()
    lines = [rows[0] for rows in spec["datasets"].values() if set(rows[0]) == {"value", "label"}]
    assert lines == [{"value": made.rows["value"].mean(), "label": "mean of 2"}]


def test_lines_join_only_what_the_contract_lets_join():
    rows = question.figures("staff")
    joined = rows.assign(series=question.series(rows)).query("series != ''")
    fields = ["provider_id", "grade", "measure", "unit", "date_precision", "source_id"]
    for _, line in joined.groupby("series"):
        assert len(line[fields].drop_duplicates()) == 1
        assert (line["qualifier"] == "exact").all()
        assert line["date"].is_unique
        assert line["date"].sort_values().diff().max() <= question.LONGEST
    assert joined["series"].nunique() > 20
    assert not question.series(question.figures("money")).any()


def test_a_line_breaks_where_a_cohort_is_missing():
    rows = question.Question("reoffending_national").rows
    lines = rows.assign(series=question.series(rows)).query("series != ''")
    pieces = lines.groupby("series")["date"].agg(["min", "max"])
    assert len(pieces) > 1
    assert not ((pieces["min"].dt.year <= 2000) & (pieces["max"].dt.year >= 2002)).any()


def test_the_contract_speaks_of_every_table_of_questions_in_sentences():
    for table in question.TABLES:
        rules = data.comparable(table)
        assert {rule.use for rule in rules} & {"axis", "count", "line"}, table
        for rule in rules:
            assert rule.reason.endswith(".")
            assert len(rule.reason.split()) <= 40
            values = set(data.load(table)[rule.fields[0]].astype(str)) if rule.fields else set()
            own = {value for each in rule.together for value in each} & values
            assert bool(own) == bool(rule.together), f"{table}: none of {rule.together} occurs"


# ------------------------------------------------------------------------------------------------------- widgets


@pytest.fixture
def asked():
    made = question.Question("caseload")
    return made, made.box


def test_a_change_of_any_widget_paints_the_code_below(asked):
    made, box = asked
    for name, value in (("by", "body"), ("first", 2017), ("what", ("People supervised",)), ("by", "time")):
        before = box.figure.chart
        box.widgets[name].value = value
        assert 'role="status"' in box.message.value
        assert (box.figure.chart is not before) == (name != "what")
        assert pasted(made.code) == box.figure.chart.to_dict()
        code = BeautifulSoup(box.below.value, "html.parser").pre.get_text()
        assert code == made.code


def test_a_choice_without_rows_says_so_and_keeps_the_last_chart(asked):
    made, box = asked
    box.widgets["first"].value = 2024
    before, code = box.figure.chart, made.code
    box.widgets["last"].value = 2011
    assert 'role="alert"' in box.message.value
    assert "Nothing in the evidence matches" in box.message.value
    assert "still shows the last choices" in box.message.value
    assert box.figure.chart is before
    assert made.code == code
    box.widgets["last"].value = 0
    assert 'role="status"' in box.message.value


def test_another_table_offers_its_own_choices(asked):
    made, box = asked
    box.widgets["table"].value = "ratings"
    assert made.choices.table == "ratings"
    assert "Kind of service" in dict(box.widgets["by"].options)
    assert set(box.widgets["what"].options) == set(made.every["what"])
    box.widgets["other"].value = "delivery_unit_inspections"
    assert "before and after June 2021" in box.message.value
    assert box.widgets["other"].value == ""
    assert made.choices.table == "ratings"
    box.widgets["table"].value = "caseload"
    box.widgets["other"].value = "after_figures"
    assert 'role="status"' in box.message.value
    assert set(made.every["table"]) == {"caseload", "after_figures"}


# ---------------------------------------------------------------------------------------------- the reader's figures


def filled(tmp_path, *changes, table="caseload"):
    """A template with its example row written over, once for each set of changes."""
    path = tmp_path / "mine.csv"
    columns = question.template(table, path)
    example = next(csv.DictReader(path.open(encoding="utf-8")))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns.index)
        writer.writeheader()
        writer.writerows({**example, "source_id": "my notes, page 3", "note": "", **each} for each in changes)
    return path


@pytest.mark.parametrize("table", question.TABLES)
def test_a_template_that_is_filled_is_read(table, tmp_path):
    rows = question.own(filled(tmp_path, {}, table=table), table)
    assert set(rows["whose"]) == {question.YOURS}
    assert set(rows["source_id"]) == {"my notes, page 3"}


def test_a_template_is_never_written_over_a_file_or_into_the_data(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("keep me")
    with pytest.raises(FileExistsError):
        question.template("caseload", path)
    assert path.read_text() == "keep me"
    with pytest.raises(ValueError, match="does not belong in data/"):
        question.template("caseload", data.DATA / "mine.csv")
    with pytest.raises(KeyError, match="The tables are: caseload"):
        question.template("sources", tmp_path / "other.csv")


def test_the_example_row_is_refused_with_what_else_is_wrong(tmp_path):
    path = tmp_path / "mine.csv"
    question.template("caseload", path)
    with path.open("a", encoding="utf-8") as file:
        file.write("crc-esex,people_supervised,1 June 2016,day,,many,roughly,persons,my notes,,\n")
    with pytest.raises(data.DataError) as refused:
        question.own(path, "caseload")
    found = {(problem.row, problem.column) for problem in refused.value.problems}
    assert found == {
        (2, "note"),
        *((3, column) for column in ("provider_id", "date", "value", "qualifier", "unit")),
    }
    assert "Did you mean 'crc-essex'?" in str(refused.value)
    assert str(refused.value).startswith("6 problems in 1 file\n\nmine.csv\n")
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "must not be empty"),
        (b"provider_id;measure\na;b\n", "must have commas"),
        (b"provider_id,measure\na,b\n", "the column is missing"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16"),
    ],
)
def test_a_file_in_another_form_is_refused_whole(content, said, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(data.DataError, match=said):
        question.own(path, "caseload")
    with pytest.raises(data.DataError, match="must exist"):
        question.own(tmp_path / "none.csv", "caseload")


def test_the_readers_figures_stand_beside_ours_in_a_colour_of_their_own(tmp_path):
    before = data.load("caseload")
    path = filled(tmp_path, {"value": "251000", "date": "2018-01-01"})
    made = question.Question("caseload", **SUPERVISED, by="body", own=path)
    spec = made.chart.to_dict()
    rows = next(rows for rows in spec["datasets"].values() if "label" in rows[0])
    yours = [row for row in rows if row["whose"] == question.YOURS]
    assert [row["value"] for row in yours] == [251000]
    assert yours[0]["label"].startswith("Your figure: ")
    assert charts.WHOSE["Your figure"] in json.dumps(spec)
    assert "my notes, page 3" not in spec["usermeta"]["source_ids"]
    assert pasted(made.code) == spec
    assert "1 of them yours" in made.box.message.value
    pd.testing.assert_frame_equal(before, data.load("caseload"))


def test_figures_of_the_reader_alone_are_not_published_ones(tmp_path):
    path = filled(tmp_path, {"date": "1999-01-01"})
    with pytest.raises(question.Refused, match="Only figures of yours"):
        question.Question("caseload", **SUPERVISED, own=path, first=1999, last=1999)


def test_hostile_words_of_the_reader_stay_text(tmp_path):
    path = filled(tmp_path, {"note": HOSTILE.strip(), "source_id": HOSTILE.strip()})
    made = question.Question("caseload", **SUPERVISED, own=path, by="body")
    assert [code for code in code_in(made.chart.to_dict()) if "alert" in code or "hostile" in code] == []
    assert set(markup_problems(made.box.message.value)) == set()
    found = BeautifulSoup(made.box.below.value, "html.parser")
    assert found.find("script") is None
    assert found.find("img") is None
    assert display.plain(HOSTILE.strip()) in found.get_text()
    assert pasted(made.code) == made.chart.to_dict()


@pytest.mark.parametrize("text", CONTROL)
def test_characters_that_hide_or_reorder_are_refused(text, tmp_path):
    path = filled(tmp_path, {"note": text})
    with pytest.raises(data.DataError, match="must not hold"):
        question.own(path, "caseload")


def test_text_in_the_code_is_the_same_text_again():
    for text in ("plain", 'say "so"', "it's", "both ' and \"", "back\\slash", "line\nend", HOSTILE):
        assert eval(question._text(text)) == text


def test_a_reader_is_not_told_to_add_to_our_tables(tmp_path):
    path = filled(tmp_path, {"provider_id": "nsp", "qualifier": "roughly"})
    with pytest.raises(data.DataError) as told:
        question.own(path, "caseload")
    assert [problem.fix for problem in told.value.problems] == ["Correct it", "Correct it"]
