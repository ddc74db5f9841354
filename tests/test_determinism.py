"""Executing a notebook again gives what is stored, wherever, whenever and under whatever settings that happens.

A sample in the normal suite; DETERMINISM=all (`make determinism`) takes every notebook.
"""

import os
import shutil

import nbformat
import pytest

from helpers.publish import notebooks

SAMPLE = ("08", "09")  # the quickest to execute
ALL = notebooks.paths()
PATHS = ALL if os.environ.get("DETERMINISM") == "all" else [path for path in ALL if path.name[:2] in SAMPLE]
OTHERWISE = {
    "TZ": "Pacific/Kiritimati",  # 14 hours ahead: a date that passes through local time is another day
    "LC_ALL": "C",
    "LANG": "C",
    "PYTHONCOERCECLOCALE": "0",  # with the C locale a file opened without naming its encoding is read as ASCII
    "PYTHONUTF8": "0",
    "PYTHONHASHSEED": "20140601",  # the order of sets
}


def outputs(notebook):
    """Everything that is stored of a run but for the pictures, whose bytes follow the fonts of the machine."""
    return {
        cell.id: [
            {mime: data for mime, data in output.get("data", {}).items() if mime != "image/png"}
            or {key: value for key, value in output.items() if key != "execution_count"}
            for output in cell.outputs
        ]
        for cell in notebooks.code_cells(notebook)
    }


def without_widgets(notebook):
    for _, data in notebooks.bundles(notebook):
        for mime in notebooks.WIDGET_MIMES:
            data.pop(mime, None)
    return notebook


def elsewhere(path, folder):
    copy = folder / "another folder" / path.name
    copy.parent.mkdir()
    shutil.copy(path, copy)
    return copy


@pytest.mark.parametrize("path", PATHS[::-1], ids=lambda path: path.name)  # the last first: none needs another's run
def test_the_same_outputs_elsewhere_and_otherwise(path, tmp_path, monkeypatch):
    for name, value in OTHERWISE.items():
        monkeypatch.setenv(name, value)
    committed = nbformat.read(path, as_version=4)
    again = without_widgets(notebooks.execute(elsewhere(path, tmp_path)))
    assert notebooks.changes(committed, again) == []
    assert outputs(again) == outputs(committed)


def test_the_settings_reach_the_notebook_and_a_difference_is_seen(tmp_path, monkeypatch):
    path = tmp_path / "99_unsteady.ipynb"
    code = (
        "import locale, time\nfrom helpers import display\n"
        "display.findings(f'{time.tzname[0]} {locale.getpreferredencoding()} {hash(\"probation\")}')"
    )
    cells = [nbformat.v4.new_markdown_cell("# 99"), nbformat.v4.new_code_cell(code, id="settings")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    first = notebooks.execute(path)
    for name, value in OTHERWISE.items():
        monkeypatch.setenv(name, value)
    second = notebooks.execute(path)
    said = outputs(second)["settings"][0]["text/plain"]
    assert said.startswith("+14 ANSI_X3.4-1968 ")
    assert outputs(first) != outputs(second)
    assert notebooks.changes(first, second)[0].startswith("cell settings: text: ")
