"""Says what differs between two outputs in a few lines: the chart or table, the row, the old and the new value.

Used by `make notebooks` (what changed in which notebook) and by the tests (why strict nbval failed).
"""

from __future__ import annotations

import difflib
import re
from html.parser import HTMLParser
from typing import Any

from helpers.display import VEGALITE_MIME, plain

MOST = 6  # lines said of one output; the rest is counted


def differences(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    """One line per difference between the outputs of one cell (lists of MIME bundles)."""
    lines = []
    if len(before) != len(after):
        lines.append(f"{len(before)} outputs became {len(after)}")
    for old, new in zip(before, after):
        if VEGALITE_MIME in old and VEGALITE_MIME in new:
            lines += chart_differences(old[VEGALITE_MIME], new[VEGALITE_MIME])
        elif "text/html" in old and "text/html" in new:
            lines += html_differences(_text(old["text/html"]), _text(new["text/html"]))
        elif _text(old.get("text/plain", "")) != _text(new.get("text/plain", "")):
            lines += text_differences(_text(old.get("text/plain", "")), _text(new.get("text/plain", "")))
    return lines


def chart_differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two Vega-Lite specifications: rows of data first, then everything else by its path."""
    if before == after:
        return []
    name = f"chart {chart_title(after)!r}"
    lines = []
    for old_rows, new_rows in _changed_data(before.get("datasets", {}), after.get("datasets", {})):
        lines += [f"{name}, {line}" for line in row_differences(old_rows, new_rows)]
    rest = [_without_data(spec) for spec in (before, after)]
    lines += [f"{name}, {line}" for line in value_differences(*rest)]
    return _cut(lines)


def _changed_data(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[list[Any], list[Any]]]:
    """The data sets that differ, in pairs: those with the same columns belong together; an added one stands alone."""
    old = [rows for rows in before.values() if rows not in after.values()]
    new = [rows for rows in after.values() if rows not in before.values()]
    pairs = []
    for rows in new:
        match = next((other for other in old if _columns(other) == _columns(rows)), None) or (old[0] if old else [])
        if match in old:
            old.remove(match)
        pairs.append((match, rows))
    return pairs + [(rows, []) for rows in old]


def _columns(rows: list[Any]) -> set[str]:
    return set(rows[0]) if rows and isinstance(rows[0], dict) else set()


def chart_title(spec: dict[str, Any]) -> str:
    """The title of a chart as one line; the explorer's question where the title moves with the controls."""
    title = spec.get("title", {})
    text = title.get("text", "") if isinstance(title, dict) else title
    if isinstance(text, dict):
        return spec.get("usermeta", {}).get("explorer", {}).get("title", "")
    return " ".join(text) if isinstance(text, list) else text


def row_differences(before: list[Any], after: list[Any]) -> list[str]:
    """Rows that changed, were added or went, each with its number and what names it."""
    if before == after:
        return []
    keys = [repr(row) for row in before], [repr(row) for row in after]
    lines = []
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        paired = min(i2 - i1, j2 - j1)
        for old, new, number in zip(before[i1:i2], after[j1:j2], range(j1 + 1, j2 + 1)):
            lines += [f"row {number} ({_row_name(new)}): {line}" for line in value_differences(old, new)]
        lines += [f"row {n + 1} went ({_row_name(before[n])})" for n in range(i1 + paired, i2)]
        lines += [f"row {n + 1} is new ({_row_name(after[n])})" for n in range(j1 + paired, j2)]
    return lines


def value_differences(before: Any, after: Any, path: str = "") -> list[str]:
    """Leaf values that differ, as 'path: old -> new'."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        lines = []
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            lines += value_differences(before.get(key), after.get(key), inner)
        return lines
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [line for n, pair in enumerate(zip(before, after)) for line in value_differences(*pair, f"{path}[{n}]")]
    return [f"{path or 'value'}: {_short(before)} -> {_short(after)}"]


def html_differences(before: str, after: str) -> list[str]:
    """What differs between two pieces of HTML: table cells by row and column, entries of a list, other text by line."""
    if before == after:
        return []
    old, new = _Cells.read(before), _Cells.read(after)
    if not new.rows:
        return text_differences("\n".join(old.texts), "\n".join(new.texts))
    name = f"table {new.caption!r}" if new.caption else "list"
    heading = new.rows[0]
    pairs = [[dict(zip(heading, row)) for row in cells.rows[1:]] for cells in (old, new)]
    lines = [f"{name}, {line}" for line in row_differences(*pairs)]
    if old.rows[:1] != new.rows[:1]:
        lines.insert(0, f"{name}: headings {old.rows[:1]} -> {new.rows[:1]}")
    if old.caption != new.caption:
        lines.insert(0, f"table caption: {old.caption!r} -> {new.caption!r}")
    return _cut(lines or [f"{name}: its markup changed, its text did not"])


def text_differences(before: str, after: str) -> list[str]:
    """Lines of text that differ, narrowed to the words that changed."""
    lines = []
    for old, new in zip(before.split("\n"), after.split("\n")):
        if old != new:
            a, b = old.split(" "), new.split(" ")
            codes = difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
            words = [
                (a[max(i1 - 2, 0) : i2 + 2], b[max(j1 - 2, 0) : j2 + 2]) for k, i1, i2, j1, j2 in codes if k != "equal"
            ]
            lines += [f"text: {_short(' '.join(x))} -> {_short(' '.join(y))}" for x, y in words]
    if before.count("\n") != after.count("\n"):
        lines.append(f"text: {before.count(chr(10)) + 1} lines became {after.count(chr(10)) + 1}")
    return _cut(lines)


class _Cells(HTMLParser):
    """Caption, rows of cells (an entry of a list is a row of one cell) and loose texts of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.caption, self.rows, self.texts = "", [], []
        self._inside: str | None = None

    @classmethod
    def read(cls, markup: str) -> _Cells:
        parser = cls()
        parser.feed(markup)
        return parser

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag == "li":
            self.rows += [[""]] if self.rows else [["text"], [""]]
            self._inside = "cell"
        elif tag in ("th", "td"):
            self.rows[-1].append("")
            self._inside = "cell"
        elif tag == "caption":
            self._inside = "caption"
        elif tag == "a" and self._inside == "cell":
            self.rows[-1][-1] += f"<{dict(attrs).get('href')}> "

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td", "caption", "li"):
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "cell":
            self.rows[-1][-1] += data
        elif self._inside == "caption":
            self.caption += data
        elif data.strip():
            self.texts.append(data)


def _without_data(spec: dict[str, Any]) -> dict[str, Any]:
    """A specification without its rows, and without their names: those are made from the rows."""
    rest = {key: value for key, value in spec.items() if key != "datasets"}

    def anonymous(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: anonymous(v) for k, v in value.items()}
        if isinstance(value, list):
            return [anonymous(v) for v in value]
        return "data" if isinstance(value, str) and re.fullmatch(r"data-[0-9a-f]{32}", value) else value

    return anonymous(rest)


def _row_name(row: Any) -> str:
    if not isinstance(row, dict):
        return _short(row)
    words = [str(value) for value in row.values() if isinstance(value, str) and value]
    return _short(", ".join(words[:3]) or ", ".join(f"{k} {v}" for k, v in list(row.items())[:3]))


def _short(value: Any, most: int = 90) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _cut(lines: list[str]) -> list[str]:
    # What a terminal would act on is shown as an escape, and each difference stays on its line.
    lines = [_short(plain(line).replace("\n", " "), 500) for line in lines]
    return lines if len(lines) <= MOST else [*lines[:MOST], f"... and {len(lines) - MOST} more differences"]
