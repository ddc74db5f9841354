"""What happened when, to whom and under which minister. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date as Date

import numpy as np
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

# What readers see for each kind of event, from the programme outwards.
KINDS = {
    "policy": "Policy and law",
    "contract": "Contracts",
    "provider": "Companies",
    "people": "Office holders",
    "inspection": "Inspections",
    "scrutiny": "Parliament and auditors",
    "statistics": "Statistics",
    "union": "Unions",
    "incident": "Serious incidents",
}
OFFICES = {
    "justice_secretary": "Justice Secretary",
    "probation_minister": "Prisons and probation minister",
    "chief_inspector": "Chief Inspector of Probation",
}
FIRST_DAY, LAST_DAY = pd.Timestamp("2010-01-01"), pd.Timestamp("2023-12-31")
OWNER_FILLS = {
    "public-sector-before-sale": "#eef0f2",
    "sodexo": "#cfe3f3",
    "purple-futures": "#e3d8ee",
    "purple-futures-lender-controlled": "#f7f3fa",
    "working-links": "#f9d5c2",
    "seetec": "#d3ecd8",
    "mtcnovo": "#f7edc0",
    "reducing-reoffending-partnership": "#cdeeee",
    "arcc": "#f5d9e6",
    "peopleplus": "#e2dccb",
}
OWNER_LABELS = {
    "public-sector-before-sale": "Public",
    "purple-futures-lender-controlled": "Same, under lenders",
    "reducing-reoffending-partnership": "Reducing Reoffending Partnership",
}
# The body that a national statistic is about.
BODIES = {
    "probation-trusts": "Probation trusts",
    "nps": "NPS",
    "all-crcs": "CRC",
    "probation-service": "Probation Service",
    "all-probation": "All probation",
}


def without_categories(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its listed values as text, so that rows can be joined, relabelled and added to."""
    kinds = (pd.CategoricalDtype, pd.StringDtype)
    listed = [column for column, kind in table.dtypes.items() if isinstance(kind, kinds) and kind != "str"]
    return table.assign(**{column: table[column].astype("str") for column in listed})


def last_days(dates: pd.Series, precisions: pd.Series) -> pd.Series:
    """Last day that a start of the stated precision can mean; NaT where the precision sets no length."""
    return _other_ends(dates, precisions, lambda days, length: days + length - ONE_DAY)


def first_days(ends: pd.Series, precisions: pd.Series) -> pd.Series:
    """First day that an end of the stated precision can mean, given its last; NaT where there is no length."""
    return _other_ends(ends, precisions, lambda days, length: days + ONE_DAY - length)


def _other_ends(
    days: pd.Series, precisions: pd.Series, other_end: Callable[[pd.Series, pd.DateOffset], pd.Series]
) -> pd.Series:
    found = np.full(len(days), "NaT", days.dtype)
    precisions = precisions.to_numpy()
    for precision in LENGTHS.keys() & set(precisions):
        rows = precisions == precision
        found[rows] = other_end(days[rows], LENGTHS[precision])
    return pd.Series(found, index=days.index)


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
    events, providers = without_categories(events), without_categories(providers)
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


def milestones(events: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """The turns of the story in order of time, with their chart label: columns of events, plus label.

    Raises ValueError naming the events that the table does not have.
    """
    found = without_categories(events[events["event_id"].isin(labels)])
    if missing := sorted(set(labels) - set(found["event_id"])):
        raise ValueError(f"Not in events: {', '.join(missing)}. Correct the event_id.")
    found = found.assign(label=found["event_id"].map(labels))
    return found.sort_values("date", kind="stable", ignore_index=True)


def phases(events: pd.DataFrame) -> pd.DataFrame:
    """The stretches between four turns of the story: key (text), phase, first_day, last_day (NaT if open)."""
    turns = [
        "2014-06-01-nps-and-crcs-start",
        "2015-02-01-crcs-sold",
        "2018-07-27-crc-contracts-to-end-in-2020",
        "2021-06-26-probation-service-starts",
    ]
    starts = milestones(events, dict.fromkeys(turns))["date"]
    names = [
        "Before the split",
        "CRCs in public ownership",
        "CRCs with their owners, until the end is announced",
        "From the announced end to the unified service",
        "Unified service",
    ]
    return pd.DataFrame(
        {
            "key": list("12345"),
            "phase": names,
            "first_day": [pd.NaT, *starts],
            "last_day": [*(starts - ONE_DAY), pd.NaT],
        }
    )


def rows_in_phase(rows: pd.DataFrame, stretches: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows that may fall in one phase. Needs start and end (the day after the last; NaT where start is all)."""
    phase = stretches.set_index("key").loc[key]
    first, last = phase.fillna({"first_day": pd.Timestamp.min, "last_day": pd.Timestamp.max})[["first_day", "last_day"]]
    last_day = (rows["end"] - ONE_DAY).fillna(rows["start"])
    return rows[(last_day >= first) & (rows["start"] <= last)]


def event_lines(events: pd.DataFrame, days_apart: int = 70) -> pd.DataFrame:
    """Events with the line of a chart that each stands on: kinds in the order of KINDS, no two within days_apart.

    Adds period_start, period_end, is_span (`with_periods`), kind_name and line (0, 1, ... from the top). Each event
    takes the first free line of its kind, in order of time.
    """
    found = with_periods(without_categories(events)).sort_values(["date", "event_id"], kind="stable")
    apart, first, parts = pd.Timedelta(days=days_apart), 0, []
    for kind, name in KINDS.items():
        own = found[found["kind"] == kind]
        free: list[pd.Timestamp] = []
        lines = []
        for event in own.itertuples():
            line = next((n for n, day in enumerate(free) if day <= event.period_start), len(free))
            free[line : line + 1] = [event.period_end + apart]
            lines.append(first + line)
        parts.append(own.assign(kind_name=name, line=lines))
        first += len(free)
    return pd.concat(parts).sort_values(["date", "event_id"], kind="stable", ignore_index=True)


def days_between(first: pd.Series, second: pd.Series) -> tuple[int, int]:
    """Fewest and most days from one dated row to another, as their precisions allow.

    Each row needs date and date_precision. Both numbers are the same where both are known to the day.
    Raises ValueError where a row's precision sets no length.
    """
    (a_start, a_end), (b_start, b_end) = map(_days_of, (first, second))
    return (b_start - a_end).days, (b_end - a_start).days


def _days_of(row: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    first, length = pd.Timestamp(row["date"]), LENGTHS.get(row["date_precision"])
    if pd.isna(first) or length is None:
        raise ValueError("A row without a known period has no number of days: give rows with a date and a precision.")
    return first, first + length - ONE_DAY


# -------------------------------------------------------------------------------------- office holders


def office_lanes(office_holders: pd.DataFrame) -> pd.DataFrame:
    """One row per spell in office, with what is known of its start and end.

    Adds start_first, start_last, end_first, end_last (the days each may be; NaT where unknown), start_known and
    end_known (some date is published), and not_before, not_after: the known days, or where there is none the
    limit that the spells before and after set (NaT where they set none). A limit is not a date: unknown ends stay
    unknown.
    """
    lanes = without_categories(office_holders)
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
    return _holders_on([pd.Timestamp(day)], office_holders).drop(columns="day")


def _holders_on(days: Iterable[pd.Timestamp], office_holders: pd.DataFrame) -> pd.DataFrame:
    """The rows of `who_was_in_office` for each of these days: day, and the columns of that table."""
    rows = pd.DataFrame({"day": days}).merge(office_lanes(office_holders), how="cross")
    day = rows["day"]
    # Where there is no limit the comparison is false.
    rows, day = (part[~(rows["not_before"] > day) & ~(rows["not_after"] < day)] for part in (rows, day))
    begun = (rows["start_last"] <= day) | (rows["in_post_on"] <= day)
    not_over = (day <= rows["end_first"]) | (day <= rows["in_post_on"]) | (day <= rows["start_last"])
    doubt = pd.Series("", index=rows.index).mask(~not_over, "last day not known").mask(~begun, "start not known")
    to_the_day = ((doubt == "last day not known") & rows["end_known"]) | (
        (doubt == "start not known") & rows["start_known"]
    )
    doubt = doubt.mask(to_the_day, doubt + " to the day")
    rows = rows.assign(certainty=(doubt == "").map({True: "certain", False: "possible"}), doubt=doubt)
    columns = ["day", "office", "office_title", "holder", "certainty", "doubt", "source_id"]
    return rows[columns].reset_index(drop=True)


def office_terms(office_holders: pd.DataFrame, start: Day, end: Day) -> pd.DataFrame:
    """One row per spell in office, ready for a time axis from start to end.

    Adds to `office_lanes`: may_start and may_end (the days within which the spell lies, cut to the axis), sure_start
    and sure_end (the days on which the holder was in office for certain; NaT where no day is), open_start and
    open_end (True where no date is published), term (the dates in words) and line (three for each office, taken in
    turn, so that neighbours do not stand on one line).
    """
    start, end = pd.Timestamp(start), pd.Timestamp(end)
    lanes = office_lanes(office_holders).sort_values(
        "office", key=lambda office: office.map(list(OFFICES).index), kind="stable", ignore_index=True
    )
    sure_start = lanes["start_last"].fillna(lanes["in_post_on"])
    # A spell that runs beyond the axis is certain up to its edge.
    sure_end = lanes["end_first"].fillna(lanes["in_post_on"]).fillna(lanes["start_last"]).clip(upper=end)
    sure = sure_start.notna() & (sure_start <= sure_end)
    offices = lanes["office"].map({office: place for place, office in enumerate(OFFICES)})
    return lanes.assign(
        office_name=lanes["office"].map(OFFICES),
        may_start=lanes["not_before"].fillna(start).clip(lower=start),
        may_end=lanes["not_after"].fillna(end).clip(upper=end),
        sure_start=sure_start.where(sure),
        sure_end=sure_end.where(sure),
        open_start=~lanes["start_known"],
        open_end=~lanes["end_known"],
        term=[say_term(spell) for _, spell in lanes.iterrows()],
        line=3 * offices + lanes.groupby("office").cumcount() % 3,
    )


def in_office_at(events: pd.DataFrame, office_holders: pd.DataFrame) -> pd.DataFrame:
    """Who was in office at each event: event_id, date, date_precision, title, one column an office, source_id.

    source_id is that of the event. Doubt stands in brackets; names joined by 'or' are both possible. An event dated
    loosely is asked at its first day.
    """
    events = without_categories(events)
    found = _holders_on(events["date"].unique(), office_holders)
    found["name"] = found["holder"] + (" (" + found["doubt"] + ")").where(found["doubt"] != "", "")
    names = found.pivot_table("name", "day", "office", aggfunc=" or ".join)
    held = names.reindex(events["date"], columns=list(OFFICES)).fillna("not known").set_index(events.index)
    columns = ["event_id", "date", "date_precision", "title", *OFFICES, "source_id"]
    return events.assign(**held)[columns].reset_index(drop=True)


# ------------------------------------------------------------------------------------------- ownership


def ownership_spans(ownership: pd.DataFrame) -> pd.DataFrame:
    """One row per CRC and owner, with the first and last whole day of the span.

    Adds span_start and span_end. Where one owner's end is the next one's start, the day belongs to the next,
    so the last day is the day before; the end of the last span is the day of the transfer itself.
    """
    spans = without_categories(ownership).sort_values(["provider_id", "date"], kind="stable", ignore_index=True)
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


def owner_changes(ownership: pd.DataFrame) -> pd.DataFrame:
    """Every day on which a CRC passed from one holder to another.

    Columns: date, provider_id, from_owner, to_owner, change (sale, where the CRC leaves the public sector; owner, where
    another owner takes over; owner's owner, where the owning company itself comes under other control), source_id.
    """
    spans = _one_name_each(ownership_spans(ownership))
    before = spans.groupby("provider_id")[["owner_id", "owner_name"]].shift(1)
    rows = spans.assign(from_id=before["owner_id"], from_owner=before["owner_name"], to_owner=spans["owner_name"])
    rows = rows.dropna(subset="from_id")
    same = [new.startswith(old) for old, new in zip(rows["from_id"], rows["owner_id"])]
    change = pd.Series("owner", index=rows.index).mask(same, "owner's owner")
    change = change.mask(rows["from_id"] == "public-sector-before-sale", "sale")
    columns = ["date", "provider_id", "from_owner", "to_owner", "change", "source_id"]
    return rows.assign(change=change)[columns].sort_values(["date", "provider_id"], ignore_index=True)


# --------------------------------------------------------------------------------------------- overlay


def overlay(table: pd.DataFrame, statistic: str, value: str = "value", unit: str | None = None) -> pd.DataFrame:
    """A published statistic as rows on the time axis, each body and source a series of its own.

    Columns: statistic, period_start, period_end, value, qualifier, unit, source_id, provider_id, series (what a line
    may connect: one body and source). A qualifier that the table does not have is exact. Raises ValueError where a
    series mixes units.
    """
    rows = with_periods(without_categories(table).dropna(subset=[value])).assign(statistic=statistic)
    rows["value"] = rows[value]
    if "qualifier" not in rows:
        rows["qualifier"] = "exact"
    if unit is not None:
        rows["unit"] = unit
    rows["series"] = (rows["provider_id"] + " | ").fillna("") + rows["source_id"]
    for series, units in rows.groupby("series")["unit"].unique().items():
        if len(units) > 1:
            raise ValueError(f"Column unit: {statistic}, {series} mixes {', '.join(sorted(units))}. Keep one of them.")
    columns = ["statistic", "period_start", "period_end", "value", "qualifier", "unit", "source_id"]
    return rows[[*columns, "provider_id", "series"]].sort_values(["series", "period_start"], ignore_index=True)


def statistics(staff: pd.DataFrame, caseload: pd.DataFrame, national: pd.DataFrame) -> pd.DataFrame:
    """The statistics that can be laid over the time axis, each source a series of its own.

    Columns of `overlay`; provider_id is empty for England and Wales as a whole. statistic is Staff in post, People
    supervised, Binary rate or Frequency rate; the rates are those of the yearly cohorts of the measure in use since
    2017, all disposals, adults and juveniles.
    """
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
    parts = [overlay(table, statistic, value, unit) for statistic, table, value, unit in chosen]
    return pd.concat(parts).sort_values("statistic", kind="stable", ignore_index=True)


def statistic_points(rows: pd.DataFrame, start: Day, end: Day, longest_gap_days: int = 400) -> pd.DataFrame:
    """The rows of `statistics` that touch start to end, ready to draw.

    Adds body, is_span, piece (what a line may connect: one body and source, no more than longest_gap_days from row to
    row) and label (the body, on the last row of each statistic; empty elsewhere).
    """
    points = rows[(rows["period_end"] >= pd.Timestamp(start)) & (rows["period_start"] <= pd.Timestamp(end))]
    points = points.sort_values(["statistic", "series", "period_start"])
    points = points.reset_index(drop=True)
    series = [points["statistic"], points["series"]]
    gap = points["period_start"] - points["period_start"].groupby(series).shift(1)
    run = (gap > pd.Timedelta(days=longest_gap_days)).groupby(series).cumsum()
    body = points["provider_id"].map(BODIES).fillna("England and Wales")
    last = points.assign(body=body).sort_values("period_start", kind="stable")
    last = last.drop_duplicates(["statistic", "body"], keep="last").index
    return points.assign(
        body=body,
        is_span=points["period_end"] > points["period_start"],
        piece=points["statistic"] + " | " + points["series"] + " | " + run.astype(str),
        label=body.where(points.index.isin(last), ""),
    )


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
    if pd.isna(day) or precision not in LENGTHS:
        return "an unknown date"
    return f"{day:%B %Y} to {day + LENGTHS[precision] - ONE_DAY:%B %Y}"


def say_period(first: Day, last: Day) -> str:
    """A stretch of days in words: a day, a month, a year, or from one day to another."""
    first, last = pd.Timestamp(first), pd.Timestamp(last)
    for precision, begins in (("day", True), ("month", first.is_month_start), ("year", first.is_year_start)):
        if begins and first + LENGTHS[precision] - ONE_DAY == last:
            return say_day(first, precision)
    return f"{say_day(first)} to {say_day(last)}"


def say_term(spell: pd.Series) -> str:
    """The first and last day of one row of `office_lanes` in words, unknown days named as such."""
    start, end = "first day not known", "last day not known"
    if spell["start_known"]:
        start = f"from {say_day(spell['date'], spell['date_precision'])}"
    if spell["end_known"]:
        end = f"to {say_day(spell['date_end'], spell['date_end_precision'])}"
    if start[5:] == end[3:]:
        return f"within {end[3:]}"
    seen = f"in post in {say_day(spell['in_post_on'], 'month')}" if pd.notna(spell["in_post_on"]) else ""
    return ", ".join(part for part in (start, seen, end) if part)


def say_days_between(first: pd.Series, second: pd.Series) -> str:
    """The number of days between two dated rows, as a range where a date is not known to the day."""
    fewest, most = days_between(first, second)
    return f"{fewest:,} days" if fewest == most else f"{fewest:,} to {most:,} days"


def say_stretch(first: Day, last: Day) -> str:
    """A stretch of days in words where one end may be open."""
    if pd.isna(first):
        return f"to {say_day(last)}"
    return f"from {say_day(first)}" if pd.isna(last) else f"{say_day(first)} to {say_day(last)}"


def event_table(events: pd.DataFrame) -> pd.DataFrame:
    """The events as a table to read: date (as it is known), event (title and detail), source_id."""
    rows = without_categories(events).sort_values(["date", "event_id"])
    dates = [say_day(*row) for row in rows[["date", "date_precision"]].values]
    told = rows["title"] + (". " + rows["detail"]).fillna("")
    return pd.DataFrame({"date": dates, "event": told, "source_id": rows["source_id"]})


def office_table(office_holders: pd.DataFrame) -> pd.DataFrame:
    """The spells in office as a table to read: holder, office, term (in words), source_id."""
    lanes = office_lanes(office_holders)
    terms = [say_term(spell) for _, spell in lanes.iterrows()]
    return pd.DataFrame(
        {"holder": lanes["holder"], "office": lanes["office_title"], "term": terms, "source_id": lanes["source_id"]}
    )


def ownership_table(ownership: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """The owners as a table to read: owner, held (in words), crcs (names), source_id."""
    spans = ownership_spans(ownership)
    names = without_categories(providers).set_index("provider_id")["name"].str.removesuffix(" CRC")
    spans = spans.assign(
        crc=spans["provider_id"].map(names),
        held=[say_period(*days) for days in spans[["span_start", "span_end"]].values],
    )
    keys = ["span_start", "owner_name", "held", "source_id"]
    rows = spans.groupby(keys, as_index=False)["crc"].agg("; ".join)
    return rows.rename(columns={"owner_name": "owner", "crc": "crcs"})[["owner", "held", "crcs", "source_id"]]


def statistic_table(points: pd.DataFrame) -> pd.DataFrame:
    """Where the rows of `statistic_points` come from: statistic, body, years, source_id."""
    years = pd.DataFrame({"first": points["period_start"].dt.year, "last": points["period_end"].dt.year})
    keys = ["body", "source_id"]
    rows = points.assign(**years.astype("str")).groupby(keys, as_index=False, sort=False)
    rows = rows.agg(statistic=("statistic", _each_once), first=("first", "min"), last=("last", "max"))
    same = rows["first"] == rows["last"]
    rows = rows.assign(years=rows["first"].where(same, rows["first"] + " to " + rows["last"]))
    return rows.sort_values(["statistic", "body", "years"])[["statistic", "body", "years", "source_id"]]


def _each_once(names: pd.Series) -> str:
    return "; ".join(names.unique())


def milestone_table(turns: pd.DataFrame, office_holders: pd.DataFrame) -> pd.DataFrame:
    """Rows of `milestones` as a table to read: date, event, time_since (the one before), one column an office.

    time_since is a range of days where a date is not known to the day. The last column is source_id.
    """
    rows = in_office_at(turns, office_holders)
    return pd.DataFrame(
        {
            "date": [say_day(*row) for row in turns[["date", "date_precision"]].values],
            "event": turns["label"],
            "time_since": ["(first)", *(say_days_between(turns.loc[n - 1], turns.loc[n]) for n in turns.index[1:])],
            **{name: rows[office] for office, name in OFFICES.items()},
            "source_id": turns["source_id"],
        }
    )


# ------------------------------------------------------------------------------------- rows of charts


def event_rows(
    events: pd.DataFrame, providers: pd.DataFrame, ownership: pd.DataFrame, sources: pd.DataFrame
) -> pd.DataFrame:
    """The events as the explorer draws them.

    Columns: kind_name, line, start, end (NaT for an event known to the day), title, source, provider (short names of
    those that the event names, and of the CRCs of an owner it names: one alone, or a list).
    """
    names = without_categories(providers).set_index("provider_id")["short_name"]
    reached = events_by_provider(events, providers, ownership, kinds=("crc", "nps_division"))
    reached = reached[reached["link"].isin(["named", "owner"])]
    reached = reached.assign(name=reached["provider_id"].map(names)).groupby("event_id")["name"].agg(list)
    lined = event_lines(events)
    return pd.DataFrame(
        {
            "kind_name": lined["kind_name"],
            "line": lined["line"],
            "start": lined["period_start"],
            "end": (lined["period_end"] + ONE_DAY).where(lined["is_span"]),
            "title": lined["title"],
            "source": lined["source_id"].map(sources.set_index("source_id")["title"]).astype(str),
            "provider": _alone(lined["event_id"].map(reached)),
        }
    )


def _alone(cells: pd.Series) -> pd.Series:
    """Lists of one as their only item: a page stores each list in several lines."""
    return cells.map(lambda cell: cell[0] if isinstance(cell, list) and len(cell) == 1 else cell)


def provider_options(events: pd.DataFrame, providers: pd.DataFrame) -> dict[str, str]:
    """What a reader can choose: bodies, the 21 CRCs, the NPS divisions, organisations named three times."""
    named = without_categories(events)["provider_ids"].str.split().explode().value_counts()
    listed = without_categories(providers)
    organisations = listed["kind"].eq("organisation") & listed["provider_id"].map(named).ge(3)
    bodies = listed["provider_id"].isin(["all-crcs", "nps", "probation-trusts", "probation-service"])
    groups = [bodies, listed["kind"].eq("crc"), listed["kind"].eq("nps_division"), organisations]
    chosen = pd.concat([listed[rows].sort_values("name") for rows in groups])
    return dict(zip(chosen["name"], chosen["short_name"]))


def owner_rows(ownership: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """One row per CRC and owner, ready to draw.

    Columns: crc, label (short name of the owner), start, end (the day after the last), owner_id, owner_name, owners
    (the ids of all private owners of this CRC: one alone, or a list), source_id.
    """
    spans = ownership_spans(ownership)
    names = without_categories(providers).set_index("provider_id")
    private = spans["owner_id"] != "public-sector-before-sale"
    owners = spans[private].groupby("provider_id")["owner_id"].agg(list)
    return pd.DataFrame(
        {
            "crc": spans["provider_id"].map(names["name"].str.removesuffix(" CRC")),
            "label": spans["owner_id"].map(OWNER_LABELS).fillna(spans["owner_id"].map(names["short_name"])),
            "start": spans["span_start"],
            "end": spans["span_end"] + ONE_DAY,
            "owner_id": spans["owner_id"],
            "owner_name": spans["owner_name"],
            "owners": _alone(spans["provider_id"].map(owners)),
            "source_id": spans["source_id"],
        }
    )
