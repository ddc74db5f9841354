"""A simulation, not evidence: what happens to hours and to red cases when risk is recorded down to save work.

The mechanism is the one that inspectors described: the rating of a case sets how often the person is seen, and a red
case recorded as amber saves hours. Start values stand in the table `simulation_inputs`, each sourced or openly assumed.

    inputs = read(load("simulation_inputs"))
    in_words(answer(inputs, "staff down a third", cut_percent=20))

Whoever comes is drawn band by band (a multinomial over the case mix, then a binomial over the red cases), which has the
same distribution as a draw for each person and needs the same time and memory for a thousand people or ten million.
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
# Few enough for every combination with PRESETS, RULES and AS_PRESET to have its sentence on a page without a kernel.
CUTS = (0, 10, 20, 30, 50)
SHARES = (0, 20, 40, 60, 80, 100)
SIMULATION = "simulation"
WEEKS_A_MONTH = 365.25 / 12 / 7
MOST_DRAWS = 100_000
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
    (workload points of a case), hours_a_week (for one case), kind (simulation). Method: minutes of a contact over its
    interval, or points times full-time hours over full-time points. Raises ValueError for minutes below 0.
    """
    rows = [(rule, *band) for rule in RULES for band in _contacts(inputs, rule, minutes_per_meeting)]
    frame = pd.DataFrame(rows, columns=["rule", "band", "contact", "interval_weeks", "points", "hours_a_week"])
    return frame.assign(kind=SIMULATION)


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
    *,
    people: float | str = AS_PRESET,
    officers: float | str = AS_PRESET,
    red_percent: float | str = AS_PRESET,
    amber_percent: float | str = AS_PRESET,
    green_percent: float | str = AS_PRESET,
    blue_percent: float | str = AS_PRESET,
    minutes_per_meeting: float | str = AS_PRESET,
) -> Setting:
    """A preset with what the reader changed. Raises ValueError in words fit to be shown beside the controls.

    officers counts full-time officers before the cut; left to the preset, it follows the number of people.
    """
    rule = rule_of(inputs, preset, contact_rule)
    own_cut = inputs[preset, "", "staff_cut"]
    people = _or(people, inputs["", "", "people"])
    cases = inputs.get((preset, "", "cases_per_officer"))
    if cases is None:
        cases = inputs[preset, "", "cases_per_officer_after_cut"] * (1 - own_cut / 100)
    shares = (red_percent, amber_percent, green_percent, blue_percent)
    return Setting(
        people=people,
        officers=_or(officers, max(people, 1) / cases),
        cut_percent=_or(cut_percent, own_cut),
        share_percent=_or(share_percent, inputs[preset, "", "share_under_recorded"]),
        mix=tuple(_or(share, inputs["", band, "share_of_people"]) for share, band in zip(shares, BANDS)),
        hours=tuple(band[-1] for band in _contacts(inputs, rule, minutes_per_meeting)),
        full_time_hours=inputs["", "", "full_time_hours"],
    )


# -------------------------------------------------------------------------------------------- the model


def _most_red(setting: Setting) -> int:
    """How many recorded red cases the hours allow when red cases come before all others."""
    if setting.hours[0] == 0:
        return setting.people
    return math.floor(min(setting.people, setting.capacity / setting.hours[0] + 1e-9))


def _draws(setting: Setting, draws: int, seed: int) -> dict[str, np.ndarray]:
    if not 1 <= draws <= MOST_DRAWS:
        raise ValueError(f"The number of draws must lie between 1 and {MOST_DRAWS:,}, not at {draws:,}.")
    rng = np.random.default_rng(seed)
    mix = np.asarray(setting.mix) / math.fsum(setting.mix)
    true = rng.multinomial(int(setting.people), mix, size=draws)
    lowered = rng.binomial(true[:, 0], setting.share_percent / 100)
    recorded = true + np.outer(lowered, (-1, 1, 0, 0))
    needed, on_paper = true @ setting.hours, recorded @ setting.hours
    seen = np.minimum(recorded[:, 0], _most_red(setting))
    return {
        **{f"true_{band}": true[:, place] for place, band in enumerate(BANDS)},
        **{f"recorded_{band}": recorded[:, place] for place, band in enumerate(BANDS)},
        "hours_needed": needed,
        "hours_recorded": on_paper,
        "gap_hours": needed - on_paper,
        "red_cases": true[:, 0],
        "red_cases_recorded": recorded[:, 0],
        "gap_people": lowered,
        "red_seen_weekly": seen,
        "red_not_seen_weekly": true[:, 0] - seen,
    }


def draw(setting: Setting, draws: int = 400, seed: int = 1) -> pd.DataFrame:
    """Seeded draws, one row each.

    Columns: true_ and recorded_ red, amber, green, blue (people), the measures of MEASURES (hours a week or cases, all
    officers together), draw (number from 1), kind (simulation). Raises ValueError for fewer than 1 or more than 100,000
    draws. Red cases are seen weekly if they are recorded as red and the hours left suffice, red before all others.
    """
    return pd.DataFrame(_draws(setting, draws, seed)).assign(draw=np.arange(1, draws + 1), kind=SIMULATION)


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

    Columns: measure, label, unit, expected, low and high (5 and 95 percent quantiles), per_officer (expected for one
    full-time officer left), kind (simulation). Counts of cases are binomial, or the smaller of a binomial count and
    what the hours allow, and their quantiles exact. Hours are sums over a multinomial: exact mean and variance, and
    the normal quantiles, which the numbers of people here leave nothing to choose from. What the assumptions leave
    open is wider and is not in them. Tests hold it against `draw`.
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
    frame = pd.DataFrame(
        {
            "measure": list(MEASURES),
            "label": [label for label, _ in MEASURES.values()],
            "unit": [unit for _, unit in MEASURES.values()],
            "expected": [closed[measure] for measure in MEASURES],
            "low": [ends[measure][0] for measure in MEASURES],
            "high": [ends[measure][1] for measure in MEASURES],
        }
    )
    return frame.assign(per_officer=frame["expected"] / setting.officers_left, kind=SIMULATION)


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
        "kind": SIMULATION,
    }


def answer(
    inputs: Inputs,
    preset: str = PRESETS[0],
    contact_rule: str = AS_PRESET,
    cut_percent: float | str = AS_PRESET,
    share_percent: float | str = AS_PRESET,
    **changes: float | str,
) -> dict[str, Any]:
    """One setting in closed form, all for one full-time officer left.

    Keys: the measures of CHARTED (hours a week or cases), under_recorded_percent, rule, staff_cut_percent,
    cases_per_officer, capacity (hours a week of one officer), hiding_share_percent (not a number where impossible),
    verdict, kind (simulation). Two decimals. changes are the further arguments of `setting`.
    Raises ValueError as `setting` does.
    """
    return _answer(
        inputs, setting(inputs, preset, contact_rule, cut_percent, share_percent, **changes), preset, contact_rule
    )


def compute(
    inputs: Inputs,
    preset: str = PRESETS[0],
    contact_rule: str = AS_PRESET,
    cut_percent: float | str = AS_PRESET,
    share_percent: float | str = AS_PRESET,
    **changes: float | str,
) -> dict[str, Any]:
    """`answer` with what chance could make of it: keys also measure_low and measure_high for each of CHARTED.

    Raises ValueError as `setting` does.
    """
    one = setting(inputs, preset, contact_rule, cut_percent, share_percent, **changes)
    ends = chance(one).set_index("measure").loc[list(CHARTED), ["low", "high"]] / one.officers_left
    spread = {f"{measure}_{end}": round(ends.loc[measure, end], 2) for end in ends for measure in CHARTED}
    return _answer(inputs, one, preset, contact_rule) | spread


def _answer(inputs: Inputs, one: Setting, preset: str, contact_rule: str) -> dict[str, Any]:
    closed = expected(one)
    values = np.round([closed[measure] / one.officers_left for measure in CHARTED], 2)
    used = {"under_recorded_percent": one.share_percent} | _used(inputs, one, preset, contact_rule)
    return dict(zip(CHARTED, values)) | used


def answers(inputs: Inputs, cut_percents: Iterable[float | str] = (AS_PRESET,), **changes: float | str) -> pd.DataFrame:
    """The question put to every preset under every contact rule, at the preset's cut in staff or at several.

    Columns: preset, own_rule (the rule is the preset's own), hours_needed and hours_at_full_share (for one officer
    left, hours a week; the latter if every red case were recorded as amber), and rule, staff_cut_percent,
    cases_per_officer, capacity, hiding_share_percent, verdict, kind as in `answer`. Raises ValueError as `setting`.
    """
    rows = []
    for preset, rule, cut in itertools.product(PRESETS, RULES, tuple(cut_percents)):
        one = setting(inputs, preset, rule, cut, share_percent=100, **changes)
        closed = expected(one)
        hours = {
            "hours_needed": round(closed["hours_needed"] / one.officers_left, 2),
            "hours_at_full_share": round(closed["hours_recorded"] / one.officers_left, 2),
        }
        own = {"preset": preset, "own_rule": rule == rule_of(inputs, preset)}
        rows.append(own | hours | _used(inputs, one, preset, rule))
    return pd.DataFrame(rows)


# ---------------------------------------------------------------------------------------- rows to draw

TRIED_CUTS, FEWER_CUTS = range(0, 51, 5), range(0, 51, 10)
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


def pressure_rows(
    inputs: Inputs, preset: str, contact_rule: str, cut_percent: float | str, **changes: float | str
) -> pd.DataFrame:
    """One row for each share under-recorded of CHARTED_SHARES, all for one full-time officer left.

    Columns: under_recorded_percent, needed, recorded (hours a week), recorded_low and _high
    (5 and 95 percent quantiles), all in hours a week, seen, seen_low, seen_high, red
    (cases), crossing (percent; empty unless some share hides the load). Raises ValueError as `compute` does.
    """
    rows = []
    for share in CHARTED_SHARES:
        one = compute(inputs, preset, contact_rule, cut_percent, share, **changes)
        rows.append(
            {
                "under_recorded_percent": share,
                "needed": one["hours_needed"],
                "recorded": one["hours_recorded"],
                "recorded_low": one["hours_recorded_low"],
                "recorded_high": one["hours_recorded_high"],
                "seen": one["red_seen_weekly"],
                "seen_low": one["red_seen_weekly_low"],
                "seen_high": one["red_seen_weekly_high"],
                "red": round(one["red_seen_weekly"] + one["red_not_seen_weekly"], 2),
                "crossing": one["hiding_share_percent"] if one["verdict"] == "possible" else math.nan,
            }
        )
    return pd.DataFrame(rows)


def by_cut(inputs: Inputs, preset: str = PRESETS[0]) -> pd.DataFrame:
    """`answers` of one preset under every contact rule and cut of TRIED_CUTS, with `row`, the rule in words."""
    rows = answers(inputs, TRIED_CUTS).query("preset == @preset")
    return rows.assign(row=rows["rule"].map(SHORT_RULES))


def by_minutes(inputs: Inputs, minutes: Iterable[int] = range(30, 151, 30)) -> pd.DataFrame:
    """`answers` of the first preset under its own rule, for several lengths of a meeting (column `row`)."""
    return _varied(inputs, {f"{each} minutes": {"minutes_per_meeting": each} for each in minutes})


def by_red_share(inputs: Inputs, shares: Iterable[int] = range(5, 26, 5)) -> pd.DataFrame:
    """`answers` of the first preset under its own rule, for several shares of red cases (column `row`).

    What red gains amber loses: the two together stay as they are, and so do green and blue.
    """
    both = inputs["", "red", "share_of_people"] + inputs["", "amber", "share_of_people"]
    return _varied(inputs, {f"{each}% in red": {"red_percent": each, "amber_percent": both - each} for each in shares})


def _varied(inputs: Inputs, changes: dict[str, dict[str, float]]) -> pd.DataFrame:
    frames = [answers(inputs, FEWER_CUTS, **change).assign(row=row) for row, change in changes.items()]
    return pd.concat(frames).query("preset == @PRESETS[0] and own_rule").reset_index(drop=True)


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
    """The finding of one `answer` or `compute`: load, answer, red cases."""
    load = (
        f"In this simulation an officer with {say_number(one['cases_per_officer'])} cases needs "
        f"{say_number(one['hours_needed'])} of {say_number(one['capacity'])} hours a week, and "
        f"{say_number(one['hours_recorded'])} as recorded."
    )
    seen, not_seen = one["red_seen_weekly"], one["red_not_seen_weekly"]
    if not_seen == 0:
        red = f"If red cases come first, all {say_number(seen)} of an officer can be seen weekly."
    else:
        red = (
            f"With {say_number(one['under_recorded_percent'])} percent of red cases recorded as amber, "
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
    return f"the load looks manageable on paper once {say_number(share)} percent of red cases are recorded as amber"


def answer_in_words(one: Mapping[str, Any]) -> str:
    """How much under-recording makes the load look manageable, from `answer`, `compute` or a row of `answers`."""
    return f"In this simulation {_answer_in_words(one)}."
