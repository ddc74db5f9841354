"""Charts of the simulation: labelled as one, every row kept, sentences and tables agree with the analysis."""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest

from helpers import risk_under_pressure as risk
from helpers import risk_under_pressure_charts as pressure
from helpers.data import load

TABLE, SOURCES = load("simulation_inputs"), load("sources")
INPUTS = risk.read(TABLE)
BY_CUT, BY_MINUTES, BY_RED = pressure.by_cut(INPUTS), pressure.by_minutes(INPUTS), pressure.by_red_share(INPUTS)
EXPLORER = pressure.pressure_explorer(TABLE, SOURCES)


def charts():
    yield pressure.tiles(BY_CUT, TABLE, SOURCES, "Simulation: cuts", "Contact rule").to_dict()
    yield pressure.tiles(BY_MINUTES, TABLE, SOURCES, "Simulation: minutes", "Length of a meeting").to_dict()
    yield pressure.tiles(BY_RED, TABLE, SOURCES, "Simulation: red", "People in red").to_dict()
    simulated = risk.simulate(risk.setting(INPUTS, "as the inspectors found"), draws=50)
    yield pressure.spread(simulated, TABLE, SOURCES).to_dict()
    yield EXPLORER.spec()


def test_every_chart_is_labelled_and_sourced():
    for spec in charts():
        assert pressure.LABEL in " ".join(spec["title"]["subtitle"])
        assert spec["description"].startswith("Simulation.")
        assert set(spec["usermeta"]["source_ids"]) == set(TABLE["source_id"].dropna())


@pytest.mark.parametrize("rows", [BY_CUT, BY_MINUTES, BY_RED])
def test_a_tile_for_each_row_and_cut(rows):
    cuts = rows["staff_cut_percent"].nunique()
    assert len(rows) == rows["row"].nunique() * cuts == len(rows.drop_duplicates(["row", "staff_cut_percent"]))
    spec = pressure.tiles(rows, TABLE, SOURCES, "Simulation", "Rows").to_dict()
    drawn = pd.DataFrame(next(iter(spec["datasets"].values())))
    assert drawn["verdict"].tolist() == rows["verdict"].tolist()
    for text, share in zip(drawn["text"], rows["hiding_share_percent"]):
        assert text == ("never" if math.isnan(share) else "fits" if share == 0 else text)
        if text.endswith("%"):
            assert share <= int(text[:-1]) < share + 1, "rounded down, the share would not be enough"


@pytest.mark.parametrize("preset", risk.PRESETS)
def test_rows_of_the_explorer_are_those_of_the_analysis(preset):
    rows = pressure.pressure_rows(INPUTS, preset, risk.AS_PRESET, risk.AS_PRESET)
    for row in rows.itertuples():
        one = risk.setting(INPUTS, preset, share_percent=float(row.under_recorded_percent))
        closed = risk.expected(one)
        found = [closed[name] / one.officers_left for name in ("hours_needed", "hours_recorded", "red_seen_weekly")]
        np.testing.assert_allclose([row.needed, row.recorded, row.seen], found, atol=0.011)
    assert (rows["recorded"].diff().dropna() < 0).all() and rows["recorded"].iloc[0] == rows["needed"].iloc[0]
    assert rows["crossing"].notna().all() == (risk.verdict(risk.hiding_share(one)) == "possible")


def test_the_finding_is_that_of_the_analysis_for_every_choice():
    moving = [control for control in EXPLORER.controls if not control.live_only]
    for values in itertools.product(*(control.values[:2] for control in moving)):
        choices = {**EXPLORER.start, **dict(zip((control.name for control in moving), values))}
        grid = {name: choices[name] for name in ("preset", "contact_rule", "cut_percent", "share_percent")}
        assert EXPLORER.finding(choices) == risk.say(risk.answer(INPUTS, **grid))
        assert len(EXPLORER.matching(choices)) == len(pressure.SHARES)


def test_start_values_of_free_controls_are_those_of_the_inputs():
    free = {control.name: control.start for control in EXPLORER.controls if control.live_only}
    assert risk.setting(INPUTS, "staff down a third", **free) == risk.setting(INPUTS, "staff down a third")


def test_an_impossible_choice_is_said_beside_the_controls():
    live = pressure.pressure_explorer(TABLE, SOURCES).live
    before = live.chart.spec
    live.widgets["red_percent"].value = 40
    assert "make 125%. Please take away 25." in live.message.value and live.chart.spec is before
    live.widgets["amber_percent"].value = 5
    assert "In this simulation" in live.message.value and live.chart.spec is not before
    live.widgets["officers"].value = 0
    assert "There must be staff to do the work" in live.message.value
    live.reset.click()
    assert "In this simulation an officer with 75 cases" in live.message.value


def test_the_page_stays_small():
    assert len(json.dumps(EXPLORER.spec(), indent=1)) < 200_000


def test_sentences():
    assert "up to a cut of 20 percent; at 25 to 35 percent it looks manageable once 26 to 91" in pressure.say_cuts(
        BY_CUT
    )
    assert "even without a cut no share would hide it" in pressure.say_cuts(BY_CUT, "workload points")
    assert "saves 45 minutes a week" in pressure.say_saving(risk.contacts(INPUTS))
    said = pressure.say_presets(risk.answers(INPUTS))
    assert all(preset in said for preset in risk.PRESETS) and "79.8 percent" in said
    said = pressure.say_varied(BY_MINUTES)
    assert "with 30 minutes, the load fits up to a cut of 50 percent, the largest tried" in said
    assert "with 150 minutes, the load does not fit even without a cut" in said
    assert "with 25% in red, the load fits up to a cut of 10 percent" in pressure.say_varied(BY_RED)


def test_every_input_is_in_one_of_the_two_tables():
    sourced, assumed = pressure.input_rows(TABLE, "sourced"), pressure.input_rows(TABLE, "assumed")
    assert len(sourced) + len(assumed) == len(TABLE)
    for shown in (sourced, assumed):
        assert shown.notna().all(axis=None)
    assert "1 week" in sourced["value"].tolist() and "about 25%" in sourced["value"].tolist()
    listed = set(pressure.input_documents(TABLE)["source_id"])
    assert listed >= set(sourced["source_id"]) and listed <= set(SOURCES["source_id"])


def test_the_mechanism_rests_on_claims():
    claims = load("claims")
    rows = pressure.mechanism(claims, TABLE)
    assert "Officers avoided the red grade because it meant weekly contact" in rows["claim"].tolist()
    assert len(rows) == (claims["same_claim"] == "risk-under-recorded").sum() + 1
