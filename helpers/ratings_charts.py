"""Charts and explorers of the inspection ratings: the grid and its map, the gap, the league table."""

import json
from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import altair as alt
import pandas as pd

from helpers import charts, ratings
from helpers.explorer import Explorer, choice, number

# What stands in a tile: the band's initials; a star marks a band that its source implies without naming it.
INITIALS = {
    **charts.BAND_INITIALS,
    ratings.NOT_RATED: "\N{EN DASH}",
    ratings.NOT_APPLICABLE: "n/a",
}
COLOURS = {**charts.BANDS, ratings.NOT_RATED: "#c9ced3"}
IMPLIED = "*"
ABOVE, BELOW = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
EVIDENCE = {
    "Stated or implied by a source": "all",
    "Only bands that a source states": "stated",
}
LEAGUE_EVIDENCE = {**EVIDENCE, "Stated, implied, and the points of the 2019 article": "article"}
TILE_WIDTH, TILE_HEIGHT, CELL_WIDTH, ROW_HEIGHT = 64, 52, 30, 18
CRC_COLUMN = 3  # the map of the CRCs stands this many tiles to the right of where its own columns begin
GROWING = alt.AutoSizeParams(type="pad", resize=True)  # the title grows when its sentence does

TABLES = ("ratings", "providers", "standards", "band_profiles", "band_distribution", "league_points", "sources")
Tables = Mapping[str, pd.DataFrame]  # those of TABLES by name, as data.load gives them


def evidence(tables: Tables, round: str, used: str = "all") -> pd.DataFrame:
    """`ratings.service_evidence` of a round, from all ratings, those stated, or all and the article's points."""
    return ratings.service_evidence(
        tables["ratings"],
        tables["providers"],
        tables["standards"],
        tables["band_profiles"],
        round,
        used != "stated",
        tables["league_points"] if used == "article" else None,
    )


def counts(tables: Tables, round: str, used: str = "all") -> pd.DataFrame:
    """`ratings.overall_counts` of a round, from all ratings or only those stated."""
    return ratings.overall_counts(
        tables["ratings"], tables["providers"], tables["band_distribution"], round, used != "stated"
    )


# The overall bands


def overall_bands(shares: pd.DataFrame, tables: Tables, title: str) -> Any:
    """Share of services in each overall band with its 95% interval, by type (rows: `overall_shares`)."""
    rows = shares.rename(columns={"service_type": "body"})
    rows["label"] = rows["services"].astype(str) + " of " + rows["of"].astype(str)
    kinds = list(ratings.SERVICE_TYPES.values())
    base = alt.Chart(rows.drop(columns=["services", "of", "round"])).encode(
        y=alt.Y("band:N", sort=list(ratings.BANDS), title=None),
        yOffset=alt.YOffset("body:N", sort=kinds, scale=alt.Scale(domain=kinds)),
    )
    share = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    colour = charts.body_colour(legend=None)
    interval = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("wilson_lower:Q", title="Share of services", scale=alt.Scale(domain=[0, 1]), axis=share),
        x2=alt.X2("wilson_upper:Q"),
        color=colour,
    )
    point = base.mark_point(size=70, filled=True, opacity=1).encode(
        x=alt.X("share:Q"),
        color=colour,
        shape=charts.body_shape(legend=None),
        tooltip=[
            alt.Tooltip("body:N", title="Type"),
            alt.Tooltip("band:N", title="Band"),
            alt.Tooltip("label:N", title="Services"),
            alt.Tooltip("wilson_lower:Q", title="95% interval from", format=".0%"),
            alt.Tooltip("wilson_upper:Q", title="to", format=".0%"),
        ],
    )
    text = base.transform_calculate(text="datum.body + ' ' + datum.label").mark_text(align="left", dx=6, fontSize=11)
    text = text.encode(x=alt.X("wilson_upper:Q"), text=alt.Text("text:N"))
    good = rows[rows["band"] == "Good"]
    said = "; ".join(f"{row.body} {row.label}" for row in good.itertuples())
    return charts.publish(
        alt.layer(interval, point, text, width=480, height=200),
        title=title,
        subtitle="Share of services in each overall band; lines are 95% Wilson intervals",
        description=f"Points with intervals: share of NPS divisions and of CRCs in each overall band. Good: {said}.",
        source_ids=tables["band_distribution"]["source_id"],
        sources=tables["sources"],
    )


# The grid and the map


def _cells(grid: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """One row a service: bands of its standards in the order of the columns, and its documents, as one text each.

    A text costs a page far less than a list of the same cells; Vega takes it apart again. A band that is known
    carries the place of its document among the documents of the row, as in 'G*:2'.
    """
    rows = grid[["provider_id"]].copy()
    rows["document"] = grid["source_id"].map(sources.set_index("source_id")["title"]).str.replace("|", "/")
    each = rows.dropna().drop_duplicates()
    each["place"] = each.groupby("provider_id").cumcount().astype(str)
    places = rows.merge(each, how="left")["place"].set_axis(rows.index)
    star = (grid["basis"] == "implied").map({True: IMPLIED, False: ""})
    rows["bands"] = grid["band"].map(INITIALS) + star + (":" + places).fillna("")
    return pd.DataFrame(
        {
            "bands": rows.groupby("provider_id")["bands"].agg("|".join),
            "documents": each.groupby("provider_id")["document"].agg("|".join),
        }
    ).reset_index()


def _tile_text(name: str, initials: str) -> str:
    words = name.removeprefix("NPS ").removesuffix(" CRC")
    return "\n".join([*charts.wrap(words, 12), initials])


def grid_rows(tables: Tables, grid: pd.DataFrame, round: str, used: str) -> pd.DataFrame:
    """One row for each of the 28 services: its place on the map, overall band, and the cells of its row of the grid.

    Columns: service, tile (text of the tile), tile_row, tile_column, bands (an entry for each standard, the overall
    rating first) and documents (both parted by '|', see `_cells`), said (what is known, in words).
    """
    tiles = ratings.tile_positions(
        tables["providers"], tables["ratings"], tables["band_distribution"], [round], include_implied=used != "stated"
    )
    rows = tiles.merge(_cells(grid, tables["sources"]), on="provider_id", how="left", validate="one_to_one")
    rows["band"] = rows["band"].map(INITIALS)
    rows["tile_column"] += (rows["service_type"] == "CRC") * CRC_COLUMN
    rows["bands"] = rows["bands"].fillna(rows["band"])  # a service that was not rated has an overall cell only
    rows["documents"] = rows["documents"].fillna("")
    rows["tile"] = [_tile_text(name, band) for name, band in zip(rows["name"], rows["band"])]
    names = rows["provider_id"].map(tables["providers"].set_index("provider_id")["name"].astype(str))
    said = ratings.say_services(grid, rows["provider_id"])
    rows["said"] = ["\n".join(charts.wrap(f"{name}: {known}.", 40)) for name, known in zip(names, said)]
    rows = rows.rename(columns={"name": "service"})
    return rows[["service", "tile", "tile_row", "tile_column", "bands", "documents", "said"]]


def _initials_colour(legend: bool = True) -> alt.Color:
    names = {INITIALS[band]: band for band in COLOURS}
    label = " : ".join(f"datum.label === '{code}' ? '{code}  {name}'" for code, name in names.items()) + " : ''"
    return alt.Color(
        "code:N",
        title=None,
        scale=alt.Scale(domain=list(names), range=list(COLOURS.values())),
        legend=alt.Legend(labelExpr=label, symbolType="square", symbolStrokeColor=charts.RULE, columns=4)
        if legend
        else None,
    )


DARK = alt.FieldOneOfPredicate("code", [INITIALS["Outstanding"], INITIALS["Inadequate"]])
FIRST_BAND = f"replace(split(split(datum.bands, '|')[0], ':')[0], '{IMPLIED}', '')"
UNKNOWN = alt.datum.code == INITIALS[ratings.UNKNOWN]


def _text_colour() -> Any:
    return alt.when(DARK).then(alt.value("#ffffff")).otherwise(alt.value(charts.INK))


def _map(base: alt.Chart, chosen: alt.Parameter) -> Any:
    columns = list(range(1, base.data["tile_column"].max() + 1))
    lines = list(range(1, base.data["tile_row"].max() + 1))
    placed = base.transform_calculate(code=FIRST_BAND).encode(
        x=alt.X("tile_column:O", scale=alt.Scale(domain=columns, padding=0.03), axis=None),
        y=alt.Y("tile_row:O", scale=alt.Scale(domain=lines, padding=0.03), axis=None),
    )
    selected = alt.when(chosen, empty=False)
    # As a property of the mark: Vega-Lite drops the channel for rectangles and says so in the console.
    dashes = alt.expr(f"{UNKNOWN} ? [4, 3] : [1, 0]")
    square = placed.mark_rect(cornerRadius=3, cursor="pointer", strokeDash=dashes).encode(
        color=_initials_colour(),
        stroke=selected.then(alt.value(charts.INK)).otherwise(alt.value(charts.RULE)),
        strokeWidth=selected.then(alt.value(4)).otherwise(alt.value(1)),
        tooltip=[alt.Tooltip("service:N", title="Service"), alt.Tooltip("code:N", title="Overall")],
    )
    middle = alt.expr("-6 * (length(split(datum.tile, '\\n')) - 1)")
    text = placed.mark_text(lineBreak="\n", baseline="middle", fontSize=10, lineHeight=12, dy=middle)
    text = text.encode(text=alt.Text("tile:N"), color=_text_colour())
    heads = [
        base.transform_filter(alt.datum.tile_column == column)
        .transform_aggregate(tile_column="min(tile_column)")
        .transform_calculate(head=f"'{head}'")
        .mark_text(align="left", baseline="bottom", fontSize=13, fontWeight=600, dx=-TILE_WIDTH / 2, dy=-4)
        .encode(x=alt.X("tile_column:O"), y=alt.YValue(0), text=alt.Text("head:N"))
        for column, head in ((1, "NPS divisions"), (CRC_COLUMN + 2, "CRCs"))
    ]
    words = (
        base.transform_filter({"param": "chosen", "empty": False})
        .mark_text(align="left", baseline="top", lineBreak="\n", fontSize=12, lineHeight=15)
        .encode(x=alt.XValue(0), y=alt.YValue(TILE_HEIGHT * 3 + 14), text=alt.Text("said:N"))
    )
    return alt.layer(
        square.add_params(chosen), text, words, *heads, width=TILE_WIDTH * len(columns), height=TILE_HEIGHT * len(lines)
    )


def _grid(base: alt.Chart, standards: list[str], services: list[str], chosen: alt.Parameter) -> Any:
    cells = (
        base.transform_calculate(entry="split(datum.bands, '|')", standard=json.dumps(standards, ensure_ascii=False))
        .transform_flatten(["entry", "standard"])
        .transform_filter("isValid(datum.entry)")
        .transform_calculate(cell="split(datum.entry, ':')[0]", place="split(datum.entry, ':')[1]")
        .transform_calculate(document="isValid(datum.place) ? split(datum.documents, '|')[+datum.place] : ''")
        .transform_calculate(
            code=f"replace(datum.cell, '{IMPLIED}', '')",
            basis=f"indexof(datum.cell, '{IMPLIED}') >= 0 ? 'implied' : datum.document ? 'stated' : 'no source read'",
        )
        .encode(
            x=alt.X(
                "standard:N",
                scale=alt.Scale(domain=standards),
                title=None,
                axis=alt.Axis(orient="top", labelAngle=-45, domain=False, ticks=False, labelPadding=4),
            ),
            y=alt.Y(
                "service:N",
                scale=alt.Scale(domain=services),
                title=None,
                axis=alt.Axis(domain=False, ticks=False, labelFontSize=10),
            ),
            opacity=alt.when(chosen, empty=True).then(alt.value(1)).otherwise(alt.value(0.25)),
        )
    )
    square = cells.mark_rect(stroke=charts.RULE, strokeWidth=0.6).encode(
        color=_initials_colour(legend=False),
        tooltip=[
            alt.Tooltip("service:N", title="Service"),
            alt.Tooltip("standard:N", title="Standard"),
            alt.Tooltip("cell:N", title="Band"),
            alt.Tooltip("basis:N", title="Basis"),
            alt.Tooltip("document:N", title="Source"),
        ],
    )
    text = (
        cells.transform_filter("datum.code !== 'n/a'")
        .mark_text(fontSize=10)
        .encode(text=alt.Text("cell:N"), color=_text_colour())
    )
    return alt.layer(square, text, width=CELL_WIDTH * len(standards), height=ROW_HEIGHT * len(services))


def grid_explorer(tables: Tables) -> Explorer:
    """Map and grid of the overall and standard ratings: round, implied bands in or out, one service brought out."""
    order = tables["standards"].sort_values("order")
    standards = [
        "Overall" if code == "overall" else f"{code} {name}"
        for code, name in zip(order["standard"].astype(str), order["name"].astype(str))
    ]
    services = ratings.services(tables["providers"]).sort_values(["service_type", "name"], ascending=[False, True])
    names = services["name"].tolist()

    def draw(base: alt.Chart) -> Any:
        chosen = alt.selection_point(
            name="chosen",
            fields=["service"],
            on="click",
            clear="dblclick",
            bind=alt.binding_select(options=[None, *names], labels=["none", *names], name="Service to bring out: "),
        )
        panels = _map(base, chosen), _grid(base, standards, names, chosen)
        return alt.vconcat(*panels, spacing=14, bounds="full", autosize=GROWING)

    grids = {
        (round, used): ratings.rating_grid(
            tables["ratings"], tables["providers"], tables["standards"], round, used != "stated"
        )
        for round, used in product(ratings.ROUNDS, EVIDENCE.values())
    }
    said = {
        choices: f"{ratings.say_overall(counts(tables, *choices))} {ratings.say_known(grid)}"
        for choices, grid in grids.items()
    }

    def say(rows: pd.DataFrame, round: str, used: str) -> str:
        return said[round, used]

    return Explorer(
        [
            choice("round", "Inspection round", ratings.ROUNDS),
            choice("used", "Bands shown", EVIDENCE),
        ],
        lambda round, used: grid_rows(tables, grids[round, used], round, used),
        draw,
        say=say,
        title="Which services did well on which standards?",
        subtitle="Map: overall band, one tile an area, north at the top. Grid: one row a service, one column a "
        f"standard. A star ({IMPLIED}) marks a band that its source implies without naming it. Click a tile, or use "
        "the list of services, to bring out one service; a double click on the map shows all again.",
        description="Two tile maps (NPS divisions, CRCs) coloured by overall band, above a grid of 28 services by "
        "overall rating and twelve standards. Bands that no source read gives show a question mark.",
        sources=tables["sources"],
        source_ids=tables["ratings"]["source_id"].tolist(),
    )


# The gap


def gap_rows(doing_well: pd.DataFrame, gap: pd.DataFrame) -> pd.DataFrame:
    """Three rows: the share of NPS divisions, of CRCs, and the gap, each from lowest to highest, with 95% intervals.

    From `ratings.definition_counts` and `ratings.gap`.
    Columns: body {NPS, CRC, Gap}, low, high, lower, upper (proportions; the last two may be empty), label.
    """
    rows = doing_well.rename(
        columns={
            "service_type": "body",
            "share_lowest": "low",
            "share_highest": "high",
            "wilson_lower": "lower",
            "wilson_upper": "upper",
        }
    )
    upto = (" to " + rows["highest"].astype(str)).where(rows["lowest"] < rows["highest"], "")
    rows["label"] = rows["lowest"].astype(str) + upto + " of " + rows["of"].astype(str)
    ends = gap["difference"].min(), gap["difference"].max()
    points = " to ".join(dict.fromkeys(ratings.percentage_points(end) for end in ends))
    rows.loc[len(rows)] = rows.iloc[0].to_dict() | {
        "body": "Gap",
        "low": ends[0],
        "high": ends[1],
        "lower": gap["difference_lower"].min(),
        "upper": gap["difference_upper"].max(),
        "label": f"{points} points",
    }
    return rows[["body", "low", "high", "lower", "upper", "label"]].round(4)


def _ranges(base: alt.Chart, bodies: list[str], domain: list[int], title: str, colours: list[str]) -> Any:
    rows = base.transform_filter(alt.FieldOneOfPredicate("body", bodies)).encode(
        y=alt.Y("body:N", scale=alt.Scale(domain=bodies), title=None),
        color=alt.Color("body:N", scale=alt.Scale(domain=bodies, range=colours), legend=None),
    )
    scale = alt.Scale(domain=domain)
    axis = alt.Axis(format=".0%", tickCount=5) if domain[0] == 0 else alt.Axis(
        labelExpr="format(100 * datum.value, 'd')", tickCount=9
    )  # fmt: skip
    interval = rows.transform_filter("isValid(datum.lower)").mark_rule(strokeWidth=1.5).encode(
        x=alt.X("lower:Q", scale=scale, title=title, axis=axis), x2=alt.X2("upper:Q")
    )  # fmt: skip
    ticks = [
        rows.transform_filter(f"isValid(datum.{end})").mark_tick(thickness=1.5, size=12).encode(x=alt.X(f"{end}:Q"))
        for end in ("lower", "upper")
    ]
    between = rows.mark_bar(height=12, opacity=0.45).encode(
        x=alt.X("low:Q", scale=scale, title=title), x2=alt.X2("high:Q")
    )
    exact = rows.transform_filter("datum.low === datum.high").mark_point(size=110, filled=True, opacity=1)
    exact = exact.encode(
        x=alt.X("low:Q"),
        shape=alt.Shape(
            "body:N",
            scale=alt.Scale(domain=bodies, range=[charts.BODY_SHAPES.get(body, "diamond") for body in bodies]),
            legend=None,
        ),
        tooltip=[alt.Tooltip("body:N", title="Who"), alt.Tooltip("label:N", title="Figure")],
    )
    text = rows.mark_text(baseline="bottom", dy=-10, fontSize=12).encode(
        x=alt.X("middle:Q", scale=scale), text=alt.Text("label:N"), color=alt.ColorValue(charts.INK)
    )
    room = 0.09 * (domain[1] - domain[0])  # keeps a label inside the chart
    middle = f"clamp((datum.low + datum.high) / 2, {domain[0] + room}, {domain[1] - room})"
    text = text.transform_calculate(middle=middle)
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color=charts.RULE).encode(x=alt.X("x:Q"))
    layers = [between, interval, *ticks, exact, text]
    if domain[0] < 0:
        layers.insert(0, zero)
    return alt.layer(*layers, width=560, height=52 * len(bodies))


def gap_explorer(tables: Tables) -> Explorer:
    """The gap between the NPS and the CRCs under a definition of doing well that the reader chooses."""
    definitions = {text[0].upper() + text[1:]: key for key, text in ratings.DEFINITIONS.items()}

    def draw(base: alt.Chart) -> Any:
        kinds = list(ratings.SERVICE_TYPES.values())
        colours = [charts.BODIES[kind] for kind in kinds]
        return alt.vconcat(
            _ranges(base, kinds, [0, 1], "Share that did well", colours),
            _ranges(base, ["Gap"], [-1, 1], "NPS share less CRC share (percentage points)", [charts.INK]),
            spacing=24,
            autosize=GROWING,
            resolve=alt.Resolve(scale=alt.ScaleResolveMap(color="independent", shape="independent")),
        )

    @cache
    def known(round: str, used: str) -> pd.DataFrame:
        return evidence(tables, round, used)

    @cache  # asked for the rows and again for the sentence
    def answer(definition: str, round: str, used: str, share: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        doing_well = ratings.definition_counts(known(round, used), definition, share_of_points=share / 100)
        return doing_well, ratings.gap(doing_well)

    def say(rows: pd.DataFrame, **choices: Any) -> str:
        return f"Round {choices['round']}: {ratings.say_gap(*answer(**choices))}"

    return Explorer(
        [
            choice("definition", "Doing well means", definitions),
            choice("round", "Inspection round", ratings.ROUNDS),
            choice("used", "Ratings used", EVIDENCE, live_only=True),
            number("share", "Share of points to reach", 30, 80, 5, 50, "%", live_only=True),
        ],
        lambda **choices: gap_rows(*answer(**choices)),
        draw,
        say=say,
        title="Did the NPS do better than the CRCs?",
        subtitle="Point: the share is known. Bar: what the known ratings leave possible, from lowest to highest. "
        "Line: 95% interval (Wilson for shares, Newcombe for the gap); none where standards are counted.",
        description="Share of NPS divisions and of CRCs that did well under the definition chosen, and below it the "
        "gap between the two, with what is unknown as bars and 95% intervals as lines.",
        sources=tables["sources"],
        source_ids=interval_sources(tables),
    )


# The league table


def interval_sources(tables: Tables) -> list[str]:
    """The documents behind every range of points."""
    return [*tables["ratings"]["source_id"], *tables["band_profiles"]["source_id"]]


def league_rows(intervals: pd.DataFrame) -> pd.DataFrame:
    """The league table as it is drawn, from `ratings.score_interval`, one row a service in the order of ranks.

    Columns: service, lowest, highest (points), rank (in words).
    """
    rows = ratings.rank_interval(intervals).rename(columns={"name": "service"})
    rows["rank"] = [
        "impossible" if pd.isna(best) else f"rank {best}" if best == worst else f"rank {best} to {worst}"
        for best, worst in zip(rows["best_rank"], rows["worst_rank"])
    ]
    return rows[["service", "lowest", "highest", "rank"]]


def _league(base: alt.Chart, compared: alt.Parameter) -> Any:
    rows = base.data
    services = rows["service"].nunique()
    base = (
        base.transform_window(place="row_number()")
        .transform_calculate(
            body="indexof(datum.service, 'NPS') === 0 ? 'NPS' : 'CRC'",
            chosen="isValid(compared.service) && compared.service[0] === datum.service",
        )
        .transform_calculate(low="datum.chosen ? datum.lowest : null", high="datum.chosen ? datum.highest : null")
        .transform_joinaggregate(low="max(low)", high="max(high)")
        .transform_calculate(
            order=f"!isValid(datum.low) || !isValid(datum.lowest) ? '' : datum.lowest > datum.high ? '{ABOVE}' "
            f": datum.highest < datum.low ? '{BELOW}' : ''"
        )
    )
    scale = alt.Scale(domain=[min(0, rows["lowest"].min()), max(30, rows["highest"].max())], nice=False)
    x = alt.X("lowest:Q", scale=scale, title="Points over ten standards: lowest to highest possible total")
    placed = base.encode(y=alt.Y("place:O", scale=alt.Scale(domain=list(range(1, services + 1))), axis=None))
    known = placed.transform_filter("isValid(datum.lowest)")
    drawn = {
        "color": charts.body_colour(legend=None),
        "tooltip": [
            alt.Tooltip("service:N", title="Service"),
            alt.Tooltip("lowest:Q", title="Lowest total"),
            alt.Tooltip("highest:Q", title="Highest total"),
            alt.Tooltip("rank:N", title="Rank"),
            alt.Tooltip("order:N", title="Against the service compared"),
        ],
    }
    band = base.transform_filter({"param": "compared", "empty": False})
    band = band.mark_rect(color="#dfe3e7", stroke=charts.INK, strokeDash=[3, 3]).encode(x=x, x2=alt.X2("highest:Q"))
    bar = known.mark_bar(height=9, cursor="pointer").encode(x=x, x2=alt.X2("highest:Q"), **drawn).add_params(compared)
    exact = known.transform_filter("datum.lowest === datum.highest")
    exact = exact.mark_point(filled=True, size=90, opacity=1, shape="diamond").encode(x=x, **drawn)
    name = placed.mark_text(align="right", dx=-8, fontSize=11).encode(x=alt.XValue(0), text=alt.Text("service:N"))
    rank = placed.mark_text(align="left", dx=24, fontSize=11).encode(x=alt.XValue("width"), text=alt.Text("rank:N"))
    order = placed.mark_text(align="left", dx=6, fontSize=12).encode(x=alt.XValue("width"), text=alt.Text("order:N"))
    layers = [band, bar, exact, name, rank, order]
    first = base.transform_filter("datum.place === 1")
    head = first.transform_calculate(text="'Good from ' + datum.good_from").mark_text(
        baseline="bottom", dy=-4, fontSize=11, color=charts.MUTED
    )
    layers += [
        first.mark_rule(color=charts.MUTED, strokeDash=[2, 3]).encode(x=alt.X("good_from:Q")),
        head.encode(x=alt.X("good_from:Q"), y=alt.YValue(0), text=alt.Text("text:N")),
    ]
    chart = alt.layer(*layers, width=400, height=19 * services)
    return alt.vconcat(chart, bounds="full", autosize=GROWING)  # alone in a concat, the title begins over the names


def league_explorer(tables: Tables) -> Explorer:
    """The league table as intervals of points, with the points of each band and the thresholds to choose."""
    names = ratings.services(tables["providers"])["name"].sort_values().tolist()

    @cache
    def known(round: str, used: str) -> pd.DataFrame:
        return evidence(tables, round, used)

    @cache  # asked for the rows and again for the sentence
    def intervals(round: str, used: str, **rule: float) -> pd.DataFrame:
        return ratings.score_interval(known(round, used), ratings.ScoringRule(**rule))

    def draw(base: alt.Chart) -> Any:
        compared = alt.selection_point(
            name="compared",
            fields=["service"],
            on="click",
            clear="dblclick",
            bind=alt.binding_select(options=[None, *names], labels=["none", *names], name="Compare all with: "),
            value=[{"service": "London CRC"}],
        )
        return _league(base, compared)

    def say(rows: pd.DataFrame, **chosen: Any) -> str:
        table = intervals(**chosen)
        return f"{ratings.say_intervals(table)} {ratings.say_certain_order(table)}"

    return Explorer(
        [
            number("good_from", "Good begins at", 15, 19, 1, 16, "points"),
            choice(
                "requires_improvement_from",
                "Requires improvement begins at",
                {f"{points} points": points for points in (5, 6, 7)},
                6,
            ),
            number("outstanding_from", "Outstanding begins at", 20, 31, 1, 26, "points", live_only=True),
            number("outstanding", "Points for Outstanding", 0, 5, 0.5, 3, live_only=True),
            number("good", "Points for Good", 0, 5, 0.5, 2, live_only=True),
            choice(
                "requires_improvement",
                "Points for Requires improvement",
                {f"{points:g}": points for points in (0, 0.5, 1, 1.5, 2, 2.5, 3)},
                1,
                live_only=True,
            ),
            number("inadequate", "Points for Inadequate", 0, 5, 0.5, 0, live_only=True),
            choice("round", "Inspection round", ratings.ROUNDS, live_only=True),
            choice("used", "Ratings used", LEAGUE_EVIDENCE, live_only=True),
        ],
        lambda **chosen: league_rows(intervals(**chosen)),
        draw,
        say=say,
        title="Who is certainly above whom?",
        subtitle="Bar: every total that the known ratings, published counts and overall band allow. Diamond: known "
        f"exactly. The dashed band is the service that all are compared with: {ABOVE} is certainly higher, {BELOW} "
        "certainly lower, no mark not certain. 'Impossible': no total fits these points and thresholds.",
        description="One bar a service from the lowest to the highest possible total of points, in the order of the "
        "ranks that are possible, NPS divisions in blue and CRCs in orange. A triangle up or down marks the services "
        "certainly above or below the one that all are compared with.",
        sources=tables["sources"],
        source_ids=interval_sources(tables),
    )


# Sources


def source_rows(tables: Tables) -> pd.DataFrame:
    """Every row that the notebook draws, for the table of sources: about, figures, source_id.

    Ratings of one service and round that rest on the same document share a row; a star marks an implied one.
    """
    names = ratings.services(tables["providers"]).set_index("provider_id")["name"]

    def about(rows: pd.DataFrame, who: pd.Series) -> pd.Series:
        return who.astype(str) + ", " + rows["round"].astype(str)

    rated = tables["ratings"]
    star = (rated["basis"] == "implied").map({True: IMPLIED, False: ""})
    rated = rated.assign(
        about=about(rated, rated["provider_id"].map(names)),
        figures=rated["standard"].astype(str) + " " + rated["band"].astype(str) + star,
    )
    profiles = tables["band_profiles"]
    bands = [band.lower().replace(" ", "_") for band in ratings.BANDS]
    tally = profiles[bands].astype(object).where(profiles[bands].notna(), "?").astype(str).agg("/".join, axis=1)
    profiles = profiles.assign(
        about=about(profiles, profiles["provider_id"].map(names)), figures="standards O/G/RI/I: " + tally
    )
    official = tables["band_distribution"].loc[lambda t: t["standard"] == "overall"]
    official = official.assign(
        about=about(official, "all " + official["service_type"].astype(str)),
        figures=official["services"].astype(str)
        + " of "
        + official["of"].astype(str)
        + " "
        + official["band"].astype(str),
    )
    points = tables["league_points"]
    points = points.assign(
        about=points["provider_id"].map(names).fillna("next lowest CRC"),
        figures=points["points"].astype(str) + " points in the article",
    )
    parts = [part[["about", "figures", "source_id"]] for part in (rated, profiles, official, points)]
    rows = pd.concat(parts, ignore_index=True).astype(str)
    return (
        rows.groupby(["about", "source_id"], sort=False)["figures"]
        .agg("; ".join)
        .reset_index()[["about", "figures", "source_id"]]
    )
