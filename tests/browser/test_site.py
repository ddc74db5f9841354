"""The rendered collection as a reader meets it, from disk and over http, with every outside request refused."""

import contextlib
import functools
import gzip
import http.server
import threading
import time
import zipfile
from urllib.parse import unquote

import pytest

from helpers import data
from helpers.publish import notebooks
from helpers.publish.site import build
from tests import site_samples
from tests.browser import driver

pytestmark = pytest.mark.skipif(driver.chromium() is None, reason="no Chromium or Chrome on this machine")

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TRANSFER = 150_000  # bytes of one page beside the scripts that all pages share
DRAWN = "[...document.querySelectorAll('figure.chart')].every(f => f.classList.contains('drawn'))"
SHARES = 4  # of the pages, so that two workers are done at about the same time
MOST_STEPS = 40  # of a control until the chart must have changed
STILL = "document.getAnimations().every(each => each.playState !== 'running')"
PAPER = 688  # pixels across A4 within its margins
NUMBERED = [path.stem for path in notebooks.paths()]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build.build(notebooks.FOLDER, data.DATA, tmp_path_factory.mktemp("built") / "a site")


@pytest.fixture(scope="module")
def served(site):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page():
    with driver.page(1300, 900, accept_downloads=True) as opened:
        yield opened


@contextlib.contextmanager
def beside(page, **options):
    """Another page of the same browser, with options of its own."""
    context = page.context.browser.new_context(viewport={"width": 1300, "height": 900}, **options)
    opened = context.new_page()
    opened.refused, opened.problems = [], []
    yield opened
    context.close()


def until(page, expression, arg=None, seconds=20):
    """Waits for an expression; Playwright's own waiting evaluates strings, which the pages' policy refuses."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression, arg):
        assert time.monotonic() < deadline, f"{page.url}: never came true: {expression}"
        time.sleep(0.02)


def visit(page, address, wait=DRAWN):
    page.refused.clear()
    page.problems.clear()
    page.goto("about:blank")
    page.goto(address)
    until(page, wait, seconds=30)
    return page


def clean(page):
    assert page.refused == []
    assert page.problems == []


def transferred(path):
    """What travels over http: text is compressed on its way, pictures are already."""
    content = path.read_bytes()
    return gzip.compress(content) if path.suffix in (".html", ".js", ".css") else content


def names(site):
    """Every page, and some of the charts' own, which are all made alike."""
    charts = sorted(path.relative_to(site).as_posix() for path in site.glob("charts/*.html"))
    return sorted(path.name for path in site.glob("*.html")) + charts[::15]


def picture(drawn):
    """What a chart shows, as text."""
    return drawn.evaluate("svg => svg.innerHTML")  # without the description, which changes with every choice


def moving(page):
    """The figures that have controls."""
    return page.locator("figure.chart:has(.choices [id])").all()


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_every_page_stays_within_the_folder_and_within_its_weight(site, served, page, scheme):
    base = f"file://{site}" if scheme == "file" else served
    heavy = {}
    for name in names(site):
        asked = set()
        page.on("request", note := lambda request, asked=asked: asked.add(request.url))
        page.set_viewport_size({"width": 1300, "height": 900})
        visit(page, f"{base}/{name}")
        page.remove_listener("request", note)
        clean(page)
        own = [unquote(url).partition("#")[0] for url in asked if url.startswith(base) or "a%20site" in url]
        own = [url.replace(base, "").lstrip("/") for url in own if "_static" not in url and "searchindex" not in url]
        size = sum(len(transferred(site / url)) for url in own if (site / url).is_file())
        if size > TRANSFER:
            heavy[name] = size
        page.set_viewport_size({"width": 390, "height": 800})
        page.wait_for_timeout(50)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than a phone"
    assert heavy == {}


@pytest.mark.parametrize("part", range(SHARES))
def test_no_violation_of_wcag_on_any_page_light_dark_wide_narrow(site, page, part):
    from axe_playwright_python.sync_playwright import Axe

    axe, found, every = Axe(), [], names(site)
    # Pages of providers and of tables are all made of one piece: the first is looked at in every way, others in one.
    alike = [name for kind in ("provider-", "table-") for name in [n for n in every if n.startswith(kind)][1:]]
    # Everything is opened once, wide; what is dark differs in its colours alone.
    ways = (
        (1300, "light", WCAG, True),
        (390, "light", WCAG, False),
        (390, "dark", ["color-contrast"], False),
        (1300, "dark", ["color-contrast"], False),
    )
    with beside(page, bypass_csp=True) as opened:
        for name in every[part::SHARES]:
            opened.set_viewport_size({"width": 1300, "height": 900})
            opened.emulate_media(color_scheme="light", reduced_motion="reduce")
            visit(opened, f"file://{site}/{name}")
            # One row of a table of the data is made like the next, and there are thousands.
            opened.evaluate("document.querySelectorAll('.all-rows tr:nth-child(n + 30)').forEach(row => row.remove())")
            for width, scheme, rules, is_open in ways[:1] if name in alike else ways:
                resized = opened.viewport_size["width"] != width
                opened.set_viewport_size({"width": width, "height": 900})
                opened.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                opened.evaluate("open => document.querySelectorAll('details').forEach(d => { d.open = open })", is_open)
                opened.wait_for_timeout(300 if resized else 50)  # charts are drawn anew a moment after
                until(opened, DRAWN)
                until(opened, STILL)  # colours change over a moment
                options = {"runOnly": rules, "resultTypes": ["violations"]}
                for broken in axe.run(opened, options=options).response["violations"]:
                    found.append(f"{name} {width} {scheme}: {broken['id']}: {broken['nodes'][0]['html'][:160]}")
    assert found == []


@pytest.mark.parametrize("name", NUMBERED)
def test_every_control_works_by_keyboard_and_the_address_holds_it(site, page, name):
    page.set_viewport_size({"width": 1300, "height": 900})
    visit(page, f"file://{site}/{name}.html")
    figures = moving(page)
    assert figures, "a notebook has at least one explorer"
    for figure in figures:
        id_ = figure.get_attribute("id")
        start = picture(figure.locator("svg").first)
        for control in figure.locator(".choices select, .choices input[type=range], .choices fieldset").all():
            field = control.locator("input:checked") if control.evaluate("e => e.tagName") == "FIELDSET" else control
            assert control.evaluate("e => (e.labels?.[0] ?? e.querySelector('legend')).textContent.trim().length") > 2
            field.focus()
            key = "ArrowDown" if field.get_attribute("type") != "range" else "ArrowRight"
            page.keyboard.press(key)
            until(page, "id => location.hash.startsWith('#' + id + '?')", id_)
            assert figure.locator(".status").text_content()
            # Not every step changes what is drawn, but some must.
            shown = figure.locator("svg").first
            for _ in range(MOST_STEPS):
                if changed := picture(shown) != start:
                    break
                page.keyboard.press(key)
                page.wait_for_timeout(100)
            assert changed, f"{id_}: {control.get_attribute('id')} moves nothing"
            figure.get_by_role("button", name="Back to the start values").press("Enter")
            until(page, "id => location.hash === '#' + id", id_)
        assert len(picture(figure.locator("svg").first)) == pytest.approx(len(start), rel=0.1)
    clean(page)


def test_a_list_brings_out_a_service_and_the_reset_lets_it_go(site, page):
    page.set_viewport_size({"width": 1300, "height": 900})
    visit(page, f"file://{site}/02_nps_v_crc.html#chart-02-grid?service=London+CRC&round=2019-20")
    figure = page.locator("#chart-02-grid")
    brought_out = figure.get_by_label("Service to bring out")
    assert brought_out.evaluate("e => e.selectedOptions[0].textContent") == "London CRC"
    faded = "[...document.querySelectorAll('#chart-02-grid svg [opacity=\"0.25\"]')].length"
    until(page, f"() => {faded} > 200")
    figure.get_by_role("button", name="Back to the start values").click()
    until(page, f"() => {faded} === 0")
    brought_out.select_option("NPS Wales")
    until(page, f"() => {faded} > 200")
    assert figure.locator(".status").text_content().startswith("NPS Wales: ")
    assert "service=NPS+Wales" in figure.get_by_role("link", name="Link to these choices").get_attribute("href")
    compared = page.locator("#chart-02-league").get_by_label("Compare all with")
    assert compared.evaluate("e => e.selectedOptions[0].textContent") == "London CRC"
    clean(page)


def test_a_chart_goes_into_an_article_with_its_choices(served, page):
    page.set_viewport_size({"width": 1300, "height": 900})
    visit(page, f"{served}/04_staff_cuts.html")
    figure = page.locator("#chart-04-caseload-explorer")
    figure.locator(".choices select").select_option(index=2)
    chosen = figure.locator(".choices select").evaluate("e => e.selectedOptions[0].textContent")
    figure.locator(".use summary").press("Enter")
    code = figure.get_by_label("Code of the frame").text_content()
    assert f'src="{served}/charts/chart-04-caseload-explorer.html#' in code
    assert not figure.get_by_text("Put the address of this page's folder before").count()
    with beside(page) as article:
        said = []
        article.on("console", lambda message: said.append(message.text))
        article.set_content(f"<html lang='en'><title>x</title><p>An article.</p>{code}</html>")
        frame = article.frame_locator("iframe")
        frame.locator("figure.drawn svg[aria-label]").wait_for(state="attached")
        assert frame.locator(".choices select").evaluate("e => e.selectedOptions[0].textContent") == chosen
        before = frame.locator("svg").first.text_content()
        frame.locator(".choices select").select_option(index=0)
        assert frame.locator("svg").first.text_content() != before
        frame.locator(".rows summary").click()
        assert frame.locator(".rows tbody a[href^='../sources-']").count() > 5
        with article.context.expect_page() as opened:
            frame.get_by_role("link", name="04 Staff cuts").click()
        assert opened.value.url == f"{served}/04_staff_cuts.html#chart-04-caseload-explorer"
        assert article.frames[1].url.startswith(f"{served}/charts/") and said == []
    clean(page)


def test_every_page_of_a_chart_is_light(site):
    for path in sorted(site.glob("charts/*.html")):
        files = [path, path.with_suffix(".js"), site / "_static" / "frame.css"]
        assert sum(len(transferred(file)) for file in files) < TRANSFER / 3, path.name


def test_choices_in_the_address_are_restored_and_wrong_ones_are_left_out(tmp_path, page):
    folder = site_samples.collection(tmp_path / "notebooks")
    site = build.build(folder, data.DATA, tmp_path / "site")
    visit(page, f"file://{site}/01_sample.html#chart-01-moving?kind=posts&least=300&who=nowhere&odd=%3Cimg%3E")
    figure = page.locator("#chart-01-moving")
    assert figure.locator("input[type=radio]:checked").first.evaluate("e => e.parentNode.textContent.trim()") == "posts"
    assert figure.locator("output").text_content() == "300 people"
    assert figure.locator("select").evaluate("e => e.selectedIndex") == 0
    said = figure.locator(".status").text_content()
    assert "nowhere" in said and "odd: <img>" in said and figure.locator(".status.seen").is_visible()
    assert "posts rows from 300" in figure.locator("svg[aria-label]").get_attribute("aria-label")
    shown = figure.locator("svg").text_content()
    link = figure.get_by_role("link", name="Link to these choices").get_attribute("href")
    visit(page, f"file://{site}/01_sample.html{link}")
    assert page.locator("#chart-01-moving svg").text_content() == shown
    clean(page)


def test_tables_and_downloads(tmp_path, page):
    folder = site_samples.collection(tmp_path / "notebooks")
    site = build.build(folder, data.DATA, tmp_path / "site")
    visit(page, f"file://{site}/01_sample.html")
    figure = page.locator("#chart-01-moving")
    figure.locator("summary", has_text="Table of the data").press("Enter")
    until(page, "document.querySelectorAll('#chart-01-moving .rows tbody tr').length > 5")
    table = figure.locator(".rows table")
    rows = table.locator("tbody tr").count()
    assert f"{rows} of" in table.locator("caption").text_content()
    assert table.locator("thead th[scope=col]").count() == table.locator("tbody tr").first.locator("td, th").count()
    assert table.locator("tbody a[href^='sources-']").count() >= rows
    figure.locator("input[type=range]").focus()
    page.keyboard.press("End")
    until(page, "before => document.querySelectorAll('#chart-01-moving .rows tbody tr').length < before", rows)
    for label, suffix, opening in (("SVG", "svg", b"<svg"), ("PNG", "png", b"\x89PNG")):
        with page.expect_download() as got:
            figure.get_by_role("button", name=label).click()
        path = tmp_path / f"picture.{suffix}"
        got.value.save_as(path)
        assert got.value.suggested_filename == f"chart-01-moving.{suffix}" and path.read_bytes().startswith(opening)
    href = figure.get_by_role("link", name="table with method").get_attribute("href")
    assert zipfile.ZipFile(site / href).testzip() is None
    clean(page)


@pytest.mark.parametrize("name", ["01_timeline", "06_reoffending", "10_after_reunification"])
def test_a_control_named_as_its_column_begins_with_all_rows(site, page, name):
    visit(page, f"file://{site}/{name}.html")
    for figure in moving(page):
        figure.locator("summary", has_text="Table of the data").press("Enter")
        figure.locator(".rows caption").first.wait_for(state="attached")
        captions = figure.locator(".rows caption").all_text_contents()
        assert captions and not [caption for caption in captions if ": 0 of " in caption]


def test_the_rows_of_a_table_are_found_by_their_words(site, page):
    visit(page, f"file://{site}/table-ratings.html")
    shown = page.locator(".all-rows tbody tr").filter(visible=True)
    every = shown.count()
    assert every == len(data.load("ratings"))
    page.get_by_label("Rows with the words").fill("crc-london Overall")
    said = page.locator(".filter output").text_content()
    assert 0 < shown.count() < every and said == f"{shown.count()} of {every} rows"
    assert all("crc-london" in text and "overall" in text for text in shown.all_text_contents())
    page.get_by_label("Rows with the words").fill("")
    assert shown.count() == every
    clean(page)


def test_a_term_explains_itself_by_pointer_keyboard_and_touch(site, page):
    page.set_viewport_size({"width": 1300, "height": 900})
    visit(page, f"file://{site}/03_case_quality.html")
    term, tip = page.locator("a.term").first, page.get_by_role("tooltip")
    meaning = page.locator(f"#{term.get_attribute('aria-describedby')}").text_content()
    assert not tip.is_visible()
    term.hover()
    assert tip.text_content() == meaning
    tip.hover()  # it stays for who reads it
    page.wait_for_timeout(500)
    assert tip.is_visible()
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    page.mouse.move(0, 0)
    term.focus()
    assert tip.is_visible()
    page.keyboard.press("Tab")
    until(page, "document.querySelector('.tip').hidden")
    clean(page)
    with beside(page, has_touch=True, is_mobile=True) as phone:
        phone.set_viewport_size({"width": 320, "height": 700})
        visit(phone, f"file://{site}/03_case_quality.html")
        for link in phone.locator("a.term").all()[:4]:
            link.tap()
            shown = phone.get_by_role("tooltip")
            assert shown.is_visible() and "Touch the term again" in shown.text_content()
            box = shown.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 320
        phone.touchscreen.tap(5, 300)
        assert not phone.get_by_role("tooltip").is_visible()
        link.tap()
        link.tap()
        phone.wait_for_url("**/glossary.html#term-*")  # asked of the page, it may be on its way to the next


def test_in_the_dark_a_chart_is_dark_and_on_paper_it_is_light(site, page):
    ground = "getComputedStyle(document.querySelector('.drawing')).backgroundColor"
    turned = "getComputedStyle(document.querySelector('.drawing > *')).filter"
    name = "charts/chart-04-caseload-explorer.html"
    for address in ("00_start_here.html", name):
        with beside(page, color_scheme="dark") as opened:
            visit(opened, f"file://{site}/{address}")
            assert opened.evaluate(ground) == "rgb(18, 18, 18)" and "invert" in opened.evaluate(turned)
            opened.emulate_media(media="print", color_scheme="dark")
            assert opened.evaluate(turned) == "none"
            opened.emulate_media(media="screen", color_scheme="dark", forced_colors="active")
            assert opened.evaluate(turned) == "none"
            opened.emulate_media(media="screen", color_scheme="light", forced_colors="none")
            assert opened.evaluate(ground) == "rgb(255, 255, 255)" and opened.evaluate(turned) == "none"


def test_search_works_from_disk(site, page):
    visit(page, f"file://{site}/index.html")
    page.locator("input.sidebar-search").fill("caseload")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a", timeout=20_000)
    clean(page)
    page.locator("#search-results li a").first.click()
    page.wait_for_selector("article h1")
    assert "search.html" not in page.url


def test_on_a_phone_no_chart_scrolls_sideways_and_no_word_is_small(site, page):
    sideways = "[...document.querySelectorAll('.drawing')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    texts = "[...document.querySelectorAll('figure.chart svg text')]"
    small = f"{texts}.filter(e => e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 11)"
    page.set_viewport_size({"width": 390, "height": 844})
    found = []
    for name in NUMBERED:
        visit(page, f"file://{site}/{name}.html")
        found += page.evaluate(f"() => {sideways}.map(e => e.closest('figure').id + ' scrolls sideways')")
        found += page.evaluate(f"() => {small}.map(e => e.closest('figure').id + ' has small words: ' + e.textContent)")
        clean(page)
    assert found == []


# Of a phone of 320 pixels: a grid of twelve columns, and words that are wider than what is beside them.
SCROLL = {"chart-01-offices-chart", "chart-02-grid", "chart-08-ratings-chart"}


def test_on_the_smallest_phone_few_charts_scroll_and_no_page_does(site, page):
    page.set_viewport_size({"width": 320, "height": 640})
    sideways = "[...document.querySelectorAll('.drawing')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    found = set()
    for name in NUMBERED:
        visit(page, f"file://{site}/{name}.html")
        found |= set(page.evaluate(f"() => {sideways}.map(e => e.closest('figure').id)"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert found <= SCROLL


# Notebooks that say days, and places where midnight in London is the day before, the same day and the next one.
DATED = ["00_start_here", "01_timeline", "08_working_links", "10_after_reunification"]
ZONES = ["America/Los_Angeles", "Europe/London", "Pacific/Auckland"]


@pytest.mark.parametrize("name", DATED)
def test_a_page_says_the_same_in_every_time_zone(site, page, name):
    words = """() => [document.querySelector('article').textContent,
        ...[...document.querySelectorAll('article [aria-label]')].map(e => e.getAttribute('aria-label')),
        ...[...document.querySelectorAll('figure.chart svg text')].map(e => e.textContent)].join('\\n')"""
    tables = "[...document.querySelectorAll('figure.chart details.rows')]"
    said = {}
    for zone in ZONES:
        with beside(page, timezone_id=zone) as opened:
            visit(opened, f"file://{site}/{name}.html")
            opened.evaluate(f"{tables}.forEach(each => {{ each.open = true; }})")
            until(opened, f"{tables}.every(each => each.querySelector('td'))")
            said[zone] = opened.evaluate(words).splitlines()
    for zone in ZONES[1:]:
        assert said[zone] == said[ZONES[0]], zone


def test_the_menu_opens_by_keyboard_on_a_phone(site, page):
    page.set_viewport_size({"width": 390, "height": 800})
    visit(page, f"file://{site}/index.html")
    page.get_by_role("button", name="Menu of pages").press("Enter")
    until(page, "document.querySelector('.sidebar-drawer').getBoundingClientRect().left >= 0")
    assert page.get_by_role("link", name="Glossary").first.is_visible()


def test_on_paper_nothing_is_covered_or_cut_and_tables_are_open(site, page):
    folded = "document.querySelectorAll('article details:not([open]):not(.hide)').length"
    with beside(page, color_scheme="dark") as opened:
        visit(opened, f"file://{site}/04_staff_cuts.html")
        before = opened.evaluate(folded)
        opened.evaluate(f"() => addEventListener('beforeprint', () => {{ window.left = {folded} }})")
        assert opened.pdf(format="A4").startswith(b"%PDF")
        assert before > 0 and opened.evaluate("window.left") == 0
        assert opened.evaluate(folded) == before, "what was folded is folded again"
        opened.emulate_media(media="print", color_scheme="dark")
        for unwanted in (".skip-to-content", "button, select, input", ".highlight, div.cell_input"):
            assert opened.locator(unwanted).count() > 0
            assert opened.locator(unwanted).filter(visible=True).count() == 0, unwanted
        assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        opened.set_viewport_size({"width": PAPER, "height": 1000})
        # Each chart is drawn again for the new width, so wait until all are there.
        fits = f"f => [...f.querySelectorAll('svg.marks')].some(e => e.clientWidth > 0 && e.clientWidth <= {PAPER})"
        until(opened, f"() => [...document.querySelectorAll('figure.chart')].every({fits})")


def test_without_scripts_there_are_pictures_words_and_tables(site, page):
    with beside(page, java_script_enabled=False) as opened:
        opened.goto(f"file://{site}/{NUMBERED[0]}.html")
        pictures = opened.locator("figure.chart noscript img, figure.chart img")
        assert pictures.count() >= 1 and len(pictures.first.get_attribute("alt")) > 20
        assert opened.locator("article table").count() >= 1


def test_hostile_text_stays_text(tmp_path, page):
    folder = site_samples.hostile_data(tmp_path / "data")
    made = site_samples.collection(tmp_path / "notebooks", site_samples.HOSTILE, folder)
    site = build.build(made, folder, tmp_path / "site")
    for name in ("index", "01_sample", "glossary", "sources-1", "provider-nps", "data", "table-sources", "search"):
        address = f"file://{site}/{name}.html" + ("?q=caseload" if name == "search" else "")
        visit(page, address)
        if name == "search":
            page.wait_for_selector("#search-results li a", timeout=20_000)
        for summary in page.locator("figure summary").all():
            summary.press("Enter")
        for select in page.locator(".choices select").all():
            select.select_option(index=1)
        page.wait_for_timeout(200)
        assert page.evaluate("window.hostile") is None, name
        assert page.locator("img[src='x']").count() == 0, name
        clean(page)
