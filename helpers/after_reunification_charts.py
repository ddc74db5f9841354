"""Charts and explorers of the years since June 2021. Rows come from helpers.after_reunification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from helpers import after_reunification as after
from helpers import charts, display
from helpers.explorer import Explorer, choice, filter_by
from helpers.ratings import BANDS
from helpers.reoffending import wilson_interval
from helpers.timeline import with_periods

Tables = Mapping[str, pd.DataFrame]
"""Tables by name: those of after_reunification.TABLES, and sources."""

BAND_SHAPES = {
    "Outstanding": "diamond",
    "Good": "triangle-up",
    "Requires improvement": "circle",
    "Inadequate": "square",
}
PROGRAMME_COLOURS = dict(zip(after.PROGRAMMES.values(), ("#5b5f97", "#00795c")))
PROGRAMME_SHAPES = dict(zip(after.PROGRAMMES.values(), ("circle", "square")))
SINCE, BEFORE = charts.BODIES["Probation Service"], charts.MUTED
HEDGE_MARKS = {
    "about": "~",
    "at_least": "\N{GREATER-THAN OR EQUAL TO}",
    "more_than": ">",
    "at_most": "\N{LESS-THAN OR EQUAL TO}",
    "less_than": "<",
}
HEDGE_SHAPES = {
    "exact": "circle",
    "about": "diamond",
    "at_least": "triangle-right",
    "more_than": "triangle-right",
    "at_most": "triangle-left",
    "less_than": "triangle-left",
}

# What inspectors looked at, by the beginning of the measure's name; the first that fits counts.
SUBJECTS = {
    "Assessing the risk of harm": ("risk_of_harm_assessment",),
    "Managing the risk of harm": ("risk_", "identified_risk", "keeping_people_safe", "public_protection"),
    "Enquiries to police and children's services": ("domestic_abuse", "child_safeguarding", "safeguarding"),
    "Oversight, court reports and desistance": ("management_oversight", "court_reports", "desistance"),
}

# National figures with at least two exact dates since June 2021, in the order of the control.
NATIONAL_FROM = pd.Timestamp("2018-01-01")
NATIONAL_MEASURES = (
    "probation_officers_in_post",
    "probation_services_officers_in_post",
    "all_staff_in_post",
    "probation_officer_vacancy_rate",
    "probation_officer_leaving_rate",
    "caseload_per_probation_officer",
    "people_supervised",
    "licence_recalls",
    "recalled_people_in_prison",
    "people_charged_with_serious_further_offence",
)
REOFFENDING = {
    "binary_rate": ("Share of people who reoffend within a year", "percent"),
    "frequency_rate": ("Reoffences per reoffender", "reoffences"),
}
BODY_NAMES = {"nps": "NPS", "probation-service": "Probation Service", "all-probation": "All probation"}

ANNUAL_REPORT = "delivery-units-inspected-units-in-the-annual-report-of-february-2024-to-february-2025-2025-03"
ANNUAL_REPORT_REGIONS = (
    "region-kent-surrey-and-sussex",
    "region-east-of-england",
    "region-yorkshire-and-the-humber",
)
VERDICTS = {
    "same_measure": "one series",
    "with_care": "with care",
    "not_alike": "no: not alike",
    "no_counterpart": "no: no earlier figure",
}

BESIDE_BEFORE = {
    "same_measure": "The years before June 2021 belong to the same series.",
    "with_care": "The years before June 2021 can stand beside it with care only.",
    "not_alike": "Figures for the years before June 2021 are not alike.",
    "no_counterpart": "No figure for the years before June 2021 is here.",
}


# ----------------------------------------------------------------------------------------------- inspections


def inspection_rows(inspected: pd.DataFrame) -> pd.DataFrame:
    """What the explorer of inspections draws, region by region and unit by unit.

    Columns: unit, region, programme, band, start, end (first and last day the report can have come out on).
    """
    rows = inspected.sort_values(["region", "unit", "middle"], kind="stable")
    names = {"programme_name": "programme", "period_start": "start", "period_end": "end"}
    rows = rows.drop(columns="programme").rename(columns=names)
    return rows[["unit", "region", "programme", "band", "start", "end"]].reset_index(drop=True)


def draw_inspections(base: alt.Chart) -> alt.LayerChart:
    """One row a unit: a band's shape where the report came out, over a bar for all the days it can have come out.

    The parameter `region` decides what the rows are named by: region, or unit once one region is chosen.
    """
    colour = charts.band_colour(BANDS, legend=alt.Legend(symbolOpacity=1))
    # The order of the rows is that of the data: a list of all units in every layer would double the page.
    row, top = (
        alt.Y("unit:N", sort=None, scale=alt.Scale(type="band"), axis=None, **at) for at in ({}, {"bandPosition": 0})
    )
    days = alt.Scale(domainMin=charts.day("2022-01-01"), domainMax=charts.day("2026-01-01"))
    axis = charts.year_axis(orient="top")
    placed = base.transform_calculate(middle="(toDate(datum.start) + toDate(datum.end)) / 2").encode(y=row)
    span = placed.mark_rule(strokeWidth=6, opacity=0.3).encode(
        x=alt.X("start:T", title="when the report came out", scale=days, axis=axis), x2=alt.X2("end:T"), color=colour
    )
    point = placed.mark_point(size=60, strokeWidth=1.8, opacity=1, filled=False).encode(
        x=alt.X("middle:T", scale=days),
        color=colour,
        shape=_band_shape(),
        fill=alt.when("toDate(datum.end) - toDate(datum.start) > 30.5 * 864e5")
        .then(alt.value("#ffffff"))
        .otherwise(charts.band_colour(BANDS, legend=None)),
        tooltip=["unit", "region", "programme", "band", *_days()],
    )
    lines = base.transform_window(
        place="row_number()", groupby=["region"], sort=[alt.SortField("unit"), alt.SortField("start")]
    ).transform_filter(alt.datum.place == 1)
    line = lines.mark_rule(color=charts.RULE, strokeWidth=0.6).encode(y=top, x=alt.XValue(-165), x2=alt.X2Value(480))
    region = lines.mark_text(align="right", baseline="top", dy=2, fontSize=12).encode(
        y=top, x=alt.XValue(-8), text=alt.Text("region")
    )
    named = base.transform_filter("region !== ''").transform_aggregate(groupby=["unit"])
    unit = named.mark_text(align="left", dy=-15, fontSize=11).encode(y=row, x=alt.XValue(4), text=alt.Text("unit"))
    return alt.layer(span, point, line, region, unit, width=480, height=640)


def say_inspections(rows: pd.DataFrame, region: str, programme: str) -> str:
    """How the units chosen were rated, with the interval of the share rated Inadequate."""
    counts = rows["band"].astype(str).value_counts()
    worst = int(counts.get("Inadequate", 0))
    low, high = wilson_interval(pd.Series([worst]), pd.Series([len(rows)]))
    bands = display.join_words(f"{counts[band]} {band}" for band in BANDS[::-1] if band in counts)
    where = f"{region or 'All regions'}, {programme or 'both programmes'}"
    return (
        f"{where}: {_count(len(rows), 'inspection')} of {_count(rows['unit'].nunique(), 'unit')}, {bands}. Inadequate: "
        f"{100 * worst / len(rows):.0f}%, 95% interval {max(0, low.iloc[0]):.0f}% to {min(100, high.iloc[0]):.0f}%."
    )


def inspections_explorer(tables: Tables, inspected: pd.DataFrame) -> Explorer:
    """Every inspection of a delivery unit that was read, by date and band, for a region and a programme."""
    regions = sorted(after.region_coverage(inspected, tables["providers"])["region"].unique())
    return Explorer(
        [
            filter_by("region", "Region", "region", regions, "All regions"),
            filter_by("programme", "Programme", "programme", list(after.PROGRAMMES.values()), "Both programmes"),
        ],
        rows=lambda: inspection_rows(inspected),
        draw=draw_inspections,
        say=say_inspections,
        title="How were delivery units rated, where and when?",
        subtitle="One row a unit; a region chosen shows names. Filled: day or month known. Hollow: only a span known",
        description="One row for each delivery unit, grouped by region, with a mark for each inspection at the date of "
        "its report; colour and shape give the band, a pale bar the days on which the report can have come out.",
        sources=tables["sources"],
        source_ids=inspected["source_id"],
    )


def bands_by_programme(inspected: pd.DataFrame, gap: pd.DataFrame, sources: pd.DataFrame) -> Any:
    """Share of inspections in each band under both programmes, and the difference in the worst, with intervals."""
    titles = dict(zip(gap["selection"], ("All inspections", "Regions inspected in both"), strict=True))
    rows = gap.assign(
        label=[
            f"{after._signed(middle)} ({after._signed(low)} to {after._signed(high)})"
            for middle, low, high in zip(gap["difference"], gap["difference_lower"], gap["difference_upper"])
        ],
        selection=gap["selection"].map(titles),
    )[["selection", "difference", "difference_lower", "difference_upper", "label"]]
    base = alt.Chart(rows).encode(y=alt.Y("selection:N", sort=list(titles.values()), title=None))
    x = alt.X(
        "difference_lower:Q",
        title="change in the share rated Inadequate (percentage points)",
        scale=alt.Scale(domain=[-40, 40]),
    )
    zero = alt.Chart().mark_rule(color=charts.RULE, strokeDash=[4, 3]).encode(x=alt.datum(0))
    interval = base.mark_rule(strokeWidth=2).encode(x=x, x2=alt.X2("difference_upper:Q"))
    point = base.mark_point(size=70, filled=True, opacity=1, color=charts.INK).encode(x=alt.X("difference:Q"))
    text = base.mark_text(align="left", dx=8, fontSize=11).encode(x=alt.X("difference_upper:Q"), text=alt.Text("label"))
    difference = alt.layer(zero, interval, point, text, data=rows, width=330, height=60)
    certain = (gap["difference_lower"] > 0) | (gap["difference_upper"] < 0)
    return charts.publish(
        alt.vconcat(_band_panel(after.band_shares(inspected)), difference, spacing=20),
        title="The share rated Inadequate "
        + ("changed between the two programmes" if certain.all() else "shows no clear change between the programmes"),
        subtitle="Share of inspections in each band, and its difference; lines are 95% intervals",
        description="Points with intervals: share of inspections in each band on nine and on seven standards; below, "
        f"the difference, also for the regions inspected in both programmes. {after.say_gap(gap)}",
        source_ids=inspected["source_id"],
        sources=sources,
    )


def _band_panel(shares: pd.DataFrame) -> alt.LayerChart:
    names = list(after.PROGRAMMES.values())
    rows = shares[shares.groupby("band", observed=True)["inspections"].transform("sum") > 0]
    rows = rows.assign(label=rows["inspections"].astype(str) + " of " + rows["of"].astype(str))
    rows = rows[["programme_name", "band", "share", "low", "high", "label"]].astype({"band": str}).round(2)
    base = alt.Chart(rows).encode(
        y=alt.Y("band:N", sort=list(BANDS[::-1]), title=None),
        yOffset=alt.YOffset("programme_name:N", scale=alt.Scale(domain=names)),
        color=alt.Color(
            "programme_name:N", title=None, scale=alt.Scale(domain=names, range=list(PROGRAMME_COLOURS.values()))
        ),
    )
    x = alt.X(
        "low:Q",
        title="share of inspections (percent)",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(values=[0, 25, 50, 75, 100]),
    )
    point = base.mark_point(size=70, filled=True, opacity=1).encode(
        x=alt.X("share:Q"),
        shape=alt.Shape(
            "programme_name:N", title=None, scale=alt.Scale(domain=names, range=list(PROGRAMME_SHAPES.values()))
        ),
        tooltip=[
            "programme_name",
            "band",
            "label",
            alt.Tooltip("low", format=".0f"),
            alt.Tooltip("high", format=".0f"),
        ],
    )
    text = base.mark_text(align="left", dx=6, fontSize=11).encode(x=alt.X("high:Q"), text=alt.Text("label"))
    return alt.layer(base.mark_rule(strokeWidth=2).encode(x=x, x2=alt.X2("high:Q")), point, text, width=330, height=130)


# ----------------------------------------------------------------------------------------------- cases


def case_rows(findings: pd.DataFrame, subject: str) -> pd.DataFrame:
    """The findings of a subject of SUBJECTS, by measure and date, as the explorer draws them.

    Columns: place (with its date), checked (what was looked at; empty where it is the same in all rows), sufficient,
    low, high (percent), hedge, period.
    """
    rows = findings[findings["measure"].map(subject_of) == subject]
    rows = rows.assign(checked=rows["measure"].map(_checked))
    rows = rows.sort_values(["checked", "period_end", "population"], kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "place": rows["population"].str.removeprefix("Unit: ") + ", " + _when(rows),
            "checked": rows["checked"] if len(set(rows["checked"])) > 1 else "",
            "sufficient": rows["sufficient"].round(2),
            "low": rows["low"].round(1),
            "high": rows["high"].round(1),
            "hedge": rows["sufficient_qualifier"].astype(str),
            "period": rows["period"],
        }
    )


def subject_of(measure: str) -> str:
    """The subject of SUBJECTS that a measure of the cases belongs to. Raises ValueError for one without."""
    for subject, beginnings in SUBJECTS.items():
        if measure.startswith(beginnings):
            return subject
    raise ValueError(f"after_measures: {measure!r} belongs to none of {', '.join(SUBJECTS)}; add it to SUBJECTS.")


def _said(measure: str) -> str:
    """The name of a measure of the cases without underscores, verdict included: shorter than its full name."""
    return measure.replace("_", " ")


def _checked(measure: str) -> str:
    """What was looked at, in words, without the verdict at the end of the measure's name."""
    words = measure.replace("_", " ")
    for verdict in (" sufficient", " insufficient", " wrong", " missing", " made", " used"):
        words = words.removesuffix(verdict)
    return words.capitalize()


def draw_cases(base: alt.Chart) -> alt.LayerChart:
    """One row a figure: place and date, the figure with interval or hedge, and what was looked at."""
    periods = alt.Scale(domain=["before", "since", "unknown"], range=[BEFORE, SINCE, SINCE])
    placed = base.transform_window(order="row_number()").encode(y=alt.Y("order:O", axis=None))
    x = alt.X(
        "sufficient:Q",
        title="percent of cases in which the work was done well enough",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(values=[0, 25, 50, 75, 100], orient="top"),
    )
    colour = alt.Color("period:N", scale=periods, legend=None)
    shapes = alt.Scale(domain=list(HEDGE_SHAPES), range=list(HEDGE_SHAPES.values()))
    name = placed.mark_text(align="right", fontSize=11).encode(x=alt.XValue(-8), text=alt.Text("place"))
    interval = placed.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2)
    point = placed.mark_point(size=75, strokeWidth=1.8, opacity=1, filled=False).encode(
        x=x,
        color=colour,
        shape=alt.Shape("hedge:N", scale=shapes, legend=None),
        fill=alt.when(alt.datum.hedge == "exact")
        .then(alt.Fill("period:N", scale=periods, legend=None))
        .otherwise(alt.value("#ffffff")),
        tooltip=["place", "checked", "sufficient", "hedge"],
    )
    figure = placed.transform_calculate(
        right="isValid(datum.high) ? datum.high : datum.sufficient",
        label=f"({json.dumps(HEDGE_MARKS)}[datum.hedge] || '') + format(datum.sufficient, '.0f') + '%'",
    ).mark_text(align="left", dx=8, fontSize=11)
    checked = placed.mark_text(align="left", fontSize=11, color=charts.MUTED).encode(
        x=alt.XValue(238), text=alt.Text("checked")
    )
    return alt.layer(
        interval.encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), color=colour),
        point,
        figure.encode(x=alt.X("right:Q"), text=alt.Text("label:N")),
        name,
        checked,
        width=230,
        height=alt.Step(19),
    )


def say_cases(rows: pd.DataFrame, subject: str) -> str:
    """How many figures of a subject were printed and hedged; their range only where they measure one thing."""
    later = rows[rows["period"] != "before"]
    hedged = int((later["hedge"] != "exact").sum())
    said = f"{subject}: {_count(len(later), 'figure')} since June 2021, {hedged} of them hedged"
    if (later["checked"] != "").any():
        return f"{said}, on {later['checked'].nunique()} different things, not to be ranked against each other."
    exact = later.loc[later["hedge"] == "exact", "sufficient"]
    return f"{said}; the exact ones run from {exact.min():.0f}% to {exact.max():.0f}%."


def cases_explorer(findings: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Shares of cases in which the work was done well enough, by what was looked at, each with its hedge."""
    return Explorer(
        [choice("subject", "What inspectors looked at", list(SUBJECTS))],
        rows=lambda subject: case_rows(findings, subject),
        draw=draw_cases,
        say=say_cases,
        title="In how many cases was the work done well enough?",
        subtitle="Filled: exact, with a 95% interval if cases were counted. Hollow: about, or a bound. Grey: earlier",
        description="One row for each printed share of cases in which the work was sufficient, with its hedge; the "
        "control chooses what inspectors looked at.",
        source_ids=findings["source_id"],
        sources=sources,
    )


# ----------------------------------------------------------------------------------------------- national figures


def national_series(tables: Tables) -> pd.DataFrame:
    """The national measures as far back as the explorer draws them, in the order of its control, reoffending last.

    Columns used: measure, name, unit, body, value, low, high (95% interval, of the share who reoffend), qualifier,
    stated (not implied by other figures), period_start, period_end, period, source_id.
    """
    series = after.measure_series(tables, *NATIONAL_MEASURES)
    themes = tables["after_measures"].set_index("measure")["theme"]
    everybody = series["measure"].map(themes).isin(["supervision", "recalls"])
    body = series["provider_id"].map(BODY_NAMES).mask(everybody, "All probation")
    parts = [series.assign(body=body, low=np.nan, high=np.nan, stated=series["basis"] == "stated")]
    cohorts = after.reoffending_since(tables["reoffending_national"])
    cohorts = cohorts.rename(columns={"date": "period_start", "date_end": "period_end"})
    for measure, (name, unit) in REOFFENDING.items():
        binary = measure == "binary_rate"
        parts.append(
            cohorts.assign(
                measure=measure,
                name=name,
                unit=unit,
                body="All probation",
                value=cohorts[measure],
                low=cohorts["binary_low"] if binary else np.nan,
                high=cohorts["binary_high"] if binary else np.nan,
                qualifier="exact",
                stated=True,
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["period_start"] >= NATIONAL_FROM].reset_index(drop=True)


def national_rows(series: pd.DataFrame) -> pd.DataFrame:
    """Rows of `national_series` as the explorer draws them.

    Columns: body, start, end (first and last day the figure speaks of), value, hedge (a sign, 'implied' by other
    figures, or empty).
    """
    hedge = series["qualifier"].map(HEDGE_MARKS).fillna("")
    return pd.DataFrame(
        {
            "body": series["body"],
            "start": series["period_start"],
            "end": series["period_end"],
            "value": series["value"].round(3),
            "hedge": hedge.where(series["stated"] | (hedge != ""), "implied"),
        }
    )


def draw_national(base: alt.Chart, units: Mapping[str, str]) -> alt.LayerChart:
    """Points over the days a figure speaks of and a line at reunification; the parameter `measure` gives the unit."""
    bodies = list(BODY_NAMES.values())
    time = alt.Scale(domainMin=charts.day("2018-01-01"), domainMax=charts.day("2026-01-01"))
    colours = alt.Scale(domain=bodies, range=[charts.BODIES[body] for body in bodies])
    shapes = alt.Scale(domain=bodies, range=[charts.BODY_SHAPES[body] for body in bodies])
    placed = base.transform_calculate(
        middle="(toDate(datum.start) + toDate(datum.end)) / 2", sign="datum.hedge === 'implied' ? '' : datum.hedge"
    ).encode(
        y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(format=",d", tickCount=5)),
        color=alt.Color("body:N", title=None, scale=colours, legend=alt.Legend(symbolOpacity=1)),
    )
    x = alt.X("start:T", title="day or period of the figure", scale=time, axis=charts.year_axis())
    span = placed.mark_rule(strokeWidth=5, opacity=0.3).encode(x=x, x2=alt.X2("end:T"))
    point = placed.mark_point(size=70, strokeWidth=1.8, opacity=1, filled=False).encode(
        x=alt.X("middle:T", scale=time),
        shape=alt.Shape("body:N", title=None, scale=shapes),
        fill=alt.when(alt.datum.hedge == "")
        .then(alt.Fill("body:N", scale=colours, legend=None))
        .otherwise(alt.value("#ffffff")),
        tooltip=["body", *_days(), alt.Tooltip("value", format=",.10~g"), "hedge"],
    )
    sign = placed.mark_text(dx=-11, fontSize=13).encode(
        x=alt.X("middle:T"), text=alt.Text("sign:N"), color=alt.ColorValue(charts.INK)
    )
    # The day belongs to every measure, so these marks have data of their own.
    day = alt.Chart(pd.DataFrame({"day": [after.REUNIFICATION]}))
    line = day.mark_rule(color=charts.RULE, strokeDash=[4, 3]).encode(x=alt.X("day:T"))
    said = day.mark_text(align="left", dx=4, dy=-6, fontSize=11, text=after._day(after.REUNIFICATION))
    unit = day.mark_text(align="left", dx=-36, dy=-14, text=alt.expr(f"{json.dumps(units)}[measure]"))
    return alt.layer(
        line,
        said.encode(x=alt.X("day:T"), y=alt.YValue(0)),
        span,
        point,
        sign,
        unit.encode(x=alt.XValue(0), y=alt.YValue(0)),
        width=620,
        height=240,
    )


def say_national(series: pd.DataFrame, change: Mapping[str, Any], compared: pd.DataFrame) -> str:
    """How a national measure moved since June 2021, and whether the years before can stand beside it.

    series     rows of `national_series` of this measure
    change     its row of `after_reunification.change_since`
    compared   rows of after_comparability
    """
    measure = change["measure"]
    unit = change["unit"]
    named = "" if unit == "percent" else f" {unit}"
    ends = [
        f"{_ends(change[f'{end}_low'], change[f'{end}_high'], unit)}{named} "
        f"({after._label(change[f'{end}_start'], change[f'{end}_date'])})"
        for end in ("first", "last")
    ]
    if change["direction"] == "no clear change":
        moved = "no clear change"
    elif unit == "percent":
        points = sorted((abs(change["change_low"]), abs(change["change_high"])))
        words = " to ".join(dict.fromkeys(f"{point:.3g}" for point in points))
        moved = f"a {change['direction']} of {words} percentage points"
    else:
        moved = (
            f"a {change['direction']} of {after._both(change['change_percent_low'], change['change_percent_high'])}%"
        )
    if measure == "binary_rate":
        last = series.iloc[-1]
        ends[1] += f", 95% interval {last['low']:.1f}% to {last['high']:.1f}%"
    judged = (
        compared["subject"] == REOFFENDING["binary_rate"][0]
        if measure in REOFFENDING
        else compared["measure"] == measure
    )
    row = compared[judged.fillna(False)]
    before = BESIDE_BEFORE[row["verdict"].iloc[0]] if len(row) else "Whether earlier years are alike was not judged."
    return f"{change['name']}: from {ends[0]} to {ends[1]}, {moved}. {before}"


def national_explorer(tables: Tables) -> Explorer:
    """One national figure at a time, before and since June 2021."""
    names = tables["after_measures"].set_index("measure")["name"].astype(str)
    compared = tables["after_comparability"]
    series = national_series(tables)
    options = {names[measure]: measure for measure in NATIONAL_MEASURES}
    units = tables["after_measures"].set_index("measure")["unit"].astype(str).loc[list(NATIONAL_MEASURES)].to_dict()
    units |= {measure: unit for measure, (_, unit) in REOFFENDING.items()}
    options |= {name: measure for measure, (name, _) in REOFFENDING.items()}
    parts = dict(list(series.groupby("measure")))
    changes = {change["measure"]: change for change in after.change_since(series).to_dict("records")}
    return Explorer(
        [choice("measure", "National figure", options)],
        rows=lambda measure: national_rows(parts[measure]),
        draw=lambda base: draw_national(base, units),
        say=lambda rows, measure: say_national(parts[measure], changes[measure], compared),
        title="What became of staff, vacancies, caseloads, recalls and reoffending?",
        subtitle="Pale bars: the period. Hollow: hedged (~, >) or implied by other figures. Two on one day: rivals",
        description="Points for one national figure at a time, from 2018 on, with a dashed line at the day of "
        "reunification; colour and shape tell the public service before from the one after.",
        source_ids=series["source_id"],
        sources=tables["sources"],
    )


# ----------------------------------------------------------------------------------------------- tables and words


def comparability_table(compared: pd.DataFrame) -> pd.DataFrame:
    """What can stand beside the years before June 2021: subject, comparable (in words), figures (before, since),
    reason, source_id; what can be compared comes first."""
    order = list(VERDICTS)
    rows = compared.sort_values("verdict", key=lambda column: column.map(order.index), kind="stable")
    rows = rows.assign(comparable=rows["verdict"].map(VERDICTS))
    counts = [rows[f"rows_{side}"].map(str).where(rows[f"rows_{side}"].notna(), "none") for side in ("before", "since")]
    rows = rows.assign(figures=counts[0] + ", " + counts[1])
    return rows[["subject", "comparable", "figures", "reason", "source_id"]].reset_index(drop=True)


def say_verdicts(answer: pd.DataFrame) -> str:
    """How many subjects went which way, from is_it_better."""
    counts = answer["verdict"].value_counts()
    words = [
        f"{counts[verdict]} {said}"
        for verdict, said in (
            ("better", "got better"),
            ("worse", "got worse"),
            ("no clear change", "show no clear change"),
            ("not judged", "cannot be called better or worse"),
        )
        if verdict in counts
    ]
    return f"Is it better now? Of {len(answer)} subjects with figures since June 2021, {display.join_words(words)}."


def say_not_inspected(tables: Tables, inspected: pd.DataFrame) -> str:
    """Regions without a unit inspected on seven standards, and the unit that an official count says is missing."""
    coverage = after.region_coverage(inspected, tables["providers"])
    later = coverage[coverage["programme"] == "seven_standards"].set_index("region_id")
    counted = int(tables["after_figures"].set_index("figure_id").loc[ANNUAL_REPORT, "value"])
    regions = later.loc[list(ANNUAL_REPORT_REGIONS)]
    without = later.loc[later["inspections"] == 0, "region"]
    return (
        f"No unit inspected on seven standards was found in {display.join_words(without)}. "
        f"The annual report to February 2025 counts {counted} units; in the regions it seems to cover "
        f"({display.join_words(regions['region'])}) {regions['inspections'].sum()} were found."
    )


def say_regional_vacancies(vacant: pd.DataFrame) -> str:
    """The most and the fewest vacancies by region, from regional_vacancies."""
    most, none = vacant.iloc[0], vacant[vacant["value"] == vacant["value"].min()]
    return (
        f"On {after._day(most['period_end'])} vacancies of all grades ran from {none['value'].iloc[0]:g} "
        f"({display.join_words(none['region'])}) to {most['value']:g} FTE ({most['region']})."
    )


def say_vacancy_check(checked: pd.DataFrame) -> str:
    """Where a published vacancy rate differs from the one its own counts give, from vacancy_check."""
    said = [
        f"{row.published:g}% was published for {after._day(row.date)}, and {row.shortfall:,.0f} posts short of "
        f"{row.target:,.0f} give {row.from_counts:.1f}%"
        for row in checked.itertuples()
    ]
    return f"Vacancy rates can be checked where a shortfall was printed too: {'; '.join(said)}."


def twice_table(inspected: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Units inspected twice: unit, first and second (band and date as far as known), change (in words)."""
    rows = inspected[inspected["delivery_unit_id"].isin(pairs["delivery_unit_id"])]
    rows = rows.assign(said=rows["band"] + " (" + _when(rows) + ")")
    said = rows.pivot_table("said", "delivery_unit_id", "inspection_number", aggfunc="first")
    words = {"up": "up a band", "down": "down a band", "same": "the same band"}
    return pd.DataFrame(
        {
            "unit": pairs["unit"],
            "first": pairs["delivery_unit_id"].map(said[1]),
            "second": pairs["delivery_unit_id"].map(said[2]),
            "change": pairs["change"].map(words),
        }
    )


def coverage_table(coverage: pd.DataFrame) -> pd.DataFrame:
    """A row a region: what the inspections read gave under each programme, such as '8 Inadequate, 2 Requires
    improvement', or 'none found'."""
    names = {band.lower().replace(" ", "_"): band for band in BANDS[::-1]}
    words = [
        ", ".join(f"{row[column]} {band}" for column, band in names.items() if row[column]) or "none found"
        for row in coverage.to_dict("records")
    ]
    wide = coverage.assign(words=words).pivot_table("words", "region", "programme_name", aggfunc="first")
    return wide[list(after.PROGRAMMES.values())].rename(columns=_upper).rename_axis(None, axis=1).reset_index()


def standards_table(distribution: pd.DataFrame) -> pd.DataFrame:
    """A row a programme: ratings of single standards in print by band, in all, and how many were given."""
    wide = distribution.pivot_table("ratings", "programme", "band", aggfunc="first")[list(BANDS[::-1])]
    totals = distribution.drop_duplicates("programme").set_index("programme")[["of", "possible"]]
    rows = wide.join(totals).loc[list(after.PROGRAMMES)].rename(index=after.PROGRAMMES)
    rows = rows.rename(columns={"of": "in print", "possible": "given"})
    return rows.rename_axis("programme").rename_axis(None, axis=1).reset_index()


def points_table(shares: pd.DataFrame) -> pd.DataFrame:
    """The printed scores, each scale by itself: scale (in words), unit, when, points, share (percent of the highest
    total, or that it is unknown)."""
    highest = shares["max_points"]
    rows = shares.assign(
        scale=[
            f"{_upper(name)}, {'highest total unknown' if pd.isna(top) else f'out of {top}'}"
            for name, top in zip(shares["programme_name"], highest)
        ],
        when=_when(shares),
        share=shares["share_of_points"].map("{:.0f}%".format).where(highest.notna(), "unknown"),
    )
    return rows.sort_values(["scale", "points"], kind="stable")[["unit", "scale", "when", "points", "share"]]


def reoffending_table(series: pd.DataFrame) -> pd.DataFrame:
    """Yearly cohorts that the explorer draws: cohort, reoffended (with 95% interval), reoffences each, offenders."""
    rows = series[series["date"] >= NATIONAL_FROM]
    return pd.DataFrame(
        {
            "cohort": rows["cohort"],
            "reoffended": [
                f"{row.binary_rate:.1f}% ({row.binary_low:.1f}% to {row.binary_high:.1f}%)" for row in rows.itertuples()
            ],
            "reoffences each": rows["frequency_rate"].map("{:.2f}".format),
            "offenders": rows["offenders"].map("{:,}".format),
        }
    )


def regional_table(tables: Tables) -> pd.DataFrame:
    """Inspections of regions and of the country: where, kind, when, band."""
    rows = with_periods(tables["regional_inspections"])
    return pd.DataFrame(
        {
            "where": _regions(tables, rows),
            "kind": rows["kind"].astype(str).str.replace("_", " "),
            "when": _when(rows),
            "band": _regional_band(rows),
        }
    )


def vacancy_table(rates: pd.DataFrame) -> pd.DataFrame:
    """Vacancy rates of probation officers with their hedge: place, when, vacant, basis."""
    return pd.DataFrame(
        {
            "place": rates["population"]
            .str.removeprefix("Unit: ")
            .where(rates["level"] == "unit", "England and Wales"),
            "when": _when(rates),
            "vacant": [display.hedged(v, str(q), unit="percent") for v, q in zip(rates["value"], rates["qualifier"])],
            "basis": rates["basis"].astype(str).replace({"implied": "derived from other figures"}),
        }
    )


def recall_table(quarters: pd.DataFrame) -> pd.DataFrame:
    """Recalls by quarter: quarter, recalls (with hedge), supervised, per_1000 (people supervised)."""
    return pd.DataFrame(
        {
            "quarter": quarters["quarter"],
            "recalls": [display.hedged(v, str(q)) for v, q in zip(quarters["value"], quarters["qualifier"])],
            "supervised": quarters["supervised"],
            "per_1000": quarters["recalls_per_1000"].map("{:.1f}".format, na_action="ignore"),
        }
    )


def drawn(tables: Tables) -> pd.DataFrame:
    """Every figure of the notebook's charts and tables, by document: source_id, figures (each with its date)."""
    inspected = after.inspections(tables)
    scores = inspected["points"].map(lambda value: "" if pd.isna(value) else f", points: {value}")
    standards = tables["delivery_unit_standards"].merge(
        inspected[["inspection_id", "unit", "period_start", "period_end"]], on="inspection_id", validate="many_to_one"
    )
    regions = with_periods(tables["regional_inspections"])
    cases, rates = after.case_findings(tables), after.vacancies(tables)
    vacant = after.regional_vacancies(tables)
    earlier = after.recalls(tables)
    series = national_series(tables)
    local = rates[rates["level"] == "unit"]
    earlier = earlier[earlier["period_start"] < NATIONAL_FROM]
    parts = [
        _listed(inspected, inspected["unit"], inspected["band"] + scores),
        _listed(standards, standards["unit"], standards["standard"] + " " + standards["band"].astype(str)),
        _listed(regions, _regions(tables, regions), _regional_band(regions)),
        _listed(
            cases, cases["population"].str.removeprefix("Unit: "), cases["measure"].map(_said) + " " + _figures(cases)
        ),
        _listed(series, series["name"], _figures(series)),
        _listed(local, local["population"].str.removeprefix("Unit: "), "officer posts vacant " + _figures(local)),
        _listed(vacant, vacant["region"], "vacancies " + _figures(vacant)),
        _listed(earlier, earlier["name"], _figures(earlier)),
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.groupby(["source_id", "where"], sort=False)["figure"].agg("; ".join).reset_index()
    rows = rows.assign(figures=rows["where"] + ": " + rows["figure"])
    return rows.groupby("source_id", sort=False)["figures"].agg(". ".join).reset_index()


# ----------------------------------------------------------------------------------------------- private


def _listed(rows: pd.DataFrame, where: pd.Series, figure: pd.Series) -> pd.DataFrame:
    """The figures of one place (or measure) in one document and period, in a line."""
    lines = pd.DataFrame({"source_id": rows["source_id"], "where": where + " (" + _when(rows) + ")", "figure": figure})
    return lines.astype({"figure": str})


def _regions(tables: Tables, rows: pd.DataFrame) -> pd.Series:
    names = tables["providers"].set_index("provider_id")["short_name"].astype(str).str.removesuffix(" region")
    return rows["provider_id"].map(names)


def _regional_band(rows: pd.DataFrame) -> pd.Series:
    return rows["band"].astype(object).where(rows["band"].notna(), "not rated")


def _figures(rows: pd.DataFrame) -> pd.Series:
    """Each figure in words, with its hedge and a percent sign or, for counts of cases, their number."""
    of = rows["of"] if "of" in rows else pd.Series(pd.NA, rows.index)
    words = [
        display.hedged(value, str(qualifier), unit="percent" if unit == "percent" else "")
        + ("" if pd.isna(cases) else f" of {cases}" if unit == "cases" else f" of {cases} cases")
        for value, qualifier, unit, cases in zip(rows["value"], rows["qualifier"], rows["unit"].astype(str), of)
    ]
    return pd.Series(words, rows.index, dtype="object")


def _when(rows: pd.DataFrame) -> pd.Series:
    """The period of each row in words: a day, a month, a year, a span, or that it is unknown."""
    words = [
        "date unknown"
        if pd.isna(start) or pd.isna(end)
        else after._day(end)
        if start == end
        else after._label(start, end)
        for start, end in zip(rows["period_start"], rows["period_end"])
    ]
    return pd.Series(words, index=rows.index, dtype="object")


def _ends(low: float, high: float, unit: str) -> str:
    return after._span(round(low, 2), round(high, 2), unit)


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _days() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("start:T", title="from", format="%-d %B %Y"),
        alt.Tooltip("end:T", title="to", format="%-d %B %Y"),
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _band_shape() -> alt.Shape:
    return alt.Shape("band:N", title=None, scale=alt.Scale(domain=list(BAND_SHAPES), range=list(BAND_SHAPES.values())))
