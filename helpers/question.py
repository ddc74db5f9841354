"""A question of the reader's own: table, measure, bodies, period, what to compare by; then the chart and its code.

    question.Question("staff")                       # widgets, chart and code
    rows = question.figures("staff")                 # one row a figure, in words, to go on with in pandas

The chart on the screen is what the code makes, run as it stands: there is no other way of drawing it. What must not
stand together is said in data/datapackage.json (`comparable`) and refused with its reason.
"""

from __future__ import annotations

import base64
import csv
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, data, display, register
from helpers.explorer import offline_chart
from helpers.publish.site.figures import neutral
from helpers.reoffending import wilson_interval
from helpers.timeline import last_days, without_categories

MOST, FEW = 60, 30  # figures one below the other: at most, and in the first question of a table
LONGEST = pd.Timedelta(days=550)  # between two figures of a line
OURS, YOURS = charts.WHOSE
EXAMPLE = "EXAMPLE ROW"
NOTHING = "nothing else"
STATUS = {"final_inferred": "final, as inferred"}
RATES = {
    "binary_rate": ("Share who reoffend (binary rate)", "percent"),
    "frequency_rate": ("Reoffences per reoffender (frequency rate)", "reoffences per reoffender"),
    "points_from_baseline": ("Distance from the baseline", "percentage points"),
}


class Refused(ValueError):
    """A question that the evidence cannot answer in one chart; the message says why and what to do."""


# ------------------------------------------------------------------------------------------- tables in words


def _measured(detail: str | None) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def tidy(rows: pd.DataFrame) -> pd.DataFrame:
        what = register.capital(register.in_words(rows["measure"]))
        return rows.assign(what=what, detail=rows[detail] if detail else "")

    return tidy


def _workload(rows: pd.DataFrame) -> pd.DataFrame:
    high = rows["value_high"].where(rows["value_high"] > rows["value_low"])
    return _measured("role")(rows).assign(value=rows["value_low"], high=high)


def _rates(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each rate that a cohort has, with the interval of a share whose counts are exact."""
    parts = []
    for column, (what, unit) in RATES.items():
        if column in rows:
            qualifier = rows.get(f"{column}_qualifier", "exact")
            parts.append(rows.assign(what=what, value=rows[column], unit=unit, qualifier=qualifier))
    counts = rows.get("counts_qualifier", rows.get("offenders_qualifier")) == "exact"
    low, high = wilson_interval(rows["reoffenders"].where(counts), rows["offenders"].where(counts))
    parts[0] = parts[0].assign(interval_low=low.round(2), interval_high=high.round(2))
    return pd.concat(parts, ignore_index=True).dropna(subset=["value"]).fillna({"qualifier": "exact"})


def _national(rows: pd.DataFrame) -> pd.DataFrame:
    basis = rows["results_basis"].where(rows["results_basis"] != "national").str.replace("_", " ")
    words = [rows["population"].str.replace("_", " "), rows["disposal"], rows["measure"].map(register.MEASURES), basis]
    detail = sum(((", " + word).fillna("") for word in words), pd.Series("", rows.index)).str.removeprefix(", ")
    return _rates(rows.assign(detail=register.capital(detail)))


def _by_crc(rows: pd.DataFrame) -> pd.DataFrame:
    status = rows["status"].replace(STATUS)
    return _rates(rows.assign(detail=register.capital(status) + " results", when=rows["cohort"]))


def _money(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        what=register.capital(rows["theme"]), detail=rows["what"], when=rows["period"], value=rows["amount"]
    ).assign(unit="GBP million")


def _performance(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(what=rows["measure"], detail="", of=rows["denominator"]).fillna({"qualifier": "exact"})


def _case_quality(rows: pd.DataFrame) -> pd.DataFrame:
    kinds = rows["kind"].map({"core_inspection": " (core inspections)", "thematic": " (thematic inspections)"})
    what = register.capital((rows["dimension"] + ", " + rows["direction"]).str.replace("_", " ")) + kinds
    exact = (rows["sample_size_qualifier"].fillna("exact") == "exact") & (rows["qualifier"] == "exact")
    found = (rows["value"] * rows["sample_size"].astype(float) / 100).round().where(exact)
    low, high = wilson_interval(found, rows["sample_size"].astype("Float64").where(exact))
    intervals = {"interval_low": low.round(2), "interval_high": high.round(2)}
    return rows.assign(what=what, detail=rows["measure"], when=rows["round_or_period"], date=pd.NaT, **intervals)


def _after(rows: pd.DataFrame) -> pd.DataFrame:
    names = data.load("after_measures").set_index("measure")["name"].astype("str")
    return rows.assign(what=rows["measure"].map(names), detail=rows["population"])


def _ratings(rows: pd.DataFrame) -> pd.DataFrame:
    names = data.load("standards").set_index("standard")["name"].astype("str")
    code = (rows["standard"] + " ").where(rows["standard"] != "overall", "")
    return rows.assign(what=code + rows["standard"].map(names), detail="Round " + rows["round"])


def _units(rows: pd.DataFrame) -> pd.DataFrame:
    units = data.load("delivery_units").set_index("delivery_unit_id")["name"].astype("str")
    again = (", inspection " + rows["inspection_number"].astype("str")).where(rows["inspection_number"] > 1, "")
    detail = register.capital(rows["programme"].str.replace("_", " ")) + again
    who = {"whom": rows["delivery_unit_id"].map(units), "body": "Probation Service"}
    return rows.assign(what="Overall rating of a delivery unit", detail=detail, **who)


TABLES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "caseload": _measured(None),
    "staff": _measured("grade"),
    "workload": _workload,
    "ratings": _ratings,
    "case_quality": _case_quality,
    "reoffending_national": _national,
    "reoffending_by_crc": _by_crc,
    "money": _money,
    "contract_performance": _performance,
    "after_figures": _after,
    "delivery_unit_inspections": _units,
}
RATED = ("ratings", "delivery_unit_inspections")


def tidy(table: str, rows: pd.DataFrame, whose: str = OURS) -> pd.DataFrame:
    """Rows of a table, each figure as a reader would ask for it.

    Beside the table's own columns: what (measure), detail (grade, role, population ...), whom (body), body (its kind,
    as in charts.BODIES; empty for others), when (period in words), date, value, unit, qualifier, words (the figure
    with hedge and unit), whose (published or the reader's); high, interval_low and interval_high (95%) where the
    figures of a table have them. Ratings have band in place of value.
    Raises KeyError for a table that questions are not asked of.
    """
    rows = TABLES[table](without_categories(rows)).assign(whose=whose, table=table)
    providers = data.load("providers").set_index("provider_id").astype("str")
    if "whom" not in rows:
        who = rows.get("provider_id", pd.Series(pd.NA, rows.index, dtype="str"))
        names = providers["name"].where(providers["kind"] == "crc", providers["short_name"])
        whom = who.map(names).fillna(rows["area"] if table == "reoffending_national" else "")
        rows = rows.assign(whom=whom, body=who.map(providers["kind"]).map(charts.BODY_OF_KIND).fillna(""))
    if "when" not in rows:
        rows["when"] = register.periods(rows)
    if "value" in rows:
        words = register.figures(rows["value"], rows["qualifier"], rows["unit"])
        if "high" in rows:
            spans = register.figures(rows["value"]) + " to " + register.figures(rows["high"], units=rows["unit"])
            hedged = [display.HEDGES[q].format(span) for q, span in zip(rows["qualifier"], spans)]
            words = words.where(rows["high"].isna(), hedged)
        if "of" in rows:
            words += (" (of " + register.figures(rows["of"]) + ")").where(rows["of"].notna(), "")
        rows["words"] = words
    return rows


def figures(table: str) -> pd.DataFrame:
    """A table of data/ in the columns of `tidy`."""
    return tidy(table, data.load(table))


# ----------------------------------------------------------------------------------------- the reader's figures


def template(table: str, path: str | Path | None = None) -> pd.DataFrame:
    """Writes a CSV to fill in, with the header of a table and an example row marked as such; what its columns hold.

    path    my_<table>.csv beside the notebook where it is left out
    Raises KeyError for a table that questions are not asked of, FileExistsError rather than write over a file, and
    ValueError for a place inside data/.
    """
    path = Path(f"my_{table}.csv" if path is None else path)
    if table not in TABLES:
        raise KeyError(f"{table!r} has no template. The tables are: {', '.join(TABLES)}.")
    if path.resolve().is_relative_to(data.DATA):
        raise ValueError("a file of your own does not belong in data/: name another folder")
    columns = data.describe(table)
    with (data.DATA / data.tables().loc[table, "path"]).open(encoding="utf-8", newline="") as file:
        example = next(csv.DictReader(file))
    given = {"source_id": "where you read it, in your words", "other_source_ids": ""}
    example |= {name: text for name, text in given.items() if name in example}
    example["note"] = f"{EXAMPLE}: write your figures over it, one a row"
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns.index, lineterminator="\n")
        writer.writeheader()
        writer.writerow(example)
    return columns


def own(path: str | Path, table: str) -> pd.DataFrame:
    """The reader's figures in the layout of a table, in the columns of `tidy`, marked as the reader's.

    Raises KeyError for a table that questions are not asked of, and DataError with every fault of the file.
    """
    if table not in TABLES:
        raise KeyError(f"{table!r} takes no figures of your own. The tables are: {', '.join(TABLES)}.")
    return tidy(table, data.load_own(path, table, EXAMPLE), YOURS)


# ---------------------------------------------------------------------------------------- what may stand together


def refusals(rows: pd.DataFrame, use: str) -> list[str]:
    """Why some rows of `figures` must not share an axis, a count or a mean; nothing where they may.

    use    axis, count or mean, as in `comparable` of data/datapackage.json
    """
    rules = [rule for rule in data.comparable(*rows["table"].unique()) if rule.use == use]
    together = {rule.fields: [] for rule in rules}
    for rule in rules:
        together[rule.fields] += map(set, rule.together)
    said = {}
    for rule in rules:
        fields = [name for name in rule.fields if name in rows]
        values = rows[fields].drop_duplicates().dropna(how="all")
        alike = len(values) < 2 or any(set(values.iloc[:, 0]) <= each for each in together[rule.fields])
        if rule.only:
            alike = set(values.iloc[:, 0]) <= {rule.only}
        if use == "mean" and rule.only and rows.get("high", pd.Series(dtype=float)).notna().any():
            alike = False
        if not alike:
            differ = next(name for name in fields if rule.only or len(values[name].unique()) > 1)
            there = [display.plain(_said(value)) for value in values[differ].dropna().unique()[:4]]
            said.setdefault(rule.reason, f"{rule.reason} Here: {display.join_words(there)}.")
    return list(said.values())


def _said(value: Any) -> str:
    return f"{value:%-d %B %Y}" if isinstance(value, pd.Timestamp) else str(value).replace("_", " ")


def beside(table: str, other: str) -> tuple[bool, str]:
    """Whether figures of two tables may stand in one chart, and why (not), as data/datapackage.json says."""
    for rule in data.comparable(table):
        if other in rule.tables:
            return rule.use == "beside", rule.reason
    return False, "Nothing in data/datapackage.json says that figures of these two tables are alike."


def series(rows: pd.DataFrame) -> pd.Series:
    """The line that each row belongs to, empty where nothing may be joined to it."""
    joined = pd.Series("", rows.index)
    for table, part in rows.groupby("table", sort=False):
        rules = [rule for rule in data.comparable(table) if rule.use == "line"]
        fields = [name for rule in rules if not rule.only for name in rule.fields if name in part]
        if not fields:
            continue
        fit = part["whose"].eq(OURS) & part["date"].notna()
        for rule in rules:
            if rule.only:
                fit &= part[rule.fields[0]].eq(rule.only)
        if not fit.any():
            continue
        keys = part.loc[fit, list(dict.fromkeys(["what", "detail", *fields]))]
        numbers = keys.groupby(list(keys), dropna=False, sort=False).ngroup()
        names = part.loc[fit, "whom"] + " " + numbers.astype("str")
        # A line needs two days, one figure for each, and breaks where a figure between two others is missing.
        days = part.loc[fit, "date"].sort_values()
        names = names.loc[days.index]
        steps = days.groupby(names).diff()
        usual = names.map(steps.groupby(names).median())
        pieces = ((steps > 1.6 * usual) | (steps > LONGEST)).groupby(names).cumsum().astype("str")
        names = names + " " + pieces
        days = days.groupby(names)
        whole = names.map(days.nunique()).gt(1) & names.map(days.nunique()).eq(names.map(days.size()))
        joined.loc[names.index[whole]] = names[whole]
    return joined


# ------------------------------------------------------------------------------------------------ what is drawn


def _naming(rows: pd.DataFrame) -> pd.Series:
    """What tells the rows apart, in words: measure and detail where several are there."""
    names = pd.Series("", rows.index)
    for column in ("what", "detail"):
        if len(rows[column].unique()) > 1:
            names = names.str.cat(rows[column].where(rows[column] == "", rows[column] + ", "))
    return names


def listed(rows: pd.DataFrame, by: str = "body") -> pd.DataFrame:
    """Rows of `figures` one below the other, with the columns that `charts.published` draws.

    by    body (bodies in order of name, each by date) or size (the largest first)
    """
    order = {"body": ["whom", "what", "detail", "date"], "size": ["value"]}[by]
    rows = rows.sort_values(order, ascending=by == "body", kind="stable", ignore_index=True)
    groups = rows.get("rival_group", pd.Series(pd.NA, rows.index)).astype("object")
    groups = groups.where(groups.notna() & groups.duplicated(keep=False))
    letters = {group: chr(ord("A") + number % 13) for number, group in enumerate(groups.dropna().unique())}
    yours = (rows["whose"] + ": ").where(rows["whose"] == YOURS, "")
    heads = rows["whom"].where(rows["whom"] != "", rows["detail"])
    below = _naming(rows).where(rows["whom"] != "", "") + rows["when"]
    rows = rows.assign(
        row=range(len(rows)),
        label=[charts.lines(*pair) for pair in zip(yours + heads, below)],
        rival=groups.map(letters).fillna(""),
    )
    return _shown(rows, "row", "label", "rival")


def dated(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `figures` with a date, with the columns that `charts.over_time` draws."""
    rows = rows[rows["date"].notna()].sort_values(["whom", "what", "detail", "date"], ignore_index=True)
    ends = rows.get("date_end", pd.Series(pd.NaT, rows.index)).fillna(last_days(rows["date"], rows["date_precision"]))
    ends = ends.where(ends > rows["date"])
    name = (rows["whom"] + ", " + _naming(rows)).str.removeprefix(", ").str.removesuffix(", ")
    name = name.where(name != "", rows["what"])
    return _shown(
        rows.assign(date_end=ends, series=series(rows), name=name), "name", "when", "date", "date_end", "series"
    )


def _shown(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The columns that are drawn, without those that hold nothing."""
    wanted = [
        *columns,
        "value",
        "high",
        "interval_low",
        "interval_high",
        "qualifier",
        "words",
        "body",
        "whose",
        "source_id",
    ]
    there = [name for name in wanted if name in rows and not (rows[name].isna() | rows[name].eq("")).all()]
    return rows[there]


def told(rows: pd.DataFrame, most: int = 12) -> str:
    """The first rows of a chart in words, and how many more there are: figures of `listed` or `dated`, or ratings."""
    if "ratings" in rows:
        said = rows.iloc[:, 0] + ", " + rows["band"] + ": " + rows["ratings"].astype("str")
    elif "band" in rows:
        said = rows.iloc[:, 0] + ", " + rows.iloc[:, 1] + ": " + rows["band"]
    else:
        names = rows["label"].str.replace("\n", ", ") if "label" in rows else rows["name"] + ", " + rows["when"]
        said = names + ": " + rows["words"]
    said = "; ".join(said.head(most))
    return said + (f"; and {len(rows) - most} more." if len(rows) > most else ".")


# --------------------------------------------------------------------------------------------------- questions

LISTS = {"what": "Measure", "detail": "Of what", "whom": "Body"}
BY = {"body": "Body by body", "size": "Largest first", "time": "Over time"}
BY_BAND = {"body": "Kind of service", "detail": "Round", "tiles": "Body by body"}


@dataclass(frozen=True)
class Choices:
    """What a reader asks for. Empty: all of them, or the whole time."""

    table: str
    other: str = ""  # a second table
    what: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()
    whom: tuple[str, ...] = ()
    first: int = 0  # year
    last: int = 0
    by: str = "body"
    mean: bool = False
    own: str = ""  # a CSV of the reader's

    @property
    def rated(self) -> bool:
        """Whether bands are counted rather than figures shown."""
        return self.table in RATED


def asked_of(choices: Choices) -> pd.DataFrame:
    """Every row that a question can choose from. Raises Refused where its tables must not stand together."""
    parts = [figures(choices.table)]
    if choices.other:
        allowed, reason = beside(choices.table, choices.other)
        if not allowed:
            raise Refused(reason)
        parts.append(figures(choices.other))
    if choices.own:
        parts.append(own(choices.own, choices.table))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def matching(rows: pd.DataFrame, choices: Choices) -> pd.DataFrame:
    """The rows that a question chooses."""
    fit = pd.Series(True, rows.index)
    for column in ("what", "detail", "whom"):
        if chosen := getattr(choices, column):
            fit &= rows[column].isin(chosen)
    if choices.first or choices.last:
        fit &= rows["date"].dt.year.between(choices.first or 0, choices.last or 9999)
    return rows[fit]


def refused(rows: pd.DataFrame, choices: Choices) -> str:
    """Why the rows chosen cannot be drawn as the question asks, with what to do; empty where they can."""
    if rows.empty:
        return "Nothing in the evidence matches these choices: choose more bodies, measures or years."
    if OURS not in set(rows["whose"]):
        return "Only figures of yours match these choices: choose some that published figures match too."
    if choices.by == "tiles":
        if rows.duplicated(["whom", _across(rows)]).any():
            return "A body has several ratings here: choose one measure or one round."
        return ""
    if choices.rated:
        found = [refusals(part, "count") for _, part in rows.groupby(choices.by)]
    else:
        found = [refusals(rows, use) for use in (["axis", "mean"] if choices.mean else ["axis"])]
    if said := list(dict.fromkeys(reason for reasons in found for reason in reasons)):
        return " ".join(said)
    if choices.by == "time" and rows["date"].isna().all():
        return "None of these figures has a date: compare them body by body."
    if choices.by in BY and choices.by != "time" and len(rows) > MOST:
        return f"{len(rows)} figures match, and {MOST} have room in a list: choose fewer, or draw them over time."
    return ""


def start(table: str, rows: pd.DataFrame) -> Choices:
    """A first question of a table: its most frequent measure, and few enough figures to read."""
    choices = Choices(table, what=(rows["what"].mode()[0],))
    for column in ("detail", "whom"):
        here = matching(rows, choices)
        many = column == "detail" if choices.rated else len(here) > FEW
        if len(here[column].unique()) > 1 and (many or refused(here, choices)):
            choices = replace(choices, **{column: (here[column].mode()[0],)})
    here = matching(rows, choices)
    one = len(here["whom"].unique()) == 1 and here["whom"].iloc[0] != ""
    if not choices.rated and one and len(here["date"].dropna().unique()) > FEW // 6:
        choices = replace(choices, by="time")
    return choices


def _across(rows: pd.DataFrame) -> str:
    return "what" if len(rows["what"].unique()) > 1 else "detail"


def _text(text: str) -> str:
    """A string as code: in double quotes, and the same text whatever it holds."""
    quoted = repr(text)
    return f'"{quoted[1:-1]}"' if quoted[0] == "'" and '"' not in quoted and "\\'" not in quoted else quoted


def _list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(map(_text, texts)) + "]"


def _titled(rows: pd.DataFrame, most: int = 90) -> str:
    """What is shown, and of whom, in at most 90 characters."""
    named = list(dict.fromkeys(rows["whom"]))
    whats = list(dict.fromkeys(rows["what"]))
    what = whats[0] if len(whats) == 1 else f"{whats[0]} and {len(whats) - 1} more measures"
    whom = display.join_words(named) if len(named) <= 3 else ""
    if len(named) > 3 or len(f"{what}: {whom}") > most:
        whom = f"{len(named)} bodies"
    title = display.plain(f"{what}: {whom}" if whom else what)
    return title if len(title) <= most else title[: most - 3].rstrip() + "..."


def _below(rows: pd.DataFrame, choices: Choices, zero: bool) -> str:
    """What is measured: the detail that all rows share, the unit, how many are hedged and what is left out."""
    details = [detail for detail in rows["detail"].unique() if detail]
    said = [details[0]] if len(details) == 1 else []
    if choices.rated:
        return "; ".join([*said, f"{len(rows)} ratings"])
    hedged = (rows["qualifier"] != "exact").sum()
    said += [rows["unit"].iloc[0], f"{len(rows)} figures" + (f", {hedged} of them hedged" if hedged else "")]
    if choices.by == "time" and (undated := rows["date"].isna().sum()):
        said.append(f"{undated} without a date left out")
    said = "; ".join(said if zero else [*said, "the axis does not begin at zero"])
    return said[:1].upper() + said[1:]


def _looks(rows: pd.DataFrame, choices: Choices) -> list[str]:
    """Arguments for colour and shape: whose figures they are, else the kind of body, else the body."""
    if choices.own:
        return ["colour=charts.whose_colour()", "shape=charts.whose_shape()"]
    several = rows["whom"].nunique()
    if several == 1 and rows["body"].iloc[0]:
        return [f'colour=alt.value(charts.BODIES["{rows["body"].iloc[0]}"])']
    if rows["body"].ne("").all() and not (choices.by == "time" and 5 >= several > rows["body"].nunique()):
        return [f'{look}=charts.body_{look}(bodies=rows["body"])' for look in ("colour", "shape")]
    if choices.by == "time" and 5 >= several > 1:
        looks = (("colour", "Color"), ("shape", "Shape"))
        scale = 'scale=alt.Scale(domain=list(rows["name"].unique()))'
        return [f'{argument}=alt.{channel}("name:N", title=None, {scale})' for argument, channel in looks]
    return []


def code(choices: Choices, rows: pd.DataFrame) -> tuple[str, str]:
    """The lines of pandas and Altair that draw a question, to paste into a cell: those that choose, those that draw.

    rows    of `asked_of`, chosen by `matching`
    Raises Refused with the reason where they must not be drawn so.
    """
    if reason := refused(rows, choices):
        raise Refused(reason)
    frames = [f"question.figures({_text(name)})" for name in (choices.table, choices.other) if name]
    frames += [f"question.own({_text(choices.own)}, {_text(choices.table)})"] if choices.own else []
    several = len(frames) > 1
    lines = ["import altair as alt", *(["import pandas as pd"] if several else []), ""]
    lines += ["from helpers import charts, data, question", ""]
    lines.append(f"rows = pd.concat([{', '.join(frames)}], ignore_index=True)" if several else f"rows = {frames[0]}")
    for column in ("what", "detail", "whom"):
        if chosen := getattr(choices, column):
            lines.append(f'rows = rows[rows["{column}"].isin({_list(chosen)})]')
    if choices.first or choices.last:
        lines.append(f'rows = rows[rows["date"].dt.year.between({choices.first or 0}, {choices.last or 9999})]')
    return "\n".join(lines), "\n".join(_drawing(rows, choices))


def _drawing(rows: pd.DataFrame, choices: Choices) -> list[str]:
    marks = _bands(rows, choices) if choices.rated else _marks(rows, choices)
    zero = "zero=False" not in " ".join(marks)
    ids = 'rows.loc[rows["whose"] == "Published", "source_id"]' if choices.own else 'rows["source_id"]'
    return [
        *marks,
        "charts.publish(",
        "    chart,",
        f"    title={_text(_titled(rows))},",
        f"    subtitle={_text(display.plain(_below(rows, choices, zero)))},",
        f"    description={_described(choices)},",
        f"    source_ids={ids},",
        '    sources=data.load("sources"),',
        ")",
    ]


def _described(choices: Choices) -> str:
    if choices.by == "tiles":
        return '"Tiles with the band of each rating. " + question.told(rows)'
    if choices.rated:
        return '"Bars of how many ratings fell in each band. " + question.told(counts)'
    way = "along time" if choices.by == "time" else "one below the other"
    return f'"Published figures {way}, hedged ones hollow. " + question.told(rows)'


def _marks(rows: pd.DataFrame, choices: Choices) -> list[str]:
    """Lines of code that draw figures."""
    timed = choices.by == "time"
    values = pd.concat([rows[name] for name in ("value", "high", "interval_low") if name in rows]).dropna()
    near = timed and values.min() > 0.5 * values.max()
    scale = ", scale=alt.Scale(zero=False)" if near else ""
    axis = f'alt.{"Y" if timed else "X"}("value:Q", title={_text(display.plain(rows["unit"].iloc[0]))}{scale})'
    made = "question.dated(rows)" if timed else f"question.listed(rows, by={_text(choices.by)})"
    looks = _looks(rows, choices)
    if timed:
        looks.append('tooltip=["name", "when", "words"]')
    lines = [
        f"rows = {made}",
        f"chart = charts.{'over_time' if timed else 'published'}(",
        "    alt.Chart(rows),",
        f"    {axis},",
        *(f"    {look}," for look in looks),
        ")",
    ]
    if choices.mean:
        at = ', axis="y"' if timed else ""
        lines.append(f'chart += charts.reference(rows["value"].mean(), f"mean of {{len(rows)}}"{at})')
    return lines


def _bands(rows: pd.DataFrame, choices: Choices) -> list[str]:
    """Lines of code that draw ratings: bars that count them, or a tile for each."""
    if choices.by == "tiles":
        across = _across(rows)
        return [
            f'rows = rows[["whom", "{across}", "band", "when", "source_id"]]',
            "chart = charts.tiles(",
            "    alt.Chart(rows),",
            f'    alt.X("{across}:N", title=None),',
            '    alt.Y("whom:N", title=None),',
            '    tooltip=["whom", "when"],',
            ")",
        ]
    return [
        f'counts = rows.groupby(["{choices.by}", "band"], as_index=False).size().rename(columns={{"size": "ratings"}})',
        "bars = alt.Chart(counts, width=420).mark_bar().encode(",
        '    alt.X("ratings:Q", axis=alt.Axis(tickMinStep=1)),',
        '    alt.Y("band:N", title=None, sort=list(charts.BANDS)),',
        '    charts.band_colour(counts["band"], legend=None),',
        ")",
        'texts = bars.mark_text(align="left", dx=4).encode(text="ratings:Q", color=alt.value(charts.INK))',
        f'chart = (bars + texts).facet(row=alt.Row("{choices.by}:N", title=None, header=alt.Header(orient="top")))',
    ]


def drawn(lines: str, rows: pd.DataFrame) -> Any:
    """The chart that the second part of `code` makes of rows at hand."""
    names = {"alt": alt, "pd": pd, "charts": charts, "data": data, "question": sys.modules[__name__], "rows": rows}
    exec(compile(lines, "the code below the chart", "exec"), names)
    return names["chart"]


class Code(str):
    """Lines of code, shown as they are."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self)


class Question:
    """A question with its answer: `rows`, `chart` and `code`, and widgets where a kernel runs.

        question.Question("staff", whom=["NPS"], by="time")

    table    one of TABLES
    choices  as in Choices; without any the first question of the table. Lists of words may be one word
    Raises Refused with the reason where the figures must not stand together, and KeyError for another table.
    """

    def __init__(self, table: str = "caseload", **choices: Any) -> None:
        if table not in TABLES:
            raise KeyError(f"No questions are asked of {table!r}. The tables are: {', '.join(TABLES)}.")
        lists = {
            name: (words,) if isinstance(words, str) else tuple(words)
            for name, words in choices.items()
            if name in ("what", "detail", "whom")
        }
        choices |= {"own": str(choices["own"])} if "own" in choices else {}
        asked = Choices(table, **choices | lists)
        self.every = asked_of(asked)
        first = start(table, self.every)
        if not lists:
            asked = replace(first, **{name: value for name, value in choices.items() if name != "by" or value})
        elif not asked.what:
            asked = replace(asked, what=first.what)
        self._box: Box | None = None
        self._ask(asked)

    def _ask(self, choices: Choices) -> None:
        """Answers, or raises Refused and leaves the last answer standing."""
        rows = matching(self.every, choices)
        parts = code(choices, rows)
        self.chart = drawn(parts[1], rows)
        self.choices, self.rows, self.code = choices, rows.reset_index(drop=True), Code("\n".join(parts))

    @property
    def box(self) -> Box:
        """The widgets, made when they are first asked for."""
        if self._box is None:
            self._box = Box(self)
        return self._box

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return display.with_widget(display.chart_bundle(self.chart.to_dict()), self.box.box, **options)


class Box:
    """The ipywidgets of a question: what to choose, what was found in words, the chart, its code, its table."""

    def __init__(self, question: Question) -> None:
        import ipywidgets

        self.question, self._held = question, False
        titles = data.tables()["title"]
        several = {"rows": 6, "layout": {"width": "100%", "max_width": "420px"}}
        words = {"style": {"description_width": "initial"}, "layout": {"width": "max-content", "max_width": "100%"}}
        tables = {titles[name]: name for name in TABLES}
        self.widgets = {
            "table": ipywidgets.Dropdown(options=tables, value=question.choices.table, description="Table", **words),
            "other": ipywidgets.Dropdown(options={NOTHING: "", **tables}, description="Together with", **words),
            **{
                name: ipywidgets.SelectMultiple(description=label, style={"description_width": "initial"}, **several)
                for name, label in LISTS.items()
            },
            "first": ipywidgets.Dropdown(description="From", **words),
            "last": ipywidgets.Dropdown(description="To", **words),
            "by": ipywidgets.Dropdown(description="Compare by", **words),
            "mean": ipywidgets.Checkbox(description="With their mean", indent=False, layout={"width": "max-content"}),
        }
        self.message, self.below = ipywidgets.HTML(), ipywidgets.HTML()
        self.figure = offline_chart()(question.chart, embed_options={"renderer": "svg", "actions": False})
        self._offer(question.choices)
        for name, widget in self.widgets.items():
            widget.observe(lambda change, name=name: self._moved(name), names="value")
        flow = {"flex_flow": "row wrap", "grid_gap": "4px 16px"}
        hint = ipywidgets.HTML("<p>Hold Ctrl or Shift to choose several; with none chosen all are meant.</p>")
        controls = ipywidgets.Box(list(self.widgets.values()), layout=flow)
        self.box = ipywidgets.VBox([controls, hint, self.message, self.figure, self.below])
        self.box.add_class("question")
        self._say()

    def _offer(self, choices: Choices) -> None:
        """What the lists offer for the tables chosen, and what is chosen in them."""
        every, self._held = self.question.every, True
        for name in LISTS:
            options = every.loc[every[name] != "", name]
            # Bodies are looked up by name, measures by how much there is of them.
            options = sorted(options.unique()) if name == "whom" else options.value_counts().index.tolist()
            self.widgets[name].options = options
            self.widgets[name].value = [word for word in getattr(choices, name) if word in options]
            self.widgets[name].layout.display = None if options else "none"
        years = sorted(every["date"].dropna().dt.year.unique().tolist())
        for name, edge in (("first", "the beginning"), ("last", "the end")):
            self.widgets[name].options = {edge: 0, **{str(year): year for year in years}}
            self.widgets[name].value = getattr(choices, name)
        ways = BY_BAND if choices.rated else BY
        self.widgets["by"].options = {label: way for way, label in ways.items()}
        self.widgets["by"].value, self.widgets["mean"].value = choices.by, choices.mean
        self.widgets["mean"].layout.display = "none" if choices.rated else None
        self.widgets["table"].value, self.widgets["other"].value = choices.table, choices.other
        self._held = False

    def _moved(self, name: str) -> None:
        if self._held:
            return
        question, before = self.question, self.question.every
        chosen = {each: widget.value for each, widget in self.widgets.items()}
        tables = name in ("table", "other")
        try:
            if tables:
                same = chosen["table"] == question.choices.table
                kept = {"other": chosen["other"], "own": question.choices.own} if same else {}
                question.every = asked_of(Choices(chosen["table"], **kept))
                first = question.choices if same else start(chosen["table"], question.every)
                question._ask(replace(first, **kept))
            else:
                # All that is on the screen: after a refusal more than one widget can have moved.
                question._ask(replace(question.choices, **chosen | {"other": question.choices.other}))
        except Refused as problem:
            question.every = before
            said = f"{problem} The chart below still shows the last choices that could be drawn."
            self.message.value = f'<p role="alert"><strong>{display.escape(said)}</strong></p>'
        else:
            # Checking the chart against the schema takes as long as drawing it, and the tests have done that.
            spec = question.chart.to_dict(validate=False)
            object.__setattr__(question.chart, "to_dict", lambda *_, **__: spec)
            self.figure.chart = question.chart
            self._say()
        if tables:
            self._offer(question.choices)

    def _say(self) -> None:
        rows = self.question.rows
        yours = (rows["whose"] == YOURS).sum()
        said = f"{len(rows)} {'ratings' if self.question.choices.rated else 'figures'} match"
        said += f", {yours} of them yours." if yours else "."
        self.message.value = f'<p role="status" aria-live="polite">{display.escape(said)}</p>'
        self.below.value = _under(self.question)


def _under(question: Question) -> str:
    """The code of a question, its table with links to the sources, and the same rows as CSV."""
    rows = question.rows
    names = ["whom", "what", "detail", "when", "band" if question.choices.rated else "words", "source_id"]
    listed = rows[names].rename(columns={"words": "figure"})
    table = display.table(_with_links(listed, rows["whose"]), "The figures drawn", folded=True)
    texts = listed.astype(str).map(neutral)
    encoded = base64.b64encode(texts.to_csv(index=False).encode()).decode("ascii")
    place = f'download="figures.csv" href="data:text/csv;base64,{encoded}"'
    link = f'<a style="text-decoration: underline" {place}>Take the figures away (CSV)</a>'
    shown = display.escape(question.code)
    return (
        '<h4>The code</h4><pre tabindex="0" role="region" aria-label="The code of this chart" style="overflow-x:auto">'
        f"{shown}</pre>"
        f"{table.markup}<p>{link}</p>"
    )


def _with_links(listed: pd.DataFrame, whose: pd.Series) -> pd.DataFrame:
    """Published rows with a link to their source, the reader's with the reader's own words."""
    sources = data.load("sources")
    shown = display.with_sources(listed, sources)
    words = listed["source_id"].where(whose == YOURS)
    shown["source"] = shown["source"].where(words.isna(), words)
    return shown.fillna({"publisher": YOURS})
