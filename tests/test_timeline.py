"""Events, office holders and owners: worked examples, properties, and the rules the data must keep."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import timeline
from helpers.data import load
from helpers.explorer import NOTHING
from tests import cells

DAY = pd.Timedelta(days=1)


def dated(*rows):
    """Rows of (date, precision) as a table."""
    table = pd.DataFrame(rows, columns=["date", "date_precision"])
    return table.assign(date=pd.to_datetime(table["date"]))


# ------------------------------------------------------------------------------------------ precision


@pytest.mark.parametrize(
    ("start", "precision", "last"),
    [
        ("2019-02-15", "day", "2019-02-15"),
        ("2020-02-01", "month", "2020-02-29"),
        ("2015-01-01", "quarter", "2015-03-31"),
        ("2016-07-01", "half_year", "2016-12-31"),
        ("2018-01-01", "year", "2018-12-31"),
        ("2018-04-01", "financial_year", "2019-03-31"),
    ],
)
def test_a_loose_date_is_a_span(start, precision, last):
    found = timeline.with_periods(dated((start, precision))).iloc[0]
    assert found["period_end"] == pd.Timestamp(last)
    assert found["is_span"] == (start != last)


def test_a_precision_without_a_length_has_no_end():
    found = timeline.with_periods(dated(("2018-01-01", "round"), (None, "unknown")))
    assert found["period_end"].isna().all()
    assert not found["is_span"].any()


def test_a_stated_end_goes_before_the_length_of_the_precision():
    table = dated(("2014-06-01", "interval"), ("2015-01-01", "year"))
    found = timeline.with_periods(table.assign(date_end=pd.to_datetime(["2015-03-31", None])))
    assert found["period_end"].tolist() == [pd.Timestamp("2015-03-31"), pd.Timestamp("2015-12-31")]


@settings(deadline=None)
@given(st.dates(date(2000, 1, 1), date(2030, 12, 31)))
def test_periods_hold_their_first_day_and_nest(day):
    day = pd.Timestamp(day)
    year, month = day.replace(month=1, day=1), day.replace(day=1)
    found = timeline.with_periods(dated((day, "day"), (month, "month"), (year, "year")))
    assert (found["period_start"] <= day).all()
    assert (found["period_end"] >= day).all()
    assert found["period_end"].is_monotonic_increasing


# --------------------------------------------------------------------------------------------- events


@pytest.fixture
def providers():
    return pd.DataFrame(
        [
            ("all-crcs", "crc_group", None),
            ("crcs-sodexo", "crc_group", "all-crcs"),
            ("crc-essex", "crc", "crcs-sodexo"),
            ("crc-london", "crc", "all-crcs"),
            ("sodexo", "organisation", None),
        ],
        columns=["provider_id", "kind", "parent_id"],
    )


@pytest.fixture
def events():
    table = dated(("2015-02-01", "day"), ("2015-03-01", "month"), ("2018-01-01", "year"), ("2018-10-10", "day"))
    return table.assign(
        event_id=["sale", "cuts", "targets", "essex"],
        kind=["contract", "provider", "statistics", "inspection"],
        provider_ids=["all-crcs", "sodexo", None, "crc-essex sodexo"],
    )


@pytest.fixture
def ownership():
    table = pd.DataFrame(
        [
            ("crc-essex", "public", "2014-06-01", "2015-02-01"),
            ("crc-essex", "sodexo", "2015-02-01", "2021-06-26"),
            ("crc-london", "public", "2014-06-01", "2015-02-01"),
            ("crc-london", "mtcnovo", "2015-02-01", "2021-06-26"),
        ],
        columns=["provider_id", "owner_id", "date", "date_end"],
    )
    table[["date", "date_end"]] = table[["date", "date_end"]].apply(pd.to_datetime)
    return table.assign(owner_name=table["owner_id"], date_precision="day", date_end_precision="day", source_id="award")


def test_an_event_reaches_the_companies_of_its_group_and_owner(events, providers, ownership):
    found = timeline.events_by_provider(events, providers, ownership)
    links = found.set_index(["event_id", "provider_id"])["link"]
    assert links["sale", "crc-essex"] == "group"
    assert links["sale", "crc-london"] == "group"
    assert links["cuts", "crc-essex"] == "owner"
    assert links["essex", "crc-essex"] == "named"
    assert ("cuts", "crc-london") not in links.index
    assert not found.duplicated(["event_id", "provider_id"]).any()
    assert set(found["event_id"]) == set(events["event_id"]), "an event that names nobody must stay"


def test_owner_link_needs_the_owner_to_hold_the_company_then(events, providers, ownership):
    before = events[events["event_id"] == "cuts"].assign(date=pd.Timestamp("2014-12-01"))
    found = timeline.events_by_provider(before, providers, ownership)
    assert set(found["provider_id"]) == {"sodexo"}


def test_an_event_about_one_company_does_not_reach_the_others_of_its_owner(events, providers, ownership):
    ownership = ownership.replace("mtcnovo", "sodexo")
    found = timeline.events_by_provider(events, providers, ownership).set_index(["event_id", "provider_id"])["link"]
    assert found["cuts", "crc-london"] == "owner"
    assert ("essex", "crc-london") not in found.index


def test_days_between_carries_the_doubt():
    rows = dated(("2019-02-15", "day"), ("2019-03-15", "day"), ("2019-03-01", "month"))
    assert timeline.days_between(rows.loc[0], rows.loc[1]) == (28, 28)
    assert timeline.days_between(rows.loc[0], rows.loc[2]) == (14, 44)
    assert timeline.say_days_between(rows.loc[0], rows.loc[2]) == "14 to 44 days"
    with pytest.raises(ValueError, match="known period"):
        timeline.days_between(rows.loc[0], dated(("2019-01-01", "unknown")).loc[0])


# -------------------------------------------------------------------------------------- office holders


@pytest.fixture
def office_holders():
    table = pd.DataFrame(
        [
            ("justice_secretary", "First", "2012-09-04", "day", "2015-05-09", "day"),
            ("justice_secretary", "Second", "2015-05-09", "day", "2016-07-14", "day"),
            ("probation_minister", "Third", "2012-09-01", "month", None, "unknown"),
            ("probation_minister", "Fourth", "2014-07-16", "day", None, "unknown"),
        ],
        columns=["office", "holder", "date", "date_precision", "date_end", "date_end_precision"],
    )
    table[["date", "date_end"]] = table[["date", "date_end"]].apply(pd.to_datetime)
    return table.assign(office_title=table["office"].str.replace("_", " "), source_id="list")


def certainty(office_holders, day):
    return timeline.who_was_in_office(office_holders, day).set_index("holder")["certainty"].to_dict()


def test_who_was_in_office_says_what_is_certain(office_holders):
    assert certainty(office_holders, "2013-01-01") == {"First": "certain", "Third": "possible"}
    assert certainty(office_holders, "2012-09-02") == {"Third": "possible"}
    assert certainty(office_holders, "2015-05-09") == {
        "First": "certain",
        "Second": "certain",
        "Fourth": "possible",
    }
    assert certainty(office_holders, "2009-01-01") == {}


def test_an_unknown_end_stays_unknown_and_is_limited_by_the_next_start(office_holders):
    lanes = timeline.office_lanes(office_holders).set_index("holder")
    assert lanes["end_known"].to_dict() == {"First": True, "Second": True, "Third": False, "Fourth": False}
    assert pd.isna(lanes.loc["Third", "end_last"])
    assert lanes.loc["Third", "not_after"] == pd.Timestamp("2014-07-16")
    assert "Third" not in certainty(office_holders, "2014-07-17")
    assert pd.isna(lanes.loc["Fourth", "not_after"])


def test_an_end_known_to_the_month_is_its_last_day(office_holders):
    office_holders.loc[2, ["date_end", "date_end_precision"]] = [pd.Timestamp("2014-07-31"), "month"]
    lane = timeline.office_lanes(office_holders).set_index("holder").loc["Third"]
    assert [lane["end_first"], lane["end_last"]] == [pd.Timestamp("2014-07-01"), pd.Timestamp("2014-07-31")]
    assert certainty(office_holders, "2014-07-01")["Third"] == "certain"
    found = timeline.who_was_in_office(office_holders, "2014-07-20").set_index("holder")
    assert found["doubt"].to_dict() == {
        "First": "", "Third": "last day not known to the day", "Fourth": "last day not known"
    }  # fmt: skip


def test_a_holder_known_from_one_day_only_is_certain_on_that_day():
    table = pd.DataFrame(
        {
            "office": "chief_inspector",
            "office_title": "chief inspector",
            "holder": ["Before", "Seen", "Next"],
            "date": pd.to_datetime([None, None, "2014-02-01"]),
            "date_precision": ["unknown", "unknown", "month"],
            "date_end": pd.to_datetime(["2011-12-31", None, None]),
            "date_end_precision": ["year", "unknown", "unknown"],
            "in_post_on": pd.to_datetime([None, "2012-07-01", None]),
            "source_id": "list",
        }
    )
    lane = timeline.office_lanes(table).set_index("holder").loc["Seen"]
    assert [lane["not_before"], lane["not_after"]] == [pd.Timestamp("2011-01-01"), pd.Timestamp("2014-02-28")]
    assert certainty(table, "2012-07-01") == {"Seen": "certain"}
    assert certainty(table, "2013-01-01") == {"Seen": "possible"}
    assert certainty(table, "2012-01-01") == {"Seen": "possible"}


def test_every_day_has_one_justice_secretary():
    """From 12 May 2010 to September 2021, two only on handover days."""
    holders = load("office_holders")
    holders = holders[holders["office"] == "justice_secretary"]
    handovers = set(holders["date"])
    for day in pd.date_range("2010-05-12", "2021-09-14", freq="29D"):
        assert len(timeline.who_was_in_office(holders, day)) == 1 + (day in handovers - {holders["date"].min()}), day


@pytest.mark.parametrize(
    ("day", "holder", "doubt"),
    [
        ("2014-06-01", "Chris Grayling", ""),
        ("2018-07-27", "David Gauke", ""),
        ("2021-06-26", "Robert Buckland", ""),
    ],
)
def test_justice_secretary_on_the_days_that_matter(day, holder, doubt):
    found = timeline.who_was_in_office(load("office_holders"), day)
    found = found[found["office"] == "justice_secretary"]
    assert found[["holder", "doubt"]].values.tolist() == [[holder, doubt]]


# ------------------------------------------------------------------------------------------- ownership


def test_gaps_and_overlaps_are_found(ownership):
    assert timeline.check_ownership(ownership).empty
    gap = ownership.copy()
    gap.loc[1, "date"] = pd.Timestamp("2015-02-05")
    found = timeline.check_ownership(gap)
    assert found["problem"].tolist() == ["gap"]
    assert found.loc[0, "to"] == pd.Timestamp("2015-02-04")
    overlap = ownership.copy()
    overlap.loc[0, "date_end"] = pd.Timestamp("2015-03-01")
    assert timeline.check_ownership(overlap)["problem"].tolist() == ["overlap"]
    short = ownership.copy()
    short.loc[3, "date_end"] = pd.Timestamp("2020-12-31")
    found = timeline.check_ownership(short)
    assert found.loc[0, ["problem", "from", "to"]].tolist() == [
        "gap",
        pd.Timestamp("2021-01-01"),
        pd.Timestamp("2021-06-26"),
    ]


def test_all_21_companies_have_one_owner_on_every_day():
    ownership = load("ownership")
    assert timeline.check_ownership(ownership, "2014-06-01", "2021-06-25").to_dict("records") == []
    assert len(set(ownership["provider_id"])) == 21


def test_owners_before_and_after_the_sale():
    ownership = load("ownership")
    assert len(timeline.owners_on(ownership, "2014-06-01")) == 21
    assert len(set(timeline.owners_on(ownership, "2014-12-31")["owner_id"])) == 1
    assert len(set(timeline.owners_on(ownership, "2015-02-01")["owner_id"])) == 8
    assert timeline.owners_on(ownership, "2014-05-31").empty


def test_working_links_held_three_until_february_2019():
    ownership = load("ownership")
    for day, working_links, seetec in (("2015-02-01", 3, 1), ("2019-02-14", 3, 1), ("2019-02-16", 0, 4)):
        owners = timeline.owners_on(ownership, day)["owner_name"]
        assert len(owners) == 21
        assert owners.str.contains("Working Links").sum() == working_links
        assert owners.str.contains("Seetec").sum() == seetec


# -------------------------------------------------------------------------------------- real events


def test_every_event_has_a_period_and_a_known_link():
    events = load("events")
    assert timeline.with_periods(events)["period_end"].notna().all()
    rows = timeline.events_by_provider(events, load("providers"), load("ownership"))
    assert set(rows["event_id"]) == set(events["event_id"])
    assert set(rows["link"].dropna()) <= {"named", "owner", "group"}


def test_working_links_failure_reaches_its_three_companies():
    rows = timeline.events_by_provider(load("events"), load("providers"), load("ownership"))
    failure = rows[(rows["date"] == "2019-02-15") & (rows["kind"] == "provider")]
    assert {
        "crc-wales",
        "crc-bristol-gloucestershire-somerset-and-wiltshire",
        "crc-dorset-devon-and-cornwall",
    } <= set(failure["provider_id"])


# ------------------------------------------------------------------------------- overlay and sentences


def test_overlay_keeps_sources_apart_and_refuses_to_mix_units():
    table = dated(("2015-06-30", "day"), ("2014-06-30", "day"), ("2014-06-30", "day")).assign(
        value=[8861.0, 8300.0, 8400.0], unit="FTE", source_id=["answer", "answer", "table"], provider_id="nps"
    )
    found = timeline.overlay(table, "NPS staff")
    assert found["series"].tolist() == ["nps | answer", "nps | answer", "nps | table"]
    assert found["value"].tolist() == [8300.0, 8861.0, 8400.0]
    assert set(found["qualifier"]) == {"exact"}
    assert timeline.overlay(table.assign(provider_id=None), "All staff")["series"].tolist() == [
        *["answer"] * 2,
        "table",
    ]
    with pytest.raises(ValueError, match="answer mixes FTE, people"):
        timeline.overlay(table.assign(unit=["FTE", "people", "FTE"]), "NPS staff")


def test_statistics_keep_every_source_apart():
    found = timeline.statistics(load("staff"), load("caseload"), load("reoffending_national"))
    assert set(found["statistic"]) == {"Staff in post", "People supervised", "Binary rate", "Frequency rate"}
    inside = found.groupby(["statistic", "series"])[["source_id", "unit"]].nunique()
    assert (inside == 1).all(axis=None)
    assert not found.duplicated(["statistic", "series", "period_start", "period_end"]).any()
    trusts = found[found["provider_id"] == "probation-trusts"]
    assert trusts["value"].tolist() == [19335, 18466, 17881, 16297]
    assert found[found["statistic"] == "Binary rate"]["value"].between(20, 50).all()
    supervised = found[found["statistic"] == "People supervised"].set_index("value")["qualifier"]
    assert supervised[257000] == "about"


@pytest.mark.parametrize(
    ("day", "precision", "words"),
    [
        ("2019-02-15", "day", "15 February 2019"),
        ("2019-02-01", "month", "February 2019"),
        ("2019-01-01", "year", "2019"),
        ("2018-04-01", "financial_year", "April 2018 to March 2019"),
        ("2019-01-01", "unknown", "an unknown date"),
    ],
)
def test_a_date_is_said_as_exactly_as_it_is_known(day, precision, words):
    assert timeline.say_day(day, precision) == words


# ------------------------------------------------------------------------------- ready for the time axis


def test_no_two_events_of_a_line_touch():
    lined = timeline.event_lines(load("events"), days_apart=70)
    assert len(lined) == len(load("events"))
    assert lined.groupby("line")["kind"].nunique().eq(1).all()
    for _, own in lined.sort_values("period_start").groupby("line"):
        gap = own["period_start"] - own["period_end"].shift(1)
        assert (gap.dropna() >= 70 * DAY).all()


def test_milestones_that_the_table_lacks_are_named():
    with pytest.raises(ValueError, match="2021-06-26-probation-service-starts"):
        timeline.milestones(load("events").iloc[:50], {"2021-06-26-probation-service-starts": "One service"})


def test_phases_follow_each_other_without_a_gap():
    stretches = timeline.phases(load("events"))
    assert (stretches["first_day"].iloc[1:].to_numpy() == (stretches["last_day"].iloc[:-1] + DAY).to_numpy()).all()
    assert stretches["first_day"].isna().sum() == stretches["last_day"].isna().sum() == 1


def test_a_loosely_dated_row_falls_in_both_phases():
    stretches = timeline.phases(load("events"))
    rows = pd.DataFrame(
        {"start": pd.to_datetime(["2018-01-01", "2018-07-26"]), "end": pd.to_datetime(["2019-01-01", None])}
    )
    assert len(timeline.rows_in_phase(rows, stretches, "3")) == 2
    assert len(timeline.rows_in_phase(rows, stretches, "4")) == 1
    assert timeline.rows_in_phase(rows, stretches, "1").empty


def test_terms_are_sure_only_within_what_is_possible(office_holders):
    terms = timeline.office_terms(office_holders, "2010-01-01", "2023-12-31")
    known = terms[terms["sure_start"].notna()]
    assert (known["may_start"] <= known["sure_start"]).all()
    assert (known["sure_end"] <= known["may_end"]).all()
    third = terms.set_index("holder").loc["Third"]
    assert third["open_end"]
    assert third["sure_start"] == third["sure_end"] == pd.Timestamp("2012-09-30")
    assert third["term"] == "from September 2012, last day not known"


def test_every_spell_in_office_has_room_on_the_axis():
    terms = timeline.office_terms(load("office_holders"), "2010-01-01", "2023-12-31")
    assert len(terms) == len(load("office_holders"))
    assert (terms["may_start"] <= terms["may_end"]).all()
    assert terms["line"].max() == 8


def test_in_office_names_each_office_and_keeps_the_doubt():
    turns = dict.fromkeys(["2013-01-09-tr-consultation-opens", "2014-06-01-nps-and-crcs-start"], "Turn")
    turns = timeline.milestones(load("events"), turns)
    found = timeline.in_office_at(turns, load("office_holders")).set_index("event_id")
    start = found.loc["2014-06-01-nps-and-crcs-start"]
    assert start[list(timeline.OFFICES)].tolist() == ["Chris Grayling", "Jeremy Wright", "Paul McDowell"]
    plan = found.loc["2013-01-09-tr-consultation-opens"]
    assert plan["justice_secretary"] == "Chris Grayling"
    assert plan["chief_inspector"] == "Liz Calderbank (last day not known)"


def test_owner_changes_of_all_21_companies():
    changes = timeline.owner_changes(load("ownership"))
    assert changes["change"].value_counts().to_dict() == {"sale": 21, "owner's owner": 5, "owner": 3}
    moved = changes[changes["change"] == "owner"]
    assert moved[["from_owner", "to_owner"]].drop_duplicates().values.tolist() == [["Working Links", "Seetec"]]
    assert changes.query("change == 'sale'")["to_owner"].nunique() == 8


def test_a_line_never_joins_two_sources_or_jumps_a_gap():
    rows = timeline.statistics(load("staff"), load("caseload"), load("reoffending_national"))
    points = timeline.statistic_points(rows, "2010-01-01", "2023-12-31")
    pieces = points.groupby("piece")
    assert pieces["source_id"].nunique().eq(1).all()
    assert pieces["body"].nunique().eq(1).all()
    assert pieces["period_start"].diff().dropna().max() <= pd.Timedelta(days=400)
    # Two figures of one source that lie ten years apart stay two dots.
    assert points.loc[points["source_id"] == "wa-11805", "piece"].is_unique
    assert points.loc[points["label"] != ""].groupby(["statistic", "body"]).size().eq(1).all()


def test_tables_to_read_keep_every_row():
    events, ownership = load("events"), load("ownership")
    assert len(timeline.event_table(events)) == len(events)
    assert len(timeline.office_table(load("office_holders"))) == len(load("office_holders"))
    assert timeline.ownership_table(ownership, load("providers"))["crcs"].str.split("; ").str.len().sum() == len(
        ownership
    )


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2019-02-15", "2019-02-15", "15 February 2019"),
        ("2019-02-01", "2019-02-28", "February 2019"),
        ("2019-01-01", "2019-12-31", "2019"),
        ("2018-04-01", "2019-03-31", "1 April 2018 to 31 March 2019"),
    ],
)
def test_periods_in_words(first, last, words):
    assert timeline.say_period(first, last) == words


def test_who_was_in_office_keeps_what_the_event_says():
    events = load("events").iloc[:20]
    found = timeline.in_office_at(events, load("office_holders"))
    kept = ["event_id", "date", "date_precision", "title"]
    assert found.columns.tolist() == [*kept, *timeline.OFFICES, "source_id"]
    for column in [*kept, "source_id"]:
        assert found[column].tolist() == events[column].astype(found[column].dtype).tolist(), column


def test_the_days_between_two_milestones():
    turns = {"2014-06-01-nps-and-crcs-start": "Start", "2015-02-01-crcs-sold": "Sale"}
    table = timeline.milestone_table(timeline.milestones(load("events"), turns), load("office_holders"))
    assert table["time_since"].tolist() == ["(first)", "245 days"]


# ---------------------------------------------------------------------------------- what the notebook draws


def test_every_event_is_drawn_once_and_only_days_are_points():
    rows, events = cells.explorers("01")["timeline-explorer"].every, load("events")
    assert len(rows) == len(events)
    assert rows["end"].isna().sum() == (events["date_precision"] == "day").sum()
    assert not rows.duplicated(["kind_name", "title", "start"]).any()


def test_all_21_crcs_and_7_divisions_can_be_chosen():
    explorer = cells.explorers("01")["timeline-explorer"]
    names = timeline.without_categories(load("providers")).set_index("provider_id")["short_name"]
    kinds = load("providers").set_index("provider_id")["kind"]
    options = next(control for control in explorer.controls if control.name == "provider").values
    assert set(names[kinds.isin(["crc", "nps_division"])]) <= set(options)


def test_what_the_choices_say():
    explorer, events = cells.explorers("01")["timeline-explorer"], load("events")

    def say(**choices):
        return explorer.finding({**explorer.start, **choices})

    assert say().startswith(f"{len(events)} of {len(events)} events.")
    assert say(kind="Inspections").startswith(f"{(events['kind'] == 'inspection').sum()} of ")
    assert say(kind="Unions", provider="ARCC") == say(kind="Unions", period="5") == NOTHING
    # The direction of May 2019 names Working Links, which no longer held the CRC.
    assert say(provider="Wales", kind="Companies", period="4").startswith("1 of ")


def test_ownership_draws_21_rows_without_a_gap():
    rows = cells.explorers("01")["owners-explorer"].every.sort_values("start")
    assert rows["crc"].nunique() == 21
    assert len(rows) == len(load("ownership"))
    following = rows.groupby("crc")["start"].shift(-1).dropna()
    assert (following == rows.loc[following.index, "end"]).all()
    assert rows["label"].notna().all()


def test_what_each_owner_held():
    owners = cells.explorers("01")["owners-explorer"]
    held = owners.finding({"owner": "working-links"})
    assert held == "CRCs held: 3 from 1 February 2015 to 14 February 2019."
    assert "3 changed owner" in owners.finding(owners.start)
