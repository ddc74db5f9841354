"""Reoffending: totals from official summaries, worked examples from the literature, and properties."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from helpers import data, own_files, reoffending
from helpers.explorer import NOTHING
from tests import cells

QUARTERLY, YEARLY, OLDER = reoffending.CURRENT_QUARTERLY, reoffending.CURRENT_YEARLY, reoffending.OLDER_YEARLY


def simulate_power(
    offenders: int,
    baseline_rate: float,
    true_rate: float,
    alpha: float = 0.05,
    baseline_offenders: int | None = None,
    simulations: int = 20_000,
    seed: int = 2014,
) -> float:
    """Share (0 to 1) of simulated cohorts in which the test of power() finds a difference: a check on the formula.

    Draws reoffenders from the binomial distribution with a fixed seed; rates in percent.
    """
    rng = np.random.default_rng(seed)
    observed = rng.binomial(offenders, true_rate / 100, simulations) / offenders
    if baseline_offenders is None:
        base = np.full(simulations, baseline_rate / 100)
        variance = base * (1 - base) / offenders
    else:
        base = rng.binomial(baseline_offenders, baseline_rate / 100, simulations) / baseline_offenders
        pooled = (observed * offenders + base * baseline_offenders) / (offenders + baseline_offenders)
        variance = pooled * (1 - pooled) * (1 / offenders + 1 / baseline_offenders)
    return float(np.mean(np.abs(observed - base) > norm.isf(alpha / 2) * np.sqrt(variance)))


@pytest.fixture(scope="module")
def national():
    return data.load("reoffending_national")


@pytest.fixture(scope="module")
def adjusted():
    return data.load("reoffending_adjusted")


@pytest.fixture(scope="module")
def crcs():
    return data.load("reoffending_by_crc")


@pytest.fixture(scope="module")
def counts():
    return data.load("reoffending_success_counts")


# -------------------------------------------------------------------------------------------- national series


@pytest.mark.parametrize(
    ("year", "binary_rate", "frequency_rate"), [(2011, 31.3, 3.30), (2016, 29.4, 4.01), (2023, 28.2, 4.73)]
)
def test_known_rates_of_all_offenders(national, year, binary_rate, frequency_rate):
    series = reoffending.national_series(national)
    row = series[series["date"].dt.year == year].iloc[0]
    assert (round(row["binary_rate"], 1), round(row["frequency_rate"], 2)) == (binary_rate, frequency_rate)


def test_the_run_of_all_offenders_is_whole_and_changes_source_in_2012(national):
    series = reoffending.national_series(national)
    assert series["date"].tolist() == list(pd.date_range("2002-04-01", "2023-04-01", freq="12MS"))
    assert series["segment"].eq(0).all() and series["figures_from"].eq("counts").all()
    tool = series["date"] >= "2012-04-01"
    assert set(series.loc[tool, "source_id"]) == {reoffending.DATA_TOOL}
    assert set(series.loc[~tool, "source_id"]) == {reoffending.OLDER_TABLES}
    counted = series.set_index(series["date"].dt.year).loc[2012]
    assert tuple(counted[["offenders", "reoffenders", "reoffences"]]) == (628_761, 194_500, 668_502)


def test_a_year_is_the_sum_of_its_quarters(national):
    quarters = reoffending.national_series(national, "all", QUARTERLY).set_index("date").loc["2012-04":"2013-03"]
    assert len(quarters) == 4
    assert quarters[["offenders", "reoffenders", "reoffences"]].sum().tolist() == [628_761, 194_500, 668_502]


def test_quarters_that_were_not_published_leave_a_gap(national):
    series = reoffending.national_series(national, "all", QUARTERLY)
    assert len(series) == 57 and series["date"].is_unique
    firsts = series.drop_duplicates("segment")["cohort"].tolist()
    assert firsts == ["Jan-Mar 2000", "Jan-Mar 2002", "Oct-Dec 2018", "Jul-Sep 2019", "Jul-Sep 2022", "Apr-Jun 2023"]


@pytest.mark.parametrize("population", ["all", "adult", "juvenile"])
@pytest.mark.parametrize("measure", [QUARTERLY, YEARLY, OLDER])
def test_published_rates_agree_with_their_counts(national, population, measure):
    series = reoffending.national_series(national, population, measure)
    exact = series[series["figures_from"] == "counts"]
    assert len(exact) > 10
    assert (100 * exact["reoffenders"] / exact["offenders"] - exact["binary_rate"]).abs().max() <= 0.051
    assert (exact["reoffences"] / exact["reoffenders"] - exact["frequency_rate"]).abs().max() <= 0.051
    assert np.allclose(exact["reoffences_per_offender"], exact["reoffences"] / exact["offenders"])
    inside = exact["binary_rate"].between(exact["binary_low"] - 0.05, exact["binary_high"] + 0.05)
    assert inside.all()
    assert series.loc[series["figures_from"] != "counts", "binary_low"].isna().all()


def test_every_row_of_a_population_and_measure_is_kept_a_rival_or_rolling(national):
    for population in ("all", "adult", "juvenile"):
        for measure in (QUARTERLY, YEARLY, OLDER):
            rows = reoffending._matching(national, population, measure, None)
            series = reoffending.national_series(national, population, measure)
            rolling = reoffending._rolling(rows).sum()
            assert len(rows) == len(series) + series["other_figures"].sum() + rolling


def test_rival_figures_stand_side_by_side(national):
    rivals = reoffending.rival_figures(national, "adult")
    year = rivals[rivals["date"] == "2013-04-01"].set_index("source_id")
    assert year.loc["moj-tables-2016-copy", "binary_rate"] == 30.00
    assert year.loc["lesscrime-reoffending-2019", "binary_rate"] == 30.01
    assert year["kept"].sum() == 1 and year["spread"].iloc[0] == pytest.approx(0.01)


def test_the_two_measures_overlap_and_are_not_joined(national):
    both = reoffending.break_of_measure(national)
    assert set(both["measure"]) == {YEARLY, OLDER}
    gap = reoffending.measure_gap(national).set_index("date").loc["2013-04-01"]
    assert (gap["older_rate"], gap["current_rate"]) == (26.2, 31.1)
    assert len(reoffending.measure_gap(national)) == both["overlap"].sum() / 2


def test_a_downloaded_total_is_compared_with_the_one_kept(national):
    ours = reoffending.national_series(national)
    headline = ours[["cohort", "date", "date_end", "population", "offenders", "reoffenders", "reoffences"]].tail(2)
    headline = headline.assign(reoffenders=headline["reoffenders"] + [0, 5])
    check = reoffending.check_headline(headline, national)
    assert len(check) == 6
    assert check.loc[check["difference"] != 0, ["count", "difference"]].values.tolist() == [["reoffenders", 5]]


def test_an_unknown_population_is_an_error(national):
    with pytest.raises(ValueError, match="no rows for women"):
        reoffending.national_series(national, "women")


def test_wilson_interval_follows_the_worked_example():
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3 (Wilson): 81/263 and 15/148.
    low, high = reoffending.wilson_interval(pd.Series([81, 15, np.nan]), pd.Series([263, 148, 10]))
    assert low[:2].round(2).tolist() == [25.53, 6.24] and high[:2].round(2).tolist() == [36.62, 16.05]
    assert low.isna().tolist() == [False, False, True]


# -------------------------------------------------------------------------------------------- change


@given(*[st.floats(0.01, 20, allow_nan=False) for _ in range(4)])
def test_the_parts_of_a_product_add_up_and_swap_sign_with_time(a, b, c, d):
    first, second = reoffending.decompose_product(a, b, c, d)
    assert first + second == pytest.approx(c * d - a * b, abs=1e-9)
    back = reoffending.decompose_product(c, d, a, b)
    assert back == (pytest.approx(-first), pytest.approx(-second))
    # Each part is the mean over both orders in which the factors could have moved: the Shapley value.
    assert first == pytest.approx(((c - a) * b + (c - a) * d) / 2, abs=1e-9)


@pytest.mark.parametrize("population", ["all", "adult", "juvenile"])
@pytest.mark.parametrize("base", [2002, 2011])
def test_change_since_adds_up_for_every_cohort(national, population, base):
    change = reoffending.change_since(reoffending.national_series(national, population), base)
    parts = change["due_to_binary"] + change["due_to_frequency"]
    assert np.allclose(parts, change["total_change"], equal_nan=True, atol=1e-12)
    at_base = change[change["date"].dt.year == base].iloc[0]
    assert at_base["total_change"] == at_base["binary_change"] == at_base["frequency_change"] == 0


def test_fewer_reoffended_but_reoffences_rose(national):
    change = reoffending.change_since(reoffending.national_series(national), 2011)
    row = change[change["date"].dt.year == 2016].iloc[0]
    assert row["binary_change"] == pytest.approx(100 * (139_611 / 475_135 - 219_363 / 700_804))
    assert row["frequency_change_percent"] == pytest.approx(21.6, abs=0.05)
    assert row["due_to_binary"] < 0 < row["due_to_frequency"] and row["total_change"] > 0


def test_a_base_that_is_not_there_is_an_error(national):
    series = reoffending.national_series(national)
    with pytest.raises(ValueError, match="0 cohorts begin in 1999"):
        reoffending.change_since(series, 1999)
    quarters = reoffending.national_series(national, "all", QUARTERLY)
    with pytest.raises(ValueError, match="give the first day"):
        reoffending.change_since(quarters, 2011)
    assert reoffending.change_since(quarters, "2011-10-01")["base_cohort"].iloc[0] == "Oct-Dec 2011"


# -------------------------------------------------------------------------------------------- case mix


def test_the_adjusted_rate_is_observed_less_expected_plus_a_constant(adjusted):
    # So the change in the observed rate is the change in case mix plus the change in the adjusted rate.
    level = adjusted["adjusted_rate"] - adjusted["binary_rate"] + adjusted["expected_rate"]
    assert level.between(33.70, 33.76).all()
    quarters_of_2011 = adjusted[(adjusted["measure"] == QUARTERLY) & (adjusted["date"].dt.year == 2011)]
    assert level.mean() == pytest.approx(quarters_of_2011["expected_rate"].mean(), abs=0.01)


def test_case_mix_change(adjusted):
    change = reoffending.case_mix_change(adjusted, 2002, 2013)
    assert change["observed_change"] == pytest.approx(-2.43)
    assert (change["case_mix"], change["other"]) == (pytest.approx(1.67), pytest.approx(-4.10))
    assert abs(change["rounding"]) <= 0.02
    assert change["observed_change"] == pytest.approx(change["case_mix"] + change["other"] + change["rounding"])


def test_case_mix_in_long_form(adjusted):
    long = reoffending.case_mix(adjusted)
    assert len(long) == 36 and set(long["rate"]) == {"observed", "expected", "adjusted"}
    observed = long[(long["rate"] == "observed") & (long["date"] == "2011-04-01")]
    assert observed["percent"].tolist() == [30.02]


# -------------------------------------------------------------------------------------------- success counts


def test_the_rule_chosen_decides_how_many_succeeded(counts):
    every = reoffending.success_counts(counts)
    assert (every["crcs"].min(), every["crcs"].max()) == (2, 21)
    assert every["direction"].isin(["fall", "met"]).all()
    official = reoffending.success_counts(counts, "binary", "significance", "fall", "official")
    assert sorted(official["crcs"]) == [17, 18, 20, 20, 21]
    assert reoffending.success_counts(counts, "both", "below_baseline")["crcs"].tolist() == [2]
    assert reoffending.success_counts(counts, "frequency", "significance").empty
    assert len(reoffending.success_counts(counts, direction=None)) == len(counts)
    assert reoffending.success_rules(counts)["counts"].sum() == len(counts)


# -------------------------------------------------------------------------------------------- power


def test_power_follows_the_worked_example():
    # Montgomery and Runger, Applied Statistics and Probability for Engineers, example 9-11: one-sided 5% test of
    # p = 0.05 with n = 200 misses p = 0.03 with a probability of about 0.67; n = 832 misses it with 0.10.
    # A two-sided 10% test has the same lower limit, and its upper one is out of reach here.
    assert float(reoffending.power(200, 5, 3, alpha=0.1)) == pytest.approx(1 - 0.67, abs=0.005)
    assert float(reoffending.power(832, 5, 3, alpha=0.1)) == pytest.approx(0.90, abs=0.001)


@pytest.mark.parametrize("offenders", [400, 1286, 4089])
@pytest.mark.parametrize("fall", [0, 2.1, 5])
@pytest.mark.parametrize("baseline_offenders", [None, 5000])
def test_power_agrees_with_simulation(offenders, fall, baseline_offenders):
    closed = float(reoffending.power(offenders, 47.5, 47.5 - fall, baseline_offenders=baseline_offenders))
    simulated = simulate_power(offenders, 47.5, 47.5 - fall, baseline_offenders=baseline_offenders)
    # The binomial moves in steps, which the normal approximation does not: a cohort of 400 has steps of 0.25 points.
    assert simulated == pytest.approx(closed, abs=0.02)


@pytest.mark.parametrize("direction", ["fall", "rise"])
@settings(deadline=None, max_examples=30)
@given(offenders=st.integers(300, 20_000), baseline=st.floats(25, 75), chance=st.floats(0.3, 0.95))
def test_detectable_change_has_the_power_it_claims(direction, offenders, baseline, chance):
    change = reoffending.detectable_change(offenders, baseline, chance, direction=direction)
    rate = baseline - change if direction == "fall" else baseline + change
    assert float(reoffending.power(offenders, baseline, rate)) == pytest.approx(chance, abs=1e-6)
    assert change > reoffending.detectable_change(2 * offenders, baseline, chance, direction=direction)


def test_detectable_change_near_the_textbook_approximation():
    # (z for 97.5% + z for 80%) times the standard error of the baseline.
    rough = 100 * (norm.ppf(0.975) + norm.ppf(0.8)) * np.sqrt(0.475 * 0.525 / 1286)
    assert reoffending.detectable_change(1286, 47.5) == pytest.approx(rough, abs=0.02)
    uncertain = reoffending.detectable_change(1286, 47.5, baseline_offenders=5000)
    assert uncertain > reoffending.detectable_change(1286, 47.5)
    with pytest.raises(ValueError, match="no fall from 5% is found"):
        reoffending.detectable_change(20, 5)


@pytest.mark.parametrize("offenders", [20, 500, 1286, 10_000])
@pytest.mark.parametrize("rate", [47.5, 45.4, 40, 55])
def test_exact_power_adds_up_the_counts_that_the_test_rejects(offenders, rate):
    counts = np.arange(offenders + 1)
    z = np.abs(counts / offenders - 0.475) / np.sqrt(0.475 * 0.525 / offenders)
    added = binom.pmf(counts, offenders, rate / 100)[z > norm.isf(0.025)].sum()
    assert reoffending.exact_power(offenders, 47.5, rate) == pytest.approx(added, abs=1e-10)


@pytest.mark.parametrize(("offenders", "rate"), [(500, 47.5), (1286, 45.4), (5143, 46.5)])
def test_exact_power_agrees_with_simulation(offenders, rate):
    simulations = 20_000
    exact = reoffending.exact_power(offenders, 47.5, rate)
    simulated = simulate_power(offenders, 47.5, rate, simulations=simulations)
    # Five standard errors of a share among so many draws: another stream of random numbers stays within them but for
    # once in two million.
    assert simulated == pytest.approx(exact, abs=5 * np.sqrt(exact * (1 - exact) / simulations))


def test_the_average_quarterly_cohort(crcs):
    cohort = reoffending.quarterly_cohort(crcs)
    assert cohort["offenders"] == pytest.approx(108_000 / 21 / 4)
    assert (cohort["baseline_rate"], cohort["rate"], cohort["qualifier"]) == (47.5, 45.4, "about")


# -------------------------------------------------------------------------------------------- by CRC


def test_statuses_are_never_mixed(crcs):
    for status in crcs["status"].unique():
        rows = reoffending.by_crc(crcs, status)
        assert set(rows["status"]) <= {status} and rows["provider_id"].str.startswith("crc-").all()
    with pytest.raises(ValueError, match="status must be one of"):
        reoffending.by_crc(crcs, "all")


def test_merseyside_keeps_the_printed_rate_beside_the_counts(crcs):
    rows = reoffending.by_crc(crcs, "final")
    row = rows[(rows["provider_id"] == "crc-merseyside") & rows["offenders"].notna()].iloc[0]
    assert row["binary_rate"] == 35 and row["from_counts"] == pytest.approx(35.534, abs=0.001)
    assert row["binary_low"] < row["from_counts"] < row["binary_high"]
    cumbria = rows[rows["provider_id"] == "crc-cumbria-and-lancashire"]
    assert cumbria["change_from_baseline"].tolist()[0] == pytest.approx(-8.2)


# -------------------------------------------------------------------------------------------- funnel


@settings(deadline=None, max_examples=60)
@given(n=st.integers(30, 5000), target=st.floats(5, 95))
def test_exact_limits_lie_within_one_offender_of_the_binomial_quantiles(n, target):
    limits = reoffending.funnel_limits([n], target).iloc[0]
    for name, tail in reoffending.FUNNEL_LIMITS.items():
        for end, p in (("lower", tail), ("upper", 1 - tail)):
            quantile = binom.ppf(p, n, target / 100)
            assert quantile - 1 - 1e-6 <= limits[f"{end}_{name}"] / 100 * n <= quantile + 1e-6
    assert limits["lower_99_8"] <= limits["lower_95"] <= limits["upper_95"] <= limits["upper_99_8"]


def test_the_exact_limit_interpolates_as_spiegelhalter_writes_it():
    # n = 10, target 50%: F(1) = 11/1024 and F(2) = 56/1024, so p = 0.025 is reached at r = 2.
    limit = (2 - (56 / 1024 - 0.025) / (45 / 1024)) / 10
    assert reoffending.funnel_limits([10], 50).iloc[0]["lower_95"] == pytest.approx(100 * limit)


def test_large_cohorts_meet_the_normal_limits():
    limits = reoffending.funnel_limits([100_000], 40).iloc[0]
    for name, tail in reoffending.FUNNEL_LIMITS.items():
        normal = 100 * (0.4 + norm.isf(tail) * np.sqrt(0.4 * 0.6 / 100_000))
        assert limits[f"upper_{name}"] == pytest.approx(normal, abs=0.002)
    wide = reoffending.funnel_limits([1000], 40, phi=4).iloc[0]
    narrow = 100 * norm.isf(0.025) * np.sqrt(0.4 * 0.6 / 1000)
    assert wide["upper_95"] - 40 == pytest.approx(2 * narrow)


def test_phi_follows_the_published_example():
    # Six units of the tests of the R package FunnelPlotR: phi 2.948033, with log ratios as z scores; 10% of six
    # units is none, so nothing is winsorised.
    observed, expected = np.array([100, 150, 180, 80, 120, 225]), np.array([108, 112, 165, 95, 100, 220])
    spread = reoffending.dispersion(np.log(observed / expected) * np.sqrt(expected))
    assert spread["phi"] == pytest.approx(2.948033, abs=5e-7)
    assert spread["threshold"] == pytest.approx(1 + 2 * np.sqrt(2 / 6)) and spread["over_dispersed"]


def test_winsorising_takes_the_edge_off_two_of_21():
    scores = np.r_[np.zeros(15), -9, -5, -2, 2, 5, 9]
    assert reoffending.dispersion(scores)["phi"] == pytest.approx(6 * 2**2 / 21)
    # For 21 institutions the 10% quantile is the third score, so both ways to winsorise agree.
    assert reoffending.dispersion(scores)["phi"] == np.mean(np.clip(scores, *np.quantile(scores, [0.1, 0.9])) ** 2)
    assert reoffending.dispersion(scores, winsorise=0)["phi"] == pytest.approx(2 * (81 + 25 + 4) / 21)


def cohort(offenders, reoffenders):
    return pd.DataFrame(
        {
            "provider_id": [f"crc-{index}" for index in range(len(offenders))],
            "cohort": "Oct-Dec 2015",
            "status": "interim",
            "offenders": offenders,
            "reoffenders": reoffenders,
        }
    )


def test_chance_alone_is_seldom_called_over_dispersion_or_an_outlier():
    rng = np.random.default_rng(21)
    outside, called = 0, 0
    for _ in range(300):
        sizes = rng.integers(400, 2500, 21)
        funnel = reoffending.funnel(cohort(sizes, rng.binomial(sizes, 0.4)), winsorise=0)
        outside += (funnel["position"] != "within limits").sum()
        called += funnel["phi"].iloc[0] > 1
    assert 0.025 < outside / (300 * 21) < 0.06  # 5%, a little less as each unit pulls the target to itself
    assert called / 300 < 0.06


def test_one_outlier_is_found_and_a_general_spread_widens_the_limits():
    sizes = np.full(21, 1200)
    funnel = reoffending.funnel(cohort(sizes, np.r_[np.full(20, 480), 600]))
    assert funnel["position"].tolist() == ["within limits"] * 20 + ["above 99.8%"]
    assert set(funnel["limits"]) == {"exact binomial"}
    spread = reoffending.funnel(cohort(sizes, np.linspace(300, 660, 21).round()))
    assert set(spread["limits"]) == {"normal, over-dispersed"} and spread["phi"].iloc[0] > 10
    assert "limits are widened" in own_files.funnel_in_words(spread)
    assert "1 of 21 CRCs lie outside the 99.8% limits" in own_files.funnel_in_words(funnel)
    assert len(reoffending.funnel_curve(funnel, 50)) <= 50


def test_a_funnel_never_mixes_cohorts_or_statuses():
    rows = cohort([1000, 1200, 900], [400, 410, 420])
    for column in ("cohort", "status"):
        mixed = rows.assign(**{column: ["a", "a", "b"]})
        with pytest.raises(ValueError, match=f"one {column}"):
            reoffending.funnel(mixed)


# ------------------------------------------------------------------------------ known figures, as rows


def test_known_changes(national, adjusted, counts, crcs):
    series = reoffending.change_since(reoffending.national_series(national), 2011).set_index("cohort")
    end, last = series.loc["Apr 2016 to Mar 2017"], series.loc["Apr 2023 to Mar 2024"]
    assert (round(end["binary_change"], 1), round(end["total_change_percent"])) == (-1.9, 14)
    assert (round(last["binary_rate"], 1), round(last["frequency_rate"], 2)) == (28.2, 4.73)
    lower = series[(series["date"].dt.year > 2011) & (series["total_change"] < 0)].index
    assert reoffending.short(lower.to_series()).tolist() == ["2019/20", "2020/21", "2021/22"]
    said = reoffending.case_mix_in_words(adjusted)
    assert "fell by 2.43" in said and "risen by 1.67" in said
    assert round(reoffending.quarterly_cohort(crcs)["offenders"]) == 1286
    assert reoffending.rival_figures(national)["date"].nunique() == 6


@pytest.mark.parametrize(
    ("cohort", "expected"),
    [
        ("Apr 2011 to Mar 2012", "2011/12"),
        ("Jan to Dec 2002", "2002"),
        ("Oct-Dec 2015", "Oct-Dec 2015"),
        ("Apr 1999 to Mar 2000", "1999/00"),
    ],
)
def test_short_cohorts(cohort, expected):
    assert reoffending.short(cohort) == expected


def test_success_rules_and_counts_as_tables(counts):
    names = cells.run("06").names
    assert names.rules["counts"].sum() == 15 and names.rules.notna().all(axis=None)
    assert len(names.counted) == len(counts)


def test_rates_by_crc_stand_under_their_status(crcs):
    providers = data.load("providers")
    rows = reoffending.rates_by_crc(crcs, providers)
    assert set(reoffending.STATUSES) == set(crcs["status"].dropna())
    assert (rows.groupby("status")["crc"].nunique() == 21).all() and len(rows) == 4 * 21
    assert rows.groupby("status")["binary_rate"].count().to_dict() == {
        "Baseline year": 1, "Final": 2, "Final, as inferred": 1, "Interim": 1
    }  # fmt: skip
    assert len(reoffending.crc_table(crcs, providers)) == crcs["provider_id"].str.startswith("crc-").sum()


def test_sources_count_every_row_drawn(national, adjusted, crcs):
    tables = (national, adjusted, crcs, data.load("reoffending_facts"), data.load("contract_performance"))
    drawn = reoffending.rows_by_source(*tables)
    yearly = reoffending.case_mix(adjusted)["cohort"].nunique()
    assert drawn["rows"].sum() == 265 + yearly + (crcs["provider_id"] == "all-crcs").sum() + 4 + 1
    assert drawn["source_id"].isin(data.load("sources")["source_id"]).all() and drawn["source_id"].is_unique


# --------------------------------------------------------------------------------- what the notebook draws


def test_the_series_keep_every_cohort_and_join_no_measures(national):
    rows = cells.explorers("06")["series"].every
    for population in reoffending.POPULATIONS.values():
        for period, measures in (("year", reoffending.MEASURES.values()), ("quarter", [QUARTERLY])):
            found = rows[(rows["population"] == population) & (rows["period"] == period)]
            kept = [reoffending.national_series(national, population, measure) for measure in measures]
            assert len(found) == sum(map(len, kept))
            assert sorted(found["binary_rate"]) == sorted(pd.concat(kept)["binary_rate"])
    # A line holds one measure only, and no line crosses a gap of more than a year.
    assert set(rows["run"].str.split().str[0]) == {"current", "older"}
    lines = rows.groupby(["population", "period", "run"])["date"]
    assert lines.apply(lambda dates: dates.sort_values().diff().max()).dropna().max() < pd.Timedelta(days=370)


def test_the_change_begins_with_the_base_and_its_parts_add_up():
    change = cells.explorers("06")["change"]
    keys = ["population", "measure", "base", "cohort"]
    sums = change.every.groupby(keys, sort=False).agg(parts=("change", "sum"), total=("total_change", "first"))
    assert (sums["parts"] - sums["total"]).abs().max() < 2e-4
    assert (sums.groupby(keys[:3], sort=False)["total"].first() == 0).all()
    said = change.finding({"population": "all", "measure": "current", "base": 2011})
    assert said.startswith("Reoffences per offender went from 1.03 to 1.33 in 2023/24, by +0.30")


def test_success_counts_are_all_drawn_and_follow_the_rule(counts):
    explorer = cells.explorers("06")["counts"]
    assert len(explorer.every) == len(counts)
    assert (explorer.every["end"] - explorer.every["start"] == explorer.every["crcs"]).all()
    assert explorer.finding(explorer.start).startswith("15 counts of success, from 2 to 21 of 21")
    assert explorer.finding({"rate": "frequency", "test": "consistent"}) == NOTHING


def test_the_exact_chance_stays_near_the_formula():
    power = cells.explorers("06")["power-chart"]
    assert (power.every["formula"] - power.every["exact"]).abs().max() < 2
    assert power.every["formula"].between(0, 100).all()
    said = power.finding(power.start)
    assert "must be 3.9 points" in said and "about 2.1, would be found 33%" in said
