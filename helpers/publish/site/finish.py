"""What every page gets after Sphinx wrote it: a content security policy, what a link preview shows, links to sources,
terms and providers, tables that scroll; and the check that every link inside the site leads somewhere."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

# `file:` stands beside 'self' because a page opened from disk has no origin of its own in some browsers.
POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file: data: blob:; "
    "font-src 'self' file:; connect-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self' file:"
)
PREVIEW = "charts/preview.png"
LONGEST = 200  # characters of a description
SCRIPTS = {"vega.js": "figure.chart", "find.js": "article .find"}  # what a page must hold to need the script
NOT_PROSE = {"a", "button", "code", "dt", "figure", "h1", "h2", "h3", "nav", "pre", "script", "summary", "table"}


class Finisher:
    """Finishes the pages of one folder.

    source_cells    what a table shows of a source (text and address) -> address of its row here
    providers       name of a provider -> its page
    terms           term of the glossary -> address of its entry and its meaning
    address         where the site stands, with a slash at its end; empty where that is not known
    """

    def __init__(
        self,
        folder: Path,
        source_cells: Mapping[tuple[str, str | None], str],
        providers: Mapping[str, str],
        terms: Mapping[str, tuple[str, str]],
        address: str = "",
    ) -> None:
        self.folder, self.source_cells, self.providers, self.address = folder, source_cells, providers, address
        self.terms = {key: (term, *entry) for term, entry in terms.items() for key in _forms(term)}
        longest_first = sorted(self.terms, key=lambda key: (-len(key), key))
        self.pattern = re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, longest_first)) + r")(?![\w-])")
        self.anchors: dict[str, set[str]] = {}
        self.links: dict[str, set[str]] = {}

    def finish(self, path: Path) -> None:
        """Rewrites one page."""
        from bs4 import BeautifulSoup

        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        soup.html["lang"] = "en-GB"
        self._move_inline(soup)
        for script, served in SCRIPTS.items():
            if not soup.select_one(served):
                for tag in soup.select(f'script[src*="{script}"]'):
                    tag.decompose()
        policy = soup.new_tag("meta", attrs={"http-equiv": "Content-Security-Policy", "content": POLICY})
        soup.head.insert(0, soup.head.find("meta", charset=True) or "")
        soup.head.insert(1, policy)
        article = soup.find("article")
        _describe(soup, article, path.name, self.address)
        if article:
            self._link_cells(article, path.name)
            if path.name != "glossary.html":
                self._link_terms(soup, article)
            _frame_tables(soup, article)
        _mend(soup)
        self._note(path, soup)
        path.write_text(str(soup), encoding="utf-8")

    def note(self, path: Path) -> None:
        """Keeps in mind where a page that is finished as it is leads to."""
        from bs4 import BeautifulSoup

        self._note(path, BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser"))

    def _note(self, path: Path, soup: object) -> None:
        page = path.relative_to(self.folder).as_posix()
        self.anchors[page] = {tag["id"] for tag in soup.find_all(id=True)}
        self.links[page] = {
            tag[name] for tag in soup.find_all(True) for name in ("href", "src") if tag.get(name) is not None
        }

    def _move_inline(self, soup: object) -> None:
        """Scripts and styles of the theme that stand in the page become files, so that the policy can refuse them."""
        for tag in soup.find_all(["script", "style"]):
            if tag.get("src") or tag.get("type", "text/javascript") != "text/javascript":
                continue
            text = tag.string or ""
            suffix = "js" if tag.name == "script" else "css"
            file = f"_static/moved-{hashlib.sha256(text.encode()).hexdigest()[:8]}.{suffix}"
            (self.folder / file).write_text(text, encoding="utf-8")
            if suffix == "js":
                tag.replace_with(soup.new_tag("script", attrs={"src": file}))
            else:
                tag.replace_with(soup.new_tag("link", attrs={"rel": "stylesheet", "href": file}))
        for table in soup.find_all("table"):
            if table.find(["td", "th"], style=True):
                for cell in table.select("tbody td:not([style]), thead th:not([style])"):
                    cell["class"] = "figure"
        for tag in soup.find_all(style=True):
            if re.fullmatch(r"\s*display:\s*none;?\s*", tag["style"]):
                tag["hidden"] = ""
            del tag["style"]

    def _link_cells(self, article: object, page: str) -> None:
        """Source references lead to their row, names of providers to their page."""
        for link in article.select("a.source[data-source]"):
            text, source = link.get_text(), link["data-source"]
            for (title, _), href in self.source_cells.items():
                if title.startswith(text) and href.endswith(f"#source-{source}"):
                    link["href"] = href
        if page.startswith("sources"):
            return
        for cell in article.select("td, th[scope=row]"):
            link, text = cell.find("a"), cell.get_text()
            if link and (link.get_text(), link.get("href")) in self.source_cells:
                link["href"] = self.source_cells[link.get_text(), link["href"]]
            elif not link and (text, None) in self.source_cells:
                _wrap(cell, self.source_cells[text, None])
            elif not link and self.providers.get(text, page) != page:
                _wrap(cell, self.providers[text])

    def _link_terms(self, soup: object, article: object) -> None:
        """The first mention of each term leads to its entry in the glossary, and its meaning stands on the page too:
        a screen reader says it with the link, site.js shows it beside the link."""
        meanings: dict[str, object] = {}
        for text in list(article.find_all(string=self.pattern)):
            parents = {parent.name for parent in text.parents}
            if parents & NOT_PROSE or not parents & {"p", "li", "dd"}:
                continue
            pieces, at = [], 0
            for match in self.pattern.finditer(text):
                term, href, meaning = self.terms[match.group()]
                if term not in meanings:
                    name = href.replace("glossary.html#term", "meaning")
                    meanings[term] = soup.new_tag("p", attrs={"id": name})
                    meanings[term].string = meaning
                    link = soup.new_tag("a", attrs={"href": href, "class": "term", "aria-describedby": name})
                    link.string = match.group()
                    pieces += [str(text)[at : match.start()], link]
                    at = match.end()
            if pieces:
                text.replace_with(*pieces, str(text)[at:])
        if meanings:
            hidden = soup.new_tag("div", attrs={"hidden": ""})
            hidden.extend(meanings.values())
            article.append(hidden)

    def dead_links(self) -> list[str]:
        """Every link to a page, a file or a place that is not in the site, and everything loaded from outside."""
        found = []
        for page, links in sorted(self.links.items()):
            for link in sorted(links):
                parts = urlsplit(link)
                if parts.scheme or parts.netloc:
                    continue
                target = normpath(join(dirname(page), unquote(parts.path))) if parts.path else page
                if not (self.folder / target).exists():
                    found.append(f"{page}: {link} leads to a file that is not there")
                elif parts.fragment and unquote(parts.fragment) not in self.anchors.get(target, {parts.fragment}):
                    found.append(f"{page}: {link} leads to a place that is not on that page")
        return found


def _forms(term: str) -> list[str]:
    """The term as it is written, and in the middle of a sentence where it is no name or abbreviation."""
    names = [term, *(part.strip() for part in re.fullmatch(r"(.+?)(?:\((.+)\))?", term).groups() if part)]
    small = [n[0].lower() + n[1:] for n in names if n[0].isupper() and not any(map(str.isupper, n[1:])) and len(n) > 1]
    return list(dict.fromkeys(names + small))


def _wrap(cell: object, href: str) -> None:
    from bs4 import Tag

    link = Tag(name="a", attrs={"href": href})
    link.extend(list(cell.contents))
    cell.append(link)


def whole(page: str, address: str) -> str:
    """The one address of a page where the site stands at `address`."""
    return address + ("" if page == "index.html" else page)


def preview(title: str, text: str, picture: str, page: str, address: str) -> list[tuple[str, dict[str, str]]]:
    """The tags that say what whoever is sent the link of a page sees.

    Readers of such tags want whole addresses. Where none is known the picture is named as seen from the page.
    """
    said = {"og:title": title, "og:description": text, "og:type": "article"}
    if address:
        folder = f"{dirname(page)}/" if dirname(page) else ""
        said |= {"og:image": f"{address}{folder}{picture}", "og:url": whole(page, address)}
    else:
        said["og:image"] = picture
    tags = [("meta", {"property": name, "content": content}) for name, content in said.items()]
    tags.append(("meta", {"name": "description", "content": text}))
    return tags + ([("link", {"rel": "canonical", "href": whole(page, address)})] if address else [])


def _describe(soup: object, article: object, page: str, address: str) -> None:
    """Title, picture and the first sentences, if it begins with any, of a page."""
    title = soup.title.get_text()
    said = article.select("div.findings p") or article.select("h1 + p") if article else []
    text = " ".join(" ".join(part.get_text() for part in said).split())
    text = text or f"{title}: public evidence on probation in England and Wales"
    text = textwrap.shorten(text, LONGEST, placeholder=" ...")
    for name, attributes in preview(title, text, PREVIEW, page, address):
        soup.head.append(soup.new_tag(name, attrs=attributes))


def _mend(soup: object) -> None:
    """What the theme leaves open for readers who hear the page."""
    for summary in soup.select("summary[aria-label]"):
        del summary["aria-label"]
    for heading in soup.select("[role=heading]:not([aria-level])"):
        heading["aria-level"] = "2"
    for place, name in ((".sidebar-drawer", "Pages"), (".toc-drawer", "On this page")):
        for drawer in soup.select(place):
            drawer["aria-label"] = name
    for code in soup.select("div.highlight pre"):
        code["tabindex"] = "0"  # long lines scroll
    results = soup.find(id="search-results")
    if results:
        title = soup.new_tag("h1")
        title.string = "Search"
        results.insert_before(title)


def _frame_tables(soup: object, article: object) -> None:
    """A table wider than the page scrolls in a region of its own, which the keyboard can reach."""
    names: dict[str, int] = {}
    for table in article.find_all("table"):
        caption = table.find("caption")
        for head in table.select("thead th:not([scope])"):
            head["scope"] = "col"
        heading = table.find_previous(["h1", "h2", "h3"])
        name = (
            caption.get_text()
            if caption
            else f"Table under {heading.get_text().rstrip('#') if heading else 'the title'}"
        )
        names[name] = names.get(name, 0) + 1
        if names[name] > 1:
            name += f" ({names[name]})"
        region = soup.new_tag("div", attrs={"class": "scroll", "role": "region", "aria-label": name, "tabindex": "0"})
        table.wrap(region)
        outer = region.parent
        if outer.name == "div" and "table-wrapper" in outer.get("class", []):
            outer.unwrap()
