"""The search on the page of notebook 11, from disk: its results, its filters, its words where nothing is found."""

import gzip
import json

import pandas as pd
import pytest

from helpers import data, drawn, find
from helpers.publish import notebooks
from helpers.publish.site import build, search
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
QUERIES += ["réoffending wales", "resettlement unison", "", "?!", "inspector's", "a", "zz"]
QUERIES += [
    "union job cuts 2014",
    "How many probation ministers were there in 2019?",
    "policies",
    "staff resetlement zebra",
]
CHOICES = [
    ("essex", {"body": "Essex CRC"}),
    ("", {"body": "Wales CRC; Wales region", "until": "2018"}),
    ("staff", {"kind": "CRC", "hedge": "at least, more than", "since": "2016"}),
    ("resettlement", {"theme": "Claims", "hedge": "about"}),
    ("essex zebra", {"publisher": "HM Inspectorate of Probation"}),
    ("", {"basis": "implied", "theme": "Money and contracts"}),
    ("union job cuts zebra", {"theme": "Staff", "until": "2015"}),
    ("union job cuts zebra", {"theme": "Reoffending"}),
    ("cost", {"since": "2020", "until": "2012"}),
]


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


def read_index(site):
    text = (site / "find-index.js").read_text(encoding="ascii")
    return json.loads(text.removeprefix("findIndex(").removesuffix(");\n"))


def test_the_index_is_small_and_holds_every_row_once(site, rows):
    assert len(gzip.compress((site / "find-index.js").read_bytes())) <= LARGEST
    index = read_index(site)
    assert index["n"] == len(rows) and set(index["columns"]) == set(search.COLUMNS)
    for name, held in index["columns"].items():
        cells = held if isinstance(held, list) else [held["v"][place] for place in held["i"]]
        assert name == "chart" or cells == rows[name].tolist(), name
    assert set(index["sources"]) == set(rows["source_id"])


def test_a_hit_leads_to_the_chart_that_draws_it(site, rows, page):
    index = read_index(site)
    held = index["columns"]["chart"]
    places = [held["v"][place] for place in held["i"]]
    found = drawn.of_rows(rows, {name: data.load(name) for name in find.NEEDED}, drawn.charts())
    assert [place != "" for place in places] == (found["figure"] >= 0).tolist()
    for place in index["charts"]:
        name, _, chart = place.partition("#")
        assert f'id="{chart}"' in (site / name).read_text(encoding="utf-8")
    visit(page, site)
    page.locator("#find-text").fill("charged further offence")
    link = page.locator(".hits a[href*='chart-10-national-explorer?measure=']").first
    wanted = link.get_attribute("href")
    link.click()
    page.wait_for_selector("#chart-10-national-explorer.drawn")
    assert page.url.endswith(wanted)
    chosen = page.locator("#chart-10-national-explorer--measure").evaluate(
        "list => list.selectedOptions[0].textContent"
    )
    assert "further offence" in chosen
    clean(page)


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
        if found.empty:
            found = finder.nearly(query)
        said = page.locator(".hits li").all_text_contents()
        assert len(said) == min(len(found), find.SHOWN)
        for text, row in zip(said, found.itertuples()):
            for part in (row.what, row.whom, row.how_much, row.when, row.note, row.publisher):
                assert part in text
    clean(page)


@pytest.mark.parametrize(("text", "choices"), CHOICES)
def test_the_choices_leave_and_offer_what_they_do_in_python(site, rows, page, text, choices):
    finder = find.Finder(rows)
    visit(page, site)
    page.locator(".narrow summary").click()
    page.locator("#find-text").fill(text)
    for name, wanted in choices.items():
        page.evaluate(SET, [f"find-{name}", wanted.split("; ")[0] if name == "body" else wanted])
        if ";" in wanted:
            page.get_by_role("checkbox", name="With the bodies before and after it").check()
    choices = {**choices, **({"body": "Wales CRC; Wales region"} if "body" in choices and text == "" else {})}
    found = finder.search(text, **choices)
    assert page.locator(".found").text_content() == finder.say(text, found, **choices)
    if found.empty:
        found = finder.nearly(text, **choices)
    assert page.locator(".hits strong").count() == min(len(found), find.SHOWN)
    for name, counts in finder.offers(text, **choices).items():
        left = {
            option: count for option, count in counts.items() if count or option == choices.get(name, "").split(";")[0]
        }
        wanted = [f"{option} ({count:,})" for option, count in left.items()] if any(counts.values()) else [*counts]
        assert page.evaluate(OFFERED, f"find-{name}") == wanted
    assert page.locator(".narrow summary").text_content() == f"Narrow down ({len(choices)} chosen)"
    page.get_by_role("button", name="Clear").click()
    until(page, "said => document.querySelector('.found').textContent === said", f"{len(rows):,} rows can be searched.")
    clean(page)


# Chooses an option, also one that is not offered now, as a choice that was made before another may be.
SET = """([id, value]) => { const list = document.getElementById(id); list.value = value;
  list.dispatchEvent(new Event("input", { bubbles: true })); }"""
OFFERED = "id => [...document.getElementById(id).options].filter(o => o.value && !o.hidden).map(o => o.textContent)"


@pytest.mark.parametrize(("button", "name"), [("CSV", "found.csv"), ("workbook (xlsx)", "found.xlsx")])
def test_what_was_found_is_taken_away_as_python_writes_it(site, rows, page, tmp_path, button, name):
    visit(page, site)
    page.locator("#find-text").fill("vacancies")
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    assert download.value.suggested_filename == name
    download.value.save_as(tmp_path / name)
    found = drawn_rows(rows).search("vacancies")
    wanted = find.save(found, data.load("sources"), tmp_path / f"python-{name}", "vacancies")
    if name.endswith(".csv"):
        assert (tmp_path / name).read_bytes() == wanted.read_bytes()
    else:
        for sheet in ("found", "about"):
            pages = [
                pd.read_excel(path, sheet_name=sheet, header=None, dtype=str) for path in (tmp_path / name, wanted)
            ]
            kept = [page.fillna("").to_numpy().tolist() for page in pages]
            assert kept[0] == (kept[1] if sheet == "found" else kept[1][1:])
    assert page.locator(".found").text_content() == f"{len(found)} rows saved as {name}."
    clean(page)


def drawn_rows(rows):
    return find.Finder(find.charted(rows, {name: data.load(name) for name in find.NEEDED}))


def test_filters_by_keyboard_and_links_to_sources(site, rows, page):
    visit(page, site)
    page.keyboard.type("staff")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # opens what is folded
    page.keyboard.press("Tab")
    page.keyboard.type("Claims")
    found = find.search(rows, "staff", theme="Claims")
    until(page, "said => document.querySelector('.found').textContent === said", find.Finder(rows).say("staff", found))
    for name in ("body", "kind", "publisher"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == f"find-{name}"
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
            opened.locator(".narrow").evaluate("fold => { fold.open = true; }")
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
    tables = {name: data.load(name, folder) for name in find.NEEDED}
    places = dict.fromkeys(tables["sources"]["source_id"], ("sources-1.html", site_samples.HOSTILE))
    kept = (site / "find-index.js").read_text(encoding="utf-8")
    (site / "find-index.js").write_text(search.index(tables, [], places), encoding="utf-8")
    try:
        visit(page, site)
        page.locator("#find-text").fill("hostile staff")
        assert page.locator(".hits li").count() == find.SHOWN
        for button, name in (("CSV", "found.csv"), ("workbook (xlsx)", "found.xlsx")):
            with page.expect_download() as download:
                page.get_by_role("button", name=button, exact=True).click()
            download.value.save_as(tmp_path / name)
        cells = pd.read_csv(tmp_path / "found.csv", dtype=str).fillna("")
        assert not cells.apply(lambda column: column.str.match(r"[=+\-@]")).any(axis=None)
        assert cells.apply(lambda column: column.str.startswith("'=")).any(axis=None)
        assert pd.read_excel(tmp_path / "found.xlsx", dtype=str).fillna("").equals(cells)
        page.locator("#find-text").fill(site_samples.HOSTILE)
        page.wait_for_timeout(100)
        assert page.evaluate("window.hostile") is None and page.locator("img[src='x']").count() == 0
        clean(page)
    finally:
        (site / "find-index.js").write_text(kept, encoding="utf-8")
