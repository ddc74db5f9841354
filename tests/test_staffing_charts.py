"""Charts of staff, cuts and caseloads: every figure is drawn, hedges show, the choices say what they show."""

import json

import pytest

from helpers import staffing, staffing_charts
from helpers.data import load
from helpers.explorer import NOTHING

TABLES = ("staff", "providers", "sources", "workload", "caseload", "ownership", "staffing_facts")


@pytest.fixture(scope="module")
def tables():
    return {name: load(name) for name in TABLES}


@pytest.fixture(scope="module")
def cuts(tables):
    return staffing.crc_cuts(tables["staff"], tables["providers"])


@pytest.fixture(scope="module")
def explorers(tables, cuts):
    staff, providers, sources, workload = (tables[name] for name in TABLES[:4])
    return {
        "nps": staffing_charts.nps_explorer(staff, providers, sources),
        "cuts": staffing_charts.cuts_explorer(cuts, providers, sources),
        "caseloads": staffing_charts.caseload_explorer(workload, tables["caseload"], providers, sources),
        "model": staffing_charts.cut_explorer(workload, staff, providers, sources),
    }


def say(explorer, **choices):
    return explorer.finding({**explorer.start, **choices})


def test_the_break_is_a_box_and_no_line_crosses_it(tables):
    series = staffing.staff_series(tables["staff"], tables["staffing_facts"])
    chart = staffing_charts.staff_over_time(series, tables["providers"], tables["ownership"], tables["sources"])
    spec = chart.to_dict()
    drawn = max(spec["datasets"].values(), key=len)
    assert len(drawn) == (series["row_kind"] == "value").sum()
    assert [row["date"][:4] for row in drawn if row["body"] == "CRC"] == ["2014"]
    lines = {(row["series"], row["body"]) for row in drawn}
    assert len(lines) == series.loc[series["row_kind"] == "value", "series"].nunique()
    assert "no longer collected" in json.dumps(spec)
    assert set(spec["usermeta"]["source_ids"]) == set(series["source_id"])


def test_every_choice_has_rows_a_sentence_and_sources(explorers):
    for explorer in explorers.values():
        spec = explorer.spec()
        assert spec["description"]
        assert spec["usermeta"]["source_ids"]
        for control in explorer.controls:
            for value in control.values:
                assert say(explorer, **{control.name: value}) != NOTHING
        assert json.dumps(spec, default=str) == json.dumps(explorer.spec(), default=str)


def test_no_figure_is_lost(explorers, cuts, tables):
    assert len(explorers["cuts"].every) == len(cuts)
    loads = staffing.caseload_per_officer(tables["workload"])
    people = staffing.people_supervised(tables["caseload"], ["all-probation", "all-crcs", "nps"])
    shares = staffing.caseload_shares(tables["workload"])
    assert len(explorers["caseloads"].every) == len(loads) + len(people) + len(shares)


def test_rivals_stand_together_and_bounds_keep_their_hedge(explorers):
    for unit in ("percent", "jobs"):
        rows = explorers["cuts"].matching({"list": unit}).reset_index(drop=True)
        rivals = rows[rows["rival"]]
        for _, group in rivals.groupby("group"):
            assert len(group) > 1
            assert group.index.tolist() == list(range(group.index[0], group.index[0] + len(group)))
    rows = explorers["cuts"].every
    assert rows.loc[rows["text"].str.startswith("at least 30%"), "hedge"].tolist() == ["this or more"]
    assert rows.loc[rows["text"].str.startswith("at most 40%"), "hedge"].tolist() == ["this or less"]
    loads = explorers["caseloads"].every
    assert loads.loc[loads["figure"] == 42, "hedge"].tolist()[:1] == ["this or more"]
    assert "about 80 to 100, some officers, November 2018" in set(loads["text"])


def test_the_model_in_words(explorers):
    model = explorers["model"]
    assert say(model) == (
        "After a cut of 33.3 percent, 10 of 10 mean caseloads would stand at or above 50 cases per officer, and "
        "none at or above 168."
    )
    assert say(model, cut=0) == (
        "As published, 6 of 10 mean caseloads stand at or above 50 cases per officer (1 more may), and none at or "
        "above 168."
    )
    assert say(model, cut=50).endswith("and 1 at or above 168.")
    dorset = say(model, start="s8", direction="before")
    assert dorset.startswith("About 80 cases per officer after a cut of 33.3 percent imply about 53 before it")
    assert "The source reports a cut of about 33.3 percent before this caseload." in dorset


def test_the_page_looks_sentences_up_as_a_browser_writes_numbers(explorers):
    finding = next(each for each in explorers["model"].spec()["params"] if each["name"] == "finding")
    assert {key.split("|")[0] for key in finding["value"]} == {"0", "10", "20", "33.3", "50"}


def test_references_of_the_model_come_from_the_data(explorers, tables):
    lines = staffing.model_references(tables["workload"])
    text = json.dumps(explorers["model"].spec())
    for row in lines.itertuples():
        assert f'"cases": {row.cases}' in text
    assert set(lines["source_id"]) <= set(explorers["model"].spec()["usermeta"]["source_ids"])


def test_nps_grid_shows_parts_sum_and_published_total(explorers):
    rows = explorers["nps"].matching({"view": "staff by grade"})
    assert {"Sum of the grades", "NPS total as published"} <= set(rows["part"])
    assert rows.groupby("part").size().eq(6).all()
    assert "joiners in the NPS" in say(explorers["nps"], view="joiners by division")
