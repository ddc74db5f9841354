"""What is here and what is missing: the chart keeps every row, the sentences agree with the tables."""

import pytest

from helpers import coverage, coverage_charts, data

TABLES = {name: data.load(name) for name in data.tables().index}
KNOWN = coverage.coverage(TABLES)


@pytest.mark.parametrize("order", coverage_charts.ORDERS.values())
def test_every_row_is_kept_in_every_order(order):
    rows = coverage_charts.coverage_rows(KNOWN, order)
    assert sorted(rows["measure"]) == sorted(KNOWN["measure"])
    assert rows["rank"].tolist() == list(range(len(KNOWN)))
    shares = rows["share_percent"]
    assert {"theme": True, "missing": shares.is_monotonic_increasing, "known": shares.is_monotonic_decreasing}[order]


def test_explorer_speaks_of_the_theme_chosen():
    explorer = coverage_charts.coverage_explorer(KNOWN, TABLES["band_distribution"]["source_id"], TABLES["sources"])
    for theme in KNOWN["theme"].unique():
        matching = explorer.matching({"subject": theme, "order": "theme"})
        assert set(matching["theme"]) == {theme}
        assert matching["text"].iloc[0] in explorer.finding({"subject": theme, "order": "theme"}) or len(matching) > 2


def test_sentences_hold_the_figures_of_the_tables():
    assert "7 divisions" in coverage.say_reform(TABLES["providers"], TABLES["ownership"])
    assert "21 Community" in coverage.say_reform(TABLES["providers"], TABLES["ownership"])
    outcome = coverage.say_outcome(TABLES["band_distribution"])
    assert "5 of 7 NPS divisions and 1 of 21 companies" in outcome
    assert f"{len(TABLES['sources']):,} documents" in coverage.say_collection(TABLES, data.tables())
    hedges = coverage.qualifiers(TABLES)
    assert f"{hedges['figures'].sum():,} figures" in coverage.say_hedges(hedges)


def test_collection_lists_every_table_with_its_rows():
    listed = coverage.collection(TABLES, data.tables())
    assert listed.set_index("table")["rows"].to_dict() == {name: len(table) for name, table in TABLES.items()}
