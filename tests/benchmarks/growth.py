"""How time, memory and the size of a chart grow with the rows: each size in a process of its own."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers import data
from tests import official_samples

TABLE = "delivery_unit_inspections"
TIMES = (1, 10, 100, 1000)
TOOL_ROWS = (2_000, 20_000, 200_000)

# VmHWM is the peak of this process alone; getrusage hands down that of the one that started it.
MEASURE = """
import json, sys, time
from pathlib import Path
def peak():
    status = Path("/proc/self/status")
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1e3 if status.exists() else float("nan")
def measured(work):
    before, start = peak(), time.process_time()
    size = work()
    print(json.dumps([time.process_time() - start, peak() - before, peak(), size]))
"""
CHART = """
import altair as alt
from helpers import after_reunification as after, charts, data
def work(folder=sys.argv[1]):
    names = ("delivery_unit_inspections", "delivery_units", "providers", "sources")
    tables = {name: data.load(name, folder) for name in names}
    inspected = after.inspections(tables)
    rows = after.band_shares(inspected)[["programme_name", "band", "share", "low", "high"]]
    base = alt.Chart(rows).encode(y="band:N", yOffset="programme_name:N", color="programme_name:N")
    chart = base.mark_rule().encode(x="low:Q", x2="high:Q") + base.mark_point().encode(x="share:Q")
    after.programme_gap(inspected)
    published = dict(title="Bands", description="Points.", source_ids=inspected["source_id"], sources=tables["sources"])
    return len(json.dumps(charts.publish(chart, **published).to_dict()))
work(data.DATA)  # imports what is imported where it is used
measured(work)
"""
TOOL = """
from helpers import official_files
measured(lambda: len(official_files.read_data_tool(sys.argv[1])))
"""


@dataclass
class Growth:
    """Seconds of processor time, MB on top of the imports and in all, and what came out (bytes, or rows)."""

    rows: int
    seconds: float
    added: float
    peak: float
    size: int


def _measure(script: str, path: Path, rows: int) -> Growth:
    command = [sys.executable, "-c", MEASURE + script, str(path)]
    done = subprocess.run(command, cwd=data.DATA.parent, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return Growth(rows, *json.loads(done.stdout))


def charts(work: Path) -> Iterator[Growth]:
    """Loading, analysing and drawing the bands of inspections by programme, with each row many times over."""
    for times in TIMES:
        folder = work / f"data-{times}"
        shutil.copytree(data.DATA, folder, ignore=shutil.ignore_patterns("official"))
        path = next(folder.rglob(f"{TABLE}.csv"))
        with open(path, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        key = header.index("inspection_id")
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            for copy in range(times):
                suffix = f"-copy-{copy}" if copy else ""
                writer.writerows([*row[:key], row[key] + suffix, *row[key + 1 :]] for row in rows)
        yield _measure(CHART, folder, times * len(rows))
        shutil.rmtree(folder)


def data_tool(work: Path) -> Iterator[Growth]:
    """Reading a workbook like the Ministry's data tool."""
    for rows in TOOL_ROWS:
        folder = work / f"tool-{rows}"
        folder.mkdir()
        yield _measure(TOOL, official_samples.large_tool_workbook(folder, rows), rows)
        shutil.rmtree(folder)
