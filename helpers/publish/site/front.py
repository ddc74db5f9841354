"""The front page: five findings with a small chart each, the notebooks by theme, how far to trust it.

A finding is worked out from the tables when the site is built. Where new rows make one of its words false the build
stops and names the sentence (`Overturned`).
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from helpers import after_reunification, charts, coverage, money, staffing
from helpers.display import escape, join_words, number, plain
from helpers.publish.site.figures import COLLECTION, source_list
from helpers.publish.site.pages import cite

WIDTH, STEP = 300, 42  # points: a phone shows the chart a little larger, so that no word is smaller than it is here
LONGEST = 25  # words of a sentence
PLANNED, MEASURED, EMPTY = "#7b4fa3", charts.INK, "#e3e6e9"
THEMES = {
    "The story": ("00_start_here", "01_timeline", "08_working_links", "10_after_reunification"),
    "The quality of the work": ("02_nps_v_crc", "03_case_quality"),
    "Staff and their cases": ("04_staff_cuts", "05_risk_under_pressure"),
    "Results and money": ("06_reoffending", "07_money_and_targets"),
    "The evidence itself": ("09_claims", "11_every_figure", "12_who_is_who", "13_your_own_question"),
}


class Overturned(Exception):
    """The tables no longer bear out a sentence of the front page."""


@dataclass(frozen=True, eq=False)
class Finding:
    """One finding: what is said of it, what hedges it, what is drawn, and where it comes from."""

    id: str
    notebook: str
    sentence: str
    note: str
    alt: str
    source_ids: list[str]
    chart: alt.LayerChart


@dataclass(frozen=True)
class Card:
    """A notebook as the front page lists it; without an answer where its first sentences are not from the data."""

    name: str
    title: str
    question: str
    answer: str


def holds(condition: bool, finding: str, word: str) -> None:
    """Raises Overturned where a word of a finding is no longer true."""
    if not condition:
        raise Overturned(
            f"front page, finding {finding}: {word} no longer holds; rewrite it in helpers/publish/site/front.py"
        )


def bars(rows: pd.DataFrame, low: float, high: float) -> alt.LayerChart:
    """Bars one below the other, label and figure on the line above each: they need no axis and no legend.

    rows    label, value, words (the figure as it is written), colour
    low, high   the ends of the scale, which holds zero
    """
    base = alt.Chart(rows.assign(row=range(len(rows))), width=WIDTH, height=alt.Step(STEP))
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[low, high], nice=False))
    bar = base.mark_bar(orient="horizontal", height=14, yOffset=9).encode(
        x, _line(), alt.X2Datum(0), alt.Color("colour:N", scale=None)
    )
    zero = base.mark_tick(orient="vertical", size=20, thickness=1.5, color=charts.RULE, opacity=1, yOffset=9).encode(
        alt.X(datum=0, type="quantitative"), _line()
    )
    return alt.layer(bar, zero, *_words(base))


def squares(rows: pd.DataFrame) -> alt.LayerChart:
    """A square for each body, filled for those that are counted; label and figure on the line above.

    rows    label, value (counted), of (all), words, colour
    """
    each = rows.assign(row=range(len(rows))).loc[lambda frame: frame.index.repeat(frame["of"])]
    place = each.groupby("row").cumcount()
    each = each.assign(place=place, fill=each["colour"].where(place < each["value"], "#ffffff"))
    base = alt.Chart(each, width=WIDTH, height=alt.Step(STEP))
    x = alt.X("place:Q", axis=None, scale=alt.Scale(domain=[-0.5, each["of"].max() - 0.5], nice=False))
    fill, edge = alt.Fill("fill:N", scale=None), alt.Stroke("colour:N", scale=None)
    square = base.mark_square(size=120, opacity=1, strokeWidth=1.5, yOffset=9).encode(x, _line(), fill, edge)
    words = alt.Chart(rows.assign(row=range(len(rows))), width=WIDTH, height=alt.Step(STEP))
    return alt.layer(square, *_words(words))


def _line() -> alt.Y:
    return alt.Y("row:O", axis=None, scale=alt.Scale(type="band", padding=0))


def _words(base: alt.Chart) -> tuple[alt.Chart, alt.Chart]:
    text = {"baseline": "middle", "yOffset": -9, "fontSize": 13}
    return (
        base.mark_text(align="left", **text).encode(_line(), x=alt.value(0), text="label:N"),
        base.mark_text(align="right", fontWeight=700, **text).encode(_line(), x=alt.value("width"), text="words:N"),
    )


def _told(rows: pd.DataFrame) -> str:
    return "; ".join(rows["label"] + ": " + rows["words"]) + "."


def _event(tables: Mapping[str, pd.DataFrame], event_id: str) -> pd.Series:
    found = tables["events"].loc[tables["events"]["event_id"] == event_id]
    holds(len(found) == 1, event_id, "this event of the table `events`")
    return found.iloc[0]


def _figures(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return money.figures(tables["money"], tables["contract_performance"], tables["reoffending_facts"])


def reoffending(tables: Mapping[str, pd.DataFrame]) -> Finding:
    """The fall that was planned, and the falls that were named later."""
    figures = _figures(tables)
    found = money.path(figures, "reoffending: fall in the binary rate")
    often = money.choose(figures, ["2017-03-all-probation-rise-in-frequency-rate"]).iloc[0]
    publishers = tables["sources"].set_index("source_id")["publisher"]
    planned = found["stage"] == money.PLANNED
    who = found["source_id"].map(publishers).map(plain).where(~planned, "Planned")
    who = who.where(found["figure_id"] != "minister-binary-change", "Minister")
    size = found["value"].abs()
    when = found["date"].dt.strftime("%B %Y").where(found["date_precision"] != "year", found["date"].dt.strftime("%Y"))
    rows = pd.DataFrame(
        {
            "label": who.str.replace(r" \(.*", "", regex=True) + ", " + when,
            "value": size,
            "words": size.map(number) + " points",
            "colour": planned.map({True: PLANNED, False: MEASURED}),
        }
    )
    plan, later = size[planned], size[~planned]
    fell = (found["value"] > 0) == found["what"].str.contains("Fall in|Fall of")
    holds(len(plan) == 1 and later.max() < plan.iloc[0], "reoffending", "'was to fall by' with smaller falls later")
    holds(fell.all() and later.min() > 0, "reoffending", "'the fall'")
    holds(found["unit"].str.contains("percentage points").all(), "reoffending", "'percentage points'")
    holds((found["qualifier"] == "exact").all() and often["qualifier"] == "exact", "reoffending", "a figure unhedged")
    holds(often["value"] > 0, "reoffending", "'more often'")
    return Finding(
        "reoffending",
        "06_reoffending",
        f"Reoffending was to fall by {number(plan.iloc[0])} percentage points; later accounts put the fall at "
        f"{join_words(later.map(number))}, from different starts.",
        f"The rate is the share of people who reoffend. By {often['date']:%B %Y} those people did so "
        f"{number(often['value'])}% more often. None of this shows what caused it.",
        f"Bars of the fall in percentage points. {_told(rows)}",
        [*found["source_id"], often["source_id"]],
        bars(rows, 0, plan.iloc[0]),
    )


def inspections(tables: Mapping[str, pd.DataFrame]) -> Finding:
    """Services rated Good or better in the first full round."""
    rated = coverage.rated_rows(tables["band_distribution"]).query("round == '2018-19'")
    holds(rated.loc[rated["band"] == "Outstanding", "services"].sum() == 0, "inspections", "'Good' as the best band")
    good = rated[rated["band"] == "Good"].set_index("service_type").loc[["NPS", "CRC"]]
    nps, crc = good.loc["NPS"], good.loc["CRC"]
    holds(nps["services"] / nps["of"] > crc["services"] / crc["of"], "inspections", "'but only'")
    rows = pd.DataFrame(
        {
            "label": ["Public divisions (NPS)", "Private companies (CRCs)"],
            "value": good["services"],
            "of": good["of"],
            "words": good["services"].astype(str) + " of " + good["of"].astype(str) + " Good",
            "colour": good.index.map(charts.BODIES),
        }
    ).reset_index(drop=True)
    return Finding(
        "inspections",
        "02_nps_v_crc",
        f"In 2018-19 inspectors rated {nps['services']} of {nps['of']} public divisions Good, but only "
        f"{crc['services']} of {crc['of']} companies.",
        "The two supervised different people, so this does not show who would have done better with the same work.",
        f"A square for each service, filled where it was rated Good. {_told(rows)}",
        list(rated["source_id"]),
        squares(rows),
    )


def caseloads(tables: Mapping[str, pd.DataFrame]) -> Finding:
    """Officers with more than 40 cases, in companies and in the NPS."""
    shares = staffing.caseload_shares(tables["workload"])
    over = shares[(shares["threshold"] == 40) & (shares["date"].dt.year == 2020)].set_index("provider_id")
    holds(sorted(over.index) == ["all-crcs", "nps"], "caseloads", "one figure each")
    over = over.loc[["all-crcs", "nps"]]
    holds((over["share_over_qualifier"] == "exact").all(), "caseloads", "a figure unhedged")
    crc, nps = over["share_over"]
    holds(crc > nps, "caseloads", "'against'")
    rows = pd.DataFrame(
        {
            "label": ["Companies (CRCs)", "Public service (NPS)"],
            "value": [crc, nps],
            "words": [f"{number(crc)}%", f"{number(nps)}%"],
            "colour": [charts.BODIES["CRC"], charts.BODIES["NPS"]],
        }
    )
    return Finding(
        "caseloads",
        "04_staff_cuts",
        f"In 2020, {number(crc)}% of officers in the companies held more than 40 cases, against {number(nps)}% in the "
        "public service.",
        "How many officers were asked is not given.",
        f"Bars of the share of officers with more than 40 cases. {_told(rows)}",
        list(over["source_id"]),
        bars(rows, 0, 100),
    )


def profits(tables: Mapping[str, pd.DataFrame]) -> Finding:
    """What the companies were forecast to gain, and then to lose."""
    chosen = ("crc-profit-first-forecast", "crc-losses-forecast-before-2017-changes", "crc-losses-forecast-2018-03")
    found = money.for_rows(money.choose(_figures(tables), chosen)).set_index("figure_id").loc[list(chosen)]
    ending = _event(tables, "2018-07-27-crc-contracts-to-end-in-2020")
    gain, middle, last = (row for _, row in found.iterrows())
    holds((found["qualifier"] == "exact").all(), "profits", "a figure unhedged")
    holds(gain["position"] > 0 > max(middle["position"], last["position"]), "profits", "'profit' and then 'losses'")
    holds(last["date"] < ending["date"], "profits", "the order of the forecast and the end of the contracts")
    rows = pd.DataFrame(
        {
            "label": [
                "First forecast",
                f"For {middle['date']:%Y} to {middle['date_end']:%Y}",
                f"In {last['date']:%B %Y}",
            ],
            "value": found["position"].tolist(),
            "words": (found["words"] + (found["position"] > 0).map({True: " profit", False: " loss"})).tolist(),
            "colour": [PLANNED, MEASURED, MEASURED],
        }
    )
    return Finding(
        "profits",
        "07_money_and_targets",
        f"A profit of {gain['words']} was forecast for the companies; by {last['date']:%B %Y} it was a loss of "
        f"{last['words']}, and the contracts ended early.",
        f"The first and the last forecast are for the life of the contracts. In {ending['date']:%B %Y} the government "
        "announced an early end.",
        f"Bars of forecasts for all companies together, profit to the right of zero and losses to the left. "
        f"{_told(rows)}",
        [*found["source_id"], ending["source_id"]],
        bars(rows, found["position"].min(), found["position"].max()),
    )


def since(tables: Mapping[str, pd.DataFrame]) -> Finding:
    """One public service again, and what inspections of its local units found."""
    start = _event(tables, "2021-06-26-probation-service-starts")
    found = after_reunification.inspections(tables)
    holds((found["period_start"] >= start["date"]).all(), "since", "'since then'")
    counts = found["band"].value_counts().reindex(list(charts.BANDS), fill_value=0)[lambda count: count > 0]
    worst, of = counts.get("Inadequate", 0), len(found)
    holds(counts.index[-1] == "Inadequate" and worst > 0, "since", "'the lowest band'")
    rows = pd.DataFrame(
        {
            "label": counts.index,
            "value": counts.to_numpy(),
            "words": counts.astype(str).to_numpy(),
            "colour": counts.index.map(charts.BANDS),
        }
    ).iloc[::-1]
    return Finding(
        "since",
        "10_after_reunification",
        f"Since {start['date']:%B %Y} there has been one public service again; {worst} of {of} local inspections "
        "ended in the lowest band, Inadequate.",
        "These are the inspections whose result was read. They do not show what reunification itself did.",
        f"Bars of {of} inspections of local units by overall band. {_told(rows)}",
        [start["source_id"], *found["source_id"]],
        bars(rows, 0, of),
    )


def findings(tables: Mapping[str, pd.DataFrame]) -> list[Finding]:
    """The findings in their order. Raises Overturned where the tables no longer bear one out."""
    return [find(tables) for find in (reoffending, inspections, caseloads, profits, since)]


@functools.cache
def svg(finding: Finding) -> str:
    """The chart as a picture that stays sharp at every size, on its own white ground."""
    import vl_convert

    return vl_convert.vegalite_to_svg(_spec(finding.chart))


def preview(finding: Finding) -> bytes:
    """The finding with its chart as a PNG for link previews."""
    import vl_convert
    from PIL import Image

    title = alt.Title(charts.wrap(finding.sentence, 38), fontSize=15)
    drawn = vl_convert.vegalite_to_png(_spec(finding.chart, title=title, padding=16), scale=3)
    small = io.BytesIO()
    few = Image.open(io.BytesIO(drawn)).convert("RGB").quantize(32, dither=Image.Dither.NONE)
    few.save(small, "PNG", optimize=True)
    return small.getvalue()


def _spec(chart: alt.LayerChart, **properties: Any) -> dict[str, Any]:
    return chart.properties(**{"padding": 8, **properties}).to_dict()


def opening(tables: Mapping[str, pd.DataFrame]) -> str:
    """What it was, for somebody who has never heard of it."""
    start = _event(tables, "2014-06-01-nps-and-crcs-start")["date"]
    end = _event(tables, "2021-06-26-probation-service-starts")["date"]
    companies = (tables["providers"]["kind"] == "crc").sum()
    return (
        "Probation supervises people who serve a sentence in the community or have left prison. From "
        f"{start:%B %Y} to {end:%B %Y} it was split in England and Wales: a public service for people of higher risk, "
        f"and {companies} private companies for the rest. This is what the public record says came of it."
    )


def trust(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """How the collection was made and how far to trust it."""
    sources = tables["sources"]
    return [
        f"Every number here is worked out from {len(tables)} tables, compiled from {len(sources)} public documents of "
        f"{sources['publisher'].nunique()} publishers; each row names its document.",
        "Where documents disagree both figures stand, a hedged figure keeps its hedge, and what is unknown is shown "
        "as unknown.",
        "Many long reports were read only in part, and some figures rest on accounts in the press: check the document "
        "before you rely on a figure.",
        "Charts and controls work without a network; the notebooks can be run again and changed.",
    ]


def card(name: str, notebook: Any) -> Card | None:
    """Title, question and the first sentence of the answer of a notebook; None without title and question."""
    start = notebook.cells[0].source
    title, question = re.search(r"^# (.+)$", start, re.M), re.search(r"\*\*(.+?)\*\*", start, re.S)
    if not (title and question):
        return None
    bundles = [o.data for cell in notebook.cells for o in cell.get("outputs", []) if "data" in o]
    answers = [b["text/plain"] for b in bundles if b.get("text/html", "").startswith('<div class="findings">')]
    return Card(name, title.group(1), question.group(1), answers[0].split("\n\n")[0] if answers else "")


def page(
    tables: Mapping[str, pd.DataFrame], found: list[Finding], cards: list[Card], links: Mapping[str, tuple[str, str]]
) -> str:
    """The front page as Sphinx reads it, with the tree of all pages."""
    titles = {each.name: each.title for each in cards}
    told = "".join(_item(finding, titles, links) for finding in found)
    grouped = {theme: [each for each in cards if each.name in names] for theme, names in THEMES.items()}
    placed = {name for names in THEMES.values() for name in names}
    grouped["More notebooks"] = [each for each in cards if each.name not in placed]
    themes = "".join(
        f"<section><h3>{theme}</h3><ul>{''.join(map(_entry, group))}</ul></section>"
        for theme, group in grouped.items()
        if group
    )
    tree = "\n".join(titles)
    parts = {
        "": f"<p>{escape(opening(tables))}</p>",
        "What happened": f"<ol class='told'>{told}</ol>",
        "The notebooks": f"<div class='themes'>{themes}</div>",
        "How it was made, and how far to trust it": f"<p>{escape(' '.join(trust(tables)))}</p>{cite('front page')}",
    }
    # What is said is HTML that was escaped, never Markdown.
    raw = "".join(
        (f"## {heading}\n\n" if heading else "")
        + "{0}{{raw}} html\n{1}\n{0}\n\n".format("`" * 8, part.replace("`", "&#96;"))
        for heading, part in parts.items()
    )
    return (
        f"# {COLLECTION}\n\n{raw}"
        f"```{{toctree}}\n:hidden:\n:caption: Pages\n\n{tree}\n```\n\n"
        "```{toctree}\n:hidden:\n:caption: Reference\n\nproviders\nsources\nglossary\ndata\n```\n"
    )


def _item(finding: Finding, titles: Mapping[str, str], links: Mapping[str, tuple[str, str]]) -> str:
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg(finding)).groups()
    more = ""
    if finding.notebook in titles:  # a folder of notebooks may hold only some of them
        more = f'<p>More: <a href="{finding.notebook}.html">{escape(titles[finding.notebook])}</a></p>'
    sources = source_list(dict.fromkeys(finding.source_ids), links)
    return (
        f'<li id="finding-{finding.id}"><p class="sentence">{escape(finding.sentence)}</p>'
        f'<img src="charts/finding-{finding.id}.svg" alt="{escape(finding.alt)}" width="{width}" height="{height}">'
        f'<div class="beneath"><p>{escape(finding.note)}</p>{more}{sources}</div></li>'
    )


def _entry(each: Card) -> str:
    answer = f"<p>{escape(each.answer)}</p>" if each.answer else ""
    link = f'<a href="{each.name}.html">{escape(each.title)}</a>'
    return f'<li>{link}<p class="asked">{escape(each.question)}</p>{answer}</li>'
