"""What only the reoffending notebook draws: charts, explorers and the sentences that go with them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, display, official_files, reoffending
from helpers.explorer import Explorer, choice, filter_by

WIDTH = 600
POPULATIONS = {"All offenders": "all", "Adults": "adult", "Juveniles": "juvenile"}
PEOPLE = {value: label.lower() for label, value in POPULATIONS.items()}
MEASURES = {"current": reoffending.CURRENT_YEARLY, "older": reoffending.OLDER_YEARLY}
PERIODS = {"Years, both measures": "year", "Quarters, current measure": "quarter"}
BASE_YEARS = (2008, 2011, 2013)
SHORT = {r"^Apr (\d{4}) to Mar \d\d(\d\d)$": r"\1/\2", r"^Jan to Dec (\d{4})$": r"\1"}
INTERVALS = {"binary_low": "low", "binary_high": "high"}

# Measures and rates are not bodies, so they have colours that no body has.
MEASURE_COLOURS = {"current": charts.INK, "older": "#a3470f"}
PARTS = {"due_to_binary": "Fewer or more people reoffend", "due_to_frequency": "Each reoffends less or more often"}
PART_COLOURS = ["#0f766e", "#a21c63"]
RATES = {"observed": charts.INK, "expected": "#a21c63", "adjusted": "#0f766e"}

# The contracts' clock, by event_id in the table events.
MILESTONES = {
    "2014-06-01-nps-and-crcs-start": "NPS and CRCs start",
    "2021-06-26-probation-service-starts": "Probation Service starts",
}
TESTS = {
    "significance": "Significant change from the 2011 baseline",
    "below_baseline": "Any difference from the baseline",
    "consistent": "Significant fall, cohort after cohort",
    "target": "A target, met or missed",
    "preliminary": "Preliminary figures",
}
RATE_NAMES = {
    "binary": "Binary rate",
    "frequency": "Frequency rate",
    "both": "Both rates",
    "not_stated": "Rate not stated",
}
STATUSES = {
    "baseline": "Baseline year",
    "final": "Final",
    "final_inferred": "Final, as inferred",
    "interim": "Interim",
}
BUILD_UP = "build-up over time"
AUDITOR_RISE = "2017-03-all-probation-rise-in-frequency-rate"
POSITIONS = ["below 99.8%", "below 95%", "within limits", "above 95%", "above 99.8%"]


# ----------------------------------------------------------------------------------------------- national series


def series_rows(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Rows of the series explorer, from `series_of`: both yearly measures, or the quarters of the current one.

    Columns: date (middle of the cohort), line (measure and number of the unbroken run, such as 'current 0'),
    offenders, binary_rate, low, high (percent), frequency_rate (reoffences per reoffender). The sources are listed
    under the notebook: one for each of several hundred rows would make the page too large.
    """
    rows = pd.concat([series.assign(line=key) for key, series in found.items()])
    middle = (rows["date"] + (rows["date_end"] - rows["date"]) / 2).dt.date.astype(str)
    rows = rows.assign(date=middle, line=rows["line"] + " " + rows["segment"].astype(str)).rename(columns=INTERVALS)
    columns = ["date", "line", "offenders", "binary_rate", "low", "high", "frequency_rate"]
    return rows[columns].round({"low": 2, "high": 2})


def series_of(national: pd.DataFrame, population: str, period: str) -> dict[str, pd.DataFrame]:
    """The national series that are drawn for a population and period, by measure (current, older)."""
    measures = MEASURES if period == "year" else {"current": reoffending.CURRENT_QUARTERLY}
    return {key: reoffending.national_series(national, population, measure) for key, measure in measures.items()}


def series_explorer(national: pd.DataFrame, events: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Binary and frequency rate by population and period, each on one measure, with the change of measure shown."""
    found = {
        (population, period): series_of(national, population, period)
        for population, period in product(PEOPLE, PERIODS.values())
    }
    spans = []
    for population in sorted(PEOPLE):
        both = reoffending.with_overlap(found[population, "year"].values()).query("overlap")
        spans.append({"population": population, "first": both["date"].min(), "last": both["date_end"].max()})
    overlaps = pd.DataFrame(spans)
    marks = milestones(events)

    def say(rows: pd.DataFrame, population: str, period: str) -> str:
        current = found[population, period]["current"]
        current = current.assign(cohort=short(current["cohort"]))
        first, last = current.iloc[0], current.iloc[-1]
        known = current.dropna(subset=["frequency_rate"])
        began, ended = known.iloc[0], known.iloc[-1]
        end = "" if ended["cohort"] == last["cohort"] else ", the last with counts here"
        return (
            f"On the current measure {first['binary_rate']:.1f}% of {PEOPLE[population]} reoffended in "
            f"{first['cohort']} and {last['binary_rate']:.1f}% in {last['cohort']}. Each reoffender committed "
            f"{began['frequency_rate']:.2f} reoffences in {began['cohort']} and {ended['frequency_rate']:.2f} in "
            f"{ended['cohort']}{end}."
        )

    def draw(base: alt.Chart) -> alt.VConcatChart:
        days = pd.to_datetime(base.data["date"])
        ends = [days.min() - pd.Timedelta(days=180), days.max() + pd.Timedelta(days=180)]
        across = alt.X("date:T", title=None, scale=alt.Scale(domain=[charts.day(str(end.date())) for end in ends]))
        tooltip = [
            alt.Tooltip("date:T", title="Middle of the cohort", format="%B %Y"),
            alt.Tooltip("measure:N", title="Measure"),
            alt.Tooltip("binary_rate:Q", title="Binary rate (%)"),
            alt.Tooltip("low:Q", title="95% interval from (%)", format=".2f"),
            alt.Tooltip("high:Q", title="to (%)", format=".2f"),
            alt.Tooltip("frequency_rate:Q", title="Reoffences per reoffender"),
            alt.Tooltip("offenders:Q", title="Offenders", format=","),
        ]
        base = base.transform_calculate(measure="split(datum.line, ' ')[0]")
        zone = (
            alt.Chart(overlaps)
            .transform_filter("datum.population === population && period === 'year'")
            .mark_rect(color="#f3e3d3", opacity=0.6)
            .encode(x=alt.X("first:T"), x2=alt.X2("last:T"))
        )
        zone_label = (
            alt.Chart(overlaps)
            .transform_filter("datum.population === population && period === 'year'")
            .mark_text(align="left", baseline="top", dx=4, dy=4, color=MEASURE_COLOURS["older"])
            .encode(x=alt.X("first:T"), y=alt.YValue(0), text=alt.TextValue("both measures exist"))
        )
        rule = alt.Chart(marks).mark_rule(color=charts.RULE, strokeDash=[2, 3]).encode(x=alt.X("date:T"))
        rule_label = (
            alt.Chart(marks)
            .mark_text(align="left", baseline="bottom", dx=3, dy=-3, color=charts.MUTED, fontSize=11)
            .encode(x=alt.X("date:T"), y=alt.YValue(0), text=alt.Text("label:N"))
        )

        def panel(field: str, title: str, scale: alt.Scale, legend: alt.Legend | None) -> alt.LayerChart:
            known = base.transform_filter(f"isValid(datum.{field})")
            colour = alt.Color(
                "measure:N",
                title=None,
                scale=alt.Scale(domain=list(MEASURE_COLOURS), range=list(MEASURE_COLOURS.values())),
                legend=legend,
            )
            up = alt.Y(f"{field}:Q", title=title, scale=scale)
            line = known.mark_line(strokeWidth=1.5).encode(
                across,
                up,
                colour,
                alt.StrokeDash(
                    "measure:N", scale=alt.Scale(domain=list(MEASURE_COLOURS), range=[[1, 0], [5, 3]]), legend=None
                ),
                detail=alt.Detail("line:N"),
            )
            points = known.mark_point(size=34, opacity=1).encode(
                across,
                up,
                colour,
                alt.Shape(
                    "measure:N",
                    scale=alt.Scale(domain=list(MEASURE_COLOURS), range=["circle", "square"]),
                    legend=legend,
                    title=None,
                ),
                tooltip=tooltip,
            )
            layers = [zone, rule, line]
            if field == "binary_rate":
                bars = known.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=3, opacity=0.45)
                layers += [bars.encode(across, alt.Y("low:Q"), alt.Y2("high"), colour), points, zone_label, rule_label]
            else:
                layers.append(points)
            return alt.layer(*layers, width=WIDTH, height=290 if field == "binary_rate" else 220)

        legend = alt.Legend(
            orient="top",
            labelExpr="datum.label === 'current' ? 'current measure' : 'older measure'",
            symbolOpacity=1,
            symbolDash=[1, 0],
        )
        # Juveniles lie far above adults: one axis for both would press the lines flat.
        young = "population === 'juvenile' ? {} : {}"
        rates = alt.Scale(
            domainMin=alt.ExprRef(young.format(30, 22)), domainMax=alt.ExprRef(young.format(46, 36)), zero=False
        )
        return alt.vconcat(
            panel("binary_rate", "Binary rate (% who reoffend)", rates, legend),
            panel("frequency_rate", "Reoffences per reoffender", alt.Scale(domain=[2.5, 5], zero=False), None),
        )

    return Explorer(
        [
            choice("population", "People", POPULATIONS, "all"),
            choice("period", "Cohorts", PERIODS, "year"),
        ],
        lambda population, period: series_rows(found[population, period]),
        draw,
        say=say,
        title="How many reoffend, and how often?",
        subtitle="England and Wales; the axes do not begin at zero. Bars: 95% Wilson interval where counts are exact",
        description=(
            "Two line charts over the date of the cohort: the binary rate above, the reoffences per reoffender below. "
            "The current and the older measure are separate lines; a shaded zone marks the cohorts that both give. "
            "The controls choose the people and years or quarters."
        ),
        sources=sources,
        source_ids=[source for drawn in found.values() for each in drawn.values() for source in each["source_id"]],
    )


def say_answer(national: pd.DataFrame, base: int = 2011, later: int = 2016) -> str:
    """The answer in short: which way each rate and their product went, and in which cohorts the product was lower."""
    series = reoffending.change_since(reoffending.national_series(national), base)
    series = series.assign(cohort=short(series["cohort"]), base_cohort=short(series["base_cohort"]))
    row, last = series[series["date"].dt.year == later].iloc[0], series.iloc[-1]
    below = series[(series["date"].dt.year > base) & (series["total_change"] < 0)]
    lower = f" Since {row['base_cohort']} they were below that year's level {within(below['cohort'])}."
    return (
        f"Between {row['base_cohort']} and {row['cohort']} {fewer(row['binary_change'])} of the people in the cohorts "
        f"reoffended, each reoffender committed {more(row['frequency_change'])} reoffences, and the reoffences for "
        f"each offender {moved(row['total_change'])}.{lower} In {last['cohort']} they were "
        f"{above(last['total_change'])} it."
    )


def say_interval(national: pd.DataFrame) -> str:
    """How little of the fall chance explains, and what the figures cannot settle."""
    series = reoffending.national_series(national)
    row = series.iloc[-1]
    width = (series["binary_high"] - series["binary_low"]).max() / 2
    return (
        f"Chance is a small part of it: with {row['offenders']:,} offenders in {short(row['cohort'])} the 95% interval "
        f"runs from {row['binary_low']:.1f}% to {row['binary_high']:.1f}%, and in no year is it wider than "
        f"{width:.1f} percentage points either way. What caused a change these figures cannot say: they hold everybody "
        "cautioned, convicted or released, not only the people whom CRCs supervised."
    )


def say_revisions(national: pd.DataFrame) -> str:
    """How far rival figures for the same cohort of all offenders lie apart."""
    rows = reoffending.rival_figures(national)
    row = rows.loc[rows["spread"].idxmax()]
    return (
        f"{rows['date'].nunique()} yearly cohorts of all offenders have more than one figure. They lie at most "
        f"{row['spread']:.2f} percentage points apart ({short(row['cohort'])}); the figure of the longer run is drawn."
    )


# ----------------------------------------------------------------------------------------------- change


def change_rows(changes: pd.DataFrame, base: int) -> pd.DataFrame:
    """Rows of the change explorer: each cohort from the base year on, the two parts of its change and their sum.

    From `reoffending.change_since`.
    Columns: cohort, due_to_binary, due_to_frequency, total_change (reoffences per offender), source_id.
    """
    rows = changes[changes["total_change"].notna() & (changes["date"].dt.year >= base)]
    parts = ["due_to_binary", "due_to_frequency", "total_change"]
    return rows.assign(cohort=short(rows["cohort"]))[["cohort", *parts, "source_id"]].round(dict.fromkeys(parts, 4))


def change_explorer(national: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """What each rate did to the reoffences per offender since a base year, for a population and measure."""
    changes = {
        (population, measure, base): reoffending.change_since(series, base)
        for population in PEOPLE
        for measure, series in series_of(national, population, "year").items()
        for base in BASE_YEARS
    }

    def say(rows: pd.DataFrame, population: str, measure: str, base: int) -> str:
        series = changes[population, measure, base].dropna(subset=["total_change"])
        first, last = (short(series[column].iloc[-1]) for column in ("base_cohort", "cohort"))
        row = series.iloc[-1]
        if first == last:
            return f"{first} is the last cohort with both rates: nothing to compare it with."
        total = row["reoffences_per_offender"]
        return (
            f"From {first} to {last}, {PEOPLE[population]}: {change(row['binary_change'], '{:.1f} points')} in the "
            f"share who reoffend, {change(row['frequency_change_percent'], '{:.0f}%')} in reoffences per reoffender. "
            f"Reoffences per offender, the product of both, went from {total - row['total_change']:.2f} to {total:.2f} "
            f"({change(row['total_change_percent'], '{:.0f}%')})."
        )

    def draw(base: alt.Chart) -> alt.LayerChart:
        order = base.data["cohort"].drop_duplicates().tolist()
        order = sorted(order, key=lambda label: (label[:4], len(label)))
        across = alt.X("cohort:O", title="Cohort", sort=order, axis=alt.Axis(labelAngle=-60))
        tooltip = [
            alt.Tooltip("cohort:N", title="Cohort"),
            alt.Tooltip("due_to_binary:Q", title="Due to the share who reoffend", format="+.3f"),
            alt.Tooltip("due_to_frequency:Q", title="Due to reoffences of each", format="+.3f"),
            alt.Tooltip("total_change:Q", title="Together", format="+.3f"),
            alt.Tooltip("source:N", title="Source"),
        ]
        named = " : ".join(f"datum.key === '{key}' ? '{label}'" for key, label in PARTS.items()) + " : ''"
        parts = base.data[list(PARTS)]
        ends = [parts.clip(upper=0).sum(axis=1).min(), parts.clip(lower=0).sum(axis=1).max()]
        scale = alt.Scale(domain=[math.floor(10 * ends[0]) / 10, math.ceil(10 * ends[1]) / 10])
        bars = (
            with_titles(base, sources)
            .transform_fold(list(PARTS))
            .transform_calculate(part=named)
            .mark_bar(size=13)
            .encode(
                across,
                alt.Y("value:Q", title="Change in reoffences per offender", scale=scale, stack="zero"),
                alt.Color(
                    "part:N",
                    title=None,
                    scale=alt.Scale(domain=list(PARTS.values()), range=PART_COLOURS),
                    legend=alt.Legend(orient="top", columns=2),
                ),
                tooltip=tooltip,
            )
        )
        zero = base.mark_rule(color=charts.INK).encode(y=alt.YDatum(0))
        line = base.mark_line(color=charts.INK, strokeWidth=1.5).encode(across, alt.Y("total_change:Q"))
        point = base.mark_point(
            shape="diamond", size=60, fill="white", stroke=charts.INK, strokeWidth=1.5, opacity=1
        ).encode(across, alt.Y("total_change:Q"))
        last = (
            base.transform_window(place="row_number()", sort=[alt.SortField("cohort", "descending")])
            .transform_filter("datum.place === 1")
            .mark_text(align="left", dx=11, fontWeight="bold")
            .encode(across, alt.Y("total_change:Q"), text=alt.Text("total_change:Q", format="+.2f"))
        )
        return alt.layer(bars, zero, line, point, last, width=540, height=260)

    return Explorer(
        [
            choice("population", "People", POPULATIONS, "all"),
            choice("measure", "Measure", {f"{name.capitalize()} measure": name for name in MEASURES}, "current"),
            choice("base", "Compared with the cohort of", {f"{year}": year for year in BASE_YEARS}, 2011),
        ],
        lambda population, measure, base: change_rows(changes[population, measure, base], base),
        draw,
        say=say,
        title="Which way did reoffending go?",
        subtitle=(
            "Bars: what each rate added to or took off the reoffences per offender since the base cohort. "
            "Diamonds: both together"
        ),
        description=(
            "Stacked bars for each yearly cohort: the part of the change due to the share who reoffend and the part "
            "due to the reoffences of each reoffender, with their sum as diamonds. The controls choose the people, the "
            "measure and the base year."
        ),
        sources=sources,
    )


# ----------------------------------------------------------------------------------------------- case mix


def case_mix_explorer(adjusted: pd.DataFrame, national: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Observed, expected (OGRS4) and adjusted adult rates, and how much of a change the case mix explains."""
    rows = reoffending.case_mix(adjusted)
    years = sorted(rows["date"].dt.year.unique().tolist())
    rows = rows.assign(cohort=short(rows["cohort"]))[["cohort", "rate", "percent", "source_id"]]
    counted = reoffending.national_series(national, "adult").rename(columns=INTERVALS)
    counted = counted.assign(cohort=short(counted["cohort"]))[["cohort", "low", "high", "source_id"]]
    counted = counted[counted["cohort"].isin(rows["cohort"])].round(2)
    parts = {"observed_change": "observed", "case_mix": "expected (case mix)", "other": "adjusted (all else)"}

    def compute(base: int) -> pd.DataFrame:
        found = reoffending.case_mix_change(adjusted, base, years[-1])
        points = [round(found[part], 2) for part in parts]
        return pd.DataFrame(
            {"part": list(parts.values()), "points": points, "base_cohort": short(found["base_cohort"])}
        )

    def draw(base: alt.Chart) -> alt.VConcatChart:
        colours, shapes = list(RATES.values()), ["circle", "triangle-up", "square"]
        across = alt.X("cohort:O", title="Cohort", axis=alt.Axis(labelAngle=0))
        scale = alt.Scale(domain=[28, 36], zero=False)
        up = alt.Y("percent:Q", title="Adults who reoffend (%)", scale=scale)
        colour = alt.Color("rate:N", scale=alt.Scale(domain=list(RATES), range=colours), legend=None)
        dash = alt.StrokeDash(
            "rate:N", scale=alt.Scale(domain=list(RATES), range=[[1, 0], [2, 3], [7, 3]]), legend=None
        )
        shape = alt.Shape("rate:N", scale=alt.Scale(domain=list(RATES), range=shapes), legend=None)
        tooltip = [
            alt.Tooltip("cohort:N", title="Cohort"),
            alt.Tooltip("rate:N", title="Rate"),
            alt.Tooltip("percent:Q", title="Percent"),
            alt.Tooltip("source:N", title="Source"),
        ]
        rates = with_titles(alt.Chart(rows), sources)
        last = rates.transform_filter(f"datum.cohort === '{rows['cohort'].max()}'")
        lines = alt.layer(
            base.mark_rule(color=charts.RULE, strokeDash=[2, 3]).encode(
                alt.X("base_cohort:O", title="Cohort", axis=alt.Axis(labelAngle=0))
            ),
            rates.mark_line().encode(across, up, colour, dash),
            alt.Chart(counted)
            .mark_rule(strokeWidth=4, opacity=0.45, color=charts.INK)
            .encode(across, alt.Y("low:Q", scale=scale), alt.Y2("high")),
            rates.mark_point(opacity=1).encode(across, up, colour, shape, tooltip=tooltip),
            last.mark_text(align="left", dx=9).encode(across, up, colour, text=alt.Text("rate:N")),
            width=560,
            height=360,
        )
        row = alt.Y("part:N", title=None, sort=list(parts.values()))
        points = alt.X("points:Q", title="Change since (percentage points)", scale=alt.Scale(domain=[-6, 4]))
        fill = alt.Color("part:N", scale=alt.Scale(domain=list(parts.values()), range=colours), legend=None)
        label = alt.Text("points:Q", format="+.2f")
        after = base.transform_filter("datum.points >= 0").mark_text(align="left", dx=5)
        before = base.transform_filter("datum.points < 0").mark_text(align="right", dx=-5)
        bars = alt.layer(
            base.mark_bar(size=18).encode(points, row, fill),
            base.mark_rule(color=charts.INK).encode(x=alt.XDatum(0)),
            after.encode(points, row, text=label),
            before.encode(points, row, text=label),
            width=420,
            height=130,
        )
        return alt.vconcat(lines, bars, resolve=alt.Resolve(scale=alt.ScaleResolveMap(color="independent")))

    return Explorer(
        [choice("base", "Compared with the cohort of", {f"{year}": year for year in years[:-1]}, 2002)],
        compute,
        draw,
        say=lambda rows, base: reoffending.say_case_mix(adjusted, base, years[-1]),
        title="How much of the change is case mix?",
        subtitle=(
            "Expected: mean OGRS4 score of the adults in the cohort. Adjusted: observed less expected, at the level of "
            "2011. The line axis does not begin at zero; its bars: 95% Wilson interval of the observed rate"
        ),
        description=(
            "Three lines by yearly cohort: the observed, the expected and the adjusted rate of adults. Below, three "
            "bars: the change of each since the chosen cohort."
        ),
        sources=sources,
        source_ids=[*rows["source_id"], *counted["source_id"]],
    )


# ----------------------------------------------------------------------------------------------- what counts as success


def success_explorer(counts: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Published counts of CRCs that succeeded, by the rule that the reader chooses."""
    rows = counts.sort_values(["date", "date_end", "rate", "test"], kind="stable", na_position="last").reset_index(
        drop=True
    )
    success = rows["direction"].isin(reoffending.SUCCESS)
    cohort = rows["cohort"].str.replace(r" \(.*\)", "", regex=True).str.replace(r"^Cohorts with p", "P", regex=True)
    cohort = cohort.mask(rows["date"].isna(), "cohort not named")
    rows = pd.DataFrame(
        {
            "row": cohort
            + ", "
            + rows["reported_by"].astype(str)
            + ": "
            + rows["rate"].map(RATE_NAMES).str.lower()
            + ", "
            + rows["test"].astype(str).str.replace("_", " "),
            "rate": rows["rate"].astype(str),
            "test": rows["test"].astype(str),
            "outcome": success.map({True: "success", False: "failure"}),
            "crcs": rows["crcs"],
            "start": rows["crcs"].where(~success, 0).where(success, rows["of"] - rows["crcs"]),
            "end": rows["crcs"].where(success, rows["of"]),
            "source_id": rows["source_id"],
        }
    )

    def say(found: pd.DataFrame, rate: str = "", test: str = "") -> str:
        good, bad = (found[found["outcome"] == outcome]["crcs"] for outcome in ("success", "failure"))
        said = []
        if len(good):
            said.append(f"{span(good)} of {reoffending.CRCS} CRCs succeeded, in {plural(len(good), 'published count')}")
        if len(bad):
            said.append(f"{span(bad)} missed the target or rose, in {plural(len(bad), 'published count')}")
        return "; ".join(said) + "."

    def draw(base: alt.Chart) -> alt.LayerChart:
        order = list(dict.fromkeys(base.data["row"]))
        up = alt.Y(
            "row:N",
            title=None,
            axis=alt.Axis(labelLimit=360, labelPadding=8, ticks=False, domain=False),
            scale=alt.Scale(domain=order, paddingInner=0.35),
        )
        scale = alt.Scale(domain=[0, reoffending.CRCS], nice=False)
        across = alt.X("start:Q", title="CRCs, of 21", scale=scale, axis=alt.Axis(values=[0, 5, 10, 15, 21]))
        tooltip = [
            alt.Tooltip("row:N", title="Count"),
            alt.Tooltip("outcome:N", title="Outcome"),
            alt.Tooltip("crcs:Q", title="CRCs"),
            alt.Tooltip("source:N", title="Source"),
        ]
        colour = alt.Color(
            "outcome:N",
            title=None,
            scale=alt.Scale(domain=["success", "failure"], range=["#0f766e", "#a21c63"]),
            legend=alt.Legend(
                orient="top",
                labelExpr="datum.label === 'success' ? 'succeeded, from the left' : 'missed or rose, from the right'",
            ),
        )
        track = (
            base.transform_aggregate(groupby=["row"])
            .transform_calculate(start="0", end=f"{reoffending.CRCS}")
            .mark_bar(color="#e8eaed")
            .encode(across, alt.X2("end"), up)
        )
        bars = with_titles(base, sources).mark_bar(opacity=1).encode(across, alt.X2("end"), up, colour, tooltip=tooltip)
        good = base.transform_filter("datum.outcome === 'success'").mark_text(align="left", dx=4)
        bad = base.transform_filter("datum.outcome === 'failure'").mark_text(align="left", dx=5)
        return alt.layer(
            track,
            bars,
            # Inside the bar where it would else stand on the bar of the failures or outside the chart.
            good.encode(
                alt.X("label_at:Q", scale=scale),
                up,
                text=alt.Text("crcs:Q"),
                color=alt.condition("datum.crcs > 16", alt.value("white"), alt.value(charts.INK)),
            ).transform_calculate(label_at="datum.crcs > 16 ? datum.end - 2 : datum.end"),
            bad.encode(alt.X("end:Q", scale=scale), up, text=alt.Text("crcs:Q")),
            width=380,
            height=32 * len(order),
        )

    named = {RATE_NAMES[rate]: rate for rate in dict.fromkeys(rows["rate"])}
    tests = {label: test for test, label in TESTS.items() if (rows["test"] == test).any()}
    return Explorer(
        [
            filter_by("rate", "Which rate", "rate", named, "Any rate"),
            filter_by("test", "Which test", "test", tests, "Any test"),
        ],
        lambda: rows,
        draw,
        say=say,
        title="How many of the 21 CRCs succeeded?",
        subtitle="One row a cohort, publisher, rate and test. Grey: CRCs that are not counted either way",
        description=(
            "Bars of the number of CRCs, of 21: from the left those that succeeded, from the right those that missed a "
            "target or whose rate rose. The controls choose the rate and the test."
        ),
        sources=sources,
    )


def rules_table(counts: pd.DataFrame) -> pd.DataFrame:
    """Every rule under which successes were counted: rate, test, counts, cohorts, fewest and most CRCs."""
    rules = reoffending.success_rules(counts[counts["direction"].isin(reoffending.SUCCESS)])
    return rules.drop(columns="direction").assign(rate=rules["rate"].map(RATE_NAMES), test=rules["test"].map(TESTS))


def counts_table(counts: pd.DataFrame) -> pd.DataFrame:
    """Every published count: cohort, rate, test, outcome (fall, rise, met, missed), CRCs, who counted, source_id."""
    rows = counts.sort_values("date", kind="stable")
    rows = rows.assign(
        rate=rows["rate"].map(RATE_NAMES).str.lower(), test=rows["test"].astype(str).str.replace("_", " ")
    )
    return rows[["cohort", "rate", "test", "direction", "crcs", "reported_by", "source_id"]].rename(
        columns={"direction": "outcome", "crcs": "CRCs", "reported_by": "counted by"}
    )


# ----------------------------------------------------------------------------------------------- power of a test


def power_rows(by_crc: pd.DataFrame, size: int) -> pd.DataFrame:
    """Chance that a 5% test finds a fall of 0 to 7 points: fall, formula and exact (percent)."""
    cohort = reoffending.quarterly_cohort(by_crc)
    falls = pd.Series([step / 2 for step in range(15)])
    rates = cohort["baseline_rate"] - falls
    exact = [reoffending.exact_power(size, cohort["baseline_rate"], rate) for rate in rates]
    return pd.DataFrame(
        {
            "fall": falls,
            "formula": (100 * reoffending.power(size, cohort["baseline_rate"], rates)).round(2),
            "exact": [round(100 * share, 2) for share in exact],
        }
    )


def power_explorer(by_crc: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """What change a test of one CRC could have found, by cohort size: the formula and the exact chance."""
    cohort = reoffending.quarterly_cohort(by_crc)
    quarter, year = round(cohort["offenders"]), round(4 * cohort["offenders"])
    base, near = cohort["baseline_rate"], display.HEDGES[cohort["baseline_qualifier"]]
    sizes = {
        "500": 500,
        f"about {quarter:,}: average CRC, a quarter": quarter,
        "2,500": 2500,
        f"about {year:,}: average CRC, a year": year,
        "10,000": 10000,
    }
    common = base - cohort["rate"]

    def say(rows: pd.DataFrame, size: int) -> str:
        smallest = reoffending.detectable_change(size, base)
        found = float(reoffending.power(size, base, base - common))
        return (
            f"With {'about ' * (size in (quarter, year))}{size:,} offenders a fall must be {smallest:.1f} percentage "
            f"points to be found 80% of the time. The "
            f"fall of all CRCs together, {near.format(f'{common:.1f}')} points, would be found {found:.0%} of the time."
        )

    def draw(chart: alt.Chart) -> alt.LayerChart:
        across = alt.X("fall:Q", title="True fall (percentage points)", scale=alt.Scale(domain=[0, 7]))
        up = alt.Y("formula:Q", title="Chance that the test finds it (%)", scale=alt.Scale(domain=[0, 100]))
        tooltip = [
            alt.Tooltip("fall:Q", title="True fall (points)"),
            alt.Tooltip("formula:Q", title="Closed form (%)", format=".1f"),
            alt.Tooltip("exact:Q", title="Exact (%)", format=".1f"),
        ]
        rule = alt.Chart(pd.DataFrame({"fall": [common], "label": [f"all CRCs: {near.format(f'{common:.1f}')}"]}))
        often = alt.Chart(pd.DataFrame({"formula": [80], "label": ["80%"]}))
        return alt.layer(
            often.mark_rule(color=charts.RULE, strokeDash=[2, 3]).encode(up),
            rule.mark_rule(color=charts.RULE, strokeDash=[2, 3]).encode(across),
            rule.mark_text(align="left", baseline="top", dx=4, dy=3, color=charts.MUTED).encode(
                across, y=alt.YValue(0), text=alt.Text("label:N")
            ),
            chart.mark_line(color=charts.BODIES["CRC"]).encode(across, up),
            chart.mark_point(filled=False, color=charts.INK, size=55, opacity=1).encode(
                across, alt.Y("exact:Q"), tooltip=tooltip
            ),
            width=500,
            height=220,
        )

    return Explorer(
        [choice("size", "Offenders in the cohort", sizes, quarter)],
        lambda size: power_rows(by_crc, size),
        draw,
        say=say,
        title="What change could a test have found?",
        subtitle=(
            f"Two-sided 5% test against a fixed baseline of {near.format(base)}%. Line: closed form; circles: exact"
        ),
        description=(
            "A rising curve: the chance that a test finds a fall, by the size of the fall, with exact values as "
            "circles on it. A dotted line marks the fall of all CRCs together. The control chooses the cohort size."
        ),
        sources=sources,
        source_ids=[cohort["source_id"]],
    )


def say_exact(rows: pd.DataFrame) -> str:
    """How far the exact chance and the closed form lie apart at most (rows of a power explorer)."""
    gap = (rows["formula"] - rows["exact"]).abs()
    return (
        f"In the {len(rows)} settings drawn the exact chance, from the binomial distribution, differs from the closed "
        f"form by at most {gap.max():.1f} percentage points, on average {gap.mean():.1f}."
    )


# ----------------------------------------------------------------------------------------------- by CRC


def crc_chart(by_crc: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame) -> alt.FacetChart:
    """Binary rates by CRC in one panel a status, each with an axis of its own; unknown rates as question marks."""
    names = (
        providers.loc[providers["kind"] == "crc"]
        .set_index("provider_id")["short_name"]
        .sort_values(key=lambda name: name.str.lower())
    )
    known = pd.concat(reoffending.by_crc(by_crc, status) for status in STATUSES)
    known = known[known["binary_rate"].notna()]
    every = pd.MultiIndex.from_product([names.index, STATUSES], names=["provider_id", "status"]).to_frame(index=False)
    rows = every.merge(known.astype({"status": str}), how="left", on=["provider_id", "status"])
    rate = rows["binary_rate"].map("{:.4g}%".format)
    cohort = short(rows["cohort"].str.replace(r" \(.*", "", regex=True))
    rows = rows.assign(
        crc=rows["provider_id"].map(names),
        status=rows["status"].map(STATUSES),
        label=rate.where(rows["binary_rate_qualifier"] != "about", "~" + rate) + " (" + cohort + ")",
    )
    drawn = ["label", "binary_rate", "binary_low", "binary_high", "from_counts", "finding", "source_id"]
    base = with_titles(alt.Chart(), sources, known["source_id"])
    found = base.transform_filter("isValid(datum.binary_rate)")
    up = alt.Y("crc:N", title=None, axis=alt.Axis(ticks=False, domain=False, grid=True))
    scale, marks = alt.Scale(domain=[0, 100]), alt.Axis(values=[0, 50, 100], grid=False)
    across = alt.X("binary_rate:Q", title="Binary rate (%)", scale=scale, axis=marks)
    tooltip = [
        alt.Tooltip("crc:N", title="CRC"),
        alt.Tooltip("label:N", title="As printed"),
        alt.Tooltip("from_counts:Q", title="From counts (%)", format=".1f"),
        alt.Tooltip("finding:N", title="Finding"),
        alt.Tooltip("source:N", title="Source"),
    ]
    layers = alt.layer(
        base.transform_filter("!isValid(datum.binary_rate)")
        .mark_text(color=charts.MUTED)
        .encode(up, x=alt.XValue(8), text=alt.TextValue("?")),
        found.mark_rule(strokeWidth=3, color=charts.BODIES["CRC"]).encode(
            alt.X("binary_low:Q"), alt.X2("binary_high"), up
        ),
        found.mark_point(shape="square", color=charts.BODIES["CRC"], opacity=1, size=50).encode(
            across, up, tooltip=tooltip
        ),
        found.mark_text(align="center", dy=-10, fontSize=11).encode(x=alt.XValue(59), y=up, text=alt.Text("label:N")),
        # Unknown rates have no values but for their place: empty cells are left out of the specification.
        data=alt.Data(values=[row.dropna().to_dict() for _, row in rows[["crc", "status", *drawn]].iterrows()]),
        width=118,
        height=28 * len(names),
    )
    panels = alt.Column("status:N", title=None, sort=list(STATUSES.values()), header=alt.Header(labelFontWeight=600))
    return charts.publish(
        layers.facet(column=panels).properties(spacing=8).resolve_scale(x="independent"),
        title=f"A binary rate is public for {known['provider_id'].nunique()} of {len(names)} CRCs",
        subtitle=(
            "One panel a status: rates of different panels are never compared. ~ rounded; bar: 95% Wilson interval "
            "from counts; ? no rate known"
        ),
        description=(
            f"Four panels (baseline, final, final as inferred, interim) with a row for each of {len(names)} CRCs. "
            f"{len(known)} rates are known: "
            + "; ".join(
                f"{names[row.provider_id]} {display.hedged(row.binary_rate, row.binary_rate_qualifier, unit='%')} "
                f"({row.status.replace('_', ' ')}, {row.cohort})"
                for row in known.itertuples()
            )
            + ". All others are marked unknown."
        ),
        source_ids=known["source_id"],
        sources=sources,
    )


def crc_table(by_crc: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """Every finding about a single CRC: CRC, status, cohort, finding, points from baseline, source_id."""
    rows = by_crc[by_crc["provider_id"].str.startswith("crc-")]
    points = [
        display.hedged(value, "exact" if pd.isna(qualifier) else qualifier)
        for value, qualifier in zip(rows["points_from_baseline"], rows["points_from_baseline_qualifier"])
    ]
    return pd.DataFrame(
        {
            "CRC": rows["provider_id"].map(providers.set_index("provider_id")["short_name"]),
            "status": rows["status"].astype(str).str.replace("_", " "),
            "cohort": rows["cohort"],
            "finding": rows["finding"],
            "points_from_baseline": points,
            "source_id": rows["source_id"],
        }
    )


def say_build_up(facts: pd.DataFrame) -> str:
    """How an interim rate grows with the months of follow-up."""
    rows = facts[facts["topic"] == BUILD_UP].sort_values("value")
    months = rows["fact"].str.extract(r"with (\d+) months")[0]
    steps = ", ".join(f"{value:.0f}% after {month}" for value, month in zip(rows["value"], months))
    return (
        f"Known reoffenders among people in interim CRC cohorts, by months of follow-up or more: {steps}. An interim "
        "rate beside a final one would look like a success and be none."
    )


def say_frequency_rise(national: pd.DataFrame, by_crc: pd.DataFrame, performance: pd.DataFrame) -> str:
    """Three figures for the rise of the frequency rate, side by side; which people the first is about is unsettled."""
    auditor = performance.set_index("contract_performance_id").loc[AUDITOR_RISE, "value"]
    analyst = by_crc.dropna(subset=["frequency_rate", "baseline_frequency_rate"]).query("provider_id == 'all-crcs'")
    analyst = analyst.iloc[0]
    rise = 100 * (analyst["frequency_rate"] / analyst["baseline_frequency_rate"] - 1)
    series = reoffending.change_since(reoffending.national_series(national), 2011)
    row = series[series["date"].dt.year == 2016].iloc[0]
    return (
        f"Rise of the frequency rate since 2011: {auditor:.0f}% to March 2017 (National Audit Office); "
        f"{row['frequency_change_percent']:.0f}% from {short(row['base_cohort'])} to {short(row['cohort'])} (all "
        f"offenders, worked out here); {rise:.0f}% from about {analyst['baseline_frequency_rate']} to "
        f"{analyst['frequency_rate']} for CRCs, {analyst['cohort']} (an analyst's figures, worked out here)."
    )


# ----------------------------------------------------------------------------------------------- official files


def official_source(kind: str) -> pd.DataFrame:
    """The row of sources for a downloaded file, which the table sources does not have to hold."""
    file = asdict(official_files.OFFICIAL_FILES[kind])
    row = {"source_id": f"official-{kind}", "publisher": "Ministry of Justice", "url_kind": "page"}
    return pd.DataFrame([{**row, "title": file["title"], "url": file["address"]}])


def official_funnel(path: Path | None) -> Any:
    """The funnel plot of the CRCs of each interim cohort, or which file to get where path is None.

    Raises OfficialFileError for a faulty file.
    """
    if path is None:
        return display.findings(official_files.say_where_to_get("interim_results"))
    table = official_files.read_interim_results(path)
    rows = [reoffending.funnel(cohort) for _, cohort in table.groupby("date", sort=True)]
    return charts.publish(
        alt.vconcat(*(funnel_panel(cohort) for cohort in rows)),
        title="Which CRCs lie outside the funnel?",
        subtitle="\n".join(f"{cohort['cohort'].iloc[0]}, interim: {say_cohort(cohort)}" for cohort in rows),
        description=" ".join(
            f"Funnel plot of the interim binary rate by cohort size, {cohort['cohort'].iloc[0]}. {say_cohort(cohort)}"
            for cohort in rows
        ),
        source_ids=["official-interim_results"],
        sources=official_source("interim_results"),
    )


def say_cohort(funnel_rows: pd.DataFrame) -> str:
    """The finding of one funnel, which CRCs are unknown and why, and what the file remarks on the others."""
    said, unknown = [reoffending.say_funnel(funnel_rows)], funnel_rows["rate"].isna()
    remarks = rate_remarks(funnel_rows)
    for lead, rows in (("Unknown", unknown), ("Remarks of the file", ~unknown & (remarks != ""))):
        names = funnel_rows["name"][rows].groupby(remarks[rows], sort=False).agg(", ".join)
        if len(names):
            said.append(f"{lead}: {'; '.join(f'{crcs} ({remark})' for remark, crcs in names.items())}.")
    return " ".join(said)


def rate_remarks(rows: pd.DataFrame, counts: Sequence[str] = ("offenders", "reoffenders")) -> pd.Series:
    """What an official file says of the counts behind each rate, by default the binary; empty where it says nothing.

    Of an unknown rate only what is said of its unknown counts: the reason.
    rows need offenders, the counts, and the remark of each count, such as offenders_remark.
    """
    unknown = rows[list(counts)].isna()
    beside = ~unknown & unknown.any(axis=1).to_numpy()[:, None]
    remarks = rows[[f"{count}_remark" for count in counts]].astype(object).mask(beside.to_numpy(), "")
    remarks = remarks.agg(official_files.join_remarks, axis=1)
    return remarks.mask((rows["offenders"] == 0).fillna(False).astype(bool), "no offenders")


def funnel_panel(funnel_rows: pd.DataFrame) -> alt.LayerChart:
    """Points, limits and common rate of one cohort (rows of reoffending.funnel)."""
    known = funnel_rows.dropna(subset=["rate"])
    points = known[["name", "offenders", "rate", "position"]]
    limits = reoffending.funnel_curve(known).melt(
        "offenders", ["lower_95", "upper_95", "lower_99_8", "upper_99_8"], "limit", "percent"
    )
    limits["level"] = limits["limit"].str.replace(r"^\w+?_", "", regex=True).str.replace("_", ".") + "%"
    shown = [points["rate"].min(), points["rate"].max(), limits["percent"].min(), limits["percent"].max()]
    across = alt.X("offenders:Q", title="Offenders in the measurable cohort", scale=alt.Scale(zero=False, nice=False))
    scale = alt.Scale(domain=[max(0, min(shown) - 1), min(100, max(shown) + 1)], zero=False)
    up = alt.Y("rate:Q", title="Interim binary rate (%)", scale=scale)
    curves = (
        alt.Chart(limits)
        .mark_line(color=charts.RULE, strokeWidth=1.2)
        .encode(
            across,
            alt.Y("percent:Q", scale=scale),
            detail=alt.Detail("limit:N"),
            strokeDash=alt.StrokeDash(
                "level:N", title="Limits", scale=alt.Scale(domain=["95%", "99.8%"], range=[[4, 3], [1, 0]])
            ),
        )
    )
    target = alt.Chart(known.iloc[:1][["target"]]).mark_rule(color=charts.INK).encode(alt.Y("target:Q", scale=scale))
    base = alt.Chart(points)
    marks = base.mark_point(opacity=1, stroke=charts.BODIES["CRC"], strokeWidth=1.5, size=60).encode(
        across,
        up,
        alt.Shape(
            "position:N",
            title="CRC",
            scale=alt.Scale(
                domain=POSITIONS, range=["triangle-down", "triangle-down", "circle", "triangle-up", "triangle-up"]
            ),
            legend=None,
        ),
        fill=alt.condition("datum.position === 'within limits'", alt.value("white"), alt.value(charts.BODIES["CRC"])),
        tooltip=[
            alt.Tooltip("name:N", title="CRC"),
            alt.Tooltip("rate:Q", title="Interim binary rate (%)", format=".2f"),
            alt.Tooltip("offenders:Q", title="Offenders", format=","),
            alt.Tooltip("position:N", title="Position"),
        ],
    )
    names = base.transform_filter("datum.position !== 'within limits'").mark_text(align="left", dx=8, fontSize=11)
    return alt.layer(
        curves,
        target,
        marks,
        names.encode(across, up, text=alt.Text("name:N")),
        width=WIDTH,
        height=280,
        title=f"Cohort {funnel_rows['cohort'].iloc[0]}, interim",
    )


def official_headline(path: Path | None, national: pd.DataFrame) -> Any:
    """Both rates of all, adults and juveniles from the data tool, checked against the figures kept here.

    Or which file to get where path is None. Raises OfficialFileError for a faulty file.
    """
    if path is None:
        return display.findings(official_files.say_where_to_get("data_tool"))
    rows = official_files.headline(official_files.read_data_tool(path))
    checked = reoffending.check_headline(rows, national)
    differ = int((checked["difference"] != 0).sum())
    low, high = reoffending.wilson_interval(rows["reoffenders"], rows["offenders"])
    rows = rows.assign(low=low, high=high, cohort=short(rows["cohort"]), people=rows["population"].map(PEOPLE))
    rows = rows.assign(remark=rate_remarks(rows, official_files.COUNTS))
    rows = rows[["people", "cohort", "binary_rate", "low", "high", "frequency_rate", "offenders", "remark"]]
    base = alt.Chart(rows)
    across = alt.X("cohort:O", title="Cohort")
    colour = alt.Color(
        "people:N", title=None, scale=alt.Scale(domain=list(PEOPLE.values()), range=[charts.INK, *PART_COLOURS])
    )
    shape = alt.Shape("people:N", title=None, scale=alt.Scale(domain=list(PEOPLE.values())))

    def panel(field: str, title: str) -> alt.LayerChart:
        up = alt.Y(f"{field}:Q", title=title, scale=alt.Scale(zero=False))
        layers = [
            base.mark_line().encode(across, up, colour),
            base.mark_point(opacity=1).encode(
                across,
                up,
                colour,
                shape,
                tooltip=[
                    alt.Tooltip("people:N", title="People"),
                    alt.Tooltip("cohort:N", title="Cohort"),
                    alt.Tooltip(f"{field}:Q", title=title, format=".2f"),
                    alt.Tooltip("offenders:Q", title="Offenders", format=","),
                    alt.Tooltip("remark:N", title="Remark"),
                ],
            ),
        ]
        if field == "binary_rate":
            layers.append(
                base.mark_rule(strokeWidth=4, opacity=0.45).encode(across, alt.Y("low:Q"), alt.Y2("high"), colour)
            )
        return alt.layer(*layers, width=WIDTH, height=190)

    same = f"{plural(len(checked), 'total')} compared with those kept here, of which {differ} are not the same."
    return charts.publish(
        alt.vconcat(panel("binary_rate", "Binary rate (%)"), panel("frequency_rate", "Reoffences per reoffender")),
        title="Adults and juveniles, year by year, from the Ministry's data tool",
        subtitle=f"{same} Bars: 95% Wilson interval; the axes do not begin at zero",
        description=(
            f"Two line charts by yearly cohort, {rows['cohort'].iloc[0]} to {rows['cohort'].iloc[-1]}: binary rate and "
            f"reoffences per reoffender of all offenders, adults and juveniles. {same}"
        ),
        source_ids=["official-data_tool"],
        sources=official_source("data_tool"),
    )


def overview_rows(overview: pd.DataFrame, most: int) -> tuple[str, pd.DataFrame]:
    """The last cohort of an overview file, and the `most` largest groups of each of its categories.

    Columns: category, group, offenders, rate, low, high (percent; 95% interval), remark, source_id.
    """
    rows = overview[overview["date"] == overview["date"].max()]
    cohort = rows["cohort"].iloc[0]
    low, high = reoffending.wilson_interval(rows["reoffenders"], rows["offenders"])
    parts = rows[["adult_juvenile", "subcategory1", "subcategory2"]].astype("string").fillna("")
    rows = pd.DataFrame(
        {
            "category": rows["category"].astype(str),
            "group": parts.agg(lambda words: ", ".join(word for word in words if word), axis=1),
            "offenders": rows["offenders"],
            "rate": (100 * rows["reoffenders"] / rows["offenders"]).astype(float),
            "low": low,
            "high": high,
            "remark": rate_remarks(rows),
            "source_id": "official-overview",
        }
    ).sort_values("offenders", ascending=False)
    return cohort, rows.groupby("category", sort=False).head(most)


def official_overview(path: Path | None, most: int = 40) -> Any:
    """Binary rates of the last cohort in the overview file by its own categories, with intervals.

    Each category shows its largest rows, at most `most`. Or which file to get where path is None.
    Raises OfficialFileError for a faulty file.
    """
    if path is None:
        return display.findings(official_files.say_where_to_get("overview"))
    cohort, rows = overview_rows(official_files.read_overview(path), most)
    categories = sorted(rows["category"].unique())

    def say(found: pd.DataFrame, category: str) -> str:
        known, unknown = found.dropna(subset=["rate"]), found[found["rate"].isna()]
        said = "" if unknown.empty else f" Unknown: {count_remarks(unknown['remark'])}."
        if (known["remark"] != "").any():
            said += f" Remarks of the file: {count_remarks(known['remark'])}."
        if known.empty:
            return f"No rate is known.{said}"
        top = known.loc[known["rate"].idxmax()]
        return f"{cohort}, older measure: the highest rate is {top['rate']:.1f}% ({top['group']}).{said}"

    def draw(base: alt.Chart) -> alt.LayerChart:
        up = alt.Y("group:N", title=None, sort=alt.EncodingSortField("rate", order="descending"))
        scale = alt.Scale(domain=[0, 100])
        return alt.layer(
            base.mark_rule(strokeWidth=3, color=charts.RULE).encode(alt.X("low:Q", scale=scale), alt.X2("high"), up),
            base.mark_point(opacity=1, color=charts.INK).encode(
                alt.X("rate:Q", title="Binary rate (%)", scale=scale),
                up,
                tooltip=[
                    alt.Tooltip("group:N", title="Group"),
                    alt.Tooltip("rate:Q", title="Percent", format=".1f"),
                    alt.Tooltip("offenders:Q", title="Offenders", format=","),
                    alt.Tooltip("remark:N", title="Remark"),
                ],
            ),
            base.transform_filter("!isValid(datum.rate)")
            .mark_text(color=charts.MUTED)
            .encode(
                up,
                x=alt.XValue(8),
                text=alt.TextValue("?"),
                tooltip=[alt.Tooltip("group:N", title="Group"), alt.Tooltip("remark:N", title="Unknown, since")],
            ),
            width=380,
        )

    return Explorer(
        [choice("category", "Breakdown", categories)],
        lambda category: rows[rows["category"] == category],
        draw,
        say=say,
        title="Who reoffended, by breakdown?",
        subtitle=f"{cohort}, older measure; bars: 95% Wilson interval; ? unknown",
        description="Points with intervals: the binary rate of each group in the chosen breakdown of the file.",
        sources=official_source("overview"),
    )


# ----------------------------------------------------------------------------------------------- sources


def rows_by_source(
    national: pd.DataFrame,
    adjusted: pd.DataFrame,
    by_crc: pd.DataFrame,
    facts: pd.DataFrame,
    performance: pd.DataFrame,
) -> pd.DataFrame:
    """One row a document: drawn (what was drawn or said from it, with first and last cohort), rows, source_id."""
    series = [
        reoffending.preferred_figures(national, population, measure).assign(drawn=f"{label}, {name}")
        for label, population in POPULATIONS.items()
        for name, measure in {
            **{f"years, {key} measure": value for key, value in MEASURES.items()},
            "quarters, current measure": reoffending.CURRENT_QUARTERLY,
        }.items()
    ]
    rest = {
        "Case mix, adults": adjusted[adjusted["measure"] == reoffending.CURRENT_YEARLY].sort_values("date"),
        "All CRCs together": by_crc[by_crc["provider_id"] == "all-crcs"].sort_values("date"),
        "Interim rates by follow-up": facts[facts["topic"] == BUILD_UP].rename(columns={"fact": "cohort"}),
        "Rise of the frequency rate": performance[performance["contract_performance_id"] == AUDITOR_RISE].rename(
            columns={"measure": "cohort"}
        ),
    }
    rows = pd.concat([*series, *(table.assign(drawn=name) for name, table in rest.items())])
    rows = rows.assign(cohort=short(rows["cohort"]))
    found = rows.groupby(["drawn", "source_id"], sort=False)["cohort"].agg(["first", "last", "size"]).reset_index()
    spans = found["first"].where(found["first"] == found["last"], found["first"] + " to " + found["last"])
    found["drawn"] += " (" + spans + ": " + found["size"].map(lambda size: plural(size, "row")) + ")"
    drawn = found.groupby("source_id", sort=False).agg(drawn=("drawn", "; ".join), rows=("size", "sum")).reset_index()
    return drawn[["drawn", "rows", "source_id"]]


# ----------------------------------------------------------------------------------------------- inside


def milestones(events: pd.DataFrame) -> pd.DataFrame:
    """The dates between which CRCs worked: date, label."""
    found = events[events["event_id"].isin(MILESTONES)]
    return pd.DataFrame({"date": found["date"], "label": found["event_id"].map(MILESTONES)})


def short(cohort: Any) -> Any:
    """'Apr 2011 to Mar 2012' as '2011/12', 'Jan to Dec 2002' as '2002'; a text or a column of them."""
    for long, text in SHORT.items():
        column = not isinstance(cohort, str)
        cohort = cohort.str.replace(long, text, regex=True) if column else re.sub(long, text, cohort)
    return cohort


def with_titles(base: alt.Chart, sources: pd.DataFrame, source_ids: pd.Series | None = None) -> alt.Chart:
    """The chart with a field `source`: the titles stand once in the specification, not once a row."""
    source_ids = base.data["source_id"] if source_ids is None else source_ids
    titles = sources.set_index("source_id")["title"].reindex(source_ids.dropna().unique())
    named = ", ".join(f"{_quoted(key)}: {_quoted(title)}" for key, title in titles.items())
    return base.transform_calculate(source=f"({{{named}}})[datum.source_id]")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def change(value: float, form: str) -> str:
    """A signed figure in words with a true minus sign, such as '+22%'."""
    size = form.format(abs(value))
    return ("+" if value > 0 else "\N{MINUS SIGN}") + size if form.format(0) != size else size


def moved(value: float) -> str:
    """rose, fell or stayed the same."""
    return "rose" if value > 0 else "fell" if value < 0 else "stayed the same"


def fewer(change: float) -> str:
    """A smaller, a larger or the same share."""
    return "a larger share" if change > 0 else "a smaller share" if change < 0 else "the same share"


def more(change: float) -> str:
    """More, fewer or as many."""
    return "more" if change > 0 else "fewer" if change < 0 else "as many"


def within(cohorts: pd.Series) -> str:
    """'in 2019/20 and 2020/21', or in none."""
    return f"in {display.join_words(cohorts)}" if len(cohorts) else "in no year"


def above(value: float) -> str:
    """above, below or at."""
    return "above" if value > 0 else "below" if value < 0 else "at"


def count_remarks(remarks: pd.Series) -> str:
    """'2 values (not available), 1 value (provisional)'; empty remarks are not counted."""
    counts = remarks[remarks != ""].value_counts()
    return ", ".join(f"{plural(count, 'value')} ({remark})" for remark, count in counts.items())


def span(values: pd.Series) -> str:
    """'2 to 21', or one number."""
    least, most = values.min(), values.max()
    return f"{least}" if least == most else f"{least} to {most}"


def plural(number: int, one: str, many: str = "") -> str:
    """'1 count', '2 counts'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
