"""A JupyterLab server and a Chromium without any outside network, for the browser tests."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine, or None."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@contextmanager
def page(width: int = 1300, height: int = 900, **context_options: Any) -> Iterator[Any]:
    """A page whose requests to anything but this machine are refused and kept in `page.refused`;
    console errors and uncaught exceptions are kept in `page.problems`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))
        context = browser.new_context(viewport={"width": width, "height": height}, **context_options)
        opened = context.new_page()
        opened.refused, opened.problems = [], []
        local = re.compile(r"^(https?://(127\.0\.0\.1|localhost)(:\d+)?/|file:|data:|blob:|about:)")

        def route(request: Any) -> None:
            if local.match(request.request.url):
                request.continue_()
            else:
                opened.refused.append(request.request.url)
                request.abort()

        context.route("**/*", route)
        opened.on("console", lambda message: message.type == "error" and opened.problems.append(message.text))
        opened.on("pageerror", lambda error: opened.problems.append(str(error)))
        try:
            yield opened
        finally:
            browser.close()


@contextmanager
def jupyterlab(folder: Path, state: Path) -> Iterator[str]:
    """A JupyterLab server on `folder`; yields its address. `state` takes its settings and workspaces."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(state / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(state / "workspaces"),
        "IPYTHONDIR": str(state / "ipython"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    state.mkdir(parents=True, exist_ok=True)
    with open(state / "log.txt", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 60
            while True:
                try:
                    urllib.request.urlopen(f"{address}/api/status", timeout=2).close()
                    break
                except (urllib.error.URLError, OSError):
                    if server.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"JupyterLab did not start: {(state / 'log.txt').read_text()}") from None
                    time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait(20)
