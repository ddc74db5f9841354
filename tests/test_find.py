"""The search over the whole collection: every row once, every word looked for, one wrong letter forgiven."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import data, find
from tests.site_samples import HOSTILE


@pytest.fixture(scope="module")
def tables():
    return {name: data.load(name) for name in find.NEEDED}


@pytest.fixture(scope="module")
def rows(tables):
    return find.figures(tables)


@pytest.fixture(scope="module")
def finder(rows):
    return find.Finder(rows)


def sample(**columns):
    return pd.DataFrame({**dict.fromkeys(find.COLUMNS, ""), **columns})


def texts(rows):
    return rows.drop(columns=["key", "table", "kind", "source_id"]).agg(" ".join, axis=1)


def test_each_row_of_each_table_is_there_once(rows, tables):
    assert list(rows.columns) == find.COLUMNS
    assert rows["table"].value_counts().to_dict() == {name: len(tables[name]) for name in find.SEARCHED}
    assert not rows.duplicated(["table", "key"]).any()


def test_every_text_is_filled_and_no_column_code_is_left(rows, tables):
    assert (rows[["what", "when", "how_much", "theme", "publisher", "source_id", "key"]] != "").all(axis=None)
    said = rows[["what", "whom", "when", "how_much"]]
    assert not said.apply(lambda column: column.str.contains(r"\bnan\b|NaT|<NA>|[a-z]_[a-z]", regex=True)).any(
        axis=None
    )
    assert rows["source_id"].isin(tables["sources"]["source_id"]).all()
    assert set(rows["kind"].str.split("; ").explode()) <= {"", *find.KINDS.values()}


# Read in the CSV files.
EXAMPLES = [
    ("ratings", "line 2", "Overall rating, round 2018-19", "3 May 2019", "Requires improvement"),
    (
        "league_points",
        "2019-02-15-dorset-devon-and-cornwall",
        "Points of all standards: lowest CRC",
        "15 February",
        "5 points",
    ),
    (
        "reoffending_by_crc",
        "all-crcs-2015-q4-get-the-data",
        "Reoffending: final results, Oct-Dec 2015",
        "October",
        "binary rate 45.6%; baseline about 47.5%",
    ),
    (
        "reoffending_success_counts",
        "2015-q4-binary-significant-fall",
        "CRCs with a significant fall: the binary rate",
        "October",
        "13 of 21",
    ),
    ("events", "2010-blunt-prisons-minister", "Crispin Blunt takes the prisons", "14 May 2010", "in words"),
    ("claims", "newsquest-01-administration", "Claim: The company behind probation in Dorset", "", "1 company"),
    (
        "office_holders",
        "chief-inspector-calderbank",
        "HM Chief Inspector of Probation: Liz",
        "in post in July 2012",
        "in words",
    ),
    (
        "office_holders",
        "probation-minister-blunt",
        "Prisons and youth justice minister: C",
        "from 14 May 2010 to 4 September 2012",
        "in words",
    ),
    ("staff", "line 2", "Sickness days per FTE, all grades", "May 2010", "8.1 days per year"),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example[0]}-{example[1]}")
def test_worked_examples(rows, example):
    table, key, *told = example
    row = rows[(rows["table"] == table) & (rows["key"] == key)].iloc[0]
    for text, start in zip(row[["what", "when", "how_much"]], told):
        assert text.startswith(start)


def test_a_name_finds_every_row_of_its_body_and_no_row_without_it(rows, tables, finder):
    found = finder.search("essex")
    held = {(row.table, row.key) for row in found.itertuples()}
    for name in find.SEARCHED:
        own = tables[name]
        if "provider_id" in own:
            wanted = rows[rows["table"] == name].reset_index(drop=True)[
                own["provider_id"].eq("crc-essex").fillna(False).to_numpy(bool)
            ]
            assert {(name, key) for key in wanted["key"]} <= held
    words = texts(found).str.lower()
    assert words.str.contains(r"\bessex", regex=True).all()
    assert len(found) == texts(rows).str.lower().str.contains(r"\bessex", regex=True).sum() > 20


@given(
    words=st.permutations(["unpaid", "work", "crc", "2018"]), case=st.sampled_from([str.lower, str.upper, str.title])
)
def test_neither_order_nor_case_matters(finder, words, case):
    wanted = finder.search("crc unpaid work 2018")
    assert len(wanted)
    pd.testing.assert_frame_equal(finder.search(case("  ".join(words))), wanted)


def test_accents_and_commas_and_apostrophes_do_not_count(finder):
    assert find.words_of("Évaluation: 3,700 of the Inspector’s 45.6%, £1,234,567; round 2018-19") == [
        *("evaluation", "3700", "of", "the", "inspectors", "45.6", "1234567", "round", "2018", "19")
    ]
    assert len(finder.search("3,700")) == len(finder.search("3700")) > 0
    assert len(finder.search("réoffending")) == len(finder.search("reoffending")) > 300


def test_one_wrong_letter_is_forgiven_and_two_are_not(finder):
    wanted = finder.search("resettlement")
    for typo in ("resetlement", "resettlemnet", "resettlementt", "resettlemant"):
        found = finder.search(typo)
        pd.testing.assert_frame_equal(found, wanted)
        assert f"'{typo}' was read as 'resettlement'." in finder.say(typo, found)
    assert finder.search("resetlemant").empty
    assert finder.say("resetlemant", finder.search("resetlemant")) == (
        "No row has 'resetlemant'; the nearest word is 'resettlement'."
    )
    assert finder.search("stax").empty, "a short word is taken as it stands"
    assert finder.read("367,629".replace(",", "")) == [], "a number is taken as it stands"


def test_a_number_finds_itself_only(finder):
    assert finder.search("367628")["how_much"].tolist() == ["£367,628"]
    assert finder.search("36762").empty


def test_what_and_whom_come_before_notes():
    rows = sample(what=["a", "staffing", "the staff", "b"], whom=["", "", "", "Staff"], note=["staff", "", "", ""])
    found = find.search(rows, "staff")
    assert found["what"].tolist() == ["the staff", "b", "staffing", "a"]


def test_a_plural_finds_its_singular_as_a_whole_word_and_small_words_are_passed_over():
    rows = sample(what=["a cut", "cuttings", "the cuts", "policy"], note=["", "", "", "union"])
    assert find.search(rows, "cuts")["what"].tolist() == ["the cuts", "a cut"]
    assert find.search(rows, "How many cuts were there?")["what"].tolist() == ["the cuts", "a cut"]
    assert find.search(rows, "policies")["what"].tolist() == ["policy"]
    assert find.search(rows, "the")["what"].tolist() == ["the cuts"], "alone, a small word is searched"
    assert [find.singular(word) for word in ("status", "less", "its", "days", "2010s")] == ["", "", "", "day", ""]


def test_a_year_finds_the_rows_whose_period_it_lies_in(finder):
    names = finder.search("probation minister 2017", theme="Owners and offices")["what"]
    assert names.str.contains("Sam Gyimah").any() and not names.str.contains("Rory Stewart").any()


def test_filters_narrow_and_say_when_nothing_is_left(rows, finder):
    found = finder.search("staff", theme="Claims")
    assert set(found["theme"]) == {"Claims"} and len(found)
    assert finder.search("", kind="NPS")["kind"].str.split("; ").map(lambda kinds: "NPS" in kinds).all()
    publisher = rows["publisher"].iloc[0]
    assert len(finder.search("", publisher=publisher)) == (rows["publisher"] == publisher).sum()
    assert finder.search("").equals(rows)
    empty = finder.search("resettlement unison")
    assert empty.empty
    assert finder.say("resettlement unison", empty).startswith("No row has all of these words. There would be: ")
    assert "No row has 'qqqqqqqq' or a word near it." in finder.say("qqqqqqqq", finder.search("qqqqqqqq"))
    with pytest.raises(TypeError, match="no choice them; the choices are: theme, body"):
        finder.search("", them="Claims")


def test_a_body_with_those_before_and_after_it(rows, finder, tables):
    assert set(finder.search("", body="Essex CRC")["whom"].str.split("; ").explode()) >= {"Essex CRC"}
    both = finder.search("", body="Essex CRC; East of England region")
    assert both["whom"].str.contains("Essex CRC|East of England region").all()
    assert len(both) == rows["whom"].str.contains("Essex CRC|East of England region").sum()
    related = find.bodies(tables).set_index("whom")["related"]
    assert related["Essex CRC"] == "East of England region" and related["NPS Wales"] == "Wales region"
    assert related["Wales region"] == "NPS Wales; Wales CRC" and related["All CRCs"] == ""
    speakers = rows.loc[rows["table"] == "claims", "whom"]
    assert not set(speakers) & set(finder.options["body"][0]), "who made a claim is no body"


def test_a_period_keeps_what_lies_in_it_in_part_and_says_what_has_no_date():
    rows = sample(
        what=["a", "b", "c", "d"], first_year=["2015", "2016", "", "2019"], last_year=["2016", "2018", "", "2019"]
    )
    kept = {(since, until): find.search(rows, "", since=since, until=until)["what"].tolist() for since, until in SPANS}
    assert kept == dict(zip(SPANS, (["b", "d"], ["a", "b"], ["b"], [])))
    said = find.Finder(rows).say("", find.search(rows, "", since="2017"), since="2017")
    assert said == "2 rows. 1 row without a date left out."


SPANS = (("2017", ""), ("", "2016"), ("2017", "2018"), ("2020", ""))


def test_years_are_those_of_the_dates_or_of_the_period_in_words(rows):
    round_one = rows[(rows["table"] == "case_quality") & (rows["when"] == "2018-19")]
    assert set(zip(round_one["first_year"], round_one["last_year"])) == {("2018", "2019")}
    assert (rows["first_year"] <= rows["last_year"]).all()
    assert ((rows["first_year"] == "") == (rows["when"] == "unknown")).all()


def test_hedge_and_basis_are_those_of_the_tables(rows, tables):
    ratings = rows[rows["table"] == "ratings"]
    assert ratings["basis"].tolist() == tables["ratings"]["basis"].astype(str).tolist()
    assert set(rows["basis"]) == {*find.BASES, "not recorded"}
    for name in ("staff", "caseload", "money"):
        wanted = tables[name]["qualifier"].astype(str).map(find.HEDGED)
        assert rows.loc[rows["table"] == name, "hedge"].tolist() == wanted.tolist()
    assert set(rows.loc[rows["hedge"] == "in words", "how_much"].str.contains("unknown")) <= {False}


def test_each_offer_is_the_number_of_rows_that_it_leaves(finder):
    chosen = {"theme": "Staff", "since": "2016"}
    offers = finder.offers("vacancies", **chosen)
    for name in ("theme", "hedge", "kind", "body"):
        for option, count in offers[name].items():
            assert len(finder.search("vacancies", **{**chosen, name: option})) == count
    assert offers["theme"]["Owners and offices"] == 0 < offers["theme"]["Staff"]


def test_where_nothing_is_found_it_says_what_to_leave_out(finder):
    text, chosen = "resettlement", {"theme": "Claims", "hedge": "about"}
    found = finder.search(text, **chosen)
    assert found.empty
    said = finder.say(text, found, **chosen)
    assert said.startswith("No row has all of this under these choices. There would be: ")
    lifted = finder.search("", **chosen)
    assert f"{len(lifted)} rows without 'resettlement'" in said
    assert finder.nearly("resettlement unison").empty, "two words are asked for together"


def test_where_no_row_holds_all_words_those_with_the_rarest_come_first():
    rows = sample(what=["probation officer", "london vacancies", "probation", "zebra"] + ["probation"] * 20)
    finder = find.Finder(rows)
    near = finder.nearly("probation officer vacancies london")
    assert near["what"].tolist() == ["london vacancies", "probation officer"]
    assert finder.say("probation officer vacancies london", near.iloc[:0]) == (
        "No row has all of these words. Shown: 2 rows with some of the words, the most telling first."
    )
    assert finder.nearly("probation officer").empty and finder.nearly("lion tiger bear").empty


def slow(one, other):
    """Restricted Damerau-Levenshtein distance, as its definition has it."""
    table = {(-1, -1): 0}
    for i in range(-1, len(one)):
        for j in range(-1, len(other)):
            if i < 0 or j < 0:
                table[i, j] = i + j + 2
                continue
            steps = [table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (one[i] != other[j])]
            if i and j and one[i] == other[j - 1] and one[i - 1] == other[j]:
                steps.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(steps)
    return table[len(one) - 1, len(other) - 1]


word = st.text("abc", max_size=6)


@given(word, st.lists(word, max_size=4))
def test_distances_are_those_of_the_definition(one, others):
    assert find.distances(one, others).tolist() == [slow(one, other) for other in others]


@given(st.text(max_size=30))
def test_whatever_is_typed_finds_rows_or_says_why_not(finder, text):
    found = finder.search(text)
    assert finder.say(text, found)
    assert np.isin(found["key"], finder.rows["key"]).all()


def test_what_is_taken_away_has_its_source_and_runs_as_no_formula(tables, finder, tmp_path):
    sources = tables["sources"]
    found = finder.search("vacancies london")
    for name in ("a.csv", "a.xlsx"):
        path = find.save(found, sources, tmp_path / name, "vacancies london")
        kept = pd.read_csv(path, dtype=str) if path.suffix == ".csv" else pd.read_excel(path, dtype=str)
        assert list(kept) == find.TAKEN and kept["how_much"].tolist() == found["how_much"].tolist()
        known = sources.set_index("source_id").loc[found["source_id"]]
        assert kept["source"].tolist() == known["title"].tolist()
        assert kept["publisher"].tolist() == found["publisher"].tolist()
        assert kept["address"].tolist() == known["url"].tolist()
        assert kept[["licence_of_source", "licence"]].notna().all(axis=None)
    about = pd.read_excel(tmp_path / "a.xlsx", sheet_name="about", index_col=0).iloc[:, 0]
    assert about["Searched for"] == "vacancies london" and "Open Government Licence" in about["Licence"]
    with pytest.raises(ValueError, match=r"found.ods: .*end it in .csv or .xlsx"):
        find.save(found, sources, tmp_path / "found.ods")
    hostile = sample(what=["=1+1", "-2", "@x", "a"], note=HOSTILE, source_id=sources["source_id"].iloc[0])
    find.save(hostile, sources, tmp_path / "h.xlsx", "=1+1")
    assert find.taken(hostile, sources)["what"].tolist() == ["'=1+1", "'-2", "'@x", "a"]
    import openpyxl

    book = openpyxl.load_workbook(tmp_path / "h.xlsx")
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_hostile_text_stays_text(tables):
    rows = sample(what=[HOSTILE, "b"], note=["", HOSTILE], source_id=tables["sources"]["source_id"].iloc[0])
    box = find.Search(rows, tables)
    assert box.box
    box.text.value = f"hostile {HOSTILE[:20]}"
    for markup in (box.said.value, box.table.value):
        assert markup and "<script" not in markup and "<img" not in markup
    assert box.table.value.count("&lt;script&gt;") == 2


def test_the_widget_finds_filters_and_says_what_is_near(rows, tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    box = find.Search(rows, tables)
    assert box.box
    box.text.value = "inspectorate"
    assert box.said.value.endswith("the first 50 are shown.</p>") and box.table.value.count("<tr>") == 51
    assert '<a href="https://' in box.table.value
    box.choices["theme"].value, box.text.value = "Claims", "resetlemant"
    assert "the nearest word is &#x27;resettlement&#x27;" in box.said.value and box.table.value == ""
    box.choices["theme"].value = box.text.value = ""
    assert box.said.value == box.table.value == ""
    box.choices["body"].value = "Essex CRC"
    assert box.both.layout.display == "" and box.both.tooltip == "East of England region"
    alone = len(box.found)
    box.both.value = True
    assert len(box.found) == len(find.search(rows, "", body="Essex CRC; East of England region")) > alone
    assert all(f"({count:,})" in label for label, count in _offered(box, "hedge"))
    assert (box.found["chart"] != "").any() and "01 timeline: " in box.table.value
    box._saved("found.csv")
    assert f"{len(box.found)} rows written to found.csv" in box.said.value
    assert pd.read_csv("found.csv")["what"].tolist() == box.found["what"].tolist()
    stored = {mime: part for mime, part in box._repr_mimebundle_().items() if "widget" not in mime}
    assert list(stored) == ["text/html", "text/plain"] and 'class="find"' in stored["text/html"]


def _offered(box, name):
    """The options of a choice as they are shown, with how many rows each leaves."""
    for label, option in box.choices[name].options[1:]:
        yield label, len(box.finder.search(box.text.value, **{**box.chosen(), name: option}))


def test_missing_tables_are_named(tables):
    with pytest.raises(KeyError, match="claims, other_names"):
        find.figures({name: table for name, table in tables.items() if name not in ("claims", "other_names")})
