"""Finds what the collection says in the words of a reader: every figure, rating, event, claim and sum as one row.

The page of notebook 11 searches by the same rules: helpers/publish/site/static/find.js.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers import display, drawn, register
from helpers.publish.site.figures import APOSTROPHE, COLLECTION, EMPTY_CELLS, neutral
from helpers.register import NOT_A_NUMBER, Compose, capital
from helpers.timeline import without_categories

SHOWN = 50  # hits on the screen
FORGIVING = 5  # letters from which one of a word may be wrong
COLUMNS = [
    *("what", "whom", "when", "how_much", "theme", "publisher", "source_id", "note", "table"),
    *("key", "kind", "names", "hedge", "basis", "first_year", "last_year"),
]
HEDGED = {
    "exact": "exact",
    "about": "about",
    "at_least": "at least, more than",
    "more_than": "at least, more than",
    "at_most": "at most, less than",
    "less_than": "at most, less than",
}
BASES = ("stated", "implied", "inferred")
YEAR = re.compile(r"\b(?:19|20)[0-9]{2}\b")
ALL = "No row has all of these words."
# Choice -> its label, what it is called where nothing is chosen, the column that it chooses from.
FILTERS = {
    "theme": ("Theme", "All themes", "theme"),
    "body": ("Body", "All bodies", "whom"),
    "kind": ("Kind of body", "All kinds", "kind"),
    "publisher": ("Publisher", "All publishers", "publisher"),
    "hedge": ("How exact", "Exact or not", "hedge"),
    "basis": ("Basis", "Stated or not", "basis"),
}
SEVERAL = ("body", "kind")  # of which a row may have several
PERIOD = {"since": ("From year", "Any year"), "until": ("To year", "Any year")}
BOTH = "With the bodies before and after it"
COMPILED = f"{COLLECTION}: compiled under the Open Government Licence v3.0"
LICENCES = {
    "OGL-3.0": "Open Government Licence v3.0",
    "OPL-3.0": "Open Parliament Licence v3.0",
    "facts-only": "facts only were taken",
}
TAKEN = [
    *("what", "whom", "when", "first_year", "last_year", "how_much", "hedge", "basis", "theme", "note", "chart"),
    *("source", "publisher", "address", "licence_of_source", "licence"),
]
SAID = {
    "Empty cells": EMPTY_CELLS,
    "Licence of source": "Of a document marked 'facts only were taken' nothing but facts was taken.",
    "Apostrophes": APOSTROPHE,
}
# Words of a question that are passed over where others are left.
SMALL = set(
    re.findall(
        "[a-z]+",
        "a about after an and any are as at be been before between by can could did do does during each for from "
        "had has have how i in into is it its many much of on or say than that the their them there they this to "
        "was were what when where which who whom whose why with would",
    )
)
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
        note=capital(rows["verdict"].str.replace("_", " ")) + ": " + rows["reason"],
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
        note=_joined([capital(rows["test_result"].str.replace("_", " ")) + ".", rows["finding"], rows["note"]], " "),
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
NEEDED = tuple(dict.fromkeys([*register.NEEDED, *MORE, "sources", "other_names", "divisions_and_regions"]))


def figures(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each row of the tables of SEARCHED, in their order.

    what, whom (the bodies it is of, or who made a claim; empty where a table names none), when, how_much (with hedge
    and unit; 'in words' where the row states no number), theme, publisher, source_id, note, table, key (the row's
    identifier, else its line in the file), kind (of the bodies, as KINDS has it), names (other names of the bodies,
    which are searched too), hedge (as HEDGED has it; 'in words' without a number, 'unknown'), basis (as BASES has it;
    'not recorded' where the table does not say), first_year and last_year. Texts, empty where there is none.
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
        what=capital(what).where(what != "", rows["what"]),
        how_much=rows["figure"],
        publisher=rows["source_id"].map(publishers),
        hedge=rows["qualifier"].map(HEDGED).fillna(NOT_A_NUMBER).mask(rows["figure"] == display.UNKNOWN, "unknown"),
        basis=pd.concat([_basis(tables[name]) for name in SEARCHED], ignore_index=True),
        **_years(rows),
    )
    return rows[COLUMNS].astype("str").fillna("")


def _basis(table: pd.DataFrame) -> pd.Series:
    """How each row is known, where its table says so."""
    if "status" in table:
        return table["status"].astype("str").str.endswith("_inferred").map({True: "inferred", False: "stated"})
    said = table.get("basis", table.get("date_basis", pd.Series(pd.NA, table.index, dtype="str")))
    return said.astype("str").where(said.isin(BASES), "not recorded")


def _years(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """The first and the last year of each row: of its dates, else those that its period names in words."""
    words = rows["when"].where(rows["date"].isna() & rows["date_end"].isna(), "")
    first, last = (words.str.findall(YEAR).str[at] for at in (0, -1))
    last = last.where(~words.str.contains(r"\b[0-9]{4}-[0-9]{2}\b"), (last.fillna(0).astype(int) + 1).astype("str"))
    start, end = rows["date"].fillna(rows["date_end"]), rows["date_end"].fillna(rows["date"])
    return {
        "first_year": start.dt.strftime("%Y").fillna(first),
        "last_year": end.dt.strftime("%Y").fillna(last),
    }


def bodies(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The bodies as `figures` calls them: whom, kind, related (those before and after it, with semicolons between).

    A company is followed by the region of June 2021 that its area went to, and so is a division of the NPS.
    """
    providers = without_categories(tables["providers"]).set_index("provider_id")
    mapped = without_categories(tables["divisions_and_regions"]).set_index("provider_id")["maps_to_ids"]
    crcs = providers[providers["kind"] == "crc"]["probation_region_id"]
    pairs = pd.concat([mapped[mapped.index.map(providers["kind"]) == "nps_division"], crcs]).dropna()
    pairs = pairs.str.split().explode()
    both = pd.concat([pairs, pd.Series(pairs.index, pairs.array)])
    whom = _short(providers)
    related = both.map(whom).groupby(level=0).agg(lambda names: "; ".join(dict.fromkeys(names)))
    found = pd.DataFrame({"whom": whom, "kind": providers["kind"].map(KINDS), "related": related})
    return found.reindex(providers.index).fillna("").reset_index(drop=True)


def _short(providers: pd.DataFrame) -> pd.Series:
    return providers["short_name"].where(providers["kind"] != "crc", providers["name"])


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
    short = _short(providers)
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


def singular(word: str) -> str:
    """An English plural without its ending; empty where the word does not look like one."""
    if len(word) < 4 or word[0].isdigit() or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return ""
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


class Finder:
    """The rows of `figures`, ready to be searched again and again.

    A word finds itself and, from two letters, the words that begin with it; a plural its singular as well; a number
    finds itself, a year also the rows whose period it lies in. A word of five letters or more that finds nothing finds
    the words that are one letter off. The small words of a question are passed over.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows
        main, rest = (rows[["what", "whom"]], rows[["when", "how_much", "theme", "publisher", "note", "names"]])
        split = [[words_of(" ".join(texts)) for texts in part.itertuples(index=False)] for part in (main, rest)]
        counts = Counter(word for part in split for words in part for word in words)
        self.vocabulary = sorted(counts, key=lambda word: (-counts[word], word))  # the most used first
        self._fields = [[f" {' '.join(words)} " for words in part] for part in split]
        self._known, self._scored = set(counts), {}
        self.options = {name: self._offered(name, column) for name, (_, _, column) in FILTERS.items()}

    def _offered(self, name: str, column: str) -> tuple[list[str], np.ndarray, np.ndarray]:
        """The options of a choice in their order; the rows that have one, and which one each has."""
        texts = self.rows[column]
        if name == "body":  # who made a claim is no body
            texts = texts.where(self.rows["kind"] != "", "")
        each = (texts.str.split("; ") if name in SEVERAL else texts.map(lambda text: [text])).reset_index(drop=True)
        each = each.explode()
        each = each[each != ""]
        order = {"kind": [*KINDS.values()], "hedge": [*HEDGED.values()], "basis": [*BASES]}.get(name, [])
        found = [*each.unique()] if name == "theme" else sorted(each.unique(), key=str.casefold)
        options = [*dict.fromkeys(option for option in order if option in set(found)), *found]
        options = [*dict.fromkeys(options)]
        return options, each.index.to_numpy(), pd.Index(options).get_indexer(each)

    def years(self) -> list[str]:
        """Every year from the first to the last of the rows."""
        known = self.rows[self.rows["first_year"] != ""]
        return (
            [*map(str, range(int(known["first_year"].min()), int(known["last_year"].max()) + 1))] if len(known) else []
        )

    def words(self, text: str) -> list[str]:
        """The words of a text that are searched, each once."""
        words = list(dict.fromkeys(words_of(text)))
        return [word for word in words if word not in SMALL] or words

    def _scores(self, word: str) -> np.ndarray:
        if word not in self._scored:
            self._scored[word] = self._score(word)
        return self._scored[word]

    def _score(self, word: str) -> np.ndarray:
        """How well each row holds a word: 4 in what or whom, 3 beginning a word there, 2 and 1 elsewhere, 0 nowhere.

        A word with a space behind it is looked for as a whole word only.
        """
        scores = np.zeros(len(self.rows), dtype=int)
        for texts, (whole, begins) in zip(self._fields, ((4, 3), (2, 1))):
            scores = np.maximum(scores, whole * np.array([f" {word} " in text for text in texts], dtype=bool))
            if len(word) > 1 and not word[0].isdigit():
                scores = np.maximum(scores, begins * np.array([f" {word}" in text for text in texts], dtype=bool))
        if YEAR.fullmatch(word):
            scores = np.maximum(scores, (self.rows["first_year"] <= word) & (word <= self.rows["last_year"]))
        return np.asarray(scores)

    def read(self, word: str) -> list[str]:
        """The words that a word is read as when it is searched: itself, its singular, or all that are one letter off;
        or none."""
        found = [word] if self._scores(word).any() else []
        if (one := singular(word)) in self._known:
            found.append(f"{one} ")
        if found or len(word) < FORGIVING or any(char.isdigit() for char in word):
            return found
        near = [each for each in self.vocabulary if abs(len(each) - len(word)) < 2]
        return [each for each, distance in zip(near, distances(word, near)) if distance == 1]

    def nearest(self, word: str) -> str:
        """The known word that is nearest to one that finds nothing; empty where none is near."""
        limit = max(1, len(word) // 3) if len(word) > 1 else 0
        near = [each for each in self.vocabulary if abs(len(each) - len(word)) <= limit and not each[0].isdigit()]
        away = distances(word, near)
        return near[away.argmin()] if len(near) and away.min() <= limit else ""

    def _held(self, words: list[str]) -> np.ndarray:
        """The scores of each row (across) for each word (down)."""
        nothing = np.zeros(len(self.rows), dtype=int)
        held = [np.maximum.reduce([self._scores(each) for each in self.read(word)] or [nothing]) for word in words]
        return np.array(held, dtype=int).reshape(len(words), len(self.rows))

    def _passed(self, choices: Mapping[str, str]) -> dict[str, np.ndarray]:
        """For each choice that is made, which rows pass it. Raises TypeError for a choice that there is not."""
        if unknown := set(choices) - {*FILTERS, *PERIOD}:
            known = ", ".join([*FILTERS, *PERIOD])
            raise TypeError(f"there is no choice {', '.join(sorted(unknown))}; the choices are: {known}")
        passed = {}
        for name, wanted in ((name, str(choices[name])) for name in (*FILTERS, *PERIOD) if choices.get(name)):
            if name in PERIOD:
                dated = self.rows["first_year"] != ""
                near = self.rows["last_year"] >= wanted if name == "since" else self.rows["first_year"] <= wanted
                passed[name] = (dated & near).to_numpy(bool)
                continue
            options, at, which = self.options[name]
            places = pd.Index(options).get_indexer(wanted.split("; ") if name in SEVERAL else [wanted])
            passed[name] = np.isin(np.arange(len(self.rows)), at[np.isin(which, places[places >= 0])])
        return passed

    def search(self, text: str, **choices: str) -> pd.DataFrame:
        """See the function `search`."""
        held, passed = self._held(self.words(text)), self._passed(choices)
        fits = (held > 0).all(axis=0) & self._all(passed)
        best = np.argsort(-np.where(fits, held.sum(axis=0) + 1, 0), kind="stable")
        return self.rows.iloc[best[: fits.sum()]].reset_index(drop=True)

    def nearly(self, text: str, **choices: str) -> pd.DataFrame:
        """Where no row at all holds three words or more together: the rows that hold some, the most telling first."""
        held, passed = self._held(self.words(text)), self._passed(choices)
        value = np.where(self._all(passed), self._telling(held), 0)
        best = np.argsort(-(value * 1000 + held.sum(axis=0)), kind="stable")
        return self.rows.iloc[best[: (value > 0).sum()]].reset_index(drop=True)

    def _telling(self, held: np.ndarray) -> np.ndarray:
        """What the words that each row holds weigh together, where it is more than half of what any row's do; else 0.

        A word weighs 1 where at least half of the rows hold it, and 1 more each time that half as many do. None where
        a row holds all words, or there are fewer than three.
        """
        has = held > 0
        if len(held) < 3 or has.all(axis=0).any():
            return np.zeros(len(self.rows), dtype=int)
        weights = [(len(self.rows) // max(1, int(count))).bit_length() for count in has.sum(axis=1)]
        value = np.where(has.sum(axis=0) > 1, np.array(weights) @ has, 0)
        return np.where(2 * value > value.max(), value, 0)

    def _all(self, passed: Mapping[str, np.ndarray], but: str = "") -> np.ndarray:
        rows = np.ones(len(self.rows), dtype=bool)
        return np.logical_and.reduce([rows, *(rows for name, rows in passed.items() if name != but)])

    def offers(self, text: str, **choices: str) -> dict[str, dict[str, int]]:
        """For each choice its options and how many rows each would leave, the words and the other choices kept.

        Where no row at all holds all words, the rows of `nearly` are counted.
        """
        held, passed = self._held(self.words(text)), self._passed(choices)
        fits = (held > 0).all(axis=0) | (self._telling(held) > 0)
        found = {}
        for name, (options, at, which) in self.options.items():
            left = fits & self._all(passed, but=name)
            found[name] = dict(zip(options, np.bincount(which[left[at]], minlength=len(options)).tolist()))
        return found

    def say(self, text: str, found: pd.DataFrame, **choices: str) -> str:
        """What a search brought, in a sentence or two: which word found nothing and what is near, what to leave out."""
        words = self.words(text)
        read = {word: self.read(word) for word in words}
        told = [f"'{word}' was read as {_or(near)}." for word, near in read.items() if near and near[0] != word]
        for word in (word for word, near in read.items() if not near):
            near = self.nearest(word)
            told.append(
                f"No row has '{word}'" + (f"; the nearest word is '{near}'." if near else " or a word near it.")
            )
        if any(choices.get(name) for name in PERIOD):
            rest = {name: wanted for name, wanted in choices.items() if name not in PERIOD}
            if undated := int((self.search(text, **rest)["first_year"] == "").sum()):
                told.append(f"{_rows(undated)} without a date left out.")
        if len(found):
            shown = f"; the first {SHOWN} are shown." if len(found) > SHOWN else "."
            return " ".join([_rows(len(found)) + shown, *told])
        if not words:
            told.insert(0, "No row is left under these choices.")
        elif all(read.values()):
            told.insert(0, "No row has all of this under these choices." if any(choices.values()) else ALL)
        told += self._without(words, choices)
        near = len(self.nearly(text, **choices))
        return " ".join(
            [*told, f"Shown: {_rows(near)} with some of the words, the most telling first."] if near else told
        )

    def _without(self, words: list[str], choices: Mapping[str, str]) -> list[str]:
        """How many rows there would be without one word or one choice, where there would be any."""
        scores, passed = self._held(words), self._passed(choices)
        held, left = scores > 0, {}
        if len(words) > 1 or passed:
            for place, word in enumerate(words):
                left[f"'{word}'"] = np.delete(held, place, axis=0).all(axis=0) & self._all(passed)
        for name in passed:
            label = {**FILTERS, **PERIOD}[name][0]
            fits = held.all(axis=0) | (self._telling(scores) > 0)
            left[f"{label}: {choices[name]}"] = fits & self._all(passed, but=name)
        told = [f"{_rows(rows.sum())} without {what}" for what, rows in left.items() if rows.any()]
        return ["There would be: " + "; ".join(told) + "."] if told else []


def _or(words: list[str]) -> str:
    return " or ".join(f"'{word.strip()}'" for word in words)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"


def search(rows: pd.DataFrame, text: str, **choices: str) -> pd.DataFrame:
    """The rows of `figures` that hold all words of a text, in any order, and pass the choices; the best first.

    Choices: theme, body (as whom has it; several with semicolons between), kind, publisher, hedge, basis, since and
    until (years: rows whose period lies there at least in part). What is empty chooses nothing. Case and accents do
    not count; the rules for words are those of `Finder`. First come rows with the words in `what` and `whom`, as whole
    words. Without words all rows pass. Raises TypeError for a choice that there is not.
    """
    return Finder(rows).search(text, **choices)


def charted(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The rows of `figures` with the column chart: notebook and title of the chart that draws a row, where one does."""
    charts = drawn.charts()
    found = drawn.of_rows(rows, tables, charts)
    names = [*map(drawn.name, charts), ""]  # -1 stands for no chart
    return rows.assign(chart=[names[place] for place in found["figure"]])


def taken(found: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """What is found as it is taken away: one row each, with source, publisher, address and licence in words.

    A text that a spreadsheet would run as a formula has an apostrophe in front (see APOSTROPHE in
    helpers/publish/site/figures.py).
    """
    known = credited(sources).rename(columns={"title": "source"}).drop(columns="publisher")
    rows = found.merge(known, how="left", on="source_id").assign(licence=COMPILED)
    return rows.reindex(columns=TAKEN).fillna("").map(display.plain).map(neutral)


def credited(sources: pd.DataFrame) -> pd.DataFrame:
    """Of each source: source_id, title, publisher, address (empty where none is known), licence_of_source in words."""
    known = without_categories(sources)
    return known.assign(
        address=known["url"].where(known["url_kind"] != "none").fillna(""),
        licence_of_source=known["licence"].map(LICENCES),
    )[["source_id", "title", "publisher", "address", "licence_of_source"]]


def save(found: pd.DataFrame, sources: pd.DataFrame, path: str | Path, asked: str = "") -> Path:
    """Writes what was found as CSV, or as a workbook that also says what was `asked`; an older file is replaced.

    Raises ValueError for a name that ends neither in .csv nor in .xlsx.
    """
    path, rows = Path(path), taken(found, sources)
    if path.suffix == ".csv":
        rows.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
    elif path.suffix == ".xlsx":
        about = {"Searched for": asked, "Rows": str(len(rows)), "Licence": COMPILED, **SAID}
        with pd.ExcelWriter(path, engine="openpyxl") as book:
            rows.to_excel(book, sheet_name="found", index=False, freeze_panes=(1, 0))
            told = pd.DataFrame({"about": about.keys(), "": map(neutral, map(display.plain, about.values()))})
            told.to_excel(book, sheet_name="about", index=False)
    else:
        raise ValueError(f"{path}: the name says which kind of file; end it in .csv or .xlsx")
    return path


def shown(found: pd.DataFrame, sources: pd.DataFrame, caption: str) -> display.Html:
    """The first rows of a search as a table with links to their sources."""
    names = ["what", "whom", "when", "how_much", "note", *(["chart"] if "chart" in found else []), "source_id"]
    return display.table(display.with_sources(found.head(SHOWN)[names].replace({"chart": {"": "–"}}), sources), caption)


class Search:
    """A field, choices and the rows they find: widgets where a kernel runs, else where to find the same search.

    rows     of `figures`
    tables   those that the rows were made of
    found    the rows on the screen and all that follow: a DataFrame
    """

    ELSEWHERE = (
        "Run this cell to search here. The page of this notebook on the website of the collection has the same search, "
        "which needs no Python. The tables below hold the figures by theme."
    )

    def __init__(self, rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> None:
        self._rows, self._tables, self.sources = rows, tables, tables["sources"]
        self.found, self._box, self._busy = rows.iloc[:0], None, False

    @property
    def box(self) -> Any:
        """The widgets, made when they are first asked for."""
        if self._box is None:
            import ipywidgets

            self.finder = Finder(charted(self._rows, self._tables))
            related = bodies(self._tables).set_index("whom")["related"]
            self._related = related[related != ""].to_dict()
            style, layout = {"description_width": "initial"}, {"width": "max-content", "max_width": "100%"}
            self.text = ipywidgets.Text(description="Search", placeholder="such as: essex unpaid work", style=style)
            years = self.finder.years()
            self.choices = {
                name: ipywidgets.Dropdown(
                    options=[(every, ""), *((year, year) for year in years if name in PERIOD)],
                    **{"description": label, "style": style, "layout": layout},
                )
                for name, (label, every, *_) in {**FILTERS, **PERIOD}.items()
            }
            self.both = ipywidgets.Checkbox(description=BOTH, indent=False, layout={**layout, "display": "none"})
            buttons = [ipywidgets.Button(description=f"Save as {kind}", layout=layout) for kind in ("CSV", "xlsx")]
            for button, name in zip(buttons, ("found.csv", "found.xlsx")):
                button.on_click(lambda _, name=name: self._saved(name))
            self.said, self.table = ipywidgets.HTML(), ipywidgets.HTML()
            for widget in (self.text, self.both, *self.choices.values()):
                widget.observe(lambda _: self._find(), names="value")
            flow = {"flex_flow": "row wrap", "grid_gap": "4px 16px"}
            controls = ipywidgets.Box([self.text, *self.choices.values(), self.both, *buttons], layout=flow)
            self._box = ipywidgets.VBox([controls, self.said, self.table])
            self._find()
        return self._box

    def chosen(self) -> dict[str, str]:
        """The choices that are made, as `search` takes them."""
        chosen = {name: widget.value for name, widget in self.choices.items() if widget.value}
        body = chosen.get("body", "")
        return (
            {**chosen, "body": f"{body}; {self._related[body]}"}
            if self.both.value and body in self._related
            else chosen
        )

    def save(self, path: str | Path) -> Path:
        """Writes what was found last beside the notebook: see the function `save`."""
        labels = {name: label for name, (label, *_) in {**FILTERS, **PERIOD}.items()}
        asked = [self.text.value, *(f"{labels[name]}: {what}" for name, what in self.chosen().items())]
        return save(self.found, self.sources, path, "; ".join(filter(None, asked)))

    def _saved(self, name: str) -> None:
        if len(self.found):
            self._say(f"{_rows(len(self.found))} written to {self.save(name)}, beside this notebook.")
        else:
            self._say("There is nothing to write: no row was found.")

    def _say(self, text: str) -> None:
        self.said.value = f'<p role="status" aria-live="polite">{display.escape(text)}</p>'

    def _find(self) -> None:
        if self._busy:
            return
        self._busy = True  # what follows sets widgets that would ask for it again
        text, chosen = self.text.value, self.chosen()
        asked = bool(words_of(text) or chosen)
        related = self._related.get(self.choices["body"].value, "")
        self.both.layout.display = "" if related else "none"
        self.both.tooltip = related
        self._offer(self.finder.offers(text, **chosen))
        self._busy = False
        self.found = self.finder.search(text, **chosen) if asked else self.finder.rows.iloc[:0]
        if not asked:
            self.said.value = self.table.value = ""
            return
        self._say(self.finder.say(text, self.found, **chosen))
        if self.found.empty:
            self.found = self.finder.nearly(text, **chosen)
        self.table.value = shown(self.found, self.sources, "What was found").markup if len(self.found) else ""

    def _offer(self, offers: Mapping[str, Mapping[str, int]]) -> None:
        """Only options that leave something are offered, each with how many rows; all where none does."""
        for name, counts in offers.items():
            widget = self.choices[name]
            value = widget.value
            left = {option: f"{option} ({count:,})" for option, count in counts.items() if count or option == value}
            if not any(counts.values()):
                left = {option: option for option in counts}
            options = ((FILTERS[name][1], ""), *((label, option) for option, label in left.items()))
            if widget.options != options:
                widget.options = options
                widget.value = value

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        markup = f'<div class="find"><p>{display.escape(self.ELSEWHERE)}</p></div>'
        return display.with_widget({"text/html": markup, "text/plain": self.ELSEWHERE}, self.box, **options)
