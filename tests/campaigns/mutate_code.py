"""Does any check notice when one piece of helpers/ is changed? `make mutate-code` tries it, one piece at a time.

The changes are those of mutmut (https://mutmut.readthedocs.io): a number, a string, an operator, a keyword, an argument
set to None or dropped, an assignment, a lambda, an arm of a condition. Its own runner doesn't fit here: it changes
neither decorated functions nor what stands outside functions, draws no seeded sample, and runs every test first. So
its operators alone are used, by `uv run --isolated`, away from the locked environment:

1. The sample is seeded and shared out over the modules by their lines of code, docstrings not counted. It is drawn by
   the hash of each change, so that an edit elsewhere in a module leaves the rest of the sample as it was.
2. Each change is made in a copy of the project. The tests of that module run first, up to the first failure; if they
   pass, the strict comparison of the notebooks that use the module. The tests in a browser don't take part. A test
   that fails is then run with nothing changed: if it fails there too, it is left out, and the report names it.
3. A change that costs more than LIMIT seconds of computing counts as noticed, and apart.

The same code, tests and seed give the same table, tests/campaigns/mutate_code.md. Its judgements of the survivors are
written by hand and kept from run to run.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_suffix(".md")
MUTMUT = "mutmut==3.8.1"
LIMIT = 60  # seconds of computing for one change and one kind of check
PATIENCE = 900  # seconds by the clock
NOTEBOOKS = 3  # at most so many notebooks for one change
OUTCOMES = {"tests": "noticed by the tests of the module", "notebooks": "noticed by the notebooks", "slow": "too slow"}

# Besides tests/test_<module>.py.
TESTS = {
    "charts": ["test_hostile", "test_notebooks", "test_walk_throughs"],
    "compare": ["test_hostile", "test_notebooks"],
    "data": ["test_data_readme", "test_data_fuzz"],
    "display": ["test_hostile", "test_compare", "test_notebooks"],
    "explorer": ["test_hostile", "test_walk_throughs"],
    "notebooks": ["test_hostile"],
    "readme": ["test_contributing"],
    "site": ["test_site"],
}
# Imported before the process is copied; nothing of the project may be among them.
HEAVY = ("pandas", "altair", "scipy.stats", "statsmodels.api", "ipywidgets", "anywidget", "hypothesis", "bs4", "pytest")


def draw(folder: Path, count: int, seed: int, only: list[str]) -> list[dict[str, Any]]:
    """A seeded sample of the changes that mutmut's operators make to helpers/. Runs where mutmut is installed."""
    import libcst as cst
    from libcst.metadata import MetadataWrapper, PositionProvider
    from mutmut.mutation.mutators import mutation_operators

    class Sites(cst.CSTVisitor):
        METADATA_DEPENDENCIES = (PositionProvider,)

        def __init__(self) -> None:
            self.found: list[tuple[cst.CSTNode, cst.CSTNode, Any]] = []

        def on_visit(self, node: cst.CSTNode) -> bool:
            # As in mutmut: types are for readers, and len() of nothing only raises.
            if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom):
                return False
            called = isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value
            if called in ("len", "isinstance"):
                return False
            span = self.get_metadata(PositionProvider, node, None)
            for kind, operator in mutation_operators if span else ():
                if isinstance(node, kind):
                    self.found += [(node, new, span) for new in operator(node)]
            return True

    paths = [path for path in sorted((folder / "helpers").rglob("*.py")) if lines_of_code(path) > 1]
    total = sum(map(lines_of_code, paths))
    sample = []
    for path in paths:
        if only and module_of(path.relative_to(folder).as_posix()) not in only:
            continue
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        wrapper = MetadataWrapper(cst.parse_module("".join(lines)))
        original = ast.dump(ast.parse(wrapper.module.code))
        sites = Sites()
        wrapper.visit(sites)
        seen: Counter[str] = Counter()
        ranked = []
        for old, new, span in sites.found:
            text = f"{path.relative_to(folder).as_posix()}\n{_slice(lines, span)}"
            seen[text] += 1  # the operators come in the same order at every site
            name = hashlib.sha256(f"{seed}\n{text}\n{seen[text]}".encode()).hexdigest()
            ranked.append((name, span.start.line, old, new))
        share = max(1, round(count * lines_of_code(path) / total))
        drawn = 0
        for name, line, old, new in sorted(ranked, key=lambda change: change[0]):
            code = wrapper.module.deep_replace(old, new).code
            try:
                same = ast.dump(ast.parse(code)) == original
            except SyntaxError:
                continue
            if same:
                continue
            file = path.relative_to(folder).as_posix()
            before, after = _code(wrapper, old), _code(wrapper, new)
            sample.append({"id": name[:8], "file": file, "line": line, "before": before, "after": after, "code": code})
            drawn += 1
            if drawn == share:
                break
    return sample


def _code(wrapper: Any, node: Any) -> str:
    return wrapper.module.code_for_node(node).strip()


def _slice(lines: list[str], span: Any) -> str:
    """The part of a text between two places."""
    text = "".join(lines[span.start.line - 1 : span.end.line])
    return text[span.start.column : len(text) - len(lines[span.end.line - 1]) + span.end.column]


def lines_of_code(path: Path) -> int:
    """Lines that hold code: no blank lines, comments or docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lines = set()
    for node in ast.walk(tree):
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and not text:
            stop = node.body[0].lineno - 1 if getattr(node, "body", None) else node.end_lineno
            lines |= set(range(node.lineno, max(stop, node.lineno) + 1))
    return len(lines)


def module_of(file: str) -> str:
    """The module of a file, as TESTS names it: all of helpers/publish/site is one."""
    return "site" if file.startswith("helpers/publish/site/") else Path(file).stem


def tests_of(module: str, folder: Path) -> list[str]:
    """The test files that answer for a module."""
    named = [f"test_{module}", *TESTS.get(module, [])]
    return [f"tests/{name}.py" for name in dict.fromkeys(named) if (folder / "tests" / f"{name}.py").exists()]


def notebooks_of(module: str, folder: Path) -> list[str]:
    """The notebooks that import a module, or else those that import a module that does."""
    sources = {path: path.read_text(encoding="utf-8") for path in sorted((folder / "notebooks").glob("[0-9]*.ipynb"))}
    users = {module}
    while users:
        found = [path for path, text in sources.items() if any(_imports(text, user) for user in users)]
        if found:
            return [path.relative_to(folder).as_posix() for path in found][:NOTEBOOKS]
        paths = [path for path in (folder / "helpers").rglob("*.py") if path.stem not in users]
        users = {path.stem for path in paths if any(_imports(path.read_text(encoding="utf-8"), u) for u in users)}
    return []


def _imports(text: str, module: str) -> bool:
    return bool(
        re.search(
            rf"from helpers(\.publish)? import [^\n\"\\]*\b{module}\b|from helpers\.(publish\.)?{module} import", text
        )
    )


class Recorder:
    """Keeps the name of the test, or of the file that can't be read, that failed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.path.write_text(report.nodeid, encoding="utf-8")

    pytest_collectreport = pytest_runtest_logreport

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        # The walk through CONTRIBUTING.md copies what git knows, and the copy of the campaign has no git.
        items[:] = [item for item in items if "walk" not in getattr(item, "fixturenames", ())]


def run(folder: Path, arguments: list[str]) -> str:
    """How pytest ends in a copy of this process: 'passed', 'failed' or 'slow'; what failed is in failed.txt."""
    log, failed = folder / "log.txt", folder / "failed.txt"
    failed.unlink(missing_ok=True)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.setsid()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = str(folder)
        sys.path.insert(0, str(folder))
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 5))
        code = 70
        try:
            import pytest

            # Imported before pytest could rewrite it: it only makes the messages of hypothesis shorter.
            early = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
            code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *early, *arguments], [Recorder(failed)])
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            sys.stdout.flush()
            os._exit(int(code))
    deadline = time.monotonic() + PATIENCE
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "slow"
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # kernels that outlived their notebook
    if os.WIFSIGNALED(status):
        return "slow"
    return "passed" if os.WEXITSTATUS(status) == 0 else "failed"


def forget(path: Path) -> None:
    """Remove the compiled module: Python takes it for current if time and size happen to agree."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


class Campaign:
    """A copy of the project, and which of its tests fail with nothing changed: those can't notice anything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sound: dict[str, bool] = {}

    @property
    def left_out(self) -> list[str]:
        return [test for test, sound in self.sound.items() if not sound]

    def judge(self, change: dict[str, Any]) -> dict[str, str]:
        """Who notices a change: 'tests', 'notebooks', 'slow', or '' for nobody; and which test or cell."""
        module = module_of(change["file"])
        tests = tests_of(module, self.folder)
        ended, by = self._tried(change, tests) if tests else ("passed", "")
        if ended == "passed":
            for notebook in notebooks_of(module, self.folder):
                ended, by = self._tried(change, ["--nbval", notebook])
                if ended != "passed":
                    break
        outcome = {"passed": "", "slow": "slow", "failed": "notebooks" if ".ipynb" in by else "tests"}[ended]
        return {"outcome": outcome, "by": by}

    def _tried(self, change: dict[str, Any], asked: list[str]) -> tuple[str, str]:
        path = self.folder / change["file"]
        original = path.read_text(encoding="utf-8")
        while True:
            skipped = [f"--deselect={test}" for test in self.left_out]
            path.write_text(change["code"], encoding="utf-8")
            forget(path)
            try:
                ended = run(self.folder, [*asked, *skipped])
            finally:
                path.write_text(original, encoding="utf-8")
                forget(path)
            if ended != "failed":
                return ended, asked[-1]
            found = self.folder / "failed.txt"
            by = found.read_text(encoding="utf-8") if found.exists() else asked[-1]
            alone = asked if "--nbval" in asked else [by] if found.exists() else ["--collect-only", *asked]
            if by not in self.sound:
                self.sound[by] = run(self.folder, alone) == "passed"
                if not self.sound[by]:
                    print(f"left out, as it fails with nothing changed: {by}", flush=True)
            if self.sound[by]:
                return ended, by
            if "--nbval" in asked or not found.exists():
                return "passed", ""


def judgements() -> dict[str, str]:
    """The last column of the survivors in the table of the last run, by the name of the change."""
    if not RESULTS.exists():
        return {}
    rows = re.findall(r"^\| `(\w{8})` .*\| ([^|]*) \|$", RESULTS.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: text.strip() for name, text in rows}


def report(
    results: list[dict[str, Any]], drawn: int, kept: int, arguments: argparse.Namespace, left_out: list[str]
) -> str:
    """The table of results."""
    known = judgements()
    noted = [change for change in results if change["outcome"] and change["id"] in known]
    count = len(results)
    said = Counter(change["outcome"] for change in results)
    noticed, tests = count - said[""], said["tests"] + said["slow"]
    lines = [
        "# Changed code: who notices",
        "",
        f"`make mutate-code` ({date.today()}): {drawn} changes drawn with seed {arguments.seed} from those of "
        f"{MUTMUT}, {count} of them tried. "
        f"**{noticed} noticed ({noticed / count:.1%})**: {tests} by the tests of the module ({tests / count:.1%}; "
        f"{said['slow']} of them by computing without end), {said['notebooks']} more by the strict comparison of the "
        f"notebooks. {said['']} survived.",
        "",
        f"Of those noticed, {len(noted)} survived at first and got a test then. Without these tests the share was "
        f"{(noticed - len(noted)) / count:.1%}, the fairer estimate for the code that was not drawn. {kept} results "
        "are kept from an earlier run, on the code and tests as they were then.",
        "",
    ]
    if left_out:
        lines += [f"Left out, because they failed with nothing changed: {', '.join(left_out)}.", ""]
    lines += [
        "| module | lines of code | changes | by tests | by notebooks | survived |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for file in dict.fromkeys(change["file"] for change in results):
        mine = Counter(change["outcome"] for change in results if change["file"] == file)
        cells = [mine.total(), mine["tests"] + mine["slow"], mine["notebooks"], mine[""]]
        lines.append(f"| {file} | {lines_of_code(ROOT / file):,} | {' | '.join(map(str, cells))} |")
    lines += ["", "## Survivors", "", "| change | where | was | became | judgement |", "|---|---|---|---|---|"]
    for change in results:
        if not change["outcome"]:
            was, became = _around(change["before"], change["after"])
            judged = known.get(change["id"], "open")
            lines.append(f"| `{change['id']}` | {change['file']}:{change['line']} | {was} | {became} | {judged} |")
    if noted:
        lines += ["", "## Survivors of an earlier run, noticed since", ""]
        lines += ["| change | where | was | became | judgement |", "|---|---|---|---|---|"]
        for change in noted:
            was, became = _around(change["before"], change["after"])
            where = f"{change['file']}:{change['line']}"
            lines.append(f"| `{change['id']}` | {where} | {was} | {became} | {known[change['id']]} |")
    return "\n".join(lines) + "\n"


def _around(old: str, new: str, most: int = 70) -> tuple[str, str]:
    """Both texts from shortly before the place where they part, as code for a table."""
    old, new = re.sub(r"\s+", " ", old), re.sub(r"\s+", " ", new)
    start = max(0, next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new))) - 25)
    cut = (
        ("…" if start else "") + text[start:][:most] + ("…" if len(text) > start + most else "") for text in (old, new)
    )
    was, became = (f"`` {text.replace('|', '¦')} ``" for text in cut)
    return was, became


def main(words: list[str] | None = None) -> int:
    """Draw, try, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=240, help="how many changes")
    parser.add_argument("--seed", type=int, default=2014)
    parser.add_argument("--only", nargs="*", default=[], help="modules; prints the result instead of writing it")
    parser.add_argument("--ids", nargs="*", default=[], help="these changes of the sample alone; prints the result")
    parser.add_argument("--resume", type=Path, help="a file of results: what was noticed isn't tried again")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no further change after so many minutes")
    parser.add_argument("--draw", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.draw:
        print(json.dumps(draw(arguments.draw, arguments.count, arguments.seed, arguments.only)))
        return 0

    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "project"
        unneeded = (".git", ".venv*", "node_modules", "site", ".site-*", "__pycache__", ".*_cache", ".hypothesis")
        ignored = shutil.ignore_patterns(*unneeded)
        skip = lambda where, names: ignored(where, names) - ({"site"} if Path(where).name == "publish" else set())  # noqa: E731
        shutil.copytree(ROOT, folder, ignore=skip)
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
        tool = [uv, "run", "--quiet", "--isolated", "--no-project", "--with", MUTMUT, "python", __file__]
        asked = ["--draw", str(folder), "--count", str(arguments.count), "--seed", str(arguments.seed)]
        asked += ["--only", *arguments.only]
        drawn = subprocess.run([*tool, *asked], check=True, capture_output=True, text=True, cwd=parent)
        sample = json.loads(drawn.stdout)
        if arguments.ids:
            sample = [change for change in sample if change["id"] in arguments.ids]
        kept = arguments.resume
        done = [json.loads(line) for line in kept.read_text().splitlines()] if kept and kept.exists() else []
        known = {change["id"]: change for change in done if change["outcome"]}
        # In the order of the hashes, so that a run that is stopped has tried a bit of everything.
        # What survived an earlier run comes first.
        survived = {change["id"] for change in done} - set(known)
        sample.sort(
            key=lambda change: (change["id"] not in survived, hashlib.sha256(change["id"].encode()).hexdigest())
        )
        stop = time.monotonic() + arguments.minutes * 60

        sys.dont_write_bytecode = False
        for name in HEAVY:
            importlib.import_module(name)
        campaign, results = Campaign(folder), []
        for number, change in enumerate(sample, 1):
            if change["id"] in known:
                results.append(known[change["id"]])
                continue
            started = time.monotonic()
            if started > stop:
                continue
            result = {key: value for key, value in change.items() if key != "code"} | campaign.judge(change)
            results.append(result)
            was, became = _around(change["before"], change["after"])
            said = OUTCOMES.get(result["outcome"], "SURVIVED") + f" {result['by']}"
            print(
                f"{number}/{len(sample)} {change['id']} {change['file']}:{change['line']} {was} -> {became}: {said} "
                f"({time.monotonic() - started:.0f} s)",
                flush=True,
            )
            if kept:
                with kept.open("a") as file:
                    file.write(json.dumps(result) + "\n")
        results.sort(key=lambda change: (change["file"], change["line"]))
        text = report(results, len(sample), len({r["id"] for r in results} & set(known)), arguments, campaign.left_out)
        if arguments.only or arguments.ids:
            print(text)
        else:
            RESULTS.write_text(text, encoding="utf-8")
            print(f"{RESULTS.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # helpers.stopping is out of reach where uv runs this file for mutmut
        print("\nStopped. The table of results and helpers/ are as they were.", file=sys.stderr)
        sys.exit(130)
