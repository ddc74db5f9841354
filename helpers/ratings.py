"""Inspection ratings of the 21 CRCs and 7 NPS divisions: what is known, what it bounds, and how large the gap is.

Bands come from the inspectorate. Points, and the thresholds from points to an overall band, were not found in
print: `ScoringRule` states them as an assumption, `thresholds_check` and `admissible_thresholds` test it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd

BANDS = ("Outstanding", "Good", "Requires improvement", "Inadequate")
UNKNOWN = "Unknown"  # the band exists, or may exist, and no source that was read names it
NOT_RATED = "Not rated"  # no overall band was given in the round
NOT_APPLICABLE = "Not applicable"  # the standard is not inspected in this type of service
ROUNDS = ("2018-19", "2019-20")
SERVICE_TYPES = {"nps_division": "NPS", "crc": "CRC"}  # providers.kind -> the name used in band_distribution
DEFINITIONS = {
    "good_overall": "rated Good or Outstanding overall",
    "not_inadequate_overall": "not rated Inadequate overall",
    "share_of_points": "at or above a chosen share of all points",
    "standards_good": "standard ratings that are Good or Outstanding",
}

_COLUMNS = [band.lower().replace(" ", "_") for band in BANDS]
_KNOWN = [f"known_{band}" for band in _COLUMNS]
_COUNTED = [f"counted_{band}" for band in _COLUMNS]
_ARTICLE_POINTS = np.array([3, 2, 1, 0])  # the scale of the league table, whatever scale the reader chooses
_COMPARISON = ["difference", "difference_lower", "difference_upper", "fisher_p"]
_COMPARISON += ["odds_ratio", "odds_ratio_lower", "odds_ratio_upper"]
_THRESHOLDS = ["requires_improvement_from", "good_from", "outstanding_from"]
_NOUNS = {"NPS": "NPS divisions", "CRC": "CRCs"}


@dataclass(frozen=True)
class ScoringRule:
    """Points for each band of a standard, and the lowest total of each overall band (both in points).

    The default thresholds are an assumption: the overall band is the one nearest to the mean of the ten ratings,
    a half going down. Two services with exactly 15 points were rated Requires improvement, which settles the half.
    Raises ValueError, naming every fault, if points rise as bands fall or thresholds fall as bands rise.
    """

    outstanding: float = 3
    good: float = 2
    requires_improvement: float = 1
    inadequate: float = 0
    requires_improvement_from: float = 6
    good_from: float = 16
    outstanding_from: float = 26

    def __post_init__(self) -> None:
        faults = []
        if (np.diff(self.points) > 0).any():
            faults.append(f"points {self.points.tolist()} must not rise from Outstanding to Inadequate")
        if (np.diff(self.thresholds) < 0).any():
            faults.append(f"thresholds {self.thresholds.tolist()} must not fall from Requires improvement upwards")
        if faults:
            raise ValueError("ScoringRule: " + "; ".join(faults))

    @property
    def points(self) -> np.ndarray:
        """Points of a standard in each band, in the order of BANDS."""
        return np.array([self.outstanding, self.good, self.requires_improvement, self.inadequate])

    @property
    def thresholds(self) -> np.ndarray:
        """Lowest total of Requires improvement, Good and Outstanding."""
        return np.array([self.requires_improvement_from, self.good_from, self.outstanding_from])

    def band_index(self, totals: np.ndarray) -> np.ndarray:
        """Position in BANDS of the overall band of each total."""
        return 3 - np.searchsorted(self.thresholds, totals, side="right")


DEFAULT_RULE = ScoringRule()


# What is known


def services(providers: pd.DataFrame) -> pd.DataFrame:
    """Every CRC and NPS division: provider_id, name, service_type {NPS, CRC}, in the order of providers.

    The name is the short one, 'NPS London' or 'London CRC', as charts and sentences need it; the full names are in
    providers.
    """
    rows = providers[providers["kind"].isin(SERVICE_TYPES)]
    kind, short = rows["kind"].astype(str).map(SERVICE_TYPES), rows["short_name"].astype(str)
    table = pd.DataFrame(
        {
            "provider_id": rows["provider_id"].astype(str),
            "name": short.where(kind == "NPS", short + " CRC"),
            "service_type": kind,
        }
    )
    return table.reset_index(drop=True)


def rating_grid(
    ratings: pd.DataFrame,
    providers: pd.DataFrame,
    standards: pd.DataFrame,
    round: str,
    include_implied: bool = True,
) -> pd.DataFrame:
    """One row for every service rated in the round and every standard, the overall rating included.

    Columns: provider_id, name, service_type, round, standard, standard_name, order, band (a band, Unknown or
    Not applicable), basis, date (report published), date_precision, source_id, note (empty where Unknown).
    `include_implied=False` shows bands that a source implies but does not state as Unknown.
    Raises ValueError if a rating would find no place in the grid.
    """
    of_round = ratings[ratings["round"] == round]
    rated = services(providers).loc[lambda t: t["provider_id"].isin(of_round["provider_id"])]
    scale = standards[["standard", "name", "order", "applies_to"]].rename(columns={"name": "standard_name"})
    grid = rated.assign(round=round).merge(scale.sort_values("order").astype({"standard": str}), how="cross")
    applies = grid["applies_to"].astype(str).isin(["both"]) | (grid["applies_to"].astype(str) == grid["service_type"])

    places = pd.MultiIndex.from_frame(grid.loc[applies, ["provider_id", "standard"]])
    keys = list(zip(of_round["provider_id"], of_round["standard"].astype(str), strict=True))
    lost = [f"{provider} {standard}" for provider, standard in keys if (provider, standard) not in places]
    if lost:
        raise ValueError(
            f"ratings, round {round}: no place in the grid for {', '.join(lost)}. Each provider_id must be a CRC or "
            "an NPS division in providers, and each standard must apply to its type in standards."
        )
    known = of_round if include_implied else of_round[of_round["basis"] == "stated"]
    known = known[["provider_id", "standard", "band", "basis", "date", "date_precision", "source_id", "note"]]
    known = known.astype({"provider_id": str, "standard": str, "band": object})
    grid = grid.merge(known, on=["provider_id", "standard"], how="left", validate="one_to_one")
    grid["band"] = grid["band"].fillna(UNKNOWN).where(applies, NOT_APPLICABLE)
    return grid.drop(columns="applies_to")


def overall_counts(
    ratings: pd.DataFrame,
    providers: pd.DataFrame,
    band_distribution: pd.DataFrame,
    round: str,
    include_implied: bool = True,
) -> pd.DataFrame:
    """Services by type and overall band, beside the official count.

    Columns: service_type, round, band, services and of (named in ratings), official and official_of (published
    by the inspectorate; empty if it published none), unidentified (official less named).
    """
    named = _overall(ratings, round, include_implied)
    table = services(providers).assign(band=lambda t: t["provider_id"].map(named)).dropna(subset="band")
    index = pd.MultiIndex.from_product([SERVICE_TYPES.values(), BANDS], names=["service_type", "band"])
    counts = table.groupby(["service_type", "band"]).size().reindex(index, fill_value=0).rename("services")
    counts = counts.reset_index().assign(round=round)
    counts["of"] = counts.groupby("service_type")["services"].transform("sum")
    official = band_distribution.loc[
        (band_distribution["standard"] == "overall")
        & (band_distribution["coverage"] == "full_round")
        & (band_distribution["round"] == round),
        ["service_type", "band", "services", "of"],
    ].astype({"service_type": str, "band": str})
    official = official.rename(columns={"services": "official", "of": "official_of"})
    counts = counts.merge(official, on=["service_type", "band"], how="left", validate="one_to_one")
    counts = counts.astype({"official": "Int64", "official_of": "Int64"})
    counts["unidentified"] = counts["official"] - counts["services"]
    return counts[["service_type", "round", "band", "services", "of", "official", "official_of", "unidentified"]]


def overall_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """The share of services in each overall band, from `overall_counts`; official counts where they are published.

    Columns: service_type, round, band, services, of, share, wilson_lower, wilson_upper (proportions, 95%).
    Method: Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    from statsmodels.stats.proportion import proportion_confint

    table = counts[["service_type", "round", "band"]].copy()
    for column in ("services", "of"):
        official = counts["official" if column == "services" else "official_of"]
        table[column] = official.fillna(counts[column]).astype(int)
    table["share"] = table["services"] / table["of"]
    lower, upper = proportion_confint(table["services"], table["of"], method="wilson")
    return table.assign(wilson_lower=lower.round(9), wilson_upper=upper.round(9))


def overall_bands(
    ratings: pd.DataFrame,
    providers: pd.DataFrame,
    band_distribution: pd.DataFrame,
    round: str,
    include_implied: bool = True,
) -> pd.DataFrame:
    """The overall band of every service, whether or not it was rated in the round.

    Columns: provider_id, name, service_type, round, band. A service without a band is Unknown while the
    official count for its type is larger than the number of services named, and Not rated otherwise.
    """
    counts = overall_counts(ratings, providers, band_distribution, round, include_implied)
    missing = counts.groupby("service_type")["unidentified"].apply(lambda n: n.isna().any() or n.gt(0).any())
    table = services(providers).assign(round=round)
    without = table["service_type"].map(missing).map({True: UNKNOWN, False: NOT_RATED})
    table["band"] = table["provider_id"].map(_overall(ratings, round, include_implied)).fillna(without)
    return table


def round_change(
    ratings: pd.DataFrame,
    providers: pd.DataFrame,
    band_distribution: pd.DataFrame,
    rounds: Sequence[str] = ROUNDS,
    include_implied: bool = True,
) -> pd.DataFrame:
    """The overall band of every service in two rounds, and the change.

    Columns: provider_id, name, service_type, earlier, later (bands, Unknown or Not rated), change
    {higher, same, lower, Unknown, Not rated}.
    """
    earlier, later = (overall_bands(ratings, providers, band_distribution, round, include_implied) for round in rounds)
    table = earlier.drop(columns=["round", "band"]).assign(earlier=earlier["band"], later=later["band"])
    place = {band: len(BANDS) - i for i, band in enumerate(BANDS)}
    step = np.sign(table["later"].map(place) - table["earlier"].map(place))
    table["change"] = step.map({1: "higher", 0: "same", -1: "lower"})
    not_rated = table[["earlier", "later"]].eq(NOT_RATED).any(axis=1)
    table["change"] = table["change"].fillna(not_rated.map({True: NOT_RATED, False: UNKNOWN}))
    return table


def tile_positions(
    providers: pd.DataFrame,
    ratings: pd.DataFrame,
    band_distribution: pd.DataFrame,
    rounds: Sequence[str] = ROUNDS,
    include_implied: bool = True,
) -> pd.DataFrame:
    """One row for every service and round, with its place on the tile map.

    Columns: provider_id, name, service_type, round, band (a band, Unknown or Not rated), short_name,
    tile_row (from the north), tile_column (from the west).
    """
    bands = pd.concat(
        [overall_bands(ratings, providers, band_distribution, round, include_implied) for round in rounds]
    )
    places = providers[["provider_id", "short_name", "tile_row", "tile_column"]].dropna(subset="tile_row")
    tiles = bands.merge(places.astype({"provider_id": str}), on="provider_id", how="left", validate="many_to_one")
    if tiles["tile_row"].isna().any():
        missing = tiles.loc[tiles["tile_row"].isna(), "provider_id"].unique()
        raise ValueError(f"providers: tile_row and tile_column are empty for {', '.join(missing)}")
    return tiles.astype({"tile_row": int, "tile_column": int})


def service_evidence(
    ratings: pd.DataFrame,
    providers: pd.DataFrame,
    standards: pd.DataFrame,
    band_profiles: pd.DataFrame,
    round: str,
    include_implied: bool = True,
    league_points: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Everything known about the standard ratings of each service rated in the round, one row a service.

    Columns: provider_id, name, service_type, round, overall (band or Unknown), standards (how many apply),
    known_* (standards whose band is known, by band), counted_* (published count by band, empty if not published),
    article_points and article_points_at_least (points on the scale 3, 2, 1, 0; empty unless `league_points` is
    given). A row of league_points with a provider is that provider's total; one without is the lowest total of
    the other CRCs whose reports had certainly been published by its date. Only exact rows are used.
    """
    grid = rating_grid(ratings, providers, standards, round, include_implied)
    single = grid[(grid["standard"] != "overall") & (grid["band"] != NOT_APPLICABLE)]
    known = pd.crosstab(single["provider_id"], single["band"]).reindex(columns=list(BANDS), fill_value=0)
    overall = grid[grid["standard"] == "overall"]
    table = overall[["provider_id", "name", "service_type", "round", "band"]].rename(columns={"band": "overall"})
    table = table.reset_index(drop=True)
    table["standards"] = table["provider_id"].map(single.groupby("provider_id").size())
    table[_KNOWN] = known.loc[table["provider_id"]].to_numpy()
    counted = band_profiles[band_profiles["round"] == round].set_index("provider_id")[_COLUMNS]
    table[_COUNTED] = counted.reindex(table["provider_id"]).to_numpy(float, na_value=np.nan)

    table["article_points"] = np.nan
    table["article_points_at_least"] = np.nan
    if league_points is not None:
        for row in league_points[league_points["qualifier"] == "exact"].itertuples():
            published = table["provider_id"].isin(published_by(ratings, round, row.date))
            if pd.isna(row.provider_id):
                others = ~table["provider_id"].isin(league_points["provider_id"].dropna())
                chosen = published & others & (table["service_type"] == "CRC")
                table.loc[chosen, "article_points_at_least"] = float(row.points)
            else:
                chosen = published & (table["provider_id"] == row.provider_id)
                table.loc[chosen, "article_points"] = float(row.points)
    return table


# What the known ratings bound


def score_interval(evidence: pd.DataFrame, rule: ScoringRule = DEFAULT_RULE, use_overall: bool = True) -> pd.DataFrame:
    """The lowest and highest total of points that all that is known about each service allows.

    Columns: provider_id, name, service_type, round, overall, standards, known (standards whose band is known),
    lowest, highest (points; empty if impossible), status {exact, interval, impossible}, reason (why impossible).
    Solved exactly: all 286 ways of sharing ten standards out over four bands are tried for every service.
    `use_overall=False` leaves the overall band, and so the thresholds, out of account.
    """
    counts, allowed = _allowed(evidence, rule, use_overall)
    table = evidence[["provider_id", "name", "service_type", "round", "overall", "standards"]].copy()
    table["known"] = evidence[_KNOWN].sum(axis=1)
    table["lowest"], table["highest"] = _extremes(allowed, total_points(counts, rule))
    possible = table["lowest"].notna()
    table["status"] = np.select([~possible, table["lowest"] == table["highest"]], ["impossible", "exact"], "interval")
    without = possible if possible.all() else pd.Series(_allowed(evidence, rule, False)[1].any(axis=1), table.index)
    table["reason"] = np.select(
        [possible, without],
        [
            "",
            "no total that the known ratings allow gives the overall band under these points and thresholds",
        ],
        "known ratings, published counts and league points contradict each other",
    )
    return table


def standards_good_interval(evidence: pd.DataFrame) -> pd.DataFrame:
    """How many standards of each service are Good or Outstanding, at least and at most.

    Columns: provider_id, name, service_type, standards, lowest, highest (standards). Uses no points, no
    thresholds and no overall band, only known ratings and published counts.
    """
    counts, allowed = _allowed(evidence, DEFAULT_RULE, use_overall=False)
    table = evidence[["provider_id", "name", "service_type", "standards"]].copy()
    table["lowest"], table["highest"] = _extremes(allowed, counts[:, :2].sum(axis=1))
    return table


def mean_points(intervals: pd.DataFrame) -> pd.DataFrame:
    """The lowest and highest possible mean total by service type.

    Columns: service_type, services, lowest, highest (points), impossible (services left out because no total fits).
    """
    table = intervals.groupby("service_type").agg(
        services=("lowest", "count"),
        lowest=("lowest", "mean"),
        highest=("highest", "mean"),
        impossible=("lowest", lambda column: int(column.isna().sum())),
    )
    return table.reindex(list(SERVICE_TYPES.values())).rename_axis("service_type").reset_index()


def thresholds_check(evidence: pd.DataFrame, rule: ScoringRule = DEFAULT_RULE) -> pd.DataFrame:
    """Every service's total, as its standards alone bound it, against its overall band under the thresholds.

    Columns: provider_id, name, round, overall, lowest, highest (points without the overall band), band_at_lowest,
    band_at_highest (under the thresholds), verdict {fits, possible, contradicts, Unknown}: fits if every total
    left has the published band, possible if some have, contradicts if none has.
    """
    counts, allowed = _allowed(evidence, rule, use_overall=False)
    totals = total_points(counts, rule)
    table = evidence[["provider_id", "name", "round", "overall"]].copy()
    table["lowest"], table["highest"] = _extremes(allowed, totals)
    for side in ("lowest", "highest"):
        bands = pd.Series(BANDS)[rule.band_index(table[side].fillna(0).to_numpy(float))].to_numpy()
        table[f"band_at_{side}"] = pd.Series(bands, table.index).where(table[side].notna())
    agrees = rule.band_index(totals)[None, :] == table["overall"].map(_position).to_numpy()[:, None]
    table["verdict"] = np.select(
        [table["overall"] == UNKNOWN, ~(allowed & agrees).any(axis=1), ~(allowed & ~agrees).any(axis=1)],
        [UNKNOWN, "contradicts", "fits"],
        "possible",
    )
    return table


def admissible_thresholds(evidence: pd.DataFrame, rule: ScoringRule = DEFAULT_RULE) -> pd.DataFrame:
    """Every triple of whole-number thresholds under which each service given can have had its overall band.

    Columns: requires_improvement_from, good_from, outstanding_from (points). One more than the greatest total
    means that no service could reach the band. No row means that no thresholds fit under these points. Give both
    rounds in `evidence` to use both. Raises ValueError if the points are not whole numbers from 0.
    """
    if (rule.points % 1 != 0).any() or (rule.points < 0).any():
        raise ValueError(f"admissible_thresholds: points {rule.points.tolist()} must be whole numbers from 0")
    counts, allowed = _allowed(evidence, rule, use_overall=False)
    totals = total_points(counts, rule).astype(int)
    top = totals.max() + 1
    reach = np.zeros((len(evidence), top), dtype=int)
    for service, row in enumerate(allowed):
        reach[service, totals[row]] = 1
    below = np.hstack([np.zeros((len(evidence), 1), int), reach.cumsum(axis=1)])  # reachable totals under a value
    r, g, o = (axis.ravel() for axis in np.meshgrid(*[np.arange(top + 1)] * 3, indexing="ij"))
    ordered = (r <= g) & (g <= o)
    r, g, o = r[ordered], g[ordered], o[ordered]
    edges = [np.zeros_like(r), r, g, o, np.full_like(r, top)]
    fits = np.ones(len(r), dtype=bool)
    for service, band in enumerate(evidence["overall"].map(_position)):
        if band >= 0:
            fits &= below[service, edges[4 - band]] > below[service, edges[3 - band]]
    return pd.DataFrame({name: values[fits] for name, values in zip(_THRESHOLDS, (r, g, o), strict=True)})


def fitting_rules(admissible: pd.DataFrame, rule: ScoringRule = DEFAULT_RULE) -> list[ScoringRule]:
    """The rules of `admissible_thresholds` that begin Outstanding where `rule` does, with its points.

    Raises ValueError if there is none.
    """
    rows = admissible[admissible["outstanding_from"] == rule.outstanding_from]
    if rows.empty:
        raise ValueError(
            f"ratings: no thresholds with Outstanding from {rule.outstanding_from} give every service the overall band "
            "it has. Check the bands of the round in ratings and band_profiles."
        )
    return [ScoringRule(*rule.points, *row) for row in rows[_THRESHOLDS].itertuples(index=False)]


def rule_sensitivity(evidence: pd.DataFrame, rules: Iterable[ScoringRule]) -> pd.DataFrame:
    """The order of the two types under several rules, one row a rule.

    Columns: the seven settings of the rule, nps_lowest, nps_highest, crc_lowest, crc_highest (possible mean
    points), nps_certainly_higher, crc_certainly_higher (bool), impossible (services with no possible total).
    """
    rows = []
    for rule in rules:
        means = mean_points(score_interval(evidence, rule)).set_index("service_type")
        nps, crc = means.loc["NPS"], means.loc["CRC"]
        rows.append(
            vars(rule)
            | {
                "nps_lowest": nps["lowest"],
                "nps_highest": nps["highest"],
                "crc_lowest": crc["lowest"],
                "crc_highest": crc["highest"],
                "nps_certainly_higher": bool(nps["lowest"] > crc["highest"]),
                "crc_certainly_higher": bool(crc["lowest"] > nps["highest"]),
                "impossible": int(means["impossible"].sum()),
            }
        )
    return pd.DataFrame(rows)


def threshold_margins(sensitivity: pd.DataFrame) -> pd.DataFrame:
    """Lowest possible NPS mean less highest possible CRC mean (points) for each pair of thresholds, in words.

    One row for each start of Requires improvement, one column for each start of Good, from `rule_sensitivity`.
    Above zero the NPS is certainly higher; otherwise the ranges overlap.
    """
    margin = sensitivity["nps_lowest"] - sensitivity["crc_highest"]
    verdict = sensitivity["nps_certainly_higher"].map({True: "NPS higher", False: "open"})
    text = [
        f"{number:{'+' if abs(number) >= 0.005 else ''}.2f}".replace("-", "\N{MINUS SIGN}") + f" ({word})"
        for number, word in zip(margin.round(9), verdict, strict=True)
    ]
    wide = sensitivity.assign(text=text).set_index(["requires_improvement_from", "good_from"])["text"].unstack()  # noqa: PD010
    starts = [f"{value:g} points" for value in wide.index]
    wide.columns = [f"Good from {value:g}" for value in wide.columns]
    return wide.reset_index(drop=True).assign(start=starts)[["start", *wide.columns]]


def league_points_check(
    league_points: pd.DataFrame,
    ratings: pd.DataFrame,
    evidence: pd.DataFrame,
    rule: ScoringRule = DEFAULT_RULE,
) -> pd.DataFrame:
    """The points an article printed, against the intervals worked out without them.

    `evidence` must come from `service_evidence` without league_points. Columns: league_points_id, described_as,
    points, compared_with (names), lowest, highest (points that the ratings allow), consistent (bool), text.
    A total without a provider is the lowest of the other CRCs published by its date: each of them must be able to
    reach it, and one must be able to have exactly that total. Uses the article's scale 3, 2, 1, 0.
    """
    scale = ScoringRule(3, 2, 1, 0, *rule.thresholds)
    counts, allowed = _allowed(evidence, scale, use_overall=True)
    totals = counts @ _ARTICLE_POINTS
    lowest, highest = _extremes(allowed, totals)
    rows = []
    for row in league_points.itertuples():
        published = evidence["provider_id"].isin(published_by(ratings, evidence["round"].iloc[0], row.date))
        exactly = (allowed & (totals == row.points)).any(axis=1)
        if pd.isna(row.provider_id):
            chosen = published & (evidence["service_type"] == "CRC")
            chosen &= ~evidence["provider_id"].isin(league_points["provider_id"].dropna())
            consistent = bool((allowed & (totals >= row.points)).any(axis=1)[chosen].all() and exactly[chosen].any())
            who = f"the next lowest of {chosen.sum()} other CRCs certainly published by then"
        else:
            chosen = evidence["provider_id"] == row.provider_id
            consistent = bool(chosen.any() and exactly[chosen].all())
            who = ", ".join(evidence.loc[chosen, "name"])
        low, high = lowest[chosen].min(), highest[chosen].max()
        verdict = "consistent with" if consistent else "not consistent with"
        rows.append(
            {
                "league_points_id": row.league_points_id,
                "described_as": row.described_as,
                "points": row.points,
                "compared_with": "; ".join(evidence.loc[chosen, "name"]),
                "lowest": low,
                "highest": high,
                "consistent": consistent,
                "text": f"{_number(row.points)} points for {who}: {verdict} the published ratings, "
                f"which allow {_range(low, high)} under the assumed thresholds.",
            }
        )
    return pd.DataFrame(rows)


# How large the gap is


def definition_counts(
    evidence: pd.DataFrame,
    definition: str,
    rule: ScoringRule = DEFAULT_RULE,
    share_of_points: float = 0.5,
) -> pd.DataFrame:
    """How many do well under a definition, by service type, with the lowest and highest count the evidence allows.

    `definition` is a key of DEFINITIONS; `share_of_points` (0 to 1) applies to share_of_points only.
    Columns: definition, label, service_type, lowest, highest, of (services; for standards_good, standard ratings),
    known (of them, those settled either way), share_lowest, share_highest, wilson_lower, wilson_upper
    (proportions). The 95% interval runs from the lower end for the lowest count to the upper end for the highest.
    It is empty for standards_good: ten ratings of one service are not ten independent ones. Counts the services in
    `evidence`: in 2019-20 the CRC that no source names is not among them.
    Raises ValueError for an unknown definition.
    Method: Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    from statsmodels.stats.proportion import proportion_confint

    label = DEFINITIONS.get(definition)
    if label is None:
        raise ValueError(f"definition {definition!r} is not one of {', '.join(DEFINITIONS)}")
    per_service = evidence[["service_type"]].assign(of=1)
    if definition == "standards_good":
        interval = standards_good_interval(evidence)
        per_service = per_service.assign(
            of=interval["standards"],
            lowest=interval["lowest"].fillna(0),
            highest=interval["highest"].fillna(interval["standards"]),
        )
    elif definition == "share_of_points":
        interval = score_interval(evidence, rule)
        # A share of the whole scale, so that it means the same when the reader's worst band scores above nothing.
        least, most = rule.inadequate * interval["standards"], rule.outstanding * interval["standards"]
        mark = least + share_of_points * (most - least) - 1e-9
        label = f"at or above {_percent(share_of_points)} of all points"
        per_service = per_service.assign(
            lowest=interval["lowest"] >= mark, highest=interval["highest"].fillna(np.inf) >= mark
        )
    else:
        good = BANDS[:2] if definition == "good_overall" else BANDS[:3]
        per_service = per_service.assign(
            lowest=evidence["overall"].isin(good), highest=evidence["overall"].isin([*good, UNKNOWN])
        )
    order = [kind for kind in SERVICE_TYPES.values() if kind in set(evidence["service_type"])]
    counts = per_service.groupby("service_type").sum().loc[order, ["lowest", "highest", "of"]].astype(int)
    counts = counts.reset_index()
    counts["known"] = counts["of"] - counts["highest"] + counts["lowest"]
    for side in ("lowest", "highest"):
        counts[f"share_{side}"] = counts[side] / counts["of"]
    counts["wilson_lower"] = proportion_confint(counts["lowest"], counts["of"], method="wilson")[0]
    counts["wilson_upper"] = proportion_confint(counts["highest"], counts["of"], method="wilson")[1]
    if definition == "standards_good":
        counts[["wilson_lower", "wilson_upper"]] = np.nan
    counts.insert(0, "label", label)
    counts.insert(0, "definition", definition)
    return counts


def gap(counts: pd.DataFrame) -> pd.DataFrame:
    """The NPS share less the CRC share: one row if the counts are known, else one for each end of what is possible.

    Columns: definition, label, bound {exact, lowest, highest}, nps, nps_of, crc, crc_of (counts), difference,
    difference_lower, difference_upper (proportions, 95%), fisher_p (two-sided). Interval and p are empty for
    standards_good (see `definition_counts`).
    Method: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10: it joins two Wilson intervals, stays
    within -1 and 1 and keeps its coverage with few services or none in a cell, where the usual one (Wald) does not.
    Read with `say_population`: the 28 services are all there were, not a sample.
    """
    by_type = counts.set_index("service_type")
    nps, crc = by_type.loc["NPS"], by_type.loc["CRC"]
    if (by_type["lowest"] == by_type["highest"]).all():
        ends = [("exact", nps["lowest"], crc["lowest"])]
    else:
        ends = [("lowest", nps["lowest"], crc["highest"]), ("highest", nps["highest"], crc["lowest"])]
    rows = []
    for bound, a, b in ends:
        row = {"bound": bound, "nps": a, "nps_of": nps["of"], "crc": b, "crc_of": crc["of"]}
        row["difference"] = a / nps["of"] - b / crc["of"]
        if nps["definition"] != "standards_good":
            row |= compare_proportions(a, nps["of"], b, crc["of"])
        rows.append(row)
    columns = ["bound", "nps", "nps_of", "crc", "crc_of", *_COMPARISON]
    table = pd.DataFrame(rows).reindex(columns=columns)
    table.insert(0, "label", nps["label"])
    table.insert(0, "definition", nps["definition"])
    return table


def gaps(counts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """`gap` of each of several `definition_counts`, one below the other."""
    return pd.concat(map(gap, counts), ignore_index=True)


def compare_proportions(count_1: int, of_1: int, count_2: int, of_2: int) -> dict[str, float]:
    """Difference of two proportions with its 95% interval (Newcombe) and Fisher's exact p.

    Keys as the columns of `gap`. Fisher's test: the sum of the probabilities of all tables with these margins that
    are no more likely than the one found.
    """
    from scipy.stats import fisher_exact
    from statsmodels.stats.proportion import confint_proportions_2indep

    cells = np.array([[count_1, of_1 - count_1], [count_2, of_2 - count_2]], dtype=int)
    lower, upper = confint_proportions_2indep(count_1, of_1, count_2, of_2, method="newcomb", compare="diff")
    return {
        "difference": count_1 / of_1 - count_2 / of_2,
        "difference_lower": float(lower),
        "difference_upper": float(upper),
        "fisher_p": float(fisher_exact(cells).pvalue),
    }


# Rows to draw

TABLES = ("ratings", "providers", "standards", "band_profiles", "band_distribution", "league_points", "sources")


def evidence(tables: Mapping[str, pd.DataFrame], round: str, used: str = "all") -> pd.DataFrame:
    """`service_evidence` of a round, from all ratings, those stated, or all and the article's points."""
    return service_evidence(
        tables["ratings"],
        tables["providers"],
        tables["standards"],
        tables["band_profiles"],
        round,
        used != "stated",
        tables["league_points"] if used == "article" else None,
    )


def counts(tables: Mapping[str, pd.DataFrame], round: str, used: str = "all") -> pd.DataFrame:
    """`overall_counts` of a round, from all ratings or only those stated."""
    return overall_counts(tables["ratings"], tables["providers"], tables["band_distribution"], round, used != "stated")


def gap_to_draw(doing_well: pd.DataFrame) -> pd.DataFrame:
    """Three rows: the share of NPS divisions, of CRCs, and the gap, each from lowest to highest, with 95% intervals.

    From `definition_counts`.
    Columns: body {NPS, CRC, Gap}, low, high, lower, upper (proportions; the last two may be empty), label.
    """
    rows = doing_well.rename(
        columns={
            "service_type": "body",
            "share_lowest": "low",
            "share_highest": "high",
            "wilson_lower": "lower",
            "wilson_upper": "upper",
        }
    )
    upto = (" to " + rows["highest"].astype(str)).where(rows["lowest"] < rows["highest"], "")
    rows["label"] = rows["lowest"].astype(str) + upto + " of " + rows["of"].astype(str)
    apart = gap(doing_well)
    ends = apart["difference"].min(), apart["difference"].max()
    points = " to ".join(dict.fromkeys(percentage_points(end) for end in ends))
    rows.loc[len(rows)] = rows.iloc[0].to_dict() | {
        "body": "Gap",
        "low": ends[0],
        "high": ends[1],
        "lower": apart["difference_lower"].min(),
        "upper": apart["difference_upper"].max(),
        "label": f"{points} points",
    }
    return rows[["body", "low", "high", "lower", "upper", "label"]].round(4)


def interval_sources(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """The documents behind every range of points."""
    return [*tables["ratings"]["source_id"], *tables["band_profiles"]["source_id"]]


def source_rows(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every row that the notebook draws, for the table of sources: about, figures, source_id.

    Ratings of one service and round that rest on the same document share a row; a star marks an implied one.
    """
    names = services(tables["providers"]).set_index("provider_id")["name"]

    def about(rows: pd.DataFrame, who: pd.Series) -> pd.Series:
        return who.astype(str) + ", " + rows["round"].astype(str)

    rated = tables["ratings"]
    star = (rated["basis"] == "implied").map({True: "*", False: ""})
    rated = rated.assign(
        about=about(rated, rated["provider_id"].map(names)),
        figures=rated["standard"].astype(str) + " " + rated["band"].astype(str) + star,
    )
    profiles = tables["band_profiles"]
    bands = [band.lower().replace(" ", "_") for band in BANDS]
    tally = profiles[bands].astype(object).where(profiles[bands].notna(), "?").astype(str).agg("/".join, axis=1)
    profiles = profiles.assign(
        about=about(profiles, profiles["provider_id"].map(names)), figures="standards O/G/RI/I: " + tally
    )
    official = tables["band_distribution"].loc[lambda t: t["standard"] == "overall"]
    official = official.assign(
        about=about(official, "all " + official["service_type"].astype(str)),
        figures=official["services"].astype(str)
        + " of "
        + official["of"].astype(str)
        + " "
        + official["band"].astype(str),
    )
    points = tables["league_points"]
    points = points.assign(
        about=points["provider_id"].map(names).fillna("next lowest CRC"),
        figures=points["points"].astype(str) + " points in the article",
    )
    parts = [part[["about", "figures", "source_id"]] for part in (rated, profiles, official, points)]
    rows = pd.concat(parts, ignore_index=True).astype(str)
    return (
        rows.groupby(["about", "source_id"], sort=False)["figures"]
        .agg("; ".join)
        .reset_index()[["about", "figures", "source_id"]]
    )


def percentage_points(share: float) -> str:
    """A share as a whole number of percentage points, with a proper minus sign."""
    text = f"{abs(np.floor(100 * abs(share) + 0.5 + 1e-9)):.0f}"
    return f"\N{MINUS SIGN}{text}" if share < 0 and text != "0" else text


# Working parts


def _overall(ratings: pd.DataFrame, round: str, include_implied: bool) -> dict[str, str]:
    rows = ratings[(ratings["round"] == round) & (ratings["standard"] == "overall")]
    if not include_implied:
        rows = rows[rows["basis"] == "stated"]
    return dict(zip(rows["provider_id"].astype(str), rows["band"].astype(str), strict=True))


def published_by(ratings: pd.DataFrame, round: str, date: object) -> list[str]:
    """Services whose report of the round had certainly been published by the date."""
    rows = ratings[(ratings["round"] == round) & (ratings["standard"] == "overall")]
    start = pd.to_datetime(rows["date"])
    ends = {
        "day": start,
        "month": start + pd.offsets.MonthEnd(0),
        "quarter": start + pd.offsets.QuarterEnd(0),
        "year": start + pd.offsets.YearEnd(0),
    }
    latest = pd.Series(pd.NaT, rows.index, dtype="datetime64[ns]")
    for precision, end in ends.items():
        latest = latest.mask(rows["date_precision"] == precision, end)
    return rows.loc[latest <= pd.Timestamp(date), "provider_id"].tolist()


@cache
def compositions(standards: int) -> np.ndarray:
    """Every way of sharing the standards out over the four bands, one a row, in the order of BANDS."""
    cuts = np.array(list(combinations(range(standards + 3), 3)))
    edges = np.column_stack([np.full(len(cuts), -1), cuts, np.full(len(cuts), standards + 3)])
    return np.diff(edges, axis=1) - 1


def _allowed(evidence: pd.DataFrame, rule: ScoringRule, use_overall: bool) -> tuple[np.ndarray, np.ndarray]:
    """All compositions, and for each service which of them agree with everything known about it."""
    standards = evidence["standards"].to_numpy(int)
    counts = np.vstack([compositions(n) for n in sorted(set(standards.tolist()))])
    known = evidence[_KNOWN].to_numpy(int)
    counted = evidence[_COUNTED].to_numpy(float)
    article = counts @ _ARTICLE_POINTS
    exactly = evidence["article_points"].to_numpy(float)[:, None]
    at_least = evidence["article_points_at_least"].to_numpy(float)[:, None]
    allowed = counts.sum(axis=1) == standards[:, None]
    for band in range(len(BANDS)):
        count, published = counts[:, band], counted[:, band, None]
        allowed &= (count >= known[:, band, None]) & (np.isnan(published) | (count == published))
    allowed &= (np.isnan(exactly) | (article == exactly)) & ~(article < at_least)
    if use_overall:
        overall = evidence["overall"].map(_position).to_numpy(int)[:, None]
        allowed &= (overall < 0) | (rule.band_index(total_points(counts, rule)) == overall)
    return counts, allowed


def total_points(counts: np.ndarray, rule: ScoringRule) -> np.ndarray:
    """The points of each row of counts of standards in each band."""
    return (counts @ rule.points).round(9)  # tenths of a point must not miss a threshold by a rounding error


def _extremes(allowed: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest allowed value of each service; NaN where nothing is allowed."""
    lowest = np.where(allowed, values, np.inf).min(axis=1)
    highest = np.where(allowed, values, -np.inf).max(axis=1)
    possible = allowed.any(axis=1)
    return np.where(possible, lowest, np.nan), np.where(possible, highest, np.nan)


def _position(band: str) -> int:
    return BANDS.index(band) if band in BANDS else -1


def _of(count: int | tuple[int, int], of: int, kind: str, standards: bool = False) -> str:
    noun = _NOUNS[kind].removesuffix("s") if of == 1 else _NOUNS[kind]
    noun = f"standard ratings of {noun}" if standards else noun
    low, high = count if isinstance(count, tuple) else (count, count)
    if low == high:
        return f"{low} of {of} {noun} ({_percent(low / of)})"
    return f"{low} to {high} of {of} {noun} ({_percent(low / of).removesuffix('%')} to {_percent(high / of)})"


def _percent(share: float) -> str:
    return f"{np.floor(100 * share + 0.5 + 1e-9):.0f}%"


def _number(value: float) -> str:
    return f"{value:g}"


def _range(low: float, high: float) -> str:
    if pd.isna(low):
        return "no total"
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"
