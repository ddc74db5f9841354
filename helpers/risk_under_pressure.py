"""A simulation, not evidence: what happens to hours and to red cases when risk is recorded down to save work.

The mechanism is the one that inspectors described: the rating of a case sets how often the person is seen, and a red
case recorded as amber saves hours. Start values stand in the table `simulation_inputs`, each sourced or openly assumed.

    inputs = read(load("simulation_inputs"))
    in_words(answer(inputs, "staff down a third", cut_percent=20))

Who comes is a matter of chance (a multinomial over the case mix, then a binomial over the red cases). Expectations and
quantiles are worked out in closed form; tests hold them against draws.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from helpers import display
from helpers.staffing import say_number
from helpers.timeline import without_categories

# From the most work to the least. That blue stands last is assumed: see notebook 05.
BANDS = ("red", "amber", "green", "blue")
CALLED = "blue"
PRESETS = ("as contracted", "staff down a third", "as the inspectors found")
AS_PRESET = "as in the preset"
RULES = {
    "calls": "A call every six weeks for the lowest group",
    "monthly meeting": "A meeting a month at least for everybody",
    "workload points": "Workload points of 2021 in place of contacts",
}
CUTS = (0, 20, 50)
WEEKS_A_MONTH = 365.25 / 12 / 7
LOW, HIGH = 0.05, 0.95
MEASURES = {
    "hours_needed": ("hours needed at the true risk", "hours a week"),
    "hours_recorded": ("hours needed as recorded", "hours a week"),
    "gap_hours": ("hours that the records hide", "hours a week"),
    "red_cases": ("red cases", "cases"),
    "red_cases_recorded": ("cases recorded as red", "cases"),
    "gap_people": ("red cases recorded as amber", "cases"),
    "red_seen_weekly": ("red cases seen weekly", "cases"),
    "red_not_seen_weekly": ("red cases not seen weekly", "cases"),
}
CHARTED = ("hours_needed", "hours_recorded", "red_seen_weekly", "red_not_seen_weekly")

Inputs = Mapping[tuple[str, str, str], float | str]


@dataclass(frozen=True)
class Setting:
    """Everything that one simulation starts from.

    people and officers (full-time, before the cut); cut_percent of officers; share_percent of red cases recorded as
    amber; mix (percent of people) and hours (hours a week for each case) in the order of BANDS; full_time_hours a week.
    Raises ValueError that names every impossible value in words for the reader who moved a control.
    """

    people: int
    officers: float
    cut_percent: float
    share_percent: float
    mix: tuple[float, float, float, float]
    hours: tuple[float, float, float, float]
    full_time_hours: float

    def __post_init__(self) -> None:
        if problems := list(_problems(self)):
            raise ValueError(" ".join(problems))

    @property
    def officers_left(self) -> float:
        """Full-time officers after the cut."""
        return self.officers * (1 - self.cut_percent / 100)

    @property
    def capacity(self) -> float:
        """Hours a week that all officers left have together."""
        return self.officers_left * self.full_time_hours


def _problems(setting: Setting) -> Iterable[str]:
    def bad(value: float, low: float, high: float = math.inf) -> bool:
        return not (math.isfinite(value) and low <= value <= high)

    if bad(setting.people, 1, 2**53) or setting.people != int(setting.people):
        yield f"The number of people must be a whole number of at least 1, not {setting.people:,}."
    if bad(setting.officers, 0) or setting.officers == 0:
        yield f"There must be staff to do the work: officers must be above 0, not {setting.officers:g}."
    if bad(setting.cut_percent, 0, 100):
        yield f"The cut in staff must lie between 0% and 100%, not at {setting.cut_percent:g}%."
    elif setting.cut_percent == 100:
        yield "A cut of 100% leaves no staff: choose a smaller one."
    if bad(setting.share_percent, 0, 100):
        share = f"{setting.share_percent:g}%"
        yield f"The share of red cases recorded as amber must lie between 0% and 100%, not at {share}."
    wrong = [f"{band} {share:g}%" for band, share in zip(BANDS, setting.mix) if bad(share, 0, 100)]
    if wrong:
        yield f"Each share of the case mix must lie between 0% and 100%: {', '.join(wrong)}."
    elif abs(excess := math.fsum(setting.mix) - 100) > 1e-6:
        parts = ", ".join(f"{band} {share:g}%" for band, share in zip(BANDS, setting.mix))
        advice = f"take away {excess:g}" if excess > 0 else f"add {-excess:g}"
        yield f"The case mix must add up to 100%: {parts} make {100 + excess:g}%. Please {advice}."
    if any(bad(hours, 0) for hours in setting.hours):
        yield "Hours for a case must be 0 or more in every band."
    if bad(setting.full_time_hours, 0) or setting.full_time_hours == 0:
        yield f"The full-time week must have more than 0 hours, not {setting.full_time_hours:g}."


# ---------------------------------------------------------------------------------------------- inputs


def read(table: pd.DataFrame) -> Inputs:
    """The table `simulation_inputs` by (preset, band, input); empty text where a row is not tied to one."""
    rows = without_categories(table)
    keys = zip(*(rows[name].where(rows[name].notna(), "") for name in ("preset", "band", "input")))
    values = rows["value"].astype(object).where(rows["value"].notna(), rows["value_text"])
    return dict(zip(keys, values))


def contacts(inputs: Inputs, minutes_per_meeting: float | str = AS_PRESET) -> pd.DataFrame:
    """What each contact rule asks for in each band.

    Columns: rule, band, contact (meeting, call; empty where points count), interval_weeks (between contacts), points
    (workload points of a case), hours_a_week (for one case). Method: minutes of a contact over its
    interval, or points times full-time hours over full-time points. Raises ValueError for minutes below 0.
    """
    rows = [(rule, *band) for rule in RULES for band in _contacts(inputs, rule, minutes_per_meeting)]
    return pd.DataFrame(rows, columns=["rule", "band", "contact", "interval_weeks", "points", "hours_a_week"])


def _contacts(inputs: Inputs, rule: str, minutes_per_meeting: float | str) -> list[tuple]:
    """Band, contact, interval, points and hours a week for the four bands."""
    if rule == "workload points":
        hours_per_point = inputs["", "", "full_time_hours"] / inputs["", "", "full_time_points"]
        points = [inputs["", band, "points"] for band in BANDS]
        return [(band, None, math.nan, own, own * hours_per_point) for band, own in zip(BANDS, points)]
    meeting, call = _or(minutes_per_meeting, inputs["", "", "minutes_per_meeting"]), inputs["", "", "minutes_per_call"]
    if not (math.isfinite(meeting) and meeting >= 0):
        raise ValueError(f"The minutes of a meeting must be 0 or more, not {meeting:g}.")
    month = WEEKS_A_MONTH / inputs["", "", "meetings_a_month"]
    rows = []
    for band in BANDS:
        interval, called = inputs["", band, "contact_interval"], band == CALLED and rule == "calls"
        if rule == "monthly meeting":
            interval = min(interval, month)
        rows.append(
            (band, "call" if called else "meeting", interval, math.nan, (call if called else meeting) / 60 / interval)
        )
    return rows


def _or(value: float | str, otherwise: float) -> float:
    return otherwise if value == AS_PRESET else value


def rule_of(inputs: Inputs, preset: str, contact_rule: str = AS_PRESET) -> str:
    """The contact rule in force: the one chosen, or the preset's. Raises ValueError for an unknown name."""
    if preset not in PRESETS:
        raise ValueError(f"There is no preset {preset!r}: choose {', '.join(PRESETS)}.")
    rule = inputs[preset, "", "contact_rule"] if contact_rule == AS_PRESET else contact_rule
    if rule not in RULES:
        raise ValueError(f"There is no contact rule {rule!r}: choose {', '.join(RULES)}.")
    return rule


def setting(
    inputs: Inputs,
    preset: str = PRESETS[0],
    contact_rule: str = AS_PRESET,
    cut_percent: float | str = AS_PRESET,
    share_percent: float | str = AS_PRESET,
) -> Setting:
    """A preset with what the reader changed. Raises ValueError in words fit to be shown to who changed an input."""
    rule = rule_of(inputs, preset, contact_rule)
    own_cut, people = inputs[preset, "", "staff_cut"], inputs["", "", "people"]
    cases = inputs.get((preset, "", "cases_per_officer"))
    if cases is None:
        cases = inputs[preset, "", "cases_per_officer_after_cut"] * (1 - own_cut / 100)
    return Setting(
        people=people,
        officers=people / cases,
        cut_percent=_or(cut_percent, own_cut),
        share_percent=_or(share_percent, inputs[preset, "", "share_under_recorded"]),
        mix=tuple(inputs["", band, "share_of_people"] for band in BANDS),
        hours=tuple(band[-1] for band in _contacts(inputs, rule, AS_PRESET)),
        full_time_hours=inputs["", "", "full_time_hours"],
    )


# -------------------------------------------------------------------------------------------- the model


def _most_red(setting: Setting) -> int:
    """How many recorded red cases the hours allow when red cases come before all others."""
    if setting.hours[0] == 0:
        return setting.people
    return math.floor(min(setting.people, setting.capacity / setting.hours[0] + 1e-9))


def expected(setting: Setting) -> dict[str, float]:
    """The closed form: expectation of every measure of MEASURES, all officers together.

    red_seen_weekly is the expectation of the smaller of a binomial count and what the hours allow.
    """
    red, share = _red_cases(setting), setting.share_percent / 100
    needed = _hours_needed(setting)
    gap = red * share * (setting.hours[0] - setting.hours[1])
    seen = _expected_smaller(setting.people, setting.mix[0] / 100 * (1 - share), _most_red(setting))
    return {
        "hours_needed": needed,
        "hours_recorded": needed - gap,
        "gap_hours": gap,
        "red_cases": red,
        "red_cases_recorded": red * (1 - share),
        "gap_people": red * share,
        "red_seen_weekly": seen,
        "red_not_seen_weekly": red - seen,
    }


def _red_cases(setting: Setting) -> float:
    return setting.people * setting.mix[0] / 100


def _hours_needed(setting: Setting) -> float:
    return setting.people * math.fsum(part * hours for part, hours in zip(setting.mix, setting.hours)) / 100


def _expected_smaller(people: int, chance: float, most: int) -> float:
    """E min(X, most), X binomial: people x chance x P(Y <= most - 2) + most x P(X >= most), Y with one person fewer."""
    if most <= 0 or chance <= 0:
        return 0.0
    if chance >= 1 or most >= people:
        return float(min(people * chance, most))
    from scipy.special import bdtr, bdtrc

    below = bdtr(most - 2, people - 1, chance) if most >= 2 else 0.0
    return float(people * chance * below + most * bdtrc(most - 1, people, chance))


def chance(setting: Setting) -> pd.DataFrame:
    """Every measure with what chance alone could make of it: who happens to come, worked out without drawing.

    Columns: measure, label, unit, expected, low and high (5 and 95 percent quantiles). Counts of cases are binomial, or
    the smaller of a binomial count and what the hours allow, and their quantiles exact. Hours are sums over a
    multinomial: exact mean and variance, and the normal quantiles, which the numbers of people here leave nothing to
    choose from. What the assumptions leave open is wider and is not in them.
    """
    from scipy.stats import binom, norm

    people, closed = int(setting.people), expected(setting)
    red, share = setting.mix[0] / 100, setting.share_percent / 100
    most, saved = _most_red(setting), setting.hours[0] - setting.hours[1]

    def count(probability: float) -> np.ndarray:
        return binom.ppf([LOW, HIGH], people, probability)

    def hours(chances: Iterable[float], each: Iterable[float]) -> np.ndarray:
        chances, each = np.asarray(chances), np.asarray(each)
        mean = chances @ each
        return people * mean + norm.ppf([LOW, HIGH]) * np.sqrt(people * max(0, chances @ each**2 - mean**2))

    mix, each = np.asarray(setting.mix) / 100, np.asarray(setting.hours)
    recorded = [red * (1 - share), mix[1] + red * share, *mix[2:]]
    ends = {
        "hours_needed": hours(mix, each),
        "hours_recorded": hours(recorded, each),
        "gap_hours": count(red * share) * saved,
        "red_cases": count(red),
        "red_cases_recorded": count(red * (1 - share)),
        "gap_people": count(red * share),
        "red_seen_weekly": np.minimum(count(red * (1 - share)), most),
        # Where hours suffice, those not seen are those recorded as amber; else all red but what the hours allow.
        "red_not_seen_weekly": np.maximum(count(red * share), count(red) - most),
    }
    return pd.DataFrame(
        {
            "measure": list(MEASURES),
            "label": [label for label, _ in MEASURES.values()],
            "unit": [unit for _, unit in MEASURES.values()],
            "expected": [closed[measure] for measure in MEASURES],
            "low": [ends[measure][0] for measure in MEASURES],
            "high": [ends[measure][1] for measure in MEASURES],
        }
    )


def hiding_share(setting: Setting) -> float:
    """The least share of red cases, percent, to be recorded as amber for the recorded hours to fit the hours there are.

    0 where the hours needed fit already; not a number where even 100 percent would not do. Solved exactly from the
    closed form: (hours needed - capacity) / (red cases x hours saved by each).
    """
    over = _hours_needed(setting) - setting.capacity
    if over <= 0:
        return 0.0
    saved = _red_cases(setting) * (setting.hours[0] - setting.hours[1])
    return 100 * over / saved if saved >= over else math.nan


def verdict(share: float) -> str:
    """What a hiding share means: manageable (nothing to hide), possible, impossible."""
    if math.isnan(share):
        return "impossible"
    return "possible" if share > 0 else "manageable"


# ----------------------------------------------------------------------------------------- for explorers


def _used(inputs: Inputs, one: Setting, preset: str, contact_rule: str) -> dict[str, object]:
    share = hiding_share(one)
    return {
        "rule": rule_of(inputs, preset, contact_rule),
        "staff_cut_percent": one.cut_percent,
        "cases_per_officer": round(one.people / one.officers_left, 2),
        "capacity": one.full_time_hours,
        "hiding_share_percent": round(share, 2),
        "verdict": verdict(share),
    }


def answer(
    inputs: Inputs,
    preset: str = PRESETS[0],
    contact_rule: str = AS_PRESET,
    cut_percent: float | str = AS_PRESET,
    share_percent: float | str = AS_PRESET,
) -> dict[str, Any]:
    """One setting in closed form, all for one full-time officer left.

    Keys: the measures of CHARTED (hours a week or cases), under_recorded_percent, rule, staff_cut_percent,
    cases_per_officer, capacity (hours a week of one officer), hiding_share_percent (not a number where impossible),
    verdict. Two decimals. Raises ValueError as `setting` does.
    """
    one = setting(inputs, preset, contact_rule, cut_percent, share_percent)
    closed = expected(one)
    values = {measure: round(closed[measure] / one.officers_left, 2) for measure in CHARTED}
    return values | {"under_recorded_percent": one.share_percent} | _used(inputs, one, preset, contact_rule)


def answers(inputs: Inputs, cut_percents: Iterable[float | str] = (AS_PRESET,)) -> pd.DataFrame:
    """The question put to every preset under every contact rule, at the preset's cut in staff or at several.

    Columns: preset, own_rule (the rule is the preset's own), hours_needed (for one officer left, hours a week), and
    rule, staff_cut_percent, cases_per_officer, capacity, hiding_share_percent and verdict as in `answer`.
    """
    rows = []
    for preset, rule, cut in itertools.product(PRESETS, RULES, tuple(cut_percents)):
        one = setting(inputs, preset, rule, cut)
        own = {"preset": preset, "own_rule": rule == rule_of(inputs, preset)}
        hours = {"hours_needed": round(_hours_needed(one) / one.officers_left, 2)}
        rows.append(own | hours | _used(inputs, one, preset, rule))
    return pd.DataFrame(rows)


# ---------------------------------------------------------------------------------------- rows to draw

TRIED_CUTS = range(0, 51, 5)
CHARTED_SHARES = (0, 25, 50, 75, 100)
SHORT_RULES = {
    "calls": "Lowest group: call each six weeks",
    "monthly meeting": "Everybody: a meeting a month",
    "workload points": "Workload points of 2021",
}
INPUT_NAMES = {
    "people": "People supervised",
    "full_time_hours": "Full-time week",
    "full_time_points": "Workload points of a full-time officer",
    "share_of_people": "Share of people",
    "contact_interval": "Time between contacts",
    "meetings_a_month": "Least number of meetings a month, where that rule holds",
    "minutes_per_meeting": "Length of a meeting",
    "minutes_per_call": "Length of a call",
    "tier": "Tier that stands for the band",
    "points": "Workload points of a case",
    "cases_per_officer": "Cases per officer before a cut",
    "cases_per_officer_after_cut": "Cases per officer after the cut",
    "staff_cut": "Cut in staff",
    "share_under_recorded": "Red cases recorded as amber",
    "contact_rule": "Contact rule",
}


def pressure_rows(inputs: Inputs, preset: str, contact_rule: str, cut_percent: float | str) -> pd.DataFrame:
    """One row for each share under-recorded of CHARTED_SHARES, all for one full-time officer left.

    Columns: under_recorded_percent, needed, recorded, recorded_low and _high (5 and 95 percent quantiles), all in hours
    a week, seen, seen_low, seen_high, red (cases), crossing (percent; empty unless some share hides the load).
    Raises ValueError as `setting` does.
    """
    rows = []
    for share in CHARTED_SHARES:
        one = setting(inputs, preset, contact_rule, cut_percent, share)
        hiding = round(hiding_share(one), 2)
        each = chance(one).set_index("measure")[["expected", "low", "high"]] / one.officers_left
        recorded, seen = each.loc["hours_recorded"], each.loc["red_seen_weekly"]
        rows.append(
            {
                "under_recorded_percent": share,
                "needed": each.loc["hours_needed", "expected"],
                "recorded": recorded["expected"],
                "recorded_low": recorded["low"],
                "recorded_high": recorded["high"],
                "seen": seen["expected"],
                "seen_low": seen["low"],
                "seen_high": seen["high"],
                "red": each.loc["red_cases", "expected"],
                "crossing": hiding if verdict(hiding) == "possible" else math.nan,
            }
        )
    return pd.DataFrame(rows).round(2)


def by_cut(inputs: Inputs, preset: str = PRESETS[0]) -> pd.DataFrame:
    """`answers` of one preset under every contact rule and cut of TRIED_CUTS, with `row`, the rule in words."""
    rows = answers(inputs, TRIED_CUTS).query("preset == @preset")
    return rows.assign(row=rows["rule"].map(SHORT_RULES))


def input_rows(table: pd.DataFrame, basis: str) -> pd.DataFrame:
    """The inputs of one basis (sourced, assumed), as readers see them.

    Columns: input, holds_for (band or preset), value (with hedge and unit), note, and source_id where sourced.
    """
    rows = without_categories(table).query("basis == @basis")
    value = [
        text
        if pd.isna(number)
        else display.hedged(number, qualifier, unit=unit if number != 1 else unit.removesuffix("s"))
        for number, qualifier, unit, text in zip(rows["value"], rows["qualifier"], rows["unit"], rows["value_text"])
    ]
    shown = pd.DataFrame(
        {
            "input": rows["input"].map(INPUT_NAMES),
            "holds_for": rows["band"].fillna(rows["preset"]).fillna("all"),
            "value": value,
            "note": rows["note"].fillna(""),
        }
    ).replace({"value": RULES})
    return shown.assign(source_id=rows["source_id"]) if basis == "sourced" else shown


def mechanism(claims: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The claims that describe the mechanism: those an input rests on, and those on risk recorded too low.

    Columns: claim, speaker, verdict, reason, source_id (the article).
    """
    rows = without_categories(claims)
    used = without_categories(table).query("evidence_table == 'claims'")["evidence_id"]
    rows = rows[rows["claim_id"].isin(used) | (rows["same_claim"] == "risk-under-recorded")]
    columns = ["claim", "speaker", "verdict", "reason", "article_source_id"]
    return rows[columns].rename(columns={"article_source_id": "source_id"})


def input_documents(table: pd.DataFrame) -> pd.DataFrame:
    """Every document named by an input, first sources and others: columns input, holds_for, source_id."""
    rows = without_categories(table)
    rows = rows.assign(
        holds_for=rows["band"].fillna(rows["preset"]).fillna("all"),
        input=rows["input"].map(INPUT_NAMES),
        source_id=(rows["source_id"].fillna("") + " " + rows["other_source_ids"].fillna("")).str.split(),
    )
    return rows[["input", "holds_for", "source_id"]].explode("source_id").dropna().reset_index(drop=True)


def source_ids(table: pd.DataFrame) -> list[str]:
    """The documents behind the inputs that have one."""
    return table["source_id"].dropna().astype(str).tolist()


# -------------------------------------------------------------------------------------------- sentences


def in_words(one: Mapping[str, Any]) -> str:
    """The finding of one `answer`: load, answer, red cases."""
    load = (
        f"In this simulation an officer with {say_number(one['cases_per_officer'])} cases needs "
        f"{say_number(one['hours_needed'])} hours a week and has {say_number(one['capacity'])}; "
        f"the records say {say_number(one['hours_recorded'])}."
    )
    seen, not_seen = one["red_seen_weekly"], one["red_not_seen_weekly"]
    if not_seen == 0:
        red = f"If red cases come first, all {say_number(seen)} of an officer can be seen weekly."
    else:
        red = (
            f"With {say_number(one['under_recorded_percent'])}% of red cases recorded as amber, "
            f"{say_number(not_seen)} of an officer's {say_number(seen + not_seen)} are not seen weekly."
        )
    found = _answer_in_words(one)
    return f"{load} {found[0].upper()}{found[1:]}. {red}"


def _answer_in_words(one: Mapping[str, Any]) -> str:
    if one["verdict"] == "manageable":
        return "the load fits the hours there are without any under-recording"
    if one["verdict"] == "impossible":
        return "even with every red case recorded as amber the load would not look manageable on paper"
    # Rounded up: a share rounded down would not be enough.
    share = min(100, math.ceil(one["hiding_share_percent"] * 10 - 1e-6) / 10)
    return f"the load looks manageable on paper once {say_number(share)}% of red cases are recorded as amber"
