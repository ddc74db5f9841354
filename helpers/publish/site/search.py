"""What the page of notebook 11 searches: the rows of helpers/find.py and all that static/find.js needs with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from helpers import drawn, find
from helpers.display import plain
from helpers.publish.site.figures import Figure, packed

COLUMNS = [
    *("what", "whom", "when", "how_much", "theme", "source_id", "note", "names", "kind", "hedge", "basis"),
    *("first_year", "last_year", "chart"),
]


def index(
    tables: Mapping[str, pd.DataFrame], charts: Sequence[Figure], source_links: Mapping[str, tuple[str, str]]
) -> str:
    """Every row as a script that hands itself over: a page opened from disk may not fetch anything else.

    columns   those of COLUMNS, packed
    sources   source_id -> its place on the site, title, publisher, address, licence
    charts    the address of a chart on the site -> its notebook and title
    options   what can be chosen from; related: the bodies before and after each
    """
    rows = find.figures(tables)
    places = drawn.of_rows(rows, tables, charts)
    addresses = [f"{Path(figure.notebook).stem}.html#{figure.id}" for figure in charts]
    rows = rows.assign(
        chart=[
            "" if place < 0 else addresses[place] + (f"?{choices}" if choices else "")
            for place, choices in places.itertuples(index=False)
        ]
    )
    used = {addresses[place]: plain(drawn.name(charts[place])) for place in sorted(set(places["figure"]) - {-1})}
    related = find.bodies(tables).set_index("whom")["related"]
    whole = {
        **packed(rows[COLUMNS].map(plain).to_dict("records")),
        "sources": _sources(tables["sources"], set(rows["source_id"]), source_links),
        "charts": used,
        "options": {name: [*map(plain, options)] for name, (options, *_) in find.Finder(rows).options.items()},
        "related": {plain(body): plain(others) for body, others in related[related != ""].items()},
        "small": sorted(find.SMALL),
        "about": {"licence": find.COMPILED, **find.SAID},
    }
    return f"findIndex({json.dumps(whole, separators=(',', ':'), ensure_ascii=True)});\n"


def _sources(sources: pd.DataFrame, used: set[str], links: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found = find.credited(sources[sources["source_id"].isin(used)])
    return {
        row.source_id: (*links[row.source_id], *map(plain, (row.publisher, row.address, row.licence_of_source)))
        for row in found.sort_values("source_id").itertuples()
    }
