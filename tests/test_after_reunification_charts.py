"""Charts, explorers, tables and sentences of the years since June 2021."""

import pytest

from helpers import after_reunification as after
from helpers import after_reunification_charts as charts
from helpers.data import load
from helpers.explorer import NOTHING


@pytest.fixture(scope="module")
def tables():
    return {name: load(name) for name in (*after.TABLES, "sources")}


@pytest.fixture(scope="module")
def inspected(tables):
    return after.inspections(tables)


@pytest.fixture(scope="module")
def inspections(tables, inspected):
    return charts.inspections_explorer(tables, inspected)


@pytest.fixture(scope="module")
def national(tables):
    return charts.national_explorer(tables)


@pytest.fixture(scope="module")
def cases(tables):
    return charts.cases_explorer(after.case_findings(tables), tables["sources"])


def test_every_inspection_is_drawn_once(inspections, inspected):
    assert len(inspections.every) == len(inspected) == 78
    assert inspections.every["band"].value_counts().to_dict() == inspected["band"].value_counts().to_dict()
    assert list(inspections.every["region"]) == sorted(inspections.every["region"])


def test_sentences_of_the_inspections(inspections):
    every = inspections.finding(inspections.start)
    assert "78 inspections of 65 units, 39 Inadequate, 38 Requires improvement and 1 Good." in every
    later = after.PROGRAMMES["seven_standards"]
    assert inspections.finding({"region": "London", "programme": later}) == NOTHING
    wales = inspections.finding({"region": "Wales", "programme": ""})
    assert "Wales, both programmes: 8 inspections of 6 units, 2 Inadequate and 6 Requires improvement." in wales
    assert "Inadequate: 25%, 95% interval 7% to 59%." in wales


def test_programmes_and_their_gap(tables, inspected):
    chart = charts.bands_by_programme(inspected, after.programme_gap(inspected), tables["sources"]).to_dict()
    assert chart["title"]["text"] == ["The share rated Inadequate shows no clear change between the programmes"]
    assert "17 of 36" in chart["description"]
    assert len(chart["usermeta"]["source_ids"]) == inspected["source_id"].nunique()


def test_every_finding_of_the_cases_has_one_subject(tables, cases):
    findings = after.case_findings(tables)
    assert len(cases.every) == len(findings)
    assert set(cases.every["subject"]) == set(charts.SUBJECTS)
    for measure in tables["after_measures"].query("theme == 'case_findings'")["measure"]:
        assert charts.subject_of(measure) in charts.SUBJECTS
    with pytest.raises(ValueError, match="court_dates"):
        charts.subject_of("court_dates")


def test_hedges_of_the_cases_are_kept_when_turned_round(cases):
    rows = cases.every.set_index("place")
    assert rows.loc["Public protection cases, South Central, November 2025", "hedge"].tolist().count("more_than") == 1
    exact = rows[(rows["hedge"] == "exact") & rows["low"].notna()]
    assert (exact["low"] < exact["sufficient"]).all() and (exact["sufficient"] < exact["high"]).all()
    assert rows.loc[rows["hedge"] != "exact", "low"].isna().all()


def test_sentences_of_the_cases(cases):
    risk, managed = (cases.finding({"subject": subject}) for subject in list(charts.SUBJECTS)[:2])
    assert risk == (
        "Assessing the risk of harm: 8 figures since June 2021, 2 of them hedged; the exact ones run from 24% to 35%."
    )
    assert "not to be ranked against each other" in managed


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("probation_officers_in_post", "from 4,338 FTE (March 2022) to 5,519 FTE (June 2025), a rise of 27%."),
        ("probation_officer_vacancy_rate", "from 14% (2021) to 21% (March 2025), a rise of 7 percentage points."),
        ("binary_rate", "28.2% (2023-24), 95% interval 28.0% to 28.3%, a rise of 3 percentage points."),
        ("all_staff_in_post", "16,711 or 17,648 FTE (March 2022)"),
        ("licence_recalls", "The years before June 2021 belong to the same series."),
    ],
)
def test_sentences_of_the_national_figures(national, measure, words):
    assert words in national.finding({"measure": measure})


def test_national_rows_have_a_body_a_value_and_a_day(tables, national):
    series = charts.national_series(tables)
    assert list(series["measure"].unique()) == [*charts.NATIONAL_MEASURES, *charts.REOFFENDING]
    assert len(national.every) == len(series)
    assert national.every[["body", "start", "end", "value"]].notna().all().all()
    assert set(national.every["body"]) == set(charts.BODY_NAMES.values())
    implied = national.every[(national.every["hedge"] == "implied")]
    assert {3539, 4627, 5658} <= set(implied["value"])


def test_charts_say_what_they_draw(inspections, cases, national):
    for explorer in (inspections, cases, national):
        spec = explorer.spec()
        assert spec["description"] and spec["usermeta"]["source_ids"]


def test_scores_of_two_scales_stay_apart(inspected):
    rows = charts.points_table(after.points_share(inspected))
    assert rows["share"].tolist() == ["0%", "4%", "7%", "7%", "11%", "11%", "unknown"]
    assert rows["scale"].iloc[-1].endswith("highest total unknown")
    assert rows["scale"].nunique() == 2


def test_regions_without_an_inspection_say_so(tables, inspected):
    rows = charts.coverage_table(after.region_coverage(inspected, tables["providers"])).set_index("region")
    assert len(rows) == 12
    assert rows.loc["London"].tolist() == ["4 Inadequate, 2 Requires improvement", "none found"]


def test_units_inspected_twice_keep_their_dates(inspected):
    rows = charts.twice_table(inspected, after.reinspections(inspected)).set_index("unit")
    assert rows.loc["West Sussex"].tolist() == [
        "Inadequate (Jan-May 2022)", "Inadequate (October 2023 to May 2024)", "the same band"
    ]  # fmt: skip


def test_what_can_be_compared_comes_first(tables):
    rows = charts.comparability_table(after.comparability(tables))
    assert len(rows) == len(tables["after_comparability"])
    assert rows["comparable"].drop_duplicates().tolist() == list(charts.VERDICTS.values())


def test_the_sources_hold_every_row(tables, inspected):
    rows = charts.drawn(tables).set_index("source_id")["figures"]
    assert set(inspected["source_id"]) <= set(rows.index)
    assert set(tables["delivery_unit_standards"]["source_id"]) <= set(rows.index)
    assert set(after.recalls(tables)["source_id"]) <= set(rows.index)
    assert "Sheffield (30 March 2023): Inadequate, points: 1" in rows["hmip-sheffield-2023"]
    assert not rows.str.contains("nan|NaT|<NA>").any()


def test_sentences_on_what_is_missing(tables, inspected):
    assert "counts 24 units" in charts.say_not_inspected(tables, inspected)
    assert "23 were found" in charts.say_not_inspected(tables, inspected)
    assert charts.say_regional_vacancies(after.regional_vacancies(tables)) == (
        "On 30 September 2023 vacancies of all grades ran from 0 (Greater Manchester and Wales) to 457 FTE (London)."
    )
    assert charts.say_verdicts(after.is_it_better(tables)).endswith("and 3 cannot be called better or worse.")
