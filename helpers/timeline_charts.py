"""Charts of the timeline: events, office holders and a statistic on one time axis, owners, counts by year."""

from __future__ import annotations

import json
import warnings
from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, timeline
from helpers.explorer import NOTHING, Explorer, filter_by, show

FIRST_DAY, LAST_DAY = pd.Timestamp("2010-01-01"), pd.Timestamp("2023-12-31")
WIDTH = 545
EVENT, SURE, MAYBE = "#0072b2", "#4b5563", "#e3e6e9"
LINE_HEIGHT = 11
STATISTICS = {
    "Staff in post": "Staff in post (full-time equivalent)",
    "People supervised": "People supervised",
    "Binary rate": "Share who reoffend (binary rate, %)",
    "Frequency rate": "Reoffences per reoffender (frequency rate)",
}
BODIES = {**charts.BODIES, "England and Wales": charts.INK}
OWNER_FILLS = {
    "public-sector-before-sale": "#eef0f2",
    "sodexo": "#cfe3f3",
    "purple-futures": "#e3d8ee",
    "purple-futures-lender-controlled": "#f7f3fa",
    "working-links": "#f9d5c2",
    "seetec": "#d3ecd8",
    "mtcnovo": "#f7edc0",
    "reducing-reoffending-partnership": "#cdeeee",
    "arcc": "#f5d9e6",
    "peopleplus": "#e2dccb",
}
OWNER_LABELS = {
    "public-sector-before-sale": "Public",
    "purple-futures-lender-controlled": "Same, under lenders",
    "reducing-reoffending-partnership": "Reducing Reoffending Partnership",
}


def _milliseconds(day: pd.Timestamp) -> str:
    """A day as an expression: midnight in the reader's own time zone, as dates without a zone are read."""
    return f"time(datetime({day.year}, {day.month - 1}, {day.day}))"


def _axis_limits(stretches: pd.DataFrame) -> tuple[str, str]:
    """Expressions for the first and last moment shown, for the choice that the parameter `period` holds."""

    def limit(days: pd.Series, otherwise: pd.Timestamp) -> str:
        expression = _milliseconds(otherwise)
        for key, day in zip(stretches["key"], days):
            if pd.notna(day):
                expression = f"period === {json.dumps(key)} ? {_milliseconds(day)} : ({expression})"
        return expression

    return limit(stretches["first_day"], FIRST_DAY), limit(_after(stretches["last_day"]), LAST_DAY)


def _kind_axis(rows: pd.DataFrame) -> tuple[alt.Axis, pd.DataFrame, list[float]]:
    """The names of the kinds in the middle of their lines, the rules between kinds, the limits of the axis."""
    lines = rows.groupby("kind_name")["line"].agg(["min", "max"])
    middles = ((lines["min"] + lines["max"]) / 2).to_dict()
    names = json.dumps({str(float(middle)): name for name, middle in middles.items()})
    axis = alt.Axis(
        values=sorted(middles.values()),
        labelExpr=f"{names}[format(datum.value, '.1f')]",
        grid=False,
        ticks=False,
        domain=False,
        title=None,
    )
    return axis, pd.DataFrame({"edge": sorted(lines["min"])[1:]}) - 0.5, [-0.7, float(lines["max"].max()) + 0.7]


def _after(days: pd.Series) -> pd.Series:
    """Midnight at the end of a day, where a bar that includes the day ends."""
    return days + timeline.ONE_DAY


def event_rows(
    events: pd.DataFrame, providers: pd.DataFrame, ownership: pd.DataFrame, sources: pd.DataFrame
) -> pd.DataFrame:
    """The events as the explorer draws them.

    Columns: kind_name, line, start, end (NaT for an event known to the day), title, source, provider (short names of
    those that the event names, and of the CRCs of an owner it names: one alone, or a list).
    """
    names = timeline.without_categories(providers).set_index("provider_id")["short_name"]
    reached = timeline.events_by_provider(events, providers, ownership, kinds=("crc", "nps_division"))
    reached = reached[reached["link"].isin(["named", "owner"])]
    reached = reached.assign(name=reached["provider_id"].map(names)).groupby("event_id")["name"].agg(list)
    lined = timeline.event_lines(events)
    return pd.DataFrame(
        {
            "kind_name": lined["kind_name"],
            "line": lined["line"],
            "start": lined["period_start"],
            "end": _after(lined["period_end"]).where(lined["is_span"]),
            "title": lined["title"],
            "source": lined["source_id"].map(sources.set_index("source_id")["title"]).astype(str),
            "provider": _alone(lined["event_id"].map(reached)),
        }
    )


def _alone(cells: pd.Series) -> pd.Series:
    """Lists of one as their only item: a page stores each list in several lines."""
    return cells.map(lambda cell: cell[0] if isinstance(cell, list) and len(cell) == 1 else cell)


def provider_options(events: pd.DataFrame, providers: pd.DataFrame) -> dict[str, str]:
    """What a reader can choose: bodies, the 21 CRCs, the NPS divisions, organisations named three times."""
    named = timeline.without_categories(events)["provider_ids"].str.split().explode().value_counts()
    listed = timeline.without_categories(providers)
    organisations = listed["kind"].eq("organisation") & listed["provider_id"].map(named).ge(3)
    bodies = listed["provider_id"].isin(["all-crcs", "nps", "probation-trusts", "probation-service"])
    groups = [bodies, listed["kind"].eq("crc"), listed["kind"].eq("nps_division"), organisations]
    chosen = pd.concat([listed[rows].sort_values("name") for rows in groups])
    return dict(zip(chosen["name"], chosen["short_name"]))


def timeline_explorer(
    events: pd.DataFrame,
    providers: pd.DataFrame,
    ownership: pd.DataFrame,
    office_holders: pd.DataFrame,
    statistics: pd.DataFrame,
    sources: pd.DataFrame,
) -> Explorer:
    """Events by kind over office holders and one statistic, all on one time axis that the reader can zoom.

    statistics   rows of `timeline.statistics`
    """
    rows = event_rows(events, providers, ownership, sources)
    stretches = timeline.phases(events)
    terms = timeline.office_terms(office_holders, FIRST_DAY, LAST_DAY)
    points = timeline.statistic_points(statistics, FIRST_DAY, LAST_DAY)
    titles = sources.set_index("source_id")["title"].astype(str)
    turns = timeline.milestones(events)
    periods = [
        f"{phase.phase}: {timeline.say_stretch(phase.first_day, phase.last_day)}" for phase in stretches.itertuples()
    ]

    def draw(base: alt.Chart) -> alt.VConcatChart:
        first, last = _axis_limits(stretches)
        # The panels share one scale, so one mark carries it, and one mark of each panel the axis.
        scale = alt.Scale(domainMin=alt.expr(first), domainMax=alt.expr(last), nice=False)
        shown = alt.Axis(grid=True, labelOverlap=True, tickCount=14, labelExpr=YEAR_OR_MONTH)
        panels = [
            _milestone_panel(turns, scale),
            _event_panel(base, turns, shown, first, last),
            _office_panel(terms, first, titles),
            _statistic_panel(points, shown, titles),
        ]
        with warnings.catch_warnings():
            # One zoom for all panels is what is meant.
            warnings.filterwarnings("ignore", "Automatically deduplicated")
            scales = alt.ScaleResolveMap(x="shared", y="independent", color="independent", shape="independent")
            return alt.vconcat(*panels, spacing=12, resolve=alt.Resolve(scale=scales))

    def say(rows: pd.DataFrame, kind: str, provider: str, period: str, statistic: str) -> str:
        if period:
            rows = timeline.rows_in_phase(rows, stretches, period)
        return timeline.say_matching(rows, len(events)) if len(rows) else NOTHING

    return Explorer(
        [
            filter_by("kind", "Kind of event", "kind_name", list(timeline.KINDS.values()), "All kinds"),
            filter_by("provider", "Who it concerns", "provider", provider_options(events, providers), "Everybody"),
            show("period", "Period", {"Whole time, 2010 to 2023": "", **dict(zip(periods, stretches["key"]))}),
            show("statistic", "Statistic below", {label: name for name, label in STATISTICS.items()}),
        ],
        rows=lambda: rows,
        draw=draw,
        say=say,
        title="What happened when, and who was in office?",
        subtitle=(
            "Filled circle: known to the day; open bar: the month or year within which it lies. In office: dark for "
            "certain, dashed possible, arrow where no date is published. Drag, Ctrl and wheel, or double-click to zoom."
        ),
        description=(
            f"Timeline of {len(rows)} events in {rows['kind_name'].nunique()} rows by kind, with "
            f"{len(terms)} spells of {terms['office'].nunique()} offices and a statistic under it on the same axis."
        ),
        sources=sources,
        source_ids=[*events["source_id"], *office_holders["source_id"], *points["source_id"]],
    )


# A year at its start, a month elsewhere: the axis serves a month as well as fourteen years.
YEAR_OR_MONTH = "timeFormat(datum.value, date(datum.value) !== 1 ? '%-d %b' : month(datum.value) === 0 ? '%Y' : '%b')"


# A day, a month, a calendar year, or from one day to another.
WHEN = (
    "!isValid(datum.end) ? timeFormat(datum.start, '%-d %B %Y')"
    " : time(datum.end) - time(datum.start) < 3e9 ? timeFormat(datum.start, '%B %Y')"
    " : month(datum.start) === 0 ? timeFormat(datum.start, '%Y')"
    " : timeFormat(datum.start, '%-d %B %Y') + ' to ' + timeFormat(time(datum.end) - 1, '%-d %B %Y')"
)


# A zoom would stand over a period chosen after it, so the choice ends it: on a page the list and the box have names,
# in a widget only the choices of the period hold a year. It waits 80 ms, until the choice itself has been drawn.
NEW_PERIOD = (
    "window:change[event.target.name === 'period' || event.target.name === 'reset'"
    " || (event.target.value && indexof(event.target.value, ' 20') >= 0)]{0, 80}",
    "window:click[event.target.textContent === 'Back to the start values']{0, 80}",
)


def _zoomed(layer: Any) -> Any:
    """The layer with the zoom of all panels: Vega-Lite joins them only where the field on x has one name, start."""
    return layer.add_params(
        alt.selection_interval(
            name="zoom",
            bind="scales",
            encodings=["x"],
            zoom="wheel![event.ctrlKey || event.metaKey]",
            clear=", ".join(["dblclick", *NEW_PERIOD]),
        )
    )


def _x(field: str) -> alt.X:
    return alt.X(f"{field}:T", title=None)


def _milestone_panel(turns: pd.DataFrame, scale: alt.Scale) -> Any:
    """Labels of the turns of the story, on as many lines as keep them apart."""
    rows = (
        turns[["date", "label", "title"]]
        .rename(columns={"date": "start"})
        .assign(
            line=timeline.label_lines(turns, days_per_letter=58),
            when=[timeline.say_day(*row) for row in turns[["date", "date_precision"]].values],
        )
    )
    base = alt.Chart(rows).encode(
        x=alt.X("start:T", scale=scale, axis=None),
        y=alt.Y("line:Q", axis=None, scale=alt.Scale(domain=[rows["line"].max() + 0.6, -0.6])),
        tooltip=[alt.Tooltip("title:N", title="Event"), alt.Tooltip("when:N", title="Date")],
    )
    rule = base.mark_rule(color=charts.RULE, clip=True).encode(y2=alt.datum(rows["line"].max() + 0.6))
    text = base.mark_text(align="left", dx=4, fontSize=11, fontWeight=600, clip=True).encode(text=alt.Text("label:N"))
    return alt.layer(_zoomed(rule), text, width=WIDTH, height=16 * (rows["line"].max() + 1))


def _event_panel(base: alt.Chart, turns: pd.DataFrame, axis: alt.Axis, first: str, last: str) -> Any:
    kinds, edges, limits = _kind_axis(base.data)
    y = alt.Y("edge:Q", axis=kinds, scale=alt.Scale(domain=limits[::-1], nice=False, zero=False))
    tooltip = [
        alt.Tooltip("title:N", title="Event"),
        alt.Tooltip("when:N", title="Date"),
        alt.Tooltip("kind_name:N", title="Kind"),
        alt.Tooltip("concerns:N", title="Concerns"),
        alt.Tooltip("source:N", title="Source"),
    ]
    marks = base.transform_calculate(
        when=WHEN, concerns="isArray(datum.provider) ? join(datum.provider, '; ') : datum.provider"
    ).encode(tooltip=tooltip)
    spans = (
        marks.transform_filter("isValid(datum.end)")
        .mark_bar(
            orient="horizontal", height=7, fill="#ffffff", stroke=EVENT, strokeWidth=1.4, cornerRadius=1, clip=True
        )
        .encode(x=_x("start"), x2=alt.X2("end:T"), y=alt.Y("line:Q", stack=None))
    )
    days = (
        marks.transform_filter("!isValid(datum.end)")
        .mark_point(shape="circle", size=48, filled=True, color=EVENT, stroke="#ffffff", opacity=1, clip=True)
        .encode(x=_x("start"), y=alt.Y("line:Q"))
    )
    rules = alt.Chart(edges).mark_rule(color=MAYBE).encode(y=y)
    within = (
        f"time(datum.start) < ({last}) && (isValid(datum.end) ? time(datum.end) : time(datum.start) + 1) > ({first})"
    )
    # The count is taken over all rows: a count over no rows would have no mark to say so.
    empty = (
        alt.Chart(base.data)
        .transform_calculate(match=f"({base.transform[0].filter}) && {within} ? 1 : 0")
        .transform_aggregate(matching="sum(match)")
        .transform_filter("datum.matching === 0")
        .mark_text(fontSize=14, fontWeight=600)
        .encode(x=alt.XValue(WIDTH / 2), y=alt.YValue(60), text=alt.TextValue("No event matches these choices."))
    )
    turns = (
        alt.Chart(turns[["date"]].rename(columns={"date": "start"}))
        .mark_rule(color="#b9c1c9", clip=True)
        .encode(x=alt.X("start:T", axis=axis, title=None))
    )
    height = LINE_HEIGHT * (base.data["line"].max() + 1)
    return alt.layer(rules, _zoomed(turns), spans, days, empty, width=WIDTH, height=height)


def _office_panel(terms: pd.DataFrame, first: str, titles: pd.Series) -> Any:
    rows = terms.assign(
        may_end=_after(terms["may_end"]), sure_end=_after(terms["sure_end"]), source=terms["source_id"].map(titles)
    )
    columns = ["office_name", "holder", "term", "line", "may_start", "may_end", "sure_start", "sure_end"]
    rows = rows[[*columns, "open_start", "open_end", "source"]].rename(columns={"may_start": "start"})
    middles = rows.groupby("office_name")["line"].agg(lambda lines: (lines.min() + lines.max()) / 2)
    axis = alt.Axis(
        values=sorted(middles),
        labelExpr=f"{json.dumps({str(int(middle)): _two_lines(name) for name, middle in middles.items()})}"
        "[format(datum.value, 'd')]",
        grid=False,
        ticks=False,
        domain=False,
        title=None,
    )
    y = alt.Y("edge:Q", axis=axis, scale=alt.Scale(domain=[rows["line"].max() + 0.5, -0.8], nice=False, zero=False))
    base = alt.Chart(rows).encode(y=alt.Y("line:Q", stack=None))
    tooltip = [
        alt.Tooltip("holder:N", title="Holder"),
        alt.Tooltip("office_name:N", title="Office"),
        alt.Tooltip("term:N", title="In office"),
        alt.Tooltip("source:N", title="Source"),
    ]
    years = alt.Axis(grid=True, labels=False, ticks=False, domain=False, tickCount=14)
    maybe = base.mark_bar(
        orient="horizontal",
        height=6,
        fill="#ffffff",
        stroke=SURE,
        strokeDash=[3, 2],
        strokeWidth=1,
        clip=True,
        yOffset=5,
    ).encode(x=alt.X("start:T", axis=years, title=None), x2=alt.X2("may_end:T"), tooltip=tooltip)
    sure = (
        base.transform_filter("isValid(datum.sure_start)")
        .mark_bar(orient="horizontal", height=8, color=SURE, clip=True, yOffset=5)
        .encode(x=_x("sure_start"), x2=alt.X2("sure_end:T"), tooltip=tooltip)
    )
    arrows = [
        base.transform_filter(f"datum.{side}")
        .mark_point(shape=shape, size=70, filled=True, color=SURE, opacity=1, clip=True, yOffset=5, xOffset=shift)
        .encode(x=_x(edge))
        for side, edge, shape, shift in (
            ("open_start", "start", "triangle-left", 5),
            ("open_end", "may_end", "triangle-right", -5),
        )
    ]
    # A spell that began before the chosen period is named at the edge of the chart.
    names = (
        base.transform_calculate(named_at=f"max(time(datum.start), {first})")
        .transform_filter("time(datum.may_end) > datum.named_at")
        .mark_text(align="left", fontSize=11, dx=1, dy=-5, clip=True)
        .encode(x=_x("named_at"), text=alt.Text("holder:N"))
    )
    edges = alt.Chart(pd.DataFrame({"edge": [2.5, 5.5]})).mark_rule(color=MAYBE).encode(y=y)
    height = 23 * (rows["line"].max() + 1)
    return alt.layer(edges, _zoomed(maybe), sure, *arrows, names, width=WIDTH, height=height)


def _two_lines(name: str) -> list[str]:
    return charts.wrap(name, 18)


def _statistic_panel(points: pd.DataFrame, axis: alt.Axis, titles: pd.Series) -> Any:
    rows = points.assign(source=points["source_id"].map(titles))
    rows["start"] = rows["period_start"]
    rows["end"] = _after(rows["period_end"]).where(rows["is_span"])
    rows["piece"] = pd.factorize(rows["piece"])[0]
    columns = ["statistic", "body", "start", "end", "value", "qualifier", "piece", "label", "source"]
    rows = rows[columns]
    base = (
        alt.Chart(rows)
        .transform_filter("datum.statistic === statistic")
        .transform_calculate(
            middle="isValid(datum.end) ? (time(datum.start) + time(datum.end)) / 2 : time(datum.start)",
            when=WHEN,
            figure="(datum.qualifier === 'exact' ? '' : replace(datum.qualifier, '_', ' ') + ' ')"
            " + format(datum.value, ',')",
        )
        .encode(
            y=alt.Y("value:Q", stack=None),
            color=alt.Color("body:N"),
        )
    )
    tooltip = [
        alt.Tooltip("figure:N", title="Figure"),
        alt.Tooltip("body:N", title="Body"),
        alt.Tooltip("when:N", title="Time"),
        alt.Tooltip("source:N", title="Source"),
    ]
    y = alt.Y(
        "value:Q",
        title=None,
        axis=alt.Axis(tickCount=4, labelExpr="format(datum.value, datum.value >= 1000 ? ',' : '')"),
        scale=alt.Scale(zero=False, nice=True, padding=12),
    )
    colour = alt.Color("body:N", legend=None, scale=alt.Scale(domain=list(BODIES), range=list(BODIES.values())))
    lines = base.mark_line(strokeWidth=1, clip=True).encode(
        x=alt.X("middle:T", axis=axis, title=None), y=y, color=colour, detail="piece:N"
    )
    spans = (
        base.transform_filter("isValid(datum.end)")
        .mark_bar(orient="horizontal", height=4, clip=True)
        .encode(x=_x("start"), x2=alt.X2("end:T"), tooltip=tooltip)
    )
    points_of = base.encode(x=_x("middle"))
    exact = (
        points_of.transform_filter("datum.qualifier === 'exact' && !isValid(datum.end)")
        .mark_point(filled=True, opacity=1, clip=True)
        .encode(
            # In June 2014 the figures of NPS and CRCs fall on one spot: the square shows round the circle.
            tooltip=tooltip,
            size=alt.condition("datum.body === 'CRC'", alt.value(120), alt.value(45)),
            shape=alt.Shape(
                "body:N",
                legend=None,
                scale=alt.Scale(domain=list(BODIES), range=[*charts.BODY_SHAPES.values(), "circle"]),
            ),
        )
    )
    bounds = alt.Scale(
        domain=["about", "more_than", "at_least", "less_than", "at_most"],
        range=["circle", "triangle-up", "triangle-up", "triangle-down", "triangle-down"],
    )
    hedged = (
        points_of.transform_filter("datum.qualifier !== 'exact'")
        .mark_point(size=55, filled=False, fill="#ffffff", strokeWidth=1.8, opacity=1, clip=True)
        .encode(shape=alt.Shape("qualifier:N", legend=None, scale=bounds), tooltip=tooltip)
    )
    early = "year(datum.middle) < 2020"
    names = (
        points_of.transform_filter("datum.label !== ''")
        .mark_text(
            align=alt.expr(f"{early} ? 'left' : 'right'"),
            fontSize=11,
            dy=-11,
            dx=alt.expr(f"{early} ? -4 : 6"),
            clip=True,
        )
        .encode(text=alt.Text("label:N"))
    )
    heading = alt.Title(
        alt.expr(f"{json.dumps(STATISTICS)}[statistic]"), fontSize=12, fontWeight="bold", offset=6, frame="bounds"
    )
    return alt.layer(
        lines,
        _zoomed(spans),
        exact,
        hedged,
        names,
        resolve=alt.Resolve(scale=alt.ScaleResolveMap(shape="independent")),
        width=WIDTH,
        height=140,
        title=heading,
    )


# ------------------------------------------------------------------------------------------- ownership


def ownership_explorer(ownership: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Who held each of the 21 CRCs from June 2014 to June 2021; the reader can pick one owner."""
    spans = timeline.ownership_spans(ownership)
    names = timeline.without_categories(providers).set_index("provider_id")
    rows = pd.DataFrame(
        {
            "crc": spans["provider_id"].map(names["name"].str.removesuffix(" CRC")),
            "label": spans["owner_id"].map(OWNER_LABELS).fillna(spans["owner_id"].map(names["short_name"])),
            "start": spans["span_start"],
            "end": _after(spans["span_end"]),
        }
    )
    private = spans["owner_id"] != "public-sector-before-sale"
    rows["owners"] = _alone(rows["crc"].map(spans["owner_id"][private].groupby(rows["crc"]).agg(list)))
    fills = dict(zip(rows["label"], spans["owner_id"].map(OWNER_FILLS)))
    order = spans[private].drop_duplicates("provider_id").assign(crc=rows["crc"])
    order = (
        order.assign(crcs=order.groupby("owner_id")["crc"].transform("size"))
        .sort_values(["crcs", "owner_id", "crc"], ascending=[False, True, True])["crc"]
        .tolist()
    )
    owners = spans[private].drop_duplicates("owner_id").sort_values("owner_name")

    def draw(base: alt.Chart) -> alt.LayerChart:
        marks = base.encode(
            y=alt.Y(
                "crc:N",
                sort=order,
                scale=alt.Scale(domain=order),
                title=None,
                axis=alt.Axis(labelLimit=380, labelFontSize=11),
            ),
            tooltip=[
                alt.Tooltip("crc:N", title="CRC"),
                alt.Tooltip("label:N", title="Owner"),
                alt.Tooltip("start:T", title="First day", format="%-d %B %Y"),
            ],
        )
        scale = alt.Scale(domainMin=charts.day("2014-06-01"), domainMax=charts.day("2021-07-01"), nice=False)
        x = alt.X("start:T", title=None, scale=scale, axis=charts.year_axis())
        bars = marks.mark_bar(orient="horizontal", height=21, stroke=charts.RULE, strokeWidth=1).encode(
            x=x,
            x2=alt.X2("end:T"),
            color=alt.Color("label:N", legend=None, scale=alt.Scale(domain=list(fills), range=list(fills.values()))),
        )
        text = marks.mark_text(align="left", dx=2, fontSize=10).encode(x=x, text=alt.Text("label:N"))
        return alt.layer(bars, text, width=340, height=alt.Step(28))

    def say(rows: pd.DataFrame, owner: str) -> str:
        if owner:
            return timeline.say_owner(ownership, owner)
        return timeline.say_owner_changes(ownership)

    return Explorer(
        [
            filter_by(
                "owner",
                "Owner at any time",
                "owners",
                dict(zip(owners["owner_name"], owners["owner_id"])),
                "All owners",
            )
        ],
        rows=lambda: rows,
        draw=draw,
        say=say,
        title="Who owned each of the 21 CRCs, June 2014 to June 2021?",
        subtitle="Each bar is one owner's time, named on the bar. The end of all is the day of the national transfer.",
        description="Bars from June 2014 to June 2021, a row for each of the 21 CRCs, each bar with its owner's name.",
        sources=sources,
        source_ids=ownership["source_id"],
    )
