"""Which chart draws a row: only where a row of the chart says the same of no other row."""

import pandas as pd
import pytest

from helpers import data, drawn, find
from helpers.publish.site.figures import Figure, datasets


@pytest.fixture(scope="module")
def tables():
    return {name: data.load(name) for name in find.NEEDED}


@pytest.fixture(scope="module")
def charts():
    return drawn.charts()


@pytest.fixture(scope="module")
def places(tables, charts):
    return drawn.places(tables, charts)


def chart(rows, name="chart-01-a", params=(), filters=()):
    spec = {"title": "A", "datasets": {"data": rows}, "params": list(params)}
    return Figure("01_timeline.ipynb", "a", name, {**spec, "transform": [{"filter": each} for each in filters]}, "")


def event(tables, at=0, **others):
    row = tables["events"].iloc[at]
    return {"start": f"{row['date']:%Y-%m-%d}T00:00:00", "title": row["title"], "end": "", **others}


def test_every_event_inspection_rating_and_owner_has_its_chart(tables, places, charts):
    drawn_in = places.assign(id=[charts[place].id for place in places["figure"]]).groupby("table")["id"]
    for name, where in (
        ("events", "chart-01-timeline-explorer"),
        ("ownership", "chart-01-owners-explorer"),
        ("ratings", "chart-02-grid"),
        ("delivery_unit_inspections", "chart-10-inspections-explorer"),
    ):
        assert drawn_in.get_group(name).tolist() == [where] * len(tables[name])
    assert not places.duplicated(["table", "at"]).any() and len(places) > 900


# The value of a row, and the column of its chart that holds it.
VALUES = {"staff": ("value", "value"), "caseload": ("value", "value"), "reoffending_national": ("binary_rate",) * 2}


@pytest.mark.parametrize("table", VALUES)
def test_the_chart_holds_the_very_figure(table, tables, places, charts):
    column, drawn_as = VALUES[table]
    found = places[places["table"] == table]
    assert len(found) > 20
    for at, figure in zip(found["at"], found["figure"]):
        rows = [row for values in datasets(charts[figure].spec).values() for row in values]
        assert any(row.get(drawn_as) == tables[table][column].iloc[at] for row in rows)


def test_another_value_date_or_title_is_not_the_row(tables):
    row = event(tables)
    for changed in ({**row, "start": "1999-01-01T00:00:00"}, {**row, "title": row["title"] + "s"}):
        assert drawn.places(tables, [chart([changed])]).empty
    assert drawn.places(tables, [chart([row])])[["table", "at", "figure"]].values.tolist() == [["events", 0, 0]]


def test_a_row_that_could_be_either_of_two_is_none(tables):
    twice = {**tables, "events": pd.concat([tables["events"].head(1)] * 2, ignore_index=True)}
    assert drawn.places(twice, [chart([event(tables)])]).empty


def test_the_chart_that_draws_most_of_a_table_is_named(tables):
    one, more = chart([event(tables)]), chart([event(tables), event(tables, 1)], "chart-01-b")
    assert drawn.places(tables, [one, more])["figure"].tolist() == [1, 1]


def test_the_choices_put_the_row_on_show(tables):
    bound = {"name": "kind", "value": "a", "bind": {"input": "select", "options": ["a", "b"]}}
    filters = ["datum['sort'] === kind"]
    rows = [event(tables, sort="b"), event(tables, 1, sort="a"), event(tables, 2, sort="c")]
    found = drawn.places(tables, [chart(rows, params=[bound], filters=filters)])
    assert found[["at", "choices"]].values.tolist() == [[0, "kind=b"], [1, ""]], "no choice shows the third"
