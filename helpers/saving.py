"""What JupyterLab and Notebook save of this collection: charts that draw themselves again, in the committed format.

A server extension, switched on by `jupyter_server_config.json` beside this file, which installing the project puts
into the environment. A saved widget shows an error once its kernel is gone; the chart stored beside it does not. So
widgets are left out where a chart stands beside them, and a notebook of the collection is then stored as
`make notebooks` stores it: where no output changed, git finds no difference.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from helpers.display import VEGALITE_MIME

WIDGETS = "application/vnd.jupyter.widget-view+json"
_seen: dict[Path, list[Any]] = {}  # of each file the notebook as it was first saved over, and last


def without_widgets(content: dict[str, Any]) -> None:
    """Takes out of a notebook, in place, every widget view beside which a chart or HTML is stored."""
    for cell in content.get("cells", []):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if VEGALITE_MIME in data or "text/html" in data:
                data.pop(WIDGETS, None)


def normalise_file(path: Path, earlier: list[Any]) -> None:
    """Rewrites a notebook of the collection in the committed format, with the pictures of the same charts in `earlier`.

    Left as it is: a notebook elsewhere, and one in which a code cell was not run. The modification time stays, or
    JupyterLab would ask whether to overwrite what somebody else wrote.
    """
    import nbformat

    from helpers.publish import notebooks

    if path not in notebooks.paths():
        return
    notebook = nbformat.read(path, as_version=4)
    if any(cell.execution_count is None for cell in notebooks.code_cells(notebook) if cell.source.strip()):
        return
    before = nbformat.NotebookNode(cells=[cell for each in earlier for cell in each.cells])
    times = path.stat()
    notebooks.write(path, notebooks.normalise(notebook, before))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _before_saving(model: dict[str, Any], path: str, contents_manager: Any, **_: Any) -> None:
    if model.get("type") != "notebook" or not model.get("content"):
        return
    try:
        import nbformat

        without_widgets(model["content"])
        file = Path(contents_manager.root_dir, path.strip("/")).resolve()
        if file.exists():
            _seen.setdefault(file, [])[1:] = [nbformat.read(file, as_version=4)]
    except Exception as problem:  # whatever goes wrong, what the reader saves is saved
        contents_manager.log.warning(f"{path}: saved as it is, widgets included: {problem!r}")


def _after_saving(os_path: str, model: dict[str, Any], contents_manager: Any, **_: Any) -> None:
    if model.get("type") != "notebook":
        return
    try:
        file = Path(os_path).resolve()
        normalise_file(file, _seen.get(file, []))
    except Exception as problem:
        contents_manager.log.warning(f"{os_path}: left as it was saved, not in the committed format: {problem!r}")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "helpers.saving"}]


def _load_jupyter_server_extension(app: Any) -> None:
    app.contents_manager.register_pre_save_hook(_before_saving)
    app.contents_manager.register_post_save_hook(_after_saving)
