"""Which chart of the collection draws a row of `find.figures`: named only where a row of the chart says the same.

The rows of a chart carry no identifiers. A chart counts as drawing a row of a table where one of its own rows says all
that SAYS names for the table, and says it of no other row of any table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from helpers.publish import notebooks
from helpers.publish.site.figures import Figure, controls, datasets, figures

# Table -> the columns that a row of a chart has to say. "who" stands for the names of the body; ~ before a text that
# may stand within a longer one; | between columns of which one is enough.
SAYS: dict[str, tuple[str, ...]] = {
    "events": ("date", "~title"),
    "office_holders": ("date|in_post_on", "holder"),
    "ownership": ("date", "owner_name", "who"),
    "claims": ("claim", "~reason"),
    "ratings": ("who", "round", "~standard", "band"),
    "staff": ("value", "source_id", "date|date_end", "who|grade"),
    "caseload": ("value", "source_id", "qualifier", "who"),
    "workload": ("value_low", "source_id", "qualifier", "who", "~role"),
    "case_quality": ("value", "source_id", "qualifier", "who", "~measure"),
    "money": ("amount", "source_id", "qualifier", "~what"),
    "contract_performance": ("source_id", "qualifier", "~measure", "~value"),
    "reoffending_national": ("cohort", "population", "binary_rate", "offenders"),
    "reoffending_success_counts": ("source_id", "crcs", "rate", "test", "~cohort"),
    "reoffending_by_crc": ("binary_rate", "who", "~cohort"),
    "reoffending_facts": ("value", "source_id", "qualifier", "~fact"),
    "delivery_unit_inspections": ("date", "band", "unit"),
    "after_figures": ("value", "date", "measure"),
}
SPACES = re.compile(r"\s+")


def charts(folder: Path = notebooks.FOLDER) -> list[Figure]:
    """Every chart stored in the notebooks of a folder; none where there are none."""
    import nbformat

    return [
        figure for path in notebooks.paths(folder) for _, figure in figures(path, nbformat.read(path, as_version=4))
    ]


def name(figure: Figure) -> str:
    """Notebook and title of a chart."""
    return f"{Path(figure.notebook).stem.replace('_', ' ')}: {figure.title}"


def places(tables: Mapping[str, pd.DataFrame], drawn: Iterable[Figure]) -> pd.DataFrame:
    """Which chart draws which row: table, at (the row's place in it, 0 ...), figure (its place in `drawn`), choices
    (what to choose so that the row is on show, as the address of a page has it; empty where nothing).

    Where several charts draw a row, it is the one that draws most rows of the table.
    """
    asked = {name: _Asked(tables[name], says, tables) for name, says in SAYS.items() if len(tables[name])}
    found = []
    for number, figure in enumerate(drawn):
        for cells, text, choices in _rows(figure):
            fits = [(name, at) for name, ask in asked.items() for at in ask.fits(cells, text)]
            if len(fits) == 1:
                found.append((*fits[0], number, choices))
    rows = pd.DataFrame(found, columns=["table", "at", "figure", "choices"])
    rows = rows.drop_duplicates(["table", "at", "figure"])
    most = rows.groupby(["table", "figure"])["at"].transform("size")
    rows = rows.assign(most=-most).sort_values(["most", "figure"], kind="stable").drop(columns="most")
    return rows.drop_duplicates(["table", "at"]).sort_values(["table", "at"], ignore_index=True)


def of_rows(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame], drawn: Iterable[Figure]) -> pd.DataFrame:
    """For each row of `find.figures`: figure (its place in `drawn`; -1 where no chart draws it) and choices.

    rows   all rows of each table, in its order
    """
    keys = rows[["table"]].assign(at=rows.groupby("table", sort=False).cumcount())
    found = keys.merge(places(tables, drawn), how="left", on=["table", "at"])
    return found[["figure", "choices"]].fillna({"figure": -1, "choices": ""}).astype({"figure": int})


def _rows(figure: Figure) -> Iterator[tuple[set[str], str, str]]:
    """What each row of a chart says, cell by cell and as one text, and the choices under which it is on show."""
    columns = controls(figure.spec)
    bound = {param["name"]: param for param in figure.spec.get("params", []) if param["name"] in columns}
    for rows in datasets(figure.spec).values():
        if len(rows[0]) < 3:
            continue  # a line or a mark of the frame
        for row in rows:
            chosen = _choices(row, columns, bound)
            if chosen is not None:
                values = [value if isinstance(value, list) else [value] for value in row.values()]
                said = [_said(cell) for value in values for cell in value]
                lines = [line for cell in said for line in cell.split("\n")]
                yield {*said, *lines}, SPACES.sub(" ", " | ".join(said)).casefold(), urlencode(chosen)


def _choices(
    row: Mapping[str, Any], columns: Mapping[str, list[str]], bound: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What has to be chosen so that a row is on show; None where no choice shows it."""
    chosen = {}
    for name, fields in columns.items():
        options = bound[name]["bind"].get("options", [""])
        start = bound[name].get("value", options[0])
        for cell in (row[field] for field in fields if field in row):
            if start in ("", None, cell) or (isinstance(cell, list) and start in cell):
                continue
            if isinstance(cell, list) or cell not in options:
                return None
            chosen[name] = _said(cell)
    return chosen


class _Asked:
    """What a row of a chart has to say to be a row of a table."""

    def __init__(self, table: pd.DataFrame, says: tuple[str, ...], tables: Mapping[str, pd.DataFrame]) -> None:
        forms = {part: _forms(table, part.removeprefix("~"), tables) for part in says}
        self.exact = [values for part, values in forms.items() if not part.startswith("~")]
        self.within = [values for part, values in forms.items() if part.startswith("~")]
        # The rows by the first of their values, so that few are looked at.
        self.first: dict[str, list[int]] = defaultdict(list)
        for at, values in enumerate(forms[says[0]]):
            for value in values:
                self.first[value].append(at)

    def fits(self, cells: set[str], text: str) -> list[int]:
        """The rows of the table that the cells and the whole text of a chart's row say."""
        near = {at for cell in cells for at in self.first.get(cell, ())}
        return [
            at
            for at in sorted(near)
            if all(not values[at].isdisjoint(cells) for values in self.exact)
            and all(any(_stands(value.casefold(), text) for value in values[at]) for values in self.within)
        ]


def _stands(words: str, text: str) -> bool:
    """Whether words stand in a text, and not as a part of longer ones."""
    return words in text and bool(re.search(rf"(?<![\w.]){re.escape(words)}(?!\w)", text))


def _forms(table: pd.DataFrame, part: str, tables: Mapping[str, pd.DataFrame]) -> list[set[str]]:
    """For each row the texts of which one has to be there."""
    found: list[set[str]] = [set() for _ in range(len(table))]
    for column in part.split("|"):
        for forms, value in zip(found, _column(table, column, tables)):
            if isinstance(value, tuple):
                forms.update(value)
            elif not pd.isna(value):
                forms.add(_said(value))
    return found


def _column(table: pd.DataFrame, column: str, tables: Mapping[str, pd.DataFrame]) -> Iterable[Any]:
    if column == "who":
        named = tables["providers"][["provider_id", "name", "short_name"]].astype(str).itertuples(index=False)
        names = {body: (name, short, f"{short} CRC", name.removesuffix(" CRC")) for body, name, short in named}
        return table["provider_id"].astype(str).map(names)
    if column == "unit" and "delivery_unit_id" in table:
        return table["delivery_unit_id"].map(tables["delivery_units"].set_index("delivery_unit_id")["name"].astype(str))
    return table[column]


def _said(value: Any) -> str:
    """A cell as it is compared: whole numbers without a point, a day without its time, all else as it stands."""
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, (int, float)):
        return f"{value:.10g}"
    return str(value).removesuffix("T00:00:00")
