"""The analysis of inspection ratings: official totals, worked examples from the literature, exact solutions."""

from itertools import product
from math import comb
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import ratings as r
from helpers import record
from helpers.data import load
from tests import cells

FIRST, SECOND = r.ROUNDS


@pytest.fixture(scope="module")
def tables():
    return {name: load(name) for name in {*r.TABLES, *record.TABLES}}


def evidence_of(tables, round, include_implied=True, league=False):
    return r.service_evidence(
        tables["ratings"],
        tables["providers"],
        tables["standards"],
        tables["band_profiles"],
        round,
        include_implied,
        tables["league_points"] if league else None,
    )


@pytest.fixture(scope="module")
def first(tables):
    return evidence_of(tables, FIRST)


@pytest.fixture(scope="module")
def second(tables):
    return evidence_of(tables, SECOND)


@pytest.fixture(scope="module")
def both(first, second):
    return pd.concat([first, second], ignore_index=True)


def interval_of(table, provider_id):
    row = table.set_index("provider_id").loc[provider_id]
    return row["lowest"], row["highest"]


def made_up(known=(0, 0, 0, 0), counted=None, overall=r.UNKNOWN, standards=10, kind="CRC", name="a"):
    row = {"provider_id": name, "name": name, "service_type": kind, "round": FIRST, "overall": overall}
    row |= {"standards": standards}
    row |= dict(zip(r._KNOWN, known, strict=True))
    row |= dict(zip(r._COUNTED, counted or [np.nan] * 4, strict=True))
    return row | {"article_points": np.nan, "article_points_at_least": np.nan}


# The tables


def test_official_totals_of_the_first_round(tables):
    counts = r.overall_counts(tables["ratings"], tables["providers"], tables["band_distribution"], FIRST)
    found = counts.set_index(["service_type", "band"])["services"]
    assert found["NPS"].tolist() == [0, 5, 2, 0]
    assert found["CRC"].tolist() == [0, 1, 19, 1]
    assert (counts["services"] == counts["official"]).all() and (counts["of"] == counts["official_of"]).all()
    assert found.groupby("band").sum()[list(r.BANDS)].tolist() == [0, 6, 21, 1]


def test_second_round_states_the_crc_that_is_not_identified(tables):
    counts = r.overall_counts(tables["ratings"], tables["providers"], tables["band_distribution"], SECOND)
    gap = counts[counts["unidentified"] != 0]
    assert gap[["service_type", "band", "services", "official"]].values.tolist() == [["CRC", "Good", 2, 3]]
    bands = r.overall_bands(tables["ratings"], tables["providers"], tables["band_distribution"], SECOND)
    without = bands[~bands["band"].isin(r.BANDS)].groupby(["service_type", "band"]).size()
    assert without.to_dict() == {("CRC", r.UNKNOWN): 13, ("NPS", r.NOT_RATED): 6}


def test_grid_has_every_service_and_every_standard(tables):
    grid = r.rating_grid(tables["ratings"], tables["providers"], tables["standards"], FIRST)
    assert len(grid) == 28 * 13
    assert grid.groupby("service_type")["provider_id"].nunique().to_dict() == {"CRC": 21, "NPS": 7}
    refused = grid[grid["band"] == r.NOT_APPLICABLE]
    assert set(refused.loc[refused["service_type"] == "CRC", "standard"]) == {"3.1", "3.2"}
    assert set(refused.loc[refused["service_type"] == "NPS", "standard"]) == {"4.1", "4.2"}
    assert (grid[grid["standard"] != "overall"].groupby("provider_id")["band"].size() == 12).all()
    of_round = tables["ratings"][tables["ratings"]["round"] == FIRST]
    assert grid["band"].isin(r.BANDS).sum() == len(of_round)
    assert grid.loc[grid["band"] == r.UNKNOWN, "source_id"].isna().all()


def test_leaving_out_implied_ratings_only_turns_them_to_unknown(tables):
    arguments = tables["ratings"], tables["providers"], tables["standards"], FIRST
    whole, stated = r.rating_grid(*arguments), r.rating_grid(*arguments, include_implied=False)
    changed = whole["band"] != stated["band"]
    assert changed.any()
    assert (whole.loc[changed, "basis"] == "implied").all() and (stated.loc[changed, "band"] == r.UNKNOWN).all()


def test_a_rating_without_a_place_is_an_error(tables):
    stray = tables["ratings"].astype({"standard": object})
    stray.loc[stray.index[0], "standard"] = "3.2"
    with pytest.raises(ValueError, match=f"{stray['provider_id'].iloc[0]} 3.2"):
        r.rating_grid(stray, tables["providers"], tables["standards"], stray["round"].iloc[0])


def test_change_between_rounds(tables):
    changes = r.round_change(tables["ratings"], tables["providers"], tables["band_distribution"])
    assert len(changes) == 28
    assert changes["change"].value_counts().to_dict() == {
        r.UNKNOWN: 13, "same": 7, r.NOT_RATED: 6, "higher": 2,
    }  # fmt: skip
    raised = changes.loc[changes["change"] == "higher", "provider_id"]
    assert set(raised) == {"crc-durham-tees-valley", "crc-thames-valley"}


def test_tiles_do_not_overlap(tables):
    tiles = r.tile_positions(tables["providers"], tables["ratings"], tables["band_distribution"])
    assert len(tiles) == 28 * 2
    assert not tiles.duplicated(["service_type", "round", "tile_row", "tile_column"]).any()


# Score intervals


@pytest.mark.parametrize(
    ("round", "provider_id", "expected"),
    [
        (FIRST, "crc-london", (15, 15)),
        (FIRST, "nps-south-east-and-eastern", (15, 15)),
        (FIRST, "crc-cumbria-and-lancashire", (7, 7)),
        (FIRST, "crc-norfolk-and-suffolk", (7, 10)),
        (FIRST, "crc-hampshire-and-isle-of-wight", (10, 19)),
        (SECOND, "crc-durham-tees-valley", (15, 19)),
    ],
)
def test_totals_before_the_overall_band_narrows_them(tables, round, provider_id, expected):
    intervals = r.score_interval(evidence_of(tables, round), use_overall=False)
    assert interval_of(intervals, provider_id) == expected


def test_published_points_agree_with_the_solution(tables, first):
    points = tables["band_profiles"].dropna(subset="points").set_index("provider_id")["points"]
    exact = r.score_interval(first, use_overall=False).query("status == 'exact'").set_index("provider_id")
    assert exact["lowest"].to_dict() == points.astype(float).to_dict()


@st.composite
def small_cases(draw):
    standards = draw(st.integers(1, 4))
    known = [0, 0, 0, 0]
    for band in draw(st.lists(st.integers(0, 3), max_size=standards)):
        known[band] += 1
    counted = [draw(st.one_of(st.just(np.nan), st.integers(0, standards))) for _ in range(4)]
    points = sorted(draw(st.lists(st.integers(0, 5), min_size=4, max_size=4)), reverse=True)
    thresholds = sorted(draw(st.lists(st.integers(0, 5 * standards), min_size=3, max_size=3)))
    overall = draw(st.sampled_from([*r.BANDS, r.UNKNOWN]))
    return standards, known, counted, r.ScoringRule(*points, *thresholds), overall


@given(small_cases())
@settings(max_examples=150, deadline=None)
def test_solution_equals_trying_every_rating_of_every_standard(case):
    standards, known, counted, rule, overall = case
    totals = []
    for tried in product(range(4), repeat=standards):
        counts = [tried.count(band) for band in range(4)]
        total = sum(rule.points[band] for band in tried)
        band = "Inadequate"
        for name, start in zip(r.BANDS[2::-1], rule.thresholds, strict=True):
            band = name if total >= start else band
        if (
            all(count >= least for count, least in zip(counts, known, strict=True))
            and all(np.isnan(n) or n == count for n, count in zip(counted, counts, strict=True))
            and overall in (band, r.UNKNOWN)
        ):
            totals.append(total)
    evidence = pd.DataFrame([made_up(known, counted, overall, standards)])
    row = r.score_interval(evidence, rule).iloc[0]
    if totals:
        assert (row["lowest"], row["highest"]) == (min(totals), max(totals))
    else:
        assert row["status"] == "impossible" and np.isnan(row["lowest"]) and row["reason"]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=10), st.sampled_from([*r.BANDS, r.UNKNOWN]))
@settings(max_examples=60, deadline=None)
def test_another_known_rating_never_widens_an_interval(bands, overall):
    tally = [[bands[:n].count(band) for band in range(4)] for n in range(len(bands) + 1)]
    evidence = pd.DataFrame([made_up(known, overall=overall) for known in tally])
    intervals = r.score_interval(evidence)
    possible = intervals["lowest"].notna()
    assert possible.equals(possible.cummin())  # what is impossible stays impossible
    found = intervals[possible]
    assert found["lowest"].is_monotonic_increasing and found["highest"].is_monotonic_decreasing


def test_every_total_between_is_not_needed_but_the_ends_are_reached(first):
    counts, allowed = r._allowed(first, r.DEFAULT_RULE, True)
    totals = counts @ r.DEFAULT_RULE.points
    for row, (low, high) in zip(allowed, r.score_interval(first)[["lowest", "highest"]].to_numpy(), strict=True):
        assert {low, high} <= set(totals[row]) and totals[row].min() == low and totals[row].max() == high


def test_all_ways_to_share_ten_standards_out():
    counts = r.compositions(10)
    assert counts.shape == (286, 4)
    assert (counts.sum(axis=1) == 10).all() and (counts >= 0).all() and len(np.unique(counts, axis=0)) == 286


def test_default_rule_is_the_mean_band_with_a_half_going_down():
    totals = np.arange(31)
    nearest = np.ceil(totals / 10 - 0.5).astype(int).clip(0, 3)
    assert (r.DEFAULT_RULE.band_index(totals) == 3 - nearest).all()


def test_an_impossible_combination_is_reported(first):
    rule = r.ScoringRule(good_from=15)
    intervals = r.score_interval(first, rule).set_index("provider_id")
    assert set(intervals.index[intervals["status"] == "impossible"]) == {
        "crc-london",
        "nps-south-east-and-eastern",
    }
    assert "thresholds" in intervals.loc["crc-london", "reason"]
    quarrel = pd.DataFrame([made_up(known=(0, 2, 0, 0), counted=[0, 1, 9, 0])])
    assert "contradict each other" in r.score_interval(quarrel)["reason"].iloc[0]


def test_a_rule_that_runs_backwards_is_an_error():
    with pytest.raises(ValueError, match=r"points .* thresholds"):
        r.ScoringRule(outstanding=1, good_from=2)


def test_tenths_of_points_meet_their_threshold():
    rule = r.ScoringRule(0.3, 0.2, 0.1, 0, 0.6, 1.6, 2.6)
    evidence = pd.DataFrame([made_up(counted=[0, 6, 4, 0], overall="Good")])
    assert r.score_interval(evidence, rule)[["lowest", "highest"]].values.tolist() == [[1.6, 1.6]]


def test_one_setting_takes_under_twenty_milliseconds(first):
    r.score_interval(first)
    times = []
    for _ in range(10):
        start = perf_counter()
        r.score_interval(first)
        times.append(perf_counter() - start)
    assert min(times) < 0.020


# Thresholds and the article's points


def test_thresholds_fit_every_service(both):
    check = r.thresholds_check(both)
    assert not check["verdict"].eq("contradicts").any()
    assert set(check.loc[check["verdict"] == "fits", "provider_id"]) == {
        "crc-london", "nps-south-east-and-eastern", "crc-cumbria-and-lancashire", "crc-norfolk-and-suffolk",
    }  # fmt: skip
    wrong = r.thresholds_check(both, r.ScoringRule(good_from=15))
    assert wrong["verdict"].eq("contradicts").sum() == 2


def test_what_the_services_say_about_the_thresholds(tables, both):
    admissible = r.admissible_thresholds(both)
    assert (admissible["good_from"].min(), admissible["good_from"].max()) == (16, 19)
    assert admissible["requires_improvement_from"].max() == 7
    assert (admissible == r.DEFAULT_RULE.thresholds).all(axis=1).any()
    article = pd.concat([evidence_of(tables, FIRST, league=True), evidence_of(tables, SECOND)])
    assert set(r.admissible_thresholds(article)["requires_improvement_from"]) == {6, 7}


def test_admissible_thresholds_are_those_without_a_contradiction(both):
    found = set(r.admissible_thresholds(both).itertuples(index=False, name=None))
    for thresholds in [
        (6, 16, 26),
        (7, 19, 31),
        (8, 16, 26),
        (6, 15, 26),
        (6, 20, 26),
        (3, 16, 17),
        (2, 16, 26),
    ]:
        verdicts = r.thresholds_check(both, r.ScoringRule(3, 2, 1, 0, *thresholds))["verdict"]
        assert (thresholds in found) == (not verdicts.eq("contradicts").any()), thresholds


def test_articles_points_against_the_intervals(tables, first):
    check = r.league_points_check(tables["league_points"], tables["ratings"], first)
    assert check.sort_values("points")["points"].tolist() == [5, 11]
    assert check["consistent"].all()
    low_bar = r.ScoringRule(requires_improvement_from=3)
    assert not r.league_points_check(tables["league_points"], tables["ratings"], first, low_bar)["consistent"].all()


def test_using_the_articles_points_narrows_and_never_widens(tables, first):
    without, using = r.score_interval(first), r.score_interval(evidence_of(tables, FIRST, league=True))
    assert interval_of(using, "crc-dorset-devon-and-cornwall") == (5, 5)
    assert interval_of(using, "crc-merseyside") == (11, 15)
    assert interval_of(using, "crc-norfolk-and-suffolk") == (7, 10)  # reported after the article
    assert interval_of(using, "nps-london") == interval_of(without, "nps-london")
    assert (using["lowest"] >= without["lowest"]).all() and (using["highest"] <= without["highest"]).all()


# The gap


@pytest.mark.parametrize(
    ("count", "of", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_newcombe_1998a(count, of, lower, upper):
    services = [made_up(overall="Good" if i < count else "Inadequate", name=str(i)) for i in range(of)]
    row = r.definition_counts(pd.DataFrame(services), "good_overall").iloc[0]
    assert (row["lowest"], row["of"]) == (count, of)
    assert (row["wilson_lower"], row["wilson_upper"]) == pytest.approx((lower, upper), abs=5e-5)


@pytest.mark.parametrize(
    ("cells", "lower", "upper"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((10, 10, 0, 20), 0.6791, 1.0)],
)
def test_difference_of_proportions_newcombe_1998b(cells, lower, upper):
    found = r.compare_proportions(*cells)
    assert (found["difference_lower"], found["difference_upper"]) == pytest.approx((lower, upper), abs=5e-5)


def test_fisher_of_the_lady_tasting_tea():
    assert r.compare_proportions(3, 4, 1, 4)["fisher_p"] == pytest.approx(34 / 70)


def test_gap_in_overall_ratings(first):
    row = r.gap(r.definition_counts(first, "good_overall")).iloc[0]
    assert (row["bound"], row["nps"], row["nps_of"], row["crc"], row["crc_of"]) == ("exact", 5, 7, 1, 21)
    assert row["difference"] == pytest.approx(2 / 3)
    tails = sum(comb(7, good) * comb(21, 6 - good) for good in (5, 6))  # no table at the other end is as unlikely
    assert row["fisher_p"] == pytest.approx(tails / comb(28, 6))


def test_bounds_of_a_gap_hold_for_every_total_in_the_intervals(first):
    intervals = r.score_interval(first)
    ends = r.gap(r.definition_counts(first, "share_of_points")).set_index("bound")["difference"]
    generator = np.random.default_rng(2014)
    for _ in range(200):
        totals = generator.integers(intervals["lowest"].astype(int), intervals["highest"].astype(int) + 1)
        share = pd.Series(totals >= 15).groupby(intervals["service_type"]).mean()
        assert ends["lowest"] - 1e-9 <= share["NPS"] - share["CRC"] <= ends["highest"] + 1e-9


def test_share_of_standard_ratings_counts_each_standard_once(first):
    counts = r.definition_counts(first, "standards_good").set_index("service_type")
    assert counts["of"].to_dict() == {"NPS": 70, "CRC": 210}
    assert (counts["lowest"] <= counts["highest"]).all()
    assert counts[["wilson_lower", "wilson_upper"]].isna().all(axis=None)
    single = r.standards_good_interval(first).set_index("provider_id")
    assert single.loc["crc-london", ["lowest", "highest"]].tolist() == [5, 5]
    assert single.loc["crc-norfolk-and-suffolk", ["lowest", "highest"]].tolist() == [3, 3]
    assert single.loc["crc-essex", ["lowest", "highest"]].tolist() == [0, 10]


def test_an_unknown_overall_band_leaves_bounds(tables):
    strict = evidence_of(tables, FIRST, include_implied=False)
    counts = r.definition_counts(strict, "good_overall").set_index("service_type")
    implied = strict["overall"].eq(r.UNKNOWN).sum()
    assert implied == 2
    assert counts.loc["CRC", ["lowest", "highest"]].tolist() == [1, 1 + implied]
    ends = r.gap(counts.reset_index())
    assert ends["bound"].tolist() == ["lowest", "highest"]
    assert ends["difference"].tolist() == pytest.approx([5 / 7 - 3 / 21, 5 / 7 - 1 / 21])


def test_an_unknown_definition_is_an_error(first):
    with pytest.raises(ValueError, match="good_overall"):
        r.definition_counts(first, "excellent")


@given(st.integers(1, 28), st.integers(1, 28), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_comparison_is_sound_and_symmetric(of_1, of_2, data):
    a, b = data.draw(st.integers(0, of_1)), data.draw(st.integers(0, of_2))
    one, other = r.compare_proportions(a, of_1, b, of_2), r.compare_proportions(b, of_2, a, of_1)
    assert -1 <= one["difference_lower"] <= one["difference"] + 1e-9
    assert one["difference"] - 1e-9 <= one["difference_upper"] <= 1
    assert one["difference_lower"] == pytest.approx(-other["difference_upper"], abs=1e-9)
    assert one["fisher_p"] == pytest.approx(other["fisher_p"])


def test_the_order_of_the_means_depends_on_the_thresholds(first):
    sensitivity = r.rule_sensitivity(first, [r.DEFAULT_RULE, r.ScoringRule(3, 2, 1, 0, 3, 19, 31)])
    assert sensitivity["nps_certainly_higher"].tolist() == [True, False]
    assert sensitivity["impossible"].tolist() == [0, 0]


@pytest.mark.parametrize(("share", "text"), [(1 / 21, "5%"), (0.125, "13%"), (0, "0%"), (1, "100%"), (0.005, "1%")])
def test_percentages_round_half_up(share, text):
    assert r._percent(share) == text


def test_negative_points_carry_a_minus_sign():
    assert [r.percentage_points(share) for share in (-0.31, 0.674, -0.001)] == ["\N{MINUS SIGN}31", "67", "0"]


def test_names_are_short_and_tell_the_types_apart(tables):
    names = r.services(tables["providers"])["name"]
    assert names.is_unique and {"NPS London", "London CRC", "DDC CRC"} <= set(names)


def test_shares_use_the_official_count(tables):
    counts = r.overall_counts(tables["ratings"], tables["providers"], tables["band_distribution"], SECOND)
    shares = r.overall_shares(counts).set_index(["service_type", "band"])
    assert shares.loc[("CRC", "Good"), ["services", "of"]].tolist() == [3, 9]
    assert (shares["wilson_lower"] <= shares["share"]).all() and (shares["share"] <= shares["wilson_upper"]).all()


def test_no_rule_that_fits_is_said_and_not_tabulated():
    none = pd.DataFrame(columns=["requires_improvement_from", "good_from", "outstanding_from"], dtype=int)
    with pytest.raises(ValueError, match="Check the bands of the round"):
        r.fitting_rules(none)


def test_margins_agree_with_the_verdicts(first, both):
    rules = r.fitting_rules(r.admissible_thresholds(both))
    sensitivity = r.rule_sensitivity(first, rules)
    cells = r.threshold_margins(sensitivity).melt(id_vars="start")["value"]
    assert len(cells) == len(rules)
    assert cells.str.contains("NPS higher").sum() == sensitivity["nps_certainly_higher"].sum()
    assert cells[cells.str.contains("NPS higher")].str.startswith("+").all()


@pytest.mark.parametrize(
    ("precision", "day", "last"),
    [
        ("day", "2018-11-05", "2018-11-05"),
        ("month", "2018-11-01", "2018-11-30"),
        ("quarter", "2018-10-01", "2018-12-31"),
        ("year", "2018-01-01", "2018-12-31"),
    ],
)
def test_a_report_counts_as_published_once_its_last_possible_day_is_over(precision, day, last):
    rating = {"provider_id": "crc-essex", "round": FIRST, "standard": "overall", "date_precision": precision}
    rows = pd.DataFrame([rating]).assign(date=pd.Timestamp(day))
    before = pd.Timestamp(last) - pd.Timedelta(days=1)
    assert r.published_by(rows, FIRST, last) == ["crc-essex"]
    assert r.published_by(rows, FIRST, before) == []


# What the notebook draws


def test_known_answers(first, both):
    ends = r.gaps(r.definition_counts(first, name) for name in r.DEFINITIONS).groupby("definition")["difference"]
    assert ((ends.min() > 0).sum(), ((ends.min() <= 0) & (ends.max() >= 0)).sum()) == (2, 2)
    assert r.thresholds_check(both)["verdict"].value_counts().to_dict() == {"possible": 33, "fits": 4}
    rules = r.fitting_rules(r.admissible_thresholds(both))
    sensitivity = r.rule_sensitivity(first, rules)
    assert (len(rules), sensitivity["nps_certainly_higher"].sum(), sensitivity["crc_certainly_higher"].sum()) == (
        20,
        16,
        0,
    )


def test_grid_shows_what_is_read_and_what_the_record_implies(tables):
    grid = cells.explorers("02")["grid"]
    for round, used in product(r.ROUNDS, ("implied", "inferred", "stated")):
        rows = grid.matching({"round": round, "used": used, "service": ""})
        assert rows["service"].nunique() == 28
        of_round = tables["ratings"][tables["ratings"]["round"] == round]
        read = of_round if used != "stated" else of_round[of_round["basis"] == "stated"]
        known = rows[rows["band"].isin(r.BANDS)]
        solved = record.cell_bands(
            record.cells(tables, round), record.statements(tables, round, cells.run("02").names.uses[used])
        )
        status = solved["status"].value_counts()
        assert len(known) == len(read) + status.get("implied", 0)
        assert (known["known"] == "implied").sum() == (read["basis"] == "implied").sum() + status.get("implied", 0)
        narrowed = rows[(rows["known"] == "narrowed")]
        assert len(narrowed) == status.get("narrowed", 0)
        assert set(narrowed["band"]) <= {"Good or better", "Requires improvement or worse", "two or three bands left"}
        assert known["why"].notna().all() and narrowed["why"].notna().all()


def test_every_known_cell_names_its_document(tables):
    rows = cells.explorers("02")["grid"].matching({"round": FIRST, "used": "implied", "service": ""})
    titles = tables["sources"].set_index("source_id")["title"].astype(str)
    names = r.services(tables["providers"]).set_index("provider_id")["name"]
    rated = tables["ratings"][tables["ratings"]["round"] == FIRST]
    standard = rated["standard"].astype(str).replace("overall", "Overall")
    expected = set(zip(rated["provider_id"].map(names), standard, rated["source_id"].map(titles)))
    known = rows[rows["band"].isin(r.BANDS)]
    assert set(zip(known["service"], known["standard"].str.split().str[0], known["why"])) == expected


def test_map_has_28_tiles_that_do_not_overlap_and_the_official_bands():
    grid = cells.explorers("02")["grid"]
    tiles = grid.matching({"round": FIRST, "used": "implied", "service": ""}).dropna(subset="tile_row")
    nps = tiles["service"].str.startswith("NPS")  # which have a map of their own
    assert len(tiles) == 28 and not tiles.assign(nps=nps).duplicated(["nps", "tile_row", "tile_column"]).any()
    assert tiles["band"].value_counts().to_dict() == {"Requires improvement": 21, "Good": 6, "Inadequate": 1}
    later = grid.matching({"round": SECOND, "used": "implied", "service": ""}).dropna(subset="tile_row")
    without = later[~later["band"].isin(r.BANDS)]["band"].value_counts().to_dict()
    assert without == {r.UNKNOWN: 13, r.NOT_RATED: 6}


def test_gap_rows_are_the_counts_and_the_gap():
    gap = cells.explorers("02")["gap"]
    choices = {"definition": "good_overall", "round": FIRST, "used": "implied"}
    rows = gap.matching(choices).set_index("body")
    assert rows["label"].tolist() == ["5 of 7", "1 of 21", "67 points"]
    assert rows.loc["Gap", ["lower", "upper"]].tolist() == pytest.approx([0.2687, 0.8739])
    open_ = gap.matching(choices | {"definition": "share_of_points"}).set_index("body")
    assert open_["label"].tolist() == ["6 to 7 of 7", "2 to 17 of 21", "5 to 90 points"]
    assert gap.matching(choices | {"definition": "standards_good"})[["lower", "upper"]].isna().all(axis=None)


def test_league_rows_are_never_wider_than_service_by_service(tables):
    league, rules = cells.explorers("02")["league"], cells.run("02").names.rules
    assert rules["assumed"] == r.DEFAULT_RULE and rules["lowest"].good_from <= 16 <= rules["highest"].good_from
    for name, rule in rules.items():
        rows = league.matching(league.start | {"rule": name}).set_index("service")
        alone = r.score_interval(r.evidence(tables, FIRST), rule).set_index("name").loc[rows.index]
        assert (rows["lowest"] >= alone["lowest"]).all() and (rows["highest"] <= alone["highest"]).all()
        assert rows["good_from"].eq(rule.good_from).all()
    assert league.matching(league.start).set_index("service").loc["WWM CRC", "highest"] == 14  # three done well of ten


def test_the_league_table_of_2019_narrows_the_league():
    league = cells.explorers("02")["league"]
    rows = league.matching(league.start | {"used": "points"}).set_index("service")
    assert rows.loc["DDC CRC", ["lowest", "highest"]].tolist() == [5, 5]
    assert rows.loc["Merseyside CRC", "lowest"] == 11


def test_what_would_settle_it_is_each_services_part_of_the_gap():
    names = cells.run("02").names
    assert names.settles["ratings"].sum() == 280 - 26
    width = names.ends.loc["standards_good", "highest"] - names.ends.loc["standards_good", "lowest"]
    assert names.settles["points"].sum() >= 100 * width - 1e-6, "jointly the gap is open by no more than the parts"


def test_every_source_row_has_its_document(tables):
    rows = r.source_rows(tables)
    assert set(rows["source_id"]) <= set(tables["sources"]["source_id"])
    figures = rows["figures"].str.split("; ").explode()
    official = tables["band_distribution"]["standard"].astype(str) == "overall"
    assert len(figures) == sum(len(tables[name]) for name in ("ratings", "band_profiles", "league_points")) + sum(
        official
    )
