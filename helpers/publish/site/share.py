"""What is needed to use a chart elsewhere: how to cite it, the line that loads its rows, its page to put in a frame."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from helpers.display import escape, plain
from helpers.publish.site import downloads
from helpers.publish.site.dataset import Dataset, code, day, entry, reading
from helpers.publish.site.figures import (
    APOSTROPHE,
    COLLECTION,
    EMPTY_CELLS,
    Figure,
    as_csv,
    columns,
    fields,
    markup,
    neutral,
    room,
    tables,
)
from helpers.publish.site.finish import LONGEST, POLICY, preview, whole

ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+)?")
FRAME_CODE = "Code of the frame"
NOTE = "<p class='from-disk'>Put the address of this page's folder before <code>charts/</code>.</p>"
CONTROLS = 230  # pixels that controls and folds take above and below a chart in a frame
TEX = str.maketrans({**{mark: f"\\{mark}" for mark in "&%$#_{}"}, "\\": r"\textbackslash{}", "~": r"\textasciitilde{}"})


@dataclass(frozen=True)
class Shared:
    """A chart with the edition of the data that it was drawn from.

    title      the heading of its page, such as 02 NPS v CRC
    address    where the site stands, with a slash at its end; empty where that is not known
    """

    figure: Figure
    title: str
    data: Dataset
    address: str

    @property
    def place(self) -> str:
        """The stable address of the chart on its page."""
        return f"{self.address}{self.figure.page}.html#{self.figure.id}"

    @property
    def citation(self) -> str:
        """How to cite the chart, in words."""
        end = "" if self.figure.title.endswith(("?", "!")) else "."
        return (
            f"{self.data.author} ({self.data.released.year}). {self.figure.title}{end} Chart in: {COLLECTION}, "
            f"{plain(self.title)}, version {self.data.version}, {day(self.data.released)}. {self.place}"
        )

    @property
    def bibtex(self) -> str:
        """The same as BibTeX."""
        lines = {
            "author": f"{{{self.data.author.translate(TEX)}}}",
            "title": f"{{{self.figure.title.translate(TEX)}}}",
            "year": f"{self.data.released.year}",
            "month": f"{self.data.released.month}",
            "howpublished": f"Chart in: {COLLECTION}, {plain(self.title).translate(TEX)}",
            "version": self.data.version,
            "url" if self.address else "note": self.place if self.address else self.place.translate(TEX),
        }
        return entry(f"{self.data.name}-{self.data.version}-{self.figure.id}", lines)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The rows of the chart as files: CSV, one for each table that it draws, and one workbook."""
        found = {self._csv_name(n): as_csv(rows).encode() for n, rows in enumerate(tables(self.figure.spec), start=1)}
        return {**found, f"{self.figure.id}.xlsx": self._workbook()}

    def _csv_name(self, number: int) -> str:
        return f"{self.figure.id}.csv" if number == 1 else f"{self.figure.id}-{number}.csv"

    @property
    def lines(self) -> dict[str, str]:
        """The one line that loads the rows, by tool."""
        first = self._csv_name(1)
        rows = pd.DataFrame(tables(self.figure.spec)[0])
        read = pd.read_csv(io.BytesIO(self.files[first]))
        texts, dates = [], []
        for name in rows:
            words = [cell for cell in rows[name] if isinstance(cell, str) and cell]
            if words and all(map(ISO_DAY.fullmatch, words)):
                dates.append(name)
            elif words and pd.api.types.is_numeric_dtype(read[name]):
                texts.append(name)
        folder = f"{self.address}charts/"
        return {
            **reading(folder + first, texts, dates),
            "Excel": f"File > Open > {folder}{self.figure.id}.xlsx > sheet rows",
        }

    def _workbook(self) -> bytes:
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        about = book.create_sheet("about")
        about.column_dimensions["A"].width, about.column_dimensions["B"].width = 16, 110
        said = {
            "Title": self.figure.title,
            "Subtitle": self.figure.subtitle,
            "In words": self.figure.spec["description"],
            "To cite": self.citation,
            "Licence": f"{self.data.licence['title']}, {self.data.licence['path']}",
            "Empty cells": EMPTY_CELLS,
            "Apostrophes": APOSTROPHE,
        }
        for name, text in said.items():
            about.append([*downloads.bold(about, [name]), neutral(plain(text))])
        for number, rows in enumerate(tables(self.figure.spec), start=1):
            sheet = book.create_sheet("rows" if number == 1 else f"rows {number}")
            headings, names = dict(columns(self.figure.spec, rows)), fields(rows)
            about.append([])
            about.append(downloads.bold(about, [f"Columns of {sheet.title}", "On the chart"]))
            for name in names:
                about.append([neutral(name), neutral(headings.get(name, "not written on the chart"))])
            sheet.freeze_panes = "A2"
            sheet.append(downloads.bold(sheet, names))
            for row in rows:
                sheet.append([neutral(row.get(name)) for name in names])
        used = self.data.frames["sources"]
        sheet = book.create_sheet("sources")
        sheet.append(downloads.bold(sheet, list(used.columns)))
        for row in downloads.values(used[used["source_id"].isin(self.figure.source_ids)]):
            sheet.append([downloads.of_sheet(cell) for cell in row])
        return downloads.saved(book, self.data.released)

    @property
    def metadata(self) -> dict[str, Any]:
        """What a program wants to know of the chart; metadata.json of its zip."""
        return {
            "id": self.figure.id,
            "title": self.figure.title,
            "subtitle": self.figure.subtitle,
            "description": self.figure.spec["description"],
            "collection": COLLECTION,
            "page": plain(self.title),
            "address": self.place,
            "version": self.data.version,
            "released": self.data.released.isoformat(),
            "author": self.data.author,
            "licence": dict(self.data.licence),
            "citation": self.citation,
            "source_ids": self.figure.source_ids,
        }

    @property
    def frame(self) -> str:
        """What puts the chart into another page."""
        height = room(self.figure) + CONTROLS
        return (
            f'<iframe src="{self.address}charts/{self.figure.id}.html" title="{escape(self.figure.title)}" '
            f'width="100%" height="{height}" loading="lazy"></iframe>'
        )

    def markup(self) -> str:
        """Downloads, and folds with citation and lines, as they stand under the chart."""
        name, files = self.figure.id, [file for file in self.files if file.endswith(".csv")]
        rows = "".join(
            f'<a href="charts/{file}" download>{"rows" if number == 1 else f"rows {number}"} (CSV)</a> · '
            for number, file in enumerate(files, start=1)
        )
        where = "" if self.address else ", from the folder of this page"
        said = {"Python": ", after <code>import pandas</code>"}
        lines = "".join(
            f"<p>{tool}{where}{said.get(tool, '')}:</p>{code(line, f'Line for {tool}')}"
            for tool, line in self.lines.items()
        )
        return (
            f'<p class="downloads">Download: {rows}<a href="charts/{name}.xlsx" download>rows (Excel)</a> · '
            f'<a href="charts/{name}.zip" download>table with method and sources (zip)</a></p>'
            '<details class="use"><summary>Cite it, load its rows, put it into an article</summary>'
            f"<p>To cite: {escape(self.citation)}</p>{code(self.bibtex, 'BibTeX')}"
            "<p>Cite also the document that a row names: it is where the figure comes from.</p>"
            f'{lines}<p>The chart has <a href="charts/{name}.html">a page of its own</a>. '
            f"This shows it within another page, with the choices made here:</p>{code(self.frame, FRAME_CODE)}"
            f"{'' if self.address else NOTE}</details>"
        )

    def page(self, source_links: Mapping[str, tuple[str, str]], shared: Mapping[str, str]) -> str:
        """The chart as a page of its own.

        shared    name of a file that pages share -> its address, as seen from the folder of the site
        """
        root, name = "../", self.figure.id
        title, said = self.figure.title, textwrap.shorten(self.figure.spec["description"], LONGEST, placeholder=" ...")
        seen = _tags(preview(title, said, f"{name}.png", f"charts/{name}.html", self.address))
        styles = "".join(f'<link rel="stylesheet" href="{root}{shared[each]}">' for each in ("frame.css", "site.css"))
        scripts = "".join(f'<script defer src="{root}{shared[each]}"></script>' for each in ("vega.js", "site.js"))
        back = (
            f'<p>From: <a href="{root}{self.figure.page}.html#{name}">{escape(self.title)}</a>, in <cite>{COLLECTION}'
            f"</cite>, version {escape(self.data.version)} of {day(self.data.released)}. There: how it was worked out, "
            "downloads, how to cite.</p>"
        )
        return (
            f'<!DOCTYPE html>\n<html lang="en-GB" data-content_root="{root}"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{escape(title)} - {COLLECTION}</title>{seen}"
            f"{styles}{scripts}</head><body><main><article>"
            f'<h1 class="visually-hidden">{escape(title)}</h1>'
            f"{markup(self.figure, source_links, back, root)}</article></main></body></html>\n"
        )


def _tags(tags: list[tuple[str, dict[str, str]]]) -> str:
    def written(attributes: dict[str, str]) -> str:
        return " ".join(f'{name}="{escape(text)}"' for name, text in attributes.items())

    return "".join(f"<{name} {written(attributes)}>" for name, attributes in tags)


def sitemap(pages: Iterable[str], address: str, released: date) -> str:
    """All pages for those who gather them."""
    listed = "".join(
        f"<url><loc>{escape(whole(page, address))}</loc><lastmod>{released.isoformat()}</lastmod></url>\n"
        for page in sorted(pages)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{listed}</urlset>\n'
    )


def missing(address: str) -> str:
    """The page that a server shows in place of one that is not there, from whichever folder it was asked for.

    It has no style sheet: where no address is known, there is no way to it that holds in every folder.
    """
    front = f'<a href="{address}index.html">the front page</a> of <cite>{COLLECTION}</cite>'
    up = "" if address else ' If that is not there either: <a href="../index.html">one folder up</a>.'
    return (
        '<!DOCTYPE html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>This page is not here - {COLLECTION}</title></head><body><main><h1>This page is not here</h1>"
        "<p>It may have been renamed, or its address was cut short.</p>"
        f"<p>All pages are listed on {front}.{up}</p>"
        f'<p>Or look for it with <a href="{address}search.html">the search</a>.</p></main></body></html>\n'
    )


def titles(notebooks: Mapping[str, Any]) -> dict[str, str]:
    """The heading of each notebook's page by its file."""
    return {name: notebook.cells[0].source.splitlines()[0].lstrip("# ").strip() for name, notebook in notebooks.items()}
