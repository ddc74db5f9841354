"""Every number in data/README.md, counted again from the tables, and the promises the page makes about them."""

import re
from collections import Counter

import pandas as pd
import pytest

from helpers import data

README = data.DATA / "README.md"
KINDS = {"OGL": "OGL-3.0", "OPL": "OPL-3.0", "facts only": "facts-only"}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {name: data.load(name) for name in data.tables().index}


def rows_under(text: str, first_column: str) -> list[dict[str, str]]:
    """The rows of the Markdown table whose first heading is first_column."""
    lines = iter(text.splitlines())
    heads = next(_cells(line) for line in lines if line.startswith(f"| {first_column} |"))
    next(lines)
    found = []
    for line in lines:
        if not line.startswith("|"):
            return found
        found.append(dict(zip(heads, _cells(line), strict=True)))
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def wrong_numbers(text: str, tables: dict[str, pd.DataFrame]) -> list[str]:
    """What the page says that the tables do not bear out: one line for each number."""
    problems = []

    def expect(where: str, said: str | int, counted: int) -> None:
        if int(said) != counted:
            problems.append(f"{where}: the page says {said}, the tables hold {counted}")

    described = {row["table"]: row for row in rows_under(text, "table")}
    problems += [f"{name} is not on the page" for name in tables.keys() - described.keys()]
    problems += [f"{name} is no table" for name in described.keys() - tables.keys()]
    licences = tables["sources"].set_index("source_id")["licence"]
    for name in described.keys() & tables.keys():
        row, table = described[name], tables[name]
        expect(f"{name}, rows", row["rows"], len(table))
        counted = Counter(table["source_id"].map(licences)) if "source_id" in table else Counter()
        for column, licence in KINDS.items():
            expect(f"{name}, {column}", row[column], counted[licence])

    counts = re.search(r"(\d+) documents: (\d+) with .*?, (\d+) with .*?, (\d+) without", text)
    kinds = tables["sources"]["url_kind"].value_counts()
    for said, kind in zip(counts.groups()[1:], ("page", "site", "none"), strict=True):
        expect(f"sources of kind {kind}", said, int(kinds[kind]))
    expect("documents", counts[1], len(tables["sources"]))
    return problems


def test_every_number_on_the_page_is_counted_again(tables: dict[str, pd.DataFrame]) -> None:
    assert wrong_numbers(README.read_text(encoding="utf-8"), tables) == []


def test_a_changed_number_is_noticed(tables: dict[str, pd.DataFrame]) -> None:
    text = README.read_text(encoding="utf-8")
    for row in rows_under(text, "table"):
        name, rows = row["table"], row["rows"]
        line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        changed = line.replace(f"| {rows} |", f"| {int(rows) + 1} |", 1)
        assert wrong_numbers(text.replace(line, changed), tables), name


def test_a_lost_row_is_noticed(tables: dict[str, pd.DataFrame]) -> None:
    text = README.read_text(encoding="utf-8")
    for name, table in tables.items():
        assert wrong_numbers(text, tables | {name: table.iloc[1:]}), name


def cited(tables: dict[str, pd.DataFrame]) -> set[str]:
    columns = [
        table[column].dropna().str.split(" ").explode()
        for name, table in tables.items()
        if name != "sources"
        for column in table.columns
        if column.endswith(("source_id", "source_ids"))
    ]
    return set(pd.concat(columns))


def test_every_source_is_cited_or_named_on_the_page(tables: dict[str, pd.DataFrame]) -> None:
    text = README.read_text(encoding="utf-8")
    named = set(re.findall("`([a-z0-9-]+)`", text.split("that a maintainer can add them:")[1].split("\n")[0]))
    assert set(tables["sources"]["source_id"]) - cited(tables) == named


def test_one_identifier_for_one_document(tables: dict[str, pd.DataFrame]) -> None:
    pages = tables["sources"].query("url_kind == 'page'")
    address = pages["url"].str.replace(r"^https?://(www\.|feeds\.)?|[/#]+$|#.*$", "", regex=True).str.lower()
    twice = pages[address.duplicated(keep=False)]
    # The league table was rewritten at one address; each version is a document.
    assert set(twice["url"].str.contains("/probleague")) <= {True}, twice["source_id"].tolist()


def test_addresses_fit_their_kind(tables: dict[str, pd.DataFrame]) -> None:
    sources = tables["sources"]
    assert (sources["url"].isna() == (sources["url_kind"] == "none")).all()
    bare = sources["url"].str.fullmatch(r"https?://[^/]+/?").fillna(False).astype(bool)
    assert (sources.loc[bare, "url_kind"] == "site").all()


def test_tiles_are_one_apiece(tables: dict[str, pd.DataFrame]) -> None:
    tiled = tables["providers"].dropna(subset="tile_row")
    assert tiled["kind"].value_counts().loc[["crc", "nps_division"]].to_dict() == {"crc": 21, "nps_division": 7}
    assert len(tiled) == 28
    assert not tiled.duplicated(["kind", "tile_row", "tile_column"]).any()
