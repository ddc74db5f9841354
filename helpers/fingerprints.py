"""A short hash of every column of data/, so that a changed figure is named even where no notebook shows it.

`make notebooks` refreshes tests/fingerprints.json (`python -m helpers.fingerprints` does it alone) and says which table
and column changed; tests/test_fingerprints.py compares it with the data.
"""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

from helpers import data, stopping

PATH = Path(__file__).resolve().parent.parent / "tests" / "fingerprints.json"
REMEDY = "If the change is meant: make notebooks. It refreshes tests/fingerprints.json and says what changed."

Fingerprints = dict[str, dict[str, Any]]


def fingerprints(folder: Path = data.DATA) -> Fingerprints:
    """For each table the number of rows and a hash of the cells of each column, as they stand in the file.

    Raises DataError if datapackage.json is broken.
    """
    found = {}
    for name, path in data.tables(folder)["path"].items():
        with open(folder / path, encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        columns = zip(*rows) if rows else ((),) * len(header)
        found[name] = {"rows": len(rows), "columns": {c: _hash(cells) for c, cells in zip(header, columns)}}
    return found


def _hash(cells: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:12]


def differences(before: Fingerprints, after: Fingerprints) -> list[str]:
    """One line for each table that changed: rows lost or gained, and the columns that are not as they were."""
    lines = []
    for table in [*before, *(table for table in after if table not in before)]:
        if table not in after:
            lines.append(f"table {table} is gone")
        elif table not in before:
            lines.append(f"table {table} is new, {after[table]['rows']:,} rows")
        elif before[table] != after[table]:
            old, new = before[table], after[table]
            said = [f"{old['rows']:,} rows became {new['rows']:,}"] if old["rows"] != new["rows"] else []
            columns = [c for c in old["columns"] if c in new["columns"]]
            for word, named in (
                ("changed", [c for c in columns if old["columns"][c] != new["columns"][c]]),
                ("gone", [c for c in old["columns"] if c not in columns]),
                ("new", [c for c in new["columns"] if c not in columns]),
            ):
                if named:
                    said.append(f"{'column' if len(named) == 1 else 'columns'} {', '.join(named)} {word}")
            lines.append(f"table {table}: {'; '.join(said) or 'columns in another order'}")
    return lines


def stored(path: Path = PATH) -> Fingerprints:
    """The fingerprints of the last refresh; none where the file is missing."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def refresh(path: Path = PATH, folder: Path = data.DATA) -> list[str]:
    """Rewrites the file of fingerprints and returns what changed, a line for each table."""
    before, after = stored(path), fingerprints(folder)
    if before != after:
        path.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return differences(before, after)


def main() -> int:
    """Refreshes tests/fingerprints.json and prints what changed."""
    lines = refresh()
    print(f"{PATH.name}: {'changed' if lines else 'unchanged'}")
    for line in lines:
        print(f"  {line}")
    return 0


if __name__ == "__main__":
    stopping.run(main, "The fingerprints are as they were.")
