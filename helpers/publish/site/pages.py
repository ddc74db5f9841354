"""The pages that are made from the tables: sources, providers, glossary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from helpers import display, ratings
from helpers.display import Link, escape, plain
from helpers.publish.site.figures import COLLECTION

SOURCES_A_PAGE = 160
PROVIDER_KINDS = {"crc": "Community Rehabilitation Companies", "nps": "The National Probation Service"}
PROVIDER_KINDS["nps_division"] = "Divisions of the National Probation Service"
PROVIDER_TABLES = {
    "ratings": ("Ratings by the inspectorate", ["round", "standard", "band", "date", "basis"]),
    "band_profiles": (
        "Standards by band",
        ["round", "outstanding", "good", "requires_improvement", "inadequate", "points"],
    ),
    "case_quality": ("Quality of case work", ["round_or_period", "measure", "value", "qualifier", "unit"]),
    "ownership": ("Owners", ["owner_name", "date", "date_end"]),
    "caseload": ("Caseload", ["measure", "date", "value", "qualifier", "unit"]),
    "workload": ("Workload", ["measure", "role", "date", "value_low", "value_high", "qualifier", "unit"]),
    "staff": ("Staff", ["grade", "measure", "date", "value", "qualifier", "unit"]),
    "reoffending_by_crc": ("Reoffending", ["cohort", "status", "binary_rate", "baseline_binary_rate", "finding"]),
    "contract_performance": ("Results against the contract", ["measure", "value", "qualifier", "unit", "date"]),
    "events": ("Events", ["date", "kind", "title", "detail"]),
}
UNDERLINED = str.maketrans({mark: "\\" + mark for mark in r"\`*_{}[]()<>#+-.!|~$:&@^='\"/%?;,"})


@dataclass(frozen=True)
class Page:
    """One page made from tables: its name, its heading, its HTML below the heading."""

    name: str
    title: str
    body: str
    listed: bool = True

    @property
    def text(self) -> str:
        """The page as Sphinx reads it: what comes from data is HTML that was escaped, never Markdown."""
        body = self.body.replace("`", "&#96;")
        fence = "`" * 8
        orphan = "" if self.listed else "---\norphan: true\n---\n"
        return f"{orphan}# {literal(self.title)}\n\n{fence}{{raw}} html\n{body}\n{fence}\n"


def literal(text: str) -> str:
    """Text for a Markdown heading that means nothing but itself."""
    return re.sub(r"\s+", " ", plain(text)).translate(UNDERLINED)


def slug(text: str) -> str:
    """A name for an address."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def cite(title: str, kept: str = "") -> str:
    """How to cite a page that is made from tables."""
    return (
        '<section class="cite"><h2 id="how-to-cite">Sources and how to cite</h2>'
        f"<p>{kept}To cite: <cite>{COLLECTION}</cite>, {escape(title)}, with the date of the version you used.</p>"
        "</section>"
    )


def source_places(sources: pd.DataFrame) -> dict[str, str]:
    """The address of the row of each source: a page for some of the publishers, in the order of the alphabet."""
    return {
        source: f"sources-{place // SOURCES_A_PAGE + 1}.html#source-{slug(source)}"
        for place, source in enumerate(_in_order(sources)["source_id"])
    }


def _in_order(sources: pd.DataFrame) -> pd.DataFrame:
    order = sources.assign(at=sources["publisher"].fillna("").str.casefold())
    return order.sort_values(["at", "published", "source_id"], na_position="first").drop(columns="at")


def source_pages(sources: pd.DataFrame, used: Mapping[str, list[tuple[str, str]]]) -> list[Page]:
    """Every source with an anchor of its own, its address, its licence and the charts that draw on it."""
    ordered = _in_order(sources)
    parts = [ordered.iloc[at : at + SOURCES_A_PAGE] for at in range(0, len(ordered), SOURCES_A_PAGE)]
    names = [
        f"{part['publisher'].fillna('').iloc[0] or 'no name'} to {part['publisher'].fillna('').iloc[-1] or 'no name'}"
        for part in parts
    ]
    pages = []
    for number, (part, name) in enumerate(zip(parts, names), start=1):
        head = "".join(
            f'<th scope="col">{title}</th>' for title in ("Document", "Publisher", "Published", "Licence", "Charts")
        )
        body = "".join(_source_row(row, used.get(row["source_id"], [])) for _, row in part.iterrows())
        caption = f"{len(part)} of {len(sources)} documents, by publisher: {escape(name)}"
        table = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        others = " · ".join(
            f"<strong>{escape(other)}</strong>" if at == number else f'<a href="sources-{at}.html">{escape(other)}</a>'
            for at, other in enumerate(names, start=1)
        )
        title = f"Sources {number}"
        body = f'<nav aria-label="Sources by publisher"><p>{others}</p></nav>{table}{cite(title)}'
        pages.append(Page(f"sources-{number}", title, body, listed=False))
    links = "".join(
        f'<li><a href="sources-{at}.html">{escape(name)}</a></li>' for at, name in enumerate(names, start=1)
    )
    counts = (
        sources["licence"].astype(str).value_counts().sort_index().rename_axis("licence").reset_index(name="documents")
    )
    front = (
        f"<p>Every figure names the document that it was read in. There are {len(sources)}, by publisher:</p>"
        f"<ul>{links}</ul><p>Of documents marked <q>facts-only</q>, only facts were taken: numbers, dates, "
        "names of bodies. Where only the site of a document is known, its address is written but not linked.</p>"
        f"{display.table(counts, 'Documents by licence').markup}{cite('Sources')}"
    )
    return [Page("sources", "Sources", front), *pages]


def _source_row(row: pd.Series, used: list[tuple[str, str]]) -> str:
    link, url = display.source_link(row), row["url"]
    title = escape(link.text)
    if link.url:
        title = f'<a href="{escape(link.url)}" rel="noreferrer">{title}</a>'
    elif pd.notna(url):
        title += f"<br><span class='site-only'>{escape(url)} ({escape(link.remark)})</span>"
    elif link.remark:
        title += f" ({escape(link.remark)})"
    cells = [row["publisher"], row["published"], row["licence"]]
    texts = "".join(f"<td>{escape(cell) if pd.notna(cell) else display.UNKNOWN}</td>" for cell in cells)
    charts = ", ".join(f'<a href="{href}">{escape(name)}</a>' for href, name in used) or "none"
    return f'<tr id="source-{slug(row["source_id"])}"><th scope="row">{title}</th>{texts}<td>{charts}</td></tr>'


def provider_names(providers: pd.DataFrame) -> dict[str, str]:
    """The page of each provider by every name that means it and nothing else."""
    services = ratings.services(providers)
    short = dict(zip(services["provider_id"], services["name"]))
    places = {}
    for row in providers[providers["kind"].isin(list(PROVIDER_KINDS))].itertuples():
        for name in (row.provider_id, row.name, short.get(row.provider_id)):
            if name:
                places[str(name)] = f"provider-{row.provider_id}.html"
    return places


def provider_pages(tables: Mapping[str, pd.DataFrame]) -> list[Page]:
    """A page for each CRC, each NPS division and the NPS, with all that the tables know about it."""
    providers, sources = tables["providers"], tables["sources"]
    names = providers.set_index("provider_id")["name"]
    chosen = providers[providers["kind"].isin(list(PROVIDER_KINDS))]
    pages, lists = [], ""
    for kind, heading in PROVIDER_KINDS.items():
        rows = chosen[chosen["kind"] == kind].sort_values("name")
        items = "".join(
            f'<li><a href="provider-{r.provider_id}.html">{escape(r.name)}</a></li>' for r in rows.itertuples()
        )
        lists += f"<h2>{heading}</h2><ul>{items}</ul>"
        for _, row in rows.iterrows():
            pages.append(_provider_page(row, names, tables, sources))
    front = f"<p>What is known about each provider, on a page of its own.</p>{lists}{cite('Providers')}"
    return [Page("providers", "Providers", front), *pages]


def _provider_page(row: pd.Series, names: pd.Series, tables: Mapping[str, pd.DataFrame], sources: pd.DataFrame) -> Page:
    known = {
        "Area": row["area_served"],
        "Police forces": row["police_force_areas"],
        "Before June 2014": row["former_trusts"],
        "NPS division": names.get(row["nps_division_id"]),
        "Probation region since June 2021": names.get(row["probation_region_id"]),
        "Lead and partners": row["lead_and_partners"],
        "Remark": row["note"],
    }
    facts = "".join(f"<dt>{label}</dt><dd>{escape(value)}</dd>" for label, value in known.items() if pd.notna(value))
    body, missing = f"<dl class='facts'>{facts}</dl>" if facts else "", []
    for table, (heading, columns) in PROVIDER_TABLES.items():
        frame = tables[table]
        if "provider_ids" in frame:
            frame = frame[frame["provider_ids"].fillna("").str.split().map(lambda ids: row["provider_id"] in ids)]
        else:
            frame = frame[frame["provider_id"] == row["provider_id"]]
        if frame.empty:
            missing.append(heading.lower())
            continue
        shown = frame[[*columns, "source_id"]]
        if table == "ratings":
            titles = tables["standards"].set_index("standard")["name"]
            shown = shown.assign(
                standard=[s if s == "overall" else f"{s} {titles.get(s, '')}" for s in shown["standard"].astype(str)]
            )
        if "measure" in shown:
            shown = shown.assign(measure=shown["measure"].astype(str).str.replace("_", " "))
        if "date" in shown:
            shown = shown.assign(date=_dates(frame))
        hedge = ("value", "qualifier") if {"value", "qualifier"} <= set(columns) else None
        markup = display.table(
            display.with_sources(shown, sources).drop(columns="publisher"),
            f"{heading}: {row['name']}",
            hedge=hedge,
            headings={"value_low": "from", "value_high": "to", "date_end": "until"},
            folded=len(shown) > 20,
        ).markup
        body += f'<section><h2 id="{slug(heading)}">{heading}</h2>{markup}</section>'
    if missing:
        body += f"<p>Nothing was found on this provider alone for: {', '.join(missing)}.</p>"
    own = sources[sources["source_id"] == row["source_id"]]
    kept = ""
    if len(own):
        kept = f"Every row above names its source. Its name and area: {_own(own.iloc[0])}. "
    return Page(f"provider-{row['provider_id']}", str(row["name"]), body + cite(str(row["name"]), kept), listed=False)


def _own(source: pd.Series) -> str:
    return f'<a class="source" data-source="{slug(source["source_id"])}">{escape(source["title"])}</a>'


def _dates(frame: pd.DataFrame) -> list[str]:
    """Dates as exact as they are known."""
    forms = {"year": "%Y", "financial_year": "%Y", "month": "%Y-%m", "quarter": "%Y-%m", "round": "%Y"}
    precisions = frame["date_precision"].astype(str) if "date_precision" in frame else ["day"] * len(frame)
    return [
        display.UNKNOWN if pd.isna(date) else date.strftime(forms.get(precision, "%Y-%m-%d"))
        for date, precision in zip(frame["date"], precisions)
    ]


def glossary_page(glossary: pd.DataFrame, links: Mapping[str, tuple[str, str]]) -> Page:
    """Every term with an anchor of its own."""
    items = ""
    for row in glossary.sort_values("term", key=lambda terms: terms.str.casefold()).itertuples():
        href, title = links[row.source_id]
        items += (
            f'<dt id="term-{slug(row.term)}">{escape(row.term)}</dt>'
            f'<dd>{escape(row.meaning)} <span class="from">From: <a href="{href}">{escape(title)}</a></span></dd>'
        )
    return Page("glossary", "Glossary", f"<dl class='glossary'>{items}</dl>{cite('Glossary')}")


def link_table(sources: pd.DataFrame, places: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Address of the row and title of each source."""
    return {row.source_id: (places[row.source_id], plain(row.title)) for row in sources.itertuples()}


def cell_links(sources: pd.DataFrame, places: Mapping[str, str]) -> dict[tuple[str, str | None], str]:
    """The row of each source by what a table's cell shows of it: its text and its address."""
    found: dict[tuple[str, str | None], str] = {}
    for _, row in sources.iterrows():
        link: Link = display.source_link(row)
        text = plain(link.text) + ("" if link.url or not link.remark else plain(f" ({link.remark})"))
        found.setdefault((text, link.url), places[row["source_id"]])
    return found
