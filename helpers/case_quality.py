"""What inspectors found in the cases: published shares with their hedges. Tables in, tables out.

A share in words ("over half", "about a third") is a bound or a rounded figure. Bounds and exact values are never
averaged, and a share of insufficient work is turned into one of sufficient work only together with its hedge.
"""

from __future__ import annotations

import pandas as pd

from helpers import display, ratings
from helpers.staffing import flip, reaches
from helpers.timeline import without_categories

DIMENSIONS = {
    "keeping_people_safe": "Keeping people safe",
    "assessment": "Assessment",
    "engagement": "Engaging the person",
    "desistance": "Helping people stop offending",
    "home_visits": "Home visits",
    "progress": "Progress of the order",
    "victims": "Work with victims",
    "diversity": "Diversity",
    "serious_further_offence_reviews": "Reviews of serious further offences",
}
KINDS = {"core_inspection": "Inspection of one service or round", "thematic": "Thematic inspection"}
CASE_STANDARDS = ["2.1", "2.2", "2.3", "2.4"]
THROUGH_THE_GATE = "4.2"


def published_shares(case_quality: pd.DataFrame, providers: pd.DataFrame, direction: str = "published") -> pd.DataFrame:
    """Every published share of good or poor work, one row each, in the order of the table.

    direction   'published' leaves each share as its source gives it; 'sufficient' turns shares of insufficient work
                round (100 less the share, a lower bound becoming an upper one)
    Columns: case_quality_id, who, provider_id, area, period, kind, standard, dimension, measure, shown ('sufficient'
    or 'insufficient'), value (percent), qualifier, words (the share with its hedge), sample, source_id, note.
    Rows that only describe the mix of cases are left out. Raises ValueError on another direction.
    """
    if direction not in ("published", "sufficient"):
        raise ValueError(f"direction is {direction!r}; choose 'published' or 'sufficient'")
    rows = without_categories(case_quality)
    rows = rows[rows["direction"] != "describes_cases"].copy()
    names = providers.set_index("provider_id")["short_name"].astype(object)
    area = rows["area"].map(lambda text: f" ({text})", na_action="ignore").fillna("")
    rows["who"] = rows["provider_id"].map(names) + area
    rows["shown"] = rows["direction"]
    if direction == "sufficient":
        turned = rows["direction"] == "insufficient"
        rows.loc[turned, "value"] = 100 - rows.loc[turned, "value"]
        rows.loc[turned, "qualifier"] = flip(rows.loc[turned, "qualifier"])
        rows["shown"] = "sufficient"
    rows["words"] = [
        display.hedged(value, qualifier, unit="percent") for value, qualifier in zip(rows["value"], rows["qualifier"])
    ]
    rows["sample"] = [
        display.hedged(size, "exact" if pd.isna(hedge) else hedge, unit="cases") if pd.notna(size) else "not printed"
        for size, hedge in zip(rows["sample_size"], rows["sample_size_qualifier"])
    ]
    rows["dimension"] = rows["dimension"].map(DIMENSIONS)
    rows["kind"] = rows["kind"].map(KINDS)
    rows = rows.rename(columns={"round_or_period": "period"})
    columns = ["case_quality_id", "who", "provider_id", "area", "period", "kind", "standard", "dimension", "measure"]
    columns += ["shown", "value", "qualifier", "words", "sample", "source_id", "note"]
    return rows[columns].reset_index(drop=True)


def below_half(shares: pd.DataFrame) -> pd.DataFrame:
    """Whether each share of sufficient work is below half: the rows with a column below_half (yes, no, cannot say)."""
    at_least_half = reaches(shares["value"], shares["qualifier"], 50)
    answer = at_least_half.map({"yes": "no", "no": "yes"}).fillna("cannot say")
    return shares.assign(below_half=answer)


def known_by_standard(case_quality: pd.DataFrame, standards: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """For how many services a share is public, by standard that rests on cases: standard, name, applies_to, known, of.

    Only core inspections of one service count; `of` is the number of services to which the standard applies.
    """
    rows, standards = without_categories(case_quality), without_categories(standards)
    kinds = without_categories(providers).set_index("provider_id")["kind"].map({"crc": "CRC", "nps_division": "NPS"})
    services = kinds.dropna().value_counts()
    services["both"] = services.sum()
    rows = rows[(rows["kind"] == "core_inspection") & rows["provider_id"].map(kinds).notna()]
    known = rows.groupby("standard")["provider_id"].nunique()
    listed = standards[standards["standard"].str[0].isin(["2", "3", "4"])].copy()
    listed["known"] = listed["standard"].map(known).fillna(0).astype(int)
    listed["of"] = listed["applies_to"].map(services).astype(int)
    return listed[["standard", "name", "applies_to", "known", "of", "source_id"]].reset_index(drop=True)


def through_the_gate(
    rated: pd.DataFrame, providers: pd.DataFrame, standards: pd.DataFrame, include_implied: bool = True
) -> pd.DataFrame:
    """The rating for Through the Gate beside every other known standard rating of the same service and round.

    rated   the table `ratings`
    Columns: provider_id, service, round, standard, standard_name, band, basis, against (higher, same, lower: Through
    the Gate against this standard; 'itself' on its own row), source_id.
    """
    rows = without_categories(rated)
    rows = rows[rows["standard"] != "overall"]
    if not include_implied:
        rows = rows[rows["basis"] == "stated"]
    gate = rows.loc[rows["standard"] == THROUGH_THE_GATE, ["provider_id", "round", "band"]]
    rows = rows.merge(gate.rename(columns={"band": "gate_band"}), on=["provider_id", "round"])
    place = {band: number for number, band in enumerate(ratings.BANDS)}
    better = rows["band"].map(place) - rows["gate_band"].map(place)  # BANDS runs from the best to the worst
    rows["against"] = better.map(lambda steps: "higher" if steps > 0 else "lower" if steps < 0 else "same")
    rows.loc[rows["standard"] == THROUGH_THE_GATE, "against"] = "itself"
    rows["service"] = rows["provider_id"].map(providers.set_index("provider_id")["short_name"].astype(object))
    rows["standard_name"] = rows["standard"].map(without_categories(standards).set_index("standard")["name"])
    columns = ["provider_id", "service", "round", "standard", "standard_name", "band", "basis", "against", "source_id"]
    return rows[columns].sort_values(["service", "round", "standard"], ignore_index=True)


def gate_counts(rated: pd.DataFrame, include_implied: bool = True) -> pd.DataFrame:
    """How many known CRC ratings are Good or better: for Through the Gate and for the four case standards.

    Columns: standards, good, of.
    """
    rows = without_categories(rated)
    rows = rows[rows["provider_id"].str.startswith("crc-")]
    if not include_implied:
        rows = rows[rows["basis"] == "stated"]
    parts = {
        "Through the Gate (4.2)": rows[rows["standard"] == THROUGH_THE_GATE],
        "Case supervision (2.1 to 2.4)": rows[rows["standard"].isin(CASE_STANDARDS)],
    }
    return pd.DataFrame(
        [
            {"standards": name, "good": int(part["band"].isin(["Good", "Outstanding"]).sum()), "of": len(part)}
            for name, part in parts.items()
        ]
    )
