"""A pytest plugin: what strict nbval says when a figure in a notebook has changed.

nbval asks pytest how two outputs differ; for charts (JSON) and tables (HTML) the answer names the chart or table, the
row and both values. Loaded by the `-p` option in pyproject.toml.
"""

from __future__ import annotations

from typing import Any

from helpers.publish import compare

REMEDY = "If the change is meant: make notebooks. It rewrites the outputs and says what changed."


def pytest_assertrepr_compare(config: Any, op: str, left: Any, right: Any) -> list[str] | None:
    """Lines that say what changed, for outputs of notebooks only; None leaves everything else to pytest."""
    if op != "==":
        return None
    if _is_chart(left) and _is_chart(right):
        lines = compare.chart_differences(left, right)
    elif _is_html(left) and _is_html(right):
        lines = compare.html_differences(left, right)
    else:
        return None
    return [*lines, REMEDY] if lines else None


def _is_chart(value: Any) -> bool:
    return isinstance(value, dict) and "vega-lite" in str(value.get("$schema", ""))


def _is_html(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith(('<div class="findings"', "<table>", "<details>"))
