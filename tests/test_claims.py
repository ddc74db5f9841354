"""Claims: every computed verdict agrees with the stored one, and follows when a row that decides it changes."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import claims, data, staffing
from helpers.explorer import NOTHING
from helpers.timeline import without_categories
from tests import cells

TABLES = {name: data.load(name) for name in claims.TABLES}
PLAIN = {name: without_categories(table) for name, table in TABLES.items()}
CHECKED = claims.check(TABLES)
STORED = CHECKED.set_index("claim_id")["verdict"]
CELLS = sorted(
    {(claim, *cell) for claim in claims.CHECKS for part in claims.run(claim, PLAIN) for cell in part.cells}, key=str
)


def changed(table: pd.DataFrame, label: object, column: str, years: int = 12) -> pd.DataFrame:
    """The table with one cell changed beyond what its hedge covers."""
    table = table.copy()
    value = table.loc[label, column]
    if column == "evidence_source_ids":
        table.loc[label, column] = pd.NA
    elif isinstance(value, pd.Timestamp):
        table.loc[label, column] = value + pd.DateOffset(years=years)
        if "date_end" in table and pd.notna(table.loc[label, "date_end"]):
            table.loc[label, "date_end"] += pd.DateOffset(years=years)
    elif isinstance(value, str):
        table.loc[label, column] = "something else"
    elif pd.isna(value):
        table.loc[label, column] = 1.0
    else:
        table[column] = table[column].astype(float)
        table.loc[label, column] = -3 * value - 7
        if column == "value_low":
            table.loc[label, "value_high"] = -3 * value - 5
    return table


@pytest.mark.parametrize("claim_id", claims.CHECKS)
def test_computed_verdict_is_the_stored_one(claim_id):
    outcomes = claims.run(claim_id, PLAIN)
    found = "; ".join(part.found for part in outcomes)
    assert claims.verdict(outcomes) == STORED[claim_id], (
        f"{claim_id} is stored as {STORED[claim_id]}, but the tables say {claims.verdict(outcomes)}: {found}. Mend the "
        "verdict and the reason in claims.csv, or the row that is wrong."
    )


@pytest.mark.parametrize(("claim_id", "table", "label", "column"), CELLS)
def test_a_changed_cell_changes_verdict_or_figure(claim_id, table, label, column):
    before = claims.run(claim_id, PLAIN)
    after = claims.run(claim_id, {**PLAIN, table: changed(PLAIN[table], label, column)})
    says = [(claims.verdict(parts), [part.found for part in parts]) for parts in (before, after)]
    assert says[0] != says[1]


def alone(claim_id: str) -> list[tuple]:
    """The cell that decides alone: of the only part that holds, where one cell decides it."""
    parts = [part for part in claims.run(claim_id, PLAIN) if part.counts and part.holds is True]
    if STORED[claim_id] in (claims.DISPUTED, claims.OPINION):  # these words decide, whatever the other parts are
        return []
    return [(claim_id, *cell) for part in parts for cell in part.cells if len(parts) == len(part.cells) == 1]


DECISIVE = [cell for claim_id in claims.CHECKS for cell in alone(claim_id)]


@pytest.mark.parametrize(("claim_id", "table", "label", "column"), DECISIVE)
def test_a_changed_decisive_row_changes_the_verdict(claim_id, table, label, column):
    after = {
        claims.verdict(claims.run(claim_id, {**PLAIN, table: changed(PLAIN[table], label, column, years)}))
        for years in (-12, 12)
    }
    assert after != {STORED[claim_id]}


def test_every_claim_is_kept_and_at_least_forty_are_computed():
    assert CHECKED["claim_id"].tolist() == TABLES["claims"]["claim_id"].tolist()
    assert len(CHECKED) == 101
    assert CHECKED["computed"].notna().sum() == len(claims.CHECKS) >= 40
    assert CHECKED["agrees"].all()


def test_every_check_has_a_row_unless_its_answer_is_that_there_is_none():
    without = [claim for claim in claims.CHECKS if not any(part.cells for part in claims.run(claim, PLAIN))]
    assert without == []


def test_check_of_an_unknown_claim_names_it(monkeypatch):
    monkeypatch.setitem(claims.CHECKS, "nobody-99-said-this", (claims.untested("anything"),))
    with pytest.raises(KeyError, match="nobody-99-said-this"):
        claims.check(TABLES)


def test_disagreement_is_shown_on_the_page():
    wrong = {**TABLES, "claims": without_categories(TABLES["claims"])}
    row = wrong["claims"]["claim_id"] == "csw-09-eight-of-ten"
    wrong["claims"].loc[row, "verdict"] = "supported"
    said = claims.disagreements(claims.check(wrong))
    assert said == "csw-09-eight-of-ten: read as supported, computed as partly"
    assert claims.disagreements(CHECKED) == ""


def test_articles_of_one_origin_confirm_nothing():
    """An article that leans on the same press notice is no source; one that does not is."""
    workload = PLAIN["workload"].copy()
    rows = workload["measure"].eq("max_cases") & workload["provider_id"].eq("crc-dorset-devon-and-cornwall")
    for others, wanted in {
        "article-webster-2019 article-westcountry-2019": "not_verifiable",
        "article-webster-2019 hmip-ddc-report": "supported",
    }.items():
        workload.loc[rows, "other_source_ids"] = others
        outcomes = claims.run("newsquest-16-caseload-168", {**PLAIN, "workload": workload})
        assert claims.verdict(outcomes) == wanted


def test_what_is_supported_never_rests_on_the_articles_alone():
    articles = set(TABLES["claims"]["article_source_id"])
    supported = CHECKED[CHECKED["verdict"] == "supported"]
    used = supported["evidence_source_ids"].str.split().map(set)
    assert used.map(lambda sources: bool(sources - articles)).all()


@pytest.mark.parametrize(
    ("value", "qualifier", "expected"),
    [
        (257000, "about", (256500, 257500)),
        (40000, "about", (35000, 45000)),
        (33.3, "about", (33.25, 33.35)),
        (80, "exact", (80, 80)),
    ],
)
def test_about_means_every_number_that_rounds_to_it(value, qualifier, expected):
    assert claims.interval(value, qualifier) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("claimed", "found", "expected"),
    [
        ((248146, "exact"), (257000, "about"), False),
        ((150000, "more_than"), (163000, "about"), True),
        ((154000, "more_than"), (150000, "more_than"), None),
        ((467, "at_least"), (467, "at_least"), True),
        ((40000, "exact"), (40000, "about"), True),
        ((50, "less_than"), (50, "more_than"), False),
        ((12, "more_than"), (12, "exact"), False),
    ],
)
def test_agreement_of_hedged_figures(claimed, found, expected):
    assert claims.agree(claims.interval(*claimed), claims.interval(*found)) is expected


def test_rivals_that_need_not_count_the_same_dispute_and_do_not_contradict():
    """248,146 against about 257,000 in the same month; where the rival agrees, the figure stands."""
    claim_id, caseload = "csw-04-probation-248146", PLAIN["caseload"].copy()
    rival = caseload["source_id"].eq("pac-2019-inquiry") & caseload["measure"].eq("people_supervised")
    assert rival.sum() == 1
    for value, wanted in {257000: "disputed", 248000: "supported"}.items():
        caseload.loc[rival, "value"] = value
        assert claims.verdict(claims.run(claim_id, {**PLAIN, "caseload": caseload})) == wanted
    plain = claims.figure("caseload", "source_id == 'pac-2019-inquiry' and measure == 'people_supervised'")
    case = claims.Case(PLAIN["claims"].set_index("claim_id").loc[claim_id], PLAIN)
    assert plain(case).holds is False


def test_an_opinion_is_called_one_whatever_figures_stand_beside_it():
    opinions = CHECKED[CHECKED["verdict"] == claims.OPINION].set_index("claim_id")
    assert "unison-15-inquiry-needed" in opinions.index and "newsquest-07-expensive-waste" in opinions.index
    assert opinions.loc["newsquest-07-expensive-waste", "computed"] == claims.OPINION
    assert "467 million" in opinions.loc["newsquest-07-expensive-waste", "found"]


QUALIFIERS = st.sampled_from(["exact", "about", "at_least", "at_most", "more_than", "less_than"])
FIGURES = st.integers(1, 10**6)


@given(FIGURES, QUALIFIERS, FIGURES, QUALIFIERS)
def test_agreement_is_never_claimed_where_the_figures_exclude_each_other(value, hedge, other, other_hedge):
    claimed, found = claims.interval(value, hedge), claims.interval(other, other_hedge)
    disjoint = claimed[0] > found[1] or found[0] > claimed[1]
    assert (claims.agree(claimed, found) is False) == disjoint
    assert claims.agree(claimed, claimed) is True


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ([True, True], "supported"),
        ([True, None], "partly"),
        ([True, False], "partly"),
        ([False, None], "contradicted"),
        ([None], "not_verifiable"),
        ([True, claims.DISPUTED, False], "disputed"),
        ([True, claims.DISPUTED, claims.OPINION], "opinion"),
    ],
)
def test_verdict_of_parts(holds, expected):
    parts = tuple(claims.Outcome("", hold) for hold in holds)
    assert claims.verdict(parts) == expected
    assert claims.verdict((*parts, claims.Outcome("", False, counts=False))) == expected


def test_counts_add_up():
    table = claims.articles(TABLES["claims"])
    assert table["claims"].sum() == 101
    assert table["from_the_press_notice"].sum() == 36
    assert claims.by_verdict(TABLES["claims"], "theme").to_numpy().sum() == 101


def test_repeated_statements_of_one_origin():
    rows = claims.repeated(TABLES["claims"])
    assert len(rows) == TABLES["claims"]["same_claim"].notna().sum()
    origin = rows.drop_duplicates("same_claim").set_index("same_claim")["one_origin"]
    assert origin["caseload-168"] and not origin["contracts-end-early"]


def test_the_two_puzzles():
    counts = claims.inadequate_counts(TABLES)
    assert counts[["low", "of"]].to_numpy().tolist() == [[1, 21], [8, 10], [9, 13]]
    totals = staffing.rival_totals(TABLES["caseload"], "2018-09-01", "2019-10-31").set_index("source_id")["value"]
    article = totals["article-csw-2019"]
    assert totals["pac-2019-inquiry"] - article == 8854
    assert totals["probation-journal-2019"] - article == 10011


def test_sentences_hold_the_counts():
    counts = CHECKED["verdict"].astype(str).value_counts().to_dict()
    assert counts == {
        "supported": 42,
        "partly": 27,
        "not_verifiable": 22,
        "opinion": 7,
        "disputed": 2,
        "contradicted": 1,
    }
    assert CHECKED["computed"].notna().sum() == 67
    shared = CHECKED[CHECKED["shared_origin"].notna()]
    assert (len(shared), shared["article_source_id"].nunique()) == (36, 3)


@pytest.mark.parametrize("words", ["Good", None])
def test_words_that_do_not_fit_the_check_are_named_with_their_claim(words):
    wrong = without_categories(TABLES["claims"])
    wrong.loc[wrong["claim_id"] == "newsquest-03-reform-2014", "value_text"] = words
    wrong.loc[wrong["claim_id"] == "csw-09-eight-of-ten", "value_text"] = words
    with pytest.raises(ValueError, match="do not fit its check in CHECKS"):
        claims.check({**TABLES, "claims": wrong})


def test_tables_name_every_claim_and_every_document():
    assert claims.claim_table(CHECKED)["claim_id"].tolist() == CHECKED["claim_id"].tolist()
    documents = claims.evidence_table(CHECKED)
    used = set(CHECKED["evidence_source_ids"].dropna().str.split().explode())
    assert used <= set(documents["source_id"]) <= set(TABLES["sources"]["source_id"])
    assert documents["source_id"].is_unique


# ------------------------------------------------------------------------------- what the notebook draws


def explorer():
    return cells.explorers("09")["claims-explorer"]


def test_one_row_a_claim_and_no_empty_label():
    rows = explorer().every
    assert len(rows) == len(CHECKED) == 101
    assert not rows.isna().any().any()


def test_every_choice_filters_to_rows_of_its_own():
    made = explorer()
    for control in made.controls:
        shown = [made.matching({**made.start, control.name: value}) for value in control.values]
        assert len(shown[0]) == sum(map(len, shown[1:])) == 101
        assert all(len(rows) for rows in shown)
        for value, rows in zip(control.values, shown):
            assert made.finding({**made.start, control.name: value}).startswith(f"{len(rows)} of 101 claims: ")
    assert made.finding({**made.start, "which_theme": "Money", "which_verdict": "Contradicted"}) == NOTHING


def test_every_repeated_statement_has_a_label():
    assert set(claims.repeated(CHECKED)["same_claim"]) == set(claims.STATEMENTS)


def test_squares_are_as_many_as_were_counted():
    squares, counts = cells.run("09").names.squares, claims.inadequate_counts(TABLES)
    assert len(squares) == counts["of"].sum()
    assert (squares["counted"] == "found wanting").sum() == counts["low"].sum()
