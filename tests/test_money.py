"""Money and targets: known sums, rivals kept apart, no row lost, hedges kept."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import money
from helpers.data import load
from helpers.display import HEDGES
from helpers.explorer import NOTHING
from tests import cells


@pytest.fixture(scope="module")
def figures():
    return money.figures(load("money"), load("contract_performance"), load("reoffending_facts"))


@pytest.fixture(scope="module")
def paths(figures):
    return money.paths(figures)


def value(figures, figure_id):
    return figures.set_index("figure_id").loc[figure_id, "value"]


# ------------------------------------------------------------------------------------------- rows


def test_every_row_of_the_tables_is_a_figure(figures):
    tables = {name: load(name) for name in ("money", "contract_performance", "reoffending_facts")}
    counts = figures["table"].value_counts()
    assert counts["money"] == len(tables["money"]) == 62
    assert counts["contract_performance"] == len(tables["contract_performance"]) == 71
    assert counts["reoffending_facts"] == tables["reoffending_facts"]["value"].notna().sum()
    amounts = figures.loc[figures["table"] == "money", "value"]
    assert math.isclose(amounts.sum(), tables["money"]["amount"].sum())


def test_every_figure_has_its_period_and_source(figures):
    shown = money.everything(figures)
    assert (shown["period"].str.len() > 0).all()
    assert shown["source_id"].isin(load("sources")["source_id"]).all()


def test_the_table_of_everything_loses_no_amount_and_nothing_shown(figures, paths):
    shown = money.everything(figures)
    others = paths[paths["table"] != "money"]
    assert len(shown) == 62 + len(others) + len(money.QUOTED)
    assert set(money.choose(figures, paths["figure_id"].tolist())["what"]) <= set(shown["what"])


def test_an_identifier_in_two_tables_is_refused():
    rows = load("money").head(1)
    other = load("contract_performance").head(1).assign(contract_performance_id=rows["money_id"].iloc[0])
    with pytest.raises(ValueError, match=r"probation-budget-2010-11 in money and contract_performance.*Rename"):
        money.figures(rows, other, load("reoffending_facts").head(0))


def test_a_figure_that_does_not_exist_is_named(figures):
    with pytest.raises(ValueError, match=r"no-such-row.*helpers/money.py"):
        money.choose(figures, ["extra-payments-total", "no-such-row"])


# --------------------------------------------------------------------------------------------- sums


@pytest.mark.parametrize(
    ("total", "parts", "sum"),
    [
        ("extra-cost-to-taxpayers", [171, 296], 467),
        ("service-credits-charged", [4.1, 3.3], 7.4),
        ("extra-payments-total", [42, 22, 278], 342),
    ],
)
def test_published_totals_are_the_sum_of_their_parts(figures, total, parts, sum):
    rows = money.stated_sums(figures).query("total_id == @total")
    assert rows["value"].tolist() == parts
    assert rows["computed"].unique().tolist() == rows["stated"].unique().tolist() == [sum]
    assert rows["agrees"].all()
    assert rows["share_start"].iloc[0] == 0
    assert math.isclose(rows["share_end"].iloc[-1], 100)


def test_a_total_that_does_not_add_up_is_said_to_be_wrong(figures):
    wrong = figures.assign(value=figures["value"].mask(figures["figure_id"] == "extra-cost-stabilising", 297))
    sums = money.stated_sums(wrong).query("total_id == 'extra-cost-to-taxpayers'")
    assert not sums["agrees"].any()
    assert sums[["stated", "computed"]].drop_duplicates().values.tolist() == [[467, 468]]


def test_no_sum_takes_in_a_rival_of_one_of_its_parts(figures):
    groups = figures.set_index("figure_id")["rival_group"]
    for total, parts in money.SUMS.items():
        among = groups.loc[[total, *parts]].dropna()
        assert among.is_unique, total


# ------------------------------------------------------------------------------------------- rivals


def test_each_path_draws_each_figure_once(paths):
    assert not paths["figure_id"].duplicated().any()
    assert len(paths) == sum(map(len, money.PATHS.values()))
    for _, rows in paths.groupby("path"):
        assert rows["slot"].tolist() == [*range(1, len(rows) + 1)]


def test_rivals_stand_together_and_complete(figures, paths):
    for theme, rows in paths.groupby("path"):
        for group, members in rows[rows["rivals"] != ""].groupby("rivals"):
            assert members["slot"].max() - members["slot"].min() + 1 == len(members), (theme, group)
            assert len(set(members["rival_group"])) == 1
            everywhere = figures["rival_group"] == members["rival_group"].iloc[0]
            assert everywhere.sum() == len(members), (theme, group)


def test_the_nine_values_of_the_contracts_stay_nine(paths):
    rows = paths[paths["rival_group"] == "crc-contract-value"]
    assert rows["value"].tolist() == [5000, 20000, 450, 8000, 3700, 2100, 2500, 2500, 2300]
    assert set(rows["rivals"]) == {"A"}


def test_a_new_rival_amount_must_be_placed(figures, paths):
    marked = figures[figures["rival_group"].notna() & (figures["theme"] != "pilots")]
    missing = set(marked["figure_id"]) - set(paths["figure_id"])
    assert not missing, f"put into PATHS of helpers/money.py, beside its rivals: {missing}"


def test_amounts_of_the_four_themes_are_on_a_path_or_belong_to_one_owner(figures, paths):
    themes = ["contract value", "extra payments", "penalties"]
    left = set(figures.loc[figures["theme"].isin(themes), "figure_id"]) - set(paths["figure_id"])
    assert left == {
        "interserve-crc-contracts",
        "working-links-crc-contracts",
        "work-proposed-for-tender-2019",
        "rehabilitation-contracts-2021",
    }


# -------------------------------------------------------------------------------------------- stages


def test_an_outcome_was_published_when_its_period_was_over(paths):
    published = load("sources").set_index("source_id")["published"]
    told = paths["source_id"].map(published)
    known = paths["date_end"].notna() & told.notna()
    year = pd.to_numeric(told.str[:4])
    early = known & (paths["stage"] == money.OUTCOME) & (paths["date_end"].dt.year > year)
    assert paths.loc[early, "figure_id"].tolist() == []
    to_the_day = pd.to_datetime(told.where(told.str.len() == 10))
    late = known & (paths["stage"] == money.FORECAST) & (paths["date_end"] <= to_the_day)
    assert paths.loc[late, "figure_id"].tolist() == []


def test_dated_figures_of_a_stage_stand_in_order_of_date(paths):
    dated = paths[paths["date"].notna() & ~paths["date_precision"].isin(["interval"]) & (paths["rivals"] == "")]
    for key, rows in dated.groupby(["path", "stage"]):
        assert rows["date"].is_monotonic_increasing, key


# --------------------------------------------------------------------------------------------- hedges


@pytest.mark.parametrize(
    ("figure_id", "words", "position", "arrow", "hollow"),
    [
        ("payments-to-crcs-first-projection", "at most £3,700 million", 3700, "left", True),
        ("extra-cost-to-taxpayers", "£467 million or more", 467, "right", True),
        ("bail-outs-press-total", "more than £500 million", 500, "right", True),
        ("penalties-owed-press", "about £110 million", 110, "", True),
        ("crc-losses-recorded", "more than £100 million", -100, "left", True),
        ("crc-losses-forecast-before-2017-changes", "£443 million", -443, "", False),
        ("crc-profit-first-forecast", "£269 million", 269, "", False),
        ("2016-04-nps-service-levels-met", "7 of 18 (39%)", 100 * 7 / 18, "", False),
        ("2017-10-crcs-payment-due", "13 of 21", 13, "", False),
        ("minister-binary-change", "2 percentage points", 2, "", False),
    ],
)
def test_a_hedge_stays_with_its_figure(figures, figure_id, words, position, arrow, hollow):
    row = money.for_rows(money.choose(figures, [figure_id])).iloc[0]
    assert (row["words"], row["arrow"], row["hollow"]) == (words, arrow, hollow)
    assert math.isclose(row["position"], position)


def test_an_unknown_denominator_has_no_position(figures):
    row = money.for_rows(money.choose(figures, ["2015-12-crcs-service-levels-met"])).iloc[0]
    assert pd.isna(row["position"])
    assert row["hollow"]
    assert row["words"] == "7 of an unknown number"


@settings(deadline=None, max_examples=50)
@given(st.floats(0.01, 1e5), st.sampled_from(sorted(HEDGES)), st.booleans())
def test_arrows_point_away_from_zero_for_lower_bounds_and_towards_it_for_upper(amount, qualifier, loss):
    row = {
        "figure_id": "x",
        "what": "Losses" if loss else "Profit",
        "value": amount,
        "qualifier": qualifier,
        "of": math.nan,
        "unit": money.POUNDS,
        "rival_group": None,
    }
    drawn = money.for_rows(pd.DataFrame([row])).iloc[0]
    assert drawn["position"] == (-amount if loss else amount)
    outward = "left" if loss else "right"
    inward = "right" if loss else "left"
    expected = outward if qualifier in money.LOWER else inward if qualifier in money.UPPER else ""
    assert drawn["arrow"] == expected


# ------------------------------------------------------------------------------------ single analyses


def test_volume_ranges(figures):
    rows = money.volume_ranges(figures)
    assert rows[["low", "high"]].astype(object).where(rows[["low", "high"]].notna(), None).to_numpy().tolist() == [
        [None, 34],
        [6, 36],
        [None, 48],
        [16, 48],
    ]
    assert rows["words"].tolist() == ["at most 34%", "6% to 36%", "48%", "16% to 48%"]
    assert rows["rivals"].tolist() == ["A", "A", "B", "B"]


def test_service_levels_name_their_body(figures):
    what = money.path(figures, "service levels").set_index("figure_id")["what"]
    assert what["2016-04-nps-service-levels-met"] == "Service levels at or above target (NPS)"
    assert what["2015-12-crcs-service-levels-met"] == "Service levels at or above target (CRC)"
    assert what.str.contains("CRC|NPS").all()


def test_penalty_shares_stand_side_by_side(figures):
    rows = money.penalty_shares(figures)
    assert rows["value"].tolist() == [44.6, 71]
    assert rows["rivals"].tolist() == ["A", "A"]


def test_service_levels_leave_out_what_is_no_count_of_levels_met(figures):
    rows = money.service_levels(figures)
    assert rows["body"].tolist() == ["CRC", "NPS", "CRC", "CRC", "CRC", "CRC"]
    assert not rows["what"].str.contains("robust|SL00").any()
    assert rows["position"].round(1).fillna(-1).tolist() == [-1, 38.9, 50, 33.3, 33.3, 16.7]


@pytest.mark.parametrize(
    ("date", "precision", "end", "words"),
    [
        ("2016-07-01", "quarter", "2016-09-30", "July to September 2016"),
        ("2017-04-01", "financial_year", "2018-03-31", "2017-18"),
        ("1999-04-01", "financial_year", None, "1999-00"),
        ("2015-01-01", "year", None, "2015"),
        ("2015-12-01", "month", None, "December 2015"),
        ("2017-06-30", "day", None, "30 June 2017"),
        (None, "interval", "2018-01-31", "to January 2018"),
        (None, "unknown", None, "date not known"),
    ],
)
def test_periods_in_words(date, precision, end, words):
    assert money.period_in_words(pd.Timestamp(date), precision, pd.Timestamp(end)) == words


# --------------------------------------------------------------------------------------------- words


def test_every_identifier_in_two_tables_is_named():
    rows = load("money").head(2)
    other = load("contract_performance").head(2).assign(contract_performance_id=rows["money_id"].tolist())
    first, second = sorted(rows["money_id"])
    told = f"own: {first} in money and contract_performance; {second} in money and contract_performance. Rename"
    with pytest.raises(ValueError, match=told):
        money.figures(rows, other, load("reoffending_facts").head(0))


# ------------------------------------------------------------------------------- what the notebook draws


def test_each_theme_is_drawn_row_by_row(figures):
    sources = load("sources")
    for theme in money.PATHS:
        rows = money.path(figures, theme)
        drawn = money.to_draw(rows, sources)
        assert drawn["words"].tolist() == rows["words"].tolist()
        assert drawn["row"].tolist() == list(range(1, len(rows) + 1))
        bounds = drawn["qualifier"].isin(["at_least", "at_most"])
        assert (bounds == (rows["arrow"] != "")).all()
        assert (drawn["qualifier"].ne("exact") == rows["hollow"]).all()


def test_labels_hold_period_and_publisher(figures):
    drawn = money.to_draw(money.path(figures, "penalties"), load("sources"))
    assert "July 2015 to March 2018 · UK Parliament" in drawn["label"].iloc[0].replace("\n", " ")
    assert drawn["label"].str.count("\n").max() < 4


def test_explorer_holds_every_figure_once(figures):
    explorer = cells.explorers("07")["plan-explorer"]
    assert len(explorer.every) == len(money.paths(figures))
    assert set(explorer.every["theme"]) == set(money.PATHS)
    assert explorer.finding({"theme": "penalties", "made": money.PLANNED}) == NOTHING
    assert explorer.finding({"theme": "penalties", "made": ""}).startswith("4 published figures")
    assert explorer.finding({"theme": "penalties", "made": ""}).endswith("2 of them have a rival.")
