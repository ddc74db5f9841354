"""`make lab`: JupyterLab on the first notebook; prints the address where there is no browser."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = "notebooks/00_start_here.ipynb"


def command(has_browser: bool) -> list[str]:
    """The command line that starts JupyterLab on the first notebook."""
    options = [] if has_browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        *options,
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]


def has_browser() -> bool:
    """Whether this machine can open a page for the reader."""
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main() -> None:
    """Hands over to JupyterLab."""
    browser = has_browser()
    if not browser:
        print("No browser was found: open the address below that ends in a token. Ctrl+C stops JupyterLab.")
    arguments = command(browser)
    if os.name == "nt":  # there a process that hands over gives the prompt back while JupyterLab still writes to it
        sys.exit(subprocess.call(arguments))
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    main()
