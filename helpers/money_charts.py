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
TINTS = {True: "#eef1f4", False: "#fbf3e4"}
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
DRAWN = [
    *("slot", "label", "position", "words", "arrow", "hollow", "rivals", "unit", "period", "note", "source_id"),
    *("stage", "body", "path"),
]


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
        x=alt.value(0), y=y, text="label:N"
    )


def _rows(rows: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """The columns that are drawn."""
    publisher = _publishers(rows, sources)
    unit = rows["unit"].map(UNITS).fillna(UNITS[money.PERCENT])
    lost = (rows["position"] < 0).groupby(rows.get("path", unit)).transform("any")
    shown = rows.assign(
        label=[_label(*cells) for cells in zip(rows["what"], rows["period"], publisher)],
        unit=unit.mask(lost, unit + ", losses left of zero"),
        note=rows["note"].fillna(""),
        tint=rows["rivals"].map(lambda letter: "" if letter == "" else TINTS[ord(letter) % 2 == 1]),
        publisher=publisher,
    )
    return shown[[*(column for column in DRAWN if column in shown), "tint", "publisher"]]


def _draw(base: alt.Chart, by: str = "stage") -> alt.LayerChart:
    """Rows of `_rows`: lollipops from zero, hollow where hedged, an arrow where the true value lies beyond."""
    look = STAGES if by == "stage" else BODIES
    looks = [name for name in look if name in set(base.data[by])]
    y = alt.Y("slot:O", axis=None, scale=alt.Scale(type="band", padding=0))
    x = alt.X(
        "position:Q",
        title=None,
        scale=alt.Scale(range=[LEFT, RIGHT], zero=True, nice=True),
        axis=alt.Axis(tickCount=4, format=",~f"),
    )
    colour = alt.Color(f"{by}:N", title=None, scale=alt.Scale(domain=looks, range=[look[name][0] for name in looks]))
    shape = alt.Shape(f"{by}:N", title=None, scale=alt.Scale(domain=looks, range=[look[name][1] for name in looks]))
    tooltip = [
        alt.Tooltip("label:N", title="What"),
        alt.Tooltip("words:N", title="Figure"),
        alt.Tooltip("period:N", title="Period"),
        alt.Tooltip("note:N", title="Note"),
        alt.Tooltip("publisher:N", title="Source"),
    ]
    start, end = alt.value(0), alt.value(charts.WIDTH)
    known = base.transform_filter("isValid(datum.position)")
    marks = known.encode(x=x, y=y, color=colour, tooltip=tooltip)
    layers = [
        base.transform_filter("datum.tint !== ''")
        .mark_rect()
        .encode(x=start, x2=end, y=y, color=alt.Color("tint:N", scale=None)),
        known.mark_rule(strokeWidth=2).encode(x=x, x2=alt.datum(0), y=y, color=colour),
        marks.transform_filter("!datum.hollow").mark_point(size=110, opacity=1).encode(shape=shape),
        marks.transform_filter("datum.hollow")
        .mark_point(size=110, filled=True, fill="white", strokeWidth=2, opacity=1)
        .encode(shape=shape, fill=alt.value("white"), stroke=colour, color=alt.Undefined),
    ]
    for way, sign in (("left", -1), ("right", 1)):
        there = marks.transform_filter(f"datum.arrow === '{way}'")
        layers.append(there.mark_point(shape=f"triangle-{way}", xOffset=sign * 15, size=110, opacity=1))
    layers += [
        _labels(base, y),
        base.mark_text(align="left", fontWeight=600).encode(x=alt.value(WORDS), y=y, text="words:N"),
        base.transform_filter("datum.rivals !== ''")
        .transform_calculate(rival="'rival ' + datum.rivals")
        .mark_text(align="left", dy=15, color=charts.MUTED)
        .encode(x=alt.value(WORDS), y=y, text="rival:N"),
        base.transform_filter("!isValid(datum.position)")
        .mark_text(align="left", fontWeight=600, text="?", fontSize=15)
        .encode(x=alt.value(LEFT), y=y),
        base.transform_aggregate(groupby=["unit"])
        .mark_text(align="left", baseline="bottom", color=charts.MUTED)
        .encode(x=alt.value(LEFT), y=alt.value(-4), text="unit:N"),
    ]
    return alt.layer(*layers).properties(width=charts.WIDTH, height=alt.Step(ROW))


HOW = (
    "Filled mark: exact. Hollow: hedged; an arrow points to where the true value lies. Question mark: no known "
    "denominator. Shaded rows with the same letter: rivals, that is, different statements of one thing."
)


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

    def compute(theme: str) -> pd.DataFrame:
        chosen = drawn[drawn["path"] == theme]
        return chosen.assign(has_rival=chosen["rivals"].ne("").map({True: "yes", False: "no"}))

    def say(shown: pd.DataFrame, theme: str, stage: str, only_rivals: str) -> str:
        keys = list(zip(shown["path"], shown["slot"]))
        return money.say_path(told.loc[keys].reset_index(), stage=stage, rivals=only_rivals)

    return Explorer(
        controls=[
            choice("theme", "What to follow", THEMES),
            filter_by(
                "stage",
                "When the figure was made",
                "stage",
                {"Planned": money.PLANNED, "Forecast later": money.FORECAST, "Outcome": money.OUTCOME},
                "At any stage",
            ),
            filter_by("only_rivals", "Figures", "has_rival", {"Only those with a rival": "yes"}, "All figures"),
        ],
        compute=compute,
        draw=_draw,
        say=say,
        title="From plan to outcome: what was promised, expected later, and delivered?",
        subtitle=HOW,
        description=(
            "Figures of the chosen theme one below the other in order of date, with period and publisher; circles were "
            "planned, diamonds forecast later, squares are outcomes. Choose a theme, a stage, or only rival figures."
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
        .encode(x=low, x2="high", y=y),
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
        base.mark_text(align="left", dx=12, fontWeight=600).encode(x=high, y=y, text="words:N"),
        _labels(base, y),
    ).properties(width=charts.WIDTH, height=alt.Step(48))
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
            x2="share_end",
            y=y,
            color=colour,
            tooltip=tooltip,
        ),
        base.mark_text(color="white", fontWeight=600).encode(x=alt.X("middle:Q", scale=scale), y=y, text="words:N"),
        _labels(base.transform_aggregate(groupby=["order", "label"]), y),
    ).properties(width=charts.WIDTH, height=alt.Step(64))
    return charts.publish(
        chart,
        title=f"{agree} of {len(totals)} published totals are the sum of their published parts",
        subtitle="Parts in million pounds, end to end. A bar that stops short of 100% or runs past it does not add up.",
        description="Bars of parts against totals. " + " ".join(money.say_sums(rows)),
        source_ids=[*rows["source_id"], *totals["total_source_id"]],
        sources=sources,
    )


def distance_from_target(rows: pd.DataFrame, sources: pd.DataFrame) -> Any:
    """Results of single measures against their target (percentage points); rows of `money.distance_from_target`."""
    drawn = rows.assign(
        words=rows["value"].map("{:+.0f}".format).str.replace("-", "−"),
        label=[_label(*cells) for cells in zip(rows["what"], rows["period"], _publishers(rows, sources))],
    )[["label", "value", "words"]]
    base = alt.Chart(drawn)
    y = alt.Y("label:N", axis=None, sort=drawn["label"].tolist(), scale=alt.Scale(type="band", padding=0.3))
    scale = alt.Scale(domain=[-25, 0], nice=False, range=[LEFT + 10, charts.WIDTH])
    x = alt.X("value:Q", title="Percentage points from target (0 is on target)", scale=scale)
    least, most = rows["value"].abs().min(), rows["value"].abs().max()
    return charts.publish(
        alt.layer(
            base.mark_bar(color=charts.BODIES["CRC"]).encode(x=x, y=y),
            base.mark_text(align="right", dx=-5, fontWeight=600).encode(x=x, y=y, text="words:N"),
            _labels(base, y),
        ).properties(width=charts.WIDTH, height=alt.Step(52)),
        title=f"{len(rows)} measures of the CRCs were {least:.0f} to {most:.0f} points below target",
        subtitle="All CRCs together.",
        description="Bars left of zero: " + "; ".join(rows["what"] + ", " + drawn["words"]) + " points.",
        source_ids=rows["source_id"],
        sources=sources,
    )
