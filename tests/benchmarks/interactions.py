"""From key press to painted chart, in JupyterLab, in other tools and on the pages of the site; how soon pages show."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.display import VEGALITE_MIME
from helpers.publish import notebooks
from tests.benchmarks import peers
from tests.browser import driver

WATCH = (Path(__file__).parent / "watch.js").read_text(encoding="utf-8")
CONTROL = "select, .noUi-handle, input[type=range], input[type=radio]:checked"
BOX = ".jp-OutputArea-output .widget-vbox:has(.vega-embed)"
PATIENCE = 4_000
RUN_TIMEOUT = 90_000
SAME_CHART = """\
import sys

sys.path.insert(0, {folder!r})
import ipywidgets
import same_chart

from helpers import charts, data, explorer

sources = data.load("sources").head(1)
"""
SAME_EXPLORER = """\
explorer.Explorer(
    [explorer.choice("series", "Series", same_chart.CHOICES)],
    rows=lambda series: same_chart.rows(series),
    draw=same_chart.draw,
    title="The chart of the bench",
    description="28 bars with labels.",
    source_ids=sources["source_id"],
    sources=sources,
)
"""
SAME_INTERACT = "ipywidgets.interact(same_chart.chart, choice=same_chart.CHOICES);"


@dataclass
class Repaint:
    """Milliseconds from each key press to the painted chart, or why there are none."""

    where: str
    title: str
    times: list[float]
    problem: str = ""

    @property
    def median(self) -> float | None:
        return statistics.median(self.times) if self.times else None


def repaint(page: Any, where: str, title: str, root: Any, control: Any, presses: int) -> Repaint:
    """Presses the arrow keys on a control by turns and times the chart under `root` (a handle)."""
    page.evaluate(WATCH)
    control.scroll_into_view_if_needed()
    control.focus()
    times, missed, key = [], 0, 0
    # The first two presses warm the chart up.
    while len(times) < presses + 2 and missed < 4:
        if not page.evaluate("([root, patience]) => bench.arm(root, patience)", [root, PATIENCE if times else 10_000]):
            return Repaint(where, title, [], "no chart in view")
        page.keyboard.press(("ArrowDown", "ArrowUp")[key % 2])
        taken = page.evaluate("() => bench.result")
        key += 1
        if taken is None:
            missed += 1
        else:
            times.append(taken)
    if missed >= 4:
        return Repaint(where, title, times[2:], f"{missed} presses changed nothing")
    return Repaint(where, title, times[2:])


def _opened(page: Any, address: str, name: str, boxes: int) -> None:
    """Opens and runs a notebook, and waits until its explorers are there and the kernel is idle."""
    page.set_viewport_size({"width": 1300, "height": 1000})
    page.goto(f"{address}/lab/tree/notebooks/{name}?reset", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    # JupyterLab draws only the cells in view: a tall window puts them all there.
    page.set_viewport_size({"width": 1300, "height": 30_000})
    # Cells that are run before the kernel is there never show that they wait.
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=60_000)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    busy = "[...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('[*]'))"
    page.wait_for_function(f"() => {busy}", timeout=20_000)
    page.wait_for_function(f"() => !{busy}", timeout=RUN_TIMEOUT)
    page.wait_for_function(
        "count => document.querySelectorAll('.jupyter-widgets .marks').length >= count",
        arg=boxes,
        timeout=20_000,
    )
    page.set_viewport_size({"width": 1300, "height": 1000})
    page.wait_for_timeout(1_000)


def _close(page: Any, address: str) -> None:
    """Ends the kernels, so that one notebook does not wait for another."""
    page.evaluate(
        """async address => {
          const token = document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? "";
          const sessions = await (await fetch(`${address}/api/sessions`)).json();
          for (const { id } of sessions)
            await fetch(`${address}/api/sessions/${id}`, { method: "DELETE", headers: { "X-XSRFToken": token } });
        }""",
        address,
    )


def _same_chart_notebooks(folder: Path) -> None:
    import nbformat

    setup = SAME_CHART.format(folder=str(peers.HERE))
    for name, source in (("same_explorer", SAME_EXPLORER), ("same_interact", SAME_INTERACT)):
        cells = [nbformat.v4.new_code_cell(each) for each in (setup, source)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=notebooks.METADATA), folder / f"{name}.ipynb")


def explorers(path: Path) -> list[dict[str, Any]]:
    """The explorers that a committed notebook declares, in order."""
    import nbformat

    found = [bundle.get(VEGALITE_MIME, {}) for _, bundle in notebooks.bundles(nbformat.read(path, 4))]
    return [spec["usermeta"]["explorer"] for spec in found if "explorer" in spec.get("usermeta", {})]


def in_jupyterlab(work: Path, presses: int, paths: list[Path]) -> Iterator[Repaint]:
    """The same chart as an Explorer and with interact, then the first control of every explorer."""
    folder = work / "lab"
    shutil.copytree(notebooks.FOLDER, folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    _same_chart_notebooks(folder / "notebooks")
    with driver.jupyterlab(folder, work / "state") as address, driver.page(1300, 1000) as page:
        _opened(page, address, "same_explorer.ipynb", 1)
        box = page.locator(BOX).first
        yield repaint(page, "same chart", "Explorer", box.element_handle(), box.locator(CONTROL).first, presses)
        _close(page, address)
        _opened(page, address, "same_interact.ipynb", 1)
        output = page.locator(".jp-OutputArea-output:has(.widget-interact)").last
        # JupyterLab keeps the arrow keys of interact's list to itself unless the element asks it not to (explorers
        # do): asked here, so that there is something to measure.
        output.locator(CONTROL).first.evaluate("list => list.setAttribute('data-lm-suppress-shortcuts', 'true')")
        yield repaint(page, "same chart", "interact", output.element_handle(), output.locator(CONTROL).first, presses)
        _close(page, address)
        for path in paths:
            declared = explorers(path)
            if not declared:
                continue
            try:
                _opened(page, address, path.name, len(declared))
                boxes = page.locator(BOX)
                for index, explorer in enumerate(declared):
                    box = boxes.nth(index)
                    box.scroll_into_view_if_needed()
                    control = box.locator(CONTROL).first
                    yield repaint(page, path.stem, explorer["title"], box.element_handle(), control, presses)
            except Exception as problem:
                yield Repaint(path.stem, "", [], str(problem).splitlines()[0])
            finally:
                _close(page, address)


def in_peers(work: Path, presses: int) -> Iterator[Repaint]:
    """The same chart in the other tools, with the browser's network closed."""
    problem = peers.install()
    for tool in peers.SERVERS:
        if problem:
            yield Repaint("same chart", tool, [], f"could not be installed: {problem}")
            continue
        try:
            with peers.served(tool, work / f"{tool}.log") as address, driver.page(1300, 1000) as page:
                page.goto(address, wait_until="domcontentloaded")
                page.locator("svg.marks, canvas.marks").first.wait_for(timeout=60_000)
                page.wait_for_timeout(1_000)
                control = page.locator("select").first
                root = page.evaluate_handle("() => document")
                found = repaint(page, "same chart", f"{tool} {peers.version(tool)}", root, control, presses)
            yield found
        except Exception as failed:
            yield Repaint("same chart", tool, [], f"did not work offline: {str(failed).splitlines()[0]}")


# ------------------------------------------------------------------------------------------------ the site


@dataclass
class Page:
    """One page of the site: its first paint and first drawn chart (ms), its weight, the repaints of its controls."""

    name: str
    first_paint: float
    first_chart: float | None
    own_bytes: int
    shared_bytes: int
    repaints: list[Repaint]


FIRST_CHART = """
(() => {
  const look = () => {
    if (document.querySelector("figure.drawn")) {
      const after = new MessageChannel();
      after.port1.onmessage = () => { window.firstChart = performance.now(); };
      after.port2.postMessage(null);
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""


def on_pages(site: Path, names: list[str], presses: int, visits: int) -> Iterator[Page]:
    """Each page from disk: opened `visits` times (once if it has no notebook), then the first control of each chart."""
    with driver.page(1300, 900) as page:
        page.add_init_script(FIRST_CHART)
        asked: set[str] = set()
        page.on("requestfinished", lambda request: asked.add(request.url))
        for name in names:
            paints, charts = [], []
            asked.clear()
            for _ in range(visits if name[0].isdigit() else 1):
                page.goto("about:blank")
                page.goto(f"file://{site}/{name}", wait_until="load")
                page.wait_for_timeout(300)
                paint = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
                paints.append(page.evaluate(paint))
                if page.locator("figure.chart").count():
                    page.wait_for_selector("figure.drawn", timeout=30_000)
                    page.wait_for_timeout(50)
                    charts.append(page.evaluate("() => window.firstChart"))
            own, shared = _weight(site, asked)
            repaints = []
            for figure in page.locator("figure.chart").all():
                figure.scroll_into_view_if_needed()
                page.wait_for_selector(f"#{figure.get_attribute('id')}.drawn", timeout=30_000)
                control = figure.locator(".choices").locator(CONTROL)
                if control.count():
                    title = figure.get_attribute("aria-label") or ""
                    repaints.append(repaint(page, name, title, figure.element_handle(), control.first, presses))
            paints = [paint for paint in paints if paint is not None]
            yield Page(
                name,
                statistics.median(paints) if paints else float("nan"),
                statistics.median(charts) if charts else None,
                own,
                shared,
                repaints,
            )


def _weight(site: Path, asked: set[str]) -> tuple[int, int]:
    """Bytes of the files that only this page asks for, and of those that all pages share."""
    from urllib.parse import unquote, urlsplit

    own = shared = 0
    for url in asked:
        path = Path(unquote(urlsplit(url).path))
        if urlsplit(url).scheme != "file" or not path.is_file() or site not in path.parents:
            continue
        if "_static" in path.parts or path.name == "searchindex.js":
            shared += path.stat().st_size
        else:
            own += path.stat().st_size
    return own, shared
