"""Whether things improved after probation was reunified in June 2021, and what cannot be compared.

Tables in, tables out. Everything here describes; nothing isolates the effect of reunification from Covid-19, court
delays, early releases or staff shortages, which fell in the same years.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from helpers import charts, display
from helpers.ratings import BANDS, compare_proportions
from helpers.reoffending import national_series, wilson_interval
from helpers.staffing import flip, rivals
from helpers.timeline import with_periods, without_categories

REUNIFICATION = pd.Timestamp("2021-06-26")
PROGRAMMES = {"nine_standards": "nine standards, 2022-2023", "seven_standards": "seven standards, from October 2023"}
NATIONAL = ("nps", "nps-and-probation-service", "probation-service", "all-probation")

# What this module reads; load them as {name: load(name) for name in after_reunification.TABLES}.
TABLES = (
    "providers",
    "delivery_units",
    "delivery_unit_inspections",
    "delivery_unit_standards",
    "regional_inspections",
    "after_measures",
    "after_figures",
    "after_comparability",
    "staff",
    "caseload",
    "workload",
    "reoffending_national",
    "ratings",
    "band_profiles",
    "case_quality",
    "contract_performance",
)

# The national measures that say something about the question and have at least two dates.
_JUDGED = (
    "probation_officers_in_post",
    "probation_officer_vacancy_rate",
    "probation_officer_leaving_rate",
    "caseload_per_probation_officer",
    "people_charged_with_serious_further_offence",
    "all_staff_in_post",
    "people_supervised",
    "licence_recalls",
)

# What after_figures and the theme tables say of a figure, and what after_figures alone says.
_FIGURE = ["provider_id", "value", "qualifier", "date", "date_precision", "date_end", "source_id", "note"]
_AFTER_FIGURE = ["figure_id", "population", "inspection_id", "basis", "rival_group"]

_SCORE = {band: 3 - position for position, band in enumerate(BANDS)}


# ----------------------------------------------------------------------------------------------- inspections

# What inspectors looked at, by the beginning of the measure's name; the first that fits counts.
SUBJECTS = {
    "Assessing the risk of harm": ("risk_of_harm_assessment",),
    "Managing the risk of harm": ("risk_", "identified_risk", "keeping_people_safe", "public_protection"),
    "Enquiries to police and children's services": ("domestic_abuse", "child_safeguarding", "safeguarding"),
    "Oversight, court reports and desistance": ("management_oversight", "court_reports", "desistance"),
}

# National figures with at least two exact dates since June 2021, in the order of the control.
NATIONAL_FROM = pd.Timestamp("2018-01-01")
NATIONAL_MEASURES = (
    "probation_officers_in_post",
    "probation_services_officers_in_post",
    "all_staff_in_post",
    "probation_officer_vacancy_rate",
    "probation_officer_leaving_rate",
    "caseload_per_probation_officer",
    "people_supervised",
    "licence_recalls",
    "recalled_people_in_prison",
    "people_charged_with_serious_further_offence",
)
REOFFENDING = {
    "binary_rate": ("Share of people who reoffend within a year", "percent"),
    "frequency_rate": ("Reoffences per reoffender", "reoffences"),
}
BODY_NAMES = {"nps": "NPS", "probation-service": "Probation Service", "all-probation": "All probation"}

ANNUAL_REPORT = "delivery-units-inspected-units-in-the-annual-report-of-february-2024-to-february-2025-2025-03"
ANNUAL_REPORT_REGIONS = (
    "region-kent-surrey-and-sussex",
    "region-east-of-england",
    "region-yorkshire-and-the-humber",
)
VERDICTS = {
    "same_measure": "one series",
    "with_care": "with care",
    "not_alike": "no: not alike",
    "no_counterpart": "no: no earlier figure",
}

BESIDE_BEFORE = {
    "same_measure": "The years before June 2021 belong to the same series.",
    "with_care": "The years before June 2021 can stand beside it with care only.",
    "not_alike": "Figures for the years before June 2021 are not alike.",
    "no_counterpart": "No figure for the years before June 2021 is here.",
}


def inspections(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every inspection of a delivery unit that was read, with the names of unit and region, oldest first.

    Columns of delivery_unit_inspections, plus unit, region_id, region, programme_name, period_start, period_end and
    middle (the days the report can have come out on, and the one half-way), is_span, band_score (Outstanding 3 to
    Inadequate 0: an order, not a measurement), share_of_points (percent of the highest total, only where a source
    prints both).
    Raises ValueError if a row would be lost or doubled in a join.
    """
    rows = with_periods(tables["delivery_unit_inspections"]).astype({"band": str, "programme": str})
    units = tables["delivery_units"][["delivery_unit_id", "name", "region_id"]].rename(columns={"name": "unit"})
    regions = tables["providers"][["provider_id", "short_name"]]
    regions = regions.rename(columns={"provider_id": "region_id", "short_name": "region"})
    found = rows.merge(units, on="delivery_unit_id", validate="many_to_one").merge(
        regions, on="region_id", validate="many_to_one"
    )
    if len(found) != len(rows):
        lost = sorted(set(rows["inspection_id"]) - set(found["inspection_id"]))
        raise ValueError(f"delivery_unit_inspections: {lost} have no unit, or a unit without a region in providers.")
    found["region"] = found["region"].str.removesuffix(" region")
    return found.assign(
        programme_name=found["programme"].map(PROGRAMMES),
        middle=found["period_start"] + (found["period_end"] - found["period_start"]) / 2,
        band_score=found["band"].map(_SCORE),
        share_of_points=(100 * found["points"] / found["max_points"]).astype(float),
    ).sort_values(["middle", "inspection_id"], kind="stable", ignore_index=True)


def points_share(inspected: pd.DataFrame) -> pd.DataFrame:
    """The printed scores as a share of the highest total, each scale by itself.

    Columns: inspection_id, unit, region, programme, programme_name, period_start, period_end, points, max_points,
    share_of_points (percent; unknown where the highest total is), one_scale (whether every row with a share has the
    same programme and highest total, so that they may be drawn together), source_id, note.
    """
    rows = inspected.dropna(subset=["points"])
    scales = rows.dropna(subset=["share_of_points"])[["programme", "max_points"]].drop_duplicates()
    columns = ["inspection_id", "unit", "region", "programme", "programme_name", "period_start", "period_end",
               "points", "max_points", "share_of_points", "source_id", "note"]  # fmt: skip
    return rows[columns].assign(one_scale=len(scales) == 1).reset_index(drop=True)


def band_shares(inspected: pd.DataFrame, by: Iterable[str] = ("programme_name",)) -> pd.DataFrame:
    """Inspections by band within each group, bands that nobody got included.

    Columns: those of `by`, band (best first), inspections, of, share, low and high (percent; Wilson 95% interval).
    The interval treats the inspections read as a sample of such inspections; units were not drawn at random.
    """
    by = list(by)
    grid = inspected[by].drop_duplicates().sort_values(by).merge(pd.DataFrame({"band": BANDS}), how="cross")
    counts = inspected.groupby([*by, "band"], observed=True).size().rename("inspections").reset_index()
    rows = grid.merge(counts, on=[*by, "band"], how="left").fillna({"inspections": 0}).astype({"inspections": int})
    rows["of"] = rows.groupby(by, observed=True)["inspections"].transform("sum")
    low, high = wilson_interval(rows["inspections"], rows["of"])
    return rows.assign(share=100 * rows["inspections"] / rows["of"], low=low.clip(0), high=high.clip(upper=100))


def programme_gap(inspected: pd.DataFrame, band: str = "Inadequate") -> pd.DataFrame:
    """Share of a band under the later programme less the share under the earlier, in two selections.

    Columns: selection (all inspections; regions inspected in both programmes), earlier, earlier_of, later, later_of
    (inspections), difference, difference_lower, difference_upper (percentage points; Newcombe 95% interval),
    fisher_p. Units inspected twice count twice.
    """
    seen = inspected.groupby("region_id")["programme"].nunique()
    both = inspected["region_id"].isin(seen[seen == 2].index)
    rows = []
    for selection, chosen in (
        ("all inspections", inspected),
        ("regions inspected in both programmes", inspected[both]),
    ):
        hit = (chosen["band"] == band).groupby(chosen["programme"]).agg(["sum", "size"])
        earlier, later = (hit.loc[programme] for programme in PROGRAMMES)
        counts = [int(count) for count in (later["sum"], later["size"], earlier["sum"], earlier["size"])]
        test = compare_proportions(*counts)
        rows.append(
            {
                "selection": selection,
                "earlier": int(earlier["sum"]),
                "earlier_of": int(earlier["size"]),
                "later": int(later["sum"]),
                "later_of": int(later["size"]),
                "difference": 100 * test["difference"],
                "difference_lower": 100 * test["difference_lower"],
                "difference_upper": 100 * test["difference_upper"],
                "fisher_p": test["fisher_p"],
            }
        )
    return pd.DataFrame(rows).assign(band=band)


def band_trend(inspected: pd.DataFrame, band: str = "Inadequate") -> pd.DataFrame:
    """How the bands go with the date of the report, for the first, middle and last day each report can have.

    Columns: dated (first, middle, last), inspections, loosely_dated (those whose day is known to more than a month
    only), spearman and spearman_p (band_score against date: above zero
    means better bands later), odds_ratio, odds_low, odds_high (odds of the band, per year later; logistic
    regression, 95% interval, standard errors clustered by unit). Dated inspections only. A description: programme,
    region and date changed together, so it names no cause.
    Raises ValueError if every inspection has the band or none has.
    """
    from scipy.stats import spearmanr
    from statsmodels.discrete.discrete_model import Logit

    rows = inspected.dropna(subset=["middle"])
    hit = (rows["band"] == band).astype(int)
    if hit.nunique() < 2:
        raise ValueError(f"band_trend: {band} must be the band of some inspections and not of others.")
    loose = int(((rows["period_end"] - rows["period_start"]).dt.days > 30).sum())
    found = []
    for dated, column in (("first", "period_start"), ("middle", "middle"), ("last", "period_end")):
        years = (rows[column] - REUNIFICATION).dt.days / 365.25
        order = spearmanr(years, rows["band_score"])
        design = pd.DataFrame({"constant": 1.0, "years": years})
        groups = rows["delivery_unit_id"].astype("category").cat.codes
        fit = Logit(hit, design).fit(disp=0, cov_type="cluster", cov_kwds={"groups": groups})
        low, high = np.exp(fit.conf_int().loc["years"])
        found.append((dated, len(rows), order.statistic, order.pvalue, np.exp(fit.params["years"]), low, high))
    return pd.DataFrame(
        found,
        columns=["dated", "inspections", "spearman", "spearman_p", "odds_ratio", "odds_low", "odds_high"],
    ).assign(loosely_dated=loose, band=band)


def reinspections(inspected: pd.DataFrame) -> pd.DataFrame:
    """The units inspected twice, each its own comparison.

    Columns: delivery_unit_id, unit, region, first, second (bands), first_date and second_date (middle day),
    change (up, same, down), second_programme.
    """
    first, second = (inspected[inspected["inspection_number"] == number] for number in (1, 2))
    pairs = first.merge(second, on="delivery_unit_id", suffixes=("_1", "_2"), validate="one_to_one")
    step = np.sign(pairs["band_score_2"] - pairs["band_score_1"]).map({1: "up", 0: "same", -1: "down"})
    return pd.DataFrame(
        {
            "delivery_unit_id": pairs["delivery_unit_id"],
            "unit": pairs["unit_1"],
            "region": pairs["region_1"],
            "first": pairs["band_1"],
            "second": pairs["band_2"],
            "first_date": pairs["middle_1"],
            "second_date": pairs["middle_2"],
            "change": step,
            "second_programme": pairs["programme_2"],
        }
    ).sort_values(["change", "unit"], key=_worst_last, ignore_index=True)


def sign_test(pairs: pd.DataFrame) -> dict[str, float]:
    """Units that moved up and down between two inspections, with the exact sign test.

    Keys: up, same, down, moved (units), share_up, low, high (percent of those that moved; Wilson 95%), p (two-sided
    exact binomial test of one half, scipy).
    """
    from scipy.stats import binomtest

    counts = pairs["change"].value_counts().reindex(["up", "same", "down"], fill_value=0)
    up, moved = int(counts["up"]), int(counts["up"] + counts["down"])
    found = {"up": up, "same": int(counts["same"]), "down": int(counts["down"]), "moved": moved}
    if not moved:
        return found | {"share_up": np.nan, "low": np.nan, "high": np.nan, "p": np.nan}
    test = binomtest(up, moved)
    interval = test.proportion_ci(method="wilson")
    return found | {
        "share_up": 100 * up / moved,
        "low": 100 * interval.low,
        "high": 100 * interval.high,
        "p": test.pvalue,
    }


def region_coverage(inspected: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """Inspections read in every region and programme, regions without any included.

    Columns: region_id, region, programme, programme_name, inspections, inadequate, requires_improvement, good,
    outstanding (inspections).
    """
    regions = providers[providers["kind"] == "probation_region"][["provider_id", "short_name"]]
    regions = regions.rename(columns={"provider_id": "region_id", "short_name": "region"})
    regions["region"] = regions["region"].str.removesuffix(" region")
    grid = regions.merge(pd.DataFrame(PROGRAMMES.items(), columns=["programme", "programme_name"]), how="cross")
    keys = ["region_id", "programme"]
    counts = pd.crosstab([inspected[key] for key in keys], inspected["band"]).reindex(columns=BANDS, fill_value=0)
    counts.columns = [band.lower().replace(" ", "_") for band in counts.columns]
    counts.insert(0, "inspections", counts.sum(axis=1))
    found = grid.merge(counts.reset_index(), on=keys, how="left")
    return found.fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, int))


def standards_distribution(standards: pd.DataFrame, inspected: pd.DataFrame) -> pd.DataFrame:
    """Ratings of single standards that reached print, by programme and band; never a sample of all ratings.

    Columns: programme, band, ratings (standards counted one by one), of_them_named, of (ratings in print in the
    programme), inspections (that have any rating in print), possible (ratings given to every inspection read of the
    programme), in_print (percent of possible).
    """
    per = {"nine_standards": 9, "seven_standards": 7}
    rows = standards.astype({"band": str}).merge(
        inspected[["inspection_id", "programme"]], on="inspection_id", validate="many_to_one"
    )
    rows["named"] = rows["standards"].where(rows["covers"] == "one", 0)
    groups = rows.groupby(["programme", "band"])
    found = (
        groups[["standards", "named"]]
        .sum()
        .reindex(pd.MultiIndex.from_product([list(PROGRAMMES), list(BANDS)], names=["programme", "band"]), fill_value=0)
    )
    found = found.rename(columns={"standards": "ratings", "named": "of_them_named"}).reset_index()
    found["of"] = found.groupby("programme")["ratings"].transform("sum")
    found["inspections"] = found["programme"].map(rows.groupby("programme")["inspection_id"].nunique())
    given = inspected["programme"].value_counts()
    found["possible"] = found["programme"].map(lambda programme: per[programme] * int(given.get(programme, 0)))
    found["in_print"] = 100 * found["of"] / found["possible"].where(found["possible"] > 0)
    return found


# ----------------------------------------------------------------------------------------------- cases


def case_findings(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What inspectors found in the cases, each figure with its hedge, oldest first.

    Columns: figure_id, measure, name, population, level (unit, region, national), value, qualifier, unit, of (cases,
    where printed), sufficient (percent of cases in which the work was done well enough) and sufficient_qualifier
    (both turned round where the source counts the cases in which it was not), turned (whether they were), low and
    high (percent; Wilson 95%, only for exact figures with a printed number of cases), period_start, period_end,
    period (before, across, since), source_id, note.
    """
    themes = tables["after_measures"].set_index("measure")["theme"]
    figures = tables["after_figures"]
    rows = _figures(tables, figures[figures["measure"].map(themes) == "case_findings"])
    regional = rows["provider_id"].str.startswith("region-")
    level = np.select([rows["inspection_id"].notna(), regional], ["unit", "region"], default="national")
    share = (100 * rows["value"] / rows["of"]).where(rows["unit"] == "cases", rows["value"]).astype(float)
    turned = rows["better"] == "lower"
    counted = rows["of"].notna() & (rows["qualifier"] == "exact")
    of = rows["of"].astype(float).where(counted)
    sufficient = share.where(~turned, 100 - share)
    low, high = wilson_interval((sufficient * of / 100).round(), of)
    rows = rows.assign(
        level=level,
        sufficient=sufficient,
        sufficient_qualifier=rows["qualifier"].where(~turned, flip(rows["qualifier"])),
        turned=turned,
        low=low,
        high=high,
    )
    return rows[
        ["figure_id", "measure", "name", "population", "level", "value", "qualifier", "unit", "of", "sufficient",
         "sufficient_qualifier", "turned", "low", "high", "period_start", "period_end", "period", "source_id", "note"]
    ]  # fmt: skip


# ----------------------------------------------------------------------------------------------- series


def measure_series(tables: Mapping[str, pd.DataFrame], *measures: str, national: bool | None = True) -> pd.DataFrame:
    """Measures across June 2021, from after_figures and from the theme tables that hold the same measures.

    A figure that two documents give alike stands once; figures that disagree about the same day stay side by side,
    marked rival, and are never averaged. national=False gives regions and units instead, None gives both.
    Columns: measure, name, unit, better, provider_id, population, value, qualifier, basis, date, date_precision,
    period_start, period_end, period (before, across, since), rival, table, source_id, note, national (whether the
    figure is). Measures come in the order asked for, each by date.
    Raises ValueError for an unknown measure.
    """
    known = tables["after_measures"].set_index("measure")
    if unknown := [measure for measure in measures if measure not in known.index]:
        raise ValueError(f"{unknown} not in after_measures; there are {', '.join(known.index)}.")
    about = without_categories(known.loc[list(measures)])
    figures = tables["after_figures"]
    figures = figures.loc[figures["measure"].isin(measures), ["measure", *_FIGURE, *_AFTER_FIGURE]]
    parts = [_linked(tables, row) for row in about.dropna(subset="linked_table").itertuples()]
    rows = with_periods(pd.concat(map(without_categories, [figures.assign(table="after_figures"), *parts])))
    rows = rows.join(about[["name", "unit", "better", "linked_table"]], on="measure")
    # Staff of the NPS were all the public staff there were; its caseload was a part of the people supervised.
    part = (rows["provider_id"] == "nps") & (rows["linked_table"] == "caseload")
    nationwide = rows["provider_id"].isin(NATIONAL) & ~part & rows["inspection_id"].isna()
    # One national figure is as good as another; elsewhere a place has its own.
    places = rows[["provider_id", "inspection_id"]].mask(nationwide)
    rows = rows.assign(national=nationwide, place=places["provider_id"], unit_place=places["inspection_id"])
    if national is not None:
        rows = rows[nationwide == national]
    order = rows["measure"].map({measure: place for place, measure in enumerate(measures)})
    # Figures of other tables have no figure_id and come last.
    by = ["order", "period_end", "period_start", "value", "figure_id"]
    rows = rows.assign(order=order).sort_values(by, kind="stable")
    moment = ["measure", "period_start", "period_end", "national", "place", "unit_place"]
    rows = rows.drop_duplicates([*moment, "value"])
    rows["rival"] = (rows["rival_group"].notna() | rows.duplicated(moment, keep=False)) & rows["period_end"].notna()
    rows["period"] = _period(rows["period_start"], rows["period_end"])
    return rows[
        ["measure", "name", "unit", "better", "provider_id", "population", "value", "qualifier", "basis", "date",
         "date_precision", "period_start", "period_end", "period", "rival", "table", "source_id", "note",
         "national"]
    ].reset_index(drop=True)  # fmt: skip


def change_since(series: pd.DataFrame) -> pd.DataFrame:
    """From the first figure that reaches June 2021 or later to the last, a row a measure; rivals on a day give a range.

    Columns: measure, name, unit, better, first_start, first_date, first_low, first_high, last_start, last_date,
    last_low, last_high (a start and a date are the first and last day of the period), change_low, change_high (unit
    of the measure), change_percent_low, change_percent_high, lowest and highest (of all figures, the ends included),
    figures (dates), direction (rise, fall, no clear change). Hedged figures are left out.
    Raises ValueError for measures with fewer than two dates that have an exact figure.
    """
    about = series.drop_duplicates("measure")[["measure", "name", "unit", "better"]]
    rows = series[series["period"].isin(["across", "since"]) & (series["qualifier"] == "exact")]
    days = rows.groupby(["measure", "period_end"]).agg(
        start=("period_start", "min"), low=("value", "min"), high=("value", "max")
    )
    ends = days.reset_index("period_end").rename(columns={"period_end": "date"})[["start", "date", "low", "high"]]
    measures = ends.groupby("measure")
    figures = measures.size().reindex(about["measure"], fill_value=0)
    if few := [f"{measure} has {count} exact dates" for measure, count in figures.items() if count < 2]:
        raise ValueError(f"change_since: {'; '.join(few)} since June 2021; it takes two.")
    found = about.join(measures.first().add_prefix("first_"), on="measure")
    found = found.join(measures.last().add_prefix("last_"), on="measure")
    low, high = found["last_low"] - found["first_high"], found["last_high"] - found["first_low"]
    return found.assign(
        change_low=low,
        change_high=high,
        change_percent_low=100 * low / found["first_high"],
        change_percent_high=100 * high / found["first_low"],
        lowest=found["measure"].map(measures["low"].min()),
        highest=found["measure"].map(measures["high"].max()),
        figures=figures.to_numpy(),
        direction=[_direction(*ends) for ends in zip(low, high)],
    ).reset_index(drop=True)


def vacancies(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Probation officer vacancy rates since 2021 in percent: national, and of units where one was printed.

    Columns of measure_series, plus level (national, unit). Rates of units reached print because they were high.
    """
    rows = measure_series(tables, "probation_officer_vacancy_rate", national=None)
    rows = rows.assign(level=np.where(rows["national"], "national", "unit")).sort_values("level", kind="stable")
    return rows[rows["period_end"] >= pd.Timestamp("2021-12-31")].reset_index(drop=True)


def regional_vacancies(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Vacancies of all grades by region in September 2023 (FTE), largest first; zero is a published zero."""
    rows = measure_series(tables, "all_vacancies", national=False)
    rows = rows[rows["period_end"].between("2023-09-01", "2023-09-30")]
    names = tables["providers"].set_index("provider_id")["short_name"].str.removesuffix(" region")
    return rows.assign(region=rows["provider_id"].map(names)).sort_values(
        ["value", "region"], ascending=[False, True], ignore_index=True
    )


def vacancy_check(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Published vacancy rates beside the rate that the published shortfall and target or staff in post give.

    Columns: date, published and from_counts (percent), shortfall, target (FTE; in post plus shortfall where no target
    was printed), difference (percentage points).
    """
    names = ("probation_officer_vacancy_rate", "probation_officers_shortfall", "probation_officers_target",
             "probation_officers_in_post")  # fmt: skip
    series = measure_series(tables, *names)
    rate, short, target, post = (series[series["measure"] == name].set_index("period_end") for name in names)
    target, post = target["value"], post.set_index("source_id", append=True)["value"]
    rows = []
    for date, row in short[short["period"] == "since"].iterrows():
        if date in rate.index and pd.notna(date):
            of = target.get(date, post.get((date, row["source_id"]), np.nan) + row["value"])
            rows.append((date, rate.loc[date, "value"], 100 * row["value"] / of, row["value"], of))
    found = pd.DataFrame(rows, columns=["date", "published", "from_counts", "shortfall", "target"])
    return found.assign(difference=found["published"] - found["from_counts"])


def recalls(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Recalls from licence by quarter, with the number supervised on the last day of the quarter where it is known.

    Columns of measure_series, plus quarter (such as Apr-Jun 2021), change_on_year and published_change_on_year
    (percent; the first is known where the quarter a year earlier is here), supervised (people) and
    recalls_per_1000 (recalls in the quarter per 1,000 people supervised at its end, among whom are people who
    cannot be recalled).
    """
    names = ("licence_recalls", "licence_recalls_change_on_year", "people_supervised")
    series = measure_series(tables, *names)
    rows, printed, people = (series[series["measure"] == name] for name in names)
    rows = rows[(rows["period_end"] - rows["period_start"]).dt.days.between(88, 93)].reset_index(drop=True)
    ends = rows.set_index("period_end")["value"]
    ends = ends[~ends.index.duplicated(keep=False)]
    before = (rows["period_end"] - pd.DateOffset(years=1) + pd.offsets.MonthEnd(0)).map(ends)
    printed = printed.set_index("period_end")["value"]
    people = people[people["qualifier"].astype(str) == "exact"].drop_duplicates("period_end", keep=False)
    supervised = rows["period_end"].map(people.set_index("period_end")["value"])
    return rows.assign(
        quarter=rows["period_start"].dt.strftime("%b-") + rows["period_end"].dt.strftime("%b %Y"),
        change_on_year=100 * (rows["value"] / before - 1),
        published_change_on_year=rows["period_end"].map(printed),
        supervised=supervised,
        recalls_per_1000=1000 * rows["value"] / supervised,
    )


def reoffending_since(national: pd.DataFrame, population: str = "all", measure: str | None = None) -> pd.DataFrame:
    """Cohorts of proven reoffending with the period they fall in: before, across or since June 2021.

    Columns of reoffending.national_series, plus period. Raises ValueError where nothing matches.
    """
    series = national_series(national, population, **({"measure": measure} if measure else {}))
    return series.assign(period=_period(series["date"], series["date_end"]))


def rival_figures(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Figures since June 2021 that disagree about the same thing, side by side: columns of after_figures and of
    staffing.rivals (figures, lowest, highest, spread), plus name."""
    figures = tables["after_figures"]
    return rivals(_figures(tables, figures[figures["rival_group"].notna()]), ["rival_group"])


# ----------------------------------------------------------------------------------------------- comparability


def comparability(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What can stand beside the years before June 2021, counted in the tables themselves.

    Columns of after_comparability, plus rows_before and rows_since (of the measure where one is named, of the table
    otherwise; empty where there is no table) and last_before, first_since (last and first day they speak of).
    """
    found = without_categories(tables["after_comparability"])
    held = tables["after_measures"].dropna(subset="linked_table")["measure"]
    series = measure_series(tables, *found["measure"].dropna(), national=None)
    # A measure that another table holds too is counted in its national series, any other in all its figures.
    series = series[series["national"] | ~series["measure"].isin(held)]
    # What is counted on either side: a measure or a table.
    before = found["measure"].where(found["measure"].isin(held), found["before_table"])
    since = found["measure"].fillna(found["after_table"])
    named = {name: tables[name] for name in (*before, *since) if name in tables}
    dated = [
        without_categories(table.filter(["date", "date_precision", "date_end"])).assign(of=name)
        for name, table in named.items()
        if "date" in table
    ]
    rows = pd.concat([with_periods(pd.concat(dated)), series.assign(of=series["measure"])])
    rows = rows.assign(period=_period(rows["period_start"], rows["period_end"]))
    counts = pd.crosstab(rows["of"], rows["period"]).reindex(columns=["before", "since"], fill_value=0)
    for name, table in named.items():
        if "date" not in table:
            counts.loc[name] = len(table)
    last = rows[rows["period"] == "before"].groupby("of")["period_end"].max()
    first = rows[rows["period"] == "since"].groupby("of")["period_start"].min()
    return found.assign(
        rows_before=before.map(counts["before"]).astype("Int64"),
        last_before=before.map(last),
        rows_since=since.map(counts["since"]).astype("Int64"),
        first_since=since.map(first),
    )


def is_it_better(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The question of the notebook, subject by subject, from the first figure since June 2021 to the last.

    Columns: subject, then, now (in words), direction (rise, fall, no clear change), verdict (better, worse, no clear
    change, not judged) and why (what the verdict rests on). Inspections are judged by whether their 95% interval
    leaves zero out; figures published for the whole country have no sampling error and are judged by their direction,
    if a higher value is better or worse at all; reoffending by whether the Wilson intervals of two cohorts overlap.
    """
    inspected = inspections(tables)
    gap = programme_gap(inspected).iloc[1]
    moves = sign_test(reinspections(inspected))
    rows = [
        (
            "Share of delivery units rated Inadequate",
            f"{gap['earlier']} of {gap['earlier_of']} (nine standards)",
            f"{gap['later']} of {gap['later_of']} (seven standards)",
            _direction(gap["difference_lower"], gap["difference_upper"]),
            _judge(gap["difference_lower"], gap["difference_upper"], "lower"),
            f"{gap['selection']}; difference {_signed(gap['difference'])} points, 95% interval "
            f"{_signed(gap['difference_lower'])} to {_signed(gap['difference_upper'])}",
        ),
        (
            "Bands of units inspected twice",
            f"{moves['moved'] + moves['same']} units",
            f"{moves['up']} up, {moves['same']} the same, {moves['down']} down",
            "no clear change" if not moves["p"] < 0.05 else "rise" if moves["up"] > moves["down"] else "fall",
            "no clear change" if not moves["p"] < 0.05 else "better" if moves["up"] > moves["down"] else "worse",
            f"sign test p = {moves['p']:.2f}",
        ),
    ]
    judged = measure_series(tables, *_JUDGED)
    inexact = set(judged.loc[judged["basis"] != "stated", "measure"])
    for change in change_since(judged).to_dict("records"):
        ends = (change["first_low"], change["first_high"], change["last_low"], change["last_high"])
        why = "published for the whole country"
        if change["lowest"] < min(ends) or change["highest"] > max(ends):
            why += f"; between {_span(change['lowest'], change['lowest'], change['unit'])} and " + _span(
                change["highest"], change["highest"], change["unit"]
            )
        if change["measure"] in inexact:
            why += "; some figures are implied, or their year inferred"
        if change["better"] == "neither":
            why += "; a rise may be good or bad"
        rows.append(
            (
                change["name"],
                f"{_span(change['first_low'], change['first_high'], change['unit'])} "
                f"({_label(change['first_start'], change['first_date'])})",
                f"{_span(change['last_low'], change['last_high'], change['unit'])} "
                f"({_label(change['last_start'], change['last_date'])})",
                _direction(change["change_low"], change["change_high"]),
                _judge(change["change_low"], change["change_high"], change["better"]),
                why,
            )
        )
    series = reoffending_since(tables["reoffending_national"])
    first, last = (series[series["period"].isin(["across", "since"])].iloc[position] for position in (0, -1))
    apart = (last["binary_low"] - first["binary_high"], last["binary_high"] - first["binary_low"])
    step = last["frequency_rate"] - first["frequency_rate"]
    rows += [
        (
            "Share of people who reoffend within a year",
            f"{first['binary_rate']:.1f}% ({first['cohort']})",
            f"{last['binary_rate']:.1f}% ({last['cohort']})",
            _direction(*apart),
            _judge(*apart, "lower"),
            "95% intervals overlap" if apart[0] <= 0 <= apart[1] else "95% intervals do not overlap",
        ),
        (
            "Reoffences per reoffender",
            f"{first['frequency_rate']:.2f} ({first['cohort']})",
            f"{last['frequency_rate']:.2f} ({last['cohort']})",
            _direction(step, step),
            _judge(step, step, "lower"),
            "published for the whole country",
        ),
    ]
    return pd.DataFrame(rows, columns=["subject", "then", "now", "direction", "verdict", "why"])


# ----------------------------------------------------------------------------------------------- rows and words


def share_of(bands: pd.Series, band: str) -> tuple[int, float, float]:
    """How many of these ratings are of a band, and the 95% interval (Wilson) of its share in percent."""
    count = int((bands.astype(str) == band).sum())
    low, high = wilson_interval(pd.Series([count]), pd.Series([len(bands)]))
    return count, max(0, low.iloc[0]), min(100, high.iloc[0])


def cases_to_draw(findings: pd.DataFrame) -> pd.DataFrame:
    """Rows of `case_findings` as `charts.published` draws them, with subject (of SUBJECTS), interval_low and
    interval_high (percent; 95%, where cases were counted) and period."""
    rows = findings.assign(subject=findings["measure"].map(subject_of), checked=findings["measure"].map(_checked))
    rows = rows.sort_values(["subject", "checked", "period_end", "population"], kind="stable", ignore_index=True)
    place = rows["population"].str.removeprefix("Unit: ") + ", " + _when(rows)
    qualifier = rows["sufficient_qualifier"].astype(str)
    return pd.DataFrame(
        {
            "subject": rows["subject"],
            "row": range(len(rows)),
            "label": [charts.lines(*cells) for cells in zip(rows["checked"], place)],
            "value": rows["sufficient"].round(2),
            "qualifier": qualifier,
            "words": [display.hedged(*each, unit="percent") for each in zip(rows["sufficient"].round(1), qualifier)],
            "interval_low": rows["low"].round(1),
            "interval_high": rows["high"].round(1),
            "period": rows["period"],
        }
    )


def subject_of(measure: str) -> str:
    """The subject of SUBJECTS that a measure of the cases belongs to. Raises ValueError for one without."""
    for subject, beginnings in SUBJECTS.items():
        if measure.startswith(beginnings):
            return subject
    raise ValueError(f"after_measures: {measure!r} belongs to none of {', '.join(SUBJECTS)}; add it to SUBJECTS.")


def _said(measure: str) -> str:
    """The name of a measure of the cases without underscores, verdict included: shorter than its full name."""
    return measure.replace("_", " ")


def _checked(measure: str) -> str:
    """What was looked at, in words, without the verdict at the end of the measure's name."""
    words = measure.replace("_", " ")
    for verdict in (" sufficient", " insufficient", " wrong", " missing", " made", " used"):
        words = words.removesuffix(verdict)
    return words.capitalize()


def series_to_draw(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The national measures as far back as the explorer draws them, in the order of its control, reoffending last.

    Columns used: measure, name, unit, body, value, low, high (95% interval, of the share who reoffend), qualifier,
    stated (not implied by other figures), period_start, period_end, period, source_id.
    """
    series = measure_series(tables, *NATIONAL_MEASURES)
    themes = tables["after_measures"].set_index("measure")["theme"]
    everybody = series["measure"].map(themes).isin(["supervision", "recalls"])
    body = series["provider_id"].map(BODY_NAMES).mask(everybody, "All probation")
    parts = [series.assign(body=body, low=np.nan, high=np.nan, stated=series["basis"] == "stated")]
    cohorts = reoffending_since(tables["reoffending_national"])
    cohorts = cohorts.rename(columns={"date": "period_start", "date_end": "period_end"})
    for measure, (name, unit) in REOFFENDING.items():
        binary = measure == "binary_rate"
        parts.append(
            cohorts.assign(
                measure=measure,
                name=name,
                unit=unit,
                body="All probation",
                value=cohorts[measure],
                low=cohorts["binary_low"] if binary else np.nan,
                high=cohorts["binary_high"] if binary else np.nan,
                qualifier="exact",
                stated=True,
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["period_start"] >= NATIONAL_FROM].reset_index(drop=True)


def change_in_words(series: pd.DataFrame, change: Mapping[str, Any], compared: pd.DataFrame) -> str:
    """How a national measure moved since June 2021, and whether the years before can stand beside it.

    series     rows of `series_to_draw` of this measure
    change     its row of `after_reunification.change_since`
    compared   rows of after_comparability
    """
    measure = change["measure"]
    unit = change["unit"]
    named = "" if unit == "percent" else f" {unit}"
    ends = [
        f"{_ends(change[f'{end}_low'], change[f'{end}_high'], unit)}{named} "
        f"({_label(change[f'{end}_start'], change[f'{end}_date'])})"
        for end in ("first", "last")
    ]
    if change["direction"] == "no clear change":
        moved = "no clear change"
    elif unit == "percent":
        points = sorted((abs(change["change_low"]), abs(change["change_high"])))
        words = " to ".join(dict.fromkeys(f"{point:.3g}" for point in points))
        moved = f"a {change['direction']} of {words} percentage points"
    else:
        moved = f"a {change['direction']} of {_both(change['change_percent_low'], change['change_percent_high'])}%"
    if measure == "binary_rate":
        last = series.iloc[-1]
        ends[1] += f", 95% interval {last['low']:.1f}% to {last['high']:.1f}%"
    judged = (
        compared["subject"] == REOFFENDING["binary_rate"][0]
        if measure in REOFFENDING
        else compared["measure"] == measure
    )
    row = compared[judged.fillna(False)]
    before = BESIDE_BEFORE[row["verdict"].iloc[0]] if len(row) else "Whether earlier years are alike was not judged."
    return f"{change['name']}: from {ends[0]} to {ends[1]}, {moved}. {before}"


def twice_table(inspected: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Units inspected twice: unit, first and second (band and date as far as known), change (in words)."""
    rows = inspected[inspected["delivery_unit_id"].isin(pairs["delivery_unit_id"])]
    rows = rows.assign(said=rows["band"] + " (" + _when(rows) + ")")
    said = rows.pivot_table("said", "delivery_unit_id", "inspection_number", aggfunc="first")
    words = {"up": "up a band", "down": "down a band", "same": "the same band"}
    return pd.DataFrame(
        {
            "unit": pairs["unit"],
            "first": pairs["delivery_unit_id"].map(said[1]),
            "second": pairs["delivery_unit_id"].map(said[2]),
            "change": pairs["change"].map(words),
        }
    )


def drawn(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every figure of the notebook's charts and tables, by document: source_id, figures (each with its date)."""
    inspected = inspections(tables)
    scores = inspected["points"].map(lambda value: "" if pd.isna(value) else f", points: {value}")
    standards = tables["delivery_unit_standards"].merge(
        inspected[["inspection_id", "unit", "period_start", "period_end"]], on="inspection_id", validate="many_to_one"
    )
    regions = with_periods(tables["regional_inspections"])
    cases, rates = case_findings(tables), vacancies(tables)
    vacant = regional_vacancies(tables)
    earlier = recalls(tables)
    series = series_to_draw(tables)
    local = rates[rates["level"] == "unit"]
    earlier = earlier[earlier["period_start"] < NATIONAL_FROM]
    parts = [
        _listed(inspected, inspected["unit"], inspected["band"] + scores),
        _listed(standards, standards["unit"], standards["standard"] + " " + standards["band"].astype(str)),
        _listed(regions, _regions(tables, regions), _regional_band(regions)),
        _listed(
            cases,
            cases["population"].str.removeprefix("Unit: "),
            cases["measure"].map(_said) + " " + _printed(cases),
        ),
        _listed(series, series["name"], _printed(series)),
        _listed(local, local["population"].str.removeprefix("Unit: "), "officer posts vacant " + _printed(local)),
        _listed(vacant, vacant["region"], "vacancies " + _printed(vacant)),
        _listed(earlier, earlier["name"], _printed(earlier)),
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.groupby(["source_id", "where"], sort=False)["figure"].agg("; ".join).reset_index()
    rows = rows.assign(figures=rows["where"] + ": " + rows["figure"])
    return rows.groupby("source_id", sort=False)["figures"].agg(". ".join).reset_index()


def _listed(rows: pd.DataFrame, where: pd.Series, figure: pd.Series) -> pd.DataFrame:
    """The figures of one place (or measure) in one document and period, in a line."""
    lines = pd.DataFrame({"source_id": rows["source_id"], "where": where + " (" + _when(rows) + ")", "figure": figure})
    return lines.astype({"figure": str})


def _regions(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame) -> pd.Series:
    names = tables["providers"].set_index("provider_id")["short_name"].astype(str).str.removesuffix(" region")
    return rows["provider_id"].map(names)


def _regional_band(rows: pd.DataFrame) -> pd.Series:
    return rows["band"].astype(object).where(rows["band"].notna(), "not rated")


def _printed(rows: pd.DataFrame) -> pd.Series:
    """Each figure in words, with its hedge and a percent sign or, for counts of cases, their number."""
    of = rows["of"] if "of" in rows else pd.Series(pd.NA, rows.index)
    words = [
        display.hedged(value, str(qualifier), unit="percent" if unit == "percent" else "")
        + ("" if pd.isna(cases) else f" of {cases}" if unit == "cases" else f" of {cases} cases")
        for value, qualifier, unit, cases in zip(rows["value"], rows["qualifier"], rows["unit"].astype(str), of)
    ]
    return pd.Series(words, rows.index, dtype="object")


def _when(rows: pd.DataFrame) -> pd.Series:
    """The period of each row in words: a day, a month, a year, a span, or that it is unknown."""
    words = [
        "date unknown" if pd.isna(start) or pd.isna(end) else _day(end) if start == end else _label(start, end)
        for start, end in zip(rows["period_start"], rows["period_end"])
    ]
    return pd.Series(words, index=rows.index, dtype="object")


def _ends(low: float, high: float, unit: str) -> str:
    return _span(round(low, 2), round(high, 2), unit)


# ----------------------------------------------------------------------------------------------- private


def _figures(tables: Mapping[str, pd.DataFrame], figures: pd.DataFrame) -> pd.DataFrame:
    """Rows of after_figures with what after_measures says of them, oldest first."""
    about = without_categories(tables["after_measures"]).set_index("measure")[["theme", "name", "unit", "better"]]
    rows = with_periods(without_categories(figures).drop(columns="unit")).join(about, on="measure")
    return rows.assign(period=_period(rows["period_start"], rows["period_end"])).sort_values(
        ["period_end", "figure_id"], kind="stable", ignore_index=True
    )


def _linked(tables: Mapping[str, pd.DataFrame], about: object) -> pd.DataFrame:
    """The rows of a theme table that hold the measure of this row of after_measures, under its name there."""
    table = tables[about.linked_table]
    chosen = table["measure"] == about.linked_measure
    if pd.notna(about.linked_group):
        chosen &= table["grade" if "grade" in table else "role"] == about.linked_group
    rows = table[chosen]
    if "value" not in table:
        rows = rows.assign(value=rows["value_low"].where(rows["value_low"] == rows["value_high"]))
    rows = rows[_FIGURE].dropna(subset="value")
    return rows.assign(measure=about.Index, basis="stated", table=about.linked_table)


def _period(start: pd.Series, end: pd.Series) -> np.ndarray:
    """Whether a span lies before, across or since reunification; unknown where it has no dates."""
    return np.select(
        [start.isna() | end.isna(), end < REUNIFICATION, start >= REUNIFICATION],
        ["unknown", "before", "since"],
        "across",
    )


def _worst_last(column: pd.Series) -> pd.Series:
    return column.map({"up": 0, "same": 1, "down": 2}).fillna(0) if column.name == "change" else column


def _direction(low: float, high: float) -> str:
    return "no clear change" if low <= 0 <= high else "rise" if low > 0 else "fall"


def _judge(low: float, high: float, better: str) -> str:
    if better == "neither":
        return "not judged"
    if low <= 0 <= high:
        return "no clear change"
    return "better" if (low > 0) == (better == "higher") else "worse"


def _signed(value: float) -> str:
    text = f"{abs(value):.0f}"
    return text if text == "0" else f"+{text}" if value > 0 else f"\N{MINUS SIGN}{text}"


def _span(low: float, high: float, unit: str) -> str:
    percent = "%" if unit == "percent" else ""
    return f"{low:,.10g}{percent}" if low == high else f"{low:,.10g}{percent} or {high:,.10g}{percent}"


def _both(low: float, high: float) -> str:
    low, high = sorted((abs(low), abs(high)))
    return f"{low:.0f}" if round(low) == round(high) else f"{low:.0f} to {high:.0f}"


def _day(date: pd.Timestamp) -> str:
    return f"{date.day} {date:%B %Y}"


def _label(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """A period in words: 2024, 2018-19, Apr-Jun 2021, March 2023, or July 2021 to June 2022."""
    whole = start.day == 1 and end.is_month_end
    if whole and (start.month, end.month) == (1, 12) and start.year == end.year:
        return f"{start.year}"
    if whole and (start.month, end.month) == (4, 3) and end.year - start.year == 1:
        return f"{start.year}-{end.year % 100:02d}"
    if (start.year, start.month) == (end.year, end.month):
        return f"{end:%B %Y}"
    if start.year == end.year:
        return f"{start:%b}-{end:%b %Y}"
    return f"{start:%B %Y} to {end:%B %Y}"
