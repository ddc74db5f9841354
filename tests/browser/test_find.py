"""The search on the page of notebook 11, from disk: its results, its filters, its words where nothing is found."""

import gzip
import json

import pytest

from helpers import data, find
from helpers.publish import notebooks
from helpers.publish.site import build, figures
from tests import site_samples
from tests.browser import driver
from tests.browser.test_site import STILL, WCAG, beside, clean, until

pytestmark = pytest.mark.skipif(driver.chromium() is None, reason="no Chromium or Chrome on this machine")

LARGEST = 300_000  # bytes of the index as it travels
NAME = "11_every_figure.html"
LOADED = "document.querySelector('.found').textContent !== ''"
QUERIES = [
    "essex",
    "unpaid WORK essex",
    "resetlement",
    "resetlemant",
    "qqqqqqqq",
    "3,700",
    "45.6",
    "KSS",
    "unison cuts",
]
QUERIES += ["réoffending wales", "resettlement unison", "", "?!", "inspector's", "a"]


@pytest.fixture(scope="module")
def rows():
    return find.figures({name: data.load(name) for name in find.NEEDED})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build.build(notebooks.FOLDER, data.DATA, tmp_path_factory.mktemp("built") / "a site")


@pytest.fixture(scope="module")
def page():
    with driver.page(1300, 900) as opened:
        yield opened


def visit(page, site):
    page.problems.clear()
    page.refused.clear()
    page.goto("about:blank")
    page.goto(f"file://{site}/{NAME}")
    assert page.locator("script[src='find-index.js']").count() == 0, "the index waits until it is asked for"
    page.get_by_role("searchbox", name="Search", exact=True).focus()
    until(page, LOADED)


def test_the_index_is_small_and_holds_every_row_once(site, rows):
    text = (site / "find-index.js").read_bytes()
    assert len(gzip.compress(text)) <= LARGEST
    index = json.loads(text.decode("ascii").removeprefix("findIndex(").removesuffix(");\n"))
    assert index["n"] == len(rows)
    for name, held in index["columns"].items():
        cells = held if isinstance(held, list) else [held["v"][place] for place in held["i"]]
        assert cells == rows[name].tolist(), name
    assert set(index["sources"]) == set(rows["source_id"])


def test_the_page_finds_and_says_what_python_finds_and_says(site, rows, page):
    finder = find.Finder(rows)
    visit(page, site)
    field = page.locator("#find-text")
    for query in QUERIES:
        found = finder.search(query)
        field.fill(query)
        if not find.words_of(query):
            assert page.locator(".found").text_content() == f"{len(rows):,} rows can be searched."
            continue
        assert page.locator(".found").text_content() == finder.say(query, found)
        said = page.locator(".hits li").all_text_contents()
        assert len(said) == min(len(found), find.SHOWN)
        for text, row in zip(said, found.itertuples()):
            for part in (row.what, row.whom, row.how_much, row.when, row.note, row.publisher):
                assert part in text
    clean(page)


def test_filters_by_keyboard_and_links_to_sources(site, rows, page):
    visit(page, site)
    page.keyboard.type("staff")
    page.keyboard.press("Tab")
    page.keyboard.type("Claims")
    found = find.search(rows, "staff", theme="Claims")
    until(page, "said => document.querySelector('.found').textContent === said", find.Finder(rows).say("staff", found))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "find-publisher"
    page.locator("#find-publisher").select_option(found["publisher"].iloc[0])
    assert page.locator(".hits li").count() == (found["publisher"] == found["publisher"].iloc[0]).sum()
    page.locator("#find-text").press("Enter")
    assert NAME in page.url, "Enter leaves the page where it is"
    page.locator(".hits a").first.click()
    page.wait_for_selector("tr:target")
    assert "sources-" in page.url
    clean(page)


@pytest.mark.parametrize(("width", "scheme"), [(1300, "light"), (390, "light"), (390, "dark")])
def test_no_violation_of_wcag_and_nothing_wider_than_a_phone(site, page, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with beside(page, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce") as opened:
        opened.set_viewport_size({"width": width, "height": 844})
        visit(opened, site)
        for query in ("essex", "resetlemant"):
            opened.locator("#find-text").fill(query)
            until(opened, STILL)
            assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
            options = {"runOnly": WCAG, "resultTypes": ["violations"]}
            assert Axe().run(opened, options=options).response["violations"] == []


def test_without_script_the_page_says_where_the_figures_are(site, page):
    with beside(page, java_script_enabled=False) as opened:
        opened.goto(f"file://{site}/{NAME}")
        assert "tables below" in opened.locator(".find").text_content()
        assert opened.locator("article details table").count() > 10


def test_hostile_text_stays_text(site, tmp_path, page):
    folder = site_samples.hostile_data(tmp_path / "data")
    hostile = find.figures({name: data.load(name, folder) for name in find.NEEDED})
    places = dict.fromkeys(hostile["source_id"], ("sources-1.html", site_samples.HOSTILE))
    kept = (site / "find-index.js").read_text(encoding="utf-8")
    (site / "find-index.js").write_text(figures.search_index(hostile, places), encoding="utf-8")
    try:
        visit(page, site)
        page.locator("#find-text").fill("hostile staff")
        assert page.locator(".hits li").count() == find.SHOWN
        page.locator("#find-text").fill(site_samples.HOSTILE)
        page.wait_for_timeout(100)
        assert page.evaluate("window.hostile") is None and page.locator("img[src='x']").count() == 0
        clean(page)
    finally:
        (site / "find-index.js").write_text(kept, encoding="utf-8")
