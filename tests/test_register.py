"""Every figure: each row once, periods and hedges in words, tables that lose nothing."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import data, display, register, timeline
from tests import cells

# Rows of each file, counted with `csv` in the files themselves.
COUNTS = {
    "rating_facts": 102,
    "band_distribution": 18,
    "band_profiles": 5,
    "case_quality": 30,
    "staff": 633,
    "staffing_facts": 33,
    "caseload": 93,
    "workload": 35,
    "workload_points": 118,
    "tiering": 20,
    "reoffending_national": 354,
    "reoffending_adjusted": 65,
    "reoffending_facts": 72,
    "money": 62,
    "contract_performance": 71,
    "after_figures": 165,
    "regional_inspections": 11,
}


@pytest.fixture(scope="module")
def tables():
    return {name: data.load(name) for name in register.NEEDED}


@pytest.fixture(scope="module")
def rows(tables):
    return register.register(tables)


def one(rows, table, key):
    found = rows[(rows["table"] == table) & (rows["key"] == key)]
    assert len(found) == 1
    return tuple(found[["what", "when", "figure", "note", "source_id"]].iloc[0])


def test_each_row_of_each_table_is_there_once(rows):
    assert rows["table"].value_counts(sort=False).to_dict() == COUNTS
    assert not rows.duplicated(["table", "key"]).any()
    assert list(rows.columns) == register.COLUMNS


def test_every_text_is_filled(rows):
    words = rows[["what", "when", "figure", "source_id"]]
    assert words.notna().all(axis=None)
    assert (words != "").all(axis=None)
    for column in ("what", "when", "figure"):
        assert not rows[column].str.contains(r"\bnan\b|NaT|<NA>|[a-z]_", regex=True).any()


def test_a_row_without_a_number_has_no_qualifier(rows):
    told = rows["figure"].str.contains(r"\d", regex=True)
    assert told[rows["qualifier"].notna()].all()
    assert len(rows[rows["qualifier"].isna()]) == 70
    assert not rows.loc[rows["figure"].isin([register.NOT_A_NUMBER, display.UNKNOWN]), "qualifier"].notna().any()


# Read in the CSV files.
EXAMPLES = [
    (
        "rating_facts",
        "2018-19-cases-examined",
        "Round totals: Cases looked at in the 28 inspections of the first round",
        "October 2019",
        "about 6,000 cases",
        "Nearly this many.",
        "hmip-pr-summary-2019-10",
    ),
    (
        "staff",
        "line 2",
        "Probation trusts: sickness days per FTE, all grades",
        "May 2010",
        "8.1 days per year",
        "Yearly rate worked out from one month; only the first months of each year could be read.",
        "pq-2536",
    ),
    (
        "staffing_facts",
        "phone-gwent-other-contact",
        "Telephone supervision: Gwent: low-risk people who were also to see staff, such as for unpaid work",
        "19 April 2017",
        "about 33%",
        "One in three of the low-risk people.",
        "hmip-pr-gwent-2017",
    ),
    (
        "caseload",
        "line 3",
        "All probation: people supervised",
        "November 2011",
        "more than 200,000 people",
        "Round number for any one time; the source says over.",
        "pca-2011",
    ),
    (
        "workload",
        "line 3",
        "CRCs that used supervision by telephone: max cases, junior staff supervising remotely",
        "2017",
        "200 cases or more",
        "Or more each, supervised remotely.",
        "pa-2017-12-phone",
    ),
    (
        "workload_points",
        "hours-trade-union-work",
        "Hour reductions 2021: trade union work",
        "2021",
        "at most 50 percent of hours",
        "Most that may be taken out.",
        "gh-hmpps-workload",
    ),
    (
        "workload_points",
        "other-available-points",
        "Rule: points available",
        "2021",
        "in words",
        "Rule: the target, scaled down by part-time hours and then by the reductions in hours.",
        "gh-wmt-rules",
    ),
    (
        "tiering",
        "nps-protect-b",
        "NPS tiers (protect and change), B protect: Protect level B",
        "unknown",
        "20 to 149 points",
        "RSR of 7 per cent or more: 20; high risk of serious harm: 20",
        "gh-hmpps-tier",
    ),
    (
        "reoffending_national",
        "2000-01-quarter-juvenile",
        "Juvenile; England and Wales; three-month cohort",
        "Jan-Mar 2000",
        "40.25%",
        "",
        "moj-tables-2016-copy",
    ),
    (
        "reoffending_adjusted",
        "line 3",
        "Adult; England and Wales; three-month cohort",
        "Apr-Jun 2000",
        "30.82%, expected 31.94%, adjusted 32.61%",
        "",
        "moj-tables-2016-copy",
    ),
    (
        "reoffending_facts",
        "minister-binary-change",
        "Change since 2011: Change in the binary rate since the CRC contracts began, as told to the House of Commons",
        "24 April 2018",
        "-2 percentage points",
        "The minister added that frequency had risen since 2009. Rival sizes: 2.5 points (National Audit Office), "
        "2.1 (analyst).",
        "hansard-2018-04-24",
    ),
    (
        "money",
        "probation-budget-2010-11",
        "Budget: Opening budget of probation in England and Wales (2010-11)",
        "2010-11",
        "£884 million",
        "Before changes in the year.",
        "justcom-2011-introduction",
    ),
    (
        "regional_inspections",
        "wales-regional",
        "Wales region: regional inspection, Requires improvement",
        "1 October 2025 to 31 March 2026 (inferred)",
        "unknown",
        "No date read: late 2025 or early 2026.",
        "hmip-wales-region",
    ),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example[0]}-{example[1]}")
def test_worked_examples(rows, example):
    assert one(rows, *example[:2]) == example[2:]


def test_a_span_of_cases_keeps_its_hedge(rows):
    spans = rows[(rows["table"] == "workload") & rows["figure"].str.contains(" to ")]
    assert spans["figure"].tolist() == ["about 80 to 100 cases"]


def test_figures_of_units_name_their_inspection(rows):
    after = rows[rows["table"] == "after_figures"]
    units = after[after["what"].str.contains("inspection [12]")]
    assert len(units) == 33
    assert units["what"].str.endswith("Unit: Hertfordshire (East of England region, inspection 1)").sum() == 1
    assert after["what"].str.endswith("Units reported in 2022").sum() == 2
    assert (after["figure"] == "17 units").any() and (after["figure"] == "10 units (of 17)").any()


def test_bands_and_profiles_are_counts(rows):
    bands = rows[rows["table"] == "band_distribution"]
    assert bands["figure"].iloc[2] == "19 of 21"
    assert bands["when"].iloc[2] == "as of October 2019"
    assert one(rows, "band_profiles", "line 2")[2] == (
        "0 Outstanding, 1 Good, 5 Requires improvement, 4 Inadequate; 7 points"
    )


@pytest.mark.parametrize(
    ("precision", "date", "end", "words"),
    [
        ("day", "2019-02-15", None, "15 February 2019"),
        ("day", "2019-02-15", "2019-02-17", "15 February 2019 to 17 February 2019"),
        ("month", "2016-06-01", None, "June 2016"),
        ("quarter", "2016-07-01", "2016-09-30", "July to September 2016"),
        ("half_year", "2015-10-01", "2016-03-31", "October 2015 to March 2016"),
        ("year", "2016-01-01", "2016-12-31", "2016"),
        ("financial_year", "2015-04-01", "2016-03-31", "2015-16"),
        ("financial_year", "1999-04-01", None, "1999-00"),
        ("round", "2018-04-01", None, "round 2018-19"),
        ("interval", "2014-06-01", "2015-03-31", "1 June 2014 to 31 March 2015"),
        ("year", "2025-01-01", "2024-12-31", "2025 (to 31 December 2024)"),
        ("interval", None, "2020-12-31", "to December 2020"),
        ("unknown", None, None, "unknown"),
    ],
)
def test_a_period_is_said_as_precisely_as_it_is_known(precision, date, end, words):
    rows = pd.DataFrame({"date": [date], "date_precision": precision, "date_end": [end]}, index=[7])
    rows[["date", "date_end"]] = rows[["date", "date_end"]].astype("datetime64[us]")
    assert register.periods(rows).to_dict() == {7: words}


@pytest.mark.parametrize(
    ("value", "qualifier", "unit", "words"),
    [
        (342, "at_most", "GBP million", "at most £342 million"),
        (367628, "exact", "GBP", "£367,628"),
        (1, "exact", "reviews", "1 review"),
        (1, "exact", "companies", "1 company"),
        (1, "at_least", "contacts a month", "1 contact a month or more"),
        (2.1, "exact", "points", "2.1 points"),
        (1.5, "about", "percent", "about 1.5%"),
        (float("nan"), float("nan"), float("nan"), "unknown"),
    ],
)
def test_a_figure_keeps_hedge_and_unit(value, qualifier, unit, words):
    assert register.figures(pd.Series([value]), pd.Series([qualifier]), pd.Series([unit])).tolist() == [words]


def test_every_hedge_is_told(rows):
    composed = rows["table"].isin(["tiering", "case_quality", "after_figures"])
    for qualifier, form in display.HEDGES.items():
        told = rows[(rows["qualifier"] == qualifier) & ~composed]
        before, _, behind = form.partition("{}")
        assert told["figure"].str.startswith(before).all()
        assert told["figure"].str.endswith(behind).all()


def test_a_cohort_that_says_other_days_than_its_dates_shows_both(tables):
    national = timeline.without_categories(tables["reoffending_national"]).copy()
    assert not register._cohort(national).str.contains("(", regex=False).any()
    national.loc[0, ["date", "date_end"]] = [pd.Timestamp("2001-01-01"), pd.Timestamp("2001-03-31")]
    national.loc[1, "cohort"] = "Jan-Mar 2009"
    assert register._cohort(national)[:2].tolist() == [
        "Jan-Mar 2000 (January to March 2001)",
        "Jan-Mar 2009 (January to March 2000)",
    ]


def test_missing_tables_are_named(tables):
    with pytest.raises(KeyError, match="staff, money"):
        register.register({name: table for name, table in tables.items() if name not in ("staff", "money")})


def sample(**columns):
    base = {"date": pd.Timestamp("2016-01-01"), "date_end": pd.Timestamp("2016-12-31"), "when": "2016", "note": ""}
    return pd.DataFrame({**base, "source_id": "s", "other_source_ids": "", **columns})


def test_listed_names_every_document_and_leaves_out_what_is_empty():
    rows = sample(what=["a", "b"], figure=["1", "2"], other_source_ids=["t u", ""])
    assert register.listed(rows).to_dict("list") == {
        "what": ["a", "b"],
        "when": ["2016", "2016"],
        "figure": ["1", "2"],
        "source": ["s; also t u", "s"],
    }
    assert list(register.listed(rows, "source")) == ["what", "when", "figure"]


def test_crossed_sets_words_side_by_side():
    rows = sample(what=["A: men", "A: women", "B: men"], figure=["1", "2", "3"], note=["x.", "y.", "x."])
    found = register.crossed(rows, "tail", ": ")
    assert found.to_dict("list") == {
        "what": ["A", "B"],
        "when": ["2016", "2016"],
        "men. x.": ["1", "3"],
        "women. y.": ["2", ""],
        "source": ["s", "s"],
    }
    rows["note"] = ["x.", "y.", ""]
    assert register.crossed(rows, "tail", ": ")[["what", "note", "men", "women"]].to_numpy().tolist() == [
        ["A", "x.", "1", ""],
        ["A", "y.", "", "2"],
        ["B", "", "3", ""],
    ]


def test_crossed_by_period_runs_in_order_of_time_and_says_each_note_once():
    rows = sample(what="a", figure=["2", "1", "3"], when=["2017", "2016", "2016"], note=["x.", "x. Part year.", "x."])
    rows["date"] = pd.to_datetime(["2017-01-01", "2016-01-01", "2016-01-01"])
    assert register.crossed(rows, "when").to_dict("list") == {
        "what": ["a"],
        "2016": ["1 / 3"],
        "2017": ["2"],
        "note": ["x. Part year."],
        "source": ["s"],
    }


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("mn"), st.integers(0, 99)), min_size=1, max_size=8))
def test_crossing_loses_no_figure(cells):
    rows = sample(what=[f"{who}: {of}" for who, of, _ in cells], figure=[f"<{n}>" for *_, n in cells])
    for across in ("head", "tail", "when"):
        found = register.crossed(rows, across, ": ").drop(columns=["what", "source"]).to_numpy().ravel()
        assert sorted(" / ".join(map(str, found)).replace("2016", "").count(f"<{n}>") for n in range(100)) == sorted(
            [n for *_, n in cells].count(n) for n in range(100)
        )


def test_publishers_hold_every_figure_of_a_theme(rows):
    sources = data.load("sources")
    for theme in ["", *rows["theme"].unique()]:
        found = register.publishers(rows, sources, theme)
        numbers = rows[rows["qualifier"].notna() & (rows["theme"].eq(theme) | (theme == ""))]
        assert found["total"].sum() == len(numbers)
        assert found["exact"].sum() == (numbers["qualifier"] == "exact").sum()
        assert len(found) <= 9
    assert register.publishers(rows, sources)["total"].iloc[0] == 469


def test_measures_that_carry_on_and_standards(tables):
    found = register.continued(tables["after_measures"])
    assert len(found) == 15
    assert found["table"].value_counts().to_dict() == {"staff": 10, "caseload": 3, "workload": 2}
    standards = register.standards_listed(tables["standards"])
    assert standards.set_index("standard").loc["4.1", "name"] == "Unpaid work"
    assert standards["code"].value_counts().to_dict() == {"stated": 11, "inferred": 2}


def test_contract_performance_keeps_its_sign_and_its_denominator(rows):
    found = one(rows, "contract_performance", "2016-q3-crcs-breach-referral")
    assert found[0].endswith("Referral of breaches against its target")
    assert found[1:3] == ("July to September 2016", "-17 percentage points")
    near = one(rows, "contract_performance", "2016-q3-crcs-measures-near-target")
    assert near[2] == "9 measures (of 18)"


def test_known_totals(rows, tables):
    numbers = rows[rows["qualifier"].notna()]
    assert (len(rows), rows["table"].nunique(), len(numbers)) == (1887, 17, 1817)
    assert (numbers["qualifier"] == "exact").sum() == 1601
    assert numbers["source_id"].nunique() == 336
    marked = [table["rival_group"].dropna() for table in tables.values() if "rival_group" in table]
    assert (sum(map(len, marked)), sum(group.nunique() for group in marked)) == (71, 23)


@pytest.mark.parametrize("theme", ["", "Ratings", "Staff", "Caseload", "Reoffending", "Money and contracts"])
def test_each_theme_says_its_totals(rows, theme):
    explorer = cells.explorers("11")["whose-explorer"]
    numbers = rows[rows["qualifier"].notna() & (rows["theme"].eq(theme) | (theme == ""))]
    assert f" of {len(numbers):,} figures" in explorer.finding({"theme": theme})
    assert explorer.matching({"theme": theme})["total"].sum() == len(numbers)


def test_what_all_rows_share_stands_in_the_caption():
    rows = pd.DataFrame({"what": ["<a>", "b"], "when": "2016", "figure": ["1", "2"], "note": ["", "n"], "source": "s"})
    shown = register.folded(rows, "Two")
    assert shown.markup == (
        "<details><summary>Two (2016; s) (2 rows)</summary><table><caption>Two (2016; s)</caption><thead><tr>"
        '<th scope="col" style=text-align:left>what</th><th scope="col">figure</th>'
        '<th scope="col" style=text-align:left>note</th></tr></thead><tbody>'
        "<tr><th style=text-align:left>&lt;a&gt;</th><td>1</td><td></td></tr>"
        "<tr><th style=text-align:left>b</th><td>2</td><td style=text-align:left>n</td></tr></tbody></table></details>"
    )
