"""What a reader waits for before the first chart: importing, loading every table, executing the collection."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.publish import notebooks

LOAD = """
import time
start = time.perf_counter()
import altair, pandas
floor = time.perf_counter()
from helpers import data
for name in data.tables().index:
    data.load(name)
loaded = time.perf_counter()
from helpers import charts, display, explorer
print(floor - start, loaded - floor, time.perf_counter() - loaded)
"""


def cold_loads(processes: int) -> Iterator[tuple[float, float, float]]:
    """Seconds in a fresh process: importing pandas and altair; every table on top; the charts' modules on top."""
    for _ in range(processes):
        done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
        yield tuple(float(seconds) for seconds in done.stdout.split())


LIBRARIES = ("scipy", "statsmodels", "ipywidgets", "anywidget")  # that helpers import where they use them
LOADED = f"""
import sys
print(*(name for name in sys.modules if name.split(".")[0] in {LIBRARIES}))
"""


def statements(path: Path) -> str:
    """The import statements of a notebook."""
    import nbformat

    cells = notebooks.code_cells(nbformat.read(path, 4))
    parts = [node for cell in cells for node in ast.parse(cell.source).body]
    return "\n".join(ast.unparse(node) for node in parts if isinstance(node, (ast.Import, ast.ImportFrom)))


def libraries(path: Path, work: Path) -> str:
    """Statements that import the libraries which a notebook has loaded when it ends."""
    import nbformat

    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(LOADED))
    nbformat.write(notebook, work / "loaded.ipynb")
    found = notebooks.execute(work / "loaded.ipynb").cells[-1].outputs[0].text.split()
    return "import importlib\nfor name in " + repr(found) + ":\n    importlib.import_module(name)"


@dataclass
class Execution:
    """Median seconds: a notebook; an empty one that loads the same libraries; one with its import statements only."""

    name: str
    full: float
    floor: float
    imports: float


def executions(paths: list[Path], work: Path, passes: int) -> Iterator[Execution]:
    """Every notebook beside two empty ones, in turns."""
    import nbformat

    for path in paths:
        sources = {"imports": [statements(path)], "floor": [statements(path), libraries(path, work)]}
        run = {"full": path}
        for kind, cells in sources.items():
            run[kind] = work / f"{path.stem}_{kind}.ipynb"
            made = nbformat.v4.new_notebook(metadata=notebooks.METADATA)
            made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
            nbformat.write(made, run[kind])
        taken: dict[str, list[float]] = {kind: [] for kind in run}
        for _ in range(passes):
            for kind, each in run.items():
                start = time.perf_counter()
                notebooks.execute(each)
                taken[kind].append(time.perf_counter() - start)
        yield Execution(path.stem, **{kind: statistics.median(seconds) for kind, seconds in taken.items()})
