// Tells how long a chart takes from a key press to its last repaint: the same measure for every tool and every page.
// Looks at every frame, so that shadow roots and charts that are replaced count like any other.
() => {
  const QUIET = 200; // milliseconds without another change before a chart counts as painted
  const shown = (root) => {
    const found = root.querySelector("svg.marks, canvas.marks");
    if (found) return found;
    for (const element of root.querySelectorAll("*")) {
      const inside = element.shadowRoot && shown(element.shadowRoot);
      if (inside) return inside;
    }
    return null;
  };
  const bench = { root: document, last: null };
  bench.picture = () => {
    if (!bench.last?.isConnected) bench.last = shown(bench.root);
    if (!bench.last) return null;
    if (bench.last.tagName === "CANVAS") return bench.last.toDataURL();
    return bench.last.querySelector("text, path") ? bench.last.outerHTML : null; // an empty one is not painted yet
  };
  bench.arm = (root, patience) => {
    bench.root = root;
    bench.last = null;
    let seen = bench.picture();
    bench.result = new Promise((done) => {
      const pressed = (event) => {
        const start = event.timeStamp;
        let painted = null, changed = null;
        const frame = (now) => {
          const picture = bench.picture();
          if (picture !== null && picture !== seen) {
            seen = picture;
            changed = now;
            const after = new MessageChannel(); // its message comes after the frame was painted
            after.port1.onmessage = () => { painted = performance.now(); };
            after.port2.postMessage(null);
          }
          if (changed !== null && now - changed > QUIET) done(painted - start);
          else if (now - start > patience) done(null);
          else requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      };
      document.addEventListener("keydown", pressed, { capture: true, once: true });
    });
    return seen !== null;
  };
  window.bench = bench;
}
