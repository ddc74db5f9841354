"""Builds the site: notebooks with their committed outputs, and pages made from the tables.

The finished folder takes the place of the previous one in one step; whatever stops the build leaves the previous one
as it was. The same notebooks and tables give the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import data
from helpers.display import plain
from helpers.publish import notebooks
from helpers.publish.site import dataset, downloads, front, pages, search, share
from helpers.publish.site.figures import COLLECTION, Figure, archive, figures, markup, problems, script
from helpers.publish.site.finish import PREVIEW, Finisher

ROOT = Path(__file__).resolve().parents[3]
STATIC = Path(__file__).resolve().parent / "static"
LEFTOVERS = (".buildinfo", ".buildinfo.bak", "objects.inv")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SETTINGS: dict[str, Any] = {
    "project": COLLECTION,
    "html_title": COLLECTION,
    "language": "en",
    "extensions": ["myst_nb"],
    "nb_execution_mode": "off",
    "nb_code_prompt_show": "Show the code",
    "nb_code_prompt_hide": "Hide the code",
    "nb_ipywidgets_js": {},
    "html_theme": "furo",
    "html_theme_options": {
        "light_css_variables": {"color-brand-primary": "#0b5a8a", "color-brand-content": "#0b5a8a"},
        "dark_css_variables": {"color-brand-primary": "#8ec7f0", "color-brand-content": "#8ec7f0"},
    },
    "html_static_path": [str(STATIC)],
    "html_css_files": ["site.css"],
    "html_js_files": [
        ("vega.js", {"defer": "defer"}),
        ("site.js", {"defer": "defer"}),
        ("find.js", {"defer": "defer"}),
    ],
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_copyright": False,
    "html_show_search_summary": False,
    "html_use_index": False,
    "html_domain_indices": False,
    "html_scaled_image_link": False,
}


class SiteError(Exception):
    """What stops the build: one line for each rule broken, naming notebook and cell."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def check(paths: list[Path], read: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[Figure]:
    """Every chart of the notebooks. Raises SiteError with all rules that notebooks and charts break."""
    sources, providers = set(tables["sources"]["source_id"]), set(tables["providers"]["provider_id"])
    broken = [line for path in paths for line in notebooks.problems(path)]
    if not paths:
        broken.append("there is no notebook to render")
    pages_known = {path.name for path in paths} | {"../data/README.md"}
    for path in paths:
        for cell in read[path.name].cells:
            if cell.cell_type == "markdown":
                targets = [link.partition("#")[0] for link in LINK.findall(cell.source) if "://" not in link]
                broken += [
                    f"{path.name}, cell {cell.id}: the link to {target} leads nowhere; correct it"
                    for target in targets
                    if target and target not in pages_known
                ]
    if broken:
        raise SiteError(broken)
    found = [figure for path in paths for _, figure in figures(path, read[path.name])]
    broken = [line for figure in found for line in problems(figure, sources, providers)]
    if broken:
        raise SiteError(broken)
    return found


def build(
    notebook_folder: Path = notebooks.FOLDER,
    data_folder: Path = data.DATA,
    target: Path = ROOT / "site",
    address: str = "",
) -> Path:
    """Renders the notebooks of a folder with the tables of another into `target`; returns it.

    `address` is where the site will stand, such as https://example.org/tr/ (default: the homepage that
    datapackage.json names, if any). Where it is not known all links are relative and there is no sitemap.

    Raises SiteError naming notebook, cell and rule, or front.Overturned naming a finding, and leaves the previous
    `target` as it was.
    """
    import nbformat

    paths = notebooks.paths(notebook_folder)
    read = {path.name: nbformat.read(path, as_version=4) for path in paths}
    tables = {name: data.load(name, data_folder) for name in data.tables(data_folder).index}
    drawn = check(paths, read, tables)
    broken = dataset.problems(data_folder)
    if broken:
        raise SiteError(broken)
    described = dataset.read(data_folder, tables)
    address = _whole(address or described.described.get("homepage", ""))
    with tempfile.TemporaryDirectory(prefix=".site-", dir=target.parent) as work:
        source, finished = Path(work, "source"), Path(work, "site")
        source.mkdir()
        links = pages.link_table(tables["sources"], pages.source_places(tables["sources"]))
        headings = share.titles(read)
        shared = {figure.id: share.Shared(figure, headings[figure.notebook], described, address) for figure in drawn}
        made = _write_sources(source, paths, read, shared, described, links, address)
        _sphinx(source, finished, Path(work, "trees"), len(paths) + made)
        _write_charts(finished, shared, tables, links)
        _finish(finished, described, links, address)
        _swap(finished, target)
    return target


def _whole(address: str) -> str:
    """An address that page names can be added to. Raises SiteError where it is none."""
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    if address and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise SiteError([f"the address {address!r} must be that of a folder on the web; write https://example.org/tr/"])
    return address and address.rstrip("/") + "/"


def _write_sources(
    folder: Path,
    paths: list[Path],
    read: Mapping[str, Any],
    shared: Mapping[str, share.Shared],
    described: dataset.Dataset,
    links: Mapping[str, tuple[str, str]],
    address: str,
) -> int:
    """What Sphinx reads; returns how many pages were made beside the notebooks."""
    import nbformat

    tables = described.frames
    (folder / "extra" / "charts").mkdir(parents=True)
    sizes = downloads.write(described, folder / "extra" / "data")
    cards = []
    for path in paths:
        notebook = read[path.name]
        for bundle, figure in figures(path, notebook):
            bundle.clear()
            bundle["text/html"] = markup(figure, links, shared[figure.id].markup())
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.metadata["tags"] = ["hide-input"]
            else:
                cell.source = cell.source.replace("(../data/README.md)", "(data.md)")
        nbformat.write(notebook, folder / path.name)
        card = front.card(path.stem, notebook)
        if card is None:
            first = notebook.cells[0].id
            raise SiteError([f"{path.name}, cell {first}: a notebook needs a title and a question in bold; add them"])
        cards.append(card)
    used: dict[str, list[tuple[str, str]]] = {}
    for name, chart in shared.items():
        for source in chart.figure.source_ids:
            used.setdefault(source, []).append((f"{chart.figure.page}.html#{name}", name))
    made = [
        *pages.source_pages(tables["sources"], used),
        *pages.provider_pages(tables),
        pages.glossary_page(tables["glossary"], links),
        *dataset.table_pages(described, sizes),
    ]
    for page in made:
        (folder / f"{page.name}.md").write_text(page.text, encoding="utf-8")
        for name, svg in page.pictures.items():
            (folder / "extra" / "charts" / name).write_text(svg, encoding="utf-8")
    found = front.findings(tables)
    for finding in found:
        (folder / "extra" / "charts" / f"finding-{finding.id}.svg").write_text(front.svg(finding), encoding="utf-8")
    (folder / "extra" / PREVIEW).write_bytes(front.preview(found[0]))
    (folder / "index.md").write_text(front.page(tables, found, cards, links), encoding="utf-8")
    about = (described.folder / "README.md").read_text(encoding="utf-8")
    (folder / "data.md").write_text(dataset.front(described, about, sizes, address), encoding="utf-8")
    return len(made) + 2


def _sphinx(source: Path, target: Path, trees: Path, documents: int) -> None:
    """Runs Sphinx without executing anything; a warning, such as a dead link, stops the build."""
    import io
    import warnings

    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils
    from tqdm import tqdm

    os.environ["SOURCE_DATE_EPOCH"] = "315532800"
    remarks = io.StringIO()
    settings = {**SETTINGS, "html_extra_path": [str(source / "extra")], "exclude_patterns": ["extra"]}
    with (
        patch_docutils(),
        docutils_namespace(),
        tqdm(total=2 * documents, desc="rendering", unit="page", disable=None) as bar,
        warnings.catch_warnings(),
    ):
        # What extensions still use of an older Sphinx is for their makers to mend.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        app = Sphinx(source, None, target, trees, "html", settings, status=None, warning=remarks, freshenv=True)
        app.connect("doctree-read", lambda *_: bar.update() and None)
        app.connect("html-page-context", lambda *_: bar.update() and None)
        app.build(force_all=True)
    said = re.sub(r"\x1b\[[0-9;]*m", "", remarks.getvalue()).replace(f"{source}{os.sep}", "").strip()
    if said:
        raise SiteError(said.splitlines())


def _write_charts(
    folder: Path,
    shared: Mapping[str, share.Shared],
    tables: Mapping[str, pd.DataFrame],
    links: Mapping[str, tuple[str, str]],
) -> None:
    charts, providers = folder / "charts", pages.provider_names(tables["providers"])
    files = _versioned(folder)
    for chart in shared.values():
        figure = chart.figure
        (charts / f"{figure.id}.js").write_text(script(figure, links, providers), encoding="utf-8")
        (charts / f"{figure.id}.png").write_bytes(base64.b64decode(figure.picture))
        (charts / f"{figure.id}.zip").write_bytes(archive(figure, tables["sources"], chart.metadata))
        for name, content in chart.files.items():
            (charts / name).write_bytes(content)
        (charts / f"{figure.id}.html").write_text(chart.page(links, files), encoding="utf-8")
    index = search.index(tables, [chart.figure for chart in shared.values()], links)
    (folder / "find-index.js").write_text(index, encoding="utf-8")
    (folder / "_static" / "vega.js").write_text(_vega(), encoding="utf-8")


def _versioned(folder: Path) -> dict[str, str]:
    """What pages share, by name, with the mark by which a browser knows that it holds an older one."""
    found = re.findall(r'"(_static/(\w+\.(?:css|js))[^"]*)"', (folder / "index.html").read_text(encoding="utf-8"))
    mark = hashlib.sha256((folder / "_static" / "frame.css").read_bytes()).hexdigest()[:8]
    return {**{name: address for address, name in found}, "frame.css": f"_static/frame.css?v={mark}"}


def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one classic script: pages opened from disk may not load modules."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    # Wrapped, because the top-level names of the bundle would collide with those of other scripts.
    return f"(function () {{\n{bundle}\n}})();\n"


def _finish(folder: Path, described: dataset.Dataset, links: Mapping[str, tuple[str, str]], address: str = "") -> None:
    from tqdm import tqdm

    tables = described.frames
    for name in LEFTOVERS:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "_sources", ignore_errors=True)
    for unused in folder.rglob("*.map"):
        unused.unlink()
    meanings = tables["glossary"].set_index("term")["meaning"].map(plain)
    terms = {term: (f"glossary.html#term-{pages.slug(term)}", meaning) for term, meaning in meanings.items()}
    places = {source: href for source, (href, _) in links.items()}
    finisher = Finisher(
        folder, pages.cell_links(tables["sources"], places), pages.provider_names(tables["providers"]), terms, address
    )
    for path in tqdm(sorted(folder.glob("*.html")), desc="finishing", unit="page", disable=None):
        finisher.finish(path)
    for path in sorted((folder / "charts").glob("*.html")):
        finisher.note(path)
    (folder / "404.html").write_text(share.missing(address), encoding="utf-8")
    if address:
        pages_ = finisher.links.keys() - {"search.html"}
        (folder / "sitemap.xml").write_text(share.sitemap(pages_, address, described.released), encoding="utf-8")
    dead = finisher.dead_links()
    if dead:
        raise SiteError(dead)
    dataset.fill(folder, described, {"sources": places, "providers": pages.provider_names(tables["providers"])})


def _swap(finished: Path, target: Path) -> None:
    """Puts the finished folder in the place of the previous one, or leaves that where it is."""
    previous = finished.parent / "previous"
    if target.exists():
        os.replace(target, previous)
    try:
        os.replace(finished, target)
    except BaseException:
        if previous.exists():
            os.replace(previous, target)
        raise


def main(arguments: list[str] | None = None) -> int:
    """Builds the site and says what it holds; 1 with every broken rule if it could not."""
    parser = argparse.ArgumentParser(prog="make site", description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "site", help="the folder to write (default: site/)")
    parser.add_argument("--address", default="", help="where it will stand, such as https://example.org/tr/")
    given = parser.parse_args(arguments)
    target = given.to.resolve()
    try:
        build(target=target, address=given.address)
    except (SiteError, front.Overturned, data.DataError) as problem:
        print(problem, file=sys.stderr)
        print("Nothing was written; the previous site is as it was.", file=sys.stderr)
        return 1
    files = [path for path in target.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{len(list(target.glob('*.html')))} pages, {size:.1f} MB: open {target / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
