"""Finds a Chromium for the browser tests, installs Debian's where that is possible, or says what is skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.browser.driver import chromium


def install(name: str, packages: list[str]) -> None:
    """Debian's packages for what was not found, where this machine has them and lets us."""
    if not shutil.which("apt-get") or not hasattr(os, "geteuid"):
        return
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"] if shutil.which("sudo") else None
    if prefix is not None:
        print(f"No {name} found: installing Debian's ...", flush=True)
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *packages]):
            subprocess.run([*prefix, *command], stdout=subprocess.DEVNULL, check=False)


def main() -> int:
    """0 when there is a Chromium, or when its absence may be passed over (never under CI)."""
    if chromium():
        return 0
    install("Chromium", ["chromium"])
    if chromium():
        return 0
    print(
        "No Chromium or Chrome was found, so the browser tests (tests/browser) are skipped: JupyterLab before and "
        "after running, and the pages from disk. Install one, or name it: make test CHROMIUM=/path/to/chrome"
    )
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
