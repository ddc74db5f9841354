"""The data as pages and downloads: the same rows everywhere, described in full, the same bytes each time."""

import csv
import dataclasses
import io
import json
import re
import shutil
import sqlite3
import tomllib
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from frictionless import Package

from helpers import data
from helpers.publish.site import build, dataset, downloads, figures, pages
from tests import site_samples

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = "transforming-rehabilitation"
TABLES = list(data.tables().index)


def read(folder=data.DATA):
    return dataset.read(folder, {name: data.load(name, folder) for name in data.tables(folder).index})


@pytest.fixture(scope="module")
def described():
    return read()


@pytest.fixture(scope="module")
def files(described, tmp_path_factory):
    folder = tmp_path_factory.mktemp("downloads") / "data"
    downloads.write(described, folder)
    return folder


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    return site_samples.collection(tmp_path_factory.mktemp("sample") / "notebooks")


@pytest.fixture(scope="module")
def site(notebooks, tmp_path_factory):
    return build.build(notebooks, data.DATA, tmp_path_factory.mktemp("built") / "site")


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def plain_rows(name, folder=data.DATA):
    """The rows that data.load gives, as plain values."""
    frame = data.load(name, folder)
    texts = frame.select_dtypes("datetime").columns
    frame = frame.assign(**{column: frame[column].dt.strftime("%Y-%m-%d") for column in texts}).astype(object)
    return [tuple(row) for row in frame.where(frame.notna(), None).itertuples(index=False)]


def test_each_file_is_that_of_the_data_byte_for_byte(site):
    for path in [data.PACKAGE, *data.tables()["path"]]:
        assert (site / "data" / path).read_bytes() == (data.DATA / path).read_bytes()
    # So that the folder is a Data Package wherever the site stands.
    assert Package(site / "data" / data.PACKAGE).resource_names == TABLES


def test_the_zip_is_a_data_package_that_pandas_and_frictionless_read(files, tmp_path):
    with zipfile.ZipFile(files / f"{NAME}.zip") as bundle:
        assert bundle.testzip() is None
        bundle.extractall(tmp_path)
    folder = tmp_path / NAME
    assert {"README.md", "CHANGELOG.md", data.PACKAGE} < {path.name for path in folder.iterdir()}
    report = Package(folder / data.PACKAGE).validate()
    assert report.valid, report.flatten(["message"])[:3]
    for name, path in data.tables()["path"].items():
        assert len(pd.read_csv(folder / path)) == len(data.load(name))
        pd.testing.assert_frame_equal(data.load(name, folder), data.load(name))


def test_the_page_of_the_data_tells_searches_for_data_what_it_is(site, described):
    said = json.loads(soup(site / "data.html").find("script", type="application/ld+json").string)
    assert said["@type"] == "Dataset" and 50 <= len(said["description"]) <= 5000
    assert (said["name"], said["version"]) == (described.title, described.version)
    assert said["dateModified"] == described.released.isoformat() and said["license"] == described.licence["path"]
    assert said["creator"]["name"] == described.author
    files = {each["contentUrl"]: each["contentSize"] for each in said["distribution"]}
    assert all((site / name).stat().st_size == int(size.removesuffix(" B")) for name, size in files.items())
    assert set(files) == {path.relative_to(site).as_posix() for path in (site / "data").rglob("*") if path.is_file()}


def test_what_is_said_to_searches_never_becomes_markup(described):
    hostile = dataclasses.replace(described, described={**described.described, "title": site_samples.HOSTILE})
    text = dataset.linked_data(hostile, {}, "")
    assert text.count("<") == 2 and "`" not in text
    assert json.loads(text.partition("\n")[2].rpartition("\n")[0])["name"] == site_samples.HOSTILE


@pytest.fixture(scope="module")
def book(files):
    return openpyxl.load_workbook(files / f"{NAME}.xlsx", read_only=True)


def of_sheet(cell):
    return cell.date().isoformat() if hasattr(cell, "date") else cell


@pytest.mark.parametrize("name", TABLES)
def test_the_workbook_holds_the_rows_of_every_table(book, name):
    heads, *rows = book[name].iter_rows(values_only=True)
    assert list(heads) == list(data.load(name).columns)
    expected = [tuple(figures.neutral(cell) for cell in row) for row in plain_rows(name)]
    # A row ends with its last filled cell.
    padded = [tuple(map(of_sheet, row)) + (None,) * (len(heads) - len(row)) for row in rows]
    assert padded == expected


def test_the_workbook_begins_with_dictionary_sources_and_licence(book, described):
    assert book.sheetnames == ["about", *TABLES]
    rows = list(book["about"].iter_rows(values_only=True))
    said = dict(row[:2] for row in rows[:8])
    assert said["Version"].startswith(described.version) and "Open Government Licence" in said["Licence"]
    assert "source_id" in said["Sources"] and "apostrophe" in said["Apostrophes"]
    columns = {(table, column) for table in TABLES for column in data.describe(table).index}
    assert columns <= {row[:2] for row in rows}


@pytest.fixture(scope="module")
def base(files):
    opened = sqlite3.connect(f"file:{files / NAME}.sqlite?mode=ro", uri=True)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", TABLES)
def test_the_database_holds_the_rows_of_every_table(base, name):
    found = base.execute(f'SELECT * FROM "{name}"')
    assert [column[0] for column in found.description] == list(data.load(name).columns)
    assert found.fetchall() == plain_rows(name)


def test_foreign_keys_are_declared_and_hold(base, described):
    assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert base.execute("PRAGMA foreign_key_check").fetchall() == []
    left_out = []
    for table in described.tables.values():
        there = {(row[2], row[3], row[4]) for row in base.execute(f'PRAGMA foreign_key_list("{table.name}")')}
        for here, other, columns in table.foreign_keys:
            if downloads.is_key(described.tables[other], columns):
                assert {(other, *pair) for pair in zip(here, columns)} <= there
            else:
                left_out.append((table.name, *here, other))
        keys = [
            row[1] for row in sorted(base.execute(f'PRAGMA table_info("{table.name}")'), key=lambda r: r[5]) if row[5]
        ]
        assert keys == table.key
    # A set of services has many rows: what refers to it refers to no single one.
    assert {other for *_, other in left_out} == {"service_sets"}


def test_the_database_describes_its_columns(base):
    listed = set(base.execute('SELECT "table", "column", meaning FROM about_columns'))
    assert listed == {
        (name, column, meaning) for name in TABLES for column, meaning in data.describe(name)["meaning"].items()
    }
    assert (
        dict(base.execute("SELECT * FROM about_tables").fetchall() and base.execute("SELECT name, value FROM about"))[
            "version"
        ]
        == read().version
    )


def test_downloads_have_the_same_bytes_each_time(described, files, monkeypatch, tmp_path):
    monkeypatch.setattr("time.time", lambda: 2_000_000_000)
    for _, make in (("zip", downloads.archive), ("xlsx", downloads.workbook), ("sqlite", downloads.database)):
        assert make(described) == (files / f"{NAME}.{_}").read_bytes()


@pytest.mark.parametrize("name", TABLES)
def test_a_page_describes_every_column_and_shows_every_row(site, described, name):
    table = described.tables[name]
    page = soup(site / f"{table.page}.html")
    columns, rows = page.find_all("table")
    shown = {row.th.get_text(): row.get_text() for row in columns.tbody.find_all("tr")}
    for column, said in data.describe(name).iterrows():
        assert said["meaning"] in shown[column] and said["unit"] in shown[column] and said["refers_to"] in shown[column]
        for value in said["values"].split("; "):
            assert value in shown[column]
    assert list(shown) == list(data.describe(name).index) == [cell.get_text() for cell in rows.thead.find_all("th")]
    with (data.DATA / table.path).open(encoding="utf-8", newline="") as file:
        written = list(csv.reader(file))[1:]
    assert [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows.tbody.find_all("tr")] == written
    text = page.get_text()
    for expected in (table.title, table.description, "Open Government Licence v3.0", f"Version {described.version}"):
        assert expected in text
    assert f"{len(table.frame):,} rows" in text and described.author in text and "@misc{" in text


def test_links_of_rows_lead_somewhere(site):
    anchors = {path.name: {tag["id"] for tag in soup(path).find_all(id=True)} for path in site.glob("sources-*.html")}
    for path in site.glob("table-*.html"):
        links = {link["href"] for link in soup(path).select(".all-rows a")}
        for link in links:
            target, _, place = link.partition("#")
            assert (site / target).exists() and (not place or place in anchors[target]), link
    assert len({link["href"] for link in soup(site / "table-sources.html").select(".all-rows a")}) == len(
        data.load("sources")
    )


def test_the_page_of_the_data_lists_tables_downloads_changes_and_citation(site, described):
    page = soup(site / "data.html")
    links = {link["href"] for link in page.find_all("a", href=True)}
    assert {f"{table.page}.html" for table in described.tables.values()} <= links
    assert {f"data/{path}" for path in data.tables()["path"]} <= links
    assert {f"data/{NAME}.{kind}" for kind in ("zip", "xlsx", "sqlite")} <= links
    text = page.get_text()
    for expected in (*described.tables, described.cited(), "read.csv", "read_csv", "SELECT *", "@misc{"):
        assert expected in text
    for heading in re.findall("^## (.+)$", (data.DATA / "CHANGELOG.md").read_text(encoding="utf-8"), re.M):
        assert heading in [found.get_text().rstrip("#¶") for found in page.find_all("h3")]
    for heading in re.findall("^## (.+)$", (data.DATA / "README.md").read_text(encoding="utf-8"), re.M):
        assert heading in [found.get_text().rstrip("#¶") for found in page.find_all("h2")]


@pytest.mark.parametrize("name", TABLES)
def test_the_line_for_python_reads_the_table_as_it_is(described, name, monkeypatch):
    table = described.tables[name]
    monkeypatch.chdir(table.file.parent)
    said = {"pandas": pd}
    exec(table.lines["Python"], said)
    rows, loaded = said["rows"], data.load(name)
    assert list(rows.columns) == list(loaded.columns) and len(rows) == len(loaded)
    for column, kind in data.describe(name)["type"].items():
        if kind == "date":
            assert rows[column].equals(loaded[column])
        elif kind == "string" and loaded[column].notna().any():
            assert rows[column].dropna().tolist() == loaded[column].dropna().astype(str).tolist(), column


def copied(folder, change):
    """A copy of the data whose datapackage.json was changed."""
    shutil.copytree(data.DATA, folder, ignore=shutil.ignore_patterns("official"))
    package = json.loads((folder / data.PACKAGE).read_text(encoding="utf-8"))
    change(package, next(table for table in package["resources"] if table["name"] == "ratings"))
    (folder / data.PACKAGE).write_text(json.dumps(package), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda _, table: table.pop("title"), "table ratings has no title"),
        (lambda _, table: table.pop("description"), "table ratings has no description"),
        (lambda _, table: table.pop("licenses"), "table ratings has no licence with title and path"),
        (lambda _, table: table["licenses"][0].pop("path"), "table ratings has no licence with title and path"),
        (
            lambda _, table: table["schema"]["fields"][3].pop("description"),
            "column band of table ratings has no description",
        ),
        (lambda package, _: package.pop("created"), "there is no created"),
        (lambda package, _: package.update(version="9.0.0"), "the first version must be that of datapackage.json"),
    ],
)
def test_what_a_reader_would_miss_stops_the_build_and_is_named(notebooks, tmp_path, change, rule):
    target = tmp_path / "site"
    target.mkdir()
    (target / "kept.txt").write_text("the previous site")
    with pytest.raises(build.SiteError) as told:
        build.build(notebooks, copied(tmp_path / "data", change), target)
    assert any(line.startswith("data/") and rule in line for line in told.value.lines), told.value.lines
    assert [path.name for path in target.iterdir()] == ["kept.txt"]


def test_a_sheet_whose_name_is_too_long_is_named(tmp_path):
    def change(_, table):
        table["name"] = "r" * 32

    assert "no sheet may have a name" in dataset.problems(copied(tmp_path / "data", change))[0]


def test_hostile_text_stays_text_in_every_download(tmp_path):
    folder = site_samples.hostile_data(tmp_path / "data")
    hostile = read(folder)
    cells = 0
    book = openpyxl.load_workbook(io.BytesIO(downloads.workbook(hostile)))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", cell
                if isinstance(cell.value, str):
                    cells += site_samples.HOSTILE in cell.value
                    assert not cell.value.startswith(figures.FORMULA), cell
    assert cells > 1000
    base = sqlite3.connect(":memory:")
    base.deserialize(downloads.database(hostile))
    for name in ("sources", "events", "claims"):
        assert base.execute(f'SELECT * FROM "{name}"').fetchall() == plain_rows(name, folder)
    assert base.execute("PRAGMA foreign_key_check").fetchall() == []
    base.close()
    for table in hostile.tables.values():
        tags = BeautifulSoup(dataset._rows(table, {}), "html.parser").find_all(True)
        assert {tag.name for tag in tags} <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
        assert {name for tag in tags for name in tag.attrs} <= {"class", "role", "aria-label", "tabindex", "scope"}


def test_hostile_text_in_the_dictionary_stays_text(notebooks, tmp_path):
    def change(package, table):
        for part in (package, table, table["schema"]["fields"][0]):
            part["title"] = part["description"] = site_samples.HOSTILE

    site = build.build(notebooks, copied(tmp_path / "data", change), tmp_path / "site")
    for name in ("data.html", "table-ratings.html"):
        page = soup(site / name)
        assert "window.hostile" in page.get_text()
        assert not page.find_all("script", src=False, type=lambda kind: kind != "application/ld+json")
        assert not page.find_all("img", src="x") and not page.find_all(href=re.compile("^javascript"))


def test_the_newest_version_of_the_changelog_is_that_of_the_package(described):
    newest = re.search(r"^## (.+)$", described.changes, re.M)[1]
    assert newest == f"{described.version} ({described.released.isoformat()})"
    assert re.fullmatch(r"\d+\.\d+\.\d+", described.version)


def test_citation_cff_says_what_the_package_and_the_project_say(described):
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert set(cited) == {
        *("cff-version", "message", "type", "title", "authors", "version", "date-released", "license", "references")
    }
    assert cited["cff-version"] == "1.2.0" and cited["type"] == "dataset"
    assert cited["title"] == described.title
    assert cited["authors"] == [{"name": described.author}]
    assert cited["version"] == described.version and cited["date-released"] == described.released.isoformat()
    assert cited["license"] == described.licence["name"]
    [software] = cited["references"]
    assert software["type"] == "software" and software["authors"] == cited["authors"]
    assert software["title"] == PROJECT["description"]
    assert software["version"] == PROJECT["version"] and software["license"] == PROJECT["license"]
    assert f"Copyright (c) {described.released.year} {described.author}" in (ROOT / "LICENSE").read_text()


def test_bibtex_and_words_say_the_same(described):
    for table in ("", "ratings"):
        words, bibtex = described.cited(table), described.bibtex(table)
        for said in (described.title, described.version, described.author, str(described.released.year), table):
            assert said in words and said in bibtex
        assert bibtex.count("{") == bibtex.count("}")


def test_a_heading_of_a_table_page_is_its_title(described):
    pages_of = {
        page.name: page for page in dataset.table_pages(described, {t.path: 1 for t in described.tables.values()})
    }
    assert pages_of["table-ratings"].title == described.tables["ratings"].title
    assert all(isinstance(page, pages.Page) and not page.listed for page in pages_of.values())
