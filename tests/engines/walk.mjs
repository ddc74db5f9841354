// Every page of a site in one engine: it opens, its charts are drawn, its controls move them by keyboard, and nothing
// goes wrong meanwhile. `node walk.mjs firefox|webkit FOLDER BINARY [SERVER]`; the exit code is 1 where anything did.
// ONLY="02 04" in the environment: the pages whose names begin so.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [engine, folder, ...place] = process.argv.slice(2);
const SECONDS = 10; // to wait for anything
const MOST_STEPS = 40; // of a control until the chart must have changed
const EACH = 20; // of the pages of single charts, which are all made alike: one in so many is walked
const counts = { pages: 0, charts: 0, controls: 0 };
const wrong = [];

const { start } = await import(`./${engine}.mjs`);
const browser = await start(...place);

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// True as soon as a question to the page has a true answer, false if it has none in time.
async function comes(question, ...words) {
  for (const end = Date.now() + 1000 * SECONDS; Date.now() < end; await pause(25)) {
    if (await browser.run(question, ...words)) return true;
  }
  return false;
}

// ---- what is asked of the page: these functions run there --------------------------------------------------

const undrawn = () => [...document.querySelectorAll("figure.chart")]
  .filter((figure) => !figure.matches(".drawn") || !figure.querySelector("svg"))
  .map((figure) => figure.id);

const allDrawn = () => document.readyState === "complete" &&
  [...document.querySelectorAll("figure.chart")].every((figure) => figure.matches(".drawn"));

// The drawn charts of the page, each with its controls.
const listed = () => [...document.querySelectorAll("figure.chart.drawn")].map((figure) => {
  const controls = figure.querySelectorAll(".choices select, .choices input[type=range], .choices fieldset");
  const describe = (control) => ({
    label: (control.labels?.[0] ?? control.querySelector("legend")).textContent.trim(),
    key: control.type === "range" ? "ArrowRight" : "ArrowDown",
  });
  return { id: figure.id, controls: [...controls].map(describe) };
});

// Focuses a control and keeps in mind what the chart looks like.
const focus = (id, at) => {
  const figure = document.getElementById(id);
  const control = figure.querySelectorAll(".choices select, .choices input[type=range], .choices fieldset")[at];
  const field = control.querySelector("input:checked") ?? control;
  window.picture = () => figure.querySelector("svg").innerHTML; // without its description, which follows the choices
  window.before = window.picture();
  field.focus();
  return document.activeElement === field;
};

const focusReset = (id) => document.querySelector(`#${id} .reset`).focus();
const moved = () => window.picture() !== window.before;
const choicesInAddress = (id) => location.hash.startsWith(`#${id}?`);
// Back at the start Vega may fit the chart to its place a little differently: as much is drawn as before.
const asAtFirst = (id) => location.hash === `#${id}` &&
  Math.abs(window.picture().length / window.before.length - 1) < 0.1;
const address = () => location.hash || "no choice";

// ---- the walk -----------------------------------------------------------------------------------------------

// What is wrong with one control, or nothing.
async function faultOf(id, { label, key }, at) {
  if (label.length < 3) return "it has no name";
  if (!(await browser.run(focus, id, at))) return "it does not take the focus";
  await browser.press(key);
  if (!(await comes(choicesInAddress, id))) {
    return `after ${key} the address should begin with #${id}? and holds ${await browser.run(address)}`;
  }
  // Not every step changes what is drawn, but some must.
  let steps = 1;
  while (!(await browser.run(moved))) {
    if (steps++ === MOST_STEPS) return `after ${MOST_STEPS} times ${key} the chart should have changed and has not`;
    await browser.press(key);
    await pause(100);
  }
  await browser.run(focusReset, id);
  await browser.press("Enter");
  if (!(await comes(asAtFirst, id))) {
    return `after Enter on "Back to the start values" the address should be #${id} and the chart as at first; ` +
      `the address holds ${await browser.run(address)}`;
  }
}

async function visit(name) {
  const fault = (text) => wrong.push(`${browser.name}, ${name}${text}`);
  await browser.open(pathToFileURL(join(folder, name)).href);
  await comes(allDrawn);
  for (const id of await browser.run(undrawn)) fault(`, ${id}: the chart should be drawn and is not`);
  for (const { id, controls } of await browser.run(listed)) {
    counts.charts += 1;
    for (const [at, control] of controls.entries()) {
      counts.controls += 1;
      const text = await faultOf(id, control, at);
      if (text) fault(`, ${id}, "${control.label}": ${text}`);
    }
  }
  for (const text of await browser.problems()) fault(`: the console should be empty and says ${text}`);
  counts.pages += 1;
}

const began = Date.now();
const names = (process.env.ONLY ?? "").split(" ");
const pagesIn = (place) => readdirSync(join(folder, place)).filter((each) => each.endsWith(".html")).sort();
const framed = pagesIn("charts").filter((_, at) => at % EACH === 0).map((each) => `charts/${each}`);
for (const name of [...pagesIn("."), ...framed]) {
  if (!names.some((begins) => name.startsWith(begins))) continue;
  try {
    await visit(name);
  } catch (error) {
    wrong.push(`${browser.name}, ${name}: the walk should go on and stopped with ${error}`);
  }
}
await browser.close();
for (const text of wrong) console.log(text);
const seconds = Math.round((Date.now() - began) / 1000);
const { pages, charts, controls } = counts;
const walked = `${pages} pages, ${charts} charts, ${controls} controls`;
const end = wrong.length ? `faults: ${wrong.length}` : "no fault";
console.log(`${browser.name} (${browser.version}): ${walked}, ${end}, ${seconds} s`);
process.exitCode = wrong.length ? 1 : 0;
