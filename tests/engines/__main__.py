"""`make engines`: the rendered pages, from disk, in the two engines that the other browser tests do not use.

Firefox and WebKit walk through all pages at once (walk.mjs): each page opens, each chart is drawn, each control moves
its chart by keyboard, and the console stays empty. A missing engine is skipped with a word, and under CI a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from helpers import data
from helpers.publish import notebooks
from helpers.publish.site import build
from tests.browser import driver
from tests.browser.chromium import install

HERE = Path(__file__).parent
SECONDS = 300  # for one engine, several times what it takes


def firefox() -> str | None:
    """The path of a Firefox on this machine, or None."""
    return os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")


def minibrowser() -> str | None:
    """The path of WebKitGTK's MiniBrowser where it can be driven on a screen of its own, or None."""
    found = sorted(Path("/usr").glob("lib*/**/webkit*gtk-*/MiniBrowser"))
    return str(found[0]) if found and shutil.which("WebKitWebDriver") and shutil.which("Xvfb") else None


def npm() -> str | None:
    """The path of npm, which comes with Node, or None."""
    return shutil.which("npm") if shutil.which("node") else None


NEEDED = {
    "Firefox": (firefox, ["firefox-esr"]),
    "WebKit": (minibrowser, ["webkit2gtk-driver", "xvfb"]),
    "Node": (npm, ["nodejs", "npm"]),
}


def install_drivers() -> None:
    """What drives the engines, as package-lock.json pins it."""
    done = HERE / "node_modules/.package-lock.json"
    if not done.exists() or done.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        print("Setting up what drives the engines in tests/engines/node_modules ...", flush=True)
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=HERE, check=True)
        done.touch()


@contextmanager
def webdriver(folder: Path) -> Iterator[str]:
    """WebKit's driver on a screen that nobody sees; yields its address."""
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as screen:
        try:
            display = f":{screen.stdout.readline().strip()}"
            environment = {**os.environ, "DISPLAY": display, "GDK_BACKEND": "x11", "HOME": str(folder)}
            port = driver.free_port()
            address = f"http://127.0.0.1:{port}"
            command = ["WebKitWebDriver", f"--port={port}"]
            with driver.server(command, f"{address}/status", folder / "webkit.txt", 20, env=environment):
                yield address
        finally:
            screen.terminate()


def watched(site: Path, copy: Path) -> Path:
    """A copy of the site whose pages begin with watch.js; webkit.mjs says why."""
    shutil.copytree(site, copy)
    shutil.copy(HERE / "watch.js", copy)
    for page in [*copy.glob("*.html"), *copy.glob("charts/*.html")]:
        html = page.read_text(encoding="utf-8")
        after = html.index(">", html.index("Content-Security-Policy")) + 1
        root = "../" * (page.parent != copy)
        page.write_text(f'{html[:after]}<script src="{root}watch.js"></script>{html[after:]}', encoding="utf-8")
    return copy


def main() -> int:
    """0 when no engine found a fault, or when its absence may be passed over (never under CI)."""
    for name, (find, packages) in NEEDED.items():
        if not find():
            install(name, packages)
    missing = [name for name, (find, _) in NEEDED.items() if not find()]
    skipped = ["Firefox", "WebKit"] if "Node" in missing else missing
    if missing:
        print(f"Not found: {', '.join(missing)}. So the pages are not tried in {' and '.join(skipped)}.")
    if len(skipped) == 2 or (missing and os.environ.get("CI")):
        return 1 if os.environ.get("CI") else 0
    install_drivers()
    with tempfile.TemporaryDirectory() as name, ExitStack() as open_:
        folder = Path(name)
        site = build.build(notebooks.FOLDER, data.DATA, folder / "a site")
        walks = {}
        if "Firefox" not in skipped:
            walks["Firefox"] = ["firefox", site, firefox()]
        if "WebKit" not in skipped:
            address = open_.enter_context(webdriver(folder))
            walks["WebKit"] = ["webkit", watched(site, folder / "a watched site"), minibrowser(), address]
        running = {name: subprocess.Popen(["node", HERE / "walk.mjs", *words]) for name, words in walks.items()}
        failed = False
        for name, walk in running.items():
            try:
                failed |= walk.wait(SECONDS) != 0
            except subprocess.TimeoutExpired:
                print(f"{name}: the walk should take a minute and was stopped after {SECONDS} s.")
                walk.terminate()
                failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
