"""What the contracts were to cost, what they cost, and what came of them. Tables in, tables out.

Amounts are in millions of pounds, in cash terms as printed. Figures for the same thing that differ (rivals) are never
added, averaged or joined: they stand together, each with its period and source.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

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
# The figures that stand for their theme in a sentence: at least one for each stage that has any.
KEYS = {
    "payments-to-crcs-first-projection",
    "payments-to-crcs-to-december-2020",
    "2015-crcs-volume-change-modelled",
    "2017-q2-crcs-volume-shortfall-largest",
    "2017-q2-crcs-volume-shortfall-smallest",
    "crc-profit-first-forecast",
    "crc-losses-forecast-before-2017-changes",
    "crc-losses-forecast-2018-03",
    "crc-losses-recorded",
    "2017-18-extra-payments",
    "2017-18-paid-above-contract",
    "extra-payments-total",
    "2013-net-economic-benefit-expected",
    "extra-cost-to-taxpayers",
    "crc-spending-below-expectation",
    "service-credits-charged",
    "penalties-owed-press",
    "2016-04-nps-service-levels-met",
    "2017-06-crcs-targets-met-mean",
    "planned-fall",
    "2017-03-all-probation-fall-in-binary-rate",
    "minister-binary-change",
    "2017-10-crcs-payment-due",
    "2018-01-crcs-reoffending-targets-met",
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


# ------------------------------------------------------------------------------------------ in words


def _told(row: pd.Series) -> str:
    # CRCs and other abbreviations keep their capitals inside a sentence.
    what = row["what"] if row["what"][1].isupper() else row["what"][0].lower() + row["what"][1:]
    return f"{what}, {in_words(row)} ({row['period']})"


def say_path(rows: pd.DataFrame, stage: str = "") -> str:
    """The figures that stand for each stage of a theme, or for the one chosen, and how many rivals there are.

    rows   rows of one theme from `paths`; those of the stage where one is chosen
    """
    parts = []
    for name in (stage,) if stage else STAGES:
        here = rows[(rows["stage"] == name) & rows["figure_id"].isin(KEYS)]
        told = "; ".join(here.apply(_told, axis=1)) if len(here) else "nothing in the evidence"
        parts.append(f"{name[0].upper()}{name[1:]}: {told}.")
    rival = (rows["rivals"] != "").sum()
    have = f", {rival} with a rival" if rival else ""
    return f"{' '.join(parts)} {len(rows)} {'figure' if len(rows) == 1 else 'figures'}{have}."


def _one(figures: pd.DataFrame, figure_id: str) -> pd.Series:
    return for_rows(choose(figures, [figure_id])).iloc[0]


def _each(figures: pd.DataFrame, *figure_ids: str) -> list[pd.Series]:
    return [_one(figures, figure_id) for figure_id in figure_ids]


def _w(figures: pd.DataFrame, figure_id: str) -> str:
    return _one(figures, figure_id)["words"]


def say_contract_value(figures: pd.DataFrame) -> str:
    """The value of the contracts, first, later and last."""
    rows = path(figures, "contract value")
    rival = rows[rows["rival_group"] == "crc-contract-value"]
    low, high, first, last = _each(
        figures,
        "crc-contracts-ministry-range-low",
        "crc-contracts-ministry-range-high",
        "payments-to-crcs-first-projection",
        "payments-to-crcs-to-december-2020",
    )
    return (
        f"Promised: the 21 contract areas were valued at {low['words']} to {high['words']} over {low['period']}; the "
        f"first projection of payments was {first['words']} for {first['period']}. The last estimate read, made before "
        f"the contracts ended, was {last['words']} {last['period']}. There are {len(rival)} such figures, on bases "
        "that differ."
    )


def say_bases(figures: pd.DataFrame) -> str:
    """How many periods the rival contract values cover."""
    rival = figures[figures["rival_group"] == "crc-contract-value"]
    bounds = (rival["qualifier"] != "exact").sum()
    return (
        f"The {len(rival)} rival figures name {rival['period'].nunique()} different periods, and {bounds} of them are "
        "upper bounds. No total paid over the whole life of the contracts was found."
    )


def say_volumes(figures: pd.DataFrame) -> str:
    """How far volumes were below plan, and what the bids had assumed."""
    rows = volume_ranges(figures)
    ranges = rows[rows["low"].notna()]
    early, late = ranges.iloc[0], ranges.iloc[-1]
    modelled = _w(figures, "2015-crcs-volume-change-modelled")
    return (
        f"Paid volumes were {early['words']} below plan (reported in {early['period']}) and {late['words']} below plan "
        f"in {late['period']}, depending on the CRC. The ministry had modelled a change of {modelled} when it bought."
    )


def say_fixed_costs(figures: pd.DataFrame) -> str:
    """Why fewer paid cases hurt, while more people were supervised."""
    growth = _one(figures, "2017-q2-crcs-growth-in-people-supervised")
    return (
        f"Bids assumed that {_w(figures, '2017-12-crcs-fixed-cost-assumed')} of costs were fixed; later "
        f"{_w(figures, '2017-12-crcs-fixed-cost-reported')} were reported to be. The number of people supervised grew "
        f"by {growth['words']} between April to June 2015 and {growth['period']}: paid volumes below plan do not mean "
        "that fewer people were supervised."
    )


def say_losses(figures: pd.DataFrame) -> str:
    """From a forecast profit to forecast losses."""
    profit, first, later = (
        in_words(choose(figures, [name]).iloc[0])
        for name in (
            "crc-profit-first-forecast",
            "crc-losses-forecast-before-2017-changes",
            "crc-losses-forecast-2018-03",
        )
    )
    losing = _w(figures, "2018-03-crcs-forecasting-losses")
    return (
        f"A profit of {profit} for all CRCs together was forecast at first; before the changes of 2017 the forecast "
        f"was a loss of {first}, and in March 2018 a loss of {later} over another period. At that time {losing} CRCs "
        "still forecast losses."
    )


def say_losses_by_company(figures: pd.DataFrame) -> str:
    """Losses recorded, and the range over companies."""
    recorded, low, high = (
        choose(figures, [name]).iloc[0]
        for name in ("crc-losses-recorded", "smallest-crc-loss-forecast", "largest-crc-loss-forecast")
    )
    return (
        f"Losses of {in_words(recorded)} had been recorded ({recorded['period']}). The CRCs that expected a loss "
        f"put it at {in_words(low)} to {in_words(high)} each, {low['period']}. "
        "What they lost in the end is not in the evidence."
    )


def say_sums(sums: pd.DataFrame) -> list[str]:
    """Each stated total with its parts and whether they add up, from `stated_sums`."""
    sentences = []
    for _, rows in sums.groupby("total_id", sort=False):
        first = rows.iloc[0]
        added = " + ".join(rows["value"].map(number))
        verdict = "the total stated" if first["agrees"] else f"not the {number(first['stated'])} stated"
        sentences.append(f"{first['total']}. The parts: {added} = {number(first['computed'])}, {verdict}.")
    return sentences


def say_extra_cost(figures: pd.DataFrame) -> str:
    """Extra cost and lower spending, which are not the same thing."""
    sums = stated_sums(figures)
    rows = sums[sums["total_id"] == "extra-cost-to-taxpayers"]
    first = rows.iloc[0]
    ending, stabilising = rows["value"].map(number)
    adds = "add up to it" if first["agrees"] else f"add up to £{number(first['computed'])} million instead"
    below = _w(figures, "crc-spending-below-expectation")
    return (
        f"Paid on top of the original terms, to 2020: {_w(figures, 'extra-cost-to-taxpayers')}. Its parts, £{ending} "
        f"million for ending the contracts early and £{stabilising} million for stabilising them, {adds}. A written "
        f"answer nevertheless puts spending on CRCs {below} below what was first expected, as volumes were lower and "
        "the contracts ended early."
    )


def say_extra_payments(figures: pd.DataFrame, sources: pd.DataFrame) -> str:
    """The two accounts of extra payments, year by year, and when each was published."""
    published = pd.to_datetime(sources.set_index("source_id")["published"], format="mixed", errors="coerce")
    audited, answered = (
        f"{published[_one(figures, name)['source_id']]:%B %Y}"
        for name in ("2017-18-extra-payments", "2017-18-paid-above-contract")
    )
    audit = choose(figures, ["2016-17-extra-payments", "2017-18-extra-payments"])["value"]
    answer = choose(figures, ["2016-17-paid-above-contract", "2017-18-paid-above-contract"])["value"]
    gap = answer.iloc[1] - audit.iloc[1]
    return (
        f"For 2016-17 the National Audit Office has £{number(audit.iloc[0])} million and a written answer "
        f"£{number(answer.iloc[0])} million: nearly the same. For 2017-18 they have £{number(audit.iloc[1])} million "
        f"and £{number(answer.iloc[1])} million, £{gap:.2f} million apart. The first figure was published in "
        f"{audited}, before that year was over, the second in {answered}; whether this explains the gap is not stated."
    )


def say_changes(figures: pd.DataFrame, events: pd.DataFrame) -> str:
    """When the contracts changed, from the events."""
    dates = events.set_index("event_id")["date"]
    signed, told, force, ended = (
        f"{dates[name].day} {dates[name]:%B %Y}"
        for name in (
            "2017-06-06-crc-contract-variations",
            "2017-07-19-contract-change-statement",
            "2017-08-01-revised-payment-terms",
            "2018-07-27-crc-contracts-to-end-in-2020",
        )
    )
    return (
        f"The changes of 2017 were signed on {signed}, told to Parliament on {told} and in force for most CRCs from "
        f"{force}. On {ended} an early end was announced, with a second package that the press "
        f"put at {_w(figures, 'second-stabilisation-package')}."
    )


def say_penalties(figures: pd.DataFrame) -> str:
    """Penalties charged, paid and reinvested, with the rival figures."""
    worked_out, printed = penalty_shares(figures)["words"]
    until = _one(figures, "2017-06-crcs-penalties-waived-or-reinvested")["period"]
    press = _one(figures, "penalties-owed-press")
    charged, paid, reinvested = (
        choose(figures, [f"service-credits-{name}"]).iloc[0] for name in ("charged", "paid", "reinvested")
    )
    return (
        f"Penalties of {in_words(charged)} were charged from {charged['period']}: {in_words(paid)} paid and "
        f"{in_words(reinvested)} reinvested ({worked_out} of what was charged). A newspaper wrote in "
        f"{press['period']} of {press['words']} owed, and a union's account of the National Audit Office has {printed} "
        f"waived or reinvested by {until}. These cannot all be the same thing."
    )


def say_service_levels(figures: pd.DataFrame) -> str:
    """Service levels met by the CRCs and the NPS."""
    nps, mean, weakest = _each(
        figures,
        "2016-04-nps-service-levels-met",
        "2017-06-crcs-targets-met-mean",
        "2017-06-weakest-crc-targets-met",
    )
    return (
        f"Met: the CRCs reached {mean['words']} targets on average by {mean['period']} and the weakest "
        f"{weakest['words']}; the NPS reached {nps['words']} service levels that could be measured in "
        f"{nps['period']}. The measures and dates differ, so these shares do not rank one body above the other."
    )


def say_unknown_service_levels(figures: pd.DataFrame) -> str:
    """What is not known about service levels."""
    first, near, robust = _each(
        figures,
        "2015-12-crcs-service-levels-met",
        "2016-q3-crcs-measures-near-target",
        "2016-04-crcs-service-levels-robust",
    )
    return (
        f"In {first['period']} CRCs met {first['words']}: the source read does not show how many were counted. In "
        f"{robust['period']} {robust['words']} service levels had robust data. The {near['words']} of "
        f"{near['period']} counts measures at or near their target, which is a looser test."
    )


def say_payment_by_results(figures: pd.DataFrame) -> str:
    """How many CRCs met a reoffending test, by test."""
    rows = path(figures, "reoffending: CRCs by test")
    good = rows[~rows["what"].str.contains("missed|deduction")]
    low, high = good.loc[good["value"].idxmin()], good.loc[good["value"].idxmax()]
    due, deducted = _one(figures, "2017-10-crcs-payment-due"), _one(figures, "2017-10-crcs-deduction-due")
    return (
        f"For the first final cohort {due['words']} CRCs were due a payment and {deducted['words']} a deduction. "
        f"The {len(good)} counts of success run from {low['words']} to {high['words']}, as each uses its own test, "
        "cohort and publisher. How much was paid is not in the evidence."
    )


def say_reoffending_target(figures: pd.DataFrame) -> str:
    """The planned fall in the binary rate and what came out."""
    planned, minister = _w(figures, "planned-fall"), _w(figures, "minister-binary-change")
    fell = _w(figures, "2017-03-all-probation-fall-in-binary-rate")
    rise = _w(figures, "2017-03-all-probation-rise-in-frequency-rate")
    return (
        f"The binary rate was to fall by {planned}; the National Audit Office found a fall of {fell} to March 2017, a "
        f"minister named {minister} in April 2018 from another start. The frequency rate rose by {rise} over the "
        "period of the audit."
    )


def say_coverage(figures: pd.DataFrame) -> str:
    """How many amounts there are, how many are hedged, undated or have a rival."""
    money = figures[figures["table"] == "money"]
    undated = (money["date"].isna() & money["date_end"].isna()).sum()
    return (
        f"{len(money)} amounts are listed, of which {(money['qualifier'] != 'exact').sum()} carry a hedge, "
        f"{money['rival_group'].notna().sum()} have a rival and {undated} have a period without dates. All are in "
        "cash terms as printed: prices were not adjusted."
    )
