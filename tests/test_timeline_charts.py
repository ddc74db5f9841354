"""Charts of the timeline: every row is drawn, precision and doubt stay visible, the choices say what they show."""

import json

import pandas as pd
import pytest

from helpers import timeline, timeline_charts
from helpers.data import load
from helpers.explorer import NOTHING


@pytest.fixture(scope="module")
def explorer():
    statistics = timeline.statistics(load("staff"), load("caseload"), load("reoffending_national"))
    tables = [load(name) for name in ("events", "providers", "ownership", "office_holders")]
    return timeline_charts.timeline_explorer(*tables, statistics, load("sources"))


@pytest.fixture(scope="module")
def owners():
    return timeline_charts.ownership_explorer(load("ownership"), load("providers"), load("sources"))


def say(explorer, **choices):
    return explorer.finding({**explorer.start, **choices})


def test_every_event_is_drawn_once_and_only_days_are_points(explorer):
    events = load("events")
    assert len(explorer.every) == len(events)
    assert explorer.every["end"].isna().sum() == (events["date_precision"] == "day").sum()
    assert not explorer.every.duplicated(["kind_name", "title", "start"]).any()


def test_description_sources_and_shared_axis(explorer):
    spec = explorer.spec()
    assert str(len(load("events"))) in spec["description"]
    assert set(load("events")["source_id"]) <= set(spec["usermeta"]["source_ids"])
    assert spec["resolve"]["scale"]["x"] == "shared"
    assert [each["name"] for each in spec["params"] if each.get("bind") == "scales"] == ["zoom"]


def test_the_same_declaration_gives_the_same_specification(explorer):
    assert json.dumps(explorer.spec(), default=str) == json.dumps(explorer.spec(), default=str)


def test_all_21_crcs_and_7_divisions_can_be_chosen(explorer):
    names = timeline.without_categories(load("providers")).set_index("provider_id")["short_name"]
    kinds = load("providers").set_index("provider_id")["kind"]
    options = next(control for control in explorer.controls if control.name == "provider").values
    assert set(names[kinds.isin(["crc", "nps_division"])]) <= set(options)
    for option in options:
        assert not say(explorer, provider=option).startswith(NOTHING), option


def test_what_the_choices_say(explorer):
    events = load("events")
    assert say(explorer).startswith(f"{len(events)} of {len(events)} events match.")
    inspections = (events["kind"] == "inspection").sum()
    assert say(explorer, kind="Inspections").startswith(f"{inspections} of ")
    assert say(explorer, kind="Unions", provider="ARCC") == NOTHING
    assert say(explorer, kind="Unions", period="5") == NOTHING
    # The direction of May 2019 names Working Links, which no longer held the CRC.
    assert say(explorer, provider="Wales", kind="Companies", period="4").startswith("1 of ")


def test_an_empty_choice_is_announced_in_the_chart(explorer):
    assert "No event matches these choices." in json.dumps(explorer.spec(), default=str)


def test_ownership_draws_21_rows_without_a_gap(owners):
    assert owners.every["crc"].nunique() == 21
    assert len(owners.every) == len(load("ownership"))
    following = owners.every.sort_values("start").groupby("crc")
    assert (
        following["start"].shift(-1).dropna()
        == owners.every.sort_values("start").loc[following["start"].shift(-1).dropna().index, "end"]
    ).all()
    assert owners.every["label"].notna().all()


def test_what_each_owner_held(owners):
    assert say(owners, owner="working-links") == "Working Links held 3 CRCs from 1 February 2015 to 14 February 2019."
    for control in owners.controls[0].values:
        assert pd.notna(say(owners, owner=control))
    assert "3 changed owner" in say(owners)
