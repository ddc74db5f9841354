"""Does any check notice when one cell of data/ is wrong? `make mutate-data` tries it, one cell at a time.

Each change is made to a copy: a digit, a sign, a band, a date, a provider, a source, a qualifier, another listed
value, a reference, a digit within a text, a dropped or a doubled row. The cheapest check comes first, and the first
that notices is recorded:

1. loader        helpers.data.check, which knows types, keys and rules
2. known totals  the unit tests of the analysis that read the table (without those of hypothesis, which make up data)
3. notebooks     the cells of every notebook that reads the table, compared with the committed outputs as strict nbval
                 compares them: charts field by field, HTML and text by character; pictures not at all

Everything is seeded: the same data, code and seed give the same table of results, tests/campaigns/mutate_data.md.
"""

from __future__ import annotations

import argparse
import ast
import csv
import gc
import importlib
import io
import json
import os
import pkgutil
import re
import shutil
import signal
import sys
import tempfile
import traceback
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter

import helpers
from helpers import data, display, explorer, stopping
from helpers.publish import compare, notebooks

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_suffix(".md")
CHECKS = ("loader", "known totals", "notebooks")
# The analysis of each theme. Charts are compared in the notebooks; the others test machinery, not figures.
TOTALS = (
    *("ratings", "case_quality", "staffing", "risk_under_pressure", "reoffending", "money", "timeline"),
    *("working_links", "after_reunification", "coverage", "data_readme", "who_is_who", "register"),
)
SLOWEST = 0.3  # seconds of computing: a test that takes longer is no cheap check
LEAST = 4  # changes in the smallest table of a whole campaign
WEIGHTS = {"digit": 5, "band": 5, "dropped row": 1, "doubled row": 1}  # 2 for every other kind
LIMIT = 300  # seconds for all checks of one change


# The changes


@dataclass(frozen=True)
class Change:
    """One cell, or one row, made wrong. `line` is the line of the file as an editor numbers it."""

    table: str
    file: str
    line: int
    column: str
    kind: str
    old: str
    new: str
    row: int
    about: str

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}"
        if self.kind in ("dropped row", "doubled row"):
            return f"{where}: {self.kind} ({self.about})"
        return f"{where}, {self.column}: {_short(self.old)} -> {_short(self.new)} ({self.kind}; {self.about})"


def _short(text: str, most: int = 50) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _around(old: str, new: str) -> tuple[str, str]:
    """The part of two long texts where they differ."""
    place = next(n for n, pair in enumerate(zip(old + "\0", new + "\0")) if pair[0] != pair[1])
    start = max(place - 20, 0) if len(old) > 50 else 0
    return old[start:], new[start:]


class Table:
    """The cells of one file as text, and what a plausible slip in each column would be."""

    def __init__(self, folder: Path, resource: dict[str, Any]) -> None:
        self.name, self.file, self.path = resource["name"], f"data/{resource['path']}", folder / resource["path"]
        with open(self.path, encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            self.header = next(reader)
            self.rows, self.lines, line = [], [], reader.line_num
            for row in reader:
                self.rows.append(row)
                self.lines.append(line + 1)
                line = reader.line_num
        schema = resource["schema"]
        self.key = schema.get("primaryKey") or []
        self.key = [self.key] if isinstance(self.key, str) else self.key
        self.fields = {field["name"]: field for field in schema["fields"]}
        self.refers = {}
        for key in schema.get("foreignKeys", []):
            if isinstance(key["fields"], str) or len(key["fields"]) == 1:
                column = key["fields"] if isinstance(key["fields"], str) else key["fields"][0]
                there = key["reference"]
                target = there["fields"] if isinstance(there["fields"], str) else there["fields"][0]
                self.refers[column] = (there.get("resource") or self.name, target)
        self.lists = {n: f["listOf"].split(".") for n, f in self.fields.items() if "listOf" in f}

    def kind(self, column: str) -> str | None:
        """What kind of slip a cell of the column can suffer; None for the row's own name."""
        field = self.fields[column]
        allowed = field.get("constraints", {}).get("enum")
        there = self.refers.get(column) or self.lists.get(column)
        if there:
            return {"providers": "provider", "sources": "source"}.get(there[0], "reference")
        if "qualifier" in column and allowed:
            return "qualifier"
        if allowed:
            return "band" if "Requires improvement" in allowed else "listed value"
        if field["type"] in ("number", "integer"):
            return "digit"
        if field["type"] in ("date", "boolean"):
            return {"date": "date", "boolean": "listed value"}[field["type"]]
        named = field.get("constraints", {}).get("unique") or column in self.key
        return None if named else "digit in text"


def _digit(text: str, rng: np.random.Generator) -> str:
    """The text with one digit changed; a number stays a number without a leading zero."""
    places = [match.start() for match in re.finditer("[0-9]", text)]
    place = int(rng.choice(places))
    first = place == 0 or not (text[place - 1].isdigit() or text[place - 1] == ".")
    more = text[place + 1 : place + 2].isdigit()
    others = [d for d in "0123456789" if d != text[place] and not (d == "0" and first and more)]
    return text[:place] + str(rng.choice(others)) + text[place + 1 :]


def _other(text: str, options: Sequence[str], rng: np.random.Generator) -> str | None:
    options = [option for option in options if option and option != text]
    return str(rng.choice(options)) if options else None


def _new_date(text: str, precision: str, rng: np.random.Generator) -> str:
    """A neighbouring date by what is known: another day, month or year."""
    unit = {"day": "days", "month": "months"}.get(precision, "years")
    moved = pd.Timestamp(text) + pd.DateOffset(**{unit: int(rng.choice([-1, 1]))})
    return moved.date().isoformat()


def _slip(table: Table, row: int, column: str, kind: str, tables: dict[str, Table], rng: Any) -> str | None:
    """The cell after a slip of this kind, or None where none is possible."""
    cells = dict(zip(table.header, table.rows[row]))
    old = cells[column]
    if not old:
        return None
    if kind == "sign":
        return None if not float(old) else old.removeprefix("-") if old.startswith("-") else f"-{old}"
    if kind in ("digit", "digit in text"):
        return _digit(old, rng) if re.search("[0-9]", old) else None
    if kind == "date":
        precision = cells.get(f"{column}_precision") or cells.get("date_precision") or "day"
        return _new_date(old, precision, rng)
    if kind in ("band", "qualifier", "listed value"):
        allowed = table.fields[column].get("constraints", {}).get("enum", ["true", "false"])
        return _other(old, [str(value) for value in allowed], rng)
    other, target = table.refers.get(column) or table.lists[column]
    rows = [dict(zip(tables[other].header, cells)) for cells in tables[other].rows]
    if other == "providers":
        alike = {r[target] for r in rows if r["kind"] in {o["kind"] for o in rows if o[target] == old}}
        rows = [r for r in rows if r[target] in alike] if len(alike) > 1 else rows
    if column in table.lists:
        first, *rest = old.split(" ")
        new = _other(first, [r[target] for r in rows if r[target] not in rest], rng)
        return new and " ".join([new, *rest])
    return _other(old, [r[target] for r in rows], rng)


def changes(folder: Path, count: int, seed: int, only: Sequence[str] = ()) -> list[Change]:
    """At least `count` different changes over all tables in proportion to their rows, a few in every table."""
    resources = json.loads((folder / data.PACKAGE).read_text(encoding="utf-8"))["resources"]
    tables = {resource["name"]: Table(folder, resource) for resource in resources}
    chosen = [table for table in tables.values() if not only or table.name in only]
    total = sum(len(table.rows) for table in chosen)
    least = max(1, min(LEAST, count // (3 * len(chosen))))
    found: list[Change] = []
    for table in chosen:
        # A table has its own stream, so that a new table leaves the changes of the others as they were.
        rng = np.random.default_rng([seed, zlib.crc32(table.name.encode())])
        wanted = max(least, round(count * len(table.rows) / total))
        columns: dict[str, list[str]] = {"dropped row": [""], "doubled row": [""]}
        for column in table.header:
            if kind := table.kind(column):
                columns.setdefault(kind, []).append(column)
                if kind == "digit":
                    columns.setdefault("sign", []).append(column)
        # A round visits every kind, so that a small table is not hit by one kind alone. What a reader reads comes
        # most often, whole rows least: the loader and the counts see those too easily.
        kinds = [kind for kind in sorted(columns) for _ in range(WEIGHTS.get(kind, 2))]
        order = [str(kind) for _ in range(wanted * 5) for kind in rng.permutation(kinds)]
        done: set[tuple[str, int, str]] = set()
        for kind in order:
            if len(done) == wanted:
                break
            column, row = str(rng.choice(columns[kind])), int(rng.integers(len(table.rows)))
            new = "" if not column else _slip(table, row, column, kind, tables, rng)
            if new is None or (kind, row, column) in done:
                continue
            done.add((kind, row, column))
            old = dict(zip(table.header, table.rows[row])).get(column, "")
            key = [dict(zip(table.header, table.rows[row]))[name] for name in table.key] or table.rows[row][:2]
            about = _short(" ".join(cell for cell in key if cell), 80)
            found.append(Change(table.name, table.file, table.lines[row], column, kind, old, new, row, about))
    if len(found) < count and not only:
        raise RuntimeError(f"only {len(found)} of {count} changes are possible")
    return found


def write(change: Change, folder: Path) -> None:
    """Makes the change in a folder whose files may be links: only this file becomes a file of its own."""
    path = folder / change.file.removeprefix("data/")
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if change.kind == "dropped row":
        del rows[change.row]
    elif change.kind == "doubled row":
        rows.insert(change.row, rows[change.row])
    else:
        rows[change.row][header.index(change.column)] = change.new
    path.unlink()
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


# The checks. Each runs in a process of its own, forked from one that has everything imported.


def use(folder: Path, loaded: set[str]) -> None:
    """From here on `data.load` and its like read `folder`; notes every table that is loaded."""
    package, load, project = data._package, data._load, data.DATA

    def noted(package: Any, table: Any) -> Any:
        loaded.add(table.name)
        return load(package, table)

    data.DATA = folder
    data._load = noted
    data._package = lambda where: package(folder if Path(where).resolve() == project else where)
    # Links lead to the unchanged copy, which the parent has read and checked already.
    data._Package.path = lambda self, table: (self.folder / self.tables[table].path).resolve()


def bundle(value: Any) -> dict[str, Any]:
    """What a front end would receive, without the live widget, as it comes back from a file."""
    return json.loads(json.dumps(display.with_frames(DisplayFormatter()).format(value)[0])) if value is not None else {}


def run_cell(source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs of one code cell: the bundle of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    shown = bundle(eval(compile(ast.Expression(last.value), "cell", "eval"), names)) if last else {}
    return [shown] if shown else []


def compared(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What strict nbval compares of a cell's outputs. The names of views are counted, not written, by Altair."""
    kept = []
    for output in outputs:
        texts = {mime: display_text(value) for mime, value in output.items() if not mime.startswith("image/")}
        kept.append({mime: value for mime, value in texts.items() if mime not in notebooks.WIDGET_MIMES})
    return kept


def display_text(value: Any) -> str:
    """A value of a MIME bundle as text that is equal where the values are."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return re.sub(r"view_[0-9a-f]{16}_[0-9]+", "view", text)


def notebook_differences(notebook: Any, stop: bool = True, skip: Sequence[str] = ()) -> dict[str, str]:
    """By cell, what differs between a fresh run and the committed outputs; the first alone if `stop`."""
    explorer.Explorer._repr_mimebundle_ = lambda self, **_: display.chart_bundle(self.spec())
    names: dict[str, Any] = {"__name__": "__main__"}
    found = {}
    for cell in notebooks.code_cells(notebook):
        committed = [output.get("data", {}) for output in cell.outputs]
        try:
            fresh = run_cell(cell.source, names)
        except Exception as problem:  # whatever a figure breaks is a find
            found[cell.id] = f"{type(problem).__name__}: {problem}".split("\n")[0]
            return found
        if cell.id not in skip and compared(fresh) != compared(committed):
            lines = compare.differences(committed, fresh)
            found[cell.id] = lines[0] if lines else "the outputs differ"
            if stop:
                break
    return found


class Quick:
    """A pytest plugin that leaves out slow tests, times the others and keeps the first failure."""

    def __init__(self, without: Sequence[str] = ()) -> None:
        self.without, self.seconds, self.failed = set(without), {}, ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [
            item
            for item in items
            if item.nodeid not in self.without and not getattr(item.function, "is_hypothesis_test", False)
        ]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any) -> Any:
        before = os.times()
        result = yield
        self.seconds[item.nodeid] = os.times().user - before.user
        return result

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            self.failed = f"{report.nodeid}: {crash.message if crash else report.longrepr}".split("\n")[0]

    pytest_collectreport = pytest_runtest_logreport


def run_tests(modules: Sequence[str], plugin: Quick) -> str:
    """The first failure among the tests of some modules, or nothing."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in [name for name in sys.modules if name.startswith("tests.test_")]:
        del sys.modules[name]  # some read their tables on import
    files = [str(ROOT / "tests" / f"test_{module}.py") for module in modules]
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = pytest.main(
            ["-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "--rootdir", str(ROOT), *files], [plugin]
        )
    if code not in (0, 1, 5) and not plugin.failed:
        plugin.failed = f"pytest ended with {code!r}: {said.getvalue()[-300:]}"
    return plugin.failed


# One change, all checks


@dataclass
class Campaign:
    """What the checks need: the unchanged copy, the committed notebooks, and what each check reads when all is well."""

    copy: Path
    committed: dict[str, Any]
    reads: dict[str, set[str]]
    stale: dict[str, dict[str, str]]
    seconds: dict[str, float]
    slow: list[str]
    failing: dict[str, str]

    def judge(self, change: Change) -> dict[str, str]:
        """The first check that notices the change, and what it says."""
        loaded: set[str] = set()
        folder = Path(tempfile.mkdtemp()) / "data"
        try:
            linked(self.copy, folder)
            write(change, folder)
            use(folder, loaded)
            return self._first(change, folder)
        finally:
            shutil.rmtree(folder.parent)

    def _first(self, change: Change, folder: Path) -> dict[str, str]:
        try:
            data.check(folder)
        except data.DataError as error:
            return {"check": "loader", "said": str(error.problems[0])}
        modules = [m for m in self.reads if m in TOTALS and change.table in self.reads[m] and m not in self.failing]
        if modules and (said := run_tests(modules, Quick(self.slow))):
            return {"check": "known totals", "said": said}
        for name in sorted(self.committed, key=self.seconds.get):
            if change.table in self.reads[name]:
                found = notebook_differences(self.committed[name], skip=list(self.stale[name]))
                for cell in found.keys() - self.stale[name].keys():
                    return {"check": "notebooks", "said": f"{name}, cell {cell}: {found[cell]}"}
        return {"check": "", "said": ""}


def linked(copy: Path, folder: Path) -> None:
    """A folder with the same files as the copy, as links."""
    for path in copy.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(copy)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)


def _unchanged_notebook(copy: Path, notebook: Any) -> dict[str, Any]:
    loaded: set[str] = set()
    use(copy, loaded)
    before = os.times()
    stale = notebook_differences(notebook, stop=False)
    return {"reads": sorted(loaded), "stale": stale, "seconds": os.times().user - before.user}


def _unchanged_tests(copy: Path, module: str) -> dict[str, Any]:
    loaded: set[str] = set()
    use(copy, loaded)
    plugin = Quick()
    failed = run_tests([module], plugin)
    slow = [test for test, seconds in plugin.seconds.items() if seconds > SLOWEST]
    return {"reads": sorted(loaded), "slow": slow, "failed": failed}


def prepare(copy: Path, paths: Sequence[Path], modules: Sequence[str], workers: int) -> Campaign:
    """Runs every check on the unchanged copy: what it reads, how long it takes, what already differs."""
    for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
        if not module.name.startswith("helpers.publish.site"):
            importlib.import_module(module.name)
    for name in (
        "scipy.stats",
        "scipy.optimize",
        "statsmodels.stats.power",
        "statsmodels.stats.proportion",
        "hypothesis",
    ):
        importlib.import_module(name)
    importlib.import_module("statsmodels.discrete.discrete_model")
    data.check(copy)
    committed = {path.name: nbformat.read(path, as_version=4) for path in paths}
    jobs = {name: partial(_unchanged_notebook, copy, notebook) for name, notebook in committed.items()}
    jobs |= {module: partial(_unchanged_tests, copy, module) for module in modules}
    answers = dict(forked(jobs, workers))
    return Campaign(
        copy=copy,
        committed=committed,
        reads={name: set(answer["reads"]) for name, answer in answers.items()},
        stale={name: answers[name]["stale"] for name in committed},
        seconds={name: answers[name]["seconds"] for name in committed},
        slow=[test for module in modules for test in answers[module]["slow"]],
        failing={module: answers[module]["failed"] for module in modules if answers[module]["failed"]},
    )


def forked(jobs: dict[Any, Callable[[], Any]], workers: int) -> Iterator[tuple[Any, Any]]:
    """Runs each job in a forked process, a few at a time; yields its name and its answer as it comes.

    Raises RuntimeError when a process ends without an answer.
    """
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        waiting, running = list(jobs), {}
        while waiting or running:
            while waiting and len(running) < workers:
                name = waiting.pop(0)
                path = Path(folder, str(len(waiting)))
                if (process := os.fork()) == 0:
                    _answer(jobs[name], path)
                running[process] = name, path
            process, status = os.wait()
            name, path = running.pop(process)
            if status:
                raise RuntimeError(f"{name}: the process ended with status {status}")
            yield name, json.loads(path.read_text())


def _answer(job: Callable[[], Any], path: Path) -> None:
    signal.alarm(LIMIT)
    try:
        path.write_text(json.dumps(job()))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def code(folders: Sequence[str] = ("helpers", "tests")) -> dict[str, tuple[int, int]]:
    """When the code that the checks consist of was last written: a campaign over moving code means nothing."""
    paths = [path for folder in folders for path in (ROOT / folder).glob("*.py")]
    return {str(path.relative_to(ROOT)): (path.stat().st_mtime_ns, path.stat().st_size) for path in paths}


# The table of results


def report(results: pd.DataFrame, campaign: Campaign, seed: int) -> str:
    """The results as Markdown: shares by check, kind and table, every survivor by name."""
    total = len(results)
    caught = results["check"] != ""
    lines = [
        "# One wrong cell at a time",
        "",
        f"`make mutate-data` changed {total:,} cells and rows of data/ one at a time (seed {seed}) and ran the checks "
        "on each, the cheapest first. The checks are described in mutate_data.py.",
        "",
        f"- Caught by any check: **{_share(caught)}**",
        "",
        *_counts(results, "kind", "Kind of change"),
        *_counts(results, "table", "Table"),
        "## Caught by no check",
        "",
        *([f"- {line}" for line in results.loc[~caught, "name"]] or ["None."]),
        "",
    ]
    stale = [f"- {name}, cell {cell}: {said}" for name, found in campaign.stale.items() for cell, said in found.items()]
    stale += [f"- {said}" for said in campaign.failing.values()]
    if stale:
        lines += ["## Left out, because they differed on the unchanged data", "", *stale, ""]
    return "\n".join(lines)


def _share(flags: pd.Series) -> str:
    return f"{flags.sum():,} of {len(flags):,} ({100 * flags.mean():.1f}%)"


def _counts(results: pd.DataFrame, column: str, title: str) -> list[str]:
    counts = pd.crosstab(results[column], results["check"]).reindex(columns=[*CHECKS, ""], fill_value=0)
    counts.loc["all"] = counts.sum()
    lines = [f"| {title} | changes | {' | '.join(CHECKS)} | none |", "| --- |" + " ---: |" * 6]
    rows = [[name, sum(row), *row] for name, row in zip(counts.index, counts.to_numpy().tolist())]
    return [*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def main(arguments: list[str] | None = None) -> int:
    """Runs the campaign and writes the table of results; 1 if a change is caught by no check or the code changed."""
    from tqdm import tqdm

    parser = argparse.ArgumentParser(prog="make mutate-data", description=__doc__.split("\n")[0])
    parser.add_argument("--changes", type=int, default=400, help="at least this many (400)")
    parser.add_argument("--seed", type=int, default=2014)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tables", nargs="*", default=[], help="these tables only")
    parser.add_argument("--notebooks", nargs="*", default=[], help="these numbers only, such as 02 04")
    parser.add_argument("--totals", nargs="*", default=list(TOTALS), help="the unit tests of these modules only")
    parser.add_argument("--to", type=Path, default=RESULTS, help="where the table of results goes")
    parser.add_argument("--all", action="store_true", help="print what every check said")
    options = parser.parse_args(arguments)
    paths = [path for path in notebooks.paths() if not options.notebooks or path.name[:2] in options.notebooks]
    modules = [module for module in options.totals if (ROOT / "tests" / f"test_{module}.py").exists()]
    os.chdir(ROOT)
    before = code()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / "data"
        shutil.copytree(data.DATA, copy, ignore=shutil.ignore_patterns("official", ".*"))
        wrong = changes(copy, options.changes, options.seed, options.tables)
        campaign = prepare(copy, paths, modules, options.workers)
        jobs = {number: partial(campaign.judge, change) for number, change in enumerate(wrong)}
        answers = {}
        for number, answer in tqdm(forked(jobs, options.workers), total=len(jobs), unit="change", disable=None):
            answers[number] = answer
            if options.all:
                print(f"{answer['check'] or 'none':14} {named(wrong[number])}\n{'':15}{answer['said']}", flush=True)
    rows = [
        {"table": c.table, "column": c.column, "kind": c.kind, "name": named(c), **answers[n]}
        for n, c in enumerate(wrong)
    ]
    if moved := sorted(name for name, _ in before.items() ^ code().items()):
        print(
            f"Nothing was written: code changed during the campaign: {', '.join(dict.fromkeys(moved))}", file=sys.stderr
        )
        return 1
    results = pd.DataFrame(rows)
    text = report(results, campaign, options.seed)
    options.to.write_text(text, encoding="utf-8")
    print(text.split("| Table |")[0])
    print(f"Survivors and tables: {options.to.name}")
    return 1 if (results["check"] == "").any() else 0


def named(change: Change) -> str:
    """The change in one line, a long text cut to where it changed."""
    if not change.column:
        return str(change)
    old, new = _around(change.old, change.new)
    return str(Change(**{**change.__dict__, "old": old, "new": new}))


if __name__ == "__main__":
    stopping.run(main, "The table of results and the data are as they were.")
