"""Which evidence is here and which is missing, counted from the tables. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from helpers.timeline import check_ownership, office_lanes, without_categories

# What `coverage` counts; load them as {name: load(name) for name in coverage.TABLES}.
TABLES = (
    "providers",
    "sources",
    "standards",
    "ratings",
    "band_profiles",
    "band_distribution",
    "case_quality",
    "staff",
    "caseload",
    "workload",
    "reoffending_by_crc",
    "events",
    "office_holders",
    "ownership",
    "claims",
    "delivery_units",
    "delivery_unit_inspections",
)


def services_per_round(band_distribution: pd.DataFrame) -> pd.DataFrame:
    """How many services got an overall rating in each round, by the official counts: round, service_type, services."""
    band_distribution = without_categories(band_distribution)
    full = band_distribution[
        (band_distribution["standard"] == "overall")
        & (band_distribution["coverage"] == "full_round")
        & band_distribution["service_type"].isin(["CRC", "NPS"])
    ]
    return full.groupby(["round", "service_type"], as_index=False)["services"].sum()


def rating_coverage(
    ratings: pd.DataFrame, standards: pd.DataFrame, band_distribution: pd.DataFrame, providers: pd.DataFrame
) -> pd.DataFrame:
    """Overall and standard ratings that are here, of those that were given, by round and service type.

    Columns: round, service_type, level (overall, standard), known, possible (services rated in the round,
    times the standards that apply to them).
    """
    ratings, standards, providers = map(without_categories, (ratings, standards, providers))
    scored = standards[standards["standard"] != "overall"]
    services = services_per_round(band_distribution)
    services["per_service"] = [
        int(scored["applies_to"].isin([service_type, "both"]).sum()) for service_type in services["service_type"]
    ]
    overall = services.assign(level="overall", possible=services["services"])
    standard = services.assign(level="standard", possible=services["services"] * services["per_service"])
    kinds = providers.set_index("provider_id")["kind"].map({"crc": "CRC", "nps_division": "NPS"})
    known = ratings.assign(
        service_type=ratings["provider_id"].map(kinds),
        level=(ratings["standard"] == "overall").map({True: "overall", False: "standard"}),
    ).drop_duplicates(["provider_id", "round", "standard"])
    keys = ["round", "service_type", "level"]
    known = known.groupby(keys, as_index=False).size().rename(columns={"size": "known"})
    rows = pd.concat([overall, standard]).merge(known, on=keys, how="left").fillna({"known": 0})
    rows = rows.astype({"known": int, "possible": int})
    return rows[[*keys, "known", "possible"]].sort_values(keys, ignore_index=True)


def coverage(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What is here and what is missing, by theme: one row per question that the evidence should answer.

    Columns: theme, measure, known, possible, missing (counts), share_percent (known of possible), missing_ids
    (provider ids without the figure, where the row counts providers). Raises KeyError naming the tables not
    given.
    """
    absent = [name for name in TABLES if name not in tables]
    if absent:
        raise KeyError(f"coverage needs these tables too: {', '.join(absent)}. Load them with helpers.data.load.")
    tables = {name: without_categories(tables[name]) for name in TABLES}
    providers = tables["providers"]
    rows: list[dict] = []

    def count(theme: str, measure: str, known: int, possible: int, missing_ids: Iterable[str] = ()) -> None:
        missing = " ".join(sorted(missing_ids))
        rows.append(
            {
                "theme": theme,
                "measure": measure,
                "known": int(known),
                "possible": int(possible),
                "missing_ids": missing,
            }
        )

    def of_kind(theme: str, measure: str, kind: str, found: pd.DataFrame) -> None:
        wanted = set(providers.loc[providers["kind"] == kind, "provider_id"])
        missing = wanted - set(found["provider_id"])
        count(theme, measure, len(wanted) - len(missing), len(wanted), missing)

    rated = rating_coverage(*(tables[name] for name in ("ratings", "standards", "band_distribution", "providers")))
    rated = rated.groupby(["round", "level"], as_index=False)[["known", "possible"]].sum()
    for row in rated.itertuples():
        count("ratings", f"{row.level} ratings, round {row.round}", row.known, row.possible)
    profiles = tables["band_profiles"]
    services = services_per_round(tables["band_distribution"]).groupby("round")["services"].sum()
    for name, possible in services.items():
        complete = profiles[(profiles["round"] == name) & profiles["points"].notna()]
        count("ratings", f"services with a full count of bands, round {name}", len(complete), possible)
    of_kind("case quality", "CRCs with a case quality figure of their own", "crc", tables["case_quality"])
    of_kind(
        "case quality",
        "NPS divisions with a case quality figure of their own",
        "nps_division",
        tables["case_quality"],
    )

    staff, caseload, workload = tables["staff"], tables["caseload"], tables["workload"]
    in_post = staff[staff["measure"].isin(["FTE", "headcount"])]
    of_kind("staffing", "CRCs with a staff figure", "crc", in_post)
    of_kind("staffing", "NPS divisions with a staff figure", "nps_division", in_post)
    cuts = staff[staff["measure"].str.startswith("jobs_cut") | (staff["measure"] == "change_percent")]
    of_kind("staffing", "CRCs with a figure for cuts", "crc", cuts)
    supervised = caseload[caseload["measure"] == "people_supervised"]
    of_kind("staffing", "CRCs with a number of people supervised", "crc", supervised)
    of_kind("staffing", "NPS divisions with a number of people supervised", "nps_division", supervised)
    of_kind(
        "staffing",
        "CRCs with a mean caseload",
        "crc",
        workload[workload["measure"] == "mean_cases_per_officer"],
    )

    results = tables["reoffending_by_crc"]
    results = results[results["status"] != "baseline"]
    figures = results[["binary_rate", "frequency_rate", "points_from_baseline"]].notna().any(axis=1)
    of_kind("reoffending", "CRCs with a reoffending result, in words or figures", "crc", results)
    of_kind("reoffending", "CRCs with a reoffending result in figures", "crc", results[figures])

    events = tables["events"]
    count("timeline", "events dated to the day", (events["date_precision"] == "day").sum(), len(events))
    broken = set(check_ownership(tables["ownership"])["provider_id"])
    owned = tables["ownership"][~tables["ownership"]["provider_id"].isin(broken)]
    of_kind("timeline", "CRCs with an owner on every day", "crc", owned)
    lanes = office_lanes(tables["office_holders"])
    to_the_day = (lanes["date_precision"] == "day") & lanes["start_known"]
    count("timeline", "spells in office with a start known to the day", to_the_day.sum(), len(lanes))
    count("timeline", "spells in office with an end that is known", lanes["end_known"].sum(), len(lanes))
    both = lanes["start_known"] & lanes["end_known"]
    count("timeline", "spells in office known at both ends", both.sum(), len(lanes))
    units, inspections = tables["delivery_units"], tables["delivery_unit_inspections"]
    inspected = units["delivery_unit_id"].isin(inspections["delivery_unit_id"])
    count("after June 2021", "delivery units named here that have an inspection", inspected.sum(), len(units))
    for column, what in (("band", "an overall band"), ("points", "a points total")):
        known = inspections[column].notna().sum()
        count("after June 2021", f"delivery unit inspections with {what}", known, len(inspections))
    claims = tables["claims"]
    count(
        "claims",
        "claims of the articles that could be checked",
        (~claims["verdict"].isin(["opinion", "not_verifiable"])).sum(),
        len(claims),
    )
    sources = tables["sources"]
    count(
        "sources",
        "sources with the full address of the page",
        (sources["url_kind"] == "page").sum(),
        len(sources),
    )
    count("sources", "sources with a publication date", sources["published"].notna().sum(), len(sources))

    found = pd.DataFrame(rows)
    found["missing"] = found["possible"] - found["known"]
    found["share_percent"] = 100 * found["known"] / found["possible"]
    return found[["theme", "measure", "known", "possible", "missing", "share_percent", "missing_ids"]]


def qualifiers(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How many figures are exact and how many hedged: table, qualifier, figures, for tables with a qualifier."""
    counts = [
        table["qualifier"]
        .astype("str")
        .dropna()
        .value_counts()
        .rename_axis("qualifier")
        .rename("figures")
        .reset_index()
        .assign(table=name)
        for name, table in tables.items()
        if "qualifier" in table
    ]
    columns = ["table", "qualifier", "figures"]
    return pd.concat(counts, ignore_index=True)[columns] if counts else pd.DataFrame(columns=columns)


def collection(tables: Mapping[str, pd.DataFrame], listed: pd.DataFrame) -> pd.DataFrame:
    """What each table holds, for a reader: table, title, rows, documents (how many sources its rows name)."""
    documents = [table["source_id"].nunique() if "source_id" in table else pd.NA for table in tables.values()]
    rows = pd.DataFrame({"table": list(tables), "rows": [len(table) for table in tables.values()]})
    return rows.assign(documents=documents, title=listed.loc[rows["table"], "title"].to_numpy())[
        ["table", "title", "rows", "documents"]
    ]


def rated_rows(band_distribution: pd.DataFrame) -> pd.DataFrame:
    """The official counts of overall ratings in full rounds: round, service_type, band, services, of, source_id."""
    rows = without_categories(band_distribution)
    rows = rows[(rows["standard"] == "overall") & (rows["coverage"] == "full_round")]
    return rows[["round", "service_type", "band", "services", "of", "source_id"]]
