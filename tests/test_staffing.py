"""Staff, caseloads and the cut model: worked examples, properties, and totals known from the sources."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import staffing
from helpers.data import load
from tests import cells

QUALIFIERS = ["exact", "about", "at_least", "at_most", "more_than", "less_than"]


@pytest.fixture(scope="module")
def staff():
    return load("staff")


@pytest.fixture(scope="module")
def providers():
    return load("providers")


@pytest.fixture(scope="module")
def workload():
    return load("workload")


@pytest.fixture(scope="module")
def starts(workload, staff):
    return staffing.starting_points(workload, staff)


# --------------------------------------------------------------------------------------------- hedges


@pytest.mark.parametrize(
    ("value", "qualifier", "answer"),
    [
        (50, "exact", "yes"),
        (49, "exact", "no"),
        (50, "about", "yes"),
        (50, "at_least", "yes"),
        (42, "more_than", "cannot say"),
        (60, "more_than", "yes"),
        (49, "at_most", "no"),
        (50, "at_most", "cannot say"),
        (50, "less_than", "no"),
        (60, "less_than", "cannot say"),
        (float("nan"), "exact", "cannot say"),
    ],
)
def test_a_bound_stays_a_bound_when_compared(value, qualifier, answer):
    assert staffing.reaches(pd.Series([value]), pd.Series([qualifier]), 50).tolist() == [answer]


def test_flipping_twice_changes_nothing():
    qualifiers = pd.Series(QUALIFIERS)
    assert staffing.flip(staffing.flip(qualifiers)).tolist() == QUALIFIERS
    assert staffing.flip(qualifiers).tolist() == [
        "exact",
        "about",
        "at_most",
        "at_least",
        "less_than",
        "more_than",
    ]


def test_rivals_stand_side_by_side():
    table = pd.DataFrame(
        {"date": ["2015", "2015", "2016"], "value": [8881.7, 8861.0, 8756.0], "source_id": list("abc")}
    )
    found = staffing.rivals(table, ["date"])
    assert found["source_id"].tolist() == ["b", "a"]
    assert found["spread"].round(1).tolist() == [20.7, 20.7]


# ---------------------------------------------------------------------------------------------- staff


def test_trusts_june_2010_to_2013(staff):
    series = staffing.staff_series(staff, provider_ids=["probation-trusts"])
    assert series["date"].dt.strftime("%Y-%m-%d").tolist() == [f"{year}-06-30" for year in range(2010, 2014)]
    assert series["value"].tolist() == [19335, 18466, 17881, 16297]
    assert len(set(series["series"])) == 1


def test_both_bodies_at_the_split(staff):
    series = staffing.staff_series(staff)
    split = series[series["date"] == "2014-06-30"].set_index("provider_id")["value"]
    assert split.to_dict() == {"nps": 8300, "all-crcs": 8331}


def test_transfer_figure_is_kept_beside_the_start_of_the_nps():
    facts = load("staffing_facts")
    assert (facts["value"] == 8430).sum() == 1


def test_nps_june_2015_to_2017_and_probation_service_each_march(staff):
    series = staffing.staff_series(staff)
    by_source = series.set_index(["source_id", "provider_id", "date"])["value"]
    answer = by_source["pq-109713"]["nps"]
    assert answer.loc["2015-06-30":"2017-06-30"].tolist() == [8861, 8756, 8758]
    revised = series[series["source_id"] == "justice-data-additional"].sort_values("date")
    assert revised["value"].tolist() == [8733, 8835, 8693, 9310, 9879, 10265, 10958, 17648, 19850]


def test_series_are_never_joined(staff):
    series = staffing.staff_series(staff)
    inside = series.groupby("series")[["provider_id", "grade", "measure", "source_id"]].nunique()
    assert (inside == 1).all(axis=None)
    assert not series.duplicated(["series", "date"]).any()


def test_the_end_of_crc_figures_is_a_row_of_its_own(staff):
    series = staffing.staff_series(staff, load("staffing_facts"))
    stop = series[series["row_kind"] == "break"]
    assert stop["provider_id"].tolist() == ["all-crcs"]
    assert stop["date"].tolist() == [pd.Timestamp("2015-02-01")]
    assert stop["value"].isna().all()
    crcs = series[(series["provider_id"] == "all-crcs") & (series["row_kind"] == "value")]
    assert (crcs["date"] < stop["date"].iloc[0]).all()


def test_divisions_add_up_to_the_nps(staff, providers):
    divisions = (
        staffing.nps_parts(staff, providers, "division").dropna(subset="provider_id").query("provider_id != 'nps'")
    )
    assert divisions.groupby("provider_id").size().to_dict() == dict.fromkeys(divisions["provider_id"], 6)
    assert divisions["provider_id"].nunique() == 7
    total = staffing.staff_series(staff, provider_ids=["nps"])
    total = total[total["source_id"] == divisions["source_id"].iloc[0]].set_index("date")["value"]
    # Each of the seven values is rounded to a tenth.
    assert ((divisions.groupby("date")["value"].sum() - total).abs() <= 0.35).all()


def test_grades_at_six_dates(staff, providers):
    grades = staffing.nps_parts(staff, providers, "grade").query("grade != 'all grades'").dropna(subset="grade")
    assert grades.groupby("grade").size().tolist() == [6, 6, 6, 6]
    officers = grades[grades["grade"].str.startswith("probation officer")]
    assert officers["value"].iloc[[0, -1]].tolist() == [3218.6, 3371.8]
    assert officers["change"].iloc[-1] == pytest.approx(153.2)
    assert (grades.groupby("grade")["change_percent"].first() == 0).all()


def test_leaving_rates_keep_the_two_ways_of_counting_apart(staff):
    names = cells.run("04").names
    assert names.longest["source_id"].unique().tolist() == ["pq-110530"]
    assert names.longest["value"].tolist() == [5.5, 5.2, 5.7, 5.1, 6.5, 6.3, 5.1]
    assert names.rival == pytest.approx(0.46)
    rates = staff[(staff["measure"] == "leaving_rate_percent") & (staff["grade"] == "probation officer (band 4)")]
    rival = staffing.rivals(rates, ["provider_id", "grade", "measure", "date"])
    assert sorted(rival["value"]) == [4.86, 5.04, 5.2, 5.5]
    assert (names.quality, names.largest) == (50, 168)


def test_vacancy_rates_follow_from_the_same_source_only(staff):
    found = staffing.vacancies(staff)
    press = found[found["value"] == 653].iloc[0]
    assert press["implied_rate_percent"] == pytest.approx(100 * 653 / 3926)
    assert found.loc[found["value"] == 615, "implied_rate_percent"].isna().all()
    wales = found[(found["provider_id"] == "nps-wales") & (found["measure"] == "vacancy_rate_percent")].iloc[0]
    assert wales["implied_rate_percent"] == pytest.approx(100 * (298 - 235) / 298)
    assert wales["qualifier"] == "more_than"
    assert wales["implied_rate_percent"] > wales["value"]


# ----------------------------------------------------------------------------------------------- cuts


def test_every_crc_cut_is_kept_with_its_hedge(staff, providers):
    cuts = staffing.crc_cuts(staff, providers)
    of_interest = staff["measure"].isin(["jobs_cut_announced", "jobs_cut_final", "jobs_cut_total", "change_percent"])
    assert len(cuts) == of_interest.sum()
    assert (cuts["cut"] > 0).all()
    sodexo = cuts[cuts["provider_id"] == "crcs-sodexo"]
    assert sorted(zip(sodexo["cut"], sodexo["stage"], strict=True)) == [
        (436, "announced"),
        (450, "final"),
        (600, "announced"),
    ]
    assert set(sodexo["figures"]) == {3}


def test_a_change_of_at_least_minus_40_is_a_cut_of_at_most_40(staff, providers):
    cuts = staffing.crc_cuts(staff, providers)
    working_links = cuts[(cuts["provider_id"] == "crcs-working-links") & (cuts["cut_unit"] == "percent")]
    assert sorted(zip(working_links["cut"], working_links["cut_qualifier"], strict=True)) == [
        (30, "at_least"),
        (40, "at_most"),
    ]


def test_northumbria_plan_goes_from_274_to_153(staff):
    plan = staffing.planned_stages(staff)
    total = plan[plan["grade"] == "all listed grades"].iloc[0]
    assert total[["provider_id", "FTE", "planned_FTE_final_stage"]].tolist() == ["crc-northumbria", 274, 153]
    assert total["final_cut_percent"] == pytest.approx(100 * (274 - 153) / 274)


# ------------------------------------------------------------------------------------------ caseloads


def test_mean_and_largest_caseloads(workload):
    found = staffing.caseload_per_officer(workload)
    dorset = found[found["provider_id"] == "crc-dorset-devon-and-cornwall"].set_index("statistic")
    assert dorset.loc["maximum", "value_low"] == 168
    assert dorset.loc["mean", ["value_low", "value_high"]].tolist() == [80, 100]
    assert found["role"].notna().all()


def test_shares_above_a_threshold(workload):
    found = staffing.caseload_shares(workload)
    values = found.set_index(["provider_id", "threshold", "converted"])["share_over"]
    assert values["all-crcs", 40, False] == 86
    assert values["nps", 40, False] == 33
    assert values["all-crcs", 60, False] == 42
    assert values["nps", 40, True] == pytest.approx(33.3)


def test_a_share_at_or_below_turns_its_bound_round():
    row = {"provider_id": "nps", "measure": "share_40_or_fewer_percent", "date": pd.Timestamp("2019-01-01")}
    table = pd.DataFrame([{**row, "value_low": 70.0, "value_high": 70.0, "qualifier": "at_least"}])
    found = staffing.caseload_shares(table).iloc[0]
    assert found[["threshold", "share_over", "share_over_qualifier"]].tolist() == [40, 30, "at_most"]


def test_three_totals_of_people_supervised_stand_side_by_side():
    totals = staffing.rival_totals(load("caseload"), "2018-09-01", "2019-03-31")
    assert {248146, 257000, 258157} <= set(totals["value"])
    assert totals["value"].is_monotonic_increasing
    assert totals.set_index("value").loc[258157, "above_lowest"] == 258157 - 248146
    assert totals.set_index("value").loc[257000, "qualifier"] == "about"


def test_yearly_counts_are_not_counts_on_a_day():
    found = staffing.people_supervised(load("caseload"), ["all-crcs"])
    assert 163000 in set(found["value"])
    assert 154000 not in set(found["value"])


# ---------------------------------------------------------------------------------------------- model


def test_a_cut_of_a_third_adds_half():
    assert staffing.cases_per_officer(6000, 100, 100 / 3) == pytest.approx(90)
    assert staffing.cases_per_officer(3600, 100, 50) == 72


@pytest.mark.parametrize(("staff_count", "cut"), [(100, 100), (100, -1), (0, 10)])
def test_impossible_cuts_are_refused(staff_count, cut):
    with pytest.raises(ValueError, match="below 100 percent"):
        staffing.cases_per_officer(3600, staff_count, cut)


@settings(deadline=None)
@given(
    people=st.floats(1, 1e6),
    staff_count=st.floats(1, 1e5),
    cuts=st.tuples(st.floats(0, 99), st.floats(0, 99)).map(sorted),
)
def test_more_cuts_never_mean_fewer_cases(people, staff_count, cuts):
    smaller, larger = (staffing.cases_per_officer(people, staff_count, cut) for cut in cuts)
    assert larger >= smaller
    assert staffing.cases_per_officer(people, staff_count, 0) == people / staff_count


@settings(deadline=None)
@given(cases=st.floats(1, 500), cut=st.floats(0, 95), qualifier=st.sampled_from(QUALIFIERS))
def test_the_two_directions_undo_each_other_and_keep_the_hedge(cases, cut, qualifier):
    start = pd.DataFrame({"cases": [cases], "qualifier": [qualifier], "cut_made_percent": [float("nan")]})
    after = staffing.staff_cut_model(start, 50, [cut]).iloc[0]
    seen = start.assign(cases=after["cases_per_officer"], cut_made_percent=cut)
    before = staffing.staff_cut_model(seen, 50, [cut]).iloc[0]
    assert before["cases_per_officer"] == pytest.approx(cases)
    assert (after["direction"], before["direction"]) == ("after", "before")
    assert after["qualifier"] == before["qualifier"] == qualifier


def test_starting_points_are_the_published_means(starts, workload):
    assert {36, 42, 58, 64, 80, 100} <= set(starts["cases"])
    assert starts["starting_point"].is_unique
    assert set(starts["source_id"]) <= set(workload["source_id"])
    assert starts.set_index("cases").loc[42, "qualifier"] == "more_than"


def test_the_grid_is_whole_and_starts_unchanged(starts):
    grid = staffing.staff_cut_model(starts, 50)
    assert len(grid) == 61 * len(starts)
    unchanged = grid[grid["cut_percent"] == 0]
    assert (unchanged["cases_per_officer"] == unchanged["cases"]).all()
    assert (unchanged["change_percent"] == 0).all()
    hedged = grid[(grid["cases"] == 42) & (grid["cut_percent"] < 16)]
    assert set(hedged["at_threshold"]) == {"cannot say"}


def test_80_to_100_after_a_third_went_implies_53_to_67_before(starts):
    dorset = starts[starts["provider_id"] == "crc-dorset-devon-and-cornwall"]
    assert dorset["cases_before"].round().tolist() == [53, 67]


def test_the_cut_that_reaches_the_threshold(starts):
    found = staffing.cut_to_threshold(starts, 50).set_index("cases")
    assert found.loc[36, "cut_percent"] == pytest.approx(28)
    assert found.loc[42, ["cut_percent", "cut_qualifier"]].tolist() == [pytest.approx(16), "less_than"]
    assert found.loc[64, "cut_percent"] == 0
    assert 80 not in found.index


def test_reference_caseloads_come_from_the_data(workload):
    found = staffing.reference_caseloads(workload)
    assert found.loc[found["reference"] == "threshold", "cases"].tolist() == [50]
    assert 168 in set(found.loc[found["reference"] == "maximum", "cases"])


# ------------------------------------------------------------------------------------------ sentences


@pytest.mark.parametrize(
    ("value", "qualifier", "words"),
    [
        (17000, "more_than", "more than 17,000"),
        (36.0, "exact", "36"),
        (1283.04, "about", "about 1,283"),
        (8881.7, "exact", "8,881.7"),
        (100, "at_most", "at most 100"),
    ],
)
def test_numbers_are_said_with_their_hedge(value, qualifier, words):
    assert staffing.say_number(value, qualifier) == words


# ---------------------------------------------------------------------------- parts, both ways, in words


@pytest.mark.parametrize("measure", ["FTE", "joiners_headcount", "leavers_headcount"])
def test_divisions_add_up_to_the_published_total_and_grades_exceed_it(staff, providers, measure):
    divisions = staffing.nps_parts(staff, providers, "division", measure)
    wide = divisions.pivot_table(index="period_end", columns="part", values="value")
    assert len(wide) == 6
    assert ((wide["Sum of the divisions"] - wide["NPS total as published"]).abs() <= 0.35).all()
    grades = staffing.nps_parts(staff, providers, "grade", measure).pivot_table("value", "period_end", "part")
    gap = grades["Sum of the grades"] - grades["NPS total as published"]
    assert (gap > 0).all()
    if measure == "FTE":
        assert gap.round(1).agg(["min", "max"]).tolist() == [56.6, 107.6]


def test_joiners_have_no_change_since_a_shorter_first_period(staff, providers):
    rows = staffing.nps_parts(staff, providers, "division", "joiners_headcount")
    assert rows["change"].isna().all()
    total = rows[rows["part"] == "NPS total as published"].sort_values("period_end")["value"]
    assert total.iloc[-1] == 541
    with pytest.raises(ValueError, match="division or grade"):
        staffing.nps_parts(staff, providers, "region")


def test_both_directions_for_every_start(starts):
    grid = staffing.cut_either_way(starts, 50, [0, 33.3])
    assert len(grid) == 4 * len(starts)
    assert grid.groupby("direction").size().tolist() == [2 * len(starts)] * 2
    at_80 = grid[(grid["cases"] == 80) & (grid["cut_percent"] == 33.3)].set_index("direction")["cases_per_officer"]
    assert at_80.round(1).to_dict() == {"after": 119.9, "before": 53.4}


def test_every_figure_used_is_listed_with_its_source(staff, providers, workload):
    tables = [staffing.staff_series(staff, load("staffing_facts")), staffing.caseload_per_officer(workload)]
    rows = staffing.used_rows(tables, providers)
    figures = rows["figure"].str.split("; ").explode()
    assert len(figures) == sum(map(len, tables))
    assert "not collected (1 February 2015)" in set(figures)
    assert "about 80 to 100 (November 2018)" in set(figures)
    assert set(rows["source_id"]) == set(pd.concat(tables)["source_id"])


# ------------------------------------------------------------------------------- known figures, as rows


def test_known_changes_shares_and_vacancies(staff, providers, workload, starts):
    divisions = staffing.nps_parts(staff, providers).query("basis == 'published'")
    last = divisions[divisions["period_end"] == "2016-06-30"].set_index("part")["change_percent"].round(1)
    assert last["NPS Wales"] == last.max() == 6.2
    assert last["NPS London"] == last.min() == -5.3
    cuts = staffing.crc_cuts(staff, providers).query("cut_unit == 'percent' and grade == 'all grades'")
    assert (len(cuts), cuts["cut"].min(), cuts["cut"].max()) == (13, 20, 51)
    reach = staffing.cut_to_threshold(starts, 50)["cut_percent"]
    assert ((reach == 0).sum(), len(reach)) == (4, 8)
    whole = staffing.planned_stages(staff).iloc[-1]
    assert whole["FTE"] - whole["planned_FTE_final_stage"] == 121
    vacant = staffing.vacancies(staff).query("provider_id == 'nps' and value == 653")
    assert vacant["posts"].tolist() == [3926]
    apart = staffing.rivals(staffing.staff_series(staff), ["provider_id", "date"]).query("spread >= 1")
    assert sorted(apart["value"]) == [8861, 8881.7, 16711, 17648]


def test_the_model_in_words(starts):
    grid = staffing.staff_cut_model(starts, 50)
    row = grid[(grid["cases"] == 42) & (grid["cut_percent"] == 30)].iloc[0]
    assert staffing.say_cut_effect(row, 50) == (
        "From more than 42 cases per officer, a cut of 30% leads to more than 60, with the same number of "
        "people. At or above the 50 cases from which quality suffers."
    )
    nothing = staffing.cut_either_way(starts.head(1), 50, [0]).iloc[0]
    assert staffing.say_cut_effect(nothing, 50).startswith("35.2 cases per officer as published; no cut, no change.")


# --------------------------------------------------------------------------------- what the notebook draws


def test_no_figure_is_lost(staff, providers, workload):
    explorers = cells.explorers("04")
    assert len(explorers["cuts-explorer"].every) == len(staffing.crc_cuts(staff, providers))
    loads, shares = staffing.caseload_per_officer(workload), staffing.caseload_shares(workload)
    people = staffing.people_supervised(load("caseload"), ["all-probation", "all-crcs", "nps"])
    assert len(explorers["caseload-explorer"].every) == len(loads) + len(people) + len(shares)


def test_rivals_stand_together_and_bounds_keep_their_hedge():
    cuts = cells.explorers("04")["cuts-explorer"]
    for unit in ("percent", "jobs"):
        rows = cuts.matching({"unit": unit}).reset_index(drop=True)
        for _, group in rows[rows["rival"] != ""].groupby("rival"):
            assert len(group) > 1
            assert group.index.tolist() == list(range(group.index[0], group.index[0] + len(group)))
    hedges = cuts.every.drop_duplicates("words").set_index("words")["qualifier"]
    assert hedges["at least 30%"] == "at_least"
    assert hedges["at most 40%"] == "at_most"
    assert "about 80 to 100" in set(cells.explorers("04")["caseload-explorer"].every["words"])


def test_the_model_says_what_it_shows():
    model = cells.explorers("04")["model-explorer"]
    assert (
        model.finding(model.start) == "After a cut of 33.3%: 10 of 10 mean caseloads at or above 50 cases per officer."
    )
    assert model.finding({**model.start, "cut": 0}) == (
        "As published: 6 of 10 mean caseloads at or above 50 cases per officer (1 more may)."
    )
    start = model.every.loc[model.every["cases"] == 80, "starting_point"].iloc[0]
    dorset = model.finding({**model.start, "start": start, "direction": "before"})
    assert dorset.startswith("About 80 cases per officer after a cut of 33.3% imply about 53 before it")
    assert dorset.endswith("The source reports a cut of about 33.3% before this caseload.")


def test_the_page_looks_sentences_up_as_a_browser_writes_numbers():
    spec = cells.explorers("04")["model-explorer"].spec()
    finding = next(each for each in spec["params"] if each["name"] == "finding")
    assert {key.split("|")[0] for key in finding["value"]} == {"0", "10", "20", "33.3", "50"}


def test_no_line_crosses_the_years_without_figures(staff):
    rows = cells.run("04").names.staff_rows
    assert len(rows) == (cells.run("04").names.series["row_kind"] == "value").sum()
    assert rows.loc[rows["body"] == "CRC", "date"].dt.year.tolist() == [2014]
    assert rows.loc[rows["body"] == "CRC", "alone"].all()
