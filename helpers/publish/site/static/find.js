// The search on the page of notebook 11, by the rules of helpers/find.py. Its rows come as a script of their own, since
// a page opened from disk may fetch nothing else, and only when the reader turns to the field. Loaded after site.js.
"use strict";
(() => {
  const SHOWN = 50;
  const FORGIVING = 5; // letters from which one of a word may be wrong
  const TOKEN = /[0-9]+(?:\.[0-9]+)+|[\p{L}\p{N}]+/gu;
  const YEAR = /^(?:19|20)[0-9]{2}$/;
  // As in helpers/find.py: label, what it is called where nothing is chosen, what a row has to choose from.
  const FILTERS = {
    theme: ["Theme", "All themes", (row) => [row.theme]],
    body: ["Body", "All bodies", (row) => (row.kind && row.whom ? row.whom.split("; ") : [])], // who made a claim is none
    kind: ["Kind of body", "All kinds", (row) => (row.kind ? row.kind.split("; ") : [])],
    publisher: ["Publisher", "All publishers", (row) => [row.publisher]],
    hedge: ["How exact", "Exact or not", (row) => [row.hedge]],
    basis: ["Basis", "Stated or not", (row) => [row.basis]],
  };
  const PERIOD = { since: ["From year", "Any year"], until: ["To year", "Any year"] };
  const BOTH = "With the bodies before and after it";
  const TAKEN = ["what", "whom", "when", "first_year", "last_year", "how_much", "hedge", "basis", "theme", "note", "chart", "source", "publisher", "address", "licence_of_source", "licence"];
  const place = document.querySelector("article .find");
  if (!place) return;
  let index; // what came: rows, their words, how often each word is there
  let loading;
  let found = []; // all rows that the last search brought

  const wordsOf = (text) =>
    text.toLowerCase().normalize("NFKD").replace(/\p{Mn}|['’]/gu, "").replace(/([0-9]),(?=[0-9]{3})/g, "$1").match(TOKEN) ?? [];

  window.findIndex = (came) => {
    const rows = unpack(came);
    const counts = new Map();
    const field = (row, names) => {
      const words = wordsOf(names.map((name) => row[name]).join(" "));
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
      return ` ${words.join(" ")} `;
    };
    for (const row of rows) {
      [row.href, row.source, row.publisher, row.address, row.licence_of_source] = came.sources[row.source_id];
      row.main = field(row, ["what", "whom"]);
      row.rest = field(row, ["when", "how_much", "theme", "publisher", "note", "names"]);
      row.has = Object.fromEntries(Object.entries(FILTERS).map(([name, [, , has]]) => [name, has(row)]));
    }
    const used = ([one, often], [other, less]) => less - often || (one < other ? -1 : 1);
    index = { ...came, rows, counts, small: new Set(came.small), vocabulary: [...counts].sort(used).map(([word]) => word) };
    const years = rows.filter((row) => row.first_year).flatMap((row) => [Number(row.first_year), Number(row.last_year)]);
    const first = years.reduce((one, other) => Math.min(one, other));
    const all = Array.from({ length: years.reduce((one, other) => Math.max(one, other)) - first + 1 }, (_, at) => String(first + at));
    for (const name of Object.keys(PERIOD)) inputs[name].append(...all.map((year) => element("option", { value: year }, year)));
    for (const name of Object.keys(FILTERS)) inputs[name].append(...came.options[name].map((each) => element("option", { value: each }, each)));
    find();
  };

  // ---- searching ------------------------------------------------------------------------------------------

  // The answer for a word, worked out once.
  const once = (ask) => {
    const known = new Map();
    return (word) => {
      if (!known.has(word)) known.set(word, ask(word));
      return known.get(word);
    };
  };

  // For each row: 4 in what or whom, 3 beginning a word there, 2 and 1 elsewhere, 0 nowhere. A word with a space behind
  // it is looked for as a whole word only.
  const scores = once((word) => {
    const begins = word.length > 1 && !/^[0-9]/.test(word);
    const score = ({ main, rest, first_year, last_year }) => {
      if (main.includes(` ${word} `)) return 4;
      if (begins && main.includes(` ${word}`)) return 3;
      if (rest.includes(` ${word} `)) return 2;
      return (begins && rest.includes(` ${word}`)) || (YEAR.test(word) && first_year && first_year <= word && word <= last_year) ? 1 : 0;
    };
    return index.rows.map(score);
  });

  function distance(one, other) {
    let earlier;
    let before;
    let row = Array.from({ length: other.length + 1 }, (_, at) => at);
    for (let i = 1; i <= one.length; i += 1) {
      [earlier, before, row] = [before, row, [i]];
      for (let j = 1; j <= other.length; j += 1) {
        row[j] = Math.min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (one[i - 1] !== other[j - 1]));
        if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) row[j] = Math.min(row[j], earlier[j - 2] + 1);
      }
    }
    return row[other.length];
  }

  function singular(word) {
    if (word.length < 4 || /^[0-9]/.test(word) || !word.endsWith("s") || /(ss|us|is)$/.test(word)) return "";
    return word.endsWith("ies") ? `${word.slice(0, -3)}y` : word.slice(0, -1);
  }

  const read = once((word) => {
    const known = scores(word).some(Boolean) ? [word] : [];
    if (index.counts.has(singular(word))) known.push(`${singular(word)} `);
    if (known.length || word.length < FORGIVING || /[0-9]/.test(word)) return known;
    return index.vocabulary.filter((each) => Math.abs(each.length - word.length) < 2 && distance(word, each) === 1);
  });

  const nearest = once((word) => {
    let limit = (word.length > 1 ? Math.max(1, Math.floor(word.length / 3)) : 0) + 1;
    let near = "";
    for (const each of index.vocabulary) {
      if (Math.abs(each.length - word.length) >= limit || /^[0-9]/.test(each)) continue;
      const away = distance(word, each);
      if (away < limit) [limit, near] = [away, each];
    }
    return near;
  });

  // What is asked: the words, how each is read and scored, which choices each row passes.
  function question() {
    const typed = [...new Set(wordsOf(text.value))];
    const large = typed.filter((word) => !index.small.has(word));
    const words = large.length ? large : typed;
    const readings = words.map(read);
    const held = readings.map((near) => near.map(scores).reduce((one, other) => one.map((score, at) => Math.max(score, other[at])), index.rows.map(() => 0)));
    const choices = Object.entries(inputs).filter(([, input]) => input.value).map(([name, input]) => [name, input.value]);
    const related = both.checked && !both.parentNode.hidden ? `; ${index.related[inputs.body.value]}` : "";
    const passed = choices.map(([name, value]) => {
      const said = name === "body" ? value + related : value;
      const wanted = new Set(name === "body" ? said.split("; ") : [value]);
      const test = {
        since: (row) => row.first_year && row.last_year >= value,
        until: (row) => row.first_year && row.first_year <= value,
      }[name] ?? ((row) => row.has[name].some((each) => wanted.has(each)));
      return { name, label: `${{ ...FILTERS, ...PERIOD }[name][0]}: ${said}`, test };
    });
    return { words, readings, held, passed };
  }

  const passes = (row, passed, but) => passed.every((choice) => choice.name === but || choice.test(row));

  const best = (rows) => rows.sort(([, one], [, other]) => other - one).map(([row]) => row);
  const total = (held, at) => held.reduce((sum, one) => sum + one[at], 0);

  // The rows that hold all words and pass the choices, the best first.
  function rowsWith({ held, passed }, but) {
    const kept = [];
    index.rows.forEach((row, at) => {
      if (held.every((one) => one[at]) && passes(row, passed, but)) kept.push([row, total(held, at)]);
    });
    return best(kept);
  }

  // What the words that each row holds weigh together, where it is more than half of what any row's do; else 0. None
  // where a row holds all words, or there are fewer than three.
  function telling({ held }) {
    const every = index.rows;
    if (held.length < 3 || every.some((_, at) => held.every((one) => one[at]))) return every.map(() => 0);
    const weights = held.map((one) => Math.floor(every.length / Math.max(1, one.filter(Boolean).length)).toString(2).length);
    const values = every.map((_, at) => {
      const has = weights.filter((_weight, word) => held[word][at]);
      return has.length > 1 ? has.reduce((sum, weight) => sum + weight, 0) : 0;
    });
    const most = values.reduce((one, other) => Math.max(one, other), 0);
    return values.map((value) => (2 * value > most ? value : 0));
  }

  // Where no row holds all words: those that hold some, the most telling first.
  function nearly({ held, passed, values }, but) {
    const kept = [];
    index.rows.forEach((row, at) => {
      if (values[at] && passes(row, passed, but)) kept.push([row, values[at] * 1000 + total(held, at)]);
    });
    return best(kept);
  }

  const number = (count) => count.toLocaleString("en-GB");
  const counted = (count) => `${number(count)} row${count === 1 ? "" : "s"}`;

  function sentence(asked, exact) {
    const { words, readings, held, passed } = asked;
    const told = words.flatMap((word, at) => {
      const near = readings[at];
      return near.length && near[0] !== word ? [`'${word}' was read as ${near.map((each) => `'${each.trim()}'`).join(" or ")}.`] : [];
    });
    for (const word of words.filter((_, at) => !readings[at].length)) {
      const near = nearest(word);
      told.push(`No row has '${word}'${near ? `; the nearest word is '${near}'.` : " or a word near it."}`);
    }
    if (passed.some(({ name }) => name in PERIOD)) {
      const undated = rowsWith({ held, passed: passed.filter(({ name }) => !(name in PERIOD)) }).filter((row) => !row.first_year).length;
      if (undated) told.push(`${counted(undated)} without a date left out.`);
    }
    if (exact.length) return [counted(exact.length) + (exact.length > SHOWN ? `; the first ${SHOWN} are shown.` : "."), ...told].join(" ");
    if (!words.length) told.unshift("No row is left under these choices.");
    else if (readings.every((near) => near.length)) told.unshift(passed.length ? "No row has all of this under these choices." : "No row has all of these words.");
    const left = [];
    if (words.length > 1 || passed.length) {
      words.forEach((word, at) => left.push([`'${word}'`, rowsWith({ held: held.filter((_, other) => other !== at), passed })]));
    }
    for (const { name, label } of passed) left.push([label, [...rowsWith(asked, name), ...nearly(asked, name)]]);
    const lifted = left.filter(([, rows]) => rows.length).map(([what, rows]) => `${counted(rows.length)} without ${what}`);
    if (lifted.length) told.push(`There would be: ${lifted.join("; ")}.`);
    const near = nearly(asked).length;
    if (near) told.push(`Shown: ${counted(near)} with some of the words, the most telling first.`);
    return told.join(" ");
  }

  // Only options that leave something are offered, each with how many rows; all where none does.
  function offer(asked) {
    const fits = index.rows.map((_, at) => asked.values[at] || asked.held.every((one) => one[at]));
    for (const [name, [, every]] of Object.entries(FILTERS)) {
      const counts = new Map();
      index.rows.forEach((row, at) => {
        if (fits[at] && passes(row, asked.passed, name)) for (const each of row.has[name]) counts.set(each, (counts.get(each) ?? 0) + 1);
      });
      const select = inputs[name];
      for (const option of select.options) {
        const count = counts.get(option.value) ?? 0;
        option.hidden = option.disabled = option.value !== "" && option.value !== select.value && counts.size > 0 && !count;
        option.textContent = option.value === "" ? every : counts.size && (count || option.value === select.value) ? `${option.value} (${number(count)})` : option.value;
      }
    }
  }

  // ---- taking away ----------------------------------------------------------------------------------------

  // As neutral in figures.py: text that a spreadsheet would take for a formula gets an apostrophe in front.
  const neutral = (value) => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);

  const taken = () => [TAKEN, ...found.map((row) => TAKEN.map((name) => neutral(
    { licence: index.about.licence, chart: index.charts[row.chart.split("?")[0]] }[name] ?? row[name] ?? "",
  )))];

  function csv() {
    const cell = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
    return new Blob(["\ufeff", taken().map((row) => `${row.map(cell).join(",")}\n`).join("")], { type: "text/csv;charset=utf-8" });
  }

  // A workbook is a zip of XML files; here its files are stored as they are.
  function xlsx() {
    const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
    const type = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    const markup = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
    const sheet = (rows) => `<worksheet xmlns="${MAIN}"><sheetData>${rows.map((row) => `<row>${row.map((value) =>
      `<c t="inlineStr"><is><t xml:space="preserve">${value.replace(/[&<>"]/g, (each) => markup[each])}</t></is></c>`).join("")}</row>`).join("")}</sheetData></worksheet>`;
    const { licence, ...said } = index.about;
    const about = Object.entries({ "Searched for": searched(), Rows: String(found.length), Licence: licence, ...said });
    const sheets = ["found", "about"];
    const files = {
      "[Content_Types].xml": `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/>${sheets.map((name) => `<Override PartName="/xl/${name}.xml" ContentType="${type}.worksheet+xml"/>`).join("")}</Types>`,
      "_rels/.rels": `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" Type="${LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
      "xl/workbook.xml": `<workbook xmlns="${MAIN}" xmlns:r="${LINKS}"><sheets>${sheets.map((name, at) => `<sheet name="${name}" sheetId="${at + 1}" r:id="r${at}"/>`).join("")}</sheets></workbook>`,
      "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${PACKAGE}/relationships">${sheets.map((name, at) => `<Relationship Id="r${at}" Type="${LINKS}/worksheet" Target="${name}.xml"/>`).join("")}</Relationships>`,
      "xl/found.xml": sheet(taken()),
      "xl/about.xml": sheet(about.map((row) => row.map(neutral))),
    };
    return new Blob(zip(files), { type: `${type}.sheet` });
  }

  function zip(files) {
    const crc = (bytes) => {
      let sum = -1;
      for (const byte of bytes) {
        sum ^= byte;
        for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
      }
      return ~sum >>> 0;
    };
    const small = (...values) => new Uint8Array(Uint16Array.from(values).buffer); // browsers run on little-endian machines
    const large = (...values) => new Uint8Array(Uint32Array.from(values).buffer);
    const [body, list] = [[], []];
    const length = (parts) => parts.reduce((sum, part) => sum + part.length, 0);
    for (const [path, content] of Object.entries(files)) {
      const [name, bytes] = [path, `<?xml version="1.0" encoding="UTF-8"?>${content}`].map((part) => new TextEncoder().encode(part));
      // Version 2.0, names in UTF-8, stored, at midnight on 1 January 1980.
      const what = [small(20, 0x800, 0, 0, 0x21), large(crc(bytes), bytes.length, bytes.length), small(name.length, 0)];
      list.push(large(0x02014b50), small(20), ...what, small(0, 0, 0), large(0, length(body)), name);
      body.push(large(0x04034b50), ...what, name, bytes);
    }
    const count = Object.keys(files).length;
    return [...body, ...list, large(0x06054b50), small(0, 0, count, count), large(length(list), length(body)), small(0)];
  }

  function save(name, made) {
    const href = URL.createObjectURL(made());
    element("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10000);
    status.textContent = `${counted(found.length)} saved as ${name}.`;
  }

  // ---- the page -------------------------------------------------------------------------------------------

  function hit(row) {
    const whose = row.whom && !row.what.includes(row.whom) ? `${row.whom}: ` : "";
    const drawn = row.chart && element("a", { href: row.chart }, index.charts[row.chart.split("?")[0]]);
    return element("li", {},
      element("p", {}, element("strong", {}, whose + row.what)),
      element("p", {}, `${row.how_much} · ${row.when}`),
      ...(row.note ? [element("p", { class: "from" }, row.note)] : []),
      element("p", { class: "from" }, "Source: ", element("a", { href: row.href }, row.source), `, ${row.publisher}`),
      ...(drawn ? [element("p", { class: "from" }, "Chart: ", drawn)] : []),
    );
  }

  const searched = () => [text.value, ...question().passed.map(({ label }) => label)].filter(Boolean).join("; ");

  function find() {
    if (!index) return;
    const related = index.related[inputs.body.value];
    both.parentNode.hidden = !related;
    both.nextSibling.textContent = ` ${BOTH}: ${related}`;
    const asked = question();
    const any = asked.words.length || asked.passed.length;
    asked.values = telling(asked);
    const exact = any ? rowsWith(asked) : [];
    status.textContent = any ? sentence(asked, exact) : `${number(index.rows.length)} rows can be searched.`;
    found = any && !exact.length ? nearly(asked) : exact;
    hits.replaceChildren(...found.slice(0, SHOWN).map(hit));
    offer(asked);
    narrowed.textContent = asked.passed.length ? `Narrow down (${asked.passed.length} chosen)` : "Narrow down";
    saving.hidden = !found.length;
  }

  function load() {
    loading ??= document.head.appendChild(element("script", { src: "find-index.js" }));
  }

  const labelled = (id, label, input) => element("div", { class: "choice" }, element("label", { for: id }, label), input);
  const text = element("input", { type: "search", id: "find-text", autocomplete: "off", spellcheck: "false", placeholder: "such as: essex unpaid work" });
  const inputs = Object.fromEntries(Object.entries({ ...FILTERS, ...PERIOD }).map(([name, [, every]]) =>
    [name, element("select", { id: `find-${name}` }, element("option", { value: "" }, every))]));
  const both = element("input", { type: "checkbox", id: "find-both" });
  const narrowed = element("summary", {}, "Narrow down");
  const status = element("p", { role: "status", class: "found" });
  const hits = element("ol", { class: "hits", "aria-label": "What was found" });
  const button = (label, name, made) => element("button", { type: "button", onclick: () => save(name, made) }, label);
  const saving = element("p", { class: "downloads" }, "Take all of these away: ", button("CSV", "found.csv", csv), " · ", button("workbook (xlsx)", "found.xlsx", xlsx));
  saving.hidden = true;
  const labels = Object.entries({ ...FILTERS, ...PERIOD }).map(([name, [label]]) => labelled(`find-${name}`, label, inputs[name]));
  labels.splice(2, 0, element("label", { class: "choice both", for: "find-both" }, both, ` ${BOTH}`));
  const form = element("form", { class: "choices", role: "search", "aria-label": "Search every figure" },
    labelled("find-text", "Search", text), element("button", { type: "reset" }, "Clear"),
    element("details", { class: "narrow" }, narrowed, element("div", { class: "choices" }, ...labels)));
  both.parentNode.hidden = true;
  form.addEventListener("focusin", load);
  form.addEventListener("pointerover", load); // so that a list is filled before it opens
  form.addEventListener("input", find);
  form.addEventListener("reset", () => setTimeout(find));
  form.addEventListener("submit", (event) => event.preventDefault());
  place.replaceChildren(form, status, saving, hits);
})();
