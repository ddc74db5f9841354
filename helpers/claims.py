"""What the five articles claim, and whether the tables bear it out. Tables in, tables out.

A check is a tuple of tests; a test holds one part of a claim against rows of a table. There are five kinds: `figure`
(a number against rows), `count` (how many rows), `dated` (the date of an event), `listed` (a band, an owner, a holder
of an office) and `order` (which came first, and by how long). A row whose only sources are the article itself, or
articles that go back to the same document, confirms nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from helpers.display import hedged, number
from helpers.timeline import ONE_DAY, say_day, with_periods, without_categories

Tables = Mapping[str, pd.DataFrame]
TABLES = (
    "claims", "sources", "ratings", "band_distribution", "league_points", "case_quality", "staff", "caseload",
    "workload", "tiering", "staffing_facts", "reoffending_facts", "reoffending_by_crc", "reoffending_success_counts",
    "events", "office_holders", "ownership", "providers", "money", "contract_performance",
)  # fmt: skip
VERDICTS = {
    "supported": "Supported",
    "partly": "Partly supported",
    "disputed": "Disputed",
    "contradicted": "Contradicted",
    "opinion": "Opinion or demand",
    "not_verifiable": "Not verifiable",
}
OPINION, DISPUTED = "opinion", "disputed"  # of a part: decides the verdict, whatever the other parts are
ORIGINS = {True: "the press notice of February 2019", False: "its own"}
KEYS = ("provider_id", "owner_id", "round", "standard", "band", "grade", "measure", "date")
DAYS = {"days": 1.0, "months": 365.25 / 12, "years": 365.25}


# ------------------------------------------------------------------------------------------------ tests


@dataclass(frozen=True)
class Outcome:
    """What one test found: in words, whether the part tested holds (None: cannot be told), and the cells that decide.

    holds    or OPINION (nothing to test), or DISPUTED (rivals that need not count the same thing on the same day)
    cells    (table, row label, column)
    counts   False where the figure only stands beside the claim and has no say in the verdict
    """

    found: str
    holds: bool | str | None
    cells: tuple[tuple[str, Hashable, str], ...] = ()
    counts: bool = True


@dataclass(frozen=True)
class Case:
    """One claim with the tables it is held against."""

    claim: pd.Series
    tables: Tables

    @cached_property
    def article(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last day on which the article can have been published."""
        sources = self.tables["sources"].set_index("source_id")
        period = pd.Period(sources.loc[self.claim["article_source_id"], "published"])
        return period.start_time.normalize(), period.end_time.normalize()

    @cached_property
    def dependent(self) -> set[str]:
        """The article, and the articles that share its origin for this claim."""
        claims, own = self.tables["claims"], self.claim["article_source_id"]
        if pd.isna(self.claim["shared_origin"]):
            return {own}
        return {own, *claims.loc[claims["shared_origin"] == self.claim["shared_origin"], "article_source_id"]}

    def rows(self, table: str, where: str) -> tuple[pd.DataFrame, bool]:
        """The rows that match and have a source of their own, and True; without any such row, all that match, and
        False."""
        rows = self.tables[table].query(where)
        own = [
            not {source, *(others.split() if isinstance(others, str) else ())} <= self.dependent
            for source, others in zip(rows["source_id"], rows.get("other_source_ids", pd.Series(index=rows.index)))
        ]
        return (rows[own], True) if any(own) else (rows, False)


Test = Callable[[Case], Outcome]


def interval(value: float, qualifier: str = "exact") -> tuple[float, float]:
    """Lowest and highest number that a hedged figure can mean; 'about' is read as rounded to its last digit not 0."""
    if qualifier == "about":
        digits = f"{value:.10f}".rstrip("0").rstrip(".")
        zeros = len(digits) - len(digits.rstrip("0")) if "." not in digits else -len(digits.split(".")[1])
        half = 10.0**zeros / 2 if value else 0.0
        return value - half, value + half
    low = {"at_least": value, "more_than": math.nextafter(value, math.inf)}
    high = {"at_most": value, "less_than": math.nextafter(value, -math.inf)}
    if qualifier in low:
        return low[qualifier], math.inf
    return (-math.inf, high[qualifier]) if qualifier in high else (value, value)


def agree(claimed: tuple[float, float], found: tuple[float, float]) -> bool | None:
    """Whether what was found bears out what was claimed: False where they exclude each other, None where it may."""

    def within(inner: tuple[float, float], outer: tuple[float, float]) -> bool:
        return outer[0] <= inner[0] and inner[1] <= outer[1]

    if claimed[0] > found[1] or found[0] > claimed[1]:
        return False
    bounded = math.isfinite(sum(map(abs, (*claimed, *found))))
    return True if within(found, claimed) or (bounded and within(claimed, found)) else None


def claimed_figures(claim: pd.Series) -> list[tuple[float, float]]:
    """The claim's figure as an interval; several where its words hold several, one where they hold a range."""
    if pd.notna(claim["value"]):
        return [interval(claim["value"], claim["qualifier"])]
    figures = [float(figure) for figure in re.findall(r"\d+(?:\.\d+)?", str(claim["value_text"]))]
    return (
        [(figures[0], figures[1])] if " to " in str(claim["value_text"]) else [(figure, figure) for figure in figures]
    )


def _any(holds: list[bool | None]) -> bool | None:
    return True if True in holds else False if False in holds else None


def _worded(text: str) -> str:
    """'£7.4 million' for '7.4 GBP million', '40%' for '40 %'."""
    return re.sub(r"([\d,.]+) GBP million", r"£\1 million", text).replace(" %", "%")


def _origin(case: Case, rows: pd.DataFrame | pd.Series) -> str:
    if rows.empty:
        return " no row in the tables"
    return " (only in articles of one origin)" if len(case.dependent) > 1 else " (only in this article)"


def figure(
    table: str,
    where: str,
    column: str = "value",
    claimed: tuple[float, str] | int = 0,
    sign: int = 1,
    share_of: str | None = None,
    noun: str = "",
    every: bool = False,
    rivals: bool = False,
) -> Test:
    """A number against rows: `claimed` is a figure with its hedge, or which of the claim's own figures is meant.

    With `every` a single row that excludes the figure is enough; otherwise a single row that agrees is. `rivals` are
    rows that need not count the same people on the same day: where they exclude the figure, it is disputed.
    """

    def test(case: Case) -> Outcome:
        rows, own = case.rows(table, where)
        wanted = interval(*claimed) if isinstance(claimed, tuple) else claimed_figures(case.claim)[claimed]
        top = column.replace("_low", "_high")
        words, holds = [], []
        for _, row in rows.iterrows():
            low, high, hedge = sign * row[column], sign * row[top], row.get("qualifier", "exact")
            unit = noun or str(row.get("unit", ""))
            if pd.isna(low):
                words.append(f"{unit or column.replace('_', ' ')} unknown")
                holds.append(None)
                continue
            of = f" of {number(row[share_of])}" if share_of else ""
            shown = f"{number(low)}{of}" if low == high else f"{number(low)} to {number(high)}"
            words.append(_worded(hedged(low, hedge, unit=unit) if shown == number(low) else f"{shown} {unit}".strip()))
            found = (interval(low, hedge)[0], interval(high, hedge)[1])
            if share_of:
                found = (found[0] / row[share_of] * 100, found[1] / row[share_of] * 100)
            holds.append(agree(wanted, found))
        note = "" if own else _origin(case, rows)
        cells = tuple((table, label, column) for label in rows.index)
        held = False if every and False in holds else _any(holds)
        held = DISPUTED if rivals and held is False else held
        found = f"{'; '.join(dict.fromkeys(words))}{note}" if words else f"{noun}: {note.strip()}".strip(" :")
        return Outcome(found, held if own else None, cells)

    return test


def count(
    table: str,
    where: str,
    column: str,
    noun: str,
    *,
    of: str | None = None,
    expect: tuple[str, int] | str = "claimed",
) -> Test:
    """How many rows match. `expect`: the claim's own figure, a bound such as ('at_least', 2), or 'majority' of `of`."""

    def test(case: Case) -> Outcome:
        rows, own = case.rows(table, where)
        total = len(case.tables[table].query(of)) if of else None
        if expect == "majority":
            holds = len(rows) * 2 > total
        else:
            wanted = claimed_figures(case.claim)[0] if expect == "claimed" else interval(expect[1], expect[0])
            holds = wanted[0] <= len(rows) <= wanted[1]
        found = f"{len(rows)}{f' of {total}' if of else ''} {noun}"
        cells = tuple((table, label, column) for label in rows.index)
        if len(rows) and not own:
            return Outcome(found + _origin(case, rows), None, cells)
        return Outcome(found, holds, cells)

    return test


def _period(text: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    period = pd.Period(text)
    if pd.isna(period):
        raise ValueError("a date is needed")
    return period.start_time.normalize(), period.end_time.normalize()


def _moment(case: Case, table: str, where: str, column: str) -> tuple[pd.DataFrame, bool]:
    """The rows with the first and last day that `column` can mean in period_start and period_end."""
    rows, own = case.rows(table, where)
    if column == "date":
        return with_periods(rows), own
    return rows.assign(period_start=rows[column], period_end=rows[column], date_precision="day"), own


def dated(table: str, where: str, wanted: str | None = None, column: str = "date", what: str = "") -> Test:
    """The date of rows against the claim's date, or against `wanted`: a year, a month or a day."""

    def test(case: Case) -> Outcome:
        rows, own = _moment(case, table, where, column)
        first, last = _period(wanted or case.claim["value_text"])
        holds = [
            True if first <= start and end <= last else False if end < first or start > last else None
            for start, end in zip(rows["period_start"], rows["period_end"])
        ]
        days = [say_day(start, precision) for start, precision in zip(rows["period_start"], rows["date_precision"])]
        note = "" if own else _origin(case, rows)
        cells = tuple((table, label, column) for label in rows.index)
        return Outcome(f"{what} {'; '.join(days)}".strip() + note, _any(holds) if own else None, cells)

    return test


def listed(table: str, where: str, column: str, wanted: str | None = None, what: str = "") -> Test:
    """A value out of a list (band, owner, holder of an office) against the claim's words, or against `wanted`."""

    def test(case: Case) -> Outcome:
        rows, own = case.rows(table, where)
        values = rows[column].dropna().astype(str)
        names = case.tables["providers"].set_index("provider_id")["name"]
        found = f"{what} {', '.join(names.get(value, value) for value in values.unique())}".strip()
        cells = tuple((table, label, column) for label in values.index)
        if not own or values.empty:
            return Outcome((found + _origin(case, values)).strip(), None, cells)
        return Outcome(found, bool((values == (wanted or case.claim["value_text"])).any()), cells)

    return test


@dataclass(frozen=True)
class Point:
    """One end of an `order`: rows of a table by their date."""

    table: str
    where: str


ARTICLE = "the article"


def order(
    first: Point | str, second: Point | str, gap: str | tuple[float, str] | None = None, unit: str = "days"
) -> Test:
    """Which came first, and by how long. An end is a `Point`, ARTICLE or a date as text.

    gap    'claimed' holds the distance against the claim's own figure; (number, hedge) against that; in `unit`
    """

    def test(case: Case) -> Outcome:
        ends, words, cells = [], [], []
        for point in (first, second):
            if isinstance(point, Point):
                rows, _ = _moment(case, point.table, point.where, "date")
                if rows.empty:
                    return Outcome("no row in the tables", None)
                row = rows.iloc[0]
                ends.append((row["period_start"], row["period_end"]))
                words.append(f"{row['title']} ({say_day(row['date'], row['date_precision'])})")
                cells.append((point.table, rows.index[0], "date"))
            else:
                ends.append(case.article if point == ARTICLE else _period(point))
                words.append("the article" if point == ARTICLE else say_day(*_period(point)[:1], "month"))
        (start_a, end_a), (start_b, end_b) = ends
        low, high = ((start_b - end_a) / ONE_DAY / DAYS[unit], (end_b - start_a) / ONE_DAY / DAYS[unit])
        distance = number(low, 0) if round(low) == round(high) else f"{number(low, 0)} to {number(high, 0)}"
        if gap is None:
            holds = True if end_a <= start_b else False if start_a > end_b else None
            relation = {True: "comes before", False: "comes after", None: "may come before or after"}[holds]
            return Outcome(f"{words[0]} {relation} {words[1]}", holds, tuple(cells))
        wanted = claimed_figures(case.claim)[0] if gap == "claimed" else interval(*gap)
        # Whole units are meant: 3 years is anything that rounds to 3.
        holds = agree(wanted, (round(low), round(high)) if unit == "years" else (low, high))
        return Outcome(f"{distance} {unit} from {words[0]} to {words[1]}", holds, tuple(cells))

    return test


def accounts() -> Test:
    """Whether a document outside the five articles was found that says the same."""

    def test(case: Case) -> Outcome:
        articles = set(case.tables["claims"]["article_source_id"])
        others = [s for s in str(case.claim["evidence_source_ids"]).split() if s not in articles | {"nan"}]
        found = f"{len(others)} other account{'' if len(others) == 1 else 's'} of the same inspection"
        found += f" ({', '.join(others)})" if others else ""
        return Outcome(found, True if others else None, (("claims", case.claim.name, "evidence_source_ids"),))

    return test


def untested(what: str) -> Test:
    """A part of the claim that no table can decide."""
    return lambda case: Outcome(f"not tested: {what}", None)


def opinion(what: str) -> Test:
    """A claim that is an opinion or a demand: what figures there are stand `beside` it."""
    return lambda case: Outcome(f"an opinion: {what}", OPINION)


def beside(test: Test) -> Test:
    """A figure that stands beside the claim and has no say in the verdict."""
    return lambda case: replace(test(case), counts=False)


def verdict(outcomes: tuple[Outcome, ...]) -> str:
    """All parts hold: supported. Some: partly. None, and one excluded: contradicted. Nothing known: not verifiable.

    One part that is an opinion, or disputed, makes the claim so.
    """
    holds = {outcome.holds for outcome in outcomes if outcome.counts}
    for word in (OPINION, DISPUTED):
        if word in holds:
            return word
    if True in holds:
        return "supported" if holds == {True} else "partly"
    return "contradicted" if False in holds else "not_verifiable"


# ------------------------------------------------------------------------------------------- the checks


def _on(day: str, column: str = "date") -> str:
    return f"{column} >= '{day}' and {column} <= '{day}'"


def _event(event_id: str) -> Point:
    return Point("events", f"event_id == '{event_id}'")


_DDC, _BGSW = (
    "provider_id == 'crc-dorset-devon-and-cornwall'",
    ("provider_id == 'crc-bristol-gloucestershire-somerset-and-wiltshire'"),
)
_COLLAPSE = _event("2019-02-15-working-links-administration")
_TAKEOVER = _event("2019-02-15-seetec-takes-over")
_REPORT = _event("2019-02-15-ddc-inadequate")
_END_SET = _event("2018-07-27-crc-contracts-to-end-in-2020")
_CONSULTED = _event("2018-07-27-strengthening-probation-opens")
_DISPUTE = _event("2016-06-30-napo-dispute-working-links")
_ROUND = "round == '2018-19' and standard == 'overall'"
_CRC_ROUND = f"{_ROUND} and provider_id.str.startswith('crc-')"
_NPS_ROUND = f"{_ROUND} and provider_id.str.startswith('nps-')"
_SOLD = "owner_id == 'working-links' and date <= '2019-02-14' and date_end >= '2019-02-14'"
_TAKEN = f"owner_id == 'seetec' and {_on('2019-02-15')}"
_SUPERVISED = "measure == 'people_supervised'"

_started_2014 = dated("events", "event_id == '2014-06-01-nps-and-crcs-start'", what="start on")
_rated_inadequate = listed("ratings", f"{_DDC} and {_ROUND}", "band", "Inadequate", "overall")
_gate_good = listed("ratings", f"{_DDC} and round == '2018-19' and standard == '4.2'", "band", "Good")
_crcs = count("providers", "kind == 'crc'", "kind", "CRCs")
_until_2020 = dated(
    "money", "money_id == 'payments-to-crcs-to-december-2020'", "2020", "date_end", "payments counted to"
)
_end_set = order(_END_SET, ARTICLE)
_mean_cases = figure("workload", f"{_DDC} and measure == 'mean_cases_per_officer'", "value_low")
_most_cases = figure("workload", f"{_DDC} and measure == 'max_cases'", "value_low")
_FEWER = {"sign": -1, "noun": "% fewer staff"}
_staff_cut = figure("staff", f"{_DDC} and measure == 'change_percent' and date >= '2018-01-01'", **_FEWER)
_glos_cut = figure("staff", f"{_BGSW} and measure == 'change_percent'", claimed=(0, "more_than"), **_FEWER)
_owner = listed("ownership", f"{_DDC} and {_on('2019-02-15', 'date_end')}", "owner_id", "working-links", "owner then:")
_crc_people = figure("caseload", f"provider_id == 'all-crcs' and {_SUPERVISED} and {_on('2017-12-01')}")


def _results(result: str, **options: object) -> Test:
    return figure("contract_performance", f"contract_performance_id == '{result}'", **options)


CHECKS: dict[str, tuple[Test, ...]] = {
    "newsquest-01-administration": (order(_COLLAPSE, ARTICLE),),
    "newsquest-02-three-crcs": (
        count("ownership", _SOLD, "owner_id", "CRCs"),
        listed(
            "providers",
            "provider_id == 'crc-wales'",
            "nps_division_id",
            "nps-south-west-and-south-central",
            "the third lies in",
        ),
    ),
    "newsquest-03-reform-2014": (
        _started_2014,
        listed(
            "office_holders",
            "office == 'justice_secretary' and date <= '2014-06-01' and date_end >= '2014-06-01'",
            "holder",
            "Chris Grayling",
            "Justice Secretary then:",
        ),
    ),
    "newsquest-05-unions-warned": (
        count(
            "events",
            "kind == 'union' and provider_ids.str.contains('napo') and date < '2015-02-01'",
            "kind",
            "union actions before the sale",
            expect=("at_least", 2),
        ),
    ),
    "newsquest-06-new-contracts": (
        order(_CONSULTED, ARTICLE),
        order(ARTICLE, _event("2020-06-11-outsourcing-plan-ended")),
    ),
    "newsquest-07-expensive-waste": (
        opinion("that the money was wasted"),
        beside(figure("money", "money_id == 'extra-cost-to-taxpayers'", "amount", noun="GBP million of extra cost")),
        beside(
            figure("money", "money_id == 'crc-spending-below-expectation'", "amount", noun="GBP million below plan")
        ),
    ),
    "newsquest-08-seetec-by-order": (
        order(_COLLAPSE, _TAKEOVER, gap=(0, "exact")),
        untested("an order by the ministry"),
    ),
    "newsquest-09-inspected-november-2018": (
        order("2018-11", _REPORT),
        dated("workload", f"{_DDC} and measure == 'max_cases'", what="inspection in"),
    ),
    "newsquest-10-rated-inadequate": (_rated_inadequate,),
    "newsquest-14-assessments-33": (
        figure("case_quality", "case_quality_id == 'dorset-2018-19-assessment'", noun="% of assessments"),
    ),
    "newsquest-15-caseload-80-100": (_mean_cases, accounts()),
    "newsquest-16-caseload-168": (_most_cases,),
    "newsquest-17-staff-cut-third": (_staff_cut,),
    "newsquest-18-only-through-the-gate-good": (
        count("ratings", f"{_DDC} and round == '2018-19' and band == 'Good'", "band", "standard known to be Good"),
    ),
    "newsquest-19-contracts-end-early": (_crcs, _until_2020, _end_set),
    "newsquest-20-crcs-mostly-poor": (
        count(
            "ratings",
            f"{_CRC_ROUND} and band in ['Requires improvement', 'Inadequate']",
            "band",
            "CRCs in the two lower bands",
            of=_CRC_ROUND,
            expect="majority",
        ),
        beside(_results("2019-03-crc-inspections-negative", claimed=(50, "more_than"), share_of="denominator")),
    ),
    "newsquest-21-nps-good-overall": (
        count(
            "ratings",
            f"{_NPS_ROUND} and band == 'Good'",
            "band",
            "NPS divisions Good",
            of=_NPS_ROUND,
            expect="majority",
        ),
    ),
    "newsquest-22-crcs-154000": (
        _crc_people,
        figure(
            "caseload", "provider_id == 'all-crcs' and measure == 'people_supervised_per_year'", noun="people a year"
        ),
    ),
    "newsquest-23-gmb-probation-union": (
        count(
            "events",
            "kind == 'union' and provider_ids.str.contains('napo|unison')",
            "kind",
            "union events that name Napo or UNISON",
            expect=("exact", 0),
        ),
    ),
    "webster-01-first-to-collapse": (
        count(
            "events",
            "title.str.contains('dministration of') and date < '2019-02-15'",
            "title",
            "earlier administrations",
            expect=("exact", 0),
        ),
        order(_COLLAPSE, _event("2019-03-15-interserve-administration")),
    ),
    "webster-02-three-crcs": (count("ownership", _SOLD, "owner_id", "CRCs"),),
    "webster-03-date-of-administration": (
        dated("events", _COLLAPSE.where),
        untested("the time of day; one account gives the night before"),
    ),
    "webster-04-seetec-took-over": (
        count("ownership", _TAKEN, "owner_id", "CRCs taken on", expect=("exact", 3)),
        listed(
            "ownership",
            f"provider_id == 'crc-kent-surrey-and-sussex' and {_on('2015-02-01')}",
            "owner_id",
            "seetec",
            "Kent, Surrey and Sussex held by",
        ),
    ),
    "webster-06-first-bottom-band": (
        _rated_inadequate,
        count(
            "ratings",
            f"{_CRC_ROUND} and band == 'Inadequate' and date < '2019-02-15'",
            "band",
            "CRCs Inadequate overall before",
            expect=("exact", 0),
        ),
        count("ratings", f"{_CRC_ROUND} and band == 'Inadequate'", "band", "in the whole round", of=_CRC_ROUND),
    ),
    "webster-12-targets-dominate": (
        figure(
            "money",
            "money_id == 'service-credits-charged'",
            "amount",
            (0, "more_than"),
            noun="GBP million charged to all CRCs",
        ),
        untested("how much fell on this company"),
    ),
    "webster-13-four-colours": (
        count(
            "tiering",
            "scheme.str.startswith('BRAG') and band.str.contains('Red|Amber|Green|Blue')",
            "band",
            "bands with the name of a colour",
        ),
        untested("a blue band, and what each band was given"),
    ),
    "webster-14-red-avoided": (
        count("tiering", "tiering_id == 'brag-red' and band == 'Red'", "band", "red band", expect=("exact", 1)),
        figure(
            "tiering", "tiering_id == 'brag-red'", "contact_interval_weeks", (1, "exact"), noun="weeks between contacts"
        ),
    ),
    "webster-15-engagement-by-county": (
        figure("case_quality", "case_quality_id == 'cornwall-2018-19-planning-engagement'", claimed=(50, "more_than")),
        figure(
            "case_quality",
            "case_quality_id == 'devon-and-dorset-2018-19-planning-engagement'",
            claimed=(50, "less_than"),
        ),
    ),
    "webster-16-through-the-gate-good": (_gate_good, untested("whether it had enough money")),
    "webster-17-caseload-80-100": (_mean_cases, accounts()),
    "webster-18-caseload-168": (_most_cases,),
    "webster-19-staff-cut-third": (_staff_cut,),
    "webster-21-staff-survey-2015": (
        listed("staffing_facts", "fact_id == 'dorset-devon-and-cornwall-last-staff-survey'", "value_text"),
    ),
    "webster-23-league-points": (
        figure("league_points", _DDC, "points", 0, noun="points"),
        figure("league_points", "league_points_id == '2019-02-15-next-lowest-crc'", "points", 1, noun="points"),
    ),
    "westcountry-01-administration": (
        count(
            "events",
            f"{_COLLAPSE.where} and provider_ids.str.contains('crc-dorset-devon-and-cornwall')",
            "provider_ids",
            "administration that names this CRC",
        ),
        _owner,
    ),
    "westcountry-03-seetec-takes-over": (count("ownership", _TAKEN, "owner_id", "CRCs taken on"),),
    "westcountry-04-contracts-end-early": (_crcs, _until_2020, _end_set),
    "westcountry-08-through-the-gate-good": (_gate_good,),
    "westcountry-09-other-work-poor": (_rated_inadequate,),
    "westcountry-10-caseload-80-100": (_mean_cases, accounts()),
    "westcountry-11-caseload-168": (_most_cases,),
    "westcountry-12-staff-cut-third": (_staff_cut,),
    "unison-01-critical-report": (
        count(
            "events",
            "kind == 'inspection' and date <= '2017-08-31' and "
            "provider_ids.str.contains('crc-bristol-gloucestershire-somerset-and-wiltshire')",
            "kind",
            "inspection report of the CRC by then",
        ),
    ),
    "unison-03-drastic-cuts": (_glos_cut,),
    "unison-06-unions-warned": (order(_event("2014-03-31-napo-strike-march-2014"), ARTICLE, "claimed", "years"),),
    "unison-08-trusts-reoffending": (
        _results(
            "2017-03-all-probation-rise-in-frequency-rate",
            claimed=(0, "more_than"),
            noun="% rise of the frequency rate",
        ),
        _results(
            "2017-03-all-probation-fall-in-binary-rate", claimed=(0, "at_most"), noun="points fall of the binary rate"
        ),
        beside(_results("2014-03-trusts-good-or-exceptional", claimed=(50, "more_than"), share_of="denominator")),
    ),
    "unison-10-dispute-length": (order(_DISPUTE, ARTICLE, "claimed", "months"),),
    "unison-11-dispute-subject": (
        figure("staff", f"{_DDC} and measure == 'jobs_cut_announced'", claimed=(0, "more_than"), noun="jobs to go"),
        order(_DISPUTE, ARTICLE),
        untested("changed contracts"),
    ),
    "unison-12-experienced-staff-left": (_glos_cut, untested("how experienced they were")),
    "unison-14-reoffending-not-reduced": (
        listed("reoffending_by_crc", _BGSW, "test_result", "above_baseline", "result of this company:"),
        beside(
            figure(
                "reoffending_success_counts",
                "success_id == '2015-16-targets-met'",
                "crcs",
                (50, "more_than"),
                share_of="of",
                noun="CRCs met the targets, not named",
            )
        ),
    ),
    "csw-02-reform-2014": (_started_2014,),
    "csw-04-probation-248146": (
        figure(
            "caseload",
            f"provider_id == 'all-probation' and {_SUPERVISED} and date >= '2018-09-01' and date <= '2018-09-30'",
            rivals=True,
        ),
        beside(figure("caseload", f"provider_id == 'all-probation' and {_SUPERVISED} and {_on('2019-03-01')}")),
    ),
    "csw-05-crcs-150000": (
        _crc_people,
        figure("caseload", f"provider_id == 'all-crcs' and {_SUPERVISED} and {_on('2018-09-30')}"),
    ),
    "csw-06-contracts-end-2020": (
        _until_2020,
        _end_set,
        dated("money", "money_id == 'payments-to-crcs-first-projection'", "2022-03", "date_end", "first projected to"),
    ),
    "csw-07-no-plan": (
        order(ARTICLE, _CONSULTED),
        order(ARTICLE, _event("2019-05-16-unified-model-announced")),
    ),
    "csw-08-targets-missed": (
        _results(
            "2017-06-crcs-targets-met-mean",
            claimed=(100, "less_than"),
            share_of="denominator",
            noun="targets met by CRCs",
        ),
        _results(
            "2016-04-nps-service-levels-met",
            claimed=(100, "less_than"),
            share_of="denominator",
            noun="targets met by the NPS",
        ),
        untested("both bodies on one date"),
    ),
    "csw-09-eight-of-ten": (
        count(
            "ratings",
            f"{_CRC_ROUND} and band == 'Inadequate' and date <= '2019-03-28'",
            "band",
            "CRC Inadequate overall by then",
        ),
        figure(
            "band_distribution",
            "service_type == 'CRC' and round == '2018-19' and standard == '2.3' and band == 'Inadequate'",
            "services",
            (80, "exact"),
            share_of="of",
            noun="Inadequate on standard 2.3",
        ),
    ),
    "csw-10-ddc-among-them": (
        _rated_inadequate,
        _owner,
    ),
    "csw-11-same-time": (
        dated("events", _REPORT.where, what="report on"),
        dated("events", _COLLAPSE.where, what="collapse on"),
    ),
    "csw-12-domestic-abuse": (
        figure(
            "case_quality",
            "case_quality_id == 'domestic-abuse-2018-victims-and-children'",
            claimed=(50, "more_than"),
            noun="% of cases not good enough",
        ),
    ),
    "csw-13-overloaded": (
        count(
            "workload",
            "measure == 'mean_cases_per_officer' and value_low > 50 and date < '2020-01-01' and "
            "provider_id.str.startswith('crc-')",
            "value_low",
            "CRC means of cases per officer above 50",
            of="measure == 'mean_cases_per_officer' and date < '2020-01-01' and provider_id.str.startswith('crc-')",
            expect="majority",
        ),
    ),
    "csw-14-telephone-only": (
        figure(
            "tiering",
            "tiering_id == 'brag-lowest-risk'",
            "share_of_people_percent",
            (0, "more_than"),
            noun="% on a call every six weeks",
        ),
    ),
    "csw-19-officer-numbers": (
        figure(
            "staff",
            "provider_id == 'nps-south-east-and-eastern' and measure == 'vacancies_FTE'",
            claimed=(0, "more_than"),
            noun="posts vacant in NPS South East and Eastern",
        ),
        figure(
            "staff",
            "provider_id == 'nps-north-west' and measure == 'vacancies_FTE'",
            claimed=(0, "more_than"),
            noun="in NPS North West",
        ),
        figure(
            "staff",
            "provider_id == 'nps' and measure == 'vacancies_FTE' and date <= '2019-03-28'",
            claimed=(0, "more_than"),
            noun="in the whole NPS by then",
        ),
        beside(
            figure(
                "staff",
                f"provider_id == 'nps' and measure == 'vacancies_FTE' and {_on('2019-06-01')}",
                claimed=(0, "more_than"),
                noun="posts in the whole NPS in June 2019",
            )
        ),
    ),
    "csw-22-less-than-a-month": (
        order(
            _event("2019-03-01-nao-progress-review"),
            _event("2019-03-28-chief-inspector-annual-report-2019"),
            "claimed",
        ),
    ),
    "csw-24-extra-40000": (
        figure("caseload", "measure == 'extra_people_under_supervision_from_reform'"),
        figure(
            "reoffending_facts",
            "fact_id.str.startswith('short-sentence-group')",
            noun="people",
            every=True,
            rivals=True,
        ),
    ),
    "csw-25-extra-22-million": (
        figure("money", "money_id == 'through-the-gate-yearly-addition'", "amount", noun="GBP million a year"),
    ),
    "csw-26-decisive-action": (_end_set, _until_2020, untested("whether that was decisive")),
}


# ------------------------------------------------------------------------------------- claims with checks


def run(claim_id: str, tables: Tables) -> tuple[Outcome, ...]:
    """The outcomes of one claim's tests. Tables as text (`timeline.without_categories`).

    Raises KeyError where it has no check, ValueError where its figure does not fit the check.
    """
    claims = tables["claims"]
    case = Case(claims[claims["claim_id"] == claim_id].iloc[0], tables)
    try:
        return tuple(test(case) for test in CHECKS[claim_id])
    except (ValueError, IndexError) as error:
        raise ValueError(
            f"claims: value and value_text of {claim_id} do not fit its check in CHECKS of helpers/claims.py: {error}. "
            "Correct the row or the check."
        ) from error


def check(tables: Tables) -> pd.DataFrame:
    """Every claim with its computed verdict, where there is a check.

    tables    name -> table of data/, those in TABLES
    Columns: those of claims, and computed (verdict; NaN without a check), found (figures in words), rows (the rows
    that decide, in words), row_source_ids (their sources), agrees (False where computed and stored verdict differ, else
    True), figure (what the claim states). Raises KeyError where a check names a claim that does not exist.
    """
    tables = {name: without_categories(tables[name]) for name in TABLES}
    claims = tables["claims"]
    unknown = set(CHECKS) - set(claims["claim_id"])
    if unknown:
        raise KeyError(f"no such claim in claims.csv: {', '.join(sorted(unknown))}; correct the name in CHECKS")
    outcomes = {claim_id: run(claim_id, tables) for claim_id in CHECKS}
    columns = pd.DataFrame(
        {
            "computed": {claim_id: verdict(parts) for claim_id, parts in outcomes.items()},
            "found": {claim_id: "; ".join(part.found for part in parts) for claim_id, parts in outcomes.items()},
            "rows": {claim_id: _decisive(parts, tables) for claim_id, parts in outcomes.items()},
            "row_source_ids": {claim_id: _row_sources(parts, tables) for claim_id, parts in outcomes.items()},
        }
    )
    checked = claims.merge(columns, how="left", left_on="claim_id", right_index=True, validate="one_to_one")
    return checked.assign(
        agrees=checked["computed"].isna() | (checked["computed"] == checked["verdict"]),
        figure=[_stated(claim) for _, claim in claims.iterrows()],
    )


def _stated(claim: pd.Series) -> str:
    """The figure of a claim in words, 'none' where it has none."""
    if pd.notna(claim["value_text"]):
        return f"{claim['value_text']} {claim['unit'] if pd.notna(claim['unit']) else ''}".strip()
    if pd.isna(claim["value"]):
        return "none"
    unit = claim["unit"] if pd.notna(claim["unit"]) else ""
    if claim["value"] == 1:
        unit = {"companies": "company"}.get(unit, unit.removesuffix("s"))
    return _worded(hedged(claim["value"], claim["qualifier"], unit=unit))


def _decisive(outcomes: tuple[Outcome, ...], tables: Tables) -> str:
    """The rows behind the outcomes: table and key, the first and last of them where there are more than three."""
    said = []
    for table in dict.fromkeys(table for part in outcomes for table, _, _ in part.cells if table != "claims"):
        labels = list(dict.fromkeys(label for part in outcomes for name, label, _ in part.cells if name == table))
        keys = [_key(tables[table], label) for label in labels]
        said.append(
            f"{table}: " + ("; ".join(keys) if len(keys) <= 3 else f"{len(keys)} rows, {keys[0]} to {keys[-1]}")
        )
    return ". ".join(said)


def _row_sources(outcomes: tuple[Outcome, ...], tables: Tables) -> str:
    cells = [cell for part in outcomes for cell in part.cells if cell[0] != "claims"]
    return " ".join(dict.fromkeys(tables[table].loc[label, "source_id"] for table, label, _ in cells))


def _key(table: pd.DataFrame, label: Hashable) -> str:
    row, first = table.loc[label], table.columns[0]
    if first.endswith("_id") and table[first].is_unique:
        return row[first]
    precision = str(row.get("date_precision", "day"))
    form = {"year": "%Y", "month": "%Y-%m"}.get(precision, "%Y-%m-%d")
    values = [row[column] for column in KEYS if column in table and pd.notna(row[column])]
    return ", ".join(v.strftime(form) if isinstance(v, pd.Timestamp) else str(v) for v in values)


# ------------------------------------------------------------------------------------------- counts


def by_verdict(claims: pd.DataFrame, by: str) -> pd.DataFrame:
    """Claims per verdict: one row per value of `by`, one column per verdict, every one of them."""
    rows = without_categories(claims)
    return pd.crosstab(rows[by], rows["verdict"]).reindex(columns=list(VERDICTS), fill_value=0)


def repeated(claims: pd.DataFrame) -> pd.DataFrame:
    """Claims that several articles make: one row per claim in `same_claim`.

    Columns: same_claim, claim_id, article_source_id, verdict, articles (how many make it), one_origin (all of them go
    back to one document, so that they count as one), evidence_source_ids.
    """
    rows = without_categories(claims).dropna(subset=["same_claim"])
    groups = rows.groupby("same_claim")
    rows = rows.assign(
        articles=groups["article_source_id"].transform("nunique"),
        one_origin=groups["shared_origin"].transform("count") == groups["claim_id"].transform("count"),
    )
    rows = rows.sort_values(["one_origin", "articles", "same_claim"], ascending=[False, False, True], kind="stable")
    new = ["articles", "one_origin", "evidence_source_ids"]
    return rows[["same_claim", "claim_id", "article_source_id", "verdict", *new]].reset_index(drop=True)


def inadequate_counts(tables: Tables) -> pd.DataFrame:
    """The counts of CRCs found wanting that were made about the round of 2018-19, each on its own basis.

    Columns: what, low (CRCs or inspections counted as poor), of (counted in all), basis, source_id.
    """
    bands = without_categories(tables["band_distribution"]).query(
        "service_type == 'CRC' and round == '2018-19' and band == 'Inadequate'"
    )
    overall = bands[bands["standard"] == "overall"].iloc[0]
    single = bands[bands["standard"] == "2.3"].iloc[0]
    results = without_categories(tables["contract_performance"]).set_index("contract_performance_id")
    auditor = results.loc["2019-03-crc-inspections-negative"]
    by, reported = say_day(single["as_of"]), say_day(auditor["date"], auditor["date_precision"])
    rows = [
        ("Overall rating Inadequate", *overall[["services", "of"]], "whole round", overall["source_id"]),
        ("Standard 2.3 Inadequate", *single[["services", "of"]], f"by {by}", single["source_id"]),
        (
            "Negative outcome",
            *auditor[["value", "denominator"]],
            f"National Audit Office, {reported}",
            auditor["source_id"],
        ),
    ]
    counts = pd.DataFrame(rows, columns=["what", "low", "of", "basis", "source_id"])
    return counts.astype({"low": int, "of": int})


# ------------------------------------------------------------------------------------------- to draw


ARTICLE_NAMES = {
    "article-unison-2017": "UNISON South West (August 2017)",
    "article-webster-2019": "Russell Webster (February 2019)",
    "article-newsquest-2019": "Newsquest (February 2019)",
    "article-westcountry-2019": "This is the West Country (February 2019)",
    "article-csw-2019": "Civil Service World (March 2019)",
}
STATEMENTS = {
    "caseload-168": "Up to 168 cases for one officer",
    "caseload-80-100": "80 to 100 cases on average",
    "risk-under-recorded": "Risk recorded too low",
    "staff-cut-third": "Staff cut by a third",
    "through-the-gate-good": "Through the Gate rated Good",
    "courts-distrust": "Little confidence of the courts",
    "immutable-lines": "Immutable lines crossed",
    "plans-without-meeting": "Plans made without a meeting",
    "staff-safety": "Concern for the safety of staff",
    "contracts-end-early": "Contracts to end early",
    "seetec-takes-over": "Seetec takes over",
    "crc-caseload": "People supervised by CRCs",
    "reform-date": "Reform of 2014",
    "split-by-risk": "Cases split by risk",
    "unions-warned": "Unions had warned",
    "working-links-administration": "Working Links in administration",
    "working-links-three-crcs": "Working Links had three CRCs",
}


def claim_rows(checked: pd.DataFrame) -> pd.DataFrame:
    """What the explorer draws: one row per claim, with the columns to filter by and the words of the tooltip."""
    rows = without_categories(checked)
    return pd.DataFrame(
        {
            "claim": rows["claim"],
            "article": rows["article_source_id"].map(ARTICLE_NAMES),
            "speaker": rows["speaker"]
            .replace("the article", "the article itself")
            .map(lambda s: s[:1].upper() + s[1:]),
            "theme": rows["theme"].str.replace("_", " ").str.capitalize(),
            "outcome": rows["verdict"].map(VERDICTS),
            "figure": rows["figure"],
            "found": rows["found"].fillna("nothing computed"),
            "reason": rows["reason"],
            "origin": rows["shared_origin"].notna().map(ORIGINS),
        }
    )


def disagreements(checked: pd.DataFrame) -> str:
    """Each claim whose computed verdict is not the one reached by reading, in words; empty where there is none."""
    wrong = checked[~checked["agrees"]]
    return "; ".join(f"{row.claim_id}: read as {row.verdict}, computed as {row.computed}" for row in wrong.itertuples())


# ------------------------------------------------------------------------------------------- tables


def claim_table(checked: pd.DataFrame) -> pd.DataFrame:
    """All claims for reading: claim_id, claim, said_by, figure, verdict, evidence (what was found, in which rows), and
    reason."""
    own = "nothing computed; read against the documents listed under Sources"
    evidence = (checked["found"] + " [" + checked["rows"] + "]").str.replace(" []", "", regex=False).fillna(own)
    reason = checked["reason"] + (" " + checked["note"]).fillna("")
    return pd.DataFrame(
        {
            "claim_id": checked["claim_id"],
            "claim": checked["claim"],
            "said_by": checked["speaker"].replace("the article", "the article itself"),
            "figure": checked["figure"],
            "verdict": checked["verdict"].map(VERDICTS),
            "evidence": evidence,
            "reason": reason,
        }
    )


def evidence_table(checked: pd.DataFrame) -> pd.DataFrame:
    """One row per document: the claims held against it (claim_ids, in words) and source_id.

    A document counts for a claim when it was read for the verdict, or stands behind a row that the check used.
    """
    both = pd.concat([checked["evidence_source_ids"], checked["row_source_ids"]]).dropna().str.split().explode()
    pairs = both.rename("source_id").to_frame().join(checked["claim_id"]).drop_duplicates()
    pairs = pairs.sort_values("claim_id").groupby("source_id")["claim_id"]
    return pairs.agg(", ".join).rename("claims").reset_index()[["claims", "source_id"]]


def articles(claims: pd.DataFrame) -> pd.DataFrame:
    """The five articles: claims in each by verdict, how many go back to the shared press notice, source_id."""
    rows = without_categories(claims)
    counts = by_verdict(rows, "article_source_id")
    shared = rows.groupby("article_source_id")["shared_origin"].count().rename("from_the_press_notice")
    table = counts.join(shared).reset_index(names="source_id")
    return table.assign(claims=table[list(VERDICTS)].sum(axis=1))[
        ["claims", *VERDICTS, "from_the_press_notice", "source_id"]
    ]
