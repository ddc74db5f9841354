"""What the public record implies about every rating by standard, all published sentences taken together.

Each sentence is a row of `statements` and a linear constraint on unknowns x[service, standard, band] in {0, 1} with
one band for each standard of a service. Standards of a service that no statement tells apart are interchangeable, so
the ways in which a service can have its bands are few and are listed; `scipy.optimize.milp` joins the services where
a statement counts several. All bounds are exact. Points and thresholds are those of a `ratings.ScoringRule`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from helpers import data, ratings
from helpers.ratings import BANDS, DEFAULT_RULE, ScoringRule, compositions, total_points

TABLES = (
    *("ratings", "providers", "standards", "band_profiles", "band_distribution", "league_points"),
    *("service_sets", "statements"),
)
BASES = ("stated", "implied", "inferred")
# points: the unofficial league table of 2019; overall: the rule from points to the overall band, an assumption.
GROUPS = (*BASES, "points", "overall")
USED = (*BASES, "overall")
MEASURES = {
    "points": "mean points of a service",
    "standards_good": "share of standard ratings that are Good or Outstanding",
    "share_of_points": "share of services at or above a chosen share of all points",
}
_LEAGUE = ScoringRule(3, 2, 1, 0)  # the scale of the league table, whatever scale the reader chooses
_COLUMNS = [
    *("statement_id", "table", "round", "basis", "assumes", "measure", "provider_ids", "standards", "bands", "scope"),
    *("scale", "total", "lowest", "highest", "source_id", "note"),
]
_LET_GO = ("inferred", "points", "overall", "implied", "stated")
_SMALL = 1e-6


class Contradiction(ValueError):
    """Statements that cannot all be true. `statement_ids` is a set of which none can be left out."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.statement_ids = rows["statement_id"].tolist()
        lines = [f"  {row.statement_id} ({row.table}.csv, {row.source_id})" for row in rows.itertuples()]
        super().__init__(
            f"These {len(lines)} statements contradict each other; correct one, or leave one out:\n" + "\n".join(lines)
        )

    def _render_traceback_(self) -> list[str]:
        # IPython shows these lines instead of a traceback: the fault is in the record, not in the calling code.
        return f"Contradiction: {self}".split("\n")


# The statements


def cells(tables: Mapping[str, pd.DataFrame], round: str) -> pd.DataFrame:
    """Every rating by standard that a round gave, read or not.

    Columns: provider_id, name, service_type {NPS, CRC}, standard, standard_name.
    """
    grid = ratings.rating_grid(tables["ratings"], tables["providers"], tables["standards"], round)
    grid = grid[(grid["standard"] != "overall") & (grid["band"] != ratings.NOT_APPLICABLE)]
    return grid[["provider_id", "name", "service_type", "standard", "standard_name"]].reset_index(drop=True)


def statements(
    tables: Mapping[str, pd.DataFrame],
    round: str,
    use: Collection[str] = USED,
    rule: ScoringRule = DEFAULT_RULE,
) -> pd.DataFrame:
    """Everything published that bounds ratings by standard in a round, one statement a row.

    `use` names the groups of GROUPS to take in. Derived from ratings (each band, and each overall band through the
    thresholds of `rule`), band_profiles, band_distribution, league_points and statements.
    Columns: statement_id, table, round, basis {stated, implied, inferred}, assumes (points, overall or nothing),
    measure {ratings: how many lie in the bands; points: total of a service; services: how many have exactly `total`
    points; place: first by points}, provider_ids, standards (lists with spaces), bands (list with semicolons), scope
    {together, each}, scale (points of the four bands), total, lowest, highest (empty: no limit), source_id, note.
    Raises ValueError for an unknown group and DataError naming every row of statements that cannot be meant.
    """
    if unknown := sorted(set(use) - set(GROUPS)):
        raise ValueError(f"use: {', '.join(unknown)} must be among {', '.join(GROUPS)}")
    of_round = cells(tables, round)
    parts = [
        _of_ratings(tables, round),
        _of_overall(tables, round, of_round, rule, use),
        _of_profiles(tables, round, of_round),
        _of_distribution(tables, round, of_round, use),
        _of_league(tables, round, of_round),
        _of_sentences(tables, round, of_round),
    ]
    rows = pd.DataFrame([row for part in parts for row in part], columns=_COLUMNS)
    used = rows["basis"].isin(use) & rows["assumes"].isin(["", *use])
    rows[["total", "lowest", "highest"]] = rows[["total", "lowest", "highest"]].astype(float)
    return rows[used].reset_index(drop=True)


def _row(statement_id: str, table: str, source: object, **given: object) -> dict[str, object]:
    """A row of `statements`, of which most says how many ratings lie in some bands, together."""
    usual = {"basis": "stated", "assumes": "", "measure": "ratings", "bands": "", "scope": "together", "scale": ""}
    row = dict.fromkeys(_COLUMNS) | usual | {"statement_id": statement_id, "table": table, "round": source.round}
    note = "" if pd.isna(source.note) else str(source.note)
    return row | {"total": np.nan, "source_id": str(source.source_id), "note": note} | given


def _of_ratings(tables: Mapping[str, pd.DataFrame], round: str) -> list[dict]:
    rows = tables["ratings"].query("round == @round and standard != 'overall'")
    return [
        _row(f"ratings:{r.provider_id}:{r.standard}", "ratings", r, basis=r.basis, provider_ids=r.provider_id,
             standards=str(r.standard), bands=r.band, lowest=1, highest=1)
        for r in rows.itertuples()
    ]  # fmt: skip


def _of_overall(
    tables: Mapping[str, pd.DataFrame], round: str, of_round: pd.DataFrame, rule: ScoringRule, use: Collection[str]
) -> list[dict]:
    """Overall bands through the thresholds; for services without one the only band that the official count leaves."""
    named = tables["ratings"].query("round == @round and standard == 'overall'")
    used = named[named["basis"].isin(use)]
    found = [
        _in_band(r, f"ratings:{r.provider_id}:overall", "ratings", r.provider_id, of_round, rule, basis=r.basis)
        for r in named.itertuples()
    ]
    kind = of_round.groupby("provider_id", sort=False)["service_type"].first()
    full = tables["band_distribution"].query("round == @round and standard == 'overall' and coverage == 'full_round'")
    for service_type, official in full.groupby(full["service_type"].astype(str)):
        taken = used.loc[used["provider_id"].map(kind) == service_type, "band"].value_counts()
        left = official[official["services"] > official["band"].map(taken).astype("Int64").fillna(0)]
        without = [who for who in kind.index[kind == service_type] if who not in set(used["provider_id"])]
        if len(left) == 1 and without:
            r = next(left.itertuples())
            name = f"band_distribution:overall:{_slug(r.band)}"
            found.append(_in_band(r, name, "band_distribution", " ".join(without), of_round, rule))
    return found


def _in_band(
    source: object, name: str, table: str, who: str, of_round: pd.DataFrame, rule: ScoringRule, basis: str = "stated"
) -> dict:
    """That services of one type have totals that give them an overall band."""
    codes = _codes(of_round)[who.split()[0]]
    totals = total_points(compositions(len(codes.split())), rule)
    fit = totals[rule.band_index(totals) == BANDS.index(source.band)]
    ends = (fit.min(), fit.max()) if len(fit) else (totals.max() + 1, totals.max() + 1)  # no total has the band
    return _row(name, table, source, basis=basis, assumes="overall", measure="points", provider_ids=who,
                standards=codes, scope="each", scale=_scale(rule), lowest=ends[0], highest=ends[1])  # fmt: skip


def _of_profiles(tables: Mapping[str, pd.DataFrame], round: str, of_round: pd.DataFrame) -> list[dict]:
    codes, found = _codes(of_round), []
    for r in tables["band_profiles"].query("round == @round").itertuples():
        for band in BANDS:
            count = getattr(r, _slug(band).replace("-", "_"))
            if not pd.isna(count):
                found.append(
                    _row(f"band_profiles:{r.provider_id}:{_slug(band)}", "band_profiles", r, provider_ids=r.provider_id,
                         standards=codes[r.provider_id], bands=band, lowest=count, highest=count)
                )  # fmt: skip
    return found


def _of_distribution(
    tables: Mapping[str, pd.DataFrame], round: str, of_round: pd.DataFrame, use: Collection[str]
) -> list[dict]:
    """The interim counts: exact over the set they count, or, if that is not used, a lower limit over all services."""
    found = []
    for r in tables["band_distribution"].query("round == @round and coverage == 'interim'").itertuples():
        name = f"band_distribution:{r.standard}:{_slug(r.band)}"
        members, basis = _members(tables["service_sets"], r.set_id)
        if basis in use:
            found.append(
                _row(name, "band_distribution", r, basis=basis, provider_ids=" ".join(members),
                     standards=str(r.standard), bands=r.band, lowest=r.services, highest=r.services)
            )  # fmt: skip
            continue
        kinds = str(r.service_type).split(" and ")
        rated = of_round[of_round["service_type"].isin(kinds) & (of_round["standard"] == str(r.standard))]
        others = ";".join(band for band in BANDS if band != r.band)
        for ending, bands, count in (("", r.band, r.services), (":others", others, r.of - r.services)):
            found.append(
                _row(name + ending, "band_distribution", r, provider_ids=" ".join(rated["provider_id"]),
                     standards=str(r.standard), bands=bands, lowest=count, highest=np.nan)
            )  # fmt: skip
    return found


def _of_league(tables: Mapping[str, pd.DataFrame], round: str, of_round: pd.DataFrame) -> list[dict]:
    """Exact totals. One without a provider is the lowest of the other CRCs whose reports were out by its date."""
    codes, table = _codes(of_round), tables["league_points"].assign(round=round)
    start = tables["ratings"].query("round == @round and standard == 'overall'").set_index("provider_id")["date"]
    crcs = of_round.loc[of_round["service_type"] == "CRC", "provider_id"].unique()
    crcs = [crc for crc in crcs if crc not in set(table["provider_id"].dropna())]
    found = []
    for r in table[table["qualifier"] == "exact"].itertuples():
        same = {"assumes": "points", "scale": _scale(_LEAGUE)}
        name = f"league_points:{r.league_points_id}"
        certain = set(ratings.published_by(tables["ratings"], round, r.date))
        if not pd.isna(r.provider_id):
            if r.provider_id in certain:
                found.append(
                    _row(name, "league_points", r, **same, measure="points", provider_ids=r.provider_id,
                         standards=codes[r.provider_id], lowest=r.points, highest=r.points)
                )  # fmt: skip
            continue
        out = [crc for crc in crcs if crc in certain]
        may_be_out = [crc for crc in crcs if pd.isna(start.get(crc)) or start[crc] <= r.date]
        if not out:
            continue
        same |= {"standards": codes[out[0]]}
        found += [
            _row(name, "league_points", r, **same, measure="points", provider_ids=" ".join(out), scope="each",
                 lowest=r.points, highest=np.nan),
            _row(f"{name}:one", "league_points", r, **same, measure="services", provider_ids=" ".join(may_be_out),
                 total=r.points, lowest=1, highest=np.nan),
        ]  # fmt: skip
    return found


def _of_sentences(tables: Mapping[str, pd.DataFrame], round: str, of_round: pd.DataFrame) -> list[dict]:
    """The rows of statements. Raises DataError naming every row that cannot be meant."""
    codes, found, problems = _codes(of_round), [], []
    for r in tables["statements"].query("round == @round").itertuples():
        members, basis = _members(tables["service_sets"], r.set_id)
        who = members if not pd.isna(r.set_id) else str(r.provider_ids).split()
        limits = {
            "lowest": r.number if r.relation != "at_most" else np.nan,
            "highest": r.number if r.relation != "at_least" else np.nan,
        }
        given = {"provider_ids": " ".join(who), "standards": str(r.standards), "measure": str(r.measure)}
        if r.measure == "place":
            given |= {"assumes": "points", "scale": _scale(_LEAGUE)}
        else:
            given |= {"bands": str(r.bands), "scope": str(r.scope)}
        basis = max(str(r.basis), basis, key=BASES.index)
        for column, value, rule, fix in _faults(r, who, codes):
            problems.append(data.Problem("data/ratings/statements.csv", r.Index + 2, column, str(value), rule, fix))
        found.append(_row(f"statements:{r.statement_id}", "statements", r, basis=basis, **given, **limits))
    if problems:
        raise data.DataError(problems)
    return found


def _faults(row: tuple, who: Sequence[str], codes: Mapping[str, str]) -> list[tuple[str, object, str, str]]:
    """What cannot be meant in a row of statements: column, value, rule, what to do."""
    faults = []
    where = "provider_ids" if pd.isna(row.set_id) else "set_id"
    asked = str(row.standards).split()
    lost = [provider for provider in who if provider not in codes] or ([] if len(who) else [row.set_id])
    if lost:
        rule = f"must name services inspected in {row.round}"
        faults.append((where, " ".join(map(str, lost)), rule, "Correct the service or the round"))
    for provider in who:
        if wrong := sorted(set(asked) - set(codes.get(provider, " ".join(asked)).split())):
            faults.append(
                ("standards", " ".join(wrong), f"must be standards that {provider} was rated on", "Correct the list")
            )
    if row.measure == "place":
        whole = len(who) == 1 and asked == codes.get(who[0], "").split()
        if row.number != 1 or row.relation != "exactly" or not whole:
            rule = "must be exactly 1, for one service on all its standards: no other place can be used"
            faults.append(("number", row.number, rule, "Leave the sentence out"))
        return faults
    if wrong := sorted(set(str(row.bands).split(";")) - set(BANDS)):
        faults.append(("bands", ";".join(wrong), f"must be among {', '.join(BANDS)}", "Correct the band"))
    most = len(asked) * (len(who) if row.scope == "together" else 1)
    if not 0 <= row.number <= most:
        faults.append(
            ("number", row.number, f"must be from 0 to {most}, the number of ratings counted", "Check the sentence")
        )
    return faults


def _members(sets: pd.DataFrame, set_id: object) -> tuple[list[str], str]:
    """The services of a set and the weakest basis on which one is in it; nobody and nothing without a set."""
    if pd.isna(set_id):
        return [], "stated"
    rows = sets[sets["set_id"] == set_id]
    return rows["provider_id"].tolist(), max(rows["basis"].astype(str), key=BASES.index, default="stated")


def _codes(of_round: pd.DataFrame) -> dict[str, str]:
    """The standards of each service, as a list with spaces."""
    return of_round.groupby("provider_id", sort=False)["standard"].agg(" ".join).to_dict()


def _slug(band: str) -> str:
    return band.lower().replace(" ", "-")


def _scale(rule: ScoringRule) -> str:
    return " ".join(f"{points:.12g}" for points in rule.points)


# What they imply


def cell_bands(of_round: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The bands that each rating can still have, from `cells` and `statements`.

    Adds to the columns of `cells`: bands (those possible, list with semicolons), possible (how many), status
    {read: a row of ratings gives the band; implied: one band is left; narrowed: two or three; open: all four},
    statement_ids (why: a set of which none can be left out, list with spaces; empty where open).
    Raises Contradiction.
    """
    record = _solved(of_round, rows)
    given = rows[(rows["table"] == "ratings") & (rows["measure"] == "ratings")]
    read = dict(zip(zip(given["provider_ids"], given["standards"]), given["statement_id"]))
    found = []
    for service in record.services:
        for kind, members in enumerate(service.kinds):
            possible = record.possible(service, kind)
            first = of_round.iloc[members[0]]
            named = read.get((first["provider_id"], first["standard"]))
            status = ("implied", "narrowed", "narrowed", "open")[possible.sum() - 1] if named is None else "read"
            why = [named] if named else [] if possible.all() else record.why(service, members[0], possible)
            bands = ";".join(np.array(BANDS)[possible])
            found += [(cell, bands, possible.sum(), status, " ".join(why)) for cell in members]
    columns = ["cell", "bands", "possible", "status", "statement_ids"]
    return of_round.reset_index(drop=True).join(pd.DataFrame(found, columns=columns).set_index("cell"))


def totals(of_round: pd.DataFrame, rows: pd.DataFrame, rule: ScoringRule = DEFAULT_RULE) -> pd.DataFrame:
    """The lowest and highest total, number of good standards, and rank of each service.

    Columns: provider_id, name, service_type, standards, lowest, highest (points of `rule`), good_lowest,
    good_highest (standards that are Good or Outstanding), best_rank, worst_rank (1 is the highest total; services
    with equal totals share a rank). Each bound is reached in some reading of the record as a whole.
    Raises Contradiction.
    """
    record = _solved(of_round, rows)
    columns = ["provider_id", "name", "service_type"]
    table = of_round.groupby(columns, sort=False).size().rename("standards").reset_index()
    points = [total_points(service.tally, rule) for service in record.services]
    for name, values in (("", points), ("good_", [service.tally[:, :2].sum(axis=1) for service in record.services])):
        ends = [record.ends(place, values[place]) for place in range(len(values))]
        table[[f"{name}lowest", f"{name}highest"]] = ends
    table[["best_rank", "worst_rank"]] = record.ranks(points)
    whole = ["good_lowest", "good_highest", "best_rank", "worst_rank"]
    return table.astype(dict.fromkeys(whole, int))


def gap(
    of_round: pd.DataFrame,
    rows: pd.DataFrame,
    rule: ScoringRule = DEFAULT_RULE,
    measure: str = "points",
    share_of_points: float = 0.5,
) -> pd.DataFrame:
    """The lowest and highest value of a measure for the NPS and the CRCs, and of the NPS less the CRCs.

    `measure` is a key of MEASURES; `share_of_points` (0 to 1) applies to share_of_points only.
    Columns: measure, body {NPS, CRC, Gap}, lowest, highest (points, or proportions). Each bound is reached in some
    reading of the record as a whole, so the gap can be narrower than the two ranges allow.
    Raises Contradiction, and ValueError for an unknown measure or a round without one of the two types.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure {measure!r} is not one of {', '.join(MEASURES)}")
    record = _solved(of_round, rows)
    kinds = of_round.groupby("provider_id", sort=False)["service_type"].first().to_numpy()
    if missing := {"NPS", "CRC"} - set(kinds):
        raise ValueError(f"cells: no service of type {', '.join(sorted(missing))}, so there is no gap")
    size = np.array([service.tally[0].sum() for service in record.services], dtype=float)
    values = []
    for service, standards in zip(record.services, size):
        if measure == "standards_good":
            values.append(service.tally[:, :2].sum(axis=1))
            continue
        points = total_points(service.tally, rule)
        least, most = rule.inadequate * standards, rule.outstanding * standards
        mark = least + share_of_points * (most - least) - 1e-9
        values.append(points if measure == "points" else points >= mark)
    weights = size if measure == "standards_good" else np.ones(len(size))
    share = {kind: (kinds == kind) / weights[kinds == kind].sum() for kind in ("NPS", "CRC")}
    share["Gap"] = share["NPS"] - share["CRC"]
    found = [(measure, body, *record.sum_ends(values, share[body])) for body in share]
    return pd.DataFrame(found, columns=["measure", "body", "lowest", "highest"])


def contradiction(of_round: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """The ids of statements that cannot all be true, none of which can be left out; [] if there are none.

    Found by a deletion filter that lets go of what is inferred first and of what is stated last.
    Method: Chinneck (2008), Feasibility and Infeasibility in Optimization.
    """
    try:
        _solved(of_round, rows)
    except Contradiction as found:
        return found.statement_ids
    return []


# Working parts


@dataclass(frozen=True)
class _Part:
    """A statement as one constraint; one that speaks of each service is a part for each."""

    name: str
    weight: int  # how soon the deletion filter lets go of it
    measure: str
    cells: tuple[int, ...]  # in the order of services
    services: tuple[int, ...]
    bands: tuple[bool, ...] = ()
    scale: tuple[float, ...] = ()
    total: float = np.nan
    lowest: float = -np.inf
    highest: float = np.inf
    sizes: tuple[int, ...] = ()  # how many cells of each service, where totals are compared

    @property
    def local(self) -> bool:
        """Whether it concerns services one by one."""
        return len(self.services) == 1 and self.measure in ("ratings", "points")


@dataclass
class _Service:
    """The ways in which one service can have its bands: how many standards of each kind lie in each band."""

    place: int
    kinds: list[np.ndarray]  # positions of the cells that no statement tells apart
    ways: np.ndarray  # ways x kinds x bands
    joint: np.ndarray  # ways x statements that join services: what the way adds to each

    @cached_property
    def tally(self) -> np.ndarray:
        """Standards in each band, one row a way."""
        return self.ways.sum(axis=1, dtype=int)


def _solved(of_round: pd.DataFrame, rows: pd.DataFrame) -> _Record:
    """The record solved, from memory if the same was asked before. Raises Contradiction."""
    places = tuple(zip(of_round["provider_id"], of_round["standard"]))
    plain = rows[_COLUMNS].astype(object)
    found = _solve(places, _parts(places, plain.where(plain.notna(), None)))
    if isinstance(found, list):
        raise Contradiction(rows[rows["statement_id"].isin(found)])
    return found


def _parts(places: tuple[tuple[str, str], ...], rows: pd.DataFrame) -> tuple[_Part, ...]:
    """The statements as constraints. Raises ValueError naming every statement on what is not there."""
    order = {provider: place for place, provider in enumerate(dict.fromkeys(provider for provider, _ in places))}
    at = {key: cell for cell, key in enumerate(places)}
    of = {provider: tuple(at[key] for key in places if key[0] == provider) for provider in order}
    found, lost = [], []
    for r in rows.itertuples():
        who, standards = r.provider_ids.split(), r.standards.split()
        weight = _LET_GO.index(r.basis if r.assumes == "" or r.basis == "inferred" else r.assumes)
        unknown = [f"{provider} {code}" for provider in who for code in standards if (provider, code) not in at]
        unknown += [band for band in r.bands.split(";") if band and band not in BANDS]
        if (r.measure in ("ratings", "points") and unknown) or not set(who) <= set(order):
            lost.append(f"{r.statement_id}: {', '.join(unknown) or r.provider_ids}")
            continue
        common = {"name": r.statement_id, "weight": weight, "measure": r.measure}
        common["lowest"] = -np.inf if r.lowest is None else float(r.lowest)
        common["highest"] = np.inf if r.highest is None else float(r.highest)
        common["scale"] = tuple(float(points) for points in r.scale.split())
        if r.measure == "ratings":
            common["bands"] = tuple(band in r.bands.split(";") for band in BANDS)
            for group in [[provider] for provider in who] if r.scope == "each" else [who]:
                these = tuple(at[provider, standard] for provider in group for standard in standards)
                found.append(_Part(cells=these, services=tuple(order[provider] for provider in group), **common))
        elif r.measure == "points":
            found += [_Part(cells=of[provider], services=(order[provider],), **common) for provider in who]
        else:
            if r.measure == "place":
                who += [provider for provider in order if provider not in who]
            common["sizes"] = tuple(len(of[provider]) for provider in who)
            common["total"] = np.nan if r.total is None else float(r.total)
            these = tuple(cell for provider in who for cell in of[provider])
            found.append(_Part(cells=these, services=tuple(order[provider] for provider in who), **common))
    if lost:
        raise ValueError("statements on what is no rating of cells, or no band:\n" + "\n".join(lost))
    return tuple(found)


@lru_cache(maxsize=64)
def _solve(places: tuple[tuple[str, str], ...], parts: tuple[_Part, ...]) -> _Record | list[str]:
    """The record solved, or the ids of a smallest set of statements that contradict each other."""
    of: dict[str, list[int]] = {}
    for cell, (provider, _) in enumerate(places):
        of.setdefault(provider, []).append(cell)
    counted = [part for part in parts if part.measure == "ratings"]
    joint = [part for part in parts if part.measure == "services" or (part in counted and not part.local)]
    joint = [part for part in joint if not _settles(part)]
    touching: list[list[int]] = [[] for _ in places]
    for number, part in enumerate(counted):
        for cell in part.cells:
            touching[cell].append(number)
    services = []
    for place, members in enumerate(of.values()):
        alone = [part for part in parts if part.local and part.services == (place,)]
        services.append(_service(place, members, touching, counted, alone, joint))
    broken = [service.place for service in services if not len(service.ways)]
    if broken:
        on = [[p for p in parts if p.services == (place,)] for place in broken]
        on = [some for some in on if not _consistent(some)] or [parts]
        return min((_irreducible(some, lambda few: not _consistent(few)) for some in on), key=len)
    record = _Record(parts, services, joint, [part for part in parts if part.measure == "place"])
    return record if record.branches else _irreducible(parts, lambda few: not _consistent(few))


def _settles(part: _Part) -> bool:
    """Whether it only says that all its ratings lie in its bands, or that none does."""
    if part.measure != "ratings":
        return False
    everything = len(part.cells)
    return part.lowest == everything <= part.highest or part.highest == 0 >= part.lowest


def _service(
    place: int,
    members: list[int],
    touching: list[list[int]],
    counted: list[_Part],
    alone: list[_Part],
    joint: list[_Part],
) -> _Service:
    groups: dict[tuple[int, ...], list[int]] = {}
    for cell in members:
        groups.setdefault(tuple(touching[cell]), []).append(cell)
    kinds = [np.array(group) for group in groups.values()]
    sizes = []
    for numbers, group in groups.items():
        allowed = np.ones(len(BANDS), dtype=bool)
        for part in (counted[number] for number in numbers):
            if _settles(part):
                allowed &= np.array(part.bands) == (part.highest != 0)
        sizes.append((len(group), tuple(allowed.tolist())))

    def within(part: _Part) -> tuple[int, ...]:
        return tuple(kind for kind, group in enumerate(kinds) if group[0] in part.cells)

    limits = [p for p in alone if p.measure == "ratings" and not _settles(p)]
    ways = _ways(
        tuple(sizes),
        tuple((within(part), part.bands, part.lowest, part.highest) for part in limits),
        tuple((part.scale, part.lowest, part.highest) for part in alone if part.measure == "points"),
    )
    adds = np.zeros((len(ways), len(joint)), dtype=int)
    for column, part in enumerate(joint):
        if place in part.services:
            if part.measure == "ratings":
                adds[:, column] = ways[:, list(within(part))][:, :, list(part.bands)].sum(axis=(1, 2))
            else:
                adds[:, column] = np.abs(ways.sum(axis=1) @ np.array(part.scale) - part.total) < _SMALL
    return _Service(place, kinds, ways, adds)


@lru_cache(maxsize=512)
def _ways(sizes: tuple, limits: tuple, points: tuple) -> np.ndarray:
    """Every way to share out standards of several kinds over the bands: ways x kinds x bands.

    `sizes`: how many there are of each kind, and the bands allowed; `limits`: kinds, bands, lowest, highest;
    `points`: scale, lowest, highest.
    """
    ways = np.zeros((1, 0, len(BANDS)), dtype=np.int8)
    for kind, (size, allowed) in enumerate(sizes):
        new = compositions(size)
        new = new[(new[:, ~np.array(allowed)] == 0).all(axis=1)].astype(np.int8)
        ways = np.concatenate(
            [np.repeat(ways, len(new), axis=0), np.tile(new, (len(ways), 1))[:, None, :]], axis=1, dtype=np.int8
        )
        for kinds, bands, _, highest in limits:
            if kind in kinds:
                so_far = [k for k in kinds if k <= kind]
                ways = ways[ways[:, so_far][:, :, list(bands)].sum(axis=(1, 2)) <= highest]
    for kinds, bands, lowest, _ in limits:
        ways = ways[ways[:, list(kinds)][:, :, list(bands)].sum(axis=(1, 2)) >= lowest]
    for scale, lowest, highest in points:
        total = ways.sum(axis=1) @ np.array(scale)
        ways = ways[(total >= lowest - _SMALL) & (total <= highest + _SMALL)]
    return ways


class _Choices:
    """One option for each of several services, so that what the options add up to lies within limits.

    `options`: for each service an array, options x limits, of what each option adds.
    """

    def __init__(self, options: list[np.ndarray], lowest: np.ndarray, highest: np.ndarray) -> None:
        from scipy import sparse
        from scipy.optimize import LinearConstraint

        self.starts = np.cumsum([0, *(len(different) for different in options)])
        self.found = np.zeros((0, self.starts[-1]), dtype=bool)  # choices met so far
        self.possible = np.zeros(self.starts[-1], dtype=bool)  # options that some choice takes
        if not options:
            return
        one = sparse.block_diag([np.ones((1, len(different))) for different in options])
        every = sparse.vstack([one, sparse.csr_array(np.vstack(options).T.astype(float))], format="csr")
        ones = np.ones(len(options))
        self.constraint = LinearConstraint(every, np.r_[ones, lowest], np.r_[ones, highest])
        while not self.possible.all():
            _, taken = self._choose(np.where(self.possible, 0.0, -1.0))
            if taken is None or not (taken & ~self.possible).any():
                break
            self.possible |= taken

    def least(self, cost: np.ndarray, fixed: int | None = None) -> float:
        """The lowest sum of the costs of options (inf: not to be taken); `fixed`: one that must be taken."""
        if not cost.size:
            return 0.0
        bound = np.minimum.reduceat(cost, self.starts[:-1]).sum()
        fitting = self.found if fixed is None else self.found[self.found[:, fixed]]
        met = np.where(fitting, cost, 0).sum(axis=1).min(initial=np.inf)
        return met if met < bound + _SMALL else self._choose(cost, fixed)[0]

    def _choose(self, cost: np.ndarray, fixed: int | None = None) -> tuple[float, np.ndarray | None]:
        from scipy.optimize import Bounds, milp

        usable = np.isfinite(cost)
        low = np.zeros(len(cost))
        if fixed is not None:
            low[fixed] = 1
        answer = milp(
            np.where(usable, cost, 0),
            integrality=np.ones(len(cost)),
            bounds=Bounds(low, usable.astype(float)),
            constraints=self.constraint,
            options={"mip_rel_gap": 0},
        )
        if answer.status == 2:
            return np.inf, None
        if answer.status:
            raise RuntimeError(f"milp stopped: {answer.message}")
        taken = answer.x > 0.5
        self.found = np.vstack([self.found, taken])
        return float(cost[taken].sum()), taken


class _Branch:
    """The ways that each service is left with, where the leader of the league table has a certain total.

    Ways that add the same to the statements that join services are one option of the service.
    """

    def __init__(
        self, services: list[_Service], joint: list[_Part], left: list[np.ndarray], known: dict[tuple, _Choices]
    ) -> None:
        self.left = left
        self.possible = all(mask.any() for mask in left)
        if not self.possible:
            return
        adds = [service.joint[mask] for service, mask in zip(services, left)]
        least, most = (sum(ends) for ends in zip(*((a.min(axis=0), a.max(axis=0)) for a in adds)))
        lowest, highest = (np.array([getattr(p, side) for p in joint], dtype=float) for side in ("lowest", "highest"))
        binds = (least < lowest) | (most > highest)
        lowest, highest = lowest[binds], highest[binds]
        self.option, options, many = [], [], []  # which option each way takes; -1 is none
        for place, (own, mask) in enumerate(zip(adds, left)):
            different, option = _different(own[:, binds])
            self.option.append(np.full(len(mask), -1))
            self.option[place][mask] = option
            many.append(len(different))
            if len(different) > 1:
                options.append(different)
            else:
                lowest, highest = lowest - different[0], highest - different[0]
        self.starts = np.cumsum([0, *many])  # options of all services, one after the other
        self.linked = np.repeat(np.array(many) > 1, many)
        if not options:
            self.possible = bool((lowest <= 0).all() and (highest >= 0).all())
        key = (*((different.shape, different.tobytes()) for different in options), lowest.tobytes(), highest.tobytes())
        if key not in known:
            known[key] = _Choices(options, lowest, highest)
        self.choices = known[key]
        if options:
            self.possible = self.choices.possible.any()
            kept = np.ones(self.starts[-1], dtype=bool)
            kept[self.linked] = self.choices.possible
            for place, (option, start) in enumerate(zip(self.option, self.starts)):
                left[place] = (option >= 0) & kept[start + option]

    def by_option(self, values: list[np.ndarray], sign: int = 1) -> np.ndarray:
        """The lowest value with which each option of each service is taken, or with sign -1 the highest.

        Infinite where an option is not left.
        """
        found = np.full(self.starts[-1], np.inf)
        for start, end, own, option, left in zip(self.starts, self.starts[1:], values, self.option, self.left):
            own = sign * own.astype(float)
            for number in range(end - start):
                found[start + number] = own[left & (option == number)].min(initial=np.inf)
        return sign * found

    def bound(self, cost: np.ndarray) -> float:
        """What the lowest sum of costs cannot fall below: that of services that nothing joins."""
        return np.minimum.reduceat(cost, self.starts[:-1]).sum()

    def least(self, cost: np.ndarray, fixed: int | None = None) -> float:
        """The lowest sum of the costs of one option for each service; `fixed`: an option that must be taken."""
        linked = self.linked
        number = None if fixed is None or not linked[fixed] else int(linked[:fixed].sum())
        return cost[~linked].sum() + self.choices.least(cost[linked], number)


def _different(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of small whole numbers from 0, and which of them each row is."""
    sizes = rows.max(axis=0) + 1
    if np.prod(sizes.astype(float)) > 1e6:
        different, option = np.unique(rows, axis=0, return_inverse=True)
        return different, option.ravel()
    code = np.zeros(len(rows), dtype=int)
    for column, size in enumerate(sizes):
        code = code * size + rows[:, column]
    there = np.bincount(code) > 0
    first = np.zeros(there.size, dtype=int)
    first[code[::-1]] = np.arange(len(code))[::-1]
    return rows[first[there]], (there.cumsum() - 1)[code]


class _Record:
    """Every way each service is left with, and how the services hang together."""

    def __init__(
        self, parts: tuple[_Part, ...], services: list[_Service], joint: list[_Part], places: list[_Part]
    ) -> None:
        self.parts, self.services = parts, services
        whole = [[np.ones(len(service.ways), dtype=bool) for service in services]]
        for part in places:
            leader = part.services[0]
            points = [service.tally @ np.array(part.scale) for service in services]
            whole = [
                [
                    left & (np.abs(own - top) < _SMALL if place == leader else own < top + _SMALL)
                    for place, (left, own) in enumerate(zip(masks, points))
                ]
                for masks in whole
                for top in np.unique(points[leader])
            ]
        known: dict[tuple, _Choices] = {}
        branches = [_Branch(services, joint, masks, known) for masks in whole]
        self.branches = [branch for branch in branches if branch.possible]

    def possible(self, service: _Service, kind: int) -> np.ndarray:
        """Which bands a rating of this kind can have."""
        left = np.any([branch.left[service.place] for branch in self.branches], axis=0)
        return (service.ways[left, kind] > 0).any(axis=0)

    def why(self, service: _Service, cell: int, possible: np.ndarray) -> list[str]:
        """Ids of statements that leave a rating no other band, none of which can be left out."""
        alone = tuple(part for part in self.parts if part.local and part.services == (service.place,))
        found = _why(alone, cell, tuple(possible.tolist())) if alone else None
        if found is None:
            other = _Part("", 0, "ratings", (cell,), (service.place,), tuple((~possible).tolist()), lowest=1)
            found = _irreducible(self.parts, lambda few: not _consistent([*few, other]))
        return found

    def ends(self, place: int, values: np.ndarray) -> tuple[float, float]:
        """The lowest and highest of the values that the ways of a service have."""
        left = np.any([branch.left[place] for branch in self.branches], axis=0)
        return values[left].min(), values[left].max()

    def sum_ends(self, values: list[np.ndarray], weights: np.ndarray) -> tuple[float, float]:
        """The lowest and highest weighted sum over all services."""
        found = []
        for sign in (1, -1):
            weighted = [sign * weight * own for weight, own in zip(weights, values)]
            costs = [(branch, branch.by_option(weighted)) for branch in self.branches]
            found.append(sign * _first([(branch.bound(cost), branch, cost, None) for branch, cost in costs]) + 0.0)
        return found[0], found[1]

    def ranks(self, points: list[np.ndarray]) -> list[tuple[int, int]]:
        """The best and worst rank of each service: one more than the services that have more points."""
        best: list[list[tuple]] = [[] for _ in points]
        worst: list[list[tuple]] = [[] for _ in points]
        for branch in self.branches:
            low, high = branch.by_option(points), branch.by_option(points, -1)
            there = np.isfinite(low)
            for tries, sign, own, others in ((best, 1, high, low), (worst, -1, low, high)):
                for place, (start, end) in enumerate(zip(branch.starts, branch.starts[1:])):
                    for option in start + np.flatnonzero(there[start:end]):
                        cost = np.where(there, sign * (others > own[option]), np.inf)
                        cost[start:end] = np.where(there[start:end], 0.0, np.inf)
                        tries[place].append((branch.bound(cost), branch, cost, option))
        return [(1 + round(_first(good)), 1 - round(_first(bad))) for good, bad in zip(best, worst)]


def _first(tries: list[tuple[float, _Branch, np.ndarray, int | None]]) -> float:
    """The lowest sum of costs among several cases, those with the lowest bound first."""
    lowest = np.inf
    for bound, branch, cost, fixed in sorted(tries, key=lambda case: case[0]):
        if bound >= lowest - _SMALL:
            break
        lowest = min(lowest, branch.least(cost, fixed))
    return lowest


@lru_cache(maxsize=4096)
def _why(alone: tuple[_Part, ...], cell: int, possible: tuple[bool, ...]) -> list[str] | None:
    """Names of statements on one service that leave a rating no other band, or None if they do not."""
    settling = [part for part in alone if cell in part.cells and _settles(part)]
    some = settling if _keep(settling) == possible else alone
    other = _Part("", 0, "ratings", (cell,), alone[0].services, tuple(not band for band in possible), lowest=1)

    def fails(few: Sequence[_Part]) -> bool:
        return _keep(few) == possible if some is settling else not _consistent([*few, other])

    return _irreducible(some, fails) if some is settling or fails(alone) else None


def _keep(settling: Sequence[_Part]) -> tuple[bool, ...]:
    """The bands that statements leave which say of ratings that all or none are in their bands."""
    return tuple(all(part.bands[band] == (part.highest != 0) for part in settling) for band in range(len(BANDS)))


# The record as one integer program


def _consistent(parts: Sequence[_Part]) -> bool:
    """Whether some bands make all the statements true: x[cell, band] in {0, 1}, one band for each cell."""
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    wanted = np.unique(np.concatenate([np.array(part.cells, dtype=int) for part in parts]))
    columns = wanted.size * len(BANDS)
    rows: list[tuple[np.ndarray, np.ndarray, float, float]] = [
        (np.arange(first, first + len(BANDS)), np.ones(len(BANDS)), 1, 1) for first in range(0, columns, len(BANDS))
    ]

    def at(these: Sequence[int]) -> np.ndarray:
        return (np.searchsorted(wanted, these)[:, None] * len(BANDS) + np.arange(len(BANDS))).ravel()

    extra = 0
    for part in parts:
        if part.measure in ("ratings", "points"):
            weights = np.array(part.scale or part.bands, dtype=float)
            rows.append((at(part.cells), np.tile(weights, len(part.cells)), part.lowest, part.highest))
            continue
        own = np.split(at(part.cells), len(BANDS) * np.cumsum(part.sizes)[:-1])
        scales = [np.tile(part.scale, size) for size in part.sizes]
        if part.measure == "place":
            for other, scale in zip(own[1:], scales[1:]):
                rows.append((np.r_[own[0], other], np.r_[scales[0], -scale], 0, np.inf))
            continue
        # One more unknown for each service: it may be 1 only if the total is exactly so.
        for number, (these, scale, size) in enumerate(zip(own, scales, part.sizes)):
            one, least, most = columns + extra + number, size * min(part.scale), size * max(part.scale)
            rows.append((np.r_[these, one], np.r_[scale, least - part.total], least, np.inf))
            rows.append((np.r_[these, one], np.r_[scale, most - part.total], -np.inf, most))
        ones = np.arange(columns + extra, columns + extra + len(own))
        rows.append((ones, np.ones(len(own)), part.lowest, np.inf))
        extra += len(own)
    places, values, lowest, highest = zip(*rows)
    line = np.repeat(np.arange(len(rows)), [len(place) for place in places])
    matrix = sparse.csr_array((np.concatenate(values), (line, np.concatenate(places))), (len(rows), columns + extra))
    found = milp(
        np.zeros(columns + extra),
        integrality=np.ones(columns + extra),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, np.array(lowest) - _SMALL, np.array(highest) + _SMALL),
    )
    if found.status not in (0, 2):
        raise RuntimeError(f"milp stopped: {found.message}")
    return found.status == 0


def _irreducible(parts: Sequence[_Part], fails: Callable[[Sequence[_Part]], bool]) -> list[str]:
    """Names of statements that fail together and of which none can be left out: pieces first, then single ones."""
    names = list(dict.fromkeys(part.name for part in sorted(parts, key=lambda part: part.weight)))
    step = max(1, len(names) // 2)
    while True:
        start = 0
        while start < len(names):
            fewer = set(names[:start] + names[start + step :])
            kept = [part for part in parts if part.name in fewer]
            if kept and fails(kept):
                del names[start : start + step]
            else:
                start += step
        if step == 1:
            return sorted(names)
        step //= 2
