"""The rendered collection without a browser: what stops a build, what a build leaves, the same bytes twice."""

import csv
import dataclasses
import hashlib
import io
import json
import re
import runpy
import zipfile
from xml.etree import ElementTree

import nbformat
import numpy as np
import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from helpers import charts, data
from helpers.display import VEGALITE_MIME
from helpers.publish import notebooks
from helpers.publish.site import build, dataset, figures, finish, front, pages, share
from tests import site_samples
from tests.tables import raw

ADDRESS = "https://example.org/a/"
DATA = ' type="application/ld\\+json"'  # what is data, and no browser runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return site_samples.collection(tmp_path_factory.mktemp("sample") / "notebooks")


@pytest.fixture(scope="module")
def site(folder, tmp_path_factory):
    return build.build(folder, data.DATA, tmp_path_factory.mktemp("built") / "site")


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def changed(folder, tmp_path, change):
    """A copy of the notebook after `change`."""
    path = folder / "01_sample.ipynb"
    notebook = nbformat.read(path, 4)
    change(notebook)
    copy = tmp_path / "notebooks" / path.name
    copy.parent.mkdir(exist_ok=True)
    notebooks.write(copy, notebook)
    return copy.parent


def chart(notebook, cell="moving"):
    return next(c for c in notebook.cells if c.id == cell).outputs[0].data[VEGALITE_MIME]


def test_the_same_bytes_twice_and_nothing_of_the_machine(folder, site, tmp_path):
    again = build.build(folder, data.DATA, tmp_path / "again")
    assert contents(again) == contents(site)
    for path in site.rglob("*"):
        if path.suffix in (".html", ".js", ".txt"):
            assert str(site.parent) not in path.read_text(encoding="utf-8")


def test_every_link_inside_leads_somewhere_and_every_page_has_its_policy(site):
    for path in site.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert text.count('http-equiv="Content-Security-Policy"') == 1
        assert not re.search(rf"<script(?![^>]*\bsrc=|{DATA})|\son\w+=|\sstyle=|<style", text), path.name
    assert "unsafe" not in finish.POLICY


def test_sources_providers_and_terms_are_linked(site):
    page = (site / "01_sample.html").read_text(encoding="utf-8")
    assert re.search(r'<td><a href="sources-\d\.html#source-', page)
    assert 'class="term" href="glossary.html#term-caseload"' in page or 'href="glossary.html#term-caseload"' in page
    known = {page.name for page in site.glob("provider-*.html")}
    kinds = data.load("providers")["kind"].isin(list(pages.PROVIDER_KINDS))
    assert len(known) == kinds.sum()
    places = pd.Series(pages.source_places(data.load("sources"))).str.split("#", expand=True)
    assert len(places) == len(data.load("sources"))
    for name, anchors in places.groupby(0)[1]:
        page = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
        assert set(anchors) <= {tag["id"] for tag in page.find_all(id=True)}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda n: chart(n, "still").pop("title"), "01_sample.ipynb, cell still: the chart has no title"),
        (lambda n: chart(n).pop("description"), "01_sample.ipynb, cell moving: the chart has no description"),
        (
            lambda n: chart(n)["usermeta"].update(source_ids=["no-such"]),
            "01_sample.ipynb, cell moving: unknown source no-such",
        ),
        (
            lambda n: chart(n)["datasets"][chart(n)["data"]["name"]][0].update(provider_id="crc-nowhere"),
            "01_sample.ipynb, cell moving: unknown provider crc-nowhere",
        ),
        (
            lambda n: n.cells[0].update(source=n.cells[0].source + " [on](02_missing.ipynb)"),
            "01_sample.ipynb, cell question: the link to 02_missing.ipynb leads nowhere",
        ),
        (
            lambda n: chart(n)["params"].append({"name": "idle", "bind": {"input": "range"}}),
            "01_sample.ipynb, cell moving: nothing in the chart follows the control idle",
        ),
        (
            lambda n: chart(n)["params"].append({"name": "one", "select": "point", "bind": {"input": "select"}}),
            "01_sample.ipynb, cell moving: the control one is bound to a selection",
        ),
        (lambda n: n.metadata.update(author="x"), "01_sample.ipynb: metadata are not normalised"),
    ],
)
def test_a_broken_rule_stops_the_build_and_names_notebook_and_cell(folder, site, tmp_path, change, rule):
    target = tmp_path / "site"
    target.mkdir()
    (target / "kept.txt").write_text("the previous site")
    with pytest.raises(build.SiteError) as told:
        build.build(changed(folder, tmp_path, change), data.DATA, target)
    assert any(line.startswith(rule) for line in told.value.lines), told.value.lines
    assert [path.name for path in target.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize("step", ["_sphinx", "_finish", "_write_charts"])
def test_an_interrupted_build_leaves_the_previous_site_whole(folder, tmp_path, monkeypatch, step):
    target = tmp_path / "site"
    target.mkdir()
    (target / "kept.txt").write_text("the previous site")

    def interrupted(*_):
        raise KeyboardInterrupt

    for other in ("_sphinx", "_write_charts", "_finish"):
        monkeypatch.setattr(build, other, interrupted if other == step else lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        build.build(folder, data.DATA, target)
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    assert [path.name for path in target.iterdir()] == ["kept.txt"]


def test_a_swap_that_fails_puts_the_previous_site_back(tmp_path):
    target = tmp_path / "site"
    target.mkdir()
    (target / "kept.txt").write_text("the previous site")
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(FileNotFoundError):
        build._swap(work / "never-finished", target)
    assert [path.name for path in target.iterdir()] == ["kept.txt"]


def test_a_download_holds_table_method_sources_and_licence(site):
    with zipfile.ZipFile(site / "charts" / "chart-01-moving.zip") as bundle:
        files = {name.rpartition("/")[2]: bundle.read(name).decode() for name in bundle.namelist()}
    assert set(files) == {"data.csv", "licence.txt", "metadata.json", "method.txt", "sources.csv"}
    metadata = json.loads(files["metadata.json"])
    assert list(metadata["files"]["data.csv"]) == list(next(csv.reader(io.StringIO(files["data.csv"]))))
    assert metadata["citation"] in files["licence.txt"] and metadata["version"] in metadata["citation"]
    rows = list(csv.DictReader(io.StringIO(files["data.csv"])))
    assert len(rows) >= 12
    assert {row["remark"] for row in rows} == {"'=1+1"}
    assert "apostrophe" in files["method.txt"] and "figure" in files["method.txt"]
    named = {row["source_id"] for row in csv.DictReader(io.StringIO(files["sources.csv"]))}
    assert {row["source_id"] for row in rows} <= named
    assert "Open Government Licence" in files["licence.txt"]


def test_a_formula_is_neutralised_and_a_number_is_not():
    assert [
        figures.neutral(cell) for cell in ("=1", "+1", "-1", "@x", "\t=1", "\r=1", "a=1", -1, None, ["=1", "b"])
    ] == [*("'=1", "'+1", "'-1", "'@x", "'\t=1", "'\r=1", "a=1", -1, None, "'=1 b")]


def test_packed_rows_hold_every_value_once():
    rows = [{"a": "long enough to matter", "b": n, "c": None} for n in range(50)]
    packed = figures.packed(rows)
    assert json.dumps(packed).count("long enough") == 1
    columns = {
        name: cells if isinstance(cells, list) else [cells["v"][place] for place in cells["i"]]
        for name, cells in packed["columns"].items()
    }
    assert [dict(zip(columns, row)) for row in zip(*columns.values())] == rows
    ragged = [{"a": 1}, {"b": 2}]
    assert figures.packed(ragged) == ragged


def test_a_heading_made_from_data_means_nothing_but_itself():
    from docutils.nodes import title
    from myst_parser.parsers.docutils_ import Parser

    hostile = site_samples.HOSTILE
    page = pages.Page("x", hostile, "<p>x</p>").text.split("\n\n", 1)[0]
    from docutils.core import publish_doctree

    tree = publish_doctree(
        page + "\n\ntext\n\n## more\n\ntext", parser=Parser(), settings_overrides={"doctitle_xform": False}
    )
    assert next(iter(tree.findall(title))).astext() == hostile


def test_hostile_text_in_every_column_never_becomes_markup(tmp_path):
    from bs4 import BeautifulSoup

    folder = site_samples.hostile_data(tmp_path / "data")
    made = site_samples.collection(tmp_path / "notebooks", site_samples.HOSTILE, folder)
    site = build.build(made, folder, tmp_path / "site")
    for path in site.glob("*.html"):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        run = [tag for tag in soup.find_all("script") if not re.search(DATA, str(tag))]
        assert all(tag.get("src") for tag in run), path.name
        assert not soup.find_all("img", src="x") and not soup.find_all(href=re.compile("^javascript")), path.name
        assert not [tag for tag in soup.find_all(True) for name in tag.attrs if name.startswith("on")], path.name
    assert "window.hostile" in (site / "01_sample.html").read_text(encoding="utf-8")


def test_what_belongs_to_a_chart_is_folded_under_its_name(site):
    soup = BeautifulSoup((site / "01_sample.html").read_text(encoding="utf-8"), "html.parser")
    for figure in soup.select("figure.chart"):
        said = [summary.get_text() for summary in figure.select("summary")]
        assert said[0] == "Table of the data" and "The chart in words" in said
        assert said[-1] == "Cite it, load its rows, put it into an article"


@pytest.fixture(scope="module")
def drawn(tables):
    """Every chart of the collection, with the data and where it is to stand."""
    described = dataset.read(data.DATA, tables)
    read = {path.name: nbformat.read(path, 4) for path in notebooks.paths()}
    headings = share.titles(read)
    return [
        share.Shared(figure, headings[path.name], described, ADDRESS)
        for path in notebooks.paths()
        for _, figure in figures.figures(path, read[path.name])
    ]


def test_a_citation_names_chart_collection_version_date_and_address(drawn):
    for chart in drawn:
        version, address = chart.data.version, f"{ADDRESS}{chart.figure.page}.html#{chart.figure.id}"
        for part in (chart.figure.title, figures.COLLECTION, f"version {version}", "2026", chart.place):
            assert part in chart.citation, chart.figure.id
        assert chart.citation.endswith(address) and ".. " not in chart.citation and "?. " not in chart.citation
        assert f"url = {{{address}}}" in chart.bibtex and f"version = {{{version}}}" in chart.bibtex
        # What means something to TeX, outside of the address, is taken as it stands.
        assert not re.search(r"(?<!\\)[&%$#_]", re.sub(r"^@.*|  url = .*", "", chart.bibtex, flags=re.M))
        bare = re.sub(r"\\[{}]", "", chart.bibtex)
        assert bare.count("{") == bare.count("}")


def test_without_an_address_a_citation_names_the_page(drawn):
    chart = dataclasses.replace(drawn[0], address="")
    assert chart.citation.endswith(f". {chart.figure.page}.html#{chart.figure.id}") and "url = " not in chart.bibtex
    assert 'src="charts/' in chart.frame and '"charts/' in chart.lines["Python"]


def test_the_line_for_python_loads_the_rows_that_were_drawn(drawn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "charts").mkdir()
    for chart in (dataclasses.replace(each, address="") for each in drawn):
        for name, content in chart.files.items():
            (tmp_path / "charts" / name).write_bytes(content)
        told = {"pandas": pd}
        exec(chart.lines["Python"], told)
        loaded, expected = told["rows"], figures.tables(chart.figure.spec)[0]
        assert list(loaded) == figures.fields(expected) and len(loaded) == len(expected)
        for name in loaded:
            for cell, row in zip(loaded[name], expected):
                wanted, where = figures.neutral(row.get(name)), (chart.figure.id, name)
                if wanted is None or wanted == "":
                    assert pd.isna(cell), where
                elif isinstance(cell, pd.Timestamp):
                    assert cell == pd.Timestamp(wanted), where
                elif isinstance(wanted, float):
                    assert cell == pytest.approx(wanted), where
                else:  # numbers beside words are read as words
                    assert cell == wanted or cell == str(wanted), where


def test_the_workbook_of_a_chart_holds_its_rows_its_columns_and_its_sources(drawn):
    for chart in drawn[::9]:
        book = openpyxl.load_workbook(io.BytesIO(chart.files[f"{chart.figure.id}.xlsx"]), read_only=True)
        tables = figures.tables(chart.figure.spec)
        sheets = [f"rows {n}" if n > 1 else "rows" for n in range(1, len(tables) + 1)]
        assert book.sheetnames == ["about", *sheets, "sources"]
        head, *rows = book["rows"].iter_rows(values_only=True)
        assert list(head) == figures.fields(tables[0]) and len(rows) == len(tables[0])
        about = dict(row[:2] for row in book["about"].iter_rows(values_only=True) if row[1:])
        assert about["To cite"] == chart.citation and set(head) <= set(about)
        named = {row[0] for row in book["sources"].iter_rows(min_row=2, values_only=True)}
        assert named == set(chart.figure.source_ids)


def test_sets_of_rows_with_the_same_columns_are_one_table():
    spec = {"datasets": {"a": [{"x": 1, "y": 2}], "b": [{"x": 3, "y": 4}], "line": [{"x": 5}], "c": [{"z": 1, "y": 2}]}}
    assert figures.tables(spec) == [[{"x": 1, "y": 2}, {"x": 3, "y": 4}], [{"z": 1, "y": 2}]]


def test_each_chart_has_a_page_of_its_own_to_put_into_another(site):
    pages_ = sorted((site / "charts").glob("*.html"))
    assert [path.stem for path in pages_] == ["chart-01-moving", "chart-01-still"]
    for path in pages_:
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        assert soup.html["lang"] == "en-GB" and len(soup.find_all("h1")) == 1
        assert soup.title.get_text().startswith(soup.h1.get_text())
        assert soup.select_one('meta[http-equiv="Content-Security-Policy"]')["content"] == finish.POLICY
        assert not soup.find_all(["style", "base"]) and all(tag.get("src") for tag in soup.find_all("script"))
        assert len(soup.select_one("noscript img")["alt"]) > 5
        assert soup.find("a", href=f"../01_sample.html#{path.stem}") and soup.select('a[href^="../sources-"]')
        seen = {tag.get("property"): tag.get("content") for tag in soup.find_all("meta")}
        assert seen["og:title"] == soup.h1.get_text() and len(seen["og:description"]) > 5
        assert (path.parent / seen["og:image"]).read_bytes().startswith(b"\x89PNG")
    code = BeautifulSoup((site / "01_sample.html").read_text(encoding="utf-8"), "html.parser")
    codes = [each.get_text() for each in code.select(f'[aria-label="{share.FRAME_CODE}"]')]
    frames = [BeautifulSoup(each, "html.parser").iframe for each in codes]
    assert [frame["src"] for frame in frames] == [f"charts/{path.name}" for path in pages_]
    assert all(frame["title"] for frame in frames)


@pytest.fixture(scope="module")
def tables():
    return {name: data.load(name) for name in data.tables().index}


@pytest.fixture(scope="module")
def told(tables):
    return {finding.id: finding for finding in front.findings(tables)}


def amounts(sentence):
    """The numbers of a sentence that are no years."""
    return [float(word) for word in re.findall(r"\d+(?:\.\d+)?", re.sub(r"\b20\d\d(-\d\d)?\b", "", sentence))]


def test_the_numbers_of_the_findings_are_those_of_the_tables(told):
    facts = raw("reoffending/facts.csv").set_index("fact_id")["value"]
    results = raw("timeline/contract_performance.csv").set_index("contract_performance_id")["value"]
    measured = results["2017-03-all-probation-fall-in-binary-rate"], -facts["minister-binary-change"]
    assert amounts(told["reoffending"].sentence) == [facts["planned-fall"], *measured]
    assert f"{results['2017-03-all-probation-rise-in-frequency-rate']:.0f}% more often" in told["reoffending"].note

    bands = raw("ratings/band_distribution.csv", round="2018-19", standard="overall", coverage="full_round")
    good = bands[bands["band"] == "Good"].set_index("service_type")
    expected = [good.loc[body, column] for body in ("NPS", "CRC") for column in ("services", "of")]
    assert amounts(told["inspections"].sentence) == expected

    over = raw("staffing/workload.csv", measure="share_over_40_percent").set_index("provider_id")["value_low"]
    assert amounts(told["caseloads"].sentence) == [over["all-crcs"], 40, over["nps"]]

    amount = raw("timeline/money.csv").set_index("money_id")["amount"]
    profit, loss = amount["crc-profit-first-forecast"], amount["crc-losses-forecast-2018-03"]
    assert amounts(told["profits"].sentence) == [profit, loss]

    units = raw("after_reunification/delivery_unit_inspections.csv")["band"]
    assert amounts(told["since"].sentence) == [(units == "Inadequate").sum(), len(units)]


def test_findings_are_short_and_lead_to_their_notebook_and_sources(tables, told):
    known, written = set(tables["sources"]["source_id"]), {path.stem for path in notebooks.paths()}
    assert len(told) == 5
    for finding in told.values():
        assert len(finding.sentence.split()) <= front.LONGEST and finding.sentence.endswith(".")
        assert all(len(part.split()) <= front.LONGEST for part in re.split(r"(?<=\.) ", finding.note))
        assert finding.source_ids and set(finding.source_ids) <= known
        assert finding.notebook in written
    assert all(len(part.split()) <= 40 for part in front.trust(tables))


def test_every_notebook_has_one_theme_on_the_front_page():
    placed = [name for names in front.THEMES.values() for name in names]
    assert sorted(placed) == [path.stem for path in notebooks.paths()]


def test_a_notebook_is_listed_with_its_question_and_the_first_sentence_of_its_answer():
    path = notebooks.FOLDER / "06_reoffending.ipynb"
    card = front.card(path.stem, nbformat.read(path, 4))
    assert (card.title, card.question) == ("06 Reoffending", "Did reoffending fall?")
    assert card.answer.startswith("In part: ") and card.answer.endswith("%.")


def test_the_charts_of_the_findings_are_small_pictures_with_words_to_read(told):
    for finding in told.values():
        drawn = BeautifulSoup(front.svg(finding), "html.parser").svg
        assert float(drawn["width"]) <= 340 and float(drawn["height"]) <= 160
        sizes = [float(text["font-size"].removesuffix("px")) for text in drawn.find_all("text")]
        assert sizes and min(sizes) >= 13
        assert not drawn.find_all(["script", "image", "foreignobject"])


def test_the_front_page_shows_each_finding_with_its_picture_and_sources(site, told):
    soup = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser")
    items = soup.select("ol.told > li")
    assert [item.select_one(".sentence").get_text() for item in items] == [each.sentence for each in told.values()]
    for item, finding in zip(items, told.values()):
        assert item.img["alt"] == finding.alt and len(finding.alt) > 40
        assert (site / item.img["src"]).read_text(encoding="utf-8") == front.svg(finding)
        sources = item.select(".beneath a[href^=sources-]")
        assert len(sources) == len(set(finding.source_ids))
    assert soup.find("a", href="01_sample.html") and "How many staff?" in soup.select_one(".themes").get_text()


@pytest.mark.parametrize(
    ("table", "rows", "change", "finding"),
    [
        ("reoffending_facts", {"fact_id": "planned-fall"}, {"value": 1.0}, "reoffending"),
        ("reoffending_facts", {"fact_id": "planned-fall"}, {"qualifier": "about"}, "reoffending"),
        ("band_distribution", {"service_type": "NPS", "band": "Good"}, {"services": 0}, "inspections"),
        ("workload", {"provider_id": "nps"}, {"value_low": 90.0, "value_high": 90.0}, "caseloads"),
        ("money", {"money_id": "crc-losses-forecast-2018-03"}, {"qualifier": "about"}, "profits"),
        ("delivery_unit_inspections", {"band": "Inadequate"}, {"band": "Good"}, "since"),
    ],
)
def test_a_word_that_no_longer_holds_stops_the_front_page(tables, table, rows, change, finding):
    altered = tables[table].copy()
    chosen = pd.concat([altered[column].astype(str) == value for column, value in rows.items()], axis=1).all(axis=1)
    for column, value in change.items():
        altered[column] = altered[column].astype(object).mask(chosen, value)
    with pytest.raises(front.Overturned, match=f"front page, finding {finding}: .*rewrite"):
        front.findings({**tables, table: altered})


def test_a_sentence_that_no_longer_holds_leaves_the_previous_site(folder, tmp_path, monkeypatch, capsys):
    def overturned(_):
        front.holds(False, "since", "'the lowest band'")

    target = tmp_path / "site"
    target.mkdir()
    monkeypatch.setattr(front, "findings", overturned)
    monkeypatch.setattr(notebooks, "paths", lambda *_: [folder / "01_sample.ipynb"])
    assert build.main(["--to", str(target)]) == 1
    said = capsys.readouterr().err
    assert "finding since: 'the lowest band' no longer holds" in said and "previous site is as it was" in said
    assert not list(target.iterdir())


def test_a_link_preview_has_a_title_a_description_and_a_picture(site, told):
    for path in site.glob("*.html"):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        seen = {tag.get("property") or tag.get("name"): tag.get("content") for tag in soup.find_all("meta")}
        if path.name == "404.html":
            continue
        assert seen["og:title"] == soup.title.get_text(), path.name
        assert 5 < len(seen["description"]) <= finish.LONGEST and seen["og:description"] == seen["description"]
        assert (site / seen["og:image"]).read_bytes().startswith(b"\x89PNG")
        if path.name == "index.html":
            assert seen["description"].startswith("Probation supervises people")


def rgb(colour):
    return np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])


def in_the_dark(colour):
    """What the filter of site.css makes of a colour, by the matrices of the W3C's Filter Effects."""
    css = (build.STATIC / "site.css").read_text(encoding="utf-8")
    inverted, turned = map(float, re.search(r"--in-the-dark: invert\(([\d.]+)\) hue-rotate\((\d+)deg\)", css).groups())
    assert turned == 180  # cosine -1, sine 0
    weights = np.array([0.213, 0.715, 0.072])
    turn = 2 * np.tile(weights, (3, 1)) - np.eye(3)
    return np.clip(turn @ (inverted * (1 - colour) + (1 - inverted) * colour), 0, 1)


def contrast(one, other):
    """The ratio that WCAG defines."""
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in (one, other)]
    low, high = sorted(float(c @ [0.2126, 0.7152, 0.0722]) for c in linear)
    return (high + 0.05) / (low + 0.05)


def test_in_the_dark_every_colour_of_a_chart_stands_out_as_much(drawn):
    white, ground = rgb("#ffffff"), in_the_dark(rgb("#ffffff"))
    css = (build.STATIC / "site.css").read_text(encoding="utf-8")
    assert "#" + "".join(f"{round(part * 255):02x}" for part in ground) in re.search(r"--dark-ground: (\S+);", css)[1]
    used = {c.lower() for each in drawn for c in re.findall(r"#[0-9a-fA-F]{6}\b", json.dumps(each.figure.spec))}
    assert len(used) > 20
    for colour in used:
        light, dark = contrast(rgb(colour), white), contrast(in_the_dark(rgb(colour)), ground)
        assert dark >= min(0.98 * light, 7), f"{colour}: {light:.2f} on white, {dark:.2f} in the dark"


def test_words_on_a_band_can_be_read_in_the_light_and_in_the_dark():
    css = (build.STATIC / "site.css").read_text(encoding="utf-8")
    assert css.count('text[fill="black"] { fill: #fff; }') == 2  # the filter makes white the ground's colour
    for band, words in {"Outstanding": "#ffffff", "Good": "#000000", "Requires improvement": "#000000"}.items():
        colour = rgb(charts.BANDS[band])
        assert contrast(rgb(words), colour) >= 4.5, band
        assert contrast(in_the_dark(rgb("#ffffff")), in_the_dark(colour)) >= 4.5, band


def test_where_the_site_stands_makes_addresses_whole_and_a_sitemap(folder, site, tmp_path):
    there = build.build(folder, data.DATA, tmp_path / "there", ADDRESS[:-1])
    found = {loc.text for loc in ElementTree.parse(there / "sitemap.xml").iterfind(".//{*}loc")}
    assert {ADDRESS, f"{ADDRESS}01_sample.html", f"{ADDRESS}charts/chart-01-still.html"} < found
    for address in found:
        path = there / (address.removeprefix(ADDRESS) or "index.html")
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        seen = {tag.get("property"): tag.get("content") for tag in soup.find_all("meta")}
        assert seen["og:url"] == soup.find("link", rel="canonical")["href"] == address
        assert (there / seen["og:image"].removeprefix(ADDRESS)).read_bytes().startswith(b"\x89PNG")
    assert (
        f'src="{ADDRESS}charts/chart-01-still.html"'
        in BeautifulSoup((there / "01_sample.html").read_text(encoding="utf-8"), "html.parser").get_text()
    )
    links = BeautifulSoup((there / "404.html").read_text(encoding="utf-8"), "html.parser").find_all("a")
    assert [link["href"] for link in links] == [f"{ADDRESS}index.html", f"{ADDRESS}search.html"]
    # Where no address is known nothing pretends to be one.
    assert not (site / "sitemap.xml").exists() and "og:url" not in (site / "index.html").read_text(encoding="utf-8")
    links = BeautifulSoup((site / "404.html").read_text(encoding="utf-8"), "html.parser").find_all("a")
    assert [link["href"] for link in links] == ["index.html", "../index.html", "search.html"]


@pytest.mark.parametrize("address", ["example.org/tr", "ftp://example.org/", "https://", "https://example.org/?a=1"])
def test_what_is_no_address_stops_the_build(folder, tmp_path, address):
    with pytest.raises(build.SiteError, match="must be that of a folder on the web"):
        build.build(folder, data.DATA, tmp_path / "site", address)


def test_drawers_have_names_to_be_heard(site):
    for path in site.glob("*.html"):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for place, name in ((".sidebar-drawer", "Pages"), (".toc-drawer", "On this page")) * (path.name != "404.html"):
            assert {drawer["aria-label"] for drawer in soup.select(place)} == {name}, path.name


@pytest.mark.parametrize(
    ("term", "forms"),
    [
        ("Caseload", ["Caseload", "caseload"]),
        ("BRAG", ["BRAG"]),
        ("eOGRS", ["eOGRS"]),
        ("Wilson interval", ["Wilson interval", "wilson interval"]),
        ("Responsible officer (RO)", ["Responsible officer (RO)", "Responsible officer", "RO", "responsible officer"]),
    ],
)
def test_a_term_is_found_as_it_is_written_in_a_sentence(term, forms):
    assert finish._forms(term) == forms


def test_a_term_has_its_meaning_on_the_page(site):
    soup = BeautifulSoup((site / "01_sample.html").read_text(encoding="utf-8"), "html.parser")
    link = soup.select_one('a.term[href="glossary.html#term-caseload"]')
    glossary = data.load("glossary").set_index("term")["meaning"]
    meaning = soup.find(id=link["aria-describedby"])
    assert meaning.get_text() == glossary["Caseload"] and meaning.find_parent(hidden=True)
    described = [link["aria-describedby"] for link in soup.select("a.term")]
    assert len(described) == len(set(described)) == len(soup.select('[hidden] > [id^="meaning-"]'))


def test_controls_name_the_columns_they_choose_from():
    choice, other = ({"name": name, "bind": {"input": "select"}} for name in ("kind", "idle"))
    spec = {"params": [choice, other], "transform": [{"filter": "datum.kind_of_figure == kind"}]}
    assert figures.controls(spec) == {"kind": ["kind_of_figure"], "idle": []}


def test_the_module_builds_when_it_is_run(monkeypatch):
    monkeypatch.setattr(build, "main", lambda: 3)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("helpers.publish.site", run_name="__main__")
    assert ended.value.code == 3
