"""Charts of the claims: one mark a claim, statements that several articles make, and the two well-known puzzles."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, claims, display
from helpers.explorer import Explorer, filter_by
from helpers.timeline import say_day, without_categories

# Letter, shape and colour repeat each other; a claim that cannot be verified is hollow.
LETTERS = {"Supported": "S", "Partly supported": "P", "Contradicted": "C", "Not verifiable": "?"}
FILLS = ["#08519c", "#8a5a00", "#b3261e", "#ffffff"]
INKS = ["#08519c", "#8a5a00", "#b3261e", "#5f6b76"]
SHAPES = ["circle", "square", "diamond", "circle"]
ARTICLE_NAMES = {
    "article-unison-2017": "UNISON South West (August 2017)",
    "article-webster-2019": "Russell Webster (February 2019)",
    "article-newsquest-2019": "Newsquest (February 2019)",
    "article-westcountry-2019": "This is the West Country (February 2019)",
    "article-csw-2019": "Civil Service World (March 2019)",
}
STATEMENTS = {
    "caseload-168": "Up to 168 cases for one officer",
    "caseload-80-100": "80 to 100 cases on average",
    "risk-under-recorded": "Risk recorded too low",
    "staff-cut-third": "Staff cut by a third",
    "through-the-gate-good": "Through the Gate rated Good",
    "courts-distrust": "Little confidence of the courts",
    "immutable-lines": "Immutable lines crossed",
    "plans-without-meeting": "Plans made without a meeting",
    "staff-safety": "Concern for the safety of staff",
    "contracts-end-early": "Contracts to end early",
    "seetec-takes-over": "Seetec takes over",
    "crc-caseload": "People supervised by CRCs",
    "reform-date": "Reform of 2014",
    "split-by-risk": "Cases split by risk",
    "unions-warned": "Unions had warned",
    "working-links-administration": "Working Links in administration",
    "working-links-three-crcs": "Working Links had three CRCs",
}
MOST = 20  # longest row of marks


def claim_rows(checked: pd.DataFrame) -> pd.DataFrame:
    """What the explorer draws: one row per claim, with the columns to filter by and the words of the tooltip."""
    rows = without_categories(checked)
    return pd.DataFrame(
        {
            "claim": rows["claim"],
            "article": rows["article_source_id"].map(ARTICLE_NAMES),
            "speaker": rows["speaker"]
            .replace("the article", "the article itself")
            .map(lambda s: s[:1].upper() + s[1:]),
            "theme": rows["theme"].map(theme_label),
            "outcome": rows["verdict"].map(claims.VERDICTS),
            "figure": rows["figure"],
            "found": rows["found"].fillna("nothing computed"),
            "reason": rows["reason"],
            "origin": rows["shared_origin"].notna().map(claims.ORIGINS),
        }
    )


def theme_label(theme: str) -> str:
    """The theme as a reader sees it."""
    return theme.replace("_", " ").capitalize()


def _colour(values: list[str], legend: bool = True) -> alt.Color:
    letters = json.dumps(LETTERS)
    shown = alt.Legend(title=None, labelExpr=f"({letters})[datum.label] + ': ' + datum.label", symbolSize=220)
    return alt.Color(
        "outcome:N",
        scale=alt.Scale(domain=list(LETTERS), range=values),
        legend=shown if legend else None,
    )


def _marks(base: Any, x: Any, y: Any, tooltip: list[Any], size: int = 330, legend: bool = True) -> alt.LayerChart:
    """A mark with its letter for each row."""
    shape = alt.Shape("outcome:N", scale=alt.Scale(domain=list(LETTERS), range=SHAPES), legend=None)
    stroke = alt.Stroke("outcome:N", scale=alt.Scale(domain=list(LETTERS), range=INKS), legend=None)
    marks = base.mark_point(size=size, strokeWidth=1.5, opacity=1, filled=True).encode(
        x=x, y=y, color=_colour(FILLS, False), stroke=stroke, shape=shape, tooltip=tooltip
    )
    letters = base.transform_calculate(letter=f"({json.dumps(LETTERS)})[datum.outcome]")
    letters = letters.mark_text(fontSize=11, fontWeight=600).encode(
        x=x,
        y=y,
        text=alt.Text("letter:N"),
        color=alt.condition("datum.outcome === 'Not verifiable'", alt.value(charts.INK), alt.value("#ffffff")),
        tooltip=tooltip,
    )
    return marks + letters


def draw_claims(base: alt.Chart) -> alt.VConcatChart:
    """How many claims have each verdict, above one mark per claim in lines by theme."""
    themes = base.data["theme"].value_counts().index.tolist()
    bar_y = alt.Y("outcome:N", title=None, sort=list(LETTERS), scale=alt.Scale(domain=list(LETTERS)),
                  axis=alt.Axis(minExtent=130, domain=False, ticks=False))  # fmt: skip
    counted = base.transform_aggregate(claims="count()", groupby=["outcome"])
    most = int(base.data["outcome"].value_counts().max())
    bars = counted.mark_bar(height=14, strokeWidth=1.5).encode(
        x=alt.X(
            "claims:Q", title="claims chosen", scale=alt.Scale(domain=[0, most + 4]), axis=alt.Axis(tickMinStep=10)
        ),
        y=bar_y,
        color=_colour(FILLS, False),
        stroke=alt.Stroke("outcome:N", scale=alt.Scale(domain=list(LETTERS), range=INKS), legend=None),
        tooltip=[alt.Tooltip("outcome", title="verdict"), "claims:Q"],
    )
    numbers = counted.mark_text(align="left", dx=6, fontWeight=600).encode(
        x=alt.X("claims:Q"), y=bar_y, text=alt.Text("claims:Q")
    )
    placed = base.transform_calculate(rank=f"indexof({json.dumps(list(LETTERS))}, datum.outcome)").transform_window(
        place="row_number()",
        sort=[alt.SortField("rank"), alt.SortField("claim")],
        groupby=["theme"],
    )
    tooltip = [
        alt.Tooltip(column, title=title)
        for column, title in {
            "claim": "claim",
            "speaker": "said by",
            "article": "article",
            "figure": "figure",
            "outcome": "verdict",
            "found": "found in the tables",
            "reason": "reason",
            "origin": "origin",
        }.items()
    ]
    x = alt.X("place:Q", scale=alt.Scale(domain=[0, MOST], nice=False), axis=None)
    y = alt.Y("theme:N", title=None, sort=themes, scale=alt.Scale(domain=themes),
              axis=alt.Axis(minExtent=130, domain=False, ticks=False, grid=True))  # fmt: skip
    marks = _marks(placed, x, y, tooltip, legend=False).properties(width=520, height=alt.Step(27))
    summary = alt.layer(bars, numbers, width=520, height=alt.Step(22))
    return alt.vconcat(
        summary,
        marks,
        spacing=14,
        resolve=alt.Resolve(scale=alt.ScaleResolveMap(color="shared", stroke="shared", shape="shared")),
    )


def claims_explorer(checked: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Every claim as a mark, by article, speaker, theme and verdict.

    checked   rows of `claims.check`
    """
    rows = claim_rows(checked)
    speakers = rows["speaker"].value_counts().index.tolist()
    documents = pd.concat([checked["article_source_id"], checked["evidence_source_ids"].dropna().str.split().explode()])
    return Explorer(
        [
            filter_by("which_article", "Article", "article", list(ARTICLE_NAMES.values()), "All five articles"),
            filter_by("which_speaker", "Who says it", "speaker", speakers, "Everybody"),
            filter_by("which_theme", "Theme", "theme", rows["theme"].value_counts().index.tolist(), "All themes"),
            filter_by("which_verdict", "Verdict", "outcome", list(LETTERS), "All verdicts"),
        ],
        rows=lambda: rows,
        draw=draw_claims,
        say=claims.say_matching,
        title="What did the articles claim, and does it hold?",
        subtitle="One mark a claim, in lines by theme. Letter, shape and colour are the verdict: S supported "
        "(circle), P partly (square), C contradicted (diamond), ? not verifiable (hollow)",
        description="Bars count the chosen claims by verdict; below, one mark stands for each, in lines by theme.",
        source_ids=documents,
        sources=sources,
    )


def _lines(article: str) -> str:
    """The label of an article in three lines, parted by bars."""
    name, month = article.removesuffix(")").split(" (")
    return "|".join([*[*textwrap.wrap(name, 16), " "][:2], month])


def repeated(rows: pd.DataFrame, sources: pd.DataFrame) -> Any:
    """Statements that several articles make: a mark where an article makes it; shaded where all have one origin.

    rows   rows of `claims.repeated`
    """
    rows = rows.assign(
        statement=rows["same_claim"].map(lambda name: STATEMENTS.get(name, name.replace("-", " "))),
        article=rows["article_source_id"].map(ARTICLE_NAMES).map(_lines),
        outcome=rows["verdict"].map(claims.VERDICTS),
        origin=rows["one_origin"].map({True: "one press notice", False: "not known to be one"}),
    )
    order = rows["statement"].drop_duplicates().tolist()
    columns = [_lines(name) for name in ARTICLE_NAMES.values()]
    y = alt.Y(
        "statement:N",
        title=None,
        sort=order,
        axis=alt.Axis(minExtent=190, domain=False, ticks=False, grid=True, zindex=0),
    )
    x = alt.X(
        "article:N",
        title=None,
        sort=columns,
        scale=alt.Scale(domain=columns),
        axis=alt.Axis(
            orient="top", labelExpr="split(datum.label, '|')", labelAngle=0,
            labelPadding=38,
            labelBaseline="top", labelFontSize=10, labelLimit=110,
            domain=False, zindex=0, ticks=False,
        ),
    )  # fmt: skip
    shaded = rows[rows["one_origin"]].drop_duplicates("statement")
    band = alt.Chart(shaded[["statement"]]).mark_rect(color="#e9edf1").encode(y=y)
    label = alt.Chart(shaded[["statement"]]).mark_text(align="left", dx=6, fontSize=11, color=charts.MUTED)
    label = label.encode(x=alt.XValue(500), y=y, text=alt.TextValue("one origin"))
    tooltip = [
        alt.Tooltip("statement:N"),
        alt.Tooltip("outcome:N", title="verdict"),
        alt.Tooltip("origin:N"),
    ]
    drawn = rows[["statement", "article", "outcome", "origin"]]
    marks = _marks(alt.Chart(drawn), x, y, tooltip, 300, legend=False)
    groups = rows.drop_duplicates("statement")
    one = int(groups["one_origin"].sum())
    chart = alt.layer(band, marks, label, width=500, height=alt.Step(26))
    return charts.publish(
        chart,
        title=f"{one} of {len(groups)} statements that several articles make have one origin",
        subtitle="Shaded: every article that makes the statement leans on the same press notice. S supported, "
        "P partly, C contradicted, ? not verifiable",
        description=f"{len(groups)} statements by article; {one} are shaded because all articles that make them "
        "go back to one press notice.",
        source_ids=[*rows["article_source_id"], *rows["evidence_source_ids"].str.split().explode()],
        sources=sources,
    )


def inadequate(rows: pd.DataFrame, sources: pd.DataFrame) -> Any:
    """The three counts side by side: one square for each CRC or inspection counted, filled where found wanting."""
    labels = [f"{row.what}|{row.low} of {row.of}, {row.basis}" for row in rows.itertuples()]
    squares = pd.DataFrame(
        [
            {"count": label, "place": place, "counted": "found wanting" if place <= row.low else "not"}
            for label, row in zip(labels, rows.itertuples())
            for place in range(1, row.of + 1)
        ]
    )
    domain = ["found wanting", "not"]
    chart = (
        alt.Chart(squares)
        .mark_point(shape="square", size=230, strokeWidth=1.5, opacity=1, filled=True)
        .encode(
            x=alt.X("place:Q", axis=None, scale=alt.Scale(domain=[0, int(rows["of"].max()) + 1], nice=False)),
            y=alt.Y(
                "count:N",
                title=None,
                sort=labels,
                axis=alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=330, domain=False, ticks=False),
            ),
            color=alt.Color("counted:N", scale=alt.Scale(domain=domain, range=["#8c2d04", "#ffffff"]), legend=None),
            stroke=alt.Stroke("counted:N", scale=alt.Scale(domain=domain, range=["#8c2d04", charts.RULE]), legend=None),
            tooltip=[alt.Tooltip("counted")],
        )
        .properties(width=430, height=alt.Step(48))
    )
    said = "; ".join(f"{row.what.lower()}, {row.low} of {row.of}" for row in rows.itertuples())
    return charts.publish(
        chart,
        title="Three counts of CRCs, on three bases",
        subtitle="One square for each CRC or inspection counted; filled: found wanting on that basis",
        description=f"Squares, filled for those found wanting: {said}.",
        source_ids=rows["source_id"],
        sources=sources,
    )


def totals(rows: pd.DataFrame, sources: pd.DataFrame) -> Any:
    """People supervised, by source: a filled point for a number, hollow for a rounded one, an arrow for a bound.

    rows   rows of `staffing.rival_totals`
    """
    publishers = sources.set_index("source_id")["publisher"]
    up = rows["qualifier"].isin(["more_than", "at_least"])
    drawn = pd.DataFrame(
        {
            "who": [
                f"{publishers[row.source_id]}|{say_day(row.date, row.date_precision)}" for row in rows.itertuples()
            ],
            "people": rows["value"],
            "end": rows["value"] + up * 900,
            "hedge": rows["qualifier"].where(~up, "bound"),
            "words": [display.hedged(v, q) for v, q in zip(rows["value"], rows["qualifier"])],
            "source": rows["source_id"].map(sources.set_index("source_id")["title"]),
        }
    )
    base = alt.Chart(drawn)
    y = alt.Y(
        "who:N",
        title=None,
        sort=drawn["who"].tolist(),
        axis=alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=330, domain=False, ticks=False, grid=True),
    )
    low, high = int(rows["value"].min()) // 1000 * 1000 - 1000, int(rows["value"].max()) // 1000 * 1000 + 5000
    x = alt.X("people:Q", title="people supervised", scale=alt.Scale(domain=[low, high], zero=False, nice=False))
    tooltip = [alt.Tooltip("words", title="people"), alt.Tooltip("source")]
    points = base.transform_filter("datum.hedge !== 'bound'").mark_point(size=110, strokeWidth=2, color=charts.INK)
    points = points.encode(
        x=x,
        y=y,
        fillOpacity=alt.condition("datum.hedge === 'exact'", alt.value(1), alt.value(0)),
        stroke=alt.StrokeValue(charts.INK),
        tooltip=tooltip,
    )
    bounds = base.transform_filter("datum.hedge === 'bound'")
    tails = bounds.mark_rule(strokeWidth=2, color=charts.INK).encode(x=x, x2=alt.X2("end:Q"), y=y, tooltip=tooltip)
    starts = bounds.mark_tick(thickness=3, size=14, color=charts.INK).encode(x=x, y=y, tooltip=tooltip)
    heads = bounds.mark_point(shape="triangle-right", size=80, color=charts.INK, opacity=1).encode(
        x=alt.X("end:Q"), y=y
    )
    text = base.mark_text(align="left", dx=10).encode(x=alt.X("end:Q"), y=y, text=alt.Text("words"))
    chart = alt.layer(tails, starts, heads, points, text, width=430, height=alt.Step(44))
    return charts.publish(
        chart,
        title="How many people were on probation in September 2018?",
        subtitle="People supervised, as published, by source. Hollow: rounded. Arrow: more than this. The axis does "
        "not start at 0",
        description="Totals of people supervised by source: "
        + "; ".join(f"{who.replace('|', ', ')}: {words}" for who, words in zip(drawn["who"], drawn["words"]))
        + ".",
        source_ids=rows["source_id"],
        sources=sources,
    )
