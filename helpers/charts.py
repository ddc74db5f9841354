"""How every chart looks, and one function per kind of chart.

Charts do not compute: they take the rows of an analysis and draw them. Importing this module sets the theme and the
renderer, so that a chart shown in a notebook is drawn by JupyterLab itself without any network.
"""

from __future__ import annotations

import gc
import textwrap
from collections.abc import Iterable
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
BODY_SHAPES = {
    "NPS": "circle",
    "CRC": "square",
    "Probation trusts": "diamond",
    "Probation Service": "triangle-up",
    "All probation": "cross",
}
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
        "embedOptions": {"renderer": "svg", "actions": {"export": True, "source": False, "editor": False}},
    }
    return chart


def body_colour(field: str = "body", title: str = "", **options: Any) -> alt.Color:
    """Colour of a body (NPS, CRC, trusts ...), the same in every chart."""
    return alt.Color(
        field,
        type="nominal",
        title=title or None,
        scale=alt.Scale(domain=list(BODIES), range=list(BODIES.values())),
        **options,
    )


def body_shape(field: str = "body", title: str = "", **options: Any) -> alt.Shape:
    """Shape of a body's points: repeats the colour for readers who cannot tell colours apart."""
    return alt.Shape(
        field,
        type="nominal",
        title=title or None,
        scale=alt.Scale(domain=list(BODY_SHAPES), range=list(BODY_SHAPES.values())),
        **options,
    )


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


def year_axis(**options: Any) -> alt.Axis:
    """Axis of time with one label a year."""
    return alt.Axis(format="%Y", tickCount="year", **options)
