"""Charts, the explorer and the tables of the simulation of risk under pressure. Rows come from its module."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, display
from helpers import risk_under_pressure as risk
from helpers.explorer import Explorer, choice, number, show
from helpers.staffing import say_number
from helpers.timeline import without_categories

LABEL = "Simulation, not evidence."
CUTS = range(0, 51, 5)
FEWER_CUTS = range(0, 51, 10)
# Every second of the analysis' own, so that the page keeps below its limit.
EXPLORER_CUTS = risk.CUTS[::2]
SHARES = (0, 25, 50, 75, 100)
PRESETS = {
    "As contracted": "as contracted",
    "Staff down a third": "staff down a third",
    "As the inspectors found": "as the inspectors found",
}
OWN = {"As in the start values": risk.AS_PRESET}
RULES = {
    "calls": "Lowest group: call each six weeks",
    "monthly meeting": "Everybody: a meeting a month",
    "workload points": "Workload points of 2021",
}
# The verdict in a tile: its fill, the colour of its text, and what stands in it.
VERDICTS = {
    "manageable": ("#ffffff", charts.INK, "fits"),
    "possible": ("#f2c879", charts.INK, "{}%"),
    "impossible": ("#3f4a55", "#ffffff", "never"),
}
READ_TILES = (
    "Least share of red cases to be recorded as amber for the load to look manageable; 'fits': none is needed; "
    "'never': even all of them would not do"
)
LINES = {
    "needed at the true risk": ("#1f2933", [1, 0]),
    "needed as recorded": ("#8a2b6d", [6, 3]),
    "there are (a full-time week)": ("#5f6b76", [2, 3]),
}
SEEN, NOT_SEEN = "#0b6e4f", "#ffffff"
CHOSEN = "datum.under_recorded_percent === share_percent"
INPUTS = {
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

# ------------------------------------------------------------------------------------------------ rows


def pressure_rows(
    inputs: risk.Inputs, preset: str, contact_rule: str, cut_percent: float | str, **changes: float | str
) -> pd.DataFrame:
    """One row for each share under-recorded of SHARES, all for one full-time officer left.

    Columns: under_recorded_percent, needed, recorded (hours a week), recorded_low and _high
    (5 and 95 percent quantiles of the draws), all in hours a week, seen, seen_low, seen_high, red
    (cases), crossing (percent; empty unless some share hides the load). Raises ValueError as `risk.compute` does.
    """
    rows = []
    for share in SHARES:
        one = risk.compute(inputs, preset, contact_rule, cut_percent, share, **changes)
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


def by_cut(inputs: risk.Inputs, preset: str = risk.PRESETS[0]) -> pd.DataFrame:
    """`risk.answers` of one preset under every contact rule and cut of CUTS, with `row`, the rule in words."""
    rows = risk.answers(inputs, CUTS).query("preset == @preset")
    return rows.assign(row=rows["rule"].map(RULES))


def by_minutes(inputs: risk.Inputs, minutes: Iterable[int] = range(30, 151, 30)) -> pd.DataFrame:
    """`risk.answers` of the first preset under its own rule, for several lengths of a meeting (column `row`)."""
    return _varied(inputs, {f"{each} minutes": {"minutes_per_meeting": each} for each in minutes})


def by_red_share(inputs: risk.Inputs, shares: Iterable[int] = range(5, 26, 5)) -> pd.DataFrame:
    """`risk.answers` of the first preset under its own rule, for several shares of red cases (column `row`).

    What red gains amber loses: the two together stay as they are, and so do green and blue.
    """
    both = inputs["", "red", "share_of_people"] + inputs["", "amber", "share_of_people"]
    return _varied(inputs, {f"{each}% in red": {"red_percent": each, "amber_percent": both - each} for each in shares})


def _varied(inputs: risk.Inputs, changes: dict[str, dict[str, float]]) -> pd.DataFrame:
    frames = [risk.answers(inputs, FEWER_CUTS, **change).assign(row=row) for row, change in changes.items()]
    return pd.concat(frames).query("preset == @risk.PRESETS[0] and own_rule").reset_index(drop=True)


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
            "input": rows["input"].map(INPUTS),
            "holds_for": rows["band"].fillna(rows["preset"]).fillna("all"),
            "value": value,
            "note": rows["note"].fillna(""),
        }
    ).replace({"value": risk.RULES})
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
        input=rows["input"].map(INPUTS),
        source_id=(rows["source_id"].fillna("") + " " + rows["other_source_ids"].fillna("")).str.split(),
    )
    return rows[["input", "holds_for", "source_id"]].explode("source_id").dropna().reset_index(drop=True)


def source_ids(table: pd.DataFrame) -> list[str]:
    """The documents behind the inputs that have one."""
    return table["source_id"].dropna().astype(str).tolist()


# ----------------------------------------------------------------------------------------------- charts


def tiles(rows: pd.DataFrame, table: pd.DataFrame, sources: pd.DataFrame, title: str, heading: str) -> Any:
    """The verdict for every cut in staff (columns) and every `row`: rows of `by_cut`, `by_minutes`, `by_red_share`.

    heading says what the rows of tiles are.
    """
    order = rows["row"].drop_duplicates().tolist()
    drawn = rows[["row", "verdict", "hours_needed", "cases_per_officer"]].assign(
        cut=[
            f"{say_number(cut)}%|{say_number(cases, decimals=0)}"
            for cut, cases in zip(rows["staff_cut_percent"], rows["cases_per_officer"])
        ],
        # Rounded up: a share rounded down would not be enough.
        text=[
            VERDICTS[verdict][2].format(0 if math.isnan(share) else math.ceil(share - 1e-6))
            for verdict, share in zip(rows["verdict"], rows["hiding_share_percent"])
        ],
    )
    columns = drawn["cut"].drop_duplicates().tolist()
    base = alt.Chart(drawn).encode(
        x=alt.X(
            "cut:N",
            sort=columns,
            title="Cut in staff (percent), and below it the cases per officer that it leaves",
            axis=alt.Axis(labelAngle=0, labelExpr="split(datum.label, '|')", domain=False, ticks=False),
        ),
        y=alt.Y("row:N", sort=order, title=heading, axis=alt.Axis(domain=False, ticks=False, titlePadding=10)),
        tooltip=[
            alt.Tooltip("row:N", title=heading),
            alt.Tooltip("cases_per_officer:Q", title="Cases per officer", format=".1f"),
            alt.Tooltip("hours_needed:Q", title="Hours needed a week", format=".1f"),
            alt.Tooltip("text:N", title="To be recorded as amber"),
        ],
    )
    fills, inks, _ = zip(*VERDICTS.values())
    tile = base.mark_rect(stroke=charts.RULE, strokeWidth=1).encode(
        color=alt.Color("verdict:N", scale=alt.Scale(domain=list(VERDICTS), range=fills), legend=None)
    )
    text = base.mark_text(fontSize=12).encode(
        text=alt.Text("text:N"),
        color=alt.Color("verdict:N", scale=alt.Scale(domain=list(VERDICTS), range=inks), legend=None),
    )
    counts = drawn["verdict"].value_counts()
    width = 40 if len(columns) > 10 else 54
    return charts.publish(
        alt.layer(
            tile,
            text,
            resolve=alt.Resolve(scale=alt.ScaleResolveMap(color="independent")),
            width=alt.Step(width),
            height=alt.Step(30),
        ),
        title=title,
        subtitle=f"{LABEL} {READ_TILES}",
        description=(
            f"Simulation. Tiles by cut in staff and {heading.lower()}. In {counts.get('manageable', 0)} of {len(drawn)}"
            f" the load fits, in {counts.get('possible', 0)} some share of red cases recorded as amber makes it look "
            f"manageable, in {counts.get('impossible', 0)} not even all of them would."
        ),
        source_ids=source_ids(table),
        sources=sources,
    )


def draw_pressure(base: alt.Chart, full_time_hours: float) -> alt.VConcatChart:
    """Hours needed, recorded and to be had over the share under-recorded; below it red cases seen and not seen."""
    colours = alt.Scale(domain=list(LINES), range=[colour for colour, _ in LINES.values()])
    dashes = alt.Scale(domain=list(LINES), range=[dash for _, dash in LINES.values()])
    needed, recorded, capacity = LINES
    top = max(25 * math.ceil(base.data[["needed", "recorded_high"]].max(axis=None) / 25), 75)
    most = max(5 * math.ceil(base.data[["red", "seen_high"]].max(axis=None) / 5), 20)
    x = alt.X(
        "under_recorded_percent:Q",
        title="Red cases recorded as amber (percent)",
        scale=alt.Scale(domain=[-7, 107], nice=False),
        axis=alt.Axis(values=list(SHARES), grid=False),
    )

    def line(name: str, y: Any) -> alt.Chart:
        return (
            base.transform_calculate(line=f"'{name}'")
            .mark_line()
            .encode(
                x=x,
                y=y,
                color=alt.Color("line:N", scale=colours, legend=alt.Legend(title="Hours a week", symbolSize=400)),
                strokeDash=alt.StrokeDash("line:N", scale=dashes),
            )
        )

    hours_there_are = alt.YDatum(full_time_hours)
    hours = alt.Y("needed:Q", title="Hours a week", scale=alt.Scale(domain=[0, top]))
    chosen = base.transform_filter(CHOSEN)
    colour = LINES[recorded][0]
    spread = base.mark_area(opacity=0.18, color=colour).encode(
        x=x, y=alt.Y("recorded_low:Q"), y2=alt.Y2("recorded_high:Q")
    )
    gap = chosen.mark_bar(size=12, color=colour, opacity=0.35).encode(x=x, y=alt.Y("needed:Q"), y2=alt.Y2("recorded:Q"))
    mark = chosen.mark_point(size=110, filled=True, opacity=1, color=colour).encode(
        x=x,
        y=alt.Y("recorded:Q"),
        tooltip=[
            alt.Tooltip("under_recorded_percent:Q", title="Red recorded as amber, percent"),
            alt.Tooltip("needed:Q", title="Hours needed", format=".1f"),
            alt.Tooltip("recorded:Q", title="Hours as recorded", format=".1f"),
            alt.Tooltip("recorded_low:Q", title="nine draws of ten from", format=".1f"),
            alt.Tooltip("recorded_high:Q", title="to", format=".1f"),
        ],
    )
    hidden = (
        chosen.transform_calculate(text="format(datum.needed - datum.recorded, '.1f') + ' hours hidden'")
        .mark_text(dy=-14, fontWeight="bold")
        .encode(x=x, y=alt.Y("needed:Q"), text=alt.Text("text:N"))
    )
    crossing = base.transform_filter("datum.under_recorded_percent === 0 && isValid(datum.crossing)")
    crossing_x = alt.X("crossing:Q", title="Red cases recorded as amber (percent)")
    cross = crossing.mark_point(shape="diamond", size=120, filled=False, strokeWidth=2, color=charts.INK).encode(
        x=crossing_x, y=hours_there_are
    )
    cross_text = (
        crossing.transform_calculate(text="'looks manageable from ' + ceil(datum.crossing * 10) / 10 + '%'")
        .mark_text(dy=20)
        .encode(x=crossing_x, y=hours_there_are, text=alt.Text("text:N"))
    )
    lines = [line(needed, hours), line(recorded, "recorded:Q"), line(capacity, hours_there_are)]
    upper = alt.layer(spread, *lines, gap, mark, hidden, cross, cross_text, width=560, height=260)

    cases = alt.Y("red:Q", title="Red cases", scale=alt.Scale(domain=[0, most]))
    strong = alt.condition(CHOSEN, alt.value(1), alt.value(0.35))
    seen = base.mark_bar(size=46, color=SEEN).encode(x=x, y=alt.Y("seen:Q", title="Red cases"), opacity=strong)
    hollow = base.mark_bar(size=46, color=NOT_SEEN, stroke=charts.INK, strokeWidth=1).encode(
        x=x,
        y=cases,
        y2=alt.Y2("seen:Q"),
        opacity=strong,
        tooltip=[
            alt.Tooltip("red:Q", title="Red cases", format=".1f"),
            alt.Tooltip("seen:Q", title="seen weekly", format=".1f"),
            alt.Tooltip("seen_low:Q", title="nine draws of ten from", format=".1f"),
            alt.Tooltip("seen_high:Q", title="to", format=".1f"),
        ],
    )
    interval = base.mark_rule(strokeWidth=2, color=charts.INK).encode(
        x=x, y=alt.Y("seen_low:Q", title="Red cases"), y2=alt.Y2("seen_high:Q")
    )
    words = (
        chosen.transform_calculate(
            text="format(datum.seen, '.1f') + ' seen weekly, ' + format(datum.red - datum.seen, '.1f') + ' not'"
        )
        .mark_text(dy=-9, fontWeight="bold")
        .encode(x=x, y=alt.Y("red:Q", title="Red cases"), text=alt.Text("text:N"))
    )
    lower = alt.layer(hollow, seen, interval, words, width=560, height=130)
    return alt.vconcat(upper, lower, spacing=14)


def pressure_explorer(table: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Start values, cut in staff, share under-recorded, contact rule; the rest free where Python runs."""
    inputs = risk.read(table)
    shares = {band: int(inputs["", band, "share_of_people"]) for band in risk.BANDS}
    start = int(inputs["as the inspectors found", "", "share_under_recorded"])
    cuts = {**OWN, **{f"{cut}%": cut for cut in EXPLORER_CUTS}}
    return Explorer(
        [
            choice("preset", "Start values", PRESETS, "staff down a third"),
            choice("cut_percent", "Cut in staff", cuts),
            show("share_percent", "Red cases recorded as amber", {f"{s}%": s for s in SHARES}, start),
            choice("contact_rule", "Contact rule", {**OWN, **{label: rule for rule, label in RULES.items()}}),
            *(
                number(f"{band}_percent", f"People in {band}", 0, 100, 5, share, "%", live_only=True)
                for band, share in shares.items()
            ),
            number(
                "minutes_per_meeting",
                "Length of a meeting",
                15,
                180,
                15,
                int(inputs["", "", "minutes_per_meeting"]),
                "minutes",
                live_only=True,
            ),
            number("people", "People supervised", 1000, 20000, 1000, int(inputs["", "", "people"]), live_only=True),
            choice(
                "officers",
                "Officers before the cut",
                {**OWN, **{f"{officers:,}": officers for officers in range(0, 401, 20)}},
                live_only=True,
            ),
        ],
        rows=partial(pressure_rows, inputs),
        draw=partial(draw_pressure, full_time_hours=inputs["", "", "full_time_hours"]),
        say=lambda rows, **choices: risk.say(risk.answer(inputs, **choices)),
        title="Simulation: how much under-recording makes the load look manageable on paper?",
        subtitle=(
            f"{LABEL} For one full-time officer left after the cut. Shaded band and thin rules: nine of ten draws. "
            "Lower panel: red cases, filled seen weekly, hollow not seen weekly"
        ),
        description=(
            "Simulation. Above, three lines of hours a week over the share of red cases recorded as amber: needed, "
            "recorded, and a full-time week. Below, bars of red cases seen weekly and not seen weekly."
        ),
        source_ids=source_ids(table),
        redraw=False,
        sources=sources,
    )


def spread(simulated: pd.DataFrame, table: pd.DataFrame, sources: pd.DataFrame) -> Any:
    """Closed form, mean of the draws and their spread for every measure of `risk.simulate`, a panel for each unit."""
    rows = simulated[["label", "unit", "expected", "mean", "low", "high"]].round(1)
    panels = []
    for unit in rows["unit"].unique():
        here = rows[rows["unit"] == unit]
        base = alt.Chart(here).encode(
            y=alt.Y("label:N", sort=here["label"].tolist(), title=None, axis=alt.Axis(minExtent=200)),
            tooltip=[
                alt.Tooltip("label"),
                alt.Tooltip("expected"),
                alt.Tooltip("mean"),
                alt.Tooltip("low"),
                alt.Tooltip("high"),
            ],
        )
        x = alt.X("low:Q", title=f"{unit}, all officers together", scale=alt.Scale(zero=True))
        rule = base.mark_rule(strokeWidth=7, color=charts.RULE, opacity=0.6).encode(x=x, x2=alt.X2("high:Q"))
        closed = base.mark_tick(thickness=2, size=18, color=charts.INK).encode(x=alt.X("expected:Q"))
        mean = base.mark_point(filled=False, size=70, color=charts.INK).encode(x=alt.X("mean:Q"))
        panels.append(alt.layer(rule, closed, mean, width=400, height=alt.Step(26)))
    return charts.publish(
        alt.vconcat(*panels),
        title="Simulation: how far do draws of who happens to come lie apart?",
        subtitle=f"{LABEL} Bar: nine of ten draws; circle: their mean; upright line: closed form",
        description="Simulation. Intervals of the draws of each measure, with their mean and the closed form. "
        + risk.say_spread(simulated),
        source_ids=source_ids(table),
        sources=sources,
    )


# -------------------------------------------------------------------------------------------- sentences


def say_presets(answers: pd.DataFrame) -> str:
    """The answer for every preset under its own contact rule, from `risk.answers`."""
    own = answers.query("own_rule")
    parts = [
        f"{row.preset} ({say_number(row.cases_per_officer, decimals=0)} cases an officer), "
        + risk.say_answer(row._asdict()).removeprefix("In this simulation ").rstrip(".")
        for row in own.itertuples()
    ]
    return f"The start values with their own contact rule: {'; '.join(parts)}."


def say_cuts(rows: pd.DataFrame, rule: str = "calls") -> str:
    """Up to which cut the load fits, where a share hides it, and from which cut none does, from `by_cut`."""
    here = rows[rows["rule"] == rule]
    fits, some, never = (here[here["verdict"] == verdict] for verdict in VERDICTS)
    parts = []
    if len(fits):
        parts.append(f"the load fits up to a cut of {_span(fits['staff_cut_percent'].tail(1))} percent")
    if len(some):
        shares = some["hiding_share_percent"].map(lambda share: math.ceil(share - 1e-6))
        parts.append(
            f"at {_span(some['staff_cut_percent'])} percent it looks manageable once {_span(shares)} percent of red "
            "cases are recorded as amber"
        )
    if len(never):
        least = never["staff_cut_percent"].min()
        start = f"from a cut of {say_number(least)} percent on" if least > 0 else "even without a cut"
        parts.append(f"{start} no share would hide it")
    said = risk.RULES[rule]
    return (
        f"In this simulation, with {say_number(here['cases_per_officer'].iloc[0])} cases an officer before any cut and "
        f"{said[0].lower()}{said[1:]}, {'; '.join(parts)}. Cuts were tried in steps of {CUTS.step} percent."
    )


def _span(values: pd.Series) -> str:
    low, high = say_number(values.min()), say_number(values.max())
    return low if low == high else f"{low} to {high}"


def say_saving(contacts: pd.DataFrame) -> str:
    """What an officer saves by recording a red case as amber, by contact rule, from `risk.contacts`."""
    rows = contacts.set_index(["band", "rule"])
    saved = (rows.loc["red", "hours_a_week"] - rows.loc["amber", "hours_a_week"]) * 60
    weeks = rows["interval_weeks"]
    return (
        f"A red case recorded as amber saves {say_number(saved['calls'], decimals=0)} minutes a week where contacts "
        f"count, and is seen every {say_number(weeks['amber', 'calls'])} weeks in place of every week; where workload "
        f"points count it saves {say_number(saved['workload points'], decimals=0)} minutes."
    )


def say_varied(rows: pd.DataFrame) -> str:
    """Up to which cut the load fits at the first and the last `row` of `by_minutes` or `by_red_share`."""
    said = "; ".join(f"with {row}, {_fits(rows[rows['row'] == row])}" for row in rows["row"].iloc[[0, -1]])
    return f"In this simulation the answer hangs on this assumption: {said}."


def _fits(rows: pd.DataFrame) -> str:
    cuts = rows.loc[rows["verdict"] == "manageable", "staff_cut_percent"]
    if cuts.empty:
        return "the load does not fit even without a cut"
    if cuts.max() == 0:
        return "the load fits only without a cut"
    most = f"the load fits up to a cut of {say_number(cuts.max())} percent"
    return most + (", the largest tried" if len(cuts) == len(rows) else "")
