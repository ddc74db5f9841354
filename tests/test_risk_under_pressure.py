"""The simulation of risk under pressure: its inputs against the evidence, worked examples, properties, bad input."""

import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpers import risk_under_pressure as risk
from helpers.data import load
from tests import cells

TABLE = load("simulation_inputs")
INPUTS = risk.read(TABLE)
KEYS = {
    "workload_points": ["workload_points_id"],
    "tiering": ["tiering_id"],
    "staffing_facts": ["fact_id"],
    "claims": ["claim_id"],
    "workload": ["provider_id", "measure"],
    "staff": ["provider_id", "measure", "grade", "source_id"],
}


def make(people=1000, officers=20.0, cut=0.0, share=0.0, mix=(15, 30, 30, 25), hours=(1.5, 0.75, 0.4, 0.1), week=37.0):
    return risk.Setting(people, officers, cut, share, mix, hours, week)


@st.composite
def mixes(draw):
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=3, max_size=3)))
    return tuple(int(part) for part in np.diff([0, *cuts, 100]))


@st.composite
def settings_of(draw, fewest=1):
    """Any possible setting in which a red case takes at least as long as an amber one, and so on down."""
    hours = tuple(sorted(draw(st.lists(st.floats(0.05, 3), min_size=4, max_size=4)), reverse=True))
    return make(
        draw(st.integers(fewest, 50_000)),
        draw(st.floats(0.5, 2000)),
        draw(st.integers(0, 95)),
        draw(st.integers(0, 100)),
        draw(mixes()),
        hours,
    )


def draw(one, draws=400, seed=1):
    """Seeded draws, one row each: people by true and by recorded band, and the measures of risk.MEASURES."""
    rng = np.random.default_rng(seed)
    true = rng.multinomial(one.people, np.asarray(one.mix) / math.fsum(one.mix), size=draws)
    lowered = rng.binomial(true[:, 0], one.share_percent / 100)
    recorded = true + np.outer(lowered, (-1, 1, 0, 0))
    most = one.people if one.hours[0] == 0 else math.floor(one.capacity / one.hours[0] + 1e-9)
    seen = np.minimum(recorded[:, 0], most)
    columns = {f"true_{band}": true[:, place] for place, band in enumerate(risk.BANDS)}
    columns |= {f"recorded_{band}": recorded[:, place] for place, band in enumerate(risk.BANDS)}
    needed, on_paper = true @ one.hours, recorded @ one.hours
    columns |= {"hours_needed": needed, "hours_recorded": on_paper, "gap_hours": needed - on_paper}
    columns |= {"red_cases": true[:, 0], "red_cases_recorded": recorded[:, 0], "gap_people": lowered}
    return pd.DataFrame(columns).assign(red_seen_weekly=seen, red_not_seen_weekly=true[:, 0] - seen)


def changed(one, **values):
    return risk.Setting(**{name: values.get(name, getattr(one, name)) for name in one.__dataclass_fields__})


# --------------------------------------------------------------------------------------------- inputs


def evidence_row(row):
    table = load(row.evidence_table)
    wanted = dict(zip(KEYS[row.evidence_table], row.evidence_id.split("+")))
    if row.evidence_table == "staff":
        wanted |= {"grade": "all grades", "source_id": row.source_id}
    found = table[np.logical_and.reduce([table[name] == value for name, value in wanted.items()])]
    assert len(found) == 1, f"{row.simulation_input_id}: {len(found)} rows of {row.evidence_table} are {wanted}"
    return found.iloc[0]


@pytest.mark.parametrize(
    "row", list(TABLE[TABLE["basis"] == "sourced"].itertuples()), ids=lambda row: row.simulation_input_id
)
def test_a_sourced_input_is_the_figure_of_the_evidence(row):
    found = evidence_row(row)
    named = {found[name] for name in ("source_id", "article_source_id") if name in found}
    assert row.source_id in named
    column = {
        "contact_interval": "contact_interval_weeks",
        "meetings_a_month": "contacts_per_month",
        "share_of_people": "share_of_people_percent",
        "cases_per_officer_after_cut": "value_low",
    }.get(row.input, "value")
    if row.evidence_table == "claims":
        assert "weekly" in found["claim"] and row.value == 1
    elif pd.notna(row.value):
        assert row.value == abs(found[column])
        if row.evidence_table != "tiering":
            assert row.qualifier == found["qualifier"]
    if row.input == "points":
        assert found["tier"] == INPUTS["", row.band, "tier"]


def test_every_preset_and_band_is_complete():
    for preset in risk.PRESETS:
        assert risk.setting(INPUTS, preset).people == 6000
        assert risk.rule_of(INPUTS, preset) in risk.RULES
    assert sum(INPUTS["", band, "share_of_people"] for band in risk.BANDS) == 100


def test_presets_start_from_what_their_rows_say():
    contracted, down, found = (risk.setting(INPUTS, preset) for preset in risk.PRESETS)
    assert contracted.people / contracted.officers_left == 50
    assert down.officers == contracted.officers and down.officers_left == pytest.approx(120 * 0.667)
    assert found.people / found.officers_left == pytest.approx(80)
    assert risk.setting(INPUTS, "as the inspectors found", cut_percent=0).officers == found.officers


def test_hours_of_a_case_by_rule():
    hours = risk.contacts(INPUTS).set_index(["rule", "band"])["hours_a_week"]
    assert hours["calls", "red"] == 1.5 and hours["calls", "amber"] == 0.75
    assert hours["calls", "blue"] == pytest.approx(0.5 / 6)
    assert hours["monthly meeting", "blue"] == pytest.approx(1.5 * 12 * 7 / 365.25)
    assert hours["monthly meeting", "amber"] == hours["calls", "amber"], "already oftener than once a month"
    # 2,176 points are a full-time week of 37 hours.
    assert hours["workload points", "red"] == pytest.approx(79 * 37 / 2176)
    assert (risk.contacts(INPUTS, 60).set_index(["rule", "band"])["hours_a_week"] <= hours + 1e-12).all()


# ------------------------------------------------------------------------------------- worked examples


def test_one_office_by_hand():
    one = make(people=1000, officers=10, cut=20, share=40, mix=(20, 30, 30, 20), hours=(2, 1, 0.5, 0.25))
    closed = risk.expected(one)
    assert one.capacity == 8 * 37
    assert closed["hours_needed"] == 200 * 2 + 300 + 150 + 50
    assert closed["gap_people"] == 80 and closed["gap_hours"] == 80
    assert closed["hours_recorded"] == 820
    assert closed["red_cases_recorded"] == 120
    # The hours allow 148 red cases, and now and then more are recorded.
    assert 119.9 < closed["red_seen_weekly"] < 120
    assert math.isnan(risk.hiding_share(one)) and risk.verdict(risk.hiding_share(one)) == "impossible"
    # 900 hours needed, 800 to be had, one hour saved by each of 200 red cases: half of them.
    enough = changed(one, officers=800 / 37 / 0.8)
    assert risk.hiding_share(enough) == pytest.approx(50) and risk.verdict(50.0) == "possible"
    assert risk.hiding_share(changed(one, officers=100)) == 0 and risk.verdict(0.0) == "manageable"
    exactly = changed(one, officers=700 / 37 / 0.8 * (1 + 1e-12))
    assert risk.hiding_share(exactly) == pytest.approx(100)


def test_red_cases_come_first_but_no_more_than_the_hours_allow():
    one = make(people=1000, officers=1, mix=(100, 0, 0, 0), hours=(2, 1, 1, 1))
    drawn = draw(one, draws=10)
    assert (drawn["red_seen_weekly"] == 18).all() and (drawn["red_not_seen_weekly"] == 982).all()
    assert risk.expected(one)["red_seen_weekly"] == 18


@given(st.integers(1, 60), st.integers(0, 1000), st.integers(0, 61))
def test_the_smaller_of_a_binomial_and_a_limit(people, thousandths, most):
    chance = thousandths / 1000
    terms = (math.comb(people, x) * chance**x * (1 - chance) ** (people - x) * min(x, most) for x in range(people + 1))
    by_hand = math.fsum(terms)
    assert risk._expected_smaller(people, chance, most) == pytest.approx(by_hand, abs=1e-9)


def test_counts_have_the_distribution_of_a_draw_for_each_person():
    one = make(people=200, officers=2, share=40, mix=(20, 30, 30, 20))
    drawn = draw(one, draws=4000, seed=3)
    rng = np.random.default_rng(4)
    band = rng.choice(4, p=np.array(one.mix) / 100, size=(4000, one.people))
    lowered = (band == 0) & (rng.random(band.shape) < 0.4)
    recorded_red, recorded_amber = ((band == 0) & ~lowered).sum(1), ((band == 1) | lowered).sum(1)
    for name, person_by_person in (("recorded_red", recorded_red), ("recorded_amber", recorded_amber)):
        deviation = person_by_person.std()
        assert drawn[name].mean() == pytest.approx(person_by_person.mean(), abs=4 * deviation * math.sqrt(2 / 4000))
        assert drawn[name].std() == pytest.approx(deviation, rel=0.06)
    together, apart = (
        np.corrcoef(drawn["recorded_red"], drawn["recorded_amber"]),
        np.corrcoef(recorded_red, recorded_amber),
    )
    assert together[0, 1] == pytest.approx(apart[0, 1], abs=0.07)


# ------------------------------------------------------------------------------------------ properties


@given(settings_of(), st.integers(0, 99))
def test_people_are_conserved(one, seed):
    drawn = draw(one, draws=20, seed=seed)
    for kind in ("true", "recorded"):
        counts = drawn[[f"{kind}_{band}" for band in risk.BANDS]]
        assert (counts >= 0).all(axis=None) and (counts.sum(axis=1) == one.people).all()
    assert (drawn["true_green"] == drawn["recorded_green"]).all() and (
        drawn["true_blue"] == drawn["recorded_blue"]
    ).all()
    assert (drawn["red_seen_weekly"] + drawn["red_not_seen_weekly"] == drawn["true_red"]).all()
    assert (drawn["red_not_seen_weekly"] >= drawn["gap_people"]).all()
    closed = risk.expected(one)
    assert closed["red_seen_weekly"] + closed["red_not_seen_weekly"] == pytest.approx(closed["red_cases"])


@given(settings_of(), st.integers(0, 99))
def test_no_under_recording_leaves_no_gap(one, seed):
    one = changed(one, share_percent=0)
    drawn = draw(one, draws=20, seed=seed)
    assert (drawn[["gap_people", "gap_hours"]] == 0).all(axis=None)
    assert (drawn["hours_needed"] == drawn["hours_recorded"]).all()
    closed = risk.expected(one)
    assert closed["gap_people"] == closed["gap_hours"] == 0


@given(settings_of(fewest=50), st.integers(0, 10_000))
@settings(derandomize=True, max_examples=60)
def test_the_mean_of_the_draws_is_the_closed_form(one, seed):
    draws = 2000
    drawn, closed = draw(one, draws, seed), risk.expected(one)
    for measure in risk.MEASURES:
        # At least one unit in a thousand draws, for counts that are almost always the same.
        error = max(drawn[measure].std(), 0.03 * max(one.hours)) / math.sqrt(draws)
        assert drawn[measure].mean() == pytest.approx(closed[measure], abs=6 * error, rel=1e-9), measure


@given(settings_of(), st.integers(0, 100))
def test_more_under_recording_hides_more(one, other):
    less, more = sorted((one.share_percent, other))
    low, high = (risk.expected(changed(one, share_percent=share)) for share in (less, more))
    slack = 1e-6 * one.people
    assert high["hours_recorded"] <= low["hours_recorded"] + slack
    assert high["gap_hours"] >= low["gap_hours"] - slack and high["gap_people"] >= low["gap_people"] - slack
    assert high["red_seen_weekly"] <= low["red_seen_weekly"] + slack
    assert high["hours_needed"] == low["hours_needed"], "who comes does not depend on what is recorded"


@given(settings_of(), st.floats(0.5, 2000), st.integers(0, 95))
def test_more_staff_and_smaller_cuts_never_make_it_worse(one, officers, cut):
    def worse(share):
        return math.inf if math.isnan(share) else share

    for name, values in (
        ("officers", sorted((one.officers, officers))),
        ("cut_percent", sorted((one.cut_percent, cut))[::-1]),
    ):
        short, ample = (changed(one, **{name: value}) for value in values)
        assert ample.capacity >= short.capacity
        assert risk.expected(ample)["red_seen_weekly"] >= risk.expected(short)["red_seen_weekly"] - 1e-6 * one.people
        assert worse(risk.hiding_share(ample)) <= worse(risk.hiding_share(short)) + 1e-6
        assert risk.expected(ample)["hours_needed"] == risk.expected(short)["hours_needed"]


@given(settings_of())
def test_at_the_hiding_share_the_recorded_hours_are_the_hours_there_are(one):
    share = risk.hiding_share(one)
    full = risk.expected(changed(one, share_percent=100))["hours_recorded"]
    if math.isnan(share):
        assert full > one.capacity * (1 - 1e-9)
    elif share == 0:
        assert risk.expected(changed(one, share_percent=0))["hours_recorded"] <= one.capacity
    else:
        assume(share <= 100)
        at = risk.expected(changed(one, share_percent=share))["hours_recorded"]
        assert 0 < share <= 100 and at == pytest.approx(one.capacity)


@given(settings_of())
def test_nothing_can_be_hidden_where_amber_takes_as_long_as_red(one):
    one = changed(one, hours=(1.0, 1.0, 0.5, 0.1), officers=one.people / 1e4, mix=(100, 0, 0, 0))
    assert math.isnan(risk.hiding_share(one))
    assert risk.expected(one)["gap_hours"] == 0


def test_quantiles_enclose_nine_draws_of_ten():
    one = make(people=20_000, officers=400, share=35)
    rows, drawn = risk.chance(one), draw(one, draws=1000)
    for row in rows.itertuples():
        assert drawn[row.measure].between(row.low, row.high).mean() == pytest.approx(0.9, abs=0.03)
        assert row.low < row.expected < row.high


# ------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"officers": 0}, "officers must be above 0, not 0"),
        ({"officers": -3}, "officers must be above 0"),
        ({"people": 0}, "a whole number of at least 1, not 0"),
        ({"people": 10.5}, "a whole number"),
        ({"people": math.nan}, "a whole number"),
        ({"cut": 100}, "leaves no staff"),
        ({"cut": 101}, "between 0% and 100%, not at 101%"),
        ({"cut": -1}, "between 0% and 100%"),
        ({"share": 120}, "recorded as amber must lie between 0% and 100%, not at 120%"),
        ({"share": math.nan}, "between 0% and 100%"),
        ({"mix": (15, 30, 30, 20)}, "red 15%, amber 30%, green 30%, blue 20% make 95%. Please add 5."),
        ({"mix": (20, 30, 30, 25)}, "make 105%. Please take away 5."),
        ({"mix": (-10, 50, 35, 25)}, "must lie between 0% and 100%: red -10%"),
        ({"hours": (1, 1, 1, math.inf)}, "0 or more"),
        ({"week": 0}, "more than 0 hours"),
    ],
)
def test_an_impossible_choice_is_said_in_words(change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        make(**change)


def test_all_problems_are_said_at_once():
    with pytest.raises(ValueError, match=r"officers .* share .* mix"):
        make(officers=0, share=101, mix=(1, 2, 3, 4))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cut_percent": 100}, "A cut of 100% leaves no staff"),
        ({"share_percent": 101}, "recorded as amber must lie between 0% and 100%"),
        ({"preset": "best"}, "There is no preset 'best'"),
        ({"contact_rule": "daily"}, "There is no contact rule 'daily'"),
    ],
)
def test_an_answer_says_it_too(change, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        risk.answer(INPUTS, **change)


def test_an_impossible_input_or_meeting_is_said():
    with pytest.raises(ValueError, match="make 125%"):
        risk.answer({**INPUTS, ("", "red", "share_of_people"): 40})
    with pytest.raises(ValueError, match="The minutes of a meeting must be 0 or more"):
        risk.contacts(INPUTS, -1)


# ----------------------------------------------------------------------------------------- for explorers

GRID = {
    "preset": risk.PRESETS,
    "contact_rule": (risk.AS_PRESET, *risk.RULES),
    "cut_percent": (risk.AS_PRESET, *risk.CUTS),
    "share_percent": (risk.AS_PRESET, *risk.CHARTED_SHARES),
}


def test_every_choice_of_the_grid_gives_a_sentence():
    for values in itertools.product(*(options[:3] for options in GRID.values())):
        one = risk.answer(INPUTS, **dict(zip(GRID, values)))
        assert not any(pd.isna(value) for key, value in one.items() if key != "hiding_share_percent")
        said = risk.in_words(one)
        assert said.startswith("In this simulation") and "nan" not in said


@pytest.mark.parametrize("preset", risk.PRESETS)
@pytest.mark.parametrize("share", [0, 35, 100])
def test_chance_is_that_of_the_draws(preset, share):
    """A quantile q of n draws strays by sqrt(q (1 - q) / n) / density; for a normal density of standard deviation s at
    the 5 percent point that is 0.218 s / 0.103 / sqrt(n). Five such errors, and one case for the steps of a count."""
    one, draws = risk.setting(INPUTS, preset, share_percent=share), 20_000
    exact = risk.chance(one).set_index("measure")
    drawn = draw(one, draws=draws, seed=3)
    for measure in risk.MEASURES:
        step = one.hours[0] - one.hours[1] if measure == "gap_hours" else 1
        error = 5 * 0.218 / 0.103 / math.sqrt(draws) * drawn[measure].std() + step
        low, high = drawn[measure].quantile([risk.LOW, risk.HIGH])
        assert abs(exact.loc[measure, "low"] - low) <= error, measure
        assert abs(exact.loc[measure, "high"] - high) <= error, measure


def test_the_answers_of_the_presets():
    own = risk.answers(INPUTS).query("own_rule").set_index("preset")
    assert own["verdict"].to_dict() == {
        "as contracted": "manageable",
        "staff down a third": "possible",
        "as the inspectors found": "impossible",
    }
    # 75 cases need 43.7 hours; each red case recorded as amber saves 45 minutes: 6.7 / (11.2 x 0.75).
    assert own.loc["staff down a third", "hiding_share_percent"] == pytest.approx(79.78, abs=0.01)
    by_cut = risk.answers(INPUTS, range(0, 61, 5)).query("preset == 'as contracted' and rule == 'calls'")
    assert by_cut["verdict"].drop_duplicates().tolist() == ["manageable", "possible", "impossible"]


# ------------------------------------------------------------------------------------------- sentences


def test_sentences():
    contracted, down, found = (risk.in_words(risk.answer(INPUTS, preset)) for preset in risk.PRESETS)
    assert "The load fits the hours there are without any under-recording." in contracted
    assert "all 7.5 of an officer can be seen weekly" in contracted
    assert "once 79.8% of red cases are recorded as amber." in down
    assert "Even with every red case" in found
    assert "With 50% of red cases recorded as amber, 6 of an officer's 12 are not seen weekly." in found


def test_the_share_in_the_sentence_is_enough():
    one = risk.answer(INPUTS, "staff down a third") | {"hiding_share_percent": 79.71}
    assert "once 79.8%" in risk.in_words(one)


# ------------------------------------------------------------------------------------- rows to draw, tables


def test_known_answers():
    by_cut = risk.by_cut(INPUTS)
    calls = by_cut[by_cut["rule"] == "calls"].set_index("staff_cut_percent")["verdict"]
    assert calls[calls == "manageable"].index.max() == 20
    assert calls[calls == "impossible"].index.min() == 40
    assert (by_cut.loc[by_cut["rule"] == "workload points", "verdict"] == "impossible").all()
    hours = risk.contacts(INPUTS).set_index(["band", "rule"])["hours_a_week"]
    assert 60 * (hours["red", "calls"] - hours["amber", "calls"]) == pytest.approx(45)


@pytest.mark.parametrize("preset", risk.PRESETS)
def test_rows_of_the_explorer_are_those_of_the_analysis(preset):
    rows = risk.pressure_rows(INPUTS, preset, risk.AS_PRESET, risk.AS_PRESET)
    for row in rows.itertuples():
        one = risk.setting(INPUTS, preset, share_percent=float(row.under_recorded_percent))
        closed = risk.expected(one)
        found = [closed[name] / one.officers_left for name in ("hours_needed", "hours_recorded", "red_seen_weekly")]
        np.testing.assert_allclose([row.needed, row.recorded, row.seen], found, atol=0.011)
    assert (rows["recorded"].diff().dropna() < 0).all() and rows["recorded"].iloc[0] == rows["needed"].iloc[0]
    assert rows["crossing"].notna().all() == (risk.verdict(risk.hiding_share(one)) == "possible")


def test_every_input_is_in_one_of_the_two_tables():
    sourced, assumed = risk.input_rows(TABLE, "sourced"), risk.input_rows(TABLE, "assumed")
    assert len(sourced) + len(assumed) == len(TABLE)
    for shown in (sourced, assumed):
        assert shown.notna().all(axis=None)
    assert "1 week" in sourced["value"].tolist() and "about 25%" in sourced["value"].tolist()
    listed = set(risk.input_documents(TABLE)["source_id"])
    assert listed >= set(sourced["source_id"]) and listed <= set(load("sources")["source_id"])


def test_the_mechanism_rests_on_claims():
    claims = load("claims")
    rows = risk.mechanism(claims, TABLE)
    assert "Officers avoided the red grade because it meant weekly contact" in rows["claim"].tolist()
    assert len(rows) == (claims["same_claim"] == "risk-under-recorded").sum() + 1


# --------------------------------------------------------------------------------- what the notebook draws


def test_the_finding_is_that_of_the_analysis_for_every_choice():
    made = cells.explorers("05")["explorer"]
    for values in itertools.product(*(control.values for control in made.controls)):
        choices = dict(zip(made.start, values))
        assert made.finding(choices) == risk.in_words(risk.answer(INPUTS, **choices))
        assert len(made.matching(choices)) == len(risk.CHARTED_SHARES)


def test_cases_of_an_officer_are_the_most_that_the_analysis_allows():
    """One case more than `fit` or `look_manageable` is too many, under every choice and rule."""
    made = cells.explorers("05")["limits-explorer"]
    lengths = made.every["minutes"].unique()
    contacts = {each: risk.contacts(INPUTS, each).set_index(["rule", "band"]) for each in lengths}
    assert len(made.every) == 8 * 5 * 5 * len(risk.RULES)
    for row in made.every.itertuples():
        hours = contacts[row.minutes].loc[row.rule, "hours_a_week"]
        mix = (row.red_percent, 45 - row.red_percent, 55 - row.blue_percent, row.blue_percent)
        shared = {"officers": 1.0, "mix": mix, "hours": tuple(hours[list(risk.BANDS)])}
        for column, share in (("fit", 0), ("look_manageable", 100)):
            most = getattr(row, column)
            within, beyond = (risk.expected(make(people, share=share, **shared)) for people in (most, most + 1))
            assert within["hours_recorded"] <= 37 + 1e-6 < beyond["hours_recorded"]


def test_the_start_of_the_cases_is_that_of_the_inputs():
    start = cells.explorers("05")["limits-explorer"].start
    assert start == {
        "minutes": INPUTS["", "", "minutes_per_meeting"],
        "red_percent": INPUTS["", "red", "share_of_people"],
        "blue_percent": INPUTS["", "blue", "share_of_people"],
    }


def test_a_share_in_a_tile_is_enough():
    shown = cells.run("05").shown["cuts-chart"].to_dict()
    rows = risk.by_cut(INPUTS)
    rows = rows[rows["staff_cut_percent"] % 10 == 0]
    drawn = next(iter(shown["datasets"].values()))
    assert "Simulation, not evidence" in shown["title"]["subtitle"][0]
    for tile, share in zip(drawn, rows["hiding_share_percent"], strict=True):
        assert tile["text"] == ("never" if math.isnan(share) else "fits" if share == 0 else tile["text"])
        if tile["text"].endswith("%"):
            assert share <= int(tile["text"][:-1]) < share + 1, "rounded down, the share would not be enough"
