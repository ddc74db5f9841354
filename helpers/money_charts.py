"""Charts of notebook 07: figures with their period and source, and the explorer from plan to outcome."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, money
from helpers.explorer import Explorer, choice, filter_by

# A figure is a row of three columns: what it is, its mark on the axis, and the figure in words.
LEFT, RIGHT, WORDS = 312, 506, 536
ROW = 54
STAGES = {
    money.PLANNED: ("#7b4fa3", "circle"),
    money.FORECAST: ("#8a6d00", "diamond"),
    money.OUTCOME: ("#1f2933", "square"),
}
BODIES = {body: (charts.BODIES[body], charts.BODY_SHAPES[body]) for body in ("CRC", "NPS")}
TINTS = ("#eef1f4", "#fbf3e4")
UNITS = {
    money.POUNDS: "million pounds",
    money.PERCENT: "%",
    money.POINTS: "percentage points",
    money.COUNT: "CRCs of 21",
}
THEMES = {
    "Contract value": "contract value",
    "Volumes and fixed costs": "volumes",
    "Profits and losses": "profits and losses",
    "Extra payments": "extra payments",
    "Cost against plan": "cost against plan",
    "Penalties": "penalties",
    "Service levels": "service levels",
    "Reoffending: fall in the binary rate": "reoffending: fall in the binary rate",
    "Reoffending: CRCs that met a test": "reoffending: CRCs by test",
}
DRAWN = ["slot", "label", "position", "words", "mark", "rivals", "unit", "stage", "body", "path"]


def _publishers(rows: pd.DataFrame, sources: pd.DataFrame) -> pd.Series:
    """Who published each row's source, without the remark on where it was read."""
    names = rows["source_id"].map(sources.set_index("source_id")["publisher"]).astype(str)
    return names.str.replace(r" \(.*\)", "", regex=True)


def _label(what: str, period: str, publisher: str) -> str:
    """What a figure is, its period and publisher, broken into lines of the left column."""
    below = f"{period[0].upper()}{period[1:]} · {publisher}"
    return "\n".join([*charts.wrap(what, 50), *charts.wrap(below, 50)])


def _labels(base: alt.Chart, y: alt.Y) -> alt.Chart:
    """The left column: lines centred on their row."""
    dy = alt.expr("-7 * (length(split(datum.label, '\\n')) - 1)")
    return base.mark_text(align="left", lineBreak="\n", lineHeight=14, baseline="middle", dy=dy).encode(
        x=alt.XValue(0), y=y, text=alt.Text("label:N")
    )


def _rows(rows: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """The columns that are drawn."""
    unit = rows["unit"].map(UNITS).fillna(UNITS[money.PERCENT])
    lost = (rows["position"] < 0).groupby(rows.get("path", unit)).transform("any")
    shown = rows.assign(
        label=[_label(*cells) for cells in zip(rows["what"], rows["period"], _publishers(rows, sources))],
        unit=unit.mask(lost, unit + ", losses left of zero"),
        mark=rows["arrow"].where(rows["arrow"] != "", rows["hollow"].map({True: "hollow", False: "exact"})),
    )
    return shown[[column for column in DRAWN if column in shown]]


def _draw(base: alt.Chart, by: str = "stage") -> alt.LayerChart:
    """Rows of `_rows`: lollipops from zero, hollow where hedged, an arrow where the true value lies beyond."""
    look = STAGES if by == "stage" else BODIES
    looks = [name for name in look if name in set(base.data[by])]
    colours, shapes = zip(*(look[name] for name in looks))
    y = alt.Y("slot:O", axis=None, scale=alt.Scale(type="band", padding=0))
    x = alt.X(
        "position:Q",
        title=None,
        scale=alt.Scale(range=[LEFT, RIGHT], zero=True, nice=True),
        axis=alt.Axis(tickCount=4, format=",~f"),
    )
    colour = alt.Color(f"{by}:N", title=None, scale=alt.Scale(domain=looks, range=colours))
    shape = alt.Shape(f"{by}:N", title=None, scale=alt.Scale(domain=looks, range=shapes))
    known = base.transform_filter("isValid(datum.position)")
    rival = base.transform_filter("datum.rivals !== ''")
    bound = known.transform_filter("datum.mark === 'left' || datum.mark === 'right'")
    left = "datum.mark === 'left'"
    tint = alt.when("indexof('ACE', datum.rivals) >= 0").then(alt.value(TINTS[0])).otherwise(alt.value(TINTS[1]))
    return alt.layer(
        rival.mark_rect().encode(x=alt.XValue(0), x2=alt.X2Value(charts.WIDTH), y=y, color=tint),
        known.mark_rule(strokeWidth=2).encode(x=x, x2=alt.X2Datum(0), y=y, color=colour),
        known.mark_point(size=130, opacity=1).encode(
            x=x,
            y=y,
            color=colour,
            shape=shape,
            tooltip=[alt.Tooltip("label:N", title="What"), alt.Tooltip("words:N", title="Figure")],
        ),
        known.transform_filter("datum.mark !== 'exact'")
        .mark_point(size=50, opacity=1, color="white")
        .encode(x=x, y=y, shape=shape),
        bound.mark_point(
            shape=alt.expr(f"{left} ? 'triangle-left' : 'triangle-right'"),
            xOffset=alt.expr(f"{left} ? -15 : 15"),
            size=110,
            opacity=1,
        ).encode(x=x, y=y, color=colour),
        _labels(base, y),
        base.mark_text(align="left", fontWeight=600).encode(x=alt.XValue(WORDS), y=y, text=alt.Text("words:N")),
        rival.transform_calculate(rival="'rival ' + datum.rivals")
        .mark_text(align="left", dy=15, color=charts.MUTED)
        .encode(x=alt.XValue(WORDS), y=y, text=alt.Text("rival:N")),
        base.transform_filter("!isValid(datum.position)")
        .mark_text(align="left", fontWeight=600, text="?", fontSize=15)
        .encode(x=alt.XValue(LEFT), y=y),
        base.transform_aggregate(groupby=["unit"])
        .mark_text(align="left", baseline="bottom", color=charts.MUTED)
        .encode(x=alt.XValue(LEFT), y=alt.YValue(-4), text=alt.Text("unit:N")),
        width=charts.WIDTH,
        height=alt.Step(ROW),
    )


HOW = "Hollow: a hedged figure; an arrow points to where the true value lies. Shaded with one letter: rivals."


def figures(rows: pd.DataFrame, sources: pd.DataFrame, *, title: str, description: str, by: str = "stage") -> Any:
    """Figures one below the other with period, publisher and hedge; rows from `money.path` and its like."""
    drawn = _rows(rows, sources)
    return charts.publish(
        _draw(alt.Chart(drawn), by),
        title=title,
        subtitle=HOW,
        description=f"{description} " + "; ".join(rows["what"] + ": " + rows["words"]) + ".",
        source_ids=rows["source_id"],
        sources=sources,
    )


def from_plan_to_outcome(figures: pd.DataFrame, sources: pd.DataFrame) -> Explorer:
    """Choose a theme: what was planned, what was forecast later and what came out, with rival figures."""
    rows = money.paths(figures)
    drawn = _rows(rows, sources)
    # The sentences need what the chart does not: which figure stands for its stage.
    told = rows.set_index(["path", "slot"])

    def say(shown: pd.DataFrame, theme: str, made: str) -> str:
        return money.say_path(told.loc[[(theme, slot) for slot in shown["slot"]]].reset_index(), made)

    return Explorer(
        controls=[
            choice("theme", "What to follow", THEMES),
            filter_by(
                "made",
                "When the figure was made",
                "stage",
                {"Planned": money.PLANNED, "Forecast later": money.FORECAST, "Outcome": money.OUTCOME},
                "At any stage",
            ),
        ],
        rows=lambda theme: drawn[drawn["path"] == theme].drop(columns="path"),
        draw=_draw,
        say=say,
        title="From plan to outcome: what was promised, expected later, and delivered?",
        subtitle=HOW,
        description=(
            "Figures of the chosen theme one below the other in order of date, with period and publisher; circles were "
            "planned, diamonds forecast later, squares are outcomes. Rivals are shaded. Choose a theme and a stage."
        ),
        sources=sources,
        source_ids=rows["source_id"],
    )


def volume_ranges(rows: pd.DataFrame, sources: pd.DataFrame, title: str) -> Any:
    """How far paid volumes were below plan, from the least to the most affected CRC; rows of `money.volume_ranges`."""
    drawn = rows.assign(
        label=rows["period"] + " · rival " + rows["rivals"] + "\n" + _publishers(rows, sources),
        words=rows["words"].where(rows["low"].notna(), rows["words"] + ", largest only"),
    )[["slot", "label", "low", "high", "words", "arrow", "hollow"]]
    base = alt.Chart(drawn)
    y = alt.Y("slot:O", axis=None, scale=alt.Scale(type="band", padding=0))
    scale = alt.Scale(domain=[0, 65], nice=False, range=[210, charts.WIDTH])
    high = alt.X(
        "high:Q", scale=scale, title="Paid volumes below plan (%), by CRC", axis=alt.Axis(values=[*range(0, 61, 10)])
    )
    low = alt.X("low:Q", scale=scale)
    colour = charts.BODIES["CRC"]
    exact, hedged = base.transform_filter("!datum.hollow"), base.transform_filter("datum.hollow")
    chart = alt.layer(
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=6, opacity=0.45, color=colour)
        .encode(x=low, x2=alt.X2("high"), y=y),
        base.transform_filter("isValid(datum.low)")
        .mark_point(shape="square", size=110, color=colour, opacity=1)
        .encode(x=low, y=y),
        exact.mark_point(shape="square", size=110, color=colour, opacity=1).encode(x=high, y=y),
        hedged.mark_point(shape="square", size=110, fill="white", stroke=colour, strokeWidth=2, opacity=1).encode(
            x=high, y=y
        ),
        hedged.transform_filter("datum.arrow === 'left'")
        .mark_point(shape="triangle-left", xOffset=-14, size=70, color=colour, opacity=1)
        .encode(x=high, y=y),
        base.mark_text(align="left", dx=12, fontWeight=600).encode(x=high, y=y, text=alt.Text("words:N")),
        _labels(base, y),
        width=charts.WIDTH,
        height=alt.Step(48),
    )
    return charts.publish(
        chart,
        title=title,
        subtitle=(
            "Zero is the plan. The bar runs from the CRC with the smallest shortfall to the one with the largest. "
            "Rows with the same letter are rivals: different statements of one thing."
        ),
        description="Shortfall of paid volumes: " + "; ".join(rows["period"] + ", " + drawn["words"]) + ".",
        source_ids=rows["source_id"],
        sources=sources,
    )


def stated_sums(rows: pd.DataFrame, sources: pd.DataFrame) -> Any:
    """The parts of each published total, end to end, as % of that total; rows of `money.stated_sums`."""
    totals = rows.drop_duplicates("total_id")
    agree = int(totals["agrees"].sum())
    part = rows.groupby("total_id").cumcount() % 2 == 0
    drawn = rows.assign(
        label=rows["total"].str.replace(": £", ":\n£", regex=False),
        middle=(rows["share_start"] + rows["share_end"]) / 2,
        words=rows["value"].map(lambda value: f"{value:,g}"),
        part=part.map({True: "odd", False: "even"}),
        order=rows["total_id"].map({name: place for place, name in enumerate(totals["total_id"])}),
    )[["order", "label", "share_start", "share_end", "middle", "words", "part", "what", "period"]]
    base = alt.Chart(drawn)
    scale = alt.Scale(domain=[0, 100], range=[LEFT, charts.WIDTH])
    y = alt.Y("order:O", axis=None, scale=alt.Scale(type="band", padding=0.25))
    colour = alt.Color("part:N", legend=None, scale=alt.Scale(domain=["odd", "even"], range=["#4b5563", "#6b5b95"]))
    tooltip = [
        alt.Tooltip("what:N", title="Part"),
        alt.Tooltip("period:N", title="Period"),
        alt.Tooltip("words:N", title="GBP million"),
    ]
    chart = alt.layer(
        base.mark_bar(stroke="white", strokeWidth=2).encode(
            x=alt.X("share_start:Q", scale=scale, title="Share of the total stated (%)"),
            x2=alt.X2("share_end"),
            y=y,
            color=colour,
            tooltip=tooltip,
        ),
        base.mark_text(color="white", fontWeight=600).encode(
            x=alt.X("middle:Q", scale=scale), y=y, text=alt.Text("words:N")
        ),
        _labels(base.transform_aggregate(groupby=["order", "label"]), y),
        width=charts.WIDTH,
        height=alt.Step(64),
    )
    return charts.publish(
        chart,
        title=f"{agree} of {len(totals)} published totals are the sum of their published parts",
        subtitle="Parts in million pounds, end to end. A bar that stops short of 100% or runs past it does not add up.",
        description="Bars of parts against totals. " + " ".join(money.say_sums(rows)),
        source_ids=[*rows["source_id"], *totals["total_source_id"]],
        sources=sources,
    )
