"""Coverage: the counts follow from the tables and the totals known from official summaries."""

import pandas as pd
import pytest

from helpers import coverage, data
from helpers.data import load
from tests import cells


@pytest.fixture(scope="module")
def tables():
    return {name: load(name) for name in coverage.TABLES}


@pytest.fixture(scope="module")
def found(tables):
    return coverage.coverage(tables)


def row(found, measure):
    rows = found[found["measure"] == measure]
    assert len(rows) == 1, f"{measure} is not one row of {found['measure'].tolist()}"
    return rows.iloc[0]


def test_a_small_round_is_counted_by_hand():
    distribution = pd.DataFrame(
        [("CRC", "one", "overall", "Good", 2, "full_round"),
         ("NPS", "one", "overall", "Good", 1, "full_round"),
         ("CRC", "one", "overall", "Good", 9, "interim"), ("CRC", "one", "1.1", "Good", 9, "full_round")],
        columns=["service_type", "round", "standard", "band", "services", "coverage"],
    )  # fmt: skip
    standards = pd.DataFrame(
        [("overall", "both"), ("1.1", "both"), ("4.1", "CRC"), ("3.1", "NPS"), ("3.2", "NPS")],
        columns=["standard", "applies_to"],
    )
    providers = pd.DataFrame([("crc-essex", "crc"), ("nps-wales", "nps_division")], columns=["provider_id", "kind"])
    ratings = pd.DataFrame(
        [("crc-essex", "one", "overall"), ("crc-essex", "one", "1.1"), ("nps-wales", "one", "overall")],
        columns=["provider_id", "round", "standard"],
    )
    counted = coverage.rating_coverage(ratings, standards, distribution, providers)
    assert list(counted.index) == [0, 1, 2, 3]
    counted = counted.set_index(["service_type", "level"])[["known", "possible"]]
    assert counted.loc[("CRC", "overall")].tolist() == [1, 2]
    assert counted.loc[("CRC", "standard")].tolist() == [1, 4]
    assert counted.loc[("NPS", "overall")].tolist() == [1, 1]
    assert counted.loc[("NPS", "standard")].tolist() == [0, 3]


def test_ratings_of_both_rounds(found):
    assert row(found, "overall ratings, round 2018-19")[["known", "possible"]].tolist() == [28, 28]
    assert row(found, "overall ratings, round 2019-20")[["known", "possible"]].tolist() == [9, 10]
    assert row(found, "standard ratings, round 2018-19")["possible"] == 280
    assert row(found, "standard ratings, round 2019-20")["possible"] == 100
    assert row(found, "services with a full count of bands, round 2018-19")["known"] == 3


def test_known_and_missing_add_up(found):
    assert (found["known"] + found["missing"] == found["possible"]).all()
    assert found["missing"].ge(0).all()
    assert found["share_percent"].between(0, 100).all()
    assert found["measure"].is_unique


def test_the_21_companies(found, tables):
    companies = found[found["measure"].str.startswith("CRCs")]
    assert set(companies["possible"]) == {21}
    assert (companies["missing_ids"].str.split().map(len) == companies["missing"]).all()
    assert row(found, "CRCs with an owner on every day")["missing"] == 0
    known = tables["caseload"].query("measure == 'people_supervised'")["provider_id"]
    supervised = row(found, "CRCs with a number of people supervised")
    assert not set(supervised["missing_ids"].split()) & set(known)
    assert row(found, "NPS divisions with a staff figure")["missing"] == 0


def test_sources_and_events(found, tables):
    pages = row(found, "sources with the full address of the page")
    assert pages["possible"] == len(tables["sources"])
    assert 0 < pages["known"] < pages["possible"]
    assert row(found, "events dated to the day")["possible"] == len(tables["events"])


def test_a_missing_table_is_named(tables):
    with pytest.raises(KeyError, match="ratings, claims"):
        coverage.coverage({name: table for name, table in tables.items() if name not in ("claims", "ratings")})


def test_hedges_are_counted(tables):
    counted = coverage.qualifiers(tables)
    staff = counted[counted["table"] == "staff"].set_index("qualifier")["figures"]
    assert staff.sum() == tables["staff"]["qualifier"].notna().sum()
    assert staff["exact"] > staff["about"] > 0
    assert coverage.qualifiers({"events": tables["events"]}).empty


# --------------------------------------------------------------------------------- what the notebook draws


@pytest.mark.parametrize("order", ["theme", "missing", "known"])
def test_every_row_is_kept_in_every_order(order):
    explorer, known = cells.explorers("00")["coverage-explorer"], cells.run("00").names.known
    rows = explorer.matching({"subject": "", "order": order})
    assert sorted(rows["measure"]) == sorted(known["measure"])
    assert rows["rank"].tolist() == list(range(len(known)))
    shares = rows["share_percent"]
    assert {"theme": True, "missing": shares.is_monotonic_increasing, "known": shares.is_monotonic_decreasing}[order]


def test_explorer_speaks_of_the_theme_chosen():
    explorer = cells.explorers("00")["coverage-explorer"]
    for theme in cells.run("00").names.known["theme"].unique():
        assert set(explorer.matching({"subject": theme, "order": "theme"})["theme"]) == {theme}


def test_collection_lists_every_table_with_its_rows():
    every = {name: load(name) for name in data.tables().index}
    listed = coverage.collection(every, data.tables())
    assert listed.set_index("table")["rows"].to_dict() == {name: len(table) for name, table in every.items()}


def test_official_counts_of_the_first_round(tables):
    rated = coverage.rated_rows(tables["band_distribution"]).query("round == '2018-19' and band == 'Good'")
    assert rated.set_index("service_type")[["services", "of"]].to_dict("index") == {
        "CRC": {"services": 1, "of": 21},
        "NPS": {"services": 5, "of": 7},
    }
