"""JupyterLab as a reader meets it: the charts before anything is run, then every control by keyboard.

One server, one Chromium, no outside network, no error in the console.
"""

import re

import pytest

from helpers.display import VEGALITE_MIME
from helpers.publish import notebooks
from tests.browser import driver

pytestmark = pytest.mark.skipif(driver.chromium() is None, reason="no Chromium or Chrome on this machine")

ROOT = notebooks.FOLDER.parent
PATHS = notebooks.paths()
RUN_TIMEOUT = 120_000
TALL = 12_000  # pixels: the longest notebook takes 7,200


def explorers(path):
    import nbformat

    specs = [data[VEGALITE_MIME] for _, data in notebooks.bundles(nbformat.read(path, 4)) if VEGALITE_MIME in data]
    return specs, [spec["usermeta"]["explorer"] for spec in specs if "explorer" in spec["usermeta"]]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Works on a copy, so that the server's autosave cannot touch the committed notebooks."""
    import shutil

    folder = tmp_path_factory.mktemp("collection")
    shutil.copytree(notebooks.FOLDER, folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    with driver.jupyterlab(folder, tmp_path_factory.mktemp("state")) as address, driver.page(1300, 1000) as page:
        yield address, page


def opened(lab, path):
    address, page = lab
    page.refused.clear()
    page.problems.clear()
    page.goto(f"{address}/lab/tree/notebooks/{path.name}?reset", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    # JupyterLab draws only the cells in view: a tall window puts them all there.
    page.set_viewport_size({"width": 1300, "height": TALL})
    return page


def wait_for_count(page, selector, count):
    page.wait_for_function(
        "([selector, count]) => document.querySelectorAll(selector).length >= count",
        arg=[selector, count],
        timeout=30_000,
    )


def drawn(chart):
    """What a chart shows, as its marks: without its description, which the outer element holds."""
    return chart.evaluate("svg => svg.innerHTML")


def wait_for_change(page, chart, before):
    page.wait_for_function(
        "([svg, before]) => svg.isConnected ? svg.innerHTML !== before : true",
        arg=[chart.element_handle(), before],
        timeout=10_000,
    )


def run_all(page):
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_reads_unrun_then_runs_and_every_explorer_moves(lab, path):
    specs, declared = explorers(path)
    page = opened(lab, path)

    # Before anything is run: every chart, and the controls of every explorer, from the stored outputs.
    wait_for_count(page, ".vega-embed svg.marks", len(specs))
    assert page.locator(".jp-OutputArea-output img[src^='data:image/png']").count() == 0
    assert "model not found" not in page.inner_text(".jp-Notebook")
    with_bindings = page.locator(".vega-embed:has(.vega-bindings)")
    assert with_bindings.count() >= len(declared)
    for explorer in declared:
        first = explorer["controls"][0]
        same = [other for other in declared if other["controls"][0]["name"] == first["name"]]
        embed = page.locator(".vega-embed", has=page.locator(f"select[name='{first['name']}']")).nth(
            same.index(explorer)
        )
        select = embed.locator(f"select[name='{first['name']}']")
        chart, before, start = embed.locator("svg.marks"), drawn(embed.locator("svg.marks")), select.input_value()
        select.focus()
        page.keyboard.press("End")
        if select.input_value() == start:
            page.keyboard.press("Home")
        assert select.input_value() != start, f"{explorer['title']}: {first['label']} does not move by keyboard"
        wait_for_change(page, chart, before)
        embed.locator("input[name='reset']").focus()
        page.keyboard.press("Space")
        page.wait_for_function(
            "([select, start]) => select.value === start", arg=[select.element_handle(), start], timeout=10_000
        )

    # Run: the live controls take the place of the stored chart.
    run_all(page)
    if declared:
        page.wait_for_function(
            "count => document.querySelectorAll('.jupyter-widgets .vega-embed svg.marks').length >= count",
            arg=len(declared),
            timeout=RUN_TIMEOUT,
        )
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('[*]'))",
        timeout=RUN_TIMEOUT,
    )
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    boxes = page.locator(".jp-OutputArea-output .widget-vbox:has(.vega-embed):not(.question)")
    assert boxes.count() == len(declared)
    for index in range(len(declared)):
        move_by_keyboard(page, boxes.nth(index), declared[index])
    assert page.problems == []
    assert page.refused == []


def test_a_question_is_asked_by_keyboard_answered_and_refused(lab):
    path = next(path for path in PATHS if path.name.startswith("13"))
    page = opened(lab, path)
    wait_for_count(page, ".vega-embed svg.marks", len(explorers(path)[0]))
    run_all(page)
    box = page.locator(".jp-OutputArea-output .question").first
    box.locator("svg.marks").wait_for(timeout=RUN_TIMEOUT)
    settled(page, box)
    assert 'question.figures("caseload")' in box.get_by_label("The code of this chart").inner_text()
    by = box.get_by_label("Compare by", exact=True)
    before = drawn(box.locator("svg.marks"))
    by.focus()
    page.keyboard.press("Home")
    wait_for_change(page, box.locator("svg.marks"), before)
    page.wait_for_function("box => box.innerText.includes('question.listed(rows')", arg=box.element_handle())
    box.get_by_label("Table", exact=True).select_option(label="Inspection ratings")
    page.wait_for_function("box => box.innerText.includes('28 ratings match.')", arg=box.element_handle())
    settled(page, box)
    shown = drawn(box.locator("svg.marks"))
    box.get_by_label("Together with", exact=True).select_option(label="Inspections of delivery units")
    said = box.get_by_role("alert")
    said.wait_for()
    assert "before and after June 2021 are not alike" in said.inner_text()
    assert drawn(box.locator("svg.marks")) == shown
    assert page.problems == []
    assert page.refused == []


def move_by_keyboard(page, box, explorer):
    chart = box.locator("svg.marks")
    message = box.locator("[role=status]")
    before, said = drawn(chart), message.inner_text()
    control = box.locator("select, .noUi-handle").first
    control.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
        page.wait_for_timeout(400)
        if message.inner_text() != said or drawn(box.locator("svg.marks")) != before:
            break
    else:
        pytest.fail(f"{explorer['title']}: the first control does not move by keyboard")
    wait_for_change(page, chart, before)
    box.get_by_role("button", name="Back to the start values").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "([element, said]) => element.isConnected ? element.innerText === said : true",
        arg=[message.element_handle(), said],
        timeout=10_000,
    )


def shown(box):
    """What a live chart shows and what is said beside it, without the names that Vega counts up."""
    chart = re.sub(r"clip\d+", "clip", drawn(box.locator("svg.marks")))
    return chart, box.locator("[role=status]").inner_text()


def settled(page, box, expected=None):
    """What is shown once nothing has moved for two seconds, or as soon as it is as expected."""
    seen, quiet = None, 0
    for _ in range(120):
        now = shown(box)
        if now == expected:
            return now
        quiet = quiet + 1 if now == seen else 0
        if expected is None and quiet == 8:
            return now
        seen = now
        page.wait_for_timeout(250)
    return seen


def test_choices_of_browser_and_kernel_give_the_same_chart_in_any_order(lab):
    """Some choices move the chart in the browser, others make the kernel compute: neither outruns the other."""
    path = next(path for path in PATHS if path.name.startswith("02"))
    page = opened(lab, path)
    wait_for_count(page, ".vega-embed svg.marks", len(explorers(path)[0]))
    run_all(page)
    box = page.locator(".jp-OutputArea-output .widget-vbox:has(.vega-embed)").nth(1)
    box.locator("svg.marks").wait_for(timeout=RUN_TIMEOUT)

    def choose(place, *labels):
        for label in labels:
            box.get_by_label(label, exact=True).select_option(index=place)

    grid, computed = "Inspection round", "What is taken as known"
    start = settled(page, box)
    choose(1, grid)
    settled(page, box)
    choose(1, computed)
    both = settled(page, box)
    assert both[0] != start[0] and both[1] != start[1]
    choose(0, computed)
    settled(page, box)
    choose(0, grid)
    assert settled(page, box, start) == start
    # A quick hand: the kernel is still computing when the next choice comes.
    choose(1, computed, grid)
    assert settled(page, box, both) == both
    choose(0, computed, grid)
    assert settled(page, box, start) == start
    choose(1, grid, computed)
    assert settled(page, box, both) == both
    assert page.problems == []
