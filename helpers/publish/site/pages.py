"""The pages that are made from the tables: sources, providers, glossary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from helpers import about, display, ratings
from helpers.display import Link, escape, plain
from helpers.publish.site.figures import COLLECTION, source_list
from helpers.register import NOT_A_NUMBER
from helpers.timeline import without_categories

SOURCES_A_PAGE = 160
AFTERWARDS = {"crc": "Region since June 2021", "nps_division": "Followed by", "probation_region": "Before it"}
PROVIDER_KINDS = {"crc": "Community Rehabilitation Companies", "nps": "The National Probation Service"}
PROVIDER_KINDS["nps_division"] = "Divisions of the National Probation Service"
PROVIDER_KINDS["probation_region"] = "Regions of the Probation Service since June 2021"
THEMES = ("Owners and offices", "Ratings", "Staff", "Caseload", "Reoffending")
THEMES += ("Money and contracts", "After June 2021", "Events")
UNDERLINED = str.maketrans({mark: "\\" + mark for mark in r"\`*_{}[]()<>#+-.!|~$:&@^='\"/%?;,"})


@dataclass(frozen=True)
class Page:
    """One page made from tables: its name, its heading, its HTML below the heading."""

    name: str
    title: str
    body: str
    listed: bool = True
    pictures: Mapping[str, str] = field(default_factory=dict)  # name of the file in charts/ -> SVG

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
    """A page for each CRC, each NPS division, the NPS and each region since, with all that the tables know about it."""
    providers = tables["providers"]
    chosen = providers[providers["kind"].isin(list(PROVIDER_KINDS))]
    rows = about.everything(tables)
    links = link_table(tables["sources"], source_places(tables["sources"]))
    pages, lists = [], ""
    for kind, heading in PROVIDER_KINDS.items():
        group = chosen[chosen["kind"] == kind].sort_values("name")
        items = "".join(f"<li>{_body(r.provider_id, chosen)}</li>" for r in group.itertuples())
        lists += f"<h2>{heading}</h2><ul>{items}</ul>"
        for provider_id in group["provider_id"]:
            pages.append(_provider_page(about.about(provider_id, tables, rows), tables, links))
    front = f"<p>What is known about each provider, on a page of its own.</p>{lists}{cite('Providers')}"
    return [Page("providers", "Providers", front), *pages]


def _provider_page(
    answer: about.Answer, tables: Mapping[str, pd.DataFrame], links: Mapping[str, tuple[str, str]]
) -> Page:
    """What `about` answers, as a page: sentences, picture, names and neighbours, every row by theme."""
    name, id_ = answer.name, answer.provider_id
    pictures, figure = {}, ""
    if len(answer.drawn):
        picture = f"about-{id_}.svg"
        pictures[picture] = answer.svg()
        width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', pictures[picture]).groups()
        figure = (
            f'<figure><img src="charts/{picture}" width="{width}" height="{height}" alt="{escape(answer.described)}">'
            f"<figcaption>{about.HOW_TO_READ}. The tables below have every row.</figcaption></figure>"
        )
    used = dict.fromkeys(answer.rows["source_id"])
    said = f'{answer.said.markup}<div class="beneath">{source_list(used, links) if used else ""}</div>'
    body = f'<div class="about"><div>{said}</div>{figure}<div>{_neighbours(id_, tables)}</div></div>'
    for theme in THEMES:
        rows = answer.rows[answer.rows["theme"] == theme]
        if rows.empty:
            continue
        heading = "Owners" if theme == "Owners and offices" else theme
        shown = rows[["what", "when", "figure", "note", "source_id"]]
        empty = [column for column in ("figure", "note") if shown[column].isin(["", NOT_A_NUMBER]).all()]
        shown = display.with_sources(shown.drop(columns=empty), answer.sources).drop(columns="publisher")
        markup = display.table(shown, f"{heading}: {name}", folded=len(shown) > 20).markup
        body += f'<section><h2 id="{slug(heading)}">{heading}</h2>{markup}</section>'
    own = tables["sources"][tables["sources"]["source_id"] == _row(id_, tables)["source_id"]]
    kept = f"Every row above names its source. Its name and area: {_own(own.iloc[0])}. " if len(own) else ""
    return Page(f"provider-{id_}", name, body + cite(name, kept), False, pictures)


def _row(provider_id: str, tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    return without_categories(tables["providers"]).set_index("provider_id").loc[provider_id]


def _body(provider_id: str, providers: pd.DataFrame) -> str:
    """The name of a body, with a link to its page where it has one."""
    row = providers.set_index("provider_id").loc[provider_id]
    name = escape(row["name"])
    return f'<a href="provider-{provider_id}.html">{name}</a>' if row["kind"] in PROVIDER_KINDS else name


def _neighbours(provider_id: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Its other names, what it is part of, what was there before it and what followed, in words."""
    row, providers = _row(provider_id, tables), tables["providers"]
    others = tables["other_names"].loc[tables["other_names"]["provider_id"] == provider_id, "name"]
    others = [each for each in dict.fromkeys(others.astype(str)) if each != row["name"]]
    places = tables["divisions_and_regions"].set_index("provider_id")["crc_ids"]
    crcs = str(places.get(provider_id, "")).split() if pd.notna(places.get(provider_id)) else []
    units = providers[(providers["parent_id"] == provider_id) & (providers["kind"] == "probation_delivery_unit")]
    known = {
        "Also called": escape("; ".join(others)),
        "Part of": _body(row["parent_id"], providers) if pd.notna(row["parent_id"]) else "",
        "Area": _text(row["area_served"]),
        "Police forces": _text(row["police_force_areas"]),
        "Before June 2014": _text(row["former_trusts"]),
        "NPS division": _placed(row["nps_division_id"], row["nps_division_basis"], providers),
        AFTERWARDS.get(row["kind"], ""): _listed(
            about.linked(
                provider_id, without_categories(providers).set_index("provider_id"), tables["divisions_and_regions"]
            ),
            providers,
        ),
        "CRCs in its area": _listed(crcs, providers),
        "Local units": escape("; ".join(units["short_name"].astype(str))),
        "Lead and partners": _text(row["lead_and_partners"]),
        "Remark": _text(row["note"]),
    }
    facts = "".join(f"<dt>{label}</dt><dd>{text}</dd>" for label, text in known.items() if text)
    return f"<dl class='facts'>{facts}</dl>" if facts else ""


def _text(value: object) -> str:
    return escape(value) if pd.notna(value) else ""


def _listed(ids: list[str], providers: pd.DataFrame) -> str:
    return "; ".join(_body(each, providers) for each in ids)


def _placed(provider_id: object, basis: object, providers: pd.DataFrame) -> str:
    return f"{_body(str(provider_id), providers)} ({basis})" if pd.notna(provider_id) else ""


def _own(source: pd.Series) -> str:
    return f'<a class="source" data-source="{slug(source["source_id"])}">{escape(source["title"])}</a>'


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
