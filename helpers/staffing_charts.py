"""Charts and explorers of staff, cuts and caseloads: they draw the rows of helpers/staffing.py."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, staffing
from helpers.explorer import Explorer, choice, filter_by
from helpers.timeline import say_day, without_categories

BODY_OF_KIND = {
    "nps": "NPS",
    "nps_division": "NPS",
    "crc": "CRC",
    "crc_group": "CRC",
    "population": "CRC",
    "trust_group": "Probation trusts",
    "probation_service": "Probation Service",
    "all_probation": "All probation",
}
HEDGES = {
    "exact": "exact",
    "about": "about",
    "at_least": "this or more",
    "more_than": "this or more",
    "at_most": "this or less",
    "less_than": "this or less",
}
HEDGE_SHAPES = {
    "exact": "circle",
    "about": "diamond",
    "this or more": "triangle-right",
    "this or less": "triangle-left",
}
# Which count a source gives, and where its name stands beside its last point: dx, dy, align.
COUNTS = {
    ("probation-trusts", "pq-109713"): ("Probation trusts, written answer", 12, -10, "left"),
    ("all-crcs", "pq-109713"): ("CRCs, written answer:", -50, 9, "right"),
    ("nps", "pq-109713"): ("NPS, written answer", 10, 14, "center"),
    ("nps", "noms-wf-2016-06"): ("NPS, quarterly tables", -22, -14, "center"),
    ("nps", "justice-data-additional"): ("NPS, Justice Data series", -50, -12, "right"),
    ("probation-service", "justice-data-additional"): ("Probation Service, Justice Data series", -26, -12, "right"),
}
SINGLE = {
    "nps": ("NPS, single counts", 4, 16, "center"),
    "probation-service": ("Probation Service, single counts", -12, 4, "right"),
}
# Where the first and the last number of a body stand beside their points.
ENDS = {
    ("probation-trusts", "last"): (-4, 18, "center"),
    ("nps", "first"): (-14, -9, "right"),
    ("all-crcs", "first"): (-14, 9, "right"),
    ("probation-service", "first"): (10, 8, "left"),
}


def _bodies(rows: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    listed = without_categories(providers[["provider_id", "kind", "name"]]).set_index("provider_id")
    return without_categories(rows).assign(
        body=rows["provider_id"].map(listed["kind"].map(BODY_OF_KIND)).to_numpy(),
        name=rows["provider_id"].map(listed["name"]).to_numpy(),
    )


def _sourced(rows: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    listed = without_categories(sources[["source_id", "title", "publisher"]]).set_index("source_id")
    return rows.assign(
        source=rows["source_id"].map(listed["title"]).to_numpy(),
        publisher=rows["source_id"].map(listed["publisher"]).str.replace(r" \(.*", "", regex=True).to_numpy(),
    )


def _staff_labels(values: pd.DataFrame, single: pd.Series) -> pd.DataFrame:
    """Names of the series, first and last number of each body: date, value, body, text, dx, dy, align."""
    named = values.drop_duplicates(["provider_id", "source_id"], keep="last")
    places = [(row, COUNTS.get((row["provider_id"], row["source_id"]))) for row in named.to_dict("records")]
    alone = values[single].drop_duplicates("provider_id")
    places += [(row, SINGLE.get(row["provider_id"])) for row in alone.to_dict("records")]
    days = values.sort_values("date").drop_duplicates(["provider_id", "date"])
    firsts = days.drop_duplicates("provider_id")
    lasts = days[days["provider_id"].duplicated()].drop_duplicates("provider_id", keep="last")
    for end, numbers in (("first", firsts), ("last", lasts)):
        for row in numbers.to_dict("records"):
            place = ENDS.get((row["provider_id"], end), (0, -14, "center"))
            places.append((row, (staffing.say_number(row["value"]), *place)))
    return pd.DataFrame(
        [
            {
                **{name: row[name] for name in ("date", "value", "body")},
                **dict(zip(("text", "dx", "dy", "align"), place)),
            }
            for row, place in places
            if place is not None
        ]
    )


def staff_over_time(
    series: pd.DataFrame, providers: pd.DataFrame, ownership: pd.DataFrame, sources: pd.DataFrame
) -> Any:
    """Staff of the national bodies, one line per body and source, and the years without any CRC figure.

    series are the rows of `staffing.staff_series` with its break; ownership gives the day on which the CRCs ended.
    """
    rows = _sourced(_bodies(series, providers), sources)
    values = rows[rows["row_kind"] == "value"]
    keys = list(zip(values["provider_id"], values["source_id"]))
    single = pd.Series([key not in COUNTS for key in keys], index=values.index)
    drawn = values.assign(single=single, series=values["series"].factorize()[0])
    drawn = drawn[["date", "value", "body", "series", "single", "source"]]
    x = alt.X(
        "date:T",
        title=None,
        scale=alt.Scale(domainMin=charts.day("2010-01-01"), domainMax=charts.day("2024-01-01")),
        axis=alt.Axis(format="%Y", labelFlush=False),
    )
    y = alt.Y("value:Q", title="Full-time equivalent staff", scale=alt.Scale(domain=[0, 22000]))
    tooltip = [
        alt.Tooltip("body:N", title="Body"),
        alt.Tooltip("date:T", title="Date", format="%d %B %Y"),
        alt.Tooltip("value:Q", title="Full-time equivalent staff", format=",.4~f"),
        alt.Tooltip("source:N", title="Source"),
    ]
    base = alt.Chart(drawn)
    lines = (
        base.transform_filter("!datum.single")
        .mark_line()
        .encode(x, y, charts.body_colour(legend=None), detail=alt.Detail("series:N"))
    )
    shape = charts.body_shape(legend=None)
    filled = base.transform_filter("datum.body != 'CRC' && !datum.single").mark_point(size=45, opacity=1)
    opened = base.transform_filter("datum.body == 'CRC' || datum.single").mark_point(
        size=alt.expr("datum.body == 'CRC' ? 190 : 60"), filled=False, strokeWidth=2
    )
    points = [mark.encode(x, y, charts.body_colour(legend=None), shape, tooltip=tooltip) for mark in (filled, opened)]
    texts = (
        alt.Chart(_staff_labels(values, single))
        .mark_text(dx=alt.expr("datum.dx"), dy=alt.expr("datum.dy"), align=alt.expr("datum.align"))
        .encode(alt.X("date:T", title=None), alt.Y("value:Q"), charts.body_colour(legend=None), text=alt.Text("text:N"))
    )
    stop = rows[rows["row_kind"] == "break"]
    end = ownership["date_end"].max()
    gap = stop[["date"]].assign(end=end, low=300, high=2500, middle=1400, top=14000)
    box = (
        alt.Chart(gap)
        .mark_rect(color="#fbeee6", stroke=charts.BODIES["CRC"], strokeDash=[4, 3])
        .encode(x, alt.X2("end:T"), alt.Y("low:Q"), alt.Y2("high:Q"))
    )
    line = (
        alt.Chart(gap)
        .mark_rule(color=charts.BODIES["CRC"], strokeDash=[4, 3])
        .encode(x, alt.Y("low:Q"), alt.Y2("top:Q"))
    )
    unknown = (
        alt.Chart(gap)
        .mark_text(
            align="left",
            dx=8,
            text=[
                "CRC staff unknown: numbers no longer collected",
                f"{say_day(stop['date'].iloc[0])} to {say_day(end)}",
            ],
            lineHeight=15,
            dy=-7,
        )
        .encode(x, alt.Y("middle:Q"))
    )
    return charts.publish(
        alt.layer(box, line, lines, *points, texts, unknown, width=charts.WIDTH - 40, height=380),
        title=staffing.say_split(series),
        subtitle=(
            "Full-time equivalent staff, by body and source. A line joins figures of one source for one body only; "
            "open marks: counts that no other figure of the same source continues."
        ),
        description=(
            f"Line chart of {len(drawn)} staff figures from {drawn['date'].dt.year.min()} to "
            f"{drawn['date'].dt.year.max()} for probation trusts, NPS, CRCs and Probation Service. The CRCs have one "
            "point; a box marks the years for which their staff numbers were not collected, and no line crosses it."
        ),
        source_ids=rows["source_id"],
        sources=sources,
    )


def nps_explorer(staff: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Explorer of NPS staff by division or grade at the six dates of the official tables."""

    views = {
        "staff by division": ("division", "FTE"),
        "staff by grade": ("grade", "FTE"),
        "joiners by division": ("division", "joiners_headcount"),
        "leavers by division": ("division", "leavers_headcount"),
    }

    def compute(view: str) -> pd.DataFrame:
        rows = staffing.nps_parts(staff, providers, *views[view])
        if "staff" not in view:  # the parts add up exactly: their sum would only repeat the published total
            rows = rows[rows["basis"] == "published"]
        return rows.assign(
            period=rows["period_end"].dt.strftime("%b %Y"),
            text=rows["value"].map("{:,.1f}".format if "staff" in view else "{:,.0f}".format),
            share=(rows["change_percent"] / 100).round(3).where(rows["change"] != 0) + 0.0,
        )

    def draw(base: alt.Chart) -> Any:
        base.data = base.data[["part", "period", "text", "share", "view"]]
        dates = base.data["period"].drop_duplicates().tolist()
        order = base.data["part"].drop_duplicates()
        order = order.iloc[order.str.contains("total").argsort(kind="stable")].tolist()
        x = alt.X("period:O", title=None, scale=alt.Scale(domain=dates), axis=alt.Axis(orient="top", labelAngle=0))
        y = alt.Y("part:N", title=None, sort=order, axis=alt.Axis(labelLimit=330))
        colour = alt.Color(
            "share:Q",
            title="Change since March 2015",
            scale=alt.Scale(
                domain=[-0.08, 0, 0.08], range=["#f0b27a", "#ffffff", "#7fb3de"], interpolate="rgb", clamp=True
            ),
            legend=alt.Legend(orient="bottom", gradientLength=240, format="+.0%"),
        )
        tooltip = [
            alt.Tooltip("part:N", title="Part"),
            alt.Tooltip("period:N", title="Date or end of period"),
            alt.Tooltip("text:N", title="Figure"),
        ]
        cells = base.mark_rect(stroke="#d5d9dd", invalid=None).encode(x, y, colour, tooltip=tooltip)
        figures = base.mark_text(dy=-5, fontSize=13).encode(x, y, text=alt.Text("text:N"))
        changes = base.transform_filter("isValid(datum.share)").mark_text(dy=10, fontSize=11)
        return (cells + figures + changes.encode(x, y, text=alt.Text("share:Q", format="+.1%"))).properties(
            width=420, height=alt.Step(36)
        )

    return Explorer(
        controls=[choice("view", "Show", list(views))],
        rows=compute,
        draw=draw,
        say=lambda rows, view: staffing.say_parts(rows),
        title="NPS staff by division and grade",
        subtitle=(
            "Staff on the last day of the month, or joiners and leavers of the twelve months up to it (the first "
            "column of joiners and leavers: ten months, from June 2014)."
        ),
        description=(
            "A grid with a row for each part of the NPS and a column for each of six dates; each cell holds the figure "
            "and its change since the first date. The last rows hold our sum of the parts and the published total."
        ),
        sources=sources,
    )


def _figure_rows(
    rows: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame, value: str, qualifier: str, unit: str = ""
) -> pd.DataFrame:
    rows = _sourced(_bodies(rows, providers), sources)
    has_range = value == "value_low"
    high = rows["value_high"] if has_range else pd.Series(float("nan"), index=rows.index)
    high = high.where(high != rows[value])
    said = [
        staffing.say_number(low, hedge) + (f" to {staffing.say_number(top)}" if pd.notna(top) else "") + unit
        for low, hedge, top in zip(rows[value], rows[qualifier], high)
    ]
    period = rows.apply(staffing.say_period, axis=1)
    return pd.DataFrame(
        {
            "name": rows["name"],
            "body": rows["body"],
            "figure": rows[value],
            "high": high,
            "hedge": rows[qualifier].map(HEDGES),
            "said": said,
            "period": period,
            "publisher": rows["publisher"],
            "source": rows["source"],
            "note": rows["note"],
            "source_id": rows["source_id"],
        }
    ).reset_index(drop=True)


def _figures_explorer(
    options: dict[str, str],
    rows: dict[str, pd.DataFrame],
    scales: dict[str, tuple[float, list[float], str]],
    *,
    label: str,
    reference: pd.DataFrame | None = None,
    **settings: Any,
) -> Explorer:
    """One row per published figure, the list chosen by the reader: shape says the hedge, a bar is a range.

    rows     for each option the rows of `_figure_rows` with text (the words beside the mark) and rival
    scales   for each option the end of the axis, its ticks, and what follows a tick's number
    """
    start, listed = 0, {}
    for option, table in rows.items():
        table = table.assign(position=range(start, start + len(table)))
        start += len(table)
        listed[option] = table
    names = [
        charts.wrap(name, 40) if first else ""
        for table in listed.values()
        for name, first in zip(table["name"], table["name"] != table["name"].shift())
    ]
    ends = {option: end for option, (end, _, _) in scales.items()}
    ticks = {option: values for option, (_, values, _) in scales.items()}
    units = {option: unit for option, (_, _, unit) in scales.items()}
    columns = ["position", "name", "body", "figure", "high", "hedge", "text", "text_at", "note", "source", "rival"]

    def draw(base: alt.Chart) -> Any:
        base.data = base.data[[*columns, "list"]].dropna(axis="columns", how="all")
        y = alt.Y(
            "position:O",
            title=None,
            axis=alt.Axis(
                labelExpr=f"{names}[datum.value]",
                ticks=False,
                domain=False,
                labelLineHeight=13,
                labelLimit=300,
                labelPadding=8,
            ),
        )
        axis = alt.Axis(
            values=alt.expr(f"{ticks}[list]"),
            labelExpr=f"format(datum.value, ',') + {units}[list]",
            labelFlush=False,
            labelOverlap=False,
        )
        scale = alt.Scale(domainMin=0, domainMax=alt.expr(f"{ends}[list]"), nice=False)
        x = alt.X("figure:Q", title=None, scale=scale, axis=axis)
        shape = alt.Shape(
            "hedge:N", legend=None, scale=alt.Scale(domain=list(HEDGE_SHAPES), range=list(HEDGE_SHAPES.values()))
        )
        colour = charts.body_colour(legend=None)
        tooltip = [
            alt.Tooltip("name:N", title="Body"),
            alt.Tooltip("text:N", title="Figure"),
            alt.Tooltip("note:N", title="Note"),
            alt.Tooltip("source:N", title="Source"),
        ]
        y_only, x_only = alt.Y("position:O", title=None), alt.X("figure:Q", title=None)
        layers = []
        if "rival" in base.data:
            ground = base.transform_filter("datum.rival").mark_rect(color="#eef1f4")
            layers.append(ground.encode(y_only, x=alt.XValue(0), x2=alt.X2Value(430)))
        if reference is not None:
            shown = alt.expr("list === 'mean' || list === 'maximum' ? 1 : 0")
            rule = alt.Chart(reference[["cases"]]).mark_rule(color=charts.INK, strokeDash=[5, 4], opacity=shown)
            layers.append(rule.encode(alt.X("cases:Q", title=None)))
        if "high" in base.data:
            span = base.transform_filter("isValid(datum.high)").mark_rule(strokeWidth=4, opacity=0.45)
            layers.append(span.encode(x_only, y_only, colour, alt.X2("high:Q")))
        exact = base.transform_filter("datum.hedge === 'exact'").mark_point(size=75, opacity=1)
        hedged = base.transform_filter("datum.hedge !== 'exact'").mark_point(
            size=95, filled=False, opacity=1, fill="#ffffff", strokeWidth=2
        )
        layers.append(exact.encode(x, y, colour, shape, tooltip=tooltip))
        layers.append(hedged.encode(x_only, y_only, colour, shape, tooltip=tooltip))
        words = base.mark_text(align="left", dx=10)
        layers.append(words.encode(alt.X("text_at:Q", title=None), y_only, text=alt.Text("text:N")))
        return alt.layer(*layers, width=430, height=alt.Step(32))

    return Explorer(controls=[choice("list", label, options)], rows=lambda list: listed[list], draw=draw, **settings)


def cuts_explorer(cuts: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Explorer of the cuts in the CRCs, as a share of staff or in jobs, rivals together on a shaded ground."""
    rows = {unit: _cut_rows(cuts, unit, providers, sources) for unit in ("percent", "jobs")}

    def say(shown: pd.DataFrame, list: str) -> str:
        groups = shown.loc[shown["rival"], "group"].nunique()
        rivals = f"{int(shown['rival'].sum())} of the {len(shown)} figures compete for {groups} plans."
        if list == "percent":
            return (
                f"{len(shown)} published figures put cuts between {staffing.say_number(shown['figure'].min())} and "
                f"{staffing.say_number(shown['figure'].max())} percent; none is an official count. {rivals}"
            )
        return (
            f"{len(shown)} published figures for cuts in jobs, from {staffing.say_number(shown['figure'].min())} to "
            f"{staffing.say_number(shown['figure'].max())}; they overlap and must not be added up. {rivals}"
        )

    return _figures_explorer(
        {"as a share of staff": "percent", "in jobs": "jobs"},
        rows,
        {"percent": (100, list(range(0, 101, 20)), "%"), "jobs": (4500, [0, 1000, 2000], " jobs")},
        label="Cuts",
        say=say,
        title="How large were the cuts in the CRCs?",
        subtitle=(
            "One row per published figure, planned or counted, with date and publisher. Hollow marks: the source "
            "hedges; an arrow points to where the true value lies. Shaded, a letter for each plan: rival figures."
        ),
        description=(
            "A point for each published figure on cuts in the CRCs, by company, with hedge, date and publisher written "
            "beside it. The control changes between shares of staff and jobs."
        ),
        sources=sources,
        source_ids=cuts["source_id"],
    )


def _cut_rows(cuts: pd.DataFrame, unit: str, providers: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    chosen = cuts[cuts["cut_unit"] == unit].sort_values(["provider_id", "date"], kind="stable")
    # Rivals stand together, under the body that comes last in the order of names.
    group = chosen["rival_group"].where(chosen["figures"] > 1)
    place = chosen["provider_id"].groupby(group).transform("max").fillna(chosen["provider_id"])
    chosen = chosen.assign(place=place, group=group).sort_values(["place", "group", "date"], kind="stable")
    letters = {name: f"rival {letter}" for letter, name in zip("ABCDEFGH", chosen["group"].dropna().unique())}
    rows = _figure_rows(chosen, providers, sources, "cut", "cut_qualifier", "%" if unit == "percent" else "")
    stage = chosen["stage"].map({"announced": "announced", "final": "after talks", "total": "in all"})
    parts = [
        rows["said"],
        chosen["grade"].where(chosen["grade"] != "all grades", ""),
        stage.fillna(""),
        rows["period"],
        rows["publisher"],
        chosen["group"].map(letters).fillna(""),
    ]
    text = [", ".join(filter(None, words)) for words in zip(*parts)]
    return rows.assign(
        text=text, text_at=rows["figure"], rival=(chosen["figures"] > 1).to_numpy(), group=chosen["group"].to_numpy()
    )


def caseload_explorer(
    workload: pd.DataFrame, caseload: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame
) -> Explorer:
    """Explorer of published caseloads, mean and largest, and of the rival counts of people supervised."""
    loads = staffing.caseload_per_officer(workload).sort_values("value_low", kind="stable")
    threshold = staffing.model_references(workload).iloc[:1]
    clear_of = float(threshold["cases"].iloc[0])
    rows = {}
    for statistic in ("mean", "maximum"):
        chosen = loads[loads["statistic"] == statistic]
        table = _figure_rows(chosen, providers, sources, "value_low", "qualifier")
        rows[statistic] = table.assign(
            text=table["said"] + ", " + chosen["role"].to_numpy() + ", " + table["period"],
            text_at=table["high"].fillna(table["figure"]).clip(lower=clear_of),  # not across the dashed line
        )
    names = {"all-probation": "All probation", "all-crcs": "CRCs", "nps": "NPS"}
    people = staffing.people_supervised(caseload, names)
    people = people.assign(name=pd.Categorical(people["provider_id"].map(names), list(names.values())))
    people = people.sort_values(["name", "date", "value"], ignore_index=True)
    table = _figure_rows(people.drop(columns="name"), providers, sources, "value", "qualifier")
    rows["people"] = table.assign(
        name=people["name"].astype("str"),
        text=table["said"] + ", " + table["period"] + ", " + table["publisher"],
        text_at=table["figure"],
    )
    shares = staffing.caseload_shares(workload).sort_values(["threshold", "date", "provider_id"], ignore_index=True)
    table = _figure_rows(shares, providers, sources, "share_over", "share_over_qualifier", "%")
    basis = shares["converted"].map({True: " (100 less the published share)", False: ""})
    rows["shares"] = table.assign(
        name=[f"Over {limit:g} cases, {body}" for limit, body in zip(shares["threshold"], table["body"])],
        text=table["said"] + " of " + shares["role"] + ", " + table["period"] + basis,
        text_at=table["figure"],
    )
    rows = {option: table.assign(rival=False) for option, table in rows.items()}

    def say(shown: pd.DataFrame, list: str) -> str:
        if list == "people":
            return (
                f"{len(shown)} published counts of people supervised stand side by side, for all probation, the CRCs "
                "and the NPS; none is picked and nothing is averaged."
            )
        if list == "shares":
            return staffing.say_shares_pair(shares)
        kind = {"mean": "mean caseloads", "maximum": "largest caseloads"}[list]
        low, high = shown.loc[shown["figure"].idxmin(), "said"], shown.loc[shown["text_at"].idxmax(), "said"]
        return (
            f"{len(shown)} published {kind}, from {low} cases to {high}: roles, places and years differ, so no mean is "
            f"taken. From {clear_of:g} cases on (dashed line) inspectors found that quality suffers."
        )

    return _figures_explorer(
        {
            "mean cases per officer": "mean",
            "largest caseload of an officer": "maximum",
            "share of officers above 40, 50 or 60 cases": "shares",
            "people supervised": "people",
        },
        rows,
        {
            "mean": (260, [0, 50, 100], " cases"),
            "maximum": (540, [0, 100, 200], " cases"),
            "shares": (190, [0, 20, 40, 60, 80, 100], "%"),
            "people": (650_000, [0, 100_000, 200_000], ""),
        },
        label="Show",
        reference=threshold,
        say=say,
        title="How many cases did an officer hold?",
        subtitle=(
            "One row per published figure. Hollow marks: the source hedges, an arrow where it is a bound; a bar is a "
            "range. How many officers stand behind a share is not given, so no interval can be drawn."
        ),
        description=(
            "A point for each published figure with hedge, role and date written beside it. The control changes "
            "between mean and largest caseloads, shares of officers above a number of cases, and people supervised."
        ),
        sources=sources,
        source_ids=[*threshold["source_id"], *(source for table in rows.values() for source in table["source_id"])],
    )


def _reference(references: pd.DataFrame) -> Any:
    rule = alt.Chart(references[["cases"]]).mark_rule(color=charts.INK, strokeDash=[5, 4], strokeWidth=1.5)
    rule = rule.encode(alt.X("cases:Q", title=None))
    text = references.assign(
        text=references["reference"].map({"threshold": "quality suffers from here", "maximum": "largest seen"})
    )
    text["text"] = text["cases"].map(staffing.say_number) + " " + text["text"]
    words = alt.Chart(text[["cases", "text"]]).mark_text(align="left", baseline="bottom", dx=3, dy=-3)
    return rule + words.encode(alt.X("cases:Q"), alt.Y(value=0), text=alt.Text("text:N"))


def cut_explorer(
    workload: pd.DataFrame, staff: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame
) -> Explorer:
    """Explorer of what a cut in staff does to cases per officer, from every published mean caseload."""
    starts = staffing.starting_points(workload, staff)
    references = staffing.model_references(workload)
    threshold = float(references.loc[references["reference"] == "threshold", "cases"].iloc[0])
    largest = float(references.loc[references["reference"] == "maximum", "cases"].iloc[0])
    named = _bodies(starts, providers)
    period = named.apply(staffing.say_period, axis=1)
    said = [staffing.say_number(cases, hedge) for cases, hedge in zip(named["cases"], named["qualifier"])]
    starts = starts.assign(
        label=named["name"] + " \N{MIDDLE DOT} " + named["role"] + ", " + period + ": " + said, body=named["body"]
    )
    starts["start_id"] = [f"s{index}" for index in range(len(starts))]
    by_start = starts.set_index("start_id").to_dict("index")
    options = dict(zip(starts["label"].str.replace(" \N{MIDDLE DOT} ", ", "), starts["start_id"]))
    labels = dict(zip(starts["start_id"], starts["label"].str.split(" \N{MIDDLE DOT} ")))
    cuts = {"no cut": 0, "10%": 10, "20%": 20, "a third (33.3%)": 33.3, "50%": 50}

    grid = staffing.cut_either_way(starts, threshold, cuts.values())
    words = zip(grid["cases_per_officer"], grid["qualifier"])
    grid = grid.assign(
        hedge=grid["qualifier"].map(HEDGES), said=[staffing.say_number(*each, decimals=0) for each in words]
    )

    def compute(cut: float, direction: str) -> pd.DataFrame:
        return grid[(grid["cut_percent"] == cut) & (grid["direction"] == direction)]

    def draw(base: alt.Chart) -> Any:
        base.data = base.data[
            ["start_id", "body", "cases", "cases_per_officer", "hedge", "said", "cut", "direction"]
        ].round(1)
        y = alt.Y(
            "start_id:N",
            title=None,
            scale=alt.Scale(domain=starts["start_id"].tolist()),
            axis=alt.Axis(labelExpr=f"{labels}[datum.value]", labelLineHeight=14, labelLimit=370),
        )
        scale = alt.Scale(domain=[0, 225], nice=False)
        x = alt.X("cases_per_officer:Q", title="Cases per officer", scale=scale)
        y_only, start = alt.Y("start_id:N", title=None), alt.X("cases:Q", title=None)
        tooltip = [
            alt.Tooltip("cases:Q", title="Cases as published"),
            alt.Tooltip("said:N", title="Cases per officer under the model"),
        ]
        shape = alt.Shape(
            "hedge:N", legend=None, scale=alt.Scale(domain=list(HEDGE_SHAPES), range=list(HEDGE_SHAPES.values()))
        )
        move = base.mark_rule(strokeWidth=3, opacity=0.5).encode(
            start, y_only, charts.body_colour(legend=None), alt.X2("cases_per_officer:Q")
        )
        was = base.mark_tick(thickness=2, size=16, color=charts.INK).encode(start, y_only)
        colour = charts.body_colour(legend=None)
        exact = base.transform_filter("datum.hedge === 'exact'").mark_point(size=100, opacity=1)
        hedged = base.transform_filter("datum.hedge !== 'exact'").mark_point(
            size=110, filled=False, opacity=1, fill="#ffffff", strokeWidth=2
        )
        now = [exact.encode(x, y, colour, shape, tooltip=tooltip)]
        now += [hedged.encode(alt.X("cases_per_officer:Q"), y_only, colour, shape, tooltip=tooltip)]
        beyond = base.transform_calculate(beyond="max(datum.cases, datum.cases_per_officer)")
        words = beyond.mark_text(align="left", dx=11).encode(
            alt.X("beyond:Q", title=None), y_only, text=alt.Text("said:N")
        )
        ground = beyond.mark_text(align="left", dx=11, stroke="#ffffff", strokeWidth=5).encode(
            alt.X("beyond:Q", title=None), y_only, text=alt.Text("said:N")
        )
        layers = [_reference(references), move, was, *now, ground, words]
        return alt.layer(*layers, width=400, height=alt.Step(38))

    def say(rows: pd.DataFrame, cut: float, direction: str, start: str) -> str:
        if start:
            row = rows.iloc[0].to_dict()
            text = staffing.say_cut_effect(row | {"direction": direction})
            answer = {"yes": "At or above", "no": "Below", "cannot say": "Perhaps below, perhaps above"}
            text += f" {answer[row['at_threshold']]} the {threshold:g} cases from which quality suffers."
            made = by_start[start]
            if pd.notna(made["cut_made_percent"]):
                size = staffing.say_number(made["cut_made_percent"], made["cut_made_qualifier"])
                text += f" The source reports a cut of {size} percent before this caseload."
            return text
        counts = rows["at_threshold"].value_counts().reindex(["yes", "cannot say"], fill_value=0)
        above = int((rows["cases_per_officer"] >= largest).sum())
        size = staffing.say_number(cut)
        when = {"after": f"After a cut of {size} percent", "before": f"Before a cut of {size} percent"}[direction]
        verb = {"after": "would stand", "before": "would have stood"}[direction]
        when, verb = (when, verb) if cut else ("As published", "stand")
        unsure = f" ({counts['cannot say']} more may)" if counts["cannot say"] else ""
        return (
            f"{when}, {counts['yes']} of {len(rows)} mean caseloads {verb} at or above {threshold:g} cases per "
            f"officer{unsure}, and {above or 'none'} at or above {largest:g}."
        )

    return Explorer(
        controls=[
            choice("cut", "Cut in staff", cuts, 33.3),
            choice(
                "direction",
                "Direction",
                {
                    "forward: the published caseload, then the cut": "after",
                    "back: the cut had been made when the caseload was seen": "before",
                },
            ),
            filter_by("start", "Starting point", "start_id", options, "All published mean caseloads"),
        ],
        rows=compute,
        draw=draw,
        say=say,
        title="What does cutting staff by a third do to cases per officer?",
        subtitle=(
            "Upright tick: the caseload as published. Mark: the caseload under the model, people \N{DIVISION SIGN} "
            "(officers \N{MULTIPLICATION SIGN} (1 \N{MINUS SIGN} cut)), the number of people "
            "unchanged. Hollow: the source hedges."
        ),
        description=(
            f"One row for each of {len(starts)} published mean caseloads, with lines at {threshold:g} and {largest:g} "
            "cases. Controls choose the cut, its direction and the starting point."
        ),
        sources=sources,
        source_ids=[*starts["source_id"], *references["source_id"]],
    )
