"""Which name means which body, where each CRC lay, and what became of the evidence. Tables in, tables out."""

from __future__ import annotations

import pandas as pd

from helpers import display
from helpers.display import join_words
from helpers.timeline import office_lanes, say_day, say_term, without_categories

# What a reader is told a body is: one of them, and several.
KINDS = {
    "crc": ("Community Rehabilitation Company", "Community Rehabilitation Companies (CRCs)"),
    "nps_division": ("division of the NPS", "divisions of the National Probation Service (NPS)"),
    "probation_region": ("region of the Probation Service", "regions of the Probation Service that followed"),
    "probation_delivery_unit": ("delivery unit", "delivery units of a region"),
    "nps_unit": ("NPS unit", "units of the NPS"),
    "crc_group": ("group of CRCs", "groups of CRCs"),
    "nps": ("National Probation Service", "for the NPS as a whole or in England"),
    "probation_service": ("Probation Service from June 2021", "for the Probation Service as a whole or in England"),
    "trust_group": ("group of probation trusts", "groups of probation trusts"),
    "all_probation": ("all services together", "for all services together"),
    "population": ("what a figure counts", "sets of cases, inspections or services that a figure counts"),
    "organisation": ("other organisation", "other organisations"),
}
LEVELS = {"nps_division": "NPS division", "probation_region": "Probation Service region"}
GROUPINGS = {
    "NPS division, until June 2021": "nps_division",
    "Probation Service region, from June 2021": "probation_region",
    "First owner, from the sale": "first_owner",
    "Last owner, to the transfer": "last_owner",
}
# How the place of a CRC is known; the last two are read off the lists of CRCs by region.
HOW = ("stated", "implied", "inferred", "in part", "sources differ")
BEFORE_SALE = "public-sector-before-sale"
UNKNOWN = "Unknown"


def _remark(rows: pd.DataFrame) -> pd.Series:
    """The note of each row as a sentence that follows another; empty where there is none."""
    return (". " + rows["note"].str.rstrip(".")).fillna("")


def _further(rows: pd.DataFrame) -> pd.Series:
    """The identifiers of the further sources of each row as they follow other words; empty where there are none."""
    return ("; also " + rows["other_source_ids"].str.replace(" ", ", ")).fillna("")


def _read_in(rows: pd.DataFrame) -> pd.Series:
    """The identifiers of all sources of each row as they follow other words."""
    return "; source " + rows["source_id"] + (", " + rows["other_source_ids"].str.replace(" ", ", ")).fillna("")


def _each_name(ids: pd.Series, names: pd.Series) -> pd.Series:
    """Identifiers separated by spaces as the names of what they stand for."""
    return ids.str.split().explode().map(names).groupby(level=0).agg("; ".join)


def _names(providers: pd.DataFrame, column: str = "name") -> pd.Series:
    """The name of each body, or its short name, by its provider_id."""
    return without_categories(providers[["provider_id", column]]).set_index("provider_id")[column]


def _short(names: pd.Series) -> pd.Series:
    """The names without what is the same in all of a kind."""
    names = names.str.removeprefix("National Probation Service, ").str.removeprefix("National Probation Service in ")
    return names.str.removeprefix("Probation Service, ").str.removesuffix(" region").str.removesuffix(" CRC")


# --------------------------------------------------------------------------------------------------- names


def bodies(providers: pd.DataFrame, other_names: pd.DataFrame) -> pd.DataFrame:
    """Every body as a table to read: body, names (every one that a source gives it), what (kind, what it is part of,
    remark, identifiers of its sources)."""
    short, rows = _names(providers, "short_name"), without_categories(providers)
    met = other_names.groupby("provider_id")["name"].agg("; ".join)
    what = rows["kind"].map({kind: words[0] for kind, words in KINDS.items()})
    what += (", part of " + rows["parent_id"].map(short)).fillna("") + _remark(rows)
    return pd.DataFrame(
        {"body": rows["name"], "names": rows["provider_id"].map(met).fillna("none"), "what": what + _read_in(rows)}
    )


def same_names(other_names: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """The names that mean more than one body: name, body."""
    rows = without_categories(other_names)
    rows = rows[rows["name"].duplicated(keep=False)]
    rows = rows.assign(body=rows["provider_id"].map(_names(providers)))
    return rows[["name", "body"]].sort_values(["name", "body"], ignore_index=True)


# -------------------------------------------------------------------------------------------------- places


def placements(providers: pd.DataFrame, divisions_and_regions: pd.DataFrame, ownership: pd.DataFrame) -> pd.DataFrame:
    """Where each CRC lay and whose it was: one row for each CRC in each group of each grouping.

    Columns: grouping (a value of GROUPINGS), provider_id, crc, group, how (HOW), remark, source_id. A CRC has a row
    of its own for each group that lists it: how is then 'in part' where providers names no group for it, and 'sources
    differ' where providers names another. A CRC that no table places has the group 'Unknown' and no how.
    """
    companies, places = without_categories(providers), without_categories(divisions_and_regions)
    names = _names(providers)
    companies = companies[companies["kind"] == "crc"]
    parts = []
    for level in LEVELS:
        column = f"{level}_id"
        own = companies[["provider_id", column, f"{level}_basis", "note"]].set_axis(
            ["provider_id", "own", "basis", "company_note"], axis=1
        )
        group = places[places["level"] == level]
        listed = group.assign(crc_id=group["crc_ids"].str.split()).explode("crc_id")
        listed = listed[["crc_id", "provider_id"]].set_axis(["provider_id", "group_id"], axis=1)
        stated = own.loc[own["own"].notna(), ["provider_id", "own"]].rename(columns={"own": "group_id"})
        rows = pd.concat([stated, listed]).drop_duplicates()
        rows = own.merge(rows, on="provider_id", how="left")
        how = rows["basis"].where(rows["own"] == rows["group_id"], "sources differ")
        rows["how"] = how.mask(rows["own"].isna() & rows["group_id"].notna(), "in part")
        rows["how"] = rows["how"].mask(rows["group_id"].isna(), "")
        known = group.set_index("provider_id")
        rows["remark"] = rows["group_id"].map(known["note"])
        if level == "probation_region":
            rows["remark"] = rows["company_note"].fillna(rows["remark"])
        source = rows["group_id"].map(known["source_id"])
        rows["source_id"] = source.fillna(rows["provider_id"].map(companies.set_index("provider_id")["source_id"]))
        rows["group"] = _short(rows["group_id"].map(names)).fillna(UNKNOWN)
        parts.append(rows.assign(grouping=level))
    held = without_categories(ownership).sort_values(["provider_id", "date"])
    held = held[(held["owner_id"] != BEFORE_SALE) & held["provider_id"].isin(companies["provider_id"])]
    short = _names(providers, "short_name")
    held = held.assign(group=held["owner_id"].map(short), how="stated", remark=held["owner_name"] + ". " + held["note"])
    for grouping, keep in (("first_owner", "first"), ("last_owner", "last")):
        rows = companies[["provider_id"]].merge(held.drop_duplicates("provider_id", keep=keep), how="left")
        rows = rows.assign(group=rows["group"].fillna(UNKNOWN), how=rows["how"].fillna(""), grouping=grouping)
        parts.append(rows)
    found = pd.concat(parts, ignore_index=True)
    found["crc"] = found["provider_id"].map(_short(names))
    found["remark"] = found["remark"].fillna("")
    return found[["grouping", "provider_id", "crc", "group", "how", "remark", "source_id"]]


def placed_lines(placed: pd.DataFrame, grouping: str) -> pd.DataFrame:
    """The rows of one grouping ready to draw: line (from the top), head, group, label, how, source_id.

    Groups and the CRCs in them stand in the order of the alphabet, what is unknown last, with a line left free above
    each group. head is the name of the group on its first line and empty elsewhere; label is the CRC, with how its
    place is known where no document states it.
    """
    rows = placed[placed["grouping"] == grouping]
    rows = rows.assign(last=rows["group"] == UNKNOWN).sort_values(["last", "group", "crc"], ignore_index=True)
    loose = (rows["how"] != "stated") & (rows["how"] != "")
    return pd.DataFrame(
        {
            "line": range(len(rows)) + (~rows.duplicated("group")).cumsum(),
            "head": rows["group"].where(~rows.duplicated("group"), ""),
            "group": rows["group"],
            "label": rows["crc"] + (" (" + rows["how"] + ")").where(loose, ""),
            "how": rows["how"].replace("", UNKNOWN),
            "source_id": rows["source_id"],
        }
    )


def division_table(divisions_and_regions: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """The divisions and regions as a table to read: body, level, areas, crcs, other_side, known, source_id.

    other_side is the regions that followed a division, or the division before a region; known is the basis, the
    remark and the further sources.
    """
    rows, names = without_categories(divisions_and_regions), _short(_names(providers))
    return pd.DataFrame(
        {
            "body": rows["provider_id"].map(names),
            "level": rows["level"].map(LEVELS),
            "areas": rows["areas_covered"],
            "crcs": _each_name(rows["crc_ids"], names),
            "other_side": _each_name(rows["maps_to_ids"], names),
            "known": rows["basis"] + _remark(rows) + _further(rows),
            "source_id": rows["source_id"],
        }
    )


def owner_table(ownership: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """The owners as a table to read: owner, crcs, held (as exact as known, remark, further sources), source_id.

    One row for all CRCs of which an owner's dates, remark and sources are the same.
    """
    rows, names = without_categories(ownership), _short(_names(providers))
    keys = ["date", "date_precision", "date_end", "date_end_precision", "owner_name", "note", "source_id"]
    keys.append("other_source_ids")
    rows = rows.assign(crc=rows["provider_id"].map(names))
    rows = rows.groupby(keys, as_index=False, dropna=False)["crc"].agg("; ".join)
    held = [f"{say_day(*row[:2])} to {say_day(*row[2:])}" for row in rows[keys[:4]].to_numpy()]
    held = pd.Series(held, index=rows.index) + _remark(rows) + _further(rows)
    return rows.assign(held=held).rename(columns={"owner_name": "owner", "crc": "crcs"})[
        ["owner", "crcs", "held", "source_id"]
    ]


def office_table(office_holders: pd.DataFrame) -> pd.DataFrame:
    """The office holders as a table to read: holder, office_name, term, source_id.

    term is as exact as known, with the remark and the further sources.
    """
    lanes = office_lanes(office_holders)
    terms = pd.Series([say_term(spell) for _, spell in lanes.iterrows()], index=lanes.index)
    terms += _remark(lanes) + _further(lanes)
    return lanes.assign(term=terms).rename(columns={"office_title": "office_name"})[
        ["holder", "office_name", "term", "source_id"]
    ]


# ------------------------------------------------------------------------------------- sources and evidence


def source_rows(sources: pd.DataFrame) -> pd.DataFrame:
    """Every document in the order of publishers and dates: publisher, title, url, about.

    url is empty where the address of the document is not known; about is the date, the identifier, the licence and,
    where only that is known, the address of the site.
    """
    rows = without_categories(sources)
    rows = rows.assign(at=rows["publisher"].str.casefold())
    rows = rows.sort_values(["at", "published", "source_id"], ignore_index=True)
    page = rows["url_kind"] == "page"
    site = (", only the site is known: " + rows["url"]).fillna(", no address known").where(~page, "")
    about = rows["published"].fillna("date not known") + ", " + rows["source_id"] + ", " + rows["licence"] + site
    return rows[["publisher", "title"]].assign(url=rows["url"].where(page, "").fillna(""), about=about)


def source_list(rows: pd.DataFrame, caption: str) -> display.Html:
    """The rows of `source_rows` as a folded list under their publishers, which needs half the markup of a
    table."""
    shown = rows.map(display.escape)
    linked = '<a href="' + shown["url"] + '">' + shown["title"] + "</a>"
    is_page = rows["url"].str.startswith(("http://", "https://"))
    items = "<li>" + linked.where(is_page, shown["title"]) + ", " + shown["about"] + "</li>"
    lists = items.groupby(shown["publisher"], sort=False).agg("".join)
    markup = "".join("<li>" + lists.index + "<ul>" + lists + "</ul></li>")
    lines = rows["publisher"] + ": " + rows["title"] + ", " + rows["about"]
    more = f"and {display.number(len(rows) - display.BRIEF_ROWS)} more documents"
    text = [caption, *lines[: display.BRIEF_ROWS], *([more] if len(rows) > display.BRIEF_ROWS else [])]
    summary = f"{display.escape(caption)} ({display.number(len(rows))} documents)"
    return display.Html(
        f"<details><summary>{summary}</summary><ul>{markup}</ul></details>", "\n".join(map(display.plain, text))
    )


# ----------------------------------------------------------------------------------------------- sentences


def _spread(rows: pd.DataFrame, what: str) -> str:
    """The number of groups, with the fewest and the most CRCs in one."""
    sizes = rows.loc[rows["group"] != UNKNOWN, "group"].value_counts().sort_index()
    few, many = sizes.min(), sizes.max()
    each = f"{few}" if few == many else f"{few} to {many}"
    return f"{len(sizes)} {what}{'s' if len(sizes) > 1 else ''} ({each} in each)"


def _not_plain(rows: pd.DataFrame) -> str:
    """The CRCs that were divided, on which sources differ, or of which the place is unknown."""
    groups = rows.groupby(["how", "crc"])["group"].agg(lambda names: join_words(sorted(names)))
    told = {
        "in part": " {crc} CRC was divided between {groups}.",
        "sources differ": " One source lists {crc} CRC under {groups} as well.",
        "": " No document read places {crc} CRC.",
    }
    return "".join(told[how].format(crc=crc, groups=names) for (how, crc), names in groups.items() if how in told)


def placed_in_words(placed: pd.DataFrame, grouping: str) -> str:
    """One grouping in words: over how many groups the CRCs were spread, how the places are known, what is not plain."""
    rows = placed[placed["grouping"] == grouping]
    crcs = rows["provider_id"].nunique()
    if grouping in LEVELS:
        counts = rows["how"].value_counts()
        known = [f"{counts[how]} {how}" for how in HOW[:3] if how in counts]
        places = f" How that is known: {join_words(known)}." if known else ""
        return f"The {crcs} CRCs lay in {_spread(rows, LEVELS[grouping])}.{places}{_not_plain(rows)}"
    sizes = rows.loc[rows["group"] != UNKNOWN, "group"].value_counts().sort_index()
    most = sizes.index[sizes == sizes.max()]
    when = "when they were sold" if grouping == "first_owner" else "when they ended"
    each = " each" if len(most) > 1 else ""
    return (
        f"The {crcs} CRCs had {len(sizes)} owners {when}; {join_words(most)} had the most ({sizes.max()}{each})."
        f"{_not_plain(rows)}"
    )
