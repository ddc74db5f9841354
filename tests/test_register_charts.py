"""The explorer of publishers and the folded tables of the register."""

import pandas as pd
import pytest

from helpers import data, register, register_charts


@pytest.fixture(scope="module")
def rows():
    return register.register({name: data.load(name) for name in register.NEEDED})


@pytest.fixture(scope="module")
def explorer(rows):
    return register_charts.publisher_explorer(rows, data.load("sources"))


def test_the_explorer_is_described_and_names_every_document(explorer, rows):
    spec = explorer.spec()
    assert "hollow" in spec["description"]
    assert set(spec["usermeta"]["source_ids"]) == set(rows.loc[rows["qualifier"].notna(), "source_id"])


@pytest.mark.parametrize(
    "theme", ["", "Ratings", "Staff", "Caseload", "Reoffending", "Money and contracts", "After June 2021"]
)
def test_each_theme_says_its_totals(explorer, rows, theme):
    numbers = rows[rows["qualifier"].notna() & (rows["theme"].eq(theme) | (theme == ""))]
    hedged = (numbers["qualifier"] != "exact").sum()
    said = explorer.finding({"theme": theme})
    assert said.startswith(f"Of {len(numbers):,} figures on {theme or 'all themes together'}, ")
    assert said.endswith("are hedged.")
    assert f"; {hedged:,} (" in said


def test_a_bar_says_its_counts(explorer):
    staff = explorer.matching({"theme": "Staff"})
    assert staff["text"].iloc[0] == "469"
    assert staff["text"].str.contains(r"^\d+(?:, \d+ hedged)?$").all()


def test_what_all_rows_share_stands_in_the_caption():
    rows = pd.DataFrame({"what": ["<a>", "b"], "when": "2016", "figure": ["1", "2"], "note": ["", "n"], "source": "s"})
    shown = register_charts.folded(rows, "Two")
    assert shown.markup == (
        "<details><summary>Two (2016; s) (2 rows)</summary><table><caption>Two (2016; s)</caption><thead><tr>"
        '<th scope="col" style=text-align:left>what</th><th scope="col">figure</th>'
        '<th scope="col" style=text-align:left>note</th></tr></thead><tbody>'
        "<tr><th style=text-align:left>&lt;a&gt;</th><td>1</td><td></td></tr>"
        "<tr><th style=text-align:left>b</th><td>2</td><td style=text-align:left>n</td></tr></tbody></table></details>"
    )
