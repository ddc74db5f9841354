"""What happened when, to whom and under which minister. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date as Date

import pandas as pd

Day = str | Date | pd.Timestamp

# How long a stated precision lasts, from the first day that the tables give.
LENGTHS = {
    "day": pd.DateOffset(days=1),
    "month": pd.DateOffset(months=1),
    "quarter": pd.DateOffset(months=3),
    "half_year": pd.DateOffset(months=6),
    "year": pd.DateOffset(years=1),
    "financial_year": pd.DateOffset(years=1),
}
ONE_DAY = pd.Timedelta(days=1)

NATIONAL_BODIES = ("probation-trusts", "nps", "all-crcs", "probation-service")
YEARLY = "annual_average_of_three_month_cohorts"


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its listed values as text, so that rows can be joined, relabelled and added to."""
    listed = [column for column in table if isinstance(table[column].dtype, (pd.CategoricalDtype, pd.StringDtype))]
    return table.astype(dict.fromkeys(listed, "str"))


def last_days(dates: pd.Series, precisions: pd.Series) -> pd.Series:
    """Last day that a start of the stated precision can mean; NaT where the precision sets no length."""
    last = pd.Series(pd.NaT, index=dates.index, dtype=dates.dtype)
    for precision, length in LENGTHS.items():
        rows = (precisions == precision) & dates.notna()
        last[rows] = dates[rows] + length - ONE_DAY
    return last


def first_days(ends: pd.Series, precisions: pd.Series) -> pd.Series:
    """First day that an end of the stated precision can mean, given its last; NaT where there is no length."""
    first = pd.Series(pd.NaT, index=ends.index, dtype=ends.dtype)
    for precision, length in LENGTHS.items():
        rows = (precisions == precision) & ends.notna()
        first[rows] = ends[rows] + ONE_DAY - length
    return first


def with_periods(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the first and last day each row can mean, so that a month is drawn as a month.

    Needs date, date_precision and, where there is one, date_end (which then sets the last day).
    Adds period_start, period_end (dates; NaT where unknown) and is_span (more than one day).
    """
    end = last_days(table["date"], table["date_precision"])
    if "date_end" in table:
        end = table["date_end"].fillna(end)
    return table.assign(period_start=table["date"], period_end=end, is_span=end > table["date"])


# ---------------------------------------------------------------------------------------------- events


def select_events(
    events: pd.DataFrame,
    kinds: Collection[str] | None = None,
    provider_ids: Collection[str] | None = None,
    start: Day | None = None,
    end: Day | None = None,
    links: Collection[str] | None = None,
) -> pd.DataFrame:
    """Events of these kinds, providers and links whose period touches start to end, both days included.

    Adds period_start, period_end, is_span and wholly_inside: False where the event is dated so loosely
    (a month, a year) that it may lie outside. Filters by provider or link need the rows of `events_by_provider`.
    """
    found = with_periods(plain(events))
    start, end = (pd.Timestamp(day) if day is not None else None for day in (start, end))
    inside = pd.Series(True, index=found.index)
    if kinds is not None:
        found = found[found["kind"].isin(kinds)]
    if provider_ids is not None:
        found = found[found["provider_id"].isin(provider_ids)]
    if links is not None:
        found = found[found["link"].isin(links)]
    if start is not None:
        inside &= found["period_start"] >= start
        found = found[found["period_end"] >= start]
    if end is not None:
        inside &= found["period_end"] <= end
        found = found[found["period_start"] <= end]
    return found.assign(wholly_inside=inside.reindex(found.index)).reset_index(drop=True)


def events_between(events: pd.DataFrame, start: Day, end: Day) -> pd.DataFrame:
    """Events whose period touches start to end; columns as in `select_events`."""
    return select_events(events, start=start, end=end)


def _ancestors(providers: pd.DataFrame) -> pd.DataFrame:
    """Every provider with each group above it, however many levels up: provider_id, ancestor_id."""
    parents = providers.loc[providers["parent_id"].notna(), ["provider_id", "parent_id"]]
    level = parents.rename(columns={"parent_id": "ancestor_id"})
    levels = [level]
    # A table of n providers has fewer than n levels, so a circle of parents cannot run for ever.
    for _ in range(len(providers)):
        level = level.merge(parents, left_on="ancestor_id", right_on="provider_id", suffixes=("", "_above"))
        if level.empty:
            break
        level = level[["provider_id", "parent_id"]].rename(columns={"parent_id": "ancestor_id"})
        levels.append(level)
    return pd.concat(levels).drop_duplicates(ignore_index=True)


def events_by_provider(
    events: pd.DataFrame,
    providers: pd.DataFrame,
    ownership: pd.DataFrame | None = None,
    kinds: Collection[str] = ("crc", "nps_division", "probation_region"),
) -> pd.DataFrame:
    """One row per event and provider it concerns.

    Columns of events without provider_ids, plus provider_id and link: named (the event names it), owner (the
    event names the owner it had then, or that owner's group crcs-...; needs ownership) or group (the event
    names something above it). Beyond those named, providers of these kinds are reached; the closest link is
    kept. An event that names nobody has an empty provider_id and link.
    """
    events, providers = plain(events), plain(providers)
    named = events.assign(provider_id=events["provider_ids"].str.split()).explode("provider_id", ignore_index=True)
    named = named.drop(columns="provider_ids").astype({"provider_id": "str"})
    named["link"] = pd.Series("named", index=named.index).where(named["provider_id"].notna())
    above = named.rename(columns={"provider_id": "ancestor_id"}).merge(_ancestors(providers), on="ancestor_id")
    above = above.reindex(columns=named.columns)
    reached = above[above["provider_id"].isin(providers.loc[providers["kind"].isin(kinds), "provider_id"])]
    parts = [named, reached.assign(link="group")]
    if ownership is not None:
        # A parent company stands for the owner under it, and crcs-sodexo are the CRCs of sodexo.
        below = above[above["provider_id"].isin(providers.loc[providers["kind"] == "organisation", "provider_id"])]
        # An event that names a CRC is about that CRC, not about the others its owner held.
        crcs = set(providers.loc[providers["kind"] == "crc", "provider_id"])
        about_crcs = set(named.loc[named["provider_id"].isin(crcs), "event_id"])
        owners = pd.concat([named, below])
        owners = owners[~owners["event_id"].isin(about_crcs)]
        owners = owners.assign(owner_id=lambda rows: rows["provider_id"].str.removeprefix("crcs-"))
        spans = ownership_spans(ownership)[["owner_id", "provider_id", "span_start", "span_end"]]
        owned = with_periods(owners.drop(columns="provider_id")).merge(spans, on="owner_id")
        held = (owned["period_end"] >= owned["span_start"]) & (owned["period_start"] <= owned["span_end"])
        parts.insert(1, owned[held].reindex(columns=named.columns).assign(link="owner"))
    found = pd.concat([part for part in parts if len(part)]).drop_duplicates(["event_id", "provider_id"])
    return found.sort_values(["date", "event_id"], kind="stable", ignore_index=True)


def events_by_year(events: pd.DataFrame) -> pd.DataFrame:
    """How many events of each kind fall in each year: year, kind, events (zero where there are none)."""
    counts = pd.crosstab(events["date"].dt.year.rename("year"), plain(events)["kind"])
    return counts.melt(ignore_index=False, value_name="events").reset_index()


def events_by_precision(events: pd.DataFrame) -> pd.DataFrame:
    """How exactly the events are dated: date_precision (day, month, year), events, share_percent."""
    counts = plain(events)["date_precision"].value_counts()
    order = [precision for precision in LENGTHS if precision in counts.index]
    counts = counts.reindex(order).rename("events").reset_index()
    return counts.assign(share_percent=100 * counts["events"] / counts["events"].sum())


def days_between(first: pd.Series, second: pd.Series) -> tuple[int, int]:
    """Fewest and most days from one dated row to another, as their precisions allow.

    Each row needs date and date_precision. Both numbers are the same where both are known to the day.
    Raises ValueError where a row's precision sets no length.
    """
    rows = pd.DataFrame([first, second])[["date", "date_precision"]]
    rows = with_periods(rows.assign(date=pd.to_datetime(rows["date"])))
    if rows[["period_start", "period_end"]].isna().any(axis=None):
        raise ValueError("A row without a known period has no number of days: give rows with a date and a precision.")
    (a_start, b_start), (a_end, b_end) = rows["period_start"], rows["period_end"]
    return (b_start - a_end).days, (b_end - a_start).days


# -------------------------------------------------------------------------------------- office holders


def office_lanes(office_holders: pd.DataFrame) -> pd.DataFrame:
    """One row per spell in office, with what is known of its start and end.

    Adds start_first, start_last, end_first, end_last (the days each may be; NaT where unknown), start_known and
    end_known (some date is published), and not_before, not_after: the known days, or where there is none the
    limit that the spells before and after set (NaT where they set none). A limit is not a date: unknown ends stay
    unknown.
    """
    lanes = plain(office_holders)
    in_post_on = lanes["in_post_on"] if "in_post_on" in lanes else lanes["date"].mask(lanes["date"].notna())
    order = lanes["date"].fillna(in_post_on).fillna(lanes["date_end"])
    lanes = lanes.assign(in_post_on=in_post_on, order=order).sort_values(
        ["office", "order"], kind="stable", ignore_index=True
    )
    start_known = lanes["date"].notna() & (lanes["date_precision"] != "unknown")
    end_known = lanes["date_end"].notna() & (lanes["date_end_precision"] != "unknown")
    lanes = lanes.assign(
        start_first=lanes["date"].where(start_known),
        start_last=last_days(lanes["date"], lanes["date_precision"]),
        end_first=first_days(lanes["date_end"], lanes["date_end_precision"]),
        end_last=lanes["date_end"].where(end_known),
        start_known=start_known,
        end_known=end_known,
    )
    gone = lanes["end_first"].fillna(lanes["in_post_on"]).fillna(lanes["start_last"])
    come = lanes["start_last"].fillna(lanes["in_post_on"]).fillna(lanes["end_last"])
    return lanes.assign(
        not_before=lanes["start_first"].fillna(gone.groupby(lanes["office"]).shift(1)),
        not_after=lanes["end_last"].fillna(come.groupby(lanes["office"]).shift(-1)),
    ).drop(columns="order")


def who_was_in_office(office_holders: pd.DataFrame, day: Day) -> pd.DataFrame:
    """Who held each office on a day: office, office_title, holder, certainty, doubt, source_id.

    certainty is certain where the published dates leave no room, else possible, with the doubt in words: a start
    or last day that is known only to the month or year, or not at all. Unknown days are limited by the spells
    before and after; on the day of a handover both holders are listed.
    """
    day = pd.Timestamp(day)
    lanes = office_lanes(office_holders)
    possible = (lanes["not_before"].fillna(pd.Timestamp.min) <= day) & (
        day <= lanes["not_after"].fillna(pd.Timestamp.max)
    )
    begun = (lanes["start_last"] <= day) | (lanes["in_post_on"] <= day)
    not_over = (day <= lanes["end_first"]) | (day <= lanes["in_post_on"]) | (day <= lanes["start_last"])
    doubt = pd.Series("", index=lanes.index).mask(~not_over, "last day not known").mask(~begun, "start not known")
    to_the_day = ((doubt == "last day not known") & lanes["end_known"]) | (
        (doubt == "start not known") & lanes["start_known"]
    )
    doubt = doubt.mask(to_the_day, doubt + " to the day")
    lanes = lanes.assign(certainty=(doubt == "").map({True: "certain", False: "possible"}), doubt=doubt)
    columns = ["office", "office_title", "holder", "certainty", "doubt", "source_id"]
    return lanes.loc[possible, columns].reset_index(drop=True)


# ------------------------------------------------------------------------------------------- ownership


def ownership_spans(ownership: pd.DataFrame) -> pd.DataFrame:
    """One row per CRC and owner, with the first and last whole day of the span.

    Adds span_start and span_end. Where one owner's end is the next one's start, the day belongs to the next,
    so the last day is the day before; the end of the last span is the day of the transfer itself.
    """
    spans = plain(ownership).sort_values(["provider_id", "date"], kind="stable", ignore_index=True)
    next_start = spans.groupby("provider_id")["date"].shift(-1)
    handed_on = spans["date_end"] == next_start
    return spans.assign(
        span_start=spans["date"], span_end=spans["date_end"].mask(handed_on, spans["date_end"] - ONE_DAY)
    )


def check_ownership(ownership: pd.DataFrame, start: Day | None = None, end: Day | None = None) -> pd.DataFrame:
    """Days on which a CRC has no owner or more than one; empty when all is well.

    Columns: provider_id, problem (gap, overlap), from, to. The days run from start to end, or from the first to the
    last in the table.
    """
    spans = ownership_spans(ownership)
    first = pd.Timestamp(start) if start is not None else spans["span_start"].min()
    last = pd.Timestamp(end) if end is not None else spans["span_end"].max()
    problems = []
    for provider_id, own in spans.groupby("provider_id", sort=False):
        covered_to = first - ONE_DAY
        for span in own.itertuples():
            if span.span_start > covered_to + ONE_DAY:
                problems.append((provider_id, "gap", covered_to + ONE_DAY, span.span_start - ONE_DAY))
            if span.span_start <= covered_to:
                problems.append((provider_id, "overlap", span.span_start, min(covered_to, span.span_end)))
            covered_to = max(covered_to, span.span_end)
        if covered_to < last:
            problems.append((provider_id, "gap", covered_to + ONE_DAY, last))
    return pd.DataFrame(problems, columns=["provider_id", "problem", "from", "to"])


def _one_name_each(spans: pd.DataFrame) -> pd.DataFrame:
    """Every owner under the name of its first span, so that one owner is counted once."""
    first = spans.sort_values("span_start", kind="stable").drop_duplicates("owner_id")
    return spans.assign(owner_name=spans["owner_id"].map(first.set_index("owner_id")["owner_name"]))


def owners_on(ownership: pd.DataFrame, day: Day) -> pd.DataFrame:
    """The owner of each CRC on a day: provider_id, owner_id, owner_name (as first given), source_id."""
    day = pd.Timestamp(day)
    spans = _one_name_each(ownership_spans(ownership))
    held = (spans["span_start"] <= day) & (day <= spans["span_end"])
    return spans.loc[held, ["provider_id", "owner_id", "owner_name", "source_id"]].reset_index(drop=True)


def crcs_per_owner(ownership: pd.DataFrame) -> pd.DataFrame:
    """How many CRCs each owner held between one change of owner and the next.

    Columns: date, date_end (first and last day of the stretch), owner_id, owner_name (as first given), crcs.
    """
    spans = _one_name_each(ownership_spans(ownership))
    changes = sorted(spans["span_start"].unique())
    ends = [day - ONE_DAY for day in changes[1:]] + [spans["span_end"].max()]
    stretches = pd.DataFrame({"date": changes, "date_end": ends})
    stretches = stretches.merge(spans.drop(columns=["date", "date_end"]), how="cross")
    held = stretches[(stretches["span_start"] <= stretches["date"]) & (stretches["date"] <= stretches["span_end"])]
    keys = ["date", "date_end", "owner_id", "owner_name"]
    return held.groupby(keys, as_index=False)["provider_id"].nunique().rename(columns={"provider_id": "crcs"})


# --------------------------------------------------------------------------------------------- overlay


def overlay(table: pd.DataFrame, statistic: str, value: str = "value", unit: str | None = None) -> pd.DataFrame:
    """A published statistic as rows on the time axis, one statistic and source a call.

    Columns: statistic, period_start, period_end, value, qualifier, unit, source_id. A qualifier that the
    table does not have is exact. Raises ValueError where the rows mix sources or units: they are not one
    series.
    """
    rows = with_periods(plain(table).dropna(subset=[value])).assign(statistic=statistic)
    rows["value"] = rows[value]
    if "qualifier" not in rows:
        rows["qualifier"] = "exact"
    if unit is not None:
        rows["unit"] = unit
    for column in ("source_id", "unit"):
        several = sorted(set(rows[column]))
        if len(several) > 1:
            raise ValueError(f"Column {column}: {statistic} would mix {', '.join(several)}. Filter to one first.")
    columns = ["statistic", "period_start", "period_end", "value", "qualifier", "unit", "source_id"]
    return rows[columns].sort_values("period_start", ignore_index=True)


def statistics(staff: pd.DataFrame, caseload: pd.DataFrame, national: pd.DataFrame) -> pd.DataFrame:
    """The statistics that can be laid over the time axis, each source a series of its own.

    Columns of `overlay`, plus provider_id (empty for England and Wales as a whole) and series (what a line may
    connect: one body and source). statistic is Staff in post, People supervised, Binary rate or Frequency rate; the
    rates are those of the yearly cohorts of the measure in use since 2017, all disposals, adults and juveniles.
    """
    staff, caseload, national = plain(staff), plain(caseload), plain(national)
    in_post = staff[
        (staff["measure"] == "FTE") & (staff["grade"] == "all grades") & staff["provider_id"].isin(NATIONAL_BODIES)
    ]
    supervised = caseload[(caseload["measure"] == "people_supervised") & (caseload["provider_id"] == "all-probation")]
    yearly = national[
        (national["measure"] == YEARLY)
        & (national["results_basis"] == "national")
        & (national["population"] == "all")
        & (national["area"] == "England and Wales")
        & national["disposal"].isna()
        & national["provider_id"].isna()
    ]
    chosen = (
        ("Staff in post", in_post, "value", None),
        ("People supervised", supervised, "value", None),
        ("Binary rate", yearly.assign(qualifier=yearly["binary_rate_qualifier"]), "binary_rate", "percent"),
        ("Frequency rate", yearly, "frequency_rate", "reoffences per reoffender"),
    )
    parts = [
        overlay(rows, statistic, value, unit).assign(
            provider_id=provider_id, series=" | ".join([*([provider_id] if pd.notna(provider_id) else []), source_id])
        )
        for statistic, table, value, unit in chosen
        for (provider_id, source_id), rows in table.dropna(subset=[value]).groupby(
            ["provider_id", "source_id"], dropna=False
        )
    ]
    return pd.concat(parts, ignore_index=True).sort_values(["statistic", "series"], kind="stable", ignore_index=True)


# ------------------------------------------------------------------------------------------- sentences


def say_day(day: Day, precision: str = "day") -> str:
    """A date as it is known: 15 February 2019, February 2019 or 2019."""
    day = pd.Timestamp(day)
    if precision == "day":
        return f"{day.day} {day:%B %Y}"
    if precision == "month":
        return f"{day:%B %Y}"
    if precision == "year":
        return str(day.year)
    last = last_days(pd.Series([day]), pd.Series([precision]))[0]
    if pd.isna(last):
        return "an unknown date"
    return f"{day:%B %Y} to {last:%B %Y}"


def say_events(events: pd.DataFrame) -> str:
    """How many events there are, over which years, and how exactly they are dated."""
    counts = plain(events)["date_precision"].value_counts()
    loose = [f"{counts[name]} only to the {name}" for name in ("month", "year") if name in counts]
    years = f"{events['date'].min().year} to {events['date'].max().year}"
    dated = ", ".join([f"{counts.get('day', 0)} are known to the day", *loose])
    return f"{len(events)} events from {years}: {dated}."


def say_in_office(office_holders: pd.DataFrame, day: Day) -> str:
    """Who held which office on a day, saying where the dates leave doubt."""
    found = who_was_in_office(office_holders, day)
    if found.empty:
        return f"No office holder is recorded for {say_day(day)}."
    doubt = (", " + found["doubt"]).where(found["doubt"] != "", "")
    names = (found["holder"] + " (" + found["office_title"] + doubt + ")").tolist()
    return f"On {say_day(day)}: {'; '.join(names)}."


def say_owners(ownership: pd.DataFrame, day: Day) -> str:
    """How many CRCs each owner held on a day, most first."""
    owners = owners_on(ownership, day).groupby("owner_name").size().reset_index(name="crcs")
    if owners.empty:
        return f"No CRC had an owner on {say_day(day)}."
    owners = owners.sort_values(["crcs", "owner_name"], ascending=[False, True])
    parts = (owners["owner_name"] + " " + owners["crcs"].astype(str)).tolist()
    return f"On {say_day(day)} the {owners['crcs'].sum()} CRCs were held as follows: {'; '.join(parts)}."


def say_days_between(first: pd.Series, second: pd.Series) -> str:
    """The number of days between two dated rows, as a range where a date is not known to the day."""
    fewest, most = days_between(first, second)
    return f"{fewest:,} days" if fewest == most else f"{fewest:,} to {most:,} days"
