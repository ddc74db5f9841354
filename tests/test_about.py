"""An answer about a body: every kind of body, its sentences, its picture, what is not known, and errors that help."""

import re

import pytest
import vl_convert
from bs4 import BeautifulSoup

from helpers import about as answers
from helpers import data, ratings, register
from helpers.about import about
from helpers.publish.site import pages
from tests.tables import raw

CODES = re.compile(r"[a-z]_[a-z]|\bnan\b|\bNaT\b|<NA>|\bNone\b|\bcrc-|\bregion-|\bnps-")


@pytest.fixture(scope="module")
def tables():
    return {name: data.load(name) for name in data.tables().index}


@pytest.fixture(scope="module")
def every(tables):
    rows = answers.everything(tables)
    return {each: about(each, tables, rows) for each in tables["providers"]["provider_id"]}


def test_every_body_is_told_in_a_few_short_sentences_without_codes(every):
    for answer in every.values():
        said = [*answer.sentences, answer.unknown]
        assert 1 <= len(answer.sentences) <= 6
        assert max(len(sentence.split()) for sentence in said) <= 25, said
        assert not CODES.search(" ".join([*said, answer.described])), answer.provider_id


def test_companies_divisions_and_regions_have_three_sentences_or_more(every, tables):
    kinds = tables["providers"].set_index("provider_id")["kind"]
    for kind in ("crc", "nps_division", "probation_region"):
        for each in kinds.index[kinds == kind]:
            assert len(every[each].sentences) >= 3, every[each].sentences


def test_every_row_that_names_a_body_is_among_its_rows(every):
    for table, path in (("ratings", "ratings/ratings.csv"), ("staff", "staffing/staff.csv")):
        rows = raw(path)
        for each, own in rows.groupby("provider_id"):
            assert (every[each].rows["table"] == table).sum() == len(own), (table, each)
    named = raw("timeline/events.csv")["provider_ids"].str.split().explode().value_counts()
    for each, count in named.items():
        events = every[each].rows.query("table == 'events' and via == ''")
        assert len(events) == count, each


def test_what_is_drawn_stands_in_the_rows(every):
    for answer in every.values():
        known = answer.drawn[answer.drawn["band"].fillna("") != ratings.UNKNOWN]
        assert set(known["source_id"].dropna()) <= set(answer.rows["source_id"]), answer.provider_id
        figures = answer.drawn[answer.drawn["panel"].str.startswith("Figures")]
        for told in figures["told"]:
            assert any(told.endswith(f": {figure}") for figure in answer.rows["figure"]), told


def test_the_sentences_say_what_the_files_say(every):
    said = " ".join(every["crc-essex"].sentences)
    people = raw("staffing/caseload.csv", provider_id="crc-essex", measure="people_supervised").iloc[-1]
    assert people["qualifier"] == "more_than" and f"more than {people['value']:,.0f} people" in said
    owner = raw("timeline/ownership.csv", provider_id="crc-essex").iloc[-1]
    assert owner["owner_name"] in said
    overall = raw("ratings/ratings.csv", provider_id="crc-essex", standard="overall")
    assert all(f"{row.band} in {row.round}" in said for row in overall.itertuples())


def test_an_owner_is_told_with_its_companies(every):
    held = raw("timeline/ownership.csv", owner_id="sodexo")
    answer = every["sodexo"]
    assert f"It owned {held['provider_id'].nunique()} CRCs" in " ".join(answer.sentences)
    assert (answer.drawn["panel"] == "Companies (CRCs) that it owned").sum() == len(held)


def test_a_region_has_the_inspections_of_its_local_units(every):
    units = raw("providers.csv", kind="probation_delivery_unit", parent_id="region-wales")["provider_id"]
    inspections = raw("after_reunification/delivery_unit_inspections.csv")
    inspections = inspections[inspections["delivery_unit_id"].isin(units)]
    regional = raw("after_reunification/regional_inspections.csv", provider_id="region-wales")["band"].notna().sum()
    assert every["region-wales"].drawn["band"].notna().sum() == len(inspections) + regional


def test_a_panel_without_rows_is_left_out_and_named_as_not_known(every, tables):
    with_rates = set(raw("reoffending/by_crc.csv")["provider_id"])
    crcs = tables["providers"].query("kind == 'crc'")["provider_id"]
    for each in crcs:
        assert ("reoffending" in every[each].unknown) == (each not in with_rates)
    less = {**tables, "ratings": tables["ratings"][tables["ratings"]["provider_id"] != "crc-essex"]}
    answer = about("crc-essex", less)
    assert "ratings" in answer.unknown and "Inspectors" not in answer.said.text
    assert "Ratings by round" not in set(answer.drawn["panel"])


def test_hedges_stay_and_unknown_standards_are_counted(every):
    answer = every["crc-northumbria"]
    assert any("about -30%" in told for told in answer.drawn["told"])
    tiles = answer.drawn[(answer.drawn["panel"] == answers.BY_ROUND) & (answer.drawn["row"] > 0)]
    per_round = tiles.groupby("column")["value"].sum()
    assert set(per_round) == {10.0}  # the standards that apply to a company
    unknown = tiles[tiles["band"] == ratings.UNKNOWN].groupby("column")["value"].sum()
    assert all(f"{count:.0f} of 10 in {each}" in answer.unknown for each, count in unknown.items())


@pytest.mark.parametrize("asked", ["crc-essex", "Essex CRC", "essex crc", "Essex"])
def test_a_body_is_found_by_identifier_and_by_every_name(tables, asked):
    assert answers.which(asked, tables["providers"], tables["other_names"]) == "crc-essex"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Esex CRC", r"^No body is called 'Esex CRC'\. Near: Essex CRC \(crc-essex\)"),
        ("crc-essx", r"^No body is called 'crc-essx'\. Near: .*\(crc-essex\)"),
        ("Wales", r"^'Wales' means 3 bodies: .*Wales CRC \(crc-wales\).*Ask for one of these\.$"),
        ("qqqq", r"^No body is called 'qqqq'\. Notebook 12 lists all names\.$"),
        ("", r"^No body is called ''\."),
        ("a\x1b[31m\nb", r"^No body is called 'a\\\\?x1b"),
    ],
)
def test_an_unknown_name_is_an_error_in_one_line_that_says_what_is_near(tables, asked, said):
    with pytest.raises(LookupError, match=said) as told:
        about(asked, tables)
    assert "\n" not in str(told.value) and "\x1b" not in str(told.value)


def test_the_picture_is_drawn_wide_and_narrow_with_all_its_words(every):
    for each in ("crc-northumbria", "nps-london", "region-wales", "sodexo"):
        answer = every[each]
        wide = vl_convert.vegalite_to_svg(answer.chart.to_dict())
        narrow = answer.svg()
        assert answer.svg() == narrow
        width = float(re.search(r'width="([\d.]+)"', narrow).group(1))
        assert width <= 350
        for heading in answer.drawn["panel"].unique():
            assert heading in wide and heading in narrow
        sizes = {float(size) for size in re.findall(r'font-size="([\d.]+)px"', narrow + wide)}
        assert min(sizes) >= 11


def test_a_body_of_which_nothing_was_read_is_told_without_a_picture(every):
    bare = [answer for answer in every.values() if answer.drawn.empty]
    assert bare
    for answer in bare:
        assert answer.chart is None and answer.said.text
        assert "text/html" in answer._repr_mimebundle_()


def test_words_that_are_no_numbers_are_no_figures(every):
    for answer in every.values():
        assert not answer.drawn["told"].str.endswith(register.NOT_A_NUMBER).any()


# ------------------------------------------------------------------------------------------------ pages of the site


@pytest.fixture(scope="module")
def made(tables):
    return {page.name: page for page in pages.provider_pages(tables)}


def test_each_page_has_the_sentences_the_picture_and_every_row_without_codes(made, every, tables):
    kinds = tables["providers"]["kind"].isin(list(pages.PROVIDER_KINDS))
    assert set(made) == {"providers", *("provider-" + tables["providers"].loc[kinds, "provider_id"])}
    for each in tables["providers"].loc[kinds, "provider_id"]:
        page, answer = made[f"provider-{each}"], every[each]
        soup = BeautifulSoup(page.body, "html.parser")
        assert [p.get_text() for p in soup.select(".findings p")] == [*answer.sentences, answer.unknown]
        if len(answer.drawn):
            (image,) = soup.find_all("img")
            assert image["alt"] == answer.described
            assert list(page.pictures) == [image["src"].removeprefix("charts/")]
        assert len(soup.select("tbody tr")) == len(answer.rows)
        # What a row is about and when; its note stands as it was written.
        words = [cell.get_text() for cell in soup.select("th, td:nth-of-type(1), dd, caption") if not cell.find("a")]
        assert [text for text in words if CODES.search(text)] == []


def test_neighbours_lead_to_each_other(made):
    followed = [("provider-nps-wales", "region-wales"), ("provider-crc-wales", "region-wales")]
    before = [("provider-region-wales", "nps-wales"), ("provider-region-wales", "crc-wales")]
    for page, other in followed + before:
        assert f'href="provider-{other}.html"' in made[page].body
    assert "Essex Community Rehabilitation Company" in made["provider-crc-essex"].body
