"""Charts of the claims: no claim is lost, descriptions and sources are there, sentences follow the choices."""

import itertools

import pytest

from helpers import claims, claims_charts, data, explorer, staffing

TABLES = {name: data.load(name) for name in claims.TABLES}
CHECKED = claims.check(TABLES)
EXPLORER = claims_charts.claims_explorer(CHECKED, TABLES["sources"])


def test_one_row_a_claim_and_no_empty_label():
    assert len(EXPLORER.every) == len(CHECKED) == 101
    assert not EXPLORER.every.isna().any().any()
    longest = EXPLORER.every.groupby("theme").size().max()
    assert longest < claims_charts.MOST


def test_every_choice_filters_to_rows_of_its_own():
    for control in EXPLORER.controls:
        shown = [EXPLORER.matching({**EXPLORER.start, control.name: value}) for value in control.values]
        assert len(shown[0]) == sum(map(len, shown[1:])) == 101
        assert all(len(rows) for rows in shown)


@pytest.mark.parametrize("name", ["which_article", "which_verdict", "which_theme", "which_speaker"])
def test_sentences_count_the_claims_chosen(name):
    control = next(control for control in EXPLORER.controls if control.name == name)
    for value in control.values:
        choices = {**EXPLORER.start, name: value}
        count = len(EXPLORER.matching(choices))
        assert EXPLORER.finding(choices).startswith(f"{count} claim{'' if count == 1 else 's'}: ")


def test_an_empty_choice_says_so():
    choices = {**EXPLORER.start, "which_theme": "Money", "which_verdict": "Contradicted"}
    assert EXPLORER.finding(choices) == explorer.NOTHING


def test_no_choice_breaks_the_sentence():
    for article, verdict in itertools.product(EXPLORER.controls[0].values, EXPLORER.controls[3].values):
        said = EXPLORER.finding({**EXPLORER.start, "which_article": article, "which_verdict": verdict})
        assert said.endswith(".") and "  " not in said


def test_letters_shapes_and_colours_differ():
    assert len(set(claims_charts.LETTERS.values())) == 4
    pairs = list(zip(claims_charts.SHAPES, claims_charts.FILLS))
    assert len(set(pairs)) == 4
    assert list(claims_charts.LETTERS) == list(claims.VERDICTS.values())


@pytest.mark.parametrize(
    "chart",
    [
        claims_charts.repeated(claims.repeated(CHECKED), TABLES["sources"]),
        claims_charts.inadequate(claims.inadequate_counts(TABLES), TABLES["sources"]),
        claims_charts.totals(staffing.rival_totals(TABLES["caseload"], "2018-09-01", "2019-10-31"), TABLES["sources"]),
    ],
    ids=["repeated", "inadequate", "totals"],
)
def test_charts_have_description_and_sources(chart):
    spec = chart.to_dict()
    assert len(spec["description"]) > 80
    assert spec["usermeta"]["source_ids"]


def test_every_repeated_statement_has_a_label():
    assert set(claims.repeated(CHECKED)["same_claim"]) == set(claims_charts.STATEMENTS)


def test_squares_are_as_many_as_were_counted():
    counts = claims.inadequate_counts(TABLES)
    squares = claims_charts.inadequate(counts, TABLES["sources"]).to_dict()["datasets"]
    rows = next(iter(squares.values()))
    assert len(rows) == counts["of"].sum()
    assert sum(row["counted"] == "found wanting" for row in rows) == counts["low"].sum()
