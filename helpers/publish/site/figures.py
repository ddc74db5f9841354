"""One chart of a notebook as a part of a page: its frame, its specification, its table, its downloads."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.display import VEGALITE_MIME, escape, plain
from helpers.publish.compare import chart_title

COLLECTION = "Transforming Rehabilitation in notebooks"
TITLED_CHANNELS = ("row", "column", "facet", "x", "x2", "y", "y2", "text", "color", "shape", "size", "detail")
GRID = re.compile(r"datum(?:\['([^']+)'\]|\.(\w+)) ={2,3} (\w+)")
FILTER = re.compile(r"\((\w+) === '' \|\| \(isArray\(datum\['([^']+)'\]\)")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
FEW_SOURCES = 6
EMPTY_CELLS = "An empty cell is unknown or does not apply."
LICENCE = """The tables as compiled here: Open Government Licence v3.0,
https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/
They contain public sector information licensed under the Open Government Licence v3.0, and Parliamentary
information licensed under the Open Parliament Licence v3.0. Of documents marked facts-only in sources.csv
nothing but facts was taken.
"""
APOSTROPHE = (
    "Text that begins with =, +, -, @, a tab or a carriage return has an apostrophe put in front of it here, so that "
    "no spreadsheet runs it as a formula. Numbers are as they are."
)


@dataclass(frozen=True)
class Figure:
    """A chart, where it stands, and what its page needs to know."""

    notebook: str
    cell: str
    id: str
    spec: dict[str, Any]
    picture: str

    @property
    def title(self) -> str:
        """The title as one line; the question where it moves with the controls."""
        return plain(chart_title(self.spec))

    @property
    def subtitle(self) -> str:
        """What is shown, in which unit, from which source, as one line."""
        title = self.spec.get("title")
        said = title.get("subtitle", "") if isinstance(title, dict) else ""
        return " ".join(said) if isinstance(said, list) else str(said)

    @property
    def page(self) -> str:
        """The page that it stands on, without the ending."""
        return Path(self.notebook).stem

    @property
    def source_ids(self) -> list[str]:
        """The documents behind the chart."""
        return self.spec["usermeta"]["source_ids"]

    @property
    def where(self) -> str:
        """Notebook and cell, as messages name them."""
        return f"{self.notebook}, cell {self.cell}"


def figures(path: Path, notebook: Any) -> Iterator[tuple[dict[str, Any], Figure]]:
    """Every chart of a notebook with the MIME bundle that it came in."""
    for cell in notebook.cells:
        charts = [o.data for o in cell.get("outputs", []) if VEGALITE_MIME in o.get("data", {})]
        for count, data in enumerate(charts, start=1):
            name = f"chart-{path.name[:2]}-{cell.id}" + (f"-{count}" if count > 1 else "")
            yield data, Figure(path.name, cell.id, name, data[VEGALITE_MIME], data.get("image/png", ""))


def _walk(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for key, value in part.items():
            if key not in ("datasets", "usermeta"):
                yield from _walk(value)
    elif isinstance(part, list):
        for value in part:
            yield from _walk(value)


def problems(figure: Figure, source_ids: set[str], provider_ids: set[str]) -> list[str]:
    """Every rule that the chart breaks on a page."""
    found = []
    if not figure.title:
        found.append(f"{figure.where}: the chart has no title; use charts.publish")
    unknown = sorted(set(figure.source_ids) - source_ids)
    if unknown:
        found.append(f"{figure.where}: unknown source {', '.join(unknown)}; add it to data/sources.csv")
    named = {row["provider_id"] for rows in datasets(figure.spec).values() for row in rows if row.get("provider_id")}
    if named - provider_ids:
        found.append(
            f"{figure.where}: unknown provider {', '.join(sorted(named - provider_ids))}; add it to data/providers.csv"
        )
    if any("url" in part for part in _walk(figure.spec) if set(part) <= {"url", "format", "name"}):
        found.append(f"{figure.where}: the chart loads data from an address; give it the rows")
    used = json.dumps({**figure.spec, "params": [], "datasets": {}, "usermeta": {}})
    used += json.dumps([param.get("expr") for param in figure.spec.get("params", [])])
    for name in _bound(figure.spec):
        if not re.search(rf"\b{re.escape(name)}\b", used):
            found.append(f"{figure.where}: nothing in the chart follows the control {name}; use it or leave it out")
    for param in figure.spec.get("params", []):
        if "select" in param and isinstance(param.get("bind"), dict):
            name = param["name"]
            found.append(f"{figure.where}: the control {name} is bound to a selection; bind it to a value (alt.param)")
    return found


def datasets(spec: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of the chart by the name of their data set."""
    inline = {f"data-{i}": part["values"] for i, part in enumerate(_walk(spec)) if isinstance(part.get("values"), list)}
    rows = {**spec.get("datasets", {}), **inline}
    return {name: values for name, values in rows.items() if values and isinstance(values[0], dict)}


def tables(spec: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The figures of the chart, the longest table first: its sets of rows, those with the same columns as one."""
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for rows in datasets(spec).values():
        names = tuple(fields(rows))
        if len(names) > 1:  # a set of one column holds a line or a mark of the frame, not figures
            found.setdefault(names, []).extend(rows)
    return sorted(found.values(), key=len, reverse=True)


def fields(rows: list[dict[str, Any]]) -> list[str]:
    """The columns of rows, in the order in which they come."""
    return list(dict.fromkeys(key for row in rows for key in row))


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV that no spreadsheet takes for formulas."""
    names = fields(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([names, *([neutral(row.get(name)) for name in names] for row in rows)])
    return text.getvalue()


def _bound(spec: dict[str, Any]) -> list[str]:
    """The names of the controls that a reader sees."""
    bound = [p["name"] for p in spec.get("params", []) if isinstance(p.get("bind"), dict) and "input" in p["bind"]]
    return [name for name in bound if name != "reset"]


def controls(spec: dict[str, Any]) -> dict[str, list[str]]:
    """For each control, the columns of the rows that it chooses from."""
    found: dict[str, set[str]] = {name: set() for name in _bound(spec)}
    for expression in {part["filter"] for part in _walk(spec) if isinstance(part.get("filter"), str)}:
        pairs = [(name, bracket or dot) for bracket, dot, name in GRID.findall(expression)] + FILTER.findall(expression)
        for name, column in pairs:
            if name in found:
                found[name].add(column)
    return {name: sorted(columns) for name, columns in found.items()}


def columns(spec: dict[str, Any], rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The columns that a reader is shown, with their headings: what the tooltips name, then what the axes name."""
    titles: dict[str, str] = {}
    encodings = [part["encoding"] for part in _walk(spec) if isinstance(part.get("encoding"), dict)]
    for encoding in encodings:
        tips = encoding.get("tooltip", [])
        for tip in tips if isinstance(tips, list) else [tips]:
            if tip.get("field"):
                titles.setdefault(tip["field"], tip.get("title") or "")
    for encoding in encodings:
        for channel in TITLED_CHANNELS:
            part = encoding.get(channel)
            if isinstance(part, dict) and isinstance(part.get("field"), str):
                title = part.get("title") or (part.get("axis") or {}).get("title") or ""
                if titles.get(part["field"], "") == "":
                    titles[part["field"]] = " ".join(title) if isinstance(title, list) else title
    present = dict.fromkeys(key for row in rows for key in row)
    shown = [(field, titles[field]) for field in titles if field in present] or [(field, "") for field in present]
    shown += [(field, "") for field in ("source_id", "source_ids") if field in present and field not in titles]
    return [(field, title if isinstance(title, str) and title else field.replace("_", " ")) for field, title in shown]


def packed(rows: list[dict[str, Any]]) -> Any:
    """Rows as columns, a column of few values as its values and their places: a page carries every value once."""
    names = list(rows[0])
    if any(list(row) != names for row in rows):
        return rows
    columns = {}
    for name in names:
        cells = [row[name] for row in rows]
        keys = [json.dumps(cell) for cell in cells]
        distinct = dict(zip(keys, cells))
        place = {key: index for index, key in enumerate(distinct)}
        coded = {"v": list(distinct.values()), "i": [place[key] for key in keys]}
        columns[name] = min((cells, coded), key=lambda each: len(json.dumps(each)))
    return {"n": len(rows), "columns": columns}


def script(figure: Figure, source_links: dict[str, tuple[str, str]], providers: dict[str, str]) -> str:
    """The specification as a script that hands itself over: a page opened from disk may not fetch anything else."""
    spec = dict(figure.spec)
    rows = datasets(spec)
    # As in `tables`.
    shown = {name: columns(spec, values) for name, values in rows.items() if len(values[0]) > 1}
    spec["datasets"] = {name: packed(values) for name, values in spec.get("datasets", {}).items()}
    data = {
        "spec": spec,
        "columns": shown,
        "controls": controls(spec),
        "sources": {source: source_links[source] for source in _sources_in(rows) if source in source_links},
        "providers": {name: providers[name] for name in _texts_in(rows) if name in providers},
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return f'chartData("{figure.id}",{text});\n'


def _sources_in(rows: dict[str, list[dict[str, Any]]]) -> list[str]:
    ids = {
        source
        for values in rows.values()
        for row in values
        for field in ("source_id", "source_ids")
        if isinstance(row.get(field), str)
        for source in row[field].split()
    }
    return sorted(ids)


def _texts_in(rows: dict[str, list[dict[str, Any]]]) -> list[str]:
    return sorted(
        {cell for values in rows.values() for row in values for cell in row.values() if isinstance(cell, str)}
    )


def markup(figure: Figure, source_links: Mapping[str, tuple[str, str]], use: str = "", root: str = "") -> str:
    """The frame of the chart on its page; the script of the site fills it.

    use     what is needed to use the chart elsewhere, as HTML
    root    the way from the page to the folder of the site
    """
    name, description = escape(figure.title), escape(figure.spec["description"])
    width, height = _size(figure.picture)
    links = {source: (root + href, title) for source, (href, title) in source_links.items()}
    return (
        f'<figure class="chart" id="{figure.id}" aria-label="{name}" data-height="{room(figure)}">'
        '<div class="choices"></div><p class="status" role="status"></p>'
        f'<div class="drawing"><noscript><img src="{root}charts/{figure.id}.png" width="{width}" height="{height}" '
        f'alt="{description}"></noscript></div>'
        '<div class="beneath">'
        '<details class="rows"><summary>Table of the data</summary>'
        f'<noscript><p>It is in <a href="{root}charts/{figure.id}.csv" download>a file</a>.</p></noscript></details>'
        f"<details><summary>The chart in words</summary><p>{description}</p></details>"
        f"{source_list(figure.source_ids, links)}"
        f"{use}</div></figure>"
    ).replace("`", "&#96;")


def room(figure: Figure) -> int:
    """The height that the chart takes on a page, in pixels."""
    width, height = _size(figure.picture)
    return round(height * min(1, 880 / width))


def source_list(source_ids: Iterable[str], source_links: Mapping[str, tuple[str, str]]) -> str:
    """Links to the rows of the documents, folded where there are many."""
    links = [f'<a href="{href}">{escape(title)}</a>' for href, title in map(source_links.get, source_ids)]
    if len(links) > FEW_SOURCES:
        listed = "".join(f"<li>{link}</li>" for link in links)
        return f"<details><summary>Sources: {len(links)} documents</summary><ul>{listed}</ul></details>"
    return f"<p>{'Source' if len(links) == 1 else 'Sources'}: {'; '.join(links)}</p>"


def _size(picture: str) -> tuple[int, int]:
    """Width and height of the picture in its own dots."""
    header = base64.b64decode(picture[:48])
    return tuple(int.from_bytes(header[at : at + 4], "big") for at in (16, 20))


def neutral(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay as they are."""
    text = " ".join(map(str, value)) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text


def archive(figure: Figure, sources: pd.DataFrame, metadata: Mapping[str, Any]) -> bytes:
    """A zip of the rows as CSV, how to read them, their sources and the licence; the same bytes every time.

    metadata    what metadata.json says of the whole; the columns are added here
    """
    rows = tables(figure.spec)
    files, columns_said = {}, []
    described: dict[str, dict[str, str]] = {}
    for count, values in enumerate(rows, start=1):
        file = "data.csv" if len(rows) == 1 else f"data-{count}.csv"
        files[file] = as_csv(values)
        headings = dict(columns(figure.spec, values))
        described[file] = {field: headings.get(field, "not written on the chart") for field in fields(values)}
        columns_said += [f"  {file}: {field}: {heading}" for field, heading in described[file].items()]
    used = sources[sources["source_id"].isin(figure.source_ids)]
    files["sources.csv"] = used.map(neutral).to_csv(index=False, lineterminator="\n")
    files["metadata.json"] = json.dumps({**metadata, "files": described}, indent=2, ensure_ascii=False) + "\n"
    explorer = figure.spec["usermeta"].get("explorer", {}).get("controls", [])
    files["method.txt"] = "\n".join(
        [
            figure.title,
            figure.subtitle,
            "",
            figure.spec["description"],
            "",
            f"From: {COLLECTION}, page {figure.page}, chart {figure.id}.",
            "The page says how the figures were worked out and what could be wrong with them.",
            *(["The rows of every choice are here: " + "; ".join(c["label"] for c in explorer)] if explorer else []),
            "",
            EMPTY_CELLS,
            APOSTROPHE,
            "",
            "Columns:",
            *columns_said,
            "",
        ]
    )
    files["licence.txt"] = LICENCE + f"\nTo cite: {metadata['citation']}\nCite also the sources in sources.csv.\n"
    return zipped({f"{figure.id}/{file}": text.encode("utf-8") for file, text in sorted(files.items())})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip without the time at which it was made: the same bytes each time."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as bundle:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return made.getvalue()
