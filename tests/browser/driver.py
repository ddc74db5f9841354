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
from collections.abc import Iterator, Sequence
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
    errors and warnings on the console and uncaught exceptions are kept in `page.problems`."""
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
        noise = ("error", "warning")
        opened.on("console", lambda message: message.type in noise and opened.problems.append(message.text))
        opened.on("pageerror", lambda error: opened.problems.append(str(error)))
        try:
            yield opened
        finally:
            browser.close()


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def server(command: Sequence[str | Path], address: str, log: Path, seconds: float, **options: Any) -> Iterator[None]:
    """A server that answers at `address`; `log` takes its output, `options` go to subprocess.Popen.

    Raises RuntimeError with the end of the log where it stops or does not answer within so many seconds.
    """
    with open(log, "w") as output:
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
        try:
            deadline = time.monotonic() + seconds
            while True:
                try:
                    urllib.request.urlopen(address, timeout=5).close()
                    break
                except (urllib.error.URLError, OSError):
                    if running.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"{address} does not answer: {log.read_text()[-2000:]}") from None
                    time.sleep(0.2)
            yield
        finally:
            running.terminate()
            running.wait(20)


@contextmanager
def jupyterlab(folder: Path, state: Path) -> Iterator[str]:
    """A JupyterLab server on `folder`; yields its address. `state` takes its settings and workspaces."""
    port = free_port()
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
    address = f"http://127.0.0.1:{port}"
    with server(command, f"{address}/api/status", state / "log.txt", 60, env=environment):
        yield address
