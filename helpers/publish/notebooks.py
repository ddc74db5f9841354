"""`make notebooks`: execute every notebook, normalise what is stored, say what changed.

A committed notebook holds the outputs of one fresh run: charts as Vega-Lite with a picture beside each, tables and
sentences as HTML and text. It holds no widget state, since a saved widget shows an error until it is run again.
"""

from __future__ import annotations

import argparse
import base64
import copy
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from helpers import stopping
from helpers.display import VEGALITE_MIME
from helpers.publish.compare import differences

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET_MIMES = ("application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json")
SKELETON = "skeleton.ipynb"  # what a new notebook is copied from; no page of the collection, so it has no number
LARGEST = 1_000_000  # bytes of a committed notebook
LONGEST_CELL = 40


class NotebookError(Exception):
    """What is wrong with one or more notebooks: one line each, naming notebook, cell and rule."""


def paths(folder: Path = FOLDER) -> list[Path]:
    """Every notebook of the collection in reading order."""
    return sorted(folder.glob("[0-9]*.ipynb"))


def execute(path: Path) -> Any:
    """The notebook after one run in a fresh kernel, started in the notebook's own folder.

    Raises NotebookError naming the cell when a cell fails or writes to standard error.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # how the kernel is reached is no news to a maintainer
    )
    client.store_widget_state = False
    try:
        client.execute()
    except CellExecutionError as problem:
        raise NotebookError(f"{path.name}: a cell failed\n{problem}") from None
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                raise NotebookError(f"{path.name}, cell {cell.id}: wrote to standard error: {output.text.strip()}")
    return notebook


def code_cells(notebook: Any) -> list[Any]:
    """The code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def bundles(notebook: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Every output that carries MIME data, with its cell."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "data" in output:
                yield cell, output.data


def normalise(notebook: Any, before: Any = None) -> Any:
    """The notebook as it is committed: no widget views, no timings, one picture per chart.

    A picture's bytes depend on the fonts of the machine: where a chart's specification is the same as `before`, its
    picture is kept, so that running an unchanged notebook again leaves no difference.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata = type(notebook.metadata)(METADATA)
    kept = {}
    for _, data in bundles(before) if before else ():
        if VEGALITE_MIME in data and "image/png" in data:
            kept[json.dumps(data[VEGALITE_MIME], sort_keys=True)] = data["image/png"]
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        cell.metadata.pop("trusted", None)
    for count, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
    for _, data in bundles(notebook):
        for mime in WIDGET_MIMES:
            data.pop(mime, None)
        if VEGALITE_MIME in data:
            spec = data[VEGALITE_MIME]
            data["image/png"] = kept.get(json.dumps(spec, sort_keys=True)) or picture(spec)
    return notebook


def picture(spec: dict[str, Any]) -> str:
    """A PNG of the chart in 64 colours, base64 as notebooks store it."""
    import vl_convert
    from PIL import Image

    drawn = Image.open(io.BytesIO(vl_convert.vegalite_to_png(spec, scale=1)))
    # Maximum coverage keeps a colour that only a few marks have; the default would merge it with its neighbours.
    few = drawn.convert("RGB").quantize(64, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small = io.BytesIO()
    few.save(small, "PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode("ascii")


def problems(path: Path) -> list[str]:
    """Every rule that a committed notebook breaks, as 'notebook, cell: rule'."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    found = []
    if path.stat().st_size > LARGEST:
        found.append(f"{path.name}: {path.stat().st_size:,} bytes; at most {LARGEST:,} (draw fewer rows or columns)")
    if dict(notebook.metadata) != METADATA:
        found.append(f"{path.name}: metadata are not normalised; run `make notebooks`")
    elif path.read_text(encoding="utf-8") != stored(notebook):
        found.append(f"{path.name}: not stored as it is published; run `make notebooks`")
    for count, cell in enumerate(code_cells(notebook), start=1):
        where = f"{path.name}, cell {cell.id}"
        if cell.execution_count != count:
            found.append(f"{where}: not executed in order; run `make notebooks`")
        if (length := len(cell.source.splitlines())) > LONGEST_CELL:
            found.append(f"{where}: {length} lines; at most {LONGEST_CELL} (a shorter cell, or a function in helpers/)")
        for output in cell.outputs:
            if output.output_type not in ("display_data", "execute_result"):
                found.append(f"{where}: has a {output.output_type} output; show what is meant for readers instead")
    for cell, data in bundles(notebook):
        where = f"{path.name}, cell {cell.id}"
        if set(WIDGET_MIMES) & set(data):
            found.append(f"{where}: holds a widget view; run `make notebooks`")
        if "image/png" in data and VEGALITE_MIME not in data:
            found.append(f"{where}: a picture without a chart is not checked; show an Altair chart")
        if VEGALITE_MIME in data:
            spec = data[VEGALITE_MIME]
            if not spec.get("description"):
                found.append(f"{where}: the chart has no description; use charts.publish")
            if not spec.get("usermeta", {}).get("source_ids"):
                found.append(f"{where}: the chart names no source; use charts.publish")
            if "image/png" not in data:
                found.append(f"{where}: the chart has no picture; run `make notebooks`")
            if dates := sorted(bare_dates(spec)):
                found.append(f"{where}: {', '.join(dates)} ends a scale or marks an axis as text; use charts.day")
            if refused := refusal(spec):
                found.append(f"{where}: Vega-Lite does not know what the chart asks for ({refused})")
            else:
                found += [f"{where}: Vega-Lite warns of the chart ({said})" for said in warnings(spec)]
    return found


def bare_dates(spec: Any, inside: str = "") -> set[str]:
    """Dates written as text where a scale ends or an axis is labelled: Vega reads them as UTC, and data as local time,
    so that a label is lost in other time zones (vega/altair#2540)."""
    if isinstance(spec, dict):
        places = {key: key if key in ("scale", "axis") else inside for key in spec}
        return {date for key, value in spec.items() if key != "datasets" for date in bare_dates(value, places[key])}
    if isinstance(spec, list):
        return {date for value in spec for date in bare_dates(value, inside)}
    return {spec} if inside and isinstance(spec, str) and re.match(r"\d{4}-\d\d", spec) else set()


def refusal(spec: dict[str, Any]) -> str:
    """Why the schema of Vega-Lite refuses a chart, empty where it does not.

    Explorers leave this check, a tenth of a second for each, to the place where notebooks are stored. What Vega takes
    and Vega-Lite only hands on, the `on` of a bound parameter, is not looked at.
    """
    import altair as alt
    from jsonschema import ValidationError

    handed_on = {"bind", "on"}
    params = [
        {key: value for key, value in each.items() if key != "on" or not handed_on <= each.keys()}
        for each in spec.get("params", [])
    ]
    try:
        alt.Root.validate({key: value for key, value in spec.items() if key != "datasets"} | {"params": params})
    except ValidationError as problem:
        place = "".join(f"[{step!r}]" for step in problem.absolute_path)
        return f"{place} {problem.message.splitlines()[0]}".strip()[:300]
    return ""


def warnings(spec: dict[str, Any]) -> list[str]:
    """What Vega-Lite remarks on as it compiles a chart, as it would in a reader's console.

    The compiler writes to the process's own stream of errors, past sys.stderr, so that is where it is read.
    """
    import vl_convert

    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            vl_convert.vegalite_to_vega(spec, show_warnings=True)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        caught.seek(0)
        lines = caught.read().decode("utf-8", "replace").splitlines()
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


def changes(before: Any, after: Any) -> list[str]:
    """What differs between two runs of a notebook, a line for each difference in a cell's outputs."""
    old_cells = {cell.id: cell for cell in code_cells(before)} if before else {}
    lines = []
    for cell in code_cells(after):
        if cell.id not in old_cells:
            lines.append(f"cell {cell.id} is new")
            continue
        outputs = [[output.get("data", {}) for output in each.outputs] for each in (old_cells[cell.id], cell)]
        lines += [f"cell {cell.id}: {line}" for line in differences(*outputs)]
    return lines


def stored(notebook: Any) -> str:
    """The text of a notebook's file: as nbformat writes it, but one line for each row of a chart's data.

    A changed figure is then one changed line in a diff, and the file is half as long.
    """
    import nbformat

    raw = json.loads(nbformat.writes(notebook))
    outputs = {}
    for number, cell in enumerate(raw["cells"]):
        if cell.get("outputs"):
            key = f"outputs of cell {number}"
            outputs[json.dumps(key)] = _rows(cell["outputs"], 3)
            cell["outputs"] = key
    text = json.dumps(raw, indent=1, sort_keys=True, ensure_ascii=False)
    for key, rows in outputs.items():
        text = text.replace(key, rows, 1)
    return text + "\n"


def _rows(value: Any, depth: int, longest: int = 300) -> str:
    """JSON that stays on one line where it is short, and takes a line for each element where it is long."""
    line = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(line) <= longest or not isinstance(value, (dict, list)):
        return line
    inner, outer = "\n" + " " * depth, "\n" + " " * (depth - 1)
    if isinstance(value, list):
        return "[" + ",".join(inner + _rows(item, depth + 1) for item in value) + outer + "]"
    pairs = (f"{json.dumps(key)}: {_rows(value[key], depth + 1)}" for key in sorted(value))
    return "{" + ",".join(inner + pair for pair in pairs) + outer + "}"


def write(path: Path, notebook: Any) -> bool:
    """Replaces the file in one step; returns whether its bytes changed."""
    text = stored(notebook)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
    return True


def main(arguments: list[str] | None = None) -> int:
    """Executes and normalises every notebook and the skeleton, or those named; nothing is written unless all ran."""
    import nbformat
    from tqdm import tqdm

    parser = argparse.ArgumentParser(prog="make notebooks", description=__doc__)
    parser.add_argument("numbers", nargs="*", help="such as 02 04, or skeleton; all when left out")
    wanted = parser.parse_args(arguments).numbers
    skeleton = [path.with_name(SKELETON) for path in paths()[:1]]
    known = {path.stem.split("_")[0]: path for path in [*paths(), *skeleton] if path.exists()}
    if unknown := [number for number in wanted if number not in known]:
        print(f"No notebook {' or '.join(unknown)}. There are: {' '.join(known)}.", file=sys.stderr)
        return 1
    chosen = [path for number, path in known.items() if not wanted or number in wanted]
    ready, failed = [], []
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        runs = [(path, pool.submit(execute, path)) for path in chosen]
        for path, run in tqdm(runs, desc="executing", unit="notebook", disable=None):
            before = nbformat.read(path, as_version=4)
            try:
                ready.append((path, before, normalise(run.result(), before)))
            except NotebookError as problem:
                failed.append(str(problem))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # Ctrl+C: notebooks that wait for their turn don't run any more
    if failed:
        print("\n\n".join(failed), file=sys.stderr)
        print("Nothing was written.", file=sys.stderr)
        return 1
    for path, before, after in ready:
        changed = write(path, after)
        print(f"{path.name}: {'changed' if changed else 'unchanged'}")
        for line in changes(before, after):
            print(f"  {line}")
    broken = [line for path in chosen for line in problems(path)]
    print("\n".join(broken), end="\n" if broken else "")
    return 1 if broken else 0


if __name__ == "__main__":
    stopping.run(main, "No notebook is half written; those not named as changed are as they were.")
