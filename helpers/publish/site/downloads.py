"""The data to take away: each table as CSV, all as a zip, a workbook, a SQLite database; the same bytes each time."""

from __future__ import annotations

import io
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import data
from helpers.publish.site.dataset import CHANGES, Dataset, Table, day
from helpers.publish.site.figures import APOSTROPHE, EMPTY_CELLS, neutral, zipped

MODIFIED = re.compile(rb"<dcterms:(created|modified)([^>]*)>[^<]*</dcterms:\1>")
SQL_TYPES = {"string": "TEXT", "integer": "INTEGER", "number": "REAL", "date": "TEXT", "boolean": "INTEGER"}
FIRST_DATE = date(1900, 3, 1)  # from which all spreadsheets count days alike
WIDEST = 48  # characters of a column in the workbook
DICTIONARY = ("table", "column", "meaning", "type", "unit", "values", "key", "refers_to")


def write(dataset: Dataset, folder: Path) -> dict[str, int]:
    """Writes every file to download into a folder; returns the size of each by its path in there."""
    folder.mkdir(parents=True)
    for table in dataset.tables.values():
        (folder / table.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(table.file, folder / table.path)
    shutil.copyfile(dataset.folder / data.PACKAGE, folder / data.PACKAGE)
    (folder / f"{dataset.name}.zip").write_bytes(archive(dataset))
    (folder / f"{dataset.name}.xlsx").write_bytes(workbook(dataset))
    (folder / f"{dataset.name}.sqlite").write_bytes(database(dataset))
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def archive(dataset: Dataset) -> bytes:
    """The folder of the data as a zip: a Data Package that opens as it is."""
    names = [data.PACKAGE, "README.md", CHANGES, *(table.path for table in dataset.tables.values())]
    return zipped({f"{dataset.name}/{name}": (dataset.folder / name).read_bytes() for name in sorted(names)})


def values(frame: pd.DataFrame) -> Iterator[list[Any]]:
    """The rows as plain Python values: None for an empty cell, dates as dates."""
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns]
    for row in zip(*columns):
        yield [cell.date() if isinstance(cell, pd.Timestamp) else cell for cell in row]


def _dictionary(dataset: Dataset) -> Iterator[tuple[str, ...]]:
    for table in dataset.tables.values():
        for name, column in table.columns.iterrows():
            yield (table.name, str(name), *column[list(DICTIONARY[2:])])


def workbook(dataset: Dataset) -> bytes:
    """One sheet a table, and before them one that says what they are."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _about_sheet(book.create_sheet("about"), dataset)
    for table in dataset.tables.values():
        _sheet(book.create_sheet(table.name), table)
    return saved(book, dataset.released)


def saved(book: Any, day: date) -> bytes:
    """A workbook as a file that says it was made on a day: the same bytes each time."""
    made = io.BytesIO()
    book.save(made)
    stamp = day.isoformat().encode() + b"T00:00:00Z"
    with zipfile.ZipFile(made) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    core = "docProps/core.xml"  # holds the time of saving
    files[core] = MODIFIED.sub(rb"<dcterms:\1\2>" + stamp + rb"</dcterms:\1>", files[core])
    return zipped(files)


def bold(sheet: Any, texts: list[str]) -> list[Any]:
    """Cells of bold text for a row of a sheet."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cells = [WriteOnlyCell(sheet, text) for text in texts]
    for cell in cells:
        cell.font = Font(bold=True)
    return cells


def _about_sheet(sheet: Any, dataset: Dataset) -> None:
    for letter, width in zip("ABCDEFGH", (30, 30, 60, 12, 16, 40, 16, 30)):
        sheet.column_dimensions[letter].width = width
    said = {
        "Title": dataset.title,
        "What": dataset.described["description"],
        "Version": f"{dataset.version} of {day(dataset.released)}",
        "Licence": f"{dataset.licence['title']}, {dataset.licence['path']}",
        "Sources": "The sheet sources lists every document; source_id in a row names the one it was read in.",
        "To cite": dataset.cited(),
        "Empty cells": EMPTY_CELLS,
        "Apostrophes": APOSTROPHE,
    }
    for name, text in said.items():
        sheet.append([*bold(sheet, [name]), neutral(text)])
    sheet.append([])
    sheet.append(bold(sheet, ["table", "title", "description", "rows", "columns", "licence"]))
    for table in dataset.tables.values():
        texts = [neutral(text) for text in (table.name, table.title, table.description)]
        sheet.append([*texts, len(table.frame), len(table.columns), table.licence["title"]])
    sheet.append([])
    sheet.append(bold(sheet, list(DICTIONARY)))
    for row in _dictionary(dataset):
        sheet.append([neutral(text) or None for text in row])


def _sheet(sheet: Any, table: Table) -> None:
    from openpyxl.utils import get_column_letter

    names = list(table.frame.columns)
    for place, name in enumerate(names):
        longest = max([len(name) + 3, *(len(row[place]) for row in table.written)])
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(longest + 1, WIDEST)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{len(table.frame) + 1}"
    sheet.append(bold(sheet, names))
    for row in values(table.frame):
        sheet.append([of_sheet(cell) for cell in row])


def of_sheet(cell: Any) -> Any:
    """A value as every spreadsheet reads it alike."""
    if isinstance(cell, date) and cell < FIRST_DATE:
        return cell.isoformat()
    return neutral(cell)


def database(dataset: Dataset) -> bytes:
    """Every table with its keys, and three that say what the others are: about, about_tables, about_columns."""
    made = sqlite3.connect(":memory:")
    with made:
        for table in dataset.tables.values():
            made.execute(_create(table, dataset.tables))
            marks = ", ".join("?" * len(table.columns))
            rows = ([c.isoformat() if isinstance(c, date) else c for c in row] for row in values(table.frame))
            made.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', rows)
        made.execute("CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        about = {
            "title": dataset.title,
            "description": dataset.described["description"],
            "version": dataset.version,
            "released": dataset.released.isoformat(),
            "licence": f"{dataset.licence['title']}, {dataset.licence['path']}",
            "citation": dataset.cited(),
        }
        made.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        made.execute(
            'CREATE TABLE about_tables ("table" TEXT PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL, '
            "rows INTEGER NOT NULL, licence TEXT NOT NULL)"
        )
        made.executemany(
            "INSERT INTO about_tables VALUES (?, ?, ?, ?, ?)",
            ((t.name, t.title, t.description, len(t.frame), t.licence["title"]) for t in dataset.tables.values()),
        )
        listed = ", ".join(f'"{name}" TEXT' for name in DICTIONARY)
        made.execute(
            f'CREATE TABLE about_columns ({listed}, PRIMARY KEY ("table", "column"), '
            'FOREIGN KEY ("table") REFERENCES about_tables ("table"))'
        )
        made.executemany(
            f"INSERT INTO about_columns VALUES ({', '.join('?' * len(DICTIONARY))})",
            ([text or None for text in row] for row in _dictionary(dataset)),
        )
    content = made.serialize()
    made.close()
    return content


def _create(table: Table, tables: Mapping[str, Table]) -> str:
    """CREATE TABLE with keys. What refers to a column that is no key by itself is told in about_columns alone:
    SQLite has no such foreign keys."""
    parts = [
        f'"{field["name"]}" {SQL_TYPES[field["type"]]}'
        + (" NOT NULL" if field.get("constraints", {}).get("required") else "")
        + (" UNIQUE" if field.get("constraints", {}).get("unique") and table.key != [field["name"]] else "")
        for field in table.fields
    ]
    parts += [f"PRIMARY KEY ({_listed(table.key)})"] if table.key else []
    parts += [
        f'FOREIGN KEY ({_listed(here)}) REFERENCES "{other}" ({_listed(there)})'
        for here, other, there in table.foreign_keys
        if is_key(tables[other], there)
    ]
    return f'CREATE TABLE "{table.name}" (\n  ' + ",\n  ".join(parts) + "\n)"


def is_key(table: Table, columns: list[str]) -> bool:
    """Whether the columns name one row, as datapackage.json says."""
    unique = [f["name"] for f in table.fields if f.get("constraints", {}).get("unique")]
    return columns == table.key or (len(columns) == 1 and columns[0] in unique)


def _listed(columns: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
