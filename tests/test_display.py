"""Display: figures in words, tables, links, and text that stays text."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import display

SOURCES = pd.DataFrame(
    {
        "source_id": ["a", "b", "c"],
        "title": ["First", "Second", "Third"],
        "publisher": ["Inspectorate", "Audit Office", "Inspectorate"],
        "url": ["https://example.org/a", "https://example.org/", "javascript:alert(1)"],
        "url_kind": ["page", "site", "page"],
    }
)


@pytest.mark.parametrize(
    ("value", "qualifier", "unit", "words"),
    [
        (42, "more_than", "", "more than 42"),
        (33.3, "about", "percent", "about 33.3%"),
        (50, "less_than", "percent", "less than 50%"),
        (200, "at_least", "cases", "200 cases or more"),
        (8300, "exact", "staff", "8,300 staff"),
        (float("nan"), "exact", "", "unknown"),
    ],
)
def test_a_hedged_figure_keeps_its_hedge(value, qualifier, unit, words):
    assert display.hedged(value, qualifier, unit=unit) == words


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (["one"], "one"),
        (pd.Series(["one", "two"], index=[7, 8]), "one and two"),
        (map(str, [1, 2, 3]), "1, 2 and 3"),
    ],
)
def test_words_are_listed_as_in_a_sentence(words, listed):
    assert display.join_words(words) == listed


def test_words_with_commas_of_their_own_are_listed_with_another_sign():
    assert display.join_words(["Devon, Cornwall", "Kent", "Essex"], "; ") == "Devon, Cornwall; Kent and Essex"
    with pytest.raises(ValueError, match="at least 1"):
        display.join_words([])


def test_table_is_accessible_and_says_unknown():
    rows = pd.DataFrame({"provider": ["X"], "value": [40.0], "qualifier": ["more_than"], "date": [pd.NaT]})
    shown = display.table(rows, "Cases", headings={"value": "cases"}, hedge=("value", "qualifier"))
    assert "<caption>Cases</caption>" in shown.markup
    left = ' style="text-align:left"'
    assert f'<th scope="col"{left}>cases</th>' in shown.markup
    assert f'<th scope="row"{left}>X</th>' in shown.markup
    assert f"<td{left}>more than 40</td><td{left}>unknown</td>" in shown.markup
    assert "qualifier" not in shown.markup
    assert shown.text.splitlines()[-1] == "X | more than 40 | unknown"


def test_only_pages_are_linked():
    rows = pd.DataFrame({"value": [1, 2, 3], "source_id": ["a", "b", "c"]})
    markup = display.table(display.with_sources(rows, SOURCES), "Sources").markup
    assert markup.count("<a ") == 1
    assert '<a href="https://example.org/a">First</a>' in markup
    assert "Second (only the site&#x27;s address is known)" in markup
    assert "javascript:" not in markup


def test_folded_table_opens_on_demand():
    shown = display.table(pd.DataFrame({"a": [1, 2]}), "Two", folded=True)
    assert shown.markup.startswith("<details><summary>Two (2 rows)</summary><table>")


def test_a_long_table_names_its_columns_of_words_and_is_brief():
    rows = pd.DataFrame({"what": ["a", "b"], "value": ["1", "2"], "note": ["", "n"]})
    markup = display.table(rows, "Two", words=("what", "note")).markup
    assert "<tr><th style=text-align:left>a</th><td>1</td><td></td></tr>" in markup
    assert "<td>2</td><td style=text-align:left>n</td></tr>" in markup


def test_folded_text_says_how_many_rows_it_leaves_out():
    shown = display.table(pd.DataFrame({"a": range(1, 9)}), "Eight", folded=True)
    assert shown.text.splitlines()[-2:] == ["5", "and 3 more rows"]
    assert shown.markup.count("<tr>") == 9


@given(st.text(max_size=40))
def test_text_never_becomes_markup(text):
    markup = display.table(pd.DataFrame({"a": [text]}), text).markup + display.findings(text).markup
    tags = {"table", "caption", "thead", "tbody", "tr", "th", "td", "div", "p"}
    opened = {part.split(">")[0].split(" ")[0].strip("/") for part in markup.split("<")[1:]}
    assert opened <= tags
    assert not any((ord(char) < 32 and char != "\n") or "‪" <= char <= "‮" for char in markup)


def test_credit_names_the_most_used_publishers_first():
    assert display.credit(["a", "a", "c", "b"], SOURCES) == "Source: Inspectorate; Audit Office (3 documents)"
    assert display.credit(["b"], SOURCES) == "Source: Audit Office"
    with pytest.raises(ValueError, match="source_id"):
        display.credit([], SOURCES)


def test_chart_bundle_speaks_the_version_that_jupyterlab_draws():
    bundle = display.chart_bundle({"$schema": "v6", "description": "A bar"})
    assert bundle[display.VEGALITE_MIME]["$schema"] == display.VEGALITE_SCHEMA
    assert bundle["text/plain"] == "A bar"


def test_a_frame_is_shown_as_a_table_with_headings_and_without_a_style_of_its_own():
    frame = pd.DataFrame({"name": ["<b>A</b>", None], "cases": [1.5, 2.0]})
    markup = display.frame_html(frame)
    assert "style" not in markup
    assert markup.count('<th scope="col">') == 3
    assert markup.count('<th scope="row">') == 2
    assert "&lt;b&gt;A&lt;/b&gt;" in markup
    assert display.UNKNOWN in markup
    assert "rows ×" not in markup
    assert "100 rows × 1 columns" in display.frame_html(pd.DataFrame({"n": range(100)}))


def test_a_gap_in_a_frame_reads_unknown_whatever_the_type():
    frame = pd.DataFrame({"text": pd.Series(["a", None], dtype="string"), "number": [1.5, None]})
    frame["listed"] = pd.Categorical(["x", None])
    for shown in (display.frame_text(frame), display.frame_html(frame)):
        assert shown.count(display.UNKNOWN) == 3
        assert "NA" not in shown and "NaN" not in shown
