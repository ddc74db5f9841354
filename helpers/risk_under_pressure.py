"""A simulation, not evidence: what happens to hours and to red cases when risk is recorded down to save work.

The mechanism is the one that inspectors described: the rating of a case sets how often the person is seen, and a red
case recorded as amber saves hours. Start values stand in the table `simulation_inputs`, each sourced or openly assumed.

    inputs = read(load("simulation_inputs"))
    say(answer(inputs, "staff down a third", cut_percent=20))

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

from helpers.display import join_words
from helpers.staffing import say_number
from helpers.timeline import without_categories

# From the most work to the least. That blue stands last is assumed: see `say_bands`.
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


def simulate(setting: Setting, draws: int = 400, seed: int = 1) -> pd.DataFrame:
    """Every measure with its closed form beside the draws.

    Columns: measure, label, unit, expected (closed form), mean, low and high (mean and 5 and 95 percent quantiles of
    the draws), per_officer (expected for one full-time officer left), kind (simulation). low and high hold chance
    alone, who happens to come: what the assumptions leave open is wider and is not in them.
    """
    drawn, closed = _draws(setting, draws, seed), expected(setting)
    values = np.stack([drawn[measure] for measure in MEASURES])
    low, high = np.quantile(values, [LOW, HIGH], axis=1)
    frame = pd.DataFrame(
        {
            "measure": list(MEASURES),
            "label": [label for label, _ in MEASURES.values()],
            "unit": [unit for _, unit in MEASURES.values()],
            "expected": [closed[measure] for measure in MEASURES],
            "mean": values.mean(axis=1),
            "low": low,
            "high": high,
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
    *,
    draws: int = 400,
    seed: int = 1,
    **changes: float | str,
) -> dict[str, Any]:
    """`answer` with the spread of seeded draws beside it: keys also measure_low and measure_high for each of CHARTED.

    Raises ValueError as `setting` and `draw` do.
    """
    one = setting(inputs, preset, contact_rule, cut_percent, share_percent, **changes)
    drawn = _draws(one, draws, seed)
    values = np.stack([drawn[measure] for measure in CHARTED]) / one.officers_left
    ends = zip(("low", "high"), np.quantile(values, [LOW, HIGH], axis=1).round(2))
    spread = {f"{measure}_{end}": value for end, row in ends for measure, value in zip(CHARTED, row)}
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


# -------------------------------------------------------------------------------------------- sentences


def say(one: Mapping[str, Any]) -> str:
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
    found = _say_answer(one)
    return f"{load} {found[0].upper()}{found[1:]}. {red}"


def _say_answer(one: Mapping[str, Any]) -> str:
    if one["verdict"] == "manageable":
        return "the load fits the hours there are without any under-recording"
    if one["verdict"] == "impossible":
        return "even with every red case recorded as amber the load would not look manageable on paper"
    # Rounded up: a share rounded down would not be enough.
    share = min(100, math.ceil(one["hiding_share_percent"] * 10 - 1e-6) / 10)
    return f"the load looks manageable on paper once {say_number(share)} percent of red cases are recorded as amber"


def say_answer(one: Mapping[str, Any]) -> str:
    """How much under-recording makes the load look manageable, from `answer`, `compute` or a row of `answers`."""
    return f"In this simulation {_say_answer(one)}."


def say_spread(simulated: pd.DataFrame, measure: str = "gap_people") -> str:
    """Closed form and spread of the draws of one measure, from `simulate`."""
    row = simulated.set_index("measure").loc[measure]
    low, high, middle = (say_number(row[name], decimals=0) for name in ("low", "high", "expected"))
    return (
        f"In this simulation nine of ten draws lie from {low} to {high} {row['unit']} ({row['label']}; {middle} "
        "expected). The spread is chance alone, not what the assumptions leave open."
    )


def say_inputs(table: pd.DataFrame) -> str:
    """How many inputs are sourced and how many assumed."""
    basis = without_categories(table)["basis"].value_counts()
    return (
        f"This is a simulation: of its {len(table)} inputs {basis.get('sourced', 0)} were read in a source and "
        f"{basis.get('assumed', 0)} are assumed."
    )


def say_bands(tiering: pd.DataFrame) -> str:
    """Which names of bands the sources give, whether blue is among them, and what blue stands for here."""
    bands = without_categories(tiering)
    names = bands.loc[bands["scheme"].str.startswith("BRAG") & bands["band"].str.match("[A-Z]"), "band"].tolist()
    listed = join_words(names)
    if any("blue" in name.lower() for name in names):
        return f"The sources name the bands {listed}. The simulation takes blue as the lowest-risk group."
    return (
        f"The sources name the bands {listed}; blue is not described in any source read. The simulation takes it, as "
        "an assumption, as the lowest-risk group, whose colour no source gives, and leaves out the band between red "
        "and amber."
    )
