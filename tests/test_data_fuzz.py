"""Random damage to a small data folder: the loader reads what is there, or says where the fault is.

DATA_FUZZ_CASES sets the number of cases of each test (600 by default), DATA_FUZZ_SEED the first seed.
A failure names its seed: DATA_FUZZ_SEED=<seed> DATA_FUZZ_CASES=1 repeats it.
"""

import copy
import csv
import io
import json
import os
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers import data
from tests.test_data import PACKAGE, ROWS, SOURCES

CASES = int(os.environ.get("DATA_FUZZ_CASES", "600"))
SEED = int(os.environ.get("DATA_FUZZ_SEED", "0"))
SEEDS = range(SEED, SEED + CASES)

FIELDS = PACKAGE["resources"][1]["schema"]["fields"]
TYPES = {field["name"]: field["type"] for field in FIELDS}
FILES = {"sources.csv": SOURCES, "ratings/visits.csv": ROWS}
NASTY = [
    "", " ", "  ", "0", "-0", "00", "7", "1,200", "1 200", "1e5", "1e999", "0x10", "1_000", "½", "٣", "²",
    "nan", "NaN", "NA", "inf", "-inf", "None", "null", "N/A", "-", "true", "TRUE", "yes", "False", "12.",
    ".5", "3.14", "99999999999999999999", "9" * 5000, "0." + "1" * 40, "2019-02-29", "2019-02-28",
    "2019-13-01", "0001-01-01", "9999-12-31", "2019-2-1", "01/02/2019", "20190201", "2019-W05-1",
    "2019-02-01T00:00", "Good", "good", "Good ", "Requires improvement", "A", "B", "north-1", "south-1",
    "east-9", "nao-2019", "inspection-2019", "nao-2019 inspection-2019", "nao-2019  inspection-2019",
    "nao-2019 nao-2019", "noa-2019", '"', '""', '"x', "x\"y", "a,b", ",", ";", "\t", "\r", "\n", "\r\n",
    "a\nb", "\x00", "\x1b[31m", "\u202e", "\u200b", "\ufeff", "\u2028", "\x85", "\xa0", "\ufffd", "שלום",
    "Ynys Môn", "Zoe\u0308", "😀", "#REF!", "=1+1", "\\", "\\n", "x" * 200000, "%s", "{0}", "../x",
]  # fmt: skip
BYTES = [
    b"\xff",
    b"\xf4",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b'"',
    b",",
    b"\xff\xfe",
    b"\t",
    b";",
]


SWAPS = [(b",", b";"), (b"\n", b"\r\n"), (b'"', b""), (b"-", b"/"), (b"e", b"E")]
PROPERTIES = ["enum", "minimum", "pattern", "required", "unique", "listOf", "rules", "categories"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data/ratings").mkdir(parents=True)
    restore(tmp_path / "data")
    return tmp_path / "data"


def restore(folder):
    # Many writes in one tick of the file system's clock would look like the same file.
    data._read.clear()
    data._checked.clear()
    for name, content in FILES.items():
        (folder / name).write_bytes(content.encode())
    (folder / "datapackage.json").write_text(json.dumps(PACKAGE, indent=1))


def pick(random, items):
    return items[random.integers(len(items))]


def verdict(folder):
    """The tables, or None and the problems, which must be fit to print."""
    try:
        return data.check(folder), ()
    except data.DataError as error:
        shown = str(error)
        assert all(line.isprintable() for line in shown.split("\n"))
        assert len(shown) < 200 + 1000 * len(error.problems)
        for problem in error.problems:
            path = folder / problem.file.removeprefix("data/")
            assert problem.file.startswith("data/"), problem
            assert problem.rule and problem.fix, problem
            if problem.row is not None:
                content = path.read_bytes()
                assert 1 <= problem.row <= content.count(b"\n") + content.count(b"\r") + 1, problem
        assert error.problems
        return None, error.problems


def reading(folder, name):
    """The cells of a file as the csv module and nothing else reads them."""
    content = (folder / name).read_bytes().decode("utf-8")
    return list(csv.reader(io.StringIO(content, newline=""), strict=True))


def same(value, cell, kind):
    if cell == "":
        return value is pd.NA or pd.isna(value)
    if kind == "integer":
        return value == int(cell)
    if kind == "number":
        return value == float(cell)
    if kind == "date":
        return value == pd.Timestamp(date.fromisoformat(cell))
    return value == (cell == "true") if kind == "boolean" else value == cell


def agree(folder, tables):
    """Whether accepted tables hold every cell of their files, at its place, and the keys and ranges they promise."""
    header, *rows = reading(folder, "ratings/visits.csv")
    visits = tables["visits"]
    assert header == list(visits.columns) == list(TYPES)
    assert [len(row) for row in rows] == [len(header)] * len(visits)
    for place, name in enumerate(header):
        for value, row in zip(visits[name], rows):
            assert same(value, row[place], TYPES[name]), (name, value, row[place])
    source_header, *source_rows = reading(folder, "sources.csv")
    assert source_header == list(tables["sources"].columns)
    assert [[cell or None for cell in row] for row in source_rows] == [
        [None if pd.isna(cell) else cell for cell in row] for row in tables["sources"].itertuples(index=False)
    ]
    ids = [row[0] for row in source_rows]
    assert "" not in ids
    assert len(set(ids)) == len(ids)
    assert visits["visit_id"].is_unique
    assert set(visits["source_id"]) <= set(ids)
    assert {item for cell in visits["other_source_ids"].dropna() for item in cell.split(" ")} <= set(ids)
    assert visits["share"].dropna().between(0, 100).all()
    assert (visits["cases"].dropna() >= 0).all()
    assert visits["date"].ge("2014-06-01").all()
    assert (visits["date_end"].isna() | visits["date_end"].ge(visits["date"])).all()


def test_a_cell_with_anything_in_it_is_read_or_named(folder):
    accepted = 0
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        restore(folder)
        header, *rows = list(csv.reader(io.StringIO(ROWS)))
        row, place = random.integers(len(rows)), random.integers(len(header))
        usual = [row[place] for row in rows]
        kind = random.random()
        cell = pick(random, NASTY if kind < 0.7 else usual) + (pick(random, NASTY) if kind > 0.9 else "")
        rows[row][place] = cell
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows([header, *rows])
        (folder / "ratings/visits.csv").write_bytes(written.getvalue().encode())
        try:
            tables, problems = verdict(folder)
            if tables:
                accepted += 1
                agree(folder, tables)
                continue
            assert {problem.file for problem in problems} == {"data/ratings/visits.csv"}
            if set(cell) & set("\r\n") or len(cell) > 131072:
                assert {problem.row for problem in problems} & {row + 2, row + 3}
                continue
            for problem in problems:
                # The second of two equal keys is the one that is refused, whichever was edited.
                assert problem.row == row + 2 or "twice" in problem.rule, problem
                assert header[place] in problem.column.split(", "), problem
        except Exception as error:
            raise AssertionError(f"seed {seed}: {header[place]} = {cell[:80]!r}") from error
    assert CASES < 100 or 0.1 < accepted / CASES < 0.9


def damage(random, content):
    """The bytes of a file after one to three accidents."""
    for _ in range(random.integers(1, 4)):
        at, to = sorted(random.integers(0, len(content) + 1, 2).tolist())
        lines = content.splitlines(keepends=True) or [b""]
        line = random.integers(len(lines))
        match random.integers(9):
            case 0:
                content = content[:at] + content[min(to, at + int(random.integers(1, 9))) :]
            case 1:
                content = content[:at] + pick(random, BYTES) + content[at:]
            case 2:
                content = content[:at] + random.bytes(int(random.integers(1, 4))) + content[at:]
            case 3:
                content = content[:at]
            case 4:
                content = b"".join([*lines[:line], lines[line], *lines[line:]])
            case 5:
                content = b"".join(random.permutation(np.array(lines, dtype=object)))
            case 6:
                content = b"".join(lines[:line] + lines[line + 1 :])
            case 7:
                content = content.replace(
                    *pick(random, [(b",", b";"), (b"\n", b"\r\n"), (b'"', b""), (b"-", b"/"), (b"e", b"E")])
                )
            case 8:
                cells = lines[line].split(b",")
                cells[random.integers(len(cells))] = pick(random, NASTY).encode("utf-8", "surrogatepass")
                content = b"".join([*lines[:line], b",".join(cells), *lines[line + 1 :]])
    return content


def test_a_damaged_file_is_read_or_refused(folder):
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        restore(folder)
        name = pick(random, list(FILES))
        content = damage(random, FILES[name].encode())
        (folder / name).write_bytes(content)
        try:
            tables, problems = verdict(folder)
            if tables:
                agree(folder, tables)
            else:
                # Damage to sources can show in the table that refers to them, but to nothing else.
                assert name != "ratings/visits.csv" or {p.file for p in problems} == {f"data/{name}"}
        except Exception as error:
            raise AssertionError(f"seed {seed}: {name} = {content[:2000]!r}") from error


VALUES = [
    None, True, False, 0, -1, 1.5, 10**30, float("nan"), float("inf"), "", " ", "x", "id", "sources",
    "source_id", "sources.source_id", "a.b.c", ".", "visits", "date", "number", "integer", "2019-01-01",
    "(", "[", "(?P<a>x)", "x{99999999999}", "cases > 1", "cases >", "note > 1", "cases / 0 > 1",
    "-note == 1", "note * 3 == note", "share in note", "band in (1, 2)", "../x.csv", "x.csv", "\x00",
    "\ud800", "\u202e", [], {}, [[]], [{}], [None], ["source_id"], [1, 1], ["a", "a"], {"fields": []},
    {"value": "Good"},
]  # fmt: skip


def places(content, at=()):
    """Every place of a JSON document."""
    yield at
    for key, item in (
        content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    ):
        yield from places(item, (*at, key))


def test_a_damaged_descriptor_is_obeyed_or_refused(folder):
    refused = 0
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        restore(folder)
        package = copy.deepcopy(PACKAGE)
        for _ in range(random.integers(1, 3)):
            *steps, last = pick(random, [place for place in places(package) if place])
            holder = package
            for step in steps:
                holder = holder[step]
            value = copy.deepcopy(pick(random, VALUES))
            if random.random() < 0.2:
                del holder[last]
            elif isinstance(holder, dict) and random.random() < 0.3:
                holder[
                    pick(random, ["enum", "minimum", "pattern", "required", "unique", "listOf", "rules", "categories"])
                ] = value
            else:
                holder[last] = value
        content = json.dumps(package)
        (folder / "datapackage.json").write_text(content)
        try:
            tables, problems = verdict(folder)
            refused += not tables
            if not any(problem.file.endswith(".json") for problem in problems):
                assert list(data.tables(folder).index) == [resource["name"] for resource in package["resources"]]
                for name in data.tables(folder).index:
                    assert len(data.describe(name, folder)) == data.tables(folder).loc[name, "columns"]
        except Exception as error:
            raise AssertionError(f"seed {seed}: {content}") from error
    assert CASES < 100 or refused


def test_a_descriptor_with_random_bytes_is_read_or_refused(folder):
    original = json.dumps(PACKAGE, indent=1).encode()
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        restore(folder)
        content = damage(random, original)
        (folder / "datapackage.json").write_bytes(content)
        try:
            verdict(folder)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {content!r}") from error
