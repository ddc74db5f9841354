"""How every chart looks, and one function per kind of chart.

Charts do not compute: they take the rows of an analysis and draw them. Importing this module sets the theme and the
renderer, so that a chart shown in a notebook is drawn by JupyterLab itself without any network.
"""

from __future__ import annotations

import gc
import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import pandas as pd

from helpers import display

WIDTH = 680
INK, MUTED, RULE = "#1f2933", "#5f6b76", "#767f88"

# The same body has the same colour in every chart. All hold 3:1 against white and differ for colour-blind readers
# (Okabe and Ito 2008, darkened where needed); shapes and labels repeat what the colours say.
BODIES = {
    "NPS": "#0072b2",
    "CRC": "#c8500a",
    "Probation trusts": "#5b5f97",
    "Probation Service": "#00795c",
    "All probation": "#4b5563",
}
# Kind of a provider -> its body in BODIES.
BODY_OF_KIND = {
    **dict.fromkeys(("crc", "crc_group"), "CRC"),
    **dict.fromkeys(("nps", "nps_division", "nps_unit"), "NPS"),
    "trust_group": "Probation trusts",
    **dict.fromkeys(("probation_service", "probation_region", "probation_delivery_unit"), "Probation Service"),
    "all_probation": "All probation",
}
BODY_SHAPES = {
    "NPS": "circle",
    "CRC": "square",
    "Probation trusts": "diamond",
    "Probation Service": "triangle-up",
    "All probation": "cross",
}
# What a reader adds is told from what was published by colour, shape and name.
WHOSE = {"Published": INK, "Your figure": "#b5179e"}
WHOSE_SHAPES = {"Published": "circle", "Your figure": "diamond"}
# Bands run from one end to the other of a blue-to-brown scale; each tile carries the band's initials as well.
BANDS = {
    "Outstanding": "#08519c",
    "Good": "#3d8bc9",
    "Requires improvement": "#c27803",
    "Inadequate": "#8c2d04",
    "Unknown": "#ffffff",
    "Not applicable": "#e8eaed",
}
BAND_INITIALS = {
    "Outstanding": "O",
    "Good": "G",
    "Requires improvement": "RI",
    "Inadequate": "I",
    "Unknown": "?",
    "Not applicable": "",
}


@alt.theme.register("transforming_rehabilitation", enable=True)
def _theme() -> alt.theme.ThemeConfig:
    return {
        "config": {
            "background": "#ffffff",
            "font": "sans-serif",
            "view": {"stroke": None, "continuousWidth": WIDTH, "continuousHeight": 320},
            "title": {
                "anchor": "start",
                "frame": "bounds",
                "fontSize": 16,
                "fontWeight": 600,
                "color": INK,
                "subtitleFontSize": 12,
                "subtitleColor": MUTED,
                "subtitlePadding": 6,
                "offset": 14,
            },
            "axis": {
                "labelFontSize": 12,
                "titleFontSize": 12,
                "labelColor": INK,
                "titleColor": INK,
                "titleFontWeight": "normal",
                "gridColor": "#e3e6e9",
                "domainColor": RULE,
                "tickColor": RULE,
                "labelLimit": 320,
            },
            "legend": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 320, "titleLimit": 480, "orient": "top"},
            "header": {"labelFontSize": 13, "titleFontSize": 13, "labelColor": INK, "titleColor": INK},
            "point": {"size": 70, "filled": True},
            "line": {"strokeWidth": 2},
            "text": {"fontSize": 12, "color": INK},
            "range": {"category": list(BODIES.values())},
        }
    }


alt.renderers.register("transforming_rehabilitation", display.chart_bundle)
alt.renderers.enable("transforming_rehabilitation")

# pandas and Altair are a million objects: Python would look through them for garbage in the middle of a chart, a tenth
# of a second at a time, as often as a few thousand new objects are made.
gc.set_threshold(50_000)


def wrap(text: str, width: int = 84) -> list[str]:
    """Lines of a title: Vega does not break lines by itself."""
    return [line for part in text.split("\n") for line in textwrap.wrap(part, width)] or [""]


def publish(
    chart: Any,
    *,
    title: str,
    description: str,
    source_ids: Iterable[str],
    sources: pd.DataFrame,
    subtitle: str = "",
) -> Any:
    """A finished chart: finding or question as title, statistic and source as subtitle, text alternative.

    chart        any Altair chart; the same one is given back
    title        what the chart says or asks
    description  the text alternative: what is drawn and what is to be seen in it
    source_ids   `source_id` of every row drawn; kept in the specification so that pages can link them
    sources      the table `sources`
    subtitle     what is measured, in which unit
    Raises ValueError when title, description or sources are missing.
    """
    source_ids = [source for source in source_ids if pd.notna(source)]
    if not (title and description and source_ids):
        raise ValueError("a chart needs a title, a description and at least one source_id")
    lines = (wrap(subtitle, 104) if subtitle else []) + wrap(display.credit(source_ids, sources), 104)
    chart.title = alt.Title(wrap(title), subtitle=lines)
    chart.description = description
    chart.usermeta = {
        "source_ids": sorted(set(source_ids)),
        # Only errors on the console: that a layer has no rows under some choice is meant, and Vega would warn of it.
        "embedOptions": {
            "renderer": "svg",
            "actions": {"export": True, "source": False, "editor": False},
            "logLevel": 1,
        },
    }
    return chart


def _of(looks: dict[str, str], bodies: Iterable[str] | None) -> alt.Scale:
    there = set(looks if bodies is None else bodies)
    shown = {body: look for body, look in looks.items() if body in there}
    return alt.Scale(domain=list(shown), range=list(shown.values()))


def body_colour(field: str = "body", title: str = "", bodies: Iterable[str] | None = None, **options: Any) -> alt.Color:
    """Colour of a body (NPS, CRC, trusts ...), the same in every chart; the legend names `bodies`, or all."""
    return alt.Color(field, type="nominal", title=title or None, scale=_of(BODIES, bodies), **options)


def body_shape(field: str = "body", title: str = "", bodies: Iterable[str] | None = None, **options: Any) -> alt.Shape:
    """Shape of a body's points: repeats the colour for readers who cannot tell colours apart."""
    return alt.Shape(field, type="nominal", title=title or None, scale=_of(BODY_SHAPES, bodies), **options)


def whose_colour(**options: Any) -> alt.Color:
    """Colour of the column `whose`: published figures, and those of the reader."""
    legend = alt.Legend(symbolOpacity=1)
    return alt.Color("whose:N", **{"title": None, "scale": _of(WHOSE, None), "legend": legend, **options})


def whose_shape(**options: Any) -> alt.Shape:
    """Shape of the column `whose`, which repeats its colour."""
    legend = alt.Legend(symbolOpacity=1)
    return alt.Shape("whose:N", **{"title": None, "scale": _of(WHOSE_SHAPES, None), "legend": legend, **options})


def band_colour(bands: Iterable[str], title: str | None = None, **options: Any) -> alt.Color:
    """Colour of a rating band, for those of the bands that occur; the same in every chart, the best band first."""
    occurring = set(bands)
    shown = {band: colour for band, colour in BANDS.items() if band in occurring}
    scale = alt.Scale(domain=list(shown), range=list(shown.values()))
    return alt.Color("band:N", title=title, scale=scale, **options)


def day(date: str) -> alt.DateTime:
    """A day for the ends of a time scale, such as day("2014-06-01"): the reader's own day, as the data are read.

    A bare string there is read as UTC: elsewhere the label of the first or last year is lost (vega/altair#2540).
    """
    year, month, date_of_month = map(int, date.split("-"))
    return alt.DateTime(year=year, month=month, date=date_of_month)


def time_scale(first: str, last: str) -> alt.Scale:
    """A scale of time from one day to another, such as time_scale("2014-06-01", "2021-07-01").

    The ends are given apart: as one domain Vega-Lite would warn of two where a mark has a start and an end.
    """
    return alt.Scale(domainMin=day(first), domainMax=day(last), nice=False)


def year_axis(**options: Any) -> alt.Axis:
    """Axis of time with one label a year."""
    return alt.Axis(format="%Y", tickCount="year", **options)


def along(channel: alt.X | alt.Y, field: str) -> alt.X | alt.Y:
    """Another column along the same axis. An axis has the title of all its layers, or none.

    charts.along(alt.X("value:Q", title="percent"), "interval_low:Q")
    """
    other = channel.copy(deep=False)
    other["shorthand"] = field
    return other


def lines(what: Any, below: Any, width: int = 62) -> str:
    """A row's label for `published`: what the figure is, and below it whom or when, broken into lines."""
    return "\n".join([*textwrap.wrap(str(what), width), *textwrap.wrap(str(below), width)])


def published(
    base: alt.Chart, x: alt.X, *, colour: Any = None, shape: Any = None, tooltip: Sequence[Any] = (), stem: bool = False
) -> alt.LayerChart:
    """Published figures one below the other, each under its label, with its hedge.

    Filled: exact. Hollow: hedged, with an arrow to the side where the true value lies. A bar: a range. On a shaded
    ground with a letter: rivals, which are statements of one thing that differ. A question mark: not known.

        labels = [charts.lines(*cells) for cells in zip(rows["what"], rows["who"])]
        rows = rows.assign(row=range(len(rows)), label=labels)
        charts.published(alt.Chart(rows), alt.X("value:Q", title="share (percent)"), colour=charts.body_colour())

    base     its data have the columns row (place from the top), label, value, qualifier (as in `display.HEDGES`) and
             words (the figure with its hedge); if they have high, a bar runs from value to it; if interval_low and
             interval_high, a thin line between them; if rival, the letter of each rival, empty elsewhere
    x        channel of `value`, with title, scale and axis
    colour, shape   channels for the marks, dark and round without them
    tooltip  more to say of a mark than its label and its words
    stem     True draws a line from zero to each mark, for amounts
    """
    tall = 15 * (1 + int(base.data["label"].str.count("\n").max())) + 20
    top, mark = 5 - tall / 2, tall / 2 - 11
    y = alt.Y("row:O", axis=None, scale=alt.Scale(type="band", padding=0))
    looks = {"color": colour or alt.value(INK), "shape": shape or alt.value("circle")}
    tooltip = [alt.Tooltip("label:N", title="What"), alt.Tooltip("words:N", title="Figure"), *tooltip]
    known = base.transform_filter("isValid(datum.value)")
    hedged = known.transform_filter("datum.qualifier !== 'exact'").encode(x, y, **looks)
    layers = [base.mark_rule(color="#e3e6e9", yOffset=tall / 2).encode(y=y, x=alt.value(0), x2=alt.value("width"))]
    if "rival" in base.data:
        rival = base.transform_filter("datum.rival !== ''").encode(y=y)
        odd = (
            alt.when("indexof('ACEGIKM', datum.rival) >= 0").then(alt.value("#eef1f4")).otherwise(alt.value("#fbf3e4"))
        )
        letter = rival.transform_calculate(said="'rival ' + datum.rival").mark_text(
            style="row-letter", align="right", baseline="top", color=MUTED, yOffset=top + 16
        )
        layers.insert(0, rival.mark_rect().encode(x=alt.value(0), x2=alt.value("width"), color=odd))
        layers.append(letter.encode(x=alt.value("width"), text="said:N"))
    if stem:
        layers.append(
            known.mark_rule(strokeWidth=2, yOffset=mark).encode(x, y, x2=alt.X2Datum(0), color=looks["color"])
        )
    for side, qualifiers, ahead in (
        ("left", "['at_most', 'less_than']", -16),
        ("right", "['at_least', 'more_than']", 16),
    ):
        arrow = hedged.transform_filter(f"indexof({qualifiers}, datum.qualifier) >= 0").encode(
            shape=alt.value(f"triangle-{side}")
        )
        layers.append(arrow.mark_point(size=90, opacity=1, xOffset=ahead, yOffset=mark))
    if "high" in base.data:
        bar = known.transform_filter("isValid(datum.high)").mark_bar(
            orient="horizontal", height=6, opacity=0.45, yOffset=mark
        )
        layers.append(bar.encode(x, y, x2=alt.X2("high:Q"), color=looks["color"]))
    if "interval_low" in base.data:
        line = known.transform_filter("isValid(datum.interval_low)").mark_rule(strokeWidth=2, yOffset=mark)
        line = line.encode(y=y, x2=alt.X2("interval_high:Q"), color=looks["color"])
        layers.append(line.encode(along(x, "interval_low:Q")))
    exact = known.transform_filter("datum.qualifier === 'exact'").encode(x, y, **looks)
    filled = {"size": 100, "opacity": 1, "yOffset": mark}
    hollow = {**filled, "filled": False, "fill": "#ffffff", "strokeWidth": 2}
    for part, look in ((exact, filled), (hedged, hollow)):
        layers.append(part.mark_point(**look).encode(tooltip=tooltip))
        if "high" in base.data:
            end = part.transform_filter("isValid(datum.high)").transform_calculate(value="datum.high")
            layers.append(end.mark_point(**look).encode(tooltip=tooltip))
    layers += [
        base.transform_filter("!isValid(datum.value)")
        .mark_text(align="left", fontWeight=600, text="?", fontSize=15, yOffset=mark)
        .encode(x=alt.value(2), y=y),
        base.mark_text(
            style="row-label", align="left", baseline="top", lineBreak="\n", lineHeight=15, yOffset=top
        ).encode(x=alt.value(2), y=y, text="label:N"),
        base.mark_text(style="row-figure", align="right", baseline="top", fontWeight=600, yOffset=top).encode(
            x=alt.value("width"), y=y, text="words:N"
        ),
    ]
    return alt.layer(*layers, width=520, height=alt.Step(tall))


def over_time(
    base: alt.Chart, y: alt.Y, *, colour: Any = None, shape: Any = None, tooltip: Sequence[Any] = ()
) -> alt.LayerChart:
    """Published figures along time, with their hedges as in `published`; a line only within a series.

        charts.over_time(alt.Chart(rows), alt.Y("value:Q", title="people"), colour=charts.body_colour())

    base     its data have the columns date, value and qualifier; if they have series, a line joins the rows of each
             name (none where it is empty); if date_end, a thin line runs over the period of a figure; if high, a bar
             from value to it; if interval_low and interval_high, a thin line between them
    y        channel of `value`, with title and scale
    colour, shape   channels for the marks, dark and round without them
    tooltip  what to say of a mark
    """
    label = "timeFormat(datum.value, month(datum.value) === 0 && date(datum.value) === 1 ? '%Y' : '%b %Y')"
    x = alt.X("date:T", title=None, axis=alt.Axis(labelExpr=label, labelOverlap=True, tickCount=8))
    looks = {"color": colour or alt.value(INK), "shape": shape or alt.value("circle")}
    known = base.transform_filter("isValid(datum.value)")
    hedged = known.transform_filter("datum.qualifier !== 'exact'")
    layers = []
    if "series" in base.data:
        line = known.transform_filter("datum.series !== ''").mark_line(strokeWidth=1.5)
        layers.append(line.encode(x, y, color=looks["color"], detail="series:N"))
    if "date_end" in base.data:
        span = known.transform_filter("isValid(datum.date_end)").mark_rule(strokeWidth=2, opacity=0.6)
        layers.append(span.encode(x, y, alt.X2("date_end:T"), color=looks["color"]))
    for low, high, width in (("value", "high", 6), ("interval_low", "interval_high", 2)):
        if high in base.data:
            rule = known.transform_filter(f"isValid(datum.{high})").mark_rule(strokeWidth=width, opacity=0.45)
            layers.append(rule.encode(x, along(y, f"{low}:Q"), alt.Y2(f"{high}:Q"), color=looks["color"]))
    for way, qualifiers, ahead in (
        ("down", "['at_most', 'less_than']", 13),
        ("up", "['at_least', 'more_than']", -13),
    ):
        arrow = hedged.transform_filter(f"indexof({qualifiers}, datum.qualifier) >= 0")
        arrow = arrow.mark_point(shape=f"triangle-{way}", size=60, opacity=1, yOffset=ahead)
        layers.append(arrow.encode(x, y, color=looks["color"]))
    exact = known.transform_filter("datum.qualifier === 'exact'").mark_point(size=60, opacity=1)
    hollow = hedged.mark_point(size=60, opacity=1, filled=False, fill="#ffffff", strokeWidth=2)
    layers += [part.encode(x, y, **looks, tooltip=list(tooltip)) for part in (exact, hollow)]
    return alt.layer(*layers, width=520, height=300)


def tiles(base: alt.Chart, x: alt.X, y: alt.Y, *, tooltip: Sequence[Any] = (), **options: Any) -> alt.LayerChart:
    """Ratings as tiles: the colour of the band and its initials, so that nobody depends on the colour.

        charts.tiles(alt.Chart(rows), alt.X("standard:N"), alt.Y("service:N"))

    base     its data have the column band, and basis where implied ratings are to carry a star
    options  of the channel of colour, such as legend=None
    """
    star = "(datum.basis === 'implied' ? '*' : '')" if "basis" in base.data else "''"
    square = base.mark_rect(stroke="#ffffff", strokeWidth=2)
    initials = base.transform_calculate(initials=f"{BAND_INITIALS}[datum.band] + {star}").mark_text(
        fontWeight=600,
        color=alt.expr("datum.band === 'Unknown' || datum.band === 'Not applicable' ? '#1f2933' : 'white'"),
    )
    return alt.layer(
        square.encode(x, y, color=band_colour(base.data["band"], **options), tooltip=list(tooltip)),
        initials.encode(x, y, text="initials:N"),
    )


def reference(value: float, label: str, axis: str = "x") -> alt.LayerChart:
    """A dashed line at a value that marks are read against, with its label at the end.

    charts.published(...) + charts.reference(50, "half of the cases")
    """
    base = alt.Chart(pd.DataFrame({"value": [value], "label": [label]}))
    at = alt.X("value:Q") if axis == "x" else alt.Y("value:Q")
    end = {"y": alt.value(-4)} if axis == "x" else {"x": alt.value("width")}
    side = {"align": "center", "baseline": "bottom"} if axis == "x" else {"align": "right", "dy": -6}
    return alt.layer(
        base.mark_rule(strokeDash=[4, 4], color=RULE).encode(at),
        base.mark_text(color=MUTED, **side).encode(at, text="label:N", **end),
    )


# A day, a month, a calendar year, or from one day to another; for a row with start and end (the day after the last).
WHEN = (
    "!isValid(datum.end) ? timeFormat(datum.start, '%-d %B %Y')"
    " : time(datum.end) - time(datum.start) < 3e9 ? timeFormat(datum.start, '%B %Y')"
    " : month(datum.start) === 0 ? timeFormat(datum.start, '%Y')"
    " : timeFormat(datum.start, '%-d %B %Y') + ' to ' + timeFormat(time(datum.end) - 1, '%-d %B %Y')"
)


def spans(
    base: alt.Chart,
    x: alt.X,
    y: alt.Y,
    *,
    colour: Any = None,
    shape: Any = None,
    tooltip: Sequence[Any] = (),
    down: float = 0,
) -> alt.LayerChart:
    """Events by the precision of their date: a day is a filled circle, anything longer an open bar over all its days.

        charts.spans(alt.Chart(rows), alt.X("start:T"), alt.Y("title:N"), colour=charts.body_colour())

    base    its data have the columns start, and end (midnight after the last day; empty where the day is known)
    colour, shape   channels for the marks, dark and round without them
    down    points by which the marks stand below the middle of their line, to make room for `labels`
    """
    long = base.transform_filter("isValid(datum.end)").mark_bar(
        orient="horizontal",
        height=8,
        filled=False,
        fill="#ffffff",
        strokeWidth=1.5,
        cornerRadius=1,
        clip=True,
        yOffset=down,
    )
    days = base.transform_filter("!isValid(datum.end)").mark_point(size=55, opacity=1, clip=True, yOffset=down)
    colour = colour or alt.value(INK)
    return alt.layer(
        long.encode(x, y, alt.X2("end:T"), color=colour, tooltip=list(tooltip)),
        days.encode(x, y, color=colour, tooltip=list(tooltip), **({"shape": shape} if shape else {})),
    )


def labels(base: alt.Chart, y: alt.Y, up: float = 0, field: str = "label") -> alt.Chart:
    """The label of each row at the left, `up` points above the middle of its line: it needs no room beside the chart.

    charts.labels(base, y, up=8) + charts.spans(base, x, y, down=8)
    """
    return base.mark_text(style="row-label", align="left", lineBreak="\n", lineHeight=15, yOffset=-up).encode(
        x=alt.value(2), y=y, text=alt.Text(f"{field}:N")
    )


def turning_points(base: alt.Chart, first: str, last: str) -> alt.LayerChart:
    """Points in time one below the other, each with its label and its day on the side where there is room.

    charts.turning_points(alt.Chart(rows, width=500, height=alt.Step(36)), "2010-07-01", "2021-12-31")

    base    its data have the columns row (place from the top), date, label, day (the date in words)
    first, last   the ends of the scale of time
    """
    ends = time_scale(first, last)
    base = base.encode(
        alt.X("date:T", title=None, scale=ends, axis=year_axis()), alt.Y("row:O", axis=None), tooltip=["label", "day"]
    )
    late = "year(datum.date) > 2016"
    beside = {"style": "beside", "align": alt.expr(f"{late} ? 'right' : 'left'"), "dx": alt.expr(f"{late} ? -10 : 10")}
    return alt.layer(
        base.mark_point(size=90, color=BODIES["NPS"], opacity=1),
        base.mark_text(fontWeight=600, dy=-7, **beside).encode(text="label:N"),
        base.mark_text(color=MUTED, dy=8, **beside).encode(text="day:N"),
    )


def named_places(middles: pd.Series, width: int = 84) -> alt.Axis:
    """An axis that names groups of lines at their middles; `middles` has the names as its index."""
    names = {str(float(middle)): wrap(str(name), width) for name, middle in middles.items()}
    label = f"{json.dumps(names)}[format(datum.value, '.1f')]"
    places = sorted(map(float, middles))
    return alt.Axis(values=places, labelExpr=label, grid=False, ticks=False, domain=False, title=None)


def period_ends(periods: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> tuple[str, str]:
    """Expressions for the ends of a time axis that the parameter `period` moves, '' for the whole time.

    periods   key, first_day and last_day (empty where open)
    Days are those of the reader's own time zone, as dates without a zone are read.
    """

    def end(days: Iterable[pd.Timestamp]) -> str:
        moments = (f"time(datetime({day.year}, {day.month - 1}, {day.day}))" for day in days)
        keys = map(json.dumps, ["", *periods["key"]])
        return "({" + ", ".join(f"{key}: {moment}" for key, moment in zip(keys, moments)) + "}[period])"

    after = (periods["last_day"] + pd.Timedelta(days=1)).fillna(last)
    return end([first, *periods["first_day"].fillna(first)]), end([last, *after])


def years_or_months(**options: Any) -> alt.Axis:
    """Axis of time that serves a month as well as fourteen years: a year at its start, a month elsewhere."""
    label = "timeFormat(datum.value, date(datum.value) !== 1 ? '%-d %b' : month(datum.value) === 0 ? '%Y' : '%b')"
    return alt.Axis(grid=True, labelOverlap=True, tickCount=14, labelExpr=label, **options)
