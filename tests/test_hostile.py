"""Hostile text in the data stays text: in tables, sentences, charts, explorers, and in the terminal.

The free text of every table is made hostile in a copy of data/, and every notebook is run on that copy.
"""

import ast
import csv
import json
import re
import unicodedata
from urllib.parse import urlsplit

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from IPython.core.formatters import DisplayFormatter

from helpers import charts, data, display
from helpers.explorer import Explorer, choice, filter_by
from helpers.publish import compare, notebooks

MARKER = "hostile"
HOSTILE = (
    f" {MARKER} <script>alert(1)</script><img src=x onerror=alert(2)></td></table>--> =1+1 @SUM(A1) "
    "'\"]+alert(3)//{{7*7}} ${7*7} %s {0} \\n $x$ `rm` שלום عليكم"
)
CONTROL = [
    "\x1b[31mred",
    "back\x08space",
    "nul\x00byte",
    "bell\x07",
    "over\u202eride",
    "isolate\u2067d",
    "zero\u200bwidth",
]
LONGEST = "x" * 5000
TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "div", "p", "a", "details", "summary", "strong"}
TAGS |= {"ul", "li"}
ATTRIBUTES = {"style", "scope", "class", "href", "role", "aria-live"}
# Columns that people write and nothing looks up, in the tables where datapackage.json sets no rule for their words.
FREE = {
    *("name", "short_name", "area_served", "former_trusts", "lead_and_partners", "title", "publisher", "note", "fact"),
    *("described_as", "contact_rule", "meaning", "item", "finding", "detail", "office_title", "holder", "owner_name"),
    *("areas_covered", "what", "period", "claim", "reason", "subject", "police_force_areas"),
    *("area", "measure", "unit", "value_text", "band", "scoring_rule", "cohort", "term"),
    *("standard", "population"),
}
STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")  # of an expression
CODE = {"calculate", "expr", "filter", "labelExpr", "signal", "test", "update"}


def without_rule(resource):
    """Columns of text whose words datapackage.json leaves free: no list, no pattern, no key of another table."""
    schema = resource["schema"]
    keys = [key["fields"] for key in schema.get("foreignKeys", [])]
    referring = {name for key in keys for name in ([key] if isinstance(key, str) else key)}
    return [
        field["name"]
        for field in schema["fields"]
        if field.get("type", "string") == "string"
        and field["name"] not in referring
        and not {"categories", "listOf", "enum", "pattern"} & {*field, *field.get("constraints", {})}
    ]


def free_text(resource):
    """Columns that people write and nothing looks up."""
    return [name for name in without_rule(resource) if name in FREE]


@pytest.fixture(scope="module")
def hostile_folder(tmp_path_factory):
    """A copy of data/ with the hostile text behind every free text, and one very long text in each table."""
    folder = tmp_path_factory.mktemp("hostile") / "data"
    package = json.loads((data.DATA / data.PACKAGE).read_text("utf-8"))
    for resource in package["resources"]:
        with (data.DATA / resource["path"]).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for column in free_text(resource):
            filled = [row for row in rows if row[column]]
            for row in filled:
                row[column] += HOSTILE
            for row in filled[:1]:
                row[column] += LONGEST
        path = folder / resource["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    (folder / data.PACKAGE).write_text(json.dumps(package), "utf-8")
    return folder


@pytest.fixture
def hostile_data(hostile_folder, monkeypatch):
    """`data.load` and its like read the hostile copy, in the notebooks and in the helpers."""
    for name in ("load", "tables", "describe"):
        real = getattr(data, name)
        monkeypatch.setattr(data, name, lambda *names, real=real: real(*names, folder=hostile_folder))


def run(path):
    """What each code cell of a notebook shows, with its id: its object, and its bundle by MIME type.

    Assertions are left out: they guard the words of sentences, and other words are what is tried here.
    """
    names = {}
    for cell in notebooks.code_cells(nbformat.read(path, as_version=4)):
        *steps, last = [step for step in ast.parse(cell.source).body if not isinstance(step, ast.Assert)]
        exec(compile(ast.Module(steps, []), path.name, "exec"), names)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), path.name, "eval"), names)
            yield cell.id, shown, display.with_frames(DisplayFormatter()).format(shown)[0]
        else:
            exec(compile(ast.Module([last], []), path.name, "exec"), names)


def is_quiet(text):
    """Nothing that a terminal or a browser would act on or that reorders its neighbours."""
    return not any(char != "\n" and unicodedata.category(char) in ("Cc", "Cf") for char in text)


def markup_problems(markup):
    found = BeautifulSoup(markup, "html.parser").find_all(True)
    problems = [f"tag {tag.name}" for tag in found if tag.name not in TAGS]
    problems += [f"attribute {name} of {tag.name}" for tag in found for name in tag.attrs if name not in ATTRIBUTES]
    links = [tag["href"] for tag in found if tag.name == "a"]
    return problems + [f"link {link}" for link in links if urlsplit(link).scheme not in ("http", "https")]


def code_in(spec, key=""):
    """Every piece of a specification that Vega evaluates, without the strings in it."""
    if isinstance(spec, dict):
        for name, value in spec.items():
            if name not in ("datasets", "usermeta", "value"):
                yield from code_in(value, name)
    elif isinstance(spec, list):
        for value in spec:
            yield from code_in(value, key)
    elif isinstance(spec, str) and key in CODE:
        yield STRING.sub("", spec)


def test_every_text_has_a_rule_or_is_made_hostile():
    package = json.loads((data.DATA / data.PACKAGE).read_text("utf-8"))
    without = {f"{r['name']}.{column}" for r in package["resources"] for column in set(without_rule(r)) - FREE}
    assert without == set(), (
        "any words pass the loader here and none are tried: give the column an enum, a pattern, a foreign key or "
        "listOf in datapackage.json if code looks its words up, else add its name to FREE in this file"
    )


def test_the_hostile_copy_is_accepted_and_read_as_it_is(hostile_folder):
    tables = data.check(hostile_folder)
    assert len(tables) == len(data.tables())
    assert all(tables["sources"]["title"].str.contains(HOSTILE, regex=False))
    assert (
        sum(table.astype(str).apply(lambda c: c.str.contains(MARKER)).any(axis=None) for table in tables.values()) > 30
    )


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.name)
def test_a_notebook_on_hostile_data_shows_text(path, hostile_data):
    committed = {
        cell.id: [output.get("data", {}) for output in cell.outputs]
        for cell in notebooks.code_cells(nbformat.read(path, as_version=4))
    }
    seen = 0
    for cell, shown, bundle in run(path):
        assert is_quiet(bundle["text/plain"]), cell
        if "text/html" in bundle:
            assert markup_problems(bundle["text/html"]) == [], cell
            seen += BeautifulSoup(bundle["text/html"], "html.parser").get_text().count("<script>alert(1)</script>")
        if display.VEGALITE_MIME in bundle:
            spec = bundle[display.VEGALITE_MIME]
            assert [code for code in code_in(spec) if MARKER in code or "alert" in code] == [], cell
            seen += json.dumps(spec).count("<script>")
        if isinstance(shown, Explorer):
            assert markup_problems(shown.live.message.value) == [], cell
        said = compare.differences(committed[cell], [bundle])
        assert all(is_quiet(line) and "\n" not in line and len(line) < 600 for line in said), cell
    assert seen > 0, "the notebook shows none of the hostile text, so nothing was tested"


def test_a_chart_of_hostile_text_is_drawn_as_text():
    import vl_convert

    rows = pd.DataFrame({"name": [HOSTILE, LONGEST, "=1+1"], "value": [1, 2, 3], "source_id": "s"})
    sources = pd.DataFrame({"source_id": ["s"], "publisher": [HOSTILE]})
    chart = charts.alt.Chart(rows).mark_bar().encode(x="value:Q", y="name:N", tooltip=["name"])
    drawn = charts.publish(chart, title=HOSTILE, description=HOSTILE, source_ids=["s"], sources=sources).to_dict()
    picture = BeautifulSoup(vl_convert.vegalite_to_svg(drawn), "html.parser")
    assert {tag.name for tag in picture.find_all(True)} <= {
        "svg",
        "g",
        "rect",
        "path",
        "text",
        "tspan",
        "line",
        "defs",
        "style",
        "clippath",
    }
    assert not any(name.startswith("on") or name == "href" for tag in picture.find_all(True) for name in tag.attrs)
    assert "<script>alert(1)</script>" in picture.get_text()


@pytest.mark.parametrize("text", [HOSTILE, LONGEST, *CONTROL])
def test_an_explorer_takes_hostile_text_as_a_choice(text):
    """Also what the loader would refuse: text that the code itself makes."""
    rows = pd.DataFrame({"name": [text, "plain"], "value": [1, 2], "source_id": ["s", "s"]})
    explorer = Explorer(
        [choice("way", "Way", [text, "other"]), filter_by("who", "Who", "name", [text, "plain"], "All")],
        rows=lambda way: rows,
        draw=lambda base: base.mark_bar().encode(x="value:Q", y="name:N"),
        say=lambda found, **_: f"{len(found)}: {found['name'].iloc[0]}",
        title="What?",
        description="Bars.",
        sources=pd.DataFrame({"source_id": ["s"], "publisher": ["P"]}),
    )
    spec = explorer.spec()
    assert [code for code in code_in(spec) if text in code] == []
    assert spec["params"][1]["bind"]["options"][1] == text
    for choices in ({"way": text, "who": text}, {"way": "other", "who": ""}):
        for name, value in choices.items():
            explorer.live.widgets[name].value = value
        said = explorer.live.message.value
        assert markup_problems(said) == []
        assert is_quiet(said)
        assert display.plain(text) in BeautifulSoup(said, "html.parser").get_text()
    assert is_quiet(explorer._repr_mimebundle_()["text/plain"])


@pytest.mark.parametrize("text", CONTROL)
def test_control_and_invisible_characters_are_refused_and_named_in_plain_text(text, hostile_folder, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    package = json.loads((hostile_folder / data.PACKAGE).read_text("utf-8"))
    package["resources"] = [r for r in package["resources"] if r["name"] in ("sources", "glossary")]
    (folder / data.PACKAGE).write_text(json.dumps(package), "utf-8")
    for name in ("sources.csv", "glossary.csv"):
        (folder / name).write_bytes((data.DATA / name).read_bytes())
    lines = (folder / "glossary.csv").read_text("utf-8").splitlines()
    lines[2] = f"Term,{text},{lines[2].rsplit(',', 1)[1]}"
    (folder / "glossary.csv").write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(data.DataError) as refused:
        data.load("glossary", folder)
    problem = refused.value.problems[0]
    assert (problem.file, problem.row, problem.column) == ("data/glossary.csv", 3, "meaning")
    assert is_quiet(str(refused.value))


@pytest.mark.parametrize("text", [HOSTILE, LONGEST, *CONTROL])
def test_what_make_notebooks_and_nbval_say_stays_on_its_line(text):
    old = {display.VEGALITE_MIME: {"title": "Chart", "datasets": {"d": [{"name": "a", "value": 1}]}}}
    new = {display.VEGALITE_MIME: {"title": text, "datasets": {"d": [{"name": f"{text}\nnext", "value": 2}]}}}
    said = compare.differences([old], [new])
    said += compare.differences([{"text/plain": "a"}], [{"text/plain": text}])
    tables = (display.table(pd.DataFrame({"a": [cell]}), cell).markup for cell in ("b", f"{text}\nnext"))
    said += compare.differences(*([{"text/html": markup}] for markup in tables))
    assert len(said) >= 4
    for line in said:
        assert is_quiet(line) and "\n" not in line and len(line) < 600, line
