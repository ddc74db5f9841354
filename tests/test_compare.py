"""A changed figure is named in a few lines: chart or table, row, old and new value."""

import copy

import pytest

from helpers.display import VEGALITE_MIME
from helpers.publish import compare

CHART = {
    "title": {"text": ["Services rated", "Good"], "subtitle": ["Source: X"]},
    "description": "Bars",
    "data": {"name": "data-" + "0" * 32},
    "datasets": {"data-" + "0" * 32: [{"provider": f"P{n}", "value": n} for n in range(20)]},
    "encoding": {"x": {"field": "value"}},
}
TABLE = (
    "<table><caption>Staff</caption><thead><tr><th>provider</th><th>staff</th></tr></thead><tbody>"
    "<tr><th>NPS</th><td>8,300</td></tr><tr><th>CRC</th><td>more than 40</td></tr></tbody></table>"
)


def chart(change):
    changed = copy.deepcopy(CHART)
    change(changed)
    return [{VEGALITE_MIME: CHART}], [{VEGALITE_MIME: changed}]


def rows(spec):
    return next(iter(spec["datasets"].values()))


def rename_data(spec):
    spec["datasets"] = {"data-" + "1" * 32: rows(spec)}
    spec["data"]["name"] = "data-" + "1" * 32


def html(old, new):
    return [{"text/html": TABLE}], [{"text/html": TABLE.replace(old, new)}]


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (chart(lambda s: rows(s)[7].update(value=70)), ["'Services rated Good'", "row 8 (P7)", "value: 7 -> 70"]),
        (chart(lambda s: rows(s).pop(3)), ["row 4 went (P3)"]),
        (chart(lambda s: rows(s).insert(3, {"provider": "New", "value": 1})), ["row 4 is new (New)"]),
        (chart(lambda s: s["title"].update(subtitle=["Source: Y"])), ["title.subtitle[0]: Source: X -> Source: Y"]),
        (chart(lambda s: s.update(description="Points")), ["description: Bars -> Points"]),
        (chart(lambda s: s["encoding"]["x"].update(field="n")), ["encoding.x.field: value -> n"]),
        (html("8,300", "8,430"), ["table 'Staff'", "row 1 (NPS", "staff: 8,300 -> 8,430"]),
        (html("more than 40", "40"), ["row 2 (CRC", "staff: more than 40 -> 40"]),
        (html("<tr><th>CRC</th><td>more than 40</td></tr>", ""), ["row 2 went (CRC"]),
        (
            ([{"text/plain": "5 of 7 NPS divisions"}], [{"text/plain": "6 of 7 NPS divisions"}]),
            ["text: 5 of 7 -> 6 of 7"],
        ),
    ],
)
def test_ten_kinds_of_change(outputs, words):
    lines = compare.differences(*outputs)
    assert 0 < len(lines) <= compare.MOST + 1
    for word in words:
        assert word in "\n".join(lines)


def test_the_name_that_altair_gives_to_data_is_not_a_change():
    assert compare.differences(*chart(rename_data)) == []


def test_data_sets_are_paired_by_their_columns_not_by_their_order():
    lines = [{"day": 1, "text": "x"}]
    before = {**CHART, "datasets": {**CHART["datasets"], "data-" + "f" * 32: lines}}
    after = copy.deepcopy({**CHART, "datasets": {"data-" + "f" * 32: lines, **CHART["datasets"]}})
    rows({"datasets": {"rows": after["datasets"]["data-" + "0" * 32]}})[7]["value"] = 70
    after["datasets"]["data-" + "e" * 32] = after["datasets"].pop("data-" + "0" * 32)
    found = compare.chart_differences(before, after)
    assert found == ["chart 'Services rated Good', row 8 (P7): value: 7 -> 70"]


def test_no_change_no_line():
    assert (
        compare.differences(
            [{VEGALITE_MIME: CHART}, {"text/html": TABLE}], [{VEGALITE_MIME: CHART}, {"text/html": TABLE}]
        )
        == []
    )


def test_many_changes_are_counted():
    lines = compare.differences(*chart(lambda s: [row.update(value=-1) for row in rows(s)]))
    assert lines[-1] == f"... and {20 - compare.MOST} more differences"


def test_an_entry_of_a_list_is_named_with_its_address():
    before = "<details><summary>S</summary><ul><li>A<ul><li><a href='https://a.org/1'>One</a>, 2019</li></ul></li></ul>"
    after = before.replace("/1'", "/2'").replace("2019", "2018")
    assert compare.html_differences(before, after) == [
        "list, row 2 (<https://a.org/2> One, 2018): text: <https://a.org/1> One, 2019 -> <https://a.org/2> One, 2018"
    ]
