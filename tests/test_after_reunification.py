"""Probation since June 2021: totals known from the notes, worked examples, and properties."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import after_reunification as after
from helpers.data import load
from helpers.explorer import NOTHING
from helpers.ratings import BANDS
from tests import cells


@pytest.fixture(scope="module")
def tables():
    return {name: load(name) for name in after.TABLES}


@pytest.fixture(scope="module")
def inspected(tables):
    return after.inspections(tables)


def made(*rows):
    """Inspections from (unit, programme, band, date), in the columns the analysis reads."""
    frame = pd.DataFrame(rows, columns=["delivery_unit_id", "programme", "band", "middle"])
    frame["middle"] = pd.to_datetime(frame["middle"])
    return frame.assign(
        unit=frame["delivery_unit_id"],
        region="Wales",
        region_id="region-wales",
        programme_name=frame["programme"].map(after.PROGRAMMES),
        period_start=frame["middle"],
        period_end=frame["middle"],
        band_score=frame["band"].map({band: 3 - place for place, band in enumerate(BANDS)}),
        inspection_number=frame.groupby("delivery_unit_id").cumcount() + 1,
    )


# ------------------------------------------------------------------------------------------ totals


def test_every_inspection_is_there_once(inspected):
    assert len(inspected) == inspected["inspection_id"].nunique() == 78
    assert inspected["delivery_unit_id"].nunique() == 65
    assert inspected["band"].value_counts().to_dict() == {
        "Inadequate": 39, "Requires improvement": 38, "Good": 1
    }  # fmt: skip


def test_the_seventeen_of_2022_agree_with_the_inspectorate(tables, inspected):
    reports = inspected[inspected["period_start"].dt.year == 2022]
    assert reports["band"].value_counts().to_dict() == {"Inadequate": 10, "Requires improvement": 6, "Good": 1}
    figures = tables["after_figures"].set_index("figure_id")["value"]
    assert figures["delivery-unit-reports-published-units-reported-in-2022-2022"] == len(reports)
    assert figures["delivery-units-inadequate-units-reported-in-2022-2022"] == 10


@pytest.mark.parametrize(
    ("programme", "year", "counts"),
    [
        ("nine_standards", 2023, {"Inadequate": 7, "Requires improvement": 12}),
        ("seven_standards", None, {"Inadequate": 22, "Requires improvement": 20}),
    ],
)
def test_bands_of_the_programmes(inspected, programme, year, counts):
    rows = inspected[inspected["programme"] == programme]
    rows = rows[rows["period_start"].dt.year == year] if year else rows
    assert rows["band"].value_counts().to_dict() == counts


def test_three_regions_of_the_annual_report_lack_one_unit(inspected):
    later = inspected[inspected["programme"] == "seven_standards"]
    three = later[later["region"].isin(["Kent, Surrey and Sussex", "East of England", "Yorkshire and the Humber"])]
    assert three["band"].value_counts().to_dict() == {"Inadequate": 14, "Requires improvement": 9}


def test_units_inspected_twice(inspected):
    pairs = after.reinspections(inspected).set_index("delivery_unit_id")
    assert len(pairs) == 13
    assert set(pairs.index[pairs["change"] == "up"]) == {
        "pdu-essex-north", "pdu-swansea-neath-port-talbot", "pdu-west-kent"
    }  # fmt: skip
    assert set(pairs.index[pairs["change"] == "down"]) == {
        "pdu-north-and-north-east-lincolnshire", "pdu-northamptonshire", "pdu-south-tyneside-and-gateshead"
    }  # fmt: skip
    assert (pairs["second_date"] > pairs["first_date"]).all()
    assert (pairs["second_programme"] == "seven_standards").all()


def test_regions_without_the_later_programme(tables, inspected):
    coverage = after.region_coverage(inspected, tables["providers"])
    assert coverage["inspections"].sum() == 78
    none = coverage[(coverage["programme"] == "seven_standards") & (coverage["inspections"] == 0)]
    assert set(none["region"]) == {
        "London", "West Midlands", "North West", "Greater Manchester", "South West", "South Central"
    }  # fmt: skip


def test_printed_scores(inspected):
    points = after.points_share(inspected)
    assert sorted(points.loc[points["max_points"] == 27, "points"]) == [0, 1, 2, 2, 3, 3]
    assert points["one_scale"].all()


# ------------------------------------------------------------------------------------------ scales


def test_a_score_without_a_maximum_has_no_share(inspected):
    points = after.points_share(inspected)
    unknown = points[points["share_of_points"].isna()]
    assert unknown["inspection_id"].tolist() == ["pdu-east-and-west-lincolnshire-1"]
    known = points.dropna(subset=["share_of_points"])
    assert known["share_of_points"].tolist() == pytest.approx((100 * known["points"] / 27).tolist())


def test_two_scales_are_flagged(inspected):
    other = inspected.copy()
    row = other.index[other["inspection_id"] == "pdu-east-and-west-lincolnshire-1"]
    other.loc[row, ["max_points", "share_of_points"]] = [21, 100 * 2 / 21]
    assert not after.points_share(other)["one_scale"].any()


def test_a_unit_without_a_region_is_named(tables):
    broken = {**tables, "delivery_units": tables["delivery_units"].iloc[1:]}
    with pytest.raises(ValueError, match="barking-dagenham-and-havering-1"):
        after.inspections(broken)


# ------------------------------------------------------------------------------------------ uncertainty


def test_wilson_interval_of_the_bands(inspected):
    rows = after.band_shares(inspected).set_index(["programme_name", "band"])
    earlier = rows.loc[(after.PROGRAMMES["nine_standards"], "Inadequate")]
    # Wilson (1927) written out: (p + z2/2n -+ z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n)
    n, p, z = 36, 17 / 36, 1.959963984540054
    centre, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert earlier[["low", "high"]].tolist() == pytest.approx(
        [100 * (centre - half) / (1 + z**2 / n), 100 * (centre + half) / (1 + z**2 / n)]
    )
    assert len(rows) == 8
    assert rows.groupby("programme_name")["inspections"].sum().tolist() == [36, 42]
    assert rows["low"].min() == 0


def test_gap_in_both_selections(inspected):
    every, both = (row for _, row in after.programme_gap(inspected).iterrows())
    assert (every["earlier"], every["earlier_of"], every["later"], every["later_of"]) == (17, 36, 22, 42)
    assert (both["earlier"], both["earlier_of"], both["later_of"]) == (7, 14, 42)
    for row in (every, both):
        assert row["difference_lower"] < row["difference"] < row["difference_upper"]
        assert row["difference"] == pytest.approx(
            100 * (row["later"] / row["later_of"] - row["earlier"] / row["earlier_of"])
        )


def test_gap_turns_round_with_the_programmes():
    rows = [(f"u{i}", "nine_standards", "Inadequate" if i < 3 else "Good", "2022-06-01") for i in range(10)]
    rows += [(f"v{i}", "seven_standards", "Inadequate" if i < 8 else "Good", "2024-06-01") for i in range(10)]
    forward = after.programme_gap(made(*rows)).iloc[0]
    swapped = {"nine_standards": "seven_standards", "seven_standards": "nine_standards"}
    back = after.programme_gap(made(*((u, swapped[p], b, d) for u, p, b, d in rows))).iloc[0]
    assert forward["difference"] == pytest.approx(50)
    assert back["difference"] == pytest.approx(-50)
    assert back["difference_upper"] == pytest.approx(-forward["difference_lower"])


def test_trend_finds_a_trend_that_is_there():
    days = pd.date_range("2022-01-01", periods=60, freq="15D")
    bad = np.random.default_rng(1).random(60) < np.linspace(0.95, 0.05, 60)
    rows = [(f"u{i}", "nine_standards", "Inadequate" if bad[i] else "Good", day) for i, day in enumerate(days)]
    trend = after.band_trend(made(*rows))
    assert (trend["odds_high"] < 1).all()
    assert (trend["spearman"] > 0).all()
    assert trend["loosely_dated"].eq(0).all()


def test_no_trend_in_the_inspections_is_certain(inspected):
    trend = after.band_trend(inspected)
    assert (trend["inspections"] == 78).all()
    assert ((trend["odds_low"] < 1) & (trend["odds_high"] > 1)).all()


def test_trend_needs_two_bands():
    rows = [(f"u{i}", "nine_standards", "Inadequate", "2022-01-01") for i in range(5)]
    with pytest.raises(ValueError, match="some inspections and not of others"):
        after.band_trend(made(*rows))


def test_sign_test_worked_example():
    """Nine of ten in one direction: p = 2 (1 + 10) / 2**10 = 0.0215 (any table of the binomial)."""
    found = after.sign_test(pd.DataFrame({"change": ["up"] * 9 + ["down"] + ["same"] * 4}))
    assert found["p"] == pytest.approx(22 / 1024)
    assert (found["moved"], found["same"]) == (10, 4)


def test_sign_test_without_a_move():
    found = after.sign_test(pd.DataFrame({"change": ["same"] * 3}))
    assert found["moved"] == 0
    assert np.isnan(found["p"])


@given(st.lists(st.sampled_from(list(after.PROGRAMMES)), min_size=1, max_size=30), st.data())
@settings(max_examples=40, deadline=None)
def test_band_shares_are_a_partition(programmes, data):
    rows = [
        (f"u{i}", programme, data.draw(st.sampled_from(BANDS)), "2023-01-01") for i, programme in enumerate(programmes)
    ]
    shares = after.band_shares(made(*rows))
    assert shares.groupby("programme_name")["share"].sum().to_numpy() == pytest.approx(100)
    assert ((shares["low"] <= shares["share"] + 1e-9) & (shares["share"] <= shares["high"] + 1e-9)).all()
    assert shares["inspections"].sum() == len(rows)


# ------------------------------------------------------------------------------------------ standards


def test_standards_in_print(tables, inspected):
    found = after.standards_distribution(tables["delivery_unit_standards"], inspected)
    given = found.drop_duplicates("programme").set_index("programme")
    assert given["possible"].to_dict() == {"nine_standards": 36 * 9, "seven_standards": 42 * 7}
    assert found["ratings"].sum() == tables["delivery_unit_standards"]["standards"].sum() == 89
    assert (found["of_them_named"] <= found["ratings"]).all()
    most = found.groupby("programme")["ratings"].sum()
    assert (most <= given["possible"]).all()


def test_a_unit_never_has_more_ratings_than_standards(tables, inspected):
    rows = tables["delivery_unit_standards"].merge(inspected[["inspection_id", "programme"]], on="inspection_id")
    totals = rows.groupby(["inspection_id", "programme"])["standards"].sum().reset_index()
    assert (totals["standards"] <= totals["programme"].map({"nine_standards": 9, "seven_standards": 7})).all()
    complete = totals[totals["standards"] == totals["programme"].map({"nine_standards": 9, "seven_standards": 7})]
    assert {"pdu-bradford-and-calderdale-1", "pdu-east-and-west-lincolnshire-1"} <= set(complete["inspection_id"])


# ------------------------------------------------------------------------------------------ cases


def test_findings_are_turned_round_with_their_hedge(tables):
    rows = after.case_findings(tables).set_index("figure_id")
    london = rows.loc["domestic-abuse-enquiries-missing-six-london-units-inspected-in-2022-2022-11"]
    assert (london["value"], london["sufficient"], london["turned"]) == (64, 36, True)
    units_2022 = rows.loc["risk-of-harm-work-sufficient-units-inspected-in-2022-2022"]
    assert (units_2022["sufficient"], units_2022["sufficient_qualifier"]) == (50, "less_than")
    assert rows["sufficient"].between(0, 100).all()


def test_an_interval_needs_an_exact_figure_and_its_cases(tables):
    rows = after.case_findings(tables)
    bounded = rows[rows["low"].notna()]
    assert (bounded["qualifier"] == "exact").all()
    assert bounded["of"].notna().all()
    llr = bounded[bounded["measure"] == "identified_risk_management_sufficient"].iloc[0]
    assert llr["sufficient"] == pytest.approx(100 * 34 / 93)
    assert llr["low"] < llr["sufficient"] < llr["high"]


def test_risk_of_harm_assessment(tables):
    rows = after.case_findings(tables)
    rows = rows[(rows["measure"] == "risk_of_harm_assessment_sufficient") & (rows["level"] == "national")]
    assert rows.set_index("period")["sufficient"].to_dict() == {"before": 60, "since": 28}


# ------------------------------------------------------------------------------------------ series


def test_officers_run_across_both_tables(tables):
    series = after.measure_series(tables, "probation_officers_in_post")
    values = series.groupby("period_end")["value"].apply(list)
    assert values[pd.Timestamp("2022-03-31")] == [4338]
    assert values[pd.Timestamp("2025-06-30")] == [5519]
    assert values[pd.Timestamp("2023-06-30")] == [4418, 4627]
    assert series.loc[series["period_end"] == "2023-06-30", "rival"].all()
    assert set(series["table"]) == {"after_figures", "staff"}


def test_no_figure_stands_twice(tables):
    for measure in tables["after_measures"]["measure"]:
        series = after.measure_series(tables, measure)
        assert not series.duplicated(["period_start", "period_end", "value"]).any(), measure


def test_measures_read_together_are_as_each_alone(tables):
    measures = ("people_supervised", "probation_officer_vacancy_rate", "all_staff_in_post")
    together = after.measure_series(tables, *measures, national=None)
    assert together["measure"].unique().tolist() == list(measures)
    for measure in measures:
        for national in (True, False):
            rows = together[(together["measure"] == measure) & (together["national"] == national)]
            alone = after.measure_series(tables, measure, national=national)
            pd.testing.assert_frame_equal(rows.reset_index(drop=True), alone, check_dtype=False)
    national = together[together["national"]]
    changes = after.change_since(national).set_index("measure")
    for measure, rows in national.groupby("measure"):
        pd.testing.assert_series_equal(changes.loc[measure], after.change_since(rows).set_index("measure").loc[measure])


def test_an_unknown_measure_is_named(tables):
    with pytest.raises(ValueError, match="officers_in_space"):
        after.measure_series(tables, "officers_in_space")


def test_rivals_at_an_end_give_a_range(tables):
    change = after.change_since(after.measure_series(tables, "all_staff_in_post")).iloc[0]
    assert (change["first_low"], change["first_high"], change["last_low"]) == (16711, 17648, 20823)
    assert (change["change_low"], change["change_high"]) == (20823 - 17648, 20823 - 16711)
    assert change["direction"] == "rise"


def test_a_change_needs_two_dates(tables):
    with pytest.raises(ValueError, match="has 1 exact dates since June 2021"):
        after.change_since(after.measure_series(tables, "people_sentenced_to_unpaid_work"))


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.floats(1, 1e5), st.floats(0, 1e5))
@settings(max_examples=60, deadline=None)
def test_the_range_of_a_change_holds_every_pair(first, first_rival, last, last_rival):
    series = pd.DataFrame(
        {
            "measure": "m", "name": "m", "unit": "FTE", "better": "higher", "qualifier": "exact", "period": "since",
            "value": [first + 1, first_rival + 1, last, last_rival],
            "period_start": pd.to_datetime(["2022-03-31"] * 2 + ["2023-03-31"] * 2),
            "period_end": pd.to_datetime(["2022-03-31"] * 2 + ["2023-03-31"] * 2),
        }
    )  # fmt: skip
    change = after.change_since(series).iloc[0]
    for then in (first + 1, first_rival + 1):
        for now in (last, last_rival):
            assert change["change_low"] - 1e-6 <= now - then <= change["change_high"] + 1e-6


def test_hedged_figures_do_not_set_an_end():
    series = pd.DataFrame(
        {
            "measure": "m", "name": "m", "unit": "FTE", "better": "higher", "period": "since",
            "qualifier": ["about", "exact", "exact", "more_than"], "value": [1.0, 10, 20, 99],
            "period_start": pd.date_range("2022-01-01", periods=4),
            "period_end": pd.date_range("2022-01-01", periods=4),
        }
    )  # fmt: skip
    change = after.change_since(series).iloc[0]
    assert (change["first_low"], change["last_high"]) == (10, 20)


def test_published_vacancy_rates_fit_their_counts(tables):
    check = after.vacancy_check(tables).set_index("date")
    assert check.loc["2023-03-31", "from_counts"] == pytest.approx(100 * 1745 / 6158)
    assert check.loc["2025-03-31", "from_counts"] == pytest.approx(100 * 1479 / (5636 + 1479))
    assert (check["difference"].abs() < 1).all()


def test_regional_vacancies(tables):
    rows = after.regional_vacancies(tables)
    assert len(rows) == 12
    assert rows["region"].iloc[0] == "London"
    assert rows["value"].sum() == 1286
    assert (rows["value"] == 0).sum() == 2


def test_published_rises_in_recalls_fit_the_counts(tables):
    rows = after.recalls(tables).dropna(subset=["change_on_year", "published_change_on_year"])
    assert len(rows) >= 3
    assert (rows["change_on_year"] - rows["published_change_on_year"]).abs().max() < 0.5


def test_recalls_per_thousand(tables):
    rows = after.recalls(tables).set_index("quarter")
    assert rows.loc["Apr-Jun 2025", "recalls_per_1000"] == pytest.approx(1000 * 11041 / 244209)
    assert rows.loc["Apr-Jun 2021", "period"] == "across"
    assert pd.isna(rows.loc["Jan-Mar 2023", "supervised"])


def test_reoffending_periods(tables):
    rows = after.reoffending_since(tables["reoffending_national"]).set_index("date")
    periods = rows["period"].astype(str)
    assert periods[pd.Timestamp("2020-04-01")] == "before"
    assert periods[pd.Timestamp("2021-04-01")] == "across"
    assert periods[pd.Timestamp("2023-04-01")] == "since"
    quarters = after.reoffending_since(tables["reoffending_national"], measure="three_month_cohort")
    assert quarters.loc[quarters["period"] == "since", "binary_rate"].tolist() == [26.5, 27.5]


def test_rival_figures_stay_apart(tables):
    rows = after.rival_figures(tables)
    assert (rows.groupby("rival_group").size() == 2).all()
    london = rows[rows["rival_group"] == "london-vacancies-2022"]
    assert london["value"].tolist() == [500, 755]
    assert london["spread"].eq(255).all()


# ------------------------------------------------------------------------------------------ comparability


def test_what_shares_a_series_has_rows_on_both_sides(tables):
    table = after.comparability(tables)
    same = table[table["verdict"] == "same_measure"]
    assert len(same) > 0
    assert (same[["rows_before", "rows_since"]] > 0).all(axis=None)
    assert (same["last_before"] < after.REUNIFICATION).all()
    assert (same["first_since"] >= after.REUNIFICATION).all()


def test_what_has_no_counterpart_has_no_earlier_row(tables):
    table = after.comparability(tables)
    none = table[table["verdict"] == "no_counterpart"]
    assert none["before_table"].isna().all()
    for measure in none["measure"]:
        assert "before" not in set(after.measure_series(tables, measure)["period"])


def test_tables_named_in_comparability_exist(tables):
    table = tables["after_comparability"]
    named = set(table["after_table"].dropna()) | set(table["before_table"].dropna())
    assert named <= set(after.TABLES)


def test_links_lead_to_rows(tables):
    linked = tables["after_measures"].dropna(subset=["linked_table"])
    assert len(linked) > 0
    for row in linked.itertuples():
        series = pd.concat([after.measure_series(tables, row.measure, national=national) for national in (True, False)])
        assert row.linked_table in set(series["table"]), row.measure


# ------------------------------------------------------------------------------------------ data


def test_figures_use_the_unit_of_their_measure(tables):
    units = tables["after_measures"].set_index("measure")["unit"].astype(str)
    figures = tables["after_figures"]
    assert (figures["unit"].astype(str) == figures["measure"].map(units)).all()
    assert figures.loc[figures["unit"] == "percent", "value"].le(120).all()


def test_spans_run_forwards(tables):
    for name in ("delivery_unit_inspections", "regional_inspections", "after_figures"):
        rows = tables[name].dropna(subset=["date_end"])
        assert (rows["date_end"] > rows["date"]).all(), name
        undated = tables[name][tables[name]["date"].isna()]
        assert (undated["date_precision"].astype(str) == "unknown").all(), name


def test_no_source_stands_twice_in_a_row(tables):
    for name in ("delivery_unit_inspections", "regional_inspections", "after_figures"):
        for row in tables[name].dropna(subset=["other_source_ids"]).itertuples():
            ids = [row.source_id, *row.other_source_ids.split()]
            assert len(ids) == len(set(ids)), ids


# ------------------------------------------------------------------------------------------ in words


def test_the_answer_turns_with_the_data(tables):
    figures = tables["after_figures"].copy()
    latest = figures["figure_id"].str.startswith("probation-officer-vacancy-rate-probation-service-2025")
    figures.loc[latest, "value"] = 5.0
    subject = "Probation officer vacancy rate"
    before = after.is_it_better(tables).set_index("subject").loc[subject]
    now = after.is_it_better({**tables, "after_figures": figures}).set_index("subject").loc[subject]
    assert (before["verdict"], now["verdict"]) == ("worse", "better")
    assert now["now"].startswith("5%")


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2024-01-01", "2024-12-31", "2024"),
        ("2018-04-01", "2019-03-31", "2018-19"),
        ("2021-04-01", "2021-06-30", "Apr-Jun 2021"),
        ("2023-03-31", "2023-03-31", "March 2023"),
        ("2020-10-01", "2021-09-30", "October 2020 to September 2021"),
    ],
)
def test_periods_in_words(start, end, words):
    assert after._label(pd.Timestamp(start), pd.Timestamp(end)) == words


# ------------------------------------------------------------------------------------ known figures, as rows


def test_known_figures(tables, inspected):
    assert inspected["band"].value_counts().to_dict() == {"Inadequate": 39, "Requires improvement": 38, "Good": 1}
    verdicts = after.is_it_better(tables)["verdict"].value_counts().to_dict()
    assert verdicts == {"worse": 4, "better": 3, "not judged": 3, "no clear change": 2}
    moved = after.sign_test(after.reinspections(inspected))
    assert (moved["up"], moved["down"], moved["same"]) == (3, 3, 7)
    known = after.points_share(inspected).dropna(subset=["share_of_points"])
    assert (len(known), known["points"].min(), known["points"].max()) == (6, 0, 3)
    cases = after.case_findings(tables)
    national = cases[(cases["measure"] == "risk_of_harm_assessment_sufficient") & (cases["level"] == "national")]
    assert national.sort_values("period_end")["sufficient"].tolist() == [60, 28]
    standards = after.standards_distribution(tables["delivery_unit_standards"], inspected)
    assert standards.drop_duplicates("programme")[["of", "possible"]].sum().tolist() == [89, 618]
    gap = after.programme_gap(inspected)
    assert ((gap["difference_lower"] < 0) & (gap["difference_upper"] > 0)).all()
    assert after.comparability(tables)["verdict"].value_counts().to_dict() == {
        "with_care": 8,
        "not_alike": 7,
        "same_measure": 2,
        "no_counterpart": 2,
    }
    vacant = after.regional_vacancies(tables)
    assert vacant[["region", "value"]].iloc[0].tolist() == ["London", 457]
    assert sorted(vacant.loc[vacant["value"] == 0, "region"]) == ["Greater Manchester", "Wales"]


# ---------------------------------------------------------------------------------- what the notebook draws


def test_every_inspection_is_drawn_once(inspected):
    inspections = cells.explorers("10")["inspections-explorer"]
    assert len(inspections.every) == len(inspected) == 78
    assert inspections.every["band"].value_counts().to_dict() == inspected["band"].value_counts().to_dict()
    assert list(inspections.every["region"]) == sorted(inspections.every["region"])
    later = after.PROGRAMMES["seven_standards"]
    assert inspections.finding({"region": "London", "programme": later}) == NOTHING
    wales = inspections.finding({"region": "Wales", "programme": ""})
    assert wales == "Wales: 2 of 8 inspections ended in Inadequate, 25% (95% interval 7% to 59%)."


def test_every_finding_of_the_cases_has_one_subject(tables):
    rows = after.cases_to_draw(after.case_findings(tables))
    assert len(rows) == len(after.case_findings(tables))
    assert set(rows["subject"]) == set(after.SUBJECTS)
    for measure in tables["after_measures"].query("theme == 'case_findings'")["measure"]:
        assert after.subject_of(measure) in after.SUBJECTS
    with pytest.raises(ValueError, match="court_dates"):
        after.subject_of("court_dates")


def test_hedges_of_the_cases_are_kept_when_turned_round(tables):
    rows = after.cases_to_draw(after.case_findings(tables))
    place = rows["label"].str.replace("\n", " ").str.contains("Public protection cases, South Central, November 2025")
    assert rows.loc[place, "qualifier"].tolist().count("more_than") == 1
    exact = rows[(rows["qualifier"] == "exact") & rows["interval_low"].notna()]
    assert (exact["interval_low"] < exact["value"]).all() and (exact["value"] < exact["interval_high"]).all()
    assert rows.loc[rows["qualifier"] != "exact", "interval_low"].isna().all()


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("probation_officers_in_post", "from 4,338 FTE (March 2022) to 5,519 FTE (June 2025), a rise of 27%."),
        ("probation_officer_vacancy_rate", "from 14% (2021) to 21% (March 2025), a rise of 7 percentage points."),
        ("binary_rate", "28.2% (2023-24), 95% interval 28.0% to 28.3%, a rise of 3 percentage points."),
        ("all_staff_in_post", "16,711 or 17,648 FTE (March 2022)"),
        ("licence_recalls", "The years before June 2021 belong to the same series."),
    ],
)
def test_changes_of_the_national_figures_in_words(measure, words):
    assert words in cells.explorers("10")["national-explorer"].finding({"measure": measure})


def test_national_figures_have_a_body_a_value_and_a_day(tables):
    series = after.series_to_draw(tables)
    assert list(series["measure"].unique()) == [*after.NATIONAL_MEASURES, *after.REOFFENDING]
    rows = cells.run("10").names.figures
    assert rows[["body", "start", "end", "value"]].notna().all().all()
    assert set(rows["body"]) == set(after.BODY_NAMES.values())
    assert {3539, 4627, 5658} <= set(rows.loc[rows["hedge"] == "implied", "value"])


def test_units_inspected_twice_keep_their_dates(inspected):
    rows = after.twice_table(inspected, after.reinspections(inspected)).set_index("unit")
    assert rows.loc["West Sussex"].tolist() == [
        "Inadequate (Jan-May 2022)", "Inadequate (October 2023 to May 2024)", "the same band"
    ]  # fmt: skip


def test_what_can_be_compared_comes_first(tables):
    rows = cells.run("10").names.listed
    assert len(rows) == len(tables["after_comparability"])
    assert rows["comparable"].drop_duplicates().tolist() == list(after.VERDICTS.values())


def test_the_sources_hold_every_row(tables, inspected):
    rows = after.drawn(tables).set_index("source_id")["figures"]
    assert set(inspected["source_id"]) <= set(rows.index)
    assert set(tables["delivery_unit_standards"]["source_id"]) <= set(rows.index)
    assert set(after.recalls(tables)["source_id"]) <= set(rows.index)
    assert "Sheffield (30 March 2023): Inadequate, points: 1" in rows["hmip-sheffield-2023"]
    assert not rows.str.contains("nan|NaT|<NA>").any()
