"""What the contracts were to cost, what they cost, and what came of them. Tables in, tables out.

Amounts are in millions of pounds, in cash terms as printed. Figures for the same thing that differ (rivals) are never
added, averaged or joined: they stand together, each with its period and source.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers import charts
from helpers.display import HEDGES, hedged, join_words, number
from helpers.timeline import without_categories

PLANNED, FORECAST, OUTCOME = STAGES = ("planned", "forecast later", "outcome")
POUNDS, PERCENT, POINTS, COUNT = "GBP million", "percent", "percentage points", "CRCs"

# What a figure is: made when the contracts were let; made later about days still to come; or reported once its period
# was over (in the same year, where only the year is known). Within a theme in order of date, rivals side by side.
PATHS: dict[str, tuple[tuple[str, str], ...]] = {
    "contract value": (
        (PLANNED, "services-intended-for-tender"),
        (PLANNED, "crc-contracts-ministry-range-low"),
        (PLANNED, "crc-contracts-ministry-range-high"),
        (PLANNED, "crc-contracts-per-year"),
        (PLANNED, "crc-contracts-press-estimate"),
        (PLANNED, "payments-to-crcs-first-projection"),
        (FORECAST, "crc-contracts-before-2017-changes"),
        (FORECAST, "crc-contracts-after-2017-changes"),
        (FORECAST, "crc-budget-to-2020"),
        (FORECAST, "payments-to-crcs-to-december-2020"),
    ),
    "volumes": (
        (PLANNED, "2015-crcs-volume-change-modelled"),
        (PLANNED, "2017-12-crcs-fixed-cost-assumed"),
        (OUTCOME, "2015-16-crcs-volume-shortfall-largest"),
        (OUTCOME, "2016-09-crcs-volume-shortfall-largest"),
        (OUTCOME, "2016-09-crcs-volume-shortfall-smallest"),
        (OUTCOME, "volumes-below-plan-two-years-in"),
        (OUTCOME, "2017-q2-crcs-volume-shortfall-largest"),
        (OUTCOME, "2017-q2-crcs-volume-shortfall-smallest"),
        (OUTCOME, "2017-q2-crcs-growth-in-people-supervised"),
        (OUTCOME, "2017-12-crcs-fixed-cost-reported"),
    ),
    "profits and losses": (
        (PLANNED, "crc-profit-first-forecast"),
        (FORECAST, "crc-losses-forecast-before-2017-changes"),
        (OUTCOME, "crc-losses-recorded"),
        (FORECAST, "smallest-crc-loss-forecast"),
        (FORECAST, "largest-crc-loss-forecast"),
        (FORECAST, "crc-losses-forecast-2018-03"),
    ),
    "extra payments": (
        (OUTCOME, "2015-16-paid-above-contract"),
        (OUTCOME, "2016-17-extra-payments"),
        (OUTCOME, "2016-17-paid-above-contract"),
        (FORECAST, "2017-18-extra-payments"),
        (OUTCOME, "2017-18-paid-above-contract"),
        (FORECAST, "added-fee-for-service"),
        (FORECAST, "extra-payments-total"),
        (FORECAST, "committed-by-2017-changes"),
        (FORECAST, "second-stabilisation-package"),
        (FORECAST, "through-the-gate-yearly-addition"),
        (FORECAST, "bail-outs-press-total"),
        (OUTCOME, "ict-gateway-compensation"),
    ),
    "cost against plan": (
        (PLANNED, "2013-net-economic-benefit-expected"),
        (FORECAST, "saving-from-lower-volumes"),
        (FORECAST, "extra-cost-to-taxpayers"),
        (FORECAST, "crc-spending-below-expectation"),
        (FORECAST, "extra-cost-stabilising"),
        (FORECAST, "extra-cost-early-ending"),
        (FORECAST, "early-ending-minimum"),
    ),
    "penalties": (
        (OUTCOME, "service-credits-charged"),
        (OUTCOME, "penalties-owed-press"),
        (OUTCOME, "service-credits-paid"),
        (OUTCOME, "service-credits-reinvested"),
    ),
    "service levels": (
        (OUTCOME, "2015-12-crcs-service-levels-met"),
        (OUTCOME, "2016-04-crcs-service-levels-robust"),
        (OUTCOME, "2016-04-nps-service-levels-met"),
        (OUTCOME, "2016-q3-crcs-measures-near-target"),
        (OUTCOME, "2017-06-crcs-targets-met-mean"),
        (OUTCOME, "2017-06-crcs-targets-met-share"),
        (OUTCOME, "2017-06-weakest-crc-targets-met"),
        (OUTCOME, "2017-q3-crcs-sl001"),
        (OUTCOME, "2017-q3-crcs-sl002"),
        (OUTCOME, "2020-q1-crcs-sl001"),
        (OUTCOME, "2020-q1-crcs-sl002"),
    ),
    "reoffending: fall in the binary rate": (
        (PLANNED, "planned-fall"),
        (OUTCOME, "2017-03-all-probation-fall-in-binary-rate"),
        (OUTCOME, "minister-binary-change"),
    ),
    "reoffending: CRCs by test": (
        (OUTCOME, "2017-10-crcs-payment-due"),
        (OUTCOME, "2017-10-crcs-deduction-due"),
        (OUTCOME, "2018-crcs-below-baseline"),
        (OUTCOME, "2018-01-crcs-reoffending-targets-met"),
        (OUTCOME, "2018-03-crcs-frequency-targets-missed"),
        (OUTCOME, "2018-04-crcs-significant-fall"),
        (OUTCOME, "2019-03-crcs-consistent-reductions"),
    ),
}
# Figures of sentences that are on no path.
QUOTED = {
    "2018-03-crcs-forecasting-losses",
    "2017-03-all-probation-rise-in-frequency-rate",
    "2017-06-crcs-penalties-waived-or-reinvested",
}
# Rivals in tables that have no column for them, and across tables; `money` marks its own.
RIVALS = {
    "volume-shortfall-first-years": (
        "2015-16-crcs-volume-shortfall-largest",
        "2016-09-crcs-volume-shortfall-largest",
    ),
    "volume-shortfall-2017": ("volumes-below-plan-two-years-in", "2017-q2-crcs-volume-shortfall-largest"),
    "extra-payments-total": ("extra-payments-total", "committed-by-2017-changes"),
    "early-ending-cost": ("extra-cost-early-ending", "early-ending-minimum"),
    "targets-met-2017": ("2017-06-crcs-targets-met-mean", "2017-06-crcs-targets-met-share"),
    "fall-in-binary-rate": ("2017-03-all-probation-fall-in-binary-rate", "minister-binary-change"),
}
# Totals whose parts were published: total, parts.
SUMS = {
    "extra-payments-total": ("2016-17-extra-payments", "2017-18-extra-payments", "added-fee-for-service"),
    "extra-cost-to-taxpayers": ("extra-cost-early-ending", "extra-cost-stabilising"),
    "service-credits-charged": ("service-credits-paid", "service-credits-reinvested"),
}
BODIES = {"all-crcs": "CRC", "population-crc-fewest-targets-met-2017": "CRC", "nps": "NPS"}
LOWER, UPPER = ("at_least", "more_than"), ("at_most", "less_than")
COMMON = [
    *("figure_id", "table", "theme", "provider_id", "what", "value", "qualifier", "of", "unit"),
    *("period", "date", "date_precision", "date_end", "rival_group", "source_id", "note"),
]


def period_in_words(date: pd.Timestamp, precision: str, date_end: pd.Timestamp = pd.NaT) -> str:
    """A dated row's period as a reader says it, such as 'July to September 2016'; 'date not known' without one."""
    if pd.isna(date):
        return f"to {date_end:%B %Y}" if pd.notna(date_end) else "date not known"
    if precision == "financial_year":
        return f"{date.year}-{(date.year + 1) % 100:02}"
    if precision == "quarter":
        return f"{date:%B} to {date + pd.DateOffset(months=2):%B %Y}"
    if precision in ("year", "month"):
        return f"{date:%Y}" if precision == "year" else f"{date:%B %Y}"
    last = f" to {date_end.day} {date_end:%B %Y}" if pd.notna(date_end) and date_end != date else ""
    return f"{date.day} {date:%B %Y}{last}"


def figures(money: pd.DataFrame, performance: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Every row of money, contract_performance and (with a value) reoffending_facts under the same columns.

    figure_id, table, theme, provider_id, what, value and qualifier (in unit: GBP million, percent ...), of (what a
    count is out of), period (in words), date, date_precision, date_end, rival_group, source_id, note.
    Raises ValueError where an identifier occurs in two of the tables.
    """
    money, performance, facts = without_categories(money), without_categories(performance), without_categories(facts)
    parts = [
        money.rename(columns={"money_id": "figure_id", "amount": "value"}).assign(unit=POUNDS, table="money"),
        performance.rename(
            columns={"contract_performance_id": "figure_id", "measure": "what", "denominator": "of"}
        ).assign(theme="contract performance", table="contract_performance"),
        facts.rename(columns={"fact_id": "figure_id", "fact": "what", "topic": "theme"})
        .dropna(subset=["value"])
        .assign(table="reoffending_facts"),
    ]
    found = pd.concat([part.reindex(columns=COMMON) for part in parts if len(part)], ignore_index=True)
    twice = found.loc[found["figure_id"].duplicated(keep=False), ["figure_id", "table"]].drop_duplicates()
    if len(twice):
        told = "; ".join(f"{name} in {join_words(rows['table'])}" for name, rows in twice.groupby("figure_id"))
        raise ValueError(f"Each figure needs an identifier of its own: {told}. Rename one of them.")
    rivals = {figure: group for group, members in RIVALS.items() for figure in members}
    words = [period_in_words(*row) for row in zip(found["date"], found["date_precision"], found["date_end"])]
    return found.assign(
        rival_group=found["rival_group"].fillna(found["figure_id"].map(rivals)),
        period=found["period"].fillna(pd.Series(words, index=found.index, dtype="str")),
        of=found["of"].astype(float),
    )


def choose(figures: pd.DataFrame, figure_ids: list[str] | tuple[str, ...]) -> pd.DataFrame:
    """The figures of these identifiers, in their order. Raises ValueError naming those that do not exist."""
    missing = [figure for figure in figure_ids if figure not in set(figures["figure_id"])]
    if missing:
        raise ValueError(
            f"Not in money, contract_performance or reoffending_facts: {', '.join(missing)}. "
            "Correct the identifier in PATHS, RIVALS or SUMS of helpers/money.py, or put the row back."
        )
    return figures.set_index("figure_id", drop=False).loc[list(figure_ids)].reset_index(drop=True)


def in_words(figure: pd.Series) -> str:
    """A figure with its hedge and unit, such as 'at most £3,700 million', '7 of 18' or 'about 33.3%'."""
    value, qualifier, unit = abs(figure["value"]), figure["qualifier"], figure["unit"]
    if unit == POUNDS:
        return HEDGES[qualifier].format(f"£{number(value)} million")
    if unit in (PERCENT, POINTS):
        return hedged(value, qualifier, unit=unit)
    of = "an unknown number" if pd.isna(figure["of"]) else number(figure["of"])
    return HEDGES[qualifier].format(f"{number(value)} of {of}")


def _arrows(values: pd.Series, qualifiers: pd.Series) -> np.ndarray:
    """Which way from the mark the true value lies: right, left, or nothing where it is the mark itself."""
    outward = np.where(values < 0, "left", "right")
    inward = np.where(values < 0, "right", "left")
    return np.select([qualifiers.isin(LOWER), qualifiers.isin(UPPER)], [outward, inward], "")


def for_rows(chosen: pd.DataFrame) -> pd.DataFrame:
    """The chosen figures as rows to draw, one each and in the same order.

    Adds slot (1 ... n), position (on the axis: losses below zero, counts of service levels as % of what they are
    out of; empty where that is unknown), words, arrow (left, right or empty: where the true value lies), hollow
    (hedged or unknown) and rivals (A, B ...: rows that compete as an answer to the same question; else empty).
    """
    rows = chosen.reset_index(drop=True)
    loss = rows["what"].str.contains(r"\bloss", case=False, regex=True) & (rows["unit"] == POUNDS)
    is_share = rows["of"].notna() & (rows["unit"] != COUNT)
    uncertain = ~rows["unit"].isin([POUNDS, PERCENT, POINTS]) & rows["of"].isna()
    size = rows["value"].abs()
    position = size.where(~is_share, 100 * size / rows["of"]).where(~uncertain) * np.where(loss, -1, 1)
    groups = rows["rival_group"].where(rows["rival_group"].duplicated(keep=False))
    letters = {group: chr(ord("A") + index) for index, group in enumerate(groups.dropna().unique())}
    words = rows.apply(in_words, axis=1) if len(rows) else pd.Series(dtype="str")
    share = " (" + position.map("{:.0f}%".format) + ")"
    return rows.assign(
        slot=np.arange(1, len(rows) + 1),
        position=position,
        words=words + share.where(is_share, ""),
        arrow=_arrows(position, rows["qualifier"]),
        hollow=(rows["qualifier"] != "exact") | uncertain,
        rivals=groups.map(letters).fillna(""),
    )


def path(figures: pd.DataFrame, theme: str) -> pd.DataFrame:
    """A theme of PATHS from plan to outcome: the columns of `for_rows`, path (the theme) and stage, in order.

    Service levels of different bodies bear the same name, so that the body is added to it there.
    """
    stages, figure_ids = zip(*PATHS[theme])
    rows = choose(figures, figure_ids)
    if theme == "service levels":
        whose = " (" + rows["provider_id"].map(BODIES) + ")"
        rows["what"] += whose.where(~rows["what"].str.contains("CRC"), "")
    return for_rows(rows).assign(path=theme, stage=stages)


def paths(figures: pd.DataFrame) -> pd.DataFrame:
    """All themes of PATHS, one below the other."""
    return pd.concat([path(figures, theme) for theme in PATHS], ignore_index=True)


def stated_sums(figures: pd.DataFrame) -> pd.DataFrame:
    """Every published total with its published parts (GBP million), one row a part.

    figure_id, what, value and source_id of the part; total_id, total (the words), stated (the total as printed),
    computed (sum of the parts), agrees, share_start and share_end (% of the stated total, parts end to end).
    """
    parts = []
    for total_id, part_ids in SUMS.items():
        total = choose(figures, [total_id]).iloc[0]
        rows = choose(figures, part_ids)
        # Amounts are printed with one decimal at most here, so that sums need no tolerance beyond binary rounding.
        computed = round(rows["value"].sum(), 6)
        ends = 100 * rows["value"].cumsum() / total["value"]
        parts.append(
            rows.assign(
                total_id=total_id,
                total=f"{total['what']}: {in_words(total)}, {total['period']}",
                stated=total["value"],
                computed=computed,
                agrees=computed == total["value"],
                share_start=ends.shift(fill_value=0),
                share_end=ends,
                total_source_id=total["source_id"],
            )
        )
    return pd.concat(parts, ignore_index=True)


def volume_ranges(figures: pd.DataFrame) -> pd.DataFrame:
    """How far paid volumes were below plan (%): one row per statement, from the least to the most affected CRC.

    slot, period, low (empty where only the largest shortfall is given), high, qualifier (of high), arrow, rivals,
    source_id, words.
    """
    largest = path(figures, "volumes")
    below = largest["what"].str.contains("below plan|against plan")
    largest = largest[below & ~largest["what"].str.contains("smallest")]
    smallest = figures[figures["what"].str.contains("below plan, smallest")]
    low = smallest.set_index(["date", "source_id"])["value"].rename("low")
    rows = largest.join(low, on=["date", "source_id"]).reset_index(drop=True)
    span = rows["low"].map(number) + "% to " + rows["value"].map(number) + "%"
    return rows.assign(
        slot=np.arange(1, len(rows) + 1), high=rows["value"], words=span.where(rows["low"].notna(), rows["words"])
    )


def penalty_shares(figures: pd.DataFrame) -> pd.DataFrame:
    """The share of penalties that did not go back to the ministry (%), by two accounts; columns of `for_rows`.

    The first is worked out from the amounts reinvested and charged, the second as printed.
    """
    charged, reinvested = choose(figures, ["service-credits-charged", "service-credits-reinvested"])["value"]
    rows = choose(figures, ["service-credits-reinvested", "2017-06-crcs-penalties-waived-or-reinvested"])
    worked_out = rows["unit"] == POUNDS
    share = round(100 * reinvested / charged, 1)
    rows = rows.assign(
        what=rows["what"].mask(worked_out, "Share of penalties charged that was reinvested"),
        value=rows["value"].mask(worked_out, share),
        unit=PERCENT,
        rival_group="penalty-shares",
    )
    return for_rows(rows).assign(stage=OUTCOME)


def service_levels(figures: pd.DataFrame) -> pd.DataFrame:
    """Service levels and targets met by body at each date: columns of `path` and body {CRC, NPS}.

    position is the % of the measures counted, empty where their number is unknown. What could be measured, and
    how often one measure was kept, is left out: it is not a count of measures met.
    """
    rows = path(figures, "service levels")
    counted = (rows["unit"] != PERCENT) | rows["rivals"].ne("")
    met = counted & ~rows["what"].str.contains("robust")
    rows = for_rows(rows.loc[met, COMMON])
    return rows.assign(body=rows["provider_id"].map(BODIES))


def listed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `for_rows` for a small table: what, figure (in words), period, stage, source_id."""
    return rows.rename(columns={"words": "figure"})[["what", "figure", "period", "stage", "source_id"]]


def everything(figures: pd.DataFrame) -> pd.DataFrame:
    """Every amount, and every result that a path or a sentence holds, one row each, for the table of sources.

    theme, what, figure (in words), period, note, source_id.
    """
    shown = {figure for steps in PATHS.values() for _, figure in steps} | QUOTED
    rows = figures[(figures["table"] == "money") | figures["figure_id"].isin(shown)]
    counts = rows["of"].notna() | rows["unit"].isin([POUNDS, PERCENT, POINTS, "service levels"])
    spelled = rows["value"].map(number) + " " + rows["unit"]
    words = rows.apply(in_words, axis=1).where(counts, spelled)
    signed = (rows["unit"] == POINTS) & (rows["value"] < 0)
    return rows.assign(
        figure=words.mask(signed, rows["value"].map(number) + " " + POINTS),
        note=rows["note"].fillna(""),
    )[["theme", "what", "figure", "period", "note", "source_id"]].reset_index(drop=True)


UNITS = {POUNDS: "million pounds", PERCENT: "%", POINTS: "percentage points", COUNT: "CRCs of 21"}


def to_draw(rows: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Rows of `for_rows` as `charts.published` draws them: the figures of a theme one below the other.

    Columns: row, label (what, period, publisher), value (losses below zero, counts as % of what they are out of; empty
    where that is unknown), qualifier (of that value), words, rival, unit, source_id; theme, stage and body where
    `rows` has them.
    """
    publisher = rows["source_id"].map(sources.set_index("source_id")["publisher"]).astype(str)
    publisher = publisher.str.replace(r" \(.*\)", "", regex=True)
    below = rows["period"].str[0].str.upper() + rows["period"].str[1:] + " · " + publisher
    hedge = rows["arrow"].map({"left": "at_most", "right": "at_least"})
    unit = rows["unit"].map(UNITS).fillna(UNITS[PERCENT])
    lost = (rows["position"] < 0).groupby(rows.get("path", unit)).transform("any")
    drawn = pd.DataFrame(
        {
            "row": rows["slot"],
            "label": [charts.lines(*cells) for cells in zip(rows["what"], below)],
            "value": rows["position"],
            "qualifier": hedge.fillna(rows["hollow"].map({True: "about", False: "exact"})),
            "words": rows["words"],
            "rival": rows["rivals"],
            "unit": unit.mask(lost, unit + ", losses left of zero"),
            "source_id": rows["source_id"],
        }
    )
    kept = {"path": "theme", "stage": "stage", "body": "body"}
    return drawn.assign(**{name: rows[column] for column, name in kept.items() if column in rows})
