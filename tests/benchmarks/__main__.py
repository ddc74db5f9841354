"""`make bench`: how fast the collection is, beside the floor and beside other tools, in one run and one table.

Interactions come first and the rest after, one thing at a time, so that nothing competes with what is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tqdm import tqdm

from helpers import data, stopping
from helpers.publish import notebooks
from tests.benchmarks import growth, interactions, peers, record, start
from tests.browser import driver

README = Path(__file__).with_name("README.md")
FRONT = notebooks.FOLDER.parent / "README.md"
MARKS = "<!-- result -->", "<!-- end of result -->"
PARTS = ("interactions", "pages", "start", "execution", "growth", "record")


@dataclass
class Line:
    """One line of the table: what, measured here, what it is held against, their ratio, the aim and whether met.

    `front` is what the line says in the project's README, where it stands there: a ratio in words.
    """

    what: str
    here: str
    against: str = ""
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None
    front: str = ""

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        verdict = {None: "", True: "met", False: "**missed**"}[self.met]
        cells = [self.what, self.here, self.against, ratio, self.aim, verdict]
        return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def ms(value: float | None) -> str:
    return "none" if value is None else f"{value:.0f} ms"


def interaction_lines(work: Path, presses: int, paths: list[Path]) -> Iterator[Line]:
    """(c) from key press to painted chart."""
    same: dict[str, interactions.Repaint] = {}
    declared = sum(len(interactions.explorers(path)) for path in paths)
    ours = []
    todo = [interactions.in_jupyterlab(work, presses, paths), interactions.in_peers(work, presses)]
    with tqdm(total=declared + 2 + len(peers.SERVERS), desc="key press to painted chart", disable=None) as bar:
        for measured in todo:
            for found in measured:
                bar.update()
                if found.where == "same chart":
                    same[found.title.split()[0]] = found
                else:
                    ours.append(found)
    explorer = same["Explorer"]
    measured_here = ms(explorer.median) + (explorer.problem and f" ({explorer.problem})")
    what = "28 bars with labels, Explorer in JupyterLab"
    for tool, aim in (("interact", 3.0), ("marimo", 2.5), ("panel", None)):
        other = same[tool]
        against = f"{other.title}: {ms(other.median)}{f' ({other.problem})' if other.problem else ''}"
        ratio = other.median / explorer.median if other.median and explorer.median else None
        met = None if aim is None else ratio is not None and ratio >= aim
        wanted = "" if aim is None else f"{aim:g} times faster"
        front = f"A chart of 28 bars moves {ratio:.1f} times as fast as in {other.title}" if ratio else ""
        yield Line(what, measured_here, against, ratio, wanted, met, front)
    others = {tool: same[tool].median for tool in ("interact", "marimo")}
    for found in ours:
        name = f"{found.where[:2]} {found.title}"
        here = f"{ms(found.median)}{f' ({found.problem})' if found.problem else ''}"
        against = "; ".join(f"{tool}'s 28 bars {ms(median)}" for tool, median in others.items())
        ratio = others["interact"] / found.median if others["interact"] and found.median else None
        yield Line(name, here, against, ratio, "60 ms", found.median is not None and found.median <= 60)


def page_lines(work: Path, presses: int, visits: int, paths: list[Path]) -> Iterator[Line]:
    """(d) the pages of the site, from disk."""
    from helpers.publish.site import build

    with contextlib.redirect_stdout(sys.stderr):
        site = build.build(notebooks.FOLDER, data.DATA, work / "site")
    numbered = [f"{path.stem}.html" for path in paths]
    every = {f"{path.stem}.html" for path in notebooks.paths()}
    others = sorted({path.name for path in site.glob("*.html")} - every) if len(paths) == len(every) else []
    names = [*numbered, *others]
    pages = list(tqdm(interactions.on_pages(site, names, presses, visits), "pages from disk", len(names), disable=None))
    for page in pages[: len(numbered)]:
        medians = [each.median for each in page.repaints if each.median is not None]
        repaint = f"{max(medians):.0f} ms" if medians else "none"
        problems = "; ".join(each.problem for each in page.repaints if each.problem)
        yield Line(
            f"page {page.name.removesuffix('.html')}: slowest control repaints"
            f" ({len(medians)} of {len(page.repaints)} measured)",
            f"{repaint}{f' ({problems})' if problems else ''}",
            aim="30 ms",
            met=bool(medians) and max(medians) <= 30,
        )
        yield Line(
            f"page {page.name.removesuffix('.html')}: first paint, first chart",
            f"{page.first_paint:.0f} ms, {ms(page.first_chart)}",
            f"weighs {page.own_bytes / 1e3:.0f} kB beside {page.shared_bytes / 1e6:.1f} MB that all pages share",
            aim="1,000 ms",
            met=page.first_chart is not None and page.first_chart <= 1000,
        )
    rest = pages[len(numbered) :]
    if rest:
        paints, heaviest = [page.first_paint for page in rest], max(rest, key=lambda page: page.own_bytes)
        yield Line(
            f"{len(rest)} other pages: first paint, median and slowest",
            f"{statistics.median(paints):.0f} and {max(paints):.0f} ms",
            f"the heaviest, {heaviest.name}, weighs {heaviest.own_bytes / 1e3:.0f} kB",
        )


def start_lines(processes: int) -> Iterator[Line]:
    """(a) cold import and load."""
    runs = list(tqdm(start.cold_loads(processes), "cold starts", processes, disable=None))
    floor, load, modules = (statistics.median(column) for column in zip(*runs))
    against = f"{floor:.2f} s to import pandas and altair"
    tables = len(data.tables())
    yield Line(
        f"cold start: {tables} tables loaded and checked, on top", f"{load:.2f} s", against, (floor + load) / floor,
        "0.30 s", load <= 0.3,
        f"Reading and checking {tables} tables takes {load / floor:.2f} times as long as importing pandas and altair",
    )  # fmt: skip
    yield Line("cold start: modules for charts and explorers, on top of that", f"{modules:.2f} s", against)


def execution_lines(work: Path, passes: int, paths: list[Path]) -> Iterator[Line]:
    """(b) executing the collection against empty notebooks."""
    folder = work / "empty"
    folder.mkdir()
    runs = list(tqdm(start.executions(paths, folder, passes), "executing", len(paths), disable=None))
    full, floor, imports = (sum(getattr(run, kind) for run in runs) for kind in ("full", "floor", "imports"))
    what = f"executing the collection ({len(runs)} notebooks)"
    against = f"{floor:.1f} s for as many that only load the same libraries"
    front = (
        f"Executing all {len(runs)} notebooks takes {full / floor:.2f} times as long as empty ones with their libraries"
    )
    yield Line(what, f"{full:.1f} s", against, full / floor, "1.3", full / floor <= 1.3, front)
    against = f"{imports:.1f} s for as many with their import statements alone"
    yield Line(what, f"{full:.1f} s", against, full / imports)
    for run in runs:
        yield Line(f"executing {run.name}", f"{run.full:.1f} s", f"{run.floor:.1f} s", run.full / run.floor)


def growth_lines(work: Path) -> Iterator[Line]:
    """(e) growth with the rows. Linear: ten times the rows take at most a little over ten times as long."""
    grown = list(tqdm(growth.charts(work), "growth of a chart", len(growth.TIMES), disable=None))
    read = list(tqdm(growth.data_tool(work), "growth of the data tool", len(growth.TOOL_ROWS), disable=None))
    for what, sizes in (
        ("inspections by band, from file to chart", grown),
        ("the official data tool, read and checked", read),
    ):
        for before, size in zip([None, *sizes], sizes):
            here = f"{size.seconds:.2f} s, {size.added:.0f} MB on top, {size.peak:.0f} MB in all"
            line = Line(f"{what}: {size.rows:,} rows", here)
            if before:
                line.against = f"{before.seconds:.2f} s for a tenth of the rows"
                line.ratio = size.seconds / before.seconds
                line.aim = "at most 12 (linear: 10)"
                line.met = line.ratio <= 12
                if size is sizes[-1]:
                    name = what[0].upper() + what[1:]
                    line.front = f"{name}: {size.rows:,} rows take {line.ratio:.1f} times as long as a tenth"
            yield line
    ratio, times = grown[-1].size / grown[0].size, grown[-1].rows // grown[0].rows
    yield Line(
        f"the chart's specification at {grown[-1].rows:,} rows", f"{grown[-1].size:,} bytes",
        f"{grown[0].size:,} at {grown[0].rows:,}", ratio, "at most 1.05", ratio <= 1.05,
        f"A chart of inspections is written in {ratio:.2f} times as many bytes at {times:,} times the rows",
    )  # fmt: skip


def record_lines() -> Iterator[Line]:
    """What the record of ratings takes in notebook 02: on opening, for a change, and in memory."""
    for what, taken, most, unit in tqdm(record.measured(), "record of ratings", disable=None):
        digits = 2 if unit == "s" else 0
        yield Line(f"02 the record: {what}", f"{taken:.{digits}f} {unit}", aim=f"{most:g} {unit}", met=taken <= most)


def machine() -> str:
    memory = Path("/proc/meminfo")
    size = f", {int(memory.read_text().split()[1]) / 1e6:.0f} GB" if memory.exists() else ""
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{date.today():%d %B %Y}, {os.cpu_count()} cores{size}{load}, Python {sys.version.split()[0]}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the parts to measure")
    parser.add_argument("--quick", action="store_true", help="few repetitions: to try the bench, not to report")
    parser.add_argument("--notebooks", nargs="+", metavar="NN", help="such as 00 02; all when left out")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="put the table into README.md beside this file, and the ratios into the project's",
    )
    chosen = parser.parse_args()
    paths = [path for path in notebooks.paths() if not chosen.notebooks or path.name[:2] in chosen.notebooks]
    few = chosen.quick
    head = f"{machine()}{', few repetitions' if few else ''}"
    if driver.chromium() is None:
        print("No Chromium was found: interactions and pages are left out. See `make chromium`.", file=sys.stderr)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        parts = {
            "interactions": lambda: interaction_lines(work, 3 if few else 12, paths),
            "pages": lambda: page_lines(work, 3 if few else 8, 1 if few else 3, paths),
            "start": lambda: start_lines(2 if few else 5),
            "execution": lambda: execution_lines(work, 1 if few else 3, paths),
            "growth": lambda: growth_lines(work),
            "record": record_lines,
        }
        for name in PARTS:
            if name in chosen.only and (driver.chromium() or name not in ("interactions", "pages")):
                lines += parts[name]()
    table = ["| measure | here | against | ratio | aim | |", "| --- | --- | --- | ---: | --- | --- |", *map(str, lines)]
    result = "\n".join([f"{head}.", "", *table])
    print(result)
    missed = sum(line.met is False for line in lines)
    print(f"\n{missed} of {sum(line.met is not None for line in lines)} aims missed.")
    if chosen.keep:
        put(README, result)
        fronts = [f"- {line.front}." for line in lines if line.front]
        put(FRONT, "\n".join([f"Measured by `make bench` on {head}:", "", *fronts]))
    return 0


def put(path: Path, text: str) -> None:
    """Replaces what stands between the marks of a file."""
    whole = path.read_text(encoding="utf-8")
    before, after = whole.split(MARKS[0])[0], whole.split(MARKS[1])[1]
    path.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    stopping.run(main, "No table was changed.")
