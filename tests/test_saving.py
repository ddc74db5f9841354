"""What a Jupyter server saves: no widget where a chart stands beside it, and the committed format."""

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from helpers import saving
from helpers.publish import notebooks

SAMPLE = "08_working_links.ipynb"


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A notebook of the collection in a folder of its own, and a save of it as JupyterLab makes one."""
    path = tmp_path.resolve() / SAMPLE
    shutil.copy(notebooks.FOLDER / SAMPLE, path)
    monkeypatch.setattr(notebooks, "paths", lambda: [path])
    monkeypatch.setattr(saving, "_seen", {})
    said = []
    manager = SimpleNamespace(root_dir=str(tmp_path), log=SimpleNamespace(warning=said.append))

    def save(notebook):
        model = {"type": "notebook", "content": notebook}
        saving._before_saving(model=model, path=SAMPLE, contents_manager=manager)
        nbformat.write(notebook, path)
        os.utime(path, ns=(10**18, 10**18))
        saving._after_saving(os_path=str(path), model={"type": "notebook"}, contents_manager=manager)
        return path

    save.said, save.path = said, path
    return save


def run_again(notebook):
    """What a run in JupyterLab makes of the outputs: a widget beside each chart, no pictures, other counts."""
    for cell in notebooks.code_cells(notebook):
        cell.execution_count += 20
        cell.metadata["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00Z"}
    for _, data in notebooks.bundles(notebook):
        if saving.VEGALITE_MIME in data:
            data.pop("image/png")
            data[saving.WIDGETS] = {"model_id": "gone", "version_major": 2, "version_minor": 0}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.13.0"}
    return notebook


def test_a_notebook_run_and_saved_again_is_byte_for_byte_the_committed_one(saved):
    committed = saved.path.read_bytes()
    for _ in range(2):
        path = saved(run_again(nbformat.read(saved.path, as_version=4)))
        assert saved.said == []
        assert path.read_bytes() == committed
        assert path.stat().st_mtime_ns == 10**18
    assert saved.said == []


def test_a_notebook_with_a_cell_that_was_not_run_keeps_its_counts_and_loses_only_widgets(saved):
    notebook = run_again(nbformat.read(saved.path, as_version=4))
    notebooks.code_cells(notebook)[1].execution_count = None
    after = nbformat.read(saved(notebook), as_version=4)
    assert [c.execution_count for c in notebooks.code_cells(after)][:3] == [21, None, 23]
    assert not any(saving.WIDGETS in data for _, data in notebooks.bundles(after))


def test_a_widget_without_a_chart_beside_it_is_kept():
    content = {"cells": [{"outputs": [{"data": {saving.WIDGETS: {}}}, {"output_type": "error"}]}, {"source": "text"}]}
    before = json.dumps(content)
    saving.without_widgets(content)
    assert json.dumps(content) == before


def test_what_cannot_be_normalised_stays_as_saved_and_the_log_says_why(saved, monkeypatch):
    def fails(*_):
        raise ValueError("no fonts")

    monkeypatch.setattr(notebooks, "normalise", fails)
    notebook = run_again(nbformat.read(saved.path, as_version=4))
    path = saved(notebook)
    assert nbformat.read(path, as_version=4) == notebook
    assert len(saved.said) == 1 and "no fonts" in saved.said[0]


def test_installing_the_project_switches_the_extension_on():
    config = Path(sys.prefix, "etc/jupyter/jupyter_server_config.d/transforming-rehabilitation.json")
    assert json.loads(config.read_text())["ServerApp"]["jpserver_extensions"] == {"helpers.saving": True}
    assert saving._jupyter_server_extension_points() == [{"module": "helpers.saving"}]
