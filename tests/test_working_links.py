"""Working Links: the order of the warnings, the days of the collapse, the neighbours, hedges kept."""

import pandas as pd

from helpers import data, working_links
from helpers.explorer import NOTHING
from tests import cells

NAMES = ("events", "ownership", "providers", "ratings", "staff", "workload", "caseload", "claims", "sources")
T = {name: data.load(name) for name in NAMES}
CRCS = working_links.companies(T["ownership"])
WARNINGS = working_links.warnings(T["events"], CRCS)
RATED = working_links.overall_ratings(T["ratings"], T["providers"], CRCS)
FIGURES = working_links.published_figures(T["staff"], T["workload"], T["caseload"], T["providers"], CRCS)


def test_three_companies_and_their_neighbours():
    assert CRCS == [
        "crc-bristol-gloucestershire-somerset-and-wiltshire",
        "crc-dorset-devon-and-cornwall",
        "crc-wales",
    ]
    assert working_links.neighbours(T["providers"], CRCS) == ["crc-hampshire-and-isle-of-wight", "crc-thames-valley"]


def test_warnings_stand_in_order_and_before_the_collapse():
    collapse = T["events"].set_index("event_id").loc[working_links.COLLAPSE, "date"]
    assert WARNINGS["date"].is_monotonic_increasing
    assert (WARNINGS["period_end"] < collapse).all()
    assert WARNINGS["order"].tolist() == list(range(1, len(WARNINGS) + 1))
    assert (WARNINGS["fewest_days"] <= WARNINGS["most_days"]).all()
    assert working_links.CHANGE_OF_OWNER not in set(WARNINGS["event_id"])


def test_gloucestershire_report_came_533_days_before():
    """31 August 2017 to 15 February 2019: 122 days of 2017, 365 of 2018, 46 of 2019."""
    row = WARNINGS.set_index("event_id").loc["2017-08-31-quality-and-impact-gloucestershire"]
    assert (row["fewest_days"], row["most_days"]) == (122 + 365 + 46, 533)
    month = WARNINGS.set_index("event_id").loc["2015-12-working-links-savings-plan"]
    assert month["most_days"] - month["fewest_days"] == 30


def test_the_day_of_the_collapse():
    days = working_links.collapse_days(T["events"], CRCS)
    assert (days["days_after"] >= 0).all()
    same = days[days["days_after"] == 0]
    assert set(same["when"]) == {"15 February 2019"}
    assert len(same) == 3
    assert days.loc[days["days_after"] > 0, "days_after"].iloc[0] == 82


def test_ratings_of_the_round():
    first = RATED[RATED["round"] == "2018-19"].set_index("provider_id")["band"]
    assert first["crc-dorset-devon-and-cornwall"] == "Inadequate"
    assert first["crc-hampshire-and-isle-of-wight"] == "Good"
    assert first["nps-wales"] == "Good"
    assert len(first) == 7
    assert first[CRCS].value_counts().to_dict() == {"Requires improvement": 2, "Inadequate": 1}
    assert RATED.loc[RATED["provider_id"].isin(CRCS), "provider_id"].is_unique


def test_no_figure_on_the_three_is_lost_and_hedges_turn_with_the_sign():
    wanted = [*CRCS, working_links.GROUP]
    rows = sum(T[name]["provider_id"].isin(wanted).sum() for name in ("staff", "workload", "caseload"))
    assert len(FIGURES) == rows
    figures = FIGURES.set_index("measure")["figure"]
    assert "cut by at most 40%" in figures["staff, all grades"].tolist()
    assert "cut by 30% or more" in figures["staff, all grades"].tolist()
    assert "about 80 to 100 cases" in FIGURES["figure"].tolist()
    assert "168 cases" in FIGURES["figure"].tolist()


def test_positions_name_only_roles():
    found = working_links.positions(T["claims"], T["sources"])
    assert set(found["voice"]) == set(working_links.VOICES.values())
    assert found["published"].notna().all()
    assert found["voice"].value_counts().to_dict() == {
        "Inspectorate": 43,
        "Unions": 13,
        "Ministers": 3,
        "Police and crime commissioner": 2,
    }
    assert (found["verdict"] == "supported").sum() == 22


def test_before_and_after_splits_the_story_without_losing_an_event():
    rows = working_links.before_and_after(T["events"], T["providers"], CRCS)
    story = working_links.story(T["events"], CRCS)
    assert set(story["event_id"]) <= set(rows["event_id"])
    assert rows["when"].value_counts()["on the day"] == 3
    assert rows.set_index("event_id").loc["2019-05-08-hiow-good", "about"] == ["HIOW"]
    assert rows.set_index("event_id").loc["2018-nps-swsc-good", "when"] == "before the collapse"
    assert rows.set_index("event_id").loc["2016-06-30-napo-dispute-working-links", "about"] == ["BGSW", "DDC", "Wales"]
    explorer = cells.explorers("08")["story-explorer"]
    assert explorer.finding(explorer.start).startswith(f"{len(rows)} events: ")
    assert explorer.finding({"service": "HIOW", "moment": "on the day", "sort": ""}) == NOTHING


def test_an_earlier_warning_comes_first():
    extra = T["events"][T["events"]["event_id"] == "2016-10-18-working-links-acas"].copy()
    extra["event_id"], extra["date"] = "earlier", pd.Timestamp("2015-06-01")
    more = working_links.warnings(pd.concat([T["events"], extra], ignore_index=True), CRCS)
    assert more["event_id"].iloc[0] == "earlier"


def test_explorer_by_company_and_voice():
    explorer = cells.explorers("08")["warnings-explorer"]
    assert explorer.finding(explorer.start).startswith(f"{len(WARNINGS)} of {len(WARNINGS)} warnings")
    wales = explorer.matching({"company": "Wales", "voice": "Inspectorate"})
    assert wales["label"].str.contains("Gwent").all() and len(wales) == 1
    assert explorer.finding({"company": "DDC", "voice": "Inspectorate"}) == NOTHING


def test_caseloads_after_the_collapse_are_those_of_one_company():
    later = FIGURES[FIGURES["provider_id"].isin(CRCS) & (FIGURES["date"] >= "2019-01-01")]
    later = later[later["measure"].str.contains("cases|dangerously")]
    assert later[["service", "figure"]].values.tolist() == [["BGSW", "70 cases"], ["BGSW", "15%"]]
