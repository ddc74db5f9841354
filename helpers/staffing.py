"""How many staff there were, how many went, and what that did to caseloads. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from helpers import charts
from helpers.timeline import NATIONAL_BODIES, say_day, with_periods, without_categories

STAGES = ("FTE", "planned_FTE_first_stage", "planned_FTE_final_stage")

# Taking a number away, or turning its sign, turns a bound round.
OPPOSITE = {
    "at_least": "at_most",
    "at_most": "at_least",
    "more_than": "less_than",
    "less_than": "more_than",
}
HEDGE = {
    "exact": "",
    "about": "about ",
    "at_least": "at least ",
    "at_most": "at most ",
    "more_than": "more than ",
    "less_than": "less than ",
}


def flip(qualifiers: pd.Series) -> pd.Series:
    """The qualifier of a constant minus each number: lower bounds become upper ones, exact and about stay."""
    return qualifiers.replace(OPPOSITE)


def reaches(values: pd.Series, qualifiers: pd.Series, threshold: float) -> pd.Series:
    """Whether hedged numbers are at or above a threshold: yes, no, or cannot say where a bound leaves it open.

    A number given as about is compared as it stands.
    """
    lower, upper = qualifiers.isin(["at_least", "more_than"]), qualifiers.isin(["at_most", "less_than"])
    yes = (values >= threshold) & ~upper
    no = ((values < threshold) & ~lower) | ((values <= threshold) & (qualifiers == "less_than"))
    answer = pd.Series("cannot say", index=values.index)
    return answer.mask(yes, "yes").mask(no, "no")


def rivals(table: pd.DataFrame, keys: list[str], value: str = "value") -> pd.DataFrame:
    """Figures that more than one row gives for the same thing, side by side, each with its own hedge and source.

    keys name the same thing (for example provider_id, grade, measure, date). Adds figures (values for that
    thing), lowest, highest and spread (in the table's unit); rows that agree have a spread of zero. Nothing
    is averaged.
    """
    groups = without_categories(table).groupby(keys)[value]
    side = without_categories(table).assign(
        figures=groups.transform("count"), lowest=groups.transform("min"), highest=groups.transform("max")
    )
    side = side[side["figures"] > 1].assign(spread=lambda rows: rows["highest"] - rows["lowest"])
    return side.sort_values([*keys, value], kind="stable", ignore_index=True)


# ----------------------------------------------------------------------------------------------- staff


def staff_series(
    staff: pd.DataFrame,
    facts: pd.DataFrame | None = None,
    measure: str = "FTE",
    grade: str = "all grades",
    provider_ids: Iterable[str] = NATIONAL_BODIES,
) -> pd.DataFrame:
    """Staff of the national bodies over time, one series per body, measure and source, never joined.

    Columns of staff, plus series (what a line may connect), points (values in that series) and row_kind:
    value, or break for the row without a value at the day from which CRC staff were no longer collected (from
    facts).
    """
    wanted = (staff["measure"] == measure) & (staff["grade"] == grade) & staff["provider_id"].isin(list(provider_ids))
    rows = without_categories(staff[wanted]).assign(row_kind="value")
    if facts is not None:
        stop = facts[facts["fact_id"].str.contains("crc-staff", na=False)]
        rows = pd.concat(
            [
                rows,
                stop.assign(provider_id="all-crcs", grade=grade, measure=measure, row_kind="break", value=float("nan")),
            ]
        ).reindex(columns=rows.columns)
    rows["series"] = rows["provider_id"] + " | " + rows["grade"] + " | " + rows["measure"] + " | " + rows["source_id"]
    rows["points"] = rows.groupby("series")["value"].transform("count")
    return rows.sort_values(["date", "series"], kind="stable", ignore_index=True)


def _with_change(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    rows = without_categories(rows).sort_values([*keys, "date"], kind="stable", ignore_index=True)
    first = rows.groupby(keys)["value"].transform("first")
    return rows.assign(change=rows["value"] - first, change_percent=100 * (rows["value"] / first - 1))


def _workbook_source(staff: pd.DataFrame) -> str:
    """The one source that counts the divisions at several dates."""
    rows = staff[staff["provider_id"].isin(["nps-london"]) & (staff["measure"] == "FTE")]
    return rows["source_id"].value_counts().index[0]


def nps_parts(
    staff: pd.DataFrame, providers: pd.DataFrame, parts: str = "division", measure: str = "FTE"
) -> pd.DataFrame:
    """Divisions or grades of the NPS beside their sum and the NPS total that the same official tables publish.

    parts is division or grade; measure is FTE, joiners_headcount or leavers_headcount (these two over the twelve months
    to each of the six dates, March 2015 to June 2016). Senior probation officers are inside the other bands 4 to 6,
    probation services officers inside bands 1 to 3. Columns of staff, plus change and change_percent since the first
    date, part (division, grade, or one of the two totals), basis (published, our sum) and period_end (the date, or the
    last day of the period for joiners and leavers, whose changes are left empty). Raises ValueError for other parts.
    """
    if parts not in ("division", "grade"):
        raise ValueError(f"parts is division or grade, not {parts!r}")
    published = staff[(staff["measure"] == measure) & (staff["source_id"] == _workbook_source(staff))]
    nps, all_grades = published["provider_id"] == "nps", published["grade"] == "all grades"
    if parts == "division":
        divisions = without_categories(providers[providers["kind"] == "nps_division"])
        names = divisions.set_index("provider_id")["short_name"]
        rows = _with_change(published[published["provider_id"].isin(names.index) & all_grades], ["provider_id"])
        rows = rows.assign(part=rows["provider_id"].map(names))
    else:
        rows = _with_change(published[nps & ~all_grades], ["grade"])
        rows = rows.assign(part=rows["grade"].str[0].str.upper() + rows["grade"].str[1:])
    total = _with_change(published[nps & all_grades], ["provider_id"]).assign(part="NPS total as published")
    keys = ["date", "date_end", "date_precision", "measure", "unit", "source_id", "qualifier"]
    summed = rows.groupby(keys, as_index=False, dropna=False)["value"].sum()
    summed = _with_change(summed.assign(part=f"Sum of the {parts}s"), ["part"])
    rows = pd.concat([rows.assign(basis="published"), summed.assign(basis="our sum"), total.assign(basis="published")])
    if measure != "FTE":  # the first period has ten months: a change since then would compare unlike periods
        rows = rows.assign(change=float("nan"), change_percent=float("nan"))
    return rows.assign(period_end=rows["date_end"].fillna(rows["date"])).reset_index(drop=True)


def vacancies(staff: pd.DataFrame) -> pd.DataFrame:
    """Vacancies as published, with the rate that the same source's own total of posts implies.

    Columns of staff for vacancies_FTE and vacancy_rate_percent, plus posts and in_post (what the same source
    gives for the same body, grade and date), their qualifiers, and implied_rate_percent (vacancies, or posts
    less staff in post, of posts; empty where the source gives no posts).
    """
    staff = without_categories(staff)
    keys = ["provider_id", "grade", "date", "source_id"]
    rows = staff[staff["measure"].isin(["vacancies_FTE", "vacancy_rate_percent"])]
    for measure, name in (("target_FTE", "posts"), ("FTE", "in_post")):
        beside = staff.loc[staff["measure"] == measure, [*keys, "value", "qualifier"]]
        rows = rows.merge(beside.rename(columns={"value": name, "qualifier": f"{name}_qualifier"}), on=keys, how="left")
    vacant = rows["value"].where(rows["measure"] == "vacancies_FTE", rows["posts"] - rows["in_post"])
    rows = rows.assign(implied_rate_percent=100 * vacant / rows["posts"])
    return rows.sort_values(["provider_id", "date", "measure"], kind="stable", ignore_index=True)


# ------------------------------------------------------------------------------------------------ cuts


def crc_cuts(staff: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """Cuts planned, announced or counted in the CRCs, rival figures side by side with their hedges.

    Columns of staff, plus name, cut (jobs, or percent; a positive number), cut_qualifier (a change of at
    least -40 percent is a cut of at most 40), cut_unit (jobs, percent), stage (announced, final, total,
    change) and figures (rows of the same rival group and unit; 1 where no rival was found).
    """
    rows = without_categories(
        staff[staff["measure"].astype("str").str.startswith("jobs_cut") | (staff["measure"] == "change_percent")]
    )
    known = providers["kind"].isin(["crc", "crc_group", "population"])
    rows = rows.merge(without_categories(providers).loc[known, ["provider_id", "name"]], on="provider_id")
    rows = rows.assign(
        cut=rows["value"].abs(),
        cut_qualifier=rows["qualifier"].mask(rows["value"] < 0, flip(rows["qualifier"])),
        cut_unit=rows["unit"].eq("percent").map({True: "percent", False: "jobs"}),
        stage=rows["measure"].str.removeprefix("jobs_cut_").replace("change_percent", "change"),
    )
    rows["figures"] = rows.groupby(["rival_group", "cut_unit"])["cut"].transform("size").fillna(1).astype(int)
    return rows.sort_values(["provider_id", "cut_unit", "date"], kind="stable", ignore_index=True)


def planned_stages(staff: pd.DataFrame) -> pd.DataFrame:
    """Staff before and after a published plan, by grade, for each company that published one.

    Columns: provider_id, date, source_id, grade (all listed grades is our sum of the others), FTE,
    planned_FTE_first_stage, planned_FTE_final_stage, first_cut_percent, final_cut_percent (of the FTE
    before).
    """
    staff = without_categories(staff)
    keys = ["provider_id", "date", "source_id"]
    planned = staff.loc[staff["measure"] == STAGES[-1], keys].drop_duplicates()
    rows = staff[staff["measure"].isin(STAGES)].merge(planned, on=keys)
    wide = rows.pivot_table(index=[*keys, "grade"], columns="measure", values="value").reset_index()
    total = wide.groupby(keys, as_index=False)[list(STAGES)].sum(min_count=1).assign(grade="all listed grades")
    wide = pd.concat([wide, total], ignore_index=True).rename_axis(columns=None)
    before, first, final = (wide[stage] for stage in STAGES)
    wide["first_cut_percent"], wide["final_cut_percent"] = (
        100 * (1 - first / before),
        100 * (1 - final / before),
    )
    return wide[[*keys, "grade", *STAGES, "first_cut_percent", "final_cut_percent"]]


# ------------------------------------------------------------------------------------------- caseloads


def caseload_per_officer(workload: pd.DataFrame) -> pd.DataFrame:
    """Mean and largest caseloads as published, with the role they speak of and their hedge.

    Columns of workload, plus statistic (mean, maximum). Roles differ from row to row and the rows do not add
    up to a national mean, which was not found.
    """
    names = {"mean_cases_per_officer": "mean", "max_cases": "maximum"}
    rows = without_categories(workload[workload["measure"].isin(names)])
    rows = rows.assign(statistic=rows["measure"].map(names))
    return rows.sort_values(["statistic", "provider_id", "date"], kind="stable", ignore_index=True)


def caseload_shares(workload: pd.DataFrame) -> pd.DataFrame:
    """Share of staff above 40, 50 or 60 cases, by body and period.

    Columns of workload, plus threshold (cases), share_over (percent above it) and share_over_qualifier, and
    converted: True where the source gives the share at or below the threshold and we took it from 100.
    """
    workload = without_categories(workload)
    parts = workload["measure"].str.extract(r"^share_(?:over_(?P<over>\d+)|(?P<fewer>\d+)_or_fewer)_percent$")
    rows = workload.assign(
        threshold=pd.to_numeric(parts["over"].fillna(parts["fewer"])), converted=parts["fewer"].notna()
    ).dropna(subset=["threshold"])
    value, qualifier = rows["value_low"].fillna(rows["value_high"]), rows["qualifier"]
    rows = rows.assign(
        share_over=value.mask(rows["converted"], 100 - value),
        share_over_qualifier=qualifier.mask(rows["converted"], flip(qualifier)),
    )
    return rows.sort_values(["provider_id", "date", "threshold"], kind="stable", ignore_index=True)


def people_supervised(caseload: pd.DataFrame, provider_ids: Iterable[str] | None = None) -> pd.DataFrame:
    """People under supervision as published, every rival row kept: columns of caseload, by provider and date.

    Counts over a year (people_supervised_per_year) are another measure and are not here.
    """
    rows = without_categories(caseload[caseload["measure"] == "people_supervised"])
    if provider_ids is not None:
        rows = rows[rows["provider_id"].isin(list(provider_ids))]
    return rows.sort_values(["provider_id", "date", "value"], kind="stable", ignore_index=True)


def rival_totals(caseload: pd.DataFrame, start: str, end: str, provider_id: str = "all-probation") -> pd.DataFrame:
    """Totals of people supervised whose period touches start to end, side by side, lowest first.

    Columns of caseload, plus period_start, period_end and above_lowest (people more than the lowest of them).
    Whether they count the same people on the same day is not known: they are not averaged.
    """
    rows = with_periods(people_supervised(caseload, [provider_id]))
    rows = rows[(rows["period_end"] >= pd.Timestamp(start)) & (rows["period_start"] <= pd.Timestamp(end))]
    rows = rows.sort_values(["value", "date"], kind="stable", ignore_index=True)
    return rows.assign(above_lowest=rows["value"] - rows["value"].min())


# ----------------------------------------------------------------------------------------------- model


def cases_per_officer(
    people: float | pd.Series, staff: float | pd.Series, cut_percent: float | pd.Series = 0
) -> float | pd.Series:
    """Cases per officer when staff fall by a share and the people stay: people / (staff x (1 - cut / 100)).

    Raises ValueError where the cut is below 0 or leaves nobody (100 percent or more), or staff is not
    positive.
    """
    if (pd.Series(cut_percent) < 0).any() or (pd.Series(cut_percent) >= 100).any() or (pd.Series(staff) <= 0).any():
        raise ValueError(
            f"A cut lies from 0 to below 100 percent and staff above 0; got cut_percent={cut_percent}, staff={staff}."
        )
    return people / (staff * (1 - cut_percent / 100))


def starting_points(workload: pd.DataFrame, staff: pd.DataFrame) -> pd.DataFrame:
    """Published mean caseloads from which the model may start, one row per end of a published range.

    Columns: starting_point (id), provider_id, role, date, date_precision, date_end, cases, qualifier,
    source_id, note, and where the same source reports a cut in all staff of the same body, made before that
    caseload was seen: cut_made_percent, cut_made_qualifier and cases_before (cases x (1 - cut / 100): what
    they imply together).
    """
    rows = without_categories(workload[workload["measure"] == "mean_cases_per_officer"])
    low = rows.assign(cases=rows["value_low"])
    high = rows[rows["value_high"].notna() & (rows["value_high"] != rows["value_low"])]
    rows = pd.concat([low, high.assign(cases=high["value_high"])]).dropna(subset=["cases"])
    change = (staff["measure"] == "change_percent") & (staff["grade"] == "all grades")
    cut = without_categories(staff.loc[change, ["provider_id", "source_id", "value", "qualifier"]])
    cut = cut.assign(cut_made_percent=-cut["value"], cut_made_qualifier=flip(cut["qualifier"]))
    cut = cut.drop(columns=["value", "qualifier"]).drop_duplicates(["provider_id", "source_id"])
    rows = rows.merge(cut, on=["provider_id", "source_id"], how="left")
    rows["cases_before"] = rows["cases"] * (1 - rows["cut_made_percent"] / 100)
    month, cases = rows["date"].dt.strftime("%Y-%m"), rows["cases"].map("{:g}".format)
    rows["starting_point"] = rows["provider_id"] + "-" + month + "-" + cases
    columns = [
        "starting_point",
        "provider_id",
        "role",
        "date",
        "date_precision",
        "date_end",
        "cases",
        "qualifier",
    ]
    columns += ["source_id", "note", "cut_made_percent", "cut_made_qualifier", "cases_before"]
    return rows.reindex(columns=columns).sort_values("cases", kind="stable", ignore_index=True)


def staff_cut_model(starts: pd.DataFrame, threshold: float, cut_percents: Iterable[float] = range(61)) -> pd.DataFrame:
    """What a cut in staff does to cases per officer, for every starting point and cut, while the people stay.

    starts come from `starting_points`. Columns of starts, plus cut_percent, direction (after: the published
    caseload is the start and the cut follows; before: it was seen once the cut was made, so the row goes
    back), cases_per_officer (a hedged start stays hedged), change_percent (of cases per officer, for that
    cut) and at_threshold (yes, no, cannot say: whether the threshold, in cases, is reached). Method: cases /
    (1 - cut / 100), and its reverse.
    """
    grid = starts.merge(pd.DataFrame({"cut_percent": [float(cut) for cut in cut_percents]}), how="cross")
    went_before = grid["cut_made_percent"].notna()
    after = cases_per_officer(grid["cases"], pd.Series(1.0, index=grid.index), grid["cut_percent"])
    before = grid["cases"] * (1 - grid["cut_percent"] / 100)
    grid = grid.assign(
        direction=went_before.map({True: "before", False: "after"}),
        cases_per_officer=after.where(~went_before, before),
        change_percent=100 * (1 / (1 - grid["cut_percent"] / 100) - 1),
    )
    return grid.assign(at_threshold=reaches(grid["cases_per_officer"], grid["qualifier"], threshold))


def cut_either_way(starts: pd.DataFrame, threshold: float, cut_percents: Iterable[float]) -> pd.DataFrame:
    """The model in both directions for every starting point: the cut follows, or it had already been made.

    Columns of staff_cut_model; which of the two directions a source supports is in cut_made_percent of starts.
    """
    unmade = starts.assign(cut_made_percent=float("nan"))
    both = [unmade, starts.assign(cut_made_percent=starts["cut_made_percent"].fillna(0.0))]
    cuts = list(cut_percents)
    return pd.concat([staff_cut_model(each, threshold, cuts) for each in both], ignore_index=True)


def cut_to_threshold(starts: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The cut in staff, percent, at which each starting point reaches a threshold of cases per officer.

    Columns of starts, plus cut_percent (zero where the start is already there) and cut_qualifier: a start of
    more than 42 reaches it with a smaller cut than 42 does. Rows seen after a cut are left out.
    """
    rows = starts[starts["cut_made_percent"].isna()]
    cut = (100 * (1 - rows["cases"] / threshold)).clip(lower=0)
    return rows.assign(cut_percent=cut, cut_qualifier=flip(rows["qualifier"])).reset_index(drop=True)


def reference_caseloads(workload: pd.DataFrame) -> pd.DataFrame:
    """Published caseloads to hold the model against: the largest seen, and the one from which quality falls.

    Columns: reference (threshold, maximum), provider_id, role, date, date_precision, cases, qualifier,
    source_id, note.
    """
    names = {"caseload_threshold_for_quality": "threshold", "max_cases": "maximum"}
    rows = without_categories(workload[workload["measure"].isin(names)])
    rows = rows.assign(reference=rows["measure"].map(names), cases=rows["value_low"].fillna(rows["value_high"]))
    columns = [
        "reference",
        "provider_id",
        "role",
        "date",
        "date_precision",
        "cases",
        "qualifier",
        "source_id",
        "note",
    ]
    return rows.reindex(columns=columns).sort_values(["reference", "cases"], ascending=[False, True], ignore_index=True)


# ---------------------------------------------------------------------------------------- rows to draw

BODY_OF_KIND = {**charts.BODY_OF_KIND, "population": "CRC"}  # the figures on staff of no one body are of CRCs


def names(providers: pd.DataFrame) -> pd.Series:
    """The full name of each body, by provider_id."""
    return without_categories(providers[["provider_id", "name"]]).set_index("provider_id")["name"]


def named(rows: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """The rows with name and body (NPS, CRC ...) of their provider, title (source) and publisher of their source."""
    kinds = without_categories(providers[["provider_id", "kind"]]).set_index("provider_id")["kind"]
    listed = without_categories(sources[["source_id", "title", "publisher"]]).set_index("source_id")
    rows = without_categories(rows)
    return rows.assign(
        name=rows["provider_id"].map(names(providers)).to_numpy(),
        body=rows["provider_id"].map(kinds.map(BODY_OF_KIND)).to_numpy(),
        source=rows["source_id"].map(listed["title"]).to_numpy(),
        publisher=rows["source_id"].map(listed["publisher"]).str.replace(r" \(.*", "", regex=True).to_numpy(),
    )


def _to_draw(rows: pd.DataFrame, below: pd.Series, value: str, qualifier: str, unit: str = "") -> pd.DataFrame:
    """Rows of `named` as `charts.published` draws them: one below the other, `below` under the name of the body."""
    has_range = value == "value_low"
    high = rows["value_high"] if has_range else pd.Series(float("nan"), index=rows.index)
    high = high.where(high != rows[value])
    top = high.map(lambda number: f" to {say_number(number)}", na_action="ignore").fillna("")
    hedged_ = [say_number(*figure) for figure in zip(rows[value], rows[qualifier])]
    drawn = pd.DataFrame(
        {
            "label": [charts.lines(*cells) for cells in zip(rows["name"], below)],
            "body": rows["body"],
            "value": rows[value],
            "high": high,
            "qualifier": rows[qualifier],
            "words": pd.Series(hedged_, index=rows.index) + top + unit,
            "note": rows["note"],
            "source_id": rows["source_id"],
        }
    ).reset_index(drop=True)
    return drawn.assign(row=range(len(drawn)))


def cuts_to_draw(cuts: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Rows of `crc_cuts` as `charts.published` draws them, with unit (percent, jobs); rivals stand together."""
    parts = []
    for unit, sign in (("percent", "%"), ("jobs", "")):
        chosen = cuts[cuts["cut_unit"] == unit].sort_values(["provider_id", "date"], kind="stable")
        # Rivals stand together, under the body that comes last in the order of names.
        group = chosen["rival_group"].where(chosen["figures"] > 1)
        place = chosen["provider_id"].groupby(group).transform("max").fillna(chosen["provider_id"])
        chosen = chosen.assign(place=place, group=group).sort_values(["place", "group", "date"], kind="stable")
        letters = dict(zip(chosen["group"].dropna().unique(), "ABCDEFGH"))
        chosen = named(chosen, providers, sources)
        stage = chosen["stage"].map({"announced": "announced", "final": "after talks", "total": "in all"}).fillna("")
        grade = chosen["grade"].where(chosen["grade"] != "all grades", "")
        told = zip(grade, stage, chosen.apply(say_period, axis=1), chosen["publisher"])
        below = pd.Series([", ".join(filter(None, words)) for words in told], index=chosen.index)
        drawn = _to_draw(chosen, below, "cut", "cut_qualifier", sign)
        parts.append(drawn.assign(unit=unit, rival=chosen["group"].map(letters).fillna("").to_numpy()))
    return pd.concat(parts, ignore_index=True).drop(columns="high")


def caseloads_to_draw(
    workload: pd.DataFrame, caseload: pd.DataFrame, providers: pd.DataFrame, sources: pd.DataFrame
) -> pd.DataFrame:
    """Published caseloads as `charts.published` draws them, with list: mean, maximum, shares or people."""
    loads = named(caseload_per_officer(workload).sort_values("value_low", kind="stable"), providers, sources)
    below = loads["role"] + ", " + loads.apply(say_period, axis=1)
    parts = []
    for statistic in ("mean", "maximum"):
        chosen = loads[loads["statistic"] == statistic]
        parts.append(_to_draw(chosen, below[chosen.index], "value_low", "qualifier").assign(list=statistic))
    shares = named(caseload_shares(workload).sort_values(["threshold", "date", "provider_id"]), providers, sources)
    shares["name"] = [f"Over {limit:g} cases, {body}" for limit, body in zip(shares["threshold"], shares["body"])]
    basis = shares["converted"].map({True: " (100 less the published share)", False: ""})
    below = shares["role"] + ", " + shares.apply(say_period, axis=1) + basis
    parts.append(_to_draw(shares, below, "share_over", "share_over_qualifier", "%").assign(list="shares"))
    people = named(people_supervised(caseload, ["all-probation", "all-crcs", "nps"]), providers, sources)
    below = people.apply(say_period, axis=1) + ", " + people["publisher"]
    parts.append(_to_draw(people, below, "value", "qualifier").assign(list="people"))
    return pd.concat(parts, ignore_index=True)


# --------------------------------------------------------------------------------------------- tables


def used_rows(tables: list[pd.DataFrame], providers: pd.DataFrame) -> pd.DataFrame:
    """The figures of the staff notebook in words: figure (of which body, hedge, date) and source_id.

    tables are rows of this module, or of the tables behind it, each with provider_id or part, measure, value (or
    value_low and value_high), qualifier, date and source_id. Figures of one body, measure and source share a row.
    """
    called = names(providers)
    lists = []
    for table in tables:
        rows = without_categories(table)
        low = rows["value_low"] if "value_low" in rows else rows["value"]
        high = rows.get("value_high", low)
        said = [
            "not collected" if pd.isna(a) else say_number(a, hedge, 2) + ("" if pd.isna(b) or a == b else f" to {b:g}")
            for a, b, hedge in zip(low, high, rows["qualifier"])
        ]
        measure = rows["measure"].str.replace("_", " ")
        about = rows["grade"] if "grade" in rows else rows.get("role", pd.Series("", index=rows.index))
        if "part" in rows:
            about = rows["part"]
        what = called.reindex(rows["provider_id"]).fillna("").to_numpy() + pd.Series(", ", index=rows.index) + about
        what = what.str.strip(", ") + ", " + measure
        text = pd.Series(said, index=rows.index) + " (" + rows.apply(say_period, axis=1) + ")"
        lists.append(pd.DataFrame({"what": what, "figure": text, "source_id": rows["source_id"]}))
    keys = ["what", "source_id"]
    figures = pd.concat(lists).groupby(keys, sort=False, as_index=False)["figure"].agg("; ".join)
    return figures[["what", "figure", "source_id"]]


# ------------------------------------------------------------------------------------------- sentences


def say_number(value: float, qualifier: str = "exact", decimals: int = 1) -> str:
    """A number with its hedge in words: about 40, more than 17,000, 1,283."""
    digits = f"{value:,.{decimals}f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return HEDGE[qualifier] + digits


def say_period(row: pd.Series) -> str:
    """The date or period of one row in words, as precisely as the source gives it."""
    if row["date_precision"] == "round":
        return f"round {row['date'].year}-{(row['date'].year + 1) % 100:02d}"
    if pd.notna(row.get("date_end")):
        return f"{row['date']:%B %Y} to {row['date_end']:%B %Y}"
    return say_day(row["date"], row["date_precision"])


def say_cut_effect(row: pd.Series, threshold: float) -> str:
    """One row of the model in words: from a published caseload to that after, or before, a cut, and the threshold."""
    answer = {"yes": "At or above", "no": "Below", "cannot say": "Perhaps below, perhaps above"}[row["at_threshold"]]
    text = f"{_cut_effect(row)} {answer} the {threshold:g} cases from which quality suffers."
    if pd.notna(row["cut_made_percent"]):
        size = say_number(row["cut_made_percent"], row["cut_made_qualifier"])
        text += f" The source reports a cut of {size}% before this caseload."
    return text


def _cut_effect(row: pd.Series) -> str:
    start = say_number(row["cases"], row["qualifier"])
    result = say_number(row["cases_per_officer"], row["qualifier"], decimals=0)
    if not row["cut_percent"]:
        return f"{start[0].upper()}{start[1:]} cases per officer as published; no cut, no change."
    cut = say_number(row["cut_percent"])
    if row["direction"] == "before":
        return (
            f"{start[0].upper()}{start[1:]} cases per officer after a cut of {cut}% imply {result} before it, "
            "with the same number of people."
        )
    return f"From {start} cases per officer, a cut of {cut}% leads to {result}, with the same number of people."
