"""The explorer of who published the figures. Rows come from helpers.register."""

from __future__ import annotations

import altair as alt
import pandas as pd

from helpers import display, register
from helpers.display import number
from helpers.explorer import Explorer, choice

WORDS = ("what", "note")  # columns of words, which are set flush left
EXACT, HEDGED = "#1f6f8b", "#ffffff"
LABEL = 345


def folded(rows: pd.DataFrame, caption: str) -> display.Html:
    """A folded table of `register.listed` or `register.crossed`; what all its rows share stands in the caption."""
    words = rows[[column for column in ("what", "when", "note", "source") if column in rows]]
    shared = [column for column, texts in words.items() if (texts == texts.iloc[0]).all()]
    said = [rows[column].iloc[0].removesuffix(".") for column in shared]
    caption += f" ({'; '.join(said)})" if said else ""
    rows = rows.drop(columns=shared)
    return display.table(rows, caption, words=WORDS if "what" in rows else ("note",), folded=True)


def publisher_rows(rows: pd.DataFrame, sources: pd.DataFrame, theme: str) -> pd.DataFrame:
    """The rows of `register.publishers` with the label of each bar: publisher, exact, total, text, rank."""
    found = register.publishers(rows, sources, theme)
    hedged = (", " + found["hedged"].map(number) + " hedged").where(found["hedged"] > 0, "")
    return found.assign(text=found["total"].map(number) + hedged).drop(columns="hedged")


def draw_publishers(base: alt.Chart) -> alt.LayerChart:
    """A bar for each publisher: filled for exact figures, hollow for hedged ones, the counts in words at its end."""
    order = alt.EncodingSortField("rank", op="min", order="ascending")
    axis = alt.Axis(labelLimit=LABEL, minExtent=LABEL)
    y = alt.Y("publisher", type="nominal", title=None, sort=order, axis=axis)
    x = alt.X("total", type="quantitative", title="figures", axis=alt.Axis(tickMinStep=1, tickCount=3))
    tooltip = [alt.Tooltip("publisher", type="nominal"), alt.Tooltip("text", type="nominal", title="figures")]
    whole = base.mark_bar(height=13, color=HEDGED, stroke=EXACT, strokeWidth=1).encode(x=x, y=y, tooltip=tooltip)
    exact = base.mark_bar(height=13, color=EXACT).encode(x=alt.X("exact", type="quantitative"), y=y, tooltip=tooltip)
    text = base.mark_text(align="left", dx=6, fontSize=12).encode(x=x, y=y, text=alt.Text("text", type="nominal"))
    return alt.layer(whole, exact, text, width=240, height=alt.Step(22))


def say_publishers(rows: pd.DataFrame, theme: str) -> str:
    """Whose figures those of a theme are for the most part, and how many of them are hedged."""
    total, hedged = rows["total"].sum(), rows["total"].sum() - rows["exact"].sum()
    most = rows.loc[rows["rank"].idxmin()]
    on = f"on {theme}" if theme else "on all themes together"
    return (
        f"Of {total:,} figures {on}, {most['total']:,} ({most['total'] / total:.0%}) were read in documents of "
        f"{most['publisher']}; {hedged:,} ({hedged / total:.0%}) are hedged."
    )


def publisher_explorer(rows: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Whose figures those of `register` are, by theme."""
    themes = {theme: theme for theme in rows["theme"].unique()}
    return Explorer(
        [choice("theme", "Theme", {"All themes": "", **themes})],
        rows=lambda theme: publisher_rows(rows, sources, theme),
        draw=draw_publishers,
        say=say_publishers,
        title="Whose figures are these?",
        subtitle="Figures by publisher of the document. Filled: exact as printed. Hollow: hedged by the source",
        description=(
            "One bar for each of the publishers with most figures of the chosen theme, and one for all others: filled "
            "for the figures that are exact as printed, hollow for those with a hedge."
        ),
        source_ids=rows.loc[rows["qualifier"].notna(), "source_id"],
        sources=sources,
    )
