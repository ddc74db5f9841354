"""The official files of a reader, drawn: interim results, data tool and overview of the Ministry of Justice.

Each is read and checked by helpers.official_files first, and used whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, display, official_files, reoffending
from helpers.explorer import Explorer, choice

POSITIONS = ["below 99.8%", "below 95%", "within limits", "above 95%", "above 99.8%"]
PEOPLE = {"all": "all offenders", "adult": "adults", "juvenile": "juveniles"}


def official_source(kind: str) -> pd.DataFrame:
    """The row of sources for a downloaded file, which the table sources does not have to hold."""
    file = asdict(official_files.OFFICIAL_FILES[kind])
    row = {"source_id": f"official-{kind}", "publisher": "Ministry of Justice", "url_kind": "page"}
    return pd.DataFrame([{**row, "title": file["title"], "url": file["address"]}])


def funnel(path: Path | None) -> Any:
    """The funnel plot of the CRCs of each interim cohort, or which file to get where path is None.

    Raises OfficialFileError for a faulty file.
    """
    if path is None:
        return display.findings(official_files.where_to_get("interim_results"))
    table = official_files.read_interim_results(path)
    rows = [reoffending.funnel(cohort) for _, cohort in table.groupby("date", sort=True)]
    return charts.publish(
        alt.vconcat(*(funnel_panel(cohort) for cohort in rows)),
        title="Which CRCs lie outside the funnel?",
        subtitle="\n".join(f"{cohort['cohort'].iloc[0]}, interim: {cohort_in_words(cohort)}" for cohort in rows),
        description=" ".join(
            f"Funnel plot of the interim rate by cohort size, {cohort['cohort'].iloc[0]}. {cohort_in_words(cohort)}"
            for cohort in rows
        ),
        source_ids=["official-interim_results"],
        sources=official_source("interim_results"),
    )


def cohort_in_words(funnel_rows: pd.DataFrame) -> str:
    """The finding of one funnel, which CRCs are unknown and why, and what the file remarks on the others."""
    said, unknown = [funnel_in_words(funnel_rows)], funnel_rows["rate"].isna()
    remarks = rate_remarks(funnel_rows)
    for lead, rows in (("Unknown", unknown), ("Remarks of the file", ~unknown & (remarks != ""))):
        names = funnel_rows["name"][rows].groupby(remarks[rows], sort=False).agg(", ".join)
        if len(names):
            said.append(f"{lead}: {'; '.join(f'{crcs} ({remark})' for remark, crcs in names.items())}.")
    return " ".join(said)


def rate_remarks(rows: pd.DataFrame, counts: Sequence[str] = ("offenders", "reoffenders")) -> pd.Series:
    """What an official file says of the counts behind each rate, by default the binary; empty where it says nothing.

    Of an unknown rate only what is said of its unknown counts: the reason.
    rows need offenders, the counts, and the remark of each count, such as offenders_remark.
    """
    unknown = rows[list(counts)].isna()
    beside = ~unknown & unknown.any(axis=1).to_numpy()[:, None]
    remarks = rows[[f"{count}_remark" for count in counts]].astype(object).mask(beside.to_numpy(), "")
    remarks = remarks.agg(official_files.join_remarks, axis=1)
    return remarks.mask((rows["offenders"] == 0).fillna(False).astype(bool), "no offenders")


def funnel_panel(funnel_rows: pd.DataFrame) -> alt.LayerChart:
    """Points, limits and common rate of one cohort (rows of reoffending.funnel)."""
    known = funnel_rows.dropna(subset=["rate"])
    points = known[["name", "offenders", "rate", "position"]]
    limits = reoffending.funnel_curve(known).melt(
        "offenders", ["lower_95", "upper_95", "lower_99_8", "upper_99_8"], "limit", "percent"
    )
    limits["level"] = limits["limit"].str.replace(r"^\w+?_", "", regex=True).str.replace("_", ".") + "%"
    shown = [points["rate"].min(), points["rate"].max(), limits["percent"].min(), limits["percent"].max()]
    across = alt.X("offenders:Q", title="Offenders in the measurable cohort", scale=alt.Scale(zero=False, nice=False))
    scale = alt.Scale(domain=[max(0, min(shown) - 1), min(100, max(shown) + 1)], zero=False)
    up = alt.Y("rate:Q", title="Interim binary rate (%)", scale=scale)
    curves = (
        alt.Chart(limits)
        .mark_line(color=charts.RULE, strokeWidth=1.2)
        .encode(
            across,
            alt.Y("percent:Q", scale=scale),
            detail=alt.Detail("limit:N"),
            strokeDash=alt.StrokeDash(
                "level:N", title="Limits", scale=alt.Scale(domain=["95%", "99.8%"], range=[[4, 3], [1, 0]])
            ),
        )
    )
    target = alt.Chart(known.iloc[:1][["target"]]).mark_rule(color=charts.INK).encode(alt.Y("target:Q", scale=scale))
    base = alt.Chart(points)
    marks = base.mark_point(opacity=1, stroke=charts.BODIES["CRC"], strokeWidth=1.5, size=60).encode(
        across,
        up,
        alt.Shape(
            "position:N",
            title="CRC",
            scale=alt.Scale(
                domain=POSITIONS, range=["triangle-down", "triangle-down", "circle", "triangle-up", "triangle-up"]
            ),
            legend=None,
        ),
        fill=alt.condition("datum.position === 'within limits'", alt.value("white"), alt.value(charts.BODIES["CRC"])),
        tooltip=[
            alt.Tooltip("name:N", title="CRC"),
            alt.Tooltip("rate:Q", title="Interim binary rate (%)", format=".2f"),
            alt.Tooltip("offenders:Q", title="Offenders", format=","),
            alt.Tooltip("position:N", title="Position"),
        ],
    )
    names = base.transform_filter("datum.position !== 'within limits'").mark_text(align="left", dx=8, fontSize=11)
    return alt.layer(
        curves,
        target,
        marks,
        names.encode(across, up, text=alt.Text("name:N")),
        width=520,
        height=280,
        title=f"Cohort {funnel_rows['cohort'].iloc[0]}, interim",
    )


def headline(path: Path | None, national: pd.DataFrame) -> Any:
    """Both rates of all, adults and juveniles from the data tool, checked against the figures kept here.

    Or which file to get where path is None. Raises OfficialFileError for a faulty file.
    """
    if path is None:
        return display.findings(official_files.where_to_get("data_tool"))
    rows = official_files.headline(official_files.read_data_tool(path))
    checked = reoffending.check_headline(rows, national)
    differ = int((checked["difference"] != 0).sum())
    low, high = reoffending.wilson_interval(rows["reoffenders"], rows["offenders"])
    rows = rows.assign(
        low=low, high=high, cohort=reoffending.short(rows["cohort"]), people=rows["population"].map(PEOPLE)
    )
    rows = rows.assign(remark=rate_remarks(rows, official_files.COUNTS))
    rows = rows[["people", "cohort", "binary_rate", "low", "high", "frequency_rate", "offenders", "remark"]]
    base = alt.Chart(rows)
    across = alt.X("cohort:O", title="Cohort")
    colour = alt.Color(
        "people:N", title=None, scale=alt.Scale(domain=list(PEOPLE.values()), range=[charts.INK, "#0f766e", "#a21c63"])
    )
    shape = alt.Shape("people:N", title=None, scale=alt.Scale(domain=list(PEOPLE.values())))

    def panel(field: str, title: str) -> alt.LayerChart:
        up = alt.Y(f"{field}:Q", title=title, scale=alt.Scale(zero=False))
        layers = [
            base.mark_line().encode(across, up, colour),
            base.mark_point(opacity=1).encode(
                across,
                up,
                colour,
                shape,
                tooltip=[
                    alt.Tooltip("people:N", title="People"),
                    alt.Tooltip("cohort:N", title="Cohort"),
                    alt.Tooltip(f"{field}:Q", title=title, format=".2f"),
                    alt.Tooltip("offenders:Q", title="Offenders", format=","),
                    alt.Tooltip("remark:N", title="Remark"),
                ],
            ),
        ]
        if field == "binary_rate":
            layers.append(
                base.mark_rule(strokeWidth=4, opacity=0.45).encode(across, alt.Y("low:Q"), alt.Y2("high"), colour)
            )
        return alt.layer(*layers, width=520, height=190)

    totals = reoffending.plural(len(checked), "total")
    same = f"{totals} compared with those kept here, of which {differ} are not the same."
    return charts.publish(
        alt.vconcat(panel("binary_rate", "Binary rate (%)"), panel("frequency_rate", "Reoffences per reoffender")),
        title="Adults and juveniles, year by year, from the Ministry's data tool",
        subtitle=f"{same} Bars: 95% Wilson interval; the axes do not begin at zero",
        description=(
            f"Two line charts by yearly cohort, {rows['cohort'].iloc[0]} to {rows['cohort'].iloc[-1]}: binary rate and "
            f"reoffences per reoffender of all offenders, adults and juveniles. {same}"
        ),
        source_ids=["official-data_tool"],
        sources=official_source("data_tool"),
    )


def overview_rows(overview: pd.DataFrame, most: int) -> tuple[str, pd.DataFrame]:
    """The last cohort of an overview file, and the `most` largest groups of each of its categories.

    Columns: category, group, offenders, rate, low, high (percent; 95% interval), remark, source_id.
    """
    rows = overview[overview["date"] == overview["date"].max()]
    cohort = rows["cohort"].iloc[0]
    low, high = reoffending.wilson_interval(rows["reoffenders"], rows["offenders"])
    parts = rows[["adult_juvenile", "subcategory1", "subcategory2"]].astype("string").fillna("")
    rows = pd.DataFrame(
        {
            "category": rows["category"].astype(str),
            "group": parts.agg(lambda words: ", ".join(word for word in words if word), axis=1),
            "offenders": rows["offenders"],
            "rate": (100 * rows["reoffenders"] / rows["offenders"]).astype(float),
            "low": low,
            "high": high,
            "remark": rate_remarks(rows),
            "source_id": "official-overview",
        }
    ).sort_values("offenders", ascending=False)
    return cohort, rows.groupby("category", sort=False).head(most)


def overview(path: Path | None, most: int = 40) -> Any:
    """Binary rates of the last cohort in the overview file by its own categories, with intervals.

    Each category shows its largest rows, at most `most`. Or which file to get where path is None.
    Raises OfficialFileError for a faulty file.
    """
    if path is None:
        return display.findings(official_files.where_to_get("overview"))
    cohort, rows = overview_rows(official_files.read_overview(path), most)
    categories = sorted(rows["category"].unique())

    def say(found: pd.DataFrame, category: str) -> str:
        known, unknown = found.dropna(subset=["rate"]), found[found["rate"].isna()]
        said = "" if unknown.empty else f" Unknown: {count_remarks(unknown['remark'])}."
        if (known["remark"] != "").any():
            said += f" Remarks of the file: {count_remarks(known['remark'])}."
        if known.empty:
            return f"No rate is known.{said}"
        top = known.loc[known["rate"].idxmax()]
        return f"{cohort}, older measure: the highest rate is {top['rate']:.1f}% ({top['group']}).{said}"

    def draw(base: alt.Chart) -> alt.LayerChart:
        up = alt.Y("group:N", title=None, sort=alt.EncodingSortField("rate", order="descending"))
        scale = alt.Scale(domain=[0, 100])
        return alt.layer(
            base.mark_rule(strokeWidth=3, color=charts.RULE).encode(alt.X("low:Q", scale=scale), alt.X2("high"), up),
            base.mark_point(opacity=1, color=charts.INK).encode(
                alt.X("rate:Q", title="Binary rate (%)", scale=scale),
                up,
                tooltip=[
                    alt.Tooltip("group:N", title="Group"),
                    alt.Tooltip("rate:Q", title="Percent", format=".1f"),
                    alt.Tooltip("offenders:Q", title="Offenders", format=","),
                    alt.Tooltip("remark:N", title="Remark"),
                ],
            ),
            base.transform_filter("!isValid(datum.rate)")
            .mark_text(color=charts.MUTED)
            .encode(
                up,
                x=alt.XValue(8),
                text=alt.TextValue("?"),
                tooltip=[alt.Tooltip("group:N", title="Group"), alt.Tooltip("remark:N", title="Unknown, since")],
            ),
            width=380,
        )

    return Explorer(
        [choice("category", "Breakdown", categories)],
        lambda category: rows[rows["category"] == category],
        draw,
        say=say,
        title="Who reoffended, by breakdown?",
        subtitle=f"{cohort}, older measure; bars: 95% Wilson interval; ? unknown",
        description="Points with intervals: the binary rate of each group in the chosen breakdown of the file.",
        sources=official_source("overview"),
    )


def funnel_in_words(funnel_rows: pd.DataFrame, winsorise: float = 0.1) -> str:
    """How many CRCs lie outside the limits, and whether the limits were widened."""
    known = funnel_rows.dropna(subset=["rate"])
    spread = reoffending.dispersion(known["z_score"], winsorise)
    outside = {name: int(known["position"].isin([f"below {name}", f"above {name}"]).sum()) for name in ("95%", "99.8%")}
    widened = (
        "so the limits are widened by its square root" if spread.over_dispersed else "so the limits are not widened"
    )
    return (
        f"Around the common rate of {known['target'].iloc[0]:.1f}%, {outside['99.8%']} of {len(known)} CRCs lie "
        f"outside the 99.8% limits and {outside['95%']} more outside the 95% limits. Phi is {spread.phi:.2f} against a "
        f"threshold of {spread.threshold:.2f}, {widened}."
    )


def count_remarks(remarks: pd.Series) -> str:
    """'2 values (not available), 1 value (provisional)'; empty remarks are not counted."""
    counts = remarks[remarks != ""].value_counts()
    return ", ".join(f"{reoffending.plural(count, 'value')} ({remark})" for remark, count in counts.items())
