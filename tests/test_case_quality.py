"""Case quality: hedges survive every turn, nothing is averaged, Through the Gate is compared within a service."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import case_quality, data

TABLES = {name: data.load(name) for name in ("case_quality", "providers", "standards", "ratings", "sources")}
PUBLISHED = case_quality.published_shares(TABLES["case_quality"], TABLES["providers"])
TURNED = case_quality.published_shares(TABLES["case_quality"], TABLES["providers"], "sufficient")


def test_only_rows_that_describe_the_cases_are_left_out():
    left_out = (TABLES["case_quality"]["direction"] == "describes_cases").sum()
    assert len(PUBLISHED) == len(TABLES["case_quality"]) - left_out
    assert len(TURNED) == len(PUBLISHED)


def test_known_shares_keep_their_hedge():
    shares = PUBLISHED.set_index("who")
    assert shares.loc["London", "words"] == "48%"
    assert shares.loc["DDC (Dorset)", "words"] == "33%"
    assert shares.loc["Norfolk and Suffolk", "words"] == "more than 50%"
    turned = TURNED.set_index("who")
    assert turned.loc["London", "words"] == "52%"
    assert turned.loc["Norfolk and Suffolk", "words"] == "less than 50%"
    assert turned.loc["DDC (Cornwall)", "words"] == "more than 50%"


@given(
    st.sampled_from(["exact", "about", "at_least", "at_most", "more_than", "less_than"]),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_turning_a_share_round_keeps_what_is_possible(qualifier, value, true):
    """A true share that the published bound allows is allowed, turned round, by the turned bound."""
    row = TABLES["case_quality"][TABLES["case_quality"]["direction"] == "insufficient"].head(1).copy()
    row["value"], row["qualifier"] = value, qualifier
    turned = case_quality.published_shares(row, TABLES["providers"], "sufficient").iloc[0]
    allowed = {
        "exact": lambda x, v: abs(x - v) < 1e-9,
        "about": lambda x, v: True,
        "at_least": lambda x, v: x >= v - 1e-9,
        "at_most": lambda x, v: x <= v + 1e-9,
        "more_than": lambda x, v: x > v - 1e-9,
        "less_than": lambda x, v: x < v + 1e-9,
    }
    if allowed[qualifier](true, value):
        assert allowed[turned["qualifier"]](100 - true, turned["value"])


def test_below_half_never_decides_more_than_the_wording():
    rows = pd.DataFrame(
        {
            "value": [50.0, 50.0, 50.0, 48.0, 70.0],
            "qualifier": ["less_than", "more_than", "at_most", "exact", "at_most"],
        }
    )
    answers = case_quality.below_half(rows)["below_half"].tolist()
    assert answers == ["yes", "no", "cannot say", "yes", "cannot say"]


def test_another_direction_is_refused():
    with pytest.raises(ValueError, match="published"):
        case_quality.published_shares(TABLES["case_quality"], TABLES["providers"], "good")


def test_known_by_standard_counts_services_once():
    known = case_quality.known_by_standard(TABLES["case_quality"], TABLES["standards"], TABLES["providers"])
    known = known.set_index("standard")
    assert known.loc["2.1", ["known", "of"]].tolist() == [3, 28]  # London, Warwickshire and West Mercia, Dorset
    assert known.loc["4.2", ["known", "of"]].tolist() == [0, 21]
    assert known.loc["3.2", ["known", "of"]].tolist() == [1, 7]
    assert (known["known"] <= known["of"]).all()


def test_through_the_gate_is_compared_within_service_and_round():
    gate = case_quality.through_the_gate(TABLES["ratings"], TABLES["providers"], TABLES["standards"])
    assert gate.groupby(["provider_id", "round"])["against"].apply(lambda a: (a == "itself").sum()).eq(1).all()
    bgsw = gate[gate["service"] == "BGSW"].set_index("standard")["against"]
    assert bgsw.to_dict() == {"2.2": "higher", "2.3": "higher", "2.4": "higher", "4.2": "itself"}
    hampshire = gate[gate["service"] == "HIOW"].set_index("standard")["against"]
    assert hampshire["1.4"] == "lower"
    stated = case_quality.through_the_gate(TABLES["ratings"], TABLES["providers"], TABLES["standards"], False)
    assert set(stated["basis"]) == {"stated"}
    counts = case_quality.gate_counts(TABLES["ratings"])
    assert counts["good"].tolist() == [4, 2]
    assert counts["of"].tolist() == [6, 27]


def test_known_totals():
    assert len(PUBLISHED) == 29
    assert (PUBLISHED["qualifier"] == "exact").sum() == 7
    assert PUBLISHED.loc[PUBLISHED["provider_id"].str.match("crc-|nps-"), "provider_id"].nunique() == 8
    safe = case_quality.below_half(TURNED).query("dimension == 'Keeping people safe'")["below_half"]
    assert safe.value_counts().to_dict() == {"yes": 8, "no": 3}
    assert (PUBLISHED["kind"] == "Thematic inspection").sum() == 9
