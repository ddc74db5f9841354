"""A fact stands in one table. Where another tells of it in words, both must say the same, or the row is named.

That ratings, office holders and owners give the same day as their event stands under agreesWith in
data/datapackage.json, which `python -m helpers.data` checks.
"""

import html
import json
import re

import pandas as pd
import pytest

from helpers import data, register
from helpers.publish import notebooks

FACTS = ("rating_facts", "staffing_facts", "reoffending_facts")
NUMBERS = ("value", "amount", "points")
# The call of under 30 minutes is a fact, and an input of the simulation that names it as its reason.
BOTH = {("phone-call-length", "simulation_inputs")}
HEDGES = {
    "about": "about",
    "nearly": "less_than",
    "over": "more_than",
    "more than": "more_than",
    "at least": "at_least",
    "": "exact",
}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {name: data.load(name) for name in data.tables().index}


def documents(table: pd.DataFrame) -> pd.Series:
    """The documents of each row, as a set."""
    columns = [column for column in ("source_id", "other_source_ids") if column in table]
    return table[columns].astype("string").fillna("").agg(" ".join, axis=1).str.split().map(set)


def test_every_overall_rating_before_reunification_has_its_event_and_each_event_its_rating(tables):
    overall = tables["ratings"].query("standard == 'overall'")
    events = tables["events"].set_index("event_id")
    assert overall["event_id"].notna().all() and overall["event_id"].is_unique
    told = events[events["title"].str.match("(Rating|Second rating) of") & (events["date"] < "2021-06-26")]
    assert set(told.index) == set(overall["event_id"])
    for rating in overall.itertuples():
        event = events.loc[rating.event_id]
        assert rating.provider_id in event["provider_ids"].split(), rating.event_id
        assert event["title"].removesuffix(" again").endswith(f": {rating.band}"), rating.event_id


def test_the_ratings_of_one_report_have_one_event_and_so_one_day(tables):
    reports = tables["ratings"].groupby(["provider_id", "round"], observed=True)["event_id"].agg(["nunique", "first"])
    assert (reports["nunique"] == 1).all() and reports["first"].is_unique


def test_who_took_office_and_the_event_that_says_so_are_the_same(tables):
    holders, events = tables["office_holders"], tables["events"].set_index("event_id")
    told = events[events["title"].str.contains("takes office|takes the|takes over as|starts as chief")]
    assert set(told.index) - set(holders["event_id"].dropna()) == set(), "an office holder's row must name the event"
    ends = holders.dropna(subset="event_id").set_index("event_id")["date_end"]
    for event_id, holder in holders.dropna(subset="event_id").set_index("event_id")["holder"].items():
        assert holder.split()[-1] in events.loc[event_id, "title"], event_id
        said = re.search(r"[Uu]ntil (\d+ \w+ \d{4})", events.loc[event_id, "detail"])
        assert said is None or pd.Timestamp(said[1]) == ends[event_id], event_id


def test_owners_end_where_the_next_begins_and_every_start_is_an_event(tables):
    owners = tables["ownership"].sort_values(["provider_id", "date"])
    assert owners["event_id"].notna().all()
    following = owners.groupby("provider_id")["date"].shift(-1)
    unified = tables["events"].set_index("event_id").loc["2021-06-26-probation-service-starts", "date"]
    wrong = owners[owners["date_end"] != following.fillna(unified)]
    assert wrong.empty, wrong[["provider_id", "owner_id", "date_end"]]


def test_no_fact_repeats_a_figure_of_the_same_document_in_another_table(tables):
    found = []
    for name in FACTS:
        facts = tables[name].dropna(subset="value").assign(documents=documents)
        for other, table in tables.items():
            column = next((column for column in NUMBERS if column in table), None)
            if column is None or other == name:
                continue
            there = pd.DataFrame({"value": table[column].astype(float), "theirs": documents(table)})
            pairs = facts[["fact_id", "value", "documents"]].merge(there.dropna(), on="value")
            same = [bool(ours & theirs) for ours, theirs in zip(pairs["documents"], pairs["theirs"])]
            found += [(fact, other) for fact in pairs.loc[same, "fact_id"]]
    assert set(found) == BOTH, "keep the row in one table; its other sources go into other_source_ids"


def test_people_supervised_in_an_event_are_those_of_the_caseload(tables):
    """With the hedge of the caseload: 'nearly 4,000' is no 'about 4,000'."""
    counts = tables["caseload"]
    hedge = "|".join(filter(None, HEDGES))
    for event in tables["events"].dropna(subset=["detail", "provider_ids"]).itertuples():
        for said in re.finditer(rf"(?:({hedge}) )?([\d,]+) people supervised", event.detail, re.IGNORECASE):
            value, qualifier = float(said[2].replace(",", "")), HEDGES[(said[1] or "").lower()]
            about = counts["provider_id"].isin([*event.provider_ids.split(), "crcs-purple-futures", "all-probation"])
            same = counts[about & (counts["value"] == value) & (counts["qualifier"] == qualifier)]
            assert len(same), f"{event.event_id}: {said[0]!r} is not in caseload with that hedge"


def test_every_sum_told_in_an_event_is_a_row_of_money(tables):
    sums = set(tables["money"]["amount"])
    for event in tables["events"].itertuples():
        for said in re.finditer(r"£([\d.,]+\d)(m|bn)", f"{event.title} {event.detail}"):
            million = float(said[1].replace(",", "")) * (1000 if said[2] == "bn" else 1)
            assert million in sums, f"{event.event_id}: {said[0]} is not in money"


def shown(numbers: tuple[str, ...]) -> str:
    """What the stored outputs of these notebooks show, as one text."""
    outputs = []
    for path in notebooks.paths():
        if path.name[:2] in numbers:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            outputs += [json.dumps(cell.get("outputs", []), ensure_ascii=False) for cell in cells]
    return html.unescape("\n".join(outputs).replace('\\"', '"'))


THEMES = {
    "rating_facts": ("02", "03", "04", "07", "10"),
    "staffing_facts": ("04", "10"),
    "reoffending_facts": ("06", "07", "10"),
}


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_is_shown_where_its_theme_is_told(tables, name):
    facts, told = tables[name].set_index("fact_id"), shown(THEMES[name])
    unused = [fact_id for fact_id, fact in facts["fact"].items() if str(fact) not in told]
    assert not unused, (
        f"{name}: no notebook of {', '.join(THEMES[name])} shows {', '.join(unused)}. Show each in the table of "
        "further facts of its theme (register.facts_listed), or take the row out of the file."
    )


def test_facts_of_some_topics_are_listed_with_figure_and_document(tables):
    facts = tables["rating_facts"]
    successor = register.facts_listed(facts, "successor scheme")
    assert len(successor) == (facts["topic"] == "successor scheme").sum() == 4
    assert len(register.facts_listed(facts)) == len(facts)
    assert successor["source"].ne("").all()
