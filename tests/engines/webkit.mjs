// WebKit as WebKitGTK's MiniBrowser, over WebDriver.
//
// WebDriver passes on nothing of the console, and WebKitGTK prints none of it while it is driven. So the pages are
// driven in a copy whose every page begins with one more script, watch.js: it hears what scripts say and throw, what
// does not load and what the page's policy refuses. What the browser itself remarks on in its console is missed.
import { Builder, Key } from "selenium-webdriver";

const KEYS = { ArrowDown: Key.ARROW_DOWN, ArrowRight: Key.ARROW_RIGHT, Enter: Key.ENTER };

export async function start(binary, server) {
  const options = { binary, args: ["--automation"] };
  const browser = await new Builder()
    .usingServer(server)
    .withCapabilities({ browserName: "MiniBrowser", "webkitgtk:browserOptions": options })
    .build();
  const version = (await browser.getCapabilities()).getBrowserVersion();
  await browser.manage().window().setRect({ x: 0, y: 0, width: 1300, height: 900 });
  return {
    name: "WebKit",
    version: `WebKitGTK ${version}`,
    open: (address) => browser.get(address),
    run: (code, ...words) => browser.executeScript(`return (${code})(...arguments)`, ...words),
    press: (key) => browser.actions().sendKeys(KEYS[key]).perform(),
    problems: () => browser.executeScript("return window.heard ?? ['watch.js did not run']"),
    close: () => browser.quit(),
  };
}
