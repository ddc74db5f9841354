"""Every figure of the collection: what it is, of when, how exact and in which document it stands. Tables in, rows out.

Nothing is added to what the tables say: names of columns become words, a figure keeps its hedge and its unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from helpers import display
from helpers.money import period_in_words
from helpers.timeline import last_days, say_day, without_categories

NOT_A_NUMBER = "in words"
# Licences of what public bodies publish: the Open Government and the Open Parliament Licence.
OPEN_LICENCES = ("OGL-3.0", "OPL-3.0")
# Measures whose name in the tables is no English; the others are read as they stand.
MEASURES = {
    "FTE": "staff in post",
    "headcount": "staff in post, headcount",
    "change_percent": "change of staff",
    "vacancies_FTE": "vacancies",
    "target_FTE": "target for staff in post",
    "planned_FTE_first_stage": "staff planned, first stage",
    "planned_FTE_final_stage": "staff planned, final stage",
    "sickness_days_per_FTE": "sickness days per FTE",
    "joiners_headcount": "joiners, headcount",
    "leavers_headcount": "leavers, headcount",
    "leavers_headcount_resignation": "leavers who resigned, headcount",
    "leavers_headcount_retirement": "leavers who retired, headcount",
    "leavers_headcount_medical_retirement": "leavers retired on medical grounds, headcount",
    "three_month_cohort": "three-month cohort",
    "twelve_month_cohort": "twelve-month cohort",
    "annual_average_of_three_month_cohorts": "annual average of three-month cohorts",
    "first_quarter_sample": "sample of a first quarter",
}
COLUMNS = [
    *("theme", "table", "key", "what", "when", "date", "date_end"),
    *("figure", "unit", "qualifier", "note", "source_id", "other_source_ids"),
]


def register(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each row of the tables of TABLES, in their order.

    theme, table, key (the row's identifier, else its line in the file), what (who, what and of what), when (as
    precisely as it is known), date and date_end (first and last day that the row can mean; NaT where unknown),
    figure (with hedge and unit; 'unknown' where it was not read, 'in words' where the row states no number), unit,
    qualifier (missing where there is no number), note, source_id, other_source_ids (texts; empty where there is none).
    Raises KeyError naming the tables not given.
    """
    if absent := [name for name in NEEDED if name not in tables]:
        raise KeyError(f"register needs these tables too: {', '.join(absent)}. Load them with helpers.data.load.")
    return composed({name: tables[name] for name in NEEDED}, TABLES)


def composed(tables: Mapping[str, pd.DataFrame], how: Mapping[str, tuple[str, Compose]]) -> pd.DataFrame:
    """Rows with the columns of `register` for the tables of `how`: table -> its theme, how its rows become words."""
    texts = {name: without_categories(table) for name, table in tables.items()}
    parts = []
    for name, (theme, compose) in how.items():
        rows = texts[name]
        identified = rows.columns[0] if rows.columns[0] in IDENTIFIERS else None
        lines = pd.Series(range(2, len(rows) + 2), rows.index).map("line {}".format)
        part = compose(rows, texts).assign(theme=theme, table=name, key=rows[identified] if identified else lines)
        for column in ("note", "other_source_ids"):
            if column not in part:
                part[column] = rows.get(column, "")
        last = last_days(part["date"], part["date_precision"]).fillna(part["date"])
        part["date_end"] = part["date_end"].fillna(last) if "date_end" in part else last
        parts.append(part.assign(source_id=part.get("source_id", rows.get("source_id")))[COLUMNS])
    found = pd.concat(parts, ignore_index=True)
    return found.fillna({"note": "", "other_source_ids": ""})


def periods(rows: pd.DataFrame) -> pd.Series:
    """The period of each row in words, by date, date_precision and (where there is one) date_end.

    2016; June 2016; July to September 2016; October 2015 to March 2016; 2015-16 (a financial year); round 2018-19;
    1 June 2014 to 31 March 2015; to December 2020; 15 February 2019; unknown. A last day that is not the one which the
    precision sets follows in brackets.
    """
    keys = rows.reindex(columns=["date", "date_precision", "date_end"]).astype({"date_end": "datetime64[us]"})
    once = keys.drop_duplicates()
    ends = last_days(once["date"], once["date_precision"])
    odd = ends.notna() & once["date_end"].notna() & (ends != once["date_end"]) & (once["date_precision"] != "day")
    words = np.array([_period(*key) for key in once.itertuples(index=False)], dtype=object)
    words[odd] += [f" (to {say_day(end)})" for end in once.loc[odd, "date_end"]]
    return keys.merge(once.assign(when=words), how="left").set_axis(rows.index)["when"]


def _period(date: pd.Timestamp, precision: str, date_end: pd.Timestamp) -> str:
    if pd.isna(date) and pd.isna(date_end):
        return display.UNKNOWN
    if precision == "round":
        return f"round {period_in_words(date, 'financial_year')}"
    if precision == "half_year":
        return say_day(date, "half_year")
    return period_in_words(date, precision, date_end)


def figures(values: pd.Series, qualifiers: pd.Series | str = "exact", units: pd.Series | str = "") -> pd.Series:
    """Each value with its hedge and unit, such as 'about 33.3%', 'at most £342 million' or '80 cases or more'.

    A text stands for the same hedge or unit in every row.
    """
    rows = values.to_frame("value").assign(qualifier=qualifiers, unit=units)
    rows = rows.fillna({"qualifier": "exact", "unit": ""})
    told = [display.hedged(value, qualifier, unit=unit) for value, qualifier, unit in rows.itertuples(index=False)]
    words = pd.Series(told, values.index, dtype="str")
    words = words.str.replace(r"([\d,.]+) GBP\b", r"£\1", regex=True)
    words = words.str.replace(r"(?<![\d.,])1 ([a-zA-Z]+)ies\b", r"1 \1y", regex=True)
    return words.str.replace(r"(?<![\d.,])1 ([a-zA-Z]+?)s\b", r"1 \1", regex=True)


def in_words(names: pd.Series) -> pd.Series:
    """Names of measures and themes as words, without the unit that stands behind the figure."""
    return names.map(MEASURES).fillna(names.str.removesuffix("_percent").str.replace("_", " "))


def capital(texts: pd.Series) -> pd.Series:
    """The texts, each with a capital."""
    return texts.str[:1].str.upper() + texts.str[1:]


def _after(texts: pd.Series, before: str = ", ", behind: str = "") -> pd.Series:
    """The texts led in by `before` and closed by `behind`, nothing where a text is missing."""
    return (before + texts + behind).fillna("")


def _who(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    providers = tables["providers"].set_index("provider_id")
    names = providers["short_name"].where(providers["kind"] != "crc", providers["name"])
    return rows["provider_id"].map(names)


def _cohort(rows: pd.DataFrame) -> pd.Series:
    """The cohort as the tables name it; the days follow in brackets where the name says something else."""
    first, last, year = (
        *(rows[column].dt.strftime("%b") for column in ("date", "date_end")),
        rows["date_end"].dt.year.astype("str"),
    )
    whole = last_days(rows["date"], rows["date_precision"]) == rows["date_end"]
    quarter = (rows["date_precision"] == "quarter") & (rows["cohort"] == first + "-" + last + " " + year)
    start = np.where(rows["date"].dt.year == rows["date_end"].dt.year, first, first + rows["date"].dt.strftime(" %Y"))
    longer = (rows["date_precision"] != "quarter") & (rows["cohort"] == start + " to " + last + " " + year)
    said = (quarter | longer) & (whole | (rows["date_precision"] == "interval"))
    return rows["cohort"] + _after(periods(rows).mask(said), " (", ")")


def _valued(rows: pd.DataFrame, what: pd.Series) -> pd.DataFrame:
    """Rows that have date, value, qualifier and unit under these names."""
    told = figures(rows["value"], rows["qualifier"], rows["unit"])
    return rows.assign(what=what, when=periods(rows), figure=told)


def _out_of(values: pd.Series, qualifiers: pd.Series | str = "exact") -> pd.Series:
    """What a figure is out of, in brackets behind it; nothing where that is not known."""
    return _after(figures(values, qualifiers).where(values.notna()), " (of ", ")")


def _undated(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(date=pd.NaT, date_precision="unknown").astype({"date": "datetime64[us]"})


def _facts(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    found = _valued(rows, capital(rows["topic"]) + ": " + rows["fact"])
    return found.assign(figure=found["figure"].where(rows["value"].notna(), rows["value_text"].fillna(NOT_A_NUMBER)))


def _staff(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return _valued(rows, _who(rows, tables) + ": " + in_words(rows["measure"]) + ", " + rows["grade"])


def _caseload(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return _valued(rows, _who(rows, tables) + ": " + in_words(rows["measure"]))


def _workload(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    what = _who(rows, tables) + ": " + in_words(rows["measure"]) + ", " + rows["role"]
    span = figures(rows["value_low"]) + " to " + figures(rows["value_high"], units=rows["unit"])
    one = figures(rows["value_low"], rows["qualifier"], rows["unit"])
    hedged = [display.HEDGES[qualifier].format(text) for qualifier, text in zip(rows["qualifier"], span)]
    told = one.where(rows["value_low"] == rows["value_high"], hedged)
    return rows.assign(what=what, when=periods(rows), figure=told)


def _points(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    what = capital(rows["scheme"]) + ": " + rows["item"]
    for column, label in (("sentence_type", ", "), ("tier", ", tier "), ("complexity", ", complexity ")):
        what = what + _after(rows[column], label)
    found = _valued(rows, what)
    return found.assign(figure=found["figure"].where(rows["value"].notna(), NOT_A_NUMBER))


def _tiering(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    def told(column: str, unit: str, qualifiers: pd.Series | str = "exact") -> pd.Series:
        return figures(rows[column], qualifiers, unit).where(rows[column].notna())

    points = told("points_from", "points").str.removesuffix(" points") + " to " + told("points_to", "points")
    parts = [
        told("share_of_people_percent", "percent", rows["qualifier"]) + " of people",
        told("contacts_per_month", "contacts a month", rows["qualifier"]),
        "every " + told("contact_interval_weeks", "weeks"),
        points.fillna(told("points_from", "points") + " or more"),
    ]
    figure = sum((_after(part, "; ") for part in parts), pd.Series("", rows.index)).str.removeprefix("; ")
    notes = [rows["contact_rule"], rows["scoring_rule"], rows["note"]]
    return rows.assign(
        what=rows["scheme"] + ", " + rows["band"] + ": " + rows["meaning"],
        when=periods(rows),
        figure=figure.where(figure != "", NOT_A_NUMBER),
        unit="",
        qualifier=rows["qualifier"].fillna(pd.Series("exact", rows.index).where(figure != "")),
        note=sum((_after(note, ". ") for note in notes), pd.Series("", rows.index)).str.removeprefix(". "),
    )


def _national(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    who = capital(rows["population"].str.replace("_", " "))
    what = who + _after(rows["disposal"]) + _after(_who(rows, tables)) + "; " + rows["area"]
    basis = rows["results_basis"].where(rows["results_basis"] != "national").str.replace("_", " ")
    found = rows.rename(columns={"binary_rate": "value", "binary_rate_qualifier": "qualifier"}).assign(unit="percent")
    return _valued(found, what + "; " + in_words(rows["measure"]) + _after(basis)).assign(when=_cohort(rows))


def _adjusted(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    found = rows.rename(columns={"binary_rate": "value"}).assign(unit="percent", qualifier="exact")
    found = _valued(found, "Adult; England and Wales; " + in_words(rows["measure"])).assign(when=_cohort(rows))
    rates = [figures(rows[name], found["qualifier"], found["unit"]) for name in ("expected_rate", "adjusted_rate")]
    return found.assign(figure=found["figure"] + ", expected " + rates[0] + ", adjusted " + rates[1])


def _after_figures(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    measures = tables["after_measures"].set_index("measure")
    inspections = tables["delivery_unit_inspections"].set_index("inspection_id")
    units = tables["delivery_units"].set_index("delivery_unit_id")["name"]
    unit = rows["inspection_id"].map(inspections["delivery_unit_id"]).map(units)
    number = rows["inspection_id"].map(inspections["inspection_number"]).astype("Int64").astype("str")
    elsewhere = _after(unit.mask(rows["population"] == "Unit: " + unit), " of ")
    # Most rows are of the whole service: only other bodies are named.
    who = _who(rows, tables).mask(rows["provider_id"] == "probation-service")
    where = (_after(who) + _after(number, ", inspection ") + elsewhere).str.removeprefix(", ")
    theme = capital(rows["measure"].map(in_words(measures["theme"])))
    what = theme + ": " + rows["measure"].map(measures["name"]) + ". " + rows["population"]
    found = _valued(rows, what + _after(where.where(where != ""), " (", ")"))
    return found.assign(figure=found["figure"] + _out_of(rows["of"]))


def _regional(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    what = _who(rows, tables) + ": " + rows["kind"].str.replace("_", " ") + " inspection" + _after(rows["band"])
    inferred = pd.Series(" (inferred)", rows.index).where(rows["date_basis"] == "inferred", "")
    found = rows.assign(value=rows["cases"], unit="cases", qualifier=pd.Series("exact", rows.index))
    found["qualifier"] = found["qualifier"].where(rows["cases"].notna())
    found = _valued(found, what)
    return found.assign(when=found["when"] + inferred)


def _money(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    found = rows.rename(columns={"amount": "value"}).assign(unit="GBP million")
    return _valued(found, capital(rows["theme"]) + ": " + rows["what"] + " (" + rows["period"] + ")")


def _performance(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    found = _valued(rows, _who(rows, tables) + ": " + rows["measure"])
    return found.assign(figure=found["figure"] + _out_of(rows["denominator"]))


def _case_quality(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    area, standard = _after(rows["area"], " (", ")"), _after(rows["standard"], ", standard ")
    found = _valued(_undated(rows), _who(rows, tables) + area + standard + ": " + rows["measure"])
    of = _out_of(rows["sample_size"], rows["sample_size_qualifier"])
    return found.assign(when=rows["round_or_period"], figure=found["figure"] + of)


def _distribution(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    names = tables["standards"].set_index("standard")["name"]
    found = rows.assign(date=rows["as_of"], date_precision=rows["as_of_precision"], unit="services", qualifier="exact")
    what = rows["service_type"] + ", round " + rows["round"] + ", " + rows["standard"].map(names) + ": " + rows["band"]
    part = pd.Series(", not the whole round", rows.index).where(rows["coverage"] != "full_round", "")
    of = rows["services"].astype("str") + " of " + rows["of"].astype("str")
    return found.assign(what=what + part, when="as of " + periods(found), figure=of)


def _profiles(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    bands = ("outstanding", "good", "requires_improvement", "inadequate", "points")
    counts = [
        rows[band].astype("str").fillna(display.UNKNOWN) + " " + band.capitalize().replace("_", " ")
        for band in bands[:-1]
    ]
    told = sum((", " + count for count in counts), pd.Series("", rows.index)).str.removeprefix(", ")
    return _undated(rows).assign(
        what=_who(rows, tables) + ": standards by band",
        when="round " + rows["round"],
        figure=told + _after(rows["points"].astype("str"), "; ", " points"),
        unit="standards",
        qualifier="exact",
    )


# ----------------------------------------------------------------------------------------------------- tables


def listed(rows: pd.DataFrame, *without: str) -> pd.DataFrame:
    """Rows of `register` as a table for readers: what, when, figure, note and source (identifiers of documents).

    Columns that are empty throughout are left out, and those named in `without`.
    """
    shown = rows.assign(source=_documents(rows))[["what", "when", "figure", "note", "source"]]
    empty = [column for column in shown if (shown[column] == "").all()]
    return shown.drop(columns=[*without, *empty])


def facts_listed(facts: pd.DataFrame, *topics: str) -> pd.DataFrame:
    """The rows of a table of facts, or those of these topics, as `listed`."""
    chosen = facts[facts["topic"].isin(topics)] if topics else facts
    return listed(composed({"facts": chosen}, {"facts": ("", _facts)}))


def crossed(rows: pd.DataFrame, across: str, separator: str = "") -> pd.DataFrame:
    """Rows of `register` side by side where they repeat words: one column for each word of `across`.

    across   'when' (one column a period), or 'head' or 'tail': what stands before or after `separator` in `what`
    A note that holds for a whole column stands in its heading. Two figures for the same cell stand in it with a
    stroke between them; an empty cell has no row in the tables.
    """
    rows = rows.assign(source=_documents(rows))
    if across == "when":
        rows = rows.sort_values(["date", "date_end"], kind="stable")
        rows["note"] = rows.groupby(["what", "source"], sort=False)["note"].transform(_each_note)
        index = ["what", "note", "source"]
    else:
        parts = rows["what"].str.rpartition(separator)
        rows = rows.assign(head=parts[0], tail=parts[2])
        if not rows[[across, "note"]].drop_duplicates()[across].duplicated().any():
            rows[across] += _after(rows["note"].where(rows["note"] != ""), ". ")
            rows["note"] = ""
        index = [{"head": "tail", "tail": "head"}[across], "when", "note", "source"]
    order = rows[across].unique()
    found = rows.pivot_table("figure", index, across, aggfunc=" / ".join, sort=False).reindex(columns=order)
    found = found.fillna("").reset_index().rename(columns={"head": "what", "tail": "what"}).rename_axis(columns=None)
    ends = [column for column in ("note", "source") if (found[column] != "").any()]
    return found[[*(column for column in found if column not in ("note", "source")), *ends]]


def _each_note(notes: pd.Series) -> str:
    """The notes of some rows, each once; one that another begins with is said by the other."""
    once = notes.unique().tolist()
    return " ".join(note for note in once if not any(other != note and other.startswith(note) for other in once))


def continued(measures: pd.DataFrame) -> pd.DataFrame:
    """Measures since June 2021 that carry on one of an older table: measure, theme, unit, table, there."""
    rows = without_categories(measures)
    rows = rows[rows["linked_table"].notna()]
    there = in_words(rows["linked_measure"]) + _after(rows["linked_group"])
    return pd.DataFrame(
        {"measure": rows["name"], "theme": in_words(rows["theme"]), "unit": rows["unit"]}
        | {"table": rows["linked_table"], "there": there}
    )


def standards_listed(standards: pd.DataFrame) -> pd.DataFrame:
    """The standards of inspection: standard, name, group, applies to, code (stated or inferred), note, source."""
    rows = without_categories(standards).rename(
        columns={"question_group": "group", "code_basis": "code", "source_id": "source"}
    )
    return rows[["standard", "name", "group", "applies_to", "code", "note", "source"]].fillna({"note": ""})


def documents(rows: pd.DataFrame, least: int) -> pd.DataFrame:
    """The documents that at least so many rows were read in, the most used first: source_id, rows."""
    counts = rows["source_id"].value_counts().rename_axis("source_id").reset_index(name="rows")
    used = counts[counts["rows"] >= least]
    return used.sort_values(["rows", "source_id"], ascending=[False, True], ignore_index=True)


def _documents(rows: pd.DataFrame) -> pd.Series:
    others = rows["other_source_ids"].where(rows["other_source_ids"] != "")
    return rows["source_id"] + _after(others, "; also ")


# -------------------------------------------------------------------------------------------------- publishers


def publishers(rows: pd.DataFrame, sources: pd.DataFrame, theme: str = "", most: int = 8) -> pd.DataFrame:
    """Who published the documents in which the figures of a theme (all without one) were read.

    rows   of `register`; those without a number are left out
    Columns: publisher, exact, hedged, total (figures), rank (0, 1, ...). The publishers after the first `most` are
    one row, named by how many they are.
    """
    numbers = rows[rows["qualifier"].notna()]
    numbers = numbers[numbers["theme"] == theme] if theme else numbers
    names = numbers["source_id"].map(sources.set_index("source_id")["publisher"].astype("str"))
    exact = numbers["qualifier"] == "exact"
    counts = pd.DataFrame({"exact": exact.groupby(names).sum(), "total": exact.groupby(names).size()})
    counts = counts.rename_axis("publisher").reset_index()
    counts = counts.sort_values(["total", "publisher"], ascending=[False, True], ignore_index=True)
    shown, rest = counts[:most], counts[most:]
    if len(rest) == 1:
        shown, rest = counts, rest[:0]
    if len(rest):
        others = {"publisher": f"{len(rest):,} other publishers", **rest[["exact", "total"]].sum()}
        shown = pd.concat([shown, pd.DataFrame([others])], ignore_index=True)
    return shown.assign(hedged=shown["total"] - shown["exact"], rank=range(len(shown)))[
        ["publisher", "exact", "hedged", "total", "rank"]
    ]


def folded(rows: pd.DataFrame, caption: str) -> display.Html:
    """A folded table of `listed` or `crossed`; what all its rows share stands in the caption."""
    words = rows[[column for column in ("what", "when", "note", "source") if column in rows]]
    shared = [column for column, texts in words.items() if (texts == texts.iloc[0]).all()]
    said = [rows[column].iloc[0].removesuffix(".") for column in shared]
    caption += f" ({'; '.join(said)})" if said else ""
    rows = rows.drop(columns=shared)
    return display.table(rows, caption, words=("what", "note") if "what" in rows else ("note",), folded=True)


Compose = Callable[[pd.DataFrame, Mapping[str, pd.DataFrame]], pd.DataFrame]
# Table -> theme, how a row becomes words.
TABLES: dict[str, tuple[str, Compose]] = {
    "rating_facts": ("Ratings", _facts),
    "band_distribution": ("Ratings", _distribution),
    "band_profiles": ("Ratings", _profiles),
    "case_quality": ("Ratings", _case_quality),
    "staff": ("Staff", _staff),
    "staffing_facts": ("Staff", _facts),
    "caseload": ("Caseload", _caseload),
    "workload": ("Caseload", _workload),
    "workload_points": ("Caseload", _points),
    "tiering": ("Caseload", _tiering),
    "reoffending_national": ("Reoffending", _national),
    "reoffending_adjusted": ("Reoffending", _adjusted),
    "reoffending_facts": ("Reoffending", _facts),
    "money": ("Money and contracts", _money),
    "contract_performance": ("Money and contracts", _performance),
    "after_figures": ("After June 2021", _after_figures),
    "regional_inspections": ("After June 2021", _regional),
}
LOOKED_UP = ("providers", "standards", "after_measures", "delivery_units", "delivery_unit_inspections")
NEEDED = (*TABLES, *LOOKED_UP)
IDENTIFIERS = {
    *("fact_id", "case_quality_id", "workload_points_id", "tiering_id", "national_id", "money_id", "figure_id"),
    *("contract_performance_id", "regional_inspection_id", "event_id", "claim_id", "by_crc_id", "success_id"),
    *("office_holder_id", "league_points_id"),
}
