"""Finds what the collection says in the words of a reader: every figure, rating, event, claim and sum as one row.

The page of notebook 11 searches by the same rules: helpers/publish/site/static/find.js.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from helpers import display, register
from helpers.register import NOT_A_NUMBER, Compose
from helpers.timeline import without_categories

SHOWN = 50  # hits on the screen
FORGIVING = 5  # letters from which one of a word may be wrong
COLUMNS = [
    *("what", "whom", "when", "how_much", "theme", "publisher", "source_id", "note", "table"),
    *("key", "kind", "names"),
]
KINDS = {
    "crc": "CRC",
    "crc_group": "Group of CRCs",
    "nps": "NPS",
    "nps_division": "NPS division",
    "nps_unit": "NPS local delivery unit cluster",
    "probation_region": "Probation region since June 2021",
    "probation_delivery_unit": "Probation delivery unit",
    "probation_service": "Probation Service",
    "trust_group": "Probation trusts",
    "all_probation": "All probation",
    "organisation": "Other organisation",
    "population": "Group of people or places",
}
TOKEN = re.compile(r"[0-9]+(?:\.[0-9]+)+|[^\W_]+")
PRECISIONS = {4: "year", 7: "month", 10: "day"}  # length of a date of publication -> how exact it is
TESTS = {
    "significance": "a significant {}",
    "target": "the target {}",
    "consistent": "a consistent {}",
    "preliminary": "a {} in first results",
}


# ------------------------------------------------------------------------------------- rows beside the register


def _rating(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    names = tables["standards"].set_index("standard")["name"]
    number = (", standard " + rows["standard"]).where(rows["standard"] != "overall", "")
    implied = pd.Series(" (implied)", rows.index).where(rows["basis"] == "implied", "")
    what = rows["standard"].map(names) + number + ", round " + rows["round"]
    return rows.assign(
        what=what, when=register.periods(rows), figure=rows["band"] + implied, unit="", qualifier="exact"
    )


def _event(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return rows.assign(
        what=rows["title"] + " (" + rows["kind"] + ")",
        when=register.periods(rows),
        figure=NOT_A_NUMBER,
        note=rows["detail"],
        **{"unit": "", "qualifier": pd.NA},
    )


def _claim(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    published = rows["article_source_id"].map(tables["sources"].set_index("source_id")["published"].astype("str"))
    dated = rows.assign(
        date=pd.to_datetime(published, format="ISO8601").astype("datetime64[us]"),
        date_precision=published.str.len().map(PRECISIONS).fillna("unknown"),
    )
    told = register.figures(rows["value"], rows["qualifier"], rows["unit"]).where(rows["value"].notna())
    return dated.assign(
        what="Claim: " + rows["claim"],
        when=register.periods(dated),
        figure=told.fillna(rows["value_text"]).fillna(NOT_A_NUMBER),
        source_id=rows["article_source_id"],
        other_source_ids=rows["evidence_source_ids"],
        note=_capital(rows["verdict"].str.replace("_", " ")) + ": " + rows["reason"],
    )


def _by_crc(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    def told(column: str, said: str, unit: str, qualifier: str | None = None) -> pd.Series:
        hedges = rows[qualifier] if qualifier else "exact"
        return (said + register.figures(rows[column], hedges, unit)).where(rows[column].notna())

    parts = [
        told("binary_rate", "binary rate ", "percent", "binary_rate_qualifier"),
        told("baseline_binary_rate", "baseline ", "percent", "baseline_qualifier"),
        told("points_from_baseline", "from the baseline ", "percentage points", "points_from_baseline_qualifier"),
        told("frequency_rate", "reoffences per reoffender ", ""),
        told("baseline_frequency_rate", "baseline of these ", "", "baseline_qualifier"),
        told("offenders", "", "offenders", "offenders_qualifier"),
        told("reoffenders", "", "reoffenders"),
        told("reoffences", "", "reoffences"),
    ]
    return rows.assign(
        what="Reoffending: " + rows["status"].str.replace("_", " ") + " results, " + rows["cohort"],
        when=register.periods(rows),
        figure=_joined(parts, "; ").replace("", NOT_A_NUMBER),
        note=_joined([_capital(rows["test_result"].str.replace("_", " ")) + ".", rows["finding"], rows["note"]], " "),
        **{"unit": "", "qualifier": rows["binary_rate_qualifier"]},
    )


def _success(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    change = rows["test"].map(TESTS).fillna("a {} against the baseline")
    change = pd.Series([form.format(way) for form, way in zip(change, rows["direction"])], rows.index)
    rate = rows["rate"].map("the {} rate".format).replace("the not_stated rate", "a rate that is not named")
    return rows.assign(
        what="CRCs with " + change + ": " + rate.replace("the both rate", "both rates") + ", " + rows["cohort"],
        when=register.periods(rows),
        figure=rows["crcs"].astype("str") + " of " + rows["of"].astype("str"),
        **{"unit": "CRCs", "qualifier": "exact"},
    )


def _owner(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return rows.assign(
        what="Owner: " + rows["owner_name"],
        when=register.periods(rows),
        figure=NOT_A_NUMBER,
        **{"unit": "", "qualifier": pd.NA},
    )


def _holder(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    known = rows.assign(date=rows["date"].fillna(rows["in_post_on"]))
    seen = rows["date"].isna() & rows["in_post_on"].notna()
    return known.assign(
        what=rows["office_title"] + ": " + rows["holder"],
        when=_when_held(rows).mask(seen, "in post in " + rows["in_post_on"].dt.strftime("%B %Y")),
        figure=NOT_A_NUMBER,
        **{"unit": "", "qualifier": pd.NA},
    )


def _when_held(rows: pd.DataFrame) -> pd.Series:
    """From and to, each as exactly as it is known."""
    first = register.periods(rows[["date", "date_precision"]])
    ends = rows[["date_end", "date_end_precision"]].set_axis(["date", "date_precision"], axis=1)
    # A last day is written as the last day of its month or year.
    starts = ends["date"].mask(ends["date_precision"] == "month", ends["date"].dt.to_period("M").dt.start_time)
    starts = starts.mask(ends["date_precision"] == "year", ends["date"].dt.to_period("Y").dt.start_time)
    last = register.periods(ends.assign(date=starts.astype("datetime64[us]")))
    told = ("from " + first).where(rows["date"].notna()), ("to " + last).where(rows["date_end"].notna())
    return _joined(list(told), " ").replace("", display.UNKNOWN)


def _points(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    told = register.figures(rows["points"], rows["qualifier"], "points")
    what = "Points of all standards: " + rows["described_as"]
    return rows.assign(what=what, when=register.periods(rows), figure=told, unit="points")


def _unit(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    inferred = pd.Series(" (inferred)", rows.index).where(rows["date_basis"] == "inferred", "")
    points = register.figures(rows["points"]) + " of " + register.figures(rows["max_points"]) + " points"
    band = rows["band"].fillna("band unknown")
    return rows.assign(
        what="Inspection " + rows["inspection_number"].astype("str") + " of the unit, overall rating",
        when=register.periods(rows) + inferred,
        figure=_joined([band, points.where(rows["points"].notna())], "; "),
        **{"unit": "", "qualifier": "exact"},
    )


def _unit_standard(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    inspections = tables["delivery_unit_inspections"].set_index("inspection_id")
    found = rows.assign(
        **{name: rows["inspection_id"].map(inspections[name]) for name in ("date", "date_precision", "date_end")}
    )
    number = rows["inspection_id"].map(inspections["inspection_number"]).astype("Int64").astype("str")
    many = (" (" + rows["standards"].astype("str") + " standards)").where(rows["covers"] == "group", "")
    what = "Inspection " + number + " of the unit, " + rows["standard"] + many
    return found.assign(what=what, when=register.periods(found), figure=rows["band"], unit="", qualifier="exact")


def _capital(texts: pd.Series) -> pd.Series:
    return texts.str[:1].str.upper() + texts.str[1:]


def _joined(parts: list[pd.Series], comma: str) -> pd.Series:
    """What is there of each row's parts, with commas between."""
    rows = pd.concat(parts, axis=1).itertuples(index=False)
    return pd.Series([comma.join(part for part in row if pd.notna(part)) for row in rows], parts[0].index, dtype="str")


MORE: dict[str, tuple[str, Compose]] = {
    "ratings": ("Ratings", _rating),
    "league_points": ("Ratings", _points),
    "reoffending_by_crc": ("Reoffending", _by_crc),
    "reoffending_success_counts": ("Reoffending", _success),
    "delivery_unit_inspections": ("After June 2021", _unit),
    "delivery_unit_standards": ("After June 2021", _unit_standard),
    "events": ("Events", _event),
    "claims": ("Claims", _claim),
    "ownership": ("Owners and offices", _owner),
    "office_holders": ("Owners and offices", _holder),
}
SEARCHED = (*register.TABLES, *MORE)
NEEDED = tuple(dict.fromkeys([*register.NEEDED, *MORE, "sources", "other_names"]))


def figures(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each row of the tables of SEARCHED, in their order.

    what, whom (the bodies it is of, or who made a claim; empty where a table names none), when, how_much (with hedge
    and unit; 'in words' where the row states no number), theme, publisher, source_id, note, table, key (the row's
    identifier, else its line in the file), kind (of the bodies, as KINDS has it), names (other names of the bodies,
    which are searched too). Texts, empty where there is none.
    Raises KeyError naming the tables not given.
    """
    if absent := [name for name in NEEDED if name not in tables]:
        raise KeyError(f"find needs these tables too: {', '.join(absent)}. Load them with helpers.data.load.")
    rows = pd.concat(
        [register.register(tables), register.composed({name: tables[name] for name in NEEDED}, MORE)], ignore_index=True
    )
    rows = rows.join(pd.concat([_bodies(name, tables) for name in SEARCHED], ignore_index=True))
    publishers = tables["sources"].set_index("source_id")["publisher"].astype("str")
    before = (rows["first"] + ": ").where(rows["first"] != "", "")
    what = pd.Series([what.removeprefix(who) for what, who in zip(rows["what"], before)], dtype="str")
    rows = rows.assign(
        what=_capital(what).where(what != "", rows["what"]),
        how_much=rows["figure"],
        publisher=rows["source_id"].map(publishers),
    )
    return rows[COLUMNS].astype("str").fillna("")


def _bodies(name: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Of each row of a table: whom, kind, names (see `figures`), first (the name that may stand before its words)."""
    rows, providers = without_categories(tables[name]), without_categories(tables["providers"]).set_index("provider_id")
    units = without_categories(tables["delivery_unit_inspections"]).set_index("inspection_id")["delivery_unit_id"]
    ids = rows.get("provider_ids", rows.get("provider_id"))
    if name.startswith("delivery_unit"):
        ids = rows.get("delivery_unit_id", rows["inspection_id"].map(units))
    if name == "claims":
        said = rows["speaker"] + " (" + rows["speaker_role"] + ")"
        return pd.DataFrame({"whom": said.to_numpy(), "kind": "", "names": "", "first": ""})
    if ids is None:
        return pd.DataFrame({"whom": "", "kind": "", "names": "", "first": ""}, index=range(len(rows)))
    others = without_categories(tables["other_names"]).groupby("provider_id")["name"].agg("; ".join)
    names = providers["name"] + ("; " + others.reindex(providers.index)).fillna("")
    short = providers["short_name"].where(providers["kind"] != "crc", providers["name"])
    ids = ids.reset_index(drop=True).fillna("")
    each = ids.str.split().explode()
    known = {"whom": short, "kind": providers["kind"].map(KINDS), "names": names}
    told = {
        column: each.map(words).dropna().groupby(level=0).agg(lambda texts: "; ".join(dict.fromkeys(texts)))
        for column, words in known.items()
    }
    return pd.DataFrame(told, index=ids.index).fillna("").assign(first=ids.map(short).fillna(""))


# ------------------------------------------------------------------------------------------------------- search


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: small letters without accents, numbers without commas."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(char))
    return TOKEN.findall(re.sub(r"['’]|(?<=[0-9]),(?=[0-9]{3})", "", plain))


def distances(word: str, words: list[str]) -> np.ndarray:
    """How many letters have to be put in, left out, changed or swapped with their neighbour to make each of `words`.

    Restricted Damerau-Levenshtein distance (Boytsov 2011, https://doi.org/10.1145/1963190.1963191, section 2.1), of
    all words at once.
    """
    if not words:
        return np.zeros(0, dtype=int)
    lengths = np.array([len(each) for each in words])
    letters = np.zeros((len(words), lengths.max()), dtype=np.uint32)
    for place, each in enumerate(words):
        letters[place, : len(each)] = [*map(ord, each)]
    before, row = None, np.tile(np.arange(lengths.max() + 1), (len(words), 1))
    for at, letter in enumerate(map(ord, word), start=1):
        earlier, before, row = before, row, np.empty_like(row)
        row[:, 0] = at
        for column in range(1, row.shape[1]):
            changed = before[:, column - 1] + (letters[:, column - 1] != letter)
            row[:, column] = np.minimum(np.minimum(before[:, column], row[:, column - 1]) + 1, changed)
            if at > 1 and column > 1:
                swapped = (letters[:, column - 2] == letter) & (letters[:, column - 1] == ord(word[at - 2]))
                row[swapped, column] = np.minimum(row[swapped, column], earlier[swapped, column - 2] + 1)
    return row[np.arange(len(words)), lengths]


class Finder:
    """The rows of `figures`, ready to be searched again and again.

    A word finds itself and, from two letters, the words that begin with it; a number finds itself. A word of five
    letters or more that finds nothing finds the words that are one letter off.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows
        main, rest = (rows[["what", "whom"]], rows[["when", "how_much", "theme", "publisher", "note", "names"]])
        split = [[words_of(" ".join(texts)) for texts in part.itertuples(index=False)] for part in (main, rest)]
        counts = Counter(word for part in split for words in part for word in words)
        self.vocabulary = sorted(counts, key=lambda word: (-counts[word], word))  # the most used first
        self._fields = [[f" {' '.join(words)} " for words in part] for part in split]

    def _scores(self, word: str) -> np.ndarray:
        """How well each row holds a word: 4 in what or whom, 3 beginning a word there, 2 and 1 elsewhere, 0 nowhere."""
        scores = np.zeros(len(self.rows), dtype=int)
        for texts, (whole, begins) in zip(self._fields, ((4, 3), (2, 1))):
            scores = np.maximum(scores, whole * np.array([f" {word} " in text for text in texts], dtype=bool))
            if len(word) > 1 and not word[0].isdigit():
                scores = np.maximum(scores, begins * np.array([f" {word}" in text for text in texts], dtype=bool))
        return scores

    def read(self, word: str) -> list[str]:
        """The words that a word is read as when it is searched: itself, or all that are one letter off; or none."""
        if self._scores(word).any():
            return [word]
        if len(word) < FORGIVING or any(char.isdigit() for char in word):
            return []
        near = [each for each in self.vocabulary if abs(len(each) - len(word)) < 2]
        return [each for each, distance in zip(near, distances(word, near)) if distance == 1]

    def nearest(self, word: str) -> str:
        """The known word that is nearest to one that finds nothing; empty where none is near."""
        limit = max(1, len(word) // 3)
        near = [each for each in self.vocabulary if abs(len(each) - len(word)) <= limit and not each[0].isdigit()]
        away = distances(word, near)
        return near[away.argmin()] if len(near) and away.min() <= limit else ""

    def search(self, text: str, theme: str = "", kind: str = "", publisher: str = "") -> pd.DataFrame:
        """See the function `search`."""
        scores = np.ones(len(self.rows), dtype=int)
        for word in dict.fromkeys(words_of(text)):
            found = np.maximum.reduce([self._scores(each) for each in self.read(word)] or [np.zeros_like(scores)])
            scores = np.where((scores > 0) & (found > 0), scores + found, 0)
        for column, wanted in (("theme", theme), ("publisher", publisher)):
            if wanted:
                scores = np.where(self.rows[column] == wanted, scores, 0)
        if kind:
            has = ("; " + self.rows["kind"] + "; ").str.contains(f"; {kind}; ", regex=False)
            scores = np.where(has, scores, 0)
        best = np.argsort(-scores, kind="stable")
        return self.rows.iloc[best[: (scores > 0).sum()]].reset_index(drop=True)

    def say(self, text: str, found: pd.DataFrame) -> str:
        """What a search brought, in a sentence or two: which word found nothing, and what is near."""
        words = list(dict.fromkeys(words_of(text)))
        read = {word: self.read(word) for word in words}
        told = [f"'{word}' was read as {_or(near)}." for word, near in read.items() if near and near != [word]]
        for word in (word for word, near in read.items() if not near):
            near = self.nearest(word)
            told.append(
                f"No row has '{word}'" + (f"; the nearest word is '{near}'." if near else " or a word near it.")
            )
        if len(found):
            rows = f"{len(found):,} row{'s' if len(found) > 1 else ''}"
            return " ".join([f"{rows}; the first {SHOWN} are shown." if len(found) > SHOWN else f"{rows}.", *told])
        if not all(read.values()):
            return " ".join(told)
        together = "No row has all of this under these choices." if words else "No row is left under these choices."
        counts = [f"'{word}' is in {len(self.search(word)):,}" for word in words]
        return " ".join([together, *told, *([f"Of all rows {', '.join(counts)}."] if words else [])])


def _or(words: list[str]) -> str:
    return " or ".join(f"'{word}'" for word in words)


def search(rows: pd.DataFrame, text: str, theme: str = "", kind: str = "", publisher: str = "") -> pd.DataFrame:
    """The rows of `figures` that hold all words of a text, in any order, and pass the filters; the best first.

    Case and accents do not count. The rules for words are those of `Finder`. First come rows with the words in `what`
    and `whom`, as whole words. Without words all rows pass. A filter that is empty filters nothing.
    """
    return Finder(rows).search(text, theme, kind, publisher)


def shown(found: pd.DataFrame, sources: pd.DataFrame, caption: str) -> display.Html:
    """The first rows of a search as a table with links to their sources."""
    first = found.head(SHOWN)[["what", "whom", "when", "how_much", "note", "source_id"]]
    return display.table(display.with_sources(first, sources), caption)


class Search:
    """A field, two filters and the rows they find: widgets where a kernel runs, else where to find the same search.

    rows      of `figures`
    sources   the table `sources`
    """

    ELSEWHERE = (
        "Run this cell to search here. The page of this notebook on the website of the collection has the same search, "
        "which needs no Python. The tables below hold the figures by theme."
    )

    def __init__(self, rows: pd.DataFrame, sources: pd.DataFrame) -> None:
        self.finder, self.sources = Finder(rows), sources
        self._box: Any = None

    @property
    def box(self) -> Any:
        """The widgets, made when they are first asked for."""
        if self._box is None:
            import ipywidgets

            style, layout = {"description_width": "initial"}, {"width": "max-content", "max_width": "100%"}
            rows = self.finder.rows
            kinds = [kind for kind in KINDS.values() if rows["kind"].str.contains(kind, regex=False).any()]
            self.text = ipywidgets.Text(description="Search", placeholder="such as: essex unpaid work", style=style)
            self.theme, self.kind = (
                ipywidgets.Dropdown(options={first: "", **dict(zip(options, options))}, description=name, **both)
                for name, first, options, both in (
                    ("Theme", "All themes", rows["theme"].unique(), {"style": style, "layout": layout}),
                    ("Kind of body", "All kinds", kinds, {"style": style, "layout": layout}),
                )
            )
            self.said, self.table = ipywidgets.HTML(), ipywidgets.HTML()
            for widget in (self.text, self.theme, self.kind):
                widget.observe(lambda _: self._find(), names="value")
            flow = {"flex_flow": "row wrap", "grid_gap": "4px 16px"}
            controls = ipywidgets.Box([self.text, self.theme, self.kind], layout=flow)
            self._box = ipywidgets.VBox([controls, self.said, self.table])
        return self._box

    def _find(self) -> None:
        text = self.text.value
        if not (words_of(text) or self.theme.value or self.kind.value):
            self.said.value = self.table.value = ""
            return
        found = self.finder.search(text, self.theme.value, self.kind.value)
        said = display.escape(self.finder.say(text, found))
        self.said.value = f'<p role="status" aria-live="polite">{said}</p>'
        self.table.value = shown(found, self.sources, "What was found").markup if len(found) else ""

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        view = self.box._repr_mimebundle_(**options)
        view = view[0] if isinstance(view, tuple) else view
        widget = {mime: part for mime, part in view.items() if "widget-view" in mime}
        markup = f'<div class="find"><p>{display.escape(self.ELSEWHERE)}</p></div>'
        return {"text/html": markup, "text/plain": self.ELSEWHERE, **widget}
