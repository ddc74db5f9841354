"""Charts of what evidence is here and what is missing. Rows come from helpers.coverage."""

from __future__ import annotations

import altair as alt
import pandas as pd

from helpers import charts
from helpers.explorer import Explorer, choice, filter_by

KNOWN, MISSING = "#0b6e4f", "#ffffff"
ORDERS = {"As listed by theme": "theme", "Most missing first": "missing", "Most known first": "known"}


def coverage_rows(coverage: pd.DataFrame, order: str) -> pd.DataFrame:
    """The rows of `coverage.coverage` in the order chosen: theme, measure, known, possible, share_percent, text, rank.

    order   theme (as listed), missing (largest share missing first) or known (largest share known first)
    """
    keys = {"theme": None, "missing": True, "known": False}
    rows = coverage.drop(columns=["missing_ids", "missing"])
    if keys[order] is not None:
        rows = rows.sort_values("share_percent", ascending=keys[order], kind="stable")
    text = [f"{known:,} of {possible:,}" for known, possible in zip(rows["known"], rows["possible"])]
    return rows.assign(text=text, rank=range(len(rows)), share_percent=rows["share_percent"].round(1))


def draw_coverage(base: alt.Chart) -> alt.LayerChart:
    """Bars of the share known, hollow to the full length, with the counts in words at the end."""
    order = alt.EncodingSortField("rank", op="min", order="ascending")
    y = alt.Y("measure:N", title=None, sort=order, axis=alt.Axis(labelLimit=330, minExtent=330))
    share = alt.X(
        "share_percent:Q",
        title="share of what would be needed that is here (percent)",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(values=[0, 25, 50, 75, 100]),
    )
    whole = base.mark_bar(height=13, color=MISSING, stroke=charts.RULE, strokeWidth=1).encode(
        x=alt.X(datum=0), x2=alt.X2(datum=100), y=y
    )
    tooltip = [
        alt.Tooltip("theme"),
        alt.Tooltip("measure"),
        alt.Tooltip("text"),
        alt.Tooltip("share_percent", title="percent"),
    ]
    known = base.mark_bar(height=13, color=KNOWN).encode(x=share, y=y, tooltip=tooltip)
    text = base.mark_text(align="left", dx=6, fontSize=12).encode(x=alt.X(datum=100), y=y, text=alt.Text("text"))
    return alt.layer(whole, known, text, width=260, height=alt.Step(22))


def say_rows(rows: pd.DataFrame, **_: str) -> str:
    """How much of the chosen evidence is here, and where most and least of it is missing."""
    least, most = rows.loc[rows["share_percent"].idxmin()], rows.loc[rows["share_percent"].idxmax()]
    if len(rows) == 1:
        return f"{least['measure']}: {least['text']}."
    return (
        f"Of {len(rows)} things counted, {int((rows['known'] == rows['possible']).sum())} are complete. "
        f"Least is known of {least['measure']} ({least['text']}), most of {most['measure']} ({most['text']})."
    )


def coverage_explorer(coverage: pd.DataFrame, source_ids: pd.Series, sources: pd.DataFrame) -> Explorer:
    """What is here and what is missing, by theme and in the order that the reader chooses."""
    themes = {theme: theme for theme in coverage["theme"].unique()}
    return Explorer(
        [
            filter_by("subject", "Theme", "theme", themes, "All themes"),
            choice("order", "Order", ORDERS),
        ],
        rows=lambda order: coverage_rows(coverage, order),
        draw=draw_coverage,
        say=say_rows,
        title="How much of the evidence is here?",
        subtitle="Filled: known. Hollow: missing. Counted from the tables of this collection",
        description="One bar for each kind of evidence: filled for the share that is here, hollow for what is missing.",
        source_ids=source_ids,
        sources=sources,
    )
