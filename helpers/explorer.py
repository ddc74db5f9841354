"""Explorer: controls, rows and drawing declared once, shown wherever a reader meets them.

    Explorer(
        controls=[choice("round", "Inspection round", ["2018-19", "2019-20"])],
        rows=lambda round: ratings.overall_counts(tables, round),   # pure: choices in, rows out
        draw=charts.counts,                                         # draws `base`, computes nothing
        say=lambda rows, round: f"...",                                # the finding in words
        title=..., description=..., sources=...,
    )

* Where a kernel runs: ipywidgets beside a chart that already holds the rows of every choice; a control moves a
  parameter of it.
* Where none runs (an unrun notebook, a page without network): the same chart with the same controls as bound
  Vega-Lite parameters.
* Where no script runs: the picture that `make notebooks` adds, and the description as text.
* In CI: the specification with every row of every choice, which strict nbval compares.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from helpers import charts, display

PAGE_ROWS = 4000
PAGE_SENTENCES = 600
NOTHING = "Nothing in the evidence matches these choices."
RESET = "reset"
FINDING = "finding"


@dataclass(frozen=True)
class Control:
    """One choice of the reader. Build it with `choice`, `number`, `filter_by` or `show`."""

    name: str
    label: str
    options: Mapping[str, Any]
    start: Any
    kind: str
    column: str | None = None

    def __post_init__(self) -> None:
        # A page looks sentences up by the value as a browser writes it, which is 50 and never 50.0.
        object.__setattr__(self, "options", {label: _whole(value) for label, value in self.options.items()})
        object.__setattr__(self, "start", _whole(self.start))
        if not self.options:
            raise ValueError(f"control {self.name!r}: has no options; give at least one")
        if self.start not in self.options.values():
            raise ValueError(
                f"control {self.name!r}: start value {self.start!r} is not among its options "
                f"({', '.join(map(repr, self.options.values()))}); choose one of them"
            )
        if not self.label.strip():
            raise ValueError(f"control {self.name!r}: needs a label that a reader can understand")

    @property
    def computes(self) -> bool:
        """Whether the rows are made anew for it."""
        return self.kind in ("choice", "number")

    @property
    def values(self) -> list[Any]:
        """What the control can be set to."""
        return list(self.options.values())


def _whole(value: Any) -> Any:
    """A whole number as an int, anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def choice(name: str, label: str, options: Sequence[Any] | Mapping[str, Any], start: Any = None) -> Control:
    """One of a list: passed to `rows` under `name`. A mapping gives what the reader sees for each value."""
    if not isinstance(options, Mapping):
        options = {str(option): option for option in options}
    start = next(iter(options.values()), None) if start is None else start
    return Control(name, label, options, start, "choice")


def number(name: str, label: str, low: float, high: float, step: float, start: float, unit: str = "") -> Control:
    """A number from low to high in steps: passed to `rows` under `name`; shown with its unit ('%' or a word)."""
    if not (step > 0 and high >= low):
        raise ValueError(f"control {name!r}: step must be above 0 and high not below low")
    steps = math.floor((high - low) / step + 1e-9)
    values = [round(low + index * step, 10) for index in range(steps + 1)]
    values = [_whole(value) for value in values]
    space = "" if unit in ("", "%") else " "
    options = {f"{value:,}{space}{unit}": value for value in values}
    return Control(name, label, options, start, "number")


def filter_by(
    name: str, label: str, column: str, options: Sequence[str] | Mapping[str, str], everything: str
) -> Control:
    """Shows only the rows whose `column` equals the choice (or holds it, where the column holds lists).

    everything   what the option that filters nothing is called, such as 'All kinds'; it comes first
    """
    if not isinstance(options, Mapping):
        options = {str(option): option for option in options}
    return Control(name, label, {everything: "", **options}, "", "filter", column=column)


def show(name: str, label: str, options: Sequence[str] | Mapping[str, str], start: str | None = None) -> Control:
    """One of a list that leaves the rows alone: `draw` tests the parameter of this name itself, such as in a panel
    with rows of its own, and `say` receives it."""
    return replace(choice(name, label, options, start), kind="show")


def _matches(rows: pd.DataFrame, control: Control, value: Any) -> np.ndarray:
    """Which rows a grid control or a filter lets through at this value."""
    if control.computes:
        return (rows[control.name] == value).to_numpy(bool)
    if value == "":
        return np.ones(len(rows), dtype=bool)
    holds = [value in cell if isinstance(cell, (list, tuple)) else cell == value for cell in rows[control.column]]
    return np.array(holds, dtype=bool)


class Explorer:
    """Controls, rows and drawing declared once.

    controls     what the reader can change, in reading order
    rows         called with one keyword per `choice` and `number`; returns the rows for those choices. A DataFrame
                 where no control makes other rows
    draw         called with a chart that already holds the rows and the reader's choices (`base`): add marks and
                 encodings to it. `base.data` is the DataFrame, for domains and sort orders
    say          called with the matching rows and one keyword per control: the finding in a sentence or two
    title        the question that the explorer answers
    description  text alternative: what is drawn, and what the controls do
    sources      the table `sources`; the rows' `source_id` (or `source_ids`) names what is drawn
    source_ids   where the rows have no `source_id` column
    The attribute `rows` is the DataFrame on the screen now: the next cell can go on with it.
    Raises ValueError when the grid would be too large for a page: cut the options of a control.
    """

    def __init__(
        self,
        controls: Sequence[Control],
        rows: Callable[..., pd.DataFrame] | pd.DataFrame,
        draw: Callable[[alt.Chart], Any],
        *,
        title: str,
        description: str,
        sources: pd.DataFrame,
        source_ids: Iterable[str] | None = None,
        say: Callable[..., str] | None = None,
        subtitle: str = "",
    ) -> None:
        names = [control.name for control in controls]
        reserved = {RESET, FINDING} & set(names)
        if reserved or len(set(names)) < len(names):
            raise ValueError(f"control names must differ from each other and from {RESET!r} and {FINDING!r}: {names}")
        self.controls = list(controls)
        self.compute = (lambda: rows) if isinstance(rows, pd.DataFrame) else rows
        self.draw, self.say = draw, say
        self.title, self.subtitle, self.description, self.sources = title, subtitle, description, sources
        self._grid_controls = [c for c in self.controls if c.computes]
        self.start = {control.name: control.start for control in self.controls}
        self._known: dict[tuple[str, Any], np.ndarray] = {}
        self.every = self._grid()
        if source_ids is None:
            source_ids = self.every.get("source_id", [])
        self.source_ids = list(source_ids)
        if not self.source_ids:
            raise ValueError(f"{title!r}: the rows have no source_id; add the column or name source_ids")
        self._live: Live | None = None

    # -- rows ---------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> pd.DataFrame:
        """The rows on the screen now: those of the reader's choices where the widgets are live, else of the start."""
        choices = self.start if self._live is None else self._live.choices
        return self.matching(choices).reset_index(drop=True)

    def _grid(self) -> pd.DataFrame:
        """The rows of every combination of the grid's controls."""
        frames = []
        for combination in itertools.product(*(control.values for control in self._grid_controls)):
            chosen = dict(zip((control.name for control in self._grid_controls), combination))
            frames.append(self.compute(**chosen).assign(**chosen))
        frames = [frame for frame in frames if len(frame)] or frames[:1]
        rows = pd.concat(frames, ignore_index=True)
        if len(rows) > PAGE_ROWS:
            sizes = ", ".join(f"{control.name} ({len(control.values)})" for control in self._grid_controls)
            raise ValueError(
                f"{self.title!r}: {len(rows):,} rows are too many for a page (limit {PAGE_ROWS:,}). Give one of these "
                f"controls fewer options: {sizes}"
            )
        return rows

    def matching(self, choices: Mapping[str, Any]) -> pd.DataFrame:
        """The rows that a reader sees under `choices`."""
        # A page asks for hundreds of combinations: each control is looked at once for each choice.
        matching = np.ones(len(self.every), dtype=bool)
        for control in self.controls:
            if control.computes or control.kind == "filter":
                asked = control.name, choices[control.name]
                if asked not in self._known:
                    self._known[asked] = _matches(self.every, control, choices[control.name])
                matching &= self._known[asked]
        return self.every[matching]

    def finding(self, choices: Mapping[str, Any]) -> str:
        """The finding under `choices` in words."""
        matching = self.matching(choices)
        if matching.empty:
            return NOTHING
        return self.say(matching, **choices) if self.say else self.title

    # -- chart --------------------------------------------------------------------------------------------------

    def _expression(self) -> str:
        tests = [f"datum[{c.name!r}] === {c.name}" for c in self._grid_controls]
        for control in self.controls:
            if control.kind == "filter":
                cell = f"datum[{control.column!r}]"
                tests.append(
                    f"({control.name} === '' || (isArray({cell}) ? indexof({cell}, {control.name}) >= 0 "
                    f": {cell} === {control.name}))"
                )
        return " && ".join(tests) or "true"

    @cached_property
    def _start_chart(self) -> Any:
        """The chart at the start values: the page and the live widget begin with the same one."""
        base = alt.Chart(self.every)
        if self.controls:
            base = base.transform_filter(self._expression())
        chart = charts.publish(
            self.draw(base),
            title=self.title,
            subtitle=self.subtitle,
            description=f"{self.description} {self.finding(self.start)}".strip(),
            source_ids=self.source_ids,
            sources=self.sources,
        )
        # The title holds the finding, which grows and shrinks as controls move: without `resize` it is cut off.
        chart.autosize = alt.AutoSizeParams(type="pad", resize=True)
        # `add_params` hands them down to every panel and gathers them again, which takes as long as all the rest.
        given = [] if chart.params is alt.Undefined else chart.params
        chart.params = [*given, *(alt.param(name=c.name, value=c.start).param for c in self.controls)]
        return chart

    @cached_property
    def _start_spec(self) -> dict[str, Any]:
        return self._start_chart.to_dict(validate=False)  # `make notebooks` checks what is stored, for all readers

    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification with bound parameters: the explorer without a kernel."""
        # Rows and marks are shared with the live widget, which makes nothing of them its own.
        spec = {**self._start_spec, "params": [*map(dict, self._start_spec["params"])]}
        spec["title"], spec["usermeta"] = dict(spec["title"]), dict(spec["usermeta"])
        moving = {control.name: control for control in self.controls}
        for parameter in spec["params"]:
            control = moving.get(parameter["name"])
            if control is None:
                continue
            # A list of choices rather than a slider: in an unrun notebook JupyterLab keeps a slider's arrow keys.
            parameter["bind"] = {
                "input": "select",
                "name": f"{control.label}: ",
                "options": control.values,
                "labels": list(control.options),
            }
            # Vega-Lite hands `on` through to Vega: whichever way the box is ticked, the start value comes back.
            # Without `force` the chart would go back but the list would go on showing the old choice.
            parameter["on"] = [{"events": {"signal": RESET}, "update": json.dumps(control.start), "force": True}]
        spec["params"].append(
            {"name": RESET, "value": False, "bind": {"input": "checkbox", "name": "Back to the start values: "}}
        )
        sentences = self._sentences()
        if sentences:
            key = " + '|' + ".join(moving)
            spec["params"].append({"name": FINDING, "value": sentences})
            spec["title"]["text"] = {"expr": f"{FINDING}[{key}]"}
        spec["usermeta"]["explorer"] = {
            "title": self.title,
            "controls": [{"name": c.name, "label": c.label, "start": c.start} for c in self.controls],
        }
        return spec

    def _sentences(self) -> dict[str, list[str]]:
        """The finding for every combination of choices, wrapped; none where they are too many for a page."""
        options = [control.values for control in self.controls]
        if not options or math.prod(map(len, options)) > PAGE_SENTENCES:
            return {}
        return {
            "|".join(map(str, values)): charts.wrap(self.finding(dict(zip(self.start, values))))
            for values in itertools.product(*options)
        }

    # -- what a front end receives ------------------------------------------------------------------------------

    @property
    def live(self) -> Live:
        """The live widget, made when it is first asked for."""
        if self._live is None:
            self._live = Live(self)
        return self._live

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return display.with_widget(display.chart_bundle(self.spec()), self.live.box, **options)


class Live:
    """The ipywidgets of one explorer: its controls, the finding in words, the chart."""

    def __init__(self, explorer: Explorer) -> None:
        import ipywidgets

        self.explorer = explorer
        self.choices = dict(explorer.start)
        self._held = False  # while several controls move at once, the chart waits for the last
        self.widgets = {control.name: self._widget(control) for control in explorer.controls}
        self.reset = ipywidgets.Button(description="Back to the start values", layout=_layout(width="max-content"))
        self.reset.on_click(lambda _: self._reset())
        self.message = ipywidgets.HTML(layout=_layout())
        embed = {"renderer": "svg", "actions": False}
        self.chart = offline_chart()(_written(explorer), embed_options=embed, layout=_layout())
        flow = _layout(flex_flow="row wrap", grid_gap="4px 16px")
        controls = ipywidgets.Box([*self.widgets.values(), self.reset], layout=flow)
        self.link = linked(self.chart, [(self.widgets[each.name], each) for each in explorer.controls])
        self.box = ipywidgets.VBox([controls, self.message, self.chart, self.link], layout=_layout())
        self._say()

    def _widget(self, control: Control) -> Any:
        import ipywidgets

        kind = ipywidgets.SelectionSlider if control.kind == "number" else ipywidgets.Dropdown
        width = "460px" if control.kind == "number" else "max-content"  # beside a long label a slider shrinks to a dot
        widget = kind(
            options=list(control.options.items()),
            value=control.start,
            description=control.label,
            style={"description_width": "initial"},
            layout=_layout(width=width, min_width="300px", max_width="100%"),
        )
        widget.observe(lambda change: self._moved(control, change["new"]), names="value")
        return widget

    def _moved(self, control: Control, value: Any) -> None:
        self.choices[control.name] = value
        if not self._held:
            self._update([control])

    def _update(self, moved: list[Control]) -> None:
        if not self.link.ready:
            for control in moved:
                setattr(self.chart.params, control.name, self.choices[control.name])
        self._say()

    def _say(self) -> None:
        finding = self.explorer.finding(self.choices)
        self.message.value = (
            f'<p role="status" aria-live="polite" style="font-size:1.05em;line-height:1.4;max-width:46em">'
            f"{display.escape(finding)}</p>"
        )

    def _reset(self) -> None:
        self._held = True
        try:
            for control in self.explorer.controls:
                self.widgets[control.name].value = control.start
        finally:
            self._held = False
        self._update(self.explorer.controls)


@cache
def _layout(**style: str) -> Any:
    """The one layout of this style: each is a message to the browser, and nothing here changes one later."""
    import ipywidgets

    return ipywidgets.Layout(**style)


def _written(explorer: Explorer) -> Any:
    """The start chart, written out once for page and widget: to write a chart takes a tenth of a second."""
    chart, spec = explorer._start_chart, explorer._start_spec
    object.__setattr__(chart, "to_dict", lambda: spec)  # set past Altair, which would take it for a property
    return chart


LINK = """
export default {
  async initialize({ model }) {
    const chart = await model.widget_manager.get_model(model.get("chart"));
    const controls = await Promise.all(model.get("controls").map(
      async ({ id, ...control }) => ({ ...control, widget: await model.widget_manager.get_model(id) })));
    for (const { name, values, widget } of controls) {
      widget.on("change:index", () => {
        chart.set("_params", { ...chart.get("_params"), [name]: values[widget.get("index")] });
        chart.save_changes();
      });
    }
    model.set("ready", true);
    model.save_changes();
  },
  render({ el }) {
    const ask = () => {
      const output = el.closest(".jp-OutputArea-output");
      if (!output) return setTimeout(ask, 50);
      output.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
    };
    ask();
  },
};
"""


def linked(chart: Any, controls: Sequence[tuple[Any, Control]]) -> Any:
    """A widget without a face that moves the chart's parameters in the browser, and lets controls have their keys.

    The chart is repainted while the kernel is still told of the choice. Where this script does not run, `ready` stays
    False and the kernel moves the parameters.

    JupyterLab takes arrow keys in an output to move between cells, unless the element asks it not to (the attribute
    is Lumino's own: https://github.com/jupyterlab/lumino, CommandRegistry.processKeydownEvent).
    """
    listed = [{"id": widget.model_id, "name": each.name, "values": each.values} for widget, each in controls]
    return _link_class()(chart=chart.model_id, controls=listed, layout=_layout(display="none"))


@cache
def _link_class() -> Any:
    import anywidget
    import traitlets

    class Link(anywidget.AnyWidget):
        _esm = LINK
        chart = traitlets.Unicode().tag(sync=True)
        controls = traitlets.List().tag(sync=True)
        ready = traitlets.Bool(False).tag(sync=True)  # set by the browser

    return Link


CHART = """
// The scripts of a chart weigh a megabyte: they are sent once for all charts of a kernel, and read once.
const KEY = Symbol.for("transforming-rehabilitation SCRIPTS");
const scripts = async (model) => {
  const kept = await model.widget_manager.get_model(model.get("scripts"));
  const url = URL.createObjectURL(new Blob([kept.get("text")], { type: "text/javascript" }));
  try {
    return (await import(/* @vite-ignore */ url)).default;
  } finally {
    URL.revokeObjectURL(url);
  }
};
export default {
  async render({ model, el }) {
    globalThis[KEY] ??= scripts(model).catch((problem) => { globalThis[KEY] = undefined; throw problem; });
    return (await globalThis[KEY]).render({ model, el });
  },
};
"""


@cache
def offline_chart() -> Callable[..., alt.JupyterChart]:
    """Makes an `alt.JupyterChart` whose scripts are at hand, so that it draws without any network."""
    import anywidget
    import traitlets

    class Scripts(anywidget.AnyWidget):
        _esm = "export default {};"
        text = traitlets.Unicode().tag(sync=True)

    class OfflineChart(alt.JupyterChart):
        _esm = CHART.replace("SCRIPTS", _versions())
        scripts = traitlets.Unicode().tag(sync=True)

    kept = Scripts(text=scripts())
    return partial(OfflineChart, scripts=kept.model_id)


def scripts() -> str:
    """What `alt.JupyterChart` needs in a browser, in one piece.

    Bundling it takes more than a second, so the bundle is kept in the environment that it belongs to.
    """
    kept = Path(sys.prefix, "share", "transforming-rehabilitation", f"jupyter-chart-{_versions()}.js")
    if kept.exists():
        return kept.read_text(encoding="utf-8")
    alt.JupyterChart.enable_offline()
    bundle = str(alt.JupyterChart._esm)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=kept.parent, delete=False) as file:
            file.write(bundle)
        os.replace(file.name, kept)
    except OSError:
        pass  # an environment that cannot be written to bundles anew in each kernel
    return bundle


def _versions() -> str:
    return "-".join(version(package) for package in ("altair", "vl-convert-python"))
