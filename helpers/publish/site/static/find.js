// The search on the page of notebook 11, by the rules of helpers/find.py. Its rows come as a script of their own, since
// a page opened from disk may fetch nothing else, and only when the reader turns to the field. Loaded after site.js.
"use strict";
(() => {
  const SHOWN = 50;
  const FORGIVING = 5; // letters from which one of a word may be wrong
  const TOKEN = /[0-9]+(?:\.[0-9]+)+|[\p{L}\p{N}]+/gu;
  const place = document.querySelector("article .find");
  if (!place) return;
  let index; // what came: rows, their words, how often each word is there
  let loading;

  const wordsOf = (text) =>
    text.toLowerCase().normalize("NFKD").replace(/\p{Mn}|['’]/gu, "").replace(/([0-9]),(?=[0-9]{3})/g, "$1").match(TOKEN) ?? [];

  window.findIndex = ({ sources, ...packed }) => {
    const rows = unpack(packed);
    const counts = new Map();
    const field = (row, names) => {
      const words = wordsOf(names.map((name) => row[name]).join(" "));
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
      return ` ${words.join(" ")} `;
    };
    for (const row of rows) {
      row.main = field(row, ["what", "whom"]);
      row.rest = field(row, ["when", "how_much", "theme", "publisher", "note", "names"]);
    }
    const used = ([one, often], [other, less]) => less - often || (one < other ? -1 : 1);
    index = { rows, sources, vocabulary: [...counts].sort(used).map(([word]) => word) };
    for (const [select, column] of [[theme, "theme"], [publisher, "publisher"]]) {
      const names = [...new Set(rows.map((row) => row[column]))];
      if (column === "publisher") names.sort((one, other) => one.localeCompare(other, "en"));
      select.append(...names.map((name) => element("option", { value: name }, name)));
    }
    find();
  };

  // ---- searching ------------------------------------------------------------------------------------------

  // 4 in what or whom, 3 beginning a word there, 2 and 1 elsewhere, 0 nowhere.
  function score({ main, rest }, word) {
    const begins = word.length > 1 && !/^[0-9]/.test(word);
    if (main.includes(` ${word} `)) return 4;
    if (begins && main.includes(` ${word}`)) return 3;
    if (rest.includes(` ${word} `)) return 2;
    return begins && rest.includes(` ${word}`) ? 1 : 0;
  }

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

  function read(word) {
    if (index.rows.some((row) => score(row, word))) return [word];
    if (word.length < FORGIVING || /[0-9]/.test(word)) return [];
    return index.vocabulary.filter((each) => Math.abs(each.length - word.length) < 2 && distance(word, each) === 1);
  }

  function nearest(word) {
    let limit = Math.max(1, Math.floor(word.length / 3)) + 1;
    let near = "";
    for (const each of index.vocabulary) {
      if (Math.abs(each.length - word.length) >= limit || /^[0-9]/.test(each)) continue;
      const away = distance(word, each);
      if (away < limit) [limit, near] = [away, each];
    }
    return near;
  }

  function search(readings, choices = {}) {
    const found = [];
    index.rows.forEach((row) => {
      if ((choices.theme && row.theme !== choices.theme) || (choices.publisher && row.publisher !== choices.publisher)) return;
      const scores = readings.map((words) => Math.max(0, ...words.map((word) => score(row, word))));
      if (scores.every(Boolean)) found.push([row, scores.reduce((sum, each) => sum + each, 0)]);
    });
    return found.sort(([, one], [, other]) => other - one).map(([row]) => row);
  }

  const number = (count) => count.toLocaleString("en-GB");

  function sentence(words, readings, found) {
    const told = words.flatMap((word, at) => {
      const near = readings[at];
      return near.length && near[0] !== word ? [`'${word}' was read as ${near.map((each) => `'${each}'`).join(" or ")}.`] : [];
    });
    for (const word of words.filter((_, at) => !readings[at].length)) {
      const near = nearest(word);
      told.push(`No row has '${word}'${near ? `; the nearest word is '${near}'.` : " or a word near it."}`);
    }
    if (found.length) {
      const rows = `${number(found.length)} row${found.length > 1 ? "s" : ""}`;
      return [found.length > SHOWN ? `${rows}; the first ${SHOWN} are shown.` : `${rows}.`, ...told].join(" ");
    }
    if (readings.some((each) => !each.length)) return told.join(" ");
    const counts = words.map((word, at) => `'${word}' is in ${number(search([readings[at]]).length)}`);
    return words.length
      ? ["No row has all of this under these choices.", ...told, `Of all rows ${counts.join(", ")}.`].join(" ")
      : "No row is left under these choices.";
  }

  // ---- the page -------------------------------------------------------------------------------------------

  function hit(row) {
    const [href, title] = index.sources[row.source_id];
    const whose = row.whom && !row.what.includes(row.whom) ? `${row.whom}: ` : "";
    return element("li", {},
      element("p", {}, element("strong", {}, whose + row.what)),
      element("p", {}, `${row.how_much} · ${row.when}`),
      ...(row.note ? [element("p", { class: "from" }, row.note)] : []),
      element("p", { class: "from" }, "Source: ", element("a", { href }, title), `, ${row.publisher}`),
    );
  }

  function find() {
    if (!index) return;
    const words = [...new Set(wordsOf(text.value))];
    const choices = { theme: theme.value, publisher: publisher.value };
    const asked = words.length || choices.theme || choices.publisher;
    const readings = asked ? words.map(read) : [];
    const found = asked ? search(readings, choices) : [];
    status.textContent = asked ? sentence(words, readings, found) : `${number(index.rows.length)} rows can be searched.`;
    hits.replaceChildren(...found.slice(0, SHOWN).map(hit));
  }

  function load() {
    loading ??= document.head.appendChild(element("script", { src: "find-index.js" }));
  }

  const labelled = (id, label, input) => element("div", { class: "choice" }, element("label", { for: id }, label), input);
  const text = element("input", { type: "search", id: "find-text", autocomplete: "off", spellcheck: "false", placeholder: "such as: essex unpaid work" });
  const theme = element("select", { id: "find-theme" }, element("option", { value: "" }, "All themes"));
  const publisher = element("select", { id: "find-publisher" }, element("option", { value: "" }, "All publishers"));
  const status = element("p", { role: "status", class: "found" });
  const hits = element("ol", { class: "hits", "aria-label": "What was found" });
  const form = element("form", { class: "choices", role: "search", "aria-label": "Search every figure" },
    labelled("find-text", "Search", text), labelled("find-theme", "Theme", theme), labelled("find-publisher", "Publisher", publisher));
  form.addEventListener("focusin", load);
  form.addEventListener("pointerover", load); // so that a list is filled before it opens
  form.addEventListener("input", find);
  form.addEventListener("submit", (event) => event.preventDefault());
  place.replaceChildren(form, status, hits);
})();
