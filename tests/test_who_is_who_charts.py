"""The explorer of places and the list of sources."""

import pytest
from bs4 import BeautifulSoup

from helpers import compare, data, who_is_who, who_is_who_charts

PROVIDERS, SOURCES = data.load("providers"), data.load("sources")
PLACED = who_is_who.placements(PROVIDERS, data.load("divisions_and_regions"), data.load("ownership"))


@pytest.fixture(scope="module")
def explorer():
    return who_is_who_charts.places_explorer(PLACED, SOURCES)


def test_every_place_is_drawn_with_its_source(explorer):
    assert len(explorer.every) == len(PLACED)
    assert explorer.every["source"].notna().all()
    spec = explorer.spec()
    assert spec["description"]
    assert set(spec["usermeta"]["source_ids"]) == set(PLACED["source_id"])


@pytest.mark.parametrize("grouping", who_is_who.GROUPINGS.values())
def test_each_grouping_says_something_of_its_own(explorer, grouping):
    said = explorer.finding({"grouping": grouping})
    assert said == who_is_who.say_placed(PLACED, grouping)
    assert len(explorer.matching({"grouping": grouping})) == (PLACED["grouping"] == grouping).sum()


def test_every_way_of_knowing_has_a_shape():
    assert set(who_is_who_charts.SHAPES) == {*who_is_who.HOW, who_is_who.UNKNOWN}
    assert len(set(who_is_who_charts.SHAPES.values())) == len(who_is_who_charts.SHAPES)


def test_the_list_holds_every_source_once_and_links_pages_only():
    shown = who_is_who_charts.source_list(who_is_who.source_rows(SOURCES), "Every source")
    page = BeautifulSoup(shown.markup, "html.parser")
    assert len(page.select("li li")) == len(SOURCES)
    assert len(page.select("details > ul > li")) == SOURCES["publisher"].nunique()
    links = [link["href"] for link in page.select("a")]
    assert sorted(links) == sorted(SOURCES.loc[SOURCES["url_kind"] == "page", "url"])
    assert shown.text.endswith(f"and {len(SOURCES) - 5} more documents")


def test_a_changed_address_is_named():
    rows = who_is_who.source_rows(SOURCES)
    before, after = (
        who_is_who_charts.source_list(table, "Every source").markup
        for table in (rows, rows.assign(url=rows["url"].str.replace("/news/uk-30344262", "/news/uk-30344263")))
    )
    said = compare.html_differences(before, after)
    assert len(said) == 1
    assert "uk-30344262" in said[0] and "uk-30344263" in said[0]
