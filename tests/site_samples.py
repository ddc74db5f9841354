"""A small notebook for the tests of the site, made without a kernel."""

import json
import shutil

import altair as alt
import nbformat

from helpers import charts, data, display
from helpers.explorer import Explorer, choice, filter_by, number
from helpers.publish import notebooks

# Closes what it may stand in, opens a script, breaks out of Markdown, and is a formula.
HOSTILE = (
    "</script></td><script>window.hostile=1</script><img src=x onerror=window.hostile=1> ````````\"'`x` "
    "[x](javascript:window.hostile=1) {raw} <!-- $x$ | \\"
)


def explorer(tables, extra=""):
    """Bars of staff figures with one control of each kind."""
    staff = tables["staff"].dropna(subset=["value"]).drop_duplicates("provider_id").head(12)
    rows = staff[["provider_id", "measure", "value", "source_id"]].assign(
        provider=staff["provider_id"].map(tables["providers"].set_index("provider_id")["name"]) + extra,
        remark="=1+1" + extra,
    )
    names = dict.fromkeys(rows["provider"])
    return Explorer(
        [
            choice("kind", "Kind of figure", ["people", "posts"]),
            number("least", "Smallest figure", 0, 1000, 100, 0, "people"),
            filter_by("who", "Provider", "provider", list(names), "All providers"),
        ],
        lambda kind, least: rows[rows["value"] >= least],
        lambda base: base.mark_bar().encode(
            x=alt.X("value:Q", title="figure"),
            y=alt.Y("provider:N", title=None),
            tooltip=["provider", "remark", alt.Tooltip("value", title="figure")],
        ),
        title=f"How many staff are in the table? {extra}".strip(),
        description=f"Bars of figures on staff. {extra}".strip(),
        sources=tables["sources"],
        say=lambda rows, kind, least, who: f"{len(rows)} {kind} rows from {least} upwards{extra}.",
    )


def notebook(tables, extra="", name="01_sample"):
    """A whole notebook, normalised as `make notebooks` leaves it."""
    sources = display.table(
        display.with_sources(tables["glossary"].head(3), tables["sources"]), f"Sources of the sample {extra}".strip()
    )
    new = nbformat.v4
    moving = json.loads(json.dumps(display.chart_bundle(explorer(tables, extra).spec()), default=str))
    still = charts.publish(
        alt.Chart(tables["staff"].dropna(subset=["value"]).head(5)[["grade", "value"]]).mark_point().encode(x="value"),
        title="A chart without controls",
        description="Five points.",
        source_ids=tables["staff"]["source_id"].head(5),
        sources=tables["sources"],
    )
    bundles = {"moving": moving, "still": display.chart_bundle(still.to_dict()), "list": sources._repr_mimebundle_()}
    cells = [new.new_markdown_cell("# 01 Sample\n\n**How many staff? A caseload, by band.**", id="question")]
    for cell, bundle in bundles.items():
        output = new.new_output("display_data", json.loads(json.dumps(bundle)))
        cells.append(new.new_code_cell(cell, id=cell, outputs=[output]))
    cells.append(
        new.new_markdown_cell("## Sources\n\nTo cite: *x*. Read about [the data](../data/README.md).", id="cite")
    )
    made = notebooks.normalise(new.new_notebook(cells=cells))
    for cell in made.cells:
        cell.metadata = {}
    return made


def collection(folder, extra="", data_folder=data.DATA):
    """A folder with one notebook in it."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {table: data.load(table, data_folder) for table in ("staff", "providers", "sources", "glossary")}
    notebooks.write(folder / "01_sample.ipynb", notebook(tables, extra))
    return folder


def hostile_data(folder):
    """A copy of the data with hostile text in every cell of every column of free text."""
    import pandas as pd

    shutil.copytree(data.DATA, folder, ignore=shutil.ignore_patterns("official"))
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    changed = 0
    for resource in package["resources"]:
        schema = resource["schema"]
        held = set(schema.get("primaryKey", [])) | {
            name
            for key in schema.get("foreignKeys", [])
            for name in ([key["fields"]] * isinstance(key["fields"], str) or key["fields"])
        }
        free = [
            field["name"]
            for field in schema["fields"]
            if field["type"] == "string"
            and field["name"] not in held
            and not {"listOf", "categories"} & set(field)
            and not {"enum", "pattern", "unique", "maxLength"} & set(field.get("constraints", {}))
        ]
        rows = pd.read_csv(folder / resource["path"], dtype=str, keep_default_na=False)
        for column in free:
            rows[column] = rows[column].where(rows[column] == "", "=" + rows[column] + HOSTILE)
            changed += 1
        rows.to_csv(folder / resource["path"], index=False, lineterminator="\n")
    assert changed > 40
    return folder
