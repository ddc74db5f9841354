// Firefox without a window, over WebDriver BiDi, which passes on what scripts say and throw. What does not load and what
// the page's policy refuses is heard by watch.js, which runs before the first script of each page.
import { readFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

export async function start(executablePath) {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
  const page = await browser.newPage(); // the page that Firefox begins with never has the focus
  await page.evaluateOnNewDocument(new Function(readFileSync(new URL("watch.js", import.meta.url), "utf8")));
  await page.setViewport({ width: 1300, height: 900 });
  let problems = [];
  page.on("console", (message) => {
    if (["warn", "error", "assert"].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error}`));
  page.on("requestfailed", (request) => problems.push(`not loaded: ${request.url()}`));
  page.on("request", (request) => {
    if (/^(https?|wss?):/.test(request.url())) problems.push(`asked of the network: ${request.url()}`);
  });
  return {
    name: "Firefox",
    version: await browser.version(),
    open: async (address) => {
      problems = [];
      await page.goto(address, { waitUntil: "load" });
    },
    run: (code, ...words) => page.evaluate(code, ...words),
    press: (key) => page.keyboard.press(key),
    problems: async () => {
      const heard = await page.evaluate(() => window.heard ?? ["watch.js did not run"]);
      return [...problems, ...heard.filter((text) => !/^(warn|error|assert|uncaught):/.test(text))];
    },
    close: () => browser.close(),
  };
}
