"""An answer about one body: a few sentences, a picture of one screen, what is not known. Tables in, an answer out.

about("crc-essex")        # an identifier, a name, or one of the other names that sources give a body
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, data, display, find, ratings, register, timeline
from helpers.display import join_words
from helpers.timeline import ONE_DAY, say_day, without_categories
from helpers.who_is_who import BEFORE_SALE

WIDTH, NARROW = 640, 330  # points of the panels
MOST = 6  # rows of figures, and of events, in the picture; the tables have all
SERIES = 3  # figures of one thing from which their sizes are drawn
ALL = ", all grades"
BY_ROUND = "Ratings by round"
BY_SIZE = ("Staff in post" + ALL, "People supervised")
LONG = 28  # letters of a figure that no longer stands beside its label
HOW_TO_READ = "Circle: known to the day. Bar: days that it covers or lies within. O, G, RI, I: bands; star: implied"
BEING = {
    "crc": " was one of {all} Community Rehabilitation Companies (CRCs)",
    "nps_division": " was one of {all} divisions of the public National Probation Service (NPS)",
    "probation_region": " is one of {all} regions of the Probation Service since June 2021",
    "probation_delivery_unit": " is a local delivery unit of the Probation Service",
    "nps_unit": " was a unit of the National Probation Service (NPS)",
    "crc_group": ": several Community Rehabilitation Companies (CRCs), counted together",
    "nps": " was public, beside the companies, until June 2021",
    "probation_service": " has been one public service since June 2021",
    "trust_group": " did the work before June 2014",
    "all_probation": ": all probation services, counted together",
    "population": ": what some figures count, not a body of its own",
    "organisation": " is an organisation that documents name",
}
# What a reader would expect to be told of each kind of body, and with what its rows begin.
EXPECTED = {
    "crc": ("ratings", "staff in post", "people supervised", "reoffending", "events"),
    "nps_division": ("ratings", "staff in post", "people supervised", "events"),
    "probation_region": ("ratings", "staff in post", "people supervised", "events"),
    "probation_delivery_unit": ("ratings",),
}
# Measures of workload whose names in the table are short of words.
PLAIN = {
    "Max cases": "Most cases of one officer",
    "Share unmanageable": "Share who found their caseload unmanageable",
    "Share manageable": "Share who found their caseload manageable",
    "Share workload too high": "Share who found their workload too high",
    "Share dangerously high": "Share with a dangerously high load",
    "Share over 100 percent capacity": "Share over 100% of capacity",
    "Share over 110 percent capacity": "Share over 110% of capacity",
    "Share over 120 percent capacity": "Share over 120% of capacity",
    "Share over 40": "Share with more than 40 cases",
    "Share over 50": "Share with more than 50 cases",
    "Share over 60": "Share with more than 60 cases",
    "Share 40 or fewer": "Share with 40 cases or fewer",
    "Mean capacity": "Mean use of capacity",
}
COUNTED = ("Staff", "Caseload", "Reoffending", "Ratings", "After June 2021", "Money and contracts")
RATED = ("ratings", "regional_inspections", "delivery_unit_inspections", "delivery_unit_standards")
DRAWN = [
    "panel",
    "row",
    "label",
    "words",
    "start",
    "end",
    "value",
    "column",
    "band",
    "basis",
    "hedged",
    "told",
    "source_id",
]


@dataclass(frozen=True, eq=False)
class Answer:
    """What is known of one body. A notebook shows the sentences, then the picture.

    rows    what the tables say of it: the columns of `everything`, and via (see `rows_of`)
    drawn   what is in the picture: the columns of DRAWN (see `to_draw`)
    """

    provider_id: str
    name: str
    colour: str
    sentences: list[str]
    unknown: str
    rows: pd.DataFrame
    drawn: pd.DataFrame
    sources: pd.DataFrame

    @property
    def said(self) -> display.Html:
        """The sentences, and last what is not known."""
        return display.findings(*self.sentences, self.unknown)

    @property
    def chart(self) -> Any:
        """The picture with its text alternative and its sources; None where nothing has a date or a band."""
        if self.drawn.empty:
            return None
        return charts.publish(
            picture(self.drawn, self.colour),
            title=f"What is known of {self.name}",
            subtitle=HOW_TO_READ,
            description=self.described,
            source_ids=self.drawn["source_id"],
            sources=self.sources,
        )

    def svg(self) -> str:
        """The picture as wide as a phone, without title and sources: for a page, which has them beside it."""
        import vl_convert

        spec = picture(self.drawn, self.colour, narrow=True).to_dict(validate=False)
        spec["config"]["aria"] = False  # nobody hears what is inside an image: its alt text says it
        drawn = vl_convert.vegalite_to_svg(spec)
        # Vega numbers its clip paths through all pictures of a process.
        numbers = {each: f"clip{place}" for place, each in enumerate(dict.fromkeys(re.findall(r"\bclip\d+", drawn)))}
        return re.sub(r"\bclip\d+", lambda found: numbers[found.group()], drawn)

    @property
    def described(self) -> str:
        """The picture in words."""
        panels = self.drawn[self.drawn["told"] != ""].groupby("panel", sort=False)["told"].agg("; ".join)
        return f"{self.name}. " + " ".join(f"{heading}: {told}." for heading, told in panels.items())

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        from IPython import InteractiveShell
        from IPython.display import display as show

        if self.drawn.empty:
            return self.said._repr_mimebundle_()
        if InteractiveShell.initialized():
            show(self.said)
        return self.chart._repr_mimebundle_(**options)


def about(asked: str, tables: Mapping[str, pd.DataFrame] | None = None, rows: pd.DataFrame | None = None) -> Answer:
    """What is known of one body, in sentences and as a picture.

    asked    its provider_id, its name or one of its other names
    tables   all tables by name; without them they are loaded
    rows     of `everything`, where many bodies are asked for
    Raises LookupError in one line where no body, or more than one, is called so.
    """
    tables = {name: data.load(name) for name in find.NEEDED} if tables is None else tables
    provider_id = which(asked, tables["providers"], tables["other_names"])
    body = without_categories(tables["providers"]).set_index("provider_id").loc[provider_id]
    own = rows_of(provider_id, everything(tables) if rows is None else rows, tables)
    drawn = to_draw(provider_id, own, tables)
    return Answer(
        provider_id,
        body["name"],
        charts.BODIES.get(charts.BODY_OF_KIND.get(body["kind"], ""), charts.INK),
        sentences(provider_id, own, drawn, tables),
        unknown(body["kind"], own, drawn),
        own,
        drawn,
        tables["sources"],
    )


# ------------------------------------------------------------------------------------------------------ which body


def which(asked: str, providers: pd.DataFrame, other_names: pd.DataFrame) -> str:
    """The provider_id that is meant by an identifier, a name or another name of a body.

    Raises LookupError in one line: what is near where nothing is called so, or all bodies that are called so.
    """
    listed = without_categories(providers)
    if asked in set(listed["provider_id"]):
        return asked
    parts = [listed[["name", "provider_id"]], listed[["short_name", "provider_id"]], other_names]
    called = pd.concat([part[[part.columns[0], "provider_id"]].set_axis(["name", "id"], axis=1) for part in parts])
    called = called.astype(str).assign(key=called["name"].astype(str).str.casefold())
    names, words = listed.set_index("provider_id")["name"], str(asked).casefold().strip()

    def told(ids: Iterable[str]) -> str:
        return display.plain("; ".join(f"{names[each]} ({each})" for each in ids))

    same = called.loc[called["key"] == words, "id"].unique()
    if len(same) == 1:
        return same[0]
    said = display.plain(repr(asked))
    if len(same):
        raise LookupError(f"{said} means {len(same)} bodies: {told(same)}. Ask for one of these.")
    keys = dict(zip(called["key"], called["id"])) | {each: each for each in listed["provider_id"]}
    near = difflib.get_close_matches(words, keys, n=3, cutoff=0.6)
    near += [key for key in keys if words and words in key]
    hint = f"Near: {told(list(dict.fromkeys(map(keys.get, near)))[:5])}." if near else "Notebook 12 lists all names."
    raise LookupError(f"No body is called {said}. {hint}")


# ------------------------------------------------------------------------------------------------------------ rows


def everything(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every row of the tables that `find.figures` reads, in words.

    Columns of `register.register`, plus ids (the provider_ids that the row names, a list), value (NaN where the row
    has no number, or several) and precision (of date).
    """
    how = {**register.TABLES, **find.MORE}
    rows = register.composed({name: tables[name] for name in find.NEEDED}, how)
    units = without_categories(tables["delivery_unit_inspections"]).set_index("inspection_id")["delivery_unit_id"]
    parts = []
    for table in (without_categories(tables[name]) for name in how):
        ids = table.get("provider_ids", table.get("provider_id", table.get("delivery_unit_id")))
        if ids is None:
            ids = table["inspection_id"].map(units) if "inspection_id" in table else pd.Series("", table.index)
        if "owner_id" in table:
            ids = ids + " " + table["owner_id"]
        parts.append(
            pd.DataFrame(
                {
                    "ids": ids.fillna("").str.split(),
                    "value": table.get("value", table.get("value_low")),
                    "precision": table.get("date_precision"),
                },
                table.index,
            )
        )
    return rows.join(pd.concat(parts, ignore_index=True))


def rows_of(provider_id: str, rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The rows of `everything` about one body, by date: those that name it, the owner that a CRC had then, or a
    delivery unit of a region.

    Adds via: '' for the body itself, 'its owner', or the name of the unit. What a row is about no longer begins with
    the name of the body.
    """
    providers = without_categories(tables["providers"]).set_index("provider_id")
    body = providers.loc[provider_id]
    named = {provider_id: ""}
    if body["kind"] == "probation_region":
        units = providers[(providers["parent_id"] == provider_id) & (providers["kind"] == "probation_delivery_unit")]
        named |= units["short_name"].to_dict()
    own = pd.Series([next((each for each in ids if each in named), "") for ids in rows["ids"]], rows.index)
    own = own[own != ""]
    found = rows.loc[own.index].assign(via=own.map(named))
    if body["kind"] == "crc":
        reached = timeline.events_by_provider(tables["events"], tables["providers"], tables["ownership"], ())
        reached = reached.loc[(reached["provider_id"] == provider_id) & (reached["link"] == "owner"), "event_id"]
        owner = rows[(rows["table"] == "events") & rows["key"].isin(reached)]
        found = pd.concat([found, owner.assign(via="its owner")])
    what = found["what"].str.replace(f" ({body['short_name']})", "").str.replace(f"({body['short_name']}, ", "(")
    what = [_without(each, (body["short_name"], body["name"])) for each in what]
    found = found.assign(what=pd.Series(what, found.index, dtype="str"))
    # An event's kind is a heading elsewhere; a regional inspection states a band, not always a number of cases.
    found["what"] = found["what"].mask(
        found["table"] == "events", found["what"].str.replace(r" \([a-z ]+\)$", "", regex=True)
    )
    cases = (found["table"] == "regional_inspections") & (found["figure"] == display.UNKNOWN)
    found["figure"] = found["figure"].mask(cases, register.NOT_A_NUMBER)
    if body["kind"] == "organisation":
        crcs = found["ids"].str[0].map(providers["name"])
        found["what"] = found["what"].mask(found["table"] == "ownership", "Owned: " + crcs)
    units = ~found["via"].isin(["", "its owner"])
    found["what"] = found["what"].mask(units, found["via"] + ": " + found["what"])
    found["what"] = found["what"].mask(found["via"] == "its owner", found["what"] + " (its owner)")
    return found.sort_values(["date", "what"], kind="stable", ignore_index=True)


def _without(what: str, names: Iterable[str]) -> str:
    for name in names:
        what = what.removeprefix(f"{name}: ").removeprefix(f"{name}, ")
    first, comma, rest = (what[:1].upper() + what[1:]).partition(", ")
    return PLAIN.get(first, first) + comma + rest


# -------------------------------------------------------------------------------------------------- what is drawn


def to_draw(provider_id: str, rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What the picture shows of the rows of `rows_of`, panel by panel; a panel without rows is left out.

    Columns: panel (its heading), row (place from the top), label, words (the figure or when), start, end (the day
    after the last; NaT where a day is all), value (where sizes are drawn; of a tile, the
    standards that it stands for), column, band and basis (of a tile), told
    (the row in words; empty where another row says it), source_id.
    """
    dated = rows[rows["date"].notna() & (rows["precision"] != "unknown")]
    longer = dated["date_end"] > dated["date"]
    dated = dated.assign(start=dated["date"], end=(dated["date_end"] + ONE_DAY).where(longer))
    counted = dated[dated["theme"].isin(COUNTED) & ~dated["table"].isin(RATED) & (dated["via"] == "")]
    counted = counted[counted["figure"] != register.NOT_A_NUMBER]
    sizes = counted.loc[counted["what"].isin(BY_SIZE) & counted["value"].notna(), "what"].value_counts()
    series = sizes.index[0] if len(sizes) and sizes.iloc[0] >= SERIES else ""
    parts = [
        _owners(dated[dated["table"] == "ownership"]),
        _tiles(provider_id, tables),
        _series(counted[counted["what"] == series]),
        _figures(counted[counted["what"] != series]),
        _events(dated[dated["table"] == "events"]),
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=DRAWN)
    kinds = {"start": "datetime64[us]", "end": "datetime64[us]", "value": float}
    return pd.concat([part.reindex(columns=DRAWN).astype(kinds) for part in parts], ignore_index=True)


def _owners(rows: pd.DataFrame) -> pd.DataFrame:
    label = rows["what"].str.replace("^Own(?:er|ed): ", "", regex=True)
    owned = rows["what"].str.startswith("Owned").any()
    return rows.assign(
        panel="Companies (CRCs) that it owned" if owned else "Owners",
        row=range(len(rows)),
        label=label,
        words=rows["when"],
        told=label + ", " + rows["when"],
        value=float("nan"),
    )


def _series(rows: pd.DataFrame) -> pd.DataFrame:
    # The first, the last and what is hedged stand written beside their marks.
    written = (rows["qualifier"] != "exact") | rows.index.isin(rows.index[[0, -1]] if len(rows) else [])
    return rows.assign(
        panel=rows["what"].str.removesuffix(ALL),
        hedged=rows["qualifier"] != "exact",
        row=0,
        label="",
        words=rows["figure"].where(written, ""),
        told=rows["figure"] + " (" + rows["when"] + ")",
    )


def _figures(rows: pd.DataFrame) -> pd.DataFrame:
    """Figures of one thing share a row; of the whole body before those of a part, by theme."""
    order = rows["theme"].map({theme: place for place, theme in enumerate(COUNTED)})
    part = ~rows["what"].str.contains(f"{ALL}$|^People", regex=True)
    rows = rows.assign(what=rows["what"].str.removesuffix(ALL))
    rows = rows.assign(order=order, part=part).sort_values(["order", "part", "date"], kind="stable")
    groups = rows.groupby("what", sort=False)
    rows = rows.assign(row=groups.ngroup(), told=rows["what"] + ", " + rows["when"] + ": " + rows["figure"])
    things = int(rows["row"].max()) + 1 if len(rows) else 0
    first = ~rows["what"].duplicated()
    words = groups["figure"].agg(lambda each: "; ".join(dict.fromkeys(each)))
    count = groups.size()
    ends = groups["figure"].first() + ", later " + groups["figure"].last() + " (" + count.astype(str) + " figures)"
    words = rows["what"].map(words.where(count <= 2, ends))
    alone = rows["what"].map(count) == 1
    label = rows["what"] + (", " + rows["when"]).where(alone, "")
    long = words.str.len() > LONG
    label = label.mask(long, label + ": " + words)
    shown = rows.assign(
        panel="Figures" if things <= MOST else f"Figures: {MOST} of {things}",
        label=label.where(first, ""),
        words=words.where(first & ~long, ""),
        value=float("nan"),
    )
    return shown[shown["row"] < MOST]


def _events(rows: pd.DataFrame) -> pd.DataFrame:
    """The latest; those that name the body go before those that name its owner."""
    chosen = rows.sort_values(["via", "date"], ascending=[True, False], kind="stable")[:MOST].sort_index()
    return chosen.assign(
        panel="Events" if len(rows) <= MOST else f"Events: {MOST} of {len(rows)}",
        row=range(len(chosen)),
        label=chosen["what"],
        words=chosen["when"],
        told=chosen["what"] + ", " + chosen["when"],
        value=float("nan"),
    )


def _tiles(provider_id: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Ratings: a row for each standard or local unit, a column for each round or year."""
    kind = tables["providers"].set_index("provider_id")["kind"].astype(str)[provider_id]
    shown = _standards(provider_id, tables) if kind in ratings.SERVICE_TYPES else _inspections(provider_id, tables)
    if shown.empty:
        return shown
    star = (shown["basis"] == "implied").map({True: " (implied)", False: ""})
    return shown.assign(
        row=pd.factorize(shown["label"])[0],
        told=shown["label"] + ", " + shown["column"] + ": " + shown["band"] + star,
    )


def _standards(provider_id: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    own = tables["ratings"][tables["ratings"]["provider_id"] == provider_id]
    grids = [
        ratings.rating_grid(own[own["round"] == each], tables["providers"], tables["standards"], each)
        for each in sorted(own["round"].unique())
    ]
    if not grids:
        return pd.DataFrame(columns=DRAWN)
    grid = without_categories(pd.concat(grids, ignore_index=True))
    grid = grid[grid["band"] != ratings.NOT_APPLICABLE]
    known = grid.groupby("standard")["band"].transform(lambda bands: (bands != ratings.UNKNOWN).any())
    others = grid[~known].drop_duplicates("round")
    count = grid.loc[~known, "standard"].nunique()
    others = others.assign(standard_name=f"{count} other standard{'s' if count > 1 else ''}", value=count)
    grid = pd.concat([grid[known].assign(value=1).sort_values(["order", "round"], kind="stable"), others])
    return grid.assign(panel=BY_ROUND, label=grid["standard_name"], column=grid["round"])


def _inspections(provider_id: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    providers = without_categories(tables["providers"]).set_index("provider_id")
    units = without_categories(tables["delivery_unit_inspections"])
    units = units.rename(columns={"delivery_unit_id": "provider_id"})
    found = pd.concat([without_categories(tables["regional_inspections"]), units], ignore_index=True)
    inside = found["provider_id"] == provider_id
    if providers.loc[provider_id, "kind"] == "probation_region":
        inside |= found["provider_id"].map(providers["parent_id"]) == provider_id
    found = found[inside & found["band"].notna()]
    label = found["provider_id"].map(providers["short_name"])
    label = label.mask(found["provider_id"] == provider_id, "As a whole")
    year = found["date"].dt.strftime("%Y").fillna("no date")
    found = found.assign(panel="Ratings by year", label=label, column=year, basis="stated")
    return found.sort_values(["label", "column"], kind="stable")


# ------------------------------------------------------------------------------------------------------- drawing


def picture(drawn: pd.DataFrame, colour: str, narrow: bool = False) -> alt.VConcatChart:
    """What `to_draw` gives: the tiles, what is drawn by its size, and all else one below the other on an axis of time.

    narrow   as wide as a phone, with each figure under its label
    """
    width = NARROW if narrow else WIDTH
    dated = drawn[drawn["start"].notna()]
    panels = []
    if len(dated):
        last = dated["end"].fillna(dated["start"]).max()
        ends = charts.time_scale(f"{dated['start'].min().year}-01-01", f"{last.year + 1}-01-01")
        years = alt.Axis(format="’%y" if narrow else "%Y", tickCount="year", grid=True, labelOverlap=True)
        x = alt.X("start:T", title=None, scale=ends, axis=years)
        sizes = dated[dated["value"].notna()]
        listed = dated[dated["value"].isna()]
        if len(sizes):
            panels.append(_draw_sizes(sizes, x, colour, width))
        if len(listed):
            panels.append(_draw_rows(listed, x, colour, width, narrow))
    if drawn["band"].notna().any():
        panels.insert(0, _draw_tiles(drawn[drawn["band"].notna()]))
    return alt.vconcat(*panels, spacing=14)


def _placed(rows: pd.DataFrame, narrow: bool) -> tuple[pd.DataFrame, int]:
    """The rows with row (of the label) and at (of the mark), headings among them, and how many lines a label has.

    Wide, all rows are as tall as the tallest; narrow, a row is as tall as its own lines, and 15 points are one row.
    """
    text, words = rows["label"], rows["words"]
    if narrow:
        text, words = text + ("\n" + words).where(words != "", ""), words.where(words == "", "")
    letters = 48 if narrow else 72
    lines = [[line for part in each.split("\n") for line in charts.wrap(part, letters)] for each in text]
    broken = ["\n".join(each) for each in lines]
    rows = rows.assign(label=broken, words=words, head="", lines=[1 + each.count("\n") for each in broken])
    most, place, parts, heading = int(rows["lines"].max()), 0, [], None
    for (panel, _), group in rows.groupby(["panel", "row"], sort=False):
        if panel != heading:
            heading, place = panel, place + 1 + narrow
            parts.append(pd.DataFrame({"row": [place - 1], "at": place - 1, "head": panel}))
        at = place + (int(group["lines"].max()) if narrow else 0)
        parts.append(group.assign(row=place, at=at))
        place = at + 1
    placed = pd.concat(parts, ignore_index=True).fillna({"label": "", "words": "", "told": ""})
    if not narrow:  # the last line of a label stands just above its mark
        lines = placed["label"].str.count("\n").rsub(most - 1)
        placed["label"] = ["\n" * n + label if label else "" for n, label in zip(lines, placed["label"])]
    return placed[["row", "at", "label", "words", "head", "start", "end", "told"]], most


def _draw_rows(rows: pd.DataFrame, x: alt.X, colour: str, width: int, narrow: bool) -> alt.LayerChart:
    """A row for each label, under the heading of its panel."""
    placed, lines = _placed(rows, narrow)
    tall = 15 if narrow else 15 * lines + 20
    up, down = (0, -2) if narrow else (tall / 2 - 8, tall / 2 - 9)
    scale = alt.Scale(domain=list(range(int(placed["at"].max()) + 1)))
    y, at = alt.Y("row:O", axis=None, scale=scale), alt.Y("at:O", axis=None, scale=scale)
    base = alt.Chart(placed)
    dated, named = base.transform_filter("isValid(datum.start)"), base.transform_filter("datum.label !== ''")
    head = base.mark_text(align="left", fontSize=13, fontWeight=600, yOffset=max(down, 0))
    layers = [
        charts.spans(dated, x, at, colour=alt.value(colour), tooltip=["told:N"], down=down),
        charts.labels(named, y, up=up),
        head.encode(x=alt.value(0), y=y, text="head:N"),
    ]
    if not narrow:
        figure = named.mark_text(style="row-figure", align="right", fontWeight=600, yOffset=15 * (lines - 1) - up)
        layers.append(figure.encode(x=alt.value("width"), y=y, text="words:N"))
    return alt.layer(*layers, width=width, height=alt.Step(tall))


def _draw_sizes(rows: pd.DataFrame, x: alt.X, colour: str, width: int) -> alt.LayerChart:
    """Figures of one thing by their size from zero: hollow where they are hedged."""
    top = 1.3 * float(rows["value"].max()) or 1
    y = alt.Y("value:Q", axis=None, scale=alt.Scale(domain=[0, top], nice=False))
    rows = rows[["panel", "start", "value", "words", "hedged", "told"]].assign(
        last=rows["start"] == rows["start"].max()
    )
    base = alt.Chart(rows)
    fill = alt.when("datum.hedged").then(alt.value("#ffffff")).otherwise(alt.value(colour))
    points = base.mark_point(size=60, opacity=1, filled=True, strokeWidth=1.5, stroke=colour)
    layers = [
        points.encode(x, y, fill=fill, tooltip=["told:N"]),
        base.transform_filter("datum.words !== ''")
        .mark_text(dy=alt.expr("datum.last ? 14 : -13"))
        .encode(x, y, text="words:N"),
    ]
    title = alt.Title(charts.wrap(rows["panel"].iloc[0], 44), fontSize=13, offset=4)
    return alt.layer(*layers, width=width, height=80, title=title)


def _draw_tiles(rows: pd.DataFrame) -> alt.LayerChart:
    """A row for each standard or unit with its name, a column for each round or year."""
    first, wide = 190, 52
    columns = sorted(rows["column"].unique())
    scale = alt.Scale(range=[first, first + wide * len(columns)])
    x = alt.X("column:N", title=None, scale=scale, axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False))
    y = alt.Y("row:O", axis=None)
    base = alt.Chart(rows[["row", "label", "column", "band", "basis", "told"]].fillna({"basis": ""}))
    label = alt.Chart(rows.drop_duplicates("row")[["row", "label"]]).mark_text(align="left", limit=first - 8)
    title = alt.Title(rows["panel"].iloc[0], fontSize=13, offset=4)
    return alt.layer(
        charts.tiles(base, x, y, tooltip=["told:N"], legend=None),
        label.encode(x=alt.value(0), y=y, text="label:N"),
        width=first + wide * len(columns),
        height=alt.Step(22),
        title=title,
    )


# ------------------------------------------------------------------------------------------------------ sentences


def sentences(
    provider_id: str, rows: pd.DataFrame, drawn: pd.DataFrame, tables: Mapping[str, pd.DataFrame]
) -> list[str]:
    """What is known in at most six sentences: what the body was, whose, how rated, what was counted, what came after.

    rows, drawn   of `rows_of` and `to_draw`
    """
    providers = without_categories(tables["providers"]).set_index("provider_id")
    told = [
        _being(provider_id, providers, tables["ownership"]),
        *_owned(provider_id, tables["ownership"]),
        _rated(drawn),
        *_counted(rows),
        _reoffended(provider_id, tables["reoffending_by_crc"]),
        _next(provider_id, providers, tables["divisions_and_regions"]),
        _happened(rows),
    ]
    return [sentence for sentence in told if sentence][:6]


def _being(provider_id: str, providers: pd.DataFrame, ownership: pd.DataFrame) -> str:
    body = providers.loc[provider_id]
    words = BEING[body["kind"]].format(all=(providers["kind"] == body["kind"]).sum())
    if body["kind"] == "crc":
        own = ownership[ownership["provider_id"] == provider_id]
        words += f", from {say_day(own['date'].min())} to {say_day(own['date_end'].max())}"
        return f"{body['name']}{words}."
    parent = providers["short_name"].get(body["parent_id"])
    if body["kind"] in ("probation_delivery_unit", "nps_unit") and parent:
        words += f", part of {parent}"
    return f"{body['short_name']}{words}."


def _owned(provider_id: str, ownership: pd.DataFrame) -> list[str]:
    """Who owned a company, or how many companies an organisation owned."""
    spans = without_categories(ownership).sort_values("date")
    spans = spans[spans["owner_id"] != BEFORE_SALE]
    own = spans[spans["provider_id"] == provider_id]
    days = [say_day(*day) for day in own[["date", "date_precision"]].itertuples(index=False)]
    told = [f"From {day} its owner was {name}." for day, name in zip(days, own["owner_name"])]
    held = spans[spans["owner_id"] == provider_id]
    if len(held):
        crcs, first, last = held["provider_id"].nunique(), held["date"].min(), held["date_end"].max()
        told.append(f"It owned {crcs} CRC{'s' if crcs > 1 else ''} between {say_day(first)} and {say_day(last)}.")
    return told


def _rated(drawn: pd.DataFrame) -> str:
    tiles = drawn[drawn["band"].notna()]
    if tiles.empty:
        return ""
    if (tiles["panel"] != BY_ROUND).any() and (tiles["row"] > 0).any():
        counts = tiles["band"].value_counts().reindex([*charts.BANDS], fill_value=0)[lambda count: count > 0]
        words = join_words(f"{count} in {band}" for band, count in counts.items())
        return f"Of {len(tiles)} inspections of it and its local units, {words.replace(' in', ' ended in', 1)}."
    overall = tiles[(tiles["row"] == 0) & (tiles["band"] != ratings.UNKNOWN)]
    if overall.empty:
        return ""
    when = overall["column"] + (overall["basis"] == "implied").map({True: " (implied)", False: ""})
    bands = when.groupby(overall["band"], sort=False).agg(join_words)
    return f"Inspectors rated it {join_words(f'{band} in {rounds}' for band, rounds in bands.items())}."


def _counted(rows: pd.DataFrame) -> list[str]:
    """People, staff and caseload: the latest figure of each."""
    rows = rows[rows["theme"].isin(["Staff", "Caseload"]) & (rows["via"] == "") & rows["qualifier"].notna()]
    people = rows[(rows["table"] == "caseload") & (rows["what"] == "People supervised")][-1:]
    staff = rows[(rows["table"] == "staff") & rows["what"].str.endswith(ALL)]
    posts = staff[staff["what"] == "Staff in post" + ALL]
    others = [posts[-1:] if len(posts) else staff[-1:], rows[rows["table"] == "workload"][-1:]]
    told = [f"It supervised {row.figure} ({row.when})." for row in people.itertuples()]
    more = [f"{_small(row.what)}, {_spelt(row.figure)} ({row.when})" for row in pd.concat(others).itertuples()]
    if not told and not more:
        more = [f"{_small(row.what)}, {_spelt(row.figure)} ({row.when})" for row in rows[-1:].itertuples()]
    return told + ([f"Published last: {'; '.join(more)}."] if more else [])


def _small(what: str) -> str:
    what = what.removesuffix(ALL)
    return what[:1].lower() + what[1:]


def _spelt(figure: str) -> str:
    return figure.replace(" FTE", " full-time equivalents")


def _reoffended(provider_id: str, by_crc: pd.DataFrame) -> str:
    own = by_crc[(by_crc["provider_id"] == provider_id) & by_crc["finding"].notna()].sort_values("date")
    if own.empty:
        return ""
    last = own.iloc[-1]
    return f"Reoffending, {last['cohort']}: {last['finding'].rstrip('.')}."


def _next(provider_id: str, providers: pd.DataFrame, divisions_and_regions: pd.DataFrame) -> str:
    """What came before or after it in its area."""
    kind, names = providers.loc[provider_id, "kind"], providers["short_name"]
    others = linked(provider_id, providers, divisions_and_regions)
    if not others:
        return ""
    told = join_words(names[others])
    return {
        "crc": f"Since June 2021 its area has been in the {told}.",
        "nps_division": f"In June 2021 it gave way to the {told}.",
        "probation_region": f"It followed {told}.",
    }.get(kind, "")


def linked(provider_id: str, providers: pd.DataFrame, divisions_and_regions: pd.DataFrame) -> list[str]:
    """The regions that followed a company or a division; the divisions that were there before a region.

    providers   with provider_id as its index
    """
    places = without_categories(divisions_and_regions)
    own = places.loc[places["provider_id"] == provider_id, "maps_to_ids"].dropna()
    if len(own):
        return own.iloc[0].split()
    if providers.loc[provider_id, "kind"] != "crc":
        return []
    region = providers.loc[provider_id, "probation_region_id"]
    regions = places[places["level"] == "probation_region"]
    lists = regions["crc_ids"].fillna("").str.split().map(lambda ids: provider_id in ids)
    return [region] if pd.notna(region) else regions.loc[lists, "provider_id"].tolist()


def _happened(rows: pd.DataFrame) -> str:
    events = rows[(rows["table"] == "events") & (rows["via"] == "")]
    if events.empty:
        return ""
    if len(events) == 1:
        return f"One event names it: {events['what'].iloc[0]} ({events['when'].iloc[0]})."
    first, last = events["date"].min().year, events["date"].max().year
    years = f"from {first} to {last}" if first != last else f"all in {first}"
    return f"{len(events)} events name it, {years}."


def unknown(kind: str, rows: pd.DataFrame, drawn: pd.DataFrame) -> str:
    """What a reader would expect and no document that was read says of this body alone."""
    own = rows[rows["via"] == ""]
    there = {
        "ratings": drawn["band"].notna().any(),
        "staff in post": own["what"].str.startswith("Staff in post").any(),
        "people supervised": own["what"].str.startswith("People supervised").any(),
        "reoffending": (own["theme"] == "Reoffending").any(),
        "events": (own["table"] == "events").any(),
    }
    absent = [what for what in EXPECTED.get(kind, ()) if not there[what]]
    tiles = drawn[(drawn["panel"] == BY_ROUND) & (drawn["row"] > 0)]
    missing = tiles[tiles["band"] == ratings.UNKNOWN].groupby("column")["value"].sum()
    of = tiles.groupby("column")["value"].sum()
    if len(missing):
        counts = join_words(f"{count:.0f} of {of[each]:.0f} in {each}" for each, count in missing.items())
        absent.append(f"ratings of standards ({counts})")
    if not absent:
        return "Beyond this, the documents that were read say nothing of it alone."
    return f"Not known from the documents read: {join_words(absent)}."
