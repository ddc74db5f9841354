"""Charts of what inspectors found in the cases. Rows come from helpers.case_quality."""

from __future__ import annotations

import textwrap
from typing import Any

import altair as alt
import pandas as pd

from helpers import case_quality, charts
from helpers.explorer import Explorer, choice, filter_by

INK = {"insufficient": "#8c2d04", "sufficient": "#08519c"}
ARROW = 8  # points of the axis that the arrow of a bound covers
DIRECTIONS = {"As published": "published", "Turned into the share done well enough": "sufficient"}


def share_rows(shares: pd.DataFrame) -> pd.DataFrame:
    """What the chart of shares draws: label, value, hedge, arrow ends, words, and the columns to filter by."""
    up = shares["qualifier"].isin(["more_than", "at_least"])
    down = shares["qualifier"].isin(["less_than", "at_most"])
    hedge = shares["qualifier"].where(~(up | down), "bound")
    label = [
        "\n".join([f"{who}, {period}", *textwrap.wrap(measure, 58)[:2]])
        for who, period, measure in zip(shares["who"], shares["period"], shares["measure"])
    ]
    rows = shares[["who", "period", "kind", "dimension", "shown", "value", "words", "sample", "source_id"]].copy()
    rows["label"], rows["hedge"] = label, hedge
    rows["below_half"] = case_quality.below_half(shares)["below_half"]
    rows["end"] = shares["value"] + ARROW * up.astype(int) - ARROW * down.astype(int)
    rows["angle"] = up.map({True: 90, False: -90}).where(up | down, 0)
    return rows


def draw_shares(base: alt.Chart) -> Any:
    """A point for an exact or rounded share, an arrow for a bound; the words at the right."""
    order = base.data.drop_duplicates("label")["label"].tolist()
    y = alt.Y(
        "label:N",
        title=None,
        sort=order,
        axis=alt.Axis(labelExpr="split(datum.label, '\\n')", labelLimit=400, labelLineHeight=14, labelFontSize=11),
    )
    x = alt.X("value:Q", title="share (percent)", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(grid=True))
    colour = alt.Color(
        "shown:N",
        title="Share of cases where the work was",
        scale=alt.Scale(domain=list(INK), range=list(INK.values())),
    )
    tooltip = [
        alt.Tooltip("who"),
        alt.Tooltip("period"),
        alt.Tooltip("kind"),
        alt.Tooltip("dimension"),
        alt.Tooltip("words"),
        alt.Tooltip("sample", title="cases looked at"),
    ]
    bound = "datum.hedge === 'bound'"
    half = (
        alt.Chart(pd.DataFrame({"half": [50]}))
        .mark_rule(strokeDash=[4, 4], color=charts.RULE)
        .encode(x=alt.X("half:Q"))
    )
    arrows = base.transform_filter(bound)
    tails = arrows.mark_rule(strokeWidth=2).encode(x=x, x2=alt.X2("end:Q"), y=y, color=colour)
    starts = arrows.mark_tick(thickness=3, size=14).encode(x=x, y=y, color=colour, tooltip=tooltip)
    heads = arrows.mark_point(shape="triangle-up", size=70).encode(
        x=alt.X("end:Q"), y=y, color=colour, angle=alt.Angle("angle:Q", scale=None), tooltip=tooltip
    )
    points = base.transform_filter(f"!({bound})").mark_point(size=90, strokeWidth=2)
    points = points.encode(
        x=x,
        y=y,
        color=colour,
        stroke=colour,
        fillOpacity=alt.condition("datum.hedge === 'exact'", alt.value(1), alt.value(0.15)),
        shape=alt.Shape(
            "hedge:N",
            title=None,
            legend=None,
            scale=alt.Scale(domain=["exact", "about"], range=["circle", "diamond"]),
        ),
        tooltip=tooltip,
    )
    words = base.mark_text(align="left", dx=8).encode(x=alt.X(datum=100), y=y, text=alt.Text("words"))
    return alt.layer(half, tails, starts, heads, points, words, width=250, height=alt.Step(46))


def say_shares(rows: pd.DataFrame, direction: str, **_: str) -> str:
    """How many shares are shown and how they read against half of the cases."""
    exact = int((rows["hedge"] == "exact").sum())
    first = f"{len(rows)} published {'share' if len(rows) == 1 else 'shares'}, {exact} exact."
    if direction == "published":
        poor = int((rows["shown"] == "insufficient").sum())
        return f"{first} {poor} count cases where the work was not good enough, {len(rows) - poor} where it was."
    fewer = int((rows["below_half"] == "yes").sum())
    unsettled = int((rows["below_half"] == "cannot say").sum())
    return (
        f"{first} {fewer} mean that the work was good enough in fewer than half of the cases; {unsettled} "
        f"{'does' if unsettled == 1 else 'do'} not settle it."
    )


def shares_explorer(table: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Every published share, by subject, service and kind of inspection, as published or turned to one direction."""
    every = case_quality.published_shares(table, providers)
    options = {name: sorted(every[name].dropna().unique()) for name in ("dimension", "who")}
    return Explorer(
        [
            filter_by("subject", "Subject", "dimension", options["dimension"], "All subjects"),
            filter_by("service", "Service or group", "who", options["who"], "All services"),
            choice("direction", "Shares", DIRECTIONS),
        ],
        rows=lambda direction: share_rows(case_quality.published_shares(table, providers, direction)),
        draw=draw_shares,
        say=lambda rows, direction, **_: say_shares(rows, direction),
        title="What share of the work was good enough, and what was not?",
        subtitle="Dot: exact. Hollow diamond: about. Bar with arrow: more or less than, the value lies that way. "
        "Dashed line: half of the cases",
        description="Published shares of cases with their hedge, one row each, with a line at half of the cases.",
        sources=sources,
    )


def known_by_standard(known: pd.DataFrame, sources: pd.DataFrame, source_ids: pd.Series) -> Any:
    """Bars of how many services have a public share, by standard; hollow to the number of services there are."""
    rows = known.assign(
        label=known["standard"] + " " + known["name"],
        text=[f"{count} of {total}" for count, total in zip(known["known"], known["of"])],
    )[["label", "known", "of", "text"]]
    base = alt.Chart(rows)
    y = alt.Y("label:N", title=None, sort=rows["label"].tolist())
    whole = base.mark_bar(height=14, color="#ffffff", stroke=charts.RULE).encode(x=alt.X("of:Q"), y=y)
    part = base.mark_bar(height=14, color="#0b6e4f").encode(
        x=alt.X("known:Q", title="services", scale=alt.Scale(domain=[0, 28])),
        y=y,
        tooltip=[alt.Tooltip("label"), alt.Tooltip("text")],
    )
    text = base.mark_text(align="left", dx=6).encode(x=alt.X("of:Q"), y=y, text=alt.Text("text"))
    missing = int((rows["of"] - rows["known"]).sum())
    return charts.publish(
        alt.layer(whole, part, text, width=360, height=alt.Step(24)),
        title=f"For {missing} of {int(rows['of'].sum())} pairs of service and standard no share of cases is public",
        subtitle="Services with a share of cases of their own from a core inspection, of those to which the standard "
        "applies",
        description="Bars by standard. " + "; ".join(f"{row.label} {row.text}" for row in rows.itertuples()) + ".",
        source_ids=source_ids,
        sources=sources,
    )


def through_the_gate(gate: pd.DataFrame, sources: pd.DataFrame) -> Any:
    """Tiles of every known standard rating of the services whose Through the Gate rating is known."""
    rows = gate.assign(
        row=gate["service"] + ", " + gate["round"],
        initials=gate["band"].map(charts.BAND_INITIALS) + gate["basis"].map({"implied": "*"}).fillna(""),
        text="#ffffff",
    )[["row", "standard", "standard_name", "band", "initials", "against", "text", "source_id"]]
    order = sorted(
        rows["standard"].unique(), key=lambda standard: (standard == case_quality.THROUGH_THE_GATE, standard)
    )
    names = rows.drop_duplicates("standard").set_index("standard")["standard_name"]
    labels = {standard: f"{standard} {names[standard]}" for standard in order}
    rows["column"] = rows["standard"].map(labels)
    base = alt.Chart(rows).encode(
        x=alt.X("column:N", title=None, sort=list(labels.values()), axis=alt.Axis(labelAngle=-40, orient="top")),
        y=alt.Y("row:N", title=None, sort="ascending"),
    )
    tiles = base.mark_rect(stroke="#ffffff", strokeWidth=2).encode(
        color=charts.band_colour(rows["band"], "Band", legend=alt.Legend(orient="bottom")),
        tooltip=[
            alt.Tooltip("row"),
            alt.Tooltip("column"),
            alt.Tooltip("band"),
            alt.Tooltip("against", title="Through the Gate is"),
        ],
    )
    text = base.mark_text(fontWeight=600, color="#ffffff").encode(text=alt.Text("initials:N"))
    good = gate[(gate["against"] == "itself")]["band"].isin(["Good", "Outstanding"])
    return charts.publish(
        alt.layer(tiles, text, width=420, height=alt.Step(30)),
        title=f"Through the Gate was rated Good or better in {int(good.sum())} of the {len(good)} CRC ratings that are "
        "public",
        subtitle="All other known standard ratings of the same service and round beside it. O Outstanding, G Good, RI "
        "Requires improvement, I Inadequate; a star marks an implied rating; an empty place is unknown",
        description="Tiles of known standard ratings for the services whose Through the Gate rating is known: "
        + "; ".join(f"{row.row} {row.band}" for row in rows[rows["against"] == "itself"].itertuples())
        + ".",
        source_ids=gate["source_id"],
        sources=sources,
    )
