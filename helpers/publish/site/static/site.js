// What the pages of the collection do: draw charts, move them with their controls, show their rows as tables.
// No framework and no module: the same file works over http and from a disk.
"use strict";

// An element with attributes, listeners (on...) and what is in it. find.js uses this and unpack as well.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Rows from the columns that figures.py packs them into.
function unpack(packed) {
  if (Array.isArray(packed)) return packed;
  const columns = Object.entries(packed.columns).map(([name, cells]) => [
    name,
    Array.isArray(cells) ? (row) => cells[row] : (row) => cells.v[cells.i[row]],
  ]);
  return Array.from({ length: packed.n }, (_, row) =>
    Object.fromEntries(columns.map(([name, cell]) => [name, cell(row)])),
  );
}

(() => {
  const NEAR = 600; // pixels below the window within which a chart is drawn at once
  const PHONE = 720;
  const SMALL = 300; // of a phone of 320 pixels this is left
  const WIDEST = 880;
  const charts = new Map(); // id -> what is known about a figure
  const root = (document.documentElement.dataset.content_root ?? "").replace(/^\.\//, ""); // the way to the folder of the site
  let writing; // the address that is about to be written

  // ---- reading what the page holds ------------------------------------------------------------------------

  const joined = (text) => (Array.isArray(text) ? text.join(" ") : String(text ?? ""));

  function wrapped(text, width) {
    const lines = [""];
    for (const word of joined(text).split(/\s+/)) {
      const line = lines[lines.length - 1];
      if (line && line.length + word.length + 1 > width) lines.push(word);
      else lines[lines.length - 1] = line ? `${line} ${word}` : word;
    }
    return lines;
  }

  // ---- one chart ------------------------------------------------------------------------------------------

  window.chartData = (id, data) => {
    const chart = charts.get(id);
    const spec = data.spec;
    for (const [name, rows] of Object.entries(spec.datasets ?? {})) spec.datasets[name] = unpack(rows);
    const params = spec.params ?? [];
    Object.assign(chart, { data, spec, finding: params.find((param) => param.name === "finding")?.value });
    chart.controls = params
      .filter((param) => param.bind?.input && param.name !== "reset")
      .map((param) => control(param, spec.usermeta?.explorer));
    chart.choices = startOf(chart);
    spec.params = params
      .filter((param) => param.name !== "reset")
      .map(({ bind, on, ...param }) => {
        const here = chart.controls.some((each) => each.name === param.name);
        return { ...param, ...(bind && !bind.input ? { bind } : {}), ...(on && !here ? { on } : {}) };
      });
    delete spec.$schema;
    chart.startFinding = joined(findingOf(chart));
    readAddress(chart);
    if (chart.controls.length) buildControls(chart);
    buildDownloads(chart);
    frameCode(chart);
    chart.figure.querySelector(".rows").addEventListener("toggle", () => buildTables(chart));
    draw(chart).then(() => chart.arrived());
  };

  function control(param, explorer) {
    const declared = explorer?.controls.find((each) => each.name === param.name);
    const { input, options, labels, min = 0, max = 100, step = 1 } = param.bind;
    let values = options;
    if (input === "range") values = Array.from({ length: Math.floor((max - min) / step) + 1 }, (_, i) => min + i * step);
    if (input === "checkbox") values = [false, true];
    return {
      name: param.name,
      label: declared?.label ?? String(param.bind.name ?? param.name).replace(/:\s*$/, ""),
      start: param.value ?? values[0],
      values,
      labels: labels ?? (input === "checkbox" ? ["No", "Yes"] : values.map(String)),
    };
  }

  const startOf = (chart) => Object.fromEntries(chart.controls.map((each) => [each.name, each.start]));
  const findingOf = (chart) => chart.finding?.[chart.controls.map((each) => String(chart.choices[each.name])).join("|")];

  function describe(chart) {
    const finding = joined(findingOf(chart));
    const told = chart.spec.description ?? "";
    return finding && chart.startFinding ? told.replace(chart.startFinding, () => finding) : told;
  }

  // A chart of one panel takes the width that there is. On a phone all give up what they are too wide, panel by panel.
  function fitted(chart, room, seen, cut) {
    const spec = structuredClone(chart.spec);
    delete spec.usermeta;
    spec.config = { ...spec.config, aria: false };
    const panels = spec.hconcat || spec.vconcat || spec.concat || spec.facet || spec.repeat ||
      ["row", "column", "facet"].some((channel) => spec.encoding?.[channel]);
    chart.fits = seen >= PHONE && !panels && typeof spec.width !== "object";
    if (chart.fits) spec.width = room;
    if (seen < PHONE) {
      const columns = Math.max(1, Math.floor(seen / 240));
      stacked(spec);
      narrowTexts(spec, seen);
      narrowLabels(spec, Math.max(seen < SMALL ? 90 : 120, 0.4 * seen));
      spec.config.legend = { ...spec.config.legend, columns, labelLimit: seen - 60, labelFontSize: 11 };
      // Beside the names of rows a small phone has no room for a legend: it ends with the marks.
      if (seen < SMALL && cut) spec.config.legend.layout = { top: { anchor: "end" }, bottom: { anchor: "end" } };
      spec.config.axis = { ...spec.config.axis, labelSeparation: 6 };
      for (const { encoding = {} } of parts(spec)) {
        if (typeof encoding.x?.title === "string") encoding.x.title = wrapped(encoding.x.title, Math.floor(seen / 11));
        for (const channel of Object.values(encoding)) {
          if (channel?.legend) channel.legend = { ...channel.legend, columns, gradientLength: 0.4 * seen };
        }
      }
      const wide = Math.max(chart.widest ?? 1, 1);
      const rows = Object.values(spec.datasets ?? {}).flat();
      for (const frame of frames(spec)) {
        const box = frame.spec ?? frame;
        const columns = panelsAcross(frame, rows);
        narrowRows(box, rows, seen);
        if (box.width?.step) shrink(box, Math.max(seen < SMALL ? 0.38 : 0.4, 1 - cut / wide));
        else box.width = Math.max(40, (Math.min((box.width ?? 300) * columns, seen - 40) - cut) / columns);
      }
    }
    return spec;
  }

  // What has a width of its own: a panel, whether it is one mark, a layer, or repeated for each facet.
  function frames(spec) {
    const inner = spec.hconcat ?? spec.vconcat ?? spec.concat;
    return inner ? inner.flatMap(frames) : [spec];
  }

  function panelsAcross(frame, rows) {
    const field = (frame.facet?.column ?? frame.encoding?.column)?.field;
    return field ? new Set(rows.filter((row) => field in row).map((row) => row[field])).size || 1 : 1;
  }

  // Narrower steps have smaller marks on them, which would overlap otherwise.
  function shrink(frame, ratio) {
    frame.width = { step: frame.width.step * ratio };
    if (ratio === 1) return;
    const named = parts(frame).some(({ encoding }) => encoding?.y?.axis?.labelExpr); // in lines that need their height
    if (frame.height?.step > 36 && !named) frame.height = { step: Math.max(28, frame.height.step * ratio) };
    for (const part of parts(frame)) {
      if (part.mark?.size) part.mark = { ...part.mark, size: part.mark.size * ratio * ratio };
    }
  }

  // Lines that were broken for a wide chart run on; the last line, which says who and when, stays one of its own.
  const ALL_BUT_LAST = "\\n(?=.*\\n)";

  const hasStyle = (part, style) => [part.mark?.style ?? []].flat().includes(style);

  // Lines of at most so many letters, as an expression of Vega.
  const inLines = (text, letters) => `split(trim(replace(${text}, regexp('(.{1,${letters}})(\\\\s+|$)', 'g'), '$1\\n')), '\\n')`;

  // What charts.py calls by a style has a narrow form: the words of a row go above its marks, in as many lines as it takes.
  function narrowRows(frame, rows, seen) {
    for (const part of parts(frame).filter((each) => each.layer?.some((inner) => hasStyle(inner, "wide")))) {
      part.layer = part.layer.filter((each) => !hasStyle(each, "wide"));
      for (const each of part.layer) if (each.mark?.type === "text") each.mark = { ...each.mark, dy: 0 };
    }
    const leaves = parts(frame).filter((part) => part.mark);
    const styled = (style) => leaves.filter((part) => hasStyle(part, style));
    const linesOf = (part, letters) => {
      const texts = rows.map((row) => row[part.encoding.text.field]).filter((text) => typeof text === "string");
      const counts = texts.map((text) =>
        (letters ? text.replace(/\n(?=.*\n)/g, " ") : text).split("\n").flatMap((line) => (letters ? wrapped(line, letters) : line)).length);
      return Math.max(1, ...counts);
    };
    const say = (part, letters, lineHeight) => {
      const text = `replace(datum['${part.encoding.text.field}'], regexp('${ALL_BUT_LAST}', 'g'), ' ')`;
      part.transform = [...(part.transform ?? []), { calculate: inLines(text, letters), as: "in_lines" }];
      part.mark = { ...part.mark, lineHeight };
      part.encoding = { ...part.encoding, text: { field: "in_lines" } };
    };
    for (const part of styled("side")) {
      if (frame.height?.step && linesOf(part, 22) > 1) frame.height = { step: Math.max(frame.height.step, 25) };
      say(part, 22, 11);
      part.mark = { ...part.mark, fontSize: 11 };
    }
    const move = (part, by) => { part.mark = { ...part.mark, yOffset: (part.mark.yOffset ?? 0) + by }; };
    const beside = styled("beside");
    if (beside.length && frame.height?.step) {
      const letters = Math.floor((seen - (seen < SMALL ? 24 : 14)) / 5.85);
      const more = 14 * (Math.max(...beside.map((part) => linesOf(part, letters))) - 1);
      frame.height = { step: frame.height.step + 22 + more };
      for (const part of leaves) {
        if (!beside.includes(part)) {
          move(part, 20 + more / 2);
          continue;
        }
        part.mark = { ...part.mark, align: "left", dx: 0, yOffset: -10 + more / 2 };
        part.encoding = { ...part.encoding, x: { value: 0 } };
        if (linesOf(part, letters) === 1) continue;
        say(part, letters, 14);
        part.mark.yOffset = { expr: `${part.mark.yOffset} - 14 * (length(datum.in_lines) - 1)` };
      }
    }
    const [label] = styled("row-label");
    if (!label || !frame.height?.step) return;
    const letters = Math.floor(seen / 6.7);
    const figures = styled("row-figure");
    const over = figures.length ? 1 : 0;
    const had = linesOf(label);
    const grow = 15 * (linesOf(label, letters) + over - had);
    const hangs = label.mark.baseline === "top";
    const top = label.mark.yOffset - (hangs ? 0 : 7.5) - grow / 2;
    frame.height = { step: frame.height.step + grow };
    for (const part of leaves) {
      const { yOffset = 0 } = part.mark;
      if (part === label && over) part.mark = { ...part.mark, baseline: "top", yOffset: top + 15 };
      else if (part === label && !hangs && yOffset) {
        // The last line stays above the mark, however many lines there are.
        const last = yOffset + 15 * (had - 1) + grow / 2;
        part.mark = { ...part.mark, yOffset: { expr: `${last} - 15 * (length(datum.in_lines) - 1)` } };
      } else if (part === label) move(part, hangs ? -grow / 2 : 0);
      else if (figures.includes(part)) {
        part.mark = { ...part.mark, align: "left", baseline: "top", yOffset: top };
        part.encoding = { ...part.encoding, x: { value: 2 } };
      } else if (hasStyle(part, "row-letter")) part.mark = { ...part.mark, baseline: "top", yOffset: top };
      else if (yOffset) move(part, Math.sign(yOffset) * grow / 2);
    }
    say(label, letters, 15);
  }

  // Panels side by side stand one under another.
  function stacked(spec) {
    for (const part of parts(spec)) {
      if (part.concat) part.columns = 1;
      if (part.facet && !part.facet.row && !part.facet.column) part.columns = 1;
      if (part.hconcat) {
        part.vconcat = part.hconcat;
        delete part.hconcat;
      }
    }
  }

  // Long names down the side break into lines, so that a narrow window has room for the marks.
  function narrowLabels(spec, limit) {
    const width = Math.floor(limit / 5.6);
    const lines = inLines("datum.label", width);
    for (const part of parts(spec)) {
      const y = part.encoding?.y;
      const x = part.encoding?.x;
      if (x?.axis?.labelAngle && x.axis.orient === "top") x.axis = { ...x.axis, labelAngle: -90 };
      if (!y?.field || !/nominal|ordinal/.test(y.type) || y.axis === null || y.axis?.labelExpr) continue;
      y.axis = { ...y.axis, labelLimit: limit + 12, labelFontSize: 11, labelLineHeight: 11, labelExpr: lines };
      delete y.axis.minExtent;
      const rows = Object.values(spec.datasets ?? {}).flat().filter((row) => y.field in row);
      const names = new Set(rows.map((row) => row[y.field]));
      const counts = names.size ? [...names].map((name) => wrapped(name, width).length) : [3];
      const step = 6 + 11 * Math.max(...counts);
      for (const frame of parts(spec).filter((each) => each.height && [...parts(each)].includes(part))) {
        if (frame.height.step) frame.height = { step: Math.max(frame.height.step, step) };
        else if (frame.height > 0) frame.height = Math.max(frame.height, step * (y.scale?.domain?.length ?? names.size));
      }
    }
  }

  // The specification and everything in it that is drawn.
  function parts(spec) {
    const inner = [...(spec.layer ?? []), ...(spec.hconcat ?? []), ...(spec.vconcat ?? []), ...(spec.concat ?? []), ...(spec.spec ? [spec.spec] : [])];
    return [spec, ...inner.flatMap(parts)];
  }

  function narrowTexts(spec, room) {
    const big = Math.floor(room / (room < SMALL ? 9.2 : 8.6));
    const small = Math.floor(room / 6.4);
    const title = typeof spec.title === "string" ? { text: spec.title } : spec.title;
    if (title) {
      spec.title = { ...title };
      if (title.text && !title.text.expr) spec.title.text = wrapped(title.text, big);
      const subtitle = joined(title.subtitle).split(/ (?=Source: )/);
      if (title.subtitle) spec.title.subtitle = subtitle.flatMap((line) => wrapped(line, small));
    }
    const finding = spec.params?.find((param) => param.name === "finding");
    if (finding) {
      finding.value = Object.fromEntries(Object.entries(finding.value).map(([key, text]) => [key, wrapped(text, big)]));
    }
  }

  async function draw(chart) {
    const { figure, place } = chart;
    const seen = Math.min(place.clientWidth - 26, WIDEST); // less the padding and the border
    chart.room = place.clientWidth;
    chart.widest = undefined;
    await embed(chart, seen, seen);
    // Words at the end of a mark are not counted when a chart is fitted: it gives way by what they stick out.
    let cut = 0;
    let last = Infinity;
    for (let tries = 0; tries < 6; tries += 1) {
      const over = reach(chart) - (seen < PHONE ? seen : chart.canvas.clientWidth);
      if (over <= 0 || (seen >= PHONE && !chart.fits)) break;
      // Where marks that give way gain nothing they are not crushed, and the chart scrolls.
      if (seen < SMALL && over >= last) break;
      last = over;
      cut += over + 2;
      chart.widest ??= widest(chart.view);
      await embed(chart, seen - cut, seen, cut);
    }
    chart.canvas.parentNode.style.minWidth = `${reach(chart)}px`;
    const wide = place.scrollWidth > place.clientWidth + 1;
    if (wide) {
      place.setAttribute("tabindex", "0");
      place.setAttribute("role", "region");
      place.setAttribute("aria-label", `${figure.getAttribute("aria-label")} (scrolls sideways)`);
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) place.removeAttribute(name);
    }
    tell(chart);
    figure.classList.add("drawn");
  }

  // How far to the right the chart goes, words outside its frame included: these do not make a region scroll.
  function reach(chart) {
    const svg = chart.canvas.querySelector("svg");
    const left = svg.getBoundingClientRect().left;
    const words = [...svg.querySelectorAll("text")].filter((text) => !text.closest("[clip-path]"));
    return Math.ceil(Math.max(svg.clientWidth, ...words.map((text) => text.getBoundingClientRect().right - left)));
  }

  // The width of the widest panel, which shares out what steps have to give up.
  const widest = (view) => Math.max(...Object.entries(view.getState({ signals: (name) => /width$/i.test(name), data: () => false }).signals).map(([, width]) => width || 0));

  async function embed(chart, room, seen, cut = 0) {
    const spec = fitted(chart, room, seen, cut);
    chart.view?.finalize();
    const canvas = element("div", { class: "canvas" });
    if (chart.fits) canvas.style.width = `${room}px`;
    chart.place.replaceChildren(element("div", { class: "reach" }, canvas));
    const { view } = await window.vegaEmbed(canvas, spec, {
      mode: "vega-lite",
      renderer: "svg",
      ast: true, // Vega's interpreter: nothing is evaluated as code, so the page's policy can refuse that
      actions: false,
      bind: element("div"),
      logLevel: 1, // errors; what Vega-Lite remarks on while it compiles is for the makers, not for readers
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true },
      patch: (vega) => {
        setSignals(vega.signals ?? [], chart);
        // Asked of Vega-Lite, this brings a warning where rows have a height of their own.
        if (chart.fits) vega.autosize = { type: "fit-x", contains: "padding", resize: true };
        return vega;
      },
    });
    Object.assign(chart, { view, canvas });
    return view;
  }

  function setSignals(signals, chart) {
    for (const { name } of chart.controls) {
      const signal = signals.find((each) => each.name === name);
      if (signal) signal.value = chart.choices[name];
    }
  }

  function tell(chart) {
    const svg = chart.canvas.querySelector("svg");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", describe(chart));
    // The picture is one image with one description; its parts have no names of their own.
    for (const part of svg.querySelectorAll("[role]")) part.removeAttribute("role");
    for (const part of chart.canvas.querySelectorAll("[aria-roledescription]")) part.removeAttribute("aria-roledescription");
  }

  // ---- controls -------------------------------------------------------------------------------------------

  function buildControls(chart) {
    const box = chart.figure.querySelector(".choices");
    const name = chart.figure.getAttribute("aria-label");
    chart.inputs = chart.controls.map((each) => input(chart, each));
    const reset = element("button", { type: "button", class: "reset", onclick: () => choose(chart, startOf(chart)) }, "Back to the start values");
    chart.link = element("a", { class: "share", href: `#${chart.id}` }, "Link to these choices");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `Controls of the chart: ${name}`);
    box.append(...chart.inputs.map((each) => each.node), reset, chart.link);
    showChoices(chart);
  }

  function input(chart, { name, label, values, labels }) {
    const id = `${chart.id}--${name}`;
    const changed = (place) => choose(chart, { ...chart.choices, [name]: values[place] });
    const numeric = values.every((value) => typeof value === "number");
    if (numeric && values.length > 8) {
      const range = element("input", { type: "range", id, min: 0, max: values.length - 1, step: 1, oninput: () => changed(Number(range.value)) });
      const output = element("output", { for: id });
      const show = (place) => {
        range.value = place;
        range.setAttribute("aria-valuetext", labels[place]);
        output.textContent = labels[place];
      };
      return { name, show, node: element("div", { class: "choice" }, element("label", { for: id }, label), range, output) };
    }
    if (values.length <= 3) {
      const radios = values.map((_, place) => element("input", { type: "radio", name: id, id: `${id}-${place}`, onchange: () => changed(place) }));
      const lines = radios.map((radio, place) => element("label", { for: radio.id }, radio, ` ${labels[place]}`));
      return { name, show: (place) => { radios[place].checked = true; }, node: element("fieldset", { class: "choice" }, element("legend", {}, label), ...lines) };
    }
    const select = element("select", { id, onchange: () => changed(select.selectedIndex) }, ...labels.map((text) => element("option", {}, text)));
    return { name, show: (place) => { select.selectedIndex = place; }, node: element("div", { class: "choice" }, element("label", { for: id }, label), select) };
  }

  function showChoices(chart) {
    for (const { name, show } of chart.inputs) {
      show(chart.controls.find((each) => each.name === name).values.indexOf(chart.choices[name]));
    }
    chart.link.setAttribute("href", addressOf(chart));
    frameCode(chart);
  }

  async function choose(chart, choices) {
    chart.choices = choices;
    showChoices(chart);
    for (const { name } of chart.controls) chart.view.signal(name, choices[name]);
    await chart.view.runAsync();
    tell(chart);
    say(chart, joined(findingOf(chart)) || `${matching(chart).length} rows are shown.`);
    writeAddress(chart);
    buildTables(chart);
  }

  function say(chart, text) {
    chart.figure.querySelector(".status").textContent = text;
  }

  // ---- choices in the address -----------------------------------------------------------------------------

  function addressOf(chart) {
    const moved = chart.controls.filter((each) => chart.choices[each.name] !== each.start);
    const query = new URLSearchParams(moved.map((each) => [each.name, String(chart.choices[each.name])])).toString();
    return `#${chart.id}${query ? `?${query}` : ""}`;
  }

  // Once the reader pauses: a browser takes as long to change the address as to draw the chart anew.
  function writeAddress(chart) {
    clearTimeout(writing);
    writing = setTimeout(() => {
      try {
        history.replaceState(null, "", addressOf(chart));
      } catch {
        chart.figure.classList.add("no-address"); // the link beside the controls still holds the choices
      }
    }, 250);
  }

  // Choices that the chart does not have are left out, and the reader is told so.
  function readAddress(chart) {
    const [id, query] = decodeHash();
    if (id !== chart.id || query === undefined) return false;
    const wrong = [];
    const choices = startOf(chart);
    for (const [name, text] of new URLSearchParams(query)) {
      const known = chart.controls.find((each) => each.name === name);
      const place = known ? known.values.map(String).indexOf(text) : -1;
      if (place < 0) wrong.push(`${known?.label ?? name}: ${text}`);
      else choices[name] = known.values[place];
    }
    chart.choices = choices;
    if (wrong.length) say(chart, `This chart has no such choice, so it was left out: ${wrong.join("; ")}.`);
    chart.figure.querySelector(".status").classList.toggle("seen", wrong.length > 0);
    return true;
  }

  function decodeHash() {
    const hash = location.hash.slice(1);
    const at = hash.indexOf("?");
    return at < 0 ? [hash] : [hash.slice(0, at), hash.slice(at + 1)];
  }

  function followAddress() {
    clearTimeout(writing);
    const [id, query] = decodeHash();
    const chart = charts.get(id);
    if (!chart) return;
    chart.figure.scrollIntoView();
    load(chart).then(() => {
      chart.figure.scrollIntoView();
      if (query !== undefined && addressOf(chart) !== location.hash && readAddress(chart)) {
        const said = chart.figure.querySelector(".status").textContent;
        const wrong = chart.figure.querySelector(".status").classList.contains("seen");
        choose(chart, chart.choices).then(() => wrong && say(chart, said));
      }
    });
  }

  // ---- tables and downloads -------------------------------------------------------------------------------

  const largest = (chart) => Object.values(chart.spec.datasets ?? {}).reduce((one, other) => (other.length > one.length ? other : one), []);

  // The rows that the chart shows under the present choices.
  function matching(chart, rows = largest(chart)) {
    const tests = Object.entries(chart.data.controls).flatMap(([name, columns]) => columns.map((column) => [name, column]));
    return rows.filter((row) => tests.every(([name, column]) => {
      const wanted = chart.choices[name];
      const cell = row[column];
      return !(column in row) || wanted === "" || cell === wanted || (Array.isArray(cell) && cell.includes(wanted));
    }));
  }

  // On paper everything folded is open: nobody can click there.
  const opened = new Set();
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("article details:not([open]):not(.hide)")) {
      fold.open = true;
      opened.add(fold);
    }
    charts.forEach((chart) => chart.figure.querySelector(".rows")?.open && buildTables(chart));
  });
  addEventListener("afterprint", () => {
    opened.forEach((fold) => (fold.open = false));
    opened.clear();
  });

  function buildTables(chart) {
    const box = chart.figure.querySelector(".rows");
    if (!box.open || !chart.data || !chart.spec) return;
    box.querySelectorAll(".scroll").forEach((old) => old.remove());
    for (const [name, columns] of Object.entries(chart.data.columns)) {
      const all = chart.spec.datasets?.[name];
      if (!all) continue;
      const rows = matching(chart, all);
      const caption = `${chart.figure.getAttribute("aria-label")}: ${rows.length} of ${all.length} rows. A dash: unknown, or does not apply.`;
      const head = element("tr", {}, ...columns.map(([, heading]) => element("th", { scope: "col" }, heading)));
      const body = rows.map((row) => element("tr", {}, ...columns.map(([field], place) => tableCell(chart, field, row[field], place))));
      const table = element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...body));
      box.append(element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Table of the data" }, table));
    }
  }

  function tableCell(chart, field, value, place) {
    const cell = place ? element("td") : element("th", { scope: "row" });
    const { sources, providers } = chart.data;
    if (value === null || value === undefined || value === "") cell.append("–");
    else if (/^source_ids?$/.test(field)) {
      String(value).split(/[\s,]+/).forEach((id) => {
        const [href, title] = sources[id] ?? [];
        cell.append(href ? element("a", { href: root + href }, title) : id, " ");
      });
    } else if (Object.hasOwn(providers, value)) cell.append(element("a", { href: root + providers[value] }, value));
    else if (typeof value === "number") cell.append(value.toLocaleString("en-GB", { maximumFractionDigits: 6 }));
    else cell.append(joined(value).replace(/T00:00:00(\.000)?$/, ""));
    return cell;
  }

  function buildDownloads(chart) {
    const save = (name, href) => element("a", { href, download: name }).click();
    const svg = async () => {
      const url = URL.createObjectURL(new Blob([await chart.view.toSVG()], { type: "image/svg+xml" }));
      save(`${chart.id}.svg`, url);
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    };
    const png = async () => save(`${chart.id}.png`, await chart.view.toImageURL("png", 2));
    chart.figure.querySelector(".downloads")?.append(
      " · ", element("button", { type: "button", onclick: svg }, "picture as drawn (SVG)"),
      " · ", element("button", { type: "button", onclick: png }, "picture as drawn (PNG)"),
    );
  }

  // The code that shows the chart in another page holds the choices made here, and where this site stands.
  function frameCode(chart) {
    const code = chart.figure.querySelector("[aria-label='Code of the frame']");
    if (!code) return;
    const hash = addressOf(chart);
    if (location.protocol !== "file:") chart.figure.querySelector(".from-disk")?.remove();
    code.textContent = code.textContent.replace(/(src=")([^"#]*)[^"]*/, (_, before, src) =>
      before + (location.protocol === "file:" ? src : new URL(src, document.baseURI).href) + (hash.includes("?") ? hash.replaceAll("&", "&amp;") : ""));
  }

  // In a frame a link opens beside the article, not within the frame.
  function openBeside() {
    addEventListener("click", ({ target }) => target.closest?.("a[href]:not([download])")?.setAttribute("target", "_blank"), true);
  }

  // ---- the page -------------------------------------------------------------------------------------------

  function load(chart) {
    if (!chart.loaded) {
      chart.loaded = new Promise((arrived) => { chart.arrived = arrived; });
      document.head.append(element("script", { src: `${root}charts/${chart.id}.js` }));
    }
    return chart.loaded;
  }

  // The theme opens its menus with labels alone, which a keyboard cannot reach: buttons take their place.
  function openMenusByKeyboard() {
    for (const [selector, name] of [[".nav-overlay-icon", "Menu of pages"], [".toc-overlay-icon", "Contents of this page"]]) {
      for (const label of document.querySelectorAll(selector)) {
        const box = document.getElementById(label.htmlFor);
        const button = element("button", { type: "button", class: label.className, "aria-label": name, "aria-expanded": "false", onclick: () => box.click() });
        box.addEventListener("change", () => button.setAttribute("aria-expanded", String(box.checked)));
        button.append(...label.childNodes);
        label.replaceWith(button);
      }
    }
  }

  // All rows of a table stand on its page; a field leaves those that hold every word typed.
  function filterRows() {
    for (const region of document.querySelectorAll(".all-rows")) {
      const rows = [...region.querySelectorAll("tbody tr")];
      let texts;
      const said = element("output", { for: "filter" }, `${rows.length} rows`);
      const keep = ({ target }) => {
        texts ??= rows.map((row) => [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase());
        const words = target.value.toLowerCase().split(/\s+/).filter(Boolean);
        const kept = rows.filter((row, place) => !(row.hidden = !words.every((word) => texts[place].includes(word))));
        said.textContent = `${kept.length} of ${rows.length} rows`;
      };
      const field = element("input", { id: "filter", type: "search", autocomplete: "off", oninput: keep });
      region.before(element("div", { class: "filter" }, element("label", { for: "filter" }, "Rows with the words"), field, said));
    }
  }

  // What a term means stands beside it while it is pointed at or has the focus, until Escape. A finger asks with its
  // first touch and follows the link with the second.
  function explainTerms() {
    const tip = document.body.appendChild(element("div", { class: "tip", role: "tooltip", hidden: "" }));
    let term, waiting, asks;
    const hide = () => { clearTimeout(waiting); tip.hidden = true; term = undefined; };
    const stay = () => clearTimeout(waiting);
    const leave = () => { stay(); waiting = setTimeout(hide, 300); }; // time to move onto the tip
    const show = (link, touched) => {
      stay();
      term = link;
      tip.textContent = document.getElementById(link.getAttribute("aria-describedby")).textContent;
      if (touched) tip.append(" Touch the term again for the glossary.");
      tip.hidden = false;
      const { left, top, bottom } = link.getClientRects()[0];
      const under = bottom + tip.offsetHeight < innerHeight;
      tip.style.left = `${scrollX + Math.max(8, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
      tip.style.top = `${scrollY + (under ? bottom + 2 : top - tip.offsetHeight - 2)}px`;
    };
    for (const link of document.querySelectorAll("a.term[aria-describedby]")) {
      link.addEventListener("pointerenter", ({ pointerType }) => pointerType !== "touch" && show(link));
      link.addEventListener("pointerleave", leave);
      link.addEventListener("focus", () => show(link));
      link.addEventListener("blur", leave);
      link.addEventListener("pointerdown", ({ pointerType }) => { asks = pointerType === "touch" && term !== link; });
      link.addEventListener("click", (event) => {
        if (!asks) return;
        asks = false;
        event.preventDefault();
        show(link, true);
      });
    }
    tip.addEventListener("pointerenter", stay);
    tip.addEventListener("pointerleave", leave);
    addEventListener("keydown", ({ key }) => key === "Escape" && hide());
    addEventListener("pointerdown", ({ target }) => target !== term && target !== tip && hide());
  }

  function start() {
    openMenusByKeyboard();
    filterRows();
    explainTerms();
    if (window.top !== window) openBeside();
    for (const figure of document.querySelectorAll("figure.chart")) {
      const place = figure.querySelector(".drawing");
      place.style.minHeight = `${figure.dataset.height}px`;
      charts.set(figure.id, { id: figure.id, figure, place });
    }
    const seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) load(charts.get(target.id));
    }, { rootMargin: `${NEAR}px` });
    charts.forEach(({ figure }) => seen.observe(figure));
    followAddress();
    addEventListener("hashchange", followAddress);
    // The rest follows when the page has nothing else to do, so that it is there for printing.
    addEventListener("load", () => setTimeout(async () => { for (const chart of charts.values()) await load(chart); }, 300));
    let waiting;
    addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        for (const chart of charts.values()) if (chart.view && chart.room !== chart.place.clientWidth) draw(chart);
      }, 200);
    });
  }

  start();
})();
