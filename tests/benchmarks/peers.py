"""The other tools of the bench: an environment of their own, and a server for each on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser import driver

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parents[1] / ".venv-bench"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PACKAGES = ("altair>=6,<7", "marimo>=0.14,<1", "panel>=1.7,<2")
SERVERS = {
    "marimo": ["-m", "marimo", "run", "marimo_app.py", "--headless", "--no-token", "--port"],
    "panel": ["-m", "panel", "serve", "panel_app.py", "--port"],
}


def install() -> str:
    """Makes the environment once; returns what went wrong in one line, or nothing."""
    if (ENVIRONMENT / ".ready").exists():
        return ""
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    for command in ([sys.executable, "-m", "venv", ENVIRONMENT], pip):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return (done.stderr.strip() or done.stdout.strip()).splitlines()[-1]
    (ENVIRONMENT / ".ready").touch()
    return ""


def version(package: str) -> str:
    script = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([PYTHON, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def served(tool: str, log: Path) -> Iterator[str]:
    """The chart of the bench served by a tool; yields its address."""
    port = driver.free_port()
    address = f"http://127.0.0.1:{port}/" + ("panel_app" if tool == "panel" else "")
    with driver.server([PYTHON, *SERVERS[tool], str(port)], address, log, 90, cwd=HERE):
        yield address
