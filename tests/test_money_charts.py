"""Charts of money and targets: sources and text alternatives, every row drawn, sentences for the choices."""

import pytest

from helpers import money, money_charts
from helpers.data import load
from helpers.explorer import NOTHING


@pytest.fixture(scope="module")
def sources():
    return load("sources")


@pytest.fixture(scope="module")
def figures():
    return money.figures(load("money"), load("contract_performance"), load("reoffending_facts"))


@pytest.fixture(scope="module")
def explorer(figures, sources):
    return money_charts.from_plan_to_outcome(figures, sources)


def rows_of(spec):
    """The rows of the largest dataset of a specification."""
    return max(spec["datasets"].values(), key=len)


def test_each_theme_is_drawn_row_by_row(figures, sources):
    for theme in money.PATHS:
        rows = money.path(figures, theme)
        spec = money_charts.figures(rows, sources, title="What was it?", description="Figures.").to_dict()
        drawn = rows_of(spec)
        assert [row["words"] for row in drawn] == rows["words"].tolist()
        assert spec["usermeta"]["source_ids"] == sorted(set(rows["source_id"]))
        for words in rows["words"]:
            assert words in spec["description"]


def test_labels_hold_period_and_publisher(figures, sources):
    drawn = rows_of(
        money_charts.figures(money.path(figures, "penalties"), sources, title="t", description="d").to_dict()
    )
    assert "July 2015 to March 2018 · UK Parliament" in drawn[0]["label"].replace("\n", " ")
    assert all(label.count("\n") < 4 for label in (row["label"] for row in drawn))


def test_other_charts_name_their_sources(figures, sources):
    volumes, sums = money.volume_ranges(figures), money.stated_sums(figures)
    for rows, chart in (
        (volumes, money_charts.volume_ranges(volumes, sources, "How far?")),
        (sums, money_charts.stated_sums(sums, sources)),
    ):
        spec = chart.to_dict()
        assert spec["description"]
        assert set(rows["source_id"]) <= set(spec["usermeta"]["source_ids"])
        assert len(rows_of(spec)) == len(rows)


def test_the_sums_say_so_when_one_does_not_add_up(figures, sources):
    sums = money.stated_sums(figures.assign(value=figures["value"].mask(figures["value"] == 296, 290)))
    title = money_charts.stated_sums(sums, sources).to_dict()["title"]["text"]
    assert "2 of 3" in " ".join(title)


def test_explorer_holds_every_figure_once(explorer, figures):
    assert len(explorer.every) == len(money.paths(figures))
    assert set(explorer.every["theme"]) == set(money.PATHS) == set(money_charts.THEMES.values())


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({}, "Planned: payments to CRCs as first projected, at most £3,700 million (2014-15 to 2021-22)."),
        ({"theme": "penalties", "made": money.PLANNED}, NOTHING),
        ({"theme": "cost against plan", "made": money.FORECAST}, "£467 million or more (to 2020)"),
        (
            {"theme": "service levels", "made": money.OUTCOME},
            "service levels at or above target (NPS), 7 of 18 (April 2016)",
        ),
    ],
)
def test_explorer_says_what_it_shows(explorer, choices, said):
    assert said in explorer.finding({**explorer.start, **choices})


def test_explorer_says_something_for_every_choice(explorer):
    sentences = explorer.spec()["params"]
    said = next(parameter["value"] for parameter in sentences if parameter["name"] == "finding")
    assert len(said) == len(money.PATHS) * (len(money.STAGES) + 1)
    assert all(" ".join(lines) for lines in said.values())
    assert max(map(len, said.values())) <= 6
