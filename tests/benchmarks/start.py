"""What a reader waits for before the first chart: importing, loading every table, executing the collection."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from helpers import notebooks

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


def imports(path: Path) -> str:
    """The import statements of a notebook."""
    import nbformat

    cells = notebooks.code_cells(nbformat.read(path, 4))
    parts = [node for cell in cells for node in ast.parse(cell.source).body]
    return "\n".join(ast.unparse(node) for node in parts if isinstance(node, (ast.Import, ast.ImportFrom)))


def executions(paths: list[Path], work: Path, passes: int) -> Iterator[tuple[str, float, float]]:
    """Name, seconds to execute, seconds to execute an empty notebook with the same imports, for each notebook."""
    import nbformat

    for path in paths:
        empty = work / path.name
        cells = [nbformat.v4.new_code_cell(imports(path))]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=notebooks.METADATA), empty)
        taken: dict[Path, list[float]] = {path: [], empty: []}
        for _ in range(passes):
            for each in (path, empty):
                start = time.perf_counter()
                notebooks.execute(each)
                taken[each].append(time.perf_counter() - start)
        yield path.stem, statistics.median(taken[path]), statistics.median(taken[empty])
