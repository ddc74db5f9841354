"""The committed notebooks: normalised, described, small, independent of order and folder; publishing them is safe."""

import copy
import re
import subprocess
import sys

import nbformat
import pytest

from helpers.display import VEGALITE_MIME
from helpers.publish import notebooks

PATHS = notebooks.paths()


def read(path):
    return nbformat.read(path, as_version=4)


def test_the_collection_is_there():
    assert [path.name[:2] for path in PATHS] == sorted({path.name[:2] for path in PATHS})
    assert {"00", "01", "02", "04"} <= {path.name[:2] for path in PATHS}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_committed_notebook_keeps_every_rule(path):
    assert notebooks.problems(path) == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_notebook_has_question_answer_explorer_limits_and_sources(path):
    notebook = read(path)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert notebook.cells[0].source.startswith(f"# {path.name[:2]} ")
    assert "?" in notebook.cells[0].source
    for heading in ("## How to read it", "## What could be wrong", "## Sources"):
        assert heading in prose
    html = [data["text/html"] for _, data in notebooks.bundles(notebook) if "text/html" in data]
    assert "".join(html[0]).startswith('<div class="findings">'), "the first output answers the question in sentences"
    specs = [data[VEGALITE_MIME] for _, data in notebooks.bundles(notebook) if VEGALITE_MIME in data]
    assert any("explorer" in spec["usermeta"] for spec in specs)
    assert any("<caption>" in "".join(markup) and "<a href=" in "".join(markup) for markup in html)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_no_sentence_shows_a_gap_in_the_code(path):
    for _, data in notebooks.bundles(read(path)):
        text = data.get("text/plain", "")
        # 'None of the three' is a sentence; 'None' by itself is a value that nobody put into words.
        leaks = re.findall(r"\bnan\b|\bNaT\b|<NA>|\bNone\b(?! (?:of|is|are|was|were) )|[{}]", text)
        assert leaks == [], (path.name, text[:200])


def test_every_picture_and_figure_survives_normalising_again():
    path = PATHS[0]
    notebook = read(path)
    assert notebooks.normalise(notebook, notebook) == notebook


def sample():
    notebook = nbformat.v4.new_notebook(metadata=notebooks.METADATA)
    code = "import altair as alt\nfrom helpers import display\ndisplay.findings('One.')"
    notebook.cells = [nbformat.v4.new_markdown_cell("# 99 Sample"), nbformat.v4.new_code_cell(code)]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def test_a_picture_stays_while_the_chart_is_the_same_in_whatever_order_it_is_written():
    spec = {"description": "d", "mark": "bar", "data": {"values": []}}
    before, after = sample(), sample()
    for notebook, chart, drawn in ((before, spec, {"image/png": "kept"}), (after, dict(reversed(spec.items())), {})):
        notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", {VEGALITE_MIME: chart, **drawn})]
    assert notebooks.normalise(after, before).cells[1].outputs[0].data["image/png"] == "kept"


def test_a_failing_notebook_is_named_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    good, bad = tmp_path / "01_good.ipynb", tmp_path / "02_bad.ipynb"
    nbformat.write(sample(), good)
    broken = sample()
    broken.cells[1].source = "1 / 0"
    nbformat.write(broken, bad)
    before = good.read_bytes()
    monkeypatch.setattr(notebooks, "paths", lambda: [good, bad])
    assert notebooks.main([]) == 1
    said = capsys.readouterr().err
    assert "02_bad.ipynb" in said
    assert "ZeroDivisionError" in said
    assert "Nothing was written." in said
    assert good.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_publishing_twice_leaves_no_difference_and_says_what_changed(tmp_path, monkeypatch, capsys):
    path = tmp_path / "01_good.ipynb"
    nbformat.write(sample(), path)
    monkeypatch.setattr(notebooks, "paths", lambda: [path])
    assert notebooks.main([]) == 0
    first = path.read_bytes()
    assert notebooks.main([]) == 0
    assert path.read_bytes() == first
    assert "01_good.ipynb: unchanged" in capsys.readouterr().out
    changed = read(path)
    changed.cells[1].source = changed.cells[1].source.replace("One.", "Two.")
    nbformat.write(changed, path)
    assert notebooks.main([]) == 0
    assert "cell cell-1: text: One. -> Two." in capsys.readouterr().out


def test_stored_text_is_the_same_notebook_with_a_line_for_each_row(tmp_path):
    notebook = sample()
    rows = [{"provider": f"P{n}", "value": n, "note": 'with "quotes", \\ and é'} for n in range(50)]
    notebook.cells[1].outputs = [output(**{VEGALITE_MIME: {"datasets": {"d": rows}}, "text/plain": "a\nb"})]
    text = notebooks.stored(notebook)
    assert nbformat.reads(text, as_version=4) == nbformat.reads(nbformat.writes(notebook), as_version=4)
    assert sum('"provider": "P' in line for line in text.splitlines()) == 50


def output(**data):
    return nbformat.v4.new_output("display_data", data=data)


def bars(*channels):
    encoding = {channel: {"field": "a", "type": "nominal"} for channel in channels}
    choice = {"name": "who", "value": 1, "bind": {"input": "select", "options": [1]}, "on": [{"events": "x"}]}
    return {"mark": "bar", "data": {"name": "rows"}, "encoding": encoding, "params": [choice]}


def test_a_date_as_text_is_found_where_a_scale_ends_or_an_axis_is_labelled_and_nowhere_else():
    scale = {"encoding": {"x": {"scale": {"domain": ["2014-06-01", {"year": 2021}]}, "axis": {"values": ["2015-01"]}}}}
    assert notebooks.bare_dates({"layer": [scale]}) == {"2014-06-01", "2015-01"}
    assert notebooks.bare_dates({"title": "2014-06-01", "datasets": {"d": [{"scale": "2014-06-01"}]}}) == set()


def test_a_chart_that_vega_lite_knows_is_not_refused():
    assert notebooks.refusal(bars("x", "y")) == ""


def test_what_vega_lite_remarks_on_is_read_once_and_a_sound_chart_is_silent(capfd):
    assert notebooks.warnings(bars("x", "y")) == []
    assert len(notebooks.warnings({"layer": [bars("x", "shape"), bars("x", "shape")]})) == 1
    print("still written", file=sys.stderr)
    assert capfd.readouterr().err == "still written\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda nb: nb.cells[1].update(execution_count=7), "not executed in order"),
        (lambda nb: nb.cells[1].update(source="one = 1\n" * 41), "41 lines; at most 40"),
        (lambda nb: nb.metadata.update(widgets={}), "metadata are not normalised"),
        (lambda nb: nb.cells[1].outputs.append(output(**{notebooks.WIDGET_MIMES[0]: {}})), "holds a widget view"),
        (lambda nb: nb.cells[1].outputs.append(output(**{"image/png": "QQ=="})), "a picture without a chart"),
        (lambda nb: nb.cells[1].outputs.append(output(**{VEGALITE_MIME: {}})), "the chart has no description"),
        (lambda nb: nb.cells[1].outputs.append(output(**{VEGALITE_MIME: {}})), "the chart names no source"),
        (
            lambda nb: nb.cells[1].outputs.append(output(**{VEGALITE_MIME: bars("y", "colour")})),
            "'colour' was unexpected",
        ),
        (
            lambda nb: nb.cells[1].outputs.append(output(**{VEGALITE_MIME: bars("y", "shape")})),
            'Vega-Lite warns of the chart (WARN shape dropped as it is incompatible with "bar"',
        ),
        (lambda nb: nb.cells[1].outputs.append(nbformat.v4.new_output("stream", text="x")), "has a stream output"),
        (lambda nb: nb.cells[0].update(source="x" * notebooks.LARGEST), "at most 1,000,000"),
    ],
)
def test_a_notebook_that_breaks_a_rule_is_named(tmp_path, change, words):
    notebook = copy.deepcopy(sample())
    notebook.cells[1].execution_count = 1
    change(notebook)
    path = tmp_path / "99_sample.ipynb"
    path.write_text(notebooks.stored(notebook))
    found = notebooks.problems(path)
    assert any(words in line and line.startswith("99_sample.ipynb") for line in found)


def test_strict_nbval_names_chart_row_and_both_values(tmp_path):
    notebook = sample()
    code = (
        "import pandas as pd\nfrom helpers import charts\n"
        "rows = pd.DataFrame({'provider': ['A', 'B'], 'value': [1, 2], 'source_id': ['s', 's']})\n"
        "sources = pd.DataFrame({'source_id': ['s'], 'publisher': ['P']})\n"
        "charts.publish(charts.alt.Chart(rows).mark_bar().encode(x='value:Q', y='provider:N'), title='Cases', "
        "description='Bars', source_ids=rows['source_id'], sources=sources)"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(code, id="chart"))
    path = tmp_path / "99_sample.ipynb"
    nbformat.write(notebook, path)
    done = notebooks.normalise(notebooks.execute(path))
    spec = done.cells[2].outputs[0].data[VEGALITE_MIME]
    next(iter(spec["datasets"].values()))[1]["value"] = 20
    nbformat.write(done, path)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "-p", "tests.nbval_report", str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 1, run.stdout
    assert "chart 'Cases', row 2 (B, s): value: 20 -> 2" in run.stdout
    assert "make notebooks" in run.stdout
    assert len(run.stdout.splitlines()) < 60


@pytest.mark.skipif(not PATHS, reason="no notebooks yet")
def test_runs_from_any_folder_and_in_any_order(tmp_path):
    """The last notebook alone, copied elsewhere: no other notebook has run, and the folder is another."""
    path = tmp_path / PATHS[-1].name
    path.write_bytes(PATHS[-1].read_bytes())
    fresh = notebooks.normalise(notebooks.execute(path), read(PATHS[-1]))
    assert fresh.cells == read(PATHS[-1]).cells
