"""What the record implies: against trying every reading, against the bounds service by service, and by properties."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from helpers import data, ratings, record
from helpers.ratings import BANDS, ScoringRule

FIRST, SECOND = ratings.ROUNDS
UPPER, LOWER = "Outstanding;Good", "Requires improvement;Inadequate"
WARWICKSHIRE = "crc-warwickshire-and-west-mercia"


@pytest.fixture(scope="module")
def tables():
    return {name: data.load(name) for name in record.TABLES}


def asked(tables, round=FIRST, use=record.USED, rule=ratings.DEFAULT_RULE):
    return record.cells(tables, round), record.statements(tables, round, use, rule)


# Small records, of which every reading can be tried

SERVICES = {"nps-a": ("NPS", ["1.1", "3.1"]), "crc-b": ("CRC", ["1.1", "4.1"]), "crc-c": ("CRC", ["1.1", "4.1"])}
CELLS = pd.DataFrame(
    [(who, who, kind, code, code) for who, (kind, codes) in SERVICES.items() for code in codes],
    columns=["provider_id", "name", "service_type", "standard", "standard_name"],
)
READINGS = np.array(list(product(range(4), repeat=len(CELLS))))
POINTS = np.array([3, 2, 1, 0])
PLACES = {who: np.flatnonzero(CELLS["provider_id"] == who) for who in SERVICES}


def statement(number, **given):
    usual = {"table": "statements", "round": FIRST, "basis": "stated", "assumes": "", "measure": "ratings"}
    usual |= {"bands": "", "scope": "together", "scale": "", "total": np.nan, "source_id": "x", "note": ""}
    return usual | {"statement_id": f"s{number:02}", "lowest": np.nan, "highest": np.nan} | given


def frame(rows):
    return pd.DataFrame(rows, columns=record._COLUMNS).astype({"total": float, "lowest": float, "highest": float})


def true_of(row):
    """Which readings a statement is true of."""
    who = row["provider_ids"].split()
    total = {name: POINTS[READINGS[:, places]].sum(axis=1) for name, places in PLACES.items()}
    low, high = np.nan_to_num(row["lowest"], nan=-np.inf), np.nan_to_num(row["highest"], nan=np.inf)
    if row["measure"] == "place":
        return np.all([total[who[0]] >= other for other in total.values()], axis=0)
    if row["measure"] == "services":
        count = np.sum([total[name] == row["total"] for name in who], axis=0)
        return count >= low
    if row["measure"] == "points":
        return np.all([(low <= total[name]) & (total[name] <= high) for name in who], axis=0)
    bands = [BANDS.index(band) for band in row["bands"].split(";")]
    codes = row["standards"].split()
    places = [[PLACES[name][SERVICES[name][1].index(code)] for code in codes] for name in who]
    each = [np.isin(READINGS[:, some], bands) for some in places]
    counts = [found.sum(axis=1) for found in each]
    counts = counts if row["scope"] == "each" else [np.sum(counts, axis=0)]
    return np.all([(low <= count) & (count <= high) for count in counts], axis=0)


@st.composite
def statements(draw, most=6):
    rows = []
    for number in range(draw(st.integers(1, most))):
        measure = draw(st.sampled_from(["ratings"] * 6 + ["points", "services", "place"]))
        who = draw(st.lists(st.sampled_from(list(SERVICES)), min_size=1, max_size=3, unique=True))
        given = {"measure": measure, "provider_ids": " ".join(who), "basis": draw(st.sampled_from(record.BASES))}
        if measure == "place":
            given |= {"provider_ids": who[0], "standards": "1.1", "scale": "3 2 1 0", "assumes": "points"}
        elif measure == "services":
            given |= {"standards": "1.1", "scale": "3 2 1 0", "total": draw(st.integers(0, 6)), "assumes": "points"}
            given["lowest"] = draw(st.integers(1, len(who)))
        else:
            shared = [code for code in ("1.1", "3.1", "4.1") if all(code in SERVICES[name][1] for name in who)]
            codes = draw(st.lists(st.sampled_from(shared), min_size=1, unique=True))
            bands = draw(st.lists(st.sampled_from(BANDS), min_size=1, max_size=3, unique=True))
            scope = draw(st.sampled_from(["together", "each"]))
            most_of = 6 if measure == "points" else len(codes) * (len(who) if scope == "together" else 1)
            low, high = sorted(draw(st.tuples(*[st.integers(0, most_of)] * 2)))
            given |= {"standards": " ".join(codes), "lowest": low, "highest": high, "scope": scope}
            given |= {"scale": "3 2 1 0", "assumes": "overall"} if measure == "points" else {"bands": ";".join(bands)}
        rows.append(statement(number, **given))
    return frame(rows)


def left_of(rows):
    return READINGS[np.all([true_of(row) for row in rows.to_dict("records")], axis=0)]


SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@SOME
@given(statements(), st.sampled_from([ScoringRule(), ScoringRule(outstanding=4.5, inadequate=-1)]))
def test_bounds_are_those_of_trying_every_reading(rows, rule):
    left = left_of(rows)
    assume(len(left))
    found = record.cell_bands(CELLS, rows)
    for place, bands in enumerate(found["bands"].str.split(";")):
        assert bands == [band for number, band in enumerate(BANDS) if number in left[:, place]]
    points = {who: rule.points[left[:, places]].sum(axis=1) for who, places in PLACES.items()}
    good = {who: (left[:, places] < 2).sum(axis=1) for who, places in PLACES.items()}
    every = np.array(list(points.values()))
    bounds = record.totals(CELLS, rows, rule).set_index("provider_id")
    for who, own in points.items():
        rank = 1 + (every > own).sum(axis=0)
        expected = [own.min(), own.max(), good[who].min(), good[who].max(), rank.min(), rank.max()]
        names = ["lowest", "highest", "good_lowest", "good_highest", "best_rank", "worst_rank"]
        assert bounds.loc[who, names].tolist() == pytest.approx(expected)
    mark = rule.inadequate + rule.outstanding - 1e-9  # half of all points, over two standards
    marks = {who: own >= mark for who, own in points.items()}
    for measure, values, of in (("points", points, 1), ("standards_good", good, 2), ("share_of_points", marks, 1)):
        nps, crc = values["nps-a"] / of, (values["crc-b"] * 1.0 + values["crc-c"]) / of / 2
        ends = record.gap(CELLS, rows, rule, measure).set_index("body")[["lowest", "highest"]]
        for body, value in {"NPS": nps, "CRC": crc, "Gap": nps - crc}.items():
            assert ends.loc[body].tolist() == pytest.approx([value.min(), value.max()])


@SOME
@given(statements(most=9))
def test_a_contradiction_is_found_and_none_of_it_can_be_left_out(rows):
    found = record.contradiction(CELLS, rows)
    assert bool(found) == (not len(left_of(rows)))
    if found:
        those = rows[rows["statement_id"].isin(found)]
        assert not len(left_of(those))
        for name in found if len(found) > 1 else []:
            assert len(left_of(those[those["statement_id"] != name]))
        with pytest.raises(record.Contradiction, match=found[0]):
            record.totals(CELLS, rows)


@SOME
@given(statements())
def test_the_reasons_suffice_and_none_can_be_left_out(rows):
    assume(len(left_of(rows)))
    found = record.cell_bands(CELLS, rows)
    assert (found["status"] == "open").eq(found["possible"] == 4).all()
    for place, row in found[found["possible"] < 4].iterrows():
        names = row["statement_ids"].split()
        bands = [BANDS.index(band) for band in row["bands"].split(";")]
        those = rows[rows["statement_id"].isin(names)]
        assert np.isin(left_of(those)[:, place], bands).all()
        for name in names if len(names) > 1 else []:
            assert not np.isin(left_of(those[those["statement_id"] != name])[:, place], bands).all()


@SOME
@given(statements(), st.data())
def test_a_statement_more_never_widens(rows, pick):
    assume(len(left_of(rows)) and len(rows) > 1)
    fewer = rows.drop(pick.draw(st.integers(0, len(rows) - 1)))
    few, all_ = (record.totals(CELLS, some) for some in (fewer, rows))
    for low, high in (("lowest", "highest"), ("good_lowest", "good_highest"), ("best_rank", "worst_rank")):
        assert (few[low] <= all_[low]).all() and (few[high] >= all_[high]).all()
    few, all_ = (record.gap(CELLS, some) for some in (fewer, rows))
    assert (few["lowest"] <= all_["lowest"] + 1e-9).all() and (few["highest"] >= all_["highest"] - 1e-9).all()


# The record itself


@pytest.mark.parametrize("round", ratings.ROUNDS)
@pytest.mark.parametrize(
    ("use", "used"),
    [
        (("stated", "overall"), "stated"),
        (("stated", "implied", "overall"), "all"),
        (record.USED, "all"),
        (record.GROUPS, "article"),
    ],
)
@pytest.mark.parametrize("rule", [ScoringRule(), ScoringRule(outstanding=4, good_from=17)])
def test_never_wider_than_service_by_service(tables, round, use, used, rule):
    evidence = ratings.evidence(tables, round, used)
    alone = ratings.score_interval(evidence, rule).set_index("provider_id")
    low, high = alone["lowest"].to_numpy(), alone["highest"].to_numpy()
    alone["best_rank"] = 1 + (low > high[:, None]).sum(axis=1)
    alone["worst_rank"] = 1 + (high > low[:, None]).sum(axis=1) - (high > low)
    good = ratings.standards_good_interval(evidence).set_index("provider_id")
    together = record.totals(*asked(tables, round, use, rule), rule).set_index("provider_id")
    alone, good = alone.loc[together.index], good.loc[together.index]
    assert (together["lowest"] >= alone["lowest"]).all() and (together["highest"] <= alone["highest"]).all()
    assert (together["best_rank"] >= alone["best_rank"]).all() and (together["worst_rank"] <= alone["worst_rank"]).all()
    assert (together["good_lowest"] >= good["lowest"]).all() and (together["good_highest"] <= good["highest"]).all()


def test_without_statements_the_bounds_are_those_service_by_service(tables):
    """Then nothing joins the services and both must be the same, band by band and total by total."""
    bare = tables | {"statements": tables["statements"].iloc[:0]}
    bare["band_distribution"] = tables["band_distribution"].query("coverage != 'interim'")
    use = ("stated", "implied", "overall")
    together = record.totals(*asked(bare, FIRST, use)).set_index("provider_id")
    alone = ratings.score_interval(ratings.evidence(tables, FIRST)).set_index("provider_id").loc[together.index]
    assert together[["lowest", "highest"]].to_numpy().tolist() == alone[["lowest", "highest"]].to_numpy().tolist()


def test_three_of_ten_done_well_narrows_warwickshire(tables):
    """At most three standards are in the upper bands, two of them Good: 3 + 2 + 2 and seven at 1 make 14, not 15."""
    bare = tables | {"statements": tables["statements"].iloc[:0]}
    before, after = (record.totals(*asked(some)).set_index("provider_id").loc[WARWICKSHIRE] for some in (bare, tables))
    assert before[["lowest", "highest"]].tolist() == [6, 15]
    assert after[["lowest", "highest", "good_lowest", "good_highest"]].tolist() == [6, 14, 3, 3]


def test_the_published_statements_do_not_contradict_each_other(tables):
    for round in ratings.ROUNDS:
        assert record.contradiction(*asked(tables, round, record.GROUPS)) == []


def test_cells_of_the_first_round(tables):
    found = record.cell_bands(*asked(tables))
    assert len(found) == 280
    assert found["status"].value_counts().to_dict() == {"open": 189, "narrowed": 57, "read": 26, "implied": 8}
    by_place = found.set_index(["provider_id", "standard"])
    assert by_place.loc[("crc-london", "1.1"), "bands"] == "Good"
    assert by_place.loc[("crc-london", "1.1"), "statement_ids"].split() == [
        "band_profiles:crc-london:outstanding",
        "statements:london-crc-leadership-and-resettlement",
    ]
    assert by_place.loc[(WARWICKSHIRE, "1.2"), "bands"] == LOWER
    assert by_place.loc[("nps-midlands", "3.2"), "statement_ids"] == "statements:nps-victim-work-outside-london"


def test_groups_can_be_left_out(tables):
    groups = {group: record.statements(tables, FIRST, [group]) for group in record.BASES}
    for basis, rows in groups.items():
        assert set(rows["basis"]) == {basis} and set(rows["assumes"]) == {""}
    whole = record.statements(tables, FIRST, record.GROUPS)
    assert not whole["statement_id"].duplicated().any()
    assert set(whole["assumes"]) == {"", "points", "overall"}
    assert set(whole["source_id"]) <= set(data.load("sources")["source_id"])


def test_every_sentence_is_used_and_no_row_is_told_twice(tables):
    used = pd.concat([record.statements(tables, round, record.GROUPS) for round in ratings.ROUNDS])
    names = set(used.loc[used["table"] == "statements", "statement_id"].str.removeprefix("statements:"))
    assert names == set(tables["statements"]["statement_id"])
    assert set(tables["service_sets"]["set_id"]) == set(tables["statements"]["set_id"].dropna()) | set(
        tables["band_distribution"]["set_id"].dropna()
    )


def test_interim_counts_hold_over_all_services_where_the_set_is_not_used(tables):
    rows = record.statements(tables, FIRST, ["stated"]).set_index("statement_id")
    strict = rows.loc["band_distribution:2.3:inadequate"]
    assert (strict["lowest"], np.isnan(strict["highest"]), len(strict["provider_ids"].split())) == (8, True, 21)
    exact = record.statements(tables, FIRST).set_index("statement_id").loc["band_distribution:2.3:inadequate"]
    assert (exact["lowest"], exact["highest"], len(exact["provider_ids"].split())) == (8, 8, 10)


def test_the_sets_have_the_size_that_the_sources_give(tables):
    sizes = tables["service_sets"].groupby("set_id").size()
    counted = tables["band_distribution"].dropna(subset="set_id").set_index("set_id")["of"]
    assert sizes[counted.index].tolist() == counted.tolist()


def test_thresholds_that_no_service_fits_are_named(tables):
    rule = ScoringRule(good_from=24)
    rows = asked(tables, rule=rule)
    found = record.contradiction(*rows)
    assert found and any(name.endswith(":overall") for name in found)
    with pytest.raises(record.Contradiction) as error:
        record.totals(*rows, rule)
    assert error.value.statement_ids == found and all(name in str(error.value) for name in found)


# Bad input


def test_every_bad_row_is_named_at_once(tables):
    rows = tables["statements"].copy()
    rows["bands"] = rows["bands"].astype(object)
    rows.loc[0, "number"] = 11
    rows.loc[1, "provider_ids"] = "crc-nowhere"
    rows.loc[2, "standards"] = "1.1 3.2"
    rows.loc[3, "bands"] = "Excellent"
    with pytest.raises(data.DataError) as error:
        record.statements(tables | {"statements": rows}, FIRST)
    problems = {(problem.row, problem.column) for problem in error.value.problems}
    assert problems == {(2, "number"), (3, "provider_ids"), (4, "standards"), (5, "bands")}
    assert "crc-nowhere" in str(error.value) and "from 0 to 10" in str(error.value) and "3.2" in str(error.value)


def test_a_place_other_than_the_first_is_refused(tables):
    rows = tables["statements"].copy()
    rows.loc[rows["measure"] == "place", "number"] = 2
    with pytest.raises(data.DataError, match="no other place can be used"):
        record.statements(tables | {"statements": rows}, FIRST)


def test_unknown_groups_and_measures_are_named(tables):
    with pytest.raises(ValueError, match="use: rumour must be among stated, implied"):
        record.statements(tables, FIRST, ["stated", "rumour"])
    with pytest.raises(ValueError, match="measure 'grades' is not one of points"):
        record.gap(*asked(tables), measure="grades")
    nps = record.cells(tables, FIRST).query("service_type == 'NPS'")
    with pytest.raises(ValueError, match="no service of type CRC"):
        record.gap(nps.reset_index(drop=True), frame([]))


def test_statements_of_a_readers_own_are_checked_too():
    rows = frame(
        [
            statement(1, provider_ids="crc-b", standards="3.1", bands="Good", lowest=1),
            statement(2, provider_ids="crc-b", standards="1.1", bands="Fair", lowest=1),
            statement(3, provider_ids="crc-x", standards="1.1", measure="place", scale="3 2 1 0"),
            statement(4, provider_ids="crc-b", standards="1.1", bands="Good", lowest=1),
        ]
    )
    with pytest.raises(ValueError, match=r"s01: crc-b 3.1\ns02: Fair\ns03: crc-x 1.1$"):
        record.cell_bands(CELLS, rows)


def test_a_contradiction_in_the_table_names_its_smallest_set(tables):
    rows = tables["statements"].copy()
    rows.loc[rows["statement_id"] == "warwickshire-assessment", ["bands", "number"]] = ["Inadequate", 1]
    extra = rows[rows["statement_id"] == "warwickshire-assessment"].assign(statement_id="made-up", bands=UPPER)
    tables = tables | {"statements": pd.concat([rows, extra], ignore_index=True)}
    both = {"statements:made-up", "statements:warwickshire-assessment"}
    assert set(record.contradiction(*asked(tables))) == both
    with pytest.raises(record.Contradiction, match=r"made-up \(statements.csv, hmip-pr-wwm-2019\)"):
        record.cell_bands(*asked(tables))


@pytest.fixture
def folder(tmp_path):
    """A copy of data/ in which one row of statements can be made wrong."""
    import shutil

    copy = tmp_path / "data"
    shutil.copytree(data.DATA, copy)
    return copy


@pytest.mark.parametrize(
    ("old", "new", "column", "said"),
    [
        ("2018-19,ratings,,crc-essex,4.1", "2018-19,ratings,,crc-esex,4.1", "provider_ids", "crc-essex"),
        ("2018-19,ratings,,crc-essex,4.1", "2018-19,ratings,,crc-essex,4.9", "standards", "4.9"),
        (
            "2018-19,ratings,,crc-essex,4.1",
            "2018-19,ratings,,,4.1",
            "set_id, provider_ids",
            "one of set_id and provider_ids",
        ),
        ("crc-essex,4.1,Outstanding;Good", "crc-essex,4.1,Outstanding;Fair", "bands", "pattern"),
        ("crc-essex,4.1,Outstanding;Good", "crc-essex,4.1,", "bands, measure", "bands must be filled"),
        ("exactly,1,inferred,essex-unpaid-work", "exactly,-1,inferred,essex-unpaid-work", "number", "at least 0"),
        ("exactly,1,inferred,essex-unpaid-work", "equals,1,inferred,essex-unpaid-work", "relation", "must be one of"),
        ("inferred,essex-unpaid-work", "inferred,essex-unpaid", "fact_id", "facts.csv"),
        ("crcs-before-london-crc", "crcs-before-london", "set_id", "service_sets.csv"),
    ],
)
def test_the_loader_names_a_bad_statement(folder, old, new, column, said):
    path = folder / "ratings" / "statements.csv"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    line = next(number for number, row in enumerate(text.split("\n"), 1) if old in row)
    with pytest.raises(data.DataError) as error:
        data.load("statements", folder)
    (problem,) = error.value.problems
    assert (problem.row, set(problem.column.split(", "))) == (line, set(column.split(", ")))
    assert said in str(error.value)
