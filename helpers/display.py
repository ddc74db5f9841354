"""What a chart, a table or a sentence hands to a front end.

A chart travels as one MIME bundle: the Vega-Lite specification, which JupyterLab draws by itself and strict nbval
compares field by field, and its description as plain text. The picture for viewers that run no script is added when
the notebooks are published (helpers/publish/notebooks.py), so that executing a notebook never waits for it.
"""

from __future__ import annotations

import html
import sys
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd

VEGALITE_MIME = "application/vnd.vegalite.v5+json"
VEGALITE_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
UNKNOWN = "unknown"
BRIEF_ROWS = 5
HEDGES = {
    "exact": "{}",
    "about": "about {}",
    "at_least": "{} or more",
    "at_most": "at most {}",
    "more_than": "more than {}",
    "less_than": "less than {}",
}


def chart_bundle(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """MIME bundle of a Vega-Lite specification: JupyterLab's own chart type and the description as text."""
    # JupyterLab's renderer is Vega-Lite 5; every construct used here is common to 5 and 6.
    spec = {**spec, "$schema": VEGALITE_SCHEMA}
    return {VEGALITE_MIME: spec, "text/plain": plain(spec.get("description", "A chart without a description"))}


def with_widget(bundle: dict[str, Any], widget: Any, **options: Any) -> dict[str, Any]:
    """A stored output with the live widget beside it: a front end with a kernel shows the widget in its place."""
    shown = widget._repr_mimebundle_(**options)
    views = shown[0] if isinstance(shown, tuple) else shown
    return {**bundle, **{mime: view for mime, view in views.items() if "widget-view" in mime}}


def plain(value: Any) -> str:
    """Text that cannot reorder or hide what stands beside it: control and direction characters become visible."""
    text = str(value)
    if text.isprintable():  # nearly every text: none of its characters is of these kinds
        return text
    return "".join(
        char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf") else f"\\u{ord(char):04x}"
        for char in text
    )


def escape(value: Any) -> str:
    """`plain` text for use inside HTML: what comes from data never becomes markup."""
    return html.escape(plain(value))


def number(value: Any, digits: int | None = None) -> str:
    """A figure with thousands separators: as many decimals as it has, or `digits`; unknown stays 'unknown'."""
    if pd.isna(value):
        return UNKNOWN
    if digits is not None:
        return f"{value:,.{digits}f}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,}"


def hedged(value: Any, qualifier: Any = "exact", digits: int | None = None, unit: str = "") -> str:
    """A figure in words with its hedge, such as 'more than 42' or 'about 33.3%'."""
    if pd.isna(value):
        return UNKNOWN
    if unit in ("percent", "%"):
        unit = "%"
    elif unit:
        unit = f" {unit}"
    return HEDGES[qualifier].format(number(value, digits) + unit)


def join_words(words: Iterable[str], comma: str = ", ") -> str:
    """Words as a sentence lists them: 'one', 'one and two', 'one, two and three'. Raises ValueError for none."""
    *rest, last = words
    return f"{comma.join(rest)} and {last}" if rest else last


class Html:
    """A piece of HTML with the same content as plain text, for front ends and viewers without HTML."""

    def __init__(self, markup: str, text: str) -> None:
        self.markup, self.text = markup, text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.markup, "text/plain": self.text}


def frame_html(frame: pd.DataFrame) -> str:
    """A DataFrame as a front end shows it: pandas' own table, first and last rows of a long one, without a style of
    its own, since pages run under a policy that admits none."""
    frame, most = _unknown_in_words(frame), pd.options.display.max_rows
    markup = frame.to_html(max_rows=most, show_dimensions=len(frame) > most, border=0, na_rep=UNKNOWN, sparsify=False)
    head, body = markup.replace(' style="text-align: right;"', "").split("<tbody>")
    head, body = head.replace("<th>", '<th scope="col">'), body.replace("<th>", '<th scope="row">')
    return f"{head}<tbody>{body}"


def frame_text(frame: pd.DataFrame) -> str:
    """A DataFrame as text, the same in every terminal: each row on one line, all columns."""
    return _unknown_in_words(frame).to_string(max_rows=pd.options.display.max_rows, na_rep=UNKNOWN)


def _unknown_in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of text or listed values with their gaps as words: pandas writes <NA> there whatever it is told."""
    texts = [name for name, kind in frame.dtypes.items() if isinstance(kind, (pd.CategoricalDtype, pd.StringDtype))]
    return frame.assign(**{name: frame[name].astype(object).where(frame[name].notna(), UNKNOWN) for name in texts})


def with_frames(formatter: Any) -> Any:
    """An IPython DisplayFormatter that shows DataFrames by `frame_html`, and as text with each row on one line."""
    formatter.formatters["text/html"].for_type(pd.DataFrame, frame_html)
    formatter.formatters["text/plain"].for_type(pd.DataFrame, lambda frame, printer, _: printer.text(frame_text(frame)))
    return formatter


def findings(*sentences: str) -> Html:
    """Sentences computed from the data, one paragraph each."""
    markup = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return Html(f'<div class="findings">{markup}</div>', "\n\n".join(map(plain, sentences)))


def table(
    rows: pd.DataFrame,
    caption: str,
    *,
    headings: dict[str, str] | None = None,
    hedge: tuple[str, str] | None = None,
    folded: bool = False,
    words: Collection[str] | None = None,
) -> Html:
    """An accessible HTML table: caption, column headings, the first column as row heading.

    rows      any DataFrame; empty cells read 'unknown'; dates read as ISO dates
    headings  column -> heading; columns not named keep their name with spaces for underscores
    hedge     (value column, qualifier column): the value is written with its hedge, the qualifier is not repeated
    folded    True puts the table behind a summary line that opens it; viewers without HTML then get its first rows
              and how many more there are
    words     for long tables, whose markup would outgrow a notebook: the only columns to set flush left, in the
              shortest markup (a first column of headings needs no scope); without it all that hold no numbers are
    """
    shown = rows.copy()
    if hedge:
        value, qualifier = hedge
        shown[value] = [hedged(v, "exact" if pd.isna(q) else q) for v, q in zip(shown[value], shown[qualifier])]
        shown = shown.drop(columns=qualifier)
    headings = headings or {}
    titles = [headings.get(column, str(column).replace("_", " ")) for column in shown.columns]
    cells = [[_cell(value) for value in row] for row in shown.itertuples(index=False)]
    # JupyterLab sets every cell flush right; words read better flush left, figures stay as they are.
    short = words is not None
    figures = [
        column not in words if short else pd.api.types.is_numeric_dtype(shown[column]) for column in shown.columns
    ]
    left, of_row = (" style=text-align:left", "") if short else (' style="text-align:left"', ' scope="row"')
    sides = ["" if figure else left for figure in figures]
    head = "".join(f'<th scope="col"{side}>{escape(title)}</th>' for side, title in zip(sides, titles))
    body = "".join(
        f"<tr><th{of_row}{sides[0]}>{row[0][0]}</th>"
        + "".join(f"<td{side if text or not short else ''}>{text}</td>" for side, (text, _) in zip(sides[1:], row[1:]))
        + "</tr>"
        for row in cells
    )
    markup = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    if folded:
        markup = f"<details><summary>{escape(caption)} ({number(len(cells))} rows)</summary>{markup}</details>"
    lines = [" | ".join(text for _, text in row) for row in cells]
    if folded and len(lines) > BRIEF_ROWS:
        lines[BRIEF_ROWS:] = [f"and {number(len(lines) - BRIEF_ROWS)} more rows"]
    return Html(markup, "\n".join([plain(caption), " | ".join(titles), *lines]))


class Link:
    """A link to a source; without an address of its own page only the text is shown, with the reason."""

    def __init__(self, text: str, url: str | None, remark: str = "") -> None:
        self.text, self.url, self.remark = text, url, remark


def _cell(value: Any) -> tuple[str, str]:
    """The HTML and the plain text of one table cell."""
    if isinstance(value, Link):
        remark = f" ({value.remark})" if value.remark else ""
        text = escape(value.text)
        if value.url:
            text = f'<a href="{html.escape(value.url, quote=True)}">{text}</a>'
        return text + escape(remark), plain(value.text + remark)
    if pd.api.types.is_scalar(value) and pd.isna(value):
        text = UNKNOWN
    elif isinstance(value, pd.Timestamp):
        text = value.date().isoformat()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        text = number(value)
    else:
        text = str(value)
    return escape(text), plain(text)


def source_link(source: Mapping[str, Any]) -> Link:
    """The link of one row of the sources table: only the address of a page is linked, never a site's front page."""
    if source["url_kind"] == "page" and str(source["url"]).startswith(("http://", "https://")):
        return Link(source["title"], source["url"])
    remark = {"site": "only the site's address is known", "none": "no address known"}.get(source["url_kind"], "")
    return Link(source["title"], None, remark)


def with_sources(rows: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """The rows with `source_id` replaced by a `source` column of links and a `publisher` column."""
    used = sources[sources["source_id"].isin(rows["source_id"])]
    links = {source["source_id"]: source_link(source) for source in used.to_dict("records")}
    return rows.drop(columns="source_id").assign(
        source=rows["source_id"].map(links).to_numpy(),
        publisher=rows["source_id"].map(used.set_index("source_id")["publisher"]).to_numpy(),
    )


def credit(source_ids: Iterable[str], sources: pd.DataFrame) -> str:
    """One line naming the publishers behind a chart, the most used first, with how many documents there are."""
    used = pd.Series(list(source_ids), dtype="object").dropna()
    publishers = used.map(sources.set_index("source_id")["publisher"]).value_counts(sort=False)
    publishers = publishers.rename_axis("publisher").reset_index(name="rows")
    names = publishers.sort_values(["rows", "publisher"], ascending=[False, True])["publisher"].astype(str).tolist()
    documents = used.nunique()
    if not names:
        raise ValueError("a chart needs at least one source_id")
    more = f" and {len(names) - 2} more publishers" if len(names) > 3 else ""
    named = "; ".join(names[:2] if more else names)
    return f"Source: {named}{more}" + (f" ({number(documents)} documents)" if documents > len(names) else "")


# In a kernel, whatever imports the helpers shows DataFrames so.
if (ipython := sys.modules.get("IPython")) and (shell := ipython.get_ipython()):
    with_frames(shell.display_formatter)
