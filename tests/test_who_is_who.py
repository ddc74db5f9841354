"""Who is who: known totals, every name and row once, names matched to bodies by their words, dates by addresses."""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from helpers import data, who_is_who
from helpers.publish import compare
from helpers.timeline import without_categories
from tests import cells

NAMES = ("providers", "other_names", "divisions_and_regions", "ownership", "office_holders", "sources")
T = {name: without_categories(data.load(name)) for name in (*NAMES, "delivery_units")}
PROVIDERS = T["providers"].set_index("provider_id")
OTHER_NAMES, SOURCES = T["other_names"], T["sources"]
PLACED = who_is_who.placements(T["providers"], T["divisions_and_regions"], T["ownership"])

# Words that say what kind of body it is, not which.
KIND_WORDS = {
    *("and", "in", "of", "the", "with", "local", "division", "region", "unit", "ldu", "cluster", "headquarters"),
    *("crc", "crcs", "community", "rehabilitation", "company", "companies", "pdu", "pdus", "delivery"),
    *("nps", "national", "probation", "service"),
}
# Names whose words are not those of the body, each read by hand.
READ_BY_HAND = {
    "21 CRCs": "all-crcs",
    "35 probation trusts": "probation-trusts",
    "ARCC CIC": "arcc",
    "Achieving Real Change in Communities (ARCC)": "arcc",
    "All 21 CRCs": "all-crcs",
    "All PDUs inspected by 17 May 2022": "population-pdus-inspected-by-2022-05-17",
    "All providers (SFO thematic)": "population-serious-further-offence-thematic",
    "All providers (race equality thematic)": "population-race-equality-thematic",
    "All services": "all-probation",
    "Annual report 2022/2023": "population-annual-report-2022-23",
    "Annual report, February 2024 to February 2025": "population-annual-report-2024-25",
    "CRC part of Gloucestershire probation": "population-crc-bgsw-gloucestershire",
    "CRC short-sentence cases (post-release thematic)": "population-crc-post-release-thematic",
    "CRCs": "all-crcs",
    "CRCs in the domestic abuse thematic (8)": "population-crcs-domestic-abuse-thematic",
    "CRCs inspected in the last year": "population-crcs-inspected-by-march-2019",
    "CRCs using telephone supervision": "population-crcs-telephone-supervision",
    "Case findings cited in the national inspection": "population-cases-national-inspection-2025",
    "Cohort April to June 2023": "population-reoffending-cohort-2023-04",
    "Cohort July to September 2022": "population-reoffending-cohort-2022-07",
    "Dorset, Devon and Cornwall CRC (Cornwall)": "population-crc-ddc-cornwall",
    "Dorset, Devon and Cornwall CRC (Devon and Dorset)": "population-crc-ddc-devon-and-dorset",
    "Dorset, Devon and Cornwall CRC (Dorset)": "population-crc-ddc-dorset",
    "EOS (Staffline)": "peopleplus",
    "EOS / PeoplePlus (Staffline)": "peopleplus",
    "England and Wales": "england-and-wales",
    "GEO": "geo-group",
    "Inspections since March 2024": "population-inspections-since-2024-03",
    "Inspectorate survey of staff": "population-inspectorate-staff-survey",
    "London (CRC and NPS)": "population-london-crc-and-nps",
    "MTCnovo (later MTC)": "mtcnovo",
    "MTCnovo, later MTC": "mtcnovo",
    "NPS (sexual offences thematic)": "population-nps-sexual-offences-thematic",
    "NPS unit: NPS HQ Support": "nps-unit-hq-support",
    "National Probation Service (public sector)": "nps",
    "Our Future Probation Service programme": "probation-service",
    "PDU reports published in calendar 2022": "population-pdu-reports-2022",
    "PDUs inspected in 2022": "population-pdus-inspected-2022",
    "PDUs inspected under the Chief Inspector in post since March 2024": "population-pdus-inspected-since-2024-03",
    "PeoplePlus": "peopleplus",
    "Prison and NPS cases (sexual offences thematic)": "population-prison-and-nps-sexual-offences-thematic",
    "Probation Service average": "probation-service",
    "Probation Service, band 3 including trainees": "probation-service",
    "Probation Service, band 3, year to date shown": "probation-service",
    "Probation Service, band 4": "probation-service",
    "Probation Service, band 4, year to date shown": "probation-service",
    "Probation Service, year to March 2022": "probation-service",
    "Probation staff before the transfer": "nps",
    "Public sector (before sale to suppliers)": "public-sector-before-sale",
    "Purple Futures (Interserve plc)": "purple-futures",
    "Purple Futures (Interserve, lender-controlled)": "purple-futures-lender-controlled",
    "Purple Futures (Interserve-led)": "purple-futures",
    "Purple Futures CRCs (five)": "crcs-purple-futures",
    "RRP": "reducing-reoffending-partnership",
    "Reducing Reoffending Partnership CRCs (two)": "crcs-reducing-reoffending-partnership",
    "Seetec (through KSS CRC)": "seetec",
    "Services re-inspected in 2019-20 (9)": "population-services-reinspected-2019-20",
    "Six London PDUs inspected in 2022": "population-london-pdus-2022",
    "Sodexo CRCs (Cumbria & Lancashire and South Yorkshire)": (
        "population-crcs-sodexo-cumbria-lancashire-and-south-yorkshire"
    ),
    "Sodexo CRCs (least affected)": "population-crcs-sodexo-least-affected",
    "Sodexo CRCs (most affected)": "population-crcs-sodexo-most-affected",
    "Sodexo CRCs (six)": "crcs-sodexo",
    "Sodexo Justice Services (with Nacro)": "sodexo",
    "Sodexo with Nacro": "sodexo",
    "Working Links CRCs (three)": "crcs-working-links",
    "Working Links until February 2019, then Seetec": "working-links",
    "Worst CRC": "population-crc-fewest-targets-met-2017",
    "eight parent organisations": "crc-parent-organisations",
    "next lowest CRC on that date (not named)": "population-crc-next-lowest-february-2019",
}
# What kind of body a name can mean by its own words; the first that fits holds.
KINDS_BY_WORDS = {
    r"^NPS unit: ": "nps_unit",
    r"CRCs$": "crc_group",
    r"CRC$|Community Rehabilitation Company$": "crc",
    r"^All probation$|^NPS / Probation Service$": "all_probation",
    r"^NPS( England)?$|^National Probation Service$": "nps",
    r"^(NPS|National Probation Service) ": "nps_division",
    r"^Probation Service( England)?$": "probation_service",
    r"^Probation Service | region$": "probation_region",
    r" PDU$": "probation_delivery_unit",
}


def words(name):
    return {word for word in re.findall("[a-z0-9]+", name.lower()) if word not in KIND_WORDS}


# ------------------------------------------------------------------------------------------------- names


def test_a_name_means_the_body_that_its_words_name():
    """Independent of what is committed elsewhere: a name has the words of its body, or is listed above."""
    called = {row.Index: (words(row.name), words(row.short_name), row.kind) for row in PROVIDERS.itertuples()}
    wrong = []
    for name, body in OTHER_NAMES[["name", "provider_id"]].to_numpy():
        *names, kind = called[body]
        by_words = next((kind for pattern, kind in KINDS_BY_WORDS.items() if re.search(pattern, name)), kind)
        if name in READ_BY_HAND:
            right = body == READ_BY_HAND[name]
        else:
            right = words(name) in names and kind == by_words
        if not right:
            wrong.append(f"{name!r} stands for {body}")
    assert wrong == [], (
        "data/other_names.csv: the words of the name say another body. Correct provider_id, or add the name to "
        "READ_BY_HAND in this file once it was read by hand"
    )


def test_no_name_is_read_by_hand_in_vain():
    assert set(READ_BY_HAND) <= set(OTHER_NAMES["name"])


def test_every_name_stands_once_under_its_body():
    told = who_is_who.bodies(T["providers"], OTHER_NAMES)
    assert len(told) == len(T["providers"])
    assert told["body"].is_unique
    met = told.loc[told["names"] != "none", "names"].str.split("; ").explode()
    assert len(met) == len(OTHER_NAMES)


def test_names_of_one_company_by_hand():
    told = who_is_who.bodies(T["providers"], OTHER_NAMES).set_index("body")
    row = told.loc["Thames Valley CRC"]
    assert row["names"] == ("Thames Valley; Thames Valley CRC; Thames Valley Community Rehabilitation Company")
    assert row["what"] == (
        "Community Rehabilitation Company, part of All CRCs. One published recode places it in a South East region; "
        "source bbc-award14, rw-owners, published-code-provider-list, rw-thames-valley-2018, rw-nps-swsc-2018, "
        "published-code-region-recode, si-2014-2704"
    )
    assert told.loc["Staffline", "names"] == "none"


def test_names_that_mean_several_bodies():
    told = who_is_who.same_names(OTHER_NAMES, T["providers"])
    assert told.groupby("name").size().to_dict() == {"London": 3, "North East": 2, "North West": 2, "Wales": 3}
    assert "Wales CRC" in told.loc[told["name"] == "Wales", "body"].tolist()
    assert who_is_who.same_names(OTHER_NAMES[OTHER_NAMES["name"] == "RRP"], T["providers"]).empty


# ------------------------------------------------------------------------------------------------ bodies


def test_kinds_of_body():
    """21 companies, 7 divisions and 12 regions were announced; the rest counts what is named here."""
    counts = PROVIDERS["kind"].value_counts()
    known = {"crc": 21, "nps_division": 7, "probation_region": 12, "probation_delivery_unit": 65, "nps_unit": 90}
    assert counts[list(known)].to_dict() == known
    assert set(counts.index) == set(who_is_who.KINDS)
    assert len(PROVIDERS) == 274


def test_identifiers_say_the_kind():
    starts = {
        "crc": "crc-",
        "nps_division": "nps-",
        "nps_unit": "nps-unit-",
        "probation_region": "region-",
        "probation_delivery_unit": "pdu-",
    }
    for kind, start in starts.items():
        assert PROVIDERS.index[PROVIDERS["kind"] == kind].str.startswith(start).all(), kind
    assert (PROVIDERS.loc[PROVIDERS.index.str.startswith("population-"), "kind"] == "population").all()
    assert (PROVIDERS.loc[PROVIDERS.index.str.startswith("crcs-"), "kind"] == "crc_group").all()


def test_every_kind_belongs_to_the_kind_above_it():
    kinds = PROVIDERS["parent_id"].map(PROVIDERS["kind"])
    above = {
        "crc": {"crc_group"},
        "nps_unit": {"nps_division", "nps"},
        "probation_region": {"probation_service"},
        "probation_delivery_unit": {"probation_region"},
    }
    for kind, allowed in above.items():
        assert set(kinds[PROVIDERS["kind"] == kind]) <= allowed, kind
    crcs = PROVIDERS[PROVIDERS["kind"] == "crc"]
    assert set(crcs["parent_id"]) == {"all-crcs"}
    divisions = PROVIDERS.loc[PROVIDERS["kind"] == "nps_division", "parent_id"]
    assert divisions[divisions != "nps-england"].to_dict() == {"nps-wales": "nps"}


def test_delivery_units_lie_in_the_region_that_their_own_table_gives():
    units = T["delivery_units"].set_index("delivery_unit_id")["region_id"]
    assert PROVIDERS.loc[units.index, "parent_id"].tolist() == units.tolist()


def test_units_that_name_their_division_belong_to_it():
    units = PROVIDERS[PROVIDERS["kind"] == "nps_unit"]
    named = units[units["name"].str.startswith("Headquarters of ")]
    assert len(named) == 7
    assert named["parent_id"].map(PROVIDERS["short_name"]).tolist() == (
        named["name"].str.removeprefix("Headquarters of ").tolist()
    )


# ------------------------------------------------------------------------------------------------ places

BY_HAND = {
    "nps_division": {
        "London": 1,
        "Midlands": 3,
        "North East": 5,
        "North West": 3,
        "South East and Eastern": 4,
        "South West and South Central": 4,
        "Wales": 1,
    },
    "probation_region": {
        "East Midlands": 2,
        "East of England": 3,
        "Greater Manchester": 1,
        "Kent, Surrey and Sussex": 1,
        "London": 1,
        "North East": 2,
        "North West": 3,
        "South Central": 2,
        "South West": 2,
        "Wales": 1,
        "West Midlands": 2,
        "Yorkshire and the Humber": 3,
    },
    "first_owner": {
        "ARCC": 1,
        "EOS / PeoplePlus": 1,
        "MTCnovo": 2,
        "Purple Futures": 5,
        "Reducing Reoffending Partnership": 2,
        "Seetec": 1,
        "Sodexo": 6,
        "Working Links": 3,
    },
}


@pytest.mark.parametrize("grouping", BY_HAND)
def test_companies_in_each_group(grouping):
    rows = PLACED[PLACED["grouping"] == grouping]
    assert rows["group"].value_counts().sort_index().to_dict() == BY_HAND[grouping]
    assert rows["provider_id"].nunique() == 21


def test_every_company_has_one_place_unless_sources_say_otherwise():
    counts = PLACED.groupby(["grouping", "provider_id"]).size()
    assert counts[counts > 1].to_dict() == {
        ("probation_region", "crc-cheshire-and-greater-manchester"): 2,
        ("probation_region", "crc-humberside-lincolnshire-and-north-yorkshire"): 2,
    }
    assert (PLACED["how"] == "in part").sum() == 2
    assert (PLACED["how"] == "sources differ").sum() == 1
    assert PLACED["how"].isin(who_is_who.HOW).all()


def test_places_of_one_company_by_hand():
    rows = PLACED[PLACED["provider_id"] == "crc-dorset-devon-and-cornwall"].set_index("grouping")
    assert rows["group"].to_dict() == {
        "nps_division": "South West and South Central",
        "probation_region": "South West",
        "first_owner": "Working Links",
        "last_owner": "Seetec",
    }
    assert rows["how"].tolist() == ["inferred", "implied", "stated", "stated"]
    assert rows.loc["last_owner", "remark"].startswith("Seetec, through Kent, Surrey and Sussex CRC. The end")


def test_a_company_that_no_table_places_is_unknown_and_last():
    providers = T["providers"].copy()
    providers.loc[providers["provider_id"] == "crc-essex", "nps_division_id"] = pd.NA
    divisions = T["divisions_and_regions"].copy()
    divisions["crc_ids"] = divisions["crc_ids"].str.replace(" crc-essex", "")
    ownership = T["ownership"][T["ownership"]["provider_id"] != "crc-essex"]
    placed = who_is_who.placements(providers, divisions, ownership)
    lines = who_is_who.placed_lines(placed, "nps_division")
    assert lines.iloc[-1][["head", "label", "how"]].tolist() == ["Unknown", "Essex", "Unknown"]
    assert lines["source_id"].notna().all()
    assert "No document read places Essex CRC." in who_is_who.placed_in_words(placed, "nps_division")
    assert who_is_who.placed_lines(placed, "last_owner")["group"].iloc[-1] == "Unknown"


def test_the_names_of_the_groups_of_companies_count_them():
    """'CRCs of Sodexo Justice Services with Nacro (6)' and the like were not made from the table of owners."""
    groups = PROVIDERS[(PROVIDERS["kind"] == "crc_group") & (PROVIDERS.index != "all-crcs")]
    told = groups["name"].str.extract(r"\((\d)\)$")[0].astype(int)
    first = T["ownership"][T["ownership"]["owner_id"] != who_is_who.BEFORE_SALE].sort_values("date")
    held = first.drop_duplicates("provider_id")["owner_id"].value_counts()
    assert told.to_dict() == {group: held[group.removeprefix("crcs-")] for group in groups.index}


def test_lines_keep_every_row_and_name_each_group_once():
    for grouping in who_is_who.GROUPINGS.values():
        lines = who_is_who.placed_lines(PLACED, grouping)
        assert len(lines) == (PLACED["grouping"] == grouping).sum()
        free = set(range(lines["line"].max() + 1)) - set(lines["line"])
        assert free == set(lines.loc[lines["head"] != "", "line"] - 1), "a free line above each group and no other"
        assert lines["line"].is_unique
        assert lines.loc[lines["head"] != "", "head"].tolist() == lines["group"].unique().tolist()
        loose = ~lines["how"].isin(["stated"])
        assert lines.loc[loose, "label"].str.endswith(")").all()


def test_divisions_and_regions():
    table = T["divisions_and_regions"].set_index("provider_id")
    assert table["level"].tolist() == PROVIDERS.loc[table.index, "kind"].tolist()
    pairs = table["maps_to_ids"].str.split().explode()
    ways = set(zip(pairs.index, pairs))
    one_way = {pair for pair in ways if pair[::-1] not in ways}
    assert one_way == {("nps-north-east", "region-east-midlands")}, "sources differ on Lincolnshire"
    told = who_is_who.division_table(T["divisions_and_regions"], T["providers"])
    assert told.groupby("level", sort=False).size().to_dict() == {"NPS division": 7, "Probation Service region": 12}
    row = told.set_index("source_id").loc["rw-nps-wales-2019"]
    assert row.tolist() == [
        "Wales",
        "NPS division",
        "All of Wales",
        "Wales",
        "Wales",
        "stated; also published-code-provider-list",
    ]


def test_the_basis_of_a_division_is_that_of_its_loosest_company():
    order = ["stated", "implied", "inferred"]
    firm = T["divisions_and_regions"].set_index("provider_id")["basis"].map(order.index)
    own = PROVIDERS[PROVIDERS["kind"] == "crc"]
    loosest = own["nps_division_basis"].map(order.index).groupby(own["nps_division_id"]).max()
    softer = firm[loosest.index] > loosest
    # The area of the North West was read on a local page; each of its companies is placed by a document of its own.
    assert softer[softer].index.tolist() == ["nps-north-west"]
    assert (firm[loosest.index] >= loosest).all()
    own = own.dropna(subset="probation_region_id")
    regions = own["probation_region_basis"].map(order.index).groupby(own["probation_region_id"]).max()
    harder = firm[regions.index] < regions
    assert harder[harder].index.tolist() == ["region-wales"]
    assert not (firm[regions.index] > regions).any()


# ------------------------------------------------------------------------------- owners and office holders


def test_owners_lose_no_row_and_say_dates_as_exact_as_known():
    told = who_is_who.owner_table(T["ownership"], T["providers"])
    assert told["crcs"].str.split("; ").str.len().sum() == len(T["ownership"])
    assert told["held"].str.contains(r"^\d+ \w+ 20\d\d to \d+ \w+ 20\d\d").all()
    arcc = told[told["owner"] == "Achieving Real Change in Communities (ARCC)"].iloc[0]
    assert arcc["held"] == "1 February 2015 to 26 June 2021. The end is the national transfer"
    loose = T["ownership"].assign(date_end_precision="month")
    assert who_is_who.owner_table(loose, T["providers"])["held"].str.contains(" to June 2021").any()


def test_office_holders_lose_no_row_and_name_what_is_not_known():
    told = who_is_who.office_table(T["office_holders"])
    assert len(told) == len(T["office_holders"])
    row = told[told["holder"] == "Justin Russell"].iloc[0]
    assert row["term"] == (
        "from 1 June 2019, to 29 September 2023. The last day as the inspectorate announced it; "
        "also hmip-russell21, hmip-pr-annual-2023, hmip-farewell-2023"
    )
    gauke = told[told["holder"] == "David Gauke"].iloc[0]
    assert gauke["term"].startswith("from 8 January 2018, to 24 July 2019")


@pytest.mark.parametrize("column", ["date", "date_end"])
def test_a_date_of_an_office_holder_has_a_precision_and_stands_at_its_edge(column):
    rows = T["office_holders"]
    known, precision = rows[column], rows[f"{column}_precision"]
    assert known.isna().tolist() == (precision == "unknown").tolist()
    month = known[precision == "month"].dt
    year = known[precision == "year"].dt
    if column == "date":
        assert month.is_month_start.all() and year.is_year_start.all()
    else:
        assert month.is_month_end.all() and year.is_year_end.all()


# -------------------------------------------------------------------------------------- sources, evidence


def test_every_source_stands_once_and_only_pages_are_linked():
    told = who_is_who.source_rows(SOURCES)
    assert len(told) == len(SOURCES)
    assert told["about"].is_unique
    assert (told["url"] != "").sum() == (SOURCES["url_kind"] == "page").sum()
    row = told[told["about"].str.contains("aol-nao17")].iloc[0]
    assert row["about"] == (
        "2017-12-19, aol-nao17, facts-only, only the site is known: https://www.aol.co.uk/news/2017/12/19/"
    )
    assert told["about"].str.endswith("no address known").sum() == (SOURCES["url_kind"] == "none").sum()


def test_dates_agree_with_the_dates_in_addresses():
    """A newspaper's address often holds the date: 137 do here, written down by others than this collection."""
    rows = SOURCES.dropna(subset=["url", "published"])
    found = rows["url"].str.extract(r"/(?P<year>20[012]\d)[/-](?P<month>0[1-9]|1[0-2])(?:[/-](?P<day>[0-3]\d))?(?!\d)")
    rows = rows.assign(**found).dropna(subset="year")
    years, months = rows["published"].str[:4], rows["published"].str[5:7]
    differs = (years != rows["year"]) | ((months != "") & (months != rows["month"]))
    assert rows.loc[differs, "source_id"].tolist() == ["nao-2019-transcript"]  # put on the site a month later
    days = rows["published"].str[8:10]
    differs = ~differs & rows["day"].notna() & (days != "") & (days != rows["day"])
    assert rows.loc[differs, "source_id"].tolist() == ["wa-137323", "wa-217027"]  # asked one day, answered another
    assert len(rows) == 137


def test_dates_agree_with_the_years_in_identifiers():
    years = SOURCES["source_id"].str.extract(r"-(20\d\d)$")[0]
    rows = SOURCES[years.notna() & SOURCES["published"].notna()]
    differs = rows["published"].str[:4] != years[rows.index]
    # The year of the subject, not of the publication.
    assert rows.loc[differs, "source_id"].tolist() == [
        "govuk-prs-2011",
        "hmip-annual-2021",
        "moj-pbr-releases-2021-2022",
    ]


def test_places_in_words():
    assert who_is_who.placed_in_words(PLACED, "nps_division") == (
        "The 21 CRCs lay in 7 NPS divisions (1 to 5 in each). How that is known: 10 stated, 4 implied and 7 inferred."
    )
    assert who_is_who.placed_in_words(PLACED, "first_owner") == (
        "The 21 CRCs had 8 owners when they were sold; Sodexo had the most (6)."
    )
    regions = who_is_who.placed_in_words(PLACED, "probation_region")
    assert "Cheshire and Greater Manchester CRC was divided between Greater Manchester and North West." in regions
    double = who_is_who.same_names(OTHER_NAMES, T["providers"])["name"].unique()
    assert sorted(double) == ["London", "North East", "North West", "Wales"]


# --------------------------------------------------------------------------------- what the notebook draws


@pytest.mark.parametrize("grouping", who_is_who.GROUPINGS.values())
def test_every_place_is_drawn_with_its_source(grouping):
    explorer = cells.explorers("12")["places-explorer"]
    assert len(explorer.every) == len(PLACED)
    assert explorer.every["source"].notna().all()
    assert explorer.finding({"grouping": grouping}) == who_is_who.placed_in_words(PLACED, grouping)
    assert len(explorer.matching({"grouping": grouping})) == (PLACED["grouping"] == grouping).sum()


def test_the_list_holds_every_source_once_and_links_pages_only():
    shown = who_is_who.source_list(who_is_who.source_rows(SOURCES), "Every source")
    page = BeautifulSoup(shown.markup, "html.parser")
    assert len(page.select("li li")) == len(SOURCES)
    assert len(page.select("details > ul > li")) == SOURCES["publisher"].nunique()
    links = [link["href"] for link in page.select("a")]
    assert sorted(links) == sorted(SOURCES.loc[SOURCES["url_kind"] == "page", "url"])
    assert shown.text.endswith(f"and {len(SOURCES) - 5} more documents")


def test_a_changed_address_is_named():
    rows = who_is_who.source_rows(SOURCES)
    before, after = (
        who_is_who.source_list(table, "Every source").markup
        for table in (rows, rows.assign(url=rows["url"].str.replace("/news/uk-30344262", "/news/uk-30344263")))
    )
    said = compare.html_differences(before, after)
    assert len(said) == 1
    assert "uk-30344262" in said[0] and "uk-30344263" in said[0]
