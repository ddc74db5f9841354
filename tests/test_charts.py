"""The vocabulary of marks: what is exact, hedged, a range, a rival or unknown can be told apart in what is drawn."""

import altair as alt
import pandas as pd
import pytest
import vl_convert

from helpers import charts, display

ROW = {"row": 0, "label": "Staff\nLondon, 2015", "value": 40.0, "qualifier": "exact", "words": "40%"}


def drawn(chart):
    return vl_convert.vegalite_to_svg(chart.to_dict())


def marks(svg):
    """How many marks of each shape: arrows to either side, filled and hollow circles, bars."""
    points = [part.split("/>")[0] for part in svg.split("<path ")[1:]]
    symbols = [point for point in points if 'aria-roledescription="point"' in point]
    arrows = [point for point in symbols if "A" not in point.split(' d="')[1].split('"')[0]]
    hollow = [point for point in symbols if point not in arrows and 'fill="#ffffff"' in point]
    return {"arrows": len(arrows), "hollow": len(hollow), "filled": len(symbols) - len(arrows) - len(hollow)}


def places(svg):
    """Where the points stand across the chart, in the order of the layers."""
    points = [part.split("/>")[0] for part in svg.split("<path ")[1:] if 'aria-roledescription="point"' in part]
    return [float(point.split('transform="translate(')[1].split(",")[0]) for point in points]


def published(*rows, **options):
    rows = [{**ROW, **row, "row": number} for number, row in enumerate(rows)]
    return drawn(charts.published(alt.Chart(pd.DataFrame(rows)), alt.X("value:Q"), **options))


@pytest.mark.parametrize("qualifier", display.HEDGES)
def test_each_hedge_has_a_mark_of_its_own(qualifier):
    arrows = 1 if qualifier.split("_")[-1] in ("least", "most", "than") else 0
    exact = qualifier == "exact"
    assert marks(published({"qualifier": qualifier})) == {"arrows": arrows, "hollow": 1 - exact, "filled": int(exact)}


def test_an_arrow_points_to_where_the_true_value_lies():
    for qualifier, side in (("at_least", 1), ("more_than", 1), ("at_most", -1), ("less_than", -1)):
        arrow, circle = places(published({"qualifier": qualifier}))
        assert (arrow - circle) * side > 0


def test_what_is_not_known_is_a_question_mark_and_no_mark():
    svg = published({"value": None, "words": "unknown"}, {})
    assert ">?<" in svg
    assert marks(svg) == {"arrows": 0, "hollow": 0, "filled": 1}


def test_rivals_carry_their_letter_and_others_none():
    svg = published({"rival": "A"}, {"rival": "A"}, {"rival": ""})
    assert svg.count(">rival A<") == 2
    assert svg.count(">rival") == 2


def test_labels_and_words_are_all_there():
    svg = published({"label": "One\ntwo\nthree"}, {"words": "about a third"})
    for text in ("One", "two", "three", "about a third"):
        assert f">{text}<" in svg


def test_tiles_say_the_band_without_colour_and_star_what_is_implied():
    rows = pd.DataFrame(
        {
            "standard": ["1.1", "1.2"],
            "service": "London",
            "band": ["Good", "Inadequate"],
            "basis": ["implied", "stated"],
        }
    )
    svg = drawn(charts.tiles(alt.Chart(rows), alt.X("standard:N"), alt.Y("service:N")))
    assert ">G*<" in svg
    assert ">I<" in svg


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_reference_line_carries_its_label(axis):
    svg = drawn(charts.reference(50, "half of the cases", axis))
    assert ">half of the cases<" in svg
    assert 'stroke-dasharray="4,4"' in svg
