"""Charts of the three CRCs of Working Links. Rows come from helpers.working_links."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, display, working_links
from helpers.explorer import Explorer, filter_by

WARNER_COLOURS = {"Unions": "#5b5f97", "Inspectorate": "#00795c", "Press on job losses": "#8c2d04"}


def warning_rows(found: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """What the chart of warnings draws: span, label, lane, days before the collapse, and the CRCs it is about."""
    names = providers.set_index("provider_id")["short_name"].astype(object)
    days = [
        f"{low:,}" if low == high else f"{low:,} to {high:,}"
        for low, high in zip(found["fewest_days"], found["most_days"])
    ]
    return pd.DataFrame(
        {
            "label": found["order"].astype(str) + ". " + found["title"],
            "start": found["period_start"].dt.strftime("%Y-%m-%d"),
            "end": (found["period_end"] + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d"),
            "span": found["period_end"] > found["period_start"],
            "warner": found["warner"],
            "detail": found["detail"],
            "days": days,
            "about": [[names[name] for name in about] for about in found["about"]],
            "source_id": found["source_id"],
        }
    )


def warnings_explorer(
    events: pd.DataFrame, ownership: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame
) -> Explorer:
    """The warnings in order of date up to the collapse, by company and by who gave them."""
    crcs = working_links.companies(ownership)
    found = working_links.warnings(events, crcs)
    rows = warning_rows(found, providers)
    day = events.set_index("event_id").loc[working_links.COLLAPSE, "date"]
    names = providers.set_index("provider_id").loc[crcs, "short_name"].astype(object).tolist()

    def draw(base: alt.Chart) -> Any:
        days = alt.Scale(domainMin=charts.day("2015-09-01"), domainMax=charts.day("2019-06-30"))
        x = alt.X("start:T", title=None, scale=days, axis=charts.year_axis())
        y = alt.Y("label:N", title=None, sort=rows["label"].tolist(), axis=alt.Axis(labelLimit=330, minExtent=300))
        colour = alt.Color(
            "warner:N",
            title="Who",
            scale=alt.Scale(domain=list(WARNER_COLOURS), range=list(WARNER_COLOURS.values())),
        )
        tooltip = ["label", "warner", "detail", alt.Tooltip("days", title="days before the collapse")]
        points = base.transform_filter("!datum.span").mark_point(size=110, opacity=1)
        points = points.encode(
            x=x,
            y=y,
            color=colour,
            shape=alt.Shape("warner:N", title="Who", scale=alt.Scale(domain=list(WARNER_COLOURS))),
            tooltip=tooltip,
        )
        spans = base.transform_filter("datum.span").mark_bar(height=11, opacity=1)
        spans = spans.encode(x=x, x2=alt.X2("end:T"), y=y, color=colour, tooltip=tooltip)
        text = base.mark_text(align="left", dx=8, fontSize=11).encode(x=alt.X("end:T"), y=y, text=alt.Text("days"))
        end = pd.DataFrame({"day": [day.strftime("%Y-%m-%d")], "what": ["collapse"]})
        rule = alt.Chart(end).mark_rule(strokeDash=[5, 3], color=charts.INK).encode(x=alt.X("day:T"))
        name = (
            alt.Chart(end)
            .mark_text(align="left", dx=4, dy=-6, baseline="bottom")
            .encode(x=alt.X("day:T"), y=alt.YValue(0), text=alt.Text("what"))
        )
        return alt.layer(rule, name, spans, points, text, width=330, height=alt.Step(30))

    return Explorer(
        [
            filter_by("company", "Company", "about", names, "All three companies"),
            filter_by("voice", "Who gave the warning", "warner", list(WARNER_COLOURS), "Everybody"),
        ],
        rows=lambda: rows,
        draw=draw,
        say=lambda shown, **_: say_shown(shown),
        title="What was said before the collapse, and how long before?",
        subtitle="Point: known to the day. Bar: known to the month. Number: days before the collapse",
        description="Warnings about Working Links in order of date, with a dashed line at its administration.",
        sources=sources,
    )


def say_shown(rows: pd.DataFrame) -> str:
    """How many warnings are shown, and the first of them."""
    first = rows.iloc[0]
    plural = "warning" if len(rows) == 1 else "warnings"
    return f"{len(rows)} {plural} before the collapse; the first came {first['days']} days before it."


KIND_NAMES = {
    "inspection": "Inspections",
    "union": "Unions",
    "provider": "Companies",
    "contract": "Contracts",
    "policy": "Policy and law",
    "incident": "Serious incidents",
}
WHEN_SHAPES = {"before the collapse": "circle", "on the day": "diamond", "after it": "square"}
WHEN_COLOURS = {"before the collapse": "#5b5f97", "on the day": "#8c2d04", "after it": "#00795c"}


def story_explorer(
    events: pd.DataFrame, ownership: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame
) -> Explorer:
    """The three companies, their neighbours and the NPS divisions around them, before and after the collapse."""
    found = working_links.before_and_after(events, providers, working_links.companies(ownership))
    services = sorted({name for names in found["about"] for name in names})
    rows = pd.DataFrame(
        {
            "label": found["title"],
            "start": found["period_start"].dt.strftime("%Y-%m-%d"),
            "end": (found["period_end"] + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d"),
            "span": found["period_end"] > found["period_start"],
            "kind": found["kind"].map(KIND_NAMES).fillna(found["kind"]),
            "when": found["when"],
            "about": found["about"],
            "source_id": found["source_id"],
        }
    )

    def draw(base: alt.Chart) -> Any:
        days = alt.Scale(domainMin=charts.day("2014-09-01"), domainMax=charts.day("2021-12-31"))
        x = alt.X("start:T", title=None, scale=days, axis=charts.year_axis())
        y = alt.Y("label:N", title=None, sort=rows["label"].tolist(), axis=alt.Axis(labelLimit=400, minExtent=380))
        when = list(WHEN_COLOURS)
        colour = alt.Color(
            "when:N", title=None, scale=alt.Scale(domain=when, range=list(WHEN_COLOURS.values())), sort=when
        )
        shape = alt.Shape(
            "when:N", title=None, scale=alt.Scale(domain=when, range=list(WHEN_SHAPES.values())), sort=when
        )
        tooltip = ["label", "kind", "when", "about"]
        points = base.transform_filter("!datum.span").mark_point(size=90, opacity=1)
        spans = base.transform_filter("datum.span").mark_bar(height=9, opacity=1)
        return alt.layer(
            spans.encode(x=x, x2=alt.X2("end:T"), y=y, color=colour, tooltip=tooltip),
            points.encode(x=x, y=y, color=colour, shape=shape, tooltip=tooltip),
            width=300,
            height=alt.Step(21),
        )

    def say(shown: pd.DataFrame, **_: str) -> str:
        counts = shown["when"].value_counts()
        return f"{len(shown)} events: " + ", ".join(f"{counts.get(when, 0)} {when}" for when in WHEN_COLOURS) + "."

    return Explorer(
        [
            filter_by("service", "Service", "about", services, "The three companies and their neighbours"),
            filter_by("moment", "When", "when", list(WHEN_COLOURS), "Before and after"),
            filter_by("sort", "Kind of event", "kind", sorted(rows["kind"].unique()), "All kinds"),
        ],
        rows=lambda: rows,
        draw=draw,
        say=say,
        title="What happened to the three companies and their neighbours, before and after?",
        subtitle="Point: known to the day. Bar: known to the month or year",
        description="Events by date for the three Working Links companies, their neighbours and the NPS around them.",
        sources=sources,
    )


def overall_ratings(rated: pd.DataFrame, sources: pd.DataFrame) -> Any:
    """Tiles of the overall bands: the three companies, their neighbours, the NPS divisions; by round."""
    rows = rated.assign(
        initials=rated["band"].map(charts.BAND_INITIALS),
        published=["date not known" if pd.isna(day) else f"{day:%B %Y}" for day in rated["date"]],
    )[["service", "group", "round", "band", "initials", "published", "source_id"]]
    rows["label"] = rows["service"] + ", " + rows["group"]
    order = rows.drop_duplicates("label")["label"].tolist()
    base = alt.Chart(rows).encode(
        x=alt.X("round:N", title="Inspection round", axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("label:N", title=None, sort=order, axis=alt.Axis(labelLimit=360)),
        tooltip=["service", "group", "round", "band", "published"],
    )
    tiles = base.mark_rect(stroke="#ffffff", strokeWidth=2).encode(
        color=charts.band_colour(rows["band"], "Overall band", legend=alt.Legend(orient="bottom"))
    )
    initials = base.mark_text(color="#ffffff", fontWeight=600).encode(text=alt.Text("initials"))
    return charts.publish(
        alt.layer(tiles, initials, width=180, height=alt.Step(30)),
        title=working_links.say_ratings(rated).split(". ", 1)[1].rstrip("."),
        subtitle="O Outstanding, G Good, RI Requires improvement, I Inadequate; an empty place: "
        "no rating in that round",
        description="Tiles of overall bands: "
        + "; ".join(f"{row.service} {row.round} {row.band}" for row in rows.itertuples(index=False))
        + ".",
        source_ids=rated["source_id"],
        sources=sources,
    )


def collapse_table(events: pd.DataFrame, ownership: pd.DataFrame, sources: pd.DataFrame) -> display.Html:
    """The collapse and what followed, day by day, with sources."""
    days = working_links.collapse_days(events, working_links.companies(ownership))
    rows = days[["when", "days_after", "title", "detail", "source_id"]]
    return display.table(
        display.with_sources(rows, sources),
        "The collapse of Working Links and what followed",
        headings={"days_after": "days after", "title": "what happened"},
    )
