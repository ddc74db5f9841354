"""Whether reoffending fell, what was counted as success, and what a test could have found. Tables in, tables out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers import charts, display

CURRENT_YEARLY = "annual_average_of_three_month_cohorts"
CURRENT_QUARTERLY = "three_month_cohort"
OLDER_YEARLY = "twelve_month_cohort"

# One clean run of all offenders: the 2016 tables to 2011/12, the 2024 data tool from 2012/13.
OLDER_TABLES, DATA_TOOL = "moj-tables-2016-copy", "wiah-prsq-2024-copy"
DATA_TOOL_FROM = pd.Timestamp("2012-04-01")

CRCS = 21
SUCCESS = ("fall", "met")
FUNNEL_LIMITS = {"95": 0.025, "99_8": 0.001}
POPULATIONS = {"All offenders": "all", "Adults": "adult", "Juveniles": "juvenile"}
MEASURES = {"current": CURRENT_YEARLY, "older": OLDER_YEARLY}
TESTS = {
    "significance": "Significant change from the 2011 baseline",
    "below_baseline": "Any difference from the baseline",
    "consistent": "Significant fall, cohort after cohort",
    "target": "A target, met or missed",
    "preliminary": "Preliminary figures",
}
RATE_NAMES = {
    "binary": "Binary rate",
    "frequency": "Frequency rate",
    "both": "Both rates",
    "not_stated": "Rate not stated",
}
STATUSES = {
    "baseline": "Baseline year",
    "final": "Final",
    "final_inferred": "Final, as inferred",
    "interim": "Interim",
}
BUILD_UP = "build-up over time"
AUDITOR_RISE = "2017-03-all-probation-rise-in-frequency-rate"
SHORT = {r"^Apr (\d{4}) to Mar \d\d(\d\d)$": r"\1/\2", r"^Jan to Dec (\d{4})$": r"\1"}


# ----------------------------------------------------------------------------------------------- national series


def preferred_figures(
    national: pd.DataFrame,
    population: str = "all",
    measure: str = CURRENT_YEARLY,
    disposal: str | None = None,
) -> pd.DataFrame:
    """The rows of national that national_series keeps, one a cohort, with other_figures (how many it leaves out).

    Raises ValueError where nothing matches.
    """
    rows = _matching(national, population, measure, disposal)
    rows = rows[~_rolling(rows)]
    if rows.empty:
        known = national[["population", "measure"]].drop_duplicates().to_records(index=False).tolist()
        raise ValueError(f"no rows for {population}, {measure}, {disposal or 'all disposals'}; there are {known}")
    rows = rows.assign(
        preferred=_preference(rows),
        other_figures=rows.groupby(["date", "date_end"])["date"].transform("size") - 1,
    ).sort_values(["date", "date_end", "preferred"], kind="stable")
    return rows.drop_duplicates(["date", "date_end"], ignore_index=True)


def national_series(
    national: pd.DataFrame,
    population: str = "all",
    measure: str = CURRENT_YEARLY,
    disposal: str | None = None,
) -> pd.DataFrame:
    """One row a cohort, on one measure only: binary rate, frequency rate and their product, with intervals.

    Where several rows give the same cohort, one source is kept (the data tool from 2012/13, the 2016 tables before,
    then rows with counts); other_figures counts the rest, which rival_figures lists. A yearly series steps from
    April to April (the older measure from January at first); years that begin elsewhere overlap with it and are
    left out.
    Columns: cohort, date, date_end, population, disposal, measure, offenders, reoffenders, reoffences,
    counts_qualifier, binary_rate (percent, as published), binary_rate_qualifier, frequency_rate (reoffences per
    reoffender, as published), binary_low and binary_high (percent, 95% Wilson interval, only where exact counts
    exist), reoffences_per_offender, figures_from (counts or published rates), other_figures, segment (rises by one
    after every missing cohort, so that a line is not drawn across a gap), source_id.
    The counts of a year are the sum of four quarterly cohorts in which a person can appear more than once: the
    interval then is a little too narrow.
    Raises ValueError where nothing matches. Interval: Wilson (1927), as implemented in statsmodels.
    """
    series = preferred_figures(national, population, measure, disposal)
    share, frequency, counted = _rates(series)
    exact = _exact(series)
    low, high = wilson_interval(series["reoffenders"].where(exact), series["offenders"].where(exact))
    gap = series["date"] > series["date_end"].cummax().shift() + pd.Timedelta(days=1)
    series = series.assign(
        binary_low=low,
        binary_high=high,
        reoffences_per_offender=share * frequency,
        figures_from=np.where(counted, "counts", "published rates"),
        segment=gap.cumsum(),
    )
    return series[
        ["cohort", "date", "date_end", "population", "disposal", "measure", "offenders", "reoffenders", "reoffences",
         "counts_qualifier", "binary_rate", "binary_rate_qualifier", "frequency_rate", "binary_low", "binary_high",
         "reoffences_per_offender", "figures_from", "other_figures", "segment", "source_id"]
    ]  # fmt: skip


def rival_figures(
    national: pd.DataFrame,
    population: str = "all",
    measure: str = CURRENT_YEARLY,
    disposal: str | None = None,
) -> pd.DataFrame:
    """Cohorts that more than one row gives, side by side, none averaged; kept marks the one in national_series.

    Columns of national, plus kept, lowest, highest (percent) and spread (percentage points) of the binary rate.
    """
    rows = _matching(national, population, measure, disposal)
    rows = rows[rows.duplicated(["date", "date_end"], keep=False)]
    rows = rows.assign(preferred=_preference(rows)).sort_values(["date", "date_end", "preferred"], kind="stable")
    rates = rows.groupby(["date", "date_end"])["binary_rate"]
    return rows.assign(
        kept=~rows.duplicated(["date", "date_end"]),
        lowest=rates.transform("min"),
        highest=rates.transform("max"),
        spread=rates.transform("max") - rates.transform("min"),
    ).drop(columns="preferred").reset_index(drop=True)  # fmt: skip


def break_of_measure(national: pd.DataFrame, population: str = "all") -> pd.DataFrame:
    """Both yearly measures of one population, never joined; overlap marks cohorts that both of them give.

    Columns of national_series, plus overlap. The older measure followed 12-month cohorts and was published until
    2017; the current one takes 3-month cohorts, in which frequent offenders turn up more often.
    """
    return with_overlap(national_series(national, population, measure) for measure in (OLDER_YEARLY, CURRENT_YEARLY))


def with_overlap(series: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Series of national_series one below the other; overlap marks cohorts that more than one of them gives."""
    rows = pd.concat(series, ignore_index=True)
    return rows.assign(overlap=rows.duplicated(["date", "date_end"], keep=False))


def measure_gap(national: pd.DataFrame, population: str = "all") -> pd.DataFrame:
    """How far the two measures lie apart where both give the same cohort.

    Columns: cohort, date, date_end, older_rate, current_rate (percent), gap (percentage points), older_frequency,
    current_frequency (reoffences per reoffender), older_source_id, current_source_id.
    """
    both = break_of_measure(national, population).query("overlap")
    names = {"binary_rate": "rate", "frequency_rate": "frequency", "source_id": "source_id"}
    sides = {
        side: both.loc[both["measure"] == measure, ["cohort", "date", "date_end", *names]]
        .rename(columns={column: f"{side}_{name}" for column, name in names.items()})
        for side, measure in {"older": OLDER_YEARLY, "current": CURRENT_YEARLY}.items()
    }  # fmt: skip
    gap = sides["older"].drop(columns="cohort").merge(sides["current"], on=["date", "date_end"])
    return gap.assign(gap=gap["current_rate"] - gap["older_rate"])[
        ["cohort", "date", "date_end", "older_rate", "current_rate", "gap", "older_frequency", "current_frequency",
         "older_source_id", "current_source_id"]
    ]  # fmt: skip


def check_headline(headline: pd.DataFrame, national: pd.DataFrame) -> pd.DataFrame:
    """Totals of a downloaded data tool (official_files.headline) next to the ones kept here, cohort by cohort.

    Columns: cohort, date, count (offenders, reoffenders, reoffences), in_file, kept, difference. Later editions
    revise earlier years, so a difference is a revision or an error of the copy: the table says only that there is one.
    """
    counts = ["offenders", "reoffenders", "reoffences"]
    ours, theirs = (
        rows.melt(["date", "date_end"], counts, "count", name)
        for rows, name in ((national_series(national), "kept"), (headline.query("population == 'all'"), "in_file"))
    )
    both = theirs.merge(ours, on=["date", "date_end", "count"])
    both = both.merge(headline[["date", "cohort"]].drop_duplicates(), on="date")
    return both.assign(difference=both["in_file"] - both["kept"])[
        ["cohort", "date", "count", "in_file", "kept", "difference"]
    ]


def wilson_interval(reoffenders: pd.Series, offenders: pd.Series, level: float = 0.95) -> tuple[pd.Series, pd.Series]:
    """Lower and upper end, in percent, of the Wilson (1927) interval of a share, unknown for unknown counts or none."""
    from statsmodels.stats.proportion import proportion_confint

    ends = pd.DataFrame({"low": np.nan, "high": np.nan}, index=offenders.index)
    known = offenders.gt(0).fillna(False).astype(bool) & reoffenders.notna()
    if known.any():
        low, high = proportion_confint(
            reoffenders[known].astype(float), offenders[known].astype(float), alpha=1 - level, method="wilson"
        )
        ends.loc[known, "low"], ends.loc[known, "high"] = 100 * np.asarray(low), 100 * np.asarray(high)
    return ends["low"], ends["high"]


# ----------------------------------------------------------------------------------------------- change


def change_since(series: pd.DataFrame, base: int | str | pd.Timestamp = 2011) -> pd.DataFrame:
    """Change of both rates and of their product since a base cohort, and what each rate did to the product.

    series comes from national_series; base is the year in which the base cohort begins, or its first day.
    Columns of series, plus base_cohort, binary_change (percentage points), frequency_change (reoffences per
    reoffender), frequency_change_percent, total_change (reoffences per offender), total_change_percent,
    due_to_binary and due_to_frequency (reoffences per offender, which add up to total_change).
    Rates are recomputed from exact counts where there are any, so that the parts add up.
    Raises ValueError where no cohort, or more than one, begins then.
    Method: for a product of two factors, the change in one times the mean of the other (Das Gupta 1993,
    'Standardization and Decomposition of Rates', US Census Bureau P23-186, two-factor case; it is also the Shapley
    value, and leaves no remainder).
    """
    first = series.loc[_base_row(series, base)]
    share, frequency, _ = _rates(series)
    base_share, base_frequency = share[first.name], frequency[first.name]
    total, base_total = share * frequency, base_share * base_frequency
    due_to_binary, due_to_frequency = decompose_product(base_share, base_frequency, share, frequency)
    return series.assign(
        base_cohort=first["cohort"],
        binary_change=100 * (share - base_share),
        frequency_change=frequency - base_frequency,
        frequency_change_percent=100 * (frequency / base_frequency - 1),
        total_change=total - base_total,
        total_change_percent=100 * (total / base_total - 1),
        due_to_binary=due_to_binary,
        due_to_frequency=due_to_frequency,
    )


def decompose_product(first_a, first_b, second_a, second_b):
    """What each of two factors adds to the change of their product (same unit as the product); no remainder.

    Das Gupta (1993), two factors: the change in one times the mean of the other.
    """
    return (second_a - first_a) * (first_b + second_b) / 2, (second_b - first_b) * (first_a + second_a) / 2


# ----------------------------------------------------------------------------------------------- case mix


def case_mix(adjusted: pd.DataFrame, measure: str = CURRENT_YEARLY) -> pd.DataFrame:
    """Observed, expected and adjusted adult rates in long form, one row a cohort and rate.

    Columns: cohort, date, date_end, measure, rate (observed, expected, adjusted), percent, source_id. The expected
    rate comes from OGRS4, a score of the cohort's own risk; the adjusted one is observed minus expected plus the
    expected rate of 2011, so it moves only where the result departs from the risk.
    """
    rows = adjusted[adjusted["measure"] == measure].sort_values("date")
    names = {"binary_rate": "observed", "expected_rate": "expected", "adjusted_rate": "adjusted"}
    return rows.rename(columns=names).melt(
        ["cohort", "date", "date_end", "measure", "source_id"], list(names.values()), "rate", "percent"
    )


def case_mix_change(
    adjusted: pd.DataFrame, base: int | str = 2011, later: int | str = 2013, measure: str = CURRENT_YEARLY
) -> pd.Series:
    """How much of the change in the adult rate between two cohorts the change in case mix accounts for.

    Fields: base_cohort, later_cohort, observed_change, case_mix (change in the expected rate), other (change in the
    adjusted rate), rounding (what is left because the rates are published to two decimals), all in percentage points.
    observed_change is case_mix + other + rounding. Raises ValueError for a cohort that is not there.
    """
    rows = adjusted[adjusted["measure"] == measure].reset_index(drop=True)
    first, second = (rows.loc[_base_row(rows, cohort)] for cohort in (base, later))
    observed, mix, other = (second[rate] - first[rate] for rate in ("binary_rate", "expected_rate", "adjusted_rate"))
    return pd.Series(
        {
            "base_cohort": first["cohort"],
            "later_cohort": second["cohort"],
            "observed_change": observed,
            "case_mix": mix,
            "other": other,
            "rounding": observed - mix - other,
        }
    )


# ----------------------------------------------------------------------------------------------- what counts as success


def success_counts(
    counts: pd.DataFrame,
    rate: str | None = None,
    test: str | None = None,
    direction: str | None = "success",
    reported_by: str | None = None,
) -> pd.DataFrame:
    """Published counts of CRCs that succeeded, under the rule that the reader chooses; None means any.

    direction is success (a fall, or a target met) or one of the table's own (fall, rise, met, missed).
    Columns of counts, plus share (percent of the CRCs judged). An empty table means nobody published a count under
    that rule.
    """
    rule = {"rate": rate, "test": test, "direction": direction, "reported_by": reported_by}
    keep = pd.Series(True, index=counts.index)
    for column, choice in rule.items():
        if choice is not None:
            keep &= counts[column].isin(SUCCESS if choice == "success" else [choice])
    rows = counts[keep].sort_values(["date", "date_end", "rate", "test", "crcs"], kind="stable", ignore_index=True)
    return rows.assign(share=100 * rows["crcs"] / rows["of"])


def success_rules(counts: pd.DataFrame) -> pd.DataFrame:
    """Every rule under which a count was published, with how far apart its counts lie.

    Columns: rate, test, direction, counts (how many were published), cohorts, fewest and most (CRCs).
    """
    rules = counts.groupby(["rate", "test", "direction"], observed=True, sort=True)
    return rules.agg(
        counts=("crcs", "size"), cohorts=("cohort", "nunique"), fewest=("crcs", "min"), most=("crcs", "max")
    ).reset_index()


# ----------------------------------------------------------------------------------------------- power of a test


def power(
    offenders, baseline_rate, true_rate, alpha: float = 0.05, baseline_offenders: float | None = None
) -> np.ndarray:
    """Chance (0 to 1) that a two-sided z test finds the difference between a cohort's rate and its baseline.

    Rates in percent. Without baseline_offenders the baseline is a fixed number (one-sample test of a proportion);
    with it, the baseline is itself a sample (two-sample test with the pooled variance).
    Method: normal approximation with the variances of null and alternative kept apart (NIST/SEMATECH e-Handbook of
    Statistical Methods, 7.2.4.2), by statsmodels normal_power_het. The thresholds of the contracts were not found: a
    5% test is an assumption.
    """
    from statsmodels.stats.power import normal_power_het

    n, base, rate = (np.asarray(value, dtype=float) for value in (offenders, baseline_rate, true_rate))
    base, rate = base / 100, rate / 100
    std_null, std_alternative = _spreads(n, base, rate, baseline_offenders)
    return np.asarray(normal_power_het(rate - base, n, alpha, std_null, std_alternative, alternative="two-sided"))


def detectable_change(
    offenders: float,
    baseline_rate: float,
    chance: float = 0.8,
    alpha: float = 0.05,
    baseline_offenders: float | None = None,
    direction: str = "fall",
) -> float:
    """Smallest change (percentage points, positive) that a test finds with the given chance.

    Raises ValueError where even a change to 0% or 100% would not be found that often. Method: see power.
    """
    from scipy.optimize import brentq

    sign, room = (-1, baseline_rate) if direction == "fall" else (1, 100 - baseline_rate)

    def short(change: float) -> float:
        rate = baseline_rate + sign * change
        return float(power(offenders, baseline_rate, rate, alpha, baseline_offenders)) - chance

    most = room * (1 - 1e-9)
    if short(most) < 0:
        raise ValueError(f"no {direction} from {baseline_rate}% is found with a chance of {chance:.0%} "
                         f"among {offenders:,.0f} offenders")  # fmt: skip
    return float(brentq(short, 0, most))


def exact_power(offenders: int, baseline_rate: float, true_rate: float, alpha: float = 0.05) -> float:
    """Chance (0 to 1) that the one-sample test of power() finds the difference, from the binomial distribution itself.

    Rates in percent. The test finds it where the count of reoffenders lies outside an interval about what the baseline
    leads to expect; the chance is that of the counts outside it.
    """
    from scipy.stats import binom, norm

    base = baseline_rate / 100
    half = float(norm.isf(alpha / 2)) * np.sqrt(offenders * base * (1 - base))
    # Counts up to `low` and from `high` lie further from the expected count than the test lets pass.
    low = int(np.ceil(offenders * base - half)) - 1
    high = int(np.floor(offenders * base + half)) + 1
    return float(binom.cdf(low, offenders, true_rate / 100) + binom.sf(high - 1, offenders, true_rate / 100))


def quarterly_cohort(by_crc: pd.DataFrame) -> pd.Series:
    """The average quarterly cohort of a CRC, from the row for all CRCs that gives its offenders and baseline.

    Fields: offenders (per CRC and quarter), qualifier, cohort, baseline_rate, baseline_qualifier, rate (percent),
    source_id.
    Raises ValueError where there is no such row.
    """
    rows = by_crc[
        (by_crc["provider_id"] == "all-crcs")
        & by_crc[["offenders", "baseline_binary_rate", "binary_rate"]].notna().all(axis=1)
    ]
    if rows.empty:
        raise ValueError("reoffending_by_crc has no row for all-crcs with offenders, rate and baseline")
    row = rows.iloc[0]
    quarters = round((row["date_end"] - row["date"]).days / 91.3)
    return pd.Series(
        {
            "offenders": float(row["offenders"]) / CRCS / quarters,
            "qualifier": row["offenders_qualifier"],
            "cohort": row["cohort"],
            "baseline_rate": float(row["baseline_binary_rate"]),
            "baseline_qualifier": row["baseline_qualifier"],
            "rate": float(row["binary_rate"]),
            "source_id": row["source_id"],
        }
    )


# ----------------------------------------------------------------------------------------------- by CRC


def by_crc(table: pd.DataFrame, status: str) -> pd.DataFrame:
    """What is known by CRC under one status (final, interim, baseline ...): the statuses are never mixed.

    An interim rate has a shorter follow-up and is always lower than the final one. Columns of table, plus
    from_counts (percent: reoffenders over offenders, which may differ from the printed rate), binary_low and
    binary_high (percent, 95% Wilson interval where counts are exact), change_from_baseline (percentage points, as
    published, else rate minus baseline where both are).
    Raises ValueError for a status that the table does not have.
    """
    known = sorted(table["status"].dropna().unique())
    if status not in known:
        raise ValueError(f"status must be one of {known}, not {status!r}")
    rows = table[(table["status"] == status) & table["provider_id"].str.startswith("crc-")]
    rows = rows.sort_values(["provider_id", "date", "date_end", "source_id"], kind="stable", ignore_index=True)
    exact = rows["offenders_qualifier"].eq("exact").fillna(False)
    low, high = wilson_interval(rows["reoffenders"].where(exact), rows["offenders"].where(exact))
    return rows.assign(
        from_counts=100 * rows["reoffenders"] / rows["offenders"],
        binary_low=low,
        binary_high=high,
        change_from_baseline=rows["points_from_baseline"].fillna(rows["binary_rate"] - rows["baseline_binary_rate"]),
    )


# ----------------------------------------------------------------------------------------------- funnel


def dispersion(z_scores: Sequence[float], winsorise: float = 0.1) -> pd.Series:
    """Whether institutions differ by more than chance: phi, the mean of the squared z scores after winsorising.

    Fields: phi (1 where there is nothing but chance), threshold, over_dispersed, institutions.
    The given share of the most extreme z scores at either end is first set to the next less extreme one. Phi has a
    mean of 1 and a variance of about 2 over the number of institutions; limits are widened only where it exceeds 1
    by more than two standard deviations (Spiegelhalter 2005, Statistics in Medicine 24:1185-1202, appendix).
    """
    from scipy.stats.mstats import winsorize

    scores = np.asarray(z_scores, dtype=float)
    phi = float(np.mean(np.asarray(winsorize(scores, limits=(winsorise, winsorise))) ** 2))
    threshold = 1 + 2 * np.sqrt(2 / len(scores))
    return pd.Series(
        {"phi": phi, "threshold": threshold, "over_dispersed": phi > threshold, "institutions": len(scores)}
    )


def funnel_limits(offenders: Sequence[float], target: float, phi: float = 1.0) -> pd.DataFrame:
    """Control limits of a funnel plot for shares: 95% (0.025 in each tail) and 99.8% (0.001 in each tail).

    Columns: offenders, target, lower_95, upper_95, lower_99_8, upper_99_8 (percent), phi, limits (exact binomial, or
    normal widened by the square root of phi). Source: Spiegelhalter (2005), appendix A.1.1: with r the smallest count
    whose binomial distribution function F reaches p, the limit is (r - a)/n, where a = (F(r) - p)/(F(r) - F(r - 1));
    over-dispersed limits are target +/- z * sqrt(phi * target * (1 - target)/n).
    """
    from scipy.stats import binom, norm

    n, share = np.asarray(offenders, dtype=float), target / 100
    table = {"offenders": n, "target": np.full(len(n), float(target))}
    for name, tail in FUNNEL_LIMITS.items():
        for end, p in (("lower", tail), ("upper", 1 - tail)):
            if phi == 1:
                count = binom.ppf(p, n, share)
                limit = (count - (binom.cdf(count, n, share) - p) / binom.pmf(count, n, share)) / n
            else:
                limit = share + norm.ppf(p) * np.sqrt(phi * share * (1 - share) / n)
            table[f"{end}_{name}"] = 100 * np.clip(limit, 0, 1)
    return pd.DataFrame(table).assign(phi=phi, limits="exact binomial" if phi == 1 else "normal, over-dispersed")


def funnel(crcs: pd.DataFrame, winsorise: float = 0.1) -> pd.DataFrame:
    """A funnel of the CRCs of one cohort around their common rate; the limits widen only if phi says so.

    crcs needs provider_id, offenders, reoffenders, and cohort and status with one value each; CRCs with unknown
    counts keep their row with unknown results. Columns of crcs, plus rate (percent, from counts), z_score, those of
    funnel_limits, and position (below 99.8%, below 95%, within limits, above 95%, above 99.8%, unknown).
    Raises ValueError where cohorts or statuses are mixed. Source: Spiegelhalter (2005).
    """
    for column in ("cohort", "status"):
        values = sorted(crcs[column].unique())
        if len(values) != 1:
            raise ValueError(f"a funnel needs one {column}, not {values}")
    rows = crcs.reset_index(drop=True)
    known = rows["offenders"].notna() & rows["reoffenders"].notna()
    n, r = rows.loc[known, "offenders"].astype(float), rows.loc[known, "reoffenders"].astype(float)
    target = r.sum() / n.sum()
    z_scores = (r / n - target) / np.sqrt(target * (1 - target) / n)
    spread = dispersion(z_scores, winsorise)
    limits = funnel_limits(n, 100 * target, spread["phi"] if spread["over_dispersed"] else 1.0)
    limits = limits.drop(columns="offenders").set_index(n.index)
    rate = 100 * r / n
    position = np.select(
        [
            rate < limits["lower_99_8"],
            rate < limits["lower_95"],
            rate > limits["upper_99_8"],
            rate > limits["upper_95"],
        ],
        ["below 99.8%", "below 95%", "above 99.8%", "above 95%"],
        "within limits",
    )
    rows = rows.assign(rate=rate, z_score=z_scores, **limits)
    return rows.assign(position=pd.Series(position, index=n.index).reindex(rows.index, fill_value="unknown"))


def funnel_curve(funnel_rows: pd.DataFrame, points: int = 100) -> pd.DataFrame:
    """The limits of a funnel over a smooth range of sizes (funnel_limits), for the lines of the chart."""
    known = funnel_rows.dropna(subset=["offenders", "rate"])
    sizes = np.unique(np.linspace(0.8 * known["offenders"].min(), 1.1 * known["offenders"].max(), points).round())
    return funnel_limits(sizes, known["target"].iloc[0], known["phi"].iloc[0])


# ------------------------------------------------------------------------------------------ to draw and to read


def counts_to_draw(counts: pd.DataFrame) -> pd.DataFrame:
    """Every published count of CRCs as a bar.

    Columns: row, label (cohort; who counted, rate, test), rate, test, outcome (succeeded, missed or rose), crcs, start
    and end (of 21; successes from the left, failures from the right), source_id.
    """
    rows = counts.sort_values(["date", "date_end", "rate", "test"], kind="stable", na_position="last").reset_index(
        drop=True
    )
    success = rows["direction"].isin(SUCCESS)
    cohort = rows["cohort"].str.replace(r" \(.*\)", "", regex=True).str.replace(r"^Cohorts with p", "P", regex=True)
    cohort = cohort.mask(rows["date"].isna(), "cohort not named")
    rule = rows["rate"].map(RATE_NAMES).str.lower() + ", " + rows["test"].astype(str).str.replace("_", " ")
    label = pd.Series([charts.lines(*cells) for cells in zip(cohort, rows["reported_by"].astype(str) + ": " + rule)])
    return pd.DataFrame(
        {
            "row": label.factorize()[0],
            "label": label,
            "rate": rows["rate"].astype(str),
            "test": rows["test"].astype(str),
            "outcome": success.map({True: "succeeded", False: "missed or rose"}),
            "crcs": rows["crcs"],
            "start": rows["crcs"].where(~success, 0).where(success, rows["of"] - rows["crcs"]),
            "end": rows["crcs"].where(success, rows["of"]),
            "source_id": rows["source_id"],
        }
    )


def rates_by_crc(table: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """The binary rate of every CRC under every status, empty where none is known: crc, status (in words), label (as
    printed, with its cohort), binary_rate, qualifier, binary_low, binary_high, finding, source_id."""
    names = providers.loc[providers["kind"] == "crc"].set_index("provider_id")["short_name"]
    known = pd.concat(by_crc(table, status) for status in STATUSES)
    known = known[known["binary_rate"].notna()].astype({"status": str})
    every = pd.MultiIndex.from_product([names.index, STATUSES], names=["provider_id", "status"]).to_frame(index=False)
    rows = every.merge(known, how="left", on=["provider_id", "status"])
    rate = rows["binary_rate"].map("{:.4g}%".format)
    cohort = short(rows["cohort"].str.replace(r" \(.*", "", regex=True))
    rows = rows.assign(
        crc=rows["provider_id"].map(names).astype(object),
        status=rows["status"].map(STATUSES),
        label=(rate.where(rows["binary_rate_qualifier"] != "about", "~" + rate) + " (" + cohort + ")").fillna(""),
    )
    rows = rows.sort_values("crc", key=lambda name: name.str.lower(), kind="stable", ignore_index=True)
    rows = rows.rename(columns={"binary_rate_qualifier": "qualifier"})
    rate = ["binary_rate", "qualifier", "binary_low", "binary_high"]
    return rows[["crc", "status", "label", *rate, "finding", "source_id"]]


def case_mix_in_words(adjusted: pd.DataFrame, base: int = 2002, later: int = 2013) -> str:
    """How much of the change in the adult rate the case mix accounts for."""
    change = case_mix_change(adjusted, base, later)
    return (
        f"From {_short(change.base_cohort)} to {_short(change.later_cohort)} the adult rate "
        f"{_moved(change.observed_change, '{:.2f} percentage points')}. By the risk of the people in the cohorts it "
        f"would have {_moved(change.case_mix, '{:.2f}', past=True)}; apart from case mix it "
        f"{_moved(change.other, '{:.2f}')}."
    )


def short(cohort: Any) -> Any:
    """'Apr 2011 to Mar 2012' as '2011/12', 'Jan to Dec 2002' as '2002'; a text or a column of them."""
    for long, text in SHORT.items():
        column = not isinstance(cohort, str)
        cohort = cohort.str.replace(long, text, regex=True) if column else re.sub(long, text, cohort)
    return cohort


def crc_table(by_crc: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """Every finding about a single CRC: CRC, status, cohort, finding, points from baseline, source_id."""
    rows = by_crc[by_crc["provider_id"].str.startswith("crc-")]
    points = [
        display.hedged(value, "exact" if pd.isna(qualifier) else qualifier)
        for value, qualifier in zip(rows["points_from_baseline"], rows["points_from_baseline_qualifier"])
    ]
    return pd.DataFrame(
        {
            "CRC": rows["provider_id"].map(providers.set_index("provider_id")["short_name"]),
            "status": rows["status"].astype(str).str.replace("_", " "),
            "cohort": rows["cohort"],
            "finding": rows["finding"],
            "points_from_baseline": points,
            "source_id": rows["source_id"],
        }
    )


def rows_by_source(
    national: pd.DataFrame,
    adjusted: pd.DataFrame,
    by_crc: pd.DataFrame,
    facts: pd.DataFrame,
    performance: pd.DataFrame,
) -> pd.DataFrame:
    """One row a document: drawn (what was drawn or said from it, with first and last cohort), rows, source_id."""
    series = [
        preferred_figures(national, population, measure).assign(drawn=f"{label}, {name}")
        for label, population in POPULATIONS.items()
        for name, measure in {
            **{f"years, {key} measure": value for key, value in MEASURES.items()},
            "quarters, current measure": CURRENT_QUARTERLY,
        }.items()
    ]
    rest = {
        "Case mix, adults": adjusted[adjusted["measure"] == CURRENT_YEARLY].sort_values("date"),
        "All CRCs together": by_crc[by_crc["provider_id"] == "all-crcs"].sort_values("date"),
        "Interim rates by follow-up": facts[facts["topic"] == BUILD_UP].rename(columns={"fact": "cohort"}),
        "Rise of the frequency rate": performance[performance["contract_performance_id"] == AUDITOR_RISE].rename(
            columns={"measure": "cohort"}
        ),
    }
    rows = pd.concat([*series, *(table.assign(drawn=name) for name, table in rest.items())])
    rows = rows.assign(cohort=short(rows["cohort"]))
    found = rows.groupby(["drawn", "source_id"], sort=False)["cohort"].agg(["first", "last", "size"]).reset_index()
    spans = found["first"].where(found["first"] == found["last"], found["first"] + " to " + found["last"])
    found["drawn"] += " (" + spans + ": " + found["size"].map(lambda size: plural(size, "row")) + ")"
    drawn = found.groupby("source_id", sort=False).agg(drawn=("drawn", "; ".join), rows=("size", "sum")).reset_index()
    return drawn[["drawn", "rows", "source_id"]]


def _matching(national: pd.DataFrame, population: str, measure: str, disposal: str | None) -> pd.DataFrame:
    wanted = national["disposal"].isna() if disposal is None else national["disposal"] == disposal
    return national[
        (national["area"] == "England and Wales")
        & (national["population"] == population)
        & (national["measure"] == measure)
        & (national["results_basis"] == "national")
        & wanted
    ]


def _rolling(rows: pd.DataFrame) -> pd.Series:
    """Whether a row is a yearly cohort outside the long run and not from April to March."""
    yearly = rows["measure"].isin([CURRENT_YEARLY, OLDER_YEARLY])
    return yearly & ~rows["source_id"].isin([OLDER_TABLES, DATA_TOOL]) & (rows["date"].dt.month != 4)


def _preference(rows: pd.DataFrame) -> np.ndarray:
    tool = rows["date"] >= DATA_TOOL_FROM
    return np.select(
        [
            (rows["source_id"] == DATA_TOOL) & tool,
            rows["source_id"] == OLDER_TABLES,
            rows["offenders"].notna(),
            rows["frequency_rate"].notna(),
        ],
        [0, 1, 2, 3],
        4,
    )


def _exact(rows: pd.DataFrame) -> pd.Series:
    counts = rows[["offenders", "reoffenders"]].notna().all(axis=1)
    return counts & rows["counts_qualifier"].eq("exact").fillna(False).astype(bool)


def _rates(series: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Share and frequency, from exact counts where all three exist, else as published; and which of them."""
    counted = _exact(series) & series["reoffences"].notna()
    offenders, reoffenders, reoffences = (
        pd.to_numeric(series[column]).astype(float) for column in ("offenders", "reoffenders", "reoffences")
    )
    share = (reoffenders / offenders).where(counted, series["binary_rate"].astype(float) / 100)
    frequency = (reoffences / reoffenders).where(counted, series["frequency_rate"].astype(float))
    return share, frequency, counted


def _base_row(series: pd.DataFrame, base: int | str | pd.Timestamp):
    found = (
        series["date"].dt.year == base if isinstance(base, (int, np.integer)) else series["date"] == pd.Timestamp(base)
    )
    if found.sum() != 1:
        raise ValueError(
            f"{int(found.sum())} cohorts begin in {base}; the cohorts are {', '.join(series['cohort'])}"
            + ("; give the first day instead of the year" if found.sum() > 1 else "")
        )
    return series.index[found][0]


def _spreads(n, base, rate, baseline_offenders):
    if baseline_offenders is None:
        return np.sqrt(base * (1 - base)), np.sqrt(rate * (1 - rate))
    ratio = n / baseline_offenders
    pooled = (rate * n + base * baseline_offenders) / (n + baseline_offenders)
    return (
        np.sqrt(pooled * (1 - pooled) * (1 + ratio)),
        np.sqrt(rate * (1 - rate) + base * (1 - base) * ratio),
    )


def _short(cohort: str) -> str:
    """'Apr 2011 to Mar 2012' as '2011/12'; other cohorts as they stand."""
    words = cohort.split()
    if len(words) == 5 and words[0] == "Apr" and words[3] == "Mar":
        return f"{words[1]}/{words[4][-2:]}"
    return cohort


def _moved(change: float, form: str, past: bool = False) -> str:
    size, nothing = form.format(abs(change)), form.format(0)
    if size == nothing:
        least = nothing[::-1].replace("0", "1", 1)[::-1]
        return f"{'changed' if change else 'stayed the same'}" + (f" by less than {least}" if change else "")
    verb = ("risen" if past else "rose") if change > 0 else ("fallen" if past else "fell")
    return f"{verb} by {size}"


def plural(number: int, one: str) -> str:
    """'1 count', '2 counts'."""
    return f"{number:,} {one if number == 1 else one + 's'}"
