// Firefox without a window, over WebDriver BiDi. Its console is heard whole, from before the first script of a page.
import puppeteer from "puppeteer-core";

export async function start(executablePath) {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
  const page = await browser.newPage(); // the page that Firefox begins with never has the focus
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
    problems: async () => problems,
    close: () => browser.close(),
  };
}
