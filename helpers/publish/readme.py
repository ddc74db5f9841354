"""`make readme`: brings the lists of notebooks and the counted numbers up to date.

README.md and the first notebook list every notebook with its question, taken from the notebook's own first cell;
data/README.md counts the rows of each table and the documents. tests/test_data_readme.py counts them another way.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from helpers import data, stopping
from helpers.publish import notebooks

ROOT = data.DATA.parent
NOTEBOOKS = "| notebook | the question |"
TABLES = "| table | file | what |"
LICENCES = ("OGL-3.0", "OPL-3.0", "facts-only")


def entries(paths: Iterable[Path], folder: str = "") -> list[str]:
    """A line for each notebook: its title as a link into `folder`, and its question.

    Raises NotebookError naming every notebook whose first cell is not '# NN Title', then the question in bold.
    """
    import nbformat

    lines, faults = [], []
    for path in paths:
        opening = nbformat.read(path, as_version=4).cells[0].source
        found = re.fullmatch(rf"# ({path.name[:2]} [^\n]+)\n+\*\*([^*\n]+)\*\*.*", opening, re.DOTALL)
        if found:
            lines.append(f"| [{found[1]}]({folder}{path.name}) | {found[2]} |")
        else:
            faults.append(f"{path.name}: the first cell must be '# {path.name[:2]} Title', then its question in bold")
    if faults:
        raise notebooks.NotebookError("\n".join(faults))
    return lines


def with_rows(text: str, heading: str, rows: Iterable[str]) -> str:
    """The text with other rows in the Markdown table whose heading begins with `heading`."""
    table = re.compile(rf"(^{re.escape(heading)}[^\n]*\n\|[-| ]+\|\n)((?:\|[^\n]*(?:\n|$))*)", re.MULTILINE)
    found = table.search(text)
    if found is None:
        raise ValueError(f"the table that begins with {heading!r} is missing; put it back")
    end = "\n" if found[2].endswith("\n") else ""
    return text[: found.start(2)] + "\n".join(rows) + end + text[found.end(2) :]


def recounted(text: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """data/README.md with the rows and the licences of each table and the documents counted anew."""
    licences = tables["sources"].set_index("source_id")["licence"]
    rows = []
    for line in text[text.index(TABLES) :].split("\n\n")[0].split("\n")[2:]:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] in tables:
            table = tables[cells[0]]
            counts = Counter(table["source_id"].map(licences)) if "source_id" in table else Counter()
            cells[3:] = [str(len(table)), *(str(counts[licence]) for licence in LICENCES)]
        rows.append(f"| {' | '.join(cells)} |")
    kinds = tables["sources"]["url_kind"].value_counts()
    numbers = [len(tables["sources"]), *(kinds[kind] for kind in ("page", "site", "none"))]
    sentence = re.compile(r"^\d+( documents: )\d+( with [^,]*, )\d+( with .*?\), )\d+( without)", re.MULTILINE)
    told = sentence.sub("{}\\g<1>{}\\g<2>{}\\g<3>{}\\g<4>".format(*numbers), text)
    return with_rows(told, TABLES, rows)


def main() -> int:
    """Rewrites what changed and prints each new line."""
    import nbformat

    paths = notebooks.paths(ROOT / "notebooks")
    page, counts = ROOT / "README.md", data.DATA / "README.md"
    texts = {path: path.read_text(encoding="utf-8") for path in (page, counts)}
    try:
        new = {
            page: with_rows(texts[page], NOTEBOOKS, entries(paths, "notebooks/")),
            counts: recounted(texts[counts], {name: data.load(name) for name in data.tables().index}),
        }
        first = nbformat.read(paths[0], as_version=4)
        listing = next(cell for cell in first.cells if NOTEBOOKS in cell.source)
        listed = with_rows(listing.source, NOTEBOOKS, entries(paths[1:]))
    except (data.DataError, notebooks.NotebookError) as problem:
        print(problem, file=sys.stderr)
        return 1
    for path, text in new.items():
        _tell(path, texts[path], text)
        if text != texts[path]:
            path.write_text(text, encoding="utf-8")
    _tell(paths[0], listing.source, listed)
    if listed != listing.source:
        listing.source = listed
        notebooks.write(paths[0], first)
    return 0


def _tell(path: Path, before: str, after: str) -> None:
    print(f"{path.relative_to(ROOT).as_posix()}: {'unchanged' if before == after else 'changed'}")
    for line in difflib.unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm=""):
        if line[0] in "+-" and line[:3] not in ("+++", "---"):
            print(f"  {line}")


if __name__ == "__main__":
    stopping.run(main, "Files not named as changed are as they were.")
