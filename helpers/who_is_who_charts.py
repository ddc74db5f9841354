"""The chart of where each CRC lay, and the list of sources. Rows come from helpers.who_is_who."""

from __future__ import annotations

import altair as alt
import pandas as pd

from helpers import charts, display, who_is_who
from helpers.explorer import Explorer, choice

SHAPES = {
    "stated": "circle",
    "implied": "square",
    "inferred": "triangle-up",
    "in part": "diamond",
    "sources differ": "cross",
    who_is_who.UNKNOWN: "stroke",
}
LINE = 18  # pixels
WIDTH = 450  # as little as the longest name needs, for phones


def place_rows(placed: pd.DataFrame, sources: pd.DataFrame, grouping: str) -> pd.DataFrame:
    """The rows of `who_is_who.placed_lines` with the title of the source: line, head, group, label, how, source."""
    titles = sources.set_index("source_id")["title"].astype(object)
    rows = who_is_who.placed_lines(placed, grouping)
    rows["source"] = rows["source_id"].map(titles)
    return rows[["line", "head", "group", "label", "how", "source"]]


def draw_places(base: alt.Chart) -> alt.LayerChart:
    """A line for each CRC, below the name of its group and a rule; the shape says how its place is known."""
    lines = int(base.data["line"].max()) + 1
    known = [how for how in SHAPES if how in set(base.data["how"])]
    y = alt.Y("line:Q", title=None, axis=None, scale=alt.Scale(domain=[lines - 0.5, -0.5], nice=False))
    shapes = alt.Scale(domain=known, range=[SHAPES[how] for how in known])
    tooltip = [
        alt.Tooltip("label", title="CRC"),
        alt.Tooltip("group", title="belongs to"),
        alt.Tooltip("how", title="how it is known"),
        alt.Tooltip("source"),
    ]
    first = base.transform_filter("datum.head !== ''")
    rules = first.mark_rule(color="#cbd2d9", yOffset=-1.5 * LINE).encode(y=y, x=alt.XValue(0), x2=alt.X2Value(WIDTH))
    heads = first.mark_text(align="left", fontWeight=600, dy=-LINE).encode(y=y, x=alt.XValue(0), text=alt.Text("head"))
    marks = base.mark_point(size=70, filled=True, opacity=1, color=charts.BODIES["CRC"]).encode(
        y=y,
        x=alt.XValue(10),
        shape=alt.Shape("how:N", title="How the place is known", scale=shapes, sort=known),
        tooltip=tooltip,
    )
    names = base.mark_text(align="left").encode(y=y, x=alt.XValue(20), text=alt.Text("label"), tooltip=tooltip)
    return alt.layer(rules, heads, marks, names, width=WIDTH, height=LINE * lines)


def places_explorer(placed: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Which CRC lay in which NPS division or region and who owned it, as the reader groups them."""
    crcs = placed["provider_id"].nunique()
    return Explorer(
        [choice("grouping", "Group the companies by", who_is_who.GROUPINGS)],
        rows=lambda grouping: place_rows(placed, sources, grouping),
        draw=draw_places,
        say=lambda _, grouping: who_is_who.say_placed(placed, grouping),
        title="Which CRC lay where, and whose was it?",
        subtitle="Stated: named in a document. Implied: from a list or local page. Inferred: from the area described.",
        description=f"A list of {crcs} Community Rehabilitation Companies (CRCs) under the divisions, regions or "
        "owners that they belonged to. The shape of a mark and the words after a name say how the place is known.",
        source_ids=placed["source_id"],
        sources=sources,
    )


def source_list(rows: pd.DataFrame, caption: str) -> display.Html:
    """The rows of `who_is_who.source_rows` as a folded list under their publishers, which needs half the markup of a
    table."""
    shown = rows.map(display.escape)
    linked = '<a href="' + shown["url"] + '">' + shown["title"] + "</a>"
    is_page = rows["url"].str.startswith(("http://", "https://"))
    items = "<li>" + linked.where(is_page, shown["title"]) + ", " + shown["about"] + "</li>"
    lists = items.groupby(shown["publisher"], sort=False).agg("".join)
    markup = "".join("<li>" + lists.index + "<ul>" + lists + "</ul></li>")
    lines = rows["publisher"] + ": " + rows["title"] + ", " + rows["about"]
    more = f"and {display.number(len(rows) - display.BRIEF_ROWS)} more documents"
    text = [caption, *lines[: display.BRIEF_ROWS], *([more] if len(rows) > display.BRIEF_ROWS else [])]
    summary = f"{display.escape(caption)} ({display.number(len(rows))} documents)"
    return display.Html(
        f"<details><summary>{summary}</summary><ul>{markup}</ul></details>", "\n".join(map(display.plain, text))
    )
