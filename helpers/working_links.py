"""The three CRCs of Working Links: the warnings, the collapse and what came after. Tables in, tables out."""

from __future__ import annotations

import pandas as pd

from helpers import display
from helpers.staffing import flip
from helpers.timeline import days_between, say_day, with_periods, without_categories

OWNER = "working-links"
GROUP = "crcs-working-links"
SUCCESSOR = "seetec"
COLLAPSE = "2019-02-15-working-links-administration"
# Who gave the warning, by the kind of event; the others (owners, contracts, incidents) are no warnings.
WARNERS = {"union": "Unions", "inspection": "Inspectorate", "provider": "Press on job losses"}
CHANGE_OF_OWNER = "2016-06-aurelius-buys-working-links"  # a sale, not a warning
VOICES = {
    "inspectorate": "Inspectorate",
    "trade union": "Unions",
    "commissioner": "Police and crime commissioner",
    "government": "Ministers",
}


def companies(ownership: pd.DataFrame, owner: str = OWNER) -> list[str]:
    """The provider ids of the CRCs that an owner ever held, in alphabetical order."""
    rows = without_categories(ownership)
    return sorted(rows.loc[rows["owner_id"] == owner, "provider_id"].unique())


def neighbours(providers: pd.DataFrame, crcs: list[str]) -> list[str]:
    """The other CRCs in the NPS divisions of these CRCs, by the providers table."""
    rows = without_categories(providers)
    divisions = set(rows.loc[rows["provider_id"].isin(crcs), "nps_division_id"])
    near = rows[(rows["kind"] == "crc") & rows["nps_division_id"].isin(divisions)]
    return sorted(set(near["provider_id"]) - set(crcs))


def story(events: pd.DataFrame, crcs: list[str]) -> pd.DataFrame:
    """Every event that names the owner, its group or one of its CRCs, in order of date.

    Adds period_start and period_end (what the date can mean), and `about` (the CRCs named, or all three).
    """
    rows = without_categories(events)
    names = rows["provider_ids"].fillna("").str.split()
    wanted = {OWNER, GROUP, *crcs}
    rows = rows[names.map(lambda ids: bool(wanted & set(ids)))].copy()
    named = rows["provider_ids"].str.split().map(lambda ids: [name for name in ids if name in crcs])
    rows["about"] = [ids or list(crcs) for ids in named]
    return with_periods(rows.sort_values(["date", "event_id"], ignore_index=True))


def before_and_after(events: pd.DataFrame, providers: pd.DataFrame, crcs: list[str]) -> pd.DataFrame:
    """Every event that names the owner, the three CRCs, a neighbouring CRC or one of their NPS divisions, by date.

    Columns: event_id, title, detail, kind, date, date_precision, period_start, period_end, about (short names of the
    services named), when ('before the collapse', 'on the day', 'after it'), source_id.
    """
    rows, listed = without_categories(events), without_categories(providers).set_index("provider_id")
    divisions = sorted(set(listed.loc[crcs, "nps_division_id"]))
    shown = [*crcs, *neighbours(providers, crcs), *divisions]
    ids = rows["provider_ids"].fillna("").str.split()
    owner = ids.map(lambda names: bool({OWNER, GROUP} & set(names)) and not set(crcs) & set(names))
    about = [[name for name in shown if name in names or (owns and name in crcs)] for names, owns in zip(ids, owner)]
    rows["about"] = [[listed.loc[name, "short_name"] for name in names] for names in about]
    rows = rows[rows["about"].map(len) > 0].sort_values(["date", "event_id"], ignore_index=True)
    day = rows.set_index("event_id").loc[COLLAPSE, "date"]
    rows["when"] = "after it"
    rows.loc[rows["date"] < day, "when"] = "before the collapse"
    rows.loc[rows["date"] == day, "when"] = "on the day"
    columns = ["event_id", "title", "detail", "kind", "date", "date_precision", "period_start", "period_end"]
    return with_periods(rows)[[*columns, "about", "when", "source_id"]]


def warnings(events: pd.DataFrame, crcs: list[str]) -> pd.DataFrame:
    """What was said or found about these companies before the collapse, in order: the events of three kinds.

    Columns: event_id, title, detail, date, date_precision, period_start, period_end, warner, order (1 is the first),
    fewest_days and most_days (before the collapse, as the precision of the date allows), about, source_id.
    """
    rows = story(events, crcs)
    collapse = rows[rows["event_id"] == COLLAPSE].iloc[0]
    kept = (rows["date"] < collapse["date"]) & rows["kind"].isin(list(WARNERS)) & (rows["event_id"] != CHANGE_OF_OWNER)
    rows = rows[kept].reset_index(drop=True)
    days = [days_between(row, collapse) for _, row in rows.iterrows()]
    rows["warner"] = rows["kind"].map(WARNERS)
    rows["order"] = range(1, len(rows) + 1)
    rows["fewest_days"], rows["most_days"] = zip(*days)
    columns = ["event_id", "title", "detail", "date", "date_precision", "period_start", "period_end", "warner", "order"]
    return rows[[*columns, "fewest_days", "most_days", "about", "source_id"]]


def collapse_days(events: pd.DataFrame, crcs: list[str]) -> pd.DataFrame:
    """The collapse day by day: events from its day on that name the owner, its CRCs or who took them over.

    Columns: date, date_precision, when (in words), title, detail, days_after (from the collapse; the fewest days),
    source_id. Ends with the move of Wales, when the first of the three left its successor.
    """
    rows = without_categories(events)
    names = rows["provider_ids"].fillna("").str.split()
    wanted = {OWNER, GROUP, SUCCESSOR, *crcs}
    rows = rows[names.map(lambda ids: bool(wanted & set(ids)))]
    collapse = rows[rows["event_id"] == COLLAPSE].iloc[0]
    rows = rows[rows["date"] >= collapse["date"]].sort_values(["date", "event_id"], ignore_index=True)
    rows["when"] = [say_day(day, precision) for day, precision in zip(rows["date"], rows["date_precision"])]
    rows["days_after"] = (rows["date"] - collapse["date"]).dt.days
    return rows[["event_id", "date", "date_precision", "when", "title", "detail", "days_after", "source_id"]]


def overall_ratings(ratings: pd.DataFrame, providers: pd.DataFrame, crcs: list[str]) -> pd.DataFrame:
    """The overall band of the companies, their neighbours and the NPS divisions that cover them, first round.

    Columns: provider_id, service, group (Working Links until February 2019, neighbour, NPS), round, band, date,
    date_precision, after_collapse (the report came out after it), source_id.
    """
    rows, listed = without_categories(ratings), without_categories(providers).set_index("provider_id")
    near = neighbours(providers, crcs)
    divisions = sorted(set(listed.loc[crcs, "nps_division_id"]))
    groups = {
        **dict.fromkeys(crcs, "Working Links until February 2019"),
        **dict.fromkeys(near, "neighbouring CRC"),
        **dict.fromkeys(divisions, "NPS division"),
    }
    rows = rows[(rows["standard"] == "overall") & rows["provider_id"].isin(list(groups))].copy()
    rows["group"] = rows["provider_id"].map(groups)
    rows["service"] = rows["provider_id"].map(listed["short_name"])
    columns = ["provider_id", "service", "group", "round", "band", "date", "date_precision", "source_id"]
    order = {name: number for number, name in enumerate(groups.values())}
    rows = rows.assign(place=rows["group"].map(order)).sort_values(["round", "place", "service"], ignore_index=True)
    return rows[columns]


def published_figures(
    staff: pd.DataFrame, workload: pd.DataFrame, caseload: pd.DataFrame, providers: pd.DataFrame, crcs: list[str]
) -> pd.DataFrame:
    """Every published figure on staff, caseloads and people supervised of the three CRCs and their group.

    Columns: service, measure (in words), figure (with its hedge), date, date_precision, when, note, source_id.
    """
    wanted = [*crcs, GROUP]
    names = without_categories(providers).set_index("provider_id")["short_name"]
    frames = [
        without_categories(staff).assign(what=lambda rows: rows["measure"] + ", " + rows["grade"]),
        without_categories(workload).assign(
            what=lambda rows: rows["measure"] + ", " + rows["role"], value=workload["value_low"]
        ),
        without_categories(caseload).assign(what=caseload["measure"].astype(object)),
    ]
    rows = pd.concat([frame[frame["provider_id"].isin(wanted)] for frame in frames], ignore_index=True)
    high = rows["value_high"].where(rows["value_high"] != rows["value_low"])
    figure = [
        display.hedged(value, qualifier, unit=unit)
        for value, qualifier, unit in zip(rows["value"], rows["qualifier"], rows["unit"])
    ]
    rows["figure"] = [
        text if pd.isna(top) else f"{display.hedged(low, hedge)} to {display.hedged(top, unit=unit)}"
        for text, low, top, hedge, unit in zip(figure, rows["value"], high, rows["qualifier"], rows["unit"])
    ]
    # A change of -40 per cent or more is a cut of 40 per cent or less: the sign and the hedge turn together.
    cut = rows["measure"] == "change_percent"
    rows.loc[cut, "figure"] = [
        f"cut by {display.hedged(-value, qualifier, unit='percent')}"
        for value, qualifier in zip(rows.loc[cut, "value"], flip(rows.loc[cut, "qualifier"]))
    ]
    rows["measure"] = (
        rows["what"].str.replace("change_percent", "staff").str.replace("_", " ").str.replace(" percent", "")
    )
    rows["service"] = rows["provider_id"].map(names)
    rows["when"] = [say_day(day, precision) for day, precision in zip(rows["date"], rows["date_precision"])]
    columns = ["provider_id", "service", "measure", "figure", "date", "when", "note", "source_id"]
    return rows.sort_values(["date", "service"], ignore_index=True)[columns]


def positions(claims: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """What ministers, the inspectorate, unions and the commissioner are reported to have said in the five articles.

    Columns: voice, speaker, claim (in our words), published (of the article), verdict, source_id (the article).
    """
    rows = without_categories(claims)
    rows = rows[rows["speaker_role"].isin(list(VOICES))].copy()
    rows["voice"] = rows["speaker_role"].map(VOICES)
    rows["published"] = rows["article_source_id"].map(without_categories(sources).set_index("source_id")["published"])
    rows = rows.rename(columns={"article_source_id": "source_id"})
    columns = ["voice", "speaker", "claim", "published", "verdict", "source_id"]
    return rows.sort_values(["voice", "published", "claim_id"], ignore_index=True)[columns]
