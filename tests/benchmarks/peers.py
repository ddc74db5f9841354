"""The other tools of the bench: an environment of their own, and a server for each on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(log, "w") as output:
        server = subprocess.Popen(
            [PYTHON, *SERVERS[tool], str(port)], cwd=HERE, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            address = f"http://127.0.0.1:{port}/" + ("panel_app" if tool == "panel" else "")
            deadline = time.monotonic() + 90
            while True:
                try:
                    urllib.request.urlopen(address, timeout=5).close()
                    break
                except (urllib.error.URLError, OSError):
                    if server.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"{tool} did not start: {log.read_text()[-500:]}") from None
                    time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait(20)
