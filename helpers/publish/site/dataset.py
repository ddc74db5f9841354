"""The data as datapackage.json describes them: what is missing there, and the pages that show every table."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import data
from helpers.display import escape, number
from helpers.publish.site.pages import Page, slug

CHANGES = "CHANGELOG.md"
LONGEST_SHEET = 31  # characters in the name of a sheet, by the rules of Excel
LONG_TEXT = 60  # characters from which a column of rows gets more room
TEXT_IN_PANDAS = {"string", "object", "str"}
PROSE = {"OGL-3.0": "the Open Government Licence", "OPL-3.0": "the Open Parliament Licence"}


@dataclass(frozen=True)
class Table:
    """One table: what datapackage.json says of it, its file, its rows typed.

    licence          title and path
    foreign_keys     (columns here, table there, columns there)
    columns          the dictionary: a row for each column
    """

    name: str
    title: str
    description: str
    path: str
    licence: Mapping[str, str]
    fields: list[dict[str, Any]]
    key: list[str]
    foreign_keys: list[tuple[list[str], str, list[str]]]
    rules: list[dict[str, str]]
    columns: pd.DataFrame
    file: Path
    frame: pd.DataFrame

    @property
    def page(self) -> str:
        """The name of its page."""
        return f"table-{slug(self.name)}"

    @cached_property
    def written(self) -> list[list[str]]:
        """The rows as they stand in the file, without the header."""
        with self.file.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))[1:]

    @cached_property
    def taken_for_numbers(self) -> list[str]:
        """Columns of text that pandas and R would read as numbers, such as codes of standards."""
        read = pd.read_csv(self.file)
        texts = [name for name in self.columns.index if self.columns.loc[name, "type"] == "string"]
        return [name for name in texts if read[name].notna().any() and read[name].dtype.name not in TEXT_IN_PANDAS]

    @property
    def lines(self) -> dict[str, str]:
        """The one line that loads the table, by tool."""
        file = self.file.name
        dates = [name for name in self.columns.index if self.columns.loc[name, "type"] == "date"]
        return {
            **reading(file, self.taken_for_numbers, dates),
            "Excel": f"Data > From Text/CSV > {file} > File Origin: 65001: Unicode (UTF-8) > Load",
            "SQLite": f'SELECT * FROM "{self.name}";',
        }


@dataclass(frozen=True)
class Dataset:
    """All tables and what is said of them together."""

    described: dict[str, Any]
    folder: Path
    tables: dict[str, Table]

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """The rows of every table, typed."""
        return {name: table.frame for name, table in self.tables.items()}

    @property
    def name(self) -> str:
        """The name that the files to download share."""
        return self.described["name"]

    @property
    def title(self) -> str:
        """The title of the whole."""
        return self.described["title"]

    @property
    def version(self) -> str:
        """The version of the data."""
        return self.described["version"]

    @property
    def released(self) -> date:
        """The day of the version."""
        return date.fromisoformat(self.described["created"][:10])

    @property
    def author(self) -> str:
        """Who is to be cited."""
        return self.described["contributors"][0]["title"]

    @property
    def licence(self) -> dict[str, str]:
        """Title and path of the licence of the whole."""
        return self.described["licenses"][0]

    @property
    def changes(self) -> str:
        """The changelog as Markdown."""
        return (self.folder / CHANGES).read_text(encoding="utf-8")

    def cited(self, table: str = "") -> str:
        """How to cite the data, or one table of them, in words."""
        part = f"Table '{table}' in: " if table else ""
        return (
            f"{self.author} ({self.released.year}). {part}{self.title}. Data set, version {self.version}, "
            f"{day(self.released)}. {self.licence['title']}."
        )

    def bibtex(self, table: str = "") -> str:
        """The same as BibTeX; outer braces keep an author who is no person whole."""
        lines = {
            "author": f"{{{self.author}}}",
            "title": f"{{{self.title}}}",
            "year": f"{self.released.year}",
            "month": f"{self.released.month}",
            "howpublished": "Data set",
            "version": self.version,
            "note": f"Version {self.version}" + (f", table {table}" if table else "") + f". {self.licence['title']}",
        }
        return entry(f"{self.name}-{self.version}" + (f"-{table}" if table else ""), lines)


def entry(key: str, lines: Mapping[str, str]) -> str:
    """An entry of BibTeX."""
    return f"@misc{{{key},\n" + "".join(f"  {name} = {{{text}}},\n" for name, text in lines.items()) + "}"


def reading(file: str, texts: list[str], dates: list[str]) -> dict[str, str]:
    """The one line that loads a CSV file, in Python and R.

    texts    columns of text that look like numbers
    dates    columns of dates
    """
    listed = ", ".join(f"{json.dumps(name)}: str" for name in texts)
    python = f", dtype={{{listed}}}" if texts else ""
    python += f", parse_dates={json.dumps(dates)}" if dates else ""
    listed = ", ".join(f'{name} = "character"' for name in texts)
    r = f", colClasses = c({listed})" if texts else ""
    return {
        "Python": f'rows = pandas.read_csv("{file}"{python})',
        "R": f'rows <- read.csv("{file}", na.strings = "", fileEncoding = "UTF-8"{r})',
    }


def day(when: date) -> str:
    """A date as it is said, such as 28 November 2026."""
    return f"{when.day} {when:%B %Y}"


def read(folder: Path, frames: Mapping[str, pd.DataFrame]) -> Dataset:
    """The data of a folder, whose tables were loaded and found to be right."""
    described = json.loads((folder / data.PACKAGE).read_text(encoding="utf-8"))
    tables = {part["name"]: _table(part, folder, frames[part["name"]]) for part in described["resources"]}
    return Dataset(described, folder, tables)


def _table(part: Mapping[str, Any], folder: Path, frame: pd.DataFrame) -> Table:
    schema = part["schema"]
    key = _names(schema.get("primaryKey", []))
    keys = [(key["fields"], key["reference"]) for key in schema.get("foreignKeys", [])]
    return Table(
        *(part[name] for name in ("name", "title", "description", "path")),
        part["licenses"][0],
        schema["fields"],
        key,
        # A reference without a name is to the table itself.
        [(_names(here), other.get("resource") or part["name"], _names(other["fields"])) for here, other in keys],
        part.get("rules", []),
        _columns(data.describe(part["name"], folder), schema["fields"], key),
        folder / part["path"],
        frame,
    )


def _names(columns: str | list[str]) -> list[str]:
    """Columns as a list, though one may stand alone."""
    return [columns] if isinstance(columns, str) else columns


def _columns(described: pd.DataFrame, fields: list[dict[str, Any]], key: list[str]) -> pd.DataFrame:
    """The dictionary of a table: meaning, type, unit, values, keys of each column."""
    patterns = [field.get("constraints", {}).get("pattern") for field in fields]
    values = [
        "; ".join(filter(None, [pattern and f"pattern {pattern}", said]))
        for pattern, said in zip(patterns, described["values"])
    ]
    part = "part of the key" if len(key) > 1 else "key"
    keys = [part if name in key else "" for name in described.index]
    return described.assign(values=values, key=keys)[["meaning", "type", "unit", "values", "key", "refers_to"]]


def problems(folder: Path) -> list[str]:
    """What a reader would miss in datapackage.json and in the changelog, a line each."""
    path = folder / data.PACKAGE
    where = f"{folder.name}/{data.PACKAGE}"
    described = json.loads(path.read_text(encoding="utf-8"))
    found = [
        f"{where}: there is no {part}; add it"
        for part in ("name", "title", "description", "version", "created", "contributors", "licenses")
        if not described.get(part)
    ]
    for table in described["resources"]:
        parts = [part for part in ("title", "description") if not table.get(part)]
        if not all(licence.get("title") and licence.get("path") for licence in table.get("licenses") or [{}]):
            parts.append("licence with title and path")
        found += [f"{where}: table {table['name']} has no {part}; add it" for part in parts]
        found += [
            f"{where}: column {column['name']} of table {table['name']} has no description; add it"
            for column in table["schema"]["fields"]
            if not column.get("description")
        ]
        if len(table["name"]) > LONGEST_SHEET:
            found.append(f"{where}: table {table['name']}: no sheet may have a name of over {LONGEST_SHEET} characters")
    changes = folder / CHANGES
    heads = re.findall(r"^## (.+)$", changes.read_text(encoding="utf-8"), re.M) if changes.exists() else []
    newest = f"{described.get('version')} ({str(described.get('created'))[:10]})"
    if not heads or heads[0] != newest:
        found.append(f"{folder.name}/{CHANGES}: the first version must be that of {data.PACKAGE}; write ## {newest}")
    return found


# The pages


def front(dataset: Dataset, about: str, sizes: Mapping[str, int], address: str = "") -> str:
    """The page of the data as Markdown: files to take away, every table, how to load and cite, and data/README.md.

    sizes      file in the folder of downloads -> bytes
    address    where the site stands, with a slash at its end; empty where that is not known
    """
    lead, *sections = re.split(r"^(?=## )", about, flags=re.M)
    name, tables = dataset.name, dataset.tables.values()
    files = {
        f"{name}.zip": "every table as CSV, with the dictionary (datapackage.json), how to read them, and the changes",
        f"{name}.xlsx": "one workbook: a sheet for each table, the first with the dictionary and the licence",
        f"{name}.sqlite": "one SQLite database: tables with their keys, and their columns described",
        data.PACKAGE: "the dictionary alone, for programs (Data Package, Table Schema)",
    }
    items = "".join(
        f'<li><a href="data/{file}" download>{file}</a> ({_size(sizes[file])}): {said}.</li>'
        for file, said in files.items()
    )
    rows = "".join(
        f'<tr><th scope="row" class="long"><a href="{table.page}.html">{escape(table.title)}</a><br>'
        f'<code>{table.name}</code></th><td class="figure">{number(len(table.frame))}</td>'
        f'<td class="figure">{len(table.columns)}</td><td>{_csv(table, f"CSV{_heard(table.name)}", sizes)}</td></tr>'
        for table in tables
    )
    total = sum(len(table.frame) for table in tables)
    heads = '<th scope="col">Table</th>'
    heads += "".join(f'<th scope="col" class="figure">{head}</th>' for head in ("Rows", "Columns"))
    listed = (
        f"<table class='tables'><caption>{len(dataset.tables)} tables, {number(total)} rows</caption>"
        f'<thead><tr>{heads}<th scope="col">File</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    parts = [
        lead,
        _raw(f"<p>{_edition(dataset)} {_licence(dataset.licence)}</p>"),
        f"## Download\n\n{_raw(f'<ul>{items}</ul>')}",
        "## Every table\n\nEach has a page with the meaning of its columns and its rows.\n\n" + _raw(listed),
        f"## Load a table\n\n{_raw(_loading(next(iter(tables)), name))}",
        f"## How to cite\n\n{_raw(_citing(dataset))}",
        re.sub(r"^#", "##", dataset.changes, flags=re.M),
        *sections,
        _raw(linked_data(dataset, sizes, address)),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


TYPES = {"zip": "application/zip", "sqlite": "application/vnd.sqlite3", "json": "application/json", "csv": "text/csv"}
TYPES["xlsx"] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def linked_data(dataset: Dataset, sizes: Mapping[str, int], address: str) -> str:
    """What searches for data read, as schema.org names it. A browser takes it for data and runs nothing of it."""
    said = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": dataset.title,
        "description": dataset.described["description"],
        "license": dataset.licence["path"],
        "version": dataset.version,
        "dateModified": dataset.released.isoformat(),
        "creator": {"@type": "Organization", "name": dataset.author},
        "isAccessibleForFree": True,
        "inLanguage": "en-GB",
        "spatialCoverage": "England and Wales",
        **({"url": f"{address}data.html"} if address else {}),
        "distribution": [
            {
                "@type": "DataDownload",
                "name": file,
                "contentUrl": f"{address}data/{file}",
                "encodingFormat": TYPES[file.rpartition(".")[2]],
                "contentSize": f"{size} B",
            }
            for file, size in sorted(sizes.items())
        ],
    }
    text = json.dumps(said, indent=1, ensure_ascii=True)
    for mark in "<>&`":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return f'<script type="application/ld+json">\n{text}\n</script>'


def _raw(markup: str) -> str:
    """HTML within Markdown."""
    return Page("", "", markup).text.split("\n\n", 1)[1]


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def _heard(name: str) -> str:
    """Words for those who hear a link without its row."""
    return f'<span class="visually-hidden"> of {escape(name)}</span>'


def _csv(table: Table, text: str, sizes: Mapping[str, int]) -> str:
    return f'<a href="data/{table.path}" download="{table.name}.csv">{text}</a> ({_size(sizes[table.path])})'


def _edition(dataset: Dataset) -> str:
    return f"Version {escape(dataset.version)} of {day(dataset.released)}."


def _licence(licence: Mapping[str, str]) -> str:
    return f'Licence: <a href="{escape(licence["path"])}" rel="noreferrer license">{escape(licence["title"])}</a>.'


def code(text: str, name: str) -> str:
    """Code that scrolls in a region of its own, reached by keyboard."""
    return f'<pre class="literal-block" role="region" aria-label="{escape(name)}" tabindex="0">{escape(text)}</pre>'


def _loading(table: Table, name: str) -> str:
    said = {
        "Python": "Python, after <code>import pandas</code>",
        "R": "R",
        "Excel": f"Excel, or the sheet {escape(table.name)} of {name}.xlsx",
        "SQLite": f"SQLite, after <code>sqlite3 {name}.sqlite</code>",
    }
    lines = "".join(f"<p>{said[tool]}:</p>{code(line, f'Line for {tool}')}" for tool, line in table.lines.items())
    return f'<div class="load">{lines}</div>'


def _citing(dataset: Dataset, table: str = "") -> str:
    return (
        f"<p>{escape(dataset.cited(table))}</p>{code(dataset.bibtex(table), 'BibTeX')}"
        "<p>Cite also the document that a row names: it is where the figure comes from.</p>"
    )


def table_pages(dataset: Dataset, sizes: Mapping[str, int]) -> Iterator[Page]:
    """A page for each table; its rows are put in by `fill`, when all else is done."""
    sources = dataset.tables["sources"].frame.set_index("source_id")["licence"].astype(str)
    pages = {table.name: table.page for table in dataset.tables.values()}
    for table in dataset.tables.values():
        rules = "".join(f"<li>{escape(rule['name'])}: {escape(rule['message'])}.</li>" for rule in table.rules)
        body = (
            f"<p>{escape(table.description)}</p>"
            f"<p>Table <code>{table.name}</code>: {number(len(table.frame))} rows, {len(table.columns)} columns. "
            f"{_edition(dataset)} {_licence(table.licence)}{_taken_from(table.frame, sources)}</p>"
            f'<p class="downloads">Download: {_csv(table, f"{table.name}.csv", sizes)}, or '
            '<a href="data.html#download">all tables</a>.</p>'
            f'<section><h2 id="columns">Columns</h2>{_dictionary(table, pages)}'
            + (f"<p>Rules across columns:</p><ul>{rules}</ul>" if rules else "")
            + f'</section><section><h2 id="rows">Rows</h2>{_place(table)}</section>'
            f'<section><h2 id="load">Load this table</h2>{_loading(table, dataset.name)}</section>'
            f'<section class="cite"><h2 id="how-to-cite">How to cite</h2>{_citing(dataset, table.name)}</section>'
        )
        yield Page(table.page, table.title, body, listed=False)


def _taken_from(frame: pd.DataFrame, licences: pd.Series) -> str:
    """How many rows come from documents of which licence."""
    if "source_id" not in frame:
        return ""
    counts = frame["source_id"].map(licences).value_counts()
    open_ones = [f"{number(counts[kind])} under {name}" for kind, name in PROSE.items() if kind in counts]
    facts = [f"{number(counts['facts-only'])} of which only facts were taken"] if "facts-only" in counts else []
    what = "Documents" if "licence" in frame else "Documents its rows were read in"
    return f" {what}: {', '.join(open_ones + facts)}." if open_ones or facts else ""


def _dictionary(table: Table, pages: Mapping[str, str]) -> str:
    heads = "".join(
        f'<th scope="col">{head}</th>' for head in ("Column", "Meaning", "Type (unit)", "Values allowed", "Key")
    )
    body = ""
    for column in table.columns.itertuples():
        other = column.refers_to.removeprefix("list of ").split(".")[0]
        refers = escape(column.refers_to)
        refers = f'refers to <a href="{pages[other]}.html">{refers}</a>' if other in pages else refers
        key = "; ".join(filter(None, [column.key, refers]))
        unit = f" ({escape(column.unit)})" if column.unit else ""
        body += (
            f'<tr id="column-{column.Index}"><th scope="row"><code>{column.Index}</code></th>'
            f'<td class="long">{escape(column.meaning)}</td><td>{column.type}{unit}</td>'
            f'<td class="long">{escape(column.values)}</td><td>{key}</td></tr>'
        )
    return (
        f"<table><caption>Columns of {table.name}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )


def _place(table: Table) -> str:
    return f'<div id="rows-of-{table.name}"></div>'


def fill(folder: Path, dataset: Dataset, links: Mapping[str, Mapping[str, str]]) -> None:
    """Puts the rows of every table on its finished page: thousands of rows need no second look at their markup.

    links    table that a column refers to -> key -> address
    """
    for table in dataset.tables.values():
        path = folder / f"{table.page}.html"
        before, place, after = path.read_text(encoding="utf-8").partition(_place(table))
        assert place, f"{path.name} has no place for its rows"
        path.write_text(f"{before}{_rows(table, links)}{after}", encoding="utf-8")


def _rows(table: Table, links: Mapping[str, Mapping[str, str]]) -> str:
    names = list(table.columns.index)
    places = [
        links.get(refers.split(".")[0], {}) if "list of" not in refers else {} for refers in table.columns["refers_to"]
    ]
    if table.name in links:
        places[0] = links[table.name]
    kinds = []
    for place, kind in enumerate(table.columns["type"]):
        longest = max((len(row[place]) for row in table.written), default=0)
        figure = kind in ("integer", "number")
        kinds.append(' class="figure"' if figure else ' class="long"' if longest > LONG_TEXT else "")
    heads = "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in zip(names, kinds))
    body = []
    for row in table.written:
        texts = [
            f'<a href="{links_here[cell]}">{escape(cell)}</a>' if cell in links_here else escape(cell)
            for cell, links_here in zip(row, places)
        ]
        cells = [f"<td{kind}>{text}</td>" for kind, text in zip(kinds[1:], texts[1:])]
        body.append(f'<tr><th scope="row"{kinds[0]}>{texts[0]}</th>{"".join(cells)}</tr>')
    return (
        f'<div class="scroll all-rows" role="region" aria-label="Rows of {table.name}" tabindex="0"><table>'
        f"<caption>{number(len(body))} rows as they stand in the file; an empty cell is unknown or does not apply"
        "</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )
