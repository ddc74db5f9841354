"""Explorer: one declaration, four places. Controls, grid, filters, sentences, live widget."""

import json

import altair as alt
import pandas as pd
import pytest

from helpers import display
from helpers.explorer import NOTHING, PAGE_ROWS, Explorer, choice, filter_by, number, show

SOURCES = pd.DataFrame(
    {
        "source_id": ["a", "b"],
        "title": ["First report", "Second report"],
        "publisher": ["Inspectorate", "Audit Office"],
        "url": ["https://example.org/a", "https://example.org/"],
        "url_kind": ["page", "site"],
    }
)


def compute(round, cut):
    return pd.DataFrame(
        {"body": ["NPS", "CRC"], "n": [cut, 2 * cut], "kind": ["x", ["y", "z"]], "source_id": ["a", "b"]}
    )


def draw(base):
    return base.mark_bar().encode(x="n:Q", y="body:N")


def say(rows, round, cut, kind=""):
    return f"In {round} at {cut}% the sum is {rows['n'].sum()}."


CONTROLS = [
    choice("round", "Inspection round", ["2018-19", "2019-20"]),
    number("cut", "Staff cut", 0, 30, 10, 10, "%"),
    filter_by("kind", "Kind", "kind", ["x", "y", "w"], "All kinds"),
]


def make(controls=CONTROLS, rows=compute, draw=draw, say=say, **options):
    return Explorer(
        controls, rows, draw, say=say, title="What happens?", description="Bars.", sources=SOURCES, **options
    )


def test_rows_are_those_on_the_screen_now_live_choices_included():
    made = make()
    assert list(made.rows["kind"]) == list(made.matching(made.start)["kind"])
    made.live.widgets["kind"].value = "x"
    assert set(made.rows["kind"]) == {"x"}
    assert len(made.rows) < len(made.every)


def parameters(spec):
    return {parameter["name"]: parameter for parameter in spec["params"]}


def test_a_shown_choice_reaches_drawing_and_sentence_but_not_the_rows():
    panel = show("panel", "Figure below", {"Staff": "staff", "People": "people"}, "people")
    made = make([*CONTROLS, panel], say=lambda rows, panel, **choices: f"{len(rows)} rows above {panel}.")
    assert len(made.every) == len(make().every)
    assert "panel" not in made.every
    assert made.finding(made.start) == "2 rows above people."
    parameter = parameters(made.spec())["panel"]
    assert parameter["value"] == "people"
    assert parameter["bind"]["options"] == ["staff", "people"]


def test_grid_holds_every_combination_once():
    rows = make().every
    assert len(rows) == 2 * 4 * 2
    assert rows.groupby(["round", "cut"]).size().eq(2).all()
    assert (rows.loc[rows["body"] == "CRC", "n"] == 2 * rows.loc[rows["body"] == "CRC", "cut"]).all()


def test_unbound_page_has_the_same_controls_with_labels_and_a_reset():
    spec = make().spec()
    bound = {name: p["bind"] for name, p in parameters(spec).items() if "bind" in p}
    assert {name: bind["name"] for name, bind in bound.items()} == {
        "round": "Inspection round: ",
        "cut": "Staff cut: ",
        "kind": "Kind: ",
        "reset": "Back to the start values: ",
    }
    assert bound["cut"]["options"] == [0, 10, 20, 30]
    assert bound["cut"]["labels"] == ["0%", "10%", "20%", "30%"]
    assert bound["kind"]["labels"] == ["All kinds", "x", "y", "w"]
    for name, start in {"round": "2018-19", "cut": 10, "kind": ""}.items():
        assert parameters(spec)[name]["on"] == [
            {"events": {"signal": "reset"}, "update": json.dumps(start), "force": True}
        ]


def test_every_choice_has_its_sentence_on_the_page():
    spec = make().spec()
    sentences = parameters(spec)["finding"]["value"]
    assert len(sentences) == 2 * 4 * 4
    assert sentences["2019-20|20|"] == ["In 2019-20 at 20% the sum is 60."]
    assert sentences["2019-20|20|x"] == ["In 2019-20 at 20% the sum is 20."]
    assert spec["title"]["text"] == {"expr": "finding[round + '|' + cut + '|' + kind]"}


def test_whole_numbers_are_looked_up_as_a_browser_writes_them():
    control = choice("cut", "Cut", {"none": 0.0, "half": 50.0, "third": 33.3}, 50.0)
    assert [str(value) for value in control.values] == ["0", "50", "33.3"]
    assert str(control.start) == "50"


def test_a_filter_that_matches_nothing_says_so():
    explorer = make()
    assert parameters(explorer.spec())["finding"]["value"]["2018-19|0|w"] == [NOTHING]
    explorer.live.widgets["kind"].value = "w"
    assert NOTHING in explorer.live.message.value


def test_filter_finds_a_value_in_a_list():
    explorer = make()
    matching = explorer.matching({"round": "2018-19", "cut": 10, "kind": "z"})
    assert matching["body"].tolist() == ["CRC"]


def test_outputs_are_the_same_every_time_and_compile():
    import vl_convert

    first, second = make().spec(), make().spec()
    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    svg = vl_convert.vegalite_to_svg(first)
    assert "In 2018-19 at 10% the sum is 30." in svg
    signals = {s["name"]: s for s in vl_convert.vegalite_to_vega(first)["signals"]}
    assert signals["cut"]["on"][0]["force"] is True


def test_bundle_holds_chart_text_and_live_view():
    bundle = make()._repr_mimebundle_()
    assert set(bundle) == {display.VEGALITE_MIME, "text/plain", "application/vnd.jupyter.widget-view+json"}
    assert bundle["text/plain"] == "Bars. In 2018-19 at 10% the sum is 30."
    assert bundle[display.VEGALITE_MIME]["usermeta"]["source_ids"] == ["a", "b"]


def test_moving_a_grid_control_only_moves_a_parameter():
    explorer = make()
    live = explorer.live
    before = live.chart.chart
    live.widgets["cut"].value = 20
    assert live.chart.chart is before
    assert live.chart.params.cut == 20
    assert "at 20% the sum is 60" in live.message.value
    live.reset.click()
    assert live.chart.params.cut == 10
    assert live.widgets["cut"].value == 10
    assert "at 10% the sum is 30" in live.message.value


def test_where_the_browser_moves_the_chart_the_kernel_only_says_the_sentence():
    live = make().live
    told = [(each["name"], each["values"]) for each in live.link.controls]
    assert told == [(control.name, control.values) for control in CONTROLS]
    assert [each["id"] for each in live.link.controls] == [live.widgets[c.name].model_id for c in CONTROLS]
    assert live.link.chart == live.chart.model_id
    live.link.ready = True
    live.widgets["cut"].value = 20
    assert live.chart.params.cut == 10, "the browser sends it"
    assert "20" in live.message.value


def test_nothing_is_computed_once_the_explorer_stands():
    calls = []

    def counted(round, cut):
        calls.append(cut)
        return compute(round, cut)

    live = make(rows=counted).live
    calls.clear()
    live.widgets["round"].value = "2019-20"
    live.widgets["cut"].value = 30
    live.reset.click()
    assert calls == []
    assert (live.chart.params.round, live.chart.params.cut) == ("2018-19", 10)


def test_hostile_text_stays_text_in_the_live_message():
    explorer = make(say=lambda rows, **choices: "<script>alert(1)</script>")
    assert "<script>" not in explorer.live.message.value
    assert "&lt;script&gt;" in explorer.live.message.value


def test_too_large_a_grid_names_the_controls():
    def many(round, cut):
        return pd.concat([compute(round, cut)] * (PAGE_ROWS // 10))

    with pytest.raises(ValueError, match=r"round \(2\), cut \(4\)"):
        make(rows=many)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: choice("a", "A", []), "no options"),
        (lambda: choice("a", "A", ["x"], "y"), "not among its options"),
        (lambda: choice("a", " ", ["x"]), "needs a label"),
        (lambda: number("a", "A", 5, 1, 1, 5), "high not below low"),
        (lambda: number("a", "A", 0, 1, 0, 0), "step must be above 0"),
        (lambda: make([choice("reset", "A", ["x"])]), "reset"),
    ],
)
def test_wrong_declarations_are_refused_in_words(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_chart_without_sources_is_refused():
    with pytest.raises(ValueError, match="source_id"):
        make(rows=lambda round, cut: compute(round, cut).drop(columns="source_id"))


def test_layers_share_the_choice():
    def layered(base):
        return alt.layer(base.mark_bar().encode(x="n:Q", y="body:N"), base.mark_text().encode(x="n:Q", y="body:N"))

    spec = make(draw=layered).spec()
    assert len(spec["datasets"]) == 1
    filters = [layer["transform"][0]["filter"] for layer in spec["layer"]]
    assert filters[0] == filters[1]
    assert "datum['cut'] === cut" in filters[0]
