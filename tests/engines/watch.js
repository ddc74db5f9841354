// Keeps what goes wrong on a page in window.heard. See webkit.mjs.
"use strict";
window.heard = [];
for (const kind of ["warn", "error", "assert"]) {
  const said = console[kind];
  console[kind] = (...words) => {
    if (kind !== "assert" || !words[0]) window.heard.push(`${kind}: ${words.join(" ")}`);
    said.apply(console, words);
  };
}
addEventListener("error", ({ message, target }) => {
  window.heard.push(message ? `uncaught: ${message}` : `not loaded: ${target.src ?? target.href}`);
}, true); // what does not load says so on its way down alone
addEventListener("unhandledrejection", ({ reason }) => window.heard.push(`uncaught: ${reason}`));
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  window.heard.push(`refused by ${violatedDirective}: ${blockedURI}`);
});
