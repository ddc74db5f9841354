"""Charts of the inspection ratings: what is drawn is what the tables hold, and every choice is put into words."""

import json
from itertools import product

import pandas as pd
import pytest

from helpers import charts, ratings
from helpers import ratings_charts as rc
from helpers.data import load

FIRST, SECOND = ratings.ROUNDS


@pytest.fixture(scope="module")
def tables():
    return {name: load(name) for name in rc.TABLES}


@pytest.fixture(scope="module")
def grid(tables):
    return rc.grid_explorer(tables)


@pytest.fixture(scope="module")
def gap(tables):
    return rc.gap_explorer(tables)


@pytest.fixture(scope="module")
def league(tables):
    return rc.league_explorer(tables)


def words(spec):
    return json.dumps(spec["title"])


def cells_of(row):
    return [entry.split(":")[0] for entry in row["bands"].split("|")]


@pytest.mark.parametrize("name", ["grid", "gap", "league"])
def test_explorers_are_described_sourced_and_say_every_choice(name, request):
    explorer = request.getfixturevalue(name)
    spec = explorer.spec()
    assert spec["description"] and spec["usermeta"]["source_ids"]
    moving = [control for control in explorer.controls if not control.live_only]
    finding = next(param for param in spec["params"] if param["name"] == "finding")
    assert len(finding["value"]) == len(list(product(*(control.values for control in moving))))
    assert all("".join(lines).strip() for lines in finding["value"].values())


def test_grid_has_every_known_band_once_and_no_other(tables, grid):
    codes = {code: band for band, code in rc.INITIALS.items()}
    for round, used in product(ratings.ROUNDS, rc.EVIDENCE.values()):
        rows = grid.matching({"round": round, "used": used})
        assert len(rows) == 28
        drawn = pd.Series([cell for _, row in rows.iterrows() for cell in cells_of(row)])
        of_round = tables["ratings"][tables["ratings"]["round"] == round]
        expected = of_round if used == "all" else of_round[of_round["basis"] == "stated"]
        bands = drawn.str.removesuffix(rc.IMPLIED).map(codes)
        assert bands.isin(ratings.BANDS).sum() == len(expected)
        assert drawn.str.endswith(rc.IMPLIED).sum() == (expected["basis"] == "implied").sum()
        assert bands.notna().all()


def test_every_known_cell_names_the_document_of_its_row(tables, grid):
    rows = grid.matching({"round": FIRST, "used": "all"}).set_index("service")
    names = ratings.services(tables["providers"]).set_index("name")["provider_id"]
    titles = tables["sources"].set_index("source_id")["title"]
    order = tables["standards"].sort_values("order")["standard"].astype(str).tolist()
    rated = tables["ratings"][tables["ratings"]["round"] == FIRST]
    sources = rated.assign(standard=rated["standard"].astype(str)).set_index(["provider_id", "standard"])["source_id"]
    seen = 0
    for service, row in rows.iterrows():
        for standard, entry in zip(order, row["bands"].split("|"), strict=True):
            if ":" in entry:
                document = row["documents"].split("|")[int(entry.split(":")[1])]
                assert document == titles[sources[names[service], standard]]
                seen += 1
    assert seen == len(rated)


def test_map_has_28_tiles_that_do_not_overlap_and_the_official_bands(tables, grid):
    rows = grid.matching({"round": FIRST, "used": "all"})
    assert not rows.duplicated(["tile_row", "tile_column"]).any()
    assert (rows.loc[rows["service"].str.startswith("NPS"), "tile_column"] < rc.CRC_COLUMN + 1).all()
    first = rows["bands"].map(lambda bands: bands.split("|")[0].split(":")[0].removesuffix(rc.IMPLIED))
    assert first.value_counts().to_dict() == {"RI": 21, "G": 6, "I": 1}
    later = grid.matching({"round": SECOND, "used": "all"})
    without = later[~later["bands"].str.contains("[|]")]["bands"].value_counts().to_dict()
    assert without == {rc.INITIALS[ratings.UNKNOWN]: 13, rc.INITIALS[ratings.NOT_RATED]: 6}


def test_a_service_can_be_chosen_by_click_and_by_list(tables, grid):
    spec = grid.spec()
    chosen = next(param for param in spec["params"] if param["name"] == "chosen")
    assert chosen["select"]["fields"] == ["service"] and chosen["select"]["on"] == "click"
    assert set(chosen["bind"]["options"]) - {None} == set(ratings.services(tables["providers"])["name"])
    assert len(chosen["views"]) == 1
    assert spec["vconcat"][1]["layer"][0]["encoding"]["opacity"]["condition"][0]["param"] == "chosen"
    assert "none of its 10 standard ratings is known" in grid.every.query("service == 'NPS London'")["said"].iloc[
        0
    ].replace("\n", " ")


def test_gap_rows_are_the_counts_and_the_gap(gap):
    choices = {"definition": "good_overall", "round": FIRST, "used": "all", "share": 50}
    rows = gap.matching(choices).set_index("body")
    assert rows["label"].tolist() == ["5 of 7", "1 of 21", "67 points"]
    assert rows.loc["Gap", ["lower", "upper"]].tolist() == pytest.approx([0.2687, 0.8739])
    assert gap.finding(choices).endswith("(95% interval 27 to 87; Fisher's exact test, p = 0.001).")
    open_ = gap.compute(**choices | {"definition": "share_of_points"}).set_index("body")
    assert open_["label"].tolist() == ["6 to 7 of 7", "2 to 18 of 21", "0 to 90 points"]
    counted = gap.compute(**choices | {"definition": "standards_good"})
    assert counted[["lower", "upper"]].isna().all(axis=None)


def test_league_rows_follow_the_chosen_rule(tables, league):
    for good_from in (15, 16, 19):
        rows = league.matching(league.start | {"good_from": good_from})
        rule = ratings.ScoringRule(good_from=good_from)
        expected = ratings.rank_interval(ratings.score_interval(rc.evidence(tables, FIRST), rule))
        assert rows["service"].tolist() == expected["name"].tolist()
        pd.testing.assert_series_equal(rows["lowest"].reset_index(drop=True), expected["lowest"])
    impossible = league.matching(league.start | {"good_from": 15}).query("rank == 'impossible'")
    assert set(impossible["service"]) == {"London CRC", "NPS South East and Eastern"}
    assert "no total fits" in league.finding(league.start | {"good_from": 15})


def test_league_refuses_points_that_run_backwards(league):
    with pytest.raises(ValueError, match="must not rise"):
        league.compute(**league.start | {"outstanding": 1})


def test_the_article_narrows_the_league(league):
    rows = league.compute(**league.start | {"used": "article"}).set_index("service")
    assert rows.loc["DDC CRC", ["lowest", "highest"]].tolist() == [5, 5]
    assert rows.loc["Merseyside CRC", "lowest"] == 11


def test_every_live_choice_of_the_league_computes(league):
    for control in league.controls:
        for value in control.values:
            try:
                rows = league.compute(**league.start | {control.name: value})
            except ValueError as problem:
                assert "ScoringRule" in str(problem)
            else:
                assert len(rows) and league.finding(league.start | {control.name: value}, rows.assign(**league.start))


def test_overall_bands_draws_n_of_n(tables):
    shares = ratings.overall_shares(rc.counts(tables, FIRST))
    spec = rc.overall_bands(shares, tables, "Title").to_dict()
    drawn = pd.DataFrame(next(iter(spec["datasets"].values())))
    assert set(drawn["label"]) == {"0 of 7", "5 of 7", "2 of 7", "0 of 21", "1 of 21", "19 of 21"}
    assert drawn["wilson_lower"].between(0, 1).all() and drawn["wilson_upper"].between(0, 1).all()
    assert spec["description"] and spec["usermeta"]["source_ids"]


def test_every_source_row_has_its_document(tables):
    rows = rc.source_rows(tables)
    assert set(rows["source_id"]) <= set(tables["sources"]["source_id"])
    figures = rows["figures"].str.split("; ").explode()
    official = tables["band_distribution"]["standard"].astype(str) == "overall"
    assert len(figures) == sum(len(tables[name]) for name in ("ratings", "band_profiles", "league_points")) + sum(
        official
    )


def test_every_band_has_a_colour_and_initials_of_its_own():
    assert len(set(rc.INITIALS.values())) == len(rc.INITIALS) == len(rc.COLOURS)
    assert set(ratings.BANDS) <= set(charts.BANDS)
