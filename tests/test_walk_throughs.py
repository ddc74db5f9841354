"""Notebooks as walk-throughs: a short answer, tables and charts in sight, explorers that no choice breaks."""

import itertools
import re

import nbformat
import pytest

from helpers.display import VEGALITE_MIME
from helpers.explorer import PAGE_SENTENCES
from helpers.publish import notebooks
from tests import cells

PATHS = notebooks.paths()
GAPS = r"\bnan\b|\bNaT\b|<NA>|\bNone\b(?! (?:of|is|are|was|were) )|[{}]"


@pytest.fixture(params=PATHS, ids=lambda path: path.name)
def path(request):
    return request.param


def test_the_answer_is_short(path):
    notebook = nbformat.read(path, as_version=4)
    answer = next(data["text/plain"] for _, data in notebooks.bundles(notebook) if "findings" in data["text/html"])
    sentences = re.split(r"(?<=[.?!])\s+", answer.strip())
    assert len(sentences) <= 4
    assert len(answer.split()) <= 90
    assert max(len(sentence.split()) for sentence in sentences) <= 25, sentences


def test_tables_are_shown_charts_are_drawn_and_words_are_guarded(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell.source for cell in notebooks.code_cells(notebook)]
    assert any(".mark_" in source or "charts.published(" in source for source in code)
    assert sum('class="dataframe"' in data.get("text/html", "") for _, data in notebooks.bundles(notebook)) >= 2
    assert any("assert " in source for source in code)
    assert "## Make it yours" in "\n".join(cell.source for cell in notebook.cells)


def test_titles_say_one_thing(path):
    for _, data in notebooks.bundles(nbformat.read(path, as_version=4)):
        if VEGALITE_MIME in data:
            title = data[VEGALITE_MIME]["usermeta"].get("explorer", {}).get("title")
            title = title or " ".join(data[VEGALITE_MIME]["title"]["text"])
            assert len(title) <= 90, title


def test_every_control_works_without_python(path):
    for cell, data in notebooks.bundles(nbformat.read(path, as_version=4)):
        spec = data.get(VEGALITE_MIME, {"usermeta": {}})
        declared = spec["usermeta"].get("explorer", {}).get("controls", [])
        params = {param["name"]: param for param in spec.get("params", [])}
        options = [params[control["name"]]["bind"]["options"] for control in declared]
        keys = ["|".join(map(str, values)) for values in itertools.product(*options)] if declared else []
        said = params.get("finding", {}).get("value", {})
        assert said.keys() == set(keys if len(keys) <= PAGE_SENTENCES else ()), f"{cell.id}: a choice has no sentence"


def test_every_choice_of_every_explorer_says_what_it_shows(path):
    for cell, explorer in cells.explorers(path.name[:2]).items():
        for control, value in itertools.chain(*([(c, v) for v in c.values] for c in explorer.controls)):
            said = explorer.finding({**explorer.start, control.name: value})
            assert said and not re.search(GAPS, said), (cell, control.name, value, said)
